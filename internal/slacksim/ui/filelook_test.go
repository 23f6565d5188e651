package ui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/modelsim"
)

// TestLookFiles walks through files, people, conversations and the inspector's controls in
// both themes and widths, and saves pictures to the folder that UI_SHOTS names.
func TestLookFiles(t *testing.T) {
	if os.Getenv("UI_SHOTS") == "" {
		t.Skip("set UI_SHOTS to a folder to save pictures of the page")
	}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			t.Run(fmt.Sprint(theme, width), func(t *testing.T) { walk(t, theme, width) })
		}
	}
}

func walk(t *testing.T, theme string, width int64) {
	model := modelsim.New(modelsim.Options{})
	s := simulated(t, map[string]http.Handler{"GET /model/requests": model.RequestsHandler()})
	ada, ben, general := s.person("Ada Marsh"), s.person("Ben Okafor"), s.channel("general")
	dm := s.dm(ada)
	for _, title := range []string{"Which crane lifts 14 t", "Tide table for the week", "A lunch that everybody can eat, also those who do not like fish"} {
		made, err := s.sim.Say(ada, dm, "Tell me: "+title, "")
		if err != nil {
			t.Fatal(err)
		}
		s.api("agents.sessions.setStatus", url.Values{"channel_id": {dm}, "thread_ts": {made.TS}, "status": {"active"}, "title": {title}})
		s.api("chat.postMessage", url.Values{"channel": {dm}, "thread_ts": {made.TS}, "markdown_text": {"Here is what I found about **" + title + "**."}})
	}
	carla := s.post("/sim/users", object{"name": "carla", "real_name": "Carla Nowak", "tz": "Europe/Warsaw"})["id"].(string)
	s.post("/sim/dms", object{"user": ada, "with": []string{ben}})
	group := s.post("/sim/dms", object{"user": ada, "with": []string{ben, carla}})["id"].(string)
	if _, err := s.sim.Say(ben, group, "Lunch, all three?", ""); err != nil {
		t.Fatal(err)
	}
	one := s.upload(ben, "pontoon.png", "The new pontoon", picture(1280, 720, teal))
	s.share(ben, general, "The *new pontoon* is here :tada:", one)
	two := s.upload(ada, "crane.png", "", picture(600, 900, orange))
	three := s.upload(ada, "quay.png", "", picture(900, 600, teal))
	s.share(ada, general, "and two more", two, three, s.upload(ada, "map.png", "", picture(500, 500, orange)))
	s.share(ben, general, "Papers", s.upload(ben, "Harbour report, third quarter.pdf", "", []byte("%PDF-1.4\n%%EOF\n")), s.upload(ben, "berths.csv", "", []byte("berth,depth\n4,9.5\n5,11.2\n")),
		s.upload(ben, "bell.wav", "", wave()), s.upload(ben, "deploy.go", "", []byte("package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"ahoy\")\n}\n")))
	gone := s.upload(ben, "old.png", "", picture(50, 50, teal))
	s.share(ben, general, "", gone)
	s.post("/sim/files/delete", object{"user": ben, "file": gone})
	s.api("conversations.canvases.create", url.Values{"channel_id": {general}, "title": {"Mooring plan"}, "document_content": {`{"type":"markdown","markdown":"# Berths\n\n- **one** is free\n- two is *taken*\n\n| Berth | Depth |\n|---|--:|\n| 4 | 9.5 m |\n\n> Ask the harbour master first."}`}})
	w := s.open(ada, general, width)
	if theme == "dark" {
		w.run(dark())
	}
	n := 0
	shot := func(name string) {
		n++
		// What moves is let come to rest.
		w.wait(`document.getAnimations().filter((a) => a.effect.getTiming().iterations === 1 && a.animationName !== 'goal').every((a) => a.playState === 'finished') && [...document.images].every((i) => i.complete)`)
		w.shot(fmt.Sprintf("%s-%d-%02d-%s", theme, width, n, name))
	}
	w.wait(`document.querySelectorAll('.picture img').length === 4 && document.querySelector('.snippet pre')`)
	shot("files-end")
	w.wheelUp(".main .scroller", 4000)
	shot("files-top")
	w.wheelUp(".main .scroller", -500)
	shot("files-middle")
	w.press(`document.querySelectorAll('.picture')[1]`)
	w.wait(`document.querySelector('.lightbox img')?.naturalWidth > 0`)
	shot("lightbox")
	w.keys(kb.Escape)
	w.drop("drop", ".main .scroller", [3]string{"pier.png", "image/png", encoded(picture(300, 200, teal))}, [3]string{"plan for the whole year.pdf", "application/pdf", encoded([]byte("%PDF"))}, [3]string{"nothing.txt", "text/plain", ""})
	w.wait(`document.querySelectorAll('.attachment.ready').length === 2`)
	shot("attachments")
	w.drop("dragenter", ".main .scroller", [3]string{"pier.png", "image/png", ""})
	w.wait(`document.querySelector('.dropzone')`)
	shot("dropzone")
	w.drop("dragleave", ".main .scroller", [3]string{"pier.png", "image/png", ""})
	w.press(`document.querySelector('.attachment .alt')`)
	w.wait(`document.querySelector('.alt-preview')?.naturalWidth > 0`)
	shot("alt")
	w.keys(kb.Escape)
	w.press(`document.querySelector('.banner button')`)
	w.menuOf("and two more", "Copy text")
	w.reach("and two more")
	w.press(message("and two more") + `.querySelector('.tools [aria-label=More]')`)
	w.wait(`document.querySelector('.popmenu')`)
	shot("message-menu")
	w.keys(kb.Escape)
	w.press(message("and two more") + `.querySelector('.tools [aria-label="Add a reaction"]')`)
	w.press(`document.querySelector('.picker-tabs [aria-label=nature]')`)
	shot("picker")
	w.keys(kb.Escape)
	w.press(`document.querySelector('.main .faces')`)
	w.wait(`document.querySelector('dialog .person')`)
	shot("members")
	w.keys(kb.Escape)
	w.press(`document.querySelector('.main [aria-label="More about this place"]')`)
	w.wait(`document.querySelector('.popmenu')`)
	shot("place-menu")
	w.pressText(".popmenu button", "Mooring plan")
	w.wait(`document.querySelector('.canvas')`)
	shot("canvas")
	w.rail()
	shot("rail")
	w.press(`document.querySelector('[aria-label="New message"]')`)
	w.pressText("dialog .person", "Ben Okafor")
	shot("new-message")
	w.keys(kb.Escape)
	w.press(`document.querySelector('[aria-label="Browse channels"]')`)
	shot("browse")
	w.keys(kb.Escape)
	w.click(".whoami")
	w.wait(`document.querySelector('.menu')`)
	shot("who")
	w.pressText(".menu-add", "Add a person")
	shot("add-person")
	w.keys(kb.Escape)
	w.pressText(".session", "All conversations")
	w.wait(`document.querySelector('.sessions-list')`)
	w.press(`document.querySelector('.sessions-list [aria-label^="More about Which"]')`)
	w.pressText(".popmenu button", "Pin")
	shot("sessions")
	w.run(chromedp.Navigate(s.url + "/?as=" + ada + "#/" + dm))
	w.wait(`document.querySelector('.conversation')`)
	shot("assistant")
	w.focus(".main .scroller")
	w.keys("?")
	w.wait(`document.querySelector('.keyhelp')`)
	shot("keyhelp")
	w.keys(kb.Escape)
	w.click(".main .inspect")
	w.wait(`document.querySelector('.entry-row')`)
	w.click(".entry-row button")
	shot("traffic")
	ask(t, model, "How deep is the harbour, and who measured it last?")
	w.press(`document.querySelector('.views [data-view=model]')`)
	w.wait(shows(".entry-row", "How deep"))
	w.press(`document.querySelector('.entry-row button')`)
	w.wait(`document.querySelector('.said')`)
	shot("model")
	for _, name := range []string{"faults", "delivery", "limits", "clock", "settings", "workspace"} {
		w.panel(name)
		if name == "faults" {
			w.pressText(".panel button", "Arm the fault")
			w.wait(`document.querySelector('.armed li')`)
		}
		w.wait(`document.querySelector('.panel.open .panel-body').textContent`)
		shot("panel-" + name)
	}
	w.pressText(".panel button", "Reset…")
	shot("confirm")
	w.keys(kb.Escape)
	w.forgive()
}
