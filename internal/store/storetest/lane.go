package storetest

import (
	"fmt"
	"sync"
	"time"

	"holdfast/internal/turn"
)

// tick waits until the clock shows another millisecond, so that what comes
// later is later for every store.
func (k *kit) tick() {
	start := time.Now().UnixMilli()
	k.until("the next millisecond", func() bool { return time.Now().UnixMilli() > start })
}

var laneTests = []test{
	{"ClaimTakesThoseThatWaitLongest", func(k *kit) {
		k.join("r")
		for _, n := range []int{3, 1, 2} {
			k.append(says(direct(n), "1700000001.000001", "a"))
			k.tick()
		}
		// More work does not put a lane back in the queue.
		k.append(says(direct(3), "1700000001.000002", "b"))
		var got []string
		for _, f := range append(k.claims("r", 2), k.claims("r", 2)...) {
			got = append(got, f.Lane)
		}
		k.equal("lanes", got, []string{direct(3).Key(), direct(1).Key(), direct(2).Key()})
		k.equal("lanes that are left", len(k.claims("r", 9)), 0)
	}},
	{"WaitingIsWhatNobodyHasBegun", func(k *kit) {
		waits := func(wantLanes, wantMessages int) time.Time {
			k.Helper()
			lanes, messages, oldest, err := k.Waiting(k.Context())
			k.must(err)
			k.equal("lanes that wait", lanes, wantLanes)
			k.equal("messages that wait", messages, wantMessages)
			return oldest
		}
		k.equal("oldest of none", waits(0, 0).IsZero(), true)
		before := time.Now().Add(-time.Millisecond)
		k.append(says(direct(1), "1700000001.000001", "a"))
		k.tick()
		k.append(says(direct(1), "1700000001.000002", "b"))
		k.append(says(direct(2), "1700000001.000001", "c"))
		if oldest := waits(2, 3); oldest.Before(before.Truncate(time.Millisecond)) || oldest.After(time.Now()) {
			k.Errorf("the oldest is of %s, want one of just now", oldest)
		}
		k.join("r")
		f := k.claims("r", 1)[0]
		t := k.begin(f)
		waits(1, 1)
		k.finish(f, t, answered)
		waits(1, 1)
	}},
	{"ClaimOfNoneOrFewer", func(k *kit) {
		k.join("r")
		k.append(says(direct(1), "1700000001.000001", "a"))
		k.equal("claims of 0", len(k.claims("r", 0)), 0)
		k.equal("claims of -1", len(k.claims("r", -1)), 0)
	}},
	{"EveryClaimHasAGreaterEpoch", func(k *kit) {
		k.join("r")
		c := direct(1)
		var last int64
		for i := range 5 {
			k.append(says(c, tsOf(i), "a"))
			f := k.claim("r")
			if f.Epoch <= last || f.Owner != "r" || f.Lane != c.Key() {
				k.Fatalf("claimed %+v after epoch %d", f, last)
			}
			last = f.Epoch
			k.equal("more", k.finish(f, k.begin(f), answered), false)
		}
	}},
	{"ClaimNeedsALivingReplica", func(k *kit) {
		k.append(says(direct(1), "1700000001.000001", "a"))
		k.equal("claims of a stranger", len(k.claims("stranger", 1)), 0)
		k.must(k.Join(k.Context(), "late", time.Millisecond))
		k.until("the lease ends", func() bool {
			f := k.claims("late", 1)
			for _, f := range f {
				k.must(k.Postpone(k.Context(), f, 0))
			}
			return len(f) == 0
		})
		k.join("left")
		k.must(k.Leave(k.Context(), "left"))
		k.equal("claims after leaving", len(k.claims("left", 1)), 0)
	}},
	{"ClaimsAreExclusive", func(k *kit) {
		const lanes = 40
		for n := range lanes {
			k.append(says(direct(n), "1700000001.000001", "a"))
		}
		var mu sync.Mutex
		owners := map[string][]string{}
		var all sync.WaitGroup
		for r := range 4 {
			id := fmt.Sprint("r", r)
			k.join(id)
			all.Go(func() {
				for {
					got, err := k.Claim(k.Context(), id, 3)
					if err != nil {
						k.Error(err)
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, f := range got {
						owners[f.Lane] = append(owners[f.Lane], f.Owner)
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		k.equal("lanes claimed", len(owners), lanes)
		for lane, o := range owners {
			k.equal("owners of "+lane, len(o), 1)
		}
	}},
	{"PostponedLaneIsHeldBack", func(k *kit) {
		k.join("r")
		k.append(says(direct(1), "1700000001.000001", "a"))
		f := k.claim("r")
		k.must(k.Postpone(k.Context(), f, time.Hour))
		k.equal("work", k.append(says(direct(1), "1700000001.000002", "b")), true)
		k.equal("lanes", len(k.claims("r", 9)), 0)

		k.append(says(direct(2), "1700000001.000001", "a"))
		f = k.claim("r")
		k.must(k.Postpone(k.Context(), f, 20*time.Millisecond))
		var got []turn.Fence
		k.until("the pause is over", func() bool { got = k.claims("r", 9); return len(got) > 0 })
		k.equal("lane", got[0].Lane, f.Lane)
		k.equal("messages", texts(k.begin(got[0]).Messages), []string{"a"})
	}},
	{"LeaveFreesLanes", func(k *kit) {
		k.join("r1")
		k.join("r2")
		for n := range 3 {
			k.append(says(direct(n), "1700000001.000001", "a"))
		}
		mine := k.claims("r1", 2)
		other := k.claims("r2", 1)
		k.must(k.Leave(k.Context(), "r1"))
		k.equal("lanes for another", len(k.claims("r2", 9)), 2)
		_, err := k.Begin(k.Context(), mine[0])
		k.fails("begin after leaving", err, turn.ErrFenced)
		k.begin(other[0])
		alive, err := k.Heartbeat(k.Context(), "r1", time.Hour)
		k.must(err)
		k.equal("alive after leaving", alive, false)
	}},
	{"JoinTwiceIsRefused", func(k *kit) {
		k.join("r")
		k.fails("join", k.Join(k.Context(), "r", time.Hour), nil)
		k.must(k.Leave(k.Context(), "r"))
		k.fails("join after leaving", k.Join(k.Context(), "r", time.Hour), nil)
	}},
	{"HeartbeatKeepsALease", func(k *kit) {
		k.must(k.Join(k.Context(), "r", time.Millisecond))
		alive, err := k.Heartbeat(k.Context(), "r", time.Hour)
		k.must(err)
		k.equal("alive", alive, true)
		k.tick()
		k.tick()
		k.append(says(direct(1), "1700000001.000001", "a"))
		k.claim("r")
		freed, err := k.Reap(k.Context())
		k.must(err)
		k.equal("freed", freed, 0)
	}},
	{"HeartbeatOfAStranger", func(k *kit) {
		alive, err := k.Heartbeat(k.Context(), "stranger", time.Hour)
		k.must(err)
		k.equal("alive", alive, false)
	}},
	{"ReapFreesLanesOfTheDead", func(k *kit) {
		k.join("dead")
		k.join("r")
		k.append(says(direct(1), "1700000001.000001", "a"))
		k.append(says(direct(2), "1700000001.000001", "a"))
		late := k.claims("dead", 1)[0]
		k.claims("r", 1)
		t := k.begin(late)
		alive, err := k.Heartbeat(k.Context(), "dead", time.Millisecond)
		k.must(err)
		k.equal("alive", alive, true)
		freed := 0
		k.until("reaped", func() bool {
			n, err := k.Reap(k.Context())
			k.must(err)
			freed += n
			return freed > 0
		})
		k.equal("freed", freed, 1)
		alive, err = k.Heartbeat(k.Context(), "dead", time.Hour)
		k.must(err)
		k.equal("alive after death", alive, false)
		_, err = k.Finish(k.Context(), late, t.ID, answered)
		k.fails("finish of the dead", err, turn.ErrFenced)
		f := k.claim("r")
		k.equal("attempt of the new owner", k.begin(f).Attempt, 2)
		k.fails("record of the dead", k.Record(k.Context(), late, t.ID, turn.Record{Kind: turn.Position, Text: "zombie"}), turn.ErrFenced)
	}},
	// Seen with a lease that belonged to the process: after it had joined anew,
	// its old turns acted again, and 5 of 30,000 answers came twice.
	{"OldIncarnationStaysFenced", func(k *kit) {
		k.join("first")
		k.append(says(direct(1), "1700000001.000001", "a"))
		old := k.claim("first")
		t := k.begin(old)
		k.must(k.Leave(k.Context(), "first"))
		k.join("second")
		f := k.claim("second")
		_, err := k.Finish(k.Context(), old, t.ID, answered)
		k.fails("finish by the old incarnation", err, turn.ErrFenced)
		k.equal("more", k.finish(f, k.begin(f), answered), false)
	}},
}
