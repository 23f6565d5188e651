package inbox

import (
	"context"
	"fmt"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/policy"
)

// Kind says what an entry is.
type Kind string

// The kinds. Only messages and retries become turns.
const (
	Message     Kind = "message"
	Edit        Kind = "edit"
	Deletion    Kind = "deletion"
	Preview     Kind = "preview" // what stands beside a message's own words, such as the title of a link; no turn begins anew for it
	Retry       Kind = "retry"   // a person wants a failed turn to be run again
	Interaction Kind = "interaction"
	Command     Kind = "command"
	Other       Kind = "other" // stored for the record; nobody acts on it
)

// Entry is one delivered thing, classified.
type Entry struct {
	Key     string            // deduplicates: team/channel/ts for a message
	Kind    Kind              //
	Rank    int               // among deliveries of one message, the highest is kept
	Lane    chat.Conversation // set if it is for the assistant; zero: overheard
	Message chat.Message      // for Message, Edit, Preview and Deletion: what the transcript learns
	// Follow is set if the message is perhaps for the assistant: it is, if it goes on
	// with a thread that the assistant follows. This is the operator's setting, which a
	// channel's or a thread's overrules.
	Follow  policy.FollowUps
	Self    string    // with Follow: our own user id; who names it talks to us
	Stop    *Stop     // set if it ends what runs
	Turn    string    // of a Retry: the turn that failed
	Rename  *Rename   // set if a person named a conversation
	Act     bool      // something is to be done about it beside the lanes; it stays open until that is done
	Payload []byte    // the envelope's payload as it came
	At      time.Time // of receipt, UTC
}

// Stop asks that work which was there before it ends. It names one
// conversation by its root, or by a message in it or an answer of ours, or,
// with neither, every conversation of the channel.
type Stop struct {
	Team, Channel string
	Root          chat.TS
	Message       chat.TS
	At            chat.TS // when it was asked, by Slack's clock
	// Word is set if the entry is itself a message that says "stop": it is
	// credited if something was stopped, and is an ordinary message otherwise.
	Word bool
}

// Rename is a title that a person gave to a conversation. It is kept with the entry.
type Rename struct {
	chat.Conversation
	Title string
	By    string
	At    chat.TS // of two, the later counts
}

// Hold is how long an act belongs to the process that received it, if that says nothing
// more of it; then others may do it.
const Hold = 10 * time.Second

// Envelope is what a transport received, before anybody looked inside.
type Envelope struct {
	Type    string // "events_api", "interactive", "slash_commands", or anything
	ID      string // the transport's own; may be empty
	Payload []byte // JSON
	At      time.Time
}

// Store commits entries.
type Store interface {
	// Append commits e and tells whether it brought new work to its lane, or, for an
	// act, whether it is new. It returns only after the commit is durable. An act is
	// held for its receiver for [Hold].
	Append(ctx context.Context, e Entry) (work bool, err error)
	// Stop commits that the work which e.Stop means is to end, and returns the
	// lanes that have such work. Calling it again does no harm.
	Stop(ctx context.Context, e Entry) (lanes []string, err error)
}

// Classifier tells what an envelope is. It looks at bytes alone: it must not
// fail, block, or call out, because Slack's acknowledgement waits for it.
type Classifier interface {
	Classify(Envelope) Entry
}

// Inbox is the one door through which everything comes in.
type Inbox struct {
	store      Store
	classifier Classifier
	wake       func()
	early      func(Stop)
	stop       func(lane string)
	tell       func(e Entry, work bool)
	act        func(Entry) (kept func(fresh bool, err error))
}

// New makes an inbox. wake is called when a lane got work; early for a stop that is
// about to be stored, and stop for each lane whose work is to end once it is, which may
// run anywhere; tell for each message that became work and each edit and deletion, more
// than once if they come more than once; act for each act that is about to be stored,
// as what it brings lives for 3 seconds, and what it returns once that is done or has
// failed. None of them may block.
func New(store Store, c Classifier, wake func(), early func(Stop), stop func(lane string), tell func(e Entry, work bool),
	act func(Entry) (kept func(fresh bool, err error))) *Inbox {
	return &Inbox{store: store, classifier: c, wake: wake, early: early, stop: stop, tell: tell, act: act}
}

// Receive stores one envelope. When it returns nil, the envelope may be
// acknowledged; on an error it must not be, so that Slack delivers it again.
func (in *Inbox) Receive(ctx context.Context, env Envelope) error {
	e := in.classifier.Classify(env)
	if e.Stop != nil && !e.Stop.Word { // the word must find what it stops, to be credited
		in.early(*e.Stop)
	}
	var kept func(bool, error)
	if e.Act {
		kept = in.act(e)
	}
	work, err := in.store.Append(ctx, e)
	if e.Act {
		kept(work, err)
		work = false // of no lane
	}
	if err != nil {
		return fmt.Errorf("store %s envelope %s: %w", env.Type, env.ID, err)
	}
	if e.Stop != nil {
		lanes, err := in.store.Stop(ctx, e)
		if err != nil {
			return fmt.Errorf("store the stop of %s envelope %s: %w", env.Type, env.ID, err)
		}
		for _, lane := range lanes {
			in.stop(lane)
		}
	}
	if work {
		in.wake()
	}
	if work && e.Kind == Message || e.Kind == Edit || e.Kind == Deletion {
		in.tell(e, work)
	}
	return nil
}
