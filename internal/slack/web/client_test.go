package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
)

var _ outbox.Unresolved = (*Error)(nil)

// local serves h on loopback and returns a client for it.
func local(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	c := New(Options{APIURL: srv.URL + "/api/", Token: "xoxb-very-secret", Limits: Limits{Unlimited: true}})
	t.Cleanup(func() { c.Close(); srv.Close() })
	return c
}

func ts(s string) chat.TS { return chat.TS(s) }

func classOf(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error %v (%T) is no *Error", err, err)
	}
	return e
}

func TestRequestOnTheWire(t *testing.T) {
	c := local(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/chat.postMessage" || r.URL.RawQuery != "" {
			t.Errorf("request is %s %s", r.Method, r.URL)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer xoxb-very-secret" {
			t.Errorf("Authorization %q", got)
		}
		if got := r.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/x-www-form-urlencoded") {
			t.Errorf("Content-Type %q", got)
		}
		_ = r.ParseForm()
		for key, want := range map[string]string{
			"channel": "C1", "text": "a & b = ü\n", "thread_ts": "1.2", "unfurl_links": "false",
			"blocks":   `[{"type":"divider"}]`,
			"metadata": `{"event_type":"turn","event_payload":{"turn":"t1"}}`,
		} {
			if got := r.PostForm.Get(key); got != want {
				t.Errorf("%s = %q, want %q", key, got, want)
			}
		}
		if r.PostForm.Has("token") || r.PostForm.Has("markdown_text") || len(r.PostForm) != 6 {
			t.Errorf("fields that were not asked for: %v", r.PostForm)
		}
		_, _ = io.WriteString(w, `{"ok":true,"channel":"C1","ts":"5.000006","message":{"ts":"5.000006","thread_ts":"1.2","text":"x"}}`)
	})
	no := false
	got, err := c.PostMessage(t.Context(), Post{Channel: "C1", ThreadTS: "1.2", Text: "a & b = ü\n", UnfurlLinks: &no,
		Blocks:   json.RawMessage(`[{"type":"divider"}]`),
		Metadata: &Metadata{EventType: "turn", EventPayload: json.RawMessage(`{"turn":"t1"}`)}}, Send{Priority: Final})
	if err != nil || got.TS != "5.000006" || got.ThreadTS != "1.2" || got.Channel != "C1" {
		t.Errorf("PostMessage = %+v, %v", got, err)
	}
}

func TestErrorClasses(t *testing.T) {
	big := strings.Repeat("x", maxAnswer)
	for _, tt := range []struct {
		name    string
		status  int
		body    string
		class   Class
		code    string
		message string
	}{
		{"refused", 200, `{"ok":false,"error":"channel_not_found"}`, Refused, "channel_not_found", ""},
		{"a code of tomorrow", 200, `{"ok":false,"error":"no_moon"}`, Refused, "no_moon", ""},
		{"auth", 200, `{"ok":false,"error":"token_revoked"}`, Auth, "token_revoked", ""},
		{"scope", 200, `{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"users:read"}`, Refused, "missing_scope", "add the scope chat:write"},
		{"internal", 200, `{"ok":false,"error":"internal_error"}`, Unknown, "internal_error", ""},
		{"fatal", 200, `{"ok":false,"error":"fatal_error"}`, Unknown, "fatal_error", ""},
		{"timeout", 200, `{"ok":false,"error":"request_timeout"}`, Unknown, "request_timeout", ""},
		{"unavailable", 200, `{"ok":false,"error":"service_unavailable"}`, Unknown, "service_unavailable", ""},
		{"details", 200, `{"ok":false,"error":"invalid_blocks","errors":["bad"],"response_metadata":{"messages":["[ERROR] bad [json-pointer:/blocks/0]"]}}`, Refused, "invalid_blocks", "[json-pointer:/blocks/0]"},
		{"odd types", 200, `{"ok":false,"error":"invalid_blocks","errors":7,"needed":{},"response_metadata":"x"}`, Refused, "invalid_blocks", ""},
		{"error of an odd type", 200, `{"ok":false,"error":{"code":3}}`, Refused, "", ""},
		{"html with 200", 200, `<html>sign in</html>`, Unknown, codeNotJSON, ""},
		{"json without ok", 200, `{"messages":[]}`, Unknown, codeNotJSON, ""},
		{"json, no object", 200, `[1]`, Unknown, codeNotJSON, ""},
		{"empty", 200, ``, Unknown, codeNotJSON, ""},
		{"cut", 200, `{"ok":true,"ts":"1.`, Unknown, codeNotJSON, ""},
		{"html with 503", 503, `<html>down</html>`, Unknown, "http_503", ""},
		{"json with 500", 500, `{"ok":false,"error":"fatal_error"}`, Unknown, "fatal_error", ""},
		{"ok with 500", 500, `{"ok":true}`, Unknown, "", ""},
		{"proxy", 403, `forbidden`, Refused, "http_403", ""},
		{"redirect", 302, ``, Refused, "http_302", ""},
		{"request timeout", 408, ``, Unknown, "http_408", ""},
		{"too large", 200, `{"ok":true,"x":"` + big + `"}`, Unknown, codeTooLarge, ""},
		{"no ts", 200, `{"ok":true}`, Unknown, "no_ts_in_answer", ""},
		{"ts of an odd type", 200, `{"ok":true,"ts":12.5}`, Unknown, "no_ts_in_answer", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := local(t, func(w http.ResponseWriter, r *http.Request) {
				if tt.status == 302 {
					w.Header().Set("Location", "/api/elsewhere")
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := c.PostMessage(t.Context(), Post{Channel: "C1", Text: "x"}, Send{})
			e := classOf(t, err)
			if e.Class != tt.class || e.Code != tt.code || e.Status != tt.status || !strings.Contains(e.Error(), tt.message) {
				t.Errorf("got %+v (%v)\nwant class %v, code %q, words %q", e, e, tt.class, tt.code, tt.message)
			}
			if e.Unresolved() != (tt.class == Unknown) {
				t.Errorf("Unresolved() = %v for class %v", e.Unresolved(), e.Class)
			}
			if _, ok := e.Refused(); ok != (tt.class == Refused || tt.class == Auth) {
				t.Errorf("Refused() = %v for class %v", ok, e.Class)
			}
		})
	}
}

// Whatever goes wrong after a connection was had leaves the effect unknown;
// before that, nothing can have happened. And no call is made twice.
func TestLostAnswers(t *testing.T) {
	var calls atomic.Int32
	hung := make(chan struct{})
	c := local(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		switch {
		case bytes.Contains(body, []byte("hang")):
			select {
			case <-r.Context().Done():
			case <-hung:
			}
		case bytes.Contains(body, []byte("reset")):
			conn, _, _ := http.NewResponseController(w).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		case bytes.Contains(body, []byte("half")):
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"ok":true,`)
			panic(http.ErrAbortHandler)
		}
	})
	defer close(hung)
	for _, text := range []string{"reset", "half", "hang"} {
		calls.Store(0)
		_, err := c.PostMessage(t.Context(), Post{Channel: "C1", Text: text}, Send{Timeout: 300 * time.Millisecond})
		if e := classOf(t, err); e.Class != Unknown || e.Cause == nil {
			t.Errorf("%s: %+v, want class unknown with a cause", text, e)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%s: the call was made %d times", text, n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := c.PostMessage(ctx, Post{Channel: "C1", Text: "hang"}, Send{})
	if e := classOf(t, err); e.Class != Unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in flight: %+v", e)
	}
	_, err = c.PostMessage(ctx, Post{Channel: "C1", Text: "never"}, Send{})
	if e := classOf(t, err); e.Class != Unsent || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %+v", e)
	}
}

func TestUnsent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	for _, url := range []string{"http://" + addr + "/api/", "http://bad host/", "::nonsense", "ftp://127.0.0.1/"} {
		c := New(Options{APIURL: url, Token: "xoxb-very-secret"})
		_, err := c.PostMessage(t.Context(), Post{Channel: "C1", Text: "x"}, Send{})
		if e := classOf(t, err); e.Class != Unsent {
			t.Errorf("%s: %+v, want unsent", url, e)
		}
	}
	c := New(Options{APIURL: "http://" + addr, Token: "xoxb-very-secret"})
	for _, method := range []string{"", "../x", "chat/post", "a?b", "http://evil", "a..b"} {
		if e := classOf(t, c.Call(t.Context(), Request{Method: method}, nil)); e.Class != Unsent {
			t.Errorf("method %q: %+v, want unsent", method, e)
		}
	}
}

func TestTokenStaysHome(t *testing.T) {
	var strayed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	var log bytes.Buffer
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chat.delete":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/chat.update":
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	defer srv.Close()
	c := New(Options{APIURL: srv.URL, Token: "xoxb-very-secret", Limits: Limits{Unlimited: true},
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	defer c.Close()
	var said []string
	for _, method := range []string{"chat.delete", "chat.update", "auth.test"} {
		err := c.Call(t.Context(), Request{Method: method, Admitted: true}, nil)
		if err == nil {
			t.Errorf("%s succeeded", method)
			continue
		}
		said = append(said, err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err))
	}
	said = append(said, log.String(), fmt.Sprintf("%v %+v %#v", c, c, c))
	if s := strings.Join(said, "\n"); strings.Contains(s, "very-secret") {
		t.Errorf("the token can be read in:\n%s", s)
	}
	if strayed.Load() != 0 {
		t.Error("a redirect to another host was followed")
	}
	if _, err := New(Options{APIURL: srv.URL, Token: "xoxb-very-secret\nx"}).AuthTest(t.Context()); strings.Contains(err.Error(), "very-secret") {
		t.Errorf("a token that cannot be sent is shown: %v", err)
	}
}

// A storm: the method is limited for 40 s while a hundred ticks and one final
// call wait for it.
func TestStormOf429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		type hit struct {
			text string
			at   time.Duration
		}
		var mu sync.Mutex
		var hits []hit
		limitedUntil := start.Add(40 * time.Second)
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			mu.Lock()
			hits = append(hits, hit{r.PostForm.Get("text"), time.Since(start)})
			mu.Unlock()
			if left := time.Until(limitedUntil); left > 0 {
				w.Header().Set("Retry-After", fmt.Sprint(int(left.Seconds())))
				w.WriteHeader(429)
				_, _ = io.WriteString(w, `{"ok":false,"error":"ratelimited"}`)
				return
			}
			_, _ = io.WriteString(w, `{"ok":true,"ts":"1.2"}`)
		}), Options{})
		update := func(text string, p Priority) error {
			_, err := c.Update(t.Context(), Change{Channel: "C1", TS: "1.2", Text: text}, Send{Priority: p, Wait: 10 * time.Minute})
			return err
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := update("first", Tick); err != nil {
				t.Errorf("the call that met the 429: %v", err)
			}
		})
		synctest.Wait()
		for range 100 {
			wg.Go(func() {
				if err := update("tick", Tick); err != nil {
					t.Errorf("a tick: %v", err)
				}
			})
		}
		synctest.Wait()
		wg.Go(func() {
			if err := update("final", Final); err != nil {
				t.Errorf("the final call: %v", err)
			}
		})
		wg.Wait()
		if hits[0].text != "first" || hits[1].text != "final" || hits[1].at < 40*time.Second || hits[1].at > 42*time.Second {
			t.Errorf("first two calls: %+v", hits[:2])
		}
		if hits[2].text != "first" {
			t.Errorf("after the final call came %+v, want the tick that had been refused", hits[2])
		}
		if len(hits) != 103 {
			t.Errorf("%d calls for 102 updates of which one met a 429", len(hits))
		}
	})
}

func TestRetryAfterLongerThanPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.Header().Set("Retry-After", "300")
			w.WriteHeader(429)
		}), Options{})
		start := time.Now()
		e := classOf(t, c.Call(t.Context(), Request{Method: "chat.update", Wait: time.Minute}, nil))
		if e.Class != Limited || e.RetryAfter != 5*time.Minute || time.Since(start) > time.Second || calls != 1 {
			t.Errorf("%+v after %v and %d calls; want limited for 5m at once, after one", e, time.Since(start), calls)
		}
		if e.Unresolved() {
			t.Error("a 429 counts as unresolved")
		}
		// The next caller is not sent at all, and says for how long.
		e = classOf(t, c.Call(t.Context(), Request{Method: "chat.update", Wait: time.Minute}, nil))
		if e.Class != Limited || calls != 1 || e.RetryAfter < 3*time.Minute {
			t.Errorf("during the hold: %+v after %d calls", e, calls)
		}
		if c.TryAdmit(t.Context(), "chat.update", "", Final) {
			t.Error("TryAdmit gave a slot during the hold")
		}
		if !c.TryAdmit(t.Context(), "chat.delete", "", Tick) {
			t.Error("another method is held too")
		}
	})
}

// An admitted call is not repeated with its old payload; the next Admit waits
// as long as Slack said.
func TestAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var texts []string
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			texts = append(texts, r.PostForm.Get("text"))
			if len(texts) == 1 {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(429)
				return
			}
			_, _ = io.WriteString(w, `{"ok":true,"ts":"1.2"}`)
		}), Options{})
		start := time.Now()
		for i := 0; ; i++ {
			if err := c.Admit(t.Context(), "chat.update", "C1", Tick); err != nil {
				t.Fatal(err)
			}
			_, err := c.Update(t.Context(), Change{Channel: "C1", TS: "1.2", Text: fmt.Sprint(i)}, Send{Admitted: true})
			if err == nil {
				break
			}
			if e := classOf(t, err); e.Class != Limited || e.RetryAfter != 7*time.Second {
				t.Fatalf("%+v", e)
			}
		}
		if strings.Join(texts, " ") != "0 1" || time.Since(start) < 7*time.Second {
			t.Errorf("sent %v in %v", texts, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c.sched.hold(t.Context(), "chat.update", time.Hour)
		if e := classOf(t, c.Admit(ctx, "chat.update", "C1", Final)); e.Class != Unsent || !errors.Is(e, context.DeadlineExceeded) {
			t.Errorf("Admit that ran out of time: %+v", e)
		}
	})
}

// Every call ends, by default within ten seconds of its slot.
func TestDefaultDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}), Options{})
		start := time.Now()
		e := classOf(t, c.Call(t.Context(), Request{Method: "chat.update"}, nil))
		if e.Class != Unknown || time.Since(start) != 10*time.Second {
			t.Errorf("%+v after %v", e, time.Since(start))
		}
	})
}

func TestRetryAfterHeader(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"1": time.Second, " 30 ": 30 * time.Second, "0": time.Second, "": defaultRetry, "soon": defaultRetry,
		"-5": defaultRetry, "99999999": 24 * time.Hour, "Mon, 01 Jan 2001 00:00:00 GMT": time.Second,
	} {
		if got := retryAfter(header); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", header, got, want)
		}
	}
}
