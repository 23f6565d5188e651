package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Report is everything that was measured, and where, and how.
type Report struct {
	Started time.Time `json:"started"`
	Machine Machine   `json:"machine"`
	Options Options   `json:"options"`
	Runs    []Result  `json:"runs"`
}

// Clean says whether every message of every run, hung ones apart, has exactly
// one answer.
func (r Report) Clean() bool {
	return !slices.ContainsFunc(r.Runs, func(x Result) bool { return !x.Clean() })
}

// runs are those of one bot.
func (r Report) runs(bot string) []Result {
	return slices.DeleteFunc(slices.Clone(r.Runs), func(x Result) bool { return x.Bot != bot })
}

// row is one line of the table.
type row struct {
	name string
	of   func(Result) (float64, bool) // false: not known
	show func(float64) string
	sum  bool // over all runs, in place of their median
}

// rows are the figures that the table shows; the JSON has them all.
func rows() []row {
	var all []row
	count := func(name string, of func(Result) int) {
		all = append(all, row{name, func(r Result) (float64, bool) { return float64(of(r)), true }, whole, true})
	}
	times := func(name string, of func(Result) Spread) {
		for _, p := range []struct {
			name string
			of   func(Spread) float64
		}{
			{"p50", func(s Spread) float64 { return s.P50 }}, {"p95", func(s Spread) float64 { return s.P95 }},
			{"p99", func(s Spread) float64 { return s.P99 }}, {"max", func(s Spread) float64 { return s.Max }},
		} {
			all = append(all, row{name + " " + p.name + ", ms", func(r Result) (float64, bool) { s := of(r); return p.of(s), s.Count > 0 }, short, false})
		}
	}
	figure := func(name string, of func(Result) float64) {
		all = append(all, row{name, func(r Result) (float64, bool) { return of(r), true }, short, false})
	}
	maybe := func(name string, of func(Result) *float64) {
		all = append(all, row{name, func(r Result) (float64, bool) {
			if v := of(r); v != nil {
				return *v, true
			}
			return 0, false
		}, short, false})
	}
	mega := func(b *int64) *float64 {
		if b == nil {
			return nil
		}
		return new(float64(*b) / (1 << 20))
	}
	count("messages", func(r Result) int { return r.Messages })
	count("answered", func(r Result) int { return r.Answered })
	count("… together with a later one", func(r Result) int { return r.Merged })
	count("… more than once", func(r Result) int { return r.Doubled })
	count("failed, and said so", func(r Result) int { return r.Failed })
	count("refused, as its thread was busy", func(r Result) int { return r.Refused })
	count("unanswered", func(r Result) int { return r.Unanswered })
	count("lost: to be written again", Result.Lost)
	count("hung", func(r Result) int { return r.Hung })
	count("… with a sign all the same", func(r Result) int { return r.HungSigns })
	times("ack", func(r Result) Spread { return r.Ack })
	times("first sign", func(r Result) Spread { return r.Sign })
	times("first text", func(r Result) Spread { return r.First })
	times("final text", func(r Result) Spread { return r.Final })
	figure("messages a second", func(r Result) float64 { return r.Rate })
	maybe("CPU a message, ms", func(r Result) *float64 { return r.CPU })
	maybe("… of the simulators, ms", func(r Result) *float64 { return r.SimCPU })
	maybe("memory idle, MiB", func(r Result) *float64 { return mega(r.IdleRSS) })
	maybe("memory peak, MiB", func(r Result) *float64 { return mega(r.PeakRSS) })
	number := func(n *int) *float64 {
		if n == nil {
			return nil
		}
		return new(float64(*n))
	}
	maybe("goroutines idle", func(r Result) *float64 { return number(r.IdleGoroutines) })
	maybe("… after the last answer", func(r Result) *float64 { return number(r.Goroutines) })
	maybe("open files idle", func(r Result) *float64 { return number(r.IdleFiles) })
	maybe("… after the last answer", func(r Result) *float64 { return number(r.Files) })
	figure("start to connected, ms", func(r Result) float64 { return r.Ready })
	figure("Web API calls a message", func(r Result) float64 { return r.AllCalls })
	count("calls rate-limited", func(r Result) int { return r.Limited })
	count("calls refused", func(r Result) int { return r.NotOK })
	count("envelopes sent again", func(r Result) int { return r.Redelivered })
	figure("model calls a message", func(r Result) float64 { return r.ModelCalls })
	return all
}

func whole(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

// short has about three digits that count, or all before the point.
func short(v float64) string {
	digits := 2
	switch {
	case v > 0 && v < 0.1:
		return strconv.FormatFloat(v, 'g', 2, 64)
	case v >= 100:
		digits = 0
	case v >= 10:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// cell shows a figure over the runs of a bot: their sum, or their median and, of
// several runs, from where to where they go. value is what was shown.
func (w row) cell(runs []Result) (text string, value float64, ok bool) {
	var values []float64
	for _, r := range runs {
		if v, known := w.of(r); known {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return "–", 0, false
	}
	if w.sum {
		for _, v := range values {
			value += v
		}
		return w.show(value), value, true
	}
	value = median(values)
	text = w.show(value)
	if len(values) > 1 {
		text += " (" + w.show(slices.Min(values)) + "–" + w.show(slices.Max(values)) + ")"
	}
	return text, value, true
}

// Write writes the report for people: a table in Markdown.
func (r Report) Write(to io.Writer) error {
	o := r.Options
	var b strings.Builder
	cpu := ""
	if r.Machine.CPU != "" {
		cpu = " (" + r.Machine.CPU + ")"
	}
	fmt.Fprintf(&b, "%d cores%s, %s, %s, holdfast %s, %s\n", r.Machine.Cores, cpu, r.Machine.OS, r.Machine.Go, r.Machine.Version, r.Started.Format("2006-01-02 15:04"))
	pace := "all at once"
	if o.Rate > 0 {
		pace = short(o.Rate) + " a second"
	}
	limits := "off"
	if o.Limits {
		limits = "on"
	}
	speed := "at once"
	if o.TPS > 0 {
		speed = short(o.TPS) + " tokens a second"
	}
	if o.SlackRate != 1 {
		limits += ", the assistant's pace " + short(o.SlackRate) + " times theirs"
	}
	hung := strconv.FormatFloat(100*o.Hung, 'g', 4, 64) + " %"
	if o.HungCalls > 0 {
		hung += fmt.Sprintf(", and %d calls before", o.HungCalls)
	}
	fmt.Fprintf(&b, "%d messages in %d threads of %d people, %s; model: first word after %s, %s, %d characters; hung %s; Slack's rate limits %s; runs %d\n\n",
		o.Messages, o.Threads, o.People, pace, o.TTFT, speed, o.AnswerChars, hung, limits, o.Repeat)

	legs := o.legs()
	head, ratios := []string{""}, []string(nil)
	for _, leg := range legs {
		head = append(head, leg.Name)
		if leg.beside != "" {
			ratios = append(ratios, leg.Name+" ÷ "+leg.beside)
		}
	}
	table := [][]string{append(head, ratios...)}
	for _, w := range rows() {
		line, ratios := []string{w.name}, []string(nil)
		values := map[string]float64{} // those that are known
		for _, leg := range legs {
			text, value, ok := w.cell(r.runs(leg.Name))
			line = append(line, text)
			if ok {
				values[leg.Name] = value
			}
			if leg.beside == "" {
				continue
			}
			by := ""
			if base := values[leg.beside]; ok && !w.sum && base > 0 {
				by = short(value / base)
			}
			ratios = append(ratios, by)
		}
		table = append(table, append(line, ratios...))
	}
	writeTable(&b, table)
	for _, leg := range legs {
		fmt.Fprintf(&b, "\nWeb API calls a message, %s: %s\n", leg.Name, calls(r.runs(leg.Name)))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// calls lists the methods that a bot called, the most used first, by the mean of
// its runs.
func calls(runs []Result) string {
	sum := map[string]float64{}
	for _, r := range runs {
		for method, n := range r.Calls {
			sum[method] += n / float64(len(runs))
		}
	}
	methods := slices.SortedFunc(maps.Keys(sum), func(a, b string) int {
		return cmp.Or(cmp.Compare(sum[b], sum[a]), strings.Compare(a, b))
	})
	var list []string
	for _, m := range methods {
		list = append(list, m+" "+short(sum[m]))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// writeTable writes a Markdown table whose columns also line up as they stand,
// numbers to the right.
func writeTable(b *strings.Builder, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	pad := func(cell string, i int) string {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			return cell + space
		}
		return space + cell
	}
	for n, line := range table {
		for i, cell := range line {
			b.WriteString("| " + pad(cell, i) + " ")
		}
		b.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i, w := range widths {
			rule := strings.Repeat("-", w)
			if i > 0 {
				rule = rule[1:] + ":"
			}
			b.WriteString("| " + rule + " ")
		}
		b.WriteString("|\n")
	}
}
