package slacksim

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Session is an agent session: the life of the app's work in one thread. Slack: agents.sessions.setStatus.
type Session struct {
	Channel         string   `json:"channel"`
	ThreadTS        string   `json:"thread_ts"`
	Status          string   `json:"status"` // processing, active, suspended, closed
	Title           string   `json:"title"`
	Initiator       string   `json:"initiator"`
	Stoppable       bool     `json:"stoppable"` // the person sees a stop button
	Prose           string   `json:"prose"`     // legacy status line
	LoadingMessages []string `json:"loading_messages"`
}

// AgentSession is a session as it appears on the thread's root message.
type AgentSession struct {
	Status          string        `json:"status"`
	Title           string        `json:"title"`
	AgentBotUserIDs []string      `json:"agent_bot_user_ids"`
	AgentStatuses   []AgentStatus `json:"agent_statuses"`
}

// AgentStatus is one agent's share of a session.
type AgentStatus struct {
	AgentBotUserID string `json:"agent_bot_user_id"`
	Status         string `json:"status"`
	IsStoppable    bool   `json:"is_stoppable"`
	Expire         int64  `json:"date_status_processing_expire,omitempty"`
}

type sessionKey struct{ channel, root string }

type session struct {
	Session
	expiry    *errand
	proseOver *errand
}

const noStopWarning = "missing_agent_session_stopped_event_subscription"

func validStatus(status string) bool {
	return slices.Contains([]string{"processing", "active", "suspended", "closed"}, status)
}

func (s *Sim) subscribed(event string) bool { return slices.Contains(s.settings.Subscriptions, event) }

// session returns the thread's session, made when there is none; initiator "" means the author of the root.
func (s *Sim) session(ch *channel, root *Message, title, initiator string) *session {
	key := sessionKey{ch.ID, root.TS}
	if x := s.ws.sessions[key]; x != nil {
		return x
	}
	if initiator == "" {
		initiator = root.User
	}
	x := &session{Session: Session{Channel: ch.ID, ThreadTS: root.TS, Title: title, Initiator: initiator, LoadingMessages: []string{}}}
	s.ws.sessions[key] = x
	s.ws.sessionLog = append(s.ws.sessionLog, x)
	return x
}

// move sets the status. Processing ends by itself after Settings.SessionTTL; setting it again starts that anew.
func (s *Sim) move(x *session, status string) {
	s.cancel(x.expiry)
	x.Status = status
	x.Stoppable = status == "processing" && s.subscribed("agent_session_stopped")
	if status == "processing" {
		x.expiry = s.after(ms(s.settings.SessionTTL), func() { s.move(x, "active") })
	}
	s.publish("session", x)
}

// setSessionStatus is agents.sessions.setStatus.
func (c *call) setSessionStatus() (reply, error) {
	ch, root, err := c.sessionThread()
	if err != nil {
		return nil, err
	}
	status, title, initiator := c.args.str("status"), c.args.str("title"), c.args.str("initiator_user_id")
	if !validStatus(status) {
		return nil, no("invalid_status")
	}
	if utf8.RuneCountInString(title) > 200 {
		return nil, no("invalid_arguments", "[ERROR] must be less than 201 characters [json-pointer:/title]")
	}
	if utf8.RuneCountInString(c.args.str("username")) > 200 {
		return nil, no("invalid_arguments", "[ERROR] must be less than 201 characters [json-pointer:/username]")
	}
	if err := c.customize(&Message{}); err != nil { // the simulator only checks the scope
		return nil, err
	}
	if initiator != "" && (c.ws.userByID[initiator] == nil || !ch.has(initiator)) {
		return nil, no("user_not_found")
	}
	x := c.session(ch, root, title, initiator)
	c.move(x, status)
	r := reply{"status": x.Status, "agent_status": status, "title": x.Title}
	if !c.subscribed("agent_session_stopped") {
		r["warning"] = noStopWarning
		r["response_metadata"] = reply{"warnings": []string{noStopWarning}}
	}
	return r, nil
}

// sessionThread resolves channel_id and thread_ts of the agents.sessions methods.
func (c *call) sessionThread() (*channel, *Message, error) {
	if !c.settings.Agent {
		return nil, nil, no("feature_disabled")
	}
	ch, err := c.channel("channel_id")
	if err != nil {
		return nil, nil, err
	}
	if !ch.has(c.ws.app.BotUserID) {
		return nil, nil, no("not_authorized")
	}
	ts := c.args.str("thread_ts")
	if ts == "" {
		return nil, nil, no("thread_ts_required")
	}
	root := ch.byTS[ts]
	if root == nil || root.isReply() {
		return nil, nil, no("invalid_arguments", "[ERROR] no such thread [json-pointer:/thread_ts]")
	}
	return ch, root, nil
}

// renameSession is agents.sessions.rename.
func (c *call) renameSession() (reply, error) {
	ch, root, err := c.sessionThread()
	if err != nil {
		return nil, err
	}
	title := c.args.str("title")
	if n := utf8.RuneCountInString(title); n < 1 || n > 200 {
		return nil, no("invalid_arguments", "[ERROR] must be 1 to 200 characters [json-pointer:/title]")
	}
	x := c.ws.sessions[sessionKey{ch.ID, root.TS}]
	if x == nil {
		return nil, no("invalid_arguments", "[ERROR] no session in this thread [json-pointer:/thread_ts]")
	}
	x.Title = title
	c.publish("session", x)
	return reply{"title": title}, nil
}

// legacyThread resolves the thread of an assistant.threads method.
func (c *call) legacyThread() (*channel, *Message, error) {
	ch, err := c.channel("channel_id")
	if err != nil {
		return nil, nil, err
	}
	root := ch.byTS[c.args.str("thread_ts")]
	if root == nil || root.isReply() || !ch.has(c.ws.app.BotUserID) {
		return nil, nil, no("invalid_thread_ts")
	}
	return ch, root, nil
}

// setProse is assistant.threads.setStatus, bridged to the session.
func (c *call) setProse() (reply, error) {
	ch, root, err := c.legacyThread()
	if err != nil {
		return nil, err
	}
	if !c.args.has("status") {
		return nil, lacking("status")
	}
	loading, err := c.loadingMessages()
	if err != nil {
		return nil, err
	}
	if len(loading) > 10 {
		return nil, no("invalid_arguments", "[ERROR] no more than 10 items allowed [json-pointer:/loading_messages]")
	}
	x := c.session(ch, root, "", "")
	c.cancel(x.proseOver)
	x.Prose, x.LoadingMessages = c.args.str("status"), loading
	if x.Prose == "" {
		x.LoadingMessages = []string{}
		c.move(x, "active")
		return reply{}, nil
	}
	x.proseOver = c.after(ms(c.settings.ProseTTL), func() { c.clearProse(ch, root.TS) })
	c.move(x, "processing")
	return reply{}, nil
}

// loadingMessages accepts a JSON array, and the comma list that some SDKs send.
func (c *call) loadingMessages() ([]string, error) {
	out := []string{}
	raw, err := c.args.raw("loading_messages")
	switch {
	case err != nil:
		return strings.Split(c.args.str("loading_messages"), ","), nil
	case raw == nil:
		return out, nil
	case json.Unmarshal(raw, &out) != nil:
		return nil, no("invalid_arguments", "[ERROR] must be an array of strings [json-pointer:/loading_messages]")
	}
	return out, nil
}

// clearProse ends the legacy status line, as any message of the app in the thread does.
func (s *Sim) clearProse(ch *channel, root string) {
	x := s.ws.sessions[sessionKey{ch.ID, root}]
	if x == nil || x.Prose == "" {
		return
	}
	s.cancel(x.proseOver)
	x.Prose, x.LoadingMessages = "", []string{}
	s.publish("session", x)
}

// setTitle is assistant.threads.setTitle.
func (c *call) setTitle() (reply, error) {
	ch, root, err := c.legacyThread()
	if err != nil {
		return nil, err
	}
	title := c.args.str("title")
	if title == "" {
		return nil, lacking("title")
	}
	x := c.session(ch, root, "", "")
	if x.Status == "" {
		x.Status = "active"
	}
	x.Title = title
	c.publish("session", x)
	return reply{}, nil
}

// setPrompts is assistant.threads.setSuggestedPrompts. Without thread_ts they stand at the top of the Messages tab.
func (c *call) setPrompts() (reply, error) {
	ch, err := c.channel("channel_id")
	if err != nil {
		return nil, err
	}
	if ts := c.args.str("thread_ts"); ts != "" {
		if _, _, err := c.legacyThread(); err != nil {
			return nil, err
		}
	} else if !ch.IsIM {
		return nil, no("channel_not_found")
	}
	raw, err := c.args.raw("prompts")
	if err != nil || raw == nil {
		return nil, lacking("prompts")
	}
	var prompts []Prompt
	if json.Unmarshal(raw, &prompts) != nil || len(prompts) == 0 || len(prompts) > 4 {
		return nil, no("invalid_arguments", "[ERROR] must be 1 to 4 prompts [json-pointer:/prompts]")
	}
	for _, p := range prompts {
		if p.Title == "" || p.Message == "" {
			return nil, no("invalid_arguments", "[ERROR] a prompt has a title and a message [json-pointer:/prompts]")
		}
	}
	ch.Prompts, ch.PromptsTitle = prompts, c.args.str("title")
	c.publish("channel", ch)
	return reply{}, nil
}

// Stop is a person's click on the native stop button. Slack ends the thread's streams and tells the app; the status
// is the app's to change.
func (s *Sim) Stop(user, channel, thread string) error {
	s.enter()
	defer s.leave()
	u, ch, err := s.inside(user, channel)
	if err != nil {
		return err
	}
	x := s.ws.sessions[sessionKey{ch.ID, thread}]
	if x == nil || !x.Stoppable {
		return &BadRequest{"not_stoppable", "the thread shows no stop button: its session is not processing, or the app did not subscribe to agent_session_stopped"}
	}
	stopped := []string{}
	for _, m := range ch.thread(thread) {
		if m.stream != nil && m.stream.state == streamLive {
			s.cancel(m.stream.expiry)
			m.stream.state, m.StreamingState = streamStopped, "completed"
			stopped = append(stopped, m.TS)
			s.publishMessage(ch, m)
		}
	}
	s.emit("agent_session_stopped", "", ch, "agent_session_stopped", map[string]any{
		"type": "agent_session_stopped", "channel": ch.ID, "user": u.ID, "thread_ts": thread,
		"streaming_message_ts": stopped, "event_ts": s.eventTS(),
	})
	return nil
}

// Rename is a person who renames a session in Slack.
func (s *Sim) Rename(user, channel, thread, title string) error {
	s.enter()
	defer s.leave()
	u, ch, err := s.inside(user, channel)
	if err != nil {
		return err
	}
	x := s.ws.sessions[sessionKey{ch.ID, thread}]
	if x == nil {
		return &BadRequest{"session_not_found", "the thread has no session"}
	}
	if n := utf8.RuneCountInString(title); n < 1 || n > 200 {
		return &BadRequest{"bad_title", "a title has 1 to 200 characters"}
	}
	event := map[string]any{
		"type": "agent_session_title_changed", "channel": ch.ID, "user": u.ID, "team_id": s.ws.team.ID,
		"thread_ts": thread, "title": title, "event_ts": s.eventTS(),
	}
	if x.Title != "" {
		event["previous_title"] = x.Title
	}
	x.Title = title
	s.publish("session", x)
	s.emit("agent_session_title_changed", "", ch, "agent_session_title_changed", event)
	return nil
}

// onRoot is the session as the root message shows it.
func (s *Sim) onRoot(ch *channel, m *Message) *AgentSession {
	x := s.ws.sessions[sessionKey{ch.ID, m.TS}]
	if x == nil {
		return nil
	}
	one := AgentStatus{AgentBotUserID: s.ws.app.BotUserID, Status: x.Status, IsStoppable: x.Stoppable}
	if x.Status == "processing" && x.expiry != nil {
		one.Expire = x.expiry.at.Unix()
	}
	return &AgentSession{
		Status: x.Status, Title: x.Title, AgentBotUserIDs: []string{s.ws.app.BotUserID}, AgentStatuses: []AgentStatus{one},
	}
}
