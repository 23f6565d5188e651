package turn

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errStopped is the cause with which a person ends the asking of a turn.
var errStopped = errors.New("turn: stopped by a person")

// stops are the turns that ask the model now, by lane.
type stops struct {
	mu     sync.Mutex
	cancel map[string]context.CancelCauseFunc
}

// watch makes a context that Stop can end, and that ends after total. done must
// be called.
func (s *stops) watch(ctx context.Context, lane string, total time.Duration) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	expiry := time.AfterFunc(total, func() { cancel(errTurnTimeout) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		s.cancel = map[string]context.CancelCauseFunc{}
	}
	s.cancel[lane] = cancel
	return ctx, func() {
		expiry.Stop()
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.cancel, lane) // one turn at a time: it is still ours
	}
}

// Stop ends the asking of the lane's turn, if one runs here: the connection to
// the model is closed, and what came stays with a line that says so. It reports
// whether there was one.
//
// A stop that comes while the turn runs in another process, or before it has
// begun, does nothing yet.
func (r *Runner) Stop(lane string) bool {
	r.stops.mu.Lock()
	defer r.stops.mu.Unlock()
	cancel, ok := r.stops.cancel[lane]
	if ok {
		cancel(errStopped)
	}
	return ok
}
