package render_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/slack/render"
	"holdfast/internal/slacksim"
)

// workspace is a simulated Slack that refuses what Slack refuses.
type workspace struct {
	*testing.T
	url    string
	client *http.Client
}

func start(t *testing.T) *workspace {
	sim := slacksim.New(slacksim.Options{})
	srv, err := sim.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.SetLimits(func(l *slacksim.LimitSettings) { l.Enabled = false }); err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(func() {
		_ = sim.Close()
		_ = srv.Close()
		tr.CloseIdleConnections()
	})
	return &workspace{t, srv.APIURL(), &http.Client{Transport: tr}}
}

// call makes a call that Slack must take, and gives the message's ts.
func (w *workspace) call(method string, args map[string]any) string {
	w.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		w.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, strings.TrimSuffix(w.url, "/")+"/"+method, bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+slacksim.DefaultBotToken)
	resp, err := w.client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		OK       bool
		Error    string
		TS       string
		Messages struct{ Messages []string } `json:"response_metadata"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.Fatal(err)
	}
	if !out.OK {
		w.Fatalf("%s: %s %v\n%s", method, out.Error, out.Messages.Messages, body)
	}
	return out.TS
}

// TestSlackTakesEveryPart posts, edits and streams every part of the corpus in a simulated
// workspace, which holds Slack's limits.
func TestSlackTakesEveryPart(t *testing.T) {
	w := start(t)
	files, err := filepath.Glob("testdata/*.md")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	channel := slacksim.SeedGeneral
	parts := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all := render.Markdown(bytes.Repeat(append(src, '\n', '\n'), 1+6000/(len(src)+1)))
		for _, chars := range []int{400, render.PostChars, render.StreamChars} {
			l := render.Limits{Chars: chars, Mentions: []string{slacksim.SeedAda}}
			for _, p := range render.Parts(all, l) {
				parts++
				ts := w.call("chat.postMessage", map[string]any{"channel": channel, "text": p.Text(), "blocks": p.Blocks()})
				w.call("chat.update", map[string]any{"channel": channel, "ts": ts, "text": p.Text()})
				w.call("chat.postMessage", map[string]any{"channel": channel, "blocks": []any{map[string]any{"type": "markdown", "text": p.Stream()}}})
			}
		}
		w.streamed(channel, all)
	}
	t.Logf("%d parts", parts)
}

// streamed sends an answer as streams in small steps.
func (w *workspace) streamed(channel string, md render.Markdown) {
	w.Helper()
	l := render.Limits{Chars: render.StreamChars}
	root := w.call("chat.postMessage", map[string]any{"channel": channel, "text": "a question"})
	var at render.Cursor
	ts, shown := "", 0
	for n := 0; ; n += 701 {
		final := n >= len(md)
		for full := true; full; {
			var chunk string
			var next render.Cursor
			chunk, shown, next, full = render.Delta(md[:min(n, len(md))], at, shown, l, final)
			if chunk != "" && ts == "" {
				ts = w.call("chat.startStream", map[string]any{"channel": channel, "thread_ts": root, "recipient_user_id": slacksim.SeedAda, "recipient_team_id": slacksim.SeedTeam})
			}
			if chunk != "" {
				w.call("chat.appendStream", map[string]any{"channel": channel, "ts": ts, "chunks": []any{map[string]any{"type": "markdown_text", "text": chunk}}})
			}
			if full || final && ts != "" {
				w.call("chat.stopStream", map[string]any{"channel": channel, "ts": ts})
				at, shown, ts = next, 0, ""
			}
		}
		if final {
			return
		}
	}
}
