package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/chat"
)

// scripted answers each method with a body and keeps what was sent.
func scripted(t *testing.T, answers map[string]string) (*Client, func() map[string]url.Values) {
	sent := map[string]url.Values{}
	c := local(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		method := strings.TrimPrefix(r.URL.Path, "/api/")
		sent[method] = r.PostForm
		body, ok := answers[method]
		if !ok {
			body = `{"ok":true,"channel":"C1","ts":"5.000006"}`
		}
		w.Header().Set("X-OAuth-Scopes", "chat:write,users:read")
		_, _ = io.WriteString(w, body)
	})
	return c, func() map[string]url.Values { return sent }
}

func TestFieldsOfEachCall(t *testing.T) {
	c, sent := scripted(t, map[string]string{"chat.postEphemeral": `{"ok":true,"message_ts":"5.000006"}`})
	ctx, s := t.Context(), Send{Priority: Final}
	chunks := []Chunk{Markdown("hi"), {Type: "task_update", ID: "t1", Title: "Search", Status: "complete"}}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(c.StartStream(ctx, Stream{Channel: "C1", ThreadTS: "1.2", RecipientUser: "U1", RecipientTeam: "T1", Chunks: chunks}, s))
	must(nil, c.AppendStream(ctx, "C1", "5.6", chunks[:1], s))
	must(c.StopStream(ctx, StreamEnd{Channel: "C1", TS: "5.6", Blocks: []byte(`[]`), SessionStatus: "active", Metadata: &Metadata{EventType: "e", EventPayload: []byte(`{}`)}}, s))
	must(c.Update(ctx, Change{Channel: "C1", TS: "5.6", Text: "x", DropMetadata: true}, s))
	must(nil, c.Delete(ctx, "C1", "5.6", s))
	must(c.PostEphemeral(ctx, Whisper{Channel: "C1", User: "U1", ThreadTS: "1.2", Text: "psst"}, s))
	must(nil, c.AddReaction(ctx, "C1", "5.6", "eyes", s))
	must(nil, c.RemoveReaction(ctx, "C1", "5.6", "eyes", s))
	must(nil, c.SetSessionStatus(ctx, Session{Channel: "C1", ThreadTS: "1.2", Status: "processing", Title: "T", Initiator: "U1"}, s))
	must(nil, c.RenameSession(ctx, "C1", "1.2", "T2", s))
	must(nil, c.SetThreadStatus(ctx, "D1", "1.2", "", nil, s))
	must(nil, c.SetSuggestedPrompts(ctx, "D1", "", "", []Prompt{{"a", "b"}}, s))
	one := func(kv ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}
	want := map[string]url.Values{
		"chat.startStream": one("channel", "C1", "thread_ts", "1.2", "recipient_user_id", "U1", "recipient_team_id", "T1",
			"chunks", `[{"type":"markdown_text","text":"hi"},{"type":"task_update","id":"t1","title":"Search","status":"complete"}]`),
		"chat.appendStream": one("channel", "C1", "ts", "5.6", "chunks", `[{"type":"markdown_text","text":"hi"}]`),
		"chat.stopStream": one("channel", "C1", "ts", "5.6", "blocks", "[]", "session_status", "active",
			"metadata", `{"event_type":"e","event_payload":{}}`),
		"chat.update":                           one("channel", "C1", "ts", "5.6", "text", "x", "metadata", "{}"),
		"chat.delete":                           one("channel", "C1", "ts", "5.6"),
		"chat.postEphemeral":                    one("channel", "C1", "user", "U1", "thread_ts", "1.2", "text", "psst"),
		"reactions.add":                         one("channel", "C1", "timestamp", "5.6", "name", "eyes"),
		"reactions.remove":                      one("channel", "C1", "timestamp", "5.6", "name", "eyes"),
		"agents.sessions.setStatus":             one("channel_id", "C1", "thread_ts", "1.2", "status", "processing", "title", "T", "initiator_user_id", "U1"),
		"agents.sessions.rename":                one("channel_id", "C1", "thread_ts", "1.2", "title", "T2"),
		"assistant.threads.setStatus":           one("channel_id", "D1", "thread_ts", "1.2", "status", ""),
		"assistant.threads.setSuggestedPrompts": one("channel_id", "D1", "prompts", `[{"title":"a","message":"b"}]`),
	}
	if d := cmp.Diff(want, sent()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func TestAlreadySo(t *testing.T) {
	c, _ := scripted(t, map[string]string{
		"reactions.add":    `{"ok":false,"error":"already_reacted"}`,
		"reactions.remove": `{"ok":false,"error":"no_reaction"}`,
		"chat.delete":      `{"ok":false,"error":"message_not_found"}`,
	})
	if err := c.AddReaction(t.Context(), "C1", "1.2", "eyes", Send{}); err != nil {
		t.Error(err)
	}
	if err := c.RemoveReaction(t.Context(), "C1", "1.2", "eyes", Send{}); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), "C1", "1.2", Send{}); err != nil {
		t.Error(err)
	}
	c, _ = scripted(t, map[string]string{"reactions.add": `{"ok":false,"error":"invalid_name"}`})
	if err := c.AddReaction(t.Context(), "C1", "1.2", "no such", Send{}); Code(err) != "invalid_name" {
		t.Errorf("a refusal that means something is lost: %v", err)
	}
}

func TestIdentity(t *testing.T) {
	c, _ := scripted(t, map[string]string{
		"auth.test": `{"ok":true,"url":"https://x.slack.com/","team":"X","user":"bot","team_id":"T1","user_id":"UB","bot_id":"B1","enterprise_id":null}`,
		"users.info": `{"ok":true,"user":{"id":"U1","name":"ada","real_name":"Ada L","tz":"Europe/London","tz_offset":3600,"is_bot":false,
			"profile":{"display_name":"countess","real_name":"Ada Lovelace"}}}`,
		"conversations.info":    `{"ok":true,"channel":{"id":"C1","name":"general","is_im":false,"is_ext_shared":true,"is_member":"odd","topic":{"value":"t"}}}`,
		"apps.connections.open": `{"ok":true,"url":"wss://x/link"}`,
	})
	me, err := c.AuthTest(t.Context())
	want := Identity{Team: "T1", TeamName: "X", URL: "https://x.slack.com/", User: "UB", UserName: "bot", Bot: "B1", Scopes: "chat:write,users:read"}
	if err != nil || me != want {
		t.Errorf("AuthTest = %+v, %v", me, err)
	}
	u, err := c.UserInfo(t.Context(), "U1", Send{})
	if want := (chat.User{ID: "U1", Name: "Ada L", Zone: "Europe/London", Offset: 3600}); err != nil || u != want {
		t.Errorf("UserInfo = %+v, %v", u, err)
	}
	v, err := c.ConversationInfo(t.Context(), "C1", Send{})
	if want := (Conversation{ID: "C1", Name: "general", ExtShared: true, Topic: "t"}); err != nil || v != want {
		t.Errorf("ConversationInfo = %+v, %v", v, err)
	}
	if address, err := c.OpenConnection(t.Context()); address != "wss://x/link" || err != nil {
		t.Errorf("OpenConnection = %q, %v", address, err)
	}
	for code, gone := range map[string]bool{"user_not_found": true, "user_not_visible": true, "ratelimited_not": false} {
		c, _ := scripted(t, map[string]string{"users.info": fmt.Sprintf(`{"ok":false,"error":%q}`, code)})
		u, err := c.UserInfo(t.Context(), "U9", Send{})
		if (err == nil) != gone || u.NotFound != gone {
			t.Errorf("%s: %+v, %v", code, u, err)
		}
	}
}

// paged serves a thread of n replies in pages, each beginning with its root,
// as Slack does. alter may change what is said of a page.
func paged(t *testing.T, n, size int, alter func(page int, body string) string) *Client {
	return local(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		page := 0
		if s := r.PostForm.Get("cursor"); s != "" {
			_, _ = fmt.Sscanf(s, "page%d", &page)
		} else if s := r.PostForm.Get("oldest"); s != "" { // the pages' ends
			last := 0
			_, _ = fmt.Sscanf(s, "2.%d", &last)
			page = (last + 1) / size
		}
		list := []string{`{"type":"message","ts":"1.000000","thread_ts":"1.000000","text":"root","reply_count":2}`}
		for i := page * size; i < min(n, (page+1)*size); i++ {
			list = append(list, fmt.Sprintf(`{"type":"message","ts":"2.%06d","thread_ts":"1.000000","text":"r%d"}`, i, i))
		}
		next := ""
		if (page+1)*size < n {
			next = fmt.Sprintf("page%d", page+1)
		}
		body := fmt.Sprintf(`{"ok":true,"messages":[%s],"has_more":%v,"response_metadata":{"next_cursor":%q}}`, strings.Join(list, ","), next != "", next)
		if alter != nil {
			body = alter(page, body)
		}
		_, _ = io.WriteString(w, body)
	})
}

func TestAllPages(t *testing.T) {
	c := paged(t, 2500, 200, nil)
	walk := c.Replies(t.Context(), "C1", "1.000000", Range{}, Send{Priority: Backfill})
	for range 2 { // a walk can be taken again
		var got []chat.TS
		for page, err := range walk {
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				got = append(got, m.TS)
			}
		}
		if len(got) != 2501 || !slices.IsSortedFunc(got, chat.TS.Compare) || len(slices.Compact(got)) != 2501 {
			t.Errorf("%d messages of 2501, in order and once each: %v", len(got), slices.IsSortedFunc(got, chat.TS.Compare))
		}
	}
	pages := 0
	for range walk {
		if pages++; pages == 3 {
			break
		}
	}
}

// What is not the whole history must not look like one. Where Slack's cursor
// leads nowhere, the walk goes on by time.
func TestBrokenPages(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(page int, body string) string
		whole bool
	}{
		"cursor that holds no more": {func() func(int, string) string {
			stale := true
			return func(page int, body string) string {
				if page == 1 && stale {
					stale = false
					return `{"ok":false,"error":"invalid_cursor"}`
				}
				return body
			}
		}(), true},
		"error on page 2": {func(page int, body string) string {
			if page == 1 {
				return `{"ok":false,"error":"fatal_error"}`
			}
			return body
		}, false},
		"more, but no cursor": {func(page int, body string) string {
			return strings.Replace(strings.Replace(body, `"page1"`, `""`, 1), `"page2"`, `""`, 1)
		}, true},
		"more, though there is none": {func(page int, body string) string {
			return strings.Replace(body, `"has_more":false`, `"has_more":true`, 1)
		}, true},
		"none at all, and more": {func(int, string) string {
			return `{"ok":true,"messages":[],"has_more":true}`
		}, false},
		"the same cursor again": {func(page int, body string) string {
			return strings.Replace(body, `"page2"`, `"page1"`, 1)
		}, true},
		"messages of an odd type": {func(page int, body string) string {
			return `{"ok":true,"messages":{"a":1}}`
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			client := paged(t, 30, 10, c.alter)
			var last error
			var got []chat.TS
			n := 0
			for page, err := range client.Replies(t.Context(), "C1", "1.000000", Range{}, Send{}) {
				last = err
				for _, m := range page {
					got = append(got, m.TS)
				}
				if n++; n > 10 {
					t.Fatal("the walk does not end")
				}
			}
			if (last == nil) != c.whole {
				t.Errorf("the walk ended with %v; whole: %v", last, c.whole)
			}
			if c.whole && (len(got) != 31 || !slices.IsSortedFunc(got, chat.TS.Compare) || len(slices.Compact(got)) != 31) {
				t.Errorf("got %v, want all 31 once each", got)
			}
		})
	}
}

// A page that meets a 429 is waited for, and one without an answer asked for again:
// neither a hole nor an end.
func TestLimitedPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		var c *Client
		c = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			if calls++; calls == 4 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			if calls == 2 {
				w.Header().Set("Retry-After", "40")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			page := 0
			_, _ = fmt.Sscanf(r.PostForm.Get("cursor"), "page%d", &page)
			next := ""
			if page < 4 {
				next = fmt.Sprintf("page%d", page+1)
			}
			fmt.Fprintf(w, `{"ok":true,"messages":[{"ts":"%d.000000"}],"has_more":%v,"response_metadata":{"next_cursor":%q}}`, 9-page, next != "", next)
		}), Options{})
		began, n := time.Now(), 0
		for page, err := range c.History(t.Context(), "C1", Range{}, Send{Priority: Backfill, Again: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(page)
		}
		if n != 5 || calls != 7 || time.Since(began) < 40*time.Second {
			t.Errorf("%d messages of 5 in %d calls and %v", n, calls, time.Since(began))
		}
	})
}

func TestMessageIsReadTolerantly(t *testing.T) {
	c := paged(t, 1, 10, func(_ int, _ string) string {
		return `{"ok":true,"messages":[
			{"ts":"1.2","user":7,"text":"kept","files":"none","edited":[],"metadata":3,"reply_count":"x"},
			{"ts":"1.3","user":"U1","subtype":"file_share","files":[{"id":"F1","name":"a","mimetype":"b","size":"big"},{"id":9},7],
			 "edited":{"ts":"1.4"},"metadata":{"event_type":"turn","event_payload":{"turn":"t"}},"streaming_state":"errored","reply_count":2},
			null]}`
	})
	var got []Message
	for page, err := range c.History(t.Context(), "C1", Range{Oldest: "1.0", Inclusive: true, Limit: 15}, Send{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
	}
	if len(got) != 3 || got[0].Text != "kept" || got[0].TS != "1.2" || got[0].User != "" {
		t.Fatalf("%+v", got)
	}
	m := got[1]
	if m.Edited != "1.4" || m.Streaming != "errored" || m.Replies != 2 || string(m.Metadata.EventPayload) != `{"turn":"t"}` || len(m.Raw) == 0 {
		t.Errorf("%+v", m)
	}
	if want := []chat.File{{ID: "F1", Name: "a", Mimetype: "b"}}; !slices.Equal(m.Files, want) {
		t.Errorf("files %+v, want %+v", m.Files, want)
	}
}
