package document

import "strings"

// grid gathers a table of an office format, and writes it in Markdown.
type grid struct {
	rows [][]string
	n    int // cells, of all rows
}

func (t *grid) row() { t.rows = append(t.rows, nil) }

// cell adds a cell to the last row; its lines become one.
func (t *grid) cell(s string) {
	if len(t.rows) == 0 {
		t.row()
	}
	r := &t.rows[len(t.rows)-1]
	if len(*r) >= maxCells || t.n > 1<<20 {
		return
	}
	s = strings.ReplaceAll(oneLine(s), "|", `\|`)
	*r = append(*r, s)
	t.n++
}

// skip leaves cells empty: those that a wide one covers.
func (t *grid) skip(n int) {
	for range min(n, 63) {
		t.cell("")
	}
}

func (t *grid) markdown() string {
	wide, rows := 0, t.rows[:0:0]
	for _, r := range t.rows {
		for len(r) > 0 && r[len(r)-1] == "" {
			r = r[:len(r)-1]
		}
		if len(r) > 0 {
			rows = append(rows, r)
			wide = max(wide, len(r))
		}
	}
	if len(rows) == 0 {
		return ""
	}
	var b strings.Builder
	for i, r := range rows {
		b.WriteString("|")
		for _, c := range r {
			b.WriteString(" " + c + " |")
		}
		if i == 0 {
			b.WriteString(strings.Repeat("  |", wide-len(r)) + "\n|" + strings.Repeat(" --- |", wide))
		}
		b.WriteString("\n")
	}
	return b.String()
}
