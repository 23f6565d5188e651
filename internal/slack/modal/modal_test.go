package modal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/settings"
	"holdfast/internal/slack/modal"
)

// catalogue has a model that reasons always, one that may, and one that never does.
type catalogue struct{ names []string }

func (c catalogue) Names() []string {
	if c.names != nil {
		return c.names
	}
	return []string{"both", "deep", "plain"}
}
func (catalogue) Pictures() []string { return []string{"gpt-image-2", "draw"} }
func (catalogue) Ability(name string) settings.Ability {
	switch name {
	case "both":
		return settings.Ability{Name: name, Efforts: []string{"none", "low", "high", "max"}, Verbosity: true, Sampling: settings.Unthought, WebSearch: true}
	case "deep":
		return settings.Ability{Name: name, Efforts: []string{"low", "high"}, Verbosity: true, WebSearch: true}
	}
	return settings.Ability{Name: name, Sampling: settings.Always}
}

// shelf is what is stored.
type shelf struct {
	settings.Store
	stored map[settings.Scope]settings.Stored
}

func (s shelf) Settings(context.Context, []settings.Scope) (map[settings.Scope]settings.Stored, error) {
	return s.stored, nil
}

var (
	thread = settings.Place{Team: "T1", User: "U1", Channel: "C1", Root: "1.000001"}
	direct = settings.Place{Team: "T1", User: "U1", Channel: "D1", Root: "1.000001"}
)

// values are those at a place, with pairs of field and raw JSON stored on levels.
func values(t *testing.T, p settings.Place, m settings.Models, levels map[settings.Level][]string) settings.Values {
	t.Helper()
	sh := shelf{stored: map[settings.Scope]settings.Stored{}}
	for l, pairs := range levels {
		scope, ok := p.Scope(l)
		if !ok {
			t.Fatal("no scope", l)
		}
		sh.stored[scope] = settings.Stored{}
		for i := 0; i < len(pairs); i += 2 {
			sh.stored[scope][settings.Key(pairs[i])] = settings.Entry{Raw: json.RawMessage(pairs[i+1]), By: "U1", At: time.Unix(1, 0)}
		}
	}
	s, err := settings.New(sh, m, map[settings.Key]string{settings.Model: "both"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Effective(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// changes are what a form saves: field=raw.
func changes(t *testing.T, view json.RawMessage, v settings.Values) (map[settings.Key]string, map[string]string, modal.Form) {
	t.Helper()
	f, err := modal.Read(view, "U1")
	if err != nil {
		t.Fatal(err)
	}
	c, mistakes := f.Changes(v)
	out := map[settings.Key]string{}
	for k, raw := range c {
		out[k] = string(raw)
	}
	return out, mistakes, f
}

func TestNothingTouchedIsNothingSaved(t *testing.T) {
	r := start(t)
	for name, levels := range map[string]map[settings.Level][]string{
		"nothing stored": nil,
		"much stored": {settings.User: {"model", `"deep"`, "reasoning_effort", `"high"`, "custom_instructions", `"Be kind.\nPlease."`, "temperature", `0.5`, "web_search", `false`},
			settings.Channel: {"verbosity", `"low"`}},
		"oddities stored": {settings.User: {"model", `"gone"`, "reasoning_effort", `"minimal"`, "temperature", `99`, "language", `["x"]`, "image_quality", `"hd"`}},
	} {
		t.Run(name, func(t *testing.T) {
			r.T = t
			for _, p := range []settings.Place{thread, direct} {
				if p == direct {
					levels = maps.Clone(levels)
					delete(levels, settings.Channel)
				}
				v := values(t, p, catalogue{}, levels)
				for _, l := range []settings.Level{settings.User, settings.Channel, settings.Thread} {
					r.open(modal.Build(modal.View{Place: p, Level: l}, v))
					got, mistakes, f := changes(t, r.submit(), v)
					if len(got)+len(mistakes) > 0 {
						t.Errorf("%s: saves %v, mistakes %v", l, got, mistakes)
					}
					if want := p; f.Place != want {
						t.Errorf("place %+v", f.Place)
					}
				}
			}
		})
	}
}

func TestSaved(t *testing.T) {
	r := start(t)
	v := values(t, thread, catalogue{}, map[settings.Level][]string{settings.User: {"reasoning_effort", `"high"`, "language", `"Deutsch"`, "web_search", "false"}})
	r.open(modal.Build(modal.View{Place: thread, Level: settings.User}, v))
	got, mistakes, f := changes(t, r.submit("reasoning_effort", "low", "language", "", "web_search", "-", "custom_instructions", "Be kind.\n", "temperature", "0.7", "verbosity", "high"), v)
	want := map[settings.Key]string{
		"reasoning_effort": `"low"`, "language": "", "web_search": "", "custom_instructions": `"Be kind."`, "temperature": "0.7", "verbosity": `"high"`,
	}
	if d := cmp.Diff(want, got); d != "" || len(mistakes)+len(f.Mistakes()) > 0 || f.Level != settings.User {
		t.Error(d, mistakes, f.Mistakes(), f.Level)
	}
}

// Each field shows its value, and where it comes from.
func TestSources(t *testing.T) {
	r := start(t)
	v := values(t, thread, catalogue{}, map[settings.Level][]string{
		settings.User: {"reasoning_effort", `"high"`, "language", `"Deutsch"`}, settings.Channel: {"reasoning_effort", `"low"`}, settings.Thread: {"verbosity", `"low"`},
	})
	see := func(key settings.Key) (value, inherit, hint string) {
		e, _, _ := r.find(key)
		if len(e.Element.Options) > 0 {
			inherit = e.Element.Options[0].Text.Text
		}
		return r.value(key), inherit, e.Hint.Text
	}
	for _, c := range []struct {
		level                settings.Level
		key                  settings.Key
		value, inherit, hint string
	}{
		{settings.User, "reasoning_effort", "high", "Default: the model's own", "Here the channel's setting counts: Low."},
		{settings.User, "verbosity", "-", "Default: the model's own", "Here the thread's setting counts: Concise."},
		{settings.User, "model", "-", "Default: both", ""},
		{settings.User, "language", "Deutsch", "", ""},
		{settings.Channel, "reasoning_effort", "low", "Everyone's own; yours: High", ""},
		{settings.Channel, "language", "", "", "Empty: everyone's own."},
		{settings.Channel, "follow_up", "-", "Default: Not answered", ""},
		{settings.Thread, "reasoning_effort", "-", "As in this channel: Low", ""},
		{settings.Thread, "verbosity", "low", "Everyone's own; yours: the model's own", ""},
		{settings.Thread, "follow_up", "-", "Default: Not answered", ""},
	} {
		r.open(modal.Build(modal.View{Place: thread, Level: c.level}, v))
		value, inherit, hint := see(c.key)
		if value != c.value || inherit != c.inherit || !strings.Contains(hint, c.hint) || c.hint == "" && strings.Contains(hint, "counts:") {
			t.Errorf("%s, %s: %q, %q, %q", c.level, c.key, value, inherit, hint)
		}
	}
	r.open(modal.Build(modal.View{Place: thread, Level: settings.User}, v))
	if _, _, ok := r.find(settings.FollowUp); ok {
		t.Error("a person is offered what only channels have")
	}
}

// Another model: other fields, and what was typed is kept, even through a model that
// does not have it.
func TestModelChanges(t *testing.T) {
	r := start(t)
	v := values(t, thread, catalogue{}, map[settings.Level][]string{settings.User: {"reasoning_effort", `"max"`}})
	id := r.open(modal.Build(modal.View{Place: thread, Level: settings.User}, v))
	again := func(model string, entered ...string) {
		t.Helper()
		f, err := modal.Read(r.choose(settings.Model, model, entered...), "U1")
		r.must(err)
		r.update(id, modal.Build(f.View(), v))
	}
	shows := func(pairs ...string) {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			if got := r.value(settings.Key(pairs[i])); got != pairs[i+1] {
				t.Errorf("%s: %q, want %q", pairs[i], got, pairs[i+1])
			}
		}
	}
	again("deep", "temperature", "0.5", "custom_instructions", "typed", "verbosity", "low")
	shows("model", "deep", "temperature", "(not shown)", "reasoning_effort", "high", "custom_instructions", "typed", "verbosity", "low")
	if _, after, _ := r.find(settings.Effort); after.Type != "context" || !strings.Contains(after.Elements[0].Text, "“max”") {
		t.Errorf("nothing says what became of the effort: %+v", after)
	}
	again("plain")
	shows("model", "plain", "temperature", "0.5", "reasoning_effort", "(not shown)", "web_search", "(not shown)", "custom_instructions", "typed", "verbosity", "(not shown)")
	again("-", "custom_instructions", "typed more")
	shows("model", "-", "temperature", "0.5", "reasoning_effort", "max", "custom_instructions", "typed more", "verbosity", "low")
	again("deep")
	got, mistakes, _ := changes(t, r.submit("footer", "false"), v)
	want := map[settings.Key]string{"model": `"deep"`, "custom_instructions": `"typed more"`, "verbosity": `"low"`, "footer": "false"}
	if d := cmp.Diff(want, got); d != "" || len(mistakes) > 0 {
		t.Error(d, mistakes)
	}
}

// Another scope: its own values, with what was typed on top.
func TestScopeChanges(t *testing.T) {
	r := start(t)
	v := values(t, thread, catalogue{}, map[settings.Level][]string{
		settings.User: {"verbosity", `"high"`, "language", `"Deutsch"`}, settings.Channel: {"verbosity", `"low"`, "custom_instructions", `"For all."`},
	})
	id := r.open(modal.Build(modal.View{Place: thread, Level: settings.User}, v))
	view := r.choose("scope", "channel", "custom_instructions", "typed", "footer", "false")
	f, err := modal.Read(view, "U1")
	r.must(err)
	if f.Level != settings.Channel {
		t.Fatal(f.Level)
	}
	// Saved before the modal could change: what was touched, in the new scope.
	got, _, _ := changes(t, view, v)
	want := map[settings.Key]string{"custom_instructions": `"typed"`, "footer": "false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	r.update(id, modal.Build(f.View(), v))
	for key, want := range map[settings.Key]string{"verbosity": "low", "language": "", "custom_instructions": "typed", "footer": "false", "scope": "channel"} {
		if got := r.value(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	got, _, f = changes(t, r.submit("follow_up", "everyone"), v)
	want["follow_up"] = `"everyone"`
	if d := cmp.Diff(want, got); d != "" || f.Level != settings.Channel {
		t.Error(d, f.Level)
	}
}

// Somebody else saves while the modal is open: what this person did not touch stays.
func TestOthersSaveMeanwhile(t *testing.T) {
	r := start(t)
	before := values(t, thread, catalogue{}, map[settings.Level][]string{settings.Channel: {"verbosity", `"low"`}})
	after := values(t, thread, catalogue{}, map[settings.Level][]string{settings.Channel: {"verbosity", `"high"`, "footer", "false"}})
	r.open(modal.Build(modal.View{Place: thread, Level: settings.Channel}, before))
	got, _, _ := changes(t, r.submit("language", "Deutsch"), after)
	if d := cmp.Diff(map[settings.Key]string{"language": `"Deutsch"`}, got); d != "" {
		t.Error(d)
	}
}

// A mistake is told at its field, and nothing is saved.
func TestMistakes(t *testing.T) {
	r := start(t)
	v := values(t, thread, catalogue{}, nil)
	r.open(modal.Build(modal.View{Place: thread, Level: settings.Thread}, v))
	e, _, _ := r.find(settings.Language)
	view := r.submit("language", "Deutsch", "footer", "false")
	// Slack's client checks numbers and lengths itself; others may not.
	broken := json.RawMessage(strings.ReplaceAll(string(view), `"value":"Deutsch"`, fmt.Sprintf("%q:%q", "value", strings.Repeat("x", 50))))
	got, mistakes, f := changes(t, broken, v)
	if len(got) > 0 || len(mistakes) != 1 || !strings.Contains(mistakes[e.BlockID], "at most 40") {
		t.Errorf("saves %v, mistakes %v", got, mistakes)
	}
	if d := cmp.Diff(mistakes, f.Mistakes()); d != "" {
		t.Error(d)
	}
	if whole := f.Error("Sorry."); len(whole) != 1 || whole[""] != "" {
		t.Errorf("%v", whole)
	}
}

func TestScopesOffered(t *testing.T) {
	r := start(t)
	offered := func(p settings.Place, l settings.Level) string {
		r.open(modal.Build(modal.View{Place: p, Level: l, Name: func(l settings.Level) string {
			if l == settings.Channel {
				return "#general"
			}
			return ""
		}}, values(t, p, catalogue{}, nil)))
		e, _, _ := r.find("scope")
		list := ""
		for _, o := range e.Element.Options {
			list += o.Text.Text + "; "
		}
		return list + r.value("scope")
	}
	for _, c := range []struct {
		p    settings.Place
		l    settings.Level
		want string
	}{
		{thread, settings.Thread, "Mine; This channel: #general; This thread; thread"},
		{direct, settings.Thread, "Mine; This thread; thread"},
		{direct, settings.Channel, "Mine; This thread; user"}, // it has none
		{settings.Place{Team: "T1", User: "U1", Channel: "C1"}, settings.Thread, "Mine; This channel: #general; user"},
		{settings.Place{Team: "T1", User: "U1"}, settings.User, "(not shown)"},
	} {
		if got := offered(c.p, c.l); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

// Every view is within Slack's limits, at whatever length.
func TestLimits(t *testing.T) {
	r := start(t)
	wide := strings.Repeat("👩🏽‍🚀", 900)
	names := []string{"both", strings.Repeat("m", 76), strings.Repeat("ö", 70)}
	for i := range 120 {
		names = append(names, fmt.Sprintf("provider/model-%d-%s", i, strings.Repeat("x", 50)))
	}
	instructions := fmt.Sprintf("%q", string([]rune(wide)[:3000]))
	full := []string{
		"model", `"both"`, "reasoning_effort", `"max"`, "verbosity", `"high"`, "temperature", "1.234567890123", "top_p", "0.1234567890123",
		"custom_instructions", instructions, "language", fmt.Sprintf("%q", string([]rune(wide)[:40])), "answer_length", `"medium"`, "channel_context", "50",
	}
	odd := []string{
		"model", fmt.Sprintf("%q", wide), "reasoning_effort", fmt.Sprintf("%q", wide), "verbosity", instructions, "temperature", `1e300`,
		"custom_instructions", fmt.Sprintf("%q", wide), "language", fmt.Sprintf("%q", wide), "image_size", fmt.Sprintf("%q", wide), "follow_up", instructions,
	}
	draft := map[settings.Key]*string{}
	for _, f := range settings.Fields() {
		s := wide
		draft[f.Key] = &s
	}
	ok := strings.Repeat("9", 75)
	hidden := map[settings.Key]*string{}
	for _, f := range settings.Fields() {
		hidden[f.Key] = &ok
	}
	p := settings.Place{Team: strings.Repeat("T", 20), User: "U1", Channel: "C" + strings.Repeat("1", 20), Root: "1234567890.123456"}
	name := func(settings.Level) string { return "#" + strings.Repeat("ü", 80) }
	for stored, pairs := range map[string][]string{"full": full, "odd": odd} {
		for _, l := range []settings.Level{settings.User, settings.Channel, settings.Thread} {
			for i, d := range []map[settings.Key]*string{nil, draft, hidden} {
				v := values(t, p, catalogue{names}, map[settings.Level][]string{settings.User: pairs, settings.Channel: pairs, settings.Thread: pairs})
				view := modal.Build(modal.View{Place: p, Level: l, Draft: d, Name: name}, v)
				r.open(view)
				if n := utf8.RuneCountInString(r.shown().PrivateMetadata); n >= 3000 {
					t.Errorf("%s, %s, draft %d: private_metadata has %d characters", stored, l, i, n)
				}
				if _, err := modal.Read(view, "U1"); err != nil {
					t.Error(err)
				}
			}
		}
	}
	r.open(modal.Loading(p, settings.Thread))
	if f, err := modal.Read(modal.Loading(p, settings.Thread), "U1"); err != nil || f.Place.Root != p.Root || f.Level != settings.Thread || len(f.Draft) > 0 {
		t.Errorf("%+v, %v", f, err)
	}
	r.open(modal.Failed("The settings cannot be read at the moment. " + wide))
	r.open(modal.Failed("Sorry."))
}

// A block whose options change has another id.
func TestIdsNameTheOptions(t *testing.T) {
	seen := map[string]string{} // block → options
	for _, model := range []string{"both", "deep", "plain"} {
		for _, l := range []settings.Level{settings.User, settings.Channel, settings.Thread} {
			v := values(t, thread, catalogue{}, map[settings.Level][]string{settings.User: {"model", fmt.Sprintf("%q", model), "language", `"Deutsch"`}})
			var view struct {
				Blocks []element `json:"blocks"`
			}
			if err := json.Unmarshal(modal.Build(modal.View{Place: thread, Level: l}, v), &view); err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, b := range view.Blocks {
				if b.BlockID == "" {
					continue
				}
				ids = append(ids, b.BlockID)
				options := fmt.Sprint(b.Element.Options)
				if was, ok := seen[b.BlockID]; ok && was != options {
					t.Errorf("%s has these options and those:\n%s\n%s", b.BlockID, was, options)
				}
				seen[b.BlockID] = options
				if !strings.HasSuffix(b.Element.ActionID, b.BlockID) || !strings.HasPrefix(b.Element.ActionID, modal.ActionPrefix) {
					t.Errorf("%s: action %s", b.BlockID, b.Element.ActionID)
				}
			}
			slices.Sort(ids)
			if len(slices.Compact(slices.Clone(ids))) != len(ids) {
				t.Errorf("ids come twice: %v", ids)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	v := values(&testing.T{}, thread, catalogue{}, nil)
	f.Add(string(modal.Build(modal.View{Place: thread, Level: settings.User}, v)))
	f.Add(`{"callback_id":"holdfast_settings","private_metadata":"{\"l\":\"user\",\"k\":[\"model\"],\"d\":{\"top_p\":null}}","blocks":[{"block_id":"b","element":{"action_id":"holdfast_set/model/x"}}],"state":{"values":{"b":{"holdfast_set/model/x":{"selected_option":{"value":"both"}}}}}}`)
	f.Fuzz(func(t *testing.T, view string) {
		form, err := modal.Read(json.RawMessage(view), "U1")
		if err != nil {
			return
		}
		form.Changes(v)
		form.Error("no")
		form.Mistakes()
		modal.Build(form.View(), v)
	})
}
