package slacksim

import (
	"bytes"
	"encoding/json"
	"slices"
)

// SubmitView is the person who presses a modal's submit button. state is what its elements hold; what it leaves out
// holds what it held. Input that Slack's client would not send is refused with an *InvalidInput.
func (s *Sim) SubmitView(user, viewID string, state Inputs) (id string, err error) {
	s.enter()
	defer s.leave()
	x, err := s.scene(user, "", "", viewID)
	switch {
	case err != nil:
		return "", err
	case viewID == "" || x.modal == nil || x.modal.Submit == nil:
		return "", &BadRequest{"not_submittable", "the view has no submit button"}
	case x.modal.submitting:
		return "", &BadRequest{"in_progress", "the view is being submitted already"}
	}
	m := x.modal
	v := s.values(x)
	errs := s.fill(x.elements, v, state, x.at)
	for _, e := range x.elements {
		if e.input == nil || errs[e.block] != "" {
			continue
		}
		if why := e.complain(v[e.block][e.ActionID]); why != "" {
			errs[e.block] = why
		}
	}
	if len(errs) > 0 {
		return "", invalidInput(errs)
	}
	m.State.Values, m.submitting = v, true
	s.give(x.elements, v)
	p := s.payload("view_submission", x.user)
	view := m.ViewObject
	p.View = &view
	p.TriggerID = s.newTrigger(user, m.ID, m.channel)
	hooks := s.viewHooks(x, v)
	p.ResponseURLs = &hooks
	i := x.interaction("view_submission")
	i.CallbackID = m.CallbackID
	return s.begin(deed{
		Interaction: i, sentence: always(troubleConnecting),
		then: func(i *Interaction, ack json.RawMessage) bool { return s.respond(i, m, ack) },
		over: func(*Interaction) { m.submitting = false },
	}, p), nil
}

// viewHooks makes the response_urls of a submission: one for each conversation picked in an element with
// response_url_enabled.
func (s *Sim) viewHooks(x *scene, v values) []viewHook {
	out := []viewHook{}
	for _, e := range x.elements {
		if !e.ResponseURL {
			continue
		}
		var held struct {
			Conversation string `json:"selected_conversation"`
			Channel      string `json:"selected_channel"`
		}
		_ = json.Unmarshal(v[e.block][e.ActionID], &held) // it was made here
		id := held.Conversation + held.Channel
		if id != "" {
			url := s.newHook(hook{path: "actions", user: x.user.ID, channel: id})
			out = append(out, viewHook{e.block, e.ActionID, id, url})
		}
	}
	return out
}

// respond does what the acknowledgement of a submission asks for. Slack: "Modals", response_action.
func (s *Sim) respond(i *Interaction, m *modal, ack json.RawMessage) bool {
	open := slices.Contains(s.acts.stacks[m.user], m) // the person may have closed it meanwhile
	if len(ack) == 0 || bytes.Equal(bytes.TrimSpace(ack), []byte("{}")) {
		s.take(m)
		return true
	}
	var a struct {
		Action string            `json:"response_action"`
		View   json.RawMessage   `json:"view"`
		Errors map[string]string `json:"errors"`
	}
	if json.Unmarshal(ack, &a) != nil {
		return false
	}
	switch a.Action {
	case "clear":
		if open {
			s.closeAll(m.user)
		}
	case "errors":
		if !inputBlocks(m.Blocks, a.Errors) {
			return false
		}
		i.Errors = a.Errors
	case "update", "push":
		b, bad := s.checkView(a.View, "modal")
		if bad != nil {
			s.log.Debug("slacksim: response_action refused", "action", a.Action, "messages", bad.Messages)
			return false
		}
		except := ""
		if a.Action == "update" {
			except = m.ID
		}
		if s.externalID(b.ExternalID, except) {
			return false
		}
		switch {
		case !open:
		case a.Action == "update":
			s.fillView(&m.ViewObject, b, m.place(), m.State.Values)
			s.publish("view", m)
		case len(s.acts.stacks[m.user]) == maxDepth:
			return false
		default:
			s.show(m.user, m.channel, b)
		}
	default:
		return false
	}
	i.ResponseAction = a.Action
	return true
}

// inputBlocks reports whether errors has entries, all of them for input blocks.
func inputBlocks(blocks json.RawMessage, errors map[string]string) bool {
	list := elementsOf(blocks)
	for id := range errors {
		if !slices.ContainsFunc(list, func(e *element) bool { return e.block == id && e.input != nil }) {
			return false
		}
	}
	return len(errors) > 0
}

// CloseView is the person who closes a modal, and with all the whole stack, as a modal with clear_on_close does by
// itself. The app hears of views with notify_on_close; the id is that of the last such Interaction, or empty.
func (s *Sim) CloseView(user, viewID string, all bool) (id string, err error) {
	s.enter()
	defer s.leave()
	u, err := s.person(user)
	if err != nil {
		return "", err
	}
	m, err := s.top(user, viewID)
	if err != nil {
		return "", err
	}
	cleared := all || m.ClearOnClose
	closing := []*modal{m}
	if cleared {
		closing = slices.Clone(s.acts.stacks[user])
	}
	slices.Reverse(closing)
	s.take(closing[len(closing)-1])
	for _, m := range closing {
		if !m.NotifyOnClose {
			continue
		}
		p := s.payload("view_closed", u)
		view := m.ViewObject
		p.View, p.IsCleared = &view, &cleared
		id = s.begin(deed{Interaction: Interaction{Type: "view_closed", User: user, ViewID: m.ID, CallbackID: m.CallbackID}}, p)
	}
	return id, nil
}

// OpenHome is the person who opens the app's Home tab.
func (s *Sim) OpenHome(user string) error {
	s.enter()
	defer s.leave()
	u, err := s.person(user)
	switch {
	case err != nil:
		return err
	case u.IsBot:
		return &BadRequest{"user_not_found", "the app does not open its own Home tab"}
	}
	if !s.settings.HomeTab {
		return &BadRequest{"home_tab_off", "the app has no Home tab: set home_tab"}
	}
	e := map[string]any{
		"type": "app_home_opened", "user": user, "channel": s.dm(user).ID, "tab": "home",
		"context": s.viewed(user), "event_ts": s.eventTS(),
	}
	if v, ok := s.home(user); ok {
		e["view"] = v
	}
	s.emit("app_home_opened", "", s.dm(user), "app_home_opened", e)
	return nil
}

// switchContext tells an app with the legacy assistant surface that the person looks at another channel while its
// thread is open. Slack: assistant_thread_context_changed.
func (s *Sim) switchContext(u *User, dm *channel) {
	for _, m := range slices.Backward(dm.top) {
		if m.Subtype != "assistant_app_thread" {
			continue
		}
		s.emit("assistant_thread_context_changed", "assistant:write", dm, "assistant_thread_context_changed", map[string]any{
			"type": "assistant_thread_context_changed", "event_ts": s.eventTS(),
			"assistant_thread": map[string]any{
				"user_id": u.ID, "context": s.assistantContext(u.ID), "channel_id": dm.ID, "thread_ts": m.TS,
			},
		})
		return
	}
}

// assistantContext is what the person looks at, as the legacy surface says it.
func (s *Sim) assistantContext(user string) map[string]string {
	context := map[string]string{}
	if id := s.ws.viewing[user]; id != "" {
		context["channel_id"], context["team_id"] = id, s.ws.team.ID
	}
	return context
}
