package document

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNoCache: a directory that cannot be used is no reason to fail, only to compile
// in each process.
func TestNoCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file, filepath.Join(file, "below")} {
		e := newEngine(New(Options{Cache: dir}).o)
		if e.open() == nil {
			t.Errorf("%q: no cache at all", dir)
		}
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}
}
