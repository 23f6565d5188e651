package turn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/tool"
	"holdfast/internal/turn"
)

// rig runs turns of one lane on a real store. The model is a script, and the
// surface a screen that shows at once: between them the tests stop the clock.
type rig struct {
	*testing.T
	db     *sqlite.DB
	runner *turn.Runner
	lane   chat.Conversation
	n      int // messages so far

	mu      sync.Mutex
	mode    turn.Midturn
	manner  turn.Manner
	model   func(ctx context.Context, call int, say func(turn.Event) bool) error
	brief   func(ctx context.Context) error // nil: at once
	asked   []string                        // the messages of each call
	told    []string                        // what came of tools, in each call
	tools   *tool.Box
	resumed int // calls that took a response up
	screen  screen
}

// screen is what a person sees.
type screen struct {
	text   string   // shown while it grows
	phrase []string // signs of life
	steps  []string // of tools
	finals []string // each Finish that was whole: "text|notice"
	hold   bool     // a Finish waits until it is cut off, once
}

func run(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{T: t, db: db, mode: turn.Queue, lane: chat.Conversation{Team: "T", Channel: "D", Root: "1.000001"}}
		r.process()
		test(r)
		if err := errors.Join(db.Check(context.Background()), db.Close()); err != nil {
			t.Error(err)
		}
	})
}

// process begins a new process: nothing is in memory.
func (r *rig) process() {
	r.runner = turn.NewRunner(r.db, r, r, r, turn.Options{Logger: slog.New(slog.DiscardHandler), Total: 610 * time.Second, Settle: 25 * time.Millisecond})
}

func (r *rig) Brief(ctx context.Context, t *turn.Turn) (turn.Brief, error) {
	var texts []string
	for _, m := range t.Messages {
		texts = append(texts, m.Text)
	}
	if r.brief != nil {
		if err := r.brief(ctx); err != nil {
			return turn.Brief{}, err
		}
	}
	return turn.Brief{Midturn: r.mode, Manner: r.manner, Tools: r.tools, Request: turn.Request{Background: true, Input: []turn.Input{{Text: strings.Join(texts, "+")}}}}, nil
}

func (r *rig) Respond(ctx context.Context, q turn.Request, from turn.Cursor) iter.Seq2[turn.Event, error] {
	return func(yield func(turn.Event, error) bool) {
		if ctx.Err() != nil {
			yield(turn.Event{}, context.Cause(ctx))
			return
		}
		r.mu.Lock()
		r.asked = append(r.asked, q.Input[0].Text)
		r.told = append(r.told, told(q))
		if from.ResponseID != "" {
			r.resumed++
		}
		call := len(r.asked)
		r.mu.Unlock()
		left := false
		err := r.model(ctx, call, func(e turn.Event) bool {
			left = left || !yield(e, nil)
			return !left
		})
		if err != nil && !left {
			yield(turn.Event{}, err)
		}
	}
}

func (r *rig) Open(_ context.Context, _ turn.Fence, _ *turn.Turn, live turn.Live) (turn.Surface, error) {
	return &view{r, live}, nil
}

type view struct {
	*rig
	live turn.Live
}

func (v *view) Working(phrase string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.screen.phrase = append(v.screen.phrase, phrase)
}

func (v *view) Changed() {
	text, err := v.live(v.Context())
	if err == nil && text != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.screen.text = text
	}
}

func (v *view) Finish(ctx context.Context, e turn.Ending) (chat.TS, error) {
	v.mu.Lock()
	hold := v.screen.hold
	v.screen.hold = false
	v.mu.Unlock()
	if hold {
		<-ctx.Done()
		return "", context.Cause(ctx)
	}
	notice, _, _ := strings.Cut(e.Notice, " (turn ")
	v.mu.Lock()
	defer v.mu.Unlock()
	v.screen.finals = append(v.screen.finals, e.Text+"|"+notice)
	return "5.000001", nil
}

func (v *view) Step(s turn.Step) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.screen.steps = append(v.screen.steps, string(s.State)+" "+s.Title)
}

func (v *view) Close() {}

// says stores a message as the inbox does, and tells the runner.
func (r *rig) says(text string) (key string) {
	r.Helper()
	r.n++
	m := chat.Message{Conversation: r.lane, TS: chat.TS(fmt.Sprintf("1.%06d", r.n)), User: "U", Text: text}
	return r.append(inbox.Entry{Key: "m/" + string(m.TS), Kind: inbox.Message, Lane: r.lane, Message: m})
}

func (r *rig) append(e inbox.Entry) string {
	r.Helper()
	work, err := r.db.Append(r.Context(), e)
	if err != nil {
		r.Fatal(err)
	}
	m := e.Message
	if e.Kind != inbox.Message || work {
		r.runner.Hear(turn.Note{Lane: r.lane.Key(), TS: m.TS, Edited: m.Edited, Came: work, Deleted: m.Deleted})
	}
	return e.Key
}

func (r *rig) edits(key, text string) {
	ts := chat.TS(key[2:])
	m := chat.Message{Conversation: r.lane, TS: ts, User: "U", Text: text, Edited: chat.TS(fmt.Sprintf("2.%06d", len(text)))}
	r.append(inbox.Entry{Key: "e/" + key + string(m.Edited), Kind: inbox.Edit, Message: m})
}

func (r *rig) deletes(key string) {
	m := chat.Message{Conversation: r.lane, TS: chat.TS(key[2:]), Deleted: true}
	r.append(inbox.Entry{Key: "d/" + key, Kind: inbox.Deletion, Message: m})
}

// stops is a person's stop, of all until now.
func (r *rig) stops() {
	r.Helper()
	lanes, err := r.db.Stop(r.Context(), inbox.Entry{Key: "s", Stop: &inbox.Stop{Team: "T", Channel: "D", Root: r.lane.Root, At: "1.900000"}})
	if err != nil {
		r.Error(err)
	}
	for _, lane := range lanes {
		r.runner.Stop(lane)
	}
}

// work runs the lane until it has no more work, or ctx ends.
func (r *rig) work(ctx context.Context, replica string) error {
	r.Helper()
	if err := r.db.Join(r.Context(), replica, time.Hour); err != nil {
		r.Fatal(err)
	}
	fences, err := r.db.Claim(r.Context(), replica, 1)
	if err != nil || len(fences) != 1 {
		r.Fatalf("claimed %v, %v", fences, err)
	}
	return r.runner.RunLane(ctx, fences[0])
}

// crashes runs the lane in a process that dies when die is closed.
func (r *rig) crashes(die <-chan struct{}) {
	r.Helper()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-die:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := r.work(ctx, "first"); err == nil {
		r.Error("the process did not die")
	}
	if err := r.db.Leave(r.Context(), "first"); err != nil {
		r.Fatal(err)
	}
	r.process()
}

func (r *rig) ends(key, want string) {
	r.Helper()
	got, _, err := r.db.Outcome(r.Context(), key)
	if err != nil {
		r.Error(err)
	}
	outcome := string(got.State)
	if got.Reason != "" {
		outcome += "/" + got.Reason
	}
	if outcome != want {
		r.Errorf("the outcome is %q, want %q", outcome, want)
	}
}

func (r *rig) equal(what string, got, want []string) {
	r.Helper()
	if !slices.Equal(got, want) {
		r.Errorf("%s: %q, want %q", what, got, want)
	}
}

// answers says text in two pieces, and that it is done.
func answers(say func(turn.Event) bool, call int, pieces ...string) error {
	say(turn.Event{Kind: turn.Started, ResponseID: fmt.Sprint("resp", call)})
	for i, p := range pieces {
		say(turn.Event{Kind: turn.Delta, Sequence: int64(i + 1), Text: p})
	}
	say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: strings.Join(pieces, "")}})
	return nil
}

func hangs(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// A stop at each step of a turn: the call ends, what could be read stays, nothing
// else comes.
func TestStopAtEachStep(t *testing.T) {
	for _, c := range []struct {
		step  string
		at    func(r *rig) // sets the stop up
		calls int
		want  string
	}{
		{"before it begins", func(r *rig) { r.stops() }, 0, "|:octagonal_sign: Stopped."},
		{"while it is briefed", func(r *rig) {
			r.brief = func(ctx context.Context) error { go r.stops(); return hangs(ctx) }
		}, 0, "|:octagonal_sign: Stopped."},
		{"before the first event", func(r *rig) {
			r.model = func(ctx context.Context, _ int, _ func(turn.Event) bool) error { go r.stops(); return hangs(ctx) }
		}, 1, "|:octagonal_sign: Stopped."},
		{"twice", func(r *rig) {
			r.model = func(ctx context.Context, _ int, _ func(turn.Event) bool) error {
				go r.stops()
				go r.stops()
				return hangs(ctx)
			}
		}, 1, "|:octagonal_sign: Stopped."},
		{"in the middle", func(r *rig) {
			r.model = func(ctx context.Context, _ int, say func(turn.Event) bool) error {
				say(turn.Event{Kind: turn.Started, ResponseID: "x"})
				say(turn.Event{Kind: turn.Delta, Text: "high tide"})
				go r.stops()
				return hangs(ctx)
			}
		}, 1, "high tide|:octagonal_sign: Stopped."},
		{"in the pause before another call", func(r *rig) {
			r.model = func(_ context.Context, _ int, _ func(turn.Event) bool) error {
				time.AfterFunc(100*time.Millisecond, r.stops)
				return &turn.Failure{Code: "server_error", Retry: true}
			}
		}, 1, "|:octagonal_sign: Stopped."},
		{"with the last word", func(r *rig) {
			r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
				say(turn.Event{Kind: turn.Started, ResponseID: "x"})
				say(turn.Event{Kind: turn.Delta, Text: "high"})
				r.stops()
				say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: "high tide"}})
				return nil
			}
		}, 1, "high|:octagonal_sign: Stopped."},
		{"while the answer is written", func(r *rig) {
			r.screen.hold = true
			r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
				time.AfterFunc(100*time.Millisecond, r.stops)
				return answers(say, call, "high ", "tide")
			}
		}, 1, "high tide|:octagonal_sign: Stopped."},
		{"after the end", func(r *rig) {
			r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
				return answers(say, call, "high tide")
			}
			time.AfterFunc(time.Minute, r.stops)
		}, 1, "high tide|"},
	} {
		t.Run(c.step, func(t *testing.T) {
			run(t, func(r *rig) {
				key := r.says("tide?")
				c.at(r)
				began := time.Now()
				if err := r.work(r.Context(), "first"); err != nil {
					t.Fatal(err)
				}
				if d := time.Since(began); d > time.Second {
					t.Errorf("it took %s", d)
				}
				time.Sleep(2 * time.Minute)
				r.equal("shown", r.screen.finals, []string{c.want})
				if len(r.asked) != c.calls {
					t.Errorf("%d calls, want %d", len(r.asked), c.calls)
				}
				if want := "stopped/person"; c.step != "after the end" {
					r.ends(key, want)
				} else {
					r.ends(key, "answered")
				}
			})
		})
	}
}

// An answer that is to be shown whole is not shown before it is.
func TestWhole(t *testing.T) {
	for _, whole := range []bool{false, true} {
		run(t, func(r *rig) {
			key := r.says("tide?")
			r.manner.Whole = whole
			seen := ""
			r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
				return answers(func(e turn.Event) bool {
					more := say(e)
					r.mu.Lock()
					defer r.mu.Unlock()
					seen += r.screen.text + "/"
					return more
				}, call, "high ", "tide")
			}
			if err := r.work(r.Context(), "first"); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]string{false: "/high /high tide/high tide/", true: "////"}[whole]; seen != want {
				t.Errorf("whole %v: shown meanwhile %q", whole, seen)
			}
			r.equal("shown", r.screen.finals, []string{"high tide|"})
			r.ends(key, "answered")
		})
	}
}

// One budget of calls serves a turn, over all its attempts.
func TestCallsOfAllAttempts(t *testing.T) {
	run(t, func(r *rig) {
		key := r.says("tide?")
		die := make(chan struct{})
		r.model = func(ctx context.Context, call int, _ func(turn.Event) bool) error {
			if call == 3 { // the third one is under way when the process dies
				close(die)
				return hangs(ctx)
			}
			return &turn.Failure{Code: "server_error", Say: "broken", Retry: true}
		}
		r.crashes(die)
		if err := r.work(r.Context(), "second"); err != nil {
			t.Fatal(err)
		}
		if len(r.asked) != 5 { // 2 failed, 1 died, and the 2 that were left
			t.Errorf("%d calls", len(r.asked))
		}
		r.ends(key, "failed/server_error")
	})
}

// Calls that hang are not tried for ever: none begins in the second half of the
// turn's time.
func TestCallsThatHang(t *testing.T) {
	run(t, func(r *rig) {
		key := r.says("tide?")
		r.model = func(ctx context.Context, _ int, _ func(turn.Event) bool) error {
			time.Sleep(2 * time.Minute)
			return &turn.Failure{Code: "model_slow", Say: "slow", Retry: true}
		}
		began := time.Now()
		if err := r.work(r.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); len(r.asked) != 3 || d > 365*time.Second {
			t.Errorf("%d calls in %s", len(r.asked), d)
		}
		r.ends(key, "failed/model_slow")
	})
}

func TestPauses(t *testing.T) {
	for _, c := range []struct {
		after, least, most time.Duration
		calls              int
	}{
		{0, 500 * time.Millisecond, 700 * time.Millisecond, 2},
		{20 * time.Second, 20 * time.Second, 21 * time.Second, 2}, // as the endpoint asks
		{5 * time.Minute, 0, time.Second, 1},                      // too long: said at once
	} {
		run(t, func(r *rig) {
			r.says("tide?")
			r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
				if call == 1 {
					return &turn.Failure{Code: "rate_limited", Say: "wait", Retry: true, After: c.after}
				}
				return answers(say, call, "high")
			}
			began := time.Now()
			if err := r.work(r.Context(), "first"); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(began); d < c.least || d > c.most || len(r.asked) != c.calls {
				t.Errorf("after %s: %d calls in %s", c.after, len(r.asked), d)
			}
		})
	}
}
