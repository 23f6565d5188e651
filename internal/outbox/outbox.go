package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// State is where a write stands.
type State string

// The states of a write.
const (
	Planned   State = "planned"
	Sent      State = "sent" // the call began; its end is not known here
	Confirmed State = "confirmed"
	Unknown   State = "unknown" // the response was lost
	Failed    State = "failed"  // Slack refused it
)

// Sign is what a write does to a sign of life.
type Sign int

// The kinds. A sign that may be there is found again, also after its turn.
const (
	NoSign Sign = iota
	SignOn
	SignOff
)

// Write is one intended visible change.
type Write struct {
	Turn string
	Key  string // unique in all turns
	Op   string // the Slack method
	Body []byte // what is needed to understand the write later; JSON
	Sign Sign
	// Replace: the write is one of a row of updates to the same thing; only the
	// latest matters, and sending it twice does no harm.
	Replace bool
}

// Row is a write with what became of it.
type Row struct {
	Write
	State State
	TS    chat.TS // what Slack named it
	Error string
	At    time.Time // when it was last sent
}

// Left is a sign of life that may still stand though its turn is over.
type Left struct {
	Row
	Lane string
}

// Store keeps rows. Every change is fenced (turn.ErrFenced), but for a write of no lane,
// which has the zero fence and its key alone.
type Store interface {
	// Begin commits w as sent and returns the row as it was before, if there
	// was one. A confirmed row without Replace is left alone; one that failed in
	// another turn becomes w's, with its turn and lane.
	Begin(ctx context.Context, f turn.Fence, w Write) (before Row, existed bool, err error)
	// Settle stores what became of the write.
	Settle(ctx context.Context, f turn.Fence, key string, s State, ts chat.TS, reason string) error
	// Rows returns all writes of a turn, in the order of their first sending.
	Rows(ctx context.Context, turn string) ([]Row, error)
	// Row returns one write, if there is one of that key.
	Row(ctx context.Context, key string) (r Row, existed bool, err error)
	// Made tells whether a confirmed write of the lane, of any turn, made the
	// message ts.
	Made(ctx context.Context, lane string, ts chat.TS) (bool, error)
	// Signs lists signs of life that may still stand though their turns are over, in
	// lanes that have no work, the oldest first.
	Signs(ctx context.Context, limit int) ([]Left, error)
	// Gone notes that the sign of a key is no more. It is not fenced: the turn is
	// over.
	Gone(ctx context.Context, key string) error
}

// Unresolved is implemented by errors of calls whose effect is not known.
type Unresolved interface {
	error
	Unresolved() bool
}

// Call does the write and returns the ts that Slack gave it.
type Call func(ctx context.Context) (chat.TS, error)

// Find looks in Slack for the write, by metadata or by place. Sent is when it
// was tried.
type Find func(ctx context.Context, sent time.Time) (ts chat.TS, found bool, err error)

// Outbox sends writes.
type Outbox struct {
	store   Store
	lookups []time.Duration // pauses before each look
}

// New makes an outbox. A write of unknown outcome is looked up after each of
// the pauses in lookups before it is taken as not done; nil means 0, 1 and 3
// seconds.
func New(store Store, lookups []time.Duration) *Outbox {
	if lookups == nil {
		lookups = []time.Duration{0, time.Second, 3 * time.Second}
	}
	return &Outbox{store: store, lookups: lookups}
}

// Rows returns all writes of a turn.
func (o *Outbox) Rows(ctx context.Context, turnID string) ([]Row, error) {
	return o.store.Rows(ctx, turnID)
}

// Row returns one write, if there is one of that key.
func (o *Outbox) Row(ctx context.Context, key string) (r Row, existed bool, err error) {
	return o.store.Row(ctx, key)
}

// Made tells whether the message ts of the lane is one that the outbox knows.
func (o *Outbox) Made(ctx context.Context, lane string, ts chat.TS) (bool, error) {
	return o.store.Made(ctx, lane, ts)
}

// Signs lists signs of life that may still stand though their turns are over.
func (o *Outbox) Signs(ctx context.Context, limit int) ([]Left, error) {
	return o.store.Signs(ctx, limit)
}

// Gone notes that such a sign is no more.
func (o *Outbox) Gone(ctx context.Context, key string) error { return o.store.Gone(ctx, key) }

// Send does w once. If an earlier try may have succeeded, find decides; a nil
// find means that repeating does no harm. The error is turn.ErrFenced, Slack's
// refusal, or the call's own.
func (o *Outbox) Send(ctx context.Context, f turn.Fence, w Write, call Call, find Find) (chat.TS, error) {
	before, existed, err := o.store.Begin(ctx, f, w)
	if err != nil {
		return "", fmt.Errorf("begin write %s: %w", w.Key, err)
	}
	if existed && !w.Replace {
		switch before.State {
		case Confirmed:
			return before.TS, nil
		case Sent, Unknown:
			ts, found, err := o.lookup(ctx, before.At, find)
			if err != nil {
				return "", fmt.Errorf("look up write %s: %w", w.Key, err)
			}
			if found {
				return ts, o.settle(ctx, f, w.Key, Confirmed, ts, "")
			}
		}
	}
	started := time.Now()
	ts, err := call(ctx)
	var lost Unresolved
	switch {
	case err == nil:
		return ts, o.settle(ctx, f, w.Key, Confirmed, ts, "")
	case !errors.As(err, &lost) || !lost.Unresolved():
		return "", errors.Join(err, o.settle(ctx, f, w.Key, Failed, "", err.Error()))
	}
	if e := o.settle(ctx, f, w.Key, Unknown, "", err.Error()); e != nil {
		return "", errors.Join(err, e)
	}
	if found, ok, e := o.lookup(ctx, started, find); e == nil && ok {
		return found, o.settle(ctx, f, w.Key, Confirmed, found, "")
	}
	return "", err
}

// Resolve settles a write that an earlier owner left without a known outcome:
// confirmed if find sees it in Slack, else failed. Other rows come back as they
// are.
func (o *Outbox) Resolve(ctx context.Context, f turn.Fence, r Row, find Find) (Row, error) {
	if r.State != Sent && r.State != Unknown {
		return r, nil
	}
	ts, found, err := o.lookup(ctx, r.At, find)
	if err != nil {
		return r, fmt.Errorf("look up write %s: %w", r.Key, err)
	}
	r.State, r.TS, r.Error = Failed, "", "not found in Slack"
	if found {
		r.State, r.TS, r.Error = Confirmed, ts, ""
	}
	return r, o.settle(ctx, f, r.Key, r.State, r.TS, r.Error)
}

func (o *Outbox) settle(ctx context.Context, f turn.Fence, key string, s State, ts chat.TS, reason string) error {
	// The effect is there or not, whether or not the turn was cancelled.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := o.store.Settle(ctx, f, key, s, ts, reason); err != nil {
		return fmt.Errorf("settle write %s: %w", key, err)
	}
	return nil
}

func (o *Outbox) lookup(ctx context.Context, sent time.Time, find Find) (chat.TS, bool, error) {
	if find == nil {
		return "", false, nil
	}
	for _, pause := range o.lookups {
		select {
		case <-ctx.Done():
			return "", false, context.Cause(ctx)
		case <-time.After(pause):
		}
		if ts, found, err := find(ctx, sent); err != nil || found {
			return ts, found, err
		}
	}
	return "", false, nil
}
