package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Remark is what a person posts.
type Remark struct {
	User      string          `json:"user"`
	Channel   string          `json:"channel"` // id, "#name", or "@bot" for the person's DM with the app
	Text      string          `json:"text"`    // as Slack stores it: mentions are <@U…>
	ThreadTS  string          `json:"thread_ts,omitempty"`
	Broadcast bool            `json:"broadcast,omitempty"`
	Files     json.RawMessage `json:"files,omitempty"` // [{"id"}] of uploads, or whole Slack file objects, which are passed on as they are
}

// maxText is where Slack cuts a text.
const maxText = 40_000

// Say posts as a person. thread is the ts of the thread's root, or empty.
func (s *Sim) Say(user, channel, text, thread string) (Posted, error) {
	return s.Post(Remark{User: user, Channel: channel, Text: text, ThreadTS: thread})
}

// Post posts as a person and sends the app the events of it.
func (s *Sim) Post(r Remark) (Posted, error) {
	s.enter()
	defer s.leave()
	return s.remark(r)
}

func (s *Sim) remark(r Remark) (Posted, error) {
	u, ch, err := s.inside(r.User, r.Channel)
	if err != nil {
		return Posted{}, err
	}
	if ch.IsArchived {
		return Posted{}, &BadRequest{"is_archived", "the channel is archived"}
	}
	m := &Message{User: u.ID, Text: cutText(r.Text), ClientMsgID: s.uuid()}
	files, err := s.ws.files.attachments(r.Files)
	if err != nil {
		return Posted{}, err
	}
	for _, a := range files {
		if a.file != nil && (a.file.deleted || !a.file.visible(u.ID)) {
			return Posted{}, &BadRequest{"file_not_found", fmt.Sprintf("no file %q that %s has", a.file.ID, u.RealName)}
		}
	}
	if len(files) > 0 {
		m.Subtype, m.attached, m.ClientMsgID = "file_share", files, ""
	}
	if strings.TrimSpace(r.Text) == "" && len(files) == 0 {
		return Posted{}, &BadRequest{"no_text", "write something"}
	}
	if m.Text != "" {
		m.Blocks = s.richText(m.Text)
	}
	if r.ThreadTS != "" {
		root := ch.byTS[r.ThreadTS]
		if root == nil {
			return Posted{}, &BadRequest{"thread_not_found", fmt.Sprintf("no message %q in the channel", r.ThreadTS)}
		}
		m.ThreadTS = root.root()
		if r.Broadcast && m.Subtype == "" {
			m.Subtype = "thread_broadcast"
		}
	}
	s.insert(ch, m)
	s.announce(ch, m)
	return Posted{ch.ID, m.TS}, nil
}

func cutText(t string) string {
	if len(t) <= maxText {
		return t
	}
	if r := []rune(t); len(r) > maxText {
		return string(r[:maxText])
	}
	return t
}

// inside resolves a person and a channel they are in.
func (s *Sim) inside(user, channel string) (*User, *channel, error) {
	u, err := s.person(user)
	if err != nil {
		return nil, nil, err
	}
	ch, err := s.find(user, channel)
	if err != nil {
		return nil, nil, err
	}
	if !ch.has(user) {
		return nil, nil, &BadRequest{"not_in_channel", u.RealName + " is not in the channel: join it first"}
	}
	return u, ch, nil
}

// message resolves a person's view of a message.
func (s *Sim) message(user, channel, ts string) (*User, *channel, *Message, error) {
	u, ch, err := s.inside(user, channel)
	if err != nil {
		return nil, nil, nil, err
	}
	m := ch.byTS[ts]
	if m == nil {
		return nil, nil, nil, &BadRequest{"message_not_found", fmt.Sprintf("no message %q in the channel", ts)}
	}
	return u, ch, m, nil
}

// Edit changes a person's own message.
func (s *Sim) Edit(user, channel, ts, text string) error {
	s.enter()
	defer s.leave()
	u, ch, m, err := s.message(user, channel, ts)
	if err != nil {
		return err
	}
	if m.User != u.ID {
		return &BadRequest{"cant_update_message", "only the author edits a message"}
	}
	if strings.TrimSpace(text) == "" {
		return &BadRequest{"no_text", "write something, or delete the message"}
	}
	before := m.wire()
	m.Text = cutText(text)
	m.Blocks = s.richText(m.Text)
	m.Edited = &Edited{User: u.ID, TS: s.eventTS()}
	s.publishMessage(ch, m)
	s.emitChanged(ch, m, before)
	if !ch.IsIM && s.mentionsApp(m) {
		s.emitMention(ch, m, m.Edited.TS)
	}
	return nil
}

// Delete takes back a person's own message.
func (s *Sim) Delete(user, channel, ts string) error {
	s.enter()
	defer s.leave()
	u, ch, m, err := s.message(user, channel, ts)
	if err != nil {
		return err
	}
	if m.User != u.ID {
		return &BadRequest{"cant_delete_message", "only the author deletes a message"}
	}
	before := m.wire()
	s.remove(ch, m)
	s.emitDeleted(ch, before)
	return nil
}

// React adds a person's emoji to a message, or removes it.
func (s *Sim) React(user, channel, ts, name string, remove bool) error {
	s.enter()
	defer s.leave()
	u, ch, m, err := s.message(user, channel, ts)
	if err != nil {
		return err
	}
	name = strings.Trim(name, ":")
	if !validEmoji(name) {
		return &BadRequest{"invalid_name", fmt.Sprintf("no emoji %q: give its name, such as thumbsup", name)}
	}
	if why := s.react(ch, m, u.ID, name, remove); why != "" {
		return &BadRequest{why, "nothing changed"}
	}
	return nil
}

// react changes one reaction; why is Slack's code when nothing changed.
func (s *Sim) react(ch *channel, m *Message, user, name string, remove bool) (why string) {
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	there := i >= 0 && slices.Contains(m.Reactions[i].Users, user)
	switch {
	case remove && !there:
		return "no_reaction"
	case !remove && there:
		return "already_reacted"
	case remove:
		r := &m.Reactions[i]
		r.Users = slices.DeleteFunc(slices.Clone(r.Users), func(u string) bool { return u == user })
		if r.Count = len(r.Users); r.Count == 0 {
			m.Reactions = slices.Delete(m.Reactions, i, i+1)
		}
	case i < 0:
		m.Reactions = append(m.Reactions, Reaction{Name: name, Users: []string{user}, Count: 1})
	default:
		r := &m.Reactions[i]
		r.Users = append(r.Users, user)
		r.Count = len(r.Users)
	}
	s.publishMessage(ch, m)
	kind := "reaction_added"
	if remove {
		kind = "reaction_removed"
	}
	s.emit(kind, "reactions:read", ch, kind, map[string]any{
		"type": kind, "user": user, "reaction": name, "item_user": m.User, "event_ts": s.eventTS(),
		"item": map[string]string{"type": "message", "channel": ch.ID, "ts": m.TS},
	})
	return ""
}

func validEmoji(name string) bool {
	return name != "" && len(name) <= 100 && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+':", r))
	}) < 0
}

// Open is a person who opens a conversation: the app's DM sends app_home_opened, another one changes what the person
// has in view.
func (s *Sim) Open(user, channel string) error {
	s.enter()
	defer s.leave()
	u, ch, err := s.inside(user, channel)
	if err != nil {
		return err
	}
	if ch.IsIM && !ch.withApp() { // the app knows nothing of it
		return nil
	}
	if !ch.IsIM {
		elsewhere := s.ws.viewing[u.ID] != ch.ID
		s.ws.viewing[u.ID] = ch.ID
		s.publish("viewing", map[string]string{"user": u.ID, "channel": ch.ID})
		if dm := s.ws.dms[u.ID]; dm != nil && s.settings.AssistantView {
			if elsewhere {
				s.switchContext(u, dm)
			}
		} else if dm != nil {
			s.emit("app_context_changed", "", dm, "app_context_changed", map[string]any{
				"type": "app_context_changed", "channel": dm.ID, "user": u.ID, "context": s.viewed(u.ID), "event_ts": s.eventTS(),
			})
		}
		return nil
	}
	if s.settings.AssistantView {
		s.openAssistant(u, ch)
		return nil
	}
	s.emit("app_home_opened", "", ch, "app_home_opened", map[string]any{
		"type": "app_home_opened", "user": u.ID, "channel": ch.ID, "tab": "messages", "context": s.viewed(u.ID), "event_ts": s.eventTS(),
	})
	return nil
}

// openAssistant is the legacy surface: every opening is a thread of its own, begun by a root of the app.
func (s *Sim) openAssistant(u *User, ch *channel) {
	root := s.appMessage()
	root.Subtype, root.Text = "assistant_app_thread", "New Assistant Thread"
	s.insert(ch, root)
	s.emit("assistant_thread_started", "assistant:write", ch, "assistant_thread_started", map[string]any{
		"type": "assistant_thread_started", "event_ts": s.eventTS(),
		"assistant_thread": map[string]any{"user_id": u.ID, "context": s.assistantContext(u.ID), "channel_id": ch.ID, "thread_ts": root.TS},
	})
}

// AddUser makes a person, with a DM with the app. An empty tz means UTC.
func (s *Sim) AddUser(name, realName, tz string) (string, error) {
	s.enter()
	defer s.leave()
	if name == "" {
		return "", &BadRequest{"bad_name", "give the person a name"}
	}
	if realName == "" {
		realName = name
	}
	if tz == "" {
		tz = "UTC"
	}
	u := &User{ID: s.nextID("U"), Name: name, RealName: realName, TZ: tz, Color: fmt.Sprintf("%06x", s.rng.IntN(1<<24))}
	s.ws.addUser(u)
	s.publish("user", u)
	s.dm(u.ID)
	return u.ID, nil
}

// Change changes what Slack knows of a person; their id stays.
func (s *Sim) Change(user string, change func(*User)) error {
	s.enter()
	defer s.leave()
	u, err := s.person(user)
	if err != nil {
		return err
	}
	id := u.ID
	change(u)
	u.ID = id
	s.publish("user", u)
	return nil
}

// AddChannel makes a public channel with these members.
func (s *Sim) AddChannel(name string, members ...string) (string, error) {
	return s.addChannel(name, members, false)
}

func (s *Sim) addChannel(name string, members []string, private bool) (string, error) {
	s.enter()
	defer s.leave()
	name = strings.TrimPrefix(name, "#")
	if name == "" || len(name) > 80 || strings.ContainsAny(name, " #@,") || strings.ToLower(name) != name {
		return "", &BadRequest{"invalid_name", "a channel's name has up to 80 small letters, digits, hyphens and underscores"}
	}
	if s.ws.channelBy["#"+name] != nil {
		return "", &BadRequest{"name_taken", "there is a channel #" + name}
	}
	for _, m := range members {
		if s.ws.userByID[m] == nil {
			return "", &BadRequest{"user_not_found", fmt.Sprintf("no user %q", m)}
		}
	}
	members = slices.Compact(slices.Sorted(slices.Values(members)))
	if members == nil {
		members = []string{}
	}
	ch := s.ws.addChannel(Channel{ID: s.nextID("C"), Name: name, IsPrivate: private, Members: members, Created: s.now().Unix()})
	s.publish("channel", ch)
	return ch.ID, nil
}

// Join puts a person, or the app's bot user, into a channel.
func (s *Sim) Join(user, channel string) error {
	s.enter()
	defer s.leave()
	u, err := s.person(user)
	if err != nil {
		return err
	}
	ch, err := s.find(user, channel)
	if err != nil {
		return err
	}
	if ch.IsIM || ch.IsMPIM {
		return &BadRequest{"method_not_supported_for_channel_type", "nobody joins a direct conversation"}
	}
	s.join(ch, u.ID)
	return nil
}

func (s *Sim) join(ch *channel, user string) {
	if ch.has(user) {
		return
	}
	ch.Members = append(ch.Members, user)
	s.publish("channel", ch)
	m := &Message{Subtype: "channel_join", User: user, Text: "<@" + user + "> has joined the channel"}
	s.insert(ch, m)
	s.emitMessage(ch, m)
	s.emit("member_joined_channel", ch.plural()+":read", ch, "member_joined_channel", map[string]any{
		"type": "member_joined_channel", "user": user, "channel": ch.ID, "channel_type": string(ch.ID[0]),
		"team": s.ws.team.ID, "event_ts": m.TS,
	})
}

// Leave takes a person, or the app's bot user, out of a channel.
func (s *Sim) Leave(user, channel string) error {
	s.enter()
	defer s.leave()
	u, ch, err := s.inside(user, channel)
	if err != nil {
		return err
	}
	if ch.IsIM || ch.IsMPIM {
		return &BadRequest{"method_not_supported_for_channel_type", "nobody leaves a direct conversation"}
	}
	ch.Members = slices.DeleteFunc(ch.Members, func(id string) bool { return id == u.ID })
	s.publish("channel", ch)
	m := &Message{Subtype: "channel_leave", User: u.ID, Text: "<@" + u.ID + "> has left the channel"}
	s.insert(ch, m)
	s.emitMessage(ch, m)
	return nil
}

// Archive archives a channel, or takes it back.
func (s *Sim) Archive(channel string, archived bool) error {
	s.enter()
	defer s.leave()
	ch, err := s.find("", channel)
	if err != nil {
		return err
	}
	ch.IsArchived = archived
	s.publish("channel", ch)
	return nil
}
