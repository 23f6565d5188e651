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
// that it has; the other scenarios' go on.
func database(ts *testscript.TestScript, _ *world, args []string) {
	need(ts, args, 1, "database down|up")
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

// postgres: the scenario's database is a new one on a private PostgreSQL server.
func postgres(ts *testscript.TestScript, _ *world, _ []string) {
	databases.once.Do(databases.start)
	if errors.Is(databases.err, pgserver.ErrMissing) && os.Getenv("CI") == "" {
		ts.Fatalf("%v", databases.err)
	}
	ts.Check(databases.err)
	name := fmt.Sprint("s", databases.made.Add(1))
	db, err := sql.Open("pgx", databases.server.URL("postgres"))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec("CREATE DATABASE " + name)
	ts.Check(err)
	ts.Setenv("DATABASE_URL", databases.server.URL(name))
}
