package storetest

import (
	"fmt"
	"sync"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/outbox"
	"holdfast/internal/reception"
	"holdfast/internal/turn"
)

// clicks stores an act.
func (k *kit) clicks(key string) (fresh bool) {
	k.Helper()
	fresh, err := k.Append(k.Context(), inbox.Entry{
		Key: key, Kind: inbox.Interaction, Act: true, Payload: []byte(`{"type":"` + key + `"}`), At: time.UnixMilli(1700000000000),
	})
	k.must(err)
	return fresh
}

// taken are the keys of the acts that nobody holds, which are held from then on.
func (k *kit) taken(hold time.Duration, limit int, mine ...string) (keys []string) {
	k.Helper()
	list, err := k.TakeActs(k.Context(), mine, hold, limit)
	k.must(err)
	for _, e := range list {
		keys = append(keys, e.Key)
	}
	return keys
}

var receptionTests = []test{
	{"AnActIsHeldByWhoeverReceivedIt", func(k *kit) {
		k.equal("fresh", k.clicks("a"), true)
		k.equal("acts that nobody holds", k.taken(time.Hour, 10), []string(nil))
		lanes, messages, _, err := k.Waiting(k.Context())
		k.must(err)
		k.equal("lanes and messages that wait", []int{lanes, messages}, []int{0, 0})
	}},
	{"AnActComesOnce", func(k *kit) {
		k.clicks("a")
		k.equal("fresh when it comes again", k.clicks("a"), false)
		k.must(k.EndAct(k.Context(), "a"))
		k.equal("fresh when it is done", k.clicks("a"), false)
		k.equal("acts", k.taken(0, 10, "a"), []string(nil))
	}},
	{"WhatNobodyHoldsIsTakenOnceInOrder", func(k *kit) {
		for _, key := range []string{"c", "a", "b"} {
			k.clicks(key)
		}
		k.taken(-time.Second, 0, "c", "a", "b") // their holder says nothing more
		k.equal("the oldest", k.taken(time.Hour, 2), []string{"c", "a"})
		k.equal("the rest", k.taken(time.Hour, 2), []string{"b"})
		k.equal("what is left", k.taken(time.Hour, 2), []string(nil))
	}},
	{"AnActIsAsItCame", func(k *kit) {
		k.clicks("a")
		k.taken(-time.Second, 0, "a")
		list, err := k.TakeActs(k.Context(), nil, time.Hour, 1)
		k.must(err)
		k.equal("acts", list, []inbox.Entry{{Key: "a", Kind: inbox.Interaction, Act: true, Payload: []byte(`{"type":"a"}`), At: time.UnixMilli(1700000000000).UTC()}})
	}},
	{"AnActThatIsDoneIsNotTaken", func(k *kit) {
		k.clicks("a")
		k.must(k.EndAct(k.Context(), "a"))
		k.must(k.EndAct(k.Context(), "a"))
		k.must(k.EndAct(k.Context(), "none"))
		k.equal("acts", k.taken(-time.Second, 10, "a"), []string(nil))
	}},
	{"ManyTakeAndEachActIsTakenOnce", func(k *kit) {
		var mine []string
		for i := range 40 {
			mine = append(mine, fmt.Sprintf("k%02d", i))
			k.clicks(mine[i])
		}
		k.taken(-time.Second, 0, mine...)
		var mu sync.Mutex
		times := map[string]int{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 5 {
					list, err := k.TakeActs(k.Context(), nil, time.Hour, 3)
					if err != nil {
						k.Error(err)
						return
					}
					mu.Lock()
					for _, e := range list {
						times[e.Key]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for _, key := range k.taken(time.Hour, 100) { // what the eight left each other
			times[key]++
		}
		for _, key := range mine {
			k.equal("times that "+key+" was taken", times[key], 1)
		}
	}},
	{"OnePersonHasOneFeedbackOnAnAnswer", func(k *kit) {
		at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
		f := reception.Feedback{Team: "T1", Channel: "C1", TS: "1.000001", Person: "U1", Turn: "t1", Good: true, At: at(1)}
		save := func(f reception.Feedback) { k.Helper(); k.must(k.SaveFeedback(k.Context(), f)) }
		have := func(want ...reception.Feedback) {
			k.Helper()
			got, err := k.Feedback(k.Context(), "t1")
			k.must(err)
			k.equal("feedback", got, want)
		}
		have()
		save(f)
		save(f)
		other := f
		other.Person, other.Good = "U2", false
		save(other)
		have(f, other)
		f.Good, f.At = false, at(3)
		save(f)
		f.Reason, f.At = "too long", at(4)
		save(f)
		have(f, other)
		again := f
		again.Reason, again.At = "", at(5) // the button once more
		save(again)
		f.At = at(5)
		have(f, other)
		late := f
		late.Good, late.At = true, at(2) // from before
		save(late)
		have(f, other)
		f.Good, f.Reason, f.At = true, "", at(6)
		save(f)
		have(f, other)
	}},
	{"AWriteOfNoLaneHasItsKeyAlone", func(k *kit) {
		o := k.Outbox()
		w := outbox.Write{Key: "settings/a", Op: "chat.postMessage"}
		_, existed, err := o.Begin(k.Context(), turn.Fence{}, w)
		k.must(err)
		k.equal("existed", existed, false)
		k.must(o.Settle(k.Context(), turn.Fence{}, w.Key, outbox.Confirmed, chat.TS("1.000001"), ""))
		before, existed, err := o.Begin(k.Context(), turn.Fence{}, w)
		k.must(err)
		k.equal("existed, and as", []any{existed, before.State, before.TS}, []any{true, outbox.Confirmed, chat.TS("1.000001")})
		_, _, err = o.Begin(k.Context(), turn.Fence{Lane: "T1/C1/1.000001", Owner: "nobody", Epoch: 1}, outbox.Write{Key: "other"})
		k.fails("a write of somebody who has not the lane", err, turn.ErrFenced)
	}},
}
