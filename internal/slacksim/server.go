package slacksim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a Sim listening on loopback.
type Server struct {
	sim   *Sim
	http  *http.Server
	addr  string
	stop  func() bool
	quit  context.CancelFunc
	serve sync.WaitGroup
	once  sync.Once
	err   error

	mu      sync.Mutex
	active  int           // requests in flight, sockets included
	closing bool          // no new ones
	idle    chan struct{} // closed when closing and none is left
}

// begin counts a request, unless the server is closing.
func (v *Server) begin() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closing {
		return false
	}
	v.active++
	return true
}

func (v *Server) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.active--; v.active == 0 && v.closing {
		close(v.idle)
	}
}

// Start listens on addr, which must be a loopback address with a port ("127.0.0.1:0" takes any free one). It serves
// until Close or the end of ctx. The Sim lives on: the workspace can be served again, as after an outage.
func (s *Sim) Start(ctx context.Context, addr string) (*Server, error) {
	if err := loopback(addr); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("slacksim: listen: %w", err)
	}
	v := &Server{sim: s, addr: l.Addr().String(), idle: make(chan struct{})}
	// Requests end with the server; a handshake that is just becoming a socket sees it there.
	base, quit := context.WithCancel(context.Background())
	v.quit = quit
	s.mu.Lock()
	s.base = v.URL()
	s.mu.Unlock()
	h := s.Handler()
	v.http = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return base },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !v.begin() {
				panic(http.ErrAbortHandler)
			}
			defer v.end()
			h.ServeHTTP(w, r)
		}),
	}
	v.serve.Go(func() {
		if err := v.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("slacksim: serve", "error", err)
		}
	})
	v.stop = context.AfterFunc(ctx, func() { _ = v.Close() })
	return v, nil
}

// URL is the base address, without a slash at its end.
func (v *Server) URL() string { return "http://" + v.addr }

// APIURL is the base address of the Web API, for SLACK_API_URL.
func (v *Server) APIURL() string { return v.URL() + "/api/" }

// Close stops listening, drops every socket of the Sim and waits for the requests in flight, whose connections it
// closes. It may be called twice.
func (v *Server) Close() error {
	v.once.Do(func() {
		v.stop()
		v.mu.Lock()
		v.closing = true
		if v.active == 0 {
			close(v.idle)
		}
		v.mu.Unlock()
		v.quit()
		v.err = v.http.Close()
		v.serve.Wait()
		v.sim.DropSockets() // none is opened from now on, as its request has ended
		<-v.idle
	})
	return v.err
}

// loopback refuses addresses that other machines could reach: the simulator has no authentication of its own.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("slacksim: address %q: give host:port, such as 127.0.0.1:3100", addr)
	}
	if !isLoopback(host) {
		return fmt.Errorf("slacksim: address %q is not loopback: use 127.0.0.1, ::1 or localhost", addr)
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
