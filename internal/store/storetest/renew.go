package storetest

import (
	"context"
	"fmt"
	"sync"

	"holdfast/internal/turn"
)

// renew takes what waits along, and gives the turn's messages.
func (k *kit) renew(f turn.Fence, t *turn.Turn, take bool) []string {
	k.Helper()
	messages, err := k.Renew(k.Context(), f, t.ID, take)
	k.must(err)
	return texts(messages)
}

var interrupted = turn.Result{State: turn.Merged, Reason: "interrupted", Answer: "part", AnswerTS: "1700000001.500000"}

var renewTests = []test{
	{"TakesWhatWaits", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(says(c, tsOf(5), "second"))
		k.append(says(c, tsOf(4), "first"))
		k.equal("without take", k.renew(f, t, false), []string{"hello"})
		k.equal("with take", k.renew(f, t, true), []string{"hello", "first", "second"})
		k.equal("again", k.renew(f, t, true), []string{"hello", "first", "second"})
		k.equal("redelivered", k.append(says(c, tsOf(5), "second")), false)
		k.must(k.Postpone(k.Context(), f, 0)) // as after a crash
		f = k.claim("r1")
		t = k.begin(f)
		k.equal("after a crash", texts(t.Messages), []string{"hello", "first", "second"})
		k.equal("more", k.finish(f, t, answered), false)
		k.equal("outcomes", []string{k.outcome(says(c, tsOf(0), "").Key), k.outcome(says(c, tsOf(4), "").Key), k.outcome(says(c, tsOf(5), "").Key)},
			[]string{"merged", "merged", "answered"})
	}},
	{"HonoursEditsAndDeletions", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		gone := says(c, tsOf(4), "gone")
		k.append(gone)
		k.append(deletes(c, tsOf(4)))
		k.append(edits(c, tsOf(0), "1700000002.000001", "edited"))
		k.equal("messages", k.renew(f, t, true), []string{"edited"})
		k.equal("outcome", k.outcome(gone.Key), "declined/deleted")
		k.append(deletes(c, tsOf(0)))
		messages, err := k.Renew(k.Context(), f, t.ID, false)
		k.must(err)
		k.equal("deleted", []bool{len(messages) == 1, messages[0].Deleted}, []bool{true, true})
		k.equal("more", k.finish(f, t, turn.Result{State: turn.Declined, Reason: "deleted"}), false)
	}},
	{"TakesNothingThatWasStopped", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(says(c, tsOf(4), "waits"))
		k.stop(asks(c, "1700000003.000000"))
		k.append(says(c, "1700000004.000001", "comes later"))
		k.equal("messages", k.renew(f, t, true), []string{"hello"})
		k.equal("stops", len(k.stops("r1")), 1)
		k.equal("more", k.finish(f, t, halted), true)
		t = k.begin(f)
		k.equal("next", texts(t.Messages), []string{"comes later"})
		k.finish(f, t, answered)
	}},
	{"StopsWithTheWordThatItTook", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		e := word(c, "1700000002.000001")
		k.append(e)
		k.equal("messages", k.renew(f, t, true), []string{"hello", "stop"})
		lanes, err := k.Stop(k.Context(), e)
		k.must(err)
		k.equal("lanes", lanes, []string{c.Key()})
		k.equal("stops", k.stops("r1"), []string{c.Key()})
		k.finish(f, t, halted)
		k.equal("word", k.outcome(e.Key), "stopped/person")
	}},
	{"LeavesRetriesAlone", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.finish(f, t, turn.Result{State: turn.Failed, Reason: "cut"})
		failed := t.ID
		k.append(says(c, "1700000002.000001", "new"))
		f = k.claim("r1")
		t = k.begin(f)
		k.append(wants(c, failed))
		k.equal("messages", k.renew(f, t, true), []string{"new"})
		k.equal("more", k.finish(f, t, answered), true)
		again := k.begin(f)
		k.equal("retried", again.Retried, failed)
		k.append(says(c, "1700000003.000001", "newer"))
		k.equal("messages", k.renew(f, again, true), []string{"hello"})
		k.equal("more", k.finish(f, again, answered), true)
	}},
	{"TakesNoMoreThanATurnHolds", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		for i := range 150 {
			k.append(says(c, tsOf(i+1), fmt.Sprint(i)))
		}
		k.equal("messages", len(k.renew(f, t, true)), 100)
		k.equal("messages again", len(k.renew(f, t, true)), 100)
		k.equal("more", k.finish(f, t, answered), true)
		k.equal("the rest", len(k.begin(f).Messages), 51)
	}},
	{"OnlyARunningTurn", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(says(c, tsOf(4), "waits"))
		old := f
		old.Epoch--
		_, err := k.Renew(k.Context(), old, t.ID, true)
		k.fails("an old fence", err, turn.ErrFenced)
		k.equal("more", k.finish(f, t, answered), true)
		_, err = k.Renew(k.Context(), f, t.ID, true)
		k.fails("a turn that is over", err, nil)
		k.equal("next", texts(k.begin(f).Messages), []string{"waits"})
	}},
	{"InterruptedGivesItsMessagesOn", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(says(c, "1700000002.000001", "newer"))
		k.equal("more", k.finish(f, t, interrupted), true)
		k.equal("outcome", k.outcome(says(c, tsOf(0), "").Key), "")
		history, err := k.History(k.Context(), c)
		k.must(err)
		var cut []bool
		for _, h := range history {
			cut = append(cut, h.Cut)
		}
		k.equal("cut", cut, []bool{false, true, false})
		next := k.begin(f)
		k.equal("messages", texts(next.Messages), []string{"hello", "newer"})
		k.equal("more", k.finish(f, next, answered), false)
		k.equal("outcomes", []string{k.outcome(says(c, tsOf(0), "").Key), k.outcome(says(c, "1700000002.000001", "").Key)}, []string{"merged", "answered"})
	}},
	{"InterruptedByWhatIsTakenBack", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(says(c, "1700000002.000001", "newer"))
		k.append(deletes(c, "1700000002.000001"))
		k.equal("more", k.finish(f, t, interrupted), true)
		k.must(k.Postpone(k.Context(), f, 0)) // as after a crash
		f = k.claim("r1")
		next := k.begin(f)
		k.equal("messages", texts(next.Messages), []string{"hello"})
		k.equal("more", k.finish(f, next, answered), false)
	}},
	// Messages come while their turn takes along what waits, and ends: each has one
	// outcome, none is left behind.
	{"NothingIsLostBetweenTakingAndEnding", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		const n = 60
		var coming sync.WaitGroup
		coming.Go(func() {
			for i := range n {
				if _, err := k.Append(context.WithoutCancel(k.Context()), says(c, tsOf(i+1), fmt.Sprint(i))); err != nil {
					k.Error(err)
				}
			}
		})
		more := true
		for i := 0; more; i++ {
			k.renew(f, t, true)
			r := answered
			if i%2 == 1 {
				r = interrupted
			}
			if more = k.finish(f, t, r); more {
				t = k.begin(f)
			}
		}
		coming.Wait()
		for _, f := range k.claims("r1", 9) {
			for more := true; more; {
				more = k.finish(f, k.begin(f), answered)
			}
		}
		for i := range n + 1 {
			if o := k.outcome(says(c, tsOf(i), "").Key); o != "answered" && o != "merged" {
				k.Fatalf("message %d has the outcome %q", i, o)
			}
		}
	}},
}
