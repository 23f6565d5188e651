package modelsim

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// store keeps responses that can be asked for again.
type store struct {
	mu    sync.Mutex
	byID  map[string]*stored
	order []string       // by age, for the bounds
	bytes int            // of input and output
	items map[string]int // how many stored responses hold each item id

	running atomic.Int64 // background jobs
}

const (
	maxStored      = 20_000    // responses; then the oldest go
	maxStoredBytes = 256 << 20 // of their input and output; likewise
)

// stored is one response that was kept.
type stored struct {
	expires time.Time
	input   []json.RawMessage // as input_items lists them, each with an id
	context []inputItem       // all that came before it, itself, and its input
	job     *job              // nil unless background
	size    int               // bytes of input and output

	resp response // of a foreground response; a job has its own
}

func (st *store) init() { st.byID, st.items = map[string]*stored{}, map[string]int{} }

func (st *store) put(id string, s *stored, now time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for len(st.order) > 0 && now.After(st.byID[st.order[0]].expires) {
		st.drop(st.order[0])
	}
	for _, raw := range slices.Concat(s.input, s.resp.Output) {
		s.size += len(raw)
	}
	st.byID[id] = s
	st.order = append(st.order, id)
	st.bytes += s.size
	st.countItems(s, 1)
	for len(st.order) > maxStored || st.bytes > maxStoredBytes && len(st.order) > 1 {
		st.drop(st.order[0])
	}
}

// countItems keeps which item ids can be referred to. The caller holds mu.
func (st *store) countItems(s *stored, n int) {
	for _, it := range s.context {
		if it.ID == "" {
			continue
		}
		if st.items[it.ID] += n; st.items[it.ID] <= 0 {
			delete(st.items, it.ID)
		}
	}
}

// drop forgets a response. The caller holds mu.
func (st *store) drop(id string) {
	if s := st.byID[id]; s != nil {
		if s.job != nil {
			s.job.stop(errExpired)
		}
		st.countItems(s, -1)
		st.bytes -= s.size
		delete(st.byID, id)
	}
	if i := slices.Index(st.order, id); i >= 0 {
		st.order = slices.Delete(st.order, i, i+1)
	}
}

// get returns a response that has not expired.
func (st *store) get(id string, now time.Time) *stored {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := st.byID[id]
	if s == nil {
		return nil
	}
	if now.After(s.expires) {
		st.drop(id)
		return nil
	}
	return s
}

func (st *store) remove(id string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.drop(id)
}

func (st *store) hasItem(id string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.items[id] > 0
}

// resultOf returns the result of a stored image_generation_call.
func (st *store) resultOf(id string) *string {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, s := range st.byID {
		for _, it := range s.context {
			if it.ID == id && it.Result != nil {
				return it.Result
			}
		}
	}
	return nil
}

// finish adds the output of a finished job to what its response stands for.
func (st *store) finish(id string, output []inputItem) {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := st.byID[id]
	if s == nil {
		return
	}
	for _, it := range output {
		s.size += len(it.raw)
		st.bytes += len(it.raw)
	}
	st.countItems(s, -1)
	s.context = append(slices.Clip(s.context), output...)
	st.countItems(s, 1)
}

// contextOf returns what previous_response_id stands for.
func (st *store) contextOf(s *stored) []inputItem {
	st.mu.Lock()
	defer st.mu.Unlock()
	return s.context
}

func (st *store) count() (kept, running int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.byID), int(st.running.Load())
}

var (
	errExpired   = errors.New("modelsim: background response expired")
	errCancelled = errors.New("modelsim: background response cancelled")
)

// job is a background response: its events are logged, and any number of
// clients read the log from anywhere in it. It is a sink.
type job struct {
	streamable bool // created with stream:true
	dialect    Dialect
	stop       context.CancelCauseFunc

	mu     sync.Mutex
	log    []event
	resp   response
	over   bool
	polls  int
	change chan struct{}
}

func newJob(r response, streamable bool, d Dialect, stop context.CancelCauseFunc) *job {
	return &job{streamable: streamable, dialect: d, stop: stop, resp: r, change: make(chan struct{})}
}

// update changes the job and wakes its readers.
func (j *job) update(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change()
	close(j.change)
	j.change = make(chan struct{})
}

func (j *job) event(ev event) (err error) {
	j.update(func() {
		switch {
		case j.resp.Status == "cancelled":
			err = errCancelled
		case j.streamable:
			j.log = append(j.log, event{ev.typ, slices.Clone(ev.data)})
		}
	})
	return err
}

func (j *job) wait(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

func (j *job) state(r response) {
	r.Output = slices.Clone(r.Output)
	j.update(func() {
		if j.resp.Status != "cancelled" {
			j.resp = r
		}
	})
}

// end marks the job as over. After it the log does not grow.
func (j *job) end() { j.update(func() { j.over = true }) }

// look returns the Response as it is now.
func (j *job) look() response {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.resp
}

// poll is look, counted for F22.
func (j *job) poll() response {
	var r response
	j.update(func() {
		j.polls++
		r = j.resp
	})
	return r
}

// polled waits for n polls.
func (j *job) polled(ctx context.Context, n int) error {
	for {
		j.mu.Lock()
		enough, changed := j.polls >= n, j.change
		j.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// cancel ends a job that runs; one that is over stays as it is.
func (j *job) cancel() response {
	j.mu.Lock()
	running := j.resp.Status == "queued" || j.resp.Status == "in_progress"
	if running {
		j.resp.Status = "cancelled"
	}
	r := j.resp
	j.mu.Unlock()
	if running {
		j.stop(errCancelled)
	}
	return r
}

// after returns the events from index n on, whether the job is over, and a
// channel that is closed when either changes.
func (j *job) after(n int) (events []event, over bool, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n < len(j.log) {
		events = j.log[n:len(j.log):len(j.log)]
	}
	return events, j.over, j.change
}
