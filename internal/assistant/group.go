package assistant

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Groups tells who is in a user group.
type Groups interface {
	Members(ctx context.Context, group string) ([]string, error)
}

// groupLife is how long the members of a group are believed. Changes of a group count
// that much later.
const groupLife = 5 * time.Minute

// groups remembers who is in the user groups that the rules name.
type groups struct {
	ask Groups
	log *slog.Logger

	mu   sync.Mutex
	have map[string]membership
}

type membership struct {
	people  []string
	fetched time.Time
}

// of are those of the groups that the person is in. While Slack does not tell, what it
// told before counts; without that nobody can be let in or kept out, and it is an error.
func (g *groups) of(ctx context.Context, names []string, person string, now time.Time) (in []string, err error) {
	for _, name := range names {
		people, err := g.members(ctx, name, now)
		if err != nil {
			return nil, err
		}
		if slices.Contains(people, person) {
			in = append(in, name)
		}
	}
	return in, nil
}

func (g *groups) members(ctx context.Context, name string, now time.Time) ([]string, error) {
	g.mu.Lock()
	known, ok := g.have[name]
	g.mu.Unlock()
	if ok && now.Sub(known.fetched) < groupLife {
		return known.people, nil
	}
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	people, err := g.ask.Members(limited, name)
	if err != nil && ok && ctx.Err() == nil {
		g.log.Warn("cannot read a user group; going by what it was", "group", name, "since", known.fetched, "err", err)
		return known.people, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the user group %s: %w", name, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.have == nil {
		g.have = map[string]membership{}
	}
	g.have[name] = membership{people, now}
	return people, nil
}

// Learn reads the user groups that the rules name, so that a mistake in them is found
// before anybody is refused by it.
func (a *Assistant) Learn(ctx context.Context) error {
	for _, name := range a.settings.Access.Groups() {
		if _, err := a.groups.members(ctx, name, a.now()); err != nil {
			return err
		}
	}
	return nil
}
