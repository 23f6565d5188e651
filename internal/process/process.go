package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Spec says what to start.
type Spec struct {
	Args   []string  // the program and its arguments; see Shell
	Env    []string  // NAME=value, over our own environment
	Dir    string    // working directory; empty: ours
	Output io.Writer // its stdout and stderr; nil: nowhere. A *os.File is handed on as it is
}

// Process is a program that was started.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // once done is closed
}

// Start starts a program. It has ended when Done is closed.
func Start(s Spec) (*Process, error) {
	if len(s.Args) == 0 {
		return nil, errors.New("process: nothing to start")
	}
	c := exec.Command(s.Args[0], s.Args[1:]...)
	c.Env = append(os.Environ(), s.Env...) // of two with one name the later counts
	c.Dir = s.Dir
	c.Stdout, c.Stderr = s.Output, s.Output
	c.WaitDelay = time.Second // what it started may hold its output open
	own(c)
	p := &Process{cmd: c, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The program's life is bound to the thread that starts it, which must not
		// end before. It goes back to work for others afterwards.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err != nil {
			return
		}
		defer close(p.done)
		p.err = c.Wait()
		sweep(c)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Args[0], err)
	}
	return p, nil
}

// PID is the process id of the program, and on Unix the id of its group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err waits for the end and says how it was: nil for code 0.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Stop asks the program to end, kills it if it has not within the grace, and
// waits for the end. It returns an error only if it had to kill.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	ask(p.cmd)
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-p.done:
		return nil
	case <-t.C:
	}
	kill(p.cmd)
	<-p.done
	return fmt.Errorf("process %d did not end within %s of being asked, and was killed", p.PID(), grace)
}

// Kill ends the program and its group at once (kill -9), and waits for the end.
func (p *Process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	kill(p.cmd)
	<-p.done
}

// Usage is what a program and all in its group have used since their start.
type Usage struct {
	CPU     time.Duration // user and system time
	RSS     int64         // memory in bytes that is resident now
	PeakRSS int64         // the most it was, in bytes; of several processes, the sum of their peaks
	Threads int           // of the operating system
}
