// Package config is what an operator sets: read from the environment and an
// .env file, checked as a whole at the start, printed without its secrets.
//
// # Guarantees
//
//  1. [Load] reports every value that it cannot read, [Config.Check] everything
//     else that is wrong, all of it at once: one line each, that names the
//     variable, what is wrong with it, and what to do.
//  2. The environment wins over the .env file, with an empty value too. A file
//     that is not there is no mistake; one that cannot be read is, and the error
//     shows nothing of it.
//  3. A [Secret] does not print itself, whatever the verb or the encoding.
//  4. Deadlines are checked against each other: an outer one is longer than the
//     ones within it.
//
// Not guaranteed: that a Secret hides as a key of a map (encoding/json writes
// keys of type string bare), or under the verbs %p and %w, which vet refuses.
package config
