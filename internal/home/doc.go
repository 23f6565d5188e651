// Package home makes people feel at home around the answers: names of conversations,
// suggested prompts, one invitation to the settings, and the Home tab.
//
// # Guarantees
//
//  1. Nothing of it stands before an answer, and whatever fails of it loses only itself.
//  2. A title that a person gave is never overwritten.
package home
