package render

import (
	"strconv"
	"strings"
)

const (
	zwsp  = "\u200b" // shows nothing, breaks a mention
	ghost = "…"      // stands for what an item said in the part before
)

// closer is what a part that ends at st needs so that it stands alone.
func (st state) closer(text string) string {
	c := strings.Join(reversed(st.emph), "")
	if st.leaf != fenced {
		if c != "" && strings.HasSuffix(text, c[:1]) {
			c = zwsp + c // with the marker before it, it would be another one
		}
		return c
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		c += "\n"
	}
	_, cont, _ := ghosts(st.stack)
	return c + cont + strings.Repeat(" ", st.fpad) + st.marker
}

// resume says how the part that begins at st opens, and where its source begins.
// text is the scanned text.
func (st state) resume(text string, maxLen int) (reopen string, pos int) {
	reopen, pos = st.reopen(text)
	if len(reopen) > maxLen {
		reopen = ""
		if st.leaf == fenced && !st.fresh {
			reopen = st.marker + "\n"
		}
		if len(reopen) > maxLen {
			reopen = ""
		}
	}
	return reopen, pos
}

func (st state) reopen(text string) (string, int) {
	if st.line < 0 {
		return guard(text, st.pos, ""), st.pos
	}
	if st.pos != st.line {
		return st.reopenInside(text)
	}
	if !st.fresh {
		switch st.leaf {
		case fenced:
			lines, cont, _ := ghosts(st.stack)
			return lines + cont + strings.Repeat(" ", st.fpad) + st.marker + st.info + "\n", st.pos
		case table:
			lines, cont, _ := ghosts(st.stack)
			header, delim, _ := strings.Cut(strings.TrimSuffix(st.thead, "\n"), "\n")
			return lines + cont + header + "\n" + cont + delim + "\n", st.pos
		case para:
			if st.lazy || len(st.stack) == 0 {
				st.pos = max(st.after, st.pos)
				return st.reopenInside(text)
			}
		}
		lines, _, _ := ghosts(st.stack)
		return lines, st.pos
	}
	lines, cont, item := ghosts(st.stack[:st.kept])
	if item && st.gap && len(st.stack) == st.kept {
		lines += strings.TrimRight(cont, " ") + "\n"
	}
	if len(st.stack) > st.kept {
		if b := st.stack[st.kept]; b.ordered {
			written, width := listMarker(strings.TrimLeft(text[st.markerAt(text):], " \t"))
			if width > 0 && written.num != b.num && len(st.stack) == st.kept+1 && st.after > st.pos {
				return lines + cont + b.open(), st.after
			}
		}
	}
	return lines, st.pos
}

// markerAt is where the first new marker of the line is: after the prefixes of the quotes that go on.
func (st state) markerAt(text string) int {
	i := st.line
	for _, b := range st.stack[:st.kept] {
		if b.quote {
			if j := strings.IndexByte(text[i:st.after], '>'); j >= 0 {
				i += j + 1
			}
		}
	}
	return i
}

// reopenInside opens the containers around a place inside a line.
func (st state) reopenInside(text string) (string, int) {
	if st.leaf == table {
		return guard(text, st.pos, ""), st.pos
	}
	lines, cont, item := ghosts(st.stack)
	emph := strings.Join(st.emph, "")
	switch {
	case st.leaf == fenced:
		return lines + cont + strings.Repeat(" ", st.fpad) + st.marker + st.info + "\n" + cont + strings.Repeat(" ", st.fpad) + st.guardCode(text), st.pos
	case st.leaf == indented && item:
		return lines + strings.TrimRight(cont, " ") + "\n" + cont + "    ", st.pos
	case st.leaf == indented:
		return lines + cont + "    ", st.pos
	case item && len(st.stack) > 0 && !st.stack[len(st.stack)-1].quote:
		return strings.TrimSuffix(lines, "\n") + " " + emph, st.pos
	}
	return lines + cont + guard(text, st.pos, emph), st.pos
}

// guard puts an invisible character before text that would begin a block where it did
// not before the cut.
func guard(text string, pos int, emph string) string {
	if emph != "" && pos < len(text) && strings.IndexByte("*_~`", text[pos]) >= 0 {
		return emph + zwsp
	}
	if emph == "" && pos < len(text) && (digit(text[pos]) || strings.IndexByte("#>-+=|`~* \t", text[pos]) >= 0) {
		return zwsp
	}
	return emph
}

// guardCode puts an invisible character before what might close the fence at the start
// of a line, where the cut puts it.
func (st state) guardCode(text string) string {
	if st.pos < len(text) && strings.IndexByte(" \t"+st.marker[:1], text[st.pos]) >= 0 {
		return zwsp
	}
	return ""
}

// ghosts opens containers again: lines that stand for the items, and the prefix of a
// line inside. item says whether the innermost line is an item's own.
func ghosts(boxes []box) (lines, cont string, item bool) {
	var b strings.Builder
	for _, x := range boxes {
		if x.quote {
			cont += "> "
			continue
		}
		item = true
		b.WriteString(cont + x.open() + ghost + "\n")
		cont += strings.Repeat(" ", len(x.open()))
	}
	return b.String(), cont, item
}

// open is the item's marker in its place.
func (b box) open() string {
	m := string(b.delim)
	if b.ordered {
		m = strconv.Itoa(b.num) + m
	}
	m = strings.Repeat(" ", b.pad) + m
	return m + strings.Repeat(" ", max(1, b.indent-len(m)))
}

func reversed(s []string) []string {
	out := make([]string, 0, len(s))
	for i := len(s) - 1; i >= 0; i-- {
		out = append(out, s[i])
	}
	return out
}
