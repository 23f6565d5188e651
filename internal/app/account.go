package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/slacksim"
	"holdfast/internal/store/sqlite"
	"holdfast/internal/turn"
)

// Account is what people wrote to the assistant, against what came of it. What
// went in is counted in Slack, what came out in the store, so In is the sum of the
// outcomes and of InFlight only if nothing was lost on the way: a message that was
// stays in flight, and the oldest wait grows.
type Account struct {
	In       int `json:"in"`
	Answered int `json:"answered"`
	Merged   int `json:"merged"`
	Declined int `json:"declined"`
	Stopped  int `json:"stopped"`
	Failed   int `json:"failed"`
	InFlight int `json:"in_flight"`

	Unreceived int   `json:"unreceived"` // of those in flight, what the assistant does not have yet
	OldestMS   int64 `json:"oldest_ms"`  // how long the first of those in flight waits
	Resumed    int   `json:"resumed"`    // runs of a turn after its first

	Unseen int  `json:"unseen"`   // answered by the books, and nothing is to be seen in Slack
	Twice  int  `json:"twice"`    // shown twice in Slack
	Sight  bool `json:"by_sight"` // there are no books: what stands in Slack alone counts
}

// Accounted is one message of an Account.
type Accounted struct {
	Channel  string    `json:"channel"`
	TS       string    `json:"ts"`
	ThreadTS string    `json:"thread_ts,omitempty"`
	User     string    `json:"user,omitempty"`
	Text     string    `json:"text,omitempty"`
	State    string    `json:"state"` // the outcome; or unreceived, waiting, running
	Reason   string    `json:"reason,omitempty"`
	Received time.Time `json:"received,omitzero"`
	Attempts int       `json:"attempts,omitempty"`
	Answer   string    `json:"answer,omitempty"` // ts of the answer
	Unseen   bool      `json:"unseen,omitempty"`
	Twice    bool      `json:"twice,omitempty"`

	turn string
}

func (x Accounted) inFlight() bool {
	return x.State == "unreceived" || x.State == "waiting" || x.State == "running"
}

// accountant keeps the account of a sandbox. It is safe for concurrent use.
type accountant struct {
	sim  *slacksim.Sim
	path string // of the database; empty: another bot's, which is not ours to read

	mu    sync.Mutex
	books *sqlite.Books // nil until there is a database
	epoch int           // of the workspace that is counted
	base  int64         // what was taken in before is not counted
	cut   string        // what was written before counts only if it was taken in
}

// newAccountant begins the account with all that is in the books. Without books,
// what was written before now is not for this assistant.
func newAccountant(sim *slacksim.Sim, path string) (*accountant, error) {
	a := &accountant{sim: sim, path: path}
	err := a.open()
	sim.Look(func(v slacksim.View) {
		a.epoch = v.Epoch()
		if a.books == nil {
			a.cut = newest(v)
		}
	})
	return a, err
}

// open opens the books if there are any.
func (a *accountant) open() error {
	if a.books != nil || a.path == "" {
		return nil
	}
	books, err := sqlite.OpenBooks(a.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	a.books = books
	return nil
}

func (a *accountant) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.books == nil {
		return nil
	}
	return a.books.Close()
}

// newest is the ts of the last message. Slack's ts sort as strings.
func newest(v slacksim.View) (ts string) {
	v.Walk(func(_ slacksim.Channel, m slacksim.Message) { ts = max(ts, m.TS) })
	return ts
}

type place struct{ channel, ts string }

// read makes the account of this moment, with its messages by ts.
func (a *accountant) read(ctx context.Context) (sum Account, list []Accounted, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.open(); err != nil {
		return sum, nil, err
	}
	var booked []sqlite.Booked
	if a.books != nil { // before Slack: what is answered here is to be seen there
		if booked, err = a.books.Since(ctx, a.base); err != nil {
			return sum, nil, err
		}
	}
	all, turns := map[place]*Accounted{}, map[string]int{}
	for _, b := range booked {
		if b.Retry && b.State == turn.Declined {
			continue // a click that came too late changes nothing
		}
		all[place{b.Channel, string(b.TS)}] = entered(b)
		if b.Turn != "" {
			turns[b.Turn] = b.Attempts
		}
	}
	var now time.Time
	a.sim.Look(func(v slacksim.View) {
		now = v.Now()
		if v.Epoch() != a.epoch { // the workspace is another: begin anew
			a.epoch, a.cut = v.Epoch(), newest(v)
			for _, b := range booked {
				a.base = max(a.base, b.Entry)
			}
			clear(all)
			clear(turns)
		}
		look(v, all, a.cut, a.path == "")
	})
	for _, attempts := range turns {
		sum.Resumed += max(attempts-1, 0)
	}
	for _, x := range all {
		list = append(list, *x)
	}
	slices.SortFunc(list, func(x, y Accounted) int {
		return strings.Compare(x.TS+x.Channel, y.TS+y.Channel)
	})
	sum.Sight = a.path == ""
	for _, x := range list {
		sum.add(x, now)
	}
	return sum, list, nil
}

// entered is a message as the books have it. A Retry that was clicked comes later
// and takes the place of the failure.
func entered(b sqlite.Booked) *Accounted {
	x := &Accounted{Channel: b.Channel, TS: string(b.TS), State: string(b.State), Reason: b.Reason,
		Received: b.Received, Attempts: b.Attempts, Answer: string(b.Answer), turn: b.Turn}
	if b.Ended.IsZero() {
		x.State = "waiting"
		if b.State == turn.Running {
			x.State = "running"
		}
	}
	return x
}

// look adds what Slack shows: messages that the books do not have, the words, and
// whether each answer is there, once.
func look(v slacksim.View, all map[place]*Accounted, cut string, sight bool) {
	bot := v.App().BotUserID
	shown, parts, spoken := map[place]bool{}, map[string]int{}, map[place]string{}
	v.Walk(func(ch slacksim.Channel, m slacksim.Message) {
		if m.User == bot || m.BotID != "" {
			shown[place{ch.ID, m.TS}] = true
			if m.StreamingState != "in_progress" {
				spoken[place{ch.ID, m.ThreadTS}] = m.TS // by ts, so the last stays
			}
			if turn, part := marked(m.Metadata); turn != "" {
				parts[turn+"/"+part]++
				if parts[turn+"/"+part] > 1 {
					parts[turn]++
				}
			}
			return
		}
		at := place{ch.ID, m.TS}
		x := all[at]
		if x == nil {
			if !addressed(ch, m, bot) || m.TS <= cut {
				return
			}
			x = &Accounted{Channel: ch.ID, TS: m.TS, State: "unreceived"}
			all[at] = x
		}
		x.User, x.Text, x.ThreadTS = m.User, m.Text, m.ThreadTS
	})
	for at, x := range all {
		if sight {
			root := x.ThreadTS
			if root == "" {
				root = x.TS
			}
			if answer := max(spoken[place{at.channel, root}], spoken[place{at.channel, ""}]); answer > x.TS {
				x.State, x.Answer = "answered", answer
			}
			continue
		}
		x.Unseen = x.State == "answered" && x.Answer != "" && !shown[place{at.channel, x.Answer}]
		x.Twice = x.turn != "" && parts[x.turn] > 0
	}
}

// marked reads the metadata that answers carry.
func marked(raw json.RawMessage) (turn, part string) {
	var m struct {
		EventType    string `json:"event_type"`
		EventPayload struct {
			Turn string      `json:"turn"`
			Part json.Number `json:"part"`
		} `json:"event_payload"`
	}
	if json.Unmarshal(raw, &m) != nil || m.EventType != metadataType {
		return "", ""
	}
	return m.EventPayload.Turn, m.EventPayload.Part.String()
}

// addressed says whether a person's message is for the assistant: any in its
// direct channel, elsewhere those that mention it.
func addressed(ch slacksim.Channel, m slacksim.Message, bot string) bool {
	switch m.Subtype {
	case "", "file_share", "thread_broadcast", "me_message":
	default:
		return false
	}
	if !slices.Contains(ch.Members, bot) {
		return false
	}
	return ch.IsIM || strings.Contains(m.Text, "<@"+bot+">")
}

func (s *Account) add(x Accounted, now time.Time) {
	s.In++
	switch x.State {
	case "answered":
		s.Answered++
	case "merged":
		s.Merged++
	case "declined":
		s.Declined++
	case "stopped":
		s.Stopped++
	case "failed":
		s.Failed++
	default:
		s.InFlight++
		if x.State == "unreceived" {
			s.Unreceived++
		}
		s.OldestMS = max(s.OldestMS, now.Sub(written(x.TS)).Milliseconds())
	}
	if x.Unseen {
		s.Unseen++
	}
	if x.Twice {
		s.Twice++
	}
}

// written is the time of a ts.
func written(ts string) time.Time {
	whole, micros, _ := strings.Cut(ts, ".")
	d, err := time.ParseDuration(whole + "s" + strings.TrimLeft(micros, "0") + "us")
	if err != nil {
		d, _ = time.ParseDuration(whole + "s")
	}
	return time.Unix(0, 0).Add(d)
}
