package slacksim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestW1_TicketsWorkOnce(t *testing.T) {
	r := start(t, Options{})
	u := r.ticket()
	r.dialAt(u)
	refused := func(what, u string) {
		t.Helper()
		_, resp, err := websocket.Dial(deadline(t), u, &websocket.DialOptions{HTTPClient: r.client})
		if err == nil || resp == nil || resp.StatusCode < 400 || resp.StatusCode > 499 {
			t.Fatalf("%s: %v, %v", what, resp, err)
		}
	}
	refused("used", u)
	refused("unknown", "ws"+strings.TrimPrefix(r.srv.URL(), "http")+"/link/?ticket=x")
	late := r.ticket()
	r.Advance(31 * time.Second)
	refused("expired", late)
	for range 9 {
		r.dial()
	}
	refused("eleventh", r.ticket())
	r.set(func(s *Settings) { s.CloseOldest = true })
	r.dial()
	r.until("ten connections", func(v View) bool { return v.Live() == 10 })
}

func TestW2_HelloAndOneRandomConnection(t *testing.T) {
	r := start(t, Options{})
	links := []*link{r.dial(), r.dial(), r.dial()}
	for i, l := range links {
		if l.hello["num_connections"] != float64(i+1) || l.hello["connection_info"].(obj)["app_id"] != SeedApp {
			t.Fatal(l.hello)
		}
	}
	const n = 60
	var mu sync.Mutex
	seen := map[string]int{}
	perLink := make([]int, len(links))
	ctx, cancel := context.WithCancel(deadline(t))
	var wg sync.WaitGroup
	for i, l := range links {
		wg.Go(func() {
			for {
				_, b, err := l.conn.Read(ctx)
				if err != nil {
					return
				}
				var env struct {
					ID string `json:"envelope_id"`
				}
				_ = jsonInto(b, &env)
				if l.conn.Write(ctx, websocket.MessageText, []byte(`{"envelope_id":"`+env.ID+`"}`)) != nil {
					return
				}
				mu.Lock()
				seen[env.ID]++
				perLink[i]++
				mu.Unlock()
			}
		})
	}
	for i := range n {
		r.say(SeedAda, "@bot", fmt.Sprint(i), "")
	}
	r.until("all acknowledged", func(v View) bool {
		k := 0
		for _, e := range v.Envelopes() {
			if e.AckedAt != nil {
				k++
			}
		}
		return k == n
	})
	cancel()
	wg.Wait()
	if len(seen) != n || slices.Min(perLink) == 0 {
		t.Fatalf("%d envelopes, shared %v", len(seen), perLink)
	}
	for id, k := range seen {
		if k != 1 {
			t.Errorf("%s came %d times", id, k)
		}
	}
}

func TestW3_RedeliveryAfterTimeout(t *testing.T) {
	r := start(t, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	l := r.dial()
	r.say(SeedAda, "@bot", "hi", "")
	var ids, events []string
	steps := []time.Duration{3 * time.Second, 63 * time.Second, 303 * time.Second}
	for attempt := range 4 {
		env := l.next()
		ids = append(ids, env["envelope_id"].(string))
		events = append(events, env["payload"].(obj)["event_id"].(string))
		want := ""
		if attempt > 0 {
			want = "timeout"
		}
		if env["retry_attempt"] != float64(attempt) || env["retry_reason"] != want {
			t.Fatalf("attempt %d: %v", attempt, env)
		}
		if attempt < len(steps) {
			r.Advance(steps[attempt] - time.Millisecond)
			if n := len(r.Envelopes()); n != attempt+1 {
				t.Fatalf("%d deliveries too early", n)
			}
			r.Advance(time.Millisecond)
		}
	}
	if events[0] != events[3] || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 4 {
		t.Fatalf("event ids %v, envelope ids %v", events, ids)
	}
	r.Advance(30 * time.Minute)
	if v := look(r.Sim, View.Dropped); v != 1 || len(r.Envelopes()) != 4 {
		t.Fatalf("dropped %d", v)
	}
	// An acknowledgement in time ends it; a late one does not count.
	r.say(SeedAda, "@bot", "again", "")
	env := l.next()
	r.Advance(3 * time.Second)
	again := l.next()
	l.ack(env)
	l.ack(again)
	r.until("the second attempt acknowledged", func(v View) bool {
		e := v.Envelopes()
		return e[len(e)-1].AckedAt != nil && e[len(e)-2].AckedAt == nil && v.Sockets()[0].Dropped == 1
	})
}

func TestW3_RedeliveryOnTheRealClock(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.AckTimeout = 20; s.Redelivery = [3]int{0, 10, 10}; s.SameEnvelopeID = true })
	l := r.dial()
	r.say(SeedAda, "@bot", "hi", "")
	first, second := l.next(), l.next()
	if first["envelope_id"] != second["envelope_id"] || second["retry_attempt"] != 1.0 {
		t.Fatal(first, second)
	}
}

// frameOf is a client's frame: masked, as RFC 6455 wants.
func frameOf(op byte, fin bool, payload []byte) []byte {
	b := []byte{op}
	if fin {
		b[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	var mask [4]byte
	_, _ = rand.Read(mask[:])
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// rawLink is a connection without a library, for frames that no library sends.
func (r *rig) rawLink() (write func([]byte), read func() (byte, []byte, error)) {
	r.t.Helper()
	req, err := http.NewRequest("GET", "http"+strings.TrimPrefix(r.ticket(), "ws"), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header.Set("Sec-WebSocket-Version", "13")
	req.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	resp, err := r.client.Do(req)
	if err != nil || resp.StatusCode != 101 {
		r.t.Fatal(resp, err)
	}
	if got := resp.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" { // the RFC's own example
		r.t.Fatal(got)
	}
	conn := resp.Body.(io.ReadWriteCloser)
	r.t.Cleanup(func() { _ = conn.Close() })
	rd := bufio.NewReader(conn)
	write = func(b []byte) {
		r.t.Helper()
		if _, err := conn.Write(b); err != nil {
			r.t.Fatal(err)
		}
	}
	read = func() (byte, []byte, error) {
		head := make([]byte, 2)
		if _, err := io.ReadFull(rd, head); err != nil {
			return 0, nil, err
		}
		n := int(head[1])
		if n == 126 {
			ext := make([]byte, 2)
			if _, err := io.ReadFull(rd, ext); err != nil {
				return 0, nil, err
			}
			n = int(binary.BigEndian.Uint16(ext))
		}
		b := make([]byte, n)
		_, err := io.ReadFull(rd, b)
		return head[0] & 0x0F, b, err
	}
	return write, read
}

func TestW4_AcksThatDoNotCount(t *testing.T) {
	r := start(t, Options{})
	write, read := r.rawLink()
	if _, _, err := read(); err != nil { // hello
		t.Fatal(err)
	}
	r.say(SeedAda, "@bot", "hi", "")
	_, b, err := read()
	if err != nil {
		t.Fatal(err)
	}
	var env struct {
		ID string `json:"envelope_id"`
	}
	if err := jsonInto(b, &env); err != nil {
		t.Fatal(err)
	}
	ack := `{"envelope_id":"` + env.ID + `"}`
	padded := func(n int) []byte { return []byte(ack[:len(ack)-1] + strings.Repeat(" ", n-len(ack)) + "}") }
	write(frameOf(opText, true, padded(maxAck)))                      // too long
	write(frameOf(opText, false, []byte(ack[:10])))                   // in fragments
	write(frameOf(opContinuation, true, []byte(ack[10:])))            //
	write(frameOf(opText, true, []byte(`{"envelope_id":"unknown"}`))) //
	write(frameOf(opText, true, []byte(`nonsense`)))                  //
	r.until("four dropped acks", func(v View) bool { return v.Sockets()[0].Dropped == 4 })
	if e := r.Envelopes()[0]; e.AckedAt != nil {
		t.Fatal("acknowledged")
	}
	write(frameOf(opText, true, padded(maxAck-1)))
	r.until("the ack", func(v View) bool { return v.Envelopes()[0].AckedAt != nil })
}

func TestW4_AckOnAnotherConnection(t *testing.T) {
	r := start(t, Options{})
	a := r.dial()
	r.say(SeedAda, "@bot", "hi", "")
	env := a.next()
	b := r.dial()
	b.ack(env)
	r.until("the foreign ack dropped", func(v View) bool {
		return slices.ContainsFunc(v.Sockets(), func(s Socket) bool { return s.Dropped == 1 })
	})
	r.set(func(s *Settings) { s.AckAnyConnection = true })
	b.ack(env)
	r.until("the ack", func(v View) bool { return v.Envelopes()[0].AckedAt != nil })
}

func TestW5_Disconnects(t *testing.T) {
	r := start(t, Options{})
	act := func(action, id string) {
		t.Helper()
		if err := r.SocketAction(action, id); err != nil {
			t.Fatal(err)
		}
	}
	reason := func(l *link, want string) {
		t.Helper()
		if e := l.next(); e["type"] != "disconnect" || e["reason"] != want {
			t.Fatal(e)
		}
	}
	closed := func(l *link) {
		t.Helper()
		if _, err := l.read(); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Fatal(err)
		}
	}
	l := r.dial()
	act("warning", "")
	reason(l, "warning")
	r.say(SeedAda, "@bot", "still here", "")
	l.event()
	r.settled()
	r.Advance(10 * time.Second)
	closed(l)

	l = r.dial()
	act("refresh", "")
	reason(l, "refresh_requested")
	closed(l)

	l = r.dial()
	act("disable", "")
	reason(l, "link_disabled")
	closed(l)
	resp, err := r.send("apps.connections.open", obj{}, DefaultAppToken)
	if err != nil {
		t.Fatal(err)
	}
	if out := r.decode(resp); out["ok"] != false {
		t.Fatal(out)
	}
	act("enable", "")

	l = r.dialAt(r.ticket() + "&debug_reconnects=true")
	if n := l.hello["debug_info"].(obj)["approximate_connection_time"]; n != 360.0 {
		t.Fatal(n)
	}
	r.Advance(351 * time.Second)
	reason(l, "warning")
	act("drop", "")
	if _, err := l.read(); err == nil || websocket.CloseStatus(err) != -1 {
		t.Fatalf("a close frame before the drop: %v", err)
	}
	l = r.dial()
	act("half_frame", "")
	if _, err := l.read(); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	r.until("no connection", func(v View) bool { return v.Live() == 0 })
	if err := r.SocketAction("warning", "S0"); err == nil {
		t.Fatal("an unknown connection")
	}
	if err := r.SocketAction("explode", ""); err == nil {
		t.Fatal("an unknown action")
	}
}

func TestW5_Stall(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Ping = 5 })
	stalled := r.dial()
	id := r.Sockets()[0].ID
	if err := r.SocketAction("stall", id); err != nil {
		t.Fatal(err)
	}
	live := r.dial()
	for i := range 5 {
		r.say(SeedAda, "@bot", fmt.Sprint(i), "")
		live.event() // nothing goes to the stalled one
	}
	if err := r.SocketAction("resume", id); err != nil {
		t.Fatal(err)
	}
	if err := r.SocketAction("stall", r.Sockets()[1].ID); err != nil {
		t.Fatal(err)
	}
	r.say(SeedAda, "@bot", "back", "")
	if e := stalled.event(); e["text"] != "back" {
		t.Fatal(e)
	}
}

func TestW6_Pings(t *testing.T) {
	r := start(t, Options{})
	r.set(func(s *Settings) { s.Ping, s.Pong = 5, 300 })
	write, read := r.rawLink()
	if _, _, err := read(); err != nil {
		t.Fatal(err)
	}
	write(frameOf(opPing, true, []byte("mine")))
	pings, pong := 0, false
	for {
		op, b, err := read()
		if err != nil {
			break // it never answered a ping, so it was dropped
		}
		pings += map[bool]int{true: 1}[op == opPing]
		pong = pong || op == opPong && string(b) == "mine"
	}
	if pings < 3 || !pong {
		t.Fatalf("%d pings, pong %v", pings, pong)
	}
	r.until("the connection gone", func(v View) bool { return v.Live() == 0 })
}

func TestW7_NoConnection(t *testing.T) {
	r := start(t, Options{})
	r.say(SeedAda, "@bot", "one", "")
	r.say(SeedAda, "@bot", "two", "")
	if n := look(r.Sim, View.Waiting); n != 2 {
		t.Fatalf("%d waiting", n)
	}
	l := r.dial()
	if a, b := l.event()["text"], l.event()["text"]; a != "one" || b != "two" {
		t.Fatal(a, b)
	}
	r.settled()
	r.DropSockets()
	r.until("no connection", func(v View) bool { return v.Live() == 0 })
	r.say(SeedAda, "@bot", "three", "")
	r.Advance(7 * time.Minute)
	if w, d := look(r.Sim, View.Waiting), look(r.Sim, View.Dropped); w != 0 || d != 1 {
		t.Fatalf("%d waiting, %d dropped", w, d)
	}
	r.set(func(s *Settings) { s.QueueWhenDown = false })
	r.say(SeedAda, "@bot", "four", "")
	if d := look(r.Sim, View.Dropped); d != 2 {
		t.Fatalf("%d dropped", d)
	}
}

func TestLinkFaults(t *testing.T) {
	r := start(t, Options{})
	for _, kind := range []string{"500", "429", "reset_before"} {
		if _, err := r.AddFault(Fault{Method: "link", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := websocket.Dial(deadline(t), r.ticket(), &websocket.DialOptions{HTTPClient: r.client}); err == nil {
			t.Errorf("%s: connected", kind)
		}
		r.ClearFaults("")
	}
	r.dial()
}

func FuzzReadFrame(f *testing.F) {
	f.Add(frameOf(opText, true, []byte("hello")))
	f.Add(frameOf(opPing, true, nil))
	f.Add([]byte{0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := readFrame(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return
		}
		back, err := readFrame(bufio.NewReader(bytes.NewReader(frameOf(fr.op, fr.fin, fr.payload))))
		if err != nil || back.op != fr.op || back.fin != fr.fin || !bytes.Equal(back.payload, fr.payload) {
			t.Fatalf("%+v came back as %+v, %v", fr, back, err)
		}
	})
}
