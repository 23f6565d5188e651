package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfium_errors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// engine makes sandboxes with PDFium in them. Compiling it takes about 3 s of one core
// and 300 MB the first time, and a fraction of that from the cache; so it is done once,
// when it is first needed.
type engine struct {
	dir  string
	page time.Duration
	log  *slog.Logger

	mu    sync.Mutex // one compiles; others wait for it
	cache wazero.CompilationCache
}

// sandboxPages bounds the memory of a sandbox: 256 MiB, in pages of 64 KiB.
const sandboxPages = 256 << 20 >> 16

func newEngine(o Options) *engine { return &engine{dir: o.Cache, page: o.Page, log: o.Log} }

func (e *engine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cache == nil {
		return nil
	}
	return e.cache.Close(context.Background())
}

// open keeps compiled code in the directory, if nobody else may write there: it will
// be executed.
func (e *engine) open() wazero.CompilationCache {
	if e.cache != nil {
		return e.cache
	}
	e.cache = wazero.NewCompilationCache()
	if e.dir == "" {
		return e.cache
	}
	if err := private(e.dir); err != nil {
		e.log.Warn("compiled code is not kept", "dir", e.dir, "err", err)
		return e.cache
	}
	kept, err := wazero.NewCompilationCacheWithDir(e.dir)
	if err != nil {
		e.log.Warn("compiled code is not kept", "dir", e.dir, "err", err)
		return e.cache
	}
	_ = e.cache.Close(context.Background())
	e.cache = kept
	return kept
}

// private makes the directory, for us alone.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(dir, 0o700) // fails if it belongs to somebody else
	}
	return nil
}

// sandbox is one PDFium with one document in it. It is for one goroutine, which also
// closes it: nothing else touches its memory.
type sandbox struct {
	pdfium.Pdfium
	pool   pdfium.Pool
	memory *sandboxMemory
	cancel context.CancelCauseFunc
	ctx    context.Context
	timer  *time.Timer
	limit  time.Duration
	doc    references.FPDF_DOCUMENT
	pages  int
}

// errPage is the cause when the time for one page is over.
var errPage = errors.New("the time for one page is over")

// start makes a sandbox. Its calls end with ctx, or a page's time after limit was
// called, whichever is first.
func (e *engine) start(ctx context.Context) (*sandbox, error) {
	s := &sandbox{memory: &sandboxMemory{}, limit: e.page}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := context.Cause(s.ctx); err != nil { // while others compiled
		s.end()
		return nil, err
	}
	var err error
	s.pool, err = webassembly.Init(webassembly.Config{
		Context:  s.memory.with(s.ctx),
		FSConfig: wazero.NewFSConfig(), // the default would show it the whole disk
		Stdout:   io.Discard, Stderr: io.Discard,
		MaxTotal: 1,
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithCloseOnContextDone(true).
			WithMemoryLimitPages(sandboxPages).
			WithCompilationCache(e.open()),
	})
	if err != nil {
		s.end()
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	if s.Pdfium, err = s.pool.GetInstanceWithContext(s.ctx); err != nil {
		s.end()
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	s.timer = time.AfterFunc(s.limit, func() { s.cancel(errPage) })
	return s, nil
}

// next gives the coming calls a page's time of their own.
func (s *sandbox) next() { s.timer.Reset(s.limit) }

// end frees everything. No call runs any more, since this goroutine made them all.
func (s *sandbox) end() {
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.pool != nil {
		_ = s.pool.Close()
	}
	s.cancel(nil)
	s.memory.release()
}

// load opens a document. One that has lost its head or its end is repaired, once.
func (e *engine) load(ctx context.Context, raw []byte) (*sandbox, error) {
	s, err := e.loadAs(ctx, raw)
	if !errors.Is(err, pdfium_errors.ErrFormat) {
		return s, err
	}
	if i := bytes.Index(raw, []byte("%PDF-")); i > 0 {
		raw = raw[i:]
	}
	root := catalog(raw)
	if root == "" {
		return nil, err
	}
	return e.loadAs(ctx, fmt.Appendf(bytes.Clone(raw), "\ntrailer<</Root %s R>>\n", root))
}

var objectNumber = lazy(`(\d{1,9}\s+\d{1,5})\s+obj\b`)

// catalog is the number of the last object that says it is the catalog; empty if there
// is none.
func catalog(raw []byte) string {
	for end, tries := len(raw), 0; tries < 100; tries++ {
		if end = bytes.LastIndex(raw[:end], []byte("/Catalog")); end < 0 {
			return ""
		}
		before := raw[max(0, end-400):end]
		if all := objectNumber().FindAllSubmatch(before, -1); len(all) > 0 && bytes.Contains(before, []byte("/Type")) {
			return string(all[len(all)-1][1])
		}
	}
	return ""
}

func (e *engine) loadAs(ctx context.Context, raw []byte) (*sandbox, error) {
	s, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := s.OpenDocument(&requests.OpenDocument{File: &raw})
	if err == nil {
		s.doc = opened.Document
		s.next()
		var n int
		if n, err = s.count(); err == nil {
			s.pages = n
			return s, nil
		}
	}
	err = s.explain(err)
	s.end()
	return nil, err
}

func (s *sandbox) count() (int, error) {
	n, err := s.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: s.doc})
	if err != nil {
		return 0, err
	}
	return n.PageCount, nil
}

// explain says of an error of the whole document what it means for people.
func (s *sandbox) explain(err error) error {
	switch {
	case s.ctx.Err() != nil && context.Cause(s.ctx) == errPage:
		return errors.Join(&refusal{TooLarge, "it takes longer to open than it may"}, err)
	case s.ctx.Err() != nil:
		return context.Cause(s.ctx)
	case errors.Is(err, pdfium_errors.ErrPassword):
		return &refusal{Locked, "it is protected with a password; share a copy without one"}
	case errors.Is(err, pdfium_errors.ErrSecurity):
		return &refusal{Locked, "it is protected in a way that is not known here; share a copy without protection"}
	case errors.Is(err, pdfium_errors.ErrFormat), errors.Is(err, pdfium_errors.ErrFile), errors.Is(err, pdfium_errors.ErrUnknown), errors.Is(err, pdfium_errors.ErrPage):
		return errors.Join(damaged("it is incomplete or broken; upload it again"), err)
	case broken(err):
		return errors.Join(&refusal{TooLarge, "it asks for more memory than a PDF may have"}, err)
	default:
		return errors.Join(damaged("it cannot be opened"), err)
	}
}

// broken says that the sandbox itself came to its end, by memory or by a trap.
func broken(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "wasm error") || strings.Contains(err.Error(), "module closed"))
}

// read takes the text of all pages. When a page stops the sandbox, it is left out and
// the rest is read in a new one; the second time ends the reading.
func (e *engine) read(b *budget, src *source, doc *Document) error {
	raw, err := src.bytes(src.size)
	if err != nil {
		return err
	}
	s, err := e.load(b.ctx, raw)
	if err != nil {
		return err
	}
	defer func() { s.end() }()
	doc.Total = s.pages
	doc.Title = s.title()
	doc.Outline = s.outline()
	note := s.attachments()
	bad, lost := 0, 0
	for n := 1; n <= s.pages; n++ {
		if n > maxUnits {
			return b.cut("it has more pages than can be read")
		}
		if err := b.alive(); err != nil {
			return err
		}
		if err := b.tick(); err != nil {
			return err
		}
		s.next()
		u, err := s.read(b, n)
		u.Number = n
		doc.Units = append(doc.Units, u)
		if err == nil {
			continue
		}
		if err := b.alive(); err != nil {
			doc.Units = doc.Units[:n-1]
			return err
		}
		e.log.Info("a page of a PDF could not be read", "page", n, "err", err)
		why := fmt.Sprintf("page %d cannot be read", n)
		if s.ctx.Err() == nil && !broken(err) {
			if lost++; lost == s.pages {
				return damaged("its pages cannot be read; upload it again")
			}
			_ = b.cut(why)
			continue
		}
		if bad++; bad == 2 || s.pages == 1 {
			return b.cut("its pages ask for more time or memory than a page may have")
		}
		_ = b.cut(why + " in the time and memory that a page may have")
		s.end()
		fresh, err := e.load(b.ctx, raw)
		if err != nil {
			s = &sandbox{memory: &sandboxMemory{}, cancel: func(error) {}}
			return err
		}
		s = fresh
	}
	if b.why == "" {
		doc.Why = scanned(doc, note)
	}
	return nil
}

// scanned says which pages hold no text though the document does.
func scanned(doc *Document, note string) string {
	var pages []string
	for i := range doc.Units {
		if u := &doc.Units[i]; u.Eyes && strings.TrimSpace(u.Text) == "" {
			pages = append(pages, fmt.Sprint(u.Number))
		}
	}
	switch {
	case len(pages) == 0 || len(pages) == len(doc.Units):
		return note
	case len(pages) > 10:
		pages = append(pages[:10], "…")
	}
	s := "there is no text on page " + strings.Join(pages, ", ") + ", only a picture that can be looked at"
	if note != "" {
		s += "; " + note
	}
	return s
}

// title, outline and attachments are what a document can do without.
func (s *sandbox) title() string {
	t, err := s.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: s.doc, Tag: "Title"})
	if err != nil {
		return ""
	}
	return oneLine(clean(t.Value))
}

func (s *sandbox) attachments() string {
	n, err := s.FPDFDoc_GetAttachmentCount(&requests.FPDFDoc_GetAttachmentCount{Document: s.doc})
	if err != nil || n.AttachmentCount <= 0 {
		return ""
	}
	return fmt.Sprintf("it carries %d other files within, which are not read", n.AttachmentCount)
}

// outline is the bookmarks, up to 500 of them and 5 levels.
func (s *sandbox) outline() []Heading {
	var all []Heading
	var walk func(parent *references.FPDF_BOOKMARK, level int)
	walk = func(parent *references.FPDF_BOOKMARK, level int) {
		first, err := s.FPDFBookmark_GetFirstChild(&requests.FPDFBookmark_GetFirstChild{Document: s.doc, Bookmark: parent})
		if err != nil {
			return
		}
		for at := first.Bookmark; at != nil && len(all) < 500; {
			h := Heading{Level: level}
			if t, err := s.FPDFBookmark_GetTitle(&requests.FPDFBookmark_GetTitle{Bookmark: *at}); err == nil {
				h.Title = oneLine(clean(t.Title))
			}
			h.Unit = s.leadsTo(*at)
			all = append(all, h)
			if level < 5 {
				walk(at, level+1)
			}
			next, err := s.FPDFBookmark_GetNextSibling(&requests.FPDFBookmark_GetNextSibling{Document: s.doc, Bookmark: *at})
			if err != nil {
				return
			}
			at = next.Bookmark
		}
	}
	walk(nil, 1)
	return all
}

// leadsTo is the page of a bookmark, or 0.
func (s *sandbox) leadsTo(b references.FPDF_BOOKMARK) int {
	var dest *references.FPDF_DEST
	if d, err := s.FPDFBookmark_GetDest(&requests.FPDFBookmark_GetDest{Document: s.doc, Bookmark: b}); err == nil {
		dest = d.Dest
	}
	if dest == nil {
		a, err := s.FPDFBookmark_GetAction(&requests.FPDFBookmark_GetAction{Bookmark: b})
		if err != nil || a.Action == nil {
			return 0
		}
		d, err := s.FPDFAction_GetDest(&requests.FPDFAction_GetDest{Document: s.doc, Action: *a.Action})
		if err != nil {
			return 0
		}
		dest = d.Dest
	}
	if dest == nil {
		return 0
	}
	i, err := s.FPDFDest_GetDestPageIndex(&requests.FPDFDest_GetDestPageIndex{Document: s.doc, Dest: *dest})
	if err != nil || i.Index < 0 {
		return 0
	}
	return i.Index + 1
}
