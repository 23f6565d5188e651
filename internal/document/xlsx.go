package document

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"
)

// workbook reads one XLSX, sheet by sheet and row by row.
type workbook struct {
	a       *archive
	b       *budget
	strings []string
	formats []format // by style of a cell
	from    time.Time
}

func readXLSX(b *budget, s *source, _ string, doc *Document) error {
	a, err := openArchive(b, s)
	if err != nil {
		return err
	}
	main := a.mainPart("xl/workbook.xml")
	if strings.HasSuffix(main, ".bin") || !a.has(main) && a.has("xl/workbook.bin") {
		return &refusal{Unsupported, "binary Excel files (.xlsb) are not read; save it as .xlsx"}
	}
	book, err := a.treeOf(main)
	if err != nil {
		return err
	}
	if book == nil {
		return damaged("the part with its sheets is missing")
	}
	w := &workbook{a: a, b: b, from: time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)}
	if p := book.kid("workbookPr"); p != nil && (p.get("date1904") == "1" || p.get("date1904") == "true") {
		w.from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	rels := a.relations(main)
	if err := w.readStrings(a.target(rels, "sharedStrings")); err != nil {
		return err
	}
	w.readFormats(a.side(a.target(rels, "styles")))
	doc.Title = oneLine(a.side("docProps/core.xml").kid("title").wordsOf())
	var sheets []*node
	if list := book.kid("sheets"); list != nil {
		for _, n := range list.kids {
			if n.name == "sheet" && rels[n.rel("id")].kind == "worksheet" {
				sheets = append(sheets, n)
			}
		}
	}
	doc.Total = len(sheets)
	for _, n := range sheets {
		u := doc.add(Unit{Name: oneLine(clean(n.get("name"))), Hidden: n.get("state") != "" && n.get("state") != "visible"})
		part := rels[n.rel("id")].target
		if err := w.sheet(part, u); err != nil {
			if len(u.Rows) == 0 {
				doc.Units = doc.Units[:len(doc.Units)-1]
			}
			return err
		}
		w.beside(part, u)
	}
	return nil
}

func (w *workbook) readStrings(part string) error {
	r, err := w.a.open(part)
	if err != nil || r == nil {
		return err
	}
	defer r.Close()
	kept := 0
	return newScanner(w.b, r).children(func(n *node) error {
		if n.name != "si" {
			return nil
		}
		s := clean(rich(n))
		if kept += len(s) + 16; kept > 4*maxText {
			return w.b.cut("its texts are more than can be read")
		}
		w.strings = append(w.strings, s)
		return nil
	}, "sst")
}

// rich is the text of a cell without its phonetic help.
func rich(n *node) string {
	var b strings.Builder
	n.each(func(k *node) bool {
		if k.name == "t" {
			b.WriteString(k.words())
		}
		return k.name != "rPh" && k.name != "t"
	})
	return b.String()
}

// sheet reads the rows. A cell without a place stands after the one before.
func (w *workbook) sheet(part string, u *Unit) error {
	r, err := w.a.open(part)
	if err != nil {
		return err
	}
	if r == nil {
		return damaged("a sheet of it is missing")
	}
	defer r.Close()
	s := newScanner(w.b, r)
	number := 0
	var row cells
	var kind, style, value string
	var in string // the element whose text is wanted
	var text strings.Builder
	for {
		t, err := s.token()
		if err != nil || t == nil {
			if line := row.end(w.b); line != "" { // what the end cut off
				u.Rows = append(u.Rows, w.b.row(number, line))
			}
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				row = cells{}
				if n := atoi(attr(t, "r")); n > number {
					number = n
				} else {
					number++
				}
			case "c":
				kind, style, value = attr(t, "t"), attr(t, "s"), ""
				text.Reset()
				if col := column(attr(t, "r")); col > row.n {
					row.skip(col - row.n)
				}
			case "v", "t":
				in = t.Name.Local
			case "rPh", "f":
				in = ""
				if _, err := s.tree(t.Copy()); err != nil {
					return err
				}
			}
		case xml.CharData:
			if in != "" && text.Len() < 1<<20 {
				text.Write(t)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v":
				value, in = text.String(), ""
			case "t":
				in = ""
			case "c":
				if value == "" {
					value = text.String()
				}
				if row.full() { // what it says costs too much to be looked at for nothing
					row.more++
				} else {
					row.add(w.value(kind, style, value))
				}
			case "row":
				if line := row.end(w.b); line != "" {
					u.Rows = append(u.Rows, w.b.row(number, line))
				}
				row = cells{}
			case "sheetData":
				return nil
			}
		}
	}
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// column is how many columns stand before the cell: 2 for "C5"; -1 if it does not say.
func column(ref string) int {
	n := 0
	for i := 0; i < len(ref) && i < 3; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1
}

// value is a cell as a reader wants it: dates as 2026-02-28, shares as 12.5%.
func (w *workbook) value(kind, style, v string) string {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && i >= 0 && i < len(w.strings) {
			return w.strings[i]
		}
		return ""
	case "b":
		if strings.TrimSpace(v) == "1" {
			return "TRUE"
		}
		return "FALSE"
	case "d":
		return clean(strings.TrimSuffix(strings.TrimSuffix(v, "Z"), "T00:00:00"))
	case "e", "str", "inlineStr":
		return clean(v)
	}
	v = clean(v)
	f := number
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(w.formats) {
		f = w.formats[i]
	}
	return f.show(v, w.from)
}

// format is what a number of a cell means.
type format int

const (
	number format = iota
	percent
	date
	clock
	moment
	elapsed
)

// formatOf reads a format code of Excel, and those with a number that stand for one.
func formatOf(id int, code string) format {
	switch {
	case code != "":
	case id == 9 || id == 10:
		return percent
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id >= 34 && id <= 36, id >= 50 && id <= 58:
		return date
	case id >= 18 && id <= 21, id == 32, id == 33, id == 45, id == 47:
		return clock
	case id == 22:
		return moment
	case id == 46:
		return elapsed
	}
	code, _, _ = strings.Cut(code, ";")
	var plain strings.Builder
	span := false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			for i++; i < len(code) && code[i] != '"'; i++ {
			}
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				end = len(code) - i - 1
			}
			switch strings.ToLower(strings.Trim(code[i+1:i+end], "hHmMsS")) {
			case "":
				span = true
			}
			i += end
		default:
			plain.WriteByte(c)
		}
	}
	s := strings.ToLower(plain.String())
	day := strings.ContainsAny(s, "yd") || strings.Contains(s, "mmm")
	hour := strings.ContainsAny(s, "hs")
	switch {
	case s == "general" || s == "":
		return number
	case strings.Contains(s, "%"):
		return percent
	case span && !day:
		return elapsed
	case day && hour:
		return moment
	case day, s == "m", s == "mm":
		return date
	case hour:
		return clock
	}
	return number
}

func (f format) show(v string, from time.Time) string {
	v = strings.TrimSpace(v)
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return v
	}
	if f >= date && (x < 0 || x > 2_958_466) { // after the year 9999
		f = number
	}
	switch f {
	case percent:
		return short(x*100) + "%"
	case number:
		return short(x)
	case elapsed:
		s := int64(math.Round(x * 86_400))
		return strconv.FormatInt(s/3600, 10) + time.Unix(s%3600, 0).UTC().Format(":04:05")
	}
	if from.Year() == 1899 && x < 60 && x >= 1 { // Excel has a 29 February 1900
		x++
	}
	whole := math.Floor(x)
	at := from.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round((x-whole)*86_400)) * time.Second)
	switch {
	case f == clock && whole == 0:
		return at.Format("15:04:05")
	case f == date && x == whole:
		return at.Format("2006-01-02")
	default:
		return at.Format("2006-01-02 15:04:05")
	}
}

// short writes a number with the 15 digits that Excel has, not the noise behind them.
func short(x float64) string {
	s := strconv.FormatFloat(x, 'g', 15, 64)
	if y, err := strconv.ParseFloat(s, 64); err == nil {
		if a := math.Abs(y); a == 0 || a >= 1e-6 && a < 1e15 {
			return strconv.FormatFloat(y, 'f', -1, 64)
		}
		return strconv.FormatFloat(y, 'g', -1, 64)
	}
	return s
}

func (w *workbook) readFormats(styles *node) {
	codes := map[int]string{}
	if n := styles.kid("numFmts"); n != nil {
		for _, f := range n.kids {
			codes[atoi(f.get("numFmtId"))] = f.get("formatCode")
		}
	}
	if n := styles.kid("cellXfs"); n != nil {
		for _, x := range n.kids {
			if x.name == "xf" {
				id := atoi(x.get("numFmtId"))
				w.formats = append(w.formats, formatOf(id, codes[id]))
			}
		}
	}
}

// beside writes what lies on a sheet and is in no cell: comments and text boxes.
func (w *workbook) beside(part string, u *Unit) {
	out := &writer{b: w.b}
	rels := w.a.relations(part)
	for _, id := range sortedKeys(rels) {
		rel := rels[id]
		if rel.external {
			continue
		}
		switch rel.kind {
		case "comments", "threadedComment":
			w.comments(out, rel)
		case "drawing":
			root := w.a.side(rel.target)
			for _, n := range root.kids {
				if text := oneLine(clean(paragraphs(n))); text != "" {
					out.add("[text box: " + text + "]\n")
				}
			}
			for _, r := range w.a.relations(rel.target) {
				if r.kind == "chart" && !r.external {
					out.add(chart(w.a.side(r.target)))
				}
			}
		}
	}
	u.Text = out.String()
}

func (w *workbook) comments(out *writer, rel relation) {
	root := w.a.side(rel.target)
	var authors []string
	if n := root.kid("authors"); n != nil {
		for _, a := range n.kids {
			authors = append(authors, oneLine(clean(a.words())))
		}
	}
	list := root.kid("commentList")
	if list == nil {
		list = root
	}
	for _, c := range list.kids {
		text, who := "", ""
		switch c.name {
		case "comment":
			if text = rich(c); strings.HasPrefix(text, "[Threaded comment]") {
				continue // the thread itself is in a part of its own
			}
			if i, err := strconv.Atoi(c.get("authorId")); err == nil && i >= 0 && i < len(authors) && authors[i] != "" {
				who = " by " + authors[i]
			}
		case "threadedComment":
			text = c.kid("text").wordsOf()
		}
		if text = oneLine(clean(text)); text != "" {
			out.add("[comment at " + oneLine(clean(c.get("ref"))) + who + "]: " + text + "\n")
		}
	}
}
