package render_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"holdfast/internal/slack/render"
)

// The rules here are written from Slack's reference, not from the package's constants.

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

var (
	mrkCode  = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`") // code in mrkdwn
	pinging  = regexp.MustCompile(`(?i)<!(channel|here|everyone|group|subteam)|(^|[^a-z0-9/])@(channel|here|everyone)\b`)
	address  = regexp.MustCompile(`https?://[^\s|]+`)
	syntax   = regexp.MustCompile(`(?i)<!(channel|here|everyone|group|subteam)`)
	mention  = regexp.MustCompile(`<@([A-Z0-9]+)`)
	noClick  = regexp.MustCompile(`!\[[^\]\n]*\]\(`)
	citation = regexp.MustCompile("[\ue200-\ue202]")
)

// checkPart holds a part against every rule for one message.
func checkPart(t fataler, p render.Part, l render.Limits, whole bool, name any) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("part %v: %s", name, fmt.Sprintf(format, args...))
	}
	chars := l.Chars
	if chars == 0 {
		chars = 3900
	}
	stream, txt := p.Stream(), p.Text()
	if n := units(stream); n > chars {
		fail("stream has %d units, limit %d", n, chars)
	}
	if n := units(txt); n > 3900 {
		fail("text has %d units", n)
	}
	if !utf8.ValidString(stream) || !utf8.ValidString(txt) {
		fail("not UTF-8")
	}
	if !p.IsZero() && strings.TrimSpace(txt) == "" {
		fail("text is empty for %q", stream)
	}
	if m := syntax.FindString(stream); m != "" {
		fail("%q pings in %q", m, stream)
	}
	for _, s := range []string{stream, address.ReplaceAllString(mrkCode.ReplaceAllString(txt, ""), "x")} {
		if m := pinging.FindString(s); m != "" && s != stream {
			fail("%q pings in %q", m, s)
		}
		for _, m := range mention.FindAllStringSubmatch(s, -1) {
			if !contains(l.Mentions, m[1]) {
				fail("mention of %s in %q", m[1], s)
			}
		}
		if citation.MatchString(s) {
			fail("citation marker in %q", s)
		}
	}
	if badEntity(txt) {
		fail("text is not escaped once: %q", txt)
	}
	checkBlocks(fail, p, l)
	if whole && !endsOutsideCode(stream) {
		fail("fence open at the end of %q", stream)
	}
}

func contains(ids []string, id string) bool {
	for _, x := range ids {
		if x == id {
			return true
		}
	}
	return false
}

// badEntity finds a bare & or a < that opens nothing.
func badEntity(s string) bool {
	ok := regexp.MustCompile(`(?i)&(amp|lt|gt);|<(@[A-Z0-9]+|#[A-Z0-9]+|[a-z]+:[^<>|]*(\|[^<>]*)?)>`)
	rest := ok.ReplaceAllString(s, "")
	rest = strings.ReplaceAll(rest, "\n> ", "\n")
	rest = strings.TrimPrefix(rest, "> ")
	return strings.ContainsAny(rest, "&<")
}

func endsOutsideCode(md string) bool {
	const sentinel = "SENTINELxyz"
	src := []byte(md + "\n\n" + sentinel + "\n")
	var blocks []util.PrioritizedValue
	for _, b := range parser.DefaultBlockParsers() {
		if b.Priority != 900 { // HTML, which we show as text
			blocks = append(blocks, b)
		}
	}
	doc := parser.NewParser(parser.WithBlockParsers(blocks...)).Parse(text.NewReader(src))
	last := doc.LastChild()
	if last == nil {
		return false
	}
	for n := last; n != nil; n = n.LastChild() {
		switch n.Kind() {
		case ast.KindCodeBlock, ast.KindFencedCodeBlock:
			return false
		}
	}
	return true
}

type failf func(string, ...any)

func checkBlocks(fail failf, p render.Part, l render.Limits) {
	blocks := decode(fail, p)
	maxBlocks := 45
	if l.Blocks != 0 {
		maxBlocks = l.Blocks
	}
	if len(blocks) > maxBlocks || len(blocks) > 50 {
		fail("%d blocks", len(blocks))
	}
	if len(blocks) == 0 && !p.IsZero() {
		fail("no blocks for %q", p.Stream())
	}
	tables, cells := 0, 0
	for i, b := range blocks {
		switch b["type"] {
		case "header":
			t, _ := b["text"].(map[string]any)
			s, _ := t["text"].(string)
			if t["type"] != "plain_text" || s == "" || units(s) > 150 {
				fail("block %d: header %q", i, s)
			}
			if lv, ok := b["level"].(float64); !ok || lv < 1 || lv > 4 {
				fail("block %d: header level %v", i, b["level"])
			}
			checkString(fail, s, false)
		case "divider":
		case "rich_text":
			checkRich(fail, b["elements"], l)
		case "table":
			tables++
			cells += checkTable(fail, b, l)
		default:
			fail("block %d: type %v", i, b["type"])
		}
	}
	maxTables := 1
	if l.Tables != 0 {
		maxTables = max(l.Tables, 0)
	}
	if tables > maxTables {
		fail("%d tables", tables)
	}
	if cells > 10000 {
		fail("%d characters in tables", cells)
	}
}

func decode(fail failf, p render.Part) []map[string]any {
	var blocks []map[string]any
	if err := json.Unmarshal(p.Blocks(), &blocks); err != nil {
		fail("blocks: %v", err)
	}
	return blocks
}

func checkTable(fail failf, b map[string]any, l render.Limits) int {
	rows, _ := b["rows"].([]any)
	if len(rows) == 0 || len(rows) > 100 || l.TableRows > 0 && len(rows) > l.TableRows {
		fail("table of %d rows", len(rows))
	}
	if cols, _ := b["column_settings"].([]any); len(cols) > 20 {
		fail("%d column settings", len(cols))
	} else {
		for _, c := range cols {
			if a, ok := c.(map[string]any)["align"]; ok && a != "left" && a != "center" && a != "right" {
				fail("align %v", a)
			}
		}
	}
	n, width := 0, -1
	for _, r := range rows {
		cells, _ := r.([]any)
		if width < 0 {
			width = len(cells)
		}
		if len(cells) == 0 || len(cells) > 20 || len(cells) != width {
			fail("row of %d cells in a table of %d columns", len(cells), width)
		}
		for _, c := range cells {
			c, _ := c.(map[string]any)
			switch c["type"] {
			case "raw_text":
				s, _ := c["text"].(string)
				if s == "" {
					fail("empty cell")
				}
				checkString(fail, s, false)
				n += units(s)
			case "rich_text":
				n += checkRich(fail, c["elements"], l)
			default:
				fail("cell of type %v", c["type"])
			}
		}
	}
	return n
}

// checkRich checks the elements of a rich_text block and counts their characters.
func checkRich(fail failf, v any, l render.Limits) int {
	es, _ := v.([]any)
	if len(es) == 0 {
		fail("rich_text without elements")
	}
	n := 0
	for _, e := range es {
		e, _ := e.(map[string]any)
		switch e["type"] {
		case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
			k := checkElements(fail, e["elements"], l, e["type"] == "rich_text_preformatted")
			if k > 3900 || k > 3000 && e["type"] != "rich_text_preformatted" {
				fail("%v of %d characters", e["type"], k)
			}
			n += k
		case "rich_text_list":
			if in, _ := e["indent"].(float64); in < 0 || in > 8 {
				fail("indent %v", in)
			}
			if s := e["style"]; s != "bullet" && s != "ordered" {
				fail("list style %v", s)
			}
			items, _ := e["elements"].([]any)
			if len(items) == 0 {
				fail("empty list")
			}
			for _, it := range items {
				it, _ := it.(map[string]any)
				if it["type"] != "rich_text_section" {
					fail("list item of type %v", it["type"])
				}
				n += checkElements(fail, it["elements"], l, false)
			}
		default:
			fail("rich_text element %v", e["type"])
		}
	}
	return n
}

func checkElements(fail failf, v any, l render.Limits, pre bool) int {
	es, _ := v.([]any)
	if len(es) == 0 {
		fail("section without elements")
	}
	n := 0
	for _, e := range es {
		e, _ := e.(map[string]any)
		s, _ := e["text"].(string)
		code := pre
		if st, ok := e["style"].(map[string]any); ok && st["code"] == true {
			code = true
		}
		checkString(fail, s, code)
		n += units(s)
		switch e["type"] {
		case "text":
			if s == "" {
				fail("empty text element")
			}
		case "link":
			u, _ := e["url"].(string)
			if !regexp.MustCompile(`(?i)^(https?://|mailto:|tel:).`).MatchString(u) || len(u) > 3000 {
				fail("link to %q", u)
			}
		case "user":
			if id, _ := e["user_id"].(string); !contains(l.Mentions, id) {
				fail("mention of %q", id)
			}
		case "channel":
			if id, _ := e["channel_id"].(string); !regexp.MustCompile(`^[CG][A-Z0-9]+$`).MatchString(id) {
				fail("channel %q", id)
			}
		case "emoji":
			if id, _ := e["name"].(string); id == "" {
				fail("emoji without name")
			}
		default:
			fail("element %v", e["type"])
		}
	}
	return n
}

func checkString(fail failf, s string, code bool) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		fail("bad string %q", s)
	}
	if citation.MatchString(s) {
		fail("citation marker in %q", s)
	}
	if m := pinging.FindString(address.ReplaceAllString(s, "x")); m != "" && !code {
		fail("%q pings in block text %q", m, s)
	}
}

// visible is all text of the blocks, white space and what only parts add taken out.
func visible(t *testing.T, parts []render.Part) string {
	t.Helper()
	var b strings.Builder
	for _, p := range parts {
		var v any
		if err := json.Unmarshal(p.Blocks(), &v); err != nil {
			t.Fatal(err)
		}
		walkText(v, &b)
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\t' || r == '\u200b' || r == '…' {
			return -1
		}
		return r
	}, b.String())
}

func walkText(v any, b *strings.Builder) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walkText(x, b)
		}
	case map[string]any:
		for _, k := range []string{"text", "rows", "elements"} {
			if s, ok := v[k].(string); ok {
				b.WriteString(s)
			} else if v[k] != nil {
				walkText(v[k], b)
			}
		}
		if v["type"] == "link" && v["text"] == nil {
			b.WriteString(v["url"].(string))
		}
		for _, k := range []string{"user_id", "channel_id", "name"} {
			if s, ok := v[k].(string); ok {
				b.WriteString(s)
			}
		}
	}
}
