package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Key names a field, in the store and everywhere else. A key never changes its meaning.
type Key string

// The keys.
const (
	Model           Key = "model"
	Effort          Key = "reasoning_effort"
	Verbosity       Key = "verbosity"
	Temperature     Key = "temperature"
	TopP            Key = "top_p"
	Instructions    Key = "custom_instructions"
	Length          Key = "answer_length"
	Language        Key = "language"
	WebSearch       Key = "web_search"
	Streaming       Key = "streaming"
	LongAnswers     Key = "long_answers"
	Footer          Key = "footer"
	Feedback        Key = "feedback"
	FollowUp        Key = "follow_up"
	Midturn         Key = "midturn"
	ChannelContext  Key = "channel_context"
	ImageModel      Key = "image_model"
	ImageSize       Key = "image_size"
	ImageQuality    Key = "image_quality"
	ImageBackground Key = "image_background"
	VisionDetail    Key = "vision_detail"
)

// Kind is how a field is filled in.
type Kind int

// The kinds.
const (
	Choice Kind = iota + 1 // one of some
	Flag                   // "true" or "false"
	Number                 // between two bounds
	Text
)

// Option is one value to choose.
type Option struct {
	Value string // at most 75 characters
	Label string // at most 60 characters
	Hint  string // at most 75 characters, or empty
}

// Field is one thing to set. A value is text everywhere but in the store: "0.7",
// "true", "high"; empty is none, which the model or the assistant decides.
type Field struct {
	Key       Key
	Label     string // at most 60 characters
	Hint      string // at most 150 characters
	Kind      Kind
	Default   string  // where the operator says nothing
	Levels    []Level // where people may set it
	MaxLength int     // of a Text, in characters
	Lines     bool    // a Text of several lines
	Least     float64 // of a Number
	Most      float64
	Whole     bool // a Number without fractions

	options func(Models, Ability) []Option
	applies func(Ability) bool
	alias   func(value string, m Models, a Ability) string // what an older value is read as; empty: nothing
}

// Lookup finds a field.
func Lookup(k Key) (Field, bool) {
	for _, f := range Fields() {
		if f.Key == k {
			return f, true
		}
	}
	return Field{}, false
}

// At reports whether people may set the field on the level.
func (f Field) At(l Level) bool { return slices.Contains(f.Levels, l) }

// Applies reports whether the field means anything with the model.
func (f Field) Applies(a Ability) bool { return f.applies == nil || f.applies(a) }

// Options are what a Choice or a Flag can be with the model, in order.
func (f Field) Options(m Models, a Ability) []Option {
	switch {
	case f.Kind == Flag:
		return []Option{{Value: "true", Label: "On"}, {Value: "false", Label: "Off"}}
	case f.options == nil:
		return nil
	}
	return f.options(m, a)
}

// Name is how a value is shown to people: the label of its option, or itself.
func (f Field) Name(value string, m Models, a Ability) string {
	for _, o := range f.Options(m, a) {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// Check reads what a person entered, which may be written a little differently, and
// returns it as it is kept. Its error is a sentence for the person.
func (f Field) Check(entered string, m Models, a Ability) (string, error) {
	switch f.Kind {
	case Number:
		return f.number(entered)
	case Text:
		return f.text(entered)
	}
	options := f.Options(m, a)
	for _, o := range options {
		if o.Value == entered {
			return entered, nil
		}
	}
	return "", errors.New("This cannot be chosen any more. Please pick one of: " + listed(options, func(o Option) string { return o.Label }) + ".") //nolint:staticcheck // read by a person
}

func listed(options []Option, part func(Option) string) string {
	var parts []string
	for _, o := range options {
		parts = append(parts, part(o))
	}
	return strings.Join(parts, ", ")
}

// want is what the operator may write.
func (f Field) want(m Models, a Ability) string {
	switch f.Kind {
	case Number:
		return fmt.Sprintf("want a number from %v to %v", f.Least, f.Most)
	case Text:
		return fmt.Sprintf("want at most %d characters", f.MaxLength)
	case Choice, Flag:
	}
	return "want one of: " + listed(f.Options(m, a), func(o Option) string { return o.Value })
}

func (f Field) number(entered string) (string, error) {
	n, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(entered), ",", ".", 1), 64)
	// Written so that NaN is refused too.
	if err != nil || !(n >= f.Least && n <= f.Most) || f.Whole && n != math.Trunc(n) {
		a := "a number"
		if f.Whole {
			a = "a whole number"
		}
		return "", fmt.Errorf("Please write %s from %v to %v.", a, f.Least, f.Most) //nolint:staticcheck // read by a person
	}
	return strconv.FormatFloat(n, 'f', -1, 64), nil
}

func (f Field) text(entered string) (string, error) {
	clean := strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && f.Lines, r == '\t' && f.Lines:
			return r
		case r == '\n', r == '\t':
			return ' '
		case unicode.IsControl(r), r == utf8.RuneError:
			return -1
		}
		return r
	}, strings.ReplaceAll(entered, "\r\n", "\n")))
	if n := utf8.RuneCountInString(clean); n > f.MaxLength {
		return "", fmt.Errorf("This is %d characters long; at most %d are possible. Please shorten it.", n, f.MaxLength) //nolint:staticcheck // read by a person
	}
	return clean, nil
}

// encode writes a value as the store keeps it.
func (f Field) encode(value string) json.RawMessage {
	if f.Kind == Number || f.Kind == Flag {
		return json.RawMessage(value) // Check made it a number, or true or false
	}
	b, err := json.Marshal(value)
	if err != nil {
		return json.RawMessage("null") // never: a string
	}
	return b
}

// read takes a stored value for what it is worth with a model. note says what is wrong
// with it; ok is false if it counts as not set.
func (f Field) read(raw json.RawMessage, m Models, a Ability) (value, note string, ok bool) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", "What was set here cannot be read, and is not used.", false
	}
	switch x := v.(type) {
	case string:
		value = strings.TrimSpace(x)
	case bool:
		value = strconv.FormatBool(x)
	case float64:
		value = strconv.FormatFloat(x, 'f', -1, 64)
	default:
		return "", "What was set here cannot be read, and is not used.", false
	}
	if f.Kind == Flag {
		if b, err := strconv.ParseBool(strings.ToLower(value)); err == nil { // 1 and 0, as older databases have it
			value = strconv.FormatBool(b)
		}
	}
	if value == "" {
		return "", "", f.Kind == Text // an empty text is a choice: none
	}
	if good, err := f.Check(value, m, a); err == nil {
		return good, "", true
	}
	if f.alias != nil {
		if other := f.alias(value, m, a); other != "" {
			return other, fmt.Sprintf("Set to “%s”, which is not available; used instead: %s.", short(value), f.Name(other, m, a)), true
		}
	}
	return "", fmt.Sprintf("Set to “%s”, which is not possible here any more, and is not used.", short(value)), false
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}
