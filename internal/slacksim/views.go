package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// maxView is the size of a view that Slack refuses, and maxDepth the number of modals on top of each other.
const (
	maxView  = 250_000
	maxDepth = 3
)

// ViewObject is a modal or a Home tab as Slack shows it to the app. Slack: "View object".
type ViewObject struct {
	ID                 string          `json:"id"`
	TeamID             string          `json:"team_id"`
	Type               string          `json:"type"` // modal, home
	Blocks             json.RawMessage `json:"blocks"`
	PrivateMetadata    string          `json:"private_metadata"`
	CallbackID         string          `json:"callback_id"`
	State              ViewState       `json:"state"`
	Hash               string          `json:"hash"`
	Title              json.RawMessage `json:"title"`
	ClearOnClose       bool            `json:"clear_on_close"`
	NotifyOnClose      bool            `json:"notify_on_close"`
	Close              json.RawMessage `json:"close"`
	Submit             json.RawMessage `json:"submit"`
	PreviousViewID     *string         `json:"previous_view_id"`
	RootViewID         string          `json:"root_view_id"`
	AppID              string          `json:"app_id"`
	ExternalID         string          `json:"external_id"`
	AppInstalledTeamID string          `json:"app_installed_team_id"`
	BotID              string          `json:"bot_id"`
}

// ViewState holds what the elements of a view or a message hold, by block_id and action_id.
type ViewState struct {
	Values values `json:"values"`
}

// values are Slack's state.values, complete with types and whole options.
type values map[string]map[string]json.RawMessage

func (v values) set(block, action string, x json.RawMessage) {
	if v[block] == nil {
		v[block] = map[string]json.RawMessage{}
	}
	v[block][action] = x
}

func (v values) clone() values {
	out := values{}
	for block, m := range v {
		out[block] = maps.Clone(m)
	}
	return out
}

// modal is a view on a person's screen.
type modal struct {
	ViewObject
	user       string
	channel    string // where the person was when it opened
	depth      int    // in the stack
	submitting bool
}

func (m *modal) place() place { return place{view: m.ID, channel: m.channel, user: m.user} }

// MarshalJSON is the modal's entry in the feed.
func (m *modal) MarshalJSON() ([]byte, error) { return json.Marshal(m.public()) }

func (m *modal) public() OpenView {
	v := m.ViewObject
	v.State.Values = v.State.Values.clone()
	return OpenView{User: m.user, Depth: m.depth, View: v}
}

// OpenView is a modal on a person's screen; Depth counts from 0, the highest is what they see.
type OpenView struct {
	User  string     `json:"user"`
	Depth int        `json:"depth"`
	View  ViewObject `json:"view"`
}

// answer is the view as the views methods return it: Slack leaves the state empty there.
func (v ViewObject) answer() ViewObject {
	v.State = ViewState{values{}}
	return v
}

// build makes the view object of a checked body, for a person who is in a channel.
func (s *Sim) build(b *viewBody, user, channel string, before values) ViewObject {
	id := s.nextID("V")
	v := ViewObject{
		ID: id, TeamID: s.ws.team.ID, Type: b.Type, RootViewID: id,
		AppID: s.ws.app.ID, AppInstalledTeamID: s.ws.team.ID, BotID: s.ws.app.BotID,
	}
	s.fillView(&v, b, place{view: id, channel: channel, user: user}, before)
	return v
}

// fillView gives a view new content. What the person entered stays where block_id, action_id and type are the same.
// Home tabs carry Slack's placeholder for a title.
func (s *Sim) fillView(v *ViewObject, b *viewBody, at place, before values) {
	v.Blocks, v.PrivateMetadata, v.CallbackID, v.ExternalID = b.Blocks, b.PrivateMetadata, b.CallbackID, b.ExternalID
	v.Title, v.Close, v.Submit = b.Title, b.Close, b.Submit
	v.ClearOnClose, v.NotifyOnClose = b.ClearOnClose, b.NotifyOnClose
	if v.Type == "home" {
		v.Title, v.Close, v.Submit = json.RawMessage(`{"type":"plain_text","text":"View Title","emoji":true}`), nil, nil
	}
	v.Hash = fmt.Sprintf("%d.%08x", s.now().Unix(), s.rng.Uint32())
	v.State = ViewState{s.carry(elementsOf(v.Blocks), before, at)}
}

// viewArg reads and checks the view argument. kind is the type it must have.
func (c *call) viewArg(kind string) (*viewBody, error) {
	raw, err := c.args.raw("view")
	if err != nil {
		return nil, no("invalid_arguments", "[ERROR] view is not JSON [json-pointer:/view]")
	}
	if raw == nil {
		return nil, lacking("view")
	}
	b, bad := c.checkView(raw, kind)
	if bad != nil {
		return nil, bad
	}
	return b, nil
}

// openView is views.open. A new modal takes the place of those that are open.
func (c *call) openView() (reply, error) {
	t, err := c.trigger()
	if err != nil {
		return nil, err
	}
	b, err := c.viewArg("modal")
	if err != nil {
		return nil, err
	}
	if c.externalID(b.ExternalID, "") {
		return nil, no("duplicate_external_id")
	}
	t.used = true
	c.closeAll(t.user)
	m := c.show(t.user, t.channel, b)
	return reply{"view": m.answer()}, nil
}

// pushView is views.push: onto the modal that the trigger comes from.
func (c *call) pushView() (reply, error) {
	t, err := c.trigger()
	if err != nil {
		return nil, err
	}
	stack := c.acts.stacks[t.user]
	switch {
	case t.view == "":
		return nil, no("invalid_trigger_id") // a push needs a modal to stand on
	case len(stack) == 0:
		return nil, no("not_found")
	case len(stack) == maxDepth:
		return nil, no("push_limit_reached")
	}
	b, err := c.viewArg("modal")
	if err != nil {
		return nil, err
	}
	if c.externalID(b.ExternalID, "") {
		return nil, no("duplicate_external_id")
	}
	t.used = true
	m := c.show(t.user, t.channel, b)
	return reply{"view": m.answer()}, nil
}

// show puts a modal on top of the person's stack.
func (s *Sim) show(user, channel string, b *viewBody) *modal {
	stack := s.acts.stacks[user]
	m := &modal{ViewObject: s.build(b, user, channel, nil), user: user, channel: channel, depth: len(stack)}
	if len(stack) > 0 {
		under := stack[len(stack)-1].ID
		m.RootViewID, m.PreviousViewID = stack[0].ID, &under
	}
	s.acts.stacks[user] = append(stack, m)
	s.publish("view", m)
	return m
}

// take removes a modal and all above it.
func (s *Sim) take(m *modal) {
	stack := s.acts.stacks[m.user]
	i := slices.Index(stack, m)
	if i < 0 {
		return
	}
	for _, x := range slices.Backward(stack[i:]) {
		s.publish("view_closed", map[string]string{"user": x.user, "view_id": x.ID})
	}
	s.acts.stacks[m.user] = slices.Clip(stack[:i])
	if i == 0 {
		delete(s.acts.stacks, m.user)
	}
}

func (s *Sim) closeAll(user string) {
	if stack := s.acts.stacks[user]; len(stack) > 0 {
		s.take(stack[0])
	}
}

// modal finds an open modal of anybody by id.
func (s *Sim) modal(id string) *modal {
	for _, stack := range s.acts.stacks {
		for _, m := range stack {
			if m.ID == id {
				return m
			}
		}
	}
	return nil
}

// home returns a person's Home tab.
func (s *Sim) home(user string) (ViewObject, bool) {
	var v ViewObject
	raw, ok := s.ws.homes[user]
	if !ok || json.Unmarshal(raw, &v) != nil {
		return v, false
	}
	if v.State.Values == nil {
		v.State.Values = values{}
	}
	return v, true
}

func (s *Sim) setHome(user string, v ViewObject) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode home view: %w", err)
	}
	s.ws.homes[user] = raw
	return nil
}

// externalID reports whether another view than except has this external_id.
func (s *Sim) externalID(id, except string) bool {
	if id == "" {
		return false
	}
	for _, stack := range s.acts.stacks {
		if slices.ContainsFunc(stack, func(m *modal) bool { return m.ExternalID == id && m.ID != except }) {
			return true
		}
	}
	for user := range s.ws.homes {
		if v, ok := s.home(user); ok && v.ExternalID == id && v.ID != except {
			return true
		}
	}
	return false
}

// updateView is views.update, of a modal or a Home tab.
func (c *call) updateView() (reply, error) {
	id, external := c.args.str("view_id"), c.args.str("external_id")
	if id == "" && external == "" {
		return nil, lacking("view_id")
	}
	same := func(v ViewObject) bool {
		if id != "" {
			return v.ID == id
		}
		return v.ExternalID == external
	}
	for _, stack := range c.acts.stacks {
		for _, m := range stack {
			if !same(m.ViewObject) {
				continue
			}
			b, err := c.changed(m.ViewObject)
			if err != nil {
				return nil, err
			}
			c.fillView(&m.ViewObject, b, m.place(), m.State.Values)
			c.publish("view", m)
			return reply{"view": m.answer()}, nil
		}
	}
	for user := range c.ws.homes {
		v, ok := c.home(user)
		if !ok || !same(v) {
			continue
		}
		if !c.settings.HomeTab {
			return nil, no("not_enabled")
		}
		b, err := c.changed(v)
		if err != nil {
			return nil, err
		}
		c.fillView(&v, b, place{view: v.ID, user: user}, v.State.Values)
		return c.putHome(user, v)
	}
	return nil, no("not_found")
}

// changed reads the new content of a view that stands, if the caller knows its present state.
func (c *call) changed(v ViewObject) (*viewBody, error) {
	b, err := c.viewArg(v.Type)
	if err != nil {
		return nil, err
	}
	if hash := c.args.str("hash"); hash != "" && hash != v.Hash {
		return nil, no("hash_conflict")
	}
	if c.externalID(b.ExternalID, v.ID) {
		return nil, no("duplicate_external_id")
	}
	return b, nil
}

// publishView is views.publish: the person's Home tab.
func (c *call) publishView() (reply, error) {
	u := c.ws.userByID[c.args.str("user_id")]
	if u == nil {
		return nil, lacking("user_id")
	}
	if !c.settings.HomeTab {
		return nil, no("not_enabled")
	}
	b, err := c.viewArg("home")
	if err != nil {
		return nil, err
	}
	before, there := c.home(u.ID)
	if hash := c.args.str("hash"); hash != "" && (!there || before.Hash != hash) {
		return nil, no("hash_conflict")
	}
	if c.externalID(b.ExternalID, before.ID) {
		return nil, no("duplicate_external_id")
	}
	return c.putHome(u.ID, c.build(b, u.ID, "", before.State.Values))
}

func (c *call) putHome(user string, v ViewObject) (reply, error) {
	if err := c.setHome(user, v); err != nil {
		return nil, err
	}
	c.publish("home", map[string]any{"user": user, "view": c.ws.homes[user]})
	return reply{"view": v.answer()}, nil
}

// OpenViews returns the modals on everybody's screens, by person, the lowest first.
func (v View) OpenViews() []OpenView {
	out := []OpenView{}
	for _, user := range slices.Sorted(maps.Keys(v.s.acts.stacks)) {
		for _, m := range v.s.acts.stacks[user] {
			out = append(out, m.public())
		}
	}
	return out
}

// Home returns a person's Home tab, if the app published one.
func (v View) Home(user string) (ViewObject, bool) { return v.s.home(user) }

// OpenViews is View.OpenViews of this moment.
func (s *Sim) OpenViews() []OpenView { return look(s, View.OpenViews) }
