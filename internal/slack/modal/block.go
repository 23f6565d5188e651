package modal

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"unicode/utf16"
)

type object = map[string]any

// clip cuts text to n UTF-16 units, which is the strictest way to count.
func clip(s string, n int) string {
	if len(s) <= n || len(utf16.Encode([]rune(s))) <= n {
		return s
	}
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

func plain(s string, n int) object {
	return object{"type": "plain_text", "text": clip(s, n), "emoji": true}
}

func option(value, label, hint string) object {
	o := object{"value": value, "text": plain(label, 75)}
	if hint != "" {
		o["description"] = plain(hint, 75)
	}
	return o
}

func header(s string) object { return object{"type": "header", "text": plain(s, 150)} }

func aside(s string) object {
	return object{"type": "context", "elements": []object{plain(s, 3000)}}
}

func section(s string) object { return object{"type": "section", "text": plain(s, 3000)} }

// input is a field. One with an initial option always has one.
func input(id, label, hint string, element object, dispatch bool) object {
	b := object{"type": "input", "block_id": id, "label": plain(label, 2000), "element": element, "optional": element["initial_option"] == nil}
	if hint != "" {
		b["hint"] = plain(hint, 2000)
	}
	if dispatch {
		b["dispatch_action"] = true
	}
	return b
}

// version names a set of options.
func version(options []object) string {
	h := fnv.New64a()
	b, err := json.Marshal(options)
	if err == nil { // strings in maps
		h.Write(b)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

func encodeList(blocks []object) json.RawMessage {
	b, err := json.Marshal(blocks)
	if err != nil {
		return json.RawMessage("[]") // never: as in encode
	}
	return b
}

func encode(view object) json.RawMessage {
	b, err := json.Marshal(view)
	if err != nil {
		return json.RawMessage("{}") // never: strings, booleans, maps and slices
	}
	return b
}
