package socket_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"holdfast/internal/slack/socket"
)

// rawConn is the server's end of a connection that does as a test wants.
type rawConn struct {
	ws  *websocket.Conn
	ctx context.Context
	n   int32 // a running number
}

func (c *rawConn) send(frame string) {
	_ = c.ws.Write(c.ctx, websocket.MessageText, []byte(frame))
}

func (c *rawConn) hello(life int) {
	c.send(fmt.Sprintf(`{"type":"hello","num_connections":1,"debug_info":{"host":"x","approximate_connection_time":%d}}`, life))
}

func (c *rawConn) read() (string, error) {
	_, b, err := c.ws.Read(c.ctx)
	return string(b), err
}

// rest reads until the connection ends.
func (c *rawConn) rest() {
	for {
		if _, err := c.read(); err != nil {
			return
		}
	}
}

// rawHandler serves connections with a script.
type rawHandler struct {
	script func(*rawConn)
	deaf   bool // does not answer pings
	opened atomic.Int32
}

func rawServer(script func(*rawConn)) *rawHandler { return &rawHandler{script: script} }

func (h *rawHandler) open(context.Context) (string, error) {
	return "ws://slack.test/link/?ticket=secret", nil
}

func (h *rawHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OnPingReceived: func(context.Context, []byte) bool { return !h.deaf },
	})
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(1 << 20)
	h.script(&rawConn{ws: ws, ctx: context.Background(), n: h.opened.Add(1)})
}

// A server that never says hello is given up, and its connections closed.
func TestNoHello(t *testing.T) {
	h := rawServer(func(c *rawConn) { c.rest() })
	raw(t, h, socket.Options{Connections: 1, Open: h.open}, nil, func(r *rig) {
		r.pass(time.Minute)
		r.live(0)
		if n := h.opened.Load(); n < 3 || n > 6 {
			t.Errorf("%d connections in a minute", n)
		}
		if !strings.Contains(r.client.Status().LastError, "hello") {
			t.Errorf("status %+v", r.client.Status())
		}
	})
}

// Guarantee 5: connections that end as soon as they begin do not make the
// client spin, whichever way they end.
func TestFlapping(t *testing.T) {
	for name, script := range map[string]func(*rawConn){
		"close":   func(c *rawConn) { c.hello(3600); _ = c.ws.Close(websocket.StatusGoingAway, "") },
		"drop":    func(c *rawConn) { c.hello(3600) },
		"refresh": func(c *rawConn) { c.hello(3600); c.send(`{"type":"disconnect","reason":"refresh_requested"}`) },
		"warning": func(c *rawConn) { c.hello(3600); c.send(`{"type":"disconnect","reason":"warning"}`); c.rest() },
		"instant": func(c *rawConn) { c.hello(1); c.rest() },
	} {
		t.Run(name, func(t *testing.T) {
			h := rawServer(script)
			raw(t, h, socket.Options{Open: h.open}, nil, func(r *rig) {
				r.pass(10 * time.Minute)
				if n := h.opened.Load(); n < 10 || n > 2*(600/15+10) {
					t.Errorf("%d connections in 10 minutes", n)
				}
			})
		})
	}
}

// The first frame need not be the hello: what comes before it counts too.
func TestEnvelopeBeforeHello(t *testing.T) {
	acked := make(chan string, 10)
	h := rawServer(func(c *rawConn) {
		c.send(`{"envelope_id":"early","type":"events_api","payload":{}}`)
		ack, _ := c.read()
		acked <- ack
		c.hello(0)
		c.hello(0) // and a second one does no harm
		c.rest()
	})
	raw(t, h, socket.Options{Connections: 1, Open: h.open}, nil, func(r *rig) {
		r.live(1)
		if ack := <-acked; ack != `{"envelope_id":"early"}` {
			t.Errorf("got %s", ack)
		}
	})
}

// Guarantee 4: a connection that is silent is dead within 30 s though TCP says
// nothing, and so is one that does not answer our pings.
func TestHalfOpen(t *testing.T) {
	for _, tt := range []struct {
		name string
		pong bool
		dead time.Duration // when it is given up
	}{
		{"answers pings, sends nothing", true, 30 * time.Second},
		{"does not answer pings", false, 20 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := rawServer(func(c *rawConn) { c.hello(0); c.rest() })
			h.deaf = !tt.pong
			raw(t, h, socket.Options{Connections: 1, Open: h.open}, nil, func(r *rig) {
				r.pass(tt.dead - time.Second)
				if n := h.opened.Load(); n != 1 {
					t.Errorf("given up after %v", tt.dead-time.Second)
				}
				r.pass(2 * time.Second)
				if n := h.opened.Load(); n != 2 {
					t.Errorf("%d connections after %v, want the second\n%s", n, tt.dead+time.Second, r.log)
				}
			})
		})
	}
}

// The acknowledgement goes out on the connection that brought the envelope,
// also when that is being left.
func TestAckOnTheOldConnection(t *testing.T) {
	var mu sync.Mutex
	acks := map[int32][]string{}
	h := rawServer(func(c *rawConn) {
		c.hello(0)
		if c.n == 1 {
			c.send(`{"envelope_id":"one","type":"events_api","payload":{}}`)
			c.send(`{"type":"disconnect","reason":"warning"}`)
			time.Sleep(9 * time.Second) // of the bubble's clock
			c.send(`{"envelope_id":"two","type":"events_api","payload":{}}`)
		}
		for {
			ack, err := c.read()
			if err != nil {
				return
			}
			mu.Lock()
			acks[c.n] = append(acks[c.n], ack)
			mu.Unlock()
		}
	})
	raw(t, h, socket.Options{Connections: 1, Open: h.open}, held, func(r *rig) {
		r.pass(10 * time.Second)
		r.live(2)
		close(r.release)
		synctest.Wait()
		mu.Lock()
		if len(acks[1]) != 2 || len(acks[2]) != 0 {
			t.Errorf("acknowledgements %v, want two on the first connection", acks)
		}
		mu.Unlock()
		r.pass(15 * time.Second)
		r.live(1)
	})
}

// Guarantee 6, its end: with the backlog full, envelopes are dropped without
// acknowledgement, and the connection lives.
func TestOverflow(t *testing.T) {
	var acks atomic.Int32
	const sent = 6000
	h := rawServer(func(c *rawConn) {
		c.hello(0)
		for i := range sent {
			c.send(fmt.Sprintf(`{"envelope_id":"e%d","type":"events_api","payload":{}}`, i))
		}
		for {
			if _, err := c.read(); err != nil {
				return
			}
			acks.Add(1)
		}
	})
	raw(t, h, socket.Options{Connections: 1, Concurrency: 100, Open: h.open, Timing: socket.Timing{Receive: time.Hour}},
		held,
		func(r *rig) {
			r.pass(time.Second)
			r.live(1)
			dropped := r.count(socket.Dropped)
			if want := sent - 100 - 4096; dropped != want {
				t.Errorf("%d dropped, want %d", dropped, want)
			}
			if n := strings.Count(r.log.String(), "faster than they are stored"); n != 1 {
				t.Errorf("said %d times", n)
			}
			close(r.release)
			synctest.Wait()
			if n := int(acks.Load()); n != sent-dropped {
				t.Errorf("%d acknowledged of %d taken in", n, sent-dropped)
			}
			r.live(1)
		})
}

func TestDialErrorsHideTheAddress(t *testing.T) {
	for _, address := range []string{"ws://slack.test/link/?ticket=secret", "::bad ticket=secret", "ftp://x/?ticket=secret", "ws://slack.test/%zz?ticket=secret"} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other?ticket=secret", http.StatusFound)
		})
		raw(t, h, socket.Options{Open: func(context.Context) (string, error) { return address, nil }}, nil, func(r *rig) {
			r.pass(3 * time.Second)
			if s := r.client.Status(); s.LastError == "" || strings.Contains(s.LastError, "secret") || strings.Contains(r.log.String(), "secret") {
				t.Errorf("%q, and the log:\n%s", s.LastError, r.log)
			}
		})
	}
}

// Two connections that get old at the same moment are renewed one after the
// other.
func TestRenewedOneByOne(t *testing.T) {
	h := rawServer(func(c *rawConn) { c.hello(100); c.rest() })
	raw(t, h, socket.Options{Open: h.open, Timing: socket.Timing{MinAge: 90 * time.Second, Silence: time.Hour}}, nil, func(r *rig) {
		for _, step := range []struct {
			pass   time.Duration
			opened int32
			live   int
		}{
			{89 * time.Second, 2, 2}, {2 * time.Second, 3, 3}, {13 * time.Second, 3, 3}, {2 * time.Second, 4, 3}, {15 * time.Second, 4, 2},
		} {
			r.pass(step.pass)
			r.live(step.live)
			if n := h.opened.Load(); n != step.opened {
				t.Errorf("%d connections were opened, want %d", n, step.opened)
			}
		}
	})
}
