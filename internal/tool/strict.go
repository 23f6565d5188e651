package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// schema is as much of a JSON schema as strictness is about.
type schema struct {
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Additional *bool             `json:"additionalProperties"`
	Items      *schema           `json:"items"`
	AnyOf      []schema          `json:"anyOf"`
	Defs       map[string]schema `json:"$defs"`
}

// strict checks what the endpoint asks of a schema with "strict": every object names
// all its properties as required and allows no others.
// Source: OpenAI's guide to function calling, strict mode.
func strict(raw json.RawMessage) error {
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("not a JSON schema: %w", err)
	}
	if s.Type != "object" {
		return errors.New("must be an object")
	}
	return s.strict("the object")
}

func (s schema) strict(at string) error {
	if s.Type == "object" || slices.Contains(types(s.Type), "object") {
		if s.Additional == nil || *s.Additional {
			return fmt.Errorf("%s must have additionalProperties: false", at)
		}
		for name, p := range s.Properties {
			if !slices.Contains(s.Required, name) {
				return fmt.Errorf("%s must require %q; make it nullable instead", at, name)
			}
			if err := p.strict(name); err != nil {
				return err
			}
		}
		for _, name := range s.Required {
			if _, ok := s.Properties[name]; !ok {
				return fmt.Errorf("%s requires %q, which it does not have", at, name)
			}
		}
	}
	if s.Items != nil {
		if err := s.Items.strict("the items of " + at); err != nil {
			return err
		}
	}
	for _, one := range s.AnyOf {
		if err := one.strict(at); err != nil {
			return err
		}
	}
	for name, one := range s.Defs {
		if err := one.strict(name); err != nil {
			return err
		}
	}
	return nil
}

func types(t any) []string {
	list, _ := t.([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
