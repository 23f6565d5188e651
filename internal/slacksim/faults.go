package slacksim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is a disturbance of one Web API method, of several ("chat.postMessage,chat.update"), of all ("*"), of the WebSocket handshake ("link"), or of the bytes of
// files on their way ("upload", "download"), or of the envelopes ("envelope") that go to one connection (Socket) or
// to any.
//
// Kinds: delay (MS, then the call runs), hang (no answer and no effect for MS, or until the caller goes away when MS
// is 0), 429 (RetryAfter seconds), 500 (JSON), 500_html, 503 (JSON), html (a 503 page), reset_before (TCP reset, no effect), reset_after
// (effect, then TCP reset), lost (effect, then the connection ends without an answer), hang_after (effect, then no answer
// for MS, or until the caller goes away when MS is 0, and then none), error (Error, no effect), internal_after (effect,
// then internal_error).
//
// Kinds of "envelope": delay, lost (never written), ack_lost (its acknowledgement counts for nothing), duplicate (written twice), reorder (held back until the next
// envelope of the connection has gone, or for MS), stall (nothing more either way, for MS or until it is resumed),
// reset_before, reset_after and half_frame (the connection ends before, after, or in the middle of the envelope).
type Fault struct {
	ID          string  `json:"id"`
	Method      string  `json:"method"`
	Socket      string  `json:"socket,omitempty"` // of "envelope": the connection's id; empty: any
	Kind        string  `json:"kind"`
	MS          int     `json:"ms,omitempty"`
	RetryAfter  int     `json:"retry_after,omitempty"`
	Error       string  `json:"error,omitempty"`
	Times       int     `json:"times,omitempty"`       // 0: always
	Skip        int     `json:"skip,omitempty"`        // let the first Skip calls pass
	Probability float64 `json:"probability,omitempty"` // 0 means 1
	Struck      int     `json:"struck"`
	Note        string  `json:"note,omitempty"` // what the person who armed it calls it
}

// AddFault arms a fault and returns its id.
func (s *Sim) AddFault(f Fault) (string, error) {
	kinds := []string{"delay", "hang", "429", "500", "500_html", "503", "html", "reset_before", "reset_after", "lost", "hang_after", "error", "internal_after"}
	if f.Method == "envelope" {
		kinds = envelopeFaults()
	}
	if !slices.Contains(kinds, f.Kind) {
		return "", &BadRequest{"bad_kind", fmt.Sprintf("no fault %q: use one of %v", f.Kind, kinds)}
	}
	if f.Method == "" {
		return "", &BadRequest{"bad_method", `name a method, "*" for all, "link" for the WebSocket handshake, "envelope", "upload" or "download"`}
	}
	if f.Socket != "" && f.Method != "envelope" {
		return "", &BadRequest{"bad_socket", `only a fault of the method "envelope" is of one connection`}
	}
	if f.MS < 0 || f.RetryAfter < 0 || f.Times < 0 || f.Skip < 0 || f.Probability < 0 || f.Probability > 1 {
		return "", &BadRequest{"bad_fault", "numbers must not be negative, and probability is at most 1"}
	}
	if f.Kind == "error" && f.Error == "" {
		f.Error = "internal_error"
	}
	if f.Kind == "429" && f.RetryAfter == 0 {
		f.RetryAfter = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faultN++
	f.ID, f.Struck = fmt.Sprintf("F%d", s.faultN), 0
	s.faults = append(s.faults, &f)
	s.publish("faults", len(s.faults))
	return f.ID, nil
}

// ClearFaults disarms one fault, or all with an empty id, and reports how many there were. Calls that are already
// delayed or hanging stay so.
func (s *Sim) ClearFaults(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return id == "" || f.ID == id })
	s.publish("faults", len(s.faults))
	return before - len(s.faults)
}

// Faults lists the armed faults.
func (s *Sim) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Fault{}
	for _, f := range s.faults {
		out = append(out, *f)
	}
	return out
}

// strike picks the first armed fault for a call and counts it; nil means that the call goes undisturbed.
func (s *Sim) strike(name string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pick(name, "")
}

// pick is strike with mu held, for an envelope to the named connection.
func (s *Sim) pick(name, socket string) *Fault {
	every := !slices.Contains([]string{"link", "envelope", "upload", "download"}, name)
	for i, f := range s.faults {
		if !f.means(name) && (f.Method != "*" || !every) || f.Socket != "" && f.Socket != socket {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Probability > 0 && s.rng.Float64() >= f.Probability {
			continue
		}
		f.Struck++
		hit := *f
		s.publish("fault", hit)
		if f.Times > 0 && f.Struck == f.Times {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return &hit
	}
	return nil
}

// means says whether the fault names the method.
func (f *Fault) means(name string) bool {
	return f.Method == name || strings.Contains(f.Method, ",") && slices.Contains(strings.Split(f.Method, ","), name)
}

// before does the part of the fault that comes before the effect. It reports true when there is to be no effect; the
// outcome is then set, with status 0 for no answer at all.
func (f *Fault) before(s *Sim, w http.ResponseWriter, r *http.Request, o *outcome) bool {
	switch f.Kind {
	case "delay":
		// A caller that gives up does not undo the call: it takes effect all the same.
		s.pause(r, ms(f.MS))
	case "hang":
		f.hang(s, r)
		return true
	case "429":
		*o = outcome{status: http.StatusTooManyRequests, retry: f.RetryAfter, code: "ratelimited", body: []byte(`{"ok":false,"error":"ratelimited"}`)}
		return true
	case "500":
		*o = outcome{status: http.StatusInternalServerError, code: "fatal_error", body: []byte(`{"ok":false,"error":"fatal_error"}`)}
		return true
	case "503":
		*o = outcome{status: http.StatusServiceUnavailable, code: "service_unavailable", body: []byte(`{"ok":false,"error":"service_unavailable"}`)}
		return true
	case "500_html":
		*o = outcome{status: http.StatusInternalServerError, code: "fatal_error", body: []byte("<!DOCTYPE html><html><body><h1>Internal Server Error</h1></body></html>")}
		return true
	case "html":
		*o = outcome{status: http.StatusServiceUnavailable, code: "service_unavailable", body: []byte("<!DOCTYPE html><html><body><h1>Server Error</h1><p>It seems there was a problem.</p></body></html>")}
		return true
	case "error":
		*o = outcome{status: http.StatusOK, code: f.Error, body: fmt.Appendf(nil, `{"ok":false,"error":%q}`, f.Error)}
		return true
	case "reset_before":
		return true
	}
	return false
}

// after hides the outcome of a call whose effect took place.
func (f *Fault) after(o *outcome) {
	switch f.Kind {
	case "reset_after", "lost", "hang_after":
		*o = outcome{kind: o.kind}
	case "internal_after":
		*o = outcome{status: http.StatusOK, code: "internal_error", kind: o.kind, body: []byte(`{"ok":false,"error":"internal_error"}`)}
	}
}

// hang waits for MS, or without it until the caller goes away.
func (f *Fault) hang(s *Sim, r *http.Request) {
	if f.MS > 0 {
		s.pause(r, ms(f.MS))
		return
	}
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
}

// pause waits, less long when the caller goes away.
func (s *Sim) pause(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-s.done:
	}
}
