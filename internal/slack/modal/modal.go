package modal

import (
	"encoding/json"
	"fmt"
	"strings"

	"holdfast/internal/settings"
)

// The callback ids of our views. An action id of theirs begins with ActionPrefix.
const (
	Callback        = "holdfast_settings"
	LoadingCallback = "holdfast_settings_loading"
	ActionPrefix    = "holdfast_set/"
)

const (
	inherit = "-"     // the option that clears a field; no field has such a value
	picker  = "scope" // in the place of a key
	most    = 75      // characters of an option's value
)

// View is what to build.
type View struct {
	Place settings.Place
	Level settings.Level              // whose settings are shown; one that the place has not: the person's
	Draft map[settings.Key]*string    // entered and not saved; nil: cleared
	Name  func(settings.Level) string // of the channel, "#general"; may be nil
}

// Build makes the modal. v are the values at the place, without the draft.
func Build(o View, v settings.Values) json.RawMessage {
	if _, ok := o.Place.Scope(o.Level); !ok {
		o.Level = settings.User
	}
	b := builder{View: o, values: v.Try(o.Level, o.Draft), hidden: map[settings.Key]*string{}}
	b.level = b.values.Upto(o.Level)
	b.below = b.values.Below(o.Level)
	b.scope()
	for _, g := range groups() {
		b.group(g)
	}
	return encode(object{
		"type": "modal", "callback_id": Callback, "title": plain("Settings", 24), "submit": plain("Save", 24), "close": plain("Cancel", 24),
		"private_metadata": b.metadata(), "blocks": b.blocks,
	})
}

// group is fields under one heading.
type group struct {
	title string
	keys  []settings.Key
}

func groups() []group {
	return []group{
		{"Model and reasoning", []settings.Key{settings.Model, settings.Effort, settings.Verbosity, settings.Temperature, settings.TopP, settings.WebSearch}},
		{"Answers", []settings.Key{settings.Instructions, settings.Length, settings.Language, settings.Streaming, settings.LongAnswers, settings.Footer, settings.Feedback}},
		{"Conversation", []settings.Key{settings.FollowUp, settings.Midturn, settings.ChannelContext}},
		{"Pictures", []settings.Key{settings.ImageModel, settings.ImageSize, settings.ImageQuality, settings.ImageBackground, settings.VisionDetail}},
	}
}

type builder struct {
	View
	values settings.Values // with the draft
	level  settings.Values // of them, up to the level
	below  settings.Values // and below it
	blocks []object
	drafts []settings.Key           // of the draft, shown
	hidden map[settings.Key]*string // of the draft, not shown
}

func (b *builder) id(what, version string) string {
	return strings.TrimSuffix(what+"/"+string(b.Level)+"/"+version, "/")
}

// scope says whose settings these are, and lets choose where there is a choice.
func (b *builder) scope() {
	var options []object
	var chosen object
	for _, l := range []settings.Level{settings.User, settings.Channel, settings.Thread} {
		if _, ok := b.Place.Scope(l); !ok && l != settings.User {
			continue
		}
		o := option(string(l), b.title(l), reach(l))
		options = append(options, o)
		if l == b.Level {
			chosen = o
		}
	}
	if len(options) > 1 {
		id := picker + "/" + version(options)
		b.blocks = append(b.blocks, input(id, "Whose settings", "", object{
			"type": "radio_buttons", "action_id": ActionPrefix + id, "options": options, "initial_option": chosen,
		}, true))
	} else {
		b.blocks = append(b.blocks, section("Your settings count wherever you talk to me."))
	}
}

func (b *builder) title(l settings.Level) string {
	name := ""
	if b.Name != nil {
		name = b.Name(l)
	}
	switch {
	case l == settings.User:
		return "Mine"
	case l == settings.Thread:
		return "This thread"
	case name != "":
		return clip("This channel: "+name, 75)
	}
	return "This channel"
}

func reach(l settings.Level) string {
	switch l {
	case settings.Channel:
		return "For everybody who asks me here, over their own"
	case settings.Thread:
		return "For everybody in this thread, over all others"
	case settings.Operator, settings.User:
	}
	return "Wherever you talk to me"
}

func (b *builder) group(g group) {
	titled := false
	for _, k := range g.keys {
		f, ok := settings.Lookup(k)
		if !ok {
			continue
		}
		if !f.At(b.Level) || !f.Applies(b.level.Ability()) {
			if d, ok := b.Draft[k]; ok && (d == nil || len(*d) <= most) {
				b.hidden[k] = d
			}
			continue
		}
		if !titled {
			b.blocks = append(b.blocks, header(g.title))
			titled = true
		}
		b.field(f)
	}
}

func (b *builder) field(f settings.Field) {
	own, set := b.level.Own(b.Level, f.Key)
	draft, drafted := b.Draft[f.Key]
	if drafted {
		b.drafts = append(b.drafts, f.Key)
		own.Note = ""
	}
	hint := f.Hint
	if above := b.values.Of(f.Key); above.Applies && higher(above.Source, b.Level) {
		hint = join(hint, fmt.Sprintf("Here %s counts: %s.", whose(above.Source), b.name(f, above.Value)))
	}
	var element object
	id := b.id(string(f.Key), "")
	switch f.Kind {
	case settings.Text:
		element = b.text(f, own.Value, set, draft, drafted)
		hint = join(hint, b.otherwise(f))
	case settings.Number:
		element = b.number(f, own.Value, set)
		hint = join(hint, b.otherwise(f))
	case settings.Choice, settings.Flag:
		options, chosen := b.options(f, own.Value, set)
		id = b.id(string(f.Key), version(options))
		element = object{"type": "static_select", "options": options, "initial_option": chosen}
	}
	element["action_id"] = ActionPrefix + id
	b.blocks = append(b.blocks, input(id, f.Label, hint, element, f.Key == settings.Model))
	if own.Note != "" {
		b.blocks = append(b.blocks, aside("⚠️ "+own.Note))
	}
}

func (b *builder) text(f settings.Field, value string, set bool, draft *string, drafted bool) object {
	if drafted && draft != nil { // as it was typed, also if it cannot be
		value, set = *draft, true
	}
	e := object{"type": "plain_text_input", "max_length": f.MaxLength, "multiline": f.Lines}
	if set && value != "" {
		e["initial_value"] = clip(value, f.MaxLength)
	}
	if below := b.below.Of(f.Key).Value; below != "" {
		e["placeholder"] = plain(strings.ReplaceAll(below, "\n", " "), 150)
	}
	return e
}

func (b *builder) number(f settings.Field, value string, set bool) object {
	e := object{
		"type": "number_input", "is_decimal_allowed": !f.Whole,
		"min_value": fmt.Sprint(f.Least), "max_value": fmt.Sprint(f.Most),
	}
	if set && value != "" {
		e["initial_value"] = value
	}
	if below := b.below.Of(f.Key).Value; below != "" {
		e["placeholder"] = plain(below, 150)
	}
	return e
}

// options are those of the field, after the one that clears it.
func (b *builder) options(f settings.Field, value string, set bool) (list []object, chosen object) {
	below := b.below.Of(f.Key)
	chosen = option(inherit, b.inherited(f, below), "")
	list = append(list, chosen)
	for _, o := range f.Options(b.values.Models(), b.level.Ability()) {
		if len(list) == 100 || len(clip(o.Value, most)) != len(o.Value) {
			continue
		}
		made := option(o.Value, o.Label, o.Hint)
		list = append(list, made)
		if set && o.Value == value {
			chosen = made
		}
	}
	return list, chosen
}

// inherited is what it means not to set a field here.
func (b *builder) inherited(f settings.Field, below settings.Setting) string {
	name := b.name(f, below.Value)
	switch {
	case b.Level == settings.User || !f.At(settings.User) && b.Level == settings.Channel:
		return "Default: " + name
	case below.Source == settings.Channel:
		return "As in this channel: " + name
	case !f.At(settings.User):
		return "Default: " + name
	}
	return "Everyone's own; yours: " + name
}

// otherwise says what an empty field means.
func (b *builder) otherwise(f settings.Field) string {
	below := b.below.Of(f.Key)
	switch {
	case below.Source == settings.Channel:
		return "Empty: as in this channel."
	case b.Level != settings.User:
		return "Empty: everyone's own."
	case below.Value != "" && f.Kind == settings.Number:
		return "Empty: " + below.Value + "."
	}
	return ""
}

// name is how a value is shown, also where there is none.
func (b *builder) name(f settings.Field, value string) string {
	if value != "" {
		return clip(f.Name(value, b.values.Models(), b.level.Ability()), 60)
	}
	switch f.Key { //nolint:exhaustive // the others have a default
	case settings.Effort, settings.Verbosity, settings.Temperature, settings.TopP:
		return "the model's own"
	}
	return "none"
}

func whose(l settings.Level) string {
	if l == settings.Thread {
		return "the thread's setting"
	}
	return "the channel's setting"
}

func higher(l, than settings.Level) bool {
	at := map[settings.Level]int{}
	for i, x := range settings.Levels() {
		at[x] = i
	}
	return at[l] > at[than]
}

func join(a, b string) string { return strings.TrimSpace(a + " " + b) }
