//go:build unix

package holdfast_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"holdfast/internal/chromium"
	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// account is the account of a sandbox, as its page reads it.
type account struct {
	In       int
	InFlight int `json:"in_flight"`
	Answered, Merged, Declined, Stopped, Failed,
	Unreceived, Resumed, Unseen, Twice int
	BySight bool `json:"by_sight"`
}

func (a account) out() int { return a.Answered + a.Merged + a.Declined + a.Stopped + a.Failed }

// resident is the assistant's process, as the page knows it.
type resident struct {
	Phase                       string
	PID, Starts, Kills, Crashes int
	Log                         []struct{ Text string }
}

func (s *sandbox) panel() (a account, r resident) {
	s.t.Helper()
	var v struct {
		Account   account
		Assistant resident
	}
	if code := ask(s.t, "GET", s.url+"/sandbox/panel", "", "", &v); code != http.StatusOK {
		s.t.Fatalf("the panel: HTTP %d", code)
	}
	return v.Account, v.Assistant
}

// settled waits until n messages are accounted for, all with their outcome, and
// each answer is in Slack, once.
func (s *sandbox) settled(n int) account {
	s.t.Helper()
	var a account
	var r resident
	defer func() {
		if s.t.Failed() {
			s.t.Logf("the account is %+v\nthe assistant is %+v", a, r)
		}
	}()
	eventually(s.t, fmt.Sprintf("%d messages with their outcomes", n), func() bool {
		a, r = s.panel()
		return a.In == n && a.InFlight == 0
	})
	if a.out() != n || a.Unseen != 0 || a.Twice != 0 {
		s.t.Fatalf("the account does not balance: %+v", a)
	}
	return a
}

// act does something to the assistant.
func (s *sandbox) act(action string, afterMS int) {
	s.t.Helper()
	if code := ask(s.t, "POST", s.url+"/sandbox/assistant", "", fmt.Sprintf(`{"action":%q,"after_ms":%d}`, action, afterMS), nil); code != http.StatusOK {
		s.t.Fatalf("%s: HTTP %d", action, code)
	}
}

func (s *sandbox) is(phase string, starts int) resident {
	s.t.Helper()
	var r resident
	eventually(s.t, fmt.Sprintf("the assistant is %s after %d starts", phase, starts), func() bool {
		_, r = s.panel()
		return r.Phase == phase && r.Starts == starts
	})
	return r
}

// quick is a sandbox whose faults are over soon: short deadlines, and a Slack
// without limits.
func quick(t *testing.T) *sandbox {
	t.Helper()
	s := startSandbox(t, t.TempDir(), "HOLDFAST_CONNECT_TIMEOUT=1s", "HOLDFAST_FIRST_EVENT_TIMEOUT=5s", "API_TIMEOUT_STREAMING_CHUNK=4", "HOLDFAST_SLACK_RATE=1000")
	if code := ask(t, "POST", s.url+"/sim/limits", "", `{"enabled":false}`, nil); code != http.StatusOK {
		t.Fatalf("limits: HTTP %d", code)
	}
	return s
}

// breaker is a window with the fault panel open.
type breaker struct {
	*window
	s *sandbox
}

func (s *sandbox) broken(t *testing.T, chrome context.Context, width int64) *breaker {
	t.Helper()
	w := &breaker{&window{chromium.Open(t, chrome, s.url, width, 844)}, s}
	w.Press(`document.querySelector('.main .breakit')`)
	w.Wait(`document.querySelector('.fp-account') && document.querySelector('.fp-resident [data-phase=running]')`)
	return w
}

func (w *breaker) fault(id string) {
	w.Press(fmt.Sprintf(`document.querySelector('[data-fault=%s]')`, id))
}
func (w *breaker) choose(id string) {
	w.Press(fmt.Sprintf(`document.querySelector('[data-choice=%s]')`, id))
	w.Wait(fmt.Sprintf(`document.querySelector('[data-choice=%s]').getAttribute('aria-pressed') === 'true'`, id))
}

// armed waits for a chip, or that there is none of that name.
func (w *breaker) armed(label string, yes bool) {
	w.Wait(fmt.Sprintf("%v === %s", yes, shows(".fp-chip", label)))
}

// figure waits until the account shows a number.
func (w *breaker) figure(name string, n int) {
	w.Wait(fmt.Sprintf(`document.querySelector('[data-figure=%s] b')?.textContent === '%d'`, name, n))
}

func atBothWidths(t *testing.T, run func(t *testing.T, width int64)) {
	for _, width := range []int64{1280, 390} {
		t.Run(strconv.FormatInt(width, 10), func(t *testing.T) { run(t, width) })
	}
}

// Killed in mid-sentence, the answer goes on in the same message; then most other
// things go wrong, one after the other, and each message has one outcome.
func TestTryToLoseAMessage(t *testing.T) {
	noLeaks(t)
	chrome := browser(t)
	atBothWidths(t, func(t *testing.T, width int64) {
		s := quick(t)
		w := s.broken(t, chrome, width)
		w.figure("in", 0)
		n := 0
		say := func(text string) (channel, ts string) {
			n++
			return s.say(text)
		}
		whole := func(channel, ts, words string) []slacksim.Message {
			t.Helper()
			own := s.answers(channel, ts, "one whole answer", func(own []slacksim.Message) bool {
				return len(own) == 1 && own[0].StreamingState != "in_progress" && strings.Contains(text(own[0]), words)
			})
			a := s.settled(n)
			w.figure("in", n)
			w.figure("out", a.out())
			w.figure("in_flight", 0)
			w.Wait(`document.querySelector('.fp-verdict.good')`)
			return own
		}

		w.fault("sentence")
		n++
		w.figure("resumed", 1)
		s.is("running", 2)
		var channel, ts string
		for c, list := range s.state().Messages {
			for _, m := range list {
				if m.Text == "Tell me a story" {
					channel, ts = c, m.TS
				}
			}
		}
		own := whole(channel, ts, "The end.")
		if c := strings.Count(text(own[0]), "The bot that lost its place"); c != 1 {
			t.Errorf("the answer begins %d times:\n%s", c, text(own[0]))
		}

		w.fault("lost")
		w.armed("Lose a response", true)
		channel, ts = say("hello")
		whole(channel, ts, "Hello!")
		w.armed("Lose a response", false)

		w.fault("hang")
		w.armed("Hang", true)
		channel, ts = say("a list, please")
		whole(channel, ts, "Three kinds of list")
		w.armed("Hang", false)

		w.fault("stall")
		w.armed("Stall", true)
		channel, ts = say("a story, please")
		own = whole(channel, ts, "The bot that lost its place")
		if a := s.settled(n); a.Failed != 1 {
			t.Errorf("a stall for ever gave %+v", a)
		}

		w.fault("model429")
		w.fault("slack429")
		channel, ts = say("some code, please")
		whole(channel, ts, "Here is a queue")

		channel, ts = say("another story, please")
		s.answers(channel, ts, "the beginning of an answer", func(own []slacksim.Message) bool {
			return len(own) == 1 && strings.Contains(text(own[0]), "bot")
		})
		w.fault("drop")
		whole(channel, ts, "The end.")

		w.fault("burst")
		n += 50
		s.settled(n)
		w.figure("in", n)
		w.figure("in_flight", 0)

		// The figures lead to the messages, and they to the conversation.
		w.Press(`document.querySelector('[data-figure=failed]')`)
		w.Wait(`document.querySelectorAll('.fp-list li').length === 1`)
		w.Press(`document.querySelector('.fp-list li a')`)
		w.Wait(shows(".thread .msg", "a story, please"))
		w.Close()
		s.stop()
	})
}

// Each button once, then calm: what went in came out.
func TestEveryFaultButton(t *testing.T) {
	noLeaks(t)
	s := quick(t)
	w := s.broken(t, browser(t), 1280)
	n := 0
	for _, id := range chromium.Eval[[]string](w.Window, `[...document.querySelectorAll('[data-fault]')].map((e) => e.dataset.fault)`) {
		w.fault(id)
		w.Wait(`!document.querySelector('.fp-fault[aria-busy=true]')`)
		switch id {
		case "sentence":
			n++
		case "burst":
			n += 50
		case "hung":
			n += 16
		case "badday":
			n += 12
		default:
			s.say("what now, after " + id + "?")
			n++
		}
	}
	w.Press(`document.querySelector('[data-act=stop]')`)
	w.Wait(`document.querySelector('.fp-resident [data-phase=running]') && !document.querySelector('[data-act=stop]:disabled')`)
	w.choose("after-1")
	w.Press(`document.querySelector('[data-act=kill]')`)
	w.Wait(`document.querySelector('.fp-resident [data-phase=down]') && ` + shows(".fp-chip", "the assistant is down"))
	s.say("is anybody there?")
	n++
	w.Wait(shows(".fp-verdict", "not received yet"))
	w.Press(`document.querySelector('[data-act=start]')`)
	s.settled(n)
	// Whatever is left is disarmed, with what never strikes here.
	if code := ask(t, "POST", s.url+"/sim/faults", "", `{"method":"views.open","kind":"500"}`, nil); code != http.StatusOK {
		t.Fatalf("arm: HTTP %d", code)
	}
	w.Wait(shows(".fp-chip", "views.open 500"))
	w.Press(`[...document.querySelectorAll('.fp-chips button')].find((e) => e.textContent === 'Clear all')`)
	w.Wait(`!document.querySelector('.fp-chip')`)
	w.figure("in", n)
	w.figure("out", n)
	w.Wait(`document.querySelector('.fp-verdict.good')`)

	// What happened is in the log.
	w.Press(`document.querySelector('[data-view=traffic]')`)
	w.Press(`[...document.querySelectorAll('.inspector-bar .tabs button')].find((e) => e.textContent === 'Trouble')`)
	w.Wait(shows(".happened", "was killed (kill -9)"))
	w.Close()
	s.stop()
}

// A crash that nobody asked for is said, and mended.
func TestAssistantThatCrashes(t *testing.T) {
	noLeaks(t)
	s := quick(t)
	w := s.broken(t, browser(t), 390)
	first := s.is("running", 1)
	s.say("hello")
	s.settled(1)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := s.is("running", 2)
	if second.Crashes != 1 || second.Kills != 0 || second.PID == first.PID {
		t.Errorf("%+v", second)
	}
	w.Wait(shows(".fp-resident", "1 crash") + " && " + shows(".fp-resident", "ended by itself: signal: killed"))
	s.say("hello again")
	s.settled(2)
	w.Close()
	s.stop()
	if alive(t, strconv.Itoa(second.PID)) {
		t.Error("the assistant outlives its sandbox")
	}
}

// What was counted is counted after a restart of all, and not after a reset.
func TestAccountOverRestarts(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	s := startSandbox(t, dir)
	s.say("hello")
	s.settled(1)
	s.act("kill", -1)
	s.is("down", 1)
	s.say("is anybody there?")
	eventually(t, "a message that is not received", func() bool { a, _ := s.panel(); return a.In == 2 && a.Unreceived == 1 && a.InFlight == 1 })
	s.stop()

	s = startSandbox(t, dir)
	s.settled(2)
	if code := ask(t, "POST", s.url+"/sim/reset", "", "{}", nil); code != http.StatusOK {
		t.Fatalf("reset: HTTP %d", code)
	}
	s.settled(0)
	s.say("hello, new world")
	s.settled(1)
	s.stop()
}

// A sandbox that is killed leaves nobody behind.
func TestSandboxLeavesNoOrphan(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a program that its parent died")
	}
	noLeaks(t)
	s := startSandbox(t, t.TempDir())
	r := s.is("running", 1)
	if err := s.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	eventually(t, "the end of the assistant", func() bool { return !alive(t, strconv.Itoa(r.PID)) })
}

func TestSandboxKillsAnotherBot(t *testing.T) {
	noLeaks(t)
	pids := t.TempDir() + "/pids"
	s := startSandboxWith(t, nil, "--bot", "echo $$ >> "+pids+"; exec sleep 1000")
	lines := func(n int) (all []string) {
		eventually(t, fmt.Sprintf("%d starts of the bot", n), func() bool {
			b, _ := os.ReadFile(pids) // it is not there at first
			all = strings.Fields(string(b))
			return len(all) == n
		})
		return all
	}
	lines(1)
	s.act("kill", 0)
	all := lines(2)
	if alive(t, all[0]) {
		t.Error("the killed bot lives")
	}
	s.act("stop", -1)
	s.is("down", 2)
	s.act("start", 0)
	all = lines(3)
	s.say("hello")
	if a, _ := s.panel(); a.In != 1 || a.InFlight != 1 || !a.BySight {
		t.Errorf("the account of a bot that says nothing: %+v", a)
	}
	s.stop()
	if alive(t, all[2]) {
		t.Error("the bot outlives its sandbox")
	}
	if code := ask(t, "POST", startSandboxWith(t, nil, "--bot", "none").url+"/sandbox/assistant", "", `{"action":"kill"}`, nil); code != http.StatusConflict {
		t.Errorf("a bot that is not ours: HTTP %d", code)
	}
}

func TestPanelRefuses(t *testing.T) {
	noLeaks(t)
	s := startSandbox(t, t.TempDir())
	for body, want := range map[string]string{
		`{"action":"explode"}`: "action is kill, stop or start", `{`: "write {", ``: "write {", `[]`: "write {",
	} {
		var refusal struct{ Message string }
		if code := ask(t, "POST", s.url+"/sandbox/assistant", "", body, &refusal); code != http.StatusBadRequest || !strings.Contains(refusal.Message, want) {
			t.Errorf("%s: HTTP %d, %q", body, code, refusal.Message)
		}
	}
	if code := ask(t, "GET", s.url+"/sandbox/messages?state=gone", "", "", nil); code != http.StatusBadRequest {
		t.Errorf("an unknown state: HTTP %d", code)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/sandbox/assistant", strings.NewReader(`{"action":"kill"}`))
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
		t.Errorf("another site kills the assistant: %s", r.Status)
	}
	if _, r := s.panel(); r.Kills != 0 {
		t.Errorf("%+v", r)
	}
	s.stop()
}

// A real model cannot be broken from the page; Slack can.
func TestPanelWithARealModel(t *testing.T) {
	noLeaks(t)
	chrome := browser(t)
	model := modelsim.New(modelsim.Options{Key: modelKey})
	server, err := model.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	})
	s := startSandbox(t, t.TempDir(), "OPENAI_BASE_URL="+server.URL(), "OPENAI_API_KEY="+modelKey)
	w := s.broken(t, chrome, 1280)
	w.Wait(`document.querySelector('[data-fault=hang]:disabled') && document.querySelector('[data-fault=hung]:disabled') && ` + shows(".fp-group", "A real model answers here"))
	w.fault("lost")
	w.armed("Lose a response", true)
	channel, ts := s.say("is the tide high?")
	s.answers(channel, ts, "one answer", func(own []slacksim.Message) bool {
		return len(own) == 1 && own[0].StreamingState != "in_progress" && strings.Contains(text(own[0]), "is the tide high?")
	})
	s.settled(1)
	w.armed("Lose a response", false)
	w.Close()
	s.stop()
}
