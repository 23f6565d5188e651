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
	requests, tokens bucket
}

type bucket struct {
	limit    float64 // a minute
	have     float64
	at       time.Time
	enforced bool
}

// init sets the limits a minute. One of 0 is high and not enforced.
func (q *quota) init(rpm, tpm int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.requests, q.tokens = newBucket(rpm, 10_000, now), newBucket(tpm, 30_000_000, now)
}

func newBucket(limit, usual int, now time.Time) bucket {
	n := float64(orDefault(limit, usual))
	return bucket{n, n, now, limit > 0}
}

func (b *bucket) fill(now time.Time) {
	b.have = min(b.limit, b.have+b.limit*now.Sub(b.at).Minutes())
	b.at = now
}

// reset is how long until the bucket is full.
func (b *bucket) reset() time.Duration {
	return time.Duration((b.limit - b.have) / b.limit * float64(time.Minute)).Round(time.Millisecond)
}

// lack is how long until n are there, if the bucket is enforced. More than its
// limit is let through when it is full, as it would never be there.
func (b *bucket) lack(n float64) time.Duration {
	n = min(n, b.limit)
	if !b.enforced || b.have >= n {
		return 0
	}
	return time.Duration((n - b.have) / b.limit * float64(time.Minute))
}

// take uses one request, or says for how long to wait, and for which: requests
// or tokens. The tokens are only looked at; headers takes them.
func (q *quota) take(tokens int) (wait time.Duration, of string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.requests.fill(now)
	q.tokens.fill(now)
	if wait := q.requests.lack(1); wait > 0 {
		return wait, "requests"
	}
	if wait := q.tokens.lack(float64(tokens)); wait > 0 {
		return wait, "tokens"
	}
	q.requests.have = max(0, q.requests.have-1)
	return 0, ""
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
