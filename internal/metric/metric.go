package metric

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// The buckets, in seconds: of what takes milliseconds when all is well, and of
// what people wait for.
var (
	quick = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	waits = []float64{.05, .1, .25, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600}
)

// Set is all metrics of one process.
type Set struct {
	registry *prometheus.Registry

	ack, queue, sign, token, event, slot, slack, store *histogram
	finish                                             *histogram

	envelopes, leaves, turns, messages, failures    *counter
	calls, timeouts, recovered, resumes, tokens     *counter
	writes, slackCalls, fallbacks, storeErrors      *counter
	opens, fills                                    *counter
	continued, lost, leaseLosses, takenOver, missed *counter

	mu    sync.Mutex
	lanes map[string]*tracked // by lane: a lane runs one turn
	ids   map[string]*tracked // the same, by the turn's id
}

// New makes the metrics of a process that runs the given version.
func New(version string) *Set {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_info", Help: "Always 1; the label tells the version."}, []string{"version"})
	info.WithLabelValues(version).Set(1)
	r.MustRegister(info)
	s := &Set{registry: r, lanes: map[string]*tracked{}, ids: map[string]*tracked{}}

	s.ack = s.histogram("ack_seconds", "From the arrival of an envelope to its acknowledgement, durable commit included.", quick)
	s.queue = s.histogram("queue_wait_seconds", "From a message to the begin of its turn.", waits)
	s.sign = s.histogram("first_sign_seconds", "From a message to the first thing that Slack shows for its turn.", waits)
	s.token = s.histogram("first_token_seconds", "From a message to the first words of the model.", waits)
	s.finish = s.histogram("finish_seconds", "From a message to the end of its turn.", waits, "outcome")
	s.event = s.histogram("model_first_event_seconds", "From a call of the model to its first event.", waits)
	s.slot = s.histogram("slack_slot_wait_seconds", "Wait for a slot of Slack's rates.", waits, "method")
	s.slack = s.histogram("slack_call_seconds", "One request to Slack, without the wait for its slot.", quick, "method")
	s.store = s.histogram("store_seconds", "One call of the database.", quick, "call")

	s.envelopes = s.counter("envelopes_total", "Envelopes from Slack.", "type", "result")
	s.leaves = s.counter("socket_leaves_total", "Connections that Slack asked us to leave.", "reason")
	s.lost = s.counter("socket_lost_total", "Connections that ended, for whatever reason.")
	s.turns = s.counter("turns_total", "Turns that ended.", "outcome")
	s.messages = s.counter("messages_total", "Messages that got their outcome.", "outcome")
	s.failures = s.counter("failures_total", "Turns that failed, by reason.", "reason")
	s.calls = s.counter("model_calls_total", "Calls of the model: completed, incomplete, or the failure's code.", "result")
	s.timeouts = s.counter("timeouts_total", "Deadlines of the model that passed.", "kind")
	s.recovered = s.counter("timeouts_recovered_total", "Turns that met a timeout, by what came of it.", "how")
	s.resumes = s.counter("resumes_total", "Turns that were taken up again after a crash, a lost lease or a stop of the process.", "after")
	s.tokens = s.counter("tokens_total", "Tokens, as the endpoint counts them.", "kind")
	s.writes = s.counter("writes_total", "Visible writes to Slack and what became of them.", "method", "state")
	s.continued = s.counter("continuations_total", "Further messages of answers that one message does not hold.")
	s.fallbacks = s.counter("stream_fallbacks_total", "Answers that could not be a native stream, or not any more.", "reason")
	s.slackCalls = s.counter("slack_calls_total", "Requests to Slack: ok, or the class of the error.", "method", "result")
	s.leaseLosses = s.counter("lease_losses_total", "Times that this replica was taken for dead.")
	s.takenOver = s.counter("lanes_taken_over_total", "Lanes that this replica freed of a lost one.")
	s.storeErrors = s.counter("store_errors_total", "Calls of the database that failed.", "call")
	s.opens = s.counter("socket_opens_total", "Tries to open a connection to Slack.", "result")
	s.fills = s.counter("gap_fills_total", "Readings of what may have been missed.", "result")
	s.missed = s.counter("gap_messages_total", "Messages fetched that may have been missed.")
	return s
}

// counter is a counter whose labels are bounded.
type counter struct {
	vec  *prometheus.CounterVec
	seen words
}

func (s *Set) counter(name, help string, labels ...string) *counter {
	c := &counter{vec: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_" + name, Help: help}, labels)}
	if len(labels) == 0 {
		c.vec.WithLabelValues() // so that it is there from the start
	}
	s.registry.MustRegister(c.vec)
	return c
}

func (c *counter) add(n float64, labels ...string) {
	c.vec.WithLabelValues(c.seen.bound(labels)...).Add(n)
}

// histogram is a histogram whose labels are bounded.
type histogram struct {
	vec  *prometheus.HistogramVec
	seen words
}

func (s *Set) histogram(name, help string, buckets []float64, labels ...string) *histogram {
	h := &histogram{vec: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_" + name, Help: help, Buckets: buckets}, labels)}
	if len(labels) == 0 {
		h.vec.WithLabelValues()
	}
	s.registry.MustRegister(h.vec)
	return h
}

func (h *histogram) observe(d time.Duration, labels ...string) {
	h.vec.WithLabelValues(h.seen.bound(labels)...).Observe(d.Seconds())
}

// maxWords is how many values a metric's labels may have together.
const maxWords = 60

// words bounds what labels say: codes come from other people's servers.
type words struct {
	mu   sync.Mutex
	seen map[string]bool
}

// bound replaces what is one too many by "other", and nothing by "none".
func (w *words) bound(labels []string) []string {
	if len(labels) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	out := make([]string, len(labels))
	for i, l := range labels {
		switch {
		case l == "":
			l = "none"
		case w.seen[l]:
		case len(w.seen) >= maxWords || len(l) > 60:
			l = "other"
		default:
			w.seen[l] = true
		}
		out[i] = l
	}
	return out
}
