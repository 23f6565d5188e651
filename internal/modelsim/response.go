package modelsim

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// response is OpenAI's Response object. Fields that echo the request keep the
// bytes the client sent.
type response struct {
	ID                 string             `json:"id"`
	Object             string             `json:"object"`
	CreatedAt          json.Number        `json:"created_at"`
	CompletedAt        *json.Number       `json:"completed_at"`
	Status             string             `json:"status"`
	Background         bool               `json:"background"`
	Error              *responseError     `json:"error"`
	IncompleteDetails  *incompleteDetails `json:"incomplete_details"`
	Instructions       json.RawMessage    `json:"instructions"`
	MaxOutputTokens    json.RawMessage    `json:"max_output_tokens"`
	MaxToolCalls       json.RawMessage    `json:"max_tool_calls"`
	Model              string             `json:"model"`
	Output             []json.RawMessage  `json:"output"`
	ParallelToolCalls  json.RawMessage    `json:"parallel_tool_calls"`
	PreviousResponseID json.RawMessage    `json:"previous_response_id"`
	PromptCacheKey     json.RawMessage    `json:"prompt_cache_key"`
	Reasoning          json.RawMessage    `json:"reasoning"`
	SafetyIdentifier   json.RawMessage    `json:"safety_identifier"`
	ServiceTier        string             `json:"service_tier"`
	Store              bool               `json:"store"`
	Temperature        json.RawMessage    `json:"temperature"`
	Text               json.RawMessage    `json:"text"`
	ToolChoice         json.RawMessage    `json:"tool_choice"`
	Tools              json.RawMessage    `json:"tools"`
	TopLogprobs        json.RawMessage    `json:"top_logprobs"`
	TopP               json.RawMessage    `json:"top_p"`
	Truncation         json.RawMessage    `json:"truncation"`
	Usage              *usage             `json:"usage"`
	ToolUsage          json.RawMessage    `json:"tool_usage,omitempty"`
	Moderation         json.RawMessage    `json:"moderation,omitempty"`
	User               json.RawMessage    `json:"user"`
	AccessPrograms     json.RawMessage    `json:"access_programs"`
	Metadata           json.RawMessage    `json:"metadata"`
}

type responseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type incompleteDetails struct {
	Reason string `json:"reason"`
}

type usage struct {
	InputTokens  int `json:"input_tokens"`
	InputDetails struct {
		Cached     int `json:"cached_tokens"`
		CacheWrite int `json:"cache_write_tokens"`
	} `json:"input_tokens_details"`
	OutputTokens  int `json:"output_tokens"`
	OutputDetails struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
	TotalTokens int `json:"total_tokens"`
}

// newResponse is the Response of a request before anything was done for it.
func newResponse(id string, r *request, created json.Number) response {
	echo := func(field, absent string) json.RawMessage {
		if raw, ok := r.fields[field]; ok {
			return raw
		}
		return json.RawMessage(absent)
	}
	effort := "null"
	if r.model.reasons() {
		effort = strconv.Quote(orDefault(r.Reasoning.Effort, r.model.effort))
	}
	summary := "null"
	if r.Reasoning.Summary != "" {
		summary = strconv.Quote(r.Reasoning.Summary)
	}
	return response{
		ID: id, Object: "response", CreatedAt: created, Status: "in_progress", Background: r.Background,
		Instructions: echo("instructions", "null"), MaxOutputTokens: echo("max_output_tokens", "null"), MaxToolCalls: echo("max_tool_calls", "null"),
		Model: r.Model, Output: []json.RawMessage{}, ParallelToolCalls: echo("parallel_tool_calls", "true"),
		PreviousResponseID: echo("previous_response_id", "null"), PromptCacheKey: echo("prompt_cache_key", "null"),
		Reasoning:        json.RawMessage(`{"effort":` + effort + `,"summary":` + summary + `}`),
		SafetyIdentifier: echo("safety_identifier", "null"), ServiceTier: orDefault(r.ServiceTier, "auto"), Store: r.stored(),
		Temperature: echo("temperature", "1.0"), Text: echo("text", `{"format":{"type":"text"},"verbosity":"medium"}`),
		ToolChoice: echo("tool_choice", `"auto"`), Tools: echo("tools", "[]"), TopLogprobs: echo("top_logprobs", "0"), TopP: echo("top_p", "1.0"),
		Truncation: echo("truncation", `"disabled"`), User: echo("user", "null"), AccessPrograms: echo("access_programs", "null"), Metadata: echo("metadata", "{}"),
	}
}

// usedTier is the service tier that a finished response names.
func usedTier(asked string) string {
	switch asked {
	case "auto":
		return "default"
	case "fast":
		return "priority"
	}
	return asked
}

// stamp is a Unix time as created_at has it.
func stamp(t time.Time, float bool) json.Number {
	s := strconv.FormatInt(t.Unix(), 10)
	if float {
		s += "." + strconv.Itoa(10+t.Nanosecond()/int(time.Millisecond)%90)
	}
	return json.Number(s)
}

// field is one key of an event, in wire order.
type field struct {
	name  string
	value any
}

// appendJSON appends v as JSON without HTML escapes, which OpenAI does not use.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case json.RawMessage:
		if v == nil {
			return append(b, "null"...)
		}
		return append(b, v...)
	case []field:
		return appendObject(b, v)
	}
	w := sliceWriter{b}
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("modelsim: a wire type does not marshal: " + err.Error())
	}
	return w.b[:len(w.b)-1] // Encode ends with a newline
}

func appendObject(b []byte, fields []field) []byte {
	b = append(b, '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, f.name)
		b = append(b, ':')
		b = appendJSON(b, f.value)
	}
	return append(b, '}')
}

type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// appendString appends s as a JSON string, other bytes than UTF-8 as U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // RuneError for a bad byte
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
