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
//
// Not guaranteed: that every Block Kit element can be used. Buttons that need the
// interaction API, modals and file uploads are drawn but do nothing yet.
//
// slacksim may import it, and nobody else.
package ui
