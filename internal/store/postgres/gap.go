package postgres

import (
	"context"
	"time"

	"holdfast/internal/chat"
)

// Heard implements gap.Store.
func (db *DB) Heard(ctx context.Context, team string) (at, now time.Time, err error) {
	err = db.read(ctx, "read when "+team+" was heard", func(t *tx) error {
		_, err := t.one(func(r row) { at, now = moment(r.int(0)), moment(r.int(1)) },
			"SELECT (SELECT at FROM heard WHERE team = $1), "+clock, team)
		return err
	})
	return at, now, err
}

// SetHeard implements gap.Store.
func (db *DB) SetHeard(ctx context.Context, team string, at time.Time) error {
	return db.write(ctx, "note that "+team+" is heard", func(t *tx) error {
		_, err := t.exec("INSERT INTO heard (team, at) VALUES ($1, $2) ON CONFLICT (team) DO UPDATE SET at = GREATEST(heard.at, excluded.at)", team, millis(at))
		return err
	})
}

// Recent implements gap.Store.
func (db *DB) Recent(ctx context.Context, team string, since time.Time, limit int) (list []chat.Conversation, err error) {
	err = db.read(ctx, "list recent conversations", func(t *tx) error {
		return t.query(func(r row) error {
			if cv, err := chat.ParseConversation(r.text(0)); err == nil && cv.Team == team {
				list = append(list, cv)
			}
			return nil
		}, "SELECT key FROM lanes WHERE run_at > $1 AND key >= $2 AND key < $3 ORDER BY run_at DESC LIMIT $4",
			millis(since), team+"/", after(team+"/"), limit)
	})
	return list, err
}
