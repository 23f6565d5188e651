package reception

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"holdfast/internal/inbox"
)

// How long things take.
const (
	fresh   = 2500 * time.Millisecond // of a trigger's 3 s
	glance  = 700 * time.Millisecond  // for Route.Opens
	once    = time.Minute             // one try of an act
	every   = 3 * time.Second         // between looks for what is open; inbox.Hold is longer
	giveUp  = 24 * time.Hour          // the age at which an act that fails is closed
	parting = 3 * time.Second         // for what runs when the door closes
)

// Options may be zero.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
	Limit  int          // acts at once; 256 if zero
}

// Door takes acts in and does them.
type Door struct {
	store  Store
	reader Reader
	slack  Slack
	routes Routes
	log    *slog.Logger
	limit  int

	base    context.Context // of all acts
	cut     context.CancelFunc
	mu      sync.Mutex
	closing bool
	running map[string]bool // by key
	all     sync.WaitGroup
}

// New makes a door. Acts can be handed over from then on; see [Door.Run].
func New(s Store, r Reader, k Slack, routes Routes, o Options) *Door {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Limit <= 0 {
		o.Limit = 256
	}
	d := &Door{store: s, reader: r, slack: k, routes: routes, log: o.Logger, limit: o.Limit, running: map[string]bool{}}
	d.base, d.cut = context.WithCancel(context.Background())
	return d
}

// Answer is what the acknowledgement of an act carries; nil: nothing.
func (d *Door) Answer(payload []byte) json.RawMessage {
	what, ok := d.reader.Act(payload)
	if !ok {
		return nil
	}
	a, way, known := d.routes.find(what)
	if !known || way.Answer == nil {
		return nil
	}
	return way.Answer(a)
}

// outcome is what became of the storing of an act.
type outcome struct {
	fresh bool
	err   error
}

// Hand takes an act that is about to be stored. What it returns must be called with what
// came of that; see inbox.New. Neither blocks.
func (d *Door) Hand(e inbox.Entry) (kept func(fresh bool, err error)) {
	came := make(chan outcome, 1)
	d.start(e, false, came)
	return func(fresh bool, err error) { came <- outcome{fresh, err} }
}

// Run does what earlier runs left, and what others leave, until ctx ends; then it waits a
// little for what runs. What is cut short is done at the next start.
func (d *Door) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		d.take(ctx)
		select {
		case <-ctx.Done():
			d.close()
			return
		case <-tick.C:
		}
	}
}

func (d *Door) close() {
	d.mu.Lock()
	d.closing = true
	d.mu.Unlock()
	fuse := time.AfterFunc(parting, d.cut)
	d.all.Wait()
	fuse.Stop()
	d.cut()
}

// take looks for acts that nobody is at.
func (d *Door) take(ctx context.Context) {
	d.mu.Lock()
	mine := slices.Collect(maps.Keys(d.running))
	room := d.limit - len(mine)
	d.mu.Unlock()
	list, err := d.store.TakeActs(ctx, mine, inbox.Hold, max(room, 0))
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("cannot look for clicks and commands that are not done; will try again", "err", err)
		}
		return
	}
	for _, e := range list {
		d.start(e, true, nil)
	}
}

// start runs an act beside all others. One for which there is no room is left in the
// store.
func (d *Door) start(e inbox.Entry, again bool, came <-chan outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closing || d.running[e.Key] || len(d.running) >= d.limit {
		return
	}
	d.running[e.Key] = true
	d.all.Go(func() {
		defer func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.running, e.Key)
		}()
		ctx, cancel := context.WithTimeout(d.base, once)
		defer cancel()
		d.run(ctx, e, again, came)
	})
}

// run does one act, and closes it.
func (d *Door) run(ctx context.Context, e inbox.Entry, again bool, came <-chan outcome) {
	a, way, known := Act{}, Route{}, false
	if what, ok := d.reader.Act(e.Payload); ok {
		a, way, known = d.routes.find(what)
	}
	a.Key, a.At, a.Again = e.Key, e.At, again
	log := d.log.With("act", a.ID, "user", a.User, "key", e.Key)
	var o Opening
	if known && way.Opens != nil && !again {
		o = d.open(ctx, &a, way, log)
	}
	if came != nil {
		var out outcome
		select {
		case out = <-came:
		case <-ctx.Done():
			return
		}
		switch {
		case out.err != nil:
			if a.Modal.ID != "" && o.Lost != nil {
				_, _ = d.slack.Update(ctx, View{ID: a.Modal.ID}, o.Lost) // the store's own trouble is logged by whoever stores
			}
			return
		case !out.fresh:
			return // its first delivery is done, or will be
		}
	}
	if !known {
		log.Info("a click or command that nobody here knows")
	} else if err := way.Do(ctx, a); err != nil {
		if time.Since(e.At) < giveUp {
			log.Warn("a click or command is not done yet; will try again", "err", err)
			return
		}
		log.Error("a click or command cannot be done", "err", err)
	}
	if err := d.store.EndAct(ctx, e.Key); err != nil {
		log.Warn("a click or command is done, but not closed", "err", err)
	}
}

// open shows the modal that an act asks for.
func (d *Door) open(ctx context.Context, a *Act, way Route, log *slog.Logger) Opening {
	look, cancel := context.WithTimeout(ctx, glance)
	o := way.Opens(look, *a)
	cancel()
	if o.View == nil || a.trigger == "" || !a.At.IsZero() && time.Since(a.At) > fresh {
		return o
	}
	v, err := d.slack.Open(ctx, a.trigger, o.View)
	if err != nil {
		log.Warn("a modal did not open", "err", err)
		return o
	}
	a.Modal = v
	return o
}

// refused is Slack's code, if it refused a call for what it was.
func refused(err error) (code string) {
	if e, ok := errors.AsType[interface {
		error
		Refused() (string, bool)
	}](err); ok {
		if code, ok := e.Refused(); ok {
			return code
		}
	}
	return ""
}
