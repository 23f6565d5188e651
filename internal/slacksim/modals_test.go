package slacksim

import (
	"slices"
	"strings"
	"testing"
)

// submitted has Ada submit her topmost modal and returns the payload, once the app has answered.
func (r *rig) submitted(l *link, state obj, answer any) (Interaction, obj) {
	r.t.Helper()
	list := r.OpenViews()
	id := r.do("/sim/views/submit", obj{"user": SeedAda, "view_id": list[len(list)-1].View.ID, "state": state})["id"]
	p := l.interaction("view_submission", answer)
	return r.ended(id), p
}

func named2(value string) obj { return obj{"name": obj{"text": obj{"value": value}}} }

func TestI4Submission(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	v := modalOf(textInput("name", nil))
	v["private_metadata"] = "secret"
	r.openModal(l, v)
	i, p := r.submitted(l, named2("Ada"), nil)
	if i.Status != "acked" || i.ResponseAction != "" || i.CallbackID != "form" || i.Type != "view_submission" {
		t.Fatalf("%+v", i)
	}
	equal(t, "keys", keys(p), []string{"api_app_id", "enterprise", "is_enterprise_install", "response_urls", "team", "token", "trigger_id", "type", "user", "view"})
	want(t, "response_urls", p["response_urls"], `[]`)
	view := p["view"].(obj)
	want(t, "state", view["state"], `{"values":{"name":{"text":{"type":"plain_text_input","value":"Ada"}}}}`)
	if view["private_metadata"] != "secret" || view["callback_id"] != "form" || view["hash"] == "" || view["title"] == nil {
		t.Fatal(view)
	}
	if n := len(r.OpenViews()); n != 0 {
		t.Fatal("no response_action closes the view")
	}
}

func TestI4ResponseActions(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	form := modalOf(textInput("name", nil))

	// errors: the view stays, the person reads them.
	r.openModal(l, form)
	i, _ := r.submitted(l, named2("x"), obj{"response_action": "errors", "errors": obj{"name": "Taken."}})
	if i.Status != "acked" || i.ResponseAction != "errors" || i.Errors["name"] != "Taken." || len(r.OpenViews()) != 1 {
		t.Fatalf("%+v", i)
	}

	// update: the same view with other content; what has the same ids stays filled in.
	before := r.OpenViews()[0].View
	form["title"] = plainText("Step two")
	form["blocks"] = []obj{textInput("name", nil), textInput("more", obj{"initial_value": "so"})}
	i, _ = r.submitted(l, named2("kept"), obj{"response_action": "update", "view": form})
	now := r.OpenViews()[0].View
	if i.Status != "acked" || i.ResponseAction != "update" || now.ID != before.ID || now.Hash == before.Hash || !strings.Contains(string(now.Title), "Step two") {
		t.Fatalf("%+v %+v", i, now)
	}
	want(t, "state", now.State, `{"values":{"name":{"text":{"type":"plain_text_input","value":"kept"}},"more":{"text":{"type":"plain_text_input","value":"so"}}}}`)

	// push, and none: closes the one on top.
	i, _ = r.submitted(l, nil, obj{"response_action": "push", "view": form})
	if list := r.OpenViews(); i.ResponseAction != "push" || len(list) != 2 || *list[1].View.PreviousViewID != now.ID || list[1].View.RootViewID != now.ID {
		t.Fatalf("%+v", list)
	}
	r.submitted(l, named2("y"), obj{})
	if n := len(r.OpenViews()); n != 1 {
		t.Fatal(n)
	}

	// clear: all of them; a fourth one does not fit.
	for range 2 {
		r.submitted(l, named2("y"), obj{"response_action": "push", "view": form})
	}
	i, _ = r.submitted(l, named2("y"), obj{"response_action": "push", "view": form})
	if i.Error != "bad_response" || len(r.OpenViews()) != 3 {
		t.Fatalf("%+v", i)
	}
	i, _ = r.submitted(l, named2("y"), obj{"response_action": "clear"})
	if i.ResponseAction != "clear" || len(r.OpenViews()) != 0 {
		t.Fatalf("%+v", i)
	}
}

func TestI4BadResponses(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	r.openModal(l, modalOf(textInput("name", nil), obj{"type": "divider", "block_id": "line"}))
	for _, answer := range []any{
		obj{"response_action": "errors", "errors": obj{"line": "not an input block"}},
		obj{"response_action": "errors", "errors": obj{"name": "yes", "nowhere": "no"}},
		obj{"response_action": "errors", "errors": obj{}},
		obj{"response_action": "errors"},
		obj{"response_action": "errors", "errors": []string{"name"}},
		obj{"response_action": "update"},
		obj{"response_action": "update", "view": obj{"type": "modal"}},
		obj{"response_action": "push", "view": obj{"type": "home", "blocks": []obj{}}},
		obj{"response_action": "close"},
		obj{"text": "ok"},
		"ok",
	} {
		i, _ := r.submitted(l, named2("x"), answer)
		if i.Status != "failed" || i.Error != "bad_response" || i.Message != "We had some trouble connecting. Try again?" || i.Errors != nil {
			t.Fatalf("%v: %+v", answer, i)
		}
		if n := len(r.OpenViews()); n != 1 {
			t.Fatalf("%v: %d views", answer, n)
		}
	}
	// And no answer at all says the same.
	id := r.do("/sim/views/submit", obj{"user": SeedAda, "view_id": r.OpenViews()[0].View.ID, "state": named2("x")})["id"]
	l.envelope("interactive")
	r.refuses("in_progress", "/sim/views/submit", obj{"user": SeedAda, "view_id": r.OpenViews()[0].View.ID, "state": named2("x")})
	r.Advance(ms(3000))
	if i := r.ended(id); i.Error != "operation_timeout" || i.Message != "We had some trouble connecting. Try again?" {
		t.Fatalf("%+v", i)
	}
	r.submitted(l, named2("x"), nil) // which can be tried again
	if n := len(r.OpenViews()); n != 0 {
		t.Fatal(n)
	}
}

func TestI4ClientChecks(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	in := func(id string, optional bool, element obj) obj {
		element["action_id"] = "a"
		return obj{"type": "input", "block_id": id, "label": plainText(id), "element": element, "optional": optional}
	}
	r.openModal(l, modalOf(
		in("text", false, obj{"type": "plain_text_input", "min_length": 3, "max_length": 5}),
		in("mail", true, obj{"type": "email_text_input"}),
		in("url", true, obj{"type": "url_text_input"}),
		in("num", true, obj{"type": "number_input", "is_decimal_allowed": false, "min_value": "1", "max_value": "10"}),
		in("dec", true, obj{"type": "number_input", "is_decimal_allowed": true, "min_value": "-0.5"}),
		in("radio", false, obj{"type": "radio_buttons", "options": []obj{opt("One", "1")}}),
		in("users", false, obj{"type": "multi_users_select", "max_selected_items": 1}),
	))
	id := r.OpenViews()[0].View.ID
	good := func() obj {
		return obj{"text": obj{"a": obj{"value": "four"}}, "radio": obj{"a": obj{"selected_option": obj{"value": "1"}}}, "users": obj{"a": obj{"selected_users": []string{SeedAda}}}}
	}
	for _, c := range []struct {
		block string
		input obj
		say   string
	}{
		{"text", obj{"value": nil}, "Please complete this required field."},
		{"text", obj{"value": "ab"}, "Please enter at least 3 characters."},
		{"text", obj{"value": "abcdef"}, "Please enter at most 5 characters."},
		{"mail", obj{"value": "ada"}, "Please enter a valid email address."},
		{"mail", obj{"value": "Ada <ada@example.org>"}, "Please enter a valid email address."},
		{"url", obj{"value": "example.org"}, "Please enter a valid URL, with http:// or https://."},
		{"url", obj{"value": "ftp://example.org"}, "Please enter a valid URL, with http:// or https://."},
		{"num", obj{"value": "x"}, "Please enter a number."},
		{"num", obj{"value": "1/2"}, "Please enter a number."},
		{"num", obj{"value": "1.5"}, "Please enter a whole number."},
		{"num", obj{"value": "0"}, "Please enter a number of at least 1."},
		{"num", obj{"value": "11"}, "Please enter a number of at most 10."},
		{"dec", obj{"value": "-0.6"}, "Please enter a number of at least -0.5."},
		{"radio", obj{"selected_option": nil}, "Please select an option."},
		{"users", obj{"selected_users": []string{}}, "Please complete this required field."},
		{"users", obj{"selected_users": []string{SeedAda, SeedBen}}, "Please select at most 1."},
		{"text", obj{"selected_user": SeedAda}, "a plain_text_input holds value, not selected_user"},
	} {
		state := good()
		state[c.block] = obj{"a": c.input}
		bad := r.refuses("invalid_input", "/sim/views/submit", obj{"user": SeedAda, "view_id": id, "state": state})
		want(t, mustJSON(t, c.input), bad["errors"], mustJSON(t, obj{c.block: c.say}))
	}
	bad := r.refuses("invalid_input", "/sim/views/submit", obj{"user": SeedAda, "view_id": id})
	equal(t, "blocks", keys(bad["errors"].(obj)), []string{"radio", "text", "users"})
	state := good()
	state["mail"], state["url"], state["num"], state["dec"] = obj{"a": obj{"value": "ada@example.org"}}, obj{"a": obj{"value": "https://example.org/x"}},
		obj{"a": obj{"value": "10"}}, obj{"a": obj{"value": "-0.25"}}
	if i, _ := r.submitted(l, state, nil); i.Status != "acked" {
		t.Fatalf("%+v", i)
	}
}

func TestI4Close(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	quiet := modalOf(actions("b", okButton("go")))
	loud := modalOf(actions("b", okButton("go")))
	loud["notify_on_close"] = true

	v := r.openModal(l, quiet)
	if out := r.do("/sim/views/close", obj{"user": SeedAda, "view_id": v["id"]}); out["id"] != nil {
		t.Fatal(out)
	}
	v = r.openModal(l, loud)
	id := r.do("/sim/views/close", obj{"user": SeedAda, "view_id": v["id"]})["id"]
	p := l.interaction("view_closed", nil)
	if i := r.ended(id); i.Status != "acked" || i.ViewID != v["id"] || i.CallbackID != "form" {
		t.Fatalf("%+v", i)
	}
	equal(t, "keys", keys(p), []string{"api_app_id", "enterprise", "is_cleared", "is_enterprise_install", "team", "token", "type", "user", "view"})
	if p["is_cleared"] != false || p["view"].(obj)["id"] != v["id"] {
		t.Fatal(p)
	}
	r.refuses("view_not_found", "/sim/views/close", obj{"user": SeedAda, "view_id": v["id"]})

	// The x of a stack, and a view with clear_on_close, take all away.
	clearing := modalOf()
	clearing["clear_on_close"] = true
	for _, c := range []struct {
		top   obj
		clear bool
	}{{quiet, true}, {clearing, false}} {
		first := r.openModal(l, loud)
		r.push(l, c.top)
		list := r.OpenViews()
		r.do("/sim/views/close", obj{"user": SeedAda, "view_id": list[1].View.ID, "clear": c.clear})
		if p = l.interaction("view_closed", nil); p["is_cleared"] != true || p["view"].(obj)["id"] != first["id"] || len(r.OpenViews()) != 0 {
			t.Fatal(p)
		}
	}

	// The app's answer to a submission finds nothing to do when the person is gone.
	v = r.openModal(l, modalOf(textInput("name", nil)))
	id = r.do("/sim/views/submit", obj{"user": SeedAda, "view_id": v["id"], "state": named2("x")})["id"]
	env := l.envelope("interactive")
	r.do("/sim/views/close", obj{"user": SeedAda, "view_id": v["id"]})
	next := r.openModal(l, quiet)
	l.reply(env, obj{"response_action": "clear"})
	if i := r.ended(id); i.Status != "acked" {
		t.Fatalf("%+v", i)
	}
	if list := r.OpenViews(); len(list) != 1 || list[0].View.ID != next["id"] {
		t.Fatalf("%+v", list)
	}
}

func TestI4ValuesSurviveUpdate(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	pick := func(id string, options ...obj) obj {
		return obj{"type": "input", "block_id": id, "label": plainText("Pick"), "optional": true, "element": obj{"type": "static_select", "action_id": "a", "options": options}}
	}
	v := r.openModal(l, modalOf(textInput("name", nil), textInput("other", nil), pick("p", opt("One", "1"), opt("Two", "2")), pick("q", opt("One", "1")), actions("b", okButton("go"))))
	r.do("/sim/actions", obj{"user": SeedAda, "view_id": v["id"], "block_id": "b", "action_id": "go", "state": obj{
		"name": obj{"text": obj{"value": "Ada"}}, "other": obj{"text": obj{"value": "lost"}},
		"p": obj{"a": obj{"selected_option": obj{"value": "2"}}}, "q": obj{"a": obj{"selected_option": obj{"value": "1"}}},
	}})
	l.interaction("block_actions", nil)
	r.ok("views.update", obj{"view_id": v["id"], "view": modalOf(
		textInput("name", obj{"initial_value": "never seen"}), textInput("renamed", nil), pick("p", opt("Two", "2"), opt("Three", "3")), pick("q", opt("Four", "4")))})
	got := r.OpenViews()[0].View.State.Values
	want(t, "values", got, `{"name":{"text":{"type":"plain_text_input","value":"Ada"}},"renamed":{"text":{"type":"plain_text_input","value":null}},
		"p":{"a":{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"Two","emoji":true},"value":"2"}}},
		"q":{"a":{"type":"static_select","selected_option":null}}}`)
}

func TestI4DispatchAction(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	live := textInput("live", obj{"dispatch_action_config": obj{"trigger_actions_on": []string{"on_enter_pressed"}}})
	live["dispatch_action"] = true
	v := r.openModal(l, modalOf(live, textInput("still", nil)))
	r.refuses("not_interactive", "/sim/actions", obj{"user": SeedAda, "view_id": v["id"], "block_id": "still", "action_id": "text", "input": obj{"value": "x"}})
	r.do("/sim/actions", obj{"user": SeedAda, "view_id": v["id"], "block_id": "live", "action_id": "text", "input": obj{"value": "half"}, "state": named3("still", "typing")})
	p := l.interaction("block_actions", nil)
	a := p["actions"].([]any)[0].(obj)
	delete(a, "action_ts")
	want(t, "action", a, `{"type":"plain_text_input","block_id":"live","action_id":"text","value":"half"}`)
	want(t, "state", p["view"].(obj)["state"], `{"values":{"live":{"text":{"type":"plain_text_input","value":"half"}},"still":{"text":{"type":"plain_text_input","value":"typing"}}}}`)
}

func named3(block, value string) obj { return obj{block: obj{"text": obj{"value": value}}} }

func TestI4ResponseURLsOfSubmission(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	r.openModal(l, modalOf(obj{"type": "input", "block_id": "where", "label": plainText("Where"), "element": obj{
		"type": "conversations_select", "action_id": "c", "response_url_enabled": true, "default_to_current_conversation": true,
	}}))
	if s := mustJSON(t, r.OpenViews()[0].View.State); !strings.Contains(s, SeedGeneral) {
		t.Fatal(s) // where the button was
	}
	_, p := r.submitted(l, obj{"where": obj{"c": obj{"selected_conversation": SeedRandom}}}, nil)
	urls := p["response_urls"].([]any)
	u := urls[0].(obj)
	if len(urls) != 1 || u["block_id"] != "where" || u["action_id"] != "c" || u["channel_id"] != SeedRandom {
		t.Fatal(urls)
	}
	r.respond(u["response_url"], obj{"text": "done", "response_type": "in_channel"})
	equal(t, "texts", texts(r.Messages(SeedRandom)), []string{"done"})
}

func TestI4ResetDuringSubmission(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	v := r.openModal(l, modalOf(textInput("name", nil)))
	r.do("/sim/views/submit", obj{"user": SeedAda, "view_id": v["id"], "state": named2("x")})
	env := l.envelope("interactive")
	r.Reset()
	l.reply(env, nil)
	r.Advance(ms(3000))
	if len(r.Interactions()) != 0 || slices.ContainsFunc(r.OpenViews(), func(OpenView) bool { return true }) {
		t.Fatal("a reset leaves nothing")
	}
}
