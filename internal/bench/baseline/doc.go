// Package baseline is a plain Slack bot of the shape that many have, to measure
// against: a few workers, each of which blocks until the model has said all; a
// lock for each thread; a refusal for who writes while it is taken.
//
// # Guarantees
//
//  1. It speaks the real protocols (Socket Mode, the Web API, the Responses API)
//     and needs nothing else of who runs it than their addresses and tokens.
//  2. At most Options.Workers messages are worked on at once. The others wait in
//     memory, in the order in which they came.
//  3. Nothing beyond that shape holds it back: an envelope is acknowledged as it
//     is read, no call is made that an answer does not need, connections are kept
//     and reused, a 429 is waited out and tried again, a lost socket is replaced.
//  4. A message ends as its whole answer, as a failure that is said, or as
//     [Refusal]. A refused message is forgotten: the person has to write again.
//
// Not guaranteed, as it is the shape: that anything outlives the process; that a
// thread is served while all workers block; that an answer is shown before it is
// whole; that the order in a thread is kept, with Options.Wait.
//
// app may import it. It imports no other package of the project.
package baseline
