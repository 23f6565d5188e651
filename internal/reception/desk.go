package reception

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/settings"
	"holdfast/internal/slack/modal"
	"holdfast/internal/turn"
)

// Desk is where settings are looked at and changed.
type Desk struct {
	settings Settings
	slack    Slack
	gate     Gate
	outbox   *outbox.Outbox
	command  string // the name of the slash command
	saved    func(ctx context.Context, team, user string)
	log      *slog.Logger

	mu     sync.Mutex
	clicks map[string]chat.TS // the newest, by view
}

// NewDesk makes a desk. saved is called after a person's own settings have changed; nil:
// nobody needs to know.
func NewDesk(s Settings, k Slack, g Gate, o *outbox.Outbox, command string, saved func(ctx context.Context, team, user string), log *slog.Logger) *Desk {
	if saved == nil {
		saved = func(context.Context, string, string) {}
	}
	return &Desk{settings: s, slack: k, gate: g, outbox: o, command: command, saved: saved, log: log, clicks: map[string]chat.TS{}}
}

// The ids by which settings are reached. Those of the older bot, of which buttons still
// stand in old messages, are in [Desk.Routes].
const (
	SettingsAction = "holdfast_settings" // a button, and a shortcut for everywhere
	ThreadShortcut = "configure_thread_settings"
	maxViews       = 1000             // of which the newest click is remembered
	patience       = 20 * time.Second // for the database, behind a modal that is open
)

// Routes are the ways to the settings, added to r.
func (d *Desk) Routes(r *Routes) {
	here := func(a Act) settings.Place {
		return settings.Place{Team: a.Team, User: a.User, Channel: a.Channel, Root: a.Root}
	}
	alone := func(a Act) settings.Place { return settings.Place{Team: a.Team, User: a.User} }
	for id, way := range map[string]Route{
		SettingsAction:            d.opening(here, settings.User),
		"open_welcome_settings":   d.opening(welcomed, settings.User),
		"open_global_settings_dm": d.opening(alone, settings.User),
		"open_user_settings":      d.opening(alone, settings.User),
		"open_channel_settings":   d.opening(named, settings.Channel),
		modal.ActionPrefix:        {Do: d.redraw},
	} {
		r.Actions[id] = way
	}
	r.Shortcuts[SettingsAction] = d.opening(alone, settings.User)
	r.Shortcuts[ThreadShortcut] = d.opening(here, settings.Thread)
	r.Shortcuts[ThreadShortcut+"_dev"] = r.Shortcuts[ThreadShortcut]
	r.Views[modal.Callback] = Route{Answer: d.answer, Do: d.save}
	way := d.opening(here, settings.User)
	open := way.Opens
	way.Opens = func(ctx context.Context, a Act) Opening {
		if d.help(a) != nil {
			return Opening{}
		}
		return open(ctx, a)
	}
	do := way.Do
	way.Do = func(ctx context.Context, a Act) error {
		if d.help(a) != nil {
			return nil // it was in the acknowledgement
		}
		return do(ctx, a)
	}
	way.Answer = d.help
	r.Commands[d.command] = way
}

// welcomed is the place of which the older bot's button tells: where the person first
// wrote to it. Slack keeps a button's value as we made it.
func welcomed(a Act) settings.Place {
	var was struct {
		Channel string  `json:"channel_id"`
		Thread  chat.TS `json:"thread_id"`
	}
	p := settings.Place{Team: a.Team, User: a.User, Channel: a.Channel, Root: a.Root}
	if json.Unmarshal([]byte(a.Value), &was) == nil && isChannel(was.Channel) {
		p.Channel, p.Root = was.Channel, ""
		if was.Thread.Valid() {
			p.Root = was.Thread
		}
	}
	return p
}

// named is the channel that a button names, or the one that it is in.
func named(a Act) settings.Place {
	p := settings.Place{Team: a.Team, User: a.User, Channel: a.Channel}
	if isChannel(a.Value) {
		p.Channel = a.Value
	}
	return p
}

func isChannel(id string) bool {
	return len(id) > 1 && len(id) < 64 && strings.ContainsAny(id[:1], "CGD") && !strings.ContainsAny(id, "/ \n")
}

// help answers the command's word "help", at once.
func (d *Desk) help(a Act) json.RawMessage {
	if strings.ToLower(strings.TrimSpace(a.Value)) != "help" {
		return nil
	}
	text := strings.Join([]string{
		"*" + d.command + "* opens the settings: which model answers you, how, and how long.",
		"• Your own count wherever you talk to me. In a channel or thread you can also set what counts for everybody there.",
		"• For one thread: the ⋮ menu of any message in it, then _Thread Settings_. (Slack has no commands in threads.)",
		"• To ask me something, mention me in a channel, or write to me directly. To end an answer, write *stop* in its thread.",
	}, "\n")
	b, err := json.Marshal(map[string]string{"response_type": "ephemeral", "text": text})
	if err != nil {
		return nil // never: strings
	}
	return b
}

// opening is a way in: the modal opens empty, and is filled.
func (d *Desk) opening(at func(Act) settings.Place, level settings.Level) Route {
	return Route{
		Opens: func(ctx context.Context, a Act) Opening {
			if why, err := d.gate.Admit(ctx, admitted(a)); err == nil && why != nil {
				return Opening{}
			}
			return Opening{View: modal.Loading(at(a), level), Lost: modal.Failed(trouble)}
		},
		Do: func(ctx context.Context, a Act) error { return d.fill(ctx, a, at(a), level) },
	}
}

func (d *Desk) fill(ctx context.Context, a Act, p settings.Place, level settings.Level) error {
	log := d.log.With("key", a.Key, "user", a.User)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	why, err := d.gate.Admit(ctx, admitted(a))
	if err == nil && why != nil {
		if a.Modal.ID != "" {
			d.show(ctx, log, View{ID: a.Modal.ID}, modal.Failed(why.Say))
		} else {
			say(ctx, d.slack, a, why.Say)
		}
		return nil
	}
	if a.Modal.ID == "" {
		line := tooLate2
		if a.Again {
			line = tooLate
		}
		say(ctx, d.slack, a, line)
		return nil
	}
	var v settings.Values
	if err == nil {
		v, err = d.settings.Effective(ctx, p)
	}
	if err != nil {
		log.Error("the settings cannot be shown", "err", err)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		d.show(last, log, View{ID: a.Modal.ID}, modal.Failed(trouble))
		return nil
	}
	if !d.show(ctx, log, a.Modal, modal.Build(modal.View{Place: p, Level: level}, v)) {
		d.show(ctx, log, View{ID: a.Modal.ID}, modal.Failed(trouble))
	}
	return nil
}

// show replaces a view; whether it stands, or nobody looks any more.
func (d *Desk) show(ctx context.Context, log *slog.Logger, v View, view json.RawMessage) bool {
	_, err := d.slack.Update(ctx, v, view)
	switch {
	case err == nil:
		return true
	case refused(err) == "not_found": // closed meanwhile
		return true
	}
	log.Warn("a modal did not change", "err", err)
	return false
}

// redraw is a choice that changes what else there is to choose. Of two that come close
// together, the later one counts: it has all that was entered.
func (d *Desk) redraw(ctx context.Context, a Act) error {
	log := d.log.With("key", a.Key, "user", a.User)
	if a.View == nil {
		return nil
	}
	f, err := modal.Read(a.View.Raw, a.User)
	if err != nil {
		log.Warn("a choice in a modal cannot be read", "err", err)
		return nil
	}
	d.clicked(a)
	p := f.Place
	p.Team = a.Team
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, err := d.settings.Effective(ctx, p)
	if err != nil {
		log.Warn("a modal is not redrawn", "err", err)
		return nil // what is entered stays as it is, and is checked when it is saved
	}
	view := f.View()
	view.Place = p
	drawn := modal.Build(view, v)
	_, err = d.slack.Update(ctx, View{ID: a.View.ID, Hash: a.View.Hash}, drawn)
	if refused(err) == "hash_conflict" && !a.Again && d.newest(a) {
		_, err = d.slack.Update(ctx, View{ID: a.View.ID}, drawn)
	}
	if code := refused(err); err != nil && code != "hash_conflict" && code != "not_found" {
		log.Warn("a modal is not redrawn", "err", err)
	}
	return nil
}

func (d *Desk) clicked(a Act) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.clicks) >= maxViews {
		clear(d.clicks)
	}
	if a.Stamp.Compare(d.clicks[a.View.ID]) > 0 {
		d.clicks[a.View.ID] = a.Stamp
	}
}

func (d *Desk) newest(a Act) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return a.Stamp.Compare(d.clicks[a.View.ID]) >= 0
}

// answer tells the mistakes that show in the form itself: texts that are too long, and
// numbers that are none. What hangs on the database is checked when it is saved.
func (d *Desk) answer(a Act) json.RawMessage {
	if a.View == nil {
		return nil
	}
	f, err := modal.Read(a.View.Raw, a.User)
	if err != nil {
		return nil
	}
	wrong := f.Mistakes()
	if len(wrong) == 0 {
		return nil
	}
	b, err := json.Marshal(map[string]any{"response_action": "errors", "errors": wrong})
	if err != nil {
		return nil // never: strings
	}
	return b
}

// save does what the acknowledgement let through.
func (d *Desk) save(ctx context.Context, a Act) error {
	if a.View == nil {
		return nil
	}
	f, err := modal.Read(a.View.Raw, a.User)
	if err != nil {
		d.log.Warn("a form cannot be read", "key", a.Key, "err", err)
		return nil
	}
	if len(f.Mistakes()) > 0 {
		return nil // said already; the modal is open
	}
	p := f.Place
	p.Team = a.Team
	a.Channel, a.Root = p.Channel, p.Root // where the person was when they opened it
	scope, ok := p.Scope(f.Level)
	why, err := d.refusal(ctx, a, f.Level)
	if err != nil {
		return err
	}
	if !ok && why == "" {
		why = "this cannot be set there."
	}
	if why != "" {
		return insist(ctx, d.slack, a, "Not saved: "+why)
	}
	v, err := d.settings.Effective(ctx, p)
	if err != nil {
		return err
	}
	changes, mistakes := f.Changes(v)
	if len(mistakes) > 0 {
		for _, m := range mistakes {
			return insist(ctx, d.slack, a, "Not saved, as something has changed meanwhile. "+m+" Please open the settings again.")
		}
	}
	if a.Again { // it may be stored already, and is no change then
		changes = again(f, changes)
	}
	if len(changes) == 0 {
		return nil
	}
	if err := d.settings.Save(ctx, scope, changes, a.User, a.At, a.Key); err != nil {
		return err
	}
	d.log.Info("settings saved", "user", a.User, "level", f.Level, "fields", len(changes))
	return d.tell(ctx, a, f, v, changes)
}

// again adds what was entered and is stored as it is.
func again(f modal.Form, changes settings.Changes) settings.Changes {
	all := settings.Changes{}
	for k, entered := range f.Draft {
		field, ok := settings.Lookup(k)
		if !ok || !field.At(f.Level) {
			continue
		}
		if raw, changed := changes[k]; changed {
			all[k] = raw
		} else if entered != nil {
			all[k] = nil
		}
	}
	return all
}

// refusal is why a person may not change a level; empty: they may.
func (d *Desk) refusal(ctx context.Context, a Act, l settings.Level) (string, error) {
	why, err := d.gate.Admit(ctx, admitted(a))
	if err != nil {
		return "", fmt.Errorf("look whether %s may change settings: %w", a.User, err)
	}
	if why != nil {
		return why.Say, nil
	}
	if l == settings.User || (chat.Conversation{Channel: a.Channel}).Direct() {
		return "", nil
	}
	in, err := d.slack.Member(ctx, a.Channel, a.User)
	if err != nil {
		// What is changed is said there, so nobody changes anything unseen.
		d.log.Info("cannot tell whether somebody is in a channel", "channel", a.Channel, "err", err)
		return "", nil
	}
	if !in {
		return "only members of the channel can change what counts there.", nil
	}
	return "", nil
}

// tell says openly what must be known to others, else to the person that it is done.
func (d *Desk) tell(ctx context.Context, a Act, f modal.Form, v settings.Values, c settings.Changes) error {
	direct := (chat.Conversation{Channel: a.Channel}).Direct()
	switch f.Level {
	case settings.Channel:
		at := chat.Conversation{Team: a.Team, Channel: a.Channel}
		return d.announce(ctx, a, at, fmt.Sprintf(":gear: <@%s> changed my settings for this channel: %s.", a.User, d.list(f, v, c)))
	case settings.Thread:
		if direct {
			break
		}
		starter, err := d.slack.Starter(ctx, a.place())
		if err != nil {
			d.log.Info("cannot tell who began a thread", "channel", a.Channel, "root", a.Root, "err", err)
		}
		if starter != a.User {
			return d.announce(ctx, a, a.place(), fmt.Sprintf(":gear: <@%s> changed my settings for this thread: %s.", a.User, d.list(f, v, c)))
		}
	case settings.User:
		d.saved(ctx, a.Team, a.User)
		say(ctx, d.slack, a, ":white_check_mark: Saved. Your settings count from your next message on.")
		return nil
	case settings.Operator:
		return nil
	}
	say(ctx, d.slack, a, ":white_check_mark: Saved for this thread. It counts from the next message on.")
	return nil
}

// announce says something to all, once. A place where Slack does not let us write is told
// by the person who changed it, or nobody.
func (d *Desk) announce(ctx context.Context, a Act, at chat.Conversation, text string) error {
	key := "settings/" + a.Key
	w := outbox.Write{Key: key, Op: "chat.postMessage"}
	_, err := d.outbox.Send(ctx, turn.Fence{}, w,
		func(ctx context.Context) (chat.TS, error) { return d.slack.Post(ctx, at, text, key) },
		func(ctx context.Context, since time.Time) (chat.TS, bool, error) {
			return d.slack.Posted(ctx, at, key, since)
		})
	if code := refused(err); code != "" {
		d.log.Info("a change of settings is not said where it counts", "channel", at.Channel, "code", code)
		say(ctx, d.slack, a, ":white_check_mark: Saved. I cannot write there, so please tell the others yourself.")
		return nil
	}
	return err
}

// list names what was changed, and to what, but for texts.
func (d *Desk) list(f modal.Form, v settings.Values, c settings.Changes) string {
	now := v.With(f.Level, c)
	var parts []string
	for _, field := range settings.Fields() {
		raw, changed := c[field.Key]
		if !changed {
			continue
		}
		part := strings.ToLower(field.Label[:1]) + field.Label[1:]
		own, set := now.Own(f.Level, field.Key)
		switch {
		case raw == nil && !set:
			part += " (no longer set)"
		case field.Kind != settings.Text && set:
			part += " “" + field.Name(own.Value, now.Models(), now.Ability()) + "”"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
