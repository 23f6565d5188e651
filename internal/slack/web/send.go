package web

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/chat"
)

// Send is how a typed call is made; its fields are those of [Request].
type Send struct {
	Priority Priority
	Admitted bool
	Timeout  time.Duration
	Wait     time.Duration
	// Again is how often a walk over pages asks for a page again that got no usable
	// answer, with pauses of 1 s and more, as reading does no harm. Other calls
	// ignore it.
	Again int
}

// page is Call for one page of a walk.
func (c *Client) page(ctx context.Context, s Send, r Request, out any) error {
	for try := 0; ; try++ {
		err := c.Call(ctx, r, out)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Class != Unknown && e.Class != Unsent || try >= s.Again || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second << min(try, 5)):
		}
	}
}

func (s Send) request(method, channel string, a Args) Request {
	return Request{Method: method, Channel: channel, Priority: s.Priority, Args: a,
		Admitted: s.Admitted, Timeout: s.Timeout, Wait: s.Wait}
}

// write makes a call that creates or changes a message, and insists on the ts
// of the answer: without it nobody could find the message again.
func (c *Client) write(ctx context.Context, r Request) (Posted, error) {
	var out struct {
		Channel   text    `json:"channel"`
		TS        text    `json:"ts"`
		MessageTS text    `json:"message_ts"` // chat.postEphemeral
		Message   Message `json:"message"`
	}
	if err := c.Call(ctx, r, &out); err != nil {
		return Posted{}, err
	}
	ts := chat.TS(out.TS)
	if ts == "" {
		ts = chat.TS(out.MessageTS)
	}
	if !ts.Valid() {
		return Posted{}, &Error{Method: r.Method, Code: "no_ts_in_answer", Status: 200, Class: Unknown}
	}
	return Posted{Channel: string(out.Channel), TS: ts, ThreadTS: out.Message.ThreadTS, Message: out.Message}, nil
}

// Posted is what Slack made of a message.
type Posted struct {
	Channel string // the channel it is in: for a post to a person, their direct channel
	TS      chat.TS
	// ThreadTS is empty although a thread was asked for if the parent is gone:
	// then the message stands in the channel.
	ThreadTS chat.TS
	Message  Message
}

// done makes a call for which some refusals mean that the wanted state is
// there already.
func (c *Client) done(ctx context.Context, r Request, already ...string) error {
	err := c.Call(ctx, r, nil)
	for _, code := range already {
		if Code(err) == code {
			return nil
		}
	}
	return err
}
