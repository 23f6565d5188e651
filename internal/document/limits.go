package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// What one file may cost. They are generous for what people make, and small beside
// what the machine has.
const (
	maxText     = 16 << 20  // bytes of text that are kept
	maxInflated = 128 << 20 // bytes that come out of archives
	maxPart     = 96 << 20  // of one file inside
	maxTokens   = 6 << 20   // of markup
	maxNodes    = 400_000   // of one tree in memory: a paragraph, a table, a slide
	maxDepth    = 200       // of elements within each other
	maxEntries  = 20_000    // of an archive that are looked at
	maxUnits    = 20_000
	maxCells    = 2_000   // in a row
	maxRow      = 1 << 20 // bytes of a row, before the cell that exceeds it
	maxDir      = 8 << 20 // bytes of an archive's directory
)

var (
	errCut     = errors.New("there is more than is kept")
	errClosed  = errors.New("the reader is closed")
	errNesting = &refusal{Damaged, "its parts are nested too deep to be read"}
)

// refusal ends the reading of a file. It is what people are told.
type refusal struct {
	state State
	why   string
}

func (r *refusal) Error() string { return string(r.state) + ": " + r.why }

func damaged(format string, a ...any) error {
	return &refusal{Damaged, fmt.Sprintf(format, a...)}
}

// budget is what reading one file may still cost.
type budget struct {
	ctx      context.Context
	text     int
	inflated int64
	tokens   int
	ticks    int
	why      string // why it was cut; empty if it was not
}

func newBudget(ctx context.Context) *budget {
	return &budget{ctx: ctx, text: maxText, inflated: maxInflated, tokens: maxTokens}
}

// cut notes why not all is read, for the first reason only.
func (b *budget) cut(why string) error {
	if b.why == "" {
		b.why = why
	}
	return errCut
}

// step is called for each token, row or the like.
func (b *budget) step() error {
	if b.tokens--; b.tokens < 0 {
		return b.cut("it has more in it than can be read")
	}
	return b.tick()
}

// tick is called in every loop whose length the file decides.
func (b *budget) tick() error {
	if b.text <= 0 {
		return b.cut("only the first " + megabytes(maxText) + " of text are kept")
	}
	if b.ticks++; b.ticks&0x3ff == 0 {
		return b.alive()
	}
	return nil
}

func (b *budget) alive() error {
	switch err := b.ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(context.Cause(b.ctx), errTime):
		return b.cut("reading it took too long")
	default:
		return err
	}
}

// take gives as much of s as there is room for, ending between characters.
func (b *budget) take(s string) string {
	if len(s) <= b.text {
		b.text -= len(s)
		return s
	}
	n := max(b.text, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	b.text = 0
	_ = b.cut("only the first " + megabytes(maxText) + " of text are kept")
	return s[:n]
}

// row takes a row of a sheet, which costs something however short it is.
func (b *budget) row(number int, text string) Row {
	r := Row{number, b.take(text)}
	b.text -= 16
	return r
}

// counted reads what an archive inflates, and counts it.
type counted struct {
	r    io.Reader
	b    *budget
	left int64
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.b.alive(); err != nil {
		return 0, err
	}
	if c.left <= 0 || c.b.inflated <= 0 {
		return 0, c.b.cut("it inflates to more than can be read")
	}
	if len(p) > 64<<10 {
		p = p[:64<<10]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	c.b.inflated -= int64(n)
	return n, err
}

// writer gathers text within the budget.
type writer struct {
	b  *budget
	sb strings.Builder
}

func (w *writer) add(s string) { w.sb.WriteString(w.b.take(s)) }

// line ends the line that is open, if one is.
func (w *writer) line() {
	if s := w.sb.String(); s != "" && !strings.HasSuffix(s, "\n") {
		w.add("\n")
	}
}

// para begins a paragraph: what follows stands after an empty line.
func (w *writer) para() {
	w.line()
	if s := w.sb.String(); s != "" && !strings.HasSuffix(s, "\n\n") {
		w.add("\n")
	}
}

func (w *writer) block(s string) {
	if strings.TrimSpace(s) == "" {
		return
	}
	w.para()
	w.add(s)
}

func (w *writer) String() string { return w.sb.String() }

func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// errTime is the cause of a context whose time for one file is over.
var errTime = errors.New("the time for one file is over")

func withTime(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, errTime)
}
