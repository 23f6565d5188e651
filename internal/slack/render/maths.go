package render

import (
	"strings"

	"holdfast/internal/slack/render/tex"
)

// maxMaths bounds the bytes of a formula on lines of its own.
const maxMaths = 2000

// lexMaths reads a formula within a line: $…$, $$…$$, \(…\) or \[…\]; n is 0 for anything
// else. A dollar sign is money unless it opens right before and closes right after
// something that looks like maths: no two words in a row, and no digit after it.
func lexMaths(s string, prev byte, open bool) (n int, ok bool) {
	from, end := 2, ""
	switch {
	case len(s) < 2:
		return 0, !open
	case s[:2] == `\(`:
		end = `\)`
	case s[:2] == `\[`:
		end = `\]`
	case s[:2] == "$$":
		end = "$$"
	case s[0] == '$' && !alnum(prev) && prev != '$' && s[1] != ' ' && s[1] != '\t':
		from, end = 1, "$"
	default:
		return 0, true
	}
	var f formula
	for i := from; i < len(s) && i < maxLabel; i++ {
		if strings.HasPrefix(s[i:], end) && i > from {
			body := s[from:i]
			if i += len(end); end == "$" {
				if last := body[len(body)-1]; last == ' ' || last == '\t' {
					return 0, true
				}
				if i == len(s) && open {
					return 0, false
				}
				if i < len(s) && (alnum(s[i]) || s[i] == '$') {
					return 0, true
				}
			}
			if !f.is(body) {
				return 0, true
			}
			return i, true
		}
		if end == "$$" && i == from && s[i] == '$' || !f.take(s[i]) {
			return 0, true
		}
		if s[i] == '\\' && i+1 < len(s) {
			i++
			f.take(s[i])
		}
	}
	return 0, !open || len(s) >= maxLabel
}

// formula looks at the bytes of what may be maths.
type formula struct {
	depth   int // of braces
	run     int // letters in the current word
	words   int // words that stand in a row
	command bool
	sign    bool // something that only maths has
}

// take says no once it is clear that this is no maths.
func (f *formula) take(c byte) bool {
	switch {
	case alpha(c) || c >= 0x80:
		f.run++
		return true
	case c == '`' || c == '\n':
		return false
	}
	if f.run > 0 {
		if f.depth > 0 || f.command || f.run == 1 || c != ' ' && c != ',' && c != '.' && c != '$' && c != '\\' {
			f.words = 0
		} else {
			f.words++
		}
	} else if c != ' ' {
		f.words = 0
	}
	f.run, f.command = 0, false
	switch c {
	case '\\':
		f.command, f.sign = true, true
	case '{':
		f.depth++
	case '}':
		f.depth--
	case '^', '_', '=', '+', '<', '>', '*', '/', '-', '|':
		f.sign = true
	}
	return f.words < 2
}

// is says whether the whole body looks like maths.
func (f *formula) is(body string) bool {
	if f.run > 1 && f.depth == 0 && !f.command && f.words > 0 {
		return false
	}
	if strings.TrimSpace(body) == "" {
		return false
	}
	// Without any sign, a name of one or two letters, a number, or a call is maths; a word is not.
	return f.sign || len(body) <= 2 || len(body) == 3 && strings.ToUpper(body) == body || strings.Trim(body, "0123456789.,%") == "" || strings.ContainsAny(body, "(,") && f.run == 0
}

// takeAll takes a line, or the beginning of one.
func (f *formula) takeAll(line string) bool {
	for i := range len(line) {
		if !f.take(line[i]) {
			return false
		}
	}
	return true
}

// mathsText is what a formula token shows, as Markdown that means just that.
func mathsText(tok string) string {
	if tok[0] == '$' && tok[1] != '$' {
		tok = tok[1 : len(tok)-1]
	} else {
		tok = tok[2 : len(tok)-2]
	}
	return literalMarkdown(tex.Text(tok))
}

// literalMarkdown is text that Markdown does not take for syntax, in any place of a line.
func literalMarkdown(s string) string {
	if s == "" {
		return zwsp
	}
	var b strings.Builder
	if digit(s[0]) || strings.IndexByte("#>-+=~: \t", s[0]) >= 0 {
		b.WriteString(zwsp) // it may stand at the start of a line
	}
	for i := range len(s) {
		switch c := s[i]; c {
		case '`':
			b.WriteByte('\'')
		case '|':
			b.WriteString("∣") // a bar would end the cell of a table
		case '\n':
			b.WriteByte(' ')
		case '$':
			b.WriteString("\\$")
		case '<':
			b.WriteString("\\<")
			if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '=' {
				b.WriteString(zwsp) // no mention, and no tag
			}
		case '*', '[', ']', '>', '\\', '~', '&':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '_':
			if i == 0 || i == len(s)-1 || !alnum(s[i-1]) || !alnum(s[i+1]) {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case '@':
			b.WriteString("@" + zwsp)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// display looks for a formula that begins on the line whose content is rest and ends on a
// later one: $$, \[ or \begin{…} up to the line with their end. end is where the line
// after it begins, 0 if there is none; not ok means that it depends on what follows.
func (s *scanner) display(rest string, next int, open bool) (body string, end int, ok bool) {
	closer := ""
	switch {
	case strings.HasPrefix(rest, "$$"):
		closer = "$$"
	case strings.HasPrefix(rest, `\[`):
		closer = `\]`
	case strings.HasPrefix(rest, `\begin{`):
		name, _, found := strings.Cut(rest[len(`\begin{`):], "}")
		if !found || len(name) > 20 {
			return "", 0, true
		}
		closer = `\end{` + name + "}"
	default:
		return "", 0, true
	}
	keep := closer[0] == '\\' && len(closer) > 2 // \begin and \end are part of the formula
	first := rest
	if !keep {
		first = rest[2:]
	}
	if strings.Contains(first, closer) {
		return "", 0, true // it ends on its own line
	}
	var f formula
	if !f.takeAll(first) || !open && !f.take(' ') {
		return "", 0, true
	}
	var b strings.Builder
	b.WriteString(first + "\n")
	limit := min(maxMaths, s.l.Chars/4)
	if next == len(s.text) && !s.eof {
		return "", 0, next-s.line > limit
	}
	for at := next; at-s.line < limit; {
		nl := strings.IndexByte(s.text[at:], '\n')
		line, after := s.text[at:], len(s.text)
		if nl >= 0 {
			line, after = s.text[at:at+nl], at+nl+1
		}
		p := place{s: line}
		within := s.match(&p) == len(s.stack)
		content := strings.TrimSpace(p.s[p.i:])
		if nl < 0 && !s.eof { // the line may go on
			before, _, _ := strings.Cut(content, closer)
			return "", 0, len(s.text)-s.line > limit || within && !f.takeAll(before)
		}
		if !within {
			return "", 0, true
		}
		if content == "" || strings.Contains(content, "`") {
			return "", 0, true // a formula has no blank line in it
		}
		before, tail, found := strings.Cut(content, closer)
		b.WriteString(before)
		if found {
			if strings.Trim(tail, " \t.,;:") != "" || after-s.line > limit {
				return "", 0, true
			}
			if keep {
				b.WriteString(closer)
			}
			b.WriteString(strings.TrimSpace(tail))
			if !f.takeAll(before) || !f.take(' ') || !f.is(strings.TrimSpace(b.String())) {
				return "", 0, true
			}
			return b.String(), after, true
		}
		b.WriteByte('\n')
		if nl < 0 || !f.takeAll(content) || !f.take(' ') {
			return "", 0, true
		}
		at = after
	}
	return "", 0, true
}

// box is a formula on lines of its own as Markdown: a line of text, or code if it has
// several lines.
func (s *scanner) box(body string) (show string, several bool) {
	lines := tex.Display(body)
	if len(lines) == 1 {
		return literalMarkdown(lines[0]), false
	}
	_, cont, _ := ghosts(s.stack)
	var b strings.Builder
	b.WriteString("```\n")
	for _, l := range lines {
		b.WriteString(cont + strings.ReplaceAll(l, "`", "'") + "\n")
	}
	b.WriteString(cont + "```")
	return b.String(), true
}

// formula takes a formula on lines of its own, up to end, as one thing.
func (s *scanner) formula(show string, several bool, end int) bool {
	s.freeze = nil
	s.fresh = true
	s.startBlock(0)
	s.emph = nil
	s.leaf = para
	if several {
		s.leaf = none
	}
	stop := end
	if s.text[end-1] == '\n' {
		stop--
	}
	s.put(edit{pos: s.after, del: stop - s.after, ins: show})
	s.cost += units(s.text[s.line:end])
	s.before = s.cost
	s.gap, s.heading, s.colon = false, false, false
	s.jump = end
	s.overflow()
	return true
}

// undecidedMaths says whether the head of a line that may go on may become an opener.
func undecidedMaths(rest string) bool {
	const begin = `\begin{`
	return rest == "$" || strings.HasPrefix(begin, rest) ||
		strings.HasPrefix(rest, begin) && len(rest) < 30 && !strings.Contains(rest, "}")
}
