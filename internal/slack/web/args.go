package web

import (
	"encoding/json"
	"net/url"
	"strconv"
)

// Args are the arguments of a call, as form fields. Its methods leave out what
// is empty, and return the same Args so that they can be chained.
type Args url.Values

// Set adds a text.
func (a Args) Set(key, value string) Args {
	if value != "" {
		a[key] = []string{value}
	}
	return a
}

// Int adds a number that is not zero.
func (a Args) Int(key string, n int) Args {
	if n != 0 {
		a[key] = []string{strconv.Itoa(n)}
	}
	return a
}

// Bool adds "true" if b.
func (a Args) Bool(key string, b bool) Args {
	if b {
		a[key] = []string{"true"}
	}
	return a
}

// Maybe adds "true" or "false" unless b is nil.
func (a Args) Maybe(key string, b *bool) Args {
	if b != nil {
		a[key] = []string{strconv.FormatBool(*b)}
	}
	return a
}

// Raw adds a nested value that is JSON already.
func (a Args) Raw(key string, value json.RawMessage) Args {
	return a.Set(key, string(value))
}

// JSON adds a nested value, encoded. A value that JSON cannot express is a
// mistake in the program; it is sent as Slack can refuse it.
func (a Args) JSON(key string, value any) Args {
	b, err := json.Marshal(value)
	if err != nil {
		return a.Set(key, "!"+err.Error())
	}
	if s := string(b); s != "null" && s != "[]" {
		a.Set(key, s)
	}
	return a
}
