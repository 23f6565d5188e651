package slacksim

import (
	"html"
	"strings"
)

// section is what canvases.edit can name: a heading, a paragraph, a list, a table or a block of code.
type section struct {
	ID   string `json:"id"`
	Text string `json:"text"` // markdown, without the blank lines around it
}

// kind is h1, h2 or h3 for a heading, and empty for the rest.
func (t section) kind() string {
	for level, mark := range []string{"# ", "## ", "### "} {
		if strings.HasPrefix(t.Text, mark) {
			return "h" + string(rune('1'+level))
		}
	}
	return ""
}

// cutSections makes sections with new ids.
func (s *Sim) cutSections(markdown string) []section {
	out := []section{}
	for _, text := range cutMarkdown(markdown) {
		out = append(out, section{ID: "temp:C:" + strings.ReplaceAll(s.uuid(), "-", ""), Text: text})
	}
	return out
}

// cutMarkdown cuts at headings and blank lines, but not inside fenced code.
func cutMarkdown(markdown string) []string {
	out := []string{}
	var now []string
	end := func() {
		if len(now) > 0 {
			out = append(out, strings.Join(now, "\n"))
			now = nil
		}
	}
	fence := ""
	for line := range strings.SplitSeq(strings.ReplaceAll(markdown, "\r\n", "\n"), "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case fence != "":
			now = append(now, line)
			if strings.HasPrefix(bare, fence) && strings.Trim(bare, fence[:1]) == "" {
				fence = ""
				end()
			}
		case strings.HasPrefix(bare, "```") || strings.HasPrefix(bare, "~~~"):
			end()
			fence = bare[:3]
			now = append(now, line)
		case bare == "":
			end()
		case strings.HasPrefix(bare, "#") && strings.HasPrefix(strings.TrimLeft(bare, "#"), " "):
			end()
			out = append(out, bare)
		default:
			now = append(now, line)
		}
	}
	end()
	return out
}

func joinSections(list []section) string {
	var b strings.Builder
	for i, t := range list {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

// html is the canvas as its download gives it: one element per section, the text in it still markdown.
func (v *canvas) html() string {
	var b strings.Builder
	for _, t := range v.sections {
		tag, text := t.kind(), t.Text
		if tag == "" {
			tag = "p"
		} else {
			text = strings.TrimSpace(strings.TrimLeft(text, "#"))
		}
		b.WriteString("<" + tag + " id='" + t.ID + "'>" + html.EscapeString(text) + "</" + tag + ">\n")
	}
	return b.String()
}
