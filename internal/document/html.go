package document

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxHTML = 8 << 20 // bytes of a page
	maxTags = 300_000 // of a page that is parsed; of others only the words are taken
)

var metaCharset = lazy(`(?i)<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w.:-]{2,40})`)

func readHTML(b *budget, s *source, _ string, doc *Document) error {
	raw, err := s.bytes(maxHTML)
	if err != nil {
		return err
	}
	if s.size > maxHTML {
		_ = b.cut("only the first " + megabytes(maxHTML) + " of it are read")
	}
	text, title, err := htmlText(b, raw, "")
	doc.Title = title
	doc.sections(text)
	return err
}

// htmlText is a page as Markdown: what people see of it, tables as tables.
func htmlText(b *budget, raw []byte, claimed string) (text, title string, err error) {
	if m := metaCharset().FindSubmatch(raw[:min(len(raw), 4096)]); m != nil && claimed == "" {
		claimed = string(m[1])
	}
	if len(raw) > maxHTML {
		raw = raw[:maxHTML]
		_ = b.cut("only the first " + megabytes(maxHTML) + " of it are read")
	}
	page, _ := decode(raw, claimed)
	lean, ok := unformatted(b, page)
	if !ok {
		if err := b.alive(); err != nil {
			return "", "", err
		}
		return htmlWords(b, page), "", nil
	}
	// The parser refuses elements that are nested deeper than 512; then only the
	// words are taken.
	in := &counted{r: strings.NewReader(lean), b: b, left: maxPart}
	root, err := html.ParseWithOptions(in, html.ParseOptionEnableScripting(false))
	if err != nil {
		if err := b.alive(); err != nil {
			return "", "", err
		}
		return htmlWords(b, page), "", nil
	}
	h := &hyper{b: b}
	h.kids(root, 0)
	return string(h.out), oneLine(clean(h.title)), b.alive()
}

// unformatted is a page without bold, italics and the like. They say nothing here, and
// the parser has to open them anew in each block if they were not closed: some hundred
// of them, and a page of 100 kB becomes a tree of gigabytes.
func unformatted(b *budget, page string) (string, bool) {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	tags := 0
	for b.step() == nil {
		t := z.Next()
		if t == html.ErrorToken {
			return out.String(), true
		}
		raw := z.Raw()
		switch t {
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			if tags++; tags > maxTags {
				return "", false
			}
			raw = bytes.Clone(raw) // the name is made of the same bytes
			if name, _ := z.TagName(); formatting[atom.Lookup(name)] {
				continue
			}
		}
		out.Write(raw)
	}
	return "", false
}

var formatting = map[atom.Atom]bool{
	atom.B: true, atom.Big: true, atom.Code: true, atom.Em: true, atom.Font: true, atom.I: true, atom.Nobr: true, atom.S: true,
	atom.Small: true, atom.Strike: true, atom.Strong: true, atom.Tt: true, atom.U: true,
}

// hyper writes a tree of HTML. Its depth is the parser's: at most 512.
type hyper struct {
	b     *budget
	out   []byte
	mark  string // before each line: quotes, and the indent of lists
	first string // before the next line, instead: the item's bullet
	title string
	pre   bool
	blank bool // an empty line is due before the next text
	begun bool
}

func (h *hyper) text(s string) {
	s = clean(s)
	if h.pre {
		for line := range strings.Lines(s) {
			h.start()
			h.put(strings.TrimSuffix(line, "\n"))
			if strings.HasSuffix(line, "\n") {
				h.newline()
			}
		}
		return
	}
	if s == "" {
		return
	}
	t := oneLine(s)
	space := strings.ContainsAny(s[:1], " \n\t")
	if t == "" {
		if h.begun {
			h.space()
		}
		return
	}
	if space && h.begun {
		h.space()
	}
	h.start()
	h.put(t)
	if strings.ContainsAny(s[len(s)-1:], " \n\t") {
		h.space()
	}
}

func (h *hyper) put(s string) { h.out = append(h.out, h.b.take(s)...) }

// space is written unless one is there.
func (h *hyper) space() {
	if n := len(h.out); n > 0 && h.out[n-1] != ' ' && h.out[n-1] != '\n' {
		h.out = append(h.out, ' ')
	}
}

// start begins a line, if none is begun.
func (h *hyper) start() {
	if h.begun {
		return
	}
	if h.blank && len(h.out) > 0 {
		h.put("\n")
	}
	h.blank = false
	if h.first != "" {
		h.put(h.first)
		h.first = ""
	} else {
		h.put(h.mark)
	}
	h.begun = true
}

func (h *hyper) newline() {
	if h.begun {
		if !h.pre {
			h.out = bytes.TrimRight(h.out, " ")
		}
		h.put("\n")
	} else if h.pre {
		h.put(h.mark + "\n")
	}
	h.begun = false
}

func (h *hyper) block() {
	if h.begun {
		h.newline()
	}
	h.blank = true
}

func (h *hyper) kids(n *html.Node, depth int) {
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		if h.b.step() != nil {
			return
		}
		switch k.Type {
		case html.TextNode:
			h.text(k.Data)
		case html.ElementNode:
			h.element(k, depth+1)
		}
	}
}

func (h *hyper) element(n *html.Node, depth int) {
	if depth > 600 || hiddenHTML(n) {
		return
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Canvas, atom.Rt, atom.Rp, atom.Datalist:
	case atom.Head:
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			if k.DataAtom == atom.Title {
				h.title = innerText(k)
			}
		}
	case atom.Title:
		if h.title == "" {
			h.title = innerText(n)
		}
	case atom.Br:
		if h.begun {
			h.newline()
		}
	case atom.Hr:
		h.block()
		h.text("---")
		h.block()
	case atom.Img:
		if alt := oneLine(clean(get(n, "alt"))); alt != "" {
			h.text("[picture: " + alt + "]")
		}
	case atom.A:
		var in hyper
		in.b = h.b
		in.kids(n, depth)
		t := strings.TrimSpace(string(in.out))
		if strings.Contains(t, "\n") { // a link around blocks
			h.kids(n, depth)
			return
		}
		h.b.text += len(t)
		to := strings.TrimSpace(get(n, "href"))
		if s := string(in.out); s != "" && s[0] == ' ' || startsWithSpace(n) {
			h.text(" ")
		}
		h.text(link(t, strings.HasPrefix(to, "http") || strings.HasPrefix(to, "mailto:"), to))
		if endsWithSpace(n) {
			h.text(" ")
		}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if t := oneLine(clean(innerText(n))); t != "" {
			h.block()
			h.text(strings.Repeat("#", int(n.Data[1]-'0')) + " " + t)
			h.block()
		}
	case atom.Pre, atom.Textarea, atom.Listing, atom.Xmp:
		h.block()
		h.start()
		h.put("```")
		h.newline()
		h.pre = true
		h.text(strings.Trim(innerText(n), "\n") + "\n")
		h.pre = false
		h.start()
		h.put("```")
		h.block()
	case atom.Blockquote:
		h.nested("> ", "> ", n, depth)
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		h.list(n, depth)
	case atom.Table:
		h.table(n, depth)
	case atom.Td, atom.Th:
		h.kids(n, depth)
		h.text(" ")
	case atom.Input:
		if v := oneLine(clean(get(n, "value"))); v != "" && get(n, "type") != "hidden" && get(n, "type") != "password" {
			h.text(" " + v + " ")
		}
	default:
		if blocks[n.DataAtom] {
			h.block()
			h.kids(n, depth)
			h.block()
			return
		}
		h.kids(n, depth)
	}
}

// blocks begin and end a line.
var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Body: true, atom.Center: true, atom.Dd: true, atom.Details: true, atom.Dialog: true, atom.Div: true, atom.Dl: true, atom.Dt: true, atom.Fieldset: true, atom.Figcaption: true, atom.Figure: true, atom.Footer: true, atom.Form: true, atom.Header: true, atom.Html: true, atom.Legend: true, atom.Main: true, atom.Nav: true, atom.Option: true, atom.P: true, atom.Section: true, atom.Summary: true, atom.Tr: true, atom.Caption: true, atom.Thead: true, atom.Tbody: true,
}

func (h *hyper) nested(first, mark string, n *html.Node, depth int) {
	h.block()
	old := h.mark
	if len(old) < 60 {
		h.first, h.mark = old+first, old+mark
	}
	h.kids(n, depth)
	h.block()
	h.first, h.mark = "", old
}

func (h *hyper) list(n *html.Node, depth int) {
	if h.mark == "" {
		h.block()
	} else if h.begun {
		h.newline()
	}
	i := 1
	if s := atoi(get(n, "start")); s > 0 && s < 1<<30 {
		i = s
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		if h.b.step() != nil {
			return
		}
		if k.DataAtom != atom.Li {
			if k.Type == html.ElementNode {
				h.element(k, depth+1)
			}
			continue
		}
		bullet := "- "
		if n.DataAtom == atom.Ol {
			bullet = numeral(i, map[string]string{"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}[get(n, "type")]) + ". "
			i++
		}
		if h.begun {
			h.newline()
		}
		old := h.mark
		if len(old) < 60 {
			h.first, h.mark = old+bullet, old+"  "
		}
		h.blank = h.blank && len(h.out) > 0 && old == "" && k.PrevSibling == nil
		h.kids(k, depth+1)
		if h.begun {
			h.newline()
		}
		h.blank = false
		h.first, h.mark = "", old
	}
	h.blank = h.mark == ""
}

// table writes a table of data in Markdown, and one that only makes a layout as the
// blocks that are in it.
func (h *hyper) table(n *html.Node, depth int) {
	var rows []*html.Node
	layout, cells := false, 0
	var look func(n *html.Node, depth int)
	look = func(n *html.Node, depth int) {
		for k := n.FirstChild; k != nil && !layout; k = k.NextSibling {
			switch k.DataAtom {
			case atom.Tr:
				rows = append(rows, k)
				for c := k.FirstChild; c != nil; c = c.NextSibling {
					if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
						cells++
						layout = layout || has(c, atom.Table, 0)
					}
				}
			case atom.Tbody, atom.Thead, atom.Tfoot:
				look(k, depth+1)
			case atom.Caption:
				h.block()
				h.kids(k, depth+1)
			}
		}
	}
	look(n, 0)
	if layout || cells <= 1 {
		h.block()
		h.kids(n, depth)
		h.block()
		return
	}
	var t grid
	covered := map[int]int{} // columns that a cell above still covers: for how many rows
	for _, r := range rows {
		if h.b.step() != nil {
			break
		}
		t.row()
		col := 0
		cover := func() {
			for covered[col] > 0 {
				covered[col]--
				col++
				t.cell("")
			}
		}
		for c := r.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom != atom.Td && c.DataAtom != atom.Th || hiddenHTML(c) {
				continue
			}
			cover()
			in := &hyper{b: h.b}
			in.kids(c, depth+1)
			h.b.text += len(in.out)
			t.cell(string(in.out))
			wide, high := span(c, "colspan"), span(c, "rowspan")
			for i := range wide {
				if high > 1 {
					covered[col+i] = high - 1
				}
			}
			t.skip(wide - 1)
			col += wide
		}
		cover()
	}
	h.block()
	for line := range strings.Lines(t.markdown()) {
		h.start()
		h.put(strings.TrimSuffix(line, "\n"))
		h.newline()
	}
	h.block()
}

// span is how far a cell reaches. What people make is small; what is large is meant
// to do harm.
func span(n *html.Node, key string) int { return max(1, min(atoi(get(n, key)), 20)) }

func has(n *html.Node, a atom.Atom, depth int) bool {
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		if k.DataAtom == a || depth < 40 && has(k, a, depth+1) {
			return true
		}
	}
	return false
}

func get(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var invisible = lazy(`(?i)display\s*:\s*none|visibility\s*:\s*hidden`)

func hiddenHTML(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "hidden" && a.Val != "until-found" || a.Key == "style" && len(a.Val) < 10_000 && invisible().MatchString(a.Val) {
			return true
		}
	}
	return false
}

func startsWithSpace(n *html.Node) bool {
	k := n.FirstChild
	return k != nil && k.Type == html.TextNode && strings.TrimLeft(k.Data, " \n\t\r") != k.Data
}

func endsWithSpace(n *html.Node) bool {
	k := n.LastChild
	return k != nil && k.Type == html.TextNode && strings.TrimRight(k.Data, " \n\t\r") != k.Data
}

// innerText is all text of a node. The tree is at most 512 deep.
func innerText(n *html.Node) string {
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		for k := n.FirstChild; k != nil && b.Len() < maxText; k = k.NextSibling {
			switch {
			case k.Type == html.TextNode:
				b.WriteString(k.Data)
			case k.DataAtom == atom.Br:
				b.WriteString("\n")
			case k.DataAtom != atom.Script && k.DataAtom != atom.Style:
				walk(k)
			}
		}
	}
	walk(n)
	return b.String()
}

// htmlWords takes the words from a page that cannot be parsed, tag by tag.
func htmlWords(b *budget, page string) string {
	w := &writer{b: b}
	z := html.NewTokenizer(strings.NewReader(page))
	z.SetMaxBuf(4 << 20)
	skip := ""
	for b.step() == nil {
		switch z.Next() {
		case html.ErrorToken:
			return w.String()
		case html.StartTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); a == atom.Script || a == atom.Style || a == atom.Template {
				skip = string(name)
			} else if blocks[a] || a == atom.Li || a == atom.Tr || a == atom.Br {
				w.line()
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); skip == string(name) {
				skip = ""
			}
		case html.TextToken:
			if t := oneLine(clean(html.UnescapeString(string(bytes.ToValidUTF8(z.Raw(), nil))))); skip == "" && t != "" {
				w.add(t + " ")
			}
		}
	}
	return w.String()
}

// sections cuts Markdown at its headings of the first two levels, once there is
// something before them, and takes the outline from its headings.
func (d *Document) sections(text string) {
	fence, from, at := false, 0, 0
	name := ""
	flush := func(to int) {
		if strings.TrimSpace(text[from:to]) != "" {
			d.add(Unit{Name: name, Text: text[from:to]})
		}
		from = to
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			fence = !fence
		}
		if marks := strings.TrimLeft(line, "#"); !fence && len(marks) < len(line) && strings.HasPrefix(marks, " ") {
			level, title := len(line)-len(marks), oneLine(marks)
			if level <= 2 && at-from > 1500 && len(d.Units) < maxUnits {
				flush(at)
				name = title
			}
			if name == "" {
				name = title
			}
			d.Outline = append(d.Outline, Heading{level, title, len(d.Units) + 1})
		}
		at += len(line)
	}
	flush(len(text))
}
