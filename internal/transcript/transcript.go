package transcript

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// Said is one message of a conversation, or one answer of ours.
type Said struct {
	chat.Message
	Own bool // Text is an answer of ours, as Markdown
	Cut bool // of ours: a newer message interrupted it, and what it answered is answered anew
}

// Self is how the assistant is known in the workspace.
type Self struct {
	User string // its bot user's id
	Name string
	App  string // its app id
	Bot  string // its bot id
}

func (s Self) wrote(m chat.Message) bool {
	return m.User != "" && m.User == s.User || m.BotID != "" && m.BotID == s.Bot || m.AppID != "" && m.AppID == s.App
}

// People tells names and clocks. A person that it does not know is named by id.
type People map[string]chat.User

func (p People) name(id string) string {
	if u, ok := p[id]; ok && u.Name != "" {
		return u.Name
	}
	return id
}

// Budget bounds a transcript, in bytes of text. Zero means 600,000, about
// 165,000 tokens.
type Budget int

// Build lays out history, then the messages that the turn is about. What does
// not fit the budget is left out from the oldest on, and a line says so; the
// turn's own messages are always whole.
func Build(history []Said, now []chat.Message, people People, self Self, budget Budget) []turn.Input {
	if budget <= 0 {
		budget = 600_000
	}
	current := make(map[chat.TS]bool, len(now))
	for _, m := range now {
		current[m.TS] = true
	}
	var last []turn.Input
	for _, m := range now {
		if cut := cutBefore(history, now[0].TS, m.TS); cut.Text != "" && !current[cut.TS] {
			last = append(last, turn.Input{Role: turn.Assistant, Text: cut.Text}, turn.Input{Role: turn.Developer, Text: interruption})
			current[cut.TS] = true
		}
		last = append(last, spoken(m, people, self))
	}
	room := int(budget)
	for _, in := range last {
		room -= len(in.Text)
	}

	var earlier []turn.Input
	dropped := 0
	for i := len(history) - 1; i >= 0; i-- {
		s := history[i]
		if current[s.TS] || s.Deleted || strings.TrimSpace(s.Text) == "" && len(s.Files) == 0 {
			continue
		}
		in := spoken(s.Message, people, self)
		if s.Own || self.wrote(s.Message) {
			in = turn.Input{Role: turn.Assistant, Text: s.Text}
			if !s.Own {
				in.Text = Plain(s.Text, people, self)
			}
		}
		if room -= len(in.Text); room < 0 {
			dropped = i + 1
			break
		}
		earlier = append(earlier, in)
	}
	slices.Reverse(earlier)
	if dropped > 0 {
		note := turn.Input{Role: turn.Developer, Text: "Older messages of this conversation were left out because it has grown long."}
		earlier = append([]turn.Input{note}, earlier...)
	}
	return append(earlier, last...)
}

const interruption = "Your answer ends there because a newer message interrupted it. Answer what is still open of it together with the newer message."

// cutBefore is the latest answer of ours that was cut off between two messages.
func cutBefore(history []Said, after, before chat.TS) (cut Said) {
	for _, s := range history {
		if s.Cut && s.TS.Compare(after) > 0 && s.TS.Compare(before) < 0 {
			cut = s
		}
	}
	return cut
}

// spoken is a person's message with its speaker and the speaker's own time.
func spoken(m chat.Message, people People, self Self) turn.Input {
	var b strings.Builder
	author := m.User
	if author == "" {
		author = m.BotID
	}
	// The heading is ours; a name cannot pretend to be another line of it.
	fmt.Fprintf(&b, "[%s <@%s>, %s]\n", oneLine(people.name(author)), author, clock(people[author].Local(m.TS.Time())))
	b.WriteString(Plain(m.Text, people, self))
	for _, f := range m.Files {
		fmt.Fprintf(&b, "\n[attached file: %s (%s, %d bytes); its content cannot be read here yet]", oneLine(f.Name), f.Mimetype, f.Size)
	}
	return turn.Input{Role: turn.User, Text: b.String()}
}

func clock(t time.Time) string { return t.Format("Mon 2 Jan 2006 15:04 MST") }

func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "[", "(", "]", ")").Replace(s)
}
