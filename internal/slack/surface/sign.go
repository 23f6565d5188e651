package surface

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/outbox"
	"holdfast/internal/slack/render"
	"holdfast/internal/turn"
)

// sign is what tells a person that we are at work, besides the text: the
// agent session's state, a status line, or a reaction where there is neither.
type sign struct {
	begun    bool
	session  bool    // the session stands at "processing"
	phrase   string  // the status line that is shown
	doing    string  // what is going on since the last text, in words; empty: the model is waited for
	reaction chat.TS // the message that carries our reaction
}

const reaction = "eyes"

// recovered takes over the signs of an earlier attempt, to clear them at the end.
// A sign whose outcome is not known may be there, and so may one whose removal
// is not confirmed.
func (g *sign) recovered(r outbox.Row) {
	if r.Sign == outbox.NoSign || r.Sign == outbox.SignOn && r.State == outbox.Failed {
		return
	}
	switch r.Op {
	case methodReact, methodUnreact:
		g.reaction = reactedTo(r)
	case methodPhrase:
		g.phrase = "?" // whatever it says
	case methodSession:
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
		err := s.signal(ctx, outbox.SignOn, methodSession, "", func(ctx context.Context) error {
			return s.slack.Session(ctx, c, "processing", title(s.turn.Messages[0].Text), s.turn.Last().User)
		})
		if err == nil {
			s.sign.session = true
			s.seen()
			if len(s.o.Phrases) > 0 && !s.noPhrases.Load() {
				_ = s.showPhrase(ctx, thinking) // the session's state says it too
			}
			return
		}
		s.sign.session = unclear(err)
		s.latch(&s.noSessions, "agent sessions", err)
	}
	if !s.noPhrases.Load() && s.showPhrase(ctx, thinking) == nil {
		return
	}
	// The earlier attempt's last message may have been another one, and carries it.
	on := s.sign.reaction
	if on == "" {
		on = s.turn.Last().TS
	}
	err := s.signal(ctx, outbox.SignOn, methodReact, on, func(ctx context.Context) error {
		return s.slack.React(ctx, c.Channel, on, reaction, false)
	})
	if err == nil || unclear(err) {
		s.sign.reaction = on
	}
	if err != nil {
		s.log().Debug("no sign of life to be shown", "err", err)
		return
	}
	s.seen()
}

// thinking is the first status line; the operator's phrases are shown in turn with it.
const thinking = "is thinking…"

// showPhrase puts words on the status line.
func (s *surface) showPhrase(ctx context.Context, phrase string) error {
	var besides []string
	if phrase == thinking {
		besides = s.o.Phrases
	}
	err := s.signal(ctx, outbox.SignOn, methodPhrase, "", func(ctx context.Context) error {
		return s.slack.Phrase(ctx, s.turn.Conversation, phrase, besides)
	})
	if err == nil || unclear(err) {
		s.sign.phrase = phrase
	}
	if err != nil {
		s.latch(&s.noPhrases, "status lines", err)
		return err
	}
	s.seen()
	return nil
}

// alive says that the turn goes on, when nothing else has shown it for a while.
func (s *surface) alive(ctx context.Context) {
	s.seen() // whether or not it succeeds, the next one is due a whole while later
	doing := s.sign.doing
	if doing == "" {
		doing = "Still waiting for the model"
	}
	words := strings.TrimSuffix(doing, "…") + ", " + elapsed(time.Since(s.begun))
	var err error
	switch {
	case !s.noPhrases.Load():
		err = s.showPhrase(ctx, words)
	case s.noSessions.Load():
		err = s.showLine(ctx, words)
	}
	if err != nil {
		s.log().Debug("cannot show that the turn is alive", "err", err)
	}
}

// showLine puts words under the text, or in its place while there is none: the
// lowest rung, where Slack shows nothing of its own while we work.
func (s *surface) showLine(ctx context.Context, words string) error {
	p := s.open()
	made, _, full := render.Next(render.Markdown(s.written), p.at, s.limits(), false)
	if p.streaming || full || p.recovered { // of a recovered one the text is not known here
		return nil
	}
	line := &turn.Ending{Notice: ":hourglass_flowing_sand: " + words}
	if p.ts == "" {
		return s.post(ctx, p, opCreate, made, false, line)
	}
	if err := s.slack.Tick(s.ticking, methodUpdate, s.turn.Conversation.Channel); err != nil {
		return err
	}
	return s.edit(ctx, p, made, false, line)
}

// elapsed is a time in words, such as "45 s" or "2 min 5 s".
func elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// unclear says that a sign may be there although its call failed.
func unclear(err error) bool {
	lost, ok := errors.AsType[outbox.Unresolved](err)
	return ok && lost.Unresolved()
}

// endSign clears every sign that this turn has set, or may have. What cannot be cleared now is
// left to Sweep.
func (s *surface) endSign(ctx context.Context) {
	var set []string
	if s.sign.phrase != "" {
		set = append(set, methodPhrase)
	}
	if s.sign.session {
		set = append(set, methodSession)
	}
	if s.sign.reaction != "" {
		set = append(set, methodUnreact)
	}
	for _, method := range set {
		on := chat.TS("")
		if method == methodUnreact {
			on = s.sign.reaction
		}
		err := s.signal(ctx, outbox.SignOff, method, on, func(ctx context.Context) error {
			return s.clear(ctx, s.turn.Conversation, method, on)
		})
		if err != nil {
			s.log().Warn("cannot clear a sign of life; will try again", "method", method, "err", err)
		}
	}
	s.sign = sign{begun: true}
}

// clear takes a sign away. One that is not there is a success.
func (all *Surfaces) clear(ctx context.Context, c chat.Conversation, method string, on chat.TS) error {
	switch method {
	case methodPhrase:
		return all.slack.Phrase(ctx, c, "", nil)
	case methodSession:
		return all.slack.Session(ctx, c, "active", "", "")
	}
	return all.slack.React(ctx, c.Channel, on, reaction, true)
}

const (
	sweepEvery = 10 * time.Second
	sweepMost  = 100 // signs at once
)

// Sweep clears signs of life that were left when their turns ended, until ctx
// ends. hold says whether this replica is to do it now; another one may.
func (all *Surfaces) Sweep(ctx context.Context, hold func(ctx context.Context, ttl time.Duration) (bool, error)) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		mine, err := hold(ctx, 5*sweepEvery/2)
		if err == nil && mine {
			err = all.sweep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			all.o.Logger.Warn("cannot look for signs of life that were left", "err", err)
		}
	}
}

func (all *Surfaces) sweep(ctx context.Context) error {
	left, err := all.outbox.Signs(ctx, sweepMost)
	if err != nil {
		return err
	}
	for _, l := range left {
		c, err := chat.ParseConversation(l.Lane)
		if err == nil {
			err = all.clear(ctx, c, l.Op, reactedTo(l.Row))
		}
		if err != nil && refused(err) == "" { // else there is nothing to be cleared any more
			all.o.Logger.Info("a sign of life is still there; will try again", "lane", l.Lane, "method", l.Op, "err", err)
			continue
		}
		if err := all.outbox.Gone(ctx, l.Key); err != nil {
			return err
		}
		all.o.Logger.Info("cleared a sign of life that was left", "turn", l.Turn, "method", l.Op)
	}
	return nil
}

// signOps are the operations in the keys of signs: one for each, as one may stand
// under the other.
var signOps = map[string]string{methodSession: opSession, methodPhrase: opStatus, methodReact: opReact, methodUnreact: opReact}

// signal sends a sign through the outbox. Repeating one does no harm.
func (s *surface) signal(ctx context.Context, sign outbox.Sign, method string, ts chat.TS, call func(context.Context) error) error {
	w := s.write(0, signOps[method], method, true)
	w.Sign = sign
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
