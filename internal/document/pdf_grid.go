package document

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
)

// piece is some text on one line of a page, in points; y grows downwards here.
type piece struct {
	text        string
	left, right float64
	top, bottom float64
	spaced      bool // there is a space before it
}

// segments on a line are further apart than this, in widths of a character.
const apart = 1.6

// pieces are the places on a page where there is text, without the text, and about how
// wide a character is. Text is asked for only where there are tables: it costs most.
func (s *sandbox) pieces(page references.FPDF_TEXTPAGE, chars int) (all []piece, cell float64) {
	n, err := s.FPDFText_CountRects(&requests.FPDFText_CountRects{TextPage: page, StartIndex: 0, Count: -1})
	if err != nil || n.Count < 9 || n.Count > 5_000 {
		return nil, 0
	}
	sum := 0.0
	for i := range n.Count {
		q, err := s.FPDFText_GetRect(&requests.FPDFText_GetRect{TextPage: page, Index: i})
		if err != nil {
			return nil, 0
		}
		p := piece{left: q.Left, right: q.Right, top: -math.Max(q.Top, q.Bottom), bottom: -math.Min(q.Top, q.Bottom)}
		if p.right > p.left && p.bottom > p.top && !math.IsNaN(p.left+p.right+p.top+p.bottom) {
			all = append(all, p)
			sum += p.right - p.left
		}
	}
	return all, math.Max(sum/float64(chars), 1)
}

// width is the middle of the widths that characters have.
func width(all []piece) float64 {
	var widths []float64
	for _, p := range all {
		if n := utf8.RuneCountInString(p.text); n > 1 {
			widths = append(widths, (p.right-p.left)/float64(n))
		}
	}
	if len(widths) == 0 {
		return 1
	}
	slices.Sort(widths)
	return math.Max(widths[len(widths)/2], 1)
}

// fill gives each piece the characters that stand within it. PDFium's own text of a
// piece has letters of its neighbours too, where they overlap.
func fill(all []piece, chars []*responses.GetPageTextStructuredChar) []piece {
	full := slices.Clone(all)
	for i := range full {
		full[i].text = ""
	}
	at, space := -1, false
	for _, c := range chars {
		t := strings.Trim(clean(c.Text), "\n")
		if t == "" || c.Text == "\x02" {
			continue
		}
		if strings.TrimSpace(t) == "" {
			space = true
			continue
		}
		q := c.PointPosition
		x, y := (q.Left+q.Right)/2, -(q.Top+q.Bottom)/2
		in := func(p piece) bool { return x >= p.left && x <= p.right && y >= p.top && y <= p.bottom }
		if at < 0 || !in(full[at]) {
			at = slices.IndexFunc(full, in)
		}
		if at < 0 {
			continue
		}
		if full[at].text == "" {
			full[at].spaced = space
		} else if space {
			full[at].text += " "
		}
		full[at].text += t
		space = false
	}
	return slices.DeleteFunc(full, func(p piece) bool { return p.text == "" })
}

// columns lays a page out as it looks, in characters.
func columns(all []piece, cell float64) string {
	if len(all) == 0 {
		return ""
	}
	lines := split(all, cell)
	left := all[0].left
	for _, p := range all {
		left = math.Min(left, p.left)
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 && line[0].top-lines[i-1][0].bottom > 1.2*(line[0].bottom-line[0].top) {
			b.WriteByte('\n')
		}
		at := 0
		for j, p := range line {
			want := min(int(math.Round((p.left-left)/cell)), 400)
			if j > 0 {
				want = max(want, at+2)
			}
			b.WriteString(strings.Repeat(" ", max(want-at, 0)) + p.text)
			at = max(want, at) + utf8.RuneCountInString(p.text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// split gathers pieces into lines, and joins those in a line that are close.
func split(all []piece, cell float64) [][]piece {
	slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(a.top+a.bottom, b.top+b.bottom) })
	var lines [][]piece
	for _, p := range all {
		if n := len(lines); n > 0 {
			last := lines[n-1][len(lines[n-1])-1]
			if mid := (p.top + p.bottom) / 2; mid < last.bottom-0.25*(last.bottom-last.top) {
				lines[n-1] = append(lines[n-1], p)
				continue
			}
		}
		lines = append(lines, []piece{p})
	}
	for i, line := range lines {
		slices.SortStableFunc(line, func(a, b piece) int { return cmp.Compare(a.left, b.left) })
		joined := line[:1]
		for _, p := range line[1:] {
			last := &joined[len(joined)-1]
			gap := p.left - last.right
			if gap > apart*cell {
				joined = append(joined, p)
				continue
			}
			if gap > 0.25*cell || p.spaced {
				last.text += " "
			}
			last.text += p.text
			last.right = math.Max(last.right, p.right)
			last.top, last.bottom = math.Min(last.top, p.top), math.Max(last.bottom, p.bottom)
		}
		lines[i] = joined
	}
	return lines
}

// tabular says whether there is a table: three lines or more, one after the other,
// that fall into three short parts or more. Prose in columns must not be woven
// together.
func tabular(lines [][]piece, cell float64) bool {
	run, parts, chars := 0, 0, 0.0
	for _, line := range lines {
		if len(line) < 3 {
			run, parts, chars = 0, 0, 0
			continue
		}
		run++
		for _, p := range line {
			parts++
			chars += (p.right - p.left) / cell
		}
		if run >= 3 && chars < 28*float64(parts) {
			return true
		}
	}
	return false
}
