package sqlite

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/turn"
)

func BenchmarkAppend(b *testing.B) {
	for _, producers := range []int{1, 64} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			db := openTest(b, temp(b))
			var next atomic.Int64
			took := make([][]time.Duration, producers)
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for p := range producers {
				all.Go(func() {
					for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
						start := time.Now()
						if work, err := db.Append(b.Context(), entry(n%1000, n)); err != nil || !work {
							b.Errorf("append: %v %v", work, err)
							return
						}
						took[p] = append(took[p], time.Since(start))
					}
				})
			}
			all.Wait()
			b.StopTimer()
			d := slices.Concat(took...)
			slices.Sort(d)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			b.ReportMetric(float64(d[len(d)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(d[len(d)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkTurns runs 10,000 turns over 1,000 lanes, the next message of a lane
// appended when its last turn is over, and checks that each lane saw its own
// messages in order, once.
func BenchmarkTurns(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		db := openTest(b, temp(b))
		b.StartTimer()
		runTurns(b, db, 1000, 10)
		b.StopTimer()
		if err := db.Check(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(10_000*b.N)/b.Elapsed().Seconds(), "turns/s")
}

func runTurns(b *testing.B, db *DB, lanes, each int) {
	const producers, workers = 64, 64
	if err := db.Join(b.Context(), "bench", time.Hour); err != nil {
		b.Fatal(err)
	}
	type message struct{ lane, n int }
	ready := make(chan message, lanes) // to append
	for l := range lanes {
		ready <- message{l, 0}
	}
	fences := make(chan turn.Fence, lanes)
	wake := make(chan struct{}, 1)
	var left atomic.Int64
	left.Store(int64(lanes * each))

	var all sync.WaitGroup
	for range producers {
		all.Go(func() {
			for m := range ready {
				if _, err := db.Append(b.Context(), entry(m.lane, m.n)); err != nil {
					b.Error(err)
				}
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		})
	}
	done := make(chan struct{})
	all.Go(func() { // dispatcher
		defer close(fences)
		for {
			select {
			case <-wake:
			case <-done:
				return
			}
			got, err := db.Claim(b.Context(), "bench", lanes)
			if err != nil {
				b.Error(err)
			}
			for _, f := range got {
				fences <- f
			}
		}
	})
	seen := make([]int, lanes) // each element belongs to the owner of its lane
	one := func(f turn.Fence) error {
		t, err := db.Begin(b.Context(), f)
		if err != nil {
			return err
		}
		var lane int
		if _, err := fmt.Sscanf(t.Conversation.Channel, "D%d", &lane); err != nil {
			return err
		}
		if len(t.Messages) != 1 || t.Messages[0].Text != strconv.Itoa(seen[lane]) {
			return fmt.Errorf("lane %d: got %v, want message %d", lane, t.Messages, seen[lane])
		}
		seen[lane]++
		n := seen[lane]
		if err := db.Record(b.Context(), f, t.ID, turn.Record{Kind: turn.Concluded, Text: "ok"}); err != nil {
			return err
		}
		if more, err := db.Finish(b.Context(), f, t.ID, turn.Result{State: turn.Answered, Answer: "ok", AnswerTS: "1700000002.000001"}); err != nil || more {
			return fmt.Errorf("finish: more %v, %w", more, err)
		}
		if n < each {
			ready <- message{lane, n}
		}
		if left.Add(-1) == 0 {
			close(ready)
			close(done)
		}
		return nil
	}
	for range workers {
		all.Go(func() {
			for f := range fences {
				if err := one(f); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}
