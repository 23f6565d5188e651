//go:build windows

package process

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// Shell is the command line as the system's shell runs it.
func Shell(command string) []string { return []string{"cmd", "/C", command} }

func own(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Windows has no signal that asks.

func ask(c *exec.Cmd)  { kill(c) }
func kill(c *exec.Cmd) { _ = c.Process.Kill() }

func sweep(*exec.Cmd) {}

// Self is the CPU time of our own process; false if the system does not tell.
func Self() (time.Duration, bool) { return 0, false }

// Pause is not to be had here.
func (p *Process) Pause() error { return errors.ErrUnsupported }

// Resume is not to be had here.
func (p *Process) Resume() error { return errors.ErrUnsupported }
