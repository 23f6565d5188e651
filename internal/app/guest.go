package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"holdfast/internal/config"
	"holdfast/internal/process"
	"holdfast/internal/slacksim"
	"holdfast/internal/store/sqlite"
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

// guest runs another bot in the sandbox until ctx ends. Its environment is
// printed line by line, for a bot that is started elsewhere and for programs.
func guest(ctx context.Context, c config.Config, o SandboxOptions, model brain, page string, out, logs io.Writer) error {
	// The database is not used, but who has it open has the folder.
	db, err := sqlite.Open(ctx, c.SQLitePath(), sqlite.Options{})
	if err != nil {
		return fmt.Errorf("take the folder %s: %w", o.Dir, err)
	}
	defer db.Close()
	env := guestEnv(c)
	fmt.Fprintf(out, "# %s. Ctrl-C stops it; %s is kept for next time.\nSANDBOX_URL=%s\n", model.note, o.Dir, page)
	for _, line := range env {
		if strings.HasPrefix(line, "OPENAI_API_KEY=") && model.real {
			line = "# OPENAI_API_KEY is yours, and not shown."
		}
		fmt.Fprintln(out, line)
	}
	if o.Bot == "none" {
		fmt.Fprintln(out, "# Start your bot with these in its environment.")
		<-ctx.Done()
		return nil
	}
	bot, err := process.Start(process.Spec{Args: process.Shell(o.Bot), Env: env, Output: logs})
	if err != nil {
		return &SetupError{Say: "--bot: " + err.Error()}
	}
	fmt.Fprintf(out, "# %s runs, as process %d.\n", o.Bot, bot.PID())
	select {
	case <-ctx.Done():
		return bot.Stop(guestGrace)
	case <-bot.Done():
		if err := bot.Err(); err != nil {
			return fmt.Errorf("the bot ended: %w", err)
		}
		return errors.New("the bot ended, with code 0")
	}
}
