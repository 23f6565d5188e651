package ui_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/internal/slacksim/ui"
)

// object is a JSON object of the control API. The page is tested against what goes over
// the wire, so the fake speaks it without types of its own.
type object = map[string]any

// fake is a small stand-in for slacksim: a canned workspace, the control API that the
// page calls, and a scripted assistant (script_test.go). It has no bot behind it.
type fake struct {
	page fs.FS
	pace time.Duration // between two growths of a streamed answer

	mu       sync.Mutex
	state    object
	messages map[string][]object
	sessions map[string]object
	journal  map[string][]object // "envelope" and "call"
	posts    []object            // bodies of POST /sim/messages, as the page sent them
	paths    []string            // every path under /sim/ that was posted to
	lastTS   int64
	seq      int
	events   []event
	wake     chan struct{} // closed and replaced when an event is added
	stopped  map[string]bool
	broken   bool          // answers 500 to posts
	down     bool          // refuses event streams, and ends those that are open
	hold     chan struct{} // when set, a post of a message is answered only when it is closed
	gate     chan struct{} // when set, streamed answers wait for it at half of their way
}

type event struct {
	seq  int
	kind string
	data []byte
}

func newFake(page fs.FS, pace time.Duration) *fake {
	f := &fake{
		page: page, pace: pace, lastTS: time.Now().Add(-48 * time.Hour).UnixMicro(),
		messages: map[string][]object{}, sessions: map[string]object{}, journal: map[string][]object{},
		stopped: map[string]bool{}, wake: make(chan struct{}),
	}
	f.state = object{
		"team": object{"id": "T1", "name": "Harbour Works", "domain": "harbour-works"},
		"app":  object{"id": "A1", "bot_id": "B1", "bot_user_id": "UBOT", "name": "Holdfast", "agent": true},
		"users": []object{
			{"id": "U1", "name": "ada", "real_name": "Ada Marsh", "tz": "Europe/London", "tz_label": "Greenwich Mean Time"},
			{"id": "U2", "name": "ben", "real_name": "Ben Okafor", "tz": "America/New_York", "tz_label": "Eastern Standard Time"},
			{"id": "UBOT", "name": "holdfast", "real_name": "Holdfast", "is_bot": true},
		},
		"channels": []object{
			{"id": "C1", "name": "general", "members": []string{"U1", "U2", "UBOT"}, "topic": "Tides, timetables and everything else"},
			{"id": "C2", "name": "random", "members": []string{"U1", "U2"}},
			{"id": "C3", "name": "engineering", "members": []string{"U1", "U2", "UBOT"}, "topic": "Cranes and code"},
			{"id": "D1", "is_im": true, "user": "U1", "members": []string{"U1", "UBOT"}},
			{"id": "D2", "is_im": true, "user": "U2", "members": []string{"U2", "UBOT"}},
			{"id": "D3", "is_im": true, "user": "U2", "members": []string{"U1", "U2"}},
		},
		"sockets": []object{{"id": "s1", "state": "live", "envelopes": 3}, {"id": "s2", "state": "live", "envelopes": 2}},
		"note":    "The answers come from a small demo model: it repeats, draws tables and pretends to think.",
	}
	return f
}

// ts returns the next message ts, later than every one before it.
func (f *fake) ts(at time.Time) string {
	f.lastTS = max(f.lastTS+1, at.UnixMicro())
	return fmt.Sprintf("%d.%06d", f.lastTS/1e6, f.lastTS%1e6)
}

func (f *fake) emit(kind string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // the fake's own objects
	}
	f.seq++
	f.events = append(f.events, event{f.seq, kind, raw})
	close(f.wake)
	f.wake = make(chan struct{})
}

// put adds or replaces a message and tells the pages.
func (f *fake) put(channel string, m object) {
	list := f.messages[channel]
	at := slices.IndexFunc(list, func(x object) bool { return x["ts"] == m["ts"] })
	if at >= 0 {
		list[at] = m
	} else {
		list = append(list, m)
	}
	f.messages[channel] = list
	f.emit("message", object{"channel": channel, "message": m})
}

func (f *fake) find(channel, ts string) object {
	for _, m := range f.messages[channel] {
		if m["ts"] == ts {
			return m
		}
	}
	return nil
}

func (f *fake) session(s object) {
	f.sessions[fmt.Sprint(s["channel"], s["thread_ts"])] = s
	f.emit("session", s)
}

// record adds an entry to the journal ("envelope" or "call") with its running number.
func (f *fake) record(kind string, entry object) object {
	entry["n"] = len(f.journal[kind]) + 1
	f.journal[kind] = append(f.journal[kind], entry)
	f.emit(kind, entry)
	return entry
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", ui.Policy)
	w.Header().Set("Cache-Control", "no-cache")
	switch {
	case r.URL.Path == "/sim/state":
		f.mu.Lock()
		defer f.mu.Unlock()
		whole := object{"messages": f.messages, "seq": f.seq, "now": time.Now().UTC().Format(time.RFC3339), "ephemerals": []object{}}
		for k, v := range f.state {
			whole[k] = v
		}
		sessions := []object{}
		for _, s := range f.sessions {
			sessions = append(sessions, s)
		}
		whole["sessions"] = sessions
		answer(w, whole)
	case r.URL.Path == "/sim/events":
		f.serveEvents(w, r)
	case r.URL.Path == "/sim/envelopes" && r.Method == http.MethodGet:
		f.mu.Lock()
		defer f.mu.Unlock()
		answer(w, object{"envelopes": f.journal["envelope"]})
	case r.URL.Path == "/sim/calls":
		f.mu.Lock()
		defer f.mu.Unlock()
		answer(w, object{"calls": f.journal["call"]})
	case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/sim/"):
		f.servePost(w, r)
	default:
		http.FileServerFS(f.page).ServeHTTP(w, r)
	}
}

func (f *fake) serveEvents(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	down := f.down
	f.mu.Unlock()
	if down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after")) // a missing number means from the start
	if last, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil {
		after = last
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	for {
		f.mu.Lock()
		pending := f.events[min(after, len(f.events)):]
		wake := f.wake
		down := f.down
		f.mu.Unlock()
		if down {
			return
		}
		for _, e := range pending {
			fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.seq, e.kind, e.data)
			after = e.seq
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		}
	}
}

// cut ends all event streams and lets none open until mend.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = true
	close(f.wake)
	f.wake = make(chan struct{})
}

func (f *fake) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = false
}

func (f *fake) servePost(w http.ResponseWriter, r *http.Request) {
	var body struct {
		User, Channel, Text, TS, Name string
		ThreadTS                      string `json:"thread_ts"`
		Remove, Broadcast             bool
		Members                       []string
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, `{"error":"bad_json","message":"The body is not JSON."}`, http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paths = append(f.paths, r.URL.Path)
	close(f.wake) // for tests that wait for the post; event streams just look again
	f.wake = make(chan struct{})
	if f.broken {
		w.WriteHeader(http.StatusInternalServerError)
		answer(w, object{"error": "broken", "message": "The fake was told to fail."})
		return
	}
	switch r.URL.Path {
	case "/sim/messages":
		f.posts = append(f.posts, object{"user": body.User, "channel": body.Channel, "text": body.Text, "thread_ts": body.ThreadTS})
		m := object{"type": "message", "user": body.User, "text": body.Text, "ts": f.ts(time.Now())}
		if body.ThreadTS != "" {
			m["thread_ts"] = body.ThreadTS
			if body.Broadcast {
				m["subtype"] = "thread_broadcast"
			}
		}
		f.put(body.Channel, m)
		f.react(body.Channel, m)
		if hold := f.hold; hold != nil {
			f.mu.Unlock()
			<-hold
			f.mu.Lock()
		}
		answer(w, object{"channel": body.Channel, "ts": m["ts"]})
	case "/sim/messages/edit":
		m := f.find(body.Channel, body.TS)
		if m == nil {
			w.WriteHeader(http.StatusNotFound)
			answer(w, object{"error": "message_not_found", "message": "There is no such message."})
			return
		}
		m = with(m, object{"text": body.Text, "edited": object{"user": body.User, "ts": f.ts(time.Now())}})
		delete(m, "blocks")
		f.put(body.Channel, m)
		answer(w, object{})
	case "/sim/messages/delete":
		f.messages[body.Channel] = slices.DeleteFunc(f.messages[body.Channel], func(m object) bool { return m["ts"] == body.TS })
		f.emit("deleted", object{"channel": body.Channel, "ts": body.TS})
		answer(w, object{})
	case "/sim/reactions":
		if m := f.find(body.Channel, body.TS); m != nil {
			f.put(body.Channel, reacted(m, body.Name, body.User, body.Remove))
		}
		answer(w, object{})
	case "/sim/stop":
		f.stopped[body.Channel+body.ThreadTS] = true
		answer(w, object{})
	case "/sim/join":
		channels := f.state["channels"].([]object)
		for i, c := range channels {
			if c["id"] == body.Channel {
				channels[i] = with(c, object{"members": append(slices.Clone(c["members"].([]string)), body.User)})
				f.emit("channel", channels[i])
			}
		}
		answer(w, object{})
	case "/sim/channels":
		c := object{"id": fmt.Sprintf("C%d", 100+f.seq), "name": body.Name, "members": body.Members}
		f.state["channels"] = append(f.state["channels"].([]object), c)
		f.emit("channel", c)
		answer(w, object{"id": c["id"]})
	default:
		answer(w, object{})
	}
}

func reacted(m object, name, user string, remove bool) object {
	var out []object
	found := false
	old, _ := m["reactions"].([]object)
	for _, r := range old {
		users := slices.Clone(r["users"].([]string))
		if r["name"] == name {
			found = true
			users = slices.DeleteFunc(users, func(u string) bool { return u == user })
			if !remove {
				users = append(users, user)
			}
		}
		if len(users) > 0 {
			out = append(out, object{"name": r["name"], "users": users, "count": len(users)})
		}
	}
	if !found && !remove {
		out = append(out, object{"name": name, "users": []string{user}, "count": 1})
	}
	return with(m, object{"reactions": out})
}

func with(m, more object) object {
	out := object{}
	for k, v := range m {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the page went away
	}
}
