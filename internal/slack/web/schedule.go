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
// can.
type scheduler struct {
	limits Limits

	mu       sync.Mutex
	order    uint64
	lines    map[string]*line
	channels map[string]*bucket // of posts
	sweepAt  int                // the number of channels at which idle ones are dropped
}

type line struct {
	method  string
	bucket  *bucket
	low     *bucket // of ticks and backfills, which need a slot of both
	waiting []*waiter
	timer   *time.Timer
}

// waiter is one caller. It keeps its place in line over several slots, so that
// a call that met a 429 is not overtaken by later ones.
type waiter struct {
	channel  string
	priority Priority
	order    uint64
	granted  chan struct{}
}

func newScheduler(l Limits) *scheduler {
	return &scheduler{limits: l, lines: map[string]*line{}, channels: map[string]*bucket{}, sweepAt: 64}
}

// waiter makes a caller's place for a channel and priority.
func (s *scheduler) waiter(channel string, p Priority) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order++
	return &waiter{channel: channel, priority: p, order: s.order}
}

// wait blocks until w has a slot, or until ctx ends: then it returns the cause
// and no slot was used.
func (s *scheduler) wait(ctx context.Context, method string, w *waiter) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	l := s.line(method)
	w.granted = make(chan struct{})
	at, _ := slices.BinarySearchFunc(l.waiting, w, before)
	l.waiting = slices.Insert(l.waiting, at, w)
	s.serve(l)
	s.mu.Unlock()

	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := slices.BinarySearchFunc(l.waiting, w, before); ok {
		l.waiting = slices.Delete(l.waiting, at, at+1)
		s.serve(l)
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
func (s *scheduler) try(method, channel string, p Priority) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.line(method)
	s.serve(l) // who waits comes first, should the timer be late
	now := time.Now()
	if s.ready(l, channel, p, now).After(now) {
		return false
	}
	s.take(l, channel, p, now)
	return true
}

// hold obeys a 429: nothing of the method goes out for d.
func (s *scheduler) hold(method string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.line(method)
	l.bucket.hold(time.Now().Add(d))
	s.serve(l)
}

// held is how long Slack's Retry-After for the method still lasts.
func (s *scheduler) held(method string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, time.Until(s.line(method).bucket.held))
}

// line returns a method's line. The caller holds mu, as for all that follow.
func (s *scheduler) line(method string) *line {
	l := s.lines[method]
	if l == nil {
		r, low := s.limits.methodRate(method)
		l = &line{method: method, bucket: newBucket(r), low: newBucket(low)}
		s.lines[method] = l
	}
	return l
}

// serve grants what can be granted and sets the timer for the next.
func (s *scheduler) serve(l *line) {
	if l.timer != nil {
		l.timer.Stop()
	}
	now := time.Now()
	var next time.Time
	rest := l.waiting[:0]
	for _, w := range l.waiting {
		at := s.ready(l, w.channel, w.priority, now)
		if !at.After(now) {
			s.take(l, w.channel, w.priority, now)
			close(w.granted)
			continue
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
		rest = append(rest, w)
	}
	clear(l.waiting[len(rest):])
	l.waiting = rest
	if len(rest) == 0 {
		return
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(next.Sub(now), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.serve(l)
		})
		return
	}
	l.timer.Reset(next.Sub(now))
}

// ready is when a call could go if it were alone.
func (s *scheduler) ready(l *line, channel string, p Priority, now time.Time) time.Time {
	at := l.bucket.ready(now, p.low())
	if p.low() {
		at = later(at, l.low.ready(now, false))
	}
	if b := s.channels[channel]; b != nil && l.method == postMethod {
		at = later(at, b.ready(now, p.low()))
	}
	return at
}

// take books a call.
func (s *scheduler) take(l *line, channel string, p Priority, now time.Time) {
	l.bucket.take(now)
	if p.low() {
		l.low.take(now)
	}
	if l.method != postMethod || channel == "" || s.limits.Unlimited {
		return
	}
	b := s.channels[channel]
	if b == nil {
		s.sweep(now)
		b = newBucket(s.limits.channelRate())
		s.channels[channel] = b
	}
	b.take(now)
}

// sweep drops idle channels when there are twice as many as after the last
// sweep, so its cost is spread over the posts that made it needful.
func (s *scheduler) sweep(now time.Time) {
	if len(s.channels) < s.sweepAt {
		return
	}
	for channel, b := range s.channels {
		if b.idle(now) {
			delete(s.channels, channel)
		}
	}
	s.sweepAt = max(64, 2*len(s.channels))
}
