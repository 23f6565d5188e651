package turn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"holdfast/internal/tool"
)

// round takes up an answer that wants tools: it is journalled, and what it wants is
// run at the next step.
func (r *Runner) round(ctx context.Context, a *asking, f *Final) error {
	next := Round{Items: f.Items, Calls: slices.Clone(f.Calls), Outcomes: map[string]tool.Outcome{}, Text: a.draft.text(), Sources: f.Sources, Used: f.Used}
	if f.Text != "" {
		next.Text = a.draft.whole(f.Text)
	}
	for i := range next.Calls {
		// The endpoint names calls, but only within one response.
		next.Calls[i].Key = a.turn.ID + "/" + strconv.Itoa(len(a.rounds)) + "/" + strconv.Itoa(i)
	}
	rec := record(Called, called{Items: next.Items, Calls: next.Calls, Sources: next.Sources, Used: next.Used})
	rec.Text = next.Text
	if err := r.store.Record(ctx, a.draft.fence, a.turn.ID, rec); err != nil {
		return fmt.Errorf("journal what the model wants to call: %w", err)
	}
	a.rounds = append(a.rounds, next)
	a.draft.goOn(next.Text)
	a.from = Cursor{}
	a.calls-- // it did not fail
	return nil
}

// use runs what the newest round wants and has no outcome of.
func (r *Runner) use(ctx context.Context, a *asking) error {
	if len(a.rounds) == 0 || a.from.ResponseID != "" {
		return nil // a response that is taken up has them
	}
	last := &a.rounds[len(a.rounds)-1]
	if len(last.Outcomes) == len(last.Calls) {
		return nil
	}
	box := a.brief.Tools
	if box == nil { // it was taken away meanwhile
		box = new(tool.Box)
	}
	calls := slices.Clone(last.Calls)
	for i := range calls {
		calls[i].For = tool.Place{
			Conversation: a.turn.Conversation, User: a.turn.Last().User, Turn: a.turn.ID,
			Owner: a.draft.fence.Owner, Epoch: a.draft.fence.Epoch,
		}
	}
	before := 0
	for _, earlier := range a.rounds[:len(a.rounds)-1] {
		before += len(earlier.Calls)
	}
	book := &callBook{store: r.store, asking: a, ended: map[string]tool.Outcome{}}
	_, err := box.Run(ctx, tool.Round{
		Calls: calls, Before: before, Known: last.Outcomes, Journal: book,
		Watch: func(c tool.Call, title string, end *tool.Outcome) {
			step := Step{ID: c.Key, Title: title, State: StepRunning}
			if end != nil {
				step.State, step.Gist, step.Sources = StepDone, end.Gist, end.Sources
				if end.Failed != "" {
					step.State = StepFailed
				}
				if cause := end.Cause(); cause != nil {
					a.log().Error("a tool failed", "tool", c.Name, "call", c.Key, "err", cause)
				}
			}
			a.step(step)
		},
	})
	maps.Copy(last.Outcomes, book.ended) // also of a round that was cut off
	if err == nil {
		a.surface.Working("")
	}
	return err
}

// step shows what a tool does: on a card of its own, unless the answer is to be shown
// as a whole.
func (a *asking) step(s Step) {
	if s.State == StepRunning {
		a.surface.Working(s.Title)
	}
	if !a.brief.Manner.Whole {
		a.surface.Step(s)
	}
}

// callBook is a turn's journal, for its tools.
type callBook struct {
	store Store
	*asking

	mu    sync.Mutex
	ended map[string]tool.Outcome
}

func (b *callBook) Began(ctx context.Context, c tool.Call) error {
	return b.keep(ctx, record(ToolBegan, c))
}

func (b *callBook) Ended(ctx context.Context, c tool.Call, o tool.Outcome) error {
	if err := b.keep(ctx, record(ToolEnded, ended{c.Key, o})); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended[c.Key] = o
	return nil
}

func (b *callBook) keep(ctx context.Context, rec Record) error {
	if err := b.store.Record(ctx, b.draft.fence, b.turn.ID, rec); err != nil {
		return storeError{err}
	}
	return nil
}

// request is what the model is asked next: the brief, and after it what its earlier
// answers wanted and got.
func (a *asking) request(most int) Request {
	q := a.brief.Request
	if a.brief.Tools != nil {
		q.Tools = a.brief.Tools.Specs()
	}
	if len(a.rounds) == 0 {
		return q
	}
	q.Talk = len(a.rounds) >= most
	q.Input = slices.Clone(q.Input)
	for _, round := range a.rounds {
		for _, raw := range round.Items {
			q.Input = append(q.Input, Input{Raw: raw})
		}
		for _, c := range round.Calls {
			q.Input = append(q.Input, Input{Output: &Output{Call: c.ID, Result: round.Outcomes[c.Key].Result}})
		}
	}
	return q
}

// sources are the pages that the whole answer rests on, each once: what was cited, and
// what tools read.
func (a *asking) sources(last *Final) []Source {
	var all []Source
	add := func(more []Source) {
		for _, s := range more {
			if !slices.ContainsFunc(all, func(have Source) bool { return have.URL == s.URL }) {
				all = append(all, s)
			}
		}
	}
	for _, round := range a.rounds {
		add(round.Sources)
		for _, c := range round.Calls {
			add(round.Outcomes[c.Key].Sources)
		}
	}
	add(last.Sources)
	return all
}

// used are the tools that the whole answer used, each once, as people would call them.
func (a *asking) used(last *Final) []string {
	var all []string
	add := func(names ...string) {
		for _, n := range names {
			if n = strings.ReplaceAll(n, "_", " "); !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	for _, round := range a.rounds {
		add(round.Used...)
		for _, c := range round.Calls {
			add(c.Name)
		}
	}
	add(last.Used...)
	return all
}
