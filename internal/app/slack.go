package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/slack/event"
	"holdfast/internal/slack/surface"
	"holdfast/internal/slack/web"
)

// metadataType marks messages of ours. Slack: Message metadata.
const metadataType = "holdfast_turn"

// slack joins the Web API to the ports of surface and assistant.
type slack struct {
	web *web.Client
	who web.Identity
}

var _ surface.Slack = slack{}

func metadata(m surface.Metadata) *web.Metadata {
	payload, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("encode metadata: %v", err))
	}
	return &web.Metadata{EventType: metadataType, EventPayload: payload}
}

func (s slack) Start(ctx context.Context, m surface.Stream) (chat.TS, error) {
	if !s.web.TryAdmit(ctx, "chat.startStream", m.Conversation.Channel, web.First) {
		return "", surface.ErrBusy
	}
	posted, err := s.web.StartStream(ctx, web.Stream{
		Channel: m.Conversation.Channel, ThreadTS: m.Conversation.Root,
		RecipientUser: m.Recipient, RecipientTeam: m.RecipientTeam,
		Chunks: m.First.Chunks(),
	}, web.Send{Priority: web.First, Admitted: true})
	if e, ok := errors.AsType[*web.Error](err); ok && e.Class == web.Limited {
		return "", fmt.Errorf("%w: %w", surface.ErrBusy, err)
	}
	return posted.TS, err
}

func (s slack) Append(ctx context.Context, channel string, ts chat.TS, c surface.Chunk, tick bool) error {
	send := web.Send{Priority: web.Final}
	if tick {
		send = web.Send{Priority: web.Tick, Admitted: true}
	}
	return s.web.AppendStream(ctx, channel, ts, c.Chunks(), send)
}

func (s slack) Stop(ctx context.Context, m surface.Stop) error {
	status := "processing"
	if m.Last {
		status = "active"
	}
	_, err := s.web.StopStream(ctx, web.StreamEnd{
		Channel: m.Channel, TS: m.TS, Blocks: m.Blocks, Metadata: metadata(m.About), SessionStatus: status,
	}, web.Send{Priority: web.Final})
	return err
}

func (s slack) Post(ctx context.Context, m surface.Post) (chat.TS, error) {
	previews := false // a link in an answer must not fetch anything by itself
	posted, err := s.web.PostMessage(ctx, web.Post{
		Channel: m.Conversation.Channel, ThreadTS: m.Conversation.Root, Text: m.Text, Blocks: m.Blocks,
		Metadata: metadata(m.About), UnfurlLinks: &previews, UnfurlMedia: &previews,
	}, web.Send{Priority: web.Final})
	return posted.TS, err
}

func (s slack) Update(ctx context.Context, ts chat.TS, m surface.Post) error {
	send := web.Send{Priority: web.Final}
	if m.Tick {
		send = web.Send{Priority: web.Tick, Admitted: true}
	}
	_, err := s.web.Update(ctx, web.Change{
		Channel: m.Conversation.Channel, TS: ts, Text: m.Text, Blocks: m.Blocks, Metadata: metadata(m.About),
	}, send)
	return err
}

func (s slack) Delete(ctx context.Context, channel string, ts chat.TS) error {
	return s.web.Delete(ctx, channel, ts, web.Send{Priority: web.Final})
}

func (s slack) Whisper(ctx context.Context, c chat.Conversation, user, text string) error {
	_, err := s.web.PostEphemeral(ctx, web.Whisper{Channel: c.Channel, User: user, ThreadTS: c.Root, Text: text}, web.Send{Priority: web.Final})
	return err
}

func (s slack) Upload(ctx context.Context, name, text string) (string, error) {
	return s.web.Upload(ctx, name, []byte(text), web.Send{Priority: web.Final})
}

func (s slack) Share(ctx context.Context, c chat.Conversation, file, title string) error {
	return s.web.Share(ctx, file, title, c.Channel, string(c.Root), web.Send{Priority: web.Final})
}

func (s slack) Shared(ctx context.Context, file string) (bool, error) {
	_, err := s.web.FileInfo(ctx, file)
	if web.Code(err) == "file_not_found" {
		return false, nil
	}
	return err == nil, err
}

// soon is how long a sign of life may wait for its slot: a late one says
// nothing, and a lower rung may have room.
const soon = 250 * time.Millisecond

func (s slack) Session(ctx context.Context, c chat.Conversation, status, title, initiator string) error {
	send := web.Send{Priority: web.Status, Wait: soon}
	if status != "processing" {
		send = web.Send{Priority: web.Final}
	}
	return s.web.SetSessionStatus(ctx, web.Session{
		Channel: c.Channel, ThreadTS: c.Root, Status: status, Title: title, Initiator: initiator,
	}, send)
}

func (s slack) Phrase(ctx context.Context, c chat.Conversation, phrase string, besides []string) error {
	send := web.Send{Priority: web.Status, Wait: soon}
	if phrase == "" {
		send = web.Send{Priority: web.Final}
	}
	return s.web.SetThreadStatus(ctx, c.Channel, c.Root, phrase, besides, send)
}

func (s slack) React(ctx context.Context, channel string, ts chat.TS, name string, remove bool) error {
	if remove {
		return s.web.RemoveReaction(ctx, channel, ts, name, web.Send{Priority: web.Final})
	}
	return s.web.AddReaction(ctx, channel, ts, name, web.Send{Priority: web.Status, Wait: soon})
}

func (s slack) Tick(ctx context.Context, method, channel string) error {
	return s.web.Admit(ctx, method, channel, web.Tick)
}

func (s slack) Own(ctx context.Context, c chat.Conversation, since time.Time) ([]surface.Posted, error) {
	oldest := chat.TS(fmt.Sprintf("%d.%06d", since.Unix(), since.Nanosecond()/1000))
	var own []surface.Posted
	for page, err := range s.web.Replies(ctx, c.Channel, c.Root, web.Range{Oldest: oldest, Inclusive: true, Limit: 200}, web.Send{Priority: web.First}) {
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if m.Subtype == "file_share" || m.User != s.who.User && (m.BotID == "" || m.BotID != s.who.Bot) {
				continue
			}
			p := surface.Posted{TS: m.TS}
			switch m.Metadata.EventType {
			case metadataType:
				// What another app wrote under our name is as good as none.
				_ = json.Unmarshal(m.Metadata.EventPayload, &p.About)
			case invitationType:
				continue // of no turn
			}
			own = append(own, p)
		}
	}
	return own, nil
}

// Thread reads a thread for the transcript. See assistant.Workspace.
func (s slack) Thread(ctx context.Context, c chat.Conversation) iter.Seq2[[]chat.Message, error] {
	return func(yield func([]chat.Message, error) bool) {
		for page, err := range s.web.Replies(ctx, c.Channel, c.Root, web.Range{Limit: 200}, web.Send{Priority: web.First}) {
			if err != nil {
				yield(nil, err)
				return
			}
			messages := make([]chat.Message, 0, len(page))
			for _, m := range page {
				if speech[m.Subtype] {
					messages = append(messages, said(c, m))
				}
			}
			if !yield(messages, nil) {
				return
			}
		}
	}
}

// Recent reads what was said before a conversation. See assistant.Workspace.
func (s slack) Recent(ctx context.Context, team, channel string, before chat.TS, most int) ([]chat.Message, error) {
	var list []chat.Message
	for page, err := range s.web.History(ctx, channel, web.Range{Latest: before, Limit: min(most+10, 200)}, web.Send{Priority: web.First}) {
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if speech[m.Subtype] && len(list) < most && (m.ThreadTS == "" || m.ThreadTS == m.TS) {
				list = append(list, said(chat.Conversation{Team: team, Channel: channel, Root: m.TS}, m))
			}
		}
		break // the newest page: older ones are not worth a wait
	}
	slices.Reverse(list)
	return list, nil
}

// speech are the subtypes of messages that somebody said. Slack: message event.
var speech = map[string]bool{"": true, "file_share": true, "thread_broadcast": true, "me_message": true, "bot_message": true}

func said(c chat.Conversation, m web.Message) chat.Message {
	return chat.Message{
		Conversation: c, TS: m.TS, User: m.User, BotID: m.BotID, AppID: m.AppID,
		Text: event.Words(m.Raw), Files: m.Files, Edited: m.Edited,
	}
}

// Person reads a profile. See assistant.Workspace.
func (s slack) Members(ctx context.Context, group string) ([]string, error) {
	return s.web.UserGroup(ctx, group, web.Send{Priority: web.First})
}

func (s slack) Person(ctx context.Context, _, id string) (chat.User, error) {
	return s.web.UserInfo(ctx, id, web.Send{Priority: web.First})
}
