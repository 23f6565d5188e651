package openai

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/turn"
)

// TestMain fixes the seed of the properties, so that a run never fails by chance.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_RANDOM") != "1" {
		_ = flag.Set("rapid.seed", "1") // -rapid.seed on the command line still decides
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

const testKey = "sk-test-0123456789abcdef"

// serve starts an endpoint and returns a client for it that has all abilities.
func serve(t testing.TB, h http.Handler, change ...func(*Options)) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return clientFor(t, server.URL+"/v1", change...)
}

func clientFor(t testing.TB, base string, change ...func(*Options)) *Client {
	t.Helper()
	full := Full()
	o := Options{BaseURL: base, Key: testKey, Capabilities: &full}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// streams answers every request with one body.
func streams(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.Header().Set("X-Request-Id", "req_test")
		io.WriteString(w, body)
	}
}

// sse writes events as OpenAI frames them. An event without a number gets the
// next one.
func sse(events ...string) string {
	var b strings.Builder
	for i, e := range events {
		if !strings.Contains(e, `"sequence_number"`) {
			e = fmt.Sprintf(`%s,"sequence_number":%d}`, strings.TrimSuffix(e, "}"), i)
		}
		kind := between(e, `"type":"`, `"`)
		fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", kind, e)
	}
	return b.String()
}

func created() string {
	return `{"type":"response.created","response":{"id":"resp_1","status":"in_progress","created_at":1.5}}`
}

func message(index int, phase string) string {
	if phase != "" {
		phase = fmt.Sprintf(`,"phase":%q`, phase)
	}
	return fmt.Sprintf(`{"type":"response.output_item.added","output_index":%d,"item":{"id":"msg_%d","type":"message","role":"assistant","content":[]%s}}`, index, index, phase)
}

func delta(index int, text string) string {
	return fmt.Sprintf(`{"type":"response.output_text.delta","item_id":"msg_%d","output_index":%d,"content_index":0,"delta":%q,"obfuscation":"xyz"}`, index, index, text)
}

func messageDone(index int, phase, text string) string {
	return fmt.Sprintf(`{"type":"response.output_item.done","output_index":%d,"item":%s}`, index, messageItem(index, phase, text))
}

func messageItem(index int, phase, text string) string {
	if phase != "" {
		phase = fmt.Sprintf(`,"phase":%q`, phase)
	}
	return fmt.Sprintf(`{"id":"msg_%d","type":"message","role":"assistant"%s,"content":[{"type":"output_text","text":%q,"annotations":[]}]}`, index, phase, text)
}

func completed(items ...string) string {
	return `{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[` + strings.Join(items, ",") +
		`],"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":5},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":48}}}`
}

// answer is everything that one call gave.
type answer struct {
	events []turn.Event
	text   string // the deltas
	final  *turn.Final
	err    error
}

func (a answer) kinds() string {
	var b strings.Builder
	for _, e := range a.events {
		b.WriteByte(" SDTUIA!"[e.Kind])
	}
	return b.String()
}

func (a answer) phrases() []string {
	var p []string
	for _, e := range a.events {
		switch {
		case e.Kind == turn.Thinking:
			p = append(p, e.Text)
		case e.Kind == turn.Stepped && e.Step.State == turn.StepRunning:
			p = append(p, e.Step.Title)
		case e.Kind == turn.Stepped:
			p = append(p, "("+e.Step.Title+")")
		}
	}
	return p
}

// collect goes through a call, and holds it to what every call promises.
func collect(t testing.TB, seq iter.Seq2[turn.Event, error]) answer {
	t.Helper()
	var a answer
	last := int64(-1)
	for e, err := range seq {
		if a.final != nil || a.err != nil {
			t.Fatal("something came after the end")
		}
		if err != nil {
			a.err = err
			continue
		}
		if e.Sequence < last {
			t.Fatalf("the sequence fell from %d to %d", last, e.Sequence)
		}
		last = e.Sequence
		a.events = append(a.events, e)
		switch e.Kind {
		case turn.Started:
			if e.ResponseID == "" {
				t.Fatal("started without an id")
			}
		case turn.Delta:
			a.text += e.Text
		case turn.Done:
			a.final = e.Done
			if a.final == nil {
				t.Fatal("done without a final")
			}
		}
	}
	if a.final == nil && a.err == nil {
		t.Fatal("the call ended without an end")
	}
	return a
}

func ask(t testing.TB, c *Client, r turn.Request) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return collect(t, c.Respond(ctx, r, turn.Cursor{}))
}

func hello() turn.Request {
	return turn.Request{Model: "gpt-6-luna", Input: []turn.Input{{Role: turn.User, Text: "hello"}}}
}

// failureOf is the failure of a call, held to what every failure promises.
func failureOf(t testing.TB, err error) *turn.Failure {
	t.Helper()
	var f *turn.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a failure", err)
	}
	if f.Say == "" || f.Cause == nil {
		t.Errorf("failure %s: Say is %q, Cause is %v", f.Code, f.Say, f.Cause)
	}
	if strings.Contains(err.Error()+f.Say, testKey) {
		t.Errorf("failure %s shows the key: %v", f.Code, err)
	}
	return f
}
