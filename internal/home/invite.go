package home

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// Inviting is what Inviter asks of the workspace.
type Inviting interface {
	// Invite posts the invitation to the settings, and tells its ts; whispered, only the
	// person sees it, and it has none.
	Invite(ctx context.Context, at chat.Conversation, person string, whisper bool) (chat.TS, error)
	// Invited looks for an invitation in a thread that was posted since a time.
	Invited(ctx context.Context, at chat.Conversation, since time.Time) (ts chat.TS, found bool, err error)
}

// InviterOptions say who else has a part in it.
type InviterOptions struct {
	// Settled tells whether a person has settings of their own already.
	Settled func(ctx context.Context, team, person string) (bool, error)
	// Hold has a thing to itself for a while, over all replicas; a ttl of 0 lets it go.
	Hold   func(ctx context.Context, name string, ttl time.Duration) (held bool, err error)
	Logger *slog.Logger
}

// Inviter invites each person to the settings, once ever, after an answer: by a message
// in their direct channel, and by a line that only they see elsewhere. The outbox
// remembers, under a key of the person's own.
type Inviter struct {
	box   *outbox.Outbox
	slack Inviting
	o     InviterOptions

	mu   sync.Mutex
	busy map[string]bool // by key
}

// NewInviter makes an Inviter.
func NewInviter(box *outbox.Outbox, slack Inviting, o InviterOptions) *Inviter {
	return &Inviter{box: box, slack: slack, o: o, busy: map[string]bool{}}
}

const (
	inviteDeadline = 10 * time.Second // the lane waits
	// abandoned is the age at which an invitation that another turn began is no more
	// being made, though that turn never said how it ended.
	abandoned = 5 * time.Minute
)

// invitation is what its row keeps: where it was posted.
type invitation struct {
	Channel string  `json:"channel"`
	Root    chat.TS `json:"root"`
	Whisper bool    `json:"whisper,omitempty"`
}

// Ended is told of a turn that ends; see turn.Options.Ending. What fails is tried again
// after the person's next answer.
func (i *Inviter) Ended(ctx context.Context, f turn.Fence, t *turn.Turn, r turn.Result) {
	person := t.Last()
	if r.State != turn.Answered || person.User == "" || person.BotID != "" || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, inviteDeadline, errors.New("the invitation took too long"))
	defer cancel()
	if err := i.invite(ctx, f, t, person); err != nil && ctx.Err() == nil {
		i.o.Logger.Warn("a person is not invited to the settings", "user", person.User, "lane", f.Lane, "err", err)
	}
}

func (i *Inviter) invite(ctx context.Context, f turn.Fence, t *turn.Turn, person chat.Message) error {
	key := "invitation/" + person.Team + "/" + person.User
	before, begun, err := i.box.Row(ctx, key)
	if err != nil || begun && before.State == outbox.Confirmed {
		return err
	}
	if !begun {
		if settled, err := i.o.Settled(ctx, person.Team, person.User); err != nil || settled {
			return err
		}
	}
	// A person may be answered in two places at once.
	done, mine, err := i.alone(ctx, key)
	if err != nil || !mine {
		return err
	}
	defer done()
	if before, begun, err = i.box.Row(ctx, key); err != nil {
		return err
	}
	if begun && (before.State == outbox.Sent || before.State == outbox.Unknown) {
		if before.State == outbox.Sent && before.Turn != t.ID && time.Since(before.At) < abandoned {
			return nil // whoever began it goes on with it
		}
		var was invitation
		if err := json.Unmarshal(before.Body, &was); err != nil {
			return fmt.Errorf("read the place of an invitation: %w", err)
		}
		if before, err = i.box.Resolve(ctx, f, before, i.find(person.Team, was)); err != nil {
			return err
		}
	}
	if begun && before.State == outbox.Confirmed {
		return nil
	}
	return i.send(ctx, f, t, person, key)
}

func (i *Inviter) send(ctx context.Context, f turn.Fence, t *turn.Turn, person chat.Message, key string) error {
	at, whisper := t.Conversation, !t.Conversation.Direct()
	w := outbox.Write{Turn: t.ID, Key: key, Op: "chat.postMessage"}
	if whisper {
		w.Op = "chat.postEphemeral"
		if at.Root == person.TS {
			at.Root = "" // Slack shows a line in a thread to those who have it open
		}
	}
	place := invitation{Channel: at.Channel, Root: at.Root, Whisper: whisper}
	var err error
	if w.Body, err = json.Marshal(place); err != nil {
		return fmt.Errorf("encode the place of an invitation: %w", err)
	}
	_, err = i.box.Send(ctx, f, w, func(ctx context.Context) (chat.TS, error) {
		return i.slack.Invite(ctx, at, person.User, whisper)
	}, i.find(person.Team, place))
	return err
}

// find looks for an invitation where it was posted. Nobody can look whether a line was
// shown to one person: rather never than twice.
func (i *Inviter) find(team string, was invitation) outbox.Find {
	return func(ctx context.Context, sent time.Time) (chat.TS, bool, error) {
		if was.Whisper {
			return "", true, nil
		}
		return i.slack.Invited(ctx, chat.Conversation{Team: team, Channel: was.Channel, Root: was.Root}, sent.Add(-10*time.Second))
	}
}

// alone has the key to itself until done is called; not mine: somebody else has it.
func (i *Inviter) alone(ctx context.Context, key string) (done func(), mine bool, err error) {
	if !i.enter(key) {
		return nil, false, nil
	}
	held, err := i.o.Hold(ctx, key, time.Minute)
	if err != nil || !held {
		i.leave(key)
		return nil, false, err
	}
	return func() {
		// If it cannot be let go, it is free in a minute.
		if _, err := i.o.Hold(context.WithoutCancel(ctx), key, 0); err != nil {
			i.o.Logger.Debug("an invitation stays held for a while", "err", err)
		}
		i.leave(key)
	}, true, nil
}

func (i *Inviter) enter(key string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.busy[key] {
		return false
	}
	i.busy[key] = true
	return true
}

func (i *Inviter) leave(key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.busy, key)
}
