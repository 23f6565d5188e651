package transcript

import "strings"

// Plain turns Slack's mrkdwn into words for the model: mentions become names
// with their ids kept, links become Markdown links, entities become characters.
// Slack: Formatting text for app surfaces.
func Plain(s string, people People, self Self) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			break
		}
		b.WriteString(unescape(s[:open]))
		b.WriteString(reference(s[open+1:open+end], people, self))
		s = s[open+end+1:]
	}
	b.WriteString(unescape(s))
	return b.String()
}

// reference is what stands between angle brackets in mrkdwn.
func reference(ref string, people People, self Self) string {
	target, label, labelled := strings.Cut(ref, "|")
	label = unescape(label)
	switch {
	case strings.HasPrefix(target, "@"):
		id := target[1:]
		if id == self.User {
			return "@" + self.Name
		}
		if name := people.name(id); name != id {
			label = name
		}
		if label == "" {
			return "<@" + id + ">"
		}
		return "@" + oneLine(label) + " (<@" + id + ">)"
	case strings.HasPrefix(target, "#"):
		if label == "" {
			return "<" + target + ">"
		}
		return "#" + oneLine(label) + " (<" + target + ">)"
	case strings.HasPrefix(target, "!subteam^"):
		if label == "" {
			return "<" + target + ">"
		}
		return "@" + strings.TrimPrefix(oneLine(label), "@") + " (<" + target + ">)"
	case strings.HasPrefix(target, "!"):
		if label != "" {
			return label
		}
		word, _, _ := strings.Cut(target[1:], "^")
		return "@" + word
	}
	link := unescape(target)
	if !labelled || label == "" || label == link {
		return link
	}
	return "[" + label + "](" + link + ")"
}

func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// Mentioned returns the ids of all people that a message names.
func Mentioned(s string) []string {
	var ids []string
	for {
		_, rest, ok := strings.Cut(s, "<@")
		if !ok {
			return ids
		}
		ref, after, ok := strings.Cut(rest, ">")
		if !ok {
			return ids
		}
		id, _, _ := strings.Cut(ref, "|")
		ids = append(ids, id)
		s = after
	}
}
