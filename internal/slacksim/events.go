package slacksim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// outer is the envelope of an event. Slack: Events API, "Event type structure".
type outer struct {
	Token               string          `json:"token"`
	TeamID              string          `json:"team_id"`
	ContextTeamID       string          `json:"context_team_id"`
	ContextEnterpriseID *string         `json:"context_enterprise_id"`
	APIAppID            string          `json:"api_app_id"`
	Event               any             `json:"event"`
	Type                string          `json:"type"`
	EventID             string          `json:"event_id"`
	EventTime           int64           `json:"event_time"`
	Authorizations      []authorization `json:"authorizations"`
	IsExtShared         bool            `json:"is_ext_shared_channel"`
	EventContext        string          `json:"event_context"`
}

type authorization struct {
	EnterpriseID        *string `json:"enterprise_id"`
	TeamID              string  `json:"team_id"`
	UserID              string  `json:"user_id"`
	IsBot               bool    `json:"is_bot"`
	IsEnterpriseInstall bool    `json:"is_enterprise_install"`
}

// messageEvent is a message as an event: the message and where it is.
type messageEvent struct {
	Message
	Channel     string     `json:"channel"`
	ChannelType string     `json:"channel_type,omitempty"`
	EventTS     string     `json:"event_ts"`
	AppContext  *viewedCtx `json:"app_context,omitempty"`

	ActionToken     string       `json:"action_token,omitempty"`
	AssistantThread *threadToken `json:"assistant_thread,omitempty"`
}

// changeEvent is message_changed or message_deleted.
type changeEvent struct {
	Type            string   `json:"type"`
	Subtype         string   `json:"subtype"`
	Hidden          bool     `json:"hidden"`
	Channel         string   `json:"channel"`
	ChannelType     string   `json:"channel_type"`
	TS              string   `json:"ts"`
	EventTS         string   `json:"event_ts"`
	DeletedTS       string   `json:"deleted_ts,omitempty"`
	Message         *Message `json:"message,omitempty"`
	PreviousMessage *Message `json:"previous_message,omitempty"`
}

// viewedCtx is what the person has in view: app_context, or context of app_home_opened.
type viewedCtx struct {
	Entities []viewedEntity `json:"entities"`
}

type viewedEntity struct {
	Type   string `json:"type"`
	Value  string `json:"value"`
	TeamID string `json:"team_id,omitempty"`
}

// emit sends an event if the app subscribed to it (subscription "" means always) and a scope covers it.
func (s *Sim) emit(subscription, scope string, ch *channel, kind string, event any) {
	if s.ws.install.gone {
		return
	}
	if subscription != "" && !slices.Contains(s.settings.Subscriptions, subscription) {
		return
	}
	if scope != "" && !s.scoped(scope) {
		return
	}
	channelID := ""
	if ch != nil {
		channelID = ch.ID
		if !ch.has(s.ws.app.BotUserID) {
			return
		}
	}
	if !s.withinHour() {
		return
	}
	where, err := json.Marshal(map[string]string{"et": kind, "tid": s.ws.team.ID, "aid": s.ws.app.ID, "cid": channelID})
	if err != nil {
		s.log.Error("slacksim: event context not encoded", "error", err)
		return
	}
	id := s.nextID("Ev")
	payload, err := json.Marshal(outer{
		Token: verification, TeamID: s.ws.team.ID, ContextTeamID: s.ws.team.ID, APIAppID: s.ws.app.ID,
		Event: event, Type: "event_callback", EventID: id, EventTime: s.now().Unix(),
		Authorizations: []authorization{{TeamID: s.ws.team.ID, UserID: s.ws.app.BotUserID, IsBot: true}},
		EventContext:   "4-" + base64.RawStdEncoding.EncodeToString(where),
	})
	if err != nil {
		s.log.Error("slacksim: event not encoded", "type", kind, "error", err)
		return
	}
	s.dispatch(&delivery{kind: "events_api", payload: payload, event: kind, eventID: id, retrying: true})
}

// plural is the channel type as subscriptions and scopes name it.
func (c *channel) plural() string {
	switch c.kind() {
	case "im", "mpim":
		return c.kind()
	case "group":
		return "groups"
	}
	return "channels"
}

func (s *Sim) mentionsApp(m *Message) bool {
	return !m.byApp() && strings.Contains(m.Text, "<@"+s.ws.app.BotUserID+">")
}

// emitMessage tells the app of a new message; a mention in a channel is two events, in any order.
func (s *Sim) emitMessage(ch *channel, m *Message) {
	send := []func(){func() {
		e := messageEvent{Message: s.evented(m), Channel: ch.ID, ChannelType: ch.kind(), EventTS: m.TS}
		if ch.IsIM && !m.byApp() && !s.settings.AssistantView {
			e.AppContext = s.viewed(m.User)
		}
		s.grant(&e, m)
		s.emit("message."+ch.plural(), ch.plural()+":history", ch, "message", e)
	}}
	if !ch.IsIM && s.mentionsApp(m) {
		send = append(send, func() { s.emitMention(ch, m, m.TS) })
		s.rng.Shuffle(len(send), func(i, j int) { send[i], send[j] = send[j], send[i] })
	}
	for _, f := range send {
		f()
	}
}

func (s *Sim) emitMention(ch *channel, m *Message, eventTS string) {
	e := messageEvent{Message: s.evented(m), Channel: ch.ID, EventTS: eventTS}
	e.Type = "app_mention"
	s.grant(&e, m)
	s.emit("app_mention", "app_mentions:read", ch, "app_mention", e)
}

// evented is the message without what only reading it shows.
func (s *Sim) evented(m *Message) Message {
	w := m.wire()
	w.Metadata, w.AgentSession = nil, nil
	w.ReplyCount, w.ReplyUsersCount, w.LatestReply, w.ReplyUsers, w.Reactions = 0, 0, "", nil, nil
	if !m.isReply() {
		w.ThreadTS = ""
	}
	return w
}

func (s *Sim) emitChanged(ch *channel, m *Message, previous Message) {
	now := m.wire()
	now.Metadata, previous.Metadata = nil, nil
	at := s.eventTS()
	s.emit("message."+ch.plural(), ch.plural()+":history", ch, "message", changeEvent{
		Type: "message", Subtype: "message_changed", Hidden: true, Channel: ch.ID, ChannelType: ch.kind(),
		TS: at, EventTS: at, Message: &now, PreviousMessage: &previous,
	})
}

func (s *Sim) emitDeleted(ch *channel, previous Message) {
	previous.Metadata = nil
	at := s.eventTS()
	s.emit("message."+ch.plural(), ch.plural()+":history", ch, "message", changeEvent{
		Type: "message", Subtype: "message_deleted", Hidden: true, Channel: ch.ID, ChannelType: ch.kind(),
		TS: at, EventTS: at, DeletedTS: previous.TS, PreviousMessage: &previous,
	})
}

// eventTS is the ts of an event that is no message.
func (s *Sim) eventTS() string {
	n := s.now()
	return fmt.Sprintf("%d.%06d", n.Unix(), n.Nanosecond()/1000)
}

// viewed is the channel that a person looked at last, as context.
func (s *Sim) viewed(user string) *viewedCtx {
	c := &viewedCtx{Entities: []viewedEntity{}}
	if id := s.ws.viewing[user]; id != "" {
		c.Entities = append(c.Entities, viewedEntity{Type: "slack#/types/channel_id", Value: id, TeamID: s.ws.team.ID})
	}
	return c
}
