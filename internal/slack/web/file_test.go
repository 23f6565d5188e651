package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"holdfast/internal/slacksim"
)

// TestDownloadFromSlack reads a file of a simulated workspace, and is told why not.
func TestDownloadFromSlack(t *testing.T) {
	sim := slacksim.New(slacksim.Options{})
	defer sim.Close()
	srv := httptest.NewServer(sim.Handler())
	defer srv.Close()
	content := strings.Repeat("<html>high water</html>\n", 1000)
	resp, err := http.Post(srv.URL+"/sim/files?"+url.Values{"user": {slacksim.SeedAda}, "name": {"tide table.html"}}.Encode(), "text/html", strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var f struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.ID == "" {
		t.Fatalf("upload: %s, %v", resp.Status, err)
	}
	if _, err := sim.Post(slacksim.Remark{User: slacksim.SeedAda, Channel: "@bot", Files: json.RawMessage(`[{"id":"` + f.ID + `"}]`)}); err != nil {
		t.Fatal(err)
	}
	c := New(Options{APIURL: srv.URL + "/api/", Token: slacksim.DefaultBotToken})
	defer c.Close()
	info, err := c.FileInfo(t.Context(), f.ID)
	if err != nil || info.Name != "tide table.html" || info.Size != int64(len(content)) || info.Address == "" || info.Mode != "snippet" {
		t.Fatalf("%+v, %v", info, err)
	}
	var got bytes.Buffer
	if n, err := c.Download(t.Context(), info.Address, &got, 1<<20); err != nil || n != info.Size || got.String() != content {
		t.Errorf("a page that is a file: %d bytes, %v", n, err)
	}
	if _, err := c.Download(t.Context(), info.Address, &got, 100); Code(err) != CodeTooLarge {
		t.Errorf("too large: %v", err)
	}
	if _, err := c.Download(t.Context(), strings.Replace(info.Address, f.ID, "F000", 1), &got, 100); Code(err) != CodeNoFile {
		t.Errorf("gone: %v", err)
	}
	if _, err := c.FileInfo(t.Context(), "F000"); Code(err) != "file_not_found" {
		t.Errorf("unknown: %v", err)
	}
	stranger := New(Options{APIURL: srv.URL + "/api/", Token: "xoxb-nobody"})
	defer stranger.Close()
	got.Reset()
	if _, err := stranger.Download(t.Context(), info.Address, &got, 1<<20); Code(err) != CodeLogin || got.Len() != 0 {
		t.Errorf("a page for signing in was taken for the file: %v, %q", err, got.String())
	}
}

// TestTokenStaysWithSlack: the token is sent to where Slack keeps files, and to no
// look-alike, however it is reached.
func TestTokenStaysWithSlack(t *testing.T) {
	to := ""
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Host, "slack.test") && r.Header.Get("Authorization") != "" {
			t.Errorf("the token went to %s", r.Host)
		}
		if to != "" && r.Host == "slack.test" && r.URL.Path == "/files/start" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		fmt.Fprint(w, "content of ", r.Host)
	}), Options{})
	for address, ok := range map[string]bool{
		"http://slack.test/files/a":               true,
		"http://SLACK.test/files/a":               true,
		"http://slack.test:80/files/a":            false,
		"https://slack.test/files/a":              false, // not where it was told that Slack is
		"http://files.slack.com/a":                false,
		"https://files.slack.com/a":               false, // that is another Slack
		"http://slack.test.evil.example/files/a":  false,
		"http://evil.example/slack.test/files/a":  false,
		"http://evil.example#slack.test":          false,
		"http://slack.test@evil.example/files/a":  false,
		"http://a:b@slack.test/files/a":           false,
		`http://slack.test\@evil.example/files/a`: false,
		"//slack.test/files/a":                    false,
		"":                                        false,
		"file:///etc/passwd":                      false,
	} {
		var got bytes.Buffer
		_, err := c.Download(t.Context(), address, &got, 100)
		if ok && (err != nil || got.String() != "content of slack.test") && !strings.Contains(got.String(), "SLACK.test") {
			t.Errorf("%s: %v, %q", address, err, got.String())
		}
		if !ok && (Code(err) != CodeForeign || got.Len() > 0) {
			t.Errorf("%s: %v, %q", address, err, got.String())
		}
	}
	for target, want := range map[string]string{
		"http://evil.example/":            CodeLogin,
		"https://slack.test/files/b":      CodeLogin,
		"http://slack.test.evil.example/": CodeLogin,
		"/files/b":                        "",
		"http://slack.test/files/start":   CodeLogin, // without end
	} {
		to = target
		var got bytes.Buffer
		if _, err := c.Download(t.Context(), "http://slack.test/files/start", &got, 100); Code(err) != want || want == "" && got.Len() == 0 {
			t.Errorf("redirect to %s: %v, %q", target, err, got.String())
		}
	}
}

func TestFilesOfRealSlack(t *testing.T) {
	c := New(Options{})
	for address, ok := range map[string]bool{
		"https://files.slack.com/files-pri/T1-F1/download/a.pdf": true,
		"https://FILES.slack.com:443/files-pri/T1-F1/a.pdf":      true,
		"https://files-origin.slack.com/files-pri/T1-F1/a.pdf":   true,
		"https://slack.com/api/files":                            true,
		"http://files.slack.com/files-pri/T1-F1/a.pdf":           false,
		"https://files.slack.com:8443/a.pdf":                     false,
		"https://files.slack.com.evil.example/a.pdf":             false,
		"https://evilfiles.slack.com/a.pdf":                      false,
		"https://acme.slack.com/files/a.pdf":                     false,
		"https://evil.example/slack.com/files/a.pdf":             false,
		"https://files.slack.com@evil.example/a.pdf":             false,
		"https://filesXslack.com/a.pdf":                          false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if c.ownFiles(u) != ok {
			t.Errorf("%s: %v", address, !ok)
		}
	}
}
