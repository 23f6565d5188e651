// Package socket keeps Socket Mode connections to Slack and hands over what
// they bring, each envelope acknowledged only after its receiver stored it.
//
// # Guarantees
//
//  1. An envelope is acknowledged after [Receiver.Receive] returned nil for it,
//     never before, on the connection that brought it. After an error it is
//     not acknowledged, so that Slack delivers it again.
//  2. Whatever has an envelope id is received and acknowledged: of a type that
//     is not known, without a payload, with fields of odd types. A frame that
//     is not JSON, or is larger than 8 MiB, is logged and skipped; the
//     connection lives on.
//  3. There is more than one connection (Options.Connections), and none is
//     left for a new one before the new one has had its hello: on Slack's
//     warning, and before a connection gets as old as Slack lets it. No two
//     are renewed by age at once. The old one serves on until Slack closes it
//     or Timing.Drain is over.
//  4. A connection on which nothing comes from Slack, not even a ping, for
//     Timing.Silence, or which does not answer our own ping, is dead and is
//     replaced.
//  5. A lost connection is replaced at once, then with a growing pause, at most
//     Timing.MaxPause. A connection that does not live long does not count as
//     a success, so nothing makes it spin.
//  6. The reader never waits for the receiver, so pings are answered and
//     warnings seen however slow the store is. Options.Concurrency calls run
//     at once on a connection; behind them a bounded number waits; what comes
//     beyond that is dropped without acknowledgement.
//  7. [Client.Run] ends with nil when its context ends: it takes in nothing
//     new, waits for what is being stored, acknowledges it, and closes. It
//     ends with a [*FatalError] when Slack says that no try can succeed. No
//     goroutine outlives it, provided that receivers end with their context.
//  8. The address of a connection, which is a secret, is in no error and no
//     log line.
//
// Not guaranteed: order, and that an envelope comes once. Slack repeats what
// it saw no acknowledgement for, and spreads envelopes over the connections.
// Slack does not repeat interactions and commands: when one of them is not
// acknowledged, the person sees Slack's error.
//
// The app may import socket. It imports no other package of the project.
package socket
