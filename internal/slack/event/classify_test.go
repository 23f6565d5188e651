package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
)

var me = Identity{Team: "T1", BotUser: "UBOT", Bot: "BBOT", App: "ABOT"}

// callback wraps an inner event as Slack does.
func callback(eventID, inner string) inbox.Envelope {
	return inbox.Envelope{Type: "events_api", ID: "env-" + eventID, At: time.Unix(1700000000, 0), Payload: fmt.Appendf(nil,
		`{"token":"x","team_id":"T1","api_app_id":"ABOT","type":"event_callback","event_id":%q,"event_time":1,
		  "authorizations":[{"enterprise_id":null,"team_id":"T1","user_id":"UBOT","is_bot":true}],"event":%s}`, eventID, inner)}
}

func classify(inner string) inbox.Entry { return New(me, policy.Off).Classify(callback("Ev1", inner)) }

func conversation(channel, root string) chat.Conversation {
	return chat.Conversation{Team: "T1", Channel: channel, Root: chat.TS(root)}
}

func TestWhatStartsATurn(t *testing.T) {
	for _, tt := range []struct {
		name, inner string
		lane        chat.Conversation // zero: none
		kind        inbox.Kind
		key         string
	}{
		{"dm", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001","text":"hi"}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000001"},
		{"dm in a thread", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"5.000002","thread_ts":"5.000001","text":"hi"}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000002"},
		{"dm without channel_type", `{"type":"message","channel":"D1","user":"U1","ts":"5.000001","text":"hi"}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000001"},
		{"dm of the app's messages tab", `{"type":"message","channel":"D1","channel_type":"app_home","user":"U1","ts":"5.000001","text":"hi"}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000001"},
		{"dm with file", `{"type":"message","subtype":"file_share","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001","text":"","files":[{"id":"F1"}]}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000001"},
		{"dm /me", `{"type":"message","subtype":"me_message","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001","text":"waves"}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000001"},
		{"dm of a stranger", `{"type":"message","channel":"D1","channel_type":"im","user":"W9","user_team":"T9","ts":"5.000001","text":"hi"}`,
			conversation("D1", "5.000001"), inbox.Message, "m/T1/D1/5.000001"},
		{"mention event", `{"type":"app_mention","channel":"C1","user":"U1","ts":"5.000001","text":"<@UBOT> hi"}`,
			conversation("C1", "5.000001"), inbox.Message, "m/T1/C1/5.000001"},
		{"mention in a message", `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","text":"hey <@UBOT>"}`,
			conversation("C1", "5.000001"), inbox.Message, "m/T1/C1/5.000001"},
		{"mention with a name", `{"type":"message","channel":"G1","channel_type":"mpim","user":"U1","ts":"5.000001","text":"hey <@UBOT|holdfast>!"}`,
			conversation("G1", "5.000001"), inbox.Message, "m/T1/G1/5.000001"},
		{"mention in a broadcast", `{"type":"message","subtype":"thread_broadcast","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000002","thread_ts":"5.000001","text":"<@UBOT>"}`,
			conversation("C1", "5.000001"), inbox.Message, "m/T1/C1/5.000002"},
		{"mention added by an edit", `{"type":"app_mention","channel":"C1","user":"U1","ts":"5.000001","text":"<@UBOT> hi","edited":{"user":"U1","ts":"6.000000"}}`,
			conversation("C1", "5.000001"), inbox.Message, "m/T1/C1/5.000001"},

		{"channel talk", `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/C1/5.000001"},
		{"mention of one whose id begins like ours", `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","text":"<@UBOT2> hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/C1/5.000001"},
		{"mention that was only typed", `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","text":"&lt;@UBOT&gt; hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/C1/5.000001"},
		{"our own post in a dm", `{"type":"message","channel":"D1","channel_type":"im","user":"UBOT","bot_id":"BBOT","app_id":"ABOT","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/D1/5.000001"},
		{"our own post, by user alone", `{"type":"message","channel":"D1","channel_type":"im","user":"UBOT","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/D1/5.000001"},
		{"our own post with a person's token", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","app_id":"ABOT","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/D1/5.000001"},
		{"another bot in a dm", `{"type":"message","channel":"D1","channel_type":"im","user":"U7","bot_id":"B7","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/D1/5.000001"},
		{"another bot that mentions us", `{"type":"app_mention","channel":"C1","user":"U7","bot_id":"B7","ts":"5.000001","text":"<@UBOT> hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/C1/5.000001"},
		{"a workflow that mentions us", `{"type":"message","subtype":"bot_message","channel":"C1","channel_type":"channel","bot_id":"B7","ts":"5.000001","text":"<@UBOT> hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/C1/5.000001"},
		{"a bot known by its profile", `{"type":"app_mention","channel":"C1","user":"U7","bot_profile":{"id":"B7"},"ts":"5.000001","text":"<@UBOT> hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/C1/5.000001"},
		{"slackbot", `{"type":"message","channel":"D1","channel_type":"im","user":"USLACKBOT","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/D1/5.000001"},
		{"a subtype of tomorrow", `{"type":"message","subtype":"hologram","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001","text":"hi"}`,
			chat.Conversation{}, inbox.Message, "m/T1/D1/5.000001"},

		{"no author", `{"type":"message","channel":"D1","channel_type":"im","ts":"5.000001","text":"hi"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"no channel", `{"type":"message","channel_type":"im","user":"U1","ts":"5.000001","text":"hi"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"no ts", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","text":"hi"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"ts as a number", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":5.000001,"text":"hi"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"ts with a slash", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001/x","text":"hi"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"channel with a slash", `{"type":"message","channel":"D1/x","channel_type":"im","user":"U1","ts":"5.000001","text":"hi"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"mention without author", `{"type":"app_mention","channel":"C1","ts":"5.000001","text":"<@UBOT>"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
		{"an event of tomorrow", `{"type":"telepathy","user":"U1"}`, chat.Conversation{}, inbox.Other, "v/Ev1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := classify(tt.inner)
			if e.Lane != tt.lane || e.Kind != tt.kind || e.Key != tt.key {
				t.Errorf("lane %v, kind %q, key %q\nwant %v, %q, %q", e.Lane, e.Kind, e.Key, tt.lane, tt.kind, tt.key)
			}
			if len(e.Payload) == 0 || !e.At.Equal(time.Unix(1700000000, 0)) || e.At.Location() != time.UTC {
				t.Errorf("payload of %d bytes, at %v", len(e.Payload), e.At)
			}
		})
	}
}

// Every subtype that Slack knows, and no author: none may start a turn or be
// taken for what somebody said.
func TestSubtypesThatAreNotSpeech(t *testing.T) {
	for _, subtype := range []string{
		"channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive",
		"channel_unarchive", "channel_convert_to_private", "channel_posting_permissions", "group_join", "group_leave",
		"group_topic", "group_purpose", "group_name", "group_archive", "group_unarchive", "ekm_access_denied",
		"message_replied", "assistant_app_thread", "huddle_thread", "pinned_item", "unpinned_item", "reminder_add", "bot_add", "bot_remove",
	} {
		for _, channel := range []string{`"channel":"D1","channel_type":"im"`, `"channel":"C1","channel_type":"channel"`} {
			e := classify(fmt.Sprintf(`{"type":"message","subtype":%q,%s,"user":"U1","ts":"5.000001","text":"<@UBOT> x"}`, subtype, channel))
			if e.Kind != inbox.Other || e.Lane != (chat.Conversation{}) {
				t.Errorf("%s: kind %q, lane %v", subtype, e.Kind, e.Lane)
			}
		}
	}
	for _, inner := range []string{
		`{"type":"message","subtype":"message_deleted","channel":"D1","channel_type":"im","deleted_ts":"5.000001","ts":"6.000000","hidden":true}`,
		`{"type":"message","subtype":"tombstone","channel":"D1","channel_type":"im","user":"USLACKBOT","ts":"5.000001","text":"This message was deleted."}`,
		`{"type":"message","subtype":"message_changed","channel":"D1","channel_type":"im","ts":"6.000000","hidden":true,
		  "message":{"subtype":"tombstone","user":"USLACKBOT","ts":"5.000001","text":"This message was deleted.","hidden":true},
		  "previous_message":{"user":"U1","ts":"5.000001","text":"secret"}}`,
	} {
		e := classify(inner)
		if e.Kind != inbox.Deletion || e.Key != "d/T1/D1/5.000001" || !e.Message.Deleted || e.Message.TS != "5.000001" ||
			e.Message.Text != "" || !e.Lane.IsZero() {
			t.Errorf("%s\nis %+v", inner, e)
		}
	}
	in := classify(`{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"5.000002","previous_message":{"user":"U1","ts":"5.000002","thread_ts":"5.000001"}}`)
	if in.Message.Root != "5.000001" || in.Message.User != "U1" {
		t.Errorf("a deleted reply lost its thread: %+v", in.Message)
	}
}

func TestEdits(t *testing.T) {
	changed := func(now, before string) string {
		return fmt.Sprintf(`{"type":"message","subtype":"message_changed","channel":"C1","channel_type":"channel","ts":"9.000000","hidden":true,"message":%s,"previous_message":%s}`, now, before)
	}
	was := `{"user":"U1","ts":"5.000002","thread_ts":"5.000001","text":"one"}`
	e := classify(changed(`{"type":"message","user":"U1","ts":"5.000002","thread_ts":"5.000001","text":"two <@UBOT>","edited":{"user":"U1","ts":"8.000000"}}`, was))
	want := inbox.Entry{Kind: inbox.Edit, Key: "e/T1/C1/5.000002/8.000000", Message: chat.Message{
		Conversation: conversation("C1", "5.000001"), TS: "5.000002", User: "U1", Text: "two <@UBOT>", Edited: "8.000000"}}
	e.Payload, e.At = nil, time.Time{}
	if d := cmp.Diff(want, e); d != "" {
		t.Errorf("an edit (-want +got):\n%s", d)
	}
	again := classify(changed(`{"user":"U1","ts":"5.000002","text":"three","edited":{"user":"U1","ts":"8.500000"}}`, was))
	if again.Key == e.Key || again.Kind != inbox.Edit {
		t.Errorf("a second edit has the key %q", again.Key)
	}
	for name, inner := range map[string]string{
		"unfurled link":             changed(`{"user":"U1","ts":"5.000002","text":"one","attachments":[{}]}`, was),
		"unfurled in an edited one": changed(`{"user":"U1","ts":"5.000002","text":"one","edited":{"user":"U1","ts":"4.000000"}}`, was),
		"our own edit":              changed(`{"user":"UBOT","bot_id":"BBOT","ts":"5.000002","text":"two","edited":{"user":"UBOT","ts":"8.000000"}}`, `{"user":"UBOT","text":"one"}`),
		"our stream growing":        changed(`{"user":"UBOT","bot_id":"BBOT","ts":"5.000002","text":"two"}`, `{"text":"one"}`),
		"no author":                 changed(`{"ts":"5.000002","text":"two","edited":{"ts":"8.000000"}}`, was),
		"no message":                changed(`7`, was),
		"assistant thread renamed":  changed(`{"subtype":"assistant_app_thread","user":"U1","ts":"5.000002","text":"New","edited":{"ts":"8.000000"}}`, `{"text":"Old"}`),
	} {
		if e := classify(inner); e.Kind != inbox.Other || e.Key != "v/Ev1" {
			t.Errorf("%s: kind %q, key %q", name, e.Kind, e.Key)
		}
	}
}

// B11: message, mention, redelivery, edited mention and history are one
// message, with one key and one lane.
func TestOneMessageOneKey(t *testing.T) {
	d := New(me, policy.Off)
	message := d.Classify(callback("Ev1", `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","text":"<@UBOT> see","files":[{"id":"F1","name":"a.pdf","mimetype":"application/pdf","size":12}]}`))
	mention := d.Classify(callback("Ev2", `{"type":"app_mention","channel":"C1","user":"U1","ts":"5.000001","text":"<@UBOT> see"}`))
	edited := d.Classify(callback("Ev3", `{"type":"app_mention","channel":"C1","user":"U1","ts":"5.000001","text":"<@UBOT> look","edited":{"ts":"6.000000"}}`))
	payload, err := FromHistory("T1", "C1", "channel", json.RawMessage(`{"type":"message","user":"U1","ts":"5.000001","text":"<@UBOT> see","client_msg_id":"x","files":[{"id":"F1","name":"a.pdf","mimetype":"application/pdf","size":12}]}`))
	if err != nil {
		t.Fatal(err)
	}
	history := d.Classify(inbox.Envelope{Type: "events_api", Payload: payload})
	for name, e := range map[string]inbox.Entry{"mention": mention, "edited": edited, "history": history} {
		if e.Key != message.Key || e.Lane != message.Lane || e.Lane.IsZero() {
			t.Errorf("%s has key %q and lane %v; the message has %q and %v", name, e.Key, e.Lane, message.Key, message.Lane)
		}
	}
	if message.Rank <= mention.Rank {
		t.Errorf("rank of the message %d, of the mention %d: the message may have files", message.Rank, mention.Rank)
	}
	if d := cmp.Diff(message.Message, history.Message); d != "" {
		t.Errorf("history reads differently (-event +history):\n%s", d)
	}
	if want := []chat.File{{ID: "F1", Name: "a.pdf", Mimetype: "application/pdf", Size: 12}}; !cmp.Equal(message.Message.Files, want) {
		t.Errorf("files %+v", message.Message.Files)
	}
	if _, err := FromHistory("T1", "C1", "channel", json.RawMessage(`[1]`)); err == nil {
		t.Error("history that is no object is taken")
	}
	dm, _ := FromHistory("T1", "D1", "im", json.RawMessage(`{"user":"U1","ts":"5.000001","thread_ts":"5.000001","text":"hi"}`))
	if e := d.Classify(inbox.Envelope{Type: "events_api", Payload: dm}); e.Lane != conversation("D1", "5.000001") {
		t.Errorf("a direct message from history: %+v", e)
	}
}

// Peers' mistake 8: what is old, and what Slack repeats, counts all the same.
func TestOldMessagesCount(t *testing.T) {
	env := callback("Ev1", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"1000000000.000001","text":"hi"}`)
	env.At = time.Now()
	if e := New(me, policy.Off).Classify(env); e.Lane != conversation("D1", "1000000000.000001") {
		t.Errorf("a message of 2001 is %+v", e)
	}
}

func TestTeams(t *testing.T) {
	of := func(authorized, team, inner string) inbox.Entry {
		return New(me, policy.Off).Classify(inbox.Envelope{Type: "events_api", Payload: fmt.Appendf(nil, `{"type":"event_callback","event_id":"Ev1","team_id":%q,"authorizations":%s,"event":%s}`, team, authorized, inner)})
	}
	dm := func(more string) string {
		return `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001","text":"x"` + more + `}`
	}
	for _, tt := range []struct{ name, authorized, team, more, want, client string }{
		{"plain", `[{"team_id":"T1"}]`, "T1", `,"team":"T1"`, "T1", ""},
		{"shared channel of another team", `[{"team_id":"T1"}]`, "T9", `,"team":"T9"`, "T1", "T9"},
		{"stranger", `[{"team_id":"T1"}]`, "T1", `,"team":"T1","user_team":"T9","source_team":"T9"`, "T1", "T9"},
		{"source team alone", `[{"team_id":"T1"}]`, "T1", `,"source_team":"T8"`, "T1", "T8"},
		{"another installation", `[{"team_id":"T2"}]`, "T2", ``, "T2", ""},
		{"organisation-wide", `[{"enterprise_id":"E1","team_id":null}]`, "T1", ``, "T1", ""},
		{"no authorizations", `null`, "T1", ``, "T1", ""},
		{"authorizations of an odd type", `"none"`, "T1", ``, "T1", ""},
	} {
		e := of(tt.authorized, tt.team, dm(tt.more))
		if e.Lane.Team != tt.want || e.Message.ClientTeam != tt.client || e.Key != "m/"+tt.want+"/D1/5.000001" {
			t.Errorf("%s: lane %v, client team %q, key %q", tt.name, e.Lane, e.Message.ClientTeam, e.Key)
		}
	}
}

func TestTextIsStorable(t *testing.T) {
	e := classify(`{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"5.000001","text":"a\u0000b` + "\xff" + `c","files":[{"id":"F1","name":"x\u0000y"}]}`)
	if e.Message.Text != "ab\ufffdc" || e.Message.Files[0].Name != "xy" {
		t.Errorf("text %q, file %q", e.Message.Text, e.Message.Files[0].Name)
	}
	if !strings.Contains(string(e.Payload), `\u0000`) {
		t.Error("the payload was changed")
	}
}

func TestInteractionKeys(t *testing.T) {
	d := New(me, policy.Off)
	key := func(typ, id, payload string) string {
		e := d.Classify(inbox.Envelope{Type: typ, ID: id, Payload: []byte(payload)})
		if typ == "interactive" && e.Kind != inbox.Interaction || typ == "slash_commands" && e.Kind != inbox.Command || !e.Lane.IsZero() {
			t.Errorf("%s is %+v", payload, e)
		}
		return e.Key
	}
	click := func(trigger, at string) string {
		return fmt.Sprintf(`{"type":"block_actions","user":{"id":"U1"},"trigger_id":%q,"actions":[{"action_id":"stop","action_ts":%q}]}`, trigger, at)
	}
	same := func(name, a, b string) {
		if a != b {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
	differ := func(name, a, b string) {
		if a == b {
			t.Errorf("%s: both are %q", name, a)
		}
	}
	same("one click twice", key("interactive", "e1", click("1.2.a", "5.1")), key("interactive", "e2", click("1.2.a", "5.1")))
	differ("two clicks", key("interactive", "e1", click("1.2.a", "5.1")), key("interactive", "e2", click("1.2.b", "5.2")))
	same("one click twice, no trigger", key("interactive", "e1", click("", "5.1")), key("interactive", "e2", click("", "5.1")))
	differ("two clicks, no trigger", key("interactive", "e1", click("", "5.1")), key("interactive", "e2", click("", "5.2")))
	closed := `{"type":"view_closed","user":{"id":"U1"},"view":{"id":"V1","hash":"h"}}`
	same("a closed view", key("interactive", "e1", closed), key("interactive", "e2", closed))
	suggestion := `{"type":"block_suggestion","user":{"id":"U1"},"value":"a"}`
	differ("typed twice", key("interactive", "e1", suggestion), key("interactive", "e2", suggestion))
	same("over http", key("interactive", "", suggestion), key("interactive", "", suggestion))
	command := func(trigger string) string {
		return fmt.Sprintf(`{"command":"/ask","user_id":"U1","trigger_id":%q}`, trigger)
	}
	same("one command twice", key("slash_commands", "e1", command("1.2.a")), key("slash_commands", "e2", command("1.2.a")))
	differ("two commands", key("slash_commands", "e1", command("1.2.a")), key("slash_commands", "e2", command("1.2.b")))
	for _, payload := range []string{`null`, `[]`, `7`, `""`, ``, `{`, `{"trigger_id":{}}`, `{"trigger_id":"` + strings.Repeat("x", 5000) + `"}`} {
		if k := key("interactive", "", payload); len(k) > 250 || k == "i/" {
			t.Errorf("%.20s has the key %q", payload, k)
		}
	}
}

// Peers' mistake 14: what a person did besides speaking is more than Other,
// so that it is acted on after a crash too.
func TestActs(t *testing.T) {
	d := New(me, policy.Off)
	for _, tt := range []struct {
		inner string
		want  Act
	}{
		{`{"type":"agent_session_stopped","channel":"D1","user":"U1","thread_ts":"5.000001","streaming_message_ts":["6.000001",7],"event_ts":"7.000000"}`,
			Stop{Conversation: conversation("D1", "5.000001"), User: "U1", Streams: []chat.TS{"6.000001"}, At: "7.000000"}},
		{`{"type":"agent_session_title_changed","channel":"D1","user":"U1","thread_ts":"5.000001","title":"New","event_ts":"8.000001"}`,
			Title{Conversation: conversation("D1", "5.000001"), User: "U1", Title: "New", At: "8.000001"}},
		{`{"type":"app_home_opened","user":"U1","channel":"D1","tab":"messages","context":{"entities":[{"type":"slack#/types/channel_id","value":"C9"},{"type":"slack#/types/message_context","value":{"message_ts":"1.000000","channel_id":"C8"}},9]}}`,
			Home{Team: "T1", User: "U1", Channel: "D1", Tab: "messages", Context: []Entity{{Type: "slack#/types/channel_id", Value: "C9"}, {Type: "slack#/types/message_context", Channel: "C8", MessageTS: "1.000000"}}}},
		{`{"type":"app_home_opened","user":"U1","channel":"D1","tab":"home","view":{"id":"V1","private_metadata":"abc"}}`,
			Home{Team: "T1", User: "U1", Channel: "D1", Tab: "home", Stands: "abc"}},
		{`{"type":"assistant_thread_started","assistant_thread":{"user_id":"U1","context":{"channel_id":"C9","team_id":"T1"},"channel_id":"D1","thread_ts":"5.000001"}}`,
			Home{Team: "T1", User: "U1", Channel: "D1", Root: "5.000001", Tab: "messages", Context: []Entity{{Type: "slack#/types/channel_id", Value: "C9", Team: "T1"}}}},
		{`{"type":"reaction_added","user":"U1","reaction":"eyes","item_user":"UBOT","item":{"type":"message","channel":"C1","ts":"5.000001"}}`,
			Reaction{Team: "T1", User: "U1", Name: "eyes", Channel: "C1", TS: "5.000001", Author: "UBOT"}},
		{`{"type":"app_uninstalled"}`, Removal{Team: "T1"}},
		{`{"type":"tokens_revoked","tokens":{"bot":["UBOT"]}}`, Removal{Team: "T1", Tokens: true}},
	} {
		env := callback("Ev1", tt.inner)
		if e := d.Classify(env); e.Kind != inbox.Interaction || e.Key != "v/Ev1" || !e.Lane.IsZero() {
			t.Errorf("%s is %+v", tt.inner, e)
		}
		got, ok := d.Act(env.Payload)
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("%s: ok %v (-want +got):\n%s", tt.inner, ok, diff)
		}
	}
	for user, want := range map[string]*inbox.Rename{
		"U1":       {Conversation: conversation("D1", "5.000001"), Title: "New", By: "U1", At: "8.000001"},
		me.BotUser: nil, // our own
		"":         nil,
	} {
		e := d.Classify(callback("Ev1", `{"type":"agent_session_title_changed","channel":"D1","user":"`+user+`","thread_ts":"5.000001","title":"New","event_ts":"8.000001"}`))
		if diff := cmp.Diff(want, e.Rename); diff != "" {
			t.Errorf("renamed by %q (-want +got):\n%s", user, diff)
		}
	}
	for _, inner := range []string{
		`{"type":"agent_session_stopped","channel":"D1"}`, `{"type":"app_home_opened"}`, `{"type":"reaction_added","item":3}`, `{"type":"assistant_thread_started","assistant_thread":{"user_id":"U1"}}`, `{"type":"message"}`, `7`,
	} {
		env := callback("Ev1", inner)
		if e := d.Classify(env); e.Kind != inbox.Other {
			t.Errorf("%s is %q", inner, e.Kind)
		}
		if _, ok := d.Act(env.Payload); ok {
			t.Errorf("%s is an act", inner)
		}
	}
}

func TestInteractions(t *testing.T) {
	d := New(me, policy.Off)
	for _, tt := range []struct {
		payload string
		want    Act
	}{
		{`{"type":"block_actions","user":{"id":"U1","team_id":"T9"},"team":{"id":"T1"},"trigger_id":"1.2","response_url":"https://x",
		   "container":{"type":"message","message_ts":"6.000001","channel_id":"C1","thread_ts":"5.000001","is_ephemeral":false},"channel":{"id":"C1"},
		   "message":{"ts":"6.000001"},"actions":[{"type":"button","action_id":"retry","block_id":"b","value":"t1","action_ts":"7.0"},
		   {"type":"static_select","action_id":"model","selected_option":{"value":"m1"}},{"type":"multi_users_select","action_id":"who","selected_users":["U1","U2"]}]}`,
			Interaction{Type: "block_actions", Team: "T1", User: "U1", UserTeam: "T9", Channel: "C1", MessageTS: "6.000001", ThreadTS: "5.000001",
				TriggerID: "1.2", ResponseURL: "https://x", Actions: []Action{
					{ID: "retry", Block: "b", Input: Input{Type: "button", Value: "t1"}, TS: "7.0"},
					{ID: "model", Input: Input{Type: "static_select", Value: "m1", Values: []string{"m1"}}},
					{ID: "who", Input: Input{Type: "multi_users_select", Values: []string{"U1", "U2"}}}}}},
		{`{"type":"view_submission","user":{"id":"U1"},"trigger_id":"1.2","view":{"id":"V1","type":"modal","callback_id":"settings","hash":"h","private_metadata":"{}",
		   "state":{"values":{"b1":{"a1":{"type":"plain_text_input","value":"x"},"a2":{"type":"checkboxes","selected_options":[{"value":"p"},{"value":"q"}]}},"b2":7}}}}`,
			Interaction{Type: "view_submission", Team: "T1", User: "U1", TriggerID: "1.2", View: &View{ID: "V1", Type: "modal", CallbackID: "settings", Hash: "h", PrivateMetadata: "{}",
				State: map[string]map[string]Input{"b1": {"a1": {Type: "plain_text_input", Value: "x"}, "a2": {Type: "checkboxes", Values: []string{"p", "q"}}}, "b2": {}}}}},
		{`{"type":"message_action","user":{"id":"U1"},"callback_id":"ask","trigger_id":"1.2","channel":{"id":"C1"},"message_ts":"6.000001","message":{"ts":"6.000001"}}`,
			Interaction{Type: "message_action", Team: "T1", User: "U1", CallbackID: "ask", TriggerID: "1.2", Channel: "C1", MessageTS: "6.000001"}},
		{`{"command":"/ask","text":"why","team_id":"T1","channel_id":"C1","user_id":"U1","trigger_id":"1.2","response_url":"https://x"}`,
			Command{Team: "T1", Channel: "C1", User: "U1", Name: "/ask", Text: "why", TriggerID: "1.2", ResponseURL: "https://x"}},
	} {
		got, ok := d.Act([]byte(tt.payload))
		if i, is := got.(Interaction); is && i.View != nil {
			if !strings.Contains(string(i.View.Raw), `"private_metadata":"{}"`) {
				t.Errorf("the raw view is %s", i.View.Raw)
			}
			i.View.Raw = nil
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("%.40s: ok %v (-want +got):\n%s", tt.payload, ok, diff)
		}
	}
	i := Interaction{Team: "T1", Channel: "C1", MessageTS: "6.000001"}
	if i.Conversation() != conversation("C1", "6.000001") || !(Interaction{Team: "T1"}).Conversation().IsZero() {
		t.Error("the conversation of a click is wrong")
	}
}

func TestOddEnvelopes(t *testing.T) {
	d := New(me, policy.Off)
	keys := map[string]string{}
	for _, env := range []inbox.Envelope{
		{Type: "events_api", Payload: []byte(`null`)}, {Type: "events_api", Payload: nil}, {Type: "events_api", Payload: []byte(`{`)},
		{Type: "events_api", Payload: []byte(`[1,2]`)}, {Type: "events_api", Payload: []byte(`"x"`)}, {Type: "", Payload: []byte(`{}`)},
		{Type: "events_api", Payload: []byte(`{"event":7}`)}, {Type: "hologram", Payload: []byte(`{"a":1}`)},
		{Type: "events_api", Payload: []byte(`{"type":"app_rate_limited","minute_rate_limited":1}`)},
		{Type: "events_api", Payload: []byte(`{"type":"app_rate_limited","minute_rate_limited":2}`)},
		{Type: "events_api", Payload: []byte(strings.Repeat(`{"event":`, 20000) + `1` + strings.Repeat(`}`, 20000))},
	} {
		e := d.Classify(env)
		if e.Kind != inbox.Other || !strings.HasPrefix(e.Key, "h/") || e.At.IsZero() {
			t.Errorf("%s %.30s is %+v", env.Type, env.Payload, e)
		}
		if before, ok := keys[e.Key]; ok {
			t.Errorf("%.30s and %.30s have one key", before, env.Payload)
		}
		keys[e.Key] = string(env.Payload)
		if again := d.Classify(env); again.Key != e.Key {
			t.Errorf("%.30s has two keys", env.Payload)
		}
	}
	e := New(Identity{}, policy.Off).Classify(callback("Ev1", `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","text":"<@>"}`))
	if !e.Lane.IsZero() {
		t.Errorf("a decoder that does not know the bot gave a lane: %+v", e)
	}
}

func TestLooks(t *testing.T) {
	for _, tt := range []struct {
		want string
		list []Entity
	}{
		{"", nil},
		{"", []Entity{{Type: "slack#/types/canvas_id", Value: "F1"}, {Type: "new"}}},
		{"C1", []Entity{{Type: "slack#/types/canvas_id", Value: "F1"}, {Type: "slack#/types/channel_id", Value: "C1"}, {Type: "slack#/types/channel_id", Value: "C2"}}},
		{"C3", []Entity{{Type: "slack#/types/message_context", Channel: "C3", MessageTS: "1.000001"}}},
	} {
		if got := (Home{Context: tt.list}).Looks(); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.list, got, tt.want)
		}
	}
}

// What may be a follow-up is left to the store; what is late, calls somebody else or
// says stop is none.
func TestFollowUps(t *testing.T) {
	d := New(me, policy.Asker)
	at := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	ts := fmt.Sprintf("%d.000001", at.Unix())
	reply := func(more string) string {
		return `{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"` + ts + `","thread_ts":"1.000001"` + more + `}`
	}
	for name, c := range map[string]struct {
		inner string
		at    time.Time
		want  policy.FollowUps
	}{
		"a reply":          {reply(`,"text":"and now?"`), at, policy.Asker},
		"late":             {reply(`,"text":"and now?"`), at.Add(time.Hour), ""},
		"to a person":      {reply(`,"text":"<@U2> and now?"`), at, ""},
		"to a group":       {reply(`,"text":"<!subteam^S1> and now?"`), at, ""},
		"to all":           {reply(`,"text":"<!here> and now?"`), at, ""},
		"a date is nobody": {reply(`,"text":"<!date^1^{date}|then> and now?"`), at, policy.Asker},
		"to us":            {reply(`,"text":"<@` + me.BotUser + `> and now?"`), at, ""},
		"stop":             {reply(`,"text":"stop"`), at, ""},
		"of an app":        {reply(`,"text":"and now?","bot_id":"B9"`), at, ""},
		"at the top":       {`{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"` + ts + `","text":"and now?"}`, at, ""},
	} {
		env := callback("Ev1", c.inner)
		env.At = c.at
		if e := d.Classify(env); e.Follow != c.want {
			t.Errorf("%s: %q, want %q", name, e.Follow, c.want)
		}
	}
}
