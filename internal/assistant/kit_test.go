package assistant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"holdfast/internal/assistant"
	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/outbox"
	"holdfast/internal/settings"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	self   = transcript.Self{User: "UBOT", Name: "Holdfast", App: "A1", Bot: "B1"}
	ada    = chat.User{ID: "UADA", Name: "Ada Marsh", Zone: "Europe/London"}
	ben    = chat.User{ID: "UBEN", Name: "Ben Okafor", Zone: "America/New_York"}
	errOff = errors.New("Slack is off")
)

// workspace is what Slack would tell. It counts what it is asked.
type workspace struct {
	pages  [][]chat.Message // of every thread
	broken int              // the page, from 1, that cannot be read; 0 is none
	refuse error            // in place of a broken page's errOff
	people map[string]chat.User
	off    bool // no profile can be read
	ask    func(context.Context)

	recent    []chat.Message // at the top of every channel
	recentErr error
	recents   int

	threads int
	asked   []string
}

func (w *workspace) Thread(context.Context, chat.Conversation) iter.Seq2[[]chat.Message, error] {
	return func(yield func([]chat.Message, error) bool) {
		w.threads++
		for i, page := range w.pages {
			if i+1 == w.broken {
				err := w.refuse
				if err == nil {
					err = errOff
				}
				yield(nil, err)
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

func (w *workspace) Members(context.Context, string) ([]string, error) { return nil, nil }

func (w *workspace) Recent(_ context.Context, _, _ string, _ chat.TS, most int) ([]chat.Message, error) {
	w.recents++
	if w.recentErr != nil {
		return nil, w.recentErr
	}
	return w.recent[max(len(w.recent)-most, 0):], nil
}

func (w *workspace) Person(ctx context.Context, _, id string) (chat.User, error) {
	w.asked = append(w.asked, id)
	if w.ask != nil {
		w.ask(ctx)
	}
	if w.off || ctx.Err() != nil {
		return chat.User{}, errOff
	}
	if u, ok := w.people[id]; ok {
		return u, nil
	}
	return chat.User{ID: id, NotFound: true}, nil
}

// catalogue has models that take everything, but for one that takes nothing.
type catalogue struct{}

func (catalogue) Names() []string    { return []string{"m", "m-1", "plain"} }
func (catalogue) Pictures() []string { return []string{"gpt-image-2", "draw"} }
func (catalogue) Ability(name string) settings.Ability {
	if name == "plain" {
		return settings.Ability{Name: name}
	}
	return settings.Ability{Name: name, Efforts: []string{"none", "low", "high"}, Verbosity: true, Sampling: settings.Always, WebSearch: true}
}

// kit is an assistant on the real store.
type kit struct {
	*testing.T
	db        *sqlite.DB
	path      string
	slack     *workspace
	settings  assistant.Settings
	operator  map[settings.Key]string
	prefer    assistant.Preferences // in place of what is stored, if set
	log       *slog.Logger
	clock     time.Time
	assistant *assistant.Assistant
	starts    int
}

func setup(t *testing.T) *kit {
	k := &kit{
		T: t, path: filepath.Join(t.TempDir(), "x.db"), operator: map[settings.Key]string{settings.Model: "m"}, log: slog.New(slog.DiscardHandler),
		slack: &workspace{people: map[string]chat.User{ada.ID: ada, ben.ID: ben}},
		clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	k.open()
	t.Cleanup(func() { k.must(k.db.Close()) })
	return k
}

func (k *kit) open() {
	k.Helper()
	db, err := sqlite.Open(k.Context(), k.path, sqlite.Options{})
	k.must(err)
	k.starts++
	k.must(db.Join(k.Context(), k.replica(), time.Hour))
	k.db = db
	p := k.prefer
	if p == nil {
		chosen, err := settings.New(db, catalogue{}, k.operator)
		k.must(err)
		p = chosen
	}
	k.assistant = assistant.New(db, k.slack, self, p, k.settings, k.log, func() time.Time { return k.clock })
}

func (k *kit) replica() string { return fmt.Sprint("r", k.starts) }

// restart is another process with the same database.
func (k *kit) restart() {
	k.Helper()
	k.must(k.db.Close())
	k.open()
}

func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *kit) equal(what string, got, want any) {
	k.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		k.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// ts is the n-th second of the year 2026.
func ts(n int) chat.TS { return chat.TS(fmt.Sprintf("%d.000000", 1767225600+n)) }

// thread is the conversation in #general whose first message is the n-th.
func thread(n int) chat.Conversation {
	return chat.Conversation{Team: "T1", Channel: "C1", Root: ts(n)}
}

func message(c chat.Conversation, n int, user, text string) chat.Message {
	return chat.Message{Conversation: c, TS: ts(n), User: user, Text: text}
}

func (k *kit) deliver(e inbox.Entry) {
	k.Helper()
	e.Key = fmt.Sprint(e.Kind, "/", e.Message.Channel, "/", e.Message.TS, "/", e.Message.Edited)
	e.Payload, e.At = []byte("{}"), k.clock
	_, err := k.db.Append(k.Context(), e)
	k.must(err)
}

// says delivers a message for the assistant, overhears one that is not.
func (k *kit) says(m chat.Message) {
	k.Helper()
	k.deliver(inbox.Entry{Kind: inbox.Message, Rank: 2, Lane: m.Conversation, Message: m})
}

func (k *kit) overhears(m chat.Message) {
	k.Helper()
	k.deliver(inbox.Entry{Kind: inbox.Message, Rank: 2, Message: m})
}

func (k *kit) edits(m chat.Message, at int, text string) {
	k.Helper()
	m.Edited, m.Text = ts(at), text
	k.deliver(inbox.Entry{Kind: inbox.Edit, Message: m})
}

func (k *kit) deletes(m chat.Message) {
	k.Helper()
	m.Deleted = true
	k.deliver(inbox.Entry{Kind: inbox.Deletion, Message: m})
}

// begin begins the turn of the one lane that has work.
func (k *kit) begin() (turn.Fence, *turn.Turn) {
	k.Helper()
	fences, err := k.db.Claim(k.Context(), k.replica(), 10)
	k.must(err)
	if len(fences) != 1 {
		k.Fatalf("claimed %v, want one lane", fences)
	}
	t, err := k.db.Begin(k.Context(), fences[0])
	k.must(err)
	return fences[0], t
}

func (k *kit) brief(t *turn.Turn) turn.Request {
	k.Helper()
	r, err := k.assistant.Brief(k.Context(), t)
	k.must(err)
	return r.Request
}

// answers ends a turn as the rest of Holdfast does: the answer's message is a
// row of the outbox, Slack tells us of our own message, the turn is finished.
func (k *kit) answers(f turn.Fence, t *turn.Turn, n int, markdown string) {
	k.Helper()
	ctx, key := k.Context(), "answer/"+t.ID
	_, _, err := k.db.Outbox().Begin(ctx, f, outbox.Write{Turn: t.ID, Key: key, Op: "chat.startStream"})
	k.must(err)
	k.must(k.db.Outbox().Settle(ctx, f, key, outbox.Confirmed, ts(n), ""))
	k.overhears(own(t.Conversation, n, "as Slack shows *it*"))
	_, err = k.db.Finish(ctx, f, t.ID, turn.Result{State: turn.Answered, Answer: markdown, AnswerTS: ts(n)})
	k.must(err)
}

// own is a message of the assistant as Slack tells of it.
func own(c chat.Conversation, n int, text string) chat.Message {
	return chat.Message{Conversation: c, TS: ts(n), User: self.User, BotID: self.Bot, AppID: self.App, Text: text}
}

// ask is a whole turn for what has been said.
func (k *kit) ask(n int, answer string) turn.Request {
	k.Helper()
	f, t := k.begin()
	r := k.brief(t)
	k.answers(f, t, n, answer)
	return r
}

// heading is the line over the n-th message when Ada or Ben wrote it.
func heading(u chat.User, n int) string {
	return fmt.Sprintf("⟦%s <@%s>, %s⟧\n", u.Name, u.ID, u.Local(ts(n).Time()).Format("Mon 2 Jan 2006 15:04 MST"))
}

func user(u chat.User, n int, text string) turn.Input {
	return turn.Input{Role: turn.User, Text: heading(u, n) + text}
}

func answer(text string) turn.Input { return turn.Input{Role: turn.Assistant, Text: text} }

// wire is the input as bytes, without the bracket that ends it.
func wire(t *testing.T, r turn.Request) string {
	t.Helper()
	b, err := json.Marshal(r.Input)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:len(b)-1])
}

// steady is a request without its last item, if that tells the time.
func steady(r turn.Request) turn.Request {
	if last := r.Input[len(r.Input)-1]; last.Role == turn.Developer && strings.HasPrefix(last.Text, "⟦It is now") {
		r.Input = r.Input[:len(r.Input)-1]
	}
	return r
}
