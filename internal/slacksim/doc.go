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
//  3. A fault that says "after the effect" (reset_after, lost, hang_after, internal_after) leaves the same workspace as the
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
//  10. An interaction or a command goes to the app once. Without an acknowledgement within Settings.Interaction of the
//     person's click it failed for good; a later one changes nothing, and the person reads what Slack would say.
//  11. A trigger_id shows one modal to the one person it comes from, for Settings.Trigger, and only when the view is
//     sound; a person's stack holds at most three modals, and only the one on top can be used.
//  12. What the app reads in state.values was checked against the element: its type, options that are there or that
//     the app offered this person, and for a submitted view all that Slack's client checks. An update of a view or a
//     message keeps it where block_id, action_id and type are the same.
//  13. A response_url works five times within 30 minutes, for the one person and conversation it was made for; what it
//     refuses does not count.
//  14. A file's bytes go to holders of a live bot token with files:read, for files that the app owns or that are shared
//     where it is; all others get what Slack gives them: a login page with status 200, 403 for another workspace's
//     token, 404 for what is gone. The message with an uploaded file comes Settings.ShareDelay after the upload was
//     completed and is never named in the answer; an upload counts once.
//  15. A file holds at most Settings.MaxFileBytes. Above 1 MiB its bytes are in a temporary folder that Close removes,
//     and never as a whole in memory. Images above 25 million pixels are not decoded.
//  16. An action_token lets the app search for Settings.ActionToken on behalf of the person whose message it came with:
//     in public channels, and with further scopes in the conversations that this person is in.
//  17. The app gets no event of a conversation between people that it is not in, and cannot name it.
//  18. An export carries the bytes of files up to 4 MiB each and 16 MiB together, the newest first; files without
//     their bytes come back as tombstones.
//  19. With Settings.EventsURL set, which takes the url_verification handshake, events are posted there instead, signed
//     with the time that Advance has not moved. Without a 2xx within Settings.HTTPTimeout an event comes again on the
//     schedule of Settings.Redelivery, with the same event_id, the attempt's number and the reason of the last failure,
//     at most three times; X-Slack-No-Retry: 1 on another status ends that. Two redirects are followed. Interactions and
//     commands go to Settings.InteractivityURL (OptionsURL, CommandsURL) once, and the answer's body is the
//     acknowledgement. No request is sent to another host than loopback, and each is in the journal.
//  20. With rate limits on, an hour has at most Settings.EventsPerHour events; what is above is never sent, and
//     app_rate_limited says so once in each minute that it happens in.
//  21. After Uninstall every call with a bot token gives account_inactive, and no event or interaction goes out, until
//     Install or an installation through OAuth. tokens_revoked and app_uninstalled come before that, in either order.
//  22. A code of the authorize page gives one token within Settings.CodeLife, to who knows the client secret or the
//     PKCE verifier, for the same redirect_uri. The token has the scopes that were allowed. With Settings.TokenRotation
//     it expires after Settings.TokenLife; its refresh token gives one new token, and the old one lives to its end.
//     The journal holds no token, code or secret. An export holds the tokens, so that a saved workspace goes on.
//  23. A fault of the method "envelope" strikes envelopes of the connection that it names; all other traffic goes on. A
//     stall or a mute with a time ends by itself on the simulator's clock.
//  24. What a person types keeps its text as it is; its rich_text block has the same words, with Slack's styles.
//  25. What Sim.Announce was told last of each kind is in the state, and in the feed in its place.
//
// Not guaranteed: the texts of error details, the order of deliveries, which connection gets an event, and the exact
// form of ids.
// That fewer than 5% of an hour's deliveries succeed is only noted (View.HTTP): the subscriptions stay on. Which events
// go out depends on Settings.Scopes, not on the scopes of a token from OAuth.
//
// Not there: elements in the blocks of attachments, workflow steps; session channels; several workspaces, org-wide
// installs and what only they can give (cannot_install_an_org_installed_app, enterprise ids), the use of people's
// tokens, incoming webhooks, ssl_check, delayed events; of files and search: remote and external files, comments, public links, WebP thumbnails,
// image rotation by EXIF, search modifiers and term clauses; of canvases: people who edit them, their text as rich text.
// A search reads every message of the channels that it may look in.
//
// Anybody may import it but the adapters that it stands in front of; itself it imports the standard library only.
package slacksim
