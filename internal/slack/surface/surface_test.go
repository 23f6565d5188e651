package surface_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/slacksim"
	"holdfast/internal/turn"
)

func TestFirstSignIsTheSession(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	s.Working("")
	k.until("the session is processing", func(v slacksim.View) bool {
		x, ok := v.Session(channel, k.root)
		return ok && x.Status == "processing" && x.Title == "what is the tide?"
	})
	k.finish(s, "High.", "")
	k.answered("High.", 1)
}

// Where there are no sessions and no status lines, it is a reaction, and it goes.
func TestFirstSignIsAReactionAtLast(t *testing.T) {
	k := setup(t)
	k.fault("agents.sessions.setStatus", "feature_not_enabled", 0)
	k.fault("assistant.threads.setStatus", "missing_scope", 0)
	s := k.open(posting())
	s.Working("")
	reactions := func(v slacksim.View) int {
		m, _ := v.Message(channel, k.root)
		return len(m.Reactions)
	}
	k.until("there is a reaction", func(v slacksim.View) bool { return reactions(v) == 1 })
	k.finish(s, "High.", "")
	k.until("the reaction is gone", func(v slacksim.View) bool { return reactions(v) == 0 })
	k.answered("High.", 1)
}

// The first attempt died with its reaction at the message that was the last then;
// the second one is about a newer one as well.
func TestSecondAttemptHasAnotherLastMessage(t *testing.T) {
	k := setup(t)
	k.fault("agents.sessions.setStatus", "feature_not_enabled", 0)
	k.fault("assistant.threads.setStatus", "missing_scope", 0)
	s := k.open(posting())
	s.Working("")
	k.until("a reaction", func(v slacksim.View) bool { return len(v.Calls("reactions.add")) == 1 })
	s.Close()
	k.succeed()
	posted, err := k.Say(slacksim.SeedAda, channel, "and the wind?", k.root)
	k.must(err)
	newer := k.turn.Messages[0]
	newer.TS = chat.TS(posted.TS)
	k.turn.Messages = append(k.turn.Messages, newer)
	s = k.open(posting())
	s.Working("")
	k.until("another sign", func(v slacksim.View) bool { return len(v.Calls("reactions.add")) == 2 })
	k.finish(s, "High.", "")
	k.Look(func(v slacksim.View) {
		for _, m := range v.Replies(channel, k.root) {
			if len(m.Reactions) > 0 {
				t.Errorf("reactions are left at %q: %v", m.Text, m.Reactions)
			}
		}
	})
}

// A sign whose call had no answer may be there: it is cleared like any other.
func TestSignsOfUnknownOutcome(t *testing.T) {
	for _, set := range []string{"agents.sessions.setStatus", "assistant.threads.setStatus", "reactions.add"} {
		t.Run(set, func(t *testing.T) {
			k := setup(t)
			for _, earlier := range []string{"agents.sessions.setStatus", "assistant.threads.setStatus"} {
				if earlier == set {
					break
				}
				k.fault(earlier, "missing_scope", 1)
			}
			_, err := k.AddFault(slacksim.Fault{Method: set, Kind: "lost", Times: 1}) // it is set, and we do not know
			k.must(err)
			s := k.open(posting())
			s.Working("")
			k.until("a sign", func(v slacksim.View) bool {
				m, _ := v.Message(channel, k.root)
				x, _ := v.Session(channel, k.root)
				return len(m.Reactions) > 0 || x.Status == "processing" || x.Prose != ""
			})
			k.finish(s, "High.", "")
			k.answered("High.", 1)
			k.Look(func(v slacksim.View) {
				if m, _ := v.Message(channel, k.root); len(m.Reactions) > 0 {
					t.Errorf("reactions are left: %v", m.Reactions)
				}
				if x, _ := v.Session(channel, k.root); x.Status == "processing" || x.Prose != "" {
					t.Errorf("the session is %q and says %q", x.Status, x.Prose)
				}
			})
		})
	}
}

// The first attempt died while a sign's call was under way: whatever came of it,
// no sign is left when the second one has answered.
func TestSecondAttemptClearsSigns(t *testing.T) {
	for name, c := range map[string]struct {
		latched string // the method that this workspace does not have
		set     func(k *kit, s adapter) error
		op      string
		method  string
		on      string // body of the row
	}{
		"a reaction that was set": {"assistant.threads.setStatus", func(k *kit, s adapter) error {
			return s.React(k.Context(), channel, chat.TS(k.root), "eyes", false)
		}, "react", "reactions.add", `{"on":%q}`},
		"a reaction that was to go": {"assistant.threads.setStatus", func(k *kit, s adapter) error {
			return s.React(k.Context(), channel, chat.TS(k.root), "eyes", false)
		}, "react", "reactions.remove", `{"on":%q}`},
		"a status line": {"reactions.add", func(k *kit, s adapter) error {
			return s.Phrase(k.Context(), k.turn.Conversation, "is thinking…", nil)
		}, "status", "assistant.threads.setStatus", `{"turn":%q}`},
	} {
		t.Run(name, func(t *testing.T) {
			k := setup(t)
			k.must(c.set(k, k.slack))
			sign := outbox.SignOn
			if c.method == "reactions.remove" {
				sign = outbox.SignOff
			}
			_, _, err := k.db.Outbox().Begin(k.Context(), k.fence, outbox.Write{
				Turn: k.turn.ID, Key: k.turn.ID + "/0/" + c.op, Op: c.method, Replace: true, Sign: sign, Body: fmt.Appendf(nil, c.on, k.root)})
			k.must(err)
			k.succeed()
			k.fault("agents.sessions.setStatus", "feature_not_enabled", 0)
			k.fault(c.latched, "missing_scope", 0)
			k.finish(k.open(posting()), "High.", "")
			k.answered("High.", 1)
			k.Look(func(v slacksim.View) {
				if m, _ := v.Message(channel, k.root); len(m.Reactions) > 0 {
					t.Errorf("reactions are left: %v", m.Reactions)
				}
			})
			for _, x := range k.Sessions() {
				if x.Prose != "" {
					t.Errorf("the status line says %q", x.Prose)
				}
			}
		})
	}
}

func TestStreamGrowsAndEndsComplete(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	full := prose(30)
	k.say(s, full[:1200])
	k.shows(100)
	before := len(k.ours()[0].Text)
	if m := k.ours()[0]; m.StreamingState != "in_progress" {
		t.Errorf("the message is %q, want an open stream", m.StreamingState)
	}
	k.say(s, full[:2200])
	k.shows(before + 1)
	ts := k.finish(s, full, "")
	ours := k.answered(full, 1)
	if ts != chat.TS(ours[0].TS) || ours[0].StreamingState != "completed" {
		t.Errorf("finished as %s; the message is %s, %q", ts, ours[0].TS, ours[0].StreamingState)
	}
	if n := k.count("chat.update") + k.count("chat.postMessage"); n != 0 {
		t.Errorf("%d calls beside the stream", n)
	}
}

func TestRollOver(t *testing.T) {
	for _, native := range []bool{true, false} {
		t.Run(map[bool]string{true: "stream", false: "post"}[native], func(t *testing.T) {
			k := setup(t)
			o := quick()
			o.Native, o.Chars = native, 500
			s := k.open(o)
			full := prose(30)
			for n := 300; n < len(full); n += 300 {
				k.say(s, full[:n])
				k.shows(max(1, n-800))
			}
			if live := len(k.ours()); live < 2 {
				t.Errorf("%d messages before the end", live)
			}
			ts := k.finish(s, full, "")
			parts := len(k.ours())
			if parts < len(full)/500 {
				t.Errorf("%d messages for %d characters", parts, len(full))
			}
			ours := k.answered(full, parts)
			if ts != chat.TS(ours[0].TS) {
				t.Errorf("finished as %s, the first message is %s", ts, ours[0].TS)
			}
			for _, m := range ours {
				if m.ThreadTS != k.root {
					t.Errorf("a part is in thread %s, want %s", m.ThreadTS, k.root)
				}
			}
			if n := k.count("chat.startStream") + k.count("chat.postMessage"); n != parts {
				t.Errorf("%d messages were begun for %d parts", n, parts)
			}
		})
	}
}

// An old stream is left before Slack ends it; its message is edited from then on.
func TestStreamIsLeftInTime(t *testing.T) {
	k := setup(t)
	o := quick()
	o.Life, o.Tick = 200*time.Millisecond, 20*time.Millisecond
	s := k.open(o)
	full := prose(45) // the text beside blocks is cut at 3,900 characters
	first, shown := "", 0
	for n := 600; n < len(full) && k.count("chat.update") == 0; n += 100 {
		k.say(s, full[:n])
		k.shows(shown + 1) // every step takes at least a tick
		first, shown = k.ours()[0].TS, len(k.ours()[0].Text)
	}
	if k.count("chat.update") == 0 || k.count("chat.appendStream") == 0 {
		t.Error("the stream was not left for an edited message while the text grew")
	}
	k.finish(s, full, "")
	if ours := k.answered(full, 1); ours[0].TS != first {
		t.Errorf("another message: %s, want %s", ours[0].TS, first)
	}
	if n := k.count("chat.startStream") + k.count("chat.postMessage"); n != 1 {
		t.Errorf("%d messages were begun, want 1", n)
	}
	k.fell("old")
}

func TestNoStreamsInThisWorkspace(t *testing.T) {
	k := setup(t)
	k.fault("chat.startStream", "feature_not_enabled", 0)
	all := k.surfaces(quick())
	for range 2 {
		s := k.openOf(all)
		full := prose(20)
		k.say(s, full[:1000])
		k.shows(100)
		before := len(k.ours()[0].Text)
		k.say(s, full[:1500])
		k.shows(before + 1)
		k.finish(s, full, "")
		k.answered(full, 1)
		k.ask("and now?")
	}
	tries := 0
	for _, c := range k.Calls() {
		if c.Method == "chat.startStream" {
			tries++
		}
	}
	if tries != 1 {
		t.Errorf("asked for a stream %d times, want once", tries)
	}
	k.fell("feature_not_enabled")
}

func TestNoStreamToBeHadNow(t *testing.T) {
	k := setup(t)
	k.must(k.SetLimits(func(l *slacksim.LimitSettings) {
		l.Enabled, l.Scale, l.Methods = true, 1, map[string]int{
			"chat.startStream": 1, "chat.update": 1000, "chat.appendStream": 1000, "chat.stopStream": 1000,
		}
	}))
	all := k.surfaces(quick())
	full := prose(20)
	for i, stream := range []bool{true, false} {
		if i > 0 {
			k.ask("and now?")
		}
		s := k.openOf(all)
		k.say(s, full[:1000])
		k.shows(100)
		if got := k.ours()[0].StreamingState == "in_progress"; got != stream {
			t.Errorf("turn %d streams: %v, want %v", i+1, got, stream)
		}
		k.finish(s, full, "")
		k.answered(full, 1)
	}
	k.fell("no_slot")
}

// The endpoint's last word differs from what it streamed.
func TestFinalTextReplacesWhatWasStreamed(t *testing.T) {
	for _, native := range []bool{true, false} {
		k := setup(t)
		o := quick()
		o.Native = native
		s := k.open(o)
		k.say(s, prose(15))
		k.shows(100)
		k.finish(s, "No, the tide is out.", "")
		k.answered("No, the tide is out.", 1)
	}
}

// What was streamed filled more messages than the final text needs.
func TestFinalTextIsShorterByMessages(t *testing.T) {
	for _, native := range []bool{true, false} {
		k := setup(t)
		o := quick()
		o.Native, o.Chars = native, 500
		s := k.open(o)
		k.say(s, prose(20))
		k.shows(1000)
		first := k.ours()[0].TS
		k.finish(s, "No, the tide is out.", "")
		if ours := k.answered("No, the tide is out.", 1); ours[0].TS != first {
			t.Errorf("native %v: another message", native)
		}
	}
}

func TestNoticeAlone(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	s.Working("")
	ts := k.finish(s, "", "The model does not answer.")
	ours := k.answered("The model does not answer.", 1)
	if ts != chat.TS(ours[0].TS) {
		t.Errorf("finished as %q, want %q", ts, ours[0].TS)
	}
	if !strings.Contains(string(ours[0].Blocks), "The model does not answer.") {
		t.Errorf("blocks %s", ours[0].Blocks)
	}
}

func TestNoticeUnderText(t *testing.T) {
	for _, native := range []bool{true, false} {
		k := setup(t)
		o := quick()
		o.Native = native
		s := k.open(o)
		full := prose(15)
		k.say(s, full)
		k.shows(100)
		k.finish(s, full, "The answer was cut off.")
		ours := k.answered(full, 1)
		if !strings.Contains(string(ours[0].Blocks), "The answer was cut off.") {
			t.Errorf("native %v: blocks %s", native, ours[0].Blocks)
		}
	}
}

func TestNothingToSay(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	if ts := k.finish(s, "", ""); ts != "" || len(k.ours()) != 0 {
		t.Errorf("finished as %q with %q", ts, texts(k.ours()))
	}
}

// The answer is owed, whatever somebody does to its message.
func TestDeletedMessageIsPostedAgain(t *testing.T) {
	for _, native := range []bool{true, false} {
		t.Run(map[bool]string{true: "stream", false: "post"}[native], func(t *testing.T) {
			k := setup(t)
			o := quick()
			o.Native = native
			s := k.open(o)
			full := prose(15)
			k.say(s, full[:900])
			k.shows(100)
			gone := k.ours()[0].TS
			k.must(k.slack.Delete(t.Context(), channel, chat.TS(gone)))
			ts := k.finish(s, full, "")
			ours := k.answered(full, 1)
			if ours[0].TS == gone || ts != chat.TS(ours[0].TS) {
				t.Errorf("finished as %s; was %s, is %s", ts, gone, ours[0].TS)
			}
		})
	}
}

// Each time anew, and the one posted in its place is brought up to date too.
func TestDeletedMessageIsPostedAgainEachTime(t *testing.T) {
	for _, attempts := range []int{1, 2} {
		k := setup(t)
		s := k.open(posting())
		full := prose(15)
		k.say(s, full[:900])
		k.shows(100)
		k.must(k.slack.Delete(t.Context(), channel, chat.TS(k.ours()[0].TS)))
		k.say(s, full[:1000])
		k.shows(100) // posted again
		if attempts == 1 {
			k.must(k.slack.Delete(t.Context(), channel, chat.TS(k.ours()[0].TS)))
		} else {
			s.Close()
			k.succeed()
			s = k.open(posting())
		}
		ts := k.finish(s, full, "")
		if ours := k.answered(full, 1); ts != chat.TS(ours[0].TS) {
			t.Errorf("finished as %s, is %s", ts, ours[0].TS)
		}
	}
}

func TestRefusedBlocksBecomePlainText(t *testing.T) {
	k := setup(t)
	k.fault("chat.postMessage", "invalid_blocks", 1)
	s := k.open(posting())
	full := prose(60) // more than one message of plain text
	k.finish(s, full, "The answer was cut off.")
	ours := k.answered(full+" The answer was cut off.", 2)
	for _, m := range ours {
		if len(m.Blocks) > 0 {
			t.Errorf("blocks %s", m.Blocks)
		}
	}
}

func TestSecondAttemptGoesOnInTheSameMessages(t *testing.T) {
	for _, native := range []bool{true, false} {
		t.Run(map[bool]string{true: "stream", false: "post"}[native], func(t *testing.T) {
			k := setup(t)
			o := quick()
			o.Native, o.Chars = native, 500
			s := k.open(o)
			s.Working("")
			full := prose(30)
			k.say(s, full[:2000])
			k.shows(1200)
			s.Close()
			before := k.ours()
			k.succeed()
			s = k.open(o)
			k.say(s, full[:2200])
			k.finish(s, full, "")
			ours := k.answered(full, len(k.ours()))
			for i, m := range before {
				if ours[i].TS != m.TS {
					t.Errorf("part %d is message %s, was %s", i+1, ours[i].TS, m.TS)
				}
			}
		})
	}
}

func TestSecondAttemptDeletesWhatIsTooMuch(t *testing.T) {
	for _, native := range []bool{true, false} {
		t.Run(map[bool]string{true: "stream", false: "post"}[native], func(t *testing.T) {
			k := setup(t)
			o := quick()
			o.Native, o.Chars = native, 500
			s := k.open(o)
			k.say(s, prose(30))
			k.shows(1500)
			s.Close()
			first := k.ours()[0].TS
			k.succeed()
			s = k.open(o)
			k.finish(s, "Low.", "")
			if ours := k.answered("Low.", 1); ours[0].TS != first {
				t.Errorf("another message")
			}
		})
	}
}

// The first attempt died while its call was under way: only Slack knows the message.
func TestSecondAttemptFindsALostMessage(t *testing.T) {
	for _, native := range []bool{true, false} {
		t.Run(map[bool]string{true: "stream", false: "post"}[native], func(t *testing.T) {
			k := setup(t)
			o := quick()
			o.Native = native
			method := map[bool]string{true: "chat.startStream", false: "chat.postMessage"}[native]
			_, err := k.AddFault(slacksim.Fault{Method: method, Kind: "lost", Times: 1})
			k.must(err)
			s := k.open(o)
			full := prose(15)
			k.say(s, full[:900])
			k.shows(100)
			s.Close()
			first := k.ours()[0].TS
			k.succeed()
			s = k.open(o)
			k.finish(s, full, "")
			if ours := k.answered(full, 1); ours[0].TS != first {
				t.Errorf("another message")
			}
		})
	}
}

func TestChannelThatTakesNothing(t *testing.T) {
	k := setup(t)
	k.fault("chat.postMessage", "not_in_channel", 0)
	s := k.open(posting())
	_, err := s.Finish(t.Context(), turn.Ending{Text: "High."})
	failure, ok := errors.AsType[*turn.Failure](err)
	if !ok || failure.Retry || failure.Code != "not_in_channel" || failure.Say == "" {
		t.Fatalf("got %v", err)
	}
	whispers := k.Ephemerals()
	if len(whispers) != 1 || whispers[0].User != slacksim.SeedAda || whispers[0].ThreadTS != k.root || !strings.Contains(whispers[0].Text, "not_in_channel") {
		t.Errorf("ephemeral lines %+v", whispers)
	}
}

// Every final write is repeated or refused, but never left open.
func TestLostResponsesOfTheLastWrites(t *testing.T) {
	for _, c := range []struct {
		method string
		native bool
	}{{"chat.stopStream", true}, {"chat.appendStream", true}, {"chat.startStream", true}, {"chat.update", false}, {"chat.postMessage", false}} {
		for _, kind := range []string{"lost", "reset_before"} {
			t.Run(c.method+" "+kind, func(t *testing.T) {
				k := setup(t)
				o := quick()
				o.Native = c.native
				_, err := k.AddFault(slacksim.Fault{Method: c.method, Kind: kind, Times: 1})
				k.must(err)
				s := k.open(o)
				full := prose(15)
				k.say(s, full[:900])
				k.shows(100)
				k.finish(s, full, "")
				k.answered(full, 1)
			})
		}
	}
}

func TestCloseTwice(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	s.Working("")
	s.Changed()
	s.Close()
	s.Close()
	k.finish(s, "High.", "")
	s.Close()
	s.Working("late")
	s.Changed()
	k.answered("High.", 1)
}
