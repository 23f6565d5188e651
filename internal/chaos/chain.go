package chaos

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"holdfast/internal/modelsim"
)

// A conversation is a chain. Each message of a person carries a mark, its number
// and its version ("m000012.1"; an edit makes the next version). The model's
// answer lists the marks and the links of all that it was sent, in their order,
// and ends in a link of its own: the hash of that list. As the list has the
// earlier links, an answer that was lost, doubled, cut or moved anywhere in the
// conversation changes every later link.

// mark is how a message is known to the model.
func mark(n, version int) string { return fmt.Sprintf("m%06d.%d", n, version) }

var (
	markPattern = regexp.MustCompile(`\bm(\d{6})\.(\d)\b`)
	linkPattern = regexp.MustCompile(`(?m)^Link (a[0-9a-f]{10})\.$`)
	listPattern = regexp.MustCompile(`(?m)^Seen (.*)\.$`)
)

// link is the hash that ends the answer to a list.
func link(list []string) string {
	sum := sha256.Sum256([]byte(strings.Join(list, " ")))
	return "a" + hex.EncodeToString(sum[:5])
}

// linkOf is the link that a text of the assistant ends in; empty if it does not:
// it was cut before, or is a notice.
func linkOf(text string) string {
	m := linkPattern.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// listOf is the list in a text of the assistant.
func listOf(text string) []string {
	m := listPattern.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return strings.Fields(m[1])
}

// seen is the list of a conversation as it came to the model.
func seen(conversation []modelsim.Said) []string {
	var list []string
	for _, s := range conversation {
		switch s.Role {
		case "user":
			list = append(list, markPattern.FindAllString(s.Text, -1)...)
		case "assistant":
			if l := linkOf(s.Text); l != "" {
				list = append(list, l)
			}
		}
	}
	return list
}

// answer is what the model says. It follows from the list alone, so that whoever
// has the list can check every letter of it.
func answer(list []string) string {
	last := link(list)
	var b strings.Builder
	fmt.Fprintf(&b, "Holding on, %s.\n\n", last)
	// The link decides the length: most answers are short, one in 32 is long
	// enough for a second Slack message.
	sum := sha256.Sum256([]byte(last))
	paragraphs := 1 + int(sum[0])%4
	if sum[1]%32 == 0 {
		paragraphs = 40
	}
	for n := range paragraphs {
		b.WriteString(paragraph(sum, n))
		b.WriteString("\n\n")
	}
	fmt.Fprintf(&b, "Seen %s.\n\nLink %s.", strings.Join(list, " "), last)
	return b.String()
}

// paragraph is the n-th of an answer.
func paragraph(sum [32]byte, n int) string {
	parts := []string{
		"A holdfast is the part of a seaweed that **does not let go**. It looks like a root, but it takes no food from the ground; it only holds, and that through every storm of a winter.",
		"- kelp grips rock with many small branches\n- bladder wrack has a single disc\n- some live in sand and grow deep threads",
		"When a storm pulls at the blade, the stalk bends and the holdfast stays where it is. *Animals live in it*, hundreds to each, and ride out the weather there.",
		"> A spore settles, glues itself to the rock, and the first branches grow around that place.",
		"```\nfor place := range rock {\n\thold(place)\n}\n```",
		"Cut the blade and it grows again; cut the holdfast and the whole plant drifts away. In code one would write `keep(place)` and never `release(place)`.",
	}
	// Its number keeps two paragraphs of an answer apart.
	return fmt.Sprintf("Part %d. ", n+1) + "\n\n" + parts[int(sum[(n+2)%32])%len(parts)]
}

// letters is a text without what rendering changes: it keeps letters and digits.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}
