package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestM1_PostMessageRefusals(t *testing.T) {
	r := start(t, Options{})
	archived, err := r.AddChannel("attic", SeedAda, SeedBotUser)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Archive(archived, true); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 12_001)
	r.bad("no_text", "chat.postMessage", obj{"channel": SeedGeneral})
	r.bad("no_text", "chat.postMessage", obj{"channel": SeedGeneral, "text": " ", "blocks": "[]"})
	r.bad("channel_not_found", "chat.postMessage", obj{"channel": "C0", "text": "x"})
	r.bad("channel_not_found", "chat.postMessage", obj{"text": "x"})
	r.bad("not_in_channel", "chat.postMessage", obj{"channel": SeedRandom, "text": "x"})
	r.bad("is_archived", "chat.postMessage", obj{"channel": archived, "text": "x"})
	r.bad("markdown_text_conflict", "chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "markdown_text": "x"})
	r.bad("msg_too_long", "chat.postMessage", obj{"channel": SeedGeneral, "markdown_text": long})
	r.bad("invalid_blocks_format", "chat.postMessage", obj{"channel": SeedGeneral, "blocks": "{"})
	r.bad("invalid_metadata_format", "chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "metadata": "["})
	r.bad("invalid_metadata_schema", "chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "metadata": obj{"event_type": "a"}})
	for _, kind := range []string{"alert", "card", "carousel", "input", "nonsense"} {
		out := r.bad("invalid_blocks", "chat.postMessage", obj{"channel": SeedGeneral, "blocks": []obj{{"type": kind}}})
		want := "[ERROR] unsupported type: " + kind + " [json-pointer:/blocks/0/type]\n"
		if details(out) != want {
			t.Errorf("%s: %q", kind, details(out))
		}
	}
	if n := len(r.Messages(SeedGeneral)); n != 0 {
		t.Fatalf("%d messages", n)
	}

	r.set(func(s *Settings) { s.Scopes = append(s.Scopes, "chat:write.public") })
	r.ok("chat.postMessage", obj{"channel": SeedRandom, "text": "x"})
}

func TestM1_LongTexts(t *testing.T) {
	r := start(t, Options{})
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": strings.Repeat("é", 4_692)})
	got := r.Messages(SeedGeneral)
	if len(got) != 2 || utf8.RuneCountInString(got[0].Text) != 4000 || utf8.RuneCountInString(got[1].Text) != 692 {
		t.Fatalf("split into %d", len(got))
	}
	r.set(func(s *Settings) { s.SplitText = false })
	r.ok("chat.postMessage", obj{"channel": SeedEngineering, "text": strings.Repeat("é", 50_000)})
	if got := r.Messages(SeedEngineering); len(got) != 1 || utf8.RuneCountInString(got[0].Text) != 40_000 {
		t.Fatal("not cut at 40,000")
	}
}

func TestM1_Blocks(t *testing.T) {
	section := func(text string) obj { return obj{"type": "section", "text": obj{"type": "mrkdwn", "text": text}} }
	button := func(id string) obj {
		return obj{"type": "button", "action_id": id, "text": obj{"type": "plain_text", "text": "Go"}, "value": "v"}
	}
	rich := func(els ...obj) obj {
		return obj{"type": "rich_text", "elements": []obj{{"type": "rich_text_section", "elements": els}}}
	}
	raw := func(s string) obj { return obj{"type": "raw_text", "text": s} }
	repeat := func(n int, b obj) []obj { return slices.Repeat([]obj{b}, n) }
	good := map[string][]obj{
		"fifty":   repeat(50, section("x")),
		"header":  {{"type": "header", "text": obj{"type": "plain_text", "text": "Title", "emoji": true}, "level": 2}},
		"context": {{"type": "context", "elements": []obj{{"type": "mrkdwn", "text": "a"}, {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"}}}},
		"actions": {{"type": "actions", "elements": []obj{button("a"), button("b")}}},
		"feedback": {{"type": "context_actions", "elements": []obj{
			{"type": "feedback_buttons", "action_id": "f",
				"positive_button": obj{"text": obj{"type": "plain_text", "text": "Good"}, "value": "1"},
				"negative_button": obj{"text": obj{"type": "plain_text", "text": "Bad"}, "value": "0"}},
			{"type": "icon_button", "icon": "trash", "text": obj{"type": "plain_text", "text": "Delete"}, "action_id": "d", "visible_to_user_ids": []string{SeedAda}},
		}}},
		"markdown": {{"type": "markdown", "text": strings.Repeat("x", 12_000)}},
		"table": {{"type": "table", "rows": [][]obj{{raw("a"), raw("b")}, {raw("c"), rich(obj{"type": "text", "text": "d"})}},
			"column_settings": []any{nil, obj{"align": "right"}}}},
		"rich": {{"type": "rich_text", "elements": []obj{
			{"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": []obj{{"type": "rich_text_section", "elements": []obj{
				{"type": "text", "text": "a", "style": obj{"bold": true}}, {"type": "link", "url": "https://x.example"}, {"type": "user", "user_id": SeedAda}}}}},
			{"type": "rich_text_preformatted", "elements": []obj{{"type": "text", "text": "code"}}},
		}}},
		"select": {{"type": "section", "text": obj{"type": "mrkdwn", "text": "x"}, "accessory": obj{"type": "static_select", "action_id": "s",
			"options": []obj{{"text": obj{"type": "plain_text", "text": "A"}, "value": "a"}}}}},
		"task":  {{"type": "task_card", "task_id": "t", "title": "T", "status": "complete", "details": rich(obj{"type": "text", "text": "d"})}},
		"image": {{"type": "image", "slack_file": obj{"id": "F1"}, "alt_text": "a"}},
	}
	table := func(rows, cols int, text string) obj {
		return obj{"type": "table", "rows": slices.Repeat([][]obj{repeat(cols, raw(text))}, rows)}
	}
	bad := map[string]struct {
		blocks []obj
		want   string
	}{
		"51":                {repeat(51, section("x")), "no more than 50 items allowed [json-pointer:/blocks]"},
		"long section":      {[]obj{section(strings.Repeat("x", 3001))}, "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		"empty section":     {[]obj{section("")}, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		"no text":           {[]obj{{"type": "section"}}, "missing required field: text or fields [json-pointer:/blocks/0]"},
		"extra":             {[]obj{{"type": "divider", "colour": "red"}}, "invalid additional property: colour [json-pointer:/blocks/0/colour]"},
		"header":            {[]obj{{"type": "header", "text": obj{"type": "mrkdwn", "text": "x"}}}, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"},
		"long header":       {[]obj{{"type": "header", "text": obj{"type": "plain_text", "text": strings.Repeat("x", 151)}}}, "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		"context":           {[]obj{{"type": "context", "elements": repeat(11, obj{"type": "mrkdwn", "text": "x"})}}, "no more than 10 items allowed [json-pointer:/blocks/0/elements]"},
		"actions":           {[]obj{{"type": "actions", "elements": repeat(26, obj{"type": "button", "text": obj{"type": "plain_text", "text": "x"}})}}, "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		"same action":       {[]obj{{"type": "actions", "elements": repeat(2, button("a"))}}, "`action_id` a already exists [json-pointer:/blocks/0/elements/1/action_id]"},
		"same block":        {[]obj{{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}}, "`block_id` b already exists [json-pointer:/blocks/1/block_id]"},
		"markdown together": {repeat(2, obj{"type": "markdown", "text": strings.Repeat("x", 7000)}), "markdown blocks must be less than 12001 characters together [json-pointer:/blocks]"},
		"rows":              {[]obj{table(101, 1, "x")}, "no more than 100 items allowed [json-pointer:/blocks/0/rows]"},
		"columns":           {[]obj{table(1, 21, "x")}, "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"},
		"cells":             {[]obj{table(2, 2, strings.Repeat("x", 2501))}, "table cells must be less than 10001 characters together [json-pointer:/blocks/0/rows]"},
		"two tables":        {[]obj{table(1, 1, "x"), table(1, 1, "x")}, "only one table allowed [json-pointer:/blocks]"},
		"indent":            {[]obj{{"type": "rich_text", "elements": []obj{{"type": "rich_text_list", "style": "bullet", "indent": 9, "elements": []obj{{"type": "rich_text_section", "elements": []obj{}}}}}}}, "must be an integer from 0 to 8 [json-pointer:/blocks/0/elements/0/indent]"},
		"two details":       {[]obj{{"type": "task_card", "task_id": "t", "title": "T", "details": obj{"type": "rich_text", "elements": repeat(2, obj{"type": "rich_text_section", "elements": []obj{}})}}}, "no more than 1 items allowed [json-pointer:/blocks/0/details/elements]"},
		"not an object":     {[]obj{nil}, "must be an object [json-pointer:/blocks/0]"},
	}
	r := start(t, Options{})
	for name, blocks := range good {
		out := r.post("chat.postMessage", obj{"channel": SeedGeneral, "blocks": blocks})
		if out["ok"] != true {
			t.Errorf("%s: %v", name, out)
			continue
		}
		first := out["message"].(obj)["blocks"].([]any)[0].(obj)
		if id, _ := first["block_id"].(string); id == "" {
			t.Errorf("%s: no block_id given", name)
		}
	}
	for name, c := range bad {
		out := r.bad("invalid_blocks", "chat.postMessage", obj{"channel": SeedGeneral, "blocks": c.blocks})
		if errs := fmt.Sprint(out["errors"]); !strings.Contains(errs, c.want) || !strings.Contains(details(out), "[ERROR] "+c.want) {
			t.Errorf("%s: %v, want %s", name, errs, c.want)
		}
	}
}

func TestM2_UserIDOpensDMAndRepliesAreNormalised(t *testing.T) {
	r := start(t, Options{})
	if out := r.ok("chat.postMessage", obj{"channel": SeedBen, "text": "hello"}); out["channel"] != SeedBenDM {
		t.Fatal(out)
	}
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	reply := r.say(SeedBen, SeedGeneral, "reply", root).TS
	out := r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "thread_ts": reply})
	if m := out["message"].(obj); m["thread_ts"] != root || m["parent_user_id"] != SeedAda {
		t.Fatal(m)
	}
	out = r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "thread_ts": "1.000001"})
	if ts, ok := out["message"].(obj)["thread_ts"]; ok {
		t.Fatalf("thread_ts %v for an unknown parent", ts)
	}
	if err := r.Delete(SeedAda, SeedGeneral, root); err != nil {
		t.Fatal(err)
	}
	out = r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "thread_ts": root})
	if ts, ok := out["message"].(obj)["thread_ts"]; ok {
		t.Fatalf("thread_ts %v for a deleted parent", ts)
	}
	r.bad("thread_not_found", "conversations.replies", obj{"channel": SeedGeneral, "ts": root})
}

func TestM3_TsStrictlyIncreasing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(Options{})
		ch := s.ws.channelBy[SeedGeneral]
		last := ""
		for _, step := range rapid.SliceOf(rapid.IntRange(-2_000_000, 2_000_000)).Draw(t, "steps") {
			s.offset += ms(step) / 1000
			ts := ch.tick(s.now())
			if !validTS(ts) || len(ts)-strings.IndexByte(ts, '.') != 7 || (last != "" && compareTS(ts, last) <= 0) {
				t.Fatalf("%q after %q", ts, last)
			}
			last = ts
		}
	})
}

func TestM3_ParentCountsReplies(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	one := r.say(SeedBen, SeedGeneral, "one", root).TS
	r.say(SeedBen, SeedGeneral, "two", root)
	three := r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "three", "thread_ts": root})["ts"].(string)
	m := r.Replies(SeedGeneral, root)[0]
	if m.ReplyCount != 3 || m.ReplyUsersCount != 2 || m.LatestReply != three || !slices.Equal(m.ReplyUsers, []string{SeedBen, SeedBotUser}) {
		t.Fatalf("%+v", m)
	}
	r.ok("chat.delete", obj{"channel": SeedGeneral, "ts": three})
	if err := r.Delete(SeedBen, SeedGeneral, one); err != nil {
		t.Fatal(err)
	}
	m = r.Replies(SeedGeneral, root)[0]
	if m.ReplyCount != 1 || m.ReplyUsersCount != 1 || !slices.Equal(m.ReplyUsers, []string{SeedBen}) {
		t.Fatalf("after deleting: %+v", m)
	}
}

func TestM4_OwnPostComesBack(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "mine"})["ts"]
	e := l.event()
	if e["type"] != "message" || e["bot_id"] != SeedBot || e["app_id"] != SeedApp || e["user"] != SeedBotUser || e["ts"] != ts || e["channel_type"] != "channel" {
		t.Fatal(e)
	}
	if sub, ok := e["subtype"]; ok {
		t.Fatalf("subtype %v", sub)
	}
}

func TestM5_Update(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	theirs := r.say(SeedAda, SeedGeneral, "theirs", "").TS
	mine := r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "before", "blocks": []obj{{"type": "divider"}}})["ts"]
	at := func(ts any, a obj) obj { a["channel"], a["ts"] = SeedGeneral, ts; return a }
	r.bad("cant_update_message", "chat.update", at(theirs, obj{"text": "x"}))
	r.bad("message_not_found", "chat.update", at("1.000001", obj{"text": "x"}))
	r.bad("msg_too_long", "chat.update", at(mine, obj{"text": strings.Repeat("x", 4001)}))
	r.bad("no_text", "chat.update", at(mine, obj{}))
	r.ok("chat.update", at(mine, obj{"text": "after"}))
	m := r.Messages(SeedGeneral)[1]
	if m.Text != "after" || m.Blocks != nil || m.Edited == nil {
		t.Fatalf("%+v", m)
	}
	e := l.eventOf("message", "message_changed")
	if e["message"].(obj)["text"] != "after" || e["previous_message"].(obj)["text"] != "before" || e["hidden"] != true || e["channel"] != SeedGeneral {
		t.Fatal(e)
	}
	live := r.ok("chat.startStream", at(nil, obj{"thread_ts": theirs, "recipient_user_id": SeedAda, "recipient_team_id": SeedTeam}))["ts"]
	r.bad("streaming_state_conflict", "chat.update", at(live, obj{"text": "x"}))
}

func TestM6_Delete(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	theirs := r.say(SeedAda, SeedGeneral, "theirs", "").TS
	mine := r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "mine"})["ts"]
	r.bad("cant_delete_message", "chat.delete", obj{"channel": SeedGeneral, "ts": theirs})
	r.ok("chat.delete", obj{"channel": SeedGeneral, "ts": mine})
	r.bad("message_not_found", "chat.delete", obj{"channel": SeedGeneral, "ts": mine})
	e := l.eventOf("message", "message_deleted")
	if e["deleted_ts"] != mine || e["previous_message"].(obj)["text"] != "mine" {
		t.Fatal(e)
	}
}

func TestM7_Ephemeral(t *testing.T) {
	r := start(t, Options{})
	r.bad("user_not_in_channel", "chat.postEphemeral", obj{"channel": SeedGeneral, "user": "U0", "text": "x"})
	r.bad("msg_too_long", "chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": strings.Repeat("x", 4001)})
	ts := r.ok("chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": "psst"})["message_ts"]
	r.bad("message_not_found", "chat.update", obj{"channel": SeedGeneral, "ts": ts, "text": "x"})
	r.bad("message_not_found", "chat.delete", obj{"channel": SeedGeneral, "ts": ts})
	if out := r.ok("conversations.history", obj{"channel": SeedGeneral}); len(out["messages"].([]any)) != 0 {
		t.Fatal(out)
	}
	if e := r.Ephemerals(); len(e) != 1 || e[0].User != SeedAda || e[0].Text != "psst" {
		t.Fatal(e)
	}
	_, b := r.ctl("GET", "/sim/state", nil)
	var st struct{ Ephemerals []Ephemeral }
	if err := json.Unmarshal(b, &st); err != nil || len(st.Ephemerals) != 0 {
		t.Fatalf("a reload shows %v, %v", st.Ephemerals, err)
	}
}

func TestM8_Reactions(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.say(SeedAda, SeedGeneral, "x", "").TS
	at := obj{"channel": SeedGeneral, "timestamp": ts, "name": "eyes"}
	r.bad("no_reaction", "reactions.remove", at)
	r.ok("reactions.add", at)
	r.bad("already_reacted", "reactions.add", at)
	r.bad("invalid_name", "reactions.add", obj{"channel": SeedGeneral, "timestamp": ts, "name": "Not one"})
	r.bad("message_not_found", "reactions.add", obj{"channel": SeedGeneral, "timestamp": "1.000001", "name": "eyes"})
	r.bad("bad_timestamp", "reactions.add", obj{"channel": SeedGeneral, "timestamp": "soon", "name": "eyes"})
	r.bad("no_item_specified", "reactions.add", obj{"channel": SeedGeneral, "name": "eyes"})
	if err := r.React(SeedBen, SeedGeneral, ts, ":eyes:", false); err != nil {
		t.Fatal(err)
	}
	got := r.ok("reactions.get", obj{"channel": SeedGeneral, "timestamp": ts})["message"].(obj)["reactions"].([]any)[0].(obj)
	if got["count"] != 2.0 {
		t.Fatal(got)
	}
	if e := l.eventOf("reaction_added", ""); e["reaction"] != "eyes" || e["item_user"] != SeedAda {
		t.Fatal(e)
	}
	r.ok("reactions.remove", at)
}

func TestM9_HistoryPages(t *testing.T) {
	r := start(t, Options{})
	var want []string
	var stamps []string
	for i := range 23 {
		text := fmt.Sprint("m", i)
		p := r.say(SeedAda, SeedGeneral, text, "")
		r.say(SeedBen, SeedGeneral, "reply", p.TS) // not part of history
		want, stamps = append([]string{text}, want...), append(stamps, p.TS)
	}
	collect := func(method string, a obj) (got []string, pages int) {
		for {
			pages++
			out := r.ok(method, a)
			for _, m := range out["messages"].([]any) {
				got = append(got, m.(obj)["text"].(string))
			}
			next, _ := out["response_metadata"].(obj)["next_cursor"].(string)
			if out["has_more"] != (next != "") {
				t.Fatalf("has_more %v with cursor %q", out["has_more"], next)
			}
			if next == "" {
				return got, pages
			}
			a["cursor"] = next
		}
	}
	got, pages := collect("conversations.history", obj{"channel": SeedGeneral, "limit": 5})
	equal(t, "history", got, want)
	if pages != 5 {
		t.Errorf("%d pages", pages)
	}
	got, _ = collect("conversations.history", obj{"channel": SeedGeneral, "oldest": stamps[3], "latest": stamps[6]})
	equal(t, "between", got, []string{"m5", "m4"})
	got, _ = collect("conversations.history", obj{"channel": SeedGeneral, "oldest": stamps[3], "latest": stamps[6], "inclusive": true})
	equal(t, "between, inclusive", got, []string{"m6", "m5", "m4", "m3"})
	r.bad("invalid_cursor", "conversations.history", obj{"channel": SeedGeneral, "cursor": "x"})
	r.bad("invalid_ts_oldest", "conversations.history", obj{"channel": SeedGeneral, "oldest": "x"})
	r.bad("invalid_ts_latest", "conversations.history", obj{"channel": SeedGeneral, "latest": "1.2.3"})
	r.bad("not_in_channel", "conversations.history", obj{"channel": SeedRandom})
	r.bad("channel_not_found", "conversations.history", obj{"channel": "C0"})
}

func TestM9_RepliesStartWithTheParent(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	for i := range 5 {
		r.say(SeedBen, SeedGeneral, fmt.Sprint("r", i), root)
	}
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "mine", "thread_ts": root, "metadata": obj{"event_type": "turn", "event_payload": obj{"id": "t1"}}})
	a := obj{"channel": SeedGeneral, "ts": root, "limit": 3, "include_all_metadata": true}
	var got []string
	var last obj
	for {
		out := r.ok("conversations.replies", a)
		list := out["messages"].([]any)
		if list[0].(obj)["text"] != "root" {
			t.Fatalf("page starts with %v", list[0])
		}
		for _, m := range list[1:] {
			last = m.(obj)
			got = append(got, last["text"].(string))
		}
		next := out["response_metadata"].(obj)["next_cursor"]
		if next == "" {
			break
		}
		a["cursor"] = next
	}
	equal(t, "replies", got, []string{"r0", "r1", "r2", "r3", "r4", "mine"})
	if id := last["metadata"].(obj)["event_payload"].(obj)["id"]; id != "t1" {
		t.Fatal(last)
	}
	out := r.ok("conversations.replies", obj{"channel": SeedGeneral, "ts": root})
	for _, m := range out["messages"].([]any) {
		if _, ok := m.(obj)["metadata"]; ok {
			t.Fatal("metadata without include_all_metadata")
		}
	}
	r.bad("thread_not_found", "conversations.replies", obj{"channel": SeedGeneral, "ts": "1.000001"})
	r.bad("invalid_cursor", "conversations.replies", obj{"channel": SeedGeneral, "ts": root, "cursor": "bmV4dF90czox"})
}

func TestPermalink(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	out := r.ok("chat.getPermalink", obj{"channel": SeedGeneral, "message_ts": root})
	if want := "https://harbour-works.slack.com/archives/" + SeedGeneral + "/p" + strings.Replace(root, ".", "", 1); out["permalink"] != want {
		t.Fatal(out)
	}
	r.bad("message_not_found", "chat.getPermalink", obj{"channel": SeedGeneral, "message_ts": "1.000001"})
}

func FuzzBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`)
	f.Add(`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]`)
	f.Add(`[{"type":"container","child_blocks":[{"type":"container","child_blocks":[null]}]}]`)
	f.Add(`[1,null,{},[]]`)
	s := New(Options{})
	f.Fuzz(func(t *testing.T, raw string) {
		out, bad := s.checkBlocks(json.RawMessage(raw), onMessage, "/blocks")
		if (out == nil) == (bad == nil) {
			t.Fatal("neither blocks nor a refusal, or both")
		}
		if bad == nil {
			if _, again := s.checkBlocks(out, onMessage, "/blocks"); again != nil {
				t.Fatalf("what was accepted is refused the second time: %v", again.Errors)
			}
		}
	})
}
