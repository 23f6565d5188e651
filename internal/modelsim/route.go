package modelsim

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxBody = 64 << 20 // bytes of one request

// Handler serves /v1/ (the API) and /_sim/ (the control plane). It works under
// any HTTP/1.1 server; what is done to whole connections (Sim.Outage) needs
// Start.
func (s *Sim) Handler() http.Handler {
	control := s.control()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			panic(http.ErrAbortHandler)
		}
		defer s.wg.Done()
		if strings.HasPrefix(r.URL.Path, "/_sim/") {
			control.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	})
}

// serve answers one request under /v1 and records it.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(errClosed) })()

	header := r.Header.Clone()
	if header.Get("Authorization") != "" {
		header.Set("Authorization", "***")
	}
	rec := s.rec.add(Request{ID: s.newID("req_"), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Header: header, Arrived: time.Now()})
	p := &reply{sim: s, w: w, r: r, rc: http.NewResponseController(w), ctx: ctx, rec: rec, dialect: s.opt.Dialect, wire: s.wire.open()}
	defer p.end()
	if mode, left := s.down.now(); mode != "" {
		if mode == OutageHang || mode == OutageBlackhole {
			_ = sleep(ctx, left) // it ends in a reset either way
		}
		p.reset()
		return
	}
	p.setHeaders(0)
	if err := s.authorize(r); err != nil {
		p.refuse(err)
		return
	}
	p.route()
}

// end closes the record and, if the Sim is closing, a reply that is not whole.
func (p *reply) end() {
	if p.left() && !p.whole && !p.gone && !p.over {
		p.rec.note(func(q *Request) { q.Cancelled = true })
	}
	p.rec.end(time.Now(), p.whole)
	p.sim.wire.log(p)
	if p.sim.ctx.Err() != nil && !p.whole && !p.gone {
		p.reset()
	}
}

// left says whether the client is gone, by its own doing.
func (p *reply) left() bool { return p.r.Context().Err() != nil && p.sim.ctx.Err() == nil }

func (s *Sim) authorize(r *http.Request) *apiError {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	key = strings.TrimSpace(key)
	e := &apiError{status: 401, Type: "invalid_request_error", Code: "invalid_api_key"}
	switch {
	case !ok || key == "":
		e.Code = ""
		e.Message = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
	case s.opt.Key != "" && key != s.opt.Key:
		e.Message = "Incorrect API key provided: " + maskKey(key) + "."
	default:
		return nil
	}
	return e
}

func maskKey(key string) string {
	if len(key) < 8 {
		return "***"
	}
	return key[:4] + "***" + key[len(key)-1:]
}

// route finds the endpoint.
func (p *reply) route() {
	if p.deaf() {
		return
	}
	seg := strings.Split(strings.TrimSuffix(p.r.URL.Path, "/"), "/")
	if len(seg) < 3 || seg[0] != "" || seg[1] != "v1" || slices.Contains(seg[2:], "") {
		p.guarded(nil, p.unknown)
		return
	}
	at := func(i int) string {
		if i < len(seg) {
			return seg[i]
		}
		return ""
	}
	method, id, verb := p.r.Method, at(3), at(4)
	switch what := seg[2]; {
	case what == "containers":
		p.routeContainers(seg[3:])
	case what == "conversations":
		p.guarded(nil, func() {
			p.refuse(&apiError{status: 404, Type: "invalid_request_error", Message: "The simulator keeps no conversations. Send the items in 'input', or use 'previous_response_id'."})
		})
	case len(seg) > 5:
		p.guarded(nil, p.unknown)
	case what == "models" && verb == "" && method == "GET":
		p.guarded(nil, func() {
			if id == "" {
				p.listModels()
			} else {
				p.getModel(id)
			}
		})
	case what == "responses":
		p.routeResponses(id, verb)
	case what == "files":
		p.routeFiles(id, verb)
	case what == "images" && verb == "" && method == "POST" && (id == "generations" || id == "edits"):
		p.images(id == "edits")
	case what == "chat" && id == "completions" && verb == "" && method == "POST":
		p.chat()
	case what == "moderations" && id == "" && method == "POST":
		p.moderate()
	default:
		p.guarded(nil, p.unknown)
	}
}

// routeResponses is everything under /v1/responses.
func (p *reply) routeResponses(id, verb string) {
	switch method := p.r.Method; {
	case id == "" && method == "POST":
		p.create()
	case id == "compact" && verb == "" && method == "POST":
		p.compactNow()
	case id == "input_tokens" && verb == "" && method == "POST":
		p.countTokens()
	case id == "":
		p.guarded(nil, p.unknown)
	case verb == "" && method == "GET":
		p.guarded(nil, func() { p.getResponse(id) })
	case verb == "" && method == "DELETE":
		p.guarded(nil, func() { p.deleteResponse(id) })
	case verb == "cancel" && method == "POST":
		p.guarded(nil, func() { p.cancelResponse(id) })
	case verb == "input_items" && method == "GET":
		p.guarded(nil, func() { p.listInput(id) })
	default:
		p.guarded(nil, p.unknown)
	}
}

func (p *reply) unknown() {
	p.refuse(&apiError{status: 404, Type: "invalid_request_error", Message: "Invalid URL (" + p.r.Method + " " + p.r.URL.Path + ")"})
}

// deaf performs an F2 whose rule needs nothing of the body: it is not even read,
// so that a client with much to send blocks while writing.
func (p *reply) deaf() bool {
	f, rule := p.sim.rules.deaf(target{method: p.r.Method, path: p.r.URL.Path})
	if f == nil {
		return false
	}
	p.sim.rec.fault(f.Kind)
	p.rec.note(func(q *Request) { q.Rule, q.Fault = rule, f.Kind })
	// The server looks for the client's end only after the body was read, so the
	// connection is taken from it. What fits into buffers anyway is read, to see
	// a client leave.
	conn := p.take()
	if conn == nil {
		return true
	}
	defer resetConn(conn)
	defer context.AfterFunc(p.ctx, func() { resetConn(conn) })()
	until := time.Now().Add(f.For)
	if conn.SetReadDeadline(until) == nil {
		_, err := io.CopyN(io.Discard, conn, 64<<10)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && p.ctx.Err() == nil {
			p.rec.note(func(q *Request) { q.Cancelled = true })
			return true
		}
	}
	_ = sleep(p.ctx, time.Until(until)) // it ends in a reset either way
	return true
}

// guarded decides the plan of a request and runs next unless a fault that needs
// no answer took over.
func (p *reply) guarded(req *request, next func()) {
	tokens := 0
	if req != nil {
		tokens = req.tokens()
	}
	if wait, of := p.sim.quota.take(tokens); wait > 0 {
		p.refuse(rateLimited(wait, of))
		return
	}
	p.sim.plan(p, req)
	if !p.headerFault(req) {
		next()
	}
}

func rateLimited(wait time.Duration, of string) *apiError {
	seconds := int(wait/time.Second) + 1
	f := &Fault{Kind: FaultRateLimit, Status: 429, Code: "rate_limit_exceeded", Type: of, RetryAfter: strconv.Itoa(seconds)}
	return f.httpError("this model")
}

// plan decides what happens to a request: the header X-Sim and the directive in
// the newest user message go before rules, rules before the model's own ways.
func (s *Sim) plan(p *reply, req *request) {
	pl := &p.plan
	base := s.opt.Timing
	if s.opt.Demo && base == (Timing{}) {
		base = demoTiming()
	}
	text := p.r.Header.Get("X-Sim")
	if text != "" && !strings.HasPrefix(text, "[[") {
		text = "[[sim " + text + "]]"
	}
	if req != nil {
		text += req.lastUser
		// Neither rules nor answers see the directive.
		req.lastUser = strings.TrimSpace(s.directive.ReplaceAllString(req.lastUser, ""))
	}
	d, err := findDirective(s.directive, text)
	if err != nil {
		pl.answer = &compiledRule{Rule: Rule{Text: "I can't read that: " + err.Error() + "."}}
	}
	var directed *Timing
	if d != nil {
		pl.rule = "directive"
		directed = d.Timing
		pl.dialect = d.Dialect
		if d.answers() {
			pl.answer = &compiledRule{Rule: d.Rule}
		}
		key := text
		if req != nil {
			key += "\x00" + req.Metadata["turn_id"]
		}
		if d.Fault != nil && s.rules.takeDirective(key, d.When, time.Since(s.started)) {
			pl.fault = d.Fault
		}
	}
	answer := pl.answer
	s.rules.decide(target{p.r.Method, p.r.URL.Path, req}, pl)
	if answer != nil {
		pl.answer = answer
	}
	if req != nil {
		if m, ok := s.catalog.find(req.Model); ok {
			if m.timing != (Timing{}) {
				base = m.timing
			}
			if m.fault != nil && pl.fault == nil && s.rules.takeDirective("model "+m.id, m.faultFor, time.Since(s.started)) {
				f, err := m.fault.checked()
				if err != nil {
					panic("modelsim: catalog: " + err.Error())
				}
				pl.fault = &f
			}
		}
	}
	p.timing = base
	if pl.timing != nil {
		p.timing = *pl.timing
	}
	if directed != nil {
		overlay(&p.timing, *directed)
	}
	if pl.dialect != nil {
		p.dialect = *pl.dialect
	}
	p.rec.note(func(q *Request) {
		q.Rule = pl.rule
		if pl.fault != nil {
			q.Fault = pl.fault.Kind
		}
	})
}

// overlay sets what a directive sets and leaves the rest.
func overlay(t *Timing, with Timing) {
	t.Headers = orDefault(with.Headers, t.Headers)
	t.FirstToken = orDefault(with.FirstToken, t.FirstToken)
	t.Think = orDefault(with.Think, t.Think)
	t.Work = orDefault(with.Work, t.Work)
	t.TokensPerSecond = orDefault(with.TokensPerSecond, t.TokensPerSecond)
	t.Chunk = orDefault(with.Chunk, t.Chunk)
	t.Ping = orDefault(with.Ping, t.Ping)
}

// headerFault performs the faults that come before or instead of an answer, and
// the wait before the headers. It says whether the request is dealt with.
func (p *reply) headerFault(req *request) bool {
	f := p.plan.fault
	if f == nil {
		return sleep(p.ctx, p.timing.Headers) != nil
	}
	model := "this model"
	if req != nil && req.Model != "" {
		model = req.Model
	}
	struck := func() { p.sim.rec.fault(f.Kind) }
	switch f.Kind {
	case FaultReset:
		struck()
		switch f.Variant {
		case "refuse":
			p.sim.Outage(OutageRefuse, f.For)
		case "blackhole":
			p.sim.Outage(OutageBlackhole, f.For)
		}
		p.reset()
		return true
	case FaultHang:
		struck()
		if sleep(p.ctx, f.For) == nil {
			p.reset()
		}
		return true
	case FaultHeaderHang:
		struck()
		return sleep(p.ctx, orDefault(f.For, forever)) != nil
	case FaultSlowHeaders:
		struck()
		return sleep(p.ctx, f.For) != nil
	case FaultHTTP:
		struck()
		switch f.Variant {
		case "empty":
			p.status(f.Status, "application/json")
			p.body(nil)
		case "html":
			if f.ShouldRetry != "" {
				p.w.Header().Set("X-Should-Retry", f.ShouldRetry)
			}
			p.html(f.Status, strconv.Itoa(f.Status)+" "+orDefault(http.StatusText(f.Status), "Unknown Error"))
		default:
			p.refuse(f.httpError(model))
		}
		return true
	case FaultRateLimit, FaultRevoked:
		struck()
		p.refuse(f.httpError(model))
		return true
	case FaultContextLength:
		if f.Variant == "http" {
			struck()
			p.refuse(f.httpError(model))
			return true
		}
	case FaultUnsupported:
		if req != nil && req.has(f.Param) {
			struck()
			p.refuse(f.httpError(model))
			return true
		}
	case FaultModeration:
		if f.Variant == "prompt" {
			struck()
			p.refuse(f.httpError(model))
			return true
		}
	case FaultCaptivePortal:
		struck()
		p.html(200, "Welcome to Airport Wi-Fi")
		return true
	case FaultServerOutage:
		struck()
		p.sim.Outage(OutageRefuse, f.For)
		p.reset()
		return true
	}
	return sleep(p.ctx, p.timing.Headers) != nil
}

// readRequest reads and decodes a model request. Nil means that it has been
// refused.
func (p *reply) readRequest() (*request, *apiError) {
	body, ok := p.readJSON()
	if !ok {
		return nil, nil
	}
	req, bad := decodeRequest(body)
	req.noPrior = p.sim.lookUpPrior(req)
	p.rec.learn(req)
	return req, bad
}

func (p *reply) countTokens() {
	req, bad := p.readRequest()
	if req == nil {
		return
	}
	p.guarded(req, func() {
		known := requestFields()
		known["personality"] = true
		for _, name := range slices.Sorted(maps.Keys(req.fields)) {
			if !known[name] && bad == nil {
				bad = unknownParameter(name)
			}
		}
		if bad == nil {
			bad = req.noPrior
		}
		if bad != nil {
			p.refuse(bad)
			return
		}
		p.json(200, []field{{"object", "response.input_tokens"}, {"input_tokens", req.tokens()}})
	})
}

func (p *reply) listModels() {
	var data []modelObject
	for _, m := range p.sim.catalog {
		data = append(data, m.object())
	}
	p.json(200, []field{{"object", "list"}, {"data", append(data, otherModels()...)}})
}

func (p *reply) getModel(id string) {
	if m, ok := p.sim.catalog.find(id); ok {
		p.json(200, m.object())
		return
	}
	for _, m := range otherModels() {
		if m.ID == id {
			p.json(200, m)
			return
		}
	}
	p.refuse(&apiError{status: 404, Type: "invalid_request_error", Param: "model", Code: "model_not_found", Message: "The model '" + id + "' does not exist"})
}
