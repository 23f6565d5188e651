package modelsim

import (
	"fmt"
	"net"
	"syscall"
)

// shrinkBacklog lets ln hold one connection that nobody has accepted. From the
// second on, Linux drops SYNs in silence.
func shrinkBacklog(ln net.Listener) error {
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		return fmt.Errorf("shrink backlog: %w", err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) }); err != nil {
		return fmt.Errorf("shrink backlog: %w", err)
	}
	return failed
}
