package postgres

import (
	"strconv"
	"sync"
	"testing"
	"time"
)

// Changes of one name come one after the other, whichever replica makes them.
func TestChangesAreAlone(t *testing.T) {
	url := fresh(t)
	one, two := openTest(t, url), openTest(t, url)
	var all sync.WaitGroup
	for _, db := range []*DB{one, two} {
		for range 4 {
			all.Go(func() {
				for range 25 {
					err := db.Change(t.Context(), "m", func(state []byte, now time.Time) []byte {
						if d := time.Since(now); d > time.Minute || d < -time.Minute {
							t.Errorf("the clock is %v behind", d)
						}
						n, _ := strconv.Atoi(string(state)) // none is 0
						return []byte(strconv.Itoa(n + 1))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	must(t, one.Change(t.Context(), "m", func(state []byte, _ time.Time) []byte {
		if string(state) != "200" {
			t.Errorf("counted %s, want 200", state)
		}
		return state
	}))
}

func TestJobHasOneHolder(t *testing.T) {
	url := fresh(t)
	one, two := openTest(t, url), openTest(t, url)
	var all sync.WaitGroup
	var mu sync.Mutex
	holders := 0
	for i, db := range []*DB{one, two, one, two} {
		all.Go(func() {
			held, err := db.Hold(t.Context(), "sweep", strconv.Itoa(i), time.Hour)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if held {
				holders++
			}
		})
	}
	all.Wait()
	if holders != 1 {
		t.Errorf("%d hold the job, want one", holders)
	}
}

// A process that stands still in the middle of a transaction holds its rows for a
// few seconds at most: the server ends its session.
func TestFrozenTransactionIsEnded(t *testing.T) {
	url := fresh(t)
	db := openTest(t, url)
	_, err := db.Append(t.Context(), entry(1, 1))
	must(t, err)
	c, err := db.pool.Acquire(t.Context())
	must(t, err)
	defer c.Release()
	_, err = c.Exec(t.Context(), "begin; select 1 from lanes for update")
	must(t, err)
	began := time.Now()
	_, err = db.Append(t.Context(), entry(1, 2)) // needs the lane's row
	must(t, err)
	if d := time.Since(began); d < idleTimeout/2 {
		t.Errorf("waited for %v: the row was not held", d)
	}
}
