package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/config"
	"holdfast/internal/home"
	"holdfast/internal/settings"
	"holdfast/internal/slack/web"
	"holdfast/internal/turn"
)

// smallModel does small work where nobody has said which model should, and the
// endpoint has it.
const smallModel = "gpt-6-luna"

// small is the model for small work, and the least effort that it has.
func small(c config.Config, m models) (name, effort string) {
	name = c.SmallModel
	if name == "" && m.table {
		name = smallModel
	} else if name == "" {
		name = c.Model
	}
	a := m.Ability(name)
	if len(a.Efforts) > 0 {
		effort = a.Efforts[0]
	}
	return a.Name, effort
}

// hosts are what makes people at home; any of them may be nil.
type hosts struct {
	titles *home.Titles
}

// host makes what the operator wants of it.
func host(c config.Config, db database, calls *web.Client, model turn.Model, chosen *settings.Settings, log *slog.Logger) hosts {
	var h hosts
	if c.Titles {
		name, effort := small(c, chosen.Models().(models))
		h.titles = home.NewTitles(db, model, &namer{web: calls}, home.TitleOptions{Model: name, Effort: effort, Store: c.Store, Logger: log})
	}
	return h
}

// ending is told how turns end. See turn.Options.
func (h hosts) ending(_ context.Context, _ turn.Fence, t *turn.Turn, r turn.Result) {
	if h.titles != nil {
		h.titles.Ended(t, r)
	}
}

// run works until ctx ends.
func (h hosts) run(ctx context.Context) {
	if h.titles != nil {
		h.titles.Run(ctx)
	}
}

// namer names agent sessions, or threads of the older assistant view.
type namer struct {
	web   *web.Client
	older atomic.Bool
}

// lacking are the codes that say: this app or workspace has no agent sessions.
var lacking = []string{"unknown_method", "feature_disabled", "feature_not_enabled", "method_deprecated", "deprecated_endpoint", "missing_scope", "not_allowed_token_type"}

// Rename implements home.Namer. A title can wait for its slot, but not for ever.
func (n *namer) Rename(ctx context.Context, c chat.Conversation, title string) error {
	send := web.Send{Priority: web.Tick, Wait: 30 * time.Second}
	var first error
	if !n.older.Load() {
		first = n.web.RenameSession(ctx, c.Channel, c.Root, title, send)
		e, ok := errors.AsType[*web.Error](first)
		if !ok || e.Class != web.Refused {
			return first
		}
		if slices.Contains(lacking, e.Code) {
			n.older.Store(true)
		}
	}
	if err := n.web.SetThreadTitle(ctx, c.Channel, c.Root, title, send); err != nil {
		return errors.Join(first, err)
	}
	return nil
}
