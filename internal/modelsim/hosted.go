package modelsim

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// madeFile is a file that a tool of this response made or found.
type madeFile struct {
	container string // empty for one that file search found
	id, name  string
}

// hosted performs a call of a tool that OpenAI runs itself. OpenAI: calls over
// max_tool_calls are ignored.
func (e *emit) hosted(it Item) {
	if max := e.req.MaxToolCalls; max != nil && e.hostedCalls >= *max {
		return
	}
	e.hostedCalls++
	switch it.Type {
	case "web_search_call":
		e.search(it)
	case "code_interpreter_call":
		e.code(it)
	case "image_generation_call":
		e.image(it)
	case "file_search_call":
		e.fileSearch(it)
	case "mcp_call":
		e.mcpCall(it)
	}
}

// place gives an item its id, its output_index and the fields of its events.
func (e *emit) place(prefix string) (id string, index int, head []field) {
	id, index = e.sim.newID(prefix), e.index
	e.index++
	return id, index, []field{{"item_id", id}, {"output_index", index}}
}

func (e *emit) added(index int, item []field) {
	e.event("response.output_item.added", field{"output_index", index}, field{"item", item})
}

// work pauses for as long as a tool takes.
func (e *emit) work() { e.wait(orDefault(e.timing.Work, e.timing.Think)) }

func (e *emit) search(it Item) {
	id, i, head := e.place("ws_")
	e.searches++
	item := func(status string, action []field) []field {
		return []field{{"id", id}, {"type", "web_search_call"}, {"status", status}, {"action", action}}
	}
	e.added(i, item("in_progress", []field{{"type", "search"}, {"query", ""}}))
	e.event("response.web_search_call.in_progress", head...)
	e.event("response.web_search_call.searching", head...)
	e.work()
	e.event("response.web_search_call.completed", head...)
	query := ""
	if len(it.Queries) > 0 {
		query = it.Queries[0]
	}
	action := []field{{"type", "search"}, {"query", query}, {"queries", append([]string{}, it.Queries...)}}
	switch {
	case it.URL != "" && it.Text != "":
		action = []field{{"type", "find_in_page"}, {"url", it.URL}, {"pattern", it.Text}}
	case it.URL != "":
		action = []field{{"type", "open_page"}, {"url", it.URL}}
	case slices.Contains(e.req.Include, "web_search_call.action.sources"):
		action = append(action, field{"sources", json.RawMessage(`[{"type":"url","url":"https://example.com/times"},{"type":"url","url":"https://example.org/weekly"},{"type":"url","url":"https://example.net/unused"}]`)})
	}
	e.done(i, item("completed", action))
}

// code runs nothing: it sends the code, tells the output that was scripted, and
// leaves the scripted files in a container, from which they can be fetched.
func (e *emit) code(it Item) {
	id, i, head := e.place("ci_")
	c := e.useContainer()
	item := func(status, code string, outputs any) []field {
		return []field{{"id", id}, {"type", "code_interpreter_call"}, {"status", status}, {"code", code}, {"container_id", c.ID}, {"outputs", outputs}}
	}
	e.added(i, item("in_progress", "", nil))
	e.event("response.code_interpreter_call.in_progress", head...)
	code := e.deltas("response.code_interpreter_call_code.delta", head, it.Code, e.chunk, nil)
	e.event("response.code_interpreter_call_code.done", append(slices.Clip(head), field{"code", code})...)
	e.visible += len(code)
	e.event("response.code_interpreter_call.interpreting", head...)
	e.work()
	e.event("response.code_interpreter_call.completed", head...)
	outputs := []json.RawMessage{appendObject(nil, []field{{"type", "logs"}, {"logs", it.Logs}})}
	for _, f := range it.Files {
		data := f.data(e.sim.opt.Seed, e.req.lastUser)
		kept := &containerFile{ID: e.sim.newID("cfile_"), Path: "/mnt/data/" + f.Name, Source: "assistant", Data: data, Created: e.sim.now()}
		e.sim.drawer.leave(c, kept)
		e.remember(madeFile{c.ID, kept.ID, f.Name})
		if pictureFormat(data) == "png" {
			outputs = append(outputs, appendObject(nil, []field{{"type", "image"}, {"url", "data:image/png;base64," + base64.StdEncoding.EncodeToString(data)}}))
		}
	}
	var shown any
	if slices.Contains(e.req.Include, "code_interpreter_call.outputs") {
		shown = outputs
	}
	e.done(i, item("completed", code, shown))
}

func (e *emit) remember(f madeFile) {
	if e.made == nil {
		e.made = map[string]madeFile{}
	}
	e.madeCount++
	e.made[strconv.Itoa(e.madeCount)], e.made[f.name] = f, f
}

// useContainer finds the container of the request: the one it names, the one
// that this response or the conversation has used last, or a new one.
func (e *emit) useContainer() *container {
	d, now := &e.sim.drawer, e.sim.now()
	if e.container != nil {
		d.live(e.container.ID, now) // it is in use
		return e.container
	}
	named, auto := e.req.container()
	if named == "" {
		named = e.req.lastContainer()
	}
	if e.container = d.live(named, now); e.container == nil {
		e.container = d.newContainer(e.sim.newID("cntr_"), "auto", orDefault(auto.MemoryLimit, "1g"), containerIdle, now)
	}
	e.sim.mount(e.container, auto.FileIDs)
	return e.container
}

// image draws. OpenAI: a picture crosses the wire in the item, again in the last
// event, and in up to three partial images before.
func (e *emit) image(it Item) {
	o := e.req.imageTool()
	prompt := orDefault(strings.TrimSpace(it.Text), e.req.lastUser)
	pic := o.picture(prompt, e.sim.opt.Seed)
	action := "generate"
	if it.Edit || o.Action == "edit" {
		action = "edit"
		if pic.source = e.sim.newestPicture(e.req); pic.source == nil {
			pic.source = picture{prompt: "nothing to edit: " + prompt, seed: pic.seed, width: pic.width, height: pic.height}.draw()
		}
		if o.Mask != nil {
			pic.mask, _ = e.sim.refPicture("input_image_mask", *o.Mask) // checked with the request
		}
	}
	id, i, head := e.place("ig_")
	about := []field{{"size", pic.size()}, {"quality", pic.quality}, {"background", pic.background()}, {"output_format", pic.format}}
	item := func(status string, result any, more ...field) []field {
		return append([]field{{"id", id}, {"type", "image_generation_call"}, {"status", status}, {"result", result}}, more...)
	}
	e.added(i, item("in_progress", nil))
	e.event("response.image_generation_call.in_progress", head...)
	e.event("response.image_generation_call.generating", head...)
	if f := e.fault; f != nil && f.Kind == FaultModeration && f.Variant == "blocked" && e.err == nil {
		e.sim.rec.fault(f.Kind)
		e.done(i, item("failed", nil, field{"error", []field{
			{"type", "image_generation_user_error"}, {"code", "moderation_blocked"}, {"message", orDefault(f.Message, safetyMessage)}, {"param", ""},
			{"moderation_details", json.RawMessage(`{"categories":["violence"],"moderation_stage":"input"}`)},
		}}))
		return
	}
	partials := 0
	if o.PartialImages != nil {
		partials = *o.PartialImages
	}
	work := orDefault(e.timing.Work, e.timing.Think)
	for n := 0; n < partials && e.err == nil; n++ {
		e.wait(work / 4)
		work -= work / 4
		b, err := pic.make(partialBlur(n))
		if err != nil {
			e.err = err
			return
		}
		fields := append(slices.Clip(head), field{"partial_image_index", n}, field{"partial_image_b64", base64.StdEncoding.EncodeToString(b)})
		e.event("response.image_generation_call.partial_image", append(fields, about...)...)
	}
	e.wait(work)
	if e.err != nil {
		return
	}
	b, err := pic.make(0)
	if err != nil {
		e.err = err
		return
	}
	result := base64.StdEncoding.EncodeToString(b)
	if f := e.fault; f != nil && f.Kind == FaultBadResult {
		e.sim.rec.fault(f.Kind)
		result = f.spoil64(b)
	}
	e.imageTokens += pic.tokens()
	e.event("response.image_generation_call.completed", head...)
	e.done(i, item("completed", result, append([]field{{"revised_prompt", prompt}, {"action", action}}, about...)...))
}

func (e *emit) fileSearch(it Item) {
	id, i, head := e.place("fs_")
	queries := append([]string{}, it.Queries...)
	item := func(status string, queries []string, results any) []field {
		return []field{{"id", id}, {"type", "file_search_call"}, {"status", status}, {"queries", queries}, {"results", results}}
	}
	e.added(i, item("in_progress", []string{}, nil))
	e.event("response.file_search_call.in_progress", head...)
	e.event("response.file_search_call.searching", head...)
	e.work()
	e.event("response.file_search_call.completed", head...)
	var shown any
	results := []json.RawMessage{}
	for n, f := range e.searchable() {
		e.remember(madeFile{"", f.ID, f.Name})
		results = append(results, appendObject(nil, []field{
			{"attributes", json.RawMessage(`{}`)}, {"file_id", f.ID}, {"filename", f.Name}, {"score", 0.9 - 0.1*float64(n)}, {"text", clip(strings.ToValidUTF8(string(f.Data), "?"), 400)},
		}))
	}
	if slices.Contains(e.req.Include, "file_search_call.results") {
		shown = results
	}
	e.done(i, item("completed", queries, shown))
}

// searchable is what file search finds: uploads, as the simulator keeps no
// vector stores, or two files of its own.
func (e *emit) searchable() []*file {
	list := e.sim.drawer.all(e.sim.now())
	list = slices.DeleteFunc(list, func(f *file) bool { return f.Purpose != "assistants" && f.Purpose != "user_data" })
	if len(list) == 0 {
		for _, own := range sampleFiles() {
			list = append(list, &file{ID: e.sim.newID("file-"), Name: own.Name, Data: []byte(own.Content)})
		}
	}
	return list[:min(len(list), e.req.maxSearchResults())]
}

func sampleFiles() []File {
	return []File{
		{Name: "handbook.md", Content: "# Handbook\n\nMeetings are on Tuesdays. Holidays are asked for two weeks ahead.\n"},
		{Name: "prices.csv", Content: "item,price\nanchor,120\nrope,15\n"},
	}
}

func (e *emit) mcpList(it Item) {
	id, i, head := e.place("mcpl_")
	label := e.req.mcpLabel(it.Server)
	item := func(tools []json.RawMessage) []field {
		return []field{{"id", id}, {"type", "mcp_list_tools"}, {"server_label", label}, {"tools", tools}, {"error", nil}}
	}
	e.added(i, item([]json.RawMessage{}))
	e.event("response.mcp_list_tools.in_progress", head...)
	e.work()
	e.event("response.mcp_list_tools.completed", head...)
	var tools []json.RawMessage
	for _, name := range e.req.mcpTools(label) {
		tools = append(tools, appendObject(nil, []field{
			{"name", name}, {"description", "A tool of the simulated server " + label + "."}, {"annotations", json.RawMessage(`{"read_only":true}`)},
			{"input_schema", json.RawMessage(`{"type":"object","properties":{"query":{"type":"string"}},"required":["query"],"additionalProperties":false}`)},
		}))
	}
	e.done(i, item(tools))
}

func (e *emit) mcpApproval(it Item) {
	id, i, _ := e.place("mcpr_")
	item := []field{{"id", id}, {"type", "mcp_approval_request"}, {"server_label", e.req.mcpLabel(it.Server)}, {"name", it.Name}, {"arguments", orDefault(it.Arguments, "{}")}}
	e.added(i, item)
	e.done(i, item)
}

func (e *emit) mcpCall(it Item) {
	id, i, head := e.place("mcp_")
	var approval, output, failure any
	if it.approval != "" {
		approval = it.approval
	}
	item := func(status, arguments string) []field {
		return []field{
			{"id", id}, {"type", "mcp_call"}, {"status", status}, {"server_label", e.req.mcpLabel(it.Server)}, {"name", it.Name},
			{"arguments", arguments}, {"approval_request_id", approval}, {"output", output}, {"error", failure},
		}
	}
	e.added(i, item("in_progress", ""))
	e.event("response.mcp_call.in_progress", head...)
	arguments := e.deltas("response.mcp_call_arguments.delta", head, orDefault(it.Arguments, "{}"), e.chunk, nil)
	e.event("response.mcp_call_arguments.done", append(slices.Clip(head), field{"arguments", arguments})...)
	e.work()
	if it.Failed {
		failure = []field{{"type", "mcp_tool_execution_error"}, {"content", []json.RawMessage{appendObject(nil, []field{{"type", "text"}, {"text", orDefault(it.Output, "The tool failed.")}})}}}
		e.event("response.mcp_call.failed", head...)
		e.done(i, item("failed", arguments))
		return
	}
	output = it.Output
	e.event("response.mcp_call.completed", head...)
	e.done(i, item("completed", arguments))
}

func (e *emit) compaction() {
	id, i, head := e.place("cmp_")
	item := func(sealed string) []field {
		return []field{{"id", id}, {"type", "compaction"}, {"encrypted_content", sealed}}
	}
	e.added(i, item(""))
	e.event("response.compaction.compacting", head...)
	e.work()
	e.done(i, item(e.sim.compact(e.req)))
}

func (e *emit) toolUsage() json.RawMessage {
	text := 0
	if e.imageTokens > 0 {
		text = len(e.req.lastUser)/4 + 1
	}
	return appendObject(nil, []field{
		{"image_gen", []field{
			{"input_tokens", text}, {"input_tokens_details", []field{{"image_tokens", 0}, {"text_tokens", text}}},
			{"output_tokens", e.imageTokens}, {"output_tokens_details", []field{{"image_tokens", e.imageTokens}, {"text_tokens", 0}}},
			{"total_tokens", text + e.imageTokens},
		}},
		{"web_search", []field{{"num_requests", e.searches}}},
	})
}

// placed is an annotation with its indices, in code points.
type placed struct {
	start, end int
	fields     []field
}

// citations are the annotations of a message. One of a file that was neither
// made nor found is left out.
func (e *emit) citations(it Item) []placed {
	var out []placed
	for _, c := range it.Citations {
		var p placed
		if at := strings.Index(it.Text, c.Anchor); at >= 0 && c.Anchor != "" {
			p.start = utf8.RuneCountInString(it.Text[:at])
			p.end = p.start + utf8.RuneCountInString(c.Anchor)
		} else {
			p.end = utf8.RuneCountInString(it.Text)
			p.start = max(p.end-1, 0)
		}
		f, made := e.made[c.File]
		switch {
		case c.File == "":
			p.fields = []field{{"type", "url_citation"}, {"start_index", p.start}, {"end_index", p.end}, {"url", c.URL}, {"title", c.Title}}
		case !made:
			continue
		case f.container != "":
			p.fields = []field{{"type", "container_file_citation"}, {"container_id", f.container}, {"file_id", f.id}, {"filename", f.name}, {"start_index", p.start}, {"end_index", p.end}}
		default:
			p.fields = []field{{"type", "file_citation"}, {"file_id", f.id}, {"filename", f.name}, {"index", p.end}}
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b placed) int { return a.end - b.end })
	return out
}
