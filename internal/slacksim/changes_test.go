package slacksim

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestChanges(t *testing.T) {
	s := New(Options{Journal: 10})
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var ada string
	var n int
	s.Look(func(v View) {
		n = v.Seq()
		for _, u := range v.Users() {
			if u.RealName == "Ada Marsh" {
				ada = u.ID
			}
		}
	})

	// Who waits is woken.
	type result struct {
		list []Change
		err  error
	}
	got := make(chan result, 1)
	go func() {
		list, err := s.Changes(ctx, n)
		got <- result{list, err}
	}()
	posted, err := s.Say(ada, "@bot", "hello", "")
	if err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.err != nil || len(r.list) == 0 {
		t.Fatalf("%v, %v", r.list, r.err)
	}
	if c := r.list[0]; c.N != n+1 || c.Kind != "message" || c.Channel != posted.Channel || c.Message == nil || c.Message.TS != posted.TS || c.Message.Text != "hello" || c.Seen.IsZero() {
		t.Errorf("the first change is %+v", c)
	}

	// What was read is a copy.
	if err := s.Edit(ada, posted.Channel, posted.TS, "goodbye"); err != nil {
		t.Fatal(err)
	}
	if text := r.list[0].Message.Text; text != "hello" {
		t.Errorf("a change that was read says %q later", text)
	}

	// Who is too slow is told, and so is who asks for what has not been.
	for range 20 {
		if _, err := s.Say(ada, "@bot", "more", ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, after := range []int{n, 1 << 20} {
		if _, err := s.Changes(ctx, after); !errors.Is(err, ErrBehind) {
			t.Errorf("after %d: %v, want ErrBehind", after, err)
		}
	}

	s.Look(func(v View) { n = v.Seq() })
	ended, end := context.WithCancel(ctx)
	end()
	if _, err := s.Changes(ended, n); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Changes(ctx, n); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
