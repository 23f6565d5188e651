// Package transcript is what the model sees of a conversation: who said what,
// when by their own clock, in an order that keeps the prompt's beginning the
// same from turn to turn.
//
// # Guarantees
//
//  1. [Build] is a pure function: the same history and people give the same
//     bytes, so an endpoint's prompt cache stays warm.
//  2. Each message appears once. What the turn is about comes last, whatever its ts;
//     everything else is in Slack's order, but for messages that waited for an earlier
//     answer: they stay behind it, where their own turn found them.
//  3. A person's words never carry a role other than user, and name their
//     speaker. Mentions become names with their ids kept.
//  4. Messages are recognised as ours by identity, never by their words.
//  5. What the transcript says itself stands between ⟦ and ⟧. Nobody's message, name,
//     file or summary holds these two signs, so none of them can pass for it.
//  6. [Build] fits what it was given room for, by the estimate of [Tokens] and what its
//     caller learnt of the model, or tells how many messages it left out, or refuses.
//  7. A summary stands for exactly the messages up to its boundary; [Next] never cuts
//     through messages of one place. The files of what it covers are always listed.
//
// The package imports the standard library, chat and turn.
package transcript
