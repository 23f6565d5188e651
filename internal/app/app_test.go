package app

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"holdfast/internal/config"
)

// A process that is asked to stop while it starts has not been set up wrongly.
func TestStopDuringStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, url := range []string{"sqlite:" + filepath.Join(t.TempDir(), "x.db"), "postgres://nobody@127.0.0.1:1/none"} {
		c, err := config.Load([]string{"SLACK_BOT_TOKEN=xoxb-1", "SLACK_APP_TOKEN=xapp-1", "OPENAI_API_KEY=k", "SLACK_API_URL=http://127.0.0.1:1/", "DATABASE_URL=" + url}, "")
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if err := Serve(ctx, c, &log); err != nil {
			t.Errorf("%s: %v\n%s", c.DatabaseURL, err, &log)
		}
	}
}
