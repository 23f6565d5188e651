package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Round is what one answer of the model asked for.
type Round struct {
	Calls   []Call             // with their keys
	Before  int                // calls of the turn's earlier rounds
	Known   map[string]Outcome // of calls of this round, by key: from an earlier attempt
	Journal Journal
	// Watch is told of each call that is run and of its end, once; it must not block.
	Watch func(c Call, title string, end *Outcome)
}

// Run runs a round's calls and returns their outcomes in order. Its error means that
// the round is not over: ctx ended, or the journal is away.
func (b *Box) Run(ctx context.Context, r Round) ([]Outcome, error) {
	if r.Watch == nil {
		r.Watch = func(Call, string, *Outcome) {}
	}
	out := make([]Outcome, len(r.Calls))
	twin := twins(r.Calls)
	var free, inTurn []int
	for i, c := range r.Calls {
		switch known, ok := r.Known[c.Key]; {
		case ok:
			out[i] = known
		case b.effect(c) && twin[i] != i: // gets its twin's, at the end
		case b.effect(c):
			inTurn = append(inTurn, i)
		default:
			free = append(free, i)
		}
	}
	errs := make([]error, len(r.Calls))
	var running sync.WaitGroup
	running.Go(func() { // one goes through those with effects, beside the others
		for _, i := range inTurn {
			if errs[i] = b.one(ctx, r, i, &out[i]); errs[i] != nil {
				return
			}
		}
	})
	slots := make(chan struct{}, max(b.limits.Parallel, 1))
	for _, i := range free {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = b.one(ctx, r, i, &out[i])
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i, c := range r.Calls {
		if _, known := r.Known[c.Key]; !known && b.effect(c) && twin[i] != i {
			out[i] = out[twin[i]]
			if err := r.Journal.Ended(ctx, c, out[i]); err != nil {
				return nil, fmt.Errorf("journal the outcome of %s: %w", c.Name, err)
			}
		}
	}
	return out, nil
}

// twins gives for each call the first one that asks for the same.
func twins(calls []Call) []int {
	first := map[string]int{}
	out := make([]int, len(calls))
	for i, c := range calls {
		var same bytes.Buffer
		if json.Compact(&same, c.Args) != nil {
			same.Reset()
			same.Write(c.Args)
		}
		id := c.Name + "\x00" + same.String()
		if _, ok := first[id]; !ok {
			first[id] = i
		}
		out[i] = first[id]
	}
	return out
}

func (b *Box) effect(c Call) bool {
	t, ok := b.tools[c.Name]
	return ok && t.Spec().Effect
}

// one runs one call, from the journal to the journal.
func (b *Box) one(ctx context.Context, r Round, i int, out *Outcome) error {
	c := r.Calls[i]
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if no := b.forbid(c, r.Before+i); no != nil {
		*out = *no
	} else {
		if err := r.Journal.Began(ctx, c); err != nil {
			return fmt.Errorf("journal the call of %s: %w", c.Name, err)
		}
		title := b.Title(c)
		r.Watch(c, title, nil)
		*out = b.attempt(ctx, c)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.Watch(c, title, out)
	}
	if err := r.Journal.Ended(ctx, c, *out); err != nil {
		return fmt.Errorf("journal the outcome of %s: %w", c.Name, err)
	}
	return nil
}

// forbid is the outcome of a call that is not run.
func (b *Box) forbid(c Call, nth int) *Outcome {
	_, known := b.tools[c.Name]
	switch {
	case !known:
		return failure("unknown_tool", "There is no tool %q. Use one of those that were given.", c.Name)
	case nth >= b.limits.Calls:
		return failure("limit", "Not run: at most %d calls are made for one answer. Answer with what is known, and say what is missing.", b.limits.Calls)
	case !json.Valid(c.Args) || !object(c.Args):
		return failure("bad_arguments", "Not run: the arguments are not a JSON object.")
	}
	return nil
}

func object(raw json.RawMessage) bool { return strings.HasPrefix(strings.TrimSpace(string(raw)), "{") }

func failure(code, format string, args ...any) *Outcome {
	return &Outcome{Result: Result{Text: fmt.Sprintf(format, args...)}, Failed: code}
}

// attempt runs a call to its outcome, whatever happens in it.
func (b *Box) attempt(ctx context.Context, c Call) Outcome {
	began := time.Now()
	t := b.tools[c.Name]
	limit := orDefault(t.Spec().Time, b.limits.Time)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result, err := guarded(limited, t, c)
	o := Outcome{Result: b.cut(result)}
	var no *Refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
		o = *failure("refused", "%s", no.Say)
	case limited.Err() != nil && ctx.Err() == nil:
		o = *failure("timeout", "This took longer than %s and was ended.", limit)
	default:
		o = *failure("failed", "This failed for a reason on our side. Trying the same again will hardly help.")
		o.cause = err
	}
	o.Took = time.Since(began)
	return o
}

// guarded turns a panic of a tool into an error. A stack overflow cannot be caught.
func guarded(ctx context.Context, t Tool, c Call) (r Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return t.Run(ctx, c)
}

// cut keeps a result within the limits, at the end of a line where there is one.
func (b *Box) cut(r Result) Result {
	if len(r.Text) > b.limits.Text {
		end := b.limits.Text
		for end > 0 && !utf8.RuneStart(r.Text[end]) {
			end--
		}
		kept := r.Text[:end]
		if i := strings.LastIndexByte(kept, '\n'); i > len(kept)/2 {
			kept = kept[:i]
		}
		r.Text = fmt.Sprintf("%s\n[cut here: %d of %d bytes; ask for a part of it]", kept, len(kept), len(r.Text))
	}
	if len(r.Pictures) > b.limits.Pictures {
		r.Text += fmt.Sprintf("\n[%d of %d pictures are shown]", b.limits.Pictures, len(r.Pictures))
		r.Pictures = r.Pictures[:b.limits.Pictures]
	}
	return r
}
