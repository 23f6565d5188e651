package render_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/slack/render"
)

// shown is a message with one table, or none, in plain words.
type shown struct {
	table   [][]string // cells: **bold**, *italic*, ~strike~, `code`, [label](address)
	align   []string
	wrapped []bool
	before  string
	after   string
	text    string
}

func show(t *testing.T, src string, l render.Limits) shown {
	t.Helper()
	parts := render.Parts(render.Markdown(src), l)
	if len(parts) != 1 {
		t.Fatalf("%d parts", len(parts))
	}
	checkPart(t, parts[0], l, true, 0)
	var blocks []struct {
		Type     string
		Elements []json.RawMessage
		Rows     [][]json.RawMessage
		Columns  []struct {
			Align   string
			Wrapped bool `json:"is_wrapped"`
		} `json:"column_settings"`
		Text struct{ Text string }
	}
	if err := json.Unmarshal(parts[0].Blocks(), &blocks); err != nil {
		t.Fatal(err)
	}
	s := shown{text: parts[0].Text()}
	for _, b := range blocks {
		if b.Type == "table" {
			if s.table != nil {
				t.Fatal("two tables in one message")
			}
			for _, row := range b.Rows {
				var cells []string
				for _, c := range row {
					cells = append(cells, words(t, c))
				}
				s.table = append(s.table, cells)
			}
			for _, c := range b.Columns {
				s.align = append(s.align, c.Align)
				s.wrapped = append(s.wrapped, c.Wrapped)
			}
			continue
		}
		where := &s.before
		if s.table != nil {
			where = &s.after
		}
		if b.Type == "divider" {
			*where += "---\n"
		}
		*where += b.Text.Text
		for _, e := range b.Elements {
			*where += words(t, e) + "\n"
		}
	}
	return s
}

// words is a cell or another element in a short form.
func words(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var e struct {
		Type, Text, URL, Name, Language string
		Style                           json.RawMessage // of text an object, of a list a word
		Elements                        []json.RawMessage
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	var style struct{ Bold, Italic, Strike, Code bool }
	if len(e.Style) > 0 && e.Style[0] == '{' {
		if err := json.Unmarshal(e.Style, &style); err != nil {
			t.Fatal(err)
		}
	}
	var in []string
	for _, x := range e.Elements {
		in = append(in, words(t, x))
	}
	switch e.Type {
	case "rich_text_list":
		return "• " + strings.Join(in, "\n• ")
	case "rich_text_preformatted":
		return "```" + e.Language + "\n" + strings.Join(in, "") + "\n```"
	}
	s := e.Text + strings.Join(in, "")
	if e.URL != "" {
		s = "[" + s + "](" + e.URL + ")"
	}
	if e.Name != "" {
		s = ":" + e.Name + ":"
	}
	for _, m := range []struct {
		on    bool
		marks string
	}{{style.Code, "`"}, {style.Strike, "~"}, {style.Italic, "*"}, {style.Bold, "**"}} {
		if m.on {
			s = m.marks + s + m.marks
		}
	}
	return s
}

const wide = "| Year | Model | Lab |\n| --- | --- | --- |\n| 2017 | Transformer | Google |\n| 2019 | GPT-2 | OpenAI |"

// tableBehaviours are what the tests of the bot before this one asked of tables, on Slack's
// own tables instead of padded text: a width is a column, a footnote is a link in its cell.
var tableBehaviours = map[string]func(*testing.T){
	// What is a table.
	"three columns": func(t *testing.T) {
		s := show(t, wide, render.Limits{})
		same(t, s.table, [][]string{{"Year", "Model", "Lab"}, {"2017", "Transformer", "Google"}, {"2019", "GPT-2", "OpenAI"}})
		if strings.Contains(s.before+s.after, "|") {
			t.Errorf("pipes are left: %+v", s)
		}
	},
	"cells of a column stand under its head": func(t *testing.T) {
		s := show(t, "| A | Long header |\n|---|---|\n| a very long cell | x |", render.Limits{})
		same(t, s.table, [][]string{{"A", "Long header"}, {"a very long cell", "x"}})
	},
	"alignment": func(t *testing.T) {
		s := show(t, "| Item | Qty | Cost | Note |\n|:--- | :---: | ---: | --- |\n| Nail | 10 | 1.50 | x |", render.Limits{})
		same(t, s.align, []string{"left", "center", "right", ""})
		same(t, s.table[0], []string{"Item", "Qty", "Cost", "Note"})
	},
	"no pipes at the edges": func(t *testing.T) {
		s := show(t, "Name | Role\n--- | ---\nAda | Engineer", render.Limits{})
		same(t, s.table, [][]string{{"Name", "Role"}, {"Ada", "Engineer"}})
	},
	"prose with pipes": func(t *testing.T) {
		s := show(t, "Use `a | b` for either, and | this | is not a table.", render.Limits{})
		same(t, s.table, nil)
		same(t, s.before, "Use `a | b` for either, and | this | is not a table.\n")
	},
	"two rows without a delimiter row": func(t *testing.T) {
		s := show(t, "| Year | Model |\n| 2017 | Transformer |", render.Limits{})
		same(t, s.table, nil)
		same(t, s.before, "| Year | Model |\n| 2017 | Transformer |\n")
	},
	"a head without rows": func(t *testing.T) {
		s := show(t, "| Year | Model |\n| --- | --- |", render.Limits{})
		same(t, s.table, nil)
		same(t, s.before, "**Year** | **Model**\n")
	},
	"a rule under a line": func(t *testing.T) {
		s := show(t, "Some heading\n---\nBody text", render.Limits{})
		same(t, s.table, nil)
		same(t, show(t, "Some text\n\n---\nBody text", render.Limits{}).before, "Some text\n---\nBody text\n")
	},
	// What is in cells.
	"styles in cells": func(t *testing.T) {
		s := show(t, "| Name | Note |\n|---|---|\n| **Bold** | `code` |\n| __Also bold__ | *ital* |\n| _ital_ | ~~gone~~ |", render.Limits{})
		same(t, s.table[1:], [][]string{{"**Bold**", "`code`"}, {"**Also bold**", "*ital*"}, {"*ital*", "~gone~"}})
	},
	"markers take no room": func(t *testing.T) {
		// A column is wrapped from 41 characters on that people see.
		s := show(t, "| A | B |\n|---|---|\n| **"+strings.Repeat("x", 40)+"** | **"+strings.Repeat("y", 41)+"** |", render.Limits{})
		same(t, s.wrapped, []bool{false, true})
	},
	"escaped pipes": func(t *testing.T) {
		s := show(t, "| Op | Meaning |\n|---|---|\n| a \\| b | logical or |", render.Limits{})
		same(t, s.table[1], []string{"a | b", "logical or"})
	},
	"pipes in code": func(t *testing.T) {
		s := show(t, "| Op | Meaning |\n|---|---|\n| `a | b` | logical or |", render.Limits{})
		same(t, s.table[1], []string{"`a | b`", "logical or"})
	},
	"ragged rows": func(t *testing.T) {
		s := show(t, "| A | B | C |\n|---|---|---|\n| 1 |\n| 1 | 2 | 3 | 4 |\n| 1 | 2 | 3 |", render.Limits{})
		same(t, s.table[1:], [][]string{{"1", " ", " "}, {"1", "2", "3 | 4"}, {"1", "2", "3"}})
	},
	// Links.
	"a link stays in its cell": func(t *testing.T) {
		s := show(t, "| Year | Paper |\n|---|---|\n| 2017 | [Attention](https://arxiv.org/abs/1706.03762) |", render.Limits{})
		same(t, s.table[1], []string{"2017", "[Attention](https://arxiv.org/abs/1706.03762)"})
		if !strings.Contains(s.text, "<https://arxiv.org/abs/1706.03762|Attention>") {
			t.Errorf("the text lost it: %s", s.text)
		}
	},
	"several links in their order": func(t *testing.T) {
		s := show(t, "| Model | Paper | Blog |\n|---|---|---|\n| A | [P1](https://a.example/p1) | [Blog](https://a.example/blog) |\n| B | [Again](https://a.example/p1) | [Other](https://b.example/x) |", render.Limits{})
		same(t, s.table[1:], [][]string{{"A", "[P1](https://a.example/p1)", "[Blog](https://a.example/blog)"}, {"B", "[Again](https://a.example/p1)", "[Other](https://b.example/x)"}})
	},
	"no links, nothing under the table": func(t *testing.T) {
		same(t, show(t, "| A | B |\n|---|---|\n| 1 | 2 |", render.Limits{}).after, "")
	},
	"an address is written once": func(t *testing.T) {
		s := show(t, "| Paper |\n|---|\n| [Attention](https://arxiv.org/abs/1706.03762) |", render.Limits{})
		if n := strings.Count(s.text, "arxiv.org"); n != 1 || strings.Contains(s.text, "<<") || strings.Contains(s.text, ">>") {
			t.Errorf("%d times in %s", n, s.text)
		}
	},
	"a styled label": func(t *testing.T) {
		s := show(t, "| Paper |\n|---|\n| [**Attention**](https://arxiv.org/abs/1706.03762) |", render.Limits{})
		same(t, s.table[1], []string{"**[Attention](https://arxiv.org/abs/1706.03762)**"})
	},
	// Where tables stand.
	"a table in a fence": func(t *testing.T) {
		s := show(t, "Here is the source:\n\n```\n| Year | Model |\n| --- | --- |\n| 2017 | Transformer |\n```", render.Limits{})
		same(t, s.table, nil)
		same(t, s.before, "Here is the source:\n```\n| Year | Model |\n| --- | --- |\n| 2017 | Transformer |\n```\n")
	},
	"prose around a table": func(t *testing.T) {
		s := show(t, "Here is the **summary** you asked for:\n\n"+wide+"\n\nLet me know if you want _more_ detail.", render.Limits{})
		same(t, s.before, "Here is the **summary** you asked for:\n")
		same(t, s.after, "Let me know if you want *more* detail.\n")
		same(t, len(s.table), 3)
	},
	"a table after a list": func(t *testing.T) {
		s := show(t, "- first\n- second\n\n| A | B |\n|---|---|\n| 1 | 2 |", render.Limits{})
		same(t, s.before, "• first\n• second\n")
		same(t, s.table, [][]string{{"A", "B"}, {"1", "2"}})
	},
	"several tables, a message each": func(t *testing.T) {
		src := "| Paper |\n|---|\n| [One](https://example.com/one) |\n\nSome prose in between.\n\n| Paper |\n|---|\n| [Two](https://example.com/two) |"
		parts := render.Parts(render.Markdown(src), render.Limits{})
		if len(parts) != 2 {
			t.Fatalf("%d parts", len(parts))
		}
		for i, want := range []string{"<https://example.com/one|One>", "<https://example.com/two|Two>"} {
			if !strings.Contains(parts[i].Text(), want) || !strings.Contains(string(parts[i].Blocks()), `"type":"table"`) {
				t.Errorf("part %d: %s", i, parts[i].Text())
			}
		}
		if !strings.Contains(parts[0].Text()+parts[1].Text(), "Some prose in between.") {
			t.Error("the prose is lost")
		}
	},
	"a delimiter row is no rule": func(t *testing.T) {
		s := show(t, "| Header |\n|---|\n| value |", render.Limits{})
		same(t, s.table, [][]string{{"Header"}, {"value"}})
		same(t, s.before+s.after, "")
	},
	"a table of releases": func(t *testing.T) {
		s := show(t, "| Date | Model | Lab | Link |\n| --- | --- | --- | --- |\n| 2017-06-12 | Transformer | Google Research | [Paper](https://arxiv.org/abs/1706.03762) |\n| 2019-02-14 | GPT-2 | OpenAI | [Post](https://openai.com/index/gpt-2) |", render.Limits{})
		same(t, s.table, [][]string{
			{"Date", "Model", "Lab", "Link"},
			{"2017-06-12", "Transformer", "Google Research", "[Paper](https://arxiv.org/abs/1706.03762)"},
			{"2019-02-14", "GPT-2", "OpenAI", "[Post](https://openai.com/index/gpt-2)"},
		})
	},
}

// TestTableBehaviours runs the 24 behaviours.
func TestTableBehaviours(t *testing.T) {
	if len(tableBehaviours) != 24 {
		t.Fatalf("%d behaviours, want 24", len(tableBehaviours))
	}
	for name, f := range tableBehaviours {
		t.Run(name, f)
	}
}

func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestWideTables wants what Slack takes no table for to be a list that says it all.
func TestWideTables(t *testing.T) {
	head, delim, row := "|", "|", "|"
	for i := range 25 {
		head += fmt.Sprintf(" h%d |", i)
		delim += "---|"
		row += fmt.Sprintf(" v%d |", i)
	}
	s := show(t, head+"\n"+delim+"\n"+row+"\n"+row, render.Limits{})
	if s.table != nil || !strings.Contains(s.before, "**h0**: v0\n**h1**: v1") || strings.Count(s.before, "**h24**: v24") != 2 {
		t.Errorf("too many columns: %+v", s)
	}
	long := "| k | v |\n|---|---|\n| one | " + strings.Repeat("long cell ", 250) + "|\n| two | x |"
	if s = show(t, long, render.Limits{}); s.table != nil || !strings.Contains(s.before, "**k**: two; **v**: x") || !strings.Contains(s.before, "**k**: one\n**v**: long cell") {
		t.Errorf("too long a cell: %+v", s)
	}
}

// TestTablesInParts wants tables with more rows than fit to go on under their head, with
// every row whole and in order.
func TestTablesInParts(t *testing.T) {
	for _, l := range []render.Limits{{Chars: 400}, {}, {Chars: render.StreamChars}, {Chars: render.StreamChars, TableRows: 7}} {
		var src strings.Builder
		src.WriteString("Intro.\n\n| n | **name** |\n|--:|:--|\n")
		for i := range 230 {
			fmt.Fprintf(&src, "| %d | [row %d](https://example.org/%d) |\n", i, i, i)
		}
		next := 0
		for i, p := range render.Parts(render.Markdown(src.String()), l) {
			checkPart(t, p, l, true, i)
			s := show(t, p.Stream(), l)
			if s.table == nil {
				continue
			}
			same(t, s.table[0], []string{"n", "**name**"})
			same(t, s.align, []string{"right", "left"})
			for _, r := range s.table[1:] {
				same(t, r, []string{fmt.Sprint(next), fmt.Sprintf("[row %d](https://example.org/%d)", next, next)})
				next++
			}
		}
		if next != 230 {
			t.Errorf("%+v: %d rows", l, next)
		}
	}
	// Many tables: one a message, with what leads to each.
	var src strings.Builder
	for i := range 6 {
		fmt.Fprintf(&src, "### Table %d\n\n| a | b |\n|---|---|\n| %d | x |\n\n", i, i)
	}
	parts := render.Parts(render.Markdown(src.String()), render.Limits{})
	if len(parts) != 6 || slices.ContainsFunc(parts, func(p render.Part) bool { return strings.Count(p.Stream(), "### Table") != 1 }) {
		t.Errorf("%d parts", len(parts))
	}
}
