// Package process starts a program that is not ours, ends it with all that it
// started, and tells what it used.
//
// # Guarantees
//
//  1. A program runs in a process group of its own: a Ctrl-C in our terminal does
//     not reach it, and Stop reaches whatever it started (on Windows: itself alone).
//  2. Stop asks (SIGTERM), waits for the grace, then kills. It signals no process
//     that is not in the group, and may be called twice.
//  3. Done is closed once the program has ended, however it ended, and Err then
//     says how.
//  4. On Linux a program is killed when we end, however we end.
//  5. A Keeper has one program running at most. One that ends by itself is started
//     again, after a pause that doubles while it does not live for ten seconds;
//     one that was killed or stopped comes back when it was said to, or never.
//
// Not guaranteed: Usage and Self on systems without /proc (they say so); what a
// program does that leaves its group, or on Linux what its children do when we
// are killed.
//
// app and bench may import it; it imports the standard library only.
package process
