package postgres

import (
	"context"

	"holdfast/internal/chat"
	"holdfast/internal/transcript"
)

// Summary implements assistant.Archive.
func (db *DB) Summary(ctx context.Context, cv chat.Conversation) (s transcript.Summary, err error) {
	err = db.await(ctx, "read the summary of "+cv.Key(), func(t *tx) error {
		_, err := t.one(func(r row) { s = transcript.Summary{Until: r.ts(0), Text: r.text(1)} },
			"SELECT until, text FROM summaries WHERE team = $1 AND channel = $2 AND root = $3", cv.Team, cv.Channel, cv.Root)
		return err
	})
	return s, err
}

// SaveSummary implements assistant.Archive. That a later change of a message removes
// the summary is the work of triggers.
func (db *DB) SaveSummary(ctx context.Context, cv chat.Conversation, s transcript.Summary, of transcript.Basis) (kept bool, err error) {
	err = db.write(ctx, "keep a summary of "+cv.Key(), func(t *tx) error {
		var is transcript.Basis
		_, err := t.one(func(r row) { is = transcript.Basis{Messages: int(r.int(0)), Sum: r.int(1)} },
			`SELECT COUNT(*), COALESCE(SUM((m.place + 3 * m.version) % 1000000007), 0)::bigint FROM messages m
			WHERE m.team = $1 AND m.channel = $2 AND m.root = $3 AND NOT m.deleted AND m.place <= $4
			AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = $5 AND o.ts = m.ts AND o.ts <> '' AND NOT o.replace)`,
			cv.Team, cv.Channel, cv.Root, place(s.Until), cv.Key())
		if kept = is == of; err != nil || !kept {
			return err
		}
		_, err = t.exec(`INSERT INTO summaries (team, channel, root, until, place, text, at) VALUES ($1, $2, $3, $4, $5, $6, `+clock+`)
			ON CONFLICT (team, channel, root) DO UPDATE SET until = excluded.until, place = excluded.place, text = excluded.text, at = excluded.at`,
			cv.Team, cv.Channel, cv.Root, s.Until, place(s.Until), s.Text)
		return err
	})
	return kept && err == nil, err
}

// Around implements assistant.Archive.
func (db *DB) Around(ctx context.Context, team, channel string, before chat.TS, most int) (list []chat.Message, err error) {
	err = db.await(ctx, "read what was said before in "+channel, func(t *tx) error {
		return t.query(func(r row) error {
			m, err := scanMessage(r, 0)
			list = append(list, m)
			return err
		}, `SELECT `+messageColumns+` FROM (SELECT * FROM messages WHERE team = $1 AND channel = $2 AND root < $3 AND ts = root AND NOT deleted
			ORDER BY root DESC LIMIT $4) m ORDER BY m.place`, team, channel, before, most)
	})
	return list, err
}
