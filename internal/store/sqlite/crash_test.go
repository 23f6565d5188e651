package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// crashPath, when set, makes the test binary the program that is killed.
const crashPath = "HOLDFAST_CRASH_PATH"

// appendForEver stores messages from several goroutines, prints the key of each
// after Append has returned, and begins turns that it never finishes.
func appendForEver(path string) error {
	ctx := context.Background()
	db, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	replica := fmt.Sprint("r", os.Getpid())
	if err := db.Join(ctx, replica, time.Hour); err != nil {
		return err
	}
	errs := make(chan error)
	for p := range 8 {
		go func() {
			for n := 0; ; n++ {
				e := entry(p, n)
				e.Key = fmt.Sprintf("%d/%s", os.Getpid(), e.Key)
				if _, err := db.Append(ctx, e); err != nil {
					errs <- err
				}
				fmt.Println(e.Key) // one write call: whole lines
			}
		}()
	}
	go func() {
		for {
			fences, err := db.Claim(ctx, replica, 1)
			if err != nil {
				errs <- err
			}
			for _, f := range fences {
				if _, err := db.Begin(ctx, f); err != nil {
					errs <- err
				}
			}
		}
	}()
	return <-errs
}

func TestWhatAppendReturnedForSurvivesKill(t *testing.T) {
	path := temp(t)
	var keys []string
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), crashPath+"="+path)
		cmd.Stderr = t.Output()
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			keys = append(keys, lines.Text())
			if n == 300*(round+1) {
				must(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		if want := 300 * (round + 1); len(keys) < want {
			t.Fatalf("the child stored %d messages only", len(keys))
		}

		db := openTest(t, path)
		must(t, db.Check(t.Context()))
		must(t, db.read(t.Context(), "test", func(c *conn) error {
			for _, key := range keys {
				found, err := c.one(func(row) {}, "SELECT 1 FROM inbox WHERE key = ?", key)
				if err != nil {
					return err
				}
				if !found {
					t.Errorf("%s was said to be stored, and is not there", key)
				}
			}
			return nil
		}))
		replica := fmt.Sprint("after ", round)
		must(t, db.Join(t.Context(), replica, time.Hour))
		fences, err := db.Claim(t.Context(), replica, 99)
		must(t, err)
		if len(fences) != 8 {
			t.Errorf("%d lanes are free after the kill, want 8", len(fences))
		}
		must(t, db.Close())
	}
}
