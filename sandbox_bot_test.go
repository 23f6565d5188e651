//go:build unix

package holdfast_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/slacksim"
)

// variables reads the NAME=value lines that a sandbox for another bot prints.
// Call it when the output is complete.
func variables(out string) map[string]string {
	vars := map[string]string{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			vars[name] = value
		}
	}
	return vars
}

// eventually looks again and again at what another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// ask sends one request as a bot would, and reads the JSON in the answer.
func ask(t *testing.T, method, url, token, body string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	r, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if into != nil {
		if err := json.NewDecoder(r.Body).Decode(into); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
	}
	return r.StatusCode
}

// A bot that is started elsewhere finds a workspace and a model, and the page
// finds what the model was asked.
func TestSandboxForAnotherBot(t *testing.T) {
	noLeaks(t)
	command := filepath.Join(t.TempDir(), "env")
	s := startSandboxWith(t, nil, "--bot", fmt.Sprintf("env > %s.tmp; mv %[1]s.tmp %[1]s; sleep 1000 & echo $! > %[1]s.pid; wait", command))
	eventually(t, "the bot's environment", func() bool { _, err := os.Stat(command + ".pid"); return err == nil })
	b, err := os.ReadFile(command)
	if err != nil {
		t.Fatal(err)
	}
	env := variables(string(b))

	var me struct {
		OK     bool
		UserID string `json:"user_id"`
	}
	if ask(t, "POST", env["SLACK_API_URL"]+"auth.test", env["SLACK_BOT_TOKEN"], "{}", &me); !me.OK || me.UserID == "" {
		t.Errorf("auth.test: %+v", me)
	}
	var socket struct{ OK bool }
	if ask(t, "POST", env["SLACK_API_URL"]+"apps.connections.open", env["SLACK_APP_TOKEN"], "{}", &socket); !socket.OK {
		t.Error("apps.connections.open is refused")
	}
	var response struct{ ID string }
	if ask(t, "POST", env["OPENAI_BASE_URL"]+"/responses", env["OPENAI_API_KEY"], `{"model":"gpt-6.1-terra","input":"hello"}`, &response); response.ID == "" {
		t.Error("the model does not answer")
	}
	var asked struct{ Requests []struct{ Path string } }
	if ask(t, "GET", s.url+"/model/requests", "", "", &asked); len(asked.Requests) != 1 || asked.Requests[0].Path != "/v1/responses" {
		t.Errorf("the model's requests: %+v", asked)
	}

	// Other web sites cannot read them.
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/model/requests", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://elsewhere.example")
	r, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusForbidden {
		t.Errorf("another site reads the model's requests: %s", r.Status)
	}

	// What was printed is what the bot was given.
	pid, err := os.ReadFile(command + ".pid")
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	printed := variables(s.out.String())
	if printed["SANDBOX_URL"] != s.url {
		t.Errorf("SANDBOX_URL is %q, the page is at %s", printed["SANDBOX_URL"], s.url)
	}
	for _, name := range []string{"SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "OPENAI_BASE_URL", "OPENAI_API_KEY"} {
		if printed[name] == "" || printed[name] != env[name] {
			t.Errorf("%s: printed %q, given %q", name, printed[name], env[name])
		}
	}
	if printed["SLACK_SIGNING_SECRET"] != slacksim.DefaultSigningSecret {
		t.Errorf("SLACK_SIGNING_SECRET is %q", printed["SLACK_SIGNING_SECRET"])
	}
	eventually(t, "the end of what the bot had started", func() bool { return !alive(t, string(pid)) })
}

// alive says whether a process runs; one that has ended and waits to be
// collected does not.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(pid, &n); err != nil {
		t.Fatal(err)
	}
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n)); err == nil {
		return !bytes.Contains(stat, []byte(") Z "))
	}
	return syscall.Kill(n, 0) == nil
}

// startSandboxWith is startSandbox with further flags.
func startSandboxWith(t *testing.T, env []string, args ...string) *sandbox {
	t.Helper()
	return startSandboxCommand(t, sandboxCommand(t, env, append([]string{"--addr", "127.0.0.1:0", "--dir", t.TempDir()}, args...)...))
}

func TestSandboxWithNoBot(t *testing.T) {
	noLeaks(t)
	s := startSandboxWith(t, []string{"OPENAI_BASE_URL=http://127.0.0.1:1/v1", "OPENAI_API_KEY=sk-really-secret"}, "--bot", "none")
	if code := ask(t, "GET", s.url+"/model/requests", "", "", nil); code != http.StatusNotFound {
		t.Errorf("requests of a model that is not ours: %d", code)
	}
	s.stop()
	out := s.out.String()
	if vars := variables(out); vars["OPENAI_BASE_URL"] != "http://127.0.0.1:1/v1" || vars["SLACK_APP_TOKEN"] == "" {
		t.Errorf("it prints\n%s", out)
	}
	if strings.Contains(out+s.errors.String(), "sk-really-secret") {
		t.Errorf("it prints a real key:\n%s", out)
	}
}

func TestSandboxWhoseBotEnds(t *testing.T) {
	noLeaks(t)
	code, _, errs := runSandbox(t, nil, "--addr", "127.0.0.1:0", "--dir", t.TempDir(), "--bot", "echo it is raining >&2; exit 3")
	if code != 1 || !strings.Contains(errs, "it is raining\n") || !strings.Contains(errs, "the bot ended: exit status 3") {
		t.Errorf("code %d, %s", code, errs)
	}
}
