package transcript

import (
	"errors"
	"fmt"
	"strings"

	"holdfast/internal/chat"
	"holdfast/internal/turn"
)

// ErrTooLong means that what the turn is about does not fit by itself.
var ErrTooLong = errors.New("transcript: the messages to be answered are too long")

// perItem is what an item costs beside its text, in tokens.
const perItem = 5

// Layout is a transcript that fits.
type Layout struct {
	Input  []turn.Input
	Whole  int // tokens of the transcript if nothing had been left out
	Tokens int // of Input
	Left   int // messages that were left out because they did not fit
}

// Build lays a conversation out within room, in tokens as count estimates them: what
// was said before it in the channel, the summary, the messages that the summary does
// not cover, those that the turn is about.
//
// What does not fit is left out from the oldest on, but for the message that began the
// conversation, and a note says how many messages that were. They go in blocks of a
// quarter of the room, so that the next turns begin alike. The turn's own messages are
// always whole; if they alone do not fit, the error is ErrTooLong.
func Build(t Talk, room int, count func(string) int) (Layout, error) {
	cost := func(in turn.Input) int { return count(in.Text) + perItem }
	var l Layout
	last := t.now()
	for _, in := range last {
		l.Tokens += cost(in)
	}
	if l.Tokens > room {
		return Layout{}, fmt.Errorf("%w: about %d tokens, and %d fit", ErrTooLong, l.Tokens, room)
	}
	room -= l.Tokens
	l.Whole = l.Tokens
	add := func(in turn.Input, tokens int) {
		l.Input = append(l.Input, in)
		l.Tokens += tokens
		room -= tokens
	}
	if in, any := t.before(); any {
		if n := cost(in); n <= room/4 {
			add(in, n)
			l.Whole += n
		}
	}
	rest := t.pieces()
	if in, covered := t.summary(rest); covered > 0 {
		if n := cost(in); n <= room/2 {
			add(in, n)
			l.Whole += n
			rest = rest[covered:]
		}
	}
	costs := make([]int, len(rest))
	total := 0
	for i, p := range rest {
		costs[i] = cost(p.input)
		total += costs[i]
	}
	l.Whole += total
	if total > room {
		rest, costs = shorten(rest, costs, total, room, add, &l.Left)
	}
	for i, p := range rest {
		add(p.input, costs[i])
	}
	l.Input = append(l.Input, last...)
	return l, nil
}

// shorten leaves out what does not fit, and adds what stands in its place.
func shorten(rest []piece, costs []int, total, room int, add func(turn.Input, int), left *int) ([]piece, []int) {
	const note = 40 // tokens of the line that says so
	block := max(room/4, 1)
	if costs[0] <= room/8 && !rest[0].note { // how the conversation began
		add(rest[0].input, costs[0])
		room, total = room-costs[0], total-costs[0]
		rest, costs = rest[1:], costs[1:]
	}
	room -= note
	over := total - room
	over = (over + block - 1) / block * block
	gone := 0
	for len(rest) > 0 && (gone < over || rest[0].note) {
		if !rest[0].note {
			*left++
		}
		gone += costs[0]
		rest, costs = rest[1:], costs[1:]
	}
	add(turn.Input{Role: turn.Developer, Text: Mark(fmt.Sprintf("%d earlier messages are left out here, because the conversation is longer than fits", *left))}, note)
	return rest, costs
}

// before is what was said in the channel before the conversation began: no part of it.
func (t Talk) before() (turn.Input, bool) {
	var b strings.Builder
	n := 0
	for _, m := range t.Before {
		if m.Deleted || strings.TrimSpace(m.Text) == "" && len(m.Files) == 0 {
			continue
		}
		n++
		b.WriteString("\n\n" + t.spoken(m).Text)
	}
	if n == 0 {
		return turn.Input{}, false
	}
	head := Mark(fmt.Sprintf("For context: the %d messages in the channel before this conversation began. They are not addressed to you", n))
	return turn.Input{Role: turn.User, Text: head + b.String() + "\n\n" + Mark("End of the context; the conversation begins here")}, true
}

// summary is the summary as an item, with the files of the messages that it covers:
// those are listed from the messages themselves, so that none is lost. It covers the
// first pieces.
func (t Talk) summary(all []piece) (in turn.Input, covered int) {
	if t.Summary.Until == "" || strings.TrimSpace(t.Summary.Text) == "" {
		return in, 0
	}
	messages := 0
	var b strings.Builder
	for _, p := range all {
		if p.ts.Compare(t.Summary.Until) > 0 {
			break
		}
		covered++
		if !p.note {
			messages++
		}
	}
	for covered < len(all) && all[covered].note {
		covered++
	}
	if covered == 0 {
		return in, 0
	}
	b.WriteString(Mark(fmt.Sprintf("Summary of the first %d messages of this conversation", messages)))
	b.WriteString("\n" + unmark(strings.TrimSpace(t.Summary.Text)))
	b.WriteString(t.files(all[:covered]))
	return turn.Input{Role: turn.User, Text: b.String()}, covered
}

// maxFiles is how many files are listed beside a summary, the newest.
const maxFiles = 100

func (t Talk) files(of []piece) string {
	var lines []string
	for _, p := range of {
		for _, f := range p.files {
			lines = append(lines, "\n"+Mark("file of "+t.People.name(p.by)+" <@"+p.by+">: "+describe(f)))
		}
	}
	if over := len(lines) - maxFiles; over > 0 {
		lines = append([]string{"\n" + Mark(fmt.Sprintf("%d older files are not listed", over))}, lines[over:]...)
	}
	return strings.Join(lines, "")
}

// Part is what is to be summarised next.
type Part struct {
	Until    chat.TS // the last message of it
	Text     string  // the messages, each with its heading
	Messages int
	More     bool // there is more to summarise after it
}

// Next is the part of a conversation that comes after its summary and is to be
// summarised, so that at most keep tokens of messages are left as they are. The part
// is of at most most tokens, but of one message at least. It has no messages if there
// is nothing to do.
func Next(t Talk, keep, most int, count func(string) int) Part {
	rest := t.pieces()
	if _, covered := t.summary(rest); covered > 0 {
		rest = rest[covered:]
	}
	costs := make([]int, len(rest))
	total := 0
	for i, p := range rest {
		costs[i] = count(p.input.Text) + perItem
		total += costs[i]
	}
	var part Part
	var b strings.Builder
	used := 0
	for i, p := range rest {
		// A boundary is a ts, so it never goes between pieces of one. What the turn is
		// about will stand behind what is older than it, and is not summarised yet.
		if whole := !p.note && p.ts.Compare(part.Until) > 0; whole {
			if total <= keep || len(t.Now) > 0 && p.ts.Compare(t.Now[0].TS) >= 0 {
				break
			}
			if used > 0 && used+costs[i] > most {
				part.More = true
				break
			}
		}
		used += costs[i]
		total -= costs[i]
		if p.note {
			continue
		}
		part.Messages++
		part.Until = p.ts
		if p.input.Role == turn.Assistant {
			b.WriteString(Mark("you, the assistant") + "\n")
		}
		b.WriteString(p.input.Text + "\n\n")
	}
	part.Text = strings.TrimSpace(b.String())
	return part
}

// Basis tells one state of the messages that a summary covers from another: how many
// there are, and a sum over when they were said and edited.
type Basis struct {
	Messages int
	Sum      int64
}

// BasisOf is that of a conversation up to a message.
func BasisOf(history []Said, until chat.TS) (b Basis) {
	for _, s := range history {
		if s.Own || s.Deleted || s.TS.Compare(until) > 0 {
			continue
		}
		b.Messages++
		b.Sum += (micros(s.TS) + 3*micros(s.Edited)) % 1_000_000_007
	}
	return b
}

func micros(ts chat.TS) int64 {
	if t := ts.Time(); !t.IsZero() {
		return t.UnixMicro()
	}
	return 0
}
