package modelsim

import (
	"encoding/json"
	"strconv"
)

func (p *reply) notFound(id string) {
	p.refuse(&apiError{status: 404, Type: "invalid_request_error", Message: "Response with id '" + id + "' not found."})
}

// getResponse is GET /v1/responses/{id}, as JSON or, for a background response
// made with stream:true, as its events after starting_after.
func (p *reply) getResponse(id string) {
	q := p.r.URL.Query()
	kept := p.sim.store.get(id, p.sim.now())
	if kept == nil {
		p.notFound(id)
		return
	}
	p.rec.note(func(q *Request) { q.Response = id })
	if q.Get("stream") != "true" {
		if q.Has("starting_after") {
			// What the official Go SDK sends when it forgets stream=true: OpenAI
			// answers with JSON, which the SDK reads as an empty stream.
			p.sim.log.Debug("starting_after without stream=true", "request", p.rec.ID)
		}
		if kept.job != nil {
			p.json(200, kept.job.poll())
		} else {
			p.json(200, kept.resp)
		}
		return
	}
	if kept.job == nil || !kept.job.streamable {
		p.refuse(badRequest("", "stream", "This response cannot be streamed: it was not created with background=true and stream=true."))
		return
	}
	after := -1
	if v := q.Get("starting_after"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			p.refuse(badRequest("invalid_type", "starting_after", "Invalid 'starting_after': expected a sequence number, but got '"+clip(v, 40)+"' instead."))
			return
		}
		after = n
	}
	if p.plan.dialect == nil {
		p.dialect = kept.job.dialect
	}
	kept.job.poll()
	p.follow(kept.job, after+1)
}

func (p *reply) cancelResponse(id string) {
	kept := p.sim.store.get(id, p.sim.now())
	switch {
	case kept == nil:
		p.notFound(id)
	case kept.job == nil:
		p.refuse(badRequest("", "", "Cannot cancel a synchronous response."))
	default:
		p.rec.note(func(q *Request) { q.Response = id })
		p.json(200, kept.job.cancel())
	}
}

func (p *reply) deleteResponse(id string) {
	if p.sim.store.get(id, p.sim.now()) == nil {
		p.notFound(id)
		return
	}
	p.rec.note(func(q *Request) { q.Response = id })
	p.sim.store.remove(id)
	p.json(200, []field{{"id", id}, {"object", "response"}, {"deleted", true}})
}

// listInput is GET /v1/responses/{id}/input_items, newest first by default.
func (p *reply) listInput(id string) {
	kept := p.sim.store.get(id, p.sim.now())
	if kept == nil {
		p.notFound(id)
		return
	}
	page, err := pageOf(kept.input, p.r.URL.Query(), 20, 100, "desc", itemID)
	if err != nil {
		p.refuse(err)
		return
	}
	var first, last any
	if n := len(page.items); n > 0 {
		first, last = itemID(page.items[0]), itemID(page.items[n-1])
	}
	p.json(200, []field{{"object", "list"}, {"data", append([]json.RawMessage{}, page.items...)}, {"first_id", first}, {"last_id", last}, {"has_more", page.more}})
}

func itemID(raw json.RawMessage) string {
	var it struct{ ID string }
	_ = json.Unmarshal(raw, &it) // stored items are objects with an id
	return it.ID
}
