package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/turn"
)

// Append implements inbox.Store. Only a Message with a ts becomes work; any
// other entry is stored whatever its Lane says. It does not wait for a database
// that is away: an envelope that is not acknowledged is sent again.
func (db *DB) Append(ctx context.Context, e inbox.Entry) (work bool, err error) {
	a, err := newArrival(e)
	if err != nil {
		return false, err
	}
	what := "store inbox entry " + e.Key
	fresh, busy, err := db.appendNew(ctx, &a)
	switch {
	case err != nil:
		return false, db.named(what, err)
	case fresh:
		work = a.lane != "" || a.Act
	default:
		err = db.write(ctx, what, func(t *tx) error {
			work, err = a.again(t)
			return err
		})
	}
	if err != nil {
		return false, err
	}
	if work && !a.Act {
		db.notify.work()
	}
	came := work && (busy || !fresh) && e.Kind == inbox.Message
	if came || fresh && (e.Kind == inbox.Edit || e.Kind == inbox.Deletion) {
		m := a.m.Message
		db.notify.note(turn.Note{Lane: m.Conversation.Key(), TS: m.TS, Edited: m.Edited, Came: came, Deleted: m.Deleted || e.Kind == inbox.Deletion})
	}
	return work, nil
}

// arrival is an entry made ready outside of the transaction.
type arrival struct {
	inbox.Entry
	m    projected
	lane string // empty: no work
}

func newArrival(e inbox.Entry) (arrival, error) {
	m := e.Message
	if m.Conversation.IsZero() {
		m.Conversation = e.Lane
	}
	if m.Root == "" {
		m.Root = e.Lane.Root
	}
	p, err := project(m)
	if err != nil {
		return arrival{}, fmt.Errorf("store inbox entry %s: %w", e.Key, err)
	}
	a := arrival{Entry: e, m: p}
	if e.Kind == inbox.Message && e.Message.TS != "" {
		a.lane = e.Lane.Key()
	}
	if a.Payload == nil {
		a.Payload = []byte{}
	}
	return a, nil
}

const (
	insertEntry = `INSERT INTO inbox (key, kind, rank, lane, team, channel, ts, place, open, received, payload)
		VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7, $8, $9, COALESCE(NULLIF($10::bigint, 0), ` + clock + `), $11)
		ON CONFLICT (key) DO NOTHING RETURNING id`
	addWork = `INSERT INTO lanes AS l (key, pending, epoch, run_at) SELECT $4, 1, 0, ` + clock + ` FROM e
		ON CONFLICT (key) DO UPDATE SET pending = l.pending + 1, run_at = CASE WHEN l.pending = 0 THEN excluded.run_at ELSE l.run_at END RETURNING l.owner`
	// One statement is one round trip and one commit. run_at stays at the time
	// since which the lane has had work.
	appendAct = `WITH e AS (` + insertEntry + `), w AS (INSERT INTO acts (entry, held) SELECT id, ` + clock + ` + $12 FROM e)
		SELECT count(*), 0::bigint FROM e`
	appendPlain = `WITH e AS (` + insertEntry + `) SELECT count(*), 0::bigint FROM e`
	appendWork  = `WITH e AS (` + insertEntry + `), w AS (` + addWork + `) SELECT count(*), (SELECT count(owner) FROM w) FROM e`
)

// appendNew stores an entry that is not there yet; not fresh: it is. busy: somebody
// has the lane that it is work for.
func (db *DB) appendNew(ctx context.Context, a *arrival) (fresh, busy bool, err error) {
	err = db.attempt(ctx, db.pool, "", func(t *tx) error {
		if a.Kind == inbox.Retry {
			if err := a.aim(t); err != nil {
				return err
			}
		}
		args := []any{a.Key, string(a.Kind), a.Rank, a.lane, a.m.Team, a.m.Channel, a.m.TS, a.m.place, a.lane != "", millis(a.At), a.Payload}
		query := appendPlain
		switch {
		case a.Act:
			query, args = appendAct, append(args, inbox.Hold.Milliseconds())
		case a.lane != "":
			query = appendWork
		}
		var n int64
		if _, err := t.one(func(r row) { n, busy = r.int(0), r.int(1) > 0 }, query, args...); err != nil {
			return err
		}
		if fresh = n > 0; !fresh {
			return nil
		}
		if err := named(t, a.Rename); err != nil {
			return err
		}
		if err := a.learn(t); err != nil || a.lane != "" {
			return err
		}
		work, has, err := a.follow(t)
		if work {
			a.lane, busy = a.m.Conversation.Key(), has
		}
		return err
	})
	return fresh && err == nil, busy, err
}

// aim makes work of a retry: the last message of the turn that failed, at the
// time of the click. It is none if that turn ended otherwise, or is another
// lane's. The button is there a moment before the failure is stored, so a turn
// that has not ended counts; Begin looks again.
func (a *arrival) aim(t *tx) error {
	now, err := t.now()
	if err != nil {
		return err
	}
	failed, err := t.one(func(r row) {
		a.m.Team, a.m.Channel, a.m.TS, a.m.place = r.text(0), r.text(1), r.ts(2), now*1000
	}, `SELECT i.team, i.channel, i.ts FROM turns t JOIN inbox i ON i.turn = t.id
		WHERE t.id = $1 AND t.lane = $2 AND t.state IN ('running', 'failed') ORDER BY i.place DESC LIMIT 1`, a.Turn, a.Lane.Key())
	if failed {
		a.lane = a.Lane.Key()
	}
	return err
}

// again is the second delivery of what is stored. The lane's row is locked
// first, as everywhere, so that no two wait for each other.
func (a arrival) again(t *tx) (work bool, err error) {
	if a.lane != "" {
		if _, err := t.exec("SELECT 1 FROM lanes WHERE key = $1 FOR UPDATE", a.lane); err != nil {
			return false, err
		}
	}
	var id int64
	var rank int
	var lane string
	var taken bool
	_, err = t.one(func(r row) {
		id, rank, lane, taken = r.int(0), int(r.int(1)), r.text(2), r.bool(3)
	}, `SELECT id, rank, lane, turn IS NOT NULL OR (lane IS NOT NULL AND NOT open) FROM inbox WHERE key = $1 FOR UPDATE`, a.Key)
	if err != nil || taken {
		return false, err
	}
	if a.Rank > rank {
		if _, err := t.exec("UPDATE inbox SET rank = $1, payload = $2 WHERE id = $3", a.Rank, a.Payload, id); err != nil {
			return false, err
		}
		if err := a.learn(t); err != nil {
			return false, err
		}
	}
	if lane != "" || a.lane == "" {
		return false, nil
	}
	if _, err := t.exec("UPDATE inbox SET lane = $1, open = true, ts = $2, place = $3 WHERE id = $4", a.lane, a.m.TS, a.m.place, id); err != nil {
		return false, err
	}
	_, err = t.exec(`INSERT INTO lanes AS l (key, pending, epoch, run_at) VALUES ($1, 1, 0, `+clock+`)
		ON CONFLICT (key) DO UPDATE SET pending = l.pending + 1, run_at = CASE WHEN l.pending = 0 THEN excluded.run_at ELSE l.run_at END`, a.lane)
	return err == nil, err
}

// learn brings the transcript up to what the entry tells.
func (a arrival) learn(t *tx) error {
	if a.m.TS == "" || a.m.Channel == "" {
		return nil
	}
	switch a.Kind {
	case inbox.Message, inbox.Edit, inbox.Preview:
		return a.m.put(t, putNewerOrSame)
	case inbox.Deletion:
		a.m.Deleted = true
		return a.m.put(t, putDeleted)
	}
	return nil
}

// projected is a message as the messages table has it.
type projected struct {
	chat.Message
	files          []byte
	place, version int64
}

func project(m chat.Message) (projected, error) {
	if m.Root == "" {
		m.Root = m.TS
	}
	p := projected{Message: m, place: place(m.TS), version: place(m.Edited)}
	if len(m.Files) > 0 {
		var err error
		if p.files, err = json.Marshal(m.Files); err != nil {
			return p, fmt.Errorf("encode files of message %s: %w", m.TS, err)
		}
	}
	return p, nil
}

// place is the order of a ts as a number; what is no ts comes first.
func place(ts chat.TS) int64 {
	if t := ts.Time(); !t.IsZero() {
		return t.UnixMicro()
	}
	return 0
}

// The ways to put a message over one that is there. What was deleted stays so.
const (
	put = `INSERT INTO messages AS m (team, channel, ts, root, place, author, bot, app, text, files, edited, version, deleted, client_team)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (ts, channel, team) DO UPDATE SET `
	putContent = put + `root = CASE WHEN m.root = m.ts THEN excluded.root ELSE m.root END, author = excluded.author, bot = excluded.bot,
		app = excluded.app, text = excluded.text, files = excluded.files, edited = excluded.edited, version = excluded.version,
		deleted = excluded.deleted, client_team = excluded.client_team WHERE NOT m.deleted AND excluded.version `
	putNewerOrSame = putContent + `>= m.version`
	putNewer       = putContent + `> m.version`
	putDeleted     = put + `deleted = true`
)

func (p projected) put(t *tx, how string) error {
	_, err := t.exec(how, p.Team, p.Channel, p.TS, p.Root, p.place, p.User, p.BotID, p.AppID, p.Text, string(p.files),
		p.Edited, p.version, p.Deleted, p.ClientTeam)
	return err
}

// messageColumns is what scanMessage reads. The table is called m.
const messageColumns = `m.team, m.channel, m.ts, m.root, m.author, m.bot, m.app, m.text, m.files, m.edited, m.deleted, m.client_team`

// scanMessage reads messageColumns from column i on.
func scanMessage(r row, i int) (chat.Message, error) {
	m := chat.Message{
		Conversation: chat.Conversation{Team: r.text(i), Channel: r.text(i + 1), Root: r.ts(i + 3)},
		TS:           r.ts(i + 2),
		User:         r.text(i + 4),
		BotID:        r.text(i + 5),
		AppID:        r.text(i + 6),
		Text:         r.text(i + 7),
		Edited:       r.ts(i + 9),
		Deleted:      r.bool(i + 10),
		ClientTeam:   r.text(i + 11),
	}
	if f := r.text(i + 8); f != "" {
		if err := json.Unmarshal([]byte(f), &m.Files); err != nil {
			return m, fmt.Errorf("decode files of message %s: %w", m.TS, err)
		}
	}
	return m, nil
}
