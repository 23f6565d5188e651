package turn

import (
	"context"
	"fmt"

	"holdfast/internal/chat"
)

// admit takes the messages that are refused out of a turn that was begun. refused is
// its conclusion if nobody is left.
func (r *Runner) admit(ctx context.Context, f Fence, t *Turn) (refused *Conclusion, err error) {
	if Replay(t.Journal).Conclusion != nil {
		return nil, nil // it was decided
	}
	t.Messages, refused, err = r.sift(ctx, f, t.ID, t.Messages)
	return refused, err
}

// sift asks the gate about each of a turn's messages, lets the authors of those that
// are refused know, and gives these their outcome. If it is all of them, the last one
// stays and gets its outcome from the conclusion.
func (r *Runner) sift(ctx context.Context, f Fence, id string, messages []chat.Message) (left []chat.Message, all *Conclusion, err error) {
	if r.o.Gate == nil || len(messages) == 0 {
		return messages, nil, nil
	}
	why := map[chat.TS]string{}
	told := map[string]bool{}
	for _, m := range messages {
		reason, err := r.refusal(ctx, f, id, m, told)
		switch {
		case err != nil:
			return nil, nil, err
		case reason == "":
			left = append(left, m)
		default:
			why[m.TS] = reason
		}
	}
	if len(left) == 0 {
		last := messages[len(messages)-1]
		left, all = []chat.Message{last}, &Conclusion{State: Declined, Reason: why[last.TS]}
		delete(why, last.TS)
	}
	if len(why) > 0 {
		if err := r.store.Refuse(ctx, f, id, why); err != nil {
			return nil, nil, fmt.Errorf("refuse messages: %w", err)
		}
	}
	return left, all, nil
}

// refusal is the reason why a message is refused; its author is told. What was
// deleted is nobody's.
func (r *Runner) refusal(ctx context.Context, f Fence, id string, m chat.Message, told map[string]bool) (reason string, err error) {
	if m.Deleted {
		return "", nil
	}
	no, err := r.o.Gate.Admit(ctx, m)
	if err != nil {
		return "", fmt.Errorf("look whether %s may be answered: %w", m.User, err)
	}
	if no == nil {
		return "", nil
	}
	if !told[m.User] {
		told[m.User] = true
		if err := r.o.Gate.Tell(ctx, f, id, m, *no); err != nil {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			r.o.Logger.Warn("cannot tell a person that they are refused", "turn", id, "user", m.User, "reason", no.Reason, "err", err)
		}
	}
	return no.Reason, nil
}
