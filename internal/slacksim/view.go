package slacksim

import (
	"cmp"
	"slices"
	"time"
)

// View reads the simulator. Inside Wait it is one consistent moment; it is of no use after the callback returned.
type View struct{ s *Sim }

// Messages returns every message of a channel (id or "#name"), threads included, by ts; nil for an unknown channel.
func (v View) Messages(channel string) []Message {
	ch := v.s.ws.channelBy[channel]
	if ch == nil {
		return nil
	}
	return pages(ch.list)
}

// Replies returns the root message and then its replies; nil when there is no such root.
func (v View) Replies(channel, root string) []Message {
	ch := v.s.ws.channelBy[channel]
	if ch == nil || ch.byTS[root] == nil {
		return nil
	}
	return pages(ch.thread(root))
}

// Message returns one message.
func (v View) Message(channel, ts string) (Message, bool) {
	ch := v.s.ws.channelBy[channel]
	if ch == nil || ch.byTS[ts] == nil {
		return Message{}, false
	}
	return ch.byTS[ts].page(), true
}

// Walk calls each for every message of every channel, by ts, without what only the page needs of it (the text of a
// stream, say). The Channel's lists are the workspace's own: read them.
func (v View) Walk(each func(Channel, Message)) {
	for _, ch := range v.s.ws.channels {
		for _, m := range ch.list {
			each(ch.Channel, m.copy())
		}
	}
}

// Now is the simulator's time.
func (v View) Now() time.Time { return v.s.now() }

// Epoch grows with every reset and import, after which nothing is as it was.
func (v View) Epoch() int { return v.s.epoch }

// Count is the number of messages of a channel, without copying them.
func (v View) Count(channel string) int {
	ch := v.s.ws.channelBy[channel]
	if ch == nil {
		return 0
	}
	return len(ch.byTS)
}

// Channel returns a channel by id or "#name".
func (v View) Channel(ref string) (Channel, bool) {
	ch := v.s.ws.channelBy[ref]
	if ch == nil {
		return Channel{}, false
	}
	return ch.public(), true
}

func (c *channel) public() Channel {
	p := c.Channel
	p.Members, p.Prompts = slices.Clone(p.Members), slices.Clone(p.Prompts)
	return p
}

// Sessions returns the agent sessions in order of creation.
func (v View) Sessions() []Session {
	out := make([]Session, len(v.s.ws.sessionLog))
	for i, x := range v.s.ws.sessionLog {
		out[i] = x.Session
	}
	return out
}

// Session returns the agent session of a thread.
func (v View) Session(channel, root string) (Session, bool) {
	x := v.s.ws.sessions[sessionKey{channel, root}]
	if x == nil {
		return Session{}, false
	}
	return x.Session, true
}

// Calls returns the journalled Web API calls, oldest first; method "" means all.
func (v View) Calls(method string) []Call {
	out := []Call{}
	for _, c := range v.s.calls.since(0, 0) {
		if method == "" || c.Method == method {
			out = append(out, *c)
		}
	}
	return out
}

// Envelopes returns the journalled deliveries, each attempt on its own, oldest first.
func (v View) Envelopes() []Envelope {
	out := []Envelope{}
	for _, e := range v.s.envelopes.since(0, 0) {
		out = append(out, *e)
	}
	return out
}

// Sockets returns the connections, the closed ones first.
func (v View) Sockets() []Socket {
	out := slices.Clone(v.s.gone)
	for _, k := range v.s.sockets {
		out = append(out, k.info())
	}
	slices.SortStableFunc(out, func(a, b Socket) int { return cmp.Compare(a.OpenedAt, b.OpenedAt) })
	return out
}

// Live is the number of connections that events can be delivered to.
func (v View) Live() int {
	n := 0
	for _, k := range v.s.sockets {
		if k.state == socketLive {
			n++
		}
	}
	return n
}

// Ephemerals returns every ephemeral message ever shown.
func (v View) Ephemerals() []Ephemeral {
	out := []Ephemeral{}
	for _, e := range v.s.ws.ephemerals {
		out = append(out, *e)
	}
	return out
}

// Waiting is the number of events that wait for a connection, and Dropped of those that were given up.
func (v View) Waiting() int { return len(v.s.parked) + len(v.s.held) }

// Dropped counts events that Slack gave up on: never delivered, or never acknowledged.
func (v View) Dropped() int { return v.s.dropped }

func pages(list []*Message) []Message {
	out := make([]Message, len(list))
	for i, m := range list {
		out[i] = m.page()
	}
	return out
}

// Look calls read with a View of this moment.
func (s *Sim) Look(read func(View)) {
	s.enter()
	defer s.leave()
	read(View{s})
}

func look[T any](s *Sim, read func(View) T) (out T) {
	s.Look(func(v View) { out = read(v) })
	return out
}

// Messages is View.Messages of this moment.
func (s *Sim) Messages(channel string) []Message {
	return look(s, func(v View) []Message { return v.Messages(channel) })
}

// Replies is View.Replies of this moment.
func (s *Sim) Replies(channel, root string) []Message {
	return look(s, func(v View) []Message { return v.Replies(channel, root) })
}

// Sessions is View.Sessions of this moment.
func (s *Sim) Sessions() []Session { return look(s, View.Sessions) }

// Calls is View.Calls("") of this moment.
func (s *Sim) Calls() []Call { return look(s, func(v View) []Call { return v.Calls("") }) }

// Envelopes is View.Envelopes of this moment.
func (s *Sim) Envelopes() []Envelope { return look(s, View.Envelopes) }

// Sockets is View.Sockets of this moment.
func (s *Sim) Sockets() []Socket { return look(s, View.Sockets) }

// Ephemerals is View.Ephemerals of this moment.
func (s *Sim) Ephemerals() []Ephemeral { return look(s, View.Ephemerals) }
