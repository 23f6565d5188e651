package slacksim

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// two connections, and the id of the first.
func (r *rig) pair() (struck, other *link, id string) {
	r.t.Helper()
	struck = r.dial()
	id = r.Sockets()[0].ID
	return struck, r.dial(), id
}

func (r *rig) arm(f Fault) {
	r.t.Helper()
	if _, err := r.AddFault(f); err != nil {
		r.t.Fatal(err)
	}
}

// onlyOn stalls all connections but one, so that the next envelope goes there.
func (r *rig) onlyOn(id string) {
	r.t.Helper()
	for _, k := range r.Sockets() {
		action := "stall"
		if k.ID == id {
			action = "resume"
		}
		if k.State != socketClosed {
			if err := r.SocketAction(action, k.ID); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

func TestT3_FaultsOfOneConnection(t *testing.T) {
	// What the app sees of the first of two envelopes with each kind of fault, and how the connection fares.
	for _, kind := range envelopeFaults() {
		t.Run(kind, func(t *testing.T) {
			r := start(t, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
			l, other, id := r.pair()
			r.onlyOn(id)
			r.arm(Fault{Method: "envelope", Socket: id, Kind: kind, MS: 500, Times: 1})
			r.say(SeedAda, "@bot", "one", "")
			if e := r.Envelopes()[0]; e.Fault != kind || e.Connection != id {
				t.Fatalf("%+v", e)
			}
			if n := len(r.Faults()); n != 0 {
				t.Fatalf("%d faults left", n)
			}
			text := func(l *link) string { s, _ := l.event()["text"].(string); return s }
			order := func(want ...string) {
				t.Helper()
				for _, w := range want {
					if got := text(l); got != w {
						t.Fatalf("got %q, want %q", got, w)
					}
				}
			}
			switch kind {
			case "delay", "lost", "duplicate", "reorder":
				r.say(SeedAda, "@bot", "two", "")
			}
			switch kind {
			case "ack_lost":
				order("one")
				r.Advance(3 * time.Second) // as if not acknowledged: it comes again
				order("one")
			case "delay":
				order("two")
				r.Advance(500 * time.Millisecond)
				order("one")
			case "lost":
				order("two")
				r.until("the acknowledgement", func(v View) bool { return v.Envelopes()[1].AckedAt != nil })
				r.Advance(3 * time.Second) // not acknowledged: it comes again
				order("one")
			case "duplicate":
				order("one", "one", "two")
			case "reorder":
				order("two", "one")
				r.arm(Fault{Method: "envelope", Kind: kind, MS: 500, Times: 1})
				r.say(SeedAda, "@bot", "alone", "")
				r.Advance(500 * time.Millisecond)
				order("alone")
			case "stall":
				r.Advance(500 * time.Millisecond)
				order("one")
			case "reset_before":
				if _, err := l.read(); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
			case "reset_after":
				if env := l.next(); inner(env)["text"] != "one" {
					t.Fatal(env)
				}
				if _, err := l.read(); err == nil || websocket.CloseStatus(err) != -1 {
					t.Fatal(err)
				}
			case "half_frame":
				if _, err := l.read(); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
			}
			if strings.HasPrefix(kind, "reset") || kind == "half_frame" {
				// The other connection gets it after the timeout.
				r.until("the end of the connection", func(v View) bool { return len(v.s.sockets) == 1 })
				if err := r.SocketAction("resume", ""); err != nil {
					t.Fatal(err)
				}
				r.Advance(3 * time.Second)
				if got := text(other); got != "one" {
					t.Fatal(got)
				}
			}
			r.until("the last envelope acknowledged", func(v View) bool {
				e := v.Envelopes()
				return e[len(e)-1].AckedAt != nil
			})
		})
	}
}

func TestT3_FaultsAreChecked(t *testing.T) {
	r := start(t, Options{})
	for _, f := range []Fault{
		{Method: "envelope", Kind: "429"}, {Method: "envelope", Kind: "nothing"}, {Method: "auth.test", Kind: "stall"},
		{Method: "auth.test", Kind: "delay", Socket: "S1"}, {Kind: "delay"}, {Method: "*", Kind: "delay", MS: -1},
	} {
		if code, body := r.ctl("POST", "/sim/faults", f); code != 400 {
			t.Errorf("%+v: %d %s", f, code, body)
		}
	}
	// A fault of all methods strikes neither handshake nor envelopes.
	r.arm(Fault{Method: "*", Kind: "reset_before", Skip: 1})
	l := r.dial()
	r.say(SeedAda, "@bot", "hi", "")
	if e := l.event(); e["text"] != "hi" {
		t.Fatal(e)
	}
	r.settled()
}

func TestT3_ServerErrors(t *testing.T) {
	r := start(t, Options{})
	for kind, want := range map[string]struct {
		status int
		html   bool
	}{"500": {500, false}, "500_html": {500, true}, "503": {503, false}, "html": {503, true}} {
		r.arm(Fault{Method: "auth.test", Kind: kind, Times: 1})
		resp, err := r.send("auth.test", obj{}, DefaultBotToken)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want.status || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") != want.html || strings.Contains(string(b), "<html>") != want.html {
			t.Errorf("%s: %s %s", kind, resp.Status, b)
		}
	}
	r.ok("auth.test", obj{})
}

func TestW5_StopPingsFor40Seconds(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Ping = 5 })
	_, read := r.rawLink()
	if _, _, err := read(); err != nil { // hello
		t.Fatal(err)
	}
	if op, _, err := read(); err != nil || op != opPing {
		t.Fatal(op, err)
	}
	id := r.Sockets()[0].ID
	if code, body := r.ctl("POST", "/sim/sockets", obj{"action": "mute", "id": id, "ms": 40_000}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	// Envelopes still come, though no ping does: after those that were on their way, text frames only.
	texts := 0
	for texts < 3 {
		r.say(SeedAda, "@bot", fmt.Sprint(texts), "")
		op, _, err := read()
		if err != nil {
			t.Fatal(err)
		}
		if op == opText {
			texts++
		}
	}
	if k := r.Sockets()[0]; !k.Muted || k.State != socketLive {
		t.Fatalf("%+v", k)
	}
	r.Advance(39 * time.Second)
	if k := r.Sockets()[0]; !k.Muted {
		t.Fatal("the pings came back too early")
	}
	r.Advance(time.Second)
	if k := r.Sockets()[0]; k.Muted {
		t.Fatal("the pings did not come back")
	}
	for {
		op, _, err := read()
		if err != nil {
			t.Fatal(err)
		}
		if op == opPing {
			break
		}
	}
}

func TestW5_StallHealsByItself(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	if err := r.SocketActionFor("stall", "", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	r.say(SeedAda, "@bot", "later", "")
	if n := look(r.Sim, View.Waiting); n != 1 {
		t.Fatalf("%d waiting", n)
	}
	r.Advance(10 * time.Second)
	if e := l.event(); e["text"] != "later" {
		t.Fatal(e)
	}
	// A second stall without an end is not ended by the first one's.
	if err := r.SocketActionFor("stall", "", time.Second); err != nil {
		t.Fatal(err)
	}
	if err := r.SocketAction("stall", ""); err != nil {
		t.Fatal(err)
	}
	r.Advance(time.Minute)
	if n := look(r.Sim, View.Live); n != 0 {
		t.Fatal("the stall ended by itself")
	}
	if err := r.SocketAction("resume", ""); err != nil {
		t.Fatal(err)
	}
	if err := r.SocketActionFor("stall", "", -1); err == nil {
		t.Fatal("a negative time")
	}
}

func TestW5_DefaultLifeHasJitter(t *testing.T) {
	r := start(t, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	seen := map[float64]bool{}
	for range 6 {
		n := r.dial().hello["debug_info"].(obj)["approximate_connection_time"].(float64)
		if n < 3240 || n > 3960 {
			t.Fatal(n)
		}
		seen[n] = true
	}
	if len(seen) < 2 {
		t.Fatal("all lives are the same", seen)
	}
}

func TestW5_DebugConnectionLives360Seconds(t *testing.T) {
	r := start(t, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	l := r.dialAt(r.ticket() + "&debug_reconnects=true")
	r.Advance(350*time.Second - time.Millisecond)
	if n := look(r.Sim, View.Live); n != 1 {
		t.Fatal("ended early")
	}
	r.say(SeedAda, "@bot", "not yet", "")
	if e := l.event(); e["text"] != "not yet" {
		t.Fatal("warned early", e)
	}
	r.settled()
	r.Advance(time.Millisecond)
	if e := l.next(); e["type"] != "disconnect" || e["reason"] != "warning" {
		t.Fatal(e)
	}
	r.Advance(10 * time.Second)
	if _, err := l.read(); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Fatal(err)
	}
}

func TestE4_BurstFromOneEndpoint(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	began := time.Now()
	if code, body := r.ctl("POST", "/sim/burst", obj{
		"user": SeedAda, "channel": "@bot", "count": 50, "ms": 200, "unknown_events": 2, "unknown_envelopes": 2, "malformed": 2,
	}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	seen := map[string]int{}
	for seen["message"] < 50 || seen["event"] < 2 || seen["envelope"] < 2 || seen["broken"] < 2 {
		_, b, err := l.conn.Read(deadline(t))
		if err != nil {
			t.Fatal(err, seen)
		}
		var env obj
		if jsonInto(b, &env) != nil {
			seen["broken"]++
			continue
		}
		l.ack(env)
		switch {
		case env["type"] == "never_heard_of":
			seen["envelope"]++
		case inner(env)["type"] == "never_heard_of":
			seen["event"]++
		case inner(env)["text"] == fmt.Sprintf("message %d", seen["message"]+1):
			seen["message"]++
		default:
			t.Fatal(env)
		}
	}
	if d := time.Since(began); d < 190*time.Millisecond {
		t.Fatalf("it took %v", d)
	}
	for _, bad := range []obj{{"user": SeedAda, "channel": "#nowhere"}, {"user": SeedAda, "channel": "@bot", "count": -1}, {"user": "U0", "channel": "@bot"}, {"user": SeedAda, "channel": "@bot", "malformed": 1 << 30}} {
		if code, body := r.ctl("POST", "/sim/burst", bad); code < 400 {
			t.Errorf("%v: %d %s", bad, code, body)
		}
	}
}

func TestServerCloseWaits(t *testing.T) {
	r := start(t, Options{})
	r.dial()
	r.arm(Fault{Method: "auth.test", Kind: "hang"})
	ended := make(chan error, 1)
	go func() {
		resp, err := r.send("auth.test", obj{}, DefaultBotToken)
		if err == nil {
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	r.until("the socket", func(v View) bool { return v.Live() == 1 })
	r.until("the hanging call", func(v View) bool { return len(v.s.faults) == 1 && v.s.faults[0].Struck == 1 })
	if err := r.srv.Close(); err != nil {
		t.Fatal(err)
	}
	if n := look(r.Sim, View.Live); n != 0 {
		t.Fatalf("%d connections left", n)
	}
	if err := <-ended; err == nil {
		t.Fatal("the hanging call got an answer")
	}
	if err := r.srv.Close(); err != nil {
		t.Fatal(err)
	}
}
