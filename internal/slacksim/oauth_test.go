package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const back = "http://127.0.0.1:9/slack/oauth_redirect"

func (r *rig) allow(ask obj) (location *url.URL, code string) {
	r.t.Helper()
	full := obj{"client_id": DefaultClientID, "scope": "chat:write,users:read", "redirect_uri": back, "state": "s t&1"}
	for k, v := range ask {
		full[k] = v
	}
	status, body := r.ctlJSON("/oauth/v2/authorize", full)
	if status != 200 {
		r.t.Fatalf("%d %v", status, body)
	}
	u, err := url.Parse(body["location"].(string))
	if err != nil {
		r.t.Fatal(err)
	}
	return u, body["code"].(string)
}

func (r *rig) ctlJSON(path string, ask obj) (int, obj) {
	r.t.Helper()
	b, err := json.Marshal(ask)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.client.Post(r.srv.URL()+path, "application/json", strings.NewReader(string(b)))
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, r.decode(resp)
}

// token calls an OAuth method as apps do: a form, with the credentials in HTTP Basic.
func (r *rig) token(method string, v url.Values) obj {
	r.t.Helper()
	req, err := http.NewRequest("POST", r.srv.APIURL()+method, strings.NewReader(v.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if v.Get("client_id") == "" {
		req.SetBasicAuth(DefaultClientID, DefaultClientSecret)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		r.t.Fatal(resp.Status)
	}
	return r.decode(resp)
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestO_AuthorizePage(t *testing.T) {
	r := start(t, Options{})
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	query := form("client_id", DefaultClientID, "scope", "chat:write,im:history", "user_scope", "search:read", "redirect_uri", back, "state", `"><b>x`)
	resp, err := r.client.Get(r.srv.URL() + "/oauth/v2/authorize?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	page := string(b)
	for _, want := range []string{"Holdfast", "Harbour Works", "chat:write", "im:history", "search:read", "Allow", "Cancel", "Ada Marsh"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<b>x") || resp.StatusCode != 200 {
		t.Error("state is not escaped, or the status is", resp.Status)
	}
	press := func(approve string) *url.URL {
		t.Helper()
		v := url.Values{"approve": {approve}, "user": {SeedBen}}
		for k := range query {
			v.Set(k, query.Get(k))
		}
		resp, err := r.client.PostForm(r.srv.URL()+"/oauth/v2/authorize", v)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		u, err := resp.Location()
		if err != nil || resp.StatusCode != 302 || !strings.HasPrefix(u.String(), back+"?") || u.Query().Get("state") != `"><b>x` {
			t.Fatal(resp.Status, u, err)
		}
		return u
	}
	if u := press("false"); u.Query().Get("error") != "access_denied" || u.Query().Get("code") != "" {
		t.Fatal(u)
	}
	u := press("true")
	out := r.token("oauth.v2.access", form("code", u.Query().Get("code"), "redirect_uri", back))
	user := out["authed_user"].(obj)
	if out["ok"] != true || user["id"] != SeedBen || user["scope"] != "search:read" || out["scope"] != "chat:write,im:history" {
		t.Fatal(out)
	}
	if got := r.callWith("auth.test", user["access_token"].(string), obj{}); got != "not_allowed_token_type" {
		t.Fatal(got)
	}

	wrong := func(want string, pairs ...string) {
		t.Helper()
		v := url.Values{}
		for k := range query {
			v.Set(k, query.Get(k))
		}
		for k, x := range form(pairs...) {
			v[k] = x
		}
		resp, err := r.client.Get(r.srv.URL() + "/oauth/v2/authorize?" + v.Encode())
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 400 || !strings.Contains(string(b), want) {
			t.Errorf("%s: %s %s", want, resp.Status, b)
		}
	}
	wrong("invalid_client_id", "client_id", "1.2")
	wrong("bad_redirect_uri", "redirect_uri", "https://elsewhere.example/")
	wrong("bad_redirect_uri", "redirect_uri", "")
	wrong("no_scopes", "scope", "", "user_scope", "")
	wrong("invalid_scope", "scope", "chat write!")
	wrong("invalid_team", "team", "T0")
	wrong("invalid_code_challenge", "code_challenge", "x", "code_challenge_method", "plain")
	r.set(func(s *Settings) { s.PKCE, s.RedirectURLs = false, []string{"http://127.0.0.1:9/slack"} })
	wrong("pkce_not_allowed", "code_challenge", "x", "code_challenge_method", "S256")
	wrong("bad_redirect_uri", "redirect_uri", "http://127.0.0.1:9/slackers")
	if u := press("true"); u.Query().Get("code") == "" {
		t.Fatal(u)
	}
}

func TestO_CodeForToken(t *testing.T) {
	r := start(t, Options{})
	bad := func(want string, pairs ...string) {
		t.Helper()
		if out := r.token("oauth.v2.access", form(pairs...)); out["error"] != want {
			t.Errorf("got %v, want %s", out, want)
		}
	}
	u, code := r.allow(nil)
	if u.Query().Get("code") != code || u.Query().Get("state") != "s t&1" {
		t.Fatal(u)
	}
	bad("invalid_client_id", "client_id", "else", "code", code)
	bad("bad_client_secret", "client_id", DefaultClientID, "code", code)
	bad("bad_client_secret", "client_id", DefaultClientID, "client_secret", "x", "code", code)
	bad("invalid_grant_type", "grant_type", "password", "code", code)
	bad("invalid_code", "code", "x")
	bad("invalid_code")

	out := r.token("oauth.v2.access", form("client_id", DefaultClientID, "client_secret", DefaultClientSecret, "code", code, "redirect_uri", back))
	token, _ := out["access_token"].(string)
	if !strings.HasPrefix(token, "xoxb-") || out["token_type"] != "bot" || out["bot_user_id"] != SeedBotUser || out["app_id"] != SeedApp ||
		out["scope"] != "chat:write,users:read" || out["team"].(obj)["id"] != SeedTeam || out["expires_in"] != nil || out["is_enterprise_install"] != false {
		t.Fatal(out)
	}
	if v, ok := out["enterprise"]; !ok || v != nil {
		t.Fatal(out)
	}
	bad("invalid_code", "code", code, "redirect_uri", back) // once

	// The token works as a bot's, with the scopes that were allowed.
	if got := r.callWith("auth.test", token, obj{}); got != "" {
		t.Fatal(got)
	}
	if got := r.callWith("chat.postMessage", token, obj{"channel": SeedGeneral, "text": "hi"}); got != "" {
		t.Fatal(got)
	}
	resp, err := r.send("conversations.history", obj{"channel": SeedGeneral}, token)
	if err != nil {
		t.Fatal(err)
	}
	if o := r.decode(resp); o["error"] != "missing_scope" || o["provided"] != "chat:write,users:read" || resp.Header.Get("X-OAuth-Scopes") != "chat:write,users:read" {
		t.Fatal(o, resp.Header)
	}

	_, code = r.allow(nil)
	bad("bad_redirect_uri", "code", code)
	bad("invalid_code", "code", code, "redirect_uri", back) // used up by the failure
	_, code = r.allow(nil)
	r.Advance(10 * time.Minute)
	bad("invalid_code", "code", code, "redirect_uri", back)
	status, body := r.ctlJSON("/oauth/authorize", obj{"client_id": DefaultClientID, "scope": "chat:write", "redirect_uri": back})
	if status != 200 {
		t.Fatal(body)
	}
	bad("oauth_authorization_url_mismatch", "code", body["code"].(string), "redirect_uri", back)

	// After an uninstallation OAuth installs the app again; the tokens of before stay dead.
	if err := r.Uninstall(); err != nil {
		t.Fatal(err)
	}
	if got := r.callWith("auth.test", token, obj{}); got != "account_inactive" {
		t.Fatal(got)
	}
	_, code = r.allow(nil)
	again := r.token("oauth.v2.access", form("code", code, "redirect_uri", back))["access_token"].(string)
	for tok, want := range map[string]string{again: "", token: "account_inactive", DefaultBotToken: "account_inactive"} {
		if got := r.callWith("auth.test", tok, obj{}); got != want {
			t.Errorf("%s: %q", tok, got)
		}
	}
	// The journal keeps no secrets.
	b, err := json.Marshal(r.Calls())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{token, again, code, DefaultClientSecret} {
		if strings.Contains(string(b), secret) {
			t.Errorf("the journal holds %s", secret)
		}
	}
}

func TestO_PKCE(t *testing.T) {
	r := start(t, Options{})
	verifier := strings.Repeat("v", 43)
	ask := obj{"code_challenge": challengeOf(verifier), "code_challenge_method": "S256"}
	_, code := r.allow(ask)
	if out := r.token("oauth.v2.access", form("code", code, "redirect_uri", back, "code_verifier", "else")); out["error"] != "invalid_code_verifier" {
		t.Fatal(out)
	}
	_, code = r.allow(ask)
	if out := r.token("oauth.v2.access", form("code", code, "redirect_uri", back)); out["error"] != "invalid_code_verifier" {
		t.Fatal(out)
	}
	_, code = r.allow(nil)
	if out := r.token("oauth.v2.access", form("code", code, "redirect_uri", back, "code_verifier", verifier)); out["error"] != "invalid_code_verifier" {
		t.Fatal(out)
	}
	// A public client has no secret.
	_, code = r.allow(ask)
	if out := r.token("oauth.v2.access", form("client_id", DefaultClientID, "code", code, "redirect_uri", back, "code_verifier", verifier)); out["ok"] != true {
		t.Fatal(out)
	}
	r.set(func(s *Settings) { s.PKCE = false })
	if out := r.token("oauth.v2.access", form("code", "x", "code_verifier", verifier)); out["error"] != "pkce_not_allowed" {
		t.Fatal(out)
	}
}

func TestO_Rotation(t *testing.T) {
	r := start(t, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	r.set(func(s *Settings) { s.TokenRotation = true })
	_, code := r.allow(nil)
	first := r.token("oauth.v2.access", form("code", code, "redirect_uri", back))
	if first["expires_in"] != 43_200.0 || !strings.HasPrefix(first["access_token"].(string), "xoxe.xoxb-1-") || !strings.HasPrefix(first["refresh_token"].(string), "xoxe-1-") {
		t.Fatal(first)
	}
	refresh := func(token any) obj {
		t.Helper()
		return r.token("oauth.v2.access", form("grant_type", "refresh_token", "refresh_token", token.(string)))
	}
	works := func(out obj, want string) {
		t.Helper()
		if got := r.callWith("auth.test", out["access_token"].(string), obj{}); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	works(first, "")
	r.Advance(11 * time.Hour)
	second := refresh(first["refresh_token"])
	if second["ok"] != true || second["expires_in"] != 43_200.0 || second["access_token"] == first["access_token"] || second["refresh_token"] == first["refresh_token"] {
		t.Fatal(second)
	}
	// Within the grace the answer can be had again; then the refresh token is used up.
	if again := refresh(first["refresh_token"]); again["access_token"] != second["access_token"] || again["refresh_token"] != second["refresh_token"] {
		t.Fatal(again)
	}
	r.Advance(5 * time.Second)
	if out := refresh(first["refresh_token"]); out["error"] != "invalid_refresh_token" {
		t.Fatal(out)
	}
	// The old access token lives to its end.
	works(first, "")
	works(second, "")
	r.Advance(time.Hour - 5*time.Second)
	works(first, "token_expired")
	works(second, "")
	if out := refresh("nonsense"); out["error"] != "invalid_refresh_token" {
		t.Fatal(out)
	}

	// A saved workspace keeps its tokens.
	if err := r.Import(r.Export()); err != nil {
		t.Fatal(err)
	}
	works(first, "token_expired")
	works(second, "")
	third := refresh(second["refresh_token"])
	// auth.revoke takes that one token only.
	if got := r.callWith("auth.revoke", third["access_token"].(string), obj{}); got != "" {
		t.Fatal(got)
	}
	works(third, "token_revoked")
	works(second, "")
	if out := refresh(third["refresh_token"]); out["error"] != "invalid_refresh_token" {
		t.Fatal(out)
	}

	r.set(func(s *Settings) { s.TokenLife = 2_500 })
	_, code = r.allow(nil)
	if short := r.token("oauth.v2.access", form("code", code, "redirect_uri", back)); short["expires_in"] != 3.0 {
		t.Fatal(short)
	}
}

func TestO_Exchange(t *testing.T) {
	r := start(t, Options{})
	exchange := func(token string) obj { return r.token("oauth.v2.exchange", form("token", token)) }
	if out := exchange(DefaultBotToken); out["error"] != "token_rotation_not_enabled" {
		t.Fatal(out)
	}
	_, code := r.allow(nil)
	old := r.token("oauth.v2.access", form("code", code, "redirect_uri", back))["access_token"].(string)
	r.set(func(s *Settings) { s.TokenRotation = true })
	for _, token := range []string{DefaultBotToken, old} {
		out := exchange(token)
		if out["ok"] != true || out["refresh_token"] == nil || out["expires_in"] != 43_200.0 {
			t.Fatal(out)
		}
		if got := r.callWith("auth.test", out["access_token"].(string), obj{}); got != "" {
			t.Fatal(got)
		}
		if again := exchange(token); again["error"] != "token_already_exchanged" {
			t.Fatal(again)
		}
		if again := exchange(out["access_token"].(string)); again["error"] != "invalid_token" {
			t.Fatal(again)
		}
		if got := r.callWith("auth.test", token, obj{}); got != "token_revoked" {
			t.Fatal(got)
		}
	}
	if out := exchange("xoxb-else"); out["error"] != "invalid_token" {
		t.Fatal(out)
	}
	r.Install()
	r.set(func(s *Settings) { s.TokenState = "revoked" })
	if out := exchange(DefaultBotToken); out["error"] != "authorization_not_found" {
		t.Fatal(out)
	}
}

func TestO_GuardedFromOtherSites(t *testing.T) {
	r := start(t, Options{})
	req, err := http.NewRequest("POST", r.srv.URL()+"/oauth/v2/authorize", strings.NewReader(form("client_id", DefaultClientID, "scope", "chat:write", "redirect_uri", back, "approve", "true").Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://elsewhere.example")
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Fatal(resp.Status)
	}
}
