package slacksim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// found are the texts of the messages in a search's answer.
func found(out obj) []string {
	texts := []string{}
	for _, m := range out["results"].(obj)["messages"].([]any) {
		texts = append(texts, m.(obj)["content"].(string))
	}
	return texts
}

// asksApp has Ada write to the app, which gives the app a token to search with.
func (r *rig) asksApp(l *link) string {
	r.t.Helper()
	r.say(SeedAda, "@bot", "find it", "")
	for {
		if e := l.event(); e["text"] == "find it" {
			return e["action_token"].(string)
		}
	}
}

func TestF4SearchContext(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	r.say(SeedBen, SeedGeneral, "the harbour light is broken", "")
	p := r.say(SeedBen, SeedRandom, "Harbour LIGHT again", "") // the app is not in it, but it is public
	if _, err := r.addChannel("quiet", []string{SeedAda, SeedBen, SeedBotUser}, true); err != nil {
		t.Fatal(err)
	}
	r.say(SeedBen, "#quiet", "harbour light in private", "")
	r.say(SeedBen, SeedBenDM, "harbour light in a DM", "")
	token := r.asksApp(l)
	const method = "assistant.search.context"
	out := r.ok(method, obj{"query": "light harbour", "action_token": token})
	equal(t, "public", found(out), []string{"Harbour LIGHT again", "the harbour light is broken"})
	m := out["results"].(obj)["messages"].([]any)[0].(obj)
	if m["author_user_id"] != SeedBen || m["author_name"] != "Ben Okafor" || m["channel_id"] != SeedRandom || m["channel_name"] != "random" || m["message_ts"] != p.TS ||
		m["team_id"] != SeedTeam || m["is_author_bot"] != false || !strings.HasSuffix(m["permalink"].(string), "/archives/"+SeedRandom+"/p"+strings.Replace(p.TS, ".", "", 1)) {
		t.Fatal(m)
	}
	equal(t, "all words", found(r.ok(method, obj{"query": "harbour boat", "action_token": token})), []string{})
	equal(t, "a question", found(r.ok(method, obj{"query": "what is with the broken boat?", "action_token": token})), []string{"the harbour light is broken"})
	equal(t, "no semantics", found(r.ok(method, obj{"query": "broken boat?", "action_token": token, "disable_semantic_search": true})), []string{})
	equal(t, "oldest first", found(r.ok(method, obj{"query": "light", "action_token": token, "sort": "timestamp", "sort_dir": "asc"})),
		[]string{"the harbour light is broken", "Harbour LIGHT again"})
	equal(t, "before", found(r.ok(method, obj{"query": "light", "action_token": token, "before": p.TS})), []string{"the harbour light is broken"})
	equal(t, "after", found(r.ok(method, obj{"query": "light", "action_token": token, "after": p.TS})), []string{})

	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "light from the app"})
	equal(t, "no bots", found(r.ok(method, obj{"query": "light app", "action_token": token})), []string{})
	equal(t, "bots", found(r.ok(method, obj{"query": "light app", "action_token": token, "include_bots": true})), []string{"light from the app"})
	out = r.ok(method, obj{"query": "broken", "action_token": token, "include_context_messages": true})
	if around := out["results"].(obj)["messages"].([]any)[0].(obj)["context_messages"].(obj); len(around["before"].([]any)) != 0 || len(around["after"].([]any)) != 1 {
		t.Fatal(around)
	}

	// Other conversations want a scope each, and are those of the person whose token it is.
	if out := r.bad("missing_scope", method, obj{"query": "light", "action_token": token, "channel_types": []string{"private_channel"}}); out["needed"] != "search:read.private" {
		t.Fatal(out)
	}
	r.set(func(s *Settings) {
		s.Scopes = append(s.Scopes, "search:read.private", "search:read.im", "search:read.files", "search:read.users")
	})
	equal(t, "private", found(r.ok(method, obj{"query": "light", "action_token": token, "channel_types": []string{"private_channel", "im"}})), []string{"harbour light in private"})

	id := r.brought(SeedBen, "light.txt", []byte("lamp"))["id"].(string)
	r.ctl("POST", "/sim/messages", obj{"user": SeedBen, "channel": SeedRandom, "files": files(id)})
	r.brought(SeedBen, "light2.txt", []byte("not shared"))
	out = r.ok(method, obj{"query": "lamp", "action_token": token, "content_types": []string{"files", "channels", "users"}})
	if list := out["results"].(obj)["files"].([]any); len(list) != 1 || list[0].(obj)["file_id"] != id {
		t.Fatal(list)
	}
	if list := r.ok(method, obj{"query": "engineering", "action_token": token, "content_types": "channels"})["results"].(obj)["channels"].([]any); len(list) != 1 {
		t.Fatal(list)
	}
	if list := r.ok(method, obj{"query": "okafor", "action_token": token, "content_types": "users"})["results"].(obj)["users"].([]any); len(list) != 1 {
		t.Fatal(list)
	}
	if r.ok("assistant.search.info", obj{})["is_ai_search_enabled"] != true {
		t.Fatal("search is off")
	}
}

func TestF4ActionToken(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	const method = "assistant.search.context"
	token := r.asksApp(l)
	r.ok(method, obj{"query": "x", "action_token": token})
	r.ok(method, obj{"query": "x", "action_token": token}) // more than once
	for _, bad := range []string{"", "nonsense", token + "x", "a." + token, strings.Repeat("a", 5000)} {
		r.bad("invalid_action_token", method, obj{"query": "x", "action_token": bad})
	}
	r.Advance(15*time.Minute - 2*time.Second)
	r.ok(method, obj{"query": "x", "action_token": token})
	r.Advance(3 * time.Second)
	r.bad("invalid_action_token", method, obj{"query": "x", "action_token": token})

	// A mention is two events, each with a token that works, in both places.
	r.say(SeedBen, SeedGeneral, "<@"+SeedBotUser+"> look", "")
	seen := map[string]bool{}
	for range 2 {
		e := l.event()
		token := e["action_token"].(string)
		if e["assistant_thread"].(obj)["action_token"] != token || seen[token] {
			t.Fatal(e)
		}
		seen[token] = true
		r.ok(method, obj{"query": "x", "action_token": token})
	}
	token = r.asksApp(l)
	r.Reset()
	r.bad("invalid_action_token", method, obj{"query": "x", "action_token": token})
}

func TestF4SearchErrorsAndPages(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	token := r.asksApp(l)
	const method = "assistant.search.context"
	for i := range 25 {
		r.say(SeedBen, SeedRandom, fmt.Sprint("light ", i), "")
	}
	out := r.ok(method, obj{"query": "light", "action_token": token})
	if len(found(out)) != 20 {
		t.Fatal(len(found(out)))
	}
	next := out["response_metadata"].(obj)["next_cursor"].(string)
	out = r.ok(method, obj{"query": "light", "action_token": token, "cursor": next})
	equal(t, "second page", found(out), []string{"light 4", "light 3", "light 2", "light 1", "light 0"})
	if out["response_metadata"].(obj)["next_cursor"] != "" {
		t.Fatal(out["response_metadata"])
	}
	bad := func(code string, more obj) {
		t.Helper()
		a := obj{"query": "light", "action_token": token}
		for k, v := range more {
			a[k] = v
		}
		r.bad(code, method, a)
	}
	bad("missing_query", obj{"query": " "})
	bad("query_too_long", obj{"query": strings.Repeat("é", maxQuery+1)})
	bad("invalid_arguments", obj{"limit": 21})
	bad("invalid_arguments", obj{"limit": 0})
	bad("invalid_cursor", obj{"cursor": "nonsense"})
	bad("invalid_cursor", obj{"cursor": makeCursor("search", "-1")})
	bad("context_channel_not_found", obj{"context_channel_id": "C0"})
	bad("context_channel_not_found", obj{"context_channel_id": SeedBenDM})
	bad("invalid_arguments", obj{"sort": "mood"})
	bad("invalid_arguments", obj{"sort_dir": "left"})
	bad("invalid_arguments", obj{"channel_types": "tv"})
	bad("invalid_arguments", obj{"before": "soon"})
	bad("missing_scope", obj{"content_types": "files"})
	r.set(func(s *Settings) { s.Search = "disabled" })
	bad("assistant_search_context_disabled", nil)
	if r.ok("assistant.search.info", obj{})["is_ai_search_enabled"] != false {
		t.Fatal("search is on")
	}
	r.set(func(s *Settings) { s.Search = "missing" })
	bad("feature_not_enabled", nil)
	r.bad("feature_not_enabled", "assistant.search.info", obj{})
	r.set(func(s *Settings) { s.Search, s.Scopes = "on", nil })
	bad("missing_scope", nil)
}
