package socket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	maxFrame        = 8 << 20
	maxWaiting      = 4096     // envelopes behind those that are being received
	maxWaitingBytes = 64 << 20 // and their bytes
	maxAck          = 20_480   // Slack drops an acknowledgement of that size without a word
	closeWait       = 2 * time.Second
)

// conn is one connection. Its reader never waits for the receiver: control
// frames come in line with the envelopes, so a reader that waits answers no
// pings.
type conn struct {
	c     *Client
	id    int
	log   *slog.Logger
	ws    *websocket.Conn
	began time.Time

	hello chan struct{} // closed when it came; then the two below are known
	life  time.Duration // Slack's approximate_connection_time
	peers int           // connections of the app, this one among them

	leave    chan struct{} // closed when Slack wants us off
	done     chan struct{} // closed when the reader has ended
	err      error         // why, once done
	disabled atomic.Bool   // Slack said link_disabled
	renewing bool          // its keeper holds Client.renew for it
	ended    bool          // guarded by Client.mu

	ctx    context.Context // of reading and pinging
	cancel context.CancelFunc
	last   atomic.Int64 // when something came, in Unix nanoseconds

	mu       sync.Mutex
	greeted  bool
	left     bool
	closing  bool // nothing new is taken in
	running  int  // calls of the receiver
	waiting  []frame
	bytes    int           // of waiting
	overflow bool          // said already
	idle     chan struct{} // closed when running falls to zero; nil unless somebody waits
}

func newConn(c *Client, id int) *conn {
	ctx, cancel := context.WithCancel(context.Background())
	return &conn{
		c: c, id: id, log: c.log.With("socket", id), ctx: ctx, cancel: cancel,
		hello: make(chan struct{}), leave: make(chan struct{}), done: make(chan struct{}),
	}
}

func (n *conn) touch()           { n.last.Store(time.Now().UnixNano()) }
func (n *conn) heard() time.Time { return time.Unix(0, n.last.Load()) }

// read reads frames until the connection ends.
func (n *conn) read() {
	err := n.frames()
	if n.disabled.Load() {
		err = errDisabled
	}
	n.err = err
	n.mu.Lock()
	deliberate := n.closing
	n.mu.Unlock()
	n.cancel()
	_ = n.ws.CloseNow()
	n.c.gone(n)
	n.c.o.Observe(Event{Kind: Lost, Connection: n.id, Err: err})
	if deliberate || websocket.CloseStatus(err) == websocket.StatusNormalClosure {
		n.log.Debug("socket closed", "err", err)
	} else {
		n.log.Warn("socket lost", "err", err)
	}
	close(n.done)
}

func (n *conn) frames() error {
	for {
		_, r, err := n.ws.Reader(n.ctx)
		if err != nil {
			if n.ctx.Err() != nil {
				return context.Cause(n.ctx)
			}
			return err
		}
		n.touch()
		b, err := io.ReadAll(io.LimitReader(r, maxFrame+1))
		if err == nil && len(b) > maxFrame {
			n.log.Error("a frame from Slack is larger than 8 MiB and was skipped")
			b = nil
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			return fmt.Errorf("read a frame: %w", err)
		}
		if b != nil {
			n.frame(b)
		}
	}
}

// frame acts on one frame.
func (n *conn) frame(b []byte) {
	f, err := parse(b)
	switch {
	case err != nil:
		n.log.Warn("a frame from Slack is not a JSON object and was skipped", "bytes", len(b), "err", err)
	case f.kind == "hello":
		n.greet(f)
	case f.kind == "disconnect":
		n.disconnect(f.reason)
	case f.rawID == nil:
		n.log.Warn("a frame from Slack has no envelope id and was skipped", "type", f.kind, "bytes", len(b))
	default:
		n.c.enveloped(f.At)
		n.take(f)
	}
}

func (n *conn) greet(f frame) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.greeted {
		n.greeted = true
		n.life, n.peers = f.life, f.peers
		close(n.hello)
	}
}

// disconnect is Slack's word that the connection will end: soon (warning), now
// (refresh_requested), or for good (link_disabled).
func (n *conn) disconnect(reason string) {
	n.c.o.Observe(Event{Kind: Leaving, Connection: n.id, Type: reason})
	n.log.Info("Slack asks to leave a socket", "reason", reason)
	if reason == "link_disabled" {
		n.log.Error("Slack says that Socket Mode is switched off for this app: switch it on in the app's settings, nothing can arrive before")
		n.c.troubled(errDisabled, true)
		n.disabled.Store(true)
		n.cancel()
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.left {
		n.left = true
		close(n.leave)
	}
}

// take starts or queues the receiving of an envelope.
func (n *conn) take(f frame) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closing:
		// Not acknowledged: Slack delivers it on another connection.
	case n.running < n.c.o.Concurrency:
		n.running++
		n.c.workers.Go(func() { n.work(f) })
	case len(n.waiting) < maxWaiting && n.bytes+len(f.Payload) <= maxWaitingBytes:
		n.waiting = append(n.waiting, f)
		n.bytes += len(f.Payload)
	default:
		n.c.o.Observe(Event{Kind: Dropped, Connection: n.id, Type: f.Type})
		if !n.overflow {
			n.overflow = true
			n.log.Error("envelopes come faster than they are stored; the newest are left for Slack to repeat")
		}
	}
}

// work receives one envelope, then those that wait.
func (n *conn) work(f frame) {
	for {
		n.receive(f)
		n.mu.Lock()
		if len(n.waiting) == 0 {
			n.waiting, n.overflow = nil, false
			n.running--
			if n.running == 0 && n.idle != nil {
				close(n.idle)
				n.idle = nil
			}
			n.mu.Unlock()
			return
		}
		f = n.waiting[0]
		n.waiting[0] = frame{}
		n.waiting = n.waiting[1:]
		n.bytes -= len(f.Payload)
		n.mu.Unlock()
	}
}

// receive has one envelope stored and acknowledges it.
func (n *conn) receive(f frame) {
	ctx, cancel := context.WithTimeout(n.c.work, n.c.o.Timing.Receive)
	defer cancel()
	payload, err := n.c.o.Receiver.Receive(ctx, f.Envelope)
	if err != nil {
		n.c.o.Observe(Event{Kind: Refused, Connection: n.id, Type: f.Type, Took: time.Since(f.At), Err: err})
		n.log.Error("an envelope was not stored, so it is not acknowledged", "envelope", f.ID, "type", f.Type, "err", err)
		return
	}
	write, stop := context.WithTimeout(context.Background(), n.c.o.Timing.Write)
	defer stop()
	if err := n.ws.Write(write, websocket.MessageText, n.ackFrame(f, payload)); err != nil {
		n.c.o.Observe(Event{Kind: AckLost, Connection: n.id, Type: f.Type, Took: time.Since(f.At), Err: err})
		n.log.Warn("an acknowledgement did not go out; Slack will repeat the envelope", "envelope", f.ID, "err", err)
		return
	}
	n.c.o.Observe(Event{Kind: Acked, Connection: n.id, Type: f.Type, Took: time.Since(f.At)})
}

// ackFrame is the acknowledgement of f. A payload that Slack would not take is
// left out, as the bare acknowledgement is worth more.
func (n *conn) ackFrame(f frame, payload json.RawMessage) []byte {
	bare := fmt.Appendf(nil, `{"envelope_id":%s}`, f.rawID)
	if len(payload) == 0 {
		return bare
	}
	full := fmt.Appendf(nil, `{"envelope_id":%s,"payload":%s}`, f.rawID, payload)
	switch {
	case !f.AcceptsResponse:
		n.log.Error("an answer was left out: Slack takes none for this envelope", "envelope", f.ID, "type", f.Type)
	case !json.Valid(payload):
		n.log.Error("an answer was left out: it is not JSON", "envelope", f.ID, "type", f.Type)
	case len(full) >= maxAck:
		n.log.Error("an answer was left out: Slack drops those of 20 KB and more", "envelope", f.ID, "type", f.Type, "bytes", len(full))
	default:
		return full
	}
	return bare
}

// watch ends the connection when it is dead: when nothing comes from Slack, or
// our ping is not answered.
func (n *conn) watch() {
	t := n.c.o.Timing
	for {
		quiet := time.Until(n.heard().Add(t.Silence))
		if quiet <= 0 {
			n.kill(fmt.Errorf("nothing came from Slack for %s", t.Silence))
			return
		}
		timer := time.NewTimer(min(t.Ping, quiet))
		select {
		case <-n.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		ctx, cancel := context.WithTimeout(n.ctx, t.Pong)
		err := n.ws.Ping(ctx)
		cancel()
		if err != nil {
			n.kill(fmt.Errorf("no answer to our ping: %w", err))
			return
		}
	}
}

// kill ends a connection on which a closing handshake is of no use.
func (n *conn) kill(why error) {
	if n.ctx.Err() == nil {
		n.log.Warn("socket is dead", "err", why)
	}
	n.cancel()
}

// finish takes in nothing new, waits a while for what is being stored, and
// closes. It returns when the reader has ended.
func (n *conn) finish() {
	n.mu.Lock()
	n.closing = true
	var idle chan struct{}
	if n.running > 0 {
		if n.idle == nil {
			n.idle = make(chan struct{})
		}
		idle = n.idle
	}
	n.mu.Unlock()
	if idle != nil {
		t := time.NewTimer(n.c.o.Timing.Stop)
		select {
		case <-idle:
		case <-n.done:
		case <-t.C:
		}
		t.Stop()
	}
	// The reader goes on through the closing handshake, but not for ever.
	t := time.AfterFunc(closeWait, n.cancel)
	defer t.Stop()
	if err := n.ws.Close(websocket.StatusNormalClosure, ""); err != nil && !errors.Is(err, context.Canceled) {
		n.log.Debug("socket closed without a handshake", "err", err)
	}
	n.cancel()
	<-n.done
}
