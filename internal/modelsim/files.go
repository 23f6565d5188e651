package modelsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxFileBytes is how much the simulator keeps of uploads and of what code
// leaves behind, each, in memory.
const maxFileBytes = 256 << 20

// file is an uploaded file.
type file struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Purpose string    `json:"purpose"`
	Data    []byte    `json:"data"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

func (f *file) object() []field {
	o := []field{{"id", f.ID}, {"object", "file"}, {"bytes", len(f.Data)}, {"created_at", int(f.Created.Unix())}, {"filename", f.Name}, {"purpose", f.Purpose}, {"status", "processed"}}
	if !f.Expires.IsZero() {
		o = append(o, field{"expires_at", int(f.Expires.Unix())})
	}
	return o
}

// drawer keeps files and containers.
type drawer struct {
	mu         sync.Mutex
	files      map[string]*file
	order      []string // of files, oldest first
	containers map[string]*container
	bytes      int
}

func (d *drawer) init() {
	d.files, d.containers = map[string]*file{}, map[string]*container{}
}

// add keeps f and says whether there was room.
func (d *drawer) add(f *file) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes+len(f.Data) > maxFileBytes {
		return false
	}
	d.bytes += len(f.Data)
	d.files[f.ID] = f
	d.order = append(d.order, f.ID)
	return true
}

// file returns a file that has not expired, or nil.
func (d *drawer) file(id string, now time.Time) *file {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[id]
	if f != nil && !f.Expires.IsZero() && now.After(f.Expires) {
		d.remove(f)
		return nil
	}
	return f
}

// remove forgets f. The caller holds mu.
func (d *drawer) remove(f *file) {
	if d.files[f.ID] != f {
		return
	}
	d.bytes -= len(f.Data)
	delete(d.files, f.ID)
	if i := slices.Index(d.order, f.ID); i >= 0 {
		d.order = slices.Delete(d.order, i, i+1)
	}
}

// all lists the files that have not expired, oldest first.
func (d *drawer) all(now time.Time) []*file {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []*file
	for _, id := range slices.Clone(d.order) {
		f := d.files[id]
		if !f.Expires.IsZero() && now.After(f.Expires) {
			d.remove(f)
			continue
		}
		list = append(list, f)
	}
	return list
}

// routeFiles is everything under /v1/files.
func (p *reply) routeFiles(id, verb string) {
	switch method := p.r.Method; {
	case id == "" && method == "POST":
		p.upload()
	case id == "" && method == "GET":
		p.guarded(nil, p.listFiles)
	case verb == "" && method == "GET":
		p.withFile(id, func(f *file) { p.json(200, f.object()) })
	case verb == "" && method == "DELETE":
		p.withFile(id, func(f *file) {
			p.sim.drawer.mu.Lock()
			p.sim.drawer.remove(f)
			p.sim.drawer.mu.Unlock()
			p.json(200, []field{{"id", id}, {"object", "file"}, {"deleted", true}})
		})
	case verb == "content" && method == "GET":
		p.withFile(id, func(f *file) { p.download(f.Name, f.Data) })
	default:
		p.guarded(nil, p.unknown)
	}
}

func (p *reply) withFile(id string, next func(*file)) {
	p.guarded(nil, func() {
		if f := p.sim.drawer.file(id, p.sim.now()); f != nil {
			next(f)
			return
		}
		p.refuse(&apiError{status: 404, Type: "invalid_request_error", Param: "id", Message: "No such File object: " + id})
	})
}

// download sends the bytes of a file.
func (p *reply) download(name string, data []byte) {
	p.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	p.send(200, "application/octet-stream", p.spoiled(data))
}

// upload is POST /v1/files.
func (p *reply) upload() {
	f, ok := p.readForm()
	if !ok {
		return
	}
	purpose := f.text("purpose")
	req := described(f.summary(), "", "", purpose)
	p.rec.learn(req)
	p.guarded(req, func() {
		up, life, err := p.checkUpload(f, purpose)
		if err != nil {
			p.refuse(err)
			return
		}
		now := p.sim.now()
		kept := &file{ID: p.sim.newID("file-"), Name: up.name, Purpose: purpose, Data: up.data, Created: now}
		if life == 0 && purpose == "batch" {
			life = 30 * 24 * time.Hour // OpenAI: files of batches
		}
		if life > 0 {
			kept.Expires = now.Add(life)
		}
		if !p.sim.drawer.add(kept) {
			p.refuse(badRequest("", "file", fmt.Sprintf("The simulator keeps at most %d MiB of files: delete some.", maxFileBytes>>20)))
			return
		}
		p.json(200, kept.object())
	})
}

func (p *reply) checkUpload(f form, purpose string) (up upload, life time.Duration, bad *apiError) {
	known := []string{"file", "purpose", "expires_after[anchor]", "expires_after[seconds]"}
	for _, name := range slices.Sorted(maps.Keys(f.fields)) {
		if !slices.Contains(known, name) {
			return up, 0, unknownParameter(name)
		}
	}
	switch {
	case len(f.files) == 0 || f.files[0].field != "file":
		return up, 0, badRequest("missing_required_parameter", "file", "Missing required parameter: 'file'.")
	case len(f.files) > 1:
		return up, 0, badRequest("", "file", "Only one file can be uploaded at a time.")
	case purpose == "":
		return up, 0, badRequest("missing_required_parameter", "purpose", "Missing required parameter: 'purpose'.")
	case len(f.files[0].data) == 0:
		return up, 0, badRequest("empty_file", "file", "The file is empty.")
	}
	if err := oneOf("purpose", purpose, "assistants", "batch", "fine-tune", "vision", "user_data", "evals"); err != nil {
		return up, 0, err
	}
	up = f.files[0]
	if purpose == "vision" {
		if bad := checkPicture(up.data); bad != nil {
			return up, 0, badRequest(bad.code, "file", bad.why)
		}
	}
	anchor, seconds := f.text("expires_after[anchor]"), f.text("expires_after[seconds]")
	if anchor == "" && seconds == "" {
		return up, 0, nil
	}
	if err := oneOf("expires_after.anchor", anchor, "created_at"); err != nil {
		return up, 0, err
	}
	n, err := strconv.Atoi(seconds)
	if err != nil || n < 3600 || n > 2_592_000 {
		return up, 0, badRequest("integer_out_of_range", "expires_after.seconds", "Invalid 'expires_after.seconds': expected a value from 3600 to 2592000.")
	}
	return up, time.Duration(n) * time.Second, nil
}

// listFiles is GET /v1/files, newest first by default.
func (p *reply) listFiles() {
	q := p.r.URL.Query()
	var list []*file
	for _, f := range p.sim.drawer.all(p.sim.now()) {
		if q.Get("purpose") == "" || q.Get("purpose") == f.Purpose {
			list = append(list, f)
		}
	}
	page, err := pageOf(list, q, 10_000, 10_000, "desc", func(f *file) string { return f.ID })
	if err != nil {
		p.refuse(err)
		return
	}
	p.json(200, page.object(func(f *file) []field { return f.object() }))
}

// page is one page of a list.
type page[T any] struct {
	items []T
	id    func(T) string
	more  bool
}

// pageOf takes the page that limit, order and after ask for out of list, which
// is in order of age.
func pageOf[T any](list []T, q url.Values, limit, maxLimit int, order string, id func(T) string) (page[T], *apiError) {
	list = slices.Clone(list)
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxLimit {
			return page[T]{}, badRequest("invalid_value", "limit", fmt.Sprintf("Invalid 'limit': expected a value from 1 to %d.", maxLimit))
		}
		limit = n
	}
	order = orDefault(q.Get("order"), order)
	if err := oneOf("order", order, "asc", "desc"); err != nil {
		return page[T]{}, err
	}
	if order == "desc" {
		slices.Reverse(list)
	}
	if after := q.Get("after"); after != "" {
		i := slices.IndexFunc(list, func(v T) bool { return id(v) == after })
		if i < 0 {
			return page[T]{}, badRequest("invalid_value", "after", "Invalid 'after': no item with id '"+clip(after, 80)+"'.")
		}
		list = list[i+1:]
	}
	return page[T]{list[:min(limit, len(list))], id, len(list) > limit}, nil
}

// object renders the page. first_id and last_id of an empty page are null.
func (pg page[T]) object(render func(T) []field) []field {
	data := []json.RawMessage{}
	for _, v := range pg.items {
		data = append(data, appendObject(nil, render(v)))
	}
	var first, last any
	if n := len(pg.items); n > 0 {
		first, last = pg.id(pg.items[0]), pg.id(pg.items[n-1])
	}
	return []field{{"object", "list"}, {"data", data}, {"first_id", first}, {"last_id", last}, {"has_more", pg.more}}
}

// fileKind is the media type that a file's name promises.
func fileKind(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if t, _, err := mime.ParseMediaType(mime.TypeByExtension(name[i:])); err == nil {
			return t
		}
	}
	return ""
}
