package render

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineOf takes the current line token by token if split (or too long to keep whole).
func (s *scanner) lineOf(next int, open, split bool) bool {
	if !split && next-s.line <= maxAtom {
		return s.atom(next)
	}
	s.last, s.space, s.stop = mark, false, false
	start := s.line
	if s.after > start && s.after <= next {
		start = s.after
	}
	s.cost += units(s.text[s.line:start])
	ok := s.inline(start, strings.TrimSuffix(s.text[:next], "\n"), open) && s.newline(next, open)
	s.gap = false
	return ok
}

func (s *scanner) newline(next int, open bool) bool {
	if open || s.full {
		return true
	}
	if s.text[next-1] == '\n' {
		s.cost++
	}
	if s.cost+s.closing() > s.l.Chars {
		s.overflow()
	}
	return true
}

// atom takes the rest of the line as one thing.
func (s *scanner) atom(next int) bool {
	text := strings.TrimSuffix(s.text[:next], "\n")
	done := 0
	for i, prev := s.line, byte(0); i < len(text); {
		n, k, _ := lex(text[i:], prev, false)
		s.edit(i, n, k, prev)
		if s.leaf == table && s.rows > 1 && i >= s.after {
			s.pipes(i, n, k, text[i+n:], &done)
		}
		prev = s.text[i+n-1]
		i += n
	}
	s.cost += units(s.text[s.line:next])
	s.gap = false
	s.overflow()
	return true
}

// inline takes the tokens of a line of text from i to the end of the given text.
func (s *scanner) inline(i int, text string, open bool) bool {
	prev := byte(0)
	first := true
	for i < len(text) {
		n, k, ok := lex(text[i:], prev, open)
		if !ok {
			s.reachFrom(i, first)
			return false
		}
		if !first {
			s.weigh(i, n, k)
		}
		first = false
		s.before = s.cost
		s.edit(i, n, k, prev)
		s.cost += units(text[i : i+n])
		if k == emph {
			s.emphasis(text, i, n, prev)
		}
		if s.overflow() {
			return true
		}
		s.space = k == space
		if k != space && k != emph {
			s.stop = sentenceEnd(text[i : i+n])
		}
		s.last = k
		prev = text[i+n-1]
		i += n
	}
	s.reach(i)
	return true
}

// code takes literal text: no syntax, but words and clusters stay whole, and so does
// all up to whole.
func (s *scanner) code(i, whole, next int, open bool) bool {
	text := strings.TrimSuffix(s.text[:next], "\n")
	s.cost += units(s.text[s.line:min(i, len(text))])
	s.before = s.cost
	first := true
	for i < len(text) {
		rest := text[i:]
		n, ok := 1, true
		switch c := rest[0]; {
		case c >= utf8.RuneSelf:
			n, _, ok = lexCluster(rest, open)
		case c == '<':
			var is bool
			if is, ok = pingAt(rest, open); is {
				s.put(edit{pos: i + 1, ins: zwsp, only: inStream})
			}
		case alnum(c):
			for n < len(rest) && n < maxWord && alnum(rest[n]) {
				n++
			}
		}
		if !ok {
			s.reachFrom(i, first)
			return false
		}
		if !first && i > whole {
			class := 4
			if text[i-1] == ' ' || text[i-1] == ',' {
				class = 8
			}
			if r, _ := utf8.DecodeRuneInString(rest); extends(r) {
				class = 1
			}
			s.boundary(i, class)
		}
		first = false
		s.before = s.cost
		s.cost += units(rest[:n])
		if s.overflow() {
			return true
		}
		i += n
	}
	s.reach(i)
	return true
}

// reach says that all up to i is settled, and lets a live part show it if the soft limit is far.
func (s *scanner) reach(i int) {
	if s.header == nil {
		s.tail = i
	}
	if s.header == nil && s.freeze == nil && !s.full && s.before <= s.soft-margin && s.cost < s.soft { // the end of the line costs one
		s.pos = i
		s.safe = s.state
	}
}

// reachFrom is reach for a line that stops before the token at i; before its first token
// a line shows nothing.
func (s *scanner) reachFrom(i int, first bool) {
	if first {
		i = s.line
	}
	s.reach(i)
}

// weigh rates the boundary at i inside a line, before a token of n bytes.
func (s *scanner) weigh(i, n int, k kind) {
	next := s.text[i : i+n]
	r, _ := utf8.DecodeRuneInString(next)
	class := 4
	switch {
	case extends(r):
		class = 1
	case k == space || strings.ContainsRune(`.,;:!?)]}"'`, r) || unicode.In(r, unicode.Pe, unicode.Pf):
		class = 2
	case k == emph || s.last == emph:
		class = 3
	case s.space && s.stop:
		class = 30
	case s.space:
		class = 20
	case s.stop && r >= utf8.RuneSelf: // scripts without spaces
		class = 28
	case r >= utf8.RuneSelf && s.text[i-1] >= utf8.RuneSelf:
		class = 10
	case s.last != word || k != word:
		class = 5
	}
	if len(s.emph) > 0 && class > 9 {
		class = 9 + class/10
	}
	s.boundary(i, class)
}

// boundary offers pos as a place to cut.
func (s *scanner) boundary(pos, class int) {
	s.pos, s.class = pos, class
	if pos <= s.head {
		return
	}
	if s.cost <= s.soft {
		s.best = s.state
		if (s.header == nil || s.header.line >= pos) && (s.freeze == nil || s.freeze.pos >= pos) {
			s.safe = s.state
		}
	} else if class >= s.best.class {
		s.best = s.state
	}
}

// overflow cuts at the best boundary if the part can take no more.
func (s *scanner) overflow() bool {
	if s.full || s.cost+s.closing() < s.l.Chars { // one is left for the end of the line
		return s.full
	}
	if s.best.pos > s.head {
		s.cut(s.best, s.best.pos)
		return true
	}
	pos := s.through()
	st := s.state
	st.stack, st.leaf, st.marker, st.emph = nil, none, "", nil
	st.line = -1
	s.cut(st, pos)
	return true
}

// through is where to cut a part that has not one boundary, and sees to the edits there.
func (s *scanner) through() int {
	sortEdits(s.edits)
	cost := units(s.text[:s.head])
	pos, e := s.head, 0
	for pos < len(s.text) {
		n, _, _ := lexCluster(s.text[pos:], false)
		more := units(s.text[pos : pos+n])
		for ; e < len(s.edits) && s.edits[e].pos < pos+n; e++ {
			more += s.added(s.edits[e])
		}
		if cost+more+s.closing() >= s.l.Chars && pos > s.head {
			break
		}
		cost += more
		pos += n
	}
	for i, e := range s.edits {
		if e.pos < pos && pos < e.pos+e.del { // the cut goes through what was to be replaced
			s.edits[i] = edit{pos: e.pos + 1, ins: zwsp}
		}
	}
	return pos
}

func (s *scanner) cut(st state, pos int) {
	st.pos = pos
	s.best = st
	s.full = true
}

// closing is what closing the part here would cost.
func (s *scanner) closing() int {
	n := 0
	if s.leaf == fenced {
		n = len(s.marker) + s.fpad + 1
		for _, b := range s.stack {
			n += max(b.indent, 2)
		}
	}
	for _, e := range s.emph {
		n += len(e)
	}
	if len(s.emph) > 0 {
		n++ // see closer
	}
	return n
}

// emphasis follows the delimiter runs that open and close strong text and strikethrough.
// Single markers are too often arithmetic to be repaired.
func (s *scanner) emphasis(text string, i, n int, prev byte) {
	c := text[i]
	if n < 2 || n > 3 {
		return
	}
	next := byte(' ')
	if i+n < len(text) {
		next = text[i+n]
	}
	empty := func(b byte) bool { return b == 0 || b == ' ' || b == '\t' }
	marks := strings.Repeat(string(c), 2)
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	after, _ := utf8.DecodeRuneInString(text[i+n:])
	if len(s.emph) > 0 && !empty(prev) && s.emph[len(s.emph)-1] == marks {
		if wide(after) && unicode.IsPunct(before) { // see emphasisParser
			s.put(edit{pos: i, ins: zwsp, only: inStream})
		}
		s.emph = s.emph[: len(s.emph)-1 : len(s.emph)-1]
		return
	}
	if empty(next) || c == '_' && alnum(prev) || punct(next) && !empty(prev) && !punct(prev) {
		return
	}
	if wide(before) && unicode.IsPunct(after) && after >= utf8.RuneSelf {
		s.put(edit{pos: i + n, ins: zwsp, only: inStream})
	}
	if len(s.emph) < 4 {
		s.emph = append(s.emph[:len(s.emph):len(s.emph)], marks)
	}
}

func sentenceEnd(tok string) bool {
	r, _ := utf8.DecodeLastRuneInString(tok)
	return strings.ContainsRune(".!?。！？…؟।", r)
}
