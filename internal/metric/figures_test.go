package metric_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/internal/metric"
	"holdfast/internal/turn"
)

func (r *rig) figures() metric.Figures {
	r.Helper()
	f, err := metric.Read(strings.NewReader(r.page()))
	if err != nil {
		r.Fatal(err)
	}
	return f
}

func TestFiguresAreThePages(t *testing.T) {
	r := setup(t)
	r.answers = []answer{hangs, said}
	l := r.begin("t", 2)
	r.ask("t", turn.Cursor{})
	r.ask("t", turn.Cursor{})
	r.finish(l, turn.Answered, "")
	r.finish(r.begin("f", 1), turn.Failed, "bad_key")
	r.set.SlackCall("chat.update", "limited", time.Second)
	r.set.SlackCall("chat.update", "ok", time.Second)
	r.set.SlackCall("chat.postMessage", "limited", time.Second)
	for range 98 {
		r.set.Envelope("events_api", "acked", 2*time.Millisecond) // in the bucket from 1 to 2.5
	}
	for range 2 {
		r.set.Envelope("events_api", "acked", time.Hour) // beyond all buckets
	}
	f := r.figures()
	if f.Version != "v1" || f.Sockets != 2 || f.Running != 3 || !f.ModelDown || f.NotReady != 0 {
		t.Errorf("%+v", f)
	}
	if f.Messages["answered"] != 1 || f.Messages["merged"] != 1 || f.Messages["failed"] != 2 || f.Turns["failed"] != 1 ||
		f.Failures["bad_key"] != 1 || f.Timeouts["first_event"] != 1 || f.Recovered["asked_again"] != 1 || f.Resumes != 1 || f.Limited != 2 {
		t.Errorf("%+v", f)
	}
	if b := f.Backlog; b == nil || b.Lanes != 4 || b.Messages != 5 || b.Oldest < time.Minute || b.Oldest > time.Hour {
		t.Errorf("backlog %+v", b)
	}
	if a := f.Ack; a.Count != 100 || a.P50 < time.Millisecond || a.P50 > 2500*time.Microsecond || a.P95 < a.P50 || a.P95 > 2500*time.Microsecond || a.P99 != 10*time.Second {
		t.Errorf("ack %+v", a)
	}
	if f.Finish.Count != 2 || f.Token.Count != 1 || f.Goroutines < 1 {
		t.Errorf("%+v", f)
	}
	r.waiting = errors.New("away")
	if f := r.figures(); f.Backlog != nil {
		t.Errorf("without the database, backlog %+v", f.Backlog)
	}
}

func TestFiguresOfAnotherPage(t *testing.T) {
	if f, err := metric.Read(strings.NewReader("")); err != nil || f.Goroutines != 0 {
		t.Errorf("of nothing: %+v, %v", f, err)
	}
	if _, err := metric.Read(strings.NewReader("<html>sign in</html>")); err == nil {
		t.Error("no error for a page that is none of ours")
	}
}
