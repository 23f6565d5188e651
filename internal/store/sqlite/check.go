package sqlite

import (
	"context"
	"errors"
	"fmt"
)

// invariants are queries that return a row for each thing that is wrong.
var invariants = []struct{ wrong, query string }{
	{"lane counts another number of messages without an outcome", `
		SELECT COALESCE(l.key, n.lane) || ': ' || COALESCE(l.pending, 0) || ' counted, ' || COALESCE(n.open, 0) || ' there'
		FROM lanes l FULL JOIN (SELECT lane, count(*) AS open FROM inbox
			WHERE lane IS NOT NULL AND id NOT IN (SELECT entry FROM outcomes) GROUP BY lane) n ON n.lane = l.key
		WHERE COALESCE(l.pending, 0) <> COALESCE(n.open, 0)`},
	{"lane has an owner and no work", `SELECT key FROM lanes WHERE owner IS NOT NULL AND pending = 0`},
	{"message is open and has an outcome", `SELECT key FROM inbox WHERE open = 1 AND id IN (SELECT entry FROM outcomes)`},
	{"message is taken, by no unfinished turn, and has no outcome", `
		SELECT i.key FROM inbox i LEFT JOIN turns t ON t.id = i.turn
		WHERE i.lane IS NOT NULL AND i.open = 0 AND i.id NOT IN (SELECT entry FROM outcomes) AND (t.id IS NULL OR t.finished IS NOT NULL)`},
	{"message is not in the transcript", `
		SELECT i.key FROM inbox i LEFT JOIN messages m ON m.team = i.team AND m.channel = i.channel AND m.ts = i.ts
		WHERE i.open = 1 AND m.ts IS NULL`},
	{"row refers to one that is missing", `SELECT "table" || ' ' || rowid FROM pragma_foreign_key_check`},
	{"file is damaged", `SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'`},
}

// Ping tells whether the store answers: the writer takes a request and a reader
// reads. It is cheap, and right for a health check; [DB.Check] is not.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.write(ctx, "ping writer", func(*conn) error { return nil }); err != nil {
		return err
	}
	return db.read(ctx, "ping reader", func(c *conn) error {
		_, err := c.one(func(row) {}, "SELECT 1 FROM migrations LIMIT 1")
		return err
	})
}

// Check reads the whole database and returns an error that names what breaks
// the store's own rules; nil if nothing does. It takes seconds on a large file.
func (db *DB) Check(ctx context.Context) error {
	return db.read(ctx, "check database "+db.path, func(c *conn) error {
		var errs []error
		for _, i := range invariants {
			err := c.query(func(r row) error {
				if len(errs) < 20 {
					errs = append(errs, fmt.Errorf("%s: %s", i.wrong, r.text(0)))
				}
				return nil
			}, i.query)
			if err != nil {
				return err
			}
		}
		return errors.Join(errs...)
	})
}
