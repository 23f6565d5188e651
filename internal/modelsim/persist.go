package modelsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// saved is what outlives a restart of the simulator.
type saved struct {
	Version    int             `json:"version"`
	IDs        uint64          `json:"ids"`
	Responses  []savedResponse `json:"responses"`
	Files      []*file         `json:"files"`
	Containers []*container    `json:"containers"`
}

type savedResponse struct {
	Expires  time.Time         `json:"expires"`
	Input    []json.RawMessage `json:"input"`
	Context  []json.RawMessage `json:"context"`
	Response response          `json:"response"`
	Job      *savedJob         `json:"job,omitempty"`
}

type savedJob struct {
	Streamable bool         `json:"streamable"`
	Dialect    Dialect      `json:"dialect"`
	Events     []savedEvent `json:"events"`
}

type savedEvent struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

const savedVersion = 1

// Save writes the stored responses, files and containers, for Load after a
// restart. A background response that still runs is written as failed, as its
// work ends with this process. Rules and recorded requests are not written.
func (s *Sim) Save(w io.Writer) error {
	out := saved{Version: savedVersion, IDs: s.ids.Load()}
	s.store.mu.Lock()
	for _, id := range s.store.order {
		kept := s.store.byID[id]
		r := savedResponse{Expires: kept.expires, Input: kept.input, Response: kept.resp}
		for _, it := range kept.context {
			r.Context = append(r.Context, it.raw)
		}
		if kept.job != nil {
			r.Response, r.Job = kept.job.saved()
		}
		out.Responses = append(out.Responses, r)
	}
	s.store.mu.Unlock()
	out.Files = s.drawer.all(s.now())
	s.drawer.mu.Lock()
	defer s.drawer.mu.Unlock()
	for _, c := range s.drawer.containers {
		out.Containers = append(out.Containers, c)
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		return fmt.Errorf("modelsim: save: %w", err)
	}
	return nil
}

// saved returns a job as it would be found after a restart.
func (j *job) saved() (response, *savedJob) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, out := j.resp, &savedJob{Streamable: j.streamable, Dialect: j.dialect}
	for _, ev := range j.log {
		out.Events = append(out.Events, savedEvent{ev.typ, ev.data})
	}
	if r.Status == "queued" || r.Status == "in_progress" {
		r.Status = "failed"
		r.Error = &responseError{"server_error", "The simulator was restarted."}
		if j.streamable {
			data := appendObject(nil, []field{{"type", "response.failed"}, {"sequence_number", len(j.log)}, {"response", r}})
			out.Events = append(out.Events, savedEvent{"response.failed", data})
		}
	}
	return r, out
}

// Load adds what Save has written. Ids go on from where they were, so a Sim that
// loads should have made none yet, and should have the same Options.Seed: sealed
// reasoning of another one is not recognized.
func (s *Sim) Load(r io.Reader) error {
	var in saved
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return fmt.Errorf("modelsim: load: %w", err)
	}
	if in.Version != savedVersion {
		return fmt.Errorf("modelsim: load: version %d cannot be read, only %d", in.Version, savedVersion)
	}
	for _, one := range in.Responses {
		if one.Response.ID == "" {
			return errors.New("modelsim: load: a response has no id")
		}
		kept := &stored{expires: one.Expires, input: one.Input, resp: one.Response}
		for i, raw := range one.Context {
			it, bad := decodeItem(raw, fmt.Sprintf("context[%d]", i))
			if bad != nil {
				return fmt.Errorf("modelsim: load response %s: %w", one.Response.ID, bad)
			}
			kept.context = append(kept.context, it)
		}
		if one.Job != nil {
			j := newJob(one.Response, one.Job.Streamable, one.Job.Dialect, func(error) {})
			for _, ev := range one.Job.Events {
				j.log = append(j.log, event{ev.Type, ev.Data})
			}
			j.over = true
			kept.job = j
		}
		s.store.put(one.Response.ID, kept, s.now())
	}
	for _, f := range in.Files {
		if f == nil || f.ID == "" || !s.drawer.add(f) {
			return errors.New("modelsim: load: a file is incomplete or too large")
		}
	}
	s.drawer.mu.Lock()
	defer s.drawer.mu.Unlock()
	for _, c := range in.Containers {
		if c == nil || c.ID == "" {
			return errors.New("modelsim: load: a container has no id")
		}
		s.drawer.containers[c.ID] = c
		for _, f := range c.Files {
			s.drawer.bytes += len(f.Data)
		}
	}
	for now := s.ids.Load(); now < in.IDs && !s.ids.CompareAndSwap(now, in.IDs); now = s.ids.Load() {
	}
	return nil
}
