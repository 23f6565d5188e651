package slacksim

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inline reads mrkdwn within a line or a paragraph: styles, code, emoji, bare links, and what stands in <…>.
func inline(text string, style richStyle) []any {
	w := &inlineWriter{style: style}
	for i := 0; i < len(text); {
		n := w.marked(text, i)
		if n == 0 {
			_, n = utf8.DecodeRuneInString(text[i:])
			w.pending.WriteString(text[i : i+n])
		}
		i += n
	}
	w.flush()
	return w.out
}

// maxSpan is how far from a mark its partner is looked for, in bytes, so that a text full of marks takes no long time.
const maxSpan = 4_000

const maxEmoji = 110 // bytes of a name, colons included, more or less

type inlineWriter struct {
	style   richStyle
	out     []any
	pending strings.Builder // plain text
}

func (w *inlineWriter) flush() {
	if t := w.pending.String(); t != "" {
		w.pending.Reset()
		w.out = append(w.out, w.styled(richElement{Type: "text", Text: unescape(t)}))
	}
}

func (w *inlineWriter) add(e richElement) {
	w.flush()
	w.out = append(w.out, w.styled(e))
}

func (w *inlineWriter) styled(e richElement) richElement {
	if w.style != (richStyle{}) {
		s := w.style
		e.Style = &s
	}
	return e
}

// marked writes what begins with a mark at text[i:] and returns its length, or 0 when it is plain text.
func (w *inlineWriter) marked(text string, i int) int {
	rest := text[i:]
	switch c := rest[0]; c {
	case '<':
		e, n := reference(rest)
		if n > 0 {
			w.add(e)
		}
		return n
	case '`':
		inner, n := between(text, i, '`')
		if n > 0 {
			w.flush()
			code := w.style
			code.Code = true
			w.out = append(w.out, references(inner, code)...)
		}
		return n
	case '*', '_', '~':
		next := w.style
		on := map[byte]*bool{'*': &next.Bold, '_': &next.Italic, '~': &next.Strike}[c]
		if *on {
			return 0
		}
		*on = true
		inner, n := between(text, i, c)
		if n > 0 {
			w.flush()
			w.out = append(w.out, inline(inner, next)...)
		}
		return n
	case ':':
		e, n := emoji(text, i)
		if n > 0 {
			w.add(e)
		}
		return n
	case 'h':
		if n := bareLink(text, i); n > 0 {
			w.add(richElement{Type: "link", URL: unescape(rest[:n])})
			return n
		}
	}
	return 0
}

// between finds the text between a mark at text[i] and its partner on the same line. Both stand at the edge of a word,
// and what is between begins and ends with no space. n is the length with the marks, 0 when there is no partner.
func between(text string, i int, mark byte) (inner string, n int) {
	if before, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && (wordly(before) || before == rune(mark)) {
		return "", 0
	}
	rest := text[i+1:]
	if end := strings.IndexByte(rest[:min(len(rest), maxSpan)], '\n'); end >= 0 {
		rest = rest[:end]
	}
	for from := 0; ; {
		k := strings.IndexByte(rest[from:], mark)
		if k += from; k < from || k >= maxSpan {
			return "", 0
		}
		inner = rest[:k]
		after, size := utf8.DecodeRuneInString(rest[k+1:])
		if strings.TrimSpace(inner) == inner && inner != "" && strings.Trim(inner, string(mark)) != "" && (size == 0 || !wordly(after) && after != rune(mark)) {
			return inner, k + 2
		}
		from = k + 1
	}
}

// wordly is a rune inside a word, next to which a mark is only a character.
func wordly(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// emoji reads :name: or :name::skin-tone-N: at text[i:]. Any well formed name counts, as workspaces have emoji of
// their own, but not a number, which is rather a time of day.
func emoji(text string, i int) (e richElement, n int) {
	if before, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && wordly(before) {
		return e, 0
	}
	k := strings.IndexByte(text[i+1:min(len(text), i+maxEmoji)], ':')
	if k < 0 {
		return e, 0
	}
	name, rest := text[i+1:i+1+k], text[i+k+2:]
	if !validEmoji(name) || strings.ContainsRune(name, ':') {
		return e, 0
	}
	if strings.Trim(name, "0123456789") == "" && name != "100" && name != "1234" {
		return e, 0
	}
	e, n = richElement{Type: "emoji", Name: name}, len(name)+2
	if tone, ok := strings.CutPrefix(rest, ":skin-tone-"); ok && len(tone) > 1 && tone[0] >= '2' && tone[0] <= '6' && tone[1] == ':' {
		e.SkinTone = int(tone[0] - '0')
		n += len(":skin-tone-2:")
		rest = tone[2:]
	}
	if after, size := utf8.DecodeRuneInString(rest); size > 0 && wordly(after) {
		return e, 0
	}
	return e, n
}

// bareLink measures an address that was typed without <…>.
func bareLink(text string, i int) int {
	rest := text[i:]
	if !strings.HasPrefix(rest, "http://") && !strings.HasPrefix(rest, "https://") {
		return 0
	}
	if before, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && wordly(before) {
		return 0
	}
	whole := len(rest) <= maxSpan
	rest = rest[:min(len(rest), maxSpan)]
	end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>|`\"", r) })
	if end < 0 && !whole {
		return 0
	}
	if end < 0 {
		end = len(rest)
	}
	if k := strings.Index(rest[:end], "&gt;"); k >= 0 {
		end = k
	}
	if k := strings.Index(rest[:end], "&lt;"); k >= 0 {
		end = k
	}
	link := strings.TrimRight(rest[:end], ".,;:!?)]}'*_~")
	if strings.HasSuffix(link, "//") {
		return 0
	}
	return len(link)
}

// references reads text in which only <…> means something, as in code.
func references(text string, style richStyle) []any {
	w := &inlineWriter{style: style, out: []any{}}
	for i := 0; i < len(text); {
		if text[i] == '<' {
			if e, n := reference(text[i:]); n > 0 {
				w.add(e)
				i += n
				continue
			}
		}
		w.pending.WriteByte(text[i])
		i++
	}
	w.flush()
	return w.out
}

// reference reads <@U…>, <#C…|name>, <!here>, <!subteam^S…>, <!date^…> or <https://…|label>. Slack: "Formatting text".
func reference(text string) (e richElement, n int) {
	inner, _, closed := strings.Cut(text[1:min(len(text), 2*maxSpan)], ">")
	if !closed || strings.ContainsAny(inner, "<\n") {
		return e, 0
	}
	n = len(inner) + 2
	target, label, _ := strings.Cut(inner, "|")
	if len(target) < 2 {
		return e, 0
	}
	switch name := target[1:]; target[0] {
	case '@':
		return richElement{Type: "user", UserID: name}, n
	case '#':
		return richElement{Type: "channel", ChannelID: name}, n
	case '!':
		if id, ok := strings.CutPrefix(name, "subteam^"); ok && id != "" {
			return richElement{Type: "usergroup", UsergroupID: id}, n
		}
		if date, ok := strings.CutPrefix(name, "date^"); ok {
			return dated(date, label, n)
		}
		if name == "here" || name == "channel" || name == "everyone" {
			return richElement{Type: "broadcast", Range: name}, n
		}
		return e, 0
	}
	if !strings.Contains(target, ":") {
		return e, 0
	}
	return richElement{Type: "link", URL: unescape(target), Text: unescape(label)}, n
}

// dated reads the inside of <!date^seconds^format^link|fallback>.
func dated(date, fallback string, n int) (richElement, int) {
	part := strings.SplitN(date, "^", 3)
	at, err := strconv.ParseInt(part[0], 10, 64)
	if len(part) < 2 || err != nil || at <= 0 || part[1] == "" {
		return richElement{}, 0
	}
	e := richElement{Type: "date", Timestamp: at, Format: part[1], Fallback: unescape(fallback)}
	if len(part) == 3 {
		e.URL = unescape(part[2])
	}
	return e, n
}
