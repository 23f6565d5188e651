package turn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"holdfast/internal/chat"
)

// Options tune a Runner. Zero values mean the defaults.
type Options struct {
	Logger   *slog.Logger
	Attempts int           // runs of one turn before it is given up; 5
	Calls    int           // requests to the model in one run of a turn; 4
	Rounds   int           // of tools in one turn; 10. In the answer that follows them the model must not call any
	Total    time.Duration // from the start of a run until the model must be done; 15 min
	Backoff  time.Duration // before the second request, doubled for each further one; 500 ms
	Patience time.Duration // the longest wait that an endpoint may ask for; 60 s
	// Settle is how long a turn waits for messages that are on their way. Slack
	// delivers over several connections, in no order; what arrives within it is
	// put in order. 0 is none; people do not notice 25 ms.
	Settle time.Duration
	// MaxAge is how old a message may be that is answered unasked: what waited
	// longer, while we were away, is declined with a line that says so. 0: any.
	MaxAge time.Duration
	// Gate says which messages are answered; nil: all.
	Gate Gate
	// Ending is told how a turn ends, before that is stored: the answer is shown, the
	// lane is still ours, and waits. After a crash it may be told again. nil: nobody is.
	Ending func(ctx context.Context, f Fence, t *Turn, r Result)
}

// Runner runs turns.
type Runner struct {
	store    Store
	briefer  Briefer
	model    Model
	surfaces Surfaces
	o        Options
	running  running
}

// NewRunner makes a Runner.
func NewRunner(s Store, b Briefer, m Model, surfaces Surfaces, o Options) *Runner {
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.Calls <= 0 {
		o.Calls = 4
	}
	if o.Rounds <= 0 {
		o.Rounds = 10
	}
	if o.Total <= 0 {
		o.Total = 15 * time.Minute
	}
	if o.Backoff <= 0 {
		o.Backoff = 500 * time.Millisecond
	}
	if o.Patience <= 0 {
		o.Patience = time.Minute
	}
	return &Runner{store: s, briefer: b, model: m, surfaces: surfaces, o: o}
}

// RunLane runs the lane's turns until it has no more work. It returns nil when
// the lane was freed, ErrYield when it was given back because the process
// stops, and otherwise an error with the lane still ours.
func (r *Runner) RunLane(ctx context.Context, f Fence) error {
	for {
		more, err := r.run(ctx, f)
		if err != nil || !more {
			return err
		}
	}
}

func (r *Runner) run(ctx context.Context, f Fence) (more bool, err error) {
	defer r.running.enter(f.Lane)()
	t, err := r.begin(ctx, f)
	if t == nil || err != nil {
		return false, err
	}
	refused, err := r.admit(ctx, f, t)
	if err != nil {
		return false, r.stopped(ctx, f, t.ID, err)
	}
	if refused != nil && !t.Resumed { // nothing was shown, and nothing will be
		return r.finish(ctx, f, t, refused, "")
	}
	a, err := r.prepare(ctx, f, t, refused)
	if err != nil {
		return false, err
	}
	defer a.surface.Close()
	c, err := r.conclude(ctx, a)
	if err != nil {
		return false, r.stopped(ctx, f, a.turn.ID, err)
	}
	return r.end(ctx, f, a, c)
}

// prepare shows a first sign of a turn that was begun, unless it was refused.
func (r *Runner) prepare(ctx context.Context, f Fence, t *Turn, refused *Conclusion) (a *asking, err error) {
	a = &asking{
		turn: t, draft: newDraft(r.store, f, t), progress: Replay(t.Journal),
		logger: r.o.Logger,
	}
	if a.surface, err = r.surfaces.Open(ctx, f, t, a.draft.save); err != nil {
		return nil, r.stopped(ctx, f, t.ID, fmt.Errorf("open the surface: %w", err))
	}
	r.running.with(f.Lane, func(l *live) {
		l.stop = l.stop || t.Stop
		l.begun(t, a.draft)
	})
	a.about(t.Messages)
	if refused != nil {
		a.progress.Conclusion = refused
	} else if r.overrule(a, nil) == nil {
		a.surface.Working("")
	}
	return a, nil
}

// begin takes the lane's next turn up; nil if there is none.
func (r *Runner) begin(ctx context.Context, f Fence) (*Turn, error) {
	if r.o.Settle > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(r.o.Settle):
		}
	}
	t, err := r.store.Begin(ctx, f)
	if err != nil {
		return nil, r.stopped(ctx, f, "", fmt.Errorf("begin a turn: %w", err))
	}
	if t != nil {
		r.o.Logger.Info("turn begins", "turn", t.ID, "lane", f.Lane, "attempt", t.Attempt, "messages", len(t.Messages))
	}
	return t, nil
}

// end shows the conclusion and finishes the turn.
func (r *Runner) end(ctx context.Context, f Fence, a *asking, c *Conclusion) (more bool, err error) {
	t := a.turn
	r.running.with(f.Lane, func(l *live) { l.writing = true })
	c, ts, err := r.present(ctx, a, r.overrule(a, c))
	if lost, ok := errors.AsType[*undeliverable](err); ok {
		a.log().Error("Slack will not take the answer", "err", lost.error)
		c.State, c.Reason, err = Failed, "undeliverable", nil
	}
	if err != nil {
		return false, r.stopped(ctx, f, t.ID, err)
	}
	return r.finish(ctx, f, t, c, ts)
}

// finish stores how the turn ended.
func (r *Runner) finish(ctx context.Context, f Fence, t *Turn, c *Conclusion, ts chat.TS) (more bool, err error) {
	result := Result{State: c.State, Reason: c.Reason, Answer: c.Text, AnswerTS: ts}
	if r.o.Ending != nil {
		r.o.Ending(ctx, f, t, result)
	}
	more, err = r.store.Finish(ctx, f, t.ID, result)
	if err != nil {
		return false, r.stopped(ctx, f, t.ID, fmt.Errorf("finish the turn: %w", err))
	}
	r.o.Logger.Info("turn ends", "turn", t.ID, "lane", f.Lane, "attempt", t.Attempt, "outcome", c.State, "reason", c.Reason, "chars", len(c.Text), "took", time.Since(t.Started))
	return more, nil
}

// stopped decides what an interrupted run leaves behind. A process that stops
// in good order gives the turn back without costing it an attempt.
func (r *Runner) stopped(ctx context.Context, f Fence, turnID string, err error) error {
	if !errors.Is(context.Cause(ctx), ErrYield) {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	if turnID == "" {
		return ErrYield // nothing was begun; leaving frees the lane
	}
	give, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if e := r.store.Yield(give, f, turnID); e != nil && !errors.Is(e, ErrFenced) {
		return fmt.Errorf("yield the turn: %w", e)
	}
	return ErrYield
}

// conclude brings the turn to the point where nothing more is asked of the
// model, and journals that point.
func (r *Runner) conclude(ctx context.Context, a *asking) (*Conclusion, error) {
	if a.progress.Conclusion != nil {
		return a.progress.Conclusion, nil
	}
	if c := r.overrule(a, nil); c != nil {
		return r.journal(ctx, a, c)
	}
	sent := a.turn.Last().TS.Time()
	if age := time.Since(sent); r.o.MaxAge > 0 && a.turn.Retried == "" && !sent.IsZero() && age > r.o.MaxAge && len(a.turn.Journal) == 0 {
		return r.journal(ctx, a, tooOld(age))
	}
	if a.turn.Attempt > r.o.Attempts {
		return r.journal(ctx, a, failed(errGaveUp, a.progress.Shown))
	}
	c, err := r.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	if a.brief != nil {
		c.Manner, c.Model = a.brief.Manner, a.brief.Request.Model
		c.First = a.turn.Messages[0].TS == a.turn.Conversation.Root
	}
	return r.journal(ctx, a, c)
}

var errGaveUp = &Failure{Code: "gave_up",
	Say: "I tried this several times and something went wrong each time, so I stopped. Please ask again, perhaps in other words."}

// tooOld declines what waited for longer than people expect an answer.
func tooOld(age time.Duration) *Conclusion {
	ago := fmt.Sprintf("%d days", int(age.Hours()/24))
	if age < 48*time.Hour {
		ago = fmt.Sprintf("%d hours", int(age.Hours()))
	}
	return &Conclusion{State: Declined, Reason: "too_old",
		Notice: ":zzz: I was away when you wrote this, " + ago + " ago. If you still want an answer, please write to me again."}
}

func (r *Runner) journal(ctx context.Context, a *asking, c *Conclusion) (*Conclusion, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the conclusion: %w", err)
	}
	if err := r.store.Record(ctx, a.draft.fence, a.turn.ID, Record{Kind: Concluded, Text: c.Text, Data: data}); err != nil {
		return nil, fmt.Errorf("journal the conclusion: %w", err)
	}
	return c, nil
}

// deliveries is how many runs of a turn may try to show a conclusion: hours, at
// the pauses between them.
const deliveries = 100

// undeliverable is an answer that Slack refuses for good: the channel is gone,
// or we were removed from it. There is nowhere left to say so but the log.
type undeliverable struct{ error }

// present shows the conclusion. A person's stop, or the deletion of what was asked,
// cuts even the writing of an answer off: then what is left of it is shown.
func (r *Runner) present(ctx context.Context, a *asking, c *Conclusion) (*Conclusion, chat.TS, error) {
	if c.State != Answered && c.State != Merged {
		ts, err := r.show(ctx, a, c)
		return c, ts, err
	}
	limited, done := r.running.watch(ctx, a.lane(), time.Time{})
	ts, err := r.show(limited, a, c)
	cut := limited.Err() != nil && ctx.Err() == nil
	done()
	if err != nil && cut {
		c = r.overrule(a, c)
		ts, err = r.show(ctx, a, c)
	}
	return c, ts, err
}

// show delivers the conclusion. An answer that Slack cannot take now is tried
// again later by the lane; one that Slack will never take ends the turn.
func (r *Runner) show(ctx context.Context, a *asking, c *Conclusion) (chat.TS, error) {
	ts, err := a.surface.Finish(ctx, c.ending(a.turn.ID))
	if err == nil || ctx.Err() != nil {
		return ts, err
	}
	failure, ok := errors.AsType[*Failure](err)
	if ok && !failure.Retry || a.turn.Attempt > deliveries {
		return ts, &undeliverable{err}
	}
	pause := min(2*time.Second<<min(a.turn.Attempt, 6), 2*time.Minute)
	return "", &Failure{Code: "not_delivered", Retry: true, After: pause, Cause: err}
}
