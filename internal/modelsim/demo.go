package modelsim

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	demoLabel  = "I'm the demo model built into Holdfast; set `OPENAI_API_KEY` for a real one."
	demoFooter = "\n\n_Demo model. Set `OPENAI_API_KEY` for a real one._"
)

// demoTiming is a pace that is pleasant to read along with: about 30 words a
// second, the first after 0.4 s.
func demoTiming() Timing {
	return Timing{FirstToken: 400 * time.Millisecond, Think: 1500 * time.Millisecond, Work: 2500 * time.Millisecond, TokensPerSecond: 45}
}

// demo is the sandbox's answer. It never claims to understand more than the
// words that help lists.
func demo(req *request) script {
	if strings.HasPrefix(strings.TrimSpace(req.system), "Write a title") {
		return plain(demoTitle(req.lastUser))
	}
	d := newDemoTalk(req)
	if sc, ok := d.useTool(req); ok {
		return sc
	}
	word := d.keyword()
	switch word {
	case "error":
		return script{
			items: []Item{{Text: "Here is how a failure looks. I start an answer like any other, I get a few words out, and then the model"}},
			fault: &Fault{Kind: FaultFailed, After: 22, Code: "server_error", Message: "The demo model broke off on purpose, because you said error."},
		}
	case "think":
		return script{items: []Item{{Type: "reasoning", Text: demoThoughts}, {Text: d.label("I thought about it first; a status line should have shown that while you waited. 🤔\n\n" +
			"My conclusion: **a good answer says what it is unsure of.** I am a script, so I am sure of everything, which should make you careful.")}}}
	case "long":
		return plain(d.label(demoLong()))
	case "":
		return plain(d.chat())
	}
	return plain(d.label(demoTexts()[word]))
}

// demoTitle names a conversation after the first words of its question.
func demoTitle(shown string) string {
	_, question, found := strings.Cut(shown, "Question:\n")
	if !found {
		question = shown
	}
	question, _, _ = strings.Cut(strings.TrimSpace(question), "\n")
	words := strings.Fields(strings.Trim(question, ".!? "))
	if len(words) == 0 {
		return "A conversation"
	}
	title := []rune(strings.Join(words[:min(6, len(words))], " "))
	return strings.ToUpper(string(title[0])) + string(title[1:])
}

// demoTalk is what the demo notices about a conversation.
type demoTalk struct {
	text    string // newest message, without mentions
	earlier []string
	name    string
	newName bool // said in the newest message
}

func newDemoTalk(req *request) demoTalk {
	// An assistant may put a heading in brackets over each message, saying who
	// spoke and when; that and mentions are not what was said.
	heading := regexp.MustCompile(`^\s*(?:\[[^\n]*\]|⟦[^\n]*⟧)\s*\n`)
	mention := regexp.MustCompile(`<[@!#][^>]*>|^\s*@\S+`)
	clean := func(s string) string {
		return strings.Join(strings.Fields(mention.ReplaceAllString(heading.ReplaceAllString(s, ""), "")), " ")
	}
	d := demoTalk{text: clean(req.lastUser)}
	for _, e := range req.earlier {
		d.earlier = append(d.earlier, clean(e))
	}
	said := regexp.MustCompile(`(?:(?i:my name is|my name's|call me)\s+|\bI(?:'|’)?\s?a?m\s+)(\p{Lu}[\p{L}'’-]*)`)
	for i, s := range append(slices.Clone(d.earlier), d.text) {
		if m := said.FindStringSubmatch(s); m != nil {
			d.name, d.newName = m[1], i == len(d.earlier)
		}
	}
	return d
}

func (d demoTalk) keyword() string {
	words := strings.FieldsFunc(strings.ToLower(d.text), func(r rune) bool { return r < 'a' || r > 'z' })
	for _, w := range []string{"help", "error", "think", "long", "table", "code", "list", "story"} {
		if slices.Contains(words, w) {
			return w
		}
	}
	if d.newName {
		return ""
	}
	for _, w := range []string{"hello", "hi", "hey"} {
		if slices.Contains(words, w) && len(d.earlier) == 0 {
			return "hello"
		}
	}
	return ""
}

// label says once in a conversation, at length, who is talking, and shortly ever
// after.
func (d demoTalk) label(text string) string {
	if len(d.earlier) > 0 {
		return text + demoFooter
	}
	return text + "\n\n_" + demoLabel + "_"
}

// chat answers what has no keyword.
func (d demoTalk) chat() string {
	quote := "> " + orDefault(clip(d.text, 160), "(no words)")
	switch {
	case d.newName:
		return d.label("Nice to meet you, **" + d.name + "**! 👋 I'll know your name for the rest of this thread. Say `help` to see what else I can do.")
	case len(d.earlier) > 0:
		who := ""
		if d.name != "" {
			who = ", " + d.name
		}
		count := "one message"
		if n := len(d.earlier); n > 1 {
			count = fmt.Sprintf("%d messages", n)
		}
		return "I'm still with you" + who + ". 🪢 Before this I read " + count + " of this thread; the last was\n\n> " + clip(d.earlier[len(d.earlier)-1], 160) +
			"\n\nand now you say\n\n" + quote + "\n\nA real model would answer that. I can only show that nothing was lost on the way." + demoFooter
	}
	return "You wrote:\n\n" + quote + "\n\n" + demoLabel + " So I can't really answer, but the whole way from you to me and back is real: " +
		"Slack's protocol, the queue, the stream you are watching.\n\nSay `help` for the words I know, or reply here and see that I remember the thread. 🌊"
}

const demoThoughts = `**Listening**

The person asks me to think. I have no thoughts, but I do have a script, and it has a good pause in it.

**Weighing the answer**

Short or long? Short. Honest or impressive? Honest.`

func demoTexts() map[string]string {
	return map[string]string{
		"hello": "Hello! 👋\n\n" + `Everything you see between us is the real assistant; only the brain is a stand-in. Try one of these:

- ` + "`table`, `code` or `list`" + ` to see how Markdown looks here
- ` + "`long`" + ` for an answer that needs more than one message
- ` + "`help`" + ` for the rest`,
		"help": `## What I know

I look for one of these words in your message:

| say | and I show |
|---|---|
| ` + "`hello`" + ` | a greeting |
| ` + "`table`" + ` | a table |
| ` + "`code`" + ` | a code block |
| ` + "`list`" + ` | lists and links |
| ` + "`story`" + ` | a very short story |
| ` + "`think`" + ` | thinking before the answer |
| ` + "`long`" + ` | about 14,000 characters |
| ` + "`error`" + ` | a failure in mid-sentence |
| ` + "`draw a lighthouse`" + ` | a picture, if the assistant offers me that tool |
| ` + "`search the web for`" + ` … | a search with sources, likewise |
| ` + "`plot a chart`" + ` | code that leaves files, likewise |

Tell me your name (*my name is Ada*) or just go on talking in this thread: I remember it. To break things on purpose, write for example ` +
			"`[[sim fault=F6 after=12 for=30s]]`" + ` before your message. 🔧`,
		"table": `### Seaweeds and how they hold on

| seaweed | grows to | holds on with |
|---|---:|---|
| Giant kelp | 45 m | a holdfast as big as a car tyre |
| Sugar kelp | 4 m | a branched holdfast |
| Bladder wrack | 1 m | a small disc |
| Sargassum | 2 m | nothing, it drifts 🌊 |

Tables stay tables on their way into Slack.`,
		"code": "Here is a queue that keeps its order:\n\n```go\npackage main\n\nimport \"fmt\"\n\n// lane answers messages one at a time, in order.\nfunc lane(in <-chan string) {\n\tfor m := range in {\n\t\tfmt.Println(\"answered:\", m)\n\t}\n}\n\nfunc main() {\n\tin := make(chan string, 3)\n\tin <- \"first\"\n\tin <- \"second\"\n\tin <- \"third <&>\"\n\tclose(in)\n\tlane(in)\n}\n```\n\nInside a sentence, code looks like `go run .` and keeps its `<&>`.",
		"list": `Three kinds of list:

1. **First**, a numbered one
2. with _emphasis_ and ~~second thoughts~~
3. and a [link to the Responses API](https://platform.openai.com/docs/api-reference/responses)

- then bullets
  - that nest
  - as deep as this
- and come back

- [x] and boxes that are ticked
- [ ] or not yet ☕`,
		"story": `## The bot that lost its place

A bot lived in a busy channel. One day, in the middle of a sentence, somebody pulled its plug.

It woke up two seconds later. "Where was I?" it asked.

"Right here," said the journal, and handed it the other half of the sentence.

So the bot went on, in the same message, and nobody noticed but the operator, who smiled and poured another coffee. ☕

*The end.*`,
	}
}

// demoLong is long enough that the answer has to go on in a second message.
func demoLong() string {
	rng := rand.New(rand.NewPCG(14, 14))
	openers := []string{"The tide comes in twice a day.", "Down here it is quiet.", "A storm is on its way.", "Morning light reaches the reef.", "The current turns north."}
	middles := []string{
		"The kelp bends with every wave and never leaves its rock, because all its strength is in the part that nobody sees.",
		"An otter wraps itself in a blade before it sleeps, so that it wakes up where it lay down.",
		"Crabs cross the floor in single file, and none of them overtakes another.",
		"A message in a bottle drifts past; whoever finds it will know which wave carried it.",
		"Somewhere above, a boat drops anchor, drifts a little, and holds.",
		"Fish that were separated by the surge find the same crevice again.",
		"Nothing here is in a hurry, and yet nothing waits for long.",
		"What the storm tears loose is caught by the next forest down the coast.",
	}
	var b strings.Builder
	b.WriteString("# A long walk through a kelp forest 🌿\n\nThis is about 14,000 characters, more than one Slack message can hold. Watch where it goes over into the next.\n")
	for chapter := 1; b.Len() < 13_700; chapter++ {
		fmt.Fprintf(&b, "\n## %d. %s\n\n", chapter, strings.TrimSuffix(openers[(chapter-1)%len(openers)], "."))
		for range 2 {
			order := rng.Perm(len(middles))
			for _, i := range order[:4] {
				b.WriteString(middles[i] + " ")
			}
			b.WriteString("\n\n")
		}
		if chapter%3 == 0 {
			fmt.Fprintf(&b, "- depth: %d m\n- light: %d %%\n- otters: **%d**\n", chapter*3, 100-chapter*6, rng.IntN(9))
		}
	}
	b.WriteString("\nAnd here, at last, is the end of the walk. If it is in the same thread as the beginning, everything worked. 🎉")
	return b.String()
}
