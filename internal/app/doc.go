// Package app builds everything from the configuration, starts it and stops it.
// It alone sees all other packages, and joins ports to what implements them.
//
// # Guarantees
//
//  1. What is wrong with the set-up (a refused token, a database that cannot be
//     opened) ends the start with a *SetupError: one line that says what to do.
//  2. Things stop in the reverse order of their start: no more is taken in, what
//     was taken in is stored and acknowledged, running turns finish or yield,
//     leases are released, the database is closed last.
//  3. serve and sandbox run the same assistant; only what it talks to differs. The
//     sandbox runs it as a process of its own, which can be killed.
//  4. The account of a sandbox counts a message in Slack when it is written, and
//     takes it out of flight by its outcome in the store alone.
package app
