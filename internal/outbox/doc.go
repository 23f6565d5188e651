// Package outbox makes every visible write to Slack a row first.
//
// # Guarantees
//
//  1. A write has a key of its own (turn, part, operation). A key that was
//     confirmed is never sent again.
//  2. The row is committed, under the lane's fencing token, before the call. A
//     late owner's write is refused there.
//  3. A call whose response was lost leaves the row unknown. It is looked up in
//     Slack before it is tried again; so is a row that a crashed owner left as
//     sent.
//  4. A refusal by Slack is stored as failed, with Slack's code.
//
// Not guaranteed: that a lookup sees a message that Slack has stored but does
// not list yet; the lookup is repeated for a short while for that reason.
package outbox
