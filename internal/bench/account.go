package bench

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"holdfast/internal/modelsim"
)

// Result is one run of one bot. Times are milliseconds from the sending of a
// message; nil figures are not known.
type Result struct {
	Bot    string  `json:"bot"`
	Number int     `json:"run"`
	Ready  float64 `json:"ready_ms"` // from its start to its first socket

	Messages   int `json:"messages"`    // hung ones apart
	Answered   int `json:"answered"`    // by an answer of their own, or one to a later message that was asked together with them
	Merged     int `json:"merged"`      // of these, the latter
	Doubled    int `json:"doubled"`     // of these, with more than one whole answer
	Failed     int `json:"failed"`      // something was said, but not the whole answer
	Refused    int `json:"turned_away"` // the bot said that it was busy, and forgot the message
	Unanswered int `json:"unanswered"`  // nothing was said
	Hung       int `json:"hung"`        // messages whose model call hangs for ever
	HungSigns  int `json:"hung_signs"`  // of these, with a visible sign that they were noticed

	Ack   Spread `json:"ack_ms"`        // of an envelope, from sent to acknowledged
	Sign  Spread `json:"sign_ms"`       // first visible sign of any kind
	First Spread `json:"first_text_ms"` // first words of the answer
	Final Spread `json:"final_text_ms"` // the whole answer, at rest

	Seconds float64 `json:"seconds"`             // from the first message to the last answer
	Rate    float64 `json:"messages_per_second"` // answered in that time

	CPU     *float64 `json:"cpu_ms_per_message"`
	SimCPU  *float64 `json:"simulators_cpu_ms_per_message"`
	IdleRSS *int64   `json:"idle_rss_bytes"` // before the first message that counts
	PeakRSS *int64   `json:"peak_rss_bytes"`
	Threads *int     `json:"os_threads"`

	IdleGoroutines *int `json:"idle_goroutines"` // before the first message that counts
	Goroutines     *int `json:"goroutines"`      // after the last answer: more by those of calls that still hang
	IdleFiles      *int `json:"idle_open_files"`
	Files          *int `json:"open_files"`

	Calls       map[string]float64 `json:"calls_per_message"` // Web API, by method
	AllCalls    float64            `json:"all_calls_per_message"`
	Limited     int                `json:"rate_limited"`  // calls answered 429
	NotOK       int                `json:"refused_calls"` // calls answered ok:false
	Redelivered int                `json:"redelivered"`   // envelopes sent once more, for want of an acknowledgement
	ModelCalls  float64            `json:"model_calls_per_message"`
	ModelAtOnce int                `json:"model_calls_at_once"` // at most
}

// Lost are the messages without an answer, which their writers have to write again.
func (r Result) Lost() int { return r.Messages - r.Answered }

// Clean says whether every message, hung ones apart, has exactly one answer.
func (r Result) Clean() bool { return r.Answered == r.Messages && r.Doubled == 0 }

// account closes the books of a run that began at a time.
func (w *watch) account(o Options, asked []modelsim.Request, began time.Time) Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	said, calls := w.read(), w.marks.byNumber(asked)
	r := Result{Calls: map[string]float64{}, Limited: w.limited, NotOK: w.refused, Redelivered: len(w.again)}
	var signs, firsts, finals []float64
	last := began
	for _, t := range w.threads {
		refusals := t.refusals
		for n, e := range t.entries {
			if e.kind == 'h' {
				r.Hung++
				if !e.sign.IsZero() {
					r.HungSigns++
				}
			}
			if e.kind != 'm' {
				continue
			}
			r.Messages++
			if !e.sign.IsZero() {
				signs = append(signs, millis(e.sign.Sub(e.sent)))
			}
			by := e
			if !said.whole(o, e) {
				by = covering(t.entries[n+1:], e, calls, func(x *entry) bool { return said.whole(o, x) })
			}
			switch {
			case by == nil && refusals > 0:
				refusals--
				r.Refused++
				continue
			case by == nil && said.something(e):
				r.Failed++
				continue
			case by == nil:
				r.Unanswered++
				continue
			case by != e:
				r.Merged++
			}
			r.Answered++
			if said.endings[e.number] > 1 {
				r.Doubled++
			}
			firsts = append(firsts, millis(by.first.Sub(e.sent)))
			finals = append(finals, millis(by.final.Sub(e.sent)))
			if by.final.After(last) {
				last = by.final
			}
		}
	}
	acks := make([]float64, 0, len(w.acks))
	for _, ms := range w.acks {
		acks = append(acks, ms)
	}
	r.Ack, r.Sign, r.First, r.Final = spread(acks), spread(signs), spread(firsts), spread(finals)
	if r.Seconds = last.Sub(began).Seconds(); r.Seconds > 0 {
		r.Rate = float64(r.Answered) / r.Seconds
	}
	for method, n := range w.calls {
		r.Calls[method] = float64(n) / float64(o.Messages)
		r.AllCalls += r.Calls[method]
	}
	return r
}

// byNumber sorts model calls by the message that they are to answer: the newest.
func (k marks) byNumber(asked []modelsim.Request) map[string][]modelsim.Request {
	all := map[string][]modelsim.Request{}
	for _, q := range asked {
		if numbers := k.number.FindAllString(q.LastUser, -1); len(numbers) > 0 {
			newest := numbers[len(numbers)-1]
			all[newest] = append(all[newest], q)
		}
	}
	return all
}

// covering returns the first of the later messages that has an answer and whose
// model call held e as well; none if the model was asked about e for itself.
func covering(later []*entry, e *entry, calls map[string][]modelsim.Request, whole func(*entry) bool) *entry {
	if len(calls[e.number]) > 0 {
		return nil
	}
	for _, x := range later {
		if whole(x) && slices.ContainsFunc(calls[x.number], func(q modelsim.Request) bool {
			// Bodies that are long ago are forgotten; the order must do then.
			return q.Body == nil || bytes.Contains(q.Body, []byte(e.number))
		}) {
			return x
		}
	}
	return nil
}

// saying is all that the bot has said when a run is over.
type saying struct {
	threads map[place]string // letters of all it said in a thread, or in a channel outside threads
	last    map[place]string // ts of the last of it, ephemeral messages too
	endings map[string]int   // by number
}

// read reads the workspace.
func (w *watch) read() saying {
	s := saying{threads: map[place]string{}, last: map[place]string{}, endings: map[string]int{}}
	texts := map[place]*strings.Builder{}
	channels := map[string]bool{}
	for at := range w.threads {
		channels[at.channel] = true
	}
	add := func(at place, ts, text string) {
		if strings.TrimSpace(text) == "" {
			return
		}
		if texts[at] == nil {
			texts[at] = &strings.Builder{}
		}
		texts[at].WriteString(letters(text))
		s.last[at] = max(s.last[at], ts) // of one length, so the order is that of time
		for _, number := range w.marks.ended(text) {
			s.endings[number]++
		}
	}
	for channel := range channels {
		for _, m := range w.sim.Messages(channel) {
			if m.User == w.app.BotUserID || m.BotID != "" && m.BotID == w.app.BotID {
				add(place{channel, m.ThreadTS}, m.TS, text(&m))
			}
		}
	}
	for _, e := range w.sim.Ephemerals() {
		add(place{e.Channel, e.ThreadTS}, e.TS, e.Text)
	}
	for at, b := range texts {
		s.threads[at] = b.String()
	}
	return s
}

// whole says whether all of the answer to e is there, in its thread or beside it.
func (s saying) whole(o Options, e *entry) bool {
	if e.final.IsZero() {
		return false
	}
	want := letters(strings.ReplaceAll(answer(o.AnswerChars), "$1", e.number))
	return strings.Contains(s.threads[place{e.thread.channel, e.thread.root}], want) ||
		strings.Contains(s.threads[place{e.thread.channel, ""}], want)
}

// something says whether the bot wrote anything in the thread since e.
func (s saying) something(e *entry) bool {
	return s.last[place{e.thread.channel, e.thread.root}] > e.ts
}
