package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock keeps two processes from migrating at once. The number is ours.
const migrationLock = 0x686f6c6466617374

// migrate applies the files that the database does not have, in the order of
// their names, each in a transaction of its own. Nothing is applied when the
// database knows a migration that we do not, or a different text of one.
func migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS, log *slog.Logger) (err error) {
	c, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer c.Release()
	var version int
	if err := c.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fmt.Errorf("ask for the server's version: %w", err)
	}
	if version < oldest {
		return fmt.Errorf("the server is PostgreSQL %d; holdfast needs %d or newer", version/10_000, oldest/10_000)
	}
	todo, err := missing(ctx, c.Conn(), files)
	if err != nil || len(todo) == 0 {
		return err
	}
	// A migration, or waiting for another's, may take its time.
	if _, err := c.Exec(ctx, "SET statement_timeout = 0"); err != nil {
		return fmt.Errorf("make ready to migrate: %w", err)
	}
	defer func() {
		_, e := c.Exec(context.WithoutCancel(ctx), fmt.Sprintf("SET statement_timeout = %d", callTimeout.Milliseconds()))
		err = errors.Join(err, e)
	}()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	defer func() {
		_, unlock := c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
		err = errors.Join(err, unlock)
	}()
	if todo, err = missing(ctx, c.Conn(), files); err != nil { // another may have done it meanwhile
		return err
	}
	for _, s := range todo {
		if err := s.apply(ctx, c.Conn()); err != nil {
			return fmt.Errorf("migrate the database: %s failed, nothing of it was kept: %w", s.name, err)
		}
		log.Info("database migrated", "migration", s.name)
	}
	return nil
}

type step struct{ name, sql, sum string }

func (s step) apply(ctx context.Context, c *pgx.Conn) error {
	t, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
	if _, err := t.Exec(ctx, "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, s.sql); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, "INSERT INTO migrations (name, checksum) VALUES ($1, $2)", s.name, s.sum); err != nil {
		return err
	}
	return t.Commit(ctx)
}

// missing lists what the database does not have yet.
func missing(ctx context.Context, c *pgx.Conn, files fs.FS) (todo []step, err error) {
	applied := map[string]string{}
	var there bool
	if err := c.QueryRow(ctx, "SELECT to_regclass('migrations') IS NOT NULL").Scan(&there); err != nil {
		return nil, fmt.Errorf("look for migrations: %w", err)
	}
	if there {
		rows, err := c.Query(ctx, "SELECT name, checksum FROM migrations")
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		var name, sum string
		if _, err := pgx.ForEachRow(rows, []any{&name, &sum}, func() error { applied[name] = sum; return nil }); err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
	}
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	slices.Sort(names)
	for _, file := range names {
		b, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		sql := strings.ReplaceAll(string(b), "\r\n", "\n")
		hash := sha256.Sum256([]byte(sql))
		s := step{strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql"), sql, hex.EncodeToString(hash[:])}
		switch sum, ok := applied[s.name]; {
		case !ok:
			todo = append(todo, s)
		case sum != s.sum:
			return nil, fmt.Errorf("the database had migration %s with another text; use the binary that made it, or restore a backup", s.name)
		case len(todo) > 0:
			return nil, fmt.Errorf("the database had migration %s before %s; restore a backup", s.name, todo[0].name)
		}
		delete(applied, s.name)
	}
	for name := range applied {
		return nil, fmt.Errorf("the database is newer than this binary (it has migration %s); use a newer holdfast, or restore a backup", name)
	}
	return todo, nil
}
