package event

import (
	"encoding/json"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
)

// Act is something that a person did, other than saying it: a [Stop], [Title],
// [Home], [Reaction], [Command] or [Interaction], or a [Removal].
type Act interface{ act() }

// Stop is a click on Slack's stop button. Slack has ended the streams already,
// but left the session "processing". Slack: agent_session_stopped.
type Stop struct {
	chat.Conversation
	User    string
	Streams []chat.TS // the streams that Slack ended; may be empty
	At      chat.TS
}

// Title is a session's new name, given by a person: it must not be overwritten.
// Slack: agent_session_title_changed.
type Title struct {
	chat.Conversation
	User     string
	Title    string
	Previous string
	At       chat.TS
}

// Home is a person's opening of the app, or of a thread in the older assistant view.
// Slack: app_home_opened, assistant_thread_started.
type Home struct {
	Team    string
	User    string
	Channel string  // the direct channel
	Root    chat.TS // of the thread in the older view; else empty
	Tab     string  // "home" or "messages"
	Context []Entity
	Stands  string // the private_metadata of the Home tab as it is; empty if there is none
}

// Looks is the channel that the person looks at, empty if none is known.
func (h Home) Looks() string {
	for _, e := range h.Context {
		switch {
		case e.Type == "slack#/types/channel_id" && e.Value != "":
			return e.Value
		case e.Channel != "":
			return e.Channel
		}
	}
	return ""
}

// Entity is something that the person looks at, most relevant first.
type Entity struct {
	Type      string // "slack#/types/channel_id", "slack#/types/message_context", …
	Value     string // an id; empty for a message
	Channel   string // of a message
	MessageTS chat.TS
	Team      string
}

// Reaction is an emoji added to a message, or taken off it.
// Slack: reaction_added, reaction_removed.
type Reaction struct {
	Team    string
	User    string
	Name    string // without colons
	Channel string
	TS      chat.TS // the message
	Author  string  // of the message
	Removed bool
}

// Removal is the end of the installation. Slack: app_uninstalled,
// tokens_revoked; they come in any order.
type Removal struct {
	Team   string
	Tokens bool // only tokens were revoked
}

// Command is a slash command.
type Command struct {
	Team        string
	Channel     string
	User        string
	Name        string // with its slash
	Text        string
	TriggerID   string // good for 3 seconds, once
	ResponseURL string // good for 30 minutes
}

// Interaction is a click, a shortcut or a modal.
type Interaction struct {
	Type        string // "block_actions", "view_submission", "view_closed", "shortcut", "message_action", "block_suggestion"
	Team        string
	User        string
	UserTeam    string
	Channel     string
	MessageTS   chat.TS
	ThreadTS    chat.TS
	Ephemeral   bool
	CallbackID  string
	TriggerID   string // good for 3 seconds, once
	ResponseURL string // good for 30 minutes
	Actions     []Action
	View        *View // of a modal or the home tab
	Typed       string
}

// Conversation is the thread in which the click was, zero if it was in none.
func (i Interaction) Conversation() chat.Conversation {
	root := i.ThreadTS
	if root == "" {
		root = i.MessageTS
	}
	if i.Channel == "" || root == "" {
		return chat.Conversation{}
	}
	return chat.Conversation{Team: i.Team, Channel: i.Channel, Root: root}
}

// Action is one element that was used.
type Action struct {
	ID    string
	Block string
	Input
	TS string
}

// Input is the state of one element.
type Input struct {
	Type   string   // of the element
	Value  string   // of a button or text, or the one selected
	Values []string // all that are selected
}

// View is a modal or the home tab.
type View struct {
	ID, RootID, PreviousID string
	ExternalID             string
	Type                   string
	CallbackID             string
	Hash                   string
	PrivateMetadata        string
	State                  map[string]map[string]Input // by block and action
	Raw                    json.RawMessage             // as it came
	Cleared                bool                        // of a view_closed: the whole stack was
}

func (Stop) act()        {}
func (Title) act()       {}
func (Home) act()        {}
func (Reaction) act()    {}
func (Removal) act()     {}
func (Command) act()     {}
func (Interaction) act() {}

// The action ids of our own buttons that mean work. The value of all but the stop
// button's is the turn.
const (
	StopAction    = "holdfast_stop"
	RetryAction   = "holdfast_retry"
	GoOnAction    = "holdfast_continue"
	ShorterAction = "holdfast_shorter"
)

// wish is what a click on one of our buttons says, in the person's stead.
func wish(action string) string {
	switch action {
	case GoOnAction:
		return "(pressed Continue) Please go on exactly where your last answer stopped, without repeating any of it."
	case ShorterAction:
		return "(pressed Shorter) Please give your last answer again, much shorter: only what matters most."
	}
	return ""
}

// stopReactions are the reactions that ask for an end. Slack shows them as a
// red cross and as a stop sign.
var stopReactions = map[string]bool{"x": true, "octagonal_sign": true}

// stop reads what asks that work ends, nil if the act does not.
func (d *Decoder) stop(ev object, act Act) *inbox.Stop {
	switch a := act.(type) {
	case Stop:
		return &inbox.Stop{Team: a.Team, Channel: a.Channel, Root: a.Root, At: a.At}
	case Reaction:
		if stopReactions[a.Name] && !a.Removed && a.User != d.me.BotUser {
			return &inbox.Stop{Team: a.Team, Channel: a.Channel, Message: a.TS, At: stamp(ev.text("event_ts"))}
		}
	}
	return nil
}

// rename reads a title that a person gave, nil if the act is none.
func (d *Decoder) rename(act Act) *inbox.Rename {
	t, ok := act.(Title)
	if !ok || t.User == "" || t.User == d.me.BotUser || t.Title == "" {
		return nil
	}
	return &inbox.Rename{Conversation: t.Conversation, Title: t.Title, By: t.User, At: t.At}
}

// clicked classifies an interaction; some of our own buttons mean work, all else is an
// act.
func (d *Decoder) clicked(env inbox.Envelope, p object) inbox.Entry {
	e := inbox.Entry{Kind: inbox.Interaction, Key: interactionKey(env, p)}
	act, _ := d.interaction(p)
	i, ok := act.(Interaction)
	c := i.Conversation()
	e.Act = ok
	if !ok || i.Type != "block_actions" || c.IsZero() {
		return e
	}
	for _, a := range i.Actions {
		switch {
		case a.ID == StopAction:
			e.Stop, e.Act = &inbox.Stop{Team: c.Team, Channel: c.Channel, Root: c.Root, At: stamp(a.TS)}, false
		case a.ID == RetryAction && id(a.Value) != "":
			e.Kind, e.Key, e.Turn, e.Lane, e.Act = inbox.Retry, "r/"+id(a.Value), id(a.Value), c, false
		case wish(a.ID) != "" && id(a.Value) != "" && stamp(a.TS) != "":
			// A click is a person's word: a message, though Slack has none. One for all
			// who press it.
			e.Kind, e.Key, e.Lane, e.Act = inbox.Message, "w/"+a.ID+"/"+id(a.Value), c, false
			e.Message = chat.Message{Conversation: c, TS: stamp(a.TS), User: i.User, Text: wish(a.ID)}
			if i.UserTeam != "" && i.UserTeam != c.Team {
				e.Message.ClientTeam = i.UserTeam
			}
		}
	}
	return e
}

// Act reads the act out of an entry's payload; not ok means that there is none
// that this package knows.
func (d *Decoder) Act(payload []byte) (Act, bool) {
	p := parse(payload)
	switch {
	case p == nil:
		return nil, false
	case p.has("event"):
		return d.act(p, p.object("event"))
	case p.text("command") != "":
		return Command{Team: first(d.me.Team, p.id("team_id")), Channel: p.id("channel_id"), User: p.id("user_id"),
			Name: p.text("command"), Text: p.text("text"), TriggerID: p.text("trigger_id"),
			ResponseURL: p.text("response_url")}, p.id("user_id") != ""
	case p.text("type") != "":
		return d.interaction(p)
	}
	return nil, false
}

// act reads an event that is an act. It lacks nothing that names its place.
func (d *Decoder) act(p, ev object) (Act, bool) {
	team := d.team(p)
	thread := chat.Conversation{Team: team, Channel: ev.id("channel"), Root: stamp(ev.text("thread_ts"))}
	there := team != "" && thread.Channel != "" && thread.Root != ""
	switch ev.text("type") {
	case "agent_session_stopped":
		s := Stop{Conversation: thread, User: ev.id("user"), At: stamp(ev.text("event_ts"))}
		for _, ts := range ev.texts("streaming_message_ts") {
			if ts := stamp(ts); ts != "" {
				s.Streams = append(s.Streams, ts)
			}
		}
		return s, there
	case "agent_session_title_changed":
		return Title{Conversation: thread, User: ev.id("user"), Title: ev.text("title"), Previous: ev.text("previous_title"), At: stamp(ev.text("event_ts"))}, there
	case "app_home_opened":
		h := Home{Team: team, User: ev.id("user"), Channel: ev.id("channel"), Tab: ev.text("tab"), Context: entities(ev.object("context")),
			Stands: ev.object("view").text("private_metadata")}
		return h, team != "" && h.User != ""
	case "assistant_thread_started":
		t := ev.object("assistant_thread")
		h := Home{Team: team, User: t.id("user_id"), Channel: t.id("channel_id"), Root: stamp(t.text("thread_ts")), Tab: "messages"}
		if c := t.object("context").id("channel_id"); c != "" {
			h.Context = []Entity{{Type: "slack#/types/channel_id", Value: c, Team: t.object("context").id("team_id")}}
		}
		return h, team != "" && h.User != "" && h.Channel != "" && h.Root != ""
	case "reaction_added", "reaction_removed":
		item := ev.object("item")
		r := Reaction{Team: team, User: ev.id("user"), Name: ev.text("reaction"), Channel: item.id("channel"),
			TS: stamp(item.text("ts")), Author: ev.id("item_user"), Removed: ev.text("type") == "reaction_removed"}
		return r, team != "" && r.User != "" && r.Name != "" && r.Channel != "" && r.TS != ""
	case "app_uninstalled", "tokens_revoked":
		return Removal{Team: team, Tokens: ev.text("type") == "tokens_revoked"}, team != ""
	}
	return nil, false
}

func entities(context object) []Entity {
	var list []Entity
	for _, o := range context.objects("entities") {
		e := Entity{Type: o.text("type"), Value: o.text("value"), Team: o.id("team_id")}
		if v := o.object("value"); v != nil {
			e.Channel, e.MessageTS = v.id("channel_id"), stamp(v.text("message_ts"))
		}
		list = append(list, e)
	}
	return list
}

// interaction reads a click, a shortcut or a modal. These carry no
// authorizations, so the workspace is ours.
func (d *Decoder) interaction(p object) (Act, bool) {
	box, message, user := p.object("container"), p.object("message"), p.object("user")
	i := Interaction{
		Type: p.text("type"), Team: first(d.me.Team, p.object("team").id("id")), User: user.id("id"), UserTeam: user.id("team_id"),
		Channel: first(box.id("channel_id"), p.object("channel").id("id")), Ephemeral: box.flag("is_ephemeral"),
		MessageTS:  stamp(first(box.text("message_ts"), message.text("ts"), p.text("message_ts"))),
		ThreadTS:   stamp(first(box.text("thread_ts"), message.text("thread_ts"))),
		CallbackID: p.text("callback_id"), TriggerID: p.text("trigger_id"), ResponseURL: p.text("response_url"),
	}
	for _, a := range p.objects("actions") {
		i.Actions = append(i.Actions, Action{ID: a.text("action_id"), Block: a.text("block_id"), Input: input(a), TS: a.text("action_ts")})
	}
	if i.Type == "block_suggestion" {
		i.Typed = p.text("value")
		i.Actions = []Action{{ID: p.text("action_id"), Block: p.text("block_id")}}
	}
	if v := p.object("view"); v != nil {
		i.View = &View{ID: v.id("id"), RootID: v.id("root_view_id"), PreviousID: v.id("previous_view_id"),
			ExternalID: v.text("external_id"), Type: v.text("type"), CallbackID: v.text("callback_id"), Hash: v.text("hash"),
			PrivateMetadata: v.text("private_metadata"), State: state(v.object("state").object("values")), Cleared: p.flag("is_cleared"), Raw: p["view"]}
	}
	return i, i.User != ""
}

func state(values object) map[string]map[string]Input {
	if len(values) == 0 {
		return nil
	}
	all := make(map[string]map[string]Input, len(values))
	for block := range values {
		inputs := map[string]Input{}
		for action, raw := range values.object(block) {
			inputs[action] = input(parse(raw))
		}
		all[block] = inputs
	}
	return all
}

// input reads an element's state, whichever of Slack's forms it has.
// Slack: block_actions payload.
func input(a object) Input {
	in := Input{Type: a.text("type"), Value: a.text("value")}
	one := func(v string) {
		if v != "" {
			in.Value, in.Values = v, []string{v}
		}
	}
	one(a.object("selected_option").text("value"))
	for _, name := range []string{"selected_user", "selected_channel", "selected_conversation", "selected_date", "selected_time"} {
		one(a.text(name))
	}
	for _, o := range a.objects("selected_options") {
		in.Values = append(in.Values, o.text("value"))
	}
	for _, name := range []string{"selected_users", "selected_channels", "selected_conversations"} {
		in.Values = append(in.Values, a.texts(name)...)
	}
	if n := a.number("selected_date_time"); n != 0 {
		one(json.Number(a["selected_date_time"]).String())
	}
	return in
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
