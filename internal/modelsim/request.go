package modelsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// request is the body of POST /v1/responses, checked as OpenAI checks it.
type request struct {
	body   json.RawMessage
	fields map[string]json.RawMessage // as sent, for the echo

	Model              string            `json:"model"`
	Input              json.RawMessage   `json:"input"`
	Instructions       string            `json:"instructions"`
	PreviousResponseID string            `json:"previous_response_id"`
	Conversation       json.RawMessage   `json:"conversation"`
	Prompt             json.RawMessage   `json:"prompt"`
	Store              *bool             `json:"store"`
	Background         bool              `json:"background"`
	Stream             bool              `json:"stream"`
	StreamOptions      streamOptions     `json:"stream_options"`
	Include            []string          `json:"include"`
	Reasoning          reasoningOptions  `json:"reasoning"`
	Text               textOptions       `json:"text"`
	Tools              []json.RawMessage `json:"tools"`
	ToolChoice         json.RawMessage   `json:"tool_choice"`
	ParallelToolCalls  *bool             `json:"parallel_tool_calls"`
	MaxToolCalls       *int              `json:"max_tool_calls"`
	MaxOutputTokens    *int              `json:"max_output_tokens"`
	Temperature        *float64          `json:"temperature"`
	TopP               *float64          `json:"top_p"`
	TopLogprobs        *int              `json:"top_logprobs"`
	Truncation         string            `json:"truncation"`
	PromptCacheKey     string            `json:"prompt_cache_key"`
	SafetyIdentifier   string            `json:"safety_identifier"`
	ServiceTier        string            `json:"service_tier"`
	Metadata           map[string]string `json:"metadata"`

	// Checked elsewhere or only echoed.
	ContextManagement    json.RawMessage `json:"context_management"`
	PromptCacheOptions   json.RawMessage `json:"prompt_cache_options"`
	PromptCacheRetention json.RawMessage `json:"prompt_cache_retention"`
	Moderation           json.RawMessage `json:"moderation"`
	AccessPrograms       json.RawMessage `json:"access_programs"`
	User                 json.RawMessage `json:"user"`

	moderation *moderationPolicy

	model   model
	tools   []tool
	items   []inputItem // of this request alone
	prior   []inputItem // what previous_response_id stands for
	noPrior *apiError   // why it stands for nothing

	lastUser    string       // newest user text, directives included
	earlier     []string     // user texts before it, oldest first
	userCount   int          // user messages in input and prior
	system      string       // instructions and system/developer texts
	toolOutputs []toolOutput // since the newest user message
	toolRounds  int          // groups of tool outputs since the newest user message
	approvals   []approval   // since the newest user message
	compactAt   int          // tokens over which the answer starts with a compaction; 0: never
}

// approval is a person's answer to an mcp_approval_request.
type approval struct {
	id, server, name, arguments string
	approved                    bool
}

type streamOptions struct {
	IncludeObfuscation *bool `json:"include_obfuscation"`
}

type reasoningOptions struct {
	Effort          string `json:"effort"`
	Summary         string `json:"summary"`
	Context         string `json:"context"`
	Mode            string `json:"mode"`
	GenerateSummary string `json:"generate_summary"`
}

type textOptions struct {
	Verbosity string      `json:"verbosity"`
	Format    *textFormat `json:"format"`
}

type textFormat struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Strict      *bool           `json:"strict"`
}

// tool is what the simulator must know of one entry of tools.
type tool struct {
	Type       string          `json:"type"`
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
	Strict     *bool           `json:"strict"`
}

type toolOutput struct{ name, text string }

// stored says whether the response can be fetched later. OpenAI: store is true
// by default.
func (r *request) stored() bool { return r.Store == nil || *r.Store }

// decodeRequest reads a request body. What can be read is in the request even
// beside an error, so that rules can still match it.
func decodeRequest(body []byte) (*request, *apiError) {
	r := &request{body: body}
	if err := json.Unmarshal(body, &r.fields); err != nil {
		return r, unreadableJSON()
	}
	var firstErr *apiError
	if err := json.Unmarshal(body, r); err != nil {
		firstErr = typeError("", err)
	}
	for i, raw := range r.Tools {
		var t tool
		if err := json.Unmarshal(raw, &t); err != nil && firstErr == nil {
			firstErr = typeError(fmt.Sprintf("tools[%d]", i), err)
		}
		r.tools = append(r.tools, t)
	}
	items, err := decodeInput(r.Input)
	if err != nil && firstErr == nil {
		firstErr = err
	}
	r.items = items
	r.digest()
	return r, firstErr
}

// described is a request that is not for the Responses API, in the words that
// rules go by. text takes the place of the newest user text; fields that are not
// an object are unknown to F17.
func described(body json.RawMessage, model, user, text string) *request {
	r := &request{body: body, Model: model, SafetyIdentifier: user, lastUser: text}
	_ = json.Unmarshal(body, &r.fields)
	return r
}

// said are the messages of the input, with those of the response that it goes on
// from.
func (r *request) said() []Said {
	var all []Said
	for _, it := range slices.Concat(r.prior, r.items) {
		if it.Type == "message" {
			all = append(all, Said{Role: it.Role, Text: it.text})
		}
	}
	return all
}

// digest reads what rules and answers go by out of the items.
func (r *request) digest() {
	r.lastUser, r.userCount, r.earlier, r.toolOutputs, r.toolRounds, r.approvals = "", 0, nil, nil, 0, nil
	r.system = r.Instructions
	names := map[string]string{}
	asked := map[string]inputItem{}
	inOutputs := false
	for _, it := range slices.Concat(r.prior, r.items) {
		output := false
		switch {
		case it.Type == "message" && it.Role == "user":
			if r.userCount > 0 {
				r.earlier = append(r.earlier, r.lastUser)
			}
			r.userCount++
			r.lastUser = it.text
			r.toolOutputs, r.toolRounds, r.approvals = nil, 0, nil
		case it.Type == "compaction":
			_, _, m, _ := openCompaction(it.EncryptedContent) // checked later
			r.userCount, r.earlier, r.lastUser = m.Count, nil, ""
			if n := len(m.Users); n > 0 {
				r.earlier, r.lastUser = m.Users[:n-1], m.Users[n-1]
			}
		case it.Type == "mcp_approval_request":
			asked[it.ID] = it
		case it.Type == "mcp_approval_response":
			q := asked[it.ApprovalRequestID]
			a := approval{id: it.ApprovalRequestID, server: q.ServerLabel, name: q.Name, approved: it.Approve != nil && *it.Approve}
			if q.Arguments != nil {
				a.arguments = *q.Arguments
			}
			r.approvals = append(r.approvals, a)
		case it.Type == "message" && (it.Role == "system" || it.Role == "developer"):
			r.system += "\n" + it.text
		case it.isCall():
			names[it.CallID] = it.Name
		case it.isOutput():
			output = true
			r.toolOutputs = append(r.toolOutputs, toolOutput{names[it.CallID], it.text})
			if !inOutputs {
				r.toolRounds++
			}
		}
		inOutputs = output
	}
}

// tokens estimates the size of the input, a token being four bytes and a picture
// a thousand tokens.
func (r *request) tokens() int {
	n := len(r.Instructions) + len(r.Input)
	for _, t := range r.Tools {
		n += len(t)
	}
	for _, it := range r.prior {
		n += len(it.raw)
	}
	for _, it := range slices.Concat(r.prior, r.items) {
		if it.Result != nil {
			n += 4*1000 - len(*it.Result)
		}
		if !bytes.Contains(it.raw, []byte(`"input_`)) {
			continue
		}
		for _, part := range it.parts() {
			switch {
			case part.Type == "input_image":
				n += 4*1000 - len(part.ImageURL)
			case part.Type == "input_file" && part.FileData != "":
				n -= len(part.FileData) / 4 // base64
			}
		}
	}
	return max(n, 0)/4 + 1
}

// validate checks everything that does not need the simulator's state.
func (r *request) validate(c catalog) *apiError {
	known := requestFields()
	for _, name := range slices.Sorted(maps.Keys(r.fields)) {
		if !known[name] {
			return unknownParameter(name)
		}
	}
	if r.Model == "" {
		return badRequest("missing_required_parameter", "model", "Missing required parameter: 'model'.")
	}
	m, ok := c.find(r.Model)
	if !ok && slices.ContainsFunc(otherModels(), func(o modelObject) bool { return o.ID == r.Model }) {
		return badRequest("unsupported_value", "model", "The requested model '"+r.Model+"' cannot be used with the Responses API.")
	}
	if !ok {
		return &apiError{status: 404, Type: "invalid_request_error", Code: "model_not_found", Message: failureMessage("model_not_found", r.Model)}
	}
	r.model = m
	checks := []func() *apiError{r.checkNested, r.checkSampling, r.checkLimits, r.checkState, r.checkTools, r.checkToolChoice, r.checkModeration, r.checkCompaction}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return r.checkItems()
}

func requestFields() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`model input instructions previous_response_id conversation store background stream stream_options
		include reasoning text tools tool_choice parallel_tool_calls max_tool_calls max_output_tokens temperature top_p top_logprobs truncation
		context_management prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier service_tier metadata moderation
		prompt access_programs user`) {
		m[name] = true
	}
	return m
}

func (r *request) checkNested() *apiError {
	for field, keys := range map[string]string{
		"stream_options": "include_obfuscation",
		"reasoning":      "effort summary context mode generate_summary",
		"text":           "verbosity format",
	} {
		if err := onlyKeys(field, r.fields[field], keys); err != nil {
			return err
		}
	}
	for i, name := range r.Include {
		if err := oneOf(fmt.Sprintf("include[%d]", i), name, "file_search_call.results", "web_search_call.results", "web_search_call.action.sources",
			"message.input_image.image_url", "computer_call_output.output.image_url", "code_interpreter_call.outputs",
			"reasoning.encrypted_content", "message.output_text.logprobs"); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		param, value string
		allowed      []string
	}{
		{"reasoning.summary", r.Reasoning.Summary, []string{"auto", "concise", "detailed"}},
		{"reasoning.generate_summary", r.Reasoning.GenerateSummary, []string{"auto", "concise", "detailed"}},
		{"reasoning.context", r.Reasoning.Context, []string{"auto", "current_turn", "all_turns"}},
		{"reasoning.mode", r.Reasoning.Mode, []string{"standard", "pro"}},
		{"text.verbosity", r.Text.Verbosity, []string{"low", "medium", "high"}},
		{"truncation", r.Truncation, []string{"auto", "disabled"}},
		{"service_tier", r.ServiceTier, []string{"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"}},
	} {
		if c.value != "" {
			if err := oneOf(c.param, c.value, c.allowed...); err != nil {
				return err
			}
		}
	}
	return r.checkFormat()
}

func (r *request) checkFormat() *apiError {
	f := r.Text.Format
	if f == nil {
		return nil
	}
	if err := oneOf("text.format.type", f.Type, "text", "json_object", "json_schema"); err != nil {
		return err
	}
	if f.Type != "json_schema" {
		return nil
	}
	switch {
	case f.Name == "":
		return badRequest("missing_required_parameter", "text.format.name", "Missing required parameter: 'text.format.name'.")
	case !validName(f.Name):
		return badPattern("text.format.name")
	case f.Schema == nil:
		return badRequest("missing_required_parameter", "text.format.schema", "Missing required parameter: 'text.format.schema'.")
	case f.Strict != nil && *f.Strict:
		if why := strictSchema(f.Schema); why != "" {
			return badRequest("invalid_json_schema", "text.format.schema", "Invalid schema for response_format '"+f.Name+"': "+why)
		}
	}
	return nil
}

func (r *request) checkSampling() *apiError {
	m := r.model
	effort := orDefault(r.Reasoning.Effort, m.effort)
	switch {
	case !m.reasons() && r.Reasoning.Effort != "":
		return badRequest("unsupported_parameter", "reasoning.effort", "Unsupported parameter: 'reasoning.effort' is not supported with this model.")
	case r.Reasoning.Effort != "" && !slices.Contains(m.efforts, effort):
		return badRequest("unsupported_value", "reasoning.effort", fmt.Sprintf("Unsupported value: '%s' is not supported with the '%s' model. Supported values are: %s.", effort, m.id, quoteList(m.efforts)))
	case r.Temperature != nil && m.reasons() && effort != "none":
		return badRequest("unsupported_parameter", "temperature", "Unsupported parameter: 'temperature' is not supported with this model.")
	case r.Temperature != nil && (*r.Temperature < 0 || *r.Temperature > 2):
		return badRequest("decimal_out_of_range", "temperature", "Invalid 'temperature': expected a value from 0 to 2.")
	case r.TopP != nil && (*r.TopP < 0 || *r.TopP > 1):
		return badRequest("decimal_out_of_range", "top_p", "Invalid 'top_p': expected a value from 0 to 1.")
	case r.TopLogprobs != nil && (*r.TopLogprobs < 0 || *r.TopLogprobs > 20):
		return badRequest("integer_out_of_range", "top_logprobs", "Invalid 'top_logprobs': expected a value from 0 to 20.")
	}
	return nil
}

func (r *request) checkLimits() *apiError {
	switch {
	case r.MaxOutputTokens != nil && *r.MaxOutputTokens < 16:
		return badRequest("integer_below_min_value", "max_output_tokens", fmt.Sprintf("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got %d instead.", *r.MaxOutputTokens))
	case r.MaxOutputTokens != nil && *r.MaxOutputTokens > r.model.maxOut:
		return badRequest("integer_above_max_value", "max_output_tokens", fmt.Sprintf("Invalid 'max_output_tokens': integer above maximum value. Expected a value <= %d, but got %d instead.", r.model.maxOut, *r.MaxOutputTokens))
	case r.MaxToolCalls != nil && *r.MaxToolCalls < 1:
		return badRequest("integer_below_min_value", "max_tool_calls", "Invalid 'max_tool_calls': integer below minimum value. Expected a value >= 1.")
	case len([]rune(r.SafetyIdentifier)) > 128:
		return tooLong("safety_identifier", 128, len([]rune(r.SafetyIdentifier)))
	case len(r.Metadata) > 16:
		return badRequest("object_above_max_properties", "metadata", fmt.Sprintf("Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with %d properties instead.", len(r.Metadata)))
	}
	for _, k := range slices.Sorted(maps.Keys(r.Metadata)) {
		if n := len([]rune(k)); n > 64 {
			return tooLong("metadata", 64, n)
		}
		if n := len([]rune(r.Metadata[k])); n > 512 {
			return tooLong("metadata."+k, 512, n)
		}
	}
	return nil
}

func (r *request) checkState() *apiError {
	switch {
	case r.PreviousResponseID != "" && isSet(r.Conversation):
		return badRequest("mutually_exclusive_parameters", "previous_response_id", "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you are only providing one of these.")
	case isSet(r.Conversation):
		return &apiError{status: 404, Type: "invalid_request_error", Param: "conversation", Message: "Conversation not found: the simulator keeps none. Send the items in 'input'."}
	case len(r.items) == 0 && r.PreviousResponseID == "" && !isSet(r.Prompt):
		return badRequest("missing_required_parameter", "input", "Missing required parameter: 'input'.")
	}
	return nil
}

func (r *request) checkTools() *apiError {
	for i, t := range r.tools {
		param := fmt.Sprintf("tools[%d]", i)
		if !knownToolTypes()[t.Type] {
			return badRequest("invalid_value", param+".type", fmt.Sprintf("Invalid value: '%s'. Supported values are: %s.", t.Type, quoteList(slices.Sorted(maps.Keys(knownToolTypes())))))
		}
		if t.Type != "function" && t.Type != "custom" {
			if err := checkHostedTool(param, r.Tools[i]); err != nil {
				return err
			}
			continue
		}
		allowed := "type name description parameters strict async defer_loading allowed_callers output_schema"
		if t.Type == "custom" {
			allowed = "type name description format async defer_loading allowed_callers"
		}
		if err := onlyKeys(param, r.Tools[i], allowed); err != nil {
			return err
		}
		if t.Name == "" {
			return badRequest("missing_required_parameter", param+".name", "Missing required parameter: '"+param+".name'.")
		}
		if !validName(t.Name) {
			return badPattern(param + ".name")
		}
		if t.Strict != nil && *t.Strict && t.Type == "function" {
			if why := strictSchema(t.Parameters); why != "" {
				return badRequest("invalid_function_parameters", param+".parameters", "Invalid schema for function '"+t.Name+"': "+why)
			}
		}
	}
	return nil
}

func knownToolTypes() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`function custom namespace web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11
		code_interpreter image_generation file_search mcp tool_search programmatic_tool_calling shell local_shell apply_patch computer computer_use_preview`) {
		m[name] = true
	}
	return m
}

func (r *request) checkToolChoice() *apiError {
	if !isSet(r.ToolChoice) {
		return nil
	}
	var mode string
	if json.Unmarshal(r.ToolChoice, &mode) == nil {
		if err := oneOf("tool_choice", mode, "none", "auto", "required"); err != nil {
			return err
		}
		if mode == "required" && len(r.tools) == 0 {
			return badRequest("", "tool_choice", "Tool choice 'required' must be specified with 'tools' parameter.")
		}
		return nil
	}
	var choice struct{ Type, Name string }
	if err := json.Unmarshal(r.ToolChoice, &choice); err != nil {
		return badRequest("invalid_type", "tool_choice", "Invalid type for 'tool_choice': expected one of 'none', 'auto', 'required' or an object.")
	}
	if choice.Type == "function" || choice.Type == "custom" {
		if !slices.ContainsFunc(r.tools, func(t tool) bool { return t.Type == choice.Type && t.Name == choice.Name }) {
			return badRequest("", "tool_choice", "Tool choice '"+choice.Name+"' not found in 'tools' parameter.")
		}
	}
	return nil
}

// choice returns the tool_choice mode: none, auto, required, "function" with the
// name that was asked for, or the type of a tool that OpenAI runs itself.
func (r *request) choice() (mode, name string) {
	if json.Unmarshal(r.ToolChoice, &mode) == nil && mode != "" {
		return mode, ""
	}
	var c struct{ Type, Name string }
	if json.Unmarshal(r.ToolChoice, &c) == nil && (c.Name != "" || r.offers(c.Type)) {
		return c.Type, c.Name
	}
	return "auto", ""
}

// has says whether the request carries that top-level or dotted field.
func (r *request) has(param string) bool {
	top, rest, dotted := strings.Cut(param, ".")
	raw, ok := r.fields[top]
	if !ok || !dotted {
		return ok
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(raw, &inner) != nil {
		return false
	}
	_, ok = inner[rest]
	return ok
}

// validName says whether name matches ^[a-zA-Z0-9_-]{1,64}$.
func validName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= 64
}

func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// onlyKeys refuses an object with keys outside allowed (space-separated).
func onlyKeys(param string, raw json.RawMessage, allowed string) *apiError {
	if !isSet(raw) {
		return nil
	}
	var obj map[string]json.RawMessage
	if json.Unmarshal(raw, &obj) != nil {
		return nil // a wrong type has been reported by the typed decode
	}
	list := strings.Fields(allowed)
	for _, k := range slices.Sorted(maps.Keys(obj)) {
		if !slices.Contains(list, k) {
			return unknownParameter(param + "." + k)
		}
	}
	return nil
}

func oneOf(param, value string, allowed ...string) *apiError {
	if slices.Contains(allowed, value) {
		return nil
	}
	return badRequest("invalid_value", param, fmt.Sprintf("Invalid value: '%s'. Supported values are: %s.", value, quoteList(allowed)))
}

func quoteList(values []string) string {
	var b strings.Builder
	for i, v := range values {
		switch {
		case i > 0 && i == len(values)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString("'" + v + "'")
	}
	return b.String()
}

// strictJSON decodes one JSON value and refuses unknown fields and a tail.
func strictJSON(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
