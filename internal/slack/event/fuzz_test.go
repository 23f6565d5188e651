package event

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
)

func FuzzClassify(f *testing.F) {
	for _, subtype := range []string{
		"", "file_share", "thread_broadcast", "me_message", "bot_message", "message_changed", "message_deleted", "message_replied",
		"tombstone", "channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive",
		"assistant_app_thread", "huddle_thread", "ekm_access_denied", "reminder_add", "hologram",
	} {
		for _, author := range []string{`"user":"U1"`, `"user":"UBOT","bot_id":"BBOT"`, `"bot_id":"B7"`, `"x":1`} {
			for _, where := range []string{`"channel":"D1","channel_type":"im"`, `"channel":"C1","channel_type":"channel"`} {
				f.Add("events_api", callback("Ev1", fmt.Sprintf(`{"type":"message","subtype":%q,%s,%s,"ts":"5.000001","thread_ts":"4.000001","text":"<@UBOT> hi",
					"deleted_ts":"3.000001","edited":{"ts":"6.000001"},"files":[{"id":"F1","size":3}],
					"message":{"user":"U1","ts":"3.000001","text":"b","edited":{"ts":"6.000001"}},"previous_message":{"text":"a"}}`, subtype, author, where)).Payload)
			}
		}
	}
	for _, typ := range []string{"app_mention", "agent_session_stopped", "agent_session_title_changed", "app_home_opened", "app_context_changed",
		"reaction_added", "member_joined_channel", "file_shared", "link_shared", "tokens_revoked", "app_uninstalled", "function_executed"} {
		f.Add("events_api", callback("Ev1", fmt.Sprintf(`{"type":%q,"user":"U1","channel":"C1","ts":"5.000001","thread_ts":"5.000001","tab":"home","reaction":"eyes",
			"item":{"channel":"C1","ts":"5.000001"},"context":{"entities":[{"type":"a","value":{"channel_id":"C1"}}]},"streaming_message_ts":["5.000001"]}`, typ)).Payload)
	}
	f.Add("interactive", []byte(`{"type":"block_actions","user":{"id":"U1"},"trigger_id":"1.2","actions":[{"action_id":"a","selected_option":{"value":"v"}}],"view":{"id":"V1","state":{"values":{"b":{"a":{"value":"x"}}}}}}`))
	f.Add("interactive", []byte(`{"type":"view_closed","view":{"id":"V1"},"is_cleared":true}`))
	f.Add("slash_commands", []byte(`{"command":"/ask","user_id":"U1","trigger_id":"1.2"}`))
	sound, err := os.ReadFile("../../../testdata/envelopes.jsonl") // one of each kind
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(sound)) {
		var env struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &env); err != nil {
			f.Fatal(err)
		}
		f.Add(env.Type, []byte(env.Payload))
	}
	f.Add("hologram", []byte(`[null]`))
	f.Add("events_api", []byte(`{"type":"app_rate_limited"}`))

	d := New(me, policy.Off)
	f.Fuzz(func(t *testing.T, typ string, payload []byte) {
		env := inbox.Envelope{Type: typ, Payload: payload, At: time.Unix(1, 0)}
		e := d.Classify(env)
		if e.Key == "" || len(e.Key) > 300 || !utf8.ValidString(e.Key) || strings.Contains(e.Key, "\x00") {
			t.Fatalf("key %q", e.Key)
		}
		if again := d.Classify(env); again.Key != e.Key || again.Lane != e.Lane || again.Kind != e.Kind {
			t.Fatalf("two answers: %+v and %+v", e, again)
		}
		if string(e.Payload) != string(payload) {
			t.Fatal("the payload was changed")
		}
		m := e.Message
		for _, s := range []string{m.Text, m.User, m.BotID, m.AppID, m.Channel, m.ClientTeam} {
			if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				t.Fatalf("text %q cannot be stored", s)
			}
		}
		switch e.Kind {
		case inbox.Message, inbox.Edit, inbox.Deletion:
			if !m.TS.Valid() || m.Channel == "" || m.Team == "" {
				t.Fatalf("%s without a place: %+v", e.Kind, m)
			}
			if back, err := chat.ParseConversation(m.Conversation.Key()); err != nil || back != m.Conversation {
				t.Fatalf("conversation %q does not survive: %v", m.Conversation.Key(), err)
			}
		default:
			if m.TS != "" {
				t.Fatalf("%s with a message", e.Kind)
			}
		}
		if !e.Lane.IsZero() {
			if e.Kind != inbox.Message || e.Lane != m.Conversation || m.User == "" || m.User == me.BotUser || m.BotID != "" || m.AppID == me.App {
				t.Fatalf("a lane for %+v", e)
			}
		}
		d.Act(payload)
	})
}
