package modelsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"holdfast/internal/modelsim"
)

func datas(events []sse) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.data)
	}
	return out
}

func TestS21BackgroundStreamIsQueuedFirst(t *testing.T) {
	b := start(t, modelsim.Options{})
	events, err := b.stream(`"background":true`, "x")
	if err != io.EOF {
		t.Fatal(err)
	}
	want := []string{"created", "queued", "in_progress", "output_item.added"}
	if diff := cmp.Diff(want, short(types(events))[:4]); diff != "" {
		t.Error(diff)
	}
	id := last(t, events).ID
	_, body, _ := b.call("GET", "/responses/"+id, "")
	if r := parse(t, body); r.Status != "completed" || r.text() != text(events) {
		t.Error(body)
	}
}

func TestS21ReplayFromAnyNumber(t *testing.T) {
	b := start(t, modelsim.Options{})
	events, err := b.stream(`"background":true`, "replay me")
	if err != io.EOF {
		t.Fatal(err)
	}
	id := last(t, events).ID
	_, r := b.open(b.ctx, "GET", "/responses/"+id+"?stream=true", "")
	whole, err := r.rest()
	if diff := cmp.Diff(datas(events), datas(whole)); diff != "" || err != io.EOF {
		t.Fatal(err, diff)
	}
	for n := range events {
		_, r := b.open(b.ctx, "GET", fmt.Sprintf("/responses/%s?stream=true&starting_after=%d", id, n), "")
		rest, err := r.rest()
		if diff := cmp.Diff(datas(events[n+1:]), datas(rest)); diff != "" || err != io.EOF {
			t.Fatalf("after %d: %v %s", n, err, diff)
		}
	}
	if code, _, _ := b.call("GET", "/responses/"+id+"?stream=true&starting_after=x", ""); code != 400 {
		t.Error(code)
	}
}

func TestS21GoesOnWithoutItsClient(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Fault: &modelsim.Fault{Kind: modelsim.FaultDrop, After: 3}})
	ctx, leave := context.WithCancel(b.ctx)
	_, r := b.open(ctx, "POST", "/responses", ask(`"background":true`, "survive"))
	first, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	leave()
	id := parse(t, string(first.raw["response"])).ID
	b.wait("the job is over", func(st modelsim.Stats) bool { return st.BackgroundRunning == 0 && st.Streams == 0 })
	_, r = b.open(b.ctx, "GET", "/responses/"+id+"?stream=true&starting_after=0", "")
	rest, err := r.rest()
	if err != io.EOF || last(t, rest).Status != "completed" {
		t.Error(err, types(rest))
	}
}

// TestS21LiveTail has several readers, come at different times, read one job
// while it is being made.
func TestS21LiveTail(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Text: strings.Repeat("tide ", 120), Timing: &modelsim.Timing{TokensPerSecond: 600}})
	_, r := b.open(b.ctx, "POST", "/responses", ask(`"background":true`, "live"))
	first, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	id := parse(t, string(first.raw["response"])).ID
	var wg sync.WaitGroup
	got := make([][]string, 8)
	for i := range got {
		_, tail := b.open(b.ctx, "GET", fmt.Sprintf("/responses/%s?stream=true&starting_after=%d", id, i), "")
		wg.Go(func() {
			events, err := tail.rest()
			if err != io.EOF {
				t.Errorf("reader %d: %v", i, err)
			}
			got[i] = datas(events)
		})
	}
	own, err := r.rest()
	wg.Wait()
	if err != io.EOF {
		t.Fatal(err)
	}
	for i := range got {
		if diff := cmp.Diff(datas(own)[i:], got[i]); diff != "" {
			t.Errorf("reader %d: %s", i, diff)
		}
	}
}

func TestS21CancelAndDelete(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Text: "never", Timing: &modelsim.Timing{FirstToken: time.Hour}})
	_, r := b.open(b.ctx, "POST", "/responses", ask(`"background":true`, "x"))
	first, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	id := parse(t, string(first.raw["response"])).ID
	for range 2 { // twice: cancelling is idempotent
		code, body, _ := b.call("POST", "/responses/"+id+"/cancel", "")
		if code != 200 || parse(t, body).Status != "cancelled" {
			t.Fatal(code, body)
		}
	}
	if rest, err := r.rest(); err != io.EOF || slices.Contains(types(rest), "response.completed") {
		t.Error(types(rest), err)
	}
	if code, body, _ := b.call("DELETE", "/responses/"+id, ""); code != 200 || !strings.Contains(body, `"deleted":true`) {
		t.Error(code, body)
	}
	for _, path := range []string{"/responses/" + id, "/responses/" + id + "/input_items"} {
		if code, _, _ := b.call("GET", path, ""); code != 404 {
			t.Errorf("%s after delete: %d", path, code)
		}
	}
	if code, _, _ := b.call("POST", "/responses/"+id+"/cancel", ""); code != 404 {
		t.Error("cancel after delete:", code)
	}
}

func TestBackgroundExpires(t *testing.T) {
	now := fixed()
	var mu sync.Mutex
	b := start(t, modelsim.Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	events, err := b.stream(`"background":true`, "x")
	if err != io.EOF {
		t.Fatal(err)
	}
	id := last(t, events).ID
	mu.Lock()
	now = now.Add(11 * time.Minute)
	mu.Unlock()
	if code, body, _ := b.call("GET", "/responses/"+id, ""); code != 404 {
		t.Error(code, body)
	}
}

func TestStoredForegroundResponses(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{When: modelsim.When{First: 1}, Timing: &modelsim.Timing{FirstToken: time.Hour}})
	_, r := b.open(b.ctx, "POST", "/responses", ask("", "still going"))
	e, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	if code, _, _ := b.call("GET", "/responses/"+parse(t, string(e.raw["response"])).ID, ""); code != 404 {
		t.Errorf("GET while it streams: %d", code)
	}
	for store, want := range map[string]int{"true": 200, "false": 404} {
		events, err := b.stream(`"store":`+store, "x")
		if err != io.EOF {
			t.Fatal(err)
		}
		id := last(t, events).ID
		if code, _, _ := b.call("GET", "/responses/"+id, ""); code != want {
			t.Errorf("store %s: GET %d", store, code)
		}
		if code, _, _ := b.call("GET", "/responses/"+id+"?stream=true", ""); want == 200 && code != 400 {
			t.Errorf("a foreground response was streamed again: %d", code)
		}
		if code, _, _ := b.call("POST", "/responses/"+id+"/cancel", ""); want == 200 && code != 400 {
			t.Errorf("a synchronous response was cancelled: %d", code)
		}
	}
}

func TestStreamAskedForLaterOnly(t *testing.T) {
	b := start(t, modelsim.Options{})
	_, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","background":true,"input":"x"}`)
	if code, _, _ := b.call("GET", "/responses/"+parse(t, body).ID+"?stream=true", ""); code != 400 {
		t.Errorf("a response made without stream:true was streamed: %d", code)
	}
}

func TestInputItems(t *testing.T) {
	b := start(t, modelsim.Options{})
	_, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":[{"role":"user","content":"one"},{"role":"assistant","content":"two"},{"id":"msg_three","role":"user","content":[{"type":"input_text","text":"three"}]}]}`)
	id := parse(t, body).ID
	type page struct {
		Data    []struct{ ID, Role, Type string }
		FirstID string `json:"first_id"`
		LastID  string `json:"last_id"`
		HasMore bool   `json:"has_more"`
	}
	list := func(query string) (p page) {
		_, body, _ := b.call("GET", "/responses/"+id+"/input_items"+query, "")
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(body)
		}
		return p
	}
	p := list("?limit=2")
	if len(p.Data) != 2 || p.Data[0].ID != "msg_three" || !p.HasMore || p.FirstID != "msg_three" || !strings.HasPrefix(p.LastID, "msg_") || p.Data[1].Type != "message" {
		t.Fatalf("%+v", p)
	}
	if q := list("?limit=2&after=" + p.LastID); len(q.Data) != 1 || q.HasMore || q.Data[0].Role != "user" {
		t.Errorf("%+v", q)
	}
	if q := list("?order=asc"); len(q.Data) != 3 || q.LastID != "msg_three" {
		t.Errorf("%+v", q)
	}
	for _, bad := range []string{"?limit=0", "?limit=101", "?order=up", "?after=msg_none"} {
		if code, _, _ := b.call("GET", "/responses/"+id+"/input_items"+bad, ""); code != 400 {
			t.Errorf("%s: %d", bad, code)
		}
	}
}

func TestSDKResumesABackgroundStream(t *testing.T) {
	b := start(t, modelsim.Options{})
	events, err := b.stream(`"background":true`, "x")
	if err != io.EOF {
		t.Fatal(err)
	}
	id := last(t, events).ID
	api := b.sdk()
	s := api.GetStreaming(b.ctx, id, responses.ResponseGetParams{}, option.WithQuery("stream", "true"), option.WithQuery("starting_after", "4"))
	n, lastType := 0, ""
	for s.Next() {
		if got := s.Current().SequenceNumber; got != int64(5+n) {
			t.Fatalf("sequence %d, want %d", got, 5+n)
		}
		n, lastType = n+1, s.Current().Type
	}
	if s.Err() != nil || n != len(events)-5 || lastType != "response.completed" {
		t.Errorf("%d events, last %s: %v", n, lastType, s.Err())
	}
	s.Close()
	// What the SDK does by itself: no stream=true in the query, so JSON comes back.
	s = api.GetStreaming(b.ctx, id, responses.ResponseGetParams{})
	if s.Next() {
		t.Error("an event although stream=true was not sent")
	}
	s.Close()
	if r, err := api.Cancel(b.ctx, id); err != nil || r.Status != "completed" {
		t.Errorf("%v %v", r, err)
	}
	items, err := api.InputItems.List(b.ctx, id, responses.InputItemListParams{})
	if err != nil || len(items.Data) != 1 {
		t.Errorf("%v %v", items, err)
	}
	if err := api.Delete(b.ctx, id); err != nil {
		t.Error(err)
	}
}

func TestPlainStreamEndsWithItsClient(t *testing.T) {
	b := start(t, modelsim.Options{})
	b.sim.AddRule(modelsim.Rule{Text: "never", Timing: &modelsim.Timing{FirstToken: time.Hour}})
	ctx, leave := context.WithCancel(b.ctx)
	_, r := b.open(ctx, "POST", "/responses", ask("", "x"))
	for range 2 { // both are out before the client leaves
		if _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	b.wait("the cancel is seen", func(st modelsim.Stats) bool { return st.Cancelled == 1 && st.Active == 0 && st.Streams == 0 })
	if q := b.sim.Requests()[0]; !q.Cancelled || q.Closed.IsZero() || q.Outcome != "" || q.Events != 2 {
		t.Errorf("%+v", q)
	}
}

func TestBackgroundUnstoredIsASwitch(t *testing.T) {
	b := start(t, modelsim.Options{AllowBackgroundUnstored: true})
	if events, err := b.stream(`"background":true,"store":false`, "x"); err != io.EOF || last(t, events).Status != "completed" {
		t.Error(err, types(events))
	}
}
