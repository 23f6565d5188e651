package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned by every call after Close.
var ErrClosed = errors.New("sqlite: the store is closed")

const (
	batchMax = 256              // requests in one transaction
	busyMax  = 60 * time.Second // how long another program may hold the write lock
)

// writer runs requests, many in one transaction, on one connection and one
// goroutine: a commit waits for the disk, so it is shared.
type writer struct {
	c     *conn
	log   *slog.Logger
	queue chan *request
	ended chan struct{}
	after func(requests int) // called after each commit

	mu     sync.RWMutex // guards closed and the closing of queue
	closed bool
}

type request struct {
	do    func(*conn) error
	phase atomic.Int32
	err   error // valid when done is closed
	done  chan struct{}
}

const (
	queued int32 = iota
	begun
	abandoned
)

func newWriter(c *conn, log *slog.Logger, after func(int)) *writer {
	w := &writer{c: c, log: log, after: after, queue: make(chan *request, batchMax), ended: make(chan struct{})}
	go w.run()
	return w
}

// write runs do in a transaction and returns after its commit. On an error
// nothing of do is stored. If ctx ends before do began, do never runs; once it
// began, write waits for its end, so that the answer is true.
func (w *writer) write(ctx context.Context, do func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{do: do, done: make(chan struct{})}
	if err := w.enqueue(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.phase.CompareAndSwap(queued, abandoned) {
			return ctx.Err()
		}
		<-r.done
	}
	return r.err
}

func (w *writer) enqueue(ctx context.Context, r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close lets what is queued be done and waits for it.
func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	batch := make([]*request, 0, batchMax)
	for r := range w.queue {
		batch = append(batch[:0], r)
	fill:
		for len(batch) < batchMax {
			select {
			case r, ok := <-w.queue:
				if !ok {
					break fill
				}
				batch = append(batch, r)
			default:
				break fill
			}
		}
		w.serve(batch)
		w.after(len(batch))
		clear(batch)
	}
}

// serve runs a batch in one transaction and answers it.
func (w *writer) serve(batch []*request) {
	err := w.begin()
	live := batch[:0]
	for _, r := range batch {
		if r.phase.CompareAndSwap(queued, begun) {
			live = append(live, r)
		}
	}
	if err == nil {
		err = w.transact(live)
	}
	for _, r := range live {
		if err != nil {
			r.err = err
		}
		close(r.done)
	}
}

// transact runs the requests inside the transaction that has begun, and ends
// it. An error is everybody's.
func (w *writer) transact(batch []*request) error {
	if len(batch) == 1 { // needs no savepoint
		if batch[0].err = batch[0].do(w.c); batch[0].err != nil {
			batch[0].err = explain(batch[0].err)
			return w.rollback(batch[0].err)
		}
		return w.commit()
	}
	for _, r := range batch {
		if _, err := w.c.exec("SAVEPOINT request"); err != nil {
			return w.rollback(fmt.Errorf("begin request: %w", explain(err)))
		}
		if r.err = r.do(w.c); r.err != nil {
			r.err = explain(r.err)
			// Some errors (a full disk, for one) make SQLite roll the whole
			// transaction back. Then there is no savepoint left, and nobody's
			// work is stored.
			if _, err := w.c.exec("ROLLBACK TO request"); err != nil {
				return w.rollback(fmt.Errorf("transaction lost: %w", r.err))
			}
		}
		if _, err := w.c.exec("RELEASE request"); err != nil {
			return w.rollback(fmt.Errorf("end request: %w", explain(err)))
		}
	}
	return w.commit()
}

// begin takes the write lock. The connection itself waits for another
// program's lock a while (busy_timeout); requests can be abandoned meanwhile.
func (w *writer) begin() error {
	err := w.retry("BEGIN IMMEDIATE")
	if err != nil {
		return fmt.Errorf("begin transaction: %w", explain(err))
	}
	return nil
}

func (w *writer) commit() error {
	if err := w.retry("COMMIT"); err != nil {
		return w.rollback(fmt.Errorf("commit: %w", explain(err)))
	}
	return nil
}

func (w *writer) retry(sql string) error {
	start := time.Now()
	for {
		_, err := w.c.exec(sql)
		if !busy(err) || time.Since(start) > busyMax {
			return err
		}
		w.log.Warn("another program holds the database's lock; trying again",
			"statement", sql, "waited", time.Since(start).Round(time.Millisecond))
	}
}

// rollback ends the transaction, if SQLite has not done so itself.
func (w *writer) rollback(cause error) error {
	if _, err := w.c.exec("ROLLBACK"); err != nil {
		w.log.Debug("no transaction to roll back", "error", err, "cause", cause)
	}
	return cause
}
