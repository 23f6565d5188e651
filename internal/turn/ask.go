package turn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

var errTurnTimeout = errors.New("turn: total deadline")

// ask gets one conclusion out of the model, within the turn's budget of calls
// and time. Its error means that the turn is not concluded: the process stops,
// the lane was lost, or the store is away.
func (r *Runner) ask(ctx context.Context, t *Turn, d *draft, s Surface, p Progress, log *slog.Logger) (Conclusion, error) {
	limited, cancel := context.WithTimeoutCause(ctx, r.o.Total, errTurnTimeout)
	defer cancel()

	var from Cursor
	if p.Background && p.ResponseID != "" {
		from = Cursor{ResponseID: p.ResponseID, Sequence: p.Sequence}
		d.restore(p)
		log.Info("resuming the response", "response", p.ResponseID, "sequence", p.Sequence)
	}
	// partial is what the person may be reading: of this run, else of an earlier one.
	partial := func() string {
		if text := d.text(); text != "" {
			return text
		}
		return p.Shown
	}
	req, err := r.briefer.Brief(limited, t)
	for call := 1; ; call++ {
		var final *Final
		if err == nil {
			final, err = r.listen(limited, d, s, req, from)
		}
		if ctx.Err() != nil {
			return Conclusion{}, context.Cause(ctx)
		}
		if err == nil {
			return closing(final, d.text()), nil
		}
		if _, known := errors.AsType[*Failure](err); isStoreError(err) || !known && req.Model == "" {
			return Conclusion{}, err // our own trouble, not the model's: run the turn again later
		}
		failure := asFailure(limited, err)
		log.Warn("the model did not answer", "call", call, "code", failure.Code, "retry", failure.Retry, "err", err)

		pause := r.pause(call, failure)
		if !failure.Retry || call >= r.o.Calls || pause > r.o.Patience || limited.Err() != nil {
			return failed(failure, partial()), nil
		}
		switch cursor, resumable := d.cursor(); {
		case failure.Code == "response_gone":
			from = Cursor{}
		case resumable:
			from = cursor
		case d.shown():
			// Asking again would replace what the person is reading by
			// something else: keep it, and say that it is not whole.
			return failed(failure, partial()), nil
		default:
			from = Cursor{}
		}
		s.Working("The model is busy, trying again…")
		select {
		case <-limited.Done():
		case <-time.After(pause):
		}
		if req.Model == "" {
			req, err = r.briefer.Brief(limited, t)
		} else {
			err = nil
		}
	}
}

// pause is how long to wait before the next call: what the endpoint asked for,
// at least our own backoff.
func (r *Runner) pause(call int, f *Failure) time.Duration {
	own := r.o.Backoff << min(call-1, 6)
	own += rand.N(own/4 + 1)
	return max(own, f.After)
}

// listen reads one response to its end.
func (r *Runner) listen(ctx context.Context, d *draft, s Surface, req Request, from Cursor) (*Final, error) {
	for e, err := range r.model.Respond(ctx, req, from) {
		if err != nil {
			return nil, err
		}
		switch e.Kind {
		case Started:
			if err := d.begin(ctx, e, req.Background, from); err != nil {
				return nil, err
			}
		case Delta:
			d.add(e)
			s.Changed()
		case Thinking:
			d.pass(e)
			s.Working(e.Text)
		case ItemDone:
			if err := d.item(ctx, e); err != nil {
				return nil, err
			}
		case Alive:
			d.pass(e)
		case Done:
			return e.Done, nil
		}
	}
	return nil, &Failure{Code: "cut", Say: "The model's answer broke off.", Retry: true, Cause: errors.New("the sequence of events ended without a last one")}
}

// closing is the conclusion of a response that ended by itself.
func closing(f *Final, streamed string) Conclusion {
	text := f.Text
	if text == "" {
		text = streamed
	}
	switch {
	case text == "" && f.Complete:
		return failed(&Failure{Code: "empty_answer", Say: "The model finished without writing anything. Please ask again."}, "")
	case f.Complete:
		return Conclusion{State: Answered, Text: text}
	case text == "":
		return failed(&Failure{Code: f.Reason, Say: incompleteWords(f.Reason)}, "")
	}
	return Conclusion{State: Answered, Reason: f.Reason, Notice: ":warning: " + incompleteWords(f.Reason), Text: text}
}

func incompleteWords(reason string) string {
	switch reason {
	case "max_output_tokens":
		return "The answer stops here because it reached the length limit. Write “continue” to go on."
	case "content_filter":
		return "The model's content filter ended the answer here. Rephrasing the question may help."
	}
	return "The model ended the answer early. Please ask again."
}

// failed is the conclusion of a turn that could not be answered. What came
// stays, the reason stands under it.
func failed(f *Failure, partial string) Conclusion {
	say := f.Say
	if say == "" {
		say = "Something went wrong on my side. Please ask again."
	}
	return Conclusion{State: Failed, Reason: f.Code, Notice: ":warning: " + say, Text: partial}
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

func asked(id string, background bool) Record {
	data, err := json.Marshal(map[string]bool{"background": background})
	if err != nil {
		panic(fmt.Sprintf("encode a bool: %v", err))
	}
	return Record{Kind: Asked, ResponseID: id, Data: data}
}
