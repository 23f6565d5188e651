package modelsim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/modelsim"
)

// hostedItem is an output item as these tests look at it.
type hostedItem struct {
	ID, Type, Status, Code, Name, Arguments, Size, Quality, Background string
	OutputFormat                                                       string `json:"output_format"`
	RevisedPrompt                                                      string `json:"revised_prompt"`
	ContainerID                                                        string `json:"container_id"`
	ServerLabel                                                        string `json:"server_label"`
	ApprovalRequestID                                                  string `json:"approval_request_id"`
	EncryptedContent                                                   string `json:"encrypted_content"`
	Result                                                             *string
	Outputs                                                            []struct{ Type, Logs, URL string }
	Queries                                                            []string
	Results                                                            []struct {
		FileID, Filename, Text string
		Score                  float64
	}
	Tools  []struct{ Name string }
	Action json.RawMessage
	Error  json.RawMessage
	Output *string
	// Content of a message.
	Content []struct {
		Text        string
		Annotations []struct {
			Type, Filename, URL string
			FileID              string `json:"file_id"`
			ContainerID         string `json:"container_id"`
			Start               int    `json:"start_index"`
			End                 int    `json:"end_index"`
			Index               int
		}
	}
}

// items decodes the output of a Response.
func items(t *testing.T, raw []byte) []hostedItem {
	t.Helper()
	var r struct{ Output []hostedItem }
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return r.Output
}

func final(t *testing.T, events []sse) []hostedItem {
	t.Helper()
	return items(t, events[len(events)-1].raw["response"])
}

// item returns the first output item of a type.
func item(t *testing.T, list []hostedItem, typ string) hostedItem {
	t.Helper()
	i := slices.IndexFunc(list, func(it hostedItem) bool { return it.Type == typ })
	if i < 0 {
		t.Fatalf("no %s in %+v", typ, list)
	}
	return list[i]
}

// middle returns the event types between in_progress and the message.
func middle(events []sse) []string {
	all := short(squeeze(types(events)))
	end := slices.Index(all, "content_part.added")
	return all[2 : end-1]
}

func part0(it hostedItem) string {
	if len(it.Content) == 0 {
		return ""
	}
	return it.Content[0].Text
}

func TestS8SourcesOnlyWhenIncluded(t *testing.T) {
	for include, want := range map[string]bool{"": false, `"include":["web_search_call.action.sources"]`: true} {
		ws := item(t, final(t, run(t, "S8", include, "tides")), "web_search_call")
		if has := strings.Contains(string(ws.Action), `"sources":[{"type":"url"`); has != want || ws.Status != "completed" {
			t.Errorf("include %q: %s %s", include, ws.Status, ws.Action)
		}
	}
	var actions []string
	for _, it := range final(t, run(t, "S8-open", "", "tides")) {
		var a struct{ Type, URL, Pattern string }
		if json.Unmarshal(it.Action, &a) == nil {
			actions = append(actions, a.Type+" "+a.URL+" "+a.Pattern)
		}
	}
	want := []string{"search  ", "open_page https://example.com/times ", "find_in_page https://example.com/times tide"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Error(diff)
	}
}

func TestS9CodeInterpreter(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: "S9"})
	const tools = `"tools":[{"type":"code_interpreter","container":{"type":"auto"}}],"include":["code_interpreter_call.outputs"]`
	events, err := b.stream(tools, "plot it")
	if err != io.EOF {
		t.Fatal(err)
	}
	want := []string{"output_item.added", "code_interpreter_call.in_progress", "code_interpreter_call_code.delta", "code_interpreter_call_code.done", "code_interpreter_call.interpreting", "code_interpreter_call.completed", "output_item.done"}
	if diff := cmp.Diff(want, middle(events)); diff != "" {
		t.Fatal(diff)
	}
	code := ""
	for _, e := range events {
		if e.typ == "response.code_interpreter_call_code.delta" {
			code += e.str("delta")
		}
	}
	out := final(t, events)
	call, message := item(t, out, "code_interpreter_call"), item(t, out, "message")
	if call.Code != code || code == "" || !strings.HasPrefix(call.ContainerID, "cntr_") || len(call.Outputs) != 2 || call.Outputs[0].Logs != "10\n" || !strings.HasPrefix(call.Outputs[1].URL, "data:image/png;base64,") {
		t.Errorf("call %+v", call)
	}
	runes := []rune(message.Content[0].Text)
	if n := len(message.Content[0].Annotations); n != 2 {
		t.Fatalf("%d annotations", n)
	}
	for _, a := range message.Content[0].Annotations {
		if a.Type != "container_file_citation" || a.ContainerID != call.ContainerID || string(runes[a.Start:a.End]) != "sandbox:/mnt/data/"+a.Filename {
			t.Fatalf("annotation %+v", a)
		}
		status, body, h := b.call("GET", "/containers/"+a.ContainerID+"/files/"+a.FileID+"/content", "")
		if status != 200 || h.Get("Content-Type") != "application/octet-stream" {
			t.Fatalf("%d %s", status, body)
		}
		switch a.Filename {
		case "chart.png":
			if m, err := png.Decode(strings.NewReader(body)); err != nil || m.Bounds().Dx() != 480 {
				t.Errorf("chart: %v", err)
			}
		default:
			if body != "Mon,3\nTue,5\nWed,2\n" {
				t.Errorf("table: %q", body)
			}
		}
	}
	status, body, _ := b.call("GET", "/containers/"+call.ContainerID+"/files", "")
	if status != 200 || strings.Count(body, `"container.file"`) != 2 {
		t.Errorf("%d %s", status, body)
	}
	// Without include, outputs are null; a second run uses the same container.
	replay := `[{"role":"user","content":"plot it"},` + string(lastItem(t, events, 0)) + `,{"role":"user","content":"again"}]`
	again, err := b.stream(`"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]`, replay)
	if err != io.EOF {
		t.Fatal(err)
	}
	if second := item(t, final(t, again), "code_interpreter_call"); second.ContainerID != call.ContainerID || second.Outputs != nil {
		t.Errorf("second call %+v", second)
	}
}

// lastItem is an item of the final output as it came.
func lastItem(t *testing.T, events []sse, n int) json.RawMessage {
	t.Helper()
	var r struct{ Output []json.RawMessage }
	if err := json.Unmarshal(events[len(events)-1].raw["response"], &r); err != nil || n >= len(r.Output) {
		t.Fatalf("%d of %d items, %v", n, len(r.Output), err)
	}
	return r.Output[n]
}

// TestF25ContainerExpires: after 20 idle minutes a container and its files are
// gone, and cannot be named in a request.
func TestF25ContainerExpires(t *testing.T) {
	now := fixed()
	b := start(t, modelsim.Options{Now: func() time.Time { return now }})
	b.sim.AddRule(modelsim.Rule{Shape: "S9"})
	events, _ := b.stream("", "plot")
	a := item(t, final(t, events), "message").Content[0].Annotations[0]
	path := "/containers/" + a.ContainerID + "/files/" + a.FileID + "/content"
	now = now.Add(19 * time.Minute)
	if status, _, _ := b.call("GET", path, ""); status != 200 {
		t.Fatalf("after 19 minutes: %d", status)
	}
	now = now.Add(21 * time.Minute) // it was used a moment ago
	if status, body, _ := b.call("GET", path, ""); status != 404 || !strings.Contains(body, "Container is expired.") {
		t.Errorf("after 21 idle minutes: %d %s", status, body)
	}
	status, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"x","tools":[{"type":"code_interpreter","container":"`+a.ContainerID+`"}]}`)
	if status != 404 || !strings.Contains(body, "expired") {
		t.Errorf("named in a request: %d %s", status, body)
	}
	if status, body, _ := b.call("GET", "/containers/cntr_nope", ""); status != 404 || !strings.Contains(body, "not found") {
		t.Errorf("never was: %d %s", status, body)
	}
}

func TestF25ContainerFileMissing(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: "S9"})
	events, _ := b.stream("", "plot")
	a := item(t, final(t, events), "message").Content[0].Annotations[0]
	b.sim.AddRule(modelsim.Rule{Match: modelsim.Match{Path: "/v1/containers/*"}, When: modelsim.When{First: 1}, Fault: &modelsim.Fault{Kind: modelsim.FaultBadResult, Variant: "missing"}})
	path := "/containers/" + a.ContainerID + "/files/" + a.FileID + "/content"
	if status, body, _ := b.call("GET", path, ""); status != 404 || !strings.Contains(body, "expired") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := b.call("GET", path, ""); status != 200 {
		t.Errorf("it does not heal: %d", status)
	}
}

func decode64(t *testing.T, s string) (image.Image, string) {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	m, format, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m, format
}

func TestS10Image(t *testing.T) {
	for _, partials := range []int{0, 3} {
		tool := `"tools":[{"type":"image_generation","size":"1536x1024","quality":"high","output_format":"jpeg","output_compression":70,"partial_images":` + string(rune('0'+partials)) + `}]`
		events := run(t, "S10", tool, "a lighthouse at dawn")
		want := []string{"output_item.added", "image_generation_call.in_progress", "image_generation_call.generating", "image_generation_call.partial_image", "image_generation_call.completed", "output_item.done"}
		if partials == 0 {
			want = slices.Delete(want, 3, 4)
		}
		if diff := cmp.Diff(want, middle(events)); diff != "" {
			t.Fatal(diff)
		}
		n := 0
		for _, e := range events {
			if e.typ != "response.image_generation_call.partial_image" {
				continue
			}
			if string(e.raw["partial_image_index"]) != string(rune('0'+n)) {
				t.Errorf("partial %d: index %s", n, e.raw["partial_image_index"])
			}
			if m, format := decode64(t, e.str("partial_image_b64")); m.Bounds().Dx() != 1536 || format != "jpeg" {
				t.Errorf("partial %d: %v %s", n, m.Bounds(), format)
			}
			n++
		}
		if n != partials {
			t.Errorf("%d partial images, want %d", n, partials)
		}
		ig := item(t, final(t, events), "image_generation_call")
		m, format := decode64(t, *ig.Result)
		if m.Bounds().Dx() != 1536 || m.Bounds().Dy() != 1024 || format != "jpeg" || ig.Size != "1536x1024" || ig.Quality != "high" || ig.RevisedPrompt != "a lighthouse at dawn" || ig.Background != "opaque" || string(ig.Action) != `"generate"` {
			t.Errorf("%v %s %+v", m.Bounds(), format, ig)
		}
		var usage struct {
			ToolUsage struct {
				ImageGen struct {
					Output int `json:"output_tokens"`
				} `json:"image_gen"`
			} `json:"tool_usage"`
		}
		if err := json.Unmarshal(events[len(events)-1].raw["response"], &usage); err != nil || usage.ToolUsage.ImageGen.Output == 0 {
			t.Errorf("%v %+v", err, usage)
		}
	}
}

func TestS10TransparentWebPAndDeterminism(t *testing.T) {
	tool := `"tools":[{"type":"image_generation","output_format":"webp","background":"transparent","size":"256x144"}]`
	a := item(t, final(t, run(t, "S10", tool, "kelp")), "image_generation_call")
	b := item(t, final(t, run(t, "S10", tool, "kelp")), "image_generation_call")
	c := item(t, final(t, run(t, "S10", tool, "otters")), "image_generation_call")
	if *a.Result != *b.Result || *a.Result == *c.Result {
		t.Error("the same words should make the same picture, others another")
	}
	raw, err := base64.StdEncoding.DecodeString(*a.Result)
	if err != nil || string(raw[:4]) != "RIFF" || string(raw[8:16]) != "WEBPVP8L" || a.Background != "transparent" {
		t.Errorf("%v %q", err, raw[:16])
	}
}

// gray is a picture of one color.
func gray(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = 128
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestS11EditTintsTheGivenImage(t *testing.T) {
	src := base64.StdEncoding.EncodeToString(gray(t, 64, 64))
	input := `[{"role":"user","content":[{"type":"input_text","text":"make it warm"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,` + src + `"}]}]`
	events := run(t, "S11", `"tools":[{"type":"image_generation","size":"256x256"}]`, input)
	ig := item(t, final(t, events), "image_generation_call")
	m, _ := decode64(t, *ig.Result)
	at := color.NRGBAModel.Convert(m.At(10, 10)).(color.NRGBA)
	if string(ig.Action) != `"edit"` || at == (color.NRGBA{128, 128, 128, 255}) {
		t.Errorf("%s: the top left is still %v", ig.Action, at)
	}
	// A tint over even gray is even: nothing of the drawn scene is in it.
	if m.At(10, 10) != m.At(200, 10) || m.At(10, 10) != m.At(200, 150) {
		t.Errorf("%v %v %v", m.At(10, 10), m.At(200, 10), m.At(200, 150))
	}
	// What was made can be edited again, by its item.
	again := `[{"role":"user","content":"draw"},` + string(lastItem(t, events, 0)) + `,{"role":"user","content":"more"}]`
	second := item(t, final(t, run(t, "S11", `"tools":[{"type":"image_generation","size":"256x256","action":"edit"}]`, again)), "image_generation_call")
	m2, _ := decode64(t, *second.Result)
	if m2.At(10, 10) == m.At(10, 10) {
		t.Error("the second edit changed nothing")
	}
}

func TestF18ImageCallBlocked(t *testing.T) {
	b := faulty(t, modelsim.Fault{Kind: modelsim.FaultModeration})
	b.sim.AddRule(modelsim.Rule{Shape: "S10"})
	events, err := b.stream(`"tools":[{"type":"image_generation"}]`, "x")
	if err != io.EOF {
		t.Fatal(err)
	}
	ig := item(t, final(t, events), "image_generation_call")
	if ig.Status != "failed" || ig.Result != nil || !strings.Contains(string(ig.Error), `"moderation_blocked"`) {
		t.Errorf("%+v %s", ig, ig.Error)
	}
	if slices.Contains(types(events), "response.image_generation_call.completed") {
		t.Error("a failed call is not completed")
	}
	b.wait("counted", struck("F18", 1))
}

func TestF25ImageResultIsSpoiled(t *testing.T) {
	for variant, ok := range map[string]func(string) bool{
		"base64": func(s string) bool { _, err := base64.StdEncoding.DecodeString(s); return err != nil && s != "" },
		"empty":  func(s string) bool { return s == "" },
		"magic": func(s string) bool {
			b, err := base64.StdEncoding.DecodeString(s)
			return err == nil && bytes.HasPrefix(b, []byte("<!DOCTYPE html>"))
		},
	} {
		b := faulty(t, modelsim.Fault{Kind: modelsim.FaultBadResult, Variant: variant})
		b.sim.AddRule(modelsim.Rule{Shape: "S10"})
		events, _ := b.stream(`"tools":[{"type":"image_generation","size":"256x256"}]`, "x")
		if ig := item(t, final(t, events), "image_generation_call"); ig.Result == nil || !ok(*ig.Result) {
			t.Errorf("%s: %+v", variant, ig.Result)
		}
	}
}

func TestS12FileSearch(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: "S12"})
	id := b.uploadFile("user_data", "rules.md", []byte("# Rules\n\nBe kind.\n"))
	const tools = `"tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]`
	events, err := b.stream(tools+`,"include":["file_search_call.results"]`, "what are the rules?")
	if err != io.EOF {
		t.Fatal(err)
	}
	want := []string{"output_item.added", "file_search_call.in_progress", "file_search_call.searching", "file_search_call.completed", "output_item.done"}
	if diff := cmp.Diff(want, middle(events)); diff != "" {
		t.Error(diff)
	}
	out := final(t, events)
	fs, message := item(t, out, "file_search_call"), item(t, out, "message")
	if len(fs.Queries) != 1 || len(fs.Results) != 1 || fs.Results[0].Filename != "rules.md" || !strings.Contains(fs.Results[0].Text, "Be kind") {
		t.Errorf("%+v", fs)
	}
	if a := message.Content[0].Annotations; len(a) != 1 || a[0].Type != "file_citation" || a[0].FileID != id || a[0].Index == 0 {
		t.Errorf("%+v", a)
	}
	events, _ = b.stream(tools, "what are the rules?")
	if fs := item(t, final(t, events), "file_search_call"); fs.Results != nil {
		t.Error("results without include")
	}
}

func TestS13ApprovalThenCall(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Shape: "S13", Match: modelsim.Match{Contains: "remote"}})
	const tools = `"tools":[{"type":"mcp","server_label":"wiki","server_url":"https://mcp.example.com/x","allowed_tools":["ask"]}]`
	events, err := b.stream(tools, "use the remote tool")
	if err != io.EOF {
		t.Fatal(err)
	}
	out := final(t, events)
	if len(out) != 2 || out[0].Type != "mcp_list_tools" || out[0].Tools[0].Name != "ask" || out[1].Type != "mcp_approval_request" || out[1].ServerLabel != "wiki" || last(t, events).Status != "completed" {
		t.Fatalf("%+v", out)
	}
	asked := `[{"role":"user","content":"use the remote tool"},` + string(lastItem(t, events, 0)) + `,` + string(lastItem(t, events, 1)) + `,{"type":"mcp_approval_response","approval_request_id":"` + out[1].ID + `","approve":`
	for approve, want := range map[string][]string{"true": {"mcp_call", "message"}, "false": {"message"}} {
		events, err = b.stream(tools, asked+approve+`}]`)
		if err != io.EOF {
			t.Fatal(err)
		}
		var got []string
		for _, it := range final(t, events) {
			got = append(got, it.Type)
			if it.Type == "mcp_call" && (it.ApprovalRequestID != out[1].ID || it.Name != "ask" || it.Arguments != out[1].Arguments || it.Status != "completed" || it.Output == nil) {
				t.Errorf("%+v", it)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("approve %s: %s", approve, diff)
		}
		if approve == "true" && !slices.Contains(types(events), "response.mcp_call_arguments.delta") {
			t.Error("no argument deltas")
		}
	}
	status, body, _ := b.call("POST", "/responses", ask(tools, `[{"type":"mcp_approval_response","approval_request_id":"mcpr_x","approve":true}]`))
	if status != 400 || !strings.Contains(body, "No approval request found") {
		t.Errorf("an answer to nothing: %d %s", status, body)
	}
}

func TestS13WithoutApprovalAndFailing(t *testing.T) {
	const tools = `"tools":[{"type":"mcp","server_label":"wiki","server_url":"https://mcp.example.com/x","require_approval":"never"}]`
	events := run(t, "S13-fail", tools, "x")
	call := item(t, final(t, events), "mcp_call")
	if call.Status != "failed" || call.Output != nil || !strings.Contains(string(call.Error), "mcp_tool_execution_error") || !slices.Contains(types(events), "response.mcp_call.failed") {
		t.Errorf("%+v %s", call, call.Error)
	}
}

func TestS18CompactionMidStream(t *testing.T) {
	b := start(t, modelsim.Options{Demo: true, Timing: modelsim.Timing{Chunk: -1}})
	long := strings.Repeat("My boat is small. ", 400) + "My name is Ada."
	events, err := b.stream(`"context_management":[{"type":"compaction","compact_threshold":1000}]`, long)
	if err != io.EOF {
		t.Fatal(err)
	}
	want := []string{"output_item.added", "compaction.compacting", "output_item.done"}
	if diff := cmp.Diff(want, middle(events)); diff != "" {
		t.Fatal(diff)
	}
	cmpItem := item(t, final(t, events), "compaction")
	// The items before it may be dropped: what matters is remembered.
	input := `[` + string(lastItem(t, events, 0)) + `,` + string(lastItem(t, events, 1)) + `,{"role":"user","content":"and now?"}]`
	events, err = b.stream(`"context_management":[{"type":"compaction","compact_threshold":1000}]`, input)
	if err != io.EOF || slices.Contains(types(events), "response.compaction.compacting") {
		t.Fatal(err, types(events))
	}
	if !strings.Contains(text(events), "one message of this thread") {
		t.Errorf("the compaction carried nothing over: %s", text(events))
	}
	status, body, _ := b.call("POST", "/responses", ask("", strings.Replace(input, cmpItem.EncryptedContent, cmpItem.EncryptedContent[:len(cmpItem.EncryptedContent)-4]+"AAAA", 1)))
	if status != 400 || !strings.Contains(body, "invalid_encrypted_content") {
		t.Errorf("a changed compaction: %d %s", status, body)
	}
	events, _ = b.stream("", `[{"role":"user","content":"hi"},{"type":"compaction_trigger"}]`)
	if !slices.Contains(types(events), "response.compaction.compacting") {
		t.Error("the trigger did nothing")
	}
}

func TestS18CompactEndpoint(t *testing.T) {
	b := start(t, modelsim.Options{})
	_, first, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"remember the tide"}`)
	status, body, _ := b.call("POST", "/responses/compact", `{"model":"sim-fast","previous_response_id":"`+parse(t, first).ID+`","input":"and the moon"}`)
	if status != 200 || !strings.Contains(body, `"object":"response.compaction"`) {
		t.Fatalf("%d %s", status, body)
	}
	var got struct{ Output []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Output) != 3 {
		t.Fatalf("%v %s", err, body)
	}
	// All of its output is the next input, with no previous id.
	var input []string
	for _, raw := range got.Output {
		input = append(input, string(raw))
	}
	status, body, _ = b.call("POST", "/responses", `{"model":"sim-fast","input":[`+strings.Join(input, ",")+`,{"role":"user","content":"what was it?"}]}`)
	if status != 200 || !strings.HasPrefix(parse(t, body).text(), "You said: what was it?") {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ = b.call("POST", "/responses/compact", `{"model":"sim-fast","input":"x","stream":true}`); status != 400 || !strings.Contains(body, "unknown_parameter") {
		t.Errorf("%d %s", status, body)
	}
}

func TestForcedToolsAreCalled(t *testing.T) {
	b := start(t, modelsim.Options{})
	for fields, want := range map[string]string{
		`"tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"}`:                                         "web_search_call",
		`"tools":[{"type":"image_generation","size":"256x256"}],"tool_choice":"required"`:                             "image_generation_call",
		`"tools":[{"type":"code_interpreter","container":{"type":"auto"}}],"tool_choice":{"type":"code_interpreter"}`: "code_interpreter_call",
		`"tools":[{"type":"file_search","vector_store_ids":["vs_1"]}],"tool_choice":{"type":"file_search"}`:           "file_search_call",
		`"tools":[{"type":"web_search"}]`: "message",
		`"tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"},"max_tool_calls":1`: "web_search_call",
	} {
		events, err := b.stream(fields, "go")
		if err != io.EOF {
			t.Fatalf("%s: %v", fields, err)
		}
		if got := final(t, events)[0].Type; got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
	b.sim.AddRule(modelsim.Rule{Shape: "S8-open"})
	events, _ := b.stream(`"max_tool_calls":2`, "go")
	n := 0
	for _, it := range final(t, events) {
		if it.Type == "web_search_call" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d calls, two are allowed", n)
	}
}

func TestDemoUsesTheToolsItIsOffered(t *testing.T) {
	b := start(t, quick())
	for _, c := range []struct{ tools, words, typ, says string }{
		{`"tools":[{"type":"image_generation","size":"256x256"}]`, "Draw a lighthouse, please", "image_generation_call", "Here it is"},
		{`"tools":[{"type":"web_search"}]`, "search the web for tides", "web_search_call", "Example Times"},
		{`"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]`, "plot a chart", "code_interpreter_call", "chart.png"},
		{`"tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]`, "search my files", "file_search_call", "first file"},
		{`"tools":[{"type":"mcp","server_label":"wiki","server_url":"https://mcp.example.com"}]`, "use mcp", "mcp_approval_request", ""},
		{weather, "call get_weather", "function_call", "Let me use `get_weather`"},
		{"", "draw a lighthouse", "message", "I would now **draw a picture**"},
		{"", "search the web for tides", "message", "I would now **search the web**"},
		{"", "a withdrawal", "message", "> a withdrawal"},
	} {
		events, err := b.stream(c.tools, c.words)
		if err != io.EOF {
			t.Fatalf("%s: %v", c.words, err)
		}
		out := final(t, events)
		item(t, out, c.typ)
		if c.says != "" && !strings.Contains(text(events), c.says) {
			t.Errorf("%s: %s", c.words, text(events))
		}
	}
	events, _ := b.stream("", `[{"role":"user","content":"x"},`+callIn+`,`+answer+`]`)
	if !strings.Contains(text(events), "The tool `f` answered") {
		t.Error(text(events))
	}
}

func encodePNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
