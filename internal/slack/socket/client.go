package socket

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Envelope is one delivery.
type Envelope struct {
	ID   string // Slack's; a redelivery may have another
	Type string // "events_api", "interactive", "slash_commands", or anything
	// Payload is JSON: the envelope's payload, or the whole frame if it has none.
	Payload json.RawMessage
	// AcceptsResponse tells whether the acknowledgement may carry a payload.
	AcceptsResponse bool
	RetryAttempt    int    // 0 for the first delivery
	RetryReason     string // such as "timeout"
	At              time.Time
}

// Receiver stores envelopes. It is called from many goroutines at once.
type Receiver interface {
	// Receive returns nil only after e is stored for good. ack is a payload for
	// the acknowledgement, nil for none; it is left out where Slack takes none
	// (Envelope.AcceptsResponse) and when it makes the frame 20 KB or larger.
	// Receive must return soon after ctx ends.
	Receive(ctx context.Context, e Envelope) (ack json.RawMessage, err error)
}

// Options configure a [Client]. Open and Receiver are required.
type Options struct {
	// Open asks Slack for the address of a new connection
	// (apps.connections.open). If its error has a method
	// Refused() (code string, ok bool), the code decides whether to go on.
	Open        func(ctx context.Context) (address string, err error)
	Receiver    Receiver
	Connections int          // kept at all times; 2 if zero, Slack allows 10 per app in all
	Concurrency int          // calls of the receiver per connection; 512 if zero
	HTTP        *http.Client // for the handshake; nil: one of our own
	Logger      *slog.Logger // nil: logs nothing
	// Observe is told what happens, for metrics. It must not block.
	Observe func(Event)
	Timing  Timing
}

// Timing are the client's times. A zero field means the default, which is what
// production wants; tests shorten them.
type Timing struct {
	Open     time.Duration // for Open, the handshake and the hello, each; 10 s
	Silence  time.Duration // without a ping or frame from Slack until a connection is dead; 30 s
	Ping     time.Duration // between our own pings; 10 s
	Pong     time.Duration // for the answer to one; 10 s
	Write    time.Duration // for one acknowledgement; 5 s
	Receive  time.Duration // for one call of the receiver; 30 s
	Drain    time.Duration // an old connection serves on beside its successor; 15 s
	Stop     time.Duration // for what is being stored when Run's context ends; 5 s
	Stable   time.Duration // a connection that lived so long counts as a success; 10 s
	MinPause time.Duration // before the second try; 500 ms
	MaxPause time.Duration // between tries; 30 s
	Disabled time.Duration // between tries while Socket Mode is switched off; 60 s
	MinAge   time.Duration // a connection is not renewed by age before this; 30 s
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Open, 10 * time.Second}, {&t.Silence, 30 * time.Second}, {&t.Ping, 10 * time.Second},
		{&t.Pong, 10 * time.Second}, {&t.Write, 5 * time.Second}, {&t.Receive, 30 * time.Second},
		{&t.Drain, 15 * time.Second}, {&t.Stop, 5 * time.Second}, {&t.Stable, 10 * time.Second},
		{&t.MinPause, 500 * time.Millisecond}, {&t.MaxPause, 30 * time.Second},
		{&t.Disabled, 60 * time.Second}, {&t.MinAge, 30 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return t
}

// Client keeps the connections. Make it with [New] and run it once.
type Client struct {
	o     Options
	log   *slog.Logger
	renew chan struct{} // held by the one connection that is renewed by age

	work    context.Context // of calls of the receiver; it outlives Run's by Timing.Stop
	retired sync.WaitGroup
	workers sync.WaitGroup

	mu     sync.Mutex
	conns  []*conn // that had their hello and have not ended
	serial int
	status Status
}

// New makes a client. It opens nothing.
func New(o Options) *Client {
	if o.Connections <= 0 {
		o.Connections = 2
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 512
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout: 5 * time.Second,
			DisableKeepAlives:   true, // each handshake has a connection of its own
		}}
	}
	o.Timing = o.Timing.withDefaults()
	return &Client{o: o, log: o.Logger, renew: make(chan struct{}, 1)}
}

// Status is the state of a client, for readiness.
type Status struct {
	Live         int       // connections that had their hello and are being read
	LastEnvelope time.Time // zero if there was none
	LastFrame    time.Time // of any frame from Slack, pings among them
	Outages      int       // times that there was no live connection any more
	Reconnects   int       // connections after the first of each place
	Disabled     bool      // Slack said that Socket Mode is switched off
	LastError    string    // of the last try that failed; empty once one succeeded
}

// Status returns the state as it is now.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.Live = len(c.conns)
	for _, n := range c.conns {
		if at := n.heard(); at.After(s.LastFrame) {
			s.LastFrame = at
		}
	}
	return s
}

// Run keeps the connections until ctx ends, then returns nil, or until Slack
// says that no try can succeed, then returns a [*FatalError].
func (c *Client) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	c.work = work
	var fuse *time.Timer
	lit := make(chan struct{})
	context.AfterFunc(ctx, func() {
		fuse = time.AfterFunc(c.o.Timing.Stop, cut)
		close(lit)
	})

	var keepers sync.WaitGroup
	var once sync.Once
	var fatal error
	for range c.o.Connections {
		keepers.Go(func() {
			if err := c.keep(ctx); err != nil {
				once.Do(func() { fatal = err })
				cancel()
			}
		})
	}
	keepers.Wait()
	cancel()
	c.retired.Wait()
	c.workers.Wait()
	<-lit
	fuse.Stop()
	return fatal
}

// keep holds one place: a connection, and its successors.
func (c *Client) keep(ctx context.Context) error {
	var current *conn
	var try pause
	for first := true; ; first = false {
		next, err := c.connect(ctx, &try)
		if next == nil {
			if current != nil {
				current.finish()
			}
			return err
		}
		c.live(next, !first)
		if current != nil {
			c.retire(ctx, current)
		}
		switch c.hold(ctx, next) {
		case stopping:
			next.finish()
			return nil
		case lost:
			current = nil
		case leaving:
			current = next
		}
		if time.Since(next.began) >= c.o.Timing.Stable {
			try = pause{} // at once
		}
		if next.disabled.Load() {
			try = pause{long: true}
		}
	}
}

// verdict is why a connection is no longer simply held.
type verdict int

const (
	stopping verdict = iota // Run's context ended
	lost                    // the connection is dead
	leaving                 // it is to be replaced while it serves on
)

// hold waits until something is to be done about n.
func (c *Client) hold(ctx context.Context, n *conn) verdict {
	var old <-chan time.Time
	if n.life > 0 {
		// Between 70 and 80 % of its life, so that the places drift apart.
		age := time.Duration(float64(n.life) * (0.7 + 0.1*rand.Float64()))
		t := time.NewTimer(max(age, c.o.Timing.MinAge))
		defer t.Stop()
		old = t.C
	}
	var renew chan<- struct{} // to renew by age, one at a time
	for {
		select {
		case <-ctx.Done():
			return stopping
		case <-n.done:
			return lost
		case <-n.leave:
			return leaving
		case <-old:
			renew = c.renew
		case renew <- struct{}{}:
			n.renewing = true
			n.log.Debug("socket renewed by age", "age", time.Since(n.began))
			return leaving
		}
	}
}

// retire lets an old connection serve on beside its successor for a while.
func (c *Client) retire(ctx context.Context, n *conn) {
	c.retired.Go(func() {
		t := time.NewTimer(c.o.Timing.Drain)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-n.done:
		case <-t.C:
		}
		n.finish()
		if n.renewing {
			<-c.renew
		}
	})
}

// live and gone keep the list of connections that serve.
func (c *Client) live(n *conn, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.LastError, c.status.Disabled = "", false
	if again {
		c.status.Reconnects++
	}
	if !n.ended {
		c.conns = append(c.conns, n)
	}
}

func (c *Client) gone(n *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n.ended = true
	before := len(c.conns)
	c.conns = slices.DeleteFunc(c.conns, func(o *conn) bool { return o == n })
	if before > 0 && len(c.conns) == 0 {
		c.status.Outages++
	}
	if at := n.heard(); at.After(c.status.LastFrame) {
		c.status.LastFrame = at
	}
}

// enveloped notes that an envelope came.
func (c *Client) enveloped(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.status.LastEnvelope) {
		c.status.LastEnvelope = at
	}
}

// troubled notes why there is no new connection.
func (c *Client) troubled(err error, disabled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.LastError, c.status.Disabled = err.Error(), disabled
}
