package process

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Phase is what a kept program does.
type Phase string

// The phases.
const (
	Running  Phase = "running"
	Stopping Phase = "stopping" // it was asked to end
	Waiting  Phase = "waiting"  // it is down, and will be started
	Down     Phase = "down"     // it stays down until Start
)

// Never, as the time after which to start again, is until Start.
const Never time.Duration = -1

const (
	firstPause = 500 * time.Millisecond // after a crash
	lastPause  = 15 * time.Second
	healthy    = 10 * time.Second // who lived so long did not fail at its start
	kept       = 50               // happenings
)

// Happening is one thing that happened to a kept program, in words for people.
type Happening struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	Bad  bool      `json:"bad"` // nobody asked for it
}

// State is a Keeper's account of its program.
type State struct {
	Phase   Phase       `json:"phase"`
	PID     int         `json:"pid,omitempty"`  // while it lives
	Since   time.Time   `json:"since"`          // of the phase
	Until   time.Time   `json:"until,omitzero"` // of Waiting: when it is started
	Starts  int         `json:"starts"`
	Kills   int         `json:"kills"`
	Crashes int         `json:"crashes"` // ends that nobody asked for
	Log     []Happening `json:"log"`     // the newest fifty, oldest first
}

// KeeperOptions tell how to keep a program. Spec and Name are needed.
type KeeperOptions struct {
	Name    string        // in words about it, such as "the assistant"
	Spec    Spec          //
	Grace   time.Duration // from being asked to end until it is killed
	Changed func(State)   // called after each change, one at a time; nil: nobody
	// Quit is asked when the program has ended by itself, and how (nil: with code
	// 0). An error ends the Keeper, with it. nil: the program is always started again.
	Quit func(error) error
}

// Keeper keeps a program running, and lets people end it and start it.
type Keeper struct {
	o    KeeperOptions
	todo chan func(*keeping)
	over chan struct{} // closed by Close
	done chan struct{} // closed when all is over
	once sync.Once
	err  error // once done is closed

	mu    sync.Mutex
	state State
}

// keeping is what the one goroutine of a Keeper knows.
type keeping struct {
	p       *Process // nil while there is none
	ending  bool     // somebody asked for its end
	after   time.Duration
	wake    <-chan time.Time // starts it
	crashes int              // in a row
}

// Keep starts a program and keeps it until Close.
func Keep(o KeeperOptions) *Keeper {
	k := &Keeper{o: o, todo: make(chan func(*keeping)), over: make(chan struct{}), done: make(chan struct{})}
	go k.run()
	return k
}

// State is the account of this moment.
func (k *Keeper) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.state
	s.Log = slices.Clone(s.Log)
	return s
}

// Done is closed when the Keeper has given up, or was closed, and its program has
// ended.
func (k *Keeper) Done() <-chan struct{} { return k.done }

// Err is why the Keeper has given up; nil if it was closed.
func (k *Keeper) Err() error {
	<-k.done
	return k.err
}

// Close asks the program to end, and waits until it has. It returns an error if
// it had to kill.
func (k *Keeper) Close() error {
	k.once.Do(func() { close(k.over) })
	return k.Err()
}

// ErrClosed means that nothing is kept any more.
var ErrClosed = errors.New("process: the keeper is closed")

// Kill ends the program at once (kill -9), and starts it again after that time, or
// Never. A program that is down changes only when it comes back.
func (k *Keeper) Kill(again time.Duration) error { return k.end(again, true) }

// Stop asks the program to end, with Kill's again; it returns before it has.
func (k *Keeper) Stop(again time.Duration) error { return k.end(again, false) }

func (k *Keeper) end(again time.Duration, hard bool) error {
	return k.ask(func(a *keeping) {
		a.after = again
		if a.p == nil {
			k.rest(a)
			return
		}
		word := "was asked to stop"
		if hard {
			word = "was killed (kill -9)"
		}
		if !a.ending || hard {
			k.note(fmt.Sprintf("%s %s", k.o.Name, word), false, func(s *State) {
				s.Phase, s.Since = Stopping, time.Now()
				if hard {
					s.Kills++
				}
			})
		}
		p, first := a.p, !a.ending
		a.ending = true
		switch {
		case hard:
			go p.Kill()
		case first:
			go func() { _ = p.Stop(k.o.Grace) }() // Done tells of its end
		}
	})
}

// Start starts the program at once if it is down.
func (k *Keeper) Start() error {
	return k.ask(func(a *keeping) {
		a.crashes = 0
		if a.p == nil {
			k.start(a)
		} else if a.ending {
			a.after = 0
		}
	})
}

func (k *Keeper) ask(do func(*keeping)) error {
	answered := make(chan struct{})
	select {
	case k.todo <- func(a *keeping) { do(a); close(answered) }:
		<-answered
		return nil
	case <-k.done:
		return ErrClosed
	}
}

func (k *Keeper) run() {
	defer close(k.done)
	a := &keeping{}
	k.start(a)
	for {
		var ended <-chan struct{}
		if a.p != nil {
			ended = a.p.Done()
		}
		select {
		case do := <-k.todo:
			do(a)
		case <-a.wake:
			k.start(a)
		case <-ended:
			if err := k.ended(a); err != nil {
				k.err = err
				return
			}
		case <-k.over:
			if a.p != nil {
				k.err = a.p.Stop(k.o.Grace)
			}
			return
		}
	}
}

// start starts the program; one that cannot be started has crashed.
func (k *Keeper) start(a *keeping) {
	a.wake, a.ending, a.after = nil, false, 0
	p, err := Start(k.o.Spec)
	if err != nil {
		k.crashed(a, err)
		return
	}
	a.p = p
	k.note(fmt.Sprintf("%s started as process %d", k.o.Name, p.PID()), false, func(s *State) {
		s.Phase, s.PID, s.Since, s.Until = Running, p.PID(), time.Now(), time.Time{}
		s.Starts++
	})
}

// ended decides what comes after the program's end; an error ends the Keeper.
func (k *Keeper) ended(a *keeping) error {
	err := a.p.Err()
	a.p = nil
	if a.ending {
		k.rest(a)
		return nil
	}
	if k.o.Quit != nil {
		if err := k.o.Quit(err); err != nil {
			return err
		}
	}
	if err == nil {
		err = errors.New("code 0")
	}
	k.crashed(a, err)
	return nil
}

// crashed books the next start.
func (k *Keeper) crashed(a *keeping, err error) {
	if s := k.State(); s.Phase == Running && time.Since(s.Since) >= healthy {
		a.crashes = 0
	}
	a.after = min(firstPause<<min(a.crashes, 10), lastPause)
	a.crashes++
	k.note(fmt.Sprintf("%s ended by itself: %s", k.o.Name, err), true, func(s *State) { s.Crashes++ })
	k.rest(a)
}

// rest leaves the program down for as long as was asked.
func (k *Keeper) rest(a *keeping) {
	now := time.Now()
	if a.after < 0 {
		a.wake = nil
		k.note(fmt.Sprintf("%s is down until somebody starts it", k.o.Name), false, func(s *State) {
			s.Phase, s.PID, s.Since, s.Until = Down, 0, now, time.Time{}
		})
		return
	}
	a.wake = time.After(a.after)
	text := fmt.Sprintf("%s starts again in %s", k.o.Name, a.after.Round(100*time.Millisecond))
	if a.after == 0 {
		text = fmt.Sprintf("%s starts again at once", k.o.Name)
	}
	k.note(text, false, func(s *State) { s.Phase, s.PID, s.Since, s.Until = Waiting, 0, now, now.Add(a.after) })
}

func (k *Keeper) note(text string, bad bool, change func(*State)) {
	k.mu.Lock()
	change(&k.state)
	k.state.Log = append(k.state.Log, Happening{At: time.Now(), Text: text, Bad: bad})
	if over := len(k.state.Log) - kept; over > 0 {
		k.state.Log = slices.Delete(k.state.Log, 0, over)
	}
	k.mu.Unlock()
	if k.o.Changed != nil {
		k.o.Changed(k.State())
	}
}
