package ui_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/chromium"
	"holdfast/internal/slacksim/ui"
)

// gated makes streamed answers stop half-way until the returned function is called.
func gated(t *testing.T, f *fake) func() {
	t.Helper()
	f.gate = make(chan struct{})
	opened := false
	open := func() {
		if !opened {
			opened = true
			close(f.gate)
		}
	}
	t.Cleanup(open)
	return open
}

// lastPost returns what the page posted last.
func (f *fake) lastPost() object {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.posts) == 0 {
		return nil
	}
	return f.posts[len(f.posts)-1]
}

// awaitPost waits until the page has posted to a path: the screen may change before that.
func (f *fake) awaitPost(t *testing.T, path string) {
	t.Helper()
	deadline := time.After(chromium.Patience)
	for {
		f.mu.Lock()
		found, wake := slices.Contains(f.paths, path), f.wake
		f.mu.Unlock()
		if found {
			return
		}
		select {
		case <-wake:
		case <-deadline:
			t.Fatalf("nothing was posted to %s", path)
		}
	}
}

func TestAnswerGrowsInTheAssistantsChat(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		f, url := workspace(t, 0)
		release := gated(t, f)
		w := open(t, url+"/?as=U1", width, 800)

		w.wait(shows(".suggestion", "Show me a table"))
		w.click(".suggestion:nth-child(2)")
		w.wait(`document.querySelector('.md .caret')`)
		w.wait(shows(".md", "Here are three ways"))
		if eval[bool](w, shows(".md", "the one people remember")) {
			t.Fatal("the whole answer stands there while it is still being written")
		}
		w.wait(shows(".status", "Holdfast is working"))
		w.wait(shows(".conversation-title", "Three ways across the harbour"))
		f.awaitPost(t, "/sim/open")
		release()
		w.wait(shows(".md", "the one people remember") + ` && !document.querySelector('.caret')`)
		if got := eval[[]string](w, `[...document.querySelectorAll('.md table tr:nth-child(1) td, .md table th')].map((e) => e.textContent)`); strings.Join(got, "|") != "Way|Time|Price|Good for|Ferry F1|12 min|£3.20|the view" {
			t.Errorf("the table reads %q", got)
		}
		if got := eval[string](w, `getComputedStyle(document.querySelector('.md td:nth-child(2)')).textAlign`); got != "right" {
			t.Errorf("the second column is aligned %q, want right", got)
		}
		w.wait(shows(".bk-context", "demo model") + ` && !document.querySelector('.status')`)

		// What is typed next goes on with this conversation; a new one has to be asked for.
		root := eval[string](w, `document.querySelector('.conversation').dataset.root`)
		w.write(".main", "and by night?")
		w.wait(`document.querySelectorAll('.msg.byapp').length === 2`)
		if got := f.lastPost(); got["thread_ts"] != root || got["text"] != "and by night?" {
			t.Errorf("posted %v, want a reply to %s", got, root)
		}
		w.wait(`!document.querySelector('.status')`)
		w.click(".target .quietbutton")
		w.wait(shows(".target", "New conversation"))
		w.write(".main", "Think about an outing")
		w.wait(`document.querySelectorAll('.conversation').length === 2`)
		if got := f.lastPost(); got["thread_ts"] != "" {
			t.Errorf("posted %v, want a message of its own", got)
		}
		w.wait(shows(".task-title", "Weighing the days") + ` && document.querySelectorAll('.task-item.done').length === 3`)
		w.wait(shows(".continue", "Go on with this conversation"))
	})
}

func TestStopButton(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		f, url := workspace(t, 0)
		release := gated(t, f)
		w := open(t, url+"/?as=U1", width, 800)
		w.write(".main", "a long one, please")
		w.wait(`document.querySelector('.md .caret')`)
		w.click(".status .stop")
		w.wait(shows(".status .stop", "Stopping"))
		f.awaitPost(t, "/sim/stop")
		release()
		w.wait(`!document.querySelector('.status') && !document.querySelector('.caret')`)
		if eval[bool](w, shows(".md", "list of lights")) {
			t.Error("the answer went on after the stop")
		}
	})
}

func TestChannelMentionAndThread(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		f, url := workspace(t, 0)
		w := open(t, url+"/?as=U1#/C1", width, 800)
		w.wait(shows(".main .msg", "new pontoon"))
		w.wait(shows(".divider", "Yesterday") + " && " + shows(".divider", "Today") + " && " + shows(".edited", "(edited)"))
		w.wait(shows(".summary", "2 replies"))

		w.typeIn(".main", "Tell us, @ho")
		w.wait(shows(".offer li.on", "Holdfast"))
		w.enter()
		w.wait(`document.querySelector('.main textarea').value === 'Tell us, @Holdfast '`)
		w.keys("1 < 2 & @Ben Okafor?")
		w.enter()
		w.wait(`document.querySelector('.main textarea').value === ''`)
		w.wait(shows(".msg", "1 < 2 & @Ben Okafor?") + " && " + shows(".msg:last-of-type .summary", "1 reply"))
		if got := f.lastPost()["text"]; got != "Tell us, <@UBOT> 1 &lt; 2 &amp; <@U2>?" {
			t.Errorf("posted %q", got)
		}

		w.click(".msg:last-of-type .summary")
		w.wait(shows(".thread .msg.byapp", "welcome to Harbour Works") + " && " + shows(".thread .head", "A first hello"))
		root := eval[string](w, `decodeURIComponent(location.hash.split('/')[2])`)
		w.write(".thread", "Thank you :tada:")
		w.wait(shows(".thread .msg", "Thank you 🎉"))
		if got := f.lastPost(); got["thread_ts"] != root {
			t.Errorf("posted %v, want a reply to %s", got, root)
		}

		w.keys(kb.Escape)
		w.wait(`!document.querySelector('.thread') && location.hash === '#/C1'`)
		w.run(chromedp.NavigateBack())
		w.wait(`document.querySelector('.thread .msg')`)
		w.run(chromedp.Reload())
		w.wait(shows(".thread .msg", "Thank you"))
	})
}

func TestTwoPeople(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		f, url := workspace(t, 0)
		ada := open(t, url+"/?as=U1#/C1", width, 700)
		ben := open(t, url+"/?as=U2", width, 700)
		ben.wait(shows(".whoami", "Ben Okafor") + ` && !document.querySelector('.entry.unread')`)

		ada.write(".main", "Ships ahoy")
		ben.wait(`document.querySelector(".entry[href='#/C1']").classList.contains('unread')`)
		ada.write(".main", "Did you see it, @ben?")
		ben.wait(shows(".entry[href='#/C1'] .count", "1") + ` && document.title.startsWith('(1)')`)
		ben.rail()
		ben.click(".entry[href='#/C1']")
		ben.wait(shows(".msg", "Ships ahoy") + " && " + shows(".divider.new", "New") + ` && !document.querySelector('.entry.unread')`)

		// Ben reacts to it; Ada sees that, and takes part.
		ben.hover(".msg:last-of-type")
		ben.click(".msg:last-of-type .tools .tool")
		ben.click(".picker .grid button[aria-label=eyes]")
		ada.wait(shows(".msg:last-of-type .reaction", "1"))
		ada.click(".msg:last-of-type .reaction")
		ben.wait(`document.querySelector('.msg:last-of-type .reaction')?.textContent.includes('2')`)
		ben.click(".msg:last-of-type .reaction")
		ada.wait(`document.querySelector('.msg:last-of-type .reaction')?.textContent.includes('1')`)

		// A window can change hands; places of the one before are not shown.
		ben.rail()
		ben.click(".entry[href='#/D2']")
		ben.wait(`document.querySelector('.welcome')?.offsetWidth > 0`) // on a phone it lies behind the list already
		ben.rail()
		ben.click(".whoami")
		ben.click(".menu [data-user=U1]")
		ben.wait(`location.search === '?as=U1' && !document.querySelector(".entry[href='#/D2']")`)
		if width < 600 { // there the list itself was open
			ben.click(".entry[href='#/D1']")
		}
		ben.wait(`location.hash === '#/D1'`)
		ben.write(".main", "Hello")
		ben.wait(`document.querySelector('.msg.byapp')`)
		if got := f.lastPost(); got["user"] != "U1" || got["channel"] != "D1" {
			t.Errorf("posted %v, want it from U1 in D1", got)
		}
	})
}

func TestEditDeleteAndDrafts(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		_, url := workspace(t, 0)
		w := open(t, url+"/?as=U1#/C2", width, 700)
		w.write(".main", "first")
		w.wait(shows(".msg", "first"))
		w.write(".main", "secnod for @Ben Okafor")
		w.wait(shows(".msg", "secnod"))

		w.keys(kb.ArrowUp)
		w.wait(`document.querySelector('.editor textarea')?.value === 'secnod for @Ben Okafor'`)
		w.run(chromedp.Evaluate[chromedp.Void](`(() => { const e = document.querySelector('.editor textarea'); e.setSelectionRange(0, 6); })()`))
		w.keys("second")
		w.enter()
		w.wait(shows(".msg", "second for @Ben Okafor(edited)") + ` && !document.querySelector('.editor')`)
		w.wait(`document.querySelector('.msg .mention').dataset.user === 'U2'`)

		w.hover(".msg")
		w.click(".msg .tools [aria-label=More]")
		w.click(".popmenu .danger")
		w.wait(shows(".confirm", "Delete this message?"))
		w.click(".confirm .danger")
		w.wait(`!(` + shows(".msg", "first") + `)`)

		// A draft stays where it was written, over a change of place and a reload.
		w.typeIn(".main", "not yet")
		w.rail()
		w.click(".entry[href='#/C3']")
		w.wait(`document.querySelector('.main textarea').placeholder === 'Message #engineering' && document.querySelector('.main textarea').value === ''`)
		w.rail()
		w.click(".entry[href='#/C2']")
		w.wait(`document.querySelector('.main textarea').value === 'not yet'`)
		w.run(chromedp.Reload())
		w.wait(`document.querySelector('.main textarea')?.value === 'not yet'`)
	})
}

// Messages that are written faster than the server answers keep their order, and those after the first of a new
// conversation belong to it. What could not be sent comes back in the same order.
func TestMessagesFasterThanTheServer(t *testing.T) {
	f, url := workspace(t, 0)
	for _, place := range []string{"D1", "C2"} {
		hold := make(chan struct{})
		f.locked(func() { f.hold, f.posts = hold, nil })
		w := open(t, url+"/?as=U1#/"+place, 1100, 700)
		for _, text := range []string{"one", "two", "three"} {
			w.write(".main", text)
			w.wait(`document.querySelector('.main textarea').value === ''`)
		}
		w.typeIn(".main", "four")
		f.locked(func() { f.hold = nil })
		close(hold)
		w.wait(shows(".msg", "three") + ` && document.querySelector('.main textarea').value === 'four'`)
		var texts, roots []string
		f.locked(func() {
			for _, p := range f.posts {
				texts, roots = append(texts, p["text"].(string)), append(roots, p["thread_ts"].(string))
			}
		})
		if strings.Join(texts, " ") != "one two three" || roots[0] != "" || roots[1] != roots[2] || (roots[1] != "") != (place == "D1") {
			t.Errorf("in %s the page posted %q in the threads %q", place, texts, roots)
		}
		hold = make(chan struct{})
		f.locked(func() { f.hold = hold })
		w.enter()
		w.write(".main", "five @Ben Okafor")
		f.locked(func() { f.broken = true })
		close(hold)
		w.wait(shows(".banner.bad", "Not sent.") + ` && document.querySelector('.main textarea').value === 'five @Ben Okafor'`)
		f.locked(func() { f.broken, f.hold = false, nil })
		w.enter()
		w.wait(shows(".msg", "five @Ben Okafor"))
		w.forgive()
	}
}

func TestFailureKeepsTheText(t *testing.T) {
	f, url := workspace(t, 0)
	w := open(t, url+"/?as=U1#/C2", 1100, 700)
	f.locked(func() { f.broken = true })
	w.write(".main", "important")
	w.wait(shows(".banner.bad", "Not sent. The fake was told to fail.") + ` && document.querySelector('.main textarea').value === 'important'`)
	f.locked(func() { f.broken = false })
	w.enter()
	w.wait(shows(".msg", "important"))
	w.forgive()
}

func TestKeyboard(t *testing.T) {
	_, url := workspace(t, 0)
	w := open(t, url+"/?as=U1#/D1", 1100, 700)
	w.keys("k", chromedp.KeyModifiers(kb.ModifierCtrl))
	w.wait(`document.activeElement?.closest('.switcher')`)
	w.keys("gen")
	w.wait(`document.querySelectorAll('.switcher li').length === 1`)
	w.enter()
	w.wait(`location.hash === '#/C1' && !document.querySelector('.switcher')`)
	w.keys(kb.ArrowDown, chromedp.KeyModifiers(kb.ModifierAlt))
	w.wait(`location.hash === '#/C2'`)
	w.keys(kb.ArrowUp, chromedp.KeyModifiers(kb.ModifierAlt))
	w.wait(`location.hash === '#/C1'`)
	w.wait(shows(".main .msg", "Harbour report") + ` && document.activeElement.matches('.main textarea')`)
	w.focus(".main .scroller")
	w.keys(kb.ArrowUp)
	w.wait(`document.activeElement.classList.contains('msg') && document.activeElement.textContent.includes('Harbour report')`)
	w.keys(kb.ArrowUp)
	w.wait(`document.activeElement.textContent.includes('I put it into the list') && document.activeElement.querySelector('.tools')`)
	w.keys("/")
	w.wait(`document.querySelector('.switcher')`)
	w.keys(kb.Escape)
	w.wait(`!document.querySelector('.switcher')`)
}

func TestPhoneShowsOnePaneAtATime(t *testing.T) {
	_, url := workspace(t, 0)
	w := open(t, url+"/?as=U1", 390, 844)
	panes := `[...document.querySelectorAll('.shell > *')].filter((e) => e.offsetWidth > 0).map((e) => e.className.split(' ').at(-1)).join()`
	fits := `document.documentElement.scrollWidth <= 390 && [...document.querySelectorAll('.shell > *')].every((e) => e.getBoundingClientRect().right <= 391)`
	for _, step := range []struct{ click, pane string }{
		{"", "assistant"}, {".suggestion:nth-child(2)", "assistant"}, {".main .only-narrow", "rail"}, {".entry[href='#/C1']", "main"},
		{".summary", "thread"}, {".thread .only-narrow", "main"}, {".main .inspect", "inspector"}, {".inspector [aria-label^=Close]", "main"},
	} {
		if step.click != "" {
			w.click(step.click)
		}
		w.wait(panes + " === " + quote(step.pane))
		if !eval[bool](w, fits) {
			t.Errorf("after %q the page is wider than the phone", step.click)
		}
	}
}

func TestFollowsOnlyAtTheEnd(t *testing.T) {
	f, url := workspace(t, 0)
	f.locked(func() {
		for i := range 5000 {
			f.say("C2", []string{"U1", "U2"}[i/7%2], fmt.Sprintf("message %d", i), time.Now().Add(-time.Hour), nil)
		}
	})
	w := open(t, url+"/?as=U1#/C2", 1100, 700)
	atEnd := `(() => { const e = document.querySelector('.main .scroller'); return e.scrollHeight - e.scrollTop - e.clientHeight < 3 })()`
	w.wait(shows(".msg", "message 4999") + " && " + atEnd)
	if n := eval[int](w, `document.querySelectorAll('.msg').length`); n > 210 {
		t.Errorf("%d of 5000 messages are drawn at once", n)
	}
	f.locked(func() { f.say("C2", "U2", "one more", time.Now(), nil) })
	w.wait(shows(".msg", "one more") + " && " + atEnd)

	// Away from the end nothing moves, and the pill counts.
	w.wheelUp(".main .scroller", 900)
	w.wait(`document.querySelector('.pill')`)
	top := `document.querySelector('.main .scroller').scrollTop`
	before := eval[float64](w, top)
	f.locked(func() {
		f.say("C2", "U2", "unseen one", time.Now(), nil)
		f.say("C2", "U2", "unseen two", time.Now(), nil)
	})
	w.wait(shows(".pill", "2 new messages"))
	if after := eval[float64](w, top); after != before {
		t.Errorf("the list moved from %v to %v under the reader", before, after)
	}
	w.click(".pill")
	w.wait(atEnd + ` && !document.querySelector('.pill')`)

	// Earlier messages appear above, and what was at the top stays where it was.
	w.wheelUp(".main .scroller", 1_000_000)
	w.wait(`document.querySelector('.earlier')`)
	first := eval[string](w, `document.querySelector('.msg').dataset.ts`)
	place := fmt.Sprintf(`document.querySelector('[data-ts="%s"]').getBoundingClientRect().top`, first)
	was := eval[float64](w, place)
	w.click(".earlier")
	w.wait(fmt.Sprintf(`document.querySelector('.msg').dataset.ts !== %q`, first))
	if now := eval[float64](w, place); now < was-3 || now > was+3 {
		t.Errorf("the first message moved from %v to %v", was, now)
	}

	// One's own message always leads to the end.
	w.write(".main", "mine")
	w.wait(shows(".msg", "mine") + " && " + atEnd)
}

// A change to one message must not draw the others again. Drawing a message formats its
// time, and that is what is counted.
func TestOnlyTheChangedMessageIsDrawn(t *testing.T) {
	f, url := workspace(t, 0)
	f.locked(func() {
		for i := range 150 {
			f.say("C2", []string{"U1", "U2"}[i%2], fmt.Sprintf("message %d", i), time.Now(), nil)
		}
	})
	w := open(t, url+"/?as=U1#/C2", 1100, 700)
	w.wait(shows(".msg", "message 149"))
	var ts string
	f.locked(func() {
		ts = f.say("C2", "UBOT", "", time.Now(), object{"streaming_state": "in_progress", "stream": object{"text": "grow"}})
	})
	w.wait(shows(".md", "grow"))
	eval[int](w, `(() => {
		const format = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format').get;
		window.drawn = 0;
		Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', { get() { drawn++; return format.call(this); } });
		return 1;
	})()`)
	text := "grow"
	for range 10 {
		text += " word"
		f.locked(func() { f.put("C2", with(f.find("C2", ts), object{"stream": object{"text": text}})) })
		w.wait(shows(".md", text))
	}
	// Each step formats a few times for its own row; all rows would be more than 3,000.
	if n := eval[int](w, `drawn`); n == 0 || n > 200 {
		t.Errorf("times were formatted %d times in ten steps of one message", n)
	}
}

func TestResetAndLostConnection(t *testing.T) {
	f := newFake(ui.Page(), 0)
	f.furnish()
	url := serve(t, f)
	w := open(t, url+"/?as=U1#/C2", 1100, 700)

	f.locked(func() {
		// Changed behind the page's back, as after an import.
		f.messages["C2"] = append(f.messages["C2"], object{"type": "message", "user": "U2", "text": "from the new state", "ts": f.ts(time.Now())})
		f.emit("reset", object{})
	})
	w.wait(shows(".msg", "from the new state"))

	f.cut()
	w.wait(shows(".banner", "The connection to the sandbox is lost"))
	f.locked(func() { f.say("C2", "U2", "said meanwhile", time.Now(), nil) })
	f.mend()
	w.wait(shows(".msg", "said meanwhile") + ` && !document.querySelector('.banner')`)
	if n := eval[int](w, `document.querySelectorAll('.msg').length`); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	w.forgive() // the browser complains of the cut
}

func TestInspector(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		f, url := workspace(t, 0)
		w := open(t, url+"/?as=U1", width, 800)
		w.write(".main", "hello")
		w.wait(`document.querySelector('.bk-context')`)
		w.click(".inspect")
		w.wait(shows(".entry-row", "chat.startStream") + " && " + shows(".fold", "more chat.appendStream") + " && " + shows(".entry-row", "3.2 ms"))
		f.locked(func() {
			f.record("call", object{"method": "chat.update", "at": time.Now().Format(time.RFC3339Nano), "ms": 12, "status": 200, "ok": false, "error": "streaming_state_conflict", "args": object{"ts": "<b>1</b>"}})
		})
		w.wait(shows(".entry-row:first-child", "streaming_state_conflict"))
		w.click(".tabs button:nth-child(4)")
		w.wait(`document.querySelectorAll('.entry-row').length === 1`)
		w.click(".entry-row button")
		w.wait(shows(".detail pre", `"ts": "<b>1</b>"`))
		w.click(".tabs button:nth-child(2)")
		w.wait(`document.querySelectorAll('.entry-row').length === 1 && ` + shows(".what", "message"))
		w.click(".tabs button:nth-child(1)")
		w.focus(".inspector input")
		w.keys("setstatus")
		w.wait(`document.querySelectorAll('.entry-row').length === 1 && ` + shows(".what", "agents.sessions.setStatus"))
		w.run(chromedp.Reload())
		w.wait(`document.querySelector('.inspector')`)
	})
}

// wheelUp scrolls as a reader does, and sees that the page has taken it in.
func (w *window) wheelUp(selector string, pixels int) {
	w.t.Helper()
	w.wait(fmt.Sprintf(`(async () => {
		const e = %s, drawn = () => new Promise((done) => setTimeout(() => requestAnimationFrame(() => setTimeout(done))));
		await drawn();
		const to = Math.max(0, Math.min(e.scrollTop - %d, e.scrollHeight - e.clientHeight));
		e.scrollTop = to;
		await drawn();
		return Math.abs(e.scrollTop - to) < 2;
	})()`, one(selector), pixels))
}

func TestThemeIsRemembered(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		_, url := workspace(t, 0)
		w := open(t, url+"/?as=U1", width, 700)
		light := eval[string](w, `getComputedStyle(document.body).backgroundColor`)
		w.rail()
		w.click(".rail-me > .tool")
		w.click(".rail-me > .tool")
		w.wait(`document.documentElement.dataset.theme === 'dark'`)
		if now := eval[string](w, `getComputedStyle(document.body).backgroundColor`); now == light {
			t.Errorf("the background is %s in both themes", now)
		}
		w.run(chromedp.Reload())
		w.wait(`document.documentElement.dataset.theme === 'dark' && document.querySelector('.shell')`)
	})
}
