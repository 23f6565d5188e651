package sqlite

import (
	"context"
	"fmt"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// Renew implements turn.Store.
func (db *DB) Renew(ctx context.Context, f turn.Fence, id string, take bool) (messages []chat.Message, err error) {
	err = db.write(ctx, "renew turn "+id, func(c *conn) error {
		state, err := stateOf(c, f, id)
		if err != nil {
			return err
		}
		if state.Terminal() {
			return fmt.Errorf("the turn is over (%s)", state)
		}
		var again string
		var newest int64
		if messages, again, newest, err = messagesOf(c, id); err != nil || !take || again != "" {
			return err
		}
		if err := takeOpen(c, f, id, newest, turnMax-len(messages)); err != nil {
			return err
		}
		messages, _, _, err = messagesOf(c, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return messages, nil
}

// takeOpen gives a running turn the lane's open messages: those before a retry,
// and none that a person stopped, nor any if the turn itself was.
func takeOpen(c *conn, f turn.Fence, id string, newest int64, room int) error {
	var stopped int64
	if _, err := c.one(func(r row) { stopped = r.int(0) }, "SELECT stop FROM lanes WHERE key = ?", f.Lane); err != nil {
		return err
	}
	if newest <= stopped {
		return nil
	}
	open, err := openMessages(c, f.Lane)
	if err != nil {
		return err
	}
	live, err := wanted(c, f.Lane, open, now())
	if err != nil {
		return err
	}
	for i, m := range live {
		if m.retry != "" || i == room {
			return nil
		}
		if m.place <= stopped {
			continue
		}
		if _, err := c.exec("UPDATE inbox SET turn = ?, open = 0 WHERE id = ?", id, m.entry); err != nil {
			return err
		}
	}
	return nil
}

// release opens a turn's messages again, for the next turn.
func release(c *conn, f turn.Fence, id string, at int64) (more bool, err error) {
	if _, err := c.exec("UPDATE inbox SET turn = NULL, open = 1 WHERE turn = ?", id); err != nil {
		return false, err
	}
	_, err = c.exec("UPDATE lanes SET run_at = ? WHERE key = ?", at, f.Lane)
	return true, err
}
