package tex

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Display is a formula on lines of its own. It is one line unless it holds a matrix, cases
// or several equations; then columns stand under one another in a fixed-width font.
func Display(src string) []string {
	src = strings.TrimSpace(src)
	r := reader{s: src}
	now := box{lines: []string{""}}
	var b strings.Builder
	flush := func() {
		if t := tidy(b.String()); t != "" {
			now = beside(now, box{lines: []string{t}})
		}
		b.Reset()
	}
	var above []string
	for r.i < len(r.s) {
		switch {
		case strings.HasPrefix(r.s[r.i:], `\begin{`):
			name, rows := r.rows()
			if e := lay(name, rows); len(e.lines) > 1 {
				flush()
				now = beside(now, e)
			} else {
				b.WriteString(strings.Join(e.lines, " "))
			}
		case strings.HasPrefix(r.s[r.i:], `\\`):
			r.command()
			flush()
			above = append(above, now.lines...)
			now = box{lines: []string{""}}
		case r.s[r.i] == '}':
			r.i++
		default:
			b.WriteString(r.term())
		}
	}
	flush()
	lines := append(above, now.lines...)
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	for len(lines) > 1 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// box is a rectangle of text whose middle line is the baseline.
type box struct {
	lines []string
	width int
}

func beside(a, b box) box {
	for i := range b.lines {
		b.width = max(b.width, uniseg.StringWidth(b.lines[i]))
	}
	gap := 0
	if a.width > 0 && (len(b.lines) > 1 || strings.IndexByte(",.;:", b.lines[0][0]) < 0) {
		gap = 1
	}
	h := max(len(a.lines), len(b.lines))
	out := box{width: a.width + gap + b.width}
	for i := range h {
		out.lines = append(out.lines, pad(line(a, i, h), a.width)+strings.Repeat(" ", gap)+pad(line(b, i, h), b.width))
	}
	return out
}

// line is line i of the box when it stands in the middle of h lines.
func line(b box, i, h int) string {
	if i -= (h - len(b.lines)) / 2; i >= 0 && i < len(b.lines) {
		return b.lines[i]
	}
	return ""
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-uniseg.StringWidth(s)))
}

// environment reads \begin{…} up to its end as one line.
func (r *reader) environment() string {
	r.i -= len(`\begin`)
	name, rows := r.rows()
	var lines []string
	for _, row := range rows {
		sep := " "
		if name == "cases" {
			sep = ", "
		}
		lines = append(lines, tidy(strings.Join(row, sep)))
	}
	text := strings.Join(lines, "; ")
	f := fences[name]
	return f.left + text + f.right
}

// rows reads an environment: its name without a star, and its cells.
func (r *reader) rows() (name string, rows [][]string) {
	r.i += len(`\begin`)
	full := r.group()
	name = strings.TrimSuffix(full, "*")
	if name == "array" || name == "alignedat" || name == "alignat" {
		r.group()
	}
	body, end := r.s[r.i:], `\end{`+full+`}`
	if i := r.ending(full); i >= 0 {
		body = r.s[r.i : r.i+i]
		r.i += i + len(end)
	} else {
		r.i = len(r.s)
	}
	if r.depth >= maxDepth {
		return name, [][]string{{body}}
	}
	for _, row := range divide(body, `\\`) {
		var cells []string
		if opt := strings.TrimLeft(row, " "); strings.HasPrefix(opt, "[") && strings.Contains(opt, "pt]") { // \\[2pt]
			row = opt[strings.IndexByte(opt, ']')+1:]
		}
		if row = strings.TrimSpace(strings.NewReplacer(`\hline`, "").Replace(row)); row == "" {
			continue
		}
		for _, c := range divide(row, "&") {
			inner := reader{s: c, depth: r.depth + 1}
			cells = append(cells, tidy(inner.all()))
		}
		rows = append(rows, cells)
	}
	return name, rows
}

// ending is where the \end of the environment is that has just been opened.
func (r *reader) ending(full string) int {
	begin, end := `\begin{`+full+`}`, `\end{`+full+`}`
	level, at := 1, 0
	for {
		rest := r.s[r.i+at:]
		e := strings.Index(rest, end)
		if e < 0 {
			return -1
		}
		if b := strings.Index(rest[:e], begin); b >= 0 {
			level++
			at += b + len(begin)
			continue
		}
		if level--; level == 0 {
			return at + e
		}
		at += e + len(end)
	}
}

// divide cuts s at sep where no group and no environment is open.
func divide(s, sep string) []string {
	var out []string
	from, level := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case level == 0 && strings.HasPrefix(s[i:], sep):
			out = append(out, s[from:i])
			i += len(sep) - 1
			from = i + 1
		case s[i] == '{' || strings.HasPrefix(s[i:], `\begin{`):
			level++
			if s[i] == '\\' {
				i += len(`\begin{`) - 1
				level++
			}
		case s[i] == '}':
			level = max(0, level-1)
		case strings.HasPrefix(s[i:], `\end{`):
			level = max(0, level-1)
			if j := strings.IndexByte(s[i:], '}'); j > 0 {
				i += j
			}
		case s[i] == '\\':
			i++
		}
	}
	return append(out, s[from:])
}

// fence is what stands around the rows of an environment: in a line, and down its sides.
type fence struct {
	left, right string
	leftSide    [4]string // top, middle, bottom, centre (where it differs)
	rightSide   [4]string
}

var (
	squareLeft, squareRight = [4]string{"⎡", "⎢", "⎣"}, [4]string{"⎤", "⎥", "⎦"}
	roundLeft, roundRight   = [4]string{"⎛", "⎜", "⎝"}, [4]string{"⎞", "⎟", "⎠"}
	barSide                 = [4]string{"│", "│", "│"}
	doubleBar               = [4]string{"║", "║", "║"}
	braceLeft, braceRight   = [4]string{"⎧", "⎪", "⎩", "⎨"}, [4]string{"⎫", "⎪", "⎭", "⎬"}
)

var fences = map[string]fence{
	"matrix":      {"[", "]", squareLeft, squareRight},
	"smallmatrix": {"[", "]", squareLeft, squareRight},
	"bmatrix":     {"[", "]", squareLeft, squareRight},
	"pmatrix":     {"(", ")", roundLeft, roundRight},
	"vmatrix":     {"∣", "∣", barSide, barSide},
	"Vmatrix":     {"‖", "‖", doubleBar, doubleBar},
	"Bmatrix":     {"{", "}", braceLeft, braceRight},
	"cases":       {"{", "}", braceLeft, [4]string{}},
}

// lay sets the rows of an environment under one another.
func lay(name string, rows [][]string) box {
	f, fenced := fences[name]
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(c))
		}
	}
	gap := "  "
	if !fenced {
		gap = " "
	}
	var b box
	for i, row := range rows {
		var cells []string
		for j, w := range widths {
			c := ""
			if j < len(row) {
				c = row[j]
			}
			switch {
			case j == 0 && !fenced && len(widths) > 1: // the left sides of equations end at one place
				c = strings.Repeat(" ", w-uniseg.StringWidth(c)) + c
			case fenced && name != "cases" && w > uniseg.StringWidth(c): // entries stand in the middle
				c = strings.Repeat(" ", (w-uniseg.StringWidth(c))/2) + c
				c = pad(c, w)
			default:
				c = pad(c, w)
			}
			cells = append(cells, c)
		}
		text := strings.Join(cells, gap)
		if len(rows) == 1 {
			text = f.left + text + f.right
		} else if fenced {
			text = side(f.leftSide, i, len(rows)) + " " + text + " " + side(f.rightSide, i, len(rows))
		}
		b.lines = append(b.lines, text)
	}
	if len(b.lines) == 0 {
		b.lines = []string{f.left + f.right}
	}
	return b
}

func side(s [4]string, i, n int) string {
	switch {
	case i == 0:
		return s[0]
	case i == n-1:
		return s[2]
	case s[3] != "" && i == n/2:
		return s[3]
	}
	return s[1]
}
