package baseline

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// What the bot says besides answers.
const (
	Refusal  = ":warning: This thread is currently processing another request. Please wait a moment and try again."
	thinking = "Thinking…"
	sorry    = ":warning: Something went wrong. Please try again."
)

const (
	waiting = 100_000 // messages that memory has room for; further ones hold up the socket
	longest = 3900    // bytes in one message: chat.update takes 4,000 characters
)

var mention = regexp.MustCompile(`<@[A-Z0-9]+>`)

// bot is the state of the process; there is no other.
type bot struct {
	o     Options
	slack *slack
	model *model
	log   *slog.Logger

	mu      sync.Mutex
	threads map[string]*thread // never forgotten
}

// thread is a conversation.
type thread struct {
	busy sync.Mutex
	said []turn // what the model is told; guarded by busy
}

// Run serves until ctx ends. At the end messages that wait are gone, and answers
// in work are cut.
func Run(ctx context.Context, o Options, e Endpoints, log *slog.Logger) {
	newBot(o, e, log).run(ctx)
}

func newBot(o Options, e Endpoints, log *slog.Logger) *bot {
	return &bot{o: o, slack: newSlack(e), model: newModel(e, o.Timeout), log: log, threads: map[string]*thread{}}
}

func (b *bot) run(ctx context.Context) {
	queue := make(chan event, waiting)
	var workers sync.WaitGroup
	for range b.o.Workers {
		workers.Go(func() {
			for {
				select {
				case m := <-queue:
					b.serve(ctx, m)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	b.slack.listen(ctx, queue, b.log)
	workers.Wait()
	b.slack.http.CloseIdleConnections()
	b.model.http.CloseIdleConnections()
}

// thread finds or makes a thread.
func (b *bot) thread(key string) *thread {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.threads[key]
	if t == nil {
		t = &thread{}
		b.threads[key] = t
	}
	return t
}

// serve answers one message. The worker that runs it does nothing else meanwhile.
func (b *bot) serve(ctx context.Context, m event) {
	t := b.thread(m.Channel + ":" + m.root())
	if b.o.Wait {
		t.busy.Lock()
	} else if !t.busy.TryLock() {
		if _, err := b.slack.post(ctx, m, Refusal); err != nil {
			b.log.Error("refuse", "err", err)
		}
		return
	}
	defer t.busy.Unlock()
	ts, err := b.slack.post(ctx, m, thinking)
	if err != nil {
		b.log.Error("post the placeholder", "err", err)
		return
	}
	asked := append(t.said, turn{"user", strings.TrimSpace(mention.ReplaceAllString(m.Text, ""))})
	answer, err := b.model.respond(ctx, asked)
	if err != nil {
		b.log.Error("ask the model", "err", err)
		answer = sorry
	} else {
		t.said = append(asked, turn{"assistant", answer})
	}
	if err := b.show(ctx, m, ts, answer); err != nil {
		b.log.Error("show the answer", "err", err)
	}
}

// show puts the answer in place of the placeholder; what is too long goes on below.
func (b *bot) show(ctx context.Context, m event, ts, answer string) error {
	part, rest := cut(answer)
	if err := b.slack.update(ctx, m.Channel, ts, part); err != nil {
		return err
	}
	for rest != "" {
		part, rest = cut(rest)
		if _, err := b.slack.post(ctx, m, part); err != nil {
			return fmt.Errorf("go on: %w", err)
		}
	}
	return nil
}

// cut takes one message's worth off a text, at the end of a line if it has one.
func cut(text string) (part, rest string) {
	if len(text) <= longest {
		return text, ""
	}
	at := strings.LastIndexByte(text[:longest], '\n')
	if at <= 0 {
		for at = longest; !utf8.RuneStart(text[at]); at-- {
		}
	}
	return text[:at], strings.TrimLeft(text[at:], "\n")
}
