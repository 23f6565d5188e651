package app

import (
	"context"
	"log/slog"

	"holdfast/internal/assistant"
	"holdfast/internal/chat"
	"holdfast/internal/config"
	"holdfast/internal/policy"
	"holdfast/internal/slack/surface"
	"holdfast/internal/slack/web"
	"holdfast/internal/turn"
)

// access is what the operator says of who is answered, and where.
func access(c config.Config) policy.Rules {
	return policy.Rules{
		AllowUsers: c.AllowUsers, DenyUsers: c.DenyUsers, AllowChannels: c.AllowChannels, DenyChannels: c.DenyChannels,
		Guests: c.AllowGuests, External: c.AllowExternal,
	}
}

// learnGroups reads the user groups that the lists name. What Slack refuses to tell is a
// mistake in the settings; what it cannot tell now is asked for again.
func learnGroups(ctx context.Context, a *assistant.Assistant, log *slog.Logger) error {
	err := a.Learn(ctx)
	switch code := web.Code(err); {
	case err == nil:
		return nil
	case code == "no_such_subteam":
		return &SetupError{Say: "HOLDFAST_ALLOW_USERS or HOLDFAST_DENY_USERS names a user group that this workspace does not have", Cause: err}
	case code == "missing_scope":
		return &SetupError{Say: "user groups in HOLDFAST_ALLOW_USERS or HOLDFAST_DENY_USERS need the scope usergroups:read: add it to the app and install it again", Cause: err}
	}
	log.Warn("cannot read the user groups of the lists now; will ask again", "err", err)
	return nil
}

// gate asks the assistant, and speaks by the surfaces.
type gate struct {
	*assistant.Assistant
	surfaces *surface.Surfaces
}

var _ turn.Gate = gate{}

func (g gate) Tell(ctx context.Context, f turn.Fence, id string, m chat.Message, why policy.Refusal) error {
	return g.surfaces.Refuse(ctx, f, id, m, why.Say)
}
