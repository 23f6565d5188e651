package modelsim_test

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/modelsim"
)

const weather = `"tools":[{"type":"function","name":"get_weather","strict":true,"parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city","days"],"additionalProperties":false}}]`

// squeeze drops repeats of neighbours, so that deltas count once.
func squeeze(list []string) []string { return slices.Compact(slices.Clone(list)) }

func short(list []string) []string {
	for i, s := range list {
		list[i] = strings.TrimPrefix(s, "response.")
	}
	return list
}

func run(t *testing.T, shape, fields, input string) []sse {
	t.Helper()
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: shape})
	events, err := b.stream(fields, input)
	if err != io.EOF {
		t.Fatalf("%s ended with %v after %v", shape, err, types(events))
	}
	for i, e := range events {
		if e.seq != i || e.name != e.typ {
			t.Fatalf("event %d: sequence %d, event line %q, type %q", i, e.seq, e.name, e.typ)
		}
	}
	return events
}

func TestS1Text(t *testing.T) {
	events := run(t, "S1", "", "Is this on?")
	want := []string{"created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "output_item.done", "completed"}
	if diff := cmp.Diff(want, short(squeeze(types(events)))); diff != "" {
		t.Fatal(diff)
	}
	r := last(t, events)
	if r.text() != text(events) || !strings.HasPrefix(r.text(), "You said: Is this on?\n") {
		t.Errorf("text %q, deltas %q", r.text(), text(events))
	}
	if r.Usage == nil || r.Usage.Output == 0 || r.Usage.Total != r.Usage.Input+r.Usage.Output {
		t.Errorf("usage %+v", r.Usage)
	}
	if r.Output[0].Phase != "final_answer" || r.Output[0].Status != "completed" {
		t.Errorf("message %+v", r.Output[0])
	}
}

func TestS2ReasoningThenText(t *testing.T) {
	events := run(t, "S2", "", "think")
	want := []string{"created", "in_progress", "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
		"output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "output_item.done", "completed"}
	if diff := cmp.Diff(want, short(squeeze(types(events)))); diff != "" {
		t.Fatal(diff)
	}
	sealed := func(e sse) string {
		var it struct {
			EncryptedContent string `json:"encrypted_content"`
		}
		if err := json.Unmarshal(e.raw["item"], &it); err != nil {
			t.Fatal(err)
		}
		return it.EncryptedContent
	}
	i := slices.IndexFunc(events, func(e sse) bool { return e.typ == "response.output_item.done" })
	partial, whole := sealed(events[2]), sealed(events[i])
	if partial == "" || len(partial) >= len(whole) || !strings.HasPrefix(whole, partial) {
		t.Errorf("encrypted_content: %q in added, %q in done", partial, whole)
	}
}

func TestS2bSilentReasoning(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: "S2b", Timing: &modelsim.Timing{Think: 1}})
	events, err := b.stream("", "hm")
	if err != io.EOF {
		t.Fatal(err)
	}
	if slices.ContainsFunc(types(events), func(s string) bool { return strings.Contains(s, "summary") }) {
		t.Errorf("silent reasoning spoke: %v", types(events))
	}
}

func TestS3OneCallThenAnswer(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: "S3"})
	events, err := b.stream(weather, "Oslo")
	if err != io.EOF {
		t.Fatal(err)
	}
	want := []string{"created", "in_progress", "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done", "completed"}
	if diff := cmp.Diff(want, short(squeeze(types(events)))); diff != "" {
		t.Fatal(diff)
	}
	r := last(t, events)
	call := r.Output[0]
	if call.Name != "get_weather" || call.Arguments != `{"city":"Oslo","days":1}` {
		t.Fatalf("call %+v", call)
	}
	events, err = b.stream(weather, `[{"role":"user","content":"Oslo"},{"type":"function_call","call_id":"`+call.CallID+`","name":"get_weather","arguments":"{}"},{"type":"function_call_output","call_id":"`+call.CallID+`","output":"minus four"}]`)
	if err != io.EOF {
		t.Fatal(err)
	}
	if got := text(events); !strings.HasPrefix(got, "You said: Oslo\n") || !strings.Contains(got, "minus four") {
		t.Errorf("answer after the tool: %q", got)
	}
}

func TestS4ThreeCallsInterleaved(t *testing.T) {
	events := run(t, "S4", weather, "Oslo and Bergen and Tromsø by the sea")
	var order []string
	got := map[string]string{}
	for _, e := range events {
		if e.typ == "response.function_call_arguments.delta" {
			i := string(e.raw["output_index"])
			order = append(order, i)
			got[i] += e.str("delta")
		}
	}
	if len(order) < 6 || order[0] != "0" || order[1] != "1" || order[2] != "2" || order[3] != "0" {
		t.Errorf("deltas do not take turns: %v", order)
	}
	r := last(t, events)
	if len(r.Output) != 3 {
		t.Fatalf("%d items", len(r.Output))
	}
	for i, it := range r.Output {
		if it.Arguments == "" || it.Arguments != got[string(rune('0'+i))] {
			t.Errorf("call %d: %q, deltas %q", i, it.Arguments, got[string(rune('0'+i))])
		}
	}
	if r.Output[0].CallID == r.Output[1].CallID {
		t.Error("two calls have one id")
	}
}

func TestS5CommentaryAndCall(t *testing.T) {
	r := last(t, run(t, "S5", weather, "Oslo"))
	if len(r.Output) != 2 || r.Output[0].Phase != "commentary" || r.Output[1].Type != "function_call" {
		t.Errorf("%+v", r.Output)
	}
}

func TestS6CallsForEver(t *testing.T) {
	input := `[{"role":"user","content":"go"}`
	for round := range 3 {
		r := last(t, run(t, "S6", weather, input+"]"))
		if len(r.Output) != 1 || r.Output[0].Type != "function_call" {
			t.Fatalf("round %d: %+v", round, r.Output)
		}
		id := r.Output[0].CallID + string(rune('a'+round))
		input += `,{"type":"function_call","call_id":"` + id + `","name":"get_weather","arguments":"{}"},{"type":"function_call_output","call_id":"` + id + `","output":"x"}`
	}
}

func TestS7BrokenCalls(t *testing.T) {
	for shape, check := range map[string]func(name, arguments string) bool{
		"S7":         func(_, a string) bool { return !json.Valid([]byte(a)) && a != "" },
		"S7-empty":   func(_, a string) bool { return a == "" },
		"S7-unknown": func(n, _ string) bool { return n == "no_such_function" },
		"S7-huge":    func(_, a string) bool { return len(a) > 200_000 && json.Valid([]byte(a)) },
	} {
		r := last(t, run(t, shape, weather, "x"))
		if len(r.Output) != 1 || !check(r.Output[0].Name, r.Output[0].Arguments) {
			t.Errorf("%s: %d items, %s(%.80s)", shape, len(r.Output), r.Output[0].Name, r.Output[0].Arguments)
		}
	}
}

func TestS8WebSearchWithCitations(t *testing.T) {
	events := run(t, "S8", `"include":["web_search_call.action.sources"],"tools":[{"type":"web_search"}]`, "news")
	want := []string{"created", "in_progress", "output_item.added", "web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed", "output_item.done", "output_item.added"}
	if diff := cmp.Diff(want, short(types(events))[:len(want)]); diff != "" {
		t.Fatal(diff)
	}
	r := last(t, events)
	msg := r.Output[1].Content[0]
	if len(msg.Annotations) != 2 {
		t.Fatalf("%+v", msg)
	}
	runes := []rune(msg.Text)
	if a := msg.Annotations[0]; string(runes[a.Start:a.End]) != "the Example Times reports it" {
		t.Errorf("the first citation covers %q", string(runes[a.Start:a.End]))
	}
	if !strings.Contains(events[len(events)-1].data, `"sources":[{`) || !strings.Contains(events[len(events)-1].data, `"num_requests":1`) {
		t.Error("no sources or no search count")
	}
}

func TestS14Refusal(t *testing.T) {
	events := run(t, "S14", "", "x")
	if !slices.Contains(types(events), "response.refusal.delta") || !slices.Contains(types(events), "response.refusal.done") {
		t.Error(types(events))
	}
	if c := last(t, events).Output[0].Content[0]; c.Type != "refusal" || c.Refusal == "" {
		t.Errorf("%+v", c)
	}
}

func TestS15And16Incomplete(t *testing.T) {
	for shape, reason := range map[string]string{"S15": "max_output_tokens", "S15-reasoning": "max_output_tokens", "S16": "content_filter"} {
		events := run(t, shape, "", "tell me")
		r := last(t, events)
		if events[len(events)-1].typ != "response.incomplete" || r.Status != "incomplete" || r.IncompleteDetails.Reason != reason {
			t.Errorf("%s: %s %+v", shape, r.Status, r.IncompleteDetails)
		}
		if visible := r.text(); (visible == "") != (shape == "S15-reasoning") {
			t.Errorf("%s: text %q", shape, visible)
		}
		if shape == "S15" && (r.Output[0].Status != "incomplete" || strings.HasSuffix(r.text(), " ")) {
			t.Errorf("S15 is not cut inside a word: %+v", r.Output[0])
		}
	}
}

func TestMaxOutputTokensCutsTheAnswer(t *testing.T) {
	r := last(t, run(t, "S1", `"max_output_tokens":16`, "a question that is echoed and so makes a long answer"))
	if r.Status != "incomplete" || r.IncompleteDetails.Reason != "max_output_tokens" || len(r.text()) != 64 || r.Usage.Output != 16 {
		t.Errorf("%s, %d bytes, %+v", r.Status, len(r.text()), r.Usage)
	}
}

func TestS17Structured(t *testing.T) {
	format := `"text":{"format":{"type":"json_schema","name":"out","strict":true,"schema":{"type":"object","properties":{"title":{"type":"string"},"tags":{"type":"array","items":{"type":"string","enum":["a","b"]}},"n":{"type":["integer","null"]}},"required":["title","tags","n"],"additionalProperties":false}}}`
	var out struct {
		Title string
		Tags  []string
		N     int
	}
	good := last(t, run(t, "S17", format, "name it")).text()
	if err := json.Unmarshal([]byte(good), &out); err != nil || out.Title != "You said: name it" || len(out.Tags) != 1 || out.Tags[0] != "a" || out.N != 1 {
		t.Errorf("%s: %+v, %v", good, out, err)
	}
	if bad := last(t, run(t, "S17-bad", format, "name it")).text(); strings.Contains(bad, "title") || !json.Valid([]byte(bad)) {
		t.Error(bad)
	}
}

func TestS19TwoMessages(t *testing.T) {
	r := last(t, run(t, "S19", "", "x"))
	if len(r.Output) != 2 || r.Output[0].Type != "message" || r.Output[1].Type != "message" {
		t.Errorf("%+v", r.Output)
	}
}

func TestS20Sizes(t *testing.T) {
	count := func(events []sse) (n int) {
		for _, e := range events {
			if e.typ == "response.output_text.delta" {
				n++
			}
		}
		return n
	}
	for shape, ok := range map[string]func(text string, deltas int) bool{
		"S20":       func(s string, _ int) bool { return utf8.RuneCountInString(s) == 60_000 },
		"S20-empty": func(s string, n int) bool { return s == "" && n == 0 },
		"S20-space": func(s string, n int) bool { return s != "" && strings.TrimSpace(s) == "" },
		"S20-chars": func(s string, n int) bool { return n == 5_000 && utf8.RuneCountInString(s) == 5_000 },
		"S20-one":   func(s string, n int) bool { return n == 1 && len(s) > 100 },
	} {
		events := run(t, shape, "", "size")
		if got := text(events); !ok(got, count(events)) || got != last(t, events).text() {
			t.Errorf("%s: %d characters in %d deltas", shape, utf8.RuneCountInString(got), count(events))
		}
	}
}

func TestJSONAnswerEqualsTheStream(t *testing.T) {
	b := start(t, modelsim.Options{})
	events, err := b.stream("", "same?")
	if err != io.EOF {
		t.Fatal(err)
	}
	code, body, h := b.call("POST", "/responses", `{"model":"sim-fast","input":"same?"}`)
	if code != 200 || h.Get("Content-Type") != "application/json" {
		t.Fatal(code, body)
	}
	if r := parse(t, body); r.text() != text(events) || r.Status != "completed" {
		t.Errorf("JSON %q, stream %q", r.text(), text(events))
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	var got [2]string
	for i := range got {
		b := start(t, modelsim.Options{Seed: 7, Now: fixed})
		b.sim.AddRule(modelsim.Rule{Shape: "S2"})
		events, err := b.stream("", "twice")
		if err != io.EOF {
			t.Fatal(err)
		}
		for _, e := range events {
			got[i] += e.data + "\n"
		}
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Error(diff)
	}
}

func TestObfuscationCanBeTurnedOff(t *testing.T) {
	b := start(t, modelsim.Options{})
	for _, off := range []bool{false, true} {
		fields := ""
		if off {
			fields = `"stream_options":{"include_obfuscation":false}`
		}
		events, err := b.stream(fields, "x")
		if err != io.EOF {
			t.Fatal(err)
		}
		for _, e := range events {
			if _, has := e.raw["obfuscation"]; e.typ == "response.output_text.delta" && has == off {
				t.Fatalf("off=%v, obfuscation present: %v", off, has)
			}
		}
	}
}
