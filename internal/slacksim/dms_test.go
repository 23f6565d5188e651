package slacksim

import (
	"bytes"
	"testing"
)

func (r *rig) directWith(user string, with ...string) string {
	r.t.Helper()
	code, b := r.ctl("POST", "/sim/dms", obj{"user": user, "with": with})
	if code != 200 {
		r.t.Fatal(code, string(b))
	}
	return parse(r.t, b)["id"].(string)
}

func TestDMsBetweenPeople(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Scopes = append(s.Scopes, "chat:write.public") })
	l := r.dial()
	id := r.directWith(SeedAda, SeedBen)
	if id != r.directWith(SeedBen, SeedAda, SeedBen) {
		t.Fatal("the same two have two conversations")
	}
	r.Look(func(v View) {
		ch, _ := v.Channel(id)
		if !ch.IsIM || ch.IsMPIM || ch.User != "" || len(ch.Members) != 2 || id[0] != 'D' {
			t.Errorf("%+v", ch)
		}
	})
	// The app hears nothing of it and cannot see it.
	p := r.say(SeedAda, id, "between us <@"+SeedBotUser+">", "")
	if err := r.Edit(SeedAda, id, p.TS, "edited"); err != nil {
		t.Fatal(err)
	}
	if err := r.React(SeedBen, id, p.TS, "eyes", false); err != nil {
		t.Fatal(err)
	}
	if err := r.Open(SeedAda, id); err != nil {
		t.Fatal(err)
	}
	file := r.brought(SeedAda, "a.txt", []byte("a"))["id"].(string)
	r.ctl("POST", "/sim/messages", obj{"user": SeedAda, "channel": id, "files": files(file)})
	r.say(SeedAda, "@bot", "hello", "")
	if e := l.event(); e["text"] != "hello" {
		t.Fatal(e)
	}
	r.bad("channel_not_found", "conversations.info", obj{"channel": id})
	r.bad("channel_not_found", "conversations.history", obj{"channel": id})
	r.bad("channel_not_found", "chat.postMessage", obj{"channel": id, "text": "x"})
	r.bad("file_not_found", "files.info", obj{"file": file})
	for _, ch := range r.ok("conversations.list", obj{"types": "im"})["channels"].([]any) {
		if ch.(obj)["id"] == id {
			t.Fatal("listed")
		}
	}
	if d := r.directWith(SeedAda, SeedBotUser); d != SeedAdaDM {
		t.Fatal(d)
	}
	for want, x := range map[string]obj{
		"not_enough_users": {"user": SeedAda, "with": []string{SeedAda}},
		"user_not_found":   {"user": SeedAda, "with": []string{"U0"}},
	} {
		if code, b := r.ctl("POST", "/sim/dms", x); code/100 != 4 || !bytes.Contains(b, []byte(want)) {
			t.Fatal(code, string(b))
		}
	}
	if r.Join(SeedBotUser, id) == nil || r.Leave(SeedAda, id) == nil {
		t.Fatal("joined or left a direct conversation")
	}
	// It survives export and import, without becoming anybody's DM with the app.
	other := New(Options{})
	defer other.Close()
	if err := other.Import(r.Export()); err != nil {
		t.Fatal(err)
	}
	if got := other.Messages(id); len(got) != 2 || got[0].Text != "edited" {
		t.Fatal(got)
	}
	if p, err := other.Say(SeedAda, "@bot", "x", ""); err != nil || p.Channel != SeedAdaDM {
		t.Fatal(p, err)
	}
}

func TestGroupConversation(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	id := r.directWith(SeedAda, SeedBen, SeedBotUser)
	r.say(SeedAda, id, "hello all", "")
	e := l.eventOf("message", "")
	if e["channel"] != id || e["channel_type"] != "mpim" || e["app_context"] != nil {
		t.Fatal(e)
	}
	r.say(SeedAda, id, "and <@"+SeedBotUser+">", "")
	kinds := map[any]bool{l.event()["type"]: true, l.event()["type"]: true}
	if !kinds["message"] || !kinds["app_mention"] {
		t.Fatal(kinds)
	}
	info := r.ok("conversations.info", obj{"channel": id})["channel"].(obj)
	if info["is_mpim"] != true || info["is_im"] != false || info["is_channel"] != false || info["is_private"] != true || info["name"] != "mpdm-ada--ben--holdfast-1" {
		t.Fatal(info)
	}
	list := r.ok("conversations.list", obj{"types": "mpim"})["channels"].([]any)
	if len(list) != 1 || list[0].(obj)["id"] != id {
		t.Fatal(list)
	}
	if list := r.ok("conversations.list", obj{"types": "private_channel,public_channel"})["channels"].([]any); len(list) != 3 {
		t.Fatal(list)
	}
	if n := len(r.ok("conversations.members", obj{"channel": id})["members"].([]any)); n != 3 {
		t.Fatal(n)
	}
	r.ok("chat.postMessage", obj{"channel": id, "text": "hi"})
	if n := len(r.ok("conversations.history", obj{"channel": id})["messages"].([]any)); n != 3 {
		t.Fatal(n)
	}
	r.bad("method_not_supported_for_channel_type", "conversations.join", obj{"channel": id})
	r.set(func(s *Settings) { s.Subscriptions = []string{"message.groups", "message.channels"} })
	r.say(SeedAda, id, "unheard", "")
	r.say(SeedAda, SeedGeneral, "heard", "")
	for e := l.event(); e["text"] != "heard"; e = l.event() {
		if e["text"] == "unheard" {
			t.Fatal(e)
		}
	}
}

func TestConversationsOpenGroup(t *testing.T) {
	r := start(t, Options{})
	const method = "conversations.open"
	both := SeedAda + "," + SeedBen
	if out := r.bad("missing_scope", method, obj{"users": both}); out["needed"] != "mpim:write" {
		t.Fatal(out)
	}
	r.set(func(s *Settings) { s.Scopes = append(s.Scopes, "mpim:write") })
	id := r.ok(method, obj{"users": both})["channel"].(obj)["id"].(string)
	out := r.ok(method, obj{"users": SeedBen + "," + SeedAda, "return_im": true})
	if ch := out["channel"].(obj); ch["id"] != id || out["already_open"] != true || ch["is_mpim"] != true {
		t.Fatal(out)
	}
	if id != r.directWith(SeedAda, SeedBen, SeedBotUser) {
		t.Fatal("the same three have two conversations")
	}
	r.bad("user_not_found", method, obj{"users": SeedAda + ",U0"})
	r.bad("invalid_user_combination", method, obj{"users": SeedAda + "," + SeedAda})
	many := SeedAda
	for i := range 8 {
		u, err := r.AddUser("p"+string(rune('a'+i)), "", "")
		if err != nil {
			t.Fatal(err)
		}
		many += "," + u
	}
	r.bad("too_many_users", method, obj{"users": many})
}
