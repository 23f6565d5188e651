package assistant_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/assistant"
	"holdfast/internal/chat"
	"holdfast/internal/settings"
	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

// scribe is the small model. It keeps what it was asked.
type scribe struct {
	mu    sync.Mutex
	asked []turn.Request
	fails error
	hangs bool
	while func() // it writes
	done  chan struct{}
}

func (s *scribe) Respond(ctx context.Context, r turn.Request, _ turn.Cursor) iter.Seq2[turn.Event, error] {
	return func(yield func(turn.Event, error) bool) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		n := len(s.asked)
		s.mu.Unlock()
		if s.done != nil {
			defer func() { s.done <- struct{}{} }()
		}
		if s.while != nil {
			s.while()
		}
		if s.hangs {
			<-ctx.Done()
			yield(turn.Event{}, ctx.Err())
			return
		}
		if s.fails != nil {
			yield(turn.Event{}, s.fails)
			return
		}
		yield(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: fmt.Sprint("notes ", n)}}, nil)
	}
}

// long is a conversation of so many messages, each of about 35 tokens with its heading,
// in a room of 1,000 tokens.
func long(t *testing.T, messages int) (*kit, *scribe, chat.Conversation) {
	k, s := setup(t), &scribe{}
	k.settings.Context, k.settings.Small = 1000, &assistant.Small{Model: s, Name: "small", Effort: "none"}
	k.restart()
	c := thread(1)
	for n := range messages {
		k.overhears(message(c, 2+n, ada.ID, fmt.Sprintf("word-%03d", n)))
	}
	k.says(message(c, 500, ben.ID, "and now?"))
	return k, s, c
}

func joined(in []turn.Input) string {
	var b strings.Builder
	for _, i := range in {
		b.WriteString(string(i.Role) + ": " + i.Text + "\n")
	}
	return b.String()
}

// What does not fit is summarised before the answer, with a sign of life, and once.
func TestWhatDoesNotFitIsSummarised(t *testing.T) {
	k, s, c := long(t, 100)
	f, tn := k.begin()
	var phrases []string
	tn.Working = func(p string) { phrases = append(phrases, p) }
	in := k.brief(tn).Input
	if len(phrases) != 2 || phrases[0] == "" || phrases[1] != "" {
		t.Errorf("signs of life: %q", phrases)
	}
	k.equal("calls", len(s.asked), 1)
	r := s.asked[0]
	if r.Model != "small" || r.Effort != "none" || r.Metadata["purpose"] != assistant.PurposeSummary || r.Metadata["turn_id"] != "" || r.MaxOutput == 0 ||
		!strings.Contains(r.Input[0].Text, heading(ada, 2)+"word-000\n") {
		t.Errorf("asked %+v", r)
	}
	if text := joined(in); !strings.HasPrefix(text, "user: ⟦Summary of the first ") || !strings.Contains(text, "⟧\nnotes 1") ||
		strings.Contains(text, "word-000") || !strings.Contains(text, "word-099") || strings.Contains(text, "left out") {
		t.Errorf("input:\n%s", text)
	}
	// The next process has it, and asks nobody.
	k.answers(f, tn, 501, "done")
	k.restart()
	k.says(message(c, 502, ada.ID, "thanks"))
	_, tn = k.begin()
	again := k.brief(tn)
	k.equal("calls", len(s.asked), 1)
	if !strings.HasPrefix(wire(t, again), wire(t, turn.Request{Input: in})) {
		t.Errorf("the next request does not begin like this one:\n%s", joined(again.Input))
	}
}

// A summary that fails, or does not come in time, costs the older messages; the turn is
// answered.
func TestSummaryThatFails(t *testing.T) {
	k, s, _ := long(t, 100)
	s.fails = errors.New("off")
	_, tn := k.begin()
	text := joined(k.brief(tn).Input)
	if !strings.Contains(text, "word-000") || !strings.Contains(text, "earlier messages are left out here") || strings.Contains(text, "word-001") || !strings.Contains(text, "word-099") {
		t.Errorf("input:\n%s", text)
	}
}

// Deleted words are in no summary: it is gone with them, and one that was being made
// is not kept.
func TestDeletedTextLeavesTheSummary(t *testing.T) {
	k, s, c := long(t, 100)
	f, tn := k.begin()
	k.brief(tn)
	k.answers(f, tn, 501, "done")
	k.deletes(message(c, 5, ada.ID, "word-003"))
	got, err := k.db.Summary(t.Context(), c)
	k.must(err)
	k.equal("summary after the deletion", got, transcript.Summary{})
	k.says(message(c, 502, ada.ID, "again"))
	s.while = func() { k.deletes(message(c, 6, ada.ID, "word-004")) }
	_, tn = k.begin()
	text := joined(k.brief(tn).Input)
	if strings.Contains(s.asked[1].Input[0].Text, "word-003") || strings.Contains(text, "word-003") {
		t.Error("deleted words were given to a model")
	}
	if strings.Contains(text, "Summary of") || !strings.Contains(text, "left out") {
		t.Errorf("a summary with words that were deleted meanwhile counts:\n%s", text)
	}
	got, err = k.db.Summary(t.Context(), c)
	k.must(err)
	k.equal("summary that was made meanwhile", got, transcript.Summary{})
}

// A conversation that nearly fills the room is summarised after its turn, for the next.
func TestSummaryAfterTheTurn(t *testing.T) {
	k, s, c := long(t, 24)
	s.done = make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { k.assistant.Run(ctx) })
	f, tn := k.begin()
	in := k.brief(tn).Input
	k.equal("calls before the answer", len(s.asked), 0)
	k.equal("input", strings.Contains(joined(in), "word-000"), true)
	k.answers(f, tn, 501, "done")
	k.assistant.Ended(tn, turn.Result{State: turn.Answered})
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		t.Fatal("no summary is made")
	}
	deadline := time.After(20 * time.Second)
	for stored := false; !stored; {
		got, err := k.db.Summary(t.Context(), c)
		k.must(err)
		stored = got.Text == "notes 1"
		select {
		case <-deadline:
			t.Fatalf("the summary that is stored is %q", got.Text)
		case <-time.After(2 * time.Millisecond):
		}
	}
	cancel()
	running.Wait()
	k.says(message(c, 502, ada.ID, "go on"))
	_, tn = k.begin()
	if text := joined(k.brief(tn).Input); !strings.Contains(text, "notes 1") || !strings.Contains(text, "word-023") {
		t.Errorf("input:\n%s", text)
	}
	k.equal("calls", len(s.asked), 1)
}

func TestMessageThatDoesNotFit(t *testing.T) {
	k, s, _ := long(t, 0)
	k.says(message(thread(1), 600, ada.ID, strings.Repeat("too much ", 2000)))
	_, tn := k.begin()
	_, err := k.assistant.Brief(t.Context(), tn)
	failure, ok := errors.AsType[*turn.Failure](err)
	if !ok || failure.Code != "too_long" || failure.Retry || !strings.Contains(failure.Say, "smaller part") {
		t.Errorf("got %#v", err)
	}
	k.equal("calls", len(s.asked), 0)
}

// The room is the model's, less what is kept for the answer, and follows what the
// endpoint counts.
func TestRoomFollowsTheModel(t *testing.T) {
	k := setup(t)
	k.settings.Window = func(string) (int, int) { return 8000, 2000 }
	k.restart()
	c := thread(1)
	for n := range 100 {
		k.overhears(message(c, 2+n, ada.ID, fmt.Sprintf("word-%03d", n)))
	}
	k.says(message(c, 500, ben.ID, "and now?"))
	_, tn := k.begin()
	whole := k.brief(tn)
	k.equal("all of it", strings.Contains(joined(whole.Input), "word-001"), true)
	// Three times what was estimated: it learns, within bounds.
	model := &scribe{}
	counting := counted{model, 30_000}
	for range 20 {
		for _, err := range k.assistant.Metered(counting).Respond(t.Context(), whole, turn.Cursor{}) {
			k.must(err)
		}
	}
	k.equal("less of it", strings.Contains(joined(k.brief(tn).Input), "left out"), true)
}

// counted is a model that counts so many tokens of input.
type counted struct {
	turn.Model
	input int64
}

func (c counted) Respond(context.Context, turn.Request, turn.Cursor) iter.Seq2[turn.Event, error] {
	return func(yield func(turn.Event, error) bool) {
		yield(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: "x", Usage: turn.Usage{Input: c.input}}}, nil)
	}
}

// top is a message at the top of the channel.
func top(n int, u chat.User, text string) chat.Message {
	return message(chat.Conversation{Team: "T1", Channel: "C1", Root: ts(n)}, n, u.ID, text)
}

func TestChannelBeforeAMention(t *testing.T) {
	k := setup(t)
	k.operator[settings.ChannelContext] = "3"
	k.restart()
	k.overhears(top(3, ada, "heard"))
	k.slack.recent = []chat.Message{top(1, ben, "old"), top(2, ben, "the pump is off"), top(3, ada, "heard")}
	c := thread(10)
	k.says(message(c, 10, ada.ID, "<@UBOT> why?"))
	f, tn := k.begin()
	in := k.brief(tn).Input
	text := joined(in)
	if len(in) != 2 || !strings.HasPrefix(text, "user: ⟦For context: the 3 messages") || !strings.Contains(text, heading(ben, 2)+"the pump is off") || strings.Count(text, "heard") != 1 {
		t.Errorf("input:\n%s", text)
	}
	k.equal("asked", k.slack.recents, 1)
	k.answers(f, tn, 11, "because")
	k.says(message(c, 12, ada.ID, "and then?"))
	_, tn = k.begin()
	next := k.brief(tn)
	k.equal("asked", k.slack.recents, 1)
	if !strings.HasPrefix(wire(t, next), wire(t, turn.Request{Input: in})) {
		t.Errorf("the next request does not begin like this one:\n%s", joined(next.Input))
	}
}

func TestChannelThatCannotBeRead(t *testing.T) {
	k := setup(t)
	k.operator[settings.ChannelContext] = "3"
	k.restart()
	k.slack.recentErr = errOff
	k.says(message(thread(10), 10, ada.ID, "<@UBOT> why?"))
	_, tn := k.begin()
	in := k.brief(tn).Input
	if len(in) != 2 || in[1].Role != turn.Developer || !strings.Contains(in[1].Text, "could not all be read") {
		t.Errorf("input:\n%s", joined(in))
	}
}

// A message that waited is told what time it is, at the end.
func TestTimeOfAMessageThatWaited(t *testing.T) {
	k := setup(t)
	k.says(message(thread(1), 1, ben.ID, "hello"))
	_, tn := k.begin()
	k.equal("at once", len(k.brief(tn).Input), 1)
	k.clock = k.clock.Add(time.Hour)
	in := k.brief(tn).Input
	k.equal("after an hour", in[len(in)-1], turn.Input{Role: turn.Developer, Text: "⟦It is now Wed 31 Dec 2025 20:00 EST⟧"})
}
