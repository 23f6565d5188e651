package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// typed has Ada type into a select and the app answer; it returns the status and body.
func (r *rig) typed(l *link, body obj, answer any) (int, string, obj) {
	r.t.Helper()
	var code int
	var out []byte
	var wg sync.WaitGroup
	wg.Go(func() { code, out = r.ctl("POST", "/sim/suggestions", body) })
	p := l.interaction("block_suggestion", answer)
	wg.Wait()
	return code, string(out), p
}

func TestI6Suggestions(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", obj{"type": "external_select", "action_id": "x", "min_query_length": 1},
		obj{"type": "multi_external_select", "action_id": "many"}, okButton("go")))
	ask := obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "x", "query": "he"}
	code, out, p := r.typed(l, ask, obj{"options": []obj{opt("Heron", "h"), opt("Hen", "n")}})
	if code != 200 || !strings.Contains(out, "Heron") || !strings.HasSuffix(out, `"option_groups":[]}`) {
		t.Fatal(code, out)
	}
	equal(t, "keys", keys(p), []string{"action_id", "api_app_id", "block_id", "channel", "container", "enterprise", "is_enterprise_install",
		"message", "team", "token", "type", "user", "value"})
	if p["value"] != "he" || p["action_id"] != "x" || p["block_id"] != "b" {
		t.Fatal(p)
	}
	// What was offered can be chosen, and comes whole.
	ask["input"] = obj{"selected_option": obj{"value": "n"}}
	delete(ask, "query")
	r.do("/sim/actions", ask)
	a := l.interaction("block_actions", nil)["actions"].([]any)[0].(obj)
	want(t, "option", a["selected_option"], `{"text":{"type":"plain_text","text":"Hen","emoji":true},"value":"n"}`)
	ask["user"] = SeedBen // who was offered nothing
	r.refuses("invalid_input", "/sim/actions", ask)

	// In groups; and too short a query does not reach the app.
	delete(ask, "input")
	ask["user"], ask["action_id"], ask["query"] = SeedAda, "many", "her"
	code, out, _ = r.typed(l, ask, obj{"option_groups": []obj{{"label": plainText("Birds"), "options": []obj{opt("Heron", "h")}}}})
	if code != 200 || !strings.Contains(out, `"options":[],"option_groups":[{`) {
		t.Fatal(code, out)
	}
	ask["query"] = "he"
	if out := r.do("/sim/suggestions", ask); len(out["options"].([]any)) != 0 {
		t.Fatal(out)
	}
	ask["action_id"] = "go"
	r.refuses("not_external", "/sim/suggestions", ask)
	ask["action_id"] = "none"
	r.refuses("element_not_found", "/sim/suggestions", ask)
}

func TestI6BadOptions(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	v := r.openModal(l, modalOf(obj{"type": "input", "block_id": "b", "label": plainText("Bird"), "element": obj{"type": "external_select", "action_id": "x", "min_query_length": 0}}))
	ask := obj{"user": SeedAda, "view_id": v["id"], "block_id": "b", "action_id": "x", "query": ""}
	var many []obj
	for i := range 101 {
		many = append(many, opt("x", fmt.Sprint(i)))
	}
	for _, answer := range []any{
		nil, obj{}, obj{"options": many}, obj{"options": []obj{{"value": "1"}}}, obj{"options": "x"}, "x",
		obj{"options": []obj{}, "option_groups": []obj{}}, obj{"option_groups": []obj{{"options": []obj{}}}},
	} {
		code, out, _ := r.typed(l, ask, answer)
		if code != 400 || !strings.Contains(out, `"bad_response"`) {
			t.Fatal(answer, code, out)
		}
	}
	code, out, p := r.typed(l, ask, obj{"options": many[:100]})
	if code != 200 || p["view"].(obj)["id"] != v["id"] || p["channel"] != nil || p["message"] != nil {
		t.Fatal(code, out, p)
	}
	// The choice survives an update of the view.
	r.do("/sim/views/submit", obj{"user": SeedAda, "view_id": v["id"], "state": obj{"b": obj{"x": obj{"selected_option": obj{"value": "99"}}}}})
	view := r.OpenViews()[0].View
	up := modalOf(obj{"type": "input", "block_id": "b", "label": plainText("Which"), "element": obj{"type": "external_select", "action_id": "x", "min_query_length": 0}})
	l.interaction("view_submission", obj{"response_action": "update", "view": up})
	r.until("the update", func(v View) bool { return v.OpenViews()[0].View.Hash != view.Hash })
	if got := mustJSON(t, r.OpenViews()[0].View.State); !strings.Contains(got, `"value":"99"`) {
		t.Fatal(got)
	}
}

func TestI6TimeoutAndReset(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", obj{"type": "external_select", "action_id": "x", "min_query_length": 0}))
	ask := obj{"user": SeedAda, "channel": SeedGeneral, "ts": ts, "block_id": "b", "action_id": "x", "query": "q"}
	for _, end := range []func(){
		func() { r.Advance(3 * time.Second) },
		func() { r.Reset(); r.Advance(3 * time.Second) },
	} {
		var code int
		var out []byte
		var wg sync.WaitGroup
		wg.Go(func() { code, out = r.ctl("POST", "/sim/suggestions", ask) })
		l.envelope("interactive")
		end()
		wg.Wait()
		var bad BadRequest
		if err := json.Unmarshal(out, &bad); code != 400 || err != nil || bad.Message == "" || (bad.Code != "operation_timeout" && bad.Code != "dispatch_failed") {
			t.Fatal(code, string(out))
		}
	}
}
