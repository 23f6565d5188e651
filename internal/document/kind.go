package document

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
)

// Kind is what a file is, by its content.
type Kind string

const (
	PDF     Kind = "pdf"
	DOCX    Kind = "docx"
	XLSX    Kind = "xlsx"
	PPTX    Kind = "pptx"
	ODT     Kind = "odt"
	ODS     Kind = "ods"
	ODP     Kind = "odp"
	RTF     Kind = "rtf"
	EPUB    Kind = "epub"
	HTML    Kind = "html"
	EML     Kind = "eml"
	MSG     Kind = "msg"
	IPYNB   Kind = "ipynb"
	CSV     Kind = "csv"
	TSV     Kind = "tsv"
	Text    Kind = "text" // plain text, code, logs, configuration
	SVG     Kind = "svg"
	ZIP     Kind = "zip"
	DOC     Kind = "doc"
	XLS     Kind = "xls"
	PPT     Kind = "ppt"
	Image   Kind = "image"
	Unknown Kind = ""
)

// Detect says what a file is by its content. For text, where content says little,
// the name decides between tables, mail and plain text.
func Detect(src io.ReaderAt, size int64, name string) (Kind, error) {
	s := &source{ReaderAt: src, size: size}
	var err error
	if s.head, err = s.bytes(64 << 10); err != nil {
		return Unknown, err
	}
	k, err := detect(s, name)
	var no *refusal
	if errors.As(err, &no) {
		err = nil
	}
	return k, err
}

// detect may end with a refusal: a file that is locked, or not to be read.
func detect(s *source, name string) (Kind, error) {
	h := s.head
	ext := strings.ToLower(path.Ext(name))
	switch {
	case bytes.Contains(h[:min(len(h), 1024)], []byte("%PDF-")):
		return PDF, nil
	case bytes.HasPrefix(h, []byte("{\\rtf")):
		return RTF, nil
	case bytes.HasPrefix(h, []byte("PK\x03\x04")), bytes.HasPrefix(h, []byte("PK\x05\x06")):
		return detectZIP(s)
	case bytes.HasPrefix(h, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return detectOLE(s)
	case isImage(h):
		return Image, nil
	}
	if i := bytes.Index(h, []byte("%PDF-")); i >= 0 && ext == ".pdf" {
		return PDF, nil
	}
	if why := secret(h, name); why != "" {
		return Text, &refusal{Unsupported, why}
	}
	text, ok := peek(h)
	if !ok || foreign(h) {
		return Unknown, nil
	}
	return detectText(text, ext), nil
}

func isImage(h []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF87a", "GIF89a", "II*\x00", "MM\x00*", "8BPS", "\x00\x00\x01\x00"} {
		if bytes.HasPrefix(h, []byte(magic)) {
			return true
		}
	}
	if len(h) < 12 {
		return false
	}
	brand := string(h[8:12])
	return string(h[:4]) == "RIFF" && brand == "WEBP" ||
		string(h[4:8]) == "ftyp" && strings.Contains("heic heix heim heis hevc hevx mif1 msf1 avif avis", brand) ||
		string(h[:2]) == "BM" && h[6] == 0 && h[7] == 0 && h[8] == 0 && h[9] == 0
}

// peek decodes the beginning of a file, if it is text.
func peek(h []byte) (string, bool) {
	if len(h) == 64<<10 { // it may end within a character
		for i := 0; i < 3 && !utf8.Valid(h); i++ {
			h = h[:len(h)-1]
		}
	}
	text, _ := decode(h, "")
	odd, n := 0, 0
	for _, r := range text {
		n++
		if r == utf8.RuneError || r < ' ' && !strings.ContainsRune("\t\n\r\f\x1b\b\a", r) || r >= 0x80 && r < 0xa0 {
			odd++
		}
	}
	return text, odd*20 <= n
}

// foreign is a known format that is no text, though its bytes might pass for some.
func foreign(h []byte) bool {
	if utf8.Valid(h) && bytes.IndexByte(h, 0) < 0 {
		return false
	}
	for m := mimetype.Detect(h[:min(len(h), 3072)]); m != nil; m = m.Parent() {
		if m.Is("text/plain") {
			return false
		}
		if m.Parent() != nil && m.Parent().Is("application/octet-stream") {
			return true
		}
	}
	return false
}

var (
	mailField = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*:[ \t]?.*$`)
	mailKnown = lazy(`(?im)^(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to):`)
	htmlTag   = lazy(`(?i)<(html|head|body|!doctype html|table|div|p|h1|meta|title|script)\b`)
)

func detectText(text, ext string) Kind {
	t := strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	start := t[:min(len(t), 1024)]
	lower := strings.ToLower(start)
	switch {
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"):
		return HTML
	case strings.HasPrefix(t, "<") && strings.Contains(lower, "<svg"):
		return SVG
	case strings.HasPrefix(t, "<") && (ext == ".html" || ext == ".htm" || ext == ".xhtml") && htmlTag().MatchString(t):
		return HTML
	case strings.HasPrefix(lower, "<?xml") && strings.Contains(lower, "<html"):
		return HTML
	case strings.HasPrefix(t, "{") && strings.Contains(text, `"cells"`) && (ext == ".ipynb" || strings.Contains(text, `"nbformat"`)):
		return IPYNB
	case isMail(t, ext):
		return EML
	case ext == ".csv":
		return CSV
	case ext == ".tsv" || ext == ".tab":
		return TSV
	case ext == ".html" || ext == ".htm":
		if htmlTag().MatchString(t) {
			return HTML
		}
	}
	return Text
}

// isMail wants at least three header fields, two of which only mail has.
func isMail(t, ext string) bool {
	if strings.HasPrefix(t, "From ") { // of a mailbox
		_, t, _ = strings.Cut(t, "\n")
	}
	fields, known := 0, 0
	for line := range strings.Lines(t) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		if !mailField.MatchString(line) {
			return false
		}
		if fields++; mailKnown().MatchString(line) {
			known++
		}
	}
	return known >= 2 && fields >= 3 || known >= 1 && ext == ".eml"
}

var (
	secretText = lazy(`-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----|\bAKIA[0-9A-Z]{16}\b[\s\S]{0,200}(?i:secret)|_authToken\s*=|"private_key"\s*:\s*"-----BEGIN`)
	secretName = lazy(`(?i)^(\.env(\..+)?|.+\.env|\.netrc|_netrc|\.pgpass|\.htpasswd|id_(rsa|dsa|ecdsa|ed25519)|credentials|.+\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk))$`)
	publicName = regexp.MustCompile(`(?i)\.env\.(example|sample|template|dist)$`)
)

// secret says why a file is not read: it holds what nobody should send to a model.
func secret(h []byte, name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	byName := secretName().MatchString(base) && !publicName.MatchString(base) && !bytes.Contains(h, []byte("-----BEGIN CERTIFICATE")) &&
		!bytes.Contains(h, []byte("PUBLIC KEY-----"))
	if byName || secretText().Match(h) {
		return "it looks like keys or passwords, so it was not read; if they were meant to be secret, delete the file here and replace them"
	}
	return ""
}

func unsupported(s *source) error {
	m := mimetype.Detect(s.head[:min(len(s.head), 3072)])
	what := "this kind of file (" + m.String() + ")"
	switch t := m.String(); {
	case m.Is("application/octet-stream"):
		what = "this kind of file"
	case strings.HasPrefix(t, "audio/"):
		what = "sound (" + m.Extension() + ")"
	case strings.HasPrefix(t, "video/"):
		what = "film (" + m.Extension() + ")"
	}
	return &refusal{Unsupported, what + " cannot be read; share it as PDF, an Office file or text"}
}

// names are the extensions that a kind goes by, for those whose names promise much.
var names = map[string]Kind{
	".pdf": PDF, ".docx": DOCX, ".docm": DOCX, ".dotx": DOCX, ".xlsx": XLSX, ".xlsm": XLSX, ".pptx": PPTX, ".pptm": PPTX, ".ppsx": PPTX,
	".odt": ODT, ".ods": ODS, ".odp": ODP, ".rtf": RTF, ".epub": EPUB, ".msg": MSG, ".zip": ZIP, ".doc": DOC, ".xls": XLS, ".ppt": PPT,
	".png": Image, ".jpg": Image, ".jpeg": Image, ".gif": Image, ".webp": Image,
}

var called = map[Kind]string{
	PDF: "a PDF", DOCX: "a Word file", XLSX: "an Excel file", PPTX: "a PowerPoint file", ODT: "an OpenDocument text",
	ODS: "an OpenDocument sheet", ODP: "an OpenDocument presentation", RTF: "an RTF text", EPUB: "an EPUB book", HTML: "a web page",
	EML: "a mail", MSG: "an Outlook mail", IPYNB: "a notebook", CSV: "a table in plain text", TSV: "a table in plain text",
	Text: "plain text", SVG: "an SVG drawing", ZIP: "a ZIP archive", DOC: "an old Word file", XLS: "an old Excel file",
	PPT: "an old PowerPoint file", Image: "a picture", Unknown: "none",
}

// misnamed says so when a name promises something else than the content is.
func misnamed(name string, k Kind) string {
	ext := strings.ToLower(path.Ext(name))
	if want, known := names[ext]; !known || want == k || k == Unknown {
		return ""
	}
	return "its name ends in " + ext + ", but it is " + called[k]
}

// display is a name as people may see it: one line of bounded length, without
// controls and without marks that turn the direction of writing.
func display(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if r := []rune(name); len(r) > 120 {
		name = string(r[:80]) + "…" + string(r[len(r)-39:])
	}
	if name == "" {
		return "a file without a name"
	}
	return name
}
