package modal

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/internal/chat"
	"holdfast/internal/settings"
)

// metadata is what a view carries in private_metadata, beside Slack's state.
type metadata struct {
	Team    string                   `json:"t,omitempty"`
	Channel string                   `json:"c,omitempty"`
	Root    chat.TS                  `json:"r,omitempty"`
	Level   settings.Level           `json:"l"`
	Drafts  []settings.Key           `json:"k,omitempty"` // shown fields that were changed before the view was built
	Hidden  map[settings.Key]*string `json:"d,omitempty"` // changed fields that are not shown
}

func (m metadata) String() string {
	b, err := json.Marshal(m)
	if err != nil {
		return "" // never: strings
	}
	return string(b)
}

func (b *builder) metadata() string {
	m := metadata{Team: b.Place.Team, Channel: b.Place.Channel, Root: b.Place.Root, Level: b.Level, Drafts: b.drafts, Hidden: b.hidden}
	return m.String()
}

// Form is what a view of ours says when it comes back.
type Form struct {
	Place settings.Place           // without the person
	Level settings.Level           // that is chosen in it
	Draft map[settings.Key]*string // what the person changed; nil: cleared

	shown map[settings.Key]string // the block of each field
	first string                  // a block that can carry an error
}

// state is a value in a view's state, or an element with its initial value.
type state struct {
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
	Initial  string `json:"initial_value"`
	Option   chosen `json:"selected_option"`
	Was      chosen `json:"initial_option"`
}

type chosen struct {
	Value string `json:"value"`
}

// entered is the value; nil: none.
func entered(value string, option chosen) *string {
	if value == "" {
		value = option.Value
	}
	if value == "" || value == inherit {
		return nil
	}
	return &value
}

// Read reads a view as Slack sends it with a click or a submission by user. Its error
// means that the view is none of ours.
func Read(view json.RawMessage, user string) (Form, error) {
	var v struct {
		CallbackID string `json:"callback_id"`
		Metadata   string `json:"private_metadata"`
		Blocks     []struct {
			BlockID string `json:"block_id"`
			Element state  `json:"element"`
		} `json:"blocks"`
		State struct {
			Values map[string]map[string]state `json:"values"`
		} `json:"state"`
	}
	if err := json.Unmarshal(view, &v); err != nil {
		return Form{}, fmt.Errorf("read the view: %w", err)
	}
	var m metadata
	if err := json.Unmarshal([]byte(v.Metadata), &m); err != nil || v.CallbackID != Callback && v.CallbackID != LoadingCallback {
		return Form{}, fmt.Errorf("the view %q is none of settings", v.CallbackID)
	}
	f := Form{
		Place: settings.Place{Team: m.Team, User: user, Channel: m.Channel, Root: m.Root}, Level: m.Level,
		Draft: maps.Clone(m.Hidden), shown: map[settings.Key]string{},
	}
	if f.Draft == nil {
		f.Draft = map[settings.Key]*string{}
	}
	for _, b := range v.Blocks {
		name, ok := strings.CutPrefix(b.Element.ActionID, ActionPrefix)
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "/")
		now, held := v.State.Values[b.BlockID][b.Element.ActionID]
		key := settings.Key(name)
		if name == picker {
			if l := settings.Level(now.Option.Value); l != "" {
				f.Level = l
			}
			f.first = b.BlockID
			continue
		}
		if _, known := settings.Lookup(key); !known {
			continue
		}
		f.shown[key] = b.BlockID
		if f.first == "" {
			f.first = b.BlockID
		}
		is, was := entered(now.Value, now.Option), entered(b.Element.Initial, b.Element.Was)
		if held && (!same(is, was) || slices.Contains(m.Drafts, key)) {
			f.Draft[key] = is
		}
	}
	return f, nil
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// View is the same modal once more, for the scope and the model that are chosen in it.
func (f Form) View() View { return View{Place: f.Place, Level: f.Level, Draft: f.Draft} }

// Mistakes are those of [Form.Changes] that can be told from the form alone, for an
// acknowledgement that must not wait for a database.
func (f Form) Mistakes() map[string]string {
	mistakes := map[string]string{}
	for k, d := range f.Draft {
		field, known := settings.Lookup(k)
		block, shown := f.shown[k]
		if !known || !shown || d == nil || field.Kind != settings.Text && field.Kind != settings.Number {
			continue
		}
		if _, err := field.Check(*d, nil, settings.Ability{}); err != nil {
			mistakes[block] = err.Error()
		}
	}
	return mistakes
}

// Changes are what to save on the form's level. Mistakes are sentences by the id of the
// block that they belong to, as response_action "errors" wants them; then there is
// nothing to save. v are the values at the place.
func (f Form) Changes(v settings.Values) (c settings.Changes, mistakes map[string]string) {
	draft := map[settings.Key]*string{}
	for k := range f.shown {
		if field, ok := settings.Lookup(k); ok && field.At(f.Level) { // the picker may have moved on before the view did
			if d, changed := f.Draft[k]; changed {
				draft[k] = d
			}
		}
	}
	c, wrong := v.Check(f.Level, draft)
	if len(wrong) == 0 {
		return c, nil
	}
	mistakes = map[string]string{}
	for k, say := range wrong {
		mistakes[f.shown[k]] = say
	}
	return nil, mistakes
}

// Error is a mistake of the whole form, in the form that response_action "errors" wants.
func (f Form) Error(say string) map[string]string { return map[string]string{f.first: say} }
