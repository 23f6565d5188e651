package storetest

import (
	"context"
	"strings"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
)

var inboxTests = []test{
	{"FreshMessageIsWork", func(k *kit) {
		k.equal("work", k.append(says(direct(1), "1700000001.000001", "a")), true)
		k.equal("work of a second message", k.append(says(direct(1), "1700000001.000002", "b")), true)
		k.join("r")
		k.equal("messages", texts(k.begin(k.claim("r")).Messages), []string{"a", "b"})
	}},
	{"SameKeyIsOneRow", func(k *kit) {
		e := says(direct(1), "1700000001.000001", "a")
		k.append(e)
		k.equal("work of the redelivery", k.append(e), false)
		k.join("r")
		f := k.claim("r")
		t := k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"a"})
		k.equal("work of a redelivery to a running turn", k.append(e), false)
		k.equal("more", k.finish(f, t, answered), false)
		k.equal("work of a redelivery after the end", k.append(e), false)
		k.equal("lanes with work", len(k.claims("r", 10)), 0)
		k.equal("outcome", k.outcome(e.Key), "answered")
	}},
	{"RicherDeliveryReplacesUntilBegun", func(k *kit) {
		e := says(direct(1), "1700000001.000001", "poor")
		e.Rank = 1
		k.append(e)
		rich := says(direct(1), "1700000001.000001", "rich")
		rich.Message.Files = []chat.File{{ID: "F1", Name: "a.txt", Mimetype: "text/plain", Size: 3}}
		k.equal("work", k.append(rich), false)
		e.Message.Text = "poor again"
		k.append(e)
		k.join("r")
		f := k.claim("r")
		t := k.begin(f)
		k.equal("messages", t.Messages, []chat.Message{rich.Message})
		late := says(direct(1), "1700000001.000001", "late")
		late.Rank = 3
		k.equal("work", k.append(late), false)
		k.equal("history", k.said(direct(1)), []string{"rich"})
	}},
	{"OverheardBecomesWorkOnce", func(k *kit) {
		k.equal("work", k.append(overhears(direct(1), "1700000001.000001", "message event")), false)
		mention := says(direct(1), "1700000001.000001", "mention")
		mention.Rank = 0
		k.equal("work of the mention", k.append(mention), true)
		k.equal("work of the mention again", k.append(mention), false)
		k.join("r")
		f := k.claim("r")
		t := k.begin(f)
		k.equal("messages", texts(t.Messages), []string{"message event"})
		k.equal("more", k.finish(f, t, answered), false)
		k.equal("work after the end", k.append(mention), false)
	}},
	{"WorkOverheardAgainStaysWork", func(k *kit) {
		k.append(says(direct(1), "1700000001.000001", "mention"))
		e := overhears(direct(1), "1700000001.000001", "event")
		e.Rank = 5
		k.equal("work", k.append(e), false)
		k.join("r")
		k.equal("messages", texts(k.begin(k.claim("r")).Messages), []string{"event"})
	}},
	{"OnlyMessagesAreWork", func(k *kit) {
		for _, kind := range []inbox.Kind{inbox.Edit, inbox.Deletion, inbox.Interaction, inbox.Command, inbox.Other, "never heard of"} {
			e := says(direct(1), "1700000001.000001", "x")
			e.Kind, e.Key = kind, "key of "+string(kind)
			k.equal("work of "+string(kind), k.append(e), false)
		}
		e := says(direct(1), "", "no ts")
		k.equal("work of a message without a ts", k.append(e), false)
		k.join("r")
		k.equal("lanes with work", len(k.claims("r", 10)), 0)
	}},
	{"AnythingIsStored", func(k *kit) {
		k.append(inbox.Entry{Key: "empty", Kind: inbox.Other})
		k.append(inbox.Entry{Key: strings.Repeat("long", 2000), Kind: inbox.Other, Payload: make([]byte, 1<<20)})
		e := says(direct(1), "1700000001.000001", "nul \x00 and no utf8 \xff")
		e.Payload = []byte("\x00\xff")
		k.equal("work", k.append(e), true)
		k.append(says(direct(1), "not a ts", "strange"))
		k.join("r")
		got := texts(k.begin(k.claim("r")).Messages)
		k.equal("messages", len(got), 2)
		if got[0] != "strange" || !strings.HasPrefix(got[1], "nul ") {
			k.Errorf("got %q", got)
		}
	}},
	{"CallerThatGaveUpIsSkipped", func(k *kit) {
		ctx, cancel := context.WithCancel(k.Context())
		cancel()
		_, err := k.Append(ctx, says(direct(1), "1700000001.000001", "a"))
		k.fails("append", err, context.Canceled)
		k.equal("work", k.append(says(direct(1), "1700000001.000001", "a")), true)
	}},
	{"EditIsApplied", func(k *kit) {
		c := direct(1)
		k.append(says(c, "1700000001.000001", "a"))
		k.append(edits(c, "1700000001.000001", "1700000002.000001", "b"))
		k.equal("history", k.said(c), []string{"b"})
	}},
	{"EditBeforeItsMessage", func(k *kit) {
		c := direct(1)
		k.append(edits(c, "1700000001.000001", "1700000002.000001", "edited"))
		k.equal("history", k.said(c), []string{"edited"})
		k.equal("work", k.append(says(c, "1700000001.000001", "original")), true)
		k.join("r")
		k.equal("messages", texts(k.begin(k.claim("r")).Messages), []string{"edited"})
	}},
	{"OlderEditDoesNotOverwrite", func(k *kit) {
		c := direct(1)
		k.append(says(c, "1700000001.000001", "original"))
		// As text, 1700000010 sorts after 1700000009, but 999 after 1000.
		k.append(edits(c, "1700000001.000001", "1700000010.000002", "newer"))
		k.append(edits(c, "1700000001.000001", "1700000010.000001", "older by a microsecond"))
		k.append(edits(c, "1700000001.000001", "1700000009.000001", "older"))
		k.append(edits(c, "1700000001.000001", "999.000001", "much older"))
		richer := says(c, "1700000001.000001", "original, richer")
		richer.Rank = 9
		k.append(richer)
		k.equal("history", k.said(c), []string{"newer"})
	}},
	{"DeletionIsFinal", func(k *kit) {
		c := direct(1)
		k.append(overhears(c, "1700000001.000001", "a"))
		k.append(deletes(c, "1700000001.000001"))
		k.equal("history", k.said(c), []string(nil))
		k.append(edits(c, "1700000001.000001", "1700000009.000001", "b"))
		k.equal("history after an edit", k.said(c), []string(nil))
	}},
	{"DeletionBeforeItsMessage", func(k *kit) {
		c := direct(1)
		k.append(deletes(c, "1700000001.000001"))
		e := says(c, "1700000001.000001", "gone")
		k.equal("work", k.append(e), true)
		k.join("r")
		f := k.claim("r")
		t, err := k.Begin(k.Context(), f)
		k.must(err)
		if t != nil {
			k.Fatalf("began %v for a deleted message", t)
		}
		k.equal("outcome", k.outcome(e.Key), "declined/deleted")
		k.equal("history", k.said(c), []string(nil))
	}},
}
