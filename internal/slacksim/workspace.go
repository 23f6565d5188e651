package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Team is the workspace itself.
type Team struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`
}

// App is the app under test as it is installed in the workspace.
type App struct {
	ID        string `json:"id"`
	BotID     string `json:"bot_id"`
	BotUserID string `json:"bot_user_id"`
	Name      string `json:"name"`
	Agent     bool   `json:"agent"`
}

// User is a member of the workspace, the app's bot user among them.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	TZ       string `json:"tz"`
	TZLabel  string `json:"tz_label"`
	TZOffset int    `json:"tz_offset"` // seconds east of UTC
	IsBot    bool   `json:"is_bot"`
	Color    string `json:"color"`
	Deleted  bool   `json:"deleted"`
	Guest    bool   `json:"guest,omitempty"` // a multi-channel guest
	Team     string `json:"team,omitempty"`  // of another organisation: their own workspace (Slack Connect)
}

// Channel is a channel, a group conversation, a person's direct conversation with the app (User is the person) or one
// between two people (User is empty).
type Channel struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	IsIM         bool     `json:"is_im"`
	IsPrivate    bool     `json:"is_private"`
	IsMPIM       bool     `json:"is_mpim,omitempty"` // a group conversation
	IsArchived   bool     `json:"is_archived"`
	User         string   `json:"user,omitempty"` // in a DM: the person
	Members      []string `json:"members"`
	Topic        string   `json:"topic"`
	Created      int64    `json:"created"`
	Prompts      []Prompt `json:"prompts,omitempty"` // suggested by the app, at most 4
	PromptsTitle string   `json:"prompts_title,omitempty"`
}

// Prompt is a suggested prompt: clicking it sends Message.
type Prompt struct {
	Title   string `json:"title"`
	Message string `json:"message"`
}

// Ephemeral is a message that one person sees until they reload.
type Ephemeral struct {
	Channel  string          `json:"channel"`
	User     string          `json:"user"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks,omitempty"`
	TS       string          `json:"ts"`
}

// thread holds what follows one root message.
type thread struct {
	replies []*Message
	authors map[string]int // replies by author
}

// channel is a Channel with its messages, indexed by ts and by thread.
type channel struct {
	Channel
	list    []*Message // all, by ts
	top     []*Message // not replies, but broadcast ones; by ts
	byTS    map[string]*Message
	threads map[string]*thread
	lastTS  int64 // microseconds
}

func (c *channel) has(user string) bool { return slices.Contains(c.Members, user) }

// kind is Slack's channel_type.
func (c *channel) kind() string {
	switch {
	case c.IsIM:
		return "im"
	case c.IsMPIM:
		return "mpim"
	case c.IsPrivate:
		return "group"
	}
	return "channel"
}

// workspace is all that reset, export and import handle.
type workspace struct {
	team       Team
	app        App
	users      []*User
	userByID   map[string]*User
	channels   []*channel
	channelBy  map[string]*channel // by id and by "#name"
	dms        map[string]*channel // by person
	sessions   map[sessionKey]*session
	sessionLog []*session // in order of creation
	ephemerals []*Ephemeral
	homes      map[string]json.RawMessage // published home views by user
	install    *install
	files      *library
	viewing    map[string]string // the channel a person last looked at
}

func newWorkspace(team Team, app App) *workspace {
	return &workspace{
		team: team, app: app,
		userByID: map[string]*User{}, channelBy: map[string]*channel{}, dms: map[string]*channel{},
		sessions: map[sessionKey]*session{}, homes: map[string]json.RawMessage{}, viewing: map[string]string{}, install: newInstall(),
		files: newLibrary(),
	}
}

// Ids of the seed workspace.
const (
	SeedTeam        = "T01HARBOUR"
	SeedApp         = "A01HOLDFAST"
	SeedBot         = "B01HOLDFAST"
	SeedBotUser     = "U01HOLDFAST"
	SeedAda         = "U01ADAMARSH"
	SeedBen         = "U01BENOKAFOR"
	SeedGeneral     = "C01GENERAL"
	SeedRandom      = "C01RANDOM"
	SeedEngineering = "C01ENGINEERING"
	SeedAdaDM       = "D01ADAMARSH"
	SeedBenDM       = "D01BENOKAFOR"
)

// seedCreated is when the seed's channels were made: 1 January 2026.
const seedCreated = 1767225600

func seedWorkspace() *workspace {
	w := newWorkspace(
		Team{ID: SeedTeam, Name: "Harbour Works", Domain: "harbour-works"},
		App{ID: SeedApp, BotID: SeedBot, BotUserID: SeedBotUser, Name: "Holdfast", Agent: true},
	)
	w.addUser(&User{ID: SeedBotUser, Name: "holdfast", RealName: "Holdfast", TZ: "UTC", IsBot: true, Color: "4a5568"})
	w.addUser(&User{ID: SeedAda, Name: "ada", RealName: "Ada Marsh", TZ: "Europe/London", Color: "9f69e7"})
	w.addUser(&User{ID: SeedBen, Name: "ben", RealName: "Ben Okafor", TZ: "America/New_York", Color: "4bbe2e"})
	everyone := func() []string { return []string{SeedAda, SeedBen} }
	w.addChannel(Channel{ID: SeedGeneral, Name: "general", Members: append(everyone(), SeedBotUser), Created: seedCreated})
	w.addChannel(Channel{ID: SeedRandom, Name: "random", Members: everyone(), Created: seedCreated})
	w.addChannel(Channel{ID: SeedEngineering, Name: "engineering", Members: append(everyone(), SeedBotUser), Created: seedCreated})
	w.addChannel(Channel{ID: SeedAdaDM, IsIM: true, User: SeedAda, Members: []string{SeedAda, SeedBotUser}, Created: seedCreated})
	w.addChannel(Channel{ID: SeedBenDM, IsIM: true, User: SeedBen, Members: []string{SeedBen, SeedBotUser}, Created: seedCreated})
	return w
}

func (w *workspace) addUser(u *User) {
	if loc, err := time.LoadLocation(u.TZ); err == nil && u.TZLabel == "" {
		u.TZLabel, u.TZOffset = time.Unix(seedCreated, 0).In(loc).Zone()
	}
	w.users = append(w.users, u)
	w.userByID[u.ID] = u
}

func (w *workspace) addChannel(c Channel) *channel {
	ch := &channel{Channel: c, byTS: map[string]*Message{}, threads: map[string]*thread{}}
	w.channels = append(w.channels, ch)
	w.channelBy[c.ID] = ch
	if c.IsIM && c.User != "" {
		w.dms[c.User] = ch
	} else if !c.IsIM && !c.IsMPIM {
		w.channelBy["#"+c.Name] = ch
	}
	return ch
}

// find resolves what a person or a test writes for a channel: an id, "#name", or "@bot" for the person's own DM.
func (s *Sim) find(user, ref string) (*channel, error) {
	if strings.HasPrefix(ref, "@") {
		if _, err := s.person(user); err != nil {
			return nil, err
		}
		return s.dm(user), nil
	}
	if ch := s.ws.channelBy[ref]; ch != nil {
		return ch, nil
	}
	return nil, &BadRequest{"channel_not_found", fmt.Sprintf("no channel %q: give an id, #name, or @bot for the DM", ref)}
}

func (s *Sim) person(id string) (*User, error) {
	if u := s.ws.userByID[id]; u != nil {
		return u, nil
	}
	return nil, &BadRequest{"user_not_found", fmt.Sprintf("no user %q: give an id that /sim/state lists", id)}
}

// dm is the person's direct conversation with the app, opened when there is none yet.
func (s *Sim) dm(user string) *channel {
	if ch := s.ws.dms[user]; ch != nil {
		return ch
	}
	ch := s.ws.addChannel(Channel{ID: s.nextID("D"), IsIM: true, User: user, Members: []string{user, s.ws.app.BotUserID}, Created: s.now().Unix()})
	s.publish("channel", ch)
	return ch
}

// tick returns the next ts of the channel: now, or a microsecond above the last one.
func (c *channel) tick(now time.Time) string {
	c.lastTS = max(now.UnixMicro(), c.lastTS+1)
	return fmt.Sprintf("%d.%06d", c.lastTS/1e6, c.lastTS%1e6)
}

// BadRequest is a refusal of the control API or of the matching Go call: Code for programs, Message for people.
type BadRequest struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *BadRequest) Error() string { return "slacksim: " + e.Code + ": " + e.Message }
