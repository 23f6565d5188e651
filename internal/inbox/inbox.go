package inbox

import (
	"context"
	"fmt"
	"time"

	"holdfast/internal/chat"
)

// Kind says what an entry is.
type Kind string

// The kinds. Only messages become turns.
const (
	Message     Kind = "message"
	Edit        Kind = "edit"
	Deletion    Kind = "deletion"
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
	Message chat.Message      // for Message, Edit and Deletion: what the transcript learns
	Payload []byte            // the envelope's payload as it came
	At      time.Time         // of receipt, UTC
}

// Envelope is what a transport received, before anybody looked inside.
type Envelope struct {
	Type    string // "events_api", "interactive", "slash_commands", or anything
	ID      string // the transport's own; may be empty
	Payload []byte // JSON
	At      time.Time
}

// Store commits entries.
type Store interface {
	// Append commits e and tells whether it brought new work to its lane. It
	// returns only after the commit is durable.
	Append(ctx context.Context, e Entry) (work bool, err error)
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
}

// New makes an inbox. wake is called, without blocking, when a lane got work.
func New(store Store, c Classifier, wake func()) *Inbox {
	return &Inbox{store: store, classifier: c, wake: wake}
}

// Receive stores one envelope. When it returns nil, the envelope may be
// acknowledged; on an error it must not be, so that Slack delivers it again.
func (in *Inbox) Receive(ctx context.Context, env Envelope) error {
	work, err := in.store.Append(ctx, in.classifier.Classify(env))
	if err != nil {
		return fmt.Errorf("store %s envelope %s: %w", env.Type, env.ID, err)
	}
	if work {
		in.wake()
	}
	return nil
}
