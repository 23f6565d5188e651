package render

import (
	"strconv"
	"strings"
)

// units is what s costs of a part: its UTF-16 units, and what escaping and making safe may add.
func units(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r == '&':
			n += 5
		case r == '<' || r == '>':
			n += 4
		case r == '@':
			n += 2
		case r >= 0x10000:
			n += 2
		default:
			n++
		}
	}
	return n
}

// place is a position in a line; columns count tabs to the next multiple of four.
type place struct {
	s            string
	i, col, virt int // virt: columns left of a tab that was partly used
}

func (p place) indent() (n, j int) {
	n, j = p.virt, p.i
	for col := p.col + p.virt; j < len(p.s); j++ {
		switch p.s[j] {
		case ' ':
			n++
			col++
		case '\t':
			w := 4 - col%4
			n += w
			col += w
		default:
			return n, j
		}
	}
	return n, j
}

func (p *place) skip(n int) {
	for n > 0 {
		switch {
		case p.virt > 0:
			p.virt--
			p.col++
			n--
		case p.i < len(p.s) && p.s[p.i] == ' ':
			p.i++
			p.col++
			n--
		case p.i < len(p.s) && p.s[p.i] == '\t':
			p.virt = 4 - p.col%4
			p.i++
		default:
			return
		}
	}
}

// quote takes n columns, the quote marker and one space after it.
func (p *place) quote(n int) {
	p.skip(n)
	p.i++
	p.col++
	p.skip(1)
}

func listMarker(s string) (b box, width int) {
	if strings.IndexByte("-*+", s[0]) >= 0 {
		b.delim, width = s[0], 1
	} else {
		for width < len(s) && width < 9 && digit(s[width]) {
			width++
		}
		if width == 0 || width == len(s) || s[width] != '.' && s[width] != ')' {
			return b, 0
		}
		b.ordered, b.delim = true, s[width]
		b.num, _ = strconv.Atoi(s[:width])
		width++
	}
	if width < len(s) && s[width] != ' ' && s[width] != '\t' {
		return b, 0
	}
	return b, width
}

type start uint8

const (
	plain start = iota
	fenceStart
	headingStart
	ruleStart // a thematic break; after text, of dashes, the underline of a heading
	underline // of a heading if text precedes
)

// blockStart says what a line begins that can interrupt a paragraph; s has no indentation.
func blockStart(s string) start {
	switch s[0] {
	case '`', '~':
		if fence(s) != "" {
			return fenceStart
		}
	case '#':
		n := len(s) - len(strings.TrimLeft(s, "#"))
		if n <= 6 && (n == len(s) || s[n] == ' ' || s[n] == '\t') {
			return headingStart
		}
	case '-', '*', '_', '=':
		n := 0
		for i := 0; i < len(s); i++ {
			if s[i] == s[0] {
				n++
			} else if s[i] != ' ' && s[i] != '\t' {
				return plain
			}
		}
		switch {
		case n >= 3 && s[0] != '=':
			return ruleStart
		case (s[0] == '=' || s[0] == '-') && len(strings.TrimRight(s, " \t")) == n:
			return underline
		}
	}
	return plain
}

// fence is the marker of an opening fence, or empty.
func fence(s string) string {
	n := len(s) - len(strings.TrimLeft(s, s[:1]))
	if n < 3 || n > maxFence || s[0] == '`' && strings.Contains(s[n:], "`") {
		return ""
	}
	return s[:n]
}

// fenceInfo is the language of a fence, as far as it is one word of a reasonable length.
func fenceInfo(s string) string {
	f := strings.Fields(strings.TrimLeft(s, s[:1]))
	if len(f) == 0 || len(f[0]) > 40 {
		return ""
	}
	return f[0]
}

// undecided says whether the head of a line that may go on leaves its kind open.
func undecided(s string) bool {
	return len(s) < maxHead && strings.Trim(s, "`~#-=*_+>|:.) \t0123456789") == ""
}

// delimRow counts the columns of a table's delimiter row, 0 if it is none.
func delimRow(s string) int {
	if strings.Trim(s, "|:- \t") != "" || !strings.Contains(s, "-") {
		return 0
	}
	n := 0
	for _, c := range strings.Split(strings.Trim(s, "| \t"), "|") {
		c = strings.TrimSpace(c)
		c = strings.TrimPrefix(strings.TrimSuffix(c, ":"), ":")
		if c == "" || strings.Trim(c, "-") != "" {
			return 0
		}
		n++
	}
	return n
}

// cells counts the cells of a table row.
func cells(s string) int {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "|")
	n := 1
	for i := 0; i < len(s); i++ {
		if s[i] == '|' && (i == 0 || s[i-1] != '\\') && i < len(s)-1 {
			n++
		}
	}
	return n
}
