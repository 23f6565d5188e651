package socket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

// FatalError ends [Client.Run]: with these credentials no connection can be
// had, now or later.
type FatalError struct {
	Code  string // Slack's, such as "invalid_auth"
	Cause error
}

func (e *FatalError) Error() string {
	say, ok := fatal[e.Code]
	if !ok {
		say = "Slack refuses the app's connection for good"
	}
	return fmt.Sprintf("socket mode: %s (%s)", say, e.Code)
}

func (e *FatalError) Unwrap() error { return e.Cause }

// fatal are the refusals of apps.connections.open that no waiting mends, with
// what to do about each.
var fatal = map[string]string{
	"invalid_auth":           "Slack does not know the app-level token: copy it again from the app's Basic Information page",
	"not_authed":             "no app-level token was sent: set SLACK_APP_TOKEN",
	"account_inactive":       "the token belongs to an app that was uninstalled or a user who was deactivated: install the app again",
	"token_revoked":          "the app-level token was revoked: make a new one with the scope connections:write",
	"token_expired":          "the app-level token has expired: make a new one with the scope connections:write",
	"not_allowed_token_type": "this is not an app-level token: SLACK_APP_TOKEN begins with xapp-",
	"missing_scope":          "the app-level token lacks the scope connections:write: make a new one with it",
	"no_permission":          "the app-level token may not open connections: make a new one with the scope connections:write",
	"forbidden_team":         "the workspace does not allow this app: ask its administrators",
	"team_disabled":          "the workspace is disabled",
	"app_disabled":           "the app is disabled: see its settings in Slack",
	"user_removed_from_team": "the app's owner is no longer in the workspace: install the app again",
	"org_login_required":     "the workspace moved into an organisation: install the app again there",
}

// refusal is what an error of Options.Open can tell about itself.
type refusal interface {
	error
	Refused() (code string, ok bool)
}

// errDisabled is why a connection ended after Slack's link_disabled.
var errDisabled = errors.New("Slack says that Socket Mode is switched off for this app")

// pause is the time before the next try. The zero value means at once.
type pause struct {
	n    int
	long bool // Socket Mode is switched off: no hurry
}

// next is how long to wait now.
func (p *pause) next(t Timing) time.Duration {
	d := t.Disabled
	switch {
	case p.long:
		p.long = false
	case p.n == 0:
		d = 0
	default:
		d = min(t.MaxPause, t.MinPause<<min(p.n-1, 20))
	}
	p.n++
	return d/2 + time.Duration(rand.Float64()*float64(d/2))
}

// connect tries until there is a connection that had its hello. It returns nil
// when ctx ends, and also the error when that is fatal.
func (c *Client) connect(ctx context.Context, try *pause) (*conn, error) {
	for {
		wait := time.NewTimer(try.next(c.o.Timing))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil, nil
		case <-wait.C:
		}
		n, err := c.open(ctx)
		switch {
		case err == nil:
			return n, nil
		case ctx.Err() != nil:
			return nil, nil
		}
		off := errors.Is(err, errDisabled)
		if r, ok := errors.AsType[refusal](err); ok {
			if code, ok := r.Refused(); ok {
				// After link_disabled, Slack may go on to say that the team is
				// forbidden; it is not once Socket Mode is switched on again.
				off = code == "forbidden_team" && c.Status().Disabled
				if _, hopeless := fatal[code]; hopeless && !off {
					return nil, &FatalError{Code: code, Cause: err}
				}
				off = true // by a code that we do not know: perhaps mended in the app's settings
			}
		}
		c.troubled(err, off)
		c.o.Observe(Event{Kind: Failed, Err: err})
		if off {
			try.long = true
			c.log.Error("Slack refuses Socket Mode connections; is it switched on in the app's settings? Trying again slowly",
				"err", err, "about", c.o.Timing.Disabled)
			continue
		}
		c.log.Warn("no socket to Slack, trying again", "err", err)
	}
}

// open makes one connection and waits for its hello.
func (c *Client) open(ctx context.Context) (*conn, error) {
	limited, cancel := context.WithTimeout(ctx, c.o.Timing.Open)
	defer cancel()
	address, err := c.o.Open(limited)
	if err != nil {
		return nil, fmt.Errorf("ask for a socket: %w", err)
	}
	c.mu.Lock()
	c.serial++
	serial := c.serial
	c.mu.Unlock()
	n := newConn(c, serial)
	if err := n.dial(ctx, address); err != nil {
		n.cancel()
		return nil, err
	}
	c.workers.Go(n.read)
	c.workers.Go(n.watch)

	t := time.NewTimer(c.o.Timing.Open)
	defer t.Stop()
	select {
	case <-n.hello:
		c.o.Observe(Event{Kind: Connected, Connection: n.id})
		n.log.Info("socket open", "connections_of_the_app", n.peers, "life", n.life)
		return n, nil
	case <-n.done:
		err = n.err
	case <-t.C:
		err = errors.New("no hello")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	n.finish()
	return nil, fmt.Errorf("wait for Slack's hello: %w", err)
}

// dial does the handshake. Its errors do not show the address.
func (n *conn) dial(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, n.c.o.Timing.Open)
	defer cancel()
	h := *n.c.o.HTTP
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient:     &h,
		OnPingReceived: func(context.Context, []byte) bool { n.touch(); return true },
	})
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		if resp != nil {
			err = fmt.Errorf("HTTP %d", resp.StatusCode)
		}
		return fmt.Errorf("dial the socket: %w", err)
	}
	ws.SetReadLimit(-1) // the reader has its own limit, which skips instead of closing
	n.ws = ws
	n.began = time.Now()
	n.touch()
	return nil
}
