package web

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"

	"holdfast/internal/chat"
)

// Message is a message as Slack lists it.
type Message struct {
	Type      string
	Subtype   string
	User      string
	BotID     string
	AppID     string
	Team      string
	Text      string
	TS        chat.TS
	ThreadTS  chat.TS
	Edited    chat.TS
	Files     []chat.File
	Streaming string  // "in_progress", "completed", "errored", or empty
	Replies   int     // of a thread's root
	Latest    chat.TS // reply of a thread's root
	Metadata  Metadata
	Raw       json.RawMessage // the whole, as it came
}

// UnmarshalJSON reads what it can: a field of an unexpected type is as if it
// were not there.
func (m *Message) UnmarshalJSON(b []byte) error {
	var w struct {
		Type      text   `json:"type"`
		Subtype   text   `json:"subtype"`
		User      text   `json:"user"`
		BotID     text   `json:"bot_id"`
		AppID     text   `json:"app_id"`
		Team      text   `json:"team"`
		Text      text   `json:"text"`
		TS        text   `json:"ts"`
		ThreadTS  text   `json:"thread_ts"`
		Streaming text   `json:"streaming_state"`
		Replies   number `json:"reply_count"`
		Latest    text   `json:"latest_reply"`
		Edited    struct {
			TS text `json:"ts"`
		} `json:"edited"`
		Files []struct {
			ID       text   `json:"id"`
			Name     text   `json:"name"`
			Mimetype text   `json:"mimetype"`
			Size     number `json:"size"`
		} `json:"files"`
		Metadata struct {
			EventType    text            `json:"event_type"`
			EventPayload json.RawMessage `json:"event_payload"`
		} `json:"metadata"`
	}
	_ = json.Unmarshal(b, &w) // a type that does not fit leaves its field empty
	*m = Message{
		Type: string(w.Type), Subtype: string(w.Subtype), User: string(w.User), BotID: string(w.BotID),
		AppID: string(w.AppID), Team: string(w.Team), Text: string(w.Text), TS: chat.TS(w.TS),
		ThreadTS: chat.TS(w.ThreadTS), Edited: chat.TS(w.Edited.TS), Streaming: string(w.Streaming),
		Replies: int(w.Replies), Latest: chat.TS(w.Latest),
		Metadata: Metadata{EventType: string(w.Metadata.EventType), EventPayload: w.Metadata.EventPayload},
		Raw:      append(json.RawMessage(nil), b...),
	}
	for _, f := range w.Files {
		if f.ID != "" {
			m.Files = append(m.Files, chat.File{ID: string(f.ID), Name: string(f.Name),
				Mimetype: string(f.Mimetype), Size: int64(f.Size)})
		}
	}
	return nil
}

// Range bounds a walk over messages. Both ends are left out unless Inclusive.
type Range struct {
	Oldest, Latest chat.TS
	Inclusive      bool
	Limit          int // per page; Slack's default if zero, 15 at most under its rule for apps outside the Marketplace
}

func (r Range) args(channel string) Args {
	a := Args{}
	return a.Set("channel", channel).Set("oldest", string(r.Oldest)).Set("latest", string(r.Latest)).
		Bool("inclusive", r.Inclusive).Int("limit", r.Limit).Bool("include_all_metadata", true)
}

// History walks a channel's top-level messages page by page, newest first.
// After an error the walk is over, and what came before it is not the whole.
// Slack: conversations.history.
func (c *Client) History(ctx context.Context, channel string, r Range, s Send) iter.Seq2[[]Message, error] {
	return c.pages(ctx, s, s.request("conversations.history", channel, r.args(channel)), "")
}

// Replies walks a thread page by page, oldest first, beginning with its root.
// After an error the walk is over, and what came before it is not the whole.
// Slack: conversations.replies.
func (c *Client) Replies(ctx context.Context, channel string, root chat.TS, r Range, s Send) iter.Seq2[[]Message, error] {
	return c.pages(ctx, s, s.request("conversations.replies", channel, r.args(channel).Set("ts", string(root))), root)
}

// pages follows Slack's cursor, or, where there is more and none is given, or
// it is one that was given before or does not hold any more, goes on by the last
// ts. Slack repeats the root on each page of a thread; it is yielded once.
func (c *Client) pages(ctx context.Context, s Send, r Request, root chat.TS) iter.Seq2[[]Message, error] {
	return func(yield func([]Message, error) bool) {
		r := r // the walk may be taken again, from its beginning
		r.Args = maps.Clone(r.Args)
		seen := map[string]bool{}
		var last chat.TS // the farthest so far
		for first := true; ; first = false {
			var out struct {
				Messages []Message `json:"messages"`
				HasMore  flag      `json:"has_more"`
				Metadata struct {
					Next text `json:"next_cursor"`
				} `json:"response_metadata"`
			}
			if err := c.page(ctx, s, r, &out); err != nil {
				if Code(err) == "invalid_cursor" && len(r.Args["cursor"]) > 0 && last != "" {
					goOn(r.Args, root, last)
					continue
				}
				yield(nil, err)
				return
			}
			page := out.Messages
			if !first && root != "" && len(page) > 0 && page[0].TS == root {
				page = page[1:]
			}
			before := last
			for _, m := range page {
				if m.TS != root && (last == "" || (m.TS.Compare(last) > 0) == (root != "")) {
					last = m.TS
				}
			}
			if !yield(page, nil) {
				return
			}
			next := string(out.Metadata.Next)
			switch {
			case next != "" && !seen[next]:
				seen[next] = true
				r.Args.Set("cursor", next)
			case next == "" && !bool(out.HasMore):
				return
			case last != before: // there is more, and no way named that leads to it
				goOn(r.Args, root, last)
			case first:
				yield(nil, &Error{Method: r.Method, Code: "no_way_to_next_page", Status: 200, Class: Unknown,
					Cause: fmt.Errorf("Slack says there is more, with the cursor %q", next)})
				return
			default:
				return // Slack was asked for what is beyond the last message, and had nothing
			}
		}
	}
}

// goOn asks for what is beyond the last message instead of a cursor's page.
func goOn(a Args, root, last chat.TS) {
	delete(a, "cursor")
	delete(a, "inclusive") // else the last message comes again
	if root == "" {
		a.Set("latest", string(last))
	} else {
		a.Set("oldest", string(last))
	}
}
