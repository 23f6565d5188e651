package postgres

import (
	"context"
	"maps"
	"slices"
	"time"

	"holdfast/internal/settings"
)

// Settings implements settings.Store.
func (db *DB) Settings(ctx context.Context, scopes []settings.Scope) (found map[settings.Scope]settings.Stored, err error) {
	var teams, levels, ids []string
	for _, s := range scopes {
		teams, levels, ids = append(teams, s.Team), append(levels, string(s.Level)), append(ids, s.ID)
	}
	err = db.await(ctx, "read settings", func(t *tx) error {
		found = map[settings.Scope]settings.Stored{}
		return t.query(func(r row) error {
			s := settings.Scope{Team: r.text(0), Level: settings.Level(r.text(1)), ID: r.text(2)}
			if found[s] == nil {
				found[s] = settings.Stored{}
			}
			found[s][settings.Key(r.text(3))] = settings.Entry{Raw: slices.Clone(r.bytes(4)), By: r.text(5), At: moment(r.int(6))}
			return nil
		}, `SELECT s.team, s.level, s.scope, s.field, s.value, s.person, s.changed
			FROM settings s JOIN unnest($1::text[], $2::text[], $3::text[]) AS w (team, level, scope) USING (team, level, scope)
			WHERE s.value IS NOT NULL`, teams, levels, ids)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SaveSettings implements settings.Store.
func (db *DB) SaveSettings(ctx context.Context, s settings.Scope, changes settings.Changes, by string, at time.Time, key string) error {
	return db.persist(ctx, "save settings of "+s.ID, func(t *tx) error {
		n, err := t.exec("INSERT INTO settings_saves (key, at) VALUES ($1, "+clock+") ON CONFLICT DO NOTHING", key)
		if err != nil || n == 0 {
			return err
		}
		for _, field := range slices.Sorted(maps.Keys(changes)) { // two saves take their rows in one order
			var raw []byte
			if value := changes[field]; value != nil {
				raw = value
			}
			_, err := t.exec(`INSERT INTO settings (team, level, scope, field, value, changed, person) VALUES ($1, $2, $3, $4, $5, $6, $7)
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
