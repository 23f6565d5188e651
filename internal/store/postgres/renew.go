package postgres

import (
	"context"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// Renew implements turn.Store.
func (db *DB) Renew(ctx context.Context, f turn.Fence, id string, take bool) (messages []chat.Message, err error) {
	err = db.persist(ctx, "renew turn "+id, func(x *tx) error {
		if err := unfinished(x, f, id); err != nil {
			return err
		}
		var again string
		var newest int64
		if messages, again, newest, err = messagesOf(x, id); err != nil || !take || again != "" {
			return err
		}
		if err := takeOpen(x, f, id, newest, turnMax-len(messages)); err != nil {
			return err
		}
		messages, _, _, err = messagesOf(x, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return messages, nil
}

// takeOpen gives a running turn the lane's open messages: those before a retry,
// and none that a person stopped, nor any if the turn itself was.
func takeOpen(x *tx, f turn.Fence, id string, newest int64, room int) error {
	var stopped int64
	if _, err := x.one(func(r row) { stopped = r.int(0) }, "SELECT stop FROM lanes WHERE key = $1", f.Lane); err != nil {
		return err
	}
	if newest <= stopped {
		return nil
	}
	open, err := openMessages(x, f.Lane)
	if err != nil {
		return err
	}
	at, err := x.now()
	if err != nil {
		return err
	}
	live, err := wanted(x, f.Lane, open, at)
	if err != nil {
		return err
	}
	var entries []int64
	for i, m := range live {
		if m.retry != "" || i == room {
			break
		}
		if m.place > stopped {
			entries = append(entries, m.entry)
		}
	}
	_, err = x.exec("UPDATE inbox SET turn = $1, open = false WHERE id = ANY($2)", id, entries)
	return err
}

// release opens a turn's messages again, for the next turn.
func release(x *tx, f turn.Fence, id string, at int64) (more bool, err error) {
	if _, err := x.exec("UPDATE inbox SET turn = NULL, open = true WHERE turn = $1", id); err != nil {
		return false, err
	}
	_, err = x.exec("UPDATE lanes SET run_at = $1 WHERE key = $2", at, f.Lane)
	return true, err
}
