// Package render turns the Markdown that a model writes into what Slack shows:
// Block Kit blocks, a mrkdwn fallback text, and safe Markdown for streams.
//
// The source goes one way. It is washed (control characters, leaked citation markers and
// characters that hide in text go), scanned line by line to find where one Slack message
// must end and what has to read otherwise in Slack (formulas, HTML, footnotes, pings),
// and then every part is parsed once into a tree from which blocks and text are made. A Part has no exported content and is not Markdown, so nothing can be
// converted twice.
//
// # Guarantees
//
//  1. Fit. Every full or last Part is within the given Limits and within Slack's own:
//     Text is at most 3,900 UTF-16 units, Stream at most Limits.Chars, Blocks at
//     most Limits.Blocks, tables within rows, columns and characters, a header at
//     most 150. What does not fit a block is shown in a plainer one, never dropped.
//  2. Nothing lost. The source ranges of the parts of one answer (Part.Range) join
//     to the whole answer; a part adds only what makes it stand alone: a reopened
//     fence, a repeated table header, an opened list item, a closing fence.
//  3. Stable cuts. Once Next says that a part is full, it says so, with the same cut,
//     for every longer source. What a live part shows is never moved to the next one.
//  4. Append-only. While a part grows, its Stream only gets longer: for two sources of
//     which one begins with the other, so do the Streams of the same part.
//  5. No ping that was not meant. Channel-wide and group mentions are shown as text
//     that notifies nobody, in every output; a user mention lives only if its id is in
//     Limits.Mentions. Images become links, so that nothing is fetched unasked. No
//     character turns the direction of what is read, or hides in it.
//  6. Whole things. A cut does not go through a grapheme cluster (up to 128 bytes), a link
//     (address up to 2,048 bytes), a code span, an entity, or a table row that fits a part.
//  7. Linear time. Next reads from its cursor on, never what earlier parts took, and no
//     further than one part; the source of one part bounds everything superlinear.
//  8. Money is not maths. What stands between dollar signs is read as a formula only if it
//     looks like one; formulas, HTML and markers in code stay as they are.
//  9. No input makes it panic, and every input that shows something makes something.
//
// # Not guaranteed
//
// Link reference definitions ("[1]: https://…") work inside one part only, and are
// shown as text. Slack renders Stream by rules of its own: a table with too many columns
// stays a table there, and bold text between letters without spaces is up to Slack. A quote
// inside a quote has a bar before its lines. A second table whose rows do not begin with a pipe is not moved to
// the next part but shown as a list. A list that numbers every item "1." and has more than
// nine items may lose the nesting of what follows a cut.
//
// Anybody in slack/ and the product packages may import it; it imports slack/render/tex
// and no other package of this module.
package render
