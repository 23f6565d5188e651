package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/gap"
	"holdfast/internal/slack/web"
	"holdfast/internal/slacksim"
)

// notes is a gap.Store for the clock of a bubble.
type notes struct {
	mu    sync.Mutex
	at    time.Time
	known []chat.Conversation
}

func (n *notes) Heard(context.Context, string) (at, now time.Time, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at, time.Now(), nil
}

func (n *notes) SetHeard(_ context.Context, _ string, at time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at = at
	return nil
}

func (n *notes) Recent(context.Context, string, time.Time, int) ([]chat.Conversation, error) {
	return n.known, nil
}

func (n *notes) Hold(context.Context, string, string, time.Duration) (bool, error) { return true, nil }

// pipes are connections inside a bubble, where no clock waits for a network.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  *sync.Once
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { p.once.Do(func() { close(p.ended) }); return nil }
func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
}

// An app that is sold outside of Slack's Marketplace gets 15 messages a call and a
// call a minute of each method. A gap of many pages is read all the same, whether
// or not we know of the rule: it takes hours, and nothing is left out.
func TestGapOutsideTheMarketplace(t *testing.T) {
	for _, rate := range []int{1, 50} {
		t.Run(fmt.Sprint(rate, " a minute"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { outsideTheMarketplace(t, rate) })
		})
	}
}

func outsideTheMarketplace(t *testing.T, rate int) {
	settings := slacksim.DefaultSettings()
	settings.NonMarketplace = true
	sim := slacksim.New(slacksim.Options{Settings: &settings})
	p := pipes{make(chan net.Conn), make(chan struct{}), new(sync.Once)}
	server := &http.Server{Handler: sim.Handler()}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(p) })
	transport := &http.Transport{DialContext: p.dial}
	calls := web.New(web.Options{
		APIURL: "http://slack.test/api", Token: slacksim.DefaultBotToken, HTTP: &http.Client{Transport: transport},
		Limits: web.Limits{PerMinute: map[string]int{"conversations.history": rate, "conversations.replies": rate}},
	})
	defer func() {
		calls.Close()
		_ = server.Close()
		running.Wait()
		_ = sim.Close()
	}()

	want := map[string]bool{}
	say := func(who, channel, thread string) string {
		posted, err := sim.Say(who, channel, fmt.Sprint("message ", len(want)), thread)
		if err != nil {
			t.Fatal(err)
		}
		want[channel+"/"+posted.TS] = true
		return posted.TS
	}
	old := say(slacksim.SeedAda, slacksim.SeedGeneral, "")
	quiet := say(slacksim.SeedBen, slacksim.SeedGeneral, "")
	clear(want)                     // both were answered
	time.Sleep(5 * 24 * time.Hour)  // of the bubble's clock
	store := &notes{at: time.Now()} // heard until here
	for _, root := range []string{old, quiet} {
		store.known = append(store.known, chat.Conversation{Team: slacksim.SeedTeam, Channel: slacksim.SeedGeneral, Root: chat.TS(root)})
	}
	time.Sleep(time.Hour)
	for range 40 {
		say(slacksim.SeedAda, slacksim.SeedAdaDM, "")
		say(slacksim.SeedBen, slacksim.SeedGeneral, "")
		say(slacksim.SeedAda, slacksim.SeedGeneral, old)
	}
	root := say(slacksim.SeedAda, slacksim.SeedEngineering, "")
	for range 35 {
		say(slacksim.SeedAda, slacksim.SeedEngineering, root)
	}

	var mu sync.Mutex
	got := map[string]int{}
	var live atomic.Int64
	live.Store(1)
	filler := gap.New(histories{calls}, store, gap.Options{
		Logger: slog.New(slog.DiscardHandler), Team: slacksim.SeedTeam, Alone: true,
		Link: func() (int, int) { return int(live.Load()), 0 },
		Receive: func(_ context.Context, c gap.Channel, raw json.RawMessage) error {
			var m struct{ TS string }
			if err := json.Unmarshal(raw, &m); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			got[c.ID+"/"+m.TS]++
			return nil
		},
	})
	began := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	running.Go(func() { filler.Run(ctx) })
	for {
		time.Sleep(time.Minute) // of the bubble's clock
		if at, _, _ := store.Heard(ctx, ""); at.After(began) {
			break
		}
		if time.Since(began) > 24*time.Hour {
			t.Fatal("the gap was not read within a day")
		}
	}
	stop()
	mu.Lock()
	defer mu.Unlock()
	for ts := range want {
		if got[ts] == 0 {
			t.Errorf("message %s was missed", ts)
		}
	}
	t.Logf("read %d messages in %v", len(want), time.Since(began).Round(time.Minute))
}
