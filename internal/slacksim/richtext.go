package slacksim

import (
	"encoding/json"
	"strings"
)

type richElement struct {
	Type      string `json:"type"`
	Text      string `json:"text,omitempty"`
	UserID    string `json:"user_id,omitempty"`
	ChannelID string `json:"channel_id,omitempty"`
	Range     string `json:"range,omitempty"`
	URL       string `json:"url,omitempty"`
}

// richText makes the rich_text block that Slack adds to what a person types: text, mentions and links.
func (s *Sim) richText(text string) json.RawMessage {
	type section struct {
		Type     string        `json:"type"`
		Elements []richElement `json:"elements"`
	}
	type block struct {
		Type     string    `json:"type"`
		BlockID  string    `json:"block_id"`
		Elements []section `json:"elements"`
	}
	b, err := json.Marshal([]block{{"rich_text", s.blockID(), []section{{"rich_text_section", richElements(text)}}}})
	if err != nil {
		s.log.Error("slacksim: rich text not encoded", "error", err)
		return nil
	}
	return b
}

func richElements(text string) []richElement {
	out := []richElement{}
	plain := func(t string) {
		if t != "" {
			out = append(out, richElement{Type: "text", Text: unescape(t)})
		}
	}
	for {
		before, rest, ok := strings.Cut(text, "<")
		inner, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			plain(text)
			return out
		}
		plain(before)
		text = after
		target, label, _ := strings.Cut(inner, "|")
		switch {
		case strings.HasPrefix(target, "@"):
			out = append(out, richElement{Type: "user", UserID: target[1:]})
		case strings.HasPrefix(target, "#"):
			out = append(out, richElement{Type: "channel", ChannelID: target[1:]})
		case strings.HasPrefix(target, "!"):
			out = append(out, richElement{Type: "broadcast", Range: target[1:]})
		case strings.Contains(target, ":"):
			out = append(out, richElement{Type: "link", URL: unescape(target), Text: unescape(label)})
		default:
			plain("<" + inner + ">")
		}
	}
}

func unescape(t string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(t)
}

// blockID makes an id such as Slack gives to a block without one.
func (s *Sim) blockID() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, 5)
	for i := range b {
		b[i] = letters[s.rng.IntN(len(letters))]
	}
	return string(b)
}
