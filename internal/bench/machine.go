package bench

import (
	"os"
	"runtime"
	"strings"
)

// Machine is where and with what a report was made.
type Machine struct {
	Cores   int    `json:"cores"`
	CPU     string `json:"cpu,omitempty"`
	OS      string `json:"os"`
	Go      string `json:"go"`
	Version string `json:"version"` // of this binary
	Load    string `json:"load,omitempty"`
}

// machine looks around. What Linux alone tells is left out elsewhere.
func machine(version string) Machine {
	m := Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Version: version}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(b), " ")
	}
	return m
}
