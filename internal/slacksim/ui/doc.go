// Package ui is the page of the simulated workspace: the chat that a person opens
// in a browser to talk with the assistant. It is plain ES modules with one vendored
// file (htm and preact), needs no build step and makes no request to any other host.
//
// The page speaks the control API of slacksim: it reads /sim/state once, follows
// /sim/events, and posts what a person does. `?as=U…` in the address says which
// person the window belongs to, so two windows can be two people.
//
// # Guarantees
//
//  1. Page holds every file that the page loads; nothing comes from elsewhere.
//  2. The page works under Policy, and says so itself in a meta tag: no inline
//     script, no inline style attribute, no eval.
//  3. Text from messages, names, blocks and the inspector's JSON is drawn as text.
//     Only http, https and mailto addresses become links.
//  4. A lost connection or a `reset` event ends in the same picture as a reload.
//  5. Files that were chosen, dropped or pasted stay with their draft until they are
//     shared, also when sending fails; a reload of the page forgets them.
//  6. A click is sent once while it is on its way, and a choice made meanwhile follows
//     it. What the app did not acknowledge is told beside the element, above the modal's
//     fields or in a banner.
//  7. What was typed or chosen stays while block_id and action_id do, through updates of
//     a message or view and while another modal lies above.
//  8. A block that the page does not know, or cannot draw, is named in its place; the
//     others around it are drawn.
//
// Not guaranteed: that what the browser itself remembers (drafts, what was read, pins
// and the archive of conversations) is the same in another browser. Elements in the
// blocks of attachments rest, as do workflow buttons; pictures from other hosts are links.
//
// slacksim may import it, and nobody else.
package ui
