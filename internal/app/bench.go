package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"

	"holdfast/internal/bench"
	"holdfast/internal/bench/baseline"
	"holdfast/internal/metric"
	"holdfast/internal/process"
)

// BenchOptions are the flags of bench.
type BenchOptions struct {
	bench.Options
	Bot     string // measure this command in place of the assistant
	Against string // measure this command beside it, by turns

	// Baseline is the shape of a plain bot to measure beside it: see baseline.Parse.
	Baseline string
	Store    string // database of the assistant; empty: SQLite in a fresh folder for each run
	JSON     string // file for the whole report; "-": out, in place of the table
}

// ErrUnclean means that messages were left without an answer, or got several.
var ErrUnclean = errors.New("not every message got exactly one answer")

// Bench measures the assistant, or other bots, against both simulators, and
// writes a table to out. It returns ErrUnclean, after the table, as the case may be.
func Bench(ctx context.Context, o BenchOptions, out, progress io.Writer) error {
	bot, err := assistantBot(o.Store, o.SlackRate)
	if err != nil {
		return err
	}
	if o.Bot != "" {
		bot = bench.Bot{Name: "bot", Args: process.Shell(o.Bot)}
	}
	o.Bots = []bench.Bot{bot}
	if o.Against != "" {
		o.Bots = append(o.Bots, bench.Bot{Name: "other", Args: process.Shell(o.Against)})
	}
	if o.Baseline != "" {
		plain, err := baselineBot(o.Baseline)
		if err != nil {
			return err
		}
		o.Bots = append(o.Bots, plain)
	}
	if err := o.Check(); err != nil {
		return &SetupError{Say: err.Error()}
	}
	report, err := bench.Run(ctx, o.Options, progress)
	if ctx.Err() != nil {
		return errors.New("stopped before the end: nothing is reported")
	}
	if err != nil {
		return err
	}
	if o.JSON != "-" {
		if err := report.Write(out); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	if o.JSON != "" {
		if err := writeJSON(o.JSON, out, report); err != nil {
			return err
		}
	}
	if !report.Clean() {
		return ErrUnclean
	}
	return nil
}

// assistantBot is this very program, serving.
func assistantBot(store string, rate float64) (bench.Bot, error) {
	exe, err := os.Executable()
	if err != nil {
		return bench.Bot{}, fmt.Errorf("find the program itself: %w", err)
	}
	if store == "" {
		store = "sqlite:holdfast.db" // in its fresh folder
	}
	return bench.Bot{Name: "holdfast", Args: []string{exe, "serve"}, Scratch: true, Env: []string{
		"DATABASE_URL=" + store, "HOLDFAST_ADMIN_ADDR=127.0.0.1:0", "HOLDFAST_ENDPOINT=full", "HOLDFAST_LOG_FORMAT=json", fmt.Sprintf("HOLDFAST_SLACK_RATE=%v", rate),
		"HOLDFAST_TITLES=false", "HOLDFAST_INVITATION=false", // answers are measured, as those of any other bot
	}, Inside: inside}, nil
}

// adminLine is how the log tells the admin address.
var adminLine = regexp.MustCompile(`"admin address","url":"(http://[^"/]+)/readyz"`)

// inside asks the assistant about itself, at the address that its log tells.
func inside(ctx context.Context, log string) (bench.Inside, error) {
	b, err := os.ReadFile(log)
	if err != nil {
		return bench.Inside{}, fmt.Errorf("read the log: %w", err)
	}
	told := adminLine.FindSubmatch(b)
	if told == nil {
		return bench.Inside{}, errors.New("its log tells no admin address")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(told[1])+"/metrics", nil)
	if err != nil {
		return bench.Inside{}, fmt.Errorf("ask for metrics: %w", err)
	}
	req.Close = true // or the open connection would count among its files next time
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return bench.Inside{}, fmt.Errorf("ask for metrics: %w", err)
	}
	defer resp.Body.Close()
	f, err := metric.Read(resp.Body)
	return bench.Inside{Goroutines: f.Goroutines, OpenFiles: f.OpenFiles}, err
}

// baselineBot is this very program as a plain bot of a shape.
func baselineBot(shape string) (bench.Bot, error) {
	if _, err := baseline.Parse(shape); err != nil {
		return bench.Bot{}, &SetupError{Say: "--baseline: " + err.Error()}
	}
	exe, err := os.Executable()
	if err != nil {
		return bench.Bot{}, fmt.Errorf("find the program itself: %w", err)
	}
	return bench.Bot{Name: "baseline", Args: []string{exe, "baseline", shape}, Scratch: true, Refusal: baseline.Refusal}, nil
}

// Baseline serves as a plain bot of a shape, set up by the environment that bench
// gives to bots, until ctx ends.
func Baseline(ctx context.Context, shape string, log io.Writer) error {
	o, err := baseline.Parse(shape)
	if err != nil {
		return &SetupError{Say: err.Error()}
	}
	baseline.Run(ctx, o, baseline.Endpoints{
		SlackURL: os.Getenv("SLACK_API_URL"), BotToken: os.Getenv("SLACK_BOT_TOKEN"), AppToken: os.Getenv("SLACK_APP_TOKEN"),
		ModelURL: os.Getenv("OPENAI_BASE_URL"), ModelKey: os.Getenv("OPENAI_API_KEY"),
	}, slog.New(slog.NewTextHandler(log, nil)))
	return nil
}

func writeJSON(name string, out io.Writer, report any) error {
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	b = append(b, '\n')
	if name == "-" {
		_, err = out.Write(b)
	} else {
		err = os.WriteFile(name, b, 0o644)
	}
	if err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	return nil
}
