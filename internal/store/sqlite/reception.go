package sqlite

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/inbox"
	"holdfast/internal/reception"
)

// TakeActs implements reception.Store.
func (db *DB) TakeActs(ctx context.Context, mine []string, hold time.Duration, limit int) (list []inbox.Entry, err error) {
	err = db.write(ctx, "take acts", func(c *conn) error {
		list = nil
		t := now()
		until := t + hold.Milliseconds()
		for _, key := range mine {
			if _, err := c.exec("UPDATE acts SET held = ? WHERE entry = (SELECT id FROM inbox WHERE key = ?)", until, key); err != nil {
				return err
			}
		}
		err := c.query(func(r row) error {
			list = append(list, inbox.Entry{Key: r.text(0), Kind: inbox.Kind(r.text(1)), At: moment(r.int(2)), Payload: slices.Clone(r.bytes(3)), Act: true})
			return nil
		}, "SELECT i.key, i.kind, i.received, i.payload FROM acts a JOIN inbox i ON i.id = a.entry WHERE a.held < ? ORDER BY a.held, a.entry LIMIT ?", t, limit)
		if err != nil {
			return err
		}
		for _, e := range list {
			if _, err := c.exec("UPDATE acts SET held = ? WHERE entry = (SELECT id FROM inbox WHERE key = ?)", until, e.Key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// EndAct implements reception.Store.
func (db *DB) EndAct(ctx context.Context, key string) error {
	return db.write(ctx, "end act "+key, func(c *conn) error {
		_, err := c.exec("DELETE FROM acts WHERE entry = (SELECT id FROM inbox WHERE key = ?)", key)
		return err
	})
}

// SaveFeedback implements reception.Store.
func (db *DB) SaveFeedback(ctx context.Context, f reception.Feedback) error {
	return db.write(ctx, "save feedback on "+string(f.TS), func(c *conn) error {
		_, err := c.exec(`INSERT INTO feedback (team, channel, ts, person, turn, good, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (team, channel, ts, person) DO UPDATE SET turn = excluded.turn, good = excluded.good, at = excluded.at,
				reason = CASE WHEN excluded.reason = '' AND excluded.good = good THEN reason ELSE excluded.reason END
			WHERE excluded.at >= at`,
			f.Team, f.Channel, f.TS, f.Person, f.Turn, f.Good, f.Reason, millis(f.At))
		return err
	})
}

// Feedback implements reception.Store.
func (db *DB) Feedback(ctx context.Context, turn string) (list []reception.Feedback, err error) {
	err = db.read(ctx, "read feedback on turn "+turn, func(c *conn) error {
		return c.query(func(r row) error {
			list = append(list, reception.Feedback{
				Team: r.text(0), Channel: r.text(1), TS: r.ts(2), Person: r.text(3), Turn: turn, Good: r.bool(4), Reason: r.text(5), At: moment(r.int(6)),
			})
			return nil
		}, "SELECT team, channel, ts, person, good, reason, at FROM feedback WHERE turn = ? ORDER BY channel, ts, person", turn)
	})
	return list, err
}
