package document

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// try gives a parser some bytes, and holds what doc.go says of every document.
func try(t *testing.T, kind Kind, data []byte) {
	t.Helper()
	ctx, cancel := withTime(t.Context(), 10*time.Second)
	defer cancel()
	b := newBudget(ctx)
	s := &source{ReaderAt: bytes.NewReader(data), size: int64(len(data))}
	s.head, _ = s.bytes(64 << 10)
	doc := &Document{Kind: kind}
	err := parsers[kind](b, s, "x", doc)
	if errors.Is(ctx.Err(), os.ErrDeadlineExceeded) || ctx.Err() != nil {
		t.Fatal("it takes too long")
	}
	var no *refusal
	if err != nil && !errors.Is(err, errCut) && !errors.As(err, &no) {
		t.Logf("another error: %v", err)
	}
	total := 0
	for _, u := range doc.Units {
		sound(t, u.Text)
		sound(t, u.Name)
		total += len(u.Text)
		for i, r := range u.Rows {
			sound(t, r.Text)
			total += len(r.Text)
			if i > 0 && r.Number <= u.Rows[i-1].Number && kind != XLSX {
				t.Fatalf("row %d after row %d", r.Number, u.Rows[i-1].Number)
			}
			if strings.Contains(r.Text, "\n") {
				t.Fatalf("a row of two lines: %q", r.Text)
			}
		}
	}
	sound(t, doc.Title)
	for _, h := range doc.Outline {
		sound(t, h.Title)
	}
	if total > maxText+maxText/4 {
		t.Fatalf("%d bytes of text", total)
	}
}

func sound(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 }); i >= 0 {
		t.Fatalf("a control character: %q", s[max(0, i-20):min(len(s), i+20)])
	}
}

// seeds adds the files of the corpus with that extension; with part, that part of them.
func seeds(f *testing.F, pattern, part string) {
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		f.Fatal(pattern, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if part != "" {
			z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				continue
			}
			r, err := z.Open(part)
			if err != nil {
				continue
			}
			var in bytes.Buffer
			_, _ = in.ReadFrom(r)
			b = in.Bytes()
		}
		f.Add(b)
	}
}

// packed is an archive with the part under test, beside others that refer to it.
func packed(parts map[string]string, name string, data []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range sortedKeys(parts) {
		w, _ := z.CreateHeader(&zip.FileHeader{Name: n})
		_, _ = w.Write([]byte(parts[n]))
	}
	w, _ := z.CreateHeader(&zip.FileHeader{Name: name})
	_, _ = w.Write(data)
	_ = z.Close()
	return b.Bytes()
}

func FuzzText(f *testing.F) {
	seeds(f, "*.go", "")
	seeds(f, "*.csv", "")
	seeds(f, "*.tsv", "")
	f.Fuzz(func(t *testing.T, b []byte) { try(t, Text, b); try(t, CSV, b); try(t, TSV, b) })
}

func FuzzHTML(f *testing.F) {
	seeds(f, "ferry*.html", "")
	f.Add([]byte("<ul><li>a<ol type=a start=3><li>b<p>c</ol></ul><pre>x\n</pre><blockquote><a href=http://x>y<b> z</a></blockquote>"))
	f.Add([]byte("<table><tr><td rowspan=3>a<td>b<tr><th colspan=2>c<td><table><tr><td>d</table></table>"))
	f.Fuzz(func(t *testing.T, b []byte) { try(t, HTML, b) })
}

func FuzzRTF(f *testing.F) {
	seeds(f, "*.rtf", "")
	f.Add([]byte(`{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 A;}}{\info{\title T}}\f0\'cf\u1055?\trowd\intbl a\cell b\cell\row\pard\outlinelevel0 H\par{\footnote n}}`))
	f.Fuzz(func(t *testing.T, b []byte) { try(t, RTF, b) })
}

func FuzzEML(f *testing.F) {
	seeds(f, "*.eml", "")
	f.Fuzz(func(t *testing.T, b []byte) { try(t, EML, b) })
}

func FuzzMSG(f *testing.F) {
	seeds(f, "*.msg", "")
	f.Fuzz(func(t *testing.T, b []byte) {
		try(t, MSG, b)
		s := &source{ReaderAt: bytes.NewReader(b), size: int64(len(b))}
		_, _ = detectOLE(s)
		_ = unpackRTF(b)
	})
}

func FuzzZIP(f *testing.F) {
	seeds(f, "*.zip", "")
	seeds(f, "tracked.docx", "")
	f.Fuzz(func(t *testing.T, b []byte) {
		try(t, ZIP, b)
		s := &source{ReaderAt: bytes.NewReader(b), size: int64(len(b))}
		if k, _ := detectZIP(s); k != ZIP {
			try(t, k, b)
		}
	})
}

func FuzzIPYNB(f *testing.F) {
	f.Add([]byte(`{"cells":[{"cell_type":"markdown","source":["# a\n","b"]},{"cell_type":"code","source":"x","outputs":[{"text":["1\n"]},{"data":{"image/png":"AA","text/html":"<b>x"}},{"ename":"E","evalue":"v"}]}],"nbformat":4}`))
	f.Fuzz(func(t *testing.T, b []byte) { try(t, IPYNB, b); try(t, SVG, b) })
}

func FuzzDOCX(f *testing.F) {
	seeds(f, "*.docx", "word/document.xml")
	f.Add([]byte(`<document><body><p><pPr><numPr><ilvl val="1"/><numId val="1"/></numPr></pPr><r><t>a</t><fldChar fldCharType="begin"/><instrText>HYPERLINK "http://x"</instrText><fldChar fldCharType="separate"/><t>b</t><fldChar fldCharType="end"/></r><oMath><f><num><t>1</t></num><den><t>2</t></den></f></oMath></p><tbl><tr><tc><tcPr><gridSpan val="9"/><vMerge/></tcPr><p/></tc></tr></tbl></body></document>`))
	parts := map[string]string{
		"[Content_Types].xml":          "<Types/>",
		"word/_rels/document.xml.rels": `<Relationships><Relationship Id="n" Type="t/numbering" Target="numbering.xml"/><Relationship Id="rId1" Type="t/chart" Target="document.xml"/></Relationships>`,
		"word/numbering.xml":           `<numbering><abstractNum abstractNumId="0"><lvl ilvl="0"><start val="1"/><numFmt val="decimal"/><lvlText val="%1."/></lvl><lvl ilvl="1"><numFmt val="lowerRoman"/><lvlText val="%1.%2)"/></lvl></abstractNum><num numId="1"><abstractNumId val="0"/></num></numbering>`,
	}
	f.Fuzz(func(t *testing.T, b []byte) { try(t, DOCX, packed(parts, "word/document.xml", b)) })
}

func FuzzXLSX(f *testing.F) {
	seeds(f, "*.xlsx", "xl/worksheets/sheet1.xml")
	seeds(f, "*.xlsx", "xl/styles.xml")
	seeds(f, "*.xlsx", "xl/sharedStrings.xml")
	parts := map[string]string{
		"[Content_Types].xml":        "<Types/>",
		"xl/workbook.xml":            `<workbook><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="any.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="any.xml"/><Relationship Id="rId3" Type="x/styles" Target="any.xml"/></Relationships>`,
		"xl/_rels/any.xml.rels":      `<Relationships><Relationship Id="rId1" Type="x/comments" Target="any.xml"/></Relationships>`,
	}
	f.Fuzz(func(t *testing.T, b []byte) { try(t, XLSX, packed(parts, "xl/any.xml", b)) })
}

func FuzzPPTX(f *testing.F) {
	seeds(f, "*.pptx", "ppt/slides/slide1.xml")
	seeds(f, "*.pptx", "ppt/slides/slide2.xml")
	f.Add([]byte(`<x><chart><title><t>T</t></title><plotArea><ser><tx><v>n</v></tx><cat><pt idx="0"><v>c</v></pt></cat><val><pt idx="1"><v>0.1</v></pt></val></ser></plotArea></chart></x>`))
	parts := map[string]string{
		"[Content_Types].xml":             "<Types/>",
		"ppt/presentation.xml":            `<presentation><sldIdLst><sldId id="1" r:id="rId1"/></sldIdLst></presentation>`,
		"ppt/_rels/presentation.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/slide" Target="any.xml"/></Relationships>`,
		"ppt/_rels/any.xml.rels":          `<Relationships><Relationship Id="rId2" Type="x/notesSlide" Target="any.xml"/><Relationship Id="rId3" Type="x/chart" Target="any.xml"/><Relationship Id="rId4" Type="x/comments" Target="any.xml"/></Relationships>`,
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		try(t, PPTX, packed(parts, "ppt/any.xml", b))
		n, _ := newScanner(newBudget(t.Context()), bytes.NewReader(b)).first()
		if n != nil {
			sound(t, chart(n))
		}
	})
}

func FuzzODF(f *testing.F) {
	seeds(f, "*.odt", "content.xml")
	seeds(f, "*.ods", "content.xml")
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range []Kind{ODT, ODS, ODP} {
			try(t, k, packed(nil, "content.xml", b))
		}
	})
}

func FuzzEPUB(f *testing.F) {
	seeds(f, "*.epub", "EPUB/content.opf")
	f.Fuzz(func(t *testing.T, b []byte) {
		try(t, EPUB, packed(map[string]string{"META-INF/container.xml": `<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>`, "text/ch001.xhtml": "<html><h1>x</h1>y"}, "a.opf", b))
	})
}
