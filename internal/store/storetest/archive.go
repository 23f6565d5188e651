package storetest

import (
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/transcript"
)

var archiveTests = []test{
	{"HistoryIsInSlackOrder", func(k *kit) {
		c := direct(1)
		k.append(overhears(c, "1700000003.000001", "c"))
		k.append(says(c, "999.000001", "a"))
		k.append(overhears(c, "1700000002.000001", "b"))
		other := c
		other.Root = "1700000009.000009"
		k.append(says(other, "1700000002.000002", "of another thread"))
		k.append(says(direct(2), "1700000002.000001", "of another channel"))
		k.equal("history", k.said(c), []string{"a", "b", "c"})
		k.equal("history of nothing", k.said(direct(9)), []string(nil))
	}},
	{"HistoryGivesOwnAnswers", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		own := overhears(c, "1700000002.000001", "*rendered*")
		own.Message.User, own.Message.BotID = "", "B1"
		second := own
		second.Key, second.Message.TS = "second", "1700000002.000002"
		for i, ts := range []chat.TS{own.Message.TS, second.Message.TS} {
			key := string(rune('a' + i))
			k.beginWrite(f, write(t, key))
			k.settle(f, key, outbox.Confirmed, ts, "")
		}
		k.append(own)
		k.append(second)
		k.append(overhears(c, "1700000003.000001", "thanks"))
		k.equal("history of a running turn", k.said(c), []string{"hello", "thanks"})
		k.append(says(c, "1700000004.000001", "and now?"))
		r := answered
		r.Answer, r.AnswerTS = "**markdown**", "1700000002.000001"
		k.equal("more", k.finish(f, t, r), true)
		history, err := k.History(k.Context(), c)
		k.must(err)
		k.equal("own answer", history[1], transcript.Said{Own: true, Turn: t.ID, Message: chat.Message{Conversation: c, TS: r.AnswerTS, Text: r.Answer}})
		k.equal("its turn", history[0].Turn, t.ID)
		k.equal("history", k.said(c), []string{"hello", "own: **markdown**", "thanks", "and now?"})
	}},
	{"AnswerOfNothingIsNotShown", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		r := answered
		r.State, r.Answer, r.AnswerTS = "failed", "", "1700000002.000001"
		k.finish(f, t, r)
		k.equal("history", k.said(c), []string{"hello"})
	}},
	{"WritesOfOthersConversationsHideNothing", func(k *kit) {
		f, t := k.running(direct(1))
		k.beginWrite(f, write(t, "a"))
		k.settle(f, "a", outbox.Confirmed, "1700000002.000001", "")
		k.append(overhears(direct(2), "1700000002.000001", "same ts"))
		k.equal("history", k.said(direct(2)), []string{"same ts"})
	}},
	// A reaction is confirmed with the ts of the message that it stands on.
	{"ReactionHidesNothing", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		w := write(t, "react")
		w.Op, w.Replace = "reactions.add", true
		k.beginWrite(f, w)
		k.settle(f, "react", outbox.Confirmed, t.Messages[0].TS, "")
		k.equal("history", k.said(c), []string{"hello"})
	}},
	{"KeepLeavesWhatIsKnown", func(k *kit) {
		c := direct(1)
		kept := func(ts, edited chat.TS, text string) chat.Message {
			return chat.Message{Conversation: c, TS: ts, Edited: edited, User: "U1", Text: text}
		}
		k.append(overhears(c, "1700000001.000001", "known"))
		k.append(edits(c, "1700000002.000001", "1700000009.000001", "known edit"))
		k.append(deletes(c, "1700000003.000001"))
		k.append(edits(c, "1700000004.000001", "1700000009.000001", "old edit"))
		k.must(k.Keep(k.Context(), c, []chat.Message{
			kept("1700000001.000001", "", "fetched"),
			kept("1700000002.000001", "1700000009.000001", "same edit"),
			kept("1700000003.000001", "", "deleted"),
			kept("1700000004.000001", "1700000010.000001", "newer edit"),
			{TS: "1700000005.000001", User: "U1", Text: "without a conversation", Files: []chat.File{{ID: "F1"}}},
		}, false))
		k.equal("history", k.said(c), []string{"known", "known edit", "newer edit", "without a conversation"})
		// The event comes after the fetch: it is work all the same, and richer.
		k.equal("work", k.append(says(c, "1700000005.000001", "event")), true)
		k.equal("history", k.said(c), []string{"known", "known edit", "newer edit", "event"})
	}},
	{"KeepTwice", func(k *kit) {
		c := direct(1)
		m := []chat.Message{{Conversation: c, TS: "1700000001.000001", Text: "a"}}
		k.must(k.Keep(k.Context(), c, m, true))
		k.must(k.Keep(k.Context(), c, m, true))
		k.equal("history", k.said(c), []string{"a"})
	}},
	{"FetchedOnceComplete", func(k *kit) {
		fetched := func() bool {
			f, err := k.Fetched(k.Context(), direct(1))
			k.must(err)
			return f
		}
		k.equal("fetched", fetched(), false)
		k.must(k.Keep(k.Context(), direct(1), nil, false))
		k.equal("fetched in part", fetched(), false)
		k.must(k.Keep(k.Context(), direct(1), nil, true))
		k.equal("fetched", fetched(), true)
		k.must(k.Keep(k.Context(), direct(1), nil, false))
		k.equal("fetched", fetched(), true)
		f, err := k.Fetched(k.Context(), direct(2))
		k.must(err)
		k.equal("another fetched", f, false)
	}},
	{"UserIsReplaced", func(k *kit) {
		_, known, err := k.User(k.Context(), "T1", "U1")
		k.must(err)
		k.equal("known", known, false)
		at := time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.UTC)
		for _, u := range []chat.User{
			{ID: "U1", Name: "Zoë", Zone: "Europe/London", Offset: -3600, Bot: true, Guest: true, Org: "E1", Fetched: at},
			{ID: "U1", NotFound: true},
		} {
			k.must(k.SaveUser(k.Context(), "T1", u))
			got, known, err := k.User(k.Context(), "T1", "U1")
			k.must(err)
			k.equal("known", known, true)
			k.equal("user", got, u)
		}
		_, known, err = k.User(k.Context(), "T2", "U1")
		k.must(err)
		k.equal("known in another team", known, false)
	}},
}
