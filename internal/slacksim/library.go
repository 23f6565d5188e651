package slacksim

import (
	"encoding/json"
	"fmt"
	"time"
)

// library is the files and canvases of a workspace.
type library struct {
	sim      *Sim
	list     []*file // in order of upload
	byID     map[string]*file
	canvases []*canvas
	uploads  map[string]*upload // by ticket, until they are completed or long over
	byFile   map[string]*upload
	bytes    int64 // of all files
	swept    time.Time
}

func newLibrary() *library {
	return &library{canvases: []*canvas{}, byID: map[string]*file{}, uploads: map[string]*upload{}, byFile: map[string]*upload{}}
}

func (l *library) add(f *file) {
	f.lib = l
	l.list = append(l.list, f)
	l.byID[f.ID] = f
	if f.blob != nil {
		l.bytes += f.blob.size
	}
}

// discard removes what a library that is not used any more has on disk.
func (l *library) discard() {
	for _, f := range l.list {
		f.blob.remove()
	}
	for _, u := range l.uploads {
		u.blob.remove()
	}
}

// live returns a file that is there and not deleted.
func (l *library) live(id string) *file {
	if f := l.byID[id]; f != nil && !f.deleted {
		return f
	}
	return nil
}

// shown lists the files that are there, for the page.
func (l *library) shown() []*file {
	out := []*file{}
	for _, f := range l.list {
		if !f.deleted {
			out = append(out, f)
		}
	}
	return out
}

// attachment is a file of a message: one of the library, or a foreign object that is passed on as it is.
type attachment struct {
	file *file
	raw  json.RawMessage
}

// attachments reads a list of file objects; those that the library has are taken from there. An object that is only
// an id must be in the library.
func (l *library) attachments(raw json.RawMessage) ([]attachment, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &BadRequest{"bad_files", "files is an array of Slack file objects: " + err.Error()}
	}
	out := make([]attachment, len(list))
	seen := map[string]bool{}
	for i, x := range list {
		var fields map[string]json.RawMessage
		var id string
		if json.Unmarshal(x, &fields) != nil || fields == nil || (fields["id"] != nil && json.Unmarshal(fields["id"], &id) != nil) {
			return nil, &BadRequest{"bad_files", fmt.Sprintf("file %d is no Slack file object", i)}
		}
		f := l.byID[id]
		switch {
		case f == nil && len(fields) <= 1:
			return nil, &BadRequest{"file_not_found", fmt.Sprintf("no file %q: POST /sim/files makes one", id)}
		case id != "" && seen[id]:
			return nil, &BadRequest{"bad_files", fmt.Sprintf("file %s is there twice", id)}
		case f == nil:
			out[i] = attachment{raw: x}
		default:
			out[i] = attachment{file: f}
		}
		seen[id] = true
	}
	return out, nil
}

// id is the attachment's file id, empty when a foreign object has none.
func (a attachment) id() string {
	if a.file != nil {
		return a.file.ID
	}
	var x struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(a.raw, &x) // attachments saw an object with a string
	return x.ID
}

// filesOf is the files field of a message.
func filesOf(list []attachment, toApp bool) json.RawMessage {
	objects := make([]any, len(list))
	for i, a := range list {
		if objects[i] = any(a.raw); a.file != nil {
			objects[i] = a.file.inMessage(toApp)
		}
	}
	b, err := json.Marshal(objects)
	if err != nil {
		return nil // raw was read as JSON, and the rest are plain structs
	}
	return b
}

// announce tells the app of a message that was just inserted, and notes where its files are.
func (s *Sim) announce(ch *channel, m *Message) {
	fresh := []*file{}
	for _, a := range m.attached {
		if a.file == nil || a.file.deleted {
			continue
		}
		first := len(a.file.shared) == 0
		a.file.shared = append(a.file.shared, Posted{ch.ID, m.TS})
		s.publish("file", a.file)
		if first && !a.file.ownedByApp() {
			fresh = append(fresh, a.file)
		}
	}
	s.emitMessage(ch, m)
	for _, f := range fresh {
		s.emitFile("file_created", ch, f.ID, m.User, m.TS)
	}
	for _, a := range m.attached {
		s.emitFile("file_shared", ch, a.id(), m.User, m.TS)
	}
}

func (f *file) ownedByApp() bool { return f.User == f.lib.sim.ws.app.BotUserID }

// emitFile sends file_created, file_shared or file_deleted. They carry ids only; files.info has the rest.
func (s *Sim) emitFile(kind string, ch *channel, id, user, eventTS string) {
	event := map[string]any{"type": kind, "file_id": id, "event_ts": eventTS}
	if kind != "file_deleted" {
		event["file"], event["user_id"] = map[string]string{"id": id}, user
	}
	if kind == "file_shared" {
		event["channel_id"] = ch.ID
	}
	s.emit(kind, "files:read", ch, kind, event)
}

// deleteFile takes a file back: its bytes go, and the messages that had it show a tombstone.
func (s *Sim) deleteFile(f *file) {
	before := map[*Message]Message{}
	where := map[*Message]*channel{}
	known := f.ownedByApp()
	for _, p := range f.shared {
		ch := s.ws.channelBy[p.Channel]
		if ch == nil {
			continue
		}
		known = known || ch.has(s.ws.app.BotUserID)
		if m := ch.byTS[p.TS]; m != nil {
			before[m], where[m] = m.wire(), ch
		}
	}
	f.deleted = true
	if f.blob != nil {
		s.ws.files.bytes -= f.blob.size
		f.blob.remove()
		f.blob = nil
	}
	s.ws.files.dropCanvas(f.canvas)
	for _, p := range f.shared {
		ch := s.ws.channelBy[p.Channel]
		if ch == nil || ch.byTS[p.TS] == nil {
			continue
		}
		m := ch.byTS[p.TS]
		s.publishMessage(where[m], m)
		s.emitChanged(where[m], m, before[m])
	}
	s.publish("file_deleted", map[string]string{"id": f.ID})
	if known {
		s.emitFile("file_deleted", nil, f.ID, "", s.eventTS())
	}
}

// DeleteFile deletes a person's own file.
func (s *Sim) DeleteFile(user, id string) error {
	s.enter()
	defer s.leave()
	u, err := s.person(user)
	if err != nil {
		return err
	}
	f := s.ws.files.live(id)
	switch {
	case f == nil:
		return &BadRequest{"file_not_found", fmt.Sprintf("no file %q", id)}
	case f.User != u.ID:
		return &BadRequest{"cant_delete_file", "only the owner deletes a file"}
	}
	s.deleteFile(f)
	return nil
}
