package modelsim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// control is the control plane, for tests in other processes, load runs and
// curious people: GET, POST and DELETE /_sim/rules, DELETE /_sim/rules/{id},
// GET /_sim/requests, GET /_sim/stats, POST and DELETE /_sim/outage, GET
// /_sim/shapes.
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
	mux.HandleFunc("POST /_sim/outage", s.postOutage)
	mux.HandleFunc("DELETE /_sim/outage", func(w http.ResponseWriter, _ *http.Request) {
		s.Outage("", 0)
		s.say(w, 200, map[string]bool{"deleted": true})
	})
	return mux
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

// getRequests lists requests; ?last=N the newest N.
func (s *Sim) getRequests(w http.ResponseWriter, r *http.Request) {
	list := s.Requests()
	if v := r.URL.Query().Get("last"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			s.complain(w, 400, "last: give a number of requests")
			return
		}
		list = list[max(0, len(list)-n):]
	}
	s.say(w, 200, list)
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
	if o.Mode != OutageRefuse && o.Mode != OutageReset && o.Mode != OutageHang || o.For <= 0 {
		s.complain(w, 400, "give a mode of refuse, reset or hang, and for how long")
		return
	}
	s.say(w, 200, map[string]string{"mode": string(o.Mode)})
	if err := http.NewResponseController(w).Flush(); err != nil {
		s.log.Debug("flush", "err", err)
	}
	s.Outage(o.Mode, time.Duration(o.For))
}
