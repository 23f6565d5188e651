package modelsim

import (
	"fmt"
	"reflect"
	"strings"
)

// Dialect turns on ways in which other servers that speak the Responses API
// differ from OpenAI on the wire. The zero value is OpenAI.
type Dialect struct {
	Done          bool `json:"done,omitempty"`            // a last "data: [DONE]"
	NoEventLine   bool `json:"no_event_line,omitempty"`   // data lines alone
	CRLF          bool `json:"crlf,omitempty"`            // \r\n line ends
	Multiline     bool `json:"multiline,omitempty"`       // one event over several data lines
	NoSequence    bool `json:"no_sequence,omitempty"`     // no sequence_number
	NoContentPart bool `json:"no_content_part,omitempty"` // no content_part events
	EmptyOutput   bool `json:"empty_output,omitempty"`    // terminal event with output []
	NestedError   bool `json:"nested_error,omitempty"`    // {"type":"error","error":{…}}
	NullError     bool `json:"null_error,omitempty"`      // "error":null in every event
	UnknownEvents bool `json:"unknown_events,omitempty"`  // an event, an item and fields nobody knows
	FloatTimes    bool `json:"float_times,omitempty"`     // created_at as a fraction
	NoUsage       bool `json:"no_usage,omitempty"`        // usage null at the end
	BareError     bool `json:"bare_error,omitempty"`      // HTTP errors as {"error":"text"}
	SplitRunes    bool `json:"split_runes,omitempty"`     // chunks end inside runes and inside the blank line
	Gzip          bool `json:"gzip,omitempty"`            // gzip to clients that accept it
	NoDeltas      bool `json:"no_deltas,omitempty"`       // output_text.done without deltas
	PlainIDs      bool `json:"plain_ids,omitempty"`       // response ids without the resp_ prefix
}

// ParseDialect reads a comma-separated list of the JSON names of Dialect's
// fields, like "done,crlf".
func ParseDialect(list string) (Dialect, error) {
	var d Dialect
	v := reflect.ValueOf(&d).Elem()
	var known []string
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = v.Field(i)
		known = append(known, name)
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		f, ok := fields[name]
		if !ok {
			return Dialect{}, fmt.Errorf("unknown dialect %q: use %s", name, strings.Join(known, ", "))
		}
		f.SetBool(true)
	}
	return d, nil
}

// names lists what is on, as ParseDialect reads it.
func (d Dialect) names() []string {
	on := []string{}
	v := reflect.ValueOf(d)
	for i := range v.NumField() {
		if v.Field(i).Bool() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			on = append(on, name)
		}
	}
	return on
}
