package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrClosed is returned by calls after Close.
var ErrClosed = errors.New("postgres: the store is closed")

// Options may be zero.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
}

const (
	// connections is the size of the pool, unless the address says pool_max_conns.
	connections = 16
	// leaseConnections are kept for leases: a replica must not be taken for lost
	// because its turns keep the others busy.
	leaseConnections = 2
	// callTimeout bounds one try of a transaction, and what the server does for one
	// statement, so that neither hangs on a network that says nothing.
	callTimeout = 15 * time.Second
	// idleTimeout is how long a transaction may do nothing. Ours never pause; one of
	// a process that is frozen would hold its lane's row until it wakes.
	idleTimeout = 4 * time.Second
	// oldest is the version of PostgreSQL that we need at least, as the server
	// numbers it.
	oldest = 120_000
)

// DB is the store in one PostgreSQL database. It implements inbox.Store,
// lane.Store, turn.Store, assistant.Archive and settings.Store, and [DB.Outbox] outbox.Store. It
// is safe for concurrent use, by several processes too.
type DB struct {
	pool   *pgxpool.Pool
	leases *pgxpool.Pool
	log    *slog.Logger
	notify *notifier
	ended  chan struct{}
	close  func()
}

// Open connects to the database that url names and brings it to the newest
// schema. Errors do not show the password.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the address of the database cannot be read: write postgres://user:password@host:5432/name")
	}
	if !strings.Contains(url, "pool_max_conns") {
		c.MaxConns = connections
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	// A peer that vanished is noticed in a minute also where nothing is asked of it.
	c.ConnConfig.DialFunc = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	c.ConnConfig.RuntimeParams["application_name"] = "holdfast"
	c.AfterConnect = prepare
	leases := c.Copy()
	leases.MaxConns, leases.MinConns = leaseConnections, 0
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", c.ConnConfig.Database, err)
	}
	if err := migrate(ctx, pool, migrations, o.Logger); err != nil {
		pool.Close()
		return nil, err
	}
	db := &DB{pool: pool, log: o.Logger, ended: make(chan struct{})}
	if db.leases, err = pgxpool.NewWithConfig(ctx, leases); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database %s: %w", c.ConnConfig.Database, err)
	}
	db.notify = newNotifier(pool, o.Logger)
	db.close = sync.OnceFunc(func() {
		close(db.ended)
		db.notify.close()
		db.leases.Close()
		pool.Close()
	})
	return db, nil
}

// prepare sets a new connection's limits. They are no parameters of the connection
// itself, as poolers refuse those.
func prepare(ctx context.Context, c *pgx.Conn) error {
	_, err := c.PgConn().Exec(ctx, fmt.Sprintf("set statement_timeout = %d; set idle_in_transaction_session_timeout = %d",
		callTimeout.Milliseconds(), idleTimeout.Milliseconds())).ReadAll()
	if err != nil {
		return fmt.Errorf("set the limits of a connection: %w", err)
	}
	return nil
}

// Close waits for calls under way and for the last notification.
func (db *DB) Close() error { db.close(); return nil }

// tx is a transaction that is open. All strings are made fit for the database.
type tx struct {
	ctx context.Context
	c   *pgx.Conn
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int, error) {
	tag, err := t.c.Exec(t.ctx, query, fit(args)...)
	return int(tag.RowsAffected()), err
}

// query calls each for every row of the result; each must not use t.
func (t *tx) query(each func(row) error, query string, args ...any) error {
	rows, err := t.c.Query(t.ctx, query, fit(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := rows.Values()
		if err != nil {
			return err
		}
		if err := each(v); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one is query for a result of at most one row; it tells whether there was one.
func (t *tx) one(each func(row), query string, args ...any) (found bool, err error) {
	err = t.query(func(r row) error { found = true; each(r); return nil }, query, args...)
	return found, err
}

// clock is the database's time in milliseconds: the one clock that all replicas
// share.
const clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

// now reads the database's clock.
func (t *tx) now() (ms int64, err error) {
	_, err = t.one(func(r row) { ms = r.int(0) }, "SELECT "+clock)
	return ms, err
}

// lost is an error of a connection that ended, in the middle of a commit or not.
type lost struct {
	atCommit bool
	err      error
}

func (e *lost) Error() string { return e.err.Error() }
func (e *lost) Unwrap() error { return e.err }

// write runs do in a transaction, again and again if it met another one in a
// deadlock. If the database is away it fails at once.
func (db *DB) write(ctx context.Context, what string, do func(*tx) error) error {
	return db.named(what, db.attempt(ctx, db.pool, "", do))
}

// lease is write on the connections for leases.
func (db *DB) lease(ctx context.Context, what string, do func(*tx) error) error {
	return db.named(what, db.attempt(ctx, db.leases, "", do))
}

// persist is write for what must not be given up: while the database is away
// it waits, until ctx ends.
func (db *DB) persist(ctx context.Context, what string, do func(*tx) error) error {
	pause := 50 * time.Millisecond
	for warned := false; ; pause = min(2*pause, 2*time.Second) {
		token, err := uuid.NewV7()
		if err != nil {
			return db.named(what, err)
		}
		err = db.attempt(ctx, db.pool, token.String(), do)
		away, ok := errors.AsType[*lost](err)
		if !ok || ctx.Err() != nil || db.over() {
			return db.named(what, err)
		}
		if !warned {
			warned = true
			db.log.Warn("the database does not answer; waiting for it", "doing", what, "err", err)
		}
		if away.atCommit {
			done, err := db.committed(ctx, token.String())
			if done || err != nil {
				return db.named(what, err)
			}
			continue
		}
		select {
		case <-ctx.Done():
			return db.named(what, err)
		case <-db.ended:
			return db.named(what, ErrClosed)
		case <-time.After(pause):
		}
	}
}

func (db *DB) named(what string, err error) error {
	if err == nil {
		return nil
	}
	if db.over() {
		err = ErrClosed
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (db *DB) over() bool {
	select {
	case <-db.ended:
		return true
	default:
		return false
	}
}

// attempts bounds how often a transaction that met another one is tried again.
const attempts = 20

// attempt runs do once, or more often after deadlocks, and leaves token, if there
// is one, in the transaction that is committed.
func (db *DB) attempt(ctx context.Context, pool *pgxpool.Pool, token string, do func(*tx) error) (err error) {
	for range attempts {
		if err = db.transact(ctx, pool, token, do); !collided(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (db *DB) transact(whole context.Context, pool *pgxpool.Pool, token string, do func(*tx) error) error {
	if db.over() {
		return ErrClosed
	}
	c, err := pool.Acquire(whole)
	if err != nil {
		return gone(whole, err)
	}
	ctx, cancel := context.WithTimeout(whole, callTimeout)
	defer cancel()
	// A connection that comes back inside a transaction is thrown away.
	defer c.Release()
	begin := "begin"
	if token != "" { // in one round trip
		begin += "; insert into commits (token) values ('" + token + "')"
	}
	if _, err := c.Conn().PgConn().Exec(ctx, begin).ReadAll(); err != nil {
		return gone(whole, err)
	}
	if err := do(&tx{ctx, c.Conn()}); err != nil {
		// Its own time, so that a call whose context ended gives its connection back.
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_, _ = c.Exec(back, "rollback") // a connection that cannot is closed by the pool
		return gone(whole, err)
	}
	// From here on the answer must be true: a context that ends does not cut it.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := c.Exec(end, "commit"); err != nil {
		err = gone(end, err)
		if away, ok := errors.AsType[*lost](err); ok {
			away.atCommit = true
		} else if end.Err() != nil {
			err = &lost{true, err}
		}
		return err
	}
	return nil
}

// committed tells, when the database answers again, whether the transaction that
// left the token was committed. It tries to leave the token itself: as long as
// the other has not ended, that waits for it, and afterwards one of the two has it.
func (db *DB) committed(ctx context.Context, token string) (bool, error) {
	pause := 20 * time.Millisecond
	for ; ; pause = min(2*pause, 2*time.Second) {
		tag, err := db.pool.Exec(ctx, "INSERT INTO commits (token) VALUES ($1) ON CONFLICT DO NOTHING", token)
		if err == nil {
			return tag.RowsAffected() == 0, nil
		}
		if _, away := errors.AsType[*lost](gone(ctx, err)); !away || ctx.Err() != nil {
			return false, fmt.Errorf("ask what became of a transaction: %w", err)
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-db.ended:
			return false, ErrClosed
		case <-time.After(pause):
		}
	}
}

// commitMemory is how long tokens are kept: longer than any call waits.
const commitMemory = time.Hour

// forget removes tokens that nobody will ask for.
func (db *DB) forget(t *tx) error {
	var oldest uuid.UUID // a token of version 7 begins with its milliseconds
	ms := uint64(time.Now().Add(-commitMemory).UnixMilli())
	for i := range 6 {
		oldest[i] = byte(ms >> (40 - 8*i))
	}
	_, err := t.exec("DELETE FROM commits WHERE token < $1::text::uuid", oldest.String())
	return err
}

// gone makes a lost error of one that means that the database is away.
func gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Shutting down or starting up, no room for one more connection, a standby that
		// is no primary yet, or a limit of prepare's.
		for _, code := range []string{"57P", "57014", "08", "53", "25006", "25P03"} {
			if strings.HasPrefix(pg.Code, code) {
				return &lost{err: err}
			}
		}
		return err
	}
	connect, _ := errors.AsType[*pgconn.ConnectError](err)
	if connect != nil || pgconn.Timeout(err) || pgconn.SafeToRetry(err) || broken(err) {
		return &lost{err: err}
	}
	return err
}

// collided says that a transaction was the victim of a deadlock or of another
// one's commit.
func collided(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40P01" || pg.Code == "40001")
}

// read runs do on one snapshot. If the database is away it fails at once.
func (db *DB) read(ctx context.Context, what string, do func(*tx) error) error {
	return db.named(what, db.look(ctx, db.pool, do))
}

// await is read for what a turn cannot go on without: while the database is away
// it waits, until ctx ends.
func (db *DB) await(ctx context.Context, what string, do func(*tx) error) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := db.look(ctx, db.pool, do)
		if _, away := errors.AsType[*lost](err); !away || ctx.Err() != nil || db.over() {
			return db.named(what, err)
		}
		select {
		case <-ctx.Done():
			return db.named(what, err)
		case <-db.ended:
			return db.named(what, ErrClosed)
		case <-time.After(pause):
		}
	}
}

func (db *DB) look(whole context.Context, pool *pgxpool.Pool, do func(*tx) error) error {
	if db.over() {
		return ErrClosed
	}
	c, err := pool.Acquire(whole)
	if err != nil {
		return gone(whole, err)
	}
	defer c.Release()
	ctx, cancel := context.WithTimeout(whole, callTimeout)
	defer cancel()
	if _, err := c.Exec(ctx, "begin isolation level repeatable read read only"); err != nil {
		return gone(whole, err)
	}
	err = do(&tx{ctx, c.Conn()})
	back, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	_, _ = c.Exec(back, "rollback") // it read only; a connection that cannot is closed by the pool
	if err != nil {
		return gone(whole, err)
	}
	return nil
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.read(ctx, "ping database", func(t *tx) error {
		_, err := t.exec("SELECT 1 FROM migrations LIMIT 1")
		return err
	})
}
