//go:build unix

package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keep keeps a shell command, in a folder of its own.
func keep(t *testing.T, command string, o KeeperOptions) (k *Keeper, states chan State, dir string) {
	t.Helper()
	dir, states = t.TempDir(), make(chan State, 1000)
	o.Name, o.Spec, o.Changed = "the program", Spec{Args: Shell(command), Dir: dir}, func(s State) { states <- s }
	k = Keep(o)
	t.Cleanup(func() { _ = k.Close() })
	return k, states, dir
}

// until waits for a state, which the Keeper tells.
func until(t *testing.T, states <-chan State, what string, ok func(State) bool) State {
	t.Helper()
	deadline := time.After(patience)
	var last State
	for {
		select {
		case last = <-states:
			if ok(last) {
				return last
			}
		case <-deadline:
			t.Fatalf("%s: not within %s; at last %+v", what, patience, last)
		}
	}
}

func phase(p Phase, starts int) func(State) bool {
	return func(s State) bool { return s.Phase == p && s.Starts == starts }
}

func said(s State) string {
	var all []string
	for _, h := range s.Log {
		all = append(all, h.Text)
	}
	return strings.Join(all, "\n")
}

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func TestKeeperKillsAndStarts(t *testing.T) {
	k, states, _ := keep(t, `exec sleep 1000`, KeeperOptions{Grace: patience})
	first := until(t, states, "its start", phase(Running, 1))
	if err := k.Kill(0); err != nil {
		t.Fatal(err)
	}
	second := until(t, states, "its second start", phase(Running, 2))
	if !gone(first.PID) || second.PID == first.PID || second.Kills != 1 || second.Crashes != 0 {
		t.Errorf("it was process %d, and is %+v", first.PID, second)
	}
	if err := k.Stop(Never); err != nil {
		t.Fatal(err)
	}
	down := until(t, states, "its end", phase(Down, 2))
	if !gone(second.PID) || down.PID != 0 || !strings.Contains(said(down), "the program is down until somebody starts it") {
		t.Errorf("it was process %d, and is %+v", second.PID, down)
	}
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	third := until(t, states, "its third start", phase(Running, 3))

	// It comes back after a while, sooner if somebody starts it, and never after all.
	if err := k.Kill(time.Hour); err != nil {
		t.Fatal(err)
	}
	if s := until(t, states, "the wait", phase(Waiting, 3)); time.Until(s.Until) < time.Minute {
		t.Errorf("it waits until %s", s.Until)
	}
	if err := k.Kill(Never); err != nil {
		t.Fatal(err)
	}
	until(t, states, "that it stays down", phase(Down, 3))
	if err := errors.Join(k.Start(), k.Start()); err != nil {
		t.Fatal(err)
	}
	fourth := until(t, states, "its fourth start", phase(Running, 4))
	if err := k.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if !gone(third.PID) || !gone(fourth.PID) || k.Start() != ErrClosed {
		t.Error("something is left after Close")
	}
}

// A stop that is not heard becomes a kill by a second click.
func TestKeeperKillsWhatStops(t *testing.T) {
	k, states, dir := keep(t, `trap "" TERM; echo up > up; while :; do sleep 0.05; done`, KeeperOptions{Grace: time.Hour})
	poll(t, "its trap", func() bool { _, err := os.Stat(filepath.Join(dir, "up")); return err == nil })
	if err := k.Stop(Never); err != nil {
		t.Fatal(err)
	}
	until(t, states, "that it was asked", phase(Stopping, 1))
	if err := k.Kill(Never); err != nil {
		t.Fatal(err)
	}
	until(t, states, "its end", phase(Down, 1))
}

func TestKeeperStartsAgainAfterACrash(t *testing.T) {
	k, states, dir := keep(t, `echo x >> starts; [ $(wc -l < starts) -ge 3 ] && exec sleep 1000; exit 3`, KeeperOptions{Grace: patience})
	s := until(t, states, "its third start", phase(Running, 3))
	if s.Crashes != 2 || strings.Count(said(s), "ended by itself: exit status 3") != 2 || !strings.Contains(said(s), "starts again in 1s") {
		t.Errorf("%+v", s)
	}
	poll(t, "what the third one writes", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "starts"))
		return err == nil && len(b) == 6
	})
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

func TestKeeperGivesUp(t *testing.T) {
	wrong := errors.New("wrong set-up")
	k, _, _ := keep(t, `exit 2`, KeeperOptions{Quit: func(err error) error {
		if exitCode(err) == 2 {
			return wrong
		}
		return nil
	}})
	if err := k.Err(); err != wrong {
		t.Errorf("it ended with %v", err)
	}
	if k.Kill(0) != ErrClosed {
		t.Error("what has ended can be killed")
	}
}

func TestKeeperOfNothing(t *testing.T) {
	states := make(chan State, 100)
	k := Keep(KeeperOptions{Name: "it", Spec: Spec{Args: []string{"/nowhere/at/all"}}, Changed: func(s State) { states <- s }})
	s := until(t, states, "the wait", func(s State) bool { return s.Phase == Waiting })
	if s.Crashes != 1 || s.PID != 0 || !strings.Contains(said(s), "no such file") {
		t.Errorf("%+v", s)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// TestNoOrphan runs this test binary as a parent that is killed.
func TestNoOrphan(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a program that its parent died")
	}
	if dir := os.Getenv("PROCESS_TEST_PARENT"); dir != "" {
		p, err := Start(Spec{Args: Shell(`exec sleep 1000`)})
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "pid")
		if err := os.WriteFile(name+".tmp", []byte(strconv.Itoa(p.PID())), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".tmp", name); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	dir := t.TempDir()
	parent := exec.Command(os.Args[0], "-test.run=^TestNoOrphan$")
	parent.Env = append(os.Environ(), "PROCESS_TEST_PARENT="+dir)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	poll(t, "the child", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(string(b))
		return err == nil
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	poll(t, "the end of the orphan", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}
