package holdfast_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// footprint is what the process holds.
type footprint struct{ goroutines, descriptors, connections int }

func (f footprint) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d connections", f.goroutines, f.descriptors, f.connections)
}

// measured is the footprint of the oldest replica. Descriptors and connections are
// counted where Linux shows them.
func (w *world) measured(ts *testscript.TestScript) (f footprint) {
	_, page := w.admin(ts, "/metrics")
	for line := range strings.Lines(page) {
		if value, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			ts.Check(err)
			f.goroutines = n
		}
	}
	if f.goroutines == 0 {
		ts.Fatalf("the admin page does not tell the number of goroutines: %.200s", page)
	}
	if runtime.GOOS != "linux" {
		return f
	}
	dir := fmt.Sprintf("/proc/%d/fd", w.replicas[0].Process.Pid)
	list, err := os.ReadDir(dir)
	ts.Check(err)
	f.descriptors = len(list)
	for _, e := range list {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			f.connections++
		}
	}
	return f
}

// steps [-back]: notes what the process holds, or waits until it holds no more than
// that, and 5 of each, again.
func steps(ts *testscript.TestScript, w *world, args []string) {
	now := w.measured(ts)
	if len(args) == 0 || args[0] != "-back" {
		w.held = now
		ts.Logf("%v", now)
		return
	}
	most := footprint{w.held.goroutines + 5, w.held.descriptors + 5, w.held.connections + 5}
	w.poll(ts, func() string { return fmt.Sprintf("the process holds %v; it held %v", now, w.held) }, func() bool {
		now = w.measured(ts)
		return now.goroutines <= most.goroutines && now.descriptors <= most.descriptors && now.connections <= most.connections
	})
	ts.Logf("%v", now)
}
