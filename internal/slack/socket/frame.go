package socket

import (
	"bytes"
	"encoding/json"
	"time"
)

// frame is one frame from Slack: an [Envelope], or a word about the
// connection.
type frame struct {
	Envelope
	kind   string
	rawID  json.RawMessage // the envelope id as it came, to be sent back; nil if none
	reason string          // of a disconnect
	life   time.Duration   // of a hello: Slack's approximate_connection_time
	peers  int             // of a hello: num_connections
}

// parse reads a frame. Only something other than a JSON object is an error:
// an envelope is to be stored and acknowledged even if its fields are odd.
func parse(b []byte) (frame, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return frame{}, err
	}
	var f frame
	f.At = time.Now().UTC()
	decode(m["type"], &f.kind)
	f.Type = f.kind
	if id := bytes.TrimSpace(m["envelope_id"]); len(id) > 0 && string(id) != "null" && string(id) != `""` {
		f.rawID = id
		f.ID = string(id)
		decode(id, &f.ID)
	}
	decode(m["accepts_response_payload"], &f.AcceptsResponse)
	decode(m["retry_attempt"], &f.RetryAttempt)
	decode(m["retry_reason"], &f.RetryReason)
	decode(m["reason"], &f.reason)
	decode(m["num_connections"], &f.peers)
	var debug map[string]json.RawMessage
	decode(m["debug_info"], &debug)
	var seconds float64
	decode(debug["approximate_connection_time"], &seconds)
	if seconds > 0 && seconds < 1e6 {
		f.life = time.Duration(seconds * float64(time.Second))
	}
	f.Payload = m["payload"]
	if len(f.Payload) == 0 || string(f.Payload) == "null" {
		f.Payload = b
	}
	return f, nil
}

// decode reads raw into v, or leaves v as it is.
func decode[T any](raw json.RawMessage, v *T) {
	var t T
	if len(raw) > 0 && json.Unmarshal(raw, &t) == nil {
		*v = t
	}
}
