package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"

	"github.com/lmittmann/tint"
)

// secrets matches Slack's tokens (xoxb-, xoxp-, xoxe., xapp-), model keys
// (sk-…) and bearer headers.
var secrets = regexp.MustCompile(`\b(?:xox[a-z]?[-.]|xapp-|sk-)[A-Za-z0-9._-]{6,}|(?i:bearer )[A-Za-z0-9._~+/=-]{8,}`)

// Redact takes secrets out of a text.
func Redact(s string) string { return secrets.ReplaceAllString(s, "(secret)") }

// NewLogger writes to w: "text" for people, "json" for machines, "auto" for
// text if w is a terminal.
func NewLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	if format == "auto" {
		format = "json"
		if terminal(w) {
			format = "text"
		}
	}
	if format == "text" {
		return slog.New(tint.NewHandler(w, &tint.Options{
			Level: level, TimeFormat: "15:04:05.000", NoColor: !terminal(w), ReplaceAttr: redact,
		}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact}))
}

func redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Redact(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(Redact(v.Error()))
		case fmt.Stringer:
			a.Value = slog.StringValue(Redact(v.String()))
		}
	}
	return a
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
