package modelsim

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// control is the control plane, for tests in other processes, load runs and
// curious people: GET, POST and DELETE /_sim/rules, DELETE /_sim/rules/{id},
// GET /_sim/requests, GET /_sim/stats, POST and DELETE /_sim/outage, GET
// /_sim/shapes, GET and POST /_sim/presets.
func (s *Sim) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/rules", func(w http.ResponseWriter, _ *http.Request) { s.say(w, 200, s.rules.all()) })
	mux.HandleFunc("POST /_sim/rules", s.postRules)
	mux.HandleFunc("DELETE /_sim/rules", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearRules()
		s.say(w, 200, map[string]bool{"deleted": true})
	})
	mux.HandleFunc("DELETE /_sim/rules/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !s.rules.remove(r.PathValue("id")) {
			s.complain(w, 404, "no rule "+r.PathValue("id"))
			return
		}
		s.say(w, 200, map[string]bool{"deleted": true})
	})
	mux.HandleFunc("GET /_sim/requests", s.getRequests)
	mux.HandleFunc("GET /_sim/stats", func(w http.ResponseWriter, _ *http.Request) { s.say(w, 200, s.Stats()) })
	mux.HandleFunc("GET /_sim/shapes", func(w http.ResponseWriter, _ *http.Request) {
		list := []map[string]string{}
		for _, sh := range shapeTable() {
			list = append(list, map[string]string{"shape": sh.name, "what": sh.what})
		}
		s.say(w, 200, list)
	})
	mux.HandleFunc("GET /_sim/presets", func(w http.ResponseWriter, _ *http.Request) {
		list := []map[string]string{}
		for _, p := range presetTable() {
			list = append(list, map[string]string{"name": p.name, "what": p.what})
		}
		s.say(w, 200, list)
	})
	mux.HandleFunc("POST /_sim/presets", s.postPreset)
	mux.HandleFunc("POST /_sim/outage", s.postOutage)
	mux.HandleFunc("DELETE /_sim/outage", func(w http.ResponseWriter, _ *http.Request) {
		s.Outage("", 0)
		s.say(w, 200, map[string]bool{"deleted": true})
	})
	return mux
}

// RulesHandler answers for the rules alone, under any path: GET with
// {"rules":[…]} as Armed has them, POST as the control plane does, and DELETE of
// ?id=… or of all. It is for servers that let people arm faults without giving
// them the control plane.
func (s *Sim) RulesHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch id := r.URL.Query().Get("id"); {
		case r.Method == http.MethodGet:
			s.say(w, 200, map[string][]Armed{"rules": s.rules.armed()})
		case r.Method == http.MethodPost:
			s.postRules(w, r)
		case r.Method != http.MethodDelete:
			s.complain(w, http.StatusMethodNotAllowed, "use GET, POST or DELETE")
		case id == "":
			s.ClearRules()
			s.say(w, 200, map[string]bool{"deleted": true})
		case s.rules.remove(id):
			s.say(w, 200, map[string]bool{"deleted": true})
		default:
			s.complain(w, 404, "no rule "+id)
		}
	})
}

func (s *Sim) say(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		s.log.Debug("control plane reply", "err", err)
	}
}

func (s *Sim) complain(w http.ResponseWriter, code int, message string) {
	s.say(w, code, map[string]string{"error": message})
}

// postRules adds one rule or a list of them: all, or none if one is wrong.
func (s *Sim) postRules(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.complain(w, 400, "read the rules: "+err.Error())
		return
	}
	var rules []Rule
	if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("{")) {
		rules = make([]Rule, 1)
		err = strictJSON(trimmed, &rules[0])
	} else {
		err = strictJSON(trimmed, &rules)
	}
	if err != nil {
		s.complain(w, 400, "the body must be a rule or a list of rules: "+err.Error())
		return
	}
	compiled := make([]*compiledRule, len(rules))
	for i, rule := range rules {
		if compiled[i], err = compileRule(rule); err != nil {
			s.complain(w, 400, "rule "+strconv.Itoa(i)+": "+err.Error())
			return
		}
	}
	ids := []string{}
	for _, c := range compiled {
		ids = append(ids, s.rules.add(c))
	}
	s.say(w, 200, map[string][]string{"ids": ids})
}

func (s *Sim) getRequests(w http.ResponseWriter, r *http.Request) {
	if list, ok := s.listRequests(w, r); ok {
		s.say(w, 200, list)
	}
}

// listRequests lists what a query asks for: ?after=N those numbered over N,
// ?last=N the newest N.
func (s *Sim) listRequests(w http.ResponseWriter, r *http.Request) ([]Request, bool) {
	number := func(key string, absent int) (int, bool) {
		v := r.URL.Query().Get(key)
		if v == "" {
			return absent, true
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			s.complain(w, 400, key+": give a number of requests")
			return 0, false
		}
		return n, true
	}
	after, ok := number("after", 0)
	if !ok {
		return nil, false
	}
	last, ok := number("last", math.MaxInt)
	if !ok {
		return nil, false
	}
	list := s.rec.requests(after)
	return list[max(0, len(list)-last):], true
}

func (s *Sim) postOutage(w http.ResponseWriter, r *http.Request) {
	var o struct {
		Mode OutageMode `json:"mode"`
		For  span       `json:"for"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4096))
	if err == nil {
		err = strictJSON(body, &o)
	}
	if err != nil {
		s.complain(w, 400, `the body must be like {"mode":"refuse","for":"30s"}: `+err.Error())
		return
	}
	modes := []OutageMode{OutageRefuse, OutageReset, OutageHang, OutageBlackhole}
	if !slices.Contains(modes, o.Mode) || o.For <= 0 {
		s.complain(w, 400, "give a mode of refuse, reset, hang or blackhole, and for how long")
		return
	}
	s.say(w, 200, map[string]string{"mode": string(o.Mode)})
	if err := http.NewResponseController(w).Flush(); err != nil {
		s.log.Debug("flush", "err", err)
	}
	s.Outage(o.Mode, time.Duration(o.For))
}

func (s *Sim) postPreset(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Name string `json:"name"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4096))
	if err == nil {
		err = strictJSON(body, &q)
	}
	if err != nil {
		s.complain(w, 400, `the body must be like {"name":"soak"}: `+err.Error())
		return
	}
	ids, err := s.preset(q.Name)
	if err != nil {
		s.complain(w, 400, err.Error())
		return
	}
	s.say(w, 200, map[string][]string{"ids": ids})
}
