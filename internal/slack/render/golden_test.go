package render_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/slack/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden renders testdata/*.md and compares with the .golden file beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".md"), func(t *testing.T) {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			l := render.Limits{Mentions: []string{"U0ALLOWED"}}
			if strings.Contains(f, "split") {
				l.Chars = 400
			}
			parts := render.Parts(render.Markdown(src), l)
			got := readable(t, parts)
			for i, p := range parts {
				checkPart(t, p, l, true, i)
			}
			golden := strings.TrimSuffix(f, ".md") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v (run with -update to write it)", err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// readable prints parts with one line for each element of a block. Zero width spaces show as ⟦zwsp⟧.
func readable(t *testing.T, parts []render.Part) string {
	t.Helper()
	var b strings.Builder
	for i, p := range parts {
		fmt.Fprintf(&b, "=== part %d: text\n%s\n=== blocks\n", i+1, p.Text())
		var blocks []map[string]json.RawMessage
		if err := json.Unmarshal(p.Blocks(), &blocks); err != nil {
			t.Fatal(err)
		}
		for _, bl := range blocks {
			fmt.Fprintf(&b, "%s", unquote(bl["type"]))
			for _, k := range []string{"text", "level", "column_settings"} {
				if v, ok := bl[k]; ok {
					fmt.Fprintf(&b, " %s=%s", k, v)
				}
			}
			b.WriteByte('\n')
			for _, k := range []string{"elements", "rows"} {
				var es []json.RawMessage
				if v, ok := bl[k]; ok {
					if err := json.Unmarshal(v, &es); err != nil {
						t.Fatal(err)
					}
				}
				for _, e := range es {
					fmt.Fprintf(&b, "  %s\n", e)
				}
			}
		}
		fmt.Fprintf(&b, "=== stream\n%s\n", p.Stream())
	}
	return strings.ReplaceAll(b.String(), "\u200b", "⟦zwsp⟧")
}

func unquote(b json.RawMessage) string { return strings.Trim(string(b), `"`) }

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
