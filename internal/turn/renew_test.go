package turn_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"holdfast/internal/turn"
)

// until answers, once a call is about all of these texts; the ones before hang.
func (r *rig) answersOnceAbout(texts string, shown ...string) {
	r.model = func(ctx context.Context, call int, say func(turn.Event) bool) error {
		if r.asked[call-1] != texts {
			if len(shown) > 0 {
				say(turn.Event{Kind: turn.Started, ResponseID: "early"})
				say(turn.Event{Kind: turn.Delta, Text: shown[0]})
			}
			return hangs(ctx)
		}
		return answers(say, call, "about ", texts)
	}
}

func (r *rig) worked() { r.Helper(); r.worked2("first") }

func (r *rig) worked2(replica string) {
	r.Helper()
	if err := r.work(r.Context(), replica); err != nil {
		r.Fatal(err)
	}
}

func TestSteer(t *testing.T) {
	for _, mode := range []turn.Midturn{turn.Steer, turn.Interrupt} {
		run(t, func(r *rig) {
			r.mode = mode
			a := r.says("a")
			var b string
			r.answersOnceAbout("a+b")
			time.AfterFunc(time.Second, func() { b = r.says("b") })
			r.worked()
			r.equal("asked", r.asked, []string{"a", "a+b"})
			r.equal("shown", r.screen.finals, []string{"about a+b|"})
			r.ends(a, "merged")
			r.ends(b, "answered")
		})
	}
}

func TestQueueWaits(t *testing.T) {
	run(t, func(r *rig) {
		r.says("a")
		time.AfterFunc(time.Second, func() { r.says("b") })
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			time.Sleep(2 * time.Second)
			return answers(say, call, r.asked[call-1])
		}
		r.worked()
		r.equal("shown", r.screen.finals, []string{"a|", "b|"})
	})
}

// While it is briefed nobody knows yet what the setting says: it counts all the same.
func TestSteerWhileItIsBriefed(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Steer
		r.says("a")
		r.brief = func(context.Context) error {
			if r.n == 1 {
				r.says("b")
			}
			return nil
		}
		r.answersOnceAbout("a+b")
		r.worked()
		r.equal("asked", r.asked, []string{"a+b"})
	})
}

// Somebody who writes in bursts is asked about a few times, not each time; and it
// costs no retry.
func TestBurst(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Steer
		r.says("0")
		all := "0"
		for i := range 50 {
			all += "+x"
			time.AfterFunc(time.Second+time.Duration(i)*40*time.Millisecond, func() { r.says("x") })
		}
		r.answersOnceAbout(all)
		r.worked()
		if n := len(r.asked); n < 5 || n > 14 {
			t.Errorf("%d calls", n)
		}
		r.equal("shown", r.screen.finals, []string{"about " + all + "|"})
	})
}

// Once text is shown, steering waits.
func TestSteerAfterTheFirstWord(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Steer
		r.says("a")
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			say(turn.Event{Kind: turn.Started, ResponseID: "x"})
			say(turn.Event{Kind: turn.Delta, Text: "high"})
			if call == 1 {
				r.says("b")
				time.Sleep(time.Second)
			}
			say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: "high"}})
			return nil
		}
		r.worked()
		r.equal("asked", r.asked, []string{"a", "b"})
	})
}

func TestInterrupt(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Interrupt
		a := r.says("a")
		time.AfterFunc(time.Second, func() { r.says("b") })
		r.answersOnceAbout("a+b", "well, ")
		r.worked()
		r.equal("shown", r.screen.finals, []string{"well, |:fast_forward: Interrupted by a newer message.", "about a+b|"})
		r.ends(a, "merged")
	})
}

// The words of an edit are what is asked; told twice, it is asked once.
func TestEdit(t *testing.T) {
	run(t, func(r *rig) {
		a := r.says("a")
		for range 2 {
			time.AfterFunc(time.Second, func() { r.edits(a, "A") })
		}
		r.answersOnceAbout("A")
		time.AfterFunc(500*time.Millisecond, func() { r.edits("m/1.000099", "another message") })
		r.worked()
		r.equal("asked", r.asked, []string{"a", "A"})
	})
}

func TestEditWhileItIsRead(t *testing.T) {
	run(t, func(r *rig) {
		a := r.says("a")
		r.model = func(_ context.Context, call int, say func(turn.Event) bool) error {
			say(turn.Event{Kind: turn.Started, ResponseID: "x"})
			say(turn.Event{Kind: turn.Delta, Text: "high"})
			r.edits(a, "A")
			say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: "high"}})
			return nil
		}
		r.worked()
		r.equal("shown", r.screen.finals, []string{"high|"})
	})
}

// A message that its author takes back: nothing stays, at whatever step.
func TestDeletionAtEachStep(t *testing.T) {
	for _, step := range []string{"brief", "silence", "middle", "pause", "last word", "writing"} {
		t.Run(step, func(t *testing.T) {
			run(t, func(r *rig) {
				a := r.says("a")
				deletes := func() { r.deletes(a) }
				r.model = func(ctx context.Context, call int, say func(turn.Event) bool) error {
					if step == "silence" {
						time.AfterFunc(time.Second, deletes)
						return hangs(ctx)
					}
					say(turn.Event{Kind: turn.Started, ResponseID: "x"})
					if step == "pause" {
						time.AfterFunc(100*time.Millisecond, deletes)
						return &turn.Failure{Code: "server_error", Retry: true}
					}
					say(turn.Event{Kind: turn.Delta, Text: "high"})
					switch step {
					case "middle":
						time.AfterFunc(time.Second, deletes)
						return hangs(ctx)
					case "last word":
						deletes()
					case "writing":
						time.AfterFunc(time.Second, deletes)
					}
					say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: "high"}})
					return nil
				}
				if step == "brief" {
					r.brief = func(ctx context.Context) error { deletes(); return hangs(ctx) }
				}
				r.screen.hold = step == "writing"
				r.worked()
				r.equal("shown", r.screen.finals, []string{"|"})
				r.ends(a, "declined/deleted")
			})
		})
	}
}

// One of two is taken back: the turn goes on for the other.
func TestDeletionOfOne(t *testing.T) {
	run(t, func(r *rig) {
		r.says("a")
		b := r.says("b")
		time.AfterFunc(time.Second, func() { r.deletes(b) })
		r.answersOnceAbout("a")
		r.worked()
		r.equal("asked", r.asked, []string{"a+b", "a"})
	})
}

// After a crash the response that the endpoint kept is gone on with, unless it was
// about other words.
func TestResumeOfWhatIsStillAsked(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(r *rig, a string) // while nobody runs
		resumed int
		want    string
	}{
		{"nothing new", func(*rig, string) {}, 1, "high tide|"},
		{"one waits", func(r *rig, _ string) { r.says("b") }, 1, "high tide|"},
		{"edited", func(r *rig, a string) { r.edits(a, "A") }, 0, "about A|"},
		{"deleted", func(r *rig, a string) { r.deletes(a) }, 0, "|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(r *rig) {
				r.mode = turn.Queue
				a := r.says("a")
				die := make(chan struct{})
				r.model = func(ctx context.Context, call int, say func(turn.Event) bool) error {
					switch {
					case call == 1:
						say(turn.Event{Kind: turn.Started, ResponseID: "kept"})
						say(turn.Event{Kind: turn.Delta, Sequence: 1, Text: "high "})
						close(die)
						return hangs(ctx)
					case call == 2 && r.resumed == 1:
						say(turn.Event{Kind: turn.Delta, Sequence: 2, Text: "tide"})
						say(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true}})
						return nil
					}
					return answers(say, call, "about ", r.asked[call-1])
				}
				r.crashes(die)
				c.change(r, a)
				if err := r.work(r.Context(), "second"); err != nil {
					t.Fatal(err)
				}
				if got := r.screen.finals[0]; got != c.want || r.resumed != c.resumed {
					t.Errorf("shown %q, resumed %d; want %q, %d", got, r.resumed, c.want, c.resumed)
				}
			})
		})
	}
}

// kill -9 after a turn took a message up, before it asked about it.
func TestCrashInTheMiddleOfASteer(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Steer
		a := r.says("a")
		die := make(chan struct{})
		var b string
		r.model = func(ctx context.Context, call int, say func(turn.Event) bool) error {
			if call == 1 {
				say(turn.Event{Kind: turn.Started, ResponseID: "kept"})
				time.AfterFunc(time.Second, func() { b = r.says("b") })
				return hangs(ctx)
			}
			return answers(say, call, "about ", r.asked[call-1])
		}
		r.brief = func(ctx context.Context) error {
			if len(r.asked) == 1 { // the turn has taken b up, and died
				close(die)
				return hangs(ctx)
			}
			return nil
		}
		r.crashes(die)
		r.brief = nil
		if err := r.work(r.Context(), "second"); err != nil {
			t.Fatal(err)
		}
		r.equal("shown", r.screen.finals, []string{"about a+b|"})
		r.ends(a, "merged")
		r.ends(b, "answered")
		if r.resumed > 0 {
			t.Error("it went on with a response that knows nothing of the second message")
		}
	})
}

func TestStopAndSteer(t *testing.T) {
	run(t, func(r *rig) {
		r.mode = turn.Steer
		a := r.says("a")
		time.AfterFunc(time.Second, func() { r.says("b"); r.stops() })
		r.model = func(ctx context.Context, _ int, _ func(turn.Event) bool) error { return hangs(ctx) }
		r.worked()
		r.ends(a, "stopped/person")
		if n := len(r.screen.finals); n != 1 || !strings.Contains(r.screen.finals[0], "Stopped") {
			t.Errorf("shown %q", r.screen.finals)
		}
	})
}

// A stop ends the call before it is stored; one of an earlier turn ends nothing.
func TestStopAheadOfTheStore(t *testing.T) {
	run(t, func(r *rig) {
		r.says("a")
		r.says("b")
		r.model = func(ctx context.Context, _ int, _ func(turn.Event) bool) error {
			r.runner.StopEarly(r.lane.Key(), "1.000001") // b is newer
			r.runner.StopEarly(r.lane.Key(), "")
			if ctx.Err() != nil {
				t.Error("a late stop of something earlier ended it")
			}
			r.runner.StopEarly(r.lane.Key(), "1.000002")
			return hangs(ctx)
		}
		r.worked()
		r.equal("shown", r.screen.finals, []string{"|:octagonal_sign: Stopped."})
	})
}
