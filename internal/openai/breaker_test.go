package openai

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/internal/turn"
)

func TestBreaker(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := &breaker{now: func() time.Time { return now }}
	gone, slow := fail("server_error", nil), fail("model_slow", nil)
	admits := func(what string, want, wantLook bool) {
		t.Helper()
		look, err := b.admit()
		f, ok := errors.AsType[*turn.Failure](err)
		if (err == nil) != want || look != wantLook || !want && (!ok || f.Code != "model_down" || f.Retry || f.Say == "") {
			t.Fatalf("%s: look %v, %v", what, look, err)
		}
	}
	const plainly, looks = false, true
	for range 3 * breakAfter {
		admits("after calls that hung", true, plainly)
		if b.down(plainly, slow) || b.down(plainly, context.Canceled) {
			t.Fatal("a call that hung or was left broke it")
		}
	}
	for range breakAfter - 1 {
		admits("before enough in a row", true, plainly)
		b.down(plainly, gone)
	}
	b.up()
	for i := range breakAfter {
		admits("after an answer", true, plainly)
		if broke := b.down(plainly, gone); broke != (i == breakAfter-1) {
			t.Fatalf("broke %v at %d", broke, i)
		}
	}
	for range 200 {
		admits("while it is down", false, plainly)
	}
	now = now.Add(firstPause)
	admits("the one that looks", true, looks)
	for range 200 {
		admits("a second one meanwhile", false, plainly)
	}
	b.down(plainly, gone) // of a call from before it broke
	admits("after a late failure", false, plainly)
	b.down(looks, gone)
	now = now.Add(firstPause)
	admits("after a failed look, too early", false, plainly)
	now = now.Add(firstPause)
	admits("the next look", true, looks)
	b.down(looks, context.Canceled) // the person stopped it: it says nothing
	admits("another look at once", true, looks)
	now = now.Add(lookFor)
	admits("the last look hangs", true, looks)
	b.down(looks, slow)
	admits("it takes calls, so it is not down", true, plainly)
	for range 20 { // the pause grows up to a bound
		for range breakAfter {
			b.down(true, gone)
		}
	}
	now = now.Add(lastPause)
	admits("after the longest pause", true, looks)
	b.up()
	admits("when it is back", true, plainly)
	admits("and for all", true, plainly)
}
