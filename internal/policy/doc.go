// Package policy decides whether a message is answered: is it for the
// assistant, and may this person have an answer in this place?
//
// Each question is asked when its facts are known. [Heard.For] sees the bytes
// of a message alone, as Slack's acknowledgement waits for it. [Follows] sees what a
// store knows of its thread, when the message is committed. [Rules.Admit] sees the
// author's profile, when the turn begins.
//
// # Guarantees
//
//  1. The functions are pure: the same facts give the same decision, and none
//     calls out, blocks or fails.
//  2. A direct message, and a message that mentions the assistant, is for it,
//     wherever it stands. What is not is overheard, and nothing is said about it.
//  3. A bot never starts a turn, nor do we, nor Slackbot, nor anything without
//     an author: two bots that mention each other stop at once.
//  4. Without a mention the assistant follows only where it already answers, as
//     the operator allows it, and not while people talk to each other.
//  5. A list that denies wins over one that allows. A person whom a list names is
//     no stranger and no guest: the operator knows them.
//  6. Each refusal has a stable reason and words that say what to do next.
package policy
