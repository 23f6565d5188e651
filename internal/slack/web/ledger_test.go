package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// book is a ledger in memory, whose clock is ahead of ours.
type book struct {
	mu    sync.Mutex
	state map[string][]byte
	skew  time.Duration
	fail  bool
	asked int
}

func (b *book) Change(_ context.Context, name string, do func([]byte, time.Time) []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.fail {
		return errors.New("the database is away")
	}
	if b.state == nil {
		b.state = map[string][]byte{}
	}
	b.state[name] = do(b.state[name], time.Now().Add(b.skew))
	return nil
}

// fleet is several crowds that share a ledger.
func fleet(n int, b *book, l Limits) []*crowd {
	all := make([]*crowd, n)
	for i := range all {
		all[i] = newCrowd(l)
		all[i].s = newScheduler(l, b, "t/")
	}
	return all
}

// In any minute, replicas together make no more calls than one may, whoever
// joins and whoever leaves.
func TestReplicasShareARate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 7, 20, 50}).Draw(rt, "limit")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 4000), 1, 80).Draw(rt, "gaps")
		who := rapid.SliceOfN(rapid.IntRange(0, 2), len(gaps), len(gaps)).Draw(rt, "replica")
		skew := time.Duration(rapid.IntRange(-5000, 5000).Draw(rt, "skew")) * time.Millisecond
		wrong := "" // rapid shrinks on failures outside the bubble alone
		synctest.Test(t, func(t *testing.T) {
			all := fleet(3, &book{skew: skew}, Limits{PerMinute: map[string]int{"m": limit}})
			for i, gap := range gaps {
				time.Sleep(time.Duration(gap) * time.Millisecond) // of the bubble's clock
				all[who[i]].join("x", "m", "", Final)
			}
			var at []time.Duration
			for _, c := range all {
				c.wg.Wait()
				for _, a := range c.served() {
					at = append(at, a.at)
				}
			}
			slices.Sort(at)
			if len(at) != len(gaps) {
				wrong = fmt.Sprintf("%d of %d served", len(at), len(gaps))
			}
			for i := limit; i < len(at); i++ {
				if d := at[i] - at[i-limit]; d < time.Minute {
					wrong = fmt.Sprintf("%d calls within %v with a limit of %d a minute", limit+1, d, limit)
				}
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// A 429 that one replica met holds all of them back.
func TestReplicasShareAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := fleet(2, &book{skew: 3 * time.Second}, Limits{})
		all[0].s.hold(t.Context(), "chat.update", 40*time.Second)
		for _, c := range all {
			c.join("held", "chat.update", "", Final)
			c.join("free", "chat.delete", "", Final)
			if c.s.try(t.Context(), "chat.update", "", Final) {
				t.Error("a try succeeded during the hold")
			}
		}
		for i, c := range all {
			c.wg.Wait()
			if got := c.names(); !slices.Equal(got, []string{"free", "held"}) {
				t.Errorf("replica %d served %v", i, got)
			}
			if at := c.served()[1].at; at < 40*time.Second || at > 45*time.Second {
				t.Errorf("replica %d was held for %v, want 40 s", i, at)
			}
		}
	})
}

// A channel's pace is shared, and posts into others are not held up.
func TestReplicasShareAChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := fleet(2, &book{}, Limits{})
		for range 10 {
			for _, c := range all {
				c.join("busy", postMethod, "C1", Final)
			}
		}
		all[1].join("other", postMethod, "C2", Final)
		if !slices.Contains(all[1].names(), "other") {
			t.Error("a post into an idle channel waited")
		}
		for _, c := range all {
			c.wg.Wait()
		}
		if d := max(all[0].served()[9].at, all[1].served()[10].at); d < 15*time.Second || d > 22*time.Second {
			t.Errorf("20 posts into one channel took %v, want about a second each after the burst", d)
		}
	})
}

// Without the ledger each goes by what it knew last, and keeps to the rate by itself.
func TestLedgerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{skew: time.Hour}
		c := fleet(1, b, Limits{PerMinute: map[string]int{"m": 20}})[0]
		for range 15 {
			c.join("x", "m", "", Final)
		}
		b.mu.Lock()
		b.fail, b.asked = true, 0
		b.mu.Unlock()
		for range 15 {
			c.join("x", "m", "", Final)
		}
		c.wg.Wait()
		all := c.served()
		if d := all[20].at - all[0].at; d < time.Minute {
			t.Errorf("21 calls within %v", d)
		}
		if last := all[len(all)-1].at; last > 2*time.Minute {
			t.Errorf("30 calls took %v", last)
		}
		if b.asked > 30 {
			t.Errorf("the ledger that fails was asked %d times", b.asked)
		}
	})
}
