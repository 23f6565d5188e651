package app

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"holdfast/internal/process"
	"holdfast/internal/slacksim"
)

// panel is what the page's fault panel asks of the sandbox, besides what the
// simulators give it.
type panel struct {
	account *accountant
	keeper  *process.Keeper // nil: nobody is kept
	model   modelState
	mux     *http.ServeMux
}

// modelState tells the panel which model it has before it.
type modelState struct {
	Scripted bool   `json:"scripted"`
	Note     string `json:"note"`
	FirstMS  int64  `json:"first_event_ms"` // the assistant's deadlines
	IdleMS   int64  `json:"idle_ms"`
}

func newPanel(account *accountant, keeper *process.Keeper, model modelState) *panel {
	p := &panel{account: account, keeper: keeper, model: model, mux: http.NewServeMux()}
	p.mux.HandleFunc("GET /sandbox/panel", p.show)
	p.mux.HandleFunc("GET /sandbox/messages", p.messages)
	p.mux.HandleFunc("POST /sandbox/assistant", p.act)
	return p
}

// ServeHTTP answers under /sandbox/.
func (p *panel) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// show answers with everything at a glance.
func (p *panel) show(w http.ResponseWriter, r *http.Request) {
	sum, _, err := p.account.read(r.Context())
	if err != nil {
		complain(w, http.StatusInternalServerError, "account", "The account cannot be read: "+err.Error())
		return
	}
	v := struct {
		Account   Account        `json:"account"`
		Assistant *process.State `json:"assistant"`
		Model     modelState     `json:"model"`
	}{Account: sum, Model: p.model}
	if p.keeper != nil {
		state := p.keeper.State()
		v.Assistant = &state
	}
	answer(w, http.StatusOK, v)
}

// shownAtOnce is how many messages are shown at once.
const shownAtOnce = 200

// messages answers with the newest messages of ?state=.
func (p *panel) messages(w http.ResponseWriter, r *http.Request) {
	pick, ok := map[string]func(Accounted) bool{
		"in":        func(Accounted) bool { return true },
		"out":       func(x Accounted) bool { return !x.inFlight() },
		"in_flight": Accounted.inFlight,
		"resumed":   func(x Accounted) bool { return x.Attempts > 1 },
		"unseen":    func(x Accounted) bool { return x.Unseen },
		"twice":     func(x Accounted) bool { return x.Twice },
		"answered":  stateIs("answered"), "merged": stateIs("merged"), "declined": stateIs("declined"),
		"stopped": stateIs("stopped"), "failed": stateIs("failed"),
	}[r.URL.Query().Get("state")]
	if !ok {
		complain(w, http.StatusBadRequest, "bad_state", "state is in, out, in_flight, resumed, unseen, twice or an outcome")
		return
	}
	_, all, err := p.account.read(r.Context())
	if err != nil {
		complain(w, http.StatusInternalServerError, "account", "The account cannot be read: "+err.Error())
		return
	}
	found := slices.DeleteFunc(all, func(x Accounted) bool { return !pick(x) })
	total := len(found)
	slices.Reverse(found)
	if found == nil {
		found = []Accounted{}
	}
	answer(w, http.StatusOK, struct {
		Total    int         `json:"total"`
		Messages []Accounted `json:"messages"`
	}{total, found[:min(total, shownAtOnce)]})
}

func stateIs(state string) func(Accounted) bool {
	return func(x Accounted) bool { return x.State == state }
}

// act kills, stops or starts the assistant.
func (p *panel) act(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Action string `json:"action"`
		// AfterMS is when a killed or stopped one is started again; less than 0: by
		// start alone.
		AfterMS int64 `json:"after_ms"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&ask); err != nil {
		complain(w, http.StatusBadRequest, "bad_json", `write {"action":"kill","after_ms":3000}: `+err.Error())
		return
	}
	if p.keeper == nil {
		complain(w, http.StatusConflict, "not_ours", "The sandbox did not start the bot, so it cannot end it.")
		return
	}
	again := time.Duration(min(ask.AfterMS, time.Hour.Milliseconds())) * time.Millisecond
	if ask.AfterMS < 0 {
		again = process.Never
	}
	var err error
	switch ask.Action {
	case "kill":
		err = p.keeper.Kill(again)
	case "stop":
		err = p.keeper.Stop(again)
	case "start":
		err = p.keeper.Start()
	default:
		complain(w, http.StatusBadRequest, "bad_action", "action is kill, stop or start")
		return
	}
	if errors.Is(err, process.ErrClosed) {
		complain(w, http.StatusConflict, "closing", "The sandbox is ending.")
		return
	}
	answer(w, http.StatusOK, p.keeper.State())
}

func answer(w http.ResponseWriter, code int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		code, b = http.StatusInternalServerError, []byte(`{"error":"not_encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(b) // who asked has gone
}

func complain(w http.ResponseWriter, code int, name, message string) {
	answer(w, code, slacksim.BadRequest{Code: name, Message: message})
}

// late is a handler that is given after its server has begun. Requests wait for it.
type late struct {
	ready   chan struct{}
	handler http.Handler // once ready is closed
}

func newLate() *late { return &late{ready: make(chan struct{})} }

func (l *late) become(h http.Handler) {
	l.handler = h
	close(l.ready)
}

func (l *late) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-l.ready:
		l.handler.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}
