package render

import (
	"strings"
	"unicode/utf8"
)

// Citation markers that models of OpenAI leak into text: a run opens with citeOpen,
// separates its fields with citeSep and ends with citeClose (private use area).
const (
	citeOpen  = "\ue200"
	citeClose = "\ue201"
	// citeMax bounds a run. A marker without an end in that many bytes goes alone.
	citeMax = 200
)

// washed is source text without what must never be shown, and the way back from its
// offsets to those of the source.
type washed struct {
	text string
	cuts []wash // removed or replaced runs, in order
	more bool   // the source goes on, but enough was kept
	end  int    // source bytes consumed
}

type wash struct{ at, gap int } // from offset at of the text on, the source is gap bytes further

// source is the source offset of offset i of the text. What was removed just before i
// counts as before it.
func (w washed) source(i int) int {
	gap := 0
	for _, c := range w.cuts {
		if c.at > i {
			break
		}
		gap = c.gap
	}
	return i + gap
}

// doWash removes control characters, carriage returns, invalid UTF-8, hidden characters and
// citation runs; first says that src begins the answer. It stops after keep bytes of text, or before an incomplete tail unless final.
// The result for a longer source begins with the result for a shorter one.
func doWash(src string, first bool, keep int, final bool) washed {
	name, ok := 0, true
	if first {
		if name, ok = ownName(src, final); !ok {
			return washed{}
		}
	}
	if n := dirty(src, keep); name > 0 {
		// not clean
	} else if n == len(src) {
		return washed{text: src, end: n}
	} else if n >= keep {
		return washed{text: src[:n], end: n, more: true}
	}
	var b strings.Builder
	var w washed
	i, gap := name, name
	if name > 0 {
		w.cuts = append(w.cuts, wash{0, name})
	}
	for i < len(src) {
		if b.Len() >= keep {
			w.more = true
			break
		}
		n, drop, ok := washOne(src[i:], final)
		if !ok {
			break
		}
		if drop {
			gap += n
			if len(w.cuts) > 0 && w.cuts[len(w.cuts)-1].at == b.Len() {
				w.cuts[len(w.cuts)-1].gap = gap
			} else {
				w.cuts = append(w.cuts, wash{b.Len(), gap})
			}
		} else {
			b.WriteString(src[i : i+n])
		}
		i += n
	}
	w.text, w.end = b.String(), i
	return w
}

// ownName is the length of a name that the model puts before its answer, as in a
// transcript, and of the space after it.
func ownName(src string, final bool) (n int, ok bool) {
	for _, name := range [...]string{"ChatGPT:", "Holdfast:"} {
		if len(src) < len(name) && strings.HasPrefix(name, src) && src != "" {
			return 0, final
		}
		if !strings.HasPrefix(src, name) {
			continue
		}
		n = len(name)
		for n < len(src) && (src[n] == ' ' || src[n] == '\n') && n < len(name)+8 {
			n++
		}
		return n, final || n < len(src)
	}
	return 0, true
}

// dirty is the length of the clean prefix of src, at most keep (and then not inside a rune).
func dirty(src string, keep int) int {
	for i := 0; i < len(src); {
		if i >= keep {
			return i
		}
		c := src[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(src[i:])
		if r == utf8.RuneError && n == 1 || special(r) {
			return i
		}
		i += n
	}
	return len(src)
}

// special are the runes that need a look: citation markers, the bracket that opens the
// older form of citation, what turns the direction of text or hides in it, and the flag that
// tags may follow.
func special(r rune) bool {
	return r >= 0xe200 && r <= 0xe202 || r == '【' || hidden(r) || r == blackFlag
}

// hidden are the runes that make text read otherwise than it is: bidirectional embeddings,
// overrides and isolates (Unicode TR 9; CVE-2021-42574), tags, and the byte order mark.
// Marks of direction and joiners stay, which people write with.
func hidden(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r == 0x2060 || isTag(r)
}

func isTag(r rune) bool { return r >= 0xe0000 && r <= 0xe007f }

const (
	blackFlag = 0x1f3f4
	maxFlag   = 4 + 8*4 // bytes of the flag of a region, such as Scotland's
)

// flag is the length of a flag with its tags.
func flag(s string, n int, final bool) (int, bool, bool) {
	i := n
	for i < len(s) && i < maxFlag {
		r, k := utf8.DecodeRuneInString(s[i:])
		if !utf8.FullRuneInString(s[i:]) {
			return n, false, final
		}
		if !isTag(r) {
			return i, false, true
		}
		if i += k; r == 0xe007f {
			return i, false, true
		}
	}
	return i, false, final || i >= maxFlag
}

// washOne looks at the first thing of s: its length, and whether it goes. Not ok means
// that it depends on what follows.
func washOne(s string, final bool) (n int, drop, ok bool) {
	c := s[0]
	if c < utf8.RuneSelf {
		return 1, c < ' ' && c != '\n' && c != '\t' || c == 0x7f, true
	}
	if !utf8.FullRuneInString(s) {
		return 1, true, final
	}
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && n == 1:
		return 1, true, true
	case r == 0xe201 || r == 0xe202 || hidden(r):
		return n, true, true
	case r == blackFlag:
		return flag(s, n, final)
	case r == 0xe200:
		for i := n; i < len(s) && i < citeMax; i++ {
			if s[i] == '\n' {
				return n, true, true
			}
			if strings.HasPrefix(s[i:], citeClose) {
				return i + len(citeClose), true, true
			}
		}
		return n, true, final || len(s) >= citeMax+len(citeClose)
	case r == '【':
		return oldCitation(s, n, final)
	}
	return n, false, true
}

// oldCitation recognises 【4:0†source】 (assistants of 2023 to 2025).
func oldCitation(s string, n int, final bool) (int, bool, bool) {
	i := n
	for i < len(s) && i < n+12 && (s[i] >= '0' && s[i] <= '9' || s[i] == ':') {
		i++
	}
	if i == len(s) {
		return n, false, final
	}
	if i == n {
		return n, false, true
	}
	const dagger, end = "†", "】"
	if len(s)-i < len(dagger) && strings.HasPrefix(dagger, s[i:]) {
		return n, false, final
	}
	if !strings.HasPrefix(s[i:], dagger) {
		return n, false, true
	}
	for ; i < len(s) && i < citeMax; i++ {
		if s[i] == '\n' {
			return n, false, true
		}
		if strings.HasPrefix(s[i:], end) {
			return i + len(end), true, true
		}
	}
	return n, false, final || len(s) >= citeMax+len(end)
}
