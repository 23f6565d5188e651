// Package surface shows one turn's answer in Slack, on the best rung of a
// ladder that Slack has room for: native stream, post and edit, single post.
//
// # Guarantees
//
//  1. One goroutine writes a surface; the latest text wins. What is shown was
//     journalled before.
//  2. Every visible write goes through the outbox, under the lane's fence.
//  3. A surface that an earlier attempt began is found and used again: the same
//     Slack messages, in the same order. Nothing is posted beside them.
//  4. A stream is left before Slack ends it (240 s, 9,000 characters): it is
//     stopped and goes on in the next message. A stream that breaks, or whose
//     last append may or may not have arrived, is stopped and its message
//     edited from then on.
//  5. [Surface.Finish] returns without an error only when Slack has confirmed
//     all of the final text. It does not depend on any earlier write.
//  6. Within a second the person sees a sign, and at least every 15 s one that
//     changed, as far as Slack's limits let us. A sign that fails is dropped;
//     it never holds up the answer.
//  7. A sign that could not be cleared when its turn ended is cleared later, by
//     one replica ([Surfaces.Sweep]), within seconds of Slack's taking calls again.
//  8. What a tool does stands on a card of the stream, from before the first word. No
//     card outlives its turn as running. Cards go when the message is edited; the footer
//     says for good what was used.
//  9. An answer that is to be a file is its beginning and one file, also over crashes; or,
//     where Slack takes no file, all of its parts.
//
// Not guaranteed: that an ephemeral notice was seen: nobody can look, so one whose
// response was lost is not repeated. That a stream could be had. Slack gives 20 a minute to a
// workspace; the others post and edit.
package surface
