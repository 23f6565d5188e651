package ui_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/slacksim"
)

func TestEveryBlockOfAMessage(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		picture := g.upload(ada, "berth.png", "Berth 4", picture(320, 160, orange))
		g.share(ada, general, "", picture)
		w, _ := g.shown(ada, width, append(posted(), object{"type": "image", "slack_file": object{"id": picture}, "alt_text": "Berth 4 at noon"})...)
		for _, want := range []string{
			shows(".bk-header.l1", "Morning report 🚢"), shows(".bk-fields strong", "High water"), seen(".bk-accessory .bk-button.primary", "Open"),
			shows(".bk-context strong", "Ada"), `document.querySelector('.bk-context .outside[aria-label=Ada]')`, `document.querySelector('.blocks > hr')`,
			shows(".bk-image figcaption", "Crane B"), seen(`.pic.outside a[href="https://example.org/crane.png"]`, "The crane"),
			shows(".rich strong", "text"), shows(".md em", "Markdown"), shows(".bk-video .bk-title", "How the lock works"),
			`document.querySelectorAll('.plot rect.fill').length === 10`, `document.querySelectorAll('.pie path').length === 4`, shows(".legend li", "45 %"),
			`document.querySelector('img[alt="Berth 4 at noon"]')?.naturalWidth === 320`,
		} {
			w.wait(want)
		}
		w.wait(seen(".bk-container-head", "Details of the day") + ` && !` + shows(".bk-container", "Berth 4 is closed."))
		w.press(seen(".bk-container-head", "Details of the day"))
		w.wait(shows(".bk-container", "Berth 4 is closed."))
		w.press(seen(".chart .quietbutton", "Numbers"))
		w.wait(shows(".chart th", "Departures") + " && " + shows(".chart td", "9"))
		if wide := eval[bool](w, `document.querySelector('.main .scroller').scrollWidth > document.querySelector('.main .scroller').clientWidth`); wide {
			t.Error("the messages are wider than the window")
		}
	})
}

func TestEveryBlockOfAStream(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		root := g.send(general, object{"text": "a root"})
		ts := g.api("chat.startStream", url.Values{"channel": {general}, "thread_ts": {root}, "recipient_user_id": {ada}, "recipient_team_id": {slacksim.SeedTeam},
			"chunks": {text([]object{{"type": "markdown_text", "text": "Here it is."}, {"type": "blocks", "blocks": streamed()}})}})["ts"].(string)
		g.api("chat.stopStream", url.Values{"channel": {general}, "ts": {ts}})
		w := g.open(ada, general+"/"+root, width)
		for _, want := range []string{
			shows(".bk-alert.warning strong", "Gale warning"), shows(".bk-alert.success", "All berths are free"), shows(".bk-card .bk-title strong", "B"),
			`document.querySelectorAll('.slides .bk-card').length === 3`, shows(".plan-title", "Find the day"), shows(".plan .quiet", "1 of 2"),
			shows(".task-item.done .task-details", "Twelve pages"), seen(".sources a", "Tide table"), shows(".task-item.failed .task-output", "It failed."), shows("td.right", "9.5"),
		} {
			w.wait(want)
		}
		w.press(seen(".bk-card .bk-button", "Book"))
		g.next("block_actions").ack(nil).want(`"book"`, "actions", 0, "action_id")
		w.focus(".slides .bk-card:nth-child(2) .bk-button") // it may have to slide in
		w.keys(kb.Enter)
		g.next("block_actions").ack(nil).want(`"card2"`, "actions", 0, "block_id")
		w.press(seen(".plan", "Find the day"))
		w.wait(`!` + shows(".task-title", "Read the tide table"))
		g.quiet()
	})
}

func TestDataTableSortsAndTurnsPages(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w, _ := g.shown(ada, width, object{"type": "data_table", "caption": "Berths", "page_size": 3, "rows": berths})
		column := func(n string) string {
			return strings.Join(eval[[]string](w, `[...document.querySelectorAll('.datatable tbody tr > :nth-child(`+n+`)')].map((e) => e.textContent)`), " ")
		}
		is := func(n, want string) {
			t.Helper()
			if got := column(n); got != want {
				t.Errorf("column %s reads %q, want %q", n, got, want)
			}
		}
		w.wait(shows("caption", "Berths") + " && " + shows(".pager", "1–3 of 7"))
		is("1", "4 11 2")
		w.press(seen(".sort", "Depth"))
		w.wait(`document.querySelector('th[aria-sort=ascending]')`)
		is("2", "6 7.25 8")
		w.press(seen(".sort", "Depth"))
		w.wait(`document.querySelector('th[aria-sort=descending]')`)
		is("2", "12 11 10")
		w.press(`document.querySelector('[aria-label="Next page"]')`)
		w.press(`document.querySelector('[aria-label="Next page"]')`)
		w.wait(shows(".pager", "7–7 of 7") + ` && document.querySelector('[aria-label="Next page"]').disabled`)
		is("3", "Estrella")
		w.press(seen(".sort", "Depth"))
		w.wait(`!document.querySelector('th[aria-sort=descending]') && ` + shows(".pager", "1–3 of 7"))
		is("3", "Aurora Brise Calypso")
	})
}

func TestAttachmentsAndUnfurls(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		g.send(general, object{"text": "Two of them", "attachments": []object{
			{"color": "#2c6a92", "pretext": "From the *log*", "author_name": "Lighthouse", "title": "Fog until ten", "title_link": "https://example.org/fog", "text": strings.Repeat("A line of *fog*\n", 9), "footer": "Harbour log", "ts": 1790000000,
				"fields": []object{{"title": "Sight", "value": "400 m", "short": true}, {"title": "Remark", "value": "Slow"}}},
			{"color": "danger", "fallback": "no blocks here", "blocks": []object{section("Nested *blocks*", nil), actions("n", button("Rests", "rests", nil))}}, {"fallback": "Only a fallback"}}})
		for _, want := range []string{
			shows(".pretext strong", "log"), shows(".hanger-who", "Lighthouse"), seen(`.hanger-title a[href="https://example.org/fog"]`, "Fog until ten"),
			shows("dt", "Sight"), shows("dd", "400 m"), shows(".hanger-foot", "Harbour log"), shows(".hanger .bk-section strong", "blocks"), shows(".hanger", "Only a fallback"),
			`document.querySelector('.hanger .bk-button').disabled`, `getComputedStyle(document.querySelector('.hanger .bar')).backgroundColor === 'rgb(44, 106, 146)'`, `document.querySelector('.hanger .bar.danger')`,
		} {
			w.wait(want)
		}
		w.press(seen(".hanger .quietbutton", "Show more"))
		w.wait(seen(".hanger .quietbutton", "Show less") + ` && document.querySelector('.hanger-text').textContent.split('A line of').length === 10`)
	})
}

// A block that nobody knows is named, and one that cannot be drawn takes no other with it.
func TestUnknownBlock(t *testing.T) {
	f, url := workspace(t, 0)
	f.locked(func() {
		f.say("C2", "UBOT", "fallback", time.Now(), object{"blocks": []any{
			object{"type": "hologram"}, object{"type": "table", "rows": 7}, nil, object{"type": "actions", "block_id": "a", "elements": []object{{"type": "lever", "action_id": "l"}}},
			object{"type": "data_visualization", "title": "Empty", "chart": object{"type": "bar", "series": []object{}}},
			object{"type": "context", "elements": []object{mrkdwn("the last")}}}})
	})
	w := open(t, url+"/?as=U1#/C2", 390, 844)
	w.wait(shows(".bk-unknown", "hologram") + " && " + shows(".bk-unknown", "lever") + " && " + shows(".bk-unknown", "A chart without data: Empty") + " && " + shows(".bk-context", "the last"))
}

func TestS7TasksByDisplayMode(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, general, width)
		for _, mode := range []string{"timeline", "plan", "dense"} {
			root := g.send(general, object{"text": "root of " + mode})
			w.run(navigate(g.url + "/?as=" + ada + "#/" + general + "/" + root))
			ts := g.api("chat.startStream", url.Values{"channel": {general}, "thread_ts": {root}, "recipient_user_id": {ada}, "recipient_team_id": {slacksim.SeedTeam}, "task_display_mode": {mode},
				"chunks": {text([]object{{"type": "task_update", "id": "1", "title": "Reading", "status": "complete", "details": "- page one"}, {"type": "task_update", "id": "2", "title": "Weighing", "status": "in_progress"}})}})["ts"].(string)
			grow := func(chunks ...object) {
				g.api("chat.appendStream", url.Values{"channel": {general}, "ts": {ts}, "chunks": {text(chunks)}})
			}
			grow(object{"type": "task_update", "id": "1", "title": "Read", "status": "complete", "details": "\n- page two", "sources": []object{{"type": "url", "url": "https://example.org/tides", "text": "Tide table"}}})
			switch mode {
			case "timeline":
				w.wait(shows(".thread .task-title", "Read") + " && " + shows(".thread .task-item.running", "Weighing") + ` && !document.querySelector('.thread .plan')`)
			case "plan":
				grow(object{"type": "plan_update", "title": "Finding the day"})
				w.wait(shows(".thread .plan-title", "Finding the day") + " && " + shows(".thread .plan", "1 of 2") + " && " + shows(".thread .task-item.done", "Read"))
				w.press(`document.querySelector('.thread .plan')`)
				w.wait(`!document.querySelector('.thread .task-item')`)
				w.press(`document.querySelector('.thread .plan')`)
			case "dense":
				w.wait(shows(".thread .plan-title", "Weighing") + ` && !document.querySelector('.thread .task-item')`)
				w.press(`document.querySelector('.thread .plan')`)
			}
			w.wait(`[...document.querySelectorAll('.thread .task-details li')].map((e) => e.textContent).join() === 'page one,page two' && ` + seen(`.thread .sources a[href="https://example.org/tides"]`, "Tide table"))
			grow(object{"type": "task_update", "id": "2", "title": "Weighed", "status": "complete"}, object{"type": "markdown_text", "text": "Thursday."})
			g.api("chat.stopStream", url.Values{"channel": {general}, "ts": {ts}})
			w.wait(shows(".thread .md", "Thursday.") + ` && !document.querySelector('.thread .running, .thread .caret')`)
			if mode == "dense" {
				w.wait(shows(".thread .plan-title", "All steps done"))
			}
		}
	})
}

func TestA5SuggestedPrompts(t *testing.T) {
	atBothWidths(t, func(t *testing.T, width int64) {
		g := hosted(t)
		w := g.open(ada, slacksim.SeedAdaDM, width)
		w.press(`document.querySelector('[aria-label="Hide the suggestions"]')`)
		w.wait(`!document.querySelector('.suggestion')`)
		g.api("assistant.threads.setSuggestedPrompts", url.Values{"channel_id": {slacksim.SeedAdaDM}, "title": {"On the harbour"}, "prompts": {`[{"title":"Ask the tide","message":"When is high water?"},{"title":"Book","message":"Book a crane"}]`}})
		// What the app suggests is shown, also to somebody who has put away our own.
		w.wait(shows(".card-head", "On the harbour") + ` && document.querySelectorAll('.suggestion').length === 2`)
		w.press(seen(".suggestion", "Ask the tide"))
		w.wait(seen(".msg", "When is high water?"))
		w.press(seen(".main .target .quietbutton", "New conversation"))
		w.wait(shows(".target.fresh", "On the harbour") + " && " + seen(".target .suggestion", "Book"))
	})
}

// Whatever an app writes into blocks, elements, views and attachments becomes text.
func TestHostileBlocksAreText(t *testing.T) {
	f, url := workspace(t, 0)
	hostile := []string{`<script>window.pwned = 1</script>`, `<img src=x onerror="window.pwned = 1">`, `javascript:window.pwned=1`, `"><svg onload=window.pwned=1>`, `red; background: url(https://example.org/x)`}
	f.locked(func() {
		for _, h := range hostile {
			p, o := plain(h), []object{{"text": plain(h), "value": h, "description": plain(h), "url": h}}
			f.say("C2", "UBOT", "", time.Now(), object{
				"blocks": []object{
					{"type": "card", "hero_image": object{"image_url": h, "alt_text": h}, "icon": object{"type": "icon", "name": h}, "title": mrkdwn(h), "body": mrkdwn(h), "actions": []object{button(h, "x", object{"url": h, "style": h})}},
					{"type": "carousel", "elements": []object{{"type": "card", "title": mrkdwn(h)}}},
					{"type": "container", "title": p, "width": h, "child_blocks": []object{section(h, nil)}},
					{"type": "video", "title": p, "title_url": h, "video_url": h, "thumbnail_url": "data:image/svg+xml," + h, "alt_text": h, "author_name": h},
					{"type": "data_table", "caption": h, "rows": [][]object{{textCell(h)}, {textCell(h)}}},
					{"type": "data_visualization", "title": h, "chart": object{"type": h, "series": []object{{"name": h, "data": []object{{"label": h, "value": h}}}}, "axis_config": object{"x_label": h, "y_label": h}}},
					{"type": "data_visualization", "title": h, "chart": object{"type": "pie", "segments": []object{{"label": h, "value": 1}}}},
					{"type": "image", "slack_file": object{"id": h, "url": h}, "alt_text": h},
					{"type": "context_actions", "elements": []object{{"type": "icon_button", "icon": h, "text": p}, {"type": "feedback_buttons", "positive_button": object{"text": p, "value": h}}}},
					{"type": "actions", "elements": []object{{"type": "static_select", "action_id": h, "placeholder": p, "options": o, "initial_option": o[0]}, {"type": "multi_static_select", "options": o, "initial_options": o},
						{"type": "overflow", "options": o}, {"type": "radio_buttons", "options": o}, {"type": "checkboxes", "options": o}, {"type": "datepicker", "initial_date": h}, {"type": "timepicker", "initial_time": h, "timezone": h},
						{"type": "datetimepicker", "initial_date_time": 1e300}, {"type": "users_select", "initial_user": h}, {"type": "plain_text_input", "initial_value": h, "placeholder": p}}},
					{"type": "input", "block_id": h, "label": p, "hint": p, "element": object{"type": "rich_text_input", "initial_value": rich(h)}},
				},
				"attachments": []object{{"color": h, "pretext": h, "author_name": h, "author_link": h, "author_icon": h, "title": h, "title_link": h, "text": h, "image_url": h, "footer": h, "footer_icon": h, "ts": h, "fields": []object{{"title": h, "value": h}}}},
			})
		}
		f.state["views"] = []object{{"user": "U1", "depth": 0, "view": object{"id": "V1", "type": "modal", "title": plain(hostile[0]), "submit": plain(hostile[1]), "close": plain(hostile[1]), "blocks": []object{section(hostile[1], nil)}}}}
		f.state["app"] = with(f.state["app"].(object), object{"commands": []object{{"command": hostile[1], "description": hostile[0], "usage_hint": hostile[1]}}, "shortcuts": []object{{"name": hostile[1], "type": "global", "callback_id": "x", "description": hostile[0]}}})
	})
	w := open(t, url+"/?as=U1#/C2", 1300, 800)
	w.wait(shows(".modal h2", "<script>") + " && " + shows(".hanger", "<script>"))
	for what, found := range map[string]string{
		"code ran":                  `window.pwned !== undefined`,
		"an element was made":       `document.querySelector('#root :is(script, img, iframe, style, object, embed)')`,
		"a handler attribute":       `[...document.querySelectorAll('#root *')].some((e) => [...e.attributes].some((a) => a.name.startsWith('on')))`,
		"a link to somewhere wrong": `[...document.querySelectorAll('#root a[href]')].some((a) => !/^(https?:|mailto:)/.test(a.protocol))`,
		"a block was not drawn":     shows(".bk-unknown", "could not be drawn"),
	} {
		if eval[bool](w, "!!("+found+")") {
			t.Errorf("%s: %s", what, eval[string](w, `[...document.querySelectorAll('.bk-unknown')].map((e) => e.textContent).join() + document.querySelector('#root').innerHTML.slice(0, 2000)`))
		}
	}
}
