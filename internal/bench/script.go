package bench

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// Every message begins with a number: w for those that warm up, h for those
// whose model call hangs, m for all others.
func number(kind byte, n int) string { return fmt.Sprintf("%c%06d", kind, n) }

// question is what a person writes.
func question(number string) string { return number + " Please say what you know about holdfasts." }

// answer is what the model says to a message. $1 is its number.
func answer(chars int) string { return "$1 " + prose(chars) + "\n\n" + ending + "$1." }

// ending comes before the number at the end of an answer.
const ending = "That was all for message "

// rules script the model.
func rules(o Options) []modelsim.Rule {
	// A request may hold several messages; the newest text's last number is meant.
	match := func(kinds string) modelsim.Match {
		return modelsim.Match{Regexp: `(?s)^.*\b([` + kinds + `]\d{6})\b`}
	}
	return []modelsim.Rule{
		{ID: "hung", Match: match("h"), Text: "never said", Fault: &modelsim.Fault{Kind: modelsim.FaultHeaderHang}},
		{ID: "answer", Match: match("mw"), Text: answer(o.AnswerChars)},
	}
}

// prose is Markdown of at least n characters, whole sentences.
func prose(n int) string {
	parts := []string{
		"A holdfast is the part of a seaweed that **does not let go**. It looks like a root, but it takes no food from the ground; it only holds.",
		"- kelp grips rock with many small branches\n- bladder wrack has a single disc\n- some live in sand and grow deep threads",
		"When a storm pulls at the blade, the stalk bends and the holdfast stays where it is. *Animals live in it*, hundreds to each, and ride out the weather there.",
		"1. A spore settles.\n2. It glues itself to the rock.\n3. The first branches grow around that place.",
		"Cut the blade and it grows again; cut the holdfast and the whole plant drifts away. In code one would write `keep(place)` and never `release(place)`.",
	}
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(parts[i%len(parts)])
	}
	return b.String()
}

// marks finds numbers and endings in what a bot wrote.
type marks struct {
	number *regexp.Regexp
	ending *regexp.Regexp
}

func newMarks() marks {
	return marks{number: regexp.MustCompile(`\b[mhw]\d{6}\b`), ending: regexp.MustCompile(ending + `([mhw]\d{6})\.`)}
}

// first is the number that a text begins with, or near it; empty if none.
func (k marks) first(text string) string { return k.number.FindString(text[:min(len(text), 400)]) }

// ended are the numbers of the answers that end in a text.
func (k marks) ended(text string) []string {
	if !strings.Contains(text, ending) {
		return nil
	}
	var all []string
	for _, m := range k.ending.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
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

// text is what people read of a message of the bot's.
func text(m *slacksim.Message) string {
	if m.Stream != nil {
		return m.Stream.Text
	}
	if m.MarkdownText != "" {
		return m.MarkdownText
	}
	if len(m.Blocks) == 0 {
		return m.Text
	}
	var blocks any
	if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
		return m.Text
	}
	var b strings.Builder
	collect(&b, blocks)
	if b.Len() > len(m.Text) { // the text beside blocks may be a short form of them
		return b.String()
	}
	return m.Text
}

// collect writes the texts in blocks, in their order.
func collect(b *strings.Builder, v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			collect(b, e)
		}
	case map[string]any:
		if s, ok := x["text"].(string); ok {
			b.WriteString(s)
			return
		}
		for _, key := range []string{"text", "elements", "fields", "rows"} { // Slack: Block Kit
			collect(b, x[key])
		}
	}
}
