package socket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/slack/socket"
	"holdfast/internal/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a network of its own, so that a test inside a synctest bubble can
// speak HTTP and WebSocket while hours pass in no time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// refusal is what a caller of the Web API returns when Slack refuses.
type refusal string

func (r refusal) Error() string           { return "slack: " + string(r) }
func (r refusal) Refused() (string, bool) { return string(r), true }

// open asks for a socket as the Web API caller does.
func open(h *http.Client, api string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, api+"apps.connections.open", nil)
		req.Header.Set("Authorization", "Bearer "+slacksim.DefaultAppToken)
		resp, err := h.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return "", err
		}
		var a struct {
			OK         bool
			URL, Error string
		}
		if err := json.Unmarshal(b, &a); err != nil || resp.StatusCode != 200 {
			return "", fmt.Errorf("HTTP %d", resp.StatusCode)
		}
		if !a.OK {
			return "", refusal(a.Error)
		}
		return a.URL, nil
	}
}

// rig is a simulated Slack, a client, and a store that keeps what comes.
type rig struct {
	t      *testing.T
	sim    *slacksim.Sim
	client *socket.Client
	stop   context.CancelFunc
	ended  chan struct{}
	err    error // of Run, once ended
	log    *logged

	release chan struct{} // for stores that wait; it must be made inside the bubble

	mu     sync.Mutex
	got    []socket.Envelope
	events []socket.Event
	least  int // fewest live connections since watch was called
	most   int
}

// logged collects log lines.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// handler decides what the store says of an envelope.
type handler func(ctx context.Context, r *rig, e socket.Envelope) (json.RawMessage, error)

// held stores when the test releases it.
func held(_ context.Context, r *rig, _ socket.Envelope) (json.RawMessage, error) {
	<-r.release
	return nil, nil
}

type receive func(ctx context.Context, e socket.Envelope) (json.RawMessage, error)

func (f receive) Receive(ctx context.Context, e socket.Envelope) (json.RawMessage, error) {
	return f(ctx, e)
}

// bubble runs a test against the simulator with a clock of its own. handle, if
// not nil, decides what the store says of an envelope.
func bubble(t *testing.T, o socket.Options, s func(*slacksim.Settings), handle handler, test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		settings := slacksim.DefaultSettings()
		if s != nil {
			s(&settings)
		}
		r := &rig{t: t, sim: slacksim.New(slacksim.Options{Settings: &settings}), log: &logged{}}
		r.serve(r.sim.Handler(), o, handle, func() {
			test(r)
		})
		r.sim.DropSockets() // stalled ones do not notice that we are gone
		if err := r.sim.Close(); err != nil {
			t.Error(err)
		}
	})
}

// raw runs a test against a handler of its own.
func raw(t *testing.T, h http.Handler, o socket.Options, handle handler, test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, log: &logged{}}
		r.serve(h, o, handle, func() { test(r) })
	})
}

func (r *rig) serve(h http.Handler, o socket.Options, handle handler, test func()) {
	p := newPipes()
	srv := &http.Server{Handler: h}
	var running sync.WaitGroup
	running.Go(func() { _ = srv.Serve(p) })
	client := &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
	if o.Open == nil {
		o.Open = open(client, "http://slack.test/api/")
	}
	o.HTTP = client
	o.Logger = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Observe = func(e socket.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e)
		if r.client != nil {
			live := r.client.Status().Live
			r.least, r.most = min(r.least, live), max(r.most, live)
		}
	}
	o.Receiver = receive(func(ctx context.Context, e socket.Envelope) (json.RawMessage, error) {
		r.mu.Lock()
		r.got = append(r.got, e)
		r.mu.Unlock()
		if handle == nil {
			return nil, nil
		}
		return handle(ctx, r, e)
	})
	ctx, cancel := context.WithCancel(r.t.Context())
	r.stop, r.ended, r.release = cancel, make(chan struct{}), make(chan struct{})
	r.client = socket.New(o)
	go func() {
		defer close(r.ended)
		r.err = r.client.Run(ctx)
	}()
	synctest.Wait()
	test()
	cancel()
	<-r.ended
	_ = srv.Close()
	running.Wait()
	if s := r.log.String(); strings.Contains(s, "ticket=") {
		r.t.Errorf("the log shows the address of a connection:\n%s", s)
	}
}

// pass lets time go by on the bubble's clock.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// watch counts live connections from now on.
func (r *rig) watch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.least = r.client.Status().Live
	r.most = r.least
}

func (r *rig) received() []socket.Envelope {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]socket.Envelope(nil), r.got...)
}

func (r *rig) count(k socket.EventKind) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// send has Slack send an event named n.
func (r *rig) send(n int) {
	r.t.Helper()
	payload := fmt.Appendf(nil, `{"type":"event_callback","event_id":"Ev%d","event":{"type":"probe"}}`, n)
	if _, err := r.sim.Envelope("events_api", payload, ""); err != nil {
		r.t.Fatal(err)
	}
}

// ids counts how often each event was received.
func (r *rig) ids() map[string]int {
	ids := map[string]int{}
	for _, e := range r.received() {
		var p struct {
			EventID string `json:"event_id"`
		}
		_ = json.Unmarshal(e.Payload, &p)
		ids[p.EventID]++
	}
	return ids
}

// mustHave fails the test unless events 0 to n-1 were received and the
// simulator saw each acknowledged.
func (r *rig) mustHave(n int) {
	r.t.Helper()
	ids := r.ids()
	for i := range n {
		if ids[fmt.Sprintf("Ev%d", i)] == 0 {
			r.t.Errorf("event %d of %d was lost", i, n)
		}
	}
	acked := map[string]bool{}
	for _, e := range r.sim.Envelopes() {
		if e.AckedAt != nil {
			acked[e.EventID] = true
		}
	}
	for i := range n {
		if !acked[fmt.Sprintf("Ev%d", i)] {
			r.t.Errorf("event %d of %d was not acknowledged", i, n)
		}
	}
}

func (r *rig) live(want int) {
	r.t.Helper()
	if s := r.client.Status(); s.Live != want {
		r.t.Errorf("%d connections live, want %d (%+v)\n%s", s.Live, want, s, r.log)
	}
}

func fatalOf(err error) *socket.FatalError {
	f, _ := errors.AsType[*socket.FatalError](err)
	return f
}
