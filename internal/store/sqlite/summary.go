package sqlite

import (
	"context"
	"slices"

	"holdfast/internal/chat"
	"holdfast/internal/transcript"
)

// Summary implements assistant.Archive.
func (db *DB) Summary(ctx context.Context, cv chat.Conversation) (s transcript.Summary, err error) {
	err = db.read(ctx, "read the summary of "+cv.Key(), func(c *conn) error {
		_, err := c.one(func(r row) { s = transcript.Summary{Until: r.ts(0), Text: r.text(1)} },
			"SELECT until, text FROM summaries WHERE team = ? AND channel = ? AND root = ?", cv.Team, cv.Channel, cv.Root)
		return err
	})
	return s, err
}

// SaveSummary implements assistant.Archive. That a later change of a message removes
// the summary is the work of triggers.
func (db *DB) SaveSummary(ctx context.Context, cv chat.Conversation, s transcript.Summary, of transcript.Basis) (kept bool, err error) {
	err = db.write(ctx, "keep a summary of "+cv.Key(), func(c *conn) error {
		var is transcript.Basis
		_, err := c.one(func(r row) { is = transcript.Basis{Messages: int(r.int(0)), Sum: r.int(1)} },
			`SELECT COUNT(*), COALESCE(SUM((m.place + 3 * m.version) % 1000000007), 0) FROM messages m
			WHERE m.team = ? AND m.channel = ? AND m.root = ? AND m.deleted = 0 AND m.place <= ?
			AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = ? AND o.ts = m.ts AND o.ts <> '' AND o.replace = 0)`,
			cv.Team, cv.Channel, cv.Root, place(s.Until), cv.Key())
		if kept = is == of; err != nil || !kept {
			return err
		}
		_, err = c.exec(`INSERT INTO summaries (team, channel, root, until, place, text, at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (team, channel, root) DO UPDATE SET until = excluded.until, place = excluded.place, text = excluded.text, at = excluded.at`,
			cv.Team, cv.Channel, cv.Root, s.Until, place(s.Until), s.Text, now())
		return err
	})
	return kept && err == nil, err
}

// Around implements assistant.Archive.
func (db *DB) Around(ctx context.Context, team, channel string, before chat.TS, most int) (list []chat.Message, err error) {
	err = db.read(ctx, "read what was said before in "+channel, func(c *conn) error {
		return c.query(func(r row) error {
			m, err := scanMessage(r, 0)
			list = append(list, m)
			return err
		}, `SELECT `+messageColumns+` FROM messages m WHERE m.team = ? AND m.channel = ? AND m.root < ? AND m.ts = m.root AND m.deleted = 0
			ORDER BY m.root DESC LIMIT ?`, team, channel, before, most)
	})
	slices.Reverse(list) // oldest first
	return list, err
}
