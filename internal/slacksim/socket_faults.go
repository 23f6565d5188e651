package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// envelopeFaults are the kinds of a Fault of Method "envelope".
func envelopeFaults() []string {
	return []string{"delay", "lost", "ack_lost", "duplicate", "reorder", "stall", "reset_before", "reset_after", "half_frame"}
}

// defaultHold is how long reorder holds an envelope back when the fault names no time and no other one follows.
const defaultHold = time.Second

// transmit writes an envelope to its connection, through a fault if one is armed for it. The acknowledgement is
// awaited in any case: the app's silence is then what Slack would see.
func (k *socket) transmit(d *delivery, envelope any) {
	s := k.sim
	b, err := json.Marshal(envelope)
	if err != nil {
		s.log.Error("slacksim: envelope not encoded", "error", err)
		return
	}
	f := s.pick("envelope", k.ID)
	if f == nil {
		k.send(opText, b)
		k.release()
		return
	}
	d.entry.Fault = f.Kind
	switch f.Kind {
	case "delay":
		s.after(ms(f.MS), func() { k.send(opText, b) })
	case "lost":
	case "ack_lost":
		k.send(opText, b) // see acknowledge
	case "duplicate":
		k.send(opText, b)
		k.send(opText, b)
	case "reorder":
		k.behind = append(k.behind, b)
		hold := ms(f.MS)
		if hold == 0 {
			hold = defaultHold
		}
		s.after(hold, k.release)
	case "stall":
		k.stall(ms(f.MS))
		k.send(opText, b) // it waits with all the rest
	case "reset_before":
		k.reset()
	case "reset_after":
		k.send(opText, b)
		k.cut = true
		k.closed()
	case "half_frame":
		k.half(b)
	}
}

// release sends what reorder held back.
func (k *socket) release() {
	behind := k.behind
	k.behind = nil
	for _, b := range behind {
		k.send(opText, b)
	}
}

// stall stops all traffic both ways, for d or, when d is 0, until it is resumed.
func (k *socket) stall(d time.Duration) {
	if k.state == socketLive {
		k.state, k.resumed = socketStalled, make(chan struct{})
		k.sim.publish("socket", k)
	}
	if k.state == socketStalled {
		k.sim.cancel(k.heal)
		k.heal = nil
		if d > 0 {
			k.heal = k.sim.after(d, k.resume)
		}
	}
}

func (k *socket) resume() {
	if k.state != socketStalled {
		return
	}
	k.sim.cancel(k.heal)
	k.state, k.heard = socketLive, time.Now()
	close(k.resumed)
	k.resumed = nil
	k.sim.publish("socket", k)
	k.poke()
	k.sim.flushParked()
}

// mute stops the pings alone, for d or, when d is 0, until unmute.
func (k *socket) mute(d time.Duration) {
	s := k.sim
	s.cancel(k.unmuting)
	k.unmuting = nil
	k.Muted = true
	if d > 0 {
		k.unmuting = s.after(d, k.unmute)
	}
	s.publish("socket", k)
}

func (k *socket) unmute() {
	if !k.Muted || k.state == socketClosed {
		return
	}
	k.sim.cancel(k.unmuting)
	k.Muted, k.heard = false, time.Now()
	k.sim.publish("socket", k)
}

// half sends the first half of an envelope and then drops the connection.
func (k *socket) half(envelope []byte) {
	whole := appendFrame(nil, opText, envelope)
	_ = k.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = k.conn.Write(whole[:len(whole)/2])
	// An ordinary close, as a reset could overtake the half frame.
	k.out = nil
	k.closed()
	_ = k.conn.Close()
	k.poke()
}

// SocketAction is SocketActionFor without an end.
func (s *Sim) SocketAction(action, id string) error { return s.SocketActionFor(action, id, 0) }

// SocketActionFor does to a connection, or to all with an empty id: drop (TCP reset without a close frame), half_frame
// (half of an envelope, then the end), stall (no pings, no envelopes, no reads, the TCP connection open), resume, mute
// (no pings, all else goes on), unmute, warning (and the close after Settings.Warning), refresh (and the close at
// once), disable (Socket Mode off: all are told and closed, no new ones), enable. A stall and a mute heal by
// themselves after d of the simulator's clock, unless d is 0.
func (s *Sim) SocketActionFor(action, id string, d time.Duration) error {
	s.enter()
	defer s.leave()
	if d < 0 {
		return &BadRequest{"bad_ms", "ms must not be negative"}
	}
	list := slices.Clone(s.sockets)
	if id != "" {
		list = slices.DeleteFunc(list, func(k *socket) bool { return k.ID != id })
		if len(list) == 0 {
			return &BadRequest{"socket_not_found", fmt.Sprintf("no open connection %q: see sockets in /sim/state", id)}
		}
	}
	var do func(*socket)
	switch action {
	case "drop":
		do = (*socket).reset
	case "half_frame":
		do = func(k *socket) {
			k.half([]byte(`{"envelope_id":"00000000-0000-4000-8000-000000000000","type":"events_api","payload":{}}`))
		}
	case "stall":
		do = func(k *socket) { k.stall(d) }
	case "resume":
		do = (*socket).resume
	case "mute":
		do = func(k *socket) { k.mute(d) }
	case "unmute":
		do = (*socket).unmute
	case "warning":
		do = func(k *socket) {
			s.cancel(k.life)
			k.warn()
		}
	case "refresh":
		do = func(k *socket) { k.end("refresh_requested") }
	case "disable":
		s.linkOff = true
		list = slices.Clone(s.sockets)
		do = func(k *socket) { k.end("link_disabled") }
	case "enable":
		s.linkOff = false
		return nil
	default:
		return &BadRequest{"bad_action", fmt.Sprintf("no action %q: use drop, half_frame, stall, resume, mute, unmute, warning, refresh, disable or enable", action)}
	}
	for _, k := range list {
		do(k)
	}
	return nil
}
