package openai

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/internal/turn"
)

// Deadlines bound each wait of a call. Zero values mean the defaults.
//
// The Deep ones serve the efforts high, xhigh and max: a model may think for
// minutes without sending anything.
type Deadlines struct {
	Connect        time.Duration // until a connection stands, name lookup and TLS included; 10 s
	FirstEvent     time.Duration // from the request until the first event; 60 s
	DeepFirstEvent time.Duration // 180 s
	Idle           time.Duration // between two events or comments; 60 s
	DeepIdle       time.Duration // 180 s
	Total          time.Duration // of one call, from its start; 10 min
}

// withDefaults fills in what is zero, so that it fits what is not.
func (d Deadlines) withDefaults() Deadlines {
	set := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	set(&d.Total, 10*time.Minute)
	set(&d.FirstEvent, min(time.Minute, d.Total))
	set(&d.DeepFirstEvent, max(d.FirstEvent, min(3*time.Minute, d.Total)))
	set(&d.Idle, min(time.Minute, d.Total/2))
	set(&d.DeepIdle, max(d.Idle, min(3*time.Minute, d.Total/2)))
	set(&d.Connect, min(10*time.Second, d.FirstEvent/2))
	return d
}

// check refuses deadlines of which an inner one could never expire.
func (d Deadlines) check() error {
	for _, v := range []time.Duration{d.Connect, d.FirstEvent, d.DeepFirstEvent, d.Idle, d.DeepIdle, d.Total} {
		if v < 0 {
			return fmt.Errorf("a deadline of %s is negative; 0 means the default", v)
		}
	}
	for _, c := range []struct {
		ok   bool
		rule string
	}{
		{d.Connect < d.FirstEvent, fmt.Sprintf("connect (%s) must be shorter than first event (%s)", d.Connect, d.FirstEvent)},
		{d.FirstEvent <= d.DeepFirstEvent, fmt.Sprintf("first event (%s) must not be longer than deep first event (%s)", d.FirstEvent, d.DeepFirstEvent)},
		{d.DeepFirstEvent <= d.Total, fmt.Sprintf("deep first event (%s) must not be longer than total (%s)", d.DeepFirstEvent, d.Total)},
		{d.Idle <= d.DeepIdle, fmt.Sprintf("idle (%s) must not be longer than deep idle (%s)", d.Idle, d.DeepIdle)},
		{d.DeepIdle < d.Total, fmt.Sprintf("deep idle (%s) must be shorter than total (%s)", d.DeepIdle, d.Total)},
	} {
		if !c.ok {
			return errors.New("deadlines: " + c.rule)
		}
	}
	return nil
}

// limits are the deadlines of one call.
type limits struct{ connect, first, idle, total time.Duration }

// of is the deadlines of a request, by its effort or its model's own one.
func (d *Deadlines) of(r *turn.Request) limits {
	effort := r.Effort
	if effort == "" {
		effort = Lookup(r.Model).Effort
	}
	switch effort {
	case "high", "xhigh", "max":
		return limits{d.Connect, d.DeepFirstEvent, d.DeepIdle, d.Total}
	}
	return limits{d.Connect, d.FirstEvent, d.Idle, d.Total}
}

// expired is the cause with which a call's context ends when a deadline passes.
type expired struct {
	code  string // of the failure
	phase string
	after time.Duration
}

// Phase is which deadline it was: "connect", "first event", "idle" or "total".
func (e *expired) Phase() string { return e.phase }

func (e *expired) Error() string { return fmt.Sprintf("%s deadline of %s passed", e.phase, e.after) }

// watch holds the deadlines over one call. The call goes through the phases
// connect, first event and idle; the total runs beside them.
type watch struct {
	limits limits
	cancel context.CancelCauseFunc
	total  *time.Timer

	mu    sync.Mutex // guards what follows: a connection is reported from another goroutine
	phase *expired
	held  bool // the caller is at work: the endpoint is not waited for
	due   time.Time
	timer *time.Timer
}

// newWatch returns a context that ends with ctx, or with an *expired cause.
func newWatch(ctx context.Context, l limits) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{limits: l, cancel: cancel}
	w.total = time.AfterFunc(l.total, func() { cancel(&expired{"model_timeout", "total", l.total}) })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase, w.due = &expired{"model_unreachable", "connect", l.connect}, time.Now().Add(l.connect)
	w.timer = time.AfterFunc(l.connect, w.expire)
	return ctx, w
}

func (w *watch) expire() {
	w.mu.Lock()
	phase := w.phase
	if w.held || time.Now().Before(w.due) { // or a new phase began while the old timer went off
		phase = nil
	}
	w.mu.Unlock()
	if phase != nil {
		w.cancel(phase)
	}
}

func (w *watch) enter(p *expired) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase = p
	w.extend()
}

func (w *watch) extend() {
	w.due = time.Now().Add(w.phase.after)
	w.timer.Reset(w.phase.after)
}

// again begins anew with the connect phase; the total goes on.
func (w *watch) again() {
	w.enter(&expired{"model_unreachable", "connect", w.limits.connect})
}

// connected: from now on the endpoint is to send its first event.
func (w *watch) connected() { w.enter(&expired{"model_slow", "first event", w.limits.first}) }

// beat: something arrived.
func (w *watch) beat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase == nil || w.phase.code != "model_silent" {
		w.phase = &expired{"model_silent", "idle", w.limits.idle}
	}
	w.extend()
}

// hold stops the clock of the phase while the caller handles an event, and
// release starts it anew: a slow store is not a silent endpoint. The total goes
// on.
func (w *watch) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = true
}

func (w *watch) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = false
	if w.phase != nil {
		w.extend()
	}
}

// linger leaves d for what is still to come after the terminal event.
func (w *watch) linger(d time.Duration) { w.enter(&expired{"", "linger", d}) }

// stop ends the call's context and timers.
func (w *watch) stop() {
	w.cancel(nil)
	w.total.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.phase = nil
}
