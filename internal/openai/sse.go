package openai

import (
	"bytes"
	"errors"
	"io"
)

const (
	// frameBuffer is what an open stream holds while it waits: most events are
	// some 300 bytes long.
	frameBuffer = 1 << 10
	// frameLimit is the longest event that is read. A large picture comes as
	// one line of base64.
	frameLimit = 32 << 20
	// progressStep is how much of a long line counts as a sign of life.
	progressStep = 64 << 10
)

var errFrameTooLong = errors.New("an event is longer than 32 MiB")

// frame is one server-sent event, or one comment. Its bytes are valid until
// the next call of reader.next.
type frame struct {
	name    []byte // of the "event:" line; may be missing
	data    []byte // all "data:" lines, joined by newlines
	comment bool   // a comment outside an event: a sign of life, nothing more
	last    bool   // the stream ended before the event's closing blank line
}

// reader splits a text/event-stream into frames. It reads no further than it
// must: a frame is returned as soon as its last byte is there. Source: WHATWG
// HTML, "Server-sent events"; unlike there, an event that the end of the stream
// closes is returned too, because some servers leave out the last blank line.
type reader struct {
	src  io.Reader
	beat func() // called for each line that arrived and each progressStep of a long one; may be nil

	buf        []byte
	start, end int // the unread part of buf
	err        error

	begun  bool // past a byte order mark
	skipLF bool // the last line ended in CR: a LF that follows belongs to it
	name   []byte
	multi  []byte // more than one data line, joined
}

func newReader(src io.Reader, beat func()) *reader {
	return &reader{src: src, beat: beat, buf: make([]byte, frameBuffer)}
}

// next returns the next frame, or io.EOF at a clean end.
func (r *reader) next() (frame, error) {
	r.shrink()
	r.name, r.multi = r.name[:0], r.multi[:0]
	var (
		at     int // where the coming line begins, as an offset from r.start
		from   int // the data line, if it is the only one
		to     int
		lines  int // data lines so far
		inside bool
	)
	for {
		begin, end, err := r.line(at)
		switch {
		case err == io.EOF && lines > 0:
			f := frame{name: r.name, data: r.data(lines, from, to), last: true}
			r.start = r.end
			return f, nil
		case err != nil:
			return frame{}, err
		}
		line := r.buf[r.start+begin : r.start+end]
		after := min(end+1, r.end-r.start) // the last line of a stream may lack its ending
		if len(line) > 0 && r.beat != nil {
			r.beat()
		}
		switch {
		case len(line) == 0 && lines > 0:
			f := frame{name: r.name, data: r.data(lines, from, to)}
			r.start += after
			return f, nil
		case len(line) == 0: // nothing to tell: an event needs data
			inside, r.name = false, r.name[:0]
		case line[0] == ':' && !inside:
			r.start += after
			return frame{comment: true}, nil
		case line[0] == ':':
		default:
			inside = true
			field, value, _ := bytes.Cut(line, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			switch string(field) {
			case "event":
				r.name = append(r.name[:0], value...)
			case "data":
				lines++
				if lines == 1 {
					from, to = end-len(value), end
					break
				}
				if lines == 2 {
					r.multi = append(r.multi, r.buf[r.start+from:r.start+to]...)
				}
				r.multi = append(append(r.multi, '\n'), value...)
				if len(r.multi) > frameLimit {
					return frame{}, errFrameTooLong
				}
			}
		}
		at = after
		if lines != 1 { // nothing in buf is needed any more
			r.start, at = r.start+after, 0
		}
	}
}

func (r *reader) data(lines, from, to int) []byte {
	if lines > 1 {
		return r.multi
	}
	return r.buf[r.start+from : r.start+to]
}

// line finds the line at offset at, without its ending: LF, CR or CR LF. A CR
// ends the line at once, so that nobody waits for a LF that may not come.
func (r *reader) line(at int) (begin, end int, err error) {
	seen, stepped := at, 0
	for {
		if fresh := r.buf[r.start+seen : r.end]; len(fresh) > 0 {
			if r.skipLF {
				r.skipLF = false
				if fresh[0] == '\n' {
					at, seen, fresh = at+1, seen+1, fresh[1:]
				}
			}
			stop := bytes.IndexByte(fresh, '\n')
			if stop < 0 {
				stop = len(fresh)
			}
			if cr := bytes.IndexByte(fresh[:stop], '\r'); cr >= 0 {
				stop, r.skipLF = cr, true
			}
			seen += stop
			if stop < len(fresh) {
				return r.afterMark(at, seen), seen, nil
			}
		}
		if r.err != nil {
			if r.err == io.EOF && seen > at {
				return r.afterMark(at, seen), seen, nil
			}
			return 0, 0, r.err
		}
		if step := (seen - at) / progressStep; step > stepped {
			stepped = step
			if r.beat != nil {
				r.beat()
			}
		}
		r.fill()
	}
}

// afterMark skips a byte order mark at the head of the stream.
func (r *reader) afterMark(begin, end int) int {
	if !r.begun {
		r.begun = true
		if bytes.HasPrefix(r.buf[r.start+begin:r.start+end], []byte("\xef\xbb\xbf")) {
			return begin + 3
		}
	}
	return begin
}

// fill reads once, making room before if there is none.
func (r *reader) fill() {
	if r.end == len(r.buf) {
		switch {
		case r.start > 0:
			r.end = copy(r.buf, r.buf[r.start:r.end])
			r.start = 0
		case len(r.buf) >= frameLimit:
			r.err = errFrameTooLong
			return
		default:
			bigger := make([]byte, 2*len(r.buf))
			r.end = copy(bigger, r.buf[:r.end])
			r.buf = bigger
		}
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// shrink gives a buffer back that a long event made large.
func (r *reader) shrink() {
	if cap(r.multi) > frameBuffer {
		r.multi = nil
	}
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if len(r.buf) > frameBuffer && r.end-r.start <= frameBuffer/2 {
		small := make([]byte, frameBuffer)
		r.end = copy(small, r.buf[r.start:r.end])
		r.start, r.buf = 0, small
	}
}

// peek returns the first byte that is not white space, without taking it.
func (r *reader) peek() (byte, error) {
	at := 0
	for {
		for ; r.start+at < r.end; at++ {
			switch b := r.buf[r.start+at]; b {
			case ' ', '\t', '\r', '\n':
			case 0xef, 0xbb, 0xbf: // byte order mark
			default:
				return b, nil
			}
		}
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
}

// rest is what was read and not taken, for somebody else to go on with.
func (r *reader) rest() []byte { return r.buf[r.start:r.end] }
