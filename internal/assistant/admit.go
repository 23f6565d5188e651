package assistant

import (
	"context"
	"fmt"
	"time"

	"holdfast/internal/chat"
	"holdfast/internal/policy"
)

// Admit tells why the author of a message gets no answer; nil: they do. See turn.Gate.
//
// A person whose profile cannot be read counts as a member: it is the workspace's own
// administrators who let them in, and Slack's trouble must not lock colleagues out.
// That somebody is of another organisation is said in the message itself; only that it
// is another workspace of our own organisation takes a profile, and without one they
// stay outside.
func (a *Assistant) Admit(ctx context.Context, m chat.Message) (*policy.Refusal, error) {
	rules := a.settings.Access
	org := a.settings.Org
	groups, err := a.groups.of(ctx, rules.Groups(), m.User, a.now())
	if err != nil {
		return nil, fmt.Errorf("look at the user groups of %s: %w", m.User, err)
	}
	c := policy.Caller{User: m.User, Groups: groups, Channel: m.Channel, Direct: m.Direct(), External: m.ClientTeam != "" && m.ClientTeam != org}
	if rules.NeedsProfile(m.User) || c.External && org != "" && !rules.External {
		asking, cancel := context.WithTimeout(ctx, glance)
		defer cancel()
		u, err := a.person(ctx, asking, m.Team, m.User)
		if err != nil {
			return nil, fmt.Errorf("look at the author of a message: %w", err)
		}
		c.Guest = u.Guest
		c.External = c.External && (org == "" || u.Org != org)
	}
	return rules.Admit(c), nil
}

// glance is how long a profile may take before the first sign of life.
const glance = 800 * time.Millisecond
