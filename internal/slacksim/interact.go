package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Interaction is one thing that a person did with the app's buttons, views, commands or shortcuts, and what became
// of it.
type Interaction struct {
	ID             string            `json:"id"`
	Type           string            `json:"type"` // as in the payload; slash_command for commands
	User           string            `json:"user"`
	Channel        string            `json:"channel,omitempty"`
	TS             string            `json:"ts,omitempty"`
	ThreadTS       string            `json:"thread_ts,omitempty"`
	ViewID         string            `json:"view_id,omitempty"`
	BlockID        string            `json:"block_id,omitempty"`
	ActionID       string            `json:"action_id,omitempty"`
	CallbackID     string            `json:"callback_id,omitempty"`
	Command        string            `json:"command,omitempty"`
	Status         string            `json:"status"`            // sent, acked, failed
	Error          string            `json:"error,omitempty"`   // operation_timeout, dispatch_failed, bad_response
	Message        string            `json:"message,omitempty"` // the sentence that the person reads
	ResponseAction string            `json:"response_action,omitempty"`
	Errors         map[string]string `json:"errors,omitempty"` // by block_id, as the app gave them
	At             string            `json:"at"`
}

// How an interaction fails.
const (
	operationTimeout = "operation_timeout" // no acknowledgement in time
	dispatchFailed   = "dispatch_failed"   // nowhere to send it
	badResponse      = "bad_response"      // the acknowledgement made no sense
)

// What Slack says then.
const (
	troubleConnecting = "We had some trouble connecting. Try again?"
	somethingWrong    = "Something went wrong while processing your request. Try again in a moment."
)

const maxInteractions = 1_000

// acts is what interactions leave behind outside the workspace. A reset and an import empty it.
type acts struct {
	list       []*Interaction
	triggers   map[string]*trigger
	triggerLog []string // in order
	hooks      map[string]*hook
	hookLog    []string
	stacks     map[string][]*modal // open modals by person, the lowest first
	touched    map[touchedKey]values
	offered    map[offeredKey]map[string]json.RawMessage
}

func newActs() *acts {
	return &acts{
		triggers: map[string]*trigger{}, hooks: map[string]*hook{}, stacks: map[string][]*modal{},
		touched: map[touchedKey]values{}, offered: map[offeredKey]map[string]json.RawMessage{},
	}
}

// settle tells once how an interaction ended; other deliveries have nobody to tell.
func (d *delivery) settle(ack json.RawMessage, failure string) {
	if d.over || d.done == nil {
		return
	}
	d.over = true
	d.done(ack, failure)
}

// ask sends an interaction (kind interactive or slash_commands) to the app, once. done hears once, with mu held: what
// the app's acknowledgement carried, or why there is none, at the latest Settings.Interaction after the call.
func (s *Sim) ask(kind, event string, payload any, done func(ack json.RawMessage, failure string)) {
	b, err := json.Marshal(payload)
	if err != nil {
		s.log.Error("slacksim: interaction not encoded", "type", event, "error", err)
		done(nil, dispatchFailed)
		return
	}
	if s.ws.install.gone {
		done(nil, dispatchFailed)
		return
	}
	d := &delivery{kind: kind, payload: b, event: event, accepts: true}
	limit := s.after(ms(s.settings.Interaction), func() { s.overdue(d) })
	d.done = func(ack json.RawMessage, failure string) {
		s.cancel(limit)
		done(ack, failure)
	}
	s.dispatch(d)
}

// overdue ends the wait for an interaction's acknowledgement, wherever it is.
func (s *Sim) overdue(d *delivery) {
	s.held = slices.DeleteFunc(s.held, func(x *delivery) bool { return x == d })
	if s.pending[d.id] == d {
		s.cancel(d.timeout)
		s.unacknowledged(d)
		return
	}
	d.settle(nil, operationTimeout)
}

// deed is an interaction to be begun.
type deed struct {
	Interaction
	kind     string                                         // of the envelope
	sentence func(failure string) string                    // what the person reads; nil: nothing
	then     func(i *Interaction, ack json.RawMessage) bool // takes the acknowledgement; false: it made no sense
	over     func(i *Interaction)                           // after all of it, failed or not
}

// begin journals an interaction and sends it.
func (s *Sim) begin(d deed, payload any) string {
	i := &d.Interaction
	i.ID, i.Status, i.At = s.nextID("Ix"), "sent", stamp(s.now())
	a := s.acts
	if len(a.list) == maxInteractions {
		a.list = slices.Delete(a.list, 0, 1)
	}
	a.list = append(a.list, i)
	s.publish("interaction", i)
	if d.kind == "" {
		d.kind = "interactive"
	}
	epoch := s.epoch
	s.ask(d.kind, i.Type, payload, func(ack json.RawMessage, failure string) {
		if d.over != nil {
			defer d.over(i)
		}
		if epoch != s.epoch {
			i.Status, i.Error, i.Message = "failed", dispatchFailed, "The workspace was reset."
			return
		}
		if string(ack) == "null" {
			ack = nil
		}
		i.Status = "acked"
		if failure == "" && d.then != nil && !d.then(i, ack) {
			failure = badResponse
		}
		if failure != "" {
			i.Status, i.Error = "failed", failure
			if d.sentence != nil {
				i.Message = d.sentence(failure)
			}
		}
		s.publish("interaction", i)
	})
	return i.ID
}

func always(sentence string) func(string) string { return func(string) string { return sentence } }

// payload is the body of an interaction. Slack: "Interaction payloads".
type payload struct {
	Type         string           `json:"type"`
	User         payloadUser      `json:"user"`
	APIAppID     string           `json:"api_app_id,omitempty"`
	Token        string           `json:"token"`
	Container    *container       `json:"container,omitempty"`
	TriggerID    string           `json:"trigger_id,omitempty"`
	Team         payloadTeam      `json:"team"`
	Enterprise   *string          `json:"enterprise"`
	IsEnterprise bool             `json:"is_enterprise_install"`
	Channel      *payloadChannel  `json:"channel,omitempty"`
	Message      *Message         `json:"message,omitempty"`
	MessageTS    string           `json:"message_ts,omitempty"`
	View         *ViewObject      `json:"view,omitempty"`
	State        *ViewState       `json:"state,omitempty"`
	ResponseURL  string           `json:"response_url,omitempty"`
	ResponseURLs *[]viewHook      `json:"response_urls,omitempty"`
	Actions      []map[string]any `json:"actions,omitempty"`
	CallbackID   string           `json:"callback_id,omitempty"`
	ActionTS     string           `json:"action_ts,omitempty"`
	BlockID      string           `json:"block_id,omitempty"`
	ActionID     string           `json:"action_id,omitempty"`
	Value        *string          `json:"value,omitempty"`
	IsCleared    *bool            `json:"is_cleared,omitempty"`
}

type payloadUser struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	TeamID   string `json:"team_id"`
}

type payloadTeam struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
}

type payloadChannel struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// container says where the element is.
type container struct {
	Type        string `json:"type"`
	ViewID      string `json:"view_id,omitempty"`
	MessageTS   string `json:"message_ts,omitempty"`
	ChannelID   string `json:"channel_id,omitempty"`
	IsEphemeral *bool  `json:"is_ephemeral,omitempty"`
	ThreadTS    string `json:"thread_ts,omitempty"`
}

// verification is the token that old apps compare. Slack: "Verifying requests", deprecated.
const verification = "sim-verification-token"

func (s *Sim) payload(kind string, u *User) payload {
	return payload{
		Type: kind, User: payloadUser{u.ID, u.Name, u.Name, s.ws.team.ID}, APIAppID: s.ws.app.ID,
		Token: verification, Team: payloadTeam{s.ws.team.ID, s.ws.team.Domain},
	}
}

// title is the channel's name as interactions and commands give it.
func (c *channel) title() string {
	switch {
	case c.IsIM:
		return "directmessage"
	case c.IsPrivate && !c.IsMPIM:
		return "privategroup"
	}
	return c.Name
}

func (c *channel) forPayload() *payloadChannel { return &payloadChannel{c.ID, c.title()} }

// AppState is the app as the page sees it.
type AppState struct {
	App
	Commands  []Command  `json:"commands"`
	Shortcuts []Shortcut `json:"shortcuts"`
	HomeTab   bool       `json:"home_tab"`
}

func (s *Sim) appState() AppState {
	a := AppState{App: s.ws.app, Commands: slices.Clone(s.settings.Commands), Shortcuts: slices.Clone(s.settings.Shortcuts), HomeTab: s.settings.HomeTab}
	a.Agent = s.settings.Agent
	if a.Commands == nil {
		a.Commands = []Command{}
	}
	if a.Shortcuts == nil {
		a.Shortcuts = []Shortcut{}
	}
	return a
}

// Interactions returns the last 1,000 interactions, oldest first.
func (v View) Interactions() []Interaction {
	out := []Interaction{}
	for _, i := range v.s.acts.list {
		out = append(out, *i)
	}
	return out
}

// Interaction returns one of them.
func (v View) Interaction(id string) (Interaction, bool) {
	for _, i := range slices.Backward(v.s.acts.list) {
		if i.ID == id {
			return *i, true
		}
	}
	return Interaction{}, false
}

// Interactions is View.Interactions of this moment.
func (s *Sim) Interactions() []Interaction { return look(s, View.Interactions) }

func missingElement(block, action string) error {
	return &BadRequest{"element_not_found", fmt.Sprintf("no element with block_id %q and action_id %q there", block, action)}
}
