package storetest

import (
	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// asks is a stop of a conversation, at a time.
func asks(c chat.Conversation, at chat.TS) inbox.Entry {
	return inbox.Entry{Key: "stop/" + string(at), Kind: inbox.Interaction, Stop: &inbox.Stop{Team: c.Team, Channel: c.Channel, Root: c.Root, At: at}}
}

// word is a message that says stop.
func word(c chat.Conversation, ts chat.TS) inbox.Entry {
	e := says(c, ts, "stop")
	e.Stop = &inbox.Stop{Team: c.Team, Channel: c.Channel, Root: c.Root, At: ts, Word: true}
	return e
}

// stop stores the entry and applies its stop, as the inbox does.
func (k *kit) stop(e inbox.Entry) []string {
	k.Helper()
	k.append(e)
	lanes, err := k.Stop(k.Context(), e)
	k.must(err)
	return lanes
}

func (k *kit) stops(replica string) []string {
	k.Helper()
	lanes, err := k.Stops(k.Context(), replica)
	k.must(err)
	return lanes
}

var halted = turn.Result{State: turn.Stopped, Reason: "person"}

// wants is a click on Retry under a turn.
func wants(c chat.Conversation, id string) inbox.Entry {
	return inbox.Entry{Key: "r/" + id, Kind: inbox.Retry, Lane: c, Turn: id, Payload: []byte("{}")}
}

var retryTests = []test{
	{"FailedTurnRunsAgainOnce", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.finish(f, t, turn.Result{State: turn.Failed, Reason: "cut"})
		k.equal("work", k.append(wants(c, t.ID)), true)
		k.equal("work again", k.append(wants(c, t.ID)), false)
		k.append(says(c, "1900000000.000001", "later"))
		f = k.claim("r1")
		again := k.begin(f)
		k.equal("messages", texts(again.Messages), []string{"hello"})
		k.equal("retried", again.Retried, t.ID)
		k.equal("stopped", again.Stop, false)
		k.must(k.Yield(k.Context(), f, again.ID))
		f = k.claim("r1")
		taken := k.begin(f)
		k.equal("retried after a yield", taken.Retried, t.ID)
		k.equal("more", k.finish(f, taken, answered), true)
		k.equal("outcome of the message", k.outcome(says(c, "1700000001.000001", "").Key), "failed/cut")
		k.equal("outcome of the retry", k.outcome("r/"+t.ID), "answered")
		k.equal("work after", k.append(wants(c, t.ID)), false)
		last := k.begin(f)
		k.equal("messages", texts(last.Messages), []string{"later"})
		k.equal("retried", last.Retried, "")
		k.finish(f, last, answered)
	}},
	{"ClickBeforeTheFailureIsStored", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.equal("work", k.append(wants(c, t.ID)), true)
		k.equal("more", k.finish(f, t, turn.Result{State: turn.Failed, Reason: "cut"}), true)
		again := k.begin(f)
		k.equal("retried", again.Retried, t.ID)
		k.finish(f, again, answered)
	}},
	{"ClickOnWhatEndsWell", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.append(wants(c, t.ID))
		k.equal("more", k.finish(f, t, answered), true)
		got, err := k.Begin(k.Context(), f)
		k.must(err)
		k.equal("turn", got == nil, true)
		k.equal("outcome of the retry", k.outcome("r/"+t.ID), "declined/not_failed")
	}},
	{"OnlyWhatFailed", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.finish(f, t, answered)
		k.equal("work", k.append(wants(c, t.ID)), false)
		k.equal("work of nothing", k.append(wants(c, "none")), false)
	}},
	{"OnlyInItsLane", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.finish(f, t, turn.Result{State: turn.Failed, Reason: "cut"})
		k.equal("work elsewhere", k.append(wants(direct(2), t.ID)), false)
	}},
	{"AfterAStop", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.stop(asks(c, "1700000003.000000"))
		k.finish(f, t, turn.Result{State: turn.Failed, Reason: "cut"})
		k.equal("work", k.append(wants(c, t.ID)), true)
		f = k.claim("r1")
		again := k.begin(f)
		k.equal("stopped", again.Stop, false)
		k.finish(f, again, answered)
	}},
}

var stopTests = []test{
	{"RunningTurnAndWhatWaits", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.equal("stops before", len(k.stops("r1")), 0)
		k.append(says(c, "1700000002.000001", "waits"))
		k.equal("lanes", k.stop(asks(c, "1700000003.000000")), []string{c.Key()})
		k.append(says(c, "1700000004.000001", "comes later"))
		k.equal("stops", k.stops("r1"), []string{c.Key()})
		k.equal("stops of another", len(k.stops("r2")), 0)
		k.equal("more", k.finish(f, t, halted), true)
		k.equal("stops after", len(k.stops("r1")), 0)
		k.equal("first", k.outcome(says(c, "1700000001.000001", "").Key), "stopped/person")
		k.equal("second", k.outcome(says(c, "1700000002.000001", "").Key), "stopped/person")
		k.equal("third", k.outcome(says(c, "1700000004.000001", "").Key), "")
		next := k.begin(f)
		k.equal("next", texts(next.Messages), []string{"comes later"})
		k.equal("next is stopped", next.Stop, false)
		k.finish(f, next, answered)
	}},
	{"TurnThatIsTakenUp", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.stop(asks(c, "1700000003.000000"))
		k.must(k.Yield(k.Context(), f, t.ID))
		f = k.claim("r1")
		again := k.begin(f)
		k.equal("same turn", again.ID, t.ID)
		k.equal("stopped", again.Stop, true)
		k.finish(f, again, halted)
	}},
	{"WhatWaitsForItsFirstTurn", func(k *kit) {
		c := direct(1)
		k.join("r1")
		k.append(says(c, "1700000001.000001", "first"))
		k.append(says(c, "1700000002.000001", "second"))
		k.equal("lanes", k.stop(asks(c, "1700000003.000000")), []string{c.Key()})
		k.append(says(c, "1700000004.000001", "third"))
		f := k.claim("r1")
		t := k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"first", "second"})
		k.equal("stopped", t.Stop, true)
		k.equal("more", k.finish(f, t, halted), true)
		t = k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"third"})
		k.equal("stopped", t.Stop, false)
		k.finish(f, t, answered)
	}},
	{"NothingRuns", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.finish(f, t, answered)
		k.equal("lanes", len(k.stop(asks(c, "1700000009.000000"))), 0)
		k.equal("lanes of a stranger", len(k.stop(asks(direct(2), "1700000009.000001"))), 0)
	}},
	{"LateStopOfAnEarlierTurn", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		k.finish(f, t, answered)
		k.append(says(c, "1700000005.000001", "new"))
		f = k.claim("r1")
		t = k.begin(f)
		k.equal("lanes", len(k.stop(asks(c, "1700000003.000000"))), 0)
		k.equal("stops", len(k.stops("r1")), 0)
		k.finish(f, t, answered)
	}},
	{"WordIsCreditedOnce", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		e := word(c, "1700000002.000001")
		k.equal("lanes", k.stop(e), []string{c.Key()})
		k.equal("outcome of the word", k.outcome(e.Key), "stopped/word")
		k.equal("lanes again", k.stop(e), []string{c.Key()})
		k.equal("more", k.finish(f, t, halted), false)
		k.equal("outcome of the word", k.outcome(e.Key), "stopped/word")
		k.equal("lanes after", len(k.stop(e)), 0)
	}},
	{"WordWithNothingToStopIsAMessage", func(k *kit) {
		c := direct(1)
		k.join("r1")
		e := word(c, "1700000002.000001")
		k.equal("lanes", len(k.stop(e)), 0)
		f := k.claim("r1")
		t := k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"stop"})
		k.equal("stopped", t.Stop, false)
		k.equal("lanes", len(k.stop(e)), 0)
		k.finish(f, t, answered)
	}},
	{"WordThatNobodyMeantForUs", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		e := word(c, "1700000002.000001")
		e.Lane = chat.Conversation{}
		k.equal("lanes", k.stop(e), []string{c.Key()})
		k.equal("outcome of the word", k.outcome(e.Key), "")
		k.finish(f, t, halted)
	}},
	{"ByMessage", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		w := outbox.Write{Turn: t.ID, Key: "w", Op: "chat.postMessage"}
		_, _, err := k.Outbox().Begin(k.Context(), f, w)
		k.must(err)
		k.must(k.Outbox().Settle(k.Context(), f, "w", outbox.Confirmed, "1700000002.000009", ""))
		by := func(ts chat.TS) []string {
			e := asks(c, "1700000003.000000")
			e.Stop.Root, e.Stop.Message = "", ts
			return k.stop(e)
		}
		k.equal("by our answer", by("1700000002.000009"), []string{c.Key()})
		k.equal("by the question", by("1700000001.000001"), []string{c.Key()})
		k.equal("by a message of nobody", len(by("1700000002.999999")), 0)
		k.finish(f, t, halted)
	}},
	{"WholeChannel", func(k *kit) {
		c := direct(1)
		other := c
		other.Root = "1700000000.500000"
		elsewhere := direct(11) // its channel begins with the same characters
		k.append(says(c, "1700000001.000001", "a"))
		k.append(says(other, "1700000001.000002", "b"))
		k.append(says(elsewhere, "1700000001.000003", "c"))
		all := c
		all.Root = "1700000002.000001"
		e := word(all, "1700000002.000001")
		e.Stop.Root = ""
		got := k.stop(e)
		k.equal("lanes", len(got), 2)
		k.equal("outcome of the word", k.outcome(e.Key), "stopped/word")
		k.join("r1")
		for _, f := range k.claims("r1", 9) {
			t := k.begin(f)
			k.equal("stopped in "+f.Lane, t.Stop, f.Lane != elsewhere.Key())
			k.finish(f, t, halted)
		}
	}},
}
