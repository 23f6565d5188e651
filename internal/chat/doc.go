// Package chat holds the nouns of a conversation in Slack: messages, people,
// conversations, and the order of Slack timestamps.
//
// # Guarantees
//
//  1. A [TS] stays the string that Slack sent. It is compared by number, never
//     turned into a float.
//  2. [Conversation.Key] and [ParseConversation] are inverse to each other for
//     every conversation whose parts hold no slash.
//  3. The package imports the standard library alone and keeps no state.
//
// Any package may import chat.
package chat
