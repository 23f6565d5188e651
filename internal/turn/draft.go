package turn

import (
	"context"
	"strings"
	"sync"
)

// draft is the answer while it grows. The run writes it, the surface's
// goroutine saves and reads it.
type draft struct {
	store Store
	fence Fence
	turn  string

	mu         sync.Mutex
	base       string          // what the turn said before this response; all of it is journalled
	b          strings.Builder // base included
	response   string
	background bool
	sequence   int64
	saved      int  // bytes of the text that are journalled
	visible    bool // the surface was given some of it, beyond base
	withdrawn  bool // it will be asked anew: the surface is given base alone

	saving sync.Mutex // one save at a time, so that positions are in order
}

func newDraft(s Store, f Fence, t *Turn) *draft {
	return &draft{store: s, fence: f, turn: t.ID}
}

// begin notes that a response exists, to the messages that about names. A new one
// replaces what an earlier one had written.
func (d *draft) begin(ctx context.Context, e Event, from Cursor, about asked) error {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	same := from.ResponseID != "" && e.ResponseID == from.ResponseID
	if !same {
		d.reset()
		d.response, d.background, d.sequence = e.ResponseID, about.Background, e.Sequence
	}
	d.mu.Unlock()
	if same {
		return nil
	}
	rec := record(Asked, about)
	rec.ResponseID = e.ResponseID
	if err := d.store.Record(ctx, d.fence, d.turn, rec); err != nil {
		return storeError{err}
	}
	return nil
}

// restore takes up where the journal ends.
func (d *draft) restore(p Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.base = said(p.Rounds)
	d.b = strings.Builder{}
	d.b.WriteString(p.Text)
	d.response, d.background, d.sequence, d.saved = p.ResponseID, p.Background, p.Sequence, len(p.Text)
	d.visible = len(p.Text) > len(d.base)
}

// goOn makes text what was said before the response that comes next.
func (d *draft) goOn(text string) {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.base, d.visible = text, false
	d.reset()
}

// reset begins anew after base.
func (d *draft) reset() {
	d.b = strings.Builder{}
	d.b.WriteString(d.base)
	d.response, d.background, d.sequence, d.saved, d.withdrawn = "", false, 0, len(d.base), false
}

// paragraph parts what is said in one response from what was said before.
const paragraph = "\n\n"

// whole is the turn's text when the newest response says text.
func (d *draft) whole(text string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.base == "" || text == "" {
		return d.base + text
	}
	return d.base + paragraph + text
}

func (d *draft) add(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.base != "" && d.b.Len() == len(d.base) {
		d.b.WriteString(paragraph)
	}
	d.b.WriteString(e.Text)
	d.sequence = max(d.sequence, e.Sequence)
}

func (d *draft) pass(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sequence = max(d.sequence, e.Sequence)
}

// item journals a finished output item with all the text before it.
func (d *draft) item(ctx context.Context, e Event) error {
	d.pass(e)
	_, err := d.record(ctx, false, Record{Kind: Item, Sequence: e.Sequence, Data: e.Item})
	return err
}

// save is the turn's Live: it journals the text so far and returns it.
func (d *draft) save(ctx context.Context) (string, error) { return d.record(ctx, true) }

// withdraw sees to it that nothing of the text is shown, unless some of it was.
func (d *draft) withdraw() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.withdrawn = !d.visible
	return d.withdrawn
}

// record journals the text so far, and more. With show, the text is about to be
// shown.
func (d *draft) record(ctx context.Context, show bool, more ...Record) (string, error) {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	text, seq, from := d.b.String(), d.sequence, d.saved
	base, withdrawn := d.base, d.withdrawn
	d.visible = d.visible || show && !withdrawn && len(text) > len(base)
	d.mu.Unlock()
	if show && (withdrawn || text == "") {
		return base, nil
	}
	var records []Record
	if len(text) > from {
		records = append(records, Record{Kind: Position, Sequence: seq, Text: text[from:]})
	}
	records = append(records, more...)
	if len(records) > 0 {
		if err := d.store.Record(ctx, d.fence, d.turn, records...); err != nil {
			return "", storeError{err}
		}
	}
	d.mu.Lock()
	d.saved = len(text)
	d.mu.Unlock()
	return text, nil
}

func (d *draft) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}

// journalled is the text that may have been shown.
func (d *draft) journalled() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()[:d.saved]
}

// clear begins this response anew.
func (d *draft) clear() {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reset()
}

// cursor is where the response can be taken up, if the endpoint can do that.
func (d *draft) cursor() (Cursor, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Cursor{ResponseID: d.response, Sequence: d.sequence}, d.background && d.response != ""
}
