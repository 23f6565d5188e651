package slacksim

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// Ten times the messages must not cost much more than ten times the time.
func TestLoadMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("load")
	}
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	fill := func(n int) time.Duration {
		began := time.Now()
		for i := range n {
			r.say(SeedAda, SeedGeneral, "m", map[bool]string{true: root}[i%2 == 0])
		}
		return time.Since(began)
	}
	first := fill(1000)
	rest := fill(9000)
	if rest > 9*5*first+time.Second {
		t.Fatalf("1,000 messages took %v and 9,000 more %v", first, rest)
	}
	out := r.ok("conversations.replies", obj{"channel": SeedGeneral, "ts": root, "limit": 10})
	if n := out["messages"].([]any)[0].(obj)["reply_count"]; n != 5000.0 {
		t.Fatal(n)
	}
}

func TestLoadStreamsAndCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("load")
	}
	r := start(t, Options{})
	root := r.say(SeedAda, SeedGeneral, "root", "").TS
	const streams, workers = 1000, 200
	jobs := make(chan int)
	stamps := make([]string, streams)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range jobs {
				out := r.post("chat.startStream", obj{"channel": SeedGeneral, "thread_ts": root, "recipient_user_id": SeedAda, "recipient_team_id": SeedTeam})
				ts, _ := out["ts"].(string)
				for j := range 3 {
					if out := r.post("chat.appendStream", onto(ts, obj{"chunks": words(fmt.Sprint(j))})); out["ok"] != true {
						t.Errorf("%v", out)
					}
				}
				stamps[i] = ts
			}
		})
	}
	for i := range streams {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	if n := len(r.Replies(SeedGeneral, root)); n != streams+1 {
		t.Fatalf("%d messages", n)
	}
	if m := r.shown(stamps[streams-1]); m.StreamingState != "in_progress" || m.Text != "012" {
		t.Fatalf("%+v", m)
	}
	r.Advance(5 * time.Minute)
	if m := r.shown(stamps[0]); m.StreamingState != "errored" {
		t.Fatalf("%+v", m)
	}
}
