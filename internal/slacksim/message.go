package slacksim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Message is a message object as conversations.history returns it. Stream and MarkdownText are for the page; the Web
// API and the events leave them out.
type Message struct {
	Type            string          `json:"type"`
	Subtype         string          `json:"subtype,omitempty"`
	User            string          `json:"user,omitempty"`
	BotID           string          `json:"bot_id,omitempty"`
	AppID           string          `json:"app_id,omitempty"`
	Team            string          `json:"team,omitempty"`
	Text            string          `json:"text"`
	TS              string          `json:"ts,omitempty"`
	ClientMsgID     string          `json:"client_msg_id,omitempty"`
	ThreadTS        string          `json:"thread_ts,omitempty"`
	ParentUserID    string          `json:"parent_user_id,omitempty"`
	Username        string          `json:"username,omitempty"`
	BotProfile      *BotProfile     `json:"bot_profile,omitempty"`
	Blocks          json.RawMessage `json:"blocks,omitempty"`
	Attachments     json.RawMessage `json:"attachments,omitempty"`
	Files           json.RawMessage `json:"files,omitempty"`
	Edited          *Edited         `json:"edited,omitempty"`
	Reactions       []Reaction      `json:"reactions,omitempty"`
	ReplyCount      int             `json:"reply_count,omitempty"`
	ReplyUsersCount int             `json:"reply_users_count,omitempty"`
	LatestReply     string          `json:"latest_reply,omitempty"`
	ReplyUsers      []string        `json:"reply_users,omitempty"`
	Metadata        json.RawMessage `json:"metadata,omitempty"`
	StreamingState  string          `json:"streaming_state,omitempty"` // in_progress, completed, errored
	AgentSession    *AgentSession   `json:"agent_session,omitempty"`
	MarkdownText    string          `json:"markdown_text,omitempty"`
	Stream          *StreamView     `json:"stream,omitempty"`

	stream   *stream      // behind Stream
	attached []attachment // behind Files
}

// BotProfile is the app as it stands beside its messages.
type BotProfile struct {
	ID      string            `json:"id"`
	AppID   string            `json:"app_id"`
	Name    string            `json:"name"`
	Icons   map[string]string `json:"icons"` // addresses; nothing is served there
	Deleted bool              `json:"deleted"`
	Updated int64             `json:"updated"`
	TeamID  string            `json:"team_id"`
}

// botIcons are the addresses of an app's picture, by size.
func botIcons(app string) map[string]string {
	icons := map[string]string{}
	for _, size := range []string{"36", "48", "72"} {
		icons["image_"+size] = "https://avatars.slack-edge.com/" + app + "_" + size + ".png"
	}
	return icons
}

// Edited says who changed the text last, and when.
type Edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

// Reaction is one emoji on a message.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// Posted names a message that was just made.
type Posted struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// page is a copy with everything, for the page, tests and export.
func (m *Message) page() Message {
	c := m.copy()
	if m.stream != nil {
		c.Stream = m.stream.view()
		c.Text = m.stream.text()
		c.Blocks = m.stream.attached()
	}
	if len(m.attached) > 0 {
		c.Files = filesOf(m.attached, false)
	}
	return c
}

// wire is a copy as the Web API and events show it.
func (m *Message) wire() Message {
	c := m.page()
	c.Stream, c.MarkdownText = nil, ""
	if m.stream != nil {
		c.Blocks = m.stream.render()
	}
	if len(m.attached) > 0 {
		c.Files = filesOf(m.attached, true)
	}
	return c
}

func (m *Message) copy() Message {
	c := *m
	c.ReplyUsers = slices.Clone(m.ReplyUsers)
	c.Reactions = slices.Clone(m.Reactions)
	for i := range c.Reactions {
		c.Reactions[i].Users = slices.Clone(c.Reactions[i].Users)
	}
	if m.Edited != nil {
		e := *m.Edited
		c.Edited = &e
	}
	return c
}

// root is the ts of the thread that the message belongs to, its own when it starts one.
func (m *Message) root() string {
	if m.ThreadTS != "" {
		return m.ThreadTS
	}
	return m.TS
}

func (m *Message) isReply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

func (m *Message) byApp() bool { return m.BotID != "" }

// insert gives the message a ts and puts it in its place; its ThreadTS must be empty or an existing root.
func (s *Sim) insert(ch *channel, m *Message) {
	m.Type, m.Team = "message", s.ws.team.ID
	if u := s.ws.userByID[m.User]; u != nil && u.Team != "" {
		m.Team = u.Team
	}
	m.TS = ch.tick(s.now())
	ch.index(m)
	s.publishMessage(ch, m)
	if m.isReply() {
		s.publishMessage(ch, ch.byTS[m.ThreadTS])
	}
}

// index files a message that is newer than all others of the channel.
func (c *channel) index(m *Message) {
	c.byTS[m.TS] = m
	c.list = append(c.list, m)
	if !m.isReply() {
		c.top = append(c.top, m)
		return
	}
	if m.Subtype == "thread_broadcast" {
		c.top = append(c.top, m)
	}
	t := c.threads[m.ThreadTS]
	if t == nil {
		t = &thread{authors: map[string]int{}}
		c.threads[m.ThreadTS] = t
	}
	t.replies = append(t.replies, m)
	t.authors[m.User]++
	if root := c.byTS[m.ThreadTS]; root != nil {
		m.ParentUserID = root.User
		root.ThreadTS = root.TS
		t.count(root)
		if t.authors[m.User] == 1 && len(root.ReplyUsers) < 5 {
			root.ReplyUsers = append(root.ReplyUsers, m.User)
		}
	}
}

func (t *thread) count(root *Message) {
	root.ReplyCount, root.ReplyUsersCount = len(t.replies), len(t.authors)
	root.LatestReply = ""
	if n := len(t.replies); n > 0 {
		root.LatestReply = t.replies[n-1].TS
	}
}

// remove takes a message out. Replies to a removed root stay readable by their own ts only, as their thread is gone;
// the work of its agent session is over with it.
func (s *Sim) remove(ch *channel, m *Message) {
	delete(ch.byTS, m.TS)
	ch.list = cut(ch.list, m.TS)
	ch.top = cut(ch.top, m.TS)
	if m.stream != nil {
		s.cancel(m.stream.expiry)
		m.stream.state = streamStopped
	}
	if x := s.ws.sessions[sessionKey{ch.ID, m.TS}]; x != nil && x.Status == "processing" {
		s.move(x, "active")
	}
	if m.isReply() {
		t := ch.threads[m.ThreadTS]
		t.replies = cut(t.replies, m.TS)
		if t.authors[m.User]--; t.authors[m.User] == 0 {
			delete(t.authors, m.User)
		}
		if root := ch.byTS[m.ThreadTS]; root != nil {
			t.count(root)
			if t.authors[m.User] == 0 {
				root.ReplyUsers = slices.DeleteFunc(root.ReplyUsers, func(u string) bool { return u == m.User })
			}
			s.publishMessage(ch, root)
		}
	}
	s.publish("deleted", map[string]string{"channel": ch.ID, "ts": m.TS})
}

func byTS(m *Message, ts string) int { return compareTS(m.TS, ts) }

// compareTS orders two ts. They have one form here, so the longer is the later.
func compareTS(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func cut(list []*Message, ts string) []*Message {
	i, ok := slices.BinarySearchFunc(list, ts, byTS)
	if !ok {
		return list
	}
	return slices.Delete(list, i, i+1)
}

// thread returns the root and its replies, nil without a root.
func (c *channel) thread(root string) []*Message {
	m := c.byTS[root]
	if m == nil {
		return nil
	}
	out := []*Message{m}
	if t := c.threads[root]; t != nil {
		out = append(out, t.replies...)
	}
	return out
}

// validTS reports whether ts has the form seconds.micros.
func validTS(ts string) bool {
	sec, micro, ok := strings.Cut(ts, ".")
	return ok && sec != "" && len(sec) <= 12 && micro != "" && len(micro) <= 6 && digits(sec) && digits(micro)
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
