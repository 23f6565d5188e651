package slacksim

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// do posts to the control API and wants success.
func (r *rig) do(path string, body any) obj {
	r.t.Helper()
	code, out := r.ctl("POST", path, body)
	var o obj
	if err := json.Unmarshal(out, &o); code != 200 || err != nil {
		r.t.Fatalf("%s %v: %d %s %v", path, body, code, out, err)
	}
	return o
}

// refuses posts to the control API and wants the error code.
func (r *rig) refuses(code, path string, body any) obj {
	r.t.Helper()
	status, out := r.ctl("POST", path, body)
	var o obj
	want := 400
	if strings.HasSuffix(code, "not_found") {
		want = 404
	}
	if err := json.Unmarshal(out, &o); status != want || err != nil || o["error"] != code || o["message"] == "" {
		r.t.Fatalf("%s %v: %d %s, want %s", path, body, status, out, code)
	}
	return o
}

// envelope reads on to the next envelope of the type, acknowledging the events before it. It is not acknowledged.
func (l *link) envelope(kind string) obj {
	l.t.Helper()
	for {
		env := l.next()
		if env["type"] == kind {
			return env
		}
		l.ack(env)
	}
}

// interaction reads the next interactive envelope and acknowledges it with payload, if there is one.
func (l *link) interaction(kind string, payload any) obj {
	l.t.Helper()
	env := l.envelope("interactive")
	p := env["payload"].(obj)
	if p["type"] != kind {
		l.t.Fatalf("got %v, want %s", p, kind)
	}
	l.reply(env, payload)
	return p
}

func (l *link) reply(env obj, payload any) {
	l.t.Helper()
	ack := obj{"envelope_id": env["envelope_id"]}
	if payload != nil {
		ack["payload"] = payload
	}
	b, err := json.Marshal(ack)
	if err != nil {
		l.t.Fatal(err)
	}
	l.write(string(b))
}

// ended waits for the end of an interaction.
func (r *rig) ended(id any) Interaction {
	r.t.Helper()
	var i Interaction
	r.until("the end of the interaction", func(v View) bool {
		i, _ = v.Interaction(id.(string))
		return i.Status == "acked" || i.Status == "failed"
	})
	return i
}

// blocks posts a message with these blocks and returns its ts.
func (r *rig) blocks(channel, thread string, blocks ...obj) string {
	r.t.Helper()
	a := obj{"channel": channel, "text": "look", "blocks": blocks}
	if thread != "" {
		a["thread_ts"] = thread
	}
	return r.ok("chat.postMessage", a)["ts"].(string)
}

func plainText(s string) obj { return obj{"type": "plain_text", "text": s, "emoji": true} }

func opt(label, value string) obj { return obj{"text": plainText(label), "value": value} }

func actions(id string, elements ...obj) obj {
	return obj{"type": "actions", "block_id": id, "elements": elements}
}

func okButton(action string) obj {
	return obj{"type": "button", "action_id": action, "text": plainText("Go"), "value": "v1", "style": "primary"}
}

// trigger makes Ada click a button and returns the trigger_id.
func (r *rig) trigger(l *link) string {
	r.t.Helper()
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	id := r.do("/sim/actions", obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "go"})["id"]
	p := l.interaction("block_actions", nil)
	if i := r.ended(id); i.Status != "acked" {
		r.t.Fatalf("%+v", i)
	}
	return p["trigger_id"].(string)
}

func want(t *testing.T, what string, got any, json_ string) {
	t.Helper()
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, e any
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(json_), &e); err != nil {
		t.Fatal(json_, err)
	}
	if !reflect.DeepEqual(a, e) {
		t.Fatalf("%s:\n got %s\nwant %s", what, b, json_)
	}
}

func keys(o obj) []string { return sortedKeys(o) }

func TestBlockActionsInMessage(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	root := r.say(SeedAda, SeedGeneral, "hello", "").TS
	ts := r.blocks(SeedGeneral, root, actions("b", okButton("go"), obj{
		"type": "static_select", "action_id": "pick", "placeholder": plainText("Pick"), "options": []obj{opt("One", "1"), opt("Two", "2")},
	}))
	at := obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b"}
	with := func(more obj) obj {
		o := obj{}
		for k, v := range at {
			o[k] = v
		}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	id := r.do("/sim/actions", with(obj{"action_id": "pick", "input": obj{"selected_option": obj{"value": "2"}}}))["id"]
	p := l.interaction("block_actions", nil)
	i := r.ended(id)
	if i.Status != "acked" || i.Channel != SeedGeneral || i.TS != ts || i.ThreadTS != root || i.ActionID != "pick" || i.Message != "" {
		t.Fatalf("%+v", i)
	}
	equal(t, "keys", keys(p), []string{"actions", "api_app_id", "channel", "container", "enterprise", "is_enterprise_install", "message",
		"response_url", "state", "team", "token", "trigger_id", "type", "user"})
	want(t, "user", p["user"], `{"id":"U01ADAMARSH","username":"ada","name":"ada","team_id":"T01HARBOUR"}`)
	want(t, "team", p["team"], `{"id":"T01HARBOUR","domain":"harbour-works"}`)
	want(t, "channel", p["channel"], `{"id":"C01GENERAL","name":"general"}`)
	want(t, "container", p["container"], `{"type":"message","message_ts":"`+ts+`","channel_id":"C01GENERAL","is_ephemeral":false,"thread_ts":"`+root+`"}`)
	want(t, "state", p["state"], `{"values":{"b":{"pick":{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"Two","emoji":true},"value":"2"}}}}}`)
	a := p["actions"].([]any)[0].(obj)
	delete(a, "action_ts")
	want(t, "action", a, `{"type":"static_select","block_id":"b","action_id":"pick","selected_option":{"text":{"type":"plain_text","text":"Two","emoji":true},"value":"2"},
		"placeholder":{"type":"plain_text","text":"Pick","emoji":true}}`)
	if m := p["message"].(obj); m["ts"] != ts || m["bot_id"] != SeedBot || m["thread_ts"] != root || m["blocks"] == nil {
		t.Fatal(m)
	}

	// A click knows what was chosen before, also after the app changed the message.
	r.ok("chat.update", obj{"channel": SeedGeneral, "ts": ts, "blocks": []obj{actions("b", okButton("go"), obj{
		"type": "static_select", "action_id": "pick", "options": []obj{opt("Two", "2"), opt("Three", "3")},
	})}})
	r.do("/sim/actions", with(obj{"action_id": "go"}))
	p = l.interaction("block_actions", nil)
	a = p["actions"].([]any)[0].(obj)
	if a["action_ts"] == "" || a["value"] != "v1" || a["style"] != "primary" || a["text"].(obj)["text"] != "Go" {
		t.Fatal(a)
	}
	if !strings.Contains(mustJSON(t, p["state"]), `"value":"2"`) {
		t.Fatal(p["state"])
	}
	// And what the page says of the others, which may be that nothing is chosen any more.
	r.do("/sim/actions", with(obj{"action_id": "go", "state": obj{"b": obj{"pick": obj{"selected_option": nil}}}}))
	p = l.interaction("block_actions", nil)
	want(t, "state", p["state"], `{"values":{"b":{"pick":{"type":"static_select","selected_option":null}}}}`)

	// Ben has his own idea of the menu.
	r.do("/sim/actions", with(obj{"action_id": "go", "user": SeedBen}))
	p = l.interaction("block_actions", nil)
	want(t, "state", p["state"], `{"values":{"b":{"pick":{"type":"static_select","selected_option":null}}}}`)

	r.refuses("element_not_found", "/sim/actions", with(obj{"action_id": "gone"}))
	r.refuses("message_not_found", "/sim/actions", with(obj{"action_id": "go", "ts": "1.000000"}))
	r.refuses("not_interactive", "/sim/actions", with(obj{"action_id": "go", "ts": root}))
	r.refuses("user_not_found", "/sim/actions", with(obj{"action_id": "go", "user": "U0"}))
	r.refuses("view_not_found", "/sim/actions", obj{"user": SeedAda, "view_id": "V0", "block_id": "b", "action_id": "go"})
	bad := r.refuses("invalid_input", "/sim/actions", with(obj{"action_id": "pick", "input": obj{"selected_option": obj{"value": "9"}}}))
	if bad["errors"].(obj)["b"] == "" {
		t.Fatal(bad)
	}
	r.refuses("invalid_input", "/sim/actions", with(obj{"action_id": "go", "state": obj{"x": obj{"y": obj{}}}}))
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBlockActionsInEphemeral(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.ok("chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": "psst", "blocks": []obj{actions("b", okButton("go"))}})["message_ts"].(string)
	click := obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "go"}
	r.do("/sim/actions", click)
	p := l.interaction("block_actions", nil)
	if p["message"] != nil || p["response_url"] == nil || p["trigger_id"] == nil {
		t.Fatal(p)
	}
	want(t, "container", p["container"], `{"type":"message","message_ts":"`+ts+`","channel_id":"C01GENERAL","is_ephemeral":true}`)
	click["user"] = SeedBen // it is not his
	r.refuses("message_not_found", "/sim/actions", click)
}

func TestBlockActionsOfEveryElement(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	one := opt("One", "1")
	for _, c := range []struct {
		element obj
		input   any
		want    string // of the action, without type, ids and placeholder
	}{
		{obj{"type": "button", "text": plainText("Open"), "url": "https://example.org/"}, nil, `{"text":{"type":"plain_text","text":"Open","emoji":true},"url":"https://example.org/"}`},
		{obj{"type": "overflow", "options": []obj{one, opt("Two", "2")}}, obj{"selected_option": obj{"value": "2"}}, `{"selected_option":{"text":{"type":"plain_text","text":"Two","emoji":true},"value":"2"}}`},
		{obj{"type": "checkboxes", "options": []obj{one}, "initial_options": []obj{one}}, obj{"selected_options": []obj{}}, `{"selected_options":[],"initial_options":[{"text":{"type":"plain_text","text":"One","emoji":true},"value":"1"}]}`},
		{obj{"type": "radio_buttons", "options": []obj{one}}, obj{"selected_option": obj{"value": "1"}}, `{"selected_option":{"text":{"type":"plain_text","text":"One","emoji":true},"value":"1"}}`},
		{obj{"type": "datepicker", "initial_date": "2026-01-02"}, obj{"selected_date": "2026-03-04"}, `{"selected_date":"2026-03-04","initial_date":"2026-01-02"}`},
		{obj{"type": "timepicker", "timezone": "Europe/London"}, obj{"selected_time": "13:05"}, `{"selected_time":"13:05","timezone":"Europe/London"}`},
		{obj{"type": "datetimepicker"}, obj{"selected_date_time": 1767225600}, `{"selected_date_time":1767225600}`},
		{obj{"type": "users_select"}, obj{"selected_user": SeedBen}, `{"selected_user":"U01BENOKAFOR"}`},
		{obj{"type": "channels_select"}, obj{"selected_channel": SeedRandom}, `{"selected_channel":"C01RANDOM"}`},
		{obj{"type": "conversations_select"}, obj{"selected_conversation": SeedAdaDM}, `{"selected_conversation":"D01ADAMARSH"}`},
		{obj{"type": "multi_users_select"}, obj{"selected_users": []string{SeedBen, SeedAda}}, `{"selected_users":["U01BENOKAFOR","U01ADAMARSH"]}`},
		{obj{"type": "multi_static_select", "options": []obj{one}}, obj{"selected_options": []obj{{"value": "1"}}}, `{"selected_options":[{"text":{"type":"plain_text","text":"One","emoji":true},"value":"1"}]}`},
	} {
		kind := c.element["type"].(string)
		c.element["action_id"] = "a"
		ts := r.blocks(SeedGeneral, "", actions("b", c.element))
		r.do("/sim/actions", obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "a", "input": c.input})
		a := l.interaction("block_actions", nil)["actions"].([]any)[0].(obj)
		if a["type"] != kind || a["block_id"] != "b" || a["action_id"] != "a" || !validTS(a["action_ts"].(string)) {
			t.Fatal(a)
		}
		for _, k := range []string{"type", "block_id", "action_id", "action_ts"} {
			delete(a, k)
		}
		want(t, kind, a, c.want)
	}
}

// An element without an action_id gets one, and a workflow button is not the app's.
func TestActionIDs(t *testing.T) {
	r := start(t, Options{})
	ts := r.blocks(SeedGeneral, "", actions("b", obj{"type": "button", "text": plainText("Go")},
		obj{"type": "workflow_button", "action_id": "w", "text": plainText("Run"), "workflow": obj{}}))
	m := r.Messages(SeedGeneral)[0]
	list := elementsOf(m.Blocks)
	if len(list) != 2 || list[0].ActionID == "" {
		t.Fatal(string(m.Blocks))
	}
	r.refuses("not_interactive", "/sim/actions", obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "w"})
}

func TestI2NoAckInTime(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Commands = []Command{{Command: "/ask"}} })
	l := r.dial()
	id := r.do("/sim/commands", obj{"user": SeedAda, "channel": SeedGeneral, "command": "/ask", "text": "x"})["id"]
	env := l.envelope("slash_commands")
	if env["accepts_response_payload"] != true || env["retry_attempt"] != nil {
		t.Fatal(env)
	}
	r.Advance(2999 * time.Millisecond)
	if i := r.Interactions()[0]; i.Status != "sent" {
		t.Fatalf("%+v", i)
	}
	r.Advance(2 * time.Millisecond)
	i := r.ended(id)
	if i.Status != "failed" || i.Error != "operation_timeout" || i.Message != `/ask failed with the error "operation_timeout"` {
		t.Fatalf("%+v", i)
	}
	// A late acknowledgement changes nothing, and nothing is sent again.
	l.reply(env, obj{"text": "too late"})
	r.until("the refused ack", func(v View) bool { return v.Sockets()[0].Dropped == 1 })
	if n := len(r.Ephemerals()); n != 0 || r.Interactions()[0].Status != "failed" {
		t.Fatal(n, r.Interactions())
	}
	r.Advance(time.Hour)
	if n := len(r.Envelopes()); n != 1 {
		t.Fatal(n)
	}
}

func TestI2TimeRunsFromTheClick(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Interaction = 1000 })
	r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	if err := r.SetDelivery(0, false, 0, 0, true); err != nil {
		t.Fatal(err)
	}
	id := r.do("/sim/actions", obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "go"})["id"]
	r.Advance(time.Second)
	if i := r.ended(id); i.Error != "operation_timeout" || i.Message == "" {
		t.Fatalf("%+v", i)
	}
	before := len(r.Envelopes())
	if err := r.SetDelivery(0, false, 0, 0, false); err != nil {
		t.Fatal(err)
	}
	if n := slices.IndexFunc(r.Envelopes()[before:], func(e Envelope) bool { return e.Type == "interactive" }); n >= 0 {
		t.Fatal("an interaction that is over was sent")
	}
}

func TestI2NoConnection(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Commands = []Command{{Command: "/ask"}} })
	i := r.ended(r.do("/sim/commands", obj{"user": SeedAda, "channel": SeedGeneral, "command": "/ask", "text": ""})["id"])
	if i.Status != "failed" || i.Error != "dispatch_failed" || i.Message != `/ask failed with the error "dispatch_failed"` {
		t.Fatalf("%+v", i)
	}
	code, out := r.ctl("GET", "/sim/interactions", nil)
	var list []Interaction
	if err := json.Unmarshal(out, &list); code != 200 || err != nil || len(list) != 1 || list[0].Type != "slash_command" {
		t.Fatal(code, string(out))
	}
}

func TestI2AckPayloadOnlyWhereAccepted(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	r.say(SeedAda, SeedAdaDM, "hello", "")
	l.reply(l.envelope("events_api"), obj{"text": "ignored"})
	r.settled()
	if e := r.Envelopes()[0]; e.AckPayload != nil {
		t.Fatal(string(e.AckPayload))
	}
	// Nothing is expected in the answer to a click, so nothing in it matters.
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	id := r.do("/sim/actions", obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "go"})["id"]
	l.interaction("block_actions", obj{"response_action": "nonsense"})
	if i := r.ended(id); i.Status != "acked" {
		t.Fatalf("%+v", i)
	}
}

func TestI7Feedback(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", obj{"type": "context_actions", "block_id": "fb", "elements": []obj{
		{"type": "feedback_buttons", "action_id": "rate", "positive_button": opt("Good", "up"), "negative_button": opt("Bad", "down")},
		{"type": "icon_button", "action_id": "del", "icon": "trash", "text": plainText("Delete"), "value": "x", "visible_to_user_ids": []string{SeedBen}},
	}})
	act := obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "fb", "action_id": "rate", "input": obj{"value": "down"}}
	r.do("/sim/actions", act)
	a := l.interaction("block_actions", nil)["actions"].([]any)[0].(obj)
	delete(a, "action_ts")
	want(t, "action", a, `{"type":"feedback_buttons","block_id":"fb","action_id":"rate","value":"down","text":{"type":"plain_text","text":"Bad","emoji":true}}`)
	act["input"] = obj{"value": "sideways"}
	r.refuses("invalid_input", "/sim/actions", act)

	act["action_id"], act["input"] = "del", nil
	r.refuses("not_visible", "/sim/actions", act)
	act["user"] = SeedBen
	r.do("/sim/actions", act)
	a = l.interaction("block_actions", nil)["actions"].([]any)[0].(obj)
	delete(a, "action_ts")
	want(t, "action", a, `{"type":"icon_button","block_id":"fb","action_id":"del","icon":"trash","value":"x","text":{"type":"plain_text","text":"Delete","emoji":true}}`)
}

func TestElementsInsideBlocks(t *testing.T) {
	list := elementsOf(json.RawMessage(`[
		{"type":"section","block_id":"s","accessory":{"type":"overflow","action_id":"o"}},
		{"type":"container","block_id":"c","child_blocks":[{"type":"actions","block_id":"in","elements":[{"type":"button","action_id":"b"}]}]},
		{"type":"carousel","block_id":"r","elements":[{"type":"card","block_id":"card","actions":[{"type":"button","action_id":"k"}]}]},
		{"type":"context","block_id":"x","elements":[{"type":"image","action_id":"no"}]},
		{"type":"rich_text","block_id":"t","elements":[{"type":"rich_text_section","elements":[]}]},
		{"type":"input","block_id":"i","element":{"type":"plain_text_input","action_id":"p"}}]`))
	var got []string
	for _, e := range list {
		got = append(got, e.block+"/"+e.ActionID)
	}
	equal(t, "elements", got, []string{"s/o", "in/b", "card/k", "i/p"})
}

func TestInteractionsAreBounded(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	if err := s.Configure(withCommands); err != nil {
		t.Fatal(err)
	}
	var first, last string
	for i := range maxTriggers + 1 {
		id, err := s.Command(SeedAda, SeedGeneral, "/weather", "", "")
		if err != nil {
			t.Fatal(err)
		}
		if last = id; i == 0 {
			first = id
		}
	}
	list := s.Interactions()
	if len(list) != maxInteractions || list[len(list)-1].ID != last {
		t.Fatal(len(list))
	}
	s.Look(func(v View) {
		if _, ok := v.Interaction(first); ok {
			t.Error("the first interaction is still there")
		}
		if len(s.acts.triggers) != maxTriggers || len(s.acts.hooks) != maxHooks {
			t.Error(len(s.acts.triggers), len(s.acts.hooks))
		}
	})
}
