package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// fake is a tool of the test's own.
type fake struct {
	spec Spec
	run  func(ctx context.Context, c Call) (Result, error)
}

func (f fake) Spec() Spec                                      { return f.spec }
func (f fake) Run(ctx context.Context, c Call) (Result, error) { return f.run(ctx, c) }

const none = `{"type":"object","properties":{},"required":[],"additionalProperties":false}`

func simple(name string, effect bool, run func(ctx context.Context, c Call) (Result, error)) Tool {
	return fake{Spec{Name: name, Description: "A test's.", Parameters: json.RawMessage(none), Effect: effect}, run}
}

func says(text string) func(context.Context, Call) (Result, error) {
	return func(context.Context, Call) (Result, error) { return Result{Text: text}, nil }
}

// journal writes down what it is told.
type journal struct {
	mu    sync.Mutex
	lines []string
	fail  string // on this line
}

func (j *journal) add(line string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if line == j.fail {
		return errors.New("the store is away")
	}
	j.lines = append(j.lines, line)
	return nil
}

func (j *journal) Began(_ context.Context, c Call) error { return j.add("began " + c.ID) }
func (j *journal) Ended(_ context.Context, c Call, o Outcome) error {
	return j.add("ended " + c.ID + " " + o.Failed)
}

func box(t *testing.T, l Limits, tools ...Tool) *Box {
	t.Helper()
	b, err := New(l, tools...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func call(id, name string) Call {
	return Call{ID: id, Name: name, Args: json.RawMessage("{}"), Key: "turn/" + id}
}

func TestEveryCallHasAnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := box(t, Limits{Calls: 7, Text: 40, Pictures: 1},
			simple("good", false, says("fine")),
			simple("long", false, says(strings.Repeat("line of text\n", 20))),
			simple("panics", false, func(context.Context, Call) (Result, error) { panic("oh") }),
			simple("breaks", false, func(context.Context, Call) (Result, error) { return Result{}, errors.New("token xoxb-1 is wrong") }),
			simple("refuses", false, func(context.Context, Call) (Result, error) { return Result{}, Refuse("there is no page %d", 9) }),
			simple("hangs", false, func(ctx context.Context, _ Call) (Result, error) { <-ctx.Done(); return Result{}, ctx.Err() }),
		)
		broken := call("6", "good")
		broken.Args = json.RawMessage(`{"half":`)
		list := call("7", "good")
		list.Args = json.RawMessage(`[1]`)
		j := &journal{}
		out, err := b.Run(t.Context(), Round{Journal: j, Calls: []Call{
			call("0", "good"), call("1", "long"), call("2", "panics"), call("3", "breaks"), call("4", "refuses"),
			call("5", "hangs"), broken, list, call("8", "unheard_of"), call("9", "good"),
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"", "", "failed", "failed", "refused", "timeout", "bad_arguments", "limit", "unknown_tool", "limit"}
		for i, o := range out {
			if o.Failed != want[i] || o.Text == "" {
				t.Errorf("call %d: %q, want %q: %s", i, o.Failed, want[i], o.Text)
			}
			if strings.Contains(o.Text, "xoxb") || strings.Contains(o.Text, "oh") {
				t.Errorf("call %d gives away what happened here: %s", i, o.Text)
			}
			if !slices.Contains(j.lines, fmt.Sprintf("ended %d %s", i, want[i])) {
				t.Errorf("call %d is not journalled: %v", i, j.lines)
			}
		}
		if !strings.HasPrefix(out[1].Text, "line of text\nline of text\nline of text\n[cut here: 38 of 260 bytes") {
			t.Errorf("cut: %q", out[1].Text)
		}
		if out[2].Cause() == nil || out[3].Cause() == nil || out[4].Cause() != nil {
			t.Error("the log cannot say why a call failed, or says it of one that was refused")
		}
		if out[5].Took != time.Minute {
			t.Errorf("a call that hangs took %s", out[5].Took)
		}
	})
}

// TestAgain: what an earlier attempt did is not done again.
func TestAgain(t *testing.T) {
	var ran []string
	b := box(t, Limits{}, simple("draw", true, func(_ context.Context, c Call) (Result, error) {
		ran = append(ran, c.Key)
		return Result{Text: "new"}, nil
	}))
	known := map[string]Outcome{"turn/a": {Result: Result{Text: "old"}}}
	second := call("b", "draw")
	second.Args = json.RawMessage(`{"n":2}`)
	out, err := b.Run(t.Context(), Round{Calls: []Call{call("a", "draw"), second}, Known: known, Journal: &journal{}})
	if err != nil || out[0].Text != "old" || out[1].Text != "new" || !slices.Equal(ran, []string{"turn/b"}) {
		t.Errorf("ran %v: %+v, %v", ran, out, err)
	}
}

func TestSameEffectOnce(t *testing.T) {
	var drawn, read atomic.Int64
	b := box(t, Limits{},
		simple("draw", true, func(context.Context, Call) (Result, error) { drawn.Add(1); return Result{Text: "one"}, nil }),
		simple("read", false, func(context.Context, Call) (Result, error) { read.Add(1); return Result{Text: "page"}, nil }))
	spaced := call("c", "draw")
	spaced.Args = json.RawMessage(" { } ")
	j := &journal{}
	out, err := b.Run(t.Context(), Round{Journal: j, Calls: []Call{call("a", "draw"), call("b", "draw"), spaced, call("d", "read"), call("e", "read")}})
	if err != nil {
		t.Fatal(err)
	}
	if drawn.Load() != 1 || read.Load() != 2 {
		t.Errorf("drawn %d times, read %d times", drawn.Load(), read.Load())
	}
	for i := range 3 {
		if out[i].Text != "one" {
			t.Errorf("call %d: %+v", i, out[i])
		}
	}
	if n := len(j.lines); n != 8 { // three began, five ended
		t.Errorf("journal: %v", j.lines)
	}
}

// TestSideBySide: readers run together, at most so many; effects in their order.
func TestSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		var order []string
		b := box(t, Limits{Parallel: 3, Calls: 100},
			simple("read", false, func(context.Context, Call) (Result, error) {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(time.Second) // of the test's own clock
				mu.Lock()
				now--
				mu.Unlock()
				return Result{}, nil
			}),
			simple("write", true, func(_ context.Context, c Call) (Result, error) {
				time.Sleep(time.Second)
				mu.Lock()
				order = append(order, c.ID)
				mu.Unlock()
				return Result{}, nil
			}))
		var calls []Call
		for i := range 6 {
			calls = append(calls, call(fmt.Sprint("r", i), "read"))
			w := call(fmt.Sprint("w", i), "write")
			w.Args = json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))
			calls = append(calls, w)
		}
		began := time.Now()
		if _, err := b.Run(t.Context(), Round{Calls: calls, Journal: &journal{}}); err != nil {
			t.Fatal(err)
		}
		if most != 3 || !slices.Equal(order, []string{"w0", "w1", "w2", "w3", "w4", "w5"}) {
			t.Errorf("at most %d readers at once; writers %v", most, order)
		}
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("took %s: the writers did not run beside the readers", took)
		}
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := box(t, Limits{}, simple("hangs", true, func(ctx context.Context, _ Call) (Result, error) { <-ctx.Done(); return Result{}, ctx.Err() }))
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("a person said stop")
		time.AfterFunc(time.Second, func() { cancel(why) })
		j := &journal{}
		out, err := b.Run(ctx, Round{Calls: []Call{call("a", "hangs")}, Journal: j})
		if !errors.Is(err, why) || out != nil || !slices.Equal(j.lines, []string{"began a"}) {
			t.Errorf("%v, %v, journal %v", out, err, j.lines)
		}
	})
}

func TestJournalFirst(t *testing.T) {
	ran := false
	b := box(t, Limits{}, simple("draw", true, func(context.Context, Call) (Result, error) { ran = true; return Result{}, nil }))
	if _, err := b.Run(t.Context(), Round{Calls: []Call{call("a", "draw")}, Journal: &journal{fail: "began a"}}); err == nil || ran {
		t.Errorf("ran %v although the journal did not have it: %v", ran, err)
	}
	if _, err := b.Run(t.Context(), Round{Calls: []Call{call("a", "draw")}, Journal: &journal{fail: "ended a "}}); err == nil || !ran {
		t.Errorf("an outcome that the journal does not have was returned: %v", err)
	}
}

func TestWatch(t *testing.T) {
	tool := fake{Spec{Name: "page", Description: "d", Parameters: json.RawMessage(none),
		Title: func(json.RawMessage) string { return "Reading a page" }}, says("text")}
	b := box(t, Limits{}, tool)
	var seen []string
	_, err := b.Run(t.Context(), Round{Journal: &journal{}, Calls: []Call{call("a", "page")},
		Watch: func(c Call, title string, end *Outcome) { seen = append(seen, fmt.Sprint(title, end != nil)) }})
	if err != nil || !slices.Equal(seen, []string{"Reading a pagefalse", "Reading a pagetrue"}) {
		t.Errorf("%v, %v", seen, err)
	}
	if got := b.Title(Call{Name: "other"}); got != "Using other" {
		t.Errorf("%q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for want, spec := range map[string]Spec{
		"a name is":                {Name: "not a name", Description: "d", Parameters: json.RawMessage(none)},
		"no description":           {Name: "a", Parameters: json.RawMessage(none)},
		"not a JSON schema":        {Name: "a", Description: "d"},
		"must be an object":        {Name: "a", Description: "d", Parameters: json.RawMessage(`{"type":"string"}`)},
		"additionalProperties":     {Name: "a", Description: "d", Parameters: json.RawMessage(`{"type":"object"}`)},
		`must require "x"`:         {Name: "a", Description: "d", Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{"x":{"type":"string"}}}`)},
		`requires "y"`:             {Name: "a", Description: "d", Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["y"]}`)},
		"x must have":              {Name: "a", Description: "d", Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["x"],"properties":{"x":{"type":["object","null"]}}}`)},
		"the items of x must have": {Name: "a", Description: "d", Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["x"],"properties":{"x":{"type":"array","items":{"type":"object"}}}}`)},
	} {
		if _, err := New(Limits{}, fake{spec: spec}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if _, err := New(Limits{}, simple("a", false, nil), simple("a", false, nil)); err == nil {
		t.Error("two tools of one name")
	}
}

// TestCut: what is kept is a valid beginning, within the limit.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 60).Draw(t, "limit")
		text := rapid.String().Draw(t, "text")
		b, err := New(Limits{Text: limit})
		if err != nil {
			t.Fatal(err)
		}
		got := b.cut(Result{Text: text}).Text
		if len(text) <= limit {
			if got != text {
				t.Fatalf("%q became %q", text, got)
			}
			return
		}
		kept, _, ok := strings.Cut(got, "\n[cut here: ")
		if i := strings.LastIndex(got, "\n[cut here: "); ok {
			kept = got[:i]
		}
		if !ok || !strings.HasPrefix(text, kept) || len(kept) > limit || utf8.ValidString(text) && !utf8.ValidString(kept) {
			t.Fatalf("limit %d: %q became %q", limit, text, got)
		}
	})
}
