package render

type column struct {
	Align   string `json:"align,omitempty"`
	Wrapped bool   `json:"is_wrapped,omitempty"`
}

type rawCell struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type richCell struct {
	Type     string `json:"type"`
	Elements []rich `json:"elements"`
}

const (
	wideCell = 40   // from this size on a column is wrapped
	maxCell  = 2000 // a longer one does not go into a table
)

// table adds a table block, or several if there are many rows and the message may hold
// them; what is too wide or too much for tables becomes a list with one item for a row.
func (b *layout) table(n node) {
	header, rows := n.rows[0], n.rows[1:]
	if len(rows) == 0 { // not a table, or not one yet
		b.text("rich_text_section", titles(header))
		return
	}
	for {
		k := b.fitting(header, rows)
		if k < 0 {
			break
		}
		b.flush()
		b.out = append(b.out, tableOf(header, rows[:k], n.align))
		b.tables++
		b.cells += rowLen(header)
		for _, r := range rows[:k] {
			b.cells += rowLen(r)
		}
		rows = rows[k:]
		if len(rows) == 0 {
			return
		}
	}
	b.rowsAsList(header, rows)
}

// fitting is how many rows go into one more table, -1 if there can be none.
func (b *layout) fitting(header []([]span), rows [][][]span) int {
	size := b.cells + rowLen(header)
	if b.tables >= b.l.Tables || len(header) > b.l.TableCols || size > b.l.TableChars || !b.room(1) {
		return -1
	}
	for _, r := range append(rows[:len(rows):len(rows)], header) {
		for _, c := range r {
			if spanLen(c) > maxCell {
				return -1
			}
		}
	}
	k := 0
	for k < len(rows) && k+1 < b.l.TableRows {
		if size += rowLen(rows[k]); size > b.l.TableChars {
			break
		}
		k++
	}
	if k == 0 && len(rows) > 0 {
		return -1
	}
	return k
}

func rowLen(cells [][]span) int {
	n := 0
	for _, c := range cells {
		n += max(spanLen(c), 1)
	}
	return n
}

func tableOf(header [][]span, rows [][][]span, align []string) block {
	t := block{Type: "table"}
	widest := make([]int, len(header))
	for _, r := range append([][][]span{header}, rows...) {
		var line []any
		for i, c := range r {
			line = append(line, cell(c))
			widest[i] = max(widest[i], spanLen(c))
		}
		t.Rows = append(t.Rows, line)
	}
	for i, w := range widest {
		col := column{Wrapped: w > wideCell}
		if i < len(align) {
			col.Align = align[i]
		}
		t.Columns = append(t.Columns, col)
	}
	return t
}

func cell(spans []span) any {
	if len(spans) == 0 {
		return rawCell{"raw_text", " "} // an empty one is refused
	}
	if len(spans) == 1 && spans[0] == (span{text: spans[0].text}) {
		return rawCell{"raw_text", spans[0].text}
	}
	return richCell{"rich_text", []rich{{Type: "rich_text_section", Elements: elements(spans)}}}
}

// rowsAsList shows each row as an item: "header: value; header: value", or a line for each
// if that is long.
func (b *layout) rowsAsList(header [][]span, rows [][][]span) {
	l := node{kind: list}
	for _, r := range rows {
		l.children = append(l.children, node{kind: item, children: []node{{kind: paragraph, spans: rowSpans(header, r)}}})
	}
	b.list(l, 0, 0)
	b.gap = true
}

const (
	shortRow   = 120 // a row of up to so many characters
	shortCells = 3   // and cells is one line of a list
)

func rowSpans(header, row [][]span) []span {
	said, size := 0, 0
	for i, c := range row {
		if len(c) > 0 {
			said++
			size += spanLen(c) + spanLen(header[i])
		}
	}
	between := "; "
	if said > shortCells || size > shortRow {
		between = "\n"
	}
	var out []span
	for i, c := range row {
		if len(c) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, span{text: between})
		}
		if len(header[i]) > 0 {
			out = append(out, styled(header[i], bold)...)
			out = append(out, span{text: ": "})
		}
		out = append(out, c...)
	}
	return out
}

// titles is a header that has no rows.
func titles(header [][]span) []span {
	var out []span
	for _, c := range header {
		if len(out) > 0 {
			out = append(out, span{text: " | "})
		}
		out = append(out, styled(c, bold)...)
	}
	return out
}
