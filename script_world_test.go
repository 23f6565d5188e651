package holdfast_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

// model JSON: adds a rule to the scripted model; "model clear" removes all.
func model(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "model JSON | clear")
	if args[0] == "clear" {
		w.model.ClearRules()
		return
	}
	var r modelsim.Rule
	ts.Check(json.Unmarshal([]byte(strings.Join(args, " ")), &r))
	w.model.AddRule(r)
}

// requests COUNT [REGEXP]: waits until the model got so many requests for a
// response, and fails if it got more.
func requests(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "requests COUNT [REGEXP]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	re := regexp.MustCompile(strings.Join(args[1:], " "))
	n := 0
	count := func(modelsim.Stats) bool {
		n = 0
		for _, r := range w.model.Requests() {
			if r.Method == "POST" && strings.HasSuffix(r.Path, "/responses") && re.MatchString(plainJSON(r.Body)) {
				n++
			}
		}
		return n >= want
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.model.Wait(ctx, count); err != nil || n > want {
		for _, r := range w.model.Requests() {
			ts.Logf("%s %s %d %s", r.Method, r.Path, r.Status, plainJSON(r.Body))
		}
		ts.Fatalf("the model got %d such requests, want %d", n, want)
	}
}

// asked MAX: the model was asked for a response at most so often.
func asked(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "asked MAX")
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	n := 0
	for _, r := range w.model.Requests() {
		if r.Method == "POST" && strings.HasSuffix(r.Path, "/responses") {
			n++
		}
	}
	if n > most {
		ts.Fatalf("the model was asked %d times, want at most %d", n, most)
	}
}

// plainJSON is JSON without the escapes that only HTML needs.
func plainJSON(raw json.RawMessage) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
}

// fault JSON | clear: disturbs the Web API.
func fault(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "fault JSON | clear")
	if args[0] == "clear" {
		w.slack.ClearFaults("")
		return
	}
	var f slacksim.Fault
	ts.Check(json.Unmarshal([]byte(strings.Join(args, " ")), &f))
	_, err := w.slack.AddFault(f)
	ts.Check(err)
}

// settings JSON: changes the simulated Slack.
func settings(ts *testscript.TestScript, w *world, args []string) {
	ts.Check(w.slack.Configure(func(s *slacksim.Settings) {
		ts.Check(json.Unmarshal([]byte(strings.Join(args, " ")), s))
	}))
}

// limits on: Slack's real rate limits apply.
func limits(ts *testscript.TestScript, w *world, args []string) {
	ts.Check(w.slack.SetLimits(func(l *slacksim.LimitSettings) { l.Enabled = len(args) > 0 && args[0] == "on" }))
}

// sockets drop|stall|resume|warning|refresh|disable|enable|half_frame, and
// "sockets wait N": N live connections.
func sockets(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "sockets ACTION")
	if args[0] == "wait" {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		w.until(ts, "sockets", func(v slacksim.View) bool { return v.Live() >= n })
		return
	}
	ts.Check(w.slack.SocketAction(args[0], ""))
}

// deliver DUPLICATES LO HI: each event is sent again so often, after a random
// delay between LO and HI.
func deliver(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "deliver DUPLICATES LO HI")
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lo, err := time.ParseDuration(args[1])
	ts.Check(err)
	hi, err := time.ParseDuration(args[2])
	ts.Check(err)
	ts.Check(w.slack.SetDelivery(n, true, lo, hi, false))
}

// envelope TYPE PAYLOAD: sends an envelope as given and waits for its ack.
// "envelope raw FRAME" sends a literal frame.
func envelope(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "envelope TYPE PAYLOAD | raw FRAME")
	body := named.ReplaceAllStringFunc(strings.Join(args[1:], " "), func(s string) string {
		_, at := w.place(ts, strings.Trim(s, "{}"))
		return at
	})
	if args[0] == "raw" {
		_, err := w.slack.Envelope("", nil, body)
		ts.Check(err)
		return
	}
	id, err := w.slack.Envelope(args[0], json.RawMessage(body), "")
	ts.Check(err)
	w.until(ts, "the ack of "+body, func(v slacksim.View) bool {
		for _, e := range v.Envelopes() {
			if e.ID == id && e.AckedAt != nil {
				return true
			}
		}
		return false
	})
}

// named is {VAR} in an envelope: the ts of that message.
var named = regexp.MustCompile(`\{[A-Z]+\}`)
