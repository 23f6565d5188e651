package web

import (
	"bytes"
	"encoding/json"
)

// text is a string that reads anything else as empty: a field of an
// unexpected type must not cost us the rest of an answer.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] == '"' && json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// texts is a list of strings, read as tolerantly.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var list []text
	if len(bytes.TrimSpace(b)) > 0 && b[0] == '[' && json.Unmarshal(b, &list) == nil {
		for _, s := range list {
			*t = append(*t, string(s))
		}
	}
	return nil
}

// number is a whole number that reads anything else as zero.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	var v int64
	if json.Unmarshal(b, &v) == nil {
		*n = number(v)
	}
	return nil
}

// flag is a bool that reads anything else as false.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	var v bool
	if json.Unmarshal(b, &v) == nil {
		*f = flag(v)
	}
	return nil
}
