package surface_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/outbox"
	"holdfast/internal/slack/surface"
	"holdfast/internal/slack/web"
	"holdfast/internal/slacksim"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const channel = slacksim.SeedGeneral

// kit is a simulated Slack, a store with a claimed lane, and its turn.
type kit struct {
	*testing.T
	*slacksim.Sim
	web   *web.Client
	slack adapter
	db    *sqlite.DB
	root  string
	fence turn.Fence
	turn  *turn.Turn

	mu   sync.Mutex
	text string
	down []string // why messages are no streams, or none any more
}

func setup(t *testing.T) *kit {
	t.Helper()
	k := &kit{T: t, Sim: slacksim.New(slacksim.Options{})}
	srv, err := k.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0")
	k.must(err)
	k.web = web.New(web.Options{APIURL: srv.APIURL(), Token: slacksim.DefaultBotToken, Limits: web.Limits{Unlimited: true}})
	k.db, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
	k.must(err)
	t.Cleanup(func() {
		k.web.Close()
		_ = srv.Close()
		_ = k.Close()
		if err := k.db.Close(); err != nil {
			t.Error(err)
		}
	})
	who, err := k.web.AuthTest(t.Context())
	k.must(err)
	k.slack = adapter{k.web, who}
	k.ask("what is the tide?")
	return k
}

// ask has Ada ask in a thread of its own, and begins the turn for it.
func (k *kit) ask(text string) {
	k.Helper()
	posted, err := k.Say(slacksim.SeedAda, channel, "<@"+slacksim.SeedBotUser+"> "+text, "")
	k.must(err)
	k.root = posted.TS
	c := chat.Conversation{Team: slacksim.SeedTeam, Channel: channel, Root: chat.TS(posted.TS)}
	m := chat.Message{Conversation: c, TS: c.Root, User: slacksim.SeedAda, Text: text}
	_, err = k.db.Append(k.Context(), inbox.Entry{Key: "m/" + posted.TS, Kind: inbox.Message, Lane: c, Message: m, Payload: []byte("{}"), At: time.Now()})
	k.must(err)
	k.own("replica " + posted.TS)
}

func (k *kit) own(replica string) {
	k.Helper()
	k.must(k.db.Join(k.Context(), replica, time.Minute))
	fences, err := k.db.Claim(k.Context(), replica, 1)
	k.must(err)
	if len(fences) != 1 {
		k.Fatalf("%s claimed %d lanes, want 1", replica, len(fences))
	}
	k.fence = fences[0]
	k.turn, err = k.db.Begin(k.Context(), k.fence)
	k.must(err)
}

// succeed ends the owner; the next one makes another attempt at the turn.
func (k *kit) succeed() {
	k.Helper()
	k.must(k.db.Leave(k.Context(), k.fence.Owner))
	k.own(k.fence.Owner + " and next")
	if k.turn.Attempt < 2 {
		k.Fatalf("attempt %d, want a second one", k.turn.Attempt)
	}
}

func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func quick() surface.Options {
	return surface.Options{Logger: slog.New(slog.DiscardHandler), Team: slacksim.SeedTeam, Native: true, Tick: 5 * time.Millisecond}
}

// posting are options without streams.
func posting() surface.Options {
	o := quick()
	o.Native = false
	return o
}

func (k *kit) surfaces(o surface.Options) *surface.Surfaces {
	o.Fell = func(reason string) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.down = append(k.down, reason)
	}
	return surface.New(k.slack, outbox.New(k.db.Outbox(), []time.Duration{0, 0, 0}), o)
}

// fell holds why messages are no streams.
func (k *kit) fell(want ...string) {
	k.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.down, want) {
		k.Errorf("messages are no streams for %q, want %q", k.down, want)
	}
}

// open opens the turn's surface as a process does that has just begun.
func (k *kit) open(o surface.Options) turn.Surface { k.Helper(); return k.openOf(k.surfaces(o)) }

func (k *kit) openOf(all *surface.Surfaces) turn.Surface {
	k.Helper()
	s, err := all.Open(k.Context(), k.fence, k.turn, func(context.Context) (string, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.text, nil
	})
	k.must(err)
	k.Cleanup(s.Close)
	return s
}

// say makes text what the model has said so far.
func (k *kit) say(s turn.Surface, text string) {
	k.mu.Lock()
	k.text = text
	k.mu.Unlock()
	s.Changed()
}

// until waits for the simulator to show something.
func (k *kit) until(what string, ok func(v slacksim.View) bool) {
	k.Helper()
	ctx, cancel := context.WithTimeout(k.Context(), 20*time.Second)
	defer cancel()
	if err := k.Wait(ctx, ok); err != nil {
		for _, c := range k.Calls() {
			k.Log(c.Method, c.OK, c.Error)
		}
		k.Fatalf("%s: %v; thread %s", what, err, strings.Join(texts(k.ours()), " | "))
	}
}

// shows waits until the messages of ours hold at least so many characters.
func (k *kit) shows(chars int) {
	k.Helper()
	k.until(fmt.Sprintf("%d characters are shown", chars), func(v slacksim.View) bool {
		n := 0
		for _, m := range replies(v.Replies(channel, k.root)) {
			n += len(m.Text)
		}
		return n >= chars
	})
}

func (k *kit) finish(s turn.Surface, text, notice string) chat.TS {
	k.Helper()
	ts, err := s.Finish(k.Context(), turn.Ending{Text: text, Notice: notice})
	k.must(err)
	return ts
}

func (k *kit) fault(method, code string, times int) {
	k.Helper()
	_, err := k.AddFault(slacksim.Fault{Method: method, Kind: "error", Error: code, Times: times})
	k.must(err)
}

func (k *kit) ours() []slacksim.Message { return replies(k.Replies(channel, k.root)) }

func replies(thread []slacksim.Message) []slacksim.Message {
	var ours []slacksim.Message
	for _, m := range thread {
		if m.AppID == slacksim.SeedApp {
			ours = append(ours, m)
		}
	}
	return ours
}

func texts(messages []slacksim.Message) (texts []string) {
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// words is a text without the white space that a cut may take.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// answered checks that the thread shows text, once, in messages that carry the
// turn and the number of their part and are no open streams, and gives them.
func (k *kit) answered(text string, parts int) []slacksim.Message {
	k.Helper()
	ours := k.ours()
	if len(ours) != parts {
		k.Fatalf("%d messages, want %d: %q", len(ours), parts, texts(ours))
	}
	if got := words(strings.Join(texts(ours), " ")); got != words(text) {
		k.Errorf("Slack shows\n%s\nwant\n%s", got, words(text))
	}
	for i, m := range ours {
		var about struct {
			Payload surface.Metadata `json:"event_payload"`
		}
		if err := json.Unmarshal(m.Metadata, &about); err != nil || about.Payload != (surface.Metadata{Turn: k.turn.ID, Part: i + 1}) {
			k.Errorf("message %d has metadata %s (%v)", i+1, m.Metadata, err)
		}
		if m.StreamingState == "in_progress" {
			k.Errorf("message %d is an open stream", i+1)
		}
	}
	for _, s := range k.Sessions() {
		if s.ThreadTS == k.root && s.Status != "active" {
			k.Errorf("the session is left as %q", s.Status)
		}
	}
	return ours
}

// count counts the calls of a method that succeeded.
func (k *kit) count(method string) (n int) {
	for _, c := range k.Calls() {
		if c.Method == method && c.OK {
			n++
		}
	}
	return n
}

// prose is a text of n paragraphs, each some 80 characters long.
func prose(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Paragraph %d of the answer says that the tide comes in twice and goes out twice.\n\n", i+1)
	}
	return strings.TrimSpace(b.String())
}

// adapter joins the Web API to the port, as the app does.
type adapter struct {
	web *web.Client
	who web.Identity
}

const metadataType = "holdfast_turn"

func metadata(m surface.Metadata) *web.Metadata {
	payload, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return &web.Metadata{EventType: metadataType, EventPayload: payload}
}

func (a adapter) Start(ctx context.Context, m surface.Stream) (chat.TS, error) {
	if !a.web.TryAdmit(ctx, "chat.startStream", m.Conversation.Channel, web.First) {
		return "", surface.ErrBusy
	}
	posted, err := a.web.StartStream(ctx, web.Stream{
		Channel: m.Conversation.Channel, ThreadTS: m.Conversation.Root,
		RecipientUser: m.Recipient, RecipientTeam: m.RecipientTeam, Chunks: m.First.Chunks(),
	}, web.Send{Priority: web.First, Admitted: true})
	if e, ok := err.(*web.Error); ok && e.Class == web.Limited {
		return "", surface.ErrBusy
	}
	return posted.TS, err
}

func (a adapter) Append(ctx context.Context, channel string, ts chat.TS, c surface.Chunk, tick bool) error {
	return a.web.AppendStream(ctx, channel, ts, c.Chunks(), web.Send{Priority: web.Final, Admitted: tick})
}

func (a adapter) Stop(ctx context.Context, m surface.Stop) error {
	status := "processing"
	if m.Last {
		status = "active"
	}
	_, err := a.web.StopStream(ctx, web.StreamEnd{
		Channel: m.Channel, TS: m.TS, Blocks: m.Blocks, Metadata: metadata(m.About), SessionStatus: status,
	}, web.Send{Priority: web.Final})
	return err
}

func (a adapter) Post(ctx context.Context, m surface.Post) (chat.TS, error) {
	posted, err := a.web.PostMessage(ctx, web.Post{
		Channel: m.Conversation.Channel, ThreadTS: m.Conversation.Root, Text: m.Text, Blocks: m.Blocks, Metadata: metadata(m.About),
	}, web.Send{Priority: web.Final})
	return posted.TS, err
}

func (a adapter) Update(ctx context.Context, ts chat.TS, m surface.Post) error {
	_, err := a.web.Update(ctx, web.Change{
		Channel: m.Conversation.Channel, TS: ts, Text: m.Text, Blocks: m.Blocks, Metadata: metadata(m.About),
	}, web.Send{Priority: web.Final, Admitted: m.Tick})
	return err
}

func (a adapter) Delete(ctx context.Context, channel string, ts chat.TS) error {
	return a.web.Delete(ctx, channel, ts, web.Send{Priority: web.Final})
}

func (a adapter) Whisper(ctx context.Context, c chat.Conversation, user, text string) error {
	_, err := a.web.PostEphemeral(ctx, web.Whisper{Channel: c.Channel, User: user, ThreadTS: c.Root, Text: text}, web.Send{Priority: web.Final})
	return err
}

func (a adapter) Upload(ctx context.Context, name, text string) (string, error) {
	return a.web.Upload(ctx, name, []byte(text), web.Send{Priority: web.Final})
}

func (a adapter) Share(ctx context.Context, c chat.Conversation, file, title string) error {
	return a.web.Share(ctx, file, title, c.Channel, string(c.Root), web.Send{Priority: web.Final})
}

func (a adapter) Shared(ctx context.Context, file string) (bool, error) {
	_, err := a.web.FileInfo(ctx, file)
	if web.Code(err) == "file_not_found" {
		return false, nil
	}
	return err == nil, err
}

func (a adapter) Session(ctx context.Context, c chat.Conversation, status, title, initiator string) error {
	return a.web.SetSessionStatus(ctx, web.Session{
		Channel: c.Channel, ThreadTS: c.Root, Status: status, Title: title, Initiator: initiator,
	}, web.Send{Priority: web.Status})
}

func (a adapter) Phrase(ctx context.Context, c chat.Conversation, phrase string, besides []string) error {
	return a.web.SetThreadStatus(ctx, c.Channel, c.Root, phrase, besides, web.Send{Priority: web.Status})
}

func (a adapter) React(ctx context.Context, channel string, ts chat.TS, name string, remove bool) error {
	if remove {
		return a.web.RemoveReaction(ctx, channel, ts, name, web.Send{Priority: web.Final})
	}
	return a.web.AddReaction(ctx, channel, ts, name, web.Send{Priority: web.Status})
}

func (a adapter) Tick(ctx context.Context, method, channel string) error {
	return a.web.Admit(ctx, method, channel, web.Tick)
}

func (a adapter) Own(ctx context.Context, c chat.Conversation, since time.Time) ([]surface.Posted, error) {
	oldest := chat.TS(fmt.Sprintf("%d.%06d", since.Unix(), since.Nanosecond()/1000))
	var own []surface.Posted
	for page, err := range a.web.Replies(ctx, c.Channel, c.Root, web.Range{Oldest: oldest, Inclusive: true}, web.Send{Priority: web.First}) {
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if m.Subtype == "file_share" || m.User != a.who.User {
				continue
			}
			p := surface.Posted{TS: m.TS}
			if m.Metadata.EventType == metadataType {
				_ = json.Unmarshal(m.Metadata.EventPayload, &p.About)
			}
			own = append(own, p)
		}
	}
	return own, nil
}
