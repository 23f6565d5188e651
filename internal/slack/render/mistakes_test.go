package render_test

import (
	"strings"
	"testing"

	"holdfast/internal/slack/render"
)

// textMistakes are the mistakes of other assistants that touch text, by their number on
// the page docs/mistakes.md.
var textMistakes = map[string]func(*testing.T){
	// Pipes in code were taken for a table's.
	"E8": func(t *testing.T) {
		code := "a | b\n--|--\nx || y && *p\n\n\n# no heading\n\tdeep"
		s := show(t, "```sh\n"+code+"\n```", render.Limits{})
		same(t, s.before, "```sh\n"+code+"\n```\n")
	},
	// Fences were flattened or cut open, and a run without spaces was sent too long.
	"E9": func(t *testing.T) {
		var code strings.Builder
		for range 300 {
			code.WriteString("x := 1 // a line\n\n")
		}
		src := "# Title\n\n```go\n" + code.String() + "```\n\n" + strings.Repeat("y", 9000) + "\n"
		checkParts(t, src, render.Limits{})
		seen := ""
		for _, p := range render.Parts(render.Markdown(src), render.Limits{}) {
			seen += p.Stream()
			if n := strings.Count(p.Stream(), "```"); n%2 != 0 {
				t.Errorf("%d fences", n)
			}
		}
		if n := strings.Count(seen, "x := 1 // a line\n"); n != 300 || strings.Count(seen, "y") != 9000 {
			t.Errorf("%d lines of code, %d characters of the run", n, strings.Count(seen, "y"))
		}
	},
	// Tables were not shown as such.
	"E10": func(t *testing.T) {
		s := show(t, wide, render.Limits{})
		same(t, len(s.table), 3)
	},
	// What was converted was converted again; arithmetic became italics.
	"E11": func(t *testing.T) {
		for _, src := range []string{
			"**bold** and 5 * 3 * 2, `__init__`, a < b && c", "https://example.org/a_(b), x.", "```\na\n\n\nb\n```", "**a *b* c**", "H<sub>2</sub>O costs $5, $x_1$", "&amp;lt;b&amp;gt;",
		} {
			p := one(t, src)
			again := one(t, p.Stream())
			if again.Stream() != p.Stream() && !strings.Contains(src, "&amp;") {
				t.Errorf("%q is converted twice: %q", p.Stream(), again.Stream())
			}
		}
		// A Part is no Markdown: render.Parts(p.Text()) does not even compile without saying so.
	},
	// What is shown while an answer grows was not what it became.
	"E12": func(t *testing.T) {
		src := "Say ```` ``` ```` in text, <@U0ALLOWED>, [a link](https://example.org/a_(b)), **bold `code` bold**, $x_1^2$ for $5,\n\n" +
			"$$\n\\frac{a}{b}\n$$\n\n<b>x</b><br>y H<sub>2</sub>O[^1]\n\n| a | b |\n|---|---|\n| 1 | `x|y` |\n\n```go\nx\n```\n\n[^1]: note"
		for _, l := range []render.Limits{{Mentions: []string{"U0ALLOWED"}}, {Chars: 400, Mentions: []string{"U0ALLOWED"}}} {
			checkLive(t, src, everyByte(src), l)
		}
		for n := range len(src) { // nothing half
			p, _, _ := render.Next(render.Markdown(src[:n]), render.Cursor{}, render.Limits{Mentions: []string{"U0ALLOWED"}}, false)
			for _, half := range []string{"$x", "\\frac", "<b", "<sub", "[^", "<@U0ALLOWED", "](http"} {
				if s := p.Stream(); strings.HasSuffix(s, half) {
					t.Errorf("after %d bytes it shows half of something: %q", n, s)
				}
			}
		}
	},
	// Texts of several outputs grew together.
	"E13": func(t *testing.T) {
		p := one(t, "Let me look.\n\nFound it.")
		same(t, p.Text(), "Let me look.\n\nFound it.")
	},
	// Marks that steer the program were shown.
	"B14": func(t *testing.T) {
		for _, marker := range []string{
			"\ue200cite\ue202turn0search1\ue201", "turn0search1", "citeturn2view0turn1news3", "【4:0†source】", "[[reply:thread]]", "[[reply_to:123]]",
			"[used tools: web_search, files]", ":contentReference[oaicite:0]{index=0}", "[oaicite:3]", "<|im_end|>", "<|endoftext|>", "<!-- note to self -->",
		} {
			for _, src := range []string{"Before " + marker + " after.", marker + "\n\nafter.", "- item " + marker, "| a |\n|---|\n| x " + marker + " |\n", "**bold " + marker + "**", "> " + marker + " quoted"} {
				p := one(t, src)
				for _, out := range []string{p.Text(), p.Stream(), string(p.Blocks())} {
					for _, left := range []string{"turn0", "turn2", "cite", "source】", "reply", "used tools", "im_end", "endoftext", "note to self"} {
						if strings.Contains(out, left) {
							t.Errorf("%q shows %q: %s", src, left, out)
						}
					}
				}
				checkLive(t, src, everyByte(src), render.Limits{})
			}
			code := "`" + marker + "`"
			if p := one(t, code); marker[0] < 0x80 && !strings.Contains(p.Stream(), marker) {
				t.Errorf("in code, it stays: %q", p.Stream())
			}
		}
		same(t, one(t, "ChatGPT: Hello.").Text(), "Hello.")
		same(t, one(t, "I asked ChatGPT: it knew.").Text(), "I asked ChatGPT: it knew.")
		same(t, one(t, "Their turn, 3 turns, cite it.").Text(), "Their turn, 3 turns, cite it.")
	},
	// Mentions that were not meant notified people.
	"C12": func(t *testing.T) {
		p := one(t, "<@U0ALLOWED> `<@U0ALLOWED>` <@U0STRANGER> <!subteam^S1|@ops> @here")
		same(t, p.Text(), "<@U0ALLOWED> `&lt;@U0ALLOWED&gt;` @\u200bU0STRANGER @\u200bops @\u200bhere")
	},
}

// TestTextMistakes holds one test for each mistake that touches text.
func TestTextMistakes(t *testing.T) {
	for name, f := range textMistakes {
		t.Run(name, f)
	}
}

// TestEveryTextMistakeIsHeld wants a test for every row of the page that names these tests.
func TestEveryTextMistakeIsHeld(t *testing.T) {
	named := 0
	for line := range strings.Lines(readFile(t, "../../../docs/mistakes.md")) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(line, "TestTextMistakes") {
			continue
		}
		named++
		if id := strings.TrimSpace(cells[1]); textMistakes[id] == nil {
			t.Errorf("%s has no test", id)
		}
	}
	if named != len(textMistakes) {
		t.Errorf("the page names %d, and there are %d", named, len(textMistakes))
	}
}

// TestNothingHides wants no character that turns the direction of text, or hides in it.
func TestNothingHides(t *testing.T) {
	src := "a\u202eb &#8238; &#x2066;c\u2069 \U000e0041\ufeff &mdash; &nbsp;&copy; &amp; &lt; `&mdash; \u202e` 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
	p := one(t, src)
	for _, out := range []string{p.Text(), p.Stream(), string(p.Blocks())} {
		if strings.ContainsAny(out, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\U000e0041") || strings.Contains(out, "8238") {
			t.Errorf("%q", out)
		}
		if !strings.Contains(out, "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f") || !strings.Contains(out, "— \u00a0©") {
			t.Errorf("%q lost something", out)
		}
	}
	if !strings.Contains(p.Stream(), "&amp; &lt; `&mdash; `") {
		t.Errorf("%q", p.Stream())
	}
	checkLive(t, src, everyByte(src), render.Limits{})
}

// TestMoneyIsNotMaths holds what dollar signs mean.
func TestMoneyIsNotMaths(t *testing.T) {
	for _, src := range []string{
		"It costs $5 and $10.", "From $5-$10 a month", "$5, or $6", "US$5 and US$6", "I paid 5$ and got 6$ back", "$1,000-$2,000", "$HOME/bin:$PATH", "$HOME and $PATH",
		"a $5/month plan; that's $60/year", "$foo$ is a name", "price is $", "$$", "$ 5 $", "between $20 and 30$", "$5k–$6k", "**$5** or *$6*", "$5 * 3 = $15", "($3) and ($4)",
		"\\(not maths here\\)", "\\[just a bracket\\]", "cost: $3.50 (was $4.00)",
	} {
		p := one(t, src)
		want := strings.NewReplacer("**", "", "*", "", "\\", "").Replace(src)
		got := strings.NewReplacer("*", "", "_", "", "\u200b", "", "\\", "").Replace(p.Text())
		if got != want {
			t.Errorf("%q became %q", src, p.Text())
		}
	}
	for src, want := range map[string]string{
		"$x$": "x", "$x_1$-axis": "x₁-axis", "($n$)": "(n)", "$E=mc^2$.": "E=mc².", "$\\alpha$ and $\\beta$": "α and β", "$5 + 3 = 8$": "5 + 3 = 8", "$f(x)$": "f(x)", "$ABC$": "ABC",
		"costs \\$5 for $n$": "costs $5 for n", "$$a^2$$": "a²", "\\(a\\)": "a", "\\[a_1\\]": "a₁", "it is $\\$5$": "it is $5", "**$x^2$**": "*x²*",
	} {
		if got := one(t, src).Text(); got != want {
			t.Errorf("%q became %q, want %q", src, got, want)
		}
	}
}
