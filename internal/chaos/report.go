package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Result is what one run came to.
type Result struct {
	Started    time.Time         `json:"started"`
	Options    Options           `json:"options"`
	Env        map[string]string `json:"env"`
	Messages   int               `json:"messages"` // that people wrote
	Threads    int               `json:"threads"`
	Turns      int               `json:"turns"`
	Outcomes   map[string]int    `json:"outcomes"` // of messages
	Failures   map[string]int    `json:"failures"` // of turns, by reason
	Faults     map[string]int    `json:"faults"`   // that took place, by kind and form
	Skipped    int               `json:"skipped"`  // faults that found nothing to do
	Lives      int               `json:"lives"`    // processes that were started
	Resume     Spread            `json:"resume_ms"`
	Takeover   Spread            `json:"takeover_ms"`
	Performed  float64           `json:"performed_seconds"`
	Seconds    float64           `json:"seconds"`
	Violations []Violation       `json:"violations"`
	Folder     string            `json:"folder,omitempty"` // of the evidence
}

// Clean says whether every promise was kept.
func (r Result) Clean() bool { return len(r.Violations) == 0 }

// Spread sums up some times, in milliseconds.
type Spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	Max   float64 `json:"max"`
}

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	values = slices.Sorted(slices.Values(values))
	at := func(p float64) float64 { return values[min(len(values)-1, int(p*float64(len(values))))] }
	return Spread{len(values), at(0.50), at(0.95), values[len(values)-1]}
}

func (r *run) result(e Evidence, l logs, performed time.Duration) Result {
	x := Result{
		Started: r.began, Options: r.schedule.Options, Env: r.schedule.Env, Messages: len(e.Letters), Turns: len(e.Books.Turns),
		Outcomes: map[string]int{}, Failures: map[string]int{}, Faults: map[string]int{}, Skipped: r.skipped, Lives: len(r.fleet.lives()),
		Resume: spread(l.resumes), Takeover: spread(l.takeover), Performed: performed.Seconds(), Seconds: time.Since(r.began).Seconds(),
		Violations: r.violations, Folder: r.dir,
	}
	threads := map[place]bool{}
	for _, m := range e.Letters {
		threads[m.place()] = true
	}
	x.Threads = len(threads)
	for _, b := range e.Books.Entries {
		x.Outcomes[b.Outcome]++
	}
	for _, t := range e.Books.Turns {
		if t.State == "failed" {
			x.Failures[t.Reason]++
		}
	}
	for _, f := range e.Faults {
		name := f.Kind
		for _, more := range []string{f.Method, f.Form} {
			if more != "" {
				name += " " + more
			}
		}
		x.Faults[name]++
	}
	return x
}

func (r Result) write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	return nil
}

// Write writes the result for people.
func (r Result) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages in %d threads, %d turns, on %s with %d replicas (%d processes in all): %.0f s\n",
		r.Messages, r.Threads, r.Turns, r.Options.Store, r.Options.Replicas, r.Lives, r.Seconds)
	fmt.Fprintf(&b, "  outcomes   %s\n", counts(r.Outcomes))
	if len(r.Failures) > 0 {
		fmt.Fprintf(&b, "  failed     %s (and said so)\n", counts(r.Failures))
	}
	kinds, sum := map[string]int{}, 0
	for name, n := range r.Faults {
		kind, _, _ := strings.Cut(name, " ")
		kinds[kind] += n
		sum += n
	}
	fmt.Fprintf(&b, "  faults     %d: %s; %d found nothing to do\n", sum, counts(kinds), r.Skipped)
	for _, t := range []struct {
		name string
		of   Spread
	}{{"resumes", r.Resume}, {"takeovers", r.Takeover}} {
		if t.of.Count > 0 {
			fmt.Fprintf(&b, "  %-10s %d, after %.0f ms p50, %.0f ms p95, %.0f ms at most\n", t.name, t.of.Count, t.of.P50, t.of.P95, t.of.Max)
		}
	}
	const most = 20
	for i, v := range r.Violations {
		if i == most {
			fmt.Fprintf(&b, "  … and %d more\n", len(r.Violations)-most)
			break
		}
		fmt.Fprintf(&b, "  VIOLATION  %s\n", v)
	}
	if r.Clean() {
		b.WriteString("  clean: every message has its one outcome, every chain is whole\n")
	}
	if r.Folder != "" {
		fmt.Fprintf(&b, "  evidence   %s\n", r.Folder)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// counts lists what there is of each, the most first.
func counts(m map[string]int) string {
	if len(m) == 0 {
		return "none"
	}
	names := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(names, func(a, b string) int { return m[b] - m[a] })
	var list []string
	for _, n := range names {
		list = append(list, fmt.Sprintf("%s %d", n, m[n]))
	}
	return strings.Join(list, ", ")
}

// progress tells how a run goes: on a terminal in one line that changes, else in
// a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	told     time.Time
	open     bool // a line that is to be overwritten
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// now replaces what was said last.
func (p *progress) now(format string, args ...any) {
	switch {
	case p.terminal:
		fmt.Fprintf(p.out, "\r\x1b[K"+format, args...)
		p.open = true
	case time.Since(p.told) >= 10*time.Second:
		p.told = time.Now()
		fmt.Fprintf(p.out, format+"\n", args...)
	}
}

// line is said once and stays.
func (p *progress) line(format string, args ...any) {
	p.end()
	fmt.Fprintf(p.out, format+"\n", args...)
}

func (p *progress) end() {
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}
