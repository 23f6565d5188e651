package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Archive is a whole workspace, for export and import. Settings, faults and connections are not part of it.
type Archive struct {
	Team       Team                       `json:"team"`
	App        App                        `json:"app"`
	Users      []User                     `json:"users"`
	Channels   []Channel                  `json:"channels"`
	Messages   map[string][]Message       `json:"messages"` // by channel id, by ts
	Sessions   []Session                  `json:"sessions"`
	Ephemerals []Ephemeral                `json:"ephemerals"`
	Homes      map[string]json.RawMessage `json:"homes"`
	Viewing    map[string]string          `json:"viewing"`
	Install    Installation               `json:"install"`
	Files      []ArchivedFile             `json:"files"`
	Canvases   []ArchivedCanvas           `json:"canvases"`
	Serial     int                        `json:"serial"` // the last number used for an id
}

// Export copies the workspace.
func (s *Sim) Export() Archive {
	s.enter()
	defer s.leave()
	v, w := View{s}, s.ws
	a := Archive{
		Team: w.team, App: w.app, Users: []User{}, Channels: []Channel{}, Messages: map[string][]Message{},
		Sessions: v.Sessions(), Ephemerals: v.Ephemerals(), Homes: map[string]json.RawMessage{}, Viewing: map[string]string{},
		Install: w.install.archive(), Serial: s.serial,
	}
	for _, u := range w.users {
		a.Users = append(a.Users, *u)
	}
	for _, ch := range w.channels {
		a.Channels = append(a.Channels, ch.public())
		a.Messages[ch.ID] = pages(ch.list)
	}
	for k, x := range w.homes {
		a.Homes[k] = x
	}
	for k, x := range w.viewing {
		a.Viewing[k] = x
	}
	a.Files, a.Canvases = w.files.archive()
	return a
}

// Import replaces the workspace. Streams that were live in the archive come back as errored, and sessions that were
// processing as active, for who fed them is gone. Readers of the feed get a reset.
func (s *Sim) Import(a Archive) error {
	w, err := a.build()
	if err != nil {
		return &BadRequest{"bad_archive", err.Error()}
	}
	s.enter()
	defer s.leave()
	s.replace(w, a.Serial)
	return nil
}

// Reset goes back to the seed workspace, with empty journals, no faults and no events under way. Settings, limits and
// connections stay.
func (s *Sim) Reset() {
	s.enter()
	defer s.leave()
	s.faults, s.deliver, s.dropped, s.hour = nil, chaos{}, 0, hourly{}
	limits := s.limits.LimitSettings
	s.limits = newLimiter(false)
	s.limits.LimitSettings = limits
	s.calls.clear()
	s.envelopes.clear()
	s.replace(seedWorkspace(), s.serial)
}

func (s *Sim) replace(w *workspace, serial int) {
	for _, ch := range s.ws.channels {
		for _, m := range ch.byTS {
			if m.stream != nil {
				s.cancel(m.stream.expiry)
			}
		}
	}
	for _, x := range s.ws.sessions {
		s.cancel(x.expiry)
		s.cancel(x.proseOver)
	}
	for _, d := range s.pending {
		s.cancel(d.timeout)
	}
	for _, d := range slices.Concat(s.parked, s.held) {
		s.cancel(d.expires)
	}
	s.held, s.parked, s.pending, s.acts = nil, nil, map[string]*delivery{}, newActs()
	s.epoch++
	s.ws.files.discard()
	s.ws, s.serial = w, max(serial, s.serial)
	w.files.sim = s
	s.feed.clear()
	s.publish("reset", empty{})
}

func (a Archive) build() (*workspace, error) {
	if a.Team.ID == "" || a.App.ID == "" || a.App.BotID == "" || a.App.BotUserID == "" {
		return nil, fmt.Errorf("team and app need their ids")
	}
	w := newWorkspace(a.Team, a.App)
	for _, u := range a.Users {
		if u.ID == "" || w.userByID[u.ID] != nil {
			return nil, fmt.Errorf("user %q is nameless or there twice", u.ID)
		}
		w.addUser(&u)
	}
	if w.userByID[a.App.BotUserID] == nil {
		return nil, fmt.Errorf("the app's user %q is not among the users", a.App.BotUserID)
	}
	for _, c := range a.Channels {
		if c.ID == "" || w.channelBy[c.ID] != nil {
			return nil, fmt.Errorf("channel %q is nameless or there twice", c.ID)
		}
		if c.Members == nil {
			c.Members = []string{}
		}
		ch := w.addChannel(c)
		if err := ch.refill(a.Messages[c.ID]); err != nil {
			return nil, fmt.Errorf("channel %s: %w", c.ID, err)
		}
	}
	for id := range a.Messages {
		if w.channelBy[id] == nil {
			return nil, fmt.Errorf("messages of the unknown channel %q", id)
		}
	}
	for _, x := range a.Sessions {
		if w.channelBy[x.Channel] == nil || !validStatus(x.Status) {
			return nil, fmt.Errorf("session of channel %q with status %q", x.Channel, x.Status)
		}
		if x.Status == "processing" {
			x.Status, x.Stoppable = "active", false
		}
		if x.LoadingMessages == nil {
			x.LoadingMessages = []string{}
		}
		k := &session{Session: x}
		w.sessions[sessionKey{x.Channel, x.ThreadTS}] = k
		w.sessionLog = append(w.sessionLog, k)
	}
	for _, e := range a.Ephemerals {
		w.ephemerals = append(w.ephemerals, &e)
	}
	w.install = a.Install.build()
	if err := w.restock(a.Files, a.Canvases); err != nil {
		return nil, err
	}
	for k, x := range a.Homes {
		w.homes[k] = x
	}
	for k, x := range a.Viewing {
		w.viewing[k] = x
	}
	return w, nil
}

// refill files archived messages; the counts of the threads are made anew.
func (c *channel) refill(list []Message) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Message) int { return compareTS(a.TS, b.TS) })
	for _, m := range list {
		sec, micro, _ := strings.Cut(m.TS, ".")
		s, err := strconv.ParseInt(sec, 10, 64)
		if !validTS(m.TS) || len(micro) != 6 || err != nil {
			return fmt.Errorf("message ts %q: give seconds, a point and six digits", m.TS)
		}
		if c.byTS[m.TS] != nil {
			return fmt.Errorf("message %s is there twice", m.TS)
		}
		u, _ := strconv.ParseInt(micro, 10, 64) // validTS saw digits
		c.lastTS = s*1e6 + u
		if v := m.Stream; v != nil {
			m.stream = &stream{mode: v.Mode, state: streamDone, md: []byte(v.Text), plan: v.Plan}
			for _, k := range v.Tasks {
				m.stream.tasks = append(m.stream.tasks, &k)
			}
			if len(m.Blocks) > 0 && json.Unmarshal(m.Blocks, &m.stream.final) != nil {
				return fmt.Errorf("message %s: its blocks are no array", m.TS)
			}
			m.Stream, m.Blocks = nil, nil
		}
		if m.StreamingState == "in_progress" {
			m.StreamingState = "errored"
		}
		m.Type, m.AgentSession = "message", nil
		m.ReplyCount, m.ReplyUsersCount, m.LatestReply, m.ReplyUsers = 0, 0, "", nil
		c.index(&m)
	}
	return nil
}
