package app

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/slacksim"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

// scales are a workspace and a database, with an account of both.
type scales struct {
	t   *testing.T
	sim *slacksim.Sim
	db  *sqlite.DB
	*accountant
}

func newScales(t *testing.T) *scales {
	t.Helper()
	path := filepath.Join(t.TempDir(), "holdfast.db")
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sim := slacksim.New(slacksim.Options{})
	a, err := newAccountant(sim, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{a.close(), db.Close(), sim.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	if err := db.Join(t.Context(), "r1", time.Minute); err != nil {
		t.Fatal(err)
	}
	return &scales{t, sim, db, a}
}

func (l *scales) say(channel, text string) slacksim.Posted {
	l.t.Helper()
	p, err := l.sim.Say(slacksim.SeedAda, channel, text, "")
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// receive takes a message in, as the assistant does; key makes it a retry of a turn.
func (l *scales) receive(p slacksim.Posted, retry string) {
	l.t.Helper()
	c := chat.Conversation{Team: slacksim.SeedTeam, Channel: p.Channel, Root: chat.TS(p.TS)}
	e := inbox.Entry{Key: "m/" + p.Channel + "/" + p.TS, Kind: inbox.Message, Rank: 2, Lane: c, Payload: []byte("{}"), At: time.Now(),
		Message: chat.Message{Conversation: c, TS: c.Root, User: slacksim.SeedAda, Text: "x"}}
	if retry != "" {
		e.Key, e.Kind, e.Turn = "r/"+retry, inbox.Retry, retry
	}
	if _, err := l.db.Append(l.t.Context(), e); err != nil {
		l.t.Fatal(err)
	}
}

// begin runs the only lane that has work.
func (l *scales) begin() (turn.Fence, *turn.Turn) {
	l.t.Helper()
	fences, err := l.db.Claim(l.t.Context(), "r1", 1)
	if err != nil || len(fences) != 1 {
		l.t.Fatalf("claim: %v, %v", fences, err)
	}
	t, err := l.db.Begin(l.t.Context(), fences[0])
	if err != nil || t == nil {
		l.t.Fatalf("begin: %v, %v", t, err)
	}
	return fences[0], t
}

func (l *scales) finish(f turn.Fence, id string, state turn.State, answer string) {
	l.t.Helper()
	if _, err := l.db.Finish(l.t.Context(), f, id, turn.Result{State: state, Answer: "yes", AnswerTS: chat.TS(answer)}); err != nil {
		l.t.Fatal(err)
	}
}

// is compares the account, less the time, and checks that it balances.
func (l *scales) is(want Account) {
	l.t.Helper()
	got, list, err := l.read(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	if got.InFlight > 0 && got.OldestMS < 0 || got.InFlight == 0 && got.OldestMS != 0 {
		l.t.Errorf("%d in flight, the oldest for %d ms", got.InFlight, got.OldestMS)
	}
	got.OldestMS = 0
	if got != want || len(list) != got.In || got.In != got.Answered+got.Merged+got.Declined+got.Stopped+got.Failed+got.InFlight {
		l.t.Errorf("the account is\n%+v, want\n%+v", got, want)
	}
}

func TestAccount(t *testing.T) {
	l := newScales(t)
	l.is(Account{})
	p := l.say("@bot", "hello")
	l.say(slacksim.SeedGeneral, "not for the assistant")
	l.say(slacksim.SeedRandom, "<@"+slacksim.SeedBotUser+"> is not here")
	l.is(Account{In: 1, InFlight: 1, Unreceived: 1})
	l.receive(p, "")
	l.is(Account{In: 1, InFlight: 1})
	f, failed := l.begin()
	l.is(Account{In: 1, InFlight: 1})
	l.finish(f, failed.ID, turn.Failed, "")
	l.is(Account{In: 1, Failed: 1})

	// A retry takes the message into flight again; its answer is to be seen.
	l.receive(p, failed.ID)
	l.is(Account{In: 1, InFlight: 1})
	f, again := l.begin()
	l.finish(f, again.ID, turn.Answered, "1700000000.000001")
	l.is(Account{In: 1, Answered: 1, Unseen: 1})

	// An edit can make a message one for the assistant.
	q := l.say(slacksim.SeedGeneral, "hm")
	if err := l.sim.Edit(slacksim.SeedAda, q.Channel, q.TS, "<@"+slacksim.SeedBotUser+"> hm?"); err != nil {
		t.Fatal(err)
	}
	l.is(Account{In: 2, Answered: 1, Unseen: 1, InFlight: 1, Unreceived: 1})

	// A message that was taken in and is gone from Slack still counts.
	r := l.say("@bot", "never mind")
	l.receive(r, "")
	if err := l.sim.Delete(slacksim.SeedAda, r.Channel, r.TS); err != nil {
		t.Fatal(err)
	}
	l.is(Account{In: 3, Answered: 1, Unseen: 1, InFlight: 2, Unreceived: 1})

	l.sim.Reset()
	l.is(Account{})
	l.say("@bot", "hello")
	l.is(Account{In: 1, InFlight: 1, Unreceived: 1})
}

// What stands in Slack by the metadata of answers.
func TestAccountSeesWhatIsTwice(t *testing.T) {
	marks := func(turn string, part int) json.RawMessage {
		return fmt.Appendf(nil, `{"event_type":%q,"event_payload":{"turn":%q,"part":%d}}`, metadataType, turn, part)
	}
	for raw, want := range map[string]string{
		string(marks("T", 0)): "T/0", string(marks("T", 12)): "T/12", "": "/", "null": "/", `{"event_type":"other","event_payload":{"turn":"T"}}`: "/", `{"event_payload":[]}`: "/",
	} {
		if id, part := marked(json.RawMessage(raw)); id+"/"+part != want {
			t.Errorf("%s: %s/%s, want %s", raw, id, part, want)
		}
	}
	l := newScales(t)
	p := l.say("@bot", "hello")
	l.receive(p, "")
	f, running := l.begin()
	export := l.sim.Export()
	for n, ts := range []string{"1999999990.000001", "1999999990.000002"} {
		export.Messages[p.Channel] = append(export.Messages[p.Channel], slacksim.Message{Type: "message", User: slacksim.SeedBotUser, BotID: slacksim.SeedBot, TS: ts, ThreadTS: p.TS, Text: "yes", Metadata: marks(running.ID, 0)})
		if n == 0 {
			continue
		}
		if err := l.sim.Import(export); err != nil {
			t.Fatal(err)
		}
	}
	l.finish(f, running.ID, turn.Answered, "1999999990.000001")
	l.mu.Lock()
	l.sim.Look(func(v slacksim.View) { l.epoch = v.Epoch() }) // the import was ours
	l.mu.Unlock()
	l.is(Account{In: 1, Answered: 1, Twice: 1})
}

func TestWritten(t *testing.T) {
	for ts, want := range map[string]int64{"1700000000.000001": 1700000000000001, "1700000000.100000": 1700000000100000, "1700000000.000000": 1700000000000000, "1": 1000000} {
		if got := written(ts).UnixMicro(); got != want {
			t.Errorf("%s: %d, want %d", ts, got, want)
		}
	}
}
