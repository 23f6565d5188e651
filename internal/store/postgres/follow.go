package postgres

import (
	"encoding/json"

	"holdfast/internal/policy"
)

// follow makes work of a new entry that is perhaps for the assistant, if it follows
// the thread. busy: somebody has the lane.
func (a *arrival) follow(t *tx) (work, busy bool, err error) {
	if a.Follow == "" || a.lane != "" {
		return false, false, nil
	}
	mode, err := a.mode(t)
	if err != nil || mode != policy.Asker && mode != policy.Everyone {
		return false, false, err
	}
	lane := a.m.Conversation.Key()
	thread, err := a.thread(t, lane)
	if err != nil || !policy.Follows(mode, thread) {
		return false, false, err
	}
	if _, err := t.exec("UPDATE inbox SET lane = $1, open = true WHERE key = $2", lane, a.Key); err != nil {
		return false, false, err
	}
	_, err = t.one(func(r row) { busy = r.bool(0) }, `INSERT INTO lanes AS l (key, pending, epoch, run_at) VALUES ($1, 1, 0, `+clock+`)
		ON CONFLICT (key) DO UPDATE SET pending = l.pending + 1, run_at = CASE WHEN l.pending = 0 THEN excluded.run_at ELSE l.run_at END
		RETURNING owner IS NOT NULL`, lane)
	return err == nil, busy, err
}

// mode is whose replies are followed here: as the thread's setting says, else the
// channel's, else the operator's.
func (a *arrival) mode(t *tx) (policy.FollowUps, error) {
	mode := a.Follow
	err := t.query(func(r row) error {
		var chosen policy.FollowUps
		if json.Unmarshal(r.bytes(0), &chosen) == nil && chosen.Known() { // else it is as if it were not there
			mode = chosen
		}
		return nil
	}, `SELECT value FROM settings WHERE team = $1 AND field = 'follow_up' AND value IS NOT NULL
		AND (level = 'channel' AND scope = $2 OR level = 'thread' AND scope = $3) ORDER BY level`,
		a.m.Team, a.m.Channel, a.m.Channel+"/"+string(a.m.Root))
	return mode, err
}

// thread is what is known of the thread that the entry goes on with.
func (a *arrival) thread(x *tx, lane string) (policy.Thread, error) {
	var t policy.Thread
	var newest int64
	_, err := x.one(func(r row) { t.Here, t.Asked, newest = true, r.bool(0), r.int(1) }, `
		WITH ours AS (
			SELECT i.ts, i.place FROM turns t JOIN inbox i ON i.turn = t.id WHERE t.lane = $1 AND t.answer <> ''
			UNION ALL SELECT i.ts, i.place FROM turns t JOIN inbox i ON i.turn = t.id WHERE t.lane = $1 AND t.finished IS NULL
			UNION ALL SELECT ts, place FROM inbox WHERE lane = $1 AND open)
		SELECT EXISTS (SELECT 1 FROM ours o JOIN messages m ON m.ts = o.ts AND m.channel = $3 AND m.team = $2 WHERE m.author = $4), MAX(place)
		FROM ours HAVING count(*) > 0`, lane, a.m.Team, a.m.Channel, a.m.User)
	if err != nil || !t.Here {
		return t, err
	}
	t.Aside, err = x.one(func(row) {}, `SELECT 1 FROM messages WHERE team = $1 AND channel = $2 AND root = $3 AND place > $4 AND place < $5
		AND NOT deleted AND bot = '' AND text NOT LIKE '%<@' || $6::text || '%'
		AND (text LIKE '%<@%' OR text LIKE '%<!subteam%' OR text LIKE '%<!here%' OR text LIKE '%<!channel%' OR text LIKE '%<!everyone%') LIMIT 1`,
		a.m.Team, a.m.Channel, string(a.m.Root), newest, a.m.place, a.Self)
	return t, err
}
