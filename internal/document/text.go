package document

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	gogs "github.com/gogs/chardet"
	wlynxg "github.com/wlynxg/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// decode turns bytes into text: by a byte order mark, as UTF-8 if it is, by the
// zeros of UTF-16, as what it claims to be, by what the bytes look like, and else as
// Windows-1252. It also names the encoding.
func decode(b []byte, claimed string) (string, string) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(b[3:]), "\ufffd"), "utf-8"
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")):
		return utf32(b[4:], b[0] == 0xff), "utf-32"
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return utf16text(b[2:], true), "utf-16le"
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return utf16text(b[2:], false), "utf-16be"
	case utf8.Valid(b) && !stateful(b):
		if zeros(b) == "" {
			return string(b), "utf-8"
		}
	}
	if name := zeros(b); name != "" {
		return utf16text(b, name == "utf-16le"), name
	}
	if claimed != "" {
		if enc, name := charset.Lookup(claimed); enc != nil && name != "utf-8" && name != "replacement" {
			if s, ok := decodeAs(b, enc); ok {
				return s, name
			}
		}
	}
	if mostlyUTF8(b) {
		return strings.ToValidUTF8(string(b), "\ufffd"), "utf-8"
	}
	if enc, name := guess(b); enc != nil {
		if s, ok := decodeAs(b, enc); ok {
			return s, name
		}
	}
	s, _ := decodeAs(b, charmap.Windows1252)
	return s, "windows-1252"
}

// guess asks two detectors. The second knows what the first does not: Thai, the old
// code page of DOS, and short texts in Cyrillic.
func guess(b []byte) (encoding.Encoding, string) {
	sample := b[:min(len(b), 64<<10)]
	name := ""
	if r, err := gogs.NewTextDetector().DetectBest(sample); err == nil && r.Confidence >= 10 {
		name = r.Charset
	}
	second := wlynxg.Detect(sample)
	switch other := strings.ToLower(second.Encoding); other {
	case "tis-620", "ibm866", "cp866", "maccyrillic":
		if second.Confidence > 0.5 {
			name = strings.Replace(other, "maccyrillic", "x-mac-cyrillic", 1)
		}
	case "windows-1251", "koi8-r":
		if second.Confidence > 0.5 && (name == "" || len(sample) < 200) {
			name = other
		}
	case "iso-2022-jp", "shift_jis", "euc-jp", "euc-kr", "big5", "gb2312", "gb18030":
		if name == "" || strings.HasPrefix(strings.ToLower(name), "windows-") || strings.HasPrefix(strings.ToLower(name), "iso-8859") {
			if second.Confidence > 0.8 {
				name = other
			}
		}
	}
	if strings.EqualFold(name, "GB-18030") {
		name = "gb18030"
	}
	if strings.EqualFold(name, "utf-8") || name == "" {
		return nil, ""
	}
	enc, name := charset.Lookup(name)
	return enc, name
}

// stateful reports escape sequences of ISO-2022: they are ASCII, and yet not.
func stateful(b []byte) bool {
	i := bytes.Index(b, []byte("\x1b$"))
	return i >= 0 && i+2 < len(b) && strings.IndexByte("@B(A", b[i+2]) >= 0
}

// zeros tells UTF-16 without a mark by where its zero bytes are.
func zeros(b []byte) string {
	n := min(len(b), 8<<10) &^ 1
	if n < 4 {
		return ""
	}
	var at [2]int
	for i, c := range b[:n] {
		if c == 0 {
			at[i&1]++
		}
	}
	switch {
	case at[1]*10 > n*2 && at[0]*10 < at[1]:
		return "utf-16le"
	case at[0]*10 > n*2 && at[1]*10 < at[0]:
		return "utf-16be"
	}
	return ""
}

// mostlyUTF8 is a text in UTF-8 with a few bad bytes: a log that was cut, say.
func mostlyUTF8(b []byte) bool {
	bad, good := 0, 0
	for i := 0; i < min(len(b), 256<<10); {
		if b[i] < 0x80 {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		i += n
	}
	return good > 20*bad
}

// decodeAs reports false if more than one character in a hundred is broken.
func decodeAs(b []byte, enc encoding.Encoding) (string, bool) {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return "", false
	}
	s := strings.ToValidUTF8(string(out), "\ufffd")
	return s, strings.Count(s, "\ufffd")*100 <= len(b)
}

func utf16text(b []byte, little bool) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		if little {
			u[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		} else {
			u[i] = uint16(b[2*i+1]) | uint16(b[2*i])<<8
		}
	}
	return string(utf16.Decode(u))
}

func utf32(b []byte, little bool) string {
	var s strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := rune(b[0]) | rune(b[1])<<8 | rune(b[2])<<16 | rune(b[3])<<24
		if !little {
			r = rune(b[3]) | rune(b[2])<<8 | rune(b[1])<<16 | rune(b[0])<<24
		}
		s.WriteRune(r) // what is no character becomes U+FFFD
	}
	return s.String()
}

// plain drops what a terminal would take for colours, titles and places of the cursor.
func plain(s string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(s, 0x1b)
		if at < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:at])
		s = s[at+1:]
		if s == "" {
			return b.String()
		}
		n := 1
		switch s[0] {
		case '[': // numbers, and a letter
			for n < len(s) && s[n] >= ' ' && s[n] < '@' {
				n++
			}
			if n < len(s) && s[n] >= '@' && s[n] <= '~' {
				n++
			}
		case ']': // a title, to its end, which is on the same line
			if end := strings.IndexAny(s[:min(len(s), 1000)], "\a\n\x1b"); end > 0 {
				if n = end; s[end] == '\a' {
					n++
				}
			}
		case '(', ')':
			n = min(2, len(s))
		case '\n', '\r':
			n = 0
		default:
			if s[0] >= 0x80 {
				n = 0
			}
		}
		s = s[n:]
	}
}

// lazy compiles an expression when it is first used: some are large, and most
// processes never read a file.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// clean leaves valid text without controls: newlines of any system become \n, and
// the colours of a terminal go.
func clean(s string) string {
	if strings.IndexByte(s, 0x1b) >= 0 {
		s = plain(s)
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		switch {
		case r == '\f', r == '\v', r == '\u2028', r == '\u2029':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\ufeff', r >= 0xfff9 && r <= 0xfffb:
			return -1
		}
		return r
	}, s), "")
}

// oneLine is a text for a place where only one line fits.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// wholeText reads a file that is all text, in one piece.
func wholeText(b *budget, s *source, claimed string) (string, error) {
	raw, err := s.bytes(2*maxText + 2)
	if err != nil {
		return "", err
	}
	if s.size > int64(len(raw)) {
		_ = b.cut("only the first " + megabytes(int64(len(raw))) + " of it are read")
	}
	text, _ := decode(raw, claimed)
	return text, b.alive()
}

func readText(b *budget, s *source, _ string, doc *Document) error {
	text, err := wholeText(b, s, "")
	if err != nil {
		return err
	}
	w := &writer{b: b}
	w.add(clean(text))
	doc.Units = append(doc.Units, Unit{Number: 1, Text: endLine(w.String())})
	return nil
}

// endLine ends a text with a newline, and changes nothing else of it.
func endLine(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}
