package slacksim

import "fmt"

// What of the files' bytes an export carries. The newest files come first; the rest become tombstones.
const (
	maxArchivedFile = 4 << 20
	maxArchived     = 16 << 20
)

// ArchivedFile is a file with its bytes. Without them it is a tombstone, and Note says why.
type ArchivedFile struct {
	File
	Content []byte `json:"content,omitempty"`
	Note    string `json:"note,omitempty"`
	Given   bool   `json:"given,omitempty"` // to the app, by a file_input
}

// ArchivedCanvas is a canvas with the ids of its sections.
type ArchivedCanvas struct {
	Canvas
	Created  int64     `json:"created"`
	Sections []section `json:"sections"`
}

// archive copies the library. Deleted files are left out: their tombstones stand in the messages.
func (l *library) archive() ([]ArchivedFile, []ArchivedCanvas) {
	files, room := []ArchivedFile{}, int64(maxArchived)
	kept := map[*file][]byte{}
	for i := len(l.list) - 1; i >= 0; i-- {
		f := l.list[i]
		if f.deleted || f.canvas != nil || f.blob.size > maxArchivedFile || f.blob.size > room {
			continue
		}
		if b, err := f.blob.head(f.blob.size); err == nil && int64(len(b)) == f.blob.size {
			kept[f] = b
			room -= f.blob.size
		}
	}
	for _, f := range l.list {
		if f.deleted || f.canvas != nil {
			continue
		}
		a := ArchivedFile{File: f.File, Content: kept[f], Given: f.given}
		if a.Content == nil {
			a.Mode, a.Note = "tombstone", fmt.Sprintf("its %d bytes were too many to keep", f.blob.size)
		}
		files = append(files, a)
	}
	canvases := []ArchivedCanvas{}
	for _, v := range l.canvases {
		canvases = append(canvases, ArchivedCanvas{Canvas: v.public(), Created: v.file.Created, Sections: append([]section{}, v.sections...)})
	}
	return files, canvases
}

// restock fills the library of a workspace whose messages are there, and ties the messages to it.
func (w *workspace) restock(files []ArchivedFile, canvases []ArchivedCanvas) error {
	for _, a := range files {
		if a.ID == "" || w.files.byID[a.ID] != nil {
			return fmt.Errorf("file %q is nameless or there twice", a.ID)
		}
		f := &file{File: a.File, thumbs: &gallery{}, given: a.Given}
		f.Whereabouts = nil
		switch {
		case a.Mode == "tombstone":
			f.deleted = true
		case len(a.Content) == 0:
			return fmt.Errorf("file %s has no content and is no tombstone", a.ID)
		default:
			f.blob = &blob{size: int64(len(a.Content)), data: a.Content}
			f.Size = f.blob.size
		}
		w.files.add(f)
	}
	for _, a := range canvases {
		if a.ID == "" || w.files.byID[a.ID] != nil {
			return fmt.Errorf("canvas %q is nameless or there twice", a.ID)
		}
		if a.Channel != "" && w.channelBy[a.Channel] == nil {
			return fmt.Errorf("canvas %s of the unknown channel %q", a.ID, a.Channel)
		}
		v := &canvas{
			title: a.Title, sections: append([]section{}, a.Sections...), channel: a.Channel, main: a.Main,
			owner: a.User, access: map[string]string{}, updated: a.Updated,
		}
		for id, level := range a.Access {
			v.access[id] = level
		}
		w.files.addCanvas(v, a.ID, w.team.ID, a.Created)
	}
	for _, ch := range w.channels {
		for _, m := range ch.list {
			list, err := w.files.attachments(m.Files)
			if err != nil || len(list) == 0 {
				continue // kept as it is
			}
			m.attached, m.Files = list, nil
			for _, x := range list {
				if x.file != nil {
					x.file.shared = append(x.file.shared, Posted{ch.ID, m.TS})
				}
			}
		}
	}
	return nil
}
