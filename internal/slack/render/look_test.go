package render_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/chromium"
	"holdfast/internal/slack/render"
	"holdfast/internal/slacksim"
	"holdfast/internal/slacksim/ui"
)

// TestLook saves pictures of the corpus in the sandbox's page, as blocks and as streams, to
// the folder that HOLDFAST_SHOTS names, to be looked at by a person.
func TestLook(t *testing.T) {
	dir := os.Getenv("HOLDFAST_SHOTS")
	if dir == "" {
		t.Skip("set HOLDFAST_SHOTS to a folder to save pictures of answers")
	}
	chromium.Need(t)
	chrome, stop, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	sim := slacksim.New(slacksim.Options{Page: ui.Page(), Policy: ui.Policy})
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		_ = sim.Close()
		server.CloseClientConnections()
		server.Close()
	})
	if err := sim.SetLimits(func(l *slacksim.LimitSettings) { l.Enabled = false }); err != nil {
		t.Fatal(err)
	}
	w := &workspace{t, server.URL + "/api/", http.DefaultClient}
	files, err := filepath.Glob("testdata/answer-*.md")
	if err != nil {
		t.Fatal(err)
	}
	roots := map[string]string{}
	window := chromium.Open(t, context.WithoutCancel(chrome), server.URL+"/?as="+slacksim.SeedAda+"#/"+slacksim.SeedGeneral, 1280, 1900)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".md")
		src := render.Markdown(readFile(t, f))
		l := render.Limits{Mentions: []string{slacksim.SeedAda}}
		for _, as := range []string{"blocks", "stream"} {
			root := w.call("chat.postMessage", map[string]any{"channel": slacksim.SeedGeneral, "text": name + " as " + as})
			roots[name+"-"+as] = root
			for _, p := range render.Parts(src, l) {
				if as == "blocks" {
					w.call("chat.postMessage", map[string]any{"channel": slacksim.SeedGeneral, "thread_ts": root, "text": p.Text(), "blocks": p.Blocks()})
					continue
				}
				ts := w.call("chat.startStream", map[string]any{"channel": slacksim.SeedGeneral, "thread_ts": root, "recipient_user_id": slacksim.SeedAda, "recipient_team_id": slacksim.SeedTeam})
				w.call("chat.appendStream", map[string]any{"channel": slacksim.SeedGeneral, "ts": ts, "chunks": []any{map[string]any{"type": "markdown_text", "text": p.Stream()}}})
				w.call("chat.stopStream", map[string]any{"channel": slacksim.SeedGeneral, "ts": ts})
			}
			chromium.Eval[string](window, fmt.Sprintf("location.hash = '#/%s/%s'", slacksim.SeedGeneral, root))
			window.Wait(fmt.Sprintf(`[...document.querySelectorAll('.thread .msg')].some((e) => e.textContent.includes(%q))`, name))
			if err := os.WriteFile(filepath.Join(dir, name+"-"+as+".png"), window.Picture(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The two of docs/answers.md.
	for _, d := range []struct {
		name, answer  string
		width, height int64
	}{{"answers-maths", "answer-maths-blocks", 430, 1290}, {"answers-steps", "answer-howto-stream", 430, 1150}} {
		window := chromium.Open(t, context.WithoutCancel(chrome), server.URL+"/?as="+slacksim.SeedAda+"#/"+slacksim.SeedGeneral+"/"+roots[d.answer], d.width, d.height)
		window.Wait(`document.querySelectorAll('.thread .msg').length > 1`)
		if err := os.WriteFile(filepath.Join(dir, d.name+".png"), window.Picture(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
