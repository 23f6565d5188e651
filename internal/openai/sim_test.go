package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/modelsim"
	"holdfast/internal/turn"
)

// simulate starts a model provider that goes by one rule, and a client for it.
func simulate(t testing.TB, rule *modelsim.Rule, change ...func(*Options)) (*Client, *modelsim.Sim) {
	t.Helper()
	sim := modelsim.New(modelsim.Options{Seed: 1})
	server, err := sim.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	if rule != nil {
		sim.AddRule(*rule)
	}
	return clientFor(t, server.URL(), change...), sim
}

func question(words string) turn.Request {
	return turn.Request{
		Model: "gpt-6-luna", Instructions: "Be kind.", Effort: "low", Verbosity: "low", MaxOutput: 100_000, CacheKey: "k", SafetyID: "s",
		Input: []turn.Input{{Role: turn.User, Text: words}}, Metadata: map[string]string{"turn_id": "t"},
	}
}

func TestSimShapes(t *testing.T) {
	for _, shape := range modelsim.Shapes() {
		t.Run(shape, func(t *testing.T) {
			c, _ := simulate(t, &modelsim.Rule{Shape: shape, Timing: &modelsim.Timing{Think: time.Millisecond}})
			a := ask(t, c, question("tell me something"))
			if a.err != nil {
				t.Fatal(a.err)
			}
			f := a.final
			if f.Text != a.text && !(shape == "S5" && a.text == "" && f.Text == "Let me look that up.") {
				t.Errorf("the final text differs from the deltas:\n%s", cmp.Diff(a.text, f.Text))
			}
			reason := map[string]string{"S15": "max_output_tokens", "S15-reasoning": "max_output_tokens", "S16": "content_filter"}[shape]
			if f.Reason != reason || f.Complete != (reason == "") {
				t.Errorf("complete %v, reason %q", f.Complete, f.Reason)
			}
			if f.Refusal != (shape == "S14") {
				t.Errorf("refusal %v", f.Refusal)
			}
			silent := strings.HasPrefix(shape, "S3") || strings.HasPrefix(shape, "S4") || shape == "S6" || strings.HasPrefix(shape, "S7") || shape == "S15-reasoning" || shape == "S20-empty"
			if (f.Text == "") != silent {
				t.Errorf("text %q", f.Text)
			}
			if f.Usage.Input == 0 || f.Usage.Output == 0 && shape != "S20-empty" && shape != "S7-empty" {
				t.Errorf("usage %+v", f.Usage)
			}
			done := 0
			for _, e := range a.events {
				if e.Kind == turn.ItemDone {
					done++
				}
			}
			if done != len(f.Items) || done == 0 {
				t.Errorf("%d items done, %d in the final", done, len(f.Items))
			}
		})
	}
}

// The pages that an answer cites come with it, and what the search found does not.
func TestSimSources(t *testing.T) {
	c, _ := simulate(t, &modelsim.Rule{Shape: "S8"})
	r := question("when is high tide?")
	r.Search = true
	a := ask(t, c, r)
	if a.err != nil {
		t.Fatal(a.err)
	}
	if len(a.final.Sources) != 2 || a.final.Sources[0].Title == "" || !strings.HasPrefix(a.final.Sources[0].URL, "https://") || a.final.Sources[0] == a.final.Sources[1] {
		t.Errorf("sources %+v", a.final.Sources)
	}
	c, _ = simulate(t, nil)
	if a = ask(t, c, question("hello")); a.err != nil || len(a.final.Sources) > 0 {
		t.Errorf("%v, sources %+v", a.err, a.final.Sources)
	}
}

func TestSources(t *testing.T) {
	note := func(kind, url, title string) string {
		return fmt.Sprintf(`{"type":%q,"url":%q,"title":%q,"start_index":0,"end_index":1}`, kind, url, title)
	}
	message := `{"type":"message","content":[{"type":"output_text","text":"x","annotations":[` + strings.Join([]string{
		note("url_citation", "https://a.example/x?utm_source=openai", "A"),
		note("url_citation", "https://a.example/x", "A again"),
		note("url_citation", "https://b.example/?q=1&utm_source=openai", "B"),
		note("url_citation", "javascript:alert(1)", "no"),
		note("url_citation", "file:///etc/passwd", "no"),
		note("url_citation", "https://%zz", "no"),
		note("file_citation", "https://c.example/", "no"),
		`{"type":"url_citation"}`, `7`,
	}, ",") + `]}]}`
	var items []json.RawMessage
	for _, m := range []string{message, `{"type":"web_search_call","action":{"sources":[{"url":"https://d.example"}]}}`, `null`} {
		items = append(items, json.RawMessage(m))
	}
	want := []turn.Source{{Title: "A", URL: "https://a.example/x"}, {Title: "B", URL: "https://b.example/?q=1"}}
	if d := cmp.Diff(want, sourcesOf(items)); d != "" {
		t.Error(d)
	}
}

// An endpoint that has no search is asked without it from then on.
func TestSearchIsLeftOut(t *testing.T) {
	s := &strict{refuse: []string{"tools"}, words: func(string) string {
		return `{"error":{"message":"Hosted tool 'web_search' is not supported with this model.","type":"invalid_request_error","param":"tools","code":null}}`
	}}
	c := serve(t, s)
	r := hello()
	r.Search = true
	for range 2 {
		if a := ask(t, c, r); a.err != nil {
			t.Fatal(a.err)
		}
	}
	if len(s.bodies) != 3 || s.bodies[0]["tools"] == nil || s.bodies[1]["tools"] != nil || s.bodies[1]["include"] != nil || s.bodies[2]["tools"] != nil {
		t.Errorf("%d requests: %v", len(s.bodies), s.bodies)
	}
}

// What the model said can be sent back as it came: the simulator refuses
// reasoning that was changed.
func TestSimReplay(t *testing.T) {
	c, _ := simulate(t, &modelsim.Rule{Shape: "S2"})
	r := question("first")
	a := ask(t, c, r)
	if a.err != nil {
		t.Fatal(a.err)
	}
	for _, item := range a.final.Items {
		r.Input = append(r.Input, turn.Input{Raw: item})
	}
	r.Input = append(r.Input, turn.Input{Role: turn.User, Text: "second"})
	if a = ask(t, c, r); a.err != nil {
		t.Fatal(a.err)
	}
}

func TestSimDialects(t *testing.T) {
	plain, _ := simulate(t, &modelsim.Rule{Shape: "S19"})
	want := ask(t, plain, question("hello"))
	if want.err != nil {
		t.Fatal(want.err)
	}
	for name, d := range map[string]modelsim.Dialect{
		"done": {Done: true}, "no event line": {NoEventLine: true}, "crlf": {CRLF: true}, "multiline": {Multiline: true},
		"no sequence": {NoSequence: true}, "no content part": {NoContentPart: true}, "empty output": {EmptyOutput: true},
		"null error": {NullError: true}, "unknown events": {UnknownEvents: true}, "float times": {FloatTimes: true}, "no usage": {NoUsage: true},
		"split runes": {SplitRunes: true}, "gzip": {Gzip: true}, "no deltas": {NoDeltas: true}, "plain ids": {PlainIDs: true},
		"all at once": {
			Done: true, NoEventLine: true, CRLF: true, Multiline: true, NoSequence: true, NoContentPart: true, EmptyOutput: true,
			NullError: true, UnknownEvents: true, FloatTimes: true, NoUsage: true, SplitRunes: true, NoDeltas: true, PlainIDs: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := simulate(t, &modelsim.Rule{Shape: "S19", Dialect: &d})
			got := ask(t, c, question("hello"))
			if got.err != nil {
				t.Fatal(got.err)
			}
			if got.final.Text != want.final.Text || got.text != want.text || !got.final.Complete {
				t.Errorf("got:\n%s", cmp.Diff(want.final.Text, got.final.Text))
			}
		})
	}
}

func TestSimFaults(t *testing.T) {
	type fault = modelsim.Fault
	quick := Deadlines{
		Connect: 400 * time.Millisecond, FirstEvent: 500 * time.Millisecond, DeepFirstEvent: time.Second,
		Idle: 500 * time.Millisecond, DeepIdle: time.Second, Total: 10 * time.Second,
	}
	type want struct {
		code  string // empty: the answer is whole
		retry bool
		after time.Duration
		quick bool
	}
	for i, c := range []struct {
		fault fault
		want  want
	}{
		{fault{Kind: modelsim.FaultReset}, want{"model_unreachable", true, 0, false}},
		{fault{Kind: modelsim.FaultHang}, want{"model_slow", true, 0, true}},
		{fault{Kind: modelsim.FaultHeaderHang}, want{"model_slow", true, 0, true}},
		{fault{Kind: modelsim.FaultSlowHeaders, For: 50 * time.Millisecond}, want{}},
		{fault{Kind: modelsim.FaultSlowFirst, For: 50 * time.Millisecond}, want{}},
		{fault{Kind: modelsim.FaultSlowFirst, For: time.Minute}, want{"model_silent", true, 0, true}},
		{fault{Kind: modelsim.FaultStall, After: 0}, want{"model_slow", true, 0, true}},
		{fault{Kind: modelsim.FaultStall, After: 6}, want{"model_silent", true, 0, true}},
		{fault{Kind: modelsim.FaultStall, After: 6, For: 50 * time.Millisecond}, want{}},
		{fault{Kind: modelsim.FaultDrop, After: 6}, want{"cut", true, 0, false}},
		{fault{Kind: modelsim.FaultEOF, After: 6}, want{"cut", true, 0, false}},
		{fault{Kind: modelsim.FaultEOF}, want{"cut", true, 0, false}},
		{fault{Kind: modelsim.FaultCutChunk, After: 6}, want{"cut", true, 0, false}},
		{fault{Kind: modelsim.FaultTrickle, Every: time.Millisecond}, want{"model_silent", true, 0, true}},
		{fault{Kind: modelsim.FaultRateLimit, RetryAfter: "30"}, want{"rate_limited", true, 30 * time.Second, false}},
		{fault{Kind: modelsim.FaultRateLimit, RetryAfter: "ms:250"}, want{"rate_limited", true, 250 * time.Millisecond, false}},
		{fault{Kind: modelsim.FaultRateLimit, RetryAfter: "none", Message: "Please try again in 28ms."}, want{"rate_limited", true, 28 * time.Millisecond, false}},
		{fault{Kind: modelsim.FaultRateLimit, Code: "slow_down"}, want{"overloaded", true, time.Second, false}},
		{fault{Kind: modelsim.FaultRateLimit, Code: "insufficient_quota"}, want{"quota_exhausted", false, 0, false}},
		{fault{Kind: modelsim.FaultRateLimit, Code: "credit_balance_exhausted"}, want{"quota_exhausted", false, 0, false}},
		{fault{Kind: modelsim.FaultHTTP}, want{"server_error", true, 0, false}},
		{fault{Kind: modelsim.FaultHTTP, Variant: "empty"}, want{"server_error", true, 0, false}},
		{fault{Kind: modelsim.FaultHTTP, Status: 502}, want{"server_error", true, 0, false}},
		{fault{Kind: modelsim.FaultHTTP, Status: 503, Code: "server_is_overloaded"}, want{"overloaded", true, 0, false}},
		{fault{Kind: modelsim.FaultHTTP, Status: 504}, want{"server_error", true, 0, false}},
		{fault{Kind: modelsim.FaultHTTP, Status: 500, ShouldRetry: "false"}, want{"server_error", false, 0, false}},
		{fault{Kind: modelsim.FaultFailed, After: 6}, want{"server_error", true, 0, false}},
		{fault{Kind: modelsim.FaultFailed, After: 6, Code: "rate_limit_exceeded"}, want{"rate_limited", true, 11054 * time.Millisecond, false}},
		{fault{Kind: modelsim.FaultFailed, Code: "invalid_prompt"}, want{"refused_by_policy", false, 0, false}},
		{fault{Kind: modelsim.FaultErrorEvent, After: 6}, want{"server_error", true, 0, false}},
		{fault{Kind: modelsim.FaultErrorEvent, Variant: "nested", Code: "slow_down"}, want{"overloaded", true, 0, false}},
		{fault{Kind: modelsim.FaultMalformed, After: 6}, want{"garbled", true, 0, false}},
		{fault{Kind: modelsim.FaultMalformed, After: 6, Variant: "long"}, want{"garbled", true, 0, false}},
		{fault{Kind: modelsim.FaultMalformed, After: 6, Variant: "nul"}, want{"garbled", true, 0, false}},
		{fault{Kind: modelsim.FaultMalformed, After: 6, Variant: "utf8"}, want{}},
		{fault{Kind: modelsim.FaultContextLength}, want{"too_long", false, 0, false}},
		{fault{Kind: modelsim.FaultContextLength, Variant: "stream"}, want{"too_long", false, 0, false}},
		{fault{Kind: modelsim.FaultUnsupported, Param: "safety_identifier"}, want{}},
		{fault{Kind: modelsim.FaultUnsupported, Param: "instructions"}, want{"bad_request", false, 0, false}},
		{fault{Kind: modelsim.FaultRevoked}, want{"bad_key", false, 0, false}},
		{fault{Kind: modelsim.FaultRevoked, Status: 403}, want{"no_access", false, 0, false}},
		{fault{Kind: modelsim.FaultSequence, After: 5, Variant: "duplicate"}, want{}},
		{fault{Kind: modelsim.FaultSequence, After: 5, Variant: "reorder"}, want{}},
		{fault{Kind: modelsim.FaultSequence, After: 5, Variant: "gap"}, want{}},
		{fault{Kind: modelsim.FaultLateSuccess}, want{"model_slow", true, 0, true}},
		{fault{Kind: modelsim.FaultJSONForStream}, want{}},
		{fault{Kind: modelsim.FaultCaptivePortal}, want{"bad_endpoint", false, 0, false}},
	} {
		name := fmt.Sprintf("%d %s %s %s", i, c.fault.Kind, c.fault.Variant, c.fault.Code)
		for _, dialect := range []modelsim.Dialect{{}, {BareError: true}, {NestedError: true}} {
			if dialect.BareError && c.want.code != "server_error" {
				continue // words alone do not tell all of these apart
			}
			t.Run(fmt.Sprintf("%s bare=%v nested=%v", name, dialect.BareError, dialect.NestedError), func(t *testing.T) {
				t.Parallel()
				client, _ := simulate(t, &modelsim.Rule{Fault: &c.fault, Dialect: &dialect, Text: "one two three four five six seven eight"}, func(o *Options) {
					if c.want.quick {
						o.Deadlines = quick
					}
				})
				a := ask(t, client, question("hello"))
				if c.want.code == "" {
					if a.err != nil || !strings.HasSuffix(a.final.Text, "seven eight") {
						t.Errorf("got %+v, %v", a.final, a.err)
					}
					return
				}
				f := failureOf(t, a.err)
				if f.Code != c.want.code || f.Retry != c.want.retry || f.After != c.want.after {
					t.Errorf("got %s (retry %v, after %s): %v", f.Code, f.Retry, f.After, f)
				}
			})
		}
	}
}

func TestSimCheck(t *testing.T) {
	c, _ := simulate(t, nil)
	if err := c.Check(t.Context(), "gpt-6-luna"); err != nil {
		t.Error(err)
	}
	if f := failureOf(t, c.Check(t.Context(), "gpt-7")); f.Code != "model_not_found" {
		t.Errorf("got %v", f)
	}
}

// Wherever a background response is cut, taking it up again gives the text of
// the stream that was not cut.
func TestSimResumeAnywhere(t *testing.T) {
	commentary := []modelsim.Item{{Text: "Let me see.", Phase: "commentary"}, {Type: "web_search_call", Queries: []string{"q"}}, {Text: "Here it is."}}
	loose := func(s string) string { return strings.ReplaceAll(s, "\n\n", "") }
	for name, rule := range map[string]modelsim.Rule{
		"text":          {Shape: "S1", Text: "one two three four five"},
		"reasoning":     {Shape: "S2", Text: "one two three"},
		"search":        {Shape: "S8", Text: "one two"},
		"refusal":       {Shape: "S14"},
		"two messages":  {Shape: "S19", Text: "one two three"},
		"incomplete":    {Shape: "S15", Text: "one two three four five six"},
		"commentary":    {Items: commentary},
		"bare":          {Shape: "S19", Text: "one two three", Dialect: &modelsim.Dialect{NoContentPart: true, NoEventLine: true}},
		"without texts": {Shape: "S15-reasoning"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sim := simulate(t, &rule)
			r := question("hello")
			r.Background = true
			whole := ask(t, c, r)
			if whole.err != nil {
				t.Fatal(whole.err)
			}
			rejoin := func(where string, first answer) {
				t.Helper()
				last := first.events[len(first.events)-1]
				if last.ResponseID == "" {
					return // cut before the response had a name
				}
				rest := collect(t, c.Respond(t.Context(), r, turn.Cursor{ResponseID: last.ResponseID, Sequence: last.Sequence}))
				if rest.err != nil {
					t.Fatalf("%s: %v", where, rest.err)
				}
				if strings.Contains(rest.kinds(), "S") {
					t.Errorf("%s: a resumed response started: %s", where, rest.kinds())
				}
				if rest.final.Text != whole.final.Text || rest.final.Complete != whole.final.Complete || rest.final.Refusal != whole.final.Refusal {
					t.Errorf("%s: got %+v", where, rest.final)
				}
				// Text that went on behind the cursor is not known to be commentary.
				if got := first.text + rest.text; loose(got) != loose(whole.text) && name != "commentary" {
					t.Errorf("%s: deltas %q and %q, want %q", where, first.text, rest.text, whole.text)
				}
				if n := rest.events[0].Sequence; n <= last.Sequence {
					t.Errorf("%s: the first event has the number %d", where, n)
				}
			}
			for n := 1; n < len(whole.events); n++ {
				var first answer
				for e, err := range c.Respond(t.Context(), r, turn.Cursor{}) {
					if err != nil {
						t.Fatal(err)
					}
					first.events, first.text = append(first.events, e), first.text+e.Text
					if e.Kind == turn.Thinking {
						first.text = strings.TrimSuffix(first.text, e.Text)
					}
					if len(first.events) == n {
						break
					}
				}
				// One wire event may have become two events: a cut is between
				// wire events.
				if n < len(whole.events) && whole.events[n].Sequence == whole.events[n-1].Sequence {
					continue
				}
				rejoin(fmt.Sprintf("left after %d", n), first)
			}
			for _, kind := range []modelsim.FaultKind{modelsim.FaultDrop, modelsim.FaultEOF, modelsim.FaultCutChunk} {
				for after := 1; after < int(whole.events[len(whole.events)-1].Sequence); after++ {
					sim.ClearRules()
					sim.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: kind, After: after}})
					sim.AddRule(rule)
					first := ask(t, c, r)
					if f := failureOf(t, first.err); f.Code != "cut" {
						t.Fatalf("%s after %d: %v", kind, after, f)
					}
					rejoin(fmt.Sprintf("%s after %d", kind, after), first)
				}
			}
		})
	}
}

func TestSimGone(t *testing.T) {
	c, _ := simulate(t, nil)
	a := collect(t, c.Respond(t.Context(), question("x"), turn.Cursor{ResponseID: "resp_0", Sequence: 1}))
	if f := failureOf(t, a.err); f.Code != "response_gone" || !f.Retry {
		t.Errorf("got %v", f)
	}
}
