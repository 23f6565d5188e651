package outbox_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/outbox"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errLost = lost{errors.New("connection reset")}

// lost is a call's error whose effect is not known.
type lost struct{ error }

func (lost) Unresolved() bool { return true }

// slack is the other side: what it has, and what it was asked.
type slack struct {
	calls, looks int
	ts           chat.TS // what a call gives
	err          error   // and how it ends
	visibleAfter int     // looks that see nothing
	lookErr      error
	since        time.Time // what the last look was told
}

func (s *slack) call(context.Context) (chat.TS, error) {
	s.calls++
	return s.ts, s.err
}

func (s *slack) find(_ context.Context, sent time.Time) (chat.TS, bool, error) {
	s.looks++
	s.since = sent
	if s.lookErr != nil || s.looks <= s.visibleAfter {
		return "", false, s.lookErr
	}
	return s.ts, true, nil
}

const never = 1 << 30

// kit is an outbox on the real store, and the owner of a lane with a turn.
type kit struct {
	*testing.T
	*outbox.Outbox
	db    *sqlite.DB
	fence turn.Fence
	turn  *turn.Turn
}

// setup makes a kit whose looks have no pauses, unless some are named.
func setup(t *testing.T, pauses ...time.Duration) *kit {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if pauses == nil {
		pauses = []time.Duration{0, 0, 0}
	}
	k := &kit{T: t, Outbox: outbox.New(db.Outbox(), pauses), db: db}
	c := chat.Conversation{Team: "T", Channel: "C", Root: "1.000000"}
	m := chat.Message{Conversation: c, TS: "1.000000", User: "U1", Text: "x"}
	k.must(func() error {
		_, err := db.Append(t.Context(), inbox.Entry{Key: "m/1", Kind: inbox.Message, Lane: c, Message: m, Payload: []byte("{}"), At: time.Now()})
		return err
	}())
	k.fence, k.turn = k.own("first")
	return k
}

// own makes a replica the owner of the lane, whose turn begins.
func (k *kit) own(replica string) (turn.Fence, *turn.Turn) {
	k.Helper()
	k.must(k.db.Join(k.Context(), replica, time.Minute))
	fences, err := k.db.Claim(k.Context(), replica, 1)
	k.must(err)
	if len(fences) != 1 {
		k.Fatalf("%s claimed %d lanes, want 1", replica, len(fences))
	}
	t, err := k.db.Begin(k.Context(), fences[0])
	k.must(err)
	if t == nil {
		k.Fatal("no turn to begin")
	}
	return fences[0], t
}

// succeed ends the owner, and another has the lane.
func (k *kit) succeed() (late turn.Fence) {
	k.Helper()
	late = k.fence
	k.must(k.db.Leave(k.Context(), late.Owner))
	k.fence, k.turn = k.own(late.Owner + " and next")
	return late
}

func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *kit) write(replace bool) outbox.Write {
	return outbox.Write{Turn: k.turn.ID, Key: k.turn.ID + "/1/create", Op: "chat.postMessage", Body: []byte(`{}`), Replace: replace}
}

func (k *kit) send(s *slack) (chat.TS, error) {
	return k.Send(k.Context(), k.fence, k.write(false), s.call, s.find)
}

// row is the only row of the turn.
func (k *kit) row() outbox.Row {
	k.Helper()
	rows, err := k.Rows(k.Context(), k.turn.ID)
	k.must(err)
	if len(rows) != 1 {
		k.Fatalf("rows %v, want one", rows)
	}
	return rows[0]
}

func (k *kit) is(want outbox.State, ts chat.TS) {
	k.Helper()
	if r := k.row(); r.State != want || r.TS != ts {
		k.Errorf("row is %s %q, want %s %q", r.State, r.TS, want, ts)
	}
}

func (k *kit) counts(s *slack, calls, looks int) {
	k.Helper()
	if s.calls != calls || s.looks != looks {
		k.Errorf("%d calls and %d looks, want %d and %d", s.calls, s.looks, calls, looks)
	}
}

// crash leaves the write as an owner does that dies before its call ends.
func (k *kit) crash() (sent time.Time) {
	k.Helper()
	_, _, err := k.db.Outbox().Begin(k.Context(), k.fence, k.write(false))
	k.must(err)
	k.succeed()
	return k.row().At
}

func TestConfirmedIsNotSentAgain(t *testing.T) {
	k := setup(t)
	s := &slack{ts: "2.000001", visibleAfter: never}
	for range 3 {
		ts, err := k.send(s)
		if err != nil || ts != "2.000001" {
			t.Fatalf("got %q, %v", ts, err)
		}
	}
	k.is(outbox.Confirmed, "2.000001")
	k.succeed()
	if ts, err := k.send(s); err != nil || ts != "2.000001" {
		t.Errorf("the next owner got %q, %v", ts, err)
	}
	k.counts(s, 1, 0)
}

// The row is there before the call is, and says that it began.
func TestTheRowComesBeforeTheCall(t *testing.T) {
	k := setup(t)
	_, err := k.Send(t.Context(), k.fence, k.write(false), func(context.Context) (chat.TS, error) {
		k.is(outbox.Sent, "")
		return "2.000001", nil
	}, nil)
	k.must(err)
}

func TestLostResponseIsFound(t *testing.T) {
	k := setup(t)
	s := &slack{ts: "2.000001", err: errLost, visibleAfter: 2}
	ts, err := k.send(s)
	if err != nil || ts != "2.000001" {
		t.Errorf("got %q, %v", ts, err)
	}
	k.counts(s, 1, 3)
	k.is(outbox.Confirmed, "2.000001")
	_, err = k.send(s)
	k.must(err)
	k.counts(s, 1, 3)
}

// While it is looked for, the row says that nobody knows: if the process dies
// here, the next owner looks as well.
func TestTheRowIsUnknownWhileItIsLookedFor(t *testing.T) {
	k := setup(t)
	_, err := k.Send(t.Context(), k.fence, k.write(false), (&slack{err: errLost}).call,
		func(context.Context, time.Time) (chat.TS, bool, error) {
			if r := k.row(); r.State != outbox.Unknown || !strings.Contains(r.Error, errLost.Error()) {
				t.Errorf("row %+v", r)
			}
			return "2.000001", true, nil
		})
	k.must(err)
}

func TestLostResponseThatIsNotFoundStaysUnknown(t *testing.T) {
	k := setup(t)
	s := &slack{ts: "2.000001", err: errLost, visibleAfter: never}
	if _, err := k.send(s); !errors.Is(err, errLost) {
		t.Errorf("got %v, want the call's own error", err)
	}
	k.counts(s, 1, 3)
	k.is(outbox.Unknown, "")
	// The next try looks first, then sends.
	s.err = nil
	ts, err := k.send(s)
	if err != nil || ts != "2.000001" {
		t.Errorf("got %q, %v", ts, err)
	}
	k.counts(s, 2, 6)
	k.is(outbox.Confirmed, "2.000001")
}

// A look that fails decides nothing.
func TestFailedLookIsNotAnAnswer(t *testing.T) {
	k := setup(t)
	k.crash()
	s := &slack{ts: "2.000001", lookErr: errors.New("ratelimited")}
	if _, err := k.send(s); !errors.Is(err, s.lookErr) {
		t.Errorf("got %v", err)
	}
	k.counts(s, 0, 1)
	if r := k.row(); r.State != outbox.Sent {
		t.Errorf("row %+v", r)
	}
	s.lookErr = nil
	_, err := k.send(s)
	k.must(err)
	k.counts(s, 0, 2)
}

func TestCrashedOwnersWriteIsFound(t *testing.T) {
	k := setup(t)
	sent := k.crash()
	s := &slack{ts: "2.000001"}
	ts, err := k.send(s)
	if err != nil || ts != "2.000001" {
		t.Errorf("got %q, %v", ts, err)
	}
	k.counts(s, 0, 1)
	k.is(outbox.Confirmed, "2.000001")
	if !s.since.Equal(sent) {
		t.Errorf("looked since %v, want since the first try at %v", s.since, sent)
	}
}

func TestCrashedOwnersWriteIsSentOnceIfItIsNotThere(t *testing.T) {
	k := setup(t)
	k.crash()
	s := &slack{ts: "2.000001", visibleAfter: never}
	for range 2 {
		ts, err := k.send(s)
		if err != nil || ts != "2.000001" {
			t.Fatalf("got %q, %v", ts, err)
		}
	}
	k.counts(s, 1, 3)
	k.is(outbox.Confirmed, "2.000001")
}

func TestRefusalIsStoredAndCanBeSentAgain(t *testing.T) {
	k := setup(t)
	s := &slack{ts: "2.000001", err: errors.New("slack said channel_not_found")}
	if ts, err := k.send(s); !errors.Is(err, s.err) || ts != "" {
		t.Errorf("got %q, %v", ts, err)
	}
	k.is(outbox.Failed, "")
	if r := k.row(); !strings.Contains(r.Error, "channel_not_found") {
		t.Errorf("stored %q", r.Error)
	}
	s.err = nil
	ts, err := k.send(s)
	if err != nil || ts != "2.000001" {
		t.Errorf("got %q, %v", ts, err)
	}
	k.counts(s, 2, 0) // nothing to look for: Slack said that it is not there
	if r := k.row(); r.State != outbox.Confirmed || r.Error != "" {
		t.Errorf("row %+v", r)
	}
}

func TestReplaceIsSentAgainWithoutALook(t *testing.T) {
	k := setup(t)
	s := &slack{ts: "2.000001"}
	send := func() error {
		_, err := k.Send(t.Context(), k.fence, k.write(true), s.call, nil)
		return err
	}
	k.must(send())
	k.must(send())
	s.err = errLost
	if err := send(); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	k.is(outbox.Unknown, "2.000001") // what Slack named it before is not forgotten
	s.err = nil
	k.succeed()
	k.must(send())
	k.counts(s, 4, 0)
	k.is(outbox.Confirmed, "2.000001")
}

func TestLateOwnerIsRefusedBeforeTheCall(t *testing.T) {
	k := setup(t)
	late := k.succeed()
	s := &slack{ts: "2.000001"}
	for _, replace := range []bool{false, true} {
		if _, err := k.Send(t.Context(), late, k.write(replace), s.call, s.find); !errors.Is(err, turn.ErrFenced) {
			t.Errorf("replace %v: got %v, want ErrFenced", replace, err)
		}
	}
	k.counts(s, 0, 0)
	if rows, err := k.Rows(t.Context(), k.turn.ID); err != nil || len(rows) != 0 {
		t.Errorf("rows %v, %v", rows, err)
	}
}

// An owner that is too late only after its call learns that, and the next owner
// finds the message.
func TestOwnerThatIsLateAfterItsCall(t *testing.T) {
	k := setup(t)
	w, f := k.write(false), k.fence
	_, err := k.Send(t.Context(), f, w, func(context.Context) (chat.TS, error) {
		k.succeed()
		return "2.000001", nil
	}, nil)
	if !errors.Is(err, turn.ErrFenced) {
		t.Errorf("got %v, want ErrFenced", err)
	}
	k.is(outbox.Sent, "")
	s := &slack{ts: "2.000001"}
	if ts, err := k.send(s); err != nil || ts != "2.000001" {
		t.Errorf("the next owner got %q, %v", ts, err)
	}
	k.counts(s, 0, 1)
}

func TestSettlingSurvivesCancellation(t *testing.T) {
	for _, c := range []struct {
		err  error
		want outbox.State
		ts   chat.TS
	}{
		{nil, outbox.Confirmed, "2.000001"},
		{errors.New("refused"), outbox.Failed, ""},
		{errLost, outbox.Unknown, ""},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			k := setup(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := k.Send(ctx, k.fence, k.write(false), func(context.Context) (chat.TS, error) {
				cancel()
				return "2.000001", c.err
			}, func(ctx context.Context, _ time.Time) (chat.TS, bool, error) { return "", false, ctx.Err() })
			if !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			k.is(c.want, c.ts)
		})
	}
}

func TestResolve(t *testing.T) {
	k := setup(t)
	sent := k.crash()
	s := &slack{ts: "2.000001", visibleAfter: never}
	r, err := k.Resolve(t.Context(), k.fence, k.row(), s.find)
	if err != nil || r.State != outbox.Failed || r.TS != "" || r.Error == "" {
		t.Errorf("not there: got %+v, %v", r, err)
	}
	k.counts(s, 0, 3)
	k.is(outbox.Failed, "")
	if !s.since.Equal(sent) {
		t.Errorf("looked since %v, want %v", s.since, sent)
	}
	// A row that is settled is not looked for.
	again, err := k.Resolve(t.Context(), k.fence, k.row(), s.find)
	if err != nil || again.State != outbox.Failed {
		t.Errorf("got %+v, %v", again, err)
	}
	k.counts(s, 0, 3)
}

func TestResolveFindsWhatIsThere(t *testing.T) {
	k := setup(t)
	k.crash()
	s := &slack{ts: "2.000001", visibleAfter: 1}
	r, err := k.Resolve(t.Context(), k.fence, k.row(), s.find)
	if err != nil || r.State != outbox.Confirmed || r.TS != "2.000001" || r.Error != "" {
		t.Errorf("got %+v, %v", r, err)
	}
	k.is(outbox.Confirmed, "2.000001")
	k.counts(s, 0, 2)
	if ts, err := k.send(s); err != nil || ts != "2.000001" {
		t.Errorf("sending it then: %q, %v", ts, err)
	}
	k.counts(s, 0, 2)
}

func TestResolveDecidesNothingWhenItCannotLook(t *testing.T) {
	k := setup(t)
	k.crash()
	s := &slack{lookErr: errors.New("ratelimited")}
	if r, err := k.Resolve(t.Context(), k.fence, k.row(), s.find); !errors.Is(err, s.lookErr) || r.State != outbox.Sent {
		t.Errorf("got %+v, %v", r, err)
	}
	k.is(outbox.Sent, "")
	late := k.succeed()
	s.lookErr = nil
	if _, err := k.Resolve(t.Context(), late, k.row(), s.find); !errors.Is(err, turn.ErrFenced) {
		t.Errorf("a late owner resolved: %v", err)
	}
	k.is(outbox.Sent, "")
}

// memory is a store without fences or files, for the clock of a bubble.
type memory map[string]outbox.Row

func (m memory) Begin(_ context.Context, _ turn.Fence, w outbox.Write) (outbox.Row, bool, error) {
	before, existed := m[w.Key]
	m[w.Key] = outbox.Row{Write: w, State: outbox.Sent, At: time.Now()}
	return before, existed, nil
}

func (m memory) Settle(_ context.Context, _ turn.Fence, key string, s outbox.State, ts chat.TS, reason string) error {
	r := m[key]
	r.State, r.TS, r.Error = s, ts, reason
	m[key] = r
	return nil
}

func (m memory) Rows(context.Context, string) ([]outbox.Row, error) { return nil, nil }
func (m memory) Row(context.Context, string) (outbox.Row, bool, error) {
	return outbox.Row{}, false, nil
}
func (m memory) Made(context.Context, string, chat.TS) (bool, error) { return false, nil }
func (m memory) Signs(context.Context, int) ([]outbox.Left, error)   { return nil, nil }
func (m memory) Gone(context.Context, string) error                  { return nil }

// Slack may list a message only some time after it has stored it: the default
// looks are at once, a second later and three more later.
func TestLooksHavePausesBetweenThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		_, err := outbox.New(memory{}, nil).Send(t.Context(), turn.Fence{}, outbox.Write{Key: "k"}, (&slack{err: errLost}).call,
			func(_ context.Context, sent time.Time) (chat.TS, bool, error) {
				if !sent.Equal(began) {
					t.Errorf("looked since %v, want %v", sent, began)
				}
				at = append(at, time.Since(began))
				return "", false, nil
			})
		if !errors.Is(err, errLost) {
			t.Errorf("got %v", err)
		}
		if len(at) != 3 || at[0] != 0 || at[1] != time.Second || at[2] != 4*time.Second {
			t.Errorf("looked at %v, want 0, 1 s and 4 s", at)
		}
	})
}

// A cancelled context ends a pause at once.
func TestCancellationEndsTheLooking(t *testing.T) {
	k := setup(t, 0, time.Hour)
	k.crash()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &slack{}
	_, err := k.Send(ctx, k.fence, k.write(false), s.call, func(context.Context, time.Time) (chat.TS, bool, error) {
		cancel(turn.ErrYield)
		return "", false, nil
	})
	if !errors.Is(err, turn.ErrYield) {
		t.Errorf("got %v, want the cause of the cancellation", err)
	}
	k.counts(s, 0, 0)
	k.is(outbox.Sent, "")
}
