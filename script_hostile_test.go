package holdfast_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// hostile [EVERY]: sends each kind of envelope of testdata/envelopes.jsonl with each
// of its fields, in turn, missing, of another type, or of a value that nobody would
// expect; of all these, every EVERY-th (1). Each must be acknowledged at its first
// delivery, while a person talks with the assistant as usual, and nothing restarts.
func hostile(ts *testscript.TestScript, w *world, args []string) {
	every := 1
	if len(args) > 0 && os.Getenv("HOLDFAST_SOAK") == "" {
		n, err := strconv.Atoi(args[0])
		ts.Check(err)
		every = n
	}
	corpus := spoiledEnvelopes(ts, w)
	process := w.replicas[0]
	var batch []string
	sent, talk := 0, 0
	for i := 0; i < len(corpus); i += every {
		id, err := w.slack.Envelope(corpus[i].Type, corpus[i].Payload, "")
		ts.Check(err)
		batch = append(batch, id)
		sent++
		if len(batch) < 100 && i+every < len(corpus) {
			continue
		}
		w.allAcked(ts, batch)
		batch = batch[:0]
		if talk++; talk%5 == 1 {
			name, text := fmt.Sprint("TALK", talk), fmt.Sprint("undisturbed ", talk)
			say(ts, w, []string{name, "Ben", "@bot", text})
			answer(ts, w, []string{name, text})
		}
	}
	select {
	case <-process.ended:
		ts.Fatalf("holdfast ended\n%s", w.tail())
	default:
	}
	if log, err := os.ReadFile(w.logFile()); err != nil || strings.Contains(string(log), "panic") {
		ts.Fatalf("the log tells of a panic: %v\n%s", err, w.tail())
	}
	ts.Logf("%d envelopes of %d", sent, len(corpus))
}

// allAcked waits until all the envelopes were acknowledged, and none twice sent.
func (w *world) allAcked(ts *testscript.TestScript, ids []string) {
	open := map[string]bool{}
	late := ""
	w.poll(ts, func() string {
		return fmt.Sprintf("%d envelopes were not acknowledged, one of them %s", len(open), late)
	}, func() bool {
		clear(open)
		for _, id := range ids {
			open[id] = true
		}
		for _, e := range w.slack.Envelopes() {
			if !open[e.ID] {
				continue
			}
			if late = string(e.Payload); e.AckedAt != nil {
				delete(open, e.ID)
			}
			if e.GaveUp {
				ts.Fatalf("not acknowledged in time: %s\n%s", e.Payload, w.tail())
			}
		}
		return len(open) == 0
	})
}

// spoiled is an envelope with something wrong.
type spoiled struct {
	Type    string
	Payload json.RawMessage
}

// oddValues stand in the place of a field: other types, and strings and numbers at
// the edges. nil means that the field is missing.
func oddValues() []json.RawMessage {
	odd := []json.RawMessage{nil}
	for _, s := range []string{
		`null`, `true`, `-1`, `1e400`, `12345678901234567890123`, `""`, `" "`, `"\u0000"`, `"\ud800"`, `"\u202e\u0007"`, "\"\xff\xfe\"", `"a/b\nc"`,
		`"<@U01ADAMARSH> <!channel>"`, `"9999999999999999.999999"`, `"0.000000"`, `[]`, `[null]`, `{}`, `{"":{"":[{}]}}`,
	} {
		odd = append(odd, json.RawMessage(s))
	}
	return append(odd,
		json.RawMessage(strings.Repeat("[", 500)+strings.Repeat("]", 500)),
		json.RawMessage(`"`+strings.Repeat("long ", 4000)+`"`))
}

// spoiledEnvelopes makes the corpus: each sound envelope, and it with each field
// replaced by each odd value, and some that are odd as a whole.
func spoiledEnvelopes(ts *testscript.TestScript, w *world) []spoiled {
	raw, err := os.ReadFile("testdata/envelopes.jsonl")
	ts.Check(err)
	var app string
	w.slack.Look(func(v slacksim.View) { app = v.App().ID })
	names := []string{"$ADA", slacksim.SeedAda, "$DM", slacksim.SeedAdaDM, "$CHANNEL", slacksim.SeedGeneral, "$BOT", slacksim.SeedBotUser, "$APP", app}
	n := 0
	var all []spoiled
	for line := range strings.Lines(string(raw)) {
		sound := func() spoiled { // each has its own ids, or deduplication would hide the rest
			n++
			now := time.Now().UnixMicro() + int64(n)
			var s spoiled
			ts.Check(json.Unmarshal([]byte(strings.NewReplacer(append(names,
				"$TS", fmt.Sprintf("%d.%06d", now/1e6, now%1e6), "$N", fmt.Sprintf("%08d", n))...).Replace(line)), &s))
			return s
		}
		var paths [][]any
		walk(decoded(ts, sound().Payload), nil, &paths)
		all = append(all, sound())
		for _, path := range paths {
			for _, odd := range oddValues() {
				s := sound()
				v := replaced(decoded(ts, s.Payload), path, odd)
				b, err := json.Marshal(v)
				ts.Check(err)
				all = append(all, spoiled{s.Type, b})
			}
		}
		s := sound()
		twice := append([]byte(`{"event":17,"type":{},"actions":null,`), s.Payload[1:]...)
		all = append(all, spoiled{s.Type, twice}, spoiled{s.Type, append(s.Payload[:len(s.Payload)-1:len(s.Payload)-1], `,"event":[],"type":null,"event_id":9}`...)})
		big := append([]byte(`{"padding":"`+strings.Repeat("wide ", 200_000)+`",`), sound().Payload[1:]...)
		all = append(all, spoiled{s.Type, big})
		for _, whole := range []string{`null`, `[]`, `17`, `"x"`, `{}`, `{"event":null}`, `{"type":7,"event":[{"type":"message"}]}`} {
			all = append(all, spoiled{s.Type, json.RawMessage(whole)})
		}
	}
	return all
}

func decoded(ts *testscript.TestScript, raw json.RawMessage) (v any) {
	ts.Check(json.Unmarshal(raw, &v))
	return v
}

// walk lists the paths of all values in v but v itself.
func walk(v any, at []any, paths *[][]any) {
	step := func(key, value any) {
		path := append(slices.Clone(at), key)
		*paths = append(*paths, path)
		walk(value, path, paths)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			step(key, v[key])
		}
	case []any:
		for i, value := range v {
			step(i, value)
		}
	}
}

// replaced is v with odd at the path.
func replaced(v any, path []any, odd json.RawMessage) any {
	if len(path) == 0 {
		return odd
	}
	switch v := v.(type) {
	case map[string]any:
		key := path[0].(string)
		if len(path) == 1 && odd == nil {
			delete(v, key)
		} else {
			v[key] = replaced(v[key], path[1:], odd)
		}
	case []any:
		i := path[0].(int)
		if len(path) == 1 && odd == nil {
			return slices.Delete(v, i, i+1)
		}
		v[i] = replaced(v[i], path[1:], odd)
	}
	return v
}
