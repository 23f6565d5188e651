package reception

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/slack/event"
)

// Act is what a person did.
type Act struct {
	Key      string // names it, for what must be done once
	At       time.Time
	Again    bool // it was begun before, or lay while nobody was there
	Team     string
	User     string
	Stranger string  // the person's workspace, if it is another
	Channel  string  // where it was; may be empty
	Message  chat.TS // the message on which it was; may be empty
	Root     chat.TS // of its thread, which may be the message itself; may be empty
	ID       string  // of the button, shortcut, command or view
	Value    string  // of the button; what stands behind the command
	Stamp    chat.TS // of a click, by Slack's clock
	Response string  // where it can be answered, for 30 minutes; may be empty
	View     *event.View
	Home     *event.Home
	Command  bool
	Modal    View // that was opened for it; zero if it could not be

	trigger string
}

// Place is where its person and its thread are, if there is one.
func (a Act) place() chat.Conversation {
	return chat.Conversation{Team: a.Team, Channel: a.Channel, Root: a.Root}
}

// View is a view as Slack has it.
type View struct{ ID, Hash string }

// Opening is a modal to show at once.
type Opening struct {
	View json.RawMessage // nil: none
	Lost json.RawMessage // in its place if the act could not be stored; nil: it may stay
}

// Route is how an act is done. All but Do may be nil.
type Route struct {
	// Opens makes the modal that the act asks for. Slack waits: it has under a second.
	Opens func(ctx context.Context, a Act) Opening
	// Answer is what the acknowledgement carries; it must look at the act alone.
	Answer func(a Act) json.RawMessage
	// Do does the rest, and may be called again after an error or a crash.
	Do func(ctx context.Context, a Act) error
}

// Routes are all that is known, by id. An action id that is not there is looked up by
// what stands before its first slash, with the slash.
type Routes struct {
	Actions   map[string]Route // by action_id
	Views     map[string]Route // submissions, by callback_id
	Shortcuts map[string]Route // by callback_id
	Commands  map[string]Route // by name
	Home      Route
}

// find reads an act and looks for its route; "" is an id that means nothing to us.
func (r Routes) find(what event.Act) (a Act, way Route, known bool) {
	switch w := what.(type) {
	case event.Home:
		a = Act{Team: w.Team, User: w.User, Channel: w.Channel, ID: "app_home_opened", Home: &w}
		return a, r.Home, r.Home.Do != nil
	case event.Command:
		a = Act{Team: w.Team, User: w.User, Channel: w.Channel, ID: w.Name, Value: w.Text, Response: w.ResponseURL, Command: true, trigger: w.TriggerID}
		way, known = r.Commands[w.Name]
		return a, way, known
	case event.Interaction:
		return r.interaction(w)
	}
	return Act{}, Route{}, false
}

func (r Routes) interaction(i event.Interaction) (a Act, way Route, known bool) {
	a = Act{
		Team: i.Team, User: i.User, Channel: i.Channel, Message: i.MessageTS, Root: i.ThreadTS,
		ID: i.CallbackID, View: i.View, Response: i.ResponseURL, trigger: i.TriggerID,
	}
	if i.UserTeam != i.Team {
		a.Stranger = i.UserTeam
	}
	if a.Root == "" && !i.Ephemeral {
		a.Root = i.MessageTS
	}
	switch i.Type {
	case "shortcut", "message_action":
		way, known = r.Shortcuts[i.CallbackID]
	case "view_submission":
		if i.View != nil {
			a.ID = i.View.CallbackID
			way, known = r.Views[a.ID]
		}
	case "block_actions":
		for _, x := range i.Actions {
			a.ID, a.Value, a.Stamp = x.ID, x.Value, chat.TS(x.TS)
			if way, known = r.action(x.ID); known {
				break
			}
		}
	}
	return a, way, known
}

func (r Routes) action(id string) (Route, bool) {
	if way, ok := r.Actions[id]; ok {
		return way, true
	}
	family, _, ok := strings.Cut(id, "/")
	if !ok {
		return Route{}, false
	}
	way, ok := r.Actions[family+"/"]
	return way, ok
}
