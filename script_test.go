// Package holdfast_test drives the real binary: each scenario in
// testdata/script starts it against a simulated Slack and a scripted model,
// does to it what the world does, and looks at what a person in Slack sees.
package holdfast_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/modelsim"
	"holdfast/internal/pgserver"
	"holdfast/internal/slacksim"
)

// binary is where TestMain built it.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Getenv(simulatorsEnv) != "" {
		return serveSimulators()
	}
	dir, err := os.MkdirTemp("", "holdfast-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "holdfast")
	args := []string{"build", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "./cmd/holdfast")...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build holdfast:", err)
		return 1
	}
	defer databases.stop()
	return m.Run()
}

// modelKey is the only key that the scripted model takes.
const modelKey = "sk-test-0123456789"

// patience is how long a scenario waits for what must happen.
const patience = 60 * time.Second

// world is what one scenario plays in.
type world struct {
	slack *slacksim.Sim
	model *modelsim.Sim
	dir   string

	replicas []replica        // that run, the oldest first
	frozen   []replica        // that stand still
	database *pgserver.Server // of this scenario alone, or nil
	clicked  string           // the button that was clicked last
	held     footprint        // what a replica held when steps looked
	sent     []sent           // every message that people wrote for the assistant

	interaction string                     // the last click, command or window that somebody sent
	entered     map[string]slacksim.Inputs // in windows, by person
	stalled     func() error               // ends the stall of the database
}

// sent is a message for the assistant.
type sent struct {
	channel, ts, root, text string
}

// key is the message's key in the inbox.
func (m sent) key() string { return "m/" + slacksim.SeedTeam + "/" + m.channel + "/" + m.ts }

// replica is one process of holdfast.
type replica struct {
	*exec.Cmd
	ended chan struct{} // closed when it has ended
}

type worldKey struct{}

func TestScripts(t *testing.T) { scripts(t, "testdata/script") }

// TestSoak runs the scenarios that take long: make soak.
func TestSoak(t *testing.T) {
	if os.Getenv("HOLDFAST_SOAK") == "" {
		t.Skip("takes long: make soak")
	}
	scripts(t, "testdata/soak")
}

func scripts(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Condition: func(name string) (bool, error) {
			if name != "race" {
				return false, fmt.Errorf("no such condition")
			}
			return raceEnabled, nil
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+env.Getenv("PATH"))
			wire, err := newWire()
			if err != nil {
				return err
			}
			w := &world{
				slack: slacksim.New(slacksim.Options{}),
				model: modelsim.New(wire.options(modelsim.Options{Key: modelKey})),
				dir:   env.WorkDir,
			}
			slackServer, err := w.slack.Start(context.Background(), "127.0.0.1:0")
			if err != nil {
				return err
			}
			modelServer, err := w.model.Start(context.Background(), "127.0.0.1:0")
			if err != nil {
				return err
			}
			for name, value := range map[string]string{
				"SLACK_BOT_TOKEN":     slacksim.DefaultBotToken,
				"SLACK_APP_TOKEN":     slacksim.DefaultAppToken,
				"OPENAI_API_KEY":      modelKey,
				"SLACK_API_URL":       slackServer.APIURL(),
				"OPENAI_BASE_URL":     modelServer.URL(),
				"DATABASE_URL":        "sqlite:" + filepath.Join(env.WorkDir, "data", "holdfast.db"),
				"HOLDFAST_ENDPOINT":   "full",
				"HOLDFAST_ADMIN_ADDR": "off",
				"HOLDFAST_LOG_LEVEL":  "DEBUG",
				// Scenarios count requests and messages, so what comes beside answers is only
				// in those that are about it.
				"HOLDFAST_TITLES":     "false",
				"HOLDFAST_INVITATION": "false",
			} {
				env.Setenv(name, value)
			}
			env.Values[worldKey{}] = w
			env.Defer(func() {
				_ = w.stopAll(os.Kill)
				for _, err := range []error{slackServer.Close(), modelServer.Close(), w.slack.Close(), w.model.Close(), wire.close(w.slack)} {
					if err != nil {
						env.T().Log("close the simulators: ", err)
					}
				}
				if log, err := os.ReadFile(w.logFile()); err == nil && testing.Verbose() {
					env.T().Log("log of holdfast:\n" + string(log))
				}
			})
			return nil
		},
		Cmds: commands,
	})
}

func (w *world) logFile() string { return filepath.Join(w.dir, "holdfast.log") }

// stopAll stops every replica.
func (w *world) stopAll(sig os.Signal) (err error) {
	w.replicas, w.frozen = append(w.replicas, w.frozen...), nil // which only a kill ends
	for len(w.replicas) > 0 {
		err = errors.Join(err, w.stop(sig))
	}
	return err
}

// stop sends a signal to the oldest replica and waits for its end. It returns how
// the process ended.
func (w *world) stop(sig os.Signal) error {
	if len(w.replicas) == 0 {
		return nil
	}
	p := w.replicas[0]
	w.replicas = w.replicas[1:]
	if err := p.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal holdfast: %w", err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.Process.Kill()
		<-p.ended
		return fmt.Errorf("holdfast did not end within %s of %v", patience, sig)
	}
	if code := p.ProcessState.ExitCode(); code != 0 && sig != os.Kill {
		return fmt.Errorf("holdfast ended with code %d", code)
	}
	return nil
}
