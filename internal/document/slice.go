package document

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Range is from First to Last, both included and counted from 1.
type Range struct{ First, Last int }

// Ranges reads what people and models write: "3-5,9", "7", "12-" (to the end), "-3".
// Its errors say what was expected.
func Ranges(s string) ([]Range, error) {
	var all []Range
	for part := range strings.SplitSeq(strings.NewReplacer("–", "-", "—", "-", ";", ",", " ", "").Replace(s), ",") {
		if part == "" {
			continue
		}
		if len(all) == 100 {
			return nil, errors.New("more than 100 ranges")
		}
		from, to, isRange := strings.Cut(part, "-")
		r := Range{1, 1 << 30}
		var err error
		if from != "" {
			if r.First, err = strconv.Atoi(from); err == nil && !isRange {
				r.Last = r.First
			}
		}
		if err == nil && to != "" {
			r.Last, err = strconv.Atoi(to)
		}
		if err != nil || r.First < 1 || r.Last < r.First || part == "-" {
			return nil, fmt.Errorf("%q is not a range; write for instance 3-5,9", part)
		}
		all = append(all, r)
	}
	return all, nil
}

func within(n int, ranges []Range) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges, func(r Range) bool { return r.First <= n && n <= r.Last })
}

// Part says what to take of a document.
type Part struct {
	Units  []Range // by number; all if none
	Lines  []Range // rows of sheets, lines of other units; all if none
	Skip   int     // bytes of the chosen text that were read before: the Next of the last slice
	Limit  int     // bytes; 24,000 if 0
	Prefer Prefer
}

// Prefer chooses between the two texts of a PDF page.
type Prefer string

const (
	Best  Prefer = ""      // with columns where the page has tables
	Prose Prefer = "text"  // in reading order
	Table Prefer = "table" // with columns, where there are any
)

// Slice is a part of a document, in the words that the model reads.
type Slice struct {
	Text string
	Next int // to go on with as Part.Skip; 0 if this is the end
}

// Slice takes a part of the document. Each unit is headed by a line that says which
// one it is; rows of sheets carry their numbers. A slice ends between lines, but for
// a line that is longer than the limit.
func (d *Document) Slice(p Part) (Slice, error) {
	if p.Limit <= 0 {
		p.Limit = 24_000
	}
	c := &cutter{skip: max(p.Skip, 0), limit: p.Limit}
	any := false
	for i := range d.Units {
		u := &d.Units[i]
		if !within(u.Number, p.Units) {
			continue
		}
		any = true
		if !c.line(d.label(u)) {
			break
		}
		if len(u.Rows) > 0 {
			for _, r := range u.Rows {
				if within(r.Number, p.Lines) && !c.line(strconv.Itoa(r.Number)+"\t"+r.Text+"\n") {
					break
				}
			}
			for line := range strings.Lines(u.Text) {
				if len(p.Lines) == 0 && !c.line(line) {
					break
				}
			}
			continue
		}
		text, n := u.String(), 0
		switch {
		case p.Prefer == Prose:
			text = u.Text
		case p.Prefer == Table && u.Table != "":
			text = u.Table
		}
		for line := range strings.Lines(text) {
			if n++; within(n, p.Lines) && !c.line(line) {
				break
			}
		}
	}
	if !any && len(d.Units) > 0 {
		return Slice{}, fmt.Errorf("there is no such %s: the document has %d", d.Noun(), len(d.Units))
	}
	s := Slice{Text: c.sb.String()}
	if c.full {
		s.Next = c.at
	}
	return s, nil
}

// cutter takes lines from skip on until the limit.
type cutter struct {
	sb          strings.Builder
	skip, limit int
	at          int // bytes of the whole that are behind
	full        bool
}

func (c *cutter) line(s string) bool {
	if c.full {
		return false
	}
	if c.at+len(s) <= c.skip {
		c.at += len(s)
		return true
	}
	if c.at < c.skip {
		s = s[c.skip-c.at:]
		c.at = c.skip
		for len(s) > 0 && !utf8.RuneStart(s[0]) { // a skip that nobody gave out
			s = s[1:]
			c.at++
		}
	}
	if c.sb.Len()+len(s) <= c.limit {
		c.sb.WriteString(s)
		c.at += len(s)
		return true
	}
	c.full = true
	if c.sb.Len() == 0 { // a line that fits nowhere is cut between characters
		n := c.limit
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(s)
		}
		c.sb.WriteString(s[:n])
		c.at += n
	}
	return false
}

// Hit is a place where a search found something.
type Hit struct {
	Unit    int
	Line    int // a sheet's row, or the line within the unit
	Snippet string
	score   int
}

// Search finds lines with the query, in any case: first those with its words as they
// stand, then those with all of its words, then those with most of them. At most n.
func (d *Document) Search(query string, n int) []Hit {
	phrase := oneLine(strings.ToLower(query))
	words := strings.FieldsFunc(phrase, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		if phrase == "" {
			return nil
		}
		words = []string{phrase}
	}
	words = words[:min(len(words), 16)]
	var hits []Hit
	look := func(unit, line int, text string) {
		low := strings.ToLower(text)
		found := 0
		for _, w := range words {
			if strings.Contains(low, w) {
				found++
			}
		}
		if found == 0 || found*2 < len(words) {
			return
		}
		score := found
		if found == len(words) {
			score = 100
		}
		if strings.Contains(low, phrase) {
			score = 200
		}
		hits = append(hits, Hit{Unit: unit, Line: line, Snippet: snippet(text, low, words), score: score})
		if len(hits) >= 8*max(n, 50) { // keep the best so far
			sortHits(hits)
			hits = hits[:max(n, 50)]
		}
	}
	for i := range d.Units {
		u := &d.Units[i]
		for _, r := range u.Rows {
			look(u.Number, r.Number, r.Text)
		}
		text, line := u.String(), 0
		if len(u.Rows) > 0 {
			text = u.Text
		}
		for s := range strings.Lines(text) {
			if line++; strings.TrimSpace(s) != "" {
				look(u.Number, line, s)
			}
		}
	}
	sortHits(hits)
	return hits[:min(len(hits), max(n, 0))]
}

func sortHits(hits []Hit) {
	slices.SortStableFunc(hits, func(a, b Hit) int { return b.score - a.score })
}

// snippet is the part of a line around the first word found, of about 240 characters.
func snippet(text, low string, words []string) string {
	if len(text) <= 300 {
		return oneLine(text)
	}
	at := len(low)
	for _, w := range words {
		if i := strings.Index(low, w); i >= 0 {
			at = min(at, i)
		}
	}
	from, to := max(0, min(at, len(text))-100), min(len(text), at+200)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	s := oneLine(text[from:to])
	if from > 0 {
		s = "…" + s
	}
	if to < len(text) {
		s += "…"
	}
	return s
}

// Head is what stands for a long document: what it is, its outline or the first line
// of each unit, and how it begins. At most about limit bytes.
func (d *Document) Head(limit int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s), %d %ss\n", d.Name, called[d.Kind], d.Total, d.Noun())
	if d.Title != "" {
		fmt.Fprintf(&b, "Title: %s\n", d.Title)
	}
	if d.Why != "" {
		fmt.Fprintf(&b, "%s: %s\n", d.State, d.Why)
	}
	var list []string
	switch {
	case len(d.Outline) > 0:
		for _, h := range d.Outline {
			s := strings.Repeat("  ", min(h.Level-1, 6)) + h.Title
			if h.Unit > 0 {
				s += fmt.Sprintf(" (%s %d)", d.Noun(), h.Unit)
			}
			list = append(list, s)
		}
	case len(d.Units) > 1 || d.Noun() == "sheet":
		for i := range d.Units {
			list = append(list, d.first(&d.Units[i]))
		}
	}
	for i, s := range list {
		if b.Len()+len(s) > limit/2 {
			fmt.Fprintf(&b, "… and %d more\n", len(list)-i)
			break
		}
		b.WriteString(s + "\n")
	}
	b.WriteString("\n")
	for i := range d.Units { // of sheets the first rows of each, else the beginning
		left := limit - b.Len()
		if left <= 0 {
			break
		}
		p := Part{Units: []Range{{i + 1, i + 1}}, Limit: left}
		if len(d.Units[i].Rows) > 0 {
			p.Lines = []Range{{1, d.Units[i].Rows[0].Number + 50}}
		}
		s, err := d.Slice(p)
		if err != nil {
			break
		}
		b.WriteString(s.Text)
		if s.Next > 0 {
			break
		}
	}
	return b.String()
}

// first is a line about a unit: its name, its size, or how it begins.
func (d *Document) first(u *Unit) string {
	s := fmt.Sprintf("%s %d", d.Noun(), u.Number)
	if u.Name != "" {
		s += ": " + u.Name
	}
	if n := len(u.Rows); n > 0 {
		wide := 0
		for _, r := range u.Rows[:min(n, 1000)] {
			wide = max(wide, strings.Count(r.Text, "\t")+1)
		}
		s += fmt.Sprintf(", %d rows to row %d, %d columns", n, u.Rows[n-1].Number, wide)
	} else if u.Name == "" {
		for line := range strings.Lines(u.String()) {
			if line = oneLine(line); line != "" {
				r := []rune(line)
				s += ": " + string(r[:min(len(r), 80)])
				break
			}
		}
	}
	if u.Hidden {
		s += " (hidden in the file)"
	}
	return s
}
