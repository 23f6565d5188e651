package modal

import (
	"encoding/json"

	"holdfast/internal/settings"
)

// Loading is shown while the settings are looked up. It names the place, so that the
// modal can be built from what comes back of it.
func Loading(p settings.Place, l settings.Level) json.RawMessage {
	return encode(object{
		"type": "modal", "callback_id": LoadingCallback, "title": plain("Settings", 24), "close": plain("Cancel", 24),
		"private_metadata": metadata{Team: p.Team, Channel: p.Channel, Root: p.Root, Level: l}.String(),
		"blocks":           []object{section(":hourglass_flowing_sand: Looking up your settings…")},
	})
}

// Failed says that there is no modal, in one sentence of what happened and what to do.
func Failed(say string) json.RawMessage {
	return encode(object{
		"type": "modal", "callback_id": LoadingCallback, "title": plain("Settings", 24), "close": plain("Close", 24),
		"blocks": []object{section(":warning: " + say)},
	})
}
