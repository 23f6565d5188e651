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
	down, slow := fail("server_error", nil), fail("model_slow", nil)
	refused := func(what string, want bool) {
		t.Helper()
		err := b.admit()
		f, ok := errors.AsType[*turn.Failure](err)
		if (err != nil) != want || want && (!ok || f.Code != "model_down" || f.Retry || f.Say == "") {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for range 3 * breakAfter {
		refused("after calls that hung", false)
		if b.down(slow) || b.down(context.Canceled) {
			t.Fatal("a call that hung or was left broke it")
		}
	}
	for range breakAfter - 1 {
		refused("before enough in a row", false)
		b.down(down)
	}
	b.up()
	for i := range breakAfter {
		refused("after an answer", false)
		if broke := b.down(down); broke != (i == breakAfter-1) {
			t.Fatalf("broke %v at %d", broke, i)
		}
	}
	refused("when it broke", true)
	now = now.Add(firstPause)
	refused("the one that looks", false)
	refused("a second one meanwhile", true)
	b.down(down)
	now = now.Add(firstPause)
	refused("after a failed look, too early", true)
	now = now.Add(firstPause)
	refused("the next look", false)
	b.down(context.Canceled) // the person stopped it: it says nothing
	refused("another look at once", false)
	b.up()
	refused("when it is back", false)
	refused("and for all", false)
}
