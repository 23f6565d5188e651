package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"holdfast/internal/config"
	"holdfast/internal/process"
	"holdfast/internal/slacksim"
)

// guestGrace is how long a bot may take to end before it is killed.
const guestGrace = 10 * time.Second

// guestEnv tells a bot how to reach the simulators, by the names that Slack's
// and OpenAI's own libraries and examples use.
func guestEnv(c config.Config) []string {
	return []string{
		"SLACK_API_URL=" + c.SlackAPIURL,
		"SLACK_BOT_TOKEN=" + c.SlackBotToken.Reveal(),
		"SLACK_APP_TOKEN=" + c.SlackAppToken.Reveal(),
		"SLACK_SIGNING_SECRET=" + slacksim.DefaultSigningSecret,
		"OPENAI_BASE_URL=" + c.OpenAIBaseURL,
		"OPENAI_API_KEY=" + c.OpenAIKey.Reveal(),
	}
}

// guest is who lives in a workspace: a program of its own, as in production, so
// that it can be killed.
type guest struct {
	name  string // in words, such as "the assistant"
	spec  process.Spec
	grace time.Duration
	gone  func(error) error // what its end means if it never was connected
}

// assistantGuest is this very program, serving.
func assistantGuest(c config.Config, logs io.Writer) (guest, error) {
	exe, err := os.Executable()
	if err != nil {
		return guest{}, fmt.Errorf("find the program itself: %w", err)
	}
	level, _ := c.LogLevel.MarshalText() // cannot fail
	return guest{
		name: "the assistant", grace: c.Drain + 5*time.Second,
		spec: process.Spec{Args: []string{exe, "serve"}, Output: logs, Env: append(guestEnv(c),
			"DATABASE_URL="+c.DatabaseURL, "HOLDFAST_ADMIN_ADDR=off", "HOLDFAST_ENDPOINT="+c.Endpoint,
			"SETTINGS_SLASH_COMMAND="+c.SettingsCommand, "HOLDFAST_LOG_LEVEL="+string(level), "HOLDFAST_LOG_FORMAT="+c.LogFormat,
			"ASSISTANT_SUGGESTED_PROMPTS="+c.Prompts,
			"HOLDFAST_FIRST_EVENT_TIMEOUT="+c.FirstTimeout.String(), "API_TIMEOUT_STREAMING_CHUNK="+c.Idle().String(),
		)},
		gone: func(err error) error {
			if code(err) == 2 {
				return &SetupError{Say: "the assistant cannot start: its line above says why"}
			}
			return nil
		},
	}, nil
}

// botGuest is another bot, by its command.
func botGuest(c config.Config, command string, logs io.Writer) guest {
	return guest{
		name: "the bot", grace: guestGrace,
		spec: process.Spec{Args: process.Shell(command), Env: guestEnv(c), Output: logs},
		gone: func(err error) error {
			if err == nil {
				return errors.New("the bot ended, with code 0")
			}
			return fmt.Errorf("the bot ended: %w", err)
		},
	}
}

// code is the exit code that an error of a process tells of; 0 if none.
func code(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return 0
}

// keep keeps the guest running in the workspace, and tells the page of it.
func (g guest) keep(sim *slacksim.Sim) *process.Keeper {
	type resident struct {
		Name string `json:"name"`
		process.State
	}
	return process.Keep(process.KeeperOptions{
		Name: g.name, Spec: g.spec, Grace: g.grace,
		Changed: func(s process.State) { sim.Announce("assistant", resident{g.name, s}) },
		Quit: func(err error) error {
			connected := false
			sim.Look(func(v slacksim.View) { connected = len(v.Sockets()) > 0 })
			if connected {
				return nil
			}
			return g.gone(err)
		},
	})
}

// tell prints the environment of a bot line by line, for one that is started
// elsewhere and for programs.
func tell(out io.Writer, c config.Config, o SandboxOptions, model brain, page string) {
	fmt.Fprintf(out, "# %s. Ctrl-C stops it; %s is kept for next time.\nSANDBOX_URL=%s\n", model.note, o.Dir, page)
	for _, line := range guestEnv(c) {
		if strings.HasPrefix(line, "OPENAI_API_KEY=") && model.real {
			line = "# OPENAI_API_KEY is yours, and not shown."
		}
		fmt.Fprintln(out, line)
	}
	if o.Bot == "none" {
		fmt.Fprintln(out, "# Start your bot with these in its environment.")
	}
}

// stay runs who lives in the workspace until ctx ends.
func stay(ctx context.Context, c config.Config, o SandboxOptions, sim *slacksim.Sim, model brain, desk *late, logs io.Writer) (err error) {
	var keeper *process.Keeper
	switch o.Bot {
	case "none":
	case "":
		g, err := assistantGuest(c, logs)
		if err != nil {
			return err
		}
		keeper = g.keep(sim)
	default:
		keeper = botGuest(c, o.Bot, logs).keep(sim)
	}
	books := ""
	if o.Bot == "" {
		books = filepath.Join(o.Dir, "holdfast.db")
	}
	account, err := newAccountant(sim, books)
	if err != nil {
		return errors.Join(err, closed(keeper))
	}
	defer func() { err = errors.Join(err, account.close()) }()
	desk.become(newPanel(account, keeper, modelState{
		Scripted: !model.real, Note: model.note, FirstMS: c.FirstTimeout.Milliseconds(), IdleMS: c.Idle().Milliseconds(),
	}))
	sim.Announce("sandbox", map[string]bool{"scripted": !model.real})
	if keeper == nil {
		<-ctx.Done()
		return nil
	}
	select {
	case <-ctx.Done():
	case <-keeper.Done():
	}
	return keeper.Close()
}

func closed(k *process.Keeper) error {
	if k == nil {
		return nil
	}
	return k.Close()
}
