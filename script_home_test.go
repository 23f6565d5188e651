package holdfast_test

import (
	"context"
	"regexp"
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
