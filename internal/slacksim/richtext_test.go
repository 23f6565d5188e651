package slacksim

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestE5_TypedTextBecomesRichText(t *testing.T) {
	section := func(e ...any) any { return obj{"type": "rich_text_section", "elements": e} }
	text := func(t string, style ...string) any {
		o := obj{"type": "text", "text": t}
		if len(style) > 0 {
			m := obj{}
			for _, s := range style {
				m[s] = true
			}
			o["style"] = m
		}
		return o
	}
	list := func(style string, indent, offset float64, items ...string) any {
		o := obj{"type": "rich_text_list", "style": style, "indent": indent, "border": 0.0}
		if offset > 0 {
			o["offset"] = offset
		}
		all := []any{}
		for _, i := range items {
			all = append(all, section(text(i)))
		}
		o["elements"] = all
		return o
	}
	pre := func(e ...any) any { return obj{"type": "rich_text_preformatted", "border": 0.0, "elements": e} }
	quote := func(e ...any) any { return obj{"type": "rich_text_quote", "elements": e} }
	emoji := func(name string) any { return obj{"type": "emoji", "name": name} }

	for typed, want := range map[string][]any{
		"plain":                       {section(text("plain"))},
		"hooray :tada:!":              {section(text("hooray "), emoji("tada"), text("!"))},
		":+1::skin-tone-3: :own_one:": {section(obj{"type": "emoji", "name": "+1", "skin_tone": 3.0}, text(" "), emoji("own_one"))},
		":tada::tada:":                {section(emoji("tada"), emoji("tada"))},
		"at 10:30:45, a:b:c ::":       {section(text("at 10:30:45, a:b:c ::"))},
		":100:":                       {section(emoji("100"))},
		"*bold* _italic_ ~gone~ `x*y*`": {section(
			text("bold", "bold"), text(" "), text("italic", "italic"), text(" "), text("gone", "strike"), text(" "), text("x*y*", "code"))},
		"*all _of ~it~_* :x:": {section(
			text("all ", "bold"), text("of ", "bold", "italic"), text("it", "bold", "italic", "strike"), text(" "), emoji("x"))},
		"2*3*4 snake_case_name * a * ** ``": {section(text("2*3*4 snake_case_name * a * ** ``"))},
		"*not\nbold*":                       {section(text("*not\nbold*"))},
		"*<@U1> :wave:*":                    {section(obj{"type": "user", "user_id": "U1", "style": obj{"bold": true}}, text(" ", "bold"), obj{"type": "emoji", "name": "wave", "style": obj{"bold": true}})},
		"```\ncode *x*\n  <@U1>\n```\nafter": {
			pre(text("code *x*\n  "), obj{"type": "user", "user_id": "U1"}), section(text("after"))},
		"see ```one``` and ```two```": {section(text("see ")), pre(text("one")), section(text(" and ")), pre(text("two"))},
		"``` never closed":            {section(text("``` never closed"))},
		"&gt; said *he*\n&gt;and\nso": {quote(text("said "), text("he", "bold"), text("\nand")), section(text("so"))},
		"&gt;&gt;&gt; all\nof it":     {quote(text("all\nof it"))},
		"3 &gt; 2 &amp; x &lt; y":     {section(text("3 > 2 & x < y"))},
		"to do:\n• one\n• two\n    ◦ deep\n3. three\n4. four\n9. nine\nend": {
			section(text("to do:\n")), list("bullet", 0, 0, "one", "two"), list("bullet", 1, 0, "deep"),
			list("ordered", 0, 2, "three", "four"), list("ordered", 0, 8, "nine"), section(text("end"))},
		"- a\n- b":  {list("bullet", 0, 0, "a", "b")},
		"-5 is - x": {section(text("-5 is - x"))},
		"go to https://x.example/a_b_c?q=1&amp;r=2. Now": {section(text("go to "), obj{"type": "link", "url": "https://x.example/a_b_c?q=1&r=2"}, text(". Now"))},
		"<https://x.example|this> <#C1|general> <!here> <!subteam^S1|@team> <mailto:a@x.example|a@x.example>": {section(
			obj{"type": "link", "url": "https://x.example", "text": "this"}, text(" "), obj{"type": "channel", "channel_id": "C1"}, text(" "),
			obj{"type": "broadcast", "range": "here"}, text(" "), obj{"type": "usergroup", "usergroup_id": "S1"}, text(" "),
			obj{"type": "link", "url": "mailto:a@x.example", "text": "a@x.example"})},
		"<!date^1392734382^{date}|Feb 18>": {section(obj{"type": "date", "timestamp": 1392734382.0, "format": "{date}", "fallback": "Feb 18"})},
		"<!nobody> <x> <@> < a":            {section(text("<!nobody> <x> <@> < a"))},
	} {
		b, err := json.Marshal(richParts(typed))
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q:\n%s", typed, d)
		}
	}
	// The message keeps its text as it was typed.
	r := start(t, Options{})
	typed := "*bold* :tada: `x`\n• one"
	p := r.say(SeedAda, "@bot", typed, "")
	if m, _ := look2(r.Sim, SeedAdaDM, p.TS); m.Text != typed {
		t.Fatalf("%q", m.Text)
	}
}

func look2(s *Sim, channel, ts string) (m Message, ok bool) {
	s.Look(func(v View) { m, ok = v.Message(channel, ts) })
	return m, ok
}

// letters are what styles, marks and escapes must not touch.
func letters(t string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, t)
}

// flat is the text that the elements show.
func flat(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			b.WriteString(flat(x))
		}
	case obj:
		switch v["type"] {
		case "emoji":
			b.WriteString(v["name"].(string))
			if n, ok := v["skin_tone"].(float64); ok {
				b.WriteString(":skin-tone-" + strconv.Itoa(int(n)))
			}
		case "link":
			b.WriteString(v["url"].(string))
		case "text":
			b.WriteString(v["text"].(string))
		}
		b.WriteString(flat(v["elements"]))
	}
	return b.String()
}

func FuzzRichText(f *testing.F) {
	for _, seed := range []string{
		"hi <@U1> see <https://x.example|this> in <#C1|general> &lt;b&gt;", "<<>>|<@", "*a _b_* ~c~ `d` ```e```", "> q\n>>> r\n- x\n    ◦ y\n1. z",
		":tada::skin-tone-2: :x:", "https://x.example/)*", "**a**", "*_~`", "é*ü*", "*a\xff*", "```\n\n```", "&amp;gt;*x*", ":wave::skin-tone-9:",
	} {
		f.Add(seed)
	}
	s := New(Options{})
	f.Fuzz(func(t *testing.T, text string) {
		text = cutText(text)
		raw := s.richText(text)
		var blocks []any
		if err := json.Unmarshal(raw, &blocks); err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(text) != "" && len(text) < 3000 {
			if _, bad := s.checkBlocks(raw, onMessage, "/blocks"); bad != nil && !strings.Contains(text, "<") && !strings.Contains(text, "://") {
				t.Fatalf("our own blocks are refused: %v\n%s", bad.Errors, raw)
			}
		}
		if strings.Contains(text, "<") {
			return // labels are not shown
		}
		if got, want := letters(flat(blocks)), letters(unescape(text)); got != want {
			t.Fatalf("%q shows as %q", text, flat(blocks))
		}
	})
}
