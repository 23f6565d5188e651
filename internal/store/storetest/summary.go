package storetest

import (
	"fmt"

	"holdfast/internal/chat"
	"holdfast/internal/transcript"
)

// summed keeps a summary of c up to a ts, made of what is there now, and tells whether
// it was kept.
func (k *kit) summed(c chat.Conversation, until chat.TS, text string) bool {
	k.Helper()
	history, err := k.History(k.Context(), c)
	k.must(err)
	kept, err := k.SaveSummary(k.Context(), c, transcript.Summary{Until: until, Text: text}, transcript.BasisOf(history, until))
	k.must(err)
	return kept
}

func (k *kit) summary(c chat.Conversation) transcript.Summary {
	k.Helper()
	s, err := k.Summary(k.Context(), c)
	k.must(err)
	return s
}

var summaryTests = []test{
	{"KeptAndReplaced", func(k *kit) {
		c := direct(1)
		k.equal("of nothing", k.summary(c), transcript.Summary{})
		for n := 1; n < 4; n++ {
			k.append(overhears(c, ts(n), "x"))
		}
		k.equal("kept", k.summed(c, ts(1), "a"), true)
		k.equal("kept", k.summed(c, ts(2), "b"), true)
		k.equal("summary", k.summary(c), transcript.Summary{Until: ts(2), Text: "b"})
		k.equal("another's", k.summary(direct(2)), transcript.Summary{})
	}},
	{"ChangeOfWhatItCoversRemovesIt", func(k *kit) {
		for what, change := range map[string]func(c chat.Conversation){
			"an edit":                  func(c chat.Conversation) { k.append(edits(c, ts(1), ts(50), "other words")) },
			"a deletion":               func(c chat.Conversation) { k.append(deletes(c, ts(2))) },
			"a message that came late": func(c chat.Conversation) { k.append(overhears(c, "1700000001.500000", "late")) },
			"one from history": func(c chat.Conversation) {
				k.must(k.Keep(k.Context(), c, []chat.Message{{Conversation: c, TS: "1700000001.500000", User: "U1", Text: "late"}}, false))
			},
		} {
			n := len(what) // another conversation for each
			c := direct(n)
			for i := 1; i < 5; i++ {
				k.append(overhears(c, ts(i), "x"))
			}
			k.equal("kept", k.summed(c, ts(3), "words of all"), true)
			k.append(overhears(c, ts(9), "new"))
			k.append(edits(c, ts(4), ts(51), "not covered"))
			k.append(deletes(c, ts(4)))
			k.equal("after changes of what it does not cover", k.summary(c), transcript.Summary{Until: ts(3), Text: "words of all"})
			change(c)
			k.equal("after "+what, k.summary(c), transcript.Summary{})
		}
	}},
	{"MadeOfWhatIsNoMore", func(k *kit) {
		c := direct(1)
		for i := 1; i < 4; i++ {
			k.append(overhears(c, ts(i), "x"))
		}
		history, err := k.History(k.Context(), c)
		k.must(err)
		save := func(until chat.TS) bool {
			kept, err := k.SaveSummary(k.Context(), c, transcript.Summary{Until: until, Text: "with deleted words"}, transcript.BasisOf(history, until))
			k.must(err)
			return kept
		}
		k.append(deletes(c, ts(2)))
		k.equal("kept over a deletion", save(ts(3)), false)
		k.equal("summary", k.summary(c), transcript.Summary{})
		k.equal("kept where nothing changed", save(ts(1)), true)
		k.append(edits(c, ts(1), ts(60), "y"))
		k.equal("kept over an edit", save(ts(1)), false)
	}},
	{"OwnAnswersAreNoPartOfTheBasis", func(k *kit) {
		c := direct(1)
		f, t := k.running(c)
		own := overhears(c, ts(5), "*rendered*")
		own.Message.User, own.Message.BotID = "", "B1"
		k.beginWrite(f, write(t, "a"))
		k.settle(f, "a", "confirmed", ts(5), "")
		k.append(own)
		r := answered
		r.Answer, r.AnswerTS = "**markdown**", ts(5)
		k.finish(f, t, r)
		k.equal("kept", k.summed(c, ts(5), "s"), true)
	}},
	{"AroundIsTheTopOfTheChannel", func(k *kit) {
		at := func(n int) chat.Conversation { c := direct(1); c.Root = ts(n); return c }
		for n := 1; n < 7; n++ {
			k.append(overhears(at(n), ts(n), fmt.Sprint("m", n)))
		}
		k.append(overhears(at(3), ts(30), "a reply"))
		k.append(deletes(at(5), ts(5)))
		elsewhere := direct(2)
		elsewhere.Root = ts(4)
		k.append(overhears(elsewhere, ts(4), "elsewhere"))
		list, err := k.Around(k.Context(), at(6).Team, at(6).Channel, ts(6), 3)
		k.must(err)
		var texts []string
		for _, m := range list {
			texts = append(texts, m.Text)
		}
		k.equal("before", texts, []string{"m2", "m3", "m4"})
	}},
}

// ts is the n-th second of the suite.
func ts(n int) chat.TS { return chat.TS(fmt.Sprintf("17000%05d.000001", n)) }
