package slacksim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func jsonInto(b []byte, v any) error { return json.Unmarshal(b, v) }

func TestE3_MentionIsTwoEvents(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	orders := map[string]int{}
	text := "hey <@" + SeedBotUser + "> look"
	var p Posted
	for range 20 {
		p = r.say(SeedAda, SeedGeneral, text, "")
		var kinds, ids []string
		for range 2 {
			env := l.next()
			l.ack(env)
			e := inner(env)
			if e["ts"] != p.TS || e["text"] != text || e["channel"] != SeedGeneral || e["user"] != SeedAda {
				t.Fatal(e)
			}
			if _, ok := e["channel_type"]; ok != (e["type"] == "message") {
				t.Fatal(e)
			}
			kinds = append(kinds, e["type"].(string))
			ids = append(ids, env["payload"].(obj)["event_id"].(string))
		}
		if ids[0] == ids[1] {
			t.Fatal("one event_id for two events")
		}
		orders[strings.Join(kinds, " ")]++
	}
	if want := []string{"app_mention message", "message app_mention"}; !slices.Equal(slices.Sorted(maps.Keys(orders)), want) {
		t.Fatal(orders)
	}
	if err := r.Edit(SeedAda, SeedGeneral, p.TS, text+" again"); err != nil {
		t.Fatal(err)
	}
	if e := l.eventOf("message", "message_changed"); e["message"].(obj)["text"] != text+" again" {
		t.Fatal(e)
	}
	if e := l.eventOf("app_mention", ""); e["edited"].(obj)["user"] != SeedAda || e["ts"] != p.TS {
		t.Fatal(e)
	}
	dm := r.say(SeedAda, "@bot", text, "")
	e := l.event()
	if e["type"] != "message" || e["channel_type"] != "im" || e["ts"] != dm.TS || e["app_context"] == nil {
		t.Fatal(e)
	}
	r.say(SeedBen, "@bot", "next", "")
	if e := l.event(); e["text"] != "next" {
		t.Fatalf("a mention in a DM sent a second event: %v", e)
	}
}

func TestMessageEventShape(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	p := r.say(SeedAda, "@bot", "see <https://x.example|this> &amp; <@"+SeedBen+">", "")
	env := l.next()
	l.ack(env)
	if env["type"] != "events_api" || env["accepts_response_payload"] != false || env["retry_attempt"] != 0.0 || env["retry_reason"] != "" {
		t.Fatal(env)
	}
	pay := env["payload"].(obj)
	auth := pay["authorizations"].([]any)[0].(obj)
	if pay["type"] != "event_callback" || pay["team_id"] != SeedTeam || pay["api_app_id"] != SeedApp || auth["user_id"] != SeedBotUser || auth["is_bot"] != true {
		t.Fatal(pay)
	}
	where, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(pay["event_context"].(string), "4-"))
	if err != nil || !strings.Contains(string(where), SeedAdaDM) {
		t.Fatal(string(where), err)
	}
	e := inner(env)
	delete(e["blocks"].([]any)[0].(obj), "block_id")
	want := obj{
		"type": "message", "user": SeedAda, "ts": p.TS, "event_ts": p.TS, "client_msg_id": e["client_msg_id"], "team": SeedTeam,
		"channel": SeedAdaDM, "channel_type": "im", "text": "see <https://x.example|this> &amp; <@" + SeedBen + ">",
		"app_context":  obj{"entities": []any{}},
		"action_token": e["action_token"], "assistant_thread": obj{"action_token": e["action_token"]},
		"blocks": []any{obj{"type": "rich_text", "elements": []any{obj{"type": "rich_text_section", "elements": []any{
			obj{"type": "text", "text": "see "}, obj{"type": "link", "url": "https://x.example", "text": "this"},
			obj{"type": "text", "text": " & "}, obj{"type": "user", "user_id": SeedBen},
		}}}}},
	}
	if d := cmp.Diff(want, e); d != "" {
		t.Fatal(d)
	}
}

func TestE4_Chaos(t *testing.T) {
	r := start(t, Options{Seed: 7})
	l := r.dial()
	if err := r.SetDelivery(2, false, 0, 0, false); err != nil {
		t.Fatal(err)
	}
	r.say(SeedAda, "@bot", "thrice", "")
	ids := map[any]int{}
	for range 3 {
		env := l.next()
		l.ack(env)
		ids[env["payload"].(obj)["event_id"]]++
	}
	if len(ids) != 1 {
		t.Fatal(ids)
	}

	if err := r.SetDelivery(0, true, 0, 0, true); err != nil {
		t.Fatal(err)
	}
	var sent, got []string
	for i := range 50 { // a burst, held back and then shuffled
		sent = append(sent, fmt.Sprint(i))
		r.say(SeedAda, "@bot", sent[i], "")
	}
	if n := look(r.Sim, View.Waiting); n != 50 {
		t.Fatalf("%d held", n)
	}
	if err := r.SetDelivery(0, true, 0, 0, false); err != nil {
		t.Fatal(err)
	}
	for range sent {
		got = append(got, l.event()["text"].(string))
	}
	if slices.Equal(sent, got) {
		t.Error("not reordered")
	}
	slices.Sort(sent)
	slices.Sort(got)
	equal(t, "after sorting", got, sent)

	if err := r.SetDelivery(0, false, 5*time.Millisecond, 10*time.Millisecond, false); err != nil {
		t.Fatal(err)
	}
	r.say(SeedAda, "@bot", "late", "")
	if e := l.event(); e["text"] != "late" {
		t.Fatal(e)
	}
	if err := r.SetDelivery(-1, false, 0, 0, false); err == nil {
		t.Error("a negative number of duplicates")
	}

	if err := r.SetDelivery(0, false, 0, 0, false); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Envelope("mystery", json.RawMessage(`{"a":1}`), ""); err != nil {
		t.Fatal(err)
	}
	if env := l.next(); env["type"] != "mystery" || env["payload"].(obj)["a"] != 1.0 {
		t.Fatal(env)
	}
	id, err := r.Envelope("events_api", json.RawMessage(`{"event_id":"Ev0","event":{"type":"comet_seen"}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	env := l.next()
	l.ack(env)
	if env["envelope_id"] != id || inner(env)["type"] != "comet_seen" {
		t.Fatal(env)
	}
	if _, err := r.Envelope("", nil, `{"type":`); err != nil {
		t.Fatal(err)
	}
	if _, b, err := l.conn.Read(deadline(t)); err != nil || string(b) != `{"type":` {
		t.Fatal(string(b), err)
	}
	if _, err := r.Envelope("interactive", json.RawMessage(`{"type":"block_actions"}`), ""); err != nil {
		t.Fatal(err)
	}
	env = l.next()
	if env["accepts_response_payload"] != true {
		t.Fatal(env)
	}
	l.write(`{"envelope_id":"` + env["envelope_id"].(string) + `","payload":{"response_action":"clear"}}`)
	r.until("the ack payload", func(v View) bool {
		e := v.Envelopes()
		return strings.Contains(string(e[len(e)-1].AckPayload), "clear")
	})
}

func TestE5_OnlyWhatTheAppMaySee(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	r.say(SeedAda, SeedRandom, "not a member", "")
	r.set(func(s *Settings) {
		s.Scopes = slices.DeleteFunc(s.Scopes, func(x string) bool { return x == "channels:history" })
	})
	r.say(SeedAda, SeedGeneral, "no scope", "")
	r.set(func(s *Settings) { *s = DefaultSettings(); s.Subscriptions = []string{"message.im", "file_shared"} })
	r.say(SeedAda, SeedGeneral, "not subscribed <@"+SeedBotUser+">", "")
	if err := r.Open(SeedAda, "@bot"); err != nil {
		t.Fatal(err)
	}
	p, err := r.Post(Remark{User: SeedAda, Channel: "@bot", Text: "a file", Files: json.RawMessage(`[{"id":"F1","name":"a.txt"}]`)})
	if err != nil {
		t.Fatal(err)
	}
	e := l.event()
	if e["subtype"] != "file_share" || e["ts"] != p.TS || e["files"].([]any)[0].(obj)["id"] != "F1" || e["text"] != "a file" {
		t.Fatal(e)
	}
	if e = l.event(); e["type"] != "file_shared" || e["file_id"] != "F1" {
		t.Fatal(e)
	}
}

func TestPeople(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	id, err := r.AddUser("cleo", "Cleo Varga", "Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Join(id, SeedGeneral); err != nil {
		t.Fatal(err)
	}
	if e := l.eventOf("member_joined_channel", ""); e["user"] != id || e["channel"] != SeedGeneral {
		t.Fatal(e)
	}
	r.say(id, "@bot", "hello", "")
	if e := l.event(); e["user"] != id || e["channel_type"] != "im" {
		t.Fatal(e)
	}
	if err := r.Leave(id, SeedGeneral); err != nil {
		t.Fatal(err)
	}
	refused := func(code string, err error) {
		t.Helper()
		if bad, ok := err.(*BadRequest); !ok || bad.Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	_, err = r.Say(id, SeedGeneral, "x", "")
	refused("not_in_channel", err)
	_, err = r.Say("U0", SeedGeneral, "x", "")
	refused("user_not_found", err)
	_, err = r.Say(SeedAda, "#nowhere", "x", "")
	refused("channel_not_found", err)
	_, err = r.Say(SeedAda, "#general", "  ", "")
	refused("no_text", err)
	_, err = r.Say(SeedAda, "#general", "x", "1.000001")
	refused("thread_not_found", err)
	p := r.say(SeedAda, "#general", "mine", "")
	refused("cant_update_message", r.Edit(SeedBen, SeedGeneral, p.TS, "x"))
	refused("cant_delete_message", r.Delete(SeedBen, SeedGeneral, p.TS))
	refused("message_not_found", r.Edit(SeedAda, SeedGeneral, "1.000001", "x"))
	_, err = r.AddChannel("Not Good")
	refused("invalid_name", err)
	_, err = r.AddChannel("general")
	refused("name_taken", err)
	refused("not_stoppable", r.Stop(SeedAda, SeedGeneral, p.TS))
}
