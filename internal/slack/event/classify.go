package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
)

// Identity is who we are in the workspace. Slack: auth.test.
type Identity struct {
	Team    string
	BotUser string // user id of the bot
	Bot     string // its bot id
	App     string // may be empty
}

// Decoder reads envelopes for one installation.
type Decoder struct {
	me     Identity
	follow policy.FollowUps
}

// New makes a decoder. follow is whose replies without a mention are for us, where
// nobody chose otherwise.
func New(me Identity, follow policy.FollowUps) *Decoder { return &Decoder{me: me, follow: follow} }

// late is how old a reply may be that is followed without a mention: what was missed is
// answered if it was meant for us for sure.
const late = 10 * time.Minute

var _ inbox.Classifier = (*Decoder)(nil)

// The ranks of a message's deliveries.
const (
	rankMention = 1 // app_mention, which may lack files
	rankMessage = 2
)

// Classify tells what an envelope is.
func (d *Decoder) Classify(env inbox.Envelope) inbox.Entry {
	e := d.classify(env)
	e.Payload, e.At = env.Payload, env.At
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.At = e.At.UTC()
	if e.Follow != "" && e.At.Sub(e.Message.TS.Time()) > late {
		e.Follow = ""
	}
	return e
}

func (d *Decoder) classify(env inbox.Envelope) inbox.Entry {
	p := parse(env.Payload)
	switch env.Type {
	case "events_api":
		return d.event(env, p)
	case "interactive":
		return d.clicked(env, p)
	case "slash_commands":
		return inbox.Entry{Kind: inbox.Command, Key: "c/" + unique(env, p.text("trigger_id")), Act: p.id("user_id") != ""}
	}
	return other(env, p)
}

// other is what nobody acts on.
func other(env inbox.Envelope, p object) inbox.Entry {
	return inbox.Entry{Kind: inbox.Other, Key: eventKey(env, p)}
}

// eventKey is Slack's own key against double delivery; it is the same in all
// deliveries of an event.
func eventKey(env inbox.Envelope, p object) string {
	if key := p.id("event_id"); key != "" {
		return "v/" + key
	}
	return "h/" + hash(env)
}

func hash(env inbox.Envelope) string {
	h := sha256.New()
	h.Write([]byte(env.Type))
	h.Write([]byte{0})
	h.Write(env.Payload)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// unique is what names one act of a person: the id that Slack made for it,
// else the envelope's, else the bytes.
func unique(env inbox.Envelope, own string) string {
	if own != "" && len(own) <= 200 && !strings.ContainsAny(own, "/\n") {
		return own
	}
	if own := id(env.ID); own != "" {
		return "envelope/" + own
	}
	return "hash/" + hash(env)
}

// interactionKey names one click or submission. Slack makes a trigger id for
// each but a closed view and a typed suggestion.
func interactionKey(env inbox.Envelope, p object) string {
	own := p.text("trigger_id")
	if own == "" && p.text("type") == "view_closed" {
		if view := p.object("view"); view.id("id") != "" {
			own = "closed-" + view.id("id") + "-" + view.id("hash")
		}
	}
	if own == "" {
		actions := p.objects("actions")
		if len(actions) > 0 {
			own = join(actions[0].id("action_ts"), actions[0].id("action_id"), p.object("user").id("id"))
		} else if p.id("action_ts") != "" {
			own = join(p.id("action_ts"), p.id("callback_id"), p.object("user").id("id"))
		}
	}
	return "i/" + unique(env, own)
}

// join puts parts together if the first is there.
func join(first string, rest ...string) string {
	if first == "" {
		return ""
	}
	return first + "-" + strings.Join(rest, "-")
}

// event classifies what came through the Events API.
func (d *Decoder) event(env inbox.Envelope, p object) inbox.Entry {
	ev := p.object("event")
	switch ev.text("type") {
	case "message":
		if e, ok := d.message(p, ev); ok {
			return e
		}
	case "app_mention":
		if e, ok := d.mention(p, ev); ok {
			return e
		}
	default:
		if act, ok := d.act(p, ev); ok {
			_, home := act.(Home)
			return inbox.Entry{Kind: inbox.Interaction, Key: eventKey(env, p), Stop: d.stop(ev, act), Rename: d.rename(act), Act: home}
		}
	}
	return other(env, p)
}

// message classifies a message event; not ok means that it is of no interest,
// or lacks what makes a message.
func (d *Decoder) message(p, ev object) (inbox.Entry, bool) {
	switch subtype := ev.text("subtype"); {
	case subtype == "message_changed":
		return d.changed(p, ev)
	case subtype == "message_deleted":
		return d.deletion(p, ev, ev.text("deleted_ts"))
	case subtype == "tombstone":
		return d.deletion(p, ev, ev.text("ts"))
	case notice(subtype) || ev.flag("hidden"):
		return inbox.Entry{}, false
	}
	m, ok := d.read(p, ev, ev)
	if !ok || m.User == "" && m.BotID == "" {
		return inbox.Entry{}, false
	}
	e := inbox.Entry{Kind: inbox.Message, Rank: rankMessage, Key: messageKey("m", m), Message: m}
	h := policy.Heard{Author: d.author(m, ev), Direct: direct(ev), Thread: m.Root != m.TS, Mentioned: d.mentioned(m.Text)}
	h.Others = !h.Mentioned && calls(m.Text)
	switch h.For() {
	case policy.Ours:
		e.Lane = m.Conversation
	case policy.Perhaps:
		e.Follow, e.Self = d.follow, d.me.BotUser
	case policy.Others:
	}
	if h.Author == policy.Person {
		e.Stop = d.word(m, h.Direct)
	}
	if e.Stop != nil {
		e.Follow = "" // it means what runs, or nothing
	}
	if !d.own(m) {
		e.Message.Text = words(ev) // only now: what is forwarded mentions nobody, and stops nothing
	}
	return e, true
}

// word reads a message that says "stop" and nothing else. In a thread it means
// the thread, at the top of a direct channel all that goes on there.
func (d *Decoder) word(m chat.Message, direct bool) *inbox.Stop {
	said := m.Text
	if d.me.BotUser != "" {
		said = strings.ReplaceAll(said, "<@"+d.me.BotUser+">", " ")
	}
	said = strings.ToLower(strings.Trim(said, " \t\n.!…,*_"))
	if said != "stop" && said != "please stop" && said != "stop please" {
		return nil
	}
	s := &inbox.Stop{Team: m.Team, Channel: m.Channel, At: m.TS, Word: true}
	switch {
	case m.Root != m.TS:
		s.Root = m.Root
	case !direct:
		return nil
	}
	return s
}

// mention classifies an app_mention. A mention that an edit added comes the
// same way: the message becomes work then.
func (d *Decoder) mention(p, ev object) (inbox.Entry, bool) {
	m, ok := d.read(p, ev, ev)
	if !ok || m.User == "" && m.BotID == "" {
		return inbox.Entry{}, false
	}
	e := inbox.Entry{Kind: inbox.Message, Rank: rankMention, Key: messageKey("m", m), Message: m}
	h := policy.Heard{Author: d.author(m, ev), Thread: m.Root != m.TS, Mentioned: true}
	if h.For() == policy.Ours {
		e.Lane = m.Conversation
		e.Stop = d.word(m, false)
	}
	e.Message.Text = words(ev)
	return e, true
}

// changed classifies an edit.
func (d *Decoder) changed(p, ev object) (inbox.Entry, bool) {
	now, before := ev.object("message"), ev.object("previous_message")
	if now.text("subtype") == "tombstone" {
		return d.deletion(p, ev, now.text("ts"))
	}
	m, ok := d.read(p, ev, now)
	switch {
	case !ok, m.User == "" && m.BotID == "":
		return inbox.Entry{}, false
	case d.own(m), notice(now.text("subtype")):
		return inbox.Entry{}, false
	case m.Edited == "", before != nil && before.text("text") == m.Text:
		return previewed(ev, m, now, before)
	}
	m.Text = words(now)
	return inbox.Entry{Kind: inbox.Edit, Key: messageKey("e", m) + "/" + string(m.Edited), Message: m}, true
}

// previewed classifies a change that left a message's own words alone: Slack has added
// the title of a link, say. That a file or a reaction changed is of no interest.
func previewed(ev object, m chat.Message, now, before object) (inbox.Entry, bool) {
	all := words(now)
	if all == m.Text || before != nil && words(before) == all {
		return inbox.Entry{}, false
	}
	m.Text = all
	return inbox.Entry{Kind: inbox.Preview, Key: messageKey("p", m) + "/" + ev.text("event_ts"), Message: m}, true
}

// deletion classifies a message that is gone.
func (d *Decoder) deletion(p, ev object, ts string) (inbox.Entry, bool) {
	was := ev.object("previous_message")
	m := chat.Message{TS: stamp(ts), Deleted: true, User: was.id("user"), BotID: was.id("bot_id"), AppID: was.id("app_id")}
	m.Conversation = chat.Conversation{Team: d.team(p), Channel: ev.id("channel"), Root: m.TS}
	if root := stamp(was.text("thread_ts")); root != "" {
		m.Root = root
	} else if root := stamp(ev.object("message").text("thread_ts")); root != "" {
		m.Root = root
	}
	if m.TS == "" || m.Team == "" || m.Channel == "" {
		return inbox.Entry{}, false
	}
	return inbox.Entry{Kind: inbox.Deletion, Key: messageKey("d", m), Message: m}, true
}

func messageKey(kind string, m chat.Message) string {
	return kind + "/" + m.Team + "/" + m.Channel + "/" + string(m.TS)
}

// read takes a message out of msg, which is the event or lies in it.
func (d *Decoder) read(p, ev, msg object) (chat.Message, bool) {
	m := chat.Message{
		TS:     stamp(msg.text("ts")),
		User:   msg.id("user"),
		BotID:  msg.id("bot_id"),
		AppID:  msg.id("app_id"),
		Text:   msg.text("text"),
		Files:  files(msg),
		Edited: stamp(msg.object("edited").text("ts")),
	}
	m.Conversation = chat.Conversation{Team: d.team(p), Channel: ev.id("channel"), Root: m.TS}
	if root := stamp(msg.text("thread_ts")); root != "" {
		m.Root = root
	}
	for _, team := range []string{msg.id("user_team"), msg.id("source_team"), msg.id("team")} {
		if team != "" {
			if team != m.Team {
				m.ClientTeam = team
			}
			break
		}
	}
	return m, m.TS != "" && m.Team != "" && m.Channel != ""
}

func files(msg object) []chat.File {
	var list []chat.File
	for _, f := range msg.objects("files") {
		if f.id("id") == "" {
			continue
		}
		name := f.text("name")
		if name == "" {
			name = f.text("title")
		}
		list = append(list, chat.File{ID: f.id("id"), Name: name, Mimetype: f.text("mimetype"), Size: max(0, f.number("size"))})
	}
	return list
}

// team is the installation's workspace: the one that Slack says may see the
// event, else our own. It must not depend on which of its events tells of a
// message, and in Slack Connect the event's own team may be the stranger's.
func (d *Decoder) team(p object) string {
	if all := p.objects("authorizations"); len(all) > 0 {
		if team := all[0].id("team_id"); team != "" {
			return team
		}
	}
	if d.me.Team != "" {
		return d.me.Team
	}
	return p.id("team_id")
}

// stamp is a ts in Slack's form, else empty.
func stamp(s string) chat.TS {
	whole, frac, ok := strings.Cut(s, ".")
	if !ok || whole == "" || frac == "" || len(whole) > 12 || len(frac) > 6 {
		return ""
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return chat.TS(s)
}

// direct reports whether the event is of a channel between the bot and one
// person. Slack: their ids begin with D.
func direct(ev object) bool {
	kind := ev.text("channel_type")
	return kind == "im" || kind == "app_home" || strings.HasPrefix(ev.id("channel"), "D")
}

// own reports whether we wrote m.
func (d *Decoder) own(m chat.Message) bool {
	same := func(a, b string) bool { return a != "" && a == b }
	return same(m.User, d.me.BotUser) || same(m.BotID, d.me.Bot) || same(m.AppID, d.me.App)
}

// author tells who wrote m. What carries a bot id was written by an app or a
// workflow, even where it names a user; what is no speech is nobody's.
func (d *Decoder) author(m chat.Message, ev object) policy.Author {
	switch {
	case d.own(m):
		return policy.Self
	case m.BotID != "" || ev.has("bot_profile"):
		return policy.Bot
	case m.User == "USLACKBOT":
		return policy.Slackbot
	case m.User == "" || !speech(ev.text("subtype")):
		return policy.Nobody
	}
	return policy.Person
}

// calls reports whether a text names a person, a group or everybody.
// Slack: <@U…>, <!subteam^S…>, <!here>, <!channel>, <!everyone>.
func calls(s string) bool {
	for _, tag := range []string{"<@", "<!subteam^", "<!here", "<!channel", "<!everyone"} {
		if strings.Contains(s, tag) {
			return true
		}
	}
	return false
}

// mentioned reports whether the bot's name is in the text.
func (d *Decoder) mentioned(s string) bool {
	if d.me.BotUser == "" {
		return false
	}
	tag := "<@" + d.me.BotUser
	for {
		at := strings.Index(s, tag)
		if at < 0 {
			return false
		}
		s = s[at+len(tag):]
		if strings.HasPrefix(s, ">") || strings.HasPrefix(s, "|") {
			return true
		}
	}
}

// speech reports whether a message of this subtype can be meant for us. It is
// a whitelist: Slack adds subtypes as it likes.
func speech(subtype string) bool {
	switch subtype {
	case "", "file_share", "thread_broadcast", "me_message":
		return true
	}
	return false
}

// notice reports whether a subtype is Slack's own report of something, not
// what anybody said.
func notice(subtype string) bool {
	switch subtype {
	case "assistant_app_thread", "message_replied", "huddle_thread", "ekm_access_denied", "reminder_add",
		"pinned_item", "unpinned_item", "bot_add", "bot_remove", "bot_enable", "bot_disable",
		"channel_canvas_updated", "document_mention", "sh_room_created", "sh_room_shared", "joiner_notification":
		return true
	}
	return strings.HasPrefix(subtype, "channel_") || strings.HasPrefix(subtype, "group_") ||
		strings.HasPrefix(subtype, "ekm_") || strings.HasPrefix(subtype, "huddle_")
}
