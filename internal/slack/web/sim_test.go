package web

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/slacksim"
)

// simulated serves a simulated Slack inside a bubble.
func simulated(t *testing.T, o slacksim.Options, test func(*testing.T, *slacksim.Sim, *Client)) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.New(o)
		t.Cleanup(func() { _ = sim.Close() })
		test(t, sim, serve(t, sim.Handler(), Options{Token: slacksim.DefaultBotToken}))
	})
}

// A busy quarter of an hour with Slack's real limits: many answers at once,
// each ticking as often as it may. No call meets a 429, and no final one
// waits long.
func TestBusyWorkspaceMeetsNo429(t *testing.T) {
	simulated(t, slacksim.Options{Limits: true}, func(t *testing.T, sim *slacksim.Sim, c *Client) {
		ctx := t.Context()
		var wg sync.WaitGroup
		var mu sync.Mutex
		var slowest time.Duration
		final := func(do func() error) {
			began := time.Now()
			if err := do(); err != nil {
				t.Errorf("a final call: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(began))
		}
		for i := range 150 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 2 * time.Second) // of the bubble's clock
				channel := []string{slacksim.SeedGeneral, slacksim.SeedEngineering, slacksim.SeedAdaDM, slacksim.SeedBenDM}[i%4]
				user := []string{slacksim.SeedAda, slacksim.SeedBen}[i%2]
				root, err := sim.Say(user, channel, fmt.Sprintf("question %d <@%s>", i, slacksim.SeedBotUser), "")
				if err != nil && i%4 < 2 {
					t.Errorf("%v", err)
					return
				}
				if err != nil { // not this person's direct channel
					return
				}
				answer, done := context.WithTimeout(ctx, 20*time.Second)
				defer done()
				s := Stream{Channel: channel, ThreadTS: ts(root.TS), RecipientUser: user, RecipientTeam: slacksim.SeedTeam, Chunks: []Chunk{Markdown("so: ")}}
				if c.TryAdmit(answer, "chat.startStream", channel, First) {
					at, err := c.StartStream(ctx, s, Send{Admitted: true})
					if err != nil {
						t.Errorf("start: %v", err)
						return
					}
					for n := 0; c.Admit(answer, "chat.appendStream", channel, Tick) == nil; n++ {
						if err := c.AppendStream(ctx, channel, at.TS, []Chunk{Markdown(fmt.Sprint(n, " "))}, Send{Admitted: true}); err != nil {
							t.Errorf("append: %v", err)
						}
					}
					final(func() error {
						_, err := c.StopStream(ctx, StreamEnd{Channel: channel, TS: at.TS}, Send{Priority: Final, Wait: 5 * time.Minute})
						return err
					})
					return
				}
				at, err := c.PostMessage(ctx, Post{Channel: channel, ThreadTS: ts(root.TS), Text: "so: "}, Send{Priority: First})
				if err != nil {
					t.Errorf("post: %v", err)
					return
				}
				for n := 0; c.Admit(answer, "chat.update", channel, Tick) == nil; n++ {
					if _, err := c.Update(ctx, Change{Channel: channel, TS: at.TS, Text: fmt.Sprint("so: ", n)}, Send{Admitted: true}); err != nil {
						t.Errorf("tick: %v", err)
					}
				}
				final(func() error {
					_, err := c.Update(ctx, Change{Channel: channel, TS: at.TS, Text: "so: done"}, Send{Priority: Final})
					return err
				})
			})
		}
		wg.Wait()
		methods := map[string]int{}
		for _, call := range sim.Calls() {
			methods[call.Method]++
			if call.Status == 429 {
				t.Errorf("%s met a 429", call.Method)
			}
			if !call.OK {
				t.Errorf("%s: %s", call.Method, call.Error)
			}
		}
		if methods["chat.startStream"] < 50 || methods["chat.postMessage"] < 20 || methods["chat.stopStream"] != methods["chat.startStream"] {
			t.Errorf("calls %v", methods)
		}
		if slowest > 10*time.Second {
			t.Errorf("a final call waited %v", slowest)
		}
	})
}

// A burst of posts into many channels and one.
func TestBurstOfPostsMeetsNo429(t *testing.T) {
	simulated(t, slacksim.Options{Limits: true}, func(t *testing.T, sim *slacksim.Sim, c *Client) {
		var wg sync.WaitGroup
		for i := range 60 {
			for _, channel := range []string{slacksim.SeedGeneral, slacksim.SeedEngineering} {
				wg.Go(func() {
					if _, err := c.PostMessage(t.Context(), Post{Channel: channel, Text: fmt.Sprint(i)}, Send{Priority: Final, Wait: 10 * time.Minute}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		began := time.Now()
		wg.Wait()
		for _, call := range sim.Calls() {
			if call.Status == 429 {
				t.Error("a post met a 429")
			}
		}
		if d := time.Since(began); d > 70*time.Second {
			t.Errorf("60 posts into each of two channels took %v", d)
		}
	})
}

// B4: the response is lost after Slack stored the message. The caller is told
// that it does not know, and finds the message by its metadata.
func TestLostResponseIsFoundAgain(t *testing.T) {
	for _, kind := range []string{"lost", "reset_after", "internal_after"} {
		t.Run(kind, func(t *testing.T) {
			simulated(t, slacksim.Options{}, func(t *testing.T, sim *slacksim.Sim, c *Client) {
				root, err := sim.Say(slacksim.SeedAda, slacksim.SeedGeneral, "hello", "")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := sim.AddFault(slacksim.Fault{Method: "chat.postMessage", Kind: kind, Times: 1}); err != nil {
					t.Fatal(err)
				}
				_, err = c.PostMessage(t.Context(), Post{Channel: slacksim.SeedGeneral, ThreadTS: ts(root.TS), Text: "hi",
					Metadata: &Metadata{EventType: "holdfast", EventPayload: json.RawMessage(`{"turn":"t1","part":0}`)}}, Send{})
				if e := classOf(t, err); !e.Unresolved() {
					t.Fatalf("%+v", e)
				}
				found := 0
				for page, err := range c.Replies(t.Context(), slacksim.SeedGeneral, ts(root.TS), Range{}, Send{}) {
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range page {
						if m.Metadata.EventType == "holdfast" && strings.Contains(string(m.Metadata.EventPayload), `"t1"`) {
							found++
						}
					}
				}
				if n := len(sim.Calls()); found != 1 || n != 2 {
					t.Errorf("found %d times, after %d calls", found, n)
				}
			})
		})
	}
}
