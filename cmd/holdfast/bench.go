package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/app"
)

func bench() *cobra.Command {
	var o app.BenchOptions
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure the assistant, or another Slack bot, as people see it",
		Long: `Starts a simulated Slack and a scripted model, then the bot under test as a
child process, has people write to it, and measures when they see what.

The bot is this program's own serve, or the command of --bot, which is run with
SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET,
OPENAI_BASE_URL and OPENAI_API_KEY in its environment. It must answer direct
messages, and mentions in channels, with what the model says, in the thread.

With --baseline, a plain bot of a common shape is measured beside it: workers
that block until the model has said all, a lock for each thread, a refusal for
who writes while it is taken. Left out, timeout is 305s and busy is refuse;
busy=wait waits for the lock instead.

Ends with code 1 if a message was left without its answer or got two.`,
		Example: `  holdfast bench --messages 200 --threads 50
  holdfast bench --against 'node conformance/bolt-bot/index.js' --repeat 3
  holdfast bench --messages 50 --threads 50 --rate 0 --hung 0.3
  holdfast bench --baseline workers=10 --messages 50 --rate 0
  holdfast bench --messages 50 --hung-calls 1000 --compare-hung --slack-rate 1000`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.Version = version
			err := app.Bench(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
			if _, ok := errors.AsType[*app.SetupError](err); ok {
				return usage(err)
			}
			return err
		},
	}
	f := c.Flags()
	f.IntVar(&o.Messages, "messages", 100, "how many messages people write")
	f.IntVar(&o.Threads, "threads", 50, "over how many threads, half in direct messages, half in channels")
	f.IntVar(&o.People, "people", 10, "by how many people")
	f.Float64Var(&o.Rate, "rate", 10, "messages a second, whatever the answers do; 0 is all at once")
	f.DurationVar(&o.TTFT, "model-ttft", 300*time.Millisecond, "time to the model's first word")
	f.Float64Var(&o.TPS, "model-tps", 50, "tokens (of four characters) that the model says a second; 0 is all at once")
	f.IntVar(&o.AnswerChars, "answer-chars", 600, "length of an answer, about")
	f.Float64Var(&o.Hung, "hung", 0, "share of threads in which every model call hangs for ever; they are counted apart")
	f.IntVar(&o.HungCalls, "hung-calls", 0, "messages whose model calls hang already when the first of the others is written")
	f.BoolVar(&o.CompareHung, "compare-hung", false, "measure each bot without the --hung-calls and with them, by turns, and compare")
	f.BoolVar(&o.Limits, "limits", false, "with Slack's rate limits (the default is without)")
	f.Float64Var(&o.SlackRate, "slack-rate", 1, "the assistant's HOLDFAST_SLACK_RATE: what it multiplies Slack's published rates by")
	f.DurationVar(&o.Timeout, "timeout", time.Minute, "how long to wait for answers after the last message")
	f.IntVar(&o.Warmup, "warmup", 5, "messages before, which are not counted")
	f.IntVar(&o.Repeat, "repeat", 1, "runs, each with a new bot in a new workspace; the table has medians")
	f.Uint64Var(&o.Seed, "seed", 1, "of all that is random")
	f.StringVar(&o.Bot, "bot", "", "measure this `command` in place of the assistant")
	f.StringVar(&o.Against, "against", "", "measure this `command` too, by turns, and compare")
	f.StringVar(&o.Baseline, "baseline", "", "measure a plain bot of this `shape` too, by turns, and compare: workers=10[,timeout=305s][,busy=refuse]")
	f.StringVar(&o.Store, "store", "", "the assistant's DATABASE_URL (default: SQLite in a new folder, which is removed)")
	f.StringVar(&o.JSON, "json", "", "write everything to this `file`; - is the standard output, in place of the table")
	return c
}

// baseline is the other side of bench --baseline.
func baseline() *cobra.Command {
	return &cobra.Command{
		Use:    "baseline SHAPE",
		Short:  "Serve as the plain bot that bench --baseline measures",
		Hidden: true,
		Args:   func(c *cobra.Command, args []string) error { return usage(cobra.ExactArgs(1)(c, args)) },
		RunE: func(c *cobra.Command, args []string) error {
			err := app.Baseline(c.Context(), args[0], c.ErrOrStderr())
			if _, ok := errors.AsType[*app.SetupError](err); ok {
				return usage(err)
			}
			return err
		},
	}
}
