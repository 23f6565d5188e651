package surface

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/slack/render"
	"holdfast/internal/turn"
)

// sealed is the "last" of a stream that was stopped with all of its text.
const sealed = "\x00sealed"

// extend brings a part up to date with text. If the part is full with it, the
// part is closed. foot stands under the text of a last part.
func (s *surface) extend(ctx context.Context, p *part, text string, final bool, foot *turn.Ending) error {
	s.written = text
	made, next, full := render.Next(render.Markdown(text), p.at, s.limits(), final)
	if full {
		foot = nil
	}
	if made.IsZero() && !s.cards(p, final) && (!final || p.ts == "" && (foot == nil || foot.Notice == "")) {
		return nil // nothing to show yet, or nothing left
	}
	whole := full || final
	shown, last := p.shown, p.last
	if p.streaming && (p.recovered || time.Since(p.begun) > s.o.Life) {
		if err := s.reclaim(ctx, p); err != nil {
			return err
		}
		if p.recovered {
			s.o.Fell("resumed")
		} else {
			s.o.Fell("old")
		}
	}
	if p.ts == "" {
		if err := s.create(ctx, p, made, whole, foot); err != nil || p.ts == "" {
			return err
		}
	}
	if p.streaming {
		err := s.stream(ctx, p, made, whole, final && !full, foot)
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			s.log().Info("the stream broke; its message is edited from now on", "part", p.n, "err", err)
			if err := s.reclaim(ctx, p); err != nil {
				return err
			}
			s.o.Fell(reason(err, "lost"))
			p.last = ""
		}
	}
	if !p.streaming && p.last != sealed && (final || !made.IsZero()) {
		if err := s.edit(ctx, p, made, whole, foot); err != nil {
			return err
		}
	}
	if s.seen(); p.shown != shown || p.last != last {
		s.sign.doing = "" // there is text again, not only a card
	}
	if full {
		p.full, p.next = true, next
	}
	return nil
}

// create makes the part's message: a stream if the text is still growing and
// one can be had, else a post.
func (s *surface) create(ctx context.Context, p *part, made render.Part, whole bool, foot *turn.Ending) error {
	if !whole && !s.noStreams.Load() && !s.plain {
		err := s.start(ctx, p, made)
		if !errors.Is(err, ErrBusy) {
			return err
		}
		s.o.Fell(reason(err, "no_slot"))
		if made.IsZero() {
			return nil // a message has no cards, and there is nothing else to show yet
		}
	}
	return s.post(ctx, p, opCreate, made, whole, foot)
}

// start begins the part as a stream, with the text that can be shown.
func (s *surface) start(ctx context.Context, p *part, made render.Part) error {
	chunk, shown := made.After(0)
	steps := s.takeSteps(false)
	last := s.turn.Last()
	team := last.ClientTeam
	if team == "" {
		team = s.o.Team
	}
	called := false
	ts, err := s.outbox.Send(ctx, s.fence, s.write(p.n, opCreate, methodStart, false), func(ctx context.Context) (chat.TS, error) {
		called = true
		return s.slack.Start(ctx, Stream{Conversation: s.turn.Conversation, Recipient: last.User, RecipientTeam: team, First: Chunk{chunk, steps}})
	}, s.find(p.n))
	if err != nil {
		if code := refused(err); code != "" {
			s.latch(&s.noStreams, "native streams", err)
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	}
	p.began(ts, true)
	p.shown = shown
	p.recovered = !called // found, not made: nobody knows what it says
	return nil
}

// stream appends what the stream does not have yet, and stops it if the part
// is whole.
func (s *surface) stream(ctx context.Context, p *part, made render.Part, whole, last bool, foot *turn.Ending) error {
	chunk, shown := made.After(p.shown)
	if steps := s.takeSteps(whole); chunk != "" || len(steps) > 0 {
		_, err := s.outbox.Send(ctx, s.fence, s.write(p.n, opLive, methodAppend, true), func(ctx context.Context) (chat.TS, error) {
			return p.ts, s.slack.Append(ctx, s.turn.Conversation.Channel, p.ts, Chunk{chunk, steps}, !whole)
		}, nil)
		if err != nil {
			return err
		}
		p.shown = shown
	}
	if !whole {
		return nil
	}
	_, err := s.outbox.Send(ctx, s.fence, s.write(p.n, opStop, methodStop, true), func(ctx context.Context) (chat.TS, error) {
		return p.ts, s.slack.Stop(ctx, Stop{Channel: s.turn.Conversation.Channel, TS: p.ts, Blocks: s.under(nil, foot), About: s.about(p), Last: last})
	}, nil)
	if err == nil {
		p.streaming, p.last = false, sealed
	}
	return err
}

// reclaim makes an ordinary message out of a stream, whatever state it is in,
// so that it can be edited.
func (s *surface) reclaim(ctx context.Context, p *part) error {
	err := s.insist(ctx, func() error {
		_, err := s.outbox.Send(ctx, s.fence, s.write(p.n, opStop, methodStop, true), func(ctx context.Context) (chat.TS, error) {
			return p.ts, s.slack.Stop(ctx, Stop{Channel: s.turn.Conversation.Channel, TS: p.ts, About: s.about(p)})
		}, nil)
		return err
	})
	if err != nil && refused(err) == "" {
		return fmt.Errorf("take the stream back: %w", err)
	}
	p.streaming = false // refused: it is no stream any more
	s.dropSteps()
	return nil
}

// insist repeats a write that does no harm when it is done twice, while its
// outcome is not known.
func (s *surface) insist(ctx context.Context, write func() error) error {
	var err error
	for _, pause := range []time.Duration{200 * time.Millisecond, time.Second, 0} {
		err = write()
		if lost, ok := errors.AsType[outbox.Unresolved](err); !ok || !lost.Unresolved() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
	return err
}

// post creates the part's message whole.
func (s *surface) post(ctx context.Context, p *part, op string, made render.Part, whole bool, foot *turn.Ending) error {
	m := s.message(p, made, whole, foot)
	called := false
	ts, err := s.outbox.Send(ctx, s.fence, s.write(p.n, op, methodPost, false), func(ctx context.Context) (chat.TS, error) {
		called = true
		return s.slack.Post(ctx, m)
	}, s.find(p.n))
	if err != nil {
		return err
	}
	if p.began(ts, false); called {
		p.last = fingerprint(m)
		return nil
	}
	p.recovered = true // found, not made
	return s.reclaim(ctx, p)
}

// edit replaces what the part's message shows.
func (s *surface) edit(ctx context.Context, p *part, made render.Part, must bool, foot *turn.Ending) error {
	m := s.message(p, made, must, foot)
	m.Tick = !must
	if p.last == fingerprint(m) {
		return nil
	}
	op := opLive
	if must {
		op = opFinal
	}
	update := func() error {
		_, err := s.outbox.Send(ctx, s.fence, s.write(p.n, op, methodUpdate, true), func(ctx context.Context) (chat.TS, error) {
			return p.ts, s.slack.Update(ctx, p.ts, m)
		}, nil)
		return err
	}
	var err error
	if must {
		err = s.insist(ctx, update)
	} else {
		err = update() // the next tick shows all of it again
	}
	switch refused(err) {
	case "":
		if err == nil {
			p.last, p.recovered = fingerprint(m), false
		}
		return err
	case "message_not_found", "cant_update_message", "edit_window_closed":
		// Somebody deleted it. The answer is owed all the same. The key names the
		// deleted message, as that may happen to its successor too; one that an
		// earlier attempt posted is found, and shows that attempt's text.
		if err := s.post(ctx, p, opAgain+"-"+string(p.ts), made, must, foot); err != nil {
			return err
		}
		return s.edit(ctx, p, made, must, foot)
	case "streaming_state_conflict":
		p.streaming = true
	}
	return err
}

func (s *surface) about(p *part) Metadata { return Metadata{Turn: s.turn.ID, Part: p.n} }

// message is the part as a post. While the text grows it carries a stop button
// if Slack shows none of its own, which it does with the agent session.
func (s *surface) message(p *part, made render.Part, whole bool, foot *turn.Ending) Post {
	m := Post{Conversation: s.turn.Conversation, Text: made.Text(), About: s.about(p)}
	if !s.plain {
		m.Blocks = s.under(made.Blocks(), foot)
		if !whole && s.noSessions.Load() {
			m.Blocks = below(m.Blocks, json.RawMessage(stopButton))
		}
	}
	if foot != nil && foot.Notice != "" && (s.plain || m.Text == "") {
		m.Text = join(m.Text, foot.Notice)
	}
	return m
}

func join(text, line string) string {
	if text == "" {
		return line
	}
	return text + "\n\n" + line
}

func fingerprint(m Post) string { return m.Text + "\x00" + string(m.Blocks) }

// stopButton carries the action id that slack/event reads as a stop.
const stopButton = `{"type":"actions","elements":[{"type":"button","action_id":"holdfast_stop","text":{"type":"plain_text","text":"Stop"},"accessibility_label":"Stop this answer"}]}`
