package slacksim

import (
	"encoding/json"
	"strings"
)

// Shown is what a person reads in the message, blocks and all, without its formatting.
func (m Message) Shown() string {
	var blocks strings.Builder
	var v any
	if json.Unmarshal(m.Blocks, &v) == nil {
		gather(v, &blocks)
	}
	switch {
	case m.Stream != nil: // blocks stand under the streamed text
		return m.Text + "\n" + blocks.String()
	case blocks.Len() > 0:
		return blocks.String()
	case m.Text != "":
		return m.Text
	}
	return m.MarkdownText
}

// gather collects the words of blocks, in their order.
func gather(v any, b *strings.Builder) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			gather(e, b)
		}
	case map[string]any:
		if s, ok := v["text"].(string); ok {
			b.WriteString(s)
		} else if v["text"] != nil {
			gather(v["text"], b)
		}
		for _, key := range []string{"elements", "rows", "fields"} {
			gather(v[key], b)
		}
		if t, _ := v["type"].(string); strings.HasPrefix(t, "rich_text_") || t == "context" {
			b.WriteString("\n")
		}
	}
}
