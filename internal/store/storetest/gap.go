package storetest

import (
	"time"

	"holdfast/internal/chat"
)

var gapTests = []test{
	{"HeardNeverGoesBack", func(k *kit) {
		at, clock, err := k.Heard(k.Context(), "T1")
		k.must(err)
		k.equal("heard at first", at.IsZero(), true)
		if d := time.Since(clock); d < -time.Minute || d > time.Minute {
			k.Errorf("the store's clock is %v behind", d)
		}
		now := time.Now().Truncate(time.Millisecond)
		k.must(k.SetHeard(k.Context(), "T1", now))
		k.must(k.SetHeard(k.Context(), "T1", now.Add(-time.Hour)))
		k.must(k.SetHeard(k.Context(), "T2", now.Add(time.Hour)))
		at, _, err = k.Heard(k.Context(), "T1")
		k.must(err)
		k.equal("heard", at, now.UTC())
	}},
	{"RecentConversations", func(k *kit) {
		k.append(says(direct(1), "1700000001.000001", "a"))
		k.tick()
		k.append(says(direct(2), "1700000001.000001", "a"))
		stranger := direct(3)
		stranger.Team = "T9"
		k.append(says(stranger, "1700000001.000001", "a"))
		got, err := k.Recent(k.Context(), "T1", time.Now().Add(-time.Hour), 10)
		k.must(err)
		k.equal("recent", got, []chat.Conversation{direct(2), direct(1)})
		got, err = k.Recent(k.Context(), "T1", time.Now().Add(time.Hour), 10)
		k.must(err)
		k.equal("recent later", len(got), 0)
		got, err = k.Recent(k.Context(), "T1", time.Now().Add(-time.Hour), 1)
		k.must(err)
		k.equal("the most recent", got, []chat.Conversation{direct(2)})
	}},
	{"JobIsHeld", func(k *kit) {
		for range 2 { // the holder may say so again
			held, err := k.Hold(k.Context(), "job", "r1", time.Hour)
			k.must(err)
			k.equal("held by the first", held, true)
		}
		_, err := k.Hold(k.Context(), "job", "r1", 0)
		k.must(err)
		k.until("the next one has it", func() bool {
			held, err := k.Hold(k.Context(), "job", "r2", time.Hour)
			k.must(err)
			return held
		})
	}},
}
