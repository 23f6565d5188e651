package chaos

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/internal/modelsim"
	"holdfast/internal/pgserver"
	"holdfast/internal/process"
	"holdfast/internal/slacksim"
)

// ready is how long a fleet may take to connect.
const ready = 40 * time.Second

// run is one schedule as it is played.
type run struct {
	schedule Schedule
	dir      string
	url      string // of the database
	began    time.Time
	progress *progress

	slack  *slacksim.Sim
	model  *modelsim.Sim
	fleet  *fleet
	server *pgserver.Server
	disk   *volume
	store  sync.Mutex   // held while the database server is restarted
	ached  atomic.Int64 // when the store was last out of order, in Unix nanoseconds

	mail mail

	mu         sync.Mutex
	violations []Violation
	struck     []Fault
	skipped    int
}

// letter is a message with its lock: people act on it while it is written.
type letter struct {
	mu sync.Mutex
	Letter
	mention string
}

// text is what the person writes.
func (l *letter) text() string {
	return fmt.Sprintf("%s%s Please go on holding.", l.mention, mark(l.N, l.Version))
}

// mail is what people wrote so far.
type mail struct {
	mu      sync.Mutex
	all     []*letter
	byN     map[int]*letter
	threads map[int]*thread
}

// thread is a conversation of one person.
type thread struct {
	user, channel, mention, root string
}

func (m *mail) find(n int) *letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.byN[n]
}

func (m *mail) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.all)
}

// due is how many messages must have an outcome: Slack may never tell of one that
// was taken back while nobody was connected.
func (m *mail) due() (n int) {
	for _, l := range m.letters() {
		if !l.Deleted {
			n++
		}
	}
	return n
}

// letters is a copy of all that was written.
func (m *mail) letters() []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Letter, 0, len(m.all))
	for _, l := range m.all {
		l.mu.Lock()
		out = append(out, l.Letter)
		l.mu.Unlock()
	}
	return out
}

func (r *run) accuse(v Violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, v)
}

// hurt notes that the store is out of order now, or was until now.
func (r *run) hurt() { r.ached.Store(time.Now().UnixNano()) }

// excused says whether a replica that starts may find no store: it then ends, and
// its supervisor tries again.
func (r *run) excused() bool {
	if !r.store.TryLock() {
		return true
	}
	r.store.Unlock()
	return time.Since(time.Unix(0, r.ached.Load())) < 10*time.Second
}

// play runs a schedule in a folder of its own, which must exist, and draws up
// the accounts. Its error means that nothing can be said.
func play(ctx context.Context, s Schedule, dir string, out io.Writer) (result Result, err error) {
	r := &run{schedule: s, dir: dir, began: time.Now(), progress: newProgress(out)}
	r.mail = mail{byN: map[int]*letter{}, threads: map[int]*thread{}}
	if err := s.write(filepath.Join(dir, "schedule.json")); err != nil {
		return Result{}, err
	}
	closing, err := r.build(ctx)
	defer func() {
		for _, f := range slices.Backward(closing) {
			err = errors.Join(err, f())
		}
	}()
	if err != nil {
		return Result{}, err
	}
	db, err := openBooks(r.url)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return r.drive(ctx, db)
}

// build starts everything. What it returns ends that again, last things first.
func (r *run) build(ctx context.Context) (closing []func() error, err error) {
	o := r.schedule.Options
	later := func(f func() error) { closing = append(closing, f) }
	whole := context.WithoutCancel(ctx) // what must end in good order

	slack := slacksim.DefaultSettings()
	slack.Redelivery = [3]int{0, 5_000, 15_000} // Slack waits for minutes; the run is shorter
	r.slack = slacksim.New(slacksim.Options{Limits: o.Limits, Seed: o.Seed, Settings: &slack})
	later(r.slack.Close)
	r.model = modelsim.New(modelsim.Options{Seed: o.Seed, Answer: func(c []modelsim.Said) string { return answer(seen(c)) }, KeepRequests: 100,
		Timing: modelsim.Timing{FirstToken: 60 * time.Millisecond, FirstTokenP95: 300 * time.Millisecond, TokensPerSecond: 600}})
	later(r.model.Close)
	slackServer, err := r.slack.Start(whole, "127.0.0.1:0")
	if err != nil {
		return closing, err
	}
	later(slackServer.Close)
	modelServer, err := r.model.Start(whole, "127.0.0.1:0")
	if err != nil {
		return closing, err
	}
	later(modelServer.Close)

	if o.Store == Postgres {
		if r.server, err = pgserver.Start(ctx, filepath.Join(r.dir, "pg")); err != nil {
			return closing, err
		}
		later(func() error { return r.server.Stop(whole) })
		r.url = r.server.URL("postgres")
	} else if err := r.makeDisk(later); err != nil {
		return closing, err
	}
	if err := r.people(); err != nil {
		return closing, fmt.Errorf("people the workspace: %w", err)
	}
	r.fleet = newFleet(process.Spec{Args: o.Program, Dir: r.dir, Env: r.env(slackServer.APIURL(), modelServer.URL())}, r.dir, o.Replicas, r.excused, r.accuse)
	later(func() error { r.fleet.stop(false); return nil })
	if err := r.fleet.begin(); err != nil {
		return closing, err
	}
	return closing, r.connected(ctx)
}

// makeDisk makes the folder of the database; if the schedule fills the disk, and
// we may, on a disk of its own.
func (r *run) makeDisk(later func(func() error)) error {
	r.disk = &volume{dir: filepath.Join(r.dir, "data"), hurt: r.hurt}
	r.url = "sqlite:" + filepath.Join(r.disk.dir, "holdfast.db")
	if err := os.Mkdir(r.disk.dir, 0o700); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if !slices.ContainsFunc(r.schedule.Faults, func(f Fault) bool { return f.Kind == disk }) {
		return nil
	}
	if err := r.disk.mount(); err != nil {
		r.progress.line("the disk is not filled: %v", err)
		return nil
	}
	later(r.disk.keep)
	return nil
}

// keep copies what is on the small disk to where it was mounted, and takes it away.
func (v *volume) keep() error {
	dir := v.dir + "-kept"
	err := os.CopyFS(dir, os.DirFS(v.dir))
	if err := errors.Join(err, v.unmount()); err != nil {
		return err
	}
	if err := os.Remove(v.dir); err != nil {
		return err
	}
	return os.Rename(dir, v.dir)
}

// env is the environment of a replica. Deadlines are short, so that what hangs
// ends within the run.
func (r *run) env(slackURL, modelURL string) []string {
	env := []string{
		"SLACK_API_URL=" + slackURL, "SLACK_BOT_TOKEN=" + slacksim.DefaultBotToken, "SLACK_APP_TOKEN=" + slacksim.DefaultAppToken,
		"OPENAI_BASE_URL=" + modelURL, "OPENAI_API_KEY=sk-chaos", "DATABASE_URL=" + r.url,
		"HOLDFAST_ENDPOINT=full", "HOLDFAST_ADMIN_ADDR=127.0.0.1:0", "HOLDFAST_LOG_FORMAT=json", "HOLDFAST_LOG_LEVEL=DEBUG",
		"HOLDFAST_TITLES=false", "HOLDFAST_INVITATION=false", "ENABLE_RESPONSE_FOOTER=false", "ENABLE_FEEDBACK_BUTTONS=false", // the books know answers alone
		"HOLDFAST_CONNECT_TIMEOUT=2s", "HOLDFAST_FIRST_EVENT_TIMEOUT=6s", "API_TIMEOUT_STREAMING_CHUNK=4", "API_TIMEOUT_READ=30",
	}
	if !r.schedule.Options.Limits {
		env = append(env, "HOLDFAST_SLACK_RATE=1000")
	}
	for name, value := range r.schedule.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// connected waits until each replica has its connections.
func (r *run) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	want := 2 * r.schedule.Options.Replicas
	if err := r.slack.Wait(ctx, func(v slacksim.View) bool { return v.Live() >= want }); err != nil {
		return fmt.Errorf("the replicas are not connected within %s: %w", ready, err)
	}
	return nil
}

// people fills the workspace and decides who writes where.
func (r *run) people() error {
	var app slacksim.App
	r.slack.Look(func(v slacksim.View) { app = v.App() })
	var users, channels []string
	for n := range r.schedule.People {
		id, err := r.slack.AddUser(fmt.Sprintf("person%d", n+1), fmt.Sprintf("Person %d", n+1), "Europe/London")
		if err != nil {
			return err
		}
		users = append(users, id)
	}
	for n := 0; n < len(users); n += 10 {
		id, err := r.slack.AddChannel(fmt.Sprintf("chaos-%d", n/10+1), append([]string{app.BotUserID}, users[n:min(n+10, len(users))]...)...)
		if err != nil {
			return err
		}
		channels = append(channels, id)
	}
	for _, m := range r.schedule.Messages {
		if r.mail.threads[m.Thread] != nil {
			continue
		}
		who := m.Thread % len(users)
		t := &thread{user: users[who], channel: "@bot"}
		if m.Thread/len(users)%2 == 1 { // each person has some of both
			t.channel, t.mention = channels[who/10], "<@"+app.BotUserID+"> "
		}
		r.mail.threads[m.Thread] = t
	}
	return nil
}

// write lets a person write a message.
func (r *run) write(m Message, last bool) error {
	t := r.mail.threads[m.Thread]
	l := &letter{Letter: Letter{N: m.N, Thread: m.Thread, User: t.user, Version: 1, Last: last}, mention: t.mention}
	l.mu.Lock()
	defer l.mu.Unlock()
	posted, err := r.slack.Say(t.user, t.channel, l.text(), t.root)
	if err != nil {
		return fmt.Errorf("write message %d: %w", m.N, err)
	}
	if t.root == "" {
		t.root, t.channel = posted.TS, posted.Channel
	}
	l.Channel, l.TS, l.Root = posted.Channel, posted.TS, t.root
	r.mail.mu.Lock()
	defer r.mail.mu.Unlock()
	r.mail.all = append(r.mail.all, l)
	r.mail.byN[m.N] = l
	return nil
}

// drive plays the schedule to its end, lets everything come to rest, and looks.
func (r *run) drive(ctx context.Context, db *sql.DB) (Result, error) {
	base := r.fleet.vitals(ctx)
	r.began = time.Now()
	if err := r.perform(ctx, db); err != nil {
		return Result{}, err
	}
	performed := time.Since(r.began)
	if err := r.recover(ctx); err != nil {
		return Result{}, err
	}
	if rest := settled(ctx, db, r.schedule.Options.Patience, r.mail.due); rest != "" {
		r.accuse(Violation{"stuck", "when all faults have ended for " + r.schedule.Options.Patience.String() + ": " + rest})
	}
	if err := r.last(ctx); err != nil {
		return Result{}, err
	}
	if rest := settled(ctx, db, r.schedule.Options.Patience, r.mail.due); rest != "" {
		r.accuse(Violation{"stuck", "after the last messages: " + rest})
	}
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	r.leaks(ctx, base)
	r.tidy(ctx)
	r.fleet.stop(true)
	books, err := readBooks(ctx, db)
	if err != nil {
		return Result{}, err
	}
	e := Evidence{Letters: r.mail.letters(), Faults: r.struck, Books: books, Scene: r.scene()}
	r.violations = append(r.violations, Account(e)...)
	logs, err := readLogs(r.fleet.lives())
	if err != nil {
		return Result{}, err
	}
	r.violations = append(r.violations, logs.panics...)
	result := r.result(e, logs, performed)
	if err := result.write(filepath.Join(r.dir, "result.json")); err != nil {
		return Result{}, err
	}
	return result, nil
}

// tidy waits until no sign of work is left: what could not be cleared at its time
// is looked for every now and then.
func (r *run) tidy(ctx context.Context) {
	for deadline := time.Now().Add(r.schedule.Options.Patience); time.Now().Before(deadline) && ctx.Err() == nil; pause(ctx, time.Second) {
		if len(r.scene().Working) == 0 {
			return
		}
	}
}

// perform writes the messages and does the faults, each at its time.
func (r *run) perform(ctx context.Context, db *sql.DB) error {
	var faults sync.WaitGroup
	defer faults.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	type step struct {
		at int
		do func() error
	}
	var steps []step
	for _, m := range r.schedule.Messages {
		steps = append(steps, step{m.At, func() error { return r.write(m, false) }})
	}
	for _, f := range r.schedule.Faults {
		steps = append(steps, step{f.At, func() error {
			faults.Go(func() {
				if err := r.suffer(ctx, f); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			})
			return nil
		}})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	next := time.NewTimer(0)
	defer next.Stop()
	told := time.Now()
	for _, s := range steps {
		next.Reset(time.Until(r.began.Add(ms(s.at))))
		select {
		case <-next.C:
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return err
		}
		if err := s.do(); err != nil {
			return err
		}
		if time.Since(told) > time.Second {
			told = time.Now()
			r.tell(ctx, db)
		}
	}
	done := make(chan struct{})
	go func() { faults.Wait(); close(done) }()
	select {
	case <-done:
		return ctx.Err()
	case err := <-failed:
		return err
	}
}

// suffer does a fault and takes note of it.
func (r *run) suffer(ctx context.Context, f Fault) error {
	err := r.strike(ctx, f)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, errNothing):
		r.skipped++
		return nil
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("fault %s: %w", f.Kind, err)
	}
	r.struck = append(r.struck, f)
	return nil
}

// tell says how far the run is.
func (r *run) tell(ctx context.Context, db *sql.DB) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	written := r.mail.count()
	r.mu.Lock()
	struck, found := len(r.struck), len(r.violations)
	r.mu.Unlock()
	waiting := "?"
	if _, ended, err := known(ctx, db); err == nil {
		waiting = fmt.Sprint(written - ended)
	}
	r.progress.now("%s  %d of %d messages, %s without an outcome yet, %d faults, %d violations",
		time.Since(r.began).Round(time.Second), written, len(r.schedule.Messages), waiting, struck, found)
}

// recover ends all faults: everybody is up, and the world is well.
func (r *run) recover(ctx context.Context) error {
	r.slack.ClearFaults("")
	r.model.ClearRules()
	for _, action := range []string{"resume", "unmute", "enable"} {
		if err := r.slack.SocketAction(action, ""); err != nil {
			return err
		}
	}
	if err := r.slack.SetDelivery(0, false, 0, 0, false); err != nil {
		return err
	}
	return r.connected(ctx)
}

// last has a person write in each thread, when all is well again: the answer
// shows everything that the thread holds.
func (r *run) last(ctx context.Context) error {
	numbers := make([]int, 0, len(r.mail.threads))
	for n := range r.mail.threads {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	next := r.schedule.Messages[len(r.schedule.Messages)-1].N
	for i, n := range numbers {
		if r.mail.threads[n].root == "" {
			continue
		}
		if err := r.write(Message{N: next + i + 1, Thread: n}, true); err != nil {
			return err
		}
		pause(ctx, time.Duration(float64(time.Second)/max(r.schedule.Options.Rate, 1)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// scene is what Slack shows now.
func (r *run) scene() Scene {
	s := Scene{Threads: map[place][]Shown{}}
	channels := map[string]bool{}
	ours := map[place]bool{}
	for _, l := range r.mail.letters() {
		channels[l.Channel] = true
		ours[l.place()] = true
	}
	r.slack.Look(func(v slacksim.View) {
		bot := v.App().BotUserID
		for channel := range channels {
			for _, m := range v.Messages(channel) {
				for _, x := range m.Reactions {
					if slices.Contains(x.Users, bot) {
						s.Working = append(s.Working, fmt.Sprintf("the assistant's reaction %s is still at the message %s/%s", x.Name, channel, m.TS))
					}
				}
				if m.User != bot {
					continue
				}
				at := place{channel, cmp.Or(m.ThreadTS, m.TS)}
				if !ours[at] {
					s.Orphans = append(s.Orphans, fmt.Sprintf("the assistant's message %s/%s stands in no thread: %q", channel, m.TS, clip(m.Shown())))
					continue
				}
				s.Threads[at] = append(s.Threads[at], Shown{TS: m.TS, Text: m.Shown(), Open: m.StreamingState == "in_progress"})
			}
		}
		for _, x := range v.Sessions() {
			if x.Status == "processing" || x.Prose != "" {
				s.Working = append(s.Working, fmt.Sprintf("the session of %s/%s is %s, and says %q", x.Channel, x.ThreadTS, x.Status, x.Prose))
			}
		}
	})
	for _, list := range s.Threads {
		slices.SortFunc(list, func(a, b Shown) int { return cmp.Compare(a.TS, b.TS) })
	}
	slices.Sort(s.Working)
	slices.Sort(s.Orphans)
	return s
}
