// Package inbox stores everything that Slack delivers before Slack is told
// that it arrived.
//
// # Guarantees
//
//  1. [Inbox.Receive] returns without an error only after the envelope's row is
//     committed, durable over power loss. Only then may it be acknowledged.
//  2. Whatever parses as JSON is stored, of a known type or not. Classifying
//     never refuses and never panics.
//  3. One message is one row, whatever delivers it: message event, app_mention,
//     redelivery, history. The key that deduplicates is in the row itself.
//  4. A row for the assistant and the count of its lane's open work are written
//     in one transaction.
//  5. A richer delivery of the same message (the message event after the
//     mention) replaces a poorer one while nobody has begun to answer it; a
//     message that was overheard becomes work at most once.
//  6. A person's stop is committed with the lanes that it means before the
//     envelope is acknowledged, and reaches the turn in whichever process it runs.
//  7. A turn that failed is run again at most once for all clicks on its Retry:
//     the click is work under a key of the turn's own. A turn that did not fail is
//     not.
//  8. An act (a click, a shortcut, a command, a modal) is open from its commit until it
//     is done, over crashes; nothing of it waits for a lane.
//  9. Whether a reply without a mention is followed is decided once, in the
//     transaction that stores it, by what is stored of its thread and its settings.
//
// Not guaranteed: order of arrival. Lanes order by Slack's ts.
package inbox
