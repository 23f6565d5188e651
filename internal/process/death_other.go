//go:build unix && !linux

package process

import "syscall"

// bound does nothing: this system does not tell a program that its parent died.
func bound(*syscall.SysProcAttr) {}
