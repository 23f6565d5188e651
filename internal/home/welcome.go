package home

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/settings"
)

// Slack is what Welcome asks of the workspace.
type Slack interface {
	// Suggest shows prompts in a direct channel, or in a thread of the older assistant
	// view if root is set.
	Suggest(ctx context.Context, channel string, root chat.TS, prompts []Prompt) error
	// Publish shows a person their Home tab. stands is what the tab says of itself, if
	// it is known; one that is the same need not be published.
	Publish(ctx context.Context, user string, p Page, stands string) error
}

// Visit is a person's coming to the app.
type Visit struct {
	Team, User string
	Channel    string  // their direct channel with us
	Root       chat.TS // of a thread of the older assistant view; else empty
	Tab        string  // "home" or "messages"
	Looks      string  // the channel that they look at; may be empty
	Stands     string  // what the Home tab says of itself; see Slack.Publish
}

// Options say what people find.
type Options struct {
	Name    string   // ours
	URL     string   // of the workspace, "https://harbour.slack.com/"
	Prompts []Prompt // empty: none are suggested
	Can     []string // what we can do, a sentence each
	Privacy []string // what becomes of what people write, a sentence each
	// Admit tells in words why a person is not answered; empty: they are.
	Admit  func(ctx context.Context, team, user, channel string) (say string, err error)
	Logger *slog.Logger
}

// Welcome receives people who come to the app: prompts in their direct channel, and
// their Home tab.
type Welcome struct {
	store    Store
	settings *settings.Settings
	slack    Slack
	o        Options
	visits   chan Visit

	mu   sync.Mutex
	busy map[string]*turns // by person: who is being received
}

// turns are visits of one person that wait for the one under way: of each tab the last.
type turns struct{ next map[string]Visit }

const (
	visitWorkers  = 4
	visitDeadline = 20 * time.Second
)

// NewWelcome makes a Welcome; nobody is received until Run runs.
func NewWelcome(s Store, chosen *settings.Settings, slack Slack, o Options) *Welcome {
	return &Welcome{store: s, settings: chosen, slack: slack, o: o, visits: make(chan Visit, 256), busy: map[string]*turns{}}
}

// Come tells of a visit, and returns at once. When too many come at once, some find
// what they found last time.
func (w *Welcome) Come(v Visit) {
	select {
	case w.visits <- v:
	default:
		w.o.Logger.Warn("too many people open the app at once; one is not received", "user", v.User)
	}
}

// Run receives people until ctx ends.
func (w *Welcome) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range visitWorkers {
		workers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case v := <-w.visits:
					w.receive(ctx, v)
				}
			}
		})
	}
	workers.Wait()
}

// receive serves one person's visits one after the other, so that what is shown last is
// what was read last.
func (w *Welcome) receive(ctx context.Context, v Visit) {
	w.mu.Lock()
	if t := w.busy[v.User]; t != nil {
		if old, ok := t.next[v.Tab]; ok && v.Tab == tabHome && old.Stands == "" {
			v.Stands = "" // somebody wants it published, whatever stands
		}
		t.next[v.Tab] = v
		w.mu.Unlock()
		return
	}
	t := &turns{next: map[string]Visit{v.Tab: v}}
	w.busy[v.User] = t
	w.mu.Unlock()
	for {
		w.mu.Lock()
		var next *Visit
		for tab, v := range t.next {
			next = &v
			delete(t.next, tab)
			break
		}
		if next == nil {
			delete(w.busy, v.User)
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		if err := w.serve(ctx, *next); err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("a person who opened the app does not find what they should", "user", v.User, "tab", next.Tab, "err", err)
		}
	}
}

const (
	tabHome     = "home"
	tabMessages = "messages"
)

func (w *Welcome) serve(ctx context.Context, v Visit) error {
	ctx, cancel := context.WithTimeoutCause(ctx, visitDeadline, errors.New("it took too long"))
	defer cancel()
	say, err := w.o.Admit(ctx, v.Team, v.User, v.Channel)
	if err != nil {
		return fmt.Errorf("look whether the person is answered: %w", err)
	}
	switch {
	case v.Tab == tabHome:
		page, err := w.page(ctx, v, say)
		if err != nil {
			return err
		}
		if err := w.slack.Publish(ctx, v.User, page, v.Stands); err != nil {
			return fmt.Errorf("publish the Home tab: %w", err)
		}
	case v.Tab == tabMessages && say == "":
		return w.suggest(ctx, v)
	}
	return nil
}
