// Package storetest is the suite that every store passes: what the ports of
// inbox, lane, turn, outbox, assistant and settings promise, as tests.
//
// # Guarantees
//
//  1. [Run] uses nothing but [Store]; it knows no SQL and no engine.
//  2. Each test opens a store of its own, which must be empty, and ends with
//     [Store.Check].
//  3. A store that passes behaves as the model in model.go for random sequences
//     of calls, edits and deletions before their messages among them.
//  4. No test depends on a clock of its own: waits poll a condition, with a
//     deadline of 10 s.
//
// Not tested here, because it needs a process or a disk to fail: durability,
// crash, full disk. Each store has tests of its own for that.
//
// Tests of stores import it, and nothing else does.
package storetest
