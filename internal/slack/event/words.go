package event

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxWords bounds what is taken out of blocks and attachments of one message, in
// bytes. Slack's own limit for a message's text is 40,000 characters.
const maxWords = 100_000

// Words is all that a message says, as mrkdwn: its text; what stands in blocks
// alone, as apps post it; tables; messages that were forwarded or shared into it,
// with who said them; and the titles of its links. raw is the message as Slack
// lists or delivers it.
func Words(raw json.RawMessage) string { return words(parse(raw)) }

func words(msg object) string {
	text := msg.text("text")
	var w writer
	w.line(text)
	if fromApp := msg.id("bot_id") != ""; fromApp || text == "" {
		var own writer
		own.blocks(msg.objects("blocks"))
		if said := own.String(); !strings.Contains(squeeze(text), squeeze(said)) {
			w.line(said)
		}
	} else {
		w.tables(msg.objects("blocks")) // of these a person's text says nothing
	}
	for _, a := range msg.objects("attachments") {
		w.attachment(a)
	}
	return strings.TrimSpace(w.String())
}

// squeeze makes two ways to write the same words alike.
func squeeze(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n*_~`|", r) }), "")
}

// writer collects lines up to maxWords.
type writer struct {
	b    strings.Builder
	deep int
}

func (w *writer) String() string { return w.b.String() }

func (w *writer) line(s string) {
	if s = strings.TrimRight(s, " \n"); s == "" || w.b.Len() > maxWords {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	if room := maxWords - w.b.Len(); len(s) > room {
		s = strings.ToValidUTF8(s[:max(room, 0)], "") + " …"
	}
	w.b.WriteString(s)
}

// attachment writes a message that was forwarded, or what an app or Slack's
// preview of a link says. Slack: Reference: Secondary message attachments.
func (w *writer) attachment(a object) {
	if w.deep > 2 {
		return
	}
	inner := writer{deep: w.deep + 1}
	shared := a.flag("is_share") || a.flag("is_msg_unfurl") || a.has("message_blocks")
	switch {
	case shared:
		inner.line(a.text("text"))
		if inner.b.Len() == 0 {
			for _, m := range a.objects("message_blocks") {
				inner.blocks(m.object("message").objects("blocks"))
			}
		}
		for _, f := range files(a) {
			inner.line(fmt.Sprintf("(with the file %s)", f.Name))
		}
	default:
		inner.line(a.text("pretext"))
		title := a.text("title")
		if link := a.text("title_link"); title != "" && link != "" {
			title = "<" + link + "|" + title + ">"
		}
		inner.line(title)
		inner.line(a.text("text"))
		for _, f := range a.objects("fields") {
			inner.line(pair(f.text("title"), f.text("value")))
		}
		inner.blocks(a.objects("blocks"))
		if inner.b.Len() == 0 {
			inner.line(a.text("fallback"))
		}
	}
	if inner.b.Len() == 0 {
		return
	}
	w.line(heading(a, shared))
	for line := range strings.SplitSeq(inner.String(), "\n") {
		w.line("> " + line)
	}
}

// heading says whose words follow.
func heading(a object, shared bool) string {
	who := strings.Join(strings.Fields(a.text("author_name")), " ")
	if id := a.id("author_id"); id != "" {
		who = "<@" + id + ">"
	}
	where := ""
	if c := a.id("channel_id"); c != "" {
		where = " in <#" + c + ">"
	}
	switch {
	case shared && who != "":
		return "(a message of " + who + where + ":)"
	case shared:
		return "(a message" + where + ":)"
	case a.text("service_name") != "":
		return "(preview of a link, " + strings.Join(strings.Fields(a.text("service_name")), " ") + ":)"
	case a.has("from_url"):
		return "(preview of a link:)"
	}
	return "(attached:)"
}

func pair(name, value string) string {
	if name == "" || value == "" {
		return name + value
	}
	return name + ": " + value
}

// tables writes those blocks alone.
func (w *writer) tables(blocks []object) {
	for _, b := range blocks {
		if t := b.text("type"); t == "table" || t == "data_table" {
			w.table(b)
		}
	}
}

// blocks writes what people can read of blocks. Slack: Reference: Blocks.
func (w *writer) blocks(blocks []object) {
	for _, b := range blocks {
		switch b.text("type") {
		case "section":
			w.line(b.object("text").text("text"))
			for _, f := range b.objects("fields") {
				w.line(f.text("text"))
			}
		case "header", "alert":
			w.line(b.object("text").text("text"))
		case "markdown":
			w.line(b.text("text"))
		case "context":
			var line []string
			for _, e := range b.objects("elements") {
				line = append(line, e.text("text")+e.text("alt_text"))
			}
			w.line(strings.Join(line, " "))
		case "image", "video":
			w.line(pair(b.object("title").text("text"), b.text("alt_text")))
		case "rich_text":
			w.rich(b.objects("elements"), "")
		case "table", "data_table":
			w.table(b)
		case "actions":
			var line []string
			for _, e := range b.objects("elements") {
				if t := e.object("text").text("text"); t != "" {
					line = append(line, "["+t+"]")
				}
			}
			w.line(strings.Join(line, " "))
		}
	}
}

// rich writes the parts of a rich text: sections, quotes, code and lists.
func (w *writer) rich(parts []object, bullet string) {
	for i, p := range parts {
		switch p.text("type") {
		case "rich_text_list":
			mark := strings.Repeat("  ", int(min(max(p.number("indent"), 0), 8))) + "• "
			if p.text("style") == "ordered" {
				mark = strings.Repeat("  ", int(min(max(p.number("indent"), 0), 8))) + "%d. "
			}
			w.rich(p.objects("elements"), mark)
		case "rich_text_preformatted":
			w.line("```\n" + inline(p.objects("elements")) + "\n```")
		case "rich_text_quote":
			w.line("> " + strings.ReplaceAll(inline(p.objects("elements")), "\n", "\n> "))
		default:
			mark := bullet
			if strings.Contains(mark, "%d") {
				mark = fmt.Sprintf(mark, i+1)
			}
			w.line(mark + inline(p.objects("elements")))
		}
	}
}

// inline writes the elements of a section as mrkdwn.
func inline(elements []object) string {
	var b strings.Builder
	for _, e := range elements {
		switch e.text("type") {
		case "text":
			b.WriteString(styled(escape(e.text("text")), e.object("style")))
		case "link":
			if t := e.text("text"); t != "" {
				b.WriteString("<" + e.text("url") + "|" + escape(t) + ">")
			} else {
				b.WriteString("<" + e.text("url") + ">")
			}
		case "user":
			b.WriteString("<@" + e.id("user_id") + ">")
		case "usergroup":
			b.WriteString("<!subteam^" + e.id("usergroup_id") + ">")
		case "channel":
			b.WriteString("<#" + e.id("channel_id") + ">")
		case "broadcast":
			b.WriteString("<!" + e.id("range") + ">")
		case "emoji":
			b.WriteString(":" + e.text("name") + ":")
		case "date":
			b.WriteString(escape(e.text("fallback")))
		}
	}
	return b.String()
}

func styled(s string, style object) string {
	if strings.TrimSpace(s) == "" {
		return s
	}
	for _, kind := range [][2]string{{"code", "`"}, {"bold", "*"}, {"italic", "_"}, {"strike", "~"}} {
		if style.flag(kind[0]) {
			return kind[1] + s + kind[1] // one of them says enough
		}
	}
	return s
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// table writes a table as Markdown.
func (w *writer) table(b object) {
	w.line(b.text("caption"))
	var rows [][]json.RawMessage
	_ = json.Unmarshal(b["rows"], &rows) // what does not fit says nothing
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, raw := range row {
			cells[j] = cell(parse(raw))
		}
		w.line("| " + strings.Join(cells, " | ") + " |")
		if i == 0 {
			w.line("|" + strings.Repeat(" --- |", len(row)))
		}
	}
}

func cell(c object) string {
	s := c.text("text")
	if c.text("type") == "rich_text" {
		var inner writer
		inner.rich(c.objects("elements"), "")
		s = inner.String()
	} else if s == "" {
		s = strings.Trim(string(c["value"]), `"`)
	}
	return strings.NewReplacer("\n", " ", "|", `\|`).Replace(s)
}
