package modelsim

import (
	"slices"
	"strings"
)

// demoTool is one tool that the demo shows off.
type demoTool struct {
	kind  string   // tool type
	words []string // any of them asks for it
	verb  string   // what the demo would do with it
	make  func(d demoTalk, r *request) script
}

// demoTools lists the tools in the order in which their words are looked for.
func demoTools() []demoTool {
	return []demoTool{
		{"image_generation", []string{"draw", "paint", "sketch", "picture of", "image of"}, "draw a picture", demoDraw},
		{"web_search", []string{"search the web", "web search", "search for", "look up", "google"}, "search the web", demoSearch},
		{"code_interpreter", []string{"run code", "run some code", "python", "calculate", "plot", "chart"}, "run code", demoCode},
		{"file_search", []string{"search my files", "search the files", "file search", "in my files"}, "search files", demoFiles},
		{"mcp", []string{"remote tool", "mcp"}, "call a tool of a remote server", demoRemote},
	}
}

// useTool answers what asks for a tool: with it if the request offers it, else
// by saying what would happen. ok is false if nothing asks for one.
func (d demoTalk) useTool(r *request) (sc script, ok bool) {
	if len(r.approvals) > 0 {
		return demoRemote(d, r), true
	}
	if n := len(r.toolOutputs); n > 0 {
		last := r.toolOutputs[n-1]
		return plain(d.label("The tool `" + orDefault(last.name, "tool") + "` answered:\n\n```\n" + clip(last.text, 1000) + "\n```")), true
	}
	said := strings.ToLower(d.text)
	for _, t := range r.tools {
		if t.Type == "function" && strings.Contains(t.Name, "_") && strings.Contains(said, strings.ToLower(t.Name)) {
			return script{items: []Item{{Text: "Let me use `" + t.Name + "`.", Phase: "commentary"}, {Type: "function_call", Name: t.Name}}}, true
		}
	}
	for _, t := range demoTools() {
		if !slices.ContainsFunc(t.words, func(w string) bool { return hasWord(said, w) }) {
			continue
		}
		if r.offers(t.kind) {
			return t.make(d, r), true
		}
		return plain(d.label("With a real model I would now **" + t.verb + "**. This request offers me no `" + t.kind + "` tool, so I can only say so.")), true
	}
	return script{}, false
}

// hasWord says whether phrase stands in text between other than letters.
func hasWord(text, phrase string) bool {
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' }
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(phrase)
		if (i == 0 || !letter(text[i-1])) && (end == len(text) || !letter(text[end])) {
			return true
		}
		from = end
	}
}

func demoDraw(d demoTalk, r *request) script {
	edit := r.showsPicture()
	text := "Here it is, drawn by a few lines of Go: sky, sea, sun, and your words underneath. 🎨"
	if edit {
		text = "I put a tint over your picture; a real model would have done better. 🎨"
	}
	return script{items: []Item{{Type: "image_generation_call", Text: d.text, Edit: edit}, {Text: d.label(text)}}}
}

func demoSearch(d demoTalk, r *request) script {
	text := d.label("🌍 I pretended to search. If this were real, the Example Times would report it, and so would Sample Weekly.")
	return script{items: []Item{
		{Type: "web_search_call", Queries: []string{clip(d.text, 80)}},
		{Text: text, Citations: []Citation{
			{URL: "https://example.com/times?utm_source=openai", Title: "The Example Times", Anchor: "the Example Times would report it"},
			{URL: "https://example.org/weekly?utm_source=openai", Title: "Sample Weekly", Anchor: "so would Sample Weekly"},
		}},
	}}
}

func demoCode(d demoTalk, r *request) script {
	sc := runCode(brief{req: r})
	last := &sc.items[len(sc.items)-1]
	last.Text = d.label(strings.TrimSpace(last.Text) + " Nothing really ran, but the files are real.")
	return sc
}

func demoFiles(d demoTalk, r *request) script {
	sc := searchFiles(brief{req: r})
	last := &sc.items[len(sc.items)-1]
	last.Text = d.label(strings.TrimSpace(last.Text))
	return sc
}

func demoRemote(d demoTalk, r *request) script {
	text := d.label("The remote tool found three results, all of them made up.")
	if slices.ContainsFunc(r.approvals, func(a approval) bool { return !a.approved }) {
		text = d.label("As you wish: I did not call the remote tool.")
	}
	return remoteCall(brief{req: r, text: text}, false)
}
