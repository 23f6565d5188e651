package metric_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/metric"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// rig is a set with a store, a model and an outbox that do what a test says.
type rig struct {
	*testing.T
	set     *metric.Set
	turns   turn.Store
	model   turn.Model
	outbox  outbox.Store
	turn    *turn.Turn
	answers []answer
	waiting error
	broken  error
}

type answer struct {
	events []turn.Event
	err    error
}

func setup(t *testing.T) *rig {
	r := &rig{T: t, set: metric.New("v1")}
	r.turns, r.model, r.outbox = r.set.Turns(store{r: r}), r.set.Model(r), r.set.Outbox(box{})
	return r
}

type store struct {
	turn.Store
	r *rig
}

func (s store) Begin(context.Context, turn.Fence) (*turn.Turn, error) { return s.r.turn, nil }
func (s store) Finish(context.Context, turn.Fence, string, turn.Result) (bool, error) {
	return false, nil
}
func (s store) Record(context.Context, turn.Fence, string, ...turn.Record) error { return s.r.broken }

func (s store) Renew(context.Context, turn.Fence, string, bool) ([]chat.Message, error) {
	return append(s.r.turn.Messages, chat.Message{TS: "1.000000"}), nil
}

type box struct{ outbox.Store }

func (box) Begin(context.Context, turn.Fence, outbox.Write) (outbox.Row, bool, error) {
	return outbox.Row{}, false, nil
}
func (box) Settle(context.Context, turn.Fence, string, outbox.State, chat.TS, string) error {
	return nil
}

func (r *rig) Respond(context.Context, turn.Request, turn.Cursor) iter.Seq2[turn.Event, error] {
	a := r.answers[0]
	r.answers = r.answers[1:]
	return func(yield func(turn.Event, error) bool) {
		for _, e := range a.events {
			if !yield(e, nil) {
				return
			}
		}
		if a.err != nil {
			yield(turn.Event{}, a.err)
		}
	}
}

// begin begins a turn of two messages.
func (r *rig) begin(id string, attempt int) turn.Fence {
	r.Helper()
	now := chat.TS(fmt.Sprintf("%d.000000", time.Now().Unix()))
	r.turn = &turn.Turn{ID: id, Attempt: attempt, Messages: []chat.Message{{TS: now}, {TS: now}}}
	f := turn.Fence{Lane: "lane-" + id}
	if _, err := r.turns.Begin(r.Context(), f); err != nil {
		r.Fatal(err)
	}
	return f
}

func (r *rig) ask(id string, from turn.Cursor) {
	for range r.model.Respond(r.Context(), turn.Request{Metadata: map[string]string{"turn_id": id}}, from) {
	}
}

func (r *rig) finish(f turn.Fence, s turn.State, reason string) {
	r.Helper()
	if _, err := r.turns.Finish(r.Context(), f, "", turn.Result{State: s, Reason: reason}); err != nil {
		r.Fatal(err)
	}
}

// page is what an operator's scraper reads.
func (r *rig) page() string {
	h := r.set.Handler(metric.Now{
		Running: func() int { return 3 }, Sockets: func() int { return 2 }, ModelDown: func() bool { return true }, NotReady: func() int { return 0 },
		Waiting: func(context.Context) (int, int, time.Time, error) {
			return 4, 5, time.Now().Add(-time.Minute), r.waiting
		},
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func (r *rig) has(lines ...string) {
	r.Helper()
	page := r.page()
	for _, l := range lines {
		if !strings.Contains(page, "\n"+l+"\n") {
			r.Errorf("no line %q in\n%s", l, page)
		}
	}
}

var (
	said   = answer{events: []turn.Event{{Kind: turn.Started}, {Kind: turn.Delta}, {Kind: turn.Done, Done: &turn.Final{Complete: true, Usage: turn.Usage{Input: 7, Output: 3}}}}}
	hangs  = answer{err: &turn.Failure{Code: "model_slow", Retry: true, Cause: late("first event")}}
	silent = answer{events: []turn.Event{{Kind: turn.Started}}, err: &turn.Failure{Code: "model_silent", Retry: true, Cause: late("idle")}}
	away   = answer{err: &turn.Failure{Code: "model_unreachable", Retry: true, Cause: late("connect")}}
	refuse = answer{err: &turn.Failure{Code: "model_unreachable", Retry: true, Cause: errors.New("connection refused")}}
)

// late is a deadline that passed.
type late string

func (l late) Error() string { return string(l) + " deadline passed" }
func (l late) Phase() string { return string(l) }

func TestATurnThatAnswers(t *testing.T) {
	r := setup(t)
	r.answers = []answer{said}
	f := r.begin("t1", 1)
	if _, _, err := r.outbox.Begin(t.Context(), f, outbox.Write{Turn: "t1", Key: "k", Op: "chat.startStream", Body: []byte(`{"part":1}`)}); err != nil {
		t.Fatal(err)
	}
	if err := r.outbox.Settle(t.Context(), f, "k", outbox.Confirmed, "1.0", ""); err != nil {
		t.Fatal(err)
	}
	r.ask("t1", turn.Cursor{})
	r.finish(f, turn.Answered, "")
	r.has(
		`holdfast_turns_total{outcome="answered"} 1`,
		`holdfast_messages_total{outcome="answered"} 1`, `holdfast_messages_total{outcome="merged"} 1`,
		`holdfast_queue_wait_seconds_count 1`, `holdfast_first_sign_seconds_count 1`, `holdfast_first_token_seconds_count 1`,
		`holdfast_finish_seconds_count{outcome="answered"} 1`,
		`holdfast_model_calls_total{result="completed"} 1`, `holdfast_tokens_total{kind="input"} 7`, `holdfast_tokens_total{kind="output"} 3`,
		`holdfast_writes_total{method="chat.startStream",state="confirmed"} 1`, `holdfast_continuations_total 0`,
		`holdfast_lanes_running 3`, `holdfast_sockets 2`, `holdfast_model_down 1`, `holdfast_lanes_waiting 4`, `holdfast_messages_waiting 5`,
		`holdfast_info{version="v1"} 1`,
	)
}

func TestTimeoutsAndWhatCameOfThem(t *testing.T) {
	r := setup(t)
	r.answers = []answer{hangs, said, silent, said, hangs, away, refuse, said}
	f := r.begin("again", 1)
	r.ask("again", turn.Cursor{})
	r.ask("again", turn.Cursor{})
	r.finish(f, turn.Answered, "")
	f = r.begin("on", 2)
	r.ask("on", turn.Cursor{})
	r.ask("on", turn.Cursor{ResponseID: "resp_1"})
	r.finish(f, turn.Answered, "")
	f = r.begin("lost", 1)
	r.ask("lost", turn.Cursor{})
	r.finish(f, turn.Failed, "model_slow")
	f = r.begin("far", 1)
	r.ask("far", turn.Cursor{})
	r.ask("far", turn.Cursor{}) // refused at once: no deadline
	r.ask("far", turn.Cursor{})
	r.finish(f, turn.Answered, "")
	f = r.begin("long", 1)
	r.finish(f, turn.Failed, "turn_timeout")
	r.has(
		`holdfast_timeouts_total{kind="first_event"} 2`, `holdfast_timeouts_total{kind="idle"} 1`, `holdfast_timeouts_total{kind="connect"} 1`,
		`holdfast_timeouts_total{kind="turn"} 1`,
		`holdfast_timeouts_recovered_total{how="asked_again"} 2`, `holdfast_timeouts_recovered_total{how="resumed"} 1`, `holdfast_timeouts_recovered_total{how="failed"} 2`,
		`holdfast_failures_total{reason="model_slow"} 1`, `holdfast_resumes_total{after="crash"} 1`, `holdfast_model_calls_total{result="model_slow"} 2`,
	)
}

// What people write while a turn runs is its own, and what an interrupted turn was
// for is the next one's: each message is counted once.
func TestMessagesAreCountedOnce(t *testing.T) {
	r := setup(t)
	f := r.begin("cut", 1) // of two messages
	r.finish(f, turn.Merged, "interrupted")
	f = r.begin("next", 1)
	if _, err := r.turns.Renew(t.Context(), f, "next", true); err != nil { // of a third
		t.Fatal(err)
	}
	r.finish(f, turn.Answered, "")
	r.has(
		`holdfast_turns_total{outcome="merged"} 1`, `holdfast_turns_total{outcome="answered"} 1`,
		`holdfast_messages_total{outcome="answered"} 1`, `holdfast_messages_total{outcome="merged"} 2`,
		`holdfast_finish_seconds_count{outcome="answered"} 1`,
	)
}

func TestTroubleOfTheDatabase(t *testing.T) {
	r := setup(t)
	for _, err := range []error{errors.New("disk full"), fmt.Errorf("late owner: %w", turn.ErrFenced), context.Canceled, nil} {
		r.broken = err
		_ = r.turns.Record(t.Context(), turn.Fence{}, "t")
	}
	r.has(`holdfast_store_errors_total{call="record"} 1`, `holdfast_store_seconds_count{call="record"} 4`)
}

// The database is away: what it would tell is missing, not old and not zero.
func TestNoBacklogWithoutTheDatabase(t *testing.T) {
	r := setup(t)
	r.waiting = errors.New("away")
	if page := r.page(); strings.Contains(page, "_waiting") || !strings.Contains(page, "holdfast_lanes_running 3") {
		t.Errorf("%s", page)
	}
}

func TestCodesFromElsewhereAreBounded(t *testing.T) {
	r := setup(t)
	for i := range 500 {
		f := r.begin("t", 1)
		r.finish(f, turn.Failed, fmt.Sprint("code-", i))
	}
	n := strings.Count(r.page(), "\nholdfast_failures_total{")
	if n != 61 {
		t.Errorf("%d reasons are told apart, want 60 and the others", n)
	}
}

// TestPageListsAll holds docs/metrics.md to what there is.
func TestPageListsAll(t *testing.T) {
	r := setup(t)
	// Each labelled metric needs one value to be shown.
	r.answers = []answer{silent, said}
	f := r.begin("t", 2)
	r.ask("t", turn.Cursor{})
	r.ask("t", turn.Cursor{})
	_ = r.outbox.Settle(t.Context(), f, "k", outbox.Failed, "", "")
	r.finish(f, turn.Failed, "x")
	r.set.Envelope("events_api", "acked", time.Millisecond)
	r.set.Leaving("warning")
	r.set.SlackSlot("chat.update", time.Second)
	r.set.SlackCall("chat.update", "ok", time.Second)
	r.set.Fallback("no_slot")
	r.set.Opened("connected")
	r.set.Filled(nil)
	r.broken = errors.New("away")
	_ = r.turns.Record(t.Context(), f, "t")
	names := regexp.MustCompile(`(?m)^# TYPE (holdfast_\w+) `).FindAllStringSubmatch(r.page(), -1)
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var have, listed []string
	for _, n := range names {
		have = append(have, n[1])
	}
	for _, n := range regexp.MustCompile("(?m)^\\| `(holdfast_\\w+)").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, n[1])
	}
	slices.Sort(have)
	slices.Sort(listed)
	if !slices.Equal(have, listed) {
		t.Errorf("docs/metrics.md lists\n%q\nthere are\n%q", listed, have)
	}
}
