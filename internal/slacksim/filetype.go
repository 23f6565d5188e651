package slacksim

import (
	"bytes"
	"net/http"
	"path"
	"strings"
)

// filetype is a kind of file in Slack's words. Slack: "File types" of the file object page.
type filetype struct {
	name   string // Slack's filetype
	mime   string
	pretty string
	exts   string // extensions without the dot, separated by blanks
	magic  string // what a file of this kind begins with; empty: it may begin with anything
}

// image is a kind that Slack shows as a picture.
func (t filetype) image() bool {
	return strings.HasPrefix(t.mime, "image/") && t.name != "svg" && t.name != "psd"
}

func textType() filetype {
	return filetype{name: "text", mime: "text/plain", pretty: "Plain Text", exts: "txt log text"}
}

func unknownType() filetype {
	return filetype{name: "binary", mime: "application/octet-stream", pretty: "Binary"}
}

// filetypes is the table of kinds. It is a function so that nothing can change it.
func filetypes() []filetype {
	const zip, ole, ogg = "PK", "\xd0\xcf\x11\xe0", "OggS"
	office := "application/vnd.openxmlformats-officedocument."
	open := "application/vnd.oasis.opendocument."
	return []filetype{
		{"png", "image/png", "PNG", "png", "\x89PNG\r\n\x1a\n"},
		{"jpg", "image/jpeg", "JPEG", "jpg jpeg jpe", "\xff\xd8\xff"},
		{"gif", "image/gif", "GIF", "gif", "GIF8"},
		{"webp", "image/webp", "WebP", "webp", "RIFF"},
		{"bmp", "image/bmp", "Bitmap", "bmp", "BM"},
		{"tiff", "image/tiff", "TIFF", "tif tiff", ""},
		{"heic", "image/heic", "HEIC", "heic heif", ""},
		{"svg", "image/svg+xml", "SVG", "svg", ""},
		{"psd", "image/vnd.adobe.photoshop", "Photoshop Document", "psd", "8BPS"},

		{"pdf", "application/pdf", "PDF", "pdf", "%PDF-"},
		{"docx", office + "wordprocessingml.document", "Word Document", "docx", zip},
		{"xlsx", office + "spreadsheetml.sheet", "Excel Spreadsheet", "xlsx", zip},
		{"pptx", office + "presentationml.presentation", "PowerPoint Presentation", "pptx", zip},
		{"doc", "application/msword", "Word Document", "doc", ole},
		{"xls", "application/vnd.ms-excel", "Excel Spreadsheet", "xls", ole},
		{"ppt", "application/vnd.ms-powerpoint", "PowerPoint Presentation", "ppt", ole},
		{"odt", open + "text", "OpenDocument Text", "odt", zip},
		{"ods", open + "spreadsheet", "OpenDocument Spreadsheet", "ods", zip},
		{"odp", open + "presentation", "OpenDocument Presentation", "odp", zip},
		{"epub", "application/epub+zip", "EPUB", "epub", zip},
		{"rtf", "text/rtf", "Rich Text File", "rtf", `{\rtf`},
		{"zip", "application/zip", "Zip", "zip", zip},
		{"gzip", "application/gzip", "Gzip", "gz tgz", "\x1f\x8b"},
		{"tar", "application/x-tar", "Tar", "tar", ""},

		{"mp3", "audio/mpeg", "MP3", "mp3", ""},
		{"m4a", "audio/mp4", "MPEG 4 Audio", "m4a", ""},
		{"wav", "audio/wav", "WAV", "wav", "RIFF"},
		{"ogg", "audio/ogg", "OGG", "ogg oga", ogg},
		{"flac", "audio/flac", "FLAC", "flac", "fLaC"},
		{"mp4", "video/mp4", "MPEG 4 Video", "mp4 m4v", ""},
		{"mov", "video/quicktime", "QuickTime Movie", "mov", ""},
		{"webm", "video/webm", "WebM", "webm", "\x1a\x45\xdf\xa3"},
		{"mkv", "video/x-matroska", "MKV", "mkv", "\x1a\x45\xdf\xa3"},
		{"avi", "video/x-msvideo", "AVI", "avi", "RIFF"},

		textType(),
		{"markdown", "text/markdown", "Markdown (raw)", "md markdown", ""},
		{"csv", "text/csv", "CSV", "csv", ""},
		{"tsv", "text/tab-separated-values", "TSV", "tsv", ""},
		{"html", "text/html", "HTML", "html htm", ""},
		{"css", "text/css", "CSS", "css", ""},
		{"javascript", "text/javascript", "JavaScript/JSON", "js mjs cjs", ""},
		{"json", "text/plain", "JSON", "json", ""},
		{"typescript", "text/plain", "TypeScript", "ts tsx", ""},
		{"python", "text/x-python", "Python", "py", ""},
		{"go", "text/x-go", "Go", "go", ""},
		{"c", "text/x-csrc", "C", "c h", ""},
		{"cpp", "text/x-c++src", "C++", "cpp cc cxx hpp", ""},
		{"csharp", "text/x-csharp", "C#", "cs", ""},
		{"clojure", "text/x-clojure", "Clojure", "clj", ""},
		{"dart", "text/plain", "Dart", "dart", ""},
		{"diff", "text/x-diff", "Diff", "diff patch", ""},
		{"dockerfile", "text/plain", "Docker", "dockerfile", ""},
		{"erlang", "text/x-erlang", "Erlang", "erl", ""},
		{"haskell", "text/x-haskell", "Haskell", "hs", ""},
		{"java", "text/x-java", "Java", "java", ""},
		{"kotlin", "text/plain", "Kotlin", "kt", ""},
		{"latex", "text/x-tex", "LaTeX/sTeX", "tex", ""},
		{"lisp", "text/x-common-lisp", "Lisp", "lisp", ""},
		{"lua", "text/x-lua", "Lua", "lua", ""},
		{"matlab", "text/x-matlab", "MATLAB", "m", ""},
		{"ocaml", "text/x-ocaml", "OCaml", "ml", ""},
		{"perl", "text/x-perl", "Perl", "pl", ""},
		{"php", "text/x-php", "PHP", "php", ""},
		{"powershell", "text/plain", "PowerShell", "ps1", ""},
		{"r", "text/x-rsrc", "R", "r", ""},
		{"ruby", "text/x-ruby", "Ruby", "rb", ""},
		{"rust", "text/x-rust", "Rust", "rs", ""},
		{"scala", "text/x-scala", "Scala", "scala", ""},
		{"shell", "text/x-sh", "Shell", "sh bash", ""},
		{"sql", "text/x-sql", "SQL", "sql", ""},
		{"swift", "text/x-swift", "Swift", "swift", ""},
		{"vb", "text/x-vb", "VB.NET", "vb", ""},
		{"vcard", "text/vcard", "vCard", "vcf", ""},
		{"xml", "text/xml", "XML", "xml", ""},
		{"yaml", "text/x-yaml", "YAML", "yaml yml", ""},
		{"email", "message/rfc822", "Email", "eml", ""},
	}
}

// sniffed is how much of a file decides on its kind.
const sniffed = 512

// detect names the kind of a file from its name and its first bytes. What the bytes show for sure wins over the name,
// and a name alone makes no text of bytes that are none.
func detect(name string, head []byte) filetype {
	byName, text := kindByName(name), isText(head)
	bySight := unknownType()
	for _, t := range filetypes() {
		if t.surely() && t.begins(head) {
			bySight = t
			break
		}
	}
	switch {
	case byName.begins(head): // a .docx is a Zip, but more than that
		return byName
	case bySight.magic != "":
		return bySight
	case byName.exts != "" && byName.magic == "" && byName.textual() == text:
		return byName
	case text:
		return textType()
	}
	return unknownType()
}

// kindByName goes by the extension alone.
func kindByName(name string) filetype {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if ext == "" {
		ext = strings.ToLower(path.Base(name)) // Dockerfile
	}
	for _, t := range filetypes() {
		if containsWord(t.exts, ext) {
			return t
		}
	}
	return unknownType()
}

// textual is a kind whose files are text, whatever its MIME type says.
func (t filetype) textual() bool {
	return t.magic == "" && (strings.HasPrefix(t.mime, "text/") || t.name == "svg" || t.name == "email")
}

// surely is a kind that its first bytes tell from all others. Office files are not, as they begin like any Zip.
func (t filetype) surely() bool {
	switch t.name {
	case "png", "jpg", "gif", "webp", "pdf", "zip", "gzip", "wav", "avi", "ogg", "flac", "webm", "rtf":
		return true
	}
	return false
}

// begins reports whether the first bytes are those of the kind.
func (t filetype) begins(head []byte) bool {
	form, riff := map[string]string{"webp": "WEBP", "wav": "WAVE", "avi": "AVI "}[t.name]
	return t.magic != "" && bytes.HasPrefix(head, []byte(t.magic)) && (!riff || len(head) >= 12 && string(head[8:12]) == form)
}

// isText reports whether the start of a file is text. An old encoding counts: it has no control characters either.
func isText(head []byte) bool {
	return len(head) == 0 || strings.HasPrefix(http.DetectContentType(head), "text/")
}

func containsWord(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}

// snippetType finds the kind that a snippet was declared as.
func snippetType(name string) (filetype, bool) {
	for _, t := range filetypes() {
		if t.name == name && t.textual() {
			return t, true
		}
	}
	return filetype{}, false
}
