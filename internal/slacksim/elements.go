package slacksim

import (
	"encoding/json"
	"slices"
)

// element is an interactive element of blocks that were checked.
type element struct {
	Type        string          `json:"type"`
	ActionID    string          `json:"action_id"`
	Text        json.RawMessage `json:"text"`
	Value       *string         `json:"value"`
	URL         string          `json:"url"`
	Style       string          `json:"style"`
	Icon        string          `json:"icon"`
	Placeholder json.RawMessage `json:"placeholder"`
	Confirm     json.RawMessage `json:"confirm"`
	VisibleTo   []string        `json:"visible_to_user_ids"`
	Positive    *button         `json:"positive_button"`
	Negative    *button         `json:"negative_button"`

	Options []json.RawMessage `json:"options"`
	Groups  []struct {
		Options []json.RawMessage `json:"options"`
	} `json:"option_groups"`

	InitialValue         json.RawMessage   `json:"initial_value"` // a string, or rich text
	InitialOption        json.RawMessage   `json:"initial_option"`
	InitialOptions       []json.RawMessage `json:"initial_options"`
	InitialUser          string            `json:"initial_user"`
	InitialUsers         []string          `json:"initial_users"`
	InitialChannel       string            `json:"initial_channel"`
	InitialChannels      []string          `json:"initial_channels"`
	InitialConversation  string            `json:"initial_conversation"`
	InitialConversations []string          `json:"initial_conversations"`
	InitialDate          string            `json:"initial_date"`
	InitialTime          string            `json:"initial_time"`
	InitialDateTime      int64             `json:"initial_date_time"`
	Timezone             string            `json:"timezone"`

	MinLength   int      `json:"min_length"`
	MaxLength   int      `json:"max_length"`
	MinValue    string   `json:"min_value"`
	MaxValue    string   `json:"max_value"`
	Decimal     bool     `json:"is_decimal_allowed"`
	MaxSelected int      `json:"max_selected_items"`
	MinQuery    *int     `json:"min_query_length"`
	MaxFiles    int      `json:"max_files"`
	FileTypes   []string `json:"filetypes"`
	ResponseURL bool     `json:"response_url_enabled"`
	CurrentOne  bool     `json:"default_to_current_conversation"`

	block string      // block_id
	input *inputBlock // the input block around it, nil elsewhere
}

type button struct {
	Text  json.RawMessage `json:"text"`
	Value string          `json:"value"`
}

type inputBlock struct {
	optional bool
	dispatch bool
}

// elementsOf lists the interactive elements of blocks, in order.
func elementsOf(blocks json.RawMessage) []*element {
	var list []struct {
		Type      string            `json:"type"`
		BlockID   string            `json:"block_id"`
		Accessory json.RawMessage   `json:"accessory"`
		Element   json.RawMessage   `json:"element"`
		Elements  json.RawMessage   `json:"elements"`
		Actions   []json.RawMessage `json:"actions"`
		Children  json.RawMessage   `json:"child_blocks"`
		Optional  bool              `json:"optional"`
		Dispatch  bool              `json:"dispatch_action"`
	}
	if json.Unmarshal(blocks, &list) != nil {
		return nil
	}
	var out []*element
	for _, b := range list {
		add := func(raw json.RawMessage, in *inputBlock) {
			var e element
			if len(raw) > 0 && json.Unmarshal(raw, &e) == nil && e.ActionID != "" {
				e.block, e.input = b.BlockID, in
				out = append(out, &e)
			}
		}
		add(b.Accessory, nil)
		for _, raw := range b.Actions { // of a card
			add(raw, nil)
		}
		switch b.Type {
		case "input":
			add(b.Element, &inputBlock{optional: b.Optional, dispatch: b.Dispatch})
		case "carousel":
			out = append(out, elementsOf(b.Elements)...)
		case "actions", "context_actions":
			var parts []json.RawMessage
			if json.Unmarshal(b.Elements, &parts) == nil {
				for _, raw := range parts {
					add(raw, nil)
				}
			}
		}
		out = append(out, elementsOf(b.Children)...)
	}
	return out
}

func findElement(list []*element, block, action string) *element {
	i := slices.IndexFunc(list, func(e *element) bool { return e.block == block && e.ActionID == action })
	if i < 0 {
		return nil
	}
	return list[i]
}

// nameActions gives an action_id to each interactive element that has none, as Slack does. v is decoded JSON.
func (s *Sim) nameActions(v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			s.nameActions(e)
		}
	case map[string]any:
		kind, _ := x["type"].(string)
		if id, _ := x["action_id"].(string); id == "" && interactive(kind) {
			x["action_id"] = s.blockID()
		}
		for _, k := range sortedKeys(x) {
			s.nameActions(x[k])
		}
	}
}

// interactive reports whether a person can act on an element of the type.
func interactive(kind string) bool {
	switch kind {
	case "button", "workflow_button", "feedback_buttons", "icon_button", "overflow":
		return true
	}
	key, _ := stateKey(kind)
	return key != ""
}

// shape is the form of a value in the state.
type shape int

const (
	asText    shape = iota + 1 // string or null
	asDate                     // YYYY-MM-DD or null
	asTime                     // HH:MM or null
	asUnix                     // seconds or null
	asOption                   // option or null
	asOptions                  // options
	asID                       // id or null
	asIDs                      // ids
	asRich                     // rich_text block, absent when there is none
	asFiles                    // file objects
)

// stateKey names the property under which Slack's state holds what an element of the type holds, and its form; "" for
// elements that hold nothing.
func stateKey(kind string) (key string, form shape) {
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return "value", asText
	case "rich_text_input":
		return "rich_text_value", asRich
	case "file_input":
		return "files", asFiles
	case "datepicker":
		return "selected_date", asDate
	case "timepicker":
		return "selected_time", asTime
	case "datetimepicker":
		return "selected_date_time", asUnix
	case "static_select", "external_select", "radio_buttons":
		return "selected_option", asOption
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options", asOptions
	case "users_select":
		return "selected_user", asID
	case "multi_users_select":
		return "selected_users", asIDs
	case "channels_select":
		return "selected_channel", asID
	case "multi_channels_select":
		return "selected_channels", asIDs
	case "conversations_select":
		return "selected_conversation", asID
	case "multi_conversations_select":
		return "selected_conversations", asIDs
	}
	return "", 0
}
