package holdfast_test

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// arrive VAR NAME CHANNEL: a new person, in a channel. VAR is their id.
func arrive(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "arrive VAR NAME CHANNEL")
	id, err := w.slack.AddUser(strings.ToLower(args[1]), args[1], "")
	ts.Check(err)
	ts.Check(w.slack.Join(id, args[2]))
	ts.Setenv(args[0], id)
}

// guest NAME: makes somebody a guest of the workspace.
func guest(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "guest NAME")
	ts.Check(w.slack.Change(w.person(ts, args[0]), func(u *slacksim.User) { u.Guest = true }))
}

// stranger NAME: makes somebody a person of another organisation.
func stranger(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "stranger NAME")
	ts.Check(w.slack.Change(w.person(ts, args[0]), func(u *slacksim.User) { u.Team = "T0ELSEWHERE" }))
}

// whisper NAME REGEXP [COUNT]: waits until a line that only NAME sees matches, and
// there are COUNT of such lines to them (default 1).
func whisper(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "whisper NAME REGEXP [COUNT]")
	id, re, want := w.person(ts, args[0]), regexp.MustCompile(args[1]), 1
	if len(args) > 2 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		want = n
	}
	w.until(ts, "a line for "+args[0]+" like "+args[1], func(v slacksim.View) bool {
		n, matched := 0, false
		for _, e := range v.Ephemerals() {
			if e.User == id {
				n++
				matched = matched || re.MatchString(e.Text)
			}
		}
		return matched && n == want
	})
}

// outcome VAR OUTCOME [REASON]: waits until the message of VAR ended so.
func outcome(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "outcome VAR OUTCOME [REASON]")
	channel, at := w.place(ts, args[0])
	db, err := openBooks(ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer db.Close()
	got, why := "none", ""
	w.poll(ts, func() string { return "the outcome is " + got + " " + why + ", want " + args[1] }, func() bool {
		err := db.QueryRow(`SELECT o.outcome, o.reason FROM outcomes o JOIN inbox i ON i.id = o.entry
			WHERE i.channel = ? AND i.ts = ? AND i.kind = 'message'`, channel, at).Scan(&got, &why)
		return err == nil
	})
	if got != args[1] || len(args) > 2 && why != args[2] {
		ts.Fatalf("the outcome is %s %q, want %v", got, why, args[1:])
	}
}
