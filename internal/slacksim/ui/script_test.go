package ui_test

import (
	"fmt"
	"strings"
	"time"
)

// The scripted assistant of the fake: what it says, and how its answer grows.

const tableAnswer = "Here are three ways across the harbour, **compared**:\n\n" +
	"| Way | Time | Price | Good for |\n|---|--:|--:|---|\n" +
	"| Ferry `F1` | 12 min | £3.20 | the view |\n| Tunnel bus | 9 min | £2.40 | rain |\n| Rowing boat | 35 min | free | your arms |\n\n" +
	"The *tunnel bus* is the quickest; the ferry is the one people remember."

const longAnswer = "# How a lighthouse works\n\nA lighthouse has **one task**: to be seen, and to be told apart from every other light. Three things make that work.\n\n" +
	"## The lamp\n\nFor centuries it was a fire, then oil, then gas. Today it is a lamp of a few hundred watts, which is less than one would think:\n\n" +
	"1. The lamp makes the light.\n2. The lens gathers it.\n   - Augustin Fresnel cut the lens into rings in 1823.\n   - The rings keep the curve and leave out the glass.\n3. The clockwork turns it.\n\n" +
	"> A lens that would weigh five tonnes in one piece weighs a fifth of that in rings.\n\n" +
	"## The rhythm\n\nEvery light has a *character*. In the chart it reads like `Fl(3) 15s`: three flashes every fifteen seconds. A small program would say it so:\n\n" +
	"```go\nfunc character(flashes int, period time.Duration) string {\n\treturn fmt.Sprintf(\"Fl(%d) %v\", flashes, period)\n}\n```\n\n" +
	"## To remember\n\n- [x] Height decides how far it reaches\n- [x] The lens decides how bright it looks\n- [ ] The rhythm decides *which* one it is\n\nMore in the [list of lights](https://example.org/lights)."

const helloAnswer = "Hello, and welcome to Harbour Works! I am **Holdfast**. Ask me something, and I answer here, word by word.\n\n- Questions in plain words\n- Tables, lists and code\n- In channels when you mention me\n"

func scripted(text string) (title, reply string, tasks bool) {
	low := strings.ToLower(text)
	switch {
	case strings.Contains(low, "table"):
		return "Three ways across the harbour", tableAnswer, false
	case strings.Contains(low, "long"):
		return "How a lighthouse works", longAnswer, false
	case strings.Contains(low, "think"):
		return "A day for the outing", "**Thursday.** It is the day with the least rain and no delivery at the pier.", true
	}
	return "A first hello", helloAnswer, false
}

// react answers like the app would: in its direct messages, and where it is mentioned.
// The caller holds the lock.
func (f *fake) react(channel string, m object) {
	text := m["text"].(string)
	if !(channel == "D1" || channel == "D2" || strings.Contains(text, "<@UBOT>")) {
		return
	}
	root, _ := m["thread_ts"].(string)
	if root == "" {
		root = m["ts"].(string)
	}
	now := time.Now()
	kind := "message"
	if strings.HasPrefix(channel, "C") {
		kind = "app_mention"
	}
	f.record("envelope", object{
		"id": fmt.Sprint("env-", m["ts"]), "type": "events_api", "event_type": kind, "event_id": "Ev1",
		"sent_at": now.Format(time.RFC3339Nano), "acked_at": now.Add(3 * time.Millisecond).Format(time.RFC3339Nano), "ack_ms": 3.2,
		"attempt": 0, "connection": "s1", "payload": object{"event": with(m, object{"channel": channel})},
	})
	title, reply, tasks := scripted(text)
	go f.stream(channel, root, title, reply, tasks)
}

func (f *fake) call(method string, args object) {
	f.record("call", object{
		"method": method, "token_kind": "bot", "at": time.Now().Format(time.RFC3339Nano), "ms": 4.1, "status": 200, "ok": true,
		"args": args, "response": object{"ok": true},
	})
}

func (f *fake) stream(channel, root, title, reply string, tasks bool) {
	session := object{"channel": channel, "thread_ts": root, "status": "processing", "title": title, "stoppable": true, "prose": ""}
	f.mu.Lock()
	if old, ok := f.sessions[channel+root]; ok {
		session["title"] = old["title"]
	}
	delete(f.stopped, channel+root)
	f.session(session)
	f.call("agents.sessions.setStatus", object{"channel_id": channel, "thread_ts": root, "status": "processing"})
	f.mu.Unlock()
	f.rest(4)

	f.mu.Lock()
	m := object{"type": "message", "user": "UBOT", "bot_id": "B1", "app_id": "A1", "text": "", "ts": f.ts(time.Now()), "thread_ts": root, "streaming_state": "in_progress"}
	grow := func(text string, list []object) {
		m = with(m, object{"stream": object{"mode": "timeline", "text": text, "tasks": list, "plan": ""}})
		f.put(channel, m)
	}
	grow("", nil)
	f.call("chat.startStream", object{"channel": channel, "thread_ts": root})
	f.mu.Unlock()

	var steps []object
	if tasks {
		for i, t := range []string{"Reading the tide table", "Asking the weather for the week", "Weighing the days"} {
			steps = append(steps, object{"id": fmt.Sprint("t", i), "title": t, "status": "in_progress"})
			f.locked(func() { grow("", append([]object{}, steps...)) })
			f.rest(8)
			steps[i] = with(steps[i], object{"status": "complete"})
			if i == 1 {
				steps[i]["output"] = "Rain on *Tuesday* and *Friday*."
				steps[i]["sources"] = []object{{"type": "url", "url": "https://example.org/weather", "text": "Harbour weather"}}
			}
			f.locked(func() { grow("", append([]object{}, steps...)) })
		}
	}

	words := strings.SplitAfter(reply, " ")
	stopped := false
	for i := 0; i < len(words) && !stopped; i += 2 {
		if f.gate != nil && i >= len(words)/2 {
			<-f.gate
		}
		f.locked(func() {
			stopped = f.stopped[channel+root]
			if !stopped {
				grow(strings.Join(words[:min(i+2, len(words))], ""), steps)
				f.call("chat.appendStream", object{"channel": channel, "ts": m["ts"]})
			}
		})
		f.rest(1)
	}
	f.locked(func() {
		m["streaming_state"] = "completed"
		if !stopped {
			m["blocks"] = []object{{"type": "context", "elements": []object{{"type": "mrkdwn", "text": "demo model · 0.4 s"}}},
				{"type": "context_actions", "elements": []object{{"type": "feedback_buttons", "action_id": "fb",
					"positive_button": object{"text": object{"type": "plain_text", "text": "Good answer"}}, "negative_button": object{"text": object{"type": "plain_text", "text": "Bad answer"}}}}}}
		}
		f.put(channel, m)
		f.call("chat.stopStream", object{"channel": channel, "ts": m["ts"]})
		f.session(with(session, object{"status": "active"}))
	})
}

func (f *fake) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// rest waits for n paces; with no pace the script runs through.
func (f *fake) rest(n int) {
	if f.pace > 0 {
		<-time.After(time.Duration(n) * f.pace)
	}
}

// say puts a finished message into the canned workspace.
func (f *fake) say(channel, user, text string, at time.Time, more object) string {
	m := with(object{"type": "message", "user": user, "text": text, "ts": f.ts(at)}, more)
	if user == "UBOT" {
		m["bot_id"], m["app_id"] = "B1", "A1"
	}
	f.put(channel, m)
	return m["ts"].(string)
}

// furnish fills the workspace with a morning's talk.
func (f *fake) furnish() {
	// The page goes by days, so these are days also shortly after midnight.
	now := time.Now()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.Local)
	yesterday := midnight.Add(-12 * time.Hour)
	today := now.Add(-50 * time.Minute)
	if today.Before(midnight) {
		today = midnight
	}
	f.say("C1", "U1", "<@U1> has joined the channel", yesterday, object{"subtype": "channel_join"})
	f.say("C1", "U2", "Morning! The *new pontoon* arrives on Thursday at `06:40`, see <https://example.org/pontoon|the plan>.", yesterday, nil)
	f.say("C1", "U2", "&gt; It needs two cranes &amp; a calm sea.\nSo says the harbour master :anchor:", yesterday.Add(time.Minute), nil)
	f.say("C1", "U1", "Two cranes, got it :+1:", yesterday.Add(3*time.Minute), object{"reactions": []object{{"name": "tada", "users": []string{"U2"}, "count": 1}, {"name": "eyes", "users": []string{"U1", "U2"}, "count": 2}}})
	root := f.say("C1", "U1", "<@UBOT> which crane can lift 14 tonnes?", today, nil)
	f.say("C1", "UBOT", "", today.Add(2*time.Second), object{"thread_ts": root, "markdown_text": "Crane **B** (16 t). Crane A stops at 12 t."})
	f.say("C1", "U2", "B is in repair until Wednesday, I think", today.Add(4*time.Minute), object{"thread_ts": root})
	f.sessions["C1"+root] = object{"channel": "C1", "thread_ts": root, "status": "active", "title": "Which crane lifts 14 t", "stoppable": false, "prose": ""}
	f.say("C1", "U2", "I put it into the list", today.Add(9*time.Minute), object{"edited": object{"user": "U2", "ts": f.ts(today)}})
	f.say("C1", "UBOT", "Daily report", today.Add(12*time.Minute), object{"blocks": []object{
		{"type": "header", "text": object{"type": "plain_text", "text": "Harbour report :ship:"}},
		{"type": "section", "text": object{"type": "mrkdwn", "text": "*12 arrivals*, 9 departures. Nothing _unusual_."},
			"fields": []object{{"type": "mrkdwn", "text": "*High water*\n11:42"}, {"type": "mrkdwn", "text": "*Wind*\nSW 4"}}},
		{"type": "rich_text", "elements": []object{
			{"type": "rich_text_section", "elements": []object{{"type": "text", "text": "Remarks for "}, {"type": "user", "user_id": "U1"}, {"type": "text", "text": ":", "style": object{"bold": true}}}},
			{"type": "rich_text_list", "style": "bullet", "elements": []object{
				{"type": "rich_text_section", "elements": []object{{"type": "text", "text": "Berth 4 "}, {"type": "text", "text": "closed", "style": object{"strike": true}}}},
				{"type": "rich_text_section", "elements": []object{{"type": "text", "text": "Berth 5 open "}, {"type": "emoji", "name": "white_check_mark"}}}}},
			{"type": "rich_text_preformatted", "elements": []object{{"type": "text", "text": "berth 5: depth 9.5 m"}}}}},
		{"type": "divider"},
		{"type": "actions", "elements": []object{{"type": "button", "action_id": "ok", "style": "primary", "text": object{"type": "plain_text", "text": "Acknowledge"}}, {"type": "button", "action_id": "no", "text": object{"type": "plain_text", "text": "Ask again"}}}},
		{"type": "context", "elements": []object{{"type": "mrkdwn", "text": "Sent by Holdfast every day at 07:00"}}},
	}})
	f.say("D3", "U2", "Lunch at the pier?", today, nil)
}
