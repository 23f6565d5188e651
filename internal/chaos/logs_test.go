package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two replicas: a turn that goes on after a restart, one that another takes over,
// one that had ended, and one that waited for its time; and a panic.
func TestReadLogs(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	line := func(ms int, msg, turn string) string {
		return fmt.Sprintf(`{"time":%q,"level":"INFO","msg":%q,"turn":%q,"lane":"lane of %s"}`, at(ms).Format(time.RFC3339Nano), msg, turn, turn)
	}
	dir := t.TempDir()
	live := func(name string, replica, began, ended int, lines ...string) *life {
		l := &life{Replica: replica, Log: filepath.Join(dir, name), Started: at(began), Ended: at(ended)}
		if err := os.WriteFile(l.Log, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		return l
	}
	failed := strings.Replace(line(60, "lane failed; will run again", "D"), `"turn":"D",`, "", 1)
	got, err := readLogs([]*life{
		live("a1", 0, 0, 100, line(10, "turn begins", "A"), line(20, "turn begins", "B"), line(30, "turn begins", "C"), line(40, "turn ends", "C"),
			line(50, "turn begins", "D"), failed, `{"time":"2026-01-0`),
		live("a2", 0, 200, 900, line(250, "turn begins", "A"), line(300, "turn begins", "C"), line(310, "turn begins", "D")),
		live("b1", 1, 0, 900, line(400, "turn begins", "B"), "panic: oh", "", "goroutine 1 [running]:"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.resumes) != 1 || got.resumes[0] != 50 || len(got.takeover) != 1 || got.takeover[0] != 300 {
		t.Errorf("resumes %v, takeovers %v; want 50 and 300", got.resumes, got.takeover)
	}
	if len(got.panics) != 1 || !strings.Contains(got.panics[0].What, "panic: oh: see b1") {
		t.Errorf("panics %v", got.panics)
	}
}

func TestGauges(t *testing.T) {
	got := read("# HELP go_goroutines Number\n# TYPE go_goroutines gauge\ngo_goroutines 31\nprocess_open_fds 1.8e+01\nprocess_open_fds_of_others 7\n")
	if len(got) != 2 || got["go_goroutines"] != 31 || got["process_open_fds"] != 18 {
		t.Errorf("read %v", got)
	}
}
