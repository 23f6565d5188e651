package metric

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/internal/inbox"
)

// Inbox watches a store of envelopes.
func (s *Set) Inbox(store inbox.Store) inbox.Store { return entries{store, s} }

type entries struct {
	inbox.Store
	s *Set
}

func (d entries) Append(ctx context.Context, e inbox.Entry) (work bool, err error) {
	start := time.Now()
	work, err = d.Store.Append(ctx, e)
	d.s.stored("append", start, err)
	return work, err
}

func (d entries) Stop(ctx context.Context, e inbox.Entry) (lanes []string, err error) {
	start := time.Now()
	lanes, err = d.Store.Stop(ctx, e)
	d.s.stored("stop", start, err)
	return lanes, err
}

// Envelope counts one that came, with what became of it: "acked", "ack_lost",
// "refused" or "dropped". took is the time to its acknowledgement.
func (s *Set) Envelope(kind, result string, took time.Duration) {
	s.envelopes.add(1, kind, result)
	if result == "acked" {
		s.ack.observe(took)
	}
}

// Leaving counts a connection that Slack asked us to leave.
func (s *Set) Leaving(reason string) { s.leaves.add(1, reason) }

// Opened counts a try to open a connection: "connected" or "failed".
func (s *Set) Opened(result string) { s.opens.add(1, result) }

// Lost counts a connection that ended.
func (s *Set) Lost() { s.lost.add(1) }

// SlackSlot notes a wait for a slot of a method's rate.
func (s *Set) SlackSlot(method string, waited time.Duration) { s.slot.observe(waited, method) }

// SlackCall notes one request: "ok", or the class of its error.
func (s *Set) SlackCall(method, result string, took time.Duration) {
	s.slackCalls.add(1, method, result)
	s.slack.observe(took, method)
}

// Fallback counts an answer that goes on as an ordinary message.
func (s *Set) Fallback(reason string) { s.fallbacks.add(1, reason) }

// Missed counts a message that was fetched after a gap.
func (s *Set) Missed() { s.missed.add(1) }

// Filled counts a reading of a gap that ended.
func (s *Set) Filled(err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	s.fills.add(1, result)
}

// Now is what is read when somebody looks.
type Now struct {
	Running   func() int  // lanes that run here
	Sockets   func() int  // connections that are open
	ModelDown func() bool // calls are refused, as the endpoint is down
	// Waiting tells what no turn has begun: conversations, their messages, and
	// when the oldest came (zero if there is none).
	Waiting  func(context.Context) (lanes, messages int, oldest time.Time, err error)
	NotReady func() int // reasons not to be ready
}

// Handler serves all metrics in Prometheus' text format.
func (s *Set) Handler(now Now) http.Handler {
	gauges := prometheus.NewRegistry()
	add := func(name, help string, read func() float64) {
		gauges.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_" + name, Help: help}, read))
	}
	add("lanes_running", "Conversations with a turn in flight here.", func() float64 { return float64(now.Running()) })
	add("sockets", "Open connections to Slack.", func() float64 { return float64(now.Sockets()) })
	add("not_ready_reasons", "Reasons why /readyz says no; 0 is ready.", func() float64 { return float64(now.NotReady()) })
	add("model_down", "1 while calls of the model fail at once, as its endpoint is down.", func() float64 {
		if now.ModelDown() {
			return 1
		}
		return 0
	})
	gauges.MustRegister(&backlog{now: now,
		lanes:    prometheus.NewDesc("holdfast_lanes_waiting", "Conversations with messages that no turn has begun.", nil, nil),
		messages: prometheus.NewDesc("holdfast_messages_waiting", "Messages that no turn has begun.", nil, nil),
		oldest:   prometheus.NewDesc("holdfast_oldest_wait_seconds", "How long the oldest of them has waited.", nil, nil),
	})
	return promhttp.HandlerFor(prometheus.Gatherers{s.registry, gauges}, promhttp.HandlerOpts{})
}

// backlog reads the database when somebody looks; while the database does not
// answer, these metrics are missing rather than old.
type backlog struct {
	now                     Now
	lanes, messages, oldest *prometheus.Desc
}

func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	ch <- b.lanes
	ch <- b.messages
	ch <- b.oldest
}

func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lanes, messages, oldest, err := b.now.Waiting(ctx)
	if err != nil {
		return
	}
	var wait time.Duration
	if !oldest.IsZero() {
		wait = max(0, time.Since(oldest))
	}
	ch <- prometheus.MustNewConstMetric(b.lanes, prometheus.GaugeValue, float64(lanes))
	ch <- prometheus.MustNewConstMetric(b.messages, prometheus.GaugeValue, float64(messages))
	ch <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, wait.Seconds())
}
