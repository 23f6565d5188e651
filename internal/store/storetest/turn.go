package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// tsOf is the ts of a conversation's n-th message.
func tsOf(n int) chat.TS { return chat.TS(fmt.Sprintf("1700000001.%06d", n+1)) }

var turnTests = []test{
	{"BeginTakesAllOpenInSlackOrder", func(k *kit) {
		c := direct(1)
		want := []chat.TS{"999.000002", "1000.000001", "1700000001.000001", "1700000001.100000"}
		for _, i := range []int{2, 0, 3, 1} {
			k.append(says(c, want[i], fmt.Sprint(i)))
		}
		k.join("r")
		before := time.Now().Add(-time.Second)
		t := k.begin(k.claim("r"))
		k.equal("messages", texts(t.Messages), []string{"0", "1", "2", "3"})
		k.equal("conversation", t.Conversation, c)
		k.equal("attempt", t.Attempt, 1)
		k.equal("journal", len(t.Journal), 0)
		if t.Started.Before(before) || time.Since(t.Started) < 0 || t.Started.Location() != time.UTC {
			k.Errorf("started %v, want now in UTC", t.Started)
		}
	}},
	{"MessageComesBackWhole", func(k *kit) {
		e := says(direct(1), "1700000001.000001", "Grüße, 日本 🙂")
		e.Message.BotID, e.Message.AppID, e.Message.ClientTeam, e.Message.Edited = "B1", "A1", "T9", "1700000003.000000"
		e.Message.Files = []chat.File{{ID: "F1", Name: "größe \"1\".pdf", Mimetype: "application/pdf", Size: 1 << 40}, {ID: "F2"}}
		k.append(e)
		k.join("r")
		k.equal("messages", k.begin(k.claim("r")).Messages, []chat.Message{e.Message})
	}},
	{"BeginTakesABatch", func(k *kit) {
		c := direct(1)
		const n = 250
		for i := range n {
			k.append(says(c, tsOf(i), fmt.Sprint(i)))
		}
		k.join("r")
		f := k.claim("r")
		var got []string
		for more := true; more; {
			t := k.begin(f)
			if len(t.Messages) > 100 {
				k.Fatalf("turn of %d messages", len(t.Messages))
			}
			got = append(got, texts(t.Messages)...)
			more = k.finish(f, t, answered)
		}
		for i := range n {
			if got[i] != fmt.Sprint(i) {
				k.Fatalf("message %d is %q", i, got[i])
			}
		}
		k.equal("messages", len(got), n)
	}},
	{"WhatArrivesMeanwhileIsTheNextTurn", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.equal("work", k.append(says(c, tsOf(5), "second")), true)
		k.append(says(c, tsOf(4), "first"))
		k.equal("lanes for others", len(k.claims("r1", 9)), 0)
		k.equal("more", k.finish(f, t, answered), true)
		next := k.begin(f)
		if next.ID == t.ID {
			k.Error("the next turn has the id of the last")
		}
		k.equal("messages", texts(next.Messages), []string{"first", "second"})
		k.equal("more", k.finish(f, next, answered), false)
		_, err := k.Begin(k.Context(), f)
		k.fails("begin after the lane was freed", err, turn.ErrFenced)
	}},
	{"BeginResumes", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		journal := []turn.Record{
			{Kind: turn.Asked, ResponseID: "resp_1", Data: []byte(`{"background":true}`)},
			{Kind: turn.Position, Sequence: 1 << 40, Text: "so far"},
			{Kind: turn.Item, Data: []byte(`{"text":"` + strings.Repeat("x", 1<<20) + `"}`)},
		}
		k.must(k.Record(k.Context(), f, t.ID, journal[:1]...))
		k.must(k.Record(k.Context(), f, t.ID, journal[1:]...))
		k.must(k.Record(k.Context(), f, t.ID))
		k.append(says(c, tsOf(5), "later"))
		k.must(k.Postpone(k.Context(), f, 0))
		f = k.claim("r1")
		again := k.begin(f)
		k.equal("journal", again.Journal, journal)
		k.equal("id", again.ID, t.ID)
		k.equal("attempt", again.Attempt, 2)
		k.equal("messages", again.Messages, t.Messages)
		k.equal("started", again.Started, t.Started)
		k.equal("conversation", again.Conversation, c)
		k.equal("more", k.finish(f, again, answered), true)
	}},
	{"BeginTwiceIsANewAttempt", func(k *kit) {
		f, t := k.running(direct(1))
		again := k.begin(f)
		k.equal("id", again.ID, t.ID)
		k.equal("attempt", again.Attempt, 2)
	}},
	{"BeginHonoursEdits", func(k *kit) {
		c := direct(1)
		k.append(says(c, tsOf(1), "a"))
		k.append(edits(c, tsOf(1), "1700000002.000001", "b"))
		k.join("r")
		k.equal("messages", texts(k.begin(k.claim("r")).Messages), []string{"b"})
	}},
	{"BeginDeclinesWhatWasDeleted", func(k *kit) {
		c := direct(1)
		gone := says(c, tsOf(1), "gone")
		k.append(gone)
		k.append(says(c, tsOf(2), "stays"))
		k.append(deletes(c, tsOf(1)))
		k.join("r")
		f := k.claim("r")
		t := k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"stays"})
		k.equal("outcome", k.outcome(gone.Key), "declined/deleted")
		k.equal("work of a redelivery", k.append(gone), false)
		k.equal("more", k.finish(f, t, answered), false)
	}},
	{"BeginWithAllDeletedFreesTheLane", func(k *kit) {
		c := direct(1)
		for i := range 230 { // more than a turn takes
			k.append(says(c, tsOf(i), "gone"))
			k.append(deletes(c, tsOf(i)))
		}
		k.join("r")
		f := k.claim("r")
		t, err := k.Begin(k.Context(), f)
		k.must(err)
		if t != nil {
			k.Fatalf("began %v", t)
		}
		_, err = k.Begin(k.Context(), f)
		k.fails("begin of a freed lane", err, turn.ErrFenced)
		k.equal("lanes", len(k.claims("r", 9)), 0)
		k.append(says(c, tsOf(900), "new"))
		k.equal("messages", texts(k.begin(k.claim("r")).Messages), []string{"new"})
	}},
	{"DeletedAfterBeginIsCredited", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(deletes(c, t.Messages[0].TS))
		again := k.begin(f)
		k.equal("messages", len(again.Messages), 1)
		k.equal("deleted", again.Messages[0].Deleted, true)
		k.equal("more", k.finish(f, again, answered), false)
	}},
	{"FinishGivesOneOutcomeEach", func(k *kit) {
		k.join("r")
		cases := []struct {
			r            turn.Result
			others, last string
		}{
			{answered, "merged", "answered"},
			{turn.Result{State: turn.Failed, Reason: "model_unreachable", Answer: "part"}, "failed/model_unreachable", "failed/model_unreachable"},
			{turn.Result{State: turn.Stopped, Reason: "asked"}, "stopped/asked", "stopped/asked"},
			{turn.Result{State: turn.Declined, Reason: "policy"}, "declined/policy", "declined/policy"},
		}
		for i, c := range cases {
			cv := direct(i)
			for n := range 3 {
				k.append(says(cv, tsOf(2-n), "x"))
			}
			f := k.claim("r")
			t := k.begin(f)
			k.equal("outcome of a running turn", k.outcome(says(cv, tsOf(0), "").Key), "")
			k.equal("more", k.finish(f, t, c.r), false)
			var got []string
			for n := range 3 {
				got = append(got, k.outcome(says(cv, tsOf(n), "").Key))
			}
			k.equal("outcomes", got, []string{c.others, c.others, c.last})
			r, _, err := k.Outcome(k.Context(), says(cv, tsOf(2), "").Key)
			k.must(err)
			k.equal("result", r, c.r)
		}
	}},
	{"FinishTwice", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.equal("more", k.finish(f, t, answered), false)
		_, err := k.Finish(k.Context(), f, t.ID, turn.Result{State: turn.Failed, Reason: "again"})
		k.fails("second finish", err, turn.ErrFenced)
		k.equal("outcome", k.outcome(says(c, tsOf(0), "").Key), "answered")
	}},
	{"FinishTwiceWithMore", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(says(c, tsOf(5), "next"))
		k.equal("more", k.finish(f, t, answered), true)
		_, err := k.Finish(k.Context(), f, t.ID, turn.Result{State: turn.Failed})
		k.fails("second finish", err, nil)
		k.fails("record to an ended turn", k.Record(k.Context(), f, t.ID, turn.Record{Kind: turn.Position}), nil)
		k.fails("yield of an ended turn", k.Yield(k.Context(), f, t.ID), nil)
		k.equal("outcome", k.outcome(says(c, tsOf(0), "").Key), "answered")
		k.equal("messages", texts(k.begin(f).Messages), []string{"next"})
	}},
	{"FinishNeedsAnEnd", func(k *kit) {
		f, t := k.running(direct(1))
		for _, s := range []turn.State{turn.Queued, turn.Running, turn.Waiting, "", "done"} {
			_, err := k.Finish(k.Context(), f, t.ID, turn.Result{State: s})
			k.fails("finish as "+string(s), err, nil)
		}
		k.equal("more", k.finish(f, t, answered), false)
	}},
	{"TurnOfAnotherLane", func(k *kit) {
		f, t := k.running(direct(1))
		k.append(says(direct(2), tsOf(1), "b"))
		f2 := k.claim("r1")
		t2 := k.begin(f2)
		_, err := k.Finish(k.Context(), f, t2.ID, answered)
		k.fails("finish", err, nil)
		k.fails("record", k.Record(k.Context(), f2, t.ID, turn.Record{Kind: turn.Position}), nil)
		k.fails("yield", k.Yield(k.Context(), f, "no such turn"), nil)
		k.equal("more", k.finish(f, t, answered), false)
	}},
	{"YieldCostsNoAttempt", func(k *kit) {
		f, t := k.running(direct(1))
		for range 5 {
			k.must(k.Record(k.Context(), f, t.ID, turn.Record{Kind: turn.Position, Text: "x"}))
			k.must(k.Yield(k.Context(), f, t.ID))
			_, err := k.Begin(k.Context(), f)
			k.fails("begin after yielding", err, turn.ErrFenced)
			f = k.claim("r1")
			again := k.begin(f)
			k.equal("id", again.ID, t.ID)
			k.equal("attempt", again.Attempt, 1)
		}
		k.equal("journal", len(k.begin(f).Journal), 5)
	}},
	{"RecordKeepsOrder", func(k *kit) {
		f, t := k.running(direct(1))
		for i := range 150 {
			k.must(k.Record(k.Context(), f, t.ID, turn.Record{Kind: turn.Position, Sequence: int64(i)}))
		}
		journal := k.begin(f).Journal
		k.equal("records", len(journal), 150)
		if !slices.IsSortedFunc(journal, func(a, b turn.Record) int { return int(a.Sequence - b.Sequence) }) {
			k.Error("out of order")
		}
	}},
}

// fenceTests call everything that is fenced with every fence that is wrong.
var fenceTests = []test{
	{"WrongFencesChangeNothing", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.must(k.Record(k.Context(), f, t.ID, turn.Record{Kind: turn.Position, Text: "x"}))
		w := write(t, "k")
		_, _, err := k.Outbox().Begin(k.Context(), f, w)
		k.must(err)
		wrong := map[string]turn.Fence{
			"older epoch":   {Lane: f.Lane, Owner: f.Owner, Epoch: f.Epoch - 1},
			"newer epoch":   {Lane: f.Lane, Owner: f.Owner, Epoch: f.Epoch + 1},
			"another owner": {Lane: f.Lane, Owner: "r2", Epoch: f.Epoch},
			"no owner":      {Lane: f.Lane, Epoch: f.Epoch},
			"another lane":  {Lane: direct(2).Key(), Owner: f.Owner, Epoch: f.Epoch},
		}
		for name, f := range wrong {
			_, err := k.Begin(k.Context(), f)
			k.fails("Begin: "+name, err, turn.ErrFenced)
			k.fails("Record: "+name, k.Record(k.Context(), f, t.ID, turn.Record{Kind: turn.Position}), turn.ErrFenced)
			_, err = k.Finish(k.Context(), f, t.ID, answered)
			k.fails("Finish: "+name, err, turn.ErrFenced)
			k.fails("Yield: "+name, k.Yield(k.Context(), f, t.ID), turn.ErrFenced)
			k.fails("Postpone: "+name, k.Postpone(k.Context(), f, 0), turn.ErrFenced)
			_, _, err = k.Outbox().Begin(k.Context(), f, write(t, "other"))
			k.fails("Outbox.Begin: "+name, err, turn.ErrFenced)
			k.fails("Outbox.Settle: "+name, k.Outbox().Settle(k.Context(), f, "k", "confirmed", "1.1", ""), turn.ErrFenced)
		}
		again := k.begin(f)
		k.equal("attempt", again.Attempt, 2)
		k.equal("journal", len(again.Journal), 1)
		rows, err := k.Outbox().Rows(k.Context(), t.ID)
		k.must(err)
		k.equal("writes", len(rows), 1)
		k.equal("state of the write", string(rows[0].State), "sent")
		k.equal("more", k.finish(f, again, answered), false)
	}},
}
