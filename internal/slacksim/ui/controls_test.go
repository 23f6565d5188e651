package ui_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/internal/modelsim"
)

// panel opens the inspector, its controls, and one of their panels.
func (w *window) panel(name string) {
	w.t.Helper()
	if !eval[bool](w, `!!document.querySelector('.inspector')`) {
		w.click(".main .inspect")
	}
	w.press(`document.querySelector('.views [data-view=controls]')`)
	w.wait(`document.querySelector('.panel[data-panel=` + name + `]')`)
	if !eval[bool](w, `document.querySelector('.panel[data-panel=`+name+`]').classList.contains('open')`) {
		w.press(`document.querySelector('.panel[data-panel=` + name + `] h2 button')`)
	}
	w.wait(`document.querySelector('.panel.open[data-panel=` + name + `] .panel-body')`)
}

func TestInspectFromAMessage(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		s.api("chat.postMessage", url.Values{"channel": {general}, "text": {"Sought for"}})
		s.api("chat.postMessage", url.Values{"channel": {general}, "text": {"Another one"}})
		w := s.open(ada, general, width)
		w.menuOf("Sought for", "Inspect")
		w.wait(`document.querySelectorAll('.entry-row').length === 1 && ` + shows(".what", "chat.postMessage"))
		w.press(`document.querySelector('.entry-row button')`)
		w.wait(shows(".detail pre", "Sought for"))
		w.catchCopies()
		w.pressText(".detail button", "Copy as JSON")
		w.wait(`window.copied && JSON.parse(window.copied).args.text === 'Sought for'`)
		w.press(`document.querySelector('.inspector [aria-label="Copy what is listed as JSON"]')`)
		w.wait(`Array.isArray(JSON.parse(window.copied)) && JSON.parse(window.copied).length === 1`)
		w.fill(".inspector input[type=search]", "")
		w.wait(`document.querySelectorAll('.entry-row').length > 1`)
	})
}

// ask sends the scripted model one question, as the assistant would.
func ask(t *testing.T, model *modelsim.Sim, text string) {
	t.Helper()
	server := httptest.NewServer(model.Handler())
	defer server.Close()
	raw, err := json.Marshal(object{"model": "gpt-5.5", "instructions": "Be brief.", "input": []object{{"role": "user", "content": text}}, "store": false})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/responses", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer sk-sim")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the model answers HTTP %d", response.StatusCode)
	}
}

func TestModelRequests(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		model := modelsim.New(modelsim.Options{})
		s := simulated(t, map[string]http.Handler{"GET /model/requests": model.RequestsHandler()})
		ask(t, model, "How deep is the harbour?")
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		w.click(".main .inspect")
		w.press(`document.querySelector('.views [data-view=model]')`)
		w.wait(shows(".entry-row", "How deep is the harbour?"))
		ask(t, model, "And how wide?")
		w.wait(shows(".entry-row:first-child", "And how wide?"))
		w.press(`document.querySelector('.entry-row:first-child button')`)
		w.wait(shows(".said", "And how wide?") + " && !(" + shows(".said", "Be brief.") + ")")
		w.pressText(".j-fold", "Instructions")
		w.wait(shows(".said", "Be brief."))
		w.pressText(".j-fold", "Body")
		w.wait(shows(".detail pre", `"model": "gpt-5.5"`))
		w.fill(".inspector input[type=search]", "deep")
		w.wait(`document.querySelectorAll('.entry-row').length === 1`)
	})
}

// With another model than the scripted one there is nothing to show, and the view goes.
func TestModelViewGoesWithoutARecord(t *testing.T) {
	s := simulated(t, nil)
	w := s.open(s.person("Ada Marsh"), s.channel("general"), 1280)
	w.click(".main .inspect")
	w.press(`document.querySelector('.views [data-view=model]')`)
	w.wait(`!document.querySelector('.views [data-view=model]') && document.querySelector('.views [data-view=traffic]').getAttribute('aria-pressed') === 'true'`)
	w.forgive() // the browser complains of the 404
}

func TestActionsView(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		ts := s.api("chat.postMessage", url.Values{"channel": {general}, "text": {"Berth 4?"}, "blocks": {`[{"type":"actions","block_id":"b","elements":[{"type":"button","action_id":"reserve","text":{"type":"plain_text","text":"Reserve"}}]}]`}})["ts"].(string)
		click := func(user string) {
			t.Helper()
			s.post("/sim/actions", object{"user": user, "channel": general, "ts": ts, "block_id": "b", "action_id": "reserve", "input": object{}, "state": object{}})
		}
		click(ada)
		w := s.open(ada, general, width)
		w.click(".main .inspect")
		w.press(`document.querySelector('.views [data-view=actions]')`)
		// Nobody is connected, so the click fails.
		w.wait(shows(".entry-row", "reserve") + " && " + shows(".entry-row .tag.bad", "dispatch_failed"))
		click(s.person("Ben Okafor"))
		w.wait(shows(".entry-row:first-child", "Ben Okafor"))
		w.press(`document.querySelector('.entry-row button')`)
		w.wait(shows(".detail .json", "block_actions"))
		w.fill(".inspector input[type=search]", "no such action")
		w.wait(shows(".nothing", "Nothing fits"))
	})
}

func TestFaultPanel(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		general := s.channel("general")
		w := s.open(s.person("Ada Marsh"), general, width)
		w.panel("faults")
		w.fill(".panel input[name=method]", "chat.update")
		eval[int](w, `(() => { const e = document.querySelector('.panel select[name=kind]'); e.value = '429'; e.dispatchEvent(new Event('change', {bubbles: true})); return 1 })()`)
		w.fill(".panel input[name=retry_after]", "7")
		w.fill(".panel input[name=times]", "2")
		w.pressText(".panel button", "Arm the fault")
		w.wait(shows(".armed li", "chat.update 429") + " && " + shows(".armed li", "2 times to go"))
		response, err := http.PostForm(s.url+"/api/chat.update", url.Values{"token": {"xoxb-sim-bot"}, "channel": {general}, "ts": {"1.2"}, "text": {"x"}})
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "7" {
			t.Errorf("HTTP %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
		}
		w.wait(shows(".armed li", "1 time to go"))
		w.press(`document.querySelector('.armed [aria-label="Disarm 429 of chat.update"]')`)
		w.wait(shows(".panel", "Nothing is armed"))
		if n := len(s.sim.Faults()); n != 0 {
			t.Errorf("%d faults are armed", n)
		}
		w.fill(".panel input[name=method]", "*")
		w.pressText(".panel button", "Arm the fault")
		w.wait(shows(".armed li", "*"))
		w.pressText(".panel button", "Disarm all")
		w.wait(shows(".panel", "Nothing is armed"))
	})
}

func TestWirePanels(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		w.panel("delivery")
		w.pressText(".switch", "Hold all events back")
		w.wait(shows(".panel", "Deliver as usual"))
		if got := s.get("/sim/deliver"); got["hold"] != true {
			t.Errorf("delivery is %v", got)
		}
		w.pressText(".panel button", "Deliver as usual")
		w.wait(`!document.querySelector('.switch input:checked')`)

		w.panel("limits")
		w.pressText(".switch", "Enforce Slack")
		w.until(func() bool { return s.get("/sim/limits")["enabled"] == true }, "the limits are on")
		w.fill(".panel input[aria-label=Method]", "chat.update")
		w.pressText(".panel .inline-form button", "Set")
		w.wait(shows(".armed li", "20 a minute"))
		if got := s.get("/sim/limits"); got["enabled"] != true || got["methods"].(object)["chat.update"] != 20.0 {
			t.Errorf("limits are %v", got)
		}

		w.panel("connections")
		w.wait(shows(".panel", "No connection is open"))
		w.pressText(".panel button", "Switch Socket Mode off")
		w.wait(shows(".panel button", "Switch Socket Mode on again"))
		w.pressText(".panel button", "Switch Socket Mode on again")
		w.wait(shows(".panel button", "Switch Socket Mode off"))
		opened := s.decode(post(s.url+"/api/apps.connections.open", "xapp-1-sim"))
		w.dial(opened["url"].(string))
		w.wait(shows(".armed li", "live"))
		w.press(`document.querySelector('.panel [data-action=stall]')`)
		w.wait(shows(".armed li", "stalled"))
		w.press(`document.querySelector('.panel [data-action=drop]')`)
		w.wait(shows(".panel", "No connection is open"))
		w.forgive() // the browser complains of the socket that broke
	})
}

func post(to, token string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodPost, to, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return http.DefaultClient.Do(request)
}

// dial opens a socket as the app would; the page's own browser serves for it.
func (w *window) dial(address string) {
	w.t.Helper()
	eval[int](w, `(window.appSocket = new WebSocket(`+quote(address)+`), 1)`)
}

func TestClockPanel(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		w.panel("clock")
		w.wait(shows(".clock small", "as on this computer"))
		w.pressText(".panel button", "+ 5 min")
		w.wait(shows(".clock small", "5 min ahead"))
		w.fill(".panel .inline-form input", "55")
		w.pressText(".panel .inline-form button", "Go")
		w.wait(shows(".clock small", "60 min ahead"))
		now, err := time.Parse(time.RFC3339Nano, s.get("/sim/state")["now"].(string))
		if ahead := time.Until(now); err != nil || ahead < 59*time.Minute || ahead > 61*time.Minute {
			t.Errorf("the simulator is %v ahead (%v)", ahead, err)
		}
		w.run(chromedp.Reload())
		w.wait(shows(".clock small", "60 min ahead"))
	})
}

func TestSettingsPanel(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		w := s.open(s.person("Ada Marsh"), s.channel("general"), width)
		w.panel("settings")
		w.pressText(".switch", "Not in the Marketplace")
		w.wait(`[...document.querySelectorAll('.switch')].find((e) => e.textContent.includes('Marketplace')).querySelector('input').checked`)
		w.until(func() bool { return s.sim.Settings().NonMarketplace }, "non_marketplace is set")
		chars := `[...document.querySelectorAll('.row-field')].find((e) => e.textContent.includes('Characters of a stream')).querySelector('input')`
		eval[int](w, "("+chars+".focus(), "+chars+".select(), 1)")
		w.keys("4321")
		w.enter()
		w.wait(chars + `.value === '4321' && ` + chars + `.matches(':focus')`)
		w.until(func() bool { return s.sim.Settings().StreamChars == 4321 }, "stream_chars is set")
		eval[int](w, "("+chars+".select(), 1)")
		w.keys("0")
		w.enter()
		w.wait(shows(".panel .problem", "stream_chars"))

		rest := `document.querySelector('.panel textarea')`
		apply := `[...document.querySelectorAll('.panel button')].find((e) => e.textContent === 'Apply')`
		eval[int](w, `(() => { const e = `+rest+`; e.value = e.value.replace(/"task_string_chars": \d+/, '"task_string_chars": 99'); e.dispatchEvent(new Event('input', {bubbles: true})); return 1 })()`)
		w.wait("!" + apply + ".disabled")
		w.pressText(".panel button", "Apply")
		w.until(func() bool { return s.sim.Settings().TaskChars == 99 }, "task_string_chars is set")
		w.wait(apply + ".disabled") // the page knows it too
		eval[int](w, `(() => { const e = `+rest+`; e.value = '{'; e.dispatchEvent(new Event('input', {bubbles: true})); return 1 })()`)
		w.wait("!" + apply + ".disabled")
		w.pressText(".panel button", "Apply")
		w.wait(shows(".panel .problem", "This is not JSON"))
		w.forgive() // the browser complains of the refused 0
	})
}

func TestWorkspaceSavedAndBroughtBack(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, general := s.person("Ada Marsh"), s.channel("general")
		if _, err := s.sim.Say(ada, general, "Worth keeping", ""); err != nil {
			t.Fatal(err)
		}
		w := s.open(ada, general, width)
		dir := t.TempDir()
		w.Downloads(dir)
		w.panel("workspace")
		w.press(`document.querySelector('.panel a[download]')`)
		var saved string
		w.until(func() bool {
			found, _ := filepath.Glob(filepath.Join(dir, "*.json"))
			if len(found) == 1 {
				saved = found[0]
			}
			return saved != ""
		}, "the workspace is saved")
		raw, err := os.ReadFile(saved)
		if err != nil || !strings.Contains(string(raw), "Worth keeping") {
			t.Fatalf("the file lacks what was said (%v)", err)
		}

		w.pressText(".panel button", "Reset…")
		w.wait(shows("dialog", "Reset the workspace?"))
		w.pressText("dialog .danger", "Reset")
		w.wait(shows(".banner", "The workspace is as new"))
		w.until(func() bool { return len(s.sim.Messages(general)) == 0 }, "the messages are gone")

		w.choose(".panel input[type=file]", saved)
		w.wait(shows("dialog", "Replace the workspace?"))
		w.pressText("dialog .danger", "Replace")
		w.wait(shows(".banner", "The workspace was replaced") + ` && !document.querySelector('dialog')`)
		w.click(".inspector [aria-label^=Close]")
		w.wait(message("Worth keeping"))

		wrong := filepath.Join(dir, "wrong.txt")
		if err := os.WriteFile(wrong, []byte("no JSON"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.panel("workspace")
		w.choose(".panel input[type=file]", wrong)
		w.wait(shows(".panel .problem", "wrong.txt is not JSON"))
	})
}

// The person that a window belongs to may be gone after a reset.
func TestResetWithoutOneself(t *testing.T) {
	s := simulated(t, nil)
	carla := s.post("/sim/users", object{"name": "carla", "real_name": "Carla Nowak"})["id"].(string)
	w := s.open(carla, s.channel("general"), 1280)
	w.wait(shows(".whoami", "Carla Nowak"))
	s.sim.Reset()
	w.wait(shows(".whoami", "Ada Marsh") + ` && document.querySelector('.main .head h1')`)
}
