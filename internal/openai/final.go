package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/tool"
	"holdfast/internal/turn"
)

// response is what we read of a whole response.
type response struct {
	ID         loose           `json:"id"`
	Status     loose           `json:"status"`
	Error      json.RawMessage `json:"error"`
	Incomplete struct {
		Reason loose `json:"reason"`
	} `json:"incomplete_details"`
	Output []json.RawMessage `json:"output"`
	Usage  struct {
		Input   number `json:"input_tokens"`
		Details struct {
			Cached number `json:"cached_tokens"`
		} `json:"input_tokens_details"`
		Output        number `json:"output_tokens"`
		OutputDetails struct {
			Reasoning number `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

// finish reads the terminal event's response. kind is how it ended, by the
// event's name; a status that says less than that is believed.
func (s *stream) finish(kind string, raw json.RawMessage) (*turn.Final, error) {
	var r response
	if len(raw) > 0 {
		var mismatch *json.UnmarshalTypeError
		if err := json.Unmarshal(raw, &r); err != nil && !errors.As(err, &mismatch) {
			return nil, fail("garbled", fmt.Errorf("decode the response: %w", err))
		}
	}
	if s.id == "" {
		s.id = string(r.ID)
	}
	switch r.Status {
	case "incomplete", "failed", "cancelled":
		kind = string(r.Status)
	case "completed":
		if kind == "done" {
			kind = "completed"
		}
	}
	switch kind {
	case "completed", "incomplete":
	case "cancelled":
		return nil, fail("cancelled", errors.New("the response was cancelled"))
	case "failed":
		return nil, s.wireFailure(s.c.decodeError(r.Error))
	default:
		return nil, fail("cut", fmt.Errorf("the response ended with the status %q", s.c.short(string(r.Status))))
	}
	final := &turn.Final{
		Complete: kind == "completed",
		Items:    r.Output,
		Usage: turn.Usage{
			Input: int64(r.Usage.Input), Cached: int64(r.Usage.Details.Cached),
			Output: int64(r.Usage.Output), Reasoning: int64(r.Usage.OutputDetails.Reasoning),
		},
	}
	if !final.Complete {
		if final.Reason = string(r.Incomplete.Reason); final.Reason == "" {
			final.Reason = "incomplete"
		}
	}
	final.Text, final.Refusal = textOf(r.Output)
	if final.Text == "" {
		final.Text = s.draft.text() // the endpoint did not repeat it
	}
	if len(r.Output) == 0 {
		final.Items = s.items
	}
	final.Refusal = final.Refusal || s.draft.refused
	final.Sources, final.Used = sourcesOf(final.Items), usedIn(final.Items)
	if final.Complete {
		final.Calls = calls(final.Items)
	}
	return final, nil
}

// calls are the function calls among output items. One without an id cannot be
// answered, and is left out.
func calls(items []json.RawMessage) []tool.Call {
	var out []tool.Call
	for _, raw := range items {
		var c struct {
			Type      loose `json:"type"`
			ID        loose `json:"call_id"`
			Name      loose `json:"name"`
			Arguments loose `json:"arguments"`
		}
		if err := json.Unmarshal(raw, &c); err != nil || c.Type != "function_call" || c.ID == "" {
			continue
		}
		args := json.RawMessage(c.Arguments)
		if len(args) == 0 {
			args = json.RawMessage("{}")
		}
		if !json.Valid(args) {
			args, _ = json.Marshal(string(c.Arguments)) // a string: no object, which its tool will be spared
		}
		out = append(out, tool.Call{ID: string(c.ID), Name: string(c.Name), Args: args})
	}
	return out
}

// wireFailure is the failure of an error that came inside an answer.
func (s *stream) wireFailure(e *wireError) error {
	e.RequestID = s.request
	e.After = after(nil, e.Message, time.Time{})
	return e.failure(e.code())
}

// readJSON reads an answer that came as one JSON body although a stream was
// asked for.
func (s *stream) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(body, jsonLimit+1))
	switch {
	case err != nil:
		return s.broken(err)
	case len(raw) > jsonLimit:
		return fail("garbled", errors.New("the answer is longer than 64 MiB"))
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	var r response
	var mismatch *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &r); err != nil && !errors.As(err, &mismatch) {
		return fail("garbled", fmt.Errorf("the answer is broken JSON: %w", err))
	}
	switch {
	case r.Status == "" && !empty(r.Error):
		return s.wireFailure(s.c.decodeError(raw))
	case r.Status == "":
		return fail("bad_endpoint", errors.New("the answer is JSON, but not a response"))
	case (r.Status == "queued" || r.Status == "in_progress") && s.resumed:
		return fail("response_gone", errors.New("the endpoint cannot stream a response that is running"))
	}
	final, err := s.finish(string(r.Status), raw)
	if err != nil {
		return err
	}
	return s.done(final)
}

// ordinal is an event's number, if it has one.
type ordinal struct {
	at    int64
	given bool
}

func (o *ordinal) UnmarshalJSON(b []byte) error {
	n := number(-1)
	if err := n.UnmarshalJSON(b); err != nil {
		return err
	}
	*o = ordinal{int64(n), n >= 0}
	return nil
}

// number is an integer that servers also write as 1.0, "1" or null.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	digits := int64(0)
	for i, c := range b {
		if c < '0' || c > '9' || i == 18 {
			break
		}
		if digits = 10*digits + int64(c-'0'); i == len(b)-1 {
			*n = number(digits)
			return nil
		}
	}
	text := strings.Trim(string(b), `"`)
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		*n = number(i)
		return nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1e15 && f < 1e15 {
		*n = number(f)
	}
	return nil // anything else counts as absent
}
