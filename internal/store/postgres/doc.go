// Package postgres keeps the whole store in a PostgreSQL database that several
// replicas share: inbox, lanes, turns, outbox and transcript.
//
// The database decides everything that replicas must agree on: the order of a
// lane (its row's lock), who owns it (a lease for each replica, a growing epoch
// for each lane) and what time it is (its own clock). NOTIFY only makes things
// quicker; what it misses, the dispatcher's poll finds.
//
// # Guarantees
//
//  1. A call that returns without an error is committed. How durable that is, is
//     the server's synchronous_commit, which is on by default.
//  2. A call that returns an error stored nothing, but for a connection lost in
//     an [DB.Append]'s answer: then the entry may be there, and appending it again
//     is harmless.
//  3. Calls of a turn and its outbox wait while the database is away, until their
//     context ends. If the connection broke at the commit, the database is asked
//     whether the transaction was committed, so that nothing is done twice or lost.
//  4. A call of a late owner is refused (turn.ErrFenced) and changes nothing: the
//     fence is checked under the lane's row lock, in the same transaction.
//  5. The database itself refuses a second outcome of a message and a second
//     unfinished turn of a lane.
//  6. A lane counts as pending exactly its messages without an outcome; [DB.Check]
//     verifies that and the store's other rules.
//  7. No work is lost between an append and the end of a turn: both change the
//     lane's row, so one sees the other.
//  8. Deadlocks and serialization failures are tried again, not returned.
//  9. Migrations run in order, each in a transaction, one process at a time. Open
//     refuses a database that is newer than the binary or that was migrated by
//     other texts, and says which. A start with nothing to migrate changes no
//     schema.
//  10. Text that the database cannot hold (NUL, broken UTF-8) is stored with a
//     replacement character in its place; payloads are kept byte for byte.
//  11. [DB.Close] waits for calls under way. Later calls return [ErrClosed].
//
// Not guaranteed: anything after a failover to a standby that lacks commits.
// A connection pooler in transaction mode loses NOTIFY, which costs up to a
// second of waiting and nothing else. Nothing is ever deleted yet.
//
// app imports it to open the store; nothing else does.
package postgres
