package turn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"holdfast/internal/chat"
)

// The causes with which what people do ends a step of a turn.
var (
	errStopped     = errors.New("turn: stopped by a person")
	errGone        = errors.New("turn: its messages were deleted")
	errInterrupted = errors.New("turn: interrupted by a newer message")
	errNews        = errors.New("turn: what is asked is out of date")
)

// Note tells of a message in a lane: that it came, or was edited or deleted.
type Note struct {
	Lane    string
	TS      chat.TS
	Edited  chat.TS // the version that it tells of
	Came    bool    // it waits for a turn
	Deleted bool
}

// running are the turns that run here, by lane. Through it reaches them what
// people do meanwhile.
type running struct {
	mu  sync.Mutex
	now map[string]*live
}

// live is one of them. Its mutex is that of running.
type live struct {
	cancel context.CancelCauseFunc // of the step under way; nil between steps

	stop, gone, interrupted bool // it is to end
	news                    bool // its messages are to be read again
	came                    bool // a message waits
	writing                 bool // it is concluded: nothing new is taken up

	messages []chat.Message // empty until it was begun
	again    bool           // a person wanted it, later than its messages
	deleted  []chat.TS      // of these, since they were read
	draft    *draft
	midturn  Midturn // empty until it was briefed
	early    []Note  // from before it was begun
}

// enter makes the lane's next turn known, before it is begun: what happens
// earlier is in the store, and what happens later finds it here.
func (r *running) enter(lane string) (leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil {
		r.now = map[string]*live{}
	}
	r.now[lane] = &live{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.now, lane) // one turn at a time: it is still ours
	}
}

// with calls do for the lane's turn, and reports whether there is one.
func (r *running) with(lane string, do func(*live)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.now[lane]
	if ok {
		do(t)
	}
	return ok
}

// watch makes a context for a step, which ends at a deadline, if there is one, and
// when what people do asks for it. done must be called.
func (r *running) watch(ctx context.Context, lane string, until time.Time) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var expiry *time.Timer
	if !until.IsZero() {
		expiry = time.AfterFunc(time.Until(until), func() { cancel(errTurnTimeout) })
	}
	r.with(lane, func(t *live) {
		t.cancel = cancel
		if cause := t.due(); cause != nil {
			cancel(cause)
		}
	})
	return ctx, func() {
		if expiry != nil {
			expiry.Stop()
		}
		cancel(nil)
		r.with(lane, func(t *live) { t.cancel = nil })
	}
}

// due is why a step must not go on.
func (t *live) due() error {
	switch {
	case t.gone:
		return errGone
	case t.stop:
		return errStopped
	case t.writing:
		return nil
	case t.interrupted:
		return errInterrupted
	case t.news:
		return errNews
	}
	return nil
}

// act ends the step under way if it must not go on.
func (t *live) act() {
	if cause := t.due(); cause != nil && t.cancel != nil {
		t.cancel(cause)
	}
}

// begun tells which turn it is.
func (t *live) begun(of *Turn, d *draft) {
	t.draft, t.again = d, of.Retried != ""
	t.about(of.Messages)
	for _, n := range t.early {
		t.hear(n)
	}
	t.early = nil
}

// about tells which messages the turn is about from now on.
func (t *live) about(messages []chat.Message) {
	t.messages, t.deleted = messages, nil
	t.gone = t.gone || len(present(messages)) == 0
}

// present are the messages that were not deleted.
func present(messages []chat.Message) []chat.Message {
	if !slices.ContainsFunc(messages, func(m chat.Message) bool { return m.Deleted }) {
		return messages
	}
	return slices.DeleteFunc(slices.Clone(messages), func(m chat.Message) bool { return m.Deleted })
}

func (t *live) hear(n Note) {
	if len(t.messages) == 0 {
		t.early = append(t.early, n)
		return
	}
	i := slices.IndexFunc(t.messages, func(m chat.Message) bool { return m.TS == n.TS })
	switch {
	case i < 0 && n.Came:
		t.came = true
		t.interject()
	case i < 0: // not the turn's: whoever takes the message up reads it then
	case n.Deleted:
		t.lose(n.TS)
	case n.Edited.Compare(t.messages[i].Edited) > 0:
		t.renew()
	}
}

// lose notes that a message of the turn was deleted.
func (t *live) lose(ts chat.TS) {
	if !slices.Contains(t.deleted, ts) {
		t.deleted = append(t.deleted, ts)
	}
	t.gone = t.gone || !slices.ContainsFunc(t.messages, func(m chat.Message) bool {
		return !m.Deleted && !slices.Contains(t.deleted, m.TS)
	})
	if t.gone {
		t.act()
		return
	}
	t.renew()
}

// renew has the turn read its messages again and ask anew, if nobody has read any
// of the answer yet.
func (t *live) renew() bool {
	ok := !t.writing && t.draft.withdraw()
	if ok {
		t.news = true
		t.act()
	}
	return ok
}

// interject does with a message that came what the turn's setting says.
func (t *live) interject() {
	if !t.came || t.midturn == "" || t.midturn == Queue {
		return
	}
	if !t.renew() && t.midturn == Interrupt {
		t.interrupted = true
		t.act()
	}
}

// Stop ends the lane's turn, if one runs here: the connection to the model is
// closed, and what was shown stays with a line that says so. It reports whether
// there was one. Whether the turn is meant is for the caller to know: the store
// tells (inbox.Store, lane.Store).
func (r *Runner) Stop(lane string) bool {
	return r.running.with(lane, func(t *live) { t.stop = true; t.act() })
}

// StopEarly is Stop ahead of the store, for a stop that was asked at the given time
// and is about to be stored: a slow disk keeps nobody waiting. It does nothing to a
// turn that has a newer message, or that a person wanted since.
func (r *Runner) StopEarly(lane string, at chat.TS) {
	r.running.with(lane, func(t *live) {
		newer := func(m chat.Message) bool { return m.TS.Compare(at) > 0 }
		if at == "" || len(t.messages) == 0 || t.again || slices.ContainsFunc(t.messages, newer) {
			return
		}
		t.stop = true
		t.act()
	})
}

// Hear tells the lane's turn, if one runs here, of a message that came, or was
// edited or deleted, and is committed. It never blocks, and may tell what is known.
func (r *Runner) Hear(n Note) { r.running.with(n.Lane, func(t *live) { t.hear(n) }) }
