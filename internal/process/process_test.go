//go:build unix

package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

func start(t *testing.T, command string, env ...string) (*Process, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer // to be read when the process has ended
	p, err := Start(Spec{Args: Shell(command), Env: env, Dir: t.TempDir(), Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(0) })
	return p, &out
}

func TestRunsToItsEnd(t *testing.T) {
	t.Setenv("COLOUR", "grey")
	p, out := start(t, `echo $COLOUR; echo $SHAPE >&2; exit 3`, "COLOUR=green", "SHAPE=round")
	if code := exitCode(p.Err()); code != 3 {
		t.Errorf("code %d, want 3", code)
	}
	if got := out.String(); got != "green\nround\n" {
		t.Errorf("it said %q", got)
	}
	if err := p.Stop(time.Second); err != nil {
		t.Errorf("stop of what has ended: %v", err)
	}
}

func exitCode(err error) int {
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode()
	}
	return 0
}

func TestNothingToStart(t *testing.T) {
	if _, err := Start(Spec{}); err == nil {
		t.Error("no error for an empty command")
	}
	if _, err := Start(Spec{Args: []string{"/nowhere/at/all"}}); err == nil {
		t.Error("no error for a program that is not there")
	}
}

// What the program started ends with it, also where it does not listen.
func TestStopEndsTheGroup(t *testing.T) {
	for name, command := range map[string]string{
		"one that listens":         `(echo up > up; exec sleep 1000) & wait`,
		"one that does not listen": `trap "" TERM; (echo up > up; sleep 1000; sleep 1000) & wait; wait; sleep 1000`,
		"one that leaves a child":  `(trap "" TERM; echo up > up; sleep 1000; sleep 1000) & while [ ! -e up ]; do sleep 0.01; done`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p, err := Start(Spec{Args: Shell(command), Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			poll(t, "its child", func() bool { _, err := os.Stat(filepath.Join(dir, "up")); return err == nil })
			err = p.Stop(200 * time.Millisecond)
			if killed := err != nil; killed != strings.Contains(name, "not listen") {
				t.Errorf("stop: %v", err)
			}
			poll(t, "the end of the group", func() bool { return syscall.Kill(-p.PID(), 0) == syscall.ESRCH })
		})
	}
}

func TestUsage(t *testing.T) {
	p, _ := start(t, `i=0; while :; do i=$((i+1)); done`)
	if _, ok := p.Usage(); !ok {
		t.Skip("the system does not tell")
	}
	poll(t, "some CPU time", func() bool { u, ok := p.Usage(); return ok && u.CPU >= 50*time.Millisecond })
	u, _ := p.Usage()
	if u.RSS < 100<<10 || u.PeakRSS < u.RSS || u.Threads < 1 {
		t.Errorf("usage %+v", u)
	}
	if own, ok := Self(); !ok || own <= 0 {
		t.Errorf("our own CPU time: %s, %v", own, ok)
	}
	_ = p.Stop(time.Second)
	if u, ok := p.Usage(); ok {
		t.Errorf("usage of what has ended: %+v", u)
	}
}

func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
