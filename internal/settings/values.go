package settings

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Setting is one field's value, and where it comes from.
type Setting struct {
	Value   string // empty: none, which the model or the assistant decides
	Source  Level  // Operator also where nobody said anything
	Applies bool   // to the model that is chosen
	By      string // who set it, by id; empty for the operator
	At      time.Time
	Note    string // what was stored and is not used as it stands, in a sentence; else empty
}

// Values are all settings at a place. The zero Values are of no use; [Settings] makes
// them. They never change.
type Values struct {
	models  Models
	layers  map[Level]Stored
	ability Ability
	merged  map[Key]Setting
}

// merge puts the levels together. The model comes first, as others hang on it.
func merge(m Models, layers map[Level]Stored) Values {
	v := Values{models: m, layers: layers, merged: map[Key]Setting{}}
	for _, f := range Fields() { // Model is the first
		s := v.pick(f)
		if f.Key == Model {
			v.ability = m.Ability(s.Value)
			s.Applies = true
		}
		v.merged[f.Key] = s
	}
	return v
}

// pick finds the field's value on the highest level that has one that can be used.
func (v Values) pick(f Field) Setting {
	notes := ""
	for _, l := range slices.Backward(Levels()) {
		if l != Operator && !f.At(l) {
			continue
		}
		s, ok := v.own(f, l)
		if notes == "" {
			notes = s.Note
		}
		if ok {
			s.Note = notes
			return s
		}
	}
	return Setting{Value: f.Default, Source: Operator, Applies: f.Applies(v.ability), Note: notes}
}

// own reads what one level has; false if it has nothing that can be used.
func (v Values) own(f Field, l Level) (Setting, bool) {
	e, set := v.layers[l][f.Key]
	if !set || len(e.Raw) == 0 {
		return Setting{}, false
	}
	s := Setting{Source: l, By: e.By, At: e.At, Applies: f.Applies(v.ability)}
	if !s.Applies {
		// It may count again with another model.
		s.Value, _, _ = f.read(e.Raw, v.models, v.ability)
		return s, true
	}
	ok := false
	s.Value, s.Note, ok = f.read(e.Raw, v.models, v.ability)
	if !ok && l == Operator && f.Key == Model && s.Note != "" {
		// The operator's model is theirs to name: another endpoint has other names.
		s.Value, s.Note, ok = v.models.Ability(trim(e.Raw)).Name, "", true
	}
	return s, ok
}

// trim takes the quotes off a JSON string.
func trim(raw []byte) string {
	if s, err := strconv.Unquote(string(raw)); err == nil {
		return s
	}
	return string(raw)
}

// Of is a field's setting.
func (v Values) Of(k Key) Setting { return v.merged[k] }

// Own is what one level itself says of a field; false if nothing that can be used. The
// note tells what was stored there and cannot.
func (v Values) Own(l Level, k Key) (Setting, bool) {
	f, ok := Lookup(k)
	if !ok {
		return Setting{}, false
	}
	return v.own(f, l)
}

// Upto is as if the levels above l were empty.
func (v Values) Upto(l Level) Values {
	return v.without(func(other Level) bool { return rank(other) > rank(l) })
}

// Below is as if l and the levels above it were empty: what a field would be that is
// not set on l.
func (v Values) Below(l Level) Values {
	return v.without(func(other Level) bool { return rank(other) >= rank(l) })
}

func (v Values) without(drop func(Level) bool) Values {
	layers := maps.Clone(v.layers)
	maps.DeleteFunc(layers, func(l Level, _ Stored) bool { return drop(l) })
	return merge(v.models, layers)
}

// With is as if the changes were saved on a level.
func (v Values) With(l Level, c Changes) Values {
	layers := maps.Clone(v.layers)
	layer := maps.Clone(layers[l])
	if layer == nil {
		layer = Stored{}
	}
	for k, raw := range c {
		if raw == nil {
			delete(layer, k)
		} else {
			layer[k] = Entry{Raw: raw}
		}
	}
	layers[l] = layer
	return merge(v.models, layers)
}

// Try is as if what a person entered were saved on a level, as far as it can be.
func (v Values) Try(l Level, entered map[Key]*string) Values {
	c := Changes{}
	for k, e := range entered {
		f, known := Lookup(k)
		switch {
		case !known:
		case e == nil:
			c[k] = nil
		case f.Kind == Number || f.Kind == Flag:
			if good, err := f.Check(*e, v.models, v.ability); err == nil {
				c[k] = f.encode(good)
			}
		default:
			c[k] = f.encode(*e)
		}
	}
	return v.With(l, c)
}

func rank(l Level) int { return slices.Index(Levels(), l) }

// Ability is what the chosen model takes.
func (v Values) Ability() Ability { return v.ability }

// Models tells what can be chosen.
func (v Values) Models() Models { return v.models }

// Check makes changes to a level of what a person entered, by field: nil clears it.
// What is as it was is left out. Mistakes are sentences for the person, by field;
// then there are no changes.
func (v Values) Check(l Level, entered map[Key]*string) (Changes, map[Key]string) {
	changes, mistakes := Changes{}, map[Key]string{}
	// The model that they chose decides about the rest.
	a := v.ability
	if e, ok := entered[Model]; ok {
		only := Changes{Model: nil}
		if e != nil {
			only[Model] = fieldOf(Model).encode(*e)
		}
		a = v.Upto(l).With(l, only).ability
	}
	for k, e := range entered {
		f, known := Lookup(k)
		was, set := v.layers[l][k]
		set = set && len(was.Raw) > 0
		switch {
		case !known || !f.At(l):
			mistakes[k] = "This cannot be set here."
		case e == nil:
			if set {
				changes[k] = nil
			}
		default:
			good, err := f.Check(*e, v.models, a)
			if err != nil {
				mistakes[k] = err.Error()
				continue
			}
			if raw := f.encode(good); !set || string(raw) != string(was.Raw) {
				changes[k] = raw
			}
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return changes, nil
}

func fieldOf(k Key) Field { f, _ := Lookup(k); return f }

// value is a field's value, empty if it means nothing with the model.
func (v Values) value(k Key) string {
	if s := v.merged[k]; s.Applies {
		return s.Value
	}
	return ""
}

func (v Values) number(k Key) *float64 {
	n, err := strconv.ParseFloat(v.value(k), 64)
	if err != nil {
		return nil
	}
	return &n
}

// sampled reports whether the model takes temperature and top_p with its effort.
func (v Values) sampled() bool {
	return v.ability.Sampling == Always || v.ability.Sampling == Unthought && v.Effort() == "none"
}

// Model is the name to ask for.
func (v Values) Model() string { return v.ability.Name }

// Effort is the reasoning effort; empty: the model's own.
func (v Values) Effort() string { return v.value(Effort) }

// Verbosity is low, medium or high; empty: the model's own.
func (v Values) Verbosity() string { return v.value(Verbosity) }

// Temperature is from 0 to 2; nil: the model's own, or it takes none.
func (v Values) Temperature() *float64 {
	if !v.sampled() {
		return nil
	}
	return v.number(Temperature)
}

// TopP is from 0 to 1; nil: the model's own, or it takes none.
func (v Values) TopP() *float64 {
	if !v.sampled() {
		return nil
	}
	return v.number(TopP)
}

// Instructions are the person's, the channel's or the thread's own words.
func (v Values) Instructions() string { return v.value(Instructions) }

// Length is auto, short, medium or long.
func (v Values) Length() string { return v.value(Length) }

// Language is in the person's words; empty: that of the question.
func (v Values) Language() string { return v.value(Language) }

// WebSearch reports whether the model may search the web.
func (v Values) WebSearch() bool { return v.value(WebSearch) == "true" }

// Streaming reports whether an answer is shown as it is written.
func (v Values) Streaming() bool { return v.value(Streaming) == "true" }

// LongAnswers is parts or file.
func (v Values) LongAnswers() string { return v.value(LongAnswers) }

// Footer reports whether answers have a line under them.
func (v Values) Footer() bool { return v.value(Footer) == "true" }

// Feedback reports whether answers have buttons to judge them.
func (v Values) Feedback() bool { return v.value(Feedback) == "true" }

// FollowUp is off, asker or everyone.
func (v Values) FollowUp() string { return v.value(FollowUp) }

// Midturn is queue, steer or interrupt.
func (v Values) Midturn() string { return v.value(Midturn) }

// ChannelContext is how many messages before a mention are read; 0: none.
func (v Values) ChannelContext() int {
	n, err := strconv.Atoi(v.value(ChannelContext))
	if err != nil {
		return 0
	}
	return n
}

// ImageModel draws.
func (v Values) ImageModel() string { return v.value(ImageModel) }

// ImageSize is auto, or width x height in pixels.
func (v Values) ImageSize() string { return v.value(ImageSize) }

// ImageQuality is auto, low, medium or high.
func (v Values) ImageQuality() string { return v.value(ImageQuality) }

// ImageBackground is auto, opaque or transparent.
func (v Values) ImageBackground() string { return v.value(ImageBackground) }

// VisionDetail is auto, low or high.
func (v Values) VisionDetail() string { return v.value(VisionDetail) }
