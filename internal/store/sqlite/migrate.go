package sqlite

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the files of migrations that the database does not have, in
// the order of their names, each in a transaction of its own. A database that
// holds anything is first copied beside its file. Nothing is applied when the
// database knows a migration that we do not, or a different text of one.
func migrate(ctx context.Context, c *conn, path string, files fs.FS, log *slog.Logger) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	slices.Sort(names)
	applied, fresh, err := appliedTo(c)
	if err != nil {
		return fmt.Errorf("read migrations of database %s: %w", path, err)
	}

	type step struct{ name, sql, sum string }
	var todo []step
	for _, file := range names {
		b, err := fs.ReadFile(files, file)
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		sql := strings.ReplaceAll(string(b), "\r\n", "\n")
		hash := sha256.Sum256([]byte(sql))
		s := step{strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql"), sql, hex.EncodeToString(hash[:])}
		switch sum, ok := applied[s.name]; {
		case !ok:
			todo = append(todo, s)
		case sum != s.sum:
			return fmt.Errorf("database %s: migration %s was applied with another text; use the binary that made the database, or restore a backup", path, s.name)
		case len(todo) > 0:
			return fmt.Errorf("database %s: migration %s was applied before %s; restore a backup", path, s.name, todo[0].name)
		}
		delete(applied, s.name)
	}
	for name := range applied {
		return fmt.Errorf("database %s is newer than this binary (it has migration %s); use a newer holdfast, or restore a backup", path, name)
	}
	if len(todo) > 0 && !fresh {
		if err := backUp(c, path, todo[0].name, log); err != nil {
			return err
		}
	}
	for _, s := range todo {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("migrate database %s: %w", path, err)
		}
		if err := apply(c, s.name, s.sql, s.sum); err != nil {
			return fmt.Errorf("migrate database %s: %s failed, nothing of it was kept: %w", path, s.name, explain(err))
		}
		log.Info("database migrated", "path", path, "migration", s.name)
	}
	return nil
}

// appliedTo is what the database says was done to it, checksums by name; fresh
// means that it was empty.
func appliedTo(c *conn) (applied map[string]string, fresh bool, err error) {
	tables := map[string]bool{}
	err = c.query(func(r row) error { tables[r.text(0)] = true; return nil }, "SELECT name FROM sqlite_schema WHERE type = 'table'")
	switch {
	case err != nil:
		return nil, false, explain(err)
	case len(tables) > 0 && !tables["migrations"]:
		return nil, false, errors.New("the file is the database of another program; choose another path")
	case len(tables) == 0:
		err := c.script("CREATE TABLE migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID")
		if err != nil {
			return nil, false, explain(err)
		}
	}
	applied = map[string]string{}
	err = c.query(func(r row) error { applied[r.text(0)] = r.text(1); return nil }, "SELECT name, checksum FROM migrations")
	return applied, len(applied) == 0, err
}

func apply(c *conn, name, sql, sum string) (err error) {
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.script("ROLLBACK"))
		}
	}()
	if err := c.script(sql); err != nil {
		return err
	}
	if _, err := c.exec("INSERT INTO migrations (name, checksum, at) VALUES (?, ?, ?)", name, sum, now()); err != nil {
		return err
	}
	return c.script("COMMIT")
}

// backUp copies the database to a file beside it, named after the time and the
// migration that follows.
func backUp(c *conn, path, before string, log *slog.Logger) error {
	name := fmt.Sprintf("%s.%s.before-%s", path, time.Now().UTC().Format("20060102T150405.000"), before)
	// An empty file is filled by SQLite and keeps its mode.
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("back up database before migrating: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("back up database before migrating: %w", err)
	}
	if _, err := c.exec("VACUUM INTO ?", name); err != nil {
		return errors.Join(fmt.Errorf("back up database to %s before migrating: %w", name, explain(err)), os.Remove(name))
	}
	log.Info("database backed up before migrating", "path", path, "backup", name)
	return nil
}
