package modelsim

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// create is POST /v1/responses.
func (p *reply) create() {
	req, bad := p.readRequest()
	if req == nil {
		return
	}
	if p.overloaded(req.Model) {
		return
	}
	p.guarded(req, func() {
		if bad == nil {
			bad = p.sim.accept(req)
		}
		if bad != nil {
			p.refuse(bad)
			return
		}
		if m := req.moderation; m != nil && m.Policy.Input.Mode == "block" && p.plan.fault.flag() != "" {
			// Our guess: OpenAI does not document how a blocked input is refused.
			p.sim.rec.fault(FaultModeration)
			p.refuse(badRequest("invalid_prompt", "input", failureMessage("invalid_prompt", req.Model)))
			return
		}
		p.answer(req)
	})
}

// accept does all the checks of a request that has been decoded.
func (s *Sim) accept(req *request) *apiError {
	if err := req.validate(s.catalog); err != nil {
		return err
	}
	if req.Background && !req.stored() && !s.opt.AllowBackgroundUnstored {
		return badRequest("", "background", "Background mode requires 'store' to be true.")
	}
	if req.noPrior != nil {
		return req.noPrior
	}
	if err := req.checkOrder(s); err != nil {
		return err
	}
	if n := req.tokens(); n > req.model.context && req.Truncation != "auto" {
		return badRequest("context_length_exceeded", "input", failureMessage("context_length_exceeded", req.Model))
	}
	return nil
}

// lookUpPrior puts what previous_response_id stands for before the input.
func (s *Sim) lookUpPrior(req *request) *apiError {
	if req.PreviousResponseID == "" {
		return nil
	}
	prev := s.store.get(req.PreviousResponseID, s.now())
	if prev == nil {
		return badRequest("previous_response_not_found", "previous_response_id", "Previous response with id '"+req.PreviousResponseID+"' not found.")
	}
	req.prior = afterCompaction(s.store.contextOf(prev))
	req.digest()
	return nil
}

// perform makes ready what performs the script of an accepted request.
func (p *reply) perform(req *request, prefix string) (*emit, script) {
	s := p.sim
	id := s.newID(prefix)
	if p.dialect.PlainIDs {
		id = strings.TrimPrefix(id, prefix)
	}
	sc := s.script(req, &p.plan)
	if p.plan.fault == nil {
		p.plan.fault = sc.fault
	}
	p.rec.note(func(q *Request) { q.Response, q.Shape = id, p.plan.shape })
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash never fails
	s.quota.headers(p.w.Header(), req.tokens())
	return &emit{
		ctx: p.ctx, sim: s, req: req, timing: p.timing, dialect: p.dialect, fault: p.plan.fault,
		resp: newResponse(id, req, stamp(s.now(), p.dialect.FloatTimes)),
		rng:  rand.New(rand.NewPCG(s.opt.Seed, h.Sum64())),
	}, sc
}

// streams says whether the answer is an event stream: F23 can forbid it.
func (p *reply) streams(req *request) bool {
	if req.Stream && p.plan.fault != nil && p.plan.fault.Kind == FaultJSONForStream {
		p.sim.rec.fault(FaultJSONForStream)
		return false
	}
	return req.Stream
}

// answer performs the script of an accepted request.
func (p *reply) answer(req *request) {
	e, sc := p.perform(req, "resp_")
	p.render = func(r response) any { return r }
	asStream := p.streams(req)
	switch {
	case p.plan.fault != nil && p.plan.fault.Kind == FaultLateSuccess:
		p.lateSuccess(e, sc)
	case req.Background:
		p.background(e, sc, asStream)
	case asStream:
		p.foreground(e, sc)
	default:
		e.sink = nothing{}
		r, err := e.perform(sc)
		if err != nil {
			return // the client has left, or end resets
		}
		p.finished(req, r)
		p.json(200, p.render(r))
	}
}

func (p *reply) foreground(e *emit, sc script) {
	p.sim.rec.streamed(1)
	defer p.sim.rec.streamed(-1)
	st, err := p.openStream()
	if err != nil {
		return
	}
	e.sink = st
	r, err := e.perform(sc)
	if err == nil {
		p.finished(e.req, r)
	}
	st.close(err)
}

// lateSuccess is F21: silence, then work that nobody waits for any more.
func (p *reply) lateSuccess(e *emit, sc script) {
	p.sim.rec.fault(FaultLateSuccess)
	waited := sleep(p.ctx, orDefault(e.fault.For, forever))
	if p.sim.ctx.Err() != nil {
		return
	}
	e.ctx, e.sink = p.sim.ctx, nothing{}
	r, err := e.perform(sc)
	if err != nil {
		return
	}
	p.finished(e.req, r)
	if waited != nil {
		p.rec.note(func(q *Request) { q.Wasted = true })
		return
	}
	p.json(200, p.render(r))
}

// finished records how a response ended and keeps it if it is to be stored.
func (p *reply) finished(req *request, r response) {
	p.rec.note(func(q *Request) { q.Outcome = r.Status })
	if req.stored() && !req.Background && r.Status != "failed" {
		kept := p.sim.keep(req, p.sim.opt.StoredTTL)
		kept.resp = r
		kept.context = append(kept.context, outputItems(r)...)
		p.sim.store.put(r.ID, kept, p.sim.now())
	}
}

// keep makes the stored form of a request.
func (s *Sim) keep(req *request, ttl time.Duration) *stored {
	k := &stored{expires: s.now().Add(ttl), context: slices.Concat(req.prior, req.items)}
	for _, it := range req.items {
		k.input = append(k.input, s.withID(it))
	}
	return k
}

// withID gives an input item the id under which input_items lists it.
func (s *Sim) withID(it inputItem) json.RawMessage {
	var obj map[string]json.RawMessage
	if it.ID != "" || json.Unmarshal(it.raw, &obj) != nil {
		return it.raw
	}
	prefix := orDefault(itemForms()[it.Type].prefix, "msg_")
	if !strings.HasSuffix(prefix, "_") {
		prefix += "_"
	}
	obj["id"] = appendString(nil, s.newID(prefix))
	obj["type"] = appendString(nil, it.Type)
	if it.Type == "message" {
		obj["status"] = json.RawMessage(`"completed"`)
		var text string
		if json.Unmarshal(it.Content, &text) == nil {
			kind := "input_text"
			if it.Role == "assistant" {
				kind = "output_text"
			}
			obj["content"] = append(appendObject([]byte{'['}, []field{{"type", kind}, {"text", text}}), ']')
		}
	}
	b, err := json.Marshal(obj)
	if err != nil {
		panic("modelsim: an item does not marshal: " + err.Error())
	}
	return b
}

func outputItems(r response) []inputItem {
	var items []inputItem
	for i, raw := range r.Output {
		it, err := decodeItem(raw, fmt.Sprintf("output[%d]", i))
		if err == nil {
			items = append(items, it)
		}
	}
	return items
}

// background starts a job that outlives the connection, and answers with its
// first state or its live events.
func (p *reply) background(e *emit, sc script, asStream bool) {
	s := p.sim
	e.resp.Status = "queued"
	ctx, stop := context.WithCancelCause(s.ctx)
	j := newJob(e.resp, e.req.Stream, p.dialect, stop)
	kept := s.keep(e.req, s.opt.BackgroundTTL)
	kept.job = j
	s.store.put(e.resp.ID, kept, s.now())
	if !s.enter() {
		stop(errClosed)
		return
	}
	s.store.running.Add(1)
	e.ctx, e.sink, e.polls = ctx, j, j.polled
	id, rec := e.resp.ID, p.rec
	first := e.resp
	go func() {
		defer s.wg.Done()
		defer stop(nil)
		r, err := e.perform(sc)
		if err == nil {
			s.store.finish(id, outputItems(r))
		}
		rec.note(func(q *Request) { q.Outcome = j.look().Status })
		s.store.running.Add(-1)
		j.end()
		s.rec.poke()
	}()
	if asStream {
		p.follow(j, 0)
		return
	}
	p.json(200, first)
}

// follow sends a job's events from index n on, live, until it is over.
func (p *reply) follow(j *job, n int) {
	p.sim.rec.streamed(1)
	defer p.sim.rec.streamed(-1)
	st, err := p.openStream()
	if err != nil {
		return
	}
	st.close(p.tail(st, j, n))
}

func (p *reply) tail(st *stream, j *job, n int) error {
	var tick <-chan time.Time
	if p.timing.Ping > 0 {
		t := time.NewTicker(p.timing.Ping)
		defer t.Stop()
		tick = t.C
	}
	for {
		events, over, changed := j.after(n)
		for _, ev := range events {
			if err := st.event(ev); err != nil {
				return err
			}
		}
		n += len(events)
		if over {
			if p.sim.ctx.Err() != nil {
				return errClosed // that is why it is over
			}
			return nil
		}
		select {
		case <-changed:
		case <-tick:
			if err := st.ping(); err != nil {
				return err
			}
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		}
	}
}
