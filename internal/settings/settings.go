package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/chat"
)

// Level is how far a setting reaches.
type Level string

// The levels; each stands above the one before it.
const (
	Operator Level = "operator"
	User     Level = "user"
	Channel  Level = "channel"
	Thread   Level = "thread"
)

// Levels are all of them, lowest first.
func Levels() []Level { return []Level{Operator, User, Channel, Thread} }

// Scope is where something is set: a person's, a channel's or a thread's. The
// operator's is in the configuration, and never stored.
type Scope struct {
	Level Level
	Team  string
	ID    string // the person's, the channel's, or "channel/root"
}

// Place is where a turn runs and for whom. A part may be empty; its scope is left out.
type Place struct {
	Team    string
	User    string
	Channel string
	Root    chat.TS
}

// Scope is the place's scope on a level; false if it has none. A direct channel has no
// scope of its own: what is set there is the person's.
func (p Place) Scope(l Level) (Scope, bool) {
	switch l {
	case User:
		return Scope{User, p.Team, p.User}, p.User != ""
	case Channel:
		direct := chat.Conversation{Channel: p.Channel}.Direct()
		return Scope{Channel, p.Team, p.Channel}, p.Channel != "" && !direct
	case Thread:
		return Scope{Thread, p.Team, p.Channel + "/" + string(p.Root)}, p.Channel != "" && p.Root != ""
	}
	return Scope{}, false
}

// Entry is one stored value.
type Entry struct {
	Raw json.RawMessage // as it was saved; empty: it was cleared
	By  string          // the person's id
	At  time.Time
}

// Stored is what is stored for one scope.
type Stored map[Key]Entry

// Changes are what to store: raw JSON, or nil to clear a field, which then is what the
// levels below say.
type Changes map[Key]json.RawMessage

// Store keeps settings.
type Store interface {
	// Settings returns what is stored for each of the scopes, cleared fields left out.
	// A scope for which nothing is stored has no entry.
	Settings(ctx context.Context, scopes []Scope) (map[Scope]Stored, error)
	// SaveSettings stores changes to one scope, made by a person at a time, all or none.
	// A second save with the same key changes nothing, and a field that was changed
	// later than at stays as it is.
	SaveSettings(ctx context.Context, s Scope, changes Changes, by string, at time.Time, key string) error
}

// Settings answers what is set where.
type Settings struct {
	store    Store
	models   Models
	operator Stored
}

// Mistake is a value of the operator's that a field cannot have.
type Mistake struct {
	Key Key
	Say string // a sentence: what it must be
}

func (m *Mistake) Error() string { return fmt.Sprintf("settings: %s: %s", m.Key, m.Say) }

// New makes Settings. operator is what the configuration sets, by field; empty is not
// set. Any model may be named; each other value that cannot be is a [Mistake] among those
// that the error joins.
func New(s Store, m Models, operator map[Key]string) (*Settings, error) {
	set := Stored{}
	a := m.Ability(operator[Model])
	var mistakes []error
	for _, k := range slices.Sorted(maps.Keys(operator)) {
		f, ok := Lookup(k)
		e := Entry{Raw: f.encode(operator[k])}
		switch {
		case operator[k] == "":
			continue
		case !ok:
			mistakes = append(mistakes, &Mistake{k, "there is no such field"})
		case k != Model && f.Applies(a):
			if _, _, ok := f.read(e.Raw, m, a); !ok {
				mistakes = append(mistakes, &Mistake{k, f.want(m, a)})
			}
		}
		set[k] = e
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return &Settings{store: s, models: m, operator: set}, nil
}

// Models tells what can be chosen.
func (s *Settings) Models() Models { return s.models }

// Base is the operator's level alone.
func (s *Settings) Base() Values {
	return merge(s.models, map[Level]Stored{Operator: s.operator})
}

// Effective is what counts at a place. With an error the values are the operator's.
func (s *Settings) Effective(ctx context.Context, p Place) (Values, error) {
	var scopes []Scope
	for _, l := range Levels() {
		if scope, ok := p.Scope(l); ok {
			scopes = append(scopes, scope)
		}
	}
	found, err := s.store.Settings(ctx, scopes)
	if err != nil {
		return s.Base(), fmt.Errorf("read the settings: %w", err)
	}
	layers := map[Level]Stored{Operator: s.operator}
	for scope, stored := range found {
		layers[scope.Level] = stored
	}
	return merge(s.models, layers), nil
}

// Save stores changes that [Values.Check] has made. key names the deed, so that it is
// done once.
func (s *Settings) Save(ctx context.Context, scope Scope, c Changes, by string, at time.Time, key string) error {
	if err := s.store.SaveSettings(ctx, scope, c, by, at, key); err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	return nil
}
