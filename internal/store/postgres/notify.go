package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// What replicas listen on: new work, and the lanes that a person stopped.
	workChannel = "holdfast_work"
	stopChannel = "holdfast_stop"
	// gather is the least time between two notifications of one replica. A
	// NOTIFY inside each append would make all commits wait for one another.
	gather = 10 * time.Millisecond
)

// notifier tells other replicas, at most every 10 ms, that there is work.
type notifier struct {
	pool  *pgxpool.Pool
	log   *slog.Logger
	due   chan struct{}
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

// Listen calls wake when a replica got work, and stop for each lane that a
// person stopped, until ctx ends. It connects again when the connection is
// lost, and calls wake then too. Neither may block.
func (db *DB) Listen(ctx context.Context, wake func(), stop func(lane string)) {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil && !db.over() {
		began := time.Now()
		err := db.listen(ctx, wake, stop)
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

func (db *DB) listen(ctx context.Context, wake func(), stop func(lane string)) error {
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
	if _, err := c.Exec(ctx, "LISTEN "+workChannel+"; LISTEN "+stopChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	wake() // for what came before
	for {
		n, err := c.WaitForNotification(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("wait for notifications: %w", err)
		case n.Channel == stopChannel:
			stop(n.Payload)
		default:
			wake()
		}
	}
}
