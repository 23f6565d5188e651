package postgres

import (
	"context"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/turn"
)

// Stop implements inbox.Store.
func (db *DB) Stop(ctx context.Context, e inbox.Entry) (lanes []string, err error) {
	err = db.write(ctx, "stop by "+e.Key, func(t *tx) error {
		lanes, err = stop(t, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	db.notify.stops(ctx, lanes)
	return lanes, nil
}

func stop(t *tx, e inbox.Entry) (lanes []string, err error) {
	meant, err := meantBy(t, *e.Stop)
	if err != nil {
		return nil, err
	}
	at, err := t.now()
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
		taken, err := takenAlong(t, e.Key)
		if err != nil {
			return nil, err
		}
		if !taken {
			until--
		}
	}
	for _, lane := range meant {
		n, err := t.exec(`UPDATE lanes SET stop = GREATEST(stop, $1) WHERE key = $2 AND (
			EXISTS (SELECT 1 FROM inbox WHERE lane = lanes.key AND open AND place <= $1)
			OR (SELECT MAX(i.place) FROM turns t JOIN inbox i ON i.turn = t.id WHERE t.lane = lanes.key AND t.finished IS NULL) <= $1)`,
			until, lane)
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
	if e.Lane != (chat.Conversation{}) { // the lane's row first, as everywhere
		if _, err := t.exec("SELECT 1 FROM lanes WHERE key = $1 FOR UPDATE", e.Lane.Key()); err != nil {
			return nil, err
		}
	}
	open, err := t.one(func(r row) { id, lane = r.int(0), r.text(1) }, "SELECT id, lane FROM inbox WHERE key = $1 AND open FOR UPDATE", e.Key)
	if err != nil || !open {
		return lanes, err
	}
	return lanes, settle(t, lane, id, turn.Stopped, "word", at)
}

// takenAlong tells whether a running turn has taken the entry up, with others.
func takenAlong(t *tx, key string) (taken bool, err error) {
	_, err = t.one(func(r row) { taken = r.int(0) > 1 }, `SELECT count(*) FROM inbox i JOIN turns t ON t.id = i.turn AND t.finished IS NULL
		WHERE i.turn = (SELECT turn FROM inbox WHERE key = $1)`, key)
	return taken, err
}

// meantBy are the lanes that a stop is about.
func meantBy(t *tx, s inbox.Stop) (lanes []string, err error) {
	one := func(r row) error { lanes = append(lanes, r.text(0)); return nil }
	channel := s.Team + "/" + s.Channel + "/"
	switch {
	case s.Root != "":
		return []string{chat.Conversation{Team: s.Team, Channel: s.Channel, Root: s.Root}.Key()}, nil
	case s.Message != "":
		err = t.query(one, "SELECT lane FROM outbox WHERE ts = $1 AND ts <> '' AND NOT replace AND lane >= $2 AND lane < $3 LIMIT 1", s.Message, channel, after(channel))
		if err == nil && len(lanes) == 0 {
			err = t.query(one, "SELECT team || '/' || channel || '/' || root FROM messages WHERE ts = $1 AND channel = $2 AND team = $3", s.Message, s.Channel, s.Team)
		}
		return lanes, err
	}
	err = t.query(one, "SELECT key FROM lanes WHERE key >= $1 AND key < $2 AND pending > 0", channel, after(channel))
	return lanes, err
}

// after is the end of the range of keys that begin with a prefix, which ends in
// a slash.
func after(prefix string) string { return prefix[:len(prefix)-1] + "0" }

// Stops implements lane.Store.
func (db *DB) Stops(ctx context.Context, replica string) (lanes []string, err error) {
	err = db.lease(ctx, "look for stops of replica "+replica, func(t *tx) error {
		lanes = nil
		return t.query(func(r row) error { lanes = append(lanes, r.text(0)); return nil },
			`SELECT l.key FROM lanes l JOIN turns t ON t.lane = l.key AND t.finished IS NULL
			WHERE l.owner = $1 AND l.stop > 0 AND l.stop >= (SELECT MAX(place) FROM inbox WHERE turn = t.id)`, replica)
	})
	return lanes, err
}
