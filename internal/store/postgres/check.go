package postgres

import (
	"context"
	"errors"
	"fmt"
)

// invariants are queries that return a row for each thing that is wrong.
var invariants = []struct{ wrong, query string }{
	{"lane counts another number of messages without an outcome", `
		SELECT COALESCE(l.key, n.lane) || ': ' || COALESCE(l.pending, 0) || ' counted, ' || COALESCE(n.open, 0) || ' there'
		FROM lanes l FULL JOIN (SELECT lane, count(*) AS open FROM inbox i
			WHERE lane IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.entry = i.id) GROUP BY lane) n ON n.lane = l.key
		WHERE COALESCE(l.pending, 0) <> COALESCE(n.open, 0)`},
	{"lane has an owner and no work", `SELECT key FROM lanes WHERE owner IS NOT NULL AND pending = 0`},
	{"message is open and has an outcome", `SELECT key FROM inbox i WHERE open AND EXISTS (SELECT 1 FROM outcomes o WHERE o.entry = i.id)`},
	{"message is taken, by no unfinished turn, and has no outcome", `
		SELECT i.key FROM inbox i LEFT JOIN turns t ON t.id = i.turn
		WHERE i.lane IS NOT NULL AND NOT i.open AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.entry = i.id)
		AND (t.id IS NULL OR t.finished IS NOT NULL)`},
	{"message is not in the transcript", `
		SELECT i.key FROM inbox i LEFT JOIN messages m ON m.team = i.team AND m.channel = i.channel AND m.ts = i.ts
		WHERE i.open AND m.ts IS NULL`},
}

// Check reads the whole database and returns an error that names what breaks
// the store's own rules; nil if nothing does. It takes seconds on a large one.
func (db *DB) Check(ctx context.Context) error {
	return db.read(ctx, "check database", func(t *tx) error {
		var errs []error
		for _, i := range invariants {
			err := t.query(func(r row) error {
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
