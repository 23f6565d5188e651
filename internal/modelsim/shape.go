package modelsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Item is one output item of a scripted answer.
type Item struct {
	// Type is message (the default), refusal, reasoning, function_call,
	// custom_tool_call, web_search_call, code_interpreter_call,
	// image_generation_call, file_search_call, mcp_list_tools,
	// mcp_approval_request, mcp_call or compaction.
	Type string `json:"type,omitempty"`
	// Text is what a message says, the summary of a reasoning item, the words
	// of a refusal, the prompt of an image (empty: the newest user text) or the
	// pattern that a web search looks for in a page. A Rule's templates work
	// in it.
	Text string `json:"text,omitempty"`
	// Phase of a message: commentary or final_answer. Empty is final_answer.
	Phase string `json:"phase,omitempty"`
	// Name, Arguments and CallID are those of a call. Empty Arguments are made
	// from the tool's schema, an empty CallID is issued. A custom tool's input
	// is its Arguments.
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments,omitempty"`
	CallID    string `json:"call_id,omitempty"`
	// Queries of a web or file search. URL, if set, makes a web search open
	// that page instead.
	Queries []string `json:"queries,omitempty"`
	URL     string   `json:"url,omitempty"`
	// Code, Logs and Files are what the code interpreter runs, says and leaves.
	Code  string `json:"code,omitempty"`
	Logs  string `json:"logs,omitempty"`
	Files []File `json:"files,omitempty"`
	// Edit lets an image start from the conversation's newest picture.
	Edit bool `json:"edit,omitempty"`
	// Server is the server_label of an MCP item; empty is the request's first.
	// Output is what the call returns, Failed that it fails.
	Server string `json:"server,omitempty"`
	Output string `json:"output,omitempty"`
	Failed bool   `json:"failed,omitempty"`
	// Citations of a message.
	Citations []Citation `json:"citations,omitempty"`

	noArguments bool   // Arguments really are the empty string
	approval    string // id of the request by which an mcp_call was approved
}

// File is one that code leaves in its container. A .png without Content is a
// small drawing.
type File struct {
	Name    string `json:"name"`
	Content string `json:"content,omitempty"`
}

func (f File) data(seed uint64, prompt string) []byte {
	if f.Content == "" && strings.HasSuffix(f.Name, ".png") {
		b, err := picture{prompt: orDefault(prompt, f.Name), seed: seed, width: 480, height: 320, format: "png"}.make(0)
		if err != nil {
			panic("modelsim: a PNG does not encode: " + err.Error())
		}
		return b
	}
	return []byte(f.Content)
}

// Citation is a url_citation or, with File, the citation of a file that an item
// before it made or found: its name, or its number among those from 1 on. Its indices cover Anchor's first place
// in the text, counted in code points; an Anchor that is not there gives the end.
type Citation struct {
	URL    string `json:"url,omitempty"`
	File   string `json:"file,omitempty"`
	Title  string `json:"title,omitempty"`
	Anchor string `json:"anchor,omitempty"`
}

func (it Item) check() error {
	types := []string{"", "message", "refusal", "reasoning", "function_call", "custom_tool_call", "web_search_call", "code_interpreter_call",
		"image_generation_call", "file_search_call", "mcp_list_tools", "mcp_approval_request", "mcp_call", "compaction"}
	switch {
	case !slices.Contains(types, it.Type):
		return fmt.Errorf("unknown type %q: use one of %s", it.Type, strings.Join(types[1:], ", "))
	case strings.HasSuffix(it.Type, "_tool_call") || it.Type == "function_call" || it.Type == "mcp_call" || it.Type == "mcp_approval_request":
		if it.Name == "" {
			return errors.New("a call needs a name")
		}
	case it.Phase != "" && it.Phase != "commentary" && it.Phase != "final_answer":
		return fmt.Errorf("unknown phase %q: use commentary or final_answer", it.Phase)
	}
	return nil
}

// script is a whole answer before it is performed.
type script struct {
	items      []Item
	interleave bool   // deltas of function calls take turns
	reason     string // why it ends incomplete; empty: it completes
	chunk      int    // like Timing.Chunk, if not 0
	silence    bool   // the reasoning item is long and silent
	fault      *Fault // a demo answer that goes wrong on purpose
}

// brief is what a shape may go by.
type brief struct {
	req  *request
	text string // what a plain answer would say
	tool string // function to call, if the rule names one
	args string
}

// shape is a form that an answer can have.
type shape struct {
	name string
	what string
	make func(brief) script
}

// Shapes returns the names of the shapes, which Rule.Shape and the shape key of
// a directive take (in any case).
func Shapes() []string {
	var names []string
	for _, s := range shapeTable() {
		names = append(names, s.name)
	}
	return names
}

func findShape(name string) (shape, bool) {
	table := shapeTable()
	i := slices.IndexFunc(table, func(s shape) bool { return strings.EqualFold(s.name, name) })
	if i < 0 {
		return shape{}, false
	}
	return table[i], true
}

func shapeTable() []shape {
	return []shape{
		{"S1", "one message", func(b brief) script { return plain(b.text) }},
		{"S2", "reasoning with a summary, then a message", func(b brief) script {
			return script{items: []Item{{Type: "reasoning", Text: thoughts(b.req)}, {Text: b.text}}}
		}},
		{"S2b", "long silent reasoning, then a message", func(b brief) script {
			return script{items: []Item{{Type: "reasoning"}, {Text: b.text}}, silence: true}
		}},
		{"S3", "one function call, then an answer", func(b brief) script { return callThenAnswer(b, b.call(0)) }},
		{"S4", "three parallel calls, interleaved, then an answer", func(b brief) script {
			sc := callThenAnswer(b, b.call(0), b.call(1), b.call(2))
			sc.interleave = len(b.req.toolOutputs) == 0
			return sc
		}},
		{"S5", "a commentary message and a call, then an answer", func(b brief) script {
			return callThenAnswer(b, Item{Text: "Let me look that up.", Phase: "commentary"}, b.call(0))
		}},
		{"S6", "a call after every output, for ever", func(b brief) script { return script{items: []Item{b.call(b.req.toolRounds)}} }},
		{"S7", "a call with invalid JSON arguments", func(b brief) script { return callThenAnswer(b, b.broken(`{"city": "Par`)) }},
		{"S7-empty", "a call with empty arguments", func(b brief) script { return callThenAnswer(b, b.broken("")) }},
		{"S7-unknown", "a call of a function that does not exist", func(b brief) script {
			return callThenAnswer(b, Item{Type: "function_call", Name: "no_such_function", Arguments: "{}"})
		}},
		{"S7-huge", "a call with 200 KB of arguments", func(b brief) script {
			return callThenAnswer(b, b.broken(`{"city":"`+strings.Repeat("x", 200_000)+`"}`))
		}},
		{"S8", "a web search and an answer with two citations", webSearch},
		{"S8-open", "a web search that opens a page and looks for a word in it", func(b brief) script {
			sc := webSearch(b)
			page := "https://example.com/times"
			sc.items = slices.Insert(sc.items, 1, Item{Type: "web_search_call", URL: page}, Item{Type: "web_search_call", URL: page, Text: "tide"})
			return sc
		}},
		{"S9", "code that leaves a picture and a table, and an answer that cites them", runCode},
		{"S10", "an image and a message", func(b brief) script { return drawImage(b, false) }},
		{"S11", "an image made from the newest one", func(b brief) script { return drawImage(b, true) }},
		{"S12", "a file search and an answer that cites two files", searchFiles},
		{"S13", "a remote server's tools listed, the call approved if it has to be, then made", func(b brief) script { return remoteCall(b, false) }},
		{"S13-fail", "a remote call that fails", func(b brief) script { return remoteCall(b, true) }},
		{"S14", "a refusal", func(brief) script {
			return script{items: []Item{{Type: "refusal", Text: "I'm sorry, but I can't help with that."}}}
		}},
		{"S15", "cut by max_output_tokens inside a word", func(b brief) script { return cut(b.text, "max_output_tokens") }},
		{"S15-reasoning", "cut by max_output_tokens before any text", func(b brief) script {
			return script{items: []Item{{Type: "reasoning", Text: thoughts(b.req)}}, reason: "max_output_tokens"}
		}},
		{"S16", "cut by the content filter", func(b brief) script { return cut(b.text, "content_filter") }},
		{"S17", "JSON that fits the asked schema", func(b brief) script { return plain(structured(b.req)) }},
		{"S17-bad", "JSON that does not fit the asked schema", func(brief) script { return plain(`{"unexpected":[1,"two",null]}`) }},
		{"S18", "a compaction, then a message", func(b brief) script {
			return script{items: []Item{{Type: "compaction"}, {Text: b.text}}}
		}},
		{"S19", "two messages", func(b brief) script {
			return script{items: []Item{{Text: "First, the short version."}, {Text: b.text}}}
		}},
		{"S20", "60,000 characters", func(b brief) script { return plain(filler(b.req, 60_000)) }},
		{"S20-empty", "an empty message", func(brief) script { return plain("") }},
		{"S20-space", "white space alone", func(brief) script { return plain(" \n\n \t\n") }},
		{"S20-chars", "5,000 deltas of one rune", func(b brief) script {
			return script{items: []Item{{Text: filler(b.req, 5_000)}}, chunk: 1}
		}},
		{"S20-one", "the whole text in one delta", func(b brief) script {
			return script{items: []Item{{Text: b.text}}, chunk: -1}
		}},
	}
}

func plain(text string) script { return script{items: []Item{{Text: text}}} }

func callThenAnswer(b brief, items ...Item) script {
	if len(b.req.toolOutputs) > 0 {
		return plain(b.text)
	}
	return script{items: items}
}

// call makes the n-th call of a round: the function the rule names, else the
// n-th of the request's functions, else the well-known example.
func (b brief) call(n int) Item {
	var functions []tool
	for _, t := range b.req.tools {
		if t.Type == "function" && (b.tool == "" || t.Name == b.tool) {
			functions = append(functions, t)
		}
	}
	_, forced := b.req.choice()
	switch {
	case b.tool == "" && forced != "":
		return Item{Type: "function_call", Name: forced, Arguments: b.args}
	case len(functions) > 0:
		return Item{Type: "function_call", Name: functions[n%len(functions)].Name, Arguments: b.args}
	}
	city := []string{"Paris", "Lagos", "Osaka"}[n%3]
	return Item{Type: "function_call", Name: orDefault(b.tool, "get_weather"), Arguments: orDefault(b.args, `{"city":"`+city+`"}`)}
}

func (b brief) broken(arguments string) Item {
	it := b.call(0)
	it.Arguments, it.noArguments = arguments, arguments == ""
	return it
}

// cut ends text in the middle of a word near its half.
func cut(text, reason string) script {
	runes := []rune(text)
	n := len(runes) / 2
	for n > 1 && (runes[n] == ' ' || runes[n-1] == ' ' || runes[n] == '\n' || runes[n-1] == '\n') {
		n--
	}
	return script{items: []Item{{Text: string(runes[:n])}}, reason: reason}
}

func structured(r *request) string {
	if r.Text.Format != nil && r.Text.Format.Schema != nil {
		return string(sample(r.Text.Format.Schema, "You said: "+clip(r.lastUser, 200)))
	}
	b, _ := json.Marshal(map[string]string{"you_said": r.lastUser}) // strings always marshal
	return string(b)
}

// clip returns at most n runes of s.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
