package holdfast_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/lane"
	metrics "holdfast/internal/metric"
	"holdfast/internal/outbox"
	"holdfast/internal/process"
	"holdfast/internal/slack/surface"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

// BenchmarkTurns is the throughput of the real engine: every message stored,
// claimed, run, journalled, written through the outbox and finished, with the
// order in each lane checked. Slack and the model alone are out of the picture:
// they answer at once.
//
// It runs as the parts are by themselves, and watched by the metrics.
func BenchmarkTurns(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkTurns(b, nil) })
	b.Run("watched", func(b *testing.B) { benchmarkTurns(b, metrics.New("test")) })
}

func benchmarkTurns(b *testing.B, watch *metrics.Set) {
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "x.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})) // nothing is to go wrong
	order := &ordered{b: b, last: map[chat.Conversation]chat.TS{}, running: map[chat.Conversation]int{}, done: make(chan struct{})}
	var (
		entries inbox.Store  = db
		turns   turn.Store   = db
		model   turn.Model   = instant{}
		writes  outbox.Store = db.Outbox()
		leases  lane.Store   = db
	)
	if watch != nil {
		entries, turns, model, writes, leases = watch.Inbox(db), watch.Turns(db), watch.Model(model), watch.Outbox(writes), watch.Leases(db)
	}
	surfaces := surface.New(order, outbox.New(writes, nil), surface.Options{Logger: log, Team: "T"})
	runner := turn.NewRunner(turns, order, model, surfaces, turn.Options{Logger: log})
	var handler lane.Handler = runner
	if watch != nil {
		handler = watch.Lanes(handler)
	}
	d := lane.New(leases, handler, lane.Options{Logger: log, NewID: uuid.NewString})

	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	before, _ := process.Self()
	b.ResetTimer()
	go func() { ended <- d.Run(ctx) }()
	const producers, threads = 64, 1000
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := range b.N {
				// A lane's messages come from one producer, so that "one turn each"
				// has an order to check.
				if i%threads%producers != p {
					continue
				}
				c := chat.Conversation{Team: "T", Channel: "D1", Root: chat.TS(fmt.Sprintf("%d.000000", i%threads+1))}
				m := chat.Message{Conversation: c, TS: chat.TS(fmt.Sprintf("%d.000000", 1_000_000+i)), User: "U1", Text: "hello"}
				e := inbox.Entry{Key: "m/" + string(m.TS), Kind: inbox.Message, Lane: c, Message: m, Payload: payload, At: time.Now()}
				if _, err := entries.Append(ctx, e); err != nil {
					b.Error(err)
					return
				}
				d.Wake()
			}
		})
	}
	wg.Wait()
	<-order.done
	b.StopTimer()
	if after, ok := process.Self(); ok { // comparable on a machine that does other things too
		b.ReportMetric(float64((after-before).Microseconds())/float64(b.N), "cpu-µs/op")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(order.turns)/b.Elapsed().Seconds(), "turns/s")
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

// payload is as long as an event of Slack's.
var payload = []byte(fmt.Sprintf(`{"event":{"type":"message","text":%q}}`, make([]byte, 220)))

type instant struct{}

func (instant) Respond(context.Context, turn.Request, turn.Cursor) iter.Seq2[turn.Event, error] {
	return func(yield func(turn.Event, error) bool) {
		_ = yield(turn.Event{Kind: turn.Started, ResponseID: "r", Sequence: 1}, nil) &&
			yield(turn.Event{Kind: turn.Done, Done: &turn.Final{Complete: true, Text: "An answer of a few words."}}, nil)
	}
}

// ordered stands for the outside: it briefs at once, and is a Slack that takes
// everything. It checks the order of what it is given.
type ordered struct {
	b       *testing.B
	mu      sync.Mutex
	last    map[chat.Conversation]chat.TS
	running map[chat.Conversation]int // messages of the turn that runs
	posts   int64
	turns   int
	seen    int
	done    chan struct{}
}

func (o *ordered) Brief(_ context.Context, t *turn.Turn) (turn.Brief, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running[t.Conversation] > 0 {
		o.b.Errorf("two turns at once in %v", t.Conversation)
	}
	for _, m := range t.Messages {
		if m.TS.Compare(o.last[t.Conversation]) <= 0 {
			o.b.Errorf("%v: %s after %s", t.Conversation, m.TS, o.last[t.Conversation])
		}
		o.last[t.Conversation] = m.TS
	}
	o.running[t.Conversation] = len(t.Messages)
	return turn.Brief{Request: turn.Request{Model: "m", Input: []turn.Input{{Role: turn.User, Text: t.Last().Text}}}}, nil
}

// Session says "active" as the last thing that a turn tells Slack.
func (o *ordered) Session(_ context.Context, c chat.Conversation, status, _, _ string) error {
	if status != "active" {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.turns++
	o.seen += o.running[c]
	o.running[c] = 0
	if o.seen == o.b.N {
		close(o.done)
	}
	return nil
}

func (o *ordered) Post(context.Context, surface.Post) (chat.TS, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posts++
	return chat.TS(fmt.Sprintf("%d.000000", 9_000_000+o.posts)), nil
}

func (o *ordered) Start(context.Context, surface.Stream) (chat.TS, error) {
	return "", surface.ErrBusy
}
func (o *ordered) Append(context.Context, string, chat.TS, surface.Chunk, bool) error { return nil }
func (o *ordered) Stop(context.Context, surface.Stop) error                           { return nil }
func (o *ordered) Update(context.Context, chat.TS, surface.Post) error                { return nil }
func (o *ordered) Delete(context.Context, string, chat.TS) error                      { return nil }
func (o *ordered) Upload(context.Context, string, string) (string, error)             { return "F1", nil }
func (o *ordered) Share(context.Context, chat.Conversation, string, string) error     { return nil }
func (o *ordered) Shared(context.Context, string) (bool, error)                       { return true, nil }
func (o *ordered) Whisper(context.Context, chat.Conversation, string, string) error   { return nil }
func (o *ordered) Phrase(context.Context, chat.Conversation, string, []string) error  { return nil }
func (o *ordered) React(context.Context, string, chat.TS, string, bool) error         { return nil }
func (o *ordered) Tick(context.Context, string, string) error                         { return nil }
func (o *ordered) Own(context.Context, chat.Conversation, time.Time) ([]surface.Posted, error) {
	return nil, nil
}
