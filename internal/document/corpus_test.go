package document_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"holdfast/internal/document"
)

var table = flag.Bool("table", false, "print the table of docs/documents.md")

// entry is what the corpus's manifest expects of a file.
type entry struct {
	Set, File, Kind, Expect, Licence string
	Reference                        *string
	Must                             []string `json:"must_contain"`
	MustNot                          []string `json:"must_not_contain"`
	Order                            []string
	Pages                            int
	Hostile                          bool
	Recall                           float64 // ours: what is held, of 1
	Bigrams                          float64
}

// corpora are the small files that go with the package, and the whole corpus where
// it is at hand.
func corpora(t *testing.T) []string {
	dirs := []string{"testdata"}
	if dir := os.Getenv("HOLDFAST_CORPUS"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
			t.Fatalf("HOLDFAST_CORPUS: %v", err)
		}
		dirs = append(dirs, dir)
	} else if _, err := os.Stat("../../../shared/corpus/manifest.json"); err == nil {
		dirs = append(dirs, "../../../shared/corpus")
	}
	return dirs
}

func manifest(t *testing.T, dir string) []entry {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []entry
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

var pictures = []string{"jpeg", "gif", "tiff", "heic", "png"}

// TestCorpus reads every file of the corpus, and holds words, order and state
// against what its manifest and its reference text say.
func TestCorpus(t *testing.T) {
	r := reader(t)
	seen := map[string]bool{}
	for _, dir := range corpora(t) {
		for _, e := range manifest(t, dir) {
			if seen[e.File] || slices.Contains(pictures, e.Kind) {
				continue
			}
			seen[e.File] = true
			t.Run(e.File, func(t *testing.T) {
				b, err := os.ReadFile(filepath.Join(dir, e.File))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				doc, err := r.Read(t.Context(), bytes.NewReader(b), int64(len(b)), e.File)
				took := time.Since(start)
				if err != nil {
					t.Fatal(err)
				}
				if took > 30*time.Second && !raced { // a busy machine is slow, not wrong
					t.Errorf("took %v", took)
				}
				expect(t, e, doc)
				if e.Reference == nil {
					if *table {
						fmt.Printf("| %s | | | | %s | %d |\n", e.File, doc.State, took.Milliseconds())
					}
					return
				}
				ref, err := os.ReadFile(filepath.Join(dir, *e.Reference))
				if err != nil {
					t.Fatal(err)
				}
				want, got := words(string(ref)), words(doc.Text())
				recall, order := overlap(want, got), overlap(pairs(want), pairs(got))
				if *table {
					fmt.Printf("| %s | %d | %.3f | %.3f | %s | %d |\n", e.File, len(want), recall, order, doc.State, took.Milliseconds())
				}
				if recall < e.Recall || order < e.Bigrams {
					t.Errorf("recall %.3f, order %.3f; %.3f and %.3f are held", recall, order, e.Recall, e.Bigrams)
				}
			})
		}
	}
	if mb := peak(); mb > 512 && !raced {
		t.Errorf("it took %d MB", mb)
	}
}

func expect(t *testing.T, e entry, doc *document.Document) {
	t.Helper()
	state := map[string][]document.State{
		"text": {document.Read}, "paged-text": {document.Read}, "text+image": {document.Read}, "listing": {document.Read},
		"page-images": {document.Pictures}, "text+page-images": {document.Read}, "error:encrypted": {document.Locked},
		"error:damaged": {document.Damaged}, "text-cut": {document.Partly},
		"refused":         {document.Damaged, document.TooLarge, document.Unsupported, document.Partly},
		"text-or-refused": {document.Read, document.Partly, document.Empty, document.Damaged, document.TooLarge},
	}[e.Expect]
	if e.Hostile && e.Expect == "text" {
		state = append(state, document.Partly, document.Empty)
	}
	if !slices.Contains(state, doc.State) {
		t.Errorf("%s: expected %s", doc.Line(), e.Expect)
	}
	if doc.State != document.Read && doc.Why == "" {
		t.Errorf("%s does not say why", doc.Line())
	}
	if e.Pages > 0 && (len(doc.Units) != e.Pages || doc.Total != e.Pages) {
		t.Errorf("%d of %d pages, not %d", len(doc.Units), doc.Total, e.Pages)
	}
	text := doc.Text()
	for _, s := range e.Must {
		if !strings.Contains(text, s) && !strings.Contains(oneLine(text), s) {
			t.Errorf("%q is not in it", s)
		}
	}
	for _, s := range e.MustNot {
		if strings.Contains(text, s) {
			t.Errorf("%q is in it", s)
		}
	}
	at := 0
	for _, s := range e.Order {
		i := strings.Index(text[at:], s)
		if i < 0 {
			t.Errorf("%q does not come in its place", s)
			break
		}
		at += i
	}
	if t.Failed() && testing.Verbose() {
		t.Logf("%.3000s", text)
	}
}

func reader(t testing.TB) *document.Reader {
	t.Helper()
	r := document.New(document.Options{Workers: 2, Cache: cache(t)})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	word   = regexp.MustCompile(`[\p{L}\p{N}_]+`)
	hyphen = regexp.MustCompile(`-\n\s*`)
)

func words(s string) []string {
	s = strings.ToLower(norm.NFKC.String(strings.ReplaceAll(s, "\u00ad", "")))
	return word.FindAllString(hyphen.ReplaceAllString(s, ""), -1)
}

func pairs(w []string) []string {
	var p []string
	for i := 1; i < len(w); i++ {
		p = append(p, w[i-1]+" "+w[i])
	}
	return p
}

// overlap is how much of want is in got, counting each word as often as it occurs.
func overlap(want, got []string) float64 {
	if len(want) == 0 {
		return 1
	}
	have := map[string]int{}
	for _, w := range got {
		have[w]++
	}
	n := 0
	for _, w := range want {
		if have[w] > 0 {
			have[w]--
			n++
		}
	}
	return float64(n) / float64(len(want))
}
