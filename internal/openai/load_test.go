package openai

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/turn"
)

// counted is a server that knows how many connections are open.
func counted(t testing.TB, h http.Handler) (base string, open func() int) {
	t.Helper()
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch s {
		case http.StateNew:
			conns[c] = true
		case http.StateClosed, http.StateHijacked:
			delete(conns, c)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/v1", func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(conns)
	}
}

// eventually waits until ok is true, looking again with each tick.
func eventually(t testing.TB, what func() string, ok func() bool) {
	t.Helper()
	deadline, tick := time.NewTimer(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal(what())
		}
	}
}

// 500 calls hang, a third each in the headers, in the stream and in the body of
// an error. After their deadlines nothing of them is left.
func TestHungCallsLeaveNothing(t *testing.T) {
	base, open := counted(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch r.Header.Get("OpenAI-Project") {
		case "stream":
			streams(sse(created(), delta(0, "Hel")))(w, r)
			http.NewResponseController(w).Flush()
		case "error":
			w.WriteHeader(503)
			io.WriteString(w, `{"error":`)
			http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}))
	short := within(Deadlines{Connect: 4 * time.Second, FirstEvent: 5 * time.Second, Idle: 300 * time.Millisecond, Total: time.Minute})
	want := map[string]string{"headers": "model_slow", "stream": "model_silent", "error": "model_slow"}
	before := runtime.NumGoroutine()
	clients := map[string]*Client{}
	for kind := range want {
		clients[kind] = clientFor(t, base, short, func(o *Options) { o.Project = kind })
	}
	var calls sync.WaitGroup
	for i := range 500 {
		kind := []string{"headers", "stream", "error"}[i%3]
		calls.Go(func() {
			for _, err := range clients[kind].Respond(t.Context(), hello(), turn.Cursor{}) {
				if err == nil {
					continue
				}
				if f, ok := err.(*turn.Failure); !ok || f.Code != want[kind] {
					t.Errorf("%s: %v", kind, err)
				}
			}
		})
	}
	calls.Wait()
	eventually(t, func() string { return fmt.Sprintf("%d connections are open", open()) }, func() bool { return open() == 0 })
	eventually(t, func() string {
		stacks := make([]byte, 1<<16)
		return fmt.Sprintf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
	}, func() bool { return runtime.NumGoroutine() <= before })
}

// long is a stream of n deltas of one word.
func long(n int) string {
	events := []string{created(), message(0, "")}
	var text strings.Builder
	for i := range n {
		events = append(events, delta(0, fmt.Sprintf("word%d ", i)))
		fmt.Fprintf(&text, "word%d ", i)
	}
	return sse(append(events, messageDone(0, "", text.String()), completed(messageItem(0, "", text.String())))...)
}

// bodyOf is an endpoint without a network.
type bodyOf string

func (b bodyOf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body.Close()
	}
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader(string(b))), Request: r,
	}, nil
}

func BenchmarkStream(b *testing.B) {
	const deltas = 2000
	body := long(deltas)
	c := clientFor(b, "http://127.0.0.1:1/v1", func(o *Options) { o.Transport = bodyOf(body) })
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		for _, err := range c.Respond(b.Context(), hello(), turn.Cursor{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N)/deltas, "allocs/delta")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/deltas, "ns/delta")
}

func BenchmarkReader(b *testing.B) {
	body := long(2000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := newReader(strings.NewReader(body), nil)
		for {
			if _, err := r.next(); err != nil {
				break
			}
		}
	}
}

// BenchmarkOpenStreams holds many streams open that have said a word, and tells
// what each costs on our side: its goroutine, the transport's two, buffers and
// the request. The endpoint is one goroutine that speaks HTTP by hand.
func BenchmarkOpenStreams(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				each := openStreams(b, n)
				b.ReportMetric(each, "B/stream")
			}
		})
	}
}

func openStreams(b *testing.B, n int) float64 {
	ctx, cancel := context.WithCancel(b.Context())
	pipes := newPipes(n)
	transport := newTransport()
	transport.DialContext = pipes.dial
	c := clientFor(b, "http://127.0.0.1:1/v1", func(o *Options) { o.Transport = transport })
	r := hello()
	r.Input[0].Text = strings.Repeat("A long conversation. ", 500) // 10 KB, let go when the answer begins
	begin := make(chan struct{})
	var said, done sync.WaitGroup
	said.Add(n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range n {
		done.Go(func() {
			<-begin
			first := true
			for e, err := range c.Respond(ctx, r, turn.Cursor{}) {
				if err == nil && e.Kind == turn.Delta && first {
					first = false
					said.Done()
				}
			}
		})
	}
	close(begin)
	said.Wait()
	for range 4 { // with each collection stacks halve as long as they can, and pools empty
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	used := func(m *runtime.MemStats) float64 { return float64(m.HeapAlloc + m.StackInuse) }
	each := (used(&after) - used(&before)) / float64(n)
	cancel()
	done.Wait()
	return each
}

// pipes are connections to an endpoint in this process that costs nothing
// while it waits: an answer is ready as soon as the request was written.
type pipes struct{ answer []byte }

func newPipes(int) *pipes {
	events := sse(created(), message(0, ""), delta(0, "Hello"))
	return &pipes{answer: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
		fmt.Sprintf("%x\r\n%s\r\n", len(events), events))}
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	return &pipe{asked: make(chan struct{}), closed: make(chan struct{}), rest: p.answer}, nil
}

type pipe struct {
	once, twice   sync.Once
	asked, closed chan struct{}
	rest          []byte
}

func (p *pipe) Read(b []byte) (int, error) {
	select {
	case <-p.asked:
	case <-p.closed:
		return 0, net.ErrClosed
	}
	if len(p.rest) == 0 {
		<-p.closed
		return 0, net.ErrClosed
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pipe) Write(b []byte) (int, error) {
	p.once.Do(func() { close(p.asked) })
	return len(b), nil
}

func (p *pipe) Close() error {
	p.twice.Do(func() { close(p.closed) })
	return nil
}

func (p *pipe) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (p *pipe) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (p *pipe) SetDeadline(time.Time) error      { return nil }
func (p *pipe) SetReadDeadline(time.Time) error  { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

func BenchmarkEncode(b *testing.B) {
	c := clientFor(b, "http://127.0.0.1:1/v1")
	r := everything()
	r.Input[1].Text = strings.Repeat("A long conversation. ", 5000)
	b.ReportAllocs()
	b.SetBytes(int64(len(r.Input[1].Text)))
	for b.Loop() {
		if _, err := c.encode(&r); err != nil {
			b.Fatal(err)
		}
	}
}
