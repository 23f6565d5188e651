package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/internal/modelsim"
	"holdfast/internal/process"
	"holdfast/internal/slacksim"
)

// errGone means that a bot ended by itself.
var errGone = errors.New("the bot has ended")

const (
	ready = 30 * time.Second // for a bot to connect
	grace = 2 * time.Second  // for a bot to end, before it is killed
	// journal is how far the reader of changes may be behind.
	journal = 50_000
)

// Run measures each bot, Options.Repeat times by turns, and tells on progress
// what it is doing. What it has measured so far is in the report beside an error.
func Run(ctx context.Context, o Options, progress io.Writer) (Report, error) {
	r := Report{Started: time.Now(), Machine: machine(o.Version), Options: o}
	if err := o.Check(); err != nil {
		return r, err
	}
	for n := range o.Repeat {
		for _, leg := range o.legs() {
			fmt.Fprintf(progress, "run %d of %d: %s, %d messages\n", n+1, o.Repeat, leg.Name, o.Messages)
			result, err := measure(ctx, o, leg, progress)
			if err != nil {
				return r, fmt.Errorf("%s: %w", leg.Name, err)
			}
			result.Bot, result.Number = leg.Name, n+1
			r.Runs = append(r.Runs, result)
		}
	}
	return r, nil
}

// stage is what one run plays on.
type stage struct {
	o     Options
	slack *slacksim.Sim
	model *modelsim.Sim
	watch *watch
	bot   *process.Process
	log   string // path of what the bot says
}

// measure runs one bot once.
func measure(ctx context.Context, o Options, leg leg, progress io.Writer) (result Result, err error) {
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return Result{}, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	s := &stage{o: o, log: filepath.Join(dir, "bot.log")}
	s.slack = slacksim.New(slacksim.Options{Limits: o.Limits, Seed: o.Seed, Journal: journal})
	defer func() { err = errors.Join(err, s.slack.Close()) }()
	s.model = modelsim.New(modelsim.Options{Seed: o.Seed, KeepRequests: 2 * numbered, Timing: modelsim.Timing{FirstToken: o.TTFT, TokensPerSecond: o.TPS}})
	defer func() { err = errors.Join(err, s.model.Close()) }()
	for _, rule := range rules(o) {
		s.model.AddRule(rule)
	}
	slackServer, err := s.slack.Start(context.WithoutCancel(ctx), "127.0.0.1:0")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, slackServer.Close()) }()
	modelServer, err := s.model.Start(context.WithoutCancel(ctx), "127.0.0.1:0")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, modelServer.Close()) }()

	threads, err := s.people(leg.Refusal)
	if err != nil {
		return Result{}, fmt.Errorf("people the workspace: %w", err)
	}
	took, err := s.start(ctx, leg.Bot, dir, slackServer.APIURL(), modelServer.URL())
	if s.bot != nil {
		defer func() { _ = s.bot.Stop(grace) }() // that it had to be killed is not what is measured
	}
	if err == nil {
		fmt.Fprintf(progress, "  connected after %s\n", took.Round(time.Millisecond))
		result, err = s.play(ctx, leg, threads, progress)
	}
	if err != nil {
		return Result{}, s.explain(err)
	}
	result.Ready = millis(took)
	return result, nil
}

// start starts the bot and waits until it is connected.
func (s *stage) start(ctx context.Context, bot Bot, dir, slackURL, modelURL string) (time.Duration, error) {
	log, err := os.Create(s.log)
	if err != nil {
		return 0, fmt.Errorf("keep the bot's log: %w", err)
	}
	defer log.Close() // the bot has its own handle
	spec := process.Spec{Args: bot.Args, Output: log, Env: append([]string{
		"SLACK_API_URL=" + slackURL,
		"SLACK_BOT_TOKEN=" + slacksim.DefaultBotToken,
		"SLACK_APP_TOKEN=" + slacksim.DefaultAppToken,
		"SLACK_SIGNING_SECRET=" + slacksim.DefaultSigningSecret,
		"OPENAI_BASE_URL=" + modelURL,
		"OPENAI_API_KEY=sk-bench",
	}, bot.Env...)}
	if bot.Scratch {
		spec.Dir = filepath.Join(dir, "scratch")
		if err := os.Mkdir(spec.Dir, 0o700); err != nil {
			return 0, fmt.Errorf("make a folder: %w", err)
		}
	}
	began := time.Now()
	if s.bot, err = process.Start(spec); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	// The wait must end with the bot too.
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-s.bot.Done():
			stop(errGone)
		case <-waiting.Done():
		}
	}()
	if err := s.slack.Wait(waiting, func(v slacksim.View) bool { return v.Live() > 0 }); err != nil {
		if cause := context.Cause(waiting); cause == errGone {
			return 0, errGone
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return 0, fmt.Errorf("not connected within %s: it must open a socket with SLACK_API_URL and SLACK_APP_TOKEN", ready)
		}
		return 0, err
	}
	return time.Since(began), nil
}

// explain adds the end of the bot's log to an error, unless we were told to stop.
func (s *stage) explain(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	b, readErr := os.ReadFile(s.log)
	if readErr != nil || len(b) == 0 {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return fmt.Errorf("%w; the last that it said:\n%s", err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// people fills the workspace and decides who writes where.
func (s *stage) people(refusal string) ([]*thread, error) {
	var app slacksim.App
	s.slack.Look(func(v slacksim.View) { app = v.App() })
	s.watch = newWatch(s.slack, app, refusal)
	var everybody []string
	for n := range s.o.People {
		id, err := s.slack.AddUser(fmt.Sprintf("person%d", n+1), fmt.Sprintf("Person %d", n+1), "Europe/London")
		if err != nil {
			return nil, err
		}
		everybody = append(everybody, id)
	}
	// A channel for ten people each.
	var channels []string
	for n := 0; n < s.o.People; n += 10 {
		members := append([]string{app.BotUserID}, everybody[n:min(n+10, s.o.People)]...)
		id, err := s.slack.AddChannel(fmt.Sprintf("bench-%d", n/10+1), members...)
		if err != nil {
			return nil, err
		}
		channels = append(channels, id)
	}
	threads := make([]*thread, s.o.Threads)
	for n := range threads {
		who := n % s.o.People
		t := &thread{user: everybody[who], channel: "@bot"}
		if (n+n/s.o.People)%2 == 1 { // each person has some of both
			t.channel, t.mention = channels[who/10], "<@"+app.BotUserID+"> "
		}
		threads[n] = t
	}
	return threads, nil
}

// play writes the messages and waits for the answers.
func (s *stage) play(ctx context.Context, leg leg, threads []*thread, progress io.Writer) (Result, error) {
	following, stop := context.WithCancel(ctx)
	followed := make(chan struct{})
	var after int
	s.slack.Look(func(v slacksim.View) { after = v.Seq() })
	go func() {
		defer close(followed)
		s.watch.follow(following, after)
	}()
	defer func() {
		stop()
		<-followed
	}()

	if err := s.warmUp(ctx, threads); err != nil {
		return Result{}, err
	}
	if leg.hung > 0 {
		stuck, err := s.hang(ctx, leg.hung, threads)
		if err != nil {
			return Result{}, err
		}
		fmt.Fprintf(progress, "  %d of %d calls hang\n", stuck, leg.hung)
	}
	s.watch.forget()
	calls := s.model.Stats().Requests
	idle, _ := s.bot.Usage()
	inside, tells := s.inside(ctx, leg, progress)
	own, _ := process.Self()
	began := time.Now()
	if err := s.write(ctx, threads); err != nil {
		return Result{}, err
	}
	fmt.Fprintf(progress, "  all messages are written after %s\n", time.Since(began).Round(time.Millisecond))
	if _, err := s.watch.settle(ctx, 'm', s.calm(), s.o.Timeout, s.bot.Done()); err != nil {
		return Result{}, err
	}
	used, known := s.bot.Usage()
	self, selfKnown := process.Self()

	r := s.watch.account(s.o, s.model.Requests(), began)
	per := float64(s.o.Messages)
	st := s.model.Stats()
	r.ModelCalls, r.ModelAtOnce = float64(st.Requests-calls)/per, st.MaxActive
	if known {
		r.CPU = new(millis(used.CPU-idle.CPU) / per)
		r.IdleRSS, r.PeakRSS, r.Threads = new(idle.RSS), new(used.PeakRSS), new(used.Threads)
	}
	if selfKnown {
		r.SimCPU = new(millis(self-own) / per)
	}
	if now, still := s.inside(ctx, leg, progress); tells && still {
		r.IdleGoroutines, r.Goroutines, r.IdleFiles, r.Files = &inside.Goroutines, &now.Goroutines, &inside.OpenFiles, &now.OpenFiles
	}
	return r, nil
}

// inside asks the bot about itself.
func (s *stage) inside(ctx context.Context, leg leg, progress io.Writer) (Inside, bool) {
	if leg.Inside == nil {
		return Inside{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	i, err := leg.Inside(ctx, s.log)
	if err != nil {
		fmt.Fprintf(progress, "  it does not tell of itself: %v\n", err)
	}
	return i, err == nil
}

// calm is longer than a bot is silent in the middle of its work: while the model
// thinks, or, with rate limits, until the next minute.
func (s *stage) calm() calm {
	c := calm{all: time.Second + 2*s.o.TTFT, merged: 5*time.Second + 2*s.o.TTFT}
	if s.o.Limits {
		c.merged = 65 * time.Second
	}
	c.asked = func(number string) bool { return len(s.watch.marks.byNumber(s.model.Requests())[number]) > 0 }
	return c
}

// warmUp has some messages answered that do not count, each in its own thread.
func (s *stage) warmUp(ctx context.Context, threads []*thread) error {
	for n := range s.o.Warmup {
		like := threads[n%len(threads)]
		if err := s.watch.say(&thread{user: like.user, channel: like.channel, mention: like.mention}, 'w', n+1); err != nil {
			return fmt.Errorf("write a message: %w", err)
		}
	}
	done, err := s.watch.settle(ctx, 'w', s.calm(), s.o.Timeout, s.bot.Done())
	if err == nil && !done {
		err = fmt.Errorf("the messages before the measurement are not answered within %s", s.o.Timeout)
	}
	if err != nil {
		return err
	}
	return nil
}

// hang writes messages whose model calls hang, each in its own thread, and waits
// until all of them do, or as many as the bot lets. It returns how many.
func (s *stage) hang(ctx context.Context, n int, threads []*thread) (stuck int, err error) {
	for i := range n {
		like := threads[i%len(threads)]
		if err := s.watch.say(&thread{user: like.user, channel: like.channel, mention: like.mention}, 'h', s.o.Messages+i+1); err != nil {
			return 0, fmt.Errorf("write a message: %w", err)
		}
	}
	stuck = -1
	for {
		before := stuck
		waiting, stop := context.WithTimeout(ctx, 3*time.Second)
		err := s.model.Wait(waiting, func(st modelsim.Stats) bool {
			stuck = st.Faults[string(modelsim.FaultHeaderHang)]
			return stuck >= n
		})
		stop()
		select {
		case <-s.bot.Done():
			return stuck, errGone
		default:
		}
		if err == nil || stuck == before {
			return stuck, nil
		}
		if ctx.Err() != nil {
			return stuck, ctx.Err()
		}
	}
}

// write sends the messages on their schedule, thread by thread in turn.
func (s *stage) write(ctx context.Context, threads []*thread) error {
	kinds := make([]byte, len(threads))
	hung := int(s.o.Hung*float64(len(threads)) + 0.5)
	for place, n := range rand.New(rand.NewPCG(s.o.Seed, 0xbe7c)).Perm(len(threads)) {
		kinds[n] = 'm'
		if place < hung {
			kinds[n] = 'h'
		}
	}
	began := time.Now()
	next := time.NewTimer(0)
	defer next.Stop()
	for n := range s.o.Messages {
		if s.o.Rate > 0 {
			next.Reset(time.Until(began.Add(time.Duration(float64(n) / s.o.Rate * float64(time.Second)))))
			select {
			case <-next.C:
			case <-ctx.Done():
				return ctx.Err()
			case <-s.bot.Done():
				return errGone
			}
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
		t := n % len(threads)
		if err := s.watch.say(threads[t], kinds[t], n+1); err != nil {
			return fmt.Errorf("write a message: %w", err)
		}
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
