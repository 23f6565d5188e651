package render

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"
)

// put notes an edit and what it adds to the part.
func (s *scanner) put(e edit) {
	s.edits = append(s.edits, e)
	s.cost += s.added(e)
}

// added is what the edit adds to the part.
func (s *scanner) added(e edit) int {
	if e.only == inTree {
		return 0
	}
	return max(0, units(e.ins)-len16(s.text[e.pos:e.pos+e.del]))
}

func sortEdits(edits []edit) {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.pos - b.pos })
}

// edit notes what has to change in the token of n bytes at i so that it pings nobody and
// fetches nothing.
func (s *scanner) edit(i, n int, k kind, prev byte) {
	tok := s.text[i : i+n]
	switch k {
	case ping:
		s.put(edit{pos: i + 1, ins: zwsp})
	case image:
		s.put(edit{pos: i, del: 1})
		if strings.HasPrefix(tok, "![]") {
			s.put(edit{pos: i + 2, ins: "image"})
		}
		s.inner(i+1, tok[1:], false)
	case angle:
		ins, keep := s.angle(tok)
		if keep {
			s.inner(i, tok, false)
			break
		}
		s.put(edit{pos: i, del: n, ins: ins})
	case code:
		s.inner(i, tok, true)
	case maths:
		s.put(edit{pos: i, del: n, ins: mathsText(tok)})
	case note:
		s.put(edit{pos: i, del: n, ins: noteText(tok)})
	case leak:
		s.put(edit{pos: i, del: n, ins: zwsp}) // what stands around it must not grow together
	case tag:
		s.html(i, tok, prev)
	case dunder:
		s.put(edit{pos: i, del: n, ins: "`" + tok + "`"})
	case link, address, escape:
		s.inner(i, tok, false)
	case mark:
		switch tok[0] {
		case '&':
			s.entity(i, tok)
		case '!': // an image too long to be one token
			if strings.HasPrefix(s.text[i:], "![") {
				s.put(edit{pos: i + 1, ins: zwsp})
			}
		case '<': // something in angle brackets that is too long or has no end
			end := min(len(s.text), i+maxLabel)
			if is, _ := pingAt(s.text[i:end], false); is {
				s.put(edit{pos: i + 1, ins: zwsp})
			}
		}
	}
}

// entity writes out a character reference that is no syntax, as not every reader of
// Markdown knows all names; what hides in text goes.
func (s *scanner) entity(i int, tok string) {
	if len(tok) < 4 || tok[len(tok)-1] != ';' {
		return
	}
	plain := string(util.ResolveEntityNames(util.ResolveNumericReferences([]byte(tok))))
	for _, r := range plain {
		switch {
		case hidden(r):
			s.put(edit{pos: i, del: len(tok), ins: zwsp})
			return
		case r < 0xa0 || r == utf8.RuneError || special(r) || unicode.Is(unicode.M, r):
			return
		}
	}
	s.put(edit{pos: i, del: len(tok), ins: plain})
}

// inner breaks pings and images inside a token that is otherwise kept.
func (s *scanner) inner(i int, tok string, inCode bool) {
	where := anywhere
	if inCode {
		where = inStream
	}
	label := len(tok) // what is no address: there, an @ stays
	if tok[0] == '[' {
		label = strings.LastIndex(tok, "](")
	} else if strings.Contains(tok, "://") {
		label = 0
	}
	for j := 1; j < len(tok); j++ {
		switch tok[j] {
		case '<':
			if is, _ := pingAt(tok[j:], false); is {
				s.put(edit{pos: i + j + 1, ins: zwsp, only: where})
			}
		case '@':
			if _, k, _ := lexPing(tok[j:], tok[j-1], false); k == ping && !inCode && j < label {
				s.put(edit{pos: i + j + 1, ins: zwsp})
			}
		case '!':
			if inCode || !strings.HasPrefix(tok[j:], "![") {
				break
			}
			// A picture inside a link: its label stays.
			n, _ := lexLink(tok[j+1:], false)
			label := strings.Index(tok[j:], "](")
			if n == 0 || label < 0 || label > n {
				s.put(edit{pos: i + j + 1, ins: zwsp})
				break
			}
			s.put(edit{pos: i + j, del: 2})
			s.put(edit{pos: i + j + label, del: n + 1 - label})
			j += n
		}
	}
}

// pipes escapes the pipes in the token at i that would end a cell: those inside a code
// span or a link, and those after the last column. done counts the cells so far.
func (s *scanner) pipes(i, n int, k kind, line string, done *int) {
	tok := s.text[i : i+n]
	switch {
	case k == mark && tok == "|":
		if i > s.after {
			*done++
		}
		if *done >= s.columns && strings.TrimSpace(line) != "" {
			s.put(edit{pos: i, ins: "\\"})
		}
	case k == code || k == link || k == image:
		for j := range len(tok) {
			if tok[j] == '|' && tok[j-1] != '\\' {
				s.put(edit{pos: i + j, ins: "\\"})
			}
		}
	}
}

// angle says what to show for <…>; keep means as it is.
func (s *scanner) angle(tok string) (show string, keep bool) {
	in := tok[1 : len(tok)-1]
	body, label, has := strings.Cut(in, "|")
	if body == "" {
		return "", true
	}
	switch body[0] {
	case '@':
		id := body[1:]
		if memberID(id) && s.l.mayMention(id) {
			return "<@" + id + ">", false
		}
		if label != "" {
			id = label
		}
		return "@" + zwsp + plainLabel(id), false
	case '#':
		if channelID(body[1:]) {
			return "<" + body + ">", false
		}
		return "", true
	case '!':
		name, _, _ := strings.Cut(body[1:], "^")
		switch strings.ToLower(name) {
		case "channel", "here", "everyone", "group":
			return "@" + zwsp + strings.ToLower(name), false
		case "subteam":
			_, id, _ := strings.Cut(body, "^")
			if label != "" {
				id = label
			}
			return "@" + zwsp + plainLabel(id), false
		case "date":
			return plainLabel(label), label == ""
		}
		if is, _ := pingAt(tok, false); is {
			return "<" + zwsp + tok[1:], false
		}
		return "", true
	}
	if !has || !shownScheme(body) {
		return "", true
	}
	if label == "" {
		return "<" + body + ">", false
	}
	if strings.ContainsAny(body, "()\\") {
		body = "<" + body + ">"
	}
	return "[" + plainLabel(label) + "](" + body + ")", false
}

// plainLabel makes a label that is only text in Markdown and mentions nobody; an @ before it goes.
func plainLabel(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "@")
	return replace(s, "[", "(", "]", ")", "`", "'", "<", "", "@", "@"+zwsp, "!", "! ", "\\", "/", "|", "/")
}

// shownScheme says whether u is an address that may be a link.
func shownScheme(u string) bool {
	low := strings.ToLower(u[:min(len(u), 8)])
	for _, p := range [...]string{"https://", "http://", "mailto:", "tel:"} {
		if strings.HasPrefix(low, p) && len(u) > len(p) {
			return true
		}
	}
	return false
}

// memberID says whether id has the form of a user id.
func memberID(id string) bool { return slackID(id, "UW") }

func channelID(id string) bool { return slackID(id, "CG") }

func slackID(id, first string) bool {
	if len(id) < 2 || len(id) > 24 || strings.IndexByte(first, id[0]) < 0 {
		return false
	}
	for i := 1; i < len(id); i++ {
		if !digit(id[i]) && (id[i] < 'A' || id[i] > 'Z') {
			return false
		}
	}
	return true
}
