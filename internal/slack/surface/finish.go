package surface

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/slack/render"
	"holdfast/internal/turn"
)

// Finish makes e the final answer. See turn.Surface.
func (s *surface) Finish(ctx context.Context, e turn.Ending) (chat.TS, error) {
	s.Close()
	if s.cut {
		// What was under way may have arrived: look, as after a crash.
		s.parts, s.written = nil, ""
		if err := s.found(ctx); err != nil {
			return "", err
		}
	}
	s.cut, s.ending = true, e
	done, err := false, error(nil)
	if e.File {
		done, err = s.asAFile(ctx, e)
	}
	if !done && err == nil {
		err = s.writeOut(ctx, e.Text)
	}
	if err != nil {
		return "", s.undelivered(ctx, err)
	}
	s.cut = false
	s.endSign(s.ctx) // even if ctx ended just now: all is written
	if len(s.parts) == 0 {
		return "", nil
	}
	return s.parts[0].ts, nil
}

// writeOut brings the messages to the final text, whatever they show.
func (s *surface) writeOut(ctx context.Context, text string) error {
	if !strings.HasPrefix(text, s.written) {
		s.rewrite() // the endpoint's last word differs from what it streamed
	}
	err := s.complete(ctx, text)
	for range 2 {
		code := refused(err)
		if !s.plain && blocksRefused(code) {
			s.log().Error("Slack refused our blocks; showing plain text instead", "code", code)
			s.plain = true
		} else if code != "streaming_state_conflict" {
			break
		}
		s.rewrite()
		err = s.complete(ctx, text)
	}
	return err
}

// rewrite makes every part's text be replaced as a whole.
func (s *surface) rewrite() {
	for _, p := range s.parts {
		p.recovered = true
		p.full = false
		p.last = ""
	}
}

// complete writes all parts of the final text, and takes away messages that it
// does not need.
func (s *surface) complete(ctx context.Context, text string) error {
	if strings.TrimSpace(text) == "" {
		return s.noticeAlone(ctx)
	}
	used := 0
	for {
		p := s.open()
		if err := s.extend(ctx, p, text, true, &s.ending); err != nil {
			return err
		}
		if p.ts != "" {
			used = p.n
		}
		if !p.full {
			break
		}
	}
	return s.drop(ctx, used)
}

// noticeAlone is a turn without any text: the notice is the message.
func (s *surface) noticeAlone(ctx context.Context) error {
	if s.ending.Notice == "" {
		return s.drop(ctx, 0)
	}
	p := s.open()
	if p.streaming {
		if err := s.reclaim(ctx, p); err != nil {
			return err
		}
	}
	if p.ts == "" {
		if err := s.post(ctx, p, opCreate, render.Part{}, true, &s.ending); err != nil {
			return err
		}
	}
	if err := s.edit(ctx, p, render.Part{}, true, &s.ending); err != nil {
		return err
	}
	return s.drop(ctx, p.n)
}

// drop deletes messages of ours beyond the used ones: an earlier attempt's text
// was longer.
func (s *surface) drop(ctx context.Context, used int) error {
	for len(s.parts) > used {
		p := s.parts[len(s.parts)-1]
		if p.ts != "" {
			if p.streaming {
				if err := s.reclaim(ctx, p); err != nil {
					return err
				}
			}
			_, err := s.outbox.Send(ctx, s.fence, s.write(p.n, opDrop, methodDelete, true), func(ctx context.Context) (chat.TS, error) {
				return p.ts, s.slack.Delete(ctx, s.turn.Conversation.Channel, p.ts)
			}, nil)
			if err != nil && refused(err) != "message_not_found" {
				return fmt.Errorf("delete a message that is not needed: %w", err)
			}
		}
		s.parts = s.parts[:len(s.parts)-1]
	}
	return nil
}

func blocksRefused(code string) bool {
	switch code {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_blocks_too_many", "msg_too_long", "block_mismatch", "too_many_attachments":
		return true
	}
	return false
}

// closedChannels are Slack's codes for a place that takes no message of ours,
// now or later.
var closedChannels = map[string]bool{
	"channel_not_found": true, "not_in_channel": true, "is_archived": true,
	"restricted_action": true, "restricted_action_read_only_channel": true, "restricted_action_thread_locked": true,
	"restricted_action_thread_only_channel": true, "restricted_action_non_threadable_channel": true,
	"messages_tab_disabled": true, "cannot_reply_to_message": true, "team_access_not_granted": true,
}

// unfit says that Slack will not take this text, in whatever form: asking again
// does not help.
func unfit(code string) bool {
	switch code {
	case "invalid_arguments", "metadata_too_large", "invalid_metadata_format", "message_limit_exceeded", "no_text":
		return true
	}
	return blocksRefused(code)
}

// undelivered decides whether trying again can help. If not, what is missing is
// said under what stands; or where nothing does, the person who asked is told where
// only they can see it, if even that is possible.
func (s *surface) undelivered(ctx context.Context, err error) error {
	if errors.Is(err, turn.ErrFenced) || ctx.Err() != nil {
		return err
	}
	code := refused(err)
	if !closedChannels[code] && !unfit(code) {
		return err
	}
	line := "I have an answer for you, but Slack does not let me post it here (" + code + "). Invite me to the channel, or write to me directly."
	if unfit(code) {
		line = ":warning: Slack refuses the rest of this answer (" + code + "). Please ask again, perhaps for a shorter one."
	}
	told, e := s.cutOff(ctx, line)
	if e != nil && refused(e) == "" {
		return errors.Join(err, e) // to be tried again as a whole
	}
	if !told {
		s.whisper(ctx, line)
	}
	s.endSign(ctx)
	return &turn.Failure{Code: code, Say: line, Cause: err}
}

// cutOff puts a line under the last message that stands; told: there is one.
func (s *surface) cutOff(ctx context.Context, line string) (told bool, err error) {
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := s.parts[i]
		if p.ts == "" {
			continue
		}
		if p.streaming {
			if err := s.reclaim(ctx, p); err != nil {
				return false, err
			}
		}
		// What stood before was taken with blocks; they carry the button.
		s.ending = turn.Ending{Notice: line, Offers: []turn.Offer{turn.Retry}}
		for _, s.plain = range []bool{false, true} {
			made, _, _ := render.Next(render.Markdown(s.written), p.at, s.limits(), true)
			if err = s.edit(ctx, p, made, true, &s.ending); refused(err) == "" {
				break
			}
		}
		return err == nil, err
	}
	return false, nil
}

// whisper tells the person who asked where nobody else sees it. Nobody can look
// whether it was shown, so what may have been is not repeated.
func (s *surface) whisper(ctx context.Context, line string) {
	shown := func(context.Context, time.Time) (chat.TS, bool, error) { return "", true, nil }
	_, err := s.outbox.Send(ctx, s.fence, s.write(0, opWhisper, methodWhisper, false), func(ctx context.Context) (chat.TS, error) {
		return "", s.slack.Whisper(ctx, s.turn.Conversation, s.turn.Last().User, line)
	}, shown)
	if err != nil {
		s.log().Debug("not even an ephemeral notice was possible", "err", err)
	}
}
