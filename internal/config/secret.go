package config

import (
	"fmt"
	"log/slog"
)

// Secret is a token or key. Only Reveal gives it away.
type Secret string

const redacted = "(set, not shown)"

// Reveal returns the secret itself, for the one place that sends it.
func (s Secret) Reveal() string { return string(s) }

// String never shows the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format never shows the secret, with verbs that do not fit either: for those,
// fmt would print the bare string.
func (s Secret) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), s.String())
}

// LogValue never shows the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText never shows the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
