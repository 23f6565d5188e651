package assistant

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"
)

// book is what Slack would tell of groups. It counts what it is asked.
type book struct {
	groups map[string][]string
	down   bool
	asked  int
}

func (b *book) Members(_ context.Context, group string) ([]string, error) {
	b.asked++
	if b.down {
		return nil, errors.New("slack is away")
	}
	return b.groups[group], nil
}

// TestGroups: a group is asked for once in a while; what it was counts while Slack is
// away, and nobody is let in or kept out by a guess.
func TestGroups(t *testing.T) {
	w := &book{groups: map[string][]string{"S1": {"U1", "U2"}, "S2": {"U2"}}}
	g := groups{ask: w, log: slog.New(slog.DiscardHandler)}
	now := time.Unix(1_700_000_000, 0)
	check := func(person string, calls int, want ...string) {
		t.Helper()
		in, err := g.of(t.Context(), []string{"S1", "S2"}, person, now)
		if err != nil || !slices.Equal(in, want) || w.asked != calls {
			t.Errorf("%s is in %v after %d questions, want %v after %d: %v", person, in, w.asked, want, calls, err)
		}
	}
	w.down = true
	if _, err := g.of(t.Context(), []string{"S1"}, "U1", now); err == nil {
		t.Error("nobody knows, and no error")
	}
	w.down, w.asked = false, 0
	check("U2", 2, "S1", "S2")
	check("U1", 2, "S1")
	check("U3", 2)
	now = now.Add(6 * time.Minute)
	w.groups["S1"] = []string{"U3"}
	check("U3", 4, "S1")
	now = now.Add(6 * time.Minute)
	w.down = true
	check("U3", 6, "S1")
}
