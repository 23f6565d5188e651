package document

import (
	"encoding/binary"
	"unicode/utf16"
)

// compound is a Microsoft compound file [MS-CFB]: a file system in a file. Chains are
// followed no further than the file has sectors, and nothing here recurses.
type compound struct {
	s       *source
	shift   uint
	fat     []uint32
	minifat []uint32
	mini    []byte // the stream that small streams live in
	entries []*oleEntry
}

type oleEntry struct {
	name   string
	store  bool // a directory
	start  uint32
	size   int64
	parent int // index in entries; the root is 0
	left   uint32
	right  uint32
	child  uint32
	seen   bool
}

const (
	oleEnd     = 0xfffffff0 // and above: no sector, no entry
	oleEntries = 20_000
)

func openOLE(s *source) (*compound, error) {
	broken := damaged("its structure is broken; upload it again")
	h := make([]byte, 512)
	if s.size < 1536 {
		return nil, broken
	}
	if _, err := s.ReadAt(h, 0); err != nil {
		return nil, err
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(h[at:]) }
	c := &compound{s: s, shift: uint(binary.LittleEndian.Uint16(h[30:]))}
	if c.shift != 9 && c.shift != 12 {
		return nil, broken
	}
	sectors := int(s.size >> c.shift)
	per := 1 << (c.shift - 2) // numbers in a sector
	var where []uint32        // of the table's sectors
	for i := range 109 {
		where = append(where, u32(76+4*i))
	}
	for next, n := u32(68), 0; next < oleEnd && n < sectors; n++ {
		more := numbers(c.sector(next))
		if len(more) < per {
			break
		}
		where = append(where, more[:per-1]...)
		next = more[per-1]
	}
	for _, at := range where {
		if at < oleEnd && len(c.fat) < sectors+per {
			c.fat = append(c.fat, numbers(c.sector(at))...)
		}
	}
	dir := c.chain(u32(48), oleEntries*128)
	c.minifat = numbers(c.chain(u32(60), (s.size>>6+1)<<2))
	for ; len(dir) >= 128; dir = dir[128:] {
		c.entries = append(c.entries, newEntry(dir[:128], c.shift == 9))
	}
	if len(c.entries) == 0 {
		return nil, broken
	}
	c.mini = c.chain(c.entries[0].start, min(c.entries[0].size, s.size))
	type visit struct {
		at     uint32
		parent int
	}
	for todo := []visit{{c.entries[0].child, 0}}; len(todo) > 0; {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if int64(v.at) >= int64(len(c.entries)) || v.at == 0 || c.entries[v.at].seen {
			continue
		}
		e := c.entries[v.at]
		e.seen, e.parent = true, v.parent
		todo = append(todo, visit{e.right, v.parent}, visit{e.left, v.parent})
		if e.store {
			todo = append(todo, visit{e.child, int(v.at)})
		}
	}
	return c, nil
}

func newEntry(b []byte, small bool) *oleEntry {
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	e := &oleEntry{store: b[66] == 1 || b[66] == 5, left: u32(68), right: u32(72), child: u32(76), start: u32(116), size: int64(binary.LittleEndian.Uint64(b[120:]))}
	if small || e.size < 0 {
		e.size = int64(u32(120))
	}
	if n := int(binary.LittleEndian.Uint16(b[64:])); n >= 4 && n <= 64 {
		name := make([]uint16, n/2-1)
		for i := range name {
			name[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		e.name = string(utf16.Decode(name))
	}
	return e
}

func numbers(b []byte) []uint32 {
	n := make([]uint32, len(b)/4)
	for i := range n {
		n[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return n
}

// sector is empty if there is no such sector; the last one may be short.
func (c *compound) sector(n uint32) []byte {
	at := (int64(n) + 1) << c.shift
	if at >= c.s.size {
		return nil
	}
	b := make([]byte, min(1<<c.shift, c.s.size-at))
	if _, err := c.s.ReadAt(b, at); err != nil {
		return nil
	}
	return b
}

func (c *compound) chain(at uint32, size int64) []byte {
	var b []byte
	for n := 0; at < oleEnd && int64(len(b)) < size && n <= len(c.fat); n++ {
		s := c.sector(at)
		if len(s) == 0 {
			break
		}
		b = append(b, s...)
		if int64(at) >= int64(len(c.fat)) {
			break
		}
		at = c.fat[at]
	}
	return b[:min(int64(len(b)), max(size, 0))]
}

// stream is the content of an entry, up to limit bytes.
func (c *compound) stream(e *oleEntry, limit int64) []byte {
	size := min(e.size, limit)
	if e.size >= 4096 {
		return c.chain(e.start, size)
	}
	var b []byte
	for at, n := e.start, 0; at < oleEnd && int64(len(b)) < size && n <= len(c.minifat); n++ {
		from := int64(at) << 6
		if from+64 > int64(len(c.mini)) {
			break
		}
		b = append(b, c.mini[from:from+64]...)
		if int64(at) >= int64(len(c.minifat)) {
			break
		}
		at = c.minifat[at]
	}
	return b[:min(int64(len(b)), size)]
}

// detectOLE tells apart what lives in compound files.
func detectOLE(s *source) (Kind, error) {
	c, err := openOLE(s)
	if err != nil {
		return Unknown, err
	}
	kind := Unknown
	for _, e := range c.entries {
		if !e.seen || e.parent != 0 {
			continue
		}
		switch e.name {
		case "EncryptedPackage", "EncryptionInfo":
			return DOCX, &refusal{Locked, "it is protected with a password; share a copy without one"}
		case "WordDocument":
			kind = DOC
		case "Workbook", "Book":
			kind = XLS
		case "PowerPoint Document":
			kind = PPT
		case "__properties_version1.0":
			kind = MSG
		}
	}
	return kind, nil
}
