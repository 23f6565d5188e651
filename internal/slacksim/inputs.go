package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Inputs is what the elements of a message or view hold, as the page sends it: by block_id and action_id, each in
// Slack's state shape, where an option needs its value only.
type Inputs map[string]map[string]json.RawMessage

// InvalidInput refuses what a person entered; Errors says why, by block_id.
type InvalidInput struct {
	BadRequest
	Errors map[string]string `json:"errors"`
}

// Unwrap gives the plain refusal.
func (e *InvalidInput) Unwrap() error { return &e.BadRequest }

func invalidInput(errs map[string]string) *InvalidInput {
	first := slices.Min(slices.Collect(maps.Keys(errs)))
	return &InvalidInput{BadRequest{"invalid_input", "block " + first + ": " + errs[first]}, errs}
}

// place says where elements are, and who looks at them.
type place struct {
	view    string // id of the view, "" in a message
	channel string // of the message, or where the person was when the view opened
	ts      string // of the message
	user    string
}

// touchedKey names what one person entered in one message.
type touchedKey struct{ user, channel, ts string }

// offeredKey names the options that the app offered a person for an external select.
type offeredKey struct{ user, where, block, action string }

func (p place) offered(e *element) offeredKey {
	where := p.view
	if where == "" {
		where = p.channel + "/" + p.ts
	}
	return offeredKey{p.user, where, e.block, e.ActionID}
}

// choice is an option as the page names it.
type choice struct {
	Value       string          `json:"value"`
	Text        json.RawMessage `json:"text"`
	Description json.RawMessage `json:"description"`
	URL         string          `json:"url"`
}

// input is one element's value as the page sends it.
type input struct {
	Type          string          `json:"type"`
	Value         *string         `json:"value"`
	Option        *choice         `json:"selected_option"`
	Options       []choice        `json:"selected_options"`
	User          *string         `json:"selected_user"`
	Users         []string        `json:"selected_users"`
	Channel       *string         `json:"selected_channel"`
	Channels      []string        `json:"selected_channels"`
	Conversation  *string         `json:"selected_conversation"`
	Conversations []string        `json:"selected_conversations"`
	Date          *string         `json:"selected_date"`
	Time          *string         `json:"selected_time"`
	DateTime      *int64          `json:"selected_date_time"`
	RichText      json.RawMessage `json:"rich_text_value"`
	Files         []fileRef       `json:"files"`
	Timezone      string          `json:"timezone"`
}

// fileRef is a file by its id, or as an object that has one.
type fileRef struct{ id string }

func (f *fileRef) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &f.id) == nil && f.id != "" {
		return nil
	}
	var o struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(b, &o); err != nil || o.ID == "" {
		return fmt.Errorf("a file is given by its id")
	}
	f.id = o.ID
	return nil
}

// readInput decodes an INPUT. Unknown properties are mistakes.
func readInput(raw json.RawMessage) (input, error) {
	var in input
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return in, fmt.Errorf("more than one value")
	}
	return in, nil
}

// readHeld decodes an entry of the state.
func readHeld(entry json.RawMessage) (input, error) {
	var in input
	return in, json.Unmarshal(entry, &in)
}

// hold makes the state's entry of an element from an INPUT; why says what is wrong with it.
func (s *Sim) hold(e *element, raw json.RawMessage, at place) (entry json.RawMessage, why string) {
	key, form := stateKey(e.Type)
	in, err := readInput(raw)
	if err != nil {
		return nil, "not a value of a " + e.Type + ": " + err.Error()
	}
	if in.Type != "" && in.Type != e.Type {
		return nil, fmt.Sprintf("the element is a %s, not a %s", e.Type, in.Type)
	}
	var given map[string]json.RawMessage
	_ = json.Unmarshal(raw, &given) // it was decoded just now
	for name := range given {
		if name != key && name != "type" && name != "timezone" {
			return nil, fmt.Sprintf("a %s holds %s, not %s", e.Type, key, name)
		}
	}
	out := map[string]any{"type": e.Type}
	if e.Timezone != "" {
		out["timezone"] = e.Timezone
	}
	switch form {
	case asText:
		if in.Value != nil && *in.Value != "" {
			if utf8.RuneCountInString(*in.Value) > 3000 {
				return nil, "must be at most 3,000 characters"
			}
			out[key] = *in.Value
		} else {
			out[key] = nil
		}
	case asDate:
		out[key], why = moment(in.Date, "2006-01-02")
	case asTime:
		out[key], why = moment(in.Time, "15:04")
	case asUnix:
		switch {
		case in.DateTime == nil:
			out[key] = nil
		case *in.DateTime < 1_000_000_000 || *in.DateTime > 9_999_999_999:
			why = "a moment is a Unix time of ten digits"
		default:
			out[key] = *in.DateTime
		}
	case asOption:
		out[key] = nil
		if in.Option != nil {
			out[key], why = s.option(e, in.Option.Value, at)
		}
	case asOptions:
		out[key], why = s.options(e, in.Options, at)
	case asID, asIDs:
		out[key], why = s.ids(e, in, form, at.user)
	case asRich:
		if len(in.RichText) > 0 && string(in.RichText) != "null" {
			var block struct {
				Type string `json:"type"`
			}
			_, bad := s.checkBlocks(slices.Concat([]byte("["), in.RichText, []byte("]")), onModal, "")
			if bad != nil || json.Unmarshal(in.RichText, &block) != nil || block.Type != "rich_text" {
				return nil, "not a rich_text block"
			}
			out[key] = in.RichText
		}
	case asFiles:
		out[key], why = s.fileObjects(e, in.Files, at.user)
	default:
		return nil, "a " + e.Type + " holds no value"
	}
	if why != "" {
		return nil, why
	}
	entry, err = json.Marshal(out)
	if err != nil {
		return nil, err.Error()
	}
	return entry, ""
}

// moment checks a date or a time of day.
func moment(v *string, layout string) (any, string) {
	if v == nil || *v == "" {
		return nil, ""
	}
	if _, err := time.Parse(layout, *v); err != nil || len(*v) != len(layout) {
		return nil, fmt.Sprintf("%q is not of the form %s", *v, layout)
	}
	return *v, ""
}

// option finds the whole option by its value, among the element's own and those that the app offered.
func (s *Sim) option(e *element, value string, at place) (json.RawMessage, string) {
	own := slices.Concat(e.Options, e.InitialOptions)
	for _, g := range e.Groups {
		own = append(own, g.Options...)
	}
	if len(e.InitialOption) > 0 {
		own = append(own, e.InitialOption)
	}
	for _, raw := range own {
		if optionValue(raw) == value {
			return raw, ""
		}
	}
	if raw, ok := s.acts.offered[at.offered(e)][value]; ok {
		return raw, ""
	}
	return nil, fmt.Sprintf("there is no option with the value %q", value)
}

func optionValue(raw json.RawMessage) string {
	var c choice
	_ = json.Unmarshal(raw, &c) // options were checked with their blocks
	return c.Value
}

func (s *Sim) options(e *element, picked []choice, at place) ([]json.RawMessage, string) {
	out := []json.RawMessage{}
	seen := map[string]bool{}
	for _, c := range picked {
		raw, why := s.option(e, c.Value, at)
		if why != "" {
			return nil, why
		}
		if !seen[c.Value] {
			seen[c.Value] = true
			out = append(out, raw)
		}
	}
	return out, ""
}

// ids checks picked people, channels and conversations, which must be the person's own or public ones.
func (s *Sim) ids(e *element, in input, form shape, user string) (any, string) {
	var one *string
	var many []string
	known := func(id string) bool {
		ch := s.ws.channelBy[id]
		return ch != nil && ch.ID == id && (ch.kind() == "channel" || ch.has(user))
	}
	switch e.Type {
	case "users_select", "multi_users_select":
		one, many = in.User, in.Users
		known = func(id string) bool { return s.ws.userByID[id] != nil }
	case "channels_select", "multi_channels_select":
		one, many = in.Channel, in.Channels
		known = func(id string) bool {
			ch := s.ws.channelBy[id]
			return ch != nil && ch.ID == id && ch.kind() == "channel"
		}
	default:
		one, many = in.Conversation, in.Conversations
	}
	if form == asID {
		if one == nil || *one == "" {
			return nil, ""
		}
		many = []string{*one}
	}
	out := []string{}
	for _, id := range many {
		if id == "" || !known(id) {
			return nil, fmt.Sprintf("%q cannot be picked here", id)
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if form == asID {
		return out[0], ""
	}
	return out, ""
}

// initial is the state's entry of an element that nobody touched.
func (s *Sim) initial(e *element, at place) json.RawMessage {
	key, form := stateKey(e.Type)
	v := map[string]any{}
	first := func(list ...string) any {
		for _, x := range list {
			if x != "" {
				return x
			}
		}
		return nil
	}
	switch form {
	case asText, asRich:
		if len(e.InitialValue) > 0 {
			v[key] = e.InitialValue
		}
	case asDate:
		v[key] = first(e.InitialDate)
	case asTime:
		v[key] = first(e.InitialTime)
	case asUnix:
		if e.InitialDateTime != 0 {
			v[key] = e.InitialDateTime
		}
	case asOption:
		if len(e.InitialOption) > 0 {
			v[key] = e.InitialOption
		}
	case asOptions:
		v[key] = e.InitialOptions
	case asID:
		here := ""
		if e.CurrentOne {
			here = at.channel
		}
		v[key] = first(e.InitialUser, e.InitialChannel, e.InitialConversation, here)
	case asIDs:
		list := slices.Concat(e.InitialUsers, e.InitialChannels, e.InitialConversations)
		if len(list) == 0 && e.CurrentOne && at.channel != "" {
			list = []string{at.channel}
		}
		v[key] = list
	}
	raw, err := json.Marshal(v)
	if err == nil {
		if entry, why := s.hold(e, raw, at); why == "" {
			return entry
		}
	}
	// An initial value that cannot be, such as a user who is gone, counts as none.
	entry, _ := s.hold(e, json.RawMessage("{}"), at)
	return entry
}

// carry makes the values of elements: what was held before where it still fits, else the initial values.
func (s *Sim) carry(list []*element, before values, at place) values {
	out := values{}
	for _, e := range list {
		if key, _ := stateKey(e.Type); key == "" {
			continue
		}
		if old := before[e.block][e.ActionID]; old != nil {
			if entry, why := s.hold(e, old, at); why == "" {
				out.set(e.block, e.ActionID, entry)
				continue
			}
		}
		out.set(e.block, e.ActionID, s.initial(e, at))
	}
	return out
}

// fill takes the page's STATE into the values; problems come back by block_id.
func (s *Sim) fill(list []*element, into values, state Inputs, at place) map[string]string {
	errs := map[string]string{}
	for block, m := range state {
		for action, raw := range m {
			e := findElement(list, block, action)
			if e == nil {
				errs[block] = fmt.Sprintf("no element with action_id %q there", action)
				continue
			}
			entry, why := s.hold(e, raw, at)
			if why != "" {
				errs[block] = why
				continue
			}
			into.set(block, action, entry)
		}
	}
	return errs
}

// fileObjects are the files of a file_input, which must be the person's own.
func (s *Sim) fileObjects(e *element, refs []fileRef, user string) (any, string) {
	out := []any{}
	for _, r := range refs {
		f := s.ws.files.live(r.id)
		if f == nil || f.User != user {
			return nil, fmt.Sprintf("no file %q of this person: upload it first", r.id)
		}
		end := strings.TrimPrefix(strings.ToLower(path.Ext(f.Name)), ".") // Slack: filetypes are file extensions
		if len(e.FileTypes) > 0 && !slices.Contains(e.FileTypes, f.Filetype) && !slices.Contains(e.FileTypes, end) {
			return nil, fmt.Sprintf("%s is a %s: pick a %s", f.Name, f.Filetype, strings.Join(e.FileTypes, " or "))
		}
		out = append(out, f.inMessage(true))
	}
	return out, ""
}

// give lets the app see the files of a submitted view.
func (s *Sim) give(list []*element, v values) {
	for _, e := range list {
		if e.Type != "file_input" {
			continue
		}
		in, err := readHeld(v[e.block][e.ActionID])
		if err != nil {
			continue // never: the entry was made here
		}
		for _, r := range in.Files {
			if f := s.ws.files.live(r.id); f != nil {
				f.given = true
			}
		}
	}
}
