package ui_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"holdfast/internal/modelsim"
)

// faultPanel opens the fault panel.
func (w *window) faultPanel() {
	w.t.Helper()
	w.click(".main .breakit")
	w.wait(`document.querySelector('.fp-groups')`)
}

// Without a sandbox around it the page can break Slack and its connections, and says
// what is missing for the rest.
func TestFaultPanelAlone(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		w.faultPanel()
		w.wait(shows(".fp", "The account needs the whole sandbox") + ` && document.querySelector('[data-fault=hang]:disabled') && !document.querySelector('.fp-resident')`)
		w.press(`document.querySelector('[data-choice=times3]')`)
		w.click("[data-fault=lost]")
		w.wait(shows(".fp-chip", "Slack: Lose a response") + " && " + shows(".fp-chip small", "3 left"))
		faults := s.sim.Faults()
		if len(faults) != 1 || faults[0].Kind != "lost" || faults[0].Times != 3 {
			t.Errorf("armed: %+v", faults)
		}
		w.click("[data-fault=doubled]")
		w.press(`document.querySelector('[aria-label="Disarm Slack: Lose a response"]')`)
		w.wait(`document.querySelectorAll('.fp-chip').length === 1 && ` + shows(".fp-chip", "Events: Send twice"))
		w.pressText(".fp-chips button", "Clear all")
		w.wait(`!document.querySelector('.fp-chip')`)
		if n := len(s.sim.Faults()); n != 0 {
			t.Errorf("%d faults are left", n)
		}
		// What was armed elsewhere is seen at once, and can be taken back here.
		s.post("/sim/faults", object{"method": "chat.update", "kind": "500"})
		w.wait(shows(".fp-chip", "chat.update 500") + " && " + shows(".fp-chip small", "always"))
		if over := eval[float64](w, `document.querySelector('.fp').scrollWidth - document.querySelector('.fp').clientWidth`); over > 0 {
			t.Errorf("the panel is %v px wider than its pane", over)
		}
		if bad := eval[[]string](w, `[...document.querySelectorAll('.inspector button')].filter((e) => !(e.getAttribute('aria-label') || e.textContent).trim()).map((e) => e.outerHTML)`); len(bad) > 0 {
			t.Errorf("buttons without a name: %v", bad)
		}
	})
}

// The panel shows what it is told of the assistant's process and the account, also
// what must never be.
func TestFaultPanelInASandbox(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		panel := object{"account": object{"in": 3, "answered": 1, "merged": 0, "declined": 0, "stopped": 0, "failed": 1, "in_flight": 1,
			"unreceived": 1, "oldest_ms": 61_000, "resumed": 0, "unseen": 1, "twice": 0}, "assistant": nil, "model": object{"scripted": true, "first_event_ms": 7000, "idle_ms": 9000}}
		asked := make(chan object, 10)
		model := modelsim.New(modelsim.Options{})
		ada := ""
		s := simulated(t, map[string]http.Handler{
			"GET /sandbox/panel": answers(panel),
			"GET /sandbox/messages": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				answers(object{"total": 1, "messages": []object{{"channel": "D01ADAMARSH", "ts": "1767225600.000001", "user": ada, "text": "Where is &lt;my&gt; tide table?", "state": r.URL.Query().Get("state")}}}).ServeHTTP(rw, r)
			}),
			"POST /sandbox/assistant": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				asked <- read(t, r)
				answers(object{}).ServeHTTP(rw, r)
			}),
			"/model/rules": model.RulesHandler(),
		})
		ada = s.person("Ada Marsh")
		s.sim.Announce("sandbox", object{"scripted": true})
		it := object{"name": "the assistant", "phase": "running", "pid": 4711, "starts": 1, "kills": 0, "crashes": 0, "log": []object{}}
		s.sim.Announce("assistant", it)
		w := s.open(ada, s.channel("general"), width)
		w.faultPanel()
		w.wait(shows(".fp-verdict.bad", "1 answer is in the books, but not in Slack") + " && " + shows("[data-figure=oldest]", "1 min") + " && " + shows("[data-fault=hang]", "waits 7 s at most"))
		w.click("[data-figure=failed]")
		w.wait(shows(".fp-list li", "Ada Marsh Where is <my> tide table?") + " && " + shows(".fp-list .tag", "failed"))
		w.press(`document.querySelector('.fp-list [aria-label="Close the list"]')`)

		w.press(`document.querySelector('[data-choice=after3000]')`)
		w.click("[data-act=kill]")
		if got := <-asked; got["action"] != "kill" || got["after_ms"] != 3000.0 {
			t.Errorf("the sandbox is asked for %v", got)
		}
		s.sim.Announce("assistant", object{"name": "the assistant", "phase": "waiting", "until": time.Now().Add(time.Minute), "starts": 1, "kills": 1, "crashes": 0, "log": []object{
			{"at": time.Now(), "text": "the assistant was killed (kill -9)", "bad": false}}})
		w.wait(shows(".fp-chip.down", "the assistant is down") + ` && document.querySelector('[data-act=kill]:disabled') && !document.querySelector('[data-act=start]:disabled')`)
		w.press(`document.querySelector('.fp-chip.down button')`)
		if got := <-asked; got["action"] != "start" {
			t.Errorf("the sandbox is asked for %v", got)
		}
		w.click("[data-fault=slow]")
		w.wait(shows(".fp-chip", "Model: Slow") + " && " + shows(".fp-chip small", "1 left"))
		w.pressText(".fp-chips button", "Clear all")
		w.wait(`document.querySelectorAll('.fp-chip').length === 1`)
		w.press(`document.querySelector('.views [data-view=traffic]')`)
		w.wait(shows(".happened", "was killed (kill -9)"))
	})
}

// answers always answers the same.
func answers(v object) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // a test that was not told waits in vain
	})
}

func read(t *testing.T, r *http.Request) (v object) {
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		t.Error(err)
	}
	return v
}
