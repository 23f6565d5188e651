package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Click is a person who uses an element of a message (Channel and TS, ephemeral ones too) or of a view (ViewID).
type Click struct {
	User     string          `json:"user"`
	Channel  string          `json:"channel"`
	TS       string          `json:"ts"`
	ViewID   string          `json:"view_id"`
	BlockID  string          `json:"block_id"`
	ActionID string          `json:"action_id"`
	Input    json.RawMessage `json:"input"` // what was chosen or entered; nothing for a button
	State    Inputs          `json:"state"` // what all the other elements hold
}

// scene is where a person acts: a message, an ephemeral message, a modal or a Home tab.
type scene struct {
	user      *User
	ch        *channel // of the message
	message   *Message // nil for an ephemeral one and in views
	ephemeral *Ephemeral
	modal     *modal
	home      *ViewObject
	elements  []*element
	at        place
}

// scene resolves what a person has in front of them.
func (s *Sim) scene(user, channel, ts, viewID string) (*scene, error) {
	u, err := s.person(user)
	if err != nil {
		return nil, err
	}
	x := &scene{user: u, at: place{user: u.ID, view: viewID}}
	if viewID != "" {
		if v, ok := s.home(u.ID); ok && v.ID == viewID {
			x.home, x.elements = &v, elementsOf(v.Blocks)
			return x, nil
		}
		m, err := s.top(u.ID, viewID)
		if err != nil {
			return nil, err
		}
		x.modal, x.elements, x.at.channel = m, elementsOf(m.Blocks), m.channel
		return x, nil
	}
	if _, x.ch, err = s.inside(user, channel); err != nil {
		return nil, err
	}
	x.at.channel, x.at.ts = x.ch.ID, ts
	if m := x.ch.byTS[ts]; m != nil {
		if m.AppID != s.ws.app.ID {
			return nil, &BadRequest{"not_interactive", "the message is not of the app"}
		}
		w := m.wire()
		x.message, x.elements = &w, elementsOf(w.Blocks)
		return x, nil
	}
	if x.ephemeral = s.ephemeral(x.ch.ID, u.ID, ts); x.ephemeral != nil {
		x.elements = elementsOf(x.ephemeral.Blocks)
		return x, nil
	}
	return nil, &BadRequest{"message_not_found", fmt.Sprintf("no message %q in the channel", ts)}
}

func (s *Sim) ephemeral(channel, user, ts string) *Ephemeral {
	i := slices.IndexFunc(s.ws.ephemerals, func(e *Ephemeral) bool {
		return e.Channel == channel && e.User == user && e.TS == ts
	})
	if i < 0 {
		return nil
	}
	return s.ws.ephemerals[i]
}

// top resolves the modal that the person sees.
func (s *Sim) top(user, id string) (*modal, error) {
	stack := s.acts.stacks[user]
	i := slices.IndexFunc(stack, func(m *modal) bool { return m.ID == id })
	switch {
	case i < 0:
		return nil, &BadRequest{"view_not_found", fmt.Sprintf("no open view %q of this person", id)}
	case i < len(stack)-1:
		return nil, &BadRequest{"not_on_top", "another view lies over this one"}
	}
	return stack[i], nil
}

// values is what the scene's elements held last.
func (s *Sim) values(x *scene) values {
	var before values
	switch {
	case x.modal != nil:
		before = x.modal.State.Values
	case x.home != nil:
		before = x.home.State.Values
	default:
		before = s.acts.touched[x.touched()]
	}
	return s.carry(x.elements, before, x.at)
}

func (x *scene) touched() touchedKey { return touchedKey{x.at.user, x.at.channel, x.at.ts} }

// keep stores what the scene's elements hold now.
func (s *Sim) keep(x *scene, v values) error {
	switch {
	case x.modal != nil:
		x.modal.State.Values = v
	case x.home != nil:
		x.home.State.Values = v
		return s.setHome(x.user.ID, *x.home)
	default:
		if len(s.acts.touched) >= maxTriggers {
			clear(s.acts.touched) // a bound for long runs; what is lost is a half-filled form in an old message
		}
		s.acts.touched[x.touched()] = v
	}
	return nil
}

// Act is a click or a choice: the app gets block_actions. The id is that of the Interaction.
func (s *Sim) Act(c Click) (id string, err error) {
	s.enter()
	defer s.leave()
	x, err := s.scene(c.User, c.Channel, c.TS, c.ViewID)
	if err != nil {
		return "", err
	}
	e := findElement(x.elements, c.BlockID, c.ActionID)
	switch {
	case e == nil:
		return "", missingElement(c.BlockID, c.ActionID)
	case e.Type == "workflow_button":
		return "", &BadRequest{"not_interactive", "a workflow button starts a workflow, not the app"}
	case e.input != nil && !e.input.dispatch:
		return "", &BadRequest{"not_interactive", "an input block tells the app at once only with dispatch_action"}
	case len(e.VisibleTo) > 0 && !slices.Contains(e.VisibleTo, x.user.ID):
		return "", &BadRequest{"not_visible", "this person does not see the element"}
	}
	v := s.values(x)
	if errs := s.fill(x.elements, v, c.State, x.at); len(errs) > 0 {
		return "", invalidInput(errs)
	}
	action, why := s.action(e, c.Input, v, x.at)
	if why != "" {
		return "", invalidInput(map[string]string{e.block: why})
	}
	if err := s.keep(x, v); err != nil {
		return "", err
	}
	p := s.payload("block_actions", x.user)
	now := s.eventTS()
	action["type"], action["block_id"], action["action_id"], action["action_ts"] = e.Type, e.block, e.ActionID, now
	p.Actions = []map[string]any{action}
	s.stage(&p, x, v)
	p.TriggerID = s.newTrigger(x.user.ID, x.modalID(), x.at.channel)
	if x.ch != nil {
		p.ResponseURL = s.newHook(x.hook())
	}
	i := x.interaction("block_actions")
	i.BlockID, i.ActionID = e.block, e.ActionID
	return s.begin(deed{Interaction: i, sentence: always(somethingWrong)}, p), nil
}

func (x *scene) modalID() string {
	if x.modal == nil {
		return ""
	}
	return x.modal.ID
}

// interaction begins the journal's entry.
func (x *scene) interaction(kind string) Interaction {
	i := Interaction{Type: kind, User: x.user.ID, ViewID: x.at.view}
	if x.ch != nil {
		i.Channel, i.TS = x.ch.ID, x.at.ts
		if x.message != nil {
			i.ThreadTS = x.message.ThreadTS
		} else {
			i.ThreadTS = x.ephemeral.ThreadTS
		}
	}
	return i
}

// hook is what a response_url of this scene answers to.
func (x *scene) hook() hook {
	h := hook{path: "actions", user: x.user.ID, channel: x.ch.ID, original: x.at.ts}
	if x.message != nil {
		h.thread = x.message.ThreadTS
	} else {
		h.thread, h.ephemeral = x.ephemeral.ThreadTS, true
	}
	return h
}

// stage puts the place of an interaction into its payload.
func (s *Sim) stage(p *payload, x *scene, v values) {
	switch {
	case x.modal != nil:
		view := x.modal.ViewObject
		view.State.Values = v
		p.View, p.Container = &view, &container{Type: "view", ViewID: view.ID}
	case x.home != nil:
		view := *x.home
		view.State.Values = v
		p.View, p.Container = &view, &container{Type: "view", ViewID: view.ID}
	default:
		hidden := x.message == nil
		p.Channel, p.State = x.ch.forPayload(), &ViewState{v}
		p.Container = &container{Type: "message", MessageTS: x.at.ts, ChannelID: x.ch.ID, IsEphemeral: &hidden}
		if hidden {
			p.Container.ThreadTS = x.ephemeral.ThreadTS
			return
		}
		p.Container.ThreadTS = x.message.ThreadTS
		p.Message = x.message
	}
}

// action is the payload's account of one element, and takes the input into the values. Slack: "block_actions payload".
func (s *Sim) action(e *element, raw json.RawMessage, v values, at place) (action map[string]any, why string) {
	a := map[string]any{}
	some := func(name string, x json.RawMessage) {
		if len(x) > 0 {
			a[name] = x
		}
	}
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	in, err := readInput(raw)
	if err != nil {
		return nil, "not a value of a " + e.Type + ": " + err.Error()
	}
	some("confirm", e.Confirm)
	switch e.Type {
	case "button", "icon_button":
		some("text", e.Text)
		if e.Value != nil {
			a["value"] = *e.Value
		}
		for name, x := range map[string]string{"url": e.URL, "style": e.Style, "icon": e.Icon} {
			if x != "" {
				a[name] = x
			}
		}
		return a, ""
	case "feedback_buttons":
		for _, b := range []*button{e.Positive, e.Negative} {
			if b != nil && in.Value != nil && b.Value == *in.Value {
				a["value"], a["text"] = b.Value, b.Text
				return a, ""
			}
		}
		return nil, "give the value of one of the two buttons"
	case "overflow":
		if in.Option == nil {
			return nil, "give the selected_option"
		}
		a["selected_option"], why = s.option(e, in.Option.Value, at)
		return a, why
	}
	entry, why := s.hold(e, raw, at)
	if why != "" {
		return nil, why
	}
	v.set(e.block, e.ActionID, entry)
	var held map[string]any
	if err := json.Unmarshal(entry, &held); err != nil {
		return nil, err.Error()
	}
	for name, x := range held {
		a[name] = x
	}
	some("placeholder", e.Placeholder)
	some("initial_option", e.InitialOption)
	if len(e.InitialOptions) > 0 {
		a["initial_options"] = e.InitialOptions
	}
	for name, x := range map[string]string{
		"initial_user": e.InitialUser, "initial_channel": e.InitialChannel, "initial_conversation": e.InitialConversation,
		"initial_date": e.InitialDate, "initial_time": e.InitialTime,
	} {
		if x != "" {
			a[name] = x
		}
	}
	return a, ""
}
