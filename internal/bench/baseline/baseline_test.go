package baseline

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	for in, want := range map[string]Options{
		"workers=3":                        {3, 305 * time.Second, false},
		"timeout=1m":                       {10, time.Minute, false},
		"workers=2, timeout=5s, busy=wait": {2, 5 * time.Second, true},
		"busy=refuse":                      {10, 305 * time.Second, false},
	} {
		if got, err := Parse(in); err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "10", "workers", "workers=0", "workers=ten", "timeout=305", "timeout=-1s", "busy=drop", "workers=1,", "colour=red"} {
		if _, err := Parse(in); err == nil {
			t.Errorf("%q is no shape, but there is no error", in)
		}
	}
}

func TestCut(t *testing.T) {
	for name, text := range map[string]string{
		"short": "Yes.", "lines": strings.Repeat("a line of it\n", 900), "one run": strings.Repeat("x", 9000), "wide": strings.Repeat("漢", 4000), "first line": "\n" + strings.Repeat("y", 5000),
	} {
		var parts []string
		for part, rest := cut(text); ; part, rest = cut(rest) {
			if len(part) == 0 || len(part) > longest || !utf8.ValidString(part) {
				t.Errorf("%s: a part of %d bytes", name, len(part))
			}
			parts = append(parts, part)
			if rest == "" {
				break
			}
		}
		if bare := strings.NewReplacer("\n", ""); bare.Replace(strings.Join(parts, "")) != bare.Replace(text) {
			t.Errorf("%s: its %d parts are not the text", name, len(parts))
		}
	}
}

// TestShape: answers in order with their history, a refusal while a thread is busy,
// workers that hang, a timeout that is said.
func TestShape(t *testing.T) {
	slack := slacksim.New(slacksim.Options{})
	model := modelsim.New(modelsim.Options{})
	model.AddRule(modelsim.Rule{Match: modelsim.Match{Regexp: "hang"}, Fault: &modelsim.Fault{Kind: modelsim.FaultHeaderHang}})
	model.AddRule(modelsim.Rule{Text: "Here you are.\n" + strings.Repeat("word ", 780)})
	api, err := slack.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	responses, err := model.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	b := newBot(Options{Workers: 2, Timeout: 3 * time.Second}, Endpoints{
		SlackURL: api.APIURL(), BotToken: slacksim.DefaultBotToken, AppToken: slacksim.DefaultAppToken,
		ModelURL: responses.URL(), ModelKey: "sk",
	}, slog.New(slog.DiscardHandler))
	go func() {
		defer close(ended)
		b.run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		for _, end := range []func() error{responses.Close, model.Close, api.Close, slack.Close} {
			if err := end(); err != nil {
				t.Error(err)
			}
		}
	})
	wait, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	until := func(what string, ok func(slacksim.View) bool) {
		t.Helper()
		if err := slack.Wait(wait, ok); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	said := func(v slacksim.View, channel, root string) (texts []string) {
		for _, m := range v.Messages(channel) {
			if m.ThreadTS == root && m.BotID != "" {
				texts = append(texts, m.Text)
			}
		}
		return texts
	}
	until("a socket", func(v slacksim.View) bool { return v.Live() > 0 })
	say := func(text, root string) (channel, ts string) {
		t.Helper()
		m, err := slack.Say(slacksim.SeedAda, "@bot", text, root)
		if err != nil {
			t.Fatal(err)
		}
		return m.Channel, m.TS
	}

	channel, root := say("One?", "")
	free := func(root string) { // an answer is seen before its lock is given back
		t := b.thread(channel + ":" + root)
		t.busy.Lock()
		defer t.busy.Unlock()
	}
	whole := func(n int) func(slacksim.View) bool {
		return func(v slacksim.View) bool {
			texts := said(v, channel, root)
			return len(texts) == n && !slices.Contains(texts, thinking)
		}
	}
	until("an answer in two parts", whole(2))
	free(root)
	say("Two?", root)
	until("a second answer", whole(4))
	if body := string(model.Requests()[1].Body); !strings.Contains(body, "One?") || !strings.Contains(body, "Here you are.") {
		t.Errorf("the second request lacks the history: %s", body)
	}

	_, hung := say("Please hang.", "")
	until("a placeholder", func(v slacksim.View) bool { return slices.Equal(said(v, channel, hung), []string{thinking}) })
	say("Are you there?", hung)
	until("a refusal", func(v slacksim.View) bool { return slices.Equal(said(v, channel, hung), []string{thinking, Refusal}) })
	until("word of the timeout", func(v slacksim.View) bool { return slices.Equal(said(v, channel, hung), []string{sorry, Refusal}) })
	if n := model.Stats().Requests; n != 3 {
		t.Errorf("%d model calls, want 3: a refused message is forgotten", n)
	}
	free(hung)
	say("And now?", hung)
	until("an answer in the thread that hung", func(v slacksim.View) bool { return len(said(v, channel, hung)) == 4 })
}
