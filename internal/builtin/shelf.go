package builtin

import (
	"container/list"
	"sync"

	"holdfast/internal/document"
)

// shelf keeps what was read lately, within a number of bytes; what was used longest ago
// goes first.
type shelf struct {
	most int64

	mu   sync.Mutex
	size int64
	row  *list.List // of *book, the newest first
	at   map[string]*list.Element
}

type kept struct {
	content  []byte
	document *document.Document // nil until it was read
}

type book struct {
	id string
	kept
}

func newShelf(most int64) *shelf {
	return &shelf{most: most, row: list.New(), at: map[string]*list.Element{}}
}

func (s *shelf) get(id string) (kept, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.at[id]
	if !ok {
		return kept{}, false
	}
	s.row.MoveToFront(e)
	return e.Value.(*book).kept, true
}

func (s *shelf) put(id string, k kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.at[id]; ok {
		s.remove(e)
	}
	s.at[id] = s.row.PushFront(&book{id, k})
	s.size += k.weight()
	for s.size > s.most && s.row.Len() > 0 {
		s.remove(s.row.Back())
	}
}

func (s *shelf) remove(e *list.Element) {
	b := s.row.Remove(e).(*book)
	delete(s.at, b.id)
	s.size -= b.weight()
}

// weight is about what it takes in memory.
func (k kept) weight() int64 {
	n := int64(len(k.content))
	if k.document != nil {
		for _, u := range k.document.Units {
			n += int64(len(u.Text) + len(u.Table))
			for _, r := range u.Rows {
				n += int64(len(r.Text)) + 32
			}
		}
	}
	return n
}
