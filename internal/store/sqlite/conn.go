package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"holdfast/internal/chat"
)

// conn is one connection with its prepared statements. It speaks to the driver
// directly: the writer is one goroutine, so database/sql's pool, locks and
// conversions would cost much and give nothing. Not safe for concurrent use.
type conn struct {
	raw   driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue // reused from call to call
}

// open connects to the file at path and applies pragmas.
func open(path string, pragmas ...string) (*conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find database: %w", err)
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // a Windows drive
	}
	// As a URI, so that a path may hold a question mark or a percent sign.
	raw, err := new(modernc.Driver).Open("file:" + (&url.URL{Path: abs}).EscapedPath())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	c := &conn{raw: raw, stmts: map[string]driver.Stmt{}}
	for _, p := range pragmas {
		if err := c.script("PRAGMA " + p); err != nil {
			return nil, errors.Join(fmt.Errorf("open database %s: set %s: %w", path, p, explain(err)), c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// script runs statements that are used once.
func (c *conn) script(sql string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

// bind prepares query, once in the connection's life, and its arguments.
// Queries are constants, so the cache does not grow.
func (c *conn) bind(query string, args []any) (driver.Stmt, error) {
	s, ok := c.stmts[query]
	if !ok {
		var err error
		if s, err = c.raw.Prepare(query); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", query, err)
		}
		c.stmts[query] = s
	}
	c.args = c.args[:0]
	for i, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case bool:
			a = int64(0)
			if v {
				a = int64(1)
			}
		case chat.TS:
			a = string(v)
		case json.RawMessage:
			a = []byte(v)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int, error) {
	s, err := c.bind(query, args)
	if err != nil {
		return 0, err
	}
	res, err := s.(driver.StmtExecContext).ExecContext(context.Background(), c.args)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// row is one row of a result.
type row []driver.Value

func (r row) text(i int) string  { s, _ := r[i].(string); return s } // NULL is ""
func (r row) ts(i int) chat.TS   { return chat.TS(r.text(i)) }
func (r row) int(i int) int64    { n, _ := r[i].(int64); return n } // NULL is 0
func (r row) bool(i int) bool    { return r.int(i) != 0 }
func (r row) bytes(i int) []byte { b, _ := r[i].([]byte); return b } // NULL is nil

// query calls each for every row of the result. The row is valid during the
// call; each must not run the same query again.
func (c *conn) query(each func(row) error, query string, args ...any) (err error) {
	s, err := c.bind(query, args)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), c.args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	r := make(row, len(rows.Columns()))
	for {
		switch err := rows.Next(r); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := each(r); err != nil {
			return err
		}
	}
}

// one is query for a result of at most one row; it tells whether there was one.
func (c *conn) one(each func(row), query string, args ...any) (found bool, err error) {
	err = c.query(func(r row) error { found = true; each(r); return nil }, query, args...)
	return found, err
}

// snapshot runs do in a transaction that only reads.
func (c *conn) snapshot(do func(*conn) error) (err error) {
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	defer func() {
		if _, e := c.exec("COMMIT"); err == nil {
			err = e
		}
	}()
	return do(c)
}

// ErrFull means that there is no space for the database to grow. Nothing of
// the request was stored; the same request succeeds when there is space again.
var ErrFull = errors.New("sqlite: no space left for the database")

// ErrReadOnly means that the database or its folder cannot be written.
var ErrReadOnly = errors.New("sqlite: the database cannot be written; check the owner and mode of the file and its folder")

// explain adds ErrFull or ErrReadOnly to errors of the library that mean it.
func explain(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// code is the primary result code of an error of the library, 0 of others.
func code(err error) int {
	var e *modernc.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func busy(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}
