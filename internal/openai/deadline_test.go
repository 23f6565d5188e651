package openai

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/internal/turn"
)

func within(d Deadlines) func(*Options) { return func(o *Options) { o.Deadlines = d } }

// Each deadline ends a call by its own name, and its connection with it.
func TestDeadlines(t *testing.T) {
	const long = 20 * time.Second
	// The deadline that is to expire is short, all others are long.
	patient := Deadlines{Connect: long, FirstEvent: 2 * long, DeepFirstEvent: 2 * long, Idle: long, DeepIdle: long, Total: 3 * long}
	const short = 300 * time.Millisecond
	first, deep, idle, total := patient, patient, patient, patient
	first.Connect, first.FirstEvent = short/2, short
	deep.Connect, deep.FirstEvent, deep.DeepFirstEvent = short/4, short/2, short
	idle.Idle = short
	total.Connect, total.FirstEvent, total.DeepFirstEvent, total.Idle, total.DeepIdle, total.Total = short/4, 2*short, 2*short, 2*short, 2*short, 4*short

	hang := func(before func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			before(w, r)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}
	begun := hang(func(w http.ResponseWriter, r *http.Request) { streams(sse(created(), delta(0, "Hel")))(w, r) })
	for name, c := range map[string]struct {
		handler   http.HandlerFunc
		deadlines Deadlines
		effort    string
		code      string
		phase     string
		retry     bool
		text      string
	}{
		"no headers": {func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
			first, "", "model_slow", "first event", true, ""},
		"headers only": {hang(func(w http.ResponseWriter, r *http.Request) { streams("")(w, r) }),
			first, "low", "model_slow", "first event", true, ""},
		"half a line":      {hang(func(w http.ResponseWriter, r *http.Request) { streams("data: {")(w, r) }), first, "", "model_slow", "first event", true, ""},
		"no headers, deep": {func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() }, deep, "high", "model_slow", "first event", true, ""},
		"silence":          {begun, idle, "", "model_silent", "idle", true, "Hel"},
		"half an error": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(500)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, first, "", "model_slow", "first event", true, ""},
		"chatter for ever":    {chatter, total, "", "model_timeout", "total", false, ""},
		"half a JSON body":    {hang(func(w http.ResponseWriter, r *http.Request) { streams(`{"id":`)(w, r) }), first, "", "model_slow", "first event", true, ""},
		"a trickle of a line": {trickle, idle, "", "model_silent", "idle", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(gone)
				c.handler(w, r)
			}), within(c.deadlines))
			r := hello()
			r.Effort = c.effort
			a := ask(t, client, r)
			f := failureOf(t, a.err)
			if f.Code != c.code || f.Retry != c.retry || a.text != c.text || !strings.Contains(f.Error(), c.phase+" deadline") {
				t.Errorf("got %s (retry %v) after %q: %v", f.Code, f.Retry, a.text, f)
			}
			<-gone // the endpoint sees it too
		})
	}
}

// chatter sends a comment again and again, so that nothing but the total
// deadline can end the call.
func chatter(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	streams("")(w, r)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			io.WriteString(w, ": ping\n\n")
			http.NewResponseController(w).Flush()
		}
	}
}

// trickle sends an event byte by byte: bytes alone are no sign of life.
func trickle(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	streams(sse(created()))(w, r)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	io.WriteString(w, "data: ")
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			io.WriteString(w, "x")
			http.NewResponseController(w).Flush()
		}
	}
}

// Comments keep a call alive that has nothing to say yet: here twice the idle
// deadline.
func TestCommentsKeepAlive(t *testing.T) {
	const idle = time.Second
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		streams(sse(created()))(w, r)
		tick := time.NewTicker(idle / 40)
		defer tick.Stop()
		for range 80 {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
			io.WriteString(w, ": ping\n\n")
			http.NewResponseController(w).Flush()
		}
		io.WriteString(w, sse(completed(messageItem(0, "", "late"))))
	}), within(Deadlines{Idle: idle}))
	if a := ask(t, c, hello()); a.err != nil || a.final.Text != "late" {
		t.Errorf("got %+v, %v", a.final, a.err)
	}
}

// An endpoint that takes no connection: its queue is full, so the dial hangs.
func TestConnectDeadline(t *testing.T) {
	transport := newTransport()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c := clientFor(t, "http://127.0.0.1:1/v1", within(Deadlines{Connect: 50 * time.Millisecond}), func(o *Options) { o.Transport = transport })
	f := failureOf(t, ask(t, c, hello()).err)
	if f.Code != "model_unreachable" || !f.Retry || !strings.Contains(f.Error(), "connect deadline") {
		t.Errorf("got %v", f)
	}
}

func TestDeadlinesAreChecked(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		d    Deadlines
		want string // in the error; empty: accepted
	}{
		"defaults":               {Deadlines{}, ""},
		"a short total":          {Deadlines{Total: s}, ""},
		"a long first event":     {Deadlines{FirstEvent: 5 * time.Minute}, ""},
		"a short first event":    {Deadlines{FirstEvent: s}, ""},
		"a long idle":            {Deadlines{Idle: 9 * time.Minute}, ""},
		"connect too long":       {Deadlines{Connect: 5 * s, FirstEvent: 5 * s}, "connect (5s)"},
		"first event too long":   {Deadlines{FirstEvent: 5 * s, Total: 4 * s}, "deep first event (5s)"},
		"deep below plain":       {Deadlines{FirstEvent: 5 * s, DeepFirstEvent: 4 * s}, "first event (5s)"},
		"idle as long as total":  {Deadlines{Idle: 5 * s, Total: 5 * s}, "deep idle (5s)"},
		"deep idle below idle":   {Deadlines{Idle: 5 * s, DeepIdle: 4 * s}, "idle (5s)"},
		"negative":               {Deadlines{Idle: -s}, "negative"},
		"deep idle above total":  {Deadlines{DeepIdle: time.Hour}, "deep idle (1h0m0s)"},
		"deep first above total": {Deadlines{DeepFirstEvent: time.Hour}, "deep first event (1h0m0s)"},
	} {
		_, err := New(Options{BaseURL: "http://127.0.0.1:1/v1", Deadlines: c.d})
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// The clock stands while the caller handles an event: here longer than the idle
// deadline.
func TestSlowCaller(t *testing.T) {
	const idle = 100 * time.Millisecond
	// More than is read at once, so that there is something to read after each wait.
	half := strings.Repeat("word ", 2*frameBuffer)
	c := serve(t, streams(sse(created(), delta(0, half), delta(0, half), completed())), within(Deadlines{Idle: idle}))
	var text string
	for e, err := range c.Respond(t.Context(), hello(), turn.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == turn.Delta {
			<-time.After(3 * idle / 2)
			text += e.Text
		}
	}
	if text != half+half {
		t.Errorf("got %d bytes", len(text))
	}
}
