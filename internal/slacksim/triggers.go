package slacksim

import (
	"fmt"
	"time"
)

// maxTriggers bounds the trigger ids remembered, so that an old one is still told from one that never was.
const maxTriggers = 10_000

// trigger is a person's leave to show them a modal. Slack: "Handling user interaction", trigger_id.
type trigger struct {
	user    string
	view    string // the modal it comes from, "" when it comes from elsewhere
	channel string // where the person was, "" when nowhere
	at      time.Time
	used    bool
}

// newTrigger makes the trigger_id of one interaction.
func (s *Sim) newTrigger(user, view, channel string) string {
	id := fmt.Sprintf("%d.%d.%016x%016x", s.now().UnixMilli(), 1e12+s.rng.Int64N(9e12), s.rng.Uint64(), s.rng.Uint64())
	a := s.acts
	a.triggers[id] = &trigger{user: user, view: view, channel: channel, at: s.now()}
	a.triggerLog = append(a.triggerLog, id)
	if len(a.triggerLog) > maxTriggers {
		delete(a.triggers, a.triggerLog[0])
		a.triggerLog = a.triggerLog[1:]
	}
	return id
}

// trigger resolves the trigger_id of views.open and views.push. It is not used up yet, as a call that fails for its
// view does not use it up.
func (c *call) trigger() (*trigger, error) {
	id := c.args.str("trigger_id")
	if id == "" {
		id = c.args.str("interactivity_pointer")
	}
	if id == "" {
		return nil, lacking("trigger_id")
	}
	t := c.acts.triggers[id]
	switch {
	case t == nil || c.ws.userByID[t.user] == nil:
		return nil, no("invalid_trigger_id")
	case t.used:
		return nil, no("exchanged_trigger_id")
	case c.now().Sub(t.at) > ms(c.settings.Trigger):
		return nil, no("expired_trigger_id")
	}
	return t, nil
}
