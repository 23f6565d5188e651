package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
)

// Append implements inbox.Store. Only a Message with a ts becomes work; any
// other entry is stored whatever its Lane says.
func (db *DB) Append(ctx context.Context, e inbox.Entry) (work bool, err error) {
	a, err := newArrival(e)
	if err != nil {
		return false, err
	}
	err = db.write(ctx, "store inbox entry "+e.Key, func(c *conn) error {
		work, err = a.append(c)
		return err
	})
	return work && err == nil, err
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

func (a *arrival) append(c *conn) (work bool, err error) {
	t := now()
	received := t
	if !a.At.IsZero() {
		received = a.At.UnixMilli()
	}
	if a.Kind == inbox.Retry {
		if err := a.aim(c, t); err != nil {
			return false, err
		}
	}
	n, err := c.exec(`INSERT INTO inbox (key, kind, rank, lane, team, channel, ts, place, open, received, payload)
		VALUES (?, ?, ?, NULLIF(?, ''), ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
		a.Key, string(a.Kind), a.Rank, a.lane, a.m.Team, a.m.Channel, a.m.TS, a.m.place, a.lane != "", received, a.Payload)
	if err != nil {
		return false, err
	}
	if n == 0 {
		return a.again(c, t)
	}
	if err := a.learn(c); err != nil {
		return false, err
	}
	if err := named(c, a.Rename); err != nil {
		return false, err
	}
	if a.Act {
		_, err := c.exec("INSERT INTO acts (entry, held) SELECT id, ? FROM inbox WHERE key = ?", t+inbox.Hold.Milliseconds(), a.Key)
		return err == nil, err
	}
	if a.lane == "" {
		return a.follow(c, t)
	}
	return true, addWork(c, a.lane, t)
}

// aim makes work of a retry: the last message of the turn that failed, at the
// time of the click. It is none if that turn ended otherwise, or is another
// lane's. The button is there a moment before the failure is stored, so a turn
// that has not ended counts; Begin looks again.
func (a *arrival) aim(c *conn, t int64) error {
	failed, err := c.one(func(r row) {
		a.m.Team, a.m.Channel, a.m.TS, a.m.place = r.text(0), r.text(1), r.ts(2), t*1000
	}, `SELECT i.team, i.channel, i.ts FROM turns t JOIN inbox i ON i.turn = t.id
		WHERE i.turn = ? AND t.lane = ? AND t.state IN ('running', 'failed') ORDER BY i.place DESC LIMIT 1`, a.Turn, a.Lane.Key())
	if failed {
		a.lane = a.Lane.Key()
	}
	return err
}

// again is the second delivery of what is stored.
func (a arrival) again(c *conn, t int64) (work bool, err error) {
	var id int64
	var rank int
	var lane string
	var taken bool
	_, err = c.one(func(r row) {
		id, rank, lane, taken = r.int(0), int(r.int(1)), r.text(2), r.bool(3)
	}, `SELECT id, rank, lane, turn IS NOT NULL OR (lane IS NOT NULL AND open = 0) FROM inbox WHERE key = ?`, a.Key)
	if err != nil || taken {
		return false, err
	}
	if a.Rank > rank {
		if _, err := c.exec("UPDATE inbox SET rank = ?, payload = ? WHERE id = ?", a.Rank, a.Payload, id); err != nil {
			return false, err
		}
		if err := a.learn(c); err != nil {
			return false, err
		}
	}
	if lane != "" || a.lane == "" {
		return false, nil
	}
	if _, err := c.exec("UPDATE inbox SET lane = ?, open = 1, ts = ?, place = ? WHERE id = ?", a.lane, a.m.TS, a.m.place, id); err != nil {
		return false, err
	}
	return true, addWork(c, a.lane, t)
}

// addWork counts one more open message of a lane. run_at stays at the time
// since which the lane has had work.
func addWork(c *conn, lane string, t int64) error {
	_, err := c.exec(`INSERT INTO lanes (key, pending, epoch, run_at) VALUES (?, 1, 0, ?)
		ON CONFLICT (key) DO UPDATE SET pending = pending + 1, run_at = CASE WHEN pending = 0 THEN excluded.run_at ELSE run_at END`,
		lane, t)
	return err
}

// learn brings the transcript up to what the entry tells.
func (a arrival) learn(c *conn) error {
	if a.m.TS == "" || a.m.Channel == "" {
		return nil
	}
	switch a.Kind {
	case inbox.Message, inbox.Edit, inbox.Preview:
		return a.m.put(c, putNewerOrSame)
	case inbox.Deletion:
		a.m.Deleted = true
		return a.m.put(c, putDeleted)
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
	put = `INSERT INTO messages (team, channel, ts, root, place, author, bot, app, text, files, edited, version, deleted, client_team)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (ts, channel, team) DO UPDATE SET `
	putContent = put + `root = CASE WHEN root = ts THEN excluded.root ELSE root END, author = excluded.author, bot = excluded.bot,
		app = excluded.app, text = excluded.text, files = excluded.files, edited = excluded.edited, version = excluded.version,
		deleted = excluded.deleted, client_team = excluded.client_team WHERE deleted = 0 AND excluded.version `
	putNewerOrSame = putContent + `>= version`
	putNewer       = putContent + `> version`
	putDeleted     = put + `deleted = 1`
)

func (p projected) put(c *conn, how string) error {
	_, err := c.exec(how, p.Team, p.Channel, p.TS, p.Root, p.place, p.User, p.BotID, p.AppID, p.Text, string(p.files),
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
