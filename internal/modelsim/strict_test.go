package modelsim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/modelsim"
)

type refusal struct {
	Error struct {
		Message string
		Type    string
		Param   *string
		Code    *string
	}
}

func (r refusal) String() string {
	s := func(p *string) string {
		if p == nil {
			return "null"
		}
		return *p
	}
	return s(r.Error.Param) + " " + s(r.Error.Code)
}

const (
	// pixel is a PNG of one gray pixel.
	pixel  = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
	callIn = `{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}`
	answer = `{"type":"function_call_output","call_id":"c1","output":"ok"}`
	user   = `{"role":"user","content":"x"}`
)

func part(p string) string { return `"input":[{"role":"user","content":[` + p + `]}]` }

// TestStrict lists what must be refused, each with the param and the code of
// the error body and a piece of its message.
func TestStrict(t *testing.T) {
	b := start(t, modelsim.Options{})
	long := strings.Repeat("é", 600)
	many := map[string]string{}
	for i := range 17 {
		many[fmt.Sprint("k", i)] = "v"
	}
	tooMany, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	strict := func(schema string) string {
		return `"tools":[{"type":"function","name":"f","strict":true,"parameters":` + schema + `}]`
	}
	for name, c := range map[string]struct {
		fields  string // replaces the input unless it has none
		status  int
		want    string
		message string
	}{
		"unknown field":             {`"temprature":1`, 400, "temprature unknown_parameter", "Unknown parameter: 'temprature'."},
		"unknown nested field":      {`"reasoning":{"efort":"low"}`, 400, "reasoning.efort unknown_parameter", ""},
		"unknown item field":        {`"input":[{"role":"user","content":"x","name":"bob"}]`, 400, "input[0].name unknown_parameter", ""},
		"unknown model":             {`"model":"gpt-9"`, 404, "null model_not_found", "`gpt-9` does not exist"},
		"model that is gone":        {`"model":"gpt-5"`, 404, "null model_not_found", ""},
		"no model":                  {`"model":""`, 400, "model missing_required_parameter", ""},
		"wrong type":                {`"temperature":"hot"`, 400, "temperature invalid_type", ""},
		"previous and conversation": {`"previous_response_id":"resp_1","conversation":"conv_1"`, 400, "previous_response_id mutually_exclusive_parameters", ""},
		"unknown previous":          {`"previous_response_id":"resp_nope"`, 400, "previous_response_id previous_response_not_found", "not found"},
		"conversation":              {`"conversation":"conv_1"`, 404, "conversation null", ""},
		"background unstored":       {`"background":true,"store":false`, 400, "background null", "'store'"},
		"no input":                  {`"input":null`, 400, "input missing_required_parameter", ""},
		"empty input":               {`"input":[]`, 400, "input empty_array", ""},
		"call without output":       {`"input":[` + user + `,` + callIn + `]`, 400, "input null", "No tool output found for function call c1."},
		"output without call":       {`"input":[` + user + `,` + answer + `]`, 400, "input null", "No tool call found for function call output with call_id c1."},
		"output before call":        {`"input":[` + user + `,` + answer + `,` + callIn + `]`, 400, "input null", "No tool call found"},
		"output twice":              {`"input":[` + user + `,` + callIn + `,` + answer + `,` + answer + `]`, 400, "input null", "Duplicate tool output"},
		"duplicate ids":             {`"input":[{"id":"msg_1","role":"user","content":"x"},{"id":"msg_1","role":"user","content":"y"}]`, 400, "input null", "Duplicate item found with id msg_1"},
		"wrong id prefix":           {`"input":[{"id":"abc","role":"user","content":"x"}]`, 400, "input[0].id invalid_value", "begins with 'msg'"},
		"unknown item type":         {`"input":[{"type":"gossip"}]`, 400, "input[0] invalid_value", ""},
		"unknown role":              {`"input":[{"role":"boss","content":"x"}]`, 400, "input[0].role invalid_value", ""},
		"user phase":                {`"input":[{"role":"user","phase":"final_answer","content":"x"}]`, 400, "input[0].phase unknown_parameter", ""},
		"no content":                {`"input":[{"role":"user"}]`, 400, "input[0].content missing_required_parameter", ""},
		"reference to nothing":      {`"input":[` + user + `,{"type":"item_reference","id":"msg_77"}]`, 404, "input null", "not persisted"},
		"reasoning unstored":        {`"input":[{"type":"reasoning","id":"rs_1","summary":[]},{"role":"assistant","content":"x"}]`, 404, "input null", "not persisted"},
		"forged reasoning":          {`"input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAAAx"},{"role":"assistant","content":"x"}]`, 400, "input[0].encrypted_content invalid_encrypted_content", ""},
		"empty text part":           {part(`{"type":"input_text","text":""}`), 400, "input[0].content[0].text missing_required_parameter", ""},
		"output_text from the user": {part(`{"type":"output_text","text":"x"}`), 400, "input[0].content[0].type invalid_value", "'input_text'"},
		"input_text from assistant": {`"input":[{"role":"assistant","content":[{"type":"input_text","text":"x"}]}]`, 400, "input[0].content[0].type invalid_value", "'output_text' and 'refusal'"},
		"image without source":      {part(`{"type":"input_image","detail":"auto"}`), 400, "input[0].content[0].image_url missing_required_parameter", ""},
		"image bad base64":          {part(`{"type":"input_image","image_url":"data:image/png;base64,%%"}`), 400, "input[0].content[0].image_url invalid_base64_image", ""},
		"image not a picture":       {part(`{"type":"input_image","image_url":"data:image/png;base64,aGVsbG8="}`), 400, "input[0].content[0].image_url invalid_image_format", ""},
		"image empty":               {part(`{"type":"input_image","image_url":"data:image/png;base64,"}`), 400, "input[0].content[0].image_url empty_image_file", ""},
		"image detail":              {part(`{"type":"input_image","detail":"huge","image_url":"data:image/png;base64,` + pixel + `"}`), 400, "input[0].content[0].detail invalid_value", ""},
		"file without source":       {part(`{"type":"input_file","filename":"a.pdf"}`), 400, "input[0].content[0].file_data missing_required_parameter", ""},
		"file not a data URL":       {part(`{"type":"input_file","filename":"a.pdf","file_data":"JVBERi0="}`), 400, "input[0].content[0].file_data invalid_value", ""},
		"strict open object":        {strict(`{"type":"object","properties":{},"required":[]}`), 400, "tools[0].parameters invalid_function_parameters", "additionalProperties"},
		"strict optional property":  {strict(`{"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false}`), 400, "tools[0].parameters invalid_function_parameters", "Missing 'a'"},
		"strict nested open object": {strict(`{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{}}}},"required":["a"],"additionalProperties":false}`), 400, "tools[0].parameters invalid_function_parameters", "In context=(properties, a, items)"},
		"strict without schema":     {strict(`null`), 400, "tools[0].parameters invalid_function_parameters", ""},
		"format open object":        {`"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":{}}}}`, 400, "text.format.schema invalid_json_schema", ""},
		"format name":               {`"text":{"format":{"type":"json_schema","name":"a b","schema":{"type":"object"}}}`, 400, "text.format.name invalid_value", ""},
		"tool name":                 {`"tools":[{"type":"function","name":"get.weather"}]`, 400, "tools[0].name invalid_value", "'^[a-zA-Z0-9_-]{1,64}$'"},
		"tool name too long":        {`"tools":[{"type":"function","name":"` + strings.Repeat("a", 65) + `"}]`, 400, "tools[0].name invalid_value", ""},
		"tool type":                 {`"tools":[{"type":"hammer"}]`, 400, "tools[0].type invalid_value", ""},
		"tool field":                {`"tools":[{"type":"function","name":"f","function":{}}]`, 400, "tools[0].function unknown_parameter", ""},
		"choice of no tool":         {`"tool_choice":{"type":"function","name":"f"}`, 400, "tool_choice null", "not found in 'tools'"},
		"choice required no tools":  {`"tool_choice":"required"`, 400, "tool_choice null", ""},
		"17 metadata":               {`"metadata":` + string(tooMany), 400, "metadata object_above_max_properties", ""},
		"metadata key":              {`"metadata":{"` + long[:130] + `":"v"}`, 400, "metadata string_above_max_length", "65"},
		"metadata value":            {`"metadata":{"k":"` + long[:1026] + `"}`, 400, "metadata.k string_above_max_length", "513"},
		"metadata number":           {`"metadata":{"k":1}`, 400, "metadata invalid_type", ""},
		"safety_identifier":         {`"safety_identifier":"` + long[:258] + `"`, 400, "safety_identifier string_above_max_length", "129"},
		"temperature and effort":    {`"temperature":0.5`, 400, "temperature unsupported_parameter", ""},
		"effort of the model":       {`"model":"gpt-6-astra","reasoning":{"effort":"none"}`, 400, "reasoning.effort unsupported_value", "'low'"},
		"effort of no model":        {`"reasoning":{"effort":"heroic"}`, 400, "reasoning.effort unsupported_value", ""},
		"effort without reasoning":  {`"model":"gpt-4o","reasoning":{"effort":"low"}`, 400, "reasoning.effort unsupported_parameter", ""},
		"max_output_tokens":         {`"max_output_tokens":15`, 400, "max_output_tokens integer_below_min_value", ">= 16"},
		"include":                   {`"include":["everything"]`, 400, "include[0] invalid_value", ""},
		"service tier":              {`"service_tier":"first"`, 400, "service_tier invalid_value", ""},
		"verbosity":                 {`"text":{"verbosity":"chatty"}`, 400, "text.verbosity invalid_value", ""},
		"context length":            {`"model":"sim-small","input":"` + strings.Repeat("word ", 8000) + `"`, 400, "input context_length_exceeded", "context window"},
	} {
		body := `{` + c.fields
		if !strings.Contains(c.fields, `"input"`) {
			body += `,"input":"x"`
		}
		if !strings.Contains(c.fields, `"model"`) {
			body += `,"model":"gpt-6-luna"`
		}
		for _, stream := range []string{"false", "true"} {
			code, got, h := b.call("POST", "/responses", body+`,"stream":`+stream+`}`)
			var r refusal
			if err := json.Unmarshal([]byte(got), &r); err != nil {
				t.Errorf("%s: %d %s", name, code, got)
				continue
			}
			if code != c.status || r.String() != c.want || !strings.Contains(r.Error.Message, c.message) || r.Error.Type != "invalid_request_error" {
				t.Errorf("%s: %d %q %q", name, code, r, r.Error.Message)
			}
			if h.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %s", name, h.Get("Content-Type"))
			}
		}
	}
}

// TestStrictAccepts is the other half: what is right must pass.
func TestStrictAccepts(t *testing.T) {
	b := start(t, modelsim.Options{})
	for name, fields := range map[string]string{
		"everything": `"instructions":"be kind","store":false,"stream_options":{"include_obfuscation":false},"include":["reasoning.encrypted_content"],
			"reasoning":{"effort":"high","summary":"auto","context":"auto"},"text":{"verbosity":"low","format":{"type":"text"}},"tools":[{"type":"web_search","user_location":{"type":"approximate"}},
			{"type":"function","name":"f","description":"d","strict":true,"parameters":{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"],"additionalProperties":false}},{"type":"custom","name":"c","format":{"type":"text"}}],
			"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]},"parallel_tool_calls":false,"max_tool_calls":3,"max_output_tokens":4096,"top_p":1,"truncation":"auto","prompt_cache_key":"k",
			"prompt_cache_options":{"mode":"implicit"},"safety_identifier":"u","service_tier":"flex","metadata":{"turn_id":"1"},"input":"x"`,
		"temperature without effort": `"temperature":0,"reasoning":{"effort":"none"},"input":"x"`,
		"old model with temperature": `"model":"gpt-4.1","temperature":1.5,"input":"x"`,
		"pictures and files":         part(`{"type":"input_text","text":"look"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,` + pixel + `"},{"type":"input_image","image_url":"https://example.com/a.png"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}`),
		"a tool round":               `"input":[` + user + `,` + callIn + `,{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"ok"}]}]`,
		"replayed assistant":         `"input":[` + user + `,{"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"final_answer","content":[{"type":"output_text","text":"hi","annotations":[],"logprobs":[]}]},` + user + `]`,
	} {
		if !strings.Contains(fields, `"model"`) {
			fields += `,"model":"gpt-6-luna"`
		}
		if code, body, _ := b.call("POST", "/responses", `{`+fields+`}`); code != 200 {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}

// TestStatelessReplay plays a tool loop the way the assistant does: every output
// item goes back verbatim. Then it breaks the replay in the ways that must be
// caught.
func TestStatelessReplay(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{AfterTool: "none"}, Items: []modelsim.Item{{Type: "reasoning", Text: "I need the weather."}, {Type: "function_call", Name: "get_weather"}}})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{AfterTool: "get_weather"}, Text: "It is {{tool}}."})
	_, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","store":false,"input":"Oslo?",`+weather+`}`)
	var first struct{ Output []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &first); err != nil || len(first.Output) != 2 {
		t.Fatal(body)
	}
	call := parse(t, body).Output[1]
	reasoning, function := string(first.Output[0]), string(first.Output[1])
	output := `{"type":"function_call_output","call_id":"` + call.CallID + `","output":"cold"}`
	replay := func(items ...string) (int, string) {
		code, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","store":false,"input":[{"role":"user","content":"Oslo?"},`+strings.Join(items, ",")+`],`+weather+`}`)
		return code, body
	}
	if code, body := replay(reasoning, function, output); code != 200 || parse(t, body).text() != "It is cold." {
		t.Errorf("a faithful replay: %d %s", code, body)
	}
	changed := strings.Replace(reasoning, "gAAAAA", "gAAAAB", 1)
	for name, items := range map[string][]string{
		"changed reasoning":       {changed, function, output},
		"reasoning at the end":    {function, output, reasoning},
		"reasoning before output": {function, reasoning, output},
	} {
		if code, body := replay(items...); code != 400 {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}

func TestPreviousResponse(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{AfterTool: "none"}, Shape: "S3"})
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{AfterTool: "any"}, Text: "{{count}} user messages, newest {{last}}"})
	_, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","input":"Oslo?",`+weather+`}`)
	first := parse(t, body)
	if code, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","previous_response_id":"`+first.ID+`","input":"go on"}`); code != 400 || !strings.Contains(body, "No tool output found") {
		t.Errorf("an unanswered call: %d %s", code, body)
	}
	code, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","previous_response_id":"`+first.ID+`","input":[{"type":"function_call_output","call_id":"`+first.Output[0].CallID+`","output":"cold"}]}`)
	if code != 200 || parse(t, body).text() != "1 user messages, newest Oslo?" {
		t.Error(code, body)
	}
}

func TestAuthAndUnknownPaths(t *testing.T) {
	b := start(t, modelsim.Options{Key: "sk-right-one"})
	for _, c := range []struct {
		key    string
		status int
		want   string
	}{
		{"", 401, "You didn't provide an API key"},
		{"Bearer ", 401, "You didn't provide an API key"},
		{"Bearer sk-wrong-one", 401, "Incorrect API key provided: sk-w***e."},
		{"Bearer sk-right-one", 200, "sim-fast"},
	} {
		code, body, h := b.call("GET", "/models", "", "Authorization", c.key)
		if code != c.status || !strings.Contains(body, c.want) || h.Get("X-Request-Id") == "" {
			t.Errorf("%q: %d %s", c.key, code, body)
		}
	}
	key := []string{"Authorization", "Bearer sk-right-one"}
	for _, c := range []struct{ method, path, want string }{
		{"POST", "/x", "Invalid URL (POST /v1/x)"},
		{"GET", "/responses", "Invalid URL (GET /v1/responses)"},
		{"GET", "/responsesx", "Invalid URL (GET /v1/responsesx)"},
		{"POST", "/embeddings", "Invalid URL (POST /v1/embeddings)"},
		{"GET", "/models/gpt-9", "The model 'gpt-9' does not exist"},
		{"GET", "/responses/resp_1", "Response with id 'resp_1' not found."},
	} {
		if code, body, _ := b.call(c.method, c.path, "", key...); code != 404 || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, code, body)
		}
	}
	if code, body, _ := b.call("POST", "/responses", `{"model":`, key...); code != 400 || !strings.Contains(body, "could not parse the JSON body") {
		t.Error(code, body)
	}
	if code, _, _ := b.call("POST", "/responses", ask("", "x"), append(key, "Content-Type", "text/plain")...); code != 415 {
		t.Error(code)
	}
}

func TestHeaders(t *testing.T) {
	b := start(t, modelsim.Options{})
	for _, stream := range []string{"true", "false"} {
		_, _, h := b.call("POST", "/responses", `{"model":"sim-fast","input":"x","stream":`+stream+`}`)
		for _, name := range strings.Fields("X-Request-Id Openai-Processing-Ms X-Ratelimit-Limit-Requests X-Ratelimit-Limit-Tokens X-Ratelimit-Remaining-Requests X-Ratelimit-Remaining-Tokens X-Ratelimit-Reset-Requests X-Ratelimit-Reset-Tokens") {
			if h.Get(name) == "" {
				t.Errorf("stream %s: no %s", stream, name)
			}
		}
		if h.Get("Openai-Version") != "2020-10-01" || h.Get("Cache-Control") != "no-cache" {
			t.Error(h)
		}
	}
}

func TestInputTokens(t *testing.T) {
	b := start(t, modelsim.Options{})
	count := func(body string) int {
		code, got, _ := b.call("POST", "/responses/input_tokens", body)
		var r struct {
			Object string
			N      int `json:"input_tokens"`
		}
		if err := json.Unmarshal([]byte(got), &r); err != nil || code != 200 || r.Object != "response.input_tokens" {
			t.Fatal(code, got)
		}
		return r.N
	}
	small, large := count(`{"model":"gpt-6-luna","input":"x"}`), count(`{"model":"gpt-6-luna","input":"`+strings.Repeat("word ", 80)+`"}`)
	if small < 1 || large < small+90 {
		t.Error(small, large)
	}
	_, body, _ := b.call("POST", "/responses", `{"model":"gpt-6-luna","input":"`+strings.Repeat("word ", 80)+`"}`)
	if got := parse(t, body).Usage.Input; got != large {
		t.Errorf("counted %d, used %d", large, got)
	}
	if code, _, _ := b.call("POST", "/responses/input_tokens", `{"inptu":"x"}`); code != 400 {
		t.Error(code)
	}
}

func TestUsageKnowsACachedPrefix(t *testing.T) {
	b := start(t, modelsim.Options{})
	body := func(n int) string {
		return fmt.Sprintf(`{"model":"gpt-6-luna","instructions":"%s","input":"question %d"}`, strings.Repeat("long rules ", 800), n)
	}
	cached := func(n int) int {
		_, got, _ := b.call("POST", "/responses", body(n))
		return parse(t, got).Usage.Details.Cached
	}
	if a, b := cached(1), cached(2); a != 0 || b < 2000 {
		t.Errorf("first %d, then %d cached tokens", a, b)
	}
}

func TestRPMIsEnforced(t *testing.T) {
	b := start(t, modelsim.Options{RPM: 2})
	var got []int
	var header string
	for range 3 {
		code, _, h := b.call("GET", "/models", "")
		got, header = append(got, code), h.Get("Retry-After")
	}
	if got[0] != 200 || got[1] != 200 || got[2] != 429 || header == "" {
		t.Error(got, header)
	}
}

func TestMaxConcurrent(t *testing.T) {
	b := start(t, modelsim.Options{MaxConcurrent: 1})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{First: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultStall, After: 2}})
	_, r := b.open(b.ctx, "POST", "/responses", ask("", "x"))
	if _, err := r.next(); err != nil {
		t.Fatal(err)
	}
	if code, body, _ := b.call("POST", "/responses", ask("", "x")); code != 429 || !strings.Contains(body, "slow_down") {
		t.Error(code, body)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(`{"model":"sim-fast","input":[{"role":"user","content":[{"type":"input_text","text":"[[sim shape=S4]] x"}]}],"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}}],"tool_choice":"required"}`)
	f.Add(`{"model":"sim-fast","input":[{"type":"reasoning","id":"rs_1","summary":[]},` + callIn + `,` + answer + `]}`)
	f.Add(`{"model":"gpt-6-luna","input":"x","text":{"format":{"type":"json_schema","name":"n","schema":{"anyOf":[{"type":"array","minItems":9}]}}}}`)
	f.Add(`{"input":7,"stream":"yes"}`)
	sim := modelsim.New(modelsim.Options{})
	f.Cleanup(func() { sim.Close() })
	h := sim.Handler()
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "[[sim") || strings.Contains(body, "sim-slow") || strings.Contains(body, "sim-hang") {
			t.Skip("may wait for ever on purpose")
		}
		code, got := record(h, body)
		if code != 200 && code != 400 && code != 404 && code != 503 {
			t.Errorf("%d %s", code, got)
		}
		if code != 200 && !json.Valid([]byte(got)) {
			t.Errorf("%d %s", code, got)
		}
	})
}

func FuzzDirective(f *testing.F) {
	for _, s := range []string{`shape=S4 fault=F6 after=12 for=30s ttft=2s`, `text="two words" p=0.5`, `dialect=done,crlf`, `=`, `a="`, `fault=f12 status=502 first=1`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := modelsim.ParseDirective(s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "sim directive: ") {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if d.Fault != nil && (d.Fault.Kind == "" || d.Fault.For < 0) {
			t.Errorf("%q: %+v", s, d.Fault)
		}
	})
}
