package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/turn"
)

func TestText(t *testing.T) {
	c := serve(t, streams(sse(
		created(),
		`{"type":"response.in_progress","response":{"id":"resp_1"}}`,
		message(0, ""),
		`{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}`,
		delta(0, "Hel"), delta(0, "lo 👋"),
		`{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Hello 👋"}`,
		messageDone(0, "", "Hello 👋"),
		completed(messageItem(0, "", "Hello 👋")),
	)))
	a := ask(t, c, hello())
	if a.err != nil {
		t.Fatal(a.err)
	}
	if got, want := a.kinds(), "SAAADDAI!"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if a.text != "Hello 👋" {
		t.Errorf("deltas %q", a.text)
	}
	want := &turn.Final{
		Complete: true, Text: "Hello 👋",
		Items: []json.RawMessage{json.RawMessage(messageItem(0, "", "Hello 👋"))},
		Usage: turn.Usage{Input: 37, Cached: 5, Output: 11, Reasoning: 3},
	}
	if diff := cmp.Diff(want, a.final); diff != "" {
		t.Error(diff)
	}
	for i, e := range a.events {
		if e.ResponseID != "resp_1" || e.Sequence != int64(i) {
			t.Errorf("event %d: id %q, sequence %d", i, e.ResponseID, e.Sequence)
		}
	}
}

// What a stream amounts to, by its shape.
func TestShapes(t *testing.T) {
	reasoning := `{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}`
	summary := func(d string) string {
		return `{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"` + d + `"}`
	}
	call := func(index, kind string) string {
		return `{"type":"response.output_item.added","output_index":` + index + `,"item":{"id":"x","type":"` + kind + `"}}`
	}
	for name, s := range map[string]struct {
		events  []string
		deltas  string
		text    string // of the final; empty: the same as the deltas
		phrases []string
		refusal bool
		reason  string
	}{
		"two items": {
			events: []string{created(), message(0, ""), delta(0, "One."), messageDone(0, "", "One."), message(1, ""), delta(1, "Two."),
				completed(messageItem(0, "", "One."), messageItem(1, "", "Two."))},
			deltas: "One.\n\nTwo.",
		},
		"two items written at once": {
			events: []string{created(), delta(0, "On"), delta(1, "Tw"), delta(0, "e."), delta(1, "o."), completed()},
			deltas: "On\n\nTw\n\ne.\n\no.", text: "One.\n\nTwo.",
		},
		"two parts of one item": {
			events: []string{created(), delta(0, "One "), strings.Replace(delta(0, "two."), `"content_index":0`, `"content_index":1`, 1), completed()},
			deltas: "One two.",
		},
		"reasoning with a summary": {
			events: []string{created(), reasoning,
				`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`,
				summary("**Weigh"), summary("ing plans**"), summary("\\n\\nI should compare."),
				`{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":0,"text":"**Weighing plans**\n\nI should compare."}`,
				message(1, ""), delta(1, "B."), completed()},
			deltas: "B.", phrases: []string{"", "Weighing plans"},
		},
		"tools": {
			events: []string{created(), call("0", "web_search_call"),
				`{"type":"response.web_search_call.searching","output_index":0,"item_id":"x"}`,
				`{"type":"response.output_item.done","output_index":0,"item":{"id":"x","type":"web_search_call","action":{"type":"open_page","url":"https://example.com"}}}`,
				call("1", "code_interpreter_call"), call("2", "image_generation_call"),
				`{"type":"response.image_generation_call.partial_image","output_index":2,"partial_image_b64":"AAAA"}`,
				delta(3, "Done."), call("4", "image_generation_call"), completed()},
			deltas: "Done.", phrases: []string{"Searching the web", "Reading a page", "(Read a page)", "Running code", "Drawing a picture", "Drawing a picture"},
		},
		"commentary before the answer": {
			events: []string{created(), message(0, "commentary"), delta(0, "Let me look.\n"), messageDone(0, "commentary", "Let me look.\n"),
				message(1, "final_answer"), delta(1, "Found."), completed(messageItem(0, "commentary", "Let me look."), messageItem(1, "final_answer", "Found."))},
			deltas: "Found.", phrases: []string{"Let me look."},
		},
		"nothing but commentary": {
			events: []string{created(), message(0, "commentary"), delta(0, "Looking."), completed(messageItem(0, "commentary", "Looking."))},
			text:   "Looking.",
		},
		"refusal": {
			events: []string{created(), message(0, ""), delta(0, "Sure: "),
				`{"type":"response.refusal.delta","output_index":0,"content_index":1,"delta":"I cannot"}`,
				`{"type":"response.refusal.done","output_index":0,"content_index":1,"refusal":"I cannot do that."}`,
				completed(`{"type":"message","content":[{"type":"output_text","text":"Sure: "},{"type":"refusal","refusal":"I cannot do that."}]}`)},
			deltas: "Sure: \n\nI cannot do that.", refusal: true,
		},
		"incomplete": {
			events: []string{created(), delta(0, "Once upon a ti"), `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`},
			deltas: "Once upon a ti", reason: "max_output_tokens",
		},
		"incomplete before any text": {
			events: []string{created(), reasoning, `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":null,"output":null,"usage":null}}`},
			reason: "incomplete", phrases: []string{""},
		},
		"incomplete in the second item": {
			events: []string{created(), messageDone(0, "", "One."), delta(1, "Tw"), `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`},
			deltas: "One.\n\nTw", reason: "max_output_tokens",
		},
		"completed that says incomplete": {
			events: []string{created(), delta(0, "Half"), `{"type":"response.completed","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}}`},
			deltas: "Half", reason: "content_filter",
		},
		"text only in done": {
			events: []string{created(), message(0, ""), `{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"All at once."}`, completed()},
			deltas: "All at once.",
		},
		"text only in the item": {
			events: []string{created(), messageDone(0, "", "All at once."), completed()},
			deltas: "All at once.",
		},
		"text only at the end": {
			events: []string{created(), completed(messageItem(0, "", "All at once."))},
			text:   "All at once.",
		},
		"the end corrects the deltas": {
			events: []string{created(), delta(0, "Wrng"), completed(messageItem(0, "", "Right"))},
			deltas: "Wrng", text: "Right",
		},
		"nothing at all": {events: []string{created(), completed()}},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, serve(t, streams(sse(s.events...))), hello())
			if a.err != nil {
				t.Fatal(a.err)
			}
			if a.text != s.deltas {
				t.Errorf("deltas %q, want %q", a.text, s.deltas)
			}
			if s.text == "" {
				s.text = s.deltas
			}
			if a.final.Text != s.text {
				t.Errorf("final text %q, want %q", a.final.Text, s.text)
			}
			if a.final.Refusal != s.refusal || a.final.Reason != s.reason || a.final.Complete != (s.reason == "") {
				t.Errorf("final %+v", a.final)
			}
			if diff := cmp.Diff(s.phrases, a.phrases()); diff != "" {
				t.Errorf("phrases:\n%s", diff)
			}
		})
	}
}

// Dialects of compatible servers all give the same answer.
func TestDialects(t *testing.T) {
	plain := sse(created(), message(0, ""), delta(0, "Hello"), completed())
	edit := func(old, with string) string { return strings.ReplaceAll(plain, old, with) }
	unnumbered := plain
	for _, n := range []string{"0", "1", "2", "3"} {
		unnumbered = strings.ReplaceAll(unnumbered, `,"sequence_number":`+n, "")
	}
	zeros := plain
	for _, n := range []string{"1", "2", "3"} {
		zeros = strings.ReplaceAll(zeros, `"sequence_number":`+n, `"sequence_number":0`)
	}
	var nameless []string
	for line := range strings.Lines(plain) {
		if !strings.HasPrefix(line, "event:") {
			nameless = append(nameless, line)
		}
	}
	for name, body := range map[string]string{
		"as OpenAI":         plain,
		"[DONE] at the end": plain + "data: [DONE]\n\n",
		"no event lines":    strings.Join(nameless, ""),
		"types in the event line only": strings.ReplaceAll(edit(`"type":"response.created",`, ""),
			`"type":"response.completed",`, ""),
		"CRLF":                      edit("\n", "\r\n"),
		"pings":                     ": ping\n\n" + edit("\n\n", "\n\n: ping\n\n"),
		"multi-line data":           edit(`,"sequence_number"`, ",\ndata: \"sequence_number\""),
		"no numbers":                unnumbered,
		"all numbers zero":          zeros,
		"null errors":               edit(`{"type":"response`, `{"error":null,"type":"response`),
		"unknown events":            "event: response.novelty\ndata: {\"type\":\"response.novelty\",\"delta\":{\"a\":1},\"text\":5}\n\n" + plain,
		"numbers as floats":         strings.ReplaceAll(plain, `"sequence_number":2`, `"sequence_number":2.0`),
		"no last blank line":        strings.TrimRight(plain, "\n"),
		"keepalive events":          "event: keepalive\ndata: {}\n\n" + plain,
		"ids of another kind":       edit("resp_1", "chatcmpl-7"),
		"no created event":          plain[strings.Index(plain, "event: response.output_item"):],
		"response without its body": plain[:strings.LastIndex(plain, "event:")] + "data: {\"type\":\"response.completed\"}\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, serve(t, streams(body)), hello())
			if a.err != nil {
				t.Fatal(a.err)
			}
			if a.text != "Hello" || a.final.Text != "Hello" || !a.final.Complete {
				t.Errorf("deltas %q, final %+v", a.text, a.final)
			}
			if n := strings.Count(a.kinds(), "S"); n != 1 {
				t.Errorf("%d started events in %s", n, a.kinds())
			}
		})
	}
}

func TestDuplicatesAndGaps(t *testing.T) {
	number := func(n, e string) string { return strings.TrimSuffix(e, "}") + `,"sequence_number":` + n + "}" }
	c := serve(t, streams(sse(
		number("0", created()), number("1", delta(0, "a")), number("1", delta(0, "a")), number("2", delta(0, "b")),
		number("1", delta(0, "a")), number("5", delta(0, "c")), number("4", delta(0, "X")),
		number("3", completed()), // a terminal event counts whatever its number
	)))
	a := ask(t, c, hello())
	if a.err != nil || a.text != "abc" || a.final.Text != "abc" {
		t.Errorf("got %q, %+v, %v", a.text, a.final, a.err)
	}
}

// Every end of a stream that is not a good one.
func TestBadEnds(t *testing.T) {
	begun := sse(created(), delta(0, "Hel"))
	for name, s := range map[string]struct {
		body  string
		code  string
		retry bool
	}{
		"clean end":                   {begun, "cut", true},
		"clean end before anything":   {"", "cut", true},
		"[DONE] without an end":       {begun + "data: [DONE]\n\n", "cut", true},
		"an event cut in the middle":  {begun + "event: response.completed\ndata: {\"type\":\"response.comp", "cut", true},
		"failed":                      {begun + sse(`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"boom"}}}`), "server_error", true},
		"failed without an error":     {begun + sse(`{"type":"response.failed","response":{"status":"failed","error":null}}`), "server_error", true},
		"completed that says failed":  {begun + sse(`{"type":"response.completed","response":{"status":"failed","error":{"code":"invalid_prompt","message":"no"}}}`), "refused_by_policy", false},
		"cancelled":                   {begun + sse(`{"type":"response.cancelled","response":{"status":"cancelled"}}`), "cancelled", false},
		"error event, flat":           {begun + sse(`{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null}`), "rate_limited", true},
		"error event, nested":         {begun + sse(`{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"long","param":"input"}}`), "too_long", false},
		"error without a type":        {begun + "data: {\"error\":{\"message\":\"engine died\",\"code\":500}}\n\n", "server_error", true},
		"error in a word":             {begun + "data: {\"error\":\"model 'x' not found\"}\n\n", "model_not_found", false},
		"error as an object":          {begun + "data: {\"object\":\"error\",\"message\":\"too many\",\"code\":429}\n\n", "rate_limited", true},
		"error event of plain text":   {begun + "event: error\ndata: upstream went away\n\n", "server_error", true},
		"bad request in the stream":   {begun + "data: {\"error\":{\"message\":\"bad\",\"type\":\"BadRequestError\",\"code\":null}}\n\n", "bad_request", false},
		"malformed":                   {begun + "data: {\"type\":\"response.output_text.delta\",,}\n\n", "garbled", true},
		"a delta that is not text":    {begun + sse(`{"type":"response.output_text.delta","delta":{"a":1},"sequence_number":2}`), "garbled", true},
		"a zero byte":                 {begun + "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\x00\"}\n\n", "garbled", true},
		"not even JSON":               {begun + "data: oops\n\n", "garbled", true},
		"unfinished done":             {begun + sse(`{"type":"response.done","response":{"status":"in_progress"}}`), "cut", true},
		"a JSON error":                {`{"error":{"message":"no more","type":"insufficient_quota","code":"insufficient_quota"}}`, "quota_exhausted", false},
		"JSON that is not a response": {`{"hello":"world"}`, "bad_endpoint", false},
		"JSON of a failed response":   {`{"id":"r","status":"failed","error":{"code":"server_error","message":"x"}}`, "server_error", true},
		"JSON of a running response":  {`{"id":"r","status":"queued","output":[]}`, "cut", true},
		"JSON without a status":       {`{"id":"r","output":[]}`, "bad_endpoint", false},
		"broken JSON":                 {`{"id":"r","status":`, "garbled", true},
		"a page":                      {"<!doctype html><title>Sign in</title>", "bad_endpoint", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, serve(t, streams(s.body)), hello())
			f := failureOf(t, a.err)
			if f.Code != s.code || f.Retry != s.retry {
				t.Errorf("got %s (retry %v), want %s (%v): %v", f.Code, f.Retry, s.code, s.retry, f)
			}
			if strings.HasPrefix(s.body, begun) && a.text != "Hel" {
				t.Errorf("what came before is lost: %q", a.text)
			}
		})
	}
}

func TestJSONInsteadOfStream(t *testing.T) {
	for name, body := range map[string]string{
		"a response":        `{"id":"resp_1","object":"response","status":"completed","output":[` + messageItem(0, "", "Hello") + `],"usage":{"input_tokens":1,"output_tokens":2}}`,
		"after white space": " \n" + `{"id":"resp_1","status":"completed","output":[` + messageItem(0, "", "Hello") + `],"usage":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, body)
			}))
			a := ask(t, c, hello())
			if a.err != nil || a.final.Text != "Hello" || !a.final.Complete || a.kinds() != "S!" {
				t.Errorf("%s, %+v, %v", a.kinds(), a.final, a.err)
			}
		})
	}
}

func TestWrongContentType(t *testing.T) {
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "Please sign in")
	}))
	if f := failureOf(t, ask(t, c, hello()).err); f.Code != "bad_endpoint" {
		t.Errorf("got %v", f)
	}
}

// A connection that breaks is not the end of an answer.
func TestBrokenConnection(t *testing.T) {
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		streams(sse(created(), delta(0, "Hel")))(w, r)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	a := ask(t, c, hello())
	if f := failureOf(t, a.err); f.Code != "cut" || !f.Retry || a.text != "Hel" || !strings.Contains(f.Error(), "req_test") {
		t.Errorf("got %q, %v", a.text, a.err)
	}
}

// Leaving the loop closes the connection before the next statement runs.
func TestLeavingTheLoop(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		streams(sse(created(), delta(0, "Hel")))(w, r)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	for e, err := range c.Respond(t.Context(), hello(), turn.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == turn.Delta {
			break
		}
	}
	<-gone
}

// The caller's own reason for stopping comes back as it was given.
func TestCancelled(t *testing.T) {
	reason := errors.New("the person pressed stop")
	for name, events := range map[string]string{"in the stream": sse(created(), delta(0, "Hel")), "before the headers": ""} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan struct{})
			c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if events != "" {
					streams(events)(w, r)
					http.NewResponseController(w).Flush()
				} else {
					io.Copy(io.Discard, r.Body)
				}
				close(arrived)
				<-r.Context().Done()
			}))
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() { <-arrived; cancel(reason) }()
			if a := collect(t, c.Respond(ctx, hello(), turn.Cursor{})); a.err != reason {
				t.Errorf("got %v", a.err)
			}
			if a := collect(t, c.Respond(ctx, hello(), turn.Cursor{})); a.err != reason {
				t.Errorf("a call with a context that has ended: %v", a.err)
			}
		})
	}
}

func TestConnectionIsUsedAgain(t *testing.T) {
	addresses := map[string]bool{}
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		streams(sse(created(), delta(0, "Hello"), completed()))(w, r)
	}))
	for range 5 {
		// As the turn does: the loop is left at Done.
		for e, err := range c.Respond(t.Context(), hello(), turn.Cursor{}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == turn.Done {
				break
			}
		}
	}
	if len(addresses) != 1 {
		t.Errorf("%d connections for 5 calls, one after the other", len(addresses))
	}
}

// Whatever an endpoint sends, a call ends once, and is complete only if the
// endpoint used the word.
func FuzzStream(f *testing.F) {
	f.Add([]byte(sse(created(), message(0, "commentary"), delta(0, "a"), messageDone(0, "", "ab"), completed(messageItem(0, "", "ab")))), false)
	f.Add([]byte(sse(created(), `{"type":"response.failed","response":{"error":{"code":"server_error"}}}`)), true)
	f.Add([]byte(sse(`{"type":"error","error":{"message":[1]}}`)), false)
	f.Add([]byte(`{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}`), false)
	f.Add([]byte("data: {\"type\":\"response.reasoning_summary_text.delta\",\"delta\":\"**x\"}\n\ndata: [DONE]\n\n"), true)
	f.Fuzz(func(t *testing.T, body []byte, resumed bool) {
		c := clientFor(t, "http://127.0.0.1:1/v1", func(o *Options) { o.Transport = bodyOf(body) })
		var from turn.Cursor
		if resumed {
			from = turn.Cursor{ResponseID: "resp_1", Sequence: 1}
		}
		a := collect(t, c.Respond(t.Context(), hello(), from))
		if a.err != nil {
			failureOf(t, a.err)
			return
		}
		// An escape can write the word in another way.
		if !strings.Contains(string(body), "complete") && !strings.Contains(string(body), `\u`) {
			t.Errorf("ended with %+v", a.final)
		}
	})
}
