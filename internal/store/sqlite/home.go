package sqlite

import (
	"context"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/home"
	"holdfast/internal/inbox"
)

// Title implements home.Store.
func (db *DB) Title(ctx context.Context, cv chat.Conversation) (t home.Title, err error) {
	err = db.read(ctx, "read the title of "+cv.Key(), func(c *conn) error {
		_, err := c.one(func(r row) { t = home.Title{Text: r.text(0), By: r.text(1)} },
			"SELECT title, person FROM titles WHERE team = ? AND channel = ? AND root = ?", cv.Team, cv.Channel, cv.Root)
		return err
	})
	return t, err
}

// TryTitle implements home.Store.
func (db *DB) TryTitle(ctx context.Context, cv chat.Conversation, most int, pause time.Duration) (try bool, err error) {
	err = db.write(ctx, "try for a title of "+cv.Key(), func(c *conn) error {
		n, err := c.exec(`INSERT INTO titles (team, channel, root, title, person, tries, tried, named) VALUES (?, ?, ?, '', '', 1, ?, 0)
			ON CONFLICT (team, channel, root) DO UPDATE SET tries = tries + 1, tried = excluded.tried
			WHERE title = '' AND tries < ? AND tried + ? <= excluded.tried`,
			cv.Team, cv.Channel, cv.Root, now(), most, pause.Milliseconds())
		try = n > 0
		return err
	})
	return try && err == nil, err
}

// SetTitle implements home.Store.
func (db *DB) SetTitle(ctx context.Context, cv chat.Conversation, title string) (kept bool, err error) {
	err = db.write(ctx, "keep a title of "+cv.Key(), func(c *conn) error {
		n, err := c.exec(`INSERT INTO titles (team, channel, root, title, person, tries, tried, named) VALUES (?, ?, ?, ?, '', 1, ?, 0)
			ON CONFLICT (team, channel, root) DO UPDATE SET title = excluded.title WHERE person = ''`,
			cv.Team, cv.Channel, cv.Root, title, now())
		kept = n > 0
		return err
	})
	return kept && err == nil, err
}

// named keeps the title that a person gave.
func named(c *conn, r *inbox.Rename) error {
	if r == nil {
		return nil
	}
	_, err := c.exec(`INSERT INTO titles (team, channel, root, title, person, tries, tried, named) VALUES (?, ?, ?, ?, ?, 0, 0, ?)
		ON CONFLICT (team, channel, root) DO UPDATE SET title = excluded.title, person = excluded.person, named = excluded.named
		WHERE excluded.named >= named`, r.Team, r.Channel, r.Root, r.Title, r.By, place(r.At))
	return err
}

// Talks implements home.Store.
func (db *DB) Talks(ctx context.Context, team, person string, limit int) (list []home.Talk, err error) {
	err = db.read(ctx, "list the conversations of "+person, func(c *conn) error {
		return c.query(func(r row) error {
			list = append(list, home.Talk{
				Conversation: chat.Conversation{Team: team, Channel: r.text(0), Root: r.ts(1)}, At: moment(r.int(2)),
				Title: home.Title{Text: r.text(3), By: r.text(4)}, Said: r.text(5),
			})
			return nil
		}, `SELECT t.channel, t.root, t.at, COALESCE(n.title, ''), COALESCE(n.person, ''),
			(SELECT m.text FROM messages m WHERE m.team = t.team AND m.channel = t.channel AND m.root = t.root
				AND m.author = t.person AND m.deleted = 0 ORDER BY m.place LIMIT 1) AS said
			FROM talks t LEFT JOIN titles n ON n.team = t.team AND n.channel = t.channel AND n.root = t.root
			WHERE t.team = ? AND t.person = ? AND said IS NOT NULL ORDER BY t.at DESC LIMIT ?`, team, person, limit)
	})
	return list, err
}

// talked notes who took part in a turn that ends.
func talked(c *conn, id string, at int64) error {
	_, err := c.exec(`INSERT INTO talks (team, person, channel, root, at)
		SELECT DISTINCT m.team, m.author, m.channel, m.root, ?
		FROM inbox i JOIN messages m ON m.ts = i.ts AND m.channel = i.channel AND m.team = i.team
		WHERE i.turn = ? AND m.author <> '' AND m.bot = ''
		ON CONFLICT (team, person, channel, root) DO UPDATE SET at = MAX(at, excluded.at)`, at, id)
	return err
}

// Shown implements home.Store.
func (db *DB) Shown(ctx context.Context, place string) (what string, at time.Time, err error) {
	err = db.read(ctx, "read what is shown at "+place, func(c *conn) error {
		_, err := c.one(func(r row) { what, at = r.text(0), moment(r.int(1)) }, "SELECT what, at FROM shown WHERE place = ?", place)
		return err
	})
	return what, at, err
}

// SetShown implements home.Store.
func (db *DB) SetShown(ctx context.Context, place, what string) error {
	return db.write(ctx, "note what is shown at "+place, func(c *conn) error {
		_, err := c.exec("INSERT INTO shown (place, what, at) VALUES (?, ?, ?) ON CONFLICT (place) DO UPDATE SET what = excluded.what, at = excluded.at",
			place, what, now())
		return err
	})
}
