package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	flags "flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

// TestMain fixes the seed of the properties, so that a run never fails by chance.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_RANDOM") != "1" {
		_ = flags.Set("rapid.seed", "1") // -rapid.seed on the command line still decides
	}
	goleak.VerifyTestMain(m)
}

// rig is a simulator behind a real server, with a real client.
type rig struct {
	*Sim
	t      *testing.T
	srv    *Server
	client *http.Client
}

func start(t *testing.T, o Options) *rig {
	t.Helper()
	s := New(o)
	srv, err := s.Start(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		tr.CloseIdleConnections()
	})
	return &rig{s, t, srv, &http.Client{Transport: tr}}
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

type obj = map[string]any

// post sends a JSON call with the bot's token and returns the answer.
func (r *rig) post(method string, a obj) obj {
	r.t.Helper()
	resp, err := r.send(method, a, DefaultBotToken)
	if err != nil {
		r.t.Fatalf("%s: %v", method, err)
	}
	return r.decode(resp)
}

func (r *rig) send(method string, a obj, token string) (*http.Response, error) {
	b, err := json.Marshal(a)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", r.srv.APIURL()+method, bytes.NewReader(b))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return r.client.Do(req)
}

func (r *rig) decode(resp *http.Response) obj {
	r.t.Helper()
	defer resp.Body.Close()
	var out obj
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		r.t.Fatalf("decode: %v", err)
	}
	return out
}

// ok is post that must succeed; bad is post that must fail with code.
func (r *rig) ok(method string, a obj) obj {
	r.t.Helper()
	out := r.post(method, a)
	if out["ok"] != true {
		r.t.Fatalf("%s %v: %v", method, a, out)
	}
	return out
}

func (r *rig) bad(code, method string, a obj) obj {
	r.t.Helper()
	out := r.post(method, a)
	if out["ok"] != false || out["error"] != code {
		r.t.Fatalf("%s %v: got %v, want error %s", method, a, out, code)
	}
	return out
}

func (r *rig) form(method string, v url.Values) obj {
	r.t.Helper()
	resp, err := r.client.PostForm(r.srv.APIURL()+method, v)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.decode(resp)
}

func (r *rig) say(user, channel, text, thread string) Posted {
	r.t.Helper()
	p, err := r.Say(user, channel, text, thread)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) until(what string, ok func(View) bool) {
	r.t.Helper()
	if err := r.Wait(deadline(r.t), ok); err != nil {
		r.t.Fatalf("waiting for %s: %v", what, err)
	}
}

func (r *rig) set(change func(*Settings)) {
	r.t.Helper()
	if err := r.Configure(change); err != nil {
		r.t.Fatal(err)
	}
}

// settled waits until every envelope has been acknowledged.
func (r *rig) settled() {
	r.t.Helper()
	r.until("all acknowledged", func(v View) bool {
		return !slices.ContainsFunc(v.Envelopes(), func(e Envelope) bool { return e.AckedAt == nil })
	})
}

// ctl calls the control API.
func (r *rig) ctl(verb, path string, body any) (int, []byte) {
	r.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequest(verb, r.srv.URL()+path, bytes.NewReader(b))
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// link is a Socket Mode client.
type link struct {
	t     *testing.T
	conn  *websocket.Conn
	hello obj
}

func (r *rig) ticket() string {
	r.t.Helper()
	resp, err := r.send("apps.connections.open", obj{}, DefaultAppToken)
	if err != nil {
		r.t.Fatal(err)
	}
	out := r.decode(resp)
	u, _ := out["url"].(string)
	if u == "" {
		r.t.Fatalf("apps.connections.open: %v", out)
	}
	return u
}

func (r *rig) dial() *link { return r.dialAt(r.ticket()) }

func (r *rig) dialAt(u string) *link {
	r.t.Helper()
	conn, _, err := websocket.Dial(deadline(r.t), u, &websocket.DialOptions{HTTPClient: r.client})
	if err != nil {
		r.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	r.t.Cleanup(func() { _ = conn.CloseNow() })
	l := &link{t: r.t, conn: conn}
	l.hello = l.next()
	if l.hello["type"] != "hello" {
		r.t.Fatalf("first frame %v", l.hello)
	}
	return l
}

func (l *link) read() (obj, error) {
	_, b, err := l.conn.Read(deadline(l.t))
	if err != nil {
		return nil, err
	}
	var out obj
	return out, json.Unmarshal(b, &out)
}

func (l *link) next() obj {
	l.t.Helper()
	out, err := l.read()
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

func (l *link) ack(env obj) {
	l.t.Helper()
	l.write(`{"envelope_id":"` + env["envelope_id"].(string) + `"}`)
}

func (l *link) write(s string) {
	l.t.Helper()
	if err := l.conn.Write(deadline(l.t), websocket.MessageText, []byte(s)); err != nil {
		l.t.Fatal(err)
	}
}

// event reads and acknowledges the next envelope and returns its inner event.
func (l *link) event() obj {
	l.t.Helper()
	env := l.next()
	l.ack(env)
	return inner(env)
}

func inner(env obj) obj {
	p, _ := env["payload"].(obj)
	e, _ := p["event"].(obj)
	return e
}

// eventOf reads on to the next event of the type (and subtype).
func (l *link) eventOf(kind, subtype string) obj {
	l.t.Helper()
	for {
		e := l.event()
		sub, _ := e["subtype"].(string)
		if e["type"] == kind && sub == subtype {
			return e
		}
	}
}

func details(out obj) string {
	meta, _ := out["response_metadata"].(obj)
	list, _ := meta["messages"].([]any)
	var b strings.Builder
	for _, m := range list {
		b.WriteString(m.(string) + "\n")
	}
	return b.String()
}

func texts(list []Message) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Text)
	}
	return out
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %q, want %q", what, got, want)
	}
}
