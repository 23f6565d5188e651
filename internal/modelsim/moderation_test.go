package modelsim_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	openai "github.com/openai/openai-go/v3"

	"holdfast/internal/modelsim"
)

func TestModerationsFlagByRule(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/moderations", Contains: "fight"}, Fault: &modelsim.Fault{Kind: modelsim.FaultModeration, Variant: "flagged", Code: "harassment"}})
	for input, want := range map[string]struct {
		results int
		flagged bool
	}{
		`"all is calm"`:       {1, false},
		`"let us fight"`:      {1, true},
		`["a","b"]`:           {2, false},
		`["a","let's fight"]`: {2, true},
		`[{"type":"text","text":"calm"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + pixel + `"}}]`: {1, false},
	} {
		status, body, _ := b.call("POST", "/moderations", `{"model":"omni-moderation-latest","input":`+input+`}`)
		var r struct {
			ID      string
			Results []struct {
				Flagged    bool
				Categories map[string]bool
				Scores     map[string]float64  `json:"category_scores"`
				Applied    map[string][]string `json:"category_applied_input_types"`
			}
		}
		if err := json.Unmarshal([]byte(body), &r); err != nil || status != 200 || !strings.HasPrefix(r.ID, "modr-") || len(r.Results) != want.results {
			t.Fatalf("%s: %d %s", input, status, body)
		}
		for _, one := range r.Results {
			if one.Flagged != want.flagged || one.Categories["harassment"] != want.flagged || len(one.Categories) != 13 || len(one.Scores) != 13 || len(one.Applied["sexual/minors"]) != 1 {
				t.Errorf("%s: %+v", input, one)
			}
			if images := strings.Contains(input, "image_url"); (len(one.Applied["violence"]) == 2) != images {
				t.Errorf("%s: applied to %v", input, one.Applied["violence"])
			}
		}
	}
	for body, want := range map[string]string{
		`{}`:                                 "'input'",
		`{"input":7}`:                        "'input'",
		`{"input":"x","model":"gpt-6-luna"}`: "model_not_found",
		`{"input":"x","color":"red"}`:        "color",
		`{"input":[{"type":"sound"}]}`:       "input[0].type",
		`{"input":[{"type":"image_url","image_url":{"url":"nope"}}]}`: "input[0].image_url.url",
	} {
		if status, got, _ := b.call("POST", "/moderations", body); status < 400 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
	api := b.official()
	res, err := api.Moderations.New(b.ctx, openai.ModerationNewParams{Input: openai.ModerationNewParamsInputUnion{OfString: openai.String("fight")}})
	if err != nil || !res.Results[0].Flagged {
		t.Fatal(err)
	}
	walkExtra(t, "moderation", reflect.ValueOf(*res))
}

func TestF18InlineModeration(t *testing.T) {
	b := start(t, modelsim.Options{})
	const score = `"moderation":{"model":"omni-moderation-latest","policy":{"input":{"mode":"score"},"output":{"mode":"score"}}}`
	_, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"x",`+score+`}`)
	if !strings.Contains(body, `"moderation":{"input":{"type":"moderation_result"`) || strings.Contains(body, `"flagged":true`) {
		t.Error(body)
	}
	b.sim.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: modelsim.FaultModeration, Variant: "flagged"}})
	_, body, _ = b.call("POST", "/responses", `{"model":"sim-fast","input":"x",`+score+`}`)
	if r := parse(t, body); !strings.Contains(body, `"flagged":true`) || r.Status != "completed" {
		t.Error(body)
	}
	_, body, _ = b.call("POST", "/responses", `{"model":"sim-fast","input":"x",`+strings.Replace(score, `"output":{"mode":"score"}`, `"output":{"mode":"block"}`, 1)+`}`)
	if r := parse(t, body); r.Status != "incomplete" || r.IncompleteDetails.Reason != "content_filter" {
		t.Error(body)
	}
	status, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"x",`+strings.Replace(score, `"input":{"mode":"score"}`, `"input":{"mode":"block"}`, 1)+`}`)
	if status != 400 || !strings.Contains(body, "invalid_prompt") {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ = b.call("POST", "/responses", `{"model":"sim-fast","input":"x","moderation":{"model":"x"}}`); status != 400 || !strings.Contains(body, "moderation.model") {
		t.Errorf("%d %s", status, body)
	}
}

func TestF18FilterAndPrompt(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultModeration, Variant: "filter", After: 8})
	events, _ := b.stream("", "x")
	r := last(t, events)
	if r.Status != "incomplete" || r.IncompleteDetails.Reason != "content_filter" || r.Output[0].Status != "incomplete" || text(events) == "" || len(events) > 14 {
		t.Errorf("%+v after %d events", r, len(events))
	}
	b = faulty(t, modelsim.Fault{Kind: modelsim.FaultModeration, Variant: "prompt"})
	if status, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"x"}`); status != 400 || !strings.Contains(body, `"invalid_prompt"`) {
		t.Errorf("%d %s", status, body)
	}
	if _, err := modelsim.ParseDirective("fault=F18 variant=flagged code=rudeness"); err == nil {
		t.Error("an unknown category was accepted")
	}
}
