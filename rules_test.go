package holdfast_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	"policy":     {nil, std},
	"turn":       {[]string{"chat", "policy", "tool"}, std},
	"transcript": {[]string{"chat", "turn"}, std},
	"tool":       {[]string{"chat"}, std},
	// engine
	"inbox":  {[]string{"chat", "policy"}, std},
	"lane":   {[]string{"turn"}, "any"},
	"outbox": {[]string{"chat", "turn"}, std},
	"gap":    {[]string{"chat"}, std},
	// product
	"settings":  {[]string{"chat"}, std},
	"assistant": {[]string{"chat", "policy", "tool", "turn", "transcript", "settings"}, std},
	"home":      {[]string{"chat", "turn", "transcript", "outbox", "settings"}, std},
	// it is Slack's clicks and modals that it deals with
	"reception": {[]string{"chat", "policy", "turn", "inbox", "outbox", "settings", "slack/event", "slack/modal"}, std},
	// adapters: core, and the ports that they implement
	"store/sqlite":    {[]string{"chat", "policy", "turn", "transcript", "inbox", "lane", "outbox", "gap", "assistant", "settings", "home", "reception"}, "any"},
	"store/postgres":  {[]string{"chat", "policy", "turn", "transcript", "inbox", "lane", "outbox", "gap", "assistant", "settings", "home", "reception"}, "any"},
	"store/storetest": {[]string{"chat", "policy", "turn", "transcript", "inbox", "lane", "outbox", "gap", "assistant", "settings", "home", "reception"}, "any"},
	"slack/web":       {[]string{"chat", "outbox"}, "any"},
	"slack/socket":    {nil, "any"},
	"slack/event":     {[]string{"chat", "inbox", "policy"}, std},
	"slack/render":    {[]string{"slack/render/tex"}, "any"},
	"slack/modal":     {[]string{"chat", "settings", "home"}, std},
	// formulas are a language of their own
	"slack/render/tex": {nil, "any"},
	// the surface is where the Slack family meets: it writes what render made, by web
	"slack/surface": {[]string{"chat", "turn", "outbox", "slack/web", "slack/render"}, std},
	"openai":        {[]string{"turn", "chat", "tool"}, "any"},
	"fetch":         {nil, "any"},
	"document":      {nil, "any"},
	"picture":       {nil, "any"},
	// the tools that ship are made of the adapters that read
	"builtin": {[]string{"chat", "tool", "document", "picture", "fetch"}, "any"},
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

// TestMistakes: docs/mistakes.md has every row, and what it names is there.
func TestMistakes(t *testing.T) {
	page, err := os.ReadFile("docs/mistakes.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	err = filepath.WalkDir(".", func(path string, e os.DirEntry, err error) error {
		suite := strings.Contains(path, "storetest") // tests that are not in files of tests
		if err != nil || e.IsDir() || !strings.HasSuffix(path, "_test.go") && !suite {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`).FindAllSubmatch(b, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	scenario := func(name string) bool {
		for _, dir := range []string{"script", "soak"} {
			if _, err := os.Stat(filepath.Join("testdata", dir, name+".txtar")); err == nil {
				return true
			}
		}
		return false
	}
	named := regexp.MustCompile("`([a-z0-9-]+)`|\\b((?:Test|Fuzz|Benchmark)[A-Z]\\w*)")
	rows := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(line, "|-") {
			continue
		}
		id := strings.TrimSpace(cells[1])
		rows[id] = true
		held := cells[len(cells)-2]
		found := named.FindAllStringSubmatch(held, -1)
		for _, m := range found {
			_, word := commands[m[1]]
			if m[1] != "" && !word && !scenario(m[1]) {
				t.Errorf("%s: there is no scenario %s", id, m[1])
			}
			if m[2] != "" && !tests[m[2]] {
				t.Errorf("%s: there is no %s", id, m[2])
			}
		}
		if regexp.MustCompile(`^[ABC]\d+$`).MatchString(id) && len(found) == 0 && !strings.Contains(held, "not yet: ") {
			t.Errorf("%s: nothing holds it, and it does not say why", id)
		}
	}
	for letter, n := range map[string]int{"A": 14, "B": 20, "C": 13} {
		for i := range n {
			if id := letter + strconv.Itoa(i+1); !rows[id] {
				t.Errorf("docs/mistakes.md has no row %s", id)
			}
		}
	}
}
