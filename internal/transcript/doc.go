// Package transcript is what the model sees of a conversation: who said what,
// when by their own clock, in an order that keeps the prompt's beginning the
// same from turn to turn.
//
// # Guarantees
//
//  1. [Build] is a pure function: the same history and people give the same
//     bytes, so an endpoint's prompt cache stays warm.
//  2. Each message appears once. What the turn is about comes last, whatever
//     its ts; everything else is in Slack's order.
//  3. A person's words never carry a role other than user, and name their
//     speaker. Mentions become names with their ids kept.
//  4. Messages are recognised as ours by identity, never by their words.
//
// The package imports the standard library, chat and turn.
package transcript
