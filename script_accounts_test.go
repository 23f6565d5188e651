package holdfast_test

import (
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"holdfast/internal/slacksim"
)

// idle [TEXT]: waits until every thread that people wrote in (TEXT) has an answer
// after its last message, none is being written, and no session is at work.
func idle(ts *testscript.TestScript, w *world, args []string) {
	type key struct{ channel, root string }
	last := map[key]string{}
	for _, m := range w.sent {
		if strings.Contains(m.text, strings.Join(args, " ")) {
			last[key{m.channel, m.root}] = m.ts
		}
	}
	// Only what is still open is looked at again, and all of it at the end: the
	// look holds the simulator up.
	open := maps.Clone(last)
	w.until(ts, "every thread answered", func(v slacksim.View) bool {
		maps.DeleteFunc(open, func(k key, at string) bool { return settled(v, k.channel, k.root, at) })
		if len(open) > 0 {
			return false
		}
		for k, at := range last {
			if !settled(v, k.channel, k.root, at) {
				open[k] = at
			}
		}
		return len(open) == 0
	})
}

func settled(v slacksim.View, channel, root, last string) bool {
	own := answers(v, channel, root)
	if len(own) == 0 || slices.ContainsFunc(own, func(m slacksim.Message) bool { return !done(m) }) {
		return false
	}
	if s, ok := v.Session(channel, root); ok && s.Status == "processing" {
		return false
	}
	// Slack's ts of one channel sort as strings: they are equally long.
	return own[len(own)-1].TS > last
}

// credited COUNT [TEXT]: COUNT messages of people (with TEXT) were answered, each
// by a turn that names it.
func credited(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "credited COUNT [TEXT]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	db, err := openBooks(ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer db.Close()
	n := 0
	w.poll(ts, func() string { return fmt.Sprintf("%d messages are credited, want %d", n, want) }, func() bool {
		n = 0
		for _, m := range w.sent {
			if !strings.Contains(m.text, strings.Join(args[1:], " ")) {
				continue
			}
			var answered int
			ts.Check(db.QueryRow(`SELECT count(*) FROM outcomes o JOIN inbox i ON i.id = o.entry JOIN turns t ON t.id = o.turn
				WHERE i.key = ? AND i.turn = t.id AND t.state = 'answered' AND o.outcome IN ('answered', 'merged')`, m.key()).Scan(&answered))
			n += answered
		}
		return n >= want
	})
	if n != want {
		ts.Fatalf("%d messages are credited, want %d", n, want)
	}
}

// poll looks again and again at what cannot signal us.
func (w *world) poll(ts *testscript.TestScript, what func() string, ok func() bool) {
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s\n%s", what(), w.tail())
		}
	}
}

// all TEXT REGEXP: all answers in the threads of messages with TEXT match.
func all(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "all TEXT REGEXP")
	re := regexp.MustCompile("(?s)" + args[1])
	n := 0
	w.slack.Look(func(v slacksim.View) {
		for _, m := range w.sent {
			if !strings.Contains(m.text, args[0]) {
				continue
			}
			for _, a := range answers(v, m.channel, m.root) {
				if n++; !re.MatchString(a.Shown()) {
					ts.Fatalf("an answer to %q does not match %q: %q", m.text, args[1], a.Shown())
				}
			}
		}
	})
	if n == 0 {
		ts.Fatalf("nobody wrote %q", args[0])
	}
}

// signs VAR MOST: from the message of VAR on, the assistant never went longer than
// MOST without writing something in its thread.
func signs(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "signs VAR MOST")
	_, root := w.place(ts, args[0])
	most, err := time.ParseDuration(args[1])
	ts.Check(err)
	sent, err := strconv.ParseFloat(root, 64)
	ts.Check(err)
	last := time.UnixMicro(int64(sent * 1e6))
	for _, c := range w.slack.Calls() {
		if !c.OK || !strings.Contains(string(c.Args), root) {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, c.At)
		ts.Check(err)
		if at.Sub(last) > most {
			ts.Fatalf("nothing for %s before %s at %s", at.Sub(last), c.Method, c.At)
		}
		last = at
	}
}

// called METHOD N: waits until Slack was asked so often, by whomever.
func called(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "called METHOD N")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	w.until(ts, "calls of "+args[0], func(v slacksim.View) bool { return len(v.Calls(args[0])) >= n })
}

// channel NAME…: new channels, with Ada and the assistant in them.
func channel(ts *testscript.TestScript, w *world, args []string) {
	var bot string
	w.slack.Look(func(v slacksim.View) { bot = v.App().BotUserID })
	for _, name := range args {
		_, err := w.slack.AddChannel(name, w.person(ts, "Ada"), bot)
		ts.Check(err)
	}
}

// group VAR PERSON PERSON…: a direct channel of several people and the assistant.
// VAR is its id.
func group(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "group VAR PERSON PERSON…")
	var with []string
	w.slack.Look(func(v slacksim.View) { with = append(with, v.App().BotUserID) })
	for _, name := range args[2:] {
		with = append(with, w.person(ts, name))
	}
	id, err := w.slack.OpenDM(w.person(ts, args[1]), with...)
	ts.Check(err)
	ts.Setenv(args[0], id)
}

// accounts stops holdfast and checks the books: each message that people wrote
// has exactly one outcome; each turn's answer stands in Slack once, in its
// messages' thread, whole, and in the order of what it answers. Where Slack
// delivered a message only after a later one's turn had begun, that turn may
// stand before it.
func accounts(ts *testscript.TestScript, w *world, _ []string) {
	db, err := openBooks(ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer db.Close()
	w.rest(ts, db)
	ts.Check(w.stopAll(syscall.SIGTERM))

	turns := map[string][]sent{} // the messages that each turn credits
	for _, m := range w.sent {
		rows, err := db.Query(`SELECT COALESCE(o.turn, ''), o.outcome FROM outcomes o JOIN inbox i ON i.id = o.entry
			WHERE i.key = ?`, m.key())
		ts.Check(err)
		n := 0
		for rows.Next() {
			var id, outcome string
			ts.Check(rows.Scan(&id, &outcome))
			if id != "" { // else it was the word that stopped others, or was taken back
				turns[id] = append(turns[id], m)
			}
			n++
		}
		ts.Check(rows.Err())
		ts.Check(rows.Close())
		if n != 1 {
			ts.Fatalf("%q (%s) has %d outcomes, want one\n%s", m.text, m.ts, n, w.tail())
		}
	}
	count := func(query string) (n int) {
		ts.Check(db.QueryRow(query).Scan(&n))
		return n
	}
	if n := count(`SELECT count(*) FROM turns WHERE finished IS NULL`); n != 0 {
		ts.Fatalf("%d turns are not finished", n)
	}
	if n := count(`SELECT count(*) FROM lanes WHERE owner IS NOT NULL OR pending <> 0`); n != 0 {
		ts.Fatalf("%d lanes are owned or have work", n)
	}
	w.slack.Look(func(v slacksim.View) { w.compare(ts, v, db, turns) })
}

// books is the database of a scenario, of either kind.
type books struct {
	*sql.DB
	postgres bool
}

func openBooks(url string) (books, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
		return books{db, false}, err
	}
	db, err := sql.Open("pgx", url)
	return books{db, true}, err
}

// fit numbers the arguments of a query for PostgreSQL.
func (b books) fit(query string) string {
	for n := 1; b.postgres && strings.Contains(query, "?"); n++ {
		query = strings.Replace(query, "?", "$"+strconv.Itoa(n), 1)
	}
	return query
}

func (b books) Query(query string, args ...any) (*sql.Rows, error) {
	return b.DB.Query(b.fit(query), args...)
}

func (b books) QueryRow(query string, args ...any) *sql.Row {
	return b.DB.QueryRow(b.fit(query), args...)
}

// rest waits until every message has an outcome and no lane has work: what a
// person sees may be there before its outcome is stored, and what was written
// while nobody was connected may not be here yet.
func (w *world) rest(ts *testscript.TestScript, db books) {
	var busy, acts int
	open := ""
	w.poll(ts, func() string {
		return fmt.Sprintf("%d lanes still have work, %q has no outcome, %d clicks and the like are not done", busy, open, acts)
	}, func() bool {
		ts.Check(db.QueryRow(`SELECT count(*) FROM acts`).Scan(&acts))
		ts.Check(db.QueryRow(`SELECT count(*) FROM lanes WHERE owner IS NOT NULL OR pending <> 0`).Scan(&busy))
		if open = ""; busy == 0 {
			open = w.withoutOutcome(ts, db)
		}
		return busy == 0 && open == "" && acts == 0
	})
}

// withoutOutcome is the text of a message that has none, or empty.
func (w *world) withoutOutcome(ts *testscript.TestScript, db books) string {
	rows, err := db.Query(`SELECT i.channel || '/' || i.ts FROM outcomes o JOIN inbox i ON i.id = o.entry WHERE i.kind = 'message'`)
	ts.Check(err)
	defer rows.Close()
	settled := map[string]bool{}
	for rows.Next() {
		var at string
		ts.Check(rows.Scan(&at))
		settled[at] = true
	}
	ts.Check(rows.Err())
	for _, m := range w.sent {
		if !settled[m.channel+"/"+m.ts] {
			return m.text
		}
	}
	return ""
}

// compare holds what Slack shows against the turns.
func (w *world) compare(ts *testscript.TestScript, v slacksim.View, db books, turns map[string][]sent) {
	type place struct{ channel, root string }
	visible := map[place][]string{} // ts of our messages
	known := map[place][]string{}   // ts that the outbox knows, in the order of their turns
	ids := make([]string, 0, len(turns))
	for id := range turns {
		ids = append(ids, id)
	}
	slices.Sort(ids) // they are in the order of the turns' beginning
	w.ordered(ts, db, turns, ids)
	for id, m := range besides(ts, db) {
		if _, known := turns[id]; !known {
			ids, turns[id] = append(ids, id), []sent{m}
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		first := turns[id][0]
		p := place{first.channel, first.root}
		if _, ok := visible[p]; !ok {
			for _, m := range answers(v, p.channel, p.root) {
				if !done(m) {
					ts.Fatalf("the answer %s is still being written", m.TS)
				}
				visible[p] = append(visible[p], m.TS)
			}
		}
		for _, m := range turns[id] {
			if (place{m.channel, m.root}) != p {
				ts.Fatalf("turn %s credits messages of two threads", id)
			}
		}
		known[p] = append(known[p], messagesOf(ts, db, id)...)
	}
	for p, want := range known {
		if got := visible[p]; !slices.Equal(got, want) {
			ts.Fatalf("thread %s/%s shows the answers %v; the turns made, in their order, %v", p.channel, p.root, got, want)
		}
	}
	if left := leftSigns(v); len(left) > 0 {
		ts.Fatalf("signs of life are left: %v", left)
	}
}

// besides are the turns that have an answer in their thread and credit no message in
// Slack: those that gave theirs on to the next one, and those of a click.
func besides(ts *testscript.TestScript, db books) map[string]sent {
	rows, err := db.Query(`SELECT id, lane FROM turns t WHERE state = 'merged' OR EXISTS (SELECT 1 FROM inbox i WHERE i.turn = t.id AND i.key LIKE 'w/%')`)
	ts.Check(err)
	defer rows.Close()
	all := map[string]sent{}
	for rows.Next() {
		var id, lane string
		ts.Check(rows.Scan(&id, &lane))
		key := strings.Split(lane, "/")
		all[id] = sent{channel: key[1], root: key[2]}
	}
	ts.Check(rows.Err())
	return all
}

// ordered checks that no message was passed over: one that was stored before the
// messages of a turn is not answered after it, unless it is older.
func (w *world) ordered(ts *testscript.TestScript, db books, turns map[string][]sent, ids []string) {
	type seen struct {
		newest sent
		stored int
	}
	before := map[string][]seen{} // by thread
	for _, id := range ids {
		s := seen{newest: turns[id][0]}
		thread := s.newest.channel + "/" + s.newest.root
		for _, m := range turns[id] {
			var row int
			ts.Check(db.QueryRow(`SELECT id FROM inbox WHERE key = ?`, m.key()).Scan(&row))
			for _, early := range before[thread] {
				if early.newest.ts > m.ts && row < early.stored {
					ts.Fatalf("%q was stored when the turn of %q began, and was passed over", m.text, early.newest.text)
				}
			}
			s.stored = max(s.stored, row)
			if m.ts > s.newest.ts {
				s.newest = m
			}
		}
		before[thread] = append(before[thread], s)
	}
}

// messagesOf are the Slack messages that a turn made and did not take away.
func messagesOf(ts *testscript.TestScript, db books, turn string) []string {
	rows, err := db.Query(`SELECT o.ts FROM outbox o WHERE o.turn = ? AND o.state = 'confirmed'
		AND o.op IN ('chat.postMessage', 'chat.startStream')
		AND NOT EXISTS (SELECT 1 FROM outbox d WHERE d.turn = o.turn AND d.op = 'chat.delete' AND d.ts = o.ts AND d.state = 'confirmed')
		ORDER BY o.seq`, turn)
	ts.Check(err)
	defer rows.Close()
	var made []string
	for rows.Next() {
		var at string
		ts.Check(rows.Scan(&at))
		made = append(made, at)
	}
	ts.Check(rows.Err())
	return made
}
