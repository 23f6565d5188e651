package postgres

import (
	"context"
	"time"
)

// Change implements web.Ledger. It does not wait for a database that is away, nor
// for the disk: what a crash of the server forgets, Slack says again.
func (db *DB) Change(ctx context.Context, name string, do func(state []byte, now time.Time) []byte) error {
	return db.write(ctx, "change the rates of "+name, func(t *tx) error {
		var state []byte
		var now time.Time
		read := func() (bool, error) {
			return t.one(func(r row) { state, now = r.bytes(0), time.UnixMilli(r.int(1)) },
				"SELECT state, "+clock+", set_config('synchronous_commit', 'off', true) FROM rates WHERE name = $1 FOR UPDATE", name)
		}
		there, err := read()
		if err == nil && !there {
			if _, err = t.exec("INSERT INTO rates (name, state) VALUES ($1, '') ON CONFLICT (name) DO NOTHING", name); err == nil {
				_, err = read()
			}
		}
		if err != nil {
			return err
		}
		if len(state) == 0 {
			state = nil
		}
		_, err = t.exec("UPDATE rates SET state = $1 WHERE name = $2", do(state, now), name)
		return err
	})
}

// Hold implements gap.Store and surface.Store.
func (db *DB) Hold(ctx context.Context, job, holder string, ttl time.Duration) (held bool, err error) {
	err = db.write(ctx, "take the job "+job, func(t *tx) error {
		held, err = t.one(func(row) {}, `INSERT INTO jobs AS j (name, holder, until) VALUES ($1, $2, `+clock+` + $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE j.holder = excluded.holder OR j.until <= `+clock+` RETURNING 1`, job, holder, ttl.Milliseconds())
		return err
	})
	return held && err == nil, err
}
