package socket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/slack/socket"
	"holdfast/internal/slacksim"
)

func TestTwoConnectionsAndAck(t *testing.T) {
	bubble(t, socket.Options{}, nil, nil, func(r *rig) {
		r.live(2)
		for i := range 20 {
			r.send(i)
		}
		synctest.Wait()
		r.mustHave(20)
		if s := r.client.Status(); s.LastEnvelope.IsZero() || s.LastFrame.IsZero() || s.Reconnects != 0 || s.Disabled || s.LastError != "" {
			t.Errorf("status %+v", s)
		}
		on := map[string]bool{}
		for _, e := range r.sim.Envelopes() {
			on[e.Connection] = true
		}
		if len(on) != 2 {
			t.Errorf("envelopes came over %d connections", len(on))
		}
		r.stop()
		<-r.ended
		if r.err != nil {
			t.Errorf("Run returned %v", r.err)
		}
	})
}

// Guarantee 2: whatever has an envelope id is received and acknowledged.
func TestEveryEnvelopeIsAcked(t *testing.T) {
	bubble(t, socket.Options{Connections: 1}, nil, nil, func(r *rig) {
		for _, kind := range []string{"events_api", "interactive", "slash_commands", "block_suggestion", "hologram"} {
			for _, payload := range []string{`{"a":1}`, `{}`, `[1]`, `"x"`, `null`, `7`} {
				if _, err := r.sim.Envelope(kind, json.RawMessage(payload), ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		for _, e := range r.sim.Envelopes() {
			if e.AckedAt == nil {
				t.Errorf("%s with %s was not acknowledged", e.Type, e.Payload)
			}
		}
		for _, e := range r.received() {
			if !json.Valid(e.Payload) || e.ID == "" {
				t.Errorf("received %+v", e)
			}
		}
		if n := len(r.received()); n != 30 {
			t.Errorf("%d of 30 received", n)
		}
	})
}

func TestOddFrames(t *testing.T) {
	acks := make(chan string, 100)
	frames := []string{
		`{`, ``, `null`, `[]`, `7`, "\xff\xfe", `{"type":"events_api","payload":{}}`, `{"type":"hologram"}`, `{"type":7}`,
		`{"type":"disconnect","reason":7}`, `{"type":"hello","debug_info":"x","num_connections":"many"}`,
		`{"type":"events_api","envelope_id":null,"payload":{}}`, `{"type":"events_api","envelope_id":"","payload":{}}`,
		`{"envelope_id":"e1"}`, `{"envelope_id":"e2","type":["x"],"payload":null}`, `{"envelope_id":17,"type":"events_api","payload":{"n":17}}`,
		`{"envelope_id":"e3","type":"events_api","accepts_response_payload":"yes","retry_attempt":"2","retry_reason":3,"payload":{"n":3}}`,
		`{"envelope_id":"e\"\\4","type":"events_api","payload":{"n":4}}`,
		`{"envelope_id":"big","type":"events_api","payload":"` + strings.Repeat("x", 8<<20) + `"}`,
		`{"envelope_id":"large","type":"events_api","payload":"` + strings.Repeat("x", 7<<20) + `"}`,
		`{"envelope_id":"last","type":"events_api","retry_attempt":2,"retry_reason":"timeout","accepts_response_payload":true,"payload":{"n":5}}`,
	}
	h := rawServer(func(c *rawConn) {
		c.hello(0)
		for i, f := range frames {
			if c.n == 1 || i == 0 {
				c.send(f)
			}
		}
		for {
			ack, err := c.read()
			if err != nil {
				return
			}
			acks <- ack
		}
	})
	raw(t, h, socket.Options{Connections: 1, Open: h.open}, nil, func(r *rig) {
		r.pass(20 * time.Second)
		r.live(1)
		got := map[string]bool{}
		for len(acks) > 0 {
			got[<-acks] = true
		}
		want := []string{`{"envelope_id":"e1"}`, `{"envelope_id":"e2"}`, `{"envelope_id":17}`, `{"envelope_id":"e3"}`,
			`{"envelope_id":"e\"\\4"}`, `{"envelope_id":"large"}`, `{"envelope_id":"last"}`}
		for _, w := range want {
			if !got[w] {
				t.Errorf("no %s", w)
			}
		}
		if len(got) != len(want) {
			t.Errorf("acknowledged %v", got)
		}
		if h.opened.Load() != 2 { // the odd disconnect asks to leave, and it was left once
			t.Errorf("%d connections were opened", h.opened.Load())
		}
		byID := map[string]socket.Envelope{}
		for _, e := range r.received() {
			byID[e.ID] = e
		}
		if e := byID["e1"]; string(e.Payload) != `{"envelope_id":"e1"}` || e.Type != "" {
			t.Errorf("an envelope without payload or type: %+v", e)
		}
		if e := byID["e3"]; e.AcceptsResponse || e.RetryAttempt != 0 || string(e.Payload) != `{"n":3}` || e.Type != "events_api" {
			t.Errorf("an envelope with odd fields: %+v", e)
		}
		if e := byID["17"]; string(e.Payload) != `{"n":17}` {
			t.Errorf("an envelope with a number for an id: %+v", e)
		}
		if e := byID[`e"\4`]; string(e.Payload) != `{"n":4}` {
			t.Errorf("an envelope with quotes in its id: %+v", e)
		}
		if e := byID["last"]; !e.AcceptsResponse || e.RetryAttempt != 2 || e.RetryReason != "timeout" || e.At.IsZero() {
			t.Errorf("the last envelope: %+v", e)
		}
	})
}

// Guarantee 1: no acknowledgement without a commit, and a redelivery for it.
func TestRefusedIsRedelivered(t *testing.T) {
	var tries atomic.Int32
	bubble(t, socket.Options{}, nil, func(context.Context, *rig, socket.Envelope) (json.RawMessage, error) {
		if tries.Add(1) <= 2 {
			return nil, errors.New("disk full")
		}
		return nil, nil
	}, func(r *rig) {
		r.send(0)
		synctest.Wait()
		if e := r.sim.Envelopes()[0]; e.AckedAt != nil {
			t.Fatal("acknowledged although it was not stored")
		}
		r.pass(10 * time.Second)
		if n := r.ids()["Ev0"]; n != 2 {
			t.Errorf("delivered %d times within 10 s", n)
		}
		r.pass(2 * time.Minute)
		r.mustHave(1)
		last := r.received()[2]
		if last.RetryAttempt != 2 || last.RetryReason != "timeout" {
			t.Errorf("the third delivery is %+v", last)
		}
		r.live(2)
	})
}

func TestBurst(t *testing.T) {
	bubble(t, socket.Options{}, nil, held, func(r *rig) {
		for i := range 500 {
			r.send(i)
		}
		synctest.Wait()
		for range 500 {
			r.release <- struct{}{}
		}
		synctest.Wait()
		r.mustHave(500)
		if n := r.count(socket.Acked); n != 500 {
			t.Errorf("%d acknowledgements for 500 envelopes", n)
		}
	})
}

func TestAckPayload(t *testing.T) {
	answers := map[string]string{
		"small": `{"text":"hi"}`, "limit": `"` + strings.Repeat("x", 20_480-2-len(`{"envelope_id":"00000000-0000-4000-8000-000000000000","payload":}`)-1) + `"`,
		"big": `"` + strings.Repeat("x", 20_480) + `"`, "broken": `{"text":`, "none": ``,
	}
	bubble(t, socket.Options{}, nil, func(_ context.Context, _ *rig, e socket.Envelope) (json.RawMessage, error) {
		var p struct{ Want string }
		_ = json.Unmarshal(e.Payload, &p)
		return json.RawMessage(answers[p.Want]), nil
	}, func(r *rig) {
		for _, kind := range []string{"interactive", "slash_commands", "events_api"} {
			for want := range answers {
				if _, err := r.sim.Envelope(kind, fmt.Appendf(nil, `{"want":%q}`, want), ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		for _, e := range r.sim.Envelopes() {
			var p struct{ Want string }
			_ = json.Unmarshal(e.Payload, &p)
			want := ""
			if e.Type != "events_api" && (p.Want == "small" || p.Want == "limit") {
				want = answers[p.Want]
			}
			if e.AckedAt == nil || string(e.AckPayload) != want {
				t.Errorf("%s, %s: acknowledged %v with %d bytes, want %d", e.Type, p.Want, e.AckedAt != nil, len(e.AckPayload), len(want))
			}
		}
		for _, k := range r.sim.Sockets() {
			if k.Dropped != 0 {
				t.Errorf("Slack dropped %d acknowledgements", k.Dropped)
			}
		}
		if !strings.Contains(r.log.String(), "20 KB") {
			t.Error("an answer was left out without a word")
		}
	})
}

// A12 and the reasons to reconnect: whatever happens to connections, no event
// is lost, and within 30 s there are two again.
func TestTroubleLosesNothing(t *testing.T) {
	for _, action := range []string{"drop", "half_frame", "stall", "warning", "refresh"} {
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s all=%v", action, all), func(t *testing.T) {
				// The simulator counts stalled connections for ever.
				many := func(s *slacksim.Settings) { s.MaxConnections = 100 }
				bubble(t, socket.Options{}, many, nil, func(r *rig) {
					id := ""
					n := 0
					send := func() { r.send(n); n++ }
					r.pass(15 * time.Second) // so that the connections count as stable
					for range 5 {
						if !all {
							var live []string
							for _, k := range r.sim.Sockets() {
								if k.State == "live" {
									live = append(live, k.ID)
								}
							}
							id = live[0]
						}
						send()
						if err := r.sim.SocketAction(action, id); err != nil {
							t.Fatal(err)
						}
						if action == "drop" || action == "refresh" {
							r.pass(100 * time.Millisecond)
							r.live(2) // at once
						}
						for range 60 {
							send()
							r.pass(500 * time.Millisecond)
						}
						if live := r.client.Status().Live; live < 2 {
							t.Errorf("%d connections 30 s later\n%s", live, r.log)
						}
						r.pass(15 * time.Second)
						r.live(2)
					}
					r.pass(7 * time.Minute) // for Slack's redeliveries
					r.mustHave(n)
					if got := r.client.Status().Reconnects; got < 5 || got > 10 {
						t.Errorf("%d reconnects", got)
					}
				})
			})
		}
	}
}

// Guarantee 3: over a day of connections that live an hour, there are never
// fewer than two, never two renewed at once, and every event is acknowledged
// at its first delivery.
func TestMakeBeforeBreak(t *testing.T) {
	bubble(t, socket.Options{}, nil, nil, func(r *rig) {
		r.watch()
		n := 0
		for range 24 * 60 {
			r.send(n)
			n++
			r.pass(time.Minute)
		}
		r.mustHave(n)
		for _, e := range r.sim.Envelopes() {
			if e.Attempt != 0 {
				t.Errorf("event %s needed attempt %d", e.EventID, e.Attempt)
			}
		}
		if r.least < 2 || r.most > 3 {
			t.Errorf("between %d and %d connections live, want 2 or 3", r.least, r.most)
		}
		if got := r.client.Status().Reconnects; got < 48 || got > 80 {
			t.Errorf("%d connections renewed in a day, want some 32 for each of two places", got)
		}
	})
}

// The same with warnings alone: Slack does not say how long connections live.
func TestWarning(t *testing.T) {
	bubble(t, socket.Options{Timing: socket.Timing{MinAge: 24 * time.Hour}}, func(s *slacksim.Settings) { s.Connection = 600_000 }, nil, func(r *rig) {
		r.watch()
		n := 0
		for range 3000 {
			r.send(n)
			n++
			r.pass(time.Second)
		}
		r.mustHave(n)
		for _, e := range r.sim.Envelopes() {
			if e.Attempt != 0 {
				t.Errorf("event %s needed attempt %d", e.EventID, e.Attempt)
			}
		}
		if r.least < 2 {
			t.Errorf("at times only %d connections were live", r.least)
		}
		if r.count(socket.Leaving) < 8 {
			t.Errorf("only %d warnings came", r.count(socket.Leaving))
		}
	})
}

func TestLinkDisabled(t *testing.T) {
	bubble(t, socket.Options{}, nil, nil, func(r *rig) {
		if err := r.sim.SocketAction("disable", ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r.live(0)
		if !r.client.Status().Disabled {
			t.Error("the status does not say that Socket Mode is off")
		}
		before := len(r.sim.Calls())
		r.pass(10 * time.Minute)
		if n := len(r.sim.Calls()) - before; n < 10 || n > 42 {
			t.Errorf("%d tries in 10 minutes, want one a minute or two for each of two places", n)
		}
		if !r.client.Status().Disabled || !strings.Contains(r.log.String(), "level=ERROR") {
			t.Error("nobody is told")
		}
		if err := r.sim.SocketAction("enable", ""); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Minute)
		r.live(2)
		if s := r.client.Status(); s.Disabled || s.LastError != "" {
			t.Errorf("status after it was switched on again: %+v", s)
		}
		r.send(0)
		synctest.Wait()
		r.mustHave(1)
	})
}

func TestFatal(t *testing.T) {
	for _, code := range []string{
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "not_allowed_token_type", "forbidden_team", "team_disabled", "missing_scope",
	} {
		t.Run(code, func(t *testing.T) {
			bubble(t, socket.Options{}, nil, nil, func(r *rig) {
				if _, err := r.sim.AddFault(slacksim.Fault{Method: "apps.connections.open", Kind: "error", Error: code}); err != nil {
					t.Fatal(err)
				}
				r.live(2)
				r.sim.DropSockets()
				<-r.ended
				f := fatalOf(r.err)
				if f == nil || f.Code != code || len(f.Error()) < 30+len(code) || f.Unwrap() == nil {
					t.Errorf("Run returned %v", r.err)
				}
			})
		})
	}
	t.Run("wrong token from the start", func(t *testing.T) {
		bubble(t, socket.Options{Open: func(context.Context) (string, error) { return "", refusal("invalid_auth") }}, nil, nil, func(r *rig) {
			<-r.ended
			if f := fatalOf(r.err); f == nil || f.Code != "invalid_auth" {
				t.Errorf("Run returned %v", r.err)
			}
		})
	})
}

// Anything else is waited out, with a pause that grows to 30 s and no further.
func TestOutage(t *testing.T) {
	for _, f := range []slacksim.Fault{
		{Method: "apps.connections.open", Kind: "html"}, {Method: "apps.connections.open", Kind: "reset_before"},
		{Method: "apps.connections.open", Kind: "hang"}, {Method: "link", Kind: "500"}, {Method: "link", Kind: "reset_before"},
		{Method: "link", Kind: "hang"},
	} {
		t.Run(f.Method+" "+f.Kind, func(t *testing.T) {
			bubble(t, socket.Options{}, nil, nil, func(r *rig) {
				r.pass(15 * time.Second)
				if _, err := r.sim.AddFault(f); err != nil {
					t.Fatal(err)
				}
				r.sim.DropSockets()
				synctest.Wait()
				r.send(0)
				r.pass(5 * time.Minute)
				r.live(0)
				failed := r.count(socket.Failed)
				if failed < 2*300/(30+10) || failed > 60 {
					t.Errorf("%d failed tries in 5 minutes", failed)
				}
				if r.client.Status().LastError == "" {
					t.Error("the status shows no error")
				}
				r.sim.ClearFaults("")
				r.pass(41 * time.Second)
				r.live(2)
				r.mustHave(1)
			})
		})
	}
}

// Guarantee 6: a store that hangs does not stop pings, warnings, or the
// connection, and what it then stores is acknowledged.
func TestSlowStore(t *testing.T) {
	bubble(t, socket.Options{Connections: 1, Concurrency: 4, Timing: socket.Timing{Receive: time.Hour}},
		func(s *slacksim.Settings) { s.AckTimeout = 3_600_000 },
		held,
		func(r *rig) {
			for i := range 100 {
				r.send(i)
			}
			r.pass(5 * time.Minute)
			r.live(1)
			if n := len(r.received()); n != 4 {
				t.Errorf("%d calls of the receiver at once, want 4", n)
			}
			if s := r.client.Status(); s.Reconnects != 0 || time.Since(s.LastFrame) > 11*time.Second {
				t.Errorf("pings were not answered: %+v", s)
			}
			close(r.release)
			synctest.Wait()
			r.mustHave(100)
			if len(r.sim.Envelopes()) != 100 {
				t.Errorf("%d deliveries for 100 events", len(r.sim.Envelopes()))
			}
		})
}

// A receiver that does not return is cut off after Timing.Receive.
func TestReceiveDeadline(t *testing.T) {
	bubble(t, socket.Options{}, nil, func(ctx context.Context, _ *rig, e socket.Envelope) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, func(r *rig) {
		r.send(0)
		r.pass(29 * time.Second)
		if n := r.count(socket.Refused); n != 0 {
			t.Errorf("cut off early, %d times", n)
		}
		r.pass(2 * time.Second)
		if n := r.count(socket.Refused); n == 0 {
			t.Error("not cut off")
		}
		r.live(2)
	})
}

// Guarantee 7: what is being stored when the context ends is acknowledged;
// what comes after is not taken in; the connections are closed in good order.
func TestGracefulStop(t *testing.T) {
	bubble(t, socket.Options{}, nil,
		held,
		func(r *rig) {
			r.send(0)
			r.send(1)
			synctest.Wait()
			r.stop()
			synctest.Wait()
			r.send(2)
			r.pass(time.Second)
			select {
			case <-r.ended:
				t.Fatal("Run did not wait for what is being stored")
			default:
			}
			close(r.release)
			<-r.ended
			synctest.Wait()
			r.mustHave(2)
			if r.err != nil || r.ids()["Ev2"] != 0 {
				t.Errorf("Run returned %v and took in %d later events", r.err, r.ids()["Ev2"])
			}
			if n := strings.Count(r.log.String(), "socket lost"); n != 0 {
				t.Errorf("%d connections were not closed in good order:\n%s", n, r.log)
			}
		})
}

// A receiver that hangs delays the stop by Timing.Stop and the closing
// handshake, no more.
func TestStopDespiteHangingStore(t *testing.T) {
	bubble(t, socket.Options{}, nil, func(ctx context.Context, _ *rig, _ socket.Envelope) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, func(r *rig) {
		for i := range 50 {
			r.send(i)
		}
		synctest.Wait()
		began := time.Now()
		r.stop()
		<-r.ended
		if d := time.Since(began); d < 5*time.Second || d > 8*time.Second {
			t.Errorf("the stop took %v", d)
		}
		for _, e := range r.sim.Envelopes() {
			if e.AckedAt != nil {
				t.Error("acknowledged although it was not stored")
			}
		}
	})
}

// Stopping in the middle of connecting ends at once.
func TestStopWhileConnecting(t *testing.T) {
	for _, f := range []slacksim.Fault{{Method: "apps.connections.open", Kind: "hang"}, {Method: "link", Kind: "hang"}, {Method: "link", Kind: "500"}} {
		bubble(t, socket.Options{}, nil, nil, func(r *rig) {
			if _, err := r.sim.AddFault(f); err != nil {
				t.Fatal(err)
			}
			r.sim.DropSockets()
			r.pass(time.Second)
			began := time.Now()
			r.stop()
			<-r.ended
			if d := time.Since(began); d > time.Second || r.err != nil {
				t.Errorf("%s %s: Run ended after %v with %v", f.Method, f.Kind, d, r.err)
			}
		})
	}
}
