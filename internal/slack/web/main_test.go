package web

import (
	"context"
	flags "flag"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fixes the seed of the properties, so that a run never fails by chance.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_RANDOM") != "1" {
		_ = flags.Set("rapid.seed", "1") // -rapid.seed on the command line still decides
	}
	goleak.VerifyTestMain(m)
}

// pipes is a network of its own, so that a test inside a synctest bubble can
// speak HTTP while its clock stands still.
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

// serve serves h and returns a client for it.
func serve(t *testing.T, h http.Handler, o Options) *Client {
	t.Helper()
	p := newPipes()
	srv := &http.Server{Handler: h}
	var running sync.WaitGroup
	running.Go(func() { _ = srv.Serve(p) })
	transport := newTransport()
	transport.Proxy = nil
	transport.DialContext = p.dial
	o.APIURL, o.HTTP = "http://slack.test/api", &http.Client{Transport: transport}
	if o.Token == "" {
		o.Token = "xoxb-very-secret"
	}
	c := New(o)
	t.Cleanup(func() {
		c.Close()
		_ = srv.Close()
		running.Wait()
	})
	return c
}
