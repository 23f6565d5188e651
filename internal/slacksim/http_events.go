package slacksim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The HTTP mode: what Socket Mode would put into an envelope is posted to the app's addresses, signed. Slack: "Events
// API", "Verifying requests from Slack".

// DefaultSigningSecret signs what is posted to the app, unless Settings name another secret.
const DefaultSigningSecret = "sim-signing-secret"

// viaHTTP stands in the journal where a Socket Mode connection has its id.
const viaHTTP = "http"

const (
	maxRedirects = 2         // that Slack follows
	maxPosts     = 256       // requests to one address at a time; others wait within their timeout
	maxHTTPAck   = 256 << 10 // of an answer that is read
)

// Why a post failed, as X-Slack-Retry-Reason says it.
const (
	failTimeout    = "http_timeout"
	failConnection = "connection_failed"
	failStatus     = "http_error"
	failRedirects  = "too_many_redirects"
	failTLS        = "ssl_error"
	failUnknown    = "unknown_error"
)

var errPostTimeout = errors.New("the app took too long")

// poster sends requests to the app until the simulator is closed.
type poster struct {
	client *http.Client
	ctx    context.Context // ends with Sim.Close
	cancel context.CancelFunc
}

func newPoster() *poster {
	p := &poster{client: &http.Client{
		// No proxy, as the app is on loopback. Idle connections end sooner than common servers end theirs, so that a
		// request does not meet a connection that is just being closed.
		Transport: &http.Transport{
			MaxConnsPerHost: maxPosts, MaxIdleConnsPerHost: 32, IdleConnTimeout: 2 * time.Second, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// posting is one request to the app.
type posting struct {
	to     string
	header http.Header
	body   []byte
}

// received is what came of it; failure is empty after a 2xx.
type received struct {
	status  int
	body    []byte
	noRetry bool
	failure string
	detail  string // of the failure, for people
}

// post sends a request and follows up to two redirects, with the same body and signature each time.
func (p *poster) post(ctx context.Context, r posting) received {
	to := r.to
	for hop := 0; ; hop++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(r.body))
		if err != nil {
			return received{failure: failUnknown, detail: err.Error()}
		}
		req.Header = r.header.Clone()
		resp, err := p.client.Do(req)
		if err != nil {
			return failed(ctx, err)
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxHTTPAck))
		_ = resp.Body.Close()
		if err != nil {
			return failed(ctx, err)
		}
		got := received{status: resp.StatusCode, body: body, noRetry: resp.Header.Get("X-Slack-No-Retry") == "1"}
		switch {
		case resp.StatusCode >= 200 && resp.StatusCode <= 299:
			return got
		case resp.StatusCode >= 300 && resp.StatusCode <= 399 && resp.Header.Get("Location") != "":
			if hop == maxRedirects {
				got.failure, got.detail = failRedirects, "more than two redirects"
				return got
			}
			next, err := resp.Location()
			if err == nil {
				err = checkAddress(next.String())
			}
			if err != nil {
				got.failure, got.detail = failStatus, "redirect: "+err.Error()
				return got
			}
			to = next.String()
		default:
			got.failure, got.detail = failStatus, "it answered "+resp.Status
			return got
		}
	}
}

// failed names the reason of a request without an answer.
func failed(ctx context.Context, err error) received {
	r := received{failure: failConnection, detail: err.Error()}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	switch {
	case errors.Is(context.Cause(ctx), errPostTimeout) || errors.Is(err, context.DeadlineExceeded):
		r.failure, r.detail = failTimeout, errPostTimeout.Error()
	case unverified || invalid || notTLS || alert || strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		r.failure = failTLS
	}
	return r
}

// sign makes the headers of a request. Slack: "Verifying requests from Slack".
func (s *Sim) sign(t *Settings, kind string, body []byte) http.Header {
	// The app's clock does not know what Advance added to ours.
	at := time.Now()
	if s.opts.Now != nil {
		at = s.opts.Now()
	}
	secret := t.SigningSecret
	switch t.Sign {
	case "wrong":
		secret = "not-" + secret
	case "stale":
		at = at.Add(-6 * time.Minute)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", kind)
	h.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	h.Set("Accept", "*/*")
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", Signature(secret, stamp, body))
	return h
}

// Signature is the value of X-Slack-Signature for a body sent at a Unix time in seconds. Slack: "Verifying requests
// from Slack", version v0.
func Signature(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%s:", timestamp) // a hash never fails
	_, _ = mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// checkAddress refuses what the simulator must not post to.
func checkAddress(to string) error {
	u, err := url.Parse(to)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%q: give a whole address, such as http://127.0.0.1:3000/slack/events", to)
	}
	if !isLoopback(u.Hostname()) {
		return fmt.Errorf("%q is not on loopback: the simulator posts to 127.0.0.1, ::1 or localhost only", to)
	}
	return nil
}

// address is where a delivery is posted to; empty means Socket Mode.
func (s *Sim) address(d *delivery) string {
	t := &s.settings
	first := func(list ...string) string {
		for _, a := range list {
			if a != "" {
				return a
			}
		}
		return ""
	}
	switch d.kind {
	case "slash_commands":
		return first(t.CommandsURL, t.InteractivityURL)
	case "interactive":
		var p struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(d.payload, &p) == nil && p.Type == "block_suggestion" {
			return first(t.OptionsURL, t.InteractivityURL)
		}
		return t.InteractivityURL
	}
	return t.EventsURL
}

// encoded is the body of a delivery: JSON for events, a form for interactions and commands.
func (d *delivery) encoded() (body []byte, kind string) {
	const form = "application/x-www-form-urlencoded"
	switch d.kind {
	case "interactive":
		return []byte(url.Values{"payload": {string(d.payload)}}.Encode()), form
	case "slash_commands":
		var fields args
		if json.Unmarshal(d.payload, &fields) == nil {
			v := url.Values{}
			for name := range fields {
				v.Set(name, fields.str(name))
			}
			return []byte(v.Encode()), form
		}
	case "raw":
		var literal string
		if json.Unmarshal(d.payload, &literal) == nil {
			return []byte(literal), "application/json"
		}
	}
	return d.payload, "application/json"
}

// tryHTTP posts the current attempt.
func (s *Sim) tryHTTP(d *delivery, to string) {
	if s.closed {
		return
	}
	if d.id == "" || !s.settings.SameEnvelopeID {
		d.id = s.uuid()
	}
	body, kind := d.encoded()
	r := posting{to: to, header: s.sign(&s.settings, kind, body), body: body}
	if d.attempt > 0 {
		r.header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
		r.header.Set("X-Slack-Retry-Reason", d.reason)
	}
	s.journalHTTP(d)
	wait := ms(s.settings.HTTPTimeout)
	if !d.retrying {
		wait = ms(s.settings.Interaction)
	}
	ctx, cancel := context.WithCancelCause(s.poster.ctx)
	timeout := s.after(wait, func() { cancel(errPostTimeout) })
	entry := d.entry
	s.running.Go(func() {
		got := s.poster.post(ctx, r)
		cancel(nil)
		s.enter()
		defer s.leave()
		s.cancel(timeout)
		s.posted(d, entry, got)
	})
}

func (s *Sim) journalHTTP(d *delivery) {
	now := s.now()
	d.entry = s.envelopes.add(func(n int) *Envelope {
		return &Envelope{
			N: n, ID: d.id, Type: d.kind, EventType: d.event, EventID: d.eventID, SentAt: stamp(now),
			Attempt: d.attempt, Connection: viaHTTP, Payload: d.payload, sent: now,
		}
	})
	s.publish("envelope", d.entry)
}

// posted handles the answer to an attempt.
func (s *Sim) posted(d *delivery, entry *Envelope, got received) {
	if s.closed || d.epoch != s.epoch {
		return
	}
	entry.Status, entry.Failure = got.status, got.failure
	if got.failure == "" {
		now := s.now()
		at := stamp(now)
		entry.AckedAt, entry.AckMS = &at, float64(now.Sub(entry.sent).Microseconds())/1000
		if d.accepts {
			entry.AckPayload = ackBody(got.body)
		}
		s.publish("envelope", entry)
		s.hour.count(s.now(), d.retrying, true)
		d.settle(entry.AckPayload, "")
		return
	}
	entry.GaveUp = true
	s.publish("envelope", entry)
	s.hour.count(s.now(), d.retrying, false)
	d.reason = got.failure
	switch {
	case d.retrying && !(got.noRetry && got.status != 0):
		s.again(d)
	case got.failure == failTimeout:
		s.drop()
		d.settle(nil, operationTimeout)
	default:
		s.drop()
		d.settle(nil, dispatchFailed)
	}
}

// ackBody is an answer's body as an acknowledgement's payload: a text that is no JSON becomes a JSON string.
func ackBody(body []byte) json.RawMessage {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return nil
	case json.Valid(body):
		return body
	}
	return quote(string(body))
}

// verify does the url_verification handshake with Settings.EventsURL, before the address is used. It is called
// without mu.
func (s *Sim) verify(t *Settings) error {
	s.enter()
	if s.closed {
		s.leave()
		return ErrClosed
	}
	challenge := strings.ReplaceAll(s.uuid(), "-", "")
	payload, err := json.Marshal(map[string]string{"token": verification, "challenge": challenge, "type": "url_verification"})
	if err != nil {
		s.leave()
		return fmt.Errorf("encode url_verification: %w", err)
	}
	d := &delivery{kind: "url_verification", payload: payload, id: s.uuid()}
	s.journalHTTP(d)
	s.running.Add(1)
	s.leave()
	defer s.running.Done()

	// Here the timeout is real time: the caller waits, and a clock that tests move would stand still meanwhile.
	ctx, cancel := context.WithTimeoutCause(s.poster.ctx, ms(t.HTTPTimeout), errPostTimeout)
	defer cancel()
	got := s.poster.post(ctx, posting{t.EventsURL, s.sign(t, "application/json", payload), payload})
	if got.failure == "" && !answers(got.body, challenge) {
		got.failure, got.detail = failUnknown, fmt.Sprintf("it answered %d with %q", got.status, shorten(got.body))
	}

	s.enter()
	defer s.leave()
	d.entry.Status, d.entry.Failure = got.status, got.failure
	if got.failure != "" {
		d.entry.GaveUp = true
		s.publish("envelope", d.entry)
		return &BadRequest{"url_verification_failed", fmt.Sprintf(
			"%s did not pass the url_verification handshake (%s: %s): answer 2xx within %d ms with the value of challenge",
			t.EventsURL, got.failure, got.detail, t.HTTPTimeout)}
	}
	now := s.now()
	at := stamp(now)
	d.entry.AckedAt, d.entry.AckMS = &at, float64(now.Sub(d.entry.sent).Microseconds())/1000
	s.publish("envelope", d.entry)
	return nil
}

// answers reports whether a body holds the challenge, in one of the three forms that Slack takes.
func answers(body []byte, challenge string) bool {
	text := strings.TrimSpace(string(body))
	var asJSON struct {
		Challenge string `json:"challenge"`
	}
	if text == challenge || json.Unmarshal(body, &asJSON) == nil && asJSON.Challenge == challenge {
		return true
	}
	form, err := url.ParseQuery(text)
	return err == nil && form.Get("challenge") == challenge
}

func shorten(b []byte) string {
	if len(b) > 80 {
		return string(b[:80]) + "…"
	}
	return string(b)
}

// checkHTTP checks the switches of the HTTP mode.
func (t Settings) checkHTTP() error {
	for name, to := range map[string]string{
		"events_url": t.EventsURL, "interactivity_url": t.InteractivityURL, "options_url": t.OptionsURL, "commands_url": t.CommandsURL,
	} {
		if to == "" {
			continue
		}
		if err := checkAddress(to); err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
	}
	if t.Sign != "" && t.Sign != "wrong" && t.Sign != "stale" {
		return fmt.Errorf(`sign %q: use "", wrong or stale`, t.Sign)
	}
	if t.SigningSecret == "" {
		return errors.New("signing_secret is empty: name one, as the app needs it to verify requests")
	}
	return nil
}
