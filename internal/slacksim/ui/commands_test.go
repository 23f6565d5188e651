package ui_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/chromium"
	"holdfast/internal/slacksim"
)

const composed = `document.querySelector('.main .composer textarea').value`

func TestCommandCompletion(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		w.typeIn(".main", "/")
		w.wait(`document.querySelectorAll('.offer li').length === 3 && ` + shows(".offer li", "When is high water?"))
		w.keys("ti")
		w.wait(`document.querySelectorAll('.offer li').length === 1`)
		w.enter()
		w.wait(composed + ` === '/tides ' && ` + shows(".offer.hint", "/tides [harbour]"))
		w.keys("Dover now")
		w.wait(`!document.querySelector('.offer')`)
		w.enter()
		a := g.next("/tides")
		a.want(`"Dover now"`, "text")
		a.want(text(ada), "user_id")
		a.want(text(general), "channel_id")
		a.ack(object{"text": "High water at *11:42*"})
		w.wait(seen(".ephemeral", "High water at 11:42") + ` && ` + composed + ` === ''`)
		// A whole name needs no choosing: what stands there is sent, also when another begins alike.
		w.keys("/hold")
		w.wait(`document.querySelector('.offer li.on')?.textContent.includes('Keep a place')`)
		w.enter()
		w.wait(composed + ` === '/hold '`)
		w.enter()
		a = g.next("/hold").ack(nil)
		a.want(`""`, "text")
		a.respond(object{"response_type": "in_channel", "text": "Ada keeps a place"})
		w.wait(seen(".msg:not(.ephemeral)", "Ada keeps a place"))
		g.quiet()
	})
}

func TestCommandThatCannotBe(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		w.write(".main", "/nosuch thing")
		w.wait(shows(".banner", "/nosuch is not a command here") + ` && ` + composed + ` === '/nosuch thing'`)
		w.forgive()
		w.press(`document.querySelector('.banner .quietbutton')`)
		w.fill(".main .composer textarea", " /not a command")
		w.enter()
		w.wait(seen(".msg", "/not a command"))
		g.hurry(300)
		w.write(".main", "/tides Dover")
		g.next("/tides")
		w.wait(shows(".banner", `failed with the error "operation_timeout"`) + ` && ` + composed + ` === '/tides Dover'`)
		// Slack has no commands in threads.
		root := g.send(general, object{"text": "a root"})
		w.run(navigate(g.url + "/?as=" + ada + "#/" + general + "/" + root))
		w.wait(seen(".thread .msg", "a root"))
		w.typeIn(".thread", "/tides Dover")
		w.wait(shows(".thread .offer.hint", "do not work in threads"))
		w.enter()
		w.wait(shows(".banner", "not supported in threads") + ` && document.querySelector('.thread textarea').value === '/tides Dover'`)
		w.forgive()
		g.quiet()
	})
}

// In the app's direct message a command works although what is typed goes on with a thread; its answer stands where it
// was asked for.
func TestCommandInTheAssistantsChat(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, slacksim.SeedAdaDM, width)
		w.write(".main", "/tides Dover")
		g.next("/tides").ack(object{"text": "High water at 11:42"})
		w.wait(seen(".rows.alone .ephemeral", "High water at 11:42"))
		w.write(".main", "Good morning")
		w.wait(`document.querySelectorAll('.conversation').length === 1 && ` + shows(".target", "Continues"))
		w.write(".main", "/tides Calais")
		g.next("/tides").ack(object{"text": "High water at 11:59"})
		w.wait(seen(".rows .ephemeral", "High water at 11:59"))
		g.quiet()
	})
}

func TestMessageShortcut(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		ts := g.post("/sim/messages", object{"user": ben, "channel": general, "text": "Which crane is free?"})["ts"].(string)
		w.menuOf("Which crane is free?", "Ask about this")
		a := g.next("message_action").ack(nil)
		a.want(`"ask_about"`, "callback_id")
		a.want(text(ts), "message_ts")
		a.want(`"Which crane is free?"`, "message", "text")
		a.open("views.open", modal("Ask", object{"submit": plain("Ask")}, entry("q", "Question", object{"type": "plain_text_input"}, nil)))
		w.wait(titleNow + ` === 'Ask'`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.modal')`)
		g.quiet()
	})
}

func TestGlobalShortcut(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		w.press(`document.querySelector('.main [aria-label=Shortcuts]')`)
		w.wait(`document.activeElement?.textContent.includes('Book a crane') && ` + shows(".pop .option", "By day and hour"))
		w.keys(kb.ArrowDown)
		w.wait(`document.activeElement?.textContent.includes('/holdfast')`)
		w.keys(kb.ArrowUp)
		w.keys(kb.Enter)
		a := g.next("shortcut").ack(nil)
		a.want(`"book_crane"`, "callback_id")
		a.open("views.open", modal("Book a crane", nil, section("When?", nil)))
		w.wait(titleNow + ` === 'Book a crane'`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.modal') && document.activeElement?.getAttribute('aria-label') === 'Shortcuts'`)
		// A command taken from there is put into the composer.
		w.keys(kb.Enter)
		w.press(seen(".pop .option", "/tides"))
		w.wait(composed + ` === '/tides ' && document.activeElement?.matches('.composer textarea')`)
		g.hurry(300)
		w.press(`document.querySelector('.main [aria-label=Shortcuts]')`)
		w.press(seen(".pop .option", "Book a crane"))
		g.next("shortcut")
		w.wait(shows(".banner", "Book a crane: "))
		g.quiet()
	})
}

// What the app has of commands and shortcuts may change while the page is open.
func TestAppChanges(t *testing.T) {
	g := hosted(t)
	w := g.open(ada, slacksim.SeedAdaDM+"/about", 1280)
	w.wait(seen(".about dt", "/tides") + " && " + seen(".about dt", "Ask about this"))
	g.post("/sim/settings", object{"commands": []object{{"command": "/lock", "description": "Open the lock"}}, "shortcuts": []object{}, "home_tab": false})
	w.wait(seen(".about dt", "/lock") + ` && !` + shows(".about dt", "/tides") + ` && !` + shows(".pane-tab", "Home"))
}

// opened lists the tabs of which the app was told that a person opened them.
func opened(v slacksim.View, user string) string {
	var tabs []string
	for _, e := range v.Envelopes() {
		var p struct {
			Event struct{ Type, User, Tab string }
		}
		if json.Unmarshal(e.Payload, &p) == nil && p.Event.Type == "app_home_opened" && p.Event.User == user {
			tabs = append(tabs, p.Event.Tab)
		}
	}
	return strings.Join(tabs, " ")
}

func TestHomeTab(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, slacksim.SeedAdaDM, width)
		other := g.open(ben, slacksim.SeedBenDM+"/home", width)
		w.press(seen(".pane-tab", "Home"))
		w.wait(seen(".home h2", "A quiet home") + ` && location.hash.endsWith('/home') && !document.querySelector('.main .composer')`)
		publish := func(user, words string) {
			g.api("views.publish", url.Values{"user_id": {user}, "view": {text(object{"type": "home", "callback_id": "home", "blocks": []object{
				{"type": "header", "text": plain(words)}, actions("a", button("Settings", "set", nil)),
				entry("focus", "Today", object{"type": "plain_text_input"}, object{"dispatch_action": true})}})}})
		}
		publish(ada, "Good morning, Ada")
		w.wait(seen(".home .bk-header", "Good morning, Ada"))
		other.wait(seen(".home h2", "A quiet home"))
		publish(ben, "Good morning, Ben")
		other.wait(seen(".home .bk-header", "Good morning, Ben"))
		w.fill(".home .input", "cranes")
		w.press(seen(".home .bk-button", "Settings"))
		a := g.next("block_actions")
		w.wait(`document.querySelector('.bk-button.busy')`)
		a.ack(nil)
		a.want(`"home"`, "view", "type")
		a.want(`"view"`, "container", "type")
		a.want(`"cranes"`, "view", "state", "values", "focus", "focus", "value")
		publish(ada, "A better morning")
		w.wait(seen(".home .bk-header", "A better morning"))
		a.open("views.open", modal("Settings", nil, section("None yet", nil)))
		w.wait(titleNow + ` === 'Settings'`)
		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.modal')`)
		w.press(seen(".pane-tab", "About"))
		w.wait(seen(".about h2", "Holdfast"))
		w.press(seen(".pane-tab", "Messages"))
		w.wait(`document.querySelector('.main .composer') && !document.querySelector('.home')`)
		got := ""
		ctx, cancel := context.WithTimeout(t.Context(), chromium.Patience)
		defer cancel()
		if err := g.sim.Wait(ctx, func(v slacksim.View) bool {
			got = opened(v, ada)
			return got == "messages home messages"
		}); err != nil {
			t.Errorf("the app heard of the tabs %q", got)
		}
	})
}
