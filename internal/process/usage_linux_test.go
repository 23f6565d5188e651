package process

import (
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	line := "42 (a (b) c) S 1 7 7 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 11 0 55 66 77"
	group, cpu, threads, err := parseStat([]byte(line))
	if err != nil || group != 7 || cpu != 127*10*time.Millisecond || threads != 11 {
		t.Errorf("group %d, CPU %s, %d threads, %v", group, cpu, threads, err)
	}
	for _, bad := range []string{"", "42 (a", "42 (a) S 1", "42 (a) S 1 x 7 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 11 0 55"} {
		if _, _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a stat line", bad)
		}
	}
}

func TestParseKiB(t *testing.T) {
	status := []byte("Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\tmany kB\n")
	if n := parseKiB(status, "VmHWM:"); n != 1234<<10 {
		t.Errorf("VmHWM is %d", n)
	}
	if n := parseKiB(status, "VmRSS:") + parseKiB(status, "VmSwap:"); n != 0 {
		t.Errorf("lines that are not there: %d", n)
	}
}
