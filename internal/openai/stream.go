package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"holdfast/internal/turn"
)

const (
	// jsonLimit bounds an answer that came as one JSON body.
	jsonLimit = 64 << 20
	// lingerFor is how long the end of a finished HTTP/1 answer is waited for,
	// so that its connection can be used again.
	lingerFor = 50 * time.Millisecond
)

// stream turns what the endpoint sends during one call into events.
type stream struct {
	c       *Client
	watch   *watch
	yield   func(turn.Event) bool
	resumed bool
	began   bool // Started was yielded

	request string // the endpoint's name for the HTTP request, for the log

	id       string
	sequence int64 // of the newest event
	numbered bool  // the endpoint numbers its events
	gap      bool  // and left some out

	in     event // the newest one; here, so that it is not made anew each time
	draft  draft
	items  []json.RawMessage
	phrase string // the last one that was yielded
	title  title
}

func newStream(c *Client, w *watch, from turn.Cursor, yield func(turn.Event) bool) *stream {
	s := &stream{c: c, watch: w, yield: yield}
	if from.ResponseID != "" {
		s.resumed, s.id, s.sequence, s.numbered = true, from.ResponseID, from.Sequence, true
		s.draft.resumed = true
	}
	return s
}

// read goes through the answer to its end. It returns nil after Done, errLeft if
// the caller broke out, else why there is no Done. Its frame stands below the
// waiting for minutes: it is kept small.
func (s *stream) read(resp *http.Response) error {
	r, err := s.opening(resp)
	if r == nil {
		return err
	}
	resp.Header = nil // a kilobyte and more that nobody reads any more
	return s.follow(r, resp)
}

// opening looks at how the answer begins. Without a reader, the answer was no
// stream and has been dealt with.
func (s *stream) opening(resp *http.Response) (*reader, error) {
	s.request = s.c.short(requestID(resp))
	kind := resp.Header.Get("Content-Type")
	if strings.Contains(kind, "html") {
		return nil, fail("bad_endpoint", fmt.Errorf("the answer is %q instead of a stream", s.c.short(kind)))
	}
	r := newReader(resp.Body, s.watch.beat)
	switch first, err := r.peek(); {
	case err != nil:
		return nil, s.broken(err)
	case first == '{':
		// No stream begins like this: it is JSON, whatever its type says.
		return nil, s.readJSON(io.MultiReader(bytes.NewReader(r.rest()), resp.Body))
	case first == '<':
		return nil, fail("bad_endpoint", errors.New("the answer is a page instead of a stream"))
	}
	return r, nil
}

// follow goes through the events. Its stack stands for minutes: it is kept small.
func (s *stream) follow(r *reader, resp *http.Response) error {
	for {
		f, err := r.next()
		if err != nil {
			return s.broken(err)
		}
		data := bytes.TrimSpace(f.data)
		switch {
		case f.comment || len(data) == 0:
			err = s.alive()
		case string(data) == "[DONE]": // a habit of older APIs; the terminal event comes before it
			err = s.broken(io.EOF)
		default:
			var final *turn.Final
			if final, err = s.event(f, data); final != nil {
				if resp.ProtoMajor == 1 {
					s.watch.linger(lingerFor)
					_, _ = io.CopyN(io.Discard, resp.Body, frameBuffer) // only whether it ended matters
				}
				return s.done(final)
			}
		}
		if err != nil {
			return err
		}
	}
}

func (s *stream) broken(err error) error {
	switch {
	case err == io.EOF:
		err = errors.New("the stream ended without a terminal event")
	case errors.Is(err, errFrameTooLong):
		return fail("garbled", err)
	default:
		err = fmt.Errorf("read the stream: %w", s.c.redactError(err))
	}
	if s.request != "" {
		err = fmt.Errorf("%w [request %s]", err, s.request)
	}
	return fail("cut", err)
}

// event is what we read of any event. Fields and types that are not named here
// are ignored: the API gets new ones every month.
type event struct {
	Type     loose           `json:"type"`
	Sequence ordinal         `json:"sequence_number"`
	Output   number          `json:"output_index"`
	Content  number          `json:"content_index"`
	Delta    string          `json:"delta"`
	Text     string          `json:"text"`
	Refusal  string          `json:"refusal"`
	Item     json.RawMessage `json:"item"`
	Response json.RawMessage `json:"response"`
	Error    json.RawMessage `json:"error"`
	Object   loose           `json:"object"`
}

// event handles one event. It returns a Final at a terminal one.
func (s *stream) event(f frame, data []byte) (*turn.Final, error) {
	s.in = event{}
	e := &s.in
	err := json.Unmarshal(data, e)
	var mismatch *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &mismatch) {
		switch {
		case string(f.name) == "error":
			return nil, s.wireFailure(s.c.decodeError(data))
		case f.last:
			return nil, s.broken(io.ErrUnexpectedEOF)
		}
		return nil, fail("garbled", fmt.Errorf("an event is not JSON: %w", err))
	}
	if e.Type == "" {
		e.Type = loose(f.name)
	}
	if e.Type == "error" || e.Type == "" && e.Object == "error" || !empty(e.Error) {
		return nil, s.wireFailure(s.c.decodeError(data))
	}
	terminal := isTerminal(string(e.Type))
	if s.resumed && !e.Sequence.given && !terminal {
		// Without numbers nobody knows whether this was there before.
		return nil, fail("response_gone", errors.New("the endpoint does not number the events of a resumed response"))
	}
	if !s.inOrder(e.Sequence) && !terminal {
		return nil, s.alive() // came before
	}
	final, err := s.handle(terminal)
	if err == errUnknown {
		return nil, s.alive()
	}
	if err == nil && mismatch != nil {
		// Of a type that we know, a field is not what it must be.
		return nil, fail("garbled", fmt.Errorf("event %s: %w", s.c.short(string(e.Type)), mismatch))
	}
	return final, err
}

// inOrder notes the number of an event. It reports false if that number, or a
// later one, was there before.
func (s *stream) inOrder(n ordinal) bool {
	if !n.given {
		return true
	}
	at := n.at
	if s.numbered && at <= s.sequence {
		// Endpoints exist that number every event 0.
		return at == 0 && s.sequence == 0 && !s.resumed
	}
	if s.numbered && at > s.sequence+1 && !s.gap {
		s.gap = true
		s.c.log.Warn("the stream leaves events out", "response", s.id, "after", s.sequence, "next", at)
	}
	s.sequence, s.numbered = at, true
	return true
}

func isTerminal(kind string) bool {
	switch kind {
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done":
		return true
	}
	return false
}

// errUnknown marks an event of a type that means nothing to us.
var errUnknown = errors.New("openai: unknown event")

func (s *stream) handle(terminal bool) (*turn.Final, error) {
	e := &s.in
	at := place{int(e.Output), int(e.Content), false}
	if terminal {
		return s.finish(strings.TrimPrefix(string(e.Type), "response."), e.Response)
	}
	switch kind := string(e.Type); kind {
	case "response.created", "response.queued", "response.in_progress":
		return nil, s.started(e.Response)
	case "response.output_text.delta":
		return nil, s.say(at, e.Delta)
	case "response.output_text.done":
		return nil, s.say(at, s.draft.missing(at, e.Text))
	case "response.refusal.delta", "response.refusal.done":
		at.refusal = true
		if kind == "response.refusal.done" {
			e.Delta = s.draft.missing(at, e.Refusal)
		}
		return nil, s.say(at, e.Delta)
	case "response.output_item.added":
		return nil, s.itemAdded(int(e.Output), e.Item)
	case "response.output_item.done":
		return nil, s.itemDone(int(e.Output), e.Item)
	case "response.content_part.added":
		s.draft.begin(int(e.Output))
		return nil, s.alive()
	case "response.reasoning_summary_part.added":
		s.title = title{}
		return nil, s.alive()
	case "response.reasoning_summary_text.delta":
		return nil, s.thinkTitle(s.title.add(e.Delta))
	case "response.reasoning_summary_text.done":
		return nil, s.thinkTitle(s.title.whole(e.Text))
	default:
		if words := activity(kind); words != "" {
			return nil, s.think(words)
		}
		return nil, errUnknown
	}
}

// started takes up the response's id.
func (s *stream) started(response json.RawMessage) error {
	var r struct {
		ID loose `json:"id"`
	}
	_ = json.Unmarshal(response, &r) // part of a valid event; without an id there is none
	if s.id == "" {
		s.id = string(r.ID)
	}
	if s.id == "" || s.began || s.resumed {
		return s.alive()
	}
	s.began = true
	return s.emit(turn.Event{Kind: turn.Started})
}

// say yields text of the answer. What the model says to itself between the
// tools ("commentary") is shown as what it is doing.
func (s *stream) say(at place, text string) error {
	if text == "" {
		return s.alive()
	}
	text, shown := s.draft.add(at, text)
	if !shown {
		return s.alive()
	}
	s.phrase = ""
	return s.emit(turn.Event{Kind: turn.Delta, Text: text})
}

// item is what we read of an output item.
type item struct {
	ID      loose  `json:"id"`
	Status  loose  `json:"status"`
	Type    loose  `json:"type"`
	Phase   loose  `json:"phase"`
	Content []part `json:"content"`
	Action  struct {
		Type    loose   `json:"type"`
		Query   loose   `json:"query"`
		Queries []loose `json:"queries"`
		URL     loose   `json:"url"`
	} `json:"action"`
}

type part struct {
	Type    loose `json:"type"`
	Text    loose `json:"text"`
	Refusal loose `json:"refusal"`
	Notes   []struct {
		Type  loose `json:"type"`
		URL   loose `json:"url"`
		Title loose `json:"title"`
	} `json:"annotations"`
}

func readItem(raw json.RawMessage) item {
	var i item
	_ = json.Unmarshal(raw, &i) // part of a valid event; what does not decode stays empty
	return i
}

func (s *stream) itemAdded(index int, raw json.RawMessage) error {
	i := readItem(raw)
	s.draft.begin(index)
	if i.Phase == "commentary" {
		s.draft.aside(index)
	}
	if i.Type == "reasoning" {
		return s.emit(turn.Event{Kind: turn.Thinking})
	}
	if words := activity("response." + string(i.Type)); words != "" {
		s.phrase = words
		return s.emit(turn.Event{Kind: turn.Stepped, Step: &turn.Step{ID: string(i.ID), Title: words, State: turn.StepRunning}})
	}
	return s.alive()
}

func (s *stream) itemDone(index int, raw json.RawMessage) error {
	i := readItem(raw)
	if i.Phase == "commentary" {
		s.draft.aside(index)
	}
	for n, p := range i.Content {
		at, text := place{index, n, p.Type == "refusal"}, string(p.Text)
		if at.refusal {
			text = string(p.Refusal)
		}
		if i.Type != "message" || p.Type != "output_text" && !at.refusal {
			continue
		}
		if rest := s.draft.missing(at, text); rest != "" {
			if err := s.say(at, rest); err != nil {
				return err
			}
		}
		if i.Phase == "commentary" {
			if err := s.think(firstLine(text)); err != nil {
				return err
			}
		}
	}
	if i.Type == "web_search_call" && (i.Action.Type == "open_page" || i.Action.Type == "find_in_page") {
		if err := s.think("Reading a page"); err != nil {
			return err
		}
	}
	s.items = append(s.items, raw)
	if step := i.step(); step != nil {
		if err := s.emit(turn.Event{Kind: turn.Stepped, Step: step}); err != nil {
			return err
		}
	}
	return s.emit(turn.Event{Kind: turn.ItemDone, Item: raw})
}

func (s *stream) think(words string) error {
	if words == s.phrase {
		return s.alive()
	}
	s.phrase = words
	return s.emit(turn.Event{Kind: turn.Thinking, Text: words})
}

func (s *stream) thinkTitle(words string) error {
	if words == "" {
		return s.alive()
	}
	return s.think(words)
}

func (s *stream) alive() error { return s.emit(turn.Event{Kind: turn.Alive}) }

func (s *stream) emit(e turn.Event) error {
	e.ResponseID, e.Sequence = s.id, s.sequence
	s.watch.hold()
	more := s.yield(e)
	s.watch.release()
	if !more {
		return errLeft
	}
	return nil
}

func (s *stream) done(final *turn.Final) error {
	if !s.began && !s.resumed && s.id != "" {
		s.began = true
		if err := s.emit(turn.Event{Kind: turn.Started}); err != nil {
			return err
		}
	}
	return s.emit(turn.Event{Kind: turn.Done, Done: final})
}
