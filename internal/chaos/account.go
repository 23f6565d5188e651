package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Violation is a promise that was not kept.
type Violation struct {
	Rule string `json:"rule"` // of which kind it is
	What string `json:"what"`
}

func (v Violation) String() string { return v.Rule + ": " + v.What }

// Letter is a message that a person wrote, as it is at the end.
type Letter struct {
	N       int    `json:"n"`
	Thread  int    `json:"thread"`
	User    string `json:"user"`
	Channel string `json:"channel"`
	Root    string `json:"root"`
	TS      string `json:"ts"`
	Version int    `json:"version"` // edits and one
	Deleted bool   `json:"deleted,omitempty"`
	Stopped bool   `json:"stopped,omitempty"` // somebody wanted its answer stopped
	Last    bool   `json:"last,omitempty"`    // written when all faults had ended
}

// place is a thread.
type place struct{ Channel, Root string }

func (l Letter) place() place { return place{l.Channel, l.Root} }

// Books is what the store says.
type Books struct {
	Entries  []Entry
	Turns    []Turn
	Busy     []string      // lanes that are owned or have work
	Pending  []string      // writes to Slack whose outcome nobody looked up
	Editions map[place]int // stored edits, by channel and ts of the message
}

// Entry is one outcome of a message; a message without any has one with none.
type Entry struct {
	Channel, TS           string
	Outcome, Turn, Reason string
}

// Turn is one turn, with the Slack messages that it made and left.
type Turn struct {
	ID, Lane, State, Reason string
	Answer, AnswerTS        string
	Finished                int64 // milliseconds since 1970; 0: not
	Made                    []string
}

// Scene is what Slack shows.
type Scene struct {
	Threads map[place][]Shown // the assistant's messages
	Working []string          // signs of work that are still there
	Orphans []string          // messages of the assistant outside all threads of the letters
}

// place is the thread of the turn, by its lane: team, channel and root.
func (t *Turn) place() place {
	parts := strings.Split(t.Lane, "/")
	if len(parts) != 3 {
		return place{}
	}
	return place{parts[1], parts[2]}
}

// Shown is one message of the assistant.
type Shown struct {
	TS, Text string
	Open     bool // a stream in progress
}

// Evidence is all that the accounts are drawn from.
type Evidence struct {
	Letters []Letter
	Faults  []Fault // that took place
	Books   Books
	Scene   Scene
}

// account is the check of one run's evidence.
type account struct {
	Evidence
	found   []Violation
	kinds   map[string]bool      // of the faults
	letters map[place]*Letter    // by channel and ts
	entries map[place][]Entry    // by channel and ts
	turns   map[string]*Turn     // by id
	credits map[string][]*Letter // what a turn was for
	threads map[place][]*Letter  // by thread
	runs    map[place][]*Turn    // by thread, in their order
}

// Account checks the books against what people wrote, and what Slack shows
// against the books.
func Account(e Evidence) []Violation {
	a := &account{Evidence: e, kinds: map[string]bool{}, letters: map[place]*Letter{}, entries: map[place][]Entry{}, turns: map[string]*Turn{},
		credits: map[string][]*Letter{}, threads: map[place][]*Letter{}, runs: map[place][]*Turn{}}
	for _, f := range e.Faults {
		a.kinds[f.Kind] = true
	}
	for i := range e.Books.Turns {
		t := &e.Books.Turns[i]
		a.turns[t.ID] = t
		at := t.place()
		a.runs[at] = append(a.runs[at], t)
	}
	for _, x := range e.Books.Entries {
		at := place{x.Channel, x.TS}
		a.entries[at] = append(a.entries[at], x)
	}
	for i := range e.Letters {
		l := &e.Letters[i]
		a.letters[place{l.Channel, l.TS}] = l
		a.threads[l.place()] = append(a.threads[l.place()], l)
	}
	for i := range e.Letters {
		a.outcome(&e.Letters[i])
	}
	a.rest()
	for _, at := range sortedPlaces(a.threads) {
		a.thread(at)
		delete(a.runs, at)
	}
	for _, at := range sortedPlaces(a.runs) {
		a.say("double", "the turn %s is for a conversation in which nobody wrote: %s/%s", a.runs[at][0].ID, at.Channel, at.Root)
	}
	return a.found
}

func sortedPlaces[V any](m map[place]V) []place {
	all := make([]place, 0, len(m))
	for at := range m {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Channel, b.Channel)) })
	return all
}

func (a *account) say(rule, format string, args ...any) {
	a.found = append(a.found, Violation{rule, fmt.Sprintf(format, args...)})
}

// outcome: each message has exactly one, and one that something explains.
func (a *account) outcome(l *Letter) {
	entries := a.entries[place{l.Channel, l.TS}]
	if len(entries) == 0 && l.Deleted {
		return // taken back before anybody was connected: Slack's histories do not have it
	}
	if len(entries) == 0 {
		a.say("lost", "message %d (%s/%s) is not in the store", l.N, l.Channel, l.TS)
		return
	}
	if len(entries) != 1 || entries[0].Outcome == "" {
		n := len(entries)
		if entries[0].Outcome == "" {
			n--
		}
		a.say("outcome", "message %d (%s/%s) has %d outcomes, want one", l.N, l.Channel, l.TS, n)
		return
	}
	e := entries[0]
	if e.Turn != "" {
		t := a.turns[e.Turn]
		if t == nil {
			a.say("outcome", "message %d is credited to the turn %s, which there is not", l.N, e.Turn)
			return
		}
		a.credits[t.ID] = append(a.credits[t.ID], l)
	}
	switch {
	case l.Last && e.Outcome != "answered" && e.Outcome != "merged":
		a.say("outcome", "message %d was written when all faults had ended, and was %s (%s), want answered", l.N, e.Outcome, e.Reason)
	case e.Outcome == "declined" && !l.Deleted:
		a.say("outcome", "message %d was declined (%s), and nothing explains it", l.N, e.Reason)
	case e.Outcome == "stopped" && !slices.ContainsFunc(a.threads[l.place()], func(x *Letter) bool { return x.Stopped }):
		a.say("outcome", "message %d was stopped, and nobody wanted that", l.N)
	case e.Outcome == "failed" && !a.excuses(e.Reason):
		a.say("outcome", "message %d failed (%s, turn %s), and no fault explains it", l.N, e.Reason, e.Turn)
	}
}

// excuses says whether a fault of the run may end a turn as failed for a reason.
func (a *account) excuses(reason string) bool {
	switch reason {
	case "internal", "undeliverable", "":
		return false
	case "gave_up":
		return a.kinds[kill] || a.kinds[freeze] || a.kinds[disk] || a.kinds[database]
	case "history_unreadable":
		return a.kinds[slackAPI]
	case "model_silent", "model_timeout", "turn_timeout", "cut", "model_unreachable":
		if a.kinds[freeze] {
			return true // its deadlines pass while a process stands still
		}
	}
	for kind := range a.kinds {
		if g, _ := find(kind); g.model {
			return true
		}
	}
	return false
}

// rest: nobody owns anything, and nothing is under way.
func (a *account) rest() {
	for _, lane := range a.Books.Busy {
		a.say("lease", "the lane %s is owned or has work", lane)
	}
	for _, t := range a.Books.Turns {
		if t.Finished == 0 {
			a.say("lease", "the turn %s is %s", t.ID, t.State)
		}
	}
	for _, p := range a.Books.Pending {
		a.say("outbox", "the write %s has no known outcome", p)
	}
	for _, w := range a.Scene.Working {
		a.say("sign", "%s", w)
	}
	for _, o := range a.Scene.Orphans {
		a.say("double", "%s", o)
	}
}

// thread checks one conversation.
func (a *account) thread(at place) {
	runs := a.runs[at]
	slices.SortFunc(runs, func(x, y *Turn) int { return strings.Compare(x.ID, y.ID) })
	shown := map[string]Shown{}
	var visible, made []string
	for _, s := range a.Scene.Threads[at] {
		visible = append(visible, s.TS)
		shown[s.TS] = s
		if s.Open {
			a.say("sign", "the answer %s/%s is still being written", at.Channel, s.TS)
		}
	}
	for _, t := range runs {
		made = append(made, t.Made...)
		for _, l := range a.credits[t.ID] {
			if l.place() != at {
				a.say("outcome", "the turn %s credits messages of two threads", t.ID)
			}
		}
	}
	if !slices.Equal(visible, made) {
		a.say("double", "thread %s/%s shows the messages %v; its turns made, in their order, %v", at.Channel, at.Root, visible, made)
	}
	c := chain{account: a, at: at, runs: runs, versions: map[int]int{}}
	for n, t := range runs {
		a.reads(t, shown)
		c.check(n, t)
	}
}

// reads: what a person reads of a turn is its answer, whole and once, or says why not.
func (a *account) reads(t *Turn, shown map[string]Shown) {
	var all strings.Builder
	for _, ts := range t.Made {
		all.WriteString(shown[ts].Text)
	}
	// The button under a long answer.
	text, want := strings.TrimSuffix(letters(all.String()), "Shorter"), letters(t.Answer)
	switch t.State {
	case "answered", "merged": // another turn answers what this one was for
		if t.State == "answered" && t.Reason == "" && text != want || !strings.Contains(text, want) {
			a.say("text", "the turn %s shows %q, and its answer is %q", t.ID, clip(all.String()), clip(t.Answer))
		}
	case "failed":
		if !strings.Contains(text, letters("turn "+t.ID)) {
			a.say("silent", "the turn %s failed (%s), and Slack does not say so: %q", t.ID, t.Reason, clip(all.String()))
		}
	case "stopped":
		if !strings.Contains(text, "Stopped") {
			a.say("silent", "the turn %s was stopped, and Slack does not say so: %q", t.ID, clip(all.String()))
		}
	}
}

func clip(s string) string {
	const most = 700
	if len(s) <= most {
		return s
	}
	return s[:most/2] + " … " + s[len(s)-most/2:]
}

// chain checks the links of one thread.
type chain struct {
	*account
	at       place
	runs     []*Turn
	versions map[int]int // newest that the model was sent, by message
}

// check holds the n-th turn's answer against what the model must have been sent.
func (c *chain) check(n int, t *Turn) {
	list := listOf(t.Answer)
	if t.State == "answered" && t.Reason == "" && t.Answer != answer(list) {
		c.say("chain", "the turn %s stored an answer that the model did not give: %q", t.ID, clip(t.Answer))
		return
	}
	if list == nil {
		return // it was cut before
	}
	want := c.want(n, t, list)
	if !slices.Equal(list, want) {
		c.say("chain", "the model was sent, for the turn %s of %s/%s, %v; want %v", t.ID, c.at.Channel, c.at.Root, list, want)
	}
}

// want is the list that a turn should have sent, given the one that it sent: a
// message that a later turn answered may be in it, as it may have been heard of.
func (c *chain) want(n int, t *Turn, list []string) []string {
	closing := slices.ContainsFunc(c.credits[t.ID], func(l *Letter) bool { return l.Last })
	sent := map[int]string{} // mark by message
	for _, m := range list {
		if found := markPattern.FindStringSubmatch(m); found != nil {
			if number, err := strconv.Atoi(found[1]); err == nil {
				sent[number] = m
			}
		}
	}
	asked := c.asked(n, list)
	sure := t.State != "stopped" && t.State != "merged" // that it was for what is credited to it
	var earlier, now []item
	order := map[string]int{} // of the turns
	for i, x := range c.runs {
		order[x.ID] = i
	}
	for _, l := range c.threads[c.at] {
		credited := -1
		if e := c.entries[place{l.Channel, l.TS}]; len(e) == 1 && e[0].Turn != "" {
			if i, ok := order[e[0].Turn]; ok {
				credited = i
			}
		}
		m, was := sent[l.N]
		must := !l.Deleted && credited >= 0 && (credited < n || credited == n && sure)
		switch {
		case was:
			m = c.edition(l, m, closing)
		case must:
			m = mark(l.N, max(1, c.versions[l.N]))
		default:
			continue
		}
		if credited == n && sure || !sure && asked[l.N] {
			now = append(now, item{at: l.TS, mark: m})
		} else {
			earlier = append(earlier, item{at: l.TS, mark: m, run: credited})
		}
	}
	var cuts []item
	for i, x := range c.runs[:n] {
		l := linkOf(x.Answer)
		if l == "" && (x.Answer == "" || x.State == "merged") {
			continue
		}
		at := x.AnswerTS
		if at == "" { // shown nowhere, so it stands where it ended
			at = fmt.Sprintf("%d.%03d000", x.Finished/1000, x.Finished%1000)
		}
		if x.State == "merged" {
			cuts = append(cuts, item{at: at, mark: l})
		} else {
			earlier = append(earlier, item{at: at, mark: l, run: i, own: true})
		}
	}
	// Slack's ts are equally long, so they sort as strings.
	byTime := func(a, b item) int { return strings.Compare(a.at, b.at) }
	slices.SortStableFunc(now, byTime)
	slices.SortStableFunc(cuts, byTime)
	// An answer that a newer message interrupted stands before that one, among
	// those that it was for.
	var last []item
	for _, m := range now {
		for _, x := range slices.Backward(cuts) {
			if x.at > now[0].at && x.at < m.at {
				if !slices.Contains(last, x) {
					last = append(last, x)
				}
				break
			}
		}
		last = append(last, m)
	}
	for _, x := range cuts {
		if !slices.Contains(last, x) {
			earlier = append(earlier, x)
		}
	}
	slices.SortStableFunc(earlier, byTime)
	var want []string
	for _, x := range append(arranged(earlier), last...) {
		if x.mark != "" { // what was said without a link left no mark
			want = append(want, x.mark)
		}
	}
	return want
}

// item is what the model was sent of a conversation: a message, or an answer.
type item struct {
	at   string
	mark string
	run  int  // that gave the answer, or that the message is credited to; -1: none
	own  bool // an answer
}

// arranged is a conversation as the model sees it: as Slack has it, but that no answer
// stands before a message that it was for, and none that waited for a later answer
// before the answer that it waited for.
func arranged(byTime []item) []item {
	newest := map[int]int{} // message of each run
	for i, x := range byTime {
		if !x.own && x.run >= 0 {
			newest[x.run] = i
		}
	}
	type place struct{ at, rank int }
	places := make([]place, len(byTime))
	floor := 0
	from := map[int]int{} // where the messages of each run begin
	for i, x := range byTime {
		places[i].at = i
		if !x.own {
			continue
		}
		from[x.run] = floor
		at := i
		if j, ok := newest[x.run]; ok {
			at = max(at, j)
		}
		places[i] = place{max(at, floor), 1}
		floor = places[i].at + 1
	}
	for i, x := range byTime {
		if begin, answered := from[x.run]; !x.own && answered && i < begin {
			places[i] = place{begin - 1, 2}
		}
	}
	order := make([]int, len(byTime))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(places[a].at, places[b].at), cmp.Compare(places[a].rank, places[b].rank))
	})
	out := make([]item, len(byTime))
	for i, j := range order {
		out[i] = byTime[j]
	}
	return out
}

// asked are the messages at the end of a list that the n-th turn was for. A stop adds
// those that waited, and the messages of a turn that was interrupted are credited to
// the one that answered them: such may stand before, as what was heard of.
func (c *chain) asked(n int, list []string) map[int]bool {
	owner := c.owner(n)
	own, cut := map[string]*Letter{}, map[string]bool{}
	for _, l := range c.credits[owner.ID] {
		for v := 1; v <= l.Version; v++ {
			own[mark(l.N, v)] = l
		}
	}
	for _, x := range c.runs[:n] {
		if x.State == "merged" {
			cut[linkOf(x.Answer)] = true
		}
	}
	asked := map[int]bool{}
	later := "~" // after every ts
	for _, m := range slices.Backward(list) {
		l := own[m]
		if cut[m] {
			continue
		}
		if l == nil || l.TS >= later {
			break
		}
		asked[l.N], later = true, l.TS
	}
	return asked
}

// owner is the turn that the messages of the n-th are credited to.
func (c *chain) owner(n int) *Turn {
	for _, t := range c.runs[n:] {
		if t.State != "merged" {
			return t
		}
	}
	return c.runs[n]
}

// edition is the mark with which a message may have been sent: never an older one
// than before, and when all faults have ended the newest that was heard of.
func (c *chain) edition(l *Letter, sent string, closing bool) string {
	version, err := strconv.Atoi(sent[len(sent)-1:])
	least := max(1, c.versions[l.N])
	if closing {
		least = max(least, min(l.Version, 1+c.Books.Editions[place{l.Channel, l.TS}]))
	}
	if err != nil || version < least || version > l.Version {
		return mark(l.N, least)
	}
	c.versions[l.N] = version
	return sent
}
