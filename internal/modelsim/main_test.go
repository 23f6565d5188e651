package modelsim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/modelsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deadline is longer than anything in these tests takes, unless it hangs.
const deadline = 20 * time.Second

// bench is one running simulator and a client of its own.
type bench struct {
	*testing.T
	sim    *modelsim.Sim
	srv    *modelsim.Server
	client *http.Client
	ctx    context.Context
}

func start(t *testing.T, o modelsim.Options) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	sim := modelsim.New(o)
	srv, err := sim.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(func() {
		cancel()
		if err := sim.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		tr.CloseIdleConnections()
	})
	return &bench{t, sim, srv, &http.Client{Transport: tr}, ctx}
}

// send makes one request and returns the response with its body open.
func (b *bench) send(ctx context.Context, method, path, body string, header ...string) (*http.Response, error) {
	b.Helper()
	req, err := http.NewRequestWithContext(ctx, method, b.srv.URL()+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.client.Do(req)
}

// call makes one request and reads its reply whole.
func (b *bench) call(method, path, body string, header ...string) (int, string, http.Header) {
	b.Helper()
	res, err := b.send(b.ctx, method, path, body, header...)
	if err != nil {
		b.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatalf("%s %s: read: %v", method, path, err)
	}
	return res.StatusCode, string(got), res.Header
}

// sse is one event as it came over the wire.
type sse struct {
	name string
	data string
	typ  string
	seq  int
	raw  map[string]json.RawMessage
}

func (e sse) str(key string) string {
	var s string
	_ = json.Unmarshal(e.raw[key], &s)
	return s
}

// reader reads events off a body.
type reader struct {
	*bufio.Reader
}

var errNotSSE = errors.New("not an event")

// next returns the next event; pings and other comments are passed over.
func (r reader) next() (sse, error) {
	var e sse
	var data []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			if err == io.EOF && line != "" {
				err = io.ErrUnexpectedEOF
			}
			return e, err
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" && data == nil && e.name == "":
			// the blank line after a comment
		case line == "":
			e.data = strings.Join(data, "\n")
			if e.data == "[DONE]" {
				return e, nil
			}
			if err := json.Unmarshal([]byte(e.data), &e.raw); err != nil {
				return e, errors.Join(errNotSSE, err)
			}
			e.typ = e.str("type")
			e.seq, err = strconv.Atoi(string(e.raw["sequence_number"]))
			if err != nil {
				e.seq = -1
			}
			return e, nil
		case strings.HasPrefix(line, ":"):
		case strings.HasPrefix(line, "event: "):
			e.name = line[7:]
		case strings.HasPrefix(line, "data: "):
			data = append(data, line[6:])
		default:
			return e, errors.Join(errNotSSE, errors.New(line))
		}
	}
}

// open starts a stream and checks its status.
func (b *bench) open(ctx context.Context, method, path, body string, header ...string) (*http.Response, reader) {
	b.Helper()
	res, err := b.send(ctx, method, path, body, header...)
	if err != nil {
		b.Fatalf("%s %s: %v", method, path, err)
	}
	b.Cleanup(func() { res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream; charset=utf-8" {
		got, _ := io.ReadAll(res.Body)
		b.Fatalf("%s %s: %d %s\n%s", method, path, res.StatusCode, ct, got)
	}
	return res, reader{bufio.NewReader(res.Body)}
}

// stream posts a request with stream:true and returns all events and how the
// stream ended: io.EOF when in order.
func (b *bench) stream(fields, input string, header ...string) ([]sse, error) {
	b.Helper()
	_, r := b.open(b.ctx, "POST", "/responses", ask(fields, input), header...)
	return r.rest()
}

func (r reader) rest() ([]sse, error) {
	var all []sse
	for {
		e, err := r.next()
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

// ask is the body of a streamed request without storage; fields are more JSON
// members, like `"tools":[]`.
func ask(fields, input string) string {
	in, err := json.Marshal(input)
	if err != nil {
		panic(err)
	}
	if strings.HasPrefix(input, "[{") {
		in = []byte(input)
	}
	body := `{"model":"sim-fast","stream":true,"input":` + string(in)
	if fields != "" {
		body += "," + fields
	}
	return body + "}"
}

func types(events []sse) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.typ)
	}
	return out
}

// text joins the text deltas.
func text(events []sse) string {
	var b strings.Builder
	for _, e := range events {
		if e.typ == "response.output_text.delta" {
			b.WriteString(e.str("delta"))
		}
	}
	return b.String()
}

// result is the Response object as tests look at it.
type result struct {
	ID                string
	Status            string
	Error             *struct{ Code, Message string }
	IncompleteDetails *struct{ Reason string } `json:"incomplete_details"`
	Output            []struct {
		ID, Type, Status, Phase, Name, Arguments string
		CallID                                   string `json:"call_id"`
		EncryptedContent                         string `json:"encrypted_content"`
		Content                                  []struct {
			Type, Text, Refusal string
			Annotations         []struct {
				Type, URL string
				Start     int `json:"start_index"`
				End       int `json:"end_index"`
			}
		}
	}
	Usage *struct {
		Input   int `json:"input_tokens"`
		Output  int `json:"output_tokens"`
		Total   int `json:"total_tokens"`
		Details struct {
			Cached int `json:"cached_tokens"`
		} `json:"input_tokens_details"`
	}
}

func (r result) text() string {
	var b strings.Builder
	for _, it := range r.Output {
		for _, c := range it.Content {
			b.WriteString(c.Text)
		}
	}
	return b.String()
}

// last decodes the Response in the last event.
func last(t *testing.T, events []sse) result {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("no events")
	}
	return parse(t, string(events[len(events)-1].raw["response"]))
}

func parse(t *testing.T, body string) result {
	t.Helper()
	var r result
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("not a response: %v\n%s", err, body)
	}
	return r
}

func (b *bench) wait(what string, ok func(modelsim.Stats) bool) {
	b.Helper()
	if err := b.sim.Wait(b.ctx, ok); err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

// record runs a handler without a connection: one POST /v1/responses.
func record(h http.Handler, body string) (int, string) {
	w := httptest.NewRecorder()
	ctx, cancel := context.WithTimeoutCause(context.Background(), deadline, errors.New("the handler hung"))
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/v1/responses", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer sk-test")
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(w, r)
	if ctx.Err() != nil {
		return 0, "the handler hung"
	}
	return w.Code, w.Body.String()
}
