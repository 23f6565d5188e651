package holdfast_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/chromium"
	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// noLeaks checks, after all other cleanups, that the test leaves no goroutine.
func noLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// sandboxCommand is the command in an empty folder, with no configuration but env.
func sandboxCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	c := exec.Command(binary, append([]string{"sandbox"}, args...)...)
	c.Dir = t.TempDir()
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		c.Env = append(c.Env, name+"="+os.Getenv(name))
	}
	// Tests count the messages of a conversation; what comes once is for that about it.
	c.Env = append(append(c.Env, "HOLDFAST_INVITATION=false"), env...)
	return c
}

// sandbox is a running sandbox.
type sandbox struct {
	t       *testing.T
	process *exec.Cmd
	url     string
	out     bytes.Buffer // to be read when output is closed
	errors  bytes.Buffer // to be read when ended is closed
	ended   chan struct{}
}

// startSandbox starts one and waits until it has told the page's address.
func startSandbox(t *testing.T, dir string, env ...string) *sandbox {
	t.Helper()
	return startSandboxCommand(t, sandboxCommand(t, env, "--addr", "127.0.0.1:0", "--dir", dir))
}

func startSandboxCommand(t *testing.T, command *exec.Cmd) *sandbox {
	t.Helper()
	s := &sandbox{t: t, process: command, ended: make(chan struct{})}
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.process.Stderr = &s.errors
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		defer close(s.ended)
		found := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
		lines := bufio.NewScanner(io.TeeReader(stdout, &s.out))
		for lines.Scan() {
			if url := found.FindString(lines.Text()); url != "" {
				select {
				case address <- url: // the first one is the page's
				default:
				}
			}
		}
		_ = s.process.Wait() // stop looks at the state
	}()
	t.Cleanup(func() {
		_ = s.process.Process.Kill() // an error means that it has ended
		<-s.ended
	})
	select {
	case s.url = <-address:
	case <-s.ended:
		t.Fatalf("the sandbox ended with code %d:\n%s%s", s.process.ProcessState.ExitCode(), &s.out, &s.errors)
	case <-time.After(patience):
		t.Fatalf("no address within %s", patience)
	}
	return s
}

// stop asks the sandbox to stop and returns how long that took.
func (s *sandbox) stop() time.Duration {
	s.t.Helper()
	start := time.Now()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("it did not stop within %s", patience)
	}
	if code := s.process.ProcessState.ExitCode(); code != 0 || strings.Contains(s.errors.String(), "panic") {
		s.t.Fatalf("it stopped with code %d:\n%s", code, &s.errors)
	}
	return time.Since(start)
}

// client keeps no connection, which would be a goroutine that is left.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

// state is what the page first reads.
func (s *sandbox) state() (st struct {
	App      slacksim.App
	Users    []slacksim.User
	Channels []slacksim.Channel
	Messages map[string][]slacksim.Message
	Note     string
}) {
	s.t.Helper()
	r, err := client.Get(s.url + "/sim/state")
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&st); err != nil {
		s.t.Fatal(err)
	}
	return st
}

// person is the id of the one whose name begins so.
func (s *sandbox) person(name string) string {
	s.t.Helper()
	for _, u := range s.state().Users {
		if strings.HasPrefix(u.RealName, name) {
			return u.ID
		}
	}
	s.t.Fatalf("nobody is called %s", name)
	return ""
}

func (s *sandbox) channel(name string) string {
	s.t.Helper()
	for _, c := range s.state().Channels {
		if c.Name == name {
			return c.ID
		}
	}
	s.t.Fatalf("no channel is called %s", name)
	return ""
}

// say writes to the assistant in Ada's direct channel and returns where.
func (s *sandbox) say(text string) (channel, ts string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"user": s.person("Ada"), "channel": "@bot", "text": text})
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := client.Post(s.url+"/sim/messages", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	var made struct{ Channel, TS string }
	if err := json.NewDecoder(r.Body).Decode(&made); err != nil || made.TS == "" {
		s.t.Fatalf("say: %s, %v", r.Status, err)
	}
	return made.Channel, made.TS
}

// answers waits until the answers in a thread are as ok wants them.
func (s *sandbox) answers(channel, root, what string, ok func([]slacksim.Message) bool) []slacksim.Message {
	s.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		st := s.state()
		var own []slacksim.Message
		for _, m := range st.Messages[channel] {
			if m.User == st.App.BotUserID && m.ThreadTS == root {
				own = append(own, m)
			}
		}
		if ok(own) {
			return own
		}
		select {
		case <-tick.C:
		case <-deadline:
			var texts []string
			for _, m := range own {
				texts = append(texts, m.TS+" "+m.StreamingState+": "+text(m))
			}
			s.t.Fatalf("%s: not within %s; there is:\n%s", what, patience, strings.Join(texts, "\n"))
		}
	}
}

// text is what a message says: its stream, else its text.
func text(m slacksim.Message) string {
	if m.Stream != nil && m.Stream.Text != "" {
		return m.Stream.Text
	}
	return m.Text
}

// TestSandboxInTheBrowser is a first quarter of an hour with Holdfast.
func TestSandboxInTheBrowser(t *testing.T) {
	noLeaks(t)
	chrome := browser(t)
	dir := filepath.Join(t.TempDir(), "data", "sandbox")

	start := time.Now()
	s := startSandbox(t, dir)
	told := time.Since(start)
	ada := open(t, chrome, s.url)
	shown := time.Since(start)
	ada.Wait(shows(".welcome", "built-in demo model"))
	ada.watch()
	ada.typeIn(".main", "hello")
	ada.Enter()
	ada.answered(".main", "for the rest")
	first, steps := ada.grown()
	t.Logf("from the command to: the address %s, the page %s, the first words %s, the whole answer %s, in %d steps",
		told.Round(time.Millisecond), shown.Round(time.Millisecond), first.Sub(start).Round(time.Millisecond), time.Since(start).Round(time.Millisecond), steps)
	if steps == 0 {
		t.Error("the answer was not seen before its end")
	}
	ada.Wait(shows(".msg.byapp", "Hello! 👋") + " && " + shows(".msg.byapp code", "table"))

	// Ben calls it into a channel, and the answer is in a thread.
	general, benID := s.channel("general"), s.person("Ben")
	at := "/?as=" + benID + "#/" + general
	ben := open(t, chrome, s.url+at)
	ben.mention(".main", "hello from me")
	ben.Wait(shows(".main .msg .summary", "1 reply"))
	ben.Press(`document.querySelector('.main .msg:last-of-type .summary')`)
	ben.answered(".thread", "for the rest")
	ben.mention(".thread", "now a table, please")
	ben.Wait(shows(".thread .msg", "now a table, please"))
	ben.answered(".thread", "Tables stay tables")
	ben.Wait(shows(".thread .msg.byapp table th", "seaweed") + " && " + shows(".thread .msg.byapp table td", "Sugar kelp"))
	if n := chromium.Eval[int](ben.Window, `document.querySelectorAll('.thread .msg.byapp table tbody tr').length`); n != 4 {
		t.Errorf("the table has %d rows, want 4", n)
	}
	root := chromium.Eval[string](ben.Window, `decodeURIComponent(location.hash.split('/')[2])`)
	ada.Close()
	ben.Close()
	t.Logf("stopped in %s", s.stop().Round(time.Millisecond))

	// Another day.
	s = startSandbox(t, dir)
	ada = open(t, chrome, s.url)
	ada.Wait(shows(".msg", "hello") + " && " + shows(".msg.byapp", "Hello! 👋") + ` && [...document.querySelectorAll('.main .msg.byapp')].filter((e) => e.textContent.includes('Hello!')).length === 1`)
	ada.typeIn(".main", "what came before?")
	ada.Enter()
	ada.Wait(shows(".main .msg", "what came before?"))
	ada.answered(".main", "Before this I read one message of this thread")
	ada.Wait(shows(".msg.byapp:last-of-type", "hello") + ` && document.querySelectorAll('.conversation').length === 1`)

	ben = open(t, chrome, s.url+at+"/"+root)
	ben.Wait(shows(".thread .msg.byapp td", "Sugar kelp"))
	ben.mention(".thread", "and what came before?")
	ben.Wait(shows(".thread .msg", "and what came before?"))
	ben.answered(".thread", "Before this I read 2 messages of this thread")
	ben.Wait(shows(".thread .msg.byapp", "now a table, please"))
	ada.Close()
	ben.Close()
	s.stop()
}

// What keeps the sandbox from starting is told in a line, with code 2.
func TestSandboxThatCannotStart(t *testing.T) {
	noLeaks(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	corrupt := func(content string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "workspace.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	running := t.TempDir()
	startSandbox(t, running)

	for _, tt := range []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"a port that is taken", nil, []string{"--addr", taken.Addr().String()},
			[]string{"--addr: cannot listen on " + taken.Addr().String(), "try --addr 127.0.0.1:0", "in use"}},
		{"an address that others reach", nil, []string{"--addr", "0.0.0.0:1"}, []string{"--addr: ", `"0.0.0.0:1" is not loopback: use 127.0.0.1`}},
		{"every address", nil, []string{"--addr", ":0"}, []string{"--addr: ", "not loopback"}},
		{"an address without a port", nil, []string{"--addr", "127.0.0.1"}, []string{"--addr: ", "give host:port"}},
		{"a workspace cut in half", nil, []string{"--dir", corrupt(`{"team":{"id":"T1"`)}, []string{"workspace.json cannot be read", "--fresh"}},
		{"an empty workspace file", nil, []string{"--dir", corrupt("")}, []string{"workspace.json cannot be read", "--fresh"}},
		{"a workspace of something else", nil, []string{"--dir", corrupt("{}")}, []string{"workspace.json cannot be read", "--fresh"}},
		{"a folder that is a file", nil, []string{"--dir", file}, []string{"--dir: cannot make the folder " + file}},
		{"a setting that is wrong", []string{"API_TIMEOUT_READ=soon"}, nil, []string{"API_TIMEOUT_READ: "}},
		{"an argument", nil, []string{"now"}, []string{`unknown command "now"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"--addr", "127.0.0.1:0", "--dir", t.TempDir()}, tt.args...) // the last one counts
			code, out, errs := runSandbox(t, tt.env, args...)
			if code != 2 {
				t.Errorf("code %d, want 2", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(errs, want) {
					t.Errorf("%q is not in what it says:\n%s", want, errs)
				}
			}
			if strings.Contains(errs, "goroutine") || strings.Count(errs, "\n") != 1 || out != "" {
				t.Errorf("it says more than a line:\n%s%s", out, errs)
			}
		})
	}

	// A folder that another sandbox uses is left as it is. That one saves its
	// workspace after a while; once more only if it changes, and nobody changes it.
	saved := filepath.Join(running, "workspace.json")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for os.Remove(saved) != nil {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the running sandbox saves nothing")
		}
	}
	code, _, errs := runSandbox(t, nil, "--addr", "127.0.0.1:0", "--dir", running)
	if code != 2 || !strings.Contains(errs, "--dir: another sandbox uses "+running+": stop it") || !strings.Contains(errs, "process ") {
		t.Errorf("a folder in use: code %d, %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(running, "workspace.json")); !os.IsNotExist(err) {
		t.Errorf("it wrote into the folder of the other one: %v", err)
	}

	// --fresh forgets what cannot be read.
	dir := corrupt("not json")
	c := sandboxCommand(t, nil, "--addr", taken.Addr().String(), "--dir", dir, "--fresh")
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "cannot listen") {
		t.Errorf("--fresh: %v, %s; want that it gets as far as the port", err, out)
	}
}

// runSandbox runs a sandbox that is to end by itself.
func runSandbox(t *testing.T, env []string, args ...string) (code int, out, errs string) {
	t.Helper()
	c := sandboxCommand(t, env, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer late.Stop()
	_ = c.Wait() // the code tells
	return c.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func TestSandboxWithARealModel(t *testing.T) {
	noLeaks(t)
	model := modelsim.New(modelsim.Options{Key: modelKey})
	server, err := model.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sync.OnceFunc(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	}))
	env := []string{"OPENAI_BASE_URL=" + server.URL(), "OPENAI_API_KEY=" + modelKey}
	s := startSandbox(t, t.TempDir(), env...)
	if note := s.state().Note; note != "Simulated workspace, real model: gpt-6.1-terra" {
		t.Errorf("the page's note is %q", note)
	}
	channel, ts := s.say("is the tide high?")
	s.answers(channel, ts, "an answer of the model", func(own []slacksim.Message) bool {
		return len(own) == 1 && own[0].StreamingState != "in_progress" && strings.Contains(text(own[0]), "You said: ") && strings.Contains(text(own[0]), "is the tide high?")
	})
	if n := len(model.Requests()); n == 0 {
		t.Error("the model was not asked")
	}
	s.stop()
	if !strings.HasPrefix(s.out.String(), "Simulated workspace, real model: gpt-6.1-terra.\n") {
		t.Errorf("it says:\n%s", &s.out)
	}

	code, out, errs := runSandbox(t, []string{env[0], "OPENAI_API_KEY=sk-wrong-0123456789"}, "--addr", "127.0.0.1:0", "--dir", t.TempDir())
	if code != 2 || !strings.Contains(errs, "OPENAI_API_KEY: ") || strings.Contains(errs+out, "sk-wrong") {
		t.Errorf("a wrong key: code %d, %s%s", code, out, errs)
	}
}

// A sandbox that is stopped in mid-answer goes on with it the next time, in the
// same message.
func TestSandboxStopsInMidAnswer(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	s := startSandbox(t, dir, "HOLDFAST_DRAIN_TIMEOUT=100ms")
	channel, ts := s.say("tell me a story")
	partial := s.answers(channel, ts, "the beginning of an answer", func(own []slacksim.Message) bool {
		return len(own) == 1 && strings.Contains(text(own[0]), "bot") && !strings.Contains(text(own[0]), "The end.")
	})
	t.Logf("stopped in %s", s.stop().Round(time.Millisecond))
	s = startSandbox(t, dir)
	whole := s.answers(channel, ts, "the whole answer", func(own []slacksim.Message) bool {
		return len(own) > 0 && own[len(own)-1].StreamingState != "in_progress" && strings.Contains(text(own[len(own)-1]), "The end.")
	})
	if len(whole) != 1 || whole[0].TS != partial[0].TS {
		t.Errorf("%d messages, the first at %s; want one, at %s", len(whole), whole[0].TS, partial[0].TS)
	}
	if n := strings.Count(text(whole[0]), "The bot that lost its place"); n != 1 {
		t.Errorf("the answer begins %d times:\n%s", n, text(whole[0]))
	}
	s.stop()
}
