package assistant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/policy"
	"holdfast/internal/tool"
	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

// Workspace is what we ask Slack about conversations and people.
type Workspace interface {
	// Thread reads a whole thread, page after page, oldest first.
	Thread(ctx context.Context, c chat.Conversation) iter.Seq2[[]chat.Message, error]
	// Person reads a profile. One that Slack does not show has NotFound set.
	Person(ctx context.Context, team, id string) (chat.User, error)
	Groups
	// Recent reads the messages at the top of a channel just before a ts, at most so
	// many, oldest first.
	Recent(ctx context.Context, team, channel string, before chat.TS, most int) ([]chat.Message, error)
}

// Settings say how the operator wants answers, beside what [Preferences] tells.
type Settings struct {
	MaxOutput    int    // tokens; 0 is the model's own limit
	Instructions string // the operator's own, after ours
	Company      string // named to the model, if set
	Website      string
	Store        bool
	Background   bool
	// Window tells a model's window and the most that it writes, in tokens; nil: 32,000
	// and 4,096 for all.
	Window  func(model string) (window, output int)
	Context int          // the most of a conversation that a request holds, in tokens; 0: 160,000
	Small   *Small       // makes summaries; nil: what does not fit is left out
	Access  policy.Rules // who is answered, and where
	Tools   *tool.Box    // what the model may call; nil: nothing
	Org     string       // our enterprise organisation, if any
}

// profileLife is how long a profile is believed.
const profileLife = 24 * time.Hour

// Assistant briefs the model.
type Assistant struct {
	archive     Archive
	workspace   Workspace
	self        transcript.Self
	preferences Preferences
	settings    Settings
	groups      groups
	orders      string // the instructions
	log         *slog.Logger
	now         func() time.Time
	meter       meter
	jobs        chan job

	mu   sync.Mutex
	long map[string]string // turns whose conversation has grown long, with their models
}

// New makes an Assistant.
func New(a Archive, w Workspace, self transcript.Self, p Preferences, s Settings, log *slog.Logger, now func() time.Time) *Assistant {
	return &Assistant{archive: a, workspace: w, self: self, preferences: p, settings: s, groups: groups{ask: w, log: log}, orders: instruct(self.Name, s), log: log, now: now,
		meter: meter{ratios: map[string]float64{}}, jobs: make(chan job, 64), long: map[string]string{}}
}

// Brief builds the request for a turn. See turn.Briefer.
func (a *Assistant) Brief(ctx context.Context, t *turn.Turn) (turn.Brief, error) {
	v := a.chosen(ctx, t)
	talk, missing, err := a.talk(ctx, t, v.ChannelContext())
	if err != nil {
		return turn.Brief{}, err
	}
	input, err := a.fit(ctx, t, talk, v)
	if err != nil {
		return turn.Brief{}, err
	}
	input = append(prefer(input, v, t.Last().User, talk.People), a.volatile(t, talk.People, missing)...)
	return turn.Brief{Tools: a.settings.Tools, Midturn: turn.Midturn(v.Midturn()), Manner: manner(v), Request: turn.Request{
		Model:        v.Model(),
		Instructions: a.orders,
		Input:        input,
		Effort:       v.Effort(),
		Verbosity:    v.Verbosity(),
		MaxOutput:    a.settings.MaxOutput,
		Temperature:  v.Temperature(),
		TopP:         v.TopP(),
		Search:       v.WebSearch(),
		Vision:       v.VisionDetail(),
		Picture:      picture(v),
		Store:        a.settings.Store,
		Background:   a.settings.Background,
		CacheKey:     digest("lane", t.Conversation.Key()),
		SafetyID:     digest("person", t.Conversation.Team, t.Last().User),
		Metadata:     map[string]string{"turn_id": t.ID},
	}}, nil
}

// digest names a thing to the endpoint without telling it which thing.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fetch reads Slack's own history of a thread that was going on before we were
// called into it.
func (a *Assistant) fetch(ctx context.Context, t *turn.Turn) error {
	for _, m := range t.Messages {
		if m.TS == t.Conversation.Root {
			// The conversation begins with this turn: from here on we hear all of it.
			if err := a.archive.Keep(ctx, t.Conversation, nil, true); err != nil {
				return fmt.Errorf("mark the conversation as known: %w", err)
			}
			return nil
		}
	}
	fetched, err := a.archive.Fetched(ctx, t.Conversation)
	if err != nil {
		return fmt.Errorf("look up what is known of the thread: %w", err)
	}
	if fetched {
		return nil
	}
	for page, err := range a.workspace.Thread(ctx, t.Conversation) {
		if code := refusal(err); code != "" {
			// Slack will not show it, now or later: what we heard ourselves must do.
			a.log.Warn("Slack does not show the thread's history; answering from what was heard", "lane", t.Conversation.Key(), "code", code)
			return nil
		}
		if err != nil {
			return &turn.Failure{Code: "history_unreadable", Retry: true, Cause: err,
				Say: "Slack did not let me read this thread, so I would have answered without knowing it. Please ask again in a minute."}
		}
		if err := a.archive.Keep(ctx, t.Conversation, page, false); err != nil {
			return fmt.Errorf("keep a page of the thread: %w", err)
		}
	}
	if err := a.archive.Keep(ctx, t.Conversation, nil, true); err != nil {
		return fmt.Errorf("mark the thread as read: %w", err)
	}
	return nil
}

// refusal is Slack's code if asking again cannot help, such as "missing_scope".
func refusal(err error) string {
	refused, ok := errors.AsType[interface {
		error
		Refused() (code string, ok bool)
	}](err)
	if !ok {
		return ""
	}
	code, ok := refused.Refused()
	if !ok {
		return ""
	}
	return code
}

// people collects everybody who speaks or is named.
func (a *Assistant) people(ctx context.Context, team string, history []transcript.Said, others []chat.Message) (transcript.People, error) {
	people := transcript.People{}
	// Profiles are a nicety: all of them together may take so long.
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var meet func(id string) error
	meet = func(id string) error {
		if _, met := people[id]; met || id == "" || id == a.self.User {
			return nil
		}
		u, err := a.person(ctx, asking, team, id)
		if err != nil {
			return err
		}
		people[id] = u
		return nil
	}
	each := func(m chat.Message) error {
		if err := meet(m.User); err != nil {
			return err
		}
		for _, id := range transcript.Mentioned(m.Text) {
			if err := meet(id); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range history {
		if s.Own {
			continue
		}
		if err := each(s.Message); err != nil {
			return nil, err
		}
	}
	for _, m := range others {
		if err := each(m); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// person reads a profile from the archive, or from Slack when it is old. If
// Slack does not answer, an old profile serves, and so does none.
func (a *Assistant) person(ctx, asking context.Context, team, id string) (chat.User, error) {
	known, ok, err := a.archive.User(ctx, team, id)
	if err != nil {
		return chat.User{}, fmt.Errorf("read the profile of %s: %w", id, err)
	}
	if ok && a.now().Sub(known.Fetched) < profileLife {
		return known, nil
	}
	limited, cancel := context.WithTimeout(asking, 3*time.Second)
	defer cancel()
	fresh, err := a.workspace.Person(limited, team, id)
	if err != nil {
		if ctx.Err() != nil {
			return chat.User{}, context.Cause(ctx)
		}
		a.log.Warn("cannot read a profile; going on without", "user", id, "err", err)
		known.ID = id
		return known, nil
	}
	fresh.Fetched = a.now()
	if err := a.archive.SaveUser(ctx, team, fresh); err != nil {
		return chat.User{}, fmt.Errorf("keep the profile of %s: %w", id, err)
	}
	return fresh, nil
}
