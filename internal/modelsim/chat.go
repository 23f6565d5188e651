package modelsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// chatRequest is the body of POST /v1/chat/completions. It is checked here and
// then answered as a request of the Responses API would be.
type chatRequest struct {
	Messages            []json.RawMessage `json:"messages"`
	Model               string            `json:"model"`
	Stream              bool              `json:"stream"`
	StreamOptions       *chatStreamOpts   `json:"stream_options"`
	Tools               []json.RawMessage `json:"tools"`
	ToolChoice          json.RawMessage   `json:"tool_choice"`
	ResponseFormat      *chatFormat       `json:"response_format"`
	MaxTokens           *int              `json:"max_tokens"`
	MaxCompletionTokens *int              `json:"max_completion_tokens"`
	Temperature         *float64          `json:"temperature"`
	TopP                *float64          `json:"top_p"`
	PresencePenalty     *float64          `json:"presence_penalty"`
	FrequencyPenalty    *float64          `json:"frequency_penalty"`
	ReasoningEffort     string            `json:"reasoning_effort"`
	Verbosity           string            `json:"verbosity"`
	Stop                json.RawMessage   `json:"stop"`
	N                   *int              `json:"n"`
	Modalities          []string          `json:"modalities"`
	ServiceTier         string            `json:"service_tier"`
	User                string            `json:"user"`
	SafetyIdentifier    string            `json:"safety_identifier"`
	Metadata            map[string]string `json:"metadata"`
	Functions           json.RawMessage   `json:"functions"`
	FunctionCall        json.RawMessage   `json:"function_call"`
}

type chatStreamOpts struct {
	IncludeUsage       bool  `json:"include_usage"`
	IncludeObfuscation *bool `json:"include_obfuscation"`
}

type chatFormat struct {
	Type       string `json:"type"`
	JSONSchema *struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Schema      json.RawMessage `json:"schema"`
		Strict      *bool           `json:"strict"`
	} `json:"json_schema"`
}

// chatMessage is one entry of messages.
type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Name       string          `json:"name"`
	Refusal    *string         `json:"refusal"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string  `json:"name"`
			Arguments *string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

const chatKeys = `messages model store metadata modalities verbosity reasoning_effort max_completion_tokens max_tokens frequency_penalty
	presence_penalty web_search_options top_logprobs logprobs response_format audio stop stream stream_options n seed logit_bias prediction
	tools tool_choice parallel_tool_calls function_call functions temperature top_p user safety_identifier prompt_cache_key
	prompt_cache_options prompt_cache_retention service_tier moderation`

// chat is POST /v1/chat/completions.
func (p *reply) chat() {
	body, ok := p.readJSON()
	if !ok {
		return
	}
	c, req, bad := decodeChat(body)
	p.rec.learn(req)
	if p.overloaded(req.Model) {
		return
	}
	p.guarded(req, func() {
		if bad == nil {
			bad = c.check(req, p.sim)
		}
		if bad != nil {
			p.refuse(bad)
			return
		}
		p.answerChat(c, req)
	})
}

// decodeChat reads the body. As with decodeRequest, what can be read is in the
// request even beside an error.
func decodeChat(body []byte) (*chatRequest, *request, *apiError) {
	c, no := &chatRequest{}, false
	r := &request{body: body, Store: &no}
	if json.Unmarshal(body, &r.fields) != nil {
		return c, r, unreadableJSON()
	}
	var bad *apiError
	if err := json.Unmarshal(body, c); err != nil {
		bad = typeError("", err)
	}
	r.Model, r.Stream, r.Metadata, r.ServiceTier = c.Model, c.Stream, c.Metadata, c.ServiceTier
	r.SafetyIdentifier = orDefault(c.SafetyIdentifier, c.User)
	r.Temperature, r.TopP, r.Reasoning.Effort = c.Temperature, c.TopP, c.ReasoningEffort
	if c.StreamOptions != nil {
		r.StreamOptions.IncludeObfuscation = c.StreamOptions.IncludeObfuscation
	}
	for i, raw := range c.Messages {
		if err := r.addMessage(raw, fmt.Sprintf("messages[%d]", i)); err != nil && bad == nil {
			bad = err
		}
	}
	r.Input = r.fields["messages"] // for the token count
	for i, raw := range c.Tools {
		if err := r.addChatTool(raw, fmt.Sprintf("tools[%d]", i)); err != nil && bad == nil {
			bad = err
		}
	}
	r.Tools = c.Tools
	if f := c.ResponseFormat; f != nil {
		r.Text.Format = &textFormat{Type: f.Type}
		if s := f.JSONSchema; s != nil {
			r.Text.Format = &textFormat{Type: f.Type, Name: s.Name, Description: s.Description, Schema: s.Schema, Strict: s.Strict}
		}
	}
	r.ToolChoice = c.ToolChoice
	var choice struct {
		Type     string                `json:"type"`
		Function struct{ Name string } `json:"function"`
	}
	if json.Unmarshal(c.ToolChoice, &choice) == nil && choice.Type == "function" {
		r.ToolChoice = appendObject(nil, []field{{"type", "function"}, {"name", choice.Function.Name}})
	}
	r.digest()
	return c, r, bad
}

// addMessage turns one message into items.
func (r *request) addMessage(raw json.RawMessage, param string) *apiError {
	var m chatMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return typeError(param, err)
	}
	keys := map[string]string{
		"system": "role content name", "developer": "role content name", "user": "role content name",
		"assistant": "role content name refusal tool_calls audio function_call", "tool": "role content tool_call_id",
	}[m.Role]
	if keys == "" {
		return oneOf(param+".role", m.Role, "system", "assistant", "user", "tool", "developer")
	}
	// Servers give out more than they take (reasoning, annotations), and clients
	// send the whole message back.
	if m.Role == "assistant" {
		keys += " annotations"
	}
	if err := onlyKeys(param, raw, keys); err != nil {
		return err
	}
	content, text, err := chatContent(m, param)
	switch {
	case err != nil:
		return err
	case m.Role == "tool" && m.ToolCallID == "":
		return badRequest("missing_required_parameter", param+".tool_call_id", "Missing required parameter: '"+param+".tool_call_id'.")
	case m.Role == "tool":
		r.items = append(r.items, inputItem{raw: raw, text: text, Type: "function_call_output", CallID: m.ToolCallID, Output: content})
		return nil
	case !isSet(m.Content) && m.Role == "assistant" && len(m.ToolCalls) == 0 && m.Refusal == nil:
		return badRequest("invalid_type", param+".content", "Invalid value for 'content': expected a string, got null.")
	}
	if isSet(m.Content) || m.Role != "assistant" {
		r.items = append(r.items, inputItem{raw: raw, text: text, Type: "message", Role: m.Role, Content: content})
	}
	for i, call := range m.ToolCalls {
		at := fmt.Sprintf("%s.tool_calls[%d]", param, i)
		switch {
		case call.ID == "":
			return badRequest("missing_required_parameter", at+".id", "Missing required parameter: '"+at+".id'.")
		case call.Type != "function":
			return oneOf(at+".type", call.Type, "function")
		case call.Function.Name == "" || call.Function.Arguments == nil:
			return badRequest("missing_required_parameter", at+".function", "Missing required parameter: '"+at+".function.name' or '"+at+".function.arguments'.")
		}
		r.items = append(r.items, inputItem{raw: raw, Type: "function_call", CallID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
	}
	return nil
}

// chatContent turns content into the parts of the Responses API.
func chatContent(m chatMessage, param string) (content json.RawMessage, text string, bad *apiError) {
	if !isSet(m.Content) {
		if m.Role == "assistant" {
			return nil, "", nil
		}
		return nil, "", badRequest("invalid_type", param+".content", "Invalid value for 'content': expected a string, got null.")
	}
	if json.Unmarshal(m.Content, &text) == nil {
		return m.Content, text, nil
	}
	var parts []struct {
		Type     string  `json:"type"`
		Text     *string `json:"text"`
		Refusal  *string `json:"refusal"`
		ImageURL *struct {
			URL    string `json:"url"`
			Detail string `json:"detail"`
		} `json:"image_url"`
		File *struct {
			FileID   string `json:"file_id"`
			FileData string `json:"file_data"`
			Filename string `json:"filename"`
		} `json:"file"`
	}
	if err := json.Unmarshal(m.Content, &parts); err != nil || len(parts) == 0 {
		return nil, "", badRequest("invalid_type", param+".content", "Invalid type for '"+param+".content': expected one of a string or array of objects.")
	}
	allowed := map[string][]string{"user": {"text", "image_url", "input_audio", "file"}, "assistant": {"text", "refusal"}}[m.Role]
	if allowed == nil {
		allowed = []string{"text"}
	}
	var texts []string
	var out []json.RawMessage
	for i, part := range parts {
		at := fmt.Sprintf("%s.content[%d]", param, i)
		if err := oneOf(at+".type", part.Type, allowed...); err != nil {
			return nil, "", err
		}
		as := contentPart{Type: "input_text", Text: part.Text}
		switch {
		case part.Type == "input_audio":
			return nil, "", badRequest("unsupported_value", at+".type", "The simulator does not listen: audio input is not simulated.")
		case part.Type == "refusal":
			as = contentPart{Type: "refusal", Refusal: part.Refusal}
		case part.Type == "image_url" && part.ImageURL != nil:
			as = contentPart{Type: "input_image", ImageURL: part.ImageURL.URL, Detail: part.ImageURL.Detail}
		case part.Type == "file" && part.File != nil:
			as = contentPart{Type: "input_file", FileID: part.File.FileID, FileData: part.File.FileData, Filename: part.File.Filename}
		case part.Type != "text":
			return nil, "", badRequest("missing_required_parameter", at+"."+part.Type, "Missing required parameter: '"+at+"."+part.Type+"'.")
		}
		if err := as.check(at); err != nil {
			return nil, "", err
		}
		if part.Text != nil {
			texts = append(texts, *part.Text)
		}
		fields := []field{{"type", as.Type}}
		for _, f := range []field{{"image_url", as.ImageURL}, {"file_id", as.FileID}, {"file_data", as.FileData}, {"filename", as.Filename}} {
			if f.value != "" {
				fields = append(fields, f)
			}
		}
		out = append(out, appendObject(nil, fields))
	}
	return appendJSON(nil, out), strings.Join(texts, "\n"), nil
}

func (r *request) addChatTool(raw json.RawMessage, param string) *apiError {
	var t struct {
		Type     string `json:"type"`
		Function struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
			Strict     *bool           `json:"strict"`
		} `json:"function"`
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return typeError(param, err)
	}
	r.tools = append(r.tools, tool{Type: t.Type, Name: t.Function.Name, Parameters: t.Function.Parameters, Strict: t.Function.Strict})
	switch {
	case t.Type == "custom":
		return badRequest("unsupported_value", param+".type", "The simulator has no custom tools in chat completions: use the Responses API.")
	case t.Type != "function":
		return oneOf(param+".type", t.Type, "function", "custom")
	case t.Function.Name == "":
		return badRequest("missing_required_parameter", param+".function.name", "Missing required parameter: '"+param+".function.name'.")
	case !validName(t.Function.Name):
		return badPattern(param + ".function.name")
	}
	if err := onlyKeys(param, raw, "type function"); err != nil {
		return err
	}
	if t.Function.Strict != nil && *t.Function.Strict {
		if why := strictSchema(t.Function.Parameters); why != "" {
			return badRequest("invalid_function_parameters", param+".function.parameters", "Invalid schema for function '"+t.Function.Name+"': "+why)
		}
	}
	return nil
}

// check holds the request to what OpenAI's chat completions accept. It completes
// r.
func (c *chatRequest) check(r *request, s *Sim) *apiError {
	for _, name := range slices.Sorted(maps.Keys(r.fields)) {
		if !slices.Contains(strings.Fields(chatKeys), name) {
			return badRequest("", "", "Unrecognized request argument supplied: "+name)
		}
	}
	switch {
	case r.Model == "":
		return badRequest("", "", "you must provide a model parameter")
	case len(c.Messages) == 0:
		return badRequest("missing_required_parameter", "messages", "Missing required parameter: 'messages'.")
	case isSet(c.Functions) || isSet(c.FunctionCall):
		return badRequest("unsupported_parameter", "functions", "The simulator knows 'tools' and 'tool_choice', not the deprecated 'functions' and 'function_call'.")
	case c.N != nil && *c.N != 1:
		return badRequest("unsupported_value", "n", "The simulator makes one choice: leave out 'n'.")
	case slices.Contains(c.Modalities, "audio"):
		return badRequest("unsupported_value", "modalities", "The simulator does not speak: audio output is not simulated.")
	case c.StreamOptions != nil && !c.Stream:
		return badRequest("", "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	}
	m, ok := s.catalog.find(r.Model)
	if !ok {
		return &apiError{status: 404, Type: "invalid_request_error", Code: "model_not_found", Message: failureMessage("model_not_found", r.Model)}
	}
	r.model = m
	if err := c.checkSampling(r); err != nil {
		return err
	}
	if err := r.checkLimits(); err != nil {
		return err
	}
	if err := r.checkFormat(); err != nil {
		err.Param = strings.Replace(strings.Replace(err.Param, "text.format.type", "response_format.type", 1), "text.format", "response_format.json_schema", 1)
		return err
	}
	if err := r.checkToolChoice(); err != nil {
		return err
	}
	if err := checkToolMessages(c.Messages); err != nil {
		return err
	}
	if err := s.checkKept(r); err != nil {
		return err
	}
	if n := r.tokens(); n > m.context {
		return badRequest("context_length_exceeded", "messages", fmt.Sprintf("This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", m.context, n))
	}
	r.MaxOutputTokens = c.MaxCompletionTokens
	if c.MaxTokens != nil {
		r.MaxOutputTokens = c.MaxTokens
	}
	return nil
}

func (c *chatRequest) checkSampling(r *request) *apiError {
	m := r.model
	effort := orDefault(c.ReasoningEffort, m.effort)
	thinks := m.reasons() && effort != "none"
	unsupported := func(param, more string) *apiError {
		return badRequest("unsupported_parameter", param, "Unsupported parameter: '"+param+"' is not supported with this model."+more)
	}
	onlyDefault := func(param string, v float64) *apiError {
		return badRequest("unsupported_value", param, fmt.Sprintf("Unsupported value: '%s' does not support %v with this model. Only the default (1) value is supported.", param, v))
	}
	limit := c.MaxCompletionTokens
	switch {
	case c.ReasoningEffort != "" && !m.reasons():
		return unsupported("reasoning_effort", "")
	case c.ReasoningEffort != "" && !slices.Contains(m.efforts, effort):
		return badRequest("unsupported_value", "reasoning_effort", fmt.Sprintf("Unsupported value: 'reasoning_effort' does not support '%s' with this model. Supported values are: %s.", effort, quoteList(m.efforts)))
	case m.reasons() && c.MaxTokens != nil:
		return unsupported("max_tokens", " Use 'max_completion_tokens' instead.")
	case c.MaxTokens != nil && c.MaxCompletionTokens != nil:
		return badRequest("", "max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case thinks && c.Temperature != nil && *c.Temperature != 1:
		return onlyDefault("temperature", *c.Temperature)
	case thinks && c.TopP != nil && *c.TopP != 1:
		return onlyDefault("top_p", *c.TopP)
	case thinks && (c.PresencePenalty != nil && *c.PresencePenalty != 0):
		return unsupported("presence_penalty", "")
	case thinks && (c.FrequencyPenalty != nil && *c.FrequencyPenalty != 0):
		return unsupported("frequency_penalty", "")
	case m.reasons() && isSet(c.Stop):
		return unsupported("stop", "")
	case c.Temperature != nil && (*c.Temperature < 0 || *c.Temperature > 2):
		return badRequest("decimal_out_of_range", "temperature", "Invalid 'temperature': expected a value from 0 to 2.")
	}
	if c.MaxTokens != nil {
		limit = c.MaxTokens
	}
	if limit != nil && *limit < 1 {
		return badRequest("integer_below_min_value", "max_tokens", "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1.")
	}
	if limit != nil && *limit > m.maxOut {
		return badRequest("invalid_value", "max_tokens", fmt.Sprintf("max_tokens is too large: %d. This model supports at most %d completion tokens, whereas you provided %[1]d.", *limit, m.maxOut))
	}
	if len(c.stops()) > 4 {
		return badRequest("array_above_max_length", "stop", "Invalid 'stop': array too long. Expected an array with maximum length 4.")
	}
	return nil
}

// stops are the texts before which the answer ends.
func (c *chatRequest) stops() []string {
	var one string
	if json.Unmarshal(c.Stop, &one) == nil && one != "" {
		return []string{one}
	}
	var many []string
	_ = json.Unmarshal(c.Stop, &many) // neither: there are none
	return many
}

// checkToolMessages holds tool messages to their place: right after the call,
// one for each.
func checkToolMessages(messages []json.RawMessage) *apiError {
	var open []string
	unanswered := func() *apiError {
		return badRequest("", "messages", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: "+strings.Join(open, ", "))
	}
	for i, raw := range messages {
		var m chatMessage
		_ = json.Unmarshal(raw, &m) // decodeChat has read it
		if m.Role == "tool" {
			at := slices.Index(open, m.ToolCallID)
			if at < 0 {
				param := fmt.Sprintf("messages[%d].role", i)
				return badRequest("", param, "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")
			}
			open = slices.Delete(open, at, at+1)
			continue
		}
		if len(open) > 0 {
			return unanswered()
		}
		for _, call := range m.ToolCalls {
			open = append(open, call.ID)
		}
	}
	if len(open) > 0 {
		return unanswered()
	}
	return nil
}
