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

// open PERSON TAB: a person opens the app, its messages or its home.
func openApp(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "open PERSON messages | home")
	person := w.person(ts, args[0])
	if args[1] == "home" {
		ts.Check(w.slack.OpenHome(person))
		return
	}
	dm, err := w.slack.OpenDM(person, w.bot())
	ts.Check(err)
	ts.Check(w.slack.Open(person, dm))
}

func (w *world) bot() (id string) {
	w.slack.Look(func(v slacksim.View) { id = v.App().BotUserID })
	return id
}

// look PERSON CHANNEL: a person looks at a channel.
func lookAt(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "look PERSON CHANNEL")
	ts.Check(w.slack.Open(w.person(ts, args[0]), args[1]))
}

// prompts PERSON COUNT REGEXP: waits until so many prompts are suggested to a person,
// and one of them matches.
func prompts(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "prompts PERSON COUNT REGEXP")
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	re := regexp.MustCompile(strings.Join(args[2:], " "))
	dm, err := w.slack.OpenDM(w.person(ts, args[0]), w.bot())
	ts.Check(err)
	w.until(ts, "prompts for "+args[0], func(v slacksim.View) bool {
		c, _ := v.Channel(dm)
		matched := count == 0
		for _, p := range c.Prompts {
			matched = matched || re.MatchString(p.Title+"\n"+p.Message)
		}
		return len(c.Prompts) == count && matched
	})
}

// home PERSON REGEXP: waits until a person's Home tab says something.
func homeTab(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "home PERSON REGEXP")
	person, re := w.person(ts, args[0]), regexp.MustCompile(strings.Join(args[1:], " "))
	says := ""
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.slack.Wait(ctx, func(v slacksim.View) bool { says = onHome(v, person); return re.MatchString(says) }); err != nil {
		ts.Fatalf("the Home tab of %s says %s, want %s\n%s", args[0], says, re, w.tail())
	}
}

// hidden PERSON REGEXP: waits until nothing of it is on a person's Home tab.
func hidden(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "hidden PERSON REGEXP")
	person, re := w.person(ts, args[0]), regexp.MustCompile(strings.Join(args[1:], " "))
	w.until(ts, "a Home tab of "+args[0]+" without "+re.String(), func(v slacksim.View) bool { return !re.MatchString(onHome(v, person)) })
}

// onHome are all texts of a person's Home tab.
func onHome(v slacksim.View, person string) string {
	view, ok := v.Home(person)
	if !ok {
		return ""
	}
	var texts []string
	for _, m := range regexp.MustCompile(`"(?:text|fallback)":("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(string(view.Blocks), -1) {
		text, err := strconv.Unquote(m[1])
		if err != nil {
			text = m[1]
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}
