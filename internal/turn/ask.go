package turn

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"time"

	"holdfast/internal/chat"
)

var errTurnTimeout = errors.New("turn: total deadline")

// asking is the state of a turn that asks the model, over all its calls.
type asking struct {
	turn     *Turn
	draft    *draft
	surface  Surface
	logger   *slog.Logger
	progress Progress // of earlier attempts
	brief    *Brief   // nil until it was briefed, and when its messages are others
	from     Cursor   // where the next call takes up
	rounds   []Round  // of tools so far; what the newest one has no outcome of is to be run
	began    time.Time
	spent    time.Duration // of the time since, on calls that failed
	calls    int           // that failed, and the newest
	renewals int
}

func (a *asking) lane() string { return a.draft.fence.Lane }

// about sets the turn's messages. The surface keeps the turn as it was.
func (a *asking) about(messages []chat.Message) {
	if live := present(messages); len(live) > 0 {
		t := *a.turn
		t.Messages = live
		a.turn = &t
	}
}

// ask gets one conclusion out of the model, within the turn's budget of calls
// and time. Its error means that the turn is not concluded: the process stops,
// the lane was lost, or the store is away.
//
// A turn spends its life in here, waiting for the model, so the frames from the
// lane down to the socket are kept small: they decide how many turns fit into
// memory.
func (r *Runner) ask(ctx context.Context, a *asking) (c *Conclusion, err error) {
	a.began, a.calls = time.Now(), a.progress.Tried
	a.resume()
	for c == nil && err == nil {
		c, err = r.step(ctx, a)
	}
	return c, err
}

// resume takes up the response of an earlier attempt, if the endpoint keeps it and
// it answers what the messages are now.
func (a *asking) resume() {
	p := &a.progress
	a.rounds = p.Rounds
	a.draft.goOn(said(a.rounds))
	if !p.Background || p.ResponseID == "" || p.About != "" && p.About != about(a.turn.Messages) {
		return
	}
	a.from = Cursor{ResponseID: p.ResponseID, Sequence: p.Sequence}
	a.draft.restore(a.progress)
	a.log().Info("resuming the response", "response", p.ResponseID, "sequence", p.Sequence)
}

// step makes one call and decides what its end means. With neither conclusion nor
// error another one follows.
func (r *Runner) step(ctx context.Context, a *asking) (*Conclusion, error) {
	limited, done := r.running.watch(ctx, a.lane(), r.until(a))
	defer done()
	a.calls++
	final, err := r.call(limited, a)
	return r.judge(ctx, limited, a, final, err)
}

// until is when the model must be done: what earlier attempts spent on calls that
// failed is gone, but a quarter is always left.
func (r *Runner) until(a *asking) time.Time {
	return a.began.Add(max(r.o.Total-a.progress.Spent, r.o.Total/4))
}

// latest is when a call may begin that follows one that failed: nobody should wait
// for a third one that hangs.
func (r *Runner) latest(a *asking) time.Time { return a.began.Add(r.o.Total/2 - a.progress.Spent) }

// call makes one request.
func (r *Runner) call(ctx context.Context, a *asking) (*Final, error) {
	if a.brief == nil {
		if err := r.doBrief(ctx, a); err != nil {
			return nil, err
		}
	}
	if err := r.use(ctx, a); err != nil {
		return nil, err
	}
	return r.listen(ctx, a)
}

func (r *Runner) doBrief(ctx context.Context, a *asking) error {
	t := *a.turn
	t.Working = a.surface.Working
	b, err := r.briefer.Brief(ctx, &t)
	if err != nil {
		return err
	}
	if b.Midturn == "" || a.turn.Retried != "" {
		b.Midturn = Queue // a turn that is run again is about what it was about
	}
	a.brief = &b
	r.running.with(a.lane(), func(t *live) {
		t.midturn = b.Midturn
		t.interject()
	})
	return nil
}

// judge decides what a call's end means: a conclusion, an error, or, with
// neither, another call, whose place it has set and whose pause it has waited.
func (r *Runner) judge(ctx, limited context.Context, a *asking, final *Final, err error) (*Conclusion, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	switch cause := context.Cause(limited); {
	case errors.Is(cause, errGone):
		return withdrawn(), nil
	case errors.Is(cause, errNews):
		return r.renew(ctx, a)
	case err == nil && len(final.Calls) > 0 && len(a.rounds) < r.o.Rounds:
		return nil, r.round(ctx, a, final)
	case err == nil:
		return a.closing(final), nil
	case errors.Is(cause, errStopped):
		return a.halted(), nil
	case errors.Is(cause, errInterrupted):
		return a.interrupted(), nil
	}
	if _, known := errors.AsType[*Failure](err); isStoreError(err) || !known && a.brief == nil {
		return nil, err // our own trouble, not the model's: run the turn again later
	}
	return r.again(ctx, limited, a, asFailure(limited, err))
}

// again prepares another call after one that failed, or concludes that there is
// none.
func (r *Runner) again(ctx, limited context.Context, a *asking, failure *Failure) (*Conclusion, error) {
	a.log().Warn("the model did not answer", "call", a.calls, "code", failure.Code, "retry", failure.Retry, "err", failure)
	pause := r.pause(a.calls, failure)
	if !failure.Retry || a.calls >= r.o.Calls || pause > r.o.Patience || limited.Err() != nil || time.Now().Add(pause).After(r.latest(a)) {
		return failed(failure, a.readable()), nil
	}
	switch cursor, resumable := a.draft.cursor(); {
	case failure.Code == "response_gone":
		a.from = Cursor{}
	case resumable:
		a.from = cursor
	case !a.draft.withdraw():
		// Asking again would replace what the person is reading by something
		// else: keep it, and say that it is not whole.
		return failed(failure, a.readable()), nil
	default:
		a.draft.clear()
		a.from = Cursor{}
	}
	spent := time.Since(a.began) - a.spent
	a.spent += spent
	if err := r.store.Record(ctx, a.draft.fence, a.turn.ID, record(Tried, tried{failure.Code, spent})); err != nil {
		return nil, fmt.Errorf("journal a failed call: %w", err)
	}
	a.surface.Working("The model is busy, trying again…")
	select {
	case <-limited.Done():
	case <-time.After(pause):
	}
	return nil, nil
}

// log is made when it is needed: thousands of turns wait without a word.
func (a *asking) log() *slog.Logger {
	return a.logger.With("turn", a.turn.ID, "lane", a.draft.fence.Lane, "attempt", a.turn.Attempt)
}

// pause is how long to wait before the next call: what the endpoint asked for,
// at least our own backoff.
func (r *Runner) pause(call int, f *Failure) time.Duration {
	own := r.o.Backoff << min(call-1, 6)
	own += rand.N(own/4 + 1)
	return max(own, f.After)
}

// listen reads one response to its end.
func (r *Runner) listen(ctx context.Context, a *asking) (*Final, error) {
	for e, err := range r.respond(ctx, a) {
		if err != nil {
			return nil, err
		}
		if err := a.hear(ctx, &e); err != nil {
			return nil, err
		}
		if e.Kind == Done {
			return e.Done, nil
		}
	}
	return nil, errCut
}

func (r *Runner) respond(ctx context.Context, a *asking) iter.Seq2[Event, error] {
	return r.model.Respond(ctx, a.request(r.o.Rounds), a.from)
}

var errCut = &Failure{Code: "cut", Say: "The model's answer broke off. Please try again.", Retry: true,
	Cause: errors.New("the sequence of events ended without a last one")}

// hear takes in one event.
func (a *asking) hear(ctx context.Context, e *Event) error {
	switch e.Kind {
	case Started:
		return a.draft.begin(ctx, *e, a.from, asked{a.brief.Request.Background, about(a.turn.Messages)})
	case Delta:
		a.draft.add(*e)
		switch m := a.brief.Manner; {
		case m.Whole:
		case m.File && len(a.draft.text()) > filed:
			a.surface.Working("Writing a long answer into a file")
		default:
			a.surface.Changed()
		}
	case Thinking:
		a.draft.pass(*e)
		a.surface.Working(e.Text)
	case Stepped:
		a.draft.pass(*e)
		a.step(*e.Step)
	case ItemDone:
		return a.draft.item(ctx, *e)
	case Alive:
		a.draft.pass(*e)
	}
	return nil
}

// closing is the conclusion of a response that ended by itself.
func (a *asking) closing(f *Final) *Conclusion {
	text := a.draft.text()
	if f.Text != "" {
		text = a.draft.whole(f.Text)
	}
	switch {
	case len(f.Calls) > 0:
		return failed(&Failure{Code: "tool_loop", Say: "The model kept on calling tools instead of answering. Please ask for a smaller piece."}, text)
	case text == "" && f.Complete:
		return failed(&Failure{Code: "empty_answer", Say: "The model finished without writing anything. Please ask again."}, "")
	case text == "":
		return failed(&Failure{Code: f.Reason, Say: incompleteWords(f.Reason)}, "")
	}
	c := &Conclusion{State: Answered, Text: text, Sources: a.sources(f), Used: a.used(f)}
	if !f.Complete {
		c.Reason, c.Notice = f.Reason, ":warning: "+incompleteWords(f.Reason)
	}
	return c
}

func incompleteWords(reason string) string {
	switch reason {
	case "max_output_tokens":
		return "The answer stops here because it reached the length limit. Press Continue, or write “continue”, to go on."
	case "content_filter":
		return "The model's content filter ended the answer here. Rephrasing the question may help."
	}
	return "The model ended the answer early. Please ask again."
}

// failed is the conclusion of a turn that could not be answered. What came
// stays, the reason stands under it.
func failed(f *Failure, partial string) *Conclusion {
	say := f.Say
	if say == "" {
		say = "Something went wrong on my side. Please ask again."
	}
	return &Conclusion{State: Failed, Reason: f.Code, Notice: ":warning: " + say, Text: partial}
}

func asFailure(ctx context.Context, err error) *Failure {
	if errors.Is(context.Cause(ctx), errTurnTimeout) {
		return &Failure{Code: "turn_timeout", Say: "This took longer than I may spend on one answer, so I stopped. Please ask for a smaller piece.", Cause: err}
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Code: "internal", Say: "Something went wrong on my side. Please ask again.", Cause: err}
}

// storeError marks failures of our own store: they say nothing about the model,
// and the turn is run again when the store is back.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

func isStoreError(err error) bool {
	var s storeError
	return errors.As(err, &s)
}
