package modelsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/modelsim"
)

func (b *bench) addr() string {
	return strings.TrimSuffix(strings.TrimPrefix(b.srv.URL(), "http://"), "/v1")
}

// dial tries to connect until ok likes the outcome.
func (b *bench) dial(what string, ok func(error) bool) {
	b.Helper()
	for b.ctx.Err() == nil {
		c, err := (&net.Dialer{Timeout: 100 * time.Millisecond}).DialContext(b.ctx, "tcp", b.addr())
		if err == nil {
			c.Close()
		}
		if ok(err) {
			return
		}
	}
	b.Fatal(what)
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// TestF1Blackhole: no SYN is answered, and afterwards all is well.
func TestF1Blackhole(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux: a full backlog drops SYNs there")
	}
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{First: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultReset, Variant: "blackhole", For: time.Minute}})
	if _, err := b.send(b.ctx, "POST", "/responses", ask("", "x")); err == nil || !isReset(err) {
		t.Fatalf("the request that began it: %v", err)
	}
	b.dial("connections hang", isTimeout)
	b.sim.Outage("", 0)
	b.dial("connections are accepted again", func(err error) bool { return err == nil })
	if status, _, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"x"}`); status != 200 {
		t.Error(status)
	}
}

func TestF1BlackholeEndsWithTheServer(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.Outage(modelsim.OutageBlackhole, time.Hour)
	if runtime.GOOS == "linux" {
		b.dial("connections hang", isTimeout)
	}
	if err := b.sim.Close(); err != nil {
		t.Error(err)
	}
}

func TestF1RefuseByRule(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultReset, Variant: "refuse", For: time.Minute})
	if _, err := b.send(b.ctx, "POST", "/responses", ask("", "x")); err == nil {
		t.Fatal("answered")
	}
	b.dial("connections are refused", func(err error) bool { return err != nil && !isTimeout(err) })
}

// TestF2NeverReads: a client with much to send blocks while it writes.
func TestF2NeverReads(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultHang})
	c, err := (&net.Dialer{}).DialContext(b.ctx, "tcp", b.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const size = 64 << 20
	head := "POST /v1/responses HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nContent-Length: 67108864\r\n\r\n"
	if _, err := io.WriteString(c, head); err != nil {
		t.Fatal(err)
	}
	if err := c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := c.Write(bytes.Repeat([]byte(" "), size))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == size {
		t.Errorf("wrote %d bytes, %v", n, err)
	}
	b.wait("counted", struck("F2", 1))
}

func TestF2EndsInAReset(t *testing.T) {
	for _, m := range []modelsim.Match{{}, {Contains: "x"}} {
		b := start(t, modelsim.Options{})
		b.sim.AddRule(modelsim.Rule{Match: m, When: modelsim.When{First: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultHang, For: 20 * time.Millisecond}})
		if _, err := b.send(b.ctx, "POST", "/responses", ask("", "x")); err == nil || !isReset(err) {
			t.Errorf("%+v: %v", m, err)
		}
		if _, err := b.stream("", "x"); err != io.EOF {
			t.Errorf("%+v: it does not heal: %v", m, err)
		}
	}
}

func TestF11MessagesFitTheirHeaders(t *testing.T) {
	b := start(t, modelsim.Options{})
	for retry, want := range map[string]string{"none": "", "30": " Please try again in 30s.", "ms:250": " Please try again in 250ms.", "date": " Please try again in 30s."} {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: modelsim.FaultRateLimit, RetryAfter: retry}})
		_, body, h := b.call("POST", "/responses", `{"model":"sim-fast","input":"x"}`)
		if strings.Contains(body, "none") || strings.Contains(body, "dates") || strings.Contains(body, "try again") != (want != "") || !strings.Contains(body, want) {
			t.Errorf("%s: %s", retry, body)
		}
		if d, err := time.ParseDuration(h.Get("X-Ratelimit-Reset-Requests")); err != nil || d <= 0 {
			t.Errorf("%s: reset in %q", retry, h.Get("X-Ratelimit-Reset-Requests"))
		}
	}
}

// TestWindow: a rule acts between from and until after it was added.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := modelsim.New(modelsim.Options{})
		defer sim.Close()
		time.Sleep(time.Hour) // fake time: the window counts from AddRule
		sim.AddRule(modelsim.Rule{When: modelsim.When{From: 10 * time.Second, Until: 20 * time.Second, Skip: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultHTTP}})
		h := sim.Handler()
		var got []int
		for range 6 {
			code, _ := record(h, `{"model":"sim-fast","input":"x"}`)
			got = append(got, code)
			time.Sleep(4 * time.Second)
		}
		// At 0, 4 and 8 s it is too early, at 12 s one is skipped, at 20 s it is over.
		if want := []int{200, 200, 200, 200, 500, 200}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestWindowInJSONAndDirective(t *testing.T) {
	var r modelsim.Rule
	if err := json.Unmarshal([]byte(`{"text":"x","from":"30s","until":60,"first":2,"path":"*"}`), &r); err != nil || r.From != 30*time.Second || r.Until != time.Minute || r.First != 2 || r.Path != "*" {
		t.Fatalf("%v %+v", err, r)
	}
	out, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(out), `"from":"30s","until":"1m0s"`) {
		t.Errorf("%v %s", err, out)
	}
	if err := json.Unmarshal([]byte(`{"text":"x","form":"30s"}`), &r); err == nil {
		t.Error("an unknown field was accepted")
	}
	if d, err := modelsim.ParseDirective("fault=F12 from=1s until=2s work=3s"); err != nil || d.From != time.Second || d.Until != 2*time.Second || d.Timing.Work != 3*time.Second {
		t.Errorf("%v %+v", err, d)
	}
	if _, err := modelsim.ParseDirective("fault=F12 from=3s until=2s"); err == nil {
		t.Error("a window that ends before it begins was accepted")
	}
}

func TestPresets(t *testing.T) {
	b := start(t, modelsim.Options{Preset: "seed-15-timeouts"})
	control := func(method, path, body string) (int, string) {
		req, err := http.NewRequestWithContext(b.ctx, method, b.srv.ControlURL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(got)
	}
	ctx, leave := context.WithCancel(b.ctx)
	done := make(chan error)
	for range 15 {
		go func() {
			_, err := b.send(ctx, "POST", "/responses", ask("", "x"))
			done <- err
		}()
	}
	b.wait("15 hang", struck("F3", 15))
	leave()
	for range 15 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	b.sim.AddRule(modelsim.Rule{Text: "well again"}) // the preset's pace applies to it
	if status, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"x"}`, "X-Sim", "ttft=1ms tps=100000"); status != 200 || !strings.Contains(body, "well again") {
		t.Errorf("%d %s", status, body)
	}
	for _, name := range modelsim.Presets() {
		if status, body := control("POST", "/presets", `{"name":"`+name+`"}`); status != 200 || !strings.Contains(body, `"ids"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := control("POST", "/presets", `{"name":"calm"}`); status != 400 || !strings.Contains(body, "seed-15-timeouts") {
		t.Errorf("%d %s", status, body)
	}
	if _, body := control("GET", "/presets", ""); strings.Count(body, `"what"`) != len(modelsim.Presets()) {
		t.Error(body)
	}
}

func TestPresetTierLimit(t *testing.T) {
	b := start(t, modelsim.Options{Preset: "tier-limit"})
	limited := 0
	for range 70 {
		status, body, h := b.call("GET", "/models", "")
		if status == 429 {
			limited++
			if h.Get("Retry-After") == "" || !strings.Contains(body, "rate_limit_exceeded") {
				t.Fatal(body)
			}
		}
	}
	if limited < 5 || limited > 10 {
		t.Errorf("%d of 70 refused, the limit is 60 a minute", limited)
	}
}

// TestPresetSoak: about one request in a hundred meets each fault.
func TestPresetSoak(t *testing.T) {
	n := 0
	kinds := map[modelsim.FaultKind]bool{}
	synctest.Test(t, func(t *testing.T) {
		sim := modelsim.New(modelsim.Options{Seed: 7})
		defer sim.Close()
		if err := sim.Preset("soak"); err != nil {
			t.Fatal(err)
		}
		h := sim.Handler()
		for range 300 {
			func() {
				defer func() {
					if r := recover(); r != nil && r != http.ErrAbortHandler { // a reset without a connection
						panic(r)
					}
				}()
				record(h, `{"model":"sim-fast","input":"x"}`)
			}()
		}
		for _, q := range sim.Requests() {
			if q.Fault != "" {
				n++
				kinds[q.Fault] = true
			}
		}
	})
	if n < 30 || n > 110 || len(kinds) < 12 {
		t.Errorf("%d of 300 with %d kinds of fault", n, len(kinds))
	}
}

func TestTokensPerMinute(t *testing.T) {
	b := start(t, modelsim.Options{TPM: 1000})
	body := `{"model":"sim-fast","input":"` + strings.Repeat("tide ", 500) + `"}` // over 600 tokens
	if status, got, _ := b.call("POST", "/responses", body); status != 200 {
		t.Fatal(got)
	}
	status, got, h := b.call("POST", "/responses", body)
	if status != 429 || !strings.Contains(got, `"type": "tokens"`) || h.Get("X-Ratelimit-Remaining-Tokens") != "0" || h.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", status, got, h)
	}
	if status, _, _ = b.call("POST", "/responses", `{"model":"sim-fast","input":"x"}`); status != 200 {
		t.Errorf("a small one: %d", status)
	}
}
