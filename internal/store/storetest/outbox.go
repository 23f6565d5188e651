package storetest

import (
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/turn"
)

func write(t *turn.Turn, key string) outbox.Write {
	return outbox.Write{Turn: t.ID, Key: key, Op: "chat.postMessage", Body: []byte(`{"part":0}`)}
}

// row is the row of a write, its time apart.
func (k *kit) row(turnID, key string) outbox.Row {
	k.Helper()
	rows, err := k.Outbox().Rows(k.Context(), turnID)
	k.must(err)
	for _, r := range rows {
		if r.Key == key {
			r.At = time.Time{}
			return r
		}
	}
	k.Fatalf("no write %q in %v", key, rows)
	return outbox.Row{}
}

func (k *kit) beginWrite(f turn.Fence, w outbox.Write) (outbox.Row, bool) {
	k.Helper()
	before, existed, err := k.Outbox().Begin(k.Context(), f, w)
	k.must(err)
	return before, existed
}

func (k *kit) settle(f turn.Fence, key string, s outbox.State, ts chat.TS, reason string) {
	k.Helper()
	k.must(k.Outbox().Settle(k.Context(), f, key, s, ts, reason))
}

var outboxTests = []test{
	{"SignsThatWereLeft", func(k *kit) {
		f, t := k.running(direct(1))
		sign := func(key string, kind outbox.Sign, s outbox.State) {
			w := write(t, key)
			w.Sign, w.Replace = kind, true
			k.beginWrite(f, w)
			k.settle(f, key, s, "", "")
		}
		left := func() (keys []string) {
			all, err := k.Outbox().Signs(k.Context(), 10)
			k.must(err)
			for _, l := range all {
				k.equal("lane", l.Lane, f.Lane)
				keys = append(keys, l.Key)
			}
			return keys
		}
		sign("cleared", outbox.SignOn, outbox.Confirmed)
		sign("cleared", outbox.SignOff, outbox.Confirmed)
		sign("left", outbox.SignOn, outbox.Confirmed)
		sign("unknown", outbox.SignOn, outbox.Unknown)
		sign("never there", outbox.SignOn, outbox.Failed)
		sign("not taken off", outbox.SignOn, outbox.Confirmed)
		sign("not taken off", outbox.SignOff, outbox.Failed)
		k.equal("while the turn runs", len(left()), 0)
		k.equal("a row's sign", k.row(t.ID, "not taken off").Sign, outbox.SignOff)
		k.equal("a row's sign", k.row(t.ID, "cleared").Sign, outbox.NoSign)
		k.append(says(direct(1), "1700000005.000001", "more"))
		k.finish(f, t, answered)
		k.equal("while there is work", len(left()), 0)
		next := k.begin(f)
		k.finish(f, next, answered)
		k.equal("afterwards", left(), []string{"left", "unknown", "not taken off"})
		k.must(k.Outbox().Gone(k.Context(), "unknown"))
		k.equal("less one", left(), []string{"left", "not taken off"})
	}},
	{"OneWrite", func(k *kit) {
		one := func(key string) (outbox.Row, bool) {
			r, existed, err := k.Outbox().Row(k.Context(), key)
			k.must(err)
			return r, existed
		}
		if r, existed := one("a"); existed {
			k.Errorf("a write that is not there: %v", r)
		}
		f, t := k.running(direct(1))
		k.beginWrite(f, write(t, "a"))
		k.beginWrite(f, write(t, "b"))
		r, existed := one("a")
		if !existed || r.Turn != t.ID || r.State != outbox.Sent || string(r.Body) != `{"part":0}` || time.Since(r.At).Abs() > time.Minute {
			k.Errorf("the write: %v %+v", existed, r)
		}
		k.settle(f, "a", outbox.Confirmed, "1700000003.000001", "")
		if r, _ := one("a"); r.State != outbox.Confirmed || r.TS != "1700000003.000001" {
			k.Errorf("the write, done: %+v", r)
		}
		if r, _ := one("b"); r.Key != "b" || r.State != outbox.Sent {
			k.Errorf("the other: %+v", r)
		}
	}},
	{"FailedWriteIsTheNextTurns", func(k *kit) {
		f1, t1 := k.running(direct(1))
		k.append(says(direct(2), "1700000001.000001", "hello"))
		f2 := k.claim("r1")
		t2 := k.begin(f2)
		k.beginWrite(f1, write(t1, "once"))
		if before, existed := k.beginWrite(f2, write(t2, "once")); !existed || before.Turn != t1.ID || before.State != outbox.Sent {
			k.Errorf("what another turn is at: %v %+v", existed, before)
		}
		k.equal("whose it stays", k.row(t1.ID, "once").State, outbox.Sent)
		k.settle(f1, "once", outbox.Failed, "", "refused")
		if before, existed := k.beginWrite(f2, write(t2, "once")); !existed || before.State != outbox.Failed {
			k.Errorf("what failed: %v %+v", existed, before)
		}
		k.settle(f2, "once", outbox.Confirmed, "1700000003.000001", "")
		k.equal("whose it is", k.row(t2.ID, "once").State, outbox.Confirmed)
		for lane, want := range map[string]bool{f1.Lane: false, f2.Lane: true} {
			made, err := k.Outbox().Made(k.Context(), lane, "1700000003.000001")
			k.must(err)
			k.equal("made in "+lane, made, want)
		}
	}},
	{"MadeMessages", func(k *kit) {
		f, t := k.running(direct(1))
		k.beginWrite(f, write(t, "k"))
		made := func(lane string, ts chat.TS) bool {
			is, err := k.Outbox().Made(k.Context(), lane, ts)
			k.must(err)
			return is
		}
		k.settle(f, "k", outbox.Unknown, "1700000002.000001", "")
		k.equal("unknown", made(f.Lane, "1700000002.000001"), false)
		k.settle(f, "k", outbox.Confirmed, "1700000002.000001", "")
		k.equal("confirmed", made(f.Lane, "1700000002.000001"), true)
		k.equal("elsewhere", made(direct(2).Key(), "1700000002.000001"), false)
		k.equal("another", made(f.Lane, "1700000002.000002"), false)
	}},
	{"WriteIsSentThenConfirmed", func(k *kit) {
		f, t := k.running(direct(1))
		w := write(t, "k")
		start := time.Now().Add(-time.Millisecond)
		_, existed := k.beginWrite(f, w)
		k.equal("existed", existed, false)
		k.equal("row", k.row(t.ID, "k"), outbox.Row{Write: w, State: outbox.Sent})
		k.settle(f, "k", outbox.Confirmed, "1700000002.000001", "")
		k.equal("row", k.row(t.ID, "k"), outbox.Row{Write: w, State: outbox.Confirmed, TS: "1700000002.000001"})
		before, existed := k.beginWrite(f, w)
		k.equal("existed", existed, true)
		if before.At.Before(start) || before.At.After(time.Now()) || before.At.Location() != time.UTC {
			k.Errorf("sent at %v, want now in UTC", before.At)
		}
	}},
	{"ConfirmedIsLeftAlone", func(k *kit) {
		f, t := k.running(direct(1))
		w := write(t, "k")
		k.beginWrite(f, w)
		k.settle(f, "k", outbox.Confirmed, "1700000002.000001", "")
		other := w
		other.Op, other.Body = "chat.update", []byte(`{}`)
		before, existed := k.beginWrite(f, other)
		k.equal("existed", existed, true)
		k.equal("state before", before.State, outbox.Confirmed)
		k.equal("row", k.row(t.ID, "k"), outbox.Row{Write: w, State: outbox.Confirmed, TS: "1700000002.000001"})
	}},
	{"UnresolvedIsSentAgain", func(k *kit) {
		f, t := k.running(direct(1))
		for _, s := range []outbox.State{outbox.Sent, outbox.Unknown, outbox.Failed, outbox.Planned} {
			key := "key " + string(s)
			w := write(t, key)
			k.beginWrite(f, w)
			k.settle(f, key, s, "", "because")
			w.Body = []byte(`{"part":1}`)
			before, existed := k.beginWrite(f, w)
			k.equal("existed", existed, true)
			k.equal("before", string(before.State)+" "+before.Error, string(s)+" because")
			k.equal("row", k.row(t.ID, key), outbox.Row{Write: w, State: outbox.Sent})
		}
	}},
	// If owners crash while they look for a write, the next one must look as far
	// back as the first, or it posts again what the first had posted.
	{"UnresolvedKeepsTheTimeOfItsFirstTry", func(k *kit) {
		f, t := k.running(direct(1))
		at := func(w outbox.Write) time.Time { before, _ := k.beginWrite(f, w); return before.At }
		lost, refused, update := write(t, "lost"), write(t, "refused"), write(t, "update")
		update.Replace = true
		at(lost)
		at(refused)
		k.settle(f, "refused", outbox.Failed, "", "channel_not_found")
		at(update)
		k.tick()
		first := at(lost)
		k.settle(f, "lost", outbox.Unknown, "", "")
		k.tick()
		k.equal("time of the lost write", at(lost), first)
		r, u := at(refused), at(update)
		if again := at(refused); !again.After(r) {
			k.Error("a write that was refused has the time of the refused try")
		}
		if again := at(update); !again.After(u) {
			k.Error("an update has the time of the one before")
		}
	}},
	{"ReplaceIsSentAgainAndKeepsItsTS", func(k *kit) {
		f, t := k.running(direct(1))
		w := write(t, "k")
		w.Replace = true
		k.beginWrite(f, w)
		k.settle(f, "k", outbox.Confirmed, "1700000002.000001", "")
		w.Body, w.Op = []byte(`{"part":2}`), "chat.update"
		before, existed := k.beginWrite(f, w)
		k.equal("existed", existed, true)
		k.equal("state before", before.State, outbox.Confirmed)
		k.equal("row", k.row(t.ID, "k"), outbox.Row{Write: w, State: outbox.Sent, TS: "1700000002.000001"})
		k.settle(f, "k", outbox.Unknown, "", "lost")
		k.equal("row", k.row(t.ID, "k"), outbox.Row{Write: w, State: outbox.Unknown, TS: "1700000002.000001", Error: "lost"})
	}},
	{"RowsKeepTheOrderOfFirstSending", func(k *kit) {
		f, t := k.running(direct(1))
		for _, key := range []string{"c", "a", "b", "a", "c"} {
			w := write(t, key)
			w.Replace = true
			k.beginWrite(f, w)
		}
		other := write(t, "other")
		other.Turn = "another turn"
		k.beginWrite(f, other)
		rows, err := k.Outbox().Rows(k.Context(), t.ID)
		k.must(err)
		var keys []string
		for _, r := range rows {
			keys = append(keys, r.Key)
		}
		k.equal("keys", keys, []string{"c", "a", "b"})
		rows, err = k.Outbox().Rows(k.Context(), "no such turn")
		k.must(err)
		k.equal("rows of no turn", len(rows), 0)
	}},
	{"SettleOfNoWrite", func(k *kit) {
		f, _ := k.running(direct(1))
		k.fails("settle", k.Outbox().Settle(k.Context(), f, "k", outbox.Confirmed, "1.1", ""), nil)
	}},
	{"NextOwnerSeesTheWrites", func(k *kit) {
		f, t := k.running(direct(1))
		k.beginWrite(f, write(t, "k"))
		k.must(k.Leave(k.Context(), "r1"))
		k.join("r2")
		f2 := k.claim("r2")
		k.begin(f2)
		before, existed := k.beginWrite(f2, write(t, "k"))
		k.equal("existed", existed, true)
		k.equal("state", before.State, outbox.Sent)
		k.fails("settle by the first owner", k.Outbox().Settle(k.Context(), f, "k", outbox.Failed, "", "x"), turn.ErrFenced)
		k.settle(f2, "k", outbox.Confirmed, "1700000002.000001", "")
	}},
}
