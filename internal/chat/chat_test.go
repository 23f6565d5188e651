package chat_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/chat"
)

// TestMain fixes the seed of the properties, so that a run never fails by chance.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_RANDOM") != "1" {
		_ = flag.Set("rapid.seed", "1") // -rapid.seed on the command line still decides
	}
	m.Run()
}

func TestTSOrder(t *testing.T) {
	ordered := []chat.TS{"", "x", "9.000001", "10.000000", "1712345678.123456", "1712345678.123457", "1712345679.000000", "12345678901.000000"}
	shuffled := slices.Clone(ordered)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	slices.SortFunc(shuffled, chat.TS.Compare)
	if !slices.Equal(ordered, shuffled) {
		t.Errorf("sorted: %q", shuffled)
	}
}

func TestTSIsNotAFloat(t *testing.T) {
	a, b := chat.TS("9007199254740993.000001"), chat.TS("9007199254740993.000002")
	if a.Compare(b) >= 0 || a.Compare(a) != 0 {
		t.Error("timestamps that a float cannot tell apart are in the wrong order")
	}
}

func TestTSTime(t *testing.T) {
	if got := chat.TS("1712345678.000100").Time(); !got.Equal(time.Unix(1712345678, 100_000)) {
		t.Errorf("got %v", got)
	}
	for _, bad := range []chat.TS{"", "abc", "-1.0", "1.-5", "1,5"} {
		if bad.Valid() || !bad.Time().IsZero() {
			t.Errorf("%q passes for a timestamp", bad)
		}
	}
}

func TestConversationKey(t *testing.T) {
	part := rapid.StringMatching(`[A-Za-z0-9.]{1,30}`)
	rapid.Check(t, func(t *rapid.T) {
		c := chat.Conversation{Team: part.Draw(t, "team"), Channel: part.Draw(t, "channel"), Root: chat.TS(part.Draw(t, "root"))}
		back, err := chat.ParseConversation(c.Key())
		if err != nil || back != c {
			t.Fatalf("%v → %q → %v, %v", c, c.Key(), back, err)
		}
	})
	for _, bad := range []string{"", "a/b", "a//c", "/b/c", "a/b/c/d", strings.Repeat("/", 2)} {
		if _, err := chat.ParseConversation(bad); err == nil {
			t.Errorf("%q was read as a conversation", bad)
		}
	}
}

func TestLocalTime(t *testing.T) {
	noon := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		user chat.User
		want string
	}{
		{chat.User{Zone: "America/New_York", Offset: 3600}, "07:00"},
		{chat.User{Zone: "Nowhere/Unknown", Offset: 7200}, "14:00"},
		{chat.User{}, "12:00"},
	} {
		if got := c.user.Local(noon).Format("15:04"); got != c.want {
			t.Errorf("%+v: %s, want %s", c.user, got, c.want)
		}
	}
}
