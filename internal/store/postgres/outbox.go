package postgres

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
	err = o.db.persist(ctx, "begin write "+w.Key, func(t *tx) error {
		before, existed, err = beginWrite(t, f, w)
		return err
	})
	if err != nil {
		return outbox.Row{}, false, err
	}
	return before, existed, nil
}

func beginWrite(t *tx, f turn.Fence, w outbox.Write) (before outbox.Row, existed bool, err error) {
	if err := allowed(t, f); err != nil {
		return before, false, err
	}
	existed, err = t.one(func(r row) { before = scanRow(r) }, "SELECT "+rowColumns+" FROM outbox WHERE key = $1", w.Key)
	fresh := !existed
	if err == nil && existed && before.State == outbox.Failed && before.Turn != w.Turn {
		// Nothing of it stands in Slack: it is this turn's now, and its lane's.
		_, err = t.exec("DELETE FROM outbox WHERE key = $1", w.Key)
		fresh = true
	}
	switch {
	case err != nil:
	case fresh:
		_, err = t.exec("INSERT INTO outbox (key, turn, lane, op, body, replace, sign, state, at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'sent', "+clock+")",
			w.Key, w.Turn, f.Lane, w.Op, w.Body, w.Replace, int(w.Sign))
	case before.State == outbox.Confirmed && !w.Replace:
	default:
		// A write that must not be doubled is looked for since its first try
		// whose end is unknown, however often owners crash while looking.
		unresolved := (before.State == outbox.Sent || before.State == outbox.Unknown) && !w.Replace
		_, err = t.exec("UPDATE outbox SET op = $1, body = $2, replace = $3, sign = $6, state = 'sent', error = '', at = CASE WHEN $4 THEN at ELSE "+clock+" END WHERE key = $5",
			w.Op, w.Body, w.Replace, unresolved, w.Key, int(w.Sign))
	}
	return before, existed, err
}

// allowed is fenced, but for a write of no lane.
func allowed(t *tx, f turn.Fence) error {
	if f == (turn.Fence{}) {
		return nil
	}
	return fenced(t, f)
}

// Settle implements outbox.Store. An empty ts leaves the one that is known.
func (o writes) Settle(ctx context.Context, f turn.Fence, key string, s outbox.State, ts chat.TS, reason string) error {
	return o.db.persist(ctx, "settle write "+key, func(t *tx) error {
		if err := allowed(t, f); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE outbox SET state = $1, ts = CASE WHEN $2 = '' THEN ts ELSE $2 END, error = $3,
			sign = CASE WHEN sign = 2 AND $1 = 'confirmed' THEN 0 ELSE sign END WHERE key = $4`,
			string(s), ts, reason, key)
		if err == nil && n == 0 {
			err = errors.New("there is no such write")
		}
		return err
	})
}

// Rows implements outbox.Store.
func (o writes) Rows(ctx context.Context, id string) (rows []outbox.Row, err error) {
	err = o.db.await(ctx, "read writes of turn "+id, func(t *tx) error {
		rows = nil
		return t.query(func(r row) error { rows = append(rows, scanRow(r)); return nil },
			"SELECT "+rowColumns+" FROM outbox WHERE turn = $1 ORDER BY seq", id)
	})
	return rows, err
}

// Row implements outbox.Store.
func (o writes) Row(ctx context.Context, key string) (found outbox.Row, existed bool, err error) {
	err = o.db.read(ctx, "read write "+key, func(t *tx) error {
		existed, err = t.one(func(r row) { found = scanRow(r) }, "SELECT "+rowColumns+" FROM outbox WHERE key = $1", key)
		return err
	})
	return found, existed && err == nil, err
}

// Made implements outbox.Store.
func (o writes) Made(ctx context.Context, lane string, ts chat.TS) (made bool, err error) {
	err = o.db.await(ctx, "look for message "+string(ts)+" of "+lane, func(t *tx) error {
		made, err = t.one(func(row) {}, "SELECT 1 FROM outbox WHERE ts = $1 AND lane = $2 AND ts <> '' AND NOT replace AND state = 'confirmed'", ts, lane)
		return err
	})
	return made && err == nil, err
}

// Signs implements outbox.Store.
func (o writes) Signs(ctx context.Context, limit int) (left []outbox.Left, err error) {
	err = o.db.read(ctx, "look for signs that were left", func(t *tx) error {
		return t.query(func(r row) error { left = append(left, outbox.Left{Row: scanRow(r), Lane: r.text(10)}); return nil },
			`SELECT `+outboxColumns+`, o.lane FROM outbox o JOIN turns t ON t.id = o.turn JOIN lanes l ON l.key = o.lane
			WHERE o.sign <> 0 AND (o.sign = 2 OR o.state <> 'failed') AND t.finished IS NOT NULL AND l.pending = 0 ORDER BY o.seq LIMIT $1`, limit)
	})
	return left, err
}

// outboxColumns is rowColumns where the table is called o.
var outboxColumns = "o." + strings.ReplaceAll(rowColumns, ", ", ", o.")

// Gone implements outbox.Store.
func (o writes) Gone(ctx context.Context, key string) error {
	return o.db.write(ctx, "note that the sign "+key+" is gone", func(t *tx) error {
		_, err := t.exec("UPDATE outbox SET sign = 0 WHERE key = $1", key)
		return err
	})
}
