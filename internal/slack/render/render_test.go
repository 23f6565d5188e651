package render_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/slack/render"
)

// TestMain makes the properties few and the same in every run, so that none fails by
// chance; HOLDFAST_RANDOM=1 makes them many, with new seeds.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_RANDOM") != "1" {
		// Flags on the command line still decide.
		_ = flag.Set("rapid.seed", "1")
		_ = flag.Set("rapid.checks", "25")
	} else {
		_ = flag.Set("rapid.checks", "1000")
	}
	m.Run()
}

// one renders a source that must be one part.
func one(t *testing.T, src string) render.Part {
	t.Helper()
	l := render.Limits{Mentions: []string{"U0ALLOWED"}}
	parts := render.Parts(render.Markdown(src), l)
	if len(parts) != 1 {
		t.Fatalf("%d parts of %q", len(parts), src)
	}
	checkPart(t, parts[0], l, true, 0)
	return parts[0]
}

// rich is the JSON of the elements of the only rich_text element.
func section(t *testing.T, p render.Part) string {
	t.Helper()
	var blocks []struct {
		Type     string
		Elements []struct {
			Type     string
			Elements json.RawMessage
		}
	}
	if err := json.Unmarshal(p.Blocks(), &blocks); err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 1 || len(blocks[0].Elements) != 1 {
		t.Fatalf("not one element: %s", p.Blocks())
	}
	return string(blocks[0].Elements[0].Elements)
}

// TestNamedMistakes holds what the bot before this one got wrong in a single line of text.
func TestNamedMistakes(t *testing.T) {
	tests := []struct{ name, src, blocks, text string }{
		{"arithmetic is not italic", "5 * 3 * 2", `[{"type":"text","text":"5 * 3 * 2"}]`, "5 * 3 * 2"},
		{"dunder in code", "`__init__`", `[{"type":"text","text":"__init__","style":{"code":true}}]`, "`__init__`"},
		{"bare dunder", "the __init__ method", `[{"type":"text","text":"the "},{"type":"text","text":"__init__","style":{"code":true}},{"type":"text","text":" method"}]`, "the `__init__` method"},
		{"bold with underscores", "__Note well__", `[{"type":"text","text":"Note well","style":{"bold":true}}]`, "*Note well*"},
		{"snake case", "a_b_c and x*y", `[{"type":"text","text":"a_b_c and x*y"}]`, "a_b_c and x*y"},
		{"escaped once", "a < b && c > d", `[{"type":"text","text":"a < b && c > d"}]`, "a &lt; b &amp;&amp; c &gt; d"},
		{"entity", "&amp;lt; &copy;", `[{"type":"text","text":"&lt; ©"}]`, "&amp;lt; ©"},
		{"nested bold", "**a *b* c**", `[{"type":"text","text":"a ","style":{"bold":true}},{"type":"text","text":"b","style":{"bold":true,"italic":true}},{"type":"text","text":" c","style":{"bold":true}}]`, "*a* *_b_* *c*"},
		{"parentheses in address", "(https://x.org/a_(b)), https://x.org/c.", `[{"type":"text","text":"("},{"type":"link","url":"https://x.org/a_(b)"},{"type":"text","text":"), "},{"type":"link","url":"https://x.org/c"},{"type":"text","text":"."}]`, "(<https://x.org/a_(b)|https://x.org/a_(b)>), <https://x.org/c|https://x.org/c>."},
		{"address with underscores in bold", "**https://x.org/_a_/b**", `[{"type":"link","url":"https://x.org/_a_/b","style":{"bold":true}}]`, "*<https://x.org/_a_/b|https://x.org/_a_/b>*"},
		{"image is a link", "![cat](https://x.org/c.png)", `[{"type":"link","text":"cat","url":"https://x.org/c.png"}]`, "<https://x.org/c.png|cat>"},
		{"html is text", "<div>x</div><img src=y>", `[{"type":"text","text":"<div>x</div><img src=y>"}]`, "&lt;div&gt;x&lt;/div&gt;&lt;img src=y&gt;"},
		{"script link is text", "[x](javascript:alert(1))", `[{"type":"text","text":"x (javascript:alert(1))"}]`, "x (javascript:alert(1))"},
		{"citation run", "so\ue200cite\ue202turn0search1\ue201 it is.", `[{"type":"text","text":"so it is."}]`, "so it is."},
		{"citation inside a mention", "<!chan\ue200x\ue201nel>", "[{\"type\":\"text\",\"text\":\"@\u200bchannel\"}]", "@\u200bchannel"},
		{"fence marks inside a line", "use ``` to fence, he said ```", `[{"type":"text","text":"use "},{"type":"text","text":"to fence, he said","style":{"code":true}}]`, "use `to fence, he said`"},
		{"allowed mention", "hi <@U0ALLOWED>!", `[{"type":"text","text":"hi "},{"type":"user","user_id":"U0ALLOWED"},{"type":"text","text":"!"}]`, "hi <@U0ALLOWED>!"},
		{"foreign mention", "hi <@U0STRANGER>", "[{\"type\":\"text\",\"text\":\"hi @\u200bU0STRANGER\"}]", "hi @\u200bU0STRANGER"},
		{"emoji", ":tada: 12:30:45 a::b::c", `[{"type":"emoji","name":"tada"},{"type":"text","text":" 12:30:45 a::b::c"}]`, ":tada: 12:30:45 a::b::c"},
		{"null and friends", "a\x00b\x1b[1m\xff\r\nc", `[{"type":"text","text":"ab[1m\nc"}]`, "ab[1m\nc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := one(t, tt.src)
			if got := section(t, p); got != tt.blocks {
				t.Errorf("blocks\n got %s\nwant %s", got, tt.blocks)
			}
			if got := p.Text(); got != tt.text {
				t.Errorf("text\n got %q\nwant %q", got, tt.text)
			}
		})
	}
}

func TestNothingToShow(t *testing.T) {
	for _, src := range []string{"", " ", "\n\n\t \n", "\ue200cite\ue201", "\x00"} {
		if parts := render.Parts(render.Markdown(src), render.Limits{}); len(parts) != 0 {
			t.Errorf("%d parts of %q", len(parts), src)
		}
		p, _, full := render.Next(render.Markdown(src), render.Cursor{}, render.Limits{}, true)
		if !p.IsZero() || full {
			t.Errorf("Next of %q: %q, %v", src, p.Stream(), full)
		}
	}
	var zero render.Part
	if !zero.IsZero() || zero.Text() != "" || string(zero.Blocks()) != "[]" {
		t.Error("the zero Part shows something")
	}
}

// TestCodeIsExact wants code lines back as they were, over any number of parts.
func TestCodeIsExact(t *testing.T) {
	var code strings.Builder
	for i := range 300 {
		fmt.Fprintf(&code, "\tline %d: a[i] | *p && \"<!DOCTYPE html>\" __init__\n", i)
		if i%7 == 0 {
			code.WriteString("\n\n")
		}
	}
	parts := render.Parts(render.Markdown("Intro\n\n```go\n"+code.String()+"```\n"), render.Limits{})
	if len(parts) < 4 {
		t.Fatalf("%d parts", len(parts))
	}
	var got []string
	for i, p := range parts {
		checkPart(t, p, render.Limits{}, true, i)
		var blocks []struct {
			Elements []struct {
				Type, Language string
				Elements       []struct{ Text string }
			}
		}
		if err := json.Unmarshal(p.Blocks(), &blocks); err != nil {
			t.Fatal(err)
		}
		for _, e := range blocks[0].Elements {
			if e.Type == "rich_text_preformatted" {
				if e.Language != "go" {
					t.Errorf("part %d lost the language", i)
				}
				got = append(got, e.Elements[0].Text)
			}
		}
	}
	if strings.Join(got, "\n") != strings.TrimSuffix(code.String(), "\n") {
		t.Error("the code has changed")
	}
}

// TestLongWord wants a word without any place to cut to be cut all the same.
func TestLongWord(t *testing.T) {
	src := strings.Repeat("x", 9000)
	parts := render.Parts(render.Markdown(src), render.Limits{})
	if len(parts) != 3 || visible(t, parts) != src {
		t.Errorf("%d parts with %d characters", len(parts), len(visible(t, parts)))
	}
}

func TestLinksStayWhole(t *testing.T) {
	link := "[a label of words](https://example.org/" + strings.Repeat("p/", 200) + "?q=(x))"
	src := strings.Repeat("word ", 70) + strings.Repeat(link+" and ", 12)
	n := 0
	for _, p := range render.Parts(render.Markdown(src), render.Limits{Chars: 1000}) {
		n += strings.Count(p.Stream(), link)
	}
	if n != 12 {
		t.Errorf("%d of 12 links are whole", n)
	}
}

func TestListsGoOn(t *testing.T) {
	var src strings.Builder
	for i := range 30 {
		fmt.Fprintf(&src, "1. item %d with some words to fill the message up\n", i+1)
	}
	next := 1
	for i, p := range render.Parts(render.Markdown(src.String()), render.Limits{Chars: 400}) {
		for line := range strings.SplitSeq(p.Text(), "\n") {
			if want := fmt.Sprintf("%d. item %d ", next, next); !strings.HasPrefix(line, want) {
				t.Fatalf("part %d: %q, want %q", i, line, want)
			}
			next++
		}
	}
	if next != 31 {
		t.Errorf("%d items", next-1)
	}
}

func TestTableTooLargeForOneMessage(t *testing.T) {
	var src strings.Builder
	src.WriteString("| n | square |\n|---|---:|\n")
	for i := range 250 {
		fmt.Fprintf(&src, "| %d | %d |\n", i, i*i)
	}
	parts := render.Parts(render.Markdown(src.String()), render.Limits{Chars: render.StreamChars})
	rows := 0
	for i, p := range parts {
		checkPart(t, p, render.Limits{Chars: render.StreamChars}, true, i)
		var blocks []struct {
			Type string
			Rows [][]struct{ Text string }
		}
		if err := json.Unmarshal(p.Blocks(), &blocks); err != nil || len(blocks) != 1 || blocks[0].Type != "table" {
			t.Fatalf("part %d: %v %.200s", i, err, p.Blocks())
		}
		if h := blocks[0].Rows[0]; h[0].Text != "n" || h[1].Text != "square" {
			t.Errorf("part %d: header %v", i, h)
		}
		for _, r := range blocks[0].Rows[1:] {
			if r[0].Text != fmt.Sprint(rows) {
				t.Fatalf("row %d is %v", rows, r)
			}
			rows++
		}
	}
	if rows != 250 || len(parts) != 3 {
		t.Errorf("%d rows in %d parts", rows, len(parts))
	}
}

// TestTablesTakeTheirHeading wants a second table to move with what leads to it.
func TestTablesTakeTheirHeading(t *testing.T) {
	src := "### A\n\n| a |\n|---|\n| 1 |\n\n### B\n\n| b |\n|---|\n| 2 |\n"
	sent, _ := stream(t, src, everyByte(src), render.Limits{})
	if len(sent) != 2 || !strings.HasPrefix(sent[1], "### B") {
		t.Errorf("%q", sent)
	}
	if parts := render.Parts(render.Markdown(src), render.Limits{Tables: 2}); len(parts) != 1 {
		t.Errorf("%d parts although two tables are allowed", len(parts))
	}
}

// TestGluedSegments wants texts of several output items, joined by blank lines as the
// caller must, to stay apart.
func TestGluedSegments(t *testing.T) {
	p := one(t, "Let me look.\n\nFound it.")
	if p.Text() != "Let me look.\n\nFound it." {
		t.Errorf("%q", p.Text())
	}
}

// TestMentionInPieces wants no state of a growing answer in which half a mention shows.
func TestMentionInPieces(t *testing.T) {
	src := "Ask <@U0ALLOWED> or <!channel> or [the page](https://example.org/x) &amp; `code` 👩‍👩‍👧‍👦 end "
	for n := range len(src) {
		shown := src[:render.Settled(render.Markdown(src[:n]))]
		for _, half := range []string{"<", "[", "&", "`", "👩"} {
			if strings.HasSuffix(shown, half) {
				t.Errorf("%q shows half of something", shown)
			}
		}
		p, _, _ := render.Next(render.Markdown(src[:n]), render.Cursor{}, render.Limits{Mentions: []string{"U0ALLOWED"}}, false)
		if strings.Contains(p.Stream(), "<@U0") != strings.Contains(p.Stream(), "<@U0ALLOWED>") {
			t.Errorf("stream %q", p.Stream())
		}
	}
}

func TestLiveGolden(t *testing.T) {
	for _, f := range []string{"code", "inline", "lists", "mentions", "quote", "split-code", "split-list", "split-prose", "table", "tables", "headings"} {
		src := readFile(t, "testdata/"+f+".md")
		for _, chars := range []int{400, 700} {
			checkLive(t, src, everyByte(src), render.Limits{Chars: chars, Mentions: []string{"U0ALLOWED"}})
		}
		checkSettled(t, src, everyByte(src))
	}
}

// TestNothingLost writes answers of pieces whose plain reading is known, and wants all of it
// back, in order, from small parts and from large ones.
func TestNothingLost(t *testing.T) {
	pieces := []struct{ src, reads string }{
		{"A sentence with some **bold words**, `code here`, and a [link](https://example.org/a). ", "A sentence with some bold words, code here, and a link."},
		{"More words that say little but fill the space well enough. ", "More words that say little but fill the space well enough."},
		{"\n\n", ""}, {"\n\n", ""}, {"日本語の文です。", "日本語の文です。"}, {"**「太字」**です。", "「太字」です。"}, {"👩‍👩‍👧‍👦 ", "👩‍👩‍👧‍👦"},
		{"\n\n- first item of a list\n- second item of a list, with more words\n  - nested item with words\n\n", "first item of a list second item of a list, with more words nested item with words"},
		{"\n\n1. one and more\n2. two and more\n3. three and more\n\n", "one and more two and more three and more"},
		{"\n\n- [x] done\n- [ ] to do\n\n", "☑ done ☐ to do"},
		{"\n\n> a quote with words in it\n> and a second line\n\n", "a quote with words in it and a second line"},
		{"\n\n```go\nfunc main() {\n\n\tfmt.Println(\"<b>$x$</b>\")\n}\n```\n\n", "func main() { fmt.Println(\"<b>$x$</b>\") }"},
		{"\n\n## A heading\n\n", "A heading"}, {"\n\n---\n\n", ""},
		{strings.Repeat("x", 300) + " ", strings.Repeat("x", 300)},
		{"https://example.org/a/bare/address?with=query ", "https://example.org/a/bare/address?with=query"},
		{"5 * 3 * 2 < 31 && true ", "5 * 3 * 2 < 31 && true"},
		{"It costs $5 and $10, ", "It costs $5 and $10,"}, {"so $x_1^2 \\le \\frac{a}{b}$ holds ", "so x₁² ≤ a/b holds"},
		{"\n\n$$\nE = mc^2\n$$\n\n", "E = mc²"}, {"\n\n\\[\n\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}\n\\]\n\n", "⎛ 1 2 ⎞ ⎝ 3 4 ⎠"},
		{"H<sub>2</sub>O and <b>bold</b><br>text[^1] ", "H₂O and bold text¹"}, {"fine turn0search1 &mdash; so ", "fine — so"},
	}
	plainly := func(s string) string { return strings.Join(strings.Fields(s), "") }
	rapid.Check(t, func(rt *rapid.T) {
		var src, reads strings.Builder
		for range rapid.IntRange(1, 60).Draw(rt, "n") {
			p := rapid.SampledFrom(pieces).Draw(rt, "piece")
			src.WriteString(p.src)
			reads.WriteString(p.reads)
		}
		for _, l := range []render.Limits{{Chars: 400}, {}, {Chars: 11500, Blocks: 50}} {
			parts := render.Parts(render.Markdown(src.String()), l)
			if got, want := visible(t, parts), plainly(reads.String()); got != want {
				rt.Fatalf("with %+v\n%q\nshows %q\nwant  %q", l, src.String(), got, want)
			}
		}
	})
}

// TestHostile holds input that is made to be slow to a time that grows with its length.
func TestHostile(t *testing.T) {
	const size = 30_000
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for _, s := range []string{"[", "*", ">", "|", "`", "_", "~", "<", "&", "![", "](", "[a](", "<a", "**a ", "*a_ ", "> - ", "- ", "1. ", ">\n", "- a\n ", "|-", "| a |\n|---|\n", "\\", "@", ":a", "#", "=\n", "a\n=\n",
		"https://", "\ue200", "【1†", "``a`", "e\u0301", "\u0301", "👩‍", "\x00", "\xff", "\t", " ", "\n", "\n\n\n- ", "(", "$$", "\\(", "a@b.c", "www.", "[^1]:", "[a]: x\n", "```\n", "~~~a\n", "<!channel", "<@U1|", strings.Repeat("> ", 50) + "a\n"} {
		src := fill(s)
		start := time.Now()
		parts := render.Parts(render.Markdown(src), render.Limits{})
		for _, p := range parts {
			_, _ = p.Text(), p.Blocks()
		}
		all := time.Since(start)
		start = time.Now()
		render.Settled(render.Markdown(src))
		settled := time.Since(start)
		start = time.Now()
		render.Next(render.Markdown(src), render.Cursor{Offset: size / 2}, render.Limits{}, false)
		tick := time.Since(start)
		t.Logf("%-12q %4d parts  all %8v  settled %8v  tick %8v", s[:min(len(s), 8)], len(parts), all.Round(time.Millisecond), settled.Round(time.Millisecond), tick.Round(100*time.Microsecond))
		if all > 5*time.Second || settled > 2*time.Second || tick > time.Second {
			t.Errorf("%q takes too long: %v, %v, %v", s, all, settled, tick)
		}
	}
}

func TestDelta(t *testing.T) {
	src := render.Markdown(strings.Repeat("Some words and **bold** ones. ", 40))
	var at render.Cursor
	shown, parts := 0, []string{""}
	for n := 0; n <= len(src); n += 17 {
		final := n+17 > len(src)
		if final {
			n = len(src)
		}
		for {
			chunk, now, next, full := render.Delta(src[:n], at, shown, render.Limits{Chars: 500}, final)
			parts[len(parts)-1] += chunk
			shown = now
			if !full {
				break
			}
			at, shown, parts = next, 0, append(parts, "")
		}
	}
	if want, _ := whole(string(src), render.Limits{Chars: 500}); !slices.Equal(parts, want) || len(parts) != 3 {
		t.Errorf("got %q\nwant %q", parts, want)
	}
	if strings.Join(parts, "") != string(src) {
		t.Error("plain text has changed on its way")
	}
}

func TestEscape(t *testing.T) {
	if got := render.Escape("<a> & &amp;"); got != "&lt;a&gt; &amp; &amp;amp;" {
		t.Error(got)
	}
}

func TestLimitsAreKept(t *testing.T) {
	src := strings.Repeat("# H\n\n---\n\n", 60)
	for _, b := range []int{5, 12, 45, 50} {
		l := render.Limits{Blocks: b}
		for i, p := range render.Parts(render.Markdown(src), l) {
			checkPart(t, p, l, true, i)
		}
	}
	if !slices.ContainsFunc(render.Parts("| a |\n|---|\n| 1 |", render.Limits{Tables: -1}), func(p render.Part) bool {
		return strings.Contains(string(p.Blocks()), "rich_text_list")
	}) {
		t.Error("without tables, a table is no list")
	}
}

// TestFoundBySearch holds what the properties and the fuzz targets have found.
func TestFoundBySearch(t *testing.T) {
	words := strings.Repeat("Another sentence. ", 60)
	tick := func(n int) string { return strings.Repeat("`", n) }
	tests := []struct{ name, src string }{
		{"table row that is a fence once it is cut", "| a | b |\n|---|---|\n| 1 | 2 |\n```" + words + "`"},
		{"deep fence whose end no longer fits", "one\n\n" + strings.Repeat("1000000. ", 8) + strings.Repeat("~", 100) + strings.Repeat("x", 64) + "\ncode\n"},
		{"fence as the last line of a part that is nearly full", words[:18*17] + "\n" + strings.Repeat("`", 87)},
		{"images in an address longer than a part", "https://" + strings.Repeat("![", 500) + "x and more"},
		{"mention longer than a part", "<!channel|a:" + strings.Repeat("b", 900) + "> and more"},
		{"blank so far, then text", strings.Repeat(" ", 200) + "\u65e5\u672c"},
		{"blank so far, then a table row", "| a |\n" + strings.Repeat(" ", 250) + "| b |\n"},
		{"fence shown and then moved", strings.Repeat("word ", 17) + "x\n" + strings.Repeat("```\n\n", 47) + strings.Repeat("word ", 30)},
		{"blank lines after words", "some words to end" + strings.Repeat("\n", 700) + "more"},
		{"cut after what is no end of a fence", tick(60) + "\n" + strings.Repeat("\u65e5", 190) + "\n" + tick(62) + strings.Repeat("w", 60) + "\nmore\n"},
		{"cut in a run too long for a fence", "````\n" + strings.Repeat("`", 700) + "x\nmore\n"},
		{"ping in code after loose backticks", "word ```code`word @channel`code`"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, l := range []render.Limits{{Chars: 400}, {Chars: 500}, {}} {
				checkParts(t, tt.src, l)
				checkLive(t, tt.src, everyByte(tt.src), l)
			}
			checkSettled(t, tt.src, everyByte(tt.src))
		})
	}
}

// TestCutBeforeBackticks wants code to stay code where a cut leaves a line that looks like
// the end of its fence.
func TestCutBeforeBackticks(t *testing.T) {
	fence := strings.Repeat("`", 60)
	src := fence + "\n" + strings.Repeat("\u65e5", 240) + strings.Repeat("`", 100) + "\nmore\n"
	parts := render.Parts(render.Markdown(src), render.Limits{Chars: 400})
	if last := parts[len(parts)-1].Stream(); len(parts) != 2 || !strings.HasSuffix(last, "\nmore\n"+fence) {
		t.Errorf("%d parts, the last one %q", len(parts), last)
	}
}
