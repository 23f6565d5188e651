package assistant

import (
	"context"

	"holdfast/internal/chat"
	"holdfast/internal/transcript"
)

// Archive is what the store remembers of conversations and people.
type Archive interface {
	// History returns a conversation as it is now, oldest first by ts: people's
	// messages that are not deleted, and our own answers (Own set, Text as the
	// Markdown that was given, TS of the first Slack message). Messages of ours
	// that Slack told us of and whose answer is known are left out.
	History(ctx context.Context, c chat.Conversation) ([]transcript.Said, error)
	// Fetched tells whether Slack's own history of the conversation was read to
	// its end once.
	Fetched(ctx context.Context, c chat.Conversation) (bool, error)
	// Keep stores messages read from Slack's history; what is known already
	// with an edit as new or newer is left alone. complete marks it as fetched.
	Keep(ctx context.Context, c chat.Conversation, messages []chat.Message, complete bool) error
	// Around returns the messages at the top of a channel just before a ts, at most so
	// many, oldest first.
	Around(ctx context.Context, team, channel string, before chat.TS, most int) ([]chat.Message, error)
	// Summary returns what stands for the older messages of a conversation; the zero
	// Summary if nothing does. One is gone as soon as a message that it covers is
	// edited, deleted or added.
	Summary(ctx context.Context, c chat.Conversation) (transcript.Summary, error)
	// SaveSummary keeps a summary in place of the one before, unless the messages that
	// it covers are no longer those that it was made of.
	SaveSummary(ctx context.Context, c chat.Conversation, s transcript.Summary, of transcript.Basis) (kept bool, err error)
	// User returns a person, if known.
	User(ctx context.Context, team, id string) (u chat.User, known bool, err error)
	// SaveUser stores what Slack told of a person.
	SaveUser(ctx context.Context, team string, u chat.User) error
}
