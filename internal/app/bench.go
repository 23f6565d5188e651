package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"holdfast/internal/bench"
	"holdfast/internal/process"
)

// BenchOptions are the flags of bench.
type BenchOptions struct {
	bench.Options
	Bot     string // measure this command in place of the assistant
	Against string // measure this command beside it, by turns
	Store   string // database of the assistant; empty: SQLite in a fresh folder for each run
	JSON    string // file for the whole report; "-": out, in place of the table
}

// ErrUnclean means that messages were left without an answer, or got several.
var ErrUnclean = errors.New("not every message got exactly one answer")

// Bench measures the assistant, or other bots, against both simulators, and
// writes a table to out. It returns ErrUnclean, after the table, as the case may be.
func Bench(ctx context.Context, o BenchOptions, out, progress io.Writer) error {
	bot, err := assistantBot(o.Store)
	if err != nil {
		return err
	}
	if o.Bot != "" {
		bot = bench.Bot{Name: "bot", Args: process.Shell(o.Bot)}
	}
	o.Bots = []bench.Bot{bot}
	if o.Against != "" {
		o.Bots = append(o.Bots, bench.Bot{Name: "other", Args: process.Shell(o.Against)})
	}
	if err := o.Check(); err != nil {
		return &SetupError{Say: err.Error()}
	}
	report, err := bench.Run(ctx, o.Options, progress)
	if ctx.Err() != nil {
		return errors.New("stopped before the end: nothing is reported")
	}
	if err != nil {
		return err
	}
	if o.JSON != "-" {
		if err := report.Write(out); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	if o.JSON != "" {
		if err := writeJSON(o.JSON, out, report); err != nil {
			return err
		}
	}
	if !report.Clean() {
		return ErrUnclean
	}
	return nil
}

// assistantBot is this very program, serving.
func assistantBot(store string) (bench.Bot, error) {
	exe, err := os.Executable()
	if err != nil {
		return bench.Bot{}, fmt.Errorf("find the program itself: %w", err)
	}
	if store == "" {
		store = "sqlite:holdfast.db" // in its fresh folder
	}
	return bench.Bot{Name: "holdfast", Args: []string{exe, "serve"}, Scratch: true, Env: []string{
		"DATABASE_URL=" + store, "HOLDFAST_ADMIN_ADDR=off", "HOLDFAST_ENDPOINT=full",
	}}, nil
}

func writeJSON(name string, out io.Writer, report any) error {
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	b = append(b, '\n')
	if name == "-" {
		_, err = out.Write(b)
	} else {
		err = os.WriteFile(name, b, 0o644)
	}
	if err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	return nil
}
