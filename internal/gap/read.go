package gap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"holdfast/internal/chat"
)

// recentMax bounds the conversations that are looked at by themselves.
const recentMax = 10_000

// gap is one reading.
type gap struct {
	*Filler
	since   chat.TS
	threads []thread                   // were written in, and are to be read
	known   map[chat.Conversation]bool // we took part; whether they were written in is to be seen
	n       int
}

type thread struct {
	in   Channel
	root chat.TS
}

// walk is the reading of one channel's top-level messages, newest first.
type walk struct {
	in   Channel
	next func() ([]Message, error, bool)
	stop func()
}

// read puts through the inbox what was said since from. What is nearest to an
// answer comes first: new messages of all channels, then threads whose roots are
// among those seen so far, then, page by page, older roots, and last the threads
// in which we took part and whose roots are older still.
func (f *Filler) read(ctx context.Context, from time.Time) (n int, err error) {
	g := &gap{Filler: f, since: stamp(from.Add(-f.o.Overlap)), known: map[chat.Conversation]bool{}}
	channels, err := g.channels(ctx, from)
	if err != nil {
		return 0, err
	}
	where := map[string]Channel{}
	walks := make([]*walk, 0, len(channels))
	for _, ch := range channels {
		where[ch.ID] = ch
		reach := f.o.Reach
		if ch.direct() {
			reach = f.o.Memory
		}
		w := &walk{in: ch}
		w.next, w.stop = iter.Pull2(f.slack.History(ctx, ch.ID, stamp(from.Add(-reach))))
		defer w.stop()
		walks = append(walks, w)
	}
	for _, w := range walks {
		if err := g.walk(ctx, w, true); err != nil {
			return g.n, err
		}
	}
	if err := g.readThreads(ctx); err != nil {
		return g.n, err
	}
	for _, w := range walks {
		if err := errors.Join(g.walk(ctx, w, false), g.readThreads(ctx)); err != nil {
			return g.n, err
		}
	}
	for c := range g.known {
		if ch, ok := where[c.Channel]; ok {
			g.threads = append(g.threads, thread{ch, c.Root})
		}
	}
	return g.n, g.readThreads(ctx)
}

// channels lists those that we are in. People who talk to us wait: the channels
// with the newest conversations come first.
func (g *gap) channels(ctx context.Context, from time.Time) (order []Channel, err error) {
	all := map[string]Channel{}
	var listed []string
	for page, err := range g.slack.Channels(ctx) {
		if err != nil {
			return nil, fmt.Errorf("list the channels that we are in: %w", err)
		}
		for _, c := range page {
			if _, twice := all[c.ID]; !twice {
				listed = append(listed, c.ID)
			}
			all[c.ID] = c
		}
	}
	recent, err := g.store.Recent(ctx, g.o.Team, from.Add(-g.o.Memory), recentMax)
	if err != nil {
		return nil, fmt.Errorf("list recent conversations: %w", err)
	}
	if len(recent) == recentMax {
		g.o.Logger.Warn("too many recent conversations to look at all of them: replies in the oldest threads may be missed", "looked_at", recentMax)
	}
	take := func(id string) {
		if c, ok := all[id]; ok {
			order = append(order, c)
			delete(all, id)
		}
	}
	for _, c := range recent {
		take(c.Channel)
		g.known[c] = true
	}
	for _, id := range listed {
		take(id)
	}
	return order, nil
}

// walk goes on with a channel: to its end, or only until nothing on the last page
// is new.
func (g *gap) walk(ctx context.Context, w *walk, short bool) error {
	for {
		page, err, more := w.next()
		if !more {
			return nil
		}
		if code := refused(err); code != "" {
			g.o.Logger.Info("Slack does not show this channel's history; skipping it", "channel", w.in.ID, "code", code)
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the history of %s: %w", w.in.ID, err)
		}
		old := false
		for _, m := range page {
			// The root tells whether its thread is worth a call.
			delete(g.known, chat.Conversation{Team: g.o.Team, Channel: w.in.ID, Root: m.TS})
			if m.LatestReply.Compare(g.since) > 0 {
				g.threads = append(g.threads, thread{w.in, m.TS})
			}
			if m.TS.Compare(g.since) <= 0 {
				old = true
			} else if err := g.take(ctx, w.in, m); err != nil {
				return err
			}
		}
		if old && short {
			return nil
		}
	}
}

// readThreads reads those that are known to be due.
func (g *gap) readThreads(ctx context.Context) error {
	due := g.threads
	g.threads = nil
	for _, t := range due {
		if err := g.thread(ctx, t.in, t.root); err != nil {
			return err
		}
	}
	return nil
}

func (g *gap) thread(ctx context.Context, ch Channel, root chat.TS) error {
	for page, err := range g.slack.Replies(ctx, ch.ID, root, g.since) {
		if code := refused(err); code != "" {
			return nil // the root was deleted, or the channel is closed to us
		}
		if err != nil {
			return fmt.Errorf("read the thread %s of %s: %w", root, ch.ID, err)
		}
		for _, m := range page {
			if m.TS.Compare(g.since) > 0 {
				if err := g.take(ctx, ch, m); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (g *gap) take(ctx context.Context, ch Channel, m Message) error {
	g.n++
	if err := g.o.Receive(ctx, ch, m.Raw); err != nil {
		return fmt.Errorf("take in message %s of %s: %w", m.TS, ch.ID, err)
	}
	return nil
}

// refused is Slack's code, if err says that asking again is of no use.
func refused(err error) string {
	if r, ok := errors.AsType[Refusal](err); ok {
		if code, ok := r.Refused(); ok {
			return code
		}
	}
	return ""
}
