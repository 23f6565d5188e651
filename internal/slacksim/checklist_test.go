package slacksim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Each line of the simulator's checklist has tests that begin with its name. P, the page, is ui's own list.
func TestEveryLineHasATest(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"*_test.go", "ui/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(b)
		}
	}
	for area, lines := range map[string]int{"T": 3, "L": 3, "M": 9, "S": 7, "A": 6, "I": 7, "E": 6, "W": 7, "F": 4} {
		for n := range lines {
			if line := fmt.Sprint(area, n+1); !regexp.MustCompile(`func Test` + line + `[_A-Z]`).MatchString(source.String()) {
				t.Errorf("no test is named after %s", line)
			}
		}
	}
	for _, line := range []string{"TestO_", "TestP_"} {
		if !strings.Contains(source.String(), "func "+line) {
			t.Errorf("no %s…", line)
		}
	}
}

// The lines of the simulator's checklist that no other test names.

func TestT2_ScopesHeaderOnEveryResponse(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Scopes = []string{"users:read", "chat:write"} })
	r.arm(Fault{Method: "team.info", Kind: "429"})
	r.arm(Fault{Method: "bots.info", Kind: "html"})
	for _, method := range []string{"auth.test", "users.info", "chat.postMessage", "reactions.add", "no.such.method", "team.info", "bots.info"} {
		resp, err := r.send(method, obj{}, DefaultBotToken)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("X-OAuth-Scopes"); got != "users:read,chat:write" {
			t.Errorf("%s (%s): X-OAuth-Scopes %q", method, resp.Status, got)
		}
		if resp.Header.Get("X-Slack-Req-Id") == "" {
			t.Errorf("%s: no request id", method)
		}
	}
}

func TestL1_PostsPerMinute(t *testing.T) {
	r := start(t, Options{Limits: true, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	var channels []string
	for i := range 61 {
		id, err := r.AddChannel(fmt.Sprint("c", i), SeedBotUser)
		if err != nil {
			t.Fatal(err)
		}
		channels = append(channels, id)
	}
	posted := 0
	for _, id := range channels[:60] {
		for range postBurst {
			r.ok("chat.postMessage", obj{"channel": id, "text": "x"})
			posted++
		}
	}
	if posted != postPerMinute {
		t.Fatal(posted)
	}
	// The next channel has its own burst, but the workspace has had its minute.
	r.bad("ratelimited", "chat.postMessage", obj{"channel": channels[60], "text": "x"})
	r.ok("chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": "x"})
	r.Advance(time.Minute)
	r.ok("chat.postMessage", obj{"channel": channels[60], "text": "x"})
}

func TestL2_NonMarketplaceReplies(t *testing.T) {
	r := start(t, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	for range 20 {
		r.say(SeedBen, SeedGeneral, "x", root)
	}
	r.set(func(s *Settings) { s.NonMarketplace = true })
	at := obj{"channel": SeedGeneral, "ts": root, "limit": 1000}
	if out := r.ok("conversations.replies", at); len(out["messages"].([]any)) > 16 || out["has_more"] != true {
		t.Fatalf("%d messages", len(out["messages"].([]any)))
	}
	r.bad("ratelimited", "conversations.replies", at)
	r.ok("conversations.history", obj{"channel": SeedGeneral}) // a limit of its own
	r.Advance(time.Minute)
	r.ok("conversations.replies", at)
}

func TestM7_OnlyMembersAndOnlyThem(t *testing.T) {
	r := start(t, Options{})
	id, err := r.AddUser("cleo", "Cleo", "")
	if err != nil {
		t.Fatal(err)
	}
	r.bad("user_not_in_channel", "chat.postEphemeral", obj{"channel": SeedGeneral, "user": id, "text": "x"})
	l := r.dial()
	r.ok("chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": "psst"})
	r.say(SeedAda, "@bot", "next", "")
	if e := l.event(); e["text"] != "next" {
		t.Fatalf("an ephemeral message is an event: %v", e)
	}
}

func TestM9_HistoryShowsMetadataWhenAsked(t *testing.T) {
	r := start(t, Options{})
	r.ok("chat.postMessage", obj{"channel": SeedGeneral, "text": "x", "metadata": obj{"event_type": "turn", "event_payload": obj{"id": "t1"}}})
	first := func(a obj) obj {
		a["channel"] = SeedGeneral
		return r.ok("conversations.history", a)["messages"].([]any)[0].(obj)
	}
	if m := first(obj{}); m["metadata"] != nil {
		t.Fatal(m)
	}
	if m := first(obj{"include_all_metadata": true}); m["metadata"].(obj)["event_type"] != "turn" {
		t.Fatal(m)
	}
}

func TestA1_NameAndIconNeedTheirScope(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	at := obj{"channel_id": SeedGeneral, "thread_ts": root, "status": "active", "username": "Someone"}
	r.ok("agents.sessions.setStatus", at)
	r.set(func(s *Settings) {
		s.Scopes = []string{"chat:write"}
	})
	if out := r.bad("missing_scope", "agents.sessions.setStatus", at); out["needed"] != "chat:write.customize" {
		t.Fatal(out)
	}
	delete(at, "username")
	r.ok("agents.sessions.setStatus", at)
}

func TestA4_AnAppendClearsTheProse(t *testing.T) {
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "hi", "").TS
	ts := r.begin(root, nil)
	r.ok("assistant.threads.setStatus", obj{"channel_id": SeedGeneral, "thread_ts": root, "status": "is searching"})
	if s := r.Sessions()[0]; s.Prose != "is searching" {
		t.Fatalf("%+v", s)
	}
	r.ok("chat.appendStream", onto(ts, obj{"chunks": words("found")}))
	if s := r.Sessions()[0]; s.Prose != "" || s.Status != "processing" {
		t.Fatalf("%+v", s)
	}
}

func TestE4_DelaysUpToTenSeconds(t *testing.T) {
	// Delays of up to ten seconds, on a clock that only the test moves: all arrive, each once, in another order.
	r := start(t, Options{Seed: 3, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	l := r.dial()
	if err := r.SetDelivery(0, false, 0, 10*time.Second, false); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		r.say(SeedAda, "@bot", fmt.Sprint(i), "")
	}
	got, ordered := map[string]bool{}, true
	last := -1
	for range 100 {
		r.Advance(100 * time.Millisecond)
		for len(got) < len(r.Envelopes()) {
			e := l.event()
			text := e["text"].(string)
			if got[text] {
				t.Fatalf("%s came twice", text)
			}
			got[text] = true
			var n int
			if _, err := fmt.Sscan(text, &n); err != nil {
				t.Fatal(err)
			}
			ordered = ordered && n > last
			last = n
		}
		r.settled()
	}
	if len(got) != 20 || ordered {
		t.Fatalf("%d events, in order %v", len(got), ordered)
	}
}

func TestW6_DefaultsAreSlacks(t *testing.T) {
	s := DefaultSettings()
	if s.Ping != 10_000 || s.Pong != 30_000 || s.Connection != 3_600_000 || s.Warning != 10_000 || s.MaxConnections != 10 ||
		s.AckTimeout != 3_000 || s.HTTPTimeout != 3_000 || s.Redelivery != [3]int{0, 60_000, 300_000} || s.EventsPerHour != 30_000 || s.TokenLife != 43_200_000 {
		t.Fatalf("%+v", s)
	}
}

func TestW7_CountersAreShown(t *testing.T) {
	r := start(t, Options{})
	r.say(SeedAda, "@bot", "one", "")
	shown := func() (st struct{ Waiting, Dropped int }) {
		t.Helper()
		code, b := r.ctl("GET", "/sim/state", obj{})
		if code != 200 {
			t.Fatal(code)
		}
		if err := json.Unmarshal(b, &st); err != nil {
			t.Fatal(err)
		}
		return st
	}
	if st := shown(); st.Waiting != 1 || st.Dropped != 0 {
		t.Fatalf("%+v", st)
	}
	r.Advance(7 * time.Minute)
	if st := shown(); st.Waiting != 0 || st.Dropped != 1 {
		t.Fatalf("%+v", st)
	}
}
