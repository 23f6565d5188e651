package render

import "strings"

// Bounds of what one line may carry before it is taken for plain text.
const (
	maxDepth  = 16  // containers (quotes, list items) in one another
	maxHead   = 200 // bytes of a line whose kind is still open
	maxLeadIn = 120 // bytes of a heading or a line with a colon that stays with the table after it
	maxFence  = 100 // characters of a fence marker
	maxAtom   = 256 // bytes of a structural line that is not divided
	margin    = 128 // units before the soft limit in which only whole words are shown
)

type leaf uint8

const (
	none leaf = iota
	para
	fenced
	indented
	table
)

// box is one open container: a quote, or a list item.
type box struct {
	quote   bool
	pad     int // columns before the marker
	indent  int // columns before the content, counted from the parent's content
	ordered bool
	delim   byte // the bullet, or what follows the number
	num     int
}

// edit replaces del bytes at pos, in both outputs or in one. Edits inside code are for the
// stream only: in blocks, code is a typed element in which nothing can ping.
type edit struct {
	pos, del int
	ins      string
	only     outlet
}

type outlet uint8

const (
	anywhere outlet = iota
	inStream
	inTree // what blocks and text are made from
)

// state is where the scan stands; boundaries keep copies, so its slices are never
// changed in place.
type state struct {
	pos    int
	class  int // how good it is to cut here
	line   int // start of the line that pos is in
	after  int // where the content begins that a new marker introduces
	stack  []box
	kept   int // boxes that were open before this line
	leaf   leaf
	fresh  bool // at a line start: a new block begins here
	gap    bool // a blank line precedes
	lazy   bool
	marker string   // of the fence
	info   string   // its language
	fpad   int      // its indentation
	thead  string   // table: header and delimiter line, without container prefix
	emph   []string // open delimiter runs
}

type scanner struct {
	state
	l    Limits
	text string
	head int // length of what was reopened: not source
	eof  bool
	soft int // from this cost on, boundaries are weighed against each other

	edits  []edit
	cost   int
	before int   // cost before the last token
	best   state // best boundary so far; pos 0 if none
	safe   state // how far a live part may be shown
	full   bool
	jump   int // where a thing of several lines ends
	tail   int // everything before is settled, whatever the limits

	blocks, tables, rows, chars int
	columns                     int    // of the current table
	heading, colon              bool   // what the previous line ended with
	header                      *state // a line that a delimiter row would make a table header
	headerText                  string
	freeze                      *state // a heading or lead-in that a second table would take along
	space, stop                 bool   // the previous token was white space, ended a sentence
	last                        kind
}

// run scans until the part is full, the tail is undecided, or the text ends.
func (s *scanner) run() {
	for s.line = 0; s.line < len(s.text) && !s.full; {
		end := strings.IndexByte(s.text[s.line:], '\n')
		open := end < 0 && !s.eof
		next := s.line + end + 1
		if end < 0 {
			next = len(s.text)
		}
		if !s.scanLine(next, open) {
			return
		}
		next = max(next, s.jump)
		s.pos, s.line = next, next
		if s.header == nil {
			s.tail = next
			if s.freeze == nil && s.cost <= s.soft-margin && !s.full {
				s.safe = s.state
			}
		}
	}
}

// scanLine takes one line, its newline included; false means that it had to stop before
// the end of the line.
func (s *scanner) scanLine(next int, open bool) bool {
	line := s.text[s.line:next]
	body := strings.TrimSuffix(line, "\n")
	p := place{s: body}
	s.fresh, s.lazy, s.after = false, false, 0
	if open && undecided(body) && (s.leaf != fenced || len(s.stack) > 0) {
		return false
	}
	kept := s.match(&p)
	s.kept = kept
	if s.leaf == fenced && kept == len(s.stack) {
		return s.codeLine(p, next, open)
	}
	if s.leaf == fenced {
		s.leaf = none
	}
	boxes := s.enter(&p, kept)
	n, j := p.indent()
	rest := body[j:]
	if rest == "" {
		if open {
			return false // blank so far
		}
		return s.blankLine(boxes, kept, next)
	}
	if open && (strings.HasPrefix(rest, "```") || strings.HasPrefix(rest, "~~~")) {
		return false // whether it opens a fence, and what closing that costs, shows only at its end
	}
	entered := len(boxes) > kept
	kindOf := blockStart(rest)
	if n > 3 || kindOf == underline && (s.leaf != para || entered || kept < len(s.stack)) {
		kindOf = plain
	}
	if s.leaf == para && kept < len(s.stack) && !entered && kindOf == plain {
		s.lazy = true // the paragraph goes on although its containers do not
	} else {
		if entered || kept < len(s.stack) || s.leaf == none {
			s.fresh = true
			if s.leaf != indented || entered || kept < len(s.stack) {
				s.leaf = none
			}
		}
		s.stack = boxes
	}
	s.after = s.line + j
	if open && (s.leaf == table || s.header != nil || rest[0] == '|') && len(body) < s.l.Chars/2 {
		if s.leaf == table || rest[0] == '|' || delimRow(rest) > 0 {
			return false
		}
	}
	if h := s.header; h != nil {
		s.header = nil
		if s.leaf == para && !s.fresh && !s.lazy && delimRow(rest) == cells(s.headerText) && !open {
			return s.startTable(h, rest, next)
		}
	}
	switch kindOf {
	case fenceStart:
		s.freeze = nil
		s.fresh = true
		s.startBlock(0)
		s.leaf = fenced
		s.marker, s.info, s.fpad = fence(rest), fenceInfo(rest), n
		s.emph = nil
		ok := s.code(s.after+len(s.marker), 0, next, open) && s.newline(next, open)
		s.gap, s.heading = false, true
		return ok
	case headingStart, ruleStart, underline:
		setext := kindOf != headingStart && s.leaf == para && !s.fresh
		s.fresh = !setext
		if setext {
			s.blocks += 2 // no cut between a heading and its underline
		} else if s.startBlock(2) {
			return true
		}
		s.emph = nil
		s.leaf = none
		s.leadIn(body, kindOf == headingStart)
		ok := s.lineOf(next, open, kindOf == headingStart)
		s.heading = kindOf == headingStart || setext
		s.gap = false
		return ok
	}
	if n <= 3 && !s.lazy && (s.leaf != table || s.fresh) && s.leaf != indented && (rest[0] == '$' || rest[0] == '\\') {
		switch body, end, ok := s.display(rest, next, open); {
		case open && undecidedMaths(rest) || !ok:
			return false
		case end > 0:
			if show, several := s.box(body); units(show) < s.l.Chars/3 {
				return s.formula(show, several, end)
			}
		}
	}
	if n <= 3 && (strings.HasPrefix(rest, "```") || strings.HasPrefix(rest, "~~~")) {
		s.put(edit{pos: s.after, ins: zwsp}) // no fence to us, but perhaps to others, or once it is cut
	}
	if s.leaf == table && !s.fresh {
		return s.row(rest, len(body), next, open)
	}
	if n > 3 && (s.leaf == none || s.leaf == indented) {
		s.freeze = nil
		s.startBlock(0)
		s.leaf = indented
		return s.code(s.after, 0, next, open) && s.newline(next, open)
	}
	if s.leaf != para {
		s.emph = nil
		s.leaf = none
	}
	s.fresh = s.leaf == none
	s.startBlock(0)
	s.leaf = para
	if rest[0] != '|' {
		s.leadIn(body, s.fresh && (open || strings.HasSuffix(strings.TrimRight(body, "* \t"), ":")))
	}
	if rest[0] == '|' && !s.lazy && !open && len(body) < s.l.Chars/2 {
		st := s.state
		s.header, s.headerText = &st, rest
	}
	ok := s.lineOf(next, open, true)
	s.colon = strings.HasSuffix(strings.TrimRight(body, " \t"), ":")
	return ok
}

// match walks the open containers that the line continues.
func (s *scanner) match(p *place) int {
	for i, b := range s.stack {
		n, j := p.indent()
		switch {
		case b.quote:
			if n > 3 || j >= len(p.s) || p.s[j] != '>' {
				return i
			}
			p.quote(n)
		case j >= len(p.s): // blank lines belong to any item
		case n < b.indent:
			return i
		default:
			p.skip(b.indent)
		}
	}
	return len(s.stack)
}

// enter opens the containers that the line begins, after the kept ones.
func (s *scanner) enter(p *place, kept int) []box {
	boxes := s.stack[:kept:kept]
	for len(boxes) < maxDepth {
		n, j := p.indent()
		if n > 3 || j >= len(p.s) {
			break
		}
		rest := p.s[j:]
		if rest[0] == '>' {
			p.quote(n)
			boxes = append(boxes, box{quote: true})
			continue
		}
		b, width := listMarker(rest)
		here := s.leaf == para && kept == len(s.stack) && len(boxes) == kept // in the paragraph's own place
		if as := blockStart(rest); width == 0 || as == ruleStart || as == underline && here {
			break
		}
		after := *p
		after.skip(n)
		after.i += width
		after.col += width
		sp, k := after.indent()
		empty := k >= len(p.s)
		if here && (empty || b.ordered && b.num != 1) {
			break // does not interrupt a paragraph
		}
		if empty || sp > 4 {
			sp = 1
		}
		after.skip(sp)
		b.pad, b.indent = n, n+width+sp
		if len(boxes) == kept && kept < len(s.stack) {
			if sib := s.stack[kept]; !sib.quote && sib.ordered && b.ordered && sib.delim == b.delim {
				b.num = sib.num + 1
			}
		}
		*p = after
		boxes = append(boxes, b)
	}
	return boxes
}

func (s *scanner) blankLine(boxes []box, kept, next int) bool {
	if len(boxes) > kept || kept < len(s.stack) {
		s.fresh = len(boxes) > kept
		s.stack = boxes
		s.leaf = none
		if s.fresh {
			s.after = next
			s.startBlock(0)
		}
	}
	if s.leaf != indented {
		s.leaf = none
	}
	s.header = nil
	s.emph = nil
	s.fresh = false
	s.boundary(s.line, 0) // so that what precedes many blank lines stays where it was shown
	ok := s.lineOf(next, false, false)
	s.gap = true
	return ok
}

// startBlock weighs a cut before the current line, and counts the blocks that the line
// costs. It says whether the part had to end here.
func (s *scanner) startBlock(blocks int) bool {
	items := 0
	for _, b := range s.stack {
		if !b.quote {
			items++
		}
	}
	class := 40 // between the lines of a paragraph
	if s.fresh {
		switch {
		case len(s.stack) == 0 && blocks == 2:
			class = 100
		case len(s.stack) == 0:
			class = 90
		case len(s.stack) > s.kept && items <= 1:
			class = 70
		case len(s.stack) > s.kept:
			class = 60
		case s.leaf == indented:
			class = 45
		default:
			class = 50
		}
		if s.heading {
			class = 12
		} else if s.colon {
			class = min(class, 42)
		}
	}
	s.boundary(s.line, class)
	if s.fresh {
		s.heading, s.colon = false, false
	}
	s.blocks += blocks
	if blocks > 0 && s.blocks > s.l.Blocks-2 && s.line > s.head && len(s.stack) == 0 {
		s.cut(s.state, s.line)
		return true
	}
	return false
}

// leadIn holds a short line back that may belong to a table for which this part has no
// room, so that they go to the next part together.
func (s *scanner) leadIn(body string, may bool) {
	switch {
	case !may || len(body) > maxLeadIn || len(s.stack) > 0 || s.l.Tables == 0 || s.tables < s.l.Tables:
		s.freeze = nil
	case s.freeze == nil:
		st := s.state
		s.freeze = &st
	}
}

func (s *scanner) startTable(h *state, delim string, next int) bool {
	s.columns = cells(s.headerText)
	if s.columns <= s.l.TableCols { // a wider one is shown as a list
		s.tables++
		s.blocks += 2
	}
	if s.freeze != nil && s.freeze.pos > s.head && s.tables > s.l.Tables && s.columns <= s.l.TableCols {
		s.cut(*s.freeze, s.freeze.pos)
		return true
	}
	s.freeze = nil
	if h.line > s.head && s.columns <= s.l.TableCols && (s.tables > s.l.Tables || s.blocks > s.l.Blocks-2) {
		s.cut(*h, h.line)
		return true
	}
	s.leaf = table
	s.thead = s.headerText + "\n" + delim + "\n"
	s.rows, s.chars = 1, len16(s.headerText)
	return s.atom(next)
}

func (s *scanner) row(rest string, size, next int, open bool) bool {
	s.rows++
	s.chars += len16(rest)
	class := 55
	if s.rows == 2 {
		class = 6 // a header alone is no table
	}
	s.boundary(s.line, class)
	if s.line > s.head && (s.rows > s.l.TableRows || s.chars > s.l.TableChars) {
		s.cut(s.state, s.line)
		return true
	}
	if size >= s.l.Chars/2 { // too long to stay whole
		return s.lineOf(next, open, true)
	}
	return s.atom(next)
}

// codeLine takes a line inside a fence.
func (s *scanner) codeLine(p place, next int, open bool) bool {
	n, j := p.indent()
	rest := p.s[j:]
	run := len(rest) - len(strings.TrimLeft(rest, s.marker[:1]))
	after := strings.TrimLeft(rest[run:], " \t")
	closing := n <= 3 && run <= maxFence && after == ""
	if open && closing && (run > 0 || rest == "") {
		return false
	}
	if closing && run >= len(s.marker) {
		ok := s.lineOf(next, open, false)
		s.leaf, s.gap, s.fresh = none, false, false
		s.marker, s.info = "", ""
		return ok
	}
	class := 45
	switch {
	case s.gap:
		class = 50
	case s.heading: // the line after the opening fence
		class = 8
	}
	s.boundary(s.line, class)
	s.gap, s.heading = rest == "", false
	whole := 0
	switch {
	case n > 3 || run < len(s.marker):
	case run > maxFence:
		s.put(edit{pos: s.line + j, ins: zwsp}) // no end of a fence to us, but to others
	default: // a cut would leave a closing fence behind
		whole = s.line + len(p.s) - len(after)
	}
	return s.code(s.line+p.i, whole, next, open) && s.newline(next, open)
}
