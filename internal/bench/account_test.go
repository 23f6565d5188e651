package bench

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/modelsim"
	"holdfast/internal/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

const busy = "Busy! Please write again."

// rig is a stage with no bot: the test writes in its place.
type rig struct {
	*testing.T
	stage   *stage
	threads []*thread
	api     string
	http    *http.Client
}

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	s := &stage{o: o, slack: slacksim.New(slacksim.Options{})}
	server, err := s.slack.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	threads, err := s.people(busy)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	followed := make(chan struct{})
	after := 0
	s.slack.Look(func(v slacksim.View) { after = v.Seq() })
	go func() {
		defer close(followed)
		s.watch.follow(ctx, after)
	}()
	r := &rig{T: t, stage: s, threads: threads, api: server.APIURL(), http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	t.Cleanup(func() {
		stop()
		<-followed
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := s.slack.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) say(thread int, kind byte, n int) *entry {
	r.Helper()
	if err := r.stage.watch.say(r.threads[thread], kind, n); err != nil {
		r.Fatal(err)
	}
	return r.threads[thread].entries[len(r.threads[thread].entries)-1]
}

// call is what the bot does. It returns the ts in the answer.
func (r *rig) call(method string, args ...string) string {
	r.Helper()
	form := url.Values{}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	req, err := http.NewRequestWithContext(r.Context(), "POST", r.api+method, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+slacksim.DefaultBotToken)
	resp, err := r.http.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		OK    bool
		Error string
		TS    string
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || !body.OK {
		r.Fatalf("%s: %+v, %v", method, body, err)
	}
	return body.TS
}

func (r *rig) post(e *entry, text string) string {
	r.Helper()
	return r.call("chat.postMessage", "channel", e.thread.channel, "thread_ts", e.thread.root, "text", text)
}

func (r *rig) whole(e *entry) string {
	return strings.ReplaceAll(answer(r.stage.o.AnswerChars), "$1", e.number)
}

// settle waits until the watch has seen everything.
func (r *rig) settle() {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := r.stage.slack.Wait(ctx, func(v slacksim.View) bool { return true }); err != nil {
		r.Fatal(err)
	}
	last := 0
	r.stage.slack.Look(func(v slacksim.View) { last = v.Seq() })
	for {
		r.stage.watch.mu.Lock()
		seen := r.stage.watch.after
		r.stage.watch.mu.Unlock()
		if seen >= last {
			return
		}
		select {
		case <-r.stage.watch.moved:
		case <-ctx.Done():
			r.Fatal("the watch does not see everything")
		}
	}
}

var small = Options{Messages: 9, Threads: 9, People: 3, AnswerChars: 900}

// TestAccount has one message for each way in which it can go.
func TestAccount(t *testing.T) {
	r := newRig(t, small)
	began := time.Now()
	asked := []modelsim.Request{}

	streamed := r.say(0, 'm', 1)
	r.call("agents.sessions.setStatus", "channel_id", streamed.thread.channel, "thread_ts", streamed.thread.root, "status", "processing")
	r.settle()
	if streamed.sign.IsZero() || !streamed.first.IsZero() {
		t.Errorf("after a status: sign %v, first text %v", streamed.sign, streamed.first)
	}
	text := r.whole(streamed)
	ts := r.call("chat.startStream", "channel", streamed.thread.channel, "thread_ts", streamed.thread.root, "recipient_user_id", streamed.thread.user, "recipient_team_id", "T01HARBOUR", "markdown_text", text[:100])
	r.settle()
	if streamed.first.IsZero() || !streamed.final.IsZero() {
		t.Errorf("after the first words: first text %v, final text %v", streamed.first, streamed.final)
	}
	r.call("chat.appendStream", "channel", streamed.thread.channel, "ts", ts, "markdown_text", text[100:])
	r.settle()
	whole := streamed.final
	r.call("chat.stopStream", "channel", streamed.thread.channel, "ts", ts)
	r.settle()
	if whole.IsZero() || !streamed.final.After(whole) {
		t.Errorf("final text %v with the last words, %v at rest", whole, streamed.final)
	}

	// Posted at once into the channel, without Markdown, in two messages.
	posted := r.say(1, 'm', 2)
	plain := strings.NewReplacer("**", "", "`", "").Replace(r.whole(posted))
	r.post(posted, "Here it is: "+plain[:500])
	r.post(posted, plain[500:])

	doubled := r.say(2, 'm', 3)
	r.post(doubled, r.whole(doubled))
	r.post(doubled, r.whole(doubled))

	cut := r.say(3, 'm', 4)
	r.post(cut, r.whole(cut)[:300])

	holed := r.say(4, 'm', 5) // it ends as it should, but a part in the middle is missing
	text = r.whole(holed)
	r.post(holed, text[:200]+text[400:])

	failed := r.say(5, 'm', 6)
	r.post(failed, "Something went wrong.")

	silent := r.say(6, 'm', 7)
	r.call("reactions.add", "channel", silent.thread.channel, "timestamp", silent.ts, "name", "eyes")

	refused := r.say(5, 'm', 15)
	r.post(refused, busy)
	r.settle()
	if failed.over || !refused.over {
		t.Errorf("after a refusal its message is over: %v, and the one before it: %v", refused.over, failed.over)
	}
	after := r.say(5, 'm', 16)
	r.post(after, r.whole(after))

	hung := r.say(7, 'h', 8)
	r.post(hung, "One moment.")

	merged, also := r.say(8, 'm', 9), r.say(8, 'm', 10)
	r.post(also, r.whole(also))
	asked = append(asked, modelsim.Request{LastUser: question(also.number), Body: json.RawMessage(`"` + merged.number + " " + also.number + `"`)})
	forgotten, later := r.say(8, 'm', 11), r.say(8, 'm', 12) // the model was asked about the later one alone
	r.post(later, r.whole(later))
	asked = append(asked, modelsim.Request{LastUser: question(later.number), Body: json.RawMessage(`"` + later.number + `"`)})
	alone, last := r.say(8, 'm', 13), r.say(8, 'm', 14) // the model was asked about both, the first is in the history of the second
	r.post(last, r.whole(last))
	for _, e := range []*entry{alone, last} {
		asked = append(asked, modelsim.Request{LastUser: question(e.number), Body: json.RawMessage(`"` + alone.number + " " + e.number + `"`)})
	}

	r.settle()
	if forgotten.final != (time.Time{}) || !forgotten.over {
		t.Errorf("a later answer: final text %v, over %v", forgotten.final, forgotten.over)
	}
	got := r.stage.watch.account(small, asked, began)
	want := Result{Messages: 15, Answered: 8, Merged: 1, Doubled: 1, Failed: 5, Refused: 1, Unanswered: 1, Hung: 1, HungSigns: 1}
	is := Result{Messages: got.Messages, Answered: got.Answered, Merged: got.Merged, Doubled: got.Doubled, Failed: got.Failed, Refused: got.Refused, Unanswered: got.Unanswered, Hung: got.Hung, HungSigns: got.HungSigns}
	if want.String() != is.String() {
		t.Errorf("got  %s\nwant %s", is, want)
	}
	if silent.sign.IsZero() {
		t.Error("a reaction is no sign")
	}
	if got.Calls["reactions.add"] != 1.0/9 || got.AllCalls < 1.6 || got.Final.Count != 8 || got.Final.Max < got.Final.P50 || got.Rate <= 0 {
		t.Errorf("%+v", got)
	}
	if got.Clean() || got.Lost() != 7 {
		t.Errorf("clean: %v, lost: %d", got.Clean(), got.Lost())
	}
}

// TestSettle waits for answers that are still to come.
func TestSettle(t *testing.T) {
	r := newRig(t, small)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	gone := make(chan struct{})
	never := calm{asked: func(string) bool { return false }}
	settled := func(c calm, within time.Duration) bool {
		t.Helper()
		r.settle()
		done, err := r.stage.watch.settle(ctx, 'm', c, within, gone)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	first, second := r.say(0, 'm', 1), r.say(0, 'm', 2)
	r.say(1, 'h', 3) // nobody waits for it
	if settled(never, time.Millisecond) {
		t.Error("settled before any answer")
	}
	r.post(second, r.whole(second))
	if !settled(never, patience) {
		t.Error("not settled after an answer to both")
	}
	alone := calm{asked: func(number string) bool { return number == first.number }}
	if settled(alone, time.Millisecond) {
		t.Error("settled although an answer is to come")
	}
	if settled(calm{merged: time.Hour, asked: never.asked}, time.Millisecond) {
		t.Error("settled before the bot was calm")
	}
	r.post(first, r.whole(first))
	if !settled(alone, patience) {
		t.Error("not settled after both answers")
	}
	if settled(calm{all: time.Hour, asked: never.asked}, time.Millisecond) {
		t.Error("settled before the bot was calm, after both answers")
	}
	close(gone)
	r.say(0, 'm', 4)
	if _, err := r.stage.watch.settle(ctx, 'm', never, patience, gone); !errors.Is(err, errGone) {
		t.Errorf("the bot is gone: %v", err)
	}
}

// String is what the test compares.
func (r Result) String() string {
	b, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Threads are half direct messages, half mentions, and everybody has some.
func TestPeople(t *testing.T) {
	r := newRig(t, Options{Messages: 100, Threads: 48, People: 24})
	direct, by := 0, map[string]int{}
	for n, thread := range r.threads {
		by[thread.user]++
		if thread.mention == "" {
			direct++
		}
		r.say(n, 'm', n+1)
	}
	if direct != 24 || len(by) != 24 {
		t.Errorf("%d of 48 threads are direct, of %d people", direct, len(by))
	}
	var channels []string
	for _, thread := range r.threads {
		if thread.root == "" || strings.HasPrefix(thread.channel, "@") {
			t.Errorf("thread %+v", thread)
		}
		if thread.mention != "" {
			channels = append(channels, thread.channel)
		}
	}
	slices.Sort(channels)
	if n := len(slices.Compact(channels)); n != 3 {
		t.Errorf("%d channels for 24 people, want 3", n)
	}
}

func TestMarks(t *testing.T) {
	k := newMarks()
	for text, want := range map[string]string{
		"m000012 and so on": "m000012", "> *h000003* Please": "h000003", "xm000012": "", "": "", "m00001": "",
		strings.Repeat("a", 500) + " m000012": "",
	} {
		if got := k.first(text); got != want {
			t.Errorf("first of %.20q is %q, want %q", text, got, want)
		}
	}
	if got := k.ended(ending + "m000001. " + ending + "w000002.\n" + ending + "x."); !slices.Equal(got, []string{"m000001", "w000002"}) {
		t.Errorf("ended: %q", got)
	}
}

func TestText(t *testing.T) {
	blocks := json.RawMessage(`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"long "},{"type":"text","text":"form"}]}]},{"type":"section","text":{"type":"mrkdwn","text":" of it"}}]`)
	for want, m := range map[string]slacksim.Message{
		"plain":                  {Text: "plain"},
		"marked":                 {MarkdownText: "marked", Text: "x"},
		"flowing":                {Stream: &slacksim.StreamView{Text: "flowing"}, Text: "x"},
		"long form of it":        {Text: "short", Blocks: blocks},
		"longer than its blocks": {Text: "longer than its blocks", Blocks: blocks},
		"not blocks":             {Text: "not blocks", Blocks: json.RawMessage("{")},
	} {
		if got := text(&m); got != want {
			t.Errorf("text is %q, want %q", got, want)
		}
	}
}
