package openai

import (
	"encoding/json"
	"net/url"
	"slices"

	"holdfast/internal/turn"
)

// sourcesOf lists the web pages that the messages among output items cite.
func sourcesOf(items []json.RawMessage) []turn.Source {
	var sources []turn.Source
	seen := map[string]bool{}
	for _, raw := range items {
		i := readItem(raw)
		if i.Type != "message" {
			continue
		}
		for _, p := range i.Content {
			for _, n := range p.Notes {
				page := address(string(n.URL))
				if n.Type != "url_citation" || page == "" || seen[page] {
					continue
				}
				seen[page] = true
				sources = append(sources, turn.Source{Title: string(n.Title), URL: page})
			}
		}
	}
	return sources
}

// address is a page's address without the mark that OpenAI puts on it, or empty if it
// is none that a person can open.
func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	q := u.Query()
	if q.Get("utm_source") != "openai" {
		return raw
	}
	q.Del("utm_source")
	u.RawQuery = q.Encode()
	return u.String()
}

// usedIn names the endpoint's own tools among output items, each once.
func usedIn(items []json.RawMessage) []string {
	var used []string
	for _, raw := range items {
		name := ""
		switch readItem(raw).Type {
		case "web_search_call":
			name = "web search"
		case "file_search_call":
			name = "file search"
		case "code_interpreter_call":
			name = "code"
		case "image_generation_call":
			name = "pictures"
		case "mcp_call":
			name = "a connected tool"
		}
		if name != "" && !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	return used
}
