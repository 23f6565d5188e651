package slacksim

import (
	"bytes"
	"encoding/json"
)

// viewBody is the view argument of the views methods.
type viewBody struct {
	Type            string          `json:"type"`
	Title           json.RawMessage `json:"title"`
	Close           json.RawMessage `json:"close"`
	Submit          json.RawMessage `json:"submit"`
	Blocks          json.RawMessage `json:"blocks"`
	PrivateMetadata string          `json:"private_metadata"`
	CallbackID      string          `json:"callback_id"`
	ExternalID      string          `json:"external_id"`
	ClearOnClose    bool            `json:"clear_on_close"`
	NotifyOnClose   bool            `json:"notify_on_close"`
}

// checkView validates a view of the kind modal or home. Slack: "Modals", "App Home", view object fields.
func (s *Sim) checkView(raw json.RawMessage, kind string) (*viewBody, *Refusal) {
	if len(raw) > maxView {
		return nil, no("view_too_large")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil || v == nil {
		return nil, no("invalid_arguments", "[ERROR] must be an object [json-pointer:/view]")
	}
	c := &checker{schema: s.schema}
	if given, _ := v["type"].(string); given != kind {
		c.fault("/view/type", "must be %s", kind)
		return nil, c.arguments()
	}
	need := "type blocks"
	if kind == "modal" {
		need = "type title blocks"
	}
	object(need, fields{
		"title": plain(24), "close": plain(24), "submit": plain(24), "blocks": anything, "private_metadata": str(0, 3000),
		"callback_id": str(0, 255), "external_id": str(0, 255), "clear_on_close": flag, "notify_on_close": flag, "submit_disabled": flag,
	})(c, "/view", v)
	var b viewBody
	if len(c.errs) == 0 && json.Unmarshal(raw, &b) != nil {
		c.fault("/view", "must be a view object")
	}
	if len(c.errs) > 0 {
		return nil, c.arguments()
	}
	on := onHome
	if kind == "modal" {
		on = onModal
	}
	blocks, bad := s.checkBlocks(b.Blocks, on, "/view/blocks")
	if bad != nil {
		if len(bad.Messages) == 0 {
			bad.Messages = []string{"[ERROR] must be an array of blocks [json-pointer:/view/blocks]"}
		}
		bad.Code, bad.Errors = "invalid_arguments", nil
		return nil, bad
	}
	b.Blocks = blocks
	if kind == "modal" && v["submit"] == nil && hasInput(blocks) {
		c.fault("/view", "missing required field: submit, as there is an input block")
		return nil, c.arguments()
	}
	return &b, nil
}

// arguments is the refusal of a call for its arguments.
func (c *checker) arguments() *Refusal {
	r := &Refusal{Code: "invalid_arguments"}
	for _, e := range c.errs {
		r.Messages = append(r.Messages, "[ERROR] "+e)
	}
	return r
}

func hasInput(blocks json.RawMessage) bool {
	for _, e := range elementsOf(blocks) {
		if e.input != nil {
			return true
		}
	}
	return false
}
