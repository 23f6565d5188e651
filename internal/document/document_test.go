package document_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"holdfast/internal/document"
)

// cache keeps compiled code between runs of the tests: compiling takes seconds.
func cache(t testing.TB) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return t.TempDir()
	}
	return filepath.Join(dir, "holdfast-test", "wasm")
}

func read(t testing.TB, r *document.Reader, b []byte, name string) *document.Document {
	t.Helper()
	doc, err := r.Read(t.Context(), bytes.NewReader(b), int64(len(b)), name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

func TestKinds(t *testing.T) {
	r := reader(t)
	for _, c := range []struct {
		name, content string
		kind          document.Kind
		state         document.State
		why           string
	}{
		{"a.txt", "hello\n", document.Text, document.Read, ""},
		{"a.txt", "", document.Unknown, document.Empty, "nothing in it"},
		{"a.txt", " \n\t\n", document.Text, document.Empty, "no text"},
		{"a.docx", "hello\n", document.Text, document.Read, "its name ends in .docx, but it is plain text"},
		{"a.xlsx", "<html><table><tr><td>1</td></tr></table></html>", document.HTML, document.Read, "but it is a web page"},
		{"a.docx", "PK\x03\x04 and then nothing", document.ZIP, document.Damaged, "upload it again"},
		{"a.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and then nothing", document.Unknown, document.Damaged, "broken"},
		{"a.flac", "fLaC\x00\x00\x00\x22" + strings.Repeat("\x00\xfe\x13", 200), document.Unknown, document.Unsupported, "sound"},
		{"a.bin", strings.Repeat("\x00\x01\x02\xff\x90", 300), document.Unknown, document.Unsupported, "cannot be read"},
		{"a.txt", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", document.Image, document.Unsupported, "picture"},
		{".env", "TOKEN=abc\n", document.Text, document.Unsupported, "keys or passwords"},
		{".env.example", "TOKEN=\n", document.Text, document.Read, ""},
		{"notes.txt", "see\n-----BEGIN RSA PRIVATE KEY-----\nMII\n", document.Text, document.Unsupported, "keys or passwords"},
		{"ca.pem", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n", document.Text, document.Read, ""},
		{"m.txt", "From: a@b.example\nTo: c@d.example\nSubject: x\n\nhello\n", document.EML, document.Read, ""},
		{"list.txt", "From: here\nhello there\nTo: there\n", document.Text, document.Read, ""},
		{"x.svg", "<svg xmlns='http://www.w3.org/2000/svg'><text>Lamp</text></svg>", document.SVG, document.Read, ""},
	} {
		doc := read(t, r, []byte(c.content), c.name)
		if doc.Kind != c.kind || doc.State != c.state || !strings.Contains(doc.Why, c.why) || c.why == "" && doc.Why != "" {
			t.Errorf("%s %.30q: %q, %s", c.name, c.content, doc.Kind, doc.Line())
		}
	}
}

// TestEncodings decodes each text from each encoding that can hold it.
func TestEncodings(t *testing.T) {
	russian := "Паром уходит с острова каждый час, а зимой только утром и вечером. Билеты продаются в порту."
	japanese_ := "強風のため本日の船はすべて欠航します。明日の朝にもう一度お知らせします。"
	chinese := "由于强风,今天所有的渡轮都已取消。明天早上我们会再次通知大家。"
	german := "Die Fähre fährt täglich außer sonntags, größere Verspätungen möglich. Grüße aus dem Süden, Öl für die Lampen."
	for _, c := range []struct {
		name string
		text string
		enc  encoding.Encoding
	}{
		{"utf-8", russian, unicode.UTF8}, {"utf-8 bom", german, unicode.UTF8BOM},
		{"utf-16le bom", russian, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
		{"utf-16be bom", chinese, unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
		{"utf-16le", german, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"utf-16be", german, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		{"windows-1252", german, charmap.Windows1252}, {"iso-8859-1", german, charmap.ISO8859_1},
		{"windows-1251", russian, charmap.Windows1251}, {"koi8-r", russian, charmap.KOI8R}, {"cp866", russian, charmap.CodePage866},
		{"shift_jis", japanese_, japanese.ShiftJIS}, {"euc-jp", japanese_, japanese.EUCJP}, {"iso-2022-jp", japanese_, japanese.ISO2022JP},
		{"gb18030", chinese, simplifiedchinese.GB18030},
	} {
		b, err := c.enc.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if doc := read(t, reader(t), []byte(b), "text.txt"); doc.Text() != c.text+"\n" {
			t.Errorf("%s: %s\n%s", c.name, doc.Line(), doc.Text())
		}
	}
}

// TestTextIsKept: source code comes out as it went in.
func TestTextIsKept(t *testing.T) {
	r := reader(t)
	code := "package a\n\n\n\n// if (x || y) {\n\tvar s = \"| a | b |\"\r\n```go\n  [Page 1]\n\ttail  \n"
	if got := read(t, r, []byte(code), "a.go").Text(); got != strings.ReplaceAll(code, "\r", "") {
		t.Errorf("%q", got)
	}
	if got := read(t, r, []byte("\x1b[31merror\x1b[0m: \x1b]0;title\x07lamp\x00\x07\n"), "a.log").Text(); got != "error: lamp\n" {
		t.Errorf("%q", got)
	}
}

func TestCSV(t *testing.T) {
	r := reader(t)
	for in, want := range map[string]string{
		"a,b,c\n1,\"x, y\",3\n":                   "a\tb\tc\n1\tx, y\t3\n",
		"a;b\n1,5;\"two\nlines\"\n":               "a\tb\n1,5\ttwo lines\n",
		"sep=|\na|b\n":                            "a\tb\n",
		"a,b\n,,\n,x\n":                           "a\tb\n\tx\n",
		"a,b\n\"never ends,1\n2,3\n":              "a\tb\n\"never ends\t1\n2\t3\n",
		"a,b\n\"he said \"\"hi\"\"\",\"\"\n":      "a\tb\nhe said \"hi\"\n",
		"name,size\n\"5\" pipe\",2\nx\"y\",\"z\n": "name\tsize\n5\" pipe\t2\nx\"y\"\t\"z\n",
	} {
		if got := read(t, r, []byte(in), "a.csv").Text(); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
	doc := read(t, r, []byte("h\n\n\nx\n"), "a.csv")
	if rows := doc.Units[0].Rows; len(rows) != 2 || rows[1].Number != 4 {
		t.Errorf("%+v", rows)
	}
}

func TestRanges(t *testing.T) {
	for in, want := range map[string]string{
		"3-5,9": "[{3 5} {9 9}]", "7": "[{7 7}]", "12-": "[{12 1073741824}]", "-3": "[{1 3}]", " 3 – 5 ; 9 ": "[{3 5} {9 9}]", "": "[]",
	} {
		if got, err := document.Ranges(in); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"x", "0", "5-3", "-", "1-2-3", "99999999999999999999"} {
		if got, err := document.Ranges(in); err == nil || !strings.Contains(err.Error(), "3-5,9") {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

// TestSlices: slices one after the other are the whole, whatever their limit.
func TestSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := &document.Document{Name: "x", Kind: document.PDF, State: document.Read}
		for i := range rapid.IntRange(1, 6).Draw(t, "units") {
			u := document.Unit{Number: i + 1, Text: rapid.StringMatching(`([a-zä語 ]{0,40}\n){0,8}`).Draw(t, "text")}
			if rapid.Bool().Draw(t, "sheet") {
				u.Rows = []document.Row{{Number: 2, Text: "a\tb"}, {Number: 7, Text: strings.Repeat("ü", 50)}}
			}
			doc.Units = append(doc.Units, u)
		}
		doc.Total = len(doc.Units)
		whole, err := doc.Slice(document.Part{Limit: 1 << 20})
		if err != nil || whole.Next != 0 {
			t.Fatal(whole.Next, err)
		}
		limit := rapid.IntRange(1, 200).Draw(t, "limit")
		var b strings.Builder
		for at := 0; ; {
			s, err := doc.Slice(document.Part{Skip: at, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(s.Text)
			if s.Next == 0 {
				break
			}
			if s.Next <= at {
				t.Fatalf("does not go on from %d", at)
			}
			at = s.Next
		}
		if b.String() != whole.Text {
			t.Fatalf("limit %d:\n%q\n%q", limit, b.String(), whole.Text)
		}
	})
}

func TestSearchAndHead(t *testing.T) {
	doc := read(t, reader(t), []byte("port,wind\nOban,strong east\nWick,calm\nKirkwall,East wind strong\n"), "wind.csv")
	hits := doc.Search("strong EAST", 10)
	if len(hits) != 2 || hits[0].Line != 2 || hits[1].Line != 4 {
		t.Errorf("%+v", hits)
	}
	if hits := doc.Search("  ", 10); hits != nil {
		t.Errorf("%+v", hits)
	}
	if head := doc.Head(2000); !strings.Contains(head, "4 rows to row 4, 2 columns") || !strings.Contains(head, "3\tWick\tcalm") {
		t.Error(head)
	}
	s, err := doc.Slice(document.Part{Lines: []document.Range{{First: 3, Last: 3}}})
	if err != nil || s.Text != "[sheet 1 of 1]\n3\tWick\tcalm\n" || s.Next != 0 {
		t.Errorf("%q %v", s.Text, err)
	}
	if _, err := doc.Slice(document.Part{Units: []document.Range{{First: 2, Last: 5}}}); err == nil || !strings.Contains(err.Error(), "has 1") {
		t.Error(err)
	}
}
