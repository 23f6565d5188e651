package modelsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a listening Sim.
type Server struct {
	sim  *Sim
	gate *gate
	http *http.Server
	done chan struct{} // closed when serving has ended
	off  func() bool

	once sync.Once
	err  error
}

// Start listens on addr, which must be a loopback address with a port ("0" for
// any), and serves until ctx ends or the Server or the Sim is closed.
func (s *Sim) Start(ctx context.Context, addr string) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("modelsim: listen address %q: write it like 127.0.0.1:0: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("modelsim: listen address %q is not loopback: the simulator checks no real keys and must not be reachable from outside, use 127.0.0.1", addr)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("modelsim: listen: %w", err)
	}
	gctx, stop := context.WithCancel(context.Background())
	srv := &Server{sim: s, done: make(chan struct{})}
	srv.gate = &gate{sim: s, addr: ln.Addr().String(), inner: ln, conns: map[*gateConn]struct{}{}, ctx: gctx, stop: stop}
	srv.http = &http.Server{
		Handler:  s.Handler(),
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		stop()
		return nil, errors.Join(errClosed, ln.Close())
	}
	s.servers[srv] = struct{}{}
	s.mu.Unlock()
	go func() {
		defer close(srv.done)
		if err := srv.http.Serve(srv.gate); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.log.Error("model simulator stopped serving", "addr", srv.gate.addr, "err", err)
		}
	}()
	srv.off = context.AfterFunc(ctx, func() {
		if err := srv.Close(); err != nil {
			s.log.Warn("close model simulator", "addr", srv.gate.addr, "err", err)
		}
	})
	s.log.Info("model simulator listens", "url", srv.URL())
	return srv, nil
}

// URL returns the base URL that a client is configured with, "/v1" included.
func (srv *Server) URL() string { return "http://" + srv.gate.addr + "/v1" }

// ControlURL returns the base URL of the control plane.
func (srv *Server) ControlURL() string { return "http://" + srv.gate.addr + "/_sim" }

// Close stops listening, ends every connection and waits until serving has
// ended. Background responses go on in the Sim.
func (srv *Server) Close() error {
	srv.once.Do(func() {
		srv.off()
		srv.gate.stop()
		srv.err = srv.http.Close()
		srv.gate.resetAll()
		<-srv.done
		srv.sim.mu.Lock()
		delete(srv.sim.servers, srv)
		srv.sim.mu.Unlock()
	})
	return srv.err
}

// OutageMode is how a whole server is unreachable.
type OutageMode string

// The outages.
const (
	OutageRefuse OutageMode = "refuse" // connections are RST and new ones refused
	OutageReset  OutageMode = "reset"  // connections are RST, new ones accepted and RST
	OutageHang   OutageMode = "hang"   // new connections are accepted and never read
	// OutageBlackhole answers no SYN: new connections hang until they time out
	// (on Linux; elsewhere it is OutageHang). Open ones are RST.
	OutageBlackhole OutageMode = "blackhole"
)

type outageState struct {
	mu    sync.Mutex
	mode  OutageMode
	until time.Time
}

// now returns the outage that lasts, if any, and for how long.
func (o *outageState) now() (OutageMode, time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := time.Until(o.until)
	if left <= 0 {
		return "", 0
	}
	return o.mode, left
}

// Outage makes every Server of the Sim unreachable for d, the control plane
// too. Under a server that is not ours (Handler alone), requests are RST or
// hang instead. A new outage replaces the one that lasts; d 0 ends it.
func (s *Sim) Outage(mode OutageMode, d time.Duration) {
	s.down.mu.Lock()
	s.down.mode, s.down.until = mode, time.Now().Add(d)
	s.down.mu.Unlock()
	s.mu.Lock()
	var servers []*Server
	for srv := range s.servers {
		servers = append(servers, srv)
	}
	s.mu.Unlock()
	s.log.Info("outage", "mode", mode, "for", d)
	for _, srv := range servers {
		srv.gate.wake()
		if (mode == OutageRefuse || mode == OutageBlackhole) && d > 0 {
			srv.gate.shut()
		}
		if mode != OutageHang && d > 0 {
			srv.gate.resetAll()
		}
	}
}

// gate is a listener that can refuse, reset or hang, and be opened again on the
// same port.
type gate struct {
	sim  *Sim
	addr string
	ctx  context.Context // ends with the Server
	stop func()

	mu    sync.Mutex
	inner net.Listener  // nil while connections are refused
	again chan struct{} // closed when the outage may have changed
	conns map[*gateConn]struct{}
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for g.ctx.Err() == nil {
		changed := g.changed()
		switch mode, left := g.sim.down.now(); {
		case mode == OutageRefuse:
			g.shut()
			g.pause(changed, left)
			continue
		case mode == OutageBlackhole && g.swallow(changed, left):
			continue
		}
		ln, err := g.open()
		if err != nil {
			// Somebody else may hold the port for a moment after the outage.
			g.sim.log.Warn("model simulator cannot listen again", "addr", g.addr, "err", err)
			_ = sleep(g.ctx, 50*time.Millisecond) // the loop looks at ctx
			continue
		}
		c, err := ln.Accept()
		mode, left := g.sim.down.now()
		switch {
		case err != nil && (g.ctx.Err() != nil || g.isShut()):
		case err != nil:
			return nil, err
		case mode == OutageRefuse || mode == OutageReset:
			resetConn(c)
		case mode == OutageHang || mode == OutageBlackhole:
			held := g.track(c)
			time.AfterFunc(left, held.reset)
		default:
			return g.track(c), nil
		}
	}
	return nil, net.ErrClosed
}

// changed returns a channel that is closed when the outage may have changed.
func (g *gate) changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.again == nil {
		g.again = make(chan struct{})
	}
	return g.again
}

// pause waits for d or a change.
func (g *gate) pause(changed <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-changed:
	case <-g.ctx.Done():
	}
}

// swallow listens with a full backlog, so that no SYN is answered, until a
// change. It says false where the system cannot do that.
func (g *gate) swallow(changed <-chan struct{}, d time.Duration) bool {
	g.shut()
	ln, err := new(net.ListenConfig).Listen(g.ctx, "tcp", g.addr)
	if err != nil {
		return g.ctx.Err() != nil
	}
	if err := shrinkBacklog(ln); err != nil {
		g.sim.log.Debug("no blackhole, hanging instead", "addr", g.addr, "err", err)
		g.mu.Lock()
		g.inner = ln
		g.mu.Unlock()
		return false
	}
	dialer := net.Dialer{Timeout: 50 * time.Millisecond}
	for range 4 { // the backlog holds one; the rest shows that it is full
		c, err := dialer.DialContext(g.ctx, "tcp", g.addr)
		if err != nil {
			break
		}
		defer resetConn(c)
	}
	g.pause(changed, d)
	if err := ln.Close(); err != nil {
		g.sim.log.Debug("close blackhole", "addr", g.addr, "err", err)
	}
	return true
}

func (g *gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.again != nil {
		close(g.again)
		g.again = nil
	}
}

func (g *gate) open() (net.Listener, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inner != nil {
		return g.inner, nil
	}
	ln, err := new(net.ListenConfig).Listen(g.ctx, "tcp", g.addr)
	if err != nil {
		return nil, err
	}
	g.inner = ln
	return ln, nil
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inner == nil
}

// shut stops listening until open.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inner == nil {
		return
	}
	if err := g.inner.Close(); err != nil {
		g.sim.log.Debug("close listener", "addr", g.addr, "err", err)
	}
	g.inner = nil
}

func (g *gate) track(c net.Conn) *gateConn {
	gc := &gateConn{Conn: c, gate: g}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[gc] = struct{}{}
	return gc
}

// resetAll ends every connection with a RST.
func (g *gate) resetAll() {
	g.mu.Lock()
	var all []*gateConn
	for c := range g.conns {
		all = append(all, c)
	}
	g.mu.Unlock()
	for _, c := range all {
		c.reset()
	}
}

// Close implements net.Listener.
func (g *gate) Close() error {
	g.stop()
	g.shut()
	return nil
}

// Addr implements net.Listener.
func (g *gate) Addr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", g.addr)
	if err != nil {
		return &net.TCPAddr{} // not reached: it came from a listener
	}
	return addr
}

// gateConn is a connection that its gate knows of.
type gateConn struct {
	net.Conn
	gate *gate
}

// SetLinger lets a RST be sent: see resetConn.
func (c *gateConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}

func (c *gateConn) reset() { resetConn(c) }

// Close implements net.Conn.
func (c *gateConn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.conns, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}
