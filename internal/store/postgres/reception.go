package postgres

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/inbox"
	"holdfast/internal/reception"
)

// TakeActs implements reception.Store.
func (db *DB) TakeActs(ctx context.Context, mine []string, hold time.Duration, limit int) (list []inbox.Entry, err error) {
	err = db.write(ctx, "take acts", func(t *tx) error {
		list = nil
		if len(mine) > 0 {
			if _, err := t.exec("UPDATE acts SET held = "+clock+" + $1 WHERE entry IN (SELECT id FROM inbox WHERE key = ANY($2::text[]))", hold.Milliseconds(), mine); err != nil {
				return err
			}
		}
		// Rows that another replica is taking are left to it.
		return t.query(func(r row) error {
			list = append(list, inbox.Entry{Key: r.text(0), Kind: inbox.Kind(r.text(1)), At: moment(r.int(2)), Payload: slices.Clone(r.bytes(3)), Act: true})
			return nil
		}, `WITH free AS (SELECT entry FROM acts WHERE held < `+clock+` ORDER BY entry LIMIT $1 FOR UPDATE SKIP LOCKED),
			taken AS (UPDATE acts a SET held = `+clock+` + $2 FROM free WHERE a.entry = free.entry RETURNING a.entry)
			SELECT i.key, i.kind, i.received, i.payload FROM taken t JOIN inbox i ON i.id = t.entry ORDER BY i.id`, limit, hold.Milliseconds())
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// EndAct implements reception.Store.
func (db *DB) EndAct(ctx context.Context, key string) error {
	return db.persist(ctx, "end act "+key, func(t *tx) error {
		_, err := t.exec("DELETE FROM acts WHERE entry = (SELECT id FROM inbox WHERE key = $1)", key)
		return err
	})
}

// SaveFeedback implements reception.Store.
func (db *DB) SaveFeedback(ctx context.Context, f reception.Feedback) error {
	return db.persist(ctx, "save feedback on "+string(f.TS), func(t *tx) error {
		_, err := t.exec(`INSERT INTO feedback AS f (team, channel, ts, person, turn, good, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (team, channel, ts, person) DO UPDATE SET turn = excluded.turn, good = excluded.good, at = excluded.at,
				reason = CASE WHEN excluded.reason = '' AND excluded.good = f.good THEN f.reason ELSE excluded.reason END
			WHERE excluded.at >= f.at`,
			f.Team, f.Channel, f.TS, f.Person, f.Turn, f.Good, f.Reason, millis(f.At))
		return err
	})
}

// Feedback implements reception.Store.
func (db *DB) Feedback(ctx context.Context, turn string) (list []reception.Feedback, err error) {
	err = db.read(ctx, "read feedback on turn "+turn, func(t *tx) error {
		list = nil
		return t.query(func(r row) error {
			list = append(list, reception.Feedback{
				Team: r.text(0), Channel: r.text(1), TS: r.ts(2), Person: r.text(3), Turn: turn, Good: r.bool(4), Reason: r.text(5), At: moment(r.int(6)),
			})
			return nil
		}, "SELECT team, channel, ts, person, good, reason, at FROM feedback WHERE turn = $1 ORDER BY channel, ts, person", turn)
	})
	return list, err
}
