package sqlite

import (
	"encoding/json"

	"holdfast/internal/policy"
)

// follow makes work of a new entry that is perhaps for the assistant, if it follows
// the thread.
func (a *arrival) follow(c *conn, t int64) (work bool, err error) {
	if a.Follow == "" || a.lane != "" {
		return false, nil
	}
	mode, err := a.mode(c)
	if err != nil || mode != policy.Asker && mode != policy.Everyone {
		return false, err
	}
	lane := a.m.Conversation.Key()
	thread, err := a.thread(c, lane)
	if err != nil || !policy.Follows(mode, thread) {
		return false, err
	}
	if _, err := c.exec("UPDATE inbox SET lane = ?, open = 1 WHERE key = ?", lane, a.Key); err != nil {
		return false, err
	}
	return true, addWork(c, lane, t)
}

// mode is whose replies are followed here: as the thread's setting says, else the
// channel's, else the operator's.
func (a *arrival) mode(c *conn) (policy.FollowUps, error) {
	mode := a.Follow
	err := c.query(func(r row) error {
		var chosen policy.FollowUps
		if json.Unmarshal(r.bytes(0), &chosen) == nil && chosen.Known() { // else it is as if it were not there
			mode = chosen
		}
		return nil
	}, `SELECT value FROM settings WHERE team = ? AND field = 'follow_up' AND value IS NOT NULL
		AND (level = 'channel' AND scope = ? OR level = 'thread' AND scope = ?) ORDER BY level`,
		a.m.Team, a.m.Channel, a.m.Channel+"/"+string(a.m.Root))
	return mode, err
}

// thread is what is known of the thread that the entry goes on with.
func (a *arrival) thread(c *conn, lane string) (policy.Thread, error) {
	var t policy.Thread
	var newest int64
	_, err := c.one(func(r row) { t.Here, t.Asked, newest = true, r.bool(0), r.int(1) }, `
		WITH ours AS (
			SELECT i.ts, i.place FROM turns t JOIN inbox i ON i.turn = t.id WHERE t.lane = ?1 AND t.answer <> ''
			UNION ALL SELECT i.ts, i.place FROM turns t JOIN inbox i ON i.turn = t.id WHERE t.lane = ?1 AND t.finished IS NULL
			UNION ALL SELECT ts, place FROM inbox WHERE lane = ?1 AND open = 1)
		SELECT EXISTS (SELECT 1 FROM ours o JOIN messages m ON m.ts = o.ts AND m.channel = ?3 AND m.team = ?2 WHERE m.author = ?4), MAX(place)
		FROM ours HAVING count(*) > 0`, lane, a.m.Team, a.m.Channel, a.m.User)
	if err != nil || !t.Here {
		return t, err
	}
	t.Aside, err = c.one(func(row) {}, `SELECT 1 FROM messages WHERE team = ? AND channel = ? AND root = ? AND place > ? AND place < ?
		AND deleted = 0 AND bot = '' AND text NOT LIKE '%<@' || ? || '%'
		AND (text LIKE '%<@%' OR text LIKE '%<!subteam%' OR text LIKE '%<!here%' OR text LIKE '%<!channel%' OR text LIKE '%<!everyone%') LIMIT 1`,
		a.m.Team, a.m.Channel, string(a.m.Root), newest, a.m.place, a.Self)
	return t, err
}
