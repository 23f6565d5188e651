// Package openai asks a model that speaks OpenAI's Responses API, at OpenAI or
// at any endpoint that answers like it. It implements [turn.Model].
//
// Request bodies are built with the types of the official Go SDK. Everything
// that comes back is read by this package, because an answer must never look
// complete when it is not: the SDK takes a clean end of the connection for
// success, and sets no deadline between events.
//
// # Guarantees
//
//  1. A response is complete only if the endpoint said so in a terminal event
//     (or, where it ignored that a stream was asked for, in the JSON body).
//     Every other end is an error or a Final with its reason.
//  2. Each call ends: by the terminal event, by an error of the endpoint, or by
//     the first of four deadlines (connect, first event, idle, total), whose
//     failure names which one it was. An expired deadline closes the
//     connection. The time that the caller spends on an event counts for the
//     total alone.
//  3. Breaking out of the loop, or cancelling the context, closes the
//     connection before the loop is left; the error of a cancelled context is
//     its cause, unchanged.
//  4. No goroutine of this package runs during a response. A stream that waits
//     holds a 4 KiB buffer; the request body is let go when the answer begins.
//  5. Errors are *turn.Failure with a code of the table in failure.go, a
//     sentence for the person that holds nothing of the endpoint's own words,
//     and a cause for the log.
//  6. The key is sent to the host of the base URL alone: redirects are not
//     followed. It appears in no error and no log line, even if the endpoint
//     repeats it.
//  7. Sequence numbers of the yielded events never fall, within one call and
//     from the cursor on; what was delivered twice is yielded once.
//  8. A request field that the endpoint refuses by name, and without which the
//     request still makes sense, is left out and the request is sent again, in
//     the same call; later calls for that model leave it out at once. Input,
//     instructions and the wish not to be stored are never left out.
//  9. When ten calls in a row found the endpoint down (refused connections and
//     server errors; not hangs), further ones fail at once, but for one at a time
//     that looks, after 2 s first and after a minute at most. Any answer ends it.
//
// # Not guaranteed
//
// That a request runs once: the endpoint may have begun an answer before the
// connection was lost. That the deltas put together equal the final text: after
// a gap, or two items that were written at the same time, only Final.Text is
// right. A resumed stream does not know what came before its cursor: its first
// delta may begin with a blank line that was not needed (or lack one), the rest
// of a cut comment of the model on its own work counts as text until the end, and
// Final.Text is empty if the endpoint does not repeat the text in its terminal
// event.
//
// # Privacy
//
// Request.Store=false asks the endpoint to keep nothing after the answer, and it
// is always said, because the API's own default is to keep every response for at
// least 30 days. Request.Background makes the endpoint run the response by
// itself, so that it can be resumed; that needs storage at the endpoint (OpenAI:
// about 10 minutes at the least, with store=true as long as any stored response)
// and is not compatible with zero data retention. Background therefore implies
// store=true. Where the endpoint has no background mode, Background is left out,
// and Store is sent as it was asked.
//
// The package imports the standard library, the SDK's parameter types, and turn.
// Only app (and tests) may import it.
package openai
