package modelsim_test

import (
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"holdfast/internal/modelsim"
)

// TestS22Dialects checks each switch on the bytes of the wire.
func TestS22Dialects(t *testing.T) {
	for name, ok := range map[string]func(body string) bool{
		"done":          func(s string) bool { return strings.HasSuffix(s, "\n\ndata: [DONE]\n\n") },
		"no_event_line": func(s string) bool { return !strings.Contains(s, "event: ") && strings.HasPrefix(s, "data: {") },
		"crlf": func(s string) bool {
			return strings.Count(s, "\n") == strings.Count(s, "\r\n") && strings.HasSuffix(s, "\r\n\r\n")
		},
		"multiline":       func(s string) bool { return strings.Contains(s, "data: {\ndata:  \"type\": \"response.created\",\n") },
		"no_sequence":     func(s string) bool { return !strings.Contains(s, "sequence_number") },
		"no_content_part": func(s string) bool { return !strings.Contains(s, "response.content_part.") },
		"empty_output":    func(s string) bool { return strings.Contains(s[strings.LastIndex(s, "event: "):], `"output":[]`) },
		"null_error":      func(s string) bool { return strings.Count(s, `,"error":null,`) >= strings.Count(s, "event: ") },
		"unknown_events": func(s string) bool {
			return strings.Contains(s, "event: response.sparkle_call.glittering") && strings.Contains(s, `"type":"sparkle_call"`)
		},
		"float_times": func(s string) bool { return strings.Contains(s, `"created_at":1795435200.`) },
		"no_usage":    func(s string) bool { return !strings.Contains(s, `"input_tokens"`) },
		"no_deltas": func(s string) bool {
			return !strings.Contains(s, "output_text.delta") && strings.Contains(s, "output_text.done")
		},
		"plain_ids":   func(s string) bool { return !strings.Contains(s, `"resp_`) },
		"split_runes": func(s string) bool { return strings.Contains(s, "ü") },
	} {
		b := start(t, modelsim.Options{Now: fixed})
		d, err := modelsim.ParseDialect(name)
		if err != nil {
			t.Fatal(err)
		}
		plain, plainBody, _ := b.call("POST", "/responses", ask("", "für 𝒳"))
		b.sim.AddRule(modelsim.Rule{Dialect: &d})
		code, body, _ := b.call("POST", "/responses", ask("", "für 𝒳"))
		if plain != 200 || code != 200 || !ok(body) {
			t.Errorf("%s: %d\n%.1500s", name, code, body)
		}
		if name != "split_runes" && ok(plainBody) {
			t.Errorf("%s: OpenAI's own dialect passes too, so the test says nothing", name)
		}
	}
	if _, err := modelsim.ParseDialect("done,klingon"); err == nil || !strings.Contains(err.Error(), "klingon") {
		t.Error(err)
	}
}

func TestS22SplitRunesStillReads(t *testing.T) {
	b := start(t, modelsim.Options{Dialect: modelsim.Dialect{SplitRunes: true, CRLF: true, Multiline: true, Done: true}})
	b.sim.AddRule(modelsim.Rule{Text: "🎉 ü שלום"})
	events, err := b.stream("", "x")
	if err != io.EOF || text(events) != "🎉 ü שלום" || events[len(events)-1].data != "[DONE]" {
		t.Errorf("%q %v", text(events), err)
	}
}

func TestS22BareErrorAndNestedError(t *testing.T) {
	b := start(t, modelsim.Options{Dialect: modelsim.Dialect{BareError: true, NestedError: true}})
	if code, body, _ := b.call("POST", "/responses", `{"model":"x","input":"x"}`); code != 404 || !strings.HasPrefix(body, `{"error":"The model `) {
		t.Error(code, body)
	}
	b.sim.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: modelsim.FaultErrorEvent, After: 3}})
	events, err := b.stream("", "x")
	if err != io.EOF || !strings.Contains(events[len(events)-1].data, `"error":{`) {
		t.Error(events, err)
	}
}

func TestS22Gzip(t *testing.T) {
	b := start(t, modelsim.Options{Dialect: modelsim.Dialect{Gzip: true}})
	res, err := b.send(b.ctx, "POST", "/responses", ask("", "x"), "Accept-Encoding", "gzip")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal(res.Header)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || !strings.Contains(string(body), "event: response.completed") {
		t.Error(err)
	}
	if _, body, h := b.call("POST", "/responses", ask("", "x"), "Accept-Encoding", "identity"); h.Get("Content-Encoding") != "" || !strings.HasPrefix(body, "event: ") {
		t.Error("gzip to a client that does not take it")
	}
}

func TestS22Pings(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Timing: &modelsim.Timing{FirstToken: 50 * time.Millisecond, Ping: 5 * time.Millisecond}})
	for _, background := range []string{"false", "true"} {
		_, body, _ := b.call("POST", "/responses", ask(`"background":`+background, "x"))
		if n := strings.Count(body, "\n\n: ping\n\n"); n < 1 || n > 12 || !strings.Contains(body, "event: response.completed") {
			t.Errorf("background %s: %d pings", background, n)
		}
	}
}

// TestSDKReadsDialects says what OpenAI's own client makes of each dialect, so
// that a change of either side is noticed.
func TestSDKReadsDialects(t *testing.T) {
	fails := []string{"null_error"} // any top-level error key ends its stream
	for name := range strings.FieldsSeq("done no_event_line crlf multiline no_sequence no_content_part empty_output null_error unknown_events float_times no_usage no_deltas plain_ids split_runes gzip") {
		b := start(t, modelsim.Options{})
		d, err := modelsim.ParseDialect(name)
		if err != nil {
			t.Fatal(err)
		}
		b.sim.AddRule(modelsim.Rule{Dialect: &d})
		s := b.sdk().NewStreaming(b.ctx, responses.ResponseNewParams{Model: "gpt-6-luna"}, option.WithJSONSet("input", "x"))
		lastType := ""
		for s.Next() {
			lastType = s.Current().Type
		}
		s.Close()
		if good := s.Err() == nil && lastType == "response.completed"; good == slices.Contains(fails, name) {
			t.Errorf("%s: last event %q, error %v", name, lastType, s.Err())
		}
	}
}
