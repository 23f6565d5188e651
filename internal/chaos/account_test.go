package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// history is a run that went well: two threads, an answer to two messages at once,
// an edit, a message that was taken back, a stop, a failure, and a last message each.
func history() Evidence {
	const c = "C1"
	letter := func(n int, root string, ts string) Letter {
		return Letter{N: n, User: "U1", Channel: c, Root: root, TS: ts, Version: 1}
	}
	e := Evidence{
		Letters: []Letter{
			letter(1, "100.000000", "100.000000"), letter(2, "100.000000", "102.000000"), letter(3, "100.000000", "103.000000"),
			letter(4, "100.000000", "105.000000"), letter(5, "100.000000", "107.000000"), letter(6, "100.000000", "109.000000"),
			letter(7, "200.000000", "200.000000"), letter(8, "200.000000", "202.000000"),
		},
		Faults: []Fault{{Kind: kill}, {Kind: model, Form: "F6"}, {Kind: stop}},
		Books:  Books{Editions: map[place]int{{c, "102.000000"}: 1}},
		Scene:  Scene{Threads: map[place][]Shown{}},
	}
	e.Letters[1].Version = 2
	e.Letters[3].Deleted = true
	e.Letters[4].Stopped = true
	e.Letters[5].Last, e.Letters[7].Last = true, true
	add := func(id, state, reason, at, root, text, notice string, on ...string) {
		t := Turn{ID: id, Lane: "T/" + c + "/" + root, State: state, Reason: reason, Answer: text, AnswerTS: at, Finished: 1, Made: []string{at}}
		for i, ts := range on {
			outcome := state
			if state == "answered" && i < len(on)-1 {
				outcome = "merged"
			}
			e.Books.Entries = append(e.Books.Entries, Entry{c, ts, outcome, id, reason})
		}
		e.Books.Turns = append(e.Books.Turns, t)
		e.Scene.Threads[place{c, root}] = append(e.Scene.Threads[place{c, root}], Shown{TS: at, Text: text + "\n" + notice})
	}
	a1 := answer([]string{"m000001.1"})
	add("t1", "answered", "", "101.000000", "100.000000", a1, "", "100.000000")
	a2 := answer([]string{"m000001.1", linkOf(a1), "m000002.1", "m000003.1"})
	add("t2", "answered", "", "104.000000", "100.000000", a2, "", "102.000000", "103.000000")
	e.Books.Entries = append(e.Books.Entries, Entry{c, "105.000000", "declined", "", "deleted"})
	add("t3", "stopped", "person", "108.000000", "100.000000", "Holding on", "Stopped.", "107.000000")
	a4 := answer([]string{"m000001.1", linkOf(a1), "m000002.2", "m000003.1", linkOf(a2), "m000005.1", "m000006.1"})
	add("t4", "answered", "", "110.000000", "100.000000", a4, "", "109.000000")
	add("t5", "failed", "stalled", "201.000000", "200.000000", "Holding", "It fell silent. (turn t5)", "200.000000")
	a6 := answer([]string{"m000007.1", "m000008.1"})
	add("t6", "answered", "", "203.000000", "200.000000", a6, "", "202.000000")
	return e
}

func (e *Evidence) turn(id string) *Turn {
	for i := range e.Books.Turns {
		if e.Books.Turns[i].ID == id {
			return &e.Books.Turns[i]
		}
	}
	panic(id)
}

func (e *Evidence) shown(ts string) *Shown {
	for at, list := range e.Scene.Threads {
		for i := range list {
			if list[i].TS == ts {
				return &e.Scene.Threads[at][i]
			}
		}
	}
	panic(ts)
}

// tell makes a turn's answer another one, in the store and in Slack.
func (e *Evidence) tell(id string, list ...string) {
	t := e.turn(id)
	t.Answer = answer(list)
	e.shown(t.AnswerTS).Text = t.Answer
}

func TestCleanHistory(t *testing.T) {
	if found := Account(history()); len(found) > 0 {
		t.Errorf("%v", found)
	}
}

// Each of these histories breaks one promise, and the accounts name it.
func TestBrokenHistories(t *testing.T) {
	links := func() (a1, a2 string) {
		e := history()
		return linkOf(e.turn("t1").Answer), linkOf(e.turn("t2").Answer)
	}
	a1, a2 := links()
	main := place{"C1", "100.000000"}
	for name, c := range map[string]struct {
		rule  string
		spoil func(e *Evidence)
	}{
		"a message that is not in the store": {"lost", func(e *Evidence) { e.Books.Entries = e.Books.Entries[1:] }},
		"a message without an outcome":       {"outcome", func(e *Evidence) { e.Books.Entries[0].Outcome, e.Books.Entries[0].Turn = "", "" }},
		"a message with two outcomes":        {"outcome", func(e *Evidence) { e.Books.Entries = append(e.Books.Entries, e.Books.Entries[0]) }},
		"an outcome of no turn":              {"outcome", func(e *Evidence) { e.Books.Entries[0].Turn = "t9" }},
		"a failure that nothing explains":    {"outcome", func(e *Evidence) { e.Faults = e.Faults[:1] }},
		"a failure of our own":               {"outcome", func(e *Evidence) { e.Books.Entries[6].Reason = "internal" }},
		"a stop that nobody asked for":       {"outcome", func(e *Evidence) { e.Letters[4].Stopped = false }},
		"a message declined for nothing":     {"outcome", func(e *Evidence) { e.Letters[3].Deleted = false }},
		"a last message that failed":         {"outcome", func(e *Evidence) { e.Letters[6].Last = true }},
		"a turn that is not finished":        {"lease", func(e *Evidence) { e.turn("t6").Finished = 0 }},
		"a lane that is owned":               {"lease", func(e *Evidence) { e.Books.Busy = []string{"T/C1/1"} }},
		"a write that is under way":          {"outbox", func(e *Evidence) { e.Books.Pending = []string{"t1/1/create"} }},
		"a reaction that was left":           {"sign", func(e *Evidence) { e.Scene.Working = []string{"eyes"} }},
		"a stream that was left open":        {"sign", func(e *Evidence) { e.shown("101.000000").Open = true }},
		"a message of no turn": {"double", func(e *Evidence) {
			e.Scene.Threads[main] = append(e.Scene.Threads[main], Shown{TS: "111.000000", Text: "again"})
		}},
		"an answer that stands twice": {"double", func(e *Evidence) {
			e.Scene.Threads[main] = slices.Insert(e.Scene.Threads[main], 1, Shown{TS: "101.500000", Text: e.turn("t1").Answer})
		}},
		"an answer that is gone":             {"double", func(e *Evidence) { e.Scene.Threads[main] = e.Scene.Threads[main][1:] }},
		"a message beside all threads":       {"double", func(e *Evidence) { e.Scene.Orphans = []string{"C1/111.000000"} }},
		"an answer that is cut in Slack":     {"text", func(e *Evidence) { s := e.shown("101.000000"); s.Text = s.Text[:len(s.Text)/2] }},
		"a piece that stands twice in Slack": {"text", func(e *Evidence) { s := e.shown("101.000000"); s.Text = s.Text[:90] + s.Text[60:] }},
		"an answer to another message":       {"text", func(e *Evidence) { e.shown("101.000000").Text = e.turn("t6").Answer }},
		"a failure that Slack does not show": {"silent", func(e *Evidence) { e.shown("201.000000").Text = "Holding" }},
		"a stop that Slack does not show":    {"silent", func(e *Evidence) { e.shown("108.000000").Text = "Holding on" }},
		"an answer that the model never gave": {"chain", func(e *Evidence) {
			t := e.turn("t1")
			t.Answer = strings.Replace(t.Answer, "Holding on", "Holding on on", 1)
			e.shown("101.000000").Text = t.Answer
		}},
		"a lost message":                     {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", a1, "m000003.1") }},
		"a message sent twice":               {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", a1, "m000002.1", "m000002.1", "m000003.1") }},
		"messages in another order":          {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", a1, "m000003.1", "m000002.1") }},
		"an answer lost from the transcript": {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", "m000002.1", "m000003.1") }},
		"an answer twice in the transcript":  {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", a1, a1, "m000002.1", "m000003.1") }},
		"another answer in the transcript":   {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", link(nil), "m000002.1", "m000003.1") }},
		"an answer in the place of another": {"chain", func(e *Evidence) {
			e.tell("t4", "m000001.1", a2, "m000002.2", "m000003.1", a1, "m000005.1", "m000006.1")
		}},
		"a message of another thread": {"chain", func(e *Evidence) { e.tell("t6", "m000007.1", "m000001.1", "m000008.1") }},
		"an edit that was not heard of": {"chain", func(e *Evidence) {
			e.tell("t4", "m000001.1", a1, "m000002.1", "m000003.1", a2, "m000005.1", "m000006.1")
		}},
		"an edition that there never was": {"chain", func(e *Evidence) { e.tell("t2", "m000001.1", a1, "m000002.3", "m000003.1") }},
		"an earlier edition after a later one": {"chain", func(e *Evidence) {
			e.Books.Editions, e.Letters[1].Version = nil, 3
			e.tell("t2", "m000001.1", a1, "m000002.3", "m000003.1")
		}},
		"a turn for nobody": {"double", func(e *Evidence) {
			e.Books.Turns = append(e.Books.Turns, Turn{ID: "t9", Lane: "T/C1/300.000000", State: "answered", Finished: 1})
		}},
		"a turn of two threads": {"outcome", func(e *Evidence) { e.Books.Entries[6].Turn = "t4" }},
	} {
		t.Run(name, func(t *testing.T) {
			e := history()
			c.spoil(&e)
			found := Account(e)
			if !slices.ContainsFunc(found, func(v Violation) bool { return v.Rule == c.rule }) {
				t.Errorf("found %v, want a violation of the rule %q", found, c.rule)
			}
		})
	}
}

// What may be otherwise, and is no violation.
func TestAllowedHistories(t *testing.T) {
	for name, change := range map[string]func(e *Evidence){
		"a message that is heard of before its turn": func(e *Evidence) {
			a1 := linkOf(e.turn("t1").Answer)
			e.tell("t2", "m000001.1", a1, "m000005.1", "m000002.1", "m000003.1")
			e.tell("t4", "m000001.1", a1, "m000002.2", "m000003.1", linkOf(e.turn("t2").Answer), "m000005.1", "m000006.1")
		},
		"a message that was sent before it was taken back": func(e *Evidence) {
			a1, a2 := linkOf(e.turn("t1").Answer), linkOf(e.turn("t2").Answer)
			e.tell("t4", "m000001.1", a1, "m000002.2", "m000003.1", a2, "m000004.1", "m000005.1", "m000006.1")
		},
		"a stop that met what waited": func(e *Evidence) {
			a1 := linkOf(e.turn("t1").Answer)
			e.tell("t2", "m000001.1", a1, "m000002.1")
			t := e.turn("t2")
			t.State = "stopped"
			e.shown(t.AnswerTS).Text += "\nStopped."
			e.Books.Entries[1].Outcome, e.Books.Entries[2].Outcome = "stopped", "stopped"
			e.tell("t4", "m000001.1", a1, "m000002.2", "m000003.1", linkOf(t.Answer), "m000005.1", "m000006.1")
		},
		"an interrupted turn for a message that came late": func(e *Evidence) {
			a1 := linkOf(e.turn("t1").Answer)
			e.tell("t2", "m000001.1", a1, "m000003.1")
			a2 := linkOf(e.turn("t2").Answer)
			e.Books.Entries[1] = Entry{"C1", "102.000000", "merged", "t4", ""} // heard of after t2
			e.tell("t3", "m000001.1", a1, "m000003.1", a2, "m000005.1", "m000002.1")
			t := e.turn("t3")
			t.State, t.Reason = "merged", "interrupted"
			e.Books.Entries[4] = Entry{"C1", "107.000000", "merged", "t4", ""}
			e.tell("t4", "m000001.1", a1, "m000003.1", a2, "m000002.2", "m000005.1", linkOf(t.Answer), "m000006.1")
		},
		"a stop that met what was heard of": func(e *Evidence) {
			a1 := linkOf(e.turn("t1").Answer)
			e.tell("t2", "m000001.1", a1, "m000003.1", "m000002.1")
			t := e.turn("t2")
			t.State = "stopped"
			e.shown(t.AnswerTS).Text += "\nStopped."
			e.Books.Entries[1].Outcome, e.Books.Entries[2].Outcome = "stopped", "stopped"
			e.tell("t4", "m000001.1", a1, "m000002.2", "m000003.1", linkOf(t.Answer), "m000005.1", "m000006.1")
		},
		"an answer that a newer message interrupted": func(e *Evidence) {
			a1 := linkOf(e.turn("t1").Answer)
			e.tell("t2", "m000001.1", a1, "m000002.1", "m000003.1")
			t := e.turn("t2")
			t.State, t.Reason = "merged", "interrupted"
			e.shown(t.AnswerTS).Text += "\nInterrupted by a newer message."
			e.Books.Entries[1].Turn, e.Books.Entries[2].Turn, e.Books.Entries[2].Outcome = "t4", "t4", "merged"
			e.tell("t4", "m000001.1", a1, "m000002.2", "m000003.1", linkOf(t.Answer), "m000006.1")
			e.Letters[4].Deleted = true // its turn was stopped: it is in the middle of all this
		},
		"an edit that Slack never told of": func(e *Evidence) {
			a1, a2 := linkOf(e.turn("t1").Answer), linkOf(e.turn("t2").Answer)
			e.Books.Editions = nil
			e.tell("t4", "m000001.1", a1, "m000002.1", "m000003.1", a2, "m000005.1", "m000006.1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := history()
			change(&e)
			if found := Account(e); len(found) > 0 {
				t.Errorf("found %v", found)
			}
		})
	}
}

// The list of a conversation is what the model was sent, whatever stands around
// the marks; a cut answer has no link.
func TestChain(t *testing.T) {
	list := []string{"m000001.1", "a0123456789", "m000002.2"}
	text := answer(list)
	if got := listOf(text); !slices.Equal(got, list) {
		t.Errorf("the list of its answer is %v", got)
	}
	if linkOf(text) != link(list) || linkOf(text[:len(text)-3]) != "" {
		t.Errorf("links %q and %q, want %q and none", linkOf(text), linkOf(text[:len(text)-3]), link(list))
	}
	if link(list) == link(list[1:]) || answer(list) == answer(list[1:]) {
		t.Error("two lists with one link")
	}
	for n := range 300 { // some are long
		a := answer([]string{fmt.Sprint("m", n)})
		if !strings.HasSuffix(a, ".") || listOf(a) == nil {
			t.Fatalf("answer %d: %q", n, a)
		}
	}
}
