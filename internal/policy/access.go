package policy

import (
	"slices"
	"strings"
)

// Rules are the operator's: who is answered, and where. Lists hold Slack's ids; those of
// people may name user groups.
type Rules struct {
	AllowUsers    []string // empty: all
	DenyUsers     []string
	AllowChannels []string // empty: all; direct channels need not be named
	DenyChannels  []string // direct channels, too
	Guests        bool     // guests of the workspace are answered
	External      bool     // people of other organisations are answered
}

// Caller is who asks, and where.
type Caller struct {
	User     string
	Groups   []string // of those that the rules name, these have the person in them
	Channel  string
	Direct   bool
	Guest    bool // by their profile
	External bool // of another organisation
}

// Refusal is why a message is not answered.
type Refusal struct {
	Reason string // stable: "user_denied", "user_not_allowed", "channel_denied", "channel_not_allowed", "guest", "external"
	Say    string // what its author reads, once
}

const (
	notYou      = "Sorry, I am not set up to answer you. Whoever looks after me in this workspace can change that; please ask them."
	notHere     = "Sorry, I am not set up to answer in this channel. Please write to me somewhere else, or ask whoever looks after me in this workspace."
	noGuests    = "Sorry, I do not answer guests of this workspace for now. Whoever looks after me can change that; please ask them, or the person who invited you."
	noStrangers = "Sorry, I only answer people of my own organisation for now. Somebody from there can ask me for you."
)

// Admit returns nil if the person may have an answer there.
func (r Rules) Admit(a Caller) *Refusal {
	named := a.in(r.AllowUsers)
	switch {
	case a.in(r.DenyUsers):
		return &Refusal{"user_denied", notYou}
	case len(r.AllowUsers) > 0 && !named:
		return &Refusal{"user_not_allowed", notYou}
	case a.External && !r.External && !named:
		return &Refusal{"external", noStrangers}
	case a.Guest && !r.Guests && !named:
		return &Refusal{"guest", noGuests}
	case slices.Contains(r.DenyChannels, a.Channel):
		return &Refusal{"channel_denied", notHere}
	case len(r.AllowChannels) > 0 && !a.Direct && !slices.Contains(r.AllowChannels, a.Channel):
		return &Refusal{"channel_not_allowed", notHere}
	}
	return nil
}

// in reports whether a list names the person, or a group that they are in.
func (a Caller) in(list []string) bool {
	return slices.Contains(list, a.User) || slices.ContainsFunc(a.Groups, func(g string) bool { return slices.Contains(list, g) })
}

// Groups are the user groups that the rules name, each once. Slack: their ids begin
// with S.
func (r Rules) Groups() []string {
	var groups []string
	for _, id := range slices.Concat(r.AllowUsers, r.DenyUsers) {
		if strings.HasPrefix(id, "S") && !slices.Contains(groups, id) {
			groups = append(groups, id)
		}
	}
	return groups
}

// NeedsProfile tells whether the answer of [Rules.Admit] may hang on whether this
// person is a guest.
func (r Rules) NeedsProfile(user string) bool {
	return !r.Guests && len(r.AllowUsers) == 0 && !slices.Contains(r.DenyUsers, user)
}
