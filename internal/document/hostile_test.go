package document_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/document"
)

// hostile is a file made to do harm, and what may become of it.
type hostile struct {
	name string
	make func() []byte
	want []document.State
	why  string // part of its line
}

var (
	refused  = []document.State{document.Damaged, document.TooLarge, document.Unsupported}
	cut      = []document.State{document.Partly}
	either   = []document.State{document.Partly, document.Damaged, document.TooLarge, document.Unsupported}
	harmless = []document.State{document.Read, document.Partly, document.Empty}
)

func rep(s string, n int) string { return strings.Repeat(s, n) }

// zipped makes an archive; a part may be a function that writes it.
func zipped(parts map[string]any) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range parts {
			if !yield(n) {
				return
			}
		}
	}) {
		w, _ := z.Create(name)
		switch p := parts[name].(type) {
		case string:
			_, _ = io.WriteString(w, p)
		case func(io.Writer):
			p(w)
		}
	}
	_ = z.Close()
	return b.Bytes()
}

// filled writes head, n times part, and tail.
func filled(head, part string, n int, tail string) func(io.Writer) {
	return func(w io.Writer) {
		_, _ = io.WriteString(w, head)
		many := max(1, (1<<20)/len(part))
		block := rep(part, many)
		for ; n > many; n -= many {
			_, _ = io.WriteString(w, block)
		}
		_, _ = io.WriteString(w, rep(part, n)+tail)
	}
}

func docx(body any) []byte {
	return zipped(map[string]any{"[Content_Types].xml": "<Types/>", "word/document.xml": body})
}

func xlsx(strings, sheet any) []byte {
	return zipped(map[string]any{
		"[Content_Types].xml":        "<Types/>",
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/sharedStrings.xml":       strings,
		"xl/worksheets/sheet1.xml":   sheet,
	})
}

// pdf makes a file of objects, the first of which is the catalog.
func pdf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	x := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, x)
	return b.Bytes()
}

func stream(dict, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(content), content)
}

func flate(write func(io.Writer)) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	write(z)
	_ = z.Close()
	return b.String()
}

const (
	catalog  = "<</Type/Catalog/Pages 2 0 R>>"
	onePage  = "<</Type/Pages/Kids[3 0 R]/Count 1>>"
	thePage  = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>"
	helvetia = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
)

func content(s string) []byte {
	return pdf(catalog, onePage, thePage, stream("/Filter/FlateDecode", flate(func(w io.Writer) { _, _ = io.WriteString(w, s) })), helvetia, stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>", "/X Do /X Do"))
}

// ole makes a compound file whose entries are each the child of the one before.
func ole(n int) []byte {
	sector := func(i int) int { return (i + 1) * 512 }
	dirs := (n + 3) / 4
	fats := (dirs + 200) / 128
	b := make([]byte, sector(fats+dirs))
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	put := func(at int, v uint32) {
		b[at], b[at+1], b[at+2], b[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	b[24], b[26], b[28], b[30], b[32] = 0x3e, 3, 0xfe, 9, 6
	b[29] = 0xff
	put(44, uint32(fats))
	put(48, uint32(fats)) // the directory follows the table
	put(56, 4096)
	put(60, 0xfffffffe)
	put(68, 0xfffffffe)
	for i := range 109 {
		v := uint32(0xffffffff)
		if i < fats {
			v = uint32(i)
		}
		put(76+4*i, v)
	}
	for i := range fats * 128 {
		v := uint32(i + 1)
		if i < fats {
			v = 0xfffffffd
		} else if i >= fats+dirs-1 {
			v = 0xfffffffe
		}
		put(sector(0)+4*i, v)
	}
	for i := range n {
		at := sector(fats) + 128*i
		b[at], b[at+64], b[at+66] = 'x', 4, 1
		if i == 0 {
			b[at+66] = 5
		}
		put(at+68, 0xffffffff)
		put(at+72, 0xffffffff)
		put(at+76, uint32(i+1))
	}
	return b
}

var hostiles = []hostile{
	{"text.docx", func() []byte {
		return docx(filled("<document><body><p><r><t>", "harbour ", 8<<20, "</t></r></p></body></document>"))
	}, either, "can be read"},
	{"paragraphs.docx", func() []byte {
		return docx(filled("<document><body>", "<p><r><t>harbour</t></r></p>", 1<<20, "</body></document>"))
	}, cut, "can be read"},
	{"nested-tables.docx", func() []byte {
		return docx(filled("<document><body>", "<tbl><tr><tc>", 1<<20, "</body></document>"))
	}, refused, "nested too deep"},
	{"one-paragraph.docx", func() []byte {
		return docx(filled("<document><body><p>", "<r/>", 4<<20, "</p></body></document>"))
	}, either, "too large"},
	{"attributes.docx", func() []byte {
		return docx(filled("<document><body><p ", "a=\"b\" ", 1<<20, "/></body></document>"))
	}, either, "can be read"},
	{"entities.docx", func() []byte {
		return docx(`<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]><document><body><p><r><t>lamp &b; &x;</t></r></p></body></document>`)
	}, harmless, ""},
	{"no-body.docx", func() []byte { return zipped(map[string]any{"[Content_Types].xml": "", "word/other.xml": ""}) }, refused, "missing"},
	{"shared-strings.xlsx", func() []byte {
		return xlsx(filled("<sst><si><t>", "harbour ", 4096, "</t></si></sst>"), filled("<worksheet><sheetData><row>", `<c t="s"><v>0</v></c>`, 512<<10, "</row></sheetData></worksheet>"))
	}, either, ""},
	{"shared-strings-rows.xlsx", func() []byte {
		return xlsx(filled("<sst><si><t>", "harbour ", 4096, "</t></si></sst>"), filled("<worksheet><sheetData>", `<row><c t="s"><v>0</v></c></row>`, 512<<10, "</sheetData></worksheet>"))
	}, cut, "16 MB of text"},
	{"sparse.xlsx", func() []byte {
		return xlsx("<sst/>", `<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>7</v></c><c r="A9"><v>8</v></c></row></sheetData></worksheet>`)
	}, harmless, ""},
	{"rows.xlsx", func() []byte {
		return xlsx("<sst/>", filled("<worksheet><sheetData>", `<row><c><v>7</v></c></row>`, 1<<20, "</sheetData></worksheet>"))
	}, cut, ""},
	{"repeat.ods", func() []byte {
		return zipped(map[string]any{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": `<document-content><body><spreadsheet><table name="S">` +
			rep(`<table-row number-rows-repeated="1048576"><table-cell number-columns-repeated="16384"><p>lamp</p></table-cell></table-row>`, 200) + `</table></spreadsheet></body></document-content>`})
	}, cut, ""},
	{"spaces.odt", func() []byte {
		return zipped(map[string]any{"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": filled("<document-content><body><text><p>x", `<s c="2147483647"/>`, 200_000, "</p></text></body></document-content>")})
	}, harmless, ""},
	{"entries.zip", func() []byte {
		parts := map[string]any{}
		for i := range 25_000 {
			parts[fmt.Sprint("f", i)] = ""
		}
		return zipped(parts)
	}, cut, "of its 25000 entries"},
	{"divs.html", func() []byte { return []byte("<html>" + rep("<div>", 1<<20) + "lamp") }, harmless, ""},
	{"lists.html", func() []byte { return []byte("<html>" + rep("<ul><li>", 100_000) + "lamp") }, harmless, ""},
	{"spans.html", func() []byte {
		return []byte("<html><table>" + rep("<tr><td colspan=1000 rowspan=1000>x</td></tr>", 1000) + "</table>")
	}, harmless, ""},
	{"links.html", func() []byte { return []byte("<html>" + rep("<a href=x><p><object>", 200_000) + "lamp") }, harmless, ""},
	{"formatting.html", func() []byte { return []byte("<html>" + rep("<b><i><p></b>", 100_000) + "lamp") }, harmless, ""},
	{"attributes.html", func() []byte { return []byte("<html><p " + rep("a=b ", 1<<20) + ">lamp") }, harmless, ""},
	{"multiparts.eml", func() []byte {
		var b bytes.Buffer
		b.WriteString("From: a@b.example\nTo: c@d.example\nSubject: deep\n")
		for i := range 20_000 {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.Bytes()
	}, either, "nested too deep"},
	{"parts.eml", func() []byte {
		return []byte("From: a@b.example\nTo: c@d.example\nSubject: wide\nContent-Type: multipart/mixed; boundary=b\n\n" + rep("--b\n\nlamp\n", 100_000))
	}, cut, "200 parts"},
	{"fields.eml", func() []byte {
		return []byte("From: a@b.example\nTo: c@d.example\n" + rep("X-Lamp: =?utf-8?q?=41?=\n", 1<<20) + "\nlamp")
	}, harmless, ""},
	{"braces.rtf", func() []byte { return []byte("{\\rtf1 " + rep("{", 5<<20)) }, refused, "nested too deep"},
	{"bin.rtf", func() []byte { return []byte("{\\rtf1 \\bin2147483647 lamp}") }, harmless, ""},
	{"uc.rtf", func() []byte { return []byte("{\\rtf1 \\uc16 " + rep("\\u9731 ", 1<<20) + "}") }, harmless, ""},
	{"words.rtf", func() []byte { return []byte("{\\rtf1 " + rep("\\b\\par x", 4<<20) + "}") }, either, ""},
	{"chain.msg", func() []byte { return ole(14_000) }, []document.State{document.Unsupported, document.Damaged}, ""},
	{"cells.csv", func() []byte { return []byte(rep(",", 10<<20)) }, []document.State{document.Empty}, ""},
	{"rows.csv", func() []byte { return []byte(rep("1\n", 14<<20)) }, cut, ""},
	{"quotes.csv", func() []byte { return []byte(rep("\"a,\n", 4<<20)) }, either, ""},
	{"lines.txt", func() []byte { return []byte(rep("x\n", 20<<20)) }, cut, "are read"},
	{"deep.ipynb", func() []byte {
		return []byte(`{"cells":` + rep("[", 1<<20) + `,"nbformat":4}`)
	}, harmless, ""},
	{"cells.ipynb", func() []byte {
		return []byte(`{"nbformat":4,"cells":[` + rep("{},", 10<<20) + `{}]}`)
	}, harmless, ""},
	{"formatting-open.html", func() []byte {
		var b strings.Builder
		b.WriteString("<html><div>")
		for i := range 400 {
			fmt.Fprintf(&b, "<b a%d>", i)
		}
		return []byte(b.String() + "</div>" + rep("<div>x</div>", 50_000))
	}, harmless, ""},
	{"breaks.html", func() []byte { return []byte("<html>" + rep("<br>", 2<<20) + "lamp") }, append(slices.Clone(harmless), document.TooLarge), ""},
	{"attributes-often.docx", func() []byte {
		return docx(filled("<document><body><p>", "<r "+rep("a=\"\" ", 100_000)+"/>", 100, "</p></body></document>"))
	}, append(slices.Clone(either), document.Empty), ""},
	{"wide-cells.ods", func() []byte {
		return zipped(map[string]any{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": `<document-content><body><spreadsheet><table name="S"><table-row>` +
			rep(`<table-cell number-columns-repeated="16384"><p>`+rep("lamp", 250_000)+`</p></table-cell>`, 20) + `</table-row></table></spreadsheet></body></document-content>`})
	}, harmless, ""},
	{"directory.zip", func() []byte {
		var b bytes.Buffer
		entry := "PK\x01\x02" + rep("\x00", 24) + "\x01\x00" + rep("\x00", 16) + "x"
		n := 1 << 20
		b.WriteString("PK\x03\x04" + rep("\x00", 26))
		b.WriteString(rep(entry, n))
		end := make([]byte, 22)
		copy(end, "PK\x05\x06")
		binary.LittleEndian.PutUint16(end[8:], uint16(n&0xffff))
		binary.LittleEndian.PutUint16(end[10:], uint16(n&0xffff))
		binary.LittleEndian.PutUint32(end[12:], uint32(n*len(entry)))
		binary.LittleEndian.PutUint32(end[16:], 30)
		b.Write(end)
		return b.Bytes()
	}, refused, "more entries"},
	{"titles.log", func() []byte { return []byte(rep("\x1b]aaaaaaa", 2<<20)) }, harmless, ""},
	{"catalogs.pdf", func() []byte { return []byte("%PDF-1.7\n" + rep("1 0 obj /Type ", 2<<20) + rep("/Catalog", 1<<20)) }, refused, ""},
	{"groups.svg", func() []byte {
		return []byte("<svg xmlns='http://www.w3.org/2000/svg'>" + rep("<g>", 300_000) + "<text>lamp</text>")
	}, refused, "nested too deep"},

	{"count.pdf", func() []byte {
		return pdf(catalog, "<</Type/Pages/Kids[3 0 R]/Count 2147483647>>", thePage, stream("", "BT /F 9 Tf (lamp) Tj ET"), helvetia)
	}, append(slices.Clone(either), document.Read, document.Empty), ""},
	{"page-tree-loop.pdf", func() []byte { return pdf(catalog, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>") }, append(slices.Clone(either), document.Empty), ""},
	{"flate.pdf", func() []byte {
		return pdf(catalog, onePage, thePage, stream("/Filter/FlateDecode", flate(filled("", "(lamp) Tj ", 28<<20, ""))), helvetia)
	}, either, "page"},
	{"form-in-itself.pdf", func() []byte { return content("/X Do") }, append(slices.Clone(either), document.Empty, document.Pictures), ""},
	{"states.pdf", func() []byte { return content(rep("q ", 3<<20)) }, append(slices.Clone(either), document.Empty), ""},
	{"arrays.pdf", func() []byte { return content(rep("[", 3<<20)) }, append(slices.Clone(either), document.Empty), ""},
	{"glyphs.pdf", func() []byte { return content("BT /F 9 Tf " + rep("(harbour lights) Tj ", 400_000) + "ET") }, append(slices.Clone(either), document.Read), ""},
	{"truncated.pdf", func() []byte {
		b, _ := os.ReadFile("testdata/report.pdf")
		return b[:len(b)/3]
	}, refused, "upload it again"},
	{"nothing.pdf", func() []byte { return []byte("%PDF-1.7\n") }, refused, "upload it again"},
	{"endless.pdf", func() []byte {
		return pdf(catalog, "<</Type/Pages/Kids["+rep("3 0 R ", 200)+"]/Count 200>>", thePage, stream("/Filter/FlateDecode", flate(filled("BT /F 9 Tf ", "(harbour lights) Tj ", 1<<20, "ET"))), helvetia)
	}, either, "page"},
}

// TestHostile reads each file in bounded time, and says of each what became of it.
// It runs in a process of its own, whose memory is looked at in the end.
func TestHostile(t *testing.T) {
	only := os.Getenv("HOLDFAST_HOSTILE") // "all", or the name of one file
	if raced {
		t.Skip("nothing here runs side by side, and the race detector is slow")
	}
	if only == "" {
		names := []string{"all"}
		if *table {
			for _, h := range hostiles {
				names = append(names, h.name)
			}
			names = names[1:]
		}
		for _, name := range names {
			inOwnProcess(t, name)
		}
		return
	}
	r := document.New(document.Options{Workers: 1, Cache: cache(t), Page: 700 * time.Millisecond})
	defer r.Close()
	for _, h := range hostiles {
		if only != "" && only != "all" && only != h.name {
			continue
		}
		t.Run(h.name, func(t *testing.T) {
			b := h.make()
			start := time.Now()
			doc := read(t, r, b, h.name)
			took := time.Since(start)
			t.Logf("FILE | %d kB | %s | %d ms", len(b)>>10, doc.Line(), took.Milliseconds())
			if took > 30*time.Second { // a busy machine is slow, not wrong
				t.Errorf("took %v", took)
			}
			if !slices.Contains(h.want, doc.State) || !strings.Contains(doc.Why, h.why) {
				t.Errorf("%s: %v and %q were expected", doc.Line(), h.want, h.why)
			}
			if doc.State != document.Read && doc.Why == "" {
				t.Errorf("%s: no reason", doc.Line())
			}
			if n := len(doc.Text()); n > 18<<20 {
				t.Errorf("%d bytes of text", n)
			}
			if strings.Contains(doc.Text(), "root:") {
				t.Error("an entity was read")
			}
		})
	}
	if mb := peak(); mb > 0 {
		t.Logf("PEAK %d", mb)
	}
}

func inOwnProcess(t *testing.T, name string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHostile$", "-test.v")
	cmd.Env = append(os.Environ(), "HOLDFAST_HOSTILE="+name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	_, peak, known := strings.Cut(string(out), "PEAK ")
	if !known {
		return
	}
	mb := 0
	if _, err := fmt.Sscanf(peak, "%d", &mb); err != nil {
		t.Fatal(err)
	}
	if *table {
		_, line, _ := strings.Cut(string(out), "FILE | ")
		line, _, _ = strings.Cut(line, "\n")
		fmt.Printf("| %s | %s | %d MB |\n", name, line, mb)
	}
	if mb > 512 {
		t.Errorf("%s took %d MB", name, mb)
	}
}

// peak is the most memory that this process ever had, in MB; 0 if the system does
// not tell.
func peak() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	kb := 0
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	_, _ = fmt.Sscanf(rest, "%d", &kb)
	return kb >> 10
}
