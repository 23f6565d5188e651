package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/reception"
	"holdfast/internal/slack/event"
	"holdfast/internal/slack/web"
)

// noticeType marks what we say of our own accord. Slack: Message metadata.
const noticeType = "holdfast_notice"

// reach joins the Web API to what reception calls.
type reach struct{ web *web.Client }

var _ reception.Slack = reach{}

// now is for what a person waits for with a window open.
var now = web.Send{Priority: web.Final, Timeout: 5 * time.Second}

func (k reach) Open(ctx context.Context, trigger string, view json.RawMessage) (reception.View, error) {
	send := now
	send.Wait = 2 * time.Second // a trigger lives for three
	v, err := k.web.OpenView(ctx, trigger, view, send)
	return reception.View(v), err
}

func (k reach) Update(ctx context.Context, v reception.View, view json.RawMessage) (reception.View, error) {
	made, err := k.web.UpdateView(ctx, v.ID, v.Hash, view, now)
	return reception.View(made), err
}

func (k reach) Respond(ctx context.Context, address, text string) error {
	return k.web.Respond(ctx, address, web.Response{Text: text, Type: "ephemeral"}, now)
}

func (k reach) Whisper(ctx context.Context, at chat.Conversation, user, text string) error {
	_, err := k.web.PostEphemeral(ctx, web.Whisper{Channel: at.Channel, User: user, ThreadTS: at.Root, Text: text}, now)
	return err
}

func (k reach) Direct(ctx context.Context, user, text string) error {
	_, err := k.web.PostMessage(ctx, web.Post{Channel: user, Text: text}, now)
	return err
}

// notice is the metadata of what Post says.
type notice struct {
	Key string `json:"key"`
}

func (k reach) Post(ctx context.Context, at chat.Conversation, text, key string) (chat.TS, error) {
	payload, err := json.Marshal(notice{key})
	if err != nil {
		return "", fmt.Errorf("encode a notice: %w", err)
	}
	posted, err := k.web.PostMessage(ctx, web.Post{
		Channel: at.Channel, ThreadTS: at.Root, Text: text, Metadata: &web.Metadata{EventType: noticeType, EventPayload: payload},
	}, web.Send{Priority: web.Final})
	return posted.TS, err
}

func (k reach) Posted(ctx context.Context, at chat.Conversation, key string, since time.Time) (chat.TS, bool, error) {
	bounds := web.Range{Oldest: chat.TS(fmt.Sprintf("%d.%06d", since.Unix()-60, 0)), Inclusive: true, Limit: 200}
	pages := k.web.History(ctx, at.Channel, bounds, web.Send{Priority: web.First})
	if at.Root != "" {
		pages = k.web.Replies(ctx, at.Channel, at.Root, bounds, web.Send{Priority: web.First})
	}
	for page, err := range pages {
		if err != nil {
			return "", false, err
		}
		for _, m := range page {
			var n notice
			if m.Metadata.EventType == noticeType && json.Unmarshal(m.Metadata.EventPayload, &n) == nil && n.Key == key {
				return m.TS, true, nil
			}
		}
	}
	return "", false, nil
}

func (k reach) Starter(ctx context.Context, at chat.Conversation) (string, error) {
	for page, err := range k.web.Replies(ctx, at.Channel, at.Root, web.Range{Limit: 1}, now) {
		if err != nil {
			return "", err
		}
		for _, m := range page {
			if m.TS == at.Root {
				return m.User, nil
			}
		}
		break
	}
	return "", nil
}

func (k reach) Member(ctx context.Context, channel, user string) (bool, error) {
	return k.web.IsMember(ctx, channel, user, now)
}

// doorOf makes the door for what people do other than by writing. home is what follows
// when somebody opens the app, and saved what follows when they changed their own
// settings; both may be nil.
func doorOf(db database, calls *web.Client, decoder *event.Decoder, gate reception.Gate, s reception.Settings, box *outbox.Outbox,
	command string, home func(context.Context, reception.Act) error, saved func(context.Context, string, string), log *slog.Logger) *reception.Door {
	k := reach{calls}
	routes := reception.Routes{
		Actions: map[string]reception.Route{}, Views: map[string]reception.Route{},
		Shortcuts: map[string]reception.Route{}, Commands: map[string]reception.Route{},
		Home: reception.Route{Do: home},
	}
	reception.NewDesk(s, k, gate, box, command, saved, log).Routes(&routes)
	reception.NewEar(db, k, gate, log).Routes(&routes)
	return reception.New(db, decoder, k, routes, reception.Options{Logger: log})
}
