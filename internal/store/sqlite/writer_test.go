package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// occupied keeps the writer busy until release is called, so that what is
// queued meanwhile becomes one batch.
func occupied(t *testing.T, db *DB) (release func()) {
	t.Helper()
	began, end, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.write(context.Background(), "occupy", func(*conn) error { close(began); <-end; return nil })
	}()
	<-began
	return func() { close(end); must(t, <-done) }
}

// batch runs requests in one transaction and returns their errors.
func batch(t *testing.T, db *DB, do ...func(*conn) error) []error {
	t.Helper()
	release := occupied(t, db)
	errs := make([]error, len(do))
	var all sync.WaitGroup
	for i, f := range do {
		queued := len(db.writer.queue)
		all.Go(func() { errs[i] = db.write(context.Background(), "request", f) })
		for len(db.writer.queue) == queued { // the order of the requests is the order of do
			runtime.Gosched()
		}
	}
	release()
	all.Wait()
	return errs
}

func insertUser(id string) func(*conn) error {
	return func(c *conn) error {
		_, err := c.exec(`INSERT INTO users (team, id, name, zone, zone_secs, bot, fetched, not_found) VALUES ('T', ?, '', '', 0, 0, 0, 0)`, id)
		return err
	}
}

func wantUsers(t *testing.T, db *DB, want string) {
	t.Helper()
	var ids []string
	must(t, db.read(t.Context(), "test", func(c *conn) error {
		return c.query(func(r row) error { ids = append(ids, r.text(0)); return nil }, "SELECT id FROM users ORDER BY id")
	}))
	if got := strings.Join(ids, " "); got != want {
		t.Fatalf("stored %q, want %q", got, want)
	}
}

func TestFailingRequestFailsAlone(t *testing.T) {
	db := openTest(t, temp(t))
	cause := errors.New("refused")
	errs := batch(t, db,
		insertUser("a"),
		func(c *conn) error { return errors.Join(insertUser("b")(c), cause) },
		insertUser("c"),
		insertUser("a"), // the database refuses
		insertUser("d"))
	for i, want := range []bool{true, false, true, false, true} {
		if (errs[i] == nil) != want {
			t.Errorf("request %d: %v", i, errs[i])
		}
	}
	if !errors.Is(errs[1], cause) {
		t.Errorf("got %v", errs[1])
	}
	wantUsers(t, db, "a c d")

	// The same for one that is alone in its transaction.
	err := db.write(t.Context(), "test", func(c *conn) error { return errors.Join(insertUser("e")(c), cause) })
	if !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	wantUsers(t, db, "a c d")
}

func TestFailingCommitFailsAll(t *testing.T) {
	db := openTest(t, temp(t))
	errs := batch(t, db,
		insertUser("a"),
		func(c *conn) error {
			if err := c.script("PRAGMA defer_foreign_keys = ON"); err != nil {
				return err
			}
			_, err := c.exec("INSERT INTO outcomes (entry, outcome, reason, at) VALUES (99, 'failed', '', 0)")
			return err
		},
		insertUser("b"))
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "commit") {
			t.Errorf("request %d: got %v, want the commit's error", i, err)
		}
	}
	wantUsers(t, db, "")
	must(t, db.write(t.Context(), "test", insertUser("c")))
	wantUsers(t, db, "c")
}

// SQLite rolls back a whole transaction on some errors; here a request does.
func TestLostTransactionFailsAll(t *testing.T) {
	db := openTest(t, temp(t))
	cause := errors.New("lost")
	errs := batch(t, db,
		insertUser("a"),
		func(c *conn) error { return errors.Join(c.script("ROLLBACK"), cause) },
		insertUser("b"))
	for i, err := range errs {
		if !errors.Is(err, cause) {
			t.Errorf("request %d: got %v, want %v", i, err, cause)
		}
	}
	wantUsers(t, db, "")
	must(t, db.write(t.Context(), "test", insertUser("c")))
	wantUsers(t, db, "c")
}

func TestRequestThatWasGivenUpDoesNotRun(t *testing.T) {
	db := openTest(t, temp(t))
	release := occupied(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- db.write(ctx, "test", insertUser("a")) }()
	for len(db.writer.queue) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) { // while the writer is busy
		t.Fatalf("got %v", err)
	}
	release()
	must(t, db.write(t.Context(), "test", insertUser("b")))
	wantUsers(t, db, "b")
}

func TestRequestThatBeganIsWaitedFor(t *testing.T) {
	db := openTest(t, temp(t))
	ctx, cancel := context.WithCancel(t.Context())
	must(t, db.write(ctx, "test", func(c *conn) error { cancel(); return insertUser("a")(c) }))
	wantUsers(t, db, "a")
}

func TestFullQueueAndGivingUp(t *testing.T) {
	db := openTest(t, temp(t))
	release := occupied(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 * batchMax { // half of them cannot even be queued
		all.Go(func() {
			if err := db.write(ctx, "test", insertUser("a")); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
	for len(db.writer.queue) < batchMax {
		runtime.Gosched()
	}
	cancel()
	all.Wait()
	release()
	wantUsers(t, db, "")
}

// signal is a writer that tells that something was written.
type signal chan struct{}

func (s signal) Write(p []byte) (int, error) {
	select {
	case s <- struct{}{}:
	default:
	}
	return len(p), nil
}

func TestAnotherProgramHoldsTheLock(t *testing.T) {
	path := temp(t)
	waiting := make(signal, 1)
	db, err := Open(t.Context(), path, Options{Logger: slog.New(slog.NewTextHandler(waiting, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	must(t, err)
	must(t, db.write(t.Context(), "test", func(c *conn) error { return c.script("PRAGMA busy_timeout = 1") }))
	other, err := open(path)
	must(t, err)
	must(t, other.script("BEGIN IMMEDIATE"))

	waited, gaveUp := make(chan error), make(chan error)
	go func() { waited <- db.write(t.Context(), "test", insertUser("b")) }()
	<-waiting // the writer has been refused the lock, and tries again
	ctx, cancel := context.WithCancel(t.Context())
	go func() { gaveUp <- db.write(ctx, "test", insertUser("a")) }()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	must(t, other.script("COMMIT"))
	must(t, <-waited)
	wantUsers(t, db, "b")
	must(t, other.close())
	must(t, db.Close())
}

func TestFullDisk(t *testing.T) {
	db := openTest(t, temp(t))
	limit := func(pages string) {
		must(t, db.write(t.Context(), "test", func(c *conn) error { return c.script("PRAGMA max_page_count = " + pages) }))
	}
	limit("1") // as many as there are
	stored := 0
	var full error
	for n := 0; full == nil && n < 1000; n++ {
		if _, full = db.Append(t.Context(), entry(1, n)); full == nil {
			stored++
		}
	}
	if !errors.Is(full, ErrFull) {
		t.Fatalf("got %v, want ErrFull", full)
	}
	var all sync.WaitGroup
	for n := range 64 { // as batches too
		all.Go(func() {
			if _, err := db.Append(t.Context(), entry(1, 5000+n)); err != nil && !errors.Is(err, ErrFull) {
				t.Errorf("got %v, want ErrFull", err)
			}
		})
	}
	all.Wait()
	if _, err := db.History(t.Context(), entry(1, 0).Lane); err != nil {
		t.Errorf("read: %v", err)
	}
	must(t, db.Check(t.Context()))
	limit("1000000")
	work, err := db.Append(t.Context(), entry(1, stored))
	if err != nil || !work {
		t.Fatalf("append when there is space again: work %v, error %v", work, err)
	}
	must(t, db.Check(t.Context()))
}

func TestReadOnly(t *testing.T) {
	db := openTest(t, temp(t))
	must(t, db.writer.c.script("PRAGMA query_only = ON")) // the writer is idle
	if _, err := db.Append(t.Context(), entry(1, 1)); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("got %v, want ErrReadOnly", err)
	}
	must(t, db.writer.c.script("PRAGMA query_only = OFF"))
	if work, err := db.Append(t.Context(), entry(1, 1)); err != nil || !work {
		t.Fatalf("work %v, error %v", work, err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := openTest(t, temp(t))
	if err := db.read(t.Context(), "test", insertUser("a")); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("got %v, want ErrReadOnly", err)
	}
}
