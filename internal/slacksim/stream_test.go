package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func (r *rig) begin(thread string, more obj) string {
	r.t.Helper()
	a := obj{"channel": SeedGeneral, "thread_ts": thread, "recipient_user_id": SeedAda, "recipient_team_id": SeedTeam}
	for k, v := range more {
		a[k] = v
	}
	return r.ok("chat.startStream", a)["ts"].(string)
}

func onto(ts string, more obj) obj {
	a := obj{"channel": SeedGeneral, "ts": ts}
	for k, v := range more {
		a[k] = v
	}
	return a
}

func words(s string) []obj { return []obj{{"type": "markdown_text", "text": s}} }

func (r *rig) shown(ts string) Message {
	r.t.Helper()
	var m Message
	r.Look(func(v View) { m, _ = v.Message(SeedGeneral, ts) })
	return m
}

func TestS1_StartNeedsRecipientsAndThread(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	dm := r.say(SeedAda, "@bot", "hi", "").TS
	r.bad("missing_recipient_user_id", "chat.startStream", obj{"channel": SeedGeneral, "thread_ts": root})
	r.bad("missing_recipient_team_id", "chat.startStream", obj{"channel": SeedGeneral, "thread_ts": root, "recipient_user_id": SeedAda})
	r.bad("user_not_found", "chat.startStream", obj{"channel": SeedGeneral, "thread_ts": root, "recipient_user_id": "U0", "recipient_team_id": SeedTeam})
	r.bad("team_not_found", "chat.startStream", obj{"channel": SeedGeneral, "thread_ts": root, "recipient_user_id": SeedAda, "recipient_team_id": "T0"})
	r.bad("missing_recipient_user_id", "chat.startStream", obj{"channel": SeedAdaDM, "thread_ts": dm})
	r.set(func(s *Settings) { s.RecipientInDM = false })
	r.ok("chat.startStream", obj{"channel": SeedAdaDM, "thread_ts": dm})
	r.bad("invalid_arguments", "chat.startStream", obj{"channel": SeedAdaDM})
	top := obj{"channel": SeedGeneral, "recipient_user_id": SeedAda, "recipient_team_id": SeedTeam}
	r.bad("invalid_arguments", "chat.startStream", top)
	r.set(func(s *Settings) { s.StreamWithoutThread = true })
	r.ok("chat.startStream", top)
	r.bad("not_in_channel", "chat.startStream", obj{"channel": SeedRandom, "thread_ts": root})
}

func TestS2_StartMakesTheSession(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedBen, SeedGeneral, "hi", "").TS
	ts := r.begin(root, obj{"chunks": words("a")})
	s := r.Sessions()
	if len(s) != 1 || s[0].Status != "processing" || s[0].Initiator != SeedBen || s[0].ThreadTS != root || !s[0].Stoppable {
		t.Fatalf("%+v", s)
	}
	if m := r.shown(ts); m.StreamingState != "in_progress" || m.Text != "a" || m.ThreadTS != root {
		t.Fatalf("%+v", m)
	}
	r.bad("invalid_arguments", "chat.appendStream", onto(ts, obj{"markdown_text": "b", "chunks": words("b")}))
	r.bad("invalid_arguments", "chat.appendStream", onto(ts, obj{"markdown_text": "b"}))
	r.bad("invalid_arguments", "chat.stopStream", onto(ts, obj{"markdown_text": "b"}))
	r.bad("no_text", "chat.appendStream", onto(ts, nil))
	other := r.begin(root, obj{"markdown_text": "a"})
	r.bad("invalid_arguments", "chat.appendStream", onto(other, obj{"chunks": words("b")}))
	r.ok("chat.appendStream", onto(other, obj{"markdown_text": "b"}))
}

func TestS3_ForeignUnknownAndStopped(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	plain := r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x"})["ts"].(string)
	ts := r.begin(root, nil)
	for _, method := range []string{"chat.appendStream", "chat.stopStream"} {
		r.bad("message_not_owned_by_app", method, onto(root, obj{"chunks": words("x")}))
		r.bad("message_not_found", method, onto("1.000001", obj{"chunks": words("x")}))
		r.bad("message_not_in_streaming_state", method, onto(plain, obj{"chunks": words("x")}))
	}
	if err := r.Stop(SeedAda, SeedGeneral, root); err != nil {
		t.Fatal(err)
	}
	r.bad("stopped_by_user", "chat.appendStream", onto(ts, obj{"chunks": words("x")}))
	r.bad("message_not_in_streaming_state", "chat.stopStream", onto(ts, nil))
	r.ok("chat.update", onto(ts, obj{"text": "Stopped."}))
}

func TestS4_StreamTTL(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	ts := r.begin(root, obj{"chunks": words("a")})
	for range 4 {
		r.Advance(74 * time.Second)
		r.ok("chat.appendStream", onto(ts, obj{"chunks": words("b")})) // does not prolong it
	}
	r.Advance(5 * time.Second)
	if m := r.shown(ts); m.StreamingState != "errored" || m.Text != "abbbb" {
		t.Fatalf("%+v", m)
	}
	if s := r.Sessions()[0]; s.Status != "active" {
		t.Fatalf("%+v", s)
	}
	r.bad("message_not_in_streaming_state", "chat.appendStream", onto(ts, obj{"chunks": words("c")}))
	r.bad("message_not_in_streaming_state", "chat.stopStream", onto(ts, nil))
	r.ok("chat.update", onto(ts, obj{"text": "healed"}))
	if m := r.shown(ts); m.StreamingState != "" || m.Text != "healed" || m.Stream != nil {
		t.Fatalf("%+v", m)
	}
}

func TestS4_StreamTTLOnTheRealClock(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.StreamTTL = 30 })
	ts := r.begin(r.say(SeedAda, SeedGeneral, "hi", "").TS, nil)
	r.until("the stream to expire", func(v View) bool {
		m, _ := v.Message(SeedGeneral, ts)
		return m.StreamingState == "errored"
	})
}

func TestS5_CumulativeLimit(t *testing.T) {
	r := start(t, Options{})
	ts := r.begin(r.say(SeedAda, SeedGeneral, "hi", "").TS, nil)
	r.bad("msg_too_long", "chat.appendStream", onto(ts, obj{"chunks": words(strings.Repeat("x", 12_001))}))
	r.ok("chat.appendStream", onto(ts, obj{"chunks": words(strings.Repeat("x", 11_977))}))
	r.bad("msg_too_long", "chat.appendStream", onto(ts, obj{"chunks": []obj{
		{"type": "task_update", "id": "t", "title": "T"}, {"type": "markdown_text", "text": strings.Repeat("y", 24)}}}))
	if m := r.shown(ts); len(m.Text) != 11_977 || len(m.Stream.Tasks) != 0 {
		t.Fatalf("the refused append left something: %d characters, %v", len(m.Text), m.Stream.Tasks)
	}
	r.bad("msg_too_long", "chat.appendStream", onto(ts, obj{"chunks": words("z")})) // and for ever
	r.bad("msg_too_long", "chat.stopStream", onto(ts, obj{"chunks": words("z")}))
	r.ok("chat.stopStream", onto(ts, nil))

	r.set(func(s *Settings) { s.StreamChars = 10 })
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	r.bad("msg_too_long", "chat.startStream", obj{"channel": SeedGeneral, "thread_ts": root, "recipient_user_id": SeedAda,
		"recipient_team_id": SeedTeam, "chunks": words("more than ten")})
	if n := len(r.Replies(SeedGeneral, root)); n != 1 {
		t.Fatalf("%d messages in the thread", n)
	}
}

func TestS6_Chunks(t *testing.T) {
	r := start(t, Options{})
	ts := r.begin(r.say(SeedAda, SeedGeneral, "hi", "").TS, nil)
	task := func(o obj) obj { o["type"] = "task_update"; return o }
	r.ok("chat.appendStream", onto(ts, obj{"chunks": []obj{
		task(obj{"id": "a", "title": "Search", "status": "in_progress", "details": "one"}),
		task(obj{"id": "b", "title": "Other"}),
		{"type": "plan_update", "title": "The plan"},
	}}))
	r.ok("chat.appendStream", onto(ts, obj{"chunks": []obj{
		task(obj{"id": "a", "title": "Searched", "status": "complete", "details": " two", "output": "out",
			"sources": []obj{{"type": "url", "url": "https://x.example", "text": "X"}}}),
	}}))
	s := r.shown(ts).Stream
	if len(s.Tasks) != 2 || s.Plan != "The plan" {
		t.Fatalf("%+v", s)
	}
	if a := s.Tasks[0]; a.Title != "Searched" || a.Status != "complete" || a.Details != "one two" || a.Output != "out" || len(a.Sources) != 1 {
		t.Fatalf("%+v", a)
	}
	if b := s.Tasks[1]; b.Status != "pending" {
		t.Fatalf("%+v", b)
	}
	long := strings.Repeat("x", 257)
	for name, c := range map[string]obj{
		"status": task(obj{"id": "a", "title": "T", "status": "done"}), "no id": task(obj{"title": "T"}), "no title": task(obj{"id": "a"}),
		"title": task(obj{"id": "a", "title": long}), "details": task(obj{"id": "a", "title": "T", "details": long}),
		"output": task(obj{"id": "a", "title": "T", "output": long}), "plan": {"type": "plan_update", "title": long},
		"source": task(obj{"id": "a", "title": "T", "sources": []obj{{"type": "url", "url": "https://x.example/" + long, "text": "X"}}}),
		"kind":   {"type": "gif"}, "empty": {"type": "markdown_text"},
	} {
		out := r.post("chat.appendStream", onto(ts, obj{"chunks": []obj{c}}))
		if out["error"] != "invalid_chunks" {
			t.Errorf("%s: %v", name, out)
		}
	}
	r.bad("invalid_chunks", "chat.appendStream", onto(ts, obj{"chunks": "nonsense"}))

	divider := obj{"type": "divider"}
	blocks := func(n int) obj { return obj{"type": "blocks", "blocks": slices.Repeat([]obj{divider}, n)} }
	r.bad("msg_blocks_too_many", "chat.appendStream", onto(ts, obj{"chunks": []obj{blocks(51)}}))
	r.ok("chat.appendStream", onto(ts, obj{"chunks": []obj{blocks(49), {"type": "blocks", "blocks": []obj{{"type": "alert", "text": obj{"type": "mrkdwn", "text": "!"}}}}}}))
	r.bad("msg_blocks_too_many", "chat.appendStream", onto(ts, obj{"chunks": []obj{blocks(1)}}))
	r.bad("msg_blocks_too_many", "chat.stopStream", onto(ts, obj{"blocks": slices.Repeat([]obj{divider}, 51)}))
	r.bad("invalid_blocks", "chat.stopStream", onto(ts, obj{"blocks": []obj{{"type": "alert", "text": obj{"type": "mrkdwn", "text": "!"}}}}))
	last := obj{"type": "context", "elements": []obj{{"type": "mrkdwn", "text": "footer"}}}
	out := r.ok("chat.stopStream", onto(ts, obj{"blocks": append(slices.Repeat([]obj{divider}, 49), last)}))
	all := out["message"].(obj)["blocks"].([]any)
	if end := all[len(all)-1].(obj); end["type"] != "context" {
		t.Fatalf("the last block is %v", end)
	}
}

func TestS7_StopAndModes(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	kinds := map[string][]string{}
	for _, mode := range []string{"timeline", "plan", "dense"} {
		ts := r.begin(r.say(SeedAda, SeedGeneral, "hi", "").TS, obj{"task_display_mode": mode, "chunks": []obj{
			{"type": "plan_update", "title": "P"},
			{"type": "task_update", "id": "1", "title": "A", "details": "d"}, {"type": "task_update", "id": "2", "title": "B"},
			{"type": "markdown_text", "text": "answer"}}})
		if m := r.shown(ts); m.Stream.Mode != mode {
			t.Fatal(m.Stream)
		}
		r.bad("invalid_arguments", "chat.stopStream", onto(ts, obj{"session_status": "finished"}))
		out := r.ok("chat.stopStream", onto(ts, obj{"metadata": obj{"event_type": "turn", "event_payload": obj{"id": mode}}}))
		m := out["message"].(obj)
		if m["streaming_state"] != "completed" || m["text"] != "answer" {
			t.Fatal(m)
		}
		for _, b := range m["blocks"].([]any) {
			kind := b.(obj)["type"].(string)
			if b.(obj)["details"] != nil {
				kind += "+details"
			}
			kinds[mode] = append(kinds[mode], kind)
		}
		r.bad("message_not_in_streaming_state", "chat.appendStream", onto(ts, obj{"chunks": words("x")}))
		e := l.eventOf("message", "message_changed")
		if e["message"].(obj)["streaming_state"] != "completed" {
			t.Fatal(e)
		}
	}
	equal(t, "timeline", kinds["timeline"], []string{"task_card+details", "task_card", "markdown"})
	equal(t, "plan", kinds["plan"], []string{"plan", "markdown"})
	equal(t, "dense", kinds["dense"], []string{"task_card", "task_card", "markdown"})
	r.bad("invalid_arguments", "chat.startStream", obj{"channel": SeedGeneral, "task_display_mode": "grid"})

	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	r.ok("chat.stopStream", onto(r.begin(root, nil), obj{"session_status": "suspended"}))
	if s, _ := look(r.Sim, func(v View) Session { s, _ := v.Session(SeedGeneral, root); return s }), 0; s.Status != "suspended" {
		t.Fatal(s)
	}
}

func TestA1_SetStatus(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	reply := r.say(SeedAda, SeedGeneral, "hi", root).TS
	at := func(more obj) obj {
		a := obj{"channel_id": SeedGeneral, "thread_ts": root, "status": "processing"}
		for k, v := range more {
			a[k] = v
		}
		return a
	}
	const m = "agents.sessions.setStatus"
	r.bad("thread_ts_required", m, at(obj{"thread_ts": nil}))
	r.bad("invalid_status", m, at(obj{"status": "busy"}))
	r.bad("channel_not_found", m, at(obj{"channel_id": "C0"}))
	r.bad("not_authorized", m, at(obj{"channel_id": SeedRandom}))
	r.bad("user_not_found", m, at(obj{"initiator_user_id": "U0"}))
	r.bad("invalid_arguments", m, at(obj{"thread_ts": reply}))
	r.bad("invalid_arguments", m, at(obj{"title": strings.Repeat("x", 201)}))
	if n := len(r.Sessions()); n != 0 {
		t.Fatalf("%d sessions from refused calls", n)
	}
	out := r.ok(m, at(obj{"title": "First", "initiator_user_id": SeedBen}))
	if out["status"] != "processing" || out["agent_status"] != "processing" || out["title"] != "First" || out["warning"] != nil {
		t.Fatal(out)
	}
	out = r.ok(m, at(obj{"title": "Second", "initiator_user_id": SeedAda}))
	if s := r.Sessions()[0]; out["title"] != "First" || s.Title != "First" || s.Initiator != SeedBen || !s.Stoppable {
		t.Fatal(out, s)
	}
	r.Advance(59 * time.Minute)
	r.ok(m, at(nil)) // starts the hour again
	r.Advance(59 * time.Minute)
	if s := r.Sessions()[0]; s.Status != "processing" {
		t.Fatal(s)
	}
	r.Advance(2 * time.Minute)
	if s := r.Sessions()[0]; s.Status != "active" || s.Stoppable {
		t.Fatal(s)
	}
	hist := r.ok("conversations.replies", obj{"channel": SeedGeneral, "ts": root})["messages"].([]any)[0].(obj)
	if a := hist["agent_session"].(obj); a["status"] != "active" || a["title"] != "First" {
		t.Fatal(a)
	}

	r.set(func(s *Settings) {
		s.Subscriptions = slices.DeleteFunc(s.Subscriptions, func(e string) bool { return e == "agent_session_stopped" })
	})
	out = r.ok(m, at(nil))
	if out["warning"] != noStopWarning || r.Sessions()[0].Stoppable {
		t.Fatal(out)
	}
}

func TestA2_Stop(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	if err := r.Stop(SeedAda, SeedGeneral, root); err == nil {
		t.Fatal("stopped what was not running")
	}
	ts := r.begin(root, nil)
	done := r.begin(root, nil)
	r.ok("chat.stopStream", onto(done, obj{"session_status": "processing"}))
	if err := r.Stop(SeedAda, SeedGeneral, root); err != nil {
		t.Fatal(err)
	}
	e := l.eventOf("agent_session_stopped", "")
	if e["channel"] != SeedGeneral || e["user"] != SeedAda || e["thread_ts"] != root || fmt.Sprint(e["streaming_message_ts"]) != "["+ts+"]" {
		t.Fatal(e)
	}
	if s := r.Sessions()[0]; s.Status != "processing" {
		t.Fatalf("Slack leaves the status alone, got %v", s)
	}
	if err := r.Stop(SeedAda, SeedGeneral, root); err != nil {
		t.Fatal(err)
	}
	if e := l.eventOf("agent_session_stopped", ""); len(e["streaming_message_ts"].([]any)) != 0 {
		t.Fatal(e)
	}
}

func TestA3_Rename(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	at := obj{"channel_id": SeedGeneral, "thread_ts": root, "title": "By the app"}
	r.bad("invalid_arguments", "agents.sessions.rename", at) // there is no session yet
	r.ok("agents.sessions.setStatus", obj{"channel_id": SeedGeneral, "thread_ts": root, "status": "active"})
	if err := r.Rename(SeedBen, SeedGeneral, root, "By Ben"); err != nil {
		t.Fatal(err)
	}
	e := l.eventOf("agent_session_title_changed", "")
	if _, ok := e["previous_title"]; ok || e["title"] != "By Ben" || e["user"] != SeedBen {
		t.Fatal(e)
	}
	r.ok("agents.sessions.rename", at)
	if s := r.Sessions()[0]; s.Title != "By the app" {
		t.Fatal(s)
	}
	if err := r.Rename(SeedBen, SeedGeneral, root, "Again"); err != nil {
		t.Fatal(err)
	}
	if e := l.eventOf("agent_session_title_changed", ""); e["previous_title"] != "By the app" {
		t.Fatal(e)
	}
	r.bad("invalid_arguments", "agents.sessions.rename", obj{"channel_id": SeedGeneral, "thread_ts": root, "title": ""})
}

func TestA4_LegacyBridge(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, "@bot", "hi", "").TS
	at := func(more obj) obj {
		a := obj{"channel_id": SeedAdaDM, "thread_ts": root}
		for k, v := range more {
			a[k] = v
		}
		return a
	}
	const m = "assistant.threads.setStatus"
	r.bad("invalid_thread_ts", m, at(obj{"thread_ts": "1.000001", "status": "x"}))
	r.bad("channel_not_found", m, at(obj{"channel_id": "C0", "status": "x"}))
	eleven := slices.Repeat([]string{"x"}, 11)
	r.bad("invalid_arguments", m, at(obj{"status": "x", "loading_messages": eleven}))
	r.ok(m, at(obj{"status": "is searching…", "loading_messages": []string{"a, b", "c"}}))
	s := r.Sessions()[0]
	if s.Status != "processing" || s.Prose != "is searching…" || !slices.Equal(s.LoadingMessages, []string{"a, b", "c"}) {
		t.Fatalf("%+v", s)
	}
	r.ok("chat.postMessage", obj{"channel": SeedAdaDM, "thread_ts": root, "text": "hello"})
	if s = r.Sessions()[0]; s.Prose != "" || s.Status != "processing" {
		t.Fatalf("after a post: %+v", s)
	}
	r.ok(m, at(obj{"status": "is thinking", "loading_messages": "a,b"}))
	if s = r.Sessions()[0]; !slices.Equal(s.LoadingMessages, []string{"a", "b"}) {
		t.Fatalf("%+v", s)
	}
	r.Advance(2 * time.Minute)
	if s = r.Sessions()[0]; s.Prose != "" {
		t.Fatalf("after two minutes: %+v", s)
	}
	r.ok(m, at(obj{"status": "is thinking"}))
	r.ok(m, at(obj{"status": ""}))
	if s = r.Sessions()[0]; s.Prose != "" || s.Status != "active" {
		t.Fatalf("%+v", s)
	}
	r.ok("assistant.threads.setTitle", at(obj{"title": "T"}))
	if s = r.Sessions()[0]; s.Title != "T" {
		t.Fatalf("%+v", s)
	}
}

func TestA5_OpenContextAndPrompts(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	if err := r.Open(SeedAda, "@bot"); err != nil {
		t.Fatal(err)
	}
	e := l.event()
	if e["type"] != "app_home_opened" || e["tab"] != "messages" || e["channel"] != SeedAdaDM || len(e["context"].(obj)["entities"].([]any)) != 0 {
		t.Fatal(e)
	}
	if err := r.Open(SeedAda, "#general"); err != nil {
		t.Fatal(err)
	}
	e = l.event()
	if e["type"] != "app_context_changed" || e["channel"] != SeedAdaDM {
		t.Fatal(e)
	}
	r.say(SeedAda, "@bot", "hi", "")
	e = l.event()
	ent := e["app_context"].(obj)["entities"].([]any)[0].(obj)
	if ent["type"] != "slack#/types/channel_id" || ent["value"] != SeedGeneral {
		t.Fatal(e)
	}
	prompts := func(n int) []obj { return slices.Repeat([]obj{{"title": "T", "message": "M"}}, n) }
	r.bad("invalid_arguments", "assistant.threads.setSuggestedPrompts", obj{"channel_id": SeedAdaDM, "prompts": prompts(5)})
	r.ok("assistant.threads.setSuggestedPrompts", obj{"channel_id": SeedAdaDM, "prompts": prompts(4), "title": "Try"})
	ch := look(r.Sim, func(v View) Channel { c, _ := v.Channel(SeedAdaDM); return c })
	if len(ch.Prompts) != 4 || ch.PromptsTitle != "Try" {
		t.Fatalf("%+v", ch)
	}

	r.set(func(s *Settings) {
		s.AssistantView = true
		s.Subscriptions = append(s.Subscriptions, "assistant_thread_started")
	})
	if err := r.Open(SeedAda, "@bot"); err != nil {
		t.Fatal(err)
	}
	e = l.event()
	if th := e["assistant_thread"].(obj); e["type"] != "assistant_thread_started" || th["user_id"] != SeedAda || th["context"].(obj)["channel_id"] != SeedGeneral {
		t.Fatal(e)
	}
}

func TestA6_NotAnAgent(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Agent = false })
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	r.bad("feature_disabled", "agents.sessions.setStatus", obj{"channel_id": SeedGeneral, "thread_ts": root, "status": "active"})
	r.bad("feature_disabled", "agents.sessions.rename", obj{"channel_id": SeedGeneral, "thread_ts": root, "title": "x"})
	r.begin(root, nil)
	if n := len(r.Sessions()); n != 0 {
		t.Fatalf("%d sessions", n)
	}
}

// A fault after the effect leaves exactly the workspace of the undisturbed call.
func TestStreamFaultAfterEffect(t *testing.T) {
	r := start(t, Options{})
	ts := r.begin(r.say(SeedAda, SeedGeneral, "hi", "").TS, obj{"chunks": words("a")})
	if _, err := r.AddFault(Fault{Method: "chat.appendStream", Kind: "lost", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.send("chat.appendStream", onto(ts, obj{"chunks": words("b")}), DefaultBotToken); err == nil {
		t.Fatal("an answer")
	}
	if m := r.shown(ts); m.Text != "ab" {
		t.Fatal(m.Text)
	}
	b, err := json.Marshal(r.shown(ts).Stream)
	if err != nil || !strings.Contains(string(b), `"tasks":[]`) {
		t.Fatal(string(b), err)
	}
}
