package transcript

import "strings"

// The marks around what the transcript itself says: who speaks, and when; that a file
// is attached; that messages were left out. No words of anybody else hold them, so
// nothing that people, files or links say can pass for it.
const (
	opening = "⟦"
	closing = "⟧"
)

// Mark makes a line of the transcript's own. What s holds of others is of one line and
// has no marks after it.
func Mark(s string) string { return opening + unmark(strings.Join(strings.Fields(s), " ")) + closing }

// unmark takes the marks, and what looks like them, out of others' words.
func unmark(s string) string {
	if !strings.ContainsAny(s, "⟦⟧〚〛") {
		return s
	}
	return strings.NewReplacer("⟦", "[[", "⟧", "]]", "〚", "[[", "〛", "]]").Replace(s)
}

// oneLine keeps a name on its line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
