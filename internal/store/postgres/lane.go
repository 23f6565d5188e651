package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/internal/turn"
)

// Join implements lane.Store.
func (db *DB) Join(ctx context.Context, replica string, ttl time.Duration) error {
	return db.persist(ctx, "join replica "+replica, func(t *tx) error {
		n, err := t.exec("INSERT INTO replicas (id, lease_until) VALUES ($1, "+clock+" + $2) ON CONFLICT (id) DO NOTHING",
			replica, ttl.Milliseconds())
		if err == nil && n == 0 {
			err = errors.New("the id was used before; every incarnation needs a new one")
		}
		return err
	})
}

// Heartbeat implements lane.Store. A lease that ended but was not reaped yet
// is renewed.
func (db *DB) Heartbeat(ctx context.Context, replica string, ttl time.Duration) (alive bool, err error) {
	err = db.lease(ctx, "renew lease of replica "+replica, func(t *tx) error {
		n, err := t.exec("UPDATE replicas SET lease_until = "+clock+" + $1 WHERE id = $2 AND NOT dead", ttl.Milliseconds(), replica)
		alive = n == 1
		return err
	})
	return alive && err == nil, err
}

// Reap implements lane.Store. Every replica may call it: each dead one is found
// by one of them.
func (db *DB) Reap(ctx context.Context) (freed int, err error) {
	err = db.lease(ctx, "reap replicas", func(t *tx) error {
		freed = 0
		if err := db.forget(t); err != nil {
			return err
		}
		var dead []string
		err := t.query(func(r row) error { dead = append(dead, r.text(0)); return nil }, `UPDATE replicas SET dead = true WHERE id IN (
			SELECT id FROM replicas WHERE NOT dead AND lease_until < `+clock+` FOR UPDATE SKIP LOCKED) RETURNING id`)
		if err != nil || len(dead) == 0 {
			return err
		}
		freed, err = t.exec("UPDATE lanes SET owner = NULL WHERE owner = ANY($1)", dead)
		return err
	})
	if err != nil {
		return 0, err
	}
	if freed > 0 {
		db.notify.work()
	}
	return freed, nil
}

// Waiting counts the messages that no turn has begun, and their lanes, and tells
// when the oldest of them came; the zero time if there is none.
func (db *DB) Waiting(ctx context.Context) (lanes, messages int, oldest time.Time, err error) {
	err = db.read(ctx, "count what waits", func(t *tx) error {
		_, err := t.one(func(r row) {
			lanes, messages = int(r.int(0)), int(r.int(1))
			if messages > 0 {
				oldest = moment(r.int(2))
			}
		}, "SELECT COUNT(DISTINCT lane), COUNT(*), MIN(received) FROM inbox WHERE open")
		return err
	})
	return lanes, messages, oldest, err
}

// Claim implements lane.Store. A replica that is not alive gets none.
func (db *DB) Claim(ctx context.Context, replica string, n int) (fences []turn.Fence, err error) {
	if n <= 0 {
		return nil, nil
	}
	type claimed struct {
		fence turn.Fence
		runAt int64
	}
	var got []claimed
	err = db.write(ctx, "claim lanes", func(t *tx) error {
		got = nil
		// The lease cannot be declared ended while we hold its row.
		alive, err := t.one(func(row) {}, "SELECT 1 FROM replicas WHERE id = $1 AND NOT dead AND lease_until >= "+clock+" FOR SHARE", replica)
		if err != nil || !alive {
			return err
		}
		return t.query(func(r row) error {
			got = append(got, claimed{turn.Fence{Lane: r.text(0), Owner: replica, Epoch: r.int(1)}, r.int(2)})
			return nil
		}, `UPDATE lanes l SET owner = $1, epoch = l.epoch + 1
			FROM (SELECT key FROM lanes WHERE owner IS NULL AND pending > 0 AND run_at <= `+clock+` ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED) c
			WHERE l.key = c.key RETURNING l.key, l.epoch, l.run_at`, replica, n)
	})
	if err != nil || len(got) == 0 {
		return nil, err
	}
	slices.SortStableFunc(got, func(a, b claimed) int { return int(a.runAt - b.runAt) })
	fences = make([]turn.Fence, len(got))
	for i, g := range got {
		fences[i] = g.fence
	}
	return fences, nil
}

// Postpone implements lane.Store. It is fenced.
func (db *DB) Postpone(ctx context.Context, f turn.Fence, pause time.Duration) error {
	err := db.persist(ctx, "postpone lane "+f.Lane, func(t *tx) error {
		return changed(t.exec("UPDATE lanes SET owner = NULL, run_at = "+clock+" + $1 WHERE key = $2 AND owner = $3 AND epoch = $4",
			pause.Milliseconds(), f.Lane, f.Owner, f.Epoch))
	})
	if err == nil && pause <= 0 {
		db.notify.work()
	}
	return err
}

// Leave implements lane.Store. The replica is dead afterwards. Lanes are locked
// after the replica's row, as in Claim.
func (db *DB) Leave(ctx context.Context, replica string) error {
	err := db.lease(ctx, "leave as replica "+replica, func(t *tx) error {
		if _, err := t.exec("UPDATE replicas SET dead = true WHERE id = $1", replica); err != nil {
			return err
		}
		_, err := t.exec("UPDATE lanes SET owner = NULL WHERE owner = $1", replica)
		return err
	})
	if err == nil {
		db.notify.work()
	}
	return err
}

// changed is turn.ErrFenced if the statement with the fence in its condition
// changed nothing.
func changed(n int, err error) error {
	if err == nil && n == 0 {
		return turn.ErrFenced
	}
	return err
}

// fenced is turn.ErrFenced if f is no longer the lane's. The row stays locked,
// so nobody takes the lane over before the transaction's end.
func fenced(t *tx, f turn.Fence) error {
	ok, err := t.one(func(row) {}, "SELECT 1 FROM lanes WHERE key = $1 AND owner = $2 AND epoch = $3 FOR UPDATE", f.Lane, f.Owner, f.Epoch)
	if err == nil && !ok {
		return turn.ErrFenced
	}
	return err
}
