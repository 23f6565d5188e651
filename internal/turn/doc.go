// Package turn is one run of the assistant for one or more messages of a
// lane: its states, its journal, and the way from messages to one outcome.
//
// # Guarantees
//
//  1. A turn moves only along the arrows of [State.To]; every other move is
//     refused. docs/state-machine.md draws them.
//  2. [Runner.Run] ends each turn that it began in exactly one of three ways:
//     a terminal outcome for every message of the turn, stored before Run
//     returns; a yield (the process is stopping), which costs no attempt; or an
//     error, with the turn left as it was for whoever has the lane next.
//  3. Text counts as complete only after the model said so. Whatever else
//     happens, the text that came is kept and the reason stands under it.
//  4. What a person can see of an answer was journalled first, so a resumed
//     turn never knows less than Slack shows.
//  5. One retry budget serves a turn, of calls and of time, over all its attempts.
//  6. A turn whose attempts are used up fails visibly and does not run again.
//  7. A person's stop ends the call to the model at once, wherever the turn is;
//     nothing that the person could not read yet is shown after it. A turn that
//     was stopped before it was begun asks nothing at all. It cuts off even the
//     writing of the final answer: what has not begun to be written is not.
//  8. What people do to the turn's messages, and what they write meanwhile, reaches
//     the turn by [Runner.Hear], and changes what is asked only while nothing of
//     the answer was shown ([Steer], [Interrupt] and edits); of a turn whose
//     messages were all deleted nothing stays. A call that is given up for that is
//     no retry.
//  9. A message that the [Gate] refuses is asked of no model and shows no sign of
//     life, whether the turn begins with it or takes it up; others of the same turn
//     are answered.
//
// Not guaranteed: that the model is asked only once. A turn that is resumed
// without a resumable response asks again and replaces the partial text.
//
// The package imports the standard library, chat and policy alone. Stores, models and
// surfaces implement the ports that it declares.
package turn
