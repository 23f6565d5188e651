package document

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// outlook reads a mail as Outlook saves it [MS-OXMSG]: properties as streams in a
// compound file.
type outlook struct {
	b *budget
	c *compound
}

func readMSG(b *budget, s *source, _ string, doc *Document) error {
	c, err := openOLE(s)
	if err != nil {
		return err
	}
	return (&outlook{b, c}).message(doc, 0, 0)
}

// message is the one in the directory at: the root, or that of an attached message.
func (o *outlook) message(doc *Document, at, depth int) error {
	props := map[string]*oleEntry{}
	var attached []int
	for i, e := range o.c.entries {
		if !e.seen || e.parent != at || i == at {
			continue
		}
		if strings.HasPrefix(e.name, "__attach_version1.0_") {
			attached = append(attached, i)
		}
		props[strings.ToUpper(strings.TrimPrefix(e.name, "__substg1.0_"))] = e
	}
	head := 32
	if at != 0 {
		head = 24
	}
	var fixed []byte
	if e := props[strings.ToUpper("__properties_version1.0")]; e != nil {
		fixed = o.c.stream(e, 1<<20)
	}
	enc := codepage(int(property(fixed, head, 0x3ffd)))
	if enc == nil {
		enc = codepage(int(property(fixed, head, 0x3fde)))
	}
	text := func(id string) string {
		if e := props[id+"001F"]; e != nil {
			return clean(strings.TrimRight(utf16text(o.c.stream(e, maxText), true), "\x00"))
		}
		if e := props[id+"001E"]; e != nil {
			return clean(o.eight(o.c.stream(e, maxText), enc))
		}
		return ""
	}
	w := &writer{b: o.b}
	field := func(name, v string) {
		if v = oneLine(v); v != "" {
			w.add(name + ": " + v + "\n")
		}
	}
	from, address := oneLine(text("0C1A")), oneLine(text("5D01"))
	if address == "" {
		address = oneLine(text("0C1F"))
	}
	if address != "" && !strings.Contains(from, address) && strings.Contains(address, "@") {
		from = strings.TrimSpace(from + " <" + address + ">")
	}
	subject := oneLine(text("0037"))
	field("From", from)
	field("To", text("0E04"))
	field("Cc", text("0E03"))
	when := property(fixed, head, 0x0039)
	if when == 0 {
		when = property(fixed, head, 0x0e06)
	}
	if when > 0 && when < 1<<62 { // in 100 ns since 1601
		field("Date", time.Unix(int64(when/10_000_000)-11_644_473_600, 0).UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	field("Subject", subject)
	if depth == 0 {
		doc.Title = subject
	}
	body := text("1000")
	if strings.TrimSpace(body) == "" {
		body = o.rich(props, enc)
	}
	w.block(body)
	unit := len(doc.Units)
	doc.add(Unit{Name: subject})
	for _, i := range attached[:min(len(attached), mailParts)] {
		if err := o.attachment(w, doc, i, enc, depth); err != nil {
			return err
		}
	}
	doc.Units[unit].Text = endLine(strings.Trim(w.String(), "\n"))
	return o.b.alive()
}

func (o *outlook) eight(b []byte, enc encoding.Encoding) string {
	b = []byte(strings.TrimRight(string(b), "\x00"))
	if enc != nil {
		if s, ok := decodeAs(b, enc); ok {
			return s
		}
	}
	s, _ := decode(b, "")
	return s
}

// rich is the body where it is only HTML or compressed RTF.
func (o *outlook) rich(props map[string]*oleEntry, enc encoding.Encoding) string {
	for _, id := range []string{"10130102", "1013001F", "1013001E"} {
		if e := props[id]; e != nil {
			raw := o.c.stream(e, maxHTML)
			if strings.HasSuffix(id, "1F") {
				raw = []byte(utf16text(raw, true))
			}
			text, _, _ := htmlText(o.b, raw, "")
			o.b.text += len(text)
			return text
		}
	}
	if e := props["10090102"]; e != nil {
		if raw := unpackRTF(o.c.stream(e, maxText)); len(raw) > 0 {
			in := &Document{}
			_ = rtf(o.b, raw, in)
			text := in.Text()
			o.b.text += len(text)
			return text
		}
	}
	return ""
}

func (o *outlook) attachment(w *writer, doc *Document, at int, enc encoding.Encoding, depth int) error {
	name := ""
	var length int64
	inner := -1
	for i, e := range o.c.entries {
		if !e.seen || e.parent != at {
			continue
		}
		switch strings.ToUpper(e.name) {
		case "__SUBSTG1.0_3707001F":
			name = utf16text(o.c.stream(e, 2_000), true)
		case "__SUBSTG1.0_3704001F", "__SUBSTG1.0_3001001F":
			if name == "" {
				name = utf16text(o.c.stream(e, 2_000), true)
			}
		case "__SUBSTG1.0_3707001E":
			name = o.eight(o.c.stream(e, 2_000), enc)
		case "__SUBSTG1.0_3704001E", "__SUBSTG1.0_3001001E":
			if name == "" {
				name = o.eight(o.c.stream(e, 2_000), enc)
			}
		case "__SUBSTG1.0_37010102":
			length = e.size
		case "__SUBSTG1.0_3701000D":
			inner = i
		}
	}
	w.line()
	if inner >= 0 && depth < mailDepth && len(doc.Units) < mailParts {
		w.block("[attached message]\n")
		return o.message(doc, inner, depth+1)
	}
	w.add(fmt.Sprintf("[attachment: %s, %s]\n", display(name), size(uint64(max(length, 0)))))
	return o.b.tick()
}

// property is a number of fixed length, or 0.
func property(b []byte, head int, id uint16) uint64 {
	for i := head; i+16 <= len(b); i += 16 {
		if binary.LittleEndian.Uint16(b[i+2:]) == id {
			if kind := binary.LittleEndian.Uint16(b[i:]); kind == 3 {
				return uint64(binary.LittleEndian.Uint32(b[i+8:]))
			}
			return binary.LittleEndian.Uint64(b[i+8:])
		}
	}
	return 0
}

// codepage is Windows' number of an encoding; nil if it is not known.
func codepage(n int) encoding.Encoding {
	switch n {
	case 437:
		return charmap.CodePage437
	case 850:
		return charmap.CodePage850
	case 852:
		return charmap.CodePage852
	case 855:
		return charmap.CodePage855
	case 866:
		return charmap.CodePage866
	case 874:
		return charmap.Windows874
	case 932:
		return japanese.ShiftJIS
	case 936, 54936:
		return simplifiedchinese.GB18030
	case 949:
		return korean.EUCKR
	case 950:
		return traditionalchinese.Big5
	case 1250:
		return charmap.Windows1250
	case 1251:
		return charmap.Windows1251
	case 1252, 20127:
		return charmap.Windows1252
	case 1253:
		return charmap.Windows1253
	case 1254:
		return charmap.Windows1254
	case 1255:
		return charmap.Windows1255
	case 1256:
		return charmap.Windows1256
	case 1257:
		return charmap.Windows1257
	case 1258:
		return charmap.Windows1258
	case 10000:
		return charmap.Macintosh
	case 10007:
		return charmap.MacintoshCyrillic
	case 20866:
		return charmap.KOI8R
	case 21866:
		return charmap.KOI8U
	case 28591:
		return charmap.ISO8859_1
	case 28592:
		return charmap.ISO8859_2
	case 28595:
		return charmap.ISO8859_5
	case 28597:
		return charmap.ISO8859_7
	case 28605:
		return charmap.ISO8859_15
	case 50220:
		return japanese.ISO2022JP
	case 51932:
		return japanese.EUCJP
	case 65001:
		return unicode.UTF8
	}
	return nil
}

// unpackRTF undoes Outlook's compression [MS-OXRTFCP].
func unpackRTF(b []byte) []byte {
	if len(b) < 16 {
		return nil
	}
	want := min(int(binary.LittleEndian.Uint32(b[4:])), maxText)
	switch string(b[8:12]) {
	case "MELA":
		return b[16:min(len(b), 16+want)]
	case "LZFu":
	default:
		return nil
	}
	dict := make([]byte, 4096)
	at := copy(dict, "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx")
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		dict[at] = c
		at = (at + 1) & 4095
	}
	for b = b[16:]; len(b) > 0 && len(out) < want; {
		flags := b[0]
		b = b[1:]
		for bit := range 8 {
			if flags>>bit&1 == 0 {
				if len(b) == 0 {
					return out
				}
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			from, n := int(b[0])<<4|int(b[1])>>4, int(b[1]&15)+2
			b = b[2:]
			if from == at {
				return out
			}
			for range n {
				put(dict[from])
				from = (from + 1) & 4095
			}
		}
	}
	return out
}
