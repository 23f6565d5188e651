package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/home"
	"holdfast/internal/inbox"
	"holdfast/internal/turn"
)

// renames is a person's new title for a conversation.
func renames(c chat.Conversation, by, title string, at chat.TS) inbox.Entry {
	return inbox.Entry{Key: "v/" + c.Channel + string(at) + title, Kind: inbox.Interaction, Rename: &inbox.Rename{Conversation: c, Title: title, By: by, At: at}, Payload: []byte("{}")}
}

func (k *kit) title(c chat.Conversation) home.Title {
	k.Helper()
	t, err := k.Title(k.Context(), c)
	k.must(err)
	return t
}

func (k *kit) try(c chat.Conversation, most int, pause time.Duration) bool {
	k.Helper()
	ok, err := k.TryTitle(k.Context(), c, most, pause)
	k.must(err)
	return ok
}

func (k *kit) setTitle(c chat.Conversation, title string) bool {
	k.Helper()
	kept, err := k.SetTitle(k.Context(), c, title)
	k.must(err)
	return kept
}

// talks lists what Home shows of a person, as "channel said title".
func (k *kit) talks(person string, limit int) []string {
	k.Helper()
	list, err := k.Talks(k.Context(), "T1", person, limit)
	k.must(err)
	var s []string
	for _, t := range list {
		if t.At.IsZero() || time.Since(t.At).Abs() > time.Hour {
			k.Errorf("the time of %v: %v", t.Conversation, t.At)
		}
		s = append(s, t.Conversation.Channel+": "+t.Said+" ("+t.Title.Text+")")
	}
	return s
}

var homeTests = []test{
	{"TitleIsTriedForSoOften", func(k *kit) {
		k.equal("at first", k.try(direct(1), 2, 0), true)
		k.equal("again too soon", k.try(direct(1), 2, time.Hour), false)
		k.equal("again", k.try(direct(1), 2, 0), true)
		k.equal("once too often", k.try(direct(1), 2, 0), false)
		k.equal("another", k.try(direct(2), 2, time.Hour), true)
		k.equal("title", k.title(direct(1)), home.Title{})
	}},
	{"TitleIsTriedForByOne", func(k *kit) {
		var tried atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if ok, err := k.TryTitle(k.Context(), direct(1), 9, time.Hour); err != nil {
					k.Error(err)
				} else if ok {
					tried.Add(1)
				}
			})
		}
		all.Wait()
		k.equal("tried", tried.Load(), int32(1))
	}},
	{"TitleOfOurs", func(k *kit) {
		k.equal("try", k.try(direct(1), 2, 0), true)
		k.equal("kept", k.setTitle(direct(1), "Tide tables"), true)
		k.equal("title", k.title(direct(1)), home.Title{Text: "Tide tables"})
		k.equal("tried again", k.try(direct(1), 9, 0), false)
		k.equal("kept untried", k.setTitle(direct(2), "Ropes"), true)
		k.equal("title", k.title(direct(2)), home.Title{Text: "Ropes"})
	}},
	{"TitleOfAPersonStays", func(k *kit) {
		k.equal("try", k.try(direct(1), 2, 0), true)
		k.append(renames(direct(1), "U1", "Mine", "1700000005.000001"))
		k.equal("kept", k.setTitle(direct(1), "Ours"), false)
		k.equal("title", k.title(direct(1)), home.Title{Text: "Mine", By: "U1"})
		k.append(renames(direct(1), "U2", "Newer", "1700000006.000001"))
		k.append(renames(direct(1), "U1", "Late", "1700000005.500000"))
		k.append(renames(direct(1), "U1", "Mine", "1700000005.000001")) // delivered again
		k.equal("title", k.title(direct(1)), home.Title{Text: "Newer", By: "U2"})
		k.equal("tried again", k.try(direct(1), 9, 0), false)
		// Also over one of ours, and where none was tried for.
		k.setTitle(direct(2), "Ours")
		for _, n := range []int{2, 3} {
			k.append(renames(direct(n), "U1", "Mine", "1700000005.000001"))
			k.equal("kept", k.setTitle(direct(n), "Ours again"), false)
			k.equal("title", k.title(direct(n)), home.Title{Text: "Mine", By: "U1"})
		}
	}},
	{"TalksOfAPerson", func(k *kit) {
		k.equal("at first", k.talks("U1", 10), []string(nil))
		ends := func(n int, r turn.Result, said ...inbox.Entry) {
			for _, e := range said {
				k.append(e)
			}
			f := k.claim("r1")
			k.equal("lane", f.Lane, direct(n).Key())
			k.finish(f, k.begin(f), r)
			k.tick()
		}
		by := func(e inbox.Entry, user string) inbox.Entry { e.Message.User = user; return e }
		k.join("r1")
		ends(1, answered, says(direct(1), "1700000001.000001", "one"), by(says(direct(1), "1700000001.000002", "and me"), "U2"))
		ends(2, turn.Result{State: turn.Failed, Reason: "x"}, by(says(direct(2), "1700000002.000001", "two"), "U2"))
		ends(3, turn.Result{State: turn.Declined, Reason: "x"}, says(direct(3), "1700000003.000001", "three"))
		ends(4, answered, says(direct(4), "1700000004.000001", "four"))
		k.setTitle(direct(4), "Fours")
		k.equal("of U1", k.talks("U1", 10), []string{"D4: four (Fours)", "D1: one ()"})
		k.equal("of U2", k.talks("U2", 10), []string{"D2: two ()", "D1: and me ()"})
		k.equal("the newest of U2", k.talks("U2", 1), []string{"D2: two ()"})

		// It moves up when it goes on, and is still there once.
		ends(1, turn.Result{State: turn.Stopped, Reason: "x"}, says(direct(1), "1700000005.000001", "one more"))
		k.equal("of U1", k.talks("U1", 10), []string{"D1: one ()", "D4: four (Fours)"})
		k.equal("of U2", k.talks("U2", 10), []string{"D2: two ()", "D1: and me ()"})

		// What is taken back is not told of; where nothing is left, neither is the conversation.
		k.append(deletes(direct(1), "1700000001.000001"))
		k.append(deletes(direct(4), "1700000004.000001"))
		k.equal("of U1", k.talks("U1", 10), []string{"D1: one more ()"})
		k.equal("of U2", k.talks("U2", 10), []string{"D2: two ()", "D1: and me ()"})
	}},
	{"ShownIsKept", func(k *kit) {
		what, at, err := k.Shown(k.Context(), "prompts/D1")
		k.must(err)
		k.equal("at first", what+at.String(), time.Time{}.String())
		for _, digest := range []string{"a", "b"} {
			k.must(k.SetShown(k.Context(), "prompts/D1", digest))
			k.must(k.SetShown(k.Context(), "prompts/D2", "other"))
			what, at, err = k.Shown(k.Context(), "prompts/D1")
			k.must(err)
			k.equal("shown", what, digest)
			k.equal("just now", time.Since(at).Abs() < time.Minute, true)
		}
	}},
}
