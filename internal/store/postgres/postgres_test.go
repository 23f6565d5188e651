package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/pgserver"
	"holdfast/internal/store/storetest"
	"holdfast/internal/turn"
)

// server is the private server of this run, or nil when the machine has none.
var server *pgserver.Server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("/tmp", "pg") // short, for the socket's path
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	server, err = pgserver.Start(context.Background(), dir)
	if err != nil && !errors.Is(err, pgserver.ErrMissing) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if server != nil {
		defer func() {
			if err := server.Stop(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var databases atomic.Int64

// fresh makes an empty database and returns its address.
func fresh(t testing.TB) string {
	t.Helper()
	if server == nil {
		if os.Getenv("CI") != "" {
			t.Fatal(pgserver.ErrMissing)
		}
		t.Skip(pgserver.ErrMissing)
	}
	name := fmt.Sprint("t", databases.Add(1))
	c, err := pgx.Connect(t.Context(), server.URL("postgres"))
	must(t, err)
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), "CREATE DATABASE "+name)
	must(t, err)
	return server.URL(name)
}

func openTest(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// emptied is a store on one database that is used again and again: making a
// database takes longer than most tests.
func TestStore(t *testing.T) {
	url := fresh(t)
	first := openTest(t, url)
	storetest.Run(t, func(t *testing.T) storetest.Store {
		_, err := first.pool.Exec(context.Background(),
			"TRUNCATE inbox, lanes, replicas, turns, outcomes, journal, outbox, messages, conversations, users, heard, commits, rates, jobs, settings, settings_saves, talks, titles, shown, summaries RESTART IDENTITY CASCADE")
		must(t, err)
		db, err := Open(context.Background(), url, Options{})
		must(t, err)
		return db
	})
}

func entry(lane, n int) inbox.Entry {
	c := chat.Conversation{Team: "T0001", Channel: fmt.Sprintf("D%07d", lane), Root: "1700000000.000001"}
	ts := chat.TS(fmt.Sprintf("1700000001.%06d", n))
	return inbox.Entry{
		Key: c.Team + "/" + c.Channel + "/" + string(ts), Kind: inbox.Message, Rank: 2, Lane: c, Payload: payload, At: time.Now(),
		Message: chat.Message{Conversation: c, TS: ts, User: "U0001", Text: fmt.Sprint(n)},
	}
}

var payload = []byte(strings.Repeat(`{"type":"message"}`, 50)) // 900 bytes

// Several processes start at once on an empty database.
func TestOpenAtOnce(t *testing.T) {
	url := fresh(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			db, err := Open(t.Context(), url, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			_ = db.Close()
		})
	}
	all.Wait()
}

func TestOpenRefusesANewerDatabase(t *testing.T) {
	url := fresh(t)
	db := openTest(t, url)
	_, err := db.pool.Exec(t.Context(), "INSERT INTO migrations (name, checksum) VALUES ('9999_future', '')")
	must(t, err)
	if _, err := Open(t.Context(), url, Options{}); err == nil || !strings.Contains(err.Error(), "9999_future") {
		t.Fatalf("got %v, want an error that names the migration", err)
	}
	_, err = db.pool.Exec(t.Context(), "DELETE FROM migrations WHERE name = '9999_future'; UPDATE migrations SET checksum = 'x'")
	must(t, err)
	if _, err := Open(t.Context(), url, Options{}); err == nil || !strings.Contains(err.Error(), "another text") {
		t.Fatalf("got %v, want an error about the text", err)
	}
}

func TestErrorsShowNoPassword(t *testing.T) {
	for _, url := range []string{"postgres://u:hush@127.0.0.1:1/db", "postgres://u:hush@host:port/db"} {
		_, err := Open(t.Context(), url, Options{})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestTextThatPostgresRefuses(t *testing.T) {
	db := openTest(t, fresh(t))
	e := entry(1, 1)
	e.Message.Text, e.Payload = "a\x00b\xffc", []byte("\x00\xff")
	_, err := db.Append(t.Context(), e)
	must(t, err)
	said, err := db.History(t.Context(), e.Lane)
	must(t, err)
	if len(said) != 1 || said[0].Text != "a\uFFFDb\uFFFDc" {
		t.Fatalf("history %+v", said)
	}
}

// The server is killed as by a power cut while many turns go on: what was said
// to be stored is there, calls of turns wait and go on, and nothing is twice.
func TestServerGoesAway(t *testing.T) {
	url := fresh(t)
	db := openTest(t, url)
	must(t, db.Join(t.Context(), "r", time.Hour))
	const lanes = 20
	for n := range lanes {
		_, err := db.Append(t.Context(), entry(n, 1))
		must(t, err)
	}
	fences, err := db.Claim(t.Context(), "r", lanes)
	must(t, err)
	if len(fences) != lanes {
		t.Fatalf("claimed %d lanes", len(fences))
	}
	var begun, all sync.WaitGroup
	killed := make(chan struct{})
	for _, f := range fences {
		begun.Add(1)
		all.Go(func() {
			turnOf, err := db.Begin(t.Context(), f)
			if err != nil {
				t.Error(err)
				begun.Done()
				return
			}
			for i := range 40 {
				if i == 5 {
					begun.Done()
				}
				r := turn.Record{Kind: turn.Position, Sequence: int64(i), Text: "x"}
				if err := db.Record(t.Context(), f, turnOf.ID, r); err != nil {
					t.Error(err)
				}
			}
			<-killed
			if _, err := db.Finish(t.Context(), f, turnOf.ID, turn.Result{State: turn.Answered, Answer: "ok", AnswerTS: "1700000002.000001"}); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	must(t, server.Kill(t.Context()))
	must(t, server.Run(t.Context()))
	close(killed)
	all.Wait()
	must(t, db.Check(t.Context()))
	must(t, db.read(t.Context(), "test", func(x *tx) error {
		return x.query(func(r row) error {
			if r.int(1) != 40 || r.int(2) != 40 {
				t.Errorf("turn %s has %d records, %d of them different; want 40", r.text(0), r.int(1), r.int(2))
			}
			return nil
		}, "SELECT turn, count(*), count(DISTINCT sequence) FROM journal GROUP BY turn")
	}))
	for n := range lanes {
		r, ok, err := db.Outcome(t.Context(), entry(n, 1).Key)
		if err != nil || !ok || r.State != turn.Answered {
			t.Errorf("outcome of %d: %+v %v %v", n, r, ok, err)
		}
	}
}

func TestListenHearsOfWork(t *testing.T) {
	url := fresh(t)
	one, two := openTest(t, url), openTest(t, url)
	heard := make(chan struct{}, 100)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		two.Listen(ctx, Heard{Wake: func() { heard <- struct{}{} }, Stop: func(string) {}, Note: func(turn.Note) {}})
	})
	<-heard // it listens
	_, err := one.Append(t.Context(), entry(1, 1))
	must(t, err)
	select {
	case <-heard:
	case <-time.After(10 * time.Second):
		t.Error("the other replica was not told")
	}
	stop()
	all.Wait()
}

func TestCallsAfterClose(t *testing.T) {
	db, err := Open(t.Context(), fresh(t), Options{})
	must(t, err)
	must(t, db.Close())
	must(t, db.Close())
	if _, err := db.Append(t.Context(), entry(1, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("ping: %v", err)
	}
	if _, err := db.Begin(t.Context(), turn.Fence{Lane: entry(1, 1).Lane.Key()}); !errors.Is(err, ErrClosed) {
		t.Errorf("begin: %v", err)
	}
}
