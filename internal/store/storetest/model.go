package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

// model is what a store should be, as plainly as it can be said. Its world is
// small, so that random calls meet: few conversations, few messages.
type model struct {
	entries  map[string]*modelEntry   // by inbox key
	messages map[string]*modelMessage // as the transcript has them, by key
	lanes    map[string]*modelLane
	alive    map[string]bool // replicas
	writes   map[string]*outbox.Row
	order    map[string][]string // keys of a turn's writes
	made     map[string]bool     // messages that a write of ours made, by key
}

type modelEntry struct {
	ts      chat.TS
	work    bool
	rank    int
	taken   bool
	outcome string
}

type modelMessage struct {
	conversation chat.Conversation
	ts           chat.TS
	text         string
	version      int
	deleted      bool
}

type modelLane struct {
	conversation chat.Conversation
	owner        string
	epoch        int64
	postponed    bool
	turn         *modelTurn
	answers      []modelMessage
}

type modelTurn struct {
	id      string
	attempt int
	keys    []string // entries, in order
	journal []turn.Record
}

func newModel() *model {
	return &model{
		entries: map[string]*modelEntry{}, messages: map[string]*modelMessage{}, lanes: map[string]*modelLane{},
		alive: map[string]bool{}, writes: map[string]*outbox.Row{}, order: map[string][]string{}, made: map[string]bool{},
	}
}

func (m *model) lane(c chat.Conversation) *modelLane {
	l := m.lanes[c.Key()]
	if l == nil {
		l = &modelLane{conversation: c}
		m.lanes[c.Key()] = l
	}
	return l
}

func messageKey(c chat.Conversation, ts chat.TS) string {
	return c.Team + "/" + c.Channel + "/" + string(ts)
}

// learn puts a version of a message over what is known of it.
func (m *model) learn(c chat.Conversation, ts chat.TS, text string, version int, same bool) {
	old := m.messages[messageKey(c, ts)]
	if old != nil && (old.deleted || version < old.version || version == old.version && !same) {
		return
	}
	m.messages[messageKey(c, ts)] = &modelMessage{conversation: c, ts: ts, text: text, version: version}
}

func (m *model) append(c chat.Conversation, ts chat.TS, text string, rank int, work bool) bool {
	key := messageKey(c, ts)
	e := m.entries[key]
	switch {
	case e == nil:
		e = &modelEntry{ts: ts, rank: rank}
		m.entries[key] = e
		m.learn(c, ts, text, 0, true)
	case e.taken:
		return false
	case rank > e.rank:
		e.rank = rank
		m.learn(c, ts, text, 0, true)
	}
	if e.work || !work {
		return false
	}
	e.work = true
	m.lane(c)
	return true
}

// open is the lane's messages that no turn has, in order.
func (m *model) open(l *modelLane) (keys []string) {
	for key, e := range m.entries {
		if e.work && !e.taken && m.messages[key].conversation == l.conversation {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return m.entries[a].ts.Compare(m.entries[b].ts) })
	return keys
}

func (m *model) claimable() (lanes []string) {
	for key, l := range m.lanes {
		if l.owner == "" && !l.postponed && (l.turn != nil || len(m.open(l)) > 0) {
			lanes = append(lanes, key)
		}
	}
	return lanes
}

// begin returns false if there is nothing to do.
func (m *model) begin(l *modelLane, id string) bool {
	if l.turn != nil {
		l.turn.attempt++
		return true
	}
	t := &modelTurn{id: id, attempt: 1}
	for _, key := range m.open(l) {
		m.entries[key].taken = true
		if m.messages[key].deleted {
			m.entries[key].outcome = "declined/deleted"
		} else {
			t.keys = append(t.keys, key)
		}
	}
	if len(t.keys) == 0 {
		l.owner = ""
		return false
	}
	l.turn = t
	return true
}

// renew lets the lane's turn take what waits.
func (m *model) renew(l *modelLane) {
	for _, key := range m.open(l) {
		m.entries[key].taken = true
		if m.messages[key].deleted {
			m.entries[key].outcome = "declined/deleted"
		} else {
			l.turn.keys = append(l.turn.keys, key)
		}
	}
	slices.SortFunc(l.turn.keys, func(a, b string) int { return m.entries[a].ts.Compare(m.entries[b].ts) })
}

func (m *model) finish(l *modelLane, r turn.Result) (more bool) {
	for i, key := range l.turn.keys {
		if r.State == turn.Merged {
			m.entries[key].taken = false // for the next turn
			continue
		}
		s := r.State
		if i < len(l.turn.keys)-1 && s == turn.Answered {
			s = turn.Merged
		}
		m.entries[key].outcome = string(s)
	}
	if r.Answer != "" {
		l.answers = append(l.answers, modelMessage{ts: r.AnswerTS, text: "own: " + r.Answer})
	}
	l.turn = nil
	if more = len(m.open(l)) > 0; !more {
		l.owner = ""
	}
	return more
}

func (m *model) history(c chat.Conversation) (texts []string) {
	var all []modelMessage
	for key, msg := range m.messages {
		if msg.conversation == c && !msg.deleted && !m.made[key] {
			all = append(all, *msg)
		}
	}
	if l := m.lanes[c.Key()]; l != nil {
		all = append(all, l.answers...)
	}
	slices.SortFunc(all, func(a, b modelMessage) int { return a.ts.Compare(b.ts) })
	for _, a := range all {
		texts = append(texts, a.text)
	}
	return texts
}

func runModel(t *testing.T, open func(t *testing.T) Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		defer func() {
			if err := s.Close(); err != nil {
				rt.Errorf("close: %v", err)
			}
		}()
		w := &walk{T: rt, kit: &kit{T: t, Store: s}, model: newModel()}
		rt.Repeat(map[string]func(*rapid.T){
			"append": w.append, "edit": w.edit, "delete": w.delete, "keep": w.keep,
			"join": w.join, "leave": w.leave, "claim": w.claim, "postpone": w.postpone,
			"begin": w.begin, "record": w.record, "finish": w.finish, "yield": w.yield, "renew": w.renew,
			"write": w.write, "settle": w.settle,
			"": w.compare,
		})
		if err := s.Check(t.Context()); err != nil {
			rt.Fatal(err)
		}
	})
}

// walk makes the same random calls to the store and to the model.
type walk struct {
	*rapid.T
	kit    *kit
	model  *model
	n      int // makes texts and names unique
	fences []turn.Fence
	turns  []string
}

func (w *walk) next(what string) string { w.n++; return fmt.Sprint(what, w.n) }

func (w *walk) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *walk) same(what string, got, want any) {
	w.Helper()
	if g, m := fmt.Sprint(got), fmt.Sprint(want); g != m {
		w.Fatalf("%s: the store says %s, the model %s", what, g, m)
	}
}

func (w *walk) message(t *rapid.T) (chat.Conversation, chat.TS) {
	c := direct(rapid.IntRange(1, 2).Draw(t, "conversation"))
	return c, []chat.TS{"999.000001", "1700000001.000001", "1700000001.000002", "1700000002.000000"}[rapid.IntRange(0, 3).Draw(t, "message")]
}

func (w *walk) append(t *rapid.T) {
	c, ts := w.message(t)
	work := rapid.Bool().Draw(t, "work")
	e := says(c, ts, w.next("text"))
	if !work {
		e = overhears(c, ts, e.Message.Text)
	}
	e.Rank = rapid.IntRange(0, 2).Draw(t, "rank")
	got, err := w.kit.Append(w.kit.Context(), e)
	w.must(err)
	w.same("work", got, w.model.append(c, ts, e.Message.Text, e.Rank, work))
}

func (w *walk) edit(t *rapid.T) {
	c, ts := w.message(t)
	version := rapid.IntRange(1, 3).Draw(t, "version")
	e := edits(c, ts, chat.TS(fmt.Sprintf("%d.000000", 998+version)), w.next("edit")) // crosses 1000
	_, err := w.kit.Append(w.kit.Context(), e)
	w.must(err)
	if w.model.entries[e.Key] == nil {
		w.model.entries[e.Key] = &modelEntry{ts: ts, taken: true}
		w.model.learn(c, ts, e.Message.Text, version, true)
	}
}

func (w *walk) delete(t *rapid.T) {
	c, ts := w.message(t)
	_, err := w.kit.Append(w.kit.Context(), deletes(c, ts))
	w.must(err)
	if m := w.model.messages[messageKey(c, ts)]; m != nil {
		m.deleted = true
	} else {
		w.model.messages[messageKey(c, ts)] = &modelMessage{conversation: c, ts: ts, deleted: true}
	}
}

func (w *walk) keep(t *rapid.T) {
	c, ts := w.message(t)
	version := rapid.IntRange(0, 3).Draw(t, "version")
	msg := chat.Message{Conversation: c, TS: ts, Text: w.next("kept")}
	if version > 0 {
		msg.Edited = chat.TS(fmt.Sprintf("%d.000000", 998+version))
	}
	w.must(w.kit.Keep(w.kit.Context(), c, []chat.Message{msg}, false))
	w.model.learn(c, ts, msg.Text, version, false)
}

func (w *walk) join(t *rapid.T) {
	if len(w.model.alive) >= 6 {
		t.Skip("enough replicas")
	}
	id := w.next("r")
	w.must(w.kit.Join(w.kit.Context(), id, time.Hour))
	w.model.alive[id] = true
}

func (w *walk) replica(t *rapid.T) string {
	if len(w.model.alive) == 0 {
		t.Skip("no replica")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.model.alive))).Draw(t, "replica")
}

func (w *walk) leave(t *rapid.T) {
	id := w.replica(t)
	w.must(w.kit.Leave(w.kit.Context(), id))
	w.model.alive[id] = false
	for _, l := range w.model.lanes {
		if l.owner == id {
			l.owner = ""
		}
	}
}

func (w *walk) claim(t *rapid.T) {
	id := w.replica(t)
	n := rapid.IntRange(1, 2).Draw(t, "n")
	got, err := w.kit.Claim(w.kit.Context(), id, n)
	w.must(err)
	free := w.model.claimable()
	want := min(n, len(free))
	if !w.model.alive[id] {
		want = 0
	}
	w.same("lanes claimed", len(got), want)
	for _, f := range got {
		l := w.model.lanes[f.Lane]
		if !slices.Contains(free, f.Lane) || l.owner != "" || f.Epoch <= l.epoch {
			w.Fatalf("claimed %+v; free lanes are %v, epoch was %d", f, free, l.epoch)
		}
		l.owner, l.epoch = id, f.Epoch
		w.fences = append(w.fences, f)
	}
}

// fence draws a fence, old ones too, and its lane if it is the lane's.
func (w *walk) fence(t *rapid.T) (turn.Fence, *modelLane) {
	if len(w.fences) == 0 {
		t.Skip("nothing was claimed")
	}
	f := rapid.SampledFrom(w.fences[max(0, len(w.fences)-4):]).Draw(t, "fence")
	if l := w.model.lanes[f.Lane]; l.owner == f.Owner && l.epoch == f.Epoch {
		return f, l
	}
	return f, nil
}

// running draws a fence and a turn: the lane's own, or none that it has.
func (w *walk) running(t *rapid.T) (turn.Fence, *modelLane, string) {
	f, l := w.fence(t)
	if l != nil && l.turn != nil {
		return f, l, l.turn.id
	}
	if len(w.turns) == 0 {
		t.Skip("no turn has begun")
	}
	return f, l, rapid.SampledFrom(w.turns).Draw(t, "turn")
}

// judge checks the error of a call for a turn, and tells whether it was done.
func (w *walk) judge(err error, l *modelLane) bool {
	w.Helper()
	switch {
	case l == nil:
		if !errors.Is(err, turn.ErrFenced) {
			w.Fatalf("a late owner got error %v", err)
		}
		return false
	case l.turn == nil:
		if err == nil || errors.Is(err, turn.ErrFenced) {
			w.Fatalf("the owner got error %v for a turn that its lane does not run", err)
		}
		return false
	}
	w.must(err)
	return true
}

func (w *walk) postpone(t *rapid.T) {
	f, l := w.fence(t)
	long := rapid.IntRange(0, 4).Draw(t, "long") == 0
	pause := time.Duration(0)
	if long {
		pause = time.Hour
	}
	err := w.kit.Postpone(w.kit.Context(), f, pause)
	if l == nil {
		w.judge(err, nil)
		return
	}
	w.must(err)
	l.owner, l.postponed = "", long
}

func (w *walk) begin(t *rapid.T) {
	f, l := w.fence(t)
	got, err := w.kit.Begin(w.kit.Context(), f)
	if l == nil {
		w.judge(err, nil)
		return
	}
	w.must(err)
	id := ""
	if got != nil {
		id = got.ID
	}
	fresh := l.turn == nil
	began := w.model.begin(l, id)
	w.same("begun", got != nil, began)
	if !began {
		return
	}
	if fresh {
		if slices.Contains(w.turns, id) {
			w.Fatalf("turn %s twice", id)
		}
		w.turns = append(w.turns, id)
	}
	var want []string
	for _, key := range l.turn.keys {
		want = append(want, w.model.messages[key].text)
	}
	w.same("messages", texts(got.Messages), want)
	w.same("turn", fmt.Sprint(got.ID, " ", got.Attempt, " ", got.Journal), fmt.Sprint(l.turn.id, " ", l.turn.attempt, " ", l.turn.journal))
}

func (w *walk) record(t *rapid.T) {
	f, l, id := w.running(t)
	records := []turn.Record{{Kind: turn.Position, Sequence: int64(w.n), Text: w.next("text")}, {Kind: turn.Item, Data: []byte(`{}`)}}
	if w.judge(w.kit.Record(w.kit.Context(), f, id, records...), l) {
		l.turn.journal = append(l.turn.journal, records...)
	}
}

func (w *walk) renew(t *rapid.T) {
	f, l, id := w.running(t)
	take := rapid.Bool().Draw(t, "take")
	got, err := w.kit.Renew(w.kit.Context(), f, id, take)
	if !w.judge(err, l) {
		return
	}
	if take {
		w.model.renew(l)
	}
	var want []string
	for _, key := range l.turn.keys {
		want = append(want, w.model.messages[key].text)
	}
	w.same("messages", texts(got), want)
}

func (w *walk) finish(t *rapid.T) {
	f, l, id := w.running(t)
	r := turn.Result{State: rapid.SampledFrom([]turn.State{turn.Merged, turn.Answered, turn.Stopped, turn.Failed, turn.Declined}).Draw(t, "state")}
	if rapid.Bool().Draw(t, "answer") {
		r.Answer = w.next("answer")
		r.AnswerTS = chat.TS(fmt.Sprintf("1700000001.5%05d", w.n))
	}
	more, err := w.kit.Finish(w.kit.Context(), f, id, r)
	if w.judge(err, l) {
		w.same("more", more, w.model.finish(l, r))
	}
}

func (w *walk) yield(t *rapid.T) {
	f, l, id := w.running(t)
	if w.judge(w.kit.Yield(w.kit.Context(), f, id), l) {
		l.turn.attempt--
		l.owner = ""
	}
}

func (w *walk) write(t *rapid.T) {
	f, l := w.fence(t)
	id := "turn of " + f.Lane
	n := rapid.IntRange(0, 3).Draw(t, "write")
	wr := outbox.Write{Turn: id, Key: fmt.Sprint(id, n), Op: "op", Body: []byte(w.next("body")), Replace: n%2 == 0}
	before, existed, err := w.kit.Outbox().Begin(w.kit.Context(), f, wr)
	if l == nil {
		w.judge(err, nil)
		return
	}
	w.must(err)
	row := w.model.writes[wr.Key]
	w.same("existed", existed, row != nil)
	before.At = time.Time{}
	switch {
	case row == nil:
		w.model.writes[wr.Key] = &outbox.Row{Write: wr, State: outbox.Sent}
		w.model.order[id] = append(w.model.order[id], wr.Key)
		return
	case fmt.Sprint(before) != fmt.Sprint(*row):
		w.Fatalf("before: the store says %v, the model %v", before, *row)
	case row.State != outbox.Confirmed || wr.Replace:
		*row = outbox.Row{Write: wr, State: outbox.Sent, TS: row.TS}
	}
}

func (w *walk) settle(t *rapid.T) {
	f, l := w.fence(t)
	id := "turn of " + f.Lane
	key := fmt.Sprint(id, rapid.IntRange(0, 3).Draw(t, "write"))
	state := rapid.SampledFrom([]outbox.State{outbox.Confirmed, outbox.Unknown, outbox.Failed}).Draw(t, "state")
	ts := chat.TS("")
	if state == outbox.Confirmed {
		_, ts = w.message(t)
	}
	err := w.kit.Outbox().Settle(w.kit.Context(), f, key, state, ts, "reason")
	row := w.model.writes[key]
	switch {
	case l == nil:
		w.judge(err, nil)
		return
	case row == nil:
		if err == nil {
			w.Fatal("settled a write that was not begun")
		}
		return
	}
	w.must(err)
	row.State, row.Error, row.TS = state, "reason", cmp.Or(ts, row.TS)
}

// compare looks at everything that can be read.
func (w *walk) compare(*rapid.T) {
	m := w.model
	clear(m.made)
	for key, l := range m.lanes {
		id := "turn of " + key
		rows, err := w.kit.Outbox().Rows(w.kit.Context(), id)
		w.must(err)
		w.same("writes", len(rows), len(m.order[id]))
		for i, key := range m.order[id] {
			rows[i].At = time.Time{}
			w.same("write", rows[i], *m.writes[key])
			if r := rows[i]; r.TS != "" && !r.Replace {
				m.made[messageKey(l.conversation, r.TS)] = true
			}
		}
	}
	for n := range 2 {
		c := direct(n + 1)
		history, err := w.kit.History(w.kit.Context(), c)
		w.must(err)
		var got []string
		for _, h := range history {
			if h.Own {
				h.Text = "own: " + h.Text
			}
			got = append(got, h.Text)
		}
		w.same("history", got, m.history(c))
	}
	for key, e := range m.entries {
		r, _, err := w.kit.Outcome(w.kit.Context(), key)
		w.must(err)
		got := string(r.State)
		if r.Reason != "" {
			got += "/" + r.Reason
		}
		w.same("outcome of "+key, got, e.outcome)
	}
}
