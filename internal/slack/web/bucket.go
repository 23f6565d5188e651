package web

import "time"

// rate is a pace: at most burst at once, then one every so often, and never
// more than window in any minute (0: no such bound). The last bound makes it
// right for a server that counts whole minutes as well as for one that counts
// tokens.
type rate struct {
	burst  int
	every  time.Duration
	window int
}

// What counts for Slack is when calls arrive, and a slow one may arrive just
// before a fast one that was sent later, so our minute is a little longer. It is
// counted in whole seconds, so it is 61 to 62 of them.
const minute = 62 * time.Second

// reserve is the part of n that calls which can wait leave alone.
func reserve(n int) int { return n / 5 }

// lesser is the pace of calls that can wait, where n a minute are allowed. It
// has short bursts alone: after a long one, the minute's calls would be used
// up and whoever is urgent would have to wait for it to pass.
func lesser(n int) rate {
	share := n - reserve(n)
	burst := max(1, share/10)
	return rate{burst: burst, every: minute / time.Duration(max(1, share-burst))}
}

// bucket holds one rate's state. Instead of a count of tokens it keeps the
// moment at which it will be full.
type bucket struct {
	rate
	full   time.Time
	recent []second  // with calls, of the last minute, the oldest first
	held   time.Time // nothing before this: Slack said so
}

// second is how many calls there were in one second since 1970.
type second struct {
	at int64
	n  int
}

// over is when the calls of a second count no more.
func (s second) over() time.Time { return time.Unix(s.at, 0).Add(minute) }

func newBucket(r rate) *bucket { return &bucket{rate: r} }

// ready is when the next call may go, not before now; low, if it has to leave
// the reserve alone.
func (b *bucket) ready(now time.Time, low bool) time.Time {
	burst, window := b.burst, b.window
	if low {
		burst, window = burst-reserve(burst), window-reserve(window)
	}
	at := later(now, b.held)
	// There is a token while the bucket lacks at most burst-1 of them.
	at = later(at, b.full.Add(-time.Duration(burst-1)*b.every))
	if b.window == 0 {
		return at
	}
	n := 0
	for i := len(b.recent) - 1; i >= 0; i-- {
		// The newest calls that there is no room for beside the next one must be over.
		if n += b.recent[i].n; n >= window {
			return later(at, b.recent[i].over())
		}
	}
	return at
}

// take books a call at now.
func (b *bucket) take(now time.Time) {
	b.full = later(b.full, now).Add(b.every)
	if b.window == 0 {
		return
	}
	gone := 0
	for gone < len(b.recent) && !b.recent[gone].over().After(now) {
		gone++
	}
	b.recent = append(b.recent[:0], b.recent[gone:]...)
	at := now.Unix()
	if n := len(b.recent); n > 0 && b.recent[n-1].at >= at { // not less, should the clock be set back
		b.recent[n-1].n++
		return
	}
	b.recent = append(b.recent, second{at, 1})
}

// hold lets nothing out before until, and one call only right after it.
func (b *bucket) hold(until time.Time) {
	if until.After(b.held) {
		b.held = until
		b.full = later(b.full, until.Add(time.Duration(b.burst-1)*b.every))
	}
}

// idle reports whether b is as good as new.
func (b *bucket) idle(now time.Time) bool {
	return !b.full.After(now) && !b.held.After(now) && b.window == 0
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
