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
// before a fast one that was sent later, so our minute is a little longer.
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
	recent []time.Time // the last calls, at most window, oldest at next
	next   int
	held   time.Time // nothing before this: Slack said so
}

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
	if n := len(b.recent); window > 0 && n >= window {
		// The call that is window places back must be a minute ago.
		at = later(at, b.recent[(b.next-window+n)%n].Add(minute))
	}
	return at
}

// take books a call at now.
func (b *bucket) take(now time.Time) {
	b.full = later(b.full, now).Add(b.every)
	switch {
	case b.window == 0:
	case len(b.recent) < b.window:
		b.recent = append(b.recent, now)
		b.next = len(b.recent) % b.window
	default:
		b.recent[b.next] = now
		b.next = (b.next + 1) % b.window
	}
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
