package app

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/gap"
	"holdfast/internal/inbox"
	"holdfast/internal/slack/event"
	"holdfast/internal/slack/web"
)

// histories is Slack as gap reads it.
type histories struct{ web *web.Client }

// patient reads when nothing else has to be done, however long that takes: where
// Slack allows a call a minute, a gap of many pages is read for hours.
var patient = web.Send{Priority: web.Backfill, Wait: 24 * time.Hour, Again: 6}

// allKinds are the types of users.conversations.
var allKinds = []string{"im", "mpim", "public_channel", "private_channel"}

// Channels lists all kinds at once, and one by one if the app lacks the scope
// for some.
func (h histories) Channels(ctx context.Context) iter.Seq2[[]gap.Channel, error] {
	return func(yield func([]gap.Channel, error) bool) {
		lists := [][]string{allKinds}
		for len(lists) > 0 {
			kinds := lists[0]
			lists = lists[1:]
			for page, err := range h.web.Conversations(ctx, kinds, patient) {
				if web.Code(err) == "missing_scope" {
					if len(kinds) > 1 {
						lists = [][]string{allKinds[:1], allKinds[1:2], allKinds[2:3], allKinds[3:]}
					}
					break
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(joined(page), nil) {
					return
				}
			}
		}
	}
}

func joined(page []web.Conversation) (in []gap.Channel) {
	for _, c := range page {
		in = append(in, gap.Channel{ID: c.ID, Kind: kindOf(c)})
	}
	return in
}

// kindOf is Slack's channel_type.
func kindOf(c web.Conversation) string {
	switch {
	case c.Direct:
		return "im"
	case c.Group:
		return "mpim"
	case c.Private:
		return "group"
	}
	return "channel"
}

func (h histories) History(ctx context.Context, channel string, oldest chat.TS) iter.Seq2[[]gap.Message, error] {
	return listed(h.web.History(ctx, channel, web.Range{Oldest: oldest, Limit: 200}, patient))
}

func (h histories) Replies(ctx context.Context, channel string, root, oldest chat.TS) iter.Seq2[[]gap.Message, error] {
	return listed(h.web.Replies(ctx, channel, root, web.Range{Oldest: oldest, Limit: 200}, patient))
}

func listed(pages iter.Seq2[[]web.Message, error]) iter.Seq2[[]gap.Message, error] {
	return func(yield func([]gap.Message, error) bool) {
		for page, err := range pages {
			list := make([]gap.Message, len(page))
			for i, m := range page {
				list[i] = gap.Message{TS: m.TS, LatestReply: m.Latest, Raw: m.Raw}
			}
			if !yield(list, err) {
				return
			}
		}
	}
}

// missed puts a listed message through the inbox as the event that was missed.
func missed(in *inbox.Inbox, team string, count func()) func(context.Context, gap.Channel, json.RawMessage) error {
	return func(ctx context.Context, c gap.Channel, raw json.RawMessage) error {
		payload, err := event.FromHistory(team, c.ID, c.Kind, raw)
		if err != nil {
			return nil // no message at all: nobody waits for an answer to it
		}
		count()
		return in.Receive(ctx, inbox.Envelope{Type: "events_api", Payload: payload, At: time.Now()})
	}
}
