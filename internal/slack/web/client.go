package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxAnswer      = 8 << 20
	defaultTimeout = 10 * time.Second
	defaultWait    = 60 * time.Second
	defaultRetry   = 30 * time.Second // a 429 that does not say how long
)

// Options configure a [Client].
type Options struct {
	APIURL string // "https://slack.com/api/" if empty
	Token  string
	HTTP   *http.Client // nil: one of our own, which is what production wants
	Logger *slog.Logger // nil: logs nothing
	Limits Limits
	// Ledger is where replicas that use the same token keep its rates together;
	// nil: this is the only one. While it fails, each goes by what it knew last.
	Ledger Ledger
	// Observe is told of each wait for a slot and of each request, for metrics. It
	// must not block.
	Observe func(Event)
}

// Event is a wait for a slot of a method's rate that is over (Waited), or one
// request that ended (Took).
type Event struct {
	Method string
	Waited time.Duration
	Took   time.Duration // 0: it was a wait
	Class  Class         // of the request's error; 0 if it went well
}

// Client calls Slack with one token. It is safe for concurrent use, and there
// should be one per token, as it keeps the token's rates.
type Client struct {
	base  string
	sign  func(http.Header) // adds the token, which lies in the closure so that no %v shows it
	http  *http.Client
	log   *slog.Logger
	sched *scheduler
	see   func(Event)
}

// New makes a client. It calls nothing.
func New(o Options) *Client {
	if o.APIURL == "" {
		o.APIURL = "https://slack.com/api/"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	h := http.Client{Transport: newTransport()}
	if o.HTTP != nil {
		h = *o.HTTP
	}
	// A redirect would carry the call, and perhaps the token, elsewhere.
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		base: strings.TrimSuffix(o.APIURL, "/") + "/",
		sign: func(h http.Header) {
			if o.Token != "" {
				h.Set("Authorization", "Bearer "+o.Token)
			}
		},
		http:  &h,
		log:   o.Logger,
		see:   o.Observe,
		sched: newScheduler(o.Limits, o.Ledger, ledgerName(o.Token)),
	}
}

// ledgerName tells tokens apart, as rates are a token's, without showing them.
func ledgerName(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:8]) + "/"
}

// newTransport keeps to HTTP/1.1, where a connection that hangs holds up one
// call alone.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		IdleConnTimeout:     30 * time.Second,
		MaxIdleConns:        32,
		MaxIdleConnsPerHost: 16,
		MaxConnsPerHost:     128,
		ReadBufferSize:      4 << 10,
		WriteBufferSize:     4 << 10,
	}
}

// Close closes connections that no call uses. Calls may still be made.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Request is one call.
type Request struct {
	Method   string // such as "chat.postMessage"
	Channel  string // for the pace of posts; the argument itself is in Args
	Priority Priority
	Args     Args
	// Admitted: the slot was had from Admit or TryAdmit. The call is tried
	// once: on a 429 it ends as Limited, since its payload is getting old.
	Admitted bool
	Timeout  time.Duration // of one try, from connecting to the end of the answer; 10 s if zero
	Wait     time.Duration // for slots, over all tries; 60 s if zero. If given, a slot that cannot come in time is not waited for
}

// Call waits for a slot, sends the request, and decodes the answer into out
// unless that is nil. The error is an [*Error].
func (c *Client) Call(ctx context.Context, r Request, out any) error {
	_, err := c.call(ctx, r, out)
	return err
}

func (c *Client) call(ctx context.Context, r Request, out any) (http.Header, error) {
	if !validMethod(r.Method) {
		return nil, &Error{Method: r.Method, Class: Unsent, Cause: errors.New("not the name of a method")}
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	hasty := r.Wait > 0
	if !hasty {
		r.Wait = defaultWait
	}
	give := time.Now().Add(r.Wait)
	var w *waiter
	for {
		if !r.Admitted {
			if w == nil {
				if w = c.sched.waiter(r.Channel, r.Priority); hasty {
					w.give = give
				}
			}
			if err := c.admit(ctx, r.Method, w, give); err != nil {
				return nil, err
			}
		}
		start := time.Now()
		body, header, err := c.send(ctx, r)
		c.seen(r.Method, start, err)
		if err == nil {
			return header, decode(r.Method, body, out)
		}
		if err.Class != Limited {
			return nil, err
		}
		c.sched.hold(ctx, r.Method, err.RetryAfter)
		c.log.Warn("slack limits us", "method", r.Method, "retry_after", err.RetryAfter)
		if r.Admitted || time.Now().Add(err.RetryAfter).After(give) {
			return nil, err
		}
	}
}

// seen reports one request.
func (c *Client) seen(method string, start time.Time, err *Error) {
	e := Event{Method: method, Took: max(1, time.Since(start))}
	if err != nil {
		e.Class = err.Class
	}
	c.see(e)
}

// Admit waits for a slot and takes it. The caller then builds its payload, the
// newest one, and sends it as a Request marked Admitted. It waits as long as
// ctx lasts; the error is an [*Error] that was not sent.
func (c *Client) Admit(ctx context.Context, method, channel string, p Priority) error {
	if err := c.wait(ctx, method, c.sched.waiter(channel, p)); err != nil {
		return &Error{Method: method, Class: Unsent, Cause: err}
	}
	return nil
}

// wait waits for a slot, and reports the wait.
func (c *Client) wait(ctx context.Context, method string, w *waiter) error {
	start := time.Now()
	err := c.sched.wait(ctx, method, w)
	c.see(Event{Method: method, Waited: time.Since(start)})
	return err
}

// TryAdmit takes a slot if there is one now.
func (c *Client) TryAdmit(ctx context.Context, method, channel string, p Priority) bool {
	return c.sched.try(ctx, method, channel, p)
}

func (c *Client) admit(ctx context.Context, method string, w *waiter, give time.Time) error {
	wait, cancel := context.WithDeadline(ctx, give)
	defer cancel()
	err := c.wait(wait, method, w)
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil:
		return &Error{Method: method, Class: Limited, RetryAfter: c.sched.held(method), Cause: err}
	}
	return &Error{Method: method, Class: Unsent, Cause: context.Cause(ctx)}
}

// send does one try and returns the body of an answer that says ok.
func (c *Client) send(ctx context.Context, r Request) ([]byte, http.Header, *Error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	// Once there is a connection, bytes may be on their way.
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost,
		c.base+r.Method, strings.NewReader(url.Values(r.Args).Encode()))
	if err != nil {
		return nil, nil, &Error{Method: r.Method, Class: Unsent, Cause: fmt.Errorf("check the address of Slack's API: %w", err)}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	req.Header.Set("Accept", "application/json")
	c.sign(req.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		class := Unsent
		if connected.Load() {
			class = Unknown
		}
		return nil, nil, &Error{Method: r.Method, Class: class, Cause: cause(err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can serve again
		return nil, nil, &Error{Method: r.Method, Code: "ratelimited", Status: resp.StatusCode, Class: Limited,
			RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	fail := &Error{Method: r.Method, Status: resp.StatusCode, Class: statusClass(resp.StatusCode)}
	switch {
	case err != nil:
		fail.Cause = fmt.Errorf("read the answer: %w", cause(err))
		return nil, nil, fail
	case len(body) > maxAnswer:
		fail.Code = codeTooLarge
		return nil, nil, fail
	}
	if err := c.check(body, resp.Header, fail); err != nil {
		return nil, nil, err
	}
	return body, resp.Header, nil
}

// check tells success from failure. fail is what it is if the body says
// nothing.
func (c *Client) check(body []byte, h http.Header, fail *Error) *Error {
	var a answer
	_ = json.Unmarshal(body, &a) // what cannot be read stays empty
	if a.OK == nil {
		fail.Code = codeNotJSON // a page of a proxy, or Slack's own when it is down
		if fail.Status != http.StatusOK {
			fail.Code = "http_" + strconv.Itoa(fail.Status)
		}
		return fail
	}
	if fail.Status == http.StatusOK && *a.OK {
		if a.Warning != "" {
			c.log.Debug("slack warns", "method", fail.Method, "warning", string(a.Warning))
		}
		return nil
	}
	fail.Code, fail.Needed, fail.Provided = string(a.Error), string(a.Needed), string(a.Provided)
	fail.Messages = details(a)
	if fail.Status == http.StatusOK {
		fail.Class = classify(fail.Code)
	}
	if fail.Class == Limited {
		fail.RetryAfter = retryAfter(h.Get("Retry-After"))
	}
	return fail
}

// answer is what every method's answer begins with.
type answer struct {
	OK       *bool  `json:"ok"`
	Error    text   `json:"error"`
	Warning  text   `json:"warning"`
	Needed   text   `json:"needed"`
	Provided text   `json:"provided"`
	Errors   texts  `json:"errors"`
	Metadata detail `json:"response_metadata"`
}

type detail struct {
	Messages texts `json:"messages"`
}

func details(a answer) []string {
	if len(a.Metadata.Messages) > 0 {
		return a.Metadata.Messages
	}
	return a.Errors
}

// decode reads the answer of a call that Slack says it applied.
func decode(method string, body []byte, out any) error {
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &Error{Method: method, Code: codeNotJSON, Status: http.StatusOK, Class: Unknown, Cause: err}
	}
	return nil
}

// statusClass is what an HTTP status says when there is no usable body: a
// server or proxy that failed may have passed the call on; one that refused it
// has not.
func statusClass(status int) Class {
	if status >= 300 && status < 500 && status != http.StatusRequestTimeout {
		return Refused
	}
	return Unknown
}

// retryAfter reads the header, in seconds or as a date.
func retryAfter(h string) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(h)); err == nil && n >= 0 {
		return time.Duration(min(max(n, 1), 24*3600)) * time.Second
	}
	if t, err := http.ParseTime(h); err == nil {
		return min(max(time.Until(t), time.Second), 24*time.Hour)
	}
	return defaultRetry
}

// cause takes the address off an error of net/http: the method says it.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// validMethod reports whether m can be put behind the API's address without
// leading elsewhere.
func validMethod(m string) bool {
	for i := range len(m) {
		b := m[i]
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '.') {
			return false
		}
	}
	return m != "" && !strings.Contains(m, "..")
}
