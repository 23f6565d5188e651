package slacksim

import (
	"context"
	"errors"
	"time"
)

// ErrBehind says that changes were forgotten before they were read: read sooner, or set Options.Journal.
var ErrBehind = errors.New("slacksim: changes were lost: the reader is too far behind")

// Change is one change of the workspace: an entry of the feed, for programs that share the process with the simulator.
// What changed is a copy of its state at the time of reading, as in the feed.
type Change struct {
	N       int
	Kind    string    // the feed's event type; for others than those below it is all there is
	Seen    time.Time // when it was read
	Channel string    // of a message

	Message  *Message  // kind "message"
	Session  *Session  // kind "session"
	Call     *Call     // kind "call"
	Envelope *Envelope // kind "envelope"
}

// Changes waits for changes after number n and returns up to 256 of them, oldest first; the number to start from is
// View.Seq. It returns ErrBehind when the ring no longer holds them, the context's error, or ErrClosed.
func (s *Sim) Changes(ctx context.Context, n int) ([]Change, error) {
	for {
		list, changed, err := s.changesAfter(n)
		if err != nil || len(list) > 0 {
			return list, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			return nil, ErrClosed
		}
	}
}

func (s *Sim) changesAfter(n int) ([]Change, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n+1 < s.feed.first() || n > s.feed.last {
		return nil, nil, ErrBehind
	}
	seen := time.Now()
	var list []Change
	for _, f := range s.feed.since(n, 256) {
		c := Change{N: f.n, Kind: f.kind, Seen: seen}
		switch d := f.data.(type) {
		case messageRef:
			m := d.message.page()
			c.Channel, c.Message = d.channel, &m
		case *session:
			x := d.Session
			c.Session = &x
		case *Call:
			x := *d
			c.Call = &x
		case *Envelope:
			x := *d
			c.Envelope = &x
		}
		list = append(list, c)
	}
	s.watched = true
	return list, s.changed, nil
}
