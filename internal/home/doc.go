// Package home makes people feel at home around the answers: an invitation to the
// settings, names of conversations, suggested prompts, and the Home tab.
//
// # Guarantees
//
//  1. Nothing of it stands before an answer, and whatever fails of it loses only itself:
//     each piece has a deadline of its own, and none is tried in a loop.
//  2. A person is invited at most once, over restarts, crashes and replicas; an invitation
//     whose end is not known is looked for before it is made again ([Inviter]).
//  3. A title that a person gave is never overwritten; one of ours is given once ([Titles]).
//  4. A person's page tells of their own conversations alone, and of each no more than
//     what they wrote themselves and its title, of a channel's not even that ([Welcome]).
//  5. However many people come at once, so many are received at a time; the others wait,
//     or find what they found last time.
package home
