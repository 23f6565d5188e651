package slacksim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Burst is a rush of messages from one person, with things among them that an app must survive.
type Burst struct {
	User     string `json:"user"`
	Channel  string `json:"channel"` // as in Remark
	ThreadTS string `json:"thread_ts,omitempty"`
	Text     string `json:"text"`  // "%d" in it is the message's number from 1
	Count    int    `json:"count"` // messages; 0: 50
	MS       int    `json:"ms"`    // over which they are spread; 0: 1,000

	UnknownEvents    int `json:"unknown_events"`    // events of a type that nobody knows
	UnknownEnvelopes int `json:"unknown_envelopes"` // envelopes of such a type
	Malformed        int `json:"malformed"`         // frames, or request bodies, that are no JSON
}

const maxBurst = 10_000

// Burst books a rush on the simulator's clock and returns at once. The first message is posted before it returns, so
// that a mistake is told.
func (s *Sim) Burst(b Burst) error {
	if b.Count == 0 {
		b.Count = 50
	}
	if b.MS == 0 {
		b.MS = 1_000
	}
	if b.Text == "" {
		b.Text = "message %d"
	}
	for _, n := range []int{b.Count, b.UnknownEvents, b.UnknownEnvelopes, b.Malformed} {
		if n < 0 || n > maxBurst {
			return &BadRequest{"bad_burst", fmt.Sprintf("numbers are 0 to %d", maxBurst)}
		}
	}
	if b.MS < 0 {
		return &BadRequest{"bad_burst", "ms must not be negative"}
	}
	s.enter()
	defer s.leave()
	epoch := s.epoch
	say := func(n int) error {
		_, err := s.remark(Remark{User: b.User, Channel: b.Channel, ThreadTS: b.ThreadTS, Text: strings.Replace(b.Text, "%d", strconv.Itoa(n), 1)})
		return err
	}
	if err := say(1); err != nil {
		return err
	}
	spread := func(from, n int, do func(i int)) {
		for i := from; i < n; i++ {
			s.after(ms(b.MS)*time.Duration(i)/time.Duration(n), func() {
				if epoch == s.epoch {
					do(i)
				}
			})
		}
	}
	spread(1, b.Count, func(i int) {
		if err := say(i + 1); err != nil {
			s.log.Warn("slacksim: message of a burst not posted", "error", err)
		}
	})
	spread(0, b.UnknownEvents, func(i int) {
		s.emit("", "", nil, "never_heard_of", map[string]any{"type": "never_heard_of", "number": i + 1, "event_ts": s.eventTS()})
	})
	spread(0, b.UnknownEnvelopes, func(i int) {
		s.dispatch(&delivery{kind: "never_heard_of", payload: json.RawMessage(fmt.Sprintf(`{"type":"never_heard_of","number":%d}`, i+1))})
	})
	spread(0, b.Malformed, func(int) {
		_, _ = s.raw(`{"envelope_id":"broken","type":"events_api","payload":{"event":{`) // without a connection there is nobody to confuse
	})
	return nil
}
