package slacksim

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readFeed reads n events of the stream.
func (r *rig) readEvents(path string, header http.Header, n int) (types []string, ids []string, data []string) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(deadline(r.t))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", r.srv.URL()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for len(data) < n && lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			types = append(types, v)
		}
		if v, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			ids = append(ids, v)
		}
		if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			data = append(data, v)
		}
	}
	if len(data) < n {
		r.t.Fatalf("%d of %d events: %v", len(data), n, lines.Err())
	}
	return types, ids, data
}

// What surrounds the simulator is told to who comes and to who is there.
func TestAnnounce(t *testing.T) {
	r := start(t, Options{})
	before := 0
	r.Look(func(v View) { before = v.Seq() })
	r.Announce("assistant", obj{"phase": "down"})
	r.Announce("assistant", obj{"phase": "running"})
	list, err := r.Changes(t.Context(), before)
	if err != nil || len(list) != 2 || list[1].Kind != "assistant" {
		t.Errorf("changes %+v, %v", list, err)
	}
	if _, body := r.ctl("GET", "/sim/state", nil); !strings.Contains(string(body), `"announced":{"assistant":{"phase":"running"}}`) {
		t.Errorf("the state does not have it: %.300s", body)
	}
}

// A fault can name several methods, and strikes the first of them that is called.
func TestFaultOfSeveralMethods(t *testing.T) {
	r := start(t, Options{})
	if _, err := r.AddFault(Fault{Method: "chat.postMessage,chat.update", Kind: "429", Times: 1, Note: "one of them"}); err != nil {
		t.Fatal(err)
	}
	call := func(method string) int {
		resp, err := r.send(method, obj{"channel": SeedGeneral, "text": "x"}, DefaultBotToken)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		method string
		code   int
	}{{"api.test", 200}, {"chat.postMessage", 429}, {"chat.postMessage", 200}} {
		if got := call(c.method); got != c.code {
			t.Errorf("%s: HTTP %d, want %d", c.method, got, c.code)
		}
	}
	if n := len(r.Faults()); n != 0 {
		t.Errorf("%d faults are left", n)
	}
}

func TestFeed(t *testing.T) {
	r := start(t, Options{Journal: 8})
	root := r.say(SeedAda, SeedGeneral, "one", "").TS
	r.say(SeedBen, SeedGeneral, "two", root)
	types, ids, data := r.readEvents("/sim/events?after=0", nil, 3)
	equal(t, "types", types, []string{"message", "message", "message"}) // the reply changes its root too
	var got struct {
		Channel string
		Message Message
	}
	if err := json.Unmarshal([]byte(data[2]), &got); err != nil || got.Channel != SeedGeneral || got.Message.ReplyCount != 1 {
		t.Fatal(data[2], err)
	}
	types, _, _ = r.readEvents("/sim/events", http.Header{"Last-Event-Id": {ids[1]}}, 1)
	equal(t, "from the last id on", types, []string{"message"})
	for range 10 {
		r.say(SeedAda, SeedGeneral, "more", "")
	}
	types, ids, _ = r.readEvents("/sim/events?after=1", nil, 1)
	equal(t, "too old", types, []string{"reset"})
	types, _, _ = r.readEvents("/sim/events?after=99999", nil, 1)
	equal(t, "ahead", types, []string{"reset"})
	if code, _ := r.ctl("GET", "/sim/events?after=x", nil); code != 400 {
		t.Fatal(code)
	}

	// A reader that waits gets what comes.
	var wg sync.WaitGroup
	wg.Go(func() {
		types, _, _ := r.readEvents("/sim/events?after="+ids[0], nil, 1)
		if types[0] != "deleted" {
			t.Errorf("got %v", types)
		}
	})
	list := r.Messages(SeedGeneral)
	if err := r.Delete(SeedAda, SeedGeneral, list[len(list)-1].TS); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestControlAPI(t *testing.T) {
	r := start(t, Options{Page: fstest.MapFS{"index.html": {Data: []byte("<title>page</title>")}}})
	want := func(code int, b []byte, status int, has string) {
		t.Helper()
		if code != status || !strings.Contains(string(b), has) {
			t.Fatalf("%d %s, want %d with %q", code, b, status, has)
		}
	}
	do := func(verb, path string, body any, status int, has string) []byte {
		t.Helper()
		code, b := r.ctl(verb, path, body)
		want(code, b, status, has)
		return b
	}
	do("GET", "/", nil, 200, "<title>page</title>")
	var p Posted
	b := do("POST", "/sim/messages", obj{"user": SeedAda, "channel": "#general", "text": "hi"}, 200, `"channel":"`+SeedGeneral+`"`)
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	do("POST", "/sim/messages", obj{"user": SeedAda, "channel": "@bot", "text": "hi"}, 200, SeedAdaDM)
	do("POST", "/sim/messages/edit", obj{"user": SeedAda, "channel": SeedGeneral, "ts": p.TS, "text": "edited"}, 200, "{}")
	do("POST", "/sim/reactions", obj{"user": SeedBen, "channel": SeedGeneral, "ts": p.TS, "name": "eyes"}, 200, "{}")
	do("GET", "/sim/state", nil, 200, `"text":"edited"`)
	do("POST", "/sim/messages/delete", obj{"user": SeedAda, "channel": SeedGeneral, "ts": p.TS}, 200, "{}")
	do("POST", "/sim/messages/delete", obj{"user": SeedAda, "channel": SeedGeneral, "ts": p.TS}, 404, "message_not_found")
	do("POST", "/sim/messages", obj{"user": SeedAda, "chanel": SeedGeneral}, 400, "bad_json")
	do("POST", "/sim/nonsense", obj{}, 404, "not_found")
	do("POST", "/sim/users", obj{"name": "cleo", "real_name": "Cleo"}, 200, `"id":"U`)
	do("POST", "/sim/channels", obj{"name": "attic", "members": []string{SeedAda}}, 200, `"id":"C`)
	do("POST", "/sim/join", obj{"user": SeedBotUser, "channel": "#attic"}, 200, "{}")
	do("POST", "/sim/leave", obj{"user": SeedBotUser, "channel": "#attic"}, 200, "{}")
	do("POST", "/sim/open", obj{"user": SeedAda, "channel": "@bot"}, 200, "{}")
	do("POST", "/sim/stop", obj{"user": SeedAda, "channel": SeedGeneral, "thread_ts": "1.000001"}, 400, "not_stoppable")
	do("POST", "/sim/settings", obj{"stream_ttl_ms": 5000}, 200, `"stream_ttl_ms":5000`)
	do("POST", "/sim/settings", obj{"stream_tll_ms": 1}, 400, "unknown field")
	do("POST", "/sim/settings", obj{"stream_ttl_ms": -1}, 400, "must be above 0")
	do("GET", "/sim/settings", nil, 200, `"stream_ttl_ms":5000`)
	if n := r.Settings().StreamChars; n != 12_000 {
		t.Fatalf("a partial update changed another field: %d", n)
	}
	do("POST", "/sim/limits", obj{"enabled": true, "methods": obj{"auth.test": 1}}, 200, `"enabled":true`)
	do("POST", "/sim/limits", obj{"scale": 0}, 400, "bad_limits")
	r.ok("auth.test", obj{})
	r.bad("ratelimited", "auth.test", obj{})
	do("POST", "/sim/clock", obj{"advance_ms": 60_000}, 200, "now")
	r.ok("auth.test", obj{})
	do("POST", "/sim/faults", obj{"method": "auth.test", "kind": "smoke"}, 400, "bad_kind")
	do("POST", "/sim/faults", obj{"method": "api.test", "kind": "error", "error": "nope"}, 200, `"id":"F1"`)
	r.bad("nope", "api.test", obj{})
	do("GET", "/sim/faults", nil, 200, `"struck":1`)
	do("DELETE", "/sim/faults/F1", nil, 200, "{}")
	do("DELETE", "/sim/faults/F1", nil, 404, "fault_not_found")
	do("DELETE", "/sim/faults", nil, 200, "{}")
	r.ok("api.test", obj{})
	do("POST", "/sim/deliver", obj{"hold": true}, 200, `"hold":true`)
	do("POST", "/sim/deliver", obj{"duplicate": 1}, 200, `"hold":true`) // a partial update
	do("POST", "/sim/sockets", obj{"action": "drop"}, 200, "{}")
	do("GET", "/sim/envelopes?after=0", nil, 200, "[")
	var calls []Call
	if err := json.Unmarshal(do("GET", "/sim/calls?method=api.test", nil, 200, ""), &calls); err != nil || len(calls) != 2 || calls[0].Fault != "error" || !calls[1].OK {
		t.Fatal(calls, err)
	}
	if err := json.Unmarshal(do("GET", fmt.Sprint("/sim/calls?method=api.test&after=", calls[0].N), nil, 200, ""), &calls); err != nil || len(calls) != 1 {
		t.Fatal(calls, err)
	}
	do("POST", "/sim/reset", obj{}, 200, "{}")
	if n := len(r.Messages(SeedAdaDM)); n != 0 {
		t.Fatalf("%d messages after the reset", n)
	}
}

// Another web site, or a name that was made to resolve to loopback, must not reach the control API.
func TestControlGuard(t *testing.T) {
	r := start(t, Options{})
	for _, h := range []struct {
		host, origin string
		status       int
	}{
		{"", "", 200}, {"", r.srv.URL(), 200}, {"", "https://evil.example", 403}, {"", "null", 403}, {"evil.example", "", 403},
	} {
		req, _ := http.NewRequest("GET", r.srv.URL()+"/sim/state", nil)
		if h.host != "" {
			req.Host = h.host
		}
		if h.origin != "" {
			req.Header.Set("Origin", h.origin)
		}
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != h.status {
			t.Errorf("host %q origin %q: %d", h.host, h.origin, resp.StatusCode)
		}
	}
}

func TestStartRefusesOtherThanLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "127.0.0.1"} {
		if srv, err := New(Options{}).Start(context.Background(), addr); err == nil {
			_ = srv.Close()
			t.Errorf("listens on %s", addr)
		}
	}
}

func TestServeAgainAfterAnOutage(t *testing.T) {
	s := New(Options{})
	ctx, cancel := context.WithCancel(context.Background())
	srv, err := s.Start(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(SeedAda, SeedGeneral, "before", ""); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := s.Start(context.Background(), strings.TrimPrefix(srv.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n := len(s.Messages(SeedGeneral)); n != 1 {
		t.Fatal(n)
	}
}

func TestExportImport(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	r.say(SeedBen, SeedGeneral, "reply", root)
	if err := r.React(SeedBen, SeedGeneral, root, "eyes", false); err != nil {
		t.Fatal(err)
	}
	ts := r.begin(root, obj{"chunks": []obj{{"type": "task_update", "id": "t", "title": "T"}, {"type": "markdown_text", "text": "answer"}}})
	r.ok("chat.stopStream", onto(ts, obj{"blocks": []obj{{"type": "divider"}}, "metadata": obj{"event_type": "a", "event_payload": obj{}}}))
	live := r.begin(root, obj{"chunks": words("half")})
	r.ok("chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": "psst"})
	before := r.Export()
	b, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}

	other := start(t, Options{})
	if code, out := other.ctl("POST", "/sim/import", json.RawMessage(b)); code != 200 {
		t.Fatal(code, string(out))
	}
	after := other.Export()
	for _, list := range [][]Message{before.Messages[SeedGeneral]} {
		for i := range list {
			if list[i].TS == live {
				list[i].StreamingState = "errored"
			}
		}
	}
	before.Sessions[0].Status, before.Sessions[0].Stoppable = "active", false
	if d := cmp.Diff(before, after, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".stream" || p.Last().String() == ".attached" }, cmp.Ignore())); d != "" {
		t.Fatal(d)
	}
	p := other.say(SeedAda, SeedGeneral, "next", root)
	if compareTS(p.TS, live) <= 0 {
		t.Fatal("a ts from the past")
	}
	if m := other.Replies(SeedGeneral, root)[0]; m.ReplyCount != 4 || m.LatestReply != p.TS {
		t.Fatalf("%+v", m)
	}
	other.bad("message_not_in_streaming_state", "chat.appendStream", onto(live, obj{"chunks": words("x")}))
	for _, bad := range []string{`{}`, `{"team":{"id":"T"},"app":{"id":"A","bot_id":"B","bot_user_id":"U"}}`} {
		if code, out := other.ctl("POST", "/sim/import", json.RawMessage(bad)); code != 400 {
			t.Fatal(code, string(out))
		}
	}
}

// What was under way when the workspace was replaced must not arrive in the new one.
func TestResetVoidsDeliveries(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	if err := r.SetDelivery(0, false, 30*time.Second, 30*time.Second, false); err != nil {
		t.Fatal(err)
	}
	r.say(SeedAda, "@bot", "old", "")
	r.Reset()
	r.Advance(time.Minute)
	r.say(SeedAda, "@bot", "new", "")
	if e := l.event(); e["text"] != "new" {
		t.Fatal(e)
	}
}

func TestWaitEnds(t *testing.T) {
	s := New(Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Wait(ctx, func(View) bool { return false }); err != context.Canceled {
		t.Fatal(err)
	}
	_ = s.Close()
	if err := s.Wait(context.Background(), func(View) bool { return false }); err != ErrClosed {
		t.Fatal(err)
	}
}

func TestRing(t *testing.T) {
	r := newRing[int](3)
	for range 5 {
		r.add(func(n int) int { return n })
	}
	if d := cmp.Diff([]int{3, 4, 5}, r.since(0, 0)); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff([]int{5}, r.since(4, 0)); d != "" {
		t.Fatal(d)
	}
	r.clear()
	if n := len(r.since(0, 0)); n != 0 {
		t.Fatal(n)
	}
	first := r.add(func(n int) int { return n })
	for range 3 {
		r.add(func(n int) int { return n })
	}
	if d := cmp.Diff([]int{first + 1, first + 2, first + 3}, r.since(0, 0)); d != "" {
		t.Fatal(d)
	}
}
