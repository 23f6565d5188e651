package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// State is the whole workspace as the page first reads it.
type State struct {
	Team       Team                       `json:"team"`
	App        App                        `json:"app"`
	Users      []*User                    `json:"users"`
	Channels   []*channel                 `json:"channels"`
	Messages   map[string][]Message       `json:"messages"`
	Sessions   []Session                  `json:"sessions"`
	Ephemerals []Ephemeral                `json:"ephemerals"`
	Homes      map[string]json.RawMessage `json:"homes"`
	Sockets    []Socket                   `json:"sockets"`
	Waiting    int                        `json:"waiting"` // events without a connection to go to
	Dropped    int                        `json:"dropped"` // events given up
	Note       string                     `json:"note,omitempty"`
	Now        string                     `json:"now"`
	Seq        int                        `json:"seq"`
}

// controlRoutes adds /sim/…
func (s *Sim) controlRoutes(mux *http.ServeMux) {
	get := func(path string, f func(r *http.Request) (any, error)) { mux.Handle("GET "+path, s.control(f)) }
	post := func(path string, f func(r *http.Request) (any, error)) { mux.Handle("POST "+path, s.control(f)) }

	get("/sim/state", s.ctlState)
	mux.Handle("GET /sim/events", s.guard(s.serveFeed))
	get("/sim/envelopes", s.ctlEnvelopes)
	get("/sim/calls", s.ctlCalls)
	get("/sim/export", func(*http.Request) (any, error) { return s.Export(), nil })
	post("/sim/import", func(r *http.Request) (any, error) { return done(doing(r, s.Import)) })
	post("/sim/reset", func(*http.Request) (any, error) { s.Reset(); return empty{}, nil })

	post("/sim/messages", func(r *http.Request) (any, error) { return with(r, s.Post) })
	post("/sim/messages/edit", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Edit(b.User, b.Channel, b.TS, b.Text) }))
	})
	post("/sim/messages/delete", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Delete(b.User, b.Channel, b.TS) }))
	})
	post("/sim/reactions", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.React(b.User, b.Channel, b.TS, b.Name, b.Remove) }))
	})
	post("/sim/stop", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Stop(b.User, b.Channel, b.ThreadTS) }))
	})
	post("/sim/rename", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Rename(b.User, b.Channel, b.ThreadTS, b.Title) }))
	})
	post("/sim/open", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Open(b.User, b.Channel) }))
	})
	post("/sim/join", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Join(b.User, b.Channel) }))
	})
	post("/sim/leave", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Leave(b.User, b.Channel) }))
	})
	post("/sim/archive", func(r *http.Request) (any, error) {
		return done(doing(r, func(b target) error { return s.Archive(b.Channel, !b.Remove) }))
	})
	post("/sim/channels", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			Name      string   `json:"name"`
			Members   []string `json:"members"`
			IsPrivate bool     `json:"is_private"`
		}) (named, error) {
			id, err := s.addChannel(b.Name, b.Members, b.IsPrivate)
			return named{id}, err
		})
	})
	post("/sim/users", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			Name     string `json:"name"`
			RealName string `json:"real_name"`
			TZ       string `json:"tz"`
		}) (named, error) {
			id, err := s.AddUser(b.Name, b.RealName, b.TZ)
			return named{id}, err
		})
	})
	post("/sim/envelopes", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			Type    string          `json:"type"`
			Payload json.RawMessage `json:"payload"`
			Raw     string          `json:"raw"`
		}) (named, error) {
			id, err := s.Envelope(b.Type, b.Payload, b.Raw)
			return named{id}, err
		})
	})
	get("/sim/faults", func(*http.Request) (any, error) { return s.Faults(), nil })
	post("/sim/faults", func(r *http.Request) (any, error) {
		return with(r, func(f Fault) (named, error) {
			id, err := s.AddFault(f)
			return named{id}, err
		})
	})
	mux.Handle("DELETE /sim/faults", s.control(func(*http.Request) (any, error) { s.ClearFaults(""); return empty{}, nil }))
	mux.Handle("DELETE /sim/faults/{id}", s.control(func(r *http.Request) (any, error) {
		if id := r.PathValue("id"); s.ClearFaults(id) == 0 {
			return nil, &BadRequest{"fault_not_found", fmt.Sprintf("no fault %q: GET /sim/faults lists them", id)}
		}
		return empty{}, nil
	}))
	post("/sim/sockets", func(r *http.Request) (any, error) {
		return done(doing(r, func(b struct {
			Action string `json:"action"`
			ID     string `json:"id"`
		}) error {
			return s.SocketAction(b.Action, b.ID)
		}))
	})
	post("/sim/deliver", func(r *http.Request) (any, error) { return s.partly(r, s.setChaosJSON) })
	post("/sim/limits", func(r *http.Request) (any, error) { return s.partly(r, s.setLimitsJSON) })
	post("/sim/settings", func(r *http.Request) (any, error) { return s.partly(r, s.setSettingsJSON) })
	get("/sim/deliver", func(*http.Request) (any, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.deliver, nil })
	get("/sim/limits", func(*http.Request) (any, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.limits.LimitSettings, nil })
	get("/sim/settings", func(*http.Request) (any, error) { return s.Settings(), nil })
	post("/sim/clock", func(r *http.Request) (any, error) { return with(r, s.ctlClock) })
	mux.Handle("/sim/", s.control(func(r *http.Request) (any, error) {
		return nil, &BadRequest{"not_found", "no " + r.Method + " " + r.URL.Path}
	}))
}

// target is what most requests of the control API carry.
type target struct {
	User     string `json:"user"`
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"`
	Text     string `json:"text"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	Remove   bool   `json:"remove"`
}

type named struct {
	ID string `json:"id"`
}

type empty struct{}

// body reads a JSON object; an unknown field is a mistake worth hearing of.
func body(r *http.Request, into any) error {
	dec := json.NewDecoder(io.LimitReader(r.Body, 64<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return &BadRequest{"bad_json", "the body must be a JSON object of this endpoint: " + err.Error()}
	}
	return nil
}

func with[B, A any](r *http.Request, f func(B) (A, error)) (any, error) {
	var b B
	if err := body(r, &b); err != nil {
		return nil, err
	}
	a, err := f(b)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func doing[B any](r *http.Request, f func(B) error) error {
	var b B
	if err := body(r, &b); err != nil {
		return err
	}
	return f(b)
}

func done(err error) (any, error) { return empty{}, err }

// control turns a function into a handler of the control API.
func (s *Sim) control(f func(*http.Request) (any, error)) http.Handler {
	return s.guard(func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			bad, ok := errors.AsType[*BadRequest](err)
			if !ok {
				bad = &BadRequest{"refused", err.Error()}
			}
			status := http.StatusBadRequest
			switch bad.Code {
			case "not_found", "fault_not_found", "socket_not_found", "channel_not_found", "user_not_found", "message_not_found", "thread_not_found", "session_not_found":
				status = http.StatusNotFound
			}
			refuse(w, status, bad)
			return
		}
		b, err := json.Marshal(v)
		if err != nil {
			refuse(w, http.StatusInternalServerError, &BadRequest{"not_encoded", err.Error()})
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(b)
	})
}

// guard keeps other web sites out: a page elsewhere, or a name that resolves to loopback, must not drive the simulator.
func (s *Sim) guard(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		u, err := url.Parse(r.Header.Get("Origin"))
		if !isLoopback(host) || err != nil || (u.Host != "" && u.Host != r.Host) || r.Header.Get("Origin") == "null" {
			refuse(w, http.StatusForbidden, &BadRequest{"forbidden", "the control API answers its own page and local programs only"})
			return
		}
		h(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, bad *BadRequest) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	b, _ := json.Marshal(bad) // two strings always encode
	_, _ = w.Write(b)
}

// ctlState is the workspace of this moment. Ephemeral messages are left out, as a reload loses them in Slack; but
// ?ephemerals=all shows them.
func (s *Sim) ctlState(r *http.Request) (any, error) {
	s.enter()
	defer s.leave()
	v := View{s}
	w := s.ws
	st := State{
		Team: w.team, App: w.app, Users: w.users, Channels: w.channels, Messages: map[string][]Message{},
		Sessions: v.Sessions(), Ephemerals: []Ephemeral{}, Homes: w.homes, Sockets: v.Sockets(),
		Waiting: v.Waiting(), Dropped: s.dropped, Note: s.opts.Note, Now: stamp(s.now()), Seq: s.feed.last,
	}
	st.App.Agent = s.settings.Agent
	if r.URL.Query().Get("ephemerals") == "all" {
		st.Ephemerals = v.Ephemerals()
	}
	for _, ch := range w.channels {
		st.Messages[ch.ID] = pages(ch.list)
	}
	b, err := json.Marshal(st) // under the lock, as st holds the workspace's own pointers
	return json.RawMessage(b), err
}

func (s *Sim) ctlEnvelopes(r *http.Request) (any, error) {
	after, err := number64(r, "after")
	if err != nil {
		return nil, err
	}
	s.enter()
	defer s.leave()
	b, err := json.Marshal(s.envelopes.since(after, 0))
	return json.RawMessage(b), err
}

func (s *Sim) ctlCalls(r *http.Request) (any, error) {
	after, err := number64(r, "after")
	if err != nil {
		return nil, err
	}
	method := r.URL.Query().Get("method")
	out := []*Call{}
	s.enter()
	defer s.leave()
	for _, c := range s.calls.since(after, 0) {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	b, err := json.Marshal(out)
	return json.RawMessage(b), err
}

func number64(r *http.Request, name string) (int, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, &BadRequest{"bad_" + name, name + " is a number from 0"}
	}
	return n, nil
}

// partly hands the raw body to a partial update and answers with the new whole.
func (s *Sim) partly(r *http.Request, set func(json.RawMessage) (any, error)) (any, error) {
	var raw json.RawMessage
	if err := body(r, &raw); err != nil {
		return nil, err
	}
	return set(raw)
}

// into applies a partial update: fields that are not named stay.
func into(raw json.RawMessage, v any, err *error) {
	r := &http.Request{Body: io.NopCloser(bytes.NewReader(raw))}
	if e := body(r, v); e != nil {
		*err = e
	}
}

func (s *Sim) setSettingsJSON(raw json.RawMessage) (any, error) {
	var bad error
	err := s.Configure(func(t *Settings) {
		before := t.clone()
		if into(raw, t, &bad); bad != nil {
			*t = before
		}
	})
	if bad != nil {
		return nil, bad
	}
	return s.Settings(), err
}

func (s *Sim) setLimitsJSON(raw json.RawMessage) (any, error) {
	var bad error
	var now LimitSettings
	err := s.SetLimits(func(l *LimitSettings) {
		next := *l
		next.Methods = maps.Clone(l.Methods)
		if into(raw, &next, &bad); bad == nil {
			*l = next
		}
		now = *l
	})
	if bad != nil {
		return nil, bad
	}
	return now, err
}

func (s *Sim) setChaosJSON(raw json.RawMessage) (any, error) {
	var bad error
	var now chaos
	err := s.setChaos(func(c *chaos) {
		next := *c
		if into(raw, &next, &bad); bad == nil {
			*c = next
		}
		now = *c
	})
	if bad != nil {
		return nil, bad
	}
	return now, err
}

// ctlClock moves the clock on, for scripts that do not want to wait.
func (s *Sim) ctlClock(b struct {
	AdvanceMS int `json:"advance_ms"`
}) (any, error) {
	if b.AdvanceMS < 0 {
		return nil, &BadRequest{"bad_clock", "advance_ms must not be negative"}
	}
	s.Advance(ms(b.AdvanceMS))
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{"now": stamp(s.now())}, nil
}
