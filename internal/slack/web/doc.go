// Package web calls the methods of Slack's Web API that the assistant needs,
// and decides when each call may go out.
//
// # Guarantees
//
//  1. A call waits for its slot before it is sent. Slots of a method, and for
//     posts those of a channel, follow Slack's documented rates, a little
//     under them. Among waiting calls the highest [Priority] goes first, then
//     the oldest; a busy channel delays nobody else's.
//
//  2. Ticks and backfills leave a fifth of every rate alone, so a final call
//     finds a slot however many ticks there are.
//
//  3. A 429 is obeyed: nothing of that method is sent before Slack's
//     Retry-After is over, by any replica with the same [Ledger]. The call that met it is tried again by itself, as
//     Slack did not apply it, unless it was admitted beforehand.
//
//  4. Nothing else is ever retried, but pages of a walk if [Send.Again] says so. Every failure is an [*Error] whose [Class]
//     tells whether Slack can have applied the call.
//
//  5. Every try ends: it has a deadline of its own, 10 s if none is given. So
//     does the waiting, 60 s if none is given.
//
//  6. The token goes to the host of Options.APIURL alone, in a header; no
//     redirect is followed. It is in no error and no log line.
//
//  7. Memory is bounded: answers are read up to 8 MiB, and a channel that is
//     idle leaves nothing behind.
//
//  8. A walk over pages yields every page or ends in an error; an error is
//     never an empty history.
//
//  9. Replicas with the same ledger keep to the rates together, whoever joins,
//     leaves or restarts: a slot is booked there before it is used. While the
//     ledger fails, each goes by what it knew last.
//
// Not guaranteed: that no 429 ever comes, as other users of the token, and
// Slack itself, may count otherwise; that the most urgent call of all replicas
// goes first: each has a line of its own, and the reserve for what is urgent.
//
// Adapters and the app may import web. It imports chat and the standard
// library.
package web
