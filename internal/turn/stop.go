package turn

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errStopped is the cause with which a person ends the asking of a turn.
var errStopped = errors.New("turn: stopped by a person")

// stops are the turns that run here, by lane.
type stops struct {
	mu  sync.Mutex
	now map[string]*stopping
}

// stopping is what a stop does to one turn.
type stopping struct {
	asked  bool
	cancel context.CancelCauseFunc // of the asking; nil before and after it
}

// enter makes the lane's next turn known, before it is begun: a stop that comes
// earlier is in the store, and one that comes later finds it here.
func (s *stops) enter(lane string) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		s.now = map[string]*stopping{}
	}
	s.now[lane] = &stopping{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.now, lane) // one turn at a time: it is still ours
	}
}

// ask ends the lane's turn, if one runs here.
func (s *stops) ask(lane string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.now[lane]
	if !ok {
		return false
	}
	t.asked = true
	if t.cancel != nil {
		t.cancel(errStopped)
	}
	return true
}

// asked tells whether the lane's turn is to end.
func (s *stops) asked(lane string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.now[lane]
	return ok && t.asked
}

// watch makes a context that a stop ends, and that ends after total. done must
// be called.
func (s *stops) watch(ctx context.Context, lane string, total time.Duration) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	expiry := time.AfterFunc(total, func() { cancel(errTurnTimeout) })
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.now[lane]
	t.cancel = cancel
	if t.asked {
		cancel(errStopped)
	}
	return ctx, func() {
		expiry.Stop()
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		t.cancel = nil
	}
}

// Stop ends the lane's turn, if one runs here: the connection to the model is
// closed, and what was shown stays with a line that says so. It reports whether
// there was one. Whether the turn is meant is for the caller to know: the store
// tells (inbox.Store, lane.Store).
func (r *Runner) Stop(lane string) bool { return r.stops.ask(lane) }
