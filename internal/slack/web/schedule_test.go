package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// admitted is one slot that was had.
type admitted struct {
	name string
	at   time.Duration
}

// crowd runs waiters and notes in which order and when they were served.
type crowd struct {
	s     *scheduler
	start time.Time
	wg    sync.WaitGroup
	mu    sync.Mutex
	got   []admitted
}

func newCrowd(l Limits) *crowd { return &crowd{s: newScheduler(l, nil, ""), start: time.Now()} }

// join adds a waiter; it has its place in line when join returns.
func (c *crowd) join(name, method, channel string, p Priority) {
	w := c.s.waiter(channel, p)
	c.wg.Go(func() {
		if c.s.wait(context.Background(), method, w) == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.got = append(c.got, admitted{name, time.Since(c.start)})
		}
	})
	synctest.Wait()
}

// served is who was served so far.
func (c *crowd) served() []admitted {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func (c *crowd) names() []string {
	var list []string
	for _, a := range c.served() {
		list = append(list, a.name)
	}
	return list
}

func TestFinalOvertakesTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(Limits{})
		for i := range 100 {
			c.join(fmt.Sprintf("tick %d", i), "chat.update", "C1", Tick)
		}
		before := len(c.served())
		if before == 0 || before >= 10 {
			t.Fatalf("%d of 100 ticks went out at once: want a short burst", before)
		}
		for i := range 20 {
			c.join(fmt.Sprintf("final %d", i), "chat.update", "C1", Final)
		}
		if n := len(c.served()) - before; n < 5 {
			t.Errorf("%d finals went out at once: the ticks left too little", n)
		}
		c.wg.Wait()
		for i, name := range c.names()[before : before+20] {
			if want := fmt.Sprintf("final %d", i); name != want && c.served()[before+i].at > 0 {
				t.Errorf("served as number %d: %s, want %s", i, name, want)
			}
			if strings.HasPrefix(name, "tick") {
				t.Errorf("a tick overtook a final: %+v", c.served()[before+i])
			}
		}
		at := map[string]time.Duration{}
		for _, a := range c.served() {
			at[a.name] = a.at
		}
		for i := 1; i < 100; i++ {
			if one, next := at[fmt.Sprintf("tick %d", i-1)], at[fmt.Sprintf("tick %d", i)]; next < one {
				t.Fatalf("tick %d was served at %v, before its elder at %v", i, next, one)
			}
		}
	})
}

func TestPrioritiesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(Limits{PerMinute: map[string]int{"m": 1}})
		c.join("first of all", "m", "", Backfill)
		for _, p := range []Priority{Backfill, Tick, Status, First, Final} {
			c.join(fmt.Sprint(int(p)), "m", "", p)
		}
		c.wg.Wait()
		if got, want := c.names(), []string{"first of all", "4", "3", "2", "1", "0"}; !slices.Equal(got, want) {
			t.Errorf("served %v, want %v", got, want)
		}
	})
}

func TestBusyChannelDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(Limits{})
		for range 30 {
			c.join("busy", postMethod, "C1", Final)
		}
		at := time.Since(c.start)
		c.join("other", postMethod, "C2", Status)
		last := c.served()[len(c.served())-1]
		if last.name != "other" || last.at != at {
			t.Errorf("a post into an idle channel waited behind a busy one: last served is %+v at %v", last, at)
		}
		c.wg.Wait()
		var busy []time.Duration
		for _, a := range c.served() {
			if a.name == "busy" {
				busy = append(busy, a.at)
			}
		}
		for i := 5; i < len(busy); i++ {
			if gap := busy[i] - busy[i-5]; gap < time.Second {
				t.Errorf("five posts into one channel within %v", gap)
			}
		}
		if total := busy[len(busy)-1]; total < 26*time.Second || total > 32*time.Second {
			t.Errorf("30 posts into one channel took %v, want about a second each after the burst", total)
		}
	})
}

func TestHoldIsObeyedByAllWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(Limits{})
		c.s.hold(t.Context(), "chat.update", 40*time.Second)
		for i := range 10 {
			c.join(fmt.Sprintf("tick %d", i), "chat.update", "", Tick)
		}
		c.join("final", "chat.update", "", Final)
		c.join("elsewhere", "chat.delete", "", Tick)
		if got := c.names(); !slices.Equal(got, []string{"elsewhere"}) {
			t.Fatalf("served during the hold: %v", got)
		}
		if c.s.try(t.Context(), "chat.update", "", Final) {
			t.Error("try succeeded during the hold")
		}
		c.s.hold(t.Context(), "chat.update", time.Second) // a shorter one does not end it
		c.wg.Wait()
		if first := c.served()[1]; first.name != "final" || first.at < 40*time.Second || first.at > 41*time.Second {
			t.Errorf("first after the hold of 40 s: %+v", first)
		}
		if second := c.served()[2]; second.at <= c.served()[1].at {
			t.Errorf("all waiters rushed out at once after the hold")
		}
	})
}

func TestCancelledWaiterLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(Limits{PerMinute: map[string]int{"m": 1}})
		c.join("takes the slot", "m", "", Final)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("changed my mind")
		var got error
		c.wg.Go(func() { got = c.s.wait(ctx, "m", c.s.waiter("", Final)) })
		synctest.Wait()
		c.join("patient", "m", "", Tick)
		cancel(why)
		c.wg.Wait()
		if got != why {
			t.Errorf("the cancelled waiter got %v, want its cause", got)
		}
		if last := c.served()[len(c.served())-1]; last.name != "patient" || last.at > 70*time.Second {
			t.Errorf("the slot that was given up was lost: %+v", last)
		}
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		if n := len(c.s.lines["m"].waiting); n != 0 {
			t.Errorf("%d waiters are left in line", n)
		}
	})
}

func TestTryDoesNotOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(Limits{}, nil, "")
		n := 0
		for s.try(t.Context(), "chat.startStream", "C1", First) {
			n++
		}
		if n != 10 {
			t.Errorf("a burst of %d streams, want 10 of the minute's 20", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.wait(ctx, "chat.startStream", s.waiter("C1", Final)) })
		synctest.Wait()
		s.mu.Lock()
		next := s.lines["chat.startStream"].rates.all.ready(time.Now(), false)
		s.mu.Unlock()
		time.Sleep(time.Until(next)) // of the bubble's clock
		if s.try(t.Context(), "chat.startStream", "C2", Final) {
			t.Error("a try took the slot of one who waited")
		}
		wg.Wait()
		cancel()
	})
}

// Who has little time is told at once that there is no slot in it, so that it can
// go another way; who has enough gets one in its turn.
func TestHastyWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(Limits{PerMinute: map[string]int{"m": 60}}, nil, "") // a burst of 15, then one in 1.11 s
		for s.try(t.Context(), "m", "", Status) {
		}
		began := time.Now()
		ask := func(patience time.Duration) error {
			w := s.waiter("", Status)
			w.give = time.Now().Add(patience)
			return s.wait(t.Context(), "m", w)
		}
		if err := ask(time.Second); err != context.DeadlineExceeded || time.Since(began) != 0 {
			t.Errorf("a slot that comes too late: %v after %v", err, time.Since(began))
		}
		var first, second error
		var wg sync.WaitGroup
		wg.Go(func() { first = ask(2 * time.Second) })
		synctest.Wait()
		wg.Go(func() { second = ask(2 * time.Second) }) // the first gets the slot that both have time for
		wg.Wait()
		if took := time.Since(began); first != nil || second != context.DeadlineExceeded || took < time.Second || took > 1500*time.Millisecond {
			t.Errorf("two with time for one slot: %v and %v after %v", first, second, took)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := len(s.lines["m"].waiting); n != 0 {
			t.Errorf("%d waiters are left in line", n)
		}
	})
}

func TestUnlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(Limits{Unlimited: true})
		for range 500 {
			c.join("x", postMethod, "C1", Tick)
		}
		if len(c.served()) != 500 || c.served()[499].at != 0 {
			t.Errorf("unlimited, yet %d of 500 served, the last after %v", len(c.served()), c.served()[len(c.served())-1].at)
		}
		c.s.hold(t.Context(), postMethod, 10*time.Second)
		c.join("held", postMethod, "C1", Final)
		c.wg.Wait()
		if last := c.served()[500]; last.at != 10*time.Second {
			t.Errorf("a 429 was obeyed for %v, want 10s", last.at)
		}
	})
}

func TestFactor(t *testing.T) {
	for factor, want := range map[float64][2]int{0: {50, 4 + 8}, 0.5: {25, 2 + 4}, 10: {500, 40 + 90}} {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(Limits{Factor: factor, PerMinute: map[string]int{"m": 50}})
			for range 600 {
				c.join("x", "m", "", Final)
				c.join("p", postMethod, "C1", Final)
			}
			time.Sleep(10 * time.Second) // of the bubble's clock
			posts := 0
			for _, s := range c.served() {
				if s.name == "p" {
					posts++
				}
			}
			if posts < want[1]-1 || posts > want[1]+1 {
				t.Errorf("factor %v: %d posts into one channel in 10 s, want about %d", factor, posts, want[1])
			}
			time.Sleep(49 * time.Second)
			calls := 0
			for _, s := range c.served() {
				if s.name == "x" {
					calls++
				}
			}
			if calls < want[0]*9/10 || calls > want[0] {
				t.Errorf("factor %v: %d calls in a minute, want up to %d", factor, calls, want[0])
			}
			c.wg.Wait()
		})
	}
}

func TestIdleChannelsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(Limits{PerMinute: map[string]int{postMethod: 1 << 30}}, nil, "")
		for i := range 20_000 {
			if err := s.wait(t.Context(), postMethod, s.waiter(fmt.Sprint(i), Final)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // of the bubble's clock
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := len(s.line(postMethod).rates.channels); n > 1000 {
			t.Errorf("%d channels are remembered, though at most some hundreds are not idle", n)
		}
	})
}

// In any minute, however the callers come, no method sees more calls than
// Slack allows, ticks leave their reserve, and nobody starves.
func TestRatesHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 7, 20, 50, 100, 300}).Draw(rt, "limit")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 4000), 1, 150).Draw(rt, "gaps")
		prios := rapid.SliceOfN(rapid.IntRange(int(Backfill), int(Final)), len(gaps), len(gaps)).Draw(rt, "priorities")
		wrong := "" // rapid shrinks on failures outside the bubble alone
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(Limits{PerMinute: map[string]int{"m": limit}})
			for i, gap := range gaps {
				time.Sleep(time.Duration(gap) * time.Millisecond) // of the bubble's clock
				c.join(fmt.Sprint(prios[i]), "m", "", Priority(prios[i]))
			}
			c.wg.Wait()
			if len(c.served()) != len(gaps) {
				wrong = fmt.Sprintf("%d of %d served", len(c.served()), len(gaps))
			}
			for i := limit; i < len(c.served()); i++ {
				if d := c.served()[i].at - c.served()[i-limit].at; d < time.Minute {
					wrong = fmt.Sprintf("%d calls within %v with a limit of %d a minute", limit+1, d, limit)
				}
			}
			most := limit - limit/5
			for i := most; i < len(c.served()); i++ {
				if p := c.served()[i].name; (p == "0" || p == "1") && c.served()[i].at-c.served()[i-most].at < time.Minute {
					wrong = "a tick was let into the reserve"
				}
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}
