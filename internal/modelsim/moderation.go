package modelsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

func moderationCategories() []string {
	return []string{"harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
		"self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic"}
}

// verdict is one moderation result. flagged is a category or "".
type verdict struct {
	flagged     string
	text, image bool // what was looked at
}

func (v verdict) fields() []field {
	var categories, scores, applied []field
	for i, c := range moderationCategories() {
		score := 0.00001 * float64(i+1)
		if c == v.flagged {
			score = 0.97
		}
		types := []string{}
		if v.text {
			types = append(types, "text")
		}
		// OpenAI: of pictures only these categories are judged.
		if v.image && (strings.HasPrefix(c, "self-harm") || strings.HasPrefix(c, "violence") || c == "sexual") {
			types = append(types, "image")
		}
		categories = append(categories, field{c, c == v.flagged})
		scores = append(scores, field{c, score})
		applied = append(applied, field{c, types})
	}
	return []field{{"flagged", v.flagged != ""}, {"categories", categories}, {"category_scores", scores}, {"category_applied_input_types", applied}}
}

// flag is the category in which F18 flags what is moderated, or "".
func (f *Fault) flag() string {
	if f == nil || f.Kind != FaultModeration || f.Variant != "flagged" {
		return ""
	}
	return f.Code
}

// moderate is POST /v1/moderations. Nothing is flagged unless a rule says so
// with F18.
func (p *reply) moderate() {
	body, ok := p.readJSON()
	if !ok {
		return
	}
	var q struct {
		Input json.RawMessage `json:"input"`
		Model string          `json:"model"`
	}
	bad := decodeStrict(body, &q)
	model := orDefault(q.Model, "omni-moderation-latest")
	verdicts, text, err := moderationInput(q.Input)
	if bad == nil {
		bad = err
	}
	req := described(body, model, "", text)
	p.rec.learn(req)
	p.guarded(req, func() {
		if bad == nil && !slices.Contains(moderationModels(), model) {
			bad = &apiError{status: 404, Type: "invalid_request_error", Code: "model_not_found", Param: "model", Message: failureMessage("model_not_found", model)}
		}
		if bad == nil && strings.HasPrefix(model, "text-") && slices.ContainsFunc(verdicts, func(v verdict) bool { return v.image }) {
			bad = badRequest("", "input", "Image inputs are not supported by "+model+".")
		}
		if bad != nil {
			p.refuse(bad)
			return
		}
		results := []json.RawMessage{}
		for _, v := range verdicts {
			if v.flagged = p.plan.fault.flag(); v.flagged != "" {
				p.sim.rec.fault(FaultModeration)
			}
			results = append(results, appendObject(nil, v.fields()))
		}
		p.json(200, []field{{"id", p.sim.newID("modr-")}, {"model", model}, {"results", results}})
	})
}

func moderationModels() []string {
	return []string{"omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest", "text-moderation-stable"}
}

// moderationInput reads a text, a list of texts (a result for each) or a list of
// parts (one result).
func moderationInput(raw json.RawMessage) (list []verdict, text string, bad *apiError) {
	if !isSet(raw) {
		return nil, "", badRequest("missing_required_parameter", "input", "Missing required parameter: 'input'.")
	}
	if json.Unmarshal(raw, &text) == nil {
		return []verdict{{text: true}}, text, nil
	}
	var texts []string
	if json.Unmarshal(raw, &texts) == nil {
		return slices.Repeat([]verdict{{text: true}}, len(texts)), strings.Join(texts, "\n"), nil
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return nil, "", badRequest("invalid_type", "input", "Invalid type for 'input': expected a string, an array of strings or an array of parts.")
	}
	var v verdict
	for i, one := range parts {
		param := fmt.Sprintf("input[%d]", i)
		var part struct {
			Type     string `json:"type"`
			Text     string `json:"text"`
			ImageURL *struct {
				URL string `json:"url"`
			} `json:"image_url"`
		}
		if bad := decodeStrict(one, &part); bad != nil {
			bad.Param = param + "." + bad.Param
			return nil, "", bad
		}
		if bad := oneOf(param+".type", part.Type, "text", "image_url"); bad != nil {
			return nil, "", bad
		}
		switch {
		case part.Type == "text":
			v.text, text = true, strings.TrimPrefix(text+"\n"+part.Text, "\n")
		case part.ImageURL == nil:
			return nil, "", badRequest("missing_required_parameter", param+".image_url", "Missing required parameter: '"+param+".image_url'.")
		case v.image:
			return nil, "", badRequest("", param, "Only one image can be moderated at a time.")
		default:
			v.image = true
			if bad := checkImageURL(param+".image_url.url", part.ImageURL.URL); bad != nil {
				return nil, "", bad
			}
		}
	}
	return []verdict{v}, text, nil
}

// moderationPolicy is the moderation field of a response request.
type moderationPolicy struct {
	Model  string `json:"model"`
	Policy struct {
		Input  moderationMode `json:"input"`
		Output moderationMode `json:"output"`
	} `json:"policy"`
}

type moderationMode struct {
	Mode string `json:"mode"` // score or block
}

func (r *request) checkModeration() *apiError {
	if !isSet(r.Moderation) {
		return nil
	}
	m := &moderationPolicy{}
	if bad := decodeStrict(r.Moderation, m); bad != nil {
		bad.Param = strings.TrimSuffix("moderation."+bad.Param, ".")
		return bad
	}
	if !slices.Contains(moderationModels()[:2], m.Model) {
		return badRequest("invalid_value", "moderation.model", "Invalid value: '"+m.Model+"'. Supported values are: "+quoteList(moderationModels()[:2])+".")
	}
	for param, mode := range map[string]string{"moderation.policy.input.mode": m.Policy.Input.Mode, "moderation.policy.output.mode": m.Policy.Output.Mode} {
		if mode != "" {
			if bad := oneOf(param, mode, "score", "block"); bad != nil {
				return bad
			}
		}
	}
	r.moderation = m
	return nil
}

// moderated is the moderation field of the Response.
func (m *moderationPolicy) moderated(flagged string) json.RawMessage {
	result := append([]field{{"type", "moderation_result"}, {"model", m.Model}}, verdict{flagged: flagged, text: true}.fields()...)
	return appendObject(nil, []field{{"input", result}, {"output", result}})
}
