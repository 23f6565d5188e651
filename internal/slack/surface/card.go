package surface

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/slack/web"
	"holdfast/internal/turn"
)

// steps are what tools did, in the order in which they began.
type steps struct {
	all   []turn.Step
	dirty []string // ids of those that changed since they were shown
}

// Step shows what a tool does, on a card in the stream. Where there is none, the status
// line says it.
func (s *surface) Step(step turn.Step) {
	if s.noStreams.Load() || step.ID == "" {
		return
	}
	s.mu.Lock()
	at := slices.IndexFunc(s.steps.all, func(have turn.Step) bool { return have.ID == step.ID })
	if at < 0 {
		s.steps.all = append(s.steps.all, step)
	} else {
		s.steps.all[at] = step
	}
	if !slices.Contains(s.steps.dirty, step.ID) {
		s.steps.dirty = append(s.steps.dirty, step.ID)
	}
	s.mu.Unlock()
	s.Changed()
}

// cards reports whether there are steps to be shown, and the part can show them.
func (s *surface) cards(p *part, final bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.steps.dirty) > 0 && !final && !s.plain && (p.streaming && !p.recovered || p.ts == "" && !s.noStreams.Load())
}

// takeSteps returns what changed since it was asked last. With whole, the stream ends
// here, and so do the cards of what still runs: nobody can change them later.
func (s *surface) takeSteps(whole bool) (changed []turn.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, step := range s.steps.all {
		if whole && step.State == turn.StepRunning {
			s.steps.all[i].State = turn.StepDone
		} else if !slices.Contains(s.steps.dirty, step.ID) {
			continue
		}
		changed = append(changed, s.steps.all[i])
	}
	s.steps.dirty = nil
	return changed
}

// dropSteps forgets the cards of a stream that is one no more: they go when its message
// is edited. What then ends has a card of its own in the next stream, if there is one.
func (s *surface) dropSteps() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = steps{}
}

// leaveOld gives up a stream that is about to be ended by Slack while no new text comes, as
// a tool takes its time: Slack would leave it broken.
func (s *surface) leaveOld(ctx context.Context) {
	if len(s.parts) == 0 {
		return
	}
	p := s.parts[len(s.parts)-1]
	if !p.streaming || p.recovered || time.Since(p.begun) <= s.o.Life {
		return
	}
	if err := s.reclaim(ctx, p); err != nil {
		s.log().Warn("cannot stop a stream that is old", "err", err)
		return
	}
	s.o.Fell("old")
}

// maxCard is how long each text of a card may be, in characters.
// Slack: chat.appendStream, task_update.
const maxCard = 256

// Chunks is c as Slack's Web API takes it.
func (c Chunk) Chunks() []web.Chunk {
	var chunks []web.Chunk
	for _, s := range c.Steps {
		card := web.Chunk{Type: "task_update", ID: cut(s.ID, maxCard), Title: cut(s.Title, maxCard), Status: "in_progress"}
		switch s.State {
		case turn.StepDone:
			card.Status = "complete"
		case turn.StepFailed:
			card.Status = "error"
		case turn.StepRunning:
		}
		card.Output = cut(s.Gist, maxCard) // said once, at the end: it is appended each time
		for _, src := range s.Sources {
			title := src.Title
			if title == "" {
				title = host(src.URL)
			}
			if len(card.Sources) < 5 && len([]rune(src.URL)) <= maxCard {
				card.Sources = append(card.Sources, web.Source{Type: "url", URL: src.URL, Text: cut(title, maxCard)})
			}
		}
		chunks = append(chunks, card)
	}
	if c.Markdown != "" {
		chunks = append(chunks, web.Markdown(c.Markdown))
	}
	return chunks
}
