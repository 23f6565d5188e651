package modelsim_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/modelsim"
)

// TestRestart: what was stored can be fetched from another Sim that loads it.
func TestRestart(t *testing.T) {
	old := start(t, modelsim.Options{Seed: 3})
	_, body, _ := old.call("POST", "/responses", `{"model":"sim-fast","input":"remember me"}`)
	plain := parse(t, body)
	events, err := old.stream(`"background":true`, "go on")
	if err != io.EOF {
		t.Fatal(err)
	}
	job := last(t, events)
	old.sim.AddRule(modelsim.Rule{Text: "never", Timing: &modelsim.Timing{FirstToken: time.Hour}})
	_, r := old.open(old.ctx, "POST", "/responses", ask(`"background":true`, "too slow"))
	cut, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	file := old.uploadFile("user_data", "a.txt", []byte("kept"))
	_, body, _ = old.call("POST", "/containers", `{"name":"c","file_ids":["`+file+`"]}`)
	container := parse(t, body).ID
	var saved bytes.Buffer
	if err := old.sim.Save(&saved); err != nil {
		t.Fatal(err)
	}

	b := start(t, modelsim.Options{Seed: 3})
	if err := b.sim.Load(bytes.NewReader(saved.Bytes())); err != nil {
		t.Fatal(err)
	}
	if _, body, _ = b.call("GET", "/responses/"+plain.ID, ""); !cmp.Equal(parse(t, body), plain) {
		t.Error(body)
	}
	_, replay := b.open(b.ctx, "GET", "/responses/"+job.ID+"?stream=true&starting_after=2", "")
	got, err := replay.rest()
	if want := types(events)[3:]; err != io.EOF || !slices.Equal(types(got), want) {
		t.Errorf("%v %v", types(got), err)
	}
	_, replay = b.open(b.ctx, "GET", "/responses/"+parse(t, string(cut.raw["response"])).ID+"?stream=true", "")
	got, _ = replay.rest()
	if end := last(t, got); end.Status != "failed" || end.Error == nil || got[len(got)-1].seq != len(got)-1 {
		t.Errorf("the job that was cut: %+v", end)
	}
	status, body, _ := b.call("POST", "/responses", `{"model":"sim-fast","input":"and me","previous_response_id":"`+plain.ID+`"}`)
	if r := parse(t, body); status != 200 || r.ID == plain.ID || r.ID == job.ID {
		t.Errorf("%d %s", status, body)
	}
	if _, body, _ = b.call("GET", "/files/"+file+"/content", ""); body != "kept" {
		t.Error(body)
	}
	if _, body, _ = b.call("GET", "/containers/"+container+"/files", ""); !strings.Contains(body, "a.txt") {
		t.Error(body)
	}
	for _, bad := range []string{"", "{}", `{"version":1,"responses":[{}]}`, `{"version":1,"files":[null]}`, `{"version":1,"containers":[{}]}`} {
		if err := modelsim.New(modelsim.Options{}).Load(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was loaded", bad)
		}
	}
}
