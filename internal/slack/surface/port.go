package surface

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// Slack is what a surface asks of the Web API. An error of a call whose effect
// is not known implements outbox.Unresolved; one that Slack refused implements
// Refusal.
type Slack interface {
	// Start begins a stream (chat.startStream) if a slot is free now, else
	// returns ErrBusy without calling.
	Start(ctx context.Context, m Stream) (chat.TS, error)
	// Append adds to a stream (chat.appendStream). tick: its slot was had from Tick.
	Append(ctx context.Context, channel string, ts chat.TS, c Chunk, tick bool) error
	// Stop ends a stream (chat.stopStream).
	Stop(ctx context.Context, m Stop) error
	// Post sends a message (chat.postMessage) and tells its ts.
	Post(ctx context.Context, m Post) (chat.TS, error)
	// Update replaces a message of ours (chat.update).
	Update(ctx context.Context, ts chat.TS, m Post) error
	// Delete removes a message of ours (chat.delete).
	Delete(ctx context.Context, channel string, ts chat.TS) error
	// Whisper shows a line to one person (chat.postEphemeral).
	Whisper(ctx context.Context, c chat.Conversation, user, text string) error
	// Upload sends a file that nobody sees before it is shared, and names it.
	Upload(ctx context.Context, name, text string) (file string, err error)
	// Share posts a file that was sent (files.completeUploadExternal).
	Share(ctx context.Context, c chat.Conversation, file, title string) error
	// Shared tells whether a file was shared.
	Shared(ctx context.Context, file string) (bool, error)

	// Session sets the agent session's state (agents.sessions.setStatus). A sign
	// for which there is no slot soon is dropped; the end of one is waited for.
	Session(ctx context.Context, c chat.Conversation, status, title, initiator string) error
	// Phrase sets the status line (assistant.threads.setStatus). What it holds besides is
	// shown in turn.
	Phrase(ctx context.Context, c chat.Conversation, phrase string, besides []string) error
	// React adds or removes a reaction.
	React(ctx context.Context, channel string, ts chat.TS, name string, remove bool) error

	// Tick waits until an update that may be skipped can be sent by method.
	Tick(ctx context.Context, method, channel string) error

	// Own lists our messages in the conversation that are not older than since.
	Own(ctx context.Context, c chat.Conversation, since time.Time) ([]Posted, error)
}

// Refusal is implemented by errors with which Slack refused a call.
type Refusal interface {
	error
	Refused() (code string, ok bool)
}

// Metadata names what a message is; every app of the workspace can read it.
// Slack: Message metadata.
type Metadata struct {
	Turn string `json:"turn"`
	Part int    `json:"part"`
}

// Stream is a stream to begin.
type Stream struct {
	Conversation  chat.Conversation
	Recipient     string // the person who asked
	RecipientTeam string
	First         Chunk
}

// Chunk is what a stream gets at once.
type Chunk struct {
	Markdown string // may be empty
	Steps    []turn.Step
}

// Stop ends a stream. Blocks stand under its text.
type Stop struct {
	Channel string
	TS      chat.TS
	Blocks  json.RawMessage
	About   Metadata
	Last    bool // the turn ends with it: the session is active again
}

// Post is a whole message.
type Post struct {
	Conversation chat.Conversation
	Text         string // mrkdwn, for notifications and clients without blocks
	Blocks       json.RawMessage
	About        Metadata
	Tick         bool // an update that a newer one will replace; its slot was had from Tick
}

// Posted is a message of ours as Slack lists it.
type Posted struct {
	TS    chat.TS
	About Metadata // zero if it has none of ours
}
