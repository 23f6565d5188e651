package surface_test

import (
	"slices"
	"testing"

	"holdfast/internal/slacksim"
)

// TestPhrases: the operator's phrases are shown while there is nothing else to say, and
// go with the turn.
func TestPhrases(t *testing.T) {
	k := setup(t)
	o := quick()
	o.Phrases = []string{"is reading, slowly", "is looking at the tide"}
	s := k.open(o)
	s.Working("")
	k.until("the phrases", func(v slacksim.View) bool {
		return slices.ContainsFunc(v.Sessions(), func(x slacksim.Session) bool {
			return x.ThreadTS == k.root && x.Prose == "is thinking…" && slices.Equal(x.LoadingMessages, o.Phrases)
		})
	})
	k.finish(s, "High at noon.", "")
	k.answered("High at noon.", 1)
	for _, x := range k.Sessions() {
		if x.ThreadTS == k.root && x.Prose != "" {
			t.Errorf("the status line is left: %q", x.Prose)
		}
	}
}
