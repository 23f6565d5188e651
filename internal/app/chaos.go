package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"holdfast/internal/chaos"
	"holdfast/internal/pgserver"
)

// ChaosOptions are the flags of chaos.
type ChaosOptions struct {
	chaos.Options
	Schedule string // file of a schedule to play, in place of one drawn from the seed
	JSON     string // file for the whole result; "-": out, in place of the words
}

// ErrBroken means that a promise was not kept.
var ErrBroken = errors.New("a promise was broken")

// Chaos attacks a fleet of this very program and writes to out what came of it.
// It returns ErrBroken, after the report, as the case may be.
func Chaos(ctx context.Context, o ChaosOptions, out, progress io.Writer) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program itself: %w", err)
	}
	o.Program = []string{exe, "serve"}
	var schedule *chaos.Schedule
	if o.Schedule != "" {
		s, err := chaos.ReadSchedule(o.Schedule)
		if err != nil {
			return &SetupError{Say: "--schedule: " + err.Error()}
		}
		schedule = &s
	} else if err := o.Check(); err != nil {
		return &SetupError{Say: err.Error()}
	}
	result, err := chaos.Run(ctx, o.Options, schedule, progress)
	switch {
	case ctx.Err() != nil:
		return errors.New("stopped before the end: nothing is reported")
	case errors.Is(err, pgserver.ErrMissing):
		return &SetupError{Say: err.Error()}
	case err != nil:
		return err
	}
	if o.JSON != "-" {
		if err := result.Write(out); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if o.JSON != "" {
		if err := writeJSON(o.JSON, out, result); err != nil {
			return err
		}
	}
	if !result.Clean() {
		return ErrBroken
	}
	return nil
}
