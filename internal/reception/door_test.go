package reception

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/chat"
	"holdfast/internal/inbox"
	"holdfast/internal/policy"
	"holdfast/internal/slack/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Store as storetest describes it.
type memory struct {
	Store
	mu   sync.Mutex
	open []inbox.Entry
	held map[string]time.Time
}

func (m *memory) append(e inbox.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open, m.held[e.Key] = append(m.open, e), time.Now().Add(inbox.Hold)
}

func (m *memory) TakeActs(_ context.Context, mine []string, hold time.Duration, limit int) (list []inbox.Entry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range mine {
		m.held[key] = time.Now().Add(hold)
	}
	for _, e := range m.open {
		if len(list) < limit && m.held[e.Key].Before(time.Now()) {
			list, m.held[e.Key] = append(list, e), time.Now().Add(hold)
		}
	}
	return list, nil
}

func (m *memory) EndAct(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open = slices.DeleteFunc(m.open, func(e inbox.Entry) bool { return e.Key == key })
	return nil
}

func (m *memory) left() (keys []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.open {
		keys = append(keys, e.Key)
	}
	return keys
}

// windows is Slack as the door sees it: it notes what is shown.
type windows struct {
	Slack
	mu    sync.Mutex
	shown []string
	slow  time.Duration
	fails error
}

func (w *windows) note(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown = append(w.shown, s)
}

func (w *windows) Open(_ context.Context, trigger string, view json.RawMessage) (View, error) {
	time.Sleep(w.slow)
	if w.fails != nil {
		return View{}, w.fails
	}
	w.note("open " + trigger + " " + string(view))
	return View{"V1", "h"}, nil
}

func (w *windows) Update(_ context.Context, v View, view json.RawMessage) (View, error) {
	w.note("update " + v.ID + " " + string(view))
	return v, nil
}

// rig is a door in a bubble with one button, "b", and a command, "/c".
type rig struct {
	*testing.T
	store  *memory
	slack  *windows
	door   *Door
	do     func(context.Context, Act) error
	opens  func(context.Context, Act) Opening
	ended  chan struct{}
	cancel context.CancelFunc
}

func inside(t *testing.T, limit int, test func(*rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, store: &memory{held: map[string]time.Time{}}, slack: &windows{}, ended: make(chan struct{})}
		r.do = func(context.Context, Act) error { return nil }
		r.opens = func(context.Context, Act) Opening { return Opening{} }
		way := Route{
			Opens: func(ctx context.Context, a Act) Opening { return r.opens(ctx, a) },
			Do:    func(ctx context.Context, a Act) error { return r.do(ctx, a) },
		}
		r.door = New(r.store, event.New(event.Identity{Team: "T1"}, policy.Off), r.slack, Routes{Actions: map[string]Route{"b": way}, Commands: map[string]Route{"/c": way}}, Options{Limit: limit})
		var ctx context.Context
		ctx, r.cancel = context.WithCancel(t.Context())
		go func() { defer close(r.ended); r.door.Run(ctx) }()
		synctest.Wait()
		test(r)
		r.cancel()
		<-r.ended
	})
}

func click(key string) inbox.Entry {
	return inbox.Entry{Key: key, Act: true, At: time.Now(), Payload: fmt.Appendf(nil,
		`{"type":"block_actions","trigger_id":"t-%s","user":{"id":"U1"},"actions":[{"action_id":"b","value":%q}]}`, key, key)}
}

// comes stores and hands over an act, as the inbox does.
func (r *rig) comes(e inbox.Entry) {
	kept := r.door.Hand(e)
	r.store.append(e)
	kept(true, nil)
}

func (r *rig) leaves(want ...string) {
	r.Helper()
	synctest.Wait()
	if got := r.store.left(); !slices.Equal(got, want) {
		r.Errorf("open are %q, want %q", got, want)
	}
}

func TestNobodyWaitsForAnAct(t *testing.T) {
	inside(t, 2, func(r *rig) {
		gate := make(chan struct{})
		var mu sync.Mutex
		var done []string
		r.do = func(_ context.Context, a Act) error {
			if a.Key != "quick" {
				<-gate
			}
			mu.Lock()
			defer mu.Unlock()
			done = append(done, fmt.Sprint(a.Key, a.Again))
			return nil
		}
		r.comes(click("a"))
		r.comes(click("quick"))
		r.leaves("a")
		r.comes(click("b"))
		r.comes(click("quick2")) // one too many: it is left in the store
		r.leaves("a", "b", "quick2")
		time.Sleep(30 * time.Second) // what runs is held for longer than one hold, and the others wait
		r.leaves("a", "b", "quick2")
		close(gate)
		r.leaves("quick2")
		time.Sleep(every)
		r.leaves()
		if want := []string{"quickfalse", "afalse", "bfalse", "quick2true"}; len(done) != 4 || done[0] != want[0] || done[3] != want[3] {
			r.Errorf("done: %q, want %q", done, want)
		}
	})
}

func TestAWindowOpensBeforeTheActIsStored(t *testing.T) {
	inside(t, 0, func(r *rig) {
		r.opens = func(context.Context, Act) Opening {
			return Opening{View: json.RawMessage("loading"), Lost: json.RawMessage("lost")}
		}
		var got []View
		r.do = func(_ context.Context, a Act) error { got = append(got, a.Modal); return nil }
		e := click("a")
		kept := r.door.Hand(e)
		synctest.Wait()
		if want := []string{"open t-a loading"}; !slices.Equal(r.slack.shown, want) {
			r.Errorf("shown before the commit: %q, want %q", r.slack.shown, want)
		}
		if len(got) > 0 {
			r.Error("it is done before it is stored")
		}
		r.store.append(e)
		kept(true, nil)
		r.leaves()
		if !slices.Equal(got, []View{{"V1", "h"}}) {
			r.Errorf("it was done with the windows %v", got)
		}
		// What could not be stored is told in the window; a second delivery does nothing.
		r.door.Hand(click("b"))(false, errors.New("no disk"))
		synctest.Wait()
		r.door.Hand(click("a"))(false, nil)
		synctest.Wait()
		if want := "update V1 lost"; r.slack.shown[2] != want || len(got) != 1 {
			r.Errorf("shown: %q, want %q; done %d times", r.slack.shown, want, len(got))
		}
	})
}

// What was left is done without a window, as its trigger is gone; so is a click that was
// waiting for too long before anybody saw it.
func TestATriggerIsNotUsedLate(t *testing.T) {
	inside(t, 0, func(r *rig) {
		r.opens = func(context.Context, Act) Opening { return Opening{View: json.RawMessage("loading")} }
		var seen []string
		r.do = func(_ context.Context, a Act) error {
			seen = append(seen, fmt.Sprint(a.Key, a.Again, a.Modal.ID))
			return nil
		}
		r.store.append(click("left"))
		if _, err := r.store.TakeActs(r.Context(), []string{"left"}, -time.Second, 0); err != nil { // its holder is gone
			r.Fatal(err)
		}
		time.Sleep(every)
		r.leaves()
		old := click("old")
		old.At = time.Now().Add(-4 * time.Second)
		r.comes(old)
		r.leaves()
		if want := []string{"lefttrue", "oldfalse"}; !slices.Equal(seen, want) || len(r.slack.shown) > 0 {
			r.Errorf("done: %q, want %q; shown: %q", seen, want, r.slack.shown)
		}
	})
}

func TestWhatFailsIsTriedAgainForADay(t *testing.T) {
	inside(t, 0, func(r *rig) {
		tries := 0
		r.do = func(context.Context, Act) error {
			if tries++; tries < 4 {
				return errors.New("away")
			}
			return nil
		}
		r.comes(click("a"))
		time.Sleep(time.Minute)
		r.leaves()
		if tries != 4 {
			r.Errorf("%d tries, want 4", tries)
		}
		r.do = func(context.Context, Act) error { return errors.New("never") }
		r.comes(click("b"))
		time.Sleep(23 * time.Hour)
		r.leaves("b")
		time.Sleep(2 * time.Hour)
		r.leaves()
	})
}

func TestClosingWaitsALittle(t *testing.T) {
	inside(t, 0, func(r *rig) {
		r.do = func(ctx context.Context, a Act) error {
			if a.Key == "short" {
				time.Sleep(parting / 2)
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		r.comes(click("short"))
		r.comes(click("long"))
		synctest.Wait()
		start := time.Now()
		r.cancel()
		<-r.ended
		if took := time.Since(start); took != parting {
			r.Errorf("closed after %s, want %s", took, parting)
		}
		r.comes(click("late")) // somebody else will do it
		r.leaves("long", "late")
	})
}

func TestUnknownIdsHarmNothing(t *testing.T) {
	inside(t, 0, func(r *rig) {
		for i, payload := range []string{
			`{"type":"block_actions","trigger_id":"1","user":{"id":"U1"},"actions":[{"action_id":"other"},{"action_id":"x/y"},{}]}`,
			`{"type":"view_submission","user":{"id":"U1"}}`, `{"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"?"}}`,
			`{"type":"view_closed","user":{"id":"U1"},"view":{}}`, `{"type":"shortcut","user":{"id":"U1"}}`, `{"type":"block_suggestion","user":{"id":"U1"}}`,
			`{"command":"/other","user_id":"U1"}`, `{"type":"event_callback","event":{"type":"app_home_opened","user":"U1"}}`, `7`, ``,
		} {
			e := inbox.Entry{Key: fmt.Sprint("k", i), Act: true, Payload: []byte(payload), At: time.Now()}
			if got := r.door.Answer(e.Payload); got != nil {
				r.Errorf("%s is answered with %s", payload, got)
			}
			r.comes(e)
		}
		r.leaves()
	})
}

func TestWhereAnActWas(t *testing.T) {
	d := event.New(event.Identity{Team: "T1"}, policy.Off)
	read := func(payload string) Act {
		what, ok := d.Act([]byte(payload))
		if !ok {
			t.Fatalf("%s is no act", payload)
		}
		a, _, _ := Routes{}.find(what)
		return a
	}
	for _, tt := range []struct {
		payload string
		root    chat.TS
		strange string
	}{
		{`{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"container":{"channel_id":"C1","message_ts":"6.000001","thread_ts":"5.000001"},"actions":[{}]}`, "5.000001", ""},
		{`{"type":"block_actions","user":{"id":"U1","team_id":"T9"},"container":{"channel_id":"C1","message_ts":"6.000001"},"actions":[{}]}`, "6.000001", "T9"},
		{`{"type":"block_actions","user":{"id":"U1"},"container":{"channel_id":"C1","message_ts":"6.000001","is_ephemeral":true},"actions":[{}]}`, "", ""},
		{`{"type":"message_action","user":{"id":"U1"},"channel":{"id":"C1"},"message":{"ts":"6.000001","thread_ts":"5.000001"}}`, "5.000001", ""},
		{`{"command":"/c","user_id":"U1","channel_id":"C1"}`, "", ""},
	} {
		a := read(tt.payload)
		if a.Channel != "C1" || a.Root != tt.root || a.Stranger != tt.strange {
			t.Errorf("%s: channel %q, root %q, stranger %q", tt.payload, a.Channel, a.Root, a.Stranger)
		}
	}
}
