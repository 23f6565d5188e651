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
	lastPause  = time.Minute
)

// breaker keeps calls from an endpoint that is down, but for one now and then
// that looks whether it is back.
type breaker struct {
	now func() time.Time

	mu     sync.Mutex
	row    int       // of calls that found it down
	since  time.Time // of the first of them
	pause  time.Duration
	until  time.Time // no call before; zero: closed
	trying bool      // one call looks
}

var errBroken = errors.New("the endpoint was down at the last tries; not asked")

// admit lets a call through, or tells what to say instead. done must be told how
// an admitted call ended.
func (b *breaker) admit() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return nil
	}
	if now := b.now(); now.Before(b.until) || b.trying {
		f := fail("model_down", errBroken)
		f.Say = fmt.Sprintf("The model has not been reachable for %s. I look again every few seconds; please try again in a minute.", b.length(now))
		return f
	}
	b.trying = true
	return nil
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
	b.row, b.pause, b.until, b.trying = 0, 0, time.Time{}, false
}

// down says how a call without any answer ended. broke: this one closed the way.
func (b *breaker) down(err error) (broke bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tried := b.trying
	b.trying = false
	if !absent(err) {
		return false
	}
	now := b.now()
	if b.row == 0 {
		b.since = now
	}
	b.row++
	if b.row < breakAfter || !tried && !b.until.IsZero() {
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
