package render

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// Markdown is text as the model wrote it.
type Markdown string

// Sizes of one message, in UTF-16 units of Markdown source.
const (
	// PostChars is for messages that are posted or updated. Slack divides a text of
	// more than about 4,000 characters itself, at any place (Slack: chat.postMessage), and
	// refuses it in chat.update.
	PostChars = 3900
	// StreamChars is for streams, which end with an error at about 12,000 characters,
	// task cards included (Slack: chat.appendStream).
	StreamChars = 9000
	// TextChars bounds Part.Text.
	TextChars = 3900

	minChars = 400
)

// Limits of one Slack message. A zero field means the default; what is larger than Slack
// allows is taken as Slack's limit.
type Limits struct {
	Chars      int // source of a part in UTF-16 units: default PostChars, at least 400
	Blocks     int // default 45, which leaves room for a footer; at most 50, at least 5
	Tables     int // table blocks in one message: default 1 (Slack: table block); negative means none
	TableRows  int // header included: default and at most 100
	TableCols  int // default and at most 20
	TableChars int // of all cells of a message: default and at most 10,000

	// Mentions are the ids of the people who may be mentioned ("U123ABC").
	Mentions []string
}

func (l Limits) filled() Limits {
	set := func(v *int, def, low, high int) {
		if *v == 0 {
			*v = def
		}
		*v = min(max(*v, low), high)
	}
	set(&l.Chars, PostChars, minChars, 11500)
	set(&l.Blocks, 45, 5, 50)
	set(&l.Tables, 1, 0, 50)
	set(&l.TableRows, 100, 2, 100)
	set(&l.TableCols, 20, 1, 20)
	set(&l.TableChars, 10000, 100, 10000)
	return l
}

func (l Limits) mayMention(id string) bool { return slices.Contains(l.Mentions, id) }

// Cursor is where a part begins. The zero Cursor is the beginning of an answer. It is
// plain data, so that a journal can keep it.
type Cursor struct {
	Offset int    `json:"offset"`           // in bytes of the source
	Reopen string `json:"reopen,omitempty"` // Markdown that opens again what the cut closed
}

// Part is one Slack message's worth of an answer, rendered. It cannot be converted again.
type Part struct {
	stream   string
	from, to int
	made     func() output
}

type output struct {
	text   string
	blocks json.RawMessage
}

// Text is the mrkdwn for notifications and for clients without blocks, escaped once, at
// most TextChars long: a longer one ends with "…". It is empty only if the part is.
func (p Part) Text() string {
	if p.made == nil {
		return ""
	}
	return p.made().text
}

// Blocks is a Block Kit array: header, rich_text, table, divider. It is "[]" only if the part is empty.
func (p Part) Blocks() json.RawMessage {
	if p.made == nil {
		return json.RawMessage("[]")
	}
	return p.made().blocks
}

// Stream is the part as safe Markdown, for markdown_text chunks and markdown blocks. While
// the part is live it only grows; once full or last, its fences are closed.
func (p Part) Stream() string { return p.stream }

// After is what to append to a stream that has been sent the first shown bytes of
// Stream, and the new count. The caller passes the counts of one part in turn, from 0.
func (p Part) After(shown int) (chunk string, now int) {
	if shown < 0 || shown >= len(p.stream) {
		return "", max(shown, 0)
	}
	return p.stream[shown:], len(p.stream)
}

// IsZero says that the part shows nothing (white space, or nothing yet).
func (p Part) IsZero() bool { return blank(p.stream) }

// Range is the part of the source, in bytes, that this part stands for. The ranges of
// the parts of one answer join without gaps.
func (p Part) Range() (from, to int) { return p.from, p.to }

// Parts renders a whole answer. White space alone makes no parts.
func Parts(md Markdown, l Limits) []Part {
	var parts []Part
	var at Cursor
	from := 0
	for {
		p, next, full := Next(md, at, l, true)
		p.from = from
		if !p.IsZero() {
			parts = append(parts, p)
			from = p.to
		} else if len(parts) > 0 {
			parts[len(parts)-1].to = p.to
			from = p.to
		}
		if !full {
			return parts
		}
		at = next
	}
}

// Next renders the part of a growing answer that begins at the cursor. full says that
// this part takes no more, and next is then where the following one begins; otherwise
// next is at, to be passed again with a longer md. final says that md is the whole answer.
//
// While not final, the part shows only what is settled (see Settled), and nothing that
// may still become the beginning of the next part, up to a fifth of a part or 800 units.
// A part may be empty (IsZero).
func Next(md Markdown, at Cursor, l Limits, final bool) (part Part, next Cursor, full bool) {
	l = l.filled()
	at.Offset = min(max(at.Offset, 0), len(md))
	w := doWash(string(md[at.Offset:]), at.Offset == 0, 4*l.Chars, final)
	// A window that is not the end of the source holds more than a part: nothing in it waits for more.
	s := newScanner(at.Reopen, w.text, l, final || w.more)
	s.run()
	sortEdits(s.edits)

	st := s.safe
	switch {
	case s.full:
		st = s.best
	case s.eof:
		st = s.state
		st.pos = len(s.text)
	}
	reopen, pos := "", st.pos
	if s.full {
		reopen, pos = st.resume(s.text, min(400, l.Chars/4))
	}
	from, to := at.Offset, at.Offset+w.source(max(pos-s.head, 0))
	if !s.full && s.eof {
		to = len(md)
	}
	text := s.text[:st.pos]
	if strings.Trim(text[min(s.head, len(text)):], " \t\n") == "" && st.leaf != fenced {
		text = "" // nothing but what was reopened
	}
	part = s.part(text, st, s.full || s.eof)
	part.from, part.to = from, to
	if s.full {
		return part, Cursor{Offset: to, Reopen: reopen}, true
	}
	return part, at, false
}

// Settled is the length of the prefix of md that is safe to show while more is to come.
// What it holds back is the beginning of something that has no end yet: a link, a mention,
// a code span, a fence marker, a citation, an entity, a grapheme cluster, a formula, an HTML
// element, a table row. It grows with md, and holds back at most 464 bytes, or 2,048 inside
// an address or a formula on lines of its own, or the line of a table or of an opening fence, or a line that is blank so far.
func Settled(md Markdown) int {
	w := doWash(string(md), true, len(md)+1, false)
	const endless = 1 << 40
	l := Limits{Chars: endless, Blocks: endless, Tables: endless, TableRows: endless, TableChars: endless}
	s := newScanner("", w.text, l, false)
	s.run()
	return min(w.source(s.tail), len(md))
}

// Delta is Next for streams: chunk is what to append to the stream that has shown bytes
// of this part, and now the new count. Once full, the following part begins at next, with 0 shown.
func Delta(md Markdown, at Cursor, shown int, l Limits, final bool) (chunk string, now int, next Cursor, full bool) {
	p, next, full := Next(md, at, l, final)
	chunk, now = p.After(shown)
	return chunk, now, next, full
}

func newScanner(reopen, text string, l Limits, eof bool) *scanner {
	s := &scanner{l: l, text: reopen + text, head: len(reopen), eof: eof}
	s.soft = l.Chars - min(l.Chars/5, 800)
	return s
}

// part makes the outputs for the scanned text up to st.
func (s *scanner) part(text string, st state, whole bool) Part {
	trimmed := text
	if len(st.emph) > 0 {
		trimmed = strings.TrimRight(text, " \t\n")
	}
	stream := apply(trimmed, s.edits, true)
	closer := ""
	if text != "" {
		closer = st.closer(trimmed)
	}
	if whole && (s.full || st.leaf == fenced) {
		stream += closer
	}
	if !s.full && s.eof {
		if st.leaf != fenced {
			closer = ""
		}
		if stream != "" && st.leaf != fenced {
			stream = apply(text, s.edits, true)
		}
	}
	src := apply(trimmed, s.edits, false) + closer
	l := s.l
	return Part{stream: stream, made: sync.OnceValue(func() output {
		t := parse(src, l)
		return output{text: t.text(), blocks: t.blocks(l)}
	})}
}

// apply makes the edits that lie in text; for a stream those inside code too.
func apply(text string, edits []edit, stream bool) string {
	var b strings.Builder
	from := 0
	for _, e := range edits {
		if e.pos >= len(text) || e.pos+e.del > len(text) {
			break
		}
		if e.only == inStream && !stream || e.only == inTree && stream || e.pos < from {
			continue
		}
		b.WriteString(text[from:e.pos])
		b.WriteString(e.ins)
		from = e.pos + e.del
	}
	b.WriteString(text[from:])
	return b.String()
}
