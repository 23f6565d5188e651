package turn

import (
	"context"
	"fmt"
	"time"
)

// Midturn is what becomes of a message that comes while a turn of its lane runs.
type Midturn string

const (
	// Queue: it waits, and is answered next, together with what else waits.
	Queue Midturn = "queue"
	// Steer: the turn takes it up at its next step, and asks the model anew if
	// nothing of the answer was shown. Else it waits.
	Steer Midturn = "steer"
	// Interrupt: the same while nothing was shown. Else the answer ends where it
	// is, and the next turn answers all.
	Interrupt Midturn = "interrupt"
)

// lingering is the longest pause before a turn asks anew: somebody who writes in
// bursts is not done.
const lingering = 400 * time.Millisecond

// renew brings the turn's messages up to date, so that the next call asks for an
// answer to what they are now. It is no retry: what failed is counted, not what
// people do.
func (r *Runner) renew(ctx context.Context, a *asking) (*Conclusion, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(min(r.o.Settle<<min(a.renewals, 8), lingering)):
	}
	a.renewals++
	take := false
	r.running.with(a.lane(), func(t *live) {
		if take = t.midturn == Steer || t.midturn == Interrupt; take {
			t.came = false
		}
		t.news = false // what comes from here on is news again
	})
	messages, err := r.store.Renew(ctx, a.draft.fence, a.turn.ID, take)
	if err != nil {
		return nil, fmt.Errorf("renew the turn: %w", err)
	}
	messages, refused, err := r.sift(ctx, a.draft.fence, a.turn.ID, messages)
	if refused != nil || err != nil {
		return refused, err
	}
	r.running.with(a.lane(), func(t *live) { t.about(messages) })
	a.about(messages)
	a.draft.clear()
	a.brief, a.from = nil, Cursor{}
	a.calls-- // the call that was given up is none
	a.log().Info("asking anew", "messages", len(a.turn.Messages))
	return nil, nil
}

// overrule is what people's last word makes of a conclusion that is not shown yet.
func (r *Runner) overrule(a *asking, c *Conclusion) *Conclusion {
	r.running.with(a.lane(), func(t *live) {
		switch {
		case t.gone:
			c = withdrawn()
		case t.stop && (c == nil || c.State == Answered || c.State == Merged):
			c = a.halted()
		}
	})
	return c
}

// halted is the conclusion of a turn that a person stopped: what they could
// read stays.
func (a *asking) halted() *Conclusion {
	return &Conclusion{State: Stopped, Reason: "person", Notice: ":octagonal_sign: Stopped.", Text: a.readable()}
}

// interrupted is that of a turn whose messages the next turn answers, together with
// a newer one.
func (a *asking) interrupted() *Conclusion {
	return &Conclusion{State: Merged, Reason: "interrupted", Notice: ":fast_forward: Interrupted by a newer message.", Text: a.readable()}
}

// withdrawn is that of a turn whose messages were deleted: nobody asks any more, so
// nothing of it stays.
func withdrawn() *Conclusion { return &Conclusion{State: Declined, Reason: "deleted"} }

// readable is what people can have read.
func (a *asking) readable() string {
	if text := a.draft.journalled(); text != "" {
		return text
	}
	return a.progress.Shown
}
