package modelsim

import "strings"

func webSearch(b brief) script {
	// The emoji stands before the anchors: a client that counts UTF-16 units or
	// bytes puts its links in the wrong place.
	text := "🌍 Two sources agree: the Example Times reports it, and so does Sample Weekly.\n\n" + b.text
	return script{items: []Item{
		{Type: "web_search_call", Queries: []string{strings.TrimSpace(clip(b.req.lastUser, 80))}},
		{Text: text, Citations: []Citation{
			{URL: "https://example.com/times?utm_source=openai", Title: "The Example Times", Anchor: "the Example Times reports it"},
			{URL: "https://example.org/weekly?utm_source=openai", Title: "Sample Weekly", Anchor: "so does Sample Weekly"},
		}},
	}}
}

func runCode(b brief) script {
	code := "import csv, matplotlib.pyplot as plt\n\nrows = [(\"Mon\", 3), (\"Tue\", 5), (\"Wed\", 2)]\nplt.bar(*zip(*rows))\nplt.savefig(\"/mnt/data/chart.png\")\n" +
		"with open(\"/mnt/data/table.csv\", \"w\") as f:\n    csv.writer(f).writerows(rows)\nprint(sum(n for _, n in rows))\n"
	text := "📊 I ran some code. The chart is [chart.png](sandbox:/mnt/data/chart.png), the numbers are in [table.csv](sandbox:/mnt/data/table.csv).\n\n" + b.text
	return script{items: []Item{
		{Type: "code_interpreter_call", Code: code, Logs: "10\n", Files: []File{{Name: "chart.png"}, {Name: "table.csv", Content: "Mon,3\nTue,5\nWed,2\n"}}},
		{Text: text, Citations: []Citation{
			{File: "chart.png", Anchor: "sandbox:/mnt/data/chart.png"},
			{File: "table.csv", Anchor: "sandbox:/mnt/data/table.csv"},
		}},
	}}
}

func drawImage(b brief, edit bool) script {
	return script{items: []Item{{Type: "image_generation_call", Edit: edit}, {Text: b.text}}}
}

func searchFiles(b brief) script {
	return script{items: []Item{
		{Type: "file_search_call", Queries: []string{strings.TrimSpace(clip(b.req.lastUser, 80))}},
		{Text: "🗂️ The first file says so, and the second agrees.\n\n" + b.text, Citations: []Citation{
			{File: "1", Anchor: "The first file says so"}, {File: "2", Anchor: "the second agrees"},
		}},
	}}
}

// remoteCall is a call of a tool of an MCP server. OpenAI: it lists the server's
// tools once, and asks for approval by ending the response.
func remoteCall(b brief, fail bool) script {
	t, offered := b.req.mcp("")
	label := b.req.mcpLabel("")
	name := orDefault(b.tool, b.req.mcpTools(label)[0])
	args := orDefault(b.args, `{"query":`+string(appendString(nil, strings.TrimSpace(clip(b.req.lastUser, 80))))+`}`)
	var sc script
	add := func(it ...Item) { sc.items = append(sc.items, it...) }
	if !b.req.listed(label) {
		add(Item{Type: "mcp_list_tools", Server: label})
	}
	for _, a := range b.req.approvals {
		if a.approved {
			add(Item{Type: "mcp_call", Server: a.server, Name: a.name, Arguments: a.arguments, Output: "three results", Failed: fail, approval: a.id})
		}
	}
	switch {
	case len(b.req.approvals) > 0:
	case offered && t.asks(name):
		add(Item{Type: "mcp_approval_request", Server: label, Name: name, Arguments: args})
		return sc
	default:
		add(Item{Type: "mcp_call", Server: label, Name: name, Arguments: args, Output: "three results", Failed: fail})
	}
	add(Item{Text: b.text})
	return sc
}

// hostedShape is the shape that calls a tool of that type, or "".
func hostedShape(r *request, kind string) string {
	switch {
	case strings.HasPrefix(kind, "web_search"):
		return "S8"
	case kind == "code_interpreter":
		return "S9"
	case kind == "image_generation" && r.showsPicture():
		return "S11"
	case kind == "image_generation":
		return "S10"
	case kind == "file_search":
		return "S12"
	case kind == "mcp":
		return "S13"
	}
	return ""
}

// showsPicture says whether the newest user message has a picture in it.
func (r *request) showsPicture() bool {
	shows := false
	for _, it := range r.items {
		if it.Type != "message" || it.Role != "user" {
			continue
		}
		shows = false
		for _, part := range it.parts() {
			shows = shows || part.Type == "input_image"
		}
	}
	return shows
}
