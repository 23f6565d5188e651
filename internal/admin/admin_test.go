package admin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/admin"
)

func TestReadyTellsEveryReason(t *testing.T) {
	var socket error
	h := admin.Handler("v1", admin.Checks{
		"socket": func(context.Context) error { return socket },
		"store":  func(context.Context) error { return nil },
	}, http.NotFoundHandler())
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

func TestProbeDoesNotHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		bad := admin.Checks{"store": func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}.Failing(t.Context())
		if took := time.Since(start); len(bad) != 1 || took > 2*time.Second {
			t.Errorf("%q after %s", bad, took)
		}
	})
}
