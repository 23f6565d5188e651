package app

import (
	"context"

	"holdfast/internal/assistant"
	"holdfast/internal/chat"
	"holdfast/internal/config"
	"holdfast/internal/policy"
	"holdfast/internal/slack/surface"
	"holdfast/internal/turn"
)

// access is what the operator says of who is answered, and where.
func access(c config.Config) policy.Rules {
	return policy.Rules{
		AllowUsers: c.AllowUsers, DenyUsers: c.DenyUsers, AllowChannels: c.AllowChannels, DenyChannels: c.DenyChannels,
		Guests: c.AllowGuests, External: c.AllowExternal,
	}
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
