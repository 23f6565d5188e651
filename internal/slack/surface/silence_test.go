package surface_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/internal/slacksim"
	"holdfast/internal/turn"
)

// While nothing happens, the person sees that it goes on, what it is at, and for how
// long: on the status line, else in the message itself.
func TestSilenceIsNotSilent(t *testing.T) {
	for _, c := range []struct {
		name string
		no   []string
		sees func(k *kit, v slacksim.View) string
	}{
		{"status line", nil, func(k *kit, v slacksim.View) string {
			s, _ := v.Session(channel, k.root)
			return s.Prose
		}},
		{"message", []string{"agents.sessions.setStatus", "assistant.threads.setStatus"}, func(k *kit, v slacksim.View) string {
			var b strings.Builder
			for _, m := range replies(v.Replies(channel, k.root)) {
				b.Write(m.Blocks)
			}
			return b.String()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := setup(t)
			for _, method := range c.no {
				k.fault(method, "unknown_method", 0)
			}
			o := posting()
			o.Sign = 30 * time.Millisecond
			s := k.open(o)
			sees := func(want string) {
				t.Helper()
				re := regexp.MustCompile(want)
				k.until(want, func(v slacksim.View) bool { return re.MatchString(c.sees(k, v)) })
			}
			s.Working("")
			sees(`Still waiting for the model, \d+ s`)
			s.Working("Searching the web…")
			sees(`Searching the web, \d+ s`)
			k.say(s, "The tide comes in. ")
			k.shows(10)
			sees(`Still waiting for the model, \d+ s`)
			k.finish(s, "The tide comes in. High.", "")
			k.answered("The tide comes in. High.", 1)
			if got := k.ours()[0].Blocks; strings.Contains(string(got), "waiting") {
				t.Errorf("the line is left: %s", got)
			}
		})
	}
}

// A Finish that was cut off in the middle of its messages is followed by another one
// that says something else: nothing of the first is left.
func TestFinishAfterOneThatWasCutOff(t *testing.T) {
	for _, kind := range []string{"hang", "lost"} {
		t.Run(kind, func(t *testing.T) {
			k := setup(t)
			o := posting()
			o.Chars = 500
			s := k.open(o)
			k.say(s, "The tide ")
			k.shows(5)
			for _, kind := range []string{kind, "hang"} { // so that it does not end by itself
				_, err := k.AddFault(slacksim.Fault{Method: "chat.postMessage", Kind: kind, Times: 1})
				k.must(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				k.until("the first message whole", func(v slacksim.View) bool { return len(v.Calls("chat.update")) > 0 })
				cancel()
			}()
			_, err := s.Finish(ctx, turn.Ending{Text: "The tide " + prose(30)})
			if err == nil {
				t.Fatal("it was not cut off")
			}
			k.finish(s, "The tide", "Stopped.")
			k.answered("The tide", 1)
		})
	}
}
