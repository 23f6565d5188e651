package sqlite

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// files makes the migrations 0001, 0002, …
func files(sql ...string) fstest.MapFS {
	fs := fstest.MapFS{}
	for i, s := range sql {
		fs["migrations/000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte(s)}
	}
	return fs
}

func migrated(t *testing.T, path string, fs fstest.MapFS) (*conn, error) {
	t.Helper()
	c, err := open(path, "journal_mode = WAL")
	must(t, err)
	t.Cleanup(func() { must(t, c.close()) })
	return c, migrate(t.Context(), c, path, fs, slog.New(slog.DiscardHandler))
}

func values(t *testing.T, c *conn, query string) (v []string) {
	t.Helper()
	must(t, c.query(func(r row) error { v = append(v, r.text(0)); return nil }, query))
	return v
}

func backups(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + ".*before-*")
	must(t, err)
	return names
}

func wantRefusal(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Fatalf("got error %v, want one that says %q", err, w)
		}
	}
}

func TestMigrations(t *testing.T) {
	path := temp(t)
	const first, second = "CREATE TABLE a (x TEXT);\nINSERT INTO a VALUES ('kept');", "CREATE TABLE b (y TEXT); ALTER TABLE a ADD COLUMN z;"
	_, err := migrated(t, path, files(first))
	must(t, err)
	if b := backups(t, path); len(b) != 0 {
		t.Fatalf("an empty database was backed up: %v", b)
	}
	_, err = migrated(t, path, files(strings.ReplaceAll(first, "\n", "\r\n"))) // another checkout of the same text
	must(t, err)

	c, err := migrated(t, path, files(first, second))
	must(t, err)
	if got := values(t, c, "SELECT name FROM migrations ORDER BY name"); strings.Join(got, " ") != "0001_step 0002_step" {
		t.Fatalf("applied %v", got)
	}
	b := backups(t, path)
	if len(b) != 1 || !strings.HasSuffix(b[0], "before-0002_step") {
		t.Fatalf("backups %v, want one before 0002", b)
	}
	old, err := open(b[0])
	must(t, err)
	if got := values(t, old, "SELECT x FROM a"); strings.Join(got, " ") != "kept" {
		t.Errorf("the backup has %v", got)
	}
	must(t, old.close())

	_, err = migrated(t, path, files(first, second))
	must(t, err)
	_, err = migrated(t, path, files(first))
	wantRefusal(t, err, path, "newer", "0002_step")
	_, err = migrated(t, path, files(first, second+" -- changed"))
	wantRefusal(t, err, path, "0002_step", "another text")
	if b := backups(t, path); len(b) != 1 {
		t.Errorf("backups %v, want the one from before", b)
	}
}

func TestFailingMigrationKeepsNothing(t *testing.T) {
	path := temp(t)
	c, err := migrated(t, path, files("CREATE TABLE a (x);", "CREATE TABLE b (y); CREATE TABLE a (x);", "CREATE TABLE d (x);"))
	wantRefusal(t, err, path, "0002_step", "table a already exists")
	if got := values(t, c, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"); strings.Join(got, " ") != "a migrations" {
		t.Fatalf("tables %v", got)
	}
	c, err = migrated(t, path, files("CREATE TABLE a (x);", "CREATE TABLE b (y);", "CREATE TABLE d (x);"))
	must(t, err)
	if got := values(t, c, "SELECT name FROM migrations"); len(got) != 3 {
		t.Fatalf("applied %v", got)
	}
}

func TestMigrationBetweenAppliedOnes(t *testing.T) {
	path := temp(t)
	fs := files("CREATE TABLE a (x);", "CREATE TABLE b (x);", "CREATE TABLE c (x);")
	second := fs["migrations/0002_step.sql"]
	delete(fs, "migrations/0002_step.sql")
	_, err := migrated(t, path, fs)
	must(t, err)
	fs["migrations/0002_step.sql"] = second
	_, err = migrated(t, path, fs)
	wantRefusal(t, err, path, "0003_step", "0002_step")
}

func TestDatabaseOfAnotherProgram(t *testing.T) {
	path := temp(t)
	c, err := open(path)
	must(t, err)
	must(t, c.script("CREATE TABLE theirs (x)"))
	must(t, c.close())
	_, err = migrated(t, path, files("CREATE TABLE a (x);"))
	wantRefusal(t, err, path, "another program")
}

func TestNewerDatabaseIsRefusedByOpen(t *testing.T) {
	path := temp(t)
	db := openTest(t, path)
	must(t, db.write(t.Context(), "test", func(c *conn) error {
		_, err := c.exec("INSERT INTO migrations VALUES ('9999_future', '', 0)")
		return err
	}))
	must(t, db.Close())
	_, err := Open(t.Context(), path, Options{})
	wantRefusal(t, err, path, "9999_future", "newer")
}
