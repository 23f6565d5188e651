package render_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/slack/render"
)

// stream is what a caller does with a growing answer: for every tick it renders, sends
// what is new, and goes on with the next part when one is full. It checks on the way
// that nothing sent has to be taken back.
func stream(t fataler, src string, ticks []int, l render.Limits) (sent []string, cursors []render.Cursor) {
	t.Helper()
	var at render.Cursor
	current := ""
	live := 0
	tick := func(md render.Markdown, final bool) {
		for i := 0; ; i++ {
			if i > len(src)+2 {
				t.Fatalf("no progress at %+v", at)
				return
			}
			part, next, full := render.Next(md, at, l, final)
			if !strings.HasPrefix(part.Stream(), current) {
				t.Fatalf("after %d bytes, part %d: sent\n%q\nnow\n%q", len(md), len(sent), current, part.Stream())
				return
			}
			chunk, now := part.After(len(current))
			current += chunk
			if now != len(current) {
				t.Fatalf("After counts %d, stream has %d", now, len(current))
			}
			// Rendering every live state is slow; a sample is enough.
			if live++; full || final || live%7 == 0 {
				checkPart(t, part, l, full || final, len(sent))
			}
			if !full {
				if final {
					sent = append(sent, current)
				} else if next != at {
					t.Fatalf("not full, but the cursor moves from %+v to %+v", at, next)
				}
				return
			}
			if next.Offset < at.Offset || next == at {
				t.Fatalf("cursor %+v after %+v", next, at)
				return
			}
			sent = append(sent, current)
			cursors = append(cursors, next)
			at, current = next, ""
		}
	}
	for _, n := range ticks {
		tick(render.Markdown(src[:n]), false)
	}
	tick(render.Markdown(src), true)
	return sent, cursors
}

// whole cuts the finished answer.
func whole(src string, l render.Limits) (streams []string, cursors []render.Cursor) {
	var at render.Cursor
	for range len(src) + 2 {
		p, next, full := render.Next(render.Markdown(src), at, l, true)
		streams = append(streams, p.Stream())
		if !full {
			break
		}
		cursors = append(cursors, next)
		at = next
	}
	return streams, cursors
}

func checkLive(t fataler, src string, ticks []int, l render.Limits) {
	t.Helper()
	sent, cursors := stream(t, src, ticks, l)
	wantSent, wantCursors := whole(src, l)
	if !slices.Equal(cursors, wantCursors) {
		t.Fatalf("live cuts %+v\nwhole cuts %+v\nof %q", cursors, wantCursors, src)
	}
	if !slices.Equal(sent, wantSent) {
		t.Fatalf("live streams %q\nwhole streams %q", sent, wantSent)
	}
}

func checkParts(t fataler, src string, l render.Limits) {
	t.Helper()
	parts := render.Parts(render.Markdown(src), l)
	end := 0
	for i, p := range parts {
		checkPart(t, p, l, true, i)
		if p.IsZero() {
			t.Fatalf("part %d is empty", i)
		}
		from, to := p.Range()
		if from != end || to <= from {
			t.Fatalf("part %d has %d-%d after %d", i, from, to, end)
		}
		end = to
	}
	if len(parts) > 0 && end != len(src) {
		t.Fatalf("parts end at %d of %d", end, len(src))
	}
}

func checkSettled(t fataler, src string, ticks []int) {
	t.Helper()
	last := 0
	for _, n := range append(ticks, len(src)) {
		got := render.Settled(render.Markdown(src[:n]))
		if got < last || got > n {
			t.Fatalf("Settled(%q) = %d after %d", src[:n], got, last)
		}
		last = got
		held := strings.Map(func(r rune) rune { // what never shows is not held back
			if r < ' ' && r != '\n' {
				return -1
			}
			return r
		}, strings.ToValidUTF8(src[got:n], ""))
		held = strings.TrimRight(held, " \t\n")
		long := 464 + 128
		if strings.Contains(held, "://") || strings.Contains(held, "](") || strings.ContainsAny(held, "<") || strings.Contains(held, "$$") || strings.Contains(held, `\[`) || strings.Contains(held, `\begin{`) {
			long += 2048
		}
		if len(held) > long && !strings.Contains(held, "|") && !strings.Contains(src, "--|--") && !strings.ContainsAny(held, "\ue201†") && !strings.Contains(held, "```") && !strings.Contains(held, "~~~") {
			t.Fatalf("%d bytes held back: %q", len(held), held)
		}
	}
}

var fragments = []string{
	"word ", "Another sentence. ", "日本語の文です。", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "é", "\n", "\n", "\n\n", "\n\n", " ", "    ", "\t",
	"**bold**", "**", "*it*", "*", "_", "__init__", "~~", "~", "`code`", "`", "``", "```", "```go\n", "\n```\n", "~~~\n", "````\n",
	"# ", "## Heading\n", "---\n", "===\n", "***\n", "> ", "> quote\n", "- ", "- item\n", "* ", "1. ", "1. one\n", "2) two\n", "   - nested\n", "      1. deep\n", "   ", "- [ ] todo\n", "- [x] done\n",
	"| a | b |\n|---|---|\n| 1 | 2 |\n", "| x | `y|z` | w |\n", "|", "| q | r |\n", "|---|---|\n", "a | b\n--|--\n1 | 2\n",
	"[link](https://example.org/a_(b)?c=d&e=f)", "[", "](", "](https://x.org)", "[ref][1]", "[1]: https://example.org\n", "![pic](https://example.org/p.png)", "![", "!",
	"https://example.org/path_(x)/y.", "http", "https://", "www.example.org", "me@example.org", "<https://example.org|text>", "<https://example.org>", "<", ">", "<b>", "</b>", "<!-- c -->",
	"<@U0ALLOWED>", "<@U0STRANGER>", "<@U0STRANGER|x>", "<!channel>", "<!here|here>", "<!subteam^S1|@x>", "<#C1|general>", "@channel", "@everyone ", "@here.", "@", "<!", "<!chan", "nel>",
	"&", "&amp;", "&lt;!channel&gt;", "&#60;", "\\", "\\*", "\\<!channel>", ":smile:", ":", "12:30:45", "\\(x_1\\)", "$$y$$",
	"\ue200cite\ue202turn0search1\ue201", "\ue200", "\ue201", "【4:0†source】", "【", "\x00", "\r\n", "\xff", "\u200b", "‏עברית ", "e\u0301", strings.Repeat("x", 70), strings.Repeat("long line of words ", 12),
	"$x_1^2$", "$", "$$", "\n$$\nx = \\frac{a}{b}\n$$\n", "\\(", "\\)", "\n\\[\n", "\n\\]\n", "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\n\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}\n", "costs $5 and $10, ", "\\frac{1}{2}",
	"<br>", "<br/>\n", "H<sub>2</sub>O", "x<sup>n+1</sup>", "<details>\n<summary>More</summary>\n\n", "</details>\n", "<b>", "<i>it</i>", "<code>a`b</code>", "<u>under</u>", "<s>~</s>", "<a href=\"https://example.org/(a)\">here</a>", "<img src=\"https://example.org/p.png\" alt=\"pic\">", "<sup", "<|im_end|>", "<|", "<!--", "-->",
	"ChatGPT: ", "[^1]", "[^12]: note\n", "[^", "[[reply:thread]]", "[used tools: search]", ":contentReference[oaicite:0]{index=0}", "turn0search1", "citeturn2view0turn1news3", "turn", "\u202e", "\u2066", "\U000e0041", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "**「太字」**です", "\u2028",
	"x := a[i]<b && c>d\n", "const x = \"<!DOCTYPE html>\"\n", "Intro:\n",
}

func genSource() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(0, 120).Draw(t, "n")
		var b strings.Builder
		for range n {
			f := rapid.SampledFrom(fragments).Draw(t, "f")
			if rapid.IntRange(0, 19).Draw(t, "rep") == 0 {
				f = strings.Repeat(f, rapid.IntRange(2, 60).Draw(t, "times"))
			}
			b.WriteString(f)
		}
		return b.String()
	})
}

func genLimits() *rapid.Generator[render.Limits] {
	return rapid.Custom(func(t *rapid.T) render.Limits {
		return render.Limits{
			Chars:     rapid.SampledFrom([]int{400, 500, 1000, 3900}).Draw(t, "chars"),
			Blocks:    rapid.SampledFrom([]int{0, 5, 10}).Draw(t, "blocks"),
			Tables:    rapid.SampledFrom([]int{0, 2, -1}).Draw(t, "tables"),
			TableRows: rapid.SampledFrom([]int{0, 3}).Draw(t, "rows"),
			Mentions:  []string{"U0ALLOWED"},
		}
	})
}

func genTicks(t *rapid.T, src string) []int {
	steps := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 6).Draw(t, "steps")
	var ticks []int
	for i, at := 0, 0; at < len(src); i++ {
		ticks = append(ticks, at)
		at += steps[i%len(steps)]
	}
	return ticks
}

func TestPartsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkParts(t, genSource().Draw(t, "src"), genLimits().Draw(t, "limits"))
	})
}

func TestLiveProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := genSource().Draw(t, "src")
		checkLive(t, src, genTicks(t, src), genLimits().Draw(t, "limits"))
	})
}

func TestSettledProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := genSource().Draw(t, "src")
		checkSettled(t, src, genTicks(t, src))
	})
}

// every tick is one byte.
func everyByte(src string) []int {
	ticks := make([]int, len(src))
	for i := range ticks {
		ticks[i] = i
	}
	return ticks
}

func FuzzParts(f *testing.F) {
	for i := range fragments {
		f.Add(fragments[i]+fragments[(i*7+3)%len(fragments)]+strings.Repeat(fragments[(i*5+1)%len(fragments)], 40), uint16(i))
	}
	f.Fuzz(func(t *testing.T, src string, n uint16) {
		checkParts(t, src, render.Limits{Chars: 400 + int(n)%700, Mentions: []string{"U0ALLOWED"}})
	})
}

func FuzzLive(f *testing.F) {
	for i := range fragments {
		f.Add(fragments[i]+fragments[(i*7+3)%len(fragments)]+strings.Repeat(fragments[(i*5+1)%len(fragments)], 40), uint16(i), uint8(3))
	}
	f.Fuzz(func(t *testing.T, src string, n uint16, step uint8) {
		if len(src) > 3000 {
			src = src[:3000]
		}
		var ticks []int
		for at := 0; at < len(src); at += 1 + int(step)%64 {
			ticks = append(ticks, at)
		}
		checkLive(t, src, ticks, render.Limits{Chars: 400 + int(n)%700, Mentions: []string{"U0ALLOWED"}})
		checkSettled(t, src, ticks)
	})
}

func BenchmarkRender20kB(b *testing.B) {
	var s strings.Builder
	for s.Len() < 20000 {
		s.WriteString("## A heading\n\nA paragraph with **bold**, *italic*, `code`, a [link](https://example.org/x) and more words to read.\n\n- item one\n- item two\n  - nested\n\n```go\nfunc main() {\n\tfmt.Println(\"hi\")\n}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n")
	}
	src := render.Markdown(s.String())
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range render.Parts(src, render.Limits{}) {
			_, _ = p.Text(), p.Blocks()
		}
	}
}

func BenchmarkTick(b *testing.B) {
	src := render.Markdown(strings.Repeat("Some words of an answer, with **bold** and `code`. ", 160))
	b.ReportAllocs()
	for b.Loop() {
		p, _, _ := render.Next(src, render.Cursor{}, render.Limits{Chars: render.StreamChars}, false)
		_ = p.Stream()
	}
}
