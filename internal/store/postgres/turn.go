package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// turnMax is how many messages one turn takes.
const turnMax = 100

// Begin implements turn.Store. A turn takes at most 100 messages.
func (db *DB) Begin(ctx context.Context, f turn.Fence) (t *turn.Turn, err error) {
	conversation, err := chat.ParseConversation(f.Lane)
	if err != nil {
		return nil, fmt.Errorf("begin turn: %w", err)
	}
	err = db.persist(ctx, "begin turn of lane "+f.Lane, func(x *tx) error {
		t, err = beginTurn(x, f)
		return err
	})
	if err != nil || t == nil {
		return nil, err
	}
	t.Conversation = conversation
	return t, nil
}

func beginTurn(x *tx, f turn.Fence) (*turn.Turn, error) {
	if err := fenced(x, f); err != nil {
		return nil, err
	}
	var t turn.Turn
	var state turn.State
	var stopped int64 // until this place
	if _, err := x.one(func(r row) { stopped = r.int(0) }, "SELECT stop FROM lanes WHERE key = $1", f.Lane); err != nil {
		return nil, err
	}
	unfinished, err := x.one(func(r row) {
		t = turn.Turn{ID: r.text(0), Attempt: int(r.int(2)), Started: moment(r.int(3))}
		state = turn.State(r.text(1))
	}, "SELECT id, state, attempt, started FROM turns WHERE lane = $1 AND finished IS NULL", f.Lane)
	switch {
	case err != nil:
		return nil, err
	case unfinished:
		return resume(x, f, t, state, stopped)
	}
	at, err := x.now()
	if err != nil {
		return nil, err
	}
	for {
		open, err := openMessages(x, f.Lane)
		if err != nil {
			return nil, err
		}
		if len(open) == 0 {
			// Nothing is open and no turn is unfinished, so nothing is pending.
			_, err := x.exec("UPDATE lanes SET owner = NULL, pending = 0 WHERE key = $1", f.Lane)
			return nil, err
		}
		live, err := wanted(x, f.Lane, open, at)
		if err != nil {
			return nil, err
		}
		if len(live) == 0 {
			continue
		}
		return start(x, f, portion(live, stopped), stopped, at)
	}
}

// openMessage is a message that waits for a turn, and its inbox row.
type openMessage struct {
	entry int64
	place int64  // when it was asked
	retry string // the turn that is to be run again; else empty
	chat.Message
}

func openMessages(x *tx, lane string) (open []openMessage, err error) {
	err = x.query(func(r row) error {
		m, err := scanMessage(r, 3)
		open = append(open, openMessage{r.int(0), r.int(1), retried(r.text(2)), m})
		return err
	}, `SELECT i.id, i.place, i.key, `+messageColumns+` FROM inbox i JOIN messages m ON m.team = i.team AND m.channel = i.channel AND m.ts = i.ts
		WHERE i.lane = $1 AND i.open ORDER BY i.place, i.ts LIMIT $2`, lane, turnMax)
	return open, err
}

// wanted are those of the messages that need a turn; the others are settled.
func wanted(x *tx, lane string, open []openMessage, at int64) (live []openMessage, err error) {
	for _, m := range open {
		why, err := unwanted(x, m)
		if err == nil && why != "" {
			err = settle(x, lane, m.entry, turn.Declined, why, at)
		}
		if err != nil {
			return nil, err
		}
		if why == "" {
			live = append(live, m)
		}
	}
	return live, nil
}

// unwanted tells why a message needs no turn: it was deleted, or it is a retry of
// a turn that did not fail.
func unwanted(x *tx, m openMessage) (why string, err error) {
	if m.Deleted {
		return "deleted", nil
	}
	if m.retry == "" {
		return "", nil
	}
	failed, err := x.one(func(row) {}, "SELECT 1 FROM turns WHERE id = $1 AND state = 'failed'", m.retry)
	if err == nil && !failed {
		why = "not_failed"
	}
	return why, err
}

// retried is the turn that an entry wants again, by the entry's key.
func retried(key string) string {
	turn, _ := strings.CutPrefix(key, "r/")
	if turn == key {
		return ""
	}
	return turn
}

// portion is what the next turn takes of the messages, which are in order: a retry
// by itself, else those before a stop, else those before a retry.
func portion(messages []openMessage, stopped int64) []openMessage {
	if messages[0].retry != "" {
		return messages[:1]
	}
	early := stopped > 0 && messages[0].place <= stopped
	for i, m := range messages {
		if m.retry != "" || early && m.place > stopped {
			return messages[:i]
		}
	}
	return messages
}

// settle ends an open message without a turn.
func settle(x *tx, lane string, entry int64, outcome turn.State, reason string, at int64) error {
	_, err := x.exec("INSERT INTO outcomes (entry, outcome, reason, at) VALUES ($1, $2, $3, $4)", entry, string(outcome), reason, at)
	if err != nil {
		return err
	}
	if _, err := x.exec("UPDATE inbox SET open = false WHERE id = $1", entry); err != nil {
		return err
	}
	_, err = x.exec("UPDATE lanes SET pending = pending - 1 WHERE key = $1", lane)
	return err
}

// start makes a new turn of the messages.
func start(x *tx, f turn.Fence, messages []openMessage, stopped, at int64) (*turn.Turn, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("name turn: %w", err)
	}
	state, err := turn.Queued.To(turn.Running)
	if err != nil {
		return nil, err
	}
	t := &turn.Turn{ID: id.String(), Attempt: 1, Started: moment(at), Messages: make([]chat.Message, 0, len(messages)),
		Retried: messages[0].retry, Stop: stopped > 0 && messages[0].place <= stopped}
	_, err = x.exec("INSERT INTO turns (id, lane, state, attempt, epoch, started) VALUES ($1, $2, $3, 1, $4, $5)",
		t.ID, f.Lane, string(state), f.Epoch, at)
	if err != nil {
		return nil, err
	}
	entries := make([]int64, 0, len(messages))
	for _, m := range messages {
		entries = append(entries, m.entry)
		t.Messages = append(t.Messages, m.Message)
	}
	_, err = x.exec("UPDATE inbox SET turn = $1, open = false WHERE id = ANY($2)", t.ID, entries)
	return t, err
}

// resume begins the next attempt of an unfinished turn.
func resume(x *tx, f turn.Fence, t turn.Turn, state turn.State, stopped int64) (*turn.Turn, error) {
	next, err := state.To(turn.Running)
	if err != nil {
		return nil, err
	}
	t.Attempt++
	t.Resumed = true
	_, err = x.exec("UPDATE turns SET state = $1, attempt = $2, epoch = $3 WHERE id = $4", string(next), t.Attempt, f.Epoch, t.ID)
	if err != nil {
		return nil, err
	}
	var asked int64
	if t.Messages, t.Retried, asked, err = messagesOf(x, t.ID); err != nil {
		return nil, err
	}
	t.Stop = stopped > 0 && asked <= stopped
	err = x.query(func(r row) error {
		t.Journal = append(t.Journal, turn.Record{
			Kind: turn.RecordKind(r.text(0)), ResponseID: r.text(1), Sequence: r.int(2), Text: r.text(3), Data: r.bytes(4)})
		return nil
	}, "SELECT kind, response_id, sequence, text, data FROM journal WHERE turn = $1 ORDER BY seq", t.ID)
	return &t, err
}

// messagesOf are a turn's messages as they are now, in order, with the turn that it
// runs again, if any, and the place of the newest.
func messagesOf(x *tx, id string) (messages []chat.Message, again string, newest int64, err error) {
	err = x.query(func(r row) error {
		m, err := scanMessage(r, 2)
		messages = append(messages, m)
		newest, again = r.int(0), retried(r.text(1))
		return err
	}, `SELECT i.place, i.key, `+messageColumns+` FROM inbox i JOIN messages m ON m.team = i.team AND m.channel = i.channel AND m.ts = i.ts
		WHERE i.turn = $1 ORDER BY i.place, i.ts`, id)
	return messages, again, newest, err
}

// stateOf is the state of a turn whose lane has the fence.
func stateOf(x *tx, f turn.Fence, id string) (state turn.State, err error) {
	if err := fenced(x, f); err != nil {
		return "", err
	}
	ok, err := x.one(func(r row) { state = turn.State(r.text(0)) }, "SELECT state FROM turns WHERE id = $1 AND lane = $2", id, f.Lane)
	if err == nil && !ok {
		err = fmt.Errorf("lane %s has no turn %s", f.Lane, id)
	}
	return state, err
}

// unfinished is stateOf for what only a turn that goes on may do.
func unfinished(x *tx, f turn.Fence, id string) error {
	state, err := stateOf(x, f, id)
	if err == nil && state.Terminal() {
		err = fmt.Errorf("the turn is over (%s)", state)
	}
	return err
}

// Record implements turn.Store.
func (db *DB) Record(ctx context.Context, f turn.Fence, id string, records ...turn.Record) error {
	return db.persist(ctx, "record turn "+id, func(x *tx) error {
		if err := unfinished(x, f, id); err != nil {
			return err
		}
		for _, r := range records {
			_, err := x.exec(`INSERT INTO journal (turn, seq, kind, response_id, sequence, text, data, at)
				SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6, `+clock+` FROM journal WHERE turn = $1`,
				id, string(r.Kind), r.ResponseID, r.Sequence, r.Text, r.Data)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Finish implements turn.Store.
func (db *DB) Finish(ctx context.Context, f turn.Fence, id string, r turn.Result) (more bool, err error) {
	if !r.State.Terminal() {
		return false, fmt.Errorf("finish turn %s: %q is no end", id, r.State)
	}
	err = db.persist(ctx, "finish turn "+id, func(x *tx) error {
		more, err = finish(x, f, id, r)
		return err
	})
	return more && err == nil, err
}

func finish(x *tx, f turn.Fence, id string, r turn.Result) (more bool, err error) {
	state, err := stateOf(x, f, id)
	if err != nil {
		return false, err
	}
	if state, err = state.To(r.State); err != nil {
		return false, err
	}
	at, err := x.now()
	if err != nil {
		return false, err
	}
	_, err = x.exec("UPDATE turns SET state = $1, finished = $2, reason = $3, answer = $4, answer_ts = $5 WHERE id = $6",
		string(state), at, r.Reason, r.Answer, r.AnswerTS, id)
	if err != nil {
		return false, err
	}
	if state == turn.Merged {
		return release(x, f, id, at)
	}
	if state == turn.Stopped { // what waited when the stop was asked ends with it
		_, err := x.exec("UPDATE inbox SET turn = $1, open = false WHERE lane = $2 AND open AND place <= (SELECT stop FROM lanes WHERE key = $2)", id, f.Lane)
		if err != nil {
			return false, err
		}
	}
	others := state
	if others == turn.Answered {
		others = turn.Merged
	}
	n, err := x.exec(`INSERT INTO outcomes (entry, turn, outcome, reason, at)
		SELECT id, turn, CASE WHEN id = (SELECT id FROM inbox WHERE turn = $1 ORDER BY place DESC, ts DESC LIMIT 1) THEN $2 ELSE $3 END, $4, $5
		FROM inbox WHERE turn = $1`, id, string(state), string(others), r.Reason, at)
	if err != nil {
		return false, err
	}
	if state != turn.Declined {
		if err := talked(x, id, at); err != nil {
			return false, err
		}
	}
	_, err = x.one(func(r row) { more = r.int(0) > 0 },
		`UPDATE lanes SET pending = pending - $1, owner = CASE WHEN pending > $1 THEN owner END, run_at = $2 WHERE key = $3 RETURNING pending`,
		n, at, f.Lane)
	return more, err
}

// Refuse implements turn.Store.
func (db *DB) Refuse(ctx context.Context, f turn.Fence, id string, why map[chat.TS]string) error {
	return db.persist(ctx, "refuse messages of turn "+id, func(x *tx) error {
		if err := unfinished(x, f, id); err != nil {
			return err
		}
		at, err := x.now()
		if err != nil {
			return err
		}
		for ts, reason := range why {
			var entry int64
			is, err := x.one(func(r row) { entry = r.int(0) }, "UPDATE inbox SET turn = NULL WHERE turn = $1 AND ts = $2 RETURNING id", id, ts)
			if err == nil && is {
				err = settle(x, f.Lane, entry, turn.Declined, reason, at)
			}
			if err != nil {
				return err
			}
		}
		left, err := x.one(func(row) {}, "SELECT 1 FROM inbox WHERE turn = $1 LIMIT 1", id)
		if err == nil && !left {
			err = errors.New("nothing would be left of the turn")
		}
		return err
	})
}

// Yield implements turn.Store. The lane's work is due at once.
func (db *DB) Yield(ctx context.Context, f turn.Fence, id string) error {
	err := db.persist(ctx, "yield turn "+id, func(x *tx) error {
		if err := unfinished(x, f, id); err != nil {
			return err
		}
		if _, err := x.exec("UPDATE turns SET attempt = attempt - 1 WHERE id = $1", id); err != nil {
			return err
		}
		_, err := x.exec("UPDATE lanes SET owner = NULL WHERE key = $1", f.Lane)
		return err
	})
	if err == nil {
		db.notify.work()
	}
	return err
}

// Outcome tells how the message of an inbox entry ended; false while it has
// not, and for what was not for the assistant. Answer and AnswerTS are the
// turn's.
func (db *DB) Outcome(ctx context.Context, key string) (r turn.Result, ok bool, err error) {
	err = db.read(ctx, "read outcome of "+key, func(x *tx) error {
		ok, err = x.one(func(v row) {
			r = turn.Result{State: turn.State(v.text(0)), Reason: v.text(1), Answer: v.text(2), AnswerTS: v.ts(3)}
		}, `SELECT o.outcome, o.reason, t.answer, t.answer_ts FROM inbox i JOIN outcomes o ON o.entry = i.id
			LEFT JOIN turns t ON t.id = o.turn WHERE i.key = $1`, key)
		return err
	})
	return r, ok, err
}
