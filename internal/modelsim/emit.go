package modelsim

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// event is one rendered stream event. Its data is only good during the call
// that hands it over.
type event struct {
	typ  string
	data []byte
}

// sink is where the events of one response go: a client's stream, a background
// job's log, or nowhere when plain JSON was asked for.
type sink interface {
	event(event) error
	// wait pauses between events; it ends early with ctx.
	wait(ctx context.Context, d time.Duration) error
	// state tells how the Response object looks now.
	state(response)
}

// errEnded means that the terminal event has been handed over.
var errEnded = errors.New("modelsim: response ended")

// emit performs one script. Its methods do nothing once err is set, so a script
// reads as a plain list of steps.
type emit struct {
	ctx     context.Context
	sim     *Sim
	req     *request
	timing  Timing
	dialect Dialect
	fault   *Fault
	sink    sink
	// polls waits until a background response was fetched n times; nil in the
	// foreground.
	polls func(ctx context.Context, n int) error

	resp      response
	err       error
	seq       int
	index     int // output_index of the next item
	buf       []byte
	rng       *rand.Rand
	due       time.Time // when the next delta may leave
	chunk     int
	budget    int // bytes of output still allowed; negative: no bound
	cut       bool
	obfuscate bool
	visible   int // bytes of text and arguments
	hidden    int // bytes of reasoning
	searches  int
}

// perform runs the script and returns the Response as it stands at the end. The
// error is nil if a terminal event was reached.
func (e *emit) perform(sc script) (response, error) {
	e.chunk = orDefault(sc.chunk, e.timing.Chunk)
	e.budget = -1
	if e.req.MaxOutputTokens != nil {
		e.budget = 4 * *e.req.MaxOutputTokens
	}
	e.obfuscate = e.req.StreamOptions.IncludeObfuscation == nil || *e.req.StreamOptions.IncludeObfuscation
	e.begin()
	e.firstItem(sc)
	for i := 0; i < len(sc.items) && e.err == nil && !e.cut; i++ {
		if sc.interleave && sc.items[i].Type == "function_call" {
			e.calls(sc.items[i:])
			break
		}
		e.item(sc.items[i], sc, sc.reason != "" && i == len(sc.items)-1)
	}
	e.end(sc.reason)
	if errors.Is(e.err, errEnded) {
		return e.resp, nil
	}
	return e.resp, e.err
}

func (e *emit) begin() {
	if e.req.Background {
		e.resp.Status = "queued"
		e.event("response.queued", field{"response", e.resp})
		e.sink.state(e.resp)
		if e.backgroundFault(); e.err != nil {
			return
		}
		e.resp.Status = "in_progress"
		e.sink.state(e.resp)
	}
	e.event("response.created", field{"response", e.resp})
	e.event("response.in_progress", field{"response", e.resp})
}

// backgroundFault performs F22.
func (e *emit) backgroundFault() {
	if e.err != nil || e.fault == nil || e.fault.Kind != FaultBackgroundJob || e.polls == nil {
		return
	}
	e.sim.rec.fault(e.fault.Kind)
	if e.fault.Variant == "queued" {
		e.wait(math.MaxInt64)
		return
	}
	if err := e.polls(e.ctx, e.fault.After); err != nil {
		e.err = err
		return
	}
	e.fail(e.fault)
}

// firstItem waits for the first token.
func (e *emit) firstItem(sc script) {
	d := e.timing.FirstToken
	if p95 := e.timing.FirstTokenP95; p95 > d && d > 0 {
		// Log-normal: the 95th percentile lies 1.645 sigma over the median.
		sigma := math.Log(float64(p95)/float64(d)) / 1.645
		d = time.Duration(float64(d) * math.Exp(sigma*e.rng.NormFloat64()))
	}
	if f := e.fault; f != nil && f.Kind == FaultSlowFirst && e.err == nil {
		e.sim.rec.fault(f.Kind)
		d += f.For
	}
	e.wait(d)
	e.due = time.Now()
	if e.dialect.UnknownEvents && len(sc.items) > 0 {
		e.unknown()
	}
}

// unknown sends what no client has heard of.
func (e *emit) unknown() {
	id := e.sim.newID("spark_")
	item := func(status string) []field {
		return []field{{"id", id}, {"type", "sparkle_call"}, {"status", status}, {"glitter", 3}}
	}
	i := e.index
	e.index++
	e.event("response.output_item.added", field{"output_index", i}, field{"item", item("in_progress")})
	e.event("response.sparkle_call.glittering", field{"item_id", id}, field{"output_index", i}, field{"glitter", 3})
	e.done(i, item("completed"))
}

// event renders one event and hands it over.
func (e *emit) event(typ string, fields ...field) {
	if e.err != nil || e.dialect.NoContentPart && strings.HasPrefix(typ, "response.content_part.") {
		return
	}
	b := append(e.buf[:0], `{"type":`...)
	b = appendString(b, typ)
	if !e.dialect.NoSequence {
		b = append(b, `,"sequence_number":`...)
		b = appendJSON(b, e.seq)
	}
	if e.dialect.NullError {
		b = append(b, `,"error":null`...)
	}
	if e.dialect.UnknownEvents {
		b = append(b, `,"x_tide":"high"`...)
	}
	for _, f := range fields {
		b = append(b, ',')
		b = appendString(b, f.name)
		b = append(b, ':')
		b = appendJSON(b, f.value)
	}
	b = append(b, '}')
	e.buf = b
	e.seq++
	if err := e.sink.event(event{typ, b}); err != nil {
		e.err = err
		return
	}
	if cap(e.buf) > 1<<10 {
		e.buf = nil // an idle stream should not hold the echo of its request
	}
	if f := e.fault; f != nil && (f.Kind == FaultFailed || f.Kind == FaultContextLength && f.Variant == "stream") &&
		e.seq >= max(f.After, 2) && !terminal(typ) {
		e.sim.rec.fault(f.Kind)
		e.fail(f)
	}
}

func terminal(typ string) bool {
	return typ == "response.completed" || typ == "response.incomplete" || typ == "response.failed"
}

func (e *emit) wait(d time.Duration) {
	if e.err == nil && d > 0 {
		e.err = e.sink.wait(e.ctx, d)
	}
}

// pace waits until n more bytes may leave.
func (e *emit) pace(n int) {
	if e.err != nil {
		return
	}
	if e.ctx.Err() != nil {
		e.err = context.Cause(e.ctx)
		return
	}
	if e.timing.TokensPerSecond <= 0 {
		return
	}
	seconds := float64(n) / 4 / e.timing.TokensPerSecond * (0.7 + 0.6*e.rng.Float64())
	e.due = e.due.Add(time.Duration(seconds * float64(time.Second)))
	e.wait(time.Until(e.due))
}

func (e *emit) item(it Item, sc script, incomplete bool) {
	switch it.Type {
	case "", "message", "refusal":
		e.message(it, incomplete)
	case "reasoning":
		e.reasoning(it, sc.silence)
	case "function_call":
		e.calls([]Item{it})
	case "custom_tool_call":
		e.customCall(it)
	case "web_search_call":
		e.search(it)
	}
}

// deltas sends text piece by piece, as far as the output budget goes, and
// returns what was sent. after, if not nil, hears how many runes that were.
func (e *emit) deltas(typ string, head []field, text string, chunk int, after func(runes int)) string {
	sent, runes := 0, 0
	for piece := range chunks(text, chunk) {
		if e.budget >= 0 && len(piece) > e.budget {
			piece = clipBytes(piece, e.budget)
			e.cut = true
		}
		if piece != "" {
			e.delta(typ, head, piece)
		}
		if e.err != nil {
			break
		}
		sent += len(piece)
		runes += utf8.RuneCountInString(piece)
		if e.budget >= 0 {
			e.budget -= len(piece)
		}
		if after != nil {
			after(runes)
		}
		if e.cut {
			break
		}
	}
	return text[:sent]
}

func (e *emit) delta(typ string, head []field, piece string) {
	e.pace(len(piece))
	if e.dialect.NoDeltas && typ == "response.output_text.delta" {
		return
	}
	fields := append(slices.Clip(head), field{"delta", piece})
	if typ == "response.output_text.delta" {
		fields = append(fields, field{"logprobs", json.RawMessage("[]")})
	}
	if e.obfuscate {
		fields = append(fields, field{"obfuscation", e.noise()})
	}
	e.event(typ, fields...)
}

// noise is the random padding that hides the length of a delta.
func (e *emit) noise() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	var b [16]byte
	n := 1 + e.rng.IntN(len(b))
	for i := range n {
		b[i] = letters[e.rng.IntN(len(letters))]
	}
	return string(b[:n])
}

// clipBytes returns at most n bytes of s, ending on a rune.
func clipBytes(s string, n int) string {
	if n >= len(s) {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// done ends the item of that output_index.
func (e *emit) done(index int, item []field) {
	if e.err != nil {
		return
	}
	raw := json.RawMessage(appendObject(nil, item))
	e.event("response.output_item.done", field{"output_index", index}, field{"item", raw})
	e.resp.Output = append(e.resp.Output, raw)
	if e.req.Background && e.err == nil {
		e.sink.state(e.resp)
	}
}

func (e *emit) message(it Item, incomplete bool) {
	id, i := e.sim.newID("msg_"), e.index
	e.index++
	phase := orDefault(it.Phase, "final_answer")
	item := func(status string, content any) []field {
		return []field{{"id", id}, {"type", "message"}, {"status", status}, {"role", "assistant"}, {"phase", phase}, {"content", content}}
	}
	head := []field{{"item_id", id}, {"output_index", i}, {"content_index", 0}}
	refusal := it.Type == "refusal"
	part := func(text string, annotations []json.RawMessage) []field {
		if refusal {
			return []field{{"type", "refusal"}, {"refusal", text}}
		}
		return []field{{"type", "output_text"}, {"text", text}, {"annotations", annotations}, {"logprobs", json.RawMessage("[]")}}
	}
	annotations := []json.RawMessage{}
	waiting := citations(it)

	e.event("response.output_item.added", field{"output_index", i}, field{"item", item("in_progress", json.RawMessage("[]"))})
	e.event("response.content_part.added", append(slices.Clip(head), field{"part", part("", annotations)})...)
	var text string
	if refusal {
		text = e.deltas("response.refusal.delta", head, it.Text, e.chunk, nil)
		e.event("response.refusal.done", append(slices.Clip(head), field{"refusal", text})...)
	} else {
		annotate := func(runes int) {
			for len(waiting) > 0 && waiting[0].end <= runes {
				raw := json.RawMessage(appendObject(nil, waiting[0].fields()))
				e.event("response.output_text.annotation.added", append(slices.Clip(head), field{"annotation_index", len(annotations)}, field{"annotation", raw})...)
				annotations = append(annotations, raw)
				waiting = waiting[1:]
			}
		}
		text = e.deltas("response.output_text.delta", head, it.Text, e.chunk, annotate)
		e.event("response.output_text.done", append(slices.Clip(head), field{"text", text}, field{"logprobs", json.RawMessage("[]")})...)
	}
	e.visible += len(text)
	e.event("response.content_part.done", append(slices.Clip(head), field{"part", part(text, annotations)})...)
	status := "completed"
	if incomplete || e.cut {
		status = "incomplete"
	}
	e.done(i, item(status, []json.RawMessage{appendObject(nil, part(text, annotations))}))
}

// placed is a citation with its indices, in code points.
type placed struct {
	Citation
	start, end int
}

func (c placed) fields() []field {
	return []field{{"type", "url_citation"}, {"start_index", c.start}, {"end_index", c.end}, {"url", c.URL}, {"title", c.Title}}
}

func citations(it Item) []placed {
	var out []placed
	for _, c := range it.Citations {
		p := placed{Citation: c}
		if at := strings.Index(it.Text, c.Anchor); at >= 0 && c.Anchor != "" {
			p.start = utf8.RuneCountInString(it.Text[:at])
			p.end = p.start + utf8.RuneCountInString(c.Anchor)
		} else {
			p.end = utf8.RuneCountInString(it.Text)
			p.start = max(p.end-1, 0)
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b placed) int { return a.end - b.end })
	return out
}

func (e *emit) reasoning(it Item, silence bool) {
	id, i := e.sim.newID("rs_"), e.index
	e.index++
	sealed := e.sim.seal(id)
	item := func(summary any, encrypted string) []field {
		return []field{{"id", id}, {"type", "reasoning"}, {"summary", summary}, {"encrypted_content", encrypted}}
	}
	// OpenAI: the content in added may be incomplete; done has the whole.
	e.event("response.output_item.added", field{"output_index", i}, field{"item", item(json.RawMessage("[]"), sealed[:len(sealed)/3])})
	think := e.timing.Think
	if silence && think == 0 {
		think = 30 * time.Second
	}
	e.wait(think)
	e.hidden += max(len(it.Text), 256)
	if it.Text == "" {
		if e.budget >= 0 {
			e.budget = max(e.budget-256, 0)
		}
		e.done(i, item(json.RawMessage("[]"), sealed))
		return
	}
	head := []field{{"item_id", id}, {"output_index", i}, {"summary_index", 0}}
	part := func(text string) []field { return []field{{"type", "summary_text"}, {"text", text}} }
	e.event("response.reasoning_summary_part.added", append(slices.Clip(head), field{"part", part("")})...)
	text := e.deltas("response.reasoning_summary_text.delta", head, it.Text, e.chunk, nil)
	e.event("response.reasoning_summary_text.done", append(slices.Clip(head), field{"text", text})...)
	e.event("response.reasoning_summary_part.done", append(slices.Clip(head), field{"part", part(text)})...)
	e.done(i, item([]json.RawMessage{appendObject(nil, part(text))}, sealed))
}

// calls sends function calls. Several have all their items open at once, and
// their deltas take turns.
func (e *emit) calls(items []Item) {
	type call struct {
		Item
		id    string
		index int
		left  []string
		sent  strings.Builder
	}
	item := func(c *call, status, arguments string) []field {
		return []field{{"id", c.id}, {"type", "function_call"}, {"status", status}, {"call_id", c.CallID}, {"name", c.Name}, {"arguments", arguments}}
	}
	var open []*call
	for _, it := range items {
		c := &call{Item: it, id: e.sim.newID("fc_"), index: e.index}
		e.index++
		c.CallID = orDefault(c.CallID, e.sim.newID("call_"))
		c.Arguments = e.arguments(it)
		c.left = slices.Collect(chunks(c.Arguments, argumentChunk(c.Arguments, e.chunk)))
		e.event("response.output_item.added", field{"output_index", c.index}, field{"item", item(c, "in_progress", "")})
		open = append(open, c)
	}
	for busy := true; busy && e.err == nil && !e.cut; {
		busy = false
		for _, c := range open {
			if len(c.left) == 0 {
				continue
			}
			head := []field{{"item_id", c.id}, {"output_index", c.index}}
			c.sent.WriteString(e.deltas("response.function_call_arguments.delta", head, c.left[0], -1, nil))
			c.left = c.left[1:]
			busy = true
		}
	}
	status := "completed"
	if e.cut {
		status = "incomplete"
	}
	for _, c := range open {
		arguments := c.sent.String()
		e.visible += len(arguments)
		e.event("response.function_call_arguments.done", field{"item_id", c.id}, field{"output_index", c.index}, field{"arguments", arguments})
		e.done(c.index, item(c, status, arguments))
	}
}

// argumentChunk keeps long arguments from becoming one event per word.
func argumentChunk(arguments string, chunk int) int {
	if chunk == 0 && len(arguments) > 4096 {
		return 512
	}
	return chunk
}

// arguments returns those of a call, made from the tool's schema if none are
// scripted.
func (e *emit) arguments(it Item) string {
	if it.Arguments != "" || it.noArguments {
		return it.Arguments
	}
	for _, t := range e.req.tools {
		if t.Name == it.Name && isSet(t.Parameters) {
			return string(sample(t.Parameters, strings.TrimSpace(clip(e.req.lastUser, 200))))
		}
	}
	return "{}"
}

func (e *emit) customCall(it Item) {
	id, i := e.sim.newID("ctc_"), e.index
	e.index++
	callID := orDefault(it.CallID, e.sim.newID("call_"))
	item := func(input string) []field {
		return []field{{"id", id}, {"type", "custom_tool_call"}, {"status", "completed"}, {"call_id", callID}, {"name", it.Name}, {"input", input}}
	}
	head := []field{{"item_id", id}, {"output_index", i}}
	e.event("response.output_item.added", field{"output_index", i}, field{"item", item("")})
	input := e.deltas("response.custom_tool_call_input.delta", head, it.Arguments, e.chunk, nil)
	e.visible += len(input)
	e.event("response.custom_tool_call_input.done", append(slices.Clip(head), field{"input", input})...)
	e.done(i, item(input))
}

func (e *emit) search(it Item) {
	id, i := e.sim.newID("ws_"), e.index
	e.index++
	e.searches++
	head := []field{{"item_id", id}, {"output_index", i}}
	e.event("response.output_item.added", field{"output_index", i}, field{"item", []field{{"id", id}, {"type", "web_search_call"}, {"status", "in_progress"}, {"action", json.RawMessage(`{"type":"search","query":""}`)}}})
	e.event("response.web_search_call.in_progress", head...)
	e.event("response.web_search_call.searching", head...)
	e.wait(e.timing.Think)
	e.event("response.web_search_call.completed", head...)
	query := ""
	if len(it.Queries) > 0 {
		query = it.Queries[0]
	}
	action := []field{{"type", "search"}, {"query", query}, {"queries", it.Queries}}
	if slices.Contains(e.req.Include, "web_search_call.action.sources") {
		action = append(action, field{"sources", json.RawMessage(`[{"type":"url","url":"https://example.com/times"},{"type":"url","url":"https://example.org/weekly"}]`)})
	}
	e.done(i, []field{{"id", id}, {"type", "web_search_call"}, {"status", "completed"}, {"action", action}})
}

// end sends the terminal event.
func (e *emit) end(reason string) {
	if e.err != nil {
		return
	}
	if e.cut {
		reason = "max_output_tokens"
	}
	e.resp.ServiceTier = usedTier(e.resp.ServiceTier)
	typ := "response.completed"
	if reason == "" {
		e.resp.Status = "completed"
		at := stamp(e.sim.now(), e.dialect.FloatTimes)
		e.resp.CompletedAt = &at
	} else {
		typ, e.resp.Status = "response.incomplete", "incomplete"
		e.resp.IncompleteDetails = &incompleteDetails{reason}
	}
	if !e.dialect.NoUsage {
		e.resp.Usage = e.usage()
	}
	if e.searches > 0 {
		e.resp.ToolUsage = &toolUsage{}
		e.resp.ToolUsage.WebSearch.Requests = e.searches
	}
	shown := e.resp
	if e.dialect.EmptyOutput {
		shown.Output = []json.RawMessage{}
	}
	e.finish(typ, shown)
}

// fail ends with response.failed.
func (e *emit) fail(f *Fault) {
	e.resp.Status = "failed"
	e.resp.Error = &responseError{f.Code, orDefault(f.Message, failureMessage(f.Code, e.req.Model))}
	e.finish("response.failed", e.resp)
}

func (e *emit) finish(typ string, shown response) {
	if e.err == nil {
		// State before event: a cancel in between finds the response ended.
		e.sink.state(e.resp)
	}
	e.event(typ, field{"response", shown})
	if e.err == nil {
		e.err = errEnded
	}
}

func (e *emit) usage() *usage {
	u := &usage{InputTokens: e.req.tokens()}
	u.InputDetails.Cached = min(e.sim.cache.use(e.req), u.InputTokens)
	u.OutputDetails.Reasoning = (e.hidden + 3) / 4
	u.OutputTokens = u.OutputDetails.Reasoning + (e.visible+3)/4
	u.TotalTokens = u.InputTokens + u.OutputTokens
	return u
}
