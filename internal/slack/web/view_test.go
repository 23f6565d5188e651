package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestViews(t *testing.T) {
	c, sent := scripted(t, map[string]string{
		"views.open":    `{"ok":true,"view":{"id":"V1","hash":"h1"}}`,
		"views.update":  `{"ok":false,"error":"hash_conflict"}`,
		"views.publish": `{"ok":true,"view":7}`,
	})
	ctx, s := t.Context(), Send{Priority: Final}
	v, err := c.OpenView(ctx, "1.2", json.RawMessage(`{"type":"modal"}`), s)
	if err != nil || v != (View{"V1", "h1"}) {
		t.Errorf("opened %v, %v", v, err)
	}
	if _, err := c.UpdateView(ctx, v.ID, v.Hash, json.RawMessage(`{}`), s); Code(err) != "hash_conflict" {
		t.Errorf("an update of an older view: %v", err)
	}
	if v, err := c.PublishView(ctx, "U1", "", json.RawMessage(`{}`), s); err == nil && v.ID != "" {
		t.Errorf("published %v, %v", v, err)
	}
	want := map[string]url.Values{
		"views.open":    {"trigger_id": {"1.2"}, "view": {`{"type":"modal"}`}},
		"views.update":  {"view_id": {"V1"}, "hash": {"h1"}, "view": {"{}"}},
		"views.publish": {"user_id": {"U1"}, "view": {"{}"}},
	}
	if diff := cmp.Diff(want, sent()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A response_url comes from outside: it is used only where it is Slack's, and without our
// token.
func TestRespondGoesToSlackAlone(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, r.URL.Path+" "+string(b)+r.Header.Get("Authorization"))
		if strings.HasSuffix(r.URL.Path, "/used") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"ok":false,"error":"used_url"}`)
		}
		if strings.HasSuffix(r.URL.Path, "/away") {
			http.Redirect(w, r, "/actions/elsewhere", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	c := New(Options{APIURL: server.URL + "/api/", Token: "xoxb-1"})
	defer c.Close()
	respond := func(address string) error {
		return c.Respond(t.Context(), address, Response{Text: "hi"}, Send{})
	}
	if err := respond(server.URL + "/actions/1"); err != nil {
		t.Error(err)
	}
	if err := respond(server.URL + "/actions/used"); Code(err) != "used_url" {
		t.Errorf("a used address: %v", err)
	}
	if err := respond(server.URL + "/actions/away"); Code(err) != "http_307" {
		t.Errorf("a redirect: %v", err)
	}
	if diff := cmp.Diff([]string{`/actions/1 {"text":"hi","replace_original":false}`, `/actions/used {"text":"hi","replace_original":false}`,
		`/actions/away {"text":"hi","replace_original":false}`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for address, want := range map[string]bool{
		"https://hooks.slack.com/actions/T1/1/x":        true,
		"https://HOOKS.SLACK.COM/commands/T1/1/x":       true,
		"https://hooks.slack-gov.com/actions/T1/1/x":    true,
		server.URL + "/actions/1":                       true,
		"http://hooks.slack.com/actions/T1/1/x":         false,
		"https://hooks.slack.com.evil.example/x":        false,
		"https://evilslack.com/x":                       false,
		"https://hooks.slack.com:8443/x":                false,
		"https://user@hooks.slack.com/x":                false,
		"https://169.254.169.254/latest/meta-data":      false,
		"http://127.0.0.1:1/actions/1":                  false,
		"file:///etc/passwd":                            false,
		"//hooks.slack.com/x":                           false,
		"":                                              false,
		"https://hooks.slack.com\x00.evil.example/x":    false,
		"https://evil.example/?https://hooks.slack.com": false,
	} {
		if got := c.trusted(address) == nil; got != want {
			t.Errorf("%q: trusted %v, want %v", address, got, want)
		}
	}
}

func TestIsMember(t *testing.T) {
	page := 0
	c := local(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		page++
		if r.PostForm.Get("channel") == "CHUGE" {
			_, _ = io.WriteString(w, `{"ok":true,"members":["U0"],"response_metadata":{"next_cursor":"c"}}`)
			return
		}
		body := `{"ok":true,"members":["U1","U2"],"response_metadata":{"next_cursor":"c"}}`
		if r.PostForm.Get("cursor") == "c" {
			body = `{"ok":true,"members":["U3"]}`
		}
		_, _ = io.WriteString(w, body)
	})
	for user, want := range map[string]bool{"U1": true, "U3": true, "U4": false} {
		if got, err := c.IsMember(t.Context(), "C1", user, Send{}); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", user, got, err, want)
		}
	}
	page = 0
	if _, err := c.IsMember(t.Context(), "CHUGE", "U9", Send{}); Code(err) != "too_many_members" || page != 10 {
		t.Errorf("a channel without end: %v after %d pages", err, page)
	}
}
