package socket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"holdfast/internal/slack/socket"
	"holdfast/internal/slacksim"
)

// The whole over real TCP: a burst, connections that are cut in the middle of
// it, and a stop.
func TestOverLoopback(t *testing.T) {
	settings := slacksim.DefaultSettings()
	settings.AckTimeout = 500 // what a cut connection lost comes again soon
	sim := slacksim.New(slacksim.Options{Settings: &settings})
	srv, err := sim.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = srv.Close()
		_ = sim.Close()
	}()
	api := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var mu sync.Mutex
	stored := map[string]bool{}
	c := socket.New(socket.Options{
		Open: open(api, srv.APIURL()),
		Receiver: receive(func(_ context.Context, e socket.Envelope) (json.RawMessage, error) {
			var p struct {
				EventID string `json:"event_id"`
			}
			_ = json.Unmarshal(e.Payload, &p)
			mu.Lock()
			defer mu.Unlock()
			stored[p.EventID] = true
			return nil, nil
		}),
		Timing: socket.Timing{MinPause: 10 * time.Millisecond, MaxPause: 50 * time.Millisecond},
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	limit, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := sim.Wait(limit, func(v slacksim.View) bool { return v.Live() == 2 }); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if _, err := sim.Envelope("events_api", fmt.Appendf(nil, `{"type":"event_callback","event_id":"Ev%d","event":{"type":"probe"}}`, i), ""); err != nil {
			t.Fatal(err)
		}
		if i == 250 {
			sim.DropSockets()
		}
	}
	all := func(v slacksim.View) bool {
		acked := map[string]bool{}
		for _, e := range v.Envelopes() {
			if e.AckedAt != nil {
				acked[e.EventID] = true
			}
		}
		return len(acked) == 500
	}
	if err := sim.Wait(limit, all); err != nil {
		t.Errorf("not all were acknowledged: %v", err)
	}
	mu.Lock()
	if len(stored) != 500 {
		t.Errorf("%d of 500 stored", len(stored))
	}
	mu.Unlock()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-limit.Done():
		t.Error("Run did not end")
	}
}
