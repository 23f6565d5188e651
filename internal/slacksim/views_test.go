package slacksim

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func modalOf(blocks ...obj) obj {
	if blocks == nil {
		blocks = []obj{{"type": "divider"}}
	}
	return obj{"type": "modal", "title": plainText("A form"), "submit": plainText("Send"), "callback_id": "form", "blocks": blocks}
}

func textInput(block string, more obj) obj {
	e := obj{"type": "plain_text_input", "action_id": "text"}
	for k, v := range more {
		e[k] = v
	}
	return obj{"type": "input", "block_id": block, "label": plainText("Name"), "element": e}
}

// openModal opens a view for Ada and returns what the app gets.
func (r *rig) openModal(l *link, view obj) obj {
	r.t.Helper()
	return r.ok("views.open", obj{"trigger_id": r.trigger(l), "view": view})["view"].(obj)
}

func TestI1TriggerLife(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	late := r.trigger(l)
	r.Advance(2900 * time.Millisecond)
	r.ok("views.open", obj{"trigger_id": late, "view": modalOf()}) // just in time
	late = r.trigger(l)
	r.Advance(3001 * time.Millisecond)
	r.bad("expired_trigger_id", "views.open", obj{"trigger_id": late, "view": modalOf()})
	r.bad("expired_trigger_id", "views.push", obj{"trigger_id": late, "view": modalOf()})
	r.set(func(s *Settings) { s.Trigger = 100 })
	late = r.trigger(l)
	r.Advance(101 * time.Millisecond)
	r.bad("expired_trigger_id", "views.open", obj{"trigger_id": late, "view": modalOf()})
}

func TestI1TriggerOnce(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	id := r.trigger(l)
	// A view that is refused does not use the trigger up.
	r.bad("invalid_arguments", "views.open", obj{"trigger_id": id, "view": obj{"type": "modal"}})
	r.ok("views.open", obj{"trigger_id": id, "view": modalOf()})
	r.bad("exchanged_trigger_id", "views.open", obj{"trigger_id": id, "view": modalOf()})
	r.bad("exchanged_trigger_id", "views.push", obj{"trigger_id": id, "view": modalOf()})
	r.bad("invalid_trigger_id", "views.open", obj{"trigger_id": "1.2.3", "view": modalOf()})
	if d := details(r.bad("invalid_arguments", "views.open", obj{"view": modalOf()})); !strings.Contains(d, "trigger_id") {
		t.Fatal(d)
	}
}

func TestI1TriggerIsOfOnePerson(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	r.openModal(l, modalOf())
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	r.do("/sim/actions", obj{"user": SeedBen, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "go"})
	id := l.interaction("block_actions", nil)["trigger_id"]
	// Ben's click is no leave to stack something on Ada's modal.
	r.bad("invalid_trigger_id", "views.push", obj{"trigger_id": id, "view": modalOf()})
	r.ok("views.open", obj{"interactivity_pointer": id, "view": modalOf()})
	list := r.OpenViews()
	if len(list) != 2 || list[0].User != SeedAda || list[1].User != SeedBen || list[1].Depth != 0 {
		t.Fatalf("%+v", list)
	}
}

func TestI3ViewObject(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	v := modalOf(textInput("name", nil))
	v["private_metadata"], v["external_id"], v["notify_on_close"] = "m", "ext", true
	got := r.openModal(l, v)
	id, hash := got["id"].(string), got["hash"].(string)
	equal(t, "keys", keys(got), []string{"app_id", "app_installed_team_id", "blocks", "bot_id", "callback_id", "clear_on_close", "close",
		"external_id", "hash", "id", "notify_on_close", "previous_view_id", "private_metadata", "root_view_id", "state", "submit", "team_id", "title", "type"})
	delete(got, "blocks")
	delete(got, "hash")
	want(t, "view", got, `{"id":"`+id+`","team_id":"T01HARBOUR","type":"modal","private_metadata":"m","callback_id":"form","state":{"values":{}},
		"title":{"type":"plain_text","text":"A form","emoji":true},"clear_on_close":false,"notify_on_close":true,"close":null,
		"submit":{"type":"plain_text","text":"Send","emoji":true},"previous_view_id":null,"root_view_id":"`+id+`","app_id":"A01HOLDFAST",
		"external_id":"ext","app_installed_team_id":"T01HARBOUR","bot_id":"B01HOLDFAST"}`)

	// State shows it, with what its elements hold.
	_, out := r.ctl("GET", "/sim/state", nil)
	if !strings.Contains(string(out), `"views":[{"user":"U01ADAMARSH","depth":0,"view":{"id":"`+id+`"`) ||
		!strings.Contains(string(out), `"state":{"values":{"name":{"text":{"type":"plain_text_input","value":null}}}}`) {
		t.Fatal(string(out))
	}
	v["external_id"] = ""
	next := r.ok("views.update", obj{"external_id": "ext", "hash": hash, "view": v})["view"].(obj)
	if next["id"] != id || next["hash"] == hash || next["external_id"] != "" {
		t.Fatal(next)
	}
	r.bad("hash_conflict", "views.update", obj{"view_id": id, "hash": hash, "view": v})
	r.ok("views.update", obj{"view_id": id, "hash": next["hash"], "view": v})
	r.ok("views.update", obj{"view_id": id, "view": v})
	r.bad("not_found", "views.update", obj{"view_id": "V0", "view": v})
	r.bad("not_found", "views.update", obj{"external_id": "ext", "view": v})
	r.bad("invalid_arguments", "views.update", obj{"view": v})
	r.bad("invalid_arguments", "views.update", obj{"view_id": id})
	r.bad("invalid_arguments", "views.update", obj{"view_id": id, "view": "{"})
	r.bad("invalid_arguments", "views.update", obj{"view_id": id, "view": obj{"type": "home", "blocks": []obj{}}})
}

func TestI3ViewCheck(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	id := r.openModal(l, modalOf())["id"]
	with := func(k string, x any) obj {
		v := modalOf()
		if v[k] = x; x == nil {
			delete(v, k)
		}
		return v
	}
	many := slices.Repeat([]obj{{"type": "divider"}}, 101)
	for _, c := range []struct {
		view obj
		say  string
	}{
		{with("title", nil), "missing required field: title [json-pointer:/view]"},
		{with("blocks", nil), "missing required field: blocks [json-pointer:/view]"},
		{with("type", "dialog"), "[json-pointer:/view/type]"},
		{with("title", plainText(strings.Repeat("x", 25))), "must be less than 25 characters [json-pointer:/view/title/text]"},
		{with("submit", plainText(strings.Repeat("x", 25))), "[json-pointer:/view/submit/text]"},
		{with("close", plainText(strings.Repeat("x", 25))), "[json-pointer:/view/close/text]"},
		{with("title", obj{"type": "mrkdwn", "text": "x"}), "[json-pointer:/view/title/type]"},
		{with("private_metadata", strings.Repeat("x", 3001)), "must be less than 3001 characters [json-pointer:/view/private_metadata]"},
		{with("callback_id", strings.Repeat("x", 256)), "[json-pointer:/view/callback_id]"},
		{with("external_id", strings.Repeat("x", 256)), "[json-pointer:/view/external_id]"},
		{with("clear_on_close", "yes"), "must be a boolean [json-pointer:/view/clear_on_close]"},
		{with("hash", "1.2"), "invalid additional property: hash [json-pointer:/view/hash]"},
		{with("blocks", many), "no more than 100 items allowed [json-pointer:/view/blocks]"},
		{with("blocks", "x"), "[json-pointer:/view/blocks]"},
		{with("blocks", []obj{{"type": "markdown", "text": "x"}}), "unsupported type: markdown [json-pointer:/view/blocks/0/type]"},
		{func() obj { v := modalOf(textInput("a", nil)); delete(v, "submit"); return v }(), "missing required field: submit"},
	} {
		if d := details(r.bad("invalid_arguments", "views.update", obj{"view_id": id, "view": c.view})); !strings.Contains(d, "[ERROR] ") || !strings.Contains(d, c.say) {
			t.Fatalf("%s, want %s", d, c.say)
		}
	}
	r.ok("views.update", obj{"view_id": id, "view": with("blocks", many[:100])})
	r.ok("views.update", obj{"view_id": id, "view": with("title", plainText(strings.Repeat("é", 24)))})
	if v := r.OpenViews()[0].View; !strings.Contains(string(v.Title), "éé") {
		t.Fatal(string(v.Title))
	}
	fat := modalOf()
	var sections []obj
	for range 90 {
		sections = append(sections, obj{"type": "section", "text": plainText(strings.Repeat("x", 2900))})
	}
	fat["blocks"] = sections
	r.bad("view_too_large", "views.update", obj{"view_id": id, "view": fat})
	r.bad("view_too_large", "views.open", obj{"trigger_id": r.trigger(l), "view": fat})
	fat["type"] = "home"
	r.bad("view_too_large", "views.publish", obj{"user_id": SeedAda, "view": fat})
}

// push has Ada click the button of her topmost modal, and the app stack another one on it.
func (r *rig) push(l *link, view obj) obj {
	r.t.Helper()
	list := r.OpenViews()
	top := list[len(list)-1].View
	r.do("/sim/actions", obj{"user": SeedAda, "view_id": top.ID, "block_id": "b", "action_id": "go"})
	p := l.interaction("block_actions", nil)
	if p["view"].(obj)["id"] != top.ID || p["message"] != nil || p["response_url"] != nil || p["channel"] != nil || p["state"] != nil {
		r.t.Fatal(p)
	}
	want(r.t, "container", p["container"], `{"type":"view","view_id":"`+top.ID+`"}`)
	return r.post("views.push", obj{"trigger_id": p["trigger_id"], "view": view})
}

func TestI3Stack(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	stacked := modalOf(actions("b", okButton("go")))
	first := r.openModal(l, stacked)["id"]
	second := r.push(l, stacked)["view"].(obj)
	third := r.push(l, stacked)["view"].(obj)
	if second["previous_view_id"] != first || third["previous_view_id"] != second["id"] || third["root_view_id"] != first || second["root_view_id"] != first {
		t.Fatal(second, third)
	}
	if out := r.push(l, stacked); out["error"] != "push_limit_reached" {
		t.Fatal(out)
	}
	if list := r.OpenViews(); len(list) != 3 || list[2].Depth != 2 || list[2].View.ID != third["id"] {
		t.Fatalf("%+v", list)
	}
	// Only what lies on top can be used.
	click := obj{"user": SeedAda, "view_id": first, "block_id": "b", "action_id": "go"}
	r.refuses("not_on_top", "/sim/actions", click)
	r.refuses("not_on_top", "/sim/views/close", obj{"user": SeedAda, "view_id": first})
	click["user"] = SeedBen
	r.refuses("view_not_found", "/sim/actions", click)
	// But the app may change what lies below.
	r.ok("views.update", obj{"view_id": first, "view": modalOf()})
	// A push has to come from a modal, and one that is gone carries nothing.
	r.bad("invalid_trigger_id", "views.push", obj{"trigger_id": r.trigger(l), "view": stacked})
	r.do("/sim/actions", obj{"user": SeedAda, "view_id": third["id"], "block_id": "b", "action_id": "go"})
	trigger := l.interaction("block_actions", nil)["trigger_id"]
	r.do("/sim/views/close", obj{"user": SeedAda, "view_id": third["id"], "clear": true})
	r.bad("not_found", "views.push", obj{"trigger_id": trigger, "view": stacked})
	if list := r.OpenViews(); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
}

func TestI3ExternalIDs(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	v := modalOf(actions("b", okButton("go")))
	v["external_id"] = "one"
	first := r.openModal(l, v)
	r.bad("duplicate_external_id", "views.open", obj{"trigger_id": r.trigger(l), "view": v})
	if out := r.push(l, v); out["error"] != "duplicate_external_id" {
		t.Fatal(out)
	}
	r.bad("duplicate_external_id", "views.publish", obj{"user_id": SeedBen, "view": obj{"type": "home", "external_id": "one", "blocks": []obj{}}})
	r.ok("views.update", obj{"external_id": "one", "view": v}) // its own id is no other's
	home := obj{"type": "home", "external_id": "home", "blocks": []obj{}}
	r.ok("views.publish", obj{"user_id": SeedAda, "view": home})
	r.ok("views.publish", obj{"user_id": SeedAda, "view": home})
	v["external_id"] = "home"
	r.bad("duplicate_external_id", "views.update", obj{"view_id": first["id"], "view": v})
	// A closed view gives its id back.
	r.do("/sim/views/close", obj{"user": SeedAda, "view_id": first["id"]})
	v["external_id"] = "one"
	r.openModal(l, v)
}

func TestI3Home(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	home := func(more ...obj) obj {
		return obj{"type": "home", "callback_id": "h", "blocks": append([]obj{actions("b", okButton("go"))}, more...)}
	}
	r.set(func(s *Settings) { s.HomeTab = false })
	r.bad("not_enabled", "views.publish", obj{"user_id": SeedAda, "view": home()})
	r.refuses("home_tab_off", "/sim/open", obj{"user": SeedAda, "tab": "home"})
	r.set(func(s *Settings) { s.HomeTab = true })

	r.do("/sim/open", obj{"user": SeedAda, "tab": "home"})
	e := l.event()
	if e["type"] != "app_home_opened" || e["tab"] != "home" || e["user"] != SeedAda || e["channel"] != SeedAdaDM || e["view"] != nil {
		t.Fatal(e)
	}
	r.refuses("bad_tab", "/sim/open", obj{"user": SeedAda, "tab": "about"})
	v := r.ok("views.publish", obj{"user_id": SeedAda, "view": home(textInput("q", nil))})["view"].(obj)
	if v["type"] != "home" || v["title"] == nil || v["submit"] != nil || v["root_view_id"] != v["id"] {
		t.Fatal(v)
	}
	r.bad("hash_conflict", "views.publish", obj{"user_id": SeedBen, "view": home(), "hash": v["hash"]})
	r.bad("hash_conflict", "views.update", obj{"view_id": v["id"], "view": home(), "hash": "0.0"})
	r.bad("invalid_arguments", "views.publish", obj{"user_id": SeedAda, "view": modalOf()})
	r.bad("invalid_arguments", "views.publish", obj{"user_id": "U0", "view": home()})
	r.bad("invalid_arguments", "views.publish", obj{"user_id": SeedAda})

	// What the person typed stays when the tab is published anew with the same ids.
	r.do("/sim/actions", obj{"user": SeedAda, "view_id": v["id"], "block_id": "b", "action_id": "go", "state": obj{"q": obj{"text": obj{"value": "typed"}}}})
	p := l.interaction("block_actions", nil)
	want(t, "state", p["view"].(obj)["state"], `{"values":{"q":{"text":{"type":"plain_text_input","value":"typed"}}}}`)
	want(t, "container", p["container"], `{"type":"view","view_id":"`+v["id"].(string)+`"}`)
	r.ok("views.update", obj{"view_id": v["id"], "view": home(textInput("q", nil))})
	v = r.ok("views.publish", obj{"user_id": SeedAda, "view": home(textInput("q", nil)), "hash": nil})["view"].(obj)
	r.ok("views.open", obj{"trigger_id": p["trigger_id"], "view": modalOf()})
	r.do("/sim/actions", obj{"user": SeedAda, "view_id": v["id"], "block_id": "b", "action_id": "go"})
	if p = l.interaction("block_actions", nil); !strings.Contains(mustJSON(t, p["view"]), `"value":"typed"`) {
		t.Fatal(p["view"])
	}
	r.bad("invalid_trigger_id", "views.push", obj{"trigger_id": p["trigger_id"], "view": modalOf()})
	r.refuses("not_submittable", "/sim/views/submit", obj{"user": SeedAda, "view_id": v["id"]})
	r.refuses("view_not_found", "/sim/actions", obj{"user": SeedBen, "view_id": v["id"], "block_id": "b", "action_id": "go"})
	r.do("/sim/open", obj{"user": SeedAda, "tab": "home"})
	if e = l.event(); e["view"].(obj)["hash"] != v["hash"] {
		t.Fatal(e)
	}

	// Homes go along with the workspace, open modals do not; both end with a reset.
	a := r.Export()
	if err := r.Import(a); err != nil {
		t.Fatal(err)
	}
	if len(r.OpenViews()) != 0 || len(r.Interactions()) != 0 {
		t.Fatal("modals or interactions survived the import")
	}
	r.ok("views.publish", obj{"user_id": SeedAda, "view": home(), "hash": v["hash"]})
	r.Reset()
	r.Look(func(v View) {
		if _, ok := v.Home(SeedAda); ok {
			t.Error("the Home tab survived the reset")
		}
	})
	r.set(func(s *Settings) { s.HomeTab = false })
	r.bad("not_found", "views.update", obj{"view_id": v["id"], "view": home()})
}

func TestI3ViewFeed(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	trigger := r.trigger(l)
	seq := look(r.Sim, func(v View) int { return v.s.feed.last })
	after := "/sim/events?after=" + strconv.Itoa(seq)
	v := r.ok("views.open", obj{"trigger_id": trigger, "view": modalOf()})["view"].(obj)
	r.ok("views.update", obj{"view_id": v["id"], "view": modalOf()})
	r.ok("views.publish", obj{"user_id": SeedAda, "view": obj{"type": "home", "blocks": []obj{}}})
	r.do("/sim/views/close", obj{"user": SeedAda, "view_id": v["id"]})
	r.set(func(s *Settings) { s.HomeTab = false })
	types, _, data := r.readEvents(after, nil, 8)
	equal(t, "types", types, []string{"view", "call", "view", "call", "home", "call", "view_closed", "app"})
	if !strings.HasPrefix(data[0], `{"user":"U01ADAMARSH","depth":0,"view":{"id":"`) || data[6] != `{"user":"U01ADAMARSH","view_id":"`+v["id"].(string)+`"}` {
		t.Fatal(data)
	}
	if !strings.Contains(data[7], `"home_tab":false`) || !strings.Contains(data[7], `"commands":[]`) {
		t.Fatal(data[7])
	}
	if _, out := r.ctl("GET", "/sim/state", nil); !strings.Contains(string(out), `"commands":[],"shortcuts":[],"home_tab":false}`) {
		t.Fatal(string(out))
	}
}
