package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every variable is in the page for operators, with its default.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		for name := range strings.SplitSeq(cells[1], "`") {
			rows[name] = cells[2]
		}
	}
	mentioned := string(page)
	for i := range reflect.TypeFor[Config]().NumField() {
		f := reflect.TypeFor[Config]().Field(i)
		name, value := f.Tag.Get("env"), f.Tag.Get("envDefault")
		row, ok := rows[name]
		switch {
		case !ok && !strings.Contains(mentioned, "`"+name):
			t.Errorf("%s is not in docs/configuration.md", name)
		case ok && value != "" && !strings.Contains(row, "`"+value+"`"):
			t.Errorf("%s: the default is %s, the page says %s", name, value, row)
		}
	}
}
