package modelsim

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// readJSON reads a JSON body, or refuses it and returns false.
func (p *reply) readJSON() ([]byte, bool) {
	if ct, _, err := mime.ParseMediaType(p.r.Header.Get("Content-Type")); err != nil || ct != "application/json" {
		p.refuseType("'application/json' requests")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(p.w, p.r.Body, maxBody))
	if err != nil {
		p.unread(err)
		return nil, false
	}
	p.wire.asked(body)
	return body, true
}

func (p *reply) refuseType(accepted string) {
	given := p.r.Header.Get("Content-Type")
	p.refuse(&apiError{status: 415, Type: "invalid_request_error", Code: "unsupported_content_type", Message: "Unsupported content type: '" + given + "'. This API method only accepts " + accepted + ", but you specified the header 'Content-Type: " + given + "'. Please try again with a supported content type."})
}

// unread deals with a body that could not be read.
func (p *reply) unread(err error) {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		p.refuse(&apiError{status: 413, Type: "invalid_request_error", Message: "The request is too large: at most 64 MiB."})
		return
	}
	if p.r.Context().Err() != nil || errors.Is(err, io.ErrUnexpectedEOF) {
		p.rec.note(func(q *Request) { q.Cancelled = true })
		return
	}
	p.refuse(badRequest("", "", "Could not parse the multipart form: "+err.Error()))
}

// upload is one file of a form.
type upload struct {
	field, name, mediaType string
	data                   []byte
}

// form is a multipart body.
type form struct {
	fields map[string]json.RawMessage // texts as JSON strings, "x[]" as lists
	files  []upload
}

// readForm reads a multipart body, or refuses it and returns false.
func (p *reply) readForm() (form, bool) {
	kind, params, err := mime.ParseMediaType(p.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		p.refuseType("'multipart/form-data' requests")
		return form{}, false
	}
	f, err := parseForm(http.MaxBytesReader(p.w, p.r.Body, maxBody), params["boundary"])
	if err != nil {
		p.unread(err)
		return form{}, false
	}
	p.wire.sentForm(f.summary())
	return f, true
}

func parseForm(body io.Reader, boundary string) (form, error) {
	f := form{fields: map[string]json.RawMessage{}}
	r := multipart.NewReader(body, boundary)
	lists := map[string][]string{}
	for n := 0; ; n++ {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, err
		}
		if n == 1000 {
			return f, errors.New("more than 1000 parts")
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return f, err
		}
		name := part.FormName()
		switch {
		case name == "":
			return f, errors.New("a part has no name")
		case part.FileName() != "":
			f.files = append(f.files, upload{name, part.FileName(), part.Header.Get("Content-Type"), data})
		case strings.HasSuffix(name, "[]"):
			lists[name[:len(name)-2]] = append(lists[name[:len(name)-2]], string(data))
		default:
			f.fields[name] = appendString(nil, string(data))
		}
	}
	for name, list := range lists {
		f.fields[name] = appendJSON(nil, list)
	}
	return f, nil
}

// summary is the form as JSON, with a file's name, type and size for its bytes.
func (f form) summary() json.RawMessage {
	all := map[string]any{}
	for name, v := range f.fields {
		all[name] = v
	}
	type about struct {
		Filename string `json:"filename"`
		Type     string `json:"type"`
		Bytes    int    `json:"bytes"`
	}
	for _, u := range f.files {
		list, _ := all[u.field].([]about)
		all[u.field] = append(list, about{u.name, u.mediaType, len(u.data)})
	}
	return appendJSON(nil, all)
}

// text returns a field's text, "" if it is not there.
func (f form) text(name string) string {
	var s string
	_ = json.Unmarshal(f.fields[name], &s) // a list is not a text
	return s
}

// typed is the form's texts as one JSON object, those in bare as the numbers and
// booleans that they are.
func (f form) typed(bare ...string) json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, v := range f.fields {
		if text := f.text(name); slices.Contains(bare, name) && json.Valid([]byte(text)) {
			v = json.RawMessage(text)
		}
		out[name] = v
	}
	return appendJSON(nil, out)
}
