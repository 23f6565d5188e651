package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// StreamView is a streamed message as the page draws it.
type StreamView struct {
	Mode  string `json:"mode"` // timeline, plan, dense
	Text  string `json:"text"` // markdown so far
	Tasks []Task `json:"tasks"`
	Plan  string `json:"plan"` // its title
}

// Task is one task card of a stream.
type Task struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Status  string       `json:"status"` // pending, in_progress, complete, error
	Details string       `json:"details"`
	Output  string       `json:"output"`
	Sources []TaskSource `json:"sources"`
}

// TaskSource is a citation chip on a task card.
type TaskSource struct {
	Type string `json:"type"`
	URL  string `json:"url"`
	Text string `json:"text"`
}

type streamState int

const (
	streamLive    streamState = iota
	streamDone                // stopStream
	streamExpired             // its time was up
	streamStopped             // by a person
)

// Limits of one stream in blocks: Slack takes 50 with the chunks and 50 at the end.
const (
	maxChunkBlocks = 50
	maxFinalBlocks = 50
	maxMarkdown    = 12_000
)

// stream is the content of a streamed message.
type stream struct {
	mode   string
	state  streamState
	md     []byte
	chars  int
	full   bool // it was asked to hold too much once: every later append fails
	chunks bool // it has carried chunks
	plain  bool // it has carried top-level markdown_text
	tasks  []*Task
	plan   string
	blocks []json.RawMessage // from chunks
	final  []json.RawMessage // from stopStream
	expiry *errand
}

// chunk is one element of the chunks argument.
type chunk struct {
	Type    string            `json:"type"`
	Text    string            `json:"text"`
	ID      string            `json:"id"`
	Title   string            `json:"title"`
	Status  string            `json:"status"`
	Details string            `json:"details"`
	Output  string            `json:"output"`
	Sources []TaskSource      `json:"sources"`
	Blocks  []json.RawMessage `json:"blocks"`
}

func (t *stream) text() string { return string(t.md) }

func (t *stream) view() *StreamView {
	v := &StreamView{Mode: t.mode, Text: t.text(), Tasks: []Task{}, Plan: t.plan}
	for _, k := range t.tasks {
		c := *k
		c.Sources = append([]TaskSource{}, k.Sources...)
		v.Tasks = append(v.Tasks, c)
	}
	return v
}

// attached is the blocks that came with the stream, besides its text and tasks.
func (t *stream) attached() json.RawMessage {
	if len(t.blocks)+len(t.final) == 0 {
		return nil
	}
	b, err := json.Marshal(slices.Concat(t.blocks, t.final))
	if err != nil {
		return nil // they were decoded from JSON
	}
	return b
}

// render makes the blocks of the message: the plan or the task cards, the text, and then the blocks.
func (t *stream) render() json.RawMessage {
	var out []any
	cards := []any{}
	for _, k := range t.tasks {
		card := map[string]any{"type": "task_card", "task_id": k.ID, "title": k.Title, "status": k.Status}
		if t.mode != "dense" {
			for name, text := range map[string]string{"details": k.Details, "output": k.Output} {
				if text != "" {
					card[name] = map[string]any{"type": "rich_text", "elements": []any{map[string]any{
						"type": "rich_text_section", "elements": []any{map[string]string{"type": "text", "text": text}},
					}}}
				}
			}
		}
		if len(k.Sources) > 0 {
			card["sources"] = k.Sources
		}
		cards = append(cards, card)
	}
	if t.mode == "plan" && (len(cards) > 0 || t.plan != "") {
		out = append(out, map[string]any{"type": "plan", "title": t.plan, "tasks": cards})
	} else {
		out = append(out, cards...)
	}
	if len(t.md) > 0 {
		out = append(out, map[string]string{"type": "markdown", "text": t.text()})
	}
	for _, b := range slices.Concat(t.blocks, t.final) {
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil // every part was decoded from JSON or is plain text
	}
	return b
}

// feeding is the text and the chunks of one streaming call, checked but not yet applied.
type feeding struct {
	plain   string
	isPlain bool
	chunks  []chunk
	isChunk bool
	chars   int
	blocks  int
}

// feed reads and checks markdown_text and chunks.
func (c *call) feeding() (f feeding, err error) {
	f.plain = c.args.str("markdown_text")
	f.isPlain = f.plain != ""
	raw, err := c.args.raw("chunks")
	if err != nil {
		return f, no("invalid_chunks", "[ERROR] not JSON [json-pointer:/chunks]")
	}
	if f.isChunk = raw != nil; f.isChunk && json.Unmarshal(raw, &f.chunks) != nil {
		return f, no("invalid_chunks", "[ERROR] must be an array of chunks [json-pointer:/chunks]")
	}
	if f.isChunk && len(f.chunks) == 0 {
		f.isChunk = false
	}
	if f.isPlain && f.isChunk {
		return f, no("invalid_arguments", "[ERROR] give markdown_text or chunks, not both")
	}
	f.chars = utf8.RuneCountInString(f.plain)
	if f.chars > maxMarkdown {
		return f, no("msg_too_long")
	}
	for i, k := range f.chunks {
		if err := c.checkChunk(k, fmt.Sprintf("/chunks/%d", i), &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (c *call) checkChunk(k chunk, at string, f *feeding) error {
	wrong := func(what, field string) error {
		return no("invalid_chunks", fmt.Sprintf("[ERROR] %s [json-pointer:%s%s]", what, at, field))
	}
	short := func(field, text string) error {
		if utf8.RuneCountInString(text) > c.settings.TaskChars {
			return wrong(fmt.Sprintf("must be less than %d characters", c.settings.TaskChars+1), "/"+field)
		}
		return nil
	}
	switch k.Type {
	case "markdown_text":
		n := utf8.RuneCountInString(k.Text)
		if n == 0 {
			return wrong("missing required field: text", "")
		}
		if n > maxMarkdown {
			return no("msg_too_long")
		}
		f.chars += n
	case "task_update":
		if k.ID == "" || k.Title == "" {
			return wrong("missing required field: id and title", "")
		}
		if !slices.Contains([]string{"", "pending", "in_progress", "complete", "error"}, k.Status) {
			return wrong("must be one of pending, in_progress, complete, error", "/status")
		}
		for _, s := range [][2]string{{"id", k.ID}, {"title", k.Title}, {"details", k.Details}, {"output", k.Output}} {
			if err := short(s[0], s[1]); err != nil {
				return err
			}
		}
		for i, s := range k.Sources {
			if s.Type != "url" || s.URL == "" || s.Text == "" {
				return wrong("a source has type url, a url and a text", fmt.Sprintf("/sources/%d", i))
			}
			for _, v := range []string{s.URL, s.Text} {
				if err := short(fmt.Sprintf("sources/%d", i), v); err != nil {
					return err
				}
			}
		}
	case "plan_update":
		if k.Title == "" {
			return wrong("missing required field: title", "")
		}
		return short("title", k.Title)
	case "blocks":
		if len(k.Blocks) == 0 {
			return wrong("missing required field: blocks", "")
		}
		f.blocks += len(k.Blocks)
		if f.blocks > maxChunkBlocks {
			return no("msg_blocks_too_many")
		}
		raw, err := json.Marshal(k.Blocks)
		if err != nil {
			return wrong("not JSON", "/blocks")
		}
		if _, bad := c.checkBlocks(raw, onStream, at+"/blocks"); bad != nil {
			return bad
		}
	default:
		return wrong("unsupported chunk type: "+k.Type, "/type")
	}
	return nil
}

// fits says why a feeding cannot be added to the stream.
func (c *call) fits(t *stream, f feeding) error {
	if f.isPlain && t.chunks || f.isChunk && t.plain {
		return no("invalid_arguments", "[ERROR] a stream takes markdown_text or chunks, not both")
	}
	if t.full || t.chars+f.chars > c.settings.StreamChars {
		t.full = true
		return no("msg_too_long")
	}
	if len(t.blocks)+f.blocks > maxChunkBlocks {
		return no("msg_blocks_too_many")
	}
	return nil
}

// add applies a feeding that fits. Titles and states replace; details and output append.
func (t *stream) add(f feeding) {
	t.plain, t.chunks = t.plain || f.isPlain, t.chunks || f.isChunk
	t.chars += f.chars
	t.md = append(t.md, f.plain...)
	for _, k := range f.chunks {
		switch k.Type {
		case "markdown_text":
			t.md = append(t.md, k.Text...)
		case "plan_update":
			t.plan = k.Title
		case "blocks":
			t.blocks = append(t.blocks, k.Blocks...)
		case "task_update":
			i := slices.IndexFunc(t.tasks, func(x *Task) bool { return x.ID == k.ID })
			if i < 0 {
				i = len(t.tasks)
				t.tasks = append(t.tasks, &Task{ID: k.ID, Status: "pending"})
			}
			x := t.tasks[i]
			x.Title = k.Title
			if k.Status != "" {
				x.Status = k.Status
			}
			x.Details += k.Details
			x.Output += k.Output
			if len(k.Sources) > 0 {
				x.Sources = k.Sources
			}
		}
	}
}

// startStream is chat.startStream.
func (c *call) startStream() (reply, error) {
	ch, err := c.target("channel")
	if err != nil {
		return nil, err
	}
	mode := c.args.str("task_display_mode")
	if mode == "" {
		mode = "timeline"
	}
	if !slices.Contains([]string{"timeline", "plan", "dense"}, mode) {
		return nil, no("invalid_arguments", "[ERROR] must be one of timeline, plan, dense [json-pointer:/task_display_mode]")
	}
	user, team := c.args.str("recipient_user_id"), c.args.str("recipient_team_id")
	if !ch.IsIM || c.settings.RecipientInDM {
		if user == "" {
			return nil, no("missing_recipient_user_id")
		}
		if team == "" {
			return nil, no("missing_recipient_team_id")
		}
	}
	if user != "" && c.ws.userByID[user] == nil {
		return nil, no("user_not_found")
	}
	if team != "" && team != c.ws.team.ID {
		return nil, no("team_not_found")
	}
	m := c.appMessage()
	if err := c.customize(m); err != nil {
		return nil, err
	}
	var root *Message
	if ts := c.args.str("thread_ts"); ts != "" {
		if root = ch.byTS[ts]; root != nil && root.isReply() {
			root = ch.byTS[root.ThreadTS]
		}
		if root == nil {
			return nil, no("message_not_found")
		}
		m.ThreadTS = root.TS
	} else if ch.IsIM || !c.settings.StreamWithoutThread {
		return nil, lacking("thread_ts")
	}
	f, err := c.feeding()
	if err != nil {
		return nil, err
	}
	t := &stream{mode: mode}
	if err := c.fits(t, f); err != nil {
		return nil, err
	}
	t.add(f)
	m.stream, m.StreamingState = t, "in_progress"
	c.insert(ch, m)
	if root == nil {
		root = m
	}
	t.expiry = c.after(ms(c.settings.StreamTTL), func() {
		t.state, m.StreamingState = streamExpired, "errored"
		c.publishMessage(ch, m)
		c.settle(ch, m, "active")
	})
	c.clearProse(ch, root.TS)
	if c.settings.Agent {
		c.move(c.session(ch, root, "", ""), "processing")
	}
	c.emitMessage(ch, m)
	return reply{"channel": ch.ID, "ts": m.TS}, nil
}

// settle moves the session of a stream that ended, if it has one.
func (s *Sim) settle(ch *channel, m *Message, status string) {
	if x := s.ws.sessions[sessionKey{ch.ID, m.root()}]; x != nil {
		s.move(x, status)
	}
}

// streaming resolves the message of appendStream and stopStream.
func (c *call) streaming(stoppedCode string) (*channel, *Message, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, nil, err
	}
	m := ch.byTS[c.args.str("ts")]
	switch {
	case m == nil:
		return nil, nil, no("message_not_found")
	case m.AppID != c.ws.app.ID:
		return nil, nil, no("message_not_owned_by_app")
	case m.stream != nil && m.stream.state == streamStopped:
		return nil, nil, no(stoppedCode)
	case m.stream == nil || m.stream.state != streamLive:
		return nil, nil, no("message_not_in_streaming_state")
	case ch.IsArchived:
		return nil, nil, no("is_archived")
	case !ch.has(c.ws.app.BotUserID):
		return nil, nil, no("not_in_channel")
	}
	return ch, m, nil
}

// appendStream is chat.appendStream.
func (c *call) appendStream() (reply, error) {
	ch, m, err := c.streaming("stopped_by_user")
	if err != nil {
		return nil, err
	}
	f, err := c.feeding()
	if err != nil {
		return nil, err
	}
	if !f.isPlain && !f.isChunk {
		return nil, no("no_text")
	}
	if err := c.fits(m.stream, f); err != nil {
		return nil, err
	}
	m.stream.add(f)
	c.publishMessage(ch, m)
	c.clearProse(ch, m.root())
	return reply{"channel": ch.ID, "ts": m.TS}, nil
}

// stopStream is chat.stopStream.
func (c *call) stopStream() (reply, error) {
	ch, m, err := c.streaming("message_not_in_streaming_state")
	if err != nil {
		return nil, err
	}
	f, err := c.feeding()
	if err != nil {
		return nil, err
	}
	if f.isPlain || f.isChunk {
		if err := c.fits(m.stream, f); err != nil {
			return nil, err
		}
	}
	status := c.args.str("session_status")
	if status == "" {
		status = "active"
	}
	if !validStatus(status) {
		return nil, no("invalid_arguments", "[ERROR] must be one of processing, active, suspended, closed [json-pointer:/session_status]")
	}
	raw, err := c.args.raw("blocks")
	if err != nil {
		return nil, no("invalid_blocks_format")
	}
	var final []json.RawMessage
	if raw != nil {
		if n := arrayLen(raw); n > maxFinalBlocks {
			return nil, no("msg_blocks_too_many")
		}
		checked, bad := c.checkBlocks(raw, onMessage, "/blocks")
		if bad != nil {
			return nil, bad
		}
		if err := json.Unmarshal(checked, &final); err != nil {
			return nil, no("invalid_blocks_format")
		}
	}
	metadata, err := c.metadata()
	if err != nil {
		return nil, err
	}
	t := m.stream
	before := m.wire()
	t.add(f)
	t.final, t.state = final, streamDone
	c.cancel(t.expiry)
	m.StreamingState = "completed"
	if metadata != nil {
		m.Metadata = metadata
	}
	c.publishMessage(ch, m)
	c.clearProse(ch, m.root())
	c.settle(ch, m, status)
	c.emitChanged(ch, m, before)
	w := m.wire()
	w.Reactions = nil // what people added is read from the history, not from answers
	return reply{"channel": ch.ID, "ts": m.TS, "message": w}, nil
}

func arrayLen(raw json.RawMessage) int {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return 0
	}
	return len(list)
}
