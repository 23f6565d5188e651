package ui_test

import (
	"testing"
	"time"
)

// What a message or a session can be, and how it is then shown.

func TestSessionStates(t *testing.T) {
	f, url := workspace(t, 0)
	var root string
	f.locked(func() { root = f.say("D1", "U1", "Please *book* the crane", time.Now(), nil) })
	w := open(t, url+"/?as=U1", 1100, 700)
	set := func(more object) {
		f.locked(func() {
			f.session(with(object{"channel": "D1", "thread_ts": root, "status": "active", "title": "", "stoppable": false, "prose": ""}, more))
		})
	}
	w.wait(shows(".target", "Continues “Please *book* the crane”") + ` && !document.querySelector('.status')`)
	set(object{"status": "processing", "stoppable": false})
	w.wait(shows(".status", "Holdfast is working…") + ` && !document.querySelector('.status .stop')`)
	set(object{"status": "processing", "stoppable": true, "prose": "is reading the tide table"})
	w.wait(shows(".status", "Holdfast is reading the tide table") + ` && document.querySelector('.status .stop')`)
	set(object{"status": "processing", "loading_messages": []string{"Counting waves"}})
	w.wait(shows(".status", "Counting waves"))
	set(object{"status": "suspended", "title": "The crane"})
	w.wait(shows(".status", "Holdfast is waiting for you") + " && " + shows(".conversation-title", "The crane") + " && " + shows(".target", "Continues The crane"))
	// After the end of a conversation what is typed begins another.
	set(object{"status": "closed", "title": "The crane"})
	w.wait(`!document.querySelector('.status') && ` + shows(".target", "New conversation."))
	w.write(".main", "Hello again")
	w.wait(`document.querySelectorAll('.conversation').length === 2`)
	if got := f.lastPost()["thread_ts"]; got != "" {
		t.Errorf("posted into the closed conversation %v", got)
	}
}

func TestMessageStates(t *testing.T) {
	f, url := workspace(t, 0)
	now := time.Now()
	var root, broken string
	f.locked(func() {
		root = f.say("C2", "U2", "a root that goes", now, nil)
		f.say("C2", "U1", "a reply that stays", now, object{"thread_ts": root})
		broken = f.say("C2", "UBOT", "", now, object{"streaming_state": "errored", "stream": object{"text": "It was a dark", "plan": "Telling a story", "mode": "plan",
			"tasks": []object{{"id": "a", "title": "Remembering", "status": "error", "output": "Forgotten"}, {"id": "b", "title": "Writing", "status": "pending"}}}})
		f.say("C2", "U1", "said in a thread", now, object{"thread_ts": root, "subtype": "thread_broadcast"})
		f.say("C2", "UBOT", "fallback", now, object{"blocks": []object{
			{"type": "table", "column_settings": []object{{"align": "right"}}, "rows": [][]object{
				{{"type": "raw_text", "text": "Berth"}, {"type": "raw_text", "text": "Depth"}},
				{{"type": "raw_number", "value": 4}, {"type": "rich_text", "elements": []object{{"type": "rich_text_section", "elements": []object{{"type": "text", "text": "9.5 m", "style": object{"bold": true}}}}}}}}},
			{"type": "image", "image_url": "https://example.org/crane.png", "alt_text": "The crane"},
			{"type": "actions", "elements": []object{{"type": "button", "text": object{"type": "plain_text", "text": "Book"}}}}, {"type": "hologram"}}})
	})
	w := open(t, url+"/?as=U1#/C2", 1100, 900)
	w.wait(shows(".broken", "broke off") + " && " + shows(".md", "It was a dark") + " && " + shows(".plan", "Telling a story0 of 2") + ` && document.querySelector('.task-item.failed') && !document.querySelector('.caret')`)
	w.wait(shows(".only", "Also sent to the channel from a thread"))
	w.wait(shows("th.right", "Berth") + " && " + shows("td.right", "4") + " && " + shows("td strong", "9.5 m"))
	w.wait(shows(`a[href="https://example.org/crane.png"]`, "The crane") + " && " + shows(".bk-unknown", "hologram"))
	// A root that is deleted leaves its thread readable; a message without a thread just goes.
	f.locked(func() {
		f.emit("deleted", object{"channel": "C2", "ts": root})
		f.emit("deleted", object{"channel": "C2", "ts": broken})
	})
	w.wait(shows(".tombstone", "This message was deleted") + " && " + shows(".tombstone .summary", "2 replies") + ` && !document.querySelector('.broken')`)
	w.click(".tombstone .summary")
	w.wait(shows(".thread .msg", "a reply that stays"))

	// The assistant is not here; it can be asked in.
	w.wait(shows(".target", "Holdfast is not in #random"))
	w.click(".invite")
	w.wait(`!document.querySelector('.invite') && ` + shows(".head-sub", "3 members"))
}

// The lists of a busy day stay quick: 300 changes to a channel of 5,000 messages.
func TestManyChangesAreQuick(t *testing.T) {
	f, url := workspace(t, 0)
	f.locked(func() {
		for range 5000 {
			f.say("C1", "U2", "One of *many* messages, with `code` and a <https://example.org|link>", time.Now().Add(-time.Hour), nil)
		}
	})
	w := open(t, url+"/?as=U1#/C1", 1100, 700)
	w.wait(shows(".msg", "One of many"))
	eval[int](w, `(window.long = 0, new PerformanceObserver((list) => list.getEntries().forEach((e) => { long = Math.max(long, e.duration); })).observe({type: 'longtask'}), 1)`)
	var ts string
	f.locked(func() {
		ts = f.say("C1", "UBOT", "", time.Now(), object{"streaming_state": "in_progress", "stream": object{"text": ""}})
	})
	text := ""
	for range 300 {
		text += "some more **words** of it "
		f.locked(func() { f.put("C1", with(f.find("C1", ts), object{"stream": object{"text": text}})) })
	}
	f.locked(func() {
		f.put("C1", with(f.find("C1", ts), object{"streaming_state": "completed", "stream": object{"text": text + "the end"}}))
	})
	w.wait(shows(".md", "the end"))
	longest := eval[float64](w, `window.long`)
	t.Logf("the longest task took %v ms", longest)
	// Usually under 100; drawing every row for each change takes minutes, a machine that is busy with other tests does not.
	if longest > 10_000 {
		t.Errorf("the page was busy for %v ms at a stretch", longest)
	}
}
