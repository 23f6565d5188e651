package postgres

import (
	"context"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/home"
	"holdfast/internal/inbox"
)

// Title implements home.Store.
func (db *DB) Title(ctx context.Context, cv chat.Conversation) (title home.Title, err error) {
	err = db.read(ctx, "read the title of "+cv.Key(), func(t *tx) error {
		_, err := t.one(func(r row) { title = home.Title{Text: r.text(0), By: r.text(1)} },
			"SELECT title, person FROM titles WHERE team = $1 AND channel = $2 AND root = $3", cv.Team, cv.Channel, cv.Root)
		return err
	})
	return title, err
}

// TryTitle implements home.Store.
func (db *DB) TryTitle(ctx context.Context, cv chat.Conversation, most int, pause time.Duration) (try bool, err error) {
	err = db.write(ctx, "try for a title of "+cv.Key(), func(t *tx) error {
		n, err := t.exec(`INSERT INTO titles AS n (team, channel, root, title, person, tries, tried, named) VALUES ($1, $2, $3, '', '', 1, `+clock+`, 0)
			ON CONFLICT (team, channel, root) DO UPDATE SET tries = n.tries + 1, tried = excluded.tried
			WHERE n.title = '' AND n.tries < $4 AND n.tried + $5 <= excluded.tried`,
			cv.Team, cv.Channel, cv.Root, most, pause.Milliseconds())
		try = n > 0
		return err
	})
	return try && err == nil, err
}

// SetTitle implements home.Store.
func (db *DB) SetTitle(ctx context.Context, cv chat.Conversation, title string) (kept bool, err error) {
	err = db.write(ctx, "keep a title of "+cv.Key(), func(t *tx) error {
		n, err := t.exec(`INSERT INTO titles AS n (team, channel, root, title, person, tries, tried, named) VALUES ($1, $2, $3, $4, '', 1, `+clock+`, 0)
			ON CONFLICT (team, channel, root) DO UPDATE SET title = excluded.title WHERE n.person = ''`,
			cv.Team, cv.Channel, cv.Root, title)
		kept = n > 0
		return err
	})
	return kept && err == nil, err
}

// named keeps the title that a person gave.
func named(t *tx, r *inbox.Rename) error {
	if r == nil {
		return nil
	}
	_, err := t.exec(`INSERT INTO titles AS n (team, channel, root, title, person, tries, tried, named) VALUES ($1, $2, $3, $4, $5, 0, 0, $6)
		ON CONFLICT (team, channel, root) DO UPDATE SET title = excluded.title, person = excluded.person, named = excluded.named
		WHERE excluded.named >= n.named`, r.Team, r.Channel, r.Root, r.Title, r.By, place(r.At))
	return err
}

// Talks implements home.Store.
func (db *DB) Talks(ctx context.Context, team, person string, limit int) (list []home.Talk, err error) {
	err = db.read(ctx, "list the conversations of "+person, func(t *tx) error {
		return t.query(func(r row) error {
			list = append(list, home.Talk{
				Conversation: chat.Conversation{Team: team, Channel: r.text(0), Root: r.ts(1)}, At: moment(r.int(2)),
				Title: home.Title{Text: r.text(3), By: r.text(4)}, Said: r.text(5),
			})
			return nil
		}, `SELECT t.channel, t.root, t.at, COALESCE(n.title, ''), COALESCE(n.person, ''), s.text
			FROM talks t LEFT JOIN titles n USING (team, channel, root)
			CROSS JOIN LATERAL (SELECT m.text FROM messages m WHERE m.team = t.team AND m.channel = t.channel AND m.root = t.root
				AND m.author = t.person AND NOT m.deleted ORDER BY m.place LIMIT 1) AS s
			WHERE t.team = $1 AND t.person = $2 ORDER BY t.at DESC LIMIT $3`, team, person, limit)
	})
	return list, err
}

// talked notes who took part in a turn that ends.
func talked(t *tx, id string, at int64) error {
	_, err := t.exec(`INSERT INTO talks AS k (team, person, channel, root, at)
		SELECT DISTINCT m.team, m.author, m.channel, m.root, $1::bigint
		FROM inbox i JOIN messages m ON m.ts = i.ts AND m.channel = i.channel AND m.team = i.team
		WHERE i.turn = $2 AND m.author <> '' AND m.bot = ''
		ON CONFLICT (team, person, channel, root) DO UPDATE SET at = GREATEST(k.at, excluded.at)`, at, id)
	return err
}

// Shown implements home.Store.
func (db *DB) Shown(ctx context.Context, place string) (what string, at time.Time, err error) {
	err = db.read(ctx, "read what is shown at "+place, func(t *tx) error {
		_, err := t.one(func(r row) { what, at = r.text(0), moment(r.int(1)) }, "SELECT what, at FROM shown WHERE place = $1", place)
		return err
	})
	return what, at, err
}

// SetShown implements home.Store.
func (db *DB) SetShown(ctx context.Context, place, what string) error {
	return db.write(ctx, "note what is shown at "+place, func(t *tx) error {
		_, err := t.exec("INSERT INTO shown (place, what, at) VALUES ($1, $2, "+clock+") ON CONFLICT (place) DO UPDATE SET what = excluded.what, at = excluded.at",
			place, what)
		return err
	})
}
