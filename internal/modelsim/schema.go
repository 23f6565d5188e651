package modelsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema is the part of JSON Schema that strict mode and made-up values need.
type schema struct {
	Type                 json.RawMessage            `json:"type"`
	Properties           map[string]json.RawMessage `json:"properties"`
	Required             []string                   `json:"required"`
	AdditionalProperties json.RawMessage            `json:"additionalProperties"`
	Items                json.RawMessage            `json:"items"`
	Enum                 []json.RawMessage          `json:"enum"`
	Const                json.RawMessage            `json:"const"`
	AnyOf                []json.RawMessage          `json:"anyOf"`
	Defs                 map[string]json.RawMessage `json:"$defs"`
	Ref                  string                     `json:"$ref"`
	Minimum              *float64                   `json:"minimum"`
	MinItems             int                        `json:"minItems"`
	MinLength            int                        `json:"minLength"`
}

// kind returns the first type that is not null.
func (s schema) kind() string {
	var one string
	if json.Unmarshal(s.Type, &one) == nil {
		return one
	}
	var many []string
	_ = json.Unmarshal(s.Type, &many) // neither: the kind is unknown
	for _, k := range many {
		if k != "null" {
			return k
		}
	}
	return ""
}

// strictSchema says why strict mode refuses a schema, or "". OpenAI: every
// object closed, every property required.
func strictSchema(raw json.RawMessage) string {
	if !isSet(raw) {
		return "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."
	}
	var top schema
	if json.Unmarshal(raw, &top) != nil || top.kind() != "object" {
		return "schema must be a JSON Schema of 'type: \"object\"'."
	}
	return strictAt(raw, nil)
}

func strictAt(raw json.RawMessage, path []string) string {
	if len(path) > 64 {
		return "the schema is nested too deeply."
	}
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return within(path) + "it is not a JSON Schema: " + err.Error()
	}
	if s.kind() == "object" || s.Properties != nil {
		if string(s.AdditionalProperties) != "false" {
			return within(path) + "'additionalProperties' is required to be supplied and to be false."
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if !slices.Contains(s.Required, name) {
				return within(path) + "'required' is required to be supplied and to be an array including every key in properties. Missing '" + name + "'."
			}
		}
	}
	for _, group := range []struct {
		name string
		of   map[string]json.RawMessage
	}{{"properties", s.Properties}, {"$defs", s.Defs}} {
		for _, name := range slices.Sorted(maps.Keys(group.of)) {
			if why := strictAt(group.of[name], append(slices.Clone(path), group.name, name)); why != "" {
				return why
			}
		}
	}
	for i, one := range s.AnyOf {
		if why := strictAt(one, append(slices.Clone(path), "anyOf", fmt.Sprint(i))); why != "" {
			return why
		}
	}
	if isSet(s.Items) {
		return strictAt(s.Items, append(slices.Clone(path), "items"))
	}
	return ""
}

func within(path []string) string {
	return "In context=(" + strings.Join(path, ", ") + "), "
}

// sample makes a value that fits the schema. Strings become text.
func sample(raw json.RawMessage, text string) json.RawMessage {
	var root schema
	_ = json.Unmarshal(raw, &root) // an unreadable schema is sampled as null
	return (&sampler{text: orDefault(text, "sample"), defs: root.Defs, left: 1000}).value(raw)
}

type sampler struct {
	text string
	defs map[string]json.RawMessage
	left int // values that may still be made: recursive schemas have no end
}

func (m *sampler) value(raw json.RawMessage) json.RawMessage {
	var s schema
	m.left--
	if !isSet(raw) || json.Unmarshal(raw, &s) != nil || m.left < 0 {
		return json.RawMessage("null")
	}
	switch {
	case s.Ref != "":
		return m.value(m.defs[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]])
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AnyOf) > 0:
		return m.value(s.AnyOf[0])
	}
	switch kind := s.kind(); {
	case kind == "object" || kind == "" && s.Properties != nil:
		return m.object(s)
	case kind == "array":
		b := []byte{'['}
		for i := range min(max(s.MinItems, 1), 8) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, m.value(s.Items)...)
		}
		return append(b, ']')
	case kind == "integer" || kind == "number":
		n := 1.0
		if s.Minimum != nil && *s.Minimum > n {
			n = *s.Minimum
		}
		return appendJSON(nil, n)
	case kind == "boolean":
		return json.RawMessage("true")
	case kind == "string":
		text := m.text
		for len(text) < min(s.MinLength, 4096) {
			text += " " + text
		}
		return appendString(nil, text)
	}
	return json.RawMessage("null")
}

func (m *sampler) object(s schema) json.RawMessage {
	b := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(s.Required, name) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		b = append(b, m.value(s.Properties[name])...)
	}
	return append(b, '}')
}
