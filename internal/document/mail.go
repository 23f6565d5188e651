package document

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"path"
	"strings"

	"golang.org/x/net/html/charset"
)

const (
	mailDepth = 8   // of messages and multiparts within each other
	mailParts = 200 // in all
)

// letter reads one mail, and those within it.
type letter struct {
	b     *budget
	doc   *Document
	parts int
}

func readEML(b *budget, s *source, _ string, doc *Document) error {
	raw, err := s.bytes(s.size)
	if err != nil {
		return err
	}
	l := &letter{b: b, doc: doc}
	if err := l.message(raw, 0); err != nil {
		return err
	}
	return b.alive()
}

var headers = mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) {
	return charset.NewReaderLabel(label, in)
}}

// header is a field in plain text; one that cannot be decoded stays as it is.
func header(s string) string {
	if t, err := headers.DecodeHeader(s); err == nil {
		s = t
	} else {
		s, _ = decode([]byte(s), "")
	}
	if s = oneLine(clean(s)); len(s) > 4_000 {
		s = strings.ToValidUTF8(s[:4_000], "") + "…"
	}
	return s
}

// message writes a message as a unit: its fields, its body, the names of what is
// attached. Attached messages and texts are units of their own.
func (l *letter) message(raw []byte, depth int) error {
	if bytes.HasPrefix(raw, []byte("From ")) {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	m, err := mail.ReadMessage(bytes.NewReader(bytes.TrimLeft(raw, "\r\n\t ")))
	if err != nil { // a field that is none: the words are still there
		text, _ := decode(raw[:min(len(raw), maxText)], "")
		w := &writer{b: l.b}
		w.add(clean(text))
		l.doc.add(Unit{Text: w.String()})
		return nil
	}
	w := &writer{b: l.b}
	for _, f := range []string{"From", "To", "Cc", "Date", "Subject"} {
		if v := header(m.Header.Get(f)); v != "" {
			w.add(f + ": " + v + "\n")
		}
	}
	subject := header(m.Header.Get("Subject"))
	if depth == 0 {
		l.doc.Title = subject
	}
	at := len(l.doc.Units)
	l.doc.add(Unit{Name: subject})
	err = l.part(w, m.Header, m.Body, depth)
	u := &l.doc.Units[at]
	u.Text = endLine(strings.Trim(w.String(), "\n"))
	return err
}

type fields interface{ Get(string) string }

func (l *letter) part(w *writer, h fields, body io.Reader, depth int) error {
	if l.parts++; l.parts > mailParts {
		return l.b.cut(fmt.Sprintf("only the first %d parts of it are read", mailParts))
	}
	if depth > mailDepth {
		return l.b.cut("its parts are nested too deep to be read to the end")
	}
	if err := l.b.alive(); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind == "" {
		if kind, _, _ = strings.Cut(strings.ToLower(h.Get("Content-Type")), ";"); !strings.Contains(kind, "/") {
			kind = "text/plain"
		}
		kind = strings.TrimSpace(kind)
	}
	disposition, dp, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	name := header(dp["filename"])
	if name == "" {
		name = header(params["name"])
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		return l.multipart(w, kind, params["boundary"], body, depth)
	}
	raw, err := io.ReadAll(io.LimitReader(transfer(h.Get("Content-Transfer-Encoding"), body), maxText))
	if len(raw) == 0 && err != nil {
		return nil
	}
	switch {
	case kind == "message/rfc822" || kind == "message/global":
		w.block("[attached message]\n")
		return l.message(raw, depth+1)
	case disposition == "attachment" || name != "" && !strings.HasPrefix(kind, "text/"):
		return l.attachment(w, name, kind, raw, params["charset"])
	case kind == "text/html":
		text, _, err := htmlText(l.b, raw, params["charset"])
		w.block(text)
		return err
	case strings.HasPrefix(kind, "text/") || kind == "message/delivery-status":
		text, _ := decode(raw, params["charset"])
		w.block(clean(text))
	default:
		return l.attachment(w, name, kind, raw, "")
	}
	return nil
}

// multipart writes the parts. Of alternatives it takes plain text if there is any in
// it, else the last one.
func (l *letter) multipart(w *writer, kind, boundary string, body io.Reader, depth int) error {
	r := multipart.NewReader(body, boundary)
	var best []byte
	var bestHead fields
	plain := false
	for i := 0; ; i++ {
		p, err := r.NextRawPart()
		if err != nil { // the end, or where it was cut off
			break
		}
		if kind != "multipart/alternative" {
			if kind == "multipart/related" && i > 0 && strings.HasPrefix(p.Header.Get("Content-Type"), "image/") {
				continue
			}
			if err := l.part(w, p.Header, p, depth+1); err != nil {
				return err
			}
			continue
		}
		if l.parts++; l.parts > mailParts {
			return l.b.cut(fmt.Sprintf("only the first %d parts of it are read", mailParts))
		}
		raw, _ := io.ReadAll(io.LimitReader(p, maxText))
		isPlain := strings.HasPrefix(strings.ToLower(p.Header.Get("Content-Type")), "text/plain")
		if plain || len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		best, bestHead, plain = raw, p.Header, isPlain
	}
	if best != nil {
		return l.part(w, bestHead, bytes.NewReader(best), depth+1)
	}
	return nil
}

// attachment is named; if it is text, it is read as a unit of its own.
func (l *letter) attachment(w *writer, name, kind string, raw []byte, claimed string) error {
	if name = display(name); name == "a file without a name" {
		name = "without a name"
	}
	w.line()
	w.add("[attachment: " + name + ", " + kind + ", " + size(uint64(len(raw))) + "]\n")
	ext := strings.ToLower(path.Ext(name))
	if len(raw) == 0 || secret(raw, name) != "" {
		return nil
	}
	if strings.HasPrefix(kind, "text/") || kind == "application/json" || ext == ".csv" || ext == ".txt" || ext == ".md" || ext == ".log" {
		text, _ := decode(raw, claimed)
		u := Unit{Name: name}
		var err error
		switch {
		case kind == "text/html":
			u.Text, _, err = htmlText(l.b, raw, claimed)
		case kind == "text/csv" || ext == ".csv":
			text = clean(text)
			u.Rows, err = splitCSV(l.b, text, separator(text))
		default:
			in := &writer{b: l.b}
			in.add(clean(text))
			u.Text = in.String()
		}
		if len(l.doc.Units) < maxUnits {
			l.doc.add(u)
		}
		return err
	}
	return nil
}

// transfer undoes the encoding of a part. Broken ones give what there is.
func transfer(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, &sieve{body})
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// sieve lets through what base64 is made of.
type sieve struct{ r io.Reader }

func (s *sieve) Read(p []byte) (int, error) {
	for {
		n, err := s.r.Read(p)
		out := p[:0]
		for _, c := range p[:n] {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' {
				out = append(out, c)
			}
		}
		if len(out) > 0 || err != nil {
			return len(out), err
		}
	}
}
