package web

import (
	"context"
	"encoding/json"
	"time"
)

// Ledger keeps the state of the rates where all replicas see it.
type Ledger interface {
	// Change replaces what is kept under a name by what do makes of it, while no
	// other replica can. now is by a clock that all replicas share. do may be called
	// again if the change was not kept. State is nil at first.
	Change(ctx context.Context, name string, do func(state []byte, now time.Time) []byte) error
}

// rates is what is known of a method's calls.
type rates struct {
	limits   Limits
	method   string
	all, low *bucket            // low: of ticks and backfills, which need a slot of both
	channels map[string]*bucket // of posts
	sweepAt  int                // the number of channels at which idle ones are dropped
}

func newRates(l Limits, method string) *rates {
	all, low := l.methodRate(method)
	return &rates{limits: l, method: method, all: newBucket(all), low: newBucket(low), channels: map[string]*bucket{}, sweepAt: 64}
}

// ready is when a call could go if it were alone.
func (r *rates) ready(channel string, p Priority, now time.Time) time.Time {
	at := r.all.ready(now, p.low())
	if p.low() {
		at = later(at, r.low.ready(now, false))
	}
	if b := r.channels[channel]; b != nil {
		at = later(at, b.ready(now, p.low()))
	}
	return at
}

// take books a call.
func (r *rates) take(channel string, p Priority, now time.Time) {
	r.all.take(now)
	if p.low() {
		r.low.take(now)
	}
	if r.method != postMethod || channel == "" || r.limits.Unlimited {
		return
	}
	b := r.channels[channel]
	if b == nil {
		r.sweep(now)
		b = newBucket(r.limits.channelRate())
		r.channels[channel] = b
	}
	b.take(now)
}

// sweep drops idle channels when there are twice as many as after the last
// sweep, so its cost is spread over the posts that made it needful.
func (r *rates) sweep(now time.Time) {
	if len(r.channels) < r.sweepAt {
		return
	}
	for channel, b := range r.channels {
		if b.idle(now) {
			delete(r.channels, channel)
		}
	}
	r.sweepAt = max(64, 2*len(r.channels))
}

// kept is rates as the ledger has them. Times are microseconds since 1970; the
// names are short, as there are many rows of them a second.
type kept struct {
	Full     int64            `json:"f"`
	Held     int64            `json:"h,omitempty"`
	Recent   [][2]int64       `json:"r,omitempty"` // second, calls
	LowFull  int64            `json:"l,omitempty"`
	Channels map[string]int64 `json:"c,omitempty"` // when each is full; idle ones are left out
}

func (r *rates) encode(now time.Time) []byte {
	k := kept{Full: r.all.full.UnixMicro(), LowFull: r.low.full.UnixMicro(), Channels: map[string]int64{}}
	if r.all.held.After(now) {
		k.Held = r.all.held.UnixMicro()
	}
	for _, s := range r.all.recent {
		k.Recent = append(k.Recent, [2]int64{s.at, int64(s.n)})
	}
	for channel, b := range r.channels {
		if b.full.After(now) {
			k.Channels[channel] = b.full.UnixMicro()
		}
	}
	b, err := json.Marshal(k)
	if err != nil {
		panic("encode rates: " + err.Error()) // numbers always encode
	}
	return b
}

// decodeRates reads what encode wrote. What cannot be read counts as nothing:
// at worst Slack says 429.
func decodeRates(l Limits, method string, state []byte) *rates {
	r := newRates(l, method)
	var k kept
	if len(state) == 0 || json.Unmarshal(state, &k) != nil {
		return r
	}
	r.all.full, r.low.full = time.UnixMicro(k.Full), time.UnixMicro(k.LowFull)
	if k.Held > 0 {
		r.all.held = time.UnixMicro(k.Held)
	}
	for _, s := range k.Recent {
		r.all.recent = append(r.all.recent, second{s[0], int(s[1])})
	}
	for channel, full := range k.Channels {
		b := newBucket(l.channelRate())
		b.full = time.UnixMicro(full)
		r.channels[channel] = b
	}
	return r
}
