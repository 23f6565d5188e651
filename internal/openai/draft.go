package openai

import (
	"encoding/json"
	"slices"
	"strings"
)

// place is where in the output a piece of text belongs.
type place struct {
	item, content int
	refusal       bool
}

// piece is the text of one place so far.
type piece struct {
	place
	text  strings.Builder
	whole bool // its beginning was seen
}

// draft collects the text of a response as it comes. The terminal event's
// output is the truth; the draft stands in where an endpoint does not send one,
// and knows where the blank lines go.
type draft struct {
	resumed bool
	refused bool
	pieces  []*piece
	begun   []int  // items whose beginning was seen
	asides  []int  // items that are commentary
	last    *piece // that the newest shown text belongs to
}

func (d *draft) begin(item int) {
	if !slices.Contains(d.begun, item) {
		d.begun = append(d.begun, item)
	}
}

func (d *draft) aside(item int) {
	if !slices.Contains(d.asides, item) {
		d.asides = append(d.asides, item)
	}
}

func (d *draft) piece(at place) *piece {
	for _, p := range slices.Backward(d.pieces) {
		if p.place == at {
			return p
		}
	}
	p := &piece{place: at, whole: !d.resumed || slices.Contains(d.begun, at.item)}
	d.pieces = append(d.pieces, p)
	return p
}

// add takes text in. It returns what to show: the text, after a blank line if
// another item, or a refusal, begins.
func (d *draft) add(at place, text string) (show string, ok bool) {
	p := d.piece(at)
	p.text.WriteString(text)
	d.refused = d.refused || at.refusal
	if slices.Contains(d.asides, at.item) {
		return "", false
	}
	before := d.last
	d.last = p
	switch {
	case before != nil && (before.item != p.item || before.refusal != p.refusal),
		// Behind the cursor there may have been an item with text.
		before == nil && d.resumed && p.whole && p.item > 0:
		text = blankLine + text
	}
	return text, true
}

const blankLine = "\n\n"

// missing is what of a place's whole text has not come yet. Where the two do
// not agree it is nothing: the final text will be right.
func (d *draft) missing(at place, whole string) string {
	p := d.piece(at)
	if !p.whole {
		return ""
	}
	rest, ok := strings.CutPrefix(whole, p.text.String())
	if !ok {
		return ""
	}
	return rest
}

// text is the whole text, or "" if the beginning is not known.
func (d *draft) text() string {
	if d.resumed {
		return ""
	}
	pieces := slices.Clone(d.pieces)
	slices.SortStableFunc(pieces, func(a, b *piece) int {
		if a.item != b.item {
			return a.item - b.item
		}
		return a.content - b.content
	})
	var answer, aside joiner
	for _, p := range pieces {
		if slices.Contains(d.asides, p.item) {
			aside.add(p.place, p.text.String())
		} else {
			answer.add(p.place, p.text.String())
		}
	}
	return answer.or(aside)
}

// joiner puts texts together as draft.add does.
type joiner struct {
	b    strings.Builder
	last place
}

func (j *joiner) add(at place, text string) {
	if text == "" {
		return
	}
	if j.b.Len() > 0 && (j.last.item != at.item || j.last.refusal != at.refusal) {
		j.b.WriteString(blankLine)
	}
	j.b.WriteString(text)
	j.last = at
}

func (j *joiner) or(other joiner) string {
	if j.b.Len() == 0 {
		return other.b.String()
	}
	return j.b.String()
}

// textOf is the text of output items. Commentary counts only if there is
// nothing else.
func textOf(items []json.RawMessage) (text string, refusal bool) {
	var answer, aside joiner
	for n, raw := range items {
		i := readItem(raw)
		if i.Type != "message" {
			continue
		}
		to := &answer
		if i.Phase == "commentary" {
			to = &aside
		}
		for _, p := range i.Content {
			switch p.Type {
			case "output_text":
				to.add(place{item: n}, string(p.Text))
			case "refusal":
				to.add(place{item: n, refusal: true}, string(p.Refusal))
				refusal = true
			}
		}
	}
	return answer.or(aside), refusal
}
