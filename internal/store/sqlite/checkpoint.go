package sqlite

import (
	"log/slog"
	"sync/atomic"
)

const (
	// checkpointEvery is after how many requests the log is copied into the
	// database, beside the writer. It is some megabytes.
	checkpointEvery = 1000
	// logPages is how long the log may grow, in pages of 4 KiB, before the
	// writer itself copies what is left and starts the log anew. Only the writer
	// can do that while writes go on.
	logPages = "16384"
)

// checkpointer copies the write-ahead log into the database from a connection
// of its own, so that no commit waits for it.
type checkpointer struct {
	c     *conn
	log   *slog.Logger
	count atomic.Int64
	due   chan struct{}
	ended chan struct{}
}

func newCheckpointer(c *conn, log *slog.Logger) *checkpointer {
	cp := &checkpointer{c: c, log: log, due: make(chan struct{}, 1), ended: make(chan struct{})}
	go cp.run()
	return cp
}

// committed is told how many requests a commit had.
func (cp *checkpointer) committed(requests int) {
	if cp.count.Add(int64(requests)) < checkpointEvery {
		return
	}
	select {
	case cp.due <- struct{}{}:
		cp.count.Store(0)
	default: // it is at it
	}
}

func (cp *checkpointer) run() {
	defer close(cp.ended)
	for range cp.due {
		// Passive: waits for nobody, and copies what no reader needs.
		if _, err := cp.c.exec("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			cp.log.Warn("checkpoint failed; the write-ahead log grows until one succeeds", "error", explain(err))
		}
	}
}

// close must come after the writer's.
func (cp *checkpointer) close() error {
	close(cp.due)
	<-cp.ended
	return cp.c.close()
}
