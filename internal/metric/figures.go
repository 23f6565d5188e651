package metric

import (
	"fmt"
	"io"
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	naming "github.com/prometheus/common/model"
)

// Figures are what a dashboard, a bench or a check for leaks wants to know of one
// process at one moment. Counts are since its start.
type Figures struct {
	Version  string `json:"version"`
	NotReady int    `json:"not_ready_reasons"` // 0: ready
	Sockets  int    `json:"sockets"`           // open connections to Slack

	Running int `json:"lanes_running"` // conversations with a turn in flight
	// Backlog is nil while the database does not answer.
	Backlog *Backlog `json:"backlog,omitempty"`

	Messages  map[string]int64 `json:"messages"` // with their one outcome, by it
	Turns     map[string]int64 `json:"turns"`    // that ended, by outcome
	Failures  map[string]int64 `json:"failures"` // turns, by the failure's code
	Timeouts  map[string]int64 `json:"timeouts"` // by deadline
	Recovered map[string]int64 `json:"timeouts_recovered"`
	Resumes   int64            `json:"resumes"`
	Limited   int64            `json:"rate_limited"` // calls that Slack answered with 429, or that got no slot in time
	ModelDown bool             `json:"model_down"`

	Ack    Spread `json:"ack"`
	Queue  Spread `json:"queue_wait"`
	Sign   Spread `json:"first_sign"`
	Token  Spread `json:"first_token"`
	Finish Spread `json:"finish"` // whatever the outcome

	Goroutines int   `json:"goroutines"`
	OpenFiles  int   `json:"open_files"`     // of all kinds, connections among them; 0: the system does not tell
	Memory     int64 `json:"resident_bytes"` // 0: the system does not tell
}

// Backlog is what no turn has begun.
type Backlog struct {
	Lanes    int           `json:"lanes"`
	Messages int           `json:"messages"`
	Oldest   time.Duration `json:"oldest_ns"` // wait of the oldest; 0 if there is none
}

// Spread is how long something took: percentiles, as near as the histogram's
// buckets let one say. Beyond the last bucket they are its bound.
type Spread struct {
	Count int64         `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P95   time.Duration `json:"p95_ns"`
	P99   time.Duration `json:"p99_ns"`
}

// Read takes the figures from a page that [Set.Handler] wrote, perhaps that of
// another process. What the page lacks is zero.
func Read(page io.Reader) (Figures, error) {
	parser := expfmt.NewTextParser(naming.LegacyValidation)
	all, err := parser.TextToMetricFamilies(page)
	if err != nil {
		return Figures{}, fmt.Errorf("read metrics: %w", err)
	}
	p := families(all)
	f := Figures{
		NotReady: int(p.value("holdfast_not_ready_reasons")), Sockets: int(p.value("holdfast_sockets")),
		Running:  int(p.value("holdfast_lanes_running")),
		Messages: p.by("holdfast_messages_total"), Turns: p.by("holdfast_turns_total"), Failures: p.by("holdfast_failures_total"),
		Timeouts: p.by("holdfast_timeouts_total"), Recovered: p.by("holdfast_timeouts_recovered_total"),
		Resumes: int64(p.value("holdfast_resumes_total")), ModelDown: p.value("holdfast_model_down") > 0,
		Ack: p.spread("holdfast_ack_seconds"), Queue: p.spread("holdfast_queue_wait_seconds"), Sign: p.spread("holdfast_first_sign_seconds"),
		Token: p.spread("holdfast_first_token_seconds"), Finish: p.spread("holdfast_finish_seconds"),
		Goroutines: int(p.value("go_goroutines")), OpenFiles: int(p.value("process_open_fds")), Memory: int64(p.value("process_resident_memory_bytes")),
	}
	for _, m := range p["holdfast_info"].GetMetric() {
		f.Version = label(m, "version")
	}
	for _, m := range p["holdfast_slack_calls_total"].GetMetric() {
		if label(m, "result") == "limited" {
			f.Limited += int64(m.GetCounter().GetValue())
		}
	}
	if p["holdfast_lanes_waiting"] != nil {
		f.Backlog = &Backlog{
			Lanes: int(p.value("holdfast_lanes_waiting")), Messages: int(p.value("holdfast_messages_waiting")),
			Oldest: seconds(p.value("holdfast_oldest_wait_seconds")),
		}
	}
	return f, nil
}

// families are metrics by name.
type families map[string]*dto.MetricFamily

// value adds up a metric's numbers over all its labels.
func (p families) value(name string) (sum float64) {
	for _, m := range p[name].GetMetric() {
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return sum
}

// by is a counter by its only label.
func (p families) by(name string) map[string]int64 {
	by := map[string]int64{}
	for _, m := range p[name].GetMetric() {
		for _, l := range m.GetLabel() {
			by[l.GetValue()] = int64(m.GetCounter().GetValue())
		}
	}
	return by
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// spread is that of a histogram over all its labels, which have the same buckets.
func (p families) spread(name string) Spread {
	var bounds, counts []float64 // counts are of what took at most the bound
	var total float64
	for _, m := range p[name].GetMetric() {
		h := m.GetHistogram()
		total += float64(h.GetSampleCount())
		n := 0
		for _, b := range h.GetBucket() {
			if math.IsInf(b.GetUpperBound(), 1) {
				continue
			}
			if n == len(bounds) {
				bounds, counts = append(bounds, b.GetUpperBound()), append(counts, 0)
			}
			counts[n] += float64(b.GetCumulativeCount())
			n++
		}
	}
	at := func(share float64) time.Duration {
		want, below, from := share*total, 0.0, 0.0
		for i, n := range counts {
			if n >= want && n > below {
				return seconds(from + (bounds[i]-from)*(want-below)/(n-below))
			}
			below, from = n, bounds[i]
		}
		return seconds(from)
	}
	if total == 0 {
		return Spread{}
	}
	return Spread{Count: int64(total), P50: at(0.50), P95: at(0.95), P99: at(0.99)}
}
