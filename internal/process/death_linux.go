package process

import "syscall"

// bound lets the program be killed when the thread that started it ends, as it
// does when we do, however that happens.
func bound(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
