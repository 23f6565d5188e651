package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Bounds of one token. A construct that does not end within its bound is plain text.
const (
	maxLabel   = 400  // code span, link label, anything in angle brackets but an address
	maxAddress = 2048 // link destination, bare address
	maxWord    = 64
	maxCluster = 128
)

type kind uint8

const (
	word    kind = iota // letters and digits, or one cluster
	space               // spaces and tabs
	mark                // one character that is nothing special here
	emph                // a run of * _ or ~
	code                // a code span
	link                // [label](address) and everything inside
	image               // ![label](address)
	angle               // <…>: mention, address, Slack's link form
	address             // a bare http(s) address
	ping                // @channel, @here, @everyone
	escape              // backslash and what it escapes
	dunder              // __name__, which is a name and not bold
	maths               // a formula in a line
	note                // [^1]
	tag                 // an HTML element of the few that are shown as what they mean
	leak                // what must not be shown
)

// lex reads one token off the head of s, the rest of one line. open means that the line
// may go on after s; then not ok means that the token depends on what comes, and is
// never said once the token's bound is reached. prev is the byte before s (0 at the
// start). The token of a longer s is the same once ok.
func lex(s string, prev byte, open bool) (n int, k kind, ok bool) {
	c := s[0]
	switch {
	case c == ' ' || c == '\t':
		n = 1
		for n < len(s) && n < maxWord && (s[n] == ' ' || s[n] == '\t') {
			n++
		}
		return n, space, true
	case c >= utf8.RuneSelf:
		return lexCluster(s, open)
	case alnum(c):
		return lexWord(s, prev, open)
	}
	switch c {
	case '*', '_', '~':
		if c == '_' && !alnum(prev) {
			if n, ok = lexDunder(s, open); n > 0 || !ok {
				return max(n, 1), dunder, ok
			}
		}
		for n = 1; n < len(s) && n < maxWord && s[n] == c; {
			n++
		}
		return n, emph, n < len(s) || !open || n == maxWord
	case '`':
		return lexCode(s, open)
	case '[':
		if n, ok = lexLeak(s, open); n > 0 || !ok {
			return max(n, 1), leak, ok
		}
		if n, ok = lexNote(s, prev, open); n > 0 || !ok {
			return max(n, 1), note, ok
		}
		n, ok = lexLink(s, open)
		if n == 0 {
			return 1, mark, ok
		}
		return n, link, ok
	case '!':
		if len(s) == 1 {
			return 1, mark, !open
		}
		if s[1] != '[' {
			return 1, mark, true
		}
		n, ok = lexLink(s[1:], open)
		if n == 0 {
			return 1, mark, ok
		}
		return n + 1, image, ok
	case '<':
		if n, k, ok = lexTag(s, prev, open); n > 0 || !ok {
			return max(n, 1), k, ok
		}
		return lexAngle(s, open)
	case '$':
		if n, ok = lexMaths(s, prev, open); n > 0 || !ok {
			return max(n, 1), maths, ok
		}
		return 1, mark, true
	case '&':
		n = 1
		for n < len(s) && n < 33 && (alnum(s[n]) || s[n] == '#') {
			n++
		}
		switch {
		case n == len(s):
			return 1, mark, !open
		case n > 1 && s[n] == ';':
			return n + 1, mark, true
		}
		return 1, mark, true
	case ':':
		if n, ok = lexLeak(s, open); n > 0 || !ok {
			return max(n, 1), leak, ok
		}
		n = 1
		for n < len(s) && n < maxWord && emojiByte(s[n]) {
			n++
		}
		switch {
		case n == len(s):
			return 1, mark, !open
		case n > 1 && s[n] == ':' && !alnum(prev) && prev != ':':
			return n + 1, word, true
		}
		return 1, mark, true
	case '\\':
		if len(s) == 1 {
			return 1, mark, !open
		}
		if s[1] == '(' || s[1] == '[' {
			if n, ok = lexMaths(s, prev, open); n > 0 || !ok {
				return max(n, 1), maths, ok
			}
		}
		if punct(s[1]) && s[1] != '<' && s[1] != '@' && s[1] != '!' {
			return 2, escape, true
		}
		return 1, mark, true
	case '@':
		return lexPing(s, prev, open)
	}
	return 1, mark, true
}

func lexWord(s string, prev byte, open bool) (int, kind, bool) {
	if !alnum(prev) && (s[0] == 'h' || s[0] == 'H') {
		low := strings.ToLower(s[:min(len(s), 8)])
		for _, p := range [...]string{"https://", "http://"} {
			if strings.HasPrefix(low, p) {
				return lexAddress(s, open)
			}
			if open && strings.HasPrefix(p, low) {
				return 1, word, false
			}
		}
	}
	n := 1
	for n < len(s) && n < maxWord && alnum(s[n]) {
		n++
	}
	if !alnum(prev) && (s[0] == 't' || s[0] == 'c') {
		if open && n == len(s) && n < maxWord && sourceBegins(s) {
			return n, word, false
		}
		if lexSource(s[:n]) {
			return n, leak, true
		}
	}
	// A partial word may be shown, so it is not called incomplete; see scanner.tail.
	return n, word, true
}

func lexAddress(s string, open bool) (int, kind, bool) {
	n := 0
	for n < len(s) && n < maxAddress && s[n] > ' ' && s[n] != '<' && s[n] != '>' && s[n] != '`' {
		n++
	}
	if n == maxAddress {
		return len("http"), word, true
	}
	if n == len(s) && open {
		return n, address, false
	}
	return trimAddress(s[:n]), address, true
}

// trimAddress takes off the punctuation that ends a sentence rather than an address. A
// closing parenthesis stays if the address opened it.
func trimAddress(u string) int {
	n := len(u)
	depth := strings.Count(u, "(") - strings.Count(u, ")")
	for n > len("https://") {
		c := u[n-1]
		switch {
		case strings.IndexByte(`.,:;!?*_~'"]|\`, c) >= 0:
		case c == ')' && depth < 0:
			depth++
		default:
			return n
		}
		n--
	}
	return n
}

func lexCluster(s string, open bool) (int, kind, bool) {
	win := s[:min(len(s), 2*maxCluster)]
	c, rest, _, _ := uniseg.FirstGraphemeClusterInString(win, -1)
	n := len(c)
	if n > maxCluster {
		n = maxCluster
		for !utf8.RuneStart(s[n]) {
			n--
		}
		return n, word, true
	}
	return n, word, rest != "" || !open
}

// lexDunder reads a name such as __init__ in small letters; n is 0 if s is something else.
func lexDunder(s string, open bool) (n int, ok bool) {
	if len(s) > 1 && s[1] != '_' {
		return 0, true
	}
	for n < len(s) && n < maxWord && (s[n] == '_' || s[n] >= 'a' && s[n] <= 'z' || digit(s[n])) {
		n++
	}
	if n == len(s) && n < maxWord && open {
		return 0, false
	}
	if n < 5 || n == maxWord || s[2] == '_' || s[n-3] == '_' || s[n-2:n] != "__" || n < len(s) && alnum(s[n]) {
		return 0, true
	}
	return n, true
}

func lexCode(s string, open bool) (int, kind, bool) {
	run := 1
	for run < len(s) && run < maxWord && s[run] == '`' {
		run++
	}
	for i := run; i < len(s) && i < maxLabel; {
		if s[i] != '`' {
			i++
			continue
		}
		j := i
		for j < len(s) && s[j] == '`' {
			j++
		}
		if j-i == run && (j < len(s) || !open) {
			return j, code, true
		}
		i = j
	}
	return run, mark, !open || len(s) > maxLabel+maxWord
}

// lexLink reads [label](address "title") or [label][ref]; n is 0 for a plain bracket.
func lexLink(s string, open bool) (n int, ok bool) {
	depth := 0
	i := 0
	for ; ; i++ {
		if i >= maxLabel {
			return 0, true
		}
		if i >= len(s) {
			return 0, !open
		}
		if c := s[i]; c == '\\' {
			i++
		} else if c == '[' {
			depth++
		} else if c == ']' {
			if depth--; depth == 0 {
				break
			}
		}
	}
	i++ // past the bracket
	if i >= len(s) {
		return 0, !open
	}
	switch s[i] {
	case '[':
		for j := i + 1; j < len(s) && j < i+maxLabel; j++ {
			if s[j] == ']' {
				return j + 1, true
			}
		}
		return 0, !open || len(s) >= i+maxLabel
	case '(':
		depth = 0
		for j := i; j < len(s) && j < i+maxAddress; j++ {
			switch s[j] {
			case '\\':
				j++
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					return j + 1, true
				}
			}
		}
		return 0, !open || len(s) >= i+maxAddress
	}
	return 0, true
}

// lexAngle reads <…> if it looks like a mention, an address, or Slack's link form.
func lexAngle(s string, open bool) (int, kind, bool) {
	if len(s) == 1 {
		return 1, mark, !open
	}
	c := s[1]
	if !alpha(c) && c != '@' && c != '#' && c != '!' {
		return 1, mark, true
	}
	label := false
	for i := 1; i < maxAddress; i++ {
		if i >= len(s) {
			return 1, mark, !open
		}
		switch b := s[i]; {
		case b == '>':
			return i + 1, angle, true
		case b == '|':
			label = true
		case b == '<', (b == ' ' || b == '\t') && !label:
			return 1, mark, true
		case i >= maxLabel && !strings.Contains(s[:24], ":"):
			return 1, mark, true
		}
	}
	return 1, mark, true
}

// lexPing reads @channel and the like, which a client may take for a mention; not in
// me@here.org.
func lexPing(s string, prev byte, open bool) (int, kind, bool) {
	n, sure := pingWord(s[1:], open)
	if n == 0 || !sure {
		return 1, mark, sure
	}
	n++
	if alnum(prev) {
		if rest := s[n:]; open && len(rest) < 2 && (rest == "" || rest == ".") {
			return 1, mark, false
		} else if len(rest) > 1 && rest[0] == '.' && alnum(rest[1]) {
			return 1, mark, true
		}
	}
	return n, ping, true
}

// pingWord is the length of the channel-wide name at the head of s.
func pingWord(s string, open bool) (int, bool) {
	n := 0
	for n < len(s) && n < 9 && (alpha(s[n]) || s[n] == '_') {
		n++
	}
	w := strings.ToLower(s[:n])
	for _, p := range [...]string{"channel", "here", "everyone", "group"} {
		if w == p {
			return n, n < len(s) || !open
		}
		if n == len(s) && open && strings.HasPrefix(p, w) {
			return 0, false
		}
	}
	return 0, true
}

// pingAt says whether s, which begins with '<', is Slack's syntax for something that
// notifies. Not sure means that it depends on what follows.
func pingAt(s string, open bool) (is, sure bool) {
	if len(s) == 1 {
		return false, !open
	}
	switch s[1] {
	case '@':
		if len(s) == 2 {
			return false, !open
		}
		return alnum(s[2]), true
	case '!':
		low := strings.ToLower(s[2:min(len(s), 10)])
		for _, p := range [...]string{"channel", "here", "everyone", "group", "subteam"} {
			if strings.HasPrefix(low, p) {
				return true, true
			}
			if open && len(low) < len(p) && strings.HasPrefix(p, low) {
				return false, false
			}
		}
	}
	return false, true
}

// blank says whether s shows nothing.
func blank(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsSpace(r) && (r < 0x200b || r > 0x200f) && r != 0x2060 && r != 0xfeff
	}) < 0
}

// extends says whether r continues the grapheme cluster of the rune before it.
func extends(r rune) bool {
	return unicode.Is(unicode.M, r) || r == 0x200d || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

func alpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool { return c >= '0' && c <= '9' }
func alnum(c byte) bool { return alpha(c) || digit(c) }
func punct(c byte) bool { return c > ' ' && c < 0x7f && !alnum(c) }
func emojiByte(c byte) bool {
	return c >= 'a' && c <= 'z' || digit(c) || c == '_' || c == '-' || c == '+' || c == '\''
}

// len16 is the length in UTF-16 code units, the strictest of the ways in which Slack may count characters.
func len16(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

// Escape replaces the three characters that mrkdwn gives a meaning to (Slack: "Formatting text for app surfaces").
func Escape(s string) string {
	return replace(s, "&", "&amp;", "<", "&lt;", ">", "&gt;")
}

// replace is strings.NewReplacer for a single use: cheaper where there is little to do.
func replace(s string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}
