package sqlite

import (
	"context"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/turn"
)

// Stop implements inbox.Store.
func (db *DB) Stop(ctx context.Context, e inbox.Entry) (lanes []string, err error) {
	err = db.write(ctx, "stop by "+e.Key, func(c *conn) error {
		lanes, err = stop(c, e, now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return lanes, nil
}

func stop(c *conn, e inbox.Entry, at int64) (lanes []string, err error) {
	meant, err := meantBy(c, *e.Stop)
	if err != nil {
		return nil, err
	}
	asked := place(e.Stop.At)
	if asked == 0 {
		asked = at * 1000
	}
	// A word is no work that it could stop itself.
	until := asked
	if e.Stop.Word {
		taken, err := takenAlong(c, e.Key)
		if err != nil {
			return nil, err
		}
		if !taken {
			until--
		}
	}
	for _, lane := range meant {
		n, err := c.exec(`UPDATE lanes SET stop = MAX(stop, ?) WHERE key = ? AND (
			EXISTS (SELECT 1 FROM inbox WHERE lane = lanes.key AND open = 1 AND place <= ?)
			OR (SELECT MAX(i.place) FROM turns t JOIN inbox i ON i.turn = t.id WHERE t.lane = lanes.key AND t.finished IS NULL) <= ?)`,
			until, lane, until, until)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			lanes = append(lanes, lane)
		}
	}
	if !e.Stop.Word || len(lanes) == 0 {
		return lanes, nil
	}
	var id int64
	var lane string
	open, err := c.one(func(r row) { id, lane = r.int(0), r.text(1) }, "SELECT id, lane FROM inbox WHERE key = ? AND open = 1", e.Key)
	if err != nil || !open {
		return lanes, err
	}
	return lanes, settle(c, lane, id, turn.Stopped, "word", at)
}

// takenAlong tells whether a running turn has taken the entry up, with others.
func takenAlong(c *conn, key string) (taken bool, err error) {
	_, err = c.one(func(r row) { taken = r.int(0) > 1 }, `SELECT count(*) FROM inbox i JOIN turns t ON t.id = i.turn AND t.finished IS NULL
		WHERE i.turn = (SELECT turn FROM inbox WHERE key = ?)`, key)
	return taken, err
}

// meantBy are the lanes that a stop is about.
func meantBy(c *conn, s inbox.Stop) (lanes []string, err error) {
	one := func(r row) error { lanes = append(lanes, r.text(0)); return nil }
	channel := s.Team + "/" + s.Channel + "/"
	switch {
	case s.Root != "":
		return []string{chat.Conversation{Team: s.Team, Channel: s.Channel, Root: s.Root}.Key()}, nil
	case s.Message != "":
		err = c.query(one, "SELECT lane FROM outbox WHERE ts = ? AND ts <> '' AND replace = 0 AND lane >= ? AND lane < ? LIMIT 1", s.Message, channel, after(channel))
		if err == nil && len(lanes) == 0 {
			err = c.query(one, "SELECT team || '/' || channel || '/' || root FROM messages WHERE ts = ? AND channel = ? AND team = ?", s.Message, s.Channel, s.Team)
		}
		return lanes, err
	}
	err = c.query(one, "SELECT key FROM lanes WHERE key >= ? AND key < ? AND pending > 0", channel, after(channel))
	return lanes, err
}

// after is the end of the range of keys that begin with a prefix, which ends in
// a slash.
func after(prefix string) string { return prefix[:len(prefix)-1] + "0" }

// Stops implements lane.Store.
func (db *DB) Stops(ctx context.Context, replica string) (lanes []string, err error) {
	err = db.read(ctx, "look for stops of replica "+replica, func(c *conn) error {
		return c.query(func(r row) error { lanes = append(lanes, r.text(0)); return nil },
			`SELECT l.key FROM lanes l JOIN turns t ON t.lane = l.key AND t.finished IS NULL
			WHERE l.owner = ? AND l.stop > 0 AND l.stop >= (SELECT MAX(place) FROM inbox WHERE turn = t.id)`, replica)
	})
	return lanes, err
}
