package metric

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/lane"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// tracked is what is known of a turn that runs.
type tracked struct {
	turn     string
	asked    time.Time // the newest message, by Slack's clock; zero if unknown
	messages int
	signed   bool   // something was shown
	spoken   bool   // the model said something
	timeouts int    // deadlines that passed
	how      string // how the turn went on after the last of them

	writeKey, writeOp string // of the visible write under way: a turn has one at a time
}

// about is told which messages the turn is for.
func (t *tracked) about(messages []chat.Message) {
	t.messages = len(messages)
	if t.messages > 0 {
		t.asked = messages[t.messages-1].TS.Time()
	}
}

// since is how long ago the person wrote; not ok if that is not known.
func (t *tracked) since() (d time.Duration, ok bool) {
	if t.asked.IsZero() {
		return 0, false
	}
	return max(0, time.Since(t.asked)), true
}

// since is the same for a turn whose messages may just be renewed.
func (s *Set) since(k *tracked) (d time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return k.since()
}

func (s *Set) began(f turn.Fence, t *turn.Turn) {
	k := &tracked{turn: t.ID}
	k.about(t.Messages)
	s.mu.Lock()
	s.lanes[f.Lane], s.ids[t.ID] = k, k
	s.mu.Unlock()
	switch {
	case t.Attempt > 1:
		s.resumes.add(1, "crash")
	case t.Resumed:
		s.resumes.add(1, "yield")
	default:
		if d, ok := k.since(); ok {
			s.queue.observe(d)
		}
	}
}

// left forgets the lane's turn and returns what was known of it.
func (s *Set) left(laneKey string) *tracked {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.lanes[laneKey]
	if k != nil {
		delete(s.ids, k.turn)
		delete(s.lanes, laneKey)
	}
	return k
}

func (s *Set) ended(f turn.Fence, r turn.Result) {
	k := s.left(f.Lane)
	s.turns.add(1, string(r.State))
	if r.State == turn.Failed {
		s.failures.add(1, r.Reason)
	}
	if r.Reason == "turn_timeout" {
		s.timeouts.add(1, "turn")
		if k != nil {
			k.timeouts++
		}
	}
	if k == nil {
		return
	}
	if k.timeouts > 0 {
		how := k.how
		if r.State != turn.Answered || how == "" {
			how = string(r.State)
		}
		s.recovered.add(1, how)
	}
	if r.State == turn.Merged {
		return // its messages are the next turn's
	}
	others := r.State
	if r.State == turn.Answered {
		others = turn.Merged
	}
	s.messages.add(1, string(r.State))
	if k.messages > 1 {
		s.messages.add(float64(k.messages-1), string(others))
	}
	if d, ok := k.since(); ok {
		s.finish.observe(d, string(r.State))
	}
}

// stored notes a call of the database. That a lane has a new owner is an answer, and
// a call that was given up says nothing of the database.
func (s *Set) stored(call string, start time.Time, err error) {
	s.store.observe(time.Since(start), call)
	if err != nil && !errors.Is(err, turn.ErrFenced) && !errors.Is(err, context.Canceled) {
		s.storeErrors.add(1, call)
	}
}

// Turns watches a store of turns.
func (s *Set) Turns(store turn.Store) turn.Store { return turns{store, s} }

type turns struct {
	turn.Store
	s *Set
}

func (d turns) Begin(ctx context.Context, f turn.Fence) (*turn.Turn, error) {
	start := time.Now()
	t, err := d.Store.Begin(ctx, f)
	d.s.stored("begin", start, err)
	if t != nil && err == nil {
		d.s.began(f, t)
	}
	return t, err
}

func (d turns) Record(ctx context.Context, f turn.Fence, id string, records ...turn.Record) error {
	start := time.Now()
	err := d.Store.Record(ctx, f, id, records...)
	d.s.stored("record", start, err)
	return err
}

// Renew is how a turn takes up what people wrote while it ran.
func (d turns) Renew(ctx context.Context, f turn.Fence, id string, take bool) ([]chat.Message, error) {
	start := time.Now()
	messages, err := d.Store.Renew(ctx, f, id, take)
	d.s.stored("renew", start, err)
	if err == nil && len(messages) > 0 {
		d.s.mu.Lock()
		if k := d.s.ids[id]; k != nil {
			k.about(messages)
		}
		d.s.mu.Unlock()
	}
	return messages, err
}

// Refuse is how messages leave a turn that goes on.
func (d turns) Refuse(ctx context.Context, f turn.Fence, id string, why map[chat.TS]string) error {
	start := time.Now()
	err := d.Store.Refuse(ctx, f, id, why)
	d.s.stored("refuse", start, err)
	if err == nil {
		d.s.mu.Lock()
		if k := d.s.ids[id]; k != nil {
			k.messages = max(0, k.messages-len(why))
		}
		d.s.mu.Unlock()
		d.s.messages.add(float64(len(why)), string(turn.Declined))
	}
	return err
}

func (d turns) Finish(ctx context.Context, f turn.Fence, id string, r turn.Result) (more bool, err error) {
	start := time.Now()
	more, err = d.Store.Finish(ctx, f, id, r)
	d.s.stored("finish", start, err)
	if err == nil {
		d.s.ended(f, r)
	}
	return more, err
}

// Lanes watches what runs lanes, so that nothing is remembered of a lane that
// does not run.
func (s *Set) Lanes(h lane.Handler) lane.Handler { return lanes{h, s} }

type lanes struct {
	lane.Handler
	s *Set
}

func (d lanes) RunLane(ctx context.Context, f turn.Fence) error {
	defer d.s.left(f.Lane)
	return d.Handler.RunLane(ctx, f)
}

// Leases watches a store of lanes.
func (s *Set) Leases(store lane.Store) lane.Store { return leases{store, s} }

type leases struct {
	lane.Store
	s *Set
}

func (d leases) Claim(ctx context.Context, replica string, n int) ([]turn.Fence, error) {
	start := time.Now()
	got, err := d.Store.Claim(ctx, replica, n)
	d.s.stored("claim", start, err)
	return got, err
}

func (d leases) Heartbeat(ctx context.Context, replica string, ttl time.Duration) (alive bool, err error) {
	start := time.Now()
	alive, err = d.Store.Heartbeat(ctx, replica, ttl)
	d.s.stored("heartbeat", start, err)
	if err == nil && !alive {
		d.s.leaseLosses.add(1)
	}
	return alive, err
}

func (d leases) Reap(ctx context.Context) (freed int, err error) {
	freed, err = d.Store.Reap(ctx)
	d.s.takenOver.add(float64(freed))
	return freed, err
}

// Model watches a model. A turn is known by "turn_id" in its request's metadata.
func (s *Set) Model(m turn.Model) turn.Model { return model{m, s} }

type model struct {
	turn.Model
	s *Set
}

// Respond hears along. Thousands of turns wait in here, so it keeps little.
func (d model) Respond(ctx context.Context, r turn.Request, from turn.Cursor) iter.Seq2[turn.Event, error] {
	call := &call{s: d.s, turn: r.Metadata["turn_id"], start: time.Now()}
	d.s.asks(call.turn, from.ResponseID != "")
	events := d.Model.Respond(ctx, r, from)
	return func(yield func(turn.Event, error) bool) {
		events(func(e turn.Event, err error) bool {
			call.hear(&e, err)
			return yield(e, err)
		})
	}
}

// asks notes that a turn calls the model: if a deadline passed before, that is
// how it goes on.
func (s *Set) asks(id string, resumed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.ids[id]; k != nil && k.timeouts > 0 {
		if k.how = "asked_again"; resumed {
			k.how = "resumed"
		}
	}
}

type call struct {
	s     *Set
	turn  string
	start time.Time
	heard bool
	ended bool
}

func (c *call) hear(e *turn.Event, err error) {
	if !c.heard && err == nil {
		c.heard = true
		c.s.event.observe(time.Since(c.start))
	}
	switch {
	case err != nil && !c.ended:
		c.ended = true
		c.s.failed(c.turn, err)
	case e.Kind == turn.Delta:
		c.s.speaks(c.turn)
	case e.Kind == turn.Done && e.Done != nil && !c.ended:
		c.ended = true
		c.s.answered(e.Done)
	}
}

func (s *Set) speaks(id string) {
	s.mu.Lock()
	k := s.ids[id]
	first := k != nil && !k.spoken
	if first {
		k.spoken = true
	}
	s.mu.Unlock()
	if !first {
		return
	}
	if d, ok := s.since(k); ok {
		s.token.observe(d)
	}
}

func (s *Set) answered(f *turn.Final) {
	result := "completed"
	if !f.Complete {
		result = "incomplete"
	}
	s.calls.add(1, result)
	s.tokens.add(float64(f.Usage.Input), "input")
	s.tokens.add(float64(f.Usage.Cached), "cached")
	s.tokens.add(float64(f.Usage.Output), "output")
	s.tokens.add(float64(f.Usage.Reasoning), "reasoning")
}

// late is implemented by errors of deadlines that passed.
type late interface {
	error
	Phase() string
}

// phases are the names that deadlines have in the metrics.
var phases = map[string]string{"connect": "connect", "first event": "first_event", "idle": "idle", "total": "answer"}

func (s *Set) failed(id string, err error) {
	failure, ok := errors.AsType[*turn.Failure](err)
	if !ok {
		s.calls.add(1, "ended_by_us") // a stop, a drain, a lost lane, news of what was asked
		return
	}
	s.calls.add(1, failure.Code)
	deadline, ok := errors.AsType[late](err)
	if !ok {
		return
	}
	s.timeouts.add(1, phases[deadline.Phase()])
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.ids[id]; k != nil {
		k.timeouts++
		k.how = ""
	}
}

// Outbox watches the store of writes.
func (s *Set) Outbox(store outbox.Store) outbox.Store { return writes{store, s} }

type writes struct {
	outbox.Store
	s *Set
}

func (d writes) Begin(ctx context.Context, f turn.Fence, w outbox.Write) (outbox.Row, bool, error) {
	start := time.Now()
	before, existed, err := d.Store.Begin(ctx, f, w)
	d.s.stored("write", start, err)
	if err == nil {
		d.s.writing(f, w, existed)
	}
	return before, existed, err
}

func (s *Set) writing(f turn.Fence, w outbox.Write, existed bool) {
	s.mu.Lock()
	if k := s.lanes[f.Lane]; k != nil {
		k.writeKey, k.writeOp = w.Key, w.Op
	}
	s.mu.Unlock()
	var about struct {
		Part int `json:"part"`
	}
	made := w.Op == "chat.postMessage" || w.Op == "chat.startStream"
	if made && !existed && json.Unmarshal(w.Body, &about) == nil && about.Part > 1 {
		s.continued.add(1)
	}
}

func (d writes) Settle(ctx context.Context, f turn.Fence, key string, st outbox.State, ts chat.TS, reason string) error {
	start := time.Now()
	err := d.Store.Settle(ctx, f, key, st, ts, reason)
	d.s.stored("settle", start, err)
	d.s.settled(f, key, st)
	return err
}

func (s *Set) settled(f turn.Fence, key string, st outbox.State) {
	s.mu.Lock()
	k := s.lanes[f.Lane]
	op, first := "", false
	if k != nil {
		if first = !k.signed && st == outbox.Confirmed; first {
			k.signed = true
		}
		if k.writeKey == key {
			op = k.writeOp
		}
	}
	s.mu.Unlock()
	s.writes.add(1, op, string(st)) // "none": one that an earlier attempt had begun
	if !first {
		return
	}
	if took, ok := s.since(k); ok {
		s.sign.observe(took)
	}
}
