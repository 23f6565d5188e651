package ui_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/slacksim"
)

const (
	ada, ben = slacksim.SeedAda, slacksim.SeedBen
	general  = slacksim.SeedGeneral
)

// shown is a window of a person on a channel with a message of the app in it.
func (g *guest) shown(user string, width int64, blocks ...object) (w *window, ts string) {
	g.t.Helper()
	w = g.open(user, general, width)
	ts = g.send(general, object{"text": "look", "blocks": blocks})
	w.wait(`document.querySelector('.msg .blocks')`)
	return w, ts
}

// face is an expression: the control of a menu that shows a text.
func face(text string) string { return seen(".select-face", text) }

func TestI7ButtonWaitsForTheAppAndSendsOnce(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, ts := g.shown(ada, width, actions("b", button("Approve", "yes", object{"style": "primary"}), button("Later", "later", nil)))
		w.press(seen(".bk-button.primary", "Approve"))
		a := g.next("block_actions")
		w.wait(seen(".bk-button.busy", "Approve") + `.querySelector('.spinner')`)
		w.press(seen(".bk-button", "Approve"))
		w.press(seen(".bk-button", "Approve"))
		w.press(seen(".bk-button", "Later")) // another element does not wait for the first
		g.next("block_actions").ack(nil).want(`"later"`, "actions", 0, "action_id")
		a.ack(nil)
		w.wait(`!document.querySelector('.spinner, .bk-button.busy')`)
		a.want(text(ts), "container", "message_ts")
		a.want(text(ada), "user", "id")
		a.want(`{"type":"plain_text","text":"Approve"}`, "actions", 0, "text")
		a.want(`"yes-value"`, "actions", 0, "value")
		a.want(`"primary"`, "actions", 0, "style")
		g.quiet()
	})
}

func TestI2ButtonSaysWhenTheAppDoesNotAnswer(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		g.hurry(300)
		w, _ := g.shown(ada, width, actions("b", button("Approve", "yes", nil)))
		w.press(seen(".bk-button", "Approve"))
		g.next("block_actions")
		w.wait(seen(".trouble", "") + ` && !document.querySelector('.bk-button.busy')`)
		g.hurry(patient)
		w.press(seen(".bk-button", "Approve"))
		g.next("block_actions").ack(nil)
		w.wait(`!document.querySelector('.trouble, .spinner')`)
	})
}

func TestButtonAsksFirst(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, actions("b", button("Sink it", "sink", object{"style": "danger", "confirm": object{
			"title": plain("Sink the ship?"), "text": mrkdwn("It *cannot* be raised."), "confirm": plain("Sink"), "deny": plain("Let it float"), "style": "danger"}})))
		w.press(seen(".bk-button.danger", "Sink it"))
		w.wait(seen("dialog h2", "Sink the ship?") + " && " + shows("dialog strong", "cannot"))
		w.press(seen("dialog .button", "Let it float"))
		w.wait(`!document.querySelector('dialog')`)
		w.press(seen(".bk-button", "Sink it"))
		w.wait(`document.activeElement?.textContent === 'Sink'`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('dialog') && document.activeElement?.textContent === 'Sink it'`)
		g.quiet()
		w.press(seen(".bk-button", "Sink it"))
		w.press(seen("dialog .button.danger", "Sink"))
		g.next("block_actions").ack(nil).want(`"sink"`, "actions", 0, "action_id")
		g.quiet()
	})
}

func TestButtonWithAnAddress(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, actions("b", button("The plan", "plan", object{"url": g.url + "/favicon.svg"}),
			object{"type": "workflow_button", "text": plain("Run it"), "workflow": object{"trigger": object{"url": "https://slack.com/shortcuts/x"}}}))
		if got := eval[[]string](w, `[document.querySelector('a.bk-button').target, document.querySelector('a.bk-button').rel]`); strings.Join(got, " ") != "_blank noopener noreferrer" {
			t.Errorf("the link opens in %q", got)
		}
		w.wait(seen("button.bk-button:disabled", "Run it") + " && " + shows(".note-beside", "no workflows"))
		w.press(seen(".bk-button", "The plan"))
		g.next("block_actions").ack(nil).want(`"plan"`, "actions", 0, "action_id")
		g.quiet()
	})
}

func TestStaticSelectWithGroupsAndKeyboard(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[1])
		w.press(face("Choose a berth"))
		w.wait(`[...document.querySelectorAll('.optiongroup')].map((e) => e.textContent).join() === 'North quay,South quay'`)
		w.keys("9")
		w.wait(`document.querySelectorAll('.option').length === 1`)
		w.enter()
		a := g.next("block_actions")
		w.wait(`!document.querySelector('.pop') && ` + face("Berth 9 ⚓") + `.querySelector('.spinner')`)
		a.ack(nil)
		a.want(`{"type":"static_select","action_id":"berth","block_id":"menus","selected_option":{"text":{"type":"plain_text","text":"Berth 9 :anchor:"},"value":"b9"},"placeholder":{"type":"plain_text","text":"Choose a berth"},"action_ts":`+text(a.at("actions", 0, "action_ts"))+`}`, "actions", 0)
		a.want(`"urgent"`, "state", "values", "menus", "tags", "selected_options", 0, "value")
		w.wait(`!document.querySelector('.spinner') && document.activeElement?.matches('.select-face')`)
		// A letter on the closed menu opens it and searches; Escape leaves it as it was.
		w.key("q", "KeyQ", 81)
		w.wait(shows(".options-note", "Nothing fits") + ` && document.querySelector('.pop input').value === 'q'`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.pop') && ` + face("Berth 9"))
		w.keys(kb.ArrowDown)
		w.wait(`document.querySelector('.option.on')?.dataset.value === 'b9' && document.querySelector('.option[aria-selected=true]')`)
		w.keys(kb.ArrowUp)
		w.enter()
		g.next("block_actions").ack(nil).want(`"b7"`, "actions", 0, "selected_option", "value")
		g.quiet()
	})
}

func TestI6ExternalSelectAsksTheApp(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[1])
		w.press(face("Find a ship"))
		w.wait(shows(".options-note", "Type at least 2 letters"))
		eval[bool](w, `['a', 'u', 'r'].every((c) => document.execCommand('insertText', false, c))`)
		a := g.next("block_suggestion")
		a.want(`"aur"`, "value") // for "au" the app was not asked: more letters came
		w.wait(shows(".options-note", "Asking the app"))
		a.ack(object{"option_groups": []object{{"label": plain("At sea"), "options": []object{option("Aurora", "s1"), option("Aurelia", "s2")}}}})
		w.wait(seen(".option", "Aurelia") + " && " + shows(".optiongroup", "At sea"))
		g.hurry(300)
		w.keys("o")
		g.next("block_suggestion") // unanswered
		w.wait(shows(".options-note.bad", "did not answer"))
		g.hurry(patient)
		w.forgive()
		w.press(seen(".options-note .quietbutton", "Try again"))
		g.next("block_suggestion").ack(object{"options": []object{option("Aurora", "s1")}})
		w.press(seen(".option", "Aurora"))
		g.next("block_actions").ack(nil).want(`{"text":{"type":"plain_text","text":"Aurora"},"value":"s1"}`, "actions", 0, "selected_option")
		w.wait(face("Aurora"))
		g.quiet()
	})
}

func TestPeopleAndPlacesSelects(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[1])
		w.press(face("Choose somebody"))
		w.keys("okaf")
		w.press(seen(".option", "Ben Okafor"))
		g.next("block_actions").ack(nil).want(text(ben), "actions", 0, "selected_user")
		w.wait(face("Ben Okafor"))
		w.press(face("Choose a channel"))
		w.wait(seen(".option", "#random"))
		w.press(seen(".option", "#engineering"))
		g.next("block_actions").ack(nil).want(text(slacksim.SeedEngineering), "actions", 0, "selected_channel")
		w.press(face("#general")) // the conversation of the message is chosen from the start
		w.wait(seen(".option", "Holdfast"))
		w.press(seen(".option", "#random"))
		a := g.next("block_actions").ack(nil)
		a.want(text(slacksim.SeedRandom), "actions", 0, "selected_conversation")
		a.want(text(ben), "state", "values", "menus", "who", "selected_user")
		a.want(text(slacksim.SeedEngineering), "state", "values", "menus", "chan", "selected_channel")
		g.quiet()
	})
}

// A menu that opened upwards stays above its control when the list gets shorter: an option must not jump away from
// the pointer that is about to take it.
func TestMenuStaysOnItsSideWhileSearching(t *testing.T) {
	g := hosted(t)
	w, _ := g.shown(ada, 1280, elementBlocks()[1])
	w.press(face("Choose somebody"))
	const above = `document.querySelector('.pop').getBoundingClientRect().bottom <= document.querySelector('.select.open').getBoundingClientRect().top`
	w.wait(seen(".option", "Ben Okafor") + " && " + above)
	was := eval[float64](w, `document.querySelector('.pop').getBoundingClientRect().height`)
	w.keys("okaf")
	w.wait(`document.querySelectorAll('.option').length === 1`)
	w.hover(".option") // it has been drawn, and whoever watches its size was told
	if !eval[bool](w, above) || eval[float64](w, `document.querySelector('.pop').getBoundingClientRect().height`) >= was {
		t.Error("the menu jumped below its control as it got shorter")
	}
	w.press(one(".option"))
	g.next("block_actions").ack(nil).want(text(ben), "actions", 0, "selected_user")
}

func TestMultiSelectChips(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[1])
		w.wait(seen(".chip", "Urgent"))
		w.press(`document.querySelector('.select.multi .select-face')`)
		w.press(seen(".option", "Crew"))
		g.next("block_actions").ack(nil).want(`"crew"`, "actions", 0, "selected_options", 1, "value")
		w.wait(seen(".chip", "Crew") + " && " + shows(".options-note", "No more than 2"))
		w.press(seen(".option.off", "Cargo"))
		w.keys(kb.Backspace)
		g.next("block_actions").ack(nil).want(`["urgent"]`, "picked")
		w.wait(`document.querySelectorAll('.chip').length === 1`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.pop')`)
		w.press(`document.querySelector('.chip button')`)
		g.next("block_actions").ack(nil).want(`[]`, "actions", 0, "selected_options")
		w.wait(`!document.querySelector('.chip')`)
		g.quiet()
	})
}

func TestOverflowMenu(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[0])
		w.press(`document.querySelector('.bk-button[aria-haspopup=menu]')`)
		w.wait(`document.activeElement?.textContent.includes('Copy it')`)
		w.keys(kb.ArrowDown)
		w.wait(`document.activeElement?.textContent.includes('Archive it')`)
		w.keys(kb.Enter)
		g.next("block_actions").ack(nil).want(`"archive"`, "actions", 0, "selected_option", "value")
		w.wait(`!document.querySelector('.pop') && document.activeElement?.matches('[aria-haspopup=menu]')`)
		g.quiet()
	})
}

func TestRadioAndCheckboxes(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[3], elementBlocks()[4])
		w.press(seen(".choice", "Crane A"))
		g.next("block_actions").ack(nil).want(`"a"`, "actions", 0, "selected_option", "value")
		w.press(seen(".choice", "The press"))
		a := g.next("block_actions").ack(nil)
		a.want(`"press"`, "actions", 0, "selected_options", 1, "value")
		a.want(`"a"`, "state", "values", "crane", "crane", "selected_option", "value")
		w.press(seen(".choice", "The pilot"))
		g.next("block_actions").ack(nil).want(`"press"`, "actions", 0, "selected_options", 0, "value")
		w.wait(`[...document.querySelectorAll('.choice input')].map((e) => Number(e.checked)).join('') === '10001'`)
		g.quiet()
	})
}

// Choices that come faster than the app answers are not lost: the last one follows.
func TestChoicesThatComeTooFast(t *testing.T) {
	g := hosted(t)
	w, _ := g.shown(ada, 1280, elementBlocks()[4])
	w.press(seen(".choice", "The crew"))
	a := g.next("block_actions")
	w.press(seen(".choice", "The press"))
	w.press(seen(".choice", "The crew"))
	g.quiet()
	a.ack(nil)
	g.next("block_actions").ack(nil).want(`["pilot","press"]`, "picked")
	w.wait(`!document.querySelector('.spinner')`)
	g.quiet()
}

func TestDatesAndTimes(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, elementBlocks()[2])
		w.press(face("September 24"))
		w.wait(`document.activeElement?.dataset.date === '2026-09-24'`)
		w.keys(kb.PageDown)
		w.wait(shows(".calendar strong", "October 2026") + ` && document.activeElement?.dataset.date === '2026-10-24'`)
		w.keys(kb.ArrowDown)
		w.keys(kb.ArrowLeft)
		w.wait(`document.activeElement?.dataset.date === '2026-10-30'`)
		w.keys(kb.Enter)
		g.next("block_actions").ack(nil).want(`"2026-10-30"`, "actions", 0, "selected_date")
		w.wait(face("October 30") + ` && !document.querySelector('.pop')`)
		w.press(face("At what time?"))
		w.keys("9:15 pm")
		w.wait(`document.querySelector('.option.on')?.dataset.value === '21:15'`)
		w.enter()
		g.next("block_actions").ack(nil).want(`"21:15"`, "actions", 0, "selected_time")
		before := eval[int](w, `new Date(1790000000 * 1000).getMinutes()`)
		w.press(`document.querySelector('.datetime .date .select-face')`)
		day := eval[string](w, `[...document.querySelectorAll('.calendar [data-date]')].find((e) => !e.matches('[aria-pressed=true], .other')).dataset.date`)
		w.press(`document.querySelector('.calendar [data-date="` + day + `"]')`)
		a := g.next("block_actions").ack(nil)
		moment, _ := a.at("actions", 0, "selected_date_time").(float64)
		if int(moment)%3600/60 != before || moment == 1790000000 {
			t.Errorf("the moment is %v: another day, the same minute (%d) was meant", moment, before)
		}
		g.quiet()
	})
}

func TestI7FeedbackAndWhoSeesTheBin(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, posted()[11])
		other := g.open(ben, general, width)
		other.wait(`document.querySelectorAll('.bk-icon').length === 2`)
		w.wait(`document.querySelectorAll('.bk-icon').length === 3`)
		w.press(`document.querySelector('.bk-icon[aria-label="Bad answer"]')`)
		a := g.next("block_actions")
		w.wait(`document.querySelector('.feedback .spinner') && !document.querySelector('.bk-icon.on')`)
		a.ack(nil)
		a.want(`"feedback_buttons"`, "actions", 0, "type")
		a.want(`"bad"`, "actions", 0, "value")
		w.wait(`document.querySelector('.bk-icon.on')?.getAttribute('aria-label') === 'Bad answer' && !document.querySelector('.spinner')`)
		w.press(`document.querySelector('.bk-icon[aria-label=Remove]')`)
		g.next("block_actions").ack(nil).want(`"icon_button"`, "actions", 0, "type")
		g.quiet()
	})
}

func TestEphemeralIsReplacedDeletedAndDismissed(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		other := g.open(ben, general, width)
		psst := func(words string) {
			g.api("chat.postEphemeral", map[string][]string{"channel": {general}, "user": {ada}, "text": {words},
				"blocks": {text([]object{section(words, nil), actions("e", button("Show it", "show", nil))})}})
			w.wait(seen(".ephemeral", words) + " && " + shows(".only", "Only visible to you"))
		}
		psst("A secret")
		w.press(seen(".ephemeral .bk-button", "Show it"))
		a := g.next("block_actions").ack(nil)
		a.want(`true`, "container", "is_ephemeral")
		a.respond(object{"replace_original": true, "text": "No longer one"})
		w.wait(seen(".ephemeral", "No longer one") + " && !" + shows(".ephemeral", "A secret"))
		a.respond(object{"delete_original": true})
		w.wait(`!document.querySelector('.ephemeral')`)
		psst("Another one")
		w.press(seen(".ephemeral .dismiss", "Dismiss"))
		w.wait(`!document.querySelector('.ephemeral')`)
		w.run(chromedp.Reload())
		w.wait(`document.querySelector('.composer')`)
		if eval[bool](w, shows(".ephemeral", "Another one")) || eval[bool](other, shows("body", "A secret")) {
			t.Error("what was dismissed is back, or somebody else saw it")
		}
	})
}

// A message that the app replaces after a click is so for everybody; what was chosen in it stays while its ids do.
func TestMessageIsReplacedAfterAClick(t *testing.T) {
	g := hosted(t)
	blocks := []object{elementBlocks()[3], actions("b", button("Approve", "yes", nil))}
	w, ts := g.shown(ada, 1280, blocks...)
	other := g.open(ben, general, 390)
	w.press(seen(".choice", "Crane B"))
	g.next("block_actions").ack(nil)
	w.press(seen(".bk-button", "Approve"))
	a := g.next("block_actions").ack(nil)
	a.want(`"b"`, "state", "values", "crane", "crane", "selected_option", "value")
	g.api("chat.update", map[string][]string{"channel": {general}, "ts": {ts}, "text": {"x"}, "blocks": {text([]object{blocks[0], section("Approved by <@"+ada+">", nil)})}})
	for _, x := range []*window{w, other} {
		x.wait(shows(".msg", "Approved by @Ada Marsh") + ` && !document.querySelector('.bk-button')`)
	}
	w.wait(`[...document.querySelectorAll('.choice input')].map((e) => Number(e.checked)).join('') === '01'`)
	other.wait(`!document.querySelector('.choice input:checked')`)
	a.respond(object{"replace_original": true, "text": "All done"})
	other.wait(shows(".msg", "All done") + ` && !document.querySelector('.choice')`)
}
