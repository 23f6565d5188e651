package inbox_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
	"holdfast/internal/slack/event"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an inbox with the real classifier on the real store.
type rig struct {
	*testing.T
	db      *sqlite.DB
	path    string
	inbox   *inbox.Inbox
	woken   atomic.Int64
	stopped []string
	told    []string // what was told of messages
	acts    []string // what was handed over, and then how it was stored
	mu      sync.Mutex
}

func (r *rig) hear(e inbox.Entry, work bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf("%s %s %v", e.Kind, e.Message.TS, work))
}

func setup(t *testing.T) *rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, db: db, path: path}
	decoder := event.New(event.Identity{Team: "T1", BotUser: "UBOT", Bot: "B1", App: "A1"}, policy.Off)
	r.inbox = inbox.New(db, decoder, func() { r.woken.Add(1) }, func(inbox.Stop) {}, func(lane string) { r.stopped = append(r.stopped, lane) }, r.hear, func(e inbox.Entry) func(bool, error) {
		r.acts = append(r.acts, e.Key)
		return func(fresh bool, err error) { r.acts = append(r.acts, fmt.Sprint(e.Key, " ", fresh, " ", err)) }
	})
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// callback is an envelope of the Events API around an inner event.
func callback(id, inner string) inbox.Envelope {
	return inbox.Envelope{Type: "events_api", ID: "env-" + id, At: time.Unix(1700000000, 0), Payload: fmt.Appendf(nil,
		`{"type":"event_callback","event_id":%q,"team_id":"T1","authorizations":[{"team_id":"T1","user_id":"UBOT","is_bot":true}],"event":%s}`, "Ev"+id, inner)}
}

func direct(id, ts, text string) inbox.Envelope {
	return callback(id, fmt.Sprintf(`{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":%q,"text":%q}`, ts, text))
}

func channel(id, ts, text string) inbox.Envelope {
	return callback(id, fmt.Sprintf(`{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":%q,"text":%q}`, ts, text))
}

func (r *rig) receive(env inbox.Envelope) {
	r.Helper()
	if err := r.inbox.Receive(r.Context(), env); err != nil {
		r.Fatal(err)
	}
}

// rows checks how many envelopes are stored, and how many of them wait.
func (r *rig) rows(stored, waiting int) {
	r.Helper()
	db, err := sql.Open("sqlite", r.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	var s, w int
	if err := db.QueryRowContext(r.Context(), "SELECT COUNT(*), COALESCE(SUM(open), 0) FROM inbox").Scan(&s, &w); err != nil {
		r.Fatal(err)
	}
	if s != stored || w != waiting {
		r.Errorf("%d rows, of which %d wait; want %d and %d", s, w, stored, waiting)
	}
}

// wakes checks how often somebody was woken so far.
func (r *rig) wakes(what string, want int64) {
	r.Helper()
	if got := r.woken.Load(); got != want {
		r.Errorf("%s: woken %d times so far, want %d", what, got, want)
	}
}

// open claims all lanes that have work and counts their messages, with the
// texts of the first lane's.
func (r *rig) open() (lanes, messages int, texts []string) {
	r.Helper()
	if err := r.db.Join(r.Context(), "r", time.Hour); err != nil {
		r.Fatal(err)
	}
	for {
		fences, err := r.db.Claim(r.Context(), "r", 1000)
		if err != nil {
			r.Fatal(err)
		}
		if len(fences) == 0 {
			return lanes, messages, texts
		}
		for _, f := range fences {
			lanes++
			for more := true; more; {
				t, err := r.db.Begin(r.Context(), f)
				if err != nil {
					r.Fatal(err)
				}
				messages += len(t.Messages)
				for _, m := range t.Messages {
					if lanes == 1 {
						texts = append(texts, m.Text)
					}
				}
				if more, err = r.db.Finish(r.Context(), f, t.ID, turn.Result{State: turn.Answered}); err != nil {
					r.Fatal(err)
				}
			}
		}
	}
}

func TestWorkWakesOnce(t *testing.T) {
	r := setup(t)
	r.receive(direct("1", "1700000001.000001", "hello"))
	r.wakes("a message", 1)
	r.receive(direct("1", "1700000001.000001", "hello"))
	r.wakes("the same envelope again", 1)
	r.receive(direct("2", "1700000001.000001", "hello"))
	r.wakes("the same message in another envelope", 1)
	r.receive(direct("3", "1700000002.000001", "another"))
	r.wakes("another message", 2)

	// A mention comes twice, by itself and as a message: one of the two is work.
	r.receive(callback("4", `{"type":"app_mention","channel":"C1","user":"U1","ts":"1700000003.000001","text":"<@UBOT> hi"}`))
	r.wakes("a mention", 3)
	r.receive(channel("5", "1700000003.000001", "<@UBOT> hi"))
	r.wakes("the mention's message", 3)
	r.rows(3, 3)
	if lanes, messages, _ := r.open(); lanes != 3 || messages != 3 {
		t.Errorf("%d messages in %d lanes, want 3 in 3", messages, lanes)
	}
}

func TestWhatIsNotForUsDoesNotWake(t *testing.T) {
	r := setup(t)
	for i, env := range []inbox.Envelope{
		channel("1", "1700000001.000001", "just talk"),
		callback("2", `{"type":"message","channel":"D1","channel_type":"im","user":"UBOT","bot_id":"B1","ts":"1700000002.000001","text":"our own"}`),
		callback("3", `{"type":"message","subtype":"message_changed","channel":"C1","message":{"user":"U1","ts":"1700000001.000001","text":"edited","edited":{"ts":"1700000009.000000"}}}`),
		callback("4", `{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1700000001.000001"}`),
		callback("5", `{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1700000001.000001"}}`),
		callback("6", `{"type":"of_tomorrow"}`),
		{Type: "slash_commands", ID: "e7", Payload: []byte(`{"command":"/ask","text":"hi","trigger_id":"1.2","user_id":"U1"}`)},
		{Type: "interactive", ID: "e8", Payload: []byte(`{"type":"block_actions","trigger_id":"1.3","user":{"id":"U1"}}`)},
		{Type: "of_tomorrow", Payload: []byte(`[1, "two", null]`)},
		{Type: "", Payload: []byte(`null`)},
		{},
	} {
		r.receive(env)
		r.wakes(fmt.Sprintf("envelope %d, %s", i, env.Payload), 0)
	}
	r.rows(11, 0)
	if lanes, _, _ := r.open(); lanes != 0 {
		t.Errorf("%d lanes have work", lanes)
	}
}

// What was overheard becomes work when an edit adds the mention: once.
func TestMentionThatAnEditAdds(t *testing.T) {
	r := setup(t)
	r.receive(channel("1", "1700000001.000001", "hi"))
	r.wakes("talk", 0)
	for _, id := range []string{"2", "2", "3"} {
		r.receive(callback(id, `{"type":"app_mention","channel":"C1","user":"U1","ts":"1700000001.000001","text":"<@UBOT> hi","edited":{"ts":"1700000002.000000"}}`))
		r.wakes("the mention, delivery "+id, 1)
	}
}

// An envelope that is not stored must not be acknowledged: the error says which.
func TestStoreThatFails(t *testing.T) {
	r := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := r.inbox.Receive(ctx, direct("0", "1700000001.000001", "hello"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	r.wakes("a cancelled call", 0)

	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	err = r.inbox.Receive(t.Context(), direct("1", "1700000001.000001", "very private"))
	if !errors.Is(err, sqlite.ErrClosed) || !strings.Contains(err.Error(), "events_api envelope env-1") {
		t.Errorf("closed: got %v", err)
	}
	if strings.Contains(err.Error(), "private") {
		t.Errorf("the error tells what was said: %v", err)
	}
	r.wakes("a closed store", 0)
}

// Slack may deliver one envelope over several connections at once.
func TestManyDeliverTheSame(t *testing.T) {
	const deliverers, envelopes = 64, 200
	r := setup(t)
	var group sync.WaitGroup
	for range deliverers {
		group.Go(func() {
			for i := range envelopes {
				ts := fmt.Sprintf("17000%05d.000001", i)
				env := direct(fmt.Sprint(i), ts, fmt.Sprint("message ", i))
				if i%4 == 3 { // overheard
					env = channel(fmt.Sprint(i), ts, "talk")
				}
				if err := r.inbox.Receive(t.Context(), env); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	const work = envelopes * 3 / 4
	r.wakes("all", work)
	r.rows(envelopes, work)
	if err := r.db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if lanes, messages, texts := r.open(); lanes != work || messages != work || len(texts) != 1 {
		t.Errorf("%d messages in %d lanes, %v in the first; want %d in %d", messages, lanes, texts, work, work)
	}
	for i := range envelopes {
		c := chat.Conversation{Team: "T1", Channel: "D1", Root: chat.TS(fmt.Sprintf("17000%05d.000001", i))}
		if i%4 == 3 {
			c.Channel = "C1"
		}
		history, err := r.db.History(t.Context(), c)
		if err != nil || len(history) != 1 {
			t.Fatalf("message %d: history %v, %v; want it once", i, history, err)
		}
	}
}

// All of them race for one lane as well, and the order is Slack's.
func TestManyDeliverOneThread(t *testing.T) {
	const deliverers, messages = 16, 50
	r := setup(t)
	var group sync.WaitGroup
	for d := range deliverers {
		group.Go(func() {
			for i := range messages {
				i = (i*7 + d) % messages // each in an order of its own; 7 and 50 share no factor
				env := callback(fmt.Sprint(i), fmt.Sprintf(
					`{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"17000000%02d.000001","thread_ts":"1700000000.000001","text":"%d"}`, i, i))
				if err := r.inbox.Receive(t.Context(), env); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	r.wakes("all", messages)
	lanes, n, texts := r.open()
	if lanes != 1 || n != messages {
		t.Fatalf("%d messages in %d lanes, want %d in one", n, lanes, messages)
	}
	for i, text := range texts {
		if text != fmt.Sprint(i) {
			t.Fatalf("order %v", texts)
		}
	}
}

// An act is handed over before it is stored, as what it brings lives for 3 seconds, and
// then it is told how that went.
func TestActsAreHandedOver(t *testing.T) {
	r := setup(t)
	click := inbox.Envelope{Type: "interactive", Payload: []byte(`{"type":"block_actions","trigger_id":"1.2","user":{"id":"U1"},"actions":[{"action_id":"x"}]}`)}
	r.receive(click)
	r.receive(click)
	r.receive(inbox.Envelope{Type: "slash_commands", Payload: []byte(`{"command":"/x","user_id":"U1","trigger_id":"1.3"}`)})
	r.receive(inbox.Envelope{Type: "slash_commands", Payload: []byte(`{"command":"/x"}`)}) // of nobody
	r.receive(callback("1", `{"type":"app_home_opened","user":"U1","channel":"D1","tab":"home"}`))
	r.receive(callback("2", `{"type":"reaction_added","user":"U1","reaction":"x","item":{"channel":"C1","ts":"5.000001"}}`))
	want := []string{"i/1.2", "i/1.2 true <nil>", "i/1.2", "i/1.2 false <nil>", "c/1.3", "c/1.3 true <nil>", "v/Ev1", "v/Ev1 true <nil>"}
	if !slices.Equal(r.acts, want) {
		t.Errorf("handed over: %q\nwant %q", r.acts, want)
	}
	r.wakes("acts", 0)
	r.rows(5, 0)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	click.Payload = bytes.ReplaceAll(click.Payload, []byte("1.2"), []byte("1.9"))
	if err := r.inbox.Receive(t.Context(), click); err == nil {
		t.Fatal("a closed store took an act")
	}
	if last := r.acts[len(r.acts)-1]; !strings.HasPrefix(last, "i/1.9 false ") || strings.HasSuffix(last, "<nil>") {
		t.Errorf("told of a store that failed: %q", last)
	}
}
