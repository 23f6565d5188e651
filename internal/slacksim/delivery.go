package slacksim

import (
	"encoding/json"
	"slices"
	"time"
)

// Envelope is one journalled delivery attempt.
type Envelope struct {
	N          int             `json:"n"`
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	EventType  string          `json:"event_type,omitempty"`
	EventID    string          `json:"event_id,omitempty"`
	SentAt     string          `json:"sent_at"`
	AckedAt    *string         `json:"acked_at"`
	AckMS      float64         `json:"ack_ms"`
	Attempt    int             `json:"attempt"`
	Connection string          `json:"connection"`
	Payload    json.RawMessage `json:"payload"`
	AckPayload json.RawMessage `json:"ack_payload,omitempty"`
	Fault      string          `json:"fault,omitempty"`   // of the connection, that struck this attempt
	Status     int             `json:"status,omitempty"`  // HTTP mode: of the app's answer
	Failure    string          `json:"failure,omitempty"` // HTTP mode: why the attempt failed, as X-Slack-Retry-Reason says it
	GaveUp     bool            `json:"gave_up,omitempty"` // not acknowledged in time; any later ack is ignored

	sent time.Time
}

// delivery is one payload on its way to the app, over all its attempts.
type delivery struct {
	kind     string
	payload  json.RawMessage
	event    string // inner event type
	eventID  string
	accepts  bool // accepts_response_payload
	attempt  int
	id       string // envelope id of the current attempt
	entry    *Envelope
	timeout  *errand
	expires  *errand // of the wait for a connection
	reason   string  // HTTP mode: why the last attempt failed
	retrying bool    // it is an events_api delivery, which Slack sends again
	socket   *socket
	epoch    int // of the workspace it comes from

	// done, where there is one, hears once how an interaction ended, with mu held: see Sim.ask.
	done func(ack json.RawMessage, failure string)
	over bool // done was called; what comes later is ignored
}

// chaos is what POST /sim/deliver sets.
type chaos struct {
	Duplicate int    `json:"duplicate"` // how often each event is sent besides the first time
	Reorder   bool   `json:"reorder"`
	DelayMS   [2]int `json:"delay_ms"`
	Hold      bool   `json:"hold"`
}

// SetDelivery sets chaos mode for events: each is sent duplicate more times, after a random delay between lo and hi,
// which reorders them; hold keeps all back until it is lifted, and reorder then shuffles them.
func (s *Sim) SetDelivery(duplicate int, reorder bool, lo, hi time.Duration, hold bool) error {
	return s.setChaos(func(c *chaos) {
		*c = chaos{duplicate, reorder, [2]int{int(lo.Milliseconds()), int(hi.Milliseconds())}, hold}
	})
}

func (s *Sim) setChaos(change func(*chaos)) error {
	s.enter()
	defer s.leave()
	c := s.deliver
	change(&c)
	if c.Duplicate < 0 || c.Duplicate > 100 || c.DelayMS[0] < 0 || c.DelayMS[1] < c.DelayMS[0] {
		return &BadRequest{"bad_delivery", "duplicate is 0 to 100 and delay_ms is [lo, hi] with 0 <= lo <= hi"}
	}
	s.deliver = c
	if !c.Hold {
		held := s.held
		s.held = nil
		if c.Reorder {
			s.rng.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
		}
		for _, d := range held {
			s.dispatch(d)
		}
	}
	return nil
}

// dispatch starts a delivery, through chaos mode.
func (s *Sim) dispatch(d *delivery) {
	d.epoch = s.epoch
	if s.deliver.Hold {
		s.held = append(s.held, d)
		return
	}
	copies := 1
	if d.retrying {
		copies += s.deliver.Duplicate
	}
	for i := range copies {
		x := d
		if i > 0 {
			c := *d
			x = &c
		}
		lo, hi := s.deliver.DelayMS[0], s.deliver.DelayMS[1]
		if s.deliver.Reorder && hi == 0 {
			hi = 100
		}
		if hi == 0 {
			s.try(x)
			continue
		}
		s.after(ms(lo)+time.Duration(s.rng.Float64()*float64(ms(hi-lo))), func() { s.try(x) })
	}
}

// try sends the current attempt to the app's address, or else to one live connection, any of them.
func (s *Sim) try(d *delivery) {
	if d.epoch != s.epoch || d.over {
		return
	}
	if to := s.address(d); to != "" {
		s.tryHTTP(d, to)
		return
	}
	live := make([]*socket, 0, len(s.sockets))
	for _, k := range s.sockets {
		if k.state == socketLive {
			live = append(live, k)
		}
	}
	if len(live) == 0 {
		s.park(d)
		return
	}
	k := live[s.rng.IntN(len(live))]
	if d.id == "" || !s.settings.SameEnvelopeID {
		d.id = s.uuid()
	}
	env := struct {
		EnvelopeID string          `json:"envelope_id"`
		Type       string          `json:"type"`
		Accepts    bool            `json:"accepts_response_payload"`
		Payload    json.RawMessage `json:"payload"`
		Attempt    *int            `json:"retry_attempt,omitempty"`
		Reason     *string         `json:"retry_reason,omitempty"`
	}{EnvelopeID: d.id, Type: d.kind, Accepts: d.accepts, Payload: d.payload}
	if d.retrying {
		reason := ""
		if d.attempt > 0 {
			reason = "timeout"
		}
		env.Attempt, env.Reason = &d.attempt, &reason
	}
	s.journal(d, k)
	k.transmit(d, env)
	s.pending[d.id] = d
	wait := ms(s.settings.AckTimeout)
	if !d.retrying {
		wait = ms(s.settings.Interaction)
	}
	d.timeout = s.after(wait, func() { s.unacknowledged(d) })
}

func (s *Sim) journal(d *delivery, k *socket) {
	k.Envelopes++
	d.socket = k
	now := s.now()
	d.entry = s.envelopes.add(func(n int) *Envelope {
		return &Envelope{
			N: n, ID: d.id, Type: d.kind, EventType: d.event, EventID: d.eventID, SentAt: stamp(now),
			Attempt: d.attempt, Connection: k.ID, Payload: d.payload, sent: now,
		}
	})
	s.publish("envelope", d.entry)
}

// park keeps an event for the next connection, for as long as Slack's retries last, and then drops it.
func (s *Sim) park(d *delivery) {
	if !d.retrying || !s.settings.QueueWhenDown {
		s.drop()
		d.settle(nil, dispatchFailed)
		return
	}
	if d.expires == nil {
		window := 0
		for _, n := range s.settings.Redelivery {
			window += n
		}
		d.expires = s.after(ms(window), func() {
			s.parked = slices.DeleteFunc(s.parked, func(x *delivery) bool {
				if x == d {
					s.drop()
				}
				return x == d
			})
		})
	}
	s.parked = append(s.parked, d)
}

func (s *Sim) drop() {
	s.dropped++
	s.publish("dropped", map[string]int{"dropped": s.dropped})
}

// flushParked sends what waited for a connection.
func (s *Sim) flushParked() {
	parked := s.parked
	s.parked = nil
	for _, d := range parked {
		s.try(d)
	}
}

// unacknowledged ends an attempt and books the next. Interactions and commands have but one.
func (s *Sim) unacknowledged(d *delivery) {
	delete(s.pending, d.id)
	d.entry.GaveUp = true
	s.publish("envelope", d.entry)
	if !d.retrying {
		s.drop()
		d.settle(nil, operationTimeout)
		return
	}
	s.again(d)
}

// again books the next attempt, or gives up after the third.
func (s *Sim) again(d *delivery) {
	if d.attempt == len(s.settings.Redelivery) {
		s.drop()
		return
	}
	pause := ms(s.settings.Redelivery[d.attempt])
	d.attempt++
	if pause == 0 {
		s.try(d)
		return
	}
	s.after(pause, func() { s.try(d) })
}

// acknowledge handles a whole text frame of the client.
func (s *Sim) acknowledge(k *socket, frame []byte) {
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	if len(frame) >= maxAck || json.Unmarshal(frame, &ack) != nil {
		k.refuse()
		return
	}
	d := s.pending[ack.EnvelopeID]
	if d == nil || (d.socket != k && !s.settings.AckAnyConnection) {
		k.refuse()
		return
	}
	if d.entry.Fault == "ack_lost" {
		return
	}
	delete(s.pending, ack.EnvelopeID)
	s.cancel(d.timeout)
	s.cancel(d.expires)
	now := s.now()
	at := stamp(now)
	d.entry.AckedAt, d.entry.AckMS = &at, float64(now.Sub(d.entry.sent).Microseconds())/1000
	if d.accepts {
		d.entry.AckPayload = ack.Payload
	}
	s.publish("envelope", d.entry)
	d.settle(d.entry.AckPayload, "")
}

// Envelope sends an envelope of any type with any payload to the app, once; the id is that of the envelope, which
// may not have gone out yet when no connection is open. A literal raw frame, malformed or not, goes out as it is.
func (s *Sim) Envelope(kind string, payload json.RawMessage, raw string) (string, error) {
	s.enter()
	defer s.leave()
	if raw != "" {
		return s.raw(raw)
	}
	if kind == "" {
		return "", &BadRequest{"bad_type", "give the envelope's type, such as events_api or interactive, or a raw frame"}
	}
	if len(payload) == 0 {
		payload = json.RawMessage("{}")
	}
	var known struct {
		EventID string `json:"event_id"`
		Event   struct {
			Type string `json:"type"`
		} `json:"event"`
	}
	_ = json.Unmarshal(payload, &known) // it need not be an object
	d := &delivery{
		kind: kind, payload: payload, event: known.Event.Type, eventID: known.EventID,
		accepts: kind == "interactive" || kind == "slash_commands", retrying: kind == "events_api",
	}
	s.dispatch(d)
	return d.id, nil
}

// raw sends a frame, or a request body, as it is.
func (s *Sim) raw(literal string) (string, error) {
	d := &delivery{kind: "raw", payload: quote(literal), epoch: s.epoch}
	if s.settings.EventsURL != "" {
		s.tryHTTP(d, s.settings.EventsURL)
		return d.id, nil
	}
	for _, k := range s.sockets {
		if k.state == socketLive {
			k.send(opText, []byte(literal))
			s.journal(d, k)
			return "", nil
		}
	}
	return "", &BadRequest{"no_connection", "no live connection to send the raw frame to"}
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always encodes
	return b
}
