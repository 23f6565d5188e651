package surface

import (
	"sync/atomic"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/slack/render"
)

// run is the surface's goroutine: it shows the growing answer until Finish or
// Close takes over.
func (s *surface) run() {
	defer close(s.left)
	if !s.sign.begun {
		s.beginSign(s.ctx)
	}
	timer := time.NewTimer(s.o.Sign)
	defer timer.Stop()
	for {
		select {
		case <-s.ticking.Done():
			return
		case <-s.nudge:
		case <-timer.C:
		}
		timer.Reset(s.step())
	}
}

// step does what is due, and returns when to look again.
func (s *surface) step() time.Duration {
	s.mu.Lock()
	phrase, fresh := s.phrase, s.fresh
	s.phrase, s.fresh = "", false
	s.mu.Unlock()

	if phrase != "" && phrase != s.sign.phrase && !s.noPhrases.Load() {
		if err := s.showPhrase(s.ctx, phrase); err != nil {
			s.log.Debug("cannot show a status line", "err", err)
		}
	}
	if fresh {
		before := s.lastSeen
		more, err := s.tick()
		if err != nil && s.ticking.Err() == nil {
			// The next tick sees the same text and more; Finish does not depend on it.
			s.log.Warn("a live update failed", "err", err)
		}
		if more {
			s.Changed()
		}
		pause := s.o.Tick
		if err == nil && s.lastSeen.Equal(before) {
			pause /= 8 // nothing could be shown yet: look again soon
		}
		if !s.pause(pause) {
			return s.o.Sign
		}
	}
	quiet := time.Since(s.lastSeen)
	if quiet >= s.o.Sign {
		s.alive(s.ctx)
		return s.o.Sign
	}
	return s.o.Sign - quiet
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
		if err := s.slack.Tick(s.ticking, method, s.turn.Conversation.Channel); err != nil {
			return false, err
		}
	}
	text, err := s.live(s.ctx)
	if err != nil {
		return false, err
	}
	if err := s.extend(s.ctx, p, text, false, ""); err != nil {
		return false, err
	}
	return p.full, nil
}

// pause waits for d; false if live writing ends first.
func (s *surface) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ticking.Done():
	}
	return false
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
		s.log.Info("this workspace or app has no "+what+"; doing without", "code", code)
	}
}

// began notes that the part exists in Slack.
func (p *part) began(ts chat.TS, streaming bool) {
	p.ts, p.streaming, p.begun = ts, streaming, time.Now()
}
