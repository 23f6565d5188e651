package surface

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/slack/render"
	"holdfast/internal/turn"
)

// ErrBusy is returned by Slack.Start when no stream can be had now.
var ErrBusy = errors.New("surface: no stream to be had now")

// Options tune surfaces. Zero values mean the defaults.
type Options struct {
	Logger *slog.Logger
	Team   string
	Native bool          // use native streams
	Tick   time.Duration // between two writes of the growing text; 700 ms
	Life   time.Duration // of a stream; 240 s, as Slack ends it at about 300
	Sign   time.Duration // without any visible change until a status line says that we are alive; 12 s
	Chars  int           // of Markdown in one message; 9,000, as Slack ends a stream at about 12,000
	// Phrases are shown in turn while there is nothing else to say; at most 10.
	Phrases []string
	// Fell is told why a message could not begin as a native stream, or goes on
	// without one: "no_slot", "old", "resumed", "lost", or Slack's code. nil: nobody.
	Fell func(reason string)
}

// Surfaces opens surfaces.
type Surfaces struct {
	slack  Slack
	outbox *outbox.Outbox
	o      Options

	// What this workspace turned out not to have. It is asked once a process.
	noStreams, noSessions, noPhrases, noFiles atomic.Bool
}

// New makes Surfaces.
func New(s Slack, out *outbox.Outbox, o Options) *Surfaces {
	if o.Tick <= 0 {
		o.Tick = 700 * time.Millisecond
	}
	if o.Life <= 0 {
		o.Life = 240 * time.Second
	}
	if o.Sign <= 0 {
		o.Sign = 12 * time.Second
	}
	if o.Chars <= 0 {
		o.Chars = 9000
	}
	if o.Fell == nil {
		o.Fell = func(string) {}
	}
	all := &Surfaces{slack: s, outbox: out, o: o}
	all.noStreams.Store(!o.Native)
	return all
}

// surface is one turn's place in Slack.
type surface struct {
	*Surfaces
	fence turn.Fence
	turn  *turn.Turn
	live  turn.Live
	begun time.Time

	ctx     context.Context // of the lane: calls in flight live as long as it does
	ticking context.Context // ends when live writing ends; waiting does, calls in flight do not
	leave   context.CancelFunc
	working sync.WaitGroup // the goroutine, while there is one
	timer   *time.Timer    // pokes

	mu        sync.Mutex
	closed    bool
	busy      bool // there is a goroutine
	again     bool // it was poked meanwhile
	phrase    string
	fresh     bool // there is text that was not looked at
	steps     steps
	notBefore time.Time // of the next tick

	// Of the goroutine, and of Finish once it has ended.
	parts    []*part
	people   []string // who may be mentioned
	sign     sign
	lastSeen time.Time   // of the last visible change
	plain    bool        // Slack refused our blocks: text alone, in smaller parts
	ending   turn.Ending // what stands under the last part
	cut      bool        // a Finish ended before all was written
	written  string      // the text that the parts were made from, so far
}

// part is one Slack message of the surface.
type part struct {
	n         int // from 1
	ts        chat.TS
	at        render.Cursor // where in the answer it begins
	shown     int           // bytes of the part that the stream has
	streaming bool          // an open stream; else a message that is edited
	begun     time.Time     // of the stream
	recovered bool          // an earlier attempt wrote it: its text is replaced, not continued
	full      bool          // it takes no more
	next      render.Cursor // where the next part begins, if full
	last      string        // what an edited message shows
}

// Open finds the surface of the turn, or prepares a new one.
func (all *Surfaces) Open(ctx context.Context, f turn.Fence, t *turn.Turn, live turn.Live) (turn.Surface, error) {
	s := &surface{
		Surfaces: all, fence: f, turn: t, live: live, begun: time.Now(),
		ctx: ctx, lastSeen: time.Now(),
	}
	for _, m := range t.Messages {
		s.people = append(s.people, m.User)
	}
	if t.Resumed || t.Retried != "" {
		if err := s.found(ctx); err != nil {
			return nil, err
		}
	}
	s.ticking, s.leave = context.WithCancel(ctx)
	s.timer = time.AfterFunc(all.o.Sign, s.poke)
	return s, nil
}

// log is made when it is needed: thousands of turns wait without a word.
func (s *surface) log() *slog.Logger { return s.o.Logger.With("turn", s.turn.ID) }

// found takes up what was shown before, by an earlier attempt or by the turn that
// failed: it is replaced where it stands.
func (s *surface) found(ctx context.Context) error {
	if err := s.recover(ctx, s.turn.ID); err != nil {
		return fmt.Errorf("find what an earlier attempt showed: %w", err)
	}
	if s.turn.Retried == "" || len(s.parts) > 0 {
		return nil
	}
	if err := s.recover(ctx, s.turn.Retried); err != nil {
		return fmt.Errorf("find what the turn that failed showed: %w", err)
	}
	return nil
}

// recover rebuilds the parts from the outbox. A message whose creation was not
// confirmed is looked for in Slack.
func (s *surface) recover(ctx context.Context, of string) error {
	rows, err := s.outbox.Rows(ctx, of)
	if err != nil {
		return err
	}
	for _, r := range rows {
		n, op, ok := readKey(r.Key)
		if !ok {
			continue
		}
		switch op {
		case opSession, opStatus, opReact:
			s.sign.recovered(r)
		case opCreate:
			stream := r.Op == methodStart
			if r, err = s.outbox.Resolve(ctx, s.fence, r, s.find(n)); err != nil {
				return err
			}
			if r.TS != "" { // else it never came to be: nothing to use again
				s.parts = append(s.parts, &part{n: n, ts: r.TS, streaming: stream, begun: r.At, recovered: true})
			}
		case opLive, opFinal:
			// A message that a failed turn before us had made.
			if r.TS != "" && s.part(n) == nil {
				s.parts = append(s.parts, &part{n: n, ts: r.TS, recovered: true})
			}
		case opStop:
			if p := s.part(n); p != nil && r.State == outbox.Confirmed {
				p.streaming = false
			}
		}
	}
	return nil
}

func (s *surface) part(n int) *part {
	for _, p := range s.parts {
		if p.n == n {
			return p
		}
	}
	return nil
}

// find looks for the n-th message in Slack: by our metadata, or as the one
// message of ours in the thread that the outbox does not know and that says of
// itself no other turn. A stream carries no metadata while it is open, and an
// app may not be shown any. Only one turn runs in a lane, so there is no other.
func (s *surface) find(n int) outbox.Find {
	return func(ctx context.Context, sent time.Time) (chat.TS, bool, error) {
		posted, err := s.slack.Own(ctx, s.turn.Conversation, sent.Add(-10*time.Second))
		if err != nil {
			return "", false, err
		}
		for _, m := range posted {
			if m.About == (Metadata{Turn: s.turn.ID, Part: n}) {
				return m.TS, true, nil
			}
		}
		for _, m := range posted {
			if m.About != (Metadata{}) || s.has(m.TS) {
				continue
			}
			made, err := s.outbox.Made(ctx, s.fence.Lane, m.TS)
			if err != nil {
				return "", false, err
			}
			if !made {
				return m.TS, true, nil
			}
		}
		return "", false, nil
	}
}

func (s *surface) has(ts chat.TS) bool {
	for _, p := range s.parts {
		if p.ts == ts {
			return true
		}
	}
	return false
}

// Working shows a sign of life.
func (s *surface) Working(phrase string) {
	s.mu.Lock()
	s.phrase = phrase
	s.mu.Unlock()
	s.poke()
}

// Changed says that there is more text.
func (s *surface) Changed() {
	s.mu.Lock()
	first := !s.fresh
	s.fresh = true
	if early := time.Until(s.notBefore); first && early > 0 && !s.busy && !s.closed {
		s.timer.Reset(early)
		first = false
	}
	s.mu.Unlock()
	if first {
		s.poke()
	}
}

// Close ends live writing. A call to Slack that is under way is not cut off.
func (s *surface) Close() {
	s.mu.Lock()
	s.closed = true
	s.timer.Stop()
	s.mu.Unlock()
	s.leave()
	s.working.Wait()
}

// plainChars is what Slack shows of text without blocks, with room to spare
// (chat.update refuses more than 4,000 characters).
const plainChars = 3000

func (s *surface) limits() render.Limits {
	if s.plain {
		return render.Limits{Chars: plainChars, Mentions: s.people}
	}
	return render.Limits{Chars: s.o.Chars, Mentions: s.people}
}

// The operations of a surface, as they stand in the keys of its outbox rows.
const (
	opCreate  = "create"
	opAgain   = "again" // and "-" and the ts of the deleted message in whose place it is
	opLive    = "live"
	opStop    = "stop"
	opFinal   = "final"
	opFile    = "file"
	opWhisper = "whisper"
	opDrop    = "drop"
	opSession = "session"
	opStatus  = "status"
	opReact   = "react"

	methodStart   = "chat.startStream"
	methodAppend  = "chat.appendStream"
	methodStop    = "chat.stopStream"
	methodPost    = "chat.postMessage"
	methodUpdate  = "chat.update"
	methodDelete  = "chat.delete"
	methodShare   = "files.completeUploadExternal"
	methodWhisper = "chat.postEphemeral"
)

func (s *surface) key(n int, op string) string {
	return s.turn.ID + "/" + strconv.Itoa(n) + "/" + op
}

func readKey(key string) (n int, op string, ok bool) {
	fields := strings.Split(key, "/")
	if len(fields) != 3 {
		return 0, "", false
	}
	n, err := strconv.Atoi(fields[1])
	return n, fields[2], err == nil
}

func (s *surface) write(n int, op, method string, replace bool) outbox.Write {
	body, err := json.Marshal(Metadata{Turn: s.turn.ID, Part: n})
	if err != nil {
		panic(fmt.Sprintf("encode metadata: %v", err))
	}
	return outbox.Write{Turn: s.turn.ID, Key: s.key(n, op), Op: method, Body: body, Replace: replace}
}

// refused is Slack's code, if err is a refusal.
func refused(err error) string {
	if r, ok := errors.AsType[Refusal](err); ok {
		if code, ok := r.Refused(); ok {
			return code
		}
	}
	return ""
}

// reason is the code that Slack gave with err, refusal or not; else what it is called
// without one.
func reason(err error, without string) string {
	if r, ok := errors.AsType[Refusal](err); ok {
		if code, _ := r.Refused(); code != "" {
			return code
		}
	}
	return without
}
