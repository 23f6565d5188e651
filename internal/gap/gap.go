package gap

import (
	"context"
	"crypto/rand"
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

// direct says that nearly everything that is written there is for us.
func (c Channel) direct() bool { return c.Kind == "im" || c.Kind == "mpim" }

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

// Store keeps the note, and shares out the work among replicas.
type Store interface {
	// Heard is until when all that was said in the workspace is known (zero:
	// never), and the time now, both by the store's clock.
	Heard(ctx context.Context, team string) (at, now time.Time, err error)
	// SetHeard moves the note on; it never goes back.
	SetHeard(ctx context.Context, team string, at time.Time) error
	// Recent lists conversations with work since then, newest first, at most so
	// many.
	Recent(ctx context.Context, team string, since time.Time, limit int) ([]chat.Conversation, error)
	// Hold makes holder the one who does a job, or keeps it so, for ttl; false:
	// another one does it. A ttl of 0 gives it up.
	Hold(ctx context.Context, job, holder string, ttl time.Duration) (held bool, err error)
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
	Ended   func(err error) // is told of each reading that ended, unless the process is stopping; nil: nobody
	Alone   bool            // there are no other replicas
	Look    time.Duration   // between two looks at Link; 250 ms
	Note    time.Duration   // between two notes; 2 s
	Lease   time.Duration   // of the reading; 12 s
	Overlap time.Duration   // read again before the note, for clocks that differ and for connections that had silently died; 2 min
	Reach   time.Duration   // how old a channel's root may be whose thread we were never in; 72 h
	Memory  time.Duration   // how long a thread in which we took part, or one in a direct channel, is looked at; 14 days
	Pause   time.Duration   // after a failure; 30 s
}

// Filler fills gaps.
type Filler struct {
	slack Slack
	store Store
	o     Options
	me    string // among replicas
}

// New makes a Filler.
func New(s Slack, store Store, o Options) *Filler {
	for d, v := range map[*time.Duration]time.Duration{
		&o.Look: 250 * time.Millisecond, &o.Note: 2 * time.Second, &o.Lease: 12 * time.Second, &o.Overlap: 2 * time.Minute,
		&o.Reach: 72 * time.Hour, &o.Memory: 14 * 24 * time.Hour, &o.Pause: 30 * time.Second,
	} {
		if *d <= 0 {
			*d = v
		}
	}
	if o.Ended == nil {
		o.Ended = func(error) {}
	}
	return &Filler{slack: s, store: store, o: o, me: rand.Text()}
}

// Begin notes the time on the very first run, before anything is connected:
// whatever is said from then on is ours to answer.
func (f *Filler) Begin(ctx context.Context) error {
	at, now, err := f.store.Heard(ctx, f.o.Team)
	if err == nil && at.IsZero() {
		err = f.store.SetHeard(ctx, f.o.Team, now)
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
	known := -1          // outages whose gap was read; none yet
	seen := -1           // outages after which there was a connection again …
	var opened time.Time // … and when that was seen, by the store's clock
	var next time.Time   // nothing is due before
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		live, outages := f.o.Link()
		if live == 0 || time.Now().Before(next) {
			continue
		}
		heard, now, err := f.store.Heard(ctx, f.o.Team)
		if err == nil && outages != seen {
			seen, opened = outages, now
		}
		next = time.Now().Add(f.o.Note)
		switch {
		case err != nil:
			err = fmt.Errorf("look up when the workspace was last heard: %w", err)
		case outages == known:
			if err = f.store.SetHeard(ctx, f.o.Team, now); err != nil {
				err = fmt.Errorf("note that the workspace is heard: %w", err)
			}
		case !heard.Before(opened):
			known = outages // another replica had a connection, or has read it
		case !f.o.Alone && now.Sub(heard) < 2*f.o.Note+f.o.Look:
			next = time.Time{} // perhaps another has, and says so soon
		default:
			var filled bool
			if filled, err = f.fill(ctx, heard, opened); filled {
				known, next = outages, time.Time{}
			}
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.o.Logger.Warn("what was missed while there was no connection could not be fetched; will try again", "err", err)
			next = time.Now().Add(f.o.Pause)
		}
	}
}

// fill reads everything since the note, unless another replica does, and then
// notes that all before now is known.
func (f *Filler) fill(ctx context.Context, from, now time.Time) (filled bool, err error) {
	job := "gap/" + f.o.Team
	mine, err := f.store.Hold(ctx, job, f.me, f.o.Lease)
	if err != nil || !mine {
		return false, err
	}
	reading, stop := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		f.keep(reading, job, stop)
	}()
	n, err := f.read(reading, from)
	if err != nil && reading.Err() != nil {
		err = context.Cause(reading)
	}
	stop(nil)
	<-kept
	if ctx.Err() == nil {
		f.o.Ended(err)
	}
	if err == nil {
		f.o.Logger.Info("read what was said while there was no connection", "since", from, "messages", n)
		if err = f.store.SetHeard(ctx, f.o.Team, now); err != nil {
			err = fmt.Errorf("note that the workspace is heard: %w", err)
		}
	}
	// Also when the process is stopping, so that another goes on at once.
	free, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, e := f.store.Hold(free, job, f.me, 0); e != nil {
		f.o.Logger.Debug("the reading of what was missed is not given up; it runs out", "err", e)
	}
	return err == nil, err
}

// errTaken ends a reading that another replica does by now.
var errTaken = errors.New("gap: another replica reads it")

// keep renews the lease until ctx ends. While the store is away nobody else can
// take it either.
func (f *Filler) keep(ctx context.Context, job string, stop context.CancelCauseFunc) {
	tick := time.NewTicker(f.o.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if held, err := f.store.Hold(ctx, job, f.me, f.o.Lease); err == nil && !held {
			stop(errTaken)
			return
		}
	}
}

func stamp(t time.Time) chat.TS {
	return chat.TS(fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000))
}
