package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrInUse means that another process has the database open.
var ErrInUse = errors.New("sqlite: the database is in use")

// Options may be zero.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
}

// DB is the store in one SQLite file. It implements inbox.Store, lane.Store,
// turn.Store, assistant.Archive and settings.Store, and [DB.Outbox] outbox.Store. It is safe for
// concurrent use.
type DB struct {
	path         string
	log          *slog.Logger
	lock         *os.File
	writer       *writer
	checkpointer *checkpointer
	readers      chan *conn    // the idle ones
	opened       int           // how many readers there are
	ended        chan struct{} // closed by Close
	close        func() error
}

const readerCount = 4

// Open opens the database at path, makes it and its folder if they are
// missing, and brings it to the newest schema. Every replica of an earlier
// process is dead from here on, and its lanes are free. The error is ErrInUse
// while another process has the file open.
func Open(ctx context.Context, path string, o Options) (db *DB, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the database: %w", err)
	}
	if err := refuseNetwork(path); err != nil {
		return nil, err
	}
	db = &DB{path: path, log: o.Logger, readers: make(chan *conn, readerCount), ended: make(chan struct{})}
	db.close = sync.OnceValue(db.shut)
	if db.lock, err = lock(path); err != nil {
		return nil, err
	}
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) start(ctx context.Context) error {
	// SQLite gives the files beside it (-wal, -shm) the same mode.
	f, err := os.OpenFile(db.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make database %s: %w", db.path, err)
	}
	c, err := open(db.path,
		"busy_timeout = 5000",
		"journal_mode = WAL",
		"synchronous = FULL", // an acknowledged envelope outlives a power cut
		"fullfsync = ON",     // the same on macOS
		"checkpoint_fullfsync = ON",
		"foreign_keys = ON",
		"temp_store = MEMORY",
		"cache_size = -32768",
		"wal_autocheckpoint = "+logPages,
		"journal_size_limit = 67108864",
	)
	if err != nil {
		return err
	}
	if err := prepareFile(ctx, c, db.path, db.log); err != nil {
		return errors.Join(err, c.close())
	}
	cp, err := open(db.path, "busy_timeout = 5000", "synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON")
	if err != nil {
		return errors.Join(err, c.close())
	}
	db.checkpointer = newCheckpointer(cp, db.log)
	db.writer = newWriter(c, db.log, db.checkpointer.committed)
	for range readerCount {
		r, err := open(db.path, "busy_timeout = 5000", "query_only = ON", "cache_size = -8192")
		if err != nil {
			return err
		}
		db.readers <- r
		db.opened++
	}
	return db.write(ctx, "free lanes of the last run", func(c *conn) error { return takeOver(c, now()) })
}

func prepareFile(ctx context.Context, c *conn, path string, log *slog.Logger) error {
	var mode string
	if _, err := c.one(func(r row) { mode = r.text(0) }, "PRAGMA journal_mode"); err != nil {
		return fmt.Errorf("read database %s: %w", path, explain(err))
	}
	if mode != "wal" {
		return fmt.Errorf("database %s: write-ahead log is not possible here (mode %q); put the file on a local disk", path, mode)
	}
	return migrate(ctx, c, path, migrations, log)
}

// Close waits for writes that were begun or queued and for reads, and closes
// the file. Calls that come later return ErrClosed.
func (db *DB) Close() error { return db.close() }

func (db *DB) shut() error {
	close(db.ended)
	var errs []error
	for range db.opened {
		c := <-db.readers
		errs = append(errs, c.close())
	}
	if db.writer != nil {
		db.writer.close()
		errs = append(errs, db.checkpointer.close(), db.writer.c.close())
	}
	return errors.Join(append(errs, db.lock.Close())...)
}

// write runs do on the writer; what names it in the error.
func (db *DB) write(ctx context.Context, what string, do func(*conn) error) error {
	if err := db.writer.write(ctx, do); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// read runs do on a reader, on one snapshot.
func (db *DB) read(ctx context.Context, what string, do func(*conn) error) error {
	err := ErrClosed
	select {
	case <-db.ended: // also when a reader is idle
	default:
		select {
		case <-db.ended:
		case <-ctx.Done():
			err = ctx.Err()
		case c := <-db.readers:
			err = explain(c.snapshot(do))
			db.readers <- c
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func inUse(path, pid string) error {
	by := "another process"
	if pid != "" {
		by = "process " + pid
	}
	return fmt.Errorf("%w: %s has %s open; stop it, or use another file", ErrInUse, by, path)
}

func now() int64 { return time.Now().UnixMilli() }

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
