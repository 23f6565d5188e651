package render

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// text is the tree as mrkdwn (Slack: "Formatting text for app surfaces").
func (t tree) text() string {
	var w writer
	w.nodes(t.nodes, "")
	s := strings.Trim(w.b.String(), "\n")
	if blank(s) && !blank(t.source) {
		s = Escape(defuse(strings.TrimSpace(t.source)))
	}
	return shorten(s, TextChars)
}

type writer struct{ b strings.Builder }

// line writes lines of text with a prefix each.
func (w *writer) line(prefix, s string) {
	if w.b.Len() > 8*TextChars { // the rest is cut off anyway
		return
	}
	for l := range strings.SplitSeq(s, "\n") {
		w.b.WriteString(prefix)
		w.b.WriteString(l)
		w.b.WriteByte('\n')
	}
}

func (w *writer) nodes(ns []node, prefix string) {
	for i, n := range ns {
		if i > 0 && (n.kind != list || ns[i-1].kind != paragraph) {
			w.line(prefix, "")
		}
		w.node(n, prefix)
	}
}

func (w *writer) node(n node, prefix string) {
	switch n.kind {
	case paragraph:
		w.line(prefix, mrkdwn(n.spans))
	case heading:
		if len(n.spans) > 0 {
			w.line(prefix, mrkdwn(styled(n.spans, bold)))
		}
	case rule:
		w.line(prefix, ruleText)
	case codeBlock:
		if n.code != "" {
			w.line(prefix, "```\n"+Escape(unfence(n.code))+"\n```")
		}
	case quote:
		if strings.Contains(prefix, "> ") {
			prefix += inQuote
		} else {
			prefix += "> "
		}
		w.nodes(n.children, prefix)
	case list:
		w.list(n, prefix)
	case tableBlock:
		for i, r := range n.rows {
			w.line(prefix, rowText(r, i == 0))
		}
	}
}

// unfence breaks runs of three backticks.
func unfence(code string) string {
	if !strings.Contains(code, "```") {
		return code
	}
	var b strings.Builder
	run := 0
	for i := range len(code) {
		if code[i] != '`' {
			run = 0
		} else if run++; run == 3 {
			b.WriteString(zwsp)
			run = 1
		}
		b.WriteByte(code[i])
	}
	return b.String()
}

func (w *writer) list(n node, prefix string) {
	for i, it := range n.children {
		marker := "• "
		if n.ordered {
			marker = strconv.Itoa(n.start+i) + ". "
		}
		first := true
		for _, c := range it.children {
			var inner writer
			inner.node(c, "")
			for l := range strings.SplitSeq(strings.TrimSuffix(inner.b.String(), "\n"), "\n") {
				if first {
					w.line(prefix, marker+l)
					first = false
					continue
				}
				w.line(prefix, "    "+l)
			}
		}
		if first {
			w.line(prefix, marker)
		}
	}
}

func rowText(cells [][]span, head bool) string {
	var out []string
	for _, c := range cells {
		if head {
			c = styled(c, bold)
		}
		out = append(out, strings.ReplaceAll(mrkdwn(c), "\n", " "))
	}
	return strings.Join(out, " | ")
}

// mrkdwn writes spans. Markers stand inside the white space of their text, or Slack does not see them.
func mrkdwn(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		switch {
		case s.user != "":
			b.WriteString("<@" + s.user + ">")
			continue
		case s.channel != "":
			b.WriteString("<#" + s.channel + ">")
			continue
		case s.emoji != "":
			b.WriteString(":" + s.emoji + ":")
			continue
		}
		body := strings.Trim(s.text, " \n\t")
		if body == "" {
			b.WriteString(s.text)
			continue
		}
		lead := s.text[:strings.Index(s.text, body)]
		trail := s.text[len(lead)+len(body):]
		marks := ""
		for _, m := range []struct {
			st style
			c  string
		}{{bold, "*"}, {italic, "_"}, {strike, "~"}} {
			if s.style&m.st != 0 && !strings.Contains(body, "\n") {
				marks += m.c
			}
		}
		text := strings.ReplaceAll(Escape(body), "`", "'") // one more would pair with the marker of a code span
		switch {
		case s.style&mono != 0:
			text = "`" + text + "`"
		case s.text != s.url:
			text = literal(text)
		}
		if s.url != "" {
			text = "<" + linkAddress(s.url) + "|" + replace(text, "|", "¦", "\n", " ") + ">"
		}
		b.WriteString(lead + marks + text + reverse(marks) + trail)
	}
	return b.String()
}

// literal keeps Slack from reading formatting into text that has none: a character that
// could open and has a partner gets an invisible one before it.
func literal(s string) string {
	if !strings.ContainsAny(s, "*_~") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if strings.IndexByte("*_~", c) >= 0 && i+1 < len(s) && s[i+1] != ' ' &&
			(i == 0 || !alnum(s[i-1]) && s[i-1] < utf8.RuneSelf) && strings.IndexByte(s[i+1:], c) >= 0 {
			b.WriteString(zwsp + string(c) + zwsp)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// linkAddress makes an address safe inside <…|…>.
func linkAddress(u string) string {
	return replace(u, "&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C", "`", "%60", " ", "%20", "\n", "")
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// shorten cuts mrkdwn to limit units, not inside a cluster, an entity or <…>, and ends it with "…".
func shorten(s string, limit int) string {
	if len(s) <= limit || len16(s) <= limit {
		return s
	}
	const room = 5 // the ellipsis and a closing fence
	cut := prefix16(s, limit-room)
	if i := strings.LastIndexByte(s[:cut], '<'); i >= 0 && strings.IndexByte(s[i:cut], '>') < 0 {
		cut = i
	}
	if i := strings.LastIndexByte(s[:cut], '&'); i >= cut-5 && i >= 0 && strings.IndexByte(s[i:cut], ';') < 0 {
		cut = i
	}
	if sp := strings.LastIndexAny(s[:cut], " \n"); sp > cut-80 && sp > 0 {
		cut = sp
	}
	s = s[:cut] + "…"
	if strings.Count(s, "```")%2 == 1 {
		s += "\n```"
	}
	return s
}
