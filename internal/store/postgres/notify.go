package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/turn"
)

const (
	// What replicas listen on: new work, the lanes that a person stopped, and notes
	// for turns that run.
	workChannel = "holdfast_work"
	stopChannel = "holdfast_stop"
	noteChannel = "holdfast_note"
	// gather is the least time between two notifications of one replica. A
	// NOTIFY inside each append would make all commits wait for one another.
	gather = 10 * time.Millisecond
)

// notifier tells other replicas, at most every 10 ms, that there is work, and what
// is new for turns that run.
type notifier struct {
	pool  *pgxpool.Pool
	log   *slog.Logger
	due   chan struct{}
	mu    sync.Mutex
	notes []string // JSON
	stop  chan struct{}
	ended chan struct{}
}

func newNotifier(pool *pgxpool.Pool, log *slog.Logger) *notifier {
	n := &notifier{pool: pool, log: log, due: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
	go n.run()
	return n
}

// work never blocks.
func (n *notifier) work() {
	select {
	case n.due <- struct{}{}:
	default:
	}
}

// note never blocks. A turn that does not hear of it reads it at its next step.
func (n *notifier) note(t turn.Note) {
	raw, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprintf("encode a note: %v", err))
	}
	n.mu.Lock()
	n.notes = append(n.notes, string(raw))
	n.mu.Unlock()
	n.work()
}

func (n *notifier) take() (notes []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	notes, n.notes = n.notes, nil
	return notes
}

// stops tells at once. What it cannot tell, the owners' heartbeats find.
func (n *notifier) stops(ctx context.Context, lanes []string) {
	for _, lane := range lanes {
		if _, err := n.pool.Exec(ctx, "SELECT pg_notify($1, $2)", stopChannel, lane); err != nil {
			n.log.Debug("other replicas were not told of a stop; they look by themselves", "err", err)
			return
		}
	}
}

func (n *notifier) run() {
	defer close(n.ended)
	for {
		select {
		case <-n.stop:
			return
		case <-n.due:
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if _, err := n.pool.Exec(ctx, "SELECT pg_notify($1, '')", workChannel); err != nil {
			n.log.Debug("other replicas were not told of work; they look by themselves", "err", err)
		}
		if notes := n.take(); len(notes) > 0 {
			if _, err := n.pool.Exec(ctx, "SELECT pg_notify($1, note) FROM unnest($2::text[]) note", noteChannel, notes); err != nil {
				n.log.Debug("other replicas were not told what is new for their turns", "err", err)
			}
		}
		cancel()
		select {
		case <-n.stop:
			return
		case <-time.After(gather):
		}
	}
}

func (n *notifier) close() {
	close(n.stop)
	<-n.ended
}

// Heard is what [DB.Listen] calls. None of them may block.
type Heard struct {
	Wake func()            // a replica got work
	Stop func(lane string) // a person stopped the lane's turn
	Note func(turn.Note)   // what is new for a turn that may run here
}

// Listen calls what h says when replicas, this one too, tell of something, until
// ctx ends. It connects again when the connection is lost, and calls Wake then too.
func (db *DB) Listen(ctx context.Context, h Heard) {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil && !db.over() {
		began := time.Now()
		err := db.listen(ctx, h)
		if ctx.Err() != nil || db.over() {
			return
		}
		if time.Since(began) > time.Minute {
			pause = 100 * time.Millisecond
		}
		db.log.Debug("not listening for work; looking for it every second", "err", err)
		select {
		case <-ctx.Done():
		case <-db.ended:
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (db *DB) listen(ctx context.Context, h Heard) error {
	// Its own connection: one of the pool's would be missing there.
	pooled, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	c := pooled.Hijack()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.Close(end) // nothing is under way on it
	}()
	if _, err := c.Exec(ctx, "LISTEN "+workChannel+"; LISTEN "+stopChannel+"; LISTEN "+noteChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	h.Wake() // for what came before
	for {
		n, err := c.WaitForNotification(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("wait for notifications: %w", err)
		case n.Channel == stopChannel:
			h.Stop(n.Payload)
		case n.Channel == noteChannel:
			var note turn.Note
			if json.Unmarshal([]byte(n.Payload), &note) == nil { // else it is a newer version's
				h.Note(note)
			}
		default:
			h.Wake()
		}
	}
}
