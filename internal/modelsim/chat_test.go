package modelsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	openai "github.com/openai/openai-go/v3"

	"holdfast/internal/modelsim"
)

const chatTool = `"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`

type chatMessage struct {
	Role, Content, Refusal string
	ToolCalls              []struct {
		Index    int
		ID, Type string
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
}

type chatReply struct {
	ID, Object, Model string
	Choices           []struct {
		Message      chatMessage
		Delta        chatMessage
		FinishReason string `json:"finish_reason"`
	}
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
	}
}

func chatBody(fields, content string) string {
	c, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	return `{"model":"sim-fast","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":` + string(c) + `}]` + strings.TrimSuffix(","+fields, ",") + `}`
}

// chunks posts a streamed chat request and joins what came.
func (b *bench) chunks(body string) (all []chatReply, joined chatMessage, finish string, err error) {
	b.Helper()
	_, r := b.open(b.ctx, "POST", "/chat/completions", body)
	for {
		e, err := r.next()
		if err != nil {
			return all, joined, finish, err
		}
		if e.name != "" {
			b.Errorf("a chunk with the event line %q", e.name)
		}
		if e.data == "[DONE]" {
			_, err := r.next()
			return all, joined, finish, err
		}
		var c chatReply
		if err := json.Unmarshal([]byte(e.data), &c); err != nil {
			b.Fatalf("%v: %s", err, e.data)
		}
		all = append(all, c)
		for _, ch := range c.Choices {
			joined.Role += ch.Delta.Role
			joined.Content += ch.Delta.Content
			joined.Refusal += ch.Delta.Refusal
			for _, call := range ch.Delta.ToolCalls {
				for len(joined.ToolCalls) <= call.Index {
					joined.ToolCalls = append(joined.ToolCalls, call)
				}
				joined.ToolCalls[call.Index].Function.Arguments += call.Function.Arguments
			}
			finish += ch.FinishReason
		}
	}
}

func TestChatPlainAndStreamed(t *testing.T) {
	b := start(t, modelsim.Options{})
	status, body, h := b.call("POST", "/chat/completions", chatBody("", "hello tide"))
	var whole chatReply
	if err := json.Unmarshal([]byte(body), &whole); err != nil || status != 200 || h.Get("X-Request-Id") == "" {
		t.Fatalf("%d %s", status, body)
	}
	m := whole.Choices[0]
	if !strings.HasPrefix(whole.ID, "chatcmpl-") || whole.Object != "chat.completion" || m.FinishReason != "stop" || m.Message.Role != "assistant" || !strings.HasPrefix(m.Message.Content, "You said: hello tide\n") || whole.Usage.Total != whole.Usage.Prompt+whole.Usage.Completion {
		t.Errorf("%s", body)
	}
	all, joined, finish, err := b.chunks(chatBody(`"stream":true`, "hello tide"))
	if err != io.EOF || joined.Content != m.Message.Content || joined.Role != "assistant" || finish != "stop" || all[0].Usage != nil || all[len(all)-1].Usage != nil {
		t.Errorf("%v %q %q", err, finish, joined.Content)
	}
	all, _, _, _ = b.chunks(chatBody(`"stream":true,"stream_options":{"include_usage":true}`, "hello tide"))
	if end := all[len(all)-1]; end.Usage == nil || len(end.Choices) != 0 || *end.Usage != *whole.Usage {
		t.Errorf("%+v", end)
	}
}

func TestChatToolCalls(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/chat/completions", AfterTool: "none"}, Shape: "S4"})
	_, joined, finish, err := b.chunks(chatBody(`"stream":true,`+chatTool, "weather?"))
	if err != io.EOF || finish != "tool_calls" || len(joined.ToolCalls) != 3 {
		t.Fatalf("%v %q %+v", err, finish, joined)
	}
	messages := `{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[`
	answers := ""
	for i, c := range joined.ToolCalls {
		var args struct{ City string }
		if err := json.Unmarshal([]byte(c.Function.Arguments), &args); err != nil || args.City == "" || c.Type != "function" || c.Function.Name != "get_weather" {
			t.Errorf("call %d: %v %+v", i, err, c)
		}
		if i > 0 {
			messages += ","
		}
		a, _ := json.Marshal(c.Function.Arguments)
		messages += `{"id":"` + c.ID + `","type":"function","function":{"name":"get_weather","arguments":` + string(a) + `}}`
		answers += `,{"role":"tool","tool_call_id":"` + c.ID + `","content":"sunny"}`
	}
	messages += `]}`
	status, body, _ := b.call("POST", "/chat/completions", `{"model":"sim-fast","messages":[`+messages+answers+`],`+chatTool+`}`)
	if status != 200 || !strings.Contains(body, "The tools answered") || !strings.Contains(body, "sunny") {
		t.Errorf("%d %s", status, body)
	}
	status, body, _ = b.call("POST", "/chat/completions", `{"model":"sim-fast","messages":[`+messages+`],`+chatTool+`}`)
	if status != 400 || !strings.Contains(body, "did not have response messages: call_") {
		t.Errorf("unanswered: %d %s", status, body)
	}
	_, body, _ = b.call("POST", "/chat/completions", chatBody(chatTool, "weather?"))
	if !strings.Contains(body, `"content":null`) || !strings.Contains(body, `"finish_reason":"tool_calls"`) {
		t.Error(body)
	}
}

func TestChatStrict(t *testing.T) {
	b := start(t, modelsim.Options{})
	with := func(model, fields string) string {
		return `{"model":"` + model + `","messages":[{"role":"user","content":"x"}],` + fields + `}`
	}
	messages := func(m string) string { return `{"model":"sim-fast","messages":[` + m + `]}` }
	for body, want := range map[string]string{
		`{"messages":[]}`:                                                         "400 you must provide a model parameter",
		`{"model":"sim-fast"}`:                                                    "400 Missing required parameter: 'messages'.",
		`{"model":"nope","messages":[` + user + `]}`:                              "404 does not exist",
		with("sim-fast", `"color":1`):                                             "400 Unrecognized request argument supplied: color",
		with("gpt-6-luna", `"max_tokens":10`):                                     "400 Use 'max_completion_tokens' instead.",
		with("gpt-6-luna", `"temperature":0.2`):                                   "400 Only the default (1) value is supported.",
		with("gpt-4o", `"reasoning_effort":"low"`):                                "400 'reasoning_effort' is not supported",
		with("gpt-4o", `"temperature":3`):                                         "400 Invalid 'temperature'",
		with("gpt-4o", `"n":2`):                                                   "400 one choice",
		with("gpt-4o", `"max_tokens":0`):                                          "400 Invalid 'max_tokens'",
		with("gpt-4o", `"functions":[]`):                                          "400 deprecated",
		with("gpt-4o", `"stream_options":{"include_usage":true}`):                 "400 only allowed when 'stream'",
		with("gpt-4o", `"tools":[{"type":"function","name":"f"}]`):                "400 'tools[0].function.name'",
		with("gpt-4o", `"tools":[{"type":"function","function":{"name":"a b"}}]`): "400 does not match pattern",
		with("gpt-4o", `"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{}}}]`):             "400 Invalid schema for function 'f'",
		with("gpt-4o", `"response_format":{"type":"json_schema"}`):                                                        "400 response_format.json_schema.name",
		with("gpt-4o", `"tool_choice":"required"`):                                                                        "400 must be specified with 'tools'",
		with("gpt-4o", `"messages":7`):                                                                                    "400 invalid",
		messages(`{"role":"critic","content":"x"}`):                                                                       "400 Invalid value: 'critic'",
		messages(`{"role":"user","content":null}`):                                                                        "400 got null",
		messages(`{"role":"user"}`):                                                                                       "400 got null",
		messages(`{"role":"user","content":"x","mood":"good"}`):                                                           "400 messages[0].mood",
		messages(`{"role":"tool","tool_call_id":"c","content":"x"}`):                                                      "400 must be a response to a preceeding message",
		messages(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}}]}`): "400 valid image",
		messages(`{"role":"user","content":[{"type":"input_text","text":"x"}]}`):                                          "400 Invalid value: 'input_text'",
	} {
		status, got, _ := b.call("POST", "/chat/completions", body)
		code, words, _ := strings.Cut(want, " ")
		if fmt.Sprint(status) != code || !strings.Contains(strings.ToLower(got), strings.ToLower(words)) {
			t.Errorf("%s: %d, want %s\n%s", body, status, want, got)
		}
	}
	for _, ok := range []string{
		with("gpt-4o", `"max_tokens":50,"temperature":0.2,"stop":["dolor"],"user":"u1","seed":7,"logit_bias":{},"metadata":{"a":"b"}`),
		with("gpt-6-luna", `"max_completion_tokens":50,"reasoning_effort":"low","verbosity":"low","temperature":1`),
		messages(`{"role":"developer","content":"be brief"},{"role":"user","name":"ada","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + pixel + `","detail":"low"}}]}`),
		messages(`{"role":"user","content":"a"},{"role":"assistant","content":"b","refusal":null,"annotations":[]},{"role":"user","content":"c"}`),
	} {
		if status, got, _ := b.call("POST", "/chat/completions", ok); status != 200 {
			t.Errorf("%s: %d %s", ok, status, got)
		}
	}
}

func TestChatEnds(t *testing.T) {
	b := start(t, modelsim.Options{})
	for shape, want := range map[string]string{"S15": "length", "S16": "content_filter", "S14": "stop", "S2": "stop", "S5": "tool_calls", "S19": "stop", "S8": "stop", "S20-empty": "stop"} {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "*"}, Shape: shape})
		_, joined, finish, err := b.chunks(chatBody(`"stream":true,`+chatTool, "go"))
		if err != io.EOF || finish != want {
			t.Errorf("%s: %q %v", shape, finish, err)
		}
		_, body, _ := b.call("POST", "/chat/completions", chatBody(chatTool, "go"))
		var whole chatReply
		if err := json.Unmarshal([]byte(body), &whole); err != nil || whole.Choices[0].FinishReason != want || whole.Choices[0].Message.Content != joined.Content || whole.Choices[0].Message.Refusal != joined.Refusal {
			t.Errorf("%s: the stream said %+v, JSON %s", shape, joined, body)
		}
	}
}

func TestChatFaults(t *testing.T) {
	b := start(t, modelsim.Options{})
	rule := func(f modelsim.Fault) {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/chat/completions"}, Fault: &f})
	}
	rule(modelsim.Fault{Kind: modelsim.FaultRateLimit})
	if status, body, _ := b.call("POST", "/chat/completions", chatBody("", "x")); status != 429 || !strings.Contains(body, "rate_limit_exceeded") {
		t.Error(status, body)
	}
	for _, k := range []modelsim.FaultKind{modelsim.FaultFailed, modelsim.FaultErrorEvent} {
		rule(modelsim.Fault{Kind: k, After: 3})
		_, r := b.open(b.ctx, "POST", "/chat/completions", chatBody(`"stream":true`, "x"))
		var seen string
		for {
			e, err := r.next()
			if err != nil {
				if err != io.EOF {
					t.Errorf("%s: %v", k, err)
				}
				break
			}
			seen = e.data
		}
		if !strings.HasPrefix(seen, `{"error":{`) || !strings.Contains(seen, `"code":"server_error"`) {
			t.Errorf("%s: the last chunk is %s", k, seen)
		}
	}
	rule(modelsim.Fault{Kind: modelsim.FaultDrop, After: 2})
	if all, _, _, err := b.chunks(chatBody(`"stream":true`, "x")); !isReset(err) || len(all) != 2 {
		t.Errorf("F7: %d chunks, %v", len(all), err)
	}
	rule(modelsim.Fault{Kind: modelsim.FaultMalformed, After: 2})
	_, r := b.open(b.ctx, "POST", "/chat/completions", chatBody(`"stream":true`, "x"))
	if _, err := r.rest(); err == io.EOF {
		t.Error("F15: nothing was broken")
	}
	rule(modelsim.Fault{Kind: modelsim.FaultFailed, Code: "rate_limit_exceeded"})
	if status, _, _ := b.call("POST", "/chat/completions", chatBody("", "x")); status != 429 {
		t.Error("F13 as JSON:", status)
	}
	// The default path of a rule is still POST /v1/responses alone.
	b.sim.ClearRules()
	b.sim.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: modelsim.FaultReset}})
	if status, _, _ := b.call("POST", "/chat/completions", chatBody("", "x")); status != 200 {
		t.Error(status)
	}
}

func TestChatSDK(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "*"}, Shape: "S5"})
	api := b.official()
	params := openai.ChatCompletionNewParams{
		Model:         "gpt-6-luna",
		Messages:      []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("be kind"), openai.UserMessage("hello")},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	s := api.Chat.Completions.NewStreaming(b.ctx, params)
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		walkExtra(t, "chunk", reflect.ValueOf(s.Current()))
		if !acc.AddChunk(s.Current()) {
			t.Fatal("the chunks do not add up")
		}
	}
	if s.Err() != nil || len(acc.Choices) != 1 || acc.Choices[0].FinishReason != "tool_calls" || len(acc.Choices[0].Message.ToolCalls) != 1 || acc.Usage.TotalTokens == 0 {
		t.Errorf("%v %+v", s.Err(), acc.Choices)
	}
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{}
	res, err := api.Chat.Completions.New(b.ctx, params)
	if err != nil {
		t.Fatal(err)
	}
	walkExtra(t, "chat completion", reflect.ValueOf(*res))
}

func TestChatIsPaced(t *testing.T) {
	b := start(t, modelsim.Options{Timing: modelsim.Timing{FirstToken: 30 * time.Millisecond}})
	before := time.Now()
	if status, _, _ := b.call("POST", "/chat/completions", chatBody("", "x")); status != 200 || time.Since(before) < 30*time.Millisecond {
		t.Error(status, time.Since(before))
	}
}
