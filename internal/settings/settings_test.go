package settings_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/settings"
)

// catalogue has a model that reasons always, one that may, one that never does, and one
// that is gone.
type catalogue struct{}

func (catalogue) Names() []string    { return []string{"deep", "both", "plain"} }
func (catalogue) Pictures() []string { return []string{"gpt-image-2", "draw"} }
func (catalogue) Ability(name string) settings.Ability {
	a := settings.Ability{Name: name, Verbosity: true, WebSearch: true}
	switch name {
	case "old":
		a.Name = "both"
		fallthrough
	case "both":
		a.Efforts, a.Sampling = []string{"none", "low", "medium", "high", "max"}, settings.Unthought
	case "deep":
		a.Efforts = []string{"low", "medium", "high"}
	case "gpt-image-1":
		return settings.Ability{Name: "gpt-image-2"}
	default:
		return settings.Ability{Name: name, Sampling: settings.Always}
	}
	return a
}

// shelf is what is stored, or an error.
type shelf struct {
	settings.Store
	stored map[settings.Scope]settings.Stored
	err    error
	asked  int
}

func (s *shelf) Settings(context.Context, []settings.Scope) (map[settings.Scope]settings.Stored, error) {
	s.asked++
	return s.stored, s.err
}

func stored(pairs ...string) settings.Stored {
	s := settings.Stored{}
	for i := 0; i < len(pairs); i += 2 {
		s[settings.Key(pairs[i])] = settings.Entry{Raw: json.RawMessage(pairs[i+1]), By: "U9", At: time.Unix(1, 0)}
	}
	return s
}

var here = settings.Place{Team: "T1", User: "U1", Channel: "C1", Root: "1.000001"}

// effective is what counts here, with these levels stored.
func effective(t *testing.T, operator map[settings.Key]string, levels map[settings.Level]settings.Stored) settings.Values {
	t.Helper()
	if operator == nil {
		operator = map[settings.Key]string{settings.Model: "both"}
	}
	sh := &shelf{stored: map[settings.Scope]settings.Stored{}}
	for l, s := range levels {
		scope, ok := here.Scope(l)
		if !ok {
			t.Fatalf("no scope %s", l)
		}
		sh.stored[scope] = s
	}
	s, err := settings.New(sh, catalogue{}, operator)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Effective(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	if sh.asked != 1 {
		t.Errorf("the store was asked %d times", sh.asked)
	}
	return v
}

func TestLevels(t *testing.T) {
	v := effective(t, map[settings.Key]string{settings.Model: "both", settings.Verbosity: "low", settings.Effort: "low", settings.Language: "English", settings.Length: "long"},
		map[settings.Level]settings.Stored{
			settings.User:    stored("verbosity", `"medium"`, "reasoning_effort", `"medium"`, "language", `"Deutsch"`),
			settings.Channel: stored("verbosity", `"high"`, "reasoning_effort", `"high"`),
			settings.Thread:  stored("verbosity", `"low"`),
		})
	got := map[settings.Key]string{}
	for _, k := range []settings.Key{settings.Verbosity, settings.Effort, settings.Language, settings.Length, settings.Footer} {
		got[k] = v.Of(k).Value + " by " + string(v.Of(k).Source) + v.Of(k).By
	}
	want := map[settings.Key]string{
		settings.Verbosity: "low by threadU9", settings.Effort: "high by channelU9", settings.Language: "Deutsch by userU9",
		settings.Length: "long by operator", settings.Footer: "true by operator",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if below := v.Below(settings.Channel).Of(settings.Effort); below.Value != "medium" || below.Source != settings.User {
		t.Errorf("below the channel: %+v", below)
	}
	if upto := v.Upto(settings.User).Of(settings.Verbosity); upto.Value != "medium" {
		t.Errorf("for the person alone: %+v", upto)
	}
}

// What is stored breaks nothing.
func TestStoredOddities(t *testing.T) {
	for _, c := range []struct {
		name, key, raw string
		want           string // the value
		note           string // a part of it; empty: no note
	}{
		{"gone model", "model", `"old"`, "both", "not available; used instead: both"},
		{"unknown model", "model", `"nonesuch"`, "both", "not possible here any more"},
		{"no JSON", "model", `{"`, "both", "cannot be read"},
		{"another type", "model", `["deep"]`, "both", "cannot be read"},
		{"null", "model", `null`, "both", "cannot be read"},
		{"effort in between", "reasoning_effort", `"minimal"`, "low", "used instead: Low"},
		{"effort above", "reasoning_effort", `"xhigh"`, "max", "used instead: Highest"},
		{"no effort", "reasoning_effort", `"extreme"`, "", "not used"},
		{"flag as a number", "web_search", `0`, "false", ""},
		{"flag in words", "web_search", `"False"`, "false", ""},
		{"no flag", "web_search", `"perhaps"`, "true", "not used"},
		{"number as text", "temperature", `"0,5"`, "0.5", ""},
		{"too much", "temperature", `3`, "", "not used"},
		{"old quality", "image_quality", `"hd"`, "high", "used instead: High"},
		{"gone picture model", "image_model", `"gpt-image-1"`, "gpt-image-2", "used instead"},
		{"too long", "language", `"` + strings.Repeat("ä", 41) + `"`, "", "not used"},
		{"control characters", "custom_instructions", `"a\u0000b\nc"`, "ab\nc", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := effective(t, nil, map[settings.Level]settings.Stored{settings.User: stored(c.key, c.raw)})
			s := v.Of(settings.Key(c.key))
			if s.Value != c.want || (c.note == "") != (s.Note == "") || !strings.Contains(s.Note, c.note) {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A value that cannot be used leaves the field to the level below.
func TestUnusableFallsThrough(t *testing.T) {
	v := effective(t, nil, map[settings.Level]settings.Stored{
		settings.User: stored("verbosity", `"high"`), settings.Thread: stored("verbosity", `"shrill"`),
	})
	if s := v.Of(settings.Verbosity); s.Value != "high" || s.Source != settings.User || !strings.Contains(s.Note, "shrill") {
		t.Errorf("%+v", s)
	}
	// A field that cannot be set on a level is not read from there.
	v = effective(t, nil, map[settings.Level]settings.Stored{settings.User: stored("follow_up", `"everyone"`)})
	if v.FollowUp() != "off" {
		t.Errorf("follow-up %q", v.FollowUp())
	}
}

func TestModelDecides(t *testing.T) {
	mine := stored("model", `"deep"`, "reasoning_effort", `"none"`, "temperature", `0.3`)
	v := effective(t, nil, map[settings.Level]settings.Stored{settings.User: mine})
	if v.Effort() != "low" || v.Temperature() != nil || v.Of(settings.Temperature).Applies {
		t.Errorf("deep: effort %q, temperature %v", v.Effort(), v.Temperature())
	}
	mine = stored("model", `"both"`, "reasoning_effort", `"none"`, "temperature", `0.3`)
	v = effective(t, nil, map[settings.Level]settings.Stored{settings.User: mine})
	if p := v.Temperature(); p == nil || *p != 0.3 {
		t.Errorf("both, which does not think: temperature %v", p)
	}
	if v = v.With(settings.User, settings.Changes{settings.Effort: json.RawMessage(`"high"`)}); v.Temperature() != nil || v.Effort() != "high" {
		t.Errorf("both, which thinks: temperature %v", v.Temperature())
	}
	if v = v.With(settings.User, settings.Changes{settings.Model: json.RawMessage(`"plain"`)}); v.Temperature() == nil || v.Effort() != "" || v.WebSearch() {
		t.Errorf("plain: temperature %v, effort %q, web search %v", v.Temperature(), v.Effort(), v.WebSearch())
	}
	if v = v.With(settings.User, settings.Changes{settings.Model: nil}); v.Model() != "both" {
		t.Errorf("cleared: model %q", v.Model())
	}
}

// The operator may name a model that nobody else can choose.
func TestOperatorsModel(t *testing.T) {
	v := effective(t, map[settings.Key]string{settings.Model: "our-own"}, nil)
	if v.Model() != "our-own" || v.Of(settings.Model).Note != "" {
		t.Errorf("%q, %+v", v.Model(), v.Of(settings.Model))
	}
}

func TestNewRefuses(t *testing.T) {
	for _, operator := range []map[settings.Key]string{
		{settings.Temperature: "5"}, {settings.ChannelContext: "1.5"}, {"nonesuch": "1"}, {settings.Language: strings.Repeat("a", 41)},
	} {
		if _, err := settings.New(&shelf{}, catalogue{}, operator); err == nil {
			t.Errorf("%v was taken", operator)
		}
	}
}

// A store that fails leaves the operator's values, and they are whole.
func TestStoreFails(t *testing.T) {
	broken := errors.New("broken")
	s, err := settings.New(&shelf{err: broken}, catalogue{}, map[settings.Key]string{settings.Model: "deep"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Effective(t.Context(), here)
	if !errors.Is(err, broken) || v.Model() != "deep" || !v.Footer() || v.Midturn() != "queue" {
		t.Errorf("%v: model %q", err, v.Model())
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		p    settings.Place
		want string
	}{
		{here, "user/U1 channel/C1 thread/C1/1.000001"},
		{settings.Place{Team: "T1", User: "U1", Channel: "D1", Root: "1.1"}, "user/U1 thread/D1/1.1"},
		{settings.Place{Team: "T1", User: "U1"}, "user/U1"},
		{settings.Place{Team: "T1", Channel: "C1"}, "channel/C1"},
	} {
		var got []string
		for _, l := range settings.Levels() {
			if s, ok := c.p.Scope(l); ok {
				got = append(got, string(l)+"/"+s.ID)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.p, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	v := effective(t, nil, map[settings.Level]settings.Stored{settings.User: stored("verbosity", `"high"`, "language", `"Deutsch"`, "reasoning_effort", `"extreme"`)})
	p := func(s string) *string { return &s }
	changes, mistakes := v.Check(settings.User, map[settings.Key]*string{
		settings.Verbosity: p("high"), settings.Language: nil, settings.Footer: p("false"), settings.Temperature: p(" 0,70 "),
		settings.Instructions: p("  be kind\r\nplease "), settings.Length: nil,
	})
	want := settings.Changes{
		settings.Language: nil, settings.Footer: json.RawMessage("false"), settings.Temperature: json.RawMessage("0.7"),
		settings.Instructions: json.RawMessage(`"be kind\nplease"`),
	}
	if d := cmp.Diff(want, changes); d != "" || len(mistakes) > 0 {
		t.Error(d, mistakes)
	}
	_, mistakes = v.Check(settings.User, map[settings.Key]*string{
		settings.Temperature: p("warm"), settings.TopP: p("NaN"), settings.FollowUp: p("off"), settings.Verbosity: p("shrill"),
		settings.Instructions: p(strings.Repeat("é", 3001)), "nonesuch": p("x"), settings.Footer: p("true"),
	})
	for k, part := range map[settings.Key]string{
		settings.Temperature: "a number from 0 to 2", settings.TopP: "a number from 0 to 1", settings.FollowUp: "cannot be set here",
		settings.Verbosity: "Concise, Standard, Detailed", settings.Instructions: "3001 characters", "nonesuch": "cannot be set here",
	} {
		if !strings.Contains(mistakes[k], part) {
			t.Errorf("%s: %q", k, mistakes[k])
		}
	}
	if len(mistakes) != 6 {
		t.Errorf("%v", mistakes)
	}
	// Against the model that is chosen in the same form.
	if _, mistakes = v.Check(settings.User, map[settings.Key]*string{settings.Model: p("deep"), settings.Effort: p("max")}); mistakes[settings.Effort] == "" {
		t.Error("an effort that the chosen model has not was taken")
	}
	if changes, mistakes = v.Check(settings.User, map[settings.Key]*string{settings.Model: p("both"), settings.Effort: p("max")}); len(changes) != 2 {
		t.Error(changes, mistakes)
	}
}

// The list keeps to Slack's limits, and to its own promises.
func TestFields(t *testing.T) {
	long := func(what, s string, most int) {
		if n := utf8.RuneCountInString(s); n > most {
			t.Errorf("%s: %d characters, at most %d", what, n, most)
		}
	}
	seen := map[settings.Key]bool{}
	for i, f := range settings.Fields() {
		if seen[f.Key] || (i == 0) != (f.Key == settings.Model) {
			t.Errorf("%s is there twice, or the model is not the first", f.Key)
		}
		seen[f.Key] = true
		long(string(f.Key)+" label", f.Label, 60)
		long(string(f.Key)+" hint", f.Hint, 150)
		for _, model := range []string{"deep", "both", "plain"} {
			a := catalogue{}.Ability(model)
			for _, o := range f.Options(catalogue{}, a) {
				name := fmt.Sprint(f.Key, "=", o.Value)
				long(name+" label", o.Label, 60)
				long(name+" hint", o.Hint, 75)
				long(name, o.Value, 75)
				if v, err := f.Check(o.Value, catalogue{}, a); err != nil || v != o.Value {
					t.Errorf("%s: %v", name, err)
				}
			}
			if f.Default != "" && f.Applies(a) {
				if v, err := f.Check(f.Default, catalogue{}, a); err != nil || v != f.Default {
					t.Errorf("%s: the default %q: %v", f.Key, f.Default, err)
				}
			}
		}
		if (f.Kind == settings.Choice || f.Kind == settings.Flag) != (len(f.Options(catalogue{}, catalogue{}.Ability("both"))) > 1) {
			t.Errorf("%s: its options do not go with its kind", f.Key)
		}
		if slices.Contains(f.Levels, settings.Operator) || len(f.Levels) == 0 {
			t.Errorf("%s: levels %v", f.Key, f.Levels)
		}
	}
}

func TestOlder(t *testing.T) {
	for old, want := range map[string]settings.Key{
		"model": settings.Model, "enable_web_search": settings.WebSearch, "enable_streaming": settings.Streaming, "top_p": settings.TopP, "input_fidelity": "",
	} {
		if k, ok := settings.Older(old); k != want || ok != (want != "") {
			t.Errorf("%s: %q", old, k)
		}
	}
}

// FuzzStored: whatever is stored, what comes out is a value that could be chosen.
func FuzzStored(f *testing.F) {
	for _, raw := range []string{`"old"`, `0.7`, `true`, `null`, `"minimal"`, `[]`, `"` + strings.Repeat("x", 4000) + `"`, `{"`} {
		for i := range settings.Fields() {
			f.Add(raw, i)
		}
	}
	f.Fuzz(func(t *testing.T, raw string, i int) {
		fields := settings.Fields()
		field := fields[((i%len(fields))+len(fields))%len(fields)]
		level := field.Levels[0]
		v := effective(t, nil, map[settings.Level]settings.Stored{level: {field.Key: {Raw: json.RawMessage(raw)}}})
		s := v.Of(field.Key)
		if s.Value == "" || !s.Applies {
			return
		}
		if good, err := field.Check(s.Value, catalogue{}, v.Ability()); err != nil || good != s.Value {
			t.Errorf("%s stored as %q is read as %q: %v", field.Key, raw, s.Value, err)
		}
	})
}

// The page for people has every field, as it is.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	who := map[settings.Level]string{settings.User: "person", settings.Channel: "channel", settings.Thread: "thread"}
	for _, f := range settings.Fields() {
		var levels []string
		for _, l := range f.Levels {
			levels = append(levels, who[l])
		}
		def := "| the model's own |"
		switch {
		case f.Default != "":
			def = "| `" + f.Default + "` |"
		case f.Key == settings.Model:
			def = "| `GPT_MODEL` |"
		case f.Key == settings.Instructions:
			def = "| none |"
		case f.Key == settings.Language:
			def = "| that of the question |"
		}
		row := ""
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, fmt.Sprintf("| `%s` | %s |", f.Key, f.Label)) {
				row = strings.TrimSpace(line)
			}
		}
		if !strings.HasSuffix(row, def+" "+strings.Join(levels, ", ")+" |") {
			t.Errorf("%s: the row is %q", f.Key, row)
		}
		for _, o := range f.Options(catalogue{}, catalogue{}.Ability("both")) {
			if f.Kind == settings.Choice && f.Key != settings.Model && f.Key != settings.ImageModel && !strings.Contains(row, o.Value) {
				t.Errorf("%s: the row lacks %s", f.Key, o.Value)
			}
		}
	}
}
