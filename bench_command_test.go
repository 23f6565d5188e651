//go:build unix

package holdfast_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchCommand is holdfast bench with a folder of its own for what it leaves.
func benchCommand(t *testing.T, args ...string) (c *exec.Cmd, temp string, out, errs *bytes.Buffer) {
	t.Helper()
	temp, out, errs = t.TempDir(), &bytes.Buffer{}, &bytes.Buffer{}
	c = exec.Command(binary, append([]string{"bench"}, args...)...)
	c.Dir = t.TempDir()
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + temp, "DATABASE_URL=sqlite:/nowhere/that/counts.db"}
	c.Stdout, c.Stderr = out, errs
	return c, temp, out, errs
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}

// run runs a command that is to end by itself.
func run(t *testing.T, c *exec.Cmd) (code int) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer late.Stop()
	_ = c.Wait() // the code tells
	return c.ProcessState.ExitCode()
}

// TestBench measures the assistant: five messages, of which one hangs.
func TestBench(t *testing.T) {
	c, temp, out, errs := benchCommand(t, "--messages", "5", "--threads", "5", "--people", "3", "--rate", "0", "--hung", "0.2",
		"--model-ttft", "0", "--model-tps", "0", "--warmup", "1", "--json", "-")
	if code := run(t, c); code != 0 {
		t.Fatalf("code %d: %s%s", code, errs, out)
	}
	type spread struct {
		Count    int
		P50, Max float64
	}
	var report struct {
		Machine struct{ Cores int }
		Options struct {
			Hung      float64
			ModelTTFT string `json:"model_ttft"`
		}
		Runs []struct {
			Messages, Answered, Merged, Doubled, Failed, Unanswered, Hung int

			Ack   spread             `json:"ack_ms"`
			Sign  spread             `json:"sign_ms"`
			First spread             `json:"first_text_ms"`
			Final spread             `json:"final_text_ms"`
			Calls map[string]float64 `json:"calls_per_message"`
			Model float64            `json:"model_calls_per_message"`

			Idle       int `json:"idle_goroutines"`
			Goroutines int
			Files      int `json:"open_files"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if report.Machine.Cores < 1 || report.Options.Hung != 0.2 || report.Options.ModelTTFT != "0s" || len(report.Runs) != 1 {
		t.Fatalf("the report is\n%s", out)
	}
	r := report.Runs[0]
	if r.Messages != 4 || r.Answered != 4 || r.Hung != 1 || r.Merged+r.Doubled+r.Failed+r.Unanswered != 0 {
		t.Errorf("%+v", r)
	}
	if r.Ack.Count < 5 || r.Sign.Count != 4 || r.First.Count != 4 || r.Final.Count != 4 || r.Final.P50 < r.First.P50 || r.First.Max <= 0 {
		t.Errorf("times %+v %+v %+v %+v", r.Ack, r.Sign, r.First, r.Final)
	}
	if r.Model != 1 || len(r.Calls) == 0 {
		t.Errorf("%v model calls and %v calls a message", r.Model, r.Calls)
	}
	if r.Idle < 5 || r.Goroutines < 5 || runtime.GOOS == "linux" && r.Files < 5 {
		t.Errorf("it had %d goroutines, then %d and %d open files", r.Idle, r.Goroutines, r.Files)
	}
	empty(t, temp)
}

// TestBenchBaseline measures the plain bot beside the assistant, each without and
// with a call that hangs: a second message in a busy thread is refused there, and
// a worker that hangs is missing.
func TestBenchBaseline(t *testing.T) {
	c, temp, out, errs := benchCommand(t, "--baseline", "workers=5,timeout=10m", "--messages", "4", "--threads", "2", "--people", "2", "--rate", "0",
		"--hung-calls", "2", "--compare-hung", "--slack-rate", "1000", "--model-ttft", "500ms", "--model-tps", "0", "--warmup", "0", "--json", "-")
	if code := run(t, c); code != 1 || !strings.Contains(errs.String(), "not every message got exactly one answer") {
		t.Fatalf("code %d: %s%s", code, errs, out)
	}
	var report struct {
		Runs []struct {
			Bot                              string
			Messages, Answered, Failed, Hung int
			Refused                          int     `json:"turned_away"`
			Signs                            int     `json:"hung_signs"`
			Model                            float64 `json:"model_calls_per_message"`
			AtOnce                           int     `json:"model_calls_at_once"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	var names []string
	for n, r := range report.Runs {
		names = append(names, r.Bot)
		hung := n % 2 * 2
		if r.Messages != 4 || r.Failed != 0 || r.Hung != hung || r.Signs != hung {
			t.Errorf("%+v", r)
		}
		switch plain := n >= 2; {
		case !plain && (r.Answered != 4 || r.Refused != 0):
			t.Errorf("the assistant: %+v", r)
		case plain && (r.Answered != 2 || r.Refused != 2 || r.Model != 0.5 || r.AtOnce != 2+hung):
			t.Errorf("the plain bot: %+v", r)
		}
	}
	if got := strings.Join(names, "; "); got != "holdfast; holdfast, 2 hung; baseline; baseline, 2 hung" {
		t.Errorf("runs of %s", got)
	}
	empty(t, temp)
}

// A bot that does not answer is found out.
func TestBenchOfBotsThatFail(t *testing.T) {
	for name, tt := range map[string]struct {
		bot  string
		args []string
		code int
		want []string
	}{
		"one that ends":            {"echo it is raining; exit 7", nil, 1, []string{"bot: the bot has ended", "it is raining"}},
		"one with no measure":      {"", []string{"--threads", "0", "--hung", "2"}, 2, []string{"--threads: 0", "--hung: 2"}},
		"one of no shape":          {"", []string{"--baseline", "workers=0"}, 2, []string{"--baseline: workers=0: want 1 to 10000"}},
		"one with an unknown flag": {"", []string{"--colour"}, 2, []string{"holdfast bench --help"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, temp, out, errs := benchCommand(t, append(tt.args, "--bot", tt.bot)...)
			if code := run(t, c); code != tt.code || out.Len() > 0 {
				t.Errorf("code %d, want %d: %s", code, tt.code, out)
			}
			for _, want := range tt.want {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("%q is not in:\n%s", want, errs)
				}
			}
			empty(t, temp)
		})
	}
}

// Ctrl-C ends the bench and its bot, and leaves nothing.
func TestBenchStopped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	c, temp, out, errs := benchCommand(t, "--bot", "trap '' INT; sleep 1000 & echo $! > "+file+".tmp; mv "+file+".tmp "+file+"; wait")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // the code tells
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill() // an error means that it has ended
		<-ended
	})
	eventually(t, "the bot", func() bool { _, err := os.Stat(file); return err == nil })
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("it does not stop")
	}
	if code := c.ProcessState.ExitCode(); code != 1 || !strings.Contains(errs.String(), "stopped before the end") || out.Len() > 0 {
		t.Errorf("code %d: %s%s", code, errs, out)
	}
	pid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the bot", func() bool { return !alive(t, string(pid)) })
	empty(t, temp)
}
