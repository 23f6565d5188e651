package event

import (
	"bytes"
	"encoding/json"
	"strings"
)

// object is a JSON object of which any field may be missing or of an odd type:
// then it reads as empty. Names are exact, as Slack's are.
type object map[string]json.RawMessage

func parse(b []byte) object {
	var o object
	if json.Unmarshal(b, &o) != nil {
		return nil
	}
	return o
}

func (o object) has(name string) bool {
	v := bytes.TrimSpace(o[name])
	return len(v) > 0 && string(v) != "null"
}

func (o object) object(name string) object { return parse(o[name]) }

func (o object) objects(name string) []object {
	var raw []json.RawMessage
	if json.Unmarshal(o[name], &raw) != nil {
		return nil
	}
	list := make([]object, 0, len(raw))
	for _, r := range raw {
		if v := parse(r); v != nil {
			list = append(list, v)
		}
	}
	return list
}

// text is a string as it can be stored anywhere: no NUL bytes. Broken UTF-8
// was mended by the JSON decoder.
func (o object) text(name string) string { return text(o[name]) }

func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.ReplaceAll(s, "\x00", "")
}

func (o object) texts(name string) []string {
	var raw []json.RawMessage
	if json.Unmarshal(o[name], &raw) != nil {
		return nil
	}
	var list []string
	for _, r := range raw {
		if s := text(r); s != "" {
			list = append(list, s)
		}
	}
	return list
}

func (o object) number(name string) int64 {
	var n int64
	_ = json.Unmarshal(o[name], &n)
	return n
}

// flag reads true, and the "true" of forms.
func (o object) flag(name string) bool {
	var b bool
	if json.Unmarshal(o[name], &b) == nil {
		return b
	}
	return o.text(name) == "true"
}

// id is an identifier: short, printable, and without the slash that separates
// the parts of keys. Anything else reads as empty.
func (o object) id(name string) string { return id(o.text(name)) }

func id(s string) string {
	if len(s) > 64 {
		return ""
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '/' {
			return ""
		}
	}
	return s
}
