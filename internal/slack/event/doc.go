// Package event reads what Slack delivers: it tells the inbox what an envelope
// is, and gives later code the acts of people as types.
//
// # Guarantees
//
//  1. [Decoder.Classify] returns an entry for any bytes whatever. It never
//     panics, blocks or calls out, and the same bytes give the same entry.
//  2. One message has one key, "m/team/channel/ts", whether it comes as a
//     message event, as an app_mention, edited before we saw it, again, or from
//     history. The message event outranks the mention, which may lack files.
//  3. A lane is given only to what a person said to the assistant: a message in
//     a direct channel, or one that mentions the bot elsewhere, and only of the
//     kinds in a whitelist. Without author, channel or a well-formed ts, there
//     is no lane.
//  4. Our own posts never get a lane, and neither do those of other bots and of
//     workflows, even if they mention us: two bots cannot talk each other into
//     a loop.
//  5. An edit is an entry of its own, keyed by (ts, edited ts), and only if the
//     author's words changed: an unfurled link or an edit of ours is none. A
//     deletion, or a tombstone in a message's place, is a deletion.
//  6. Interactions and commands are keyed by what Slack made for each click, so
//     two clicks are two entries, and one that comes twice is one.
//  7. Texts in entries are valid UTF-8 without NUL bytes, so that any database
//     takes them. The payload stays as it came.
//  8. A stop is read from Slack's stop event, our own stop button, a reaction with
//     a cross or a stop sign, and a message of the one word in a thread or a
//     direct channel; from nothing else.
//
// Not guaranteed: that Slack tells the truth about a person's team; policy
// decides about strangers and guests, who get a lane here like anybody else.
//
// Adapters and the app may import event. It implements inbox.Classifier and
// imports chat, inbox and the standard library.
package event
