package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Options tune a Reader. Zero values mean the defaults.
type Options struct {
	Workers int           // files read or drawn at one time; half of the processors, at least 1
	Bytes   int64         // of a file; 64 MiB
	Time    time.Duration // of reading one file, once it has its turn; 60 s
	Page    time.Duration // of reading or drawing one page of a PDF; 5 s
	Cache   string        // directory for compiled code; none: it is compiled once in each process, in about 3 s
	Log     *slog.Logger  // of what went wrong inside; none
}

// Reader reads documents. Its zero value is not usable.
type Reader struct {
	o     Options
	turns *semaphore.Weighted
	pdf   *engine
	once  sync.Once
	ctx   context.Context // ends with the reader
	end   context.CancelFunc
}

// New makes a reader. It loads nothing.
func New(o Options) *Reader {
	if o.Workers <= 0 {
		o.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
	}
	if o.Time <= 0 {
		o.Time = 60 * time.Second
	}
	if o.Page <= 0 {
		o.Page = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Reader{o: o, turns: semaphore.NewWeighted(int64(o.Workers))}
	r.ctx, r.end = context.WithCancel(context.Background())
	r.pdf = newEngine(o)
	return r
}

// Close stops what runs, waits for it, and frees what was loaded.
func (r *Reader) Close() error {
	var err error
	r.once.Do(func() {
		r.end()
		_ = r.turns.Acquire(context.Background(), int64(r.o.Workers)) // and keeps them
		err = r.pdf.close()
	})
	return err
}

// turn waits for one of the workers; done gives it back.
func (r *Reader) turn(ctx context.Context) (_ context.Context, done func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.ctx, func() { cancel(errClosed) })
	if err := r.turns.Acquire(ctx, 1); err != nil {
		stop()
		defer cancel(nil)
		return nil, nil, context.Cause(ctx)
	}
	return ctx, func() { r.turns.Release(1); stop(); cancel(nil) }, nil
}

// source is the bytes of a file.
type source struct {
	io.ReaderAt
	size int64
	head []byte // its beginning, up to 64 KiB
	err  error  // of the source itself, as against what is in it
}

func (s *source) ReadAt(p []byte, at int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, at)
	if err != nil && err != io.EOF && s.err == nil {
		s.err = fmt.Errorf("read the file: %w", err)
	}
	return n, err
}

// bytes reads at most n bytes from the beginning.
func (s *source) bytes(n int64) ([]byte, error) {
	b := make([]byte, min(n, s.size))
	if _, err := io.ReadFull(io.NewSectionReader(s, 0, s.size), b); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return b, nil
}

// Read reads a file of size bytes that people call name. What is wrong with the
// file is in the document, not in the error.
func (r *Reader) Read(ctx context.Context, src io.ReaderAt, size int64, name string) (*Document, error) {
	doc := &Document{Name: display(name)}
	switch {
	case size == 0:
		doc.State, doc.Why = Empty, "there is nothing in it"
		return doc, nil
	case size > r.o.Bytes:
		doc.State = TooLarge
		doc.Why = fmt.Sprintf("it has %s, and up to %s are read; share the part that matters", megabytes(size), megabytes(r.o.Bytes))
		return doc, nil
	}
	ctx, done, err := r.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := withTime(ctx, r.o.Time)
	defer cancel()

	s := &source{ReaderAt: src, size: size}
	if s.head, err = s.bytes(64 << 10); err != nil {
		return nil, err
	}
	b := newBudget(ctx)
	doc.Kind, err = detect(s, name)
	if err == nil {
		err = r.parse(b, s, name, doc)
	}
	if s.err != nil {
		return nil, s.err
	}
	return r.finish(ctx, b, doc, name, err)
}

// parse reads a file of a known kind. A panic in a parser is a damaged file.
func (r *Reader) parse(b *budget, s *source, name string, doc *Document) (err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 4<<10)
			r.o.Log.Error("a parser panicked", "kind", doc.Kind, "panic", p, "stack", string(stack[:runtime.Stack(stack, false)]))
			err = damaged("it cannot be read to its end")
		}
	}()
	switch doc.Kind {
	case PDF:
		return r.pdf.read(b, s, doc)
	case DOC, XLS, PPT:
		return &refusal{Unsupported, "the old Office format of before 2007 is not read here; save it as " + map[Kind]string{DOC: ".docx", XLS: ".xlsx", PPT: ".pptx"}[doc.Kind] + " or PDF"}
	case Image:
		return &refusal{Unsupported, "it is a picture, and has no text to read"}
	}
	if p, ok := parsers[doc.Kind]; ok {
		return p(b, s, name, doc)
	}
	return unsupported(s)
}

// parsers read the kinds that are read in this process. Each appends units as it
// goes, so that what it has is kept when it has to stop.
var parsers = map[Kind]func(*budget, *source, string, *Document) error{
	Text:  readText,
	CSV:   readCSV,
	TSV:   readCSV,
	ZIP:   readZIP,
	DOCX:  readDOCX,
	XLSX:  readXLSX,
	PPTX:  readPPTX,
	ODT:   readODT,
	ODS:   readODS,
	ODP:   readODP,
	RTF:   readRTF,
	EPUB:  readEPUB,
	HTML:  readHTML,
	EML:   readEML,
	MSG:   readMSG,
	IPYNB: readIPYNB,
	SVG:   readSVG,
}

// finish gives the document its state.
func (r *Reader) finish(ctx context.Context, b *budget, doc *Document, name string, err error) (*Document, error) {
	doc.Total = max(doc.Total, len(doc.Units))
	var no *refusal
	switch {
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errTime):
		return nil, context.Cause(ctx)
	case errors.As(err, &no) && !hasText(doc):
		doc.State, doc.Why, doc.Units = no.state, no.why, nil
	case errors.As(err, &no): // something came before it broke
		doc.State, doc.Why = Partly, no.why
	case err != nil && !errors.Is(err, errCut):
		r.o.Log.Warn("a file could not be read", "kind", doc.Kind, "err", err)
		doc.State, doc.Why = Damaged, "it cannot be read to its end"
		if hasText(doc) {
			doc.State = Partly
		}
	case b.why != "" && !hasText(doc):
		doc.State, doc.Why, doc.Units = TooLarge, b.why, nil
	case b.why != "":
		doc.State, doc.Why = Partly, b.why
	case !hasText(doc) && anyEyes(doc):
		doc.State, doc.Why = Pictures, "its pages hold no text, as scans do; they can be looked at"
	case !hasText(doc):
		doc.State, doc.Why, doc.Units = Empty, "there is no text in it", nil
	default:
		doc.State = Read
	}
	if n := len(doc.Units); doc.State == Partly && doc.Total > n && n > 0 {
		doc.Why += fmt.Sprintf("; %d of %d %ss are here", n, doc.Total, doc.Noun())
	}
	if odd := misnamed(name, doc.Kind); odd != "" {
		doc.Why = strings.TrimSuffix(odd+"; "+doc.Why, "; ")
	}
	return doc, nil
}

func hasText(d *Document) bool {
	for i := range d.Units {
		if len(d.Units[i].Rows) > 0 || strings.TrimSpace(d.Units[i].Text) != "" || d.Units[i].Table != "" {
			return true
		}
	}
	return false
}

func anyEyes(d *Document) bool {
	for i := range d.Units {
		if d.Units[i].Eyes {
			return true
		}
	}
	return false
}
