package surface

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"holdfast/internal/slack/render"
	"holdfast/internal/turn"
)

// The action ids of the buttons under an answer. slack/event reads the first three as
// work for a turn; their value is the turn's id. The value of a judgement is "good/" or
// "bad/" and the turn's id.
const (
	retryAction    = "holdfast_retry"
	goOnAction     = "holdfast_continue"
	shorterAction  = "holdfast_shorter"
	feedbackAction = "holdfast_feedback"
	settingsAction = "holdfast_settings"
)

// under puts what ends an answer under its blocks: what became of it, what it rests on,
// and what can be done about it. foot is nil for a part that others follow.
func (s *surface) under(blocks json.RawMessage, foot *turn.Ending) json.RawMessage {
	if foot == nil {
		return blocks
	}
	if foot.Notice != "" {
		blocks = below(blocks, block{"context", []element{mrkdwn(foot.Notice)}})
	}
	if line := footLine(foot.Foot); len(line) > 0 {
		blocks = below(blocks, block{"context", line})
	}
	if foot.Judge {
		blocks = below(blocks, block{"context_actions", []element{judge(s.turn.ID)}})
	}
	var buttons []element
	for _, o := range foot.Offers {
		buttons = append(buttons, offer(o, s.turn.ID))
	}
	if foot.Settings {
		buttons = append(buttons, button("Settings", settingsAction, s.turn.ID))
	}
	if len(buttons) > 0 {
		blocks = below(blocks, block{"actions", buttons})
	}
	return blocks
}

// block is one that holds elements. Slack: Block Kit, context, actions,
// context_actions.
type block struct {
	Type     string    `json:"type"`
	Elements []element `json:"elements"`
}

type element map[string]any

func mrkdwn(text string) element { return element{"type": "mrkdwn", "text": text} }

func plain(text string) element { return element{"type": "plain_text", "text": text} }

func button(label, action, value string) element {
	return element{"type": "button", "action_id": action, "value": value, "text": plain(label)}
}

func offer(o turn.Offer, id string) element {
	switch o {
	case turn.Retry:
		return button("Try again", retryAction, id)
	case turn.GoOn:
		return button("Continue", goOnAction, id)
	case turn.Shorter:
		return button("Shorter", shorterAction, id)
	}
	panic(fmt.Sprintf("surface: no button for %q", o))
}

func judge(id string) element {
	return element{
		"type": "feedback_buttons", "action_id": feedbackAction,
		"positive_button": element{"text": plain("Good answer"), "value": "good/" + id, "accessibility_label": "This answer helped"},
		"negative_button": element{"text": plain("Bad answer"), "value": "bad/" + id, "accessibility_label": "This answer did not help"},
	}
}

const (
	maxSources  = 10
	maxElements = 9     // of a context block's 10; the last one is the model's
	maxElement  = 2_900 // of a text's 3,000 characters
	maxTitle    = 60
)

// footLine is what an answer rests on: sources, numbered as they are listed, then tools
// and model.
func footLine(f turn.Foot) []element {
	var lines []string
	line := ""
	listed := 0
	for _, src := range f.Sources {
		link := sourceLink(listed+1, src)
		if listed == maxSources || len(lines) == maxElements-1 || len(link) > maxElement {
			continue
		}
		if line != "" && len(line)+len(link) > maxElement {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " · "
		}
		line += link
		listed++
	}
	if more := len(f.Sources) - listed; more > 0 && listed > 0 {
		line += fmt.Sprintf(" · and %d more", more)
	}
	if line != "" {
		lines = append(lines, line)
	}
	var rest []string
	if f.Model != "" {
		rest = append(rest, render.Escape(f.Model))
	}
	if len(f.Used) > 0 {
		rest = append(rest, render.Escape(cut(strings.Join(f.Used, ", "), 200)))
	}
	if len(rest) > 0 {
		lines = append(lines, strings.Join(rest, " · "))
	}
	elements := make([]element, 0, len(lines))
	for _, l := range lines {
		elements = append(elements, mrkdwn(l))
	}
	return elements
}

// sourceLink is a link in mrkdwn. A title is a stranger's words.
func sourceLink(n int, s turn.Source) string {
	address := strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\n", "").Replace(s.URL)
	title := strings.Join(strings.Fields(s.Title), " ")
	if title == "" {
		title = host(s.URL)
	}
	title = render.Escape(strings.ReplaceAll(cut(title, maxTitle), "|", "¦"))
	return "<" + address + "|" + strconv.Itoa(n) + ". " + title + ">"
}

// host is where a page is, or its whole address.
func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// below puts a block under blocks.
func below(blocks json.RawMessage, block any) json.RawMessage {
	raw, err := json.Marshal(block)
	if err != nil {
		panic(fmt.Sprintf("encode a block: %v", err))
	}
	if len(blocks) <= 2 { // none, or []
		return json.RawMessage("[" + string(raw) + "]")
	}
	return json.RawMessage(string(blocks[:len(blocks)-1]) + "," + string(raw) + "]")
}
