// Package pgserver runs a private PostgreSQL server from the machine's own
// installation, in a folder that it is given, for tests and for chaos runs.
//
// # Guarantees
//
//  1. The server listens on a Unix socket in its folder and on no network.
//  2. It is durable as a default installation is: fsync and synchronous_commit on.
//  3. Run by root, the server itself runs as the user postgres, as it must.
//  4. Stop ends every process of the server; Kill ends it as a power cut would.
//  5. Start says what to install if the machine has no PostgreSQL.
//
// Not guaranteed: anything on Windows.
//
// Tests and chaos import it; nothing of the product does.
package pgserver
