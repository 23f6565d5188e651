package holdfast_test

import (
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// quietSubtypes are the message subtypes that are nobody's words to us. Slack:
// message event.
var quietSubtypes = []string{
	"assistant_app_thread", "bot_add", "bot_disable", "bot_enable", "bot_message", "bot_remove", "channel_archive",
	"channel_canvas_updated", "channel_convert_to_private", "channel_convert_to_public", "channel_join", "channel_leave",
	"channel_name", "channel_posting_permissions", "channel_purpose", "channel_topic", "channel_unarchive",
	"document_mention", "ekm_access_denied", "file_comment", "file_mention", "group_archive", "group_join", "group_leave",
	"group_name", "group_purpose", "group_topic", "group_unarchive", "huddle_thread", "message_changed", "message_deleted",
	"message_replied", "pinned_item", "reminder_add", "reply_broadcast", "sh_room_created", "tombstone", "unpinned_item",
	"a_subtype_of_next_year",
}

// subtypes: messages of all those subtypes come, in the direct channel and in
// another one, with an author and without; and messages of bots that mention us.
func subtypes(ts *testscript.TestScript, w *world, _ []string) {
	var bot string
	w.slack.Look(func(v slacksim.View) { bot = v.App().BotUserID })
	n := 0
	send := func(channel, kind, fields string) {
		n++
		ev := fmt.Sprintf(`{"type":"message","channel":%q,"channel_type":%q,"ts":"1700000000.%06d","event_ts":"1700000000.%06d","text":"<@%s> hello"%s}`,
			channel, kind, n, n, bot, fields)
		envelope(ts, w, []string{"events_api", fmt.Sprintf(`{"type":"event_callback","team_id":%q,"event_id":"EvS%d","event":%s}`, slacksim.SeedTeam, n, ev)})
	}
	for channel, kind := range map[string]string{slacksim.SeedAdaDM: "im", slacksim.SeedGeneral: "channel"} {
		for _, subtype := range quietSubtypes {
			send(channel, kind, fmt.Sprintf(`,"subtype":%q`, subtype))
			send(channel, kind, fmt.Sprintf(`,"subtype":%q,"user":%q`, subtype, slacksim.SeedAda))
		}
		send(channel, kind, "") // nobody wrote it
		send(channel, kind, `,"user":"USLACKBOT"`)
		send(channel, kind, fmt.Sprintf(`,"user":%q`, bot))
		send(channel, kind, `,"bot_id":"B0OTHER","user":"U0OTHERBOT","bot_profile":{"id":"B0OTHER"}`)
		send(channel, kind, `,"bot_id":"B0OTHER","subtype":"bot_message","username":"other"`)
		send(channel, kind, fmt.Sprintf(`,"subtype":"message_deleted","deleted_ts":"1700000000.000001","previous_message":{"user":%q,"ts":"1700000000.000001","text":"x"}`, slacksim.SeedAda))
		send(channel, kind, `,"subtype":"message_changed","message":{"subtype":"tombstone","user":"USLACKBOT","ts":"1700000000.000001","text":"This message was deleted."}`)
	}
}
