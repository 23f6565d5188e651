package modelsim_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"holdfast/internal/modelsim"
)

// lines is a writer that tests may read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

type wireLine struct {
	N                 int
	Method, Path      string
	Status            int
	Request, Response json.RawMessage
	Events            []json.RawMessage
}

func (l *lines) all(t *testing.T) []wireLine {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []wireLine
	for line := range bytes.Lines(l.b.Bytes()) {
		var w wireLine
		if err := json.Unmarshal(line, &w); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, w)
	}
	return out
}

func TestWireTellsWhatWasSent(t *testing.T) {
	log := &lines{}
	b := start(t, modelsim.Options{Wire: log})
	_, whole, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"one"}`)
	events, _ := b.stream("", "two")
	for _, d := range []modelsim.Dialect{{Gzip: true, CRLF: true}, {Multiline: true, NoEventLine: true}} {
		b.sim.ClearRules()
		b.sim.AddRule(modelsim.Rule{Dialect: &d})
		if _, err := b.stream("", "two"); err == nil {
			t.Fatal("no end")
		}
	}
	b.call("GET", "/nowhere", "")
	b.wait("all logged", func(st modelsim.Stats) bool { return st.Active == 0 })
	var got []wireLine
	for got = log.all(t); len(got) < 5; got = log.all(t) {
		if b.ctx.Err() != nil {
			t.Fatalf("%d lines", len(got))
		}
	}
	if got[0].N != 1 || got[0].Method != "POST" || got[0].Path != "/v1/responses" || got[0].Status != 200 || string(got[0].Request) != `{"model":"sim-fast","input":"one"}` || string(got[0].Response)+"\n" != whole || len(got[0].Events) != 0 {
		t.Errorf("%+v", got[0])
	}
	for i := 1; i <= 3; i++ {
		if len(got[i].Events) != len(events) || string(got[i].Response) != "null" {
			t.Fatalf("%d: %d events, want %d; response %s", i, len(got[i].Events), len(events), got[i].Response)
		}
	}
	for i, e := range events {
		if string(got[1].Events[i]) != e.data {
			t.Errorf("event %d: %s, want %s", i, got[1].Events[i], e.data)
		}
	}
	if got[4].Status != 404 || string(got[4].Request) != "null" {
		t.Errorf("%+v", got[4])
	}
}

func TestRequestsAfterANumber(t *testing.T) {
	b := start(t, modelsim.Options{KeepRequests: 3})
	for range 5 {
		b.call("GET", "/models", "")
	}
	for after, want := range map[string][]int{"": {3, 4, 5}, "?after=0": {3, 4, 5}, "?after=3": {4, 5}, "?after=5": {}, "?after=9": {}, "?after=0&last=1": {5}} {
		w := httptest.NewRecorder()
		b.sim.RequestsHandler().ServeHTTP(w, httptest.NewRequest("GET", "/model/requests"+after, nil))
		var got struct{ Requests []struct{ N int } }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%d %v: %s", w.Code, err, w.Body)
		}
		if len(got.Requests) != len(want) {
			t.Fatalf("%s: %v, want %v", after, got.Requests, want)
		}
		for i, n := range want {
			if got.Requests[i].N != n {
				t.Errorf("%s: %v, want %v", after, got.Requests, want)
			}
		}
	}
	w := httptest.NewRecorder()
	b.sim.RequestsHandler().ServeHTTP(w, httptest.NewRequest("GET", "/?after=x", nil))
	if w.Code != 400 {
		t.Error("after=x: " + strconv.Itoa(w.Code))
	}
}
