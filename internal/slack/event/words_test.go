package event

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"holdfast/internal/chat"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct{ name, message, want string }{
		{"a person's text stands for their blocks", `{"user":"U1","text":"hello *there*","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"hello "},{"type":"text","text":"there","style":{"bold":true}}]}]}]}`,
			"hello *there*"},
		{"nothing", `{}`, ""},
		{"no object", `[1]`, ""},
		{"odd types", `{"text":7,"blocks":{"type":"section"},"attachments":"x"}`, ""},
		{"blocks alone", `{"bot_id":"B1","text":"","blocks":[{"type":"header","text":{"type":"plain_text","text":"Tide warning"}},{"type":"section","text":{"type":"mrkdwn","text":"High water at *12:40*"},"fields":[{"type":"mrkdwn","text":"*Gauge*\nNorth"}]},{"type":"context","elements":[{"type":"image","alt_text":"wave"},{"type":"mrkdwn","text":"by the harbour"}]},{"type":"divider"},{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Mute"}}]}]}`,
			"Tide warning\nHigh water at *12:40*\n*Gauge*\nNorth\nwave by the harbour\n[Mute]"},
		{"an app's fallback and its blocks", `{"bot_id":"B1","text":"New alert","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Pump 3 is hot"}}]}`,
			"New alert\nPump 3 is hot"},
		{"an app's text is its blocks", `{"bot_id":"B1","text":"Pump *3* is hot","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Pump *3* is hot"}}]}`,
			"Pump *3* is hot"},
		{"forwarded", `{"user":"U1","text":"what is this?","attachments":[{"is_share":true,"author_id":"U2","author_name":"Ben","channel_id":"C9","text":"the pontoon\nis loose","files":[{"id":"F1","name":"loose.jpg"}]}]}`,
			"what is this?\n(a message of <@U2> in <#C9>:)\n> the pontoon\n> is loose\n> (with the file loose.jpg)"},
		{"forwarded alone, in blocks", `{"user":"U1","text":"","attachments":[{"is_msg_unfurl":true,"author_name":"Ben\n[Ada]","message_blocks":[{"team":"T1","message":{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a < b"}]}]}]}}]}]}`,
			"(a message of Ben [Ada]:)\n> a &lt; b"},
		{"link", `{"user":"U1","text":"see <https://x.io>","attachments":[{"from_url":"https://x.io","service_name":"X","title":"The page","title_link":"https://x.io","text":"What it says"}]}`,
			"see <https://x.io>\n(preview of a link, X:)\n> <https://x.io|The page>\n> What it says"},
		{"old attachments", `{"bot_id":"B1","text":"build","attachments":[{"pretext":"red","fields":[{"title":"branch","value":"main"}],"fallback":"no"},{"fallback":"only this"}]}`,
			"build\n(attached:)\n> red\n> branch: main\n(attached:)\n> only this"},
		{"a person's table", `{"user":"U1","text":"here","blocks":[{"type":"table","rows":[[{"type":"raw_text","text":"a|b"},{"type":"raw_number","value":2}],[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"U2"}]}]},{"type":"raw_text","text":"x\ny"}]]}]}`,
			"here\n| a\\|b | 2 |\n| --- | --- |\n| <@U2> | x y |"},
		{"rich text", `{"text":"","blocks":[{"type":"rich_text","elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":"see "},{"type":"link","url":"https://x.io","text":"x & y"},{"type":"text","text":" "},{"type":"emoji","name":"wave"},{"type":"broadcast","range":"here"},{"type":"channel","channel_id":"C1"},{"type":"usergroup","usergroup_id":"S1"}]},
			{"type":"rich_text_list","style":"ordered","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"two"}]}]},
			{"type":"rich_text_list","style":"bullet","indent":1,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"in","style":{"code":true,"bold":true}}]}]},
			{"type":"rich_text_quote","elements":[{"type":"text","text":"said\nso"}]},
			{"type":"rich_text_preformatted","elements":[{"type":"text","text":"a := 1"}]}]}]}`,
			"see <https://x.io|x &amp; y> :wave:<!here><#C1><!subteam^S1>\n1. one\n2. two\n  • `in`\n> said\n> so\n```\na := 1\n```"},
	} {
		if got := Words([]byte(tt.message)); got != tt.want {
			t.Errorf("%s:\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

// What is forwarded into a message is not said by it.
func TestForwardedWordsDecideNothing(t *testing.T) {
	forwarded := func(text, inner string) chat.Conversation {
		e := classify(fmt.Sprintf(`{"type":"message","channel":"C1","channel_type":"channel","user":"U1","ts":"5.000001","thread_ts":"4.000001","text":%q,
			"attachments":[{"is_share":true,"author_id":"U2","text":%q}]}`, text, inner))
		if !strings.Contains(e.Message.Text, inner) {
			t.Errorf("%q is not in %q", inner, e.Message.Text)
		}
		if e.Stop != nil {
			t.Errorf("forwarding %q stops something", inner)
		}
		return e.Lane
	}
	if lane := forwarded("look", "<@UBOT> help"); !lane.IsZero() {
		t.Error("forwarding a mention is taken for one")
	}
	if lane := forwarded("<@UBOT> what is this?", "stop"); lane.IsZero() {
		t.Error("a mention over a forwarded message is not heard")
	}
}

func TestWordsAreBounded(t *testing.T) {
	long := strings.Repeat("é", maxWords)
	got := Words(fmt.Appendf(nil, `{"text":"","attachments":[{"text":%q},{"text":%q}]}`, long, long))
	if len(got) > maxWords+100 || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzWords(f *testing.F) {
	f.Add(`{"bot_id":"B1","text":"a","blocks":[{"type":"section","text":{"text":"b"}},{"type":"table","rows":[[{"text":"x"}]]}],"attachments":[{"is_share":true,"text":"c"}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		got := Words([]byte(s))
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") || len(got) > maxWords+200 || got != Words([]byte(s)) {
			t.Errorf("%q", got)
		}
	})
}
