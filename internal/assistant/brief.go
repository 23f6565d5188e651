package assistant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/settings"
	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

const (
	defaultContext = 160_000 // OpenAI's prices double above 272,000 tokens of input
	perTools       = 4000    // tokens that are left for tools and what the endpoint adds
	leastRoom      = 200
	channelWait    = 3 * time.Second // for the messages before a conversation
	stale          = 10 * time.Minute
)

// talk collects the conversation: what Slack and the store know of it. missing means
// that messages before it were asked for and could not be read.
func (a *Assistant) talk(ctx context.Context, t *turn.Turn, before int) (talk transcript.Talk, missing bool, err error) {
	if err := a.fetch(ctx, t); err != nil {
		return talk, false, err
	}
	talk = transcript.Talk{Now: t.Messages, Self: a.self}
	// The summary first: a change that comes between the two removes it, and is seen then.
	if talk.Summary, err = a.archive.Summary(ctx, t.Conversation); err != nil {
		return talk, false, fmt.Errorf("read the summary of the conversation: %w", err)
	}
	if talk.History, err = a.archive.History(ctx, t.Conversation); err != nil {
		return talk, false, fmt.Errorf("read the conversation: %w", err)
	}
	if talk.Before, missing, err = a.before(ctx, t, before); err != nil {
		return talk, false, err
	}
	talk.People, err = a.people(ctx, t.Conversation.Team, talk.History, slices.Concat(talk.Before, t.Messages))
	return talk, missing, err
}

// before is what was said in the channel before the conversation began. Slack is asked
// for what the store lacks, once, when the conversation begins.
func (a *Assistant) before(ctx context.Context, t *turn.Turn, most int) (list []chat.Message, missing bool, err error) {
	c := t.Conversation
	if most <= 0 {
		return nil, false, nil
	}
	list, err = a.archive.Around(ctx, c.Team, c.Channel, c.Root, most)
	if err != nil {
		return nil, false, fmt.Errorf("read what was said before the conversation: %w", err)
	}
	if len(list) >= most || t.Messages[0].TS != c.Root {
		return list, false, nil
	}
	limited, cancel := context.WithTimeout(ctx, channelWait)
	defer cancel()
	found, err := a.workspace.Recent(limited, c.Team, c.Channel, c.Root, most)
	switch {
	case ctx.Err() != nil:
		return nil, false, context.Cause(ctx)
	case err != nil:
		a.log.Warn("cannot read the channel before a conversation; answering without", "lane", c.Key(), "err", err)
		return list, true, nil
	}
	for _, m := range found {
		if err := a.archive.Keep(ctx, m.Conversation, []chat.Message{m}, false); err != nil {
			return nil, false, fmt.Errorf("keep what was said before the conversation: %w", err)
		}
	}
	// From the store again: it knows of deletions that Slack's answer may be older than.
	if list, err = a.archive.Around(ctx, c.Team, c.Channel, c.Root, most); err != nil {
		return nil, false, fmt.Errorf("read what was said before the conversation: %w", err)
	}
	return list, false, nil
}

// window is a model's, and the most that it writes.
func (a *Assistant) window(model string) (window, output int) {
	if a.settings.Window != nil {
		window, output = a.settings.Window(model)
	}
	if window <= 0 {
		window, output = 32_000, 4096
	}
	return window, output
}

// room is how many tokens of a conversation fit into a request.
func (a *Assistant) room(model, wishes string) int {
	window, output := a.window(model)
	reserve := min(output, window/4)
	if a.settings.MaxOutput > 0 {
		reserve = min(reserve, a.settings.MaxOutput)
	}
	count := a.meter.count(model)
	room := (window-reserve)*19/20 - count(a.orders) - count(wishes) - min(perTools, window/8)
	most := a.settings.Context
	if most <= 0 {
		most = defaultContext
	}
	return max(min(room, most), leastRoom)
}

// fit lays the conversation out so that it fits. One that does not fit, because nobody
// has summarised it yet or a summary was lost with a message that was deleted, is
// summarised now, while the person sees that something goes on; should that fail, the
// older messages are left out, and the model is told how many.
func (a *Assistant) fit(ctx context.Context, t *turn.Turn, talk transcript.Talk, v settings.Values) ([]turn.Input, error) {
	model := v.Model()
	room, count := a.room(model, wishes(v)), a.meter.count(model)
	l, err := transcript.Build(talk, room, count)
	if errors.Is(err, transcript.ErrTooLong) {
		return nil, &turn.Failure{Code: "too_long", Cause: err,
			Say: "This is more than the model can read at once. Please send a smaller part, or attach it as a file."}
	}
	if l.Left > 0 && a.settings.Small != nil {
		if t.Working != nil {
			t.Working("Reading back through a long conversation…")
		}
		limited, cancel := context.WithTimeoutCause(ctx, summaryInTurn, errors.New("the summary took too long"))
		defer cancel()
		talk.Summary, err = a.condense(limited, t.Conversation, talk, int(kept*float64(room)), model)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			a.log.Warn("cannot summarise a long conversation; answering without its older messages", "turn", t.ID, "lane", t.Conversation.Key(), "err", err)
		}
		if t.Working != nil {
			t.Working("")
		}
		if l, err = transcript.Build(talk, room, count); err != nil {
			return nil, fmt.Errorf("lay out the conversation: %w", err)
		}
	}
	if l.Left > 0 {
		a.log.Info("older messages are left out", "turn", t.ID, "messages", l.Left, "tokens", l.Tokens, "room", room)
	}
	if a.settings.Small != nil && l.Whole > int(grown*float64(room)) {
		a.note(t, model)
	}
	return l.Input, nil
}

// volatile is what holds for this request alone: it comes last, so that all before it
// is the same in the next one.
func (a *Assistant) volatile(t *turn.Turn, people transcript.People, missing bool) (notes []turn.Input) {
	if missing {
		notes = append(notes, turn.Input{Role: turn.Developer, Text: transcript.Mark(
			"The messages in the channel before this conversation could not all be read. If they matter to the answer, say so")})
	}
	if sent := t.Last().TS.Time(); !sent.IsZero() && a.now().Sub(sent) > stale {
		notes = append(notes, turn.Input{Role: turn.Developer, Text: transcript.Mark("It is now " + people.Clock(t.Last().User, a.now()))})
	}
	return notes
}
