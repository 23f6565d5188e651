package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/app"
)

func chaos() *cobra.Command {
	var o app.ChaosOptions
	c := &cobra.Command{
		Use:   "chaos",
		Short: "Attack a fleet of the assistant, and check that no promise is broken",
		Long: `Starts a simulated Slack, a scripted model, a database and one or more processes
of this program's own serve. People write; meanwhile processes are killed, frozen
and replaced, sockets drop and stall, Slack and the model refuse, hang, cut and
lose, people stop, edit and delete, the disk fills up, the database goes away.
Then all is made well, and the accounts are drawn up: each message has one outcome,
each conversation is an unbroken chain, nothing is shown twice, nothing is left.

What happens, and when, follows from the seed; what meets what is the machine's
timing. If a promise was broken, the evidence is kept and named, and a shorter
schedule that breaks one too is looked for and printed.

Ends with code 0 if no promise was broken, 1 if one was, 2 if it was called wrongly.`,
		Example: `  holdfast chaos
  holdfast chaos --store postgres --replicas 3 --turns 2000 --seed 7
  holdfast chaos --schedule /tmp/chaos-123/shrunk.json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("seed") {
				o.Seed = uint64(time.Now().UnixNano()) % 1_000_000
			}
			err := app.Chaos(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
			if _, ok := errors.AsType[*app.SetupError](err); ok {
				return usage(err)
			}
			return err
		},
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 0, "of the schedule (default: a new one, which is printed)")
	f.IntVar(&o.Turns, "turns", 300, "how many messages people write; each is a turn, unless it is answered together with others")
	f.StringVar(&o.Store, "store", "sqlite", "sqlite, or postgres: a private server of the machine's own installation")
	f.IntVar(&o.Replicas, "replicas", 0, "how many processes (default: 1 with sqlite, 3 with postgres)")
	f.Float64Var(&o.Rate, "rate", 10, "messages a second")
	f.Float64Var(&o.Faults, "faults", 60, "faults a minute, on average")
	f.StringSliceVar(&o.Only, "only", nil, "faults of these `kinds` alone, such as kill,freeze (default: all)")
	f.BoolVar(&o.Limits, "limits", false, "with Slack's published rate limits (the default is without)")
	f.DurationVar(&o.Patience, "patience", 2*time.Minute, "how long it may take to come to rest when the faults have ended")
	f.DurationVar(&o.Shrink, "shrink-time", 10*time.Minute, "how long to look for a shorter schedule if a promise was broken; 0 is not at all")
	f.StringVar(&o.Schedule, "schedule", "", "play the schedule in this `file`, which an earlier run left")
	f.StringVar(&o.JSON, "json", "", "write everything to this `file`; - is the standard output, in place of the report")
	f.StringVar(&o.Dir, "dir", "", "make the `folder` of the run in this one (default /tmp; its path must be short)")
	f.BoolVar(&o.Keep, "keep", false, "keep the folder of a clean run too")
	return c
}
