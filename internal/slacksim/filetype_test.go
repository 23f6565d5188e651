package slacksim

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"strings"
	"testing"
	"unicode/utf8"
)

func parse(t *testing.T, b []byte) obj {
	t.Helper()
	var out obj
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err, string(b))
	}
	return out
}

// rawJSON is a body that goes out as it is.
func rawJSON(b []byte) json.RawMessage { return b }

// pngChecksum mends the checksum of a PNG's header after a change.
func pngChecksum(b []byte) []byte {
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestDetect(t *testing.T) {
	zip, text := "PK\x03\x04rest", "just words\n"
	for _, x := range []struct{ name, head, want, mime string }{
		{"a.png", "\x89PNG\r\n\x1a\nrest", "png", "image/png"},
		{"a.txt", "\x89PNG\r\n\x1a\nrest", "png", "image/png"}, // the bytes win
		{"a.jpeg", "\xff\xd8\xff\xe0", "jpg", "image/jpeg"},
		{"a.gif", "GIF89a", "gif", "image/gif"},
		{"a.webp", "RIFF0000WEBPVP8 ", "webp", "image/webp"},
		{"a.wav", "RIFF0000WAVEfmt ", "wav", "audio/wav"},
		{"a", "RIFF0000AVI LIST", "avi", "video/x-msvideo"},
		{"report.PDF", "%PDF-1.4", "pdf", "application/pdf"},
		{"a.docx", zip, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"a.xlsx", zip, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{"a.pptx", zip, "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
		{"a.zip", zip, "zip", "application/zip"},
		{"a.unknown", zip, "zip", "application/zip"},
		{"a.png", text, "text", "text/plain"}, // only its name says that it is a picture
		{"a.csv", "a,b\n1,2", "csv", "text/csv"},
		{"a.csv", "na\xefve;1\n", "csv", "text/csv"}, // an old encoding
		{"a.py", "print(1)", "python", "text/x-python"},
		{"a.go", "package a", "go", "text/x-go"},
		{"a.js", "let a", "javascript", "text/javascript"},
		{"a.json", "{}", "json", "text/plain"},
		{"a.md", "# a", "markdown", "text/markdown"},
		{"a.html", "<!DOCTYPE html>", "html", "text/html"},
		{"a.svg", "<svg/>", "svg", "image/svg+xml"},
		{"Dockerfile", "FROM x", "dockerfile", "text/plain"},
		{"a.py", "\x00\x01\x02", "binary", "application/octet-stream"},
		{"a.mp4", "\x00\x00\x00\x18ftypmp42", "mp4", "video/mp4"},
		{"a", text, "text", "text/plain"},
		{"a", "", "text", "text/plain"},
		{"a.bin", "\x00\x01\x02", "binary", "application/octet-stream"},
	} {
		if got := detect(x.name, []byte(x.head)); got.name != x.want || got.mime != x.mime || got.pretty == "" {
			t.Errorf("%s %q: %+v, want %s", x.name, x.head, got, x.want)
		}
	}
}

func TestSnippets(t *testing.T) {
	r := start(t, Options{})
	long := strings.Repeat("line\n", 30)
	f := r.brought(SeedAda, "a.log", []byte(long))
	if f["mode"] != "snippet" || f["editable"] != true || f["lines"] != 30.0 || f["lines_more"] != 20.0 || f["preview_is_truncated"] != true || strings.Count(f["preview"].(string), "line") != 10 {
		t.Fatal(f)
	}
	f = r.brought(SeedAda, "wide.txt", []byte(strings.Repeat("é", 3000)))
	if utf8.RuneCountInString(f["preview"].(string)) != previewChars || f["lines"] != 1.0 || f["lines_more"] != 0.0 || f["preview_is_truncated"] != true {
		t.Fatal(f)
	}
	id := r.sent("odd.xyz", []byte("select 1"), "snippet_type", "sql")
	r.ok("files.completeUploadExternal", obj{"files": files(id)})
	out := r.ok("files.info", obj{"file": id})
	if f := out["file"].(obj); f["filetype"] != "sql" || f["pretty_type"] != "SQL" || f["mode"] != "snippet" || out["content"] != "select 1" || out["is_truncated"] != false {
		t.Fatal(out)
	}
	id = r.sent("long.txt", bytes.Repeat([]byte("x"), maxContent+1))
	r.ok("files.completeUploadExternal", obj{"files": files(id)})
	if out := r.ok("files.info", obj{"file": id}); out["is_truncated"] != true || len(out["content"].(string)) != maxContent {
		t.Fatal(out["is_truncated"])
	}
}

// FuzzExamine looks at any bytes as a file: it must give a kind, and no thumbnail larger than asked for.
func FuzzExamine(f *testing.F) {
	f.Add("a.png", []byte("\x89PNG\r\n\x1a\n"))
	f.Add("a.gif", []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x01\x01\x01,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Add("a.md", []byte("# a\n\n```\nb"))
	f.Add("a.csv", []byte("\xff\xfe\x00"))
	s := New(Options{})
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		b := &blob{size: int64(len(content)), data: content}
		d, err := examine(name, "", b)
		if err != nil || d.kind.name == "" || d.kind.mime == "" {
			t.Fatal(d, err)
		}
		if !utf8.ValidString(d.preview) || d.linesMore < 0 || d.linesMore > d.lines {
			t.Fatalf("%+v", d)
		}
		if n := slug(name); n == "" || strings.ContainsAny(n, "/\\%? ") {
			t.Fatal(n)
		}
		if conf, err := decodeConfig(bytes.NewReader(content)); err != nil || conf.Width*conf.Height > 1<<20 {
			return
		}
		p, err := s.thumb(&gallery{}, b, false, 64)
		if err != nil {
			return
		}
		if conf, _, err := image.DecodeConfig(bytes.NewReader(p)); err != nil || conf.Width != 64 || conf.Height != 64 {
			t.Fatal(conf, err)
		}
	})
}

// FuzzSections cuts any markdown: nothing but blank lines and blanks may be lost.
func FuzzSections(f *testing.F) {
	f.Add("# A\n\ntext\nmore\n\n```go\n\n# no heading\n```\n- a\n- b\n\n| a |\n|---|")
	f.Add("~~~\nopen")
	f.Fuzz(func(t *testing.T, text string) {
		var all strings.Builder
		for _, part := range cutMarkdown(text) {
			if strings.TrimSpace(part) == "" {
				t.Fatalf("an empty section in %q", text)
			}
			all.WriteString(part)
		}
		bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if bare(all.String()) != bare(text) {
			t.Fatalf("%q became %q", text, all.String())
		}
	})
}
