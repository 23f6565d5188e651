package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/store/storetest"
	"holdfast/internal/turn"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		if err := appendForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func openTest(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func temp(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// entry is the n-th message of a lane, with a payload of the usual size.
func entry(lane, n int) inbox.Entry {
	c := chat.Conversation{Team: "T0001", Channel: fmt.Sprintf("D%07d", lane), Root: "1700000000.000001"}
	ts := chat.TS(fmt.Sprintf("1700000001.%06d", n))
	return inbox.Entry{
		Key: c.Team + "/" + c.Channel + "/" + string(ts), Kind: inbox.Message, Rank: 2, Lane: c, Payload: payload, At: time.Now(),
		Message: chat.Message{Conversation: c, TS: ts, User: "U0001", Text: fmt.Sprint(n)},
	}
}

var payload = []byte(strings.Repeat(`{"type":"message"}`, 50)) // 900 bytes

func TestStore(t *testing.T) {
	var used []*conn
	storetest.Run(t, func(t *testing.T) storetest.Store {
		db := openTest(t, temp(t))
		used = append(used, db.writer.c)
		for range readerCount {
			c := <-db.readers
			used = append(used, c)
			db.readers <- c
		}
		return db
	})
	statements := map[string]bool{}
	for _, c := range used {
		for s := range c.stmts {
			statements[s] = true
		}
	}
	t.Run("NoStatementScansATable", func(t *testing.T) { wantIndexes(t, statements) })
}

// wantIndexes fails if a statement of everyday work reads a whole table: no
// other test would see it, and a store of a million messages would stand still.
func wantIndexes(t *testing.T, statements map[string]bool) {
	delete(statements, "UPDATE lanes SET run_at = ? WHERE run_at > ?") // once, at start
	delete(statements, countWaiting)                                   // reads the index of open messages, which is what it counts
	for _, i := range invariants {
		delete(statements, i.query)
	}
	c := openTest(t, temp(t)).writer.c // nothing else uses it
	explained := 0
	for s := range statements {
		if verb, _, _ := strings.Cut(s, " "); !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) || strings.Contains(s, "sqlite_schema") || strings.Contains(s, "migrations") {
			continue
		}
		explained++
		must(t, c.query(func(r row) error {
			plan := r.text(3)
			// The index of signs has those alone that are there now.
			scan := strings.HasPrefix(plan, "SCAN ") && plan != "SCAN replicas" && !strings.HasSuffix(plan, "INDEX outbox_signs")
			sort := strings.Contains(plan, "TEMP B-TREE") && !strings.Contains(s, "turn = ?") // a turn has 100 messages at most
			if scan || sort {
				t.Errorf("%s\n\t%s", s, plan)
			}
			return nil
		}, "EXPLAIN QUERY PLAN "+s, make([]any, strings.Count(s, "?"))...))
	}
	if explained < 30 {
		t.Errorf("explained %d statements only", explained)
	}
}

func TestOpenMakesFolderAndFilePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "a ?b%20c#d.db")
	db := openTest(t, path)
	if _, err := db.Append(t.Context(), entry(1, 1)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600,
	} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
}

func TestOneProcessPerFile(t *testing.T) {
	path := temp(t)
	first := openTest(t, path)
	_, err := Open(t.Context(), path, Options{})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("second open: %v, want ErrInUse with the path and the process", err)
	}
	if _, err := first.Append(t.Context(), entry(1, 1)); err != nil {
		t.Fatal(err)
	}
	must(t, first.Close())
	second := openTest(t, path)
	if work, err := second.Append(t.Context(), entry(1, 1)); work || err != nil {
		t.Fatalf("append of what the first stored: %v, %v", work, err)
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	path := temp(t)
	must(t, os.WriteFile(path, []byte(strings.Repeat("this is a letter to a friend. ", 100)), 0o600))
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Fatalf("got %v, want an error that names the file", err)
	}
	if _, err := Open(t.Context(), t.TempDir(), Options{}); err == nil {
		t.Fatal("opened a folder")
	}

}

func TestLanesOfTheLastProcessAreFreeAtOnce(t *testing.T) {
	path := temp(t)
	db := openTest(t, path)
	must(t, db.Join(t.Context(), "old", time.Hour))
	for n := range 2 {
		_, err := db.Append(t.Context(), entry(n, 1))
		must(t, err)
	}
	old, err := db.Claim(t.Context(), "old", 9)
	must(t, err)
	begun, err := db.Begin(t.Context(), old[0])
	must(t, err)
	must(t, db.Postpone(t.Context(), old[1], time.Hour)) // somebody restarted it to go on
	must(t, db.Close())

	db = openTest(t, path)
	if alive, err := db.Heartbeat(t.Context(), "old", time.Hour); alive || err != nil {
		t.Fatalf("replica of the last process: alive %v, error %v", alive, err)
	}
	must(t, db.Join(t.Context(), "new", time.Hour))
	fences, err := db.Claim(t.Context(), "new", 9)
	must(t, err)
	if len(fences) != 2 {
		t.Fatalf("claimed %v, want both lanes", fences)
	}
	for _, f := range fences {
		got, err := db.Begin(t.Context(), f)
		must(t, err)
		if f.Lane == old[0].Lane && (got.ID != begun.ID || got.Attempt != 2) {
			t.Errorf("got turn %+v, want the second attempt of %s", got, begun.ID)
		}
	}
	if _, err := db.Finish(t.Context(), old[0], begun.ID, turn.Result{State: turn.Answered}); !errors.Is(err, turn.ErrFenced) {
		t.Errorf("finish by the last process: %v", err)
	}
}

// An index made at every start met live writes in a deadlock once. A start
// that has nothing to migrate changes no schema.
func TestReopeningChangesNoSchema(t *testing.T) {
	path := temp(t)
	version := func() (v int64) {
		db := openTest(t, path)
		must(t, db.read(t.Context(), "test", func(c *conn) error {
			_, err := c.one(func(r row) { v = r.int(0) }, "PRAGMA schema_version")
			return err
		}))
		must(t, db.Close())
		return v
	}
	if a, b := version(), version(); a != b || a == 0 {
		t.Fatalf("schema version %d, then %d", a, b)
	}
}

func TestSecondOutcomeIsRefusedByTheDatabase(t *testing.T) {
	db := openTest(t, temp(t))
	_, err := db.Append(t.Context(), entry(1, 1))
	must(t, err)
	insert := func(outcome string) error {
		return db.write(t.Context(), "test", func(c *conn) error {
			_, err := c.exec("INSERT INTO outcomes (entry, outcome, reason, at) VALUES (1, ?, '', 0)", outcome)
			return err
		})
	}
	if err := insert("done"); err == nil {
		t.Error("an outcome of no known kind was stored")
	}
	must(t, insert("failed"))
	if err := insert("answered"); err == nil {
		t.Error("a second outcome was stored")
	}
	if err := db.Check(t.Context()); err == nil {
		t.Error("Check sees nothing wrong with an open message that has an outcome")
	}
}

func TestSecondUnfinishedTurnIsRefusedByTheDatabase(t *testing.T) {
	db := openTest(t, temp(t))
	insert := func(id string) error {
		return db.write(t.Context(), "test", func(c *conn) error {
			_, err := c.exec("INSERT INTO turns (id, lane, state, attempt, epoch, started) VALUES (?, 'l', 'running', 1, 1, 0)", id)
			return err
		})
	}
	must(t, insert("a"))
	if err := insert("b"); err == nil {
		t.Error("a second unfinished turn of a lane was stored")
	}
}

func TestClose(t *testing.T) {
	path := temp(t)
	db := openTest(t, path)
	var stored, refused atomic.Int64
	var all sync.WaitGroup
	some := make(chan struct{})
	var once sync.Once
	for p := range 16 {
		all.Go(func() {
			for n := 0; ; n++ {
				switch _, err := db.Append(t.Context(), entry(p, n)); {
				case err == nil:
					if stored.Add(1) > 200 {
						once.Do(func() { close(some) })
					}
				case errors.Is(err, ErrClosed):
					refused.Add(1)
					return
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	<-some
	must(t, db.Ping(t.Context()))
	must(t, db.Close())
	must(t, db.Close())
	all.Wait()
	if refused.Load() != 16 {
		t.Errorf("%d of 16 writers were told that the store is closed", refused.Load())
	}
	if _, err := db.History(t.Context(), chat.Conversation{}); !errors.Is(err, ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("ping after close: %v", err)
	}
	again := openTest(t, path)
	var rows int64
	must(t, again.read(t.Context(), "test", func(c *conn) error {
		_, err := c.one(func(r row) { rows = r.int(0) }, "SELECT count(*) FROM inbox")
		return err
	}))
	if rows != stored.Load() {
		t.Errorf("%d rows, want the %d that were said to be stored", rows, stored.Load())
	}
	must(t, again.Check(t.Context()))
}
