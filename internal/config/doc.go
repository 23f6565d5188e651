// Package config is what an operator sets: read from the environment and an
// .env file, checked as a whole at the start, printed without its secrets.
//
// # Guarantees
//
//  1. [Load] reports every mistake at once, each as one line that names the
//     variable, what is wrong with it, and what to do.
//  2. The environment wins over the .env file. A file that is not there is no
//     mistake; one that cannot be read is.
//  3. A [Secret] does not print itself, in no format and no encoding.
//  4. Deadlines are checked against each other: an outer one is longer than the
//     ones within it.
package config
