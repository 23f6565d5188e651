package reception

import (
	"context"

	"holdfast/internal/chat"
)

// What people read.
const (
	tooLate  = "That click came while I was restarting, and Slack gives me three seconds only. Please click again."
	tooLate2 = "Slack did not let me open the window in time. Please try again."
	trouble  = "I cannot look up the settings now. Nothing is lost: please close this and try again in a minute."
)

// say tells the person of an act something, alone; whether it worked. Lines in threads
// are shown there, which a response_url cannot.
func say(ctx context.Context, k Slack, a Act, text string) bool {
	if a.Response != "" && (a.Root == "" || a.Channel == "") && k.Respond(ctx, a.Response, text) == nil {
		return true
	}
	if a.Channel != "" && k.Whisper(ctx, a.place(), a.User, text) == nil {
		return true
	}
	return a.Response != "" && a.Root != "" && k.Respond(ctx, a.Response, text) == nil
}

// insist is say, by a direct message if there is no other way.
func insist(ctx context.Context, k Slack, a Act, text string) error {
	if say(ctx, k, a, text) {
		return nil
	}
	return k.Direct(ctx, a.User, text)
}

// admitted is a message that the act could have been, for a gate.
func admitted(a Act) chat.Message {
	return chat.Message{Conversation: chat.Conversation{Team: a.Team, Channel: a.Channel, Root: a.Root}, User: a.User, ClientTeam: a.Stranger}
}
