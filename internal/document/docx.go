package document

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// word reads one DOCX. Its parts: the body, and what the body points to.
type word struct {
	a         *archive
	b         *budget
	base      string // the directory of the main part
	rels      map[string]relation
	styles    map[string]style
	numbers   map[string]map[int]level // by numId and level
	counts    map[string]*[10]int      // the running numbers of a list
	notes     map[string]*node         // "footnote 3", "endnote 1"
	comments  map[string]*node
	used      []string // notes that were referred to, in order
	commented []string
	field     []*field // those that are open
}

type relation struct {
	kind, target string
	external     bool
}

type style struct {
	heading int // 1 to 9; 0 if it is none
	num     string
	level   int
}

type level struct {
	format string // decimal, lowerLetter, bullet …
	text   string // "%1.%2."
	start  int
}

// field is a complex field: what it tells to compute is skipped, its result stays.
type field struct {
	code   strings.Builder
	result bool
}

func readDOCX(b *budget, s *source, _ string, doc *Document) error {
	a, err := openArchive(b, s)
	if err != nil {
		return err
	}
	w := &word{a: a, b: b, counts: map[string]*[10]int{}}
	main := a.mainPart("word/document.xml")
	w.base = path.Dir(main)
	w.rels = a.relations(main)
	w.readStyles()
	w.readNumbers()
	w.notes, w.comments = map[string]*node{}, map[string]*node{}
	for _, rel := range w.rels {
		switch rel.kind {
		case "footnotes", "endnotes":
			kind := strings.TrimSuffix(rel.kind, "s")
			for _, n := range a.side(rel.target).kids {
				if t := n.get("type"); n.name == kind && (t == "" || t == "normal") {
					w.notes[kind+" "+n.get("id")] = n
				}
			}
		case "comments":
			for _, n := range a.side(rel.target).kids {
				if n.name == "comment" {
					w.comments[n.get("id")] = n
				}
			}
		}
	}
	doc.Title = oneLine(a.side("docProps/core.xml").kid("title").wordsOf())
	return w.body(main, doc)
}

// wordsOf is words for what may be nil.
func (n *node) wordsOf() string {
	if n == nil {
		return ""
	}
	return n.words()
}

// mainPart is the part that the package's relations call its document.
func (a *archive) mainPart(usual string) string {
	for _, rel := range a.relations("") {
		if rel.kind == "officeDocument" && a.has(rel.target) {
			return rel.target
		}
	}
	return usual
}

// relations of a part; of the package for "". Targets are names in the archive.
func (a *archive) relations(part string) map[string]relation {
	rels := map[string]relation{}
	dir, base := path.Split(part)
	for _, n := range a.side(dir + "_rels/" + base + ".rels").kids {
		if n.name != "Relationship" {
			continue
		}
		r := relation{kind: path.Base(n.get("Type")), target: n.get("Target"), external: strings.EqualFold(n.get("TargetMode"), "External")}
		if !r.external {
			if !strings.HasPrefix(r.target, "/") {
				r.target = path.Join("/", dir, r.target)
			}
			r.target = strings.TrimPrefix(path.Clean(r.target), "/")
		}
		rels[n.get("Id")] = r
	}
	return rels
}

func (a *archive) target(rels map[string]relation, kind string) string {
	for _, r := range rels {
		if r.kind == kind && !r.external {
			return r.target
		}
	}
	return ""
}

// body reads paragraphs and tables one at a time. A heading of the first two levels
// begins a section once there is something in the one before.
func (w *word) body(main string, doc *Document) error {
	r, err := w.a.open(main)
	if err != nil {
		return err
	}
	if r == nil {
		return damaged("the part with its text is missing")
	}
	defer r.Close()
	out := &writer{b: w.b}
	name := ""
	flush := func() {
		w.leave(out)
		if strings.TrimSpace(out.String()) != "" {
			doc.add(Unit{Name: name, Text: out.String()})
		}
		out = &writer{b: w.b}
	}
	w.margins(out, "header")
	err = newScanner(w.b, r).children(func(n *node) error {
		if h := w.heading(n); h > 0 {
			title := oneLine(w.paragraph(n))
			if h <= 2 && len(out.String()) > 1500 && len(doc.Units) < maxUnits {
				flush()
				name = title
			}
			if title != "" {
				if name == "" {
					name = title
				}
				doc.Outline = append(doc.Outline, Heading{h, title, len(doc.Units) + 1})
			}
		}
		w.blockOf(out, n, 0)
		return w.b.tick()
	}, "body")
	w.margins(out, "footer")
	flush()
	return err
}

// margins writes headers or footers, each text once.
func (w *word) margins(out *writer, kind string) {
	seen := map[string]bool{}
	for _, id := range sortedKeys(w.rels) {
		rel := w.rels[id]
		if rel.kind != kind || rel.external {
			continue
		}
		in := &writer{b: w.b}
		for _, n := range w.a.side(rel.target).kids {
			w.blockOf(in, n, 0)
		}
		if text := oneLine(in.String()); text != "" && !seen[text] {
			seen[text] = true
			out.block("(" + kind + ": " + text + ")\n")
		}
	}
}

func (w *word) heading(n *node) int {
	if n.name != "p" {
		return 0
	}
	p := n.kid("pPr")
	if l, err := strconv.Atoi(p.val("outlineLvl")); err == nil && l >= 0 && l < 9 {
		return l + 1
	}
	return w.styles[p.val("pStyle")].heading
}

// blockOf writes a paragraph, a table, or what wraps them.
func (w *word) blockOf(out *writer, n *node, depth int) {
	if depth > 30 || w.b.tick() != nil {
		return
	}
	switch n.name {
	case "p":
		text := strings.Trim(w.paragraph(n), "\n ")
		if text == "" {
			return
		}
		prefix := ""
		item := false
		if h := w.heading(n); h > 0 {
			prefix = strings.Repeat("#", min(h, 6)) + " "
			text = oneLine(text)
		}
		if mark, lvl, ok := w.item(n); ok {
			if prefix == "" {
				item = true
				prefix = strings.Repeat("  ", lvl) + mark + " "
			} else if mark != "-" {
				prefix += mark + " "
			}
		}
		if item && lastIsItem(out.String()) {
			out.line()
		} else {
			out.para()
		}
		out.add(prefix + text + "\n")
	case "tbl":
		out.block(w.table(n, depth))
	case "altChunk":
		if rel := w.rels[n.rel("id")]; rel.kind == "aFChunk" && !rel.external {
			if b, err := w.a.read(rel.target, 4<<20); err == nil {
				if text, _, err := htmlText(w.b, b, ""); err == nil {
					out.block(text + "\n")
				}
			}
		}
	case "sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml", "body", "txbxContent", "AlternateContent", "Choice":
		for _, k := range n.kids {
			w.blockOf(out, k, depth+1)
		}
	}
}

var itemLine = regexp.MustCompile(`^ *(-|\(?[0-9a-zA-Z.]{1,12}[.)]) `)

func lastIsItem(s string) bool {
	s = strings.TrimSuffix(s, "\n")
	return itemLine.MatchString(s[strings.LastIndexByte(s, '\n')+1:])
}

// paragraph is the text of a paragraph with links, notes and comments marked.
func (w *word) paragraph(n *node) string {
	var b strings.Builder
	w.run(&b, n, 0)
	return b.String()
}

func (w *word) run(b *strings.Builder, n *node, depth int) {
	if depth > maxDepth || b.Len() > maxText || w.b.tick() != nil {
		return
	}
	for _, k := range n.kids {
		switch k.name {
		case "t":
			if f := w.field; len(f) == 0 || f[len(f)-1].result {
				b.WriteString(clean(k.words()))
			}
		case "tab", "ptab":
			b.WriteString("\t")
		case "br", "cr":
			if t := k.get("type"); t == "" || t == "textWrapping" {
				b.WriteString("\n")
			}
		case "noBreakHyphen":
			b.WriteString("-")
		case "sym":
			if r, err := strconv.ParseUint(k.get("char"), 16, 32); err == nil && r >= 0x20 && (r < 0xe000 || r > 0xf8ff) {
				b.WriteString(clean(string(rune(r))))
			}
		case "fldChar":
			w.fieldChar(b, k.get("fldCharType"))
		case "instrText":
			if f := w.field; len(f) > 0 && !f[len(f)-1].result {
				f[len(f)-1].code.WriteString(k.words())
			}
		case "del", "moveFrom", "pPr", "rPr", "delText", "delInstrText", "Fallback", "rt", "tblPr", "sectPr":
		case "hyperlink":
			var t strings.Builder
			w.run(&t, k, depth+1)
			b.WriteString(link(t.String(), w.rels[k.rel("id")].external, w.rels[k.rel("id")].target))
		case "footnoteReference", "endnoteReference":
			id := strings.TrimSuffix(k.name, "Reference") + " " + k.get("id")
			if w.notes[id] != nil {
				w.used = append(w.used, id)
				b.WriteString("[" + id + "]")
			}
		case "commentReference":
			if id := k.get("id"); w.comments[id] != nil {
				w.commented = append(w.commented, id)
				b.WriteString("[comment " + strconv.Itoa(len(w.commented)) + "]")
			}
		case "docPr", "cNvPr":
			if alt := oneLine(clean(k.get("descr"))); alt != "" {
				b.WriteString("[picture: " + alt + "]")
			}
		case "oMath":
			b.WriteString(" " + formula(k, 0) + " ")
		case "txbxContent":
			in := &writer{b: w.b}
			for _, p := range k.kids {
				w.blockOf(in, p, depth/4+1)
			}
			if t := strings.TrimSpace(in.String()); t != "" {
				b.WriteString("\n" + t + "\n")
			}
		case "chart":
			if rel, ok := w.rels[k.rel("id")]; ok && !rel.external {
				b.WriteString("\n" + chart(w.a.side(rel.target)) + "\n")
			}
		case "relIds":
			if rel, ok := w.rels[k.rel("dm")]; ok && !rel.external {
				b.WriteString("\n" + points(w.a.side(rel.target)) + "\n")
			}
		default:
			w.run(b, k, depth+1)
		}
	}
}

func (w *word) fieldChar(b *strings.Builder, kind string) {
	switch n := len(w.field); {
	case kind == "begin" && n < 50:
		w.field = append(w.field, &field{})
	case kind == "separate" && n > 0:
		w.field[n-1].result = true
	case kind == "end" && n > 0:
		f := w.field[n-1]
		w.field = w.field[:n-1]
		if m := linkCode.FindStringSubmatch(f.code.String()); m != nil && f.result {
			b.WriteString(" (" + clean(m[1]) + ")")
		}
	}
}

var linkCode = regexp.MustCompile(`^\s*HYPERLINK\s+"(https?://[^"]+|mailto:[^"]+)"`)

// link writes the address after the words, unless they are the address.
func link(text string, external bool, target string) string {
	target = oneLine(clean(target))
	if !external || target == "" || len(target) > 2_000 || strings.Contains(text, strings.TrimPrefix(target, "mailto:")) {
		return text
	}
	return text + " (" + target + ")"
}

// leave writes the notes and comments that the section referred to.
func (w *word) leave(out *writer) {
	for i := 0; i < len(w.used) && i < 10_000; i++ { // a note may refer to notes
		id := w.used[i]
		n := w.notes[id]
		delete(w.notes, id)
		if n == nil {
			continue
		}
		if i == 0 {
			out.para()
		}
		out.add("[" + id + "]: " + w.inner(n) + "\n")
	}
	w.used = nil
	for i, id := range w.commented {
		n := w.comments[id]
		if n == nil || w.b.tick() != nil {
			continue
		}
		who := oneLine(clean(n.get("author")))
		if who == "" {
			who = "somebody"
		}
		if i == 0 {
			out.para()
		}
		out.add("[comment " + strconv.Itoa(i+1) + " by " + who + "]: " + w.inner(n) + "\n")
	}
	w.commented = nil
}

func (w *word) inner(n *node) string {
	in := &writer{b: w.b}
	for _, k := range n.kids {
		w.blockOf(in, k, 1)
	}
	w.b.text += len(in.String()) // it is counted where it is written
	return oneLine(in.String())
}

// table writes a table in Markdown: merged cells stand once, and leave their places
// empty. A table within a cell is written in a line.
func (w *word) table(n *node, depth int) string {
	var t grid
	for _, row := range flatten(n, "tr", 0) {
		if w.b.step() != nil {
			break
		}
		t.row()
		t.skip(atoi(row.val("trPr", "gridBefore")))
		for _, c := range flatten(row, "tc", 0) {
			in := &writer{b: w.b}
			if m := c.kid("tcPr", "vMerge"); m == nil || m.get("val") == "restart" {
				for _, k := range c.kids {
					w.blockOf(in, k, depth+1)
				}
			}
			w.b.text += len(in.String())
			t.cell(in.String())
			t.skip(atoi(c.val("tcPr", "gridSpan")) - 1)
		}
	}
	return t.markdown()
}

// flatten is the children of that name, also those within wrappers for content
// controls and tracked changes.
func flatten(n *node, name string, depth int) []*node {
	var all []*node
	for _, k := range n.kids {
		switch k.name {
		case name:
			if k.kid("trPr", "del") == nil {
				all = append(all, k)
			}
		case "sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "table-header-rows", "table-rows", "table-row-group":
			if depth < 20 {
				all = append(all, flatten(k, name, depth+1)...)
			}
		}
	}
	return all
}

func atoi(s string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(s))
	return n
}
