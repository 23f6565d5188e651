package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/turn"
)

// takeOver is run at open, when no other process can have the file: every
// earlier replica is dead, its lanes and acts are free, and work is due at once, also
// if the clock was set back since or a pause was not over.
func takeOver(c *conn, t int64) error {
	if _, err := c.exec("DELETE FROM replicas WHERE lease_until < ?", t-int64(7*24*time.Hour/time.Millisecond)); err != nil {
		return err
	}
	if _, err := c.exec("UPDATE replicas SET dead = 1"); err != nil {
		return err
	}
	if _, err := c.exec("UPDATE lanes SET owner = NULL WHERE owner IS NOT NULL"); err != nil {
		return err
	}
	if _, err := c.exec("UPDATE acts SET held = 0 WHERE held > 0"); err != nil {
		return err
	}
	_, err := c.exec("UPDATE lanes SET run_at = ? WHERE run_at > ?", t, t)
	return err
}

// Join implements lane.Store.
func (db *DB) Join(ctx context.Context, replica string, ttl time.Duration) error {
	return db.write(ctx, "join replica "+replica, func(c *conn) error {
		n, err := c.exec("INSERT INTO replicas (id, lease_until) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
			replica, now()+ttl.Milliseconds())
		if err == nil && n == 0 {
			err = errors.New("the id was used before; every incarnation needs a new one")
		}
		return err
	})
}

// Heartbeat implements lane.Store. A lease that ended but was not reaped yet
// is renewed.
func (db *DB) Heartbeat(ctx context.Context, replica string, ttl time.Duration) (alive bool, err error) {
	err = db.write(ctx, "renew lease of replica "+replica, func(c *conn) error {
		n, err := c.exec("UPDATE replicas SET lease_until = ? WHERE id = ? AND dead = 0", now()+ttl.Milliseconds(), replica)
		alive = n == 1
		return err
	})
	return alive && err == nil, err
}

// Reap implements lane.Store.
func (db *DB) Reap(ctx context.Context) (freed int, err error) {
	err = db.write(ctx, "reap replicas", func(c *conn) error {
		n, err := c.exec("UPDATE replicas SET dead = 1 WHERE dead = 0 AND lease_until < ?", now())
		if err != nil || n == 0 {
			return err
		}
		freed, err = c.exec("UPDATE lanes SET owner = NULL WHERE owner IN (SELECT id FROM replicas WHERE dead = 1)")
		return err
	})
	if err != nil {
		freed = 0
	}
	return freed, err
}

const countWaiting = "SELECT COUNT(DISTINCT lane), COUNT(*), MIN(received) FROM inbox WHERE open = 1"

// Waiting counts the messages that no turn has begun, and their lanes, and tells
// when the oldest of them came; the zero time if there is none.
func (db *DB) Waiting(ctx context.Context) (lanes, messages int, oldest time.Time, err error) {
	err = db.read(ctx, "count what waits", func(c *conn) error {
		_, err := c.one(func(r row) {
			lanes, messages = int(r.int(0)), int(r.int(1))
			if messages > 0 {
				oldest = moment(r.int(2))
			}
		}, countWaiting)
		return err
	})
	return lanes, messages, oldest, err
}

// Claim implements lane.Store. A replica that is not alive gets none.
func (db *DB) Claim(ctx context.Context, replica string, n int) (fences []turn.Fence, err error) {
	if n <= 0 {
		return nil, nil
	}
	err = db.write(ctx, "claim lanes", func(c *conn) error {
		fences, err = claim(c, replica, n, now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return fences, nil
}

func claim(c *conn, replica string, n int, t int64) ([]turn.Fence, error) {
	type claimed struct {
		fence turn.Fence
		runAt int64
	}
	var got []claimed
	err := c.query(func(r row) error {
		got = append(got, claimed{turn.Fence{Lane: r.text(0), Owner: replica, Epoch: r.int(1)}, r.int(2)})
		return nil
	}, `UPDATE lanes SET owner = ?, epoch = epoch + 1
		WHERE key IN (SELECT key FROM lanes WHERE owner IS NULL AND pending > 0 AND run_at <= ? ORDER BY run_at LIMIT ?)
		AND EXISTS (SELECT 1 FROM replicas WHERE id = ? AND dead = 0 AND lease_until >= ?)
		RETURNING key, epoch, run_at`, replica, t, n, replica, t)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(got, func(a, b claimed) int { return int(a.runAt - b.runAt) })
	fences := make([]turn.Fence, len(got))
	for i, g := range got {
		fences[i] = g.fence
	}
	return fences, nil
}

// Postpone implements lane.Store. It is fenced.
func (db *DB) Postpone(ctx context.Context, f turn.Fence, pause time.Duration) error {
	return db.write(ctx, "postpone lane "+f.Lane, func(c *conn) error {
		return changed(c.exec("UPDATE lanes SET owner = NULL, run_at = ? WHERE key = ? AND owner = ? AND epoch = ?",
			now()+pause.Milliseconds(), f.Lane, f.Owner, f.Epoch))
	})
}

// Leave implements lane.Store. The replica is dead afterwards.
func (db *DB) Leave(ctx context.Context, replica string) error {
	return db.write(ctx, "leave as replica "+replica, func(c *conn) error {
		if _, err := c.exec("UPDATE replicas SET dead = 1 WHERE id = ?", replica); err != nil {
			return err
		}
		_, err := c.exec("UPDATE lanes SET owner = NULL WHERE owner = ?", replica)
		return err
	})
}

// changed is turn.ErrFenced if the statement with the fence in its condition
// changed nothing.
func changed(n int, err error) error {
	if err == nil && n == 0 {
		return turn.ErrFenced
	}
	return err
}

// fenced is turn.ErrFenced if f is no longer the lane's.
func fenced(c *conn, f turn.Fence) error {
	ok, err := c.one(func(row) {}, "SELECT 1 FROM lanes WHERE key = ? AND owner = ? AND epoch = ?", f.Lane, f.Owner, f.Epoch)
	if err == nil && !ok {
		return turn.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("check fence: %w", err)
	}
	return nil
}
