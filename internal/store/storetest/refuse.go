package storetest

import (
	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

var refuseTests = []test{
	{"SomeOfATurn", func(k *kit) {
		f, t := k.several()
		k.must(k.Refuse(k.Context(), f, t.ID, map[chat.TS]string{t.Messages[0].TS: "guest", t.Messages[2].TS: "external"}))
		k.equal("outcome of the first", k.outcome(key(t.Messages[0])), "declined/guest")
		k.equal("outcome of the last", k.outcome(key(t.Messages[2])), "declined/external")
		k.equal("outcome of the other", k.outcome(key(t.Messages[1])), "")
		k.must(k.Check(k.Context()))
		again, err := k.Renew(k.Context(), f, t.ID, true)
		k.must(err)
		k.equal("messages that are left", texts(again), []string{"b"})
		k.equal("work of a redelivery", k.append(says(t.Messages[0].Conversation, t.Messages[0].TS, "a")), false)
		k.equal("more", k.finish(f, t, answered), false)
		k.equal("outcome of the first in the end", k.outcome(key(t.Messages[0])), "declined/guest")
		k.equal("outcome of the other in the end", k.outcome(key(t.Messages[1])), "answered")
	}},
	{"SurvivesAYield", func(k *kit) {
		f, t := k.several()
		k.must(k.Refuse(k.Context(), f, t.ID, map[chat.TS]string{t.Messages[0].TS: "guest"}))
		k.must(k.Yield(k.Context(), f, t.ID))
		f = k.claim("r1")
		k.equal("messages of the next run", texts(k.begin(f).Messages), []string{"b", "c"})
	}},
	{"NotAgain", func(k *kit) { // a crash between the two halves of what a caller does
		f, t := k.several()
		for range 2 {
			k.must(k.Refuse(k.Context(), f, t.ID, map[chat.TS]string{t.Messages[0].TS: "guest"}))
		}
		k.equal("outcome", k.outcome(key(t.Messages[0])), "declined/guest")
	}},
	{"NeverAll", func(k *kit) {
		f, t := k.several()
		why := map[chat.TS]string{}
		for _, m := range t.Messages {
			why[m.TS] = "guest"
		}
		k.fails("refuse all", k.Refuse(k.Context(), f, t.ID, why), nil)
		k.equal("outcome", k.outcome(key(t.Messages[0])), "")
		k.equal("more", k.finish(f, t, turn.Result{State: turn.Declined, Reason: "guest"}), false)
		k.equal("outcome in the end", k.outcome(key(t.Messages[0])), "declined/guest")
		k.fails("refuse after the end", k.Refuse(k.Context(), f, t.ID, map[chat.TS]string{t.Messages[0].TS: "guest"}), nil)
	}},
	{"Fenced", func(k *kit) {
		f, t := k.several()
		late := f
		late.Epoch--
		k.fails("refuse", k.Refuse(k.Context(), late, t.ID, map[chat.TS]string{t.Messages[0].TS: "guest"}), turn.ErrFenced)
		k.equal("outcome", k.outcome(key(t.Messages[0])), "")
	}},
}

// several is a lane whose turn has begun, with three messages.
func (k *kit) several() (turn.Fence, *turn.Turn) {
	k.Helper()
	for i, text := range []string{"a", "b", "c"} {
		k.append(says(direct(1), chat.TS("1700000001.00000"+string(rune('1'+i))), text))
	}
	k.join("r1")
	f := k.claim("r1")
	return f, k.begin(f)
}

func key(m chat.Message) string { return m.Team + "/" + m.Channel + "/" + string(m.TS) }
