package holdfast_test

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// title VAR REGEXP: waits until the session of VAR's thread has a title that matches.
func title(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "title VAR REGEXP")
	channel, root := w.place(ts, args[0])
	re := regexp.MustCompile(strings.Join(args[1:], " "))
	is := ""
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := w.slack.Wait(ctx, func(v slacksim.View) bool {
		for _, s := range v.Sessions() {
			if s.Channel == channel && s.ThreadTS == root {
				is = s.Title
			}
		}
		return re.MatchString(is)
	})
	if err != nil {
		ts.Fatalf("the title of %s is %q, want %s\n%s", args[0], is, re, w.tail())
	}
}

// rename VAR PERSON TITLE: a person names the session of VAR's thread.
func rename(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "rename VAR PERSON TITLE")
	channel, root := w.place(ts, args[0])
	ts.Check(w.slack.Rename(w.person(ts, args[1]), channel, root, strings.Join(args[2:], " ")))
}

// invited PERSON N: waits until the person was invited to the settings so often, in
// their direct channel or by a line that only they see, and fails if it was more.
func invited(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "invited PERSON N")
	person := w.person(ts, args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	n := 0
	w.until(ts, "invitations of "+args[0], func(v slacksim.View) bool {
		n = invitations(v, person)
		return n >= want
	})
	if n > want {
		ts.Fatalf("%s was invited %d times, want %d\n%s", args[0], n, want, w.tail())
	}
}

func invitations(v slacksim.View, person string) (n int) {
	const button = `"holdfast_settings"`
	for _, e := range v.Ephemerals() {
		if e.User == person && strings.Contains(string(e.Blocks), button) {
			n++
		}
	}
	v.Walk(func(c slacksim.Channel, m slacksim.Message) {
		if c.User == person && strings.Contains(string(m.Blocks), button) {
			n++
		}
	})
	return n
}
