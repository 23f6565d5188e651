package slacksim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// answer posts to a response_url and returns the status and body.
func (r *rig) answer(u any, body any) (int, string) {
	r.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.client.Post(u.(string), "application/json", bytes.NewReader(b))
	if err != nil {
		r.t.Fatal(err)
	}
	return r.drain(resp)
}

func (r *rig) drain(resp *http.Response) (int, string) {
	r.t.Helper()
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func (r *rig) respond(u any, body any) {
	r.t.Helper()
	if code, out := r.answer(u, body); code != 200 || out != "ok" {
		r.t.Fatalf("%v: %d %s", body, code, out)
	}
}

// clicked has Ada click the button of a message and returns the response_url.
func (r *rig) clicked(l *link, channel, ts string) string {
	r.t.Helper()
	r.do("/sim/actions", obj{"user": SeedAda, "channel": channel, "ts": ts, "block_id": "b", "action_id": "go"})
	return l.interaction("block_actions", nil)["response_url"].(string)
}

func TestI5Ephemeral(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	u := r.clicked(l, SeedGeneral, ts)
	if !strings.HasPrefix(u, r.srv.URL()+"/actions/"+SeedTeam+"/") {
		t.Fatal(u)
	}
	r.respond(u, obj{"text": "only you"})
	e := r.Ephemerals()[0]
	if e.User != SeedAda || e.Channel != SeedGeneral || e.Text != "only you" || len(r.Messages(SeedGeneral)) != 1 {
		t.Fatalf("%+v", e)
	}
	if c := r.Calls()[len(r.Calls())-1]; c.Method != "response_url" || !c.OK || !strings.Contains(string(c.Args), "only you") {
		t.Fatalf("%+v", c)
	}
}

func TestI5InChannelAndThread(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	u := r.clicked(l, SeedGeneral, ts)
	r.respond(u, obj{"response_type": "in_channel", "text": "for all"})
	r.respond(u, obj{"response_type": "in_channel", "replace_original": false, "text": "threaded", "thread_ts": ts})
	r.respond(u, obj{"response_type": "in_channel", "blocks": []obj{{"type": "divider"}}})
	list := r.Messages(SeedGeneral)
	equal(t, "texts", texts(list), []string{"look", "for all", "threaded", unshowable})
	if list[1].BotID != SeedBot || list[1].ThreadTS != "" || list[2].ThreadTS != ts || list[3].Blocks == nil {
		t.Fatalf("%+v", list)
	}
	// The app hears of its own post.
	if e := l.eventOf("message", ""); e["ts"] == nil {
		t.Fatal(e)
	}
}

func TestI5ReplaceAndDelete(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	u := r.clicked(l, SeedGeneral, ts)
	r.respond(u, obj{"replace_original": true, "text": "new"})
	m := r.Messages(SeedGeneral)[0]
	if m.TS != ts || m.Text != "new" || m.Blocks != nil {
		t.Fatalf("%+v", m)
	}
	if e := l.eventOf("message", "message_changed"); e["message"].(obj)["text"] != "new" {
		t.Fatal(e)
	}
	if code, out := r.answer(u, obj{"delete_original": true, "text": "x"}); code != 400 || !strings.Contains(out, "invalid_arguments") {
		t.Fatal(code, out)
	}
	r.respond(u, obj{"delete_original": true})
	if n := len(r.Messages(SeedGeneral)); n != 0 {
		t.Fatal(n)
	}
	if code, out := r.answer(u, obj{"delete_original": true}); code != 400 || !strings.Contains(out, "message_not_found") {
		t.Fatal(code, out)
	}

	// An ephemeral original stays ephemeral.
	ts = r.ok("chat.postEphemeral", obj{"channel": SeedGeneral, "user": SeedAda, "text": "psst", "blocks": []obj{actions("b", okButton("go"))}})["message_ts"].(string)
	seq := look(r.Sim, func(v View) int { return v.s.feed.last })
	u = r.clicked(l, SeedGeneral, ts)
	r.respond(u, obj{"replace_original": true, "response_type": "in_channel", "text": "still psst"})
	if e := r.Ephemerals()[0]; e.TS != ts || e.Text != "still psst" || e.Blocks != nil || len(r.Messages(SeedGeneral)) != 0 {
		t.Fatalf("%+v", e)
	}
	r.respond(u, obj{"delete_original": "true"})
	if n := len(r.Ephemerals()); n != 0 {
		t.Fatal(n)
	}
	var gone bool
	r.Look(func(v View) {
		for _, f := range v.s.feed.since(seq, 0) {
			gone = gone || f.kind == "ephemeral_deleted"
		}
	})
	if !gone {
		t.Fatal("the page does not hear of it")
	}

	// A person's message is not the app's to replace: the answer stands by itself.
	r.set(func(s *Settings) { s.Shortcuts = []Shortcut{{Name: "Keep", Type: "message", CallbackID: "keep"}} })
	ts = r.say(SeedBen, SeedGeneral, "mine", "").TS
	r.do("/sim/shortcuts", obj{"user": SeedAda, "callback_id": "keep", "channel": SeedGeneral, "ts": ts})
	r.respond(l.interaction("message_action", nil)["response_url"], obj{"replace_original": true, "text": "kept"})
	if e := r.Ephemerals(); len(e) != 1 || e[0].Text != "kept" || r.Messages(SeedGeneral)[0].Text != "mine" {
		t.Fatalf("%+v", e)
	}
}

func TestI5Limits(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	ts := r.blocks(SeedGeneral, "", actions("b", okButton("go")))
	u := r.clicked(l, SeedGeneral, ts)
	refused := func(status int, code string, body any) {
		t.Helper()
		if got, out := r.answer(u, body); got != status || !strings.Contains(out, `"`+code+`"`) || !strings.Contains(out, `"ok":false`) {
			t.Fatal(got, out)
		}
	}
	// What is refused does not count.
	refused(400, "no_text", obj{"text": " "})
	refused(400, "invalid_blocks", obj{"blocks": []obj{{"type": "nothing"}}})
	refused(400, "invalid_payload", []string{"x"})
	for range 5 {
		r.respond(u, obj{"text": "again"})
	}
	refused(404, "used_url", obj{"text": "sixth"})
	u = r.clicked(l, SeedGeneral, ts)
	r.Advance(30*time.Minute - time.Second)
	r.respond(u, obj{"text": "just in time"})
	r.Advance(2 * time.Second)
	refused(404, "expired_url", obj{"text": "late"})
	u = r.srv.URL() + "/actions/T0/1/none"
	refused(404, "invalid_url", obj{"text": "x"})
	if n := len(r.Ephemerals()); n != 6 {
		t.Fatal(n)
	}
}

func TestI5Form(t *testing.T) {
	r := start(t, Options{})
	l := r.dial()
	u := r.clicked(l, SeedGeneral, r.blocks(SeedGeneral, "", actions("b", okButton("go"))))
	resp, err := r.client.PostForm(u, url.Values{"payload": {`{"text":"by form"}`}})
	if err != nil {
		t.Fatal(err)
	}
	if code, out := r.drain(resp); code != 200 || out != "ok" || r.Ephemerals()[0].Text != "by form" {
		t.Fatal(code, out)
	}
}
