package holdfast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// commands are the words of the scenarios. docs/testing.md explains them.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"start":     in(start),
	"crash":     in(crash),
	"term":      in(term),
	"metric":    in(metric),
	"ready":     in(ready),
	"database":  in(database),
	"say":       in(say),
	"upload":    in(upload),
	"share":     in(share),
	"burst":     in(burst),
	"answer":    in(answer),
	"sees":      in(sees),
	"partial":   in(partial),
	"thread":    in(thread),
	"model":     in(model),
	"requests":  in(requests),
	"asked":     in(asked),
	"fault":     in(fault),
	"settings":  in(settings),
	"limits":    in(limits),
	"sockets":   in(sockets),
	"deliver":   in(deliver),
	"envelope":  in(envelope),
	"halt":      in(halt),
	"react":     in(react),
	"postgres":  in(postgres),
	"acked":     in(acked),
	"delivered": in(delivered),
	"retry":     in(retry),
	"wish":      in(wish),
	"insist":    in(insist),
	"edit":      in(edit),
	"delete":    in(remove),
	"accounts":  in(accounts),
	"credited":  in(credited),
	"idle":      in(idle),
	"gone":      in(gone),
	"all":       in(all),
	"calls":     in(calls),
	"refused":   in(refused),
	"kills":     in(kills),
	"hostile":   in(hostile),
	"signs":     in(signs),
	"steps":     in(steps),
	"called":    in(called),
	"freeze":    in(freeze),
	"thaw":      in(thaw),
	"clean":     in(clean),
	"subtypes":  in(subtypes),
	"chatter":   in(chatter),
	"files":     in(filesOf),
	"whispers":  in(whispers),
	"channel":   in(channel),
	"stranger":  in(stranger),
	"arrive":    in(arrive),
	"guest":     in(guest),
	"whisper":   in(whisper),
	"outcome":   in(outcome),
	"group":     in(group),
	"title":     in(title),
	"rename":    in(rename),

	"slash":     in(slash),
	"leave":     in(leave),
	"shortcut":  in(shortcut),
	"press":     in(press),
	"modal":     in(modalSeen),
	"enter":     in(enter),
	"submit":    in(submit),
	"heard":     in(heard),
	"announced": in(announced),
	"posted":    in(posted),
	"told":      in(told),
	"stall":     in(stall),
	"stored":    in(stored),
	"invited":   in(invited),
	"open":      in(openApp),
	"look":      in(lookAt),
	"prompts":   in(prompts),
	"home":      in(homeTab),
	"hidden":    in(hidden),
}

// in gives a command its world. Commands do not take "!".
func in(do func(*testscript.TestScript, *world, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		do(ts, ts.Value(worldKey{}).(*world), args)
	}
}

func need(ts *testscript.TestScript, args []string, n int, usage string) {
	if len(args) < n {
		ts.Fatalf("usage: %s", usage)
	}
}

// until waits for something in the simulated workspace. It looks again at every
// change, and says what it saw last when it gives up.
func (w *world) until(ts *testscript.TestScript, what string, ok func(slacksim.View) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.slack.Wait(ctx, ok); err != nil {
		ts.Fatalf("%s: did not happen within %s\n%s", what, patience, w.tail())
	}
}

func (w *world) tail() string {
	log, err := os.ReadFile(w.logFile())
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return "log of holdfast, its end:\n" + strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// start [-both] [NAME=value…]: starts holdfast serve, or two of it at once, and waits
// for its sockets. If one runs already, this is another replica: crash and term end
// the oldest.
func start(ts *testscript.TestScript, w *world, args []string) {
	if len(args) > 0 && args[0] == "-both" {
		args = args[1:]
		w.launch(ts, args)
	}
	w.launch(ts, args)
	w.until(ts, "two sockets each", func(v slacksim.View) bool { return v.Live() >= 2*len(w.replicas) })
}

// crash kills holdfast, and waits until Slack has seen that its connections are gone:
// what people click goes to a connection, and is not sent again.
func crash(ts *testscript.TestScript, w *world, _ []string) {
	ts.Check(w.stop(os.Kill))
	w.until(ts, "the end of its sockets", func(v slacksim.View) bool { return v.Live() <= 2*len(w.replicas) })
}

// launch starts holdfast serve and does not wait.
func (w *world) launch(ts *testscript.TestScript, args []string) {
	log, err := os.OpenFile(w.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	p := exec.Command(binary, "serve")
	p.Dir = w.dir
	for _, name := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "OPENAI_API_KEY", "SLACK_API_URL", "OPENAI_BASE_URL", "DATABASE_URL", "HOLDFAST_ENDPOINT", "HOLDFAST_ADMIN_ADDR", "HOLDFAST_LOG_LEVEL", "HOLDFAST_TITLES", "HOLDFAST_INVITATION"} {
		p.Env = append(p.Env, name+"="+ts.Getenv(name))
	}
	// Most scenarios look at an answer's words alone: what else stands under it is left
	// to those that ask for it.
	p.Env = append(p.Env, "ENABLE_RESPONSE_FOOTER=false", "ENABLE_FEEDBACK_BUTTONS=false")
	p.Env = append(p.Env, args...)
	p.Stdout, p.Stderr = log, log
	ts.Check(p.Start())
	r := replica{p, make(chan struct{})}
	w.replicas = append(w.replicas, r)
	go func() {
		_ = p.Wait() // stop looks at the state
		_ = log.Close()
		close(r.ended)
	}()
}

// person maps the seed's names to ids.
func (w *world) person(ts *testscript.TestScript, name string) string {
	id := ""
	w.slack.Look(func(v slacksim.View) {
		for _, u := range v.Users() {
			if strings.EqualFold(strings.Fields(u.RealName + " -")[0], name) {
				id = u.ID
			}
		}
	})
	if id == "" {
		ts.Fatalf("nobody is called %s", name)
	}
	return id
}

// words puts the assistant's mention in the place of @Holdfast.
func (w *world) words(text string) string {
	var bot string
	w.slack.Look(func(v slacksim.View) { bot = v.App().BotUserID })
	return strings.ReplaceAll(text, "@Holdfast", "<@"+bot+">")
}

// say [-thread VAR] [-quiet] VAR PERSON CHANNEL TEXT: a person writes. VAR is set
// to channel/ts. Messages are held to account, unless they are -quiet: not for
// the assistant.
func say(ts *testscript.TestScript, w *world, args []string) {
	thread, quiet := "", false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-thread":
			need(ts, args, 2, "say -thread VAR …")
			_, thread = w.place(ts, args[1])
			args = args[1:]
		case "-quiet":
			quiet = true
		}
		args = args[1:]
	}
	need(ts, args, 4, "say [-thread VAR] [-quiet] VAR PERSON CHANNEL TEXT")
	text := w.words(strings.Join(args[3:], " "))
	posted, err := w.slack.Say(w.person(ts, args[1]), args[2], text, thread)
	ts.Check(err)
	ts.Setenv(args[0], posted.Channel+"/"+posted.TS)
	if !quiet {
		w.note(posted, thread, text)
	}
}

// upload VAR PERSON FILE: a person uploads a file, a path below the repository; VAR is
// its id.
func upload(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "upload VAR PERSON FILE")
	content, err := os.ReadFile(args[2]) // tests run in the repository's root
	ts.Check(err)
	q := url.Values{"user": {w.person(ts, args[1])}, "name": {filepath.Base(args[2])}}
	resp, err := http.Post(strings.TrimSuffix(ts.Getenv("SLACK_API_URL"), "api/")+"sim/files?"+q.Encode(), "application/octet-stream", bytes.NewReader(content))
	ts.Check(err)
	defer resp.Body.Close()
	var f struct {
		ID string `json:"id"`
	}
	ts.Check(json.NewDecoder(resp.Body).Decode(&f))
	ts.Setenv(args[0], f.ID)
}

// share VAR PERSON CHANNEL ID TEXT: a person writes TEXT with a file that was uploaded.
func share(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 5, "share VAR PERSON CHANNEL ID TEXT")
	text := w.words(strings.Join(args[4:], " "))
	posted, err := w.slack.Post(slacksim.Remark{User: w.person(ts, args[1]), Channel: args[2], Text: text, Files: json.RawMessage(`[{"id":"` + args[3] + `"}]`)})
	ts.Check(err)
	ts.Setenv(args[0], posted.Channel+"/"+posted.TS)
	w.note(posted, "", text)
}

func (w *world) note(p slacksim.Posted, thread, text string) {
	root := thread
	if root == "" {
		root = p.TS
	}
	w.sent = append(w.sent, sent{p.Channel, p.TS, root, text})
}

// burst [-quiet VAR] COUNT THREADS CHANNEL [TEXT]: COUNT messages as fast as they can
// be sent, over THREADS threads. They are TEXT and a number. If they are -quiet they
// are not for the assistant, and VAR is set to the first.
func burst(ts *testscript.TestScript, w *world, args []string) {
	quiet := ""
	if len(args) > 1 && args[0] == "-quiet" {
		quiet, args = args[1], args[2:]
	}
	need(ts, args, 3, "burst [-quiet VAR] COUNT THREADS CHANNEL [TEXT]")
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	threads, err := strconv.Atoi(args[1])
	ts.Check(err)
	ada := w.person(ts, "Ada")
	roots := make([]string, threads)
	what := "@Holdfast burst"
	if len(args) > 3 {
		what = strings.Join(args[3:], " ")
	}
	for i := range count {
		text := w.words(fmt.Sprintf("%s %03d.", what, i))
		posted, err := w.slack.Say(ada, args[2], text, roots[i%threads])
		ts.Check(err)
		switch {
		case quiet == "":
			w.note(posted, roots[i%threads], text)
		case i == 0:
			ts.Setenv(quiet, posted.Channel+"/"+posted.TS)
		}
		if roots[i%threads] == "" {
			roots[i%threads] = posted.TS
		}
	}
}

func (w *world) place(ts *testscript.TestScript, name string) (channel, at string) {
	channel, at, ok := strings.Cut(ts.Getenv(name), "/")
	if !ok {
		ts.Fatalf("%s names no message", name)
	}
	return channel, at
}

// answers are the assistant's messages in a thread, but for what it says of its own
// accord, and files.
func answers(v slacksim.View, channel, root string) []slacksim.Message {
	var own []slacksim.Message
	for _, m := range v.Replies(channel, root) {
		if m.User == v.App().BotUserID && m.Subtype != "file_share" && !bytes.Contains(m.Metadata, []byte(`"holdfast_notice"`)) {
			own = append(own, m)
		}
	}
	return own
}

func done(m slacksim.Message) bool { return m.StreamingState != "in_progress" }

// answer VAR REGEXP [COUNT]: waits until the thread of VAR has an answer of the
// assistant that is complete and matches, and COUNT answers in all (default 1).
func answer(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "answer VAR REGEXP [COUNT]")
	channel, root := w.place(ts, args[0])
	re := regexp.MustCompile("(?s)" + args[1])
	count := 1
	if len(args) > 2 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		count = n
	}
	var last []slacksim.Message
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := w.slack.Wait(ctx, func(v slacksim.View) bool {
		last = answers(v, channel, root)
		matched := false
		for _, m := range last {
			if !done(m) {
				return false
			}
			matched = matched || re.MatchString(m.Shown())
		}
		return matched && len(last) == count
	})
	if err != nil {
		for _, m := range last {
			ts.Logf("%s %s: %q", m.TS, m.StreamingState, m.Shown())
		}
		ts.Fatalf("no %d answers of which one matches %q; there are %d\n%s", count, args[1], len(last), w.tail())
	}
}

// partial VAR REGEXP: waits until an answer that is still being written matches.
func partial(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "partial VAR REGEXP")
	channel, root := w.place(ts, args[0])
	re := regexp.MustCompile("(?s)" + args[1])
	w.until(ts, "a partial answer like "+args[1], func(v slacksim.View) bool {
		for _, m := range answers(v, channel, root) {
			if re.MatchString(m.Shown()) {
				return true
			}
		}
		return false
	})
}

// sees VAR REGEXP: what the thread shows now must match.
func sees(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "sees VAR REGEXP")
	channel, root := w.place(ts, args[0])
	var all []string
	w.slack.Look(func(v slacksim.View) {
		for _, m := range v.Replies(channel, root) {
			all = append(all, m.Shown())
		}
	})
	if text := strings.Join(all, "\n--\n"); !regexp.MustCompile("(?s)" + args[1]).MatchString(text) {
		ts.Fatalf("the thread does not show %q but\n%s", args[1], text)
	}
}

// thread VAR FILE: writes what the thread shows to a file.
func thread(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "thread VAR FILE")
	channel, root := w.place(ts, args[0])
	var b strings.Builder
	w.slack.Look(func(v slacksim.View) {
		for _, m := range v.Replies(channel, root) {
			who := "person"
			if m.User == v.App().BotUserID {
				who = "assistant"
			}
			fmt.Fprintf(&b, "%s: %s\n", who, m.Shown())
		}
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

// halt VAR PERSON: a person clicks Slack's stop button in the thread, once there
// is one.
func halt(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "halt VAR PERSON")
	channel, root := w.place(ts, args[0])
	w.until(ts, "a stop button", func(v slacksim.View) bool {
		s, ok := v.Session(channel, root)
		return ok && s.Status == "processing"
	})
	ts.Check(w.slack.Stop(w.person(ts, args[1]), channel, root))
}

// react [-answer] VAR PERSON NAME: a person reacts to a message, or to our newest
// answer in its thread.
func react(ts *testscript.TestScript, w *world, args []string) {
	answer := len(args) > 0 && args[0] == "-answer"
	if answer {
		args = args[1:]
	}
	need(ts, args, 3, "react [-answer] VAR PERSON NAME")
	channel, at := w.place(ts, args[0])
	if answer {
		w.slack.Look(func(v slacksim.View) {
			if own := answers(v, channel, at); len(own) > 0 {
				at = own[len(own)-1].TS
			}
		})
	}
	ts.Check(w.slack.React(w.person(ts, args[1]), channel, at, args[2], false))
}

// acked TYPE: waits until an event of the type was delivered and acknowledged.
func acked(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "acked TYPE")
	w.until(ts, args[0]+" acknowledged", func(v slacksim.View) bool {
		for _, e := range v.Envelopes() {
			if e.EventType == args[0] && e.AckedAt != nil {
				return true
			}
		}
		return false
	})
}

// delivered: waits until the newest thing that Slack had to tell is acknowledged.
func delivered(ts *testscript.TestScript, w *world, args []string) {
	w.until(ts, "the newest envelope acknowledged", func(v slacksim.View) bool {
		all := v.Envelopes()
		return len(all) > 0 && all[len(all)-1].AckedAt != nil
	})
}

// retry VAR PERSON…: each of the persons clicks the button under our newest answer,
// once it has one that was not clicked before, twice and all at once.
func retry(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "retry VAR PERSON…")
	channel, root := w.place(ts, args[0])
	w.until(ts, "a button to try again", func(v slacksim.View) bool { return w.button(v, channel, root, "retry") != "" })
	w.click(ts, channel, root, "retry", args[1:])
}

// wish VAR BUTTON PERSON…: the same with another button of ours, such as continue.
func wish(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "wish VAR BUTTON PERSON…")
	channel, root := w.place(ts, args[0])
	w.until(ts, "a button: "+args[1], func(v slacksim.View) bool { return w.button(v, channel, root, args[1]) != "" })
	w.click(ts, channel, root, args[1], args[2:])
}

// insist VAR PERSON REGEXP: the person clicks each such button until an answer matches.
func insist(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "insist VAR PERSON REGEXP")
	channel, root := w.place(ts, args[0])
	re := regexp.MustCompile("(?s)" + args[2])
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		matched := false
		w.until(ts, "a button to try again, or an answer like "+args[2], func(v slacksim.View) bool {
			for _, m := range answers(v, channel, root) {
				matched = matched || done(m) && re.MatchString(m.Shown())
			}
			return matched || w.button(v, channel, root, "retry") != ""
		})
		if matched {
			return
		}
		w.click(ts, channel, root, "retry", args[1:2])
	}
	ts.Fatalf("no answer matches %q after %s of trying again\n%s", args[2], patience, w.tail())
}

// button is the turn of a button under our newest answer, if it has one that was not
// clicked before.
func (w *world) button(v slacksim.View, channel, root, name string) string {
	own := answers(v, channel, root)
	if len(own) == 0 {
		return ""
	}
	found := regexp.MustCompile(`"action_id":"holdfast_` + name + `"[^}]*\}[^}]*"value":"([0-9a-f-]+)"`).FindSubmatch(own[len(own)-1].Blocks)
	if found == nil || name+string(found[1]) == w.clicked {
		return ""
	}
	return string(found[1])
}

func (w *world) click(ts *testscript.TestScript, channel, root, name string, persons []string) {
	var at, of string
	w.slack.Look(func(v slacksim.View) {
		own := answers(v, channel, root)
		at, of = own[len(own)-1].TS, w.button(v, channel, root, name)
	})
	w.clicked = name + of
	now := time.Now()
	for i, person := range append(slices.Clone(persons), persons...) {
		payload := fmt.Appendf(nil, `{"type":"block_actions","trigger_id":"click-%s-%d","team":{"id":%q},"user":{"id":%q},"channel":{"id":%q},
			"container":{"type":"message","message_ts":%q,"channel_id":%q,"thread_ts":%q},"message":{"ts":%q,"thread_ts":%q},
			"actions":[{"type":"button","action_id":"holdfast_%s","block_id":"b","value":%q,"action_ts":%q}]}`,
			of, i, slacksim.SeedTeam, w.person(ts, person), channel, at, channel, root, at, root, name, of, fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000+i))
		_, err := w.slack.Envelope("interactive", payload, "")
		ts.Check(err)
	}
}

// edit VAR TEXT: the author edits a message.
func edit(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "edit VAR TEXT")
	channel, at := w.place(ts, args[0])
	ts.Check(w.slack.Edit(w.author(channel, at), channel, at, w.words(strings.Join(args[1:], " "))))
}

// delete VAR: the author deletes a message.
func remove(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "delete VAR")
	channel, at := w.place(ts, args[0])
	ts.Check(w.slack.Delete(w.author(channel, at), channel, at))
}

// gone VAR: waits until the thread shows nothing of the assistant, nor that it is at
// work.
func gone(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "gone VAR")
	channel, root := w.place(ts, args[0])
	w.until(ts, "nothing to be seen", func(v slacksim.View) bool {
		s, ok := v.Session(channel, root)
		return len(answers(v, channel, root)) == 0 && !(ok && s.Status == "processing")
	})
}

func (w *world) author(channel, at string) (user string) {
	w.slack.Look(func(v slacksim.View) {
		if m, ok := v.Message(channel, at); ok {
			user = m.User
		}
	})
	return user
}

// calls METHOD MAX: the assistant called a method at most so often.
func calls(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "calls METHOD MAX")
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	n := 0
	w.slack.Look(func(v slacksim.View) { n = len(v.Calls(args[0])) })
	if n > most {
		ts.Fatalf("%s was called %d times, want at most %d", args[0], n, most)
	}
}

// refused N: Slack said 429 so often, and no method was asked again, by any
// replica, before the time that it had named. What was on its way then is another
// matter, so a second of grace.
func refused(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "refused N")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	type hold struct{ from, until time.Time }
	var said []string
	w.slack.Look(func(v slacksim.View) {
		held := map[string]hold{}
		for _, c := range v.Calls("") {
			at, err := time.Parse(time.RFC3339Nano, c.At)
			ts.Check(err)
			came := at.Add(-time.Duration(c.MS * float64(time.Millisecond)))
			if h := held[c.Method]; came.After(h.from.Add(time.Second)) && came.Before(h.until) {
				ts.Fatalf("%s was asked %v before its time", c.Method, h.until.Sub(came))
			}
			if c.Status == 429 {
				said = append(said, c.Method)
				held[c.Method] = hold{at, at.Add(time.Duration(c.Retry) * time.Second)}
			}
		}
	})
	if len(said) != want {
		ts.Fatalf("Slack said 429 %d times, to %v; want %d", len(said), said, want)
	}
}
