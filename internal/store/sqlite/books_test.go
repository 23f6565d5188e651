package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"holdfast/internal/inbox"
	"holdfast/internal/turn"
)

// The books of a database that is being written are as it is at each moment.
func TestBooks(t *testing.T) {
	path, ctx := temp(t), t.Context()
	if _, err := OpenBooks(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("books of no database: %v", err)
	}
	must(t, os.WriteFile(path, nil, 0o600)) // as it is for a moment when it is made
	b, err := OpenBooks(path)
	must(t, err)
	defer func() { must(t, b.Close()) }()
	since := func(entry int64) []Booked {
		t.Helper()
		list, err := b.Since(ctx, entry)
		must(t, err)
		return list
	}
	if list := since(0); len(list) != 0 {
		t.Fatalf("an empty database has %+v", list)
	}

	db := openTest(t, path)
	heard := entry(1, 9)
	heard.Lane.Channel, heard.Lane.Team, heard.Lane.Root = "", "", ""
	for _, e := range []inbox.Entry{entry(1, 1), entry(1, 2), heard, entry(2, 3)} {
		_, err := db.Append(ctx, e)
		must(t, err)
	}
	list := since(0)
	if len(list) != 3 || list[0].State != "" || list[0].TS != "1700000001.000001" || list[2].Channel != "D0000002" || time.Since(list[0].Received) > time.Minute {
		t.Fatalf("what waits is %+v", list)
	}
	if rest := since(list[1].Entry); len(rest) != 1 || rest[0] != list[2] {
		t.Errorf("since the second: %+v", rest)
	}

	must(t, db.Join(ctx, "r1", time.Minute))
	fences, err := db.Claim(ctx, "r1", 1)
	must(t, err)
	running, err := db.Begin(ctx, fences[0])
	must(t, err)
	list = since(0)
	if list[0].State != turn.Running || list[0].Turn != running.ID || list[0].Attempts != 1 || list[1].Turn != running.ID || !list[0].Ended.IsZero() {
		t.Errorf("what runs is %+v", list)
	}
	_, err = db.Finish(ctx, fences[0], running.ID, turn.Result{State: turn.Answered, Answer: "yes", AnswerTS: "1700000009.000001"})
	must(t, err)
	list = since(0)
	if list[0].State != turn.Merged || list[1].State != turn.Answered || list[1].Answer != "1700000009.000001" || list[1].Ended.IsZero() || list[2].State != "" {
		t.Errorf("what has ended is %+v", list)
	}
}

func TestReserve(t *testing.T) {
	path := temp(t)
	release, err := Reserve(path)
	must(t, err)
	if _, err := Reserve(path); !errors.Is(err, ErrInUse) {
		t.Errorf("twice: %v", err)
	}
	must(t, release())
	release, err = Reserve(path)
	must(t, err)
	must(t, release())
}
