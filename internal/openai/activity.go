package openai

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/internal/turn"
)

// activity is what the model is doing, in a few words for the person, by the
// name of an event ("response.web_search_call.searching") or of an item
// ("response.web_search_call"). It is empty for everything else.
func activity(kind string) string {
	kind = strings.TrimPrefix(kind, "response.")
	name, step, _ := strings.Cut(kind, ".")
	switch step {
	case "", "in_progress", "searching", "interpreting", "generating", "compacting":
	default:
		return ""
	}
	switch name {
	case "web_search_call":
		return "Searching the web"
	case "file_search_call":
		return "Searching files"
	case "code_interpreter_call":
		return "Running code"
	case "image_generation_call":
		return "Drawing a picture"
	case "mcp_list_tools":
		return "Looking up tools"
	case "mcp_call":
		return "Using a tool"
	case "compaction":
		return "Making room in the conversation"
	}
	return ""
}

// phraseLimit keeps a phrase to one line of a status, in characters.
const phraseLimit = 80

// title finds the heading of a reasoning summary while it comes: "**Comparing
// the plans**", or its first line.
type title struct {
	text  string
	given bool
}

// add takes a piece of the summary in, and returns the heading once.
func (t *title) add(delta string) string {
	if t.given {
		return ""
	}
	t.text += delta
	text := strings.TrimLeft(t.text, " \n")
	if inner, ok := strings.CutPrefix(text, "**"); ok && strings.Contains(inner, "**") ||
		strings.Contains(text, "\n") || utf8.RuneCountInString(text) > 2*phraseLimit {
		return t.whole(text)
	}
	return ""
}

// whole returns the heading of the whole summary, if it was not returned before.
func (t *title) whole(text string) string {
	if t.given {
		return ""
	}
	t.given, t.text = true, ""
	return firstLine(text)
}

// firstLine makes a phrase of a text: its bold heading or first line, without
// marks, cut at a word.
func firstLine(text string) string {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "**"); ok {
		if heading, _, ok := strings.Cut(inner, "**"); ok {
			text = heading
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '*' || r == '`' || r == '#' {
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	runes := []rune(text)
	if len(runes) <= phraseLimit {
		return text
	}
	cut := string(runes[:phraseLimit])
	if i := strings.LastIndexByte(cut, ' '); i > phraseLimit/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}

// step is what one of the endpoint's own tools did, nil if the item is none.
func (i item) step() *turn.Step {
	title := activity("response." + string(i.Type))
	if title == "" {
		return nil
	}
	s := &turn.Step{ID: string(i.ID), Title: title, State: turn.StepDone}
	if i.Status == "failed" || i.Status == "incomplete" {
		s.State = turn.StepFailed
	}
	if i.Type != "web_search_call" {
		return s
	}
	switch page := address(string(i.Action.URL)); {
	case i.Action.Type == "search":
		asked := i.Action.Query
		if asked == "" && len(i.Action.Queries) > 0 {
			asked = i.Action.Queries[0]
		}
		s.Title = "Searched the web"
		s.Gist = firstLine(string(asked))
	case page != "":
		s.Title = "Read a page"
		s.Sources = []turn.Source{{URL: page}}
	}
	return s
}
