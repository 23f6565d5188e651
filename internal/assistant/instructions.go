package assistant

import (
	_ "embed"
	"strings"
)

//go:embed instructions.md
var instructions string

// instructions are the same bytes for every turn, so that the endpoint's prompt
// cache serves all conversations.
func (a *Assistant) instructions() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(strings.TrimSpace(instructions), "{name}", a.self.Name))
	if a.settings.Company != "" {
		b.WriteString("\n\nThe workspace belongs to " + a.settings.Company)
		if a.settings.Website != "" {
			b.WriteString(" (" + a.settings.Website + ")")
		}
		b.WriteString(".")
	}
	if own := strings.TrimSpace(a.settings.Instructions); own != "" {
		b.WriteString("\n\n# From the operator\n\n" + own)
	}
	return b.String()
}
