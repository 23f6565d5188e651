package gap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"holdfast/internal/chat"
)

// Channel is a conversation of any kind that we are in.
type Channel struct {
	ID   string
	Kind string // Slack's channel_type: "im", "mpim", "channel" or "group"
}

// Message is what we need of a listed message; Raw is all of it.
type Message struct {
	TS          chat.TS
	LatestReply chat.TS // of a thread's root
	Raw         json.RawMessage
}

// Slack lists. An error that asking again cannot mend has Refused() true.
type Slack interface {
	// Channels lists those that we are in.
	Channels(ctx context.Context) iter.Seq2[[]Channel, error]
	// History lists a channel's top-level messages after oldest, newest first.
	History(ctx context.Context, channel string, oldest chat.TS) iter.Seq2[[]Message, error]
	// Replies lists a thread's messages after oldest.
	Replies(ctx context.Context, channel string, root, oldest chat.TS) iter.Seq2[[]Message, error]
}

// Refusal is implemented by errors with which Slack refused a call.
type Refusal interface {
	error
	Refused() (code string, ok bool)
}

// Store keeps the note.
type Store interface {
	// Heard is when the workspace was last connected to; zero: never.
	Heard(ctx context.Context, team string) (time.Time, error)
	// SetHeard moves the note on; it never goes back.
	SetHeard(ctx context.Context, team string, at time.Time) error
	// Recent lists conversations with work since then, newest first, some
	// hundreds at most.
	Recent(ctx context.Context, team string, since time.Time) ([]chat.Conversation, error)
}

// Options tune a Filler. Link and Receive are required; zero values of the
// others mean the defaults.
type Options struct {
	Logger *slog.Logger
	Team   string
	// Link tells how many connections Slack delivers to now, and how often there
	// was none any more.
	Link func() (live, outages int)
	// Receive puts a message through the inbox, as the event that was missed.
	Receive func(ctx context.Context, c Channel, raw json.RawMessage) error
	Look    time.Duration // between two looks at Link; 250 ms
	Note    time.Duration // between two notes; 10 s
	Overlap time.Duration // read again before the note, for clocks that differ; 2 min
	Reach   time.Duration // how old a root may be whose thread we were never in; 72 h
	Memory  time.Duration // how long a thread in which we took part is looked at; 14 days
	Pause   time.Duration // after a failure; 30 s
}

// Filler fills gaps.
type Filler struct {
	slack Slack
	store Store
	o     Options
}

// New makes a Filler.
func New(s Slack, store Store, o Options) *Filler {
	for d, v := range map[*time.Duration]time.Duration{
		&o.Look: 250 * time.Millisecond, &o.Note: 10 * time.Second, &o.Overlap: 2 * time.Minute,
		&o.Reach: 72 * time.Hour, &o.Memory: 14 * 24 * time.Hour, &o.Pause: 30 * time.Second,
	} {
		if *d <= 0 {
			*d = v
		}
	}
	return &Filler{slack: s, store: store, o: o}
}

// Begin notes the time on the very first run, before anything is connected:
// whatever is said from then on is ours to answer.
func (f *Filler) Begin(ctx context.Context) error {
	at, err := f.store.Heard(ctx, f.o.Team)
	if err == nil && at.IsZero() {
		err = f.store.SetHeard(ctx, f.o.Team, time.Now())
	}
	if err != nil {
		return fmt.Errorf("note when the workspace was first heard: %w", err)
	}
	return nil
}

// Run notes and fills until ctx ends. Begin comes first.
func (f *Filler) Run(ctx context.Context) {
	tick := time.NewTicker(f.o.Look)
	defer tick.Stop()
	known := -1 // outages whose gap was read; none yet
	var noted, notBefore time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		live, outages := f.o.Link()
		if live == 0 || now.Before(notBefore) {
			continue
		}
		var err error
		switch {
		case outages != known:
			if err = f.fill(ctx, now); err == nil {
				known = outages
			}
		case now.Sub(noted) >= f.o.Note:
			err = f.store.SetHeard(ctx, f.o.Team, now)
		default:
			continue
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.o.Logger.Warn("what was missed while there was no connection could not be fetched; will try again", "err", err)
			notBefore = now.Add(f.o.Pause)
		default:
			noted = now
		}
	}
}

// fill reads everything since the note, and then notes that all before now is
// known.
func (f *Filler) fill(ctx context.Context, now time.Time) error {
	from, err := f.store.Heard(ctx, f.o.Team)
	if err != nil {
		return fmt.Errorf("look up when the workspace was last heard: %w", err)
	}
	n, err := f.read(ctx, from)
	if err != nil {
		return err
	}
	f.o.Logger.Info("read what was said while there was no connection", "since", from, "messages", n)
	if err := f.store.SetHeard(ctx, f.o.Team, now); err != nil {
		return fmt.Errorf("note that the workspace is heard: %w", err)
	}
	return nil
}

// read puts through the inbox what was said since from.
func (f *Filler) read(ctx context.Context, from time.Time) (n int, err error) {
	since := f.stamp(from.Add(-f.o.Overlap))
	kinds := map[string]Channel{}
	for page, err := range f.slack.Channels(ctx) {
		if err != nil {
			return n, fmt.Errorf("list the channels that we are in: %w", err)
		}
		for _, c := range page {
			kinds[c.ID] = c
		}
	}
	recent, err := f.store.Recent(ctx, f.o.Team, from.Add(-f.o.Memory))
	if err != nil {
		return n, fmt.Errorf("list recent conversations: %w", err)
	}
	g := &gap{Filler: f, since: since, threads: map[chat.Conversation]bool{}}
	// People who talk to us wait: their channels come first.
	var order []Channel
	for _, c := range recent {
		if ch, ok := kinds[c.Channel]; ok {
			order = append(order, ch)
			delete(kinds, c.Channel)
		}
		g.threads[c] = true
	}
	for _, ch := range kinds {
		order = append(order, ch)
	}
	known := map[string]Channel{}
	for _, ch := range order {
		known[ch.ID] = ch
		if err := g.channel(ctx, ch, f.stamp(from.Add(-f.o.Reach))); err != nil {
			return g.n, err
		}
	}
	for c := range g.threads {
		if ch, ok := known[c.Channel]; ok {
			if err := g.thread(ctx, ch, c.Root); err != nil {
				return g.n, err
			}
		}
	}
	return g.n, nil
}

func (f *Filler) stamp(t time.Time) chat.TS {
	return chat.TS(fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000))
}

// gap is one reading.
type gap struct {
	*Filler
	since   chat.TS
	threads map[chat.Conversation]bool // to be read
	n       int
}

// channel reads top-level messages, and finds threads that were written in.
func (g *gap) channel(ctx context.Context, ch Channel, reach chat.TS) error {
	for page, err := range g.slack.History(ctx, ch.ID, reach) {
		if code := refused(err); code != "" {
			g.o.Logger.Info("Slack does not show this channel's history; skipping it", "channel", ch.ID, "code", code)
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the history of %s: %w", ch.ID, err)
		}
		for _, m := range page {
			// The root tells whether its thread is worth a call.
			if c := (chat.Conversation{Team: g.o.Team, Channel: ch.ID, Root: m.TS}); m.LatestReply.Compare(g.since) > 0 {
				g.threads[c] = true
			} else {
				delete(g.threads, c)
			}
			if m.TS.Compare(g.since) > 0 {
				if err := g.take(ctx, ch, m); err != nil {
					return err
				}
			}
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
