package modelsim

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// answerChat performs the script of an accepted chat request: the same as for
// the Responses API, less what chat completions cannot say.
func (p *reply) answerChat(c *chatRequest, req *request) {
	e, sc := p.perform(req, "chatcmpl-")
	sc.items = slices.DeleteFunc(sc.items, func(it Item) bool {
		return !slices.Contains([]string{"", "message", "refusal", "reasoning", "function_call"}, it.Type)
	})
	for i := range sc.items {
		it := &sc.items[i]
		it.Citations = nil
		if it.Type == "" || it.Type == "message" {
			for _, stop := range c.stops() {
				it.Text, _, _ = strings.Cut(it.Text, stop)
			}
		}
	}
	p.render = func(r response) any { return chatCompletion(r) }
	asStream := p.streams(req)
	switch f := p.plan.fault; {
	case f != nil && f.Kind == FaultLateSuccess:
		p.lateSuccess(e, sc)
	case asStream:
		p.sim.rec.streamed(1)
		defer p.sim.rec.streamed(-1)
		st, err := p.openStream()
		if err != nil {
			return
		}
		st.bare = true
		usage := c.StreamOptions != nil && c.StreamOptions.IncludeUsage
		e.sink = &chatSink{st: st, e: e, usage: usage, obfuscate: req.StreamOptions.IncludeObfuscation == nil || *req.StreamOptions.IncludeObfuscation}
		r, err := e.perform(sc)
		if err == nil {
			p.finished(req, r)
		}
		st.close(err)
	default:
		e.sink = nothing{}
		r, err := e.perform(sc)
		if err != nil {
			return // the client has left, or end resets
		}
		p.finished(req, r)
		if r.Status == "failed" {
			status := 500
			if r.Error.Code == "rate_limit_exceeded" {
				status = 429
			}
			p.refuse(&apiError{status: status, Type: "server_error", Code: r.Error.Code, Message: r.Error.Message})
			return
		}
		p.json(200, p.render(r))
	}
}

// fingerprint is the system_fingerprint of every chat completion.
const fingerprint = "fp_holdfast01"

func chatUsage(u *usage) any {
	if u == nil {
		return nil
	}
	return []field{
		{"prompt_tokens", u.InputTokens}, {"completion_tokens", u.OutputTokens}, {"total_tokens", u.TotalTokens},
		{"prompt_tokens_details", []field{{"cached_tokens", u.InputDetails.Cached}, {"audio_tokens", 0}}},
		{"completion_tokens_details", []field{{"reasoning_tokens", u.OutputDetails.Reasoning}, {"audio_tokens", 0}, {"accepted_prediction_tokens", 0}, {"rejected_prediction_tokens", 0}}},
	}
}

// chatFinish is the finish_reason of a response that has ended.
func chatFinish(r response, calls bool) string {
	switch {
	case r.IncompleteDetails != nil && r.IncompleteDetails.Reason == "content_filter":
		return "content_filter"
	case r.IncompleteDetails != nil:
		return "length"
	case calls:
		return "tool_calls"
	}
	return "stop"
}

// outputItem is an item of an answer, as chat completions need it.
type outputItem struct {
	Type      string `json:"type"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Content   []struct {
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	} `json:"content"`
}

func (it outputItem) call() []field {
	return []field{{"id", it.CallID}, {"type", "function"}, {"function", []field{{"name", it.Name}, {"arguments", it.Arguments}}}}
}

// chatCompletion says in one message what a response said in items.
func chatCompletion(r response) []field {
	var texts, refusals []string
	var calls []json.RawMessage
	for _, raw := range r.Output {
		var it outputItem
		_ = json.Unmarshal(raw, &it) // we made it
		if it.Type == "function_call" {
			calls = append(calls, appendObject(nil, it.call()))
		}
		for _, part := range it.Content {
			if part.Refusal != "" {
				refusals = append(refusals, part.Refusal)
			} else {
				texts = append(texts, part.Text)
			}
		}
	}
	var content, refusal any
	if len(texts) > 0 {
		content = strings.Join(texts, "\n\n")
	}
	if len(refusals) > 0 {
		refusal = strings.Join(refusals, "\n\n")
	}
	message := []field{{"role", "assistant"}, {"content", content}, {"refusal", refusal}, {"annotations", json.RawMessage("[]")}}
	if len(calls) > 0 {
		message = append(message, field{"tool_calls", calls})
	}
	choice := appendObject(nil, []field{{"index", 0}, {"message", message}, {"logprobs", nil}, {"finish_reason", chatFinish(r, len(calls) > 0)}})
	fields := []field{{"id", r.ID}, {"object", "chat.completion"}, {"created", r.CreatedAt}, {"model", r.Model}, {"choices", []json.RawMessage{choice}}}
	if u := chatUsage(r.Usage); u != nil {
		fields = append(fields, field{"usage", u})
	}
	return append(fields, field{"service_tier", r.ServiceTier}, field{"system_fingerprint", fingerprint})
}

// chatSink turns the events of a response into the chunks of a chat completion.
type chatSink struct {
	st        *stream
	e         *emit
	usage     bool
	obfuscate bool

	begun bool // the role was sent
	said  bool // a message was sent
	calls map[int]int
}

func (c *chatSink) state(response) {}

func (c *chatSink) wait(ctx context.Context, d time.Duration) error { return c.st.wait(ctx, d) }

func (c *chatSink) event(ev event) error {
	switch ev.typ {
	case "response.completed", "response.incomplete":
		return c.finish()
	case "response.failed":
		r := c.e.resp
		if err := c.st.event(event{"", appendObject(nil, []field{{"error", []field{{"message", r.Error.Message}, {"type", "server_error"}, {"param", nil}, {"code", r.Error.Code}}}})}); err != nil {
			return err
		}
		return errWireEnded // no [DONE] after an error
	case "response.output_item.added", "response.output_text.delta", "response.refusal.delta", "response.function_call_arguments.delta":
	default:
		return nil
	}
	var in struct {
		Delta string     `json:"delta"`
		Index int        `json:"output_index"`
		Item  outputItem `json:"item"`
	}
	if err := json.Unmarshal(ev.data, &in); err != nil {
		return err
	}
	switch {
	case ev.typ == "response.output_text.delta":
		return c.delta(true, field{"content", in.Delta})
	case ev.typ == "response.refusal.delta":
		return c.delta(true, field{"refusal", in.Delta})
	case ev.typ == "response.function_call_arguments.delta":
		call := appendObject(nil, []field{{"index", c.calls[in.Index]}, {"function", []field{{"arguments", in.Delta}}}})
		return c.delta(true, field{"tool_calls", []json.RawMessage{call}})
	case in.Item.Type == "function_call":
		if err := c.begin(nil); err != nil {
			return err
		}
		if c.calls == nil {
			c.calls = map[int]int{}
		}
		n := len(c.calls)
		c.calls[in.Index] = n
		in.Item.Arguments = ""
		call := appendObject(nil, append([]field{{"index", n}}, in.Item.call()...))
		return c.delta(false, field{"tool_calls", []json.RawMessage{call}})
	case in.Item.Type == "message":
		if c.said {
			return c.delta(false, field{"content", "\n\n"}) // chat has one message alone
		}
		c.said = true
		return c.begin("")
	}
	return nil
}

// begin sends the first chunk, once.
func (c *chatSink) begin(content any) error {
	if c.begun {
		return nil
	}
	c.begun = true
	return c.delta(false, field{"role", "assistant"}, field{"content", content}, field{"refusal", nil})
}

func (c *chatSink) delta(padded bool, fields ...field) error {
	choice := appendObject(nil, []field{{"index", 0}, {"delta", fields}, {"logprobs", nil}, {"finish_reason", nil}})
	return c.chunk(padded, []json.RawMessage{choice}, nil)
}

func (c *chatSink) chunk(padded bool, choices []json.RawMessage, usage any) error {
	r := c.e.resp
	fields := []field{{"id", r.ID}, {"object", "chat.completion.chunk"}, {"created", r.CreatedAt}, {"model", r.Model}, {"service_tier", usedTier(r.ServiceTier)}, {"system_fingerprint", fingerprint}, {"choices", choices}}
	if c.usage {
		fields = append(fields, field{"usage", usage})
	}
	if padded && c.obfuscate {
		fields = append(fields, field{"obfuscation", c.e.noise()})
	}
	return c.st.event(event{"", appendObject(nil, fields)})
}

func (c *chatSink) finish() error {
	if err := c.begin(""); err != nil {
		return err
	}
	r := c.e.resp
	choice := appendObject(nil, []field{{"index", 0}, {"delta", json.RawMessage("{}")}, {"logprobs", nil}, {"finish_reason", chatFinish(r, len(c.calls) > 0)}})
	if err := c.chunk(false, []json.RawMessage{choice}, nil); err != nil {
		return err
	}
	if !c.usage {
		return nil
	}
	return c.chunk(false, []json.RawMessage{}, chatUsage(r.Usage))
}
