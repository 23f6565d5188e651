package reception

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"holdfast/internal/settings"
	"holdfast/internal/slack/event"
	"holdfast/internal/slack/modal"
)

// oneModel is a choice of one.
type oneModel struct{}

func (oneModel) Names() []string    { return []string{"m"} }
func (oneModel) Pictures() []string { return []string{"p"} }
func (oneModel) Ability(name string) settings.Ability {
	return settings.Ability{Name: name, Sampling: settings.Always}
}

// filled is the settings modal of U1 as Slack sends it back, with a value in a field.
func filled(t *testing.T, field, value string) json.RawMessage {
	t.Helper()
	s, err := settings.New(nil, oneModel{}, map[settings.Key]string{settings.Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	built := modal.Build(modal.View{Place: settings.Place{Team: "T1", User: "U1"}, Level: settings.User}, s.Base())
	var view map[string]any
	if err := json.Unmarshal(built, &view); err != nil {
		t.Fatal(err)
	}
	state := map[string]any{}
	for _, b := range view["blocks"].([]any) {
		id, _ := b.(map[string]any)["block_id"].(string)
		if strings.HasPrefix(id, field+"/") {
			e := b.(map[string]any)["element"].(map[string]any)
			state[id] = map[string]any{e["action_id"].(string): map[string]any{"type": e["type"], "value": value}}
		}
	}
	if len(state) != 1 {
		t.Fatalf("the modal has %d fields %q", len(state), field)
	}
	view["state"] = map[string]any{"values": state}
	b, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What an acknowledgement refuses is not saved either; Slack's client may let through what
// it should not.
func TestMistakesAreToldWithTheAcknowledgement(t *testing.T) {
	d := NewDesk(nil, nil, nil, nil, "/c", nil, slog.New(slog.DiscardHandler)) // nobody is asked
	for _, tt := range []struct{ field, value, want string }{
		{"temperature", "9", "from 0 to 2"},
		{"temperature", "hot", "a number"},
		{"channel_context", "1.5", "whole number"},
		{"custom_instructions", strings.Repeat("x", 3001), "3001 characters"},
	} {
		a := Act{Key: "k", User: "U1", View: &event.View{Raw: filled(t, tt.field, tt.value)}}
		var got struct {
			Action string            `json:"response_action"`
			Errors map[string]string `json:"errors"`
		}
		if err := json.Unmarshal(d.answer(a), &got); err != nil || got.Action != "errors" || len(got.Errors) != 1 {
			t.Errorf("%s %.10q: answered with %+v, %v", tt.field, tt.value, got, err)
		}
		for block, say := range got.Errors {
			if !strings.HasPrefix(block, tt.field+"/") || !strings.Contains(say, tt.want) {
				t.Errorf("%s %.10q: %s: %q, want %q", tt.field, tt.value, block, say, tt.want)
			}
		}
		if err := d.save(t.Context(), a); err != nil {
			t.Errorf("%s %.10q: %v", tt.field, tt.value, err)
		}
	}
	for _, raw := range []string{`7`, `{}`, `{"callback_id":"holdfast_settings"}`, ``} {
		a := Act{Key: "k", User: "U1", View: &event.View{Raw: json.RawMessage(raw)}}
		if got := d.answer(a); got != nil {
			t.Errorf("%s is answered with %s", raw, got)
		}
	}
	if got := d.answer(Act{View: &event.View{Raw: filled(t, "temperature", "0.5")}}); got != nil {
		t.Errorf("a good form is answered with %s", got)
	}
}

func TestOldButtonsTellTheirPlace(t *testing.T) {
	here := Act{Team: "T1", User: "U1", Channel: "D1", Root: "9.000001"}
	for value, want := range map[string]settings.Place{
		`{"channel_id":"C1","thread_id":"5.000001","original_message":"x"}`: {Team: "T1", User: "U1", Channel: "C1", Root: "5.000001"},
		`{"channel_id":"C1","thread_id":null,"truncated":true}`:             {Team: "T1", User: "U1", Channel: "C1"},
		`{"channel_id":"C/1"}`: {Team: "T1", User: "U1", Channel: "D1", Root: "9.000001"},
		`{"channel_id":7}`:     {Team: "T1", User: "U1", Channel: "D1", Root: "9.000001"},
		``:                     {Team: "T1", User: "U1", Channel: "D1", Root: "9.000001"},
	} {
		a := here
		a.Value = value
		if got := welcomed(a); got != want {
			t.Errorf("%s: %+v, want %+v", value, got, want)
		}
	}
	a := here
	if a.Value = "C7"; named(a).Channel != "C7" {
		t.Errorf("a named channel: %+v", named(a))
	}
	if a.Value = "good/1"; named(a).Channel != "D1" {
		t.Errorf("no channel: %+v", named(a))
	}
}

func TestJudgements(t *testing.T) {
	for value, want := range map[string]string{
		GoodValue("t1"): "true true t1", BadValue("t1"): "true false t1", "good": "true true ", "bad": "true false ", "": "false", "better/t1": "false",
	} {
		f, ok := judgement(Act{Channel: "C1", Message: "1.000001", Value: value})
		got := fmt.Sprint(ok)
		if ok {
			got = fmt.Sprintf("%v %v %s", ok, f.Good, f.Turn)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if _, ok := judgement(Act{Value: "good"}); ok {
		t.Error("a judgement of nothing")
	}
}
