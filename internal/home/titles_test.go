package home

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

func TestTidy(t *testing.T) {
	for said, want := range map[string]string{
		"High tide tables":                     "High tide tables",
		"\n\n  High   tide\ttables. \nMore":    "High tide tables",
		"**\"High tide tables\"**":             "High tide tables",
		"# Title: „Gezeitentafeln“":            "Gezeitentafeln",
		"«Marées à Brest»":                     "Marées à Brest",
		"潮の満ち引き。":                              "潮の満ち引き",
		"\u202eevil\u0007 \u2066tide\u2069":    "evil tide",
		"Ropes 👩\u200d🔧":                       "Ropes 👩\u200d🔧",
		"don't panic":                          "don't panic",
		"":                                     "",
		" \n\"\"\n...\n":                       "",
		"- \n\nSecond line":                    "Second line",
		strings.Repeat("word ", 40):            strings.TrimSpace(strings.Repeat("word ", 15)) + "…",
		strings.Repeat("x", 300):               strings.Repeat("x", 79) + "…",
		"C++ <script>alert(1)</script> & more": "C++ <script>alert(1)</script> & more",
	} {
		if got := tidy(said); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}

func FuzzTidy(f *testing.F) {
	f.Add("**\"High tide\"**\r\nx")
	f.Add("\u2028Title:\u202e…")
	f.Fuzz(func(t *testing.T, said string) {
		got := tidy(said)
		if n := utf8.RuneCountInString(got); n > titleRunes || !utf8.ValidString(got) || strings.TrimSpace(got) != got || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q gives %q", said, got)
		}
	})
}

// What cannot be named now waits for nobody, and keeps nobody waiting.
func TestTitlesDropWhatIsTooMuch(t *testing.T) {
	titles := NewTitles(nil, nil, nil, TitleOptions{Logger: slog.New(slog.DiscardHandler)})
	ends := func(channel string, state turn.State, age time.Duration) {
		root := chat.TS(fmt.Sprintf("%d.000001", time.Now().Add(-age).Unix()))
		c := chat.Conversation{Team: "T1", Channel: channel, Root: root}
		titles.Ended(&turn.Turn{Conversation: c, Messages: []chat.Message{{Conversation: c, TS: root, Text: "hello"}}}, turn.Result{State: state})
	}
	ends("C1", turn.Answered, 0)
	ends("D1", turn.Failed, 0)
	ends("D1", turn.Answered, 2*titleAge)
	if n := len(titles.jobs); n != 0 {
		t.Errorf("%d conversations are to be named, want none", n)
	}
	for range 1000 {
		ends("D1", turn.Answered, time.Minute)
	}
	if n := len(titles.jobs); n != cap(titles.jobs) {
		t.Errorf("%d conversations wait, want %d", n, cap(titles.jobs))
	}
}
