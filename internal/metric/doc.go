// Package metric counts and times what the engine does. It stands at the ports:
// it wraps what implements them, so that neither the core nor the engine knows
// that it is watched.
//
// # Guarantees
//
//  1. A wrapped port does what it did: same results, same errors, no further
//     waiting.
//  2. No label says who wrote, where, or what: labels are names of methods,
//     kinds and codes, and a metric has at most 60 of the ones that others choose.
//  3. What the package remembers of a turn is dropped when the turn's lane ends.
//  4. docs/metrics.md lists each metric, and a test holds that it does.
//
// [Read] gives a page's figures to Go, in this process or another one.
//
// Times of people's waits begin with Slack's own timestamp of the newest message
// of a turn, so they include Slack's delivery and a difference of clocks.
package metric
