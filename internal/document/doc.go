// Package document reads what people upload: bytes of any kind become pages,
// slides, sheets or sections of text, and a state with one line that says what
// became of the file. Whoever made a file is a stranger, and what it says is data.
//
// # Guarantees
//
//  1. What a file is, its content says, never its name. A name that says otherwise
//     is told in the document's line.
//  2. Every file ends in one State with a line for people; a file is no error. Read's
//     errors are the caller's context, a reader that is closed, and a source that
//     cannot be read.
//  3. One file costs at most Options.Time and what limits.go says: of bytes, of
//     inflated bytes counted as they come (never by a header), of tokens, of depth,
//     of text. What is over is cut and said to be, or refused. No parser recurses
//     deeper than a constant; a panic is a damaged file.
//  4. At most Options.Workers files are read or drawn at one time; others wait for
//     their turn or their context. Text that is at hand costs no turn: search,
//     outline and slices are plain functions of a Document.
//  5. PDF is read inside a WebAssembly sandbox: no file system, no network, 256 MiB of
//     memory, and a deadline that stops it in the middle of a page. Each reading has a
//     sandbox of its own, which nothing outlives. Nothing of it is loaded before the
//     first PDF.
//  6. Nothing is fetched, run, or written: no entity, link, macro, template, or
//     remote picture; archives are listed, not unpacked. (A cache of compiled code is
//     kept under Options.Cache, readable by the owner alone.)
//  7. Text is valid UTF-8 without control characters other than newline and tab, and
//     is otherwise what the file says; source code is not rewritten.
//  8. What is hidden in a file (sheets, slides, notes, comments) is in the text under a
//     label that says so. What was deleted under tracked changes is not.
//  9. A slice ends between lines, and its Next is where to go on: slices one after the
//     other give all of the text, and nothing twice.
//
// Not guaranteed: the order of right-to-left text within a line of a PDF; words that
// stand at an angle; text that is only in a picture (Unit.Eyes says which pages). Old
// Word, Excel and PowerPoint files (.doc, .xls, .ppt) are told apart, and not read.
//
// The pure-Go parsers run in our process. Their limits are the protection: a stack
// that overflows or memory that runs out cannot be recovered in Go.
//
// docs/documents.md has the figures: how much of each format is read, in which order,
// in which time.
package document
