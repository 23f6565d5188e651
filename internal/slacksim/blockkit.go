package slacksim

import "maps"

// maxTableChars bounds the text of a table's cells.
const maxTableChars = 10_000

// newSchema writes down Block Kit: what each block takes, and where it may stand.
func newSchema() *schema {
	el := elements()
	pick := func(names ...string) rule {
		t := map[string]rule{}
		for _, n := range names {
			t[n] = el[n]
		}
		return union(t)
	}
	image := object("alt_text", fields{"alt_text": str(1, 2000), "image_url": address, "slack_file": slackFile()})
	texts := map[string]rule{"image": either("image_url", "slack_file", image)}
	maps.Copy(texts, map[string]rule{"plain_text": text(3000), "mrkdwn": text(3000)})

	accessories := []string{"button", "overflow", "datepicker", "timepicker", "checkboxes", "radio_buttons", "image", "workflow_button",
		"static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select"}
	inActions := []string{"button", "overflow", "datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons", "workflow_button",
		"static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select"}
	inInput := []string{"plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input", "rich_text_input",
		"checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker",
		"static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select"}

	block := func(required string, f fields) rule {
		f["block_id"] = str(0, 255)
		return object(required, f)
	}
	loose := func(required string, f fields) rule {
		f["block_id"] = str(0, 255)
		return open(required, f)
	}
	task := taskCard(block)
	child := func(c *checker, at string, v any) { c.block(at, v) }
	card := loose("", fields{"title": text(150), "subtitle": text(150), "body": text(200)})

	return &schema{blocks: map[string]blockRule{
		"section": {everywhere, either("text", "fields", block("", fields{
			"text": text(3000), "fields": list(1, 10, text(2000)), "accessory": pick(accessories...), "expand": flag,
		}))},
		"header":  {everywhere, block("text", fields{"text": plain(150), "level": number(1, 4)})},
		"divider": {everywhere, block("", fields{})},
		"context": {everywhere, block("elements", fields{"elements": list(1, 10, union(texts))})},
		"actions": {everywhere, block("elements", fields{"elements": all(list(1, 25, pick(inActions...)), distinctActions)})},
		"context_actions": {onMessage | onStream, block("elements", fields{
			"elements": all(list(1, 5, pick("feedback_buttons", "icon_button")), distinctActions),
		})},
		"image": {everywhere, either("image_url", "slack_file", block("alt_text", fields{
			"alt_text": str(1, 2000), "title": plain(2000), "image_url": address, "slack_file": slackFile(),
		}))},
		"input": {onHome | onModal, block("label element", fields{
			"label": plain(2000), "hint": plain(2000), "element": pick(inInput...), "dispatch_action": flag, "optional": flag,
		})},
		"markdown": {onMessage | onStream, all(block("text", fields{"text": str(1, maxMarkdown)}), func(c *checker, _ string, v any) {
			c.markdown += characters(v)
		})},
		"rich_text": {everywhere, richTextRule(block)},
		"table": {onMessage | onStream, all(block("rows", fields{
			"rows": list(1, 100, list(1, 20, cell())),
			"column_settings": list(0, 20, nullable(object("", fields{
				"align": oneOf("left", "center", "right"), "is_wrapped": flag,
			}))),
		}), tableSize)},
		"data_table": {onMessage | onStream, all(loose("caption rows", fields{
			"caption": str(1, 2000), "page_size": number(1, 100), "rows": list(1, 101, list(1, 20, anything)),
		}), tableSize)},
		"data_visualization": {onMessage | onStream, loose("title", fields{"title": str(1, 50)})},
		"alert": {onStream, block("text", fields{
			"text": text(3000), "level": oneOf("default", "info", "warning", "error", "success"),
		})},
		"card":      {onStream, card},
		"carousel":  {onStream, block("elements", fields{"elements": list(1, 10, union(map[string]rule{"card": card}))})},
		"container": {onMessage | onStream, loose("child_blocks", fields{"child_blocks": list(1, 10, child), "title": plain(150)})},
		"task_card": {onMessage | onStream, task},
		"plan": {onMessage | onStream, block("title", fields{
			"title": str(1, 256), "tasks": list(0, 50, union(map[string]rule{"task_card": task})),
		})},
		"video": {everywhere, loose("alt_text title thumbnail_url video_url", fields{
			"alt_text": str(1, 2000), "title": plain(199), "author_name": str(1, 49), "thumbnail_url": address, "video_url": address,
		})},
	}}
}

// nullable lets null pass, as in a table's column settings.
func nullable(r rule) rule {
	return func(c *checker, at string, v any) {
		if v != nil {
			r(c, at, v)
		}
	}
}

func tableSize(c *checker, at string, v any) {
	m, _ := v.(map[string]any)
	c.tables++
	if n := characters(m["rows"]); n > maxTableChars {
		c.fault(at+"/rows", "table cells must be less than %d characters together", maxTableChars+1)
	}
}

func slackFile() rule {
	return either("id", "url", object("", fields{"id": str(1, 255), "url": address}))
}

func cell() rule {
	return union(map[string]rule{
		"raw_text":   object("text", fields{"text": str(1, maxTableChars)}),
		"raw_number": open("", fields{"text": str(1, 255)}),
		"rich_text":  object("elements", fields{"elements": richElementsRule(), "block_id": str(0, 255)}),
	})
}

func taskCard(block func(string, fields) rule) rule {
	rich := union(map[string]rule{"rich_text": object("elements", fields{"elements": all(list(1, 1, anything), richElementsRule()), "block_id": str(0, 255)})})
	return block("task_id title", fields{
		"task_id": str(1, 255), "title": str(1, 256), "status": oneOf("pending", "in_progress", "complete", "error"),
		"details": rich, "output": rich, "hide_title": flag,
		"icon":    open("name", fields{"name": str(1, 255)}),
		"sources": list(0, 100, union(map[string]rule{"url": object("url text", fields{"url": address, "text": str(1, 256)})})),
	})
}

func richTextRule(block func(string, fields) rule) rule {
	return block("elements", fields{"elements": richElementsRule()})
}

// richElementsRule is the inside of a rich_text block.
func richElementsRule() rule {
	style := object("", fields{
		"bold": flag, "italic": flag, "strike": flag, "code": flag, "underline": flag, "highlight": flag, "client_highlight": flag, "unlink": flag,
	})
	inline := union(map[string]rule{
		"text":      object("text", fields{"text": str(1, maxMarkdown), "style": style}),
		"link":      object("url", fields{"url": address, "text": str(0, 3000), "unsafe": flag, "style": style}),
		"user":      object("user_id", fields{"user_id": str(1, 255), "style": style}),
		"usergroup": object("usergroup_id", fields{"usergroup_id": str(1, 255), "style": style}),
		"channel":   object("channel_id", fields{"channel_id": str(1, 255), "style": style}),
		"team":      object("team_id", fields{"team_id": str(1, 255), "style": style}),
		"emoji":     object("name", fields{"name": str(1, 255), "unicode": str(1, 255), "skin_tone": number(1, 6), "style": style}),
		"broadcast": object("range", fields{"range": oneOf("here", "channel", "everyone"), "style": style}),
		"date":      object("timestamp format", fields{"timestamp": number(0, 1<<40), "format": str(1, 1000), "url": address, "fallback": str(0, 1000), "style": style}),
		"color":     object("value", fields{"value": str(1, 255), "style": style}),
	})
	section := object("elements", fields{"elements": list(0, 1000, inline)})
	sections := union(map[string]rule{"rich_text_section": section})
	border := number(0, 1)
	return list(1, 1000, union(map[string]rule{
		"rich_text_section": section,
		"rich_text_list": object("elements style", fields{
			"elements": list(1, 1000, sections), "style": oneOf("bullet", "ordered"), "indent": number(0, 8), "offset": number(0, 1<<31), "border": border,
		}),
		"rich_text_quote":        object("elements", fields{"elements": list(0, 1000, inline), "border": border}),
		"rich_text_preformatted": object("elements", fields{"elements": list(0, 1000, inline), "border": border, "language": str(1, 100)}),
	}))
}

// elements are the interactive elements.
func elements() map[string]rule {
	confirm := object("title text confirm deny", fields{
		"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30), "style": oneOf("primary", "danger"),
	})
	base := func(required string, f fields) rule {
		f["action_id"] = str(1, 255)
		f["confirm"] = confirm
		f["focus_on_load"] = flag
		return object(required, f)
	}
	option := object("text value", fields{"text": text(75), "value": str(1, 150), "description": text(75), "url": address})
	group := object("label options", fields{"label": plain(75), "options": list(1, 100, option)})
	dispatch := object("", fields{"trigger_actions_on": list(1, 2, oneOf("on_enter_pressed", "on_character_entered"))})
	id := str(1, 255)
	filter := object("", fields{
		"include": list(1, 4, oneOf("im", "mpim", "private", "public")), "exclude_external_shared_channels": flag, "exclude_bot_users": flag,
	})
	one := func(f fields) fields { f["placeholder"] = plain(150); return f }
	many := func(f fields) fields { f = one(f); f["max_selected_items"] = number(1, 1000); return f }
	options := func(f fields) fields {
		f["options"], f["option_groups"] = list(1, 100, option), list(1, 100, group)
		return f
	}
	feedback := object("text value", fields{"text": plain(75), "value": str(1, 2000), "accessibility_label": str(1, 75)})
	input := func(f fields) rule {
		f["placeholder"], f["dispatch_action_config"] = plain(150), dispatch
		return base("", f)
	}
	return map[string]rule{
		"button": base("text", fields{
			"text": plain(75), "value": str(0, 2000), "url": address, "style": oneOf("primary", "danger"), "accessibility_label": str(1, 75),
		}),
		"workflow_button": open("text workflow", fields{"text": plain(75), "action_id": id, "workflow": anything}),
		"image": either("image_url", "slack_file", object("alt_text", fields{
			"alt_text": str(1, 2000), "image_url": address, "slack_file": slackFile(),
		})),
		"feedback_buttons": object("positive_button negative_button", fields{
			"action_id": id, "positive_button": feedback, "negative_button": feedback,
		}),
		"icon_button": object("icon text", fields{
			"action_id": id, "icon": str(1, 255), "text": plain(75), "value": str(0, 2000), "confirm": confirm,
			"accessibility_label": str(1, 75), "visible_to_user_ids": list(1, 100, id),
		}),
		"overflow":       base("options", fields{"options": list(1, 5, option)}),
		"checkboxes":     base("options", fields{"options": list(1, 10, option), "initial_options": list(1, 10, option)}),
		"radio_buttons":  base("options", fields{"options": list(1, 10, option), "initial_option": option}),
		"datepicker":     base("", one(fields{"initial_date": str(10, 10)})),
		"timepicker":     base("", one(fields{"initial_time": str(5, 5), "timezone": str(1, 100)})),
		"datetimepicker": base("", fields{"initial_date_time": number(1_000_000_000, 9_999_999_999)}),

		"static_select":        either("options", "option_groups", base("", options(one(fields{"initial_option": option})))),
		"external_select":      base("", one(fields{"initial_option": option, "min_query_length": number(0, 1000)})),
		"users_select":         base("", one(fields{"initial_user": id})),
		"conversations_select": base("", one(fields{"initial_conversation": id, "default_to_current_conversation": flag, "response_url_enabled": flag, "filter": filter})),
		"channels_select":      base("", one(fields{"initial_channel": id, "response_url_enabled": flag})),

		"multi_static_select":        either("options", "option_groups", base("", options(many(fields{"initial_options": list(1, 100, option)})))),
		"multi_external_select":      base("", many(fields{"initial_options": list(1, 100, option), "min_query_length": number(0, 1000)})),
		"multi_users_select":         base("", many(fields{"initial_users": list(1, 1000, id)})),
		"multi_conversations_select": base("", many(fields{"initial_conversations": list(1, 1000, id), "default_to_current_conversation": flag, "filter": filter})),
		"multi_channels_select":      base("", many(fields{"initial_channels": list(1, 1000, id)})),

		"plain_text_input": input(fields{
			"initial_value": str(0, 3000), "multiline": flag, "min_length": number(0, 3000), "max_length": number(1, 3000),
		}),
		"email_text_input": input(fields{"initial_value": str(0, 3000)}),
		"url_text_input":   input(fields{"initial_value": str(0, 3000)}),
		"number_input": input(fields{
			"initial_value": str(0, 100), "is_decimal_allowed": flag, "min_value": str(1, 100), "max_value": str(1, 100),
		}),
		"file_input":      base("", fields{"filetypes": list(1, 100, str(1, 20)), "max_files": number(1, 10)}),
		"rich_text_input": input(fields{"initial_value": anything}),
	}
}
