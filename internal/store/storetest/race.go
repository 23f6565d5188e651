package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

var raceTests = []test{
	// Appends race with Finish, on few lanes so that they meet. A lane that has
	// work and that nobody can claim would leave messages behind.
	{"NoWakeUpIsLost", func(k *kit) { race(k, 4, 8, 100, false) }},
	// The same with owners that leave, yield, stall and are reaped.
	{"NoWakeUpIsLostWithOwnersThatGo", func(k *kit) { race(k, 8, 4, 60, true) }},
}

func race(k *kit, lanes, producers, each int, unruly bool) {
	ctx, cancel := context.WithTimeout(k.Context(), 60*time.Second)
	defer cancel()
	total := int64(producers * each)
	var open atomic.Int64 // messages without an outcome
	open.Store(total)
	var all, producing sync.WaitGroup
	for p := range producers {
		producing.Go(func() {
			for i := range each {
				c := direct(rand.IntN(lanes))
				ts := chat.TS(fmt.Sprintf("1700000001.%06d", p*each+i))
				work, err := k.Append(ctx, says(c, ts, "x"))
				if err != nil || !work {
					k.Errorf("append: work %v, error %v", work, err)
					return
				}
			}
		})
	}
	var incarnation atomic.Int64
	for range 4 {
		all.Go(func() {
			r := &owner{kit: k, unruly: unruly, name: func() string { return fmt.Sprint("r", incarnation.Add(1)) }}
			if err := r.run(ctx, &open); err != nil {
				k.Error(err)
				cancel()
			}
		})
	}
	producing.Wait()
	all.Wait()
	if n := open.Load(); n != 0 {
		k.Fatalf("%d of %d messages without an outcome", n, total)
	}
	k.join("last")
	k.equal("lanes with work at the end", len(k.claims("last", 99)), 0)
}

// owner claims and runs lanes until no message is open.
type owner struct {
	*kit
	name   func() string
	unruly bool
}

func (o *owner) run(ctx context.Context, open *atomic.Int64) error {
	me := ""
	for open.Load() > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%d messages still open: %w", open.Load(), err)
		}
		if me == "" {
			me = o.name()
			if err := o.Join(ctx, me, time.Minute); err != nil {
				return err
			}
		}
		fences, err := o.Claim(ctx, me, 2)
		if err != nil {
			return err
		}
		for _, f := range fences {
			if err := o.lane(ctx, f, open); err != nil && !errors.Is(err, turn.ErrFenced) {
				return err
			}
		}
		if o.unruly && rand.IntN(10) == 0 {
			if err := o.Leave(ctx, me); err != nil {
				return err
			}
			me = ""
		}
	}
	return nil
}

func (o *owner) lane(ctx context.Context, f turn.Fence, open *atomic.Int64) error {
	for more := true; more; {
		t, err := o.Begin(ctx, f)
		if err != nil || t == nil {
			return err
		}
		if o.unruly {
			switch rand.IntN(12) {
			case 0:
				return o.Yield(ctx, f, t.ID)
			case 1:
				return o.Postpone(ctx, f, time.Millisecond)
			case 2: // dies: the lease ends, somebody reaps
				if _, err := o.Heartbeat(ctx, f.Owner, -time.Hour); err != nil {
					return err
				}
				_, err := o.Reap(ctx)
				return err
			}
		}
		if more, err = o.Finish(ctx, f, t.ID, answered); err != nil {
			return err
		}
		open.Add(-int64(len(t.Messages)))
	}
	return nil
}
