package transcript

import (
	"cmp"
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
	Own  bool   // Text is an answer of ours, as Markdown
	Cut  bool   // of ours: a newer message interrupted it, and what it answered is answered anew
	Turn string // that answered it, or whose answer it is; empty: no turn was about it
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

// Talk is a conversation, and what is known around it.
type Talk struct {
	History []Said         // oldest first
	Now     []chat.Message // what the turn is about; of it at least one
	Before  []chat.Message // said in the channel before the conversation began, oldest first
	Summary Summary        // in place of the messages that it covers
	People  People
	Self    Self
}

// Summary stands for the messages of a conversation up to one.
type Summary struct {
	Until chat.TS // the last message that it covers; empty: there is none
	Text  string
}

// piece is one item of the transcript.
type piece struct {
	ts    chat.TS // the latest of its message and all before it
	input turn.Input
	note  bool // belongs to the piece before
	files []chat.File
	by    string // who sent the files
}

// pieces lays out what is not about to be answered, in the order in which it was
// first shown to the model: Slack's, but for messages that waited while an earlier
// answer was given. Those stand where their own turn found them, behind that answer,
// so that a request begins like the one before it.
func (t Talk) pieces() (all []piece) {
	current := map[chat.TS]bool{}
	for _, m := range t.Now {
		current[m.TS] = true
	}
	for _, cut := range t.cuts() {
		current[cut.TS] = true
	}
	var last chat.TS
	for _, s := range arrange(t.History) {
		if s.TS.Compare(last) > 0 {
			last = s.TS
		}
		if s.TS != "" && current[s.TS] || s.Deleted || strings.TrimSpace(s.Text) == "" && len(s.Files) == 0 {
			continue
		}
		p := piece{ts: last, input: t.spoken(s.Message), files: s.Files, by: author(s.Message)}
		if s.Own || t.Self.wrote(s.Message) {
			text := s.Text
			if !s.Own {
				text = Plain(text, t.People, t.Self)
			}
			p.input = turn.Input{Role: turn.Assistant, Text: unmark(text)}
		}
		all = append(all, p)
		if s.Cut {
			all = append(all, piece{ts: last, note: true, input: turn.Input{Role: turn.Developer, Text: interruption}})
		}
	}
	return all
}

// arrange puts what waited behind the answer that it waited for.
func arrange(history []Said) []Said {
	last := map[string]int{} // the last message of each turn
	for i, s := range history {
		if s.Turn != "" && !s.Own {
			last[s.Turn] = i
		}
	}
	type place struct{ at, rank int }
	places := make([]place, len(history))
	floor := 0
	turns := map[string]int{} // where each turn's messages stand
	for i, s := range history {
		places[i] = place{at: i}
		if !s.Own || s.Cut || s.Turn == "" {
			continue
		}
		turns[s.Turn] = floor
		at := i
		if j, asked := last[s.Turn]; asked {
			at = max(at, j)
		}
		places[i] = place{max(at, floor), 2}
		floor = places[i].at + 1
	}
	for i, s := range history {
		if s.Own || s.Turn == "" {
			continue
		}
		if from, answered := turns[s.Turn]; answered && i < from {
			places[i] = place{from - 1, 3} // right behind the answer before
		}
	}
	order := make([]int, len(history))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(places[a].at, places[b].at), cmp.Compare(places[a].rank, places[b].rank))
	})
	sorted := make([]Said, len(history))
	for i, j := range order {
		sorted[i] = history[j]
	}
	return sorted
}

// cuts are the answers that were cut off between the messages of the turn.
func (t Talk) cuts() (cuts []Said) {
	for _, m := range t.Now {
		if cut := cutBefore(t.History, t.Now[0].TS, m.TS); cut.Text != "" && !slices.ContainsFunc(cuts, func(s Said) bool { return s.TS == cut.TS }) {
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// now is what the turn is about.
func (t Talk) now() (last []turn.Input) {
	cuts := t.cuts()
	for _, m := range t.Now {
		for len(cuts) > 0 && cuts[0].TS.Compare(m.TS) < 0 {
			last = append(last, turn.Input{Role: turn.Assistant, Text: unmark(cuts[0].Text)}, turn.Input{Role: turn.Developer, Text: interruption})
			cuts = cuts[1:]
		}
		last = append(last, t.spoken(m))
	}
	return last
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

func author(m chat.Message) string {
	if m.User == "" {
		return m.BotID
	}
	return m.User
}

// spoken is a person's message with its speaker and the speaker's own time.
func (t Talk) spoken(m chat.Message) turn.Input {
	var b strings.Builder
	who := author(m)
	// What stands between the marks is ours: nobody else's words hold them.
	b.WriteString(Mark(fmt.Sprintf("%s <@%s>, %s", oneLine(t.People.name(who)), who, clock(t.People[who].Local(m.TS.Time())))))
	b.WriteByte('\n')
	b.WriteString(unmark(Plain(m.Text, t.People, t.Self)))
	for _, f := range m.Files {
		b.WriteString("\n" + Mark("attached file: "+describe(f)))
	}
	return turn.Input{Role: turn.User, Text: b.String()}
}

// describe names a file with its type and size, and the id under which Slack has it.
func describe(f chat.File) string {
	name := oneLine(f.Name)
	if name == "" {
		name = "without a name"
	}
	kind := oneLine(f.Mimetype)
	if kind == "" {
		kind = "unknown type"
	}
	return fmt.Sprintf("%s (%s, %s, %s)", name, kind, size(f.Size), f.ID)
}

func size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}

func clock(t time.Time) string { return t.Format("Mon 2 Jan 2006 15:04 MST") }

// Clock is a moment as a person's own clock shows it.
func (p People) Clock(id string, at time.Time) string { return clock(p[id].Local(at)) }
