package lane_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/lane"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handler runs turns on the real store; do sees each of them.
type handler struct {
	db *sqlite.DB
	do func(ctx context.Context, f turn.Fence, t *turn.Turn) error
}

func (h handler) Stop(string) bool { return false }

func (h handler) RunLane(ctx context.Context, f turn.Fence) error {
	for {
		t, err := h.db.Begin(ctx, f)
		if err != nil || t == nil {
			return err
		}
		if err := h.do(ctx, f, t); err != nil {
			return err
		}
		more, err := h.db.Finish(ctx, f, t.ID, turn.Result{State: turn.Answered})
		if err != nil || !more {
			return err
		}
	}
}

func open(t *testing.T) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func options() lane.Options {
	return lane.Options{
		Logger: slog.New(slog.DiscardHandler), NewID: func() string { return uuid.NewString() },
		Poll: 20 * time.Millisecond, TTL: 600 * time.Millisecond, Pause: 10 * time.Millisecond, Drain: 100 * time.Millisecond,
	}
}

// begin runs a dispatcher until the test ends.
func begin(t *testing.T, s lane.Store, h lane.Handler, o lane.Options) (d *lane.Dispatcher, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d = lane.New(s, h, o)
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return d, stop
}

func say(t *testing.T, db *sqlite.DB, lane, n int) {
	t.Helper()
	c := chat.Conversation{Team: "T", Channel: "C", Root: chat.TS(fmt.Sprintf("%d.000000", lane+1))}
	m := chat.Message{Conversation: c, TS: chat.TS(fmt.Sprintf("%d.%06d", 1000+lane, n)), User: "U1", Text: "x"}
	e := inbox.Entry{Key: "m/" + c.Key() + string(m.TS), Kind: inbox.Message, Lane: c, Message: m, Payload: []byte("{}"), At: time.Now()}
	if _, err := db.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: not within 20 s", what)
	}
}

// Every message is seen once, in its lane's order, by one run at a time.
func TestOrderAndExclusion(t *testing.T) {
	const lanes, each = 50, 20
	db := open(t)
	var mu sync.Mutex
	last, busy := map[string]chat.TS{}, map[string]bool{}
	seen, all := 0, make(chan struct{})
	d, _ := begin(t, db, handler{db, func(_ context.Context, f turn.Fence, run *turn.Turn) error {
		mu.Lock()
		if busy[f.Lane] {
			t.Errorf("two runs in lane %s", f.Lane)
		}
		busy[f.Lane] = true
		mu.Unlock()
		for _, m := range run.Messages {
			mu.Lock()
			if m.TS.Compare(last[f.Lane]) <= 0 {
				t.Errorf("lane %s: %s after %s", f.Lane, m.TS, last[f.Lane])
			}
			last[f.Lane] = m.TS
			if seen++; seen == lanes*each {
				close(all)
			}
			mu.Unlock()
		}
		mu.Lock()
		busy[f.Lane] = false
		mu.Unlock()
		return nil
	}}, options())
	for n := range each {
		for l := range lanes {
			say(t, db, l, n)
			d.Wake()
		}
	}
	within(t, all, "all messages seen")
}

// A lane that hangs holds up nobody.
func TestNoLaneWaitsForAnother(t *testing.T) {
	db := open(t)
	hung, served := make(chan struct{}, 100), make(chan struct{})
	d, stop := begin(t, db, handler{db, func(ctx context.Context, f turn.Fence, run *turn.Turn) error {
		if run.Conversation.Root == "101.000000" {
			close(served)
			return nil
		}
		hung <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	}}, options())
	for l := range 100 {
		say(t, db, l, 0)
	}
	d.Wake()
	for range 100 {
		within(t, hung, "a hanging lane")
	}
	say(t, db, 100, 0)
	d.Wake()
	within(t, served, "the next lane")
	stop()
}

// The limit on running lanes delays, and loses nothing.
func TestRunningIsBounded(t *testing.T) {
	db := open(t)
	var now, most atomic.Int64
	seen, all := atomic.Int64{}, make(chan struct{})
	o := options()
	o.Running = 3
	d, _ := begin(t, db, handler{db, func(context.Context, turn.Fence, *turn.Turn) error {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		if seen.Add(1) == 40 {
			close(all)
		}
		return nil
	}}, o)
	for l := range 40 {
		say(t, db, l, 0)
	}
	d.Wake()
	within(t, all, "all lanes")
	if most.Load() > 3 {
		t.Errorf("%d lanes ran at once, want at most 3", most.Load())
	}
}

// An error or a panic ends one run; the lane runs again with the same turn.
func TestFailedRunIsRepeated(t *testing.T) {
	db := open(t)
	done := make(chan struct{})
	var first string
	d, _ := begin(t, db, handler{db, func(_ context.Context, _ turn.Fence, run *turn.Turn) error {
		switch run.Attempt {
		case 1:
			first = run.ID
			return errors.New("no luck")
		case 2:
			panic("still no luck")
		}
		if run.ID != first {
			t.Errorf("attempt %d is another turn", run.Attempt)
		}
		close(done)
		return nil
	}}, options())
	say(t, db, 0, 0)
	d.Wake()
	within(t, done, "the third attempt")
}

// Stopping tells what runs too long to yield, waits for it, and frees its lane
// for the next replica at once.
func TestDrain(t *testing.T) {
	db := open(t)
	running, next := make(chan struct{}), make(chan struct{})
	var cause error
	d, stop := begin(t, db, handler{db, func(ctx context.Context, f turn.Fence, run *turn.Turn) error {
		close(running)
		<-ctx.Done()
		cause = context.Cause(ctx)
		return errors.Join(cause, db.Yield(context.WithoutCancel(ctx), f, run.ID))
	}}, options())
	say(t, db, 0, 0)
	d.Wake()
	within(t, running, "the run")
	stop()
	if !errors.Is(cause, turn.ErrYield) {
		t.Errorf("cancelled with %v, want ErrYield", cause)
	}
	begin(t, db, handler{db, func(_ context.Context, _ turn.Fence, run *turn.Turn) error {
		if run.Attempt != 1 {
			t.Errorf("the drain cost an attempt: %d", run.Attempt)
		}
		close(next)
		return nil
	}}, options())
	within(t, next, "the next replica's run")
}

// frail is the real store with failures.
type frail struct {
	*sqlite.DB
	dead     atomic.Bool  // the next heartbeat finds the replica declared dead
	postpone atomic.Int64 // so many calls of Postpone fail
}

func (s *frail) Heartbeat(ctx context.Context, id string, ttl time.Duration) (bool, error) {
	if s.dead.CompareAndSwap(true, false) {
		return false, s.Leave(ctx, id)
	}
	return s.DB.Heartbeat(ctx, id, ttl)
}

func (s *frail) Postpone(ctx context.Context, f turn.Fence, pause time.Duration) error {
	if s.postpone.Add(-1) >= 0 {
		return errors.New("the database is away")
	}
	return s.DB.Postpone(ctx, f, pause)
}

// A replica that lost its lease drops its lanes, joins under a new name, and
// its late writes are refused.
func TestLostLease(t *testing.T) {
	s := &frail{DB: open(t)}
	running, again := make(chan struct{}), make(chan struct{})
	var owner string
	d, _ := begin(t, s, handler{s.DB, func(ctx context.Context, f turn.Fence, run *turn.Turn) error {
		if run.Attempt > 1 {
			if f.Owner == owner {
				t.Error("the replica kept its name")
			}
			close(again)
			return nil
		}
		owner = f.Owner
		close(running)
		<-ctx.Done()
		_, err := s.Finish(context.WithoutCancel(ctx), f, run.ID, turn.Result{State: turn.Answered})
		if !errors.Is(err, turn.ErrFenced) {
			t.Errorf("a late owner finished the turn: %v", err)
		}
		return context.Cause(ctx)
	}}, options())
	say(t, s.DB, 0, 0)
	d.Wake()
	within(t, running, "the run")
	s.dead.Store(true)
	within(t, again, "the run under the new name")
}

// While the store is away a failed lane cannot be given back; it is not
// forgotten either.
func TestGivesBackWhenTheStoreReturns(t *testing.T) {
	s := &frail{DB: open(t)}
	s.postpone.Store(3)
	done := make(chan struct{})
	d, _ := begin(t, s, handler{s.DB, func(_ context.Context, _ turn.Fence, run *turn.Turn) error {
		if run.Attempt == 1 {
			return errors.New("no luck")
		}
		close(done)
		return nil
	}}, options())
	say(t, s.DB, 0, 0)
	d.Wake()
	within(t, done, "the second attempt")
}
