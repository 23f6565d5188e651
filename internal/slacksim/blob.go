package slacksim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// inMemory is the size up to which a file's bytes stay in memory; larger ones go to a temporary folder.
const inMemory = 1 << 20

// errTooLarge is returned for bytes beyond the limit that the caller gave.
var errTooLarge = errors.New("more bytes than allowed")

// blob is the bytes of a file. They do not change.
type blob struct {
	size int64
	data []byte // when path is empty
	path string
}

// contents reads a blob from any place.
type contents interface {
	io.ReadSeeker
	io.ReaderAt
	io.Closer
}

type inBuffer struct{ *bytes.Reader }

func (inBuffer) Close() error { return nil }

func (b *blob) open() (contents, error) {
	if b.path == "" {
		return inBuffer{bytes.NewReader(b.data)}, nil
	}
	f, err := os.Open(b.path)
	if err != nil {
		return nil, fmt.Errorf("open a file's bytes: %w", err)
	}
	return f, nil
}

// head is up to n bytes from the start.
func (b *blob) head(n int64) ([]byte, error) {
	if b.path == "" {
		return b.data[:min(n, b.size)], nil
	}
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(io.LimitReader(c, n))
}

func (b *blob) remove() {
	if b != nil && b.path != "" {
		_ = os.Remove(b.path) // the folder goes as a whole in the end
	}
}

// disk is the temporary folder of large blobs, made when the first of them comes.
type disk struct {
	parent string // "": the system's

	mu     sync.Mutex
	folder string
	serial int
	closed bool
}

// keep reads all of r, at most limit bytes. It holds no more than inMemory of them in memory.
func (d *disk) keep(r io.Reader, limit int64) (*blob, error) {
	r = io.LimitReader(r, limit+1)
	var start bytes.Buffer
	if _, err := io.CopyN(&start, r, inMemory+1); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read a file's bytes: %w", err)
	}
	n := int64(start.Len())
	if n > limit {
		return nil, errTooLarge
	}
	if n <= inMemory {
		return &blob{size: n, data: bytes.Clone(start.Bytes())}, nil
	}
	f, err := d.create()
	if err != nil {
		return nil, err
	}
	n, err = io.Copy(f, io.MultiReader(&start, r))
	b := &blob{size: n, path: f.Name()}
	if err = errors.Join(err, f.Close()); err != nil {
		b.remove()
		return nil, fmt.Errorf("keep a file's bytes: %w", err)
	}
	if n > limit {
		b.remove()
		return nil, errTooLarge
	}
	return b, nil
}

func (d *disk) create() (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	if d.folder == "" {
		folder, err := os.MkdirTemp(d.parent, "slacksim-files-")
		if err != nil {
			return nil, fmt.Errorf("make a folder for files: %w", err)
		}
		d.folder = folder
	}
	d.serial++
	f, err := os.OpenFile(filepath.Join(d.folder, strconv.Itoa(d.serial)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep a file's bytes: %w", err)
	}
	return f, nil
}

// close removes the folder.
func (d *disk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.folder == "" {
		return nil
	}
	if err := os.RemoveAll(d.folder); err != nil {
		return fmt.Errorf("slacksim: remove the folder of files: %w", err)
	}
	d.folder = ""
	return nil
}
