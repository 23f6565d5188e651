package surface

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
)

// sign is what tells a person that we are at work, besides the text: the
// agent session's state, a status line, or a reaction where there is neither.
type sign struct {
	begun    bool
	session  bool    // the session stands at "processing"
	phrase   string  // the status line that is shown
	reaction chat.TS // the message that carries our reaction
}

const reaction = "eyes"

// recovered takes over the signs of an earlier attempt, to clear them at the end.
// A sign whose outcome is not known may be there, and so may one whose removal
// is not confirmed.
func (g *sign) recovered(r outbox.Row) {
	if r.State == outbox.Failed && r.Op != methodUnreact {
		return
	}
	switch r.Op {
	case methodReact:
		g.reaction = reactedTo(r)
	case methodUnreact:
		if r.State != outbox.Confirmed {
			g.reaction = reactedTo(r)
		}
	case methodPhrase:
		g.phrase = "?"   // whatever it says
		g.session = true // one row is for both; the session may stand under it
	default:
		g.session = true
	}
}

// target is what the row of a reaction keeps: the message that carries it.
type target struct {
	On chat.TS `json:"on"`
}

func reactedTo(r outbox.Row) chat.TS {
	var t target
	if json.Unmarshal(r.Body, &t) != nil || t.On == "" {
		return r.TS
	}
	return t.On
}

const (
	methodSession = "agents.sessions.setStatus"
	methodPhrase  = "assistant.threads.setStatus"
	methodReact   = "reactions.add"
	methodUnreact = "reactions.remove"
)

// permanent are the codes that say: this app or workspace does not have it.
var permanent = map[string]bool{
	"unknown_method": true, "feature_disabled": true, "feature_not_enabled": true, "method_deprecated": true,
	"deprecated_endpoint": true, "missing_scope": true, "not_allowed_token_type": true, "not_authorized": true,
	"thread_ts_not_allowed": true, "no_permission": true,
}

// begin shows the first sign. It walks down its own ladder: session, status
// line, reaction. Nothing that fails here is worth more than a log line.
func (s *surface) beginSign(ctx context.Context) {
	s.sign.begun = true
	c := s.turn.Conversation
	if !s.noSessions.Load() {
		err := s.signal(ctx, opStatus, methodSession, "", func(ctx context.Context) error {
			return s.slack.Session(ctx, c, "processing", title(s.turn.Messages[0].Text), s.turn.Last().User)
		})
		if err == nil {
			s.sign.session = true
			s.seen()
			return
		}
		s.latch(&s.noSessions, "agent sessions", err)
	}
	if !s.noPhrases.Load() && s.showPhrase(ctx, "is thinking…") == nil {
		return
	}
	last := s.turn.Last()
	err := s.signal(ctx, opReact, methodReact, last.TS, func(ctx context.Context) error {
		return s.slack.React(ctx, c.Channel, last.TS, reaction, false)
	})
	if err != nil {
		s.log().Debug("no sign of life to be shown", "err", err)
		return
	}
	s.sign.reaction = last.TS
	s.seen()
}

// showPhrase puts words on the status line.
func (s *surface) showPhrase(ctx context.Context, phrase string) error {
	err := s.signal(ctx, opStatus, methodPhrase, "", func(ctx context.Context) error {
		return s.slack.Phrase(ctx, s.turn.Conversation, phrase)
	})
	if err != nil {
		s.latch(&s.noPhrases, "status lines", err)
		return err
	}
	s.sign.phrase = phrase
	s.seen()
	return nil
}

// alive says that the turn goes on, when nothing else has shown it for a while.
func (s *surface) alive(ctx context.Context) {
	s.seen() // whether or not it succeeds, the next one is due a whole while later
	if s.noPhrases.Load() {
		return
	}
	phrase := fmt.Sprintf("is still working… (%d s)", int(time.Since(s.begun).Seconds()))
	if err := s.showPhrase(ctx, phrase); err != nil {
		s.log().Debug("cannot show that the turn is alive", "err", err)
	}
}

// endSign clears every sign that this turn has set.
func (s *surface) endSign(ctx context.Context) {
	c := s.turn.Conversation
	if s.sign.phrase != "" {
		if err := s.signal(ctx, opStatus, methodPhrase, "", func(ctx context.Context) error {
			return s.slack.Phrase(ctx, c, "")
		}); err != nil {
			s.log().Warn("cannot clear the status line; Slack does so after two minutes", "err", err)
		}
	}
	if s.sign.session {
		if err := s.signal(ctx, opStatus, methodSession, "", func(ctx context.Context) error {
			return s.slack.Session(ctx, c, "active", "", "")
		}); err != nil {
			s.log().Warn("cannot end the session's work; Slack does so after an hour", "err", err)
		}
	}
	if ts := s.sign.reaction; ts != "" {
		if err := s.signal(ctx, opReact, methodUnreact, ts, func(ctx context.Context) error {
			return s.slack.React(ctx, c.Channel, ts, reaction, true)
		}); err != nil {
			s.log().Warn("cannot take the reaction off", "err", err)
		}
	}
	s.sign = sign{begun: true}
}

// signal sends a sign through the outbox. Repeating one does no harm.
func (s *surface) signal(ctx context.Context, op, method string, ts chat.TS, call func(context.Context) error) error {
	w := s.write(0, op, method, true)
	if ts != "" {
		body, err := json.Marshal(target{ts})
		if err != nil {
			return fmt.Errorf("encode the message of a reaction: %w", err)
		}
		w.Body = body
	}
	_, err := s.outbox.Send(ctx, s.fence, w, func(ctx context.Context) (chat.TS, error) {
		return ts, call(ctx)
	}, nil)
	return err
}

// title is the first line of what was asked, for the list of sessions: at most
// 80 characters, without mentions. Slack: agents.sessions.setStatus takes 200.
func title(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(references.ReplaceAllString(text, "$1")), "\n")
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > 80 {
		runes = append(runes[:79], '…')
	}
	return string(runes)
}

// references are what stands in angle brackets in mrkdwn; of a link its label
// stays, of a mention nothing.
var references = regexp.MustCompile(`<[^>|]*(?:\|([^>]*))?>`)
