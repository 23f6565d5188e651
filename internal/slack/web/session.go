package web

import (
	"context"

	"holdfast/internal/chat"
)

// Session is the state of an agent session. Slack: agents.sessions.setStatus.
type Session struct {
	Channel  string
	ThreadTS chat.TS // the root; empty for session channels alone
	// Status is "processing" (Slack shows that it is at work, with a button to
	// stop it, and falls back to active after an hour), "active", "suspended"
	// (waits for a person) or "closed".
	Status    string
	Title     string // at most 200 characters; applied only when the session is created
	Initiator string // the person who began it; only on creation, and a member of the channel
	Face      Face
}

// SetSessionStatus sets the state of an agent session.
func (c *Client) SetSessionStatus(ctx context.Context, v Session, s Send) error {
	a := Args{}
	a.Set("channel_id", v.Channel).Set("thread_ts", string(v.ThreadTS)).Set("status", v.Status).
		Set("title", v.Title).Set("initiator_user_id", v.Initiator)
	return c.Call(ctx, s.request("agents.sessions.setStatus", v.Channel, v.Face.into(a)), nil)
}

// RenameSession gives an agent session a title of 1 to 200 characters. A title
// that a person gave must not be overwritten. Slack: agents.sessions.rename.
func (c *Client) RenameSession(ctx context.Context, channel string, thread chat.TS, title string, s Send) error {
	a := Args{}
	a.Set("channel_id", channel).Set("thread_ts", string(thread)).Set("title", title)
	return c.Call(ctx, s.request("agents.sessions.rename", channel, a), nil)
}

// SetThreadStatus shows a line of prose under a thread, or clears it if status
// is empty. Slack clears it after two minutes, and whenever the app posts.
// loading holds at most ten phrases that Slack shows in turn.
// Slack: assistant.threads.setStatus.
func (c *Client) SetThreadStatus(ctx context.Context, channel string, thread chat.TS, status string, loading []string, s Send) error {
	a := Args{"status": {status}} // empty means something here
	a.Set("channel_id", channel).Set("thread_ts", string(thread))
	if len(loading) > 0 {
		a.JSON("loading_messages", loading)
	}
	return c.Call(ctx, s.request("assistant.threads.setStatus", channel, a), nil)
}

// SetThreadTitle gives a thread of the older assistant view a title.
// Slack: assistant.threads.setTitle.
func (c *Client) SetThreadTitle(ctx context.Context, channel string, thread chat.TS, title string, s Send) error {
	a := Args{}
	a.Set("channel_id", channel).Set("thread_ts", string(thread)).Set("title", title)
	return c.Call(ctx, s.request("assistant.threads.setTitle", channel, a), nil)
}

// Prompt is a suggestion that a person can click.
type Prompt struct {
	Title   string `json:"title"`
	Message string `json:"message"`
}

// SetSuggestedPrompts shows at most four prompts, above the Messages tab if
// thread is empty. Slack: assistant.threads.setSuggestedPrompts.
func (c *Client) SetSuggestedPrompts(ctx context.Context, channel string, thread chat.TS, title string, prompts []Prompt, s Send) error {
	a := Args{}
	a.Set("channel_id", channel).Set("thread_ts", string(thread)).Set("title", title).JSON("prompts", prompts)
	return c.Call(ctx, s.request("assistant.threads.setSuggestedPrompts", channel, a), nil)
}
