package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/admin"
	"holdfast/internal/assistant"
	"holdfast/internal/config"
	"holdfast/internal/gap"
	"holdfast/internal/inbox"
	"holdfast/internal/lane"
	"holdfast/internal/metric"
	"holdfast/internal/openai"
	"holdfast/internal/outbox"
	"holdfast/internal/policy"
	"holdfast/internal/slack/event"
	slacksocket "holdfast/internal/slack/socket"
	"holdfast/internal/slack/surface"
	"holdfast/internal/slack/web"
	"holdfast/internal/store/postgres"
	"holdfast/internal/telemetry"
	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

// SetupError is a mistake that the operator can mend: its line says how.
type SetupError struct {
	Say   string
	Cause error
}

func (e *SetupError) Error() string {
	if e.Cause == nil {
		return e.Say
	}
	return telemetry.Redact(fmt.Sprintf("%s (%v)", e.Say, e.Cause))
}

func (e *SetupError) Unwrap() error { return e.Cause }

// Serve runs the assistant in a real workspace until ctx ends. Logs go to w.
func Serve(ctx context.Context, c config.Config, w io.Writer) error {
	log := telemetry.NewLogger(w, c.LogFormat, c.LogLevel)
	err := serve(ctx, c, log)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.Info("stopped before it served", "err", err)
		return nil // asked to stop, which is no mistake in the settings
	}
	return err
}

func serve(ctx context.Context, c config.Config, log *slog.Logger) (err error) {
	db, err := openDatabase(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	metrics := metric.New(version())
	calls := web.New(web.Options{
		APIURL: c.SlackAPIURL, Token: c.SlackBotToken.Reveal(), Logger: log, Limits: rates(c), Ledger: ledger(db), Observe: counted(metrics),
	})
	defer calls.Close()
	who, err := identify(ctx, calls, log)
	if err != nil || ctx.Err() != nil {
		return err
	}
	model, err := openai.New(openai.Options{
		BaseURL: c.OpenAIBaseURL, Key: c.OpenAIKey.Reveal(), Organization: c.OpenAIOrg, Project: c.OpenAIProject, Logger: log,
		Capabilities: capabilities(c.Endpoint),
		Deadlines:    openai.Deadlines{Connect: c.ConnectTimeout, FirstEvent: c.FirstTimeout, Idle: c.Idle(), Total: c.Total()},
	})
	if err != nil {
		return &SetupError{Say: err.Error()}
	}
	defer model.Close()
	own := modelsOf(c, model.Capabilities(), nil).own
	served, err := checkModel(ctx, model, own, log)
	if err != nil {
		return err
	}
	chosen, err := settingsOf(c, db, modelsOf(c, model.Capabilities(), served))
	if err != nil {
		return err
	}

	reading := newReading(c, log)
	defer reading.Close()
	box, err := toolsOf(c, model.Capabilities(), files{db, calls}, reading)
	if err != nil {
		return err
	}

	decoder := event.New(event.Identity{Team: who.Team, BotUser: who.User, Bot: who.Bot, App: who.App}, policy.FollowUps(chosen.Base().FollowUp()))
	workspace := slack{web: calls, who: who}
	self := transcript.Self{User: who.User, Name: ownName(ctx, calls, who, log), App: who.App, Bot: who.Bot}
	briefer := assistant.New(db, workspace, self, chosen, assistant.Settings{
		MaxOutput: c.MaxOutput, Instructions: c.Instructions, Company: c.Company, Website: c.Website, Store: c.Store, Background: c.Background,
		Access: access(c), Org: who.Org, Tools: box, Window: window, Context: c.Context, Small: smallOf(c, model, chosen),
	}, log, time.Now)
	writes := outbox.New(metrics.Outbox(db.Outbox()), nil)
	if err := learnGroups(ctx, briefer, log); err != nil {
		return err
	}
	surfaces := surface.New(workspace, writes, surface.Options{Logger: log, Team: who.Team, Native: c.Streaming, Phrases: c.Phrases, Fell: metrics.Fallback})
	welcome, err := host(c, db, workspace, self.Name, gate{briefer, surfaces}, model, chosen, log)
	if err != nil {
		return err
	}
	// A turn may ask more than once; each call has its own deadline.
	runner := turn.NewRunner(metrics.Turns(db), briefer, briefer.Metered(metrics.Model(model)), surfaces, turn.Options{
		Logger: log, Attempts: c.Attempts, MaxAge: c.MaxAge, Total: c.Turn(), Settle: 25 * time.Millisecond,
		Gate: gate{briefer, surfaces}, Ending: endings(briefer, welcome),
	})
	lanes := lane.New(metrics.Leases(db), metrics.Lanes(runner), lane.Options{
		Logger: log, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Running: c.InFlight, Drain: c.Drain,
	})
	halt := func(lane string) { runner.Stop(lane) }
	door := doorOf(db, calls, decoder, briefer, chosen, writes, c.SettingsCommand, welcome.came, welcome.saved, log)
	receive := receiver{inbox.New(metrics.Inbox(db), decoder, lanes.Wake, early(runner), halt, func(e inbox.Entry, work bool) { runner.Hear(note(e, work)) }, door.Hand), door}
	app := web.New(web.Options{APIURL: c.SlackAPIURL, Token: c.SlackAppToken.Reveal(), Logger: log})
	defer app.Close()
	socket := slacksocket.New(slacksocket.Options{Open: app.OpenConnection, Receiver: receive, Connections: c.Connections, Logger: log, Observe: watched(metrics)})

	checks := readiness(ctx, db, socket)
	stopAdmin, err := serveAdmin(ctx, c.AdminAddr, log, admin.Handler(version(), checks, metrics.Handler(metric.Now{
		Running: lanes.Running, Sockets: func() int { return socket.Status().Live }, ModelDown: model.Down,
		Waiting: db.Waiting, NotReady: func() int { return len(checks.Failing(context.Background())) },
	})))
	if err != nil {
		return err
	}
	defer stopAdmin()
	defer listen(ctx, db, postgres.Heard{Wake: lanes.Wake, Stop: halt, Note: runner.Hear})()
	filler := gap.New(histories{calls}, db, gap.Options{
		Logger: log, Team: who.Team, Link: func() (int, int) { s := socket.Status(); return s.Live, s.Outages },
		Receive: missed(receive.inbox, who.Team, metrics.Missed), Ended: metrics.Filled, Alone: !c.Postgres(),
	})
	if err := filler.Begin(ctx); err != nil {
		return err
	}
	defer beside(ctx, filler.Run)()
	defer beside(ctx, welcome.run)()
	defer beside(ctx, briefer.Run)()
	defer beside(context.WithoutCancel(ctx), door.Run)() // the socket takes in until it has ended
	me := uuid.NewString()
	defer beside(ctx, func(ctx context.Context) {
		surfaces.Sweep(ctx, func(ctx context.Context, ttl time.Duration) (bool, error) { return db.Hold(ctx, "signs", me, ttl) })
	})()

	log.Info("serving", "workspace", who.TeamName, "as", who.UserName, "model", own)
	err = run(ctx, socket.Run, lanes.Run)
	if fatal, ok := errors.AsType[*slacksocket.FatalError](err); ok {
		return &SetupError{Say: "SLACK_APP_TOKEN: " + fatal.Error()}
	}
	if err == nil {
		log.Info("stopped")
	}
	return err
}

// beside runs do until the returned function is called, which waits for it.
func beside(ctx context.Context, do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { do(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// run receives and works until ctx ends or one of the two does. Lanes end after
// the socket, as what it took in last still wakes them.
func run(ctx context.Context, receive, work func(context.Context) error) error {
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	receiving, stopReceiving := context.WithCancel(ctx)
	defer stopReceiving()
	worked := make(chan error, 1)
	go func() {
		defer stopReceiving()
		worked <- work(working)
	}()
	err := receive(receiving)
	stopWork()
	return errors.Join(err, <-worked)
}
