package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxAltText  = 1_000
	maxChannels = 100 // that one upload is shared in
)

// upload is a file of the app between files.getUploadURLExternal and files.completeUploadExternal.
type upload struct {
	ticket  string
	id      string
	name    string
	alt     string
	snippet string
	length  int64
	expires time.Time
	busy    bool // its bytes are coming in
	blob    *blob
	found   findings
}

// hostURL is the address that the caller reached the simulator at.
func (c *call) hostURL() string {
	if c.secure {
		return "https://" + c.host
	}
	return "http://" + c.host
}

// getUploadURL is files.getUploadURLExternal.
func (c *call) getUploadURL() (reply, error) {
	name, t := c.args.str("filename"), c.settings.ContentSettings
	if name == "" {
		return nil, lacking("filename")
	}
	if checkName(name) != nil {
		return nil, no("invalid_arguments", "[ERROR] not a file's name [json-pointer:/filename]")
	}
	length, ok := c.args.num("length", 0)
	if !ok || length < 0 {
		return nil, no("invalid_arguments", "[ERROR] must be an integer [json-pointer:/length]")
	}
	if length == 0 {
		return nil, no("missing_argument", "[ERROR] missing required field: length")
	}
	alt := c.args.str("alt_txt")
	if alt == "" {
		alt = c.args.str("alt_text")
	}
	snippet := c.args.str("snippet_type")
	_, known := snippetType(snippet)
	kind := kindByName(name) // the bytes may show another kind later
	switch {
	case t.FileUploads == "none":
		return nil, no("file_uploads_disabled")
	case t.FileUploads == "images" && !kind.image():
		return nil, no("file_uploads_except_images_disabled")
	case slices.Contains(t.RefusedTypes, kind.name):
		return nil, no("file_type_not_allowed")
	case utf8.RuneCountInString(alt) > maxAltText:
		return nil, no("alt_txt_too_large")
	case snippet != "" && !known:
		return nil, no("unknown_snippet_type")
	case snippet != "" && length > maxSnippet:
		return nil, no("snippet_too_large")
	case int64(length) > t.MaxFileBytes:
		return nil, no("file_upload_size_restricted")
	case t.StorageBytes > 0 && c.ws.files.bytes+int64(length) > t.StorageBytes:
		return nil, no("storage_limit_reached")
	}
	l := c.ws.files
	l.sweep(c.now())
	u := &upload{
		ticket: strings.ReplaceAll(c.uuid()+c.uuid(), "-", ""), id: c.nextID("F"), name: name, alt: alt, snippet: snippet,
		length: int64(length), expires: c.now().Add(ms(t.UploadURLLife)),
	}
	l.uploads[u.ticket], l.byFile[u.id] = u, u
	return reply{"upload_url": c.hostURL() + "/upload/v1/" + u.ticket, "file_id": u.id}, nil
}

// sweep forgets uploads that nobody completed, well after they expired.
func (l *library) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for _, u := range l.uploads {
		if now.Sub(u.expires) > time.Hour && !u.busy {
			u.blob.remove()
			delete(l.uploads, u.ticket)
			delete(l.byFile, u.id)
		}
	}
}

// uploadFailure is what an upload URL answers; the app sees no more than the status and a line of text.
type uploadFailure struct {
	status int
	text   string
}

func (e *uploadFailure) Error() string { return e.text }

// serveUpload takes the bytes of a file at its upload URL, as the body or as the first file of a multipart form.
func (s *Sim) serveUpload(w http.ResponseWriter, r *http.Request) {
	fault := s.strike("upload")
	var o outcome
	if fault != nil && fault.before(s, w, r, &o) {
		o.send(w, fault)
		return
	}
	n, err := s.receive(r)
	o = outcome{status: http.StatusOK, body: fmt.Appendf(nil, "OK - %d", n)}
	if err != nil {
		o.status, o.body = http.StatusInternalServerError, []byte("error")
		if bad, ok := errors.AsType[*uploadFailure](err); ok {
			o.status, o.body = bad.status, []byte(bad.text)
		} else {
			s.log.Error("slacksim: upload", "error", err)
		}
	}
	if fault != nil {
		fault.after(&o)
	}
	o.send(w, fault)
}

// send answers a request beside the Web API: as plain text, or with the fault that struck it.
func (o outcome) send(w http.ResponseWriter, fault *Fault) {
	if o.status == 0 {
		cutConnection(w, fault != nil && fault.Kind != "lost")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if o.retry > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(o.retry))
	}
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body)
}

func (s *Sim) receive(r *http.Request) (int64, error) {
	if r.Method != http.MethodPost {
		return 0, &uploadFailure{http.StatusMethodNotAllowed, "use POST"}
	}
	u, epoch, err := s.reserve(r.PathValue("ticket"))
	if err != nil {
		return 0, err
	}
	b, d, err := s.readUpload(r, u)
	s.enter()
	defer s.leave()
	u.busy = false
	if err != nil {
		return 0, err
	}
	if epoch != s.epoch || s.ws.files.byFile[u.id] != u {
		b.remove()
		return 0, &uploadFailure{http.StatusNotFound, "unknown upload URL"}
	}
	u.blob.remove()
	u.blob, u.found = b, d
	return b.size, nil
}

// reserve finds the upload of a ticket, for one request at a time.
func (s *Sim) reserve(ticket string) (*upload, int, error) {
	s.enter()
	defer s.leave()
	u := s.ws.files.uploads[ticket]
	switch {
	case u == nil:
		return nil, 0, &uploadFailure{http.StatusNotFound, "unknown upload URL"}
	case !s.now().Before(u.expires):
		return nil, 0, &uploadFailure{http.StatusGone, "the upload URL has expired"}
	case u.busy || u.blob != nil && !s.settings.RepeatUploads:
		return nil, 0, &uploadFailure{http.StatusConflict, "the upload URL was used already"}
	}
	u.busy = true
	return u, s.epoch, nil
}

func (s *Sim) readUpload(r *http.Request, u *upload) (*blob, findings, error) {
	body, err := uploadBody(r)
	if err != nil {
		return nil, findings{}, err
	}
	b, err := s.disk.keep(body, u.length)
	if errors.Is(err, errTooLarge) || err == nil && b.size != u.length {
		if err == nil {
			b.remove()
		}
		return nil, findings{}, &uploadFailure{http.StatusBadRequest, fmt.Sprintf("the file must have %d bytes, as declared", u.length)}
	}
	if err != nil {
		return nil, findings{}, err
	}
	d, err := examine(u.name, u.snippet, b)
	if err != nil {
		b.remove()
	}
	return b, d, err
}

// uploadBody is the request's body, or the first file of its form, whatever the field's name.
func uploadBody(r *http.Request) (io.Reader, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return r.Body, nil
	}
	form := multipart.NewReader(r.Body, params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, &uploadFailure{http.StatusBadRequest, "the form has no file"}
		}
		if part.FileName() != "" || part.FormName() == "file" {
			return part, nil
		}
	}
}

// completeUpload is files.completeUploadExternal. The message with the files comes later, by itself.
func (c *call) completeUpload() (reply, error) {
	raw, err := c.args.raw("files")
	if err != nil || raw == nil {
		return nil, lacking("files")
	}
	var list []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return nil, no("invalid_arguments", "[ERROR] must be an array of objects with an id [json-pointer:/files]")
	}
	uploads := make([]*upload, len(list))
	for i, x := range list {
		u := c.ws.files.byFile[x.ID]
		if u == nil || !c.now().Before(u.expires) || slices.Contains(uploads[:i], u) {
			return nil, no("file_not_found")
		}
		if u.blob == nil {
			return nil, no("file_update_failed")
		}
		uploads[i] = u
	}
	channels, err := c.uploadChannels()
	if err != nil {
		return nil, err
	}
	m := c.appMessage()
	m.Subtype, m.Text = "file_share", cutText(c.args.str("initial_comment"))
	if m.Text == "" {
		blocks, err := c.args.raw("blocks")
		if err != nil {
			return nil, no("invalid_blocks")
		}
		if arrayLen(blocks) > 0 || blocks != nil && strings.TrimSpace(string(blocks))[0] != '[' {
			checked, bad := c.checkBlocks(blocks, onMessage, "/blocks")
			if bad != nil {
				bad.Code = "invalid_blocks"
				return nil, bad
			}
			m.Blocks = checked
		}
	}
	out := []reply{}
	for i, u := range uploads {
		f := c.newFile(u.id, c.ws.app.BotUserID, u.name, list[i].Title, u.alt, u.blob, u.found)
		c.ws.files.add(f)
		delete(c.ws.files.byFile, u.id)
		delete(c.ws.files.uploads, u.ticket)
		m.attached = append(m.attached, attachment{file: f})
		c.publish("file", f)
		c.emitFile("file_created", nil, f.ID, f.User, c.eventTS())
		out = append(out, reply{"id": f.ID, "title": f.Title})
	}
	s, epoch, thread := c.Sim, c.epoch, c.args.str("thread_ts")
	if len(channels) > 0 {
		s.after(ms(s.settings.ShareDelay), func() {
			if epoch == s.epoch {
				s.shareUpload(channels, thread, m)
			}
		})
	}
	return reply{"files": out}, nil
}

// uploadChannels resolves channel_id and channels.
func (c *call) uploadChannels() ([]string, error) {
	ids := []string{}
	for _, field := range []string{"channel_id", "channels"} {
		for id := range strings.SplitSeq(c.args.str(field), ",") {
			if id = strings.TrimSpace(id); id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) > maxChannels {
		return nil, no("channels_limit_exceeded")
	}
	bot := c.ws.app.BotUserID
	for _, id := range ids {
		ch := c.ws.channelBy[id]
		switch {
		case ch == nil || ch.ID != id || ch.closed() && !ch.has(bot):
			return nil, no("invalid_channel")
		case !ch.has(bot):
			return nil, no("not_in_channel")
		case ch.IsArchived:
			return nil, no("posting_to_channel_denied")
		}
	}
	return ids, nil
}

// shareUpload posts the message with the files of an upload that was completed a moment ago.
func (s *Sim) shareUpload(channels []string, thread string, m *Message) {
	m.attached = slices.DeleteFunc(m.attached, func(a attachment) bool { return a.file.deleted })
	if len(m.attached) == 0 {
		return
	}
	for _, id := range channels {
		ch := s.ws.channelBy[id]
		if ch == nil || ch.IsArchived || !ch.has(s.ws.app.BotUserID) {
			continue
		}
		x := m.copy()
		if root := ch.byTS[thread]; root != nil {
			x.ThreadTS = root.root()
		}
		s.insert(ch, &x)
		s.announce(ch, &x)
		s.clearProse(ch, x.root())
	}
}
