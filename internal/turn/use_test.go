package turn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/tool"
	"holdfast/internal/turn"
)

// hammer is a tool with effects: ran counts, by key.
type hammer struct {
	ran  atomic.Int64
	keys []string
	do   func(ctx context.Context, c tool.Call) (tool.Result, error)
}

func (h *hammer) Spec() tool.Spec {
	return tool.Spec{Name: "nail", Description: "Drives a nail in.", Effect: true,
		Title:      func(json.RawMessage) string { return "Driving a nail in" },
		Parameters: json.RawMessage(`{"type":"object","properties":{},"required":[],"additionalProperties":false}`)}
}

func (h *hammer) Run(ctx context.Context, c tool.Call) (tool.Result, error) {
	h.ran.Add(1)
	h.keys = append(h.keys, c.Key)
	if h.do != nil {
		return h.do(ctx, c)
	}
	return tool.Result{Text: "it holds"}, nil
}

// uses gives the model the hammer.
func (r *rig) uses(h *hammer) {
	box, err := tool.New(tool.Limits{}, h)
	if err != nil {
		r.Fatal(err)
	}
	r.tools = box
}

// wants is an answer that says something and calls the hammer.
func wants(say func(turn.Event) bool, call int, text string) error {
	say(turn.Event{Kind: turn.Started, ResponseID: fmt.Sprint("resp", call)})
	if text != "" {
		say(turn.Event{Kind: turn.Delta, Sequence: 1, Text: text})
	}
	item := json.RawMessage(fmt.Sprintf(`{"type":"function_call","call_id":"c%d","name":"nail","arguments":"{}"}`, call))
	say(turn.Event{Kind: turn.ItemDone, Sequence: 2, Item: item})
	say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: text, Items: []json.RawMessage{item},
		Calls: []tool.Call{{ID: fmt.Sprint("c", call), Name: "nail", Args: json.RawMessage("{}")}}}})
	return nil
}

// told is what a call was told beyond the messages.
func told(q turn.Request) string {
	var b strings.Builder
	for _, in := range q.Input[1:] {
		switch {
		case in.Output != nil:
			fmt.Fprintf(&b, "[%s: %s]", in.Output.Call, in.Output.Result.Text)
		case in.Raw != nil:
			b.WriteString("<item>")
		}
	}
	if q.Talk {
		b.WriteString(" talk")
	}
	return b.String()
}

func TestToolRounds(t *testing.T) {
	run(t, func(r *rig) {
		h := &hammer{}
		r.uses(h)
		key := r.says("hang the picture")
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			switch call {
			case 1:
				return wants(say, call, "One moment.")
			case 2:
				return wants(say, call, "")
			}
			return answers(say, call, "It ", "hangs.")
		}
		r.worked()
		r.equal("told", r.told, []string{"", "<item>[c1: it holds]", "<item>[c1: it holds]<item>[c2: it holds]"})
		r.equal("shown", r.screen.finals, []string{"One moment.\n\nIt hangs.|"})
		r.ends(key, "answered")
		if len(h.keys) != 2 || h.keys[0] == h.keys[1] {
			t.Errorf("keys: %q", h.keys)
		}
		nail := []string{"running Driving a nail in", "done Driving a nail in"}
		r.equal("steps", r.screen.steps, append(nail, nail...))
		if !strings.Contains(strings.Join(r.screen.phrase, "|"), "Driving a nail in") {
			t.Errorf("signs: %q", r.screen.phrase)
		}
	})
}

// A process dies at each step of a round. The hammer falls once, or again under the
// same key where nobody can know whether it fell; what was said stays, once.
func TestToolsOverCrashes(t *testing.T) {
	for _, step := range []string{"in the tool", "asking again", "in the last words"} {
		t.Run(step, func(t *testing.T) {
			run(t, func(r *rig) {
				die := make(chan struct{})
				h := &hammer{}
				r.uses(h)
				key := r.says("hang the picture")
				died := false
				here := func(s string) bool {
					if s != step || died {
						return false
					}
					died = true
					close(die)
					return true
				}
				h.do = func(ctx context.Context, _ tool.Call) (tool.Result, error) {
					if here("in the tool") {
						return tool.Result{}, hangs(ctx)
					}
					return tool.Result{Text: "it holds"}, nil
				}
				r.model = func(ctx context.Context, call int, say func(turn.Event) bool) error {
					if len(r.told[call-1]) == 0 {
						return wants(say, call, "One moment.")
					}
					if here("asking again") {
						return hangs(ctx)
					}
					say(turn.Event{Kind: turn.Started, ResponseID: fmt.Sprint("resp", call)})
					say(turn.Event{Kind: turn.Delta, Sequence: 1, Text: "It "})
					if here("in the last words") {
						return hangs(ctx)
					}
					return answers(say, call, "It ", "hangs.")
				}
				r.crashes(die)
				r.worked2("second")
				r.equal("shown", r.screen.finals, []string{"One moment.\n\nIt hangs.|"})
				r.ends(key, "answered")
				want := int64(1)
				if step == "in the tool" {
					want = 2
				}
				if h.ran.Load() != want || want == 2 && h.keys[0] != h.keys[1] {
					t.Errorf("ran %d times: %q", h.ran.Load(), h.keys)
				}
				if asked := 2; step == "in the tool" && len(r.asked) != asked {
					t.Errorf("asked %d times: what the model wanted was not kept", len(r.asked))
				}
			})
		})
	}
}

func TestStopInTool(t *testing.T) {
	run(t, func(r *rig) {
		h := &hammer{}
		r.uses(h)
		key := r.says("hang the picture")
		h.do = func(ctx context.Context, _ tool.Call) (tool.Result, error) {
			go r.stops()
			return tool.Result{}, hangs(ctx)
		}
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			return wants(say, call, "One moment.")
		}
		r.worked()
		r.equal("shown", r.screen.finals, []string{"One moment.|:octagonal_sign: Stopped."})
		r.ends(key, "stopped/person")
		r.equal("asked", r.asked, []string{"hang the picture"})
	})
}

// What somebody writes while a tool runs is taken up after it; the tool's work is kept.
func TestSteerInTool(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Steer
		h := &hammer{}
		r.uses(h)
		r.says("a")
		said := false
		h.do = func(ctx context.Context, _ tool.Call) (tool.Result, error) {
			if !said {
				said = true
				r.says("b")
				return tool.Result{}, hangs(ctx)
			}
			return tool.Result{Text: "it holds"}, nil
		}
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			if call == 1 {
				return wants(say, call, "")
			}
			return answers(say, call, "done")
		}
		r.worked()
		r.equal("asked", r.asked, []string{"a", "a+b"})
		r.equal("told", r.told, []string{"", "<item>[c1: it holds]"})
		r.equal("shown", r.screen.finals, []string{"done|"})
	})
}

// A model that calls without end is made to talk, and if it will not, the turn ends.
func TestEndlessTools(t *testing.T) {
	run(t, func(r *rig) {
		h := &hammer{}
		r.uses(h)
		key := r.says("hang the picture")
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error { return wants(say, call, "") }
		r.worked()
		r.ends(key, "failed/tool_loop")
		if h.ran.Load() != 10 || len(r.asked) != 11 || !strings.HasSuffix(r.told[10], " talk") || strings.Contains(r.told[9], "talk") {
			t.Errorf("ran %d, asked %d", h.ran.Load(), len(r.asked))
		}
	})
}

// A call that fails between rounds is tried again, and costs no round's work.
func TestRetryAfterTools(t *testing.T) {
	run(t, func(r *rig) {
		h := &hammer{}
		r.uses(h)
		key := r.says("hang the picture")
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			switch call {
			case 1:
				return wants(say, call, "One moment.")
			case 2, 3:
				return &turn.Failure{Code: "server_error", Retry: true}
			}
			return answers(say, call, "It hangs.")
		}
		began := time.Now()
		r.worked()
		r.ends(key, "answered")
		r.equal("shown", r.screen.finals, []string{"One moment.\n\nIt hangs.|"})
		if h.ran.Load() != 1 || time.Since(began) > time.Minute {
			t.Errorf("ran %d times, took %s", h.ran.Load(), time.Since(began))
		}
	})
}
