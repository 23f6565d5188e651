package document

import (
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

const (
	rtfDepth = 500 // groups within each other
	maxRTF   = 64 << 20
)

func readRTF(b *budget, s *source, _ string, doc *Document) error {
	raw, err := s.bytes(maxRTF)
	if err != nil {
		return err
	}
	return rtf(b, raw, doc)
}

// group is the state that { saves and } brings back.
type group struct {
	skip bool   // its text is not the document's
	dest string // what it is, if that matters: fonttbl, footnote, info …
	uc   int    // bytes after \u that stand for it elsewhere
	font int
	head int // outline level, from 1
}

type rtfReader struct {
	b     *budget
	doc   *Document
	out   *writer
	g     group
	stack []group
	fonts map[int]encoding.Encoding
	ansi  encoding.Encoding
	bytes []byte // of 8-bit text, not decoded yet
	drop  int    // bytes still to be dropped after \u
	high  rune   // the first half of a pair of surrogates
	row   []string
	cell  strings.Builder
	table grid
	inRow bool
	font  int // that the font table is about
	title strings.Builder
	para  strings.Builder // the paragraph that is open
}

// rtf reads an RTF text, token by token; groups are a stack of its own.
func rtf(b *budget, raw []byte, doc *Document) error {
	r := &rtfReader{b: b, doc: doc, out: &writer{b: b}, g: group{uc: 1}, fonts: map[int]encoding.Encoding{}, ansi: charmap.Windows1252}
	err := r.read(raw)
	r.paragraph()
	r.endTable()
	if doc.Title == "" {
		doc.Title = oneLine(clean(r.title.String()))
	}
	doc.sections(r.out.String())
	return err
}

func (r *rtfReader) read(raw []byte) error {
	for i := 0; i < len(raw); {
		if err := r.b.tick(); err != nil {
			return err
		}
		switch c := raw[i]; c {
		case '{':
			r.flush()
			if len(r.stack) == rtfDepth {
				return errNesting
			}
			r.stack = append(r.stack, r.g)
			i++
		case '}':
			r.flush()
			if len(r.stack) == 0 {
				return nil // what comes after the end is not the document's
			}
			if r.g.dest == "footnote" && r.stack[len(r.stack)-1].dest != "footnote" {
				r.add("]")
			}
			r.g, r.stack = r.stack[len(r.stack)-1], r.stack[:len(r.stack)-1]
			r.drop = 0
			i++
		case '\r', '\n', 0:
			i++
		case '\\':
			var err error
			if i, err = r.control(raw, i+1); err != nil {
				return err
			}
		default:
			if r.drop > 0 {
				r.drop--
			} else if !r.g.skip {
				r.bytes = append(r.bytes, c)
			} else if r.g.dest == "fonttbl" {
				r.bytes = r.bytes[:0]
			}
			i++
		}
	}
	r.flush()
	return nil
}

// control reads what follows a backslash, and gives where it ends.
func (r *rtfReader) control(raw []byte, i int) (int, error) {
	if i >= len(raw) {
		return i, nil
	}
	if c := raw[i]; !letterByte(c) {
		i++
		switch c {
		case '\'':
			if i+2 <= len(raw) {
				if n, err := strconv.ParseUint(string(raw[i:i+2]), 16, 8); err == nil {
					if r.drop > 0 {
						r.drop--
					} else if !r.g.skip {
						r.bytes = append(r.bytes, byte(n))
					}
					return i + 2, nil
				}
			}
		case '\\', '{', '}':
			if r.drop > 0 {
				r.drop--
			} else if !r.g.skip {
				r.bytes = append(r.bytes, c)
			}
		case '~':
			r.put(" ")
		case '_':
			r.put("-")
		case '*':
			r.flush()
			r.star(raw, i)
		case '\n', '\r':
			r.word("par", 0, false)
		}
		return i, nil
	}
	from := i
	for i < len(raw) && letterByte(raw[i]) && i-from < 32 {
		i++
	}
	word := string(raw[from:i])
	at := i
	if i < len(raw) && raw[i] == '-' {
		i++
	}
	for i < len(raw) && raw[i] >= '0' && raw[i] <= '9' && i-at < 12 {
		i++
	}
	n, err := strconv.Atoi(string(raw[at:i]))
	has := err == nil
	if !has {
		i = at
	}
	if i < len(raw) && raw[i] == ' ' {
		i++
	}
	switch word {
	case "bin": // raw bytes, as many as it says
		if has && n > 0 {
			i += min(n, len(raw)-i)
		}
		return i, nil
	case "u":
		r.unicode(n)
		return i, nil
	}
	r.flush()
	r.drop = 0
	r.word(word, n, has)
	return i, r.b.step()
}

func letterByte(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// star skips a group that only newer readers know, unless we do.
func (r *rtfReader) star(raw []byte, i int) {
	for _, known := range []string{"\\shptxt", "\\fldinst", "\\ud", "\\shpinst", "\\shppict"} {
		if strings.HasPrefix(string(raw[i:min(len(raw), i+12)]), known) {
			r.g.skip = r.g.skip || known == "\\fldinst" || known == "\\shppict"
			return
		}
	}
	r.g.skip = true
}

func (r *rtfReader) unicode(n int) {
	if r.drop > 0 {
		r.drop--
		return
	}
	if len(r.bytes) > 0 {
		r.flush()
	}
	c := rune(uint16(n))
	r.drop = r.g.uc
	switch {
	case c >= 0xd800 && c < 0xdc00:
		r.high = c
		return
	case c >= 0xdc00 && c < 0xe000:
		if r.high == 0 {
			return
		}
		c = (r.high-0xd800)<<10 + (c - 0xdc00) + 0x10000
	case c >= 0xf020 && c <= 0xf0ff: // of a symbol font
		c -= 0xf000
	}
	r.high = 0
	if !r.g.skip {
		r.add(clean(string(c)))
	}
}

// flush decodes the bytes so far: several make one character in some encodings.
func (r *rtfReader) flush() {
	if len(r.bytes) == 0 {
		return
	}
	enc := r.fonts[r.g.font]
	if enc == nil {
		enc = r.ansi
	}
	s, err := enc.NewDecoder().Bytes(r.bytes)
	if err != nil {
		s = r.bytes
	}
	r.bytes = r.bytes[:0]
	r.add(clean(strings.ToValidUTF8(string(s), "\ufffd")))
}

func (r *rtfReader) put(s string) {
	r.flush()
	if !r.g.skip {
		r.add(s)
	}
}

// add writes to the title, the cell, or the text.
func (r *rtfReader) add(s string) {
	switch {
	case r.g.dest == "title":
		if r.title.Len() < 1000 {
			r.title.WriteString(s)
		}
	case r.inRow:
		if r.cell.Len() < 1<<20 {
			r.cell.WriteString(s)
		}
	default:
		if r.para.Len() < maxText {
			r.para.WriteString(s)
		}
	}
}

// paragraph ends one, and makes it a heading if it has an outline level.
func (r *rtfReader) paragraph() {
	r.flush()
	if r.inRow {
		r.cell.WriteString(" ")
		return
	}
	text := r.para.String()
	r.para.Reset()
	if strings.TrimSpace(text) == "" {
		return
	}
	r.endTable()
	if r.g.head > 0 && len(text) < 400 {
		text = strings.Repeat("#", min(r.g.head, 6)) + " " + oneLine(text)
	}
	r.out.block(text + "\n")
}

// endTable writes the table that came before what is next.
func (r *rtfReader) endTable() {
	if len(r.table.rows) > 0 {
		r.out.block(r.table.markdown())
		r.table = grid{}
	}
}

func (r *rtfReader) word(word string, n int, has bool) {
	switch word {
	case "par", "sect", "page":
		if !r.g.skip {
			r.paragraph()
		}
	case "line":
		r.put("\n")
	case "tab":
		r.put("\t")
	case "intbl":
		if !r.g.skip && strings.TrimSpace(r.para.String()) == "" {
			r.inRow = true
		}
	case "pard":
		r.g.head = 0
		if !r.g.skip && r.inRow && len(r.row) == 0 && strings.TrimSpace(r.cell.String()) == "" {
			r.inRow = false
		}
	case "cell", "nestcell":
		if !r.g.skip {
			r.row = append(r.row, r.cell.String())
			r.cell.Reset()
			r.inRow = true
		}
	case "row", "nestrow":
		if !r.g.skip {
			r.table.row()
			for _, c := range r.row {
				r.table.cell(r.b.take(c))
				r.b.text += len(c) // it is counted when the table is written
			}
			r.row, r.inRow = nil, false
			if r.table.n > 1<<16 {
				r.endTable()
			}
		}
	case "outlinelevel":
		if has && n >= 0 && n < 9 {
			r.g.head = n + 1
		}
	case "uc":
		if has {
			r.g.uc = max(0, min(n, 16))
		}
	case "ansicpg":
		if e := codepage(n); e != nil {
			r.ansi = e
		}
	case "mac":
		r.ansi = charmap.Macintosh
	case "pc":
		r.ansi = charmap.CodePage437
	case "pca":
		r.ansi = charmap.CodePage850
	case "f":
		if r.g.dest == "fonttbl" {
			r.font = n
		} else {
			r.g.font = n
		}
	case "fcharset":
		if len(r.fonts) < 10_000 {
			r.fonts[r.font] = codepage(fontCharset[n])
		}
	case "cpg":
		if r.g.dest == "fonttbl" && len(r.fonts) < 10_000 {
			r.fonts[r.font] = codepage(n)
		}
	case "plain":
		r.g.font = 0
	case "fonttbl", "colortbl", "stylesheet", "listtable", "listoverridetable", "info", "pict", "object", "themedata",
		"datastore", "generator", "xmlnstbl", "rsidtbl", "latentstyles", "fldinst", "nonshppict", "listpicture", "filetbl", "revtbl",
		"bkmkstart", "bkmkend", "template", "pgptbl", "mmathPr", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf", "deleted":
		if word == "deleted" && has && n == 0 {
			r.g.skip = false
			return
		}
		r.g.skip, r.g.dest = true, word
	case "title":
		if r.g.dest == "info" {
			r.g.skip, r.g.dest = false, "title"
		}
	case "result": // of an object
		r.g.skip = false
	case "footnote", "annotation":
		if !r.g.skip {
			r.g.dest = "footnote"
			r.add(map[string]string{"footnote": " [note: ", "annotation": " [comment: "}[word])
		}
	case "emdash":
		r.put("—")
	case "endash":
		r.put("–")
	case "lquote":
		r.put("‘")
	case "rquote":
		r.put("’")
	case "ldblquote":
		r.put("“")
	case "rdblquote":
		r.put("”")
	case "bullet":
		r.put("•")
	case "emspace", "enspace", "qmspace":
		r.put(" ")
	}
}

// fontCharset gives the code page of Windows' character sets.
var fontCharset = map[int]int{
	0: 1252, 77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258,
	177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}
