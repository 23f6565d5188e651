package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Run plays the schedule of the options, or s if it is given, and tells on out
// how it goes. The evidence of a run that was not clean is kept in
// Result.Folder; a shorter schedule that fails too, if one was found, is
// shrunk.json in it.
func Run(ctx context.Context, o Options, s *Schedule, out io.Writer) (Result, error) {
	if s != nil {
		patience, dir, keep, short, program := o.Patience, o.Dir, o.Keep, o.Shrink, o.Program
		o = s.Options
		o.Patience, o.Dir, o.Keep, o.Shrink, o.Program = patience, dir, keep, short, program
	}
	if err := o.Check(); err != nil {
		return Result{}, err
	}
	if s == nil {
		drawn := Draw(o)
		s = &drawn
	}
	s.Options = o
	if err := s.check(); err != nil {
		return Result{}, err
	}
	fmt.Fprintf(out, "seed %d: %d messages, %d faults, %s with %d replicas, %v\n", o.Seed, len(s.Messages), len(s.Faults), o.Store, o.Replicas, s.Env)
	result, err := once(ctx, *s, o.Keep, out)
	if err != nil || result.Clean() || o.Shrink == 0 {
		return result, err
	}
	fmt.Fprintf(out, "not clean (%s): looking for a shorter schedule for %s\n", result.Violations[0], o.Shrink)
	n := 0
	short := shrink(*s, time.Now().Add(o.Shrink), func(c Schedule) bool {
		n++
		again, err := once(ctx, c, false, io.Discard)
		if err == nil && !again.Clean() {
			err = os.RemoveAll(again.Folder)
		}
		failed := err == nil && !again.Clean()
		fmt.Fprintf(out, "  try %d: %d messages, %d faults: %s\n", n, len(c.Messages), len(c.Faults), map[bool]string{true: "fails too", false: "clean"}[failed])
		return failed
	})
	file := filepath.Join(result.Folder, "shrunk.json")
	if err := short.write(file); err != nil {
		return result, err
	}
	fmt.Fprintf(out, "the shortest that failed: %d messages, %d faults; holdfast chaos --schedule %s tries it again\n", len(short.Messages), len(short.Faults), file)
	for _, f := range short.Faults {
		fmt.Fprintf(out, "  %+v\n", f)
	}
	return result, nil
}

// once plays a schedule in a new folder, which is removed if nothing was found.
func once(ctx context.Context, s Schedule, keep bool, out io.Writer) (result Result, err error) {
	base := s.Options.Dir
	if base == "" {
		base = "/tmp" // a socket's path must be short
		if _, err := os.Stat(base); err != nil {
			base = os.TempDir()
		}
	}
	dir, err := os.MkdirTemp(base, "chaos-")
	if err != nil {
		return Result{}, fmt.Errorf("make a folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the database server may be another user
		return Result{}, err
	}
	result, err = play(ctx, s, dir, out)
	if err == nil && !result.Clean() || keep {
		return result, err
	}
	result.Folder = ""
	return result, errors.Join(err, os.RemoveAll(dir))
}
