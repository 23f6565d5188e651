package slacksim

import (
	"encoding/json"
	"strconv"
	"strings"
)

// richStyle is how text looks. Slack: "rich_text block".
type richStyle struct {
	Bold   bool `json:"bold,omitempty"`
	Italic bool `json:"italic,omitempty"`
	Strike bool `json:"strike,omitempty"`
	Code   bool `json:"code,omitempty"`
}

// richElement is text, a mention, a link, an emoji or a date; inside a list it is a section with Elements.
type richElement struct {
	Type        string     `json:"type"`
	Text        string     `json:"text,omitempty"`
	UserID      string     `json:"user_id,omitempty"`
	ChannelID   string     `json:"channel_id,omitempty"`
	UsergroupID string     `json:"usergroup_id,omitempty"`
	Range       string     `json:"range,omitempty"`
	URL         string     `json:"url,omitempty"`
	Name        string     `json:"name,omitempty"`
	SkinTone    int        `json:"skin_tone,omitempty"`
	Timestamp   int64      `json:"timestamp,omitempty"`
	Format      string     `json:"format,omitempty"`
	Fallback    string     `json:"fallback,omitempty"`
	Style       *richStyle `json:"style,omitempty"`
}

// richPart is a section, a quote, a preformatted text, or a list of sections.
type richPart struct {
	Type     string `json:"type"`
	Style    string `json:"style,omitempty"`  // of a list: bullet or ordered
	Indent   *int   `json:"indent,omitempty"` // of a list
	Offset   int    `json:"offset,omitempty"` // of an ordered list: its first number, less one
	Border   *int   `json:"border,omitempty"`
	Elements []any  `json:"elements"` // richElement, or in a list richPart
}

// richText makes the rich_text block that Slack adds to what a person types, from the mrkdwn that the message's text
// holds: bold, italic, strike, code, code blocks, quotes, lists, links, mentions and emoji.
func (s *Sim) richText(text string) json.RawMessage {
	type block struct {
		Type     string     `json:"type"`
		BlockID  string     `json:"block_id"`
		Elements []richPart `json:"elements"`
	}
	b, err := json.Marshal([]block{{"rich_text", s.blockID(), richParts(text)}})
	if err != nil {
		s.log.Error("slacksim: rich text not encoded", "error", err)
		return nil
	}
	return b
}

const fence = "```"

// richParts cuts a text at its code blocks.
func richParts(text string) []richPart {
	var out []richPart
	for {
		before, rest, opened := strings.Cut(text, fence)
		code, after, closed := strings.Cut(rest, fence)
		if !opened || !closed || strings.Trim(code, "\n") == "" {
			if out = append(out, richLines(text)...); out == nil { // a lone quote mark is a character
				out = []richPart{{Type: "rich_text_section", Elements: references(text, richStyle{})}}
			}
			return out
		}
		out = append(out, richLines(before)...)
		code = strings.TrimSuffix(strings.TrimPrefix(code, "\n"), "\n")
		out = append(out, richPart{Type: "rich_text_preformatted", Border: new(int), Elements: references(code, richStyle{})})
		text = strings.TrimPrefix(after, "\n")
		if text == "" {
			return out
		}
	}
}

// richLines sorts the lines of a text without code blocks into sections, quotes and lists.
func richLines(text string) []richPart {
	if text == "" {
		return nil
	}
	var out []richPart
	var plain, quoted []string
	flush := func(more bool) {
		if len(quoted) > 0 {
			if e := inline(strings.Join(quoted, "\n"), richStyle{}); len(e) > 0 {
				out = append(out, richPart{Type: "rich_text_quote", Elements: e})
			}
		}
		if len(plain) > 0 {
			t := strings.Join(plain, "\n")
			if more {
				t += "\n" // as the next part begins on a line of its own
			}
			if e := inline(t, richStyle{}); len(e) > 0 {
				out = append(out, richPart{Type: "rich_text_section", Elements: e})
			}
		}
		plain, quoted = nil, nil
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if rest, ok := cutQuote(line); ok {
			if after, all := cutQuote(rest); all {
				if after, all = cutQuote(after); all { // >>> quotes all that follows
					flush(true)
					quoted = append([]string{strings.TrimPrefix(after, " ")}, lines[i+1:]...)
					flush(false)
					return out
				}
			}
			if len(plain) > 0 {
				flush(true)
			}
			quoted = append(quoted, strings.TrimPrefix(rest, " "))
			continue
		}
		if item, ok := listItem(line); ok {
			flush(true)
			if n := len(out); n > 0 && item.continues(&out[n-1]) {
				out[n-1].Elements = append(out[n-1].Elements, item.Elements...)
			} else {
				out = append(out, item)
			}
			continue
		}
		if len(quoted) > 0 {
			flush(true)
		}
		plain = append(plain, line)
	}
	flush(false)
	return out
}

// cutQuote takes the quote mark off a line; Slack's texts hold it escaped.
func cutQuote(line string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(line, "&gt;"); ok {
		return rest, true
	}
	return strings.CutPrefix(line, ">")
}

// listItem reads a line such as "• one", "- one" or "2. two" as a list of one.
func listItem(line string) (richPart, bool) {
	rest := strings.TrimLeft(line, " ")
	indent := min((len(line)-len(rest))/4, 8)
	p := richPart{Type: "rich_text_list", Style: "bullet", Indent: &indent, Border: new(int)}
	text, found := "", false
	for _, mark := range []string{"• ", "◦ ", "▪︎ ", "- ", "* "} {
		if text, found = strings.CutPrefix(rest, mark); found {
			break
		}
	}
	if !found {
		number, after, ok := strings.Cut(rest, ". ")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 1 || n > 9999 || strconv.Itoa(n) != number {
			return richPart{}, false
		}
		p.Style, p.Offset, text = "ordered", n-1, after
	}
	if strings.TrimSpace(text) == "" {
		return richPart{}, false
	}
	p.Elements = []any{richPart{Type: "rich_text_section", Elements: inline(text, richStyle{})}}
	return p, true
}

// continues reports whether an item belongs to the list before it.
func (p *richPart) continues(list *richPart) bool {
	return list.Type == p.Type && list.Style == p.Style && *list.Indent == *p.Indent &&
		(p.Style == "bullet" || p.Offset == list.Offset+len(list.Elements))
}

func unescape(t string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(t)
}

// blockID makes an id such as Slack gives to a block without one.
func (s *Sim) blockID() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, 5)
	for i := range b {
		b[i] = letters[s.rng.IntN(len(letters))]
	}
	return string(b)
}
