package render

import (
	"strings"

	"holdfast/internal/slack/render/tex"
)

// maxTag bounds an element from its first tag to its last.
const maxTag = 300

// pairs are the elements that models write inside Markdown, and what stands around their
// content instead of the tags. Any other HTML is shown as it is written.
var pairs = map[string]string{
	"b": "**", "strong": "**", "i": "*", "em": "*", "s": "~~", "del": "~~", "strike": "~~",
	"code": "`", "kbd": "`", "samp": "`", "tt": "`", "u": "", "ins": "", "mark": "", "small": "", "center": "",
	"sub": "_", "sup": "^", "summary": "**", "a": "[",
}

// lexTag reads a whole element of the kind that models emit, a line break, or a comment;
// n is 0 for anything else.
func lexTag(s string, prev byte, open bool) (n int, k kind, ok bool) {
	if strings.HasPrefix(s, "<!--") {
		if end := strings.Index(s[:min(len(s), maxTag)], "-->"); end > 0 {
			return end + 3, leak, true
		}
		return 0, mark, !open || len(s) >= maxTag
	}
	if open && strings.HasPrefix("<!--", s) {
		return 0, mark, false
	}
	if len(s) > 1 && s[1] == '|' { // a token of a model's own, such as <|im_end|>
		i := 2
		for i < len(s) && i < 40 && (s[i] >= 'a' && s[i] <= 'z' || s[i] == '_') {
			i++
		}
		if i+1 >= len(s) && open && i < 40 && (i == len(s) || s[i] == '|') {
			return 0, mark, false
		}
		if i > 2 && strings.HasPrefix(s[i:], "|>") {
			return i + 2, leak, true
		}
		return 0, mark, true
	}
	name, closing, end := tagName(s)
	if end == len(s) {
		return 0, mark, !open || end > 12
	}
	rest := s[end:]
	gt := strings.IndexByte(rest, '>')
	switch {
	case name == "br" && !closing:
		switch {
		case gt < 0:
			return 0, mark, !open || strings.Trim(rest, " /") != ""
		case strings.Trim(rest[:gt], " /") != "":
			return 0, mark, true
		}
		n = end + gt + 1
		return n, tag, n < len(s) || !open
	case name == "details":
		switch {
		case prev != 0 && prev != '>':
			return 0, mark, true
		case gt < 0:
			return 0, mark, !open || strings.Trim(rest, " open") != ""
		case strings.Trim(rest[:gt], " ") != "" && strings.TrimSpace(rest[:gt]) != "open":
			return 0, mark, true
		}
		return end + gt + 1, leak, true
	case name == "img" && !closing && rest[0] == ' ':
		if gt < 0 {
			return 0, mark, !open || len(s) >= maxTag
		}
		if n = end + gt + 1; attribute(s[:n], "src") == "" {
			return 0, mark, true
		}
		return n, tag, true
	}
	if _, known := pairs[name]; !known || closing || rest[0] != '>' && (name != "a" || rest[0] != ' ') {
		return 0, mark, true
	}
	low := strings.ToLower(s[:min(len(s), maxTag)])
	i := strings.Index(low, "</"+name+">")
	if i < 0 {
		return 0, mark, !open || len(s) >= maxTag
	}
	if name == "a" && (gt < 0 || end+gt > i || !shownScheme(attribute(s[:end+gt], "href"))) {
		return 0, mark, true
	}
	n = i + len(name) + 3
	return n, tag, n < len(s) || !open
}

// tagName reads the name of a tag in small letters; end is where it ends.
func tagName(s string) (name string, closing bool, end int) {
	end = 1
	if strings.HasPrefix(s, "</") {
		closing, end = true, 2
	}
	from := end
	for end < len(s) && end-from < 12 && (alpha(s[end]) || digit(s[end])) {
		end++
	}
	return strings.ToLower(s[from:end]), closing, end
}

// attribute is the value of an attribute in double or single quotes.
func attribute(tag, name string) string {
	for _, q := range [...]string{`"`, `'`} {
		if _, v, ok := strings.Cut(tag, " "+name+"="+q); ok {
			if v, _, ok = strings.Cut(v, q); ok {
				return v
			}
		}
	}
	return ""
}

// html notes what to show for the element tok at i.
func (s *scanner) html(i int, tok string, prev byte) {
	name, _, end := tagName(tok)
	switch name {
	case "br":
		s.lineBreak(i, len(tok))
		return
	case "img":
		label := plainLabel(attribute(tok, "alt"))
		if label == "" {
			label = "image"
		}
		s.put(edit{pos: i, del: len(tok), ins: anchorText(label, attribute(tok, "src"))})
		return
	}
	gt := end + strings.IndexByte(tok[end:], '>') + 1
	tail := len(tok) - len(name) - 3
	inner := tok[gt:tail]
	around := pairs[name]
	switch {
	case strings.TrimSpace(inner) == "":
		s.put(edit{pos: i, del: len(tok), ins: inner + zwsp})
		return
	case around == "^" || around == "_":
		show := inner
		if !strings.ContainsAny(inner, "\\{}$") {
			show = tex.Text(around + "{" + inner + "}")
		}
		s.put(edit{pos: i, del: len(tok), ins: literalMarkdown(show)})
		return
	case around == "[":
		s.put(edit{pos: i, del: len(tok), ins: anchorText(plainLabel(inner), attribute(tok[:gt], "href"))})
		return
	case around == "`" && strings.Contains(inner, "`"), inner != strings.TrimSpace(inner):
		around = ""
	}
	next := byte(0)
	if i+len(tok) < len(s.text) {
		next = s.text[i+len(tok)]
	}
	s.put(edit{pos: i, del: gt, ins: apart(prev, around, inner[0])})
	if around == "`" {
		s.inner(i+gt-1, "`"+inner, true)
	} else {
		prev := byte('>')
		for j := gt; j < tail; {
			n, k, _ := lex(tok[j:tail], prev, false)
			s.edit(i+j, n, k, prev)
			prev = tok[j+n-1]
			j += n
		}
	}
	s.put(edit{pos: i + tail, del: len(tok) - tail, ins: apart(inner[len(inner)-1], around, next)})
}

// apart is a marker that does not grow together with what stands on its sides.
func apart(before byte, marker string, after byte) string {
	const markers = "*_~`"
	if marker == "" {
		return zwsp
	}
	if strings.IndexByte(markers, before) >= 0 {
		marker = zwsp + marker
	}
	if strings.IndexByte(markers, after) >= 0 {
		marker += zwsp
	}
	return marker
}

// anchorText is a Markdown link, or its text if the address may not be one.
func anchorText(label, url string) string {
	if !shownScheme(url) || strings.ContainsAny(url, " <>\n") {
		return label + " (" + literalMarkdown(url) + ")"
	}
	if strings.ContainsAny(url, "()\\") {
		url = "<" + url + ">"
	}
	return "[" + label + "](" + url + ")"
}

// lineSeparator stands for a line break in the Markdown that becomes blocks.
const lineSeparator = "\u2028"

// lineBreak makes a new line of <br>, where Markdown has room for one.
func (s *scanner) lineBreak(i, n int) {
	if i+n == len(s.text) || s.text[i+n] == '\n' {
		s.put(edit{pos: i, del: n, ins: zwsp}) // a line ends here anyway
		return
	}
	show := " "
	if s.leaf == para {
		_, cont, _ := ghosts(s.stack)
		show = "\n" + cont + zwsp // nothing after it begins a block
	}
	s.put(edit{pos: i, del: n, ins: show, only: inStream})
	s.put(edit{pos: i, del: n, ins: lineSeparator, only: inTree})
}
