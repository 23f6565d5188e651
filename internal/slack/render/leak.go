package render

import "strings"

// What models and programs around them leak into text outside code, and what readers must
// not see: notes to the program, names of sources that the endpoint did not resolve.

// lexLeak reads such a marker at '[' or ':'; n is 0 for anything else.
func lexLeak(s string, open bool) (n int, ok bool) {
	for _, p := range [...]struct{ head, end string }{
		{"[[reply", "]]"}, {"[[/reply", "]]"}, {"[used tools:", "]"}, {"[oaicite:", "]"},
		{":contentReference[oaicite:", "}"}, {":contentReference[oaicite:", "]"},
	} {
		if open && len(s) < len(p.head) && strings.HasPrefix(p.head, s) {
			return 0, false
		}
		if !strings.HasPrefix(s, p.head) {
			continue
		}
		if end := strings.Index(s[:min(len(s), citeMax)], p.end); end > 0 {
			return end + len(p.end), true
		}
		if open && len(s) < citeMax {
			return 0, false
		}
	}
	return 0, true
}

// lexSource reads the name of a source such as turn0search1 or citeturn2view0, several in a
// row too; w is a word of letters and digits.
func lexSource(w string) bool {
	w = strings.TrimPrefix(w, "cite")
	if len(w) < len("turn0view0") || !strings.HasPrefix(w, "turn") || !digit(w[4]) {
		return false
	}
	for w != "" {
		rest, ok := strings.CutPrefix(w, "turn")
		if !ok {
			return false
		}
		rest = strings.TrimLeft(rest, "0123456789")
		kindOf := ""
		for _, k := range [...]string{"search", "view", "news", "image", "fetch", "file", "forecast", "finance", "sports", "product", "academia", "reddit"} {
			if strings.HasPrefix(rest, k) {
				kindOf = k
			}
		}
		after := strings.TrimLeft(rest[len(kindOf):], "0123456789")
		if kindOf == "" || len(after) == len(rest)-len(kindOf) {
			return false
		}
		w = after
	}
	return true
}

// sourceBegins says whether the word so far may become the name of a source.
func sourceBegins(w string) bool {
	return strings.HasPrefix("citeturn", w) || strings.HasPrefix("turn", w) ||
		strings.HasPrefix(w, "citeturn") || strings.HasPrefix(w, "turn") && digit(w[4])
}

// lexNote reads a numbered footnote, [^1], or at the start of a line what defines it, [^1]:.
func lexNote(s string, prev byte, open bool) (n int, ok bool) {
	if len(s) < 2 {
		return 0, !open
	}
	if s[1] != '^' {
		return 0, true
	}
	n = 2
	for n < len(s) && n < 6 && digit(s[n]) {
		n++
	}
	switch {
	case n == len(s):
		return 0, !open || n == 6
	case n == 2 || s[n] != ']':
		return 0, true
	}
	n++
	if prev == 0 {
		if n == len(s) {
			return n, !open
		}
		if s[n] == ':' {
			n++
		}
	}
	return n, true
}

// noteText is the number of a footnote, raised.
func noteText(tok string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0']
	}, tok)
}
