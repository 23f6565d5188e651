// Package sqlite keeps the whole store in one SQLite file: inbox, lanes, turns,
// outbox and transcript.
//
// Writes go to one goroutine, which runs up to 256 waiting requests in one
// transaction, each under a savepoint of its own, and answers them after the
// commit: the disk is waited for once for all of them. Reads have four
// connections of their own and wait for no write. A third kind of connection
// copies the write-ahead log into the database beside the writer.
//
// # Guarantees
//
//  1. A call that returns without an error is stored, durable over power loss
//     (WAL, synchronous=FULL). After kill -9 nothing of it is missing.
//  2. A call that returns an error stored nothing, and failed alone, unless the
//     commit itself failed: then every call of that transaction has the error.
//  3. A call whose context ends before its turn with the writer is never run. One
//     that has begun is waited for, so that its answer is true.
//  4. One process has the file. Another gets [ErrInUse], which names the file and
//     the process. So at [Open] every earlier replica is dead, its lanes are free
//     at once, and its fences are refused.
//  5. The database itself refuses a second outcome of a message and a second
//     unfinished turn of a lane.
//  6. A lane counts as pending exactly its messages without an outcome; [DB.Check]
//     verifies that and the store's other rules.
//  7. A full disk is [ErrFull], a file that cannot be written [ErrReadOnly]. Reads
//     go on, and writes do when the cause is gone, without a restart.
//  8. Another program's lock on the file is waited for, a minute at most.
//  9. Migrations run in order, each in a transaction; a database that holds
//     anything is copied beside the file first. Open refuses a database that is
//     newer than the binary, that was migrated by other texts, or that belongs to
//     another program, and says which.
//  10. [DB.Close] lets what was begun or queued end. Later calls return [ErrClosed].
//  11. Folder and files are made for their owner alone (0700, 0600).
//  12. No statement of everyday work reads a whole table.
//  13. [Books] are read from another process while the database is served, killed
//     or down, and change nothing.
//
// Not guaranteed: anything on a network file system, whose locks do not hold;
// Open refuses those that it knows (Linux). Nothing is ever deleted yet: the
// file grows with what is received.
//
// app imports it to open the store; nothing else does.
package sqlite
