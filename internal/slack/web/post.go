package web

import (
	"context"
	"encoding/json"

	"holdfast/internal/chat"
)

// Metadata names what a message is. Every app and member of the workspace can
// read it. Slack: Message metadata.
type Metadata struct {
	EventType    string          `json:"event_type"`
	EventPayload json.RawMessage `json:"event_payload"` // an object
}

// Face replaces the app's name and picture on one message; it needs the scope
// chat:write.customize. Icon is a URL if it has no colons around it.
type Face struct {
	Username  string
	IconEmoji string
	IconURL   string
}

func (f Face) into(a Args) Args {
	return a.Set("username", f.Username).Set("icon_emoji", f.IconEmoji).Set("icon_url", f.IconURL)
}

// Post is a message to be sent. Slack: chat.postMessage.
type Post struct {
	Channel  string // a user's id sends to that person's direct channel
	ThreadTS chat.TS
	// Text is mrkdwn. Slack splits it above some 4,000 characters, where it
	// likes, and cuts it above 40,000. With Blocks it is for notifications.
	Text string
	// Markdown is at most 12,000 characters, and excludes Text and Blocks.
	Markdown    string
	Blocks      json.RawMessage // an array of at most 50
	Metadata    *Metadata
	Broadcast   bool // show a thread's reply in the channel too
	UnfurlLinks *bool
	UnfurlMedia *bool
	Face        Face
}

// PostMessage sends a message.
func (c *Client) PostMessage(ctx context.Context, p Post, s Send) (Posted, error) {
	a := Args{}
	a.Set("channel", p.Channel).Set("thread_ts", string(p.ThreadTS)).Set("text", p.Text).
		Set("markdown_text", p.Markdown).Raw("blocks", p.Blocks).Bool("reply_broadcast", p.Broadcast).
		Maybe("unfurl_links", p.UnfurlLinks).Maybe("unfurl_media", p.UnfurlMedia)
	if p.Metadata != nil {
		a.JSON("metadata", p.Metadata)
	}
	return c.write(ctx, s.request(postMethod, p.Channel, p.Face.into(a)))
}

// Change replaces a message of ours. Slack: chat.update.
type Change struct {
	Channel string // never a user's id
	TS      chat.TS
	// Text is at most 4,000 characters. Without Blocks, it removes the old ones.
	Text     string
	Markdown string          // at most 12,000 characters; excludes Text and Blocks
	Blocks   json.RawMessage // with blocks, Slack does not mark the message as edited
	Metadata *Metadata
	// DropMetadata removes what metadata the message has.
	DropMetadata bool
}

// Update replaces a message of ours. On a stream that is still open Slack says
// "streaming_state_conflict".
func (c *Client) Update(ctx context.Context, u Change, s Send) (Posted, error) {
	a := Args{}
	a.Set("channel", u.Channel).Set("ts", string(u.TS)).Set("text", u.Text).
		Set("markdown_text", u.Markdown).Raw("blocks", u.Blocks)
	switch {
	case u.Metadata != nil:
		a.JSON("metadata", u.Metadata)
	case u.DropMetadata:
		a.Set("metadata", "{}")
	}
	return c.write(ctx, s.request("chat.update", u.Channel, a))
}

// Delete removes a message of ours. One that is gone already is a success.
// Slack: chat.delete.
func (c *Client) Delete(ctx context.Context, channel string, ts chat.TS, s Send) error {
	a := Args{}
	a.Set("channel", channel).Set("ts", string(ts))
	return c.done(ctx, s.request("chat.delete", channel, a), "message_not_found")
}

// Whisper is a message that one person sees until they reload. It cannot be
// changed. Slack: chat.postEphemeral.
type Whisper struct {
	Channel  string
	User     string
	ThreadTS chat.TS // shown only if the person has the thread open
	Text     string  // at most 4,000 characters
	Markdown string
	Blocks   json.RawMessage
}

// PostEphemeral shows a message to one person.
func (c *Client) PostEphemeral(ctx context.Context, w Whisper, s Send) (Posted, error) {
	a := Args{}
	a.Set("channel", w.Channel).Set("user", w.User).Set("thread_ts", string(w.ThreadTS)).
		Set("text", w.Text).Set("markdown_text", w.Markdown).Raw("blocks", w.Blocks)
	return c.write(ctx, s.request("chat.postEphemeral", w.Channel, a))
}

// AddReaction adds a reaction, named without colons; one that is there is a
// success. Slack: reactions.add.
func (c *Client) AddReaction(ctx context.Context, channel string, ts chat.TS, name string, s Send) error {
	return c.done(ctx, reaction("reactions.add", channel, ts, name, s), "already_reacted")
}

// RemoveReaction removes our reaction; one that is gone is a success.
// Slack: reactions.remove.
func (c *Client) RemoveReaction(ctx context.Context, channel string, ts chat.TS, name string, s Send) error {
	return c.done(ctx, reaction("reactions.remove", channel, ts, name, s), "no_reaction")
}

func reaction(method, channel string, ts chat.TS, name string, s Send) Request {
	a := Args{}
	a.Set("channel", channel).Set("timestamp", string(ts)).Set("name", name)
	return s.request(method, channel, a)
}
