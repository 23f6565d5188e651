package bench

import (
	"context"
	"slices"
	"sync"
	"time"

	"holdfast/internal/slacksim"
)

// entry is one message that a person wrote, and what was seen of its answer.
type entry struct {
	number string
	kind   byte
	thread *thread
	ts     string

	sent  time.Time
	sign  time.Time // anything that shows that it was noticed
	first time.Time // the first of the answer's text
	final time.Time // the last change of the answer, with all of it there
	over  bool      // it has an answer, or a later message of its thread has, or it was refused
	away  bool      // the last of these
}

// thread is one conversation.
type thread struct {
	user    string
	channel string
	mention string // goes before a message, if the bot must be called
	root    string // ts; empty until somebody has written
	entries []*entry
	silent  []*entry // those that have no sign yet

	refusals int
}

// post is a message of the bot's.
type post struct {
	number string // of the message that it answers, once it says so
	since  time.Time
}

type place struct{ channel, ts string }

// watch follows the workspace while people write.
type watch struct {
	sim     *slacksim.Sim
	app     slacksim.App
	refusal string // Bot.Refusal
	marks   marks

	mu       sync.Mutex
	entries  map[string]*entry // by number
	threads  map[place]*thread // by root
	messages map[place]*entry  // by their own ts
	posts    map[place]*post
	acks     map[int]float64 // milliseconds by envelope
	calls    map[string]int
	limited  int
	refused  int
	again    map[int]bool // envelopes that were sent once more
	open     map[byte]int // messages that are not over, by kind
	active   time.Time    // when the bot last did anything in Slack
	after    int          // the last change that was seen
	err      error
	moved    chan struct{} // holds a token after a change that may matter
}

func newWatch(sim *slacksim.Sim, app slacksim.App, refusal string) *watch {
	return &watch{
		sim: sim, app: app, refusal: refusal, marks: newMarks(), moved: make(chan struct{}, 1),
		entries: map[string]*entry{}, threads: map[place]*thread{}, messages: map[place]*entry{}, posts: map[place]*post{},
		acks: map[int]float64{}, again: map[int]bool{}, calls: map[string]int{}, open: map[byte]int{},
	}
}

// follow reads changes until ctx ends.
func (w *watch) follow(ctx context.Context, after int) {
	for {
		list, err := w.sim.Changes(ctx, after)
		w.mu.Lock()
		if err != nil {
			if ctx.Err() == nil {
				w.err = err
			}
			w.mu.Unlock()
			w.wake()
			return
		}
		for _, c := range list {
			w.see(c)
		}
		after = list[len(list)-1].N
		w.after = after
		w.mu.Unlock()
		w.wake()
	}
}

func (w *watch) wake() {
	select {
	case w.moved <- struct{}{}:
	default:
	}
}

// forget starts the counts anew, as after the messages that warm up.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.acks)
	clear(w.again)
	clear(w.calls)
	w.limited, w.refused = 0, 0
}

// say writes the next message of a thread.
func (w *watch) say(t *thread, kind byte, n int) error {
	e := &entry{number: number(kind, n), kind: kind, thread: t}
	// What the bot does at once must find the message in the books.
	w.mu.Lock()
	defer w.mu.Unlock()
	e.sent = time.Now()
	posted, err := w.sim.Say(t.user, t.channel, t.mention+question(e.number), t.root)
	if err != nil {
		return err
	}
	e.ts = posted.TS
	if t.root == "" {
		t.root, t.channel = posted.TS, posted.Channel
		w.threads[place{t.channel, t.root}] = t
	}
	t.entries, t.silent = append(t.entries, e), append(t.silent, e)
	w.open[kind]++
	w.entries[e.number] = e
	w.messages[place{t.channel, e.ts}] = e
	return nil
}

func (w *watch) see(c slacksim.Change) {
	switch {
	case c.Message != nil:
		w.seeMessage(c)
	case c.Session != nil:
		if s := c.Session; s.Status == "processing" || s.Prose != "" {
			if t := w.threads[place{s.Channel, s.ThreadTS}]; t != nil {
				w.noticed(t, c.Seen, c.Seen)
			}
		}
	case c.Call != nil:
		w.active = c.Seen
		w.calls[c.Call.Method]++
		switch {
		case c.Call.Status == 429:
			w.limited++
		case !c.Call.OK:
			w.refused++
		}
	case c.Envelope != nil:
		e := c.Envelope
		if e.Type != "events_api" {
			return
		}
		if e.AckedAt != nil {
			w.acks[e.N] = e.AckMS
		}
		if e.Attempt > 0 {
			w.again[e.N] = true
		}
	}
}

// noticed is a sign in a thread for every message that was sent before.
func (w *watch) noticed(t *thread, before, now time.Time) {
	t.silent = slices.DeleteFunc(t.silent, func(e *entry) bool {
		if e.sign.IsZero() && e.sent.Before(before) {
			e.sign = now
		}
		return !e.sign.IsZero()
	})
}

// turnedAway is a refusal in a thread: nothing more is to come for its newest
// message. In haste it may be another one that is meant, but it is one.
func (w *watch) turnedAway(t *thread) {
	t.refusals++
	for _, e := range slices.Backward(t.entries) {
		if !e.over {
			e.over, e.away = true, true
			w.open[e.kind]--
			return
		}
	}
}

// answered is the whole answer to e, as it is now.
func (w *watch) answered(e *entry, now time.Time) {
	e.final = now
	for _, x := range e.thread.entries {
		if !x.over {
			x.over = true
			w.open[x.kind]--
		}
		if x == e {
			return
		}
	}
}

func (w *watch) seeMessage(c slacksim.Change) {
	m := c.Message
	if m.User != w.app.BotUserID && (m.BotID == "" || m.BotID != w.app.BotID) {
		e := w.messages[place{c.Channel, m.TS}]
		if e != nil && e.sign.IsZero() && slices.ContainsFunc(m.Reactions, func(r slacksim.Reaction) bool { return slices.Contains(r.Users, w.app.BotUserID) }) {
			e.sign = c.Seen
		}
		return
	}
	w.active = c.Seen
	at := place{c.Channel, m.TS}
	p := w.posts[at]
	isNew := p == nil
	if isNew {
		p = &post{since: c.Seen}
		w.posts[at] = p
	}
	text := text(m)
	if p.number == "" {
		p.number = w.marks.first(text)
		if e := w.entries[p.number]; e != nil && e.first.IsZero() {
			e.first = c.Seen
		}
		if e := w.entries[p.number]; e != nil && e.sign.IsZero() {
			e.sign = p.since
		}
	}
	for _, number := range w.marks.ended(text) {
		if e := w.entries[number]; e != nil {
			w.answered(e, c.Seen)
		}
	}
	if t := w.threads[place{c.Channel, m.ThreadTS}]; t != nil && p.number == "" {
		w.noticed(t, p.since, c.Seen)
		if isNew && w.refusal != "" && text == w.refusal {
			w.turnedAway(t)
		}
	}
}

// calm is how long a bot must have done nothing before it counts as done.
type calm struct {
	all    time.Duration // when each message has an answer of its own
	merged time.Duration // when some seem to be answered with a later one
	// asked says whether the model was asked about a message for itself; such a
	// one has an answer of its own to come.
	asked func(number string) bool
}

// settle waits until no message of a kind is open and the bot is calm, so that
// late and second answers are seen too. It returns false when that does not
// happen in time.
func (w *watch) settle(ctx context.Context, kind byte, calm calm, patience time.Duration, gone <-chan struct{}) (bool, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	still := time.NewTimer(patience)
	defer still.Stop()
	for {
		w.mu.Lock()
		open, active, err := w.open[kind], w.active, w.err
		var bare []string
		if open == 0 {
			bare = w.bare(kind)
		}
		w.mu.Unlock()
		if err != nil {
			return false, err
		}
		if open == 0 {
			quiet := calm.all
			if len(bare) > 0 {
				quiet = calm.merged
			}
			left := quiet - time.Since(active)
			if left <= 0 && !slices.ContainsFunc(bare, calm.asked) {
				return true, nil
			}
			still.Reset(max(left, quiet/10))
		}
		select {
		case <-w.moved:
		case <-still.C:
		case <-late.C:
			return false, nil
		case <-gone:
			return false, errGone
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// bare are the numbers of a kind that have no answer of their own and may get one.
func (w *watch) bare(kind byte) (numbers []string) {
	for _, e := range w.entries {
		if e.kind == kind && e.final.IsZero() && !e.away {
			numbers = append(numbers, e.number)
		}
	}
	return numbers
}
