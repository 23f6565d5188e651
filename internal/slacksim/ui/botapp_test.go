package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"holdfast/internal/chromium"
	"holdfast/internal/slacksim"
)

// guest is a small app behind the sandbox: it speaks Socket Mode and the Web API over the wire. Events it acknowledges
// by itself; what people do waits for the test, which says when and how it is acknowledged.
type guest struct {
	*sandbox
	conn  *websocket.Conn
	asked chan told
}

// told is something that a person did.
type told struct {
	g       *guest
	id      string
	payload object
}

// patient is how long a person's click waits for the app, and how long its trigger is good, in milliseconds: where a
// test is not about these times, a busy machine must not make it so.
const patient = 120_000

// hosted is a sandbox with a connected app that has commands and shortcuts.
func hosted(t *testing.T) *guest {
	t.Helper()
	s := simulated(t, nil)
	s.post("/sim/settings", object{
		"interaction_ms": patient, "trigger_ms": patient,
		"commands": []object{
			{"command": "/holdfast", "description": "Ask the assistant something", "usage_hint": "[question]"},
			{"command": "/hold", "description": "Keep a place in the queue", "usage_hint": ""},
			{"command": "/tides", "description": "When is high water?", "usage_hint": "[harbour]"},
		},
		"shortcuts": []object{
			{"name": "Ask about this", "type": "message", "callback_id": "ask_about", "description": "Put a message to the assistant"},
			{"name": "Book a crane", "type": "global", "callback_id": "book_crane", "description": "By day and hour"},
		},
	})
	request, err := http.NewRequest(http.MethodPost, s.url+"/api/apps.connections.open", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+slacksim.DefaultAppToken)
	opened := s.decode(http.DefaultClient.Do(request))
	address, _ := opened["url"].(string)
	ctx, stop := context.WithCancel(context.Background())
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		stop()
		t.Fatalf("%v: %v", opened, err)
	}
	conn.SetReadLimit(1 << 20)
	g := &guest{sandbox: s, conn: conn, asked: make(chan told, 64)}
	over := make(chan struct{})
	go func() { defer close(over); g.listen(ctx) }()
	t.Cleanup(func() { stop(); <-over; _ = conn.CloseNow() })
	return g
}

func (g *guest) listen(ctx context.Context) {
	for {
		_, raw, err := g.conn.Read(ctx)
		if err != nil {
			return // the test is over
		}
		var e struct {
			ID      string `json:"envelope_id"`
			Type    string
			Payload object
		}
		if json.Unmarshal(raw, &e) != nil || e.ID == "" {
			continue
		}
		if e.Type == "events_api" {
			if g.conn.Write(ctx, websocket.MessageText, []byte(`{"envelope_id":"`+e.ID+`"}`)) != nil {
				return
			}
			continue
		}
		g.asked <- told{g, e.ID, e.Payload}
	}
}

// next is what a person did next; kind is the payload's type, or the name of a command.
func (g *guest) next(kind string) told {
	g.t.Helper()
	select {
	case a := <-g.asked:
		got := a.payload["type"]
		if got == nil {
			got = a.payload["command"]
		}
		if got != kind {
			g.t.Fatalf("the app was told %v, not %s: %v", got, kind, a.payload)
		}
		return a
	case <-time.After(chromium.Patience):
		g.t.Fatalf("the app was not told of a %s", kind)
		return told{}
	}
}

// quiet fails when a person did more than was awaited.
func (g *guest) quiet() {
	g.t.Helper()
	select {
	case a := <-g.asked:
		g.t.Fatalf("the app was told of one thing too many: %v", a.payload)
	default:
	}
}

// ack acknowledges, with an answer or nil.
func (a told) ack(answer any) told {
	a.g.t.Helper()
	reply := object{"envelope_id": a.id}
	if answer != nil {
		reply["payload"] = answer
	}
	raw, err := json.Marshal(reply)
	if err != nil {
		a.g.t.Fatal(err)
	}
	if err := a.g.conn.Write(context.Background(), websocket.MessageText, raw); err != nil {
		a.g.t.Fatal(err)
	}
	return a
}

// at walks into the payload: objects by name, lists by number. "picked" is the values of the options chosen.
func (a told) at(path ...any) any {
	var v any = a.payload
	if len(path) == 1 && path[0] == "picked" {
		out := []any{}
		list, _ := a.at("actions", 0, "selected_options").([]any)
		for _, o := range list {
			out = append(out, o.(object)["value"])
		}
		return out
	}
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(object)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// want compares a place in the payload with what it should be, as JSON.
func (a told) want(want string, path ...any) {
	a.g.t.Helper()
	got, err := json.Marshal(a.at(path...))
	if err != nil {
		a.g.t.Fatal(err)
	}
	var x, y any
	if json.Unmarshal([]byte(want), &x) != nil {
		a.g.t.Fatalf("not JSON: %s", want)
	}
	_ = json.Unmarshal(got, &y) // it was encoded just now
	l, _ := json.Marshal(x)
	r, _ := json.Marshal(y)
	if !bytes.Equal(l, r) {
		a.g.t.Errorf("%v is %s, want %s", path, r, l)
	}
}

// hurry sets how long a person's click waits for the app, in milliseconds.
func (g *guest) hurry(ms int) { g.t.Helper(); g.post("/sim/settings", object{"interaction_ms": ms}) }

// respond posts to the payload's response_url.
func (a told) respond(message object) {
	a.g.t.Helper()
	raw, err := json.Marshal(message)
	if err != nil {
		a.g.t.Fatal(err)
	}
	address, _ := a.payload["response_url"].(string)
	response, err := http.Post(address, "application/json", bytes.NewReader(raw))
	if err != nil {
		a.g.t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		a.g.t.Fatalf("response_url: HTTP %d %s", response.StatusCode, body)
	}
}

// open opens a modal with the payload's trigger; it returns the view's id.
func (a told) open(method string, view object) string {
	a.g.t.Helper()
	trigger, _ := a.payload["trigger_id"].(string)
	out := a.g.api(method, url.Values{"trigger_id": {trigger}, "view": {text(view)}})
	return out["view"].(object)["id"].(string)
}

// send posts blocks as the app; it returns the ts.
func (g *guest) send(channel string, more object) string {
	g.t.Helper()
	args := url.Values{"channel": {channel}}
	for k, v := range more {
		if s, ok := v.(string); ok {
			args.Set(k, s)
		} else {
			args.Set(k, text(v))
		}
	}
	return g.api("chat.postMessage", args)["ts"].(string)
}

// text is a value as JSON.
func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // the tests' own values
	}
	return string(raw)
}

// Short forms of what blocks are made of.

func plain(s string) object  { return object{"type": "plain_text", "text": s} }
func mrkdwn(s string) object { return object{"type": "mrkdwn", "text": s} }

func option(text, value string) object { return object{"text": plain(text), "value": value} }

func button(text, action string, more object) object {
	return with(object{"type": "button", "text": plain(text), "action_id": action, "value": action + "-value"}, more)
}

func actions(id string, elements ...object) object {
	return object{"type": "actions", "block_id": id, "elements": elements}
}

func section(text string, more object) object {
	return with(object{"type": "section", "text": mrkdwn(text)}, more)
}

func entry(id, label string, element, more object) object {
	return with(object{"type": "input", "block_id": id, "label": plain(label), "element": with(element, object{"action_id": id})}, more)
}

func modal(title string, more object, blocks ...object) object {
	return with(object{"type": "modal", "title": plain(title), "blocks": blocks}, more)
}

// seen is an expression: the element of a kind with a text, of those that can be seen.
func seen(selector, text string) string {
	return `[...document.querySelectorAll(` + quote(selector) + `)].find((e) => e.getClientRects().length > 0 && e.textContent.includes(` + quote(text) + `))`
}

// navigate changes the address, without a new page where only its end differs.
func navigate(address string) chromedp.Action[chromedp.Void] { return chromedp.Navigate(address) }
