package home

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadPrompts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "prompts.json")
	if err := os.WriteFile(file, []byte("\ufeff"+`[{"title":"Tides","message":"When is high tide?"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	tides := []Prompt{{"Tides", "When is high tide?"}}
	for value, want := range map[string][]Prompt{
		"": DefaultPrompts(), "off": nil, "[]": {}, file: tides,
		` [{"title": " Tides ", "message": "When is high tide?"}] `: tides,
	} {
		got, err := ReadPrompts(value)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", value, err, diff)
		}
	}
	one := `{"title":"Tides","message":"When?"}`
	for value, want := range map[string]string{
		"no such file":                       "no such file",
		"[{]":                                "not a list",
		`[{"title":"Tides","text":"When?"}]`: "unknown field",
		`[{"title":"Tides"}]`:                "the message of prompt 1 has 0 characters",
		"[" + one + `,{"title":" ","message":"x"}]`:                      "the title of prompt 2 has 0 characters",
		`[{"title":"` + strings.Repeat("é", 61) + `","message":"x"}]`:    "61 characters: want 1 to 60",
		`[{"title":"x","message":"` + strings.Repeat("é", 1001) + `"}]`:  "1001 characters: want 1 to 1000",
		"[" + strings.Join([]string{one, one, one, one, one}, ",") + "]": "5 prompts: Slack shows 4",
		`[{"title":"About {channel}","message":"x"}]`:                    "only a message can name the channel",
	} {
		if _, err := ReadPrompts(value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %q", value, err, want)
		}
	}
}

// The default ones keep to what is asked of an operator's.
func TestPromptsFor(t *testing.T) {
	titles := func(list []Prompt) (all string) {
		for _, p := range list {
			all += p.Title + " (" + p.Message + ") "
		}
		return strings.TrimSpace(all)
	}
	a, b, c, d := Prompt{"a", "1"}, Prompt{"b", "2"}, Prompt{"c", "3"}, Prompt{"d", "4"}
	x, y := Prompt{"x", "on {channel} and {channel}"}, Prompt{"y", "of {channel}"}
	for _, tt := range []struct {
		all     []Prompt
		channel string
		want    string
	}{
		{nil, "C1", ""},
		{[]Prompt{a, x, b}, "", "a (1) b (2)"},
		{[]Prompt{a, x, b}, "C1", "a (1) b (2) x (on <#C1> and <#C1>)"},
		{[]Prompt{a, b, c, d, x, y}, "", "a (1) b (2) c (3) d (4)"},
		{[]Prompt{a, b, c, d, x, y}, "C1", "a (1) b (2) x (on <#C1> and <#C1>) y (of <#C1>)"},
		{[]Prompt{x, x, x, x, y, a}, "C1", strings.TrimSpace(strings.Repeat("x (on <#C1> and <#C1>) ", 4))},
	} {
		if got := titles(promptsFor(tt.all, tt.channel)); got != tt.want {
			t.Errorf("%v in %q: got %q, want %q", tt.all, tt.channel, got, tt.want)
		}
	}
	if n := len(promptsFor(DefaultPrompts(), "")); n != maxPrompts {
		t.Errorf("%d default prompts, want %d", n, maxPrompts)
	}
}

func TestFirstLine(t *testing.T) {
	for said, want := range map[string]string{
		"":                                     "",
		"<@U1> what of <#C1|general>?\nmore":   "what of general?",
		"<@U1>\n\n  a &lt;b&gt; &amp; c":       "a <b> & c",
		"see <https://x.example/a?b|the page>": "see the page",
		"<https://x.example>":                  "",
		"\u202e<!channel> hm":                  "hm",
	} {
		if got := firstLine(said); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}
