package openai

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"holdfast/internal/turn"
)

func TestNew(t *testing.T) {
	for _, c := range []struct {
		base, key string
		want      string // in the error; empty: accepted
	}{
		{"", "sk-x", ""},
		{"https://api.openai.com/v1/", "sk-x", ""},
		{"http://127.0.0.1:11434/v1", "", ""},
		{"https://gateway.example/openai/v1", "", ""},
		{"https://gateway.example/v1beta/openai", "", ""},
		{"", "", "OPENAI_API_KEY"},
		{"", "sk-a\nb", "line break"},
		{"", "sk-ä", "copy it again"},
		{"http://127.0.0.1:11434", "", "did you mean http://127.0.0.1:11434/v1?"},
		{"http://127.0.0.1:11434/", "", "did you mean http://127.0.0.1:11434/v1?"},
		{"127.0.0.1:11434/v1", "", "https://host/v1"},
		{"ftp://host/v1", "", "https://host/v1"},
		{"https:///v1", "", "https://host/v1"},
		{"https://user:secret@host/v1", "", "no user or password"},
		{"https://host/v1?a=b", "", "no ?"},
		{"https://host/v1/responses", "", "as in https://host/v1"},
		{"https://host/v1/chat/completions/", "", "as in https://host/v1"},
	} {
		client, err := New(Options{BaseURL: c.base, Key: c.key})
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.base, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || c.key != "" && strings.Contains(err.Error(), c.key)) {
			t.Errorf("%q: the error shows a secret: %v", c.base, err)
		}
		if client != nil {
			client.Close()
		}
	}
}

func TestCapabilitiesOf(t *testing.T) {
	for base, full := range map[string]bool{
		"https://api.openai.com/v1": true, "https://eu.api.openai.com/v1": true, "https://my.openai.azure.com/openai/v1": true,
		"https://API.OpenAI.com/v1": true, "http://127.0.0.1:11434/v1": false, "https://openrouter.ai/api/v1": false,
		"https://api.openai.com.evil.example/v1": false, "https://notapi.openai.com.example/v1": false, "https://xapi.openai.com/v1": false,
	} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := CapabilitiesOf(u); got != (Capabilities{}) != full || full && got != Full() {
			t.Errorf("%s: %+v", base, got)
		}
	}
}

func TestHeaders(t *testing.T) {
	var got http.Header
	var path string
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, path = r.Header, r.Method+" "+r.URL.String()
		streams(sse(created(), completed()))(w, r)
	}), func(o *Options) { o.Organization, o.Project = "org-1", "proj-1" })
	if a := ask(t, c, hello()); a.err != nil {
		t.Fatal(a.err)
	}
	for k, want := range map[string]string{
		"Authorization": "Bearer " + testKey, "Openai-Organization": "org-1", "Openai-Project": "proj-1",
		"Content-Type": "application/json", "Accept-Encoding": "",
	} {
		if got.Get(k) != want {
			t.Errorf("%s is %q, want %q", k, got.Get(k), want)
		}
	}
	if path != "POST /v1/responses" {
		t.Errorf("asked %s", path)
	}
}

// A redirect would carry the key elsewhere: it is an error, on any host.
func TestRedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, elsewhere.URL+"/v1/responses?key="+testKey, status)
		}))
		f := failureOf(t, ask(t, c, hello()).err)
		if f.Code != "bad_endpoint" || !strings.Contains(f.Error(), elsewhere.URL) {
			t.Errorf("%d: %v", status, f)
		}
		if err := c.Check(t.Context(), "gpt-6-luna"); failureOf(t, err).Code != "bad_endpoint" {
			t.Errorf("%d: check: %v", status, err)
		}
	}
	if asked {
		t.Error("a redirect was followed")
	}
}

// The key is in no error and no log line, even if the endpoint repeats it.
func TestKeyStaysHidden(t *testing.T) {
	var log bytes.Buffer
	for _, body := range []string{
		`{"error":{"message":"Incorrect API key provided: ` + testKey + `","code":"invalid_api_key"}}`,
		`{"error":{"message":"Unsupported parameter","code":"unsupported_parameter","param":"temperature ` + testKey + `"}}`,
		`<title>Bearer ` + testKey + `</title>`, testKey,
	} {
		for _, status := range []int{200, 400, 401, 500} {
			c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("X-Request-Id", testKey)
				w.Header().Set("Content-Type", "text/html "+testKey)
				w.WriteHeader(status)
				io.WriteString(w, body)
			}), func(o *Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			failureOf(t, ask(t, c, everything()).err) // looks for the key
			if err := c.Check(t.Context(), "m"); err != nil && strings.Contains(err.Error(), testKey) {
				t.Errorf("check: %v", err)
			}
		}
	}
	if strings.Contains(log.String(), testKey) {
		t.Errorf("the log shows the key:\n%s", log.String())
	}
}

func TestCheck(t *testing.T) {
	list := `{"object":"list","data":[{"id":"llama4"},{"id":"qwen"}]}`
	for name, c := range map[string]struct {
		one, all int // status of GET models/{id} and GET models
		body     string
		want     string // in the error; empty: fine
		code     string
	}{
		"there":             {200, 0, `{"id":"llama4"}`, "", ""},
		"only a list":       {404, 200, list, "", ""},
		"not in the list":   {404, 200, strings.ReplaceAll(list, "llama4", "llama3"), `has no model "llama4"`, "model_not_found"},
		"no model":          {404, 404, `{"error":{"code":"model_not_found","message":"The model does not exist"}}`, `has no model "llama4"`, "model_not_found"},
		"no such path":      {404, 404, "404 page not found", "check OPENAI_BASE_URL", "bad_endpoint"},
		"key":               {401, 0, `{"error":{"code":"invalid_api_key"}}`, "refuses the key: check OPENAI_API_KEY", "bad_key"},
		"no access":         {403, 0, ``, "does not let this key use", "no_access"},
		"broken":            {500, 0, ``, "has trouble just now", "server_error"},
		"a page":            {200, 0, "<html>", "check OPENAI_BASE_URL", "bad_endpoint"},
		"a list of nothing": {404, 200, `{}`, "has no model", "model_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				status := c.one
				if r.URL.Path == "/v1/models" {
					status = c.all
				} else if r.URL.Path != "/v1/models/llama4" {
					t.Errorf("asked %s", r.URL)
				}
				w.WriteHeader(status)
				io.WriteString(w, c.body)
			}))
			err := client.Check(t.Context(), "llama4")
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if f := failureOf(t, err); f.Code != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	client := clientFor(t, "http://name.invalid/v1")
	if err := client.Check(t.Context(), "m"); err == nil || !strings.Contains(err.Error(), "cannot reach name.invalid") {
		t.Errorf("got %v", err)
	}
}

// A name is one segment of the path, whatever it holds.
func TestNamesAreEscaped(t *testing.T) {
	var got []string
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.EscapedPath())
		io.WriteString(w, `{"id":"x"}`)
	}))
	for _, name := range []string{"meta/llama", "..", "a?b#c", "a b"} {
		if err := c.Check(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if want := "/v1/models/meta%2Fllama /v1/models/%2E%2E /v1/models/a%3Fb%23c /v1/models/a%20b"; strings.Join(got, " ") != want {
		t.Errorf("asked %s", got)
	}
}

func TestResumeWithoutAbility(t *testing.T) {
	asked := false
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true }), func(o *Options) { o.Capabilities = new(Capabilities) })
	a := collect(t, c.Respond(t.Context(), hello(), turn.Cursor{ResponseID: "resp_1", Sequence: 3}))
	if f := failureOf(t, a.err); f.Code != "response_gone" || !f.Retry || asked {
		t.Errorf("got %v (asked: %v)", f, asked)
	}
}

func TestResumeRefused(t *testing.T) {
	for status, code := range map[int]string{400: "response_gone", 404: "response_gone", 405: "response_gone", 401: "bad_key", 429: "rate_limited", 500: "server_error"} {
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
		a := collect(t, c.Respond(t.Context(), hello(), turn.Cursor{ResponseID: "resp_1", Sequence: 3}))
		if f := failureOf(t, a.err); f.Code != code || f.Retry != (code != "bad_key") {
			t.Errorf("%d: %v", status, f)
		}
	}
	unnumbered := serve(t, streams("data: "+delta(0, "again")+"\n\n"))
	a := collect(t, unnumbered.Respond(t.Context(), hello(), turn.Cursor{ResponseID: "resp_1"}))
	if f := failureOf(t, a.err); f.Code != "response_gone" || a.text != "" {
		t.Errorf("no numbers: %q, %v", a.text, f)
	}
	replayed := serve(t, streams(sse(created(), delta(0, "old"), delta(0, "new"), completed(messageItem(0, "", "oldnew")))))
	a = collect(t, replayed.Respond(t.Context(), hello(), turn.Cursor{ResponseID: "resp_1", Sequence: 1}))
	if a.err != nil || a.text != "new" || a.final.Text != "oldnew" {
		t.Errorf("replayed from the beginning: %q, %+v, %v", a.text, a.final, a.err)
	}
	for body, code := range map[string]string{
		`{"id":"resp_1","status":"in_progress","output":[]}`: "response_gone",
		`{"id":"resp_1","status":"cancelled","output":[]}`:   "cancelled",
	} {
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, body)
		}))
		a := collect(t, c.Respond(t.Context(), hello(), turn.Cursor{ResponseID: "resp_1", Sequence: 3}))
		if f := failureOf(t, a.err); f.Code != code {
			t.Errorf("%s: %v", body, f)
		}
	}
}
