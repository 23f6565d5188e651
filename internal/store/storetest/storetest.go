package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/assistant"
	"holdfast/internal/chat"
	"holdfast/internal/gap"
	"holdfast/internal/home"
	"holdfast/internal/inbox"
	"holdfast/internal/lane"
	"holdfast/internal/outbox"
	"holdfast/internal/reception"
	"holdfast/internal/settings"
	"holdfast/internal/turn"
)

// Store is everything that a store does.
type Store interface {
	inbox.Store
	lane.Store
	turn.Store
	assistant.Archive
	settings.Store
	home.Store
	reception.Store
	gap.Store
	// Outbox is a type of its own because its Begin is not turn.Store's.
	Outbox() outbox.Store
	// Outcome tells how the message of an inbox entry ended, with the answer of
	// its turn; false while it has not, and for what was not for the assistant.
	Outcome(ctx context.Context, key string) (turn.Result, bool, error)
	// Waiting counts the messages that no turn has begun, and their lanes, and
	// tells when the oldest of them came; the zero time if there is none.
	Waiting(ctx context.Context) (lanes, messages int, oldest time.Time, err error)
	// Check returns an error that names what breaks the store's own rules:
	// lanes that count another number of messages than are there, and the like.
	Check(ctx context.Context) error
	Close() error
}

// Run runs the suite. Each call of open returns a new, empty store, which Run
// closes.
func Run(t *testing.T, open func(t *testing.T) Store) {
	groups := []struct {
		name  string
		tests []test
	}{
		{"Inbox", inboxTests},
		{"Lane", laneTests},
		{"Turn", turnTests},
		{"Fence", fenceTests},
		{"Outbox", outboxTests},
		{"Archive", archiveTests},
		{"Summary", summaryTests},
		{"Renew", renewTests},
		{"Refuse", refuseTests},
		{"Settings", settingsTests},
		{"Home", homeTests},
		{"Follow", followTests},
		{"Reception", receptionTests},
		{"Stop", stopTests},
		{"Retry", retryTests},
		{"Gap", gapTests},
		{"Race", raceTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.tests {
				t.Run(c.name, func(t *testing.T) {
					k := &kit{T: t, Store: open(t)}
					t.Cleanup(func() { k.must(k.Close()) })
					c.run(k)
					k.must(k.Check(t.Context()))
				})
			}
		})
	}
	t.Run("Model", func(t *testing.T) { runModel(t, open) })
}

type test struct {
	name string
	run  func(*kit)
}

// kit is a store under test, with words for what tests do often.
type kit struct {
	*testing.T
	Store
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
		k.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// fails checks that err is want, if want is not nil, and is an error.
func (k *kit) fails(what string, err, want error) {
	k.Helper()
	if err == nil || want != nil && !errors.Is(err, want) {
		k.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// until calls done until it is true.
func (k *kit) until(what string, done func() bool) {
	k.Helper()
	deadline := time.After(10 * time.Second)
	for !done() {
		select {
		case <-deadline:
			k.Fatalf("%s: not within 10 s", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// direct is the n-th conversation of the tests.
func direct(n int) chat.Conversation {
	return chat.Conversation{Team: "T1", Channel: fmt.Sprintf("D%d", n), Root: "1700000000.000001"}
}

// says is a message for the assistant, as the classifier makes it.
func says(c chat.Conversation, ts chat.TS, text string) inbox.Entry {
	return inbox.Entry{
		Key: c.Team + "/" + c.Channel + "/" + string(ts), Kind: inbox.Message, Rank: 2, Lane: c,
		Message: chat.Message{Conversation: c, TS: ts, User: "U1", Text: text},
		Payload: []byte(`{"text":"` + text + `"}`), At: time.Now(),
	}
}

// overhears is a message that nobody has to answer.
func overhears(c chat.Conversation, ts chat.TS, text string) inbox.Entry {
	e := says(c, ts, text)
	e.Lane, e.Rank = chat.Conversation{}, 1
	return e
}

// edits is the edit of a message, at a time.
func edits(c chat.Conversation, ts, at chat.TS, text string) inbox.Entry {
	e := overhears(c, ts, text)
	e.Kind, e.Message.Edited = inbox.Edit, at
	e.Key += "/" + string(at)
	return e
}

// deletes is the deletion of a message.
func deletes(c chat.Conversation, ts chat.TS) inbox.Entry {
	e := overhears(c, ts, "")
	e.Kind, e.Key = inbox.Deletion, e.Key+"/deleted"
	e.Message.Deleted = true
	return e
}

func (k *kit) append(e inbox.Entry) (work bool) {
	k.Helper()
	work, err := k.Append(k.Context(), e)
	k.must(err)
	return work
}

func (k *kit) join(replica string) {
	k.Helper()
	k.must(k.Join(k.Context(), replica, time.Hour))
}

// claims claims up to n lanes for a replica.
func (k *kit) claims(replica string, n int) []turn.Fence {
	k.Helper()
	fences, err := k.Claim(k.Context(), replica, n)
	k.must(err)
	return fences
}

// claim claims the one lane that there is to claim.
func (k *kit) claim(replica string) turn.Fence {
	k.Helper()
	fences := k.claims(replica, 10)
	if len(fences) != 1 {
		k.Fatalf("claimed %v, want one lane", fences)
	}
	return fences[0]
}

func (k *kit) begin(f turn.Fence) *turn.Turn {
	k.Helper()
	t, err := k.Begin(k.Context(), f)
	k.must(err)
	if t == nil {
		k.Fatal("begin: no turn, want one")
	}
	return t
}

func (k *kit) finish(f turn.Fence, t *turn.Turn, r turn.Result) (more bool) {
	k.Helper()
	more, err := k.Finish(k.Context(), f, t.ID, r)
	k.must(err)
	return more
}

// running is a lane with one message, whose turn has begun.
func (k *kit) running(c chat.Conversation) (turn.Fence, *turn.Turn) {
	k.Helper()
	k.append(says(c, "1700000001.000001", "hello"))
	k.join("r1")
	f := k.claim("r1")
	return f, k.begin(f)
}

func texts(messages []chat.Message) []string {
	var s []string
	for _, m := range messages {
		s = append(s, m.Text)
	}
	return s
}

// said is the history as one line each: "text" or "own: text".
func (k *kit) said(c chat.Conversation) []string {
	k.Helper()
	history, err := k.History(k.Context(), c)
	k.must(err)
	var s []string
	for _, h := range history {
		if h.Own {
			s = append(s, "own: "+h.Text)
		} else {
			s = append(s, h.Text)
		}
	}
	return s
}

// outcome is "state" or "state/reason", or "" while there is none.
func (k *kit) outcome(key string) string {
	k.Helper()
	r, ok, err := k.Outcome(k.Context(), key)
	k.must(err)
	switch {
	case !ok:
		return ""
	case r.Reason == "":
		return string(r.State)
	}
	return string(r.State) + "/" + r.Reason
}

var answered = turn.Result{State: turn.Answered, Answer: "done", AnswerTS: "1700000009.000001"}
