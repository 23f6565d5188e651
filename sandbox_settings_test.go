package holdfast_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/chromium"
)

// shot keeps what a window shows for the documentation, if HOLDFAST_SHOTS names a folder.
func (w *window) shot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("HOLDFAST_SHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), w.Picture(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// seen is an element of a kind that can be seen and contains a text.
func seen(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.getClientRects().length > 0 && e.textContent.includes(%q))`, selector, text)
}

// inModal is an element in the block of a field of the settings.
func inModal(field, selector string) string {
	return fmt.Sprintf(`document.querySelector('.modal-in:not([hidden]) :is([data-block="%s"], [data-block^="%s/"]) %s')`, field, field, selector)
}

// pick chooses an option of a field.
func (w *window) pick(field, option string) {
	w.Press(inModal(field, ".select-face"))
	w.Press(fmt.Sprintf(`[...document.querySelectorAll('.option')].find((e) => e.getClientRects().length > 0 && e.textContent.trim().startsWith(%q))`, option))
	w.Wait(fmt.Sprintf(`%s?.textContent.includes(%q)`, inModal(field, ".select-face"), option))
}

// fillIn types into a field, in place of what it holds.
func (w *window) fillIn(field, text string) {
	element := inModal(field, ":is(input, textarea)")
	w.Focus(element)
	chromium.Eval[bool](w.Window, `(`+element+`.select(), true)`)
	w.Keys(text)
}

func (w *window) save() {
	w.Press(`[...document.querySelectorAll('.modal .button.main')].find((e) => e.offsetWidth > 0)`)
}

const noModal = `!document.querySelector('.modal')`

// asked waits until the newest request to the model has all of the words.
func (w *window) asked(s *sandbox, words ...string) {
	w.Until(func() bool {
		r, err := client.Get(s.url + "/model/requests")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		var list struct{ Requests []json.RawMessage }
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK || json.Unmarshal(b, &list) != nil || len(list.Requests) == 0 {
			return false
		}
		for _, word := range words {
			if !strings.Contains(string(list.Requests[len(list.Requests)-1]), word) {
				return false
			}
		}
		return true
	}, fmt.Sprint("a request with ", words))
}

// TestSettingsInTheBrowser is two people who change settings at three scopes.
func TestSettingsInTheBrowser(t *testing.T) {
	noLeaks(t)
	chrome := browser(t)
	s := startSandbox(t, filepath.Join(t.TempDir(), "sandbox"))
	general := s.channel("general")
	at := func(person string) string { return s.url + "/?as=" + s.person(person) + "#/" + general }
	ada, ben := open(t, chrome, at("Ada")), open(t, chrome, at("Ben"))
	ada.mention(".main", "hello from me")
	ada.Wait(shows(".main .msg .summary", "1 reply"))

	// The slash command. What is typed stays when the model, and with it the form, changes.
	ada.typeIn(".main", "/chatgpt-settings")
	ada.Enter()
	ada.Enter()
	ada.Wait(seen(".modal h2", "Settings") + " && " + inModal("reasoning_effort", ".select-face"))
	ada.shot(t, "settings")
	ada.fillIn("custom_instructions", "Call me Captain.")
	ada.pick("model", "gpt-5.5")
	ada.Wait(inModal("custom_instructions", "textarea") + `.value === 'Call me Captain.'`)
	ada.pick("answer_length", "Short")
	ada.fillIn("channel_context", "99")
	ada.save()
	ada.Wait(inModal("channel_context", ".bk-error"))
	ada.Forgive() // the refused request is in the console
	chromium.Eval[bool](ada.Window, `(`+inModal("channel_context", ".bk-error")+`.scrollIntoView({block: 'center'}), true)`)
	ada.shot(t, "settings-mistake")
	ada.fillIn("channel_context", "5")
	ada.save()
	ada.Wait(noModal + " && " + seen(".ephemeral", "Your settings count from your next message on"))
	ada.Wait(composer(".main") + `.value === ''`)
	ada.Press(composer(".main"))
	ada.mention(".main", "hello again")
	ada.asked(s, "gpt-5.5", "Call me Captain.", "hello again")

	// A channel's are said in the channel, to everybody.
	ben.typeIn(".main", "/chatgpt-settings")
	ben.Enter()
	ben.Enter()
	ben.Wait(seen(".modal h2", "Settings") + " && " + inModal("scope", "input"))
	ben.fillIn("language", "Latin")
	ben.Press(seen(".modal .choice", "This channel"))
	ben.Wait(inModal("follow_up", ".select-face") + " && " + inModal("language", "input") + `.value === 'Latin'`)
	ben.shot(t, "settings-channel")
	ben.save()
	ben.Wait(noModal)
	ada.Wait(seen(".main .msg.byapp", "changed my settings for this channel: language"))

	// A thread's, by the shortcut in the menu of a message; said in the thread, as somebody
	// else began it.
	hello := `[...document.querySelectorAll('.main .msg')].find((e) => e.textContent.includes('hello from me'))`
	ben.Press(hello + `?.querySelector('.summary')`)
	ben.Wait(seen(".thread .msg", "hello from me"))
	ben.Hover(hello)
	ben.Press(hello + `?.querySelector('.tools [aria-label=More]')`)
	ben.Press(seen(".popmenu button", "Thread Settings"))
	ben.Wait(seen(".modal h2", "Settings") + " && " + inModal("answer_length", ".select-face"))
	ben.pick("answer_length", "Long")
	ben.save()
	ben.Wait(noModal + " && " + seen(".thread .msg.byapp", "changed my settings for this thread: length of answers “Long”"))
	ben.shot(t, "settings-thread")
	ben.mention(".thread", "and in this thread?")
	ben.asked(s, "Latin", "and in this thread?")

	// What one thinks of an answer, and why.
	ben.Press(`document.querySelector('.thread [aria-label="This answer did not help"]')`)
	ben.Wait(seen(".modal h2", "Thank you") + " && " + inModal("reason", "textarea"))
	ben.fillIn("reason", "Too long for a hello.")
	ben.shot(t, "feedback")
	ben.save()
	ben.Wait(noModal + " && " + seen(".ephemeral", "Thank you, your words are noted.") +
		` && document.querySelector('.thread .bk-icon.on')?.getAttribute('aria-label') === 'This answer did not help'`)

	// From everywhere: one's own, as they were saved, over a restart of the assistant too.
	ada.Press(`document.querySelector('.main [aria-label=Shortcuts]')`)
	ada.Press(seen(".pop .option", "My settings"))
	ada.Wait(seen(".modal", "Your settings count wherever you talk to me") + " && " + inModal("custom_instructions", "textarea") + `.value === 'Call me Captain.'`)
	ada.Close()
	ben.Close()
	s.stop()
}
