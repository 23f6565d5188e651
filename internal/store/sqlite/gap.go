package sqlite

import (
	"context"
	"time"

	"holdfast/internal/chat"
)

// Heard implements gap.Store.
func (db *DB) Heard(ctx context.Context, team string) (at, now time.Time, err error) {
	err = db.read(ctx, "read when "+team+" was heard", func(c *conn) error {
		_, err := c.one(func(r row) { at = moment(r.int(0)) }, "SELECT at FROM heard WHERE team = ?", team)
		return err
	})
	return at, time.Now(), err
}

// SetHeard implements gap.Store.
func (db *DB) SetHeard(ctx context.Context, team string, at time.Time) error {
	return db.write(ctx, "note that "+team+" is heard", func(c *conn) error {
		_, err := c.exec("INSERT INTO heard (team, at) VALUES (?, ?) ON CONFLICT (team) DO UPDATE SET at = MAX(heard.at, excluded.at)", team, millis(at))
		return err
	})
}

// Recent implements gap.Store.
func (db *DB) Recent(ctx context.Context, team string, since time.Time, limit int) (list []chat.Conversation, err error) {
	err = db.read(ctx, "list recent conversations", func(c *conn) error {
		return c.query(func(r row) error {
			if cv, err := chat.ParseConversation(r.text(0)); err == nil && cv.Team == team {
				list = append(list, cv)
			}
			return nil
		}, "SELECT key FROM lanes INDEXED BY lanes_run_at WHERE run_at > ? AND key >= ? AND key < ? ORDER BY run_at DESC LIMIT ?",
			millis(since), team+"/", after(team+"/"), limit)
	})
	return list, err
}

// Hold implements gap.Store. There is no other replica.
func (db *DB) Hold(context.Context, string, string, time.Duration) (held bool, err error) {
	return true, nil
}
