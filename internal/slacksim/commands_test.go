package slacksim

import (
	"strings"
	"testing"
)

func withCommands(s *Settings) {
	s.Commands = []Command{{Command: "/weather", Description: "Tells the weather", UsageHint: "[city]"}}
	s.Shortcuts = []Shortcut{
		{Name: "New note", Type: "global", CallbackID: "new_note", Description: "Write a note"},
		{Name: "Keep this", Type: "message", CallbackID: "keep", Description: "Keep a message"},
	}
}

func TestI2Command(t *testing.T) {
	r := start(t, Options{})
	r.set(withCommands)
	l := r.dial()
	send := func(channel, text string) obj {
		t.Helper()
		return r.do("/sim/commands", obj{"user": SeedAda, "channel": channel, "command": "/weather", "text": text})
	}
	id := send(SeedRandom, " Oslo  now ")["id"] // the app is no member there, which does not matter
	env := l.envelope("slash_commands")
	p := env["payload"].(obj)
	l.reply(env, nil)
	if i := r.ended(id); i.Status != "acked" || i.Command != "/weather" || i.Channel != SeedRandom || i.Type != "slash_command" {
		t.Fatalf("%+v", i)
	}
	u, trigger := p["response_url"].(string), p["trigger_id"].(string)
	if !strings.HasPrefix(u, r.srv.URL()+"/commands/") {
		t.Fatal(u)
	}
	want(t, "payload", p, `{"token":"sim-verification-token","team_id":"T01HARBOUR","team_domain":"harbour-works","channel_id":"C01RANDOM",
		"channel_name":"random","user_id":"U01ADAMARSH","user_name":"ada","command":"/weather","text":"Oslo  now","api_app_id":"A01HOLDFAST",
		"is_enterprise_install":"false","response_url":"`+u+`","trigger_id":"`+trigger+`"}`)
	r.ok("views.open", obj{"trigger_id": trigger, "view": modalOf()})
	r.respond(u, obj{"response_type": "in_channel", "text": "Sunny"})
	equal(t, "texts", texts(r.Messages(SeedRandom)), []string{"Sunny"})

	// The answer may come with the acknowledgement.
	for _, c := range []struct {
		ack       any
		ephemeral string
		posted    string
	}{
		{obj{}, "", ""},
		{obj{"response_type": "in_channel"}, "", ""},
		{"plain", "plain", ""},
		{obj{"text": "for you"}, "for you", ""},
		{obj{"text": "for all", "response_type": "in_channel"}, "", "for all"},
		{obj{"blocks": []obj{{"type": "divider"}}}, unshowable, ""},
	} {
		quiet, loud := len(r.Ephemerals()), len(r.Messages(SeedAdaDM))
		id := send("@bot", "")["id"]
		env := l.envelope("slash_commands")
		if name := env["payload"].(obj)["channel_name"]; name != "directmessage" {
			t.Fatal(name)
		}
		l.reply(env, c.ack)
		if i := r.ended(id); i.Status != "acked" {
			t.Fatalf("%v: %+v", c.ack, i)
		}
		es, ms := r.Ephemerals()[quiet:], r.Messages(SeedAdaDM)[loud:]
		if (c.ephemeral == "") != (len(es) == 0) || (c.posted == "") != (len(ms) == 0) {
			t.Fatalf("%v: %+v %+v", c.ack, es, ms)
		}
		if len(es) > 0 && (es[0].Text != c.ephemeral || es[0].User != SeedAda) || len(ms) > 0 && ms[0].Text != c.posted {
			t.Fatalf("%v: %+v %+v", c.ack, es, ms)
		}
	}
	for _, ack := range []any{obj{"blocks": []obj{{"type": "nothing"}}}, obj{"txt": "x"}, []string{"x"}, 3} {
		id := send(SeedGeneral, "")["id"]
		l.reply(l.envelope("slash_commands"), ack)
		if i := r.ended(id); i.Error != "bad_response" || i.Message != `/weather failed with the error "bad_response"` {
			t.Fatalf("%v: %+v", ack, i)
		}
	}
}

func TestI2CommandRefused(t *testing.T) {
	r := start(t, Options{})
	r.set(withCommands)
	root := r.say(SeedAda, SeedGeneral, "hello", "").TS
	cmd := obj{"user": SeedAda, "channel": SeedGeneral, "command": "/weather", "text": "x"}
	with := func(k string, v any) obj {
		o := obj{}
		for n, x := range cmd {
			o[n] = x
		}
		o[k] = v
		return o
	}
	if bad := r.refuses("command_not_found", "/sim/commands", with("command", "/whether")); !strings.Contains(bad["message"].(string), "not a valid command") {
		t.Fatal(bad)
	}
	if bad := r.refuses("not_in_threads", "/sim/commands", with("thread_ts", root)); bad["message"] != "/weather is not supported in threads. Sorry!" {
		t.Fatal(bad)
	}
	r.refuses("user_not_found", "/sim/commands", with("user", "U0"))
	r.refuses("channel_not_found", "/sim/commands", with("channel", "C0"))
	if err := r.Archive(SeedGeneral, true); err != nil {
		t.Fatal(err)
	}
	r.refuses("is_archived", "/sim/commands", cmd)
	r.set(func(s *Settings) { s.Scopes = []string{"chat:write"} })
	r.refuses("command_not_found", "/sim/commands", cmd) // it takes the scope commands
	r.refuses("shortcut_not_found", "/sim/shortcuts", obj{"user": SeedAda, "callback_id": "new_note"})
}

func TestI1Shortcuts(t *testing.T) {
	r := start(t, Options{})
	r.set(withCommands)
	l := r.dial()
	id := r.do("/sim/shortcuts", obj{"user": SeedAda, "callback_id": "new_note"})["id"]
	p := l.interaction("shortcut", nil)
	if i := r.ended(id); i.Status != "acked" || i.CallbackID != "new_note" {
		t.Fatalf("%+v", i)
	}
	equal(t, "keys", keys(p), []string{"action_ts", "callback_id", "enterprise", "is_enterprise_install", "team", "token", "trigger_id", "type", "user"})
	r.ok("views.open", obj{"trigger_id": p["trigger_id"], "view": modalOf()})

	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	reply := r.say(SeedBen, SeedGeneral, "keep me", root).TS
	id = r.do("/sim/shortcuts", obj{"user": SeedAda, "callback_id": "keep", "channel": SeedGeneral, "ts": reply})["id"]
	p = l.interaction("message_action", nil)
	if i := r.ended(id); i.Type != "message_action" || i.TS != reply || i.ThreadTS != root {
		t.Fatalf("%+v", i)
	}
	equal(t, "keys", keys(p), []string{"action_ts", "callback_id", "channel", "enterprise", "is_enterprise_install", "message", "message_ts",
		"response_url", "team", "token", "trigger_id", "type", "user"})
	if m := p["message"].(obj); m["text"] != "keep me" || m["thread_ts"] != root || p["message_ts"] != reply || p["channel"].(obj)["name"] != "general" {
		t.Fatal(p)
	}
	r.refuses("shortcut_not_found", "/sim/shortcuts", obj{"user": SeedAda, "callback_id": "keep"})
	r.refuses("shortcut_not_found", "/sim/shortcuts", obj{"user": SeedAda, "callback_id": "new_note", "channel": SeedGeneral, "ts": root})
	r.refuses("message_not_found", "/sim/shortcuts", obj{"user": SeedAda, "callback_id": "keep", "channel": SeedGeneral, "ts": "1.000000"})
	r.refuses("user_not_found", "/sim/shortcuts", obj{"user": "U0", "callback_id": "new_note"})
}

func TestI1CommandSettings(t *testing.T) {
	r := start(t, Options{})
	for _, bad := range []obj{
		{"commands": []obj{{"command": "weather"}}},
		{"commands": []obj{{"command": "/We ather"}}},
		{"commands": []obj{{"command": "/a"}, {"command": "/a"}}},
		{"shortcuts": []obj{{"name": "", "type": "global", "callback_id": "x"}}},
		{"shortcuts": []obj{{"name": "x", "type": "local", "callback_id": "x"}}},
		{"shortcuts": []obj{{"name": "x", "type": "global", "callback_id": ""}}},
		{"shortcuts": []obj{{"name": "x", "type": "global", "callback_id": "x"}, {"name": "y", "type": "message", "callback_id": "x"}}},
		{"trigger_ms": 0},
		{"interaction_ms": -1},
	} {
		if code, out := r.ctl("POST", "/sim/settings", bad); code != 400 {
			t.Fatal(bad, code, string(out))
		}
	}
	if got := r.Settings(); len(got.Commands) != 0 || len(got.Shortcuts) != 0 || got.Trigger != 3000 {
		t.Fatalf("%+v", got)
	}
}

// With the legacy surface, looking at another channel while the assistant is open changes its context.
func TestA5AssistantContext(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) {
		s.AssistantView = true
		s.Subscriptions = append(s.Subscriptions, "assistant_thread_started", "assistant_thread_context_changed")
	})
	l := r.dial()
	open := func(channel string) {
		t.Helper()
		if err := r.Open(SeedAda, channel); err != nil {
			t.Fatal(err)
		}
	}
	open(SeedGeneral) // no assistant is open yet
	open(SeedAdaDM)
	started := l.eventOf("assistant_thread_started", "")["assistant_thread"].(obj)
	open(SeedGeneral) // nothing new
	open(SeedEngineering)
	e := l.eventOf("assistant_thread_context_changed", "")
	want(t, "thread", e["assistant_thread"], `{"user_id":"U01ADAMARSH","context":{"channel_id":"C01ENGINEERING","team_id":"T01HARBOUR"},
		"channel_id":"D01ADAMARSH","thread_ts":"`+started["thread_ts"].(string)+`"}`)
	r.settled()
	n := 0
	for _, e := range r.Envelopes() {
		if e.EventType == "assistant_thread_context_changed" {
			n++
		}
	}
	if n != 1 {
		t.Fatal(n)
	}
}

func TestBlocksValidate(t *testing.T) {
	r := start(t, Options{})
	if out := r.ok("blocks.validate", obj{"blocks": []obj{{"type": "divider"}}}); len(out["errors"].([]any)) != 0 {
		t.Fatal(out)
	}
	out := r.ok("blocks.validate", obj{"blocks": []obj{
		{"type": "section", "text": plainText(strings.Repeat("x", 3001))}, {"type": "nothing"}, {"type": "header"}, {"type": "divider", "colour": "red"},
		actions("a", obj{"type": "button", "text": plainText("x"), "style": "loud"}),
	}})
	want(t, "errors", out["errors"], `[
		{"code":"too_long","message":"must be less than 3001 characters","pointer":"/blocks/0/text/text","constraint":{"type":"max_length","expected":["3001"]}},
		{"code":"unsupported_type","message":"unsupported type: nothing","pointer":"/blocks/1/type","constraint":{"type":"type","expected":[],"got":"nothing"}},
		{"code":"missing_field","message":"missing required field: text","pointer":"/blocks/2","constraint":{"type":"required","expected":["text"]}},
		{"code":"unknown_field","message":"invalid additional property: colour","pointer":"/blocks/3/colour"},
		{"code":"invalid_value","message":"must be one of primary, danger","pointer":"/blocks/4/elements/0/style","constraint":{"type":"enum","expected":["primary","danger"]}}]`)
	for _, c := range []struct {
		arg     obj
		pointer string
	}{
		{obj{"message": obj{"text": "x", "blocks": []obj{{"type": "input"}}}}, "/message/blocks/0/type"},
		{obj{"blocks": "x"}, ""},
		{obj{"blocks": obj{}}, "/blocks"},
		{obj{"view": obj{"type": "modal", "blocks": []obj{}}}, "/view"},
		{obj{"view": obj{"type": "home", "blocks": []obj{{"type": "alert"}}}}, "/view/blocks/0/type"},
	} {
		out := r.post("blocks.validate", c.arg)
		if c.pointer == "" {
			if out["error"] != "invalid_arguments" {
				t.Fatal(c.arg, out)
			}
			continue
		}
		list, _ := out["errors"].([]any)
		if len(list) != 1 || list[0].(obj)["pointer"] != c.pointer {
			t.Fatal(c.arg, out)
		}
	}
	r.bad("invalid_arguments", "blocks.validate", obj{})
	r.bad("invalid_arguments", "blocks.validate", obj{"blocks": []obj{}, "view": obj{}})
	r.bad("invalid_arguments", "blocks.validate", obj{"message": obj{}})
}
