package tex

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxDepth = 24

// Text is the formula as one line.
func Text(src string) string {
	r := reader{s: src}
	return tidy(r.all())
}

// reader walks through a formula.
type reader struct {
	s     string
	i     int
	depth int
}

// all reads to the end; closing braces too many are dropped.
func (r *reader) all() string {
	var b strings.Builder
	for r.i < len(r.s) {
		b.WriteString(r.run())
		r.i++ // a brace that nothing opened
	}
	return b.String()
}

// run reads up to a closing brace or the end.
func (r *reader) run() string {
	var b strings.Builder
	for r.i < len(r.s) && r.s[r.i] != '}' {
		b.WriteString(r.term())
	}
	return b.String()
}

// term reads one thing and the scripts on it.
func (r *reader) term() string {
	c := r.s[r.i]
	switch c {
	case '^', '_':
		r.i++
		return script(c, r.argument())
	case '{':
		return r.argument()
	case '\\':
		return r.command()
	case '&', '~', ' ', '\t', '\n', '\r':
		r.i++
		return " "
	case '\'':
		r.i++
		return "′"
	case '-':
		r.i++
		return "−"
	case '*':
		r.i++
		return "∗"
	}
	_, n := utf8.DecodeRuneInString(r.s[r.i:])
	r.i += n
	return r.s[r.i-n : r.i]
}

// argument reads a group, a command or one character.
func (r *reader) argument() string {
	r.space()
	if r.i >= len(r.s) || r.s[r.i] == '}' {
		return ""
	}
	if r.s[r.i] != '{' {
		if r.depth >= maxDepth {
			_, n := utf8.DecodeRuneInString(r.s[r.i:])
			r.i += n
			return r.s[r.i-n : r.i]
		}
		r.depth++
		defer func() { r.depth-- }()
		return r.term()
	}
	raw := r.group()
	if r.depth >= maxDepth {
		return raw
	}
	inner := reader{s: raw, depth: r.depth + 1}
	return strings.TrimSpace(inner.all())
}

// group takes a group in braces and gives what is in it, as it is written.
func (r *reader) group() string {
	r.space()
	if r.i >= len(r.s) || r.s[r.i] != '{' {
		return ""
	}
	from := r.i + 1
	level := 0
	for ; r.i < len(r.s); r.i++ {
		switch r.s[r.i] {
		case '\\':
			r.i++
		case '{':
			level++
		case '}':
			if level--; level == 0 {
				r.i++
				return r.s[from : r.i-1]
			}
		}
	}
	r.i = len(r.s)
	return r.s[min(from, r.i):]
}

// option takes a group in brackets.
func (r *reader) option() (string, bool) {
	if r.i < len(r.s) && r.s[r.i] == '[' {
		if end := strings.IndexByte(r.s[r.i:], ']'); end > 0 {
			raw := r.s[r.i+1 : r.i+end]
			r.i += end + 1
			if r.depth >= maxDepth {
				return raw, true
			}
			inner := reader{s: raw, depth: r.depth + 1}
			return strings.TrimSpace(inner.all()), true
		}
	}
	return "", false
}

func (r *reader) space() {
	for r.i < len(r.s) && strings.IndexByte(" \t\r\n", r.s[r.i]) >= 0 {
		r.i++
	}
}

// name reads a command's name, the backslash before it included.
func (r *reader) name() string {
	r.i++
	if r.i >= len(r.s) {
		return ""
	}
	from := r.i
	for r.i < len(r.s) && letter(r.s[r.i]) {
		r.i++
	}
	if r.i == from {
		_, n := utf8.DecodeRuneInString(r.s[r.i:])
		r.i += n
		return r.s[from:r.i]
	}
	name := r.s[from:r.i]
	if r.i < len(r.s) && r.s[r.i] == '*' {
		r.i++
	}
	return name
}

func (r *reader) command() string {
	name := r.name()
	switch name {
	case "":
		return ""
	case "frac", "dfrac", "tfrac", "cfrac":
		return r.fraction()
	case "binom", "dbinom", "tbinom":
		n := r.argument()
		return "(" + n + " choose " + r.argument() + ")"
	case "sqrt":
		index, ok := r.option()
		sign := "√"
		switch {
		case index == "3":
			sign = "∛"
		case index == "4":
			sign = "∜"
		case ok:
			sign = script('^', index) + "√"
		}
		return sign + enclose(r.argument())
	case "text", "textrm", "textbf", "textit", "texttt", "textsf", "mbox", "hbox", "operatorname", "mathrm", "mathbf", "mathit", "mathsf", "mathtt",
		"boldsymbol", "bm", "pmb", "emph", "boxed", "fbox", "cancel", "underline", "underbrace", "overbrace", "smash", "phantom", "mathop", "mathbin", "mathrel", "mathstrut", "mathfrak", "mathscr", "ensuremath":
		return r.wrapped(name)
	case "mathbb":
		return mapped(r.argument(), doubleStruck)
	case "mathcal":
		return mapped(r.argument(), calligraphic)
	case "ce":
		return chemistry(r.group())
	case "overset", "stackrel":
		over := r.argument()
		return r.argument() + script('^', over)
	case "underset":
		under := r.argument()
		return r.argument() + script('_', under)
	case "xrightarrow":
		return " —" + r.argument() + "→ "
	case "xleftarrow":
		return " ←" + r.argument() + "— "
	case "pmod":
		return " (mod " + r.argument() + ")"
	case "tag":
		return " (" + r.argument() + ")"
	case "label", "color", "hspace", "vspace":
		r.group()
		return ""
	case "begin":
		return r.environment()
	case "end":
		r.group()
		return ""
	case "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr":
		r.space()
		if r.i < len(r.s) && r.s[r.i] == '.' { // a delimiter that is not shown
			r.i++
		}
		return ""
	case "not":
		return tidy(r.argument()) + "\u0338"
	case "\\", "newline", "cr":
		_, _ = r.option()
		return "; "
	}
	if mark, ok := accents[name]; ok {
		return accent(r.argument(), mark)
	}
	if s, ok := symbols[name]; ok {
		return s
	}
	if s, ok := relations[name]; ok {
		return " " + s + " "
	}
	if functions[name] {
		return r.function(name)
	}
	if layout[name] {
		return ""
	}
	return " " + name + " "
}

// wrapped reads the argument of a command that only changes the font or draws around it.
func (r *reader) wrapped(name string) string {
	if strings.HasPrefix(name, "text") || name == "mbox" || name == "hbox" || name == "operatorname" {
		raw := r.group()
		text := strings.NewReplacer(`\_`, "_", `\%`, "%", `\$`, "$", `\&`, "&", `\#`, "#", `\{`, "{", `\}`, "}", "~", " ", `\ `, " ", `\,`, " ").Replace(raw)
		if strings.ContainsAny(text, `\$`) && r.depth < maxDepth {
			inner := reader{s: strings.ReplaceAll(text, "$", ""), depth: r.depth + 1}
			text = inner.all()
		}
		if name == "operatorname" {
			return " " + text + r.bound()
		}
		return text
	}
	return r.argument()
}

func (r *reader) fraction() string {
	over := r.argument()
	under := r.argument()
	if f, ok := vulgar[over+"/"+under]; ok {
		return f
	}
	f := enclose(over) + "/" + enclose(under)
	rest := strings.TrimLeft(r.s[r.i:], " ")
	if rest != "" && (letter(rest[0]) || digit(rest[0]) || rest[0] == '(' || rest[0] == '^') || r.factorFollows(rest) {
		return "(" + f + ")"
	}
	return f
}

// factorFollows says whether rest begins with a command that stands for a factor.
func (r *reader) factorFollows(rest string) bool {
	if len(rest) < 2 || rest[0] != '\\' {
		return false
	}
	at := reader{s: rest}
	name := at.name()
	s, ok := symbols[name]
	first, _ := utf8.DecodeRuneInString(s)
	return ok && unicode.IsLetter(first) || name == "frac" || name == "sqrt" || name == "left" || functions[name] || accents[name] != ""
}

// function reads a named function with what is set under it: lim (x→0).
func (r *reader) function(name string) string {
	return " " + name + r.bound()
}

// bound reads the scripts of a function, and leaves air before what follows.
func (r *reader) bound() string {
	out := ""
	for {
		at := r.i
		r.space()
		if r.i >= len(r.s) {
			return out
		}
		switch c := r.s[r.i]; {
		case c == '_':
			r.i++
			under := tidy(r.argument())
			if s, ok := scripted(under, subscripts); ok {
				out += s
			} else {
				out += " (" + strings.ReplaceAll(under, " → ", "→") + ")"
			}
		case c == '^':
			r.i++
			out += script('^', r.argument())
		case c == '(' || c == '[' || c == '{' && out == "":
			if at < r.i && c == '(' {
				out += " "
			}
			return out
		default:
			return out + " "
		}
	}
}

// script is text as a superscript or a subscript.
func script(c byte, text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	forms := superscripts
	if c == '_' {
		forms = subscripts
	}
	if s, ok := scripted(text, forms); ok {
		return s
	}
	if c == '^' {
		switch text {
		case "∘":
			return "°"
		case "′", "″", "∗", "†", "‡":
			return text
		}
	}
	text = tidy(text)
	if atom(text) && (c == '_' || utf8.RuneCountInString(text) == 1 || strings.Trim(text, "0123456789.") == "") {
		return string(c) + text
	}
	return string(c) + "(" + text + ")"
}

func scripted(text string, forms map[rune]rune) (string, bool) {
	var b strings.Builder
	for _, r := range tidy(text) {
		if r == ' ' {
			continue
		}
		if r == ',' && b.Len() > 0 { // aᵢ,ⱼ
			b.WriteRune(r)
			continue
		}
		f, ok := forms[r]
		if !ok {
			return "", false
		}
		b.WriteRune(f)
	}
	return b.String(), true
}

// enclose puts parentheses around what is more than one factor.
func enclose(s string) string {
	s = tidy(s)
	if atom(s) {
		return s
	}
	return "(" + s + ")"
}

// atom says whether s needs no parentheses.
func atom(s string) bool {
	if s == "" {
		return true
	}
	if s[0] == '(' && s[len(s)-1] == ')' {
		level := 0
		for i := range len(s) {
			switch s[i] {
			case '(':
				level++
			case ')':
				level--
			}
			if level == 0 && i < len(s)-1 {
				return false
			}
		}
		return true
	}
	for i, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r), unicode.Is(unicode.No, r), unicode.Is(unicode.Lm, r):
		case strings.ContainsRune("′″°.%!∞∂∇√", r), i > 0 && strings.ContainsRune("₊₋₌₍₎⁺⁻⁼⁽⁾_^", r):
		default:
			return false
		}
	}
	return true
}

func mapped(s string, forms map[rune]rune) string {
	return strings.Map(func(r rune) rune {
		if f, ok := forms[r]; ok {
			return f
		}
		return r
	}, s)
}

// accent puts a combining mark on one letter, or on each of several.
func accent(s, mark string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
		if r != ' ' && !unicode.Is(unicode.M, r) {
			b.WriteString(mark)
		}
	}
	return b.String()
}

// chemistry reads the simple part of mhchem: H2O, SO4^2-, 2H2 + O2 -> 2H2O.
func chemistry(s string) string {
	s = strings.NewReplacer("<=>", " ⇌ ", "<->", " ↔ ", "->", " → ", "<-", " ← ").Replace(s)
	var b strings.Builder
	prev := rune(' ')
	up := false
	for _, r := range s {
		switch {
		case r == '^':
			up = true
		case r == '{' || r == '}' || r == '_':
			if r == '}' {
				up = false
			}
			continue
		case up && superscripts[r] != 0:
			b.WriteRune(superscripts[r])
		case r >= '0' && r <= '9' && (unicode.IsLetter(prev) || prev == ')' || prev == ']' || subscripts[prev] != 0 && prev >= '0' && prev <= '9' && b.Len() > 0 && endsInSubscript(b.String())):
			b.WriteRune(subscripts[r])
		case (r == '+' || r == '-') && prev != ' ' && prev != '^':
			b.WriteRune(superscripts[r])
		default:
			up = false
			b.WriteRune(r)
		}
		if r != '^' {
			prev = r
		}
	}
	return b.String()
}

func endsInSubscript(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r >= '₀' && r <= '₉'
}

// tidy leaves one space where there are several, and none inside brackets' edges or before punctuation.
func tidy(s string) string {
	fields := strings.Fields(s)
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			last, _ := utf8.DecodeLastRuneInString(fields[i-1])
			first, _ := utf8.DecodeRuneInString(f)
			if !strings.ContainsRune("([{⟨⌊⌈", last) && !strings.ContainsRune(")]}⟩⌋⌉,;", first) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(f)
	}
	return b.String()
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
