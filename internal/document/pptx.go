package document

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

func readPPTX(b *budget, s *source, _ string, doc *Document) error {
	a, err := openArchive(b, s)
	if err != nil {
		return err
	}
	main := a.mainPart("ppt/presentation.xml")
	root, err := a.treeOf(main)
	if err != nil {
		return err
	}
	if root == nil {
		return damaged("the part with its slides is missing")
	}
	doc.Title = oneLine(a.side("docProps/core.xml").kid("title").wordsOf())
	rels := a.relations(main)
	authors := map[string]string{}
	for _, r := range rels {
		if (r.kind == "commentAuthors" || r.kind == "authors") && !r.external {
			for _, n := range a.side(r.target).kids {
				authors[n.get("id")] = oneLine(clean(n.get("name")))
			}
		}
	}
	var parts []string
	if list := root.kid("sldIdLst"); list != nil {
		for _, n := range list.kids {
			if r := rels[n.rel("id")]; n.name == "sldId" && r.kind == "slide" && a.has(r.target) {
				parts = append(parts, r.target)
			}
		}
	}
	doc.Total = len(parts)
	for _, part := range parts {
		if len(doc.Units) == maxUnits {
			return b.cut("it has more slides than can be read")
		}
		n, err := a.treeOf(part)
		if err != nil {
			return err
		}
		p := &slide{a: a, b: b, rels: a.relations(part), out: &writer{b: b}}
		p.write(n, authors)
		u := doc.add(Unit{Name: p.title, Text: p.out.String(), Hidden: n != nil && n.get("show") == "0", Eyes: p.drawn})
		if p.title != "" {
			doc.Outline = append(doc.Outline, Heading{1, p.title, u.Number})
		}
		if err := b.alive(); err != nil {
			return err
		}
	}
	return nil
}

// slide writes one slide: its title first, then what is on it from top to bottom.
type slide struct {
	a     *archive
	b     *budget
	rels  map[string]relation
	out   *writer
	title string
	drawn bool // there is a picture without words for it
}

type shape struct {
	n     *node
	x, y  int
	title bool
}

func (p *slide) write(n *node, authors map[string]string) {
	var shapes []shape
	if tree := n.kid("cSld", "spTree"); tree != nil {
		shapes = collect(tree, 0, 0, 0)
	}
	const band = 914_400 / 3 // a third of an inch: what stands side by side
	slices.SortStableFunc(shapes, func(a, b shape) int {
		if a.title != b.title {
			return cmp.Compare(b2i(b.title), b2i(a.title))
		}
		return cmp.Or(cmp.Compare(a.y/band, b.y/band), cmp.Compare(a.x, b.x))
	})
	for _, s := range shapes {
		if p.b.tick() != nil {
			return
		}
		p.shape(s)
	}
	for _, id := range sortedKeys(p.rels) {
		r := p.rels[id]
		if r.external {
			continue
		}
		switch r.kind {
		case "notesSlide":
			p.notes(p.a.side(r.target))
		case "comments":
			p.comments(p.a.side(r.target), authors)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// collect is the shapes in a tree, also those in groups, with their places.
func collect(n *node, dx, dy, depth int) []shape {
	var all []shape
	for _, k := range n.kids {
		switch k.name {
		case "sp", "graphicFrame", "pic", "cxnSp":
			s := shape{n: k, x: dx, y: dy}
			off := k.kid("spPr", "xfrm", "off")
			if off == nil {
				off = k.kid("xfrm", "off")
			}
			if off != nil {
				s.x, s.y = dx+atoi(off.get("x")), dy+atoi(off.get("y"))
			}
			if t := placeholder(k); t == "title" || t == "ctrTitle" {
				s.title = true
			}
			all = append(all, s)
		case "grpSp":
			gx, gy := dx, dy
			if x := k.kid("grpSpPr", "xfrm"); x != nil {
				if off, ch := x.kid("off"), x.kid("chOff"); off != nil && ch != nil {
					gx += atoi(off.get("x")) - atoi(ch.get("x"))
					gy += atoi(off.get("y")) - atoi(ch.get("y"))
				}
			}
			if depth < 50 {
				all = append(all, collect(k, gx, gy, depth+1)...)
			}
		case "AlternateContent":
			if c := k.kid("Choice"); c != nil && depth < 50 {
				all = append(all, collect(c, dx, dy, depth+1)...)
			}
		}
	}
	return all
}

func placeholder(n *node) string {
	for _, k := range n.kids {
		if strings.HasPrefix(k.name, "nv") {
			if ph := k.kid("nvPr", "ph"); ph != nil {
				if t := ph.get("type"); t != "" {
					return t
				}
				return "body"
			}
		}
	}
	return ""
}

func (p *slide) shape(s shape) {
	switch placeholder(s.n) {
	case "sldNum", "dt":
		return
	}
	alt := ""
	for _, k := range s.n.kids {
		if c := k.kid("cNvPr"); strings.HasPrefix(k.name, "nv") && c != nil {
			alt = oneLine(clean(c.get("descr")))
		}
	}
	switch s.n.name {
	case "pic":
		if alt != "" {
			p.out.block("[picture: " + alt + "]\n")
		}
		p.drawn = true
		return
	case "graphicFrame":
		data := s.n.kid("graphic", "graphicData")
		if data == nil {
			return
		}
		for _, k := range data.kids {
			switch k.name {
			case "tbl":
				p.out.block(p.table(k))
			case "chart":
				if r := p.rels[k.rel("id")]; r.kind != "" && !r.external {
					p.out.block(chart(p.a.side(r.target)))
				}
			case "relIds":
				if r := p.rels[k.rel("dm")]; r.kind != "" && !r.external {
					p.out.block(points(p.a.side(r.target)) + "\n")
				}
			}
		}
		return
	}
	body := s.n.kid("txBody")
	if body == nil {
		return
	}
	if s.title {
		if t := oneLine(clean(paragraphs(body))); t != "" {
			if p.title == "" {
				p.title = t
			}
			p.out.block("# " + t + "\n")
		}
		return
	}
	p.out.block(p.paragraphs(body))
}

// paragraphs of a shape, with the levels of a list as indents, and links.
func (p *slide) paragraphs(body *node) string {
	var b strings.Builder
	for _, para := range body.kids {
		if para.name != "p" || p.b.tick() != nil {
			continue
		}
		lvl := 0
		if pr := para.kid("pPr"); pr != nil {
			lvl = atoi(pr.get("lvl"))
		}
		var line strings.Builder
		for _, r := range para.kids {
			switch r.name {
			case "r", "fld":
				t := clean(r.kid("t").wordsOf())
				if h := r.kid("rPr", "hlinkClick"); h != nil {
					rel := p.rels[h.rel("id")]
					t = link(t, rel.external, rel.target)
				}
				line.WriteString(t)
			case "br":
				line.WriteString("\n")
			case "m", "oMathPara", "oMath", "AlternateContent":
				line.WriteString(" " + formula(r, 0) + " ")
			}
		}
		if text := strings.TrimSpace(line.String()); text != "" {
			if lvl > 0 && lvl < 9 {
				text = strings.Repeat("  ", lvl) + "- " + text
			}
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

// paragraphs is the plain text of all paragraphs below, one a line.
func paragraphs(n *node) string {
	var b strings.Builder
	n.each(func(k *node) bool {
		if k.name == "p" {
			b.WriteString("\n")
		}
		if k.name == "t" {
			b.WriteString(k.words())
		}
		if k.name == "br" {
			b.WriteString(" ")
		}
		return k.name != "t"
	})
	return strings.TrimSpace(b.String())
}

func (p *slide) table(n *node) string {
	var t grid
	for _, row := range n.kids {
		if row.name != "tr" || p.b.tick() != nil {
			continue
		}
		t.row()
		for _, c := range row.kids {
			if c.name != "tc" {
				continue
			}
			if c.get("hMerge") == "1" || c.get("vMerge") == "1" {
				t.cell("")
				continue
			}
			t.cell(clean(paragraphs(c)))
		}
	}
	return t.markdown()
}

func (p *slide) notes(n *node) {
	tree := n.kid("cSld", "spTree")
	if tree == nil {
		return
	}
	for _, s := range collect(tree, 0, 0, 0) {
		if t := placeholder(s.n); t == "body" && s.n.kid("txBody") != nil {
			if text := strings.TrimSpace(p.paragraphs(s.n.kid("txBody"))); text != "" {
				p.out.block("[speaker notes]: " + text + "\n")
			}
		}
	}
}

func (p *slide) comments(n *node, authors map[string]string) {
	for _, c := range n.kids {
		if c.name != "cm" {
			continue
		}
		text := c.kid("text").wordsOf()
		if text == "" {
			text = paragraphs(c)
		}
		who := authors[c.get("authorId")]
		if who == "" {
			who = "somebody"
		}
		if text = oneLine(clean(text)); text != "" {
			p.out.block("[comment by " + who + "]: " + text + "\n")
		}
	}
}

// points is the text of SmartArt, a line for each point.
func points(n *node) string {
	var b strings.Builder
	n.each(func(k *node) bool {
		if k.name == "pt" {
			if t := oneLine(clean(paragraphs(k))); t != "" {
				b.WriteString("- " + t + "\n")
			}
			return false
		}
		return true
	})
	return b.String()
}

// chart is the title of a chart, and its values as a table.
func chart(n *node) string {
	var b strings.Builder
	title := ""
	if t := n.kid("chart", "title"); t != nil {
		title = ": " + oneLine(clean(paragraphs(t)))
	}
	var t grid
	var cats []string
	var head []string
	var cols [][]string
	n.kid("chart", "plotArea").each(func(k *node) bool {
		if k.name != "ser" {
			return true
		}
		if len(cols) >= 50 {
			return false
		}
		name := strings.Join(cache(k.kid("tx")), " ")
		if name == "" {
			name = "series " + strconv.Itoa(len(cols)+1)
		}
		c, v := cache(k.kid("cat")), cache(k.kid("val"))
		if x := k.kid("xVal"); x != nil {
			c, v = cache(x), cache(k.kid("yVal"))
		}
		if len(c) > len(cats) {
			cats = c
		}
		head, cols = append(head, name), append(cols, v)
		return false
	})
	if len(cols) == 0 {
		if title == "" {
			return ""
		}
		return "[chart" + title + "]\n"
	}
	t.row()
	t.cell("")
	for _, h := range head {
		t.cell(h)
	}
	rows := len(cats)
	for _, c := range cols {
		rows = max(rows, len(c))
	}
	for i := range rows {
		t.row()
		if t.cell(""); i < len(cats) {
			t.rows[len(t.rows)-1][0] = strings.ReplaceAll(cats[i], "|", `\|`)
		}
		for _, c := range cols {
			if i < len(c) {
				t.cell(c[i])
			} else {
				t.cell("")
			}
		}
	}
	b.WriteString("[chart" + title + "]\n" + t.markdown())
	return b.String()
}

// cache is the values that a chart keeps of the cells it was made from.
func cache(n *node) []string {
	var all []string
	n.each(func(k *node) bool {
		switch k.name {
		case "pt":
			i := len(all)
			if s := k.get("idx"); s != "" {
				i = atoi(s)
			}
			if i < 0 || i >= 2_000 || k.kid("v") == nil {
				return false
			}
			for len(all) <= i {
				all = append(all, "")
			}
			v := clean(k.kid("v").words())
			if x, err := strconv.ParseFloat(v, 64); err == nil {
				v = short(x)
			}
			all[i] = oneLine(v)
			return false
		case "lvl": // of categories in levels the innermost comes first
			return len(all) == 0
		case "v":
			if len(all) == 0 && n.name == "tx" {
				all = append(all, oneLine(clean(k.words())))
			}
			return false
		}
		return true
	})
	return all
}
