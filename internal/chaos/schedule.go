package chaos

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// Schedule is everything that people and the world do in a run, in the order of
// time. It follows from the options alone. When exactly a fault meets which
// message does not: that is the machine's timing, so a run is not repeated by its
// schedule, only tried again.
type Schedule struct {
	Options  Options           `json:"options"`
	Env      map[string]string `json:"env"` // settings of the replicas that the seed decides
	People   int               `json:"people"`
	Messages []Message         `json:"messages"`
	Faults   []Fault           `json:"faults"`
}

// Message is one that a person writes.
type Message struct {
	N      int `json:"n"`      // from 1
	At     int `json:"at"`     // milliseconds from the start
	Thread int `json:"thread"` // from 0
}

// Fault is one thing that goes wrong, or that a person does besides writing.
type Fault struct {
	At      int    `json:"at"`              // milliseconds from the start
	Kind    string `json:"kind"`            // see kinds
	For     int    `json:"for,omitempty"`   // milliseconds that it lasts
	Replica int    `json:"replica"`         // of the faults of a process
	Times   int    `json:"times,omitempty"` // how many calls or envelopes it meets
	Skip    int    `json:"skip,omitempty"`  // after so many that pass
	Method  string `json:"method,omitempty"`
	Form    string `json:"form,omitempty"`    // of the fault, as the simulator that does it calls it
	After   int    `json:"after,omitempty"`   // events of a stream that go well first
	Message int    `json:"message,omitempty"` // that a person stops, edits or deletes
}

// group is a kind of faults, how often they are drawn, and what they may do.
type group struct {
	kind     string
	weight   int
	model    bool // may end a turn as failed
	postgres bool // only with Postgres
	sqlite   bool // only with SQLite
	draw     func(d *dice, f *Fault)
}

// dice are the choices of a seed.
type dice struct {
	*rand.Rand
	o Options
}

// between is a number from lo to hi.
func (d *dice) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

func (d *dice) one(of ...string) string { return of[d.IntN(len(of))] }

// people is how many write; threadLife how many messages a thread has on
// average; active in how many threads people write at the same time.
const (
	people     = 40
	threadLife = 10
	active     = 150
)

// Draw makes the schedule of the options.
func Draw(o Options) Schedule {
	d := &dice{rand.New(rand.NewPCG(o.Seed, 0xc4a05)), o}
	s := Schedule{Options: o, Env: d.env(), People: people}
	end := d.messages(&s)
	d.faults(&s, end)
	return s
}

// env are the settings that change what a crash meets.
func (d *dice) env() map[string]string {
	env := map[string]string{
		"HOLDFAST_DRAIN_TIMEOUT": d.one("100ms", "1s", "10s"),
		"HOLDFAST_MIDTURN":       d.one("queue", "queue", "steer", "interrupt"),
	}
	if d.IntN(2) == 0 {
		env["HOLDFAST_STORE"], env["HOLDFAST_BACKGROUND"] = "true", "true"
	}
	if d.IntN(4) == 0 {
		env["SLACK_NATIVE_STREAMING"] = "false"
	}
	return env
}

// messages are written in some threads at a time, mostly one by one, some of them
// in bursts: what comes while an answer is being written is answered together.
func (d *dice) messages(s *Schedule) (end int) {
	open := make([]int, min(active, max(1, d.o.Turns/threadLife)))
	for i := range open {
		open[i] = i
	}
	next, at := len(open), 0.0
	for n := 1; n <= d.o.Turns; {
		i := d.IntN(len(open))
		burst := 1
		if d.IntN(12) == 0 {
			burst = d.between(2, 5)
		}
		for ; burst > 0 && n <= d.o.Turns; burst, n = burst-1, n+1 {
			s.Messages = append(s.Messages, Message{N: n, At: int(at), Thread: open[i]})
			if burst == 1 {
				at += d.ExpFloat64() / d.o.Rate * 1000
			} else {
				at += float64(d.between(0, 300))
			}
		}
		if d.IntN(threadLife) == 0 {
			open[i] = next
			next++
		}
	}
	return int(at)
}

func (d *dice) faults(s *Schedule, end int) {
	if d.o.Faults == 0 {
		return
	}
	var all []group
	sum := 0
	for _, g := range groups() {
		if g.postgres && d.o.Store != Postgres || g.sqlite && d.o.Store != SQLite {
			continue
		}
		if len(d.o.Only) > 0 && !slices.Contains(d.o.Only, g.kind) {
			continue
		}
		all = append(all, g)
		sum += g.weight
	}
	for at := 0.0; sum > 0; {
		at += d.ExpFloat64() / d.o.Faults * 60_000
		if int(at) >= end {
			break
		}
		pick := d.IntN(sum)
		i := 0
		for ; pick >= all[i].weight; i++ {
			pick -= all[i].weight
		}
		f := Fault{At: int(at), Kind: all[i].kind, Replica: d.IntN(d.o.Replicas)}
		if all[i].draw != nil {
			all[i].draw(d, &f)
		}
		s.Faults = append(s.Faults, f)
	}
	// A person acts on a message that was written shortly before.
	for i := range s.Faults {
		f := &s.Faults[i]
		if f.Message == 0 {
			continue
		}
		n, _ := slices.BinarySearchFunc(s.Messages, f.At, func(m Message, at int) int { return cmp.Compare(m.At, at) })
		f.Message = max(n, 1)
		f.At = s.Messages[f.Message-1].At + d.between(50, 1500)
	}
	slices.SortStableFunc(s.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}

// find is the group of a kind.
func find(kind string) (group, bool) {
	for _, g := range groups() {
		if g.kind == kind {
			return g, true
		}
	}
	return group{}, false
}

// check tells whether a schedule that was read can be run.
func (s *Schedule) check() error {
	threads := map[int]bool{}
	for i, m := range s.Messages {
		if m.N < 1 || m.N > 999_999 || m.Thread < 0 || m.At < 0 || i > 0 && (m.N <= s.Messages[i-1].N || m.At < s.Messages[i-1].At) {
			return fmt.Errorf("message %d of the schedule: numbers must grow from 1 and times must not go back", i+1)
		}
		threads[m.Thread] = true
	}
	if len(s.Messages) == 0 || s.People < 1 {
		return fmt.Errorf("the schedule has no messages, or nobody to write them")
	}
	for i, f := range s.Faults {
		if _, ok := find(f.Kind); !ok {
			return fmt.Errorf("fault %d of the schedule: no kind %q", i+1, f.Kind)
		}
		if f.Replica < 0 || f.Replica >= s.Options.Replicas {
			return fmt.Errorf("fault %d of the schedule: no replica %d", i+1, f.Replica)
		}
	}
	return nil
}

// ReadSchedule reads a schedule that an earlier run left.
func ReadSchedule(file string) (Schedule, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return Schedule{}, fmt.Errorf("read the schedule: %w", err)
	}
	var s Schedule
	if err := json.Unmarshal(b, &s); err != nil {
		return Schedule{}, fmt.Errorf("%s is no schedule: %w", file, err)
	}
	return s, nil
}

func (s *Schedule) write(file string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the schedule: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep the schedule: %w", err)
	}
	return nil
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
