package sqlite

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/settings"
)

// Settings implements settings.Store.
func (db *DB) Settings(ctx context.Context, scopes []settings.Scope) (found map[settings.Scope]settings.Stored, err error) {
	found = map[settings.Scope]settings.Stored{}
	err = db.read(ctx, "read settings", func(c *conn) error {
		for _, s := range scopes {
			stored := settings.Stored{}
			err := c.query(func(r row) error {
				stored[settings.Key(r.text(0))] = settings.Entry{Raw: slices.Clone(r.bytes(1)), By: r.text(2), At: moment(r.int(3))}
				return nil
			}, "SELECT field, value, person, changed FROM settings WHERE team = ? AND level = ? AND scope = ? AND value IS NOT NULL", s.Team, string(s.Level), s.ID)
			if err != nil {
				return err
			}
			if len(stored) > 0 {
				found[s] = stored
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SaveSettings implements settings.Store.
func (db *DB) SaveSettings(ctx context.Context, s settings.Scope, changes settings.Changes, by string, at time.Time, key string) error {
	return db.write(ctx, "save settings of "+s.ID, func(c *conn) error {
		n, err := c.exec("INSERT INTO settings_saves (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING", key, now())
		if err != nil || n == 0 {
			return err
		}
		for field, value := range changes {
			var raw any
			if value != nil {
				raw = value
			}
			_, err := c.exec(`INSERT INTO settings (team, level, scope, field, value, changed, person) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (team, level, scope, field) DO UPDATE SET value = excluded.value, changed = excluded.changed, person = excluded.person
				WHERE excluded.changed >= settings.changed`,
				s.Team, string(s.Level), s.ID, string(field), raw, millis(at), by)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
