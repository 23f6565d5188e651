package document

import (
	"encoding/xml"
	"strings"
)

// odf reads what OpenDocument files are made of.
type odf struct {
	b     *budget
	lists map[string]map[int]level // by style and level, those with numbers
	notes int
	after strings.Builder // notes and comments, to come after the section
}

func openODF(b *budget, s *source, doc *Document) (*archive, error) {
	a, err := openArchive(b, s)
	if err != nil {
		return nil, err
	}
	if locked, _ := a.read("META-INF/manifest.xml", 1<<20); strings.Contains(string(locked), "encryption-data") {
		return nil, &refusal{Locked, "it is protected with a password; share a copy without one"}
	}
	doc.Title = oneLine(clean(a.side("meta.xml").find("title").wordsOf()))
	return a, nil
}

// content begins to read the part that all is in.
func (a *archive) content() (*scanner, func() error, error) {
	r, err := a.open("content.xml")
	if err != nil {
		return nil, nil, err
	}
	if r == nil {
		return nil, nil, damaged("the part with its text is missing")
	}
	return newScanner(a.b, r), r.Close, nil
}

// numbering reads which lists have numbers. Their styles come before the text, in the
// same part or in another.
func (o *odf) numbering(a *archive, part, where string) {
	r, err := a.open(part)
	if err != nil || r == nil {
		return
	}
	defer r.Close()
	_ = newScanner(a.b, r).children(func(n *node) error {
		if n.name != "list-style" {
			return nil
		}
		levels := map[int]level{}
		for _, l := range n.kids {
			f := l.get("num-format")
			if l.name != "list-level-style-number" || f == "" {
				continue
			}
			formats := map[string]string{"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
			levels[atoi(l.get("level"))-1] = level{formats[f], l.get("num-suffix"), max(1, atoi(l.get("start-value")))}
		}
		o.lists[n.get("name")] = levels
		return nil
	}, where)
}

func readODT(b *budget, s *source, _ string, doc *Document) error {
	a, err := openODF(b, s, doc)
	if err != nil {
		return err
	}
	o := &odf{b: b, lists: map[string]map[int]level{}}
	o.numbering(a, "styles.xml", "styles")
	o.numbering(a, "content.xml", "automatic-styles")
	sc, end, err := a.content()
	if err != nil {
		return err
	}
	defer end()
	out := &writer{b: b}
	name := ""
	flush := func() {
		o.leave(out)
		if strings.TrimSpace(out.String()) != "" {
			doc.add(Unit{Name: name, Text: out.String()})
		}
		out = &writer{b: b}
	}
	err = sc.children(func(n *node) error {
		if n.name == "h" {
			title, lvl := oneLine(o.inline(n)), max(atoi(n.get("outline-level")), 1)
			if lvl <= 2 && len(out.String()) > 1500 && len(doc.Units) < maxUnits {
				flush()
				name = title
			}
			if title != "" {
				if name == "" {
					name = title
				}
				doc.Outline = append(doc.Outline, Heading{lvl, title, len(doc.Units) + 1})
			}
		}
		o.block(out, n, 0)
		return b.tick()
	}, "body", "text")
	flush()
	return err
}

// leave writes the notes and comments of a section.
func (o *odf) leave(out *writer) {
	if o.after.Len() > 0 {
		out.para()
		out.add(o.after.String())
		o.after.Reset()
	}
}

func (o *odf) block(out *writer, n *node, depth int) {
	if depth > 60 || o.b.tick() != nil {
		return
	}
	switch n.name {
	case "h":
		if t := oneLine(o.inline(n)); t != "" {
			out.block(strings.Repeat("#", max(1, min(atoi(n.get("outline-level")), 6))) + " " + t + "\n")
		}
	case "p":
		if t := strings.TrimSpace(o.inline(n)); t != "" {
			out.block(t + "\n")
		}
	case "list":
		out.para()
		o.list(out, n, 0, n.get("style-name"))
	case "table":
		if t := o.table(n, depth); t != "" {
			out.block(t)
		}
	case "tracked-changes", "forms", "sequence-decls", "table-of-content-source", "variable-decls", "user-field-decls":
	case "annotation", "frame", "custom-shape", "rect", "line", "ellipse", "connector", "polygon", "path":
		if t := strings.TrimSpace(o.inline(&node{kids: []*node{n}})); t != "" {
			out.block(t + "\n")
		}
	default:
		for _, k := range n.kids {
			o.block(out, k, depth+1)
		}
	}
}

func (o *odf) list(out *writer, n *node, depth int, style string) {
	if depth > 40 {
		return
	}
	if own := n.get("style-name"); own != "" {
		style = own
	}
	numbers, numbered := o.lists[style][depth]
	at := max(1, numbers.start) - 1
	for _, item := range n.kids {
		if item.name != "list-item" && item.name != "list-header" {
			continue
		}
		if v := atoi(item.get("start-value")); v > 0 && v < 1<<30 {
			at = v - 1
		}
		at++
		mark := "- "
		if numbered {
			mark = numeral(at, numbers.format) + oneLine(clean(numbers.text)) + " "
		}
		if item.name == "list-header" {
			mark = ""
		}
		for _, k := range item.kids {
			switch k.name {
			case "list":
				o.list(out, k, depth+1, style)
			case "p", "h":
				if t := oneLine(o.inline(k)); t != "" {
					out.line()
					out.add(strings.Repeat("  ", min(depth, 8)) + mark + t + "\n")
					mark = "  "
				}
			default:
				o.block(out, k, depth)
			}
		}
	}
}

// inline is the text of a paragraph.
func (o *odf) inline(n *node) string {
	var b strings.Builder
	o.run(&b, n, 0)
	return b.String()
}

func (o *odf) run(b *strings.Builder, n *node, depth int) {
	if depth > maxDepth || b.Len() > maxText || o.b.tick() != nil {
		return
	}
	for _, k := range n.kids {
		switch k.name {
		case "":
			b.WriteString(spaces(clean(k.text)))
		case "s":
			b.WriteString(strings.Repeat(" ", max(1, min(atoi(k.get("c")), 200))))
		case "tab":
			b.WriteString("\t")
		case "line-break":
			b.WriteString("\n")
		case "a":
			var t strings.Builder
			o.run(&t, k, depth+1)
			to := k.get("href")
			b.WriteString(link(t.String(), strings.Contains(to, ":"), to))
		case "note":
			o.notes++
			mark := oneLine(k.kid("note-citation").wordsOf())
			if mark == "" {
				mark = "*"
			}
			b.WriteString("[note " + mark + "]")
			if body := k.kid("note-body"); body != nil {
				o.after.WriteString("[note " + mark + "]: " + o.one(body) + "\n")
			}
		case "annotation":
			who := oneLine(clean(k.kid("creator").wordsOf()))
			if who == "" {
				who = "somebody"
			}
			var text strings.Builder
			for _, p := range k.kids {
				if p.name == "p" || p.name == "list" {
					text.WriteString(" " + o.one(p))
				}
			}
			b.WriteString("[comment]")
			o.after.WriteString("[comment by " + who + "]:" + text.String() + "\n")
		case "title", "desc":
			if t := oneLine(clean(k.words())); t != "" {
				b.WriteString("[picture: " + t + "]")
			}
		case "p", "h":
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
				b.WriteString("\n")
			}
			o.run(b, k, depth+1)
		case "table":
			b.WriteString("\n" + o.table(k, depth) + "\n")
		case "tracked-changes", "ruby-text", "binary-data", "event-listeners", "note-citation":
		default:
			o.run(b, k, depth+1)
		}
	}
}

// one is what a note or a cell holds, on one line.
func (o *odf) one(n *node) string {
	in := &writer{b: o.b}
	o.block(in, &node{name: "section", kids: n.kids}, 1)
	if in.String() == "" {
		in.add(o.inline(n))
	}
	o.b.text += len(in.String())
	return oneLine(in.String())
}

// spaces collapses white space as OpenDocument does, but keeps it at the ends.
func spaces(s string) string {
	if !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") {
		return s
	}
	t := oneLine(s)
	if t == "" {
		return " "
	}
	if strings.ContainsAny(s[:1], " \n\t") {
		t = " " + t
	}
	if strings.ContainsAny(s[len(s)-1:], " \n\t") {
		t += " "
	}
	return t
}

func (o *odf) table(n *node, depth int) string {
	if depth > 30 {
		return ""
	}
	var t grid
	for _, row := range flatten(n, "table-row", 0) {
		if o.b.tick() != nil {
			break
		}
		t.row()
		for _, c := range row.kids {
			switch c.name {
			case "table-cell":
				t.cell(o.one(c))
				t.skip(min(atoi(c.get("number-columns-repeated")), 64) - 1)
			case "covered-table-cell":
				t.skip(max(1, min(atoi(c.get("number-columns-repeated")), 64)))
			}
		}
	}
	return t.markdown()
}

// readODS reads row by row. Repeated rows are written out as long as they are few:
// the format fills a sheet to its end with one repeated empty row.
func readODS(b *budget, s *source, _ string, doc *Document) error {
	a, err := openODF(b, s, doc)
	if err != nil {
		return err
	}
	sc, end, err := a.content()
	if err != nil {
		return err
	}
	defer end()
	o := &odf{b: b}
	hidden := map[string]bool{} // styles of tables that are not displayed
	style := ""
	var u *Unit
	number := 0
	finish := func() {
		if u != nil {
			u.Text = endLine(strings.TrimSpace(o.after.String()))
			o.after.Reset()
		}
	}
	defer finish()
	for {
		t, err := sc.token()
		if err != nil || t == nil {
			return err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		get := func(name string) string { return (&node{attr: start.Attr}).get(name) }
		switch start.Name.Local {
		case "style":
			style = get("name")
		case "table-properties":
			if get("display") == "false" {
				hidden[style] = true
			}
		case "table":
			finish()
			if len(doc.Units) == maxUnits {
				return b.cut("it has more sheets than can be read")
			}
			u = doc.add(Unit{Name: oneLine(clean(get("name"))), Hidden: hidden[get("style-name")]})
			number = 0
		case "tracked-changes", "shapes", "forms", "named-expressions", "database-ranges", "table-source", "content-validations":
			n, err := sc.tree(start)
			if err != nil {
				return err
			}
			if n.name == "shapes" && u != nil {
				if text := oneLine(o.inline(n)); text != "" {
					o.after.WriteString("[text box: " + text + "]\n")
				}
			}
		case "table-row":
			n, err := sc.tree(start)
			if err != nil {
				return err
			}
			repeat := max(1, atoi(n.get("number-rows-repeated")))
			if u == nil {
				continue
			}
			line := o.row(n)
			if line != "" {
				for i := range min(repeat, 1000) {
					if err := b.step(); err != nil {
						return err
					}
					u.Rows = append(u.Rows, b.row(number+i+1, line))
				}
				if repeat > 1000 {
					_ = b.cut("a row that is repeated more than 1,000 times is not written out to its end")
				}
			}
			number = min(number+repeat, 1<<24)
		}
	}
}

func (o *odf) row(n *node) string {
	var row cells
	for _, c := range n.kids {
		if c.name != "table-cell" && c.name != "covered-table-cell" || o.b.tick() != nil {
			continue
		}
		repeat := max(1, atoi(c.get("number-columns-repeated")))
		if row.full() {
			row.more += min(len(c.kids), 1)
			continue
		}
		text := o.cell(c)
		if text == "" {
			row.skip(repeat)
			continue
		}
		for range min(repeat, 100) {
			row.add(text)
		}
		row.skip(repeat - min(repeat, 100))
	}
	return row.end(o.b)
}

// cell prefers the value to how it is displayed for dates, so that they can be read
// in any language, and the display for all else.
func (o *odf) cell(c *node) string {
	text := o.one(c)
	if v := c.get("date-value"); v != "" {
		return strings.TrimSuffix(strings.Replace(v, "T", " ", 1), " 00:00:00")
	}
	if text == "" {
		return oneLine(clean(c.get("value")))
	}
	return text
}

func readODP(b *budget, s *source, _ string, doc *Document) error {
	a, err := openODF(b, s, doc)
	if err != nil {
		return err
	}
	sc, end, err := a.content()
	if err != nil {
		return err
	}
	defer end()
	o := &odf{b: b}
	hidden := map[string]bool{}
	return sc.children(func(n *node) error {
		switch n.name {
		case "automatic-styles":
			for _, st := range n.kids {
				if p := st.kid("drawing-page-properties"); p != nil && p.get("visibility") == "hidden" {
					hidden[st.get("name")] = true
				}
			}
		case "body":
			for _, show := range n.kids {
				for _, page := range show.kids {
					if page.name == "page" {
						if err := o.page(page, doc, hidden); err != nil {
							return err
						}
					}
				}
			}
		}
		return b.alive()
	}, "document-content")
}

func (o *odf) page(n *node, doc *Document, hidden map[string]bool) error {
	if len(doc.Units) == maxUnits {
		return o.b.cut("it has more slides than can be read")
	}
	out := &writer{b: o.b}
	title, drawn := "", false
	body := func(k *node, head bool) {
		t := strings.TrimSpace(o.inline(&node{kids: []*node{k}}))
		if head {
			t = oneLine(t)
			if title == "" {
				title = t
			}
			if t != "" {
				t = "# " + t
			}
		}
		out.block(t + "\n")
	}
	isTitle := func(k *node) bool { return k.get("class") == "title" }
	for _, k := range n.kids {
		if isTitle(k) {
			body(k, true)
		}
	}
	for _, k := range n.kids {
		switch {
		case k.name == "notes":
			t := ""
			for _, f := range k.kids {
				if f.get("class") == "notes" {
					t += o.inline(f)
				}
			}
			if t = strings.TrimSpace(t); t != "" {
				out.block("[speaker notes]: " + t + "\n")
			}
		case k.name != "" && !isTitle(k) && k.get("class") != "page-number" && k.get("class") != "date-time":
			drawn = drawn || k.kid("image") != nil
			body(k, false)
		}
	}
	o.leave(out)
	u := doc.add(Unit{Name: title, Text: out.String(), Hidden: hidden[n.get("style-name")], Eyes: drawn})
	if title != "" {
		doc.Outline = append(doc.Outline, Heading{1, title, u.Number})
	}
	return o.b.alive()
}
