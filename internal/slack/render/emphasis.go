package render

import (
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// emphasisParser is Markdown's emphasis, but for scripts without spaces: between their
// letters and punctuation, markers open and close what stands at them. By the letter of
// CommonMark, **「太字」**です has no bold text.
type emphasisParser struct{}

func (emphasisParser) Trigger() []byte { return []byte{'*', '_'} }

func (emphasisParser) Parse(parent ast.Node, r text.Reader, pc parser.Context) ast.Node {
	before := r.PrecendingCharacter()
	line, seg := r.PeekLine()
	d := parser.ScanDelimiter(line, before, 1, delimiters{})
	if d == nil {
		return nil
	}
	after, _ := utf8.DecodeRune(line[min(d.OriginalLength, len(line)):])
	if d.Char == '*' && (wide(before) || wide(after)) && d.OriginalLength <= 3 {
		d.CanOpen = d.CanOpen || !unicode.IsSpace(after) && after != utf8.RuneError
		d.CanClose = d.CanClose || !unicode.IsSpace(before)
	}
	d.Segment = seg.WithStop(seg.Start + d.OriginalLength)
	r.Advance(d.OriginalLength)
	pc.PushDelimiter(d)
	return d
}

// wide says whether r belongs to a script that is written without spaces.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}

type delimiters struct{}

func (delimiters) IsDelimiter(b byte) bool { return b == '*' || b == '_' }

func (delimiters) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (delimiters) OnMatch(consumes int) ast.Node { return ast.NewEmphasis(consumes) }
