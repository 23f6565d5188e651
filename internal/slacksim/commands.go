package slacksim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Command is a slash command of the app.
type Command struct {
	Command     string `json:"command"` // with its slash
	Description string `json:"description"`
	UsageHint   string `json:"usage_hint"`
}

// Shortcut is an entry of the app in the shortcuts menu, or in the menu of a message.
type Shortcut struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // global, message
	CallbackID  string `json:"callback_id"`
	Description string `json:"description"`
}

func checkCommands(list []Command) error {
	// Slack: app manifest, slash_commands: at most 50, names of up to 32 characters.
	form := regexp.MustCompile(`^/[a-z0-9_-]{1,31}$`)
	for i, c := range list {
		if !form.MatchString(c.Command) {
			return fmt.Errorf("commands: %q: a command is a slash and up to 31 small letters, digits, hyphens and underscores", c.Command)
		}
		if slices.ContainsFunc(list[:i], func(x Command) bool { return x.Command == c.Command }) {
			return fmt.Errorf("commands: %s is there twice", c.Command)
		}
	}
	if len(list) > 50 {
		return fmt.Errorf("commands: %d are too many: an app has at most 50", len(list))
	}
	return nil
}

func checkShortcuts(list []Shortcut) error {
	for i, c := range list {
		if n := utf8.RuneCountInString(c.Name); n < 1 || n > 24 {
			return fmt.Errorf("shortcuts: name %q: 1 to 24 characters", c.Name)
		}
		if c.Type != "global" && c.Type != "message" {
			return fmt.Errorf("shortcuts: type %q: use global or message", c.Type)
		}
		if c.CallbackID == "" || len(c.CallbackID) > 255 {
			return fmt.Errorf("shortcuts: callback_id of %q: 1 to 255 characters", c.Name)
		}
		if slices.ContainsFunc(list[:i], func(x Shortcut) bool { return x.CallbackID == c.CallbackID }) {
			return fmt.Errorf("shortcuts: callback_id %q is there twice", c.CallbackID)
		}
	}
	if len(list) > 10 {
		return fmt.Errorf("shortcuts: %d are too many: an app has at most 10", len(list))
	}
	return nil
}

// slashPayload is the form of a slash command; all its fields are strings. Slack: "Slash commands".
type slashPayload struct {
	Token        string `json:"token"`
	TeamID       string `json:"team_id"`
	TeamDomain   string `json:"team_domain"`
	ChannelID    string `json:"channel_id"`
	ChannelName  string `json:"channel_name"`
	UserID       string `json:"user_id"`
	UserName     string `json:"user_name"`
	Command      string `json:"command"`
	Text         string `json:"text"`
	APIAppID     string `json:"api_app_id"`
	IsEnterprise string `json:"is_enterprise_install"`
	ResponseURL  string `json:"response_url"`
	TriggerID    string `json:"trigger_id"`
}

// Command is a person who sends a slash command. Slack has none in threads: a threadTS is refused.
func (s *Sim) Command(user, channel, command, text, threadTS string) (id string, err error) {
	s.enter()
	defer s.leave()
	u, ch, err := s.inside(user, channel)
	if err != nil {
		return "", err
	}
	known := s.scoped("commands") && slices.ContainsFunc(s.settings.Commands, func(c Command) bool { return c.Command == command })
	switch {
	case !known:
		return "", &BadRequest{"command_not_found", fmt.Sprintf("%s is not a valid command. In Slack, all messages that start with the “/” character are interpreted as commands.", command)}
	case threadTS != "":
		return "", &BadRequest{"not_in_threads", command + " is not supported in threads. Sorry!"}
	case ch.IsArchived:
		return "", &BadRequest{"is_archived", "the channel is archived"}
	}
	h := s.hookFor(hook{path: "commands", user: u.ID, channel: ch.ID})
	p := slashPayload{
		Token: verification, TeamID: s.ws.team.ID, TeamDomain: s.ws.team.Domain, ChannelID: ch.ID, ChannelName: ch.title(),
		UserID: u.ID, UserName: u.Name, Command: command, Text: strings.TrimSpace(text), APIAppID: s.ws.app.ID,
		IsEnterprise: "false", ResponseURL: h.url, TriggerID: s.newTrigger(u.ID, "", ch.ID),
	}
	return s.begin(deed{
		Interaction: Interaction{Type: "slash_command", User: u.ID, Channel: ch.ID, Command: command}, kind: "slash_commands",
		sentence: func(failure string) string { return fmt.Sprintf("%s failed with the error %q", command, failure) },
		then:     func(_ *Interaction, ack json.RawMessage) bool { return s.commandAnswer(h, ack) },
	}, p), nil
}

// commandAnswer shows what the acknowledgement of a command says: nothing, a text, or a message.
func (s *Sim) commandAnswer(h *hook, ack json.RawMessage) bool {
	if len(ack) == 0 {
		return true
	}
	var text string
	if json.Unmarshal(ack, &text) == nil {
		if strings.TrimSpace(text) == "" {
			return true
		}
		ack, _ = json.Marshal(map[string]string{"text": text}) // a string always encodes
	}
	var a args
	if json.Unmarshal(ack, &a) != nil {
		return false
	}
	if len(a) == 0 || (len(a) == 1 && a.has("response_type")) {
		return true
	}
	return s.answerHook(h, a) == nil
}

// Shortcut is a person who uses a shortcut: a message shortcut with the channel and ts of a message, else a global one.
func (s *Sim) Shortcut(user, callbackID, channel, ts string) (id string, err error) {
	s.enter()
	defer s.leave()
	u, err := s.person(user)
	if err != nil {
		return "", err
	}
	kind := "global"
	if ts != "" {
		kind = "message"
	}
	known := s.scoped("commands") && slices.ContainsFunc(s.settings.Shortcuts, func(c Shortcut) bool {
		return c.CallbackID == callbackID && c.Type == kind
	})
	if !known {
		return "", &BadRequest{"shortcut_not_found", fmt.Sprintf("the app has no %s shortcut %q: see settings", kind, callbackID)}
	}
	i := Interaction{Type: "shortcut", User: u.ID, CallbackID: callbackID}
	if kind == "message" {
		i.Type = "message_action"
	}
	p := s.payload(i.Type, u)
	p.APIAppID, p.CallbackID, p.ActionTS = "", callbackID, s.eventTS()
	where := ""
	if kind == "message" {
		_, ch, m, err := s.message(user, channel, ts)
		if err != nil {
			return "", err
		}
		where = ch.ID
		i.Channel, i.TS, i.ThreadTS = ch.ID, m.TS, m.ThreadTS
		w := m.wire()
		p.Message, p.Channel, p.MessageTS = &w, ch.forPayload(), m.TS
		p.ResponseURL = s.newHook(hook{path: "actions", user: u.ID, channel: ch.ID, original: m.TS, thread: m.ThreadTS})
	}
	p.TriggerID = s.newTrigger(u.ID, "", where)
	return s.begin(deed{Interaction: i, sentence: always(somethingWrong)}, p), nil
}
