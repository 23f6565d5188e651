package socket

import (
	"encoding/json"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"},"debug_info":{"host":"x","approximate_connection_time":3600}}`,
		`{"envelope_id":"6f0d","type":"events_api","accepts_response_payload":false,"retry_attempt":1,"retry_reason":"timeout","payload":{"a":1}}`,
		`{"type":"disconnect","reason":"warning","debug_info":{"host":"x"}}`,
		`{"envelope_id":{"a":[1]},"payload":null}`, `{"envelope_id":"\u0000\"","retry_attempt":1e99}`, `null`, `[]`, `{"debug_info":{"approximate_connection_time":-1e300}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := parse(b)
		if err != nil {
			var o map[string]json.RawMessage
			if json.Unmarshal(b, &o) == nil {
				t.Fatalf("an object was refused: %v", err)
			}
			return
		}
		if fr.life < 0 || !json.Valid(fr.Payload) {
			t.Fatalf("read %+v", fr)
		}
		if fr.rawID == nil {
			return
		}
		ack := (&conn{}).ackFrame(fr, nil)
		var back map[string]json.RawMessage
		if fr.ID == "" || json.Unmarshal(ack, &back) != nil || len(back) != 1 {
			t.Fatalf("%q is acknowledged with %s", fr.ID, ack)
		}
	})
}
