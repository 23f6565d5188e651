package holdfast_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestChaos is a short run on each store, with a seed that has faults of most
// kinds. `make chaos` is for longer ones.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, args := range []string{
		"--store sqlite --seed 3 --turns 200 --rate 15 --faults 150",
		"--store postgres --seed 6 --turns 200 --rate 15 --faults 150",
	} {
		t.Run(strings.Fields(args)[1], func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command(binary, strings.Fields("chaos --shrink-time 0 "+args)...).CombinedOutput()
			if strings.Contains(string(out), "no PostgreSQL server") && os.Getenv("CI") == "" {
				t.Skipf("%s", out)
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

func TestChaosUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--store mysql":        "want sqlite or postgres",
		"--replicas 2":         "SQLite is for one process",
		"--schedule /nowhere":  "read the schedule",
		"--turns many":         "holdfast chaos --help",
		"--store postgres x y": "unknown command",
	} {
		c := exec.Command(binary, append([]string{"chaos"}, strings.Fields(args)...)...)
		out, _ := c.CombinedOutput() // the code tells
		if code := c.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), want) {
			t.Errorf("chaos %s: code %d, %s; want 2 and %q", args, code, out, want)
		}
	}
}
