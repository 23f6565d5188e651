package slacksim

import (
	"encoding/json"
	"regexp"
	"strings"
)

// blockError is one finding of blocks.validate.
type blockError struct {
	Code       string           `json:"code"`
	Message    string           `json:"message"`
	Pointer    string           `json:"pointer"`
	Constraint *blockConstraint `json:"constraint,omitempty"`
}

type blockConstraint struct {
	Type     string   `json:"type"`
	Expected []string `json:"expected"`
	Got      string   `json:"got,omitempty"`
}

// validateBlocks is blocks.validate: it tells what the other methods would say of blocks, a message or a view.
func (c *call) validateBlocks() (reply, error) {
	var found []string
	blocks, err := c.args.raw("blocks")
	message, err2 := c.args.raw("message")
	view, err3 := c.args.raw("view")
	given := 0
	for _, raw := range []json.RawMessage{blocks, message, view} {
		if raw != nil {
			given++
		}
	}
	switch {
	case err != nil || err2 != nil || err3 != nil:
		return nil, no("invalid_arguments", "[ERROR] blocks, message and view are JSON")
	case given != 1:
		return nil, no("invalid_arguments", "[ERROR] give one of blocks, message and view")
	case blocks != nil:
		found = c.findings(blocks, "/blocks")
	case message != nil:
		var m struct {
			Blocks json.RawMessage `json:"blocks"`
		}
		if json.Unmarshal(message, &m) != nil || m.Blocks == nil {
			return nil, no("invalid_arguments", "[ERROR] missing required field: blocks [json-pointer:/message]")
		}
		found = c.findings(m.Blocks, "/message/blocks")
	default:
		var v struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(view, &v) // checkView says what is wrong
		if v.Type != "home" {
			v.Type = "modal"
		}
		if _, bad := c.checkView(view, v.Type); bad != nil {
			found = bad.Messages
			if bad.Code == "view_too_large" {
				found = []string{"must be less than 250001 bytes [json-pointer:/view]"}
			}
		}
	}
	list := []blockError{}
	for _, f := range found {
		list = append(list, finding(f))
	}
	return reply{"errors": list}, nil
}

func (c *call) findings(blocks json.RawMessage, at string) []string {
	_, bad := c.checkBlocks(blocks, onMessage, at)
	switch {
	case bad == nil:
		return nil
	case len(bad.Messages) == 0:
		return []string{"must be an array of blocks [json-pointer:" + at + "]"}
	}
	return bad.Messages
}

// finding takes a message of the checker apart.
func finding(text string) blockError {
	text = strings.TrimPrefix(text, "[ERROR] ")
	message, pointer, _ := strings.Cut(strings.TrimSuffix(text, "]"), " [json-pointer:")
	e := blockError{Code: "invalid_value", Message: message, Pointer: pointer}
	for _, k := range []struct{ pattern, code, constraint string }{
		{`^must be less than (\d+) `, "too_long", "max_length"},
		{`^must be more than (-?\d+) `, "too_short", "min_length"},
		{`^no more than (\d+) items`, "too_many_items", "max_items"},
		{`^no fewer than (\d+) items`, "too_few_items", "min_items"},
		{`^missing required field: (.*)$`, "missing_field", "required"},
		{`^invalid additional property: (.*)$`, "unknown_field", ""},
		{`^unsupported type: (.*)$`, "unsupported_type", "type"},
		{`^must be one of (.*)$`, "invalid_value", "enum"},
		{`^must be an integer from (.*)$`, "invalid_value", "range"},
		{`^must be (?:a|an) (string|boolean|array|object)`, "invalid_type", "type"},
		{`already exists$`, "duplicate", "unique"},
	} {
		m := regexp.MustCompile(k.pattern).FindStringSubmatch(message)
		if m == nil {
			continue
		}
		e.Code = k.code
		if k.constraint == "" {
			break
		}
		e.Constraint = &blockConstraint{Type: k.constraint, Expected: []string{}}
		switch {
		case k.code == "unsupported_type":
			e.Constraint.Got = m[1]
		case k.constraint == "enum":
			e.Constraint.Expected = strings.Split(m[1], ", ")
		case len(m) > 1:
			e.Constraint.Expected = []string{m[1]}
		}
		break
	}
	return e
}
