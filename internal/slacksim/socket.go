package slacksim

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// Socket is one Socket Mode connection.
type Socket struct {
	ID        string `json:"id"`
	OpenedAt  string `json:"opened_at"`
	State     string `json:"state"` // live, stalled, closed
	Envelopes int    `json:"envelopes"`
	Dropped   int    `json:"dropped_acks"`    // acknowledgements that were too long, in fragments, late or unknown
	Muted     bool   `json:"muted,omitempty"` // it sends no pings
}

const (
	socketLive    = "live"
	socketStalled = "stalled"
	socketClosed  = "closed"
)

// maxAck is the size from which Slack drops an acknowledgement without a word.
const maxAck = 20_480

type ticket struct {
	expires time.Time
	debug   bool // debug_reconnects: the connection lives 360 s
}

type socket struct {
	sim  *Sim
	conn net.Conn
	rd   *bufio.Reader

	// guarded by Sim.mu
	Socket
	state   string
	out     [][]byte // frames to be written, in order
	wake    chan struct{}
	resumed chan struct{} // closed by resume
	heard   time.Time     // real time of the last pong
	ending  bool          // close the connection once out is written
	cut     bool          // close the connection without a close frame once out is written
	behind  [][]byte      // envelopes that a fault holds back until the next one
	life    *errand

	heal, unmuting *errand // ends of a stall and of a mute
}

func (k *socket) info() Socket {
	i := k.Socket
	i.State = k.state
	return i
}

// connectionsOpen is apps.connections.open: a ws address that works once.
func (c *call) connectionsOpen() (reply, error) {
	if c.linkOff {
		return nil, no("forbidden_team")
	}
	now := c.now()
	for id, t := range c.tickets {
		if now.After(t.expires) {
			delete(c.tickets, id)
		}
	}
	id := c.uuid()
	c.tickets[id] = ticket{expires: now.Add(ms(c.settings.TicketLife))}
	scheme := "ws"
	if c.secure {
		scheme = "wss"
	}
	return reply{"url": fmt.Sprintf("%s://%s/link/?ticket=%s&app_id=%s", scheme, c.host, id, c.ws.app.ID)}, nil
}

// serveLink is the WebSocket handshake and then the connection's reader.
func (s *Sim) serveLink(w http.ResponseWriter, r *http.Request) {
	if f := s.strike("link"); f != nil {
		var o outcome
		if f.before(s, w, r, &o) || f.Kind == "lost" || f.Kind == "reset_after" {
			if o.status == 0 {
				cutConnection(w, f.Kind != "lost")
				return
			}
			if o.retry > 0 {
				w.Header().Set("Retry-After", fmt.Sprint(o.retry))
			}
			w.WriteHeader(o.status)
			_, _ = w.Write(o.body)
			return
		}
	}
	if !upgradable(r) {
		http.Error(w, "this is a WebSocket address", http.StatusBadRequest)
		return
	}
	t, why := s.redeem(r)
	if why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.log.Error("slacksim: socket not upgraded", "error", err)
		http.Error(w, "cannot upgrade", http.StatusInternalServerError)
		return
	}
	_ = conn.SetDeadline(time.Time{})
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		accept(r.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"
	if _, err := conn.Write([]byte(head)); err != nil {
		_ = conn.Close()
		return
	}
	k := &socket{sim: s, conn: conn, rd: rw.Reader, wake: make(chan struct{}, 1), state: socketLive, heard: time.Now()}
	if !s.open(r.Context(), k, t) {
		_ = conn.Close()
		return
	}
	defer s.running.Done()
	written := make(chan struct{})
	go func() {
		defer close(written)
		k.write()
	}()
	k.read()
	s.enter()
	k.closed()
	s.leave()
	<-written // our close frame, if there is one, goes first
	_ = conn.Close()
}

// redeem takes the ticket of a handshake, which is then used up; why says what is wrong with it.
func (s *Sim) redeem(r *http.Request) (t ticket, why string) {
	s.enter()
	defer s.leave()
	id := r.URL.Query().Get("ticket")
	t, ok := s.tickets[id]
	delete(s.tickets, id)
	t.debug = r.URL.Query().Get("debug_reconnects") == "true"
	switch {
	case s.closed || s.linkOff:
		return t, "Socket Mode is off"
	case !ok:
		return t, "unknown or used ticket: call apps.connections.open for a new one"
	case s.now().After(t.expires):
		return t, "expired ticket: call apps.connections.open for a new one"
	case len(s.sockets) >= s.settings.MaxConnections && !s.settings.CloseOldest:
		return t, "too many connections"
	}
	return t, ""
}

// open admits the connection: hello, then its share of the events. On true, running counts it.
func (s *Sim) open(ctx context.Context, k *socket, t ticket) bool {
	s.enter()
	defer s.leave()
	if s.closed || ctx.Err() != nil {
		return false
	}
	s.running.Add(1)
	for len(s.sockets) >= s.settings.MaxConnections {
		s.sockets[0].end("refresh_requested")
	}
	k.ID, k.OpenedAt = s.nextID("S"), stamp(s.now())
	s.sockets = append(s.sockets, k)
	life := ms(s.settings.Connection)
	if t.debug {
		life = 360 * time.Second
	} else {
		life += time.Duration((s.rng.Float64() - 0.5) / 5 * float64(life))
	}
	k.sendJSON(map[string]any{
		"type": "hello", "num_connections": len(s.sockets),
		"connection_info": map[string]any{"app_id": s.ws.app.ID},
		"debug_info": map[string]any{
			"host": "applink-sim-" + k.ID, "build_number": 54, "approximate_connection_time": int(life.Seconds()),
			"started": s.now().UTC().Format("2006-01-02 15:04:05.000"),
		},
	})
	k.life = s.after(max(life-ms(s.settings.Warning), 0), k.warn)
	s.publish("socket", k)
	s.flushParked()
	return true
}

// warn announces the end of the connection, as Slack does about 10 s before it.
func (k *socket) warn() {
	k.disconnect("warning")
	k.life = k.sim.after(ms(k.sim.settings.Warning), func() { k.shut() })
}

func (k *socket) disconnect(reason string) {
	k.sendJSON(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-sim-" + k.ID}})
}

// end says why and closes at once.
func (k *socket) end(reason string) {
	k.disconnect(reason)
	k.shut()
}

// shut closes in good order: what is queued, then a close frame, then the connection.
func (k *socket) shut() {
	if k.state == socketClosed {
		return
	}
	k.out = append(k.out, appendFrame(nil, opClose, closePayload(1000, "")))
	k.ending = true
	k.closed()
	k.poke()
}

// reset drops the TCP connection without a close frame.
func (k *socket) reset() {
	k.out = nil
	if t, ok := k.conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	k.closed()
	_ = k.conn.Close()
	k.poke()
}

// closed takes the connection off the list. Its unacknowledged envelopes run into their timeout.
func (k *socket) closed() {
	if k.state == socketClosed {
		return
	}
	k.state = socketClosed
	if k.resumed != nil {
		close(k.resumed)
		k.resumed = nil
	}
	s := k.sim
	s.cancel(k.life)
	s.cancel(k.heal)
	s.cancel(k.unmuting)
	s.sockets = slices.DeleteFunc(s.sockets, func(x *socket) bool { return x == k })
	if len(s.gone) == 1000 {
		s.gone = slices.Delete(s.gone, 0, 1)
	}
	s.gone = append(s.gone, k.info())
	s.publish("socket", k)
	k.poke()
}

// refuse counts an acknowledgement that Slack would pass over in silence.
func (k *socket) refuse() {
	k.Dropped++
	k.sim.publish("socket", k)
}

func (k *socket) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *socket) send(op byte, payload []byte) {
	if k.state == socketClosed {
		return
	}
	k.out = append(k.out, appendFrame(nil, op, payload))
	k.poke()
}

func (k *socket) sendJSON(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		k.sim.log.Error("slacksim: frame not encoded", "error", err)
		return
	}
	k.send(opText, b)
}

// write is the goroutine that owns the writing side.
func (k *socket) write() {
	s := k.sim
	s.mu.Lock()
	every := ms(s.settings.Ping)
	s.mu.Unlock()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-k.wake:
		case <-tick.C:
			s.enter()
			if k.state == socketLive && !k.Muted {
				if time.Since(k.heard) > ms(s.settings.Pong) {
					k.reset()
				} else {
					k.send(opPing, []byte("Ping from applink-sim-"+k.ID))
				}
			}
			if now := ms(s.settings.Ping); now != every {
				every = now
				tick.Reset(every)
			}
			s.leave()
		}
		s.mu.Lock()
		out := k.out
		stalled := k.state == socketStalled
		if !stalled {
			k.out = nil
		}
		ending, over, cut := k.ending, k.state == socketClosed, k.cut
		s.mu.Unlock()
		if stalled {
			continue
		}
		_ = k.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
		for _, b := range out {
			if _, err := k.conn.Write(b); err != nil {
				_ = k.conn.Close() // ends the reader too, which takes the connection off the list
				return
			}
		}
		if ending {
			// Give the client a moment for its own close frame, then end the reader.
			_ = k.conn.SetReadDeadline(time.Now().Add(time.Second))
			return
		}
		if over {
			if cut {
				_ = k.conn.Close()
			}
			return
		}
	}
}

// read handles what the client sends, until the connection ends.
func (k *socket) read() {
	s := k.sim
	fragments := false
	for {
		f, err := readFrame(k.rd)
		if err != nil {
			return
		}
		s.mu.Lock()
		resumed := k.resumed
		s.mu.Unlock()
		if resumed != nil {
			<-resumed
		}
		s.enter()
		switch f.op {
		case opPing:
			k.send(opPong, f.payload)
		case opPong:
			k.heard = time.Now()
		case opClose:
			if !k.ending {
				k.send(opClose, f.payload)
				k.ending = true
				k.poke()
			}
			s.leave()
			return
		case opText, opBinary, opContinuation:
			// Slack does not put a fragmented message together again: it is lost, all of it.
			if !f.fin || fragments || f.op == opContinuation {
				fragments = !f.fin
				if f.fin {
					k.refuse()
				}
				break
			}
			k.heard = time.Now()
			s.acknowledge(k, f.payload)
		}
		s.leave()
	}
}

// DropSockets resets every connection, without a close frame.
func (s *Sim) DropSockets() {
	s.enter()
	defer s.leave()
	for _, k := range slices.Clone(s.sockets) {
		k.reset()
	}
}
