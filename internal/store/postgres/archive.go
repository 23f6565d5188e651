package postgres

import (
	"context"
	"slices"

	"holdfast/internal/chat"
	"holdfast/internal/transcript"
)

// History implements assistant.Archive. A message is ours if a write of the
// conversation made it, that is one without Replace: a reaction, say, names a
// message of another person.
func (db *DB) History(ctx context.Context, cv chat.Conversation) (said []transcript.Said, err error) {
	err = db.await(ctx, "read history of "+cv.Key(), func(t *tx) error {
		said, err = history(t, cv)
		return err
	})
	if err != nil {
		return nil, err
	}
	return said, nil
}

func history(t *tx, cv chat.Conversation) ([]transcript.Said, error) {
	type placed struct {
		transcript.Said
		place int64
	}
	var all []placed
	turns := map[chat.TS]string{}
	err := t.query(func(r row) error {
		turns[r.ts(0)] = r.text(1)
		return nil
	}, `SELECT i.ts, i.turn FROM turns t JOIN inbox i ON i.turn = t.id
		WHERE t.lane = $1 AND t.answer <> '' AND t.finished IS NOT NULL AND i.kind = 'message'`, cv.Key())
	if err != nil {
		return nil, err
	}
	err = t.query(func(r row) error {
		m, err := scanMessage(r, 1)
		all = append(all, placed{transcript.Said{Message: m, Turn: turns[m.TS]}, r.int(0)})
		return err
	}, `SELECT m.place, `+messageColumns+` FROM messages m
		WHERE m.team = $1 AND m.channel = $2 AND m.root = $3 AND NOT m.deleted
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = $4 AND o.ts = m.ts AND o.ts <> '' AND NOT o.replace)
		ORDER BY m.place, m.ts`, cv.Team, cv.Channel, cv.Root, cv.Key())
	if err != nil {
		return nil, err
	}
	err = t.query(func(r row) error {
		ts := r.ts(1)
		p := placed{transcript.Said{Own: true, Cut: r.bool(3), Turn: r.text(4), Message: chat.Message{Conversation: cv, TS: ts, Text: r.text(0)}}, place(ts)}
		if p.place == 0 {
			p.place = r.int(2) * 1000 // shown nowhere, so it stands where it ended
		}
		all = append(all, p)
		return nil
	}, "SELECT answer, answer_ts, finished, state = 'merged', id FROM turns WHERE lane = $1 AND answer <> '' AND finished IS NOT NULL ORDER BY finished, id", cv.Key())
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		switch {
		case a.place < b.place:
			return -1
		case a.place > b.place:
			return 1
		}
		return 0
	})
	said := make([]transcript.Said, len(all))
	for i, p := range all {
		said[i] = p.Said
	}
	return said, nil
}

// Fetched implements assistant.Archive.
func (db *DB) Fetched(ctx context.Context, cv chat.Conversation) (fetched bool, err error) {
	err = db.await(ctx, "read whether history of "+cv.Key()+" was fetched", func(t *tx) error {
		fetched, err = t.one(func(row) {}, "SELECT 1 FROM conversations WHERE key = $1", cv.Key())
		return err
	})
	return fetched && err == nil, err
}

// Keep implements assistant.Archive. A message without a conversation of its
// own is taken to be of cv.
func (db *DB) Keep(ctx context.Context, cv chat.Conversation, messages []chat.Message, complete bool) error {
	return db.write(ctx, "keep history of "+cv.Key(), func(t *tx) error {
		for _, m := range messages {
			if m.Conversation.IsZero() {
				m.Conversation = cv
			}
			p, err := project(m)
			if err != nil {
				return err
			}
			if err := p.put(t, putNewer); err != nil {
				return err
			}
		}
		if !complete {
			return nil
		}
		_, err := t.exec("INSERT INTO conversations (key, fetched) VALUES ($1, "+clock+") ON CONFLICT (key) DO UPDATE SET fetched = excluded.fetched",
			cv.Key())
		return err
	})
}

// User implements assistant.Archive.
func (db *DB) User(ctx context.Context, team, id string) (u chat.User, known bool, err error) {
	err = db.await(ctx, "read user "+id, func(t *tx) error {
		known, err = t.one(func(r row) {
			u = chat.User{ID: id, Name: r.text(0), Zone: r.text(1), Offset: int(r.int(2)), Bot: r.bool(3),
				Fetched: moment(r.int(4)), NotFound: r.bool(5), Guest: r.bool(6), Org: r.text(7)}
		}, "SELECT name, zone, zone_secs, bot, fetched, not_found, guest, org FROM users WHERE team = $1 AND id = $2", team, id)
		return err
	})
	return u, known && err == nil, err
}

// SaveUser implements assistant.Archive.
func (db *DB) SaveUser(ctx context.Context, team string, u chat.User) error {
	return db.write(ctx, "save user "+u.ID, func(t *tx) error {
		_, err := t.exec(`INSERT INTO users (team, id, name, zone, zone_secs, bot, fetched, not_found, guest, org) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (team, id) DO UPDATE SET name = excluded.name, zone = excluded.zone, zone_secs = excluded.zone_secs,
			bot = excluded.bot, fetched = excluded.fetched, not_found = excluded.not_found, guest = excluded.guest, org = excluded.org`,
			team, u.ID, u.Name, u.Zone, u.Offset, u.Bot, millis(u.Fetched), u.NotFound, u.Guest, u.Org)
		return err
	})
}
