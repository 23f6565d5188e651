package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers of both stores
	_ "modernc.org/sqlite"
)

// openBooks opens the database of a DATABASE_URL beside the fleet, to read it.
func openBooks(url string) (*sql.DB, error) {
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, fmt.Errorf("open the books: %w", err)
	}
	return db, nil
}

// open is how many lanes are owned or have work.
func open(ctx context.Context, db *sql.DB) (n int, err error) {
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM lanes WHERE owner IS NOT NULL OR pending <> 0`).Scan(&n)
	return n, err
}

// known is how many messages of people are stored, and how many of them have an outcome.
func known(ctx context.Context, db *sql.DB) (stored, ended int, err error) {
	err = db.QueryRowContext(ctx, `SELECT count(*), count(o.entry) FROM inbox i LEFT JOIN outcomes o ON o.entry = i.id
		WHERE i.kind = 'message' AND i.lane IS NOT NULL`).Scan(&stored, &ended)
	return stored, ended, err
}

// readBooks reads what the accounts need, the same from both stores.
func readBooks(ctx context.Context, db *sql.DB) (Books, error) {
	b := Books{Editions: map[place]int{}}
	byID := map[string]int{}
	made := map[string][]string{}
	for _, q := range []struct {
		query string
		row   func(*sql.Rows) error
	}{
		{`SELECT i.channel, i.ts, COALESCE(o.outcome, ''), COALESCE(o.turn, ''), COALESCE(o.reason, '')
			FROM inbox i LEFT JOIN outcomes o ON o.entry = i.id WHERE i.kind = 'message' AND i.lane IS NOT NULL ORDER BY i.id`, func(r *sql.Rows) error {
			var e Entry
			err := r.Scan(&e.Channel, &e.TS, &e.Outcome, &e.Turn, &e.Reason)
			b.Entries = append(b.Entries, e)
			return err
		}},
		{`SELECT o.turn, o.ts FROM outbox o WHERE o.state = 'confirmed' AND o.op IN ('chat.postMessage', 'chat.startStream')
			AND NOT EXISTS (SELECT 1 FROM outbox d WHERE d.turn = o.turn AND d.op = 'chat.delete' AND d.ts = o.ts AND d.state = 'confirmed')
			ORDER BY o.seq`, func(r *sql.Rows) error {
			var turn, ts string
			err := r.Scan(&turn, &ts)
			made[turn] = append(made[turn], ts)
			return err
		}},
		{`SELECT id, lane, state, reason, answer, answer_ts, COALESCE(finished, 0) FROM turns ORDER BY id`, func(r *sql.Rows) error {
			var t Turn
			err := r.Scan(&t.ID, &t.Lane, &t.State, &t.Reason, &t.Answer, &t.AnswerTS, &t.Finished)
			byID[t.ID] = len(b.Turns)
			b.Turns = append(b.Turns, t)
			return err
		}},
		{`SELECT key FROM lanes WHERE owner IS NOT NULL OR pending <> 0 ORDER BY key`, func(r *sql.Rows) error {
			var lane string
			err := r.Scan(&lane)
			b.Busy = append(b.Busy, lane)
			return err
		}},
		// A write that replaces what an earlier one showed may stay unknown: what counts
		// is what Slack shows at the end.
		{`SELECT o.key, o.op, o.state FROM outbox o WHERE o.state NOT IN ('confirmed', 'failed') AND NOT o.replace ORDER BY o.seq`, func(r *sql.Rows) error {
			var key, op, state string
			err := r.Scan(&key, &op, &state)
			b.Pending = append(b.Pending, fmt.Sprintf("%s (%s, %s)", key, op, state))
			return err
		}},
		{`SELECT channel, ts FROM inbox WHERE kind = 'edit'`, func(r *sql.Rows) error {
			var at place
			err := r.Scan(&at.Channel, &at.Root)
			b.Editions[at]++
			return err
		}},
	} {
		rows, err := db.QueryContext(ctx, q.query)
		if err != nil {
			return Books{}, fmt.Errorf("read the books: %w", err)
		}
		for rows.Next() && err == nil {
			err = q.row(rows)
		}
		if err == nil {
			err = rows.Err()
		}
		_ = rows.Close() // it was read to its end, or failed before
		if err != nil {
			return Books{}, fmt.Errorf("read the books: %w", err)
		}
	}
	for id, ts := range made {
		if n, ok := byID[id]; ok {
			b.Turns[n].Made = ts
		}
	}
	return b, nil
}

// settled waits until every lane is at rest, twice in a row. It says how many are
// not when the time is up.
func settled(ctx context.Context, db *sql.DB, within time.Duration, expected func() int) (rest string) {
	deadline := time.Now().Add(within)
	calm := 0
	for {
		n, err := open(ctx, db)
		ended := 0
		if err == nil {
			_, ended, err = known(ctx, db)
		}
		want := expected()
		switch {
		case err != nil:
			calm, rest = 0, err.Error()
		case n == 0 && ended >= want:
			if calm++; calm == 3 {
				return ""
			}
		default:
			calm, rest = 0, fmt.Sprintf("%d lanes have work, %d of %d messages have an outcome", n, ended, want)
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return rest
		}
		pause(ctx, 200*time.Millisecond)
	}
}
