package ui_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// atModal is a window of Ada's with a modal open, and how it came to that: the click.
func atModal(t *testing.T, width int64, view object) (*guest, *window, told, string) {
	t.Helper()
	g := hosted(t)
	w, _ := g.shown(ada, width, actions("b", button("Open it", "open", nil)))
	w.press(seen(".bk-button", "Open it"))
	a := g.next("block_actions").ack(nil)
	id := a.open("views.open", view)
	w.wait(seen(".modal h2", view["title"].(object)["text"].(string)))
	return g, w, a, id
}

const titleNow = `[...document.querySelectorAll('.modal h2')].find((e) => e.offsetWidth > 0)?.textContent`

// field is the selector of the field in an input block of the modal that is seen.
func field(block string) string {
	return `.modal-in:not([hidden]) [data-block="` + block + `"] :is(input, textarea)`
}

// errorAt is an expression: what is said to be wrong with a block.
func errorAt(block string) string {
	return `document.querySelector('.modal-in:not([hidden]) [data-block="` + block + `"] .bk-error')?.textContent`
}

func submit(w *window) {
	w.t.Helper()
	w.press(`[...document.querySelectorAll('.modal .button.main')].find((e) => e.offsetWidth > 0)`)
}

func TestI4ModalHoldsEveryInput(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		paper := filepath.Join(t.TempDir(), "manifest.txt")
		if err := os.WriteFile(paper, []byte("12 crates"), 0o600); err != nil {
			t.Fatal(err)
		}
		g, w, _, id := atModal(t, width, modal("Book a crane", object{"submit": plain("Book"), "close": plain("Not now"), "callback_id": "book", "private_metadata": "secret"}, formBlocks()...))
		w.wait(`document.activeElement === document.querySelector('` + field("name") + `')`) // focus_on_load
		w.keys("Aurora")
		w.wait(shows(".counter", "6 / 20"))
		w.fill(field("cargo"), "Grain")
		w.fill(field("tons"), "12.5")
		w.press(seen(".modal .select-face", "North"))
		w.press(seen(".option", "South"))
		w.press(seen(".modal .select-face", "Who comes along?"))
		w.press(seen(".option", "Ben Okafor"))
		w.keys(kb.Escape) // closes the menu, not the modal
		w.wait(`!document.querySelector('.pop') && document.querySelector('.modal')`)
		w.press(seen(".modal .select-face", "Choose a date"))
		w.press(`document.querySelector('.calendar [data-date]:not(.other)')`)
		w.press(seen(".choice", "Crane B"))
		w.press(seen(".choice", "Fragile"))
		w.fill(field("notes"), "Mind the mast")
		w.choose(`.modal input[type=file]`, paper)
		w.wait(seen(".filerow.ready", "manifest.txt"))
		submit(w)
		a := g.next("view_submission")
		w.wait(`document.querySelector('.modal .button.main .spinner')`)
		submit(w)
		a.ack(nil)
		w.wait(`!document.querySelector('.modal')`)
		g.quiet()
		a.want(text(id), "view", "id")
		a.want(`"secret"`, "view", "private_metadata")
		for block, want := range map[string]string{
			"name":  `{"type":"plain_text_input","value":"Aurora"}`,
			"cargo": `{"type":"plain_text_input","value":"Grain"}`,
			"mail":  `{"type":"email_text_input","value":"agent@example.org"}`,
			"site":  `{"type":"url_text_input","value":null}`,
			"tons":  `{"type":"number_input","value":"12.5"}`,
			"quay":  `{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"South"},"value":"south"}}`,
			"crew":  `{"type":"multi_users_select","selected_users":["` + ben + `"]}`,
			"hour":  `{"type":"timepicker","selected_time":"07:30"}`,
			"crane": `{"type":"radio_buttons","selected_option":{"text":{"type":"plain_text","text":"Crane B"},"value":"b"}}`,
			"flags": `{"type":"checkboxes","selected_options":[{"text":{"type":"plain_text","text":"Fragile"},"value":"fragile"}]}`,
			"notes": `{"type":"rich_text_input","rich_text_value":` + text(a.at("view", "state", "values", "notes", "notes", "rich_text_value")) + `}`,
		} {
			a.want(want, "view", "state", "values", block, block)
		}
		a.want(`"Mind the mast"`, "view", "state", "values", "notes", "notes", "rich_text_value", "elements", 0, "elements", 0, "text")
		a.want(`"manifest.txt"`, "view", "state", "values", "papers", "papers", "files", 0, "name")
		if day, _ := a.at("view", "state", "values", "day", "day", "selected_date").(string); len(day) != 10 {
			t.Errorf("the day is %q", day)
		}
		w.wait(`document.activeElement?.textContent.includes('Open it')`) // the focus is back where it was
	})
}

func TestI4ModalErrors(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g, w, _, _ := atModal(t, width, modal("Book a crane", object{"submit": plain("Book")}, formBlocks()...))
		submit(w)
		w.wait(errorAt("name") + ` && ` + errorAt("tons") + ` && !` + errorAt("cargo"))
		w.wait(`document.activeElement === document.querySelector('` + field("name") + `')`)
		w.forgive() // the refused request is in the console
		g.quiet()
		w.keys("Au")
		w.wait(`!` + errorAt("name")) // typing takes the complaint away
		w.fill(field("tons"), "99")
		w.fill(field("mail"), "nobody")
		submit(w)
		w.wait(errorAt("name") + ` && ` + errorAt("tons") + ` && ` + errorAt("mail"))
		w.forgive()
		w.fill(field("name"), "Aurora")
		w.fill(field("tons"), "9")
		w.fill(field("mail"), "a@example.org")
		w.keys(kb.Enter) // sends the form, from a field of one line
		g.next("view_submission").ack(object{"response_action": "errors", "errors": object{"tons": "Crane B lifts 8 t today."}})
		w.wait(errorAt("tons") + ` === 'Crane B lifts 8 t today.' && !document.querySelector('.modal .spinner')`)
		w.wait(`document.activeElement === document.querySelector('` + field("tons") + `') && document.querySelector('` + field("name") + `').value === 'Aurora'`)
		submit(w)
		g.next("view_submission").ack(object{"response_action": "errors", "errors": object{"nosuch": "?"}})
		w.wait(shows(".modal-trouble", "trouble connecting") + ` && !` + errorAt("tons"))
		submit(w)
		g.next("view_submission").ack(object{"response_action": "clear"})
		w.wait(`!document.querySelector('.modal')`)
	})
}

func TestI2ModalTroubleConnecting(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g, w, _, _ := atModal(t, width, modal("A form", object{"submit": plain("Send")}, entry("name", "Name", object{"type": "plain_text_input"}, nil)))
		g.hurry(300)
		w.keys("Ada")
		submit(w)
		g.next("view_submission")
		w.wait(shows(".modal-trouble", "We had some trouble connecting. Try again?") + ` && !document.querySelector('.modal .spinner')`)
		g.hurry(patient)
		submit(w)
		g.next("view_submission").ack(nil).want(`"Ada"`, "view", "state", "values", "name", "name", "value")
		w.wait(`!document.querySelector('.modal')`)
	})
}

func TestI4ModalIsUpdatedWithoutLosingWhatWasTyped(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, actions("b", button("Open it", "open", nil)))
		w.press(seen(".bk-button", "Open it"))
		a := g.next("block_actions").ack(nil)
		id := a.open("views.open", modal("Loading", nil, section("One moment…", nil)))
		w.wait(seen(".modal .mrkdwn", "One moment") + ` && !document.querySelector('.modal-foot')`)
		update := func(view object) {
			g.api("views.update", url.Values{"view_id": {id}, "view": {text(view)}})
		}
		name, note := entry("name", "Name", object{"type": "plain_text_input", "initial_value": "Nobody"}, nil), entry("note", "Note", object{"type": "plain_text_input"}, object{"optional": true})
		update(modal("A form", object{"submit": plain("Send")}, name, note))
		w.wait(`document.activeElement === document.querySelector('` + field("name") + `')`)
		w.fill(field("name"), "Ada")
		w.fill(field("note"), "hello")
		update(modal("A longer form", object{"submit": plain("Send")}, section("New on top", nil), name, entry("note2", "Note", object{"type": "plain_text_input"}, object{"optional": true})))
		w.wait(titleNow + ` === 'A longer form' && document.querySelector('` + field("name") + `').value === 'Ada' && document.querySelector('` + field("note2") + `').value === ''`)
		submit(w)
		a = g.next("view_submission").ack(object{"response_action": "update", "view": modal("Thank you", nil, section("Booked.", nil))})
		a.want(`"Ada"`, "view", "state", "values", "name", "name", "value")
		w.wait(titleNow + ` === 'Thank you' && ` + seen(".modal .mrkdwn", "Booked."))
		w.wait(`document.querySelector('.modal').contains(document.activeElement)`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.modal')`)
	})
}

func TestI4ModalStack(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		pushing := func(n string) object {
			return modal("Step "+n, object{"submit": plain("Next"), "notify_on_close": true}, entry("f"+n, "Field "+n, object{"type": "plain_text_input"}, object{"optional": true}), actions("a"+n, button("Go deeper", "deeper", nil)))
		}
		g, w, _, _ := atModal(t, width, pushing("1"))
		w.keys("one")
		w.press(seen(".modal .bk-button", "Go deeper"))
		g.next("block_actions").ack(nil).open("views.push", pushing("2"))
		w.wait(titleNow + ` === 'Step 2' && document.activeElement === document.querySelector('` + field("f2") + `')`)
		w.keys("two")
		submit(w)
		g.next("view_submission").ack(object{"response_action": "push", "view": pushing("3")})
		w.wait(titleNow + ` === 'Step 3'`)
		w.keys("three")
		w.keys(kb.Escape) // goes back by one
		w.wait(titleNow + ` === 'Step 2' && document.querySelector('` + field("f2") + `').value === 'two'`)
		g.next("view_closed").ack(nil).want(`false`, "is_cleared")
		w.press(`[...document.querySelectorAll('.modal [aria-label=Back]')].find((e) => e.offsetWidth > 0)`)
		g.next("view_closed").ack(nil)
		w.wait(titleNow + ` === 'Step 1' && document.activeElement?.textContent === 'Go deeper' && document.querySelector('` + field("f1") + `').value === 'one'`)
		w.keys(kb.Enter)
		g.next("block_actions").ack(nil).open("views.push", pushing("2"))
		w.wait(titleNow + ` === 'Step 2' && document.querySelector('` + field("f2") + `').value === ''`)
		w.press(`[...document.querySelectorAll('.modal-x')].find((e) => e.offsetWidth > 0)`)
		w.wait(`!document.querySelector('.modal')`)
		for range 2 {
			g.next("view_closed").ack(nil).want(`true`, "is_cleared")
		}
		g.quiet()
	})
}

func TestI4ModalClearsTheStackOnClose(t *testing.T) {
	g, w, _, _ := atModal(t, 1280, modal("Below", nil, actions("a", button("Go deeper", "deeper", nil))))
	w.press(seen(".modal .bk-button", "Go deeper"))
	g.next("block_actions").ack(nil).open("views.push", modal("On top", object{"clear_on_close": true, "notify_on_close": true}, section("Closing me closes all.", nil)))
	w.wait(titleNow + ` === 'On top'`)
	w.keys(kb.Escape)
	w.wait(`!document.querySelector('.modal')`)
	g.next("view_closed").ack(nil).want(`true`, "is_cleared")
}

func TestModalTellsTheAppWhileItIsFilledIn(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g, w, _, _ := atModal(t, width, modal("Search", object{"submit": plain("Done")},
			entry("live", "As you type", object{"type": "plain_text_input", "dispatch_action_config": object{"trigger_actions_on": []string{"on_character_entered"}}}, object{"dispatch_action": true, "optional": true}),
			entry("enter", "At Enter", object{"type": "plain_text_input", "dispatch_action_config": object{"trigger_actions_on": []string{"on_enter_pressed"}}}, object{"dispatch_action": true, "optional": true}),
			entry("quiet", "Not at all", object{"type": "static_select", "options": []object{option("One", "1"), option("Two", "2")}}, object{"optional": true}),
			entry("pick", "At once", object{"type": "static_select", "options": []object{option("One", "1"), option("Two", "2")}}, object{"dispatch_action": true, "optional": true})))
		w.keys("a")
		a := g.next("block_actions")
		a.want(`"a"`, "actions", 0, "value")
		w.keys("bc") // while the first is on its way
		w.wait(`document.querySelector('` + field("live") + `').value === 'abc'`)
		a.ack(nil)
		g.next("block_actions").ack(nil).want(`"abc"`, "actions", 0, "value")
		w.fill(field("enter"), "north")
		w.wait(shows(".enterhint", "Enter sends it"))
		g.quiet()
		w.enter()
		g.next("block_actions").ack(nil).want(`"north"`, "actions", 0, "value")
		w.press(`document.querySelectorAll('.modal .select-face')[0]`)
		w.press(seen(".option", "Two"))
		w.press(`document.querySelectorAll('.modal .select-face')[1]`)
		w.press(seen(".option", "One"))
		a = g.next("block_actions").ack(nil)
		a.want(`"pick"`, "actions", 0, "action_id")
		a.want(`"2"`, "view", "state", "values", "quiet", "quiet", "selected_option", "value")
		w.press(`document.querySelectorAll('.modal .clear')[1]`)
		g.next("block_actions").ack(nil).want(`null`, "actions", 0, "selected_option")
		g.quiet()
	})
}

// The keyboard stays inside a modal; what lies behind it does not hear the keys.
func TestModalKeepsTheKeyboard(t *testing.T) {
	g, w, _, _ := atModal(t, 1280, modal("A form", object{"submit": plain("Send")}, entry("name", "Name", object{"type": "plain_text_input"}, nil)))
	for range 8 {
		w.keys(kb.Tab)
		if !eval[bool](w, `document.activeElement === document.body || document.querySelector('.modal').contains(document.activeElement)`) {
			t.Fatalf("the focus is on %s", eval[string](w, `document.activeElement.outerHTML`))
		}
	}
	w.keys("k", chromedp.KeyModifiers(kb.ModifierCtrl))
	w.keys(kb.ArrowDown, chromedp.KeyModifiers(kb.ModifierAlt))
	if eval[bool](w, `!!document.querySelector('.switcher') || !location.hash.includes('GENERAL')`) {
		t.Error("the page behind the modal took a key")
	}
	// Another person does not see it; who comes later does.
	other := g.open(ben, general, 390)
	other.wait(`document.querySelector('.msg')`)
	again := g.open(ada, general, 390)
	again.wait(titleNow + ` === 'A form'`)
	again.press(seen(".modal .button", "Cancel"))
	for _, x := range []*window{w, again} {
		x.wait(`!document.querySelector('.modal')`)
	}
	if eval[bool](other, `!!document.querySelector('.modal')`) {
		t.Error("Ben sees Ada's modal")
	}
}
