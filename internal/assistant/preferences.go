package assistant

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/internal/settings"
	"holdfast/internal/transcript"
	"holdfast/internal/turn"
)

// Preferences tells what people chose. With an error the values are the operator's.
type Preferences interface {
	Effective(ctx context.Context, p settings.Place) (settings.Values, error)
}

// settingsWait is how long an answer waits for the settings.
const settingsWait = 2 * time.Second

// chosen is what counts for a turn: the settings of the person who wrote last, of the
// channel and of the thread. If they cannot be read, the operator's must do.
func (a *Assistant) chosen(ctx context.Context, t *turn.Turn) settings.Values {
	limited, cancel := context.WithTimeout(ctx, settingsWait)
	defer cancel()
	c := t.Conversation
	v, err := a.preferences.Effective(limited, settings.Place{Team: c.Team, User: t.Last().User, Channel: c.Channel, Root: c.Root})
	if err != nil {
		a.log.Warn("cannot read the settings; answering with the operator's", "turn", t.ID, "lane", c.Key(), "err", err)
	}
	return v
}

// manner is how the answer is shown.
func manner(v settings.Values) turn.Manner {
	return turn.Manner{Whole: !v.Streaming(), File: v.LongAnswers() == "file", Footer: v.Footer(), Feedback: v.Feedback()}
}

func picture(v settings.Values) turn.Picture {
	return turn.Picture{Model: v.ImageModel(), Size: v.ImageSize(), Quality: v.ImageQuality(), Background: v.ImageBackground()}
}

// prefer puts what the person wants before the newest message, so that everything
// before it stays the same from turn to turn. They are a person's words, and are said
// as such.
func prefer(input []turn.Input, v settings.Values, author string, people transcript.People) []turn.Input {
	text := wishes(v)
	if text == "" || len(input) == 0 {
		return input
	}
	name := people[author].Name
	if name == "" {
		name = author
	}
	p := turn.Input{Role: turn.User, Text: transcript.Mark("Preferences from the settings; no message to answer") + "\nHow " + name +
		" would like the answer, as far as your instructions allow it:\n" + text}
	return slices.Insert(input, len(input)-1, p)
}

func wishes(v settings.Values) string {
	var b strings.Builder
	if l := v.Language(); l != "" {
		b.WriteString("- Language: " + l + "\n")
	}
	switch v.Length() {
	case "short":
		b.WriteString("- Length: short, a few sentences, unless more is asked for\n")
	case "medium":
		b.WriteString("- Length: some paragraphs at most, unless more is asked for\n")
	case "long":
		b.WriteString("- Length: thorough, with background and examples\n")
	}
	if own := v.Instructions(); own != "" {
		whose := "their own words"
		switch v.Of(settings.Instructions).Source {
		case settings.Channel:
			whose = "the words that were set for this channel"
		case settings.Thread:
			whose = "the words that were set for this thread"
		case settings.Operator, settings.User:
		}
		b.WriteString("- In " + whose + ":\n> " + strings.ReplaceAll(own, "\n", "\n> ") + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
