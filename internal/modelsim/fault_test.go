package modelsim_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/modelsim"
)

// faulty starts a simulator with one fault on every response.
func faulty(t *testing.T, f modelsim.Fault) *bench {
	t.Helper()
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Fault: &f})
	return b
}

func struck(k modelsim.FaultKind, n int) func(modelsim.Stats) bool {
	return func(st modelsim.Stats) bool { return st.Faults[string(k)] >= n }
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func TestF1ResetInsteadOfAResponse(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultReset})
	_, err := b.send(b.ctx, "POST", "/responses", ask("", "x"))
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want a reset", err)
	}
	b.wait("F1 is counted", struck("F1", 1))
}

func TestF2AndF3HangUntilTheClientLeaves(t *testing.T) {
	for _, kind := range []modelsim.FaultKind{modelsim.FaultHang, modelsim.FaultHeaderHang} {
		b := faulty(t, modelsim.Fault{Kind: kind})
		ctx, leave := context.WithCancel(b.ctx)
		done := make(chan error, 1)
		go func() {
			_, err := b.send(ctx, "POST", "/responses", ask("", "x"))
			done <- err
		}()
		b.wait("the hang has begun", struck(kind, 1))
		select {
		case err := <-done:
			t.Fatalf("%s answered: %v", kind, err)
		default:
		}
		leave()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", kind, err)
		}
		b.wait("the cancel is seen", func(st modelsim.Stats) bool { return st.Cancelled == 1 && st.Active == 0 })
	}
}

func TestF3HangThatEnds(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultHeaderHang, For: time.Millisecond})
	if events, err := b.stream("", "x"); err != io.EOF || last(t, events).Status != "completed" {
		t.Error(err)
	}
}

func TestF4SlowHeadersAndF5SlowFirstToken(t *testing.T) {
	const d = 60 * time.Millisecond
	for _, kind := range []modelsim.FaultKind{modelsim.FaultSlowHeaders, modelsim.FaultSlowFirst} {
		b := faulty(t, modelsim.Fault{Kind: kind, For: d})
		began := time.Now()
		res, r := b.open(b.ctx, "POST", "/responses", ask("", "x"))
		headers := time.Since(began)
		events, err := r.rest()
		if total := time.Since(began); err != io.EOF || last(t, events).Status != "completed" || total < d {
			t.Errorf("%s: %v after %v", kind, err, total)
		}
		if kind == modelsim.FaultSlowHeaders && headers < d {
			t.Errorf("F4: headers after %v", headers)
		}
		res.Body.Close()
	}
}

func TestF6StallAndGoOn(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultStall, After: 5, For: 30 * time.Millisecond})
	began := time.Now()
	events, err := b.stream("", "x")
	if err != io.EOF || last(t, events).Status != "completed" || time.Since(began) < 30*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestF6StallForEver(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultStall, After: 5})
	ctx, leave := context.WithCancel(b.ctx)
	_, r := b.open(ctx, "POST", "/responses", ask("", "x"))
	for i := range 5 {
		if _, err := r.next(); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	b.wait("the stall has begun", struck("F6", 1))
	leave()
	if e, err := r.next(); !errors.Is(err, context.Canceled) {
		t.Errorf("an event after the stall: %v %v", e.typ, err)
	}
	b.wait("the cancel is seen", func(st modelsim.Stats) bool { return st.Cancelled == 1 && st.Streams == 0 })
	if q := b.sim.Requests()[0]; q.Events != 5 || !q.Cancelled || q.Fault != "F6" {
		t.Errorf("%+v", q)
	}
}

func TestF7F8F9EndAfterKEvents(t *testing.T) {
	for kind, want := range map[modelsim.FaultKind]func(error) bool{
		modelsim.FaultDrop:     isResetNotEOF,
		modelsim.FaultEOF:      func(err error) bool { return err == io.EOF },
		modelsim.FaultCutChunk: func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
	} {
		for _, k := range []int{0, 4} {
			b := faulty(t, modelsim.Fault{Kind: kind, After: k})
			events, err := b.stream("", "a somewhat longer question")
			if !want(err) {
				t.Errorf("%s after %d ended with %v", kind, k, err)
			}
			// A RST may overtake what was sent before it.
			if len(events) > k || kind == modelsim.FaultEOF && len(events) != k {
				t.Errorf("%s after %d: %v", kind, k, types(events))
			}
			if slices.Contains(types(events), "response.completed") {
				t.Errorf("%s: a terminal event came through", kind)
			}
		}
	}
}

func isResetNotEOF(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

func TestF9LeavesHalfAnEvent(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultCutChunk, After: 3})
	res, err := b.send(b.ctx, "POST", "/responses", ask("", "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(string(got), "\n\n") || strings.Count(string(got), "\n\n") != 3 {
		t.Errorf("%v after %q", err, got[max(0, len(got)-80):])
	}
}

func TestF10Trickle(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultTrickle, Every: time.Microsecond})
	b.sim.AddRule(modelsim.Rule{Text: "drip"})
	events, err := b.stream("", "x")
	if err != io.EOF || text(events) != "drip" {
		t.Errorf("%q %v", text(events), err)
	}
	b.wait("F10 is counted once", func(st modelsim.Stats) bool { return st.Faults["F10"] == 1 })
}

func TestF11RateLimits(t *testing.T) {
	for _, c := range []struct {
		fault  modelsim.Fault
		header map[string]string
		code   string
		typ    string
	}{
		{modelsim.Fault{}, map[string]string{"Retry-After": "1", "X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "1s"}, "rate_limit_exceeded", "requests"},
		{modelsim.Fault{Type: "tokens", RetryAfter: "30"}, map[string]string{"Retry-After": "30", "X-Ratelimit-Remaining-Tokens": "0"}, "rate_limit_exceeded", "tokens"},
		{modelsim.Fault{RetryAfter: "600"}, map[string]string{"Retry-After": "600"}, "rate_limit_exceeded", "requests"},
		{modelsim.Fault{RetryAfter: "none"}, map[string]string{"Retry-After": ""}, "rate_limit_exceeded", "requests"},
		{modelsim.Fault{RetryAfter: "ms:250"}, map[string]string{"Retry-After": "", "Retry-After-Ms": "250"}, "rate_limit_exceeded", "requests"},
		{modelsim.Fault{Code: "slow_down"}, map[string]string{"Retry-After": "1"}, "slow_down", "rate_limit_error"},
		{modelsim.Fault{Code: "insufficient_quota"}, map[string]string{"Retry-After": ""}, "insufficient_quota", "insufficient_quota"},
		{modelsim.Fault{Code: "project_spend_limit_exceeded"}, map[string]string{"Retry-After": ""}, "project_spend_limit_exceeded", "insufficient_quota"},
	} {
		c.fault.Kind = modelsim.FaultRateLimit
		b := faulty(t, c.fault)
		code, body, h := b.call("POST", "/responses", ask("", "x"))
		if code != 429 || !strings.Contains(body, `"code": "`+c.code+`"`) || !strings.Contains(body, `"type": "`+c.typ+`"`) {
			t.Errorf("%+v: %d %s", c.fault, code, body)
		}
		for k, v := range c.header {
			if h.Get(k) != v {
				t.Errorf("%+v: %s is %q, want %q", c.fault, k, h.Get(k), v)
			}
		}
	}
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultRateLimit, RetryAfter: "date", For: time.Hour})
	_, _, h := b.call("POST", "/responses", ask("", "x"))
	if at, err := time.Parse(time.RFC1123, h.Get("Retry-After")); err != nil || time.Until(at) < 59*time.Minute {
		t.Errorf("Retry-After %q: %v", h.Get("Retry-After"), err)
	}
}

func TestF12ServerErrors(t *testing.T) {
	for _, c := range []struct {
		fault modelsim.Fault
		ct    string
		body  string
	}{
		{modelsim.Fault{}, "application/json", `"code": "server_error"`},
		{modelsim.Fault{Variant: "empty"}, "application/json", ""},
		{modelsim.Fault{Status: 502}, "text/html", "502 Bad Gateway"},
		{modelsim.Fault{Status: 503, ShouldRetry: "false"}, "application/json", `"code": "server_is_overloaded"`},
		{modelsim.Fault{Status: 504}, "text/html", "504 Gateway Timeout"},
		{modelsim.Fault{Status: 520}, "text/html", "520 Unknown Error"},
		{modelsim.Fault{Status: 400, Code: "invalid_prompt"}, "application/json", `"code": "invalid_prompt"`},
	} {
		c.fault.Kind = modelsim.FaultHTTP
		b := faulty(t, c.fault)
		code, body, h := b.call("POST", "/responses", ask("", "x"))
		want := c.fault.Status
		if want == 0 {
			want = 500
		}
		if code != want || h.Get("Content-Type") != c.ct || !strings.Contains(body, c.body) || (c.body == "") != (body == "") {
			t.Errorf("%+v: %d %s %q", c.fault, code, h.Get("Content-Type"), body)
		}
		if h.Get("X-Should-Retry") != c.fault.ShouldRetry || !strings.HasPrefix(h.Get("X-Request-Id"), "req_") {
			t.Errorf("%+v: headers %v", c.fault, h)
		}
	}
}

func TestF13FailedInTheStream(t *testing.T) {
	for _, code := range []string{"server_error", "rate_limit_exceeded", "server_is_overloaded", "insufficient_quota", "vector_store_timeout"} {
		b := faulty(t, modelsim.Fault{Kind: modelsim.FaultFailed, After: 6, Code: code})
		events, err := b.stream("", "x")
		r := last(t, events)
		if err != io.EOF || len(events) != 7 || events[6].typ != "response.failed" || r.Status != "failed" || r.Error.Code != code || r.Usage != nil {
			t.Errorf("%s: %v %v %+v", code, err, types(events), r)
		}
		if code == "rate_limit_exceeded" && !strings.Contains(r.Error.Message, "Please try again in 11.054s") {
			t.Error(r.Error.Message)
		}
	}
}

func TestF13OtherEndings(t *testing.T) {
	for _, variant := range []string{"cancelled", "withdrawn"} {
		b := faulty(t, modelsim.Fault{Kind: modelsim.FaultFailed, After: 6, Variant: variant})
		events, err := b.stream("", "x")
		if r := last(t, events); err != io.EOF || len(events) != 7 || events[6].typ != "response."+variant || r.Status != variant || r.Error != nil {
			t.Errorf("%s: %v %v %+v", variant, err, types(events), r)
		}
	}
}

func TestF14ErrorEvent(t *testing.T) {
	for _, variant := range []string{"flat", "nested"} {
		b := faulty(t, modelsim.Fault{Kind: modelsim.FaultErrorEvent, After: 5, Variant: variant})
		events, err := b.stream("", "x")
		e := events[len(events)-1]
		if err != io.EOF || len(events) != 6 || e.typ != "error" || e.seq != 5 {
			t.Fatalf("%s: %v %v", variant, err, types(events))
		}
		if _, nested := e.raw["error"]; nested != (variant == "nested") || !strings.Contains(e.data, `"code":"server_error"`) {
			t.Errorf("%s: %s", variant, e.data)
		}
	}
}

func TestF15Malformed(t *testing.T) {
	for variant, want := range map[string]string{
		"json": `"sequence_number":` + "\n", "type": `"type":7`, "nul": "a\x00b", "utf8": "\xff\xfe\xc3",
	} {
		b := faulty(t, modelsim.Fault{Kind: modelsim.FaultMalformed, After: 5, Variant: variant})
		_, body, _ := b.call("POST", "/responses", ask("", "x"))
		if !strings.Contains(body, want) || !strings.Contains(body, "event: response.completed") {
			t.Errorf("%s: no %q, or the stream did not go on", variant, want)
		}
	}
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultMalformed, After: 5, Variant: "long"})
	_, body, _ := b.call("POST", "/responses", ask("", "x"))
	longest := 0
	for line := range strings.SplitSeq(body, "\n") {
		longest = max(longest, len(line))
	}
	if longest <= 32<<20 {
		t.Errorf("the longest line has %d bytes", longest)
	}
}

func TestF16ContextLength(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultContextLength})
	if code, body, _ := b.call("POST", "/responses", ask("", "x")); code != 400 || !strings.Contains(body, "context_length_exceeded") {
		t.Error(code, body)
	}
	b = faulty(t, modelsim.Fault{Kind: modelsim.FaultContextLength, Variant: "stream"})
	events, err := b.stream("", "x")
	if r := last(t, events); err != io.EOF || len(events) != 3 || r.Error == nil || r.Error.Code != "context_length_exceeded" {
		t.Error(err, types(events))
	}
}

func TestF17UnsupportedUntilDropped(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultUnsupported, Param: "reasoning.effort"})
	code, body, _ := b.call("POST", "/responses", ask(`"reasoning":{"effort":"low"}`, "x"))
	if code != 400 || !strings.Contains(body, `"param": "reasoning.effort"`) || !strings.Contains(body, "unsupported_parameter") {
		t.Error(code, body)
	}
	if events, err := b.stream("", "x"); err != io.EOF || last(t, events).Status != "completed" {
		t.Error("without the field it still fails", err)
	}
}

func TestF19RevokedKeyAndBack(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{Skip: 1, First: 2}, Fault: &modelsim.Fault{Kind: modelsim.FaultRevoked}})
	var got []int
	for range 4 {
		code, _, _ := b.call("POST", "/responses", ask("", "x"))
		got = append(got, code)
	}
	if !slices.Equal(got, []int{200, 401, 401, 200}) {
		t.Error(got)
	}
}

func TestF20SequenceTrouble(t *testing.T) {
	for variant, want := range map[string][]int{
		"duplicate": {0, 1, 2, 3, 4, 4, 5},
		"reorder":   {0, 1, 2, 3, 5, 4, 6},
		"gap":       {0, 1, 2, 3, 5, 6},
	} {
		b := faulty(t, modelsim.Fault{Kind: modelsim.FaultSequence, After: 4, Variant: variant})
		events, err := b.stream("", "x")
		var got []int
		for _, e := range events {
			got = append(got, e.seq)
		}
		if err != io.EOF || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%s: %v %v", variant, got, err)
		}
	}
}

func TestF21WorkAfterTheClientLeft(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultLateSuccess})
	ctx, leave := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() {
		_, err := b.send(ctx, "POST", "/responses", ask("", "x"))
		done <- err
	}()
	b.wait("it is silent", struck("F21", 1))
	leave()
	<-done
	b.wait("the work is wasted", func(st modelsim.Stats) bool { return st.Wasted == 1 })
	if q := b.sim.Requests()[0]; q.Outcome != "completed" || !q.Cancelled {
		t.Errorf("%+v", q)
	}
}

func TestF22BackgroundTrouble(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultBackgroundJob})
	_, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","background":true,"input":"x"}`)
	id := parse(t, body).ID
	for range 3 {
		if _, body, _ = b.call("GET", "/responses/"+id, ""); parse(t, body).Status != "queued" {
			t.Errorf("it left the queue: %s", body)
		}
	}
	b = faulty(t, modelsim.Fault{Kind: modelsim.FaultBackgroundJob, Variant: "fail"})
	_, body, _ = b.call("POST", "/responses", `{"model":"sim-fast","background":true,"input":"x"}`)
	id = parse(t, body).ID
	var seen []string
	for range 2 {
		_, body, _ = b.call("GET", "/responses/"+id, "")
		seen = append(seen, parse(t, body).Status)
	}
	b.wait("the job is over", func(st modelsim.Stats) bool { return st.BackgroundRunning == 0 })
	_, body, _ = b.call("GET", "/responses/"+id, "")
	if r := parse(t, body); r.Status != "failed" || r.Error == nil || seen[0] != "queued" {
		t.Errorf("%v, then %s", seen, body)
	}
}

func TestF23JSONForAStreamAndF24CaptivePortal(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultJSONForStream})
	code, body, h := b.call("POST", "/responses", ask("", "x"))
	if code != 200 || h.Get("Content-Type") != "application/json" || parse(t, body).Status != "completed" {
		t.Error(code, h, body)
	}
	b = faulty(t, modelsim.Fault{Kind: modelsim.FaultCaptivePortal})
	code, body, h = b.call("POST", "/responses", ask("", "x"))
	if code != 200 || h.Get("Content-Type") != "text/html" || !strings.Contains(body, "<html>") {
		t.Error(code, h, body)
	}
}

func TestF26OutageAndRecovery(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Contains: "bystander"}, Timing: &modelsim.Timing{FirstToken: time.Hour}, Text: "never"})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{First: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultServerOutage, For: time.Hour}})
	_, bystander := b.open(b.ctx, "POST", "/responses", ask("", "bystander"))
	if _, err := b.send(b.ctx, "POST", "/responses", ask("", "trigger")); !isReset(err) {
		t.Errorf("the request that began it: %v", err)
	}
	if _, err := bystander.rest(); !isReset(err) || err == io.EOF {
		t.Errorf("the open stream ended with %v", err)
	}
	if _, err := b.send(b.ctx, "GET", "/models", ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v, want refused", err)
	}
	b.sim.Outage(modelsim.OutageRefuse, 0)
	for b.ctx.Err() == nil { // the port opens again a moment later
		res, err := b.send(b.ctx, "GET", "/models", "")
		if err == nil {
			res.Body.Close()
			return
		}
	}
	t.Error("it never came back")
}

func TestOutageModes(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.Outage(modelsim.OutageReset, time.Hour)
	if _, err := b.send(b.ctx, "GET", "/models", ""); !isReset(err) {
		t.Errorf("reset: %v", err)
	}
	b.sim.Outage(modelsim.OutageHang, time.Hour)
	ctx, cancel := context.WithTimeout(b.ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := b.send(ctx, "GET", "/models", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	b.sim.Outage("", 0)
	if code, _, _ := b.call("GET", "/models", ""); code != 200 {
		t.Error(code)
	}
}

func TestWireFaultsOnAJSONBody(t *testing.T) {
	for _, kind := range []modelsim.FaultKind{modelsim.FaultDrop, modelsim.FaultEOF, modelsim.FaultCutChunk} {
		b := faulty(t, modelsim.Fault{Kind: kind})
		res, err := b.send(b.ctx, "POST", "/responses", `{"model":"sim-fast","input":"x"}`)
		if err != nil {
			if kind == modelsim.FaultDrop && isReset(err) {
				continue // the RST overtook the headers
			}
			t.Fatal(kind, err)
		}
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil || !isReset(err) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestEveryFaultKindIsAccepted(t *testing.T) {
	var missing net.Error // a bad kind must not look like a network error
	for _, k := range []string{"F0", "F27", ""} {
		_, err := modelsim.ParseDirective("fault=" + k)
		if k != "" && (err == nil || errors.As(err, &missing)) {
			t.Errorf("%s was accepted", k)
		}
	}
	for _, k := range strings.Fields("F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F18 F19 F20 F21 F22 F23 F24 F25 F26 f6") {
		if _, err := modelsim.ParseDirective("fault=" + k); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
}
