package web

import (
	"context"
	"encoding/json"

	"holdfast/internal/chat"
)

// Stream is a native stream to begin. Slack: chat.startStream, 20 a minute per
// workspace. A stream lives for some five minutes and holds some 12,000
// characters, whatever its documentation does not say.
type Stream struct {
	Channel       string
	ThreadTS      chat.TS
	RecipientUser string // required outside direct channels; send it always
	RecipientTeam string // the person's own team
	Chunks        []Chunk
	TaskDisplay   string // "timeline" (the default), "plan" or "dense"
	Face          Face
}

// Chunk is a piece of a stream. A stream that has carried chunks takes no
// plain markdown_text any more, so everything is sent as chunks.
// Slack: chat.appendStream.
type Chunk struct {
	Type string `json:"type"` // "markdown_text", "task_update", "plan_update" or "blocks"

	Text string `json:"text,omitempty"` // of markdown_text, at most 12,000 characters

	// Of a task_update. Each text is at most 256 characters. The same ID again
	// replaces Title and Status, and appends Details and Output.
	ID      string   `json:"id,omitempty"`
	Title   string   `json:"title,omitempty"`  // of a plan_update too
	Status  string   `json:"status,omitempty"` // "pending", "in_progress", "complete" or "error"
	Details string   `json:"details,omitempty"`
	Output  string   `json:"output,omitempty"`
	Sources []Source `json:"sources,omitempty"`

	Blocks json.RawMessage `json:"blocks,omitempty"` // at most 50
}

// Source is a link shown on a task.
type Source struct {
	Type string `json:"type"` // "url"
	URL  string `json:"url"`
	Text string `json:"text"`
}

// Markdown is the chunk for text.
func Markdown(s string) Chunk { return Chunk{Type: "markdown_text", Text: s} }

// StartStream begins a stream and returns where it is.
func (c *Client) StartStream(ctx context.Context, m Stream, s Send) (Posted, error) {
	a := Args{}
	a.Set("channel", m.Channel).Set("thread_ts", string(m.ThreadTS)).
		Set("recipient_user_id", m.RecipientUser).Set("recipient_team_id", m.RecipientTeam).
		Set("task_display_mode", m.TaskDisplay).JSON("chunks", m.Chunks)
	return c.write(ctx, s.request("chat.startStream", m.Channel, m.Face.into(a)))
}

// AppendStream adds chunks to an open stream. Calls for one stream must not
// overlap. Slack: 100 a minute over all streams of the workspace.
func (c *Client) AppendStream(ctx context.Context, channel string, ts chat.TS, chunks []Chunk, s Send) error {
	a := Args{}
	a.Set("channel", channel).Set("ts", string(ts)).JSON("chunks", chunks)
	return c.Call(ctx, s.request("chat.appendStream", channel, a), nil)
}

// StreamEnd is what closes a stream. Slack: chat.stopStream, 20 a minute.
type StreamEnd struct {
	Channel       string
	TS            chat.TS
	Chunks        []Chunk
	Blocks        json.RawMessage // at most 50, shown last
	Metadata      *Metadata
	SessionStatus string // of the agent session; "active" if empty
}

// StopStream closes a stream. If a person or Slack's own time limit closed it
// before, Slack says "message_not_in_streaming_state" or "stopped_by_user",
// and the chunks and blocks were not added: that is for the caller to mend
// with Update, so it is returned.
func (c *Client) StopStream(ctx context.Context, e StreamEnd, s Send) (Posted, error) {
	a := Args{}
	a.Set("channel", e.Channel).Set("ts", string(e.TS)).JSON("chunks", e.Chunks).
		Raw("blocks", e.Blocks).Set("session_status", e.SessionStatus)
	if e.Metadata != nil {
		a.JSON("metadata", e.Metadata)
	}
	return c.write(ctx, s.request("chat.stopStream", e.Channel, a))
}
