package modelsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// containerIdle is how long a container lives without being used (OpenAI: code
// interpreter).
const containerIdle = 20 * time.Minute

// container is where code runs. Its files can be fetched until it expires.
type container struct {
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	Memory  string           `json:"memory"`
	Idle    time.Duration    `json:"idle"`
	Created time.Time        `json:"created"`
	Active  time.Time        `json:"active"`
	Files   []*containerFile `json:"files"`
}

type containerFile struct {
	ID      string    `json:"id"`
	Path    string    `json:"path"`
	Source  string    `json:"source"` // user or assistant
	Data    []byte    `json:"data"`
	Created time.Time `json:"created"`
}

func (c *container) expired(now time.Time) bool { return now.After(c.Active.Add(c.Idle)) }

func (c *container) object(now time.Time) []field {
	status := "running"
	if c.expired(now) {
		status = "expired"
	}
	return []field{
		{"id", c.ID}, {"object", "container"}, {"created_at", int(c.Created.Unix())}, {"status", status},
		{"expires_after", []field{{"anchor", "last_active_at"}, {"minutes", int(c.Idle / time.Minute)}}},
		{"last_active_at", int(c.Active.Unix())}, {"memory_limit", c.Memory}, {"name", c.Name},
	}
}

func (f *containerFile) object(container string) []field {
	return []field{
		{"id", f.ID}, {"object", "container.file"}, {"created_at", int(f.Created.Unix())}, {"bytes", len(f.Data)},
		{"container_id", container}, {"path", f.Path}, {"source", f.Source},
	}
}

func (d *drawer) newContainer(id, name, memory string, idle time.Duration, now time.Time) *container {
	c := &container{ID: id, Name: name, Memory: memory, Idle: idle, Created: now, Active: now}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.containers) > 10_000 {
		for old, c := range d.containers {
			if c.expired(now) {
				d.drop(old)
			}
		}
	}
	d.containers[id] = c
	return c
}

// drop forgets a container. The caller holds mu.
func (d *drawer) drop(id string) {
	if c := d.containers[id]; c != nil {
		for _, f := range c.Files {
			d.bytes -= len(f.Data)
		}
		delete(d.containers, id)
	}
}

// live returns a container that has not expired, and uses it.
func (d *drawer) live(id string, now time.Time) *container {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.containers[id]
	if c == nil || c.expired(now) {
		return nil
	}
	c.Active = now
	return c
}

// leave puts a file into a container. A name that was there before is replaced.
func (d *drawer) leave(c *container, f *containerFile) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes+len(f.Data) > maxFileBytes {
		f.Data = nil // there is no room; the file is empty rather than the answer broken
	}
	d.bytes += len(f.Data)
	c.Files = slices.DeleteFunc(c.Files, func(old *containerFile) bool {
		if old.Path != f.Path {
			return false
		}
		d.bytes -= len(old.Data)
		return true
	})
	c.Files = append(c.Files, f)
}

// filesOf lists a container's files as they are now.
func (d *drawer) filesOf(c *container) []*containerFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(c.Files)
}

// routeContainers is everything under /v1/containers.
func (p *reply) routeContainers(seg []string) {
	switch method := p.r.Method; {
	case len(seg) == 0 && method == "POST":
		p.createContainer()
	case len(seg) == 0 && method == "GET":
		p.guarded(nil, p.listContainers)
	case len(seg) == 1 && (method == "GET" || method == "DELETE"):
		p.guarded(nil, func() { p.oneContainer(seg[0]) })
	case len(seg) == 2 && seg[1] == "files" && method == "GET":
		p.withContainer(seg[0], func(c *container) {
			page, err := pageOf(p.sim.drawer.filesOf(c), p.r.URL.Query(), 20, 100, "desc", func(f *containerFile) string { return f.ID })
			if err != nil {
				p.refuse(err)
				return
			}
			p.json(200, page.object(func(f *containerFile) []field { return f.object(c.ID) }))
		})
	case len(seg) == 3 && seg[1] == "files" && method == "GET":
		p.withContainerFile(seg[0], seg[2], func(f *containerFile) { p.json(200, f.object(seg[0])) })
	case len(seg) == 4 && seg[1] == "files" && seg[3] == "content" && method == "GET":
		p.withContainerFile(seg[0], seg[2], func(f *containerFile) { p.download(baseName(f.Path), f.Data) })
	default:
		p.guarded(nil, p.unknown)
	}
}

func (p *reply) withContainer(id string, next func(*container)) {
	p.guarded(nil, func() {
		if f := p.plan.fault; f != nil && f.Kind == FaultBadResult && f.Variant == "missing" {
			p.sim.rec.fault(f.Kind)
			p.refuse(expiredContainer())
			return
		}
		if c := p.sim.drawer.live(id, p.sim.now()); c != nil {
			next(c)
			return
		}
		p.refuse(p.sim.noContainer(id))
	})
}

func expiredContainer() *apiError {
	return &apiError{status: 404, Type: "invalid_request_error", Message: "Container is expired."}
}

// noContainer tells a container that has expired from one that never was.
func (s *Sim) noContainer(id string) *apiError {
	s.drawer.mu.Lock()
	defer s.drawer.mu.Unlock()
	if s.drawer.containers[id] != nil {
		return expiredContainer()
	}
	return &apiError{status: 404, Type: "invalid_request_error", Message: "Container with id '" + clip(id, 80) + "' not found."}
}

func (p *reply) withContainerFile(id, file string, next func(*containerFile)) {
	p.withContainer(id, func(c *container) {
		list := p.sim.drawer.filesOf(c)
		i := slices.IndexFunc(list, func(f *containerFile) bool { return f.ID == file })
		if i < 0 {
			p.refuse(&apiError{status: 404, Type: "invalid_request_error", Message: "Container file with id '" + clip(file, 80) + "' not found."})
			return
		}
		next(list[i])
	})
}

func (p *reply) createContainer() {
	body, ok := p.readJSON()
	if !ok {
		return
	}
	var q struct {
		Name         string `json:"name"`
		ExpiresAfter *struct {
			Anchor  string `json:"anchor"`
			Minutes int    `json:"minutes"`
		} `json:"expires_after"`
		FileIDs       []string `json:"file_ids"`
		MemoryLimit   string   `json:"memory_limit"`
		NetworkPolicy any      `json:"network_policy"`
		Skills        any      `json:"skills"`
	}
	bad := decodeStrict(body, &q)
	req := described(body, "", "", q.Name)
	p.rec.learn(req)
	p.guarded(req, func() {
		idle := containerIdle
		switch {
		case bad != nil:
		case q.Name == "":
			bad = badRequest("missing_required_parameter", "name", "Missing required parameter: 'name'.")
		case q.ExpiresAfter != nil && q.ExpiresAfter.Anchor != "last_active_at":
			bad = oneOf("expires_after.anchor", q.ExpiresAfter.Anchor, "last_active_at")
		case q.ExpiresAfter != nil && (q.ExpiresAfter.Minutes < 1 || q.ExpiresAfter.Minutes > 20):
			bad = badRequest("integer_out_of_range", "expires_after.minutes", "Invalid 'expires_after.minutes': expected a value from 1 to 20.")
		case q.MemoryLimit != "":
			bad = oneOf("memory_limit", q.MemoryLimit, "1g", "4g", "16g", "64g")
		}
		if bad == nil {
			bad = p.sim.haveFiles("file_ids", q.FileIDs)
		}
		if bad != nil {
			p.refuse(bad)
			return
		}
		if q.ExpiresAfter != nil {
			idle = time.Duration(q.ExpiresAfter.Minutes) * time.Minute
		}
		c := p.sim.drawer.newContainer(p.sim.newID("cntr_"), q.Name, orDefault(q.MemoryLimit, "1g"), idle, p.sim.now())
		p.sim.mount(c, q.FileIDs)
		p.json(200, c.object(p.sim.now()))
	})
}

// haveFiles refuses ids of files that are not there.
func (s *Sim) haveFiles(param string, ids []string) *apiError {
	for i, id := range ids {
		if s.drawer.file(id, s.now()) == nil {
			return noFile(fmt.Sprintf("%s[%d]", param, i), id)
		}
	}
	return nil
}

// mount copies uploaded files into a container.
func (s *Sim) mount(c *container, ids []string) {
	for _, id := range ids {
		if f := s.drawer.file(id, s.now()); f != nil {
			s.drawer.leave(c, &containerFile{ID: s.newID("cfile_"), Path: "/mnt/data/" + baseName(f.Name), Source: "user", Data: f.Data, Created: s.now()})
		}
	}
}

func (p *reply) listContainers() {
	now := p.sim.now()
	p.sim.drawer.mu.Lock()
	var list []*container
	for _, c := range p.sim.drawer.containers {
		copied := *c
		list = append(list, &copied)
	}
	p.sim.drawer.mu.Unlock()
	slices.SortFunc(list, func(a, b *container) int { return strings.Compare(a.ID, b.ID) }) // ids count up
	page, err := pageOf(list, p.r.URL.Query(), 20, 100, "desc", func(c *container) string { return c.ID })
	if err != nil {
		p.refuse(err)
		return
	}
	p.json(200, page.object(func(c *container) []field { return c.object(now) }))
}

func (p *reply) oneContainer(id string) {
	d, now := &p.sim.drawer, p.sim.now()
	d.mu.Lock()
	c := d.containers[id]
	var o []field
	if c != nil {
		o = c.object(now)
		if p.r.Method == "DELETE" {
			d.drop(id)
			o = []field{{"id", id}, {"object", "container.deleted"}, {"deleted", true}}
		}
	}
	d.mu.Unlock()
	if c == nil {
		p.refuse(p.sim.noContainer(id))
		return
	}
	p.json(200, o)
}

// baseName is the last part of a path.
func baseName(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}
