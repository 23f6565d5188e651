package modelsim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

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
	waiting := e.citations(it)

	e.event("response.output_item.added", field{"output_index", i}, field{"item", item("in_progress", json.RawMessage("[]"))})
	e.event("response.content_part.added", append(slices.Clip(head), field{"part", part("", annotations)})...)
	var text string
	if refusal {
		text = e.deltas("response.refusal.delta", head, it.Text, e.chunk, nil)
		e.event("response.refusal.done", append(slices.Clip(head), field{"refusal", text})...)
	} else {
		annotate := func(runes int) {
			for len(waiting) > 0 && waiting[0].end <= runes {
				raw := json.RawMessage(appendObject(nil, waiting[0].fields))
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
	item := func(status, input string) []field {
		return []field{{"id", id}, {"type", "custom_tool_call"}, {"status", status}, {"call_id", callID}, {"name", it.Name}, {"input", input}}
	}
	head := []field{{"item_id", id}, {"output_index", i}}
	e.event("response.output_item.added", field{"output_index", i}, field{"item", item("in_progress", "")})
	input := e.deltas("response.custom_tool_call_input.delta", head, it.Arguments, e.chunk, nil)
	e.visible += len(input)
	e.event("response.custom_tool_call_input.done", append(slices.Clip(head), field{"input", input})...)
	e.done(i, item("completed", input))
}
