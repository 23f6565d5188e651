package sqlite

import (
	"context"
	"errors"
	"strings"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// Outbox is the database as an outbox.Store. It is a type of its own because
// turn.Store has a Begin as well.
func (db *DB) Outbox() outbox.Store { return writes{db} }

type writes struct{ db *DB }

const rowColumns = "turn, key, op, body, replace, state, ts, error, at, sign"

func scanRow(r row) outbox.Row {
	return outbox.Row{
		Write: outbox.Write{Turn: r.text(0), Key: r.text(1), Op: r.text(2), Body: r.bytes(3), Replace: r.bool(4), Sign: outbox.Sign(r.int(9))},
		State: outbox.State(r.text(5)), TS: r.ts(6), Error: r.text(7), At: moment(r.int(8)),
	}
}

// Begin implements outbox.Store.
func (o writes) Begin(ctx context.Context, f turn.Fence, w outbox.Write) (before outbox.Row, existed bool, err error) {
	err = o.db.write(ctx, "begin write "+w.Key, func(c *conn) error {
		before, existed, err = beginWrite(c, f, w, now())
		return err
	})
	if err != nil {
		return outbox.Row{}, false, err
	}
	return before, existed, nil
}

func beginWrite(c *conn, f turn.Fence, w outbox.Write, at int64) (before outbox.Row, existed bool, err error) {
	if err := allowed(c, f); err != nil {
		return before, false, err
	}
	existed, err = c.one(func(r row) { before = scanRow(r) }, "SELECT "+rowColumns+" FROM outbox WHERE key = ?", w.Key)
	fresh := !existed
	if err == nil && existed && before.State == outbox.Failed && before.Turn != w.Turn {
		// Nothing of it stands in Slack: it is this turn's now, and its lane's.
		_, err = c.exec("DELETE FROM outbox WHERE key = ?", w.Key)
		fresh = true
	}
	switch {
	case err != nil:
	case fresh:
		_, err = c.exec("INSERT INTO outbox (key, turn, lane, op, body, replace, sign, state, at) VALUES (?, ?, ?, ?, ?, ?, ?, 'sent', ?)",
			w.Key, w.Turn, f.Lane, w.Op, w.Body, w.Replace, int(w.Sign), at)
	case before.State == outbox.Confirmed && !w.Replace:
	default:
		// A write that must not be doubled is looked for since its first try
		// whose end is unknown, however often owners crash while looking.
		if unresolved := before.State == outbox.Sent || before.State == outbox.Unknown; unresolved && !w.Replace {
			at = before.At.UnixMilli()
		}
		_, err = c.exec("UPDATE outbox SET op = ?, body = ?, replace = ?, sign = ?, state = 'sent', error = '', at = ? WHERE key = ?",
			w.Op, w.Body, w.Replace, int(w.Sign), at, w.Key)
	}
	return before, existed, err
}

// allowed is fenced, but for a write of no lane.
func allowed(c *conn, f turn.Fence) error {
	if f == (turn.Fence{}) {
		return nil
	}
	return fenced(c, f)
}

// Settle implements outbox.Store. An empty ts leaves the one that is known.
func (o writes) Settle(ctx context.Context, f turn.Fence, key string, s outbox.State, ts chat.TS, reason string) error {
	return o.db.write(ctx, "settle write "+key, func(c *conn) error {
		if err := allowed(c, f); err != nil {
			return err
		}
		n, err := c.exec(`UPDATE outbox SET state = ?, ts = CASE WHEN ? = '' THEN ts ELSE ? END, error = ?,
			sign = CASE WHEN sign = 2 AND ? = 'confirmed' THEN 0 ELSE sign END WHERE key = ?`,
			string(s), ts, ts, reason, string(s), key)
		if err == nil && n == 0 {
			err = errors.New("there is no such write")
		}
		return err
	})
}

// Rows implements outbox.Store.
func (o writes) Rows(ctx context.Context, id string) (rows []outbox.Row, err error) {
	err = o.db.read(ctx, "read writes of turn "+id, func(c *conn) error {
		return c.query(func(r row) error { rows = append(rows, scanRow(r)); return nil },
			"SELECT "+rowColumns+" FROM outbox WHERE turn = ? ORDER BY seq", id)
	})
	return rows, err
}

// Row implements outbox.Store.
func (o writes) Row(ctx context.Context, key string) (found outbox.Row, existed bool, err error) {
	err = o.db.read(ctx, "read write "+key, func(c *conn) error {
		existed, err = c.one(func(r row) { found = scanRow(r) }, "SELECT "+rowColumns+" FROM outbox WHERE key = ?", key)
		return err
	})
	return found, existed && err == nil, err
}

// Made implements outbox.Store.
func (o writes) Made(ctx context.Context, lane string, ts chat.TS) (made bool, err error) {
	err = o.db.read(ctx, "look for message "+string(ts)+" of "+lane, func(c *conn) error {
		made, err = c.one(func(row) {}, "SELECT 1 FROM outbox WHERE ts = ? AND lane = ? AND ts <> '' AND replace = 0 AND state = 'confirmed'", ts, lane)
		return err
	})
	return made && err == nil, err
}

// Signs implements outbox.Store.
func (o writes) Signs(ctx context.Context, limit int) (left []outbox.Left, err error) {
	err = o.db.read(ctx, "look for signs that were left", func(c *conn) error {
		return c.query(func(r row) error { left = append(left, outbox.Left{Row: scanRow(r), Lane: r.text(10)}); return nil },
			`SELECT `+outboxColumns+`, o.lane FROM outbox o JOIN turns t ON t.id = o.turn JOIN lanes l ON l.key = o.lane
			WHERE o.sign <> 0 AND (o.sign = 2 OR o.state <> 'failed') AND t.finished IS NOT NULL AND l.pending = 0 ORDER BY o.seq LIMIT ?`, limit)
	})
	return left, err
}

// outboxColumns is rowColumns where the table is called o.
var outboxColumns = "o." + strings.ReplaceAll(rowColumns, ", ", ", o.")

// Gone implements outbox.Store.
func (o writes) Gone(ctx context.Context, key string) error {
	return o.db.write(ctx, "note that the sign "+key+" is gone", func(c *conn) error {
		_, err := c.exec("UPDATE outbox SET sign = 0 WHERE key = ?", key)
		return err
	})
}
