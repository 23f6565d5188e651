package ui_test

import (
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/internal/slacksim/ui"
)

// TestServeByHand is not a test: with UI_SERVE=127.0.0.1:8099 it serves the page from
// disk over the fake, until it is stopped, to look at while the page is being made.
func TestServeByHand(t *testing.T) {
	addr := os.Getenv("UI_SERVE")
	if addr == "" {
		t.Skip("set UI_SERVE to an address to serve the page by hand")
	}
	f := newFake(os.DirFS("page"), 45*time.Millisecond)
	f.furnish()
	t.Fatal(http.ListenAndServe(addr, f))
}

// Every file that a page file names must be there: nothing is fetched from elsewhere and
// no import dangles.
func TestPageIsWhole(t *testing.T) {
	page := ui.Page()
	refs := regexp.MustCompile(`(?:from|src=|href=)\s*['"]([^'"$#?][^'"]*)['"]`)
	seen := 0
	err := fs.WalkDir(page, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "vendor/") {
			return err
		}
		raw, err := fs.ReadFile(page, name)
		if err != nil {
			return err
		}
		if lines := strings.Count(string(raw), "\n"); lines > 600 {
			t.Errorf("%s has %d lines: split it", name, lines)
		}
		for _, m := range refs.FindAllStringSubmatch(string(raw), -1) {
			seen++
			target := path.Join(path.Dir(name), m[1])
			if strings.Contains(m[1], "://") {
				t.Errorf("%s refers to another host: %s", name, m[1])
			} else if _, err := fs.Stat(page, target); err != nil {
				t.Errorf("%s refers to %s, which is not there", name, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 40 {
		t.Fatalf("only %d references found: the pattern no longer fits the files", seen)
	}
}

// The page must not need what its policy forbids, nor build markup from strings.
func TestPageKeepsItsPolicy(t *testing.T) {
	index, err := fs.ReadFile(ui.Page(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	meta := strings.ReplaceAll(ui.Policy, "; frame-ancestors 'none'", "")
	if !strings.Contains(string(index), `content="`+meta+`"`) {
		t.Errorf("index.html does not repeat the policy %q", meta)
	}
	inline := regexp.MustCompile(`(?i)<script(?:\s+type="module")?>|\son\w+="|\sstyle="`)
	if found := inline.FindString(string(index)); found != "" {
		t.Errorf("index.html has inline code or style: %s", found)
	}
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\sstyle=["$]`)
	err = fs.WalkDir(ui.Page(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".js") || strings.HasPrefix(name, "vendor/") {
			return err
		}
		raw, err := fs.ReadFile(ui.Page(), name)
		if err != nil {
			return err
		}
		if found := forbidden.FindString(string(raw)); found != "" {
			t.Errorf("%s uses %q", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
