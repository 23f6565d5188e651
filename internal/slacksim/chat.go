package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	splitAt     = 4_000 // characters from which Slack may split a post, and above which it refuses an update
	maxMetadata = 8_000 // bytes; Slack names no number
	// unshowable is what Slack puts for the text of a message that has blocks only.
	unshowable = "This content can't be displayed."
)

// appMessage begins a message of the app.
func (s *Sim) appMessage() *Message {
	a := s.ws.app
	return &Message{
		User: a.BotUserID, BotID: a.BotID, AppID: a.ID,
		BotProfile: &BotProfile{ID: a.BotID, AppID: a.ID, Name: a.Name, Icons: botIcons(a.ID), Updated: seedCreated, TeamID: s.ws.team.ID},
	}
}

// customize applies username and icons, which have a scope of their own.
func (c *call) customize(m *Message) error {
	name := c.args.str("username")
	if name == "" && c.args.str("icon_emoji") == "" && c.args.str("icon_url") == "" {
		return nil
	}
	if !c.scoped("chat:write.customize") {
		return c.missing("chat:write.customize")
	}
	m.Username = name
	return nil
}

// content is what a message says, in one of the ways to say it.
type content struct {
	text        string
	markdown    string
	blocks      json.RawMessage
	attachments json.RawMessage
	metadata    json.RawMessage
}

// content reads and checks the arguments that chat.postMessage, postEphemeral and update share.
func (c *call) content() (x content, err error) {
	x.text, x.markdown = c.args.str("text"), c.args.str("markdown_text")
	blocks, err := c.args.raw("blocks")
	if err != nil {
		return x, no("invalid_blocks_format")
	}
	if x.attachments, err = c.args.raw("attachments"); err != nil {
		return x, no("invalid_attachments")
	}
	if arrayLen(blocks) == 0 && string(blocks) != "" && strings.TrimSpace(string(blocks))[0] == '[' {
		blocks = nil // an empty list is no blocks
	}
	if x.markdown != "" && (x.text != "" || blocks != nil) {
		return x, no("markdown_text_conflict")
	}
	if utf8.RuneCountInString(x.markdown) > maxMarkdown {
		return x, no("msg_too_long")
	}
	if arrayLen(x.attachments) > 100 {
		return x, no("too_many_attachments")
	}
	if strings.TrimSpace(x.text) == "" && x.markdown == "" && blocks == nil && arrayLen(x.attachments) == 0 {
		return x, no("no_text")
	}
	if blocks != nil {
		checked, bad := c.checkBlocks(blocks, onMessage, "/blocks")
		if bad != nil {
			return x, bad
		}
		x.blocks = checked
	}
	x.metadata, err = c.metadata()
	return x, err
}

// metadata reads {event_type, event_payload}. The empty object comes back as it is: it clears.
func (c *call) metadata() (json.RawMessage, error) {
	raw, err := c.args.raw("metadata")
	if err != nil {
		return nil, no("invalid_metadata_format")
	}
	if raw == nil {
		return nil, nil
	}
	if len(raw) > maxMetadata {
		return nil, no("metadata_too_large")
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil, no("invalid_metadata_format")
	}
	if len(m) == 0 {
		return json.RawMessage("{}"), nil
	}
	var kind string
	var payload map[string]json.RawMessage
	if json.Unmarshal(m["event_type"], &kind) != nil || kind == "" || json.Unmarshal(m["event_payload"], &payload) != nil || payload == nil {
		return nil, no("invalid_metadata_schema")
	}
	return raw, nil
}

func (x content) fill(m *Message) {
	m.Text, m.MarkdownText, m.Blocks, m.Attachments = cutText(x.text), x.markdown, x.blocks, x.attachments
	switch {
	case x.markdown != "":
		m.Text = x.markdown
	case m.Text == "" && x.blocks != nil:
		m.Text = unshowable
	}
	if x.metadata != nil {
		m.Metadata = x.metadata
		if string(x.metadata) == "{}" {
			m.Metadata = nil
		}
	}
}

// postMessage is chat.postMessage.
func (c *call) postMessage() (reply, error) {
	ch, err := c.target("channel")
	if err != nil {
		return nil, err
	}
	x, err := c.content()
	if err != nil {
		return nil, err
	}
	root := ch.byTS[c.args.str("thread_ts")]
	if root != nil && root.isReply() {
		root = ch.byTS[root.ThreadTS]
	}
	parts := []string{x.text}
	if c.settings.SplitText && x.blocks == nil && x.attachments == nil {
		parts = splitText(cutText(x.text))
	}
	var first *Message
	for _, part := range parts {
		m := c.appMessage()
		if err := c.customize(m); err != nil {
			return nil, err
		}
		x.text = part
		x.fill(m)
		if root != nil {
			m.ThreadTS = root.TS
			if c.args.flag("reply_broadcast", false) {
				m.Subtype = "thread_broadcast"
			}
		}
		c.insert(ch, m)
		c.emitMessage(ch, m)
		if first == nil {
			first = m
		}
	}
	c.clearProse(ch, first.root())
	return reply{"channel": ch.ID, "ts": first.TS, "message": first.wire()}, nil
}

// splitText cuts a long text without regard to its words, as Slack has been seen to do.
func splitText(text string) []string {
	r := []rune(text)
	if len(r) <= splitAt {
		return []string{text}
	}
	var parts []string
	for len(r) > 0 {
		n := min(len(r), splitAt)
		parts = append(parts, string(r[:n]))
		r = r[n:]
	}
	return parts
}

// postEphemeral is chat.postEphemeral.
func (c *call) postEphemeral() (reply, error) {
	ch, err := c.target("channel")
	if err != nil {
		return nil, err
	}
	user := c.args.str("user")
	if c.ws.userByID[user] == nil || !ch.has(user) {
		return nil, no("user_not_in_channel")
	}
	x, err := c.content()
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(x.text) > splitAt {
		return nil, no("msg_too_long")
	}
	e := &Ephemeral{Channel: ch.ID, User: user, Text: x.text, Blocks: x.blocks, TS: ch.tick(c.now())}
	if x.markdown != "" {
		e.Text = x.markdown
	}
	if root := ch.byTS[c.args.str("thread_ts")]; root != nil {
		e.ThreadTS = root.root()
	}
	c.ws.ephemerals = append(c.ws.ephemerals, e)
	c.publish("ephemeral", e)
	return reply{"message_ts": e.TS}, nil
}

// own resolves a message of the app by channel and ts.
func (c *call) own(foreign string) (*channel, *Message, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, nil, err
	}
	m := ch.byTS[c.args.str("ts")]
	switch {
	case m == nil:
		return nil, nil, no("message_not_found")
	case m.AppID != c.ws.app.ID:
		return nil, nil, no(foreign)
	case ch.IsArchived:
		return nil, nil, no("is_archived")
	}
	return ch, m, nil
}

// update is chat.update. It also mends a stream that died.
func (c *call) update() (reply, error) {
	ch, m, err := c.own("cant_update_message")
	if err != nil {
		return nil, err
	}
	if m.stream != nil && m.stream.state == streamLive {
		return nil, no("streaming_state_conflict")
	}
	x, err := c.content()
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(x.text) > splitAt {
		return nil, no("msg_too_long")
	}
	before := m.wire()
	if x.attachments == nil {
		x.attachments = m.Attachments
	}
	x.fill(m)
	m.stream, m.StreamingState = nil, ""
	if x.blocks == nil {
		m.Edited = &Edited{User: m.User, TS: c.eventTS()}
	}
	c.publishMessage(ch, m)
	c.emitChanged(ch, m, before)
	w := m.wire()
	w.TS = "" // Slack has it beside the message, not in it
	w.Reactions = nil
	return reply{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": w}, nil
}

// deleteMessage is chat.delete.
func (c *call) deleteMessage() (reply, error) {
	ch, m, err := c.own("cant_delete_message")
	if err != nil {
		return nil, err
	}
	before := m.wire()
	c.remove(ch, m)
	c.emitDeleted(ch, before)
	return reply{"channel": ch.ID, "ts": m.TS}, nil
}

// permalink is chat.getPermalink.
func (c *call) permalink() (reply, error) {
	ch, err := c.channel("channel")
	if err != nil {
		return nil, err
	}
	m := ch.byTS[c.args.str("message_ts")]
	if m == nil {
		return nil, no("message_not_found")
	}
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", c.ws.team.Domain, ch.ID, strings.Replace(m.TS, ".", "", 1))
	if m.isReply() {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + ch.ID
	}
	return reply{"channel": ch.ID, "permalink": link}, nil
}
