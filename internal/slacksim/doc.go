// Package slacksim is a simulated Slack: one workspace with one app installed in it, spoken to as one speaks to Slack
// (Web API over HTTP, Socket Mode over WebSocket), and a control API for the people in it, for faults and for looking
// on. The sandbox ships it; the tests stand on it. It knows nothing of the code under test.
//
// Where Slack's behaviour is not documented, it is a field of Settings with the stricter reading as the default.
//
// # Guarantees
//
//  1. Every ts is a string with six decimals and larger than all earlier ones of its channel.
//  2. Every Web API answer has HTTP status 200, {"ok":true} or {"ok":false,"error":code}; only rate limits (429) and
//     armed faults differ. A refused call changes no message and no session.
//  3. A fault that says "after the effect" (reset_after, lost, internal_after) leaves the same workspace as the
//     undisturbed call; one that says before leaves none.
//  4. An event that the app subscribed to, in a conversation it is in, covered by a scope, goes to exactly one live
//     connection per attempt. Without an acknowledgement in time it is sent again, with the same event_id, at most
//     three times, and then counted in View.Dropped.
//  5. A mention in a channel is two events (app_mention and message) with one ts and two event_ids, in random order.
//  6. A stream ends Settings.StreamTTL after its start whatever is appended, and holds Settings.StreamChars characters;
//     an append that does not fit changes nothing.
//  7. Sim.Wait looks again after every change, so that a test never has to sleep.
//  8. Posting and reading pages of history take time that does not grow with the number of messages, but for a search
//     in a sorted list.
//  9. After Close no goroutine, timer or connection of the simulator is left.
//
// Not guaranteed: the texts of error details, the order of deliveries, which connection gets an event, and the exact
// form of ids.
//
// Not there: interactivity (trigger ids, views.open/push/update, response_url, slash commands), the HTTP Events API,
// file upload and download, canvases, search, OAuth, several workspaces.
//
// Anybody may import it but the adapters that it stands in front of; itself it imports the standard library only.
package slacksim
