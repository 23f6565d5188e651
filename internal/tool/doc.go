// Package tool is the contract of what the model may call, and the running of its
// calls within limits.
//
// # Guarantees
//
//  1. Every call gets exactly one outcome, in the order of the calls: also one of a
//     tool that does not exist, with arguments that do not fit, that panics, that
//     takes too long, or that a limit forbids. The endpoint refuses a request in
//     which a call has none.
//  2. Limits hold before a call, not after: of calls in one turn, of time for one
//     call, of what is kept of a result. The model is told which one was reached.
//  3. A call that has an outcome already is not run again. Of one that was begun and
//     has none, an earlier run's work may stand: it is run with the same Key, by which
//     a tool with effects finds what was done.
//  4. Nothing is run before the journal has it, and no outcome is returned before the
//     journal has that.
//  5. Tools without effects run side by side; those with effects one at a time, in the
//     order of the calls. The same call of such a tool, made twice in one round, is run
//     once.
//  6. When ctx ends, the running calls end, and no outcome is invented for them.
//
// What a result says is data: it is never put where instructions stand.
package tool
