package slacksim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestT1_Encodings(t *testing.T) {
	r := start(t, Options{})
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "json"})
	if out := r.form("chat.postMessage", url.Values{"token": {DefaultBotToken}, "channel": {SeedGeneral}, "text": {"form"}}); out["ok"] != true {
		t.Fatal(out)
	}
	resp, err := r.client.Get(r.srv.APIURL() + "conversations.history?limit=1&channel=" + SeedGeneral + "&token=" + DefaultBotToken)
	if err != nil {
		t.Fatal(err)
	}
	out := r.decode(resp)
	if m := out["messages"].([]any)[0].(obj); m["text"] != "form" {
		t.Fatalf("GET read %v", out)
	}
	// Nested values: JSON inside a form field, and inside a JSON body, plain or as a string.
	blocks := `[{"type":"divider"}]`
	if out := r.form("chat.postMessage", url.Values{"token": {DefaultBotToken}, "channel": {SeedGeneral}, "blocks": {blocks}}); out["ok"] != true {
		t.Fatal(out)
	}
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "blocks": blocks})
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "blocks": []obj{{"type": "divider"}}})
	equal(t, "texts", texts(r.Messages(SeedGeneral))[:2], []string{"json", "form"})

	for body, want := range map[string]string{"{": "invalid_json", "[1]": "json_not_object"} {
		req, _ := http.NewRequest("POST", r.srv.APIURL()+"auth.test", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+DefaultBotToken)
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if out := r.decode(resp); out["error"] != want {
			t.Errorf("%s: %v", body, out)
		}
	}
}

func TestT1_Tokens(t *testing.T) {
	r := start(t, Options{})
	check := func(method, token, want string) {
		t.Helper()
		resp, err := r.send(method, obj{}, token)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 200 {
			t.Errorf("status %d", resp.StatusCode)
		}
		if out := r.decode(resp); out["error"] != want {
			t.Errorf("%s with %q: %v, want %s", method, token, out, want)
		}
	}
	check("auth.test", "", "not_authed")
	check("auth.test", "xoxb-else", "invalid_auth")
	check("auth.test", DefaultAppToken, "not_allowed_token_type")
	check("apps.connections.open", DefaultBotToken, "not_allowed_token_type")
	if out := r.form("apps.connections.open", url.Values{"token": {DefaultAppToken}}); out["error"] != "not_authed" {
		t.Errorf("app token in the body: %v", out)
	}
	for state, want := range map[string]string{"revoked": "token_revoked", "expired": "token_expired", "inactive": "account_inactive"} {
		r.set(func(s *Settings) { s.TokenState = state })
		check("auth.test", DefaultBotToken, want)
	}
	// A JSON body carries no token.
	r.set(func(s *Settings) { s.TokenState = "live" })
	resp, err := r.send("auth.test", obj{"token": DefaultBotToken}, "")
	if err != nil {
		t.Fatal(err)
	}
	if out := r.decode(resp); out["error"] != "not_authed" {
		t.Errorf("token in a JSON body: %v", out)
	}
	for _, c := range r.Calls() {
		if strings.Contains(string(c.Args), "xoxb") || strings.Contains(string(c.Args), "xapp") {
			t.Errorf("the journal holds a token: %s", c.Args)
		}
	}
}

func TestT2_UnknownMethodAndScopes(t *testing.T) {
	r := start(t, Options{})
	r.bad("unknown_method", "chat.shout", obj{})
	r.set(func(s *Settings) { s.Scopes = []string{"users:read"} })
	out := r.bad("missing_scope", "chat.postMessage", obj{"channel": SeedGeneral, "text": "x"})
	if out["needed"] != "chat:write" || out["provided"] != "users:read" {
		t.Fatal(out)
	}
	resp, err := r.send("chat.postMessage", obj{}, DefaultBotToken)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("X-OAuth-Scopes"); got != "users:read" {
		t.Errorf("X-OAuth-Scopes %q", got)
	}
}

func TestT3_Faults(t *testing.T) {
	r := start(t, Options{})
	arm := func(f Fault) {
		t.Helper()
		f.Method, f.Times = "chat.postMessage", 1
		if _, err := r.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	message := obj{"channel": SeedGeneral, "text": "x"}
	count := func() (n int) {
		r.Look(func(v View) { n = v.Count(SeedGeneral) })
		return n
	}

	arm(Fault{Kind: "429", RetryAfter: 7})
	resp, err := r.send("chat.postMessage", message, DefaultBotToken)
	if err != nil {
		t.Fatal(err)
	}
	if out := r.decode(resp); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "7" || out["error"] != "ratelimited" {
		t.Errorf("429: %d %v", resp.StatusCode, out)
	}
	arm(Fault{Kind: "html"})
	resp, err = r.send("chat.postMessage", message, DefaultBotToken)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode < 500 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(string(b), "<html>") {
		t.Errorf("html: %d %s", resp.StatusCode, b)
	}
	arm(Fault{Kind: "500"})
	if resp, err = r.send("chat.postMessage", message, DefaultBotToken); err != nil || resp.StatusCode != 500 {
		t.Fatal(resp, err)
	}
	r.decode(resp)
	arm(Fault{Kind: "error", Error: "restricted_action"})
	r.bad("restricted_action", "chat.postMessage", message)
	arm(Fault{Kind: "reset_before"})
	if _, err = r.send("chat.postMessage", message, DefaultBotToken); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset_before: %v", err)
	}
	arm(Fault{Kind: "hang", MS: 20})
	if _, err = r.send("chat.postMessage", message, DefaultBotToken); err == nil {
		t.Error("hang gave an answer")
	}
	if n := count(); n != 0 {
		t.Fatalf("%d messages after faults without effect", n)
	}

	arm(Fault{Kind: "reset_after"})
	if _, err = r.send("chat.postMessage", message, DefaultBotToken); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset_after: %v", err)
	}
	arm(Fault{Kind: "lost"})
	if _, err = r.send("chat.postMessage", message, DefaultBotToken); !errors.Is(err, io.EOF) {
		t.Errorf("lost: %v", err)
	}
	arm(Fault{Kind: "hang_after", MS: 20})
	if _, err = r.send("chat.postMessage", message, DefaultBotToken); err == nil {
		t.Error("hang_after gave an answer")
	}
	arm(Fault{Kind: "internal_after"})
	r.bad("internal_error", "chat.postMessage", message)
	arm(Fault{Kind: "delay", MS: 30})
	began := time.Now()
	r.ok("chat.postMessage", message)
	if d := time.Since(began); d < 30*time.Millisecond {
		t.Errorf("delay took %v", d)
	}
	if n := count(); n != 5 {
		t.Fatalf("%d messages after five faults with effect", n)
	}
	if n := len(r.Faults()); n != 0 {
		t.Errorf("%d faults still armed", n)
	}
}

func TestT3_HangEndsWithTheCaller(t *testing.T) {
	r := start(t, Options{})
	if _, err := r.AddFault(Fault{Method: "*", Kind: "hang", Skip: 1}); err != nil {
		t.Fatal(err)
	}
	r.ok("api.test", obj{}) // skipped
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "POST", r.srv.APIURL()+"auth.test", nil)
	if _, err := r.client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	r.until("the call in the journal", func(v View) bool {
		c := v.Calls("auth.test")
		return len(c) == 1 && c[0].Fault == "hang" && c[0].Status == 0
	})
	if n := r.ClearFaults(""); n != 1 {
		t.Fatalf("cleared %d", n)
	}
	r.ok("auth.test", obj{})
}

func TestL1_RateLimits(t *testing.T) {
	r := start(t, Options{Limits: true, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	thread := r.say(SeedAda, SeedGeneral, "hi", "").TS
	begin := obj{"channel": SeedGeneral, "thread_ts": thread, "recipient_user_id": SeedAda, "recipient_team_id": SeedTeam}
	for range 20 {
		r.ok("chat.startStream", begin)
	}
	resp, err := r.send("chat.startStream", begin, DefaultBotToken)
	if err != nil {
		t.Fatal(err)
	}
	if out := r.decode(resp); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "60" || out["error"] != "ratelimited" {
		t.Fatalf("21st: %d %q %v", resp.StatusCode, resp.Header.Get("Retry-After"), out)
	}
	r.ok("auth.test", obj{}) // other methods are not touched

	for range postBurst {
		r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x"})
	}
	if resp, err = r.send("chat.postMessage", obj{"channel": SeedGeneral, "text": "x"}, DefaultBotToken); err != nil || resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "1" {
		t.Fatal(resp, err)
	}
	r.decode(resp)
	r.ok("chat.postMessage", obj{"channel": SeedEngineering, "text": "x"}) // the limit is the channel's
	r.Advance(time.Second)
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x"})
	r.Advance(time.Minute)
	r.ok("chat.startStream", begin)

	if err := r.SetLimits(func(l *LimitSettings) { l.Burst, l.Methods["auth.test"] = 1, 1 }); err != nil {
		t.Fatal(err)
	}
	r.ok("auth.test", obj{})
	r.ok("auth.test", obj{})
	r.bad("ratelimited", "auth.test", obj{})
}

// In any stretch of a minute no more than the limit passes, and after the time it says a call does pass.
func TestL1_WindowProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		now := time.Unix(1_800_000_000, 0)
		var w window
		var passed []time.Time
		for range 60 {
			now = now.Add(time.Duration(rapid.IntRange(0, 30_000).Draw(t, "step")) * time.Millisecond)
			if d := w.wait(now, limit); d > 0 {
				now = now.Add(d)
				if again := w.wait(now, limit); again != 0 {
					t.Fatalf("refused after waiting %v: %v more", d, again)
				}
			}
			passed = append(passed, now)
			if n := len(passed); n > limit && now.Sub(passed[n-1-limit]) < time.Minute {
				t.Fatalf("%d calls within %v", limit+1, now.Sub(passed[n-1-limit]))
			}
		}
	})
}

func TestL2_NonMarketplace(t *testing.T) {
	r := start(t, Options{})
	for range 20 {
		r.say(SeedAda, SeedGeneral, "x", "")
	}
	r.set(func(s *Settings) { s.NonMarketplace = true })
	out := r.ok("conversations.history", obj{"channel": SeedGeneral, "limit": 100})
	if n := len(out["messages"].([]any)); n != 15 {
		t.Fatalf("%d messages", n)
	}
	r.bad("ratelimited", "conversations.history", obj{"channel": SeedGeneral})
	r.Advance(time.Minute)
	r.ok("conversations.history", obj{"channel": SeedGeneral})
}

func TestDirectory(t *testing.T) {
	r := start(t, Options{})
	if out := r.ok("auth.test", obj{}); out["user_id"] != SeedBotUser || out["bot_id"] != SeedBot || out["team_id"] != SeedTeam {
		t.Error(out)
	}
	if out := r.ok("users.info", obj{"user": SeedAda}); out["user"].(obj)["tz"] != "Europe/London" {
		t.Error(out)
	}
	if out := r.ok("users.info", obj{"user": SeedBen}); out["user"].(obj)["tz_offset"] != -18000.0 {
		t.Error(out)
	}
	r.bad("user_not_found", "users.info", obj{"user": "U0"})
	first := r.ok("users.list", obj{"limit": 2})
	next := first["response_metadata"].(obj)["next_cursor"]
	second := r.ok("users.list", obj{"limit": 2, "cursor": next})
	if len(first["members"].([]any)) != 2 || len(second["members"].([]any)) != 1 {
		t.Error(first, second)
	}
	r.bad("invalid_cursor", "users.list", obj{"cursor": "bm9wZQ=="})
	if out := r.ok("conversations.list", obj{}); len(out["channels"].([]any)) != 3 {
		t.Error(out)
	}
	if out := r.ok("conversations.list", obj{"types": "im"}); len(out["channels"].([]any)) != 2 {
		t.Error(out)
	}
	if out := r.ok("conversations.info", obj{"channel": SeedRandom}); out["channel"].(obj)["is_member"] != false {
		t.Error(out)
	}
	if c := r.ok("users.conversations", obj{})["channels"].([]any)[0].(obj); c["is_member"] != nil || c["num_members"] != nil || c["name"] == nil {
		t.Errorf("users.conversations describes a channel as %v", c) // Slack's own leaves both out
	}
	r.bad("channel_not_found", "conversations.info", obj{"channel": "C0"})
	if out := r.ok("conversations.open", obj{"users": SeedAda}); out["channel"].(obj)["id"] != SeedAdaDM {
		t.Error(out)
	}
	r.ok("conversations.join", obj{"channel": SeedRandom})
	if out := r.ok("conversations.members", obj{"channel": SeedRandom}); len(out["members"].([]any)) != 3 {
		t.Error(out)
	}
	r.ok("team.info", obj{})
	r.ok("bots.info", obj{"bot": SeedBot})
	r.ok("users.profile.get", obj{"user": SeedBen})
	r.bad("boom", "api.test", obj{"error": "boom"})
	view := obj{"type": "home", "blocks": []obj{{"type": "divider"}}}
	hash := r.ok("views.publish", obj{"user_id": SeedAda, "view": view})["view"].(obj)["hash"]
	r.ok("views.publish", obj{"user_id": SeedAda, "view": view, "hash": hash})
	r.bad("hash_conflict", "views.publish", obj{"user_id": SeedAda, "view": view, "hash": hash})
	r.bad("invalid_arguments", "views.publish", obj{"user_id": SeedAda, "view": obj{"type": "home", "blocks": []obj{{"type": "alert"}}}})
}
