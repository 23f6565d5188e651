package openai

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/turn"
)

// DefaultBaseURL is OpenAI itself.
const DefaultBaseURL = "https://api.openai.com/v1"

// Options make a Client.
type Options struct {
	BaseURL      string // with its version, as "http://127.0.0.1:11434/v1"; empty: DefaultBaseURL
	Key          string // may be empty where the endpoint asks for none
	Organization string // header OpenAI-Organization; optional
	Project      string // header OpenAI-Project; optional
	Deadlines    Deadlines
	Capabilities *Capabilities     // nil: CapabilitiesOf(BaseURL)
	Transport    http.RoundTripper // nil: one made for long streams; it must keep to the context of requests
	Logger       *slog.Logger      // nil: nothing is logged
}

// Client asks one endpoint. It is safe for concurrent use.
type Client struct {
	base         *url.URL
	key          string
	organization string
	project      string
	deadlines    Deadlines
	has          Capabilities
	http         *http.Client
	log          *slog.Logger
	refused      refusals
	breaker      breaker
}

var _ turn.Model = (*Client)(nil)

// New checks o and makes a Client. It does not talk to the endpoint: see Check.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(o.Key)
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the model's key (OPENAI_API_KEY) has a space, a line break or another character that no key has: copy it again")
	}
	if key == "" && base.Hostname() == "api.openai.com" {
		return nil, errors.New("the model's key is missing: set OPENAI_API_KEY, or OPENAI_BASE_URL to an endpoint that needs none")
	}
	d := o.Deadlines.withDefaults()
	if err := d.check(); err != nil {
		return nil, err
	}
	c := &Client{
		base: base, key: key, organization: o.Organization, project: o.Project,
		deadlines: d, has: CapabilitiesOf(base), log: o.Logger, breaker: breaker{now: time.Now},
	}
	if o.Capabilities != nil {
		c.has = *o.Capabilities
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if ip := net.ParseIP(base.Hostname()); key != "" && base.Scheme == "http" && base.Hostname() != "localhost" && !ip.IsLoopback() {
		c.log.Warn("the model's key goes over the network unencrypted: use https if the network is not yours alone", "host", base.Host)
	}
	transport := o.Transport
	if transport == nil {
		transport = newTransport()
	}
	c.http = &http.Client{
		Transport: transport,
		// The key is for the base URL's host alone, and a redirected POST would
		// lose its body: a redirect is an error that names the new address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func parseBase(s string) (*url.URL, error) {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	if s == "" {
		s = DefaultBaseURL
	}
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		// The error of url.Parse repeats the address, which may hold a password.
		return nil, errors.New("the model's address (OPENAI_BASE_URL) must look like https://host/v1")
	case u.User != nil:
		return nil, errors.New("the model's address (OPENAI_BASE_URL) must hold no user or password: the key goes into OPENAI_API_KEY")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the model's address (OPENAI_BASE_URL) must end with its path: no ? and no #")
	case u.Path == "":
		return nil, fmt.Errorf("the model's address (OPENAI_BASE_URL) %s lacks a path: did you mean %s/v1?", s, s)
	}
	for _, tail := range []string{"/responses", "/chat/completions", "/models"} {
		if root, ok := strings.CutSuffix(s, tail); ok {
			return nil, fmt.Errorf("the model's address (OPENAI_BASE_URL) %s names one call: leave %s out, as in %s", s, tail, root)
		}
	}
	return u, nil
}

// Capabilities are what the client takes the endpoint to have.
func (c *Client) Capabilities() Capabilities { return c.has }

// Close closes the connections that wait to be used again. Running calls go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Respond implements [turn.Model]. With a cursor it takes up a background
// response behind from.Sequence; if the endpoint no longer has it, the failure
// is "response_gone", and asking anew can help. A resumed sequence has no
// Started event.
//
// Before an answer begins nothing is tried twice, except without a field that
// the endpoint refused: retries are the caller's.
func (c *Client) Respond(ctx context.Context, r turn.Request, from turn.Cursor) iter.Seq2[turn.Event, error] {
	return func(yield func(turn.Event, error) bool) {
		err := c.respond(ctx, &r, from, func(e turn.Event) bool { return yield(e, nil) })
		if err != nil && err != errLeft {
			yield(turn.Event{}, err)
		}
	}
}

// errLeft ends a call whose caller broke out of the loop.
var errLeft = errors.New("openai: the caller left the loop")

func (c *Client) respond(ctx context.Context, r *turn.Request, from turn.Cursor, yield func(turn.Event) bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if from.ResponseID != "" && !c.has.Background {
		return fail("response_gone", errors.New("this endpoint cannot resume a response"))
	}
	look, err := c.breaker.admit()
	if err != nil {
		return err
	}
	watched, w := newWatch(ctx, c.deadlines.of(r))
	defer w.stop()

	resp, err := c.open(watched, w, r, from)
	if err != nil {
		var answered *wireError
		alive := errors.As(err, &answered)
		err = c.failure(ctx, watched, r, from, err)
		if alive && !absent(err) {
			c.breaker.up()
		} else if c.breaker.down(look, err) {
			c.log.Error("the model's endpoint is down; calls fail at once until it answers again", "err", err)
		}
		return err
	}
	c.breaker.up()
	defer resp.Body.Close()
	s := newStream(c, w, from, yield)
	if err = s.read(resp); err == nil || err == errLeft {
		return err
	}
	return c.failure(ctx, watched, r, from, err)
}

// open sends the request, again without a field as long as the endpoint names
// one that it does not take.
func (c *Client) open(ctx context.Context, w *watch, r *turn.Request, from turn.Cursor) (*http.Response, error) {
	if from.ResponseID != "" {
		query := url.Values{"stream": {"true"}, "starting_after": {strconv.FormatInt(from.Sequence, 10)}}
		return c.send(ctx, w, http.MethodGet, query, nil, "responses", from.ResponseID)
	}
	left := map[string]bool{} // fields left out because of this call
	for {
		body, err := c.encode(r)
		if err != nil {
			return nil, fail("bad_request", err)
		}
		resp, err := c.send(ctx, w, http.MethodPost, nil, body, "responses")
		var wire *wireError
		if !errors.As(err, &wire) {
			return resp, err
		}
		field := droppable(wire, r, c.refused.of(r.Model))
		if field == "" || left[field] {
			return nil, err
		}
		left[field] = true
		c.refused.add(r.Model, field)
		c.log.Warn("the endpoint refused a field; it is left out from now on",
			"model", r.Model, "field", field, "refused", c.refused.list(r.Model), "err", wire)
	}
}

// Down reports whether calls fail at once, as the endpoint did not answer the
// last ones.
func (c *Client) Down() bool { return c.breaker.open() }
