package turn

import (
	"errors"
	"fmt"
	"time"

	"holdfast/internal/chat"
)

// State is where a turn stands.
type State string

// The states. The last five are terminal.
const (
	Queued   State = "queued"
	Running  State = "running"
	Waiting  State = "waiting" // for a person's approval or answer
	Answered State = "answered"
	Merged   State = "merged" // into a turn that answered
	Declined State = "declined"
	Stopped  State = "stopped"
	Failed   State = "failed"
)

// Terminal reports whether nothing comes after s.
func (s State) Terminal() bool {
	switch s {
	case Answered, Merged, Declined, Stopped, Failed:
		return true
	}
	return false
}

// To is the only way from one state to another: it returns next, or an error
// if the machine has no such arrow.
func (s State) To(next State) (State, error) {
	ok := false
	switch s {
	case Queued:
		ok = next == Running || next == Merged || next == Declined
	case Running:
		// Running to running is a new attempt by a new owner.
		ok = next == Running || next == Waiting || next.Terminal()
	case Waiting:
		ok = next == Running || next == Stopped || next == Failed
	}
	if !ok {
		return s, fmt.Errorf("turn: no way from %q to %q", s, next)
	}
	return next, nil
}

// Fence is a replica's right to run a lane: who, and the growing number that
// makes a late owner's writes fail.
type Fence struct {
	Lane  string
	Owner string // an incarnation of a replica; never used twice
	Epoch int64
}

// ErrFenced is returned by a store when the fence is no longer the lane's.
// The late owner drops what it has and does nothing more.
var ErrFenced = errors.New("turn: the lane has a new owner")

// ErrYield is the cause with which a turn's context is cancelled when the
// process stops in good order. It costs the turn no attempt.
var ErrYield = errors.New("turn: the process is stopping")

// Turn is one run for one or more messages of a conversation.
type Turn struct {
	ID           string
	Conversation chat.Conversation
	Attempt      int            // 1 for the first, and for one after a yield
	Resumed      bool           // an earlier run may have shown something
	Messages     []chat.Message // in Slack's order; each is credited
	Journal      []Record       // what earlier attempts did
	Started      time.Time      // of the first attempt
	Retried      string         // the failed turn that a person wants again; this one takes its place in Slack
	Stop         bool           // a person asked that it end, before it was begun or taken up
	// Working shows that something is done that takes a while; set while the turn is
	// briefed.
	Working func(phrase string)
}

// Last is the newest message of the turn.
func (t *Turn) Last() chat.Message { return t.Messages[len(t.Messages)-1] }

// Result is how a turn ended.
type Result struct {
	State  State  // terminal
	Reason string // for declined, stopped and failed: a stable code, such as "model_unreachable"
	Answer string // the whole text that was shown, as Markdown
	// AnswerTS is the first message of the surface; empty if nothing was shown.
	AnswerTS chat.TS
}

// Failure is an error with two audiences: Say is what the person reads, Cause
// is for the log.
type Failure struct {
	Code  string        // stable, such as "rate_limited"
	Say   string        // one plain sentence: what happened and what to do next
	Retry bool          // asking again can help
	After time.Duration // not before; 0 if the endpoint did not say
	Cause error
}

func (f *Failure) Error() string {
	if f.Cause == nil {
		return f.Code
	}
	return f.Code + ": " + f.Cause.Error()
}

func (f *Failure) Unwrap() error { return f.Cause }
