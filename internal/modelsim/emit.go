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

	resp        response
	err         error
	seq         int
	index       int // output_index of the next item
	buf         []byte
	rng         *rand.Rand
	due         time.Time // when the next delta may leave
	chunk       int
	budget      int // bytes of output still allowed; negative: no bound
	cut         bool
	cutBy       string // why, if not by the budget
	obfuscate   bool
	visible     int // bytes of text and arguments
	hidden      int // bytes of reasoning
	hostedCalls int
	searches    int
	imageTokens int
	container   *container          // that code has run in
	made        map[string]madeFile // by name, and by number from 1
	madeCount   int
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
	if e.req.compacts() && !slices.ContainsFunc(sc.items, func(it Item) bool { return it.Type == "compaction" }) {
		e.compaction()
	}
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
	}
	// The official clients insist that created comes first, queued or not.
	e.event("response.created", field{"response", e.resp})
	if e.req.Background {
		e.event("response.queued", field{"response", e.resp})
		e.sink.state(e.resp)
		if e.backgroundFault(); e.err != nil {
			return
		}
		e.resp.Status = "in_progress"
		e.sink.state(e.resp)
	}
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
	switch typ {
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.withdrawn":
		return true
	}
	return false
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
	case "mcp_list_tools":
		e.mcpList(it)
	case "mcp_approval_request":
		e.mcpApproval(it)
	case "compaction":
		e.compaction()
	default:
		e.hosted(it)
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
		if f := e.fault; f != nil && f.Kind == FaultModeration && f.Variant == "filter" && e.seq >= f.After {
			e.sim.rec.fault(f.Kind)
			e.cut, e.cutBy = true, "content_filter"
			break
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

// end sends the terminal event.
func (e *emit) end(reason string) {
	if e.err != nil {
		return
	}
	if e.cut {
		reason = orDefault(e.cutBy, "max_output_tokens")
	}
	if m := e.req.moderation; m != nil {
		flagged := e.fault.flag()
		if flagged != "" {
			e.sim.rec.fault(FaultModeration)
		}
		e.resp.Moderation = m.moderated(flagged)
		if flagged != "" && m.Policy.Output.Mode == "block" && reason == "" {
			reason = "content_filter" // our guess: OpenAI does not document how it ends
		}
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
	if e.searches > 0 || e.imageTokens > 0 {
		e.resp.ToolUsage = e.toolUsage()
	}
	shown := e.resp
	if e.dialect.EmptyOutput {
		shown.Output = []json.RawMessage{}
	}
	e.finish(typ, shown)
}

// fail ends with response.failed, or as a variant of F13 says.
func (e *emit) fail(f *Fault) {
	if f.Kind == FaultFailed && f.Variant != "" && f.Variant != "failed" {
		e.resp.Status = f.Variant
		e.finish("response."+f.Variant, e.resp)
		return
	}
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
