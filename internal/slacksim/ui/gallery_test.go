package ui_test

import (
	"encoding/base64"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/slacksim"
)

// The gallery is every block and element there is, to be tested and looked at.

func textCell(s string) object { return object{"type": "raw_text", "text": s} }

func numberCell(n float64, text string) object {
	return object{"type": "raw_number", "value": n, "text": text}
}

func rich(s string) object {
	return object{"type": "rich_text", "elements": []object{{"type": "rich_text_section", "elements": []object{{"type": "text", "text": s}}}}}
}

// dataURL is a picture that needs no server.
func dataURL() string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture(240, 120, teal))
}

var berths = [][]object{
	{textCell("Berth"), textCell("Depth"), textCell("Ship")},
	{textCell("4"), numberCell(9.5, "9.5"), textCell("Aurora")},
	{textCell("11"), numberCell(12, "12"), textCell("Brise")},
	{textCell("2"), numberCell(7.25, "7.25"), textCell("Calypso")},
	{textCell("7"), numberCell(10, "10"), textCell("Dorade")},
	{textCell("1"), numberCell(6, "6"), textCell("Estrella")},
	{textCell("9"), numberCell(11, "11"), textCell("Fulmar")},
	{textCell("3"), numberCell(8, "8"), textCell("Gannet")},
}

func line(name string, values ...float64) object {
	days := []string{"Mon", "Tue", "Wed", "Thu", "Fri"}
	points := []object{}
	for i, v := range values {
		points = append(points, object{"label": days[i], "value": v})
	}
	return object{"name": name, "data": points}
}

func chart(title, kind string, series ...object) object {
	return object{"type": "data_visualization", "title": title, "chart": object{"type": kind, "series": series,
		"axis_config": object{"categories": []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, "x_label": "Day", "y_label": "Ships"}}}
}

var pie = object{"type": "data_visualization", "title": "Cargo this week", "chart": object{"type": "pie", "segments": []object{
	{"label": "Grain", "value": 45}, {"label": "Steel", "value": 28}, {"label": "Fish", "value": 18}, {"label": "Post", "value": 9}}}}

// posted are the blocks that chat.postMessage takes.
func posted() []object {
	return []object{
		{"type": "header", "text": plain("Morning report :ship:"), "level": 1},
		section("*12 arrivals*, 9 departures. See <https://example.org/plan|the plan>.", object{
			"fields": []object{mrkdwn("*High water*\n11:42"), mrkdwn("*Wind*\nSW 4")}, "accessory": button("Open", "open", object{"style": "primary"})}),
		{"type": "context", "elements": []object{{"type": "image", "image_url": "https://example.org/a.png", "alt_text": "Ada"}, mrkdwn("Sent by *Ada* at 07:00")}},
		{"type": "divider"},
		{"type": "image", "image_url": "https://example.org/crane.png", "alt_text": "The crane", "title": plain("Crane B")},
		{"type": "rich_text", "elements": []object{{"type": "rich_text_section", "elements": []object{{"type": "text", "text": "Rich "}, {"type": "text", "text": "text", "style": object{"bold": true}}}}}},
		{"type": "markdown", "text": "A *Markdown* block with `code`"},
		{"type": "container", "title": plain("Details of the day"), "subtitle": plain("three remarks"), "is_collapsible": true, "default_collapsed": true, "child_blocks": []object{section("Berth 4 is closed.", nil)}},
		{"type": "video", "title": plain("How the lock works"), "title_url": "https://example.org/v", "video_url": "https://example.org/v/embed", "thumbnail_url": "https://example.org/v.png", "alt_text": "The lock", "author_name": "Harbour Works", "description": plain("Two minutes, no sound.")},
		chart("Ships by day", "bar", line("Arrivals", 4, 7, 3, 9, 5), line("Departures", 2, 5, 6, 4, 8)),
		pie,
		{"type": "context_actions", "elements": []object{
			{"type": "feedback_buttons", "action_id": "fb", "positive_button": object{"text": plain("Good answer"), "value": "good"}, "negative_button": object{"text": plain("Bad answer"), "value": "bad"}},
			{"type": "icon_button", "action_id": "bin", "icon": "trash", "text": plain("Remove"), "visible_to_user_ids": []string{slacksim.SeedAda}}}},
	}
}

// streamed are those that only a stream carries.
func streamed() []object {
	return []object{
		{"type": "alert", "level": "warning", "text": mrkdwn("*Gale warning* from noon")},
		{"type": "alert", "level": "success", "text": plain("All berths are free")},
		{"type": "card", "title": mrkdwn("Crane *B*"), "subtitle": mrkdwn("16 t"), "body": mrkdwn("In repair until Wednesday."), "actions": []object{button("Book", "book", nil)}},
		{"type": "carousel", "elements": []object{
			{"type": "card", "block_id": "card1", "title": mrkdwn("Ferry"), "subtitle": mrkdwn("12 min"), "body": mrkdwn("For the view."), "actions": []object{button("Take it", "take", nil)}},
			{"type": "card", "block_id": "card2", "title": mrkdwn("Tunnel bus"), "body": mrkdwn("When it rains."), "actions": []object{button("Take it", "take", nil)}},
			{"type": "card", "title": mrkdwn("Rowing boat"), "body": mrkdwn("For your arms.")}}},
		{"type": "plan", "title": "Find the day", "tasks": []object{
			{"type": "task_card", "task_id": "t1", "title": "Read the tide table", "status": "complete", "details": rich("Twelve pages"), "sources": []object{{"type": "url", "url": "https://example.org/tides", "text": "Tide table"}}},
			{"type": "task_card", "task_id": "t2", "title": "Ask the weather", "status": "in_progress"}}},
		{"type": "task_card", "task_id": "t3", "title": "A card of its own", "status": "error", "output": rich("It failed.")},
		{"type": "table", "column_settings": []object{{}, {"align": "right"}}, "rows": [][]object{berths[0], berths[1], berths[2]}},
	}
}

// elements are what can be clicked and chosen in a message.
func elementBlocks() []object {
	return []object{
		actions("buttons", button("Approve", "yes", object{"style": "primary"}), button("Refuse", "no", object{"style": "danger"}), button("Later", "later", nil),
			button("The plan", "link", object{"url": "https://example.org/plan"}),
			object{"type": "overflow", "action_id": "more", "options": []object{option("Copy it", "copy"), option("Archive it", "archive")}},
			object{"type": "workflow_button", "text": plain("Run the workflow"), "workflow": object{"trigger": object{"url": "https://slack.com/shortcuts/x"}}}),
		actions("menus",
			object{"type": "static_select", "action_id": "berth", "placeholder": plain("Choose a berth"), "option_groups": []object{
				{"label": plain("North quay"), "options": []object{option("Berth 1", "b1"), option("Berth 2", "b2")}},
				{"label": plain("South quay"), "options": []object{option("Berth 7", "b7"), option("Berth 9 :anchor:", "b9")}}}},
			object{"type": "users_select", "action_id": "who", "placeholder": plain("Choose somebody")},
			object{"type": "external_select", "action_id": "ship", "placeholder": plain("Find a ship"), "min_query_length": 2},
			object{"type": "channels_select", "action_id": "chan"},
			object{"type": "conversations_select", "action_id": "conv", "default_to_current_conversation": true},
			object{"type": "multi_static_select", "action_id": "tags", "placeholder": plain("Tags"), "max_selected_items": 2, "initial_options": []object{option("Urgent", "urgent")},
				"options": []object{option("Urgent", "urgent"), option("Cargo", "cargo"), option("Crew", "crew")}}),
		actions("dates", object{"type": "datepicker", "action_id": "day", "initial_date": "2026-09-24"}, object{"type": "timepicker", "action_id": "hour", "placeholder": plain("At what time?")},
			object{"type": "datetimepicker", "action_id": "moment", "initial_date_time": 1790000000}),
		section("Which crane?", object{"block_id": "crane", "accessory": object{"type": "radio_buttons", "action_id": "crane", "options": []object{
			with(option("Crane A", "a"), object{"description": plain("up to 12 t")}), option("Crane B", "b")}}}),
		section("Tell whom?", object{"block_id": "tell", "accessory": object{"type": "checkboxes", "action_id": "tell", "initial_options": []object{option("The pilot", "pilot")},
			"options": []object{option("The pilot", "pilot"), option("The crew", "crew"), option("The press", "press")}}}),
	}
}

// formBlocks are all inputs that a modal can have.
func formBlocks() []object {
	return []object{
		section("Book a crane for *one ship*.", nil),
		entry("name", "Ship", object{"type": "plain_text_input", "placeholder": plain("Her name"), "min_length": 3, "max_length": 20, "focus_on_load": true}, object{"hint": plain("As painted on the bow.")}),
		entry("cargo", "Cargo", object{"type": "plain_text_input", "multiline": true, "max_length": 200}, object{"optional": true}),
		entry("mail", "E-mail of the agent", object{"type": "email_text_input", "initial_value": "agent@example.org"}, nil),
		entry("site", "Web page", object{"type": "url_text_input"}, object{"optional": true}),
		entry("tons", "Tons", object{"type": "number_input", "is_decimal_allowed": true, "min_value": "1", "max_value": "16"}, nil),
		entry("quay", "Quay", object{"type": "static_select", "placeholder": plain("Choose a quay"), "initial_option": option("North", "north"), "options": []object{option("North", "north"), option("South", "south")}}, object{"optional": true}),
		entry("crew", "Crew", object{"type": "multi_users_select", "placeholder": plain("Who comes along?")}, object{"optional": true}),
		entry("day", "Day", object{"type": "datepicker"}, object{"optional": true}),
		entry("hour", "Hour", object{"type": "timepicker", "initial_time": "07:30"}, object{"optional": true}),
		entry("crane", "Crane", object{"type": "radio_buttons", "options": []object{option("Crane A", "a"), option("Crane B", "b")}}, object{"optional": true}),
		entry("flags", "Flags", object{"type": "checkboxes", "options": []object{option("Fragile", "fragile"), option("Dangerous", "dangerous")}}, object{"optional": true}),
		entry("notes", "Notes", object{"type": "rich_text_input"}, object{"optional": true}),
		entry("papers", "Papers", object{"type": "file_input", "filetypes": []string{"txt", "png"}, "max_files": 2}, object{"optional": true}),
	}
}

// TestLookInteractive saves pictures of the gallery to the folder that UI_SHOTS names.
func TestLookInteractive(t *testing.T) {
	if os.Getenv("UI_SHOTS") == "" {
		t.Skip("set UI_SHOTS to a folder to save pictures of the page")
	}
	for _, look := range []struct {
		name  string
		width int64
		dark  bool
	}{{"wide", 1280, false}, {"dark", 1280, true}, {"phone", 390, false}} {
		t.Run(look.name, func(t *testing.T) {
			g := hosted(t)
			w := g.open(slacksim.SeedAda, slacksim.SeedGeneral, look.width)
			if look.dark {
				w.run(dark())
			}
			shot := func(name string) { w.shot(look.name + "-" + name) }
			end := func() { eval[int](w, `(document.querySelector('.main .scroller').scrollTop = 1e6, 1)`) }
			blocks := posted()
			g.send(slacksim.SeedGeneral, object{"text": "x", "blocks": blocks[:7]})
			w.wait(seen(".bk-header", "Morning"))
			end()
			shot("01-blocks")
			g.send(slacksim.SeedGeneral, object{"text": "x", "blocks": blocks[7:]})
			w.wait(`document.querySelector('.pie')`)
			end()
			shot("02-charts")
			g.send(slacksim.SeedGeneral, object{"text": "x", "blocks": []object{{"type": "data_table", "caption": "Berths", "rows": berths}, chart("Traffic", "line", line("In", 4, 7, 3, 9, 5), line("Out", 2, 5, 6, 4, 8))}})
			g.send(slacksim.SeedGeneral, object{"text": "x", "attachments": []object{
				{"color": "#2c6a92", "pretext": "From the log", "author_name": "Lighthouse", "title": "Fog until ten", "title_link": "https://example.org/fog", "text": "*Slow* in the channel.", "footer": "Harbour log", "ts": "1790000000",
					"fields": []object{{"title": "Sight", "value": "400 m", "short": true}, {"title": "Wind", "value": "calm", "short": true}}},
				{"color": "danger", "blocks": []object{section("Nested *blocks*", nil)}}}})
			w.wait(seen(".hanger-title", "Fog"))
			end()
			shot("03-tables")
			root := g.send(slacksim.SeedGeneral, object{"text": "a stream"})
			ts := g.api("chat.startStream", url.Values{"channel": {slacksim.SeedGeneral}, "thread_ts": {root}, "recipient_user_id": {slacksim.SeedAda}, "recipient_team_id": {slacksim.SeedTeam}, "task_display_mode": {"dense"},
				"chunks": {text([]object{{"type": "task_update", "id": "1", "title": "Reading the log", "status": "complete"}, {"type": "task_update", "id": "2", "title": "Asking the weather", "status": "in_progress"}, {"type": "markdown_text", "text": "Here it is."}, {"type": "blocks", "blocks": streamed()}})}})["ts"].(string)
			g.api("chat.stopStream", url.Values{"channel": {slacksim.SeedGeneral}, "ts": {ts}})
			w.press(seen(".summary", "1 reply"))
			w.wait(seen(".thread .bk-card", "Crane"))
			eval[int](w, `(document.querySelector('.thread .scroller').scrollTop = 0, 1)`)
			shot("04-streamed")
			w.run(navigate(g.url + "/?as=" + slacksim.SeedAda + "#/" + slacksim.SeedGeneral))
			w.wait(`!document.querySelector('.thread')`)
			g.send(slacksim.SeedGeneral, object{"text": "x", "blocks": elementBlocks()})
			w.wait(seen(".bk-button", "Approve"))
			end()
			shot("05-elements")
			w.press(seen(".select-face", "Choose a berth"))
			w.wait(seen(".option", "Berth 9"))
			shot("06-select")
			w.press(seen(".option", "Berth 9"))
			w.press(seen(".select.date .select-face", "2026"))
			w.wait(`document.querySelector('.calendar')`)
			shot("07-calendar")
			w.press(`document.querySelector('.calendar [data-date="2026-09-17"]')`)
			a := g.next("block_actions").ack(nil)
			g.next("block_actions").ack(nil)
			a.open("views.open", modal("Book a crane", object{"submit": plain("Book"), "close": plain("Not now")}, formBlocks()...))
			w.wait(`document.querySelector('.modal') && document.getAnimations().length === 0`)
			shot("08-modal")
			w.press(`document.querySelector('.modal .button.main')`)
			w.wait(`document.querySelector('.bk-error')`)
			shot("09-modal-errors")
			eval[int](w, `(document.querySelector('.modal-body').scrollTop = 1e6, 1)`)
			shot("10-modal-end")
			w.forgive()
			w.press(`document.querySelector('.modal-x')`)
			w.wait(`!document.querySelector('.modal')`)
			g.api("views.publish", url.Values{"user_id": {slacksim.SeedAda}, "view": {text(object{"type": "home", "blocks": []object{
				{"type": "header", "text": plain("Good morning, Ada")}, section("Three things wait for you.", object{"accessory": button("Settings", "set", nil)}), {"type": "divider"},
				entry("focus", "Today I look after", object{"type": "plain_text_input"}, object{"dispatch_action": true})}})}})
			w.run(navigate(g.url + "/?as=" + slacksim.SeedAda + "#/" + slacksim.SeedAdaDM + "/home"))
			w.wait(seen(".home .bk-header", "Good morning"))
			shot("11-home")
			w.run(navigate(g.url + "/?as=" + slacksim.SeedAda + "#/" + slacksim.SeedAdaDM + "/about"))
			w.wait(seen(".about dt", "/tides"))
			shot("12-about")
			w.run(navigate(g.url + "/?as=" + slacksim.SeedAda + "#/" + slacksim.SeedGeneral))
			w.typeIn(".main", "/ho")
			w.wait(seen(".offer", "/holdfast"))
			shot("13-commands")
			w.keys(kb.Escape)
			w.fill(".main .composer textarea", "")
			g.hurry(300)
			g.api("chat.postEphemeral", url.Values{"channel": {slacksim.SeedGeneral}, "user": {slacksim.SeedAda}, "text": {"x"}, "blocks": {text([]object{
				section("I found *two* cranes. Which one shall I book?", nil),
				actions("ask", button("Crane A", "a", object{"style": "primary"}), button("Crane B", "b", nil), button("Neither", "none", object{"style": "danger", "confirm": object{"title": plain("No crane?"), "text": plain("The ship waits until tomorrow."), "confirm": plain("Let it wait"), "deny": plain("Back"), "style": "danger"}}))})}})
			w.press(seen(".bk-button", "Crane B"))
			g.next("block_actions")
			w.wait(`document.querySelector('.trouble')`)
			end()
			shot("14-ephemeral-trouble")
			w.press(seen(".bk-button", "Neither"))
			w.wait(`document.querySelector('dialog') && document.getAnimations().length === 0`)
			shot("15-confirm")
			w.keys(kb.Escape)
			w.press(`document.querySelector('.main [aria-label=Shortcuts]')`)
			w.wait(`document.querySelector('.pop')`)
			shot("16-shortcuts")
		})
	}
}
