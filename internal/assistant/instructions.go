package assistant

import (
	_ "embed"
	"strings"
)

//go:embed instructions.md
var instructions string

// instruct builds the instructions, once: they are the same bytes for every
// turn, so that the endpoint's prompt cache serves all conversations.
func instruct(name string, s Settings) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(strings.TrimSpace(instructions), "{name}", name))
	if s.Company != "" {
		b.WriteString("\n\nThe workspace belongs to " + s.Company)
		if s.Website != "" {
			b.WriteString(" (" + s.Website + ")")
		}
		b.WriteString(".")
	}
	if own := strings.TrimSpace(s.Instructions); own != "" {
		b.WriteString("\n\n# From the operator\n\n" + own)
	}
	return b.String()
}
