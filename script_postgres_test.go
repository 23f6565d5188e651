package holdfast_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	neturl "net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/pgserver"
)

// postgresServer is one private server for all scenarios that want one. It is
// started by the first, and stopped by TestMain.
type postgresServer struct {
	once   sync.Once
	server *pgserver.Server
	dir    string
	err    error
	made   atomic.Int64
}

var databases postgresServer

func (p *postgresServer) start() {
	if p.dir, p.err = os.MkdirTemp("/tmp", "pg"); p.err == nil { // short, for the socket's path
		p.server, p.err = pgserver.Start(context.Background(), p.dir)
	}
}

func (p *postgresServer) stop() {
	if p.server != nil {
		if err := p.server.Stop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}

// database down|up: the scenario's database takes no connection, and loses those
// that it has; the other scenarios' go on. database kill|run: its private server
// ends as by a power cut, and is started again.
func database(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "database down|up|kill|run")
	if args[0] == "kill" || args[0] == "run" {
		if w.database == nil {
			ts.Fatalf("there is no private server: write postgres private")
		}
		do := map[string]func(context.Context) error{"kill": w.database.Kill, "run": w.database.Run}[args[0]]
		ts.Check(do(context.Background()))
		return
	}
	url := ts.Getenv("DATABASE_URL")
	at, err := neturl.Parse(url)
	ts.Check(err)
	name := strings.TrimPrefix(at.Path, "/")
	db, err := sql.Open("pgx", databases.server.URL("postgres"))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(fmt.Sprintf("ALTER DATABASE %s WITH ALLOW_CONNECTIONS %t", name, args[0] == "up"))
	ts.Check(err)
	if args[0] == "down" {
		_, err = db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
		ts.Check(err)
	}
}

// postgres [private]: the scenario's database is a new one on a private PostgreSQL
// server, which other scenarios use too, or, if it is to be killed, do not.
func postgres(ts *testscript.TestScript, w *world, args []string) {
	server := databases.server
	if len(args) > 0 {
		dir, err := os.MkdirTemp("/tmp", "pg") // short, for the socket's path
		ts.Check(err)
		w.database, err = pgserver.Start(context.Background(), dir)
		needServer(ts, err)
		server = w.database
		ts.Defer(func() {
			_ = w.stopAll(os.Kill)
			_ = server.Stop(context.Background()) // it may be down
			_ = os.RemoveAll(dir)
		})
	} else {
		databases.once.Do(databases.start)
		needServer(ts, databases.err)
		server = databases.server
	}
	name := fmt.Sprint("s", databases.made.Add(1))
	db, err := sql.Open("pgx", server.URL("postgres"))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec("CREATE DATABASE " + name)
	ts.Check(err)
	ts.Setenv("DATABASE_URL", server.URL(name))
}

func needServer(ts *testscript.TestScript, err error) {
	if errors.Is(err, pgserver.ErrMissing) && os.Getenv("CI") == "" {
		ts.Fatalf("%v", err)
	}
	ts.Check(err)
}

// freeze: the oldest replica stands still until thaw, which makes it the youngest.
func freeze(ts *testscript.TestScript, w *world, _ []string) {
	p := w.replicas[0]
	ts.Check(p.Process.Signal(syscall.SIGSTOP))
	w.frozen = append(w.frozen, p)
	w.replicas = w.replicas[1:]
}

func thaw(ts *testscript.TestScript, w *world, _ []string) {
	for _, p := range w.frozen {
		ts.Check(p.Process.Signal(syscall.SIGCONT))
		w.replicas = append(w.replicas, p)
	}
	w.frozen = nil
}
