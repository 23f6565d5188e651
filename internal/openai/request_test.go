package openai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/tool"
	"holdfast/internal/turn"
)

func everything() turn.Request {
	half, most := 0.5, 0.9
	return turn.Request{
		Model: "gpt-6-luna", Instructions: "Be brief & <kind>.",
		Input: []turn.Input{
			{Role: turn.Developer, Text: "Today is Monday."},
			{Role: turn.User, Text: "Hello <@U1> 👋\n"},
			{Raw: json.RawMessage(`{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"a+/=","novel_field":[1,{"b":null}]}`)},
			{Role: turn.Assistant, Text: "Hi."},
		},
		Effort: "low", Verbosity: "high", MaxOutput: 4000, Temperature: &half, TopP: &most,
		Background: true, Search: true, CacheKey: "T1:C1", SafetyID: "abc", Metadata: map[string]string{"turn_id": "t1"},
	}
}

func withTools() turn.Request {
	spec := tool.Spec{Name: "look", Description: "Looks.", Effect: true,
		Parameters: json.RawMessage(`{"type":"object","properties":{"at":{"type":["string","null"]}},"required":["at"],"additionalProperties":false}`)}
	return turn.Request{Model: "m", Tools: []tool.Spec{spec}, Talk: true, Input: []turn.Input{
		{Raw: json.RawMessage(`{"type":"function_call","call_id":"c1","name":"look","arguments":"{}"}`)},
		{Output: &turn.Output{Call: "c1", Result: tool.Result{Text: `a "boat"`}}},
		{Output: &turn.Output{Call: "c2"}},
		{Output: &turn.Output{Call: "c3", Result: tool.Result{Text: "page 3", Pictures: []tool.Picture{{URL: "data:image/png;base64,AA==", Detail: "low"}}}}},
	}}
}

// TestCalls: what a model wants is read, however badly it is written.
func TestCalls(t *testing.T) {
	got := calls([]json.RawMessage{
		json.RawMessage(`{"type":"reasoning","id":"rs_1"}`),
		json.RawMessage(`{"type":"function_call","call_id":"c1","name":"look","arguments":"{\"at\":\"x\"}"}`),
		json.RawMessage(`{"type":"function_call","call_id":"c2","name":"look","arguments":"{\"at\":"}`),
		json.RawMessage(`{"type":"function_call","call_id":"c3","name":"look","arguments":{"at":null}}`),
		json.RawMessage(`{"type":"function_call","call_id":"c4","name":"look"}`),
		json.RawMessage(`{"type":"function_call","name":"look","arguments":"{}"}`),
		json.RawMessage(`{"type":"web_search_call","call_id":"c5"}`),
	})
	want := []tool.Call{
		{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"x"}`)},
		{ID: "c2", Name: "look", Args: json.RawMessage(`"{\"at\":"`)},
		{ID: "c3", Name: "look", Args: json.RawMessage(`{"at":null}`)},
		{ID: "c4", Name: "look", Args: json.RawMessage(`{}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func sameJSON(t *testing.T, want string, got []byte) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("the wanted JSON: %v", err)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Error(diff)
	}
}

func TestEncode(t *testing.T) {
	input := func(developer string) string {
		return `"input":[{"role":"` + developer + `","content":"Today is Monday."},{"role":"user","content":"Hello <@U1> 👋\n"},
			{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"a+/=","novel_field":[1,{"b":null}]},
			{"role":"assistant","content":"Hi."}]`
	}
	for name, c := range map[string]struct {
		has  Capabilities
		r    turn.Request
		want string
	}{
		"everything": {Full(), everything(), `{"model":"gpt-6-luna","stream":true,"instructions":"Be brief & <kind>.",` + input("developer") + `,
			"reasoning":{"effort":"low"},"text":{"verbosity":"high"},"max_output_tokens":4000,"temperature":0.5,"top_p":0.9,
			"tools":[{"type":"web_search","user_location":{"type":"approximate"}}],"include":["web_search_call.action.sources"],
			"background":true,"store":true,"prompt_cache_key":"T1:C1","safety_identifier":"abc","metadata":{"turn_id":"t1"}}`},
		"what every endpoint takes": {Capabilities{}, everything(), `{"model":"gpt-6-luna","stream":true,"instructions":"Be brief & <kind>.",` + input("system") + `,
			"max_output_tokens":4000,"temperature":0.5,"top_p":0.9,"store":false}`},
		"tools and what came of them": {Full(), withTools(), `{"model":"m","stream":true,"store":false,"tool_choice":"none",
			"include":["reasoning.encrypted_content"],
			"tools":[{"type":"function","name":"look","description":"Looks.","strict":true,
				"parameters":{"type":"object","properties":{"at":{"type":["string","null"]}},"required":["at"],"additionalProperties":false}}],
			"input":[{"type":"function_call","call_id":"c1","name":"look","arguments":"{}"},
				{"type":"function_call_output","call_id":"c1","output":"a \"boat\""},
				{"type":"function_call_output","call_id":"c2","output":"(nothing)"},
				{"type":"function_call_output","call_id":"c3","output":[{"type":"input_text","text":"page 3"},
					{"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"}]}]}`},
		"the least":  {Full(), hello(), `{"model":"gpt-6-luna","stream":true,"store":false,"input":[{"role":"user","content":"hello"}]}`},
		"few tokens": {Full(), turn.Request{Model: "m", MaxOutput: 1}, `{"model":"m","stream":true,"store":false,"input":[],"max_output_tokens":16}`},
		"kept":       {Capabilities{}, turn.Request{Model: "m", Store: true}, `{"model":"m","stream":true,"store":true,"input":[]}`},
		"no text":    {Full(), turn.Request{Model: "m", Input: []turn.Input{{Role: turn.User}}}, `{"model":"m","stream":true,"store":false,"input":[{"role":"user","content":""}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			client := clientFor(t, "http://127.0.0.1:1/v1", func(o *Options) { o.Capabilities = &c.has })
			body, err := client.encode(&c.r)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, c.want, body)
		})
	}
}

// The same request gives the same bytes: the prompt cache lives on that.
func TestEncodeIsStable(t *testing.T) {
	c := clientFor(t, "http://127.0.0.1:1/v1")
	r := everything()
	r.Metadata = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}
	first, err := c.encode(&r)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := c.encode(&r); string(again) != string(first) {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}

func TestEncodeRefusesBrokenRaw(t *testing.T) {
	c := clientFor(t, "http://127.0.0.1:1/v1")
	f := failureOf(t, ask(t, c, turn.Request{Model: "m", Input: []turn.Input{{Raw: json.RawMessage(`{"type":`)}}}).err)
	if f.Code != "bad_request" || !strings.Contains(f.Error(), "item 0") {
		t.Errorf("got %v", f)
	}
}

// strict is an endpoint that refuses fields, one after the other, as long as
// they are there.
type strict struct {
	refuse []string // "temperature", "reasoning.effort=minimal"
	words  func(field string) string

	mu     sync.Mutex
	bodies []map[string]any
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	s.bodies = append(s.bodies, body)
	s.mu.Unlock()
	for _, f := range s.refuse {
		field, value, _ := strings.Cut(f, "=")
		var at any = body
		for name := range strings.SplitSeq(field, ".") {
			m, _ := at.(map[string]any)
			at = m[name]
		}
		if at == nil || value != "" && at != value {
			continue
		}
		w.WriteHeader(400)
		io.WriteString(w, s.words(f))
		return
	}
	streams(sse(created(), delta(0, "ok"), completed()))(w, r)
}

func (s *strict) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

func byCode(f string) string {
	field, value, _ := strings.Cut(f, "=")
	code := "unsupported_parameter"
	if value != "" {
		code = "unsupported_value"
	}
	return fmt.Sprintf(`{"error":{"message":"Unsupported: '%s' is not for this model.","type":"invalid_request_error","param":%q,"code":%q}}`, field, field, code)
}

func TestRefusedFieldsAreLeftOut(t *testing.T) {
	all := []string{"temperature", "top_p", "reasoning.effort", "text.verbosity", "metadata", "safety_identifier", "prompt_cache_key", "background", "max_output_tokens"}
	for name, c := range map[string]struct {
		refuse []string
		words  func(string) string
	}{
		"one":         {[]string{"temperature"}, byCode},
		"all of them": {all, byCode},
		"in words": {[]string{"top_p", "metadata"}, func(f string) string {
			return fmt.Sprintf(`{"error":{"message":"Unsupported parameter: '%s' is not supported with this model.","type":"invalid_request_error","param":null,"code":null}}`, f)
		}},
		"unknown": {[]string{"safety_identifier"}, func(f string) string {
			return fmt.Sprintf(`{"error":{"message":"Unknown parameter: '%s'.","type":"invalid_request_error","param":%q,"code":"unknown_parameter"}}`, f, f)
		}},
		"the whole of reasoning": {[]string{"reasoning"}, byCode},
	} {
		t.Run(name, func(t *testing.T) {
			s := &strict{refuse: c.refuse, words: c.words}
			client := serve(t, s)
			for range 2 {
				if a := ask(t, client, everything()); a.err != nil {
					t.Fatal(a.err)
				}
			}
			if want := len(c.refuse) + 2; s.asked() != want {
				t.Errorf("%d requests, want %d: refused fields are remembered", s.asked(), want)
			}
			// Another model is asked with everything again.
			other := everything()
			other.Model = "gpt-6-sol"
			if a := ask(t, client, other); a.err != nil {
				t.Fatal(a.err)
			}
			if want := 2*len(c.refuse) + 3; s.asked() != want {
				t.Errorf("%d requests with another model, want %d", s.asked(), want)
			}
		})
	}
}

// A refused value says nothing about other values.
func TestRefusedValue(t *testing.T) {
	s := &strict{refuse: []string{"reasoning.effort=max"}, words: byCode}
	c := serve(t, s)
	for _, effort := range []string{"max", "max", "high"} {
		r := everything()
		r.Effort = effort
		if a := ask(t, c, r); a.err != nil {
			t.Fatal(a.err)
		}
	}
	if s.asked() != 4 {
		t.Fatalf("%d requests, want 4", s.asked())
	}
	if got := fmt.Sprint(s.bodies[3]["reasoning"]); got != "map[effort:high]" {
		t.Errorf("the last request had reasoning %s", got)
	}
	if _, has := s.bodies[2]["reasoning"]; has {
		t.Error("the refused value was sent again")
	}
}

// Calls that run at the same time are all refused, and all go on.
func TestRefusedAtTheSameTime(t *testing.T) {
	const calls = 8
	s := &strict{refuse: []string{"temperature"}, words: byCode}
	var arrived sync.WaitGroup
	arrived.Add(calls)
	var mu sync.Mutex
	held := 0
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hold := held < calls
		held++
		mu.Unlock()
		if hold {
			arrived.Done()
			arrived.Wait()
		}
		s.ServeHTTP(w, r)
	}))
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			for _, err := range c.Respond(t.Context(), everything(), turn.Cursor{}) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if s.asked() != 2*calls {
		t.Errorf("%d requests, want %d", s.asked(), 2*calls)
	}
}

// What the request cannot do without, and what was not sent, is an error.
func TestNotDroppable(t *testing.T) {
	for _, field := range []string{"input", "model", "instructions", "store", "stream", "tools", "input[0].content", "temperature", ""} {
		n := 0
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n++
			w.WriteHeader(400)
			io.WriteString(w, byCode(field))
		}))
		f := failureOf(t, ask(t, c, hello()).err)
		if f.Code != "bad_request" || f.Retry || n != 1 {
			t.Errorf("%q: %v after %d requests", field, f, n)
		}
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"gpt-6-luna": "gpt-6-luna", "GPT-6-Luna ": "gpt-6-luna", "openai/gpt-6-luna": "gpt-6-luna", "gpt-6-luna-2026-09-22": "gpt-6-luna-2026-09-22",
		"gpt-5.6": "gpt-5.6-sol", "gpt-5": "gpt-6.1-terra", "gpt-5-mini": "gpt-6-luna", "o3": "gpt-6.1-sol", "gpt-4o": "gpt-6.1-terra",
		"gpt-image-1": "gpt-image-2", "gpt-5.4-mini": "gpt-5.4-mini",
	} {
		if m := Lookup(name); m.Name != want || !m.Known {
			t.Errorf("%q is %q (known %v), want %q", name, m.Name, m.Known, want)
		}
	}
	for _, name := range []string{"llama4:70b", "gpt-6-luna-turbo", "gpt-6", "meta/Llama-4", ""} {
		if m := Lookup(name); m.Known || m.Name != name || m.Window == 0 || m.MaxOutput == 0 {
			t.Errorf("%q is %+v", name, m)
		}
	}
	for _, m := range table() {
		if got := Lookup(m.Name); got.Name != m.Name {
			t.Errorf("%q in the table is found as %q", m.Name, got.Name)
		}
		if next, gone := successor(m.Name); gone {
			t.Errorf("%q stands in the table, and is gone for %q", m.Name, next)
		}
	}
}
