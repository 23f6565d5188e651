package holdfast_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/slacksim"
)

// slash PERSON CHANNEL COMMAND [TEXT]: a person sends a slash command.
func slash(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "slash PERSON CHANNEL COMMAND [TEXT]")
	id, err := w.slack.Command(w.person(ts, args[0]), args[1], args[2], strings.Join(args[3:], " "), "")
	ts.Check(err)
	w.interaction = id
}

// leave PERSON CHANNEL: a person leaves a channel.
func leave(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "leave PERSON CHANNEL")
	ts.Check(w.slack.Leave(w.person(ts, args[0]), args[1]))
}

// shortcut PERSON CALLBACK [VAR]: a person uses a shortcut, of the message of VAR or from
// anywhere.
func shortcut(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "shortcut PERSON CALLBACK [VAR]")
	channel, at := "", ""
	if len(args) > 2 {
		channel, at = w.place(ts, args[2])
	}
	id, err := w.slack.Shortcut(w.person(ts, args[0]), args[1], channel, at)
	ts.Check(err)
	w.interaction = id
}

// press PERSON VAR ACTION [VALUE]: a person clicks an element, the newest with that id in
// the thread of VAR that they see; VALUE is one of two feedback buttons.
func press(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "press PERSON VAR ACTION [VALUE]")
	user := w.person(ts, args[0])
	channel, root := w.place(ts, args[1])
	element := `"action_id":"` + args[2] + `"`
	c := slacksim.Click{User: user, Channel: channel, ActionID: args[2]}
	w.until(ts, "a button "+args[2], func(v slacksim.View) bool {
		for _, m := range v.Replies(channel, root) {
			if bytes.Contains(m.Blocks, []byte(element)) {
				c.TS, c.BlockID = m.TS, blockOf(m.Blocks, args[2])
			}
		}
		for _, e := range v.Ephemerals() {
			if e.User == user && e.Channel == channel && bytes.Contains(e.Blocks, []byte(element)) {
				c.TS, c.BlockID = e.TS, blockOf(e.Blocks, args[2])
			}
		}
		return c.TS != ""
	})
	if len(args) > 3 {
		value := regexp.MustCompile(`"value":"(` + args[3] + `[^"]*)"`)
		w.slack.Look(func(v slacksim.View) {
			m, _ := v.Message(channel, c.TS)
			if found := value.FindSubmatch(m.Blocks); found != nil {
				c.Input, _ = json.Marshal(map[string]string{"value": string(found[1])})
			}
		})
	}
	id, err := w.slack.Act(c)
	ts.Check(err)
	w.interaction = id
}

// block is what steps need of a block.
type block struct {
	BlockID string `json:"block_id"`
	Raw     struct {
		ActionID string `json:"action_id"`
		Type     string `json:"type"`
	} `json:"element"`
	Elements []struct {
		ActionID string `json:"action_id"`
	} `json:"elements"`
}

func blockOf(blocks json.RawMessage, action string) string {
	var list []block
	_ = json.Unmarshal(blocks, &list)
	for _, b := range list {
		for _, e := range b.Elements {
			if e.ActionID == action {
				return b.BlockID
			}
		}
	}
	return ""
}

// modal PERSON REGEXP|none: waits until the window that the person sees matches; or they
// see none.
func modalSeen(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "modal PERSON REGEXP|none")
	user := w.person(ts, args[0])
	want := strings.Join(args[1:], " ")
	re := regexp.MustCompile("(?s)" + want)
	is := ""
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := w.slack.Wait(ctx, func(v slacksim.View) bool {
		top := openOf(v, user)
		if top == nil {
			is = "none"
			return want == "none"
		}
		is = string(top.Title) + string(top.Blocks)
		return want != "none" && re.MatchString(is)
	})
	if err != nil {
		ts.Fatalf("the window of %s is %s, want %s\n%s", args[0], is, want, w.tail())
	}
}

// openOf is the window on top that a person sees.
func openOf(v slacksim.View, user string) (top *slacksim.ViewObject) {
	depth := -1
	for _, o := range v.OpenViews() {
		if o.User == user && o.Depth > depth {
			depth, top = o.Depth, &o.View
		}
	}
	return top
}

// enter PERSON FIELD VALUE: a person fills in a field of their window, or chooses; where
// that changes the window, the assistant hears of it.
func enter(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "enter PERSON FIELD VALUE")
	user, value := w.person(ts, args[0]), strings.Join(args[2:], " ")
	view, b := w.field(ts, user, args[1])
	raw := map[string]any{"type": b.Raw.Type, "value": value}
	if b.Raw.Type == "static_select" || b.Raw.Type == "radio_buttons" {
		raw = map[string]any{"type": b.Raw.Type, "selected_option": map[string]string{"value": value}}
	}
	input, err := json.Marshal(raw)
	ts.Check(err)
	if w.entered == nil {
		w.entered = map[string]slacksim.Inputs{}
	}
	if w.entered[user] == nil {
		w.entered[user] = slacksim.Inputs{}
	}
	state := w.entered[user]
	state[b.BlockID] = map[string]json.RawMessage{b.Raw.ActionID: input}
	if args[1] == "scope" || args[1] == "model" {
		id, err := w.slack.Act(slacksim.Click{User: user, ViewID: view, BlockID: b.BlockID, ActionID: b.Raw.ActionID, Input: input, State: state})
		ts.Check(err)
		w.interaction = id
		delete(w.entered, user) // the window has it
	}
}

// field finds a field of the person's window by the name in its id.
func (w *world) field(ts *testscript.TestScript, user, name string) (view string, found block) {
	w.until(ts, "a field "+name, func(v slacksim.View) bool {
		top := openOf(v, user)
		if top == nil {
			return false
		}
		var list []block
		_ = json.Unmarshal(top.Blocks, &list)
		for _, b := range list {
			if b.BlockID == name || strings.HasPrefix(b.BlockID, name+"/") {
				view, found = top.ID, b
				return true
			}
		}
		return false
	})
	return view, found
}

// submit PERSON [REGEXP]: a person sends their window off, and reads such a mistake in it.
func submit(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 1, "submit PERSON [REGEXP]")
	user, view := w.person(ts, args[0]), ""
	w.slack.Look(func(v slacksim.View) {
		if top := openOf(v, user); top != nil {
			view = top.ID
		}
	})
	id, err := w.slack.SubmitView(user, view, w.entered[user])
	ts.Check(err)
	w.interaction = id
	w.heard(ts, nil)
	var i slacksim.Interaction
	w.slack.Look(func(v slacksim.View) { i, _ = v.Interaction(id) })
	said := fmt.Sprint(i.Errors)
	switch {
	case len(args) == 1 && len(i.Errors) > 0:
		ts.Fatalf("mistakes in the window: %s", said)
	case len(args) > 1 && !regexp.MustCompile(strings.Join(args[1:], " ")).MatchString(said):
		ts.Fatalf("mistakes in the window: %s, want %s", said, args[1:])
	case len(args) == 1:
		delete(w.entered, user)
	}
}

// heard [failed]: waits until the last click, command or window was acknowledged, or Slack
// told the person that it was not.
func heard(ts *testscript.TestScript, w *world, args []string) { w.heard(ts, args) }

func (w *world) heard(ts *testscript.TestScript, args []string) {
	want := "acked"
	if len(args) > 0 {
		want = args[0]
	}
	var i slacksim.Interaction
	w.until(ts, "the acknowledgement of a click", func(v slacksim.View) bool {
		i, _ = v.Interaction(w.interaction)
		return i.Status != "sent"
	})
	if i.Status != want {
		ts.Fatalf("the click is %s (%s), want %s", i.Status, i.Error, want)
	}
}

// announced CHANNEL|VAR REGEXP: waits until the assistant said so, in the channel or the
// thread, and fails if it did more often.
func announced(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "announced CHANNEL|VAR REGEXP")
	re := regexp.MustCompile(strings.Join(args[1:], " "))
	channel, root := "", ""
	if strings.HasPrefix(args[0], "#") {
		w.slack.Look(func(v slacksim.View) {
			c, _ := v.Channel(args[0])
			channel = c.ID
		})
	} else {
		channel, root = w.place(ts, args[0])
	}
	count := func(v slacksim.View) (n int) {
		v.Walk(func(c slacksim.Channel, m slacksim.Message) {
			in := c.ID == channel && (root == "" && m.ThreadTS == "" || root != "" && m.ThreadTS == root)
			if in && m.AppID != "" && strings.Contains(m.Text, "changed my settings") && re.MatchString(m.Text) {
				n++
			}
		})
		return n
	}
	n := 0
	w.until(ts, "an announcement like "+args[1], func(v slacksim.View) bool { n = count(v); return n > 0 })
	if n > 1 {
		ts.Fatalf("it is said %d times", n)
	}
}

// told PERSON REGEXP: waits until the assistant wrote so to a person directly.
func told(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "told PERSON REGEXP")
	user, re := w.person(ts, args[0]), regexp.MustCompile(strings.Join(args[1:], " "))
	w.until(ts, "a direct message like "+args[1], func(v slacksim.View) (found bool) {
		v.Walk(func(c slacksim.Channel, m slacksim.Message) {
			found = found || c.User == user && m.AppID != "" && re.MatchString(m.Text)
		})
		return found
	})
}

// posted VAR CHANNEL BLOCKS: the app has posted a message, as an earlier bot did.
func posted(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 3, "posted VAR CHANNEL BLOCKS")
	channel := ""
	w.slack.Look(func(v slacksim.View) {
		c, _ := v.Channel(args[1])
		channel = c.ID
	})
	form := url.Values{"channel": {channel}, "text": {"Settings available"}, "blocks": {strings.Join(args[2:], " ")}}
	req, err := http.NewRequest(http.MethodPost, ts.Getenv("SLACK_API_URL")+"chat.postMessage", strings.NewReader(form.Encode()))
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+slacksim.DefaultBotToken)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	var out struct {
		OK    bool
		Error string
		TS    string
	}
	ts.Check(json.NewDecoder(resp.Body).Decode(&out))
	if !out.OK {
		ts.Fatalf("chat.postMessage: %s", out.Error)
	}
	ts.Setenv(args[0], channel+"/"+out.TS)
}

// stall [TABLE]: nobody can write to the SQLite database, or use the table of the
// PostgreSQL one, until "stall over".
func stall(ts *testscript.TestScript, w *world, args []string) {
	if slices.Equal(args, []string{"over"}) {
		if w.stalled != nil {
			ts.Check(w.stalled())
		}
		w.stalled = nil
		return
	}
	url := ts.Getenv("DATABASE_URL")
	driver, begin := "sqlite", []string{"BEGIN IMMEDIATE"}
	source := strings.TrimPrefix(url, "sqlite:") + "?_pragma=busy_timeout(5000)"
	if len(args) > 0 {
		driver, source, begin = "pgx", url, []string{"BEGIN"}
		for _, table := range args {
			begin = append(begin, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
		}
	}
	db, err := sql.Open(driver, source)
	ts.Check(err)
	c, err := db.Conn(context.Background())
	ts.Check(err)
	for _, q := range begin {
		_, err := c.ExecContext(context.Background(), q)
		ts.Check(err)
	}
	w.stalled = func() error {
		_, err := c.ExecContext(context.Background(), "ROLLBACK")
		_ = c.Close()
		_ = db.Close()
		return err
	}
	ts.Defer(func() {
		if w.stalled != nil {
			_ = w.stalled()
		}
	})
}

// stored QUERY WANT: waits until the database answers so.
func stored(ts *testscript.TestScript, w *world, args []string) {
	need(ts, args, 2, "stored QUERY WANT")
	db, err := openBooks(ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer db.Close()
	got := ""
	w.poll(ts, func() string { return fmt.Sprintf("%s is %s, want %s", args[0], got, args[1]) }, func() bool {
		return db.QueryRow("SELECT "+args[0]).Scan(&got) == nil && got == args[1]
	})
}
