package lane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/internal/turn"
)

// errLeaseLost cancels the lanes of an incarnation that was declared dead.
var errLeaseLost = errors.New("lane: the replica lost its lease")

// Options tune a Dispatcher. Zero values mean the defaults.
type Options struct {
	Logger  *slog.Logger
	NewID   func() string // a new incarnation's id, never used before
	Running int           // lanes that may run at once; 20,000
	Batch   int           // lanes claimed in one round; 64
	TTL     time.Duration // of the replica's lease; 6 s
	Poll    time.Duration // how often to look for work that nobody woke us for; 1 s
	Drain   time.Duration // how long running lanes may go on after Run's context ended; 10 s
	Pause   time.Duration // before a lane that failed is tried again; 2 s
}

// Dispatcher claims lanes and runs each in a goroutine of its own.
type Dispatcher struct {
	store   Store
	handler Handler
	o       Options
	wake    chan struct{}
	running atomic.Int64
}

// New makes a dispatcher.
func New(store Store, handler Handler, o Options) *Dispatcher {
	o.Running = orDefault(o.Running, 20_000)
	o.Batch = orDefault(o.Batch, 64)
	o.TTL = orDefault(o.TTL, 6*time.Second)
	o.Poll = orDefault(o.Poll, time.Second)
	o.Drain = orDefault(o.Drain, 10*time.Second)
	o.Pause = orDefault(o.Pause, 2*time.Second)
	return &Dispatcher{store: store, handler: handler, o: o, wake: make(chan struct{}, 1)}
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Wake says that a lane got work. It never blocks.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Running is the number of lanes that run now.
func (d *Dispatcher) Running() int { return int(d.running.Load()) }

// Run claims and runs lanes until ctx ends, then drains: no new lane is begun,
// running ones may finish for Options.Drain and are then told to yield. It
// returns nil after a drain, an error only if the store refuses the replica.
func (d *Dispatcher) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		id := d.o.NewID()
		if err := d.store.Join(ctx, id, d.o.TTL); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("join as replica %s: %w", id, err)
		}
		if err := d.serve(ctx, id); err != nil && !errors.Is(err, errLeaseLost) {
			return err
		}
	}
	return nil
}

// serve is the life of one incarnation.
func (d *Dispatcher) serve(ctx context.Context, id string) error {
	// Lanes outlive ctx by the drain, so they hang on a context of their own.
	lanes, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	live, lost := context.WithCancelCause(ctx)
	defer lost(nil)

	// The lease is kept until the last lane has ended, drain included.
	beats, stopBeats := context.WithCancel(context.WithoutCancel(ctx))
	var beating errgroup.Group
	beating.Go(func() error {
		d.beat(beats, id, func() {
			lost(errLeaseLost)
			end(errLeaseLost)
		})
		return nil
	})

	var running sync.WaitGroup
	d.claim(live, id, func(f turn.Fence) {
		d.running.Add(1)
		running.Go(func() {
			defer d.Wake() // a slot is free
			defer d.running.Add(-1)
			d.run(lanes, f)
		})
	})

	d.drain(&running, end)
	stopBeats()
	_ = beating.Wait() // beat returns no error

	if cause := context.Cause(live); errors.Is(cause, errLeaseLost) {
		d.o.Logger.Warn("lost the lease; joining again", "replica", id)
		return errLeaseLost
	}
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.store.Leave(leave, id); err != nil {
		return fmt.Errorf("leave as replica %s: %w", id, err)
	}
	return nil
}

// claim starts lanes until ctx ends.
func (d *Dispatcher) claim(ctx context.Context, id string, start func(turn.Fence)) {
	poll := time.NewTicker(d.o.Poll)
	defer poll.Stop()
	for {
		n := min(d.o.Batch, d.o.Running-d.Running())
		var got []turn.Fence
		if n > 0 {
			var err error
			if got, err = d.store.Claim(ctx, id, n); err != nil && ctx.Err() == nil {
				d.o.Logger.Error("cannot claim lanes; will try again", "err", err)
			}
		}
		for _, f := range got {
			start(f)
		}
		if len(got) == n && n > 0 {
			if ctx.Err() == nil {
				continue // there may be more
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-poll.C:
		}
	}
}

// beat renews the lease until ctx ends, and frees the lanes of dead replicas
// once our own lease has been good for a whole TTL: after an outage of the
// store everybody's lease has run out, and nobody is dead.
func (d *Dispatcher) beat(ctx context.Context, id string, lost func()) {
	tick := time.NewTicker(d.o.TTL / 6)
	defer tick.Stop()
	good := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		alive, err := d.store.Heartbeat(ctx, id, d.o.TTL)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			good = time.Now().Add(d.o.TTL)
			d.o.Logger.Warn("cannot renew the lease; lanes go on, their writes wait", "err", err)
			continue
		case !alive:
			lost()
			return
		}
		d.stops(ctx, id)
		if time.Since(good) < d.o.TTL {
			continue
		}
		if freed, err := d.store.Reap(ctx); err != nil && ctx.Err() == nil {
			d.o.Logger.Warn("cannot look for lost replicas", "err", err)
		} else if freed > 0 {
			d.o.Logger.Info("took lanes over from a lost replica", "lanes", freed)
			d.Wake()
		}
	}
}

// stops ends turns that a person stopped by way of another replica, should that
// one's word not have come through.
func (d *Dispatcher) stops(ctx context.Context, id string) {
	lanes, err := d.store.Stops(ctx, id)
	if err != nil {
		if ctx.Err() == nil {
			d.o.Logger.Warn("cannot look for stops", "err", err)
		}
		return
	}
	for _, lane := range lanes {
		d.handler.Stop(lane)
	}
}

// run is one lane's run. Its frame stays small: thousands wait above it.
func (d *Dispatcher) run(ctx context.Context, f turn.Fence) { d.ended(ctx, f, d.guard(ctx, f)) }

// ended gives a lane back whose run did not end well.
func (d *Dispatcher) ended(ctx context.Context, f turn.Fence, err error) {
	switch {
	case err == nil, errors.Is(err, turn.ErrYield), errors.Is(err, errLeaseLost):
		return
	case errors.Is(err, turn.ErrFenced):
		d.o.Logger.Warn("the lane has a new owner; dropped what was under way", "lane", f.Lane)
		return
	}
	pause := d.o.Pause
	if failure, ok := errors.AsType[*turn.Failure](err); ok && failure.After > 0 {
		pause = failure.After
	}
	pause += rand.N(pause/4 + 1)
	d.o.Logger.Error("lane failed; will run again", "lane", f.Lane, "pause", pause, "err", err)
	d.giveBack(ctx, f, pause)
}

// giveBack frees the lane. While the store is away it keeps trying: a lane that
// is owned and not run would be stuck.
func (d *Dispatcher) giveBack(ctx context.Context, f turn.Fence, pause time.Duration) {
	for {
		err := d.store.Postpone(ctx, f, pause)
		if err == nil || errors.Is(err, turn.ErrFenced) {
			return
		}
		select {
		case <-ctx.Done(): // leaving frees it
			return
		case <-time.After(d.o.Pause):
		}
	}
}

// guard turns a panic in one lane into that lane's error.
func (d *Dispatcher) guard(ctx context.Context, f turn.Fence) (err error) {
	defer rescue(&err)
	return d.handler.RunLane(ctx, f)
}

// rescue is deferred.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// drain waits for the running lanes; those that take too long are told to yield.
func (d *Dispatcher) drain(running *sync.WaitGroup, end context.CancelCauseFunc) {
	yield := time.AfterFunc(d.o.Drain, func() { end(turn.ErrYield) })
	defer yield.Stop()
	running.Wait()
}
