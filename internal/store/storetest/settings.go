package storetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"holdfast/internal/settings"
)

func (k *kit) save(s settings.Scope, by string, at int64, key string, pairs ...string) {
	k.Helper()
	c := settings.Changes{}
	for i := 0; i < len(pairs); i += 2 {
		c[settings.Key(pairs[i])] = nil
		if pairs[i+1] != "" {
			c[settings.Key(pairs[i])] = json.RawMessage(pairs[i+1])
		}
	}
	k.must(k.SaveSettings(k.Context(), s, c, by, time.UnixMilli(at).UTC(), key))
}

// set is what is stored for a scope: field=value by person at milliseconds.
func (k *kit) set(s settings.Scope) map[string]string {
	k.Helper()
	found, err := k.Settings(k.Context(), []settings.Scope{s})
	k.must(err)
	list := map[string]string{}
	for key, e := range found[s] {
		list[string(key)] = fmt.Sprintf("%s by %s at %d", e.Raw, e.By, e.At.UnixMilli())
	}
	return list
}

var (
	mine     = settings.Scope{Level: settings.User, Team: "T1", ID: "U1"}
	channels = settings.Scope{Level: settings.Channel, Team: "T1", ID: "C1"}
	threads  = settings.Scope{Level: settings.Thread, Team: "T1", ID: "C1/1700000000.000001"}
)

var settingsTests = []test{
	{"NothingIsSet", func(k *kit) {
		for _, scopes := range [][]settings.Scope{nil, {mine}, {mine, channels, threads}} {
			found, err := k.Settings(k.Context(), scopes)
			k.must(err)
			k.equal("settings", len(found), 0)
		}
	}},
	{"ScopesAreApart", func(k *kit) {
		elsewhere := mine
		elsewhere.Team = "T2"
		k.save(mine, "U1", 1, "a", "model", `"m1"`)
		k.save(channels, "U2", 2, "b", "model", `"m2"`, "footer", "false")
		k.save(threads, "U3", 3, "c", "temperature", "0.5")
		found, err := k.Settings(k.Context(), []settings.Scope{mine, channels, threads, elsewhere})
		k.must(err)
		at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
		k.equal("settings", found, map[settings.Scope]settings.Stored{
			mine:     {"model": {Raw: json.RawMessage(`"m1"`), By: "U1", At: at(1)}},
			channels: {"model": {Raw: json.RawMessage(`"m2"`), By: "U2", At: at(2)}, "footer": {Raw: json.RawMessage("false"), By: "U2", At: at(2)}},
			threads:  {"temperature": {Raw: json.RawMessage("0.5"), By: "U3", At: at(3)}},
		})
	}},
	{"SavedTwiceIsSavedOnce", func(k *kit) {
		k.save(channels, "U1", 10, "a", "model", `"first"`)
		k.save(channels, "U2", 11, "b", "model", `"second"`)
		k.save(channels, "U1", 12, "a", "model", `"again"`, "footer", "false")
		k.equal("settings", k.set(channels), map[string]string{"model": `"second" by U2 at 11`})
	}},
	{"FieldsDoNotUndoEachOther", func(k *kit) {
		k.save(mine, "U1", 1, "a", "model", `"m"`, "language", `"Deutsch"`)
		k.save(mine, "U1", 2, "b", "footer", "false")
		k.save(mine, "U1", 3, "c", "language", `"English"`)
		k.equal("settings", k.set(mine), map[string]string{
			"model": `"m" by U1 at 1`, "footer": "false by U1 at 2", "language": `"English" by U1 at 3`,
		})
	}},
	{"ClearedIsNotSet", func(k *kit) {
		k.save(mine, "U1", 1, "a", "model", `"m"`, "footer", "true")
		k.save(mine, "U1", 2, "b", "model", "")
		k.equal("settings", k.set(mine), map[string]string{"footer": "true by U1 at 1"})
		k.save(mine, "U1", 3, "c", "model", `"n"`)
		k.equal("set again", k.set(mine), map[string]string{"footer": "true by U1 at 1", "model": `"n" by U1 at 3`})
		k.save(mine, "U1", 4, "d", "model", "", "footer", "")
		found, err := k.Settings(k.Context(), []settings.Scope{mine})
		k.must(err)
		k.equal("scopes with something", len(found), 0)
	}},
	{"AnOlderSaveUndoesNothing", func(k *kit) {
		k.save(mine, "U1", 20, "a", "model", `"newer"`, "footer", "")
		k.save(mine, "U1", 10, "b", "model", `"older"`, "footer", "true", "language", `"Deutsch"`)
		k.equal("settings", k.set(mine), map[string]string{"model": `"newer" by U1 at 20`, "language": `"Deutsch" by U1 at 10`})
		k.save(mine, "U2", 20, "c", "model", `"same time"`)
		k.equal("at one time the last counts", k.set(mine)["model"], `"same time" by U2 at 20`)
	}},
	{"ValuesAreKeptAsTheyAre", func(k *kit) {
		long := fmt.Sprintf("%q", fmt.Sprintf("%02999d", 0)+"é") // of the greatest length
		k.save(mine, "U1", 1, "a", "custom_instructions", long, "old_field", `{"nested": [1, null, "\u0000"]}`)
		k.equal("settings", k.set(mine), map[string]string{
			"custom_instructions": long + " by U1 at 1", "old_field": `{"nested": [1, null, "\u0000"]} by U1 at 1`,
		})
	}},
	{"SavesAtOnce", func(k *kit) {
		const savers = 8
		var wait sync.WaitGroup
		errs := make([]error, savers)
		for i := range savers {
			wait.Go(func() {
				c := settings.Changes{"shared": json.RawMessage(fmt.Sprint(i)), settings.Key(fmt.Sprintf("own-%d", i)): json.RawMessage("true")}
				for range 2 { // each comes twice
					if err := k.SaveSettings(k.Context(), channels, c, fmt.Sprintf("U%d", i), time.UnixMilli(int64(100+i)), fmt.Sprintf("save-%d", i)); err != nil {
						errs[i] = err
					}
				}
			})
		}
		wait.Wait()
		for _, err := range errs {
			k.must(err)
		}
		got := k.set(channels)
		k.equal("fields", len(got), savers+1)
		k.equal("shared", got["shared"], "7 by U7 at 107")
	}},
}
