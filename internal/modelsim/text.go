package modelsim

import (
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// echo is the line by which a test ties an answer to its question.
func echo(r *request) string { return "You said: " + strings.TrimSpace(r.lastUser) }

// textRand returns the source of a request's made-up words: the same question
// to the same seed reads the same.
func textRand(seed uint64, r *request) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.lastUser)) // a hash never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()^uint64(r.userCount)))
}

// answerText is the unscripted answer: the echo, the tool results if there are
// any, and lorem with Markdown in it.
func answerText(seed uint64, r *request) string {
	var b strings.Builder
	b.WriteString(echo(r))
	b.WriteString("\n\n")
	if len(r.toolOutputs) > 0 {
		b.WriteString("The tools answered:\n\n")
		for _, o := range r.toolOutputs {
			fmt.Fprintf(&b, "- `%s`: %s\n", orDefault(o.name, "tool"), strings.ReplaceAll(clip(o.text, 200), "\n", " "))
		}
		b.WriteString("\n")
	}
	rng := textRand(seed, r)
	b.WriteString(sentences(rng, 2))
	// Never two of a kind: two tables are two messages in Slack.
	for _, kind := range rng.Perm(blockKinds)[:1+rng.IntN(2)] {
		b.WriteString("\n\n")
		b.WriteString(block(rng, kind))
	}
	return strings.TrimSpace(b.String())
}

// filler is n characters of lorem in paragraphs and blocks.
func filler(r *request, n int) string {
	rng := textRand(1, r)
	var b strings.Builder
	b.WriteString(echo(r))
	for b.Len() < 4*n && utf8.RuneCountInString(b.String()) < n {
		for range 20 {
			b.WriteString("\n\n")
			b.WriteString(sentences(rng, 4))
			b.WriteString("\n\n")
			b.WriteString(block(rng, rng.IntN(blockKinds)))
		}
	}
	return clip(b.String(), n)
}

func thoughts(r *request) string {
	return "**Reading the question**\n\nThe newest message is \"" + clip(strings.TrimSpace(r.lastUser), 60) + "\". I weigh what it asks for, then answer."
}

func words() []string {
	return strings.Fields(`lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna
		aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat`)
}

func sentences(rng *rand.Rand, n int) string {
	list := words()
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for j := range 6 + rng.IntN(8) {
			w := list[rng.IntN(len(list))]
			if j == 0 {
				w = strings.ToUpper(w[:1]) + w[1:]
			} else {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
		b.WriteByte('.')
	}
	return b.String()
}

const blockKinds = 9

// block is one piece of Markdown out of what renderers get wrong.
func block(rng *rand.Rand, kind int) string {
	w := func() string { l := words(); return l[rng.IntN(len(l))] }
	switch kind {
	case 0:
		return "## " + sentences(rng, 1) + "\n\n" + sentences(rng, 1)
	case 1:
		return "- " + w() + "\n- **" + w() + "** and _" + w() + "_\n  - nested " + w() + "\n- ~~" + w() + "~~"
	case 2:
		return "1. " + w() + "\n2. " + w() + "\n3. " + w()
	case 3:
		return "| name | value |\n|---|---:|\n| " + w() + " | 1 |\n| " + w() + " | 22 |"
	case 4:
		return "```go\nif a < b && c > d {\n\tfmt.Println(\"" + w() + "\")\n}\n```"
	case 5:
		return "See [the " + w() + " page](https://example.com/" + w() + "?a=1&b=2) or https://example.org/" + w() + "."
	case 6:
		return "Emoji 🎉👩‍👩‍👧‍👦🇫🇷 and four-byte 𝒳𝓎 runes, " + w() + "."
	case 7:
		return "Right to left: שלום עולם, مرحبا بالعالم. " + sentences(rng, 1)
	}
	return "Look-alikes: <@U012ABCDEF>, <!here>, a & b < c > d, `" + w() + "`."
}

// chunks cuts text into the pieces of its deltas: words for n 0, the whole for a
// negative n, n runes otherwise.
func chunks(text string, n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			end := len(text)
			switch {
			case n == 0:
				end = wordEnd(text)
			case n > 0:
				end = len(clip(text, n))
			}
			if !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}

// wordEnd returns where the first word and the space after it end, at most 24
// runes on.
func wordEnd(text string) int {
	seen, runes := false, 0
	for i, r := range text {
		space := r == ' ' || r == '\n' || r == '\t'
		if seen && !space && (text[i-1] == ' ' || text[i-1] == '\n' || text[i-1] == '\t') || runes == 24 {
			return i
		}
		seen = seen || !space
		runes++
	}
	return len(text)
}
