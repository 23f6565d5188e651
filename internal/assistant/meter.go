package assistant

import (
	"context"
	"errors"
	"iter"
	"sync"

	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

// meter learns how many tokens a model counts for one of our estimated ones: no two
// vocabularies are the same.
type meter struct {
	mu     sync.Mutex
	ratios map[string]float64
}

const (
	leastRatio, mostRatio = 0.5, 3.0
	leastSample           = 3000 // tokens; of less, what the endpoint adds for its own tools is too much
	trust                 = 0.3  // of the newest sample
	mostModels            = 200
)

func (m *meter) ratio(model string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, known := m.ratios[model]; known {
		return r
	}
	return 1
}

// count estimates the tokens of a text for a model.
func (m *meter) count(model string) func(string) int {
	r := m.ratio(model)
	return func(s string) int { return int(float64(transcript.Tokens(s))*r) + 1 }
}

func (m *meter) learn(model string, estimated, counted int) {
	if estimated < leastSample || counted <= 0 {
		return
	}
	m.adjust(model, func(old float64) float64 { return old + trust*(float64(counted)/float64(estimated)-old) })
}

// refused is what an endpoint's "too long" teaches.
func (m *meter) refused(model string) {
	m.adjust(model, func(old float64) float64 { return old * 1.3 })
}

func (m *meter) adjust(model string, to func(float64) float64) {
	old := m.ratio(model)
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.ratios[model]; !known && len(m.ratios) >= mostModels {
		return
	}
	m.ratios[model] = min(max(to(old), leastRatio), mostRatio)
}

// Metered is the model with its answers' counts learnt from, so that estimates of what
// fits become better with use.
func (a *Assistant) Metered(m turn.Model) turn.Model { return metered{m, &a.meter} }

type metered struct {
	turn.Model
	meter *meter
}

func (m metered) Respond(ctx context.Context, r turn.Request, from turn.Cursor) iter.Seq2[turn.Event, error] {
	model, estimated := r.Model, estimate(&r)
	events := m.Model.Respond(ctx, r, from)
	return func(yield func(turn.Event, error) bool) {
		for e, err := range events {
			if e.Kind == turn.Done && e.Done != nil {
				m.meter.learn(model, estimated, int(e.Done.Usage.Input))
			}
			if f, ok := errors.AsType[*turn.Failure](err); ok && f.Code == "too_long" {
				m.meter.refused(model)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// estimate is the size of a request in our tokens; 0 if it has parts that are not text.
func estimate(r *turn.Request) int {
	n := transcript.Tokens(r.Instructions)
	for _, in := range r.Input {
		switch {
		case len(in.Raw) > 0, in.Output != nil:
			return 0
		}
		n += transcript.Tokens(in.Text) + 5
	}
	for _, s := range r.Tools {
		n += transcript.Tokens(s.Description) + transcript.Tokens(string(s.Parameters))
	}
	return n
}
