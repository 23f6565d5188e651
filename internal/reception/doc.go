// Package reception does what people ask for other than by writing: clicks, shortcuts,
// slash commands, modals and the opening of the Home tab.
//
// # Guarantees
//
//  1. An act is stored before Slack hears of it, and is done until its end over crashes:
//     it stays open until then, and whoever starts or lives takes up what nobody is at.
//     What it changes, it changes once, also if it is begun twice.
//  2. Nobody waits for an act, and an act waits for no lane: each runs in a goroutine of
//     its own, at most [Options].Limit at once; those beyond wait in the store.
//  3. A modal is asked for at once, beside the storing of the act: what brings it lives
//     for 3 seconds, whatever the database does. What it shows comes after. If that
//     cannot be had, the modal says so, and what to do.
//  4. An act whose 3 seconds are over when it is begun is closed, with a line to the
//     person where their place is known.
//  5. What an acknowledgement carries is a function of the act alone ([Door.Answer]), and
//     what is done after it is in accord with it.
//  6. Whoever is refused answers is refused settings, with the same kind line.
//  7. A person changes their own settings; a channel's and a thread's can be changed by
//     its members. What they change for a channel is said there, and for a thread that
//     somebody else began, in the thread, once.
//  8. Unknown ids are logged and harm nothing.
//
// It is Slack's: it reads acts by slack/event and shows modals by slack/modal. What it
// calls of Slack, and the database, are its ports.
package reception
