package surface_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/internal/slacksim"
	"holdfast/internal/turn"
)

// TestCards: what a tool does stands on a card in the stream, from before the first word
// to its end; a tool that never ended does not run for ever.
func TestCards(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	s.Step(turn.Step{ID: "a", Title: "Searching the web", State: turn.StepRunning})
	k.until("a card before any text", func(v slacksim.View) bool {
		ours := replies(v.Replies(channel, k.root))
		return len(ours) == 1 && strings.Contains(all(ours[0]), "in_progress") && strings.Contains(all(ours[0]), "Searching the web")
	})
	s.Step(turn.Step{ID: "a", Title: "Searched the web", State: turn.StepDone, Gist: strings.Repeat("tide ", 200),
		Sources: []turn.Source{{Title: "Tides <!channel>", URL: "https://example.com/tides"}, {URL: "https://example.com/" + strings.Repeat("x", 300)}}})
	s.Step(turn.Step{ID: "b", Title: "Running code", State: turn.StepFailed})
	s.Step(turn.Step{ID: "c", Title: "Reading a page", State: turn.StepRunning})
	k.say(s, "It is high at noon. And")
	k.shows(10)
	k.finish(s, "It is high at noon. And low at six.", "")
	ours := k.ours()
	if len(ours) != 1 {
		t.Fatalf("%d messages", len(ours))
	}
	shown := all(ours[0])
	for want, n := range map[string]int{"Searched the web": 1, "Searching the web": 0, "in_progress": 0, `"error"`: 1, `"complete"`: 2, "https://example.com/tides": 1, "low at six": 1} {
		if got := strings.Count(shown, want); (got > 0) != (n > 0) || n > 0 && got < n {
			t.Errorf("%q stands there %d times, want %d: %s", want, got, n, shown)
		}
	}
	k.fell()
}

// TestCardsWithoutStreams: where there are no streams, nothing is left of them.
func TestCardsWithoutStreams(t *testing.T) {
	k := setup(t)
	s := k.open(posting())
	s.Step(turn.Step{ID: "a", Title: "Searching the web", State: turn.StepRunning})
	s.Step(turn.Step{ID: "a", Title: "Searched the web", State: turn.StepDone})
	k.finish(s, "High.", "")
	if ours := k.ours(); len(ours) != 1 || strings.Contains(all(ours[0]), "the web") {
		t.Errorf("%v", ours)
	}
}

// TestCardsAfterACrash: the message of an earlier attempt is edited, and its cards go with
// its text.
func TestCardsAfterACrash(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	s.Step(turn.Step{ID: "a", Title: "Searching the web", State: turn.StepRunning})
	k.until("a card", func(v slacksim.View) bool { return len(replies(v.Replies(channel, k.root))) == 1 })
	s.Close()
	k.succeed()
	s = k.open(quick())
	s.Step(turn.Step{ID: "a", Title: "Searching the web", State: turn.StepRunning})
	k.finish(s, "High.", "")
	if ours := k.ours(); len(ours) != 1 || strings.Contains(all(ours[0]), `"status":"in_progress"`) || !strings.Contains(all(ours[0]), "High.") {
		t.Errorf("%+v", ours)
	}
}

var search = turn.Step{ID: "a", Title: "Searching the web", State: turn.StepRunning}

// TestCardsGoWithAFailure: the words of a failure stand in the place of the cards.
func TestCardsGoWithAFailure(t *testing.T) {
	k := setup(t)
	s := k.open(quick())
	s.Step(search)
	k.until("a card", func(v slacksim.View) bool { return len(replies(v.Replies(channel, k.root))) == 1 })
	k.finish(s, "", ":warning: The model is away.")
	if ours := k.ours(); len(ours) != 1 || !strings.Contains(string(ours[0].Blocks), "The model is away") || strings.Contains(string(ours[0].Blocks), "task_card") {
		t.Errorf("%+v", ours)
	}
}

// TestCardsWithoutASlot: a card alone is no reason to post a message.
func TestCardsWithoutASlot(t *testing.T) {
	k := setup(t)
	k.fault("chat.startStream", "ratelimited", 1)
	s := k.open(quick())
	s.Step(search)
	k.until("a stream is asked for", func(slacksim.View) bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.down) > 0
	})
	k.say(s, prose(1))
	k.shows(len(prose(1)))
	k.finish(s, prose(2), "")
	k.answered(prose(2), 1)
	for _, c := range k.Calls() {
		if !c.OK && c.Method != "chat.startStream" {
			t.Errorf("%s was refused: %s", c.Method, c.Error)
		}
	}
}

// TestAToolLongerThanAStream: the stream is left before Slack breaks it, and the answer
// comes into its message.
func TestAToolLongerThanAStream(t *testing.T) {
	k := setup(t)
	o := quick()
	o.Life, o.Sign = 100*time.Millisecond, 40*time.Millisecond
	s := k.open(o)
	s.Step(search)
	k.until("the stream is left", func(v slacksim.View) bool {
		ours := replies(v.Replies(channel, k.root))
		return len(ours) == 1 && ours[0].StreamingState == "completed"
	})
	k.finish(s, prose(1), "")
	k.answered(prose(1), 1)
	k.fell("old")
}

// all is a message as Slack keeps it, the stream that it was included.
func all(m slacksim.Message) string {
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
