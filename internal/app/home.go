package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/assistant"
	"holdfast/internal/chat"
	"holdfast/internal/config"
	"holdfast/internal/home"
	"holdfast/internal/openai"
	"holdfast/internal/outbox"
	"holdfast/internal/reception"
	"holdfast/internal/settings"
	"holdfast/internal/slack/modal"
	"holdfast/internal/slack/web"
	"holdfast/internal/turn"
)

// smallModel does small work where nobody has said which model should, and the
// endpoint has it.
const smallModel = "gpt-6-luna"

// small is the model for small work, and the least effort that it has.
func small(c config.Config, m models) (name, effort string) {
	name = c.SmallModel
	if name == "" && m.table {
		name = smallModel
	} else if name == "" {
		name = c.Model
	}
	a := m.Ability(name)
	if len(a.Efforts) > 0 {
		effort = a.Efforts[0]
	}
	return a.Name, effort
}

// smallOf is the model that makes summaries.
func smallOf(c config.Config, model turn.Model, chosen *settings.Settings) *assistant.Small {
	name, effort := small(c, chosen.Models().(models))
	return &assistant.Small{Model: model, Name: name, Effort: effort}
}

// window is what the table of models says of one.
func window(model string) (window, output int) {
	m := openai.Lookup(model)
	return m.Window, m.MaxOutput
}

// endings are told how turns end. See turn.Options.
func endings(a *assistant.Assistant, h hosts) func(context.Context, turn.Fence, *turn.Turn, turn.Result) {
	return func(ctx context.Context, f turn.Fence, t *turn.Turn, r turn.Result) {
		a.Ended(t, r)
		h.ending(ctx, f, t, r)
	}
}

// invitationType marks an invitation to the settings. Slack: Message metadata.
const invitationType = "holdfast_invitation"

const invitationText = "By the way, how I answer is up to you: the model, the length, the language, instructions of your own."

// Invite implements home.Inviting.
func (s slack) Invite(ctx context.Context, at chat.Conversation, person string, whisper bool) (chat.TS, error) {
	blocks := modal.Invitation(invitationText)
	if whisper {
		_, err := s.web.PostEphemeral(ctx, web.Whisper{Channel: at.Channel, User: person, ThreadTS: at.Root, Text: invitationText, Blocks: blocks}, web.Send{Priority: web.Status})
		return "", err
	}
	posted, err := s.web.PostMessage(ctx, web.Post{
		Channel: at.Channel, ThreadTS: at.Root, Text: invitationText, Blocks: blocks,
		Metadata: &web.Metadata{EventType: invitationType, EventPayload: json.RawMessage(`{"version": 1}`)},
	}, web.Send{Priority: web.Status})
	return posted.TS, err
}

// Invited implements home.Inviting.
func (s slack) Invited(ctx context.Context, at chat.Conversation, since time.Time) (chat.TS, bool, error) {
	oldest := chat.TS(fmt.Sprintf("%d.%06d", since.Unix(), since.Nanosecond()/1000))
	for page, err := range s.web.Replies(ctx, at.Channel, at.Root, web.Range{Oldest: oldest, Inclusive: true, Limit: 200}, web.Send{Priority: web.Status}) {
		if err != nil {
			return "", false, err
		}
		for _, m := range page {
			if m.User != s.who.User && (m.BotID == "" || m.BotID != s.who.Bot) {
				continue
			}
			// Slack may not show metadata; then its words must do.
			if m.Metadata.EventType == invitationType || m.Metadata.EventType == "" && m.Text == invitationText {
				return m.TS, true, nil
			}
		}
	}
	return "", false, nil
}

// Suggest implements home.Slack.
func (s slack) Suggest(ctx context.Context, channel string, root chat.TS, prompts []home.Prompt) error {
	list := make([]web.Prompt, len(prompts))
	for i, p := range prompts {
		list[i] = web.Prompt(p)
	}
	return s.web.SetSuggestedPrompts(ctx, channel, root, "What shall we begin with?", list, web.Send{Priority: web.Status, Wait: 5 * time.Second})
}

// Publish implements home.Slack.
func (s slack) Publish(ctx context.Context, user string, p home.Page, stands string) error {
	view, is := modal.Home(p)
	if is == stands {
		return nil
	}
	_, err := s.web.PublishView(ctx, user, "", view, web.Send{Priority: web.First})
	return err
}

// abilities are told on the Home tab.
func abilities() []string {
	return []string{
		"Answer questions, explain, and write or rewrite texts and code, in your language.",
		"Read along in a thread: mention me there, and I know what was said before.",
		"Search the web for what is recent, and name my sources, where that is switched on.",
		"Read files that you share with me, and web pages that you name, where that is switched on.",
		"Change course while I work: write on, edit or delete your message, or write stop.",
	}
}

// privacy tells what becomes of what people write.
func privacy(c config.Config) []string {
	model := c.OpenAIBaseURL
	if u, err := url.Parse(model); err == nil {
		model = u.Hostname()
	}
	keeps := ", which is asked not to keep them."
	if c.Store {
		keeps = ", which may keep them for a time."
	}
	return []string{
		"Stored: the messages of conversations that I am in, my answers and your settings, in a database of whoever runs me in this workspace.",
		"Sent on: when I answer, that conversation with the names and times in it, to the model at " + model + keeps,
		"Erased: delete a message in Slack and I use it no more. To have all of it erased, ask whoever runs me here.",
	}
}

// hosts are what makes people at home; titles and inviter may be nil.
type hosts struct {
	titles  *home.Titles
	inviter *home.Inviter
	welcome *home.Welcome
}

// host makes what the operator wants of it.
func host(c config.Config, db database, workspace slack, name string, gate turn.Gate, model turn.Model, chosen *settings.Settings, log *slog.Logger) (hosts, error) {
	prompts, err := home.ReadPrompts(c.Prompts)
	if err != nil {
		return hosts{}, &SetupError{Say: "ASSISTANT_SUGGESTED_PROMPTS: " + err.Error()}
	}
	h := hosts{welcome: home.NewWelcome(db, chosen, workspace, home.Options{
		Name: name, URL: workspace.who.URL, Prompts: prompts, Can: abilities(), Privacy: privacy(c), Logger: log,
		Admit: func(ctx context.Context, team, user, channel string) (string, error) {
			why, err := gate.Admit(ctx, chat.Message{Conversation: chat.Conversation{Team: team, Channel: channel}, User: user})
			if err != nil || why == nil {
				return "", err
			}
			return why.Say, nil
		},
	})}
	if c.Titles {
		small, effort := small(c, chosen.Models().(models))
		h.titles = home.NewTitles(db, model, &namer{web: workspace.web}, home.TitleOptions{Model: small, Effort: effort, Store: c.Store, Logger: log})
	}
	if c.Invitation {
		me := uuid.NewString()
		h.inviter = home.NewInviter(outbox.New(db.Outbox(), nil), workspace, home.InviterOptions{
			Settled: func(ctx context.Context, team, person string) (bool, error) {
				scope := settings.Scope{Level: settings.User, Team: team, ID: person}
				found, err := db.Settings(ctx, []settings.Scope{scope})
				return len(found[scope]) > 0, err
			},
			Hold: func(ctx context.Context, name string, ttl time.Duration) (bool, error) {
				return db.Hold(ctx, name, me, ttl)
			},
			Logger: log,
		})
	}
	return h, nil
}

// came is told of people who open the app.
func (h hosts) came(_ context.Context, a reception.Act) error {
	v := home.Visit{Team: a.Team, User: a.User, Channel: a.Home.Channel, Root: a.Home.Root, Tab: a.Home.Tab, Stands: a.Home.Stands}
	if looks := a.Home.Looks(); strings.HasPrefix(looks, "C") || strings.HasPrefix(looks, "G") {
		v.Looks = looks
	}
	h.welcome.Come(v)
	return nil
}

// saved is told of people who changed their own settings.
func (h hosts) saved(_ context.Context, team, user string) {
	h.welcome.Come(home.Visit{Team: team, User: user, Tab: "home"})
}

// ending is told how turns end. See turn.Options.
func (h hosts) ending(ctx context.Context, f turn.Fence, t *turn.Turn, r turn.Result) {
	if h.titles != nil {
		h.titles.Ended(t, r)
	}
	if h.inviter != nil {
		h.inviter.Ended(ctx, f, t, r)
	}
}

// run works until ctx ends.
func (h hosts) run(ctx context.Context) {
	defer beside(ctx, h.welcome.Run)()
	if h.titles != nil {
		h.titles.Run(ctx)
	}
	<-ctx.Done()
}

// namer names agent sessions, or threads of the older assistant view.
type namer struct {
	web   *web.Client
	older atomic.Bool
}

// lacking are the codes that say: this app or workspace has no agent sessions.
var lacking = []string{"unknown_method", "feature_disabled", "feature_not_enabled", "method_deprecated", "deprecated_endpoint", "missing_scope", "not_allowed_token_type"}

// Rename implements home.Namer. A title can wait for its slot, but not for ever.
func (n *namer) Rename(ctx context.Context, c chat.Conversation, title string) error {
	send := web.Send{Priority: web.Tick, Wait: 30 * time.Second}
	var first error
	if !n.older.Load() {
		first = n.web.RenameSession(ctx, c.Channel, c.Root, title, send)
		e, ok := errors.AsType[*web.Error](first)
		if !ok || e.Class != web.Refused {
			return first
		}
		if slices.Contains(lacking, e.Code) {
			n.older.Store(true)
		}
	}
	if err := n.web.SetThreadTitle(ctx, c.Channel, c.Root, title, send); err != nil {
		return errors.Join(first, err)
	}
	return nil
}
