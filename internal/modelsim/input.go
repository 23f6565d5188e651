package modelsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// inputItem is one entry of input. Input and output items share one form, so it
// is also what a stored response remembers.
type inputItem struct {
	raw  json.RawMessage
	text string // of all its text parts, or of its output

	Type             string          `json:"type"`
	ID               string          `json:"id"`
	Role             string          `json:"role"`
	Status           string          `json:"status"`
	Phase            string          `json:"phase"`
	Content          json.RawMessage `json:"content"`
	CallID           string          `json:"call_id"`
	Name             string          `json:"name"`
	Arguments        *string         `json:"arguments"`
	Input            *string         `json:"input"`
	Output           json.RawMessage `json:"output"`
	Summary          json.RawMessage `json:"summary"`
	EncryptedContent string          `json:"encrypted_content"`

	// Of calls of OpenAI's own tools.
	Result            *string `json:"result"`
	ContainerID       string  `json:"container_id"`
	ServerLabel       string  `json:"server_label"`
	ApprovalRequestID string  `json:"approval_request_id"`
	Approve           *bool   `json:"approve"`
}

// parts are the content or output parts of an item.
func (it inputItem) parts() []contentPart {
	raw := it.Content
	if it.isOutput() {
		raw = it.Output
	}
	var parts []contentPart
	if json.Unmarshal(raw, &parts) != nil {
		return nil // a string, or nothing
	}
	return parts
}

func (it inputItem) isCall() bool {
	return it.Type == "function_call" || it.Type == "custom_tool_call"
}

func (it inputItem) isOutput() bool {
	return it.Type == "function_call_output" || it.Type == "custom_tool_call_output"
}

// decodeInput reads input: a string is one user message.
func decodeInput(raw json.RawMessage) ([]inputItem, *apiError) {
	if !isSet(raw) {
		return nil, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		content, _ := json.Marshal(text)
		item, _ := json.Marshal(map[string]any{"type": "message", "role": "user", "content": []any{map[string]any{"type": "input_text", "text": text}}})
		return []inputItem{{raw: item, text: text, Type: "message", Role: "user", Content: content}}, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, badRequest("invalid_type", "input", "Invalid type for 'input': expected one of a string or array of items.")
	}
	if len(list) == 0 {
		return nil, badRequest("empty_array", "input", "Invalid 'input': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	}
	items := make([]inputItem, 0, len(list))
	var firstErr *apiError
	for i, one := range list {
		it, err := decodeItem(one, fmt.Sprintf("input[%d]", i))
		if err != nil && firstErr == nil {
			firstErr = err
		}
		items = append(items, it)
	}
	return items, firstErr
}

func decodeItem(raw json.RawMessage, param string) (inputItem, *apiError) {
	it := inputItem{raw: raw}
	if err := json.Unmarshal(raw, &it); err != nil {
		return it, typeError(param, err)
	}
	if it.Type == "" && it.Role != "" {
		it.Type = "message" // OpenAI: the easy message form has no type
	}
	if it.Type == "" && it.ID != "" && it.Content == nil {
		it.Type = "item_reference"
	}
	content := it.Content
	if it.isOutput() {
		content = it.Output
	}
	it.text = partsText(content)
	return it, nil
}

// partsText joins the texts of content, which is a string or a list of parts.
func partsText(raw json.RawMessage) string {
	var text string
	if !isSet(raw) || json.Unmarshal(raw, &text) == nil {
		return text
	}
	var parts []struct{ Text, Refusal string }
	if json.Unmarshal(raw, &parts) != nil {
		return ""
	}
	var texts []string
	for _, p := range parts {
		if t := p.Text + p.Refusal; t != "" {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, "\n")
}

// itemForm is what is known of one item type: its keys (nil: anything goes), the
// ones that must be there, and the prefix of its id.
type itemForm struct {
	keys, required, prefix string
}

func itemForms() map[string]itemForm {
	forms := map[string]itemForm{
		"message":                 {"type id role status content phase", "content", "msg_"},
		"function_call":           {"type id call_id name namespace arguments status async caller", "call_id name arguments", "fc_"},
		"function_call_output":    {"type id call_id output status name namespace caller", "call_id output", "fc"},
		"custom_tool_call":        {"type id call_id name namespace input status async caller", "call_id name input", "ctc_"},
		"custom_tool_call_output": {"type id call_id output status caller", "call_id output", "ctc"},
		"reasoning":               {"type id summary content encrypted_content status", "id summary", "rs_"},
		"item_reference":          {"type id", "id", ""},
		"web_search_call":         {"type id status action", "id", "ws_"},
		"file_search_call":        {"type id status queries results", "id queries", "fs_"},
		"code_interpreter_call":   {"type id status code container_id outputs", "id container_id", "ci_"},
		"image_generation_call":   {"type id status result revised_prompt size quality background output_format action error svg_usage", "id", "ig_"},
		"mcp_list_tools":          {"type id server_label tools error", "id server_label tools", "mcpl_"},
		"mcp_approval_request":    {"type id server_label name arguments", "id server_label name arguments", "mcpr_"},
		"mcp_approval_response":   {"type id approval_request_id approve reason", "approval_request_id approve", ""},
		"mcp_call":                {"type id server_label name arguments output error approval_request_id status", "id server_label name arguments", "mcp_"},
		"compaction":              {"type id encrypted_content created_by", "encrypted_content", "cmp_"},
		"compaction_trigger":      {"type", "", ""},
	}
	for name := range strings.FieldsSeq(`computer_call computer_call_output tool_search_call tool_search_output additional_tools
		configuration_update local_shell_call local_shell_call_output
		shell_call shell_call_output apply_patch_call apply_patch_call_output
		program program_output`) {
		forms[name] = itemForm{}
	}
	return forms
}

// checkItems holds the items one by one to their form. How they stand together
// is checked by checkOrder, once previous_response_id has been looked up.
func (r *request) checkItems() *apiError {
	var raw string
	if json.Unmarshal(r.Input, &raw) == nil {
		return nil // a plain string has no form to keep
	}
	forms := itemForms()
	seen := map[string]bool{}
	for i, it := range r.items {
		param := fmt.Sprintf("input[%d]", i)
		form, ok := forms[it.Type]
		if !ok {
			return badRequest("invalid_value", param, fmt.Sprintf("Invalid value: '%s'. Supported values are the item types of the Responses API.", it.Type))
		}
		if form.keys != "" {
			if err := onlyKeys(param, it.raw, form.keys); err != nil {
				return err
			}
		}
		var have map[string]json.RawMessage
		_ = json.Unmarshal(it.raw, &have) // decodeItem has read it as an object
		for key := range strings.FieldsSeq(form.required) {
			if !isSet(have[key]) {
				return badRequest("missing_required_parameter", param+"."+key, "Missing required parameter: '"+param+"."+key+"'.")
			}
		}
		if it.ID != "" && it.Type != "item_reference" {
			if !strings.HasPrefix(it.ID, form.prefix) {
				return badRequest("invalid_value", param+".id", fmt.Sprintf("Invalid '%s.id': '%s'. Expected an ID that begins with '%s'.", param, it.ID, strings.TrimSuffix(form.prefix, "_")))
			}
			if seen[it.ID] {
				return badRequest("", "input", "Duplicate item found with id "+it.ID+". Remove duplicate items from your input and try again.")
			}
			seen[it.ID] = true
		}
		if err := it.checkContent(param); err != nil {
			return err
		}
	}
	return nil
}

func (it inputItem) checkContent(param string) *apiError {
	switch {
	case it.Type == "message":
		if err := oneOf(param+".role", it.Role, "assistant", "system", "developer", "user"); err != nil {
			return err
		}
		if it.Phase != "" {
			if it.Role != "assistant" {
				return unknownParameter(param + ".phase")
			}
			if err := oneOf(param+".phase", it.Phase, "commentary", "final_answer"); err != nil {
				return err
			}
		}
		return checkParts(param+".content", it.Content, it.Role)
	case it.isOutput():
		return checkParts(param+".output", it.Output, "tool")
	case it.Type == "reasoning":
		var parts []struct{ Type, Text string }
		if json.Unmarshal(it.Summary, &parts) != nil {
			return badRequest("invalid_type", param+".summary", "Invalid type for '"+param+".summary': expected an array of objects.")
		}
		for j, p := range parts {
			if err := oneOf(fmt.Sprintf("%s.summary[%d].type", param, j), p.Type, "summary_text"); err != nil {
				return err
			}
		}
	}
	return nil
}

type contentPart struct {
	Type     string  `json:"type"`
	Text     *string `json:"text"`
	Refusal  *string `json:"refusal"`
	Detail   string  `json:"detail"`
	ImageURL string  `json:"image_url"`
	FileID   string  `json:"file_id"`
	FileData string  `json:"file_data"`
	FileURL  string  `json:"file_url"`
	Filename string  `json:"filename"`
}

// checkParts checks content: a string, or a list of the parts that role may use.
func checkParts(param string, raw json.RawMessage, role string) *apiError {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return badRequest("invalid_type", param, "Invalid type for '"+param+"': expected one of a string or array of objects.")
	}
	allowed := []string{"input_text", "input_image", "input_file"}
	if role == "assistant" {
		allowed = []string{"output_text", "refusal"}
	}
	keys := map[string]string{
		"input_text":  "type text prompt_cache_breakpoint",
		"input_image": "type image_url file_id detail prompt_cache_breakpoint",
		"input_file":  "type file_id file_data file_url filename detail prompt_cache_breakpoint",
		"output_text": "type text annotations logprobs",
		"refusal":     "type refusal",
	}
	for i, one := range list {
		p := fmt.Sprintf("%s[%d]", param, i)
		var part contentPart
		if err := json.Unmarshal(one, &part); err != nil {
			return typeError(p, err)
		}
		if err := oneOf(p+".type", part.Type, allowed...); err != nil {
			return err
		}
		if err := onlyKeys(p, one, keys[part.Type]); err != nil {
			return err
		}
		if err := part.check(p); err != nil {
			return err
		}
	}
	return nil
}

func (p contentPart) check(param string) *apiError {
	missing := func(field string) *apiError {
		return badRequest("missing_required_parameter", param+"."+field, "Missing required parameter: '"+param+"."+field+"'.")
	}
	switch p.Type {
	case "input_text":
		if p.Text == nil || *p.Text == "" {
			return missing("text")
		}
	case "output_text":
		if p.Text == nil {
			return missing("text")
		}
	case "refusal":
		if p.Refusal == nil {
			return missing("refusal")
		}
	case "input_image":
		if p.Detail != "" {
			if err := oneOf(param+".detail", p.Detail, "auto", "low", "high", "original"); err != nil {
				return err
			}
		}
		if p.ImageURL == "" && p.FileID == "" {
			return missing("image_url")
		}
		if p.ImageURL != "" {
			return checkImageURL(param+".image_url", p.ImageURL)
		}
	case "input_file":
		if p.FileID == "" && p.FileURL == "" && p.FileData == "" {
			return missing("file_data")
		}
		if p.FileData != "" {
			kind, data, ok := dataURL(p.FileData)
			if !ok {
				return badRequest("invalid_value", param+".file_data", "Invalid '"+param+".file_data'. Expected a base64-encoded data URL with a MIME type (e.g. 'data:application/pdf;base64,…').")
			}
			if why := checkFileBytes(kind, p.Filename, data); why != "" {
				return badRequest("invalid_value", param+".file_data", "Invalid '"+param+".file_data': "+why+".")
			}
		}
		if p.FileURL != "" {
			return checkReachable(param+".file_url", p.FileURL)
		}
	}
	return nil
}

// checkOrder holds the whole context, prior items first, to the rules between
// items: every call answered, every answer called for, reasoning followed by
// what it led to, and encrypted reasoning unchanged since it was issued.
func (r *request) checkOrder(s *Sim) *apiError {
	all := slices.Concat(r.prior, r.items)
	calls, answered := map[string]bool{}, map[string]bool{}
	for _, it := range all {
		switch {
		case it.isCall():
			calls[it.CallID] = true
		case it.isOutput():
			if !calls[it.CallID] {
				return badRequest("", "input", "No tool call found for "+strings.ReplaceAll(it.Type, "_", " ")+" with call_id "+it.CallID+".")
			}
			if answered[it.CallID] {
				return badRequest("", "input", "Duplicate tool output found for call_id "+it.CallID+".")
			}
			answered[it.CallID] = true
		}
	}
	for _, it := range all {
		if it.isCall() && !answered[it.CallID] {
			return badRequest("", "input", "No tool output found for "+strings.ReplaceAll(it.Type, "_", " ")+" "+it.CallID+".")
		}
	}
	if err := s.checkKept(r); err != nil {
		return err
	}
	for i, it := range r.items {
		switch it.Type {
		case "reasoning":
			if err := s.checkReasoning(it, i); err != nil {
				return err
			}
			if i+1 == len(r.items) || !followsReasoning(r.items[i+1]) {
				return badRequest("", "input", "Item '"+it.ID+"' of type 'reasoning' was provided without its required following item.")
			}
		case "item_reference":
			if !s.store.hasItem(it.ID) {
				return notPersisted(it.ID)
			}
		}
	}
	return nil
}

func notPersisted(id string) *apiError {
	return &apiError{status: 404, Type: "invalid_request_error", Param: "input", Message: "Item with id '" + id + "' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."}
}

func followsReasoning(it inputItem) bool {
	return it.Type == "message" && it.Role == "assistant" || it.Type != "message" && !it.isOutput()
}

func (s *Sim) checkReasoning(it inputItem, i int) *apiError {
	if it.EncryptedContent == "" {
		if !s.store.hasItem(it.ID) {
			return notPersisted(it.ID)
		}
		return nil
	}
	if !s.unseal(it.ID, it.EncryptedContent) {
		return badRequest("invalid_encrypted_content", fmt.Sprintf("input[%d].encrypted_content", i), "The encrypted content for item "+it.ID+" could not be verified. Reason: Encrypted content could not be decrypted or parsed.")
	}
	return nil
}
