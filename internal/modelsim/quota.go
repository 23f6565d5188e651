package modelsim

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// quota is the account's rate limit: two buckets that fill evenly over a minute.
type quota struct {
	mu               sync.Mutex
	enforced         bool
	requests, tokens bucket
}

type bucket struct {
	limit float64 // a minute
	have  float64
	at    time.Time
}

func (q *quota) init(rpm int) {
	q.enforced = rpm > 0
	limit := float64(orDefault(rpm, 10_000))
	now := time.Now()
	q.requests = bucket{limit, limit, now}
	q.tokens = bucket{30_000_000, 30_000_000, now}
}

func (b *bucket) fill(now time.Time) {
	b.have = min(b.limit, b.have+b.limit*now.Sub(b.at).Minutes())
	b.at = now
}

// reset is how long until the bucket is full.
func (b *bucket) reset() time.Duration {
	return time.Duration((b.limit - b.have) / b.limit * float64(time.Minute)).Round(time.Millisecond)
}

// take uses one request, or says for how long to wait.
func (q *quota) take() (wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requests.fill(time.Now())
	if q.requests.have < 1 {
		if q.enforced {
			return time.Duration((1 - q.requests.have) / q.requests.limit * float64(time.Minute)), false
		}
		return 0, true
	}
	q.requests.have--
	return 0, true
}

// headers takes tokens and sets the six x-ratelimit headers.
func (q *quota) headers(h http.Header, tokens int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for name, b := range map[string]*bucket{"Requests": &q.requests, "Tokens": &q.tokens} {
		b.fill(now)
		if name == "Tokens" {
			b.have = max(0, b.have-float64(tokens))
		}
		h.Set("X-Ratelimit-Limit-"+name, strconv.Itoa(int(b.limit)))
		h.Set("X-Ratelimit-Remaining-"+name, strconv.Itoa(int(b.have)))
		h.Set("X-Ratelimit-Reset-"+name, b.reset().String())
	}
}
