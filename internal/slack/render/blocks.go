package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Sizes inside a message.
const (
	maxHeader  = 150  // Slack: header block
	maxSection = 3000 // Slack: text object; kept for rich_text sections too
	maxCode    = 3900 // one box of code
	maxIndent  = 8    // Slack: rich_text_list
)

// What follows mirrors Slack's Block Kit reference.

type block struct {
	Type     string     `json:"type"`
	Text     *plainText `json:"text,omitempty"`
	Level    int        `json:"level,omitempty"`
	Elements []any      `json:"elements,omitempty"`
	Columns  []column   `json:"column_settings,omitempty"`
	Rows     [][]any    `json:"rows,omitempty"`
}

type plainText struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji bool   `json:"emoji"`
}

// rich is a rich_text_section, _quote or _preformatted.
type rich struct {
	Type     string    `json:"type"`
	Elements []element `json:"elements"`
	Language string    `json:"language,omitempty"`
	Border   int       `json:"border,omitempty"`
}

type richList struct {
	Type     string `json:"type"`
	Style    string `json:"style"`
	Indent   int    `json:"indent"`
	Offset   int    `json:"offset,omitempty"`
	Border   int    `json:"border,omitempty"`
	Elements []rich `json:"elements"`
}

type element struct {
	Type      string     `json:"type"`
	Text      string     `json:"text,omitempty"`
	URL       string     `json:"url,omitempty"`
	UserID    string     `json:"user_id,omitempty"`
	ChannelID string     `json:"channel_id,omitempty"`
	Name      string     `json:"name,omitempty"`
	Style     *textStyle `json:"style,omitempty"`
}

type textStyle struct {
	Bold   bool `json:"bold,omitempty"`
	Italic bool `json:"italic,omitempty"`
	Strike bool `json:"strike,omitempty"`
	Code   bool `json:"code,omitempty"`
}

func elements(spans []span) []element {
	out := make([]element, 0, len(spans))
	for _, s := range spans {
		e := element{Type: "text", Text: s.text}
		switch {
		case s.user != "":
			e = element{Type: "user", UserID: s.user}
		case s.channel != "":
			e = element{Type: "channel", ChannelID: s.channel}
		case s.emoji != "":
			e = element{Type: "emoji", Name: s.emoji}
		case s.url != "":
			e = element{Type: "link", URL: s.url}
			if s.text != s.url {
				e.Text = s.text
			}
		}
		if s.style != 0 && s.emoji == "" {
			e.Style = &textStyle{s.style&bold != 0, s.style&italic != 0, s.style&strike != 0, s.style&mono != 0}
		}
		out = append(out, e)
	}
	return out
}

// layout makes blocks. Everything but headers, rules and tables goes into one growing
// rich_text block.
type layout struct {
	l      Limits
	out    []block
	rich   []any
	open   []span // the section that is being filled
	openAs string
	border int
	gap    bool // an element that needs air stands before
	cells  int  // characters in tables so far
	tables int
}

func (t tree) blocks(l Limits) json.RawMessage {
	b := &layout{l: l}
	b.nodes(t.nodes)
	b.flush()
	if len(b.out) == 0 && !blank(t.source) {
		// Syntax without content, such as "#" or an empty fence: show it as written.
		b.openAs = "rich_text_section"
		b.open = []span{{text: defuse(strings.TrimSpace(t.source))}}
		b.flush()
	}
	return encode(b.out)
}

func encode(v []block) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("[]")
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Only strings, numbers and booleans are in there: this cannot fail.
		return json.RawMessage("[]")
	}
	return bytes.TrimSpace(buf.Bytes())
}

// flushSection ends the section or quote that is being filled.
func (b *layout) flushSection() {
	spans := b.open
	b.open = nil
	for len(spans) > 0 {
		var now []span
		now, spans = divide(spans, maxSection)
		if es := elements(now); len(es) > 0 {
			r := rich{Type: b.openAs, Elements: es}
			b.rich = append(b.rich, r)
		}
	}
}

// flush ends the rich_text block.
func (b *layout) flush() {
	b.flushSection()
	if len(b.rich) > 0 {
		b.out = append(b.out, block{Type: "rich_text", Elements: b.rich})
		b.rich = nil
	}
	b.gap = false
}

// room says whether n more blocks fit, with one kept for the text that follows.
func (b *layout) room(n int) bool {
	used := len(b.out)
	if len(b.rich) > 0 || len(b.open) > 0 {
		used++
	}
	return used+n+1 <= b.l.Blocks
}

func (b *layout) nodes(ns []node) {
	for _, n := range ns {
		b.node(n)
	}
}

func (b *layout) node(n node) {
	switch n.kind {
	case paragraph:
		b.text("rich_text_section", n.spans)
	case heading:
		b.heading(n)
	case rule:
		if !b.room(1) {
			b.text("rich_text_section", []span{{text: ruleText}})
			break
		}
		b.flush()
		b.out = append(b.out, block{Type: "divider"})
	case codeBlock:
		b.code(n, 0)
	case quote:
		b.quote(n.children, "")
	case list:
		b.list(n, 0, 0)
		b.gap = true
	case tableBlock:
		b.table(n)
	}
}

const ruleText = "──────────"

// text adds a paragraph to the open section or quote, or begins one.
func (b *layout) text(as string, spans []span) {
	if len(spans) == 0 {
		return
	}
	if as != b.openAs || spanLen(b.open)+spanLen(spans) > maxSection {
		b.flushSection()
	}
	b.openAs = as
	switch {
	case len(b.open) > 0:
		b.open = append(b.open, span{text: "\n\n"})
	case b.gap && as == "rich_text_section": // in a quote, the air would be quoted too
		b.open = append(b.open, span{text: "\n"})
	}
	b.gap = false
	b.open = append(b.open, spans...)
}

func (b *layout) heading(n node) {
	if len(n.spans) == 0 {
		return
	}
	var t strings.Builder
	plain := true
	for _, s := range n.spans {
		if s.url != "" || s.user != "" || s.channel != "" {
			plain = false
		}
		if s.emoji != "" {
			t.WriteString(":" + s.emoji + ":")
		}
		t.WriteString(s.text)
	}
	title := defuse(strings.Join(strings.Fields(t.String()), " "))
	if !plain || title == "" || len16(title) > maxHeader || !b.room(1) {
		b.text("rich_text_section", styled(n.spans, bold))
		return
	}
	b.flush()
	b.out = append(b.out, block{Type: "header", Text: &plainText{"plain_text", title, true}, Level: min(n.level, 4)})
}

func styled(spans []span, st style) []span {
	out := make([]span, len(spans))
	for i, s := range spans {
		s.style |= st
		out[i] = s
	}
	return out
}

func (b *layout) code(n node, border int) {
	b.flushSection()
	code := n.code
	if strings.Trim(code, "\n") == "" {
		if code == "" {
			return
		}
		code = " " + code
	}
	for code != "" {
		var now string
		now, code = code, ""
		if len16(now) > maxCode {
			cut := prefix16(now, maxCode)
			if nl := strings.LastIndexByte(now[:cut], '\n'); nl > 0 {
				now, code = now[:nl], now[nl+1:]
			} else {
				now, code = now[:cut], now[cut:]
			}
		}
		b.rich = append(b.rich, rich{Type: "rich_text_preformatted", Language: n.lang, Border: border,
			Elements: []element{{Type: "text", Text: now}}})
	}
	b.gap = false
}

// inQuote stands before the lines of a quote inside a quote, for which Slack has no form.
const inQuote = "│ "

// quote shows what a quote may hold in Slack; the rest keeps a border.
func (b *layout) quote(ns []node, prefix string) {
	if prefix == "" {
		b.flushSection()
	}
	for _, n := range ns {
		switch n.kind {
		case paragraph:
			b.text("rich_text_quote", prefixed(n.spans, prefix))
		case heading:
			b.text("rich_text_quote", prefixed(styled(n.spans, bold), prefix))
		case rule:
			b.text("rich_text_quote", []span{{text: prefix + ruleText}})
		case quote:
			b.quote(n.children, prefix+inQuote)
		case list:
			b.list(n, 0, 1)
		case codeBlock:
			b.code(n, 1)
		default:
			b.node(n)
		}
	}
	if prefix == "" {
		b.flushSection()
		b.openAs = ""
		b.gap = true
	}
}

// prefixed puts prefix before every line.
func prefixed(spans []span, prefix string) []span {
	if prefix == "" || len(spans) == 0 {
		return spans
	}
	out := []span{{text: prefix}}
	for _, s := range spans {
		if s.text != "" && s.text != s.url {
			s.text = strings.ReplaceAll(s.text, "\n", "\n"+prefix)
		}
		out = append(out, s)
	}
	return out
}

// list adds the elements of a list: runs of items of one depth. Code and tables inside
// an item stand between two runs.
func (b *layout) list(n node, indent, border int) {
	b.flushSection()
	b.gap = false
	run := richList{Type: "rich_text_list", Style: "bullet", Indent: min(indent, maxIndent), Border: border}
	if n.ordered {
		run.Style = "ordered"
		run.Offset = max(n.start-1, 0)
	}
	end := func() {
		b.flushSection()
		if len(run.Elements) > 0 {
			b.rich = append(b.rich, run)
			run.Offset += len(run.Elements)
			run.Elements = nil
		}
	}
	for _, it := range n.children {
		var line []span
		said := false
		say := func() {
			now := line
			line = nil
			for len(now) > 0 {
				var head []span
				head, now = divide(now, maxSection)
				if said { // goes on after something that a list cannot hold
					end()
					b.text("rich_text_section", head)
					continue
				}
				run.Elements = append(run.Elements, rich{Type: "rich_text_section", Elements: elements(head)})
				said = true
			}
		}
		for _, c := range it.children {
			switch c.kind {
			case paragraph, heading:
				if len(line) > 0 {
					line = append(line, span{text: "\n"})
				}
				if c.kind == heading {
					c.spans = styled(c.spans, bold)
				}
				line = append(line, c.spans...)
			default:
				if len(line) == 0 && !said {
					line = []span{{text: " "}}
				}
				say()
				end()
				if c.kind == list {
					b.list(c, indent+1, border)
				} else {
					b.node(c)
				}
				b.flushSection()
				b.gap = false
			}
		}
		if len(line) == 0 && !said {
			line = []span{{text: " "}}
		}
		say()
	}
	end()
}

// spanLen is the size of spans in UTF-16 units, about as Slack would count them.
func spanLen(spans []span) int {
	n := 0
	for _, s := range spans {
		n += s.len()
	}
	return n
}

func (s span) len() int {
	return len16(s.text) + len(s.user) + len(s.channel) + len(s.emoji)
}

// divide takes spans off the head, up to limit units, at white space if there is any.
func divide(spans []span, limit int) (head, tail []span) {
	for i, s := range spans {
		if n := s.len(); n <= limit {
			limit -= n
			continue
		}
		cut := prefix16(s.text, limit)
		if sp := strings.LastIndexAny(s.text[:cut], " \n"); sp >= 0 {
			cut = sp + 1
		} else if i > 0 {
			cut = 0
		}
		if i == 0 && cut == 0 {
			_, cut = utf8.DecodeRuneInString(s.text)
		}
		head = append(head, spans[:i]...)
		rest := s
		if cut > 0 {
			s.text, rest.text = s.text[:cut], s.text[cut:]
			head = append(head, s)
		}
		if rest.text != "" || cut == 0 {
			tail = append(tail, rest)
		}
		return head, append(tail, spans[i+1:]...)
	}
	return spans, nil
}

// prefix16 is the length in bytes of the longest prefix of s with at most limit UTF-16
// units that does not end inside a grapheme cluster.
func prefix16(s string, limit int) int {
	n := 0
	for n < len(s) {
		k := 1
		if s[n] >= utf8.RuneSelf || n+1 < len(s) && s[n+1] >= utf8.RuneSelf {
			k, _, _ = lexCluster(s[n:], false)
		}
		if limit -= len16(s[n : n+k]); limit < 0 {
			break
		}
		n += k
	}
	return n
}
