package holdfast_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

const (
	// killsEnv is how many points a scenario's kills has, in place of its own number.
	killsEnv = "HOLDFAST_KILLS"
	// reportEnv names a folder for what is measured on the way.
	reportEnv = "HOLDFAST_REPORT"
)

// kills COUNT [REPLICAS]: COUNT times over a person writes, and the process that
// answers is killed with -9 at one of the moments below. Then it is started again,
// or, with several replicas, the others go on. Each time the thread must come to
// one whole answer, in the Slack message that had begun.
func kills(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "kills COUNT [REPLICAS]")
	count, err := strconv.Atoi(cmp.Or(os.Getenv(killsEnv), args[0]))
	ts.Check(err)
	replicas := 1
	if len(args) > 1 {
		replicas, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	seed := uint64(1)
	if os.Getenv("HOLDFAST_RANDOM") == "1" {
		seed = uint64(time.Now().UnixNano())
	}
	ts.Logf("seed %d", seed)
	k := &killing{ts: ts, w: w, rng: rand.New(rand.NewPCG(seed, 9)), names: map[*exec.Cmd]string{}, several: replicas > 1}
	// What was not acknowledged comes again soon, and Slack's limits are off: the
	// figures are ours, not Slack's.
	ts.Check(w.slack.Configure(func(s *slacksim.Settings) { s.AckTimeout, s.Redelivery = 500, [3]int{0, 1000, 1000} }))
	ts.Setenv("HOLDFAST_ADMIN_ADDR", "off")
	k.start(replicas)
	k.db, err = openBooks(ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer k.db.Close()
	k.learn()

	all := moments(k.several)
	for i := range count {
		k.point(i, all[5*i%len(all)]) // 5 divides no number of moments: a few are of all sorts
	}
	k.w.rest(ts, k.db)
	for _, m := range w.sent { // nothing came twice later on
		k.m = m
		if own := k.own(); len(own) != 1 {
			ts.Fatalf("%q has %d answers", m.text, len(own))
		}
	}
	k.report(all)
}

// moment is one at which a process can be killed. It is told by what can be seen
// from outside: on the wire to Slack, on the wire to the model, in the database.
type moment struct {
	name string
	rig  func(*killing) // before the message is written
	kill func(*killing) // afterwards: waits for the moment, and kills
}

// moments are all of them. Which of the replicas may die in its start is known
// only where there is one.
func moments(several bool) []moment {
	quick := func(*killing) {}
	all := []moment{
		{"before the commit", (*killing).lock, (*killing).beforeCommit},
		{"committed, not acknowledged", (*killing).loseAck, (*killing).committed},
		{"acknowledged, not begun", quick, (*killing).acknowledged},
		{"status shown, not recorded", hold("agents.sessions.setStatus"), (*killing).held},
		{"the model was asked", func(k *killing) { k.timing = modelsim.Timing{Headers: time.Minute} }, (*killing).asked},
		{"stream begun, not recorded", hold("chat.startStream"), (*killing).held},
		{"in mid-stream", quick, (*killing).streaming},
		{"stream continued, not recorded", hold("chat.appendStream"), (*killing).held},
		{"answer ended, not recorded", hold("chat.stopStream"), (*killing).held},
		{"message posted, not recorded", holdPosts("chat.postMessage"), (*killing).held},
		{"message edited, not recorded", holdPosts("chat.update"), (*killing).held},
		{"answered, not finished", quick, (*killing).answered},
		{"while stopping", quick, (*killing).stopping},
		{"at any time", quick, (*killing).whenever},
	}
	if !several {
		all = append(all,
			moment{"while starting", quick, (*killing).starting},
			moment{"while migrating", quick, (*killing).migrating})
	}
	return all
}

// killing is a run of kills, and the state of the point at hand.
type killing struct {
	ts      *testscript.TestScript
	w       *world
	db      books
	rng     *rand.Rand
	several bool                 // several replicas: nobody is started again
	names   map[*exec.Cmd]string // of replicas, in the database; only if there are several
	known   []string             // those that were there
	timings []timing

	say    string // what the model says
	word   string // what only this point's message has
	timing modelsim.Timing
	m      sent
	last   string    // ts of the last message of the thread
	since  int       // calls that Slack had had before the point
	seen   string    // ts of our message when the process died
	died   time.Time // when it did
	unlock func()
}

// timing is what one point gave, from the start after the kill, or from the kill
// if others go on.
type timing struct {
	moment         string
	resumed, whole time.Duration // the first sign of the turn, and its end
}

// point is one message, one kill, one answer.
func (k *killing) point(i int, m moment) {
	k.word = fmt.Sprintf("point-%03d", i)
	k.say = k.word + " begins. " + strings.Repeat("Waves come and go. ", 60) + k.word + " ends."
	k.timing = modelsim.Timing{TokensPerSecond: 100}
	k.seen, k.unlock = "", nil
	k.since = len(k.w.slack.Calls())
	m.rig(k)
	k.w.model.ClearRules()
	k.w.model.AddRule(modelsim.Rule{Match: modelsim.Match{Contains: k.word}, When: modelsim.When{First: 1}, Text: k.say, Timing: &k.timing})
	k.w.model.AddRule(modelsim.Rule{Match: modelsim.Match{Contains: k.word}, Text: k.say})
	k.write()
	m.kill(k)
	k.look()
	k.w.slack.ClearFaults("")
	if k.unlock != nil {
		k.unlock()
	}
	began := k.died
	if !k.several {
		began = time.Now()
		k.start(1)
	}
	k.settle(i, m)
	k.timings = append(k.timings, k.measure(m, began))
	if k.several {
		k.start(1)
	}
}

// own are our messages in the point's thread.
func (k *killing) own() (own []slacksim.Message) {
	k.w.slack.Look(func(v slacksim.View) { own = answers(v, k.m.channel, k.m.root) })
	return own
}

// write writes the point's message, in a channel or to us alone.
func (k *killing) write() {
	channel, text := "@bot", k.word
	if k.rng.IntN(2) == 0 {
		channel, text = "#general", k.w.words("@Holdfast "+text)
	}
	ada := k.w.person(k.ts, "Ada")
	posted, err := k.w.slack.Say(ada, channel, text, "")
	k.ts.Check(err)
	k.w.note(posted, "", text)
	k.m, k.last = k.w.sent[len(k.w.sent)-1], posted.TS
}

// start starts replicas and waits until they are there.
func (k *killing) start(n int) {
	for range n {
		start(k.ts, k.w, []string{"HOLDFAST_SLACK_RATE=100"})
		if k.db.DB != nil {
			k.learn()
		}
	}
}

// learn finds out what the newest process is called in the database.
func (k *killing) learn() {
	if !k.several {
		return
	}
	for len(k.known) < len(k.w.replicas) || k.names[k.w.replicas[len(k.w.replicas)-1].Cmd] == "" {
		rows, err := k.db.Query(`SELECT id FROM replicas ORDER BY id`)
		k.ts.Check(err)
		for rows.Next() {
			var id string
			k.ts.Check(rows.Scan(&id))
			if slices.Contains(k.known, id) {
				continue
			}
			k.known = append(k.known, id)
			for _, r := range k.w.replicas { // oldest first, as their names are
				if k.names[r.Cmd] == "" {
					k.names[r.Cmd] = id
					break
				}
			}
		}
		k.ts.Check(rows.Err())
		k.ts.Check(rows.Close())
		k.pause(10 * time.Millisecond)
	}
}

// aim makes the process that has the thread the next to be killed; if none has it,
// that is the oldest.
func (k *killing) aim() {
	if !k.several {
		return
	}
	var owner sql.NullString
	err := k.db.QueryRow(`SELECT l.owner FROM lanes l JOIN inbox i ON i.lane = l.key WHERE i.key = ?`, k.m.key()).Scan(&owner)
	if err != sql.ErrNoRows {
		k.ts.Check(err)
	}
	at := slices.IndexFunc(k.w.replicas, func(r replica) bool { return owner.Valid && k.names[r.Cmd] == owner.String })
	if at > 0 {
		r := k.w.replicas[at]
		k.w.replicas = append([]replica{r}, slices.Delete(k.w.replicas, at, at+1)...)
	}
}

// nine is kill -9.
func (k *killing) nine() {
	k.aim()
	k.now()
}

func (k *killing) now() {
	k.ts.Check(k.w.stop(os.Kill))
	k.died = time.Now()
}

// pause lets at most d go by.
func (k *killing) pause(d time.Duration) { <-time.After(d) }

// random lets a random time of at most d go by.
func (k *killing) random(d time.Duration) { k.pause(time.Duration(k.rng.Int64N(int64(d)))) }

// look notes the message in which the answer began.
func (k *killing) look() {
	if own := k.own(); len(own) > 0 {
		k.seen = own[0].TS
	}
}

// settle waits for the answer and looks at it.
func (k *killing) settle(i int, m moment) {
	k.w.until(k.ts, fmt.Sprintf("point %d, %s: the answer", i, m.name), func(v slacksim.View) bool {
		return settled(v, k.m.channel, k.m.root, k.last)
	})
	own := k.own()
	switch {
	case len(own) != 1:
		k.ts.Fatalf("point %d, %s: %d answers\n%s", i, m.name, len(own), k.w.tail())
	case k.seen != "" && own[0].TS != k.seen:
		k.ts.Fatalf("point %d, %s: the answer began in %s and ended in %s\n%s", i, m.name, k.seen, own[0].TS, k.w.tail())
	case strings.TrimSpace(own[0].Shown()) != k.say:
		k.ts.Fatalf("point %d, %s: the answer is not the model's: %q\n%s", i, m.name, own[0].Shown(), k.w.tail())
	}
}

// measure finds out when the turn went on, and when it was over.
func (k *killing) measure(m moment, began time.Time) timing {
	first, last := time.Time{}, began
	note := func(at time.Time) {
		if at.Before(began) {
			return
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	for _, r := range k.w.model.Requests() {
		if strings.Contains(string(r.Body), k.word) {
			note(r.Arrived)
		}
	}
	for _, c := range k.w.slack.Calls()[k.since:] {
		if strings.Contains(string(c.Args), k.m.root) {
			at, err := time.Parse(time.RFC3339Nano, c.At)
			k.ts.Check(err)
			note(at)
		}
	}
	if first.IsZero() {
		first = last // nothing was left to be done
	}
	return timing{m.name, first.Sub(began), last.Sub(began)}
}

// envelope waits until an envelope with the message was sent, and acknowledged
// if that is asked for.
func (k *killing) envelope(acknowledged bool) {
	k.w.until(k.ts, "the envelope of "+k.word, func(v slacksim.View) bool {
		return slices.ContainsFunc(v.Envelopes(), func(e slacksim.Envelope) bool {
			return (e.AckedAt != nil || !acknowledged) && strings.Contains(string(e.Payload), k.m.ts)
		})
	})
}

// lock keeps everybody from writing to the database.
func (k *killing) lock() {
	c, err := k.db.Conn(context.Background())
	k.ts.Check(err)
	begin := []string{"BEGIN IMMEDIATE"}
	if k.db.postgres {
		begin = []string{"BEGIN", "LOCK TABLE inbox IN EXCLUSIVE MODE"}
	}
	for _, query := range begin {
		_, err := c.ExecContext(context.Background(), query)
		k.ts.Check(err)
	}
	k.unlock = func() {
		_, err := c.ExecContext(context.Background(), "ROLLBACK")
		k.ts.Check(err)
		k.ts.Check(c.Close())
	}
}

func (k *killing) beforeCommit() {
	k.envelope(false)
	k.random(20 * time.Millisecond)
	k.nine()
	if n := k.stored(); n != 0 {
		k.ts.Fatalf("%s was committed all the same", k.word)
	}
}

// stored is how many rows the message has.
func (k *killing) stored() (n int) {
	k.ts.Check(k.db.QueryRow(`SELECT count(*) FROM inbox WHERE key = ?`, k.m.key()).Scan(&n))
	return n
}

// loseAck lets the acknowledgements of the message count for nothing.
func (k *killing) loseAck() { k.fault(slacksim.Fault{Method: "envelope", Kind: "ack_lost"}) }

func (k *killing) fault(f slacksim.Fault) {
	_, err := k.w.slack.AddFault(f)
	k.ts.Check(err)
}

func (k *killing) committed() {
	for k.stored() == 0 {
		k.pause(time.Millisecond)
	}
	k.nine()
}

func (k *killing) acknowledged() {
	k.envelope(true)
	k.random(20 * time.Millisecond)
	k.nine()
}

func (k *killing) asked() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	k.ts.Check(k.w.model.Wait(ctx, func(modelsim.Stats) bool {
		return slices.ContainsFunc(k.w.model.Requests(), func(r modelsim.Request) bool { return strings.Contains(r.LastUser, k.word) })
	}))
	k.random(300 * time.Millisecond)
	k.nine()
}

// begun waits until some of the answer can be read.
func (k *killing) begun() {
	k.w.until(k.ts, "the beginning of an answer to "+k.word, func(v slacksim.View) bool {
		own := answers(v, k.m.channel, k.m.root)
		return len(own) > 0 && strings.Contains(own[0].Shown(), "begins")
	})
}

func (k *killing) streaming() {
	k.begun()
	k.random(time.Second)
	k.nine()
}

// hold lets calls of the method take effect and have no answer.
func hold(method string) func(*killing) {
	return func(k *killing) { k.fault(slacksim.Fault{Method: method, Kind: "hang_after"}) }
}

// holdPosts is hold for a method of the second rung: there is no stream.
func holdPosts(method string) func(*killing) {
	return func(k *killing) {
		k.fault(slacksim.Fault{Method: "chat.startStream", Kind: "429", RetryAfter: 60})
		hold(method)(k)
	}
}

func (k *killing) held() {
	k.w.until(k.ts, "a call that is held", func(v slacksim.View) bool {
		return slices.ContainsFunc(v.Calls("")[k.since:], func(c slacksim.Call) bool { return c.Fault == "hang_after" })
	})
	k.random(20 * time.Millisecond)
	k.nine()
}

func (k *killing) answered() {
	k.w.until(k.ts, "the end of the answer to "+k.word, func(v slacksim.View) bool {
		own := answers(v, k.m.channel, k.m.root)
		return len(own) > 0 && done(own[0])
	})
	k.random(5 * time.Millisecond)
	k.nine()
}

func (k *killing) whenever() {
	k.random(4 * time.Second)
	k.nine()
}

func (k *killing) stopping() {
	k.begun()
	k.aim()
	k.ts.Check(k.w.replicas[0].Process.Signal(syscall.SIGTERM))
	k.random(500 * time.Millisecond)
	k.now()
}

// starting kills once more in the start that follows.
func (k *killing) starting() {
	k.begun()
	k.nine()
	k.look()
	k.w.launch(k.ts, []string{"HOLDFAST_SLACK_RATE=100"})
	k.random(300 * time.Millisecond)
	k.nine()
}

// migrating kills in the first start ever, which makes the database: the next one
// must find its way. Then the scenario goes on with the database that it has.
func (k *killing) migrating() {
	k.begun()
	k.nine()
	k.look()
	url := "DATABASE_URL=sqlite:" + filepath.Join(k.w.dir, k.word, "new.db")
	k.ts.Check(k.w.slack.SetDelivery(0, false, 0, 0, true)) // nobody else's messages for this one
	k.w.launch(k.ts, []string{url})
	k.random(100 * time.Millisecond)
	k.nine()
	start(k.ts, k.w, []string{url})
	k.ts.Check(k.w.stop(syscall.SIGTERM))
	k.ts.Check(k.w.slack.SetDelivery(0, false, 0, 0, false))
}

// report tells how long it took.
func (k *killing) report(all []moment) {
	var b strings.Builder
	line := func(name string, list []timing) {
		spread := func(of func(timing) time.Duration) string {
			var d []time.Duration
			for _, t := range list {
				d = append(d, of(t))
			}
			slices.Sort(d)
			at := func(p float64) string { return fmt.Sprintf("%.2f", d[int(p*float64(len(d)-1)+0.5)].Seconds()) }
			return at(0.5) + " | " + at(0.95) + " | " + at(1)
		}
		if len(list) > 0 {
			fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", name, len(list), spread(func(t timing) time.Duration { return t.resumed }), spread(func(t timing) time.Duration { return t.whole }))
		}
	}
	b.WriteString("| killed | points | resumed: p50 | p95 | most | answered: p50 | p95 | most |\n|---|---|---|---|---|---|---|---|\n")
	for _, m := range all {
		var list []timing
		for _, t := range k.timings {
			if t.moment == m.name {
				list = append(list, t)
			}
		}
		line(m.name, list)
	}
	line("all", k.timings)
	k.ts.Logf("seconds from the %s:\n%s", map[bool]string{false: "start", true: "kill"}[k.several], b.String())
	if dir := os.Getenv(reportEnv); dir != "" {
		name := "kills-sqlite.md"
		if k.db.postgres {
			name = "kills-postgres.md"
		}
		k.ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o644))
	}
}
