package holdfast_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// wireEnv names a folder in which each scenario leaves, as JSON lines, what went
// between the assistant and its model (model-*.jsonl), and between it and Slack
// (slack-*.jsonl). The checks of conformance/ read them.
const wireEnv = "HOLDFAST_WIRE"

// wire is where one scenario leaves them. Without a folder it does nothing.
type wire struct{ model, slack *os.File }

func newWire() (wire, error) {
	dir := os.Getenv(wireEnv)
	if dir == "" {
		return wire{}, nil
	}
	model, err := os.CreateTemp(dir, "model-*.jsonl")
	if err != nil {
		return wire{}, err
	}
	slack, err := os.CreateTemp(dir, "slack-*.jsonl")
	return wire{model, slack}, err
}

func (w wire) options(o modelsim.Options) modelsim.Options {
	if w.model != nil {
		o.Wire = w.model
	}
	return o
}

// close writes Slack's journal. The simulators have ended.
func (w wire) close(s *slacksim.Sim) error {
	if w.model == nil {
		return nil
	}
	var err error
	s.Look(func(v slacksim.View) { err = writeJournal(w.slack, v) })
	return errors.Join(err, w.model.Close(), w.slack.Close())
}

func writeJournal(to io.Writer, v slacksim.View) error {
	enc := json.NewEncoder(to)
	for _, c := range v.Calls("") {
		if err := enc.Encode(map[string]any{"call": c}); err != nil {
			return err
		}
	}
	for _, e := range v.Envelopes() {
		if err := enc.Encode(map[string]any{"envelope": e}); err != nil {
			return err
		}
	}
	return nil
}
