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
	"strings"
)

// State is the whole workspace as the page first reads it.
type State struct {
	Team       Team                       `json:"team"`
	App        AppState                   `json:"app"`
	Users      []*User                    `json:"users"`
	Channels   []*channel                 `json:"channels"`
	Messages   map[string][]Message       `json:"messages"`
	Sessions   []Session                  `json:"sessions"`
	Files      []*file                    `json:"files"`
	Canvases   []*canvas                  `json:"canvases"`
	Ephemerals []Ephemeral                `json:"ephemerals"`
	Homes      map[string]json.RawMessage `json:"homes"`
	Views      []OpenView                 `json:"views"`   // open modals
	Viewing    map[string]string          `json:"viewing"` // the channel a person looked at last
	Sockets    []Socket                   `json:"sockets"`
	Waiting    int                        `json:"waiting"` // events without a connection to go to
	Dropped    int                        `json:"dropped"` // events given up
	HTTP       HTTPStats                  `json:"http"`    // of the last hour
	Installed  bool                       `json:"installed"`
	Note       string                     `json:"note,omitempty"`
	Announced  map[string]any             `json:"announced"` // see Sim.Announce
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
		return done(doing(r, func(b target) error {
			switch b.Tab {
			case "home":
				return s.OpenHome(b.User)
			case "", "messages":
				return s.Open(b.User, b.Channel)
			}
			return &BadRequest{"bad_tab", "tab is messages or home"}
		}))
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
	post("/sim/uninstall", func(r *http.Request) (any, error) { return done(doing(r, func(empty) error { return s.Uninstall() })) })
	post("/sim/install", func(r *http.Request) (any, error) {
		return done(doing(r, func(empty) error { s.Install(); return nil }))
	})
	post("/sim/burst", func(r *http.Request) (any, error) { return done(doing(r, s.Burst)) })
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
			MS     int    `json:"ms"`
		}) error {
			return s.SocketActionFor(b.Action, b.ID, ms(b.MS))
		}))
	})
	post("/sim/deliver", func(r *http.Request) (any, error) { return s.partly(r, s.setChaosJSON) })
	post("/sim/limits", func(r *http.Request) (any, error) { return s.partly(r, s.setLimitsJSON) })
	post("/sim/settings", func(r *http.Request) (any, error) { return s.partly(r, s.setSettingsJSON) })
	get("/sim/deliver", func(*http.Request) (any, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.deliver, nil })
	get("/sim/limits", func(*http.Request) (any, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.limits.LimitSettings, nil })
	get("/sim/settings", func(*http.Request) (any, error) { return s.Settings(), nil })
	s.actRoutes(mux)
	post("/sim/dms", func(r *http.Request) (any, error) {
		return with(r, func(b struct {
			User string   `json:"user"`
			With []string `json:"with"`
		}) (named, error) {
			id, err := s.OpenDM(b.User, b.With...)
			return named{id}, err
		})
	})
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
	Tab      string `json:"tab"`
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
			bad := asBadRequest(err)
			status := http.StatusBadRequest
			if strings.HasSuffix(bad.Code, "not_found") {
				status = http.StatusNotFound
			}
			if input, ok := errors.AsType[*InvalidInput](err); ok {
				refuse(w, status, input)
				return
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

func asBadRequest(err error) *BadRequest {
	if bad, ok := errors.AsType[*BadRequest](err); ok {
		return bad
	}
	return &BadRequest{"refused", err.Error()}
}

func refuse(w http.ResponseWriter, status int, bad error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	b, _ := json.Marshal(bad) // strings always encode
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
		Team: w.team, App: s.appState(), Users: w.users, Channels: w.channels, Messages: map[string][]Message{},
		Sessions: v.Sessions(), Files: w.files.shown(), Canvases: w.files.canvases, Ephemerals: []Ephemeral{}, Homes: w.homes, Views: v.OpenViews(), Viewing: w.viewing, Sockets: v.Sockets(),
		Waiting: v.Waiting(), Dropped: s.dropped, HTTP: v.HTTP(), Installed: !w.install.gone, Note: s.opts.Note, Announced: s.announced, Now: stamp(s.now()), Seq: s.feed.last,
	}
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
