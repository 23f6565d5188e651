package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// request is one that the app got.
type request struct {
	header http.Header
	body   []byte
}

func (q request) event() obj {
	var p obj
	_ = json.Unmarshal(q.body, &p)
	e, _ := p["event"].(obj)
	return e
}

func (q request) eventID() string {
	var p struct {
		ID string `json:"event_id"`
	}
	_ = json.Unmarshal(q.body, &p)
	return p.ID
}

// app is an app that takes its events over HTTP, and checks each signature as Slack tells apps to.
type app struct {
	*httptest.Server
	t      *testing.T
	got    chan request
	answer func(w http.ResponseWriter, q request) // nil: 200 without a body
}

func (r *rig) app(answer func(http.ResponseWriter, request)) *app {
	a := &app{t: r.t, got: make(chan request, 100), answer: answer}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		at, err := strconv.ParseInt(req.Header.Get("X-Slack-Request-Timestamp"), 10, 64)
		if age := time.Since(time.Unix(at, 0)); err != nil || age > 5*time.Minute || age < -5*time.Minute {
			http.Error(w, "stale", http.StatusForbidden)
			return
		}
		if req.Header.Get("X-Slack-Signature") != Signature(DefaultSigningSecret, strconv.FormatInt(at, 10), body) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		var hand struct{ Type, Challenge string }
		if json.Unmarshal(body, &hand) == nil && hand.Type == "url_verification" {
			_, _ = io.WriteString(w, hand.Challenge)
			return
		}
		q := request{req.Header.Clone(), body}
		a.got <- q
		if a.answer != nil {
			a.answer(w, q)
		}
	}))
	r.t.Cleanup(a.Close)
	return a
}

func (a *app) next() request {
	a.t.Helper()
	select {
	case q := <-a.got:
		return q
	case <-deadline(a.t).Done():
		a.t.Fatal("the app got nothing")
		return request{}
	}
}

func (a *app) quiet() {
	a.t.Helper()
	select {
	case q := <-a.got:
		a.t.Fatalf("the app got %s", q.body)
	default:
	}
}

// connect sets the app's addresses.
func (r *rig) connect(a *app) {
	r.t.Helper()
	r.set(func(s *Settings) { s.EventsURL, s.InteractivityURL = a.URL+"/slack/events", a.URL+"/slack/events" })
}

func TestE1_SignatureAgainstSlacksExample(t *testing.T) {
	// The worked example of "Verifying requests from Slack".
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	got := Signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", []byte(body))
	if want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got != want {
		t.Fatalf("got %s", got)
	}
}

func TestE1_EventsArriveSigned(t *testing.T) {
	r := start(t, Options{})
	a := r.app(nil)
	r.connect(a)
	p := r.say(SeedAda, "@bot", "hi", "")
	q := a.next()
	if e := q.event(); e["text"] != "hi" || e["ts"] != p.TS || q.header.Get("Content-Type") != "application/json" {
		t.Fatal(e, q.header)
	}
	if q.header.Get("X-Slack-Retry-Num") != "" || !strings.HasPrefix(q.header.Get("User-Agent"), "Slackbot 1.0") {
		t.Fatal(q.header)
	}
	r.settled()
	all := r.Envelopes()
	if e := all[len(all)-1]; len(all) != 2 || all[0].Type != "url_verification" || e.Connection != "http" || e.Status != 200 || e.AckMS < 0 || e.EventID != q.eventID() {
		t.Fatalf("%+v", all)
	}
	// The app's clock is not ours: what Advance adds must not make signatures stale.
	r.Advance(time.Hour)
	r.say(SeedAda, "@bot", "later", "")
	if e := a.next().event(); e["text"] != "later" {
		t.Fatal(e)
	}
	r.settled()
}

func TestE1_HandshakeBeforeEnabling(t *testing.T) {
	r := start(t, Options{})
	hang := make(chan struct{})
	defer close(hang)
	say := func(form string) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			var b struct{ Type, Token, Challenge string }
			if json.NewDecoder(req.Body).Decode(&b) != nil || b.Type != "url_verification" || b.Token == "" || b.Challenge == "" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, _ = fmt.Fprintf(w, form, b.Challenge)
		}
	}
	refused := map[string]http.HandlerFunc{
		"another challenge": say("x%s"),
		"no body":           func(http.ResponseWriter, *http.Request) {},
		"404":               http.NotFound,
		"timeout":           func(_ http.ResponseWriter, q *http.Request) { <-hang },
		"reset":             func(w http.ResponseWriter, _ *http.Request) { cutConnection(w, true) },
	}
	for what, h := range refused {
		srv := httptest.NewServer(h)
		if what == "timeout" {
			r.set(func(s *Settings) { s.HTTPTimeout = 50 })
			t.Cleanup(srv.Close) // after hang is closed
		} else {
			r.set(func(s *Settings) { s.HTTPTimeout = 3_000 })
		}
		code, body := r.ctl("POST", "/sim/settings", obj{"events_url": srv.URL})
		if code != 400 || !strings.Contains(string(body), "url_verification_failed") || r.Settings().EventsURL != "" {
			t.Errorf("%s: %d %s", what, code, body)
		}
		if what != "timeout" {
			srv.Close()
		}
		code, body = r.ctl("POST", "/sim/settings", obj{"events_url": srv.URL + "/gone"})
		if what == "404" && code != 400 {
			t.Errorf("nobody there: %d %s", code, body)
		}
	}
	r.set(func(s *Settings) { s.HTTPTimeout = 3_000 })
	for _, form := range []string{"%s", `{"challenge":"%s"}`, "challenge=%s", "%s\n"} {
		srv := httptest.NewServer(say(form))
		if code, body := r.ctl("POST", "/sim/settings", obj{"events_url": srv.URL}); code != 200 || r.Settings().EventsURL != srv.URL {
			t.Errorf("%s: %d %s", form, code, body)
		}
		srv.Close()
		r.set(func(s *Settings) { s.EventsURL = "" })
	}
	for _, to := range []string{"ftp://127.0.0.1/", "http://example.com/", "slack/events", "http://"} {
		if code, body := r.ctl("POST", "/sim/settings", obj{"events_url": to}); code != 400 {
			t.Errorf("%s: %d %s", to, code, body)
		}
	}
	if code, _ := r.ctl("POST", "/sim/settings", obj{"sign": "badly"}); code != 400 {
		t.Error("sign: badly")
	}
}

func TestE1_WrongSecretAndStaleTimestamp(t *testing.T) {
	r := start(t, Options{})
	a := r.app(nil)
	for sign, status := range map[string]int{"wrong": 401, "stale": 403} {
		// The handshake is signed as well.
		err := r.Configure(func(s *Settings) { s.EventsURL, s.Sign = a.URL, sign })
		if bad, ok := errors.AsType[*BadRequest](err); !ok || bad.Code != "url_verification_failed" {
			t.Fatal(err)
		}
		r.set(func(s *Settings) { s.EventsURL = a.URL })
		r.set(func(s *Settings) { s.Sign = sign })
		r.say(SeedAda, "@bot", sign, "")
		r.until("the refusal", func(v View) bool {
			return slices.ContainsFunc(v.Envelopes(), func(e Envelope) bool {
				return e.EventType == "message" && e.Status == status && e.Failure == failStatus
			})
		})
		a.quiet()
		r.Reset()
		r.set(func(s *Settings) { s.EventsURL, s.Sign = "", "" })
	}
}

func TestE2_RetriesWithHeaders(t *testing.T) {
	r := start(t, Options{Now: func() time.Time { return time.Now() }})
	a := r.app(func(w http.ResponseWriter, _ request) { w.WriteHeader(http.StatusInternalServerError) })
	r.connect(a)
	r.say(SeedAda, "@bot", "hi", "")
	first, second := a.next(), a.next() // the first retry comes at once
	var ids []string
	check := func(q request, num string) {
		t.Helper()
		if q.header.Get("X-Slack-Retry-Num") != num || q.header.Get("X-Slack-Retry-Reason") != "http_error" {
			t.Fatal(q.header)
		}
		ids = append(ids, q.eventID())
	}
	check(second, "1")
	failedSoFar := func(n int) {
		t.Helper()
		r.until("attempts to fail", func(v View) bool {
			k := 0
			for _, e := range v.Envelopes() {
				if e.Failure == failStatus && e.Status == 500 {
					k++
				}
			}
			return k == n
		})
	}
	failedSoFar(2)
	r.Advance(59 * time.Second)
	a.quiet()
	r.Advance(time.Second)
	check(a.next(), "2")
	failedSoFar(3)
	r.Advance(300 * time.Second)
	check(a.next(), "3")
	failedSoFar(4)
	r.Advance(time.Hour)
	a.quiet()
	if d := look(r.Sim, View.Dropped); d != 1 {
		t.Fatalf("%d dropped", d)
	}
	for _, id := range ids {
		if id != first.eventID() || id == "" {
			t.Fatal(ids)
		}
	}
	all := r.Envelopes()
	if e := all[len(all)-1]; e.Attempt != 3 || !e.GaveUp || e.AckedAt != nil {
		t.Fatalf("%+v", e)
	}
}

func TestE2_NoRetryAndSuccessStop(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Redelivery = [3]int{0, 0, 0} })
	n := 0
	a := r.app(nil)
	a.answer = func(w http.ResponseWriter, q request) {
		n++
		switch {
		case q.event()["text"] == "no":
			w.Header().Set("X-Slack-No-Retry", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case n < 4:
			w.WriteHeader(http.StatusTeapot)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	}
	r.connect(a)
	r.say(SeedAda, "@bot", "no", "")
	a.next()
	r.until("the event dropped", func(v View) bool { return v.Dropped() == 1 })
	r.say(SeedAda, "@bot", "yes", "")
	for _, num := range []string{"", "1", "2"} {
		if q := a.next(); q.header.Get("X-Slack-Retry-Num") != num {
			t.Fatal(q.header)
		}
	}
	r.until("the third accepted", func(v View) bool {
		e := v.Envelopes()
		return e[len(e)-1].AckedAt != nil && e[len(e)-1].Status == 202
	})
	a.quiet()
	if st := look(r.Sim, View.HTTP); st.Delivered != 1 || st.Failed != 3 || st.Note != "" {
		t.Fatalf("%+v", st)
	}
}

func TestE2_ReasonsToRetry(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Redelivery, s.HTTPTimeout = [3]int{0, 0, 0}, 60 })
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	hang := make(chan struct{})
	defer close(hang)
	answers := map[string]func(http.ResponseWriter, request){
		failTimeout:    func(http.ResponseWriter, request) { <-hang },
		failConnection: func(w http.ResponseWriter, _ request) { cutConnection(w, true) },
		failRedirects: func(w http.ResponseWriter, _ request) {
			w.Header().Set("Location", "/again")
			w.WriteHeader(http.StatusFound)
		},
		failTLS: func(w http.ResponseWriter, _ request) {
			w.Header().Set("Location", secure.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		failStatus: func(w http.ResponseWriter, _ request) {
			w.Header().Set("Location", "http://example.com/")
			w.WriteHeader(http.StatusMovedPermanently)
		},
	}
	for reason, answer := range answers {
		second := make(chan request, 10)
		a := r.app(func(w http.ResponseWriter, q request) {
			if q.header.Get("X-Slack-Retry-Num") != "" {
				second <- q
				return
			}
			answer(w, q)
		})
		r.set(func(s *Settings) { s.HTTPTimeout = 3_000 })
		r.connect(a)
		if reason == failTimeout {
			r.set(func(s *Settings) { s.HTTPTimeout = 60 })
		}
		r.say(SeedAda, "@bot", reason, "")
		select {
		case q := <-second:
			if got := q.header.Get("X-Slack-Retry-Reason"); got != reason {
				t.Errorf("got %s, want %s", got, reason)
			}
		case <-deadline(t).Done():
			t.Fatalf("%s: no retry", reason)
		}
		r.set(func(s *Settings) { s.EventsURL, s.InteractivityURL = "", "" })
	}
}

func TestE2_FollowsTwoRedirects(t *testing.T) {
	r := start(t, Options{})
	a := r.app(nil)
	hops := 0
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		hops++
		to := "/second"
		if q.URL.Path == "/second" {
			to = a.URL
		}
		http.Redirect(w, q, to, http.StatusFound)
	}))
	defer first.Close()
	r.set(func(s *Settings) { s.EventsURL = first.URL })
	r.say(SeedAda, "@bot", "around", "")
	if e := a.next().event(); e["text"] != "around" || hops != 4 { // two for the handshake, two for the event
		t.Fatal(e, hops)
	}
	r.settled()
}

func TestE2_TimeoutOnTheSimulatorsClock(t *testing.T) {
	r := start(t, Options{})
	hang := make(chan struct{})
	defer close(hang)
	r.set(func(s *Settings) { s.HTTPTimeout = 3_600_000 })
	a := r.app(func(_ http.ResponseWriter, q request) {
		if q.header.Get("X-Slack-Retry-Num") == "" {
			<-hang
		}
	})
	r.connect(a)
	r.say(SeedAda, "@bot", "slow", "")
	a.next()
	r.Advance(time.Hour)
	if q := a.next(); q.header.Get("X-Slack-Retry-Reason") != failTimeout {
		t.Fatal(q.header)
	}
	r.until("the retry acknowledged", func(v View) bool {
		e := v.Envelopes()
		return e[len(e)-1].AckedAt != nil
	})
}

func TestE1_InteractionsAndCommandsOverHTTP(t *testing.T) {
	r := start(t, Options{})
	type heard struct {
		ack     string
		failure string
	}
	ask := func(kind string, payload any) heard {
		t.Helper()
		out := make(chan heard, 1)
		r.enter()
		r.ask(kind, "", payload, func(ack json.RawMessage, failure string) { out <- heard{string(ack), failure} })
		r.leave()
		select {
		case h := <-out:
			return h
		case <-deadline(t).Done():
			t.Fatal("no outcome")
			return heard{}
		}
	}
	if h := ask("interactive", obj{"type": "block_actions"}); h.failure != dispatchFailed {
		t.Fatal(h)
	}
	paths := make(chan string, 10)
	var body string
	status := 200
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_ = q.ParseForm()
		paths <- q.URL.Path + " " + q.PostForm.Get("payload") + q.PostForm.Get("command") + q.PostForm.Get("text")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	r.set(func(s *Settings) { s.InteractivityURL = srv.URL + "/interact" })
	expect := func(got heard, path, ack, failure string) {
		t.Helper()
		if p := <-paths; p != path || got.ack != ack || got.failure != failure {
			t.Fatalf("%q %+v, want %q %q %q", p, got, path, ack, failure)
		}
	}
	body = `{"response_action":"clear"}`
	expect(ask("interactive", obj{"type": "view_submission"}), `/interact {"type":"view_submission"}`, body, "")
	body = ""
	expect(ask("interactive", obj{"type": "block_suggestion"}), `/interact {"type":"block_suggestion"}`, "", "")
	expect(ask("slash_commands", obj{"command": "/x", "text": "a & b=c"}), "/interact /xa & b=c", "", "")
	r.set(func(s *Settings) { s.OptionsURL, s.CommandsURL = srv.URL+"/options", srv.URL+"/commands" })
	body = "plain words"
	expect(ask("interactive", obj{"type": "block_suggestion"}), `/options {"type":"block_suggestion"}`, `"plain words"`, "")
	expect(ask("slash_commands", obj{"command": "/x"}), "/commands /x", `"plain words"`, "")
	status = 500
	expect(ask("slash_commands", obj{"command": "/x"}), "/commands /x", "", dispatchFailed)
	if len(paths) != 0 {
		t.Fatal("a command was sent again")
	}
}

func TestHTTPCloseEndsRequests(t *testing.T) {
	r := start(t, Options{})
	hang := make(chan struct{})
	defer close(hang)
	a := r.app(func(http.ResponseWriter, request) { <-hang })
	r.connect(a)
	for range 20 {
		r.say(SeedAda, "@bot", "hi", "")
	}
	a.next()
	if err := r.Close(); err != nil { // waits for the requests; goleak looks for what is left
		t.Fatal(err)
	}
	if err := r.Configure(func(s *Settings) { s.EventsURL = a.URL + "/other" }); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestHTTPRawAndUnknown(t *testing.T) {
	r := start(t, Options{})
	a := r.app(nil)
	r.connect(a)
	if _, err := r.Envelope("", nil, `{"type":"event_callback",`); err != nil {
		t.Fatal(err)
	}
	if q := a.next(); string(q.body) != `{"type":"event_callback",` {
		t.Fatalf("%s", q.body)
	}
	if _, err := r.Envelope("surprise", json.RawMessage(`{"type":"surprise"}`), ""); err != nil {
		t.Fatal(err)
	}
	if q := a.next(); string(q.body) != `{"type":"surprise"}` {
		t.Fatalf("%s", q.body)
	}
	r.settled()
}

func TestL3_AppRateLimited(t *testing.T) {
	r := start(t, Options{Limits: true, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	r.set(func(s *Settings) { s.EventsPerHour = 5 })
	l := r.dial()
	for range 5 {
		r.say(SeedAda, "@bot", "in", "")
		if e := l.event(); e["text"] != "in" {
			t.Fatal(e)
		}
	}
	limited := func() {
		t.Helper()
		for range 3 {
			r.say(SeedAda, "@bot", "over", "")
		}
		env := l.next()
		l.ack(env)
		r.settled() // before the clock moves on
		p := env["payload"].(obj)
		now := look(r.Sim, func(v View) time.Time { return v.s.now() })
		if p["type"] != "app_rate_limited" || p["team_id"] != SeedTeam || p["api_app_id"] != SeedApp || p["token"] == "" || p["event"] != nil {
			t.Fatal(p)
		}
		if at := int64(p["minute_rate_limited"].(float64)); at%60 != 0 || at > now.Unix() || at < now.Unix()-60 {
			t.Fatal(at)
		}
	}
	limited()
	r.Advance(time.Minute)
	limited()
	r.Advance(time.Hour)
	r.say(SeedAda, "@bot", "again", "")
	if e := l.event(); e["text"] != "again" {
		t.Fatal(e)
	}
	if st := look(r.Sim, View.HTTP); st.Limited != 6 {
		t.Fatalf("%+v", st)
	}
	// Without rate limits there is no such limit.
	if err := r.SetLimits(func(s *LimitSettings) { s.Enabled = false }); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		r.say(SeedAda, "@bot", "free", "")
		if e := l.event(); e["text"] != "free" {
			t.Fatal(e)
		}
	}
}

func TestL3_FewSuccessesAreNoted(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Redelivery = [3]int{0, 0, 0} })
	a := r.app(func(w http.ResponseWriter, _ request) { w.WriteHeader(http.StatusBadGateway) })
	r.connect(a)
	r.say(SeedAda, "@bot", "hi", "")
	r.until("the event dropped", func(v View) bool { return v.Dropped() == 1 })
	if st := look(r.Sim, View.HTTP); st.Failed != 4 || !strings.Contains(st.Note, "5%") {
		t.Fatalf("%+v", st)
	}
	code, body := r.ctl("GET", "/sim/state", obj{})
	if code != 200 || !strings.Contains(string(body), `"failed":4`) {
		t.Fatalf("%d %s", code, body)
	}
}
