package holdfast_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// leftSigns are the signs of life that stand.
func leftSigns(v slacksim.View) (left []string) {
	for _, s := range v.Sessions() {
		if s.Status == "processing" || s.Prose != "" {
			left = append(left, fmt.Sprintf("session of %s/%s: %s %q", s.Channel, s.ThreadTS, s.Status, s.Prose))
		}
		for _, m := range append(v.Replies(s.Channel, s.ThreadTS), v.Messages(s.Channel)...) {
			left = append(left, leftReactions(v, m)...)
		}
	}
	return left
}

func leftReactions(v slacksim.View, m slacksim.Message) (left []string) {
	for _, r := range m.Reactions {
		if slices.Contains(r.Users, v.App().BotUserID) {
			left = append(left, "reaction "+r.Name+" to "+m.TS)
		}
	}
	return left
}

// clean: waits until no sign of life stands any more, though everything is
// answered.
func clean(ts *testscript.TestScript, w *world, _ []string) {
	var left []string
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := w.slack.Wait(ctx, func(v slacksim.View) bool {
		left = leftSigns(v)
		for _, m := range w.sent {
			if said, ok := v.Message(m.channel, m.ts); ok {
				left = append(left, leftReactions(v, said)...)
			}
		}
		return len(left) == 0
	})
	if err != nil {
		ts.Fatalf("signs of life are left: %v\n%s", left, w.tail())
	}
}

// chatter COUNT VAR: people write COUNT messages into a thread that are for
// nobody.
func chatter(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "chatter COUNT VAR")
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	channel, root := w.place(ts, args[1])
	ben := w.person(ts, "Ben")
	for i := range count {
		_, err := w.slack.Say(ben, channel, fmt.Sprint("chatter ", i), root)
		ts.Check(err)
	}
}

// files VAR N: waits until the thread of the answer holds so many files of ours, and fails
// if there are more.
func filesOf(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "files VAR N")
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	channel, root := w.place(ts, args[0])
	n := 0
	w.until(ts, "files", func(v slacksim.View) bool {
		n = 0
		for _, m := range v.Replies(channel, root) {
			var all []struct{ ID string }
			if m.AppID == v.App().ID && len(m.Files) > 0 && json.Unmarshal(m.Files, &all) == nil {
				n += len(all)
			}
		}
		return n >= want
	})
	if n > want {
		ts.Fatalf("%d files, want %d", n, want)
	}
}

// whispers N: waits until so many ephemeral messages were shown, and fails if there
// are more.
func whispers(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "whispers N")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	n := 0
	w.until(ts, "ephemeral messages", func(v slacksim.View) bool { n = len(v.Ephemerals()); return n >= want })
	if n > want {
		ts.Fatalf("%d ephemeral messages, want %d", n, want)
	}
}
