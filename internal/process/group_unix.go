//go:build unix

package process

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Shell is the command line as the user's shell runs it.
func Shell(command string) []string { return []string{"/bin/sh", "-c", command} }

func own(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	bound(c.SysProcAttr)
}

// The group may be gone by itself, so errors of kill say nothing.

func ask(c *exec.Cmd)  { _ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
func kill(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

// sweep ends what the program left behind in its group.
func sweep(c *exec.Cmd) { kill(c) }

// Self is the CPU time of our own process; false if the system does not tell.
func Self() (time.Duration, bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}

// Pause stops the program where it is, with all that it started, until Resume:
// what a machine that is overloaded, or a debugger, does to it.
func (p *Process) Pause() error { return p.signal(syscall.SIGSTOP) }

// Resume lets a paused program go on.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) error {
	if err := syscall.Kill(-p.PID(), s); err != nil {
		return fmt.Errorf("signal process %d: %w", p.PID(), err)
	}
	return nil
}
