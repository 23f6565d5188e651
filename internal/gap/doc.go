// Package gap fetches what Slack could not deliver: after any time without a
// connection it reads the histories of the conversations that matter, and puts
// what it finds through the inbox like everything else.
//
// Slack keeps an event for some minutes at most when nobody is connected. While
// a replica has a connection, it notes the time every two seconds; whenever one
// opens after there was none, everything since the last note is read.
//
// # Guarantees
//
//  1. The note moves on only while a connection is open and no gap is, so a gap
//     that was not read to its end, because Slack refused, the process died or
//     the connection was lost again, is read again from its beginning.
//  2. All of a gap is read, page by page: direct channels, groups and channels that
//     we are in, those joined meanwhile too; the threads in which we took part
//     within Options.Memory; in channels the threads whose root is not older than
//     Options.Reach, in direct ones than Memory, and that were written in since.
//  3. What came in both ways is one message: the inbox deduplicates by its key.
//  4. A conversation that Slack does not show (a missing scope, a closed channel)
//     is skipped with a line in the log, and the others are read.
//  5. On its very first run there is no gap: nobody had asked us anything.
//  6. Reading is at the lowest priority of the rate scheduler, and waits as long
//     as Slack wants: no answer waits for it, and no 429 ends it.
//  7. Of several replicas one reads, and only if none had a connection meanwhile.
//     If it dies, another goes on within Options.Lease.
//
// Not guaranteed: edits and deletions that were missed (a deleted message is not
// in the history and is not answered; an edit of one that we knew stays
// unknown), clicks, commands, reactions: Slack lists none of them. A first
// mention of us in a channel's thread whose root is older than Reach. Where Slack
// allows one call a minute, an answer that needs a thread read may wait for the
// minute that the reading has just used.
//
// It imports chat; app joins it to Slack, store and inbox.
package gap
