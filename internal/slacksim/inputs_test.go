package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// inputsSim is a simulator with one file of Ada's, without a server.
func inputsSim(t testing.TB) *Sim {
	s := New(Options{})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// entry makes the state entry of one element.
func entry(t *testing.T, s *Sim, element obj, input any) (string, string) {
	t.Helper()
	element["action_id"] = "a"
	blocks := mustJSON(t, []obj{{"type": "input", "block_id": "b", "label": plainText("L"), "element": element}})
	checked, bad := s.checkBlocks(json.RawMessage(blocks), onModal, "/view/blocks")
	if bad != nil {
		t.Fatal(blocks, bad.Messages)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := elementsOf(checked)[0]
	if input == nil {
		return string(s.initial(e, place{user: SeedAda, channel: SeedGeneral})), ""
	}
	got, why := s.hold(e, json.RawMessage(mustJSON(t, input)), place{user: SeedAda})
	return string(got), why
}

// One row for each element that holds something: what it holds untouched, with an initial value, and after input.
func TestI4StateOfEveryElement(t *testing.T) {
	s := inputsSim(t)
	one, two := opt("One", "1"), opt("Two", "2")
	one["description"] = plainText("first")
	const whole = `{"text":{"type":"plain_text","text":"One","emoji":true},"value":"1","description":{"type":"plain_text","text":"first","emoji":true}}`
	rich := obj{"type": "rich_text", "elements": []obj{{"type": "rich_text_section", "elements": []obj{{"type": "text", "text": "hi"}}}}}
	richJSON := mustJSON(t, rich)
	options := obj{"options": []obj{one, two}}
	groups := obj{"option_groups": []obj{{"label": plainText("G"), "options": []obj{two, one}}}}
	for _, c := range []struct {
		kind    string
		more    obj
		empty   string
		initial obj
		first   string // with initial
		input   obj
		held    string
	}{
		{"plain_text_input", nil, `"value":null`, obj{"initial_value": "so"}, `"value":"so"`, obj{"value": "x\ny"}, `"value":"x\ny"`},
		{"email_text_input", nil, `"value":null`, obj{"initial_value": "a@b.c"}, `"value":"a@b.c"`, obj{"value": "half@"}, `"value":"half@"`},
		{"url_text_input", nil, `"value":null`, obj{"initial_value": "http://x"}, `"value":"http://x"`, obj{"value": ""}, `"value":null`},
		{"number_input", obj{"is_decimal_allowed": true}, `"value":null`, obj{"initial_value": "7"}, `"value":"7"`, obj{"value": "1.5"}, `"value":"1.5"`},
		{"rich_text_input", nil, ``, obj{"initial_value": rich}, `"rich_text_value":` + richJSON, obj{"rich_text_value": rich}, `"rich_text_value":` + richJSON},
		{"file_input", nil, `"files":[]`, nil, ``, obj{"files": []string{}}, `"files":[]`},
		{"datepicker", nil, `"selected_date":null`, obj{"initial_date": "2026-01-02"}, `"selected_date":"2026-01-02"`, obj{"selected_date": "2028-02-29"}, `"selected_date":"2028-02-29"`},
		{"timepicker", nil, `"selected_time":null`, obj{"initial_time": "09:30"}, `"selected_time":"09:30"`, obj{"selected_time": "23:59"}, `"selected_time":"23:59"`},
		{"datetimepicker", nil, `"selected_date_time":null`, obj{"initial_date_time": 1767225600}, `"selected_date_time":1767225600`, obj{"selected_date_time": 1767225601}, `"selected_date_time":1767225601`},
		{"static_select", options, `"selected_option":null`, obj{"initial_option": one}, `"selected_option":` + whole, obj{"selected_option": obj{"value": "1"}}, `"selected_option":` + whole},
		{"static_select", groups, `"selected_option":null`, nil, ``, obj{"selected_option": obj{"value": "1"}}, `"selected_option":` + whole},
		{"multi_static_select", options, `"selected_options":[]`, obj{"initial_options": []obj{one}}, `"selected_options":[` + whole + `]`, obj{"selected_options": []obj{{"value": "1"}, {"value": "1"}}}, `"selected_options":[` + whole + `]`},
		{"radio_buttons", options, `"selected_option":null`, obj{"initial_option": one}, `"selected_option":` + whole, obj{"selected_option": one}, `"selected_option":` + whole},
		{"checkboxes", options, `"selected_options":[]`, obj{"initial_options": []obj{one}}, `"selected_options":[` + whole + `]`, obj{"selected_options": []obj{}}, `"selected_options":[]`},
		{"external_select", nil, `"selected_option":null`, obj{"initial_option": one}, `"selected_option":` + whole, obj{"selected_option": nil}, `"selected_option":null`},
		{"multi_external_select", nil, `"selected_options":[]`, obj{"initial_options": []obj{one}}, `"selected_options":[` + whole + `]`, obj{"selected_options": []obj{}}, `"selected_options":[]`},
		{"users_select", nil, `"selected_user":null`, obj{"initial_user": SeedBen}, `"selected_user":"` + SeedBen + `"`, obj{"selected_user": SeedAda}, `"selected_user":"` + SeedAda + `"`},
		{"multi_users_select", nil, `"selected_users":[]`, obj{"initial_users": []string{SeedBen}}, `"selected_users":["` + SeedBen + `"]`, obj{"selected_users": []string{SeedAda, SeedAda}}, `"selected_users":["` + SeedAda + `"]`},
		{"channels_select", nil, `"selected_channel":null`, obj{"initial_channel": SeedRandom}, `"selected_channel":"` + SeedRandom + `"`, obj{"selected_channel": ""}, `"selected_channel":null`},
		{"multi_channels_select", nil, `"selected_channels":[]`, obj{"initial_channels": []string{SeedRandom}}, `"selected_channels":["` + SeedRandom + `"]`, obj{"selected_channels": []string{SeedGeneral}}, `"selected_channels":["` + SeedGeneral + `"]`},
		{"conversations_select", nil, `"selected_conversation":null`, obj{"default_to_current_conversation": true}, `"selected_conversation":"` + SeedGeneral + `"`, obj{"selected_conversation": SeedAdaDM}, `"selected_conversation":"` + SeedAdaDM + `"`},
		{"multi_conversations_select", nil, `"selected_conversations":[]`, obj{"default_to_current_conversation": true}, `"selected_conversations":["` + SeedGeneral + `"]`, obj{"selected_conversations": []string{SeedAdaDM}}, `"selected_conversations":["` + SeedAdaDM + `"]`},
	} {
		shape := func(fields string) string {
			if fields == "" {
				return fmt.Sprintf(`{"type":%q}`, c.kind)
			}
			return fmt.Sprintf(`{"type":%q,%s}`, c.kind, fields)
		}
		element := func(initial obj) obj {
			e := obj{"type": c.kind}
			for _, m := range []obj{c.more, initial} {
				for k, v := range m {
					e[k] = v
				}
			}
			return e
		}
		check := func(what, got, expect string) {
			t.Helper()
			want(t, c.kind+" "+what, json.RawMessage(got), shape(expect))
		}
		got, _ := entry(t, s, element(nil), nil)
		check("untouched", got, c.empty)
		if c.initial != nil {
			got, _ = entry(t, s, element(c.initial), nil)
			check("initial", got, c.first)
		}
		got, why := entry(t, s, element(nil), c.input)
		if why != "" {
			t.Fatal(c.kind, why)
		}
		check("input", got, c.held)
		// The entry is itself an input, with or without its type.
		c.input["type"] = c.kind
		if again, why := entry(t, s, element(nil), c.input); why != "" || again != got {
			t.Fatal(c.kind, again, why)
		}
		c.input["type"] = "button"
		if _, why := entry(t, s, element(nil), c.input); why == "" {
			t.Fatal(c.kind, "took the value of a button")
		}
	}
}

func TestI4InputsRefused(t *testing.T) {
	s := inputsSim(t)
	for _, c := range []struct {
		element obj
		input   any
	}{
		{obj{"type": "plain_text_input"}, obj{"value": 3}},
		{obj{"type": "plain_text_input"}, obj{"values": "x"}},
		{obj{"type": "plain_text_input"}, obj{"selected_date": "2026-01-01"}},
		{obj{"type": "plain_text_input"}, "x"},
		{obj{"type": "plain_text_input"}, obj{"value": strings.Repeat("x", 3001)}},
		{obj{"type": "datepicker"}, obj{"selected_date": "2026-02-30"}},
		{obj{"type": "datepicker"}, obj{"selected_date": "1.2.2026"}},
		{obj{"type": "timepicker"}, obj{"selected_time": "24:00"}},
		{obj{"type": "timepicker"}, obj{"selected_time": "9:30"}},
		{obj{"type": "datetimepicker"}, obj{"selected_date_time": 12}},
		{obj{"type": "radio_buttons", "options": []obj{opt("One", "1")}}, obj{"selected_option": obj{"value": "2"}}},
		{obj{"type": "checkboxes", "options": []obj{opt("One", "1")}}, obj{"selected_options": []obj{{"value": "2"}}}},
		{obj{"type": "external_select"}, obj{"selected_option": obj{"value": "never offered"}}},
		{obj{"type": "users_select"}, obj{"selected_user": SeedGeneral}},
		{obj{"type": "channels_select"}, obj{"selected_channel": SeedAdaDM}},
		{obj{"type": "channels_select"}, obj{"selected_channel": "#general"}},
		{obj{"type": "conversations_select"}, obj{"selected_conversation": "#general"}},
		{obj{"type": "conversations_select"}, obj{"selected_conversation": SeedBenDM}},
		{obj{"type": "multi_users_select"}, obj{"selected_users": []string{""}}},
		{obj{"type": "rich_text_input"}, obj{"rich_text_value": obj{"type": "section"}}},
		{obj{"type": "rich_text_input"}, obj{"rich_text_value": obj{"type": "divider"}}},
		{obj{"type": "file_input"}, obj{"files": []string{"F0"}}},
		{obj{"type": "file_input"}, obj{"files": []int{1}}},
	} {
		if got, why := entry(t, s, c.element, c.input); why == "" {
			t.Errorf("%v took %v: %s", c.element, c.input, got)
		}
	}
}

func TestI4FileInput(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	upload := func(user, name string) string {
		t.Helper()
		resp, err := r.client.Post(r.srv.URL()+"/sim/files?user="+user+"&name="+name, "application/octet-stream", strings.NewReader("%PDF-1.7\nfour"))
		if err != nil {
			t.Fatal(err)
		}
		return r.decode(resp)["id"].(string)
	}
	pdf, text, foreign := upload(SeedAda, "a.pdf"), upload(SeedAda, "b.pdf"), upload(SeedBen, "c.pdf")
	r.openModal(l, modalOf(obj{"type": "input", "block_id": "f", "label": plainText("File"), "element": obj{
		"type": "file_input", "action_id": "a", "filetypes": []string{"pdf"}, "max_files": 1,
	}}))
	submit := obj{"user": SeedAda, "view_id": r.OpenViews()[0].View.ID}
	for _, files := range [][]string{{}, {pdf, text}, {foreign}} {
		submit["state"] = obj{"f": obj{"a": obj{"files": files}}}
		r.refuses("invalid_input", "/sim/views/submit", submit)
	}
	r.bad("file_not_found", "files.info", obj{"file": pdf})
	_, p := r.submitted(l, obj{"f": obj{"a": obj{"files": []string{pdf}}}}, nil)
	state := p["view"].(obj)["state"].(obj)["values"].(obj)["f"].(obj)["a"].(obj)
	f := state["files"].([]any)[0].(obj)
	if state["type"] != "file_input" || f["id"] != pdf || f["name"] != "a.pdf" || f["url_private"] == nil {
		t.Fatal(state)
	}
	r.ok("files.info", obj{"file": pdf}) // now the app can see it
	r.bad("file_not_found", "files.info", obj{"file": text})
}

// A value that was taken must make an entry of its element's type, which is taken again as it is.
func FuzzInput(f *testing.F) {
	for _, in := range []string{`{"value":"x"}`, `{"selected_option":{"value":"1"}}`, `{"selected_options":[{"value":"1"}]}`, `{"selected_user":"U01ADAMARSH"}`,
		`{"selected_date":"2026-01-01"}`, `{"selected_time":"10:00"}`, `{"selected_date_time":1767225600}`, `{"files":["F1",{"id":"F2"}]}`,
		`{"rich_text_value":{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[]}]}}`, `{"type":"checkboxes"}`, `null`, `[]`, `{"value":null}{}`} {
		f.Add(in)
	}
	s := inputsSim(f)
	var blocks []obj
	options := []obj{opt("One", "1")}
	for _, kind := range []string{"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input", "datepicker",
		"timepicker", "datetimepicker", "static_select", "multi_static_select", "radio_buttons", "checkboxes", "external_select", "multi_external_select",
		"users_select", "multi_users_select", "channels_select", "multi_channels_select", "conversations_select", "multi_conversations_select"} {
		e := obj{"type": kind, "action_id": "a"}
		if strings.Contains(kind, "static") || kind == "radio_buttons" || kind == "checkboxes" {
			e["options"] = options
		}
		blocks = append(blocks, obj{"type": "input", "block_id": kind, "label": plainText("L"), "element": e})
	}
	raw, err := json.Marshal(blocks)
	if err != nil {
		f.Fatal(err)
	}
	list := elementsOf(raw)
	at := place{user: SeedAda}
	f.Fuzz(func(t *testing.T, in string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range list {
			got, why := s.hold(e, json.RawMessage(in), at)
			if why != "" {
				continue
			}
			var shape struct {
				Type string `json:"type"`
			}
			if err := json.Unmarshal(got, &shape); err != nil || shape.Type != e.Type {
				t.Fatalf("%s took %q: %s", e.Type, in, got)
			}
			again, why := s.hold(e, got, at)
			if why != "" || string(again) != string(got) {
				t.Fatalf("%s: %s became %s (%s)", e.Type, got, again, why)
			}
			_ = e.complain(got)
		}
		var state Inputs
		if json.Unmarshal([]byte(in), &state) == nil {
			_ = s.fill(list, values{}, state, at)
		}
	})
}
