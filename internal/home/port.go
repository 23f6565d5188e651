package home

import (
	"context"
	"time"

	"holdfast/internal/chat"
)

// Store keeps names of conversations, who took part in them, and what stands in Slack.
type Store interface {
	// Title is a conversation's name; the zero Title if it has none.
	Title(ctx context.Context, c chat.Conversation) (Title, error)
	// TryTitle notes that a title is tried for, and reports whether it should be: the
	// conversation has none, fewer than most tries, and the last is longer ago than pause.
	TryTitle(ctx context.Context, c chat.Conversation, most int, pause time.Duration) (bool, error)
	// SetTitle keeps a title of ours, unless a person gave one. A person's is kept by
	// the inbox, with the entry that told of it (inbox.Entry.Rename).
	SetTitle(ctx context.Context, c chat.Conversation, title string) (kept bool, err error)
	// Talks lists the conversations in which a person had a turn, at most limit, the
	// newest first. One in which none of the person's messages is left is left out.
	Talks(ctx context.Context, team, person string, limit int) ([]Talk, error)
	// Shown is what SetShown said last of a place, and when; empty if it never did.
	Shown(ctx context.Context, place string) (what string, at time.Time, err error)
	SetShown(ctx context.Context, place, what string) error
}

// Title is a conversation's name.
type Title struct {
	Text string
	By   string // the person who gave it; empty: ours
}

// Talk is a conversation that a person took part in.
type Talk struct {
	Conversation chat.Conversation
	Title        Title     // zero if it has none
	Said         string    // the person's own first message, as Slack writes it
	At           time.Time // of the last turn
}
