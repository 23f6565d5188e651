package ui_test

import (
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestSessionList(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada := s.person("Ada Marsh")
		dm := s.dm(ada)
		roots := map[string]string{}
		for _, title := range []string{"Cranes", "Tides", "Lunch"} {
			made, err := s.sim.Say(ada, dm, "Tell me about "+title, "")
			if err != nil {
				t.Fatal(err)
			}
			roots[title] = made.TS
			s.api("agents.sessions.setStatus", url.Values{"channel_id": {dm}, "thread_ts": {made.TS}, "status": {"active"}, "title": {title}})
			s.api("chat.postMessage", url.Values{"channel": {dm}, "thread_ts": {made.TS}, "text": {"All about " + title + ", and herons"}})
		}
		s.api("agents.sessions.setStatus", url.Values{"channel_id": {dm}, "thread_ts": {roots["Tides"]}, "status": {"processing"}})

		w := s.open(ada, dm, width)
		w.rail()
		titles := func(selector string) string {
			return `[...document.querySelectorAll('` + selector + `')].map((e) => e.textContent.trim()).join()`
		}
		w.wait(titles(".railsessions .session:not(.all)") + ` === 'Lunch,Tides,Cranes' && document.querySelector('.railsessions .sessiondot.processing')`)
		w.pressText(".railsessions .session", "Cranes")
		w.wait(shows(".thread .head h1", "Cranes") + " && " + shows(".thread .msg", "All about Cranes"))

		w.rail()
		w.pressText(".railsessions .session", "All conversations")
		w.wait(titles(".sessions-list strong") + ` === 'Lunch,Tides,Cranes' && ` + shows(".session-row", "working"))
		w.fill(".sessions-bar input", "crane")
		w.wait(titles(".sessions-list strong") + ` === 'Cranes'`)
		w.fill(".sessions-bar input", "herons")
		w.wait(titles(".sessions-list strong") + ` === 'Lunch,Tides,Cranes'`)
		w.fill(".sessions-bar input", "nowhere")
		w.wait(shows(".sessions-list", "Nothing fits"))
		w.fill(".sessions-bar input", "")

		entry := func(title, item string) {
			t.Helper()
			w.press(`document.querySelector('.sessions-list [aria-label="More about ` + title + `"]')`)
			w.pressText(".popmenu button", item)
		}
		entry("Cranes", "Pin")
		w.wait(titles(".sessions-list strong") + ` === 'Cranes,Lunch,Tides' && document.querySelector('.pinmark')`)
		entry("Lunch", "Archive")
		w.wait(titles(".sessions-list strong") + ` === 'Cranes,Tides'`)
		entry("Cranes", "Rename")
		w.wait(`document.activeElement.matches('.session-rename')`)
		w.keys("Cranes & gulls")
		w.enter()
		w.wait(titles(".sessions-list strong") + ` === 'Cranes & gulls,Tides'`)
		if got := s.sim.Sessions(); got[0].Title != "Cranes & gulls" {
			t.Errorf("the session is called %q", got[0].Title)
		}
		entry("Cranes & gulls", "Rename")
		w.keys("never mind")
		w.keys(kb.Escape)
		w.wait(titles(".sessions-list strong") + ` === 'Cranes & gulls,Tides'`)

		// Pins and the archive are remembered by this browser.
		w.run(chromedp.Reload())
		w.wait(titles(".sessions-list strong") + ` === 'Cranes & gulls,Tides'`)
		w.pressText(".sessions-foot button", "Archived (1)")
		w.wait(titles(".sessions-list strong") + ` === 'Lunch'`)
		entry("Lunch", "Take out of the archive")
		w.pressText(".sessions-foot button", "Back to the others")
		w.wait(titles(".sessions-list strong") + ` === 'Cranes & gulls,Lunch,Tides'`)

		// A link to a conversation opens it.
		w.catchCopies()
		entry("Tides", "Copy link")
		w.wait(`window.copied`)
		w.run(chromedp.Navigate(eval[string](w, `window.copied`)))
		w.wait(shows(".thread .head h1", "Tides") + " && " + shows(".thread .status", "Holdfast is working"))
	})
}

func TestContextLine(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada := s.person("Ada Marsh")
		w := s.open(ada, s.dm(ada), width)
		w.wait(`document.querySelector('.main .presence') && !document.querySelector('.main .context')`)
		w.rail()
		w.press(`document.querySelector(".entry[href='#/` + s.channel("general") + `']")`)
		w.wait(`document.querySelector('.main textarea')?.placeholder === 'Message #general'`)
		w.rail()
		w.press(`document.querySelector(".entry[href='#/` + s.dm(ada) + `']")`)
		w.wait(shows(".main .context", "sees #general"))
		w.run(chromedp.Reload())
		w.wait(shows(".main .context", "sees #general"))
		w.press(`document.querySelector('.main .context a')`)
		w.wait(`location.hash === '#/` + s.channel("general") + `'`)
	})
}

func TestLinkToAMessage(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		s := simulated(t, nil)
		ada, ben, general := s.person("Ada Marsh"), s.person("Ben Okafor"), s.channel("general")
		say := func(text, thread string) string {
			made, err := s.sim.Say(ben, general, text, thread)
			if err != nil {
				t.Fatal(err)
			}
			return made.TS
		}
		root := say("the old plan", "")
		for i := range 40 {
			say("filler with some words in it", "")
			if i < 25 {
				say("a reply to it", root)
			}
		}
		for range 300 { // more than is drawn at once
			say("more filler", "")
		}
		reply := say("the decisive reply", root)
		for range 30 {
			say("and on it goes", root)
		}
		inView := func(ts string) string {
			return `(() => { const e = document.querySelector('.msg.goal[data-ts="` + ts + `"]'); if (!e) return false; const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight })()`
		}

		w := s.open(ben, general+"/"+root, width)
		w.catchCopies()
		w.menuOf("the decisive reply", "Copy link")
		w.wait(`window.copied && ` + shows(".banner", "The link is copied"))
		link := eval[string](w, `window.copied`)
		other := open(t, link, width, 800)
		other.wait(shows(".thread .msg", "the decisive reply") + " && " + inView(reply))

		second := s.open(ada, general, width)
		second.wait(`document.querySelector('.msg')`)
		eval[int](second, `(location.hash = '#/`+general+`//`+root+`', 1)`)
		second.wait(inView(root))
		if !eval[bool](second, `document.querySelector('.main .msg.goal').textContent.includes('the old plan')`) {
			t.Error("another message is lit up")
		}
		eval[int](second, `(location.hash = '#/`+general+`//123.456', 1)`)
		second.wait(shows(".banner", "That message is not here"))
	})
}
