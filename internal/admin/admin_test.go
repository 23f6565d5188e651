package admin_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/internal/admin"
)

func TestReadyTellsEveryReason(t *testing.T) {
	var socket error
	h := admin.Handler("v1", map[string]admin.Check{
		"socket": func() error { return socket },
		"store":  func() error { return nil },
	})
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	if code, body := get("/readyz"); code != 200 || body != "ready\n" {
		t.Errorf("all well: %d %q", code, body)
	}
	socket = errors.New("no connection to Slack for 12 s")
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, "socket: no connection to Slack for 12 s") {
		t.Errorf("socket down: %d %q", code, body)
	}
	if code, body := get("/healthz"); code != 200 || !strings.Contains(body, "v1") {
		t.Errorf("healthz while not ready: %d %q", code, body)
	}
}
