// Package builtin holds the tools that ship with the assistant: for each a Go file,
// and a prose file that tells the model when to use it.
//
// # Guarantees
//
//  1. A tool reads only what the person who asked could read: files that were shared in
//     the conversation itself, and pages of the public web.
//  2. What it read comes back under a line that says whose words they are; it is data.
//  3. A file or a page that cannot be read is said so in the words that people get, with
//     the reason: the model never has to guess.
//  4. Nothing is loaded, fetched or parsed before a tool is called. Files are parsed a
//     few at a time, whoever asks; the conversations beside go on.
//  5. What was fetched is kept in memory for a while, within a fixed size, and nowhere
//     else.
package builtin
