package surface

import (
	"context"
	"sync/atomic"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/slack/render"
)

// poke has the surface do what is due: in a goroutine that ends when nothing
// is, as a turn mostly waits. There is never a second one.
func (s *surface) poke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
	case s.busy:
		s.again = true
	default:
		s.busy = true
		s.working.Go(s.work)
	}
}

func (s *surface) work() {
	for {
		next := s.step()
		s.mu.Lock()
		if s.closed || !s.again {
			s.busy = false
			if !s.closed {
				s.timer.Reset(next)
			}
			s.mu.Unlock()
			return
		}
		s.again = false
		s.mu.Unlock()
	}
}

// step does what is due, and returns when something will be again.
func (s *surface) step() time.Duration {
	s.mu.Lock()
	phrase, fresh, early := s.phrase, s.fresh, time.Until(s.notBefore)
	s.phrase = ""
	if early <= 0 {
		s.fresh = false
	}
	s.mu.Unlock()

	if !s.sign.begun {
		s.beginSign(s.ctx)
	}
	if phrase != "" {
		s.sign.doing = phrase
	}
	if phrase != "" && phrase != s.sign.phrase && !s.noPhrases.Load() {
		if err := s.showPhrase(s.ctx, phrase); err != nil {
			s.log().Debug("cannot show a status line", "err", err)
		}
	}
	s.leaveOld(s.ctx)
	if time.Since(s.lastSeen) >= s.o.Sign {
		s.alive(s.ctx)
	}
	if fresh && early > 0 {
		return early
	}
	if fresh {
		if pause, more := s.paced(); more {
			return pause
		}
	}
	return max(s.o.Sign-time.Since(s.lastSeen), 0)
}

// paced does one tick and sets the time before which there is no other. more:
// there is something to show then.
func (s *surface) paced() (pause time.Duration, more bool) {
	before := s.lastSeen
	more, err := s.tick()
	pause = s.o.Tick
	switch {
	case err != nil && s.ticking.Err() == nil:
		// The next tick sees the same text and more; Finish does not depend on it.
		s.log().Warn("a live update failed", "err", err)
		pause, more = 4*pause, true
	case s.lastSeen.Equal(before):
		pause /= 8 // nothing could be shown yet: look again soon
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore = time.Now().Add(pause)
	s.fresh = s.fresh || more
	return pause, s.fresh
}

// tick shows what can be shown of the text so far. more: there is another part
// to begin at once.
func (s *surface) tick() (more bool, err error) {
	p := s.open()
	if p.ts != "" {
		// Wait for a slot first and look at the text then, so that one write
		// carries all that came while waiting.
		method := methodUpdate
		if p.streaming {
			method = methodAppend
		}
		// No longer than until the next sign of life is due, which needs no such slot.
		wait, cancel := context.WithTimeout(s.ticking, max(s.o.Sign-time.Since(s.lastSeen), s.o.Sign/8))
		err := s.slack.Tick(wait, method, s.turn.Conversation.Channel)
		late := wait.Err() != nil && s.ticking.Err() == nil
		if cancel(); err != nil {
			if late {
				return true, nil
			}
			return false, err
		}
	}
	text, err := s.live(s.ctx)
	if err != nil {
		return false, err
	}
	if err := s.extend(s.ctx, p, text, false, nil); err != nil {
		return false, err
	}
	return p.full, nil
}

// open is the part that takes more text; a new one if all are full.
func (s *surface) open() *part {
	var at render.Cursor
	for _, p := range s.parts {
		if !p.full {
			p.at = at // recovered parts learn here where they begin
			return p
		}
		at = p.next
	}
	p := &part{n: len(s.parts) + 1, at: at}
	s.parts = append(s.parts, p)
	return p
}

// seen notes that something visible changed.
func (s *surface) seen() { s.lastSeen = time.Now() }

// latch remembers what the workspace does not have.
func (s *surface) latch(flag *atomic.Bool, what string, err error) {
	if code := refused(err); permanent[code] && !flag.Swap(true) {
		s.log().Info("this workspace or app has no "+what+"; doing without", "code", code)
	}
}

// began notes that the part exists in Slack.
func (p *part) began(ts chat.TS, streaming bool) {
	p.ts, p.streaming, p.begun = ts, streaming, time.Now()
}
