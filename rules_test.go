package holdfast_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

const std = "std" // only the standard library besides what is named

// imports says what each package may import of ours, and whether it may use
// libraries. An arrow that is not here is not allowed; docs/architecture.md
// draws the picture.
var imports = map[string]struct {
	ours []string
	libs string // "std", or "any"
}{
	// core
	"chat":       {nil, std},
	"turn":       {[]string{"chat"}, std},
	"transcript": {[]string{"chat", "turn"}, std},
	// engine
	"inbox":  {[]string{"chat"}, std},
	"lane":   {[]string{"turn"}, "any"},
	"outbox": {[]string{"chat", "turn"}, std},
	"gap":    {[]string{"chat"}, std},
	// product
	"assistant": {[]string{"chat", "turn", "transcript"}, std},
	// adapters: core, and the ports that they implement
	"store/sqlite":    {[]string{"chat", "turn", "transcript", "inbox", "lane", "outbox", "gap", "assistant"}, "any"},
	"store/postgres":  {[]string{"chat", "turn", "transcript", "inbox", "lane", "outbox", "gap", "assistant"}, "any"},
	"store/storetest": {[]string{"chat", "turn", "transcript", "inbox", "lane", "outbox", "gap", "assistant"}, "any"},
	"slack/web":       {[]string{"chat", "outbox"}, "any"},
	"slack/socket":    {nil, "any"},
	"slack/event":     {[]string{"chat", "inbox"}, std},
	"slack/render":    {nil, "any"},
	// the surface is where the Slack family meets: it writes what render made, by web
	"slack/surface": {[]string{"chat", "turn", "outbox", "slack/web", "slack/render"}, std},
	"openai":        {[]string{"turn", "chat"}, "any"},
	// edge
	"config":    {nil, "any"},
	"telemetry": {nil, "any"},
	"metric":    {[]string{"chat", "turn", "inbox", "lane", "outbox"}, "any"},
	"admin":     {nil, std},
	"process":   {nil, std},
	"pgserver":  {nil, std},
	"chromium":  {nil, "any"},
	// simulators speak HTTP and know nothing of us
	"slacksim":    {nil, "any"},
	"slacksim/ui": {nil, std},
	"modelsim":    {nil, "any"},
	"bench":       {[]string{"slacksim", "modelsim", "process"}, std},
	// a bot to measure against, which knows nothing of us either
	"bench/baseline": {nil, "any"},
	"chaos":          {[]string{"slacksim", "modelsim", "process", "pgserver"}, "any"},
}

// TestImports holds the direction of the arrows.
func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name, internal := strings.CutPrefix(p.ImportPath, "holdfast/internal/")
		if !internal || name == "app" { // app alone sees all others; cmd sees app
			if p.ImportPath == "holdfast/cmd/holdfast" {
				for _, i := range p.Imports {
					if strings.HasPrefix(i, "holdfast/") && i != "holdfast/internal/app" && i != "holdfast/internal/config" {
						t.Errorf("cmd/holdfast imports %s: the command sees app and config alone", i)
					}
				}
			}
			continue
		}
		rule, known := imports[name]
		if !known {
			t.Errorf("internal/%s has no line in the table of imports: add one, and its place in docs/architecture.md", name)
			continue
		}
		for _, i := range p.Imports {
			ours, isOurs := strings.CutPrefix(i, "holdfast/internal/")
			switch {
			case isOurs && !slices.Contains(rule.ours, ours):
				t.Errorf("internal/%s may not import internal/%s", name, ours)
			case !isOurs && strings.Contains(strings.Split(i, "/")[0], ".") && rule.libs == std:
				t.Errorf("internal/%s may use the standard library only, not %s", name, i)
			}
		}
	}
}

// TestPackageDocs: each package has a page that says what one may rely on.
func TestPackageDocs(t *testing.T) {
	numbered := regexp.MustCompile(`(?m)^//\s+1\. `)
	for _, p := range packages(t) {
		if p.Name == "main" || strings.HasSuffix(p.Name, "_test") || p.ImportPath == "holdfast" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(p.Dir, "doc.go"))
		if err != nil {
			t.Errorf("%s has no doc.go", p.ImportPath)
			continue
		}
		if !strings.Contains(string(b), "// # Guarantees") || !numbered.Match(b) {
			t.Errorf("%s/doc.go lists no numbered Guarantees", p.ImportPath)
		}
	}
}

// TestNames: no package is a bag.
func TestNames(t *testing.T) {
	bags := []string{"util", "utils", "common", "helpers", "helper", "manager", "types", "models", "service", "handler", "misc"}
	for _, p := range packages(t) {
		if slices.Contains(bags, filepath.Base(p.ImportPath)) {
			t.Errorf("%s: name a package after what it provides", p.ImportPath)
		}
	}
}

// TestMainIsShort: the command only parses; the rest is app's.
func TestMainIsShort(t *testing.T) {
	b, err := os.ReadFile("cmd/holdfast/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n > 40 {
		t.Errorf("cmd/holdfast/main.go has %d lines; 40 are enough", n)
	}
}
