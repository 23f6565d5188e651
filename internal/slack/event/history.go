package event

import (
	"encoding/json"
	"fmt"
)

// FromHistory makes of a message that Slack lists in a channel's history the
// payload of the event that it would have come in, so that what was missed
// goes through the inbox like everything else, under the same key. Kind is
// the channel's: "im", "channel", "group" or "mpim".
func FromHistory(team, channel, kind string, message json.RawMessage) ([]byte, error) {
	m := parse(message)
	if m == nil {
		return nil, fmt.Errorf("message of %s from history: not a JSON object", channel)
	}
	for name, value := range map[string]string{"type": "message", "channel": channel, "channel_type": kind} {
		m[name], _ = json.Marshal(value) // a string always encodes
	}
	type authorization struct {
		Team string `json:"team_id"`
	}
	b, err := json.Marshal(struct {
		Type           string          `json:"type"`
		Team           string          `json:"team_id"`
		Authorizations []authorization `json:"authorizations"`
		Event          object          `json:"event"`
	}{"event_callback", team, []authorization{{team}}, m})
	if err != nil {
		return nil, fmt.Errorf("message of %s from history: %w", channel, err)
	}
	return b, nil
}
