package modelsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/modelsim"
)

func (b *bench) say(fields, input string) string {
	b.Helper()
	code, body, _ := b.call("POST", "/responses", strings.Replace(ask(fields, input), `"stream":true,`, "", 1))
	if code != 200 {
		return body
	}
	return parse(b.T, body).text()
}

func TestRulesFirstAnswerWins(t *testing.T) {
	b := start(t, modelsim.Options{})
	add := func(m modelsim.Match, text string) { b.sim.AddRule(modelsim.Rule{Match: m, Text: text}) }
	add(modelsim.Match{Regexp: `(?i)book (\d+) (?P<what>\w+)`}, "$1 of ${what}; {{last}}; {{count}}")
	add(modelsim.Match{User: "u7"}, "by user")
	add(modelsim.Match{Model: "gpt-6-luna"}, "by model, $1 stays")
	add(modelsim.Match{Instructions: "pirate"}, "by instructions")
	add(modelsim.Match{Contains: "needle"}, "by text")
	add(modelsim.Match{Input: `"turn_id":"t9"`}, "by body")
	for _, c := range []struct{ fields, input, want string }{
		{"", "Book 2 rooms", "2 of rooms; Book 2 rooms; 1"},
		{`"safety_identifier":"u7"`, "needle", "by user"},
		{`"instructions":"You are a pirate."`, "needle", "by instructions"},
		{"", "a needle in it", "by text"},
		{`"metadata":{"turn_id":"t9"}`, "x", "by body"},
		{"", `[{"role":"developer","content":"pirate talk"},{"role":"user","content":"x"}]`, "by instructions"},
		{"", "nothing of it", "You said: nothing of it\n"},
	} {
		if got := b.say(c.fields, c.input); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.fields, c.input, got, c.want)
		}
	}
	_, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","input":"x"}`)
	if got := parse(t, body).text(); got != "by model, $1 stays" {
		t.Error(got)
	}
	b.sim.ClearRules()
	if got := b.say("", "a needle"); !strings.HasPrefix(got, "You said:") {
		t.Error(got)
	}
}

func TestFaultRulesComposeWithAnswers(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{First: 2}, Fault: &modelsim.Fault{Kind: modelsim.FaultHTTP, Status: 503}})
	b.sim.AddRule(modelsim.Rule{Text: "well again"})
	var codes []int
	for range 3 {
		code, _, _ := b.call("POST", "/responses", ask("", "x"))
		codes = append(codes, code)
	}
	if got := b.say("", "x"); !slices.Equal(codes, []int{503, 503, 200}) || got != "well again" {
		t.Error(codes, got)
	}
}

func TestWhen(t *testing.T) {
	fired := func(w modelsim.When, n int) (out []int) {
		b := start(t, modelsim.Options{Seed: 3})
		b.sim.AddRule(modelsim.Rule{When: w, Fault: &modelsim.Fault{Kind: modelsim.FaultRevoked}})
		for i := range n {
			if code, _, _ := b.call("POST", "/responses", ask("", "x")); code == 401 {
				out = append(out, i+1)
			}
		}
		return out
	}
	for _, c := range []struct {
		when modelsim.When
		want []int
	}{
		{modelsim.When{}, []int{1, 2, 3, 4, 5, 6, 7}},
		{modelsim.When{Skip: 5}, []int{6, 7}},
		{modelsim.When{First: 2}, []int{1, 2}},
		{modelsim.When{Skip: 1, First: 2}, []int{2, 3}},
		{modelsim.When{Nth: 3}, []int{3, 6}},
		{modelsim.When{Skip: 1, Nth: 3}, []int{4, 7}},
	} {
		if got := fired(c.when, 7); !slices.Equal(got, c.want) {
			t.Errorf("%+v: fired at %v, want %v", c.when, got, c.want)
		}
	}
	if n := len(fired(modelsim.When{Probability: 0.3}, 200)); n < 35 || n > 85 {
		t.Errorf("p=0.3 fired %d times out of 200", n)
	}
}

func TestRulesForOtherPaths(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/models*"}, Fault: &modelsim.Fault{Kind: modelsim.FaultHTTP, Status: 503}})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/responses/*", Method: "DELETE"}, Fault: &modelsim.Fault{Kind: modelsim.FaultRevoked, Status: 403}})
	for _, c := range []struct {
		method, path string
		want         int
	}{{"GET", "/models", 503}, {"GET", "/models/sim-fast", 503}, {"GET", "/responses/resp_1", 404}, {"DELETE", "/responses/resp_1", 403}} {
		if code, _, _ := b.call(c.method, c.path, ""); code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, code, c.want)
		}
	}
	if code, _, _ := b.call("POST", "/responses", ask("", "x")); code != 200 {
		t.Error(code)
	}
}

func TestItemsRule(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Items: []modelsim.Item{
		{Type: "reasoning", Text: "hm"}, {Text: "Wait, {{last}}.", Phase: "commentary"},
		{Type: "function_call", Name: "f", Arguments: `{"q":"{{last}}"}`, CallID: "call_x"}, {Type: "custom_tool_call", Name: "sql", Arguments: "select 1"},
	}})
	events, err := b.stream("", "Ada")
	r := last(t, events)
	if err != io.EOF || len(r.Output) != 4 || r.Output[1].Content[0].Text != "Wait, Ada." || r.Output[2].Arguments != `{"q":"Ada"}` || r.Output[2].CallID != "call_x" || r.Output[3].Name != "sql" {
		t.Errorf("%v %+v", err, r.Output)
	}
	if !slices.Contains(types(events), "response.custom_tool_call_input.done") {
		t.Error(types(events))
	}
}

func TestBadRulesAreRefused(t *testing.T) {
	b := start(t, modelsim.Options{})
	for name, r := range map[string]modelsim.Rule{
		"regexp":   {Match: modelsim.Match{Regexp: "("}, Text: "x"},
		"shape":    {Shape: "S99"},
		"fault":    {Fault: &modelsim.Fault{Kind: "F99"}},
		"variant":  {Fault: &modelsim.Fault{Kind: modelsim.FaultSequence, Variant: "waltz"}},
		"param":    {Fault: &modelsim.Fault{Kind: modelsim.FaultUnsupported}},
		"nothing":  {},
		"item":     {Items: []modelsim.Item{{Type: "function_call"}}},
		"chance":   {Text: "x", When: modelsim.When{Probability: 2}},
		"item typ": {Items: []modelsim.Item{{Type: "poem"}}},
	} {
		func() {
			defer func() {
				if p := recover(); p == nil || !strings.HasPrefix(p.(string), "modelsim: AddRule: ") {
					t.Errorf("%s: %v", name, p)
				}
			}()
			b.sim.AddRule(r)
		}()
	}
}

func TestDirectiveInThePrompt(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Text: "the rule"})
	if got := b.say("", `[[sim text="my own words"]] please`); got != "my own words" {
		t.Error(got)
	}
	if got := b.say("", "[[sim shape=S1]] echo this"); !strings.HasPrefix(got, "You said: echo this\n") {
		t.Error(got)
	}
	if events, err := b.stream("", "[[sim fault=F8 after=3]]"); err != io.EOF || len(events) != 3 {
		t.Error(err, types(events))
	}
	// A directive in an older message is over.
	if got := b.say("", `[{"role":"user","content":"[[sim fault=F12]]"},{"role":"assistant","content":"x"},{"role":"user","content":"y"}]`); got != "the rule" {
		t.Error(got)
	}
	if got := b.say("", "[[sim shape=S99]] oops"); !strings.Contains(got, `unknown shape "S99"`) {
		t.Error(got)
	}
	if got := b.say("", "[[sim speed=9]] oops"); !strings.Contains(got, `unknown key "speed"`) {
		t.Error(got)
	}
	var codes []int
	for range 3 {
		code, _, _ := b.call("POST", "/responses", ask("", "[[sim fault=F12 first=2]] retry me"))
		codes = append(codes, code)
	}
	if !slices.Equal(codes, []int{500, 500, 200}) {
		t.Error(codes)
	}
	if code, _, _ := b.call("POST", "/responses", ask("", "x"), "X-Sim", "fault=F19"); code != 401 {
		t.Error("X-Sim:", code)
	}
}

func TestModelAliases(t *testing.T) {
	b := start(t, modelsim.Options{Seed: 1})
	ctx, cancel := context.WithTimeout(b.ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := b.send(ctx, "POST", "/responses", `{"model":"sim-hang","input":"x"}`); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("sim-hang:", err)
	}
	got := map[int]int{}
	for range 40 {
		code, _, _ := b.call("POST", "/responses", `{"model":"sim-flaky","input":"x"}`)
		got[code]++
	}
	if got[200] == 0 || got[503] == 0 || got[200]+got[503] != 40 {
		t.Error("sim-flaky:", got)
	}
	ctx, cancel = context.WithCancel(b.ctx)
	_, r := b.open(ctx, "POST", "/responses", `{"model":"sim-slow","input":"x","stream":true}`)
	for range 2 {
		if _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if _, err := r.next(); err == nil {
		t.Error("sim-slow was not slow")
	}
}

// TestPaceUnderAFakeClock runs in a bubble: the timings are exact and take no
// time. The handler is called directly, as sockets do not work in a bubble.
func TestPaceUnderAFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := modelsim.New(modelsim.Options{Timing: modelsim.Timing{Headers: time.Second, FirstToken: 2 * time.Second, TokensPerSecond: 10}})
		sim.AddRule(modelsim.Rule{Text: strings.Repeat("abcd", 100)})
		began := time.Now()
		code, _ := record(sim.Handler(), ask("", "x"))
		// 3 s of waits and 100 tokens at 10 a second, give or take the jitter.
		if d := time.Since(began); code != 200 || d < 10*time.Second || d > 16*time.Second {
			t.Errorf("%d after %v", code, d)
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestLogNormalFirstToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := modelsim.New(modelsim.Options{Timing: modelsim.Timing{FirstToken: 700 * time.Millisecond, FirstTokenP95: 3 * time.Second}})
		var waits []time.Duration
		for range 400 {
			began := time.Now()
			if code, body := record(sim.Handler(), ask("", "x")); code != 200 {
				t.Fatal(code, body)
			}
			waits = append(waits, time.Since(began))
		}
		slices.Sort(waits)
		if p50, p95 := waits[200], waits[380]; p50 < 500*time.Millisecond || p50 > 950*time.Millisecond || p95 < 2*time.Second || p95 > 4500*time.Millisecond {
			t.Errorf("p50 %v, p95 %v", p50, p95)
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (b *bench) control(method, path, body string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.ctx, method, b.srv.ControlURL()+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, string(got)
}

func TestControlPlane(t *testing.T) {
	b := start(t, modelsim.Options{})
	rules := `[{"id":"slow","contains":"slow","timing":{"ttft":"1ms","tps":1000,"chunk":3,"ttfb":0.001}},
		{"contains":"weather","after_tool":"none","items":[{"type":"function_call","name":"f","arguments":"{}"}]},
		{"regexp":"^hi (.*)$","text":"hi $1","dialect":{"done":true}},
		{"model":"gpt-6-luna","nth":2,"fault":{"kind":"F6","after":3,"for":"2s"}}]`
	code, body := b.control("POST", "/rules", rules)
	if code != 200 || !strings.Contains(body, `"slow"`) || !strings.Contains(body, `"rule-2"`) {
		t.Fatal(code, body)
	}
	code, body = b.control("GET", "/rules", "")
	var back []modelsim.Rule
	if err := json.Unmarshal([]byte(body), &back); err != nil || code != 200 || len(back) != 4 || back[0].Timing.FirstToken != time.Millisecond || back[3].Fault.For != 2*time.Second {
		t.Fatalf("%v %+v\n%s", err, back, body)
	}
	if got := b.say("", "hi Ada"); got != "hi Ada" {
		t.Error(got)
	}
	for bad, want := range map[string]string{
		`{"contians":"x","text":"y"}`: "contians", `[{"text":"x"},{"shape":"S0"}]`: "rule 1: unknown shape", `{"fault":{"kind":"F6","for":"-1s"}}`: "duration",
		`nonsense`: "must be a rule or a list of rules", `{"fault":{"kind":"F6","length":1}}`: "length",
	} {
		if code, body := b.control("POST", "/rules", bad); code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", bad, code, body)
		}
	}
	if _, body := b.control("GET", "/rules", ""); strings.Count(body, `"id"`) != 4 {
		t.Error("a refused list left a rule behind:", body)
	}
	if code, _ := b.control("DELETE", "/rules/slow", ""); code != 200 {
		t.Error(code)
	}
	if code, _ := b.control("DELETE", "/rules/slow", ""); code != 404 {
		t.Error(code)
	}
	if code, _ := b.control("DELETE", "/rules", ""); code != 200 {
		t.Error(code)
	}
	var requests []modelsim.Request
	_, body = b.control("GET", "/requests?last=1", "")
	if err := json.Unmarshal([]byte(body), &requests); err != nil || len(requests) != 1 || requests[0].LastUser != "hi Ada" || requests[0].Rule != "rule-3" || requests[0].Header.Get("Authorization") != "***" {
		t.Error(err, body)
	}
	var st modelsim.Stats
	_, body = b.control("GET", "/stats", "")
	if err := json.Unmarshal([]byte(body), &st); err != nil || st.Requests != 1 || st.Completed != 1 || st.Bytes == 0 || st.MaxActive != 1 {
		t.Error(err, body)
	}
	if code, body := b.control("GET", "/shapes", ""); code != 200 || !strings.Contains(body, `"S20-chars"`) {
		t.Error(code, body)
	}
	if code, body := b.control("POST", "/outage", `{"mode":"sleep","for":"1s"}`); code != 400 {
		t.Error(code, body)
	}
}

func TestRepeatedTurnsAreSeen(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{First: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultHTTP}})
	for i, repeated := range []int{0, 0, 1} { // refused, answered, answered again
		b.call("POST", "/responses", ask(`"metadata":{"turn_id":"t1"}`, "x"))
		if got := b.sim.Stats().Repeated; got != repeated {
			t.Errorf("request %d: %d repeats, want %d", i, got, repeated)
		}
	}
	b.call("POST", "/responses", ask(`"metadata":{"turn_id":"t1"}`, "next round of the same turn"))
	if got := b.sim.Stats().Repeated; got != 1 {
		t.Error(got)
	}
}

func TestStartRefusesTheWorld(t *testing.T) {
	sim := modelsim.New(modelsim.Options{})
	defer sim.Close()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.com:80", "192.0.2.1:80", "nonsense"} {
		if srv, err := sim.Start(t.Context(), addr); err == nil {
			srv.Close()
			t.Errorf("%s was accepted", addr)
		}
	}
}

func TestCloseEndsEverything(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Contains: "hang"}, Fault: &modelsim.Fault{Kind: modelsim.FaultHeaderHang}})
	b.sim.AddRule(modelsim.Rule{Text: "never", Timing: &modelsim.Timing{FirstToken: time.Hour}})
	_, stream := b.open(b.ctx, "POST", "/responses", ask("", "x"))
	_, job := b.open(b.ctx, "POST", "/responses", ask(`"background":true`, "x"))
	hung := make(chan error, 1)
	go func() {
		_, err := b.send(b.ctx, "POST", "/responses", ask("", "hang"))
		hung <- err
	}()
	b.wait("all three are in", func(st modelsim.Stats) bool {
		return st.Streams == 2 && st.Faults["F3"] == 1 && st.BackgroundRunning == 1
	})
	if err := b.sim.Close(); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]reader{"stream": stream, "job": job} {
		if _, err := r.rest(); err == nil || err == io.EOF {
			t.Errorf("%s ended with %v, want a broken connection", name, err)
		}
	}
	if err := <-hung; err == nil {
		t.Error("the hung request was answered")
	}
	if st := b.sim.Stats(); st.Active != 0 || st.Streams != 0 || st.BackgroundRunning != 0 || st.Cancelled != 0 {
		t.Errorf("%+v", st)
	}
	if err := b.sim.Close(); err != nil {
		t.Error("a second Close:", err)
	}
	if _, err := b.sim.Start(t.Context(), "127.0.0.1:0"); err == nil {
		t.Error("a closed Sim started")
	}
}

func TestServerEndsWithItsContext(t *testing.T) {
	sim := modelsim.New(modelsim.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	srv, err := sim.Start(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := srv.Close(); err != nil { // waits for the close that cancel began
		t.Error(err)
	}
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	sim := modelsim.New(modelsim.Options{})
	defer sim.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sim.Wait(ctx, func(modelsim.Stats) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRulesHandler(t *testing.T) {
	b := start(t, modelsim.Options{})
	do := func(method, target, body string) (int, string) {
		w := httptest.NewRecorder()
		b.sim.RulesHandler().ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	if code, body := do("POST", "/rules", `[{"id":"a","first":2,"fault":{"kind":"F12"}},{"id":"b","until":"1h","text":"hello"}]`); code != 200 {
		t.Fatal(code, body)
	}
	if code, _ := do("POST", "/rules", `{"id":"c"}`); code != 400 {
		t.Error("a rule that does nothing is taken")
	}
	b.say("", "anything")
	var got struct{ Rules []modelsim.Armed }
	list := func() []modelsim.Armed {
		t.Helper()
		code, body := do("GET", "/rules", "")
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
			t.Fatal(code, err, body)
		}
		return got.Rules
	}
	if l := list(); len(l) != 2 || l[0].Acted != 1 || l[0].Spent || l[0].Rule.ID != "a" || l[1].EndsMS < 1000 || l[1].EndsMS > 3600_000 {
		t.Errorf("%+v", l)
	}
	b.say("", "anything")
	if l := list(); !l[0].Spent || l[0].Acted != 2 || l[1].Spent {
		t.Errorf("%+v", l)
	}
	if code, _ := do("DELETE", "/rules?id=nobody", ""); code != 404 {
		t.Error("a rule that is not there is deleted")
	}
	do("DELETE", "/rules?id=a", "")
	if l := list(); len(l) != 1 {
		t.Errorf("%+v", l)
	}
	do("DELETE", "/rules", "")
	if l := list(); len(l) != 0 {
		t.Errorf("%+v", l)
	}
	if code, _ := do("PUT", "/rules", ""); code != 405 {
		t.Error("PUT is taken")
	}
}
