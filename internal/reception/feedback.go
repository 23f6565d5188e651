package reception

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"holdfast/internal/chat"
)

// FeedbackAction is the id of the buttons with which people judge an answer. Their values
// are [GoodValue] and [BadValue].
const FeedbackAction = "holdfast_feedback"

const (
	reasonCallback = "holdfast_feedback_reason"
	reasonBlock    = "reason"
	maxReason      = 2000
)

// GoodValue is the value of the button for a turn that did well.
func GoodValue(turn string) string { return "good/" + turn }

// BadValue is that for one that did not.
func BadValue(turn string) string { return "bad/" + turn }

// Feedback is what a person thinks of an answer.
type Feedback struct {
	Team    string
	Channel string
	TS      chat.TS // of the message with the buttons
	Person  string
	Turn    string // that answered; empty for an answer of the older bot
	Good    bool
	Reason  string // in the person's words; may be empty
	At      time.Time
}

// Ear takes in what people think of answers.
type Ear struct {
	store Store
	slack Slack
	gate  Gate
	log   *slog.Logger
}

// NewEar makes one.
func NewEar(s Store, k Slack, g Gate, log *slog.Logger) *Ear {
	return &Ear{store: s, slack: k, gate: g, log: log}
}

// Routes are the ways of feedback, added to r.
func (e *Ear) Routes(r *Routes) {
	r.Actions[FeedbackAction] = Route{Opens: e.opens, Do: e.judged}
	r.Actions["response_feedback"] = r.Actions[FeedbackAction] // the older bot's
	r.Views[reasonCallback] = Route{Do: e.reasoned}
}

// judged reads a click; false if it says nothing.
func judgement(a Act) (Feedback, bool) {
	word, turn, _ := strings.Cut(a.Value, "/")
	f := Feedback{Team: a.Team, Channel: a.Channel, TS: a.Message, Person: a.User, Turn: turn, Good: word == "good", At: a.At}
	return f, (word == "good" || word == "bad") && f.Channel != "" && f.TS != ""
}

// about is what a modal for a reason carries.
type about struct {
	Channel string  `json:"c"`
	TS      chat.TS `json:"m"`
	Root    chat.TS `json:"r,omitempty"`
	Turn    string  `json:"t,omitempty"`
}

func (e *Ear) opens(ctx context.Context, a Act) Opening {
	f, ok := judgement(a)
	if !ok || f.Good {
		return Opening{}
	}
	if why, err := e.gate.Admit(ctx, admitted(a)); err == nil && why != nil {
		return Opening{}
	}
	return Opening{View: reasonView(about{f.Channel, f.TS, a.Root, f.Turn})}
}

// reasonView asks what was wrong. An empty answer is one, too.
func reasonView(of about) json.RawMessage {
	type object = map[string]any
	plain := func(s string) object { return object{"type": "plain_text", "text": s, "emoji": true} }
	carried, err := json.Marshal(of)
	if err != nil {
		return nil // never: strings
	}
	b, err := json.Marshal(object{
		"type": "modal", "callback_id": reasonCallback, "title": plain("Thank you"), "submit": plain("Send"), "close": plain("Not now"),
		"private_metadata": string(carried),
		"blocks": []object{
			{"type": "section", "text": plain("Your “not helpful” is noted. If you like, say what was wrong: whoever looks after me here can read it with the answer.")},
			{"type": "input", "block_id": reasonBlock, "optional": true, "label": plain("What was wrong?"), "element": object{
				"type": "plain_text_input", "action_id": reasonBlock, "multiline": true, "max_length": maxReason, "focus_on_load": true,
				"placeholder": plain("Such as: out of date, too long, not what I asked, no sources"),
			}},
		},
	})
	if err != nil {
		return nil // never: strings
	}
	return b
}

func (e *Ear) judged(ctx context.Context, a Act) error {
	f, ok := judgement(a)
	if !ok {
		e.log.Info("a judgement that cannot be read", "key", a.Key)
		return nil
	}
	why, err := e.gate.Admit(ctx, admitted(a))
	if err != nil {
		return err
	}
	if why != nil {
		say(ctx, e.slack, a, why.Say)
		return nil
	}
	if err := e.store.SaveFeedback(ctx, f); err != nil {
		return err
	}
	if f.Good || a.Modal.ID == "" {
		say(ctx, e.slack, a, "Thank you, that is noted.")
	}
	return nil
}

// reasoned is the modal that comes back.
func (e *Ear) reasoned(ctx context.Context, a Act) error {
	if a.View == nil {
		return nil
	}
	var of about
	if err := json.Unmarshal([]byte(a.View.PrivateMetadata), &of); err != nil || of.TS == "" {
		e.log.Info("a reason that belongs to nothing", "key", a.Key)
		return nil
	}
	reason := strings.TrimSpace(a.View.State[reasonBlock][reasonBlock].Value)
	if r := []rune(reason); len(r) > maxReason {
		reason = string(r[:maxReason])
	}
	f := Feedback{Team: a.Team, Channel: of.Channel, TS: of.TS, Person: a.User, Turn: of.Turn, Reason: reason, At: a.At}
	if err := e.store.SaveFeedback(ctx, f); err != nil {
		return err
	}
	if reason != "" {
		a.Channel, a.Root = of.Channel, of.Root
		say(ctx, e.slack, a, "Thank you, your words are noted.")
	}
	return nil
}
