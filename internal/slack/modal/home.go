package modal

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"time"

	"holdfast/internal/home"
)

// HomeCallback is the callback id of the Home tab, and SettingsAction the action id of
// every button that opens the settings.
const (
	HomeCallback   = "holdfast_home"
	SettingsAction = "holdfast_settings"
)

// Home builds a person's Home tab. stands names its content: it is in the tab's
// private_metadata, so that whoever sees the tab can tell whether it is the same.
//
// What people wrote is in plain elements alone, which Slack does not read as markup.
func Home(p home.Page) (view json.RawMessage, stands string) {
	blocks := []object{
		header(cmp.Or(p.Name, "Home")),
		rich(words(text("I am an AI assistant. Write to me under "), bold("Messages"), text(", mention me in a channel, or in a thread that I should join. Answers can be wrong: check what matters."))),
	}
	if p.Refused != "" {
		blocks = append(blocks[:1], section(p.Refused))
	} else {
		blocks = append(blocks, object{"type": "divider"})
		blocks = append(blocks, points("What I can do", p.Can)...)
		blocks = append(blocks, object{"type": "divider"}, header("Your settings"))
		blocks = append(blocks, settingsList(p.Settings)...)
		blocks = append(blocks, object{"type": "actions", "elements": []object{SettingsButton("Change settings")}},
			object{"type": "divider"}, header("Your recent conversations"))
		blocks = append(blocks, talks(p.Talks)...)
		if len(p.Privacy) > 0 {
			blocks = append(blocks, object{"type": "divider"})
			blocks = append(blocks, points("Privacy", p.Privacy)...)
		}
		blocks = append(blocks, aside("Only you see this page."))
	}
	h := fnv.New64a()
	h.Write(encode(object{"blocks": blocks}))
	stands = strconv.FormatUint(h.Sum64(), 36)
	return encode(object{"type": "home", "callback_id": HomeCallback, "private_metadata": stands, "blocks": blocks}), stands
}

// SettingsButton opens a person's settings.
func SettingsButton(label string) object {
	return object{"type": "button", "action_id": SettingsAction, "text": plain(label, 75)}
}

// Invitation is the blocks of a message that leads to the settings.
func Invitation(words string) json.RawMessage {
	blocks := []object{section(words), {"type": "actions", "elements": []object{SettingsButton("Choose how I answer")}}}
	return encodeList(blocks)
}

// points is a heading with points under it; nothing if there are none.
func points(title string, sentences []string) []object {
	if len(sentences) == 0 {
		return nil
	}
	var items []object
	for _, s := range sentences {
		items = append(items, words(text(s)))
	}
	return []object{header(title), rich(list(items))}
}

func settingsList(lines []home.Line) []object {
	var items []object
	for _, l := range lines {
		from := "  (default)"
		if l.Own {
			from = "  (yours)"
		}
		e := []object{bold(l.Label + ": "), text(l.Value), faint(from)}
		if l.Note != "" {
			e = append(e, faint(" "+l.Note))
		}
		items = append(items, words(e...))
	}
	if len(items) == 0 {
		return nil
	}
	return []object{rich(list(items))}
}

func talks(links []home.Link) []object {
	var items []object
	for _, l := range links {
		e := []object{text(l.Title)}
		if l.URL != "" {
			e = []object{{"type": "link", "url": l.URL, "text": clip(l.Title, 3000)}}
		}
		e = append(e, faint("  "))
		if l.Channel != "" {
			e = append(e, object{"type": "channel", "channel_id": l.Channel}, faint(", "))
		}
		// Slack writes it in the reader's own time zone.
		e = append(e, object{"type": "date", "timestamp": l.At.Unix(), "format": "{date_short_pretty}, {time}",
			"fallback": l.At.UTC().Format(time.DateTime + " MST"), "style": object{"italic": true}})
		items = append(items, words(e...))
	}
	if len(items) == 0 {
		return []object{section("None yet. Write to me under Messages, and it will be here.")}
	}
	return []object{rich(list(items))}
}

func rich(elements ...object) object { return object{"type": "rich_text", "elements": elements} }

func list(items []object) object {
	return object{"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": items}
}

func words(elements ...object) object {
	return object{"type": "rich_text_section", "elements": elements}
}

func text(s string) object { return object{"type": "text", "text": clip(s, 3000)} }

func bold(s string) object {
	return object{"type": "text", "text": clip(s, 3000), "style": object{"bold": true}}
}

func faint(s string) object {
	return object{"type": "text", "text": clip(s, 3000), "style": object{"italic": true}}
}
