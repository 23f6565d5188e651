package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
)

// Whatever an answer's body is, it gives either a success that says ok, or an
// error with a class.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"ok":true,"channel":"C1","ts":"1.2","message":{"ts":"1.2","files":[{"id":"F1"}]}}`, `{"ok":false,"error":"invalid_blocks","errors":["a"],"response_metadata":{"messages":["b"]}}`,
		`{"ok":"true"}`, `{"ok":true,"warning":7}`, `<html>`, `null`, `{"ok":false,"error":"ratelimited"}`, `{"ok":true,"messages":[{"ts":1,"metadata":{"event_payload":[]}}]}`,
	} {
		for _, status := range []int{200, 302, 403, 408, 500} {
			f.Add(status, []byte(s))
		}
	}
	c := New(Options{Logger: slog.New(slog.DiscardHandler)})
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		fail := c.check(body, http.Header{}, &Error{Method: "m", Status: status, Class: statusClass(status)})
		if fail == nil {
			var a struct {
				OK bool `json:"ok"`
			}
			_ = json.Unmarshal(body, &a)
			if !a.OK || status != 200 {
				t.Fatalf("HTTP %d with %q is a success", status, body)
			}
		} else if fail.Class < Refused || fail.Class > Unknown || fail.Error() == "" || fail.Class == Limited && fail.RetryAfter <= 0 {
			t.Fatalf("HTTP %d with %q is %+v", status, body, fail)
		}
		var m Message
		if json.Valid(body) && json.Unmarshal(body, &m) != nil {
			t.Fatalf("a message is refused: %q", body)
		}
	})
}
