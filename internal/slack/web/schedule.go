package web

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Priority is how urgent a call is. The zero value is the least.
type Priority int

// The priorities, least urgent first.
const (
	Backfill Priority = iota // reading what was missed
	Tick                     // an update that a newer one will replace
	Status                   // a sign of life
	First                    // the first thing a person sees
	Final                    // what must arrive
)

// low reports whether p leaves a fifth of every rate to the others.
func (p Priority) low() bool { return p <= Tick }

// scheduler hands out slots. Waiting callers are in one line per method, in
// the order in which they are to be served; a timer per line wakes whom it
// can. With a ledger, a round of serving is one change of it: whoever can go
// then goes, and what other replicas took or met since is known.
type scheduler struct {
	limits Limits
	ledger Ledger // nil: nobody else uses the token
	name   string // before the methods' names in the ledger

	mu    sync.Mutex
	order uint64
	lines map[string]*line
}

type line struct {
	rates   *rates // with a ledger: as it was there last, by its clock
	waiting []*waiter
	timer   *time.Timer

	// With a ledger.
	skew    time.Duration // its clock, less ours
	busy    bool          // a round is under way
	again   bool          // somebody came meanwhile
	without time.Time     // it failed: we go by what we know until then
}

// waiter is one caller. It keeps its place in line over several slots, so that
// a call that met a 429 is not overtaken by later ones.
type waiter struct {
	channel  string
	priority Priority
	order    uint64
	give     time.Time     // no slot can come by then: do not wait for it; zero: wait as long as ctx lasts
	done     chan struct{} // closed when it is served or refused
	granted  bool          // which of the two
}

const (
	ledgerTimeout = time.Second
	ledgerPause   = 5 * time.Second // after a failure of it
)

func newScheduler(l Limits, ledger Ledger, name string) *scheduler {
	return &scheduler{limits: l, ledger: ledger, name: name, lines: map[string]*line{}}
}

// waiter makes a caller's place for a channel and priority.
func (s *scheduler) waiter(channel string, p Priority) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order++
	return &waiter{channel: channel, priority: p, order: s.order}
}

// wait blocks until w has a slot, until ctx ends, whose cause it returns, or until
// it is clear that no slot can come in time: context.DeadlineExceeded. After an
// error no slot was used.
func (s *scheduler) wait(ctx context.Context, method string, w *waiter) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	l := s.line(method)
	w.done, w.granted = make(chan struct{}), false
	at, _ := slices.BinarySearchFunc(l.waiting, w, before)
	l.waiting = slices.Insert(l.waiting, at, w)
	s.serve(method, l)
	s.mu.Unlock()

	select {
	case <-w.done:
		if !w.granted {
			return context.DeadlineExceeded
		}
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := slices.BinarySearchFunc(l.waiting, w, before); ok {
		l.waiting = slices.Delete(l.waiting, at, at+1)
		s.serve(method, l)
		return context.Cause(ctx)
	}
	if !w.granted {
		return context.Cause(ctx)
	}
	return nil // the slot came at the same time; it is booked, so use it
}

// before orders waiters: by priority, then by age.
func before(a, b *waiter) int {
	if a.priority != b.priority {
		return int(b.priority - a.priority)
	}
	if a.order < b.order {
		return -1
	}
	if a.order > b.order {
		return 1
	}
	return 0
}

// try takes a slot if there is one now and nobody waits who comes first.
func (s *scheduler) try(ctx context.Context, method, channel string, p Priority) bool {
	w := s.waiter(channel, p)
	w.give = time.Now()
	return s.wait(ctx, method, w) == nil
}

// hold obeys a 429: nothing of the method goes out for d, by any replica.
func (s *scheduler) hold(ctx context.Context, method string, d time.Duration) {
	s.mu.Lock()
	l := s.line(method)
	until := time.Now().Add(l.skew).Add(d)
	l.rates.all.hold(until)
	if s.ledger == nil {
		s.serve(method, l)
	}
	s.mu.Unlock()
	if s.ledger == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerTimeout)
	defer cancel()
	_ = s.ledger.Change(ctx, s.name+method, func(state []byte, now time.Time) []byte {
		r := decodeRates(s.limits, method, state)
		r.all.hold(now.Add(d))
		return r.encode(now)
	}) // without it, others learn it from Slack
}

// held is how long Slack's Retry-After for the method still lasts.
func (s *scheduler) held(method string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.line(method)
	return max(0, time.Until(l.rates.all.held.Add(-l.skew)))
}

// line returns a method's line. The caller holds mu, as for all that follow.
func (s *scheduler) line(method string) *line {
	l := s.lines[method]
	if l == nil {
		l = &line{rates: newRates(s.limits, method)}
		s.lines[method] = l
	}
	return l
}

// serve grants what can be granted and sets the timer for the next.
func (s *scheduler) serve(method string, l *line) {
	if l.timer != nil {
		l.timer.Stop()
	}
	switch now := time.Now(); {
	case len(l.waiting) == 0:
	case s.ledger == nil || s.limits.Unlimited:
		served, next := l.rates.round(l.waiting, now)
		l.release(served)
		s.later(method, l, next.Sub(now))
	case l.busy:
		l.again = true
	default:
		l.busy = true
		go s.share(method, l)
	}
}

// later has the line served again after a while, if anybody waits.
func (s *scheduler) later(method string, l *line, pause time.Duration) {
	if len(l.waiting) == 0 {
		return
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(pause, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.serve(method, l)
		})
		return
	}
	l.timer.Reset(pause)
}

// share serves a line by the ledger, as long as callers come.
func (s *scheduler) share(method string, l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		l.again = false
		pause := s.shared(method, l)
		if !l.again || len(l.waiting) == 0 {
			l.busy = false
			s.later(method, l, pause)
			return
		}
	}
}

// shared is one round by the ledger. mu is held before and after, not meanwhile.
func (s *scheduler) shared(method string, l *line) (pause time.Duration) {
	waiting := slices.Clone(l.waiting)
	known := l.rates.all.held // a 429 that may not be in the ledger yet
	ours := time.Now()
	if ours.After(l.without) {
		s.mu.Unlock()
		var r *rates
		var served map[*waiter]bool
		var next, clock time.Time
		ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
		err := s.ledger.Change(ctx, s.name+method, func(state []byte, now time.Time) []byte {
			clock, r = now, decodeRates(s.limits, method, state)
			r.all.hold(known)
			served, next = r.round(waiting, now)
			return r.encode(now)
		})
		cancel()
		s.mu.Lock()
		if err == nil {
			if held := l.rates.all.held; held.After(r.all.held) { // learnt meanwhile
				r.all.hold(held)
			}
			l.rates, l.skew = r, clock.Sub(ours)
			l.release(served)
			return next.Sub(clock)
		}
		l.without = time.Now().Add(ledgerPause)
	}
	now := time.Now().Add(l.skew)
	served, next := l.rates.round(l.waiting, now)
	l.release(served)
	return next.Sub(now)
}

// round books a slot for everybody who can go now, and tells when the next of
// the others can. Served are those whose waiting is over: they have a slot, or
// there is none in the time that they have.
func (r *rates) round(waiting []*waiter, now time.Time) (served map[*waiter]bool, next time.Time) {
	served = map[*waiter]bool{}
	for _, w := range waiting {
		at := r.ready(w.channel, w.priority, now)
		switch {
		case !at.After(now):
			r.take(w.channel, w.priority, now)
			served[w] = true
		case !w.give.IsZero() && at.Sub(now) > time.Until(w.give): // now may be by another clock
			served[w] = false
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	return served, next
}

// release lets go whom a round has served.
func (l *line) release(served map[*waiter]bool) {
	l.waiting = slices.DeleteFunc(l.waiting, func(w *waiter) bool {
		granted, over := served[w]
		if over {
			w.granted = granted
			close(w.done)
		}
		return over
	})
}
