package document

import (
	"strconv"
	"strings"
)

// readCSV reads a table in plain text: separated by commas, semicolons, tabs or
// bars, whichever its first lines use most evenly.
func readCSV(b *budget, s *source, _ string, doc *Document) error {
	text, err := wholeText(b, s, "")
	if err != nil {
		return err
	}
	text = clean(text)
	u := doc.add(Unit{})
	if line, rest, found := strings.Cut(text, "\n"); found && strings.HasPrefix(line, "sep=") && len(line) == 5 {
		u.Rows, err = splitCSV(b, rest, line[4])
		return err
	}
	sep := byte('\t')
	if doc.Kind == CSV {
		sep = separator(text)
	}
	u.Rows, err = splitCSV(b, text, sep)
	return err
}

// separator looks at the first lines for the sign that occurs alike in all.
func separator(text string) byte {
	best, score := byte(','), 0
	for _, sep := range []byte(",;\t|") {
		var counts []int
		for line := range strings.Lines(text[:min(len(text), 64<<10)]) {
			if n := strings.Count(line, string(sep)); n > 0 || len(counts) > 0 {
				counts = append(counts, n)
			}
			if len(counts) == 20 {
				break
			}
		}
		same := 0
		for _, n := range counts {
			if n == counts[0] {
				same++
			}
		}
		if s := same * 10; same > 0 && s+min(counts[0], 9) > score {
			best, score = sep, s+min(counts[0], 9)
		}
	}
	return best
}

// splitCSV is forgiving: a quote in the middle of a cell is a quote, a quoted cell
// that never ends is read as it stands, rows may have any number of cells.
func splitCSV(b *budget, text string, sep byte) ([]Row, error) {
	var rows []Row
	broken := 0 // quoted cells that never end; after some, quotes are letters
	for number := 1; len(text) > 0; number++ {
		if err := b.step(); err != nil {
			return rows, err
		}
		var row cells
		for end := false; !end; {
			if err := b.tick(); err != nil {
				return rows, err
			}
			var cell, rest string
			quoted := false
			if text != "" && text[0] == '"' && broken < 20 {
				if cell, rest, end, quoted = cutQuoted(text, sep); !quoted {
					broken++
				}
			}
			if !quoted {
				cell, rest, end = cutCell(text, sep)
			}
			row.add(cell)
			text = rest
		}
		if line := row.end(b); line != "" {
			rows = append(rows, b.row(number, line))
		}
	}
	return rows, nil
}

// cutCell takes one cell off the text; end says that the row is over.
func cutCell(text string, sep byte) (cell, rest string, end bool) {
	for i := range len(text) {
		switch text[i] {
		case sep:
			return text[:i], text[i+1:], false
		case '\n':
			return text[:i], text[i+1:], true
		}
	}
	return text, "", true
}

// cutQuoted takes off a cell in quotes, of up to 1 MB.
func cutQuoted(text string, sep byte) (cell, rest string, end, ok bool) {
	var sb strings.Builder
	for t := text[1:]; sb.Len() < 1<<20; {
		i := strings.IndexByte(t, '"')
		if i < 0 {
			break
		}
		sb.WriteString(t[:i])
		t = t[i+1:]
		switch {
		case t == "", t[0] == '\n':
			return sb.String(), strings.TrimPrefix(t, "\n"), true, true
		case t[0] == sep:
			return sb.String(), t[1:], false, true
		case t[0] == '"':
			t = t[1:]
		}
		sb.WriteByte('"')
	}
	return "", "", false, false
}

// cells gathers one row: on one line, a tab between cells, none at its end.
type cells struct {
	sb   strings.Builder
	n    int // cells so far
	tabs int // not written yet
	more int // cells with text that do not fit
}

func (c *cells) add(s string) {
	if s = strings.TrimSpace(s); strings.ContainsAny(s, "\t\n") {
		s = oneLine(s)
	}
	if c.full() {
		if s != "" {
			c.more++
		}
		return
	}
	if c.n++; c.n > 1 {
		c.tabs++
	}
	if s != "" {
		for ; c.tabs > 0; c.tabs-- {
			c.sb.WriteByte('\t')
		}
		c.sb.WriteString(s)
	}
}

// skip leaves n cells empty.
func (c *cells) skip(n int) {
	n = max(0, min(n, maxCells-c.n))
	if c.n == 0 && n > 0 {
		c.tabs--
	}
	c.n += n
	c.tabs += n
}

// full says that nothing more is kept of the row.
func (c *cells) full() bool { return c.n >= maxCells || c.sb.Len() > maxRow }

// end is the row; empty if no cell has anything in it.
func (c *cells) end(b *budget) string {
	if c.more > 0 {
		_ = b.cut("the ends of very long rows are left out")
		return c.sb.String() + "\t(" + strconv.Itoa(c.more) + " more cells)"
	}
	return c.sb.String()
}
