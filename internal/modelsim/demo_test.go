package modelsim_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"holdfast/internal/modelsim"
)

// quick is a demo that does not take its time.
func quick() modelsim.Options {
	return modelsim.Options{Demo: true, Timing: modelsim.Timing{Chunk: -1}}
}

func TestDemoWords(t *testing.T) {
	b := start(t, quick())
	for word, want := range map[string]string{
		"hello there":                 "Hello! 👋",
		"help":                        "| say | and I show |",
		"<@U1> show me a table, ok?":  "| seaweed |",
		"Code please":                 "```go\n",
		"a list!":                     "1. **First**",
		"tell me a story":             "The bot that lost its place",
		"think!":                      "I thought about it first",
		"what is the capital of Peru": "> what is the capital of Peru",
		"My name is Ada":              "Nice to meet you, **Ada**!",
	} {
		events, err := b.stream("", word)
		if err != io.EOF {
			t.Fatalf("%q: %v", word, err)
		}
		got := text(events)
		if !strings.Contains(got, want) {
			t.Errorf("%q: no %q in\n%s", word, want, got)
		}
		if !strings.Contains(got, "I'm the demo model built into Holdfast; set `OPENAI_API_KEY` for a real one") && !strings.Contains(got, "Demo model.") {
			t.Errorf("%q: the answer does not say that it is a demo", word)
		}
	}
}

func TestDemoLongNeedsTwoMessages(t *testing.T) {
	b := start(t, quick())
	events, err := b.stream("", "long")
	if n := len([]rune(text(events))); err != io.EOF || n < 13_000 || n > 15_500 {
		t.Errorf("%d characters, %v", n, err)
	}
}

func TestDemoThinkShowsASummaryFirst(t *testing.T) {
	b := start(t, quick())
	events, err := b.stream("", "think about it")
	if err != io.EOF || !strings.Contains(strings.Join(types(events), " "), "response.reasoning_summary_text.delta") {
		t.Error(types(events), err)
	}
}

func TestDemoErrorFailsInMidSentence(t *testing.T) {
	b := start(t, modelsim.Options{Demo: true, Timing: modelsim.Timing{Chunk: 0, Ping: 1 << 40}})
	events, err := b.stream("", "error")
	r := last(t, events)
	if err != io.EOF || r.Status != "failed" || r.Error.Code != "server_error" || len(text(events)) < 20 {
		t.Errorf("%v: %+v after %q", err, r, text(events))
	}
}

func TestDemoRemembersTheThread(t *testing.T) {
	b := start(t, quick())
	events, err := b.stream("", `[{"role":"user","content":"My name is Ada"},{"role":"assistant","content":"Nice"},{"role":"user","content":"where do otters sleep?"},{"role":"assistant","content":"Hm"},{"role":"user","content":"and whales"}]`)
	if err != io.EOF {
		t.Fatal(err)
	}
	got := text(events)
	for _, want := range []string{"Ada", "2 messages", "> where do otters sleep?", "> and whales"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestDemoLooksPastTheHeading(t *testing.T) {
	b := start(t, quick())
	for _, said := range []string{"[Tab Table <@U1>, Mon 23 Nov 2026 12:00 UTC]\n@Holdfast what now", "[x]\nwhat now"} {
		events, err := b.stream("", said)
		if got := text(events); err != io.EOF || !strings.Contains(got, "You wrote:\n\n> what now\n") {
			t.Errorf("%q: %s %v", said, got, err)
		}
	}
}

func TestDemoTitle(t *testing.T) {
	b := start(t, quick())
	for shown, want := range map[string]string{
		"Question:\nwhen are the tides at Brest this coming week?\n\nAnswer:\nSoon.": "When are the tides at Brest",
		"étude!": "Étude", "...": "A conversation",
	} {
		input, err := json.Marshal([]map[string]string{{"role": "developer", "content": "Write a title for it."}, {"role": "user", "content": shown}})
		if err != nil {
			t.Fatal(err)
		}
		if events, err := b.stream("", string(input)); err != io.EOF || text(events) != want {
			t.Errorf("%q: got %q, %v, want %q", shown, text(events), err, want)
		}
	}
}
