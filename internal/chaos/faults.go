package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// errNothing means that a fault found nothing to do: its process was down, or the
// thread had no stop button.
var errNothing = errors.New("nothing to do it to")

// strike does one fault, and returns when it has passed. Faults of the simulators
// are armed and left to those whom they meet.
func (r *run) strike(ctx context.Context, f Fault) error {
	switch f.Kind {
	case kill:
		return r.restart(ctx, f, false)
	case deploy:
		return r.restart(ctx, f, true)
	case roll:
		return r.roll(f)
	case freeze:
		return r.freeze(ctx, f)
	case sockets:
		return r.slack.SocketActionFor(f.Form, "", ms(f.For))
	case envelope:
		_, err := r.slack.AddFault(slacksim.Fault{Method: "envelope", Kind: f.Form, MS: f.For, Times: f.Times})
		return err
	case delivery:
		if err := r.slack.SetDelivery(f.Times, true, 0, 800*time.Millisecond, false); err != nil {
			return err
		}
		pause(ctx, ms(f.For))
		return r.slack.SetDelivery(0, false, 0, 0, false)
	case slackAPI:
		_, err := r.slack.AddFault(slacksim.Fault{Method: f.Method, Kind: f.Form, MS: f.For, Times: f.Times})
		return err
	case model:
		r.model.AddRule(modelsim.Rule{When: modelsim.When{First: f.Times}, Fault: &modelsim.Fault{
			Kind: modelsim.FaultKind(f.Form), After: f.After, For: ms(f.For)}})
		return nil
	case slow:
		r.model.AddRule(modelsim.Rule{When: modelsim.When{Until: ms(f.For)}, Timing: &modelsim.Timing{
			Headers: ms(f.For / 10), FirstToken: ms(f.For / 4), TokensPerSecond: 60}})
		return nil
	case stop, cross, edit, withdraw:
		return r.person(f)
	case clock:
		r.slack.Advance(ms(f.For))
		return nil
	case disk:
		return r.disk.fill(ctx, ms(f.For))
	case database:
		return r.bounce(ctx, ms(f.For))
	}
	return fmt.Errorf("no fault %q", f.Kind)
}

// restart ends a replica and starts it again.
func (r *run) restart(ctx context.Context, f Fault, ask bool) error {
	p := r.fleet.replicas[f.Replica]
	p.busy.Lock()
	defer p.busy.Unlock()
	l := p.current()
	if !l.running() {
		return errNothing
	}
	r.fleet.end(l, ask)
	pause(ctx, ms(f.For))
	return r.fleet.start(p)
}

// roll starts a new process in a replica's place and then ends the old one.
func (r *run) roll(f Fault) error {
	p := r.fleet.replicas[f.Replica]
	p.busy.Lock()
	defer p.busy.Unlock()
	old := p.current()
	if !old.running() {
		return errNothing
	}
	if err := r.fleet.start(p); err != nil {
		return err
	}
	time.Sleep(time.Duration(rand.N(int64(time.Second)))) // the new one is somewhere in its start
	if old.running() {
		r.fleet.end(old, true)
	}
	return nil
}

// freeze lets a replica stand still.
func (r *run) freeze(ctx context.Context, f Fault) error {
	p := r.fleet.replicas[f.Replica]
	p.busy.Lock()
	defer p.busy.Unlock()
	l := p.current()
	if !l.running() {
		return errNothing
	}
	if err := l.Pause(); err != nil {
		return err
	}
	pause(ctx, ms(f.For))
	return l.Resume()
}

// bounce kills the database server and starts it again.
func (r *run) bounce(ctx context.Context, d time.Duration) error {
	r.store.Lock()
	defer r.store.Unlock()
	r.hurt()
	defer r.hurt()
	if err := r.server.Kill(ctx); err != nil {
		return err
	}
	pause(ctx, d)
	return r.server.Run(ctx)
}

// person does what a person may do with a message of theirs.
func (r *run) person(f Fault) error {
	w := r.mail.find(f.Message)
	if w == nil {
		return errNothing
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	switch f.Kind {
	case stop:
		err = r.slack.Stop(w.User, w.Channel, w.Root)
		w.Stopped = w.Stopped || err == nil
	case cross:
		// Before the reaction, as it may be obeyed at once.
		w.Stopped = true
		err = r.slack.React(w.User, w.Channel, w.TS, "x", false)
	case edit:
		if w.Deleted {
			return errNothing
		}
		w.Version++
		err = r.slack.Edit(w.User, w.Channel, w.TS, w.text())
	case withdraw:
		if w.TS == w.Root {
			return errNothing // Slack keeps a thread's first message in a form of its own
		}
		w.Deleted = true
		err = r.slack.Delete(w.User, w.Channel, w.TS)
	}
	if bad, ok := errors.AsType[*slacksim.BadRequest](err); ok {
		return fmt.Errorf("%w: %s", errNothing, bad.Code)
	}
	return err
}

// pause waits for d, less long if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
