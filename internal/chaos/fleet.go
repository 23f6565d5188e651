package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"holdfast/internal/process"
)

// grace is how long a replica that was asked to end may take: its drain, and what
// it may take to give its work back.
const grace = 25 * time.Second

// fleet is the replicas, each of them a process or about to be one again.
type fleet struct {
	spec    process.Spec // but its output
	dir     string       // of the logs
	excused func() bool  // whether a replica may fail to start now
	accuse  func(Violation)

	replicas []*replica
	watching sync.WaitGroup
	closing  chan struct{}
}

// replica is one place in the fleet.
type replica struct {
	n    int
	busy sync.Mutex // held while a fault does something to its process

	mu    sync.Mutex
	life  *life
	lives []*life
}

// life is one process of a replica.
type life struct {
	*process.Process
	Replica int           `json:"replica"`
	Log     string        `json:"log"`
	PID     int           `json:"pid"`
	Started time.Time     `json:"started"`
	Killed  time.Time     `json:"killed,omitzero"` // by us
	Ended   time.Time     `json:"ended,omitzero"`
	How     string        `json:"how,omitempty"` // it ended
	wanted  chan struct{} // closed when its end is wanted
}

func newFleet(spec process.Spec, dir string, count int, excused func() bool, accuse func(Violation)) *fleet {
	f := &fleet{spec: spec, dir: dir, excused: excused, accuse: accuse, closing: make(chan struct{})}
	for n := range count {
		f.replicas = append(f.replicas, &replica{n: n})
	}
	return f
}

// start starts a process in a replica's place and watches it.
func (f *fleet) start(r *replica) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := filepath.Join(f.dir, fmt.Sprintf("replica-%d-%03d.log", r.n, len(r.lives)+1))
	log, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("keep the log of replica %d: %w", r.n, err)
	}
	defer log.Close() // the process has its own handle
	spec := f.spec
	spec.Output = log
	l := &life{Replica: r.n, Log: name, Started: time.Now(), wanted: make(chan struct{})}
	if l.Process, err = process.Start(spec); err != nil {
		return fmt.Errorf("replica %d: %w", r.n, err)
	}
	l.PID = l.Process.PID()
	r.life = l
	r.lives = append(r.lives, l)
	f.watching.Go(func() { f.watch(r, l) })
	return nil
}

// watch takes note of a process's end and, as a supervisor would, starts the
// next one if nobody wanted it.
func (f *fleet) watch(r *replica, l *life) {
	<-l.Done()
	err := l.Err()
	r.mu.Lock()
	l.Ended, l.How = time.Now(), "code 0"
	if err != nil {
		l.How = err.Error()
	}
	r.mu.Unlock()
	select {
	case <-l.wanted:
		return
	default:
	}
	if !f.excused() || code(err) != 2 && code(err) != 1 {
		f.accuse(Violation{Rule: "process", What: fmt.Sprintf("replica %d ended by itself: %s: see %s", r.n, l.How, filepath.Base(l.Log))})
	}
	select {
	case <-f.closing:
		return
	case <-time.After(500 * time.Millisecond):
	}
	r.busy.Lock()
	defer r.busy.Unlock()
	if now := r.current(); now == l {
		if err := f.start(r); err != nil {
			f.accuse(Violation{Rule: "process", What: err.Error()})
		}
	}
}

func code(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return 0
}

func (r *replica) current() *life {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.life
}

// end ends a life: at once, or after it was asked. It may have ended by itself
// meanwhile. A life that does not end in good order when asked is a violation.
func (f *fleet) end(l *life, ask bool) {
	close(l.wanted)
	l.Killed = time.Now()
	if !ask {
		_ = l.Stop(0) // it says that it had to kill
		return
	}
	if err := l.Stop(grace); err != nil {
		f.accuse(Violation{Rule: "shutdown", What: fmt.Sprintf("replica %d: %v: see %s", l.Replica, err, filepath.Base(l.Log))})
		return
	}
	if err := l.Err(); err != nil && !f.excused() && l.spoke() {
		f.accuse(Violation{Rule: "shutdown", What: fmt.Sprintf("replica %d was asked to end, and ended with %v: see %s", l.Replica, err, filepath.Base(l.Log))})
	}
}

// spoke says whether the process had begun to do anything: before that, a signal
// ends it as the system does.
func (l *life) spoke() bool {
	info, err := os.Stat(l.Log)
	return err != nil || info.Size() > 0
}

// running says whether the life is one that a fault can do something to.
func (l *life) running() bool {
	if l == nil {
		return false
	}
	select {
	case <-l.Done():
		return false
	case <-l.wanted:
		return false
	default:
		return true
	}
}

// begin starts all replicas.
func (f *fleet) begin() error {
	for _, r := range f.replicas {
		if err := f.start(r); err != nil {
			return err
		}
	}
	return nil
}

// stop ends all replicas, and waits until nothing of the fleet is left.
func (f *fleet) stop(ask bool) {
	select {
	case <-f.closing:
	default:
		close(f.closing)
	}
	var ending sync.WaitGroup
	for _, r := range f.replicas {
		ending.Go(func() {
			r.busy.Lock()
			defer r.busy.Unlock()
			if l := r.current(); l.running() {
				f.end(l, ask)
			}
		})
	}
	ending.Wait()
	f.watching.Wait()
}

// lives are all processes that there were.
func (f *fleet) lives() []*life {
	var all []*life
	for _, r := range f.replicas {
		r.mu.Lock()
		all = append(all, r.lives...)
		r.mu.Unlock()
	}
	return all
}
