package slacksim

import (
	"math"
	"time"
)

// LimitSettings set the rate limits. Slack: "Rate limits" page.
type LimitSettings struct {
	Enabled bool           `json:"enabled"`
	Burst   int            `json:"burst"`   // calls above the number of a minute that are let through
	Scale   float64        `json:"scale"`   // multiplies every limit; 1 is Slack's
	Methods map[string]int `json:"methods"` // calls a minute, instead of the tier's
}

// Posting has limits of its own: one message a second and channel, with a small burst, and some hundreds a minute.
const (
	postBurst     = 5
	postPerMinute = 300
)

// limiter counts calls of one app in one workspace, so a bucket is per method.
type limiter struct {
	LimitSettings
	windows map[string]*window
	posts   map[string]*bucket // by channel
	swept   time.Time
}

func newLimiter(on bool) *limiter {
	return &limiter{
		LimitSettings: LimitSettings{Enabled: on, Scale: 1, Methods: map[string]int{}},
		windows:       map[string]*window{}, posts: map[string]*bucket{},
	}
}

// window is the moments of the latest calls: full when the oldest of them is less than a minute old.
type window struct {
	at   []time.Time
	next int
}

// wait returns 0 and counts the call, or the time until a place is free.
func (w *window) wait(now time.Time, limit int) time.Duration {
	if len(w.at) != limit { // first use, or the limit was changed
		*w = window{at: make([]time.Time, limit)}
	}
	oldest := w.at[w.next]
	if d := oldest.Add(time.Minute).Sub(now); !oldest.IsZero() && d > 0 {
		return d
	}
	w.at[w.next] = now
	w.next = (w.next + 1) % limit
	return 0
}

// bucket refills at one token a second.
type bucket struct {
	level float64
	at    time.Time
}

func (b *bucket) wait(now time.Time, size, rate float64) time.Duration {
	b.level = min(size, b.level+now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.level < 1 {
		return time.Duration((1 - b.level) / rate * float64(time.Second))
	}
	b.level--
	return 0
}

// take counts a call and returns 0, or the whole seconds after which to try again.
func (l *limiter) take(now time.Time, name string, m method, channel string, nonMarketplace bool) int {
	if nonMarketplace && (name == "conversations.history" || name == "conversations.replies") {
		return seconds(l.window(name+" (non-marketplace)").wait(now, 1))
	}
	if !l.Enabled {
		return 0
	}
	limit := m.limit
	if name == "chat.postMessage" {
		limit = postPerMinute
	}
	if own, ok := l.Methods[name]; ok {
		limit = own
	}
	if name == "chat.postMessage" {
		b := l.posts[channel]
		if b == nil {
			l.sweep(now)
			b = &bucket{level: postBurst, at: now}
			l.posts[channel] = b
		}
		if d := b.wait(now, postBurst+float64(l.Burst), l.Scale); d > 0 {
			return seconds(d)
		}
	}
	if limit <= 0 {
		return 0
	}
	return seconds(l.window(name).wait(now, max(1, int(float64(limit)*l.Scale))+l.Burst))
}

func (l *limiter) window(name string) *window {
	w := l.windows[name]
	if w == nil {
		w = &window{}
		l.windows[name] = w
	}
	return w
}

// sweep forgets channels whose buckets are long full again.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for id, b := range l.posts {
		if now.Sub(b.at) > time.Minute {
			delete(l.posts, id)
		}
	}
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// SetLimits switches and tunes the rate limits, with all counts starting anew.
func (s *Sim) SetLimits(change func(*LimitSettings)) error {
	s.enter()
	defer s.leave()
	l := newLimiter(false)
	l.LimitSettings = s.limits.LimitSettings
	l.Methods = map[string]int{}
	for k, v := range s.limits.Methods {
		l.Methods[k] = v
	}
	change(&l.LimitSettings)
	if l.Burst < 0 || l.Scale <= 0 {
		return &BadRequest{"bad_limits", "burst must not be negative and scale must be above 0"}
	}
	for name, n := range l.Methods {
		if n <= 0 {
			return &BadRequest{"bad_limits", "the limit of " + name + " must be above 0 calls a minute"}
		}
	}
	s.limits = l
	return nil
}
