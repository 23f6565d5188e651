package surface_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/slacksim"
	"holdfast/internal/turn"
)

// everything is as much as can stand under an answer, with strangers' words in it.
func everything() turn.Ending {
	e := turn.Ending{
		Notice: ":warning: The answer stops here.", Judge: true, Settings: true,
		Offers: []turn.Offer{turn.Retry, turn.GoOn, turn.Shorter},
		Foot: turn.Foot{Model: "gpt-6.1-<terra>", Used: []string{"web search", strings.Repeat("a tool ", 100)},
			Sources: []turn.Source{
				{Title: "Tides & <!channel> | more\n> quote", URL: "https://example.com/a?x=1&y=<2>|3 4"},
				{URL: "https://example.org/no-title"},
				{Title: strings.Repeat("long ", 200), URL: "https://example.com/" + strings.Repeat("p", 2500)},
				{Title: "too long to be shown", URL: "https://example.com/" + strings.Repeat("q", 4000)},
			}},
	}
	for i := range 20 {
		e.Foot.Sources = append(e.Foot.Sources, turn.Source{Title: fmt.Sprint("Source ", i), URL: fmt.Sprintf("https://example.com/%d/%s", i, strings.Repeat("r", 900))})
	}
	return e
}

// TestUnderAnAnswer: Slack takes all that can stand under an answer, on each rung, once
// and after the last part alone.
func TestUnderAnAnswer(t *testing.T) {
	long := strings.Repeat("The tide is **high** at noon. ", 500)
	for name, c := range map[string]struct {
		native, stream bool
		text           string
	}{
		"a post": {false, false, "High."}, "an edited post": {false, true, "High."}, "a stream": {true, true, "High."},
		"several parts": {false, false, long}, "several streams": {true, true, long}, "a notice alone": {true, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := setup(t)
			o := quick()
			o.Native = c.native
			s := k.open(o)
			if c.stream {
				k.say(s, "Hi")
				k.shows(1)
			}
			e := everything()
			e.Text = c.text
			if c.stream && c.text != "" {
				e.Text = "Hi " + c.text
			}
			_, err := s.Finish(t.Context(), e)
			k.must(err)
			ours := k.ours()
			for i, m := range ours {
				count := map[string]int{}
				var blocks []struct {
					Type     string            `json:"type"`
					Elements []json.RawMessage `json:"elements"`
				}
				if len(m.Blocks) > 0 { // a stream's part has none of its own
					k.must(json.Unmarshal(m.Blocks, &blocks))
				}
				for _, b := range blocks {
					count[b.Type]++
				}
				want := 0
				if i == len(ours)-1 {
					want = 1
				}
				if count["context_actions"] != want || count["actions"] != want || count["context"] != 2*want {
					t.Errorf("message %d of %d: %v", i+1, len(ours), count)
				}
			}
			last := string(ours[len(ours)-1].Blocks)
			for _, want := range []string{`"holdfast_retry"`, `"holdfast_continue"`, `"holdfast_shorter"`, `"holdfast_settings"`, `"good/` + k.turn.ID, `"bad/` + k.turn.ID,
				"1. Tides", "2. example.org", "more", "web search"} {
				if !strings.Contains(last, want) {
					t.Errorf("%s is not under the answer: %s", want, last)
				}
			}
			if strings.Contains(last, "<!channel>") || strings.Contains(last, `\u003c!channel`) || strings.Contains(last, "qqqq") {
				t.Errorf("a stranger's words count: %s", last)
			}
		})
	}
}

// TestNothingUnderAnAnswer: an answer that is well has no chrome that nobody asked for.
func TestNothingUnderAnAnswer(t *testing.T) {
	k := setup(t)
	s := k.open(posting())
	k.finish(s, "High.", "")
	if b := string(k.ours()[0].Blocks); strings.Contains(b, "context") || strings.Contains(b, "actions") {
		t.Errorf("under it: %s", b)
	}
	k.until("no sign is left", func(v slacksim.View) bool { return true })
}
