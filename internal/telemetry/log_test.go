package telemetry_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"holdfast/internal/telemetry"
)

func TestNoSecretReachesTheLog(t *testing.T) {
	secrets := []string{"xoxb-123456789-abcdef", "xapp-1-A012-abcdef0123", "sk-proj-abcdefgh12345", "xoxe.xoxp-1-abcdefgh", "Bearer abcdefgh.ijkl"}
	for _, format := range []string{"text", "json"} {
		for _, secret := range secrets {
			var out bytes.Buffer
			log := telemetry.NewLogger(&out, format, slog.LevelDebug)
			log.With("token", secret).Error("refused: "+secret, "err", errors.New("call with "+secret), "url", "https://x/?t="+secret)
			if out.Len() == 0 {
				t.Fatalf("%s: nothing was logged", format)
			}
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s: the log shows a secret: %s", format, out.String())
			}
		}
	}
}

func TestOrdinaryWordsAreKept(t *testing.T) {
	for _, s := range []string{"ask-me", "task-12345678 done", "the bearer of news", "T1/C1/171234.5678"} {
		if got := telemetry.Redact(s); got != s {
			t.Errorf("Redact(%q) = %q", s, got)
		}
	}
}
