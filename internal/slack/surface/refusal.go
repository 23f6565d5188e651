package surface

import (
	"context"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// Refuse shows the author of a message, alone, why there is no answer: once in a
// channel, over all turns and replicas. The outbox remembers.
func (all *Surfaces) Refuse(ctx context.Context, f turn.Fence, turnID string, m chat.Message, say string) error {
	w := outbox.Write{Turn: turnID, Key: "refusal/" + m.Team + "/" + m.Channel + "/" + m.User, Op: methodWhisper}
	rows, err := all.outbox.Rows(ctx, turnID)
	if err != nil {
		return err
	}
	ours := false
	for _, r := range rows {
		ours = ours || r.Key == w.Key
	}
	// Nobody can look whether it was shown. What another turn is about to show counts;
	// what this one began before it crashed is shown again: rather twice than never.
	find := func(context.Context, time.Time) (chat.TS, bool, error) { return "", !ours, nil }
	at := m.Conversation
	if at.Root == m.TS {
		at.Root = "" // Slack shows a line in a thread to those who have it open
	}
	_, err = all.outbox.Send(ctx, f, w, func(ctx context.Context) (chat.TS, error) {
		return "", all.slack.Whisper(ctx, at, m.User, say)
	}, find)
	return err
}
