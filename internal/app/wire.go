package app

import (
	"fmt"
	"io"
	"os"
)

// wireEnv names a folder in which the sandbox leaves what its scripted model was
// asked and what it answered, for checks against OpenAI's own schema.
const wireEnv = "HOLDFAST_WIRE"

// wireFile makes a file in that folder, nil if there is none.
func wireFile() (io.WriteCloser, error) {
	dir := os.Getenv(wireEnv)
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &SetupError{Say: wireEnv + ": cannot make the folder " + dir, Cause: err}
	}
	f, err := os.CreateTemp(dir, "model-*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", wireEnv, err)
	}
	return f, nil
}
