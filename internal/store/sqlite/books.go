package sqlite

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// Books reads what became of messages from a database that another process
// serves, or that nobody does. It changes nothing, and holds nothing up. It is
// safe for concurrent use.
type Books struct {
	mu sync.Mutex
	c  *conn
}

// Booked is a message that was taken in for the assistant, or a click on the
// Retry button of one that had failed.
type Booked struct {
	Entry    int64 // numbers what was taken in
	Channel  string
	TS       chat.TS
	Retry    bool
	Received time.Time
	Turn     string     // empty: no turn has begun, or none was needed
	State    turn.State // its outcome, else the state of its turn, else empty: it waits
	Reason   string
	Ended    time.Time // zero: it has no outcome
	Attempts int       // runs of its turn
	Answer   chat.TS   // the message with its answer
}

// OpenBooks opens the database at path to read it. The error is fs.ErrNotExist if
// there is none yet.
func OpenBooks(path string) (*Books, error) {
	if _, err := os.Stat(path); err != nil { // SQLite would make one
		return nil, fmt.Errorf("open the books: %w", err)
	}
	c, err := open(path, "busy_timeout = 2000", "query_only = ON")
	if err != nil {
		return nil, err
	}
	return &Books{c: c}, nil
}

// Close closes the database.
func (b *Books) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.c.close()
}

// Since lists what was taken in after an entry, in that order. A database that
// has no tables yet holds nothing.
func (b *Books) Since(ctx context.Context, entry int64) (list []Booked, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ready, err := b.c.one(func(row) {}, "SELECT 1 FROM sqlite_master WHERE name = 'outcomes'")
	if err != nil || !ready {
		return nil, explain(err)
	}
	err = b.c.query(func(r row) error {
		x := Booked{
			Entry: r.int(0), Channel: r.text(1), TS: r.ts(2), Retry: r.text(3) == "retry", Received: moment(r.int(4)),
			Turn: r.text(5), State: turn.State(r.text(6)), Reason: r.text(7), Ended: moment(r.int(8)), Attempts: int(r.int(9)), Answer: r.ts(10),
		}
		list = append(list, x)
		return nil
	}, `SELECT i.id, i.channel, i.ts, i.kind, i.received, t.id, COALESCE(o.outcome, t.state, ''), COALESCE(o.reason, ''), o.at, t.attempt, t.answer_ts
		FROM inbox i LEFT JOIN outcomes o ON o.entry = i.id LEFT JOIN turns t ON t.id = COALESCE(o.turn, i.turn)
		WHERE i.id > ? AND i.lane IS NOT NULL AND i.kind IN ('message', 'retry') ORDER BY i.id`, entry)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", explain(err))
	}
	return list, nil
}

// Reserve keeps path and what lies beside it for this process, with the lock that
// Open takes: ErrInUse if another has it.
func Reserve(path string) (release func() error, err error) {
	f, err := lock(path)
	if err != nil {
		return nil, err
	}
	return f.Close, nil
}
