package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"holdfast/internal/config"
	"holdfast/internal/modelsim"
	"holdfast/internal/reception"
	"holdfast/internal/slacksim"
	"holdfast/internal/slacksim/ui"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/telemetry"
)

// SandboxOptions are the flags of sandbox.
type SandboxOptions struct {
	Addr  string // where the page listens; loopback only
	Dir   string // keeps the database and the workspace between runs
	Fresh bool   // forget what earlier runs left
	Bot   string // run this command in place of the assistant; "none": nothing; "": the assistant
}

// version is what the build says of itself.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "dev"
}

// Sandbox runs a simulated workspace, a scripted model unless c names a real
// one, and the assistant (or another bot) between them as a process of its own,
// until ctx ends.
func Sandbox(ctx context.Context, c config.Config, o SandboxOptions, out, logs io.Writer) (err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return &SetupError{Say: "--dir: cannot make the folder " + o.Dir, Cause: err}
	}
	file := filepath.Join(o.Dir, "workspace.json")
	release, err := sqlite.Reserve(file)
	if errors.Is(err, sqlite.ErrInUse) {
		return &SetupError{Say: "--dir: another sandbox uses " + o.Dir + ": stop it, or give this one a --dir of its own", Cause: err}
	}
	if err != nil {
		return &SetupError{Say: "--dir: cannot write in " + o.Dir, Cause: err}
	}
	defer func() { err = errors.Join(err, release()) }()
	if o.Fresh {
		for _, f := range []string{"workspace.json", "holdfast.db", "holdfast.db-wal", "holdfast.db-shm"} {
			if err := os.Remove(filepath.Join(o.Dir, f)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return &SetupError{Say: "--fresh: cannot forget what is in " + o.Dir, Cause: err}
			}
		}
	}
	if c.LogLevel == slog.LevelInfo {
		c.LogLevel = slog.LevelWarn // the page has the log that people want
	}
	log := telemetry.NewLogger(logs, c.LogFormat, c.LogLevel)

	model, err := sandboxModel(ctx, &c, log)
	if err != nil {
		return err
	}
	defer model.stop()
	c.DatabaseURL = "sqlite:" + filepath.Join(o.Dir, "holdfast.db")
	return sandboxSlack(ctx, c, o, model, out, logs, log)
}

// demoPrompts go with the scripted model's words.
const demoPrompts = `[
  {"title": "Say hello", "message": "Hello! Who are you, and what can you do?"},
  {"title": "Show me a table", "message": "Show me a table that compares three ways to cross a harbour."},
  {"title": "Write a long answer", "message": "Write a long answer about how lighthouses work, with headings and a list."},
  {"title": "Think first", "message": "Think first, step by step, and then tell me: which day suits best for a team outing?"},
  {"title": "A post for this channel", "message": "Make a list of what to say in {channel} today."}
]`

// brain is what answers in a sandbox.
type brain struct {
	note  string                  // tells people which it is
	real  bool                    // with a key that is a secret
	mount map[string]http.Handler // what the page can ask of it
	stop  func()
}

// sandboxModel starts the scripted model and points c at it, unless c names a
// real one.
func sandboxModel(ctx context.Context, c *config.Config, log *slog.Logger) (brain, error) {
	if c.OpenAIKey != "" || c.OpenAIBaseURL != "https://api.openai.com/v1" {
		if c.OpenAIKey == "" {
			c.OpenAIKey = "none"
		}
		return brain{note: "Simulated workspace, real model: " + c.Model, real: true, stop: func() {}}, nil
	}
	if c.Prompts == "" {
		c.Prompts = demoPrompts // what it knows an answer to
	}
	opts := modelsim.Options{Logger: log, Demo: true}
	wire, err := wireFile()
	if err != nil {
		return brain{}, err
	}
	if wire != nil {
		opts.Wire = wire
	}
	sim := modelsim.New(opts)
	// The simulators outlive ctx: what runs between them ends first.
	server, err := sim.Start(context.WithoutCancel(ctx), "127.0.0.1:0")
	if err != nil {
		return brain{}, fmt.Errorf("start the scripted model: %w", err)
	}
	c.OpenAIBaseURL, c.OpenAIKey, c.Endpoint = server.URL(), "sk-sandbox-demo", "full"
	// The scripted model begins within a second, so who makes it hang need not wait
	// for as long as a real one may take.
	c.Impatient()
	return brain{
		note:  "Simulated workspace, built-in demo model",
		mount: map[string]http.Handler{"GET /model/requests": sim.RequestsHandler(), "/model/rules": sim.RulesHandler()},
		stop: func() {
			err := errors.Join(server.Close(), sim.Close())
			if wire != nil {
				err = errors.Join(err, wire.Close())
			}
			if err != nil {
				log.Warn("stop the scripted model", "err", err)
			}
		},
	}, nil
}

// sandboxSlack starts the simulated workspace and serves it.
func sandboxSlack(ctx context.Context, c config.Config, o SandboxOptions, model brain, out, logs io.Writer, log *slog.Logger) error {
	c.SlackBotToken, c.SlackAppToken = "xoxb-sandbox", "xapp-1-sandbox"
	desk := newLate()
	mount := map[string]http.Handler{"/sandbox/": desk}
	maps.Copy(mount, model.mount)
	sim := slacksim.New(slacksim.Options{
		Logger: log, Page: ui.Page(), Policy: ui.Policy, Limits: true, Note: model.note, Mount: mount,
		BotToken: c.SlackBotToken.Reveal(), AppToken: c.SlackAppToken.Reveal(),
	})
	file := filepath.Join(o.Dir, "workspace.json")
	if err := load(sim, file); err != nil {
		return &SetupError{Say: "the saved workspace " + file + " cannot be read: run once with --fresh to begin anew", Cause: err}
	}
	if o.Bot == "" {
		err := sim.Configure(func(s *slacksim.Settings) {
			s.Commands = []slacksim.Command{{Command: c.SettingsCommand, Description: "Which model answers you, and how", UsageHint: "[help]"}}
			s.Shortcuts = []slacksim.Shortcut{
				{Name: "Thread Settings", Type: "message", CallbackID: reception.ThreadShortcut, Description: "What counts in this thread"},
				{Name: "My settings", Type: "global", CallbackID: reception.SettingsAction, Description: "Which model answers you, and how"},
			}
		})
		if err != nil {
			return err
		}
	}
	server, err := sim.Start(context.WithoutCancel(ctx), o.Addr)
	if err != nil {
		if _, busy := errors.AsType[*net.OpError](err); busy {
			return &SetupError{Say: "--addr: cannot listen on " + o.Addr + ": try --addr 127.0.0.1:0", Cause: err}
		}
		return &SetupError{Say: "--addr: " + err.Error()}
	}
	c.SlackAPIURL = server.APIURL()

	stopKeeping := keep(sim, file, log)
	if o.Bot != "" {
		tell(out, c, o, model, server.URL())
	} else {
		fmt.Fprintf(out, "%s.\n\n  Open %s\n\nWrite to @Holdfast there. Ctrl-C stops it; %s is kept for next time.\n", model.note, server.URL(), o.Dir)
	}
	err = stay(ctx, c, o, sim, model, desk, logs)
	stopKeeping()
	return errors.Join(err, save(sim, file), server.Close(), sim.Close())
}

func load(sim *slacksim.Sim, file string) error {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var a slacksim.Archive
	if err := json.NewDecoder(f).Decode(&a); err != nil {
		return err
	}
	return sim.Import(a)
}

// keep saves the workspace every two seconds if it changed, so that a crash
// forgets little of it. stop waits for a save that is under way.
func keep(sim *slacksim.Sim, file string, log *slog.Logger) (stop func()) {
	leave, left := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for saved := 0; ; {
			select {
			case <-leave:
				return
			case <-tick.C:
			}
			now := saved
			sim.Look(func(v slacksim.View) { now = v.Seq() })
			if now == saved {
				continue
			}
			if err := save(sim, file); err != nil {
				log.Warn("the workspace is not saved; will try again", "err", err)
				continue
			}
			saved = now
		}
	}()
	return func() {
		close(leave)
		<-left
	}
}

// save replaces the file as a whole, so that a crash leaves the old one.
func save(sim *slacksim.Sim, file string) error {
	f, err := os.CreateTemp(filepath.Dir(file), "workspace-*.tmp")
	if err != nil {
		return fmt.Errorf("save the workspace: %w", err)
	}
	err = json.NewEncoder(f).Encode(sim.Export())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("save the workspace: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
