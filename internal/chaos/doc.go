// Package chaos attacks a fleet of real processes, between both simulators and a
// real database, with a schedule of faults drawn from a seed, and draws up the
// accounts when all is well again.
//
// # Guarantees
//
//  1. The schedule, that is messages, faults, their order, times and arguments, is a
//     function of the options. What meets what is not: that is the timing of the
//     machine, so the same seed tries the same thing again, and need not repeat it.
//  2. The model's answer lists, and hashes, all that it was sent, earlier answers
//     among it. The accounts compute each list anew from what people wrote and what
//     Slack shows, so a message or an answer that is lost, doubled, stale or out of
//     its place anywhere in a conversation is found.
//  3. Each message has exactly one outcome in the store, and each outcome that is not
//     an answer has a fault, or a person, that explains it, and words in Slack that say
//     so. What Slack shows is what the turns made: no message more, no letter less.
//  4. At the end nothing is left: no lane owned, no write unsettled, no sign of work,
//     no open stream, no file open that was not open at the start. Processes that were
//     asked to end did so with code 0.
//  5. After Run no process, server, mount or folder of a clean run is left. The
//     evidence of others stays, with the schedule.
//
// Not guaranteed: the clock of the processes is never moved (a process of its own
// cannot have one without help from its code); a full disk needs Linux and root, and
// is left out elsewhere; power cuts are not tried, kill -9 keeps what the system has
// in its buffers.
//
// app may import it; it imports slacksim, modelsim, process and pgserver, and reads
// the stores' tables.
package chaos
