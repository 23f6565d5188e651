package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/app"
	"holdfast/internal/config"
)

// usageError is wrong use or configuration: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{errors.New(strings.ReplaceAll(err.Error(), "\n", "\nholdfast: "))}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "holdfast",
		Short:         "An AI assistant in Slack that never lets go of a message",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return usage(errors.Join(c.Help(), errors.New("say what to do: sandbox to try it, serve to run it")))
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w: see %s --help", err, c.CommandPath()))
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serve(), sandbox(), bench(), baseline(), chaos(), &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		Run:   func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), "holdfast", version) },
	})
	return root
}

func noArgs(c *cobra.Command, args []string) error { return usage(cobra.NoArgs(c, args)) }

func serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve a real Slack workspace, set up by the environment and .env",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.ReadEnv()
			if err == nil {
				err = cfg.Check()
			}
			if err != nil {
				return usage(err)
			}
			err = app.Serve(c.Context(), cfg, c.ErrOrStderr())
			if _, ok := errors.AsType[*app.SetupError](err); ok {
				return usage(err)
			}
			return err
		},
	}
}

func sandbox() *cobra.Command {
	var o app.SandboxOptions
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Try it: a simulated workspace with a page in the browser, no account needed",
		Long: `Starts a simulated Slack workspace, a scripted model and the real assistant
between them, and prints the address of the page. With OPENAI_API_KEY or
OPENAI_BASE_URL set, the real model answers instead of the scripted one.

With --bot, another bot takes the assistant's place: a command that is run with
SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET,
OPENAI_BASE_URL and OPENAI_API_KEY in its environment, which are printed too.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.ReadEnv()
			if err != nil {
				return usage(err)
			}
			err = app.Sandbox(c.Context(), cfg, o, c.OutOrStdout(), c.ErrOrStderr())
			if _, ok := errors.AsType[*app.SetupError](err); ok {
				return usage(err)
			}
			return err
		},
	}
	c.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:8090", "where the page listens; port 0 picks a free one; loopback only")
	c.Flags().StringVar(&o.Dir, "dir", "data/sandbox", "where the sandbox keeps its data between runs")
	c.Flags().BoolVar(&o.Fresh, "fresh", false, "forget what earlier runs left")
	c.Flags().StringVar(&o.Bot, "bot", "", "run this `command` in place of the assistant; none runs nothing")
	return c
}
