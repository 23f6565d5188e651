package openai

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/internal/turn"
)

const (
	// breakAfter is how many calls in a row must find the endpoint down. Calls that
	// hang do not count: a model that is slow for some is not down for others.
	breakAfter = 10
	// The first and the longest time without a try while the endpoint is down.
	firstPause = 2 * time.Second
	lastPause  = 15 * time.Second
	// lookFor is how long one look keeps others from looking.
	lookFor = 10 * time.Second
)

// breaker keeps calls from an endpoint that is down, but for one now and then
// that looks whether it is back.
type breaker struct {
	now func() time.Time

	mu    sync.Mutex
	row   int       // of calls that found it down
	since time.Time // of the first of them
	pause time.Duration
	until time.Time // no call before; zero: closed
	looks time.Time // until when one call looks, and no other; zero: none does
}

var errBroken = errors.New("the endpoint was down at the last tries; not asked")

// admit lets a call through, or tells what to say instead. look: it is the one that
// looks whether the endpoint is back. up or down must be told how it ended.
func (b *breaker) admit() (look bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return false, nil
	}
	now := b.now()
	if now.Before(b.until) || now.Before(b.looks) {
		f := fail("model_down", errBroken)
		f.Say = fmt.Sprintf("The model has not been reachable for %s. I look again every few seconds; please try again in a minute.", b.length(now))
		return false, f
	}
	b.looks = now.Add(lookFor)
	return true, nil
}

// open reports whether calls are refused now.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.until.IsZero()
}

// length is how long the endpoint has been down, in words.
func (b *breaker) length(now time.Time) string {
	if d := now.Sub(b.since); d >= 2*time.Minute {
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return "a moment"
}

// up says that the endpoint answered something.
func (b *breaker) up() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row, b.pause, b.until, b.looks = 0, 0, time.Time{}, time.Time{}
}

// down says how a call without any answer ended. broke: this one closed the way.
func (b *breaker) down(look bool, err error) (broke bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if look {
		b.looks = time.Time{}
	}
	if !absent(err) {
		// The caller left, which says nothing; or the endpoint took the call and is
		// slow, which is not down.
		if _, slow := errors.AsType[*turn.Failure](err); look && slow {
			b.row, b.pause, b.until = 0, 0, time.Time{}
		}
		return false
	}
	now := b.now()
	if b.row == 0 {
		b.since = now
	}
	b.row++
	if b.row < breakAfter || !look && !b.until.IsZero() {
		return false
	}
	broke = b.until.IsZero()
	b.pause = min(max(2*b.pause, firstPause), lastPause)
	b.until = now.Add(b.pause)
	return broke
}

// absent says that a failure means that the endpoint is down, whoever asks.
func absent(err error) bool {
	f, ok := errors.AsType[*turn.Failure](err)
	return ok && (f.Code == "model_unreachable" || f.Code == "server_error" || f.Code == "overloaded")
}
