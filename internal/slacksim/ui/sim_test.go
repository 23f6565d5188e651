package ui_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"holdfast/internal/slacksim"
	"holdfast/internal/slacksim/ui"
)

// TestOverTheSimulator runs the page over slacksim itself, with the test as the app: what
// the fake of the other tests says must also hold there.
func TestOverTheSimulator(t *testing.T) {
	browser(t) // skips without one
	sim := slacksim.New(slacksim.Options{Page: ui.Page()})
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.CloseClientConnections()
		server.Close()
	})
	call := func(method string, args url.Values) map[string]any {
		t.Helper()
		args.Set("token", slacksim.DefaultBotToken)
		response, err := http.PostForm(server.URL+"/api/"+method, args)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if out["ok"] != true {
			t.Fatalf("%s: %v", method, out)
		}
		return out
	}

	w := open(t, server.URL, 1280, 800)
	w.wait(shows(".whoami", "Ada Marsh") + ` && document.querySelector('.welcome')`)
	me := eval[string](w, `new URLSearchParams(location.search).get('as')`)
	channel := eval[string](w, `location.hash.slice(2)`)
	w.write(".main", "1 < 2, isn't it? :tada:")
	w.wait(shows(".msg", "1 < 2, isn't it? 🎉"))
	root := eval[string](w, `document.querySelector('.msg').dataset.ts`)

	call("agents.sessions.setStatus", url.Values{"channel_id": {channel}, "thread_ts": {root}, "status": {"processing"}, "title": {"A sum"}})
	w.wait(shows(".status", "Holdfast is working") + " && " + shows(".conversation-title", "A sum"))
	ts := call("chat.startStream", url.Values{"channel": {channel}, "thread_ts": {root}, "recipient_user_id": {me}, "recipient_team_id": {slacksim.SeedTeam},
		"chunks": {`[{"type":"task_update","id":"t1","title":"Counting","status":"in_progress"},{"type":"markdown_text","text":"| a | b |\n|---|---|\n| **1"}]`}})["ts"].(string)
	w.wait(shows(".task-item.running", "Counting") + " && " + shows(".md td strong", "1") + ` && document.querySelector('.caret')`)
	call("chat.appendStream", url.Values{"channel": {channel}, "ts": {ts}, "chunks": {`[{"type":"task_update","id":"t1","title":"Counted","status":"complete"},{"type":"markdown_text","text":"** | 2 |\n"}]`}})
	w.wait(shows(".task-item.done", "Counted") + " && " + shows(".md td", "2"))
	call("chat.stopStream", url.Values{"channel": {channel}, "ts": {ts}, "blocks": {`[{"type":"context","elements":[{"type":"mrkdwn","text":"checked *twice*"}]}]`}})
	w.wait(`!document.querySelector('.caret') && !document.querySelector('.status') && ` + shows(".bk-context strong", "twice"))
	if n := eval[int](w, `document.querySelectorAll('.md table').length`); n != 1 {
		t.Errorf("the answer is drawn %d times", n)
	}

	// An edit by the app replaces what was streamed.
	call("chat.update", url.Values{"channel": {channel}, "ts": {ts}, "text": {"It is *so*."}})
	w.wait(shows(".msg.byapp strong", "so") + ` && !document.querySelector('.md table')`)

	call("chat.postMessage", url.Values{"channel": {channel}, "thread_ts": {root}, "markdown_text": {"## Posted\n\n- as Markdown"}})
	w.wait(shows(".md .h2", "Posted") + " && " + shows(".md li", "as Markdown"))
	call("reactions.add", url.Values{"channel": {channel}, "timestamp": {root}, "name": {"eyes"}})
	w.wait(`document.querySelector('.reaction [aria-label=eyes]')`)
	call("chat.postEphemeral", url.Values{"channel": {channel}, "user": {me}, "thread_ts": {root}, "text": {"psst"}})
	w.wait(shows(".ephemeral", "psst") + " && " + shows(".only", "Only visible to you"))
	call("assistant.threads.setSuggestedPrompts", url.Values{"channel_id": {channel}, "prompts": {`[{"title":"Ask the tide","message":"When is high water?"}]`}})
	w.click(".head-tools .button")
	w.wait(shows(".suggestion", "Ask the tide"))
	w.click(".suggestion")
	w.wait(shows(".msg", "When is high water?") + ` && document.querySelectorAll('.conversation').length === 2`)

	w.click(".inspect")
	w.wait(shows(".entry-row", "chat.stopStream") + " && " + shows(".entry-row", "chat.postEphemeral"))
}
