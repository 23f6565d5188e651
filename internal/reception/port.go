package reception

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
	"holdfast/internal/settings"
	"holdfast/internal/slack/event"
)

// Store keeps acts until they are done, and what people think of answers.
type Store interface {
	// TakeActs holds the acts named in mine for so long from now, and hands out acts that
	// nobody holds, which are held as long: at most limit, the oldest first.
	TakeActs(ctx context.Context, mine []string, hold time.Duration, limit int) ([]inbox.Entry, error)
	// EndAct closes an act; one that is closed stays so.
	EndAct(ctx context.Context, key string) error
	// SaveFeedback keeps the newest of what a person said of a message. The same again
	// without a reason keeps the reason.
	SaveFeedback(ctx context.Context, f Feedback) error
	// Feedback is what people think of a turn's answer.
	Feedback(ctx context.Context, turn string) ([]Feedback, error)
}

// Slack is what reception calls. An error may have Refused() (code string, ok bool).
type Slack interface {
	Open(ctx context.Context, trigger string, view json.RawMessage) (View, error)
	// Update replaces a view; a hash of an older state of it is refused as "hash_conflict".
	Update(ctx context.Context, v View, view json.RawMessage) (View, error)
	// Respond shows a line to one person by a response_url.
	Respond(ctx context.Context, address, text string) error
	// Whisper shows a line to one person, in a thread if the place has a root.
	Whisper(ctx context.Context, at chat.Conversation, user, text string) error
	// Direct writes to a person in their direct channel.
	Direct(ctx context.Context, user, text string) error
	// Post says something to all under a key, by which Posted finds it.
	Post(ctx context.Context, at chat.Conversation, text, key string) (chat.TS, error)
	Posted(ctx context.Context, at chat.Conversation, key string, since time.Time) (chat.TS, bool, error)
	// Starter is who began a thread; empty if it is nobody's any more.
	Starter(ctx context.Context, at chat.Conversation) (user string, err error)
	// Member reports whether a person is in a channel.
	Member(ctx context.Context, channel, user string) (bool, error)
}

// Reader reads acts.
type Reader interface {
	Act(payload []byte) (event.Act, bool)
}

// Gate tells whether a person may have anything of us. See assistant.Assistant.
type Gate interface {
	Admit(ctx context.Context, m chat.Message) (*policy.Refusal, error)
}

// Settings are what people change. See settings.Settings.
type Settings interface {
	Effective(ctx context.Context, p settings.Place) (settings.Values, error)
	Save(ctx context.Context, s settings.Scope, c settings.Changes, by string, at time.Time, key string) error
}
