package modelsim

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what the simulator remembers of one request under /v1.
type Request struct {
	N          int               `json:"n"`  // running number since New, from 1
	ID         string            `json:"id"` // the x-request-id of its reply
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Query      string            `json:"query,omitempty"`
	Header     http.Header       `json:"header"` // Authorization is masked
	Body       json.RawMessage   `json:"body,omitempty"`
	Model      string            `json:"model,omitempty"`
	User       string            `json:"user,omitempty"` // safety_identifier
	Metadata   map[string]string `json:"metadata,omitempty"`
	LastUser   string            `json:"last_user,omitempty"` // newest user text
	Stream     bool              `json:"stream,omitempty"`
	Background bool              `json:"background,omitempty"`

	Arrived  time.Time `json:"arrived"`
	Closed   time.Time `json:"closed,omitzero"` // zero while it is open
	Status   int       `json:"status,omitempty"`
	Response string    `json:"response,omitempty"` // response id
	Outcome  string    `json:"outcome,omitempty"`  // status of the Response at the end
	Rule     string    `json:"rule,omitempty"`
	Shape    string    `json:"shape,omitempty"`
	Fault    FaultKind `json:"fault,omitempty"` // planned; Stats counts those that came about
	Error    string    `json:"error,omitempty"` // the refusal that was sent
	// Cancelled: the client left before the answer was whole.
	Cancelled bool `json:"cancelled,omitempty"`
	// Wasted: the answer was finished although the client had left (F21).
	Wasted bool `json:"wasted,omitempty"`
	// Repeated: the same body for the same metadata.turn_id had already been
	// answered with 200, so it is paid for twice.
	Repeated bool  `json:"repeated,omitempty"`
	Events   int64 `json:"events,omitempty"` // stream events written
	Bytes    int64 `json:"bytes"`            // body bytes written
}

// Stats counts since New. Requests to /_sim are not counted.
type Stats struct {
	Requests          int            `json:"requests"`
	Active            int            `json:"active"`
	MaxActive         int            `json:"max_active"`
	Streams           int            `json:"streams"` // open event streams
	MaxStreams        int            `json:"max_streams"`
	Completed         int            `json:"completed"` // whole replies with a status under 400
	Refused           int            `json:"refused"`   // replies with a status of 400 or more
	Cancelled         int            `json:"cancelled"` // clients that left early
	Wasted            int            `json:"wasted"`
	Repeated          int            `json:"repeated"`
	Events            int64          `json:"events"`
	Bytes             int64          `json:"bytes"`
	Faults            map[string]int `json:"faults"` // faults that came about, by kind
	Stored            int            `json:"stored"`
	BackgroundRunning int            `json:"background_running"`
}

const keptBodies = 64 << 20 // bytes of request bodies remembered

type recorder struct {
	waiters atomic.Int64
	events  atomic.Int64
	bytes   atomic.Int64

	mu     sync.Mutex
	change chan struct{}
	keep   int
	list   []*record
	bodies int
	st     Stats
	turns  map[uint64]bool // hash of turn_id and body, answered with 200
}

// record is a Request while it is being filled.
type record struct {
	of     *recorder
	events atomic.Int64
	bytes  atomic.Int64
	turn   uint64

	Request // guarded by of.mu
}

func (r *recorder) init(keep int) {
	r.keep = keep
	r.change = make(chan struct{})
	r.st.Faults = map[string]int{}
	r.turns = map[uint64]bool{}
}

// changed returns a channel that is closed at the next change.
func (r *recorder) changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.change
}

// notify wakes the waiters. The caller holds mu.
func (r *recorder) notify() {
	if r.waiters.Load() > 0 {
		close(r.change)
		r.change = make(chan struct{})
	}
}

// add remembers a request that has arrived.
func (r *recorder) add(q Request) *record {
	rec := &record{of: r, Request: q}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, rec)
	if len(r.list) > r.keep {
		r.bodies -= len(r.list[0].Body)
		r.list[0] = nil
		r.list = r.list[1:]
	}
	r.st.Requests++
	rec.N = r.st.Requests
	r.st.Active++
	r.st.MaxActive = max(r.st.MaxActive, r.st.Active)
	r.notify()
	return rec
}

// learn notes what the body says.
func (rec *record) learn(q *request) {
	r := rec.of
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Body, rec.Model, rec.User, rec.LastUser = q.body, q.Model, q.SafetyIdentifier, q.lastUser
	rec.Stream, rec.Background, rec.Metadata = q.Stream, q.Background, q.Metadata
	r.bodies += len(q.body)
	for i := 0; r.bodies > keptBodies && i < len(r.list); i++ {
		r.bodies -= len(r.list[i].Body)
		r.list[i].Body = nil
	}
	if turn := q.Metadata["turn_id"]; turn != "" {
		h := fnv.New64a()
		_, _ = h.Write([]byte(turn)) // a hash never fails
		_, _ = h.Write(q.body)
		rec.turn = h.Sum64()
		if r.turns[rec.turn] {
			rec.Repeated = true
			r.st.Repeated++
		}
	}
	r.notify()
}

// note changes a record under the lock.
func (rec *record) note(change func(*Request)) {
	rec.of.mu.Lock()
	defer rec.of.mu.Unlock()
	change(&rec.Request)
	rec.of.notify()
}

// poke wakes the waiters after a change that is counted elsewhere.
func (r *recorder) poke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notify()
}

// streamed counts an opening (+1) or closing (-1) event stream.
func (r *recorder) streamed(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.st.Streams += n
	r.st.MaxStreams = max(r.st.MaxStreams, r.st.Streams)
	r.notify()
}

// fault counts a fault that comes about.
func (r *recorder) fault(k FaultKind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.st.Faults[string(k)]++
	r.notify()
}

// wrote counts body bytes and stream events. It is on the path of every delta,
// so waiters are only woken if there are any.
func (rec *record) wrote(bytes, events int) {
	rec.bytes.Add(int64(bytes))
	rec.of.bytes.Add(int64(bytes))
	if events == 0 {
		return
	}
	rec.events.Add(int64(events))
	rec.of.events.Add(int64(events))
	if rec.of.waiters.Load() > 0 {
		rec.of.mu.Lock()
		rec.of.notify()
		rec.of.mu.Unlock()
	}
}

// end closes the record. whole says that the reply was written to its end.
func (rec *record) end(at time.Time, whole bool) {
	r := rec.of
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Closed = at
	r.st.Active--
	switch {
	case rec.Cancelled:
		r.st.Cancelled++
	case rec.Status >= 400:
		r.st.Refused++
	case whole:
		r.st.Completed++
	}
	if rec.Wasted {
		r.st.Wasted++
	}
	if rec.turn != 0 && whole && rec.Status == http.StatusOK {
		if len(r.turns) > 100_000 {
			r.turns = map[uint64]bool{}
		}
		r.turns[rec.turn] = true
	}
	r.notify()
}

// requests returns the records numbered over after, oldest first.
func (r *recorder) requests(after int) []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	if len(list) > 0 {
		list = list[min(max(after-list[0].N+1, 0), len(list)):] // numbers have no gap
	}
	out := make([]Request, 0, len(list))
	for _, rec := range list {
		q := rec.Request
		q.Events, q.Bytes = rec.events.Load(), rec.bytes.Load()
		out = append(out, q)
	}
	return slices.Clip(out)
}

func (r *recorder) stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.st
	st.Faults = maps.Clone(r.st.Faults)
	st.Events, st.Bytes = r.events.Load(), r.bytes.Load()
	return st
}

func (r *recorder) active() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.st.Active
}
