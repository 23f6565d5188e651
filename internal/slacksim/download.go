package slacksim

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loginPage is what Slack answers to who may not have a file: a page with status 200, so that an app which does not
// look takes it for the file.
const loginPage = `<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body><h1>Sign in to your workspace</h1><p>This file is for members of the workspace only.</p></body></html>`

const goneFile = `<!DOCTYPE html><html><head><title>File not found | Slack</title></head><body><h1>File not found</h1></body></html>`

const foreignFile = `<!DOCTYPE html><html><head><title>Forbidden | Slack</title></head><body><h1>Forbidden</h1></body></html>`

// fileRoutes adds the addresses of files, for the app and for the page.
func (s *Sim) fileRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/upload/v1/{ticket}", s.serveUpload)
	mux.HandleFunc("/files-pri/{file}/{rest...}", s.serveDownload)
	mux.HandleFunc("/files-tmb/{file}/{rest...}", s.serveDownload)
	mux.Handle("POST /sim/files", s.control(s.receiveFile))
	mux.Handle("GET /sim/files/{id}/content", s.guard(s.serveContent))
	mux.Handle("GET /sim/files/{id}/thumb", s.guard(s.serveThumb))
	mux.Handle("POST /sim/files/delete", s.control(func(r *http.Request) (any, error) {
		return done(doing(r, func(b struct {
			User string `json:"user"`
			File string `json:"file"`
		}) error {
			return s.DeleteFile(b.User, b.File)
		}))
	}))
}

// serveDownload answers url_private, url_private_download and the thumbnails to holders of the bot token.
func (s *Sim) serveDownload(w http.ResponseWriter, r *http.Request) {
	fault := s.strike("download")
	var o outcome
	if fault != nil && fault.before(s, w, r, &o) {
		o.send(w, fault)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if fault != nil && fault.Kind != "delay" { // the kinds that come after the effect: here, no bytes
		fault.after(&o)
		o.send(w, fault)
		return
	}
	t, status := s.admitDownload(r)
	switch status {
	case http.StatusOK:
		s.sendFile(w, r, t)
	case http.StatusForbidden:
		sendPage(w, status, foreignFile)
	case http.StatusNotFound:
		sendPage(w, status, goneFile)
	default:
		sendPage(w, http.StatusOK, loginPage)
	}
}

func sendPage(w http.ResponseWriter, status int, page string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page))
}

// sending is a file on its way out; what it needs of the workspace was copied.
type sending struct {
	name, mime string
	etag       string
	when       time.Time
	blob       *blob
	page       string // instead of bytes: the text of a canvas
	attached   bool
	side       int // of a thumbnail; 0: the file itself
	gallery    *gallery
	photo      bool
}

func (f *file) sending() sending {
	return sending{
		name: f.Name, mime: f.Mimetype, blob: f.blob, etag: `"` + f.ID + "-" + strconv.FormatInt(f.Timestamp, 10) + `"`,
		when: time.Unix(f.Timestamp, 0), gallery: f.thumbs, photo: f.Filetype == "jpg",
	}
}

// admitDownload checks who asks for what. Status 401 stands for the login page.
func (s *Sim) admitDownload(r *http.Request) (sending, int) {
	s.enter()
	defer s.leave()
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return sending{}, http.StatusUnauthorized
	case slices.Contains(s.settings.ForeignTokens, token):
		return sending{}, http.StatusForbidden
	case s.tokenKind(token) != "bot" || s.tokenError(token) != "" || !slices.Contains(s.scopesOf(token), "files:read"):
		return sending{}, http.StatusUnauthorized
	}
	team, id, _ := strings.Cut(r.PathValue("file"), "-")
	f := s.ws.files.live(id)
	if f == nil || team != s.ws.team.ID || !f.visible(s.ws.app.BotUserID) {
		return sending{}, http.StatusNotFound
	}
	t := f.sending()
	t.attached = strings.HasPrefix(r.PathValue("rest"), "download/")
	if strings.HasPrefix(r.URL.Path, "/files-tmb/") {
		name := strings.TrimSuffix(r.PathValue("rest"), path.Ext(r.PathValue("rest")))
		side, err := strconv.Atoi(name[strings.LastIndex(name, "_")+1:])
		if err != nil || !slices.Contains(thumbSizes(), side) || !f.paintable() {
			return sending{}, http.StatusNotFound
		}
		t.side = side
	}
	if f.canvas != nil {
		t.page, t.mime = f.canvas.html(), "text/html; charset=utf-8"
	}
	return t, http.StatusOK
}

// sendFile answers with the bytes, or a part of them when the request names a range.
func (s *Sim) sendFile(w http.ResponseWriter, r *http.Request, t sending) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if t.mime != "application/pdf" { // browsers do not show a PDF in a sandbox
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	}
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, max-age=3600")
	switch {
	case t.side > 0:
		p, err := s.thumb(t.gallery, t.blob, t.photo, t.side)
		if err != nil {
			sendPage(w, http.StatusNotFound, goneFile)
			return
		}
		t.mime, t.etag = "image/png", strings.TrimSuffix(t.etag, `"`)+"-"+strconv.Itoa(t.side)+`"`
		if t.photo {
			t.mime = "image/jpeg"
		}
		t.blob = &blob{size: int64(len(p)), data: p}
	case t.blob == nil:
		h.Set("Cache-Control", "no-cache") // a canvas changes
		t.blob, t.etag = &blob{size: int64(len(t.page)), data: []byte(t.page)}, ""
	}
	c, err := t.blob.open()
	if err != nil { // deleted just now
		sendPage(w, http.StatusNotFound, goneFile)
		return
	}
	defer c.Close()
	h.Set("Content-Type", t.mime)
	if t.etag != "" {
		h.Set("ETag", t.etag)
	}
	if disposition := mime.FormatMediaType(map[bool]string{true: "attachment", false: "inline"}[t.attached], map[string]string{"filename": t.name}); disposition != "" {
		h.Set("Content-Disposition", disposition)
	}
	http.ServeContent(w, r, "", t.when, c)
}

// receiveFile is POST /sim/files: a person's upload, not yet shared.
func (s *Sim) receiveFile(r *http.Request) (any, error) {
	q := r.URL.Query()
	user, name := q.Get("user"), q.Get("name")
	if err := checkName(name); err != nil {
		return nil, &BadRequest{"bad_name", err.Error()}
	}
	alt := q.Get("alt")
	if len([]rune(alt)) > maxAltText {
		return nil, &BadRequest{"alt_txt_too_large", fmt.Sprintf("alt is longer than %d characters", maxAltText)}
	}
	s.mu.Lock()
	_, err := s.person(user)
	limit, epoch := s.settings.MaxFileBytes, s.epoch
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	b, err := s.disk.keep(r.Body, limit)
	if errors.Is(err, errTooLarge) {
		return nil, &BadRequest{"file_too_large", fmt.Sprintf("a file has at most %d bytes (settings: max_file_bytes)", limit)}
	}
	if err != nil {
		return nil, err
	}
	if b.size == 0 {
		return nil, &BadRequest{"empty_file", "the file is empty: Slack takes no empty files"}
	}
	d, err := examine(name, "", b)
	if err != nil {
		b.remove()
		return nil, err
	}
	s.enter()
	defer s.leave()
	switch t := s.settings.ContentSettings; {
	case epoch != s.epoch:
		err = &BadRequest{"user_not_found", "the workspace was reset meanwhile"}
	case t.StorageBytes > 0 && s.ws.files.bytes+b.size > t.StorageBytes:
		err = &BadRequest{"storage_limit_reached", "the workspace's files would be larger than storage_bytes of the settings"}
	}
	if err != nil {
		b.remove()
		return nil, err
	}
	if s.base == "" {
		s.base = baseURL(r)
	}
	f := s.newFile(s.nextID("F"), user, name, q.Get("title"), alt, b, d)
	s.ws.files.add(f)
	s.publish("file", f)
	return f.whole(), nil
}

// serveContent is GET /sim/files/{id}/content: the bytes for the page. What could run as a part of the page is never
// shown in place.
func (s *Sim) serveContent(w http.ResponseWriter, r *http.Request) {
	s.servePage(w, r, func(f *file, t *sending) error {
		if f.blob == nil {
			return &BadRequest{"file_not_found", "a canvas has no bytes: /sim/state has its markdown"}
		}
		kind, inPlace := displayed(f)
		t.mime, t.attached = kind, !inPlace || r.URL.Query().Get("download") != ""
		return nil
	})
}

// serveThumb is GET /sim/files/{id}/thumb?size=N.
func (s *Sim) serveThumb(w http.ResponseWriter, r *http.Request) {
	s.servePage(w, r, func(f *file, t *sending) error {
		size := r.URL.Query().Get("size")
		if size == "" {
			size = "360"
		}
		side, err := strconv.Atoi(size)
		if err != nil || !slices.Contains(thumbSizes(), side) {
			return &BadRequest{"bad_size", fmt.Sprintf("size is one of %v", thumbSizes())}
		}
		if !f.paintable() {
			return &BadRequest{"file_not_found", "the file has no thumbnails"}
		}
		t.side = side
		return nil
	})
}

func (s *Sim) servePage(w http.ResponseWriter, r *http.Request, prepare func(*file, *sending) error) {
	s.enter()
	var t sending
	f, err := s.ws.files.live(r.PathValue("id")), error(nil)
	if f == nil {
		err = &BadRequest{"file_not_found", fmt.Sprintf("no file %q", r.PathValue("id"))}
	} else {
		t = f.sending()
		err = prepare(f, &t)
	}
	s.leave()
	if err != nil {
		bad, _ := errors.AsType[*BadRequest](err)
		status := http.StatusNotFound
		if bad.Code != "file_not_found" {
			status = http.StatusBadRequest
		}
		refuse(w, status, bad)
		return
	}
	s.sendFile(w, r, t)
}

// displayed is the type that the page gets a file as, and whether a browser may show it in place.
func displayed(f *file) (kind string, inPlace bool) {
	switch f.Filetype {
	case "png", "jpg", "gif", "webp", "bmp", "pdf":
		return f.Mimetype, true
	case "mp3", "m4a", "wav", "ogg", "flac", "mp4", "mov", "webm":
		return f.Mimetype, true
	case "html", "svg", "xml":
		return "application/octet-stream", false
	}
	if t, ok := snippetType(f.Filetype); ok && t.textual() {
		return "text/plain; charset=utf-8", true
	}
	return "application/octet-stream", false
}
