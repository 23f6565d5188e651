package document

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// headings of Word in the languages that it names its styles in.
var headingName = lazy(`(?i)^(?:heading|überschrift|titre|título|titulo|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|заголовок|заглавие|başlık|címsor|見出し|标题|標題|제목|επικεφαλίδα|כותרת)\s*([1-9])$`)

func (w *word) readStyles() {
	w.styles = map[string]style{}
	parent := map[string]string{}
	for _, n := range w.a.side(w.a.target(w.rels, "styles")).kids {
		if n.name != "style" {
			continue
		}
		id := n.get("styleId")
		st := style{num: n.val("pPr", "numPr", "numId"), level: atoi(n.val("pPr", "numPr", "ilvl"))}
		name := strings.TrimSpace(n.val("name"))
		if m := headingName().FindStringSubmatch(name); m != nil {
			st.heading = atoi(m[1])
		} else if strings.EqualFold(name, "title") {
			st.heading = 1
		} else if l := n.val("pPr", "outlineLvl"); l != "" && atoi(l) < 9 {
			st.heading = atoi(l) + 1
		}
		w.styles[id] = st
		parent[id] = n.val("basedOn")
	}
	for id := range w.styles { // what a style does not say, its parent does
		st := w.styles[id]
		for p, n := parent[id], 0; p != "" && n < 20 && (st.heading == 0 || st.num == ""); p, n = parent[p], n+1 {
			if st.heading == 0 {
				st.heading = w.styles[p].heading
			}
			if st.num == "" {
				st.num, st.level = w.styles[p].num, w.styles[p].level
			}
		}
		w.styles[id] = st
	}
}

func (w *word) readNumbers() {
	w.numbers = map[string]map[int]level{}
	abstract := map[string]map[int]level{}
	root := w.a.side(w.a.target(w.rels, "numbering"))
	levels := func(n *node, into map[int]level) {
		for _, l := range n.kids {
			if l.name == "lvl" {
				start := 1
				if s := l.val("start"); s != "" {
					start = atoi(s)
				}
				into[atoi(l.get("ilvl"))] = level{l.val("numFmt"), l.val("lvlText"), start}
			}
		}
	}
	for _, n := range root.kids {
		if n.name == "abstractNum" {
			into := map[int]level{}
			levels(n, into)
			abstract[n.get("abstractNumId")] = into
		}
	}
	for _, n := range root.kids {
		if n.name != "num" {
			continue
		}
		own := maps.Clone(abstract[n.val("abstractNumId")])
		if own == nil {
			own = map[int]level{}
		}
		for _, o := range n.kids {
			if o.name != "lvlOverride" {
				continue
			}
			levels(o, own)
			if s := o.val("startOverride"); s != "" {
				l := own[atoi(o.get("ilvl"))]
				l.start = atoi(s)
				own[atoi(o.get("ilvl"))] = l
			}
		}
		w.numbers[n.get("numId")] = own
	}
}

// item is the mark of a list's item ("-", "3.", "b)") and its level.
func (w *word) item(n *node) (mark string, lvl int, ok bool) {
	p := n.kid("pPr")
	st := w.styles[p.val("pStyle")]
	id, lvl := st.num, st.level
	if v := p.val("numPr", "numId"); v != "" {
		id = v
	}
	if v := p.val("numPr", "ilvl"); v != "" {
		lvl = atoi(v)
	}
	levels := w.numbers[id]
	if id == "" || id == "0" || lvl < 0 || lvl > 8 || levels == nil {
		return "", 0, false
	}
	l, known := levels[lvl]
	if !known || l.format == "bullet" || l.format == "none" {
		return "-", lvl, known && l.format != "none"
	}
	c := w.counts[id]
	if c == nil {
		c = new([10]int)
		for i := range c {
			c[i] = -1
		}
		w.counts[id] = c
	}
	if c[lvl] < 0 {
		c[lvl] = l.start
	} else {
		c[lvl]++
	}
	for i := lvl + 1; i < len(c); i++ {
		c[i] = -1
	}
	mark = l.text
	for i := range 9 {
		if at := "%" + strconv.Itoa(i+1); strings.Contains(mark, at) {
			v := c[i]
			if v < 0 {
				v = max(levels[i].start, 1)
			}
			mark = strings.ReplaceAll(mark, at, numeral(v, levels[i].format))
		}
	}
	if mark = oneLine(clean(mark)); mark == "" || len(mark) > 40 {
		return "-", lvl, true
	}
	return mark, lvl, true
}

// numeral writes a number as letters or Roman, where the format says so.
func numeral(n int, format string) string {
	if n < 1 || n > 3_999 {
		return strconv.Itoa(n)
	}
	switch format {
	case "lowerLetter", "upperLetter":
		s := strings.Repeat(string(rune('a'+(n-1)%26)), min((n-1)/26+1, 8))
		if format == "upperLetter" {
			s = strings.ToUpper(s)
		}
		return s
	case "lowerRoman", "upperRoman":
		var b strings.Builder
		for _, r := range []struct {
			n int
			s string
		}{{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}} {
			for ; n >= r.n; n -= r.n {
				b.WriteString(r.s)
			}
		}
		if format == "upperRoman" {
			return strings.ToUpper(b.String())
		}
		return b.String()
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	}
	return strconv.Itoa(n)
}

// formula writes Office's mathematics on one line: (a+b)/(c), x^(2), sqrt(y).
func formula(n *node, depth int) string {
	if n == nil || depth > maxDepth {
		return ""
	}
	part := func(name string) string { return formula(n.kid(name), depth+1) }
	group := func(s string) string {
		if len([]rune(s)) > 1 {
			return "(" + s + ")"
		}
		return s
	}
	switch n.name {
	case "t":
		return clean(n.words())
	case "f":
		return group(part("num")) + "/" + group(part("den"))
	case "sSup":
		return part("e") + "^" + group(part("sup"))
	case "sSub":
		return part("e") + "_" + group(part("sub"))
	case "sSubSup":
		return part("e") + "_" + group(part("sub")) + "^" + group(part("sup"))
	case "rad":
		if d := part("deg"); d != "" {
			return "root[" + d + "](" + part("e") + ")"
		}
		return "sqrt(" + part("e") + ")"
	case "nary":
		op := n.val("naryPr", "chr")
		if op == "" {
			op = "∫"
		}
		if s := part("sub"); s != "" {
			op += "_" + group(s)
		}
		if s := part("sup"); s != "" {
			op += "^" + group(s)
		}
		return op + " " + part("e")
	case "d":
		open, end := "(", ")"
		if p := n.kid("dPr", "begChr"); p != nil {
			open = p.get("val")
		}
		if p := n.kid("dPr", "endChr"); p != nil {
			end = p.get("val")
		}
		var in []string
		for _, k := range n.kids {
			if k.name == "e" {
				in = append(in, formula(k, depth+1))
			}
		}
		return open + strings.Join(in, ", ") + end
	case "del", "rPr", "ctrlPr":
		return ""
	}
	var b strings.Builder
	for _, k := range n.kids {
		b.WriteString(formula(k, depth+1))
		if n.name == "mr" {
			b.WriteString(", ")
		} else if k.name == "mr" {
			b.WriteString("; ")
		}
	}
	return b.String()
}
