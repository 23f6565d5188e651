package slacksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// feedItem is one change. What changed is kept as a pointer and encoded when it is read, so that a slow reader gets
// the latest state, and a feed without readers costs nothing.
type feedItem struct {
	n    int
	kind string
	data any
}

// messageRef is the feed's way to name a message.
type messageRef struct {
	channel string
	message *Message
}

func (f feedItem) encode() ([]byte, error) {
	switch d := f.data.(type) {
	case messageRef:
		return json.Marshal(struct {
			Channel string  `json:"channel"`
			Message Message `json:"message"`
		}{d.channel, d.message.page()})
	case *session:
		return json.Marshal(d.Session)
	case *socket:
		return json.Marshal(d.info())
	}
	return json.Marshal(f.data)
}

// publish notes a change and wakes who waits. The caller holds mu.
func (s *Sim) publish(kind string, data any) {
	s.feed.add(func(n int) feedItem { return feedItem{n, kind, data} })
	if s.watched {
		s.watched = false
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// Announce tells readers of the feed, and State in "announced", something about the simulator's surroundings. Only the
// latest of a kind is kept; kinds must not be those of the feed itself. data must not change afterwards.
func (s *Sim) Announce(kind string, data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced[kind] = data
	s.publish(kind, data)
}

func (s *Sim) publishMessage(ch *channel, m *Message) {
	if m != nil {
		s.publish("message", messageRef{ch.ID, m})
	}
}

// serveFeed is the server-sent event stream of changes after ?after=N or Last-Event-ID.
func (s *Sim) serveFeed(w http.ResponseWriter, r *http.Request) {
	after, fresh, err := feedPosition(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, &BadRequest{"bad_after", err.Error()})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	idle := time.NewTicker(15 * time.Second)
	defer idle.Stop()
	_, _ = fmt.Fprint(w, ": slacksim\n\n")
	for {
		out, next, changed := s.readFeed(after, fresh)
		fresh, after = false, next
		if len(out) > 0 {
			if _, err := w.Write(out); err != nil {
				return
			}
		}
		if err := rc.Flush(); err != nil {
			return
		}
		if len(out) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-idle.C:
			if _, err := fmt.Fprint(w, ": idle\n\n"); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		}
	}
}

// feedPosition reads where a reader wants to go on; fresh means that it named no place and starts at the end.
func feedPosition(r *http.Request) (after int, fresh bool, err error) {
	at := r.Header.Get("Last-Event-ID")
	if at == "" {
		at = r.URL.Query().Get("after")
	}
	if at == "" {
		return 0, true, nil
	}
	n, err := strconv.Atoi(at)
	if err != nil || n < 0 {
		return 0, false, fmt.Errorf("after %q: give the seq of /sim/state or the id of an event", at)
	}
	return n, false, nil
}

// readFeed encodes a batch of changes. A place that the ring no longer holds, or that lies ahead, gives one reset.
func (s *Sim) readFeed(after int, fresh bool) (out []byte, next int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fresh {
		after = s.feed.last
	}
	if after+1 < s.feed.first() || after > s.feed.last {
		return event(nil, s.feed.last, "reset", []byte("{}")), s.feed.last, s.changed
	}
	for _, f := range s.feed.since(after, 256) {
		after = f.n
		data, err := f.encode()
		if err != nil {
			s.log.Error("slacksim: feed event not encoded", "type", f.kind, "error", err)
			continue
		}
		out = event(out, f.n, f.kind, data)
	}
	s.watched = true
	return out, after, s.changed
}

func event(out []byte, n int, kind string, data []byte) []byte {
	return fmt.Appendf(out, "id: %d\nevent: %s\ndata: %s\n\n", n, kind, data)
}
