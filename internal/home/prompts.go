package home

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// Prompt is something to ask that a person can click.
type Prompt struct {
	Title   string `json:"title"`   // at most 60 characters
	Message string `json:"message"` // at most 1,000 characters; what is sent
}

// ChannelMark in a prompt's message stands for the channel that the person looks at.
// Such a prompt is shown only to somebody who looks at one.
const ChannelMark = "{channel}"

// maxPrompts is how many Slack shows. Slack: assistant.threads.setSuggestedPrompts.
const maxPrompts = 4

// DefaultPrompts are for everybody.
func DefaultPrompts() []Prompt {
	return []Prompt{
		{"What can you do?", "Hello! What can you do for me, and what should I know before I rely on you?"},
		{"Write something", "Help me write something: a message, a summary or a plan. Ask me what it is for and what it should say."},
		{"Explain something", "Explain something to me, step by step and in plain words. Ask me what it is and how much I know of it."},
		{"Think it through", "Help me think a decision through. Ask me what it is about, then give me the options in a table, with what speaks for and against each."},
		{"A post for this channel", "Help me write a post for " + ChannelMark + ". Ask me what it should say."},
	}
}

// ReadPrompts reads what an operator set: a JSON array of {"title", "message"}, the
// path of a file with one, or "off" for none. Empty: the default ones. The error is for
// the operator.
func ReadPrompts(value string) ([]Prompt, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return DefaultPrompts(), nil
	case value == "off":
		return nil, nil
	case !strings.HasPrefix(value, "["):
		b, err := os.ReadFile(value)
		if err != nil {
			return nil, fmt.Errorf(`write a list such as [{"title": "…", "message": "…"}], the path of a file with one, or off: %w`, err)
		}
		value = string(b)
	}
	var list []Prompt
	dec := json.NewDecoder(strings.NewReader(strings.TrimPrefix(value, "\ufeff")))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf(`not a list such as [{"title": "…", "message": "…"}]: %w`, err)
	}
	always := 0
	for i, p := range list {
		p.Title, p.Message = strings.TrimSpace(p.Title), strings.TrimSpace(p.Message)
		list[i] = p
		for name, part := range map[string]struct {
			text string
			most int
		}{"title": {p.Title, 60}, "message": {p.Message, 1000}} {
			if n := utf8.RuneCountInString(part.text); n == 0 || n > part.most {
				return nil, fmt.Errorf("the %s of prompt %d has %d characters: want 1 to %d", name, i+1, n, part.most)
			}
		}
		if strings.Contains(p.Title, ChannelMark) {
			return nil, fmt.Errorf("the title of prompt %d: only a message can name the channel", i+1)
		}
		if !strings.Contains(p.Message, ChannelMark) {
			always++
		}
	}
	if always > maxPrompts {
		return nil, fmt.Errorf("%d prompts: Slack shows %d (not counted are those with %s, which are shown to people who look at one)", always, maxPrompts, ChannelMark)
	}
	return list, nil
}

// promptsFor chooses those for a person who looks at a channel, or at none.
func promptsFor(all []Prompt, channel string) []Prompt {
	var here, always []Prompt
	for _, p := range all {
		switch {
		case !strings.Contains(p.Message, ChannelMark):
			always = append(always, p)
		case channel != "":
			p.Message = strings.ReplaceAll(p.Message, ChannelMark, "<#"+channel+">")
			here = append(here, p)
		}
	}
	if len(here) >= maxPrompts {
		return here[:maxPrompts]
	}
	return append(always[:min(len(always), maxPrompts-len(here))], here...)
}

// promptsLife is how long prompts are taken to stand where they were put.
const promptsLife = 7 * 24 * time.Hour

// suggest puts prompts where the person has come to, unless they stand there.
func (w *Welcome) suggest(ctx context.Context, v Visit) error {
	prompts := promptsFor(w.o.Prompts, v.Looks)
	if len(prompts) == 0 {
		return nil
	}
	place := strings.TrimSuffix("prompts/"+v.Team+"/"+v.Channel+"/"+string(v.Root), "/")
	digest, err := digest(prompts)
	if err != nil {
		return err
	}
	what, at, err := w.store.Shown(ctx, place)
	if err != nil {
		return fmt.Errorf("look up the prompts that stand: %w", err)
	}
	if what == digest && time.Since(at) < promptsLife {
		return nil
	}
	if err := w.slack.Suggest(ctx, v.Channel, v.Root, prompts); err != nil {
		return fmt.Errorf("suggest prompts: %w", err)
	}
	return w.store.SetShown(context.WithoutCancel(ctx), place, digest) // they stand, though we may be stopping
}

func digest(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", errors.New("home: no digest of what cannot be encoded")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12]), nil
}
