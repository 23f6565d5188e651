package holdfast_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/chromium"
	"holdfast/internal/slacksim"
)

// session is the one conversation of a person with the assistant, once it is as ok
// wants it.
func (s *sandbox) session(w *window, ok func(slacksim.Session) bool) (found slacksim.Session) {
	s.t.Helper()
	w.Until(func() bool {
		list := s.sessions()
		if len(list) == 1 {
			found = list[0]
		}
		return len(list) == 1 && ok(found)
	}, "a conversation as it should be")
	return found
}

func (s *sandbox) sessions() []slacksim.Session {
	s.t.Helper()
	var st struct{ Sessions []slacksim.Session }
	ask(s.t, "GET", s.url+"/sim/state", "", "", &st)
	return st.Sessions
}

// TestAtHomeInTheBrowser is a person's first day: prompts, the first answer, the one
// invitation, titles, and the Home tab.
func TestAtHomeInTheBrowser(t *testing.T) {
	noLeaks(t)
	chrome := browser(t)
	s := startSandbox(t, t.TempDir(), "HOLDFAST_INVITATION=true")
	ada := open(t, chrome, s.url)

	// What is suggested comes from the assistant, and a click asks it.
	ada.Wait(shows(".welcome .card-head", "What shall we begin with?") + " && " + shows(".suggestion", "Show me a table"))
	ada.shot(t, "home-prompts")
	ada.Press(`[...document.querySelectorAll('.suggestion')].find((e) => e.textContent.includes('Show me a table'))`)
	ada.Wait(shows(".msg.byapp table th", "seaweed"))

	// One invitation, after the answer; none with the next.
	ada.Wait(shows(".msg.byapp", "how I answer is up to you"))
	ada.Hover(composer(".main"))
	ada.shot(t, "home-invitation")
	ada.typeIn(".main", "and hello again")
	ada.Enter()
	ada.Wait(shows(".msg.byapp", "now you say"))
	invitations := `[...document.querySelectorAll('.msg.byapp')].filter((e) => e.textContent.includes('how I answer is up to you')).length`
	ada.Wait(invitations + ` === 1`)

	// The conversation has a title; one that Ada gives stays.
	named := s.session(ada, func(x slacksim.Session) bool { return x.Title == "Show me a table that compares" })
	ada.Wait(shows("body", "Show me a table that compares"))
	body, err := json.Marshal(map[string]string{"user": s.person("Ada"), "channel": named.Channel, "thread_ts": named.ThreadTS, "title": "Seaweed at lunch"})
	if err != nil {
		t.Fatal(err)
	}
	if code := ask(t, "POST", s.url+"/sim/rename", "", string(body), nil); code != 200 {
		t.Fatalf("rename: %d", code)
	}
	ada.typeIn(".main", "one more thing")
	ada.Enter()
	ada.Wait(shows(".msg.byapp", "and hello again"))
	ada.Wait(shows("body", "Seaweed at lunch"))

	// Home.
	ada.Press(`[...document.querySelectorAll('.pane-tab')].find((e) => e.textContent === 'Home')`)
	ada.Wait(shows(".home a", "Seaweed at lunch") + " && " + shows(".home", "Your settings") + " && " + shows(".home", "Privacy"))
	ada.shot(t, "home-tab")
	if text := chromium.Eval[string](ada.Window, `document.querySelector('.home').textContent`); !strings.Contains(text, "(default)") || strings.Contains(text, "undefined") {
		t.Errorf("Home says %s", text)
	}
	// Settings open from there, and what is saved stands there.
	ada.Press(`[...document.querySelectorAll('.home button')].find((e) => e.textContent === 'Change settings')`)
	ada.Wait(`document.querySelector('.modal-in:not([hidden]) [data-block^="language/"] input')`)
	ada.shot(t, "home-settings")
	ada.Type(`document.querySelector('.modal-in:not([hidden]) [data-block^="language/"] input')`, "Deutsch")
	ada.Press(`[...document.querySelectorAll('.modal .button.main')].find((e) => e.offsetWidth > 0)`)
	ada.Wait(shows(".home li", "Language: Deutsch") + " && " + shows(".home li", "(yours)"))

	// A conversation in the list leads to it.
	ada.Press(`[...document.querySelectorAll('.home a')].find((e) => e.textContent.includes('Seaweed at lunch'))`)
	ada.Wait(shows(".msg", "and hello again") + fmt.Sprintf(` && location.hash.includes(%q)`, named.Channel))

	// Ben finds nothing of it, and is invited by himself alone.
	ben := open(t, chrome, s.url+"/?as="+s.person("Ben")+"#/D01BENOKAFOR/home")
	ben.Wait(shows(".home", "None yet"))
	if text := chromium.Eval[string](ben.Window, `document.body.textContent`); strings.Contains(text, "Seaweed") {
		t.Error("Ben sees what Ada wrote")
	}
	ben.Close()
	ada.Close()

	// On a small screen.
	phone := &window{chromium.Open(t, chrome, s.url+"#/"+named.Channel+"/home", 390, 844)}
	phone.Wait(shows(".home a", "Seaweed at lunch"))
	if wide := chromium.Eval[bool](phone.Window, `document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("Home is wider than a small screen")
	}
	phone.shot(t, "home-tab-narrow")
	phone.Close()
	s.stop()
}
