package openai

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"holdfast/internal/tool"
	"holdfast/internal/turn"
)

// minOutput is the smallest max_output_tokens that OpenAI takes.
const minOutput = 16

// encode builds the body of POST /responses. What the endpoint cannot do, and
// what it refused before, is left out.
func (c *Client) encode(r *turn.Request) ([]byte, error) {
	has, without := c.has, c.refused.of(r.Model)
	takes := func(has bool, field, value string) bool {
		return has && value != "" && !without[field] && !without[field+"="+value]
	}
	p := responses.ResponseNewParams{Model: r.Model}
	p.SetExtraFields(map[string]any{"stream": true})

	background := r.Background && has.Background && !without["background"]
	if background {
		p.Background = param.NewOpt(true)
	}
	// Always said, never dropped: left out, it means true.
	p.Store = param.NewOpt(r.Store || background)
	if r.Instructions != "" {
		p.Instructions = param.NewOpt(r.Instructions)
	}
	if r.MaxOutput > 0 && !without["max_output_tokens"] {
		p.MaxOutputTokens = param.NewOpt(int64(max(r.MaxOutput, minOutput)))
	}
	if r.Temperature != nil && !without["temperature"] {
		p.Temperature = param.NewOpt(*r.Temperature)
	}
	if r.TopP != nil && !without["top_p"] {
		p.TopP = param.NewOpt(*r.TopP)
	}
	if takes(has.Effort, "reasoning.effort", r.Effort) {
		p.Reasoning.Effort = shared.ReasoningEffort(r.Effort)
	}
	if takes(has.Verbosity, "text.verbosity", r.Verbosity) {
		p.Text.Verbosity = responses.ResponseTextConfigVerbosity(r.Verbosity)
	}
	if takes(has.CacheKey, "prompt_cache_key", r.CacheKey) {
		p.PromptCacheKey = param.NewOpt(r.CacheKey)
	}
	if takes(has.SafetyID, "safety_identifier", r.SafetyID) {
		p.SafetyIdentifier = param.NewOpt(r.SafetyID)
	}
	if has.Metadata && len(r.Metadata) > 0 && !without["metadata"] {
		p.Metadata = r.Metadata
	}
	if r.Search && has.Search && !without["web_search"] {
		// Without a place OpenAI searches as if from the United States.
		p.Tools = []responses.ToolUnionParam{{OfWebSearch: &responses.WebSearchToolParam{
			Type: responses.WebSearchToolTypeWebSearch, UserLocation: responses.WebSearchToolUserLocationParam{Type: "approximate"},
		}}}
		p.Include = append(p.Include, responses.ResponseIncludableWebSearchCallActionSources)
	}
	if !without["tools"] {
		ours, err := tools(r.Tools)
		if err != nil {
			return nil, err
		}
		p.Tools = append(p.Tools, ours...)
	}
	if len(p.Tools) > 0 && r.Talk {
		p.ToolChoice.OfToolChoiceMode = param.NewOpt(responses.ToolChoiceOptionsNone)
	}
	if len(r.Tools) > 0 && has.Include && !p.Store.Value && !without["include"] {
		p.Include = append(p.Include, responses.ResponseIncludableReasoningEncryptedContent)
	}

	items := make(responses.ResponseInputParam, 0, len(r.Input))
	for i, in := range r.Input {
		if in.Output != nil {
			items = append(items, output(in.Output))
			continue
		}
		if len(in.Raw) > 0 {
			if !json.Valid(in.Raw) {
				return nil, fmt.Errorf("input item %d: its raw JSON is broken", i)
			}
			items = append(items, param.Override[responses.ResponseInputItemUnionParam](in.Raw))
			continue
		}
		role := responses.EasyInputMessageRole(in.Role)
		if in.Role == turn.Developer && !has.Developer {
			role = responses.EasyInputMessageRoleSystem
		}
		items = append(items, responses.ResponseInputItemParamOfMessage(in.Text, role))
	}
	p.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: items}
	body, err := p.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return body, nil
}

// tools are function tools, in strict mode.
func tools(specs []tool.Spec) ([]responses.ToolUnionParam, error) {
	out := make([]responses.ToolUnionParam, 0, len(specs))
	for _, s := range specs {
		f := &responses.FunctionToolParam{Name: s.Name, Description: param.NewOpt(s.Description), Strict: param.NewOpt(true)}
		if err := json.Unmarshal(s.Parameters, &f.Parameters); err != nil {
			return nil, fmt.Errorf("the parameters of the tool %s: %w", s.Name, err)
		}
		out = append(out, responses.ToolUnionParam{OfFunction: f})
	}
	return out, nil
}

// output is what came of a call. Its text is always there: an empty output means to
// some models that the call failed.
func output(o *turn.Output) responses.ResponseInputItemUnionParam {
	text := o.Result.Text
	if text == "" {
		text = "(nothing)"
	}
	out := responses.ResponseInputItemFunctionCallOutputParam{CallID: param.NewOpt(o.Call)}
	if len(o.Result.Pictures) == 0 {
		out.Output.OfString = param.NewOpt(text)
		return responses.ResponseInputItemUnionParam{OfFunctionCallOutput: &out}
	}
	parts := responses.ResponseFunctionCallOutputItemListParam{{OfInputText: &responses.ResponseInputTextContentParam{Text: text}}}
	for _, p := range o.Result.Pictures {
		parts = append(parts, responses.ResponseFunctionCallOutputItemUnionParam{OfInputImage: &responses.ResponseInputImageContentParam{
			ImageURL: param.NewOpt(p.URL), Detail: responses.ResponseInputImageContentDetail(p.Detail),
		}})
	}
	out.Output.OfResponseFunctionCallOutputItemArray = parts
	return responses.ResponseInputItemUnionParam{OfFunctionCallOutput: &out}
}

// refusals remembers which fields an endpoint refused, by model. A field is
// named "temperature", or with the one value that was refused:
// "reasoning.effort=minimal".
type refusals struct {
	mu      sync.Mutex
	byModel map[string]map[string]bool
}

func (f *refusals) of(model string) map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byModel[model] // replaced, never changed
}

// add reports whether the field was not known as refused yet.
func (f *refusals) add(model, field string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.byModel[model]
	if old[field] {
		return false
	}
	fresh := map[string]bool{field: true}
	for k := range old {
		fresh[k] = true
	}
	if f.byModel == nil {
		f.byModel = map[string]map[string]bool{}
	}
	f.byModel[model] = fresh
	return true
}

// list is for logs.
func (f *refusals) list(model string) []string {
	var fields []string
	for k := range f.of(model) {
		fields = append(fields, k)
	}
	sort.Strings(fields)
	return fields
}

// droppable names the field to leave out after an error, or "" if the request
// makes no sense without it, or it was not sent. without are those that are left out
// already.
func droppable(e *wireError, r *turn.Request, without map[string]bool) string {
	if e.Status != 400 && e.Status != 422 {
		return ""
	}
	byValue := false
	switch {
	case e.Code == "unsupported_value":
		byValue = true
	case e.Code == "unsupported_parameter", e.Code == "unknown_parameter":
	case e.Code == "" || e.Code == "invalid_request_error" || e.Code == "400":
		// Older and foreign servers say it in words only.
		m := strings.ToLower(e.Message)
		if !strings.Contains(m, "unsupported") && !strings.Contains(m, "not supported") &&
			!strings.Contains(m, "unknown parameter") && !strings.Contains(m, "unrecognized") &&
			!strings.Contains(m, "extra inputs are not permitted") {
			return ""
		}
	default:
		return ""
	}
	named := e.Param
	if named == "" {
		named = quoted(e.Message)
	}
	switch named {
	case "reasoning", "reasoning.effort", "reasoning_effort":
		if r.Effort == "" {
			return ""
		}
		if byValue {
			return "reasoning.effort=" + r.Effort
		}
		return "reasoning.effort"
	case "text", "text.verbosity", "verbosity":
		if r.Verbosity == "" {
			return ""
		}
		if byValue {
			return "text.verbosity=" + r.Verbosity
		}
		return "text.verbosity"
	case "temperature":
		return given(r.Temperature != nil, named)
	case "top_p":
		return given(r.TopP != nil, named)
	case "max_output_tokens":
		return given(r.MaxOutput > 0 && !byValue, named)
	case "prompt_cache_key":
		return given(r.CacheKey != "", named)
	case "safety_identifier":
		return given(r.SafetyID != "", named)
	case "background":
		return given(r.Background, named)
	}
	field, _, _ := strings.Cut(named, "[") // "tools[0].type"
	switch field, _, _ = strings.Cut(field, "."); field {
	case "web_search":
		return given(r.Search, field)
	case "tools", "include":
		// Which of them is meant, names do not tell: first the hosted one, which most
		// other endpoints lack, then ours.
		if r.Search && !without["web_search"] {
			return "web_search"
		}
		return given(len(r.Tools) > 0, field)
	}
	if named == "metadata" || strings.HasPrefix(named, "metadata.") {
		return given(len(r.Metadata) > 0, "metadata")
	}
	return ""
}

func given(ok bool, field string) string {
	if ok {
		return field
	}
	return ""
}

// quoted finds the first 'name' in an error message.
func quoted(message string) string {
	for _, q := range []string{"'", "`", `"`} {
		if _, rest, ok := strings.Cut(message, q); ok {
			if name, _, ok := strings.Cut(rest, q); ok {
				return name
			}
		}
	}
	return ""
}
